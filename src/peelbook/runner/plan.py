"""What a run would do, and why: force × section, each with one reason.

The reason comes from comparing the parts of today's key with those of the last finished run.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from peelbook import formats
from peelbook.forces import Force, Forces
from peelbook.runner import inputs as inputs_of
from peelbook.runner import staging
from peelbook.runner.cache import Cache, DamagedEntryError, Entry
from peelbook.runner.errors import UsageError
from peelbook.runner.workspace import Workspace
from peelbook.sections import Section

UP_TO_DATE = "up to date"
NEW = "new"
CODE = "code changed"
DATA = "data changed"
PARAMETERS = "parameters changed"
ENVIRONMENT = "environment changed"
DAMAGED = "cache entry damaged"
LOST = "cache entry lost"
FORCED = "asked for"

LATEST = "latest"
"""The period of the newest year of each figure: what a notebook shows without one."""

_NO_FIGURES = frozenset({"forces.csv", "claims.csv", "gaps.csv"})
_MOST = 4

REASONS = (UP_TO_DATE, NEW, CODE, DATA, PARAMETERS, ENVIRONMENT, DAMAGED, LOST, FORCED)


@dataclass(frozen=True)
class Step:
    """One notebook for one force: what it would be made of, and whether and why it has to run."""

    force: Force
    section: Section
    key: str
    parts: Mapping[str, Any]
    notebook: bytes = field(repr=False)
    parameters: Mapping[str, Any]
    reason: str
    detail: str = ""
    expected_seconds: float = 0.0
    entry_digest: str = ""

    @property
    def runs(self) -> bool:
        """Whether the notebook has to be executed."""
        return self.reason != UP_TO_DATE

    def to_json(self) -> dict[str, Any]:
        """The step as plain values, for machines."""
        return {
            "force": self.force.slug,
            "section": self.section.stem,
            "runs": self.runs,
            "reason": self.reason,
            "detail": self.detail,
            "key": self.key,
        }


@dataclass(frozen=True)
class Plan:
    """All steps, with the bytes they read."""

    steps: tuple[Step, ...]
    inputs: Mapping[str, inputs_of.Inputs] = field(repr=False)
    environment: inputs_of.Environment

    @property
    def to_run(self) -> list[Step]:
        """The steps that have to be executed."""
        return [step for step in self.steps if step.runs]


def read_forces(workspace: Workspace) -> Forces:
    """Return the forces of a workspace; a user's overlay may bring its own `forces.csv`."""
    return Forces.of(workspace.data, workspace.overlay)


def make(
    workspace: Workspace,
    forces: Iterable[Force],
    sections: Sequence[Section],
    *,
    period: str | None = None,
    again: bool = False,
) -> Plan:
    """Return the plan for some forces and sections; it reads much and writes nothing.

    `period` sets that parameter where a notebook has it: a day on which a period of some table ends, or `latest` for
    the newest year of each figure. `again` runs even what is up to date. Raises `UsageError` for a period that no table
    has, and the typed error of whatever input is at fault.
    """
    cache = Cache(workspace.cache)
    inputs = {section.stem: inputs_of.read(workspace, section) for section in sections}
    if period is not None:
        period = _known_period(period, inputs.values())
    environment = inputs_of.environment(workspace.lock_file)
    variants = {stem: _Variants(own) for stem, own in inputs.items()}
    steps = []
    for force in forces:
        for section in sections:
            variant = variants[section.stem].of(force)
            wanted: dict[str, Any] = {"force": force.slug}
            if period is not None and "period" in variant.defaults:
                wanted["period"] = period
            parameters = staging.resolve(variant.defaults, wanted, name=f"{section.stem}.ipynb")
            parts = inputs_of.parts(inputs[section.stem], variant.digest, parameters, environment)
            key = inputs_of.key(parts)
            steps.append(_step(cache, force, section, key, parts, variant.notebook, parameters, again))
    if not steps:
        raise UsageError("Nothing to do: no force and no section were chosen.")
    return Plan(tuple(steps), inputs, environment)


def _known_period(period: str, inputs: Iterable[inputs_of.Inputs]) -> str:
    """The parameter that a period stands for. Raises `UsageError` where it is no day, or one that no table has."""
    if period == LATEST:
        return ""
    try:
        good = dt.date.fromisoformat(period).isoformat() == period
    except ValueError:
        good = False
    if not good:
        raise UsageError(
            f"The period is {period!r}, which is not a day. Fix: write it as YYYY-MM-DD, or {LATEST} for the newest of "
            "each figure."
        )
    days: set[str] = set()
    for name, content in {
        item for one in inputs for files in (one.files, one.overlay) for item in files.items()
    }:
        days |= _period_ends(name, content)
    if days and period not in days:
        raise UsageError(
            f"No table has a period that ends on {period}. Fix: use one of {_listed(days)}; or {LATEST} for the newest "
            "of each figure."
        )
    return period


