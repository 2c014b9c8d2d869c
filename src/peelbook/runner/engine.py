"""Runs what the plan says, on whatever executor, and commits every finished notebook at once.

This process is the only one that writes. A killed run has lost what was under way and nothing else; the
next run finds the rest in the cache.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from peelbook.forces import Force
from peelbook.runner import execute, plan, worker
from peelbook.runner.cache import Cache
from peelbook.runner.errors import CacheError, UsageError
from peelbook.runner.executor import AnyExecutor, Backend, DaskCluster, LocalPool, default_jobs, run_all
from peelbook.runner.lock import hold
from peelbook.runner.progress import Progress, Silent
from peelbook.runner.results import Failure, Result
from peelbook.runner.worker import Bundle, Outcome, Task
from peelbook.runner.workspace import Workspace
from peelbook.sections import Section, all_sections
from peelbook.util import output
from peelbook.util.files import write_atomic


@dataclass(frozen=True)
class Options:
    """How to run: nothing here changes what a notebook gives."""

    jobs: int | None = None
    scheduler: str | None = None
    executor: Executor | None = None
    kernel: str = "auto"
    keep_going: bool = True
    cell_timeout: int = execute.CELL_TIMEOUT


def run(
    forces: Iterable[str | Force] | None = None,
    sections: Iterable[str | Section] | None = None,
    *,
    workspace: Workspace | None = None,
    period: str | None = None,
    again: bool = False,
    options: Options | None = None,
    progress: Progress | None = None,
    purpose: str = "run",
) -> list[Result]:
    """Make sure that the notebooks of some forces and sections are executed; return one `Result` for each.

    `None` means all forces, or all sections. Results come in the order of forces and sections asked for. What
    is up to date is not run (unless `again`). A notebook that fails is a `Result` with status `failed`; with
    `keep_going=False` the first one ends the run, and those not begun are left out of the results.

    Raises the typed error of faulty input, `LockedError`, `CacheError` (disk full, read-only), `SchedulerError`.
    """
    workspace = workspace or Workspace.default()
    options = options or Options()
    progress = progress or Silent()
    kernel = execute.kernel_name(options.kernel)
    known = plan.read_forces(workspace)
    chosen = list(known) if forces is None else [f if isinstance(f, Force) else known[f] for f in forces]
    with hold(workspace.base, purpose) as killed:
        if killed is not None:
            progress.note(
                f"The last run here was stopped before its end ({killed.describe(time.time())} ago). What it finished is kept."
            )
        planned = plan.make(workspace, chosen, resolve_sections(sections), period=period, again=again)
        _empty(workspace)
        try:
            return _carry_out(planned, workspace, options, kernel, progress)
        finally:
            shutil.rmtree(workspace.scratch, ignore_errors=True)


def resolve_sections(sections: Iterable[str | Section] | None) -> list[Section]:
    """Return the sections meant, in the order of the report. Raises `UnknownSectionError`."""
    from peelbook.sections import section

    if sections is None:
        return list(all_sections())
    found = [section(item) if isinstance(item, str) else item for item in sections]
    return sorted(dict.fromkeys(found), key=lambda item: item.number)


def _empty(workspace: Workspace) -> None:
    """Make an empty scratch folder; what a killed run left there goes, and we hold the lock."""
    shutil.rmtree(workspace.scratch, ignore_errors=True)
    try:
        workspace.scratch.mkdir(parents=True, exist_ok=True)
        workspace.scratch.chmod(0o700)
    except OSError as error:
        raise CacheError(
            f"{workspace.base}: cannot be written ({error.strerror or error}). "
            "Fix: make it writable, or set PEELBOOK_CACHE to another folder."
        ) from error


def _carry_out(
    planned: plan.Plan, workspace: Workspace, options: Options, kernel: str, progress: Progress
) -> list[Result]:
    cache = Cache(workspace.cache)
    results: dict[tuple[str, str], Result] = {}
    for step in planned.steps:
        if not step.runs:
            path = cache.entry_path(step.key)
            results[step.force.slug, step.section.stem] = Result(
                step.force.slug,
                step.section.stem,
                "cached",
                step.key,
                step.expected_seconds,
                step.entry_digest,
                path,
                reason=step.reason,
            )
            _note(cache, step, step.expected_seconds)
        elif step.reason == plan.DAMAGED:
            progress.note(
                f"Damaged cache entry of {step.force.slug}/{step.section.stem}: thrown away, run again."
            )
            cache.discard(step.key)
    to_run = planned.to_run
    progress.start(len(to_run), len(planned.steps) - len(to_run))
    try:
        if to_run:
            for result in _execute(planned, cache, workspace, options, kernel):
                results[result.force_slug, result.section] = result
                progress.done(result)
                if result.error is not None and not options.keep_going:
                    break
    finally:
        progress.stop()
    order = [(step.force.slug, step.section.stem) for step in planned.steps]
    return [results[place] for place in order if place in results]


def _note(cache: Cache, step: plan.Step, seconds: float) -> None:
    head = cache.head(step.section.stem, step.force.slug)
    if head is None or head["key"] != step.key:
        cache.write_head(step.section.stem, step.force.slug, step.key, step.parts, seconds)


def _execute(
    planned: plan.Plan, cache: Cache, workspace: Workspace, options: Options, kernel: str
) -> Iterator[Result]:
    # The longest first: a long one begun last would leave the other workers idle at the end.
    steps = sorted(planned.to_run, key=lambda step: -step.expected_seconds)
    environment = (planned.environment.package, planned.environment.python)
    by_place = {(step.force.slug, step.section.stem): step for step in steps}
    tasks = [
        Task(
            step.force.slug,
            step.section.stem,
            step.notebook,
            step.parameters,
            kernel,
            options.cell_timeout,
            environment,
        )
        for step in steps
    ]
    needed = {step.section.stem for step in steps}
    tables = worker.bundle(own for stem, own in planned.inputs.items() if stem in needed)
    backend = _backend(options, tables, workspace, kernel, len(tasks))
    finished = False
    try:
        for task, outcome in run_all(tasks, backend):
            yield _commit(by_place[task.force, task.section], outcome, cache)
        finished = True
    finally:
        backend.close(now=not finished)


def _backend(options: Options, tables: Bundle, workspace: Workspace, kernel: str, count: int) -> Backend:
    jobs = options.jobs if options.jobs is not None else default_jobs()
    if options.executor is not None:
        return AnyExecutor(options.executor, jobs, tables)
    if options.scheduler is not None:
        return DaskCluster(options.scheduler, tables)
    return LocalPool(min(jobs, count) if jobs > 0 else jobs, tables, workspace.scratch, kernel)


def _commit(step: plan.Step, outcome: Outcome, cache: Cache) -> Result:
    """Write a finished notebook to the cache, and only then count it as done."""
    place = (step.force.slug, step.section.stem)
    if outcome.notebook is None:
        failure = Failure(outcome.kind, *place, outcome.cell, outcome.source, outcome.message)
        return Result(*place, "failed", step.key, outcome.seconds, error=failure, reason=step.reason)
    entry = cache.write(step.key, outcome.notebook, outcome.seconds)
    cache.write_head(step.section.stem, step.force.slug, step.key, step.parts, outcome.seconds)
    path = cache.entry_path(step.key)
    return Result(
        *place,
        "ok",
        step.key,
        outcome.seconds,
        entry.digest,
        path,
        reason=step.reason,
        cell_seconds=outcome.cell_seconds,
    )


def run_in_place(
    force: str,
    sections: Iterable[str | Section] | None = None,
    *,
    workspace: Workspace | None = None,
    again: bool = False,
    options: Options | None = None,
    progress: Progress | None = None,
) -> tuple[list[Result], list[str]]:
    """Execute the committed notebooks and write them back; return the results and the files that changed.

    Only for the force the notebooks are committed for; what is up to date is not run, unless `again`. Nothing is
    written unless all of them ran. Raises `UsageError` for another force, `OutputError` for the notebooks of an
    installation, `CacheError` where the folder of notebooks cannot be written.
    """
    workspace = workspace or Workspace.default()
    output.check_not_installed(workspace.notebooks)
    known = plan.read_forces(workspace)[force]
    chosen = resolve_sections(sections)
    for step in plan.make(workspace, [known], chosen).steps:
        if step.parameters:
            raise UsageError(
                f"The notebooks in {workspace.notebooks} are committed for another force than {known.slug!r}. "
                "Fix: leave --in-place out; books of other forces are never committed."
            )
    results = run([known], chosen, workspace=workspace, again=again, options=options, progress=progress)
    if any(result.error for result in results) or len(results) < len(chosen):
        return results, []
    written = []
    for result in results:
        notebook = result.notebook
        path = workspace.notebook(result.section)
        if notebook is not None and _written(path, notebook):
            written.append(path.name)
    return results, written


def _written(path: Path, notebook: bytes) -> bool:
    """Write a notebook; whether its bytes changed. Raises `CacheError`."""
    try:
        return write_atomic(path, notebook)
    except OSError as error:
        raise CacheError(
            f"{path}: cannot be written ({error.strerror or error}). Fix: free some space, or make the folder writable."
        ) from error


def write_notebooks(results: Sequence[Result], folder: Path) -> int:
    """Write executed notebooks as `<force>/<section>.ipynb` into a folder; return how many changed.

    Raises `CacheError` where the folder cannot be written.
    """
    changed = 0
    for result in results:
        notebook = result.notebook
        if notebook is None:
            continue
        changed += _written(Path(folder) / result.force_slug / f"{result.section}.ipynb", notebook)
    return changed


def tally(results: Iterable[Result]) -> Mapping[str, int]:
    """Return how many results there are of each status."""
    counts = {"ok": 0, "cached": 0, "failed": 0}
    for result in results:
        counts[result.status] += 1
    return counts
