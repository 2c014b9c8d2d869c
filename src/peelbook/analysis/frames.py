"""What a frame of the analysis carries, and what every chart, sentence and table asks of it.

A frame says in a column which measure it holds, and in `attrs` which section it belongs to and, where it is empty,
why. pandas keeps `attrs` through filters, sorting, selection, merging and grouping. Where an operation drops them,
the measure's column and the section opened last stand in.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from peelbook import blocks, formats, measures
from peelbook.errors import FrameError

if TYPE_CHECKING:
    from peelbook.analysis.context import Section
    from peelbook.forces import Force
    from peelbook.measures import Measure

#: Columns of every frame that `Section.measure` returns, in order; breakdowns and further counts follow.
COLUMNS = (
    "measure",
    "force_code",
    "force",
    "region",
    "period_end",
    "year",
    "numerator",
    "denominator",
    "value",
    "low",
    "high",
    "in_averages",
)

#: What `compare.peers` adds to a frame's columns.
COMPARED = (
    "mean_of_forces",
    "england_and_wales",
    "rank",
    "rank_low",
    "rank_high",
    "lower_limit",
    "upper_limit",
    "verdict",
)

#: What `compare.disparity` adds to a frame's columns, beside the two bounds of the ratio.
DISPARITY = (
    "group_rate",
    "reference_rate",
    "difference",
    "difference_low",
    "difference_high",
    "difference_mid_year",
    "difference_newest",
    "unrecorded",
)

#: How the columns are typed where there is no row, so that a notebook's filters work all the same.
_TYPES = {
    "period_end": "datetime64[s]",
    "year": "int64",
    **dict.fromkeys(("numerator", "denominator", "value", "margin", "low", "high"), "float64"),
    "in_averages": "bool",
}

# Frames hold the key of their section and not the section: `attrs` are copied, compared and written with a frame.
_OPEN: OrderedDict[str, Section] = OrderedDict()
_MOST = 16
_count = 0


def register(section: Section) -> str:
    """Note an open section; return the key by which its frames find it."""
    global _count
    _count += 1
    key = f"{section.stem}-{_count}"
    _OPEN[key] = section
    while len(_OPEN) > _MOST:
        _OPEN.popitem(last=False)
    return key


def close(section: Section) -> None:
    """Forget an open section: a frame without one is not taken for its own."""
    _OPEN.pop(section._key, None)


def section_of(frame: pd.DataFrame | None, call: str) -> Section:
    """The section a frame belongs to: its own, else the one opened last. Raises `FrameError` where none is open."""
    key = "" if frame is None else frame.attrs.get("section", "")
    if key in _OPEN:
        return _OPEN[key]
    if not _OPEN:
        raise FrameError(
            f"{call}: no section is open. Fix: call open_section(…) in the notebook's first cell."
        )
    return next(reversed(_OPEN.values()))


def empty(
    columns: Iterable[str],
    *,
    title: str,
    lines: Sequence[str],
    tables: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    **attrs: Any,
) -> pd.DataFrame:
    """Return a frame without rows that knows what is missing, why, and which tables would fill it.

    `types` are dtypes of columns other than those of a measure's frame, so that arithmetic works on it.
    """
    known = {**_TYPES, **(types or {})}
    frame = pd.DataFrame({name: pd.Series([], dtype=known.get(name, "str")) for name in columns})
    frame.attrs = {**attrs, "missing": {"title": title, "lines": list(lines), "tables": list(tables)}}
    return frame


@dataclass(frozen=True)
class Given:
    """A frame that a chart or sentence was given, with what it is: rows, section, measure and breakdown."""

    frame: pd.DataFrame
    section: Section
    measure: Measure
    dimension: Mapping[str, Any]

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of `data/` that the measure rests on and that are here."""
        return tuple(name for name in self.measure.tables if self.section.catalogue.has(name))


def note_of(frame: Any, call: str, sources: Sequence[str] = (), empty: str = "") -> blocks.Block | None:
    """The note to show in place of a frame without rows; `None` for a frame with rows.

    `sources` are the tables that the frame was made of, where it cannot tell; `empty` says why it may have no row.

    Raises `FrameError` for anything that is no frame.
    """
    if not isinstance(frame, pd.DataFrame):
        kind = "nothing" if frame is None else f"a {type(frame).__name__}"
        raise FrameError(
            f"{call} needs a data frame and was given {kind}. "
            "Fix: give it the frame of section.measure(…) or section.table(…)."
        )
    if len(frame):
        return None
    if missing := frame.attrs.get("missing"):
        return blocks.note(missing["title"], missing["lines"], tables=missing["tables"])
    section = section_of(frame, call)
    if lacking := [name for name in sources if section.catalogue.lacks(name)]:
        return section.absent(lacking)
    name = frame.attrs.get("measure")
    if name:
        return section.gap_note(name, frame.attrs.get("dimension", {}))
    tables = filter(None, [frame.attrs.get("table"), *sources])
    recorded = [section.catalogue.gap(name, section.force.code) for name in tables]
    lines = list(dict.fromkeys(filter(None, [empty, *recorded])))
    if lines:
        return blocks.note(nothing_for(section.force), lines)
    return blocks.note("Nothing to show", ["No row is left after the cell’s filters."])


