"""Commands of the runner: list, plan, run, build, new, serve, clean.

Each reads its options, calls one function of the runner and prints what came of it. Exit status: 0 done,
1 some notebooks failed, 2 bad usage or bad input.
"""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from peelbook.forces import Force
    from peelbook.runner.engine import Options
    from peelbook.runner.progress import Progress
    from peelbook.runner.results import Result
    from peelbook.runner.workspace import Workspace
    from peelbook.sections import Section

app = typer.Typer(no_args_is_help=True)

PARTIAL_FAILURE = 1


class What(StrEnum):
    """What `list` can list."""

    forces = "forces"
    sections = "sections"
    measures = "measures"


class Kernel(StrEnum):
    """The kernels that notebooks can be run with."""

    auto = "auto"
    fork = "fork"
    peelbook = "peelbook"
    python3 = "python3"


ForceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--force", "-f", help="A force by slug, name, code or alias. Repeatable.", show_default=False
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="All forces.")]
SectionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--section",
        "-s",
        help="Only this section, by stem. Repeatable. Default: all ten.",
        show_default=False,
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", min=1, help="Worker processes. Default: one a processor.", show_default=False
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help="Run on the dask cluster of this scheduler, such as tcp://host:8786 (needs the extra `cluster`).",
        show_default=False,
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="A folder of your own tables, laid over the embedded ones for the forces named with --force.",
        show_default=False,
    ),
]
SuppressOption = Annotated[
    int | None,
    typer.Option(
        "--suppress-below",
        help="With --data: suppress your counts below this number, and others that would reveal them.",
        show_default=False,
    ),
]
KernelOption = Annotated[
    Kernel,
    typer.Option("--kernel", help="auto: fork where the system can, else python3. All give the same bytes."),
]
KeepGoingOption = Annotated[
    bool, typer.Option("--keep-going/--fail-fast", help="Go on after a notebook fails, or stop at the first.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")]
PeriodOption = Annotated[
    str | None,
    typer.Option(
        "--period",
        help="Last day of the year the book is about, as YYYY-MM-DD, or latest: the newest year of each figure.",
        show_default=False,
    ),
]
TimeoutOption = Annotated[
    int, typer.Option("--cell-timeout", min=1, help="Seconds one cell may take before it is stopped.")
]
AgainOption = Annotated[bool, typer.Option("--again", help="Run even what is up to date.")]


