"""Commands of the ledger: list the claims, check them, start another force's.

Each does one thing through the functions of `peelbook.claims` and prints the result as text.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from peelbook.errors import ParameterError, PeelbookError, ReportFileError

if TYPE_CHECKING:
    from peelbook.catalogue import Catalogue
    from peelbook.forces import Force

app = typer.Typer(no_args_is_help=True, add_completion=False)

ForceOption = Annotated[str, typer.Option("--force", help="Any name of a force: slug, name or ONS code.")]
DataOption = Annotated[str, typer.Option("--data-dir", help="Folder of tables instead of the embedded ones.")]
OverlayOption = Annotated[
    str,
    typer.Option("--data", help="Folder of your own tables, among them the claims.csv of your report."),
]


def _catalogue(data: str, overlay: str) -> Catalogue:
    from peelbook.catalogue import Catalogue

    return Catalogue(data or None, overlay=overlay or None)


@app.command("list")
def list_claims(
    force: ForceOption = "metropolitan",
    section: Annotated[str, typer.Option(help="Only the claims of this section (its stem).")] = "",
    verdict: Annotated[str, typer.Option(help="Only claims with this verdict, such as differs.")] = "",
    data: DataOption = "",
    overlay: OverlayOption = "",
) -> None:
    """List the printed numbers of a report, each with its verdict."""
    from peelbook import claims
    from peelbook.sections import section as known_section

    if verdict and verdict not in claims.VERDICTS:
        raise ParameterError(
            f"There is no verdict {verdict!r}. Fix: use one of {', '.join(claims.VERDICTS)}."
        )
    catalogue = _catalogue(data, overlay)
    stem = known_section(section).stem if section else None
    verdicts = claims.evaluate(catalogue, catalogue.forces[force].code, section=stem)
    for item in verdicts:
        if verdict in ("", item.verdict):
            value = claims.printed(item.claim)
            note = f" ({item.computed_note})" if item.computed_note else ""
            computed = f" | computed {item.computed_text}{note}" if item.computed_text else ""
            typer.echo(f"{claims.ICONS[item.verdict]} {item.claim.claim_id} | {value}{computed}")


@app.command()
def check(
    force: ForceOption = "metropolitan",
    data: DataOption = "",
    overlay: OverlayOption = "",
    out: Annotated[str, typer.Option(help="Also write the verdicts to this file, as JSON.")] = "",
    strict: Annotated[
        bool, typer.Option(help="Exit with 1 where something differs and nothing accounts for it.")
    ] = False,
) -> None:
    """Evaluate a report's claims: totals, differences with their reasons, and cross-checks that fail."""
    from peelbook import claims
    from peelbook.util import output
    from peelbook.util.files import write_atomic

    target = output.file_to_write(out) if out else None  # before anything is computed
    catalogue = _catalogue(data, overlay)
    found = catalogue.forces[force]
    verdicts = claims.evaluate(catalogue, found.code)
    waiting = claims.not_filled(catalogue, found.code)
    if not verdicts:
        raise PeelbookError(_nothing_entered(found, waiting, overlay))
    broken = [tie for tie in claims.cross_checks(catalogue, found.code) if not tie.holds]
    totals = claims.summary(verdicts)["all"]
    typer.echo(
        f"{len(verdicts)} {'claim' if len(verdicts) == 1 else 'claims'}: "
        + ", ".join(claims.tally(name, count) for name, count in totals.items())
        + (f"; {waiting} not filled in" if waiting else "")
    )
    for item in verdicts:
        if item.verdict == "differs":
            typer.echo(f"\n{claims.ICONS['differs']} {item.claim.claim_id}")
            typer.echo(
                f"  printed {claims.printed(item.claim)}, computed {item.computed_text or 'otherwise'}"
            )
            typer.echo(f"  {item.reason}")
    for tie in broken:
        typer.echo(f"\n{claims.ICONS['differs']} {tie.name}\n  {tie.says}\n  {tie.gives}")
    if target is not None:
        content = claims.to_json(verdicts, catalogue, claims.cross_checks(catalogue, found.code))
        write_atomic(target, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    if strict and any(item.cause == "unexplained" for item in verdicts):
        raise typer.Exit(1)


def _nothing_entered(force: Force, waiting: int, overlay: str) -> str:
    """Why there is nothing to check of a force's report, with the fix."""
    if waiting:
        return (
            f"None of the {waiting} rows of the report on {force.full_name} is filled in. "
            "Fix: fill in value, decimals and period_end, or for a grade label, in claims.csv."
        )
    again = f"peelbook claims check --force {force.slug} --data ."
    if not overlay and Path("claims.csv").is_file():
        fix = f"claims.csv in this folder is read with --data: {again}"
    else:
        fix = f"start one: peelbook claims new --force {force.slug}"
    return f"No report on {force.full_name} has been entered. Fix: {fix}"


@app.command()
def new(
    force: Annotated[str, typer.Option("--force", help="The force whose report is to be entered.")],
    folder: Annotated[
        Path, typer.Option(help="Folder for the new claims.csv; give it later as --data.")
    ] = Path(),
    replace: Annotated[bool, typer.Option(help="Write over a claims.csv that is there.")] = False,
    data: DataOption = "",
) -> None:
    """Write an empty ledger for another force's report, with the evidence ready and the values to fill in."""
    from peelbook import claims
    from peelbook.util import output
    from peelbook.util.files import write_atomic

    catalogue = _catalogue(data, "")
    path = output.folder(folder) / "claims.csv"
    if path.exists() and not replace:
        raise PeelbookError(f"{path}: there is one already. Fix: choose another folder, or add --replace.")
    if path.resolve() == (Path(catalogue.data_dir or "") / "claims.csv").resolve():
        raise PeelbookError(f"{path}: this is the book's own ledger. Fix: choose a folder of your own.")
    first = str(catalogue.table("claims")["force_code"].iloc[0])
    found = catalogue.forces[force]
    text = claims.skeleton(claims.read(catalogue, first), found)
    write_atomic(path, text)
    typer.echo(f"{path}: {len(text.splitlines()) - 1} claims to fill in for {found.full_name}.")
    typer.echo("\n".join(claims.FILLING))
    typer.echo(f"Then: peelbook claims check --force {found.slug} --data {folder}")


FolderOption = Annotated[
    Path, typer.Option(help="Folder of the new ledger; the draft lies in its subfolder claims-review.")
]


@app.command("read")
def read_command(
    report: Annotated[Path, typer.Argument(help="The saved report: web page, PDF or plain text.")],
    force: Annotated[str, typer.Option("--force", help="The force whose report it is.")],
    folder: FolderOption = Path(),
    cycle: Annotated[
        str, typer.Option(help="Inspection cycle, such as 2023-25; read off the report if not given.")
    ] = "",
    data: DataOption = "",
) -> None:
    """Find every number of a saved report and draft its ledger, for a person to review."""
    from peelbook.claims import draft
    from peelbook.sections import of_known_cycle

    forces = _catalogue(data, "").forces
    found = forces[force]
    document = draft.read_report(report)
    draft.check_force(document, found, forces)
    named = cycle or draft.cycle_of(document)
    if not named:
        raise ReportFileError(
            f"{report}: the report names no inspection cycle that is known. "
            f"Fix: add --cycle, one of {', '.join(draft.cycles())}."
        )
    of_known_cycle(named)
    rows = draft.draft_claims(document, found, named)
    counts = draft.write_draft(folder, rows)
    claims_found = [row for row in rows if row.status != draft.NO_CLAIM]
    mapped = sum(row.status == draft.MAPPED for row in claims_found)
    typer.echo(
        f"{len(rows)} numbers and comparisons: {len(claims_found)} claims drafted ({mapped} mapped, "
        f"{len(claims_found) - mapped} found and not mapped), {counts.no_claims} no claims (dates, page numbers, scales)."
    )
    if counts.kept:
        typer.echo(f"{counts.kept} rows that a person decided on or corrected before are as they were.")
    typer.echo(
        f"{draft.review_file(folder)}: the draft. It holds sentences of the report: do not publish it."
    )
    typer.echo(f"Then: peelbook claims review --force {found.slug} --folder {folder}")


@app.command()
def review(
    force: Annotated[str, typer.Option("--force", help="The force whose report it is.")],
    folder: FolderOption = Path(),
    apply: Annotated[
        bool, typer.Option("--apply", help="Write claims.csv from the accepted rows and stop; opens no page.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the page, on this machine only.")] = 8001,
    data: DataOption = "",
) -> None:
    """Review a draft: one page with each row beside its sentence, or a spreadsheet and --apply."""
    from peelbook.claims import draft
    from peelbook.runner.review_server import make_server
    from peelbook.runner.serve import address

    catalogue = _catalogue(data, "")
    found = catalogue.forces[force]
    draft.read_review(folder)
    if apply:
        counts = draft.apply_review(folder)
        typer.echo(f"{folder / 'claims.csv'}: {counts.accepted} claims. Still to decide: {counts.open}.")
        typer.echo(f"Then: peelbook claims check --force {found.slug} --data {folder}")
        return
    server = make_server(folder, found, data, port)
    typer.echo(f"Review the draft at {address(server)} (Ctrl-C to stop). Each answer is saved at once.")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        typer.echo("Stopped.")
    finally:
        server.server_close()
