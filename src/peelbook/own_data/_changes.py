"""Says what a folder of supplied tables will change: which figures of which years, on which pages, and what they lack.

An analyst who fills in a table of 2026 wants to know before a build where its figures will show, and that a rate needs
a population of that time too. So each measure is worked out with the folder and without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peelbook import formats, measures
from peelbook.catalogue import Catalogue
from peelbook.errors import MissingTableError, ParameterError
from peelbook.measures._kinds import GRADE
from peelbook.sections import all_sections

if TYPE_CHECKING:
    import pandas as pd

from peelbook.measures import Measure

#: So many periods are named one by one; of more the first and the last.
_NAMED = 3


@dataclass(frozen=True)
class Figure:
    """What a folder does to one measure of one force: periods that are new or have another value, and why some lack it.

    `new` and `changed` are last days of periods, as YYYY-MM-DD; `lacking` are such days, each with its reason.
    """

    measure: str
    label: str
    new: tuple[str, ...]
    changed: tuple[str, ...]
    lacking: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        measure = measures.registry()[self.measure]
        parts = [
            f"{word} for {_periods(measure, days)}"
            for word, days in (("new", self.new), ("another figure", self.changed))
            if days
        ]
        reasons: dict[str, list[str]] = {}
        for day, reason in self.lacking:
            reasons.setdefault(reason, []).append(day)
        parts += [
            f"no figure for {_periods(measure, days)} ({reason[:1].lower()}{reason[1:].rstrip('.')})"
            for reason, days in reasons.items()
        ]
        return f"{self.label}: {'; '.join(parts) or 'as before'}"


@dataclass(frozen=True)
class Change:
    """What one supplied table does: the figures that it feeds, and the pages that read it."""

    table: str
    pages: tuple[str, ...]
    figures: tuple[Figure, ...]

    def __str__(self) -> str:
        where = f"pages {'; '.join(self.pages)}" if self.pages else "no page reads it"
        return "\n".join([f"{self.table}.csv: {where}", *(f"  - {figure}" for figure in self.figures)])


def changes(folder: Path | str, catalogue: Catalogue, tables: Iterable[str], code: str) -> list[Change]:
    """Return what each of some supplied tables changes for one force or area, whose code is given.

    `catalogue` is of the embedded data; the folder must be one that `check` finds no fault in. Figures are those of
    each measure's usual breakdown.
    """
    book = Catalogue(catalogue.data_dir, overlay=folder, own_force_code=code)
    before = catalogue if code in catalogue.forces else None
    found = []
    for table in tables:
        pages = tuple(section.title for section in all_sections() if table in section.tables)
        fed = [measure for measure in measures.registry().values() if table in measure.tables]
        figures = [_figure(book, before, measure, table, code) for measure in fed]
        found.append(Change(table, pages, tuple(figure for figure in figures if figure is not None)))
    return found


def _figure(
    book: Catalogue, before: Catalogue | None, measure: Measure, table: str, code: str
) -> Figure | None:
    """What the folder does to one measure; `None` for one that is of the whole country."""
    if measure.areas == "national" or measure.kind == GRADE:
        return None
    now, then = _values(book, measure, code), _values(before, measure, code)
    known = {} if before is None else then
    new = [day for day in now if day not in known]
    changed = [day for day in now if day in known and now[day] != known[day]]
    lacking = _lacking(book, measure, table, code, now) if table == measure.numerator.table else []
    lost = [day for day in known if day not in now and _text(day) not in dict(lacking)]
    lacking += [(_text(day), measures.missing_reason(book, measure.id, code, day)) for day in lost]
    return Figure(
        measure.id, measure.label, tuple(map(_text, new)), tuple(map(_text, changed)), tuple(lacking)
    )


def _lacking(
    book: Catalogue, measure: Measure, table: str, code: str, now: Iterable[Any]
) -> list[tuple[str, str]]:
    """The supplied periods of a measure's own table that give no figure, each with its reason."""
    days = sorted(set(_own_days(book, table, code)) - set(now))
    every = measure.numerator.every
    if not every:
        return [(_text(day), measures.missing_reason(book, measure.id, code, day)) for day in days]
    if not days or set(_own_days(book, table, code)) & set(now):
        return []  # months before the first full year give no figure of their own
    steps, unit = measures.STEPS[every], {"month": "months", "quarter": "quarters"}[every]
    return [(_text(days[-1]), f"a year needs {formats.cardinal(steps)} {unit}, one after another")]


def _values(catalogue: Catalogue | None, measure: Measure, code: str) -> dict[Any, float]:
    """A measure of one force by period, oldest first; none where a table of it is not there."""
    if catalogue is None:
        return {}
    try:
        frame = measures.compute(catalogue, measure.id)
    except (MissingTableError, ParameterError):
        return {}
    own = frame[frame["force_code"] == code].sort_values("period_end")
    return dict(zip(own["period_end"], own["value"], strict=True))


def _own_days(book: Catalogue, table: str, code: str) -> Iterable[pd.Timestamp]:
    """The periods of the supplied rows of a table, hidden ones too."""
    from peelbook import contracts

    assert book.overlay is not None, "only a folder supplies rows"
    frame = contracts.read_csv(book.overlay / f"{table}.csv", table, book.forces)
    return frame.loc[frame["force_code"] == code, "period_end"]


def _text(day: Any) -> str:
    return f"{day:%Y-%m-%d}"


def _periods(measure: Measure, days: Iterable[str]) -> str:
    import pandas as pd

    names = [measure.period_name(pd.Timestamp(day)) for day in sorted(days)]
    if len(names) <= _NAMED:
        return formats.joined(names)
    return f"{len(names)} periods, {names[0]} to {names[-1]}"
