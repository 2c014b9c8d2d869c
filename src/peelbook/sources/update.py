"""Brings a data folder up to what publishers list now: discover, download, ingest, and say what changed.

Each publication is a step of its own: one that fails is reported, leaves its tables as they were, and the others go
on. What a release changed is compared figure by figure with the table that was there.
"""

from __future__ import annotations

import csv
import datetime
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peelbook import contracts
from peelbook.descriptor import resources
from peelbook.errors import ParameterError, PeelbookError
from peelbook.forces import Forces
from peelbook.sources import discover, package
from peelbook.sources import fetch as fetching
from peelbook.sources.discover import LandingPage, Listed, _arcgis, _police_uk
from peelbook.sources.fetch import Download, Progress
from peelbook.sources.ingest import Origin, ingest
from peelbook.sources.publication import registry as adapters
from peelbook.sources.web import Client, FetchError
from peelbook.util.files import sha256, write_atomic

NEW, REVISED, UNCHANGED, FAILED, LISTED = "new", "revised", "unchanged", "failed", "newer release listed"

_TABLES = {_arcgis.FORM: _arcgis.table, _police_uk.FORM: _police_uk.table}


@dataclass(frozen=True)
class Change:
    """What one release did to one table.

    `revised` counts figures that were there and have changed; `largest` is the greatest relative change of one
    (0.05 for 5%), `where` its force and period, `forces` the codes of the forces with a revised figure. `added`
    and `lost` count rows, `periods` names the new periods.
    """

    table: str
    added: int = 0
    lost: int = 0
    revised: int = 0
    largest: float | None = None
    where: str = ""
    forces: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """What became of one publication: its state, the files it needed, what changed in its tables, why it failed.

    `vanished` are addresses of files its tables were made of that the publisher no longer lists.
    """

    publication: str
    state: str
    files: tuple[Listed, ...] = ()
    changes: tuple[Change, ...] = ()
    vanished: tuple[str, ...] = ()
    reason: str = ""
    requests: int = 0


@dataclass
class _Run:
    data_dir: Path
    folder: Path
    client: Client
    since: datetime.date | None
    check: bool
    progress: Callable[[Listed], Progress | None] | None = None
    steps: list[Step] = field(default_factory=list)