def nothing_for(force: Force) -> str:
    """The title of the note in place of rows of a force that a table has not."""
    return f"Nothing to show for {force.full_name}"


def given(
    frame: Any, call: str, *, columns: Sequence[str] = ("force_code", "period_end", "value")
) -> Given | blocks.Block:
    """What a chart or a sentence was given, or the note to show in its place.

    Raises `FrameError` for something else than a frame, a frame without a column that is needed, of no
    known measure, or of more than one.
    """
    if (note := note_of(frame, call)) is not None:
        return note
    need(frame, call, columns)
    section = section_of(frame, call)
    found = measure_of(frame, call)
    rows = frame.copy(deep=False)
    dimension = dimension_of(frame, found)
    # What `compare` reads: a column stays where `attrs` were lost.
    rows.attrs = {**rows.attrs, "measure": found.id, "dimension": dimension}
    rows.attrs["forces"] = len(section.catalogue.forces)
    return Given(rows, section, found, dimension)


def need(frame: pd.DataFrame, call: str, columns: Sequence[str]) -> None:
    """Raise `FrameError` where a frame lacks a column, naming those it has and the fix."""
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        noun = "column" if len(lacking) == 1 else "columns"
        raise FrameError(
            f"{call} needs the {noun} {formats.joined(map(repr, lacking))}; the frame has "
            f"{formats.joined(map(str, frame.columns)) or 'none'}. Fix: keep the {noun} when selecting, or give it "
            "the frame of section.measure(…)."
        )


def measure_of(frame: pd.DataFrame, call: str) -> Measure:
    """The one measure that a frame holds. Raises `FrameError` for none or several, `UnknownMeasureError`."""
    names = list(frame["measure"].unique()) if "measure" in frame else [frame.attrs.get("measure")]
    names = [name for name in names if name]
    if len(names) == 1:
        return measures.registry()[str(names[0])]
    if not names:
        raise FrameError(
            f"{call} cannot tell which measure the frame holds. Fix: keep the column 'measure' when selecting."
        )
    raise FrameError(
        f"{call} draws one measure and the frame holds {formats.joined(map(str, names))}. "
        f"Fix: choose one, as in frame.query(\"measure == '{names[0]}'\")."
    )


def dimension_of(frame: pd.DataFrame, measure: Measure) -> dict[str, Any]:
    """The breakdown at which a frame stands: of each dimension the one value that its rows have."""
    known = dict(frame.attrs.get("dimension", {}))
    found: dict[str, Any] = {}
    for name in measure.breakdowns:
        if name in known:
            found[name] = known[name]
        elif name in frame and frame[name].nunique() == 1:
            found[name] = frame[name].iloc[0]
    return found


def varying(frame: pd.DataFrame, measure: Measure) -> list[str]:
    """The breakdowns of which a frame holds more than one value."""
    return [name for name in measure.breakdowns if name in frame and frame[name].nunique() > 1]


def day_of(value: Any, frame: pd.DataFrame, call: str) -> pd.Timestamp:
    """The day that a cell wrote. Raises `FrameError` for a year alone, with the frame's day in it, and for no day."""
    try:
        day = pd.Timestamp(value)
    except (ValueError, TypeError):
        day = pd.NaT
    year = re.fullmatch(r"\d{4}", str(value))
    if day is not pd.NaT and not year:
        return day
    days = sorted(frame["period_end"].dropna().unique())
    within = [item for item in days if year and item.year == int(year[0])] or days[-1:]
    example = f', as in "{within[-1]:%Y-%m-%d}"' if within else ""
    what = "is a year, and a period is named by its last day" if year else "is no day"
    raise FrameError(f"{call}: {value!r} {what}. Fix: write a day of the frame's column period_end{example}.")


def one_period(rows: Given, call: str) -> pd.Timestamp:
    """The period of a frame that must hold one, a row a force. Raises `FrameError` naming the filter that it lacks."""
    days = sorted(rows.frame["period_end"].unique())
    if len(days) > 1:
        raise FrameError(
            f"{call} draws one period and the frame has {len(days)}, from {days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d}. "
            'Fix: choose one, as in rates[rates["period_end"] == section.year_of(rates)].'
        )
    one_each(rows, call)
    return days[0]


def one_each(rows: Given, call: str) -> None:
    """Raise `FrameError` where a force has two rows for one period: a breakdown is not chosen yet."""
    if not rows.frame.duplicated(["force_code", "period_end"]).any():
        return
    names = varying(rows.frame, rows.measure)
    example = (
        f"frame.query(\"{names[0]} == '{rows.frame[names[0]].iloc[0]}'\")" if names else "drop_duplicates()"
    )
    raise FrameError(
        f"{call}: a force has two rows for one period. Fix: choose one value of the breakdown, as in {example}."
    )


def slug(text: str) -> str:
    """A text as part of an id: small letters, digits and underscores."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