@app.command("list")
def list_command(
    what: Annotated[What, typer.Argument(help="What to list.")] = What.forces,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the forces with the names they answer to, the sections, or the measures with who can compute them."""
    from peelbook.runner import plan
    from peelbook.runner.workspace import Workspace
    from peelbook.sections import all_sections

    if what is What.sections:
        rows = [{"section": item.stem, "title": item.title, "tables": item.tables} for item in all_sections()]
        lines = [f"{row['section']:<34}{row['title']}" for row in rows]
    elif what is What.measures:
        from peelbook import measures

        rows = measures.listing()
        lines = [_measure_line(row) for row in rows]
    else:
        rows = [
            {
                "force": item.slug,
                "code": item.code,
                "name": item.name,
                "region": item.region,
                "names": list(dict.fromkeys(item.names)),
            }
            for item in sorted(plan.read_forces(Workspace.default(data)), key=lambda force: force.slug)
        ]
        lines = [f"{row['force']:<22}{row['code']}  {', '.join(row['names'][2:])}" for row in rows]
    typer.echo(json.dumps({what.value: rows}, ensure_ascii=False) if as_json else "\n".join(lines))


def _measure_line(row: dict[str, Any]) -> str:
    """A measure as lines to read: its id and title, and below them its unit, tables, breakdowns and sections."""
    facts = {
        "unit": [row["unit"]],
        "tables": row["tables"],
        "by": row["by"],
        "sections": row["sections"] or ["none declares these tables"],
    }
    below = [f"    {name:<10}{', '.join(values)}" for name, values in facts.items() if values]
    return "\n".join([f"{row['measure']:<42}{row['title']}", *below])


@app.command("plan")
def plan_command(
    force: ForceOption = None,
    all_forces: AllOption = False,
    section: SectionOption = None,
    period: PeriodOption = None,
    data: DataOption = None,
    suppress_below: SuppressOption = None,
    again: AgainOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say what a run would execute, and why; nothing is executed."""
    workspace, forces, sections = _choose(force, all_forces, section, data, suppress_below)
    _print_plan(workspace, forces, sections, period, again, as_json)


@app.command("run")
def run_command(
    force: ForceOption = None,
    all_forces: AllOption = False,
    section: SectionOption = None,
    period: PeriodOption = None,
    data: DataOption = None,
    suppress_below: SuppressOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Also write the executed notebooks into this folder.", show_default=False),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write the committed notebooks back, as run for the Met.")
    ] = False,
    jobs: JobsOption = None,
    scheduler: SchedulerOption = None,
    kernel: KernelOption = Kernel.auto,
    keep_going: KeepGoingOption = True,
    cell_timeout: TimeoutOption = 300,
    again: AgainOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Execute the notebooks of some forces into the cache; what is up to date is not run again."""
    from peelbook.runner import engine
    from peelbook.runner.errors import UsageError
    from peelbook.util import output

    workspace, forces, sections = _choose(force, all_forces, section, data, suppress_below)
    if in_place and (len(forces) != 1 or data is not None or out is not None or period is not None):
        raise UsageError(
            "--in-place takes one --force, and no --data, --out or --period. Fix: leave these out."
        )
    if out is not None:
        out = output.own_folder(out)
    if dry_run:
        _print_plan(workspace, forces, sections, period, again, as_json)
        return
    options = _options(jobs, scheduler, kernel, keep_going, cell_timeout)
    more: dict[str, Any] = {}
    if in_place:
        results, written = engine.run_in_place(
            forces[0].slug,
            sections,
            workspace=workspace,
            again=again,
            options=options,
            progress=_progress(as_json),
        )
        more["written"] = written
    else:
        results = engine.run(
            forces,
            sections,
            workspace=workspace,
            period=period,
            again=again,
            options=options,
            progress=_progress(as_json),
        )
        if out is not None:
            more["written"] = engine.write_notebooks(results, out)
    expected = len(forces) * len(sections)
    _report(results, expected, as_json, **more)


@app.command("build")
def build_command(
    force: ForceOption = None,
    all_forces: AllOption = False,
    section: SectionOption = None,
    period: PeriodOption = None,
    data: DataOption = None,
    suppress_below: SuppressOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder of the site. Default: _site, or _site inside the folder given with --data.",
            show_default=False,
        ),
    ] = None,
    cycle: Annotated[
        str | None,
        typer.Option(
            help="Inspection cycle, such as 2025-27: the site's sections get its order and names. "
            "Default: those of the book's own report.",
            show_default=False,
        ),
    ] = None,
    jobs: JobsOption = None,
    scheduler: SchedulerOption = None,
    kernel: KernelOption = Kernel.auto,
    keep_going: KeepGoingOption = True,
    cell_timeout: TimeoutOption = 300,
    again: AgainOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Execute what needs it and build the site of these forces; it replaces the site in the folder at once."""
    from peelbook import paths, site
    from peelbook.catalogue import Catalogue
    from peelbook.runner import engine
    from peelbook.sections import of_known_cycle
    from peelbook.site.publish import target

    if cycle is not None:
        of_known_cycle(cycle)
        os.environ["PEELBOOK_CYCLE"] = cycle  # the processes that make pages read it too
    workspace, forces, sections = _choose(force, all_forces, section, data, suppress_below)
    home = workspace.overlay or workspace.base.parent
    folder = target(out if out is not None else home / paths.SITE)  # before anything runs
    if dry_run:
        _print_plan(workspace, forces, sections, period, again, as_json)
        return
    expected = len(forces) * len(sections)
    results: list[Result] = []

    def executed() -> Iterator[Result]:
        results.extend(
            engine.run(
                forces,
                sections,
                workspace=workspace,
                period=period,
                again=again,
                options=_options(jobs, scheduler, kernel, keep_going, cell_timeout),
                progress=_progress(as_json),
                purpose="build",
            )
        )
        if len(results) < expected:  # --fail-fast: a site with holes is not a site
            _report(results, expected, as_json, site=None)
        yield from results

    report = site.build(
        executed(),
        folder,
        catalogue=Catalogue(workspace.data, overlay=workspace.overlay),
        jobs=jobs or 0,
        reference_force=forces[0].slug if len(forces) == 1 else "metropolitan",
        work_dir=workspace.base / "site",
    )
    if not as_json:
        typer.echo(f"The site is built ({report.pages} pages). Open: {folder / 'index.html'}")
    _report(results, expected, as_json, site={"folder": str(folder), "pages": report.pages})


@app.command("new")
def new_command(
    folder: Annotated[Path, typer.Argument(help="Folder of the project: a new or an empty one.")],
) -> None:
    """Write a project of your own, with notebooks, pages, tables and configuration to change and to build."""
    from peelbook import new_project

    made, count = new_project.create(folder)
    typer.echo(f"{made}: {count} files. Read README.md there.")
    typer.echo(f"Then: cd {folder}, and peelbook build --force kent")


@app.command("serve")
def serve_command(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder of a built site. Default: _site of the project.", show_default=False),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", "-p", min=0, max=65535, help="Port; 0 takes a free one.")
    ] = 8000,
) -> None:
    """Serve a built site to this machine only, until stopped with Ctrl-C."""
    from peelbook import paths
    from peelbook.runner import serve

    folder = folder if folder is not None else paths.output_root() / paths.SITE
    server = serve.make_server(folder, port)
    typer.echo(f"Serving {folder} at {serve.address(server)} (to this machine only; Ctrl-C stops it)")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


