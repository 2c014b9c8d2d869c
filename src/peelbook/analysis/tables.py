"""`show`: a frame as readers see it, with plain headings, rounded numbers and its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from peelbook import blocks, formats, measures
from peelbook.analysis import frames
from peelbook.errors import FrameError

if TYPE_CHECKING:
    from peelbook.analysis.context import Section
    from peelbook.measures import Measure

#: The most rows of one table on a page; a longer frame is for a chart, whose card holds all rows.
MOST = 50

# Columns that repeat what the caption or another column says.
_SPARE = {"measure", "force_code", "region", "year", "in_averages"}
_HEADS = {
    "force": "Force",
    "region": "Region",
    "low": "95% interval, lower",
    "high": "95% interval, upper",
    "mean_of_forces": "Mean of forces",
    "england_and_wales": "England and Wales",
    "rank": "Rank",
    "rank_low": "Rank, 95% interval, best",
    "rank_high": "Rank, 95% interval, worst",
    "lower_limit": "Lower limit",
    "upper_limit": "Upper limit",
    "group_count": "Count of the group",
    "group_population_count": "Residents of the group",
    "reference_count": "Count of the reference group",
    "reference_population_count": "Residents of the reference group",
    "group_rate": "Rate of the group",
    "reference_rate": "Rate of the reference group",
    "difference_low": "Difference, 95% interval, lower",
    "difference_high": "Difference, 95% interval, upper",
    "ratio_least": "Ratio, at least",
    "ratio_most": "Ratio, at most",
    "difference_mid_year": "Difference, first estimate of residents",
    "difference_newest": "Difference, newest estimate",
    "verdict": "Against the other forces",
    "what": "What the report prints",
    "whose": "Of",
    "printed": "As printed",
    "heading": "What was looked for",
    "finding": "A standard met, or a fault",
    "partnership": "Community safety partnership",
    "offences_count": "Offences recorded",
    "incidents_count": "Incidents recorded",
    "officers_fte": "Officers, full-time equivalent",
    "calls_count": "Calls received",
    "mean_answer_seconds": "Mean time to answer, seconds",
}
_VALUES = (
    "value",
    "low",
    "high",
    "mean_of_forces",
    "england_and_wales",
    "lower_limit",
    "upper_limit",
    "ratio_least",
    "ratio_most",
)
#: Columns that are read against one another: rates for each 1,000 residents and their differences.
_ALIKE = ("group_rate", "reference_rate", "difference", "difference_mid_year", "difference_newest")
_ENDS = ("difference_low", "difference_high")


def show(
    frame: pd.DataFrame,
    caption: str,
    *,
    units: Mapping[str, str] | None = None,
    sources: Sequence[str] = (),
    empty: str = "",
) -> blocks.Block:
    """Show a frame as a table: its first column heads the rows, codes are left out, numbers are rounded.

    `frame` is one of `section.measure(…)`, `section.table(…)` or any that a cell made of it; `caption` says what the
    table shows. `units` names the unit of columns that a cell made (`{"find_rate": "%"}` prints 0.186 as 18.6%; `£`
    prints pounds). `sources` are the tables of `data/` that it was made of, where a merge has lost them. A frame
    without rows gives the note that says why; `empty` are the words for it where only the cell can know.

    Returns a block. Raises `FrameError` for something else than a frame, for an empty caption, for a unit of a column
    that is not there.

    >>> from peelbook.analysis import open_section, show
    >>> section = open_section("police_powers", force="kent")
    >>> me = section.me
    >>> rates = section.measure("stop_search_rate")
    >>> table = show(rates.query("force == @me").tail(5), "Searches per 1,000 residents")
    >>> len(table.content["rows"])
    5
    """
    if (note := frames.note_of(frame, "show", sources, empty)) is not None:
        return note
    if not isinstance(caption, str) or not caption.strip():
        raise FrameError(
            'show: the table has no caption. Fix: say what it shows, as in show(frame, "Searches").'
        )
    if unknown := [name for name in units or {} if name not in frame]:
        frames.need(frame, "show", unknown)
    section = frames.section_of(frame, "show")
    tables = tables_of(origin_of(frame, section), section, sources)
    rows = frame.reset_index() if frame.index.name or isinstance(frame.index, pd.MultiIndex) else frame
    caption, rows = _into_caption(caption, rows)
    rows = _with_interval(rows.head(MOST))
    columns = columns_of(rows, units or {})
    cells = [[write(value) for value in rows[name].tolist()] for name, (_, write, _) in columns.items()]
    return blocks.table(
        caption,
        [head for head, _, _ in columns.values()],
        [list(row) for row in zip(*cells, strict=True)],
        numeric=[numeric for _, _, numeric in columns.values()],
        source=source_line(section, tables),
        notes=[f"The first {MOST} of {formats.number(len(frame))} rows."] if len(frame) > MOST else [],
        tables=tables,
    )


def _into_caption(caption: str, frame: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """The force and the period go into the caption where all rows have the same, and not into each row.

    What heads the rows stays: without any other text a row is its force, or its period.
    """
    parts, attrs, measure = [caption.strip()], dict(frame.attrs), _measure(frame)
    texts = [
        name
        for name in frame.columns
        if name not in _SPARE and not pd.api.types.is_numeric_dtype(frame[name])
    ]
    for name in ("force", "period_end"):
        if name not in texts or texts == [name] or frame[name].nunique() != 1 or frame[name].isna().any():
            continue
        value = frame[name].iloc[0]
        parts.append(str(value) if name == "force" else _period_name(frame, measure, value))
        same = {"force": "force_code", "period_end": "year"}[name]
        frame = frame.drop(columns=[name, *([same] if same in frame else [])])
        texts.remove(name)
    frame.attrs = attrs
    return ", ".join(parts), frame


def _period_name(frame: pd.DataFrame, measure: Measure | None, day: Any) -> str:
    if measure is not None:
        return measure.period_name(day)
    basis = _basis(frame, measure)
    return formats.period(day, basis) if basis else f"to {formats.date(day)}"


def _with_interval(frame: pd.DataFrame) -> pd.DataFrame:
    """One column for both ends of an interval, as the pages write it."""
    measure = _measure(frame)
    if "difference_low" in frame:
        frame = _joined_ends(
            frame, "difference_low", "difference_high", "Difference, 95% interval", _numbers(frame)
        )
    shares = "measure" not in frame and {"numerator", "denominator"} <= set(frame.columns)
    if not {"low", "high"} <= set(frame.columns) or (measure is None and not shares):
        return frame
    write = formats.percent if measure is None else measure.format
    return _joined_ends(frame, "low", "high", "95% interval", write)


def _joined_ends(frame: pd.DataFrame, low: str, high: str, head: str, write: Write) -> pd.DataFrame:
    """The frame with both ends of an interval in one column of text; as it is without them."""
    if not {low, high} <= set(frame.columns):
        return frame
    words = [
        "" if formats.is_missing(ends[0]) else formats.interval(*ends, write)
        for ends in zip(frame[low], frame[high], strict=True)
    ]
    rest = frame.drop(columns=[low, high])
    if any(words):
        rest.insert(list(frame.columns).index(low), head, words)
    rest.attrs = dict(frame.attrs)
    return rest


def tables_of(
    origin: Origin, section: Section, sources: Sequence[str] = (), call: str = "show"
) -> tuple[str, ...]:
    """The tables of `data/` that a frame of this origin rests on, of those that are here.

    Those of its measures, those that `sources` adds, and those of which it holds columns after a merge. Raises
    `FrameError` where a merge has added figures that cannot be told: a source would be missing unseen.
    """
    if origin.unknown and not sources:
        noun = "column" if len(origin.unknown) == 1 else "columns"
        raise FrameError(
            f"{call} cannot tell where the {noun} {formats.joined(map(repr, origin.unknown))} of a merged frame come "
            'from. Fix: name the tables of all its columns, as in sources=["stop_search", "use_of_force"].'
        )
    found = [table for name in origin.measures for table in measures.registry()[name].tables]
    return tuple(
        name for name in dict.fromkeys([*found, *sources, *origin.tables]) if section.catalogue.has(name)
    )


@dataclass(frozen=True)
class Origin:
    """What a frame was made of: measures, further tables, and columns of figures that nobody can tell."""

    measures: tuple[str, ...]
    tables: tuple[str, ...]
    unknown: tuple[str, ...]


def origin_of(frame: pd.DataFrame, section: Section) -> Origin:
    """What a frame was made of: as it says itself, and by the figures in its columns.

    pandas drops `attrs` where frames of two sources are merged, and the column `measure` is that of one of them. A
    column with the figures of a frame that the section has given comes from that one, whatever its name is now.
    """
    named = list(frame["measure"].unique()) if "measure" in frame else [frame.attrs.get("measure")]
    known = {str(name): None for name in named if name}
    tables = {frame.attrs["table"]: None} if "table" in frame.attrs and not known else {}
    whole = "section" in frame.attrs or not known
    unknown = []
    for column, values in _further_figures(frame, list(known)).items():
        telling = _telling(values)
        # What is known already comes first: a column of it need not be looked for in the other frames.
        handed = sorted(
            section.handed.values(),
            key=lambda given: (
                given.attrs.get("measure") not in known and given.attrs.get("table") not in tables
            ),
        )
        if len(telling):
            found = next((given for given in handed if _holds(given, telling)), None)
        else:
            found = next((given for given in handed if _agrees(given, frame, column)), None)
        if found is not None:
            attrs = found.attrs
            (known if "measure" in attrs else tables)[attrs.get("measure") or attrs["table"]] = None
        elif not whole and len(telling):
            unknown.append(column)
    return Origin(tuple(known), tuple(tables), tuple(unknown))


def _further_figures(frame: pd.DataFrame, known: Sequence[str]) -> dict[str, pd.Series]:
    """The columns of figures that a frame of these measures does not have by itself."""
    usual = {"year", "share"}
    if known:
        usual |= {*frames.COLUMNS, *frames.COMPARED, *frames.DISPARITY, "ratio_least", "ratio_most"}
    for name in known:
        measure = measures.registry()[name]
        usual |= {*measure.breakdowns, *measure.kind.columns}
    return {
        str(name): values
        for name, values in frame.items()
        if name not in usual
        and pd.api.types.is_numeric_dtype(values)
        and not pd.api.types.is_bool_dtype(values)
    }


def _telling(values: pd.Series) -> np.ndarray:
    """The figures of a column that stand in few others: small whole numbers do not say where they come from."""
    figures = values.dropna().to_numpy(dtype=float)
    return figures[(figures % 1 != 0) | (abs(figures) >= _LARGE)]


#: Whole numbers below this are the same in too many columns.
_LARGE = 1000


def _holds(given: pd.DataFrame, telling: np.ndarray) -> bool:
    """Whether telling figures all stand in one column of a frame."""
    columns = given.select_dtypes("number").drop(columns="year", errors="ignore")
    figures = columns.to_numpy(dtype=float, na_value=np.nan)
    likely = (figures == telling[0]).any(axis=0)  # most columns lack the first one already
    return any(np.isin(telling, column).all() for column in figures.T[likely])


def _agrees(given: pd.DataFrame, frame: pd.DataFrame, column: str) -> bool:
    """Whether a column has, for each force and period, a figure that one column of another frame has there too.

    It tells small whole numbers, where one force has few: that some forces have large ones is no reason for another
    list of sources on their pages.
    """
    keys = ["force", "period_end"]
    if not {*keys} <= {*frame.columns} & {*given.columns}:
        return False
    figures = frame[[*keys, column]].dropna().astype({column: float})
    if len(figures) < _ENOUGH or not figures[column].any():
        return False
    there = given.select_dtypes("number").drop(columns="year", errors="ignore").astype(float)
    there.columns = range(there.shape[1])  # whatever they are called, none has the name of the column
    there = there.assign(force=given["force"], period_end=given["period_end"])
    both = figures.assign(row=range(len(figures))).merge(
        there[there["force"].isin(figures["force"].unique())], on=keys
    )
    same = both[list(range(there.shape[1] - 2))].eq(both[column], axis=0)
    return bool((same.groupby(both["row"]).any().sum() == len(figures)).any())


#: As many figures must agree before a column counts as known: one or two small numbers do by chance.
_ENOUGH = 3


def source_line(section: Any, tables: tuple[str, ...]) -> str:
    """The publishers of some tables in one line; empty for none."""
    names = [item.publisher for item in section.provenance(tables) if item.publisher]
    return f"Source: {'; '.join(dict.fromkeys(names))}." if names else ""


Write = Callable[[Any], str]


def columns_of(frame: pd.DataFrame, units: Mapping[str, str]) -> dict[str, tuple[str, Write, bool]]:
    """The columns of a frame that readers see: heading, how a cell is written, and whether it holds numbers."""
    measure = _measure(frame)
    found: dict[str, tuple[str, Write, bool]] = {}
    for name in frame.columns:
        needed = name in ("force_code", "region") and "force" not in frame and "measure" not in frame
        needed = needed or (name == "year" and "period_end" not in frame and "measure" not in frame)
        if (name in _SPARE and not needed) or (name in ("low", "high") and frame[name].isna().all()):
            continue
        found[str(name)] = _column(frame, str(name), measure, units)
    # The first column heads the rows: what is the same in all of them says nothing there.
    lead = [name for name in found if not found[name][2]]
    several = [name for name in lead if frame[name].nunique() > 1][:2] or lead[:1]
    order = [*several, *(name for name in found if name not in several)]
    return {name: found[name] for name in order}


def _measure(frame: pd.DataFrame) -> Measure | None:
    names = list(frame["measure"].unique()) if "measure" in frame else [frame.attrs.get("measure")]
    return measures.registry()[str(names[0])] if len(names) == 1 and names[0] else None


def head_of(name: str) -> str:
    """A column's name as a heading: `arrest_rate` is "Arrest rate", `searches_count` "Searches"."""
    words = name.removesuffix("_count") or name
    return _HEADS.get(name, words[:1].upper() + words[1:].replace("_", " "))


