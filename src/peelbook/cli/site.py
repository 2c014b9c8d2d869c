"""Commands of the site: print a force to PDF, freeze an edition.

Each reads its options, calls one function of the site and says where the result is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(no_args_is_help=True)


@app.command("pdf")
def pdf_command(
    force: Annotated[
        list[str],
        typer.Option("--force", "-f", help="A force by slug, name, code or alias. Repeatable."),
    ],
    section: Annotated[
        str,
        typer.Option(
            "--section",
            "-s",
            help="Only this section, by stem. Default: all ten in one file.",
            show_default=False,
        ),
    ] = "",
    site: Annotated[
        Path | None,
        typer.Option(
            "--site", help="Folder of the built site. Default: _site of the project.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the files, each named after its force.")
    ] = Path(),
) -> None:
    """Print a force's pages of a built site to one PDF file, or one of its sections; needs Chromium."""
    from peelbook import paths
    from peelbook.catalogue import Catalogue
    from peelbook.sections import section as known
    from peelbook.site.pdf import print_force
    from peelbook.util import output

    out = output.folder(out)
    site = site if site is not None else paths.output_root() / paths.SITE
    forces = Catalogue().forces
    stem = known(section).stem if section else None
    for slug in dict.fromkeys(forces[name].slug for name in force):
        file = output.file(out / f"{slug}{f'-{stem}' if stem else ''}.pdf")
        typer.echo(f"Printed: {print_force(site, slug, file, section=stem)}")


@app.command("edition")
def edition_command(
    year: Annotated[int, typer.Option("--year", help="Year of the edition; this version must be of it.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the archive and its checksum.")] = Path(
        "dist"
    ),
    period: Annotated[
        str | None,
        typer.Option(
            "--period",
            help="Last day of the year the edition is about, as YYYY-MM-DD. Default: the newest year of each figure.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", min=1, help="Worker processes. Default: one a processor.", show_default=False
        ),
    ] = None,
) -> None:
    """Freeze the edition of all forces: site, sources, data, verdicts and lock in one archive with checksums."""
    from peelbook.site import archive
    from peelbook.util import output

    only = None if period in (None, "latest") else period
    path = archive.freeze(year, output.own_folder(out), _build_all(jobs, only), period=only or "")
    typer.echo(f"The edition is frozen: {path}")
    typer.echo(path.with_name(f"{path.name}.sha256").read_text(encoding="utf-8").strip())


def _build_all(jobs: int | None, period: str | None) -> Callable[[], Path]:
    def build() -> Path:
        from peelbook import site
        from peelbook.catalogue import Catalogue
        from peelbook.runner import engine, plan, progress
        from peelbook.runner.workspace import Workspace
        from peelbook.site.archive import EditionError

        workspace = Workspace.default()
        results = engine.run(
            list(plan.read_forces(workspace)),
            engine.resolve_sections(None),
            workspace=workspace,
            period=period,
            options=engine.Options(jobs=jobs),
            progress=progress.Lines(lambda line: typer.echo(line, err=True)),
            purpose="build",
        )
        if failed := [item for item in results if item.error is not None]:
            raise EditionError(
                f"{len(failed)} notebooks failed, and an edition has no holes. First: {failed[0].error} "
                "Fix: mend it, then freeze the edition again."
            )
        folder = workspace.base / "edition"
        site.build(
            results,
            folder,
            catalogue=Catalogue(workspace.data),
            jobs=jobs or 0,
            work_dir=workspace.base / "site",
        )
        return folder

    return build