@app.command("clean")
def clean_command(
    data: DataOption = None,
    stale: Annotated[
        bool, typer.Option("--stale", help="Only cache entries that the last runs no longer use.")
    ] = False,
    site: Annotated[
        bool, typer.Option("--site", help="Also the built site and Jupyter Book's own output.")
    ] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Remove the caches of runs and builds. Nothing published or committed is touched."""
    from peelbook.runner import clean
    from peelbook.runner.workspace import Workspace
    from peelbook.site import publish

    workspace = Workspace.default(data)
    remove = publish.remove if site else None
    for line in clean.clean(workspace, stale=stale, site=remove, dry_run=dry_run):
        typer.echo(line)


def _choose(
    names: list[str] | None,
    all_forces: bool,
    stems: list[str] | None,
    data: Path | None,
    suppress_below: int | None,
) -> tuple[Workspace, list[Force], list[Section]]:
    """Resolve what the command line names. Raises `UsageError`, or the error of an unknown name."""
    from peelbook.runner import plan
    from peelbook.runner.engine import resolve_sections
    from peelbook.runner.errors import UsageError
    from peelbook.runner.workspace import Workspace

    if all_forces and names:
        raise UsageError("Both --force and --all were given. Fix: give one of them.")
    if not all_forces and not names:
        raise UsageError("No force was named. Fix: give --force NAME (repeatable), or --all.")
    if data is not None and all_forces:
        raise UsageError("--data is for the forces it is about. Fix: name them with --force.")
    if suppress_below is not None:
        if data is None:
            raise UsageError("--suppress-below is for your own data. Fix: give its folder with --data.")
        from peelbook.overlay import hide

        # Every reader of the folder in this run looks there: the plan, the workers and the site's downloads.
        os.environ[hide.VARIABLE] = str(suppress_below)
    workspace = Workspace.default(data)
    known = plan.read_forces(workspace)
    forces = list(known) if all_forces else list(dict.fromkeys(known[name] for name in names or ()))
    if workspace.overlay is not None:
        _check_own_tables(workspace, forces)
    return workspace, forces, resolve_sections(stems or None)


def _check_own_tables(workspace: Workspace, forces: Iterable[Force]) -> None:
    """Raise `FaultyFolderError` with all that `data check` would say of the user's tables, before anything runs."""
    from peelbook.catalogue import Catalogue
    from peelbook.own_data import check

    assert workspace.overlay is not None
    catalogue = Catalogue(workspace.data)
    for force in forces:
        check(workspace.overlay, catalogue, force=force.code).require()


def _options(
    jobs: int | None, scheduler: str | None, kernel: Kernel, keep_going: bool, cell_timeout: int
) -> Options:
    from peelbook.runner.engine import Options

    return Options(jobs, scheduler, None, kernel.value, keep_going, cell_timeout)


def _progress(as_json: bool) -> Progress:
    from peelbook.runner import progress

    if as_json:
        return progress.Silent()
    if sys.stderr.isatty():
        return progress.Bar()
    return progress.Lines(lambda line: typer.echo(line, err=True))


def _print_plan(
    workspace: Workspace,
    forces: Iterable[Force],
    sections: list[Section],
    period: str | None,
    again: bool,
    as_json: bool,
) -> None:
    from peelbook.runner import plan

    made = plan.make(workspace, forces, sections, period=period, again=again)
    if as_json:
        typer.echo(json.dumps({"steps": [step.to_json() for step in made.steps]}, ensure_ascii=False))
        return
    for step in made.steps:
        detail = f" ({step.detail})" if step.detail else ""
        typer.echo(f"{step.force.slug:<22}{step.section.stem:<34}{step.reason}{detail}")
    counts = ", ".join(f"{number} {reason}" for reason, number in plan.count(made.steps).items())
    typer.echo(f"{len(made.to_run)} of {len(made.steps)} notebooks would run: {counts}.")


def _report(results: list[Result], expected: int, as_json: bool, **more: Any) -> None:
    """Print what came of a run and end with its exit status."""
    from peelbook.runner.engine import tally

    counts = dict(tally(results))
    missing = expected - len(results)
    if as_json:
        body = {"results": [item.to_json() for item in results], **counts, "not_run": missing, **more}
        typer.echo(json.dumps(body, ensure_ascii=False))
    else:
        for item in results:
            if item.error is not None:
                typer.echo(f"peelbook: failed: {item.error}", err=True)
        tail = f", {missing} not run" if missing else ""
        typer.echo(f"{counts['ok']} run, {counts['cached']} up to date, {counts['failed']} failed{tail}.")
    if counts["failed"] or missing:
        raise typer.Exit(PARTIAL_FAILURE)