def _period_ends(name: str, content: bytes) -> set[str]:
    """The days on which the periods of a table end; none for a file that is no table of figures."""
    if not name.endswith(".csv") or name in _NO_FIGURES or "/" in name:
        return set()
    rows = csv.reader(content.decode("utf-8-sig", errors="replace").splitlines())
    header = next(rows, [])
    if "period_end" not in header:
        return set()
    place = header.index("period_end")
    return {row[place] for row in rows if len(row) > place and row[place]}


def _listed(days: Iterable[str]) -> str:
    """Days in a few words: those of one month together, newest last, the month with most of them first."""
    years: dict[str, list[int]] = {}
    for day in sorted(days):
        years.setdefault(day[5:], []).append(int(day[:4]))
    texts = []
    for end, found in sorted(years.items(), key=lambda item: (-len(item[1]), item[0])):
        runs: list[list[int]] = []
        for year in found:
            if runs and year == runs[-1][-1] + 1:
                runs[-1].append(year)
            else:
                runs.append([year])
        spans = [f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
        texts.append(f"{formats.joined(spans)} with -{end}")
    more = f", or {len(texts) - _MOST} other days of the year" if len(texts) > _MOST else ""
    return "; ".join(texts[:_MOST]) + more


@dataclass(frozen=True)
class _Variant:
    notebook: bytes
    defaults: Mapping[str, Any]
    digest: str


class _Variants:
    """The forms of one section's notebook: by the reports it speaks of and those entered."""

    def __init__(self, inputs: inputs_of.Inputs):
        self._inputs = inputs
        self._named = staging.reports(inputs.notebook)
        self._reported = inputs_of.reported(inputs)
        self._made: dict[tuple[str, bool], _Variant] = {}

    def of(self, force: Force) -> _Variant:
        """Return the form for a force, made once."""
        reported = force.code in self._reported
        which = (force.code if force.code in self._named else "", reported)
        if which not in self._made:
            name = f"{self._inputs.section.stem}.ipynb"
            notebook = staging.stage(
                self._inputs.notebook, name=name, force_code=force.code, reported=reported
            )
            known = staging.defaults(notebook, name=name)
            self._made[which] = _Variant(notebook, known, inputs_of.notebook_digest(notebook))
        return self._made[which]


def _step(
    cache: Cache,
    force: Force,
    section: Section,
    key: str,
    parts: Mapping[str, Any],
    notebook: bytes,
    parameters: Mapping[str, Any],
    again: bool,
) -> Step:
    head = cache.head(section.stem, force.slug)
    expected = float((head or {}).get("seconds", 0.0))
    entry: Entry | None = None
    damaged = False
    try:
        entry = cache.read(key)
    except DamagedEntryError:
        damaged = True
    if damaged:
        reason, detail = DAMAGED, "its bytes are not those that were written"
    elif entry is not None:
        reason, detail = (FORCED, "") if again else (UP_TO_DATE, "")
    elif head is None:
        reason, detail = NEW, ""
    elif head["key"] == key:
        reason, detail = LOST, ""
    else:
        reason, detail = explain(head["parts"], parts)
    return Step(
        force,
        section,
        key,
        parts,
        notebook,
        parameters,
        reason,
        detail,
        expected,
        entry.digest if entry is not None else "",
    )


def explain(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, str]:
    """Return the reason for a re-run and its detail: the first part of the key that differs, and all that do."""
    found: list[tuple[str, str]] = []
    if before.get("notebook") != now["notebook"]:
        found.append((CODE, "the notebook"))
    if before.get("package") != now["package"]:
        found.append((CODE, "the package"))
    for kind in ("data", "overlay"):
        old = before.get(kind) or {}
        names = sorted(name for name in {*old, *now[kind]} if old.get(name) != now[kind].get(name))
        if names:
            whose = "your " if kind == "overlay" else ""
            found.append((DATA, whose + ", ".join(names)))
    if before.get("parameters") != now["parameters"]:
        old = before.get("parameters") or {}
        names = sorted(
            name for name in {*old, *now["parameters"]} if old.get(name) != now["parameters"].get(name)
        )
        found.append((PARAMETERS, ", ".join(names)))
    if before.get("lock") != now["lock"]:
        found.append((ENVIRONMENT, "requirements.txt"))
    if before.get("python") != now["python"]:
        found.append((ENVIRONMENT, f"Python {before.get('python')} → {now['python']}"))
    if before.get("format") != now["format"]:
        found.append((ENVIRONMENT, "the cache's format"))
    if not found:
        return NEW, ""
    return found[0][0], "; ".join(detail for _, detail in found)


def count(steps: Iterable[Step]) -> dict[str, int]:
    """Return how many steps there are of each reason, in the order of `REASONS`."""
    steps = list(steps)
    tally = {reason: sum(step.reason == reason for step in steps) for reason in REASONS}
    return {reason: number for reason, number in tally.items() if number}
