"""Commands of the tables: list, ingest, register, fetch, update, revisions, verify, coverage.

Each reads its options, calls one function of the package and prints what came of it. Exit status: 0 done,
1 something is wrong with the data or a download failed, 2 bad usage or bad input.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from peelbook.sources.web import Limits

app = typer.Typer(no_args_is_help=True)

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the tables. Default: the project's own.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for another program.")]


def _folder(data_dir: Path | None) -> Path:
    from peelbook import paths

    return data_dir if data_dir is not None else paths.data_dir()


def _written_folder(data_dir: Path | None) -> Path:
    """The folder of the tables for a command that writes there. Raises `OutputError` for what is not one."""
    from peelbook.util import output

    return output.own_folder(_folder(data_dir), data=True)


def _limits(max_mb: int, timeout: float, retries: int) -> Limits:
    from peelbook.sources import web

    read = min(timeout, web.READ_SECONDS)
    return web.Limits(size=max_mb * 1024**2, total=timeout, read=read, retries=retries)


@app.command("list")
def list_publications(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List every publication that can be read, its tables, and whether they are here."""
    from peelbook.descriptor import resources
    from peelbook.sources import package
    from peelbook.sources.page import is_here
    from peelbook.sources.publication import facts, registry

    here = resources(package.read(_folder(data_dir)))
    rows = []
    for publication in registry().values():
        for table in publication.tables:
            entry = here.get(table)
            rows.append(
                {
                    "publication": publication.name,
                    "table": table,
                    "title": facts()["table"][table]["title"],
                    "publisher": facts()["table"][table]["publisher"],
                    "rows": entry["coverage"]["rows"] if entry else None,
                    "period": entry["period"] if entry else "",
                    "tested": not publication.untested
                    or bool(entry and not entry["untested"] and is_here(publication, table, [entry])),
                }
            )
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        state = f"{row['rows']:,} rows, {row['period']}" if row["rows"] is not None else "not here yet"
        untested = "" if row["tested"] else " [adapter untested on a published file]"
        typer.echo(f"{row['table']:36} {row['title']}: {state}{untested}")


@app.command()
def ingest(
    files: Annotated[list[Path], typer.Argument(help="Official files: ods, xlsx, CSV or Parquet.")],
    released: Annotated[
        str | None,
        typer.Option("--released", help="Day of their release, as YYYY-MM-DD, where it is not on record."),
    ] = None,
    data_dir: DataDir = None,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss", help="Take a file that lacks categories (offence groups, ranks) which are here."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Read official files into the tables. Publications are recognised by content, not by file name.

    Either every table goes in or the folder stays as it was.
    """
    from peelbook.sources.ingest import Origin
    from peelbook.sources.ingest import ingest as run
    from peelbook.sources.update import day

    origin = Origin(day(released)) if released else Origin()
    origins = {str(path): origin for path in files}
    outcomes = run(files, _written_folder(data_dir), origins, accept_loss=accept_loss)
    for what in dict.fromkeys(what for outcome in outcomes for what in outcome.left_out):
        typer.echo(f"peelbook: {what}: left out.", err=True)
    for outcome in outcomes:
        if outcome.lost:
            shown = ", ".join(outcome.lost[:5]) + (", …" if len(outcome.lost) > 5 else "")
            typer.echo(
                f"peelbook: {outcome.table}: {len(outcome.lost):,} figures of a force and period that were here are "
                f"gone: {shown}. Fix: if the file should have them, restore the table with git.",
                err=True,
            )
    if as_json:
        typer.echo(json.dumps([asdict(outcome) for outcome in outcomes], indent=2))
        return
    for outcome in outcomes:
        change = "written" if outcome.changed else "unchanged"
        typer.echo(f"{outcome.table}: {outcome.rows:,} rows, {change}, from {', '.join(outcome.inputs)}")


@app.command()
def register(
    tables: Annotated[list[str], typer.Argument(help="forces, gaps or claims.")], data_dir: DataDir = None
) -> None:
    """Bring the description of the project's own tables up to date after editing them."""
    from peelbook.sources.ingest import register_project_table

    for table in tables:
        changed = register_project_table(table, _written_folder(data_dir))
        typer.echo(f"{table}: {'description updated' if changed else 'description already up to date'}")


@app.command()
def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Publications or file names. Default: all.", show_default=False)
    ] = None,
    into: Annotated[Path, typer.Option("--into", help="Folder to download to.")] = Path(
        ".peelbook/downloads"
    ),
    mirror: Annotated[
        str | None,
        typer.Option("--mirror", help="Base address of a mirror that holds the files under their names."),
    ] = None,
    max_mb: Annotated[int, typer.Option("--max-mb", min=1, help="Largest file to accept, in MB.")] = 200,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds a file may take.")] = 1800,
    retries: Annotated[int, typer.Option("--retries", min=0, help="How often to ask again.")] = 3,
    only_list: Annotated[bool, typer.Option("--list", help="Only list what can be fetched.")] = False,
) -> None:
    """Download official files, checked against their recorded SHA-256 where one is known."""
    from peelbook.errors import PeelbookError
    from peelbook.sources import fetch as fetching
    from peelbook.util import output

    chosen = fetching.choose(names or [])
    if only_list:
        for download in chosen:
            checked = "SHA-256 known" if download.sha256 else "SHA-256 not known"
            known = f"; {download.confidence}" if download.confidence else ""
            typer.echo(f"{download.name}  {download.publication}: {download.covers} ({checked}{known})")
        return
    output.folder(into)
    limits = _limits(max_mb, timeout, retries)
    failed = 0
    for download in chosen:
        try:
            path, new = fetching.fetch(download, into, mirror=mirror, limits=limits)
        except PeelbookError as error:
            failed += 1
            typer.echo(f"peelbook: {error}", err=True)
            continue
        checked = "SHA-256 as recorded" if download.sha256 else "no SHA-256 on record"
        typer.echo(f"{path}: {'downloaded' if new else 'already there'}, {checked}")
    if failed:
        raise typer.Exit(1)


