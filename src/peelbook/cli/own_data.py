"""Commands of a user's own tables: template and check, under `peelbook data`.

Each reads its options, calls one function of the package and prints what came of it. Exit status: 0 done, 2 bad
usage or bad input.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

BAD_INPUT = 2

_AREAS = 3
"""Areas of which it is said what would change; a folder may be about hundreds."""


def register(app: typer.Typer) -> None:
    """Add `template` and `check` to the app of the data verbs."""
    app.command("template")(template_command)
    app.command("check")(check_command)


def template_command(
    force: Annotated[str, typer.Option("--force", "-f", help="The force whose figures they are: any name.")],
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Folder to write to. Default: own-data-FORCE in this folder.", show_default=False
        ),
    ] = None,
    areas: Annotated[
        bool,
        typer.Option("--areas", help="Also write forces.csv, to which you add areas that are not forces."),
    ] = False,
) -> None:
    """Write a folder of empty tables for a force to fill in, with a README that explains every column."""
    from peelbook.catalogue import Catalogue
    from peelbook.own_data import template
    from peelbook.util import output

    if folder is not None:
        folder = output.own_folder(folder)
    known = Catalogue(None, overlay=folder if folder is not None and folder.is_dir() else None).forces
    found = known[force]
    target = folder if folder is not None else output.own_folder(f"own-data-{found.slug}")
    written = template(found, target, areas=known if areas else None)
    count = sum(path.suffix == ".csv" for path in written)
    typer.echo(f"{target}: {count} empty tables and README.md for {found.full_name}.")
    typer.echo(f"Then: peelbook data check {target}")


def check_command(
    folder: Annotated[Path, typer.Argument(help="Folder of your own tables.")],
    force: Annotated[
        str | None,
        typer.Option(
            "--force", "-f", help="The force they must be of. Default: any one force.", show_default=False
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            help="Folder of the embedded tables. Default: the project's own.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for another program.")] = False,
) -> None:
    """List all that is wrong with a folder of your own tables, and what a build would change; nothing is written."""
    from peelbook.catalogue import Catalogue
    from peelbook.own_data import changes, check

    catalogue = Catalogue(data_dir)
    report = check(folder, catalogue, force=force)
    made = {}
    if report.good:
        made = {code: changes(folder, catalogue, report.rows, code) for code in report.forces[:_AREAS]}
    if as_json:
        body = {
            "folder": str(report.folder),
            "good": report.good,
            "rows": report.rows,
            "empty": list(report.empty),
            "suppress_below": report.suppress_below,
            "warnings": list(report.warnings),
            "changes": {code: [asdict(item) for item in found] for code, found in made.items()},
            "faults": [{"file": name, **asdict(fault)} for name, fault in report.faults],
        }
        typer.echo(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        for name, count in report.rows.items():
            typer.echo(f"{name}.csv: {count:,} row{'' if count == 1 else 's'}")
        if report.suppress_below is not None:
            typer.echo(
                f"Counts below {report.suppress_below} will be suppressed, with others that would reveal them."
            )
        for warning in report.warnings:
            typer.echo(f"Warning: {warning}")
        if report.good and not report.rows:
            typer.echo("No table is filled in yet.")
        elif report.good:
            typer.echo("No fault was found.")
            areas = Catalogue(data_dir, overlay=folder).forces
            for code, found in made.items():
                typer.echo(f"\nWhat a build would change for {areas[code].full_name}:")
                for item in found:
                    typer.echo(str(item))
            if len(report.forces) > _AREAS:
                typer.echo(f"and likewise for {len(report.forces) - _AREAS:,} more areas.")
        else:
            typer.echo(str(report), err=True)
    if not report.good:
        raise typer.Exit(BAD_INPUT)