def _column(
    frame: pd.DataFrame, name: str, measure: Measure | None, units: Mapping[str, str]
) -> tuple[str, Write, bool]:
    head = head_of(name)
    values = frame[name]
    if name in units or name == "share":  # which is 0 to 1 in every frame of this book
        return head, formats.of_unit(units.get(name, "%"), 1), True
    if pd.api.types.is_datetime64_any_dtype(values):
        return day_column(values, _basis(frame, measure))
    if name == "value" and measure is not None:
        share = measure.unit == "%" and not measure.kind.named
        return "Share" if share else measure.label, measure.format, True
    counted = measure is None and "measure" not in frame and {"numerator", "denominator"} <= set(frame)
    if counted and name in ("value", "low", "high"):
        return {"value": "Share"}.get(name, head), formats.percent, True
    if name in _VALUES and measure is not None:
        return head, measure.format, True
    if name.startswith("value_") and (merged := _merged(frame, values)) is not None:
        return merged.label, merged.format, True
    if name in ("numerator", "denominator"):
        part = getattr(measure, name, None)
        return (
            (str(part) if part else {"numerator": "Cases", "denominator": "Of"}[name]),
            _numbers(values),
            True,
        )
    if name.endswith("95% interval"):
        return head, str, True
    if pd.api.types.is_bool_dtype(values):
        return head, lambda value: "yes" if value else "no", False
    if name == "year":
        return head, lambda value: str(int(value)), False
    if pd.api.types.is_numeric_dtype(values):
        return head, _numbers(frame if name in (*_ALIKE, *_ENDS) else values), True
    return head, lambda value: formats.MISSING if pd.isna(value) else str(value), False