def update(
    data_dir: Path,
    names: Sequence[str] = (),
    *,
    client: Client,
    folder: Path,
    check: bool = False,
    since: datetime.date | None = None,
    pages: Sequence[LandingPage] | None = None,
    progress: Callable[[Listed], Progress | None] | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> list[Step]:
    """Bring the tables of these publications (or tables; all for no name) up to date; return a step for each.

    With `check` nothing is downloaded and nothing written. `since` leaves out files released before that day.
    `folder` keeps the downloads. `on_step` is called with each step as it ends. Raises `FetchError` for an unknown name.
    """
    run = _Run(data_dir, folder, client, since, check, progress)
    for page in chosen(names, pages):
        before = client.requests
        try:
            step = _step(run, page)
        except (PeelbookError, OSError) as error:
            step = Step(page.publication, FAILED, reason=str(error))
        step = Step(**{**vars(step), "requests": client.requests - before})
        run.steps.append(step)
        if on_step is not None:
            on_step(step)
    return run.steps


def chosen(names: Sequence[str], pages: Sequence[LandingPage] | None = None) -> list[LandingPage]:
    """Return the landing pages of these publications or tables; all for no name. Raises `FetchError`."""
    pages = discover.registry() if pages is None else list(pages)
    for name in names:
        if not any(name in (page.publication, *adapters()[page.publication].tables) for page in pages):
            known = ", ".join(page.publication for page in pages)
            raise FetchError(
                name, "no landing page of this publication or table is known", f"use one of {known}"
            )
    return [
        page
        for page in pages
        if not names or {page.publication, *adapters()[page.publication].tables} & set(names)
    ]


def _step(run: _Run, page: LandingPage) -> Step:
    listed = discover.find(page, run.client)
    wanted = [
        item
        for item in listed
        if not _is_here(run.data_dir, page, item)
        and (run.since is None or item.released is None or item.released >= run.since)
    ]
    vanished = _vanished(run.data_dir, page, listed)
    if not wanted:
        return Step(page.publication, UNCHANGED, vanished=vanished)
    if run.check:
        return Step(page.publication, LISTED, tuple(wanted), vanished=vanished)
    folder = run.folder / page.publication
    origins: dict[str, Origin] = {}
    for item in wanted:
        if path := _download(run, item, folder):
            origins[str(path)] = Origin(item.released, item.url, page.publication)
    tables = adapters()[page.publication].tables
    before = {table: _bytes(run.data_dir, table) for table in tables}
    if origins:
        ingest(origins, run.data_dir, origins)
    changes = []
    for table, old in before.items():
        new = _bytes(run.data_dir, table)
        if new is not None and new != old:
            changes.append(compare(table, old, new))
    state = UNCHANGED
    if changes:
        state = REVISED if any(change.revised for change in changes) else NEW
    return Step(page.publication, state, tuple(wanted), tuple(changes), vanished)


def _is_here(data_dir: Path, page: LandingPage, item: Listed) -> bool:
    """Whether a table's inputs, now or in an earlier release, were made of the file at this address."""
    by_name = resources(package.read(data_dir))
    known = {download.url: download.sha256 for download in fetching.registry() if download.sha256}
    for table in adapters()[page.publication].tables:
        resource = by_name.get(table, {})
        if not (data_dir / f"{table}.csv").exists():
            continue
        for entry in (resource, *resource.get("releases", [])):
            for used in entry.get("inputs", []):
                if used.get("url") == item.url or used["sha256"] == known.get(item.url, ""):
                    return True
    return False


def _vanished(data_dir: Path, page: LandingPage, listed: Sequence[Listed]) -> tuple[str, ...]:
    by_name = resources(package.read(data_dir))
    there = {item.url for item in listed}
    used = [
        item.get("url", "")
        for table in adapters()[page.publication].tables
        for item in by_name.get(table, {}).get("inputs", [])
    ]
    # An edition that another has followed is on a page of its own, which is not asked.
    return tuple(dict.fromkeys(url for url in used if url and url not in there)) if not page.editions else ()


def _download(run: _Run, item: Listed, folder: Path) -> Path | None:
    """Return where a listed file is now; `None` for a month in which a force sent nothing."""
    if item.form:
        answer = run.client.json(item.name, item.url)
        table = _TABLES[item.form](answer, item.name)
        if table:
            write_atomic(folder / item.name, table)
        return folder / item.name if table else None
    known = {download.url: download for download in fetching.registry()}.get(item.url)
    download = Download(
        item.name,
        item.publication,
        item.title,
        item.url,
        known.sha256 if known else None,
        item.bytes or (known.bytes if known else None),
    )
    # The same name at another address is another file.
    folder = folder / sha256(item.url.encode())[:12]
    progress = run.progress(item) if run.progress else None
    return fetching.fetch(download, folder, client=run.client, progress=progress)[0]


def _bytes(data_dir: Path, table: str) -> bytes | None:
    path = data_dir / f"{table}.csv"
    return path.read_bytes() if path.exists() else None


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def compare(table: str, old: bytes | None, new: bytes) -> Change:
    """Return what changed in a table's new bytes: rows added and lost, figures revised."""
    schema = contracts.load(table)
    fields = [item["name"] for item in schema["fields"]]
    key = list(schema.get("primaryKey", fields))
    figures = [item["name"] for item in schema["fields"] if item["name"] not in key]
    before, after = _by_key(old, key), _by_key(new, key)
    revised, forces = 0, set()
    largest: float | None = None
    where = ""
    for name, row in after.items():
        if (was := before.get(name)) is None:
            continue
        for figure in figures:
            if was[figure] == row[figure]:
                continue
            revised += 1
            forces.add(row.get("force_code", ""))
            one, other = _number(was[figure]), _number(row[figure])
            if one and other is not None and (largest is None or abs(other / one - 1) > abs(largest)):
                largest, where = other / one - 1, " ".join(name)
    periods = {row["period_end"] for row in after.values() if "period_end" in row}
    periods -= {row["period_end"] for row in before.values() if "period_end" in row}
    return Change(
        table,
        added=len(after.keys() - before.keys()),
        lost=len(before.keys() - after.keys()),
        revised=revised,
        largest=largest,
        where=where,
        forces=tuple(sorted(forces - {""})),
        periods=tuple(sorted(periods)),
    )


def _by_key(payload: bytes | None, key: Sequence[str]) -> dict[tuple[str, ...], dict[str, Any]]:
    if payload is None:
        return {}
    rows = csv.DictReader(io.StringIO(payload.decode("utf-8"), newline=""))
    return {tuple(row[name] for name in key): row for row in rows}


def day(text: str) -> datetime.date:
    """Return a day given as `YYYY-MM-DD`. Raises `ParameterError`."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ParameterError(f"{text!r} is not a day. Fix: write it as 2026-07-23.") from error


def progress_bar(item: Listed) -> Progress | None:
    """Return what draws a file's progress on a terminal; nothing where standard error is none."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(item.name, total=item.bytes)

    def show(size: int, total: int | None) -> None:
        bar.start()
        bar.update(task, completed=size, total=total or size)
        if total is not None and size >= total:
            bar.stop()

    return show


def summary(steps: Sequence[Step], data_dir: Path) -> str:
    """Return what became of each publication as lines of text, for a terminal or a log."""
    forces = Forces.read(data_dir / "forces.csv")
    lines = []
    for step in steps:
        lines.append(f"{step.publication:28} {step.state}")
        lines += [f"    {item.name}{_released(item)}" for item in step.files]
        lines += [f"    {text}" for change in step.changes for text in described(change, forces)]
        lines += [f"    no longer on the publisher's page: {url}" for url in step.vanished]
        if step.reason:
            lines.append(f"    {step.reason}")
    return "\n".join(lines)


def _released(item: Listed) -> str:
    return f" (released {item.released})" if item.released else ""


def described(change: Change, forces: Forces) -> list[str]:
    """Return a table's change in words: new periods and rows, figures revised, rows that are gone."""
    lines = []
    if change.periods:
        several = f"{len(change.periods)} new periods, {change.periods[0]} to {change.periods[-1]}"
        one = f"new period {change.periods[0]}"
        lines.append(f"{change.table}: {several if len(change.periods) > 1 else one}")
    lines.append(f"{change.table}: {change.added:,} rows new, {change.revised:,} figures revised")
    if change.largest is not None:
        words = change.where.split()
        where = " ".join(forces[word].short_name if word in forces else word for word in words)
        lines.append(f"{change.table}: largest revision {change.largest:+.1%} ({where})")
    if change.forces:
        names = [forces[code].short_name if code in forces else code for code in change.forces]
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        lines.append(f"{change.table}: revised for {shown}")
    if change.lost:
        lines.append(f"{change.table}: {change.lost:,} rows are gone")
    return lines


def draft(steps: Sequence[Step], data_dir: Path, flipped: Sequence[str]) -> str:
    """Return a draft for CHANGELOG.md: what each release brought, verdicts that flipped and why, what failed."""
    forces = Forces.read(data_dir / "forces.csv")
    lines = ["<!-- A draft: read it, shorten it, then move it to CHANGELOG.md. -->", ""]
    for step in steps:
        if step.changes:
            names = ", ".join(f"`{item.name}`{_released(item)}" for item in step.files)
            lines.append(f"- {step.publication}: {names}.")
            lines += [f"  - {text}." for change in step.changes for text in described(change, forces)]
        lines += [f"  - No longer on the publisher's page: <{url}>." for url in step.vanished]
    if len(lines) == 2:
        lines.append("- No table has changed.")
    lines += ["", "Printed numbers whose verdict changed:", ""]
    lines += [f"- {text}" for text in flipped] or ["- None."]
    failed = [step for step in steps if step.state == FAILED]
    if failed:
        lines += ["", "Publications that failed (their tables are as they were):", ""]
        # A reason that names its publication already says it once.
        own = [("" if step.publication in step.reason else f"{step.publication}: ", step) for step in failed]
        lines += [f"- {name}{step.reason}" for name, step in own]
    return "\n".join(lines) + "\n"