def _verdicts(data_dir: Path) -> list[Any]:
    """The verdicts on every report that is entered; none in a folder that has no ledger yet."""
    from peelbook import claims
    from peelbook.catalogue import Catalogue
    from peelbook.descriptor import PACKAGE_FILE

    if not (data_dir / PACKAGE_FILE).exists():
        return []
    catalogue = Catalogue(data_dir)
    if not catalogue.has("claims"):
        return []
    entered = sorted(set(catalogue.table("claims")["force_code"]))
    return [item for code in entered for item in claims.evaluate(catalogue, code)]


def _flipped(before: list[Any], after: list[Any]) -> list[str]:
    from peelbook import claims

    return [
        f"`{now.claim.claim_id}` was “{was.verdict}” and is now “{now.verdict}”: {now.summary}"
        for was, now in claims.flipped(before, after)
    ]


@app.command()
def update(
    names: Annotated[
        list[str] | None, typer.Argument(help="Tables or publications. Default: all.", show_default=False)
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what is newer; download nothing.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", help="Only files released on or after this day, as YYYY-MM-DD.")
    ] = None,
    into: Annotated[Path, typer.Option("--into", help="Folder to download to.")] = Path(
        ".peelbook/downloads"
    ),
    mirror: Annotated[
        str | None,
        typer.Option(
            "--mirror",
            envvar="PEELBOOK_MIRROR",
            help="Base address that answers for every publisher, as <mirror>/<host>/<path>.",
        ),
    ] = None,
    max_mb: Annotated[int, typer.Option("--max-mb", min=1, help="Largest file to accept, in MB.")] = 200,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds a file may take.")] = 1800,
    retries: Annotated[int, typer.Option("--retries", min=0, help="How often to ask again.")] = 3,
    draft: Annotated[
        Path | None,
        typer.Option("--draft", help="Also write a draft for CHANGELOG.md to this file.", show_default=False),
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Bring the tables up to date: find newer releases, download and ingest them, say what they changed.

    Exit status: 0 everything is current now, 1 a publication failed (its tables are as they were), 3 `--check`
    found something newer.
    """
    from peelbook.sources import update as updating
    from peelbook.sources.web import Client
    from peelbook.util import output
    from peelbook.util.files import write_atomic

    folder = _folder(data_dir) if check else _written_folder(data_dir)
    if not check:
        output.folder(into)
    before = _verdicts(folder) if draft else []
    with Client(_limits(max_mb, timeout, retries), mirror) as client:
        steps = updating.update(
            folder,
            names or [],
            client=client,
            folder=into,
            check=check,
            since=updating.day(since) if since else None,
            progress=updating.progress_bar,
        )
        asked = client.requests
    if as_json:
        typer.echo(json.dumps([asdict(step) for step in steps], indent=2, default=str))
    else:
        typer.echo(updating.summary(steps, folder))
        typer.echo(f"{asked} requests")
    if draft:
        write_atomic(output.file(draft), updating.draft(steps, folder, _flipped(before, _verdicts(folder))))
    if any(step.state == updating.FAILED for step in steps):
        raise typer.Exit(1)
    if any(step.state == updating.LISTED for step in steps):
        raise typer.Exit(3)


@app.command()
def revisions(
    table: Annotated[str, typer.Argument(help="The table of the newest release, such as charges.")],
    force: Annotated[str, typer.Option("--force", help="One force only, by any of its names.")] = "",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show how a period's figure has grown with each release, for all forces together or for one."""
    from peelbook import revisions as following
    from peelbook.catalogue import Catalogue

    catalogue = Catalogue(_folder(data_dir))
    found = following.grown(catalogue, table, catalogue.forces[force].code if force else None)
    if as_json:
        typer.echo(found.to_json(orient="records", date_format="iso", indent=2))
    else:
        typer.echo(following.text(found, table))


@app.command()
def verify(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Check every table against its recorded hash and its contract."""
    from peelbook.sources import package
    from peelbook.sources.verify import verify as run

    folder = _folder(data_dir)
    problems = run(folder)
    if as_json:
        typer.echo(json.dumps([asdict(problem) for problem in problems], indent=2))
    else:
        for problem in problems:
            typer.echo(str(problem), err=True)
        if not problems:
            typer.echo(f"{len(package.read(folder)['resources'])} tables: every hash and contract holds")
    if problems:
        raise typer.Exit(1)


@app.command()
def coverage(
    table: Annotated[str | None, typer.Argument(help="Show this table force by force.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show what is present, missing (with the reason) or not applicable, by force and period."""
    from peelbook import contracts
    from peelbook.catalogue import Catalogue
    from peelbook.errors import MissingTableError
    from peelbook.sources import coverage as covering

    catalogue = Catalogue(_folder(data_dir))
    found = covering.matrix(catalogue)
    if table is not None:
        contracts.load(table)  # an unknown name has its own message
        found = found[found["table"] == table]
        if found.empty:
            raise MissingTableError(
                f"The table {table!r} is not here, or has no force by period grid. "
                "Fix: run `peelbook data coverage` for the tables that have one."
            )
    if as_json:
        typer.echo(found.to_json(orient="records", date_format="iso", indent=2))
    else:
        typer.echo(covering.text(catalogue, table))