def _merged(frame: pd.DataFrame, values: pd.Series) -> Measure | None:
    """The measure whose values a merge has put into a column of its own, such as `value_x` or `value_force`."""
    telling = _telling(values)
    if not pd.api.types.is_numeric_dtype(values) or not len(telling):
        return None
    for given in frames.section_of(frame, "show").handed.values():
        measure = _measure(given)
        if measure is not None and _holds(given[["value"]], telling):
            return measure
    return None


def is_monthly(frame: pd.DataFrame) -> bool:
    """Whether a frame holds a table of months as it is, not a measure that sums them."""
    table = None if "measure" in frame or frame.attrs.get("measure") else frame.attrs.get("table")
    parts = (part for item in measures.registry().values() for part in (item.numerator, item.denominator))
    return any(part is not None and part.table == table and part.every == "month" for part in parts)


def _basis(frame: pd.DataFrame, measure: Measure | None) -> str:
    """What a frame's periods are, as a key of `formats.PERIODS`; empty where its table does not say."""
    if measure is not None:
        return measure.period
    if is_monthly(frame):
        return "month"
    table = None if "measure" in frame else frame.attrs.get("table")
    used = {
        (item.period, part.every)
        for item in measures.registry().values()
        for part in (item.numerator, item.denominator)
        if part is not None and part.table == table
    }
    if used in ({("year", "")}, {("stock", "")}):
        return used.pop()[0]
    days = frame["period_end"] if "period_end" in frame else pd.Series(dtype="datetime64[s]")
    return "month" if not used and _are_months(days) else ""


def _are_months(days: pd.Series) -> bool:
    """Whether the days of a table that no measure reads are the last of months that follow on one another."""
    known = pd.Series(sorted(days.dropna().unique()))
    return (
        len(known) > 2
        and bool(known.dt.is_month_end.all())
        and known.diff().median() <= pd.Timedelta(days=31)
    )


def day_column(values: pd.Series, basis: str) -> tuple[str, Write, bool]:
    """A column of days, named by what is counted over (a key of `formats.PERIODS`); years that end on one day are years."""
    if basis == "month":
        return "Month", formats.month, False
    head = {"year": "Year ending", "quarter": "Quarter ending", "stock": "Day"}.get(basis, "Period to")
    ends = {(day.month, day.day) for day in values.dropna()}
    if head in ("Year ending", "Day") and len(ends) == 1 and len(values) > 1:
        day, month, _ = formats.date(values.dropna().iloc[0]).split(" ")
        return f"{head if head != 'Day' else 'On'} {day} {month}", lambda day: str(day.year), False
    return head, lambda day: "not given" if pd.isna(day) else formats.date(day), False


def _numbers(values: pd.Series | pd.DataFrame) -> Write:
    """How the numbers of one column are written: all with the same decimal places, as many as the largest needs.

    Of a frame, those of its columns that are read against one another.
    """
    if isinstance(values, pd.DataFrame):
        values = pd.concat([values[name] for name in _ALIKE if name in values] or [pd.Series(dtype=float)])
    known = [abs(float(value)) for value in values.tolist() if not formats.is_missing(value)]
    if all(value.is_integer() for value in known):
        return formats.number
    largest = max(known)
    decimals = 1 if largest >= 10 else 2 if largest >= 1 else 3
    return lambda value: formats.number(value, decimals)
