"""The kinds of chart, each from the frame that the reader has just seen.

A chart takes its label, unit, rounding, source, notes and the names of its downloads from the frame's measure and
section, so a cell passes nothing of the kind. It is called as

    charts.ski_slope(frame, mark=None, lines=None, printed=None, title="")

`mark` is the force in front, by default the section's: a `Force`, or any of its names. `lines` are values to compare
with, as `{label: value}`; by default the averages, `{}` for none. `printed` is what `section.printed` gave, and is
marked where it is of the same period. `title` replaces the title that the measure has.

Every chart returns a card, or, for a frame without rows, the note that says which publication would fill it. It raises
`FrameError`, which names the cell's fix, for a frame without a column that it needs, of several measures, of several
periods where it draws one, or of several values of a breakdown where it draws one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from peelbook import blocks, compare, formats, measures, narrative, stats, xmr
from peelbook.analysis import frames, tables
from peelbook.analysis.context import Printed
from peelbook.errors import FrameError
from peelbook.figures import _layout
from peelbook.figures._chart import Chart
from peelbook.sections import all_sections

#: Colours for a chart of one's own: the force in front, all others, text on white.
FOCUS, REST, TEXT = _layout.FOCUS, _layout.REST, _layout.TEXT

Card = Chart | blocks.Block

_ALL = "England and Wales"


def name_points(axes: Any, rows: pd.DataFrame, x: str, y: str, names: str = "force") -> None:
    """Write the name of each row beside its point, in a drawing of one's own: colour alone would not tell it.

    `axes` are matplotlib's, `rows` the rows to name, usually those of the section's force, `x` and `y` the columns
    that are drawn and `names` the column of the names. A row without a value has no name. Call it when all is drawn.

    >>> from matplotlib.figure import Figure
    >>> from peelbook.analysis import charts, open_section
    >>> section = open_section("police_powers", force="kent")
    >>> rates = section.measure("stop_search_rate")
    >>> year = rates[rates["period_end"] == section.year_of(rates)]
    >>> axes = Figure().subplots()
    >>> points = axes.scatter(year["denominator"], year["value"])
    >>> charts.name_points(axes, year[year["force_code"] == section.force.code], "denominator", "value")
    >>> [text.get_text() for text in axes.texts]
    ['Kent']
    """
    within = axes.transData + axes.transAxes.inverted()
    for row in rows.dropna(subset=[x, y]).to_dict("records"):
        point = (axes.convert_xunits(row[x]), axes.convert_yunits(row[y]))
        side, gap = ("right", -7) if within.transform(point)[0] > 0.75 else ("left", 7)
        style = {"ha": side, "color": FOCUS, "weight": "bold", "zorder": 5}
        axes.annotate(str(row[names]), point, (gap, 5), textcoords="offset points", **style)


def ski_slope(
    frame: pd.DataFrame,
    *,
    mark: Any = None,
    lines: Mapping[str, float] | None = None,
    printed: Printed | None = None,
    title: str = "",
) -> Card:
    """Rank all forces of one period as columns, with one marked and the averages as lines.

    `frame` holds one period of a measure, a row a force.

    >>> from peelbook.analysis import charts, open_section
    >>> section = open_section("police_powers", force="kent")
    >>> rates = section.measure("stop_search_rate")
    >>> charts.ski_slope(rates[rates["period_end"] == section.year_of(rates)], mark=section.force).id
    'police_powers.stop_search_rate'
    """
    from peelbook.figures.ski_slope import ski_slope as draw

    it = _one_period(frame, "charts.ski_slope", mark)
    if isinstance(it, blocks.Block):
        return it
    marked, note = it.printed(printed)
    return draw(
        it.rows,
        id=it.id(),
        title=title or it.title(),
        force=it.force,
        averages=it.averages(lines),
        printed=marked,
        numerator=str(it.measure.numerator),
        denominator=str(it.measure.denominator or ""),
        **it.words(basis=marked is not None, more=note),
    )


def trend(
    frame: pd.DataFrame,
    *,
    mark: Any = None,
    lines: Mapping[str, Any] | None = None,
    printed: Printed | Sequence[Printed | None] | None = None,
    title: str = "",
) -> Card:
    """Draw one force through time over thin lines of the others, with its gaps and their reasons.

    `frame` holds all periods of a measure. A value of `lines` is a number, or a series by `period_end`. `printed` may
    be several values, each marked at its own period.

    >>> from peelbook.analysis import charts, open_section
    >>> section = open_section("police_powers", force="kent")
    >>> charts.trend(section.measure("stop_search_rate")).id
    'police_powers.stop_search_rate_trend'
    """
    from peelbook.figures.trend import trend as draw

    it = _given(frame, "charts.trend", mark)
    if isinstance(it, blocks.Block):
        return it
    frames.one_each(it.found, "charts.trend")
    days = sorted(it.rows["period_end"].unique())
    values = [printed] if isinstance(printed, Printed) else list(printed or ())
    marks = [(v.period_end, float(v), v.whose) for v in values if v is not None and not pd.isna(v.period_end)]
    spans = f"{it.measure.period_name(days[0])} to {formats.date(days[-1])}"
    return draw(
        it.rows,
        id=it.id("trend"),
        title=title or f"{it.label}, {spans}{it.section.age(days[-1])}",
        force=it.force,
        averages=it.lines_through_time(lines, days),
        gaps=it.gaps(days),
        printed=marks,
        time=it.measure.period,
        **it.words(basis=bool(marks), over_time=True, more=it.hidden(frame, days)),
    )


def process(
    frame: pd.DataFrame,
    column: str,
    *,
    label: str,
    season: bool = False,
    baseline: tuple[Any, Any] | None = None,
    mark: Any = None,
    unit: str = "",
    decimals: int = 0,
    title: str = "",
    name: str = "",
    sources: Sequence[str] = (),
) -> Card:
    """Draw a force's months or quarters against the limits of a baseline: an XmR chart, with its signals.

    `frame` has `force_code`, `period_end` and `column`, a row a force and period. `label`, `unit` and `decimals` say
    what the column is, `season` whether to take out what recurs each year. `baseline` are the first and last day of
    the periods that mean and limits come from; by default the five years before the last one, or as many as there
    are. The rules are those of `peelbook.xmr`. `name` ends the chart's id, `sources` are as in `show`.

    A series too short for limits gives a note.

    >>> from peelbook.analysis import charts, open_section
    >>> section = open_section("responding_to_the_public", force="kent")
    >>> crimes = section.table("recorded_crime")
    >>> crimes = crimes.groupby(["force_code", "period_end"], as_index=False)["offences_count"].sum()
    >>> charts.process(crimes, "offences_count", label="Recorded crimes", season=True).id
    'responding_to_the_public.offences_count_process'
    """
    from peelbook.figures.process_chart import process_chart as draw

    call = "charts.process"
    if (note := frames.note_of(frame, call, sources)) is not None:
        return note
    frames.need(frame, call, ("force_code", "period_end", column))
    section = frames.section_of(frame, call)
    force = _force(section, mark)
    own = frame[frame["force_code"] == force.code].dropna(subset=[column])
    if own.duplicated("period_end").any():
        raise FrameError(
            f"{call}: the force has two rows for one period. Fix: add them up, as in "
            f'frame.groupby(["force_code", "period_end"], as_index=False)["{column}"].sum().'
        )
    known = tables.tables_of(tables.origin_of(frame, section), section, sources, call)
    if own.empty:
        recorded = dict.fromkeys(filter(None, (section.catalogue.gap(name, force.code) for name in known)))
        lines = list(recorded) or [f"{label}: the table has no month or quarter of this force."]
        return blocks.note(frames.nothing_for(force), lines, tables=known)
    series = _series(own, column)
    tested_periods = 12 if series.time == "month" else 4
    if baseline is None:  # What came before says nothing of the limits, and all of it would be signals.
        series = replace(series, rows=series.rows.tail(6 * tested_periods).reset_index(drop=True))
    inside = series.inside(baseline, tested_periods)
    if inside.sum() < xmr.LEAST:
        held = f"{int(inside.sum())} {series.time}{'' if inside.sum() == 1 else 's'}"
        return blocks.note(
            f"No limits for {force.full_name}",
            [
                f"{label}: limits need a baseline of {xmr.LEAST} {series.time}s before the last year; here are {held}."
            ],
            tables=known,
        )
    values = series.rows["value"].to_numpy(dtype=float)
    if season:
        values = xmr.without_season(values, series.rows["period_end"].dt.month.tolist(), inside)
    adjusted = not np.array_equal(values, series.rows["value"].to_numpy(), equal_nan=True)
    widened = xmr.season_widening(inside.sum() / tested_periods) if adjusted else 1.0
    most = 1 if unit == "%" else float("inf")
    found = xmr.behaviour(values, inside, low=0, high=most, carried=True, widened=widened)
    days = list(series.rows["period_end"])
    ends = [days[place] for place in (int(inside.argmax()), len(inside) - 1 - int(inside[::-1].argmax()))]
    span = [formats.period(day, series.time) for day in (days[0], days[-1])]
    sentence = narrative.process(found, days, tested_periods, series.time)
    rules = (
        f"Baseline: {formats.period(ends[0], series.time)} to {formats.period(ends[1], series.time)}. The limits lie "
        "three standard deviations from its mean. Signals: a value beyond a limit, and three of four nearer a limit "
        "than the mean. How often they are false stands on the page of methods."
    )
    return draw(
        series.rows,
        found,
        id=f"{section.stem}.{name or column}_process",
        title=title
        or f"{label} by {series.time}, {span[0]} to {formats.date(days[-1])}{section.age(days[-1])}",
        force=force,
        label=label,
        unit=unit,
        decimals=decimals,
        provenance=section.provenance(known),
        period=" to ".join(span),
        time=series.time,
        adjusted=adjusted,
        notes=[sentence, rules],
    )


@dataclass(frozen=True)
class _Series:
    """A force's series with a row for each month or quarter from the first to the last, and which of the two."""

    rows: pd.DataFrame
    time: str

    def inside(self, baseline: tuple[Any, Any] | None, tested_periods: int) -> np.ndarray:
        """Which periods are the baseline's: those between two days, else all before the last `tested_periods`."""
        days = self.rows["period_end"]
        if baseline is not None:
            first, last = (frames.day_of(day, self.rows, "charts.process") for day in baseline)
            return ((days >= first) & (days <= last) & self.rows["value"].notna()).to_numpy()
        places = np.arange(len(days))
        return (places < len(days) - tested_periods) & self.rows["value"].notna().to_numpy()


def _series(rows: pd.DataFrame, column: str) -> _Series:
    """The values of one force in the order of time, with a row for each missing month or quarter."""
    own = rows.sort_values("period_end")[["period_end", column]].rename(columns={column: "value"})
    days = own["period_end"].drop_duplicates()
    time = "month" if len(days) < 2 or days.diff().min() < pd.Timedelta(days=60) else "quarter"
    step = 1 if time == "month" else 3
    every = pd.date_range(days.iloc[0], days.iloc[-1], freq=pd.offsets.MonthEnd(step))
    filled = pd.DataFrame({"period_end": every.astype(days.dtype)}).merge(own, on="period_end", how="left")
    return _Series(filled, time)


def funnel(frame: pd.DataFrame, *, mark: Any = None, title: str = "") -> Card:
    """Draw all forces of one period against their size, with limits that allow for chance and the usual spread.

    `frame` holds one period of a rate or share, with its counts. Where limits hardly depend on size
    (`peelbook.compare.Funnel.by_size`) the forces stand in the order of their values, with the same limits. Too few
    forces for limits give a note. Raises `FrameError` for another kind of measure.

    >>> from peelbook.analysis import charts, open_section
    >>> section = open_section("police_powers", force="kent")
    >>> rates = section.measure("stop_search_rate")
    >>> charts.funnel(rates[rates["period_end"] == section.year_of(rates)]).id
    'police_powers.stop_search_rate_funnel'
    """
    from peelbook.figures.funnel import funnel as draw

    it = _one_period(frame, "charts.funnel", mark, columns=("numerator", "denominator"))
    if isinstance(it, blocks.Block):
        return it
    if not it.measure.kind.tested:
        raise FrameError(
            f"charts.funnel: a {it.measure.kind} has no limits by size. Fix: use charts.ski_slope for {it.measure.id}."
        )
    if len(it.rows) <= compare.LEAST_FOR_LIMITS:
        return blocks.note(
            f"No funnel of {len(it.rows)} forces",
            [
                f"The usual spread between forces needs more than {compare.LEAST_FOR_LIMITS} of them. "
                "Fix: use charts.ski_slope, or a period with more forces."
            ],
        )
    found = compare.funnel(it.found.frame, it.day)
    curves = found.curves.rename(columns={"size": "denominator"} | {
        f"{end}_{limit}": f"{name}_{limit}"
        for end, name in (("low", "lower"), ("high", "upper"))
        for limit in ("95", "998")
    })  # fmt: skip
    return draw(
        it.rows[~it.rows["force_code"].isin(found.averages.excluded)],
        curves,
        id=it.id("funnel"),
        title=title
        or f"{it.label}{' against size' if found.by_size else ', with limits'}, {it.period}{it.section.age(it.day)}",
        by_size=found.by_size,
        force=it.force,
        size_label=str(it.measure.denominator),
        target=found.target,
        target_label="Middle of forces",
        numerator=str(it.measure.numerator),
        **it.words(more=_spread(found.dispersion)),
    )


def _spread(dispersion: stats.Dispersion) -> str:
    """How far the forces differ beyond chance, as the limits of a funnel take it."""
    times = float(f"{dispersion.phi:.2g}")
    if times <= 1:
        return "Forces differ by no more than chance alone would bring."
    return (
        f"The variance between forces is {formats.number(times, 0 if times >= 10 else 1)} times what chance alone "
        "would bring (φ); the limits allow for it."
    )


def tile_map(
    frame: pd.DataFrame, *, mark: Any = None, lines: Mapping[str, float] | None = None, title: str = ""
) -> Card:
    """Draw all forces of one period on the tile grid of the country, one outlined.

    >>> from peelbook.analysis import charts, open_section
    >>> section = open_section("police_powers", force="kent")
    >>> rates = section.measure("stop_search_rate")
    >>> charts.tile_map(rates[rates["period_end"] == section.year_of(rates)]).id
    'police_powers.stop_search_rate_map'
    """
    from peelbook.figures.tile_grid_map import tile_grid_map as draw

    it = _one_period(frame, "charts.tile_map", mark)
    if isinstance(it, blocks.Block):
        return it
    return draw(
        it.rows,
        id=it.id("map" if it.force is not None else ""),
        title=title or f"{it.label} by police force area, {it.period}{it.section.age(it.day)}",
        force=it.force,
        averages=it.averages(lines),
        **it.words(),
    )


def regions(
    frame: pd.DataFrame, *, mark: Any = None, lines: Mapping[str, float] | None = None, title: str = ""
) -> Card:
    """Draw all forces of one period as dots, a row for each region.

    >>> from peelbook.analysis import charts, open_section
    >>> section = open_section("police_powers", force="kent")
    >>> rates = section.measure("stop_search_rate")
    >>> charts.regions(rates[rates["period_end"] == section.year_of(rates)]).id
    'police_powers.stop_search_rate_regions'
    """
    from peelbook.figures.region_strip import region_strip as draw

    it = _one_period(frame, "charts.regions", mark)
    if isinstance(it, blocks.Block):
        return it
    return draw(
        it.rows,
        id=it.id("regions"),
        title=title or f"{it.label} by region, {it.period}{it.section.age(it.day)}",
        averages=it.averages(lines),
        leave_out=it.measure.excluded,
        **{name: value for name, value in it.words().items() if name != "basis"},
    )


def dot(
    frame: pd.DataFrame, *, mark: Any = None, lines: Mapping[str, float] | None = None, title: str = ""
) -> Card:
    """Draw a few forces of one period, each with its value and interval: the force beside its neighbours.

    `frame` is that of `compare.beside`, of one period.

    >>> from peelbook.analysis import charts, compare, open_section
    >>> section = open_section("police_powers", force="kent")
    >>> rates = section.measure("stop_search_rate")
    >>> year = rates[rates["period_end"] == section.year_of(rates)]
    >>> charts.dot(compare.beside(year, ["surrey", "sussex"])).id
    'police_powers.stop_search_rate_beside'
    """
    from peelbook.figures.dot_plot import dot_plot as draw

    it = _one_period(frame, "charts.dot", mark)
    if isinstance(it, blocks.Block):
        return it
    return draw(
        it.rows,
        id=it.id("beside"),
        title=title or it.title(),
        force=it.force,
        averages={} if lines is None else lines,
        **it.words(),
    )


def small_multiples(frame: pd.DataFrame, *, mark: Any = None, title: str = "", label: str = "") -> Card:
    """Draw a panel for each value of a breakdown: the force beside England and Wales, through time.

    `frame` is that of `section.measure(…, by="offence_group")`, all periods. `label` heads the panels, by default
    the measure's.

    >>> from peelbook.analysis import charts, open_section
    >>> section = open_section("police_powers", force="kent")
    >>> charts.small_multiples(section.measure("stop_search_ethnicity_rate", by="ethnicity")).id
    'police_powers.stop_search_ethnicity_rate_by_ethnicity'
    """
    from peelbook.figures.small_multiples import small_multiples as draw

    call = "charts.small_multiples"
    it = _given(frame, call, mark)
    if isinstance(it, blocks.Block):
        return it
    by = it.by(call)
    parts = []
    for value, panel in it.found.frame.groupby(by, sort=False, observed=True):
        panel.attrs = dict(it.found.frame.attrs)
        own = panel[panel["force_code"] == it.force.code][["period_end", "value"]]
        means = compare.averages_through_time(panel).merge(own, on="period_end", how="left")
        parts.append(means.assign(panel=str(value)))
    rows = pd.concat(parts, ignore_index=True)
    # Without all forces in any period there is no line of England and Wales.
    average = "mean_of_forces" if rows["pooled"].isna().all() else "pooled"
    rows = rows.rename(columns={average: "average"})
    if rows["value"].isna().all():
        return it.section.gap_note(it.measure.id, it.found.dimension)
    days = sorted(rows["period_end"].unique())
    words = it.words(over_time=True)
    del words["forces"]
    words["label"] = label or it.label
    words["period"] = f"{it.measure.period_name(days[0])} to {it.measure.period_name(days[-1])}"
    spans = f"{it.measure.period_name(days[0])} to {formats.date(days[-1])}"
    return draw(
        rows,
        id=it.id(f"by_{by}"),
        title=title or f"{it.label} by {by.replace('_', ' ')}, {spans}{it.section.age(days[-1])}",
        force=it.force,
        average="England and Wales" if average == "pooled" else "Mean of forces",
        time=it.measure.period,
        **words,
    )


def disparity(
    frame: pd.DataFrame,
    *,
    mark: Any = None,
    printed: Mapping[str, Printed | None] | None = None,
    title: str = "",
) -> Card:
    """Draw the ratio of each group's rate to that of the reference group, for the force and England and Wales.

    `frame` is one period of `section.measure("disparity_ratio", by="ethnicity")`, all forces. `printed` maps a group
    to the report's own ratio. England and Wales is total over total; where forces have no figure, their number is named instead.

    >>> from peelbook.analysis import charts, open_section
    >>> section = open_section("police_powers", force="kent")
    >>> ratios = section.measure("disparity_ratio", by="ethnicity")
    >>> charts.disparity(ratios[ratios["period_end"] == section.year_of(ratios)]).id
    'police_powers.disparity_ratio'
    """
    from peelbook.figures.disparity import disparity as draw

    call = "charts.disparity"
    it = _given(frame, call, mark, columns=(*measures.DISPARITY_COUNTS, "low", "high"))
    if isinstance(it, blocks.Block):
        return it
    day = it.only_period(call)
    by = it.by(call)
    rows = []
    for group, every in it.rows.groupby(by, sort=False, observed=True):
        own = every[every["force_code"] == it.force.code]
        total = [float(every[name].sum()) for name in measures.DISPARITY_COUNTS]
        low, high = stats.ratio_interval(*total)
        rows.append(
            {
                "group": str(group),
                "value": float(own["value"].iloc[0]) if len(own) else None,
                "lower": float(own["lower"].iloc[0]) if len(own) else None,
                "upper": float(own["upper"].iloc[0]) if len(own) else None,
                "comparator_value": (total[0] / total[1]) / (total[2] / total[3]),
                "comparator_lower": float(low),
                "comparator_upper": float(high),
            }
        )
    table = pd.DataFrame(rows)
    if table["value"].isna().all():
        return it.section.gap_note(it.measure.id, {by: it.rows[by].iloc[0]})
    found = {group: it.printed(value) for group, value in (printed or {}).items()}
    marks = {group: value for group, (value, _) in found.items() if value is not None}
    words = it.words(basis=bool(marks), more=" ".join(note for _, note in found.values() if note))
    reference = next(iter(it.measure.reference.values()), "White")
    return draw(
        table,
        id=it.id(),
        title=title
        or f"Searches of each ethnic group against {reference} people, {it.period}{it.section.age(day)}",
        force=it.force,
        printed=marks or None,
        comparator=it.together(),
        baseline=f"{reference} people",
        **{name: words[name] for name in ("provenance", "period", "notes", "basis")},
    )


def structure(frame: pd.DataFrame, *, mark: Any = None, title: str = "") -> Card:
    """Draw a force's officers by rank, women and men, as shares of all; England and Wales marked.

    `frame` is one period of a count by two breakdowns, the first with many values and the second with two, as
    `section.measure("officers_headcount", by=("rank", "sex"))`.

    `mark` is the force to show, by default the section's; `title` the heading, by default the measure and the day.
    Returns the card, or a note where the frame has no row of the force. Raises `FrameError` for a frame that is not by
    two such breakdowns, or of several periods.

    >>> from peelbook.analysis import charts, open_section
    >>> section = open_section("workforce", force="kent")
    >>> officers = section.measure("officers_headcount", by=("rank", "sex"))
    >>> card = charts.structure(officers[officers["period_end"] == section.year_of(officers)])
    >>> "Constable" in card.alt
    True
    """
    from peelbook.figures.structure import structure as draw

    call = "charts.structure"
    it = _given(frame, call, mark)
    if isinstance(it, blocks.Block):
        return it
    day = it.only_period(call)
    names = list(it.found.frame.attrs.get("by", ())) or frames.varying(it.found.frame, it.measure)
    if len(names) != 2:
        raise FrameError(
            f"{call} needs a frame by two breakdowns; this one is by {formats.joined(names) or 'none'}. "
            'Fix: use section.measure("officers_headcount", by=("rank", "sex")).'
        )
    if hidden := next(
        filter(None, (it.section.catalogue.suppressed(name, it.force.code, day) for name in it.found.tables)),
        "",
    ):
        return blocks.note(f"No figure for {it.force.full_name}", [formats.sentence(hidden)])
    names.sort(key=lambda name: -it.rows[name].nunique())
    table = it.rows.pivot_table(index=names, values="value", aggfunc="sum", sort=False, observed=True)
    own = it.rows[it.rows["force_code"] == it.force.code].set_index(names)["value"]
    counts = own.reindex(table.index).fillna(0.0)
    if not counts.sum():
        return it.section.gap_note(it.measure.id, {})
    order = [value for value in it.measure.breakdowns[names[0]] if isinstance(value, str)]
    rows = pd.DataFrame(
        {
            "category": table.index.get_level_values(0).astype("str"),
            "side": [_SIDES.get(str(value), str(value)) for value in table.index.get_level_values(1)],
            "count": counts.to_numpy(),
            "value": (counts / counts.sum()).to_numpy(),
            "comparator_value": (table["value"] / table["value"].sum()).to_numpy(),
        }
    )
    rows = rows.sort_values("category", key=lambda names: names.map(_places(order)), kind="stable")
    words = it.words()
    return draw(
        rows,
        id=it.id(f"by_{names[0]}_and_{names[1]}"),
        title=title or f"Officers by {names[0]} and {names[1]}, {it.period}{it.section.age(day)}",
        force=it.force,
        comparator=it.together(),
        label="Share of all officers",
        sides=tuple(dict.fromkeys(sorted(rows["side"], reverse=True))),
        **{name: words[name] for name in ("provenance", "period", "notes")},
    )


_SIDES = {"Female": "Women", "Male": "Men"}


def _places(order: Sequence[str]) -> dict[str, int]:
    return {value: place for place, value in enumerate(order)}


def stacked_outcomes(
    frame: pd.DataFrame, *, mark: Any = None, title: str = "", label: str = "Share of victim-based crimes"
) -> Card:
    """Draw the share of each outcome as a pair of bars, the force beside England and Wales.

    `frame` is one period of a share by one breakdown, such as `section.measure("outcome_share", by="outcome_type")`,
    all forces, and its outcomes keep their order. England and Wales is total over total of the forces that the
    averages count; an outcome without a row of a force is one that it never gave. `label` heads the axis.

    Raises `FrameError` where the shares of a force are not of one whole.

    >>> from peelbook.analysis import charts, open_section
    >>> section = open_section("investigating_crime", force="kent")
    >>> shares = section.measure("outcome_share", by="outcome_type")
    >>> card = charts.stacked_outcomes(shares[shares["period_end"] == section.year_of(shares)])
    >>> "Kent against" in card.alt
    True
    """
    from peelbook.figures.stacked_outcomes import stacked_outcomes as draw

    call = "charts.stacked_outcomes"
    it = _given(frame, call, mark, columns=("numerator", "denominator"))
    if isinstance(it, blocks.Block):
        return it
    day = it.only_period(call)
    by = it.by(call)
    own = it.rows[it.rows["force_code"] == it.force.code].set_index(by)["value"]
    counted = it.rows[~it.rows["force_code"].isin(it.measure.excluded)]
    wholes = it.rows.groupby("force_code")["denominator"]
    if (wholes.nunique() > 1).any():
        raise FrameError(
            f"{call}: the shares by {by} are of different wholes. Fix: use charts.small_multiples, which has a panel each."
        )
    # The whole of each force once: not every force has a row of every outcome.
    whole = wholes.first().drop(list(it.measure.excluded), errors="ignore").sum()
    total = counted.groupby(by, sort=False, observed=True)["numerator"].sum()
    rows = pd.DataFrame(
        {
            "outcome": total.index.astype("str"),
            "value": own.reindex(total.index).to_numpy(),
            "comparator_value": (total / whole).to_numpy(),
        }
    )
    if rows["value"].isna().all():
        return it.section.gap_note(it.measure.id, {by: it.rows[by].iloc[0]})
    words = it.words()
    return draw(
        rows,
        id=it.id(f"by_{by}"),
        title=title or f"{it.label} by {by.replace('_', ' ')}, {it.period}{it.section.age(day)}",
        force=it.force,
        comparator=it.together(),
        label=label,
        **{name: words[name] for name in ("provenance", "period", "notes", "basis")},
    )


def interval_dots(
    frame: pd.DataFrame, *, title: str = "", notes: Sequence[str] = (), name: str = "audit"
) -> Card:
    """Draw counts of cases, "x of y", as shares with their intervals, a row each.

    `frame` is that of `section.cases()`, or any with `heading`, `numerator`, `denominator`, `low`, `high` (shares, 0
    to 1), perhaps `series` (two names at most) and `finding`, which says in the label that a row counts a fault.
    `notes` are printed with it; `name` ends the chart's id.

    >>> from peelbook.analysis import charts, open_section
    >>> charts.interval_dots(open_section("police_powers").cases()).id
    'police_powers.audit'
    """
    from peelbook.figures.interval_dot_plot import interval_dot_plot as draw

    call = "charts.interval_dots"
    if (note := frames.note_of(frame, call)) is not None:
        return note
    frames.need(frame, call, ("heading", "numerator", "denominator", "low", "high"))
    section = frames.section_of(frame, call)
    rows = frame.rename(columns={"heading": "label", "low": "lower", "high": "upper"}).reset_index(drop=True)
    if "finding" in rows and (rows["finding"] == "fault").any():
        rows["label"] = rows["label"].where(rows["finding"] != "fault", rows["label"] + " (a fault)")
    own = frame.attrs.get("table") == "audits"
    days = sorted(frame["period_end"].dropna().unique()) if "period_end" in frame else []
    ends = list(dict.fromkeys(formats.date(day) for day in days[:1] + days[-1:]))
    series = tuple(dict.fromkeys(rows["series"])) if "series" in rows else ()
    own_notes = ["The interval treats the cases as a random sample, which is not always stated."]
    if (
        rows["numerator"].isna() | rows["denominator"].isna()
    ).any() and section.catalogue.suppress_below is not None:
        hidden = section.catalogue.suppressed("audits", section.force.code)
        own_notes.append(f"Samples without a figure are {hidden}.")
    return draw(
        rows,
        id=f"{section.stem}.{name}",
        title=title or ("Cases that the force’s own audits read" if own else "Cases that inspectors read"),
        provenance=section.provenance([frame.attrs.get("table", "claims")]),
        period=f"to {' and '.join(ends)}" if ends else "time of the inspection",
        basis="computed" if own else "computed and as printed" if series else "as printed",
        series=series,
        decimals=1 if series else 0,
        interval="95% interval" if series else "95% Wilson interval",
        force=section.force.name,
        notes=[*notes, *own_notes],
    )


def judgments(frame: pd.DataFrame, *, mark: Any = None, title: str = "") -> Card:
    """Draw the grades of one inspection cycle: one force's areas against the five grades.

    `frame` is that of `section.table("judgments")` filtered to one cycle; without rows of the force it says so. On
    the page of all forces every force that has a grade stands against every area.

    `mark` and `title` as for `ski_slope`. Returns the card, or a note. Raises `FrameError` for a frame of several
    cycles or without the columns of the table.

    >>> from peelbook.analysis import charts, open_section
    >>> section = open_section("overall_summary", force="kent")
    >>> grades = section.table("judgments")
    >>> card = charts.judgments(grades[grades["cycle"] == grades["cycle"].max()])
    >>> "Kent" in card.alt
    True
    """
    from peelbook.figures.judgments_grid import judgments_grid as draw

    call = "charts.judgments"
    if (note := frames.note_of(frame, call)) is not None:
        return note
    frames.need(frame, call, ("force_code", "area", "grade", "cycle"))
    section = frames.section_of(frame, call)
    force = _force(section, mark)
    cycles = list(frame["cycle"].unique())
    if len(cycles) > 1:
        raise FrameError(
            f"{call} draws one cycle and the frame has {len(cycles)}. "
            f"Fix: choose one, as in frame.query(\"cycle == '{max(cycles)}'\")."
        )
    name = str(cycles[0]).replace("-", "–")
    if force is None:
        return _grades_of_all(draw, frame, section, name, title)
    own = frame[frame["force_code"] == force.code]
    if own.empty:
        line = f"None of the sources used here states its grades for {name}. The inspectorate’s website has them."
        return blocks.note(frames.nothing_for(force), [line])
    return draw(
        own[["force_code", "area", "grade"]].reset_index(drop=True),
        id=f"{section.stem}.judgments",
        title=title or f"Grades in the inspection of {name}",
        force=force,
        provenance=section.provenance(["judgments"]),
        period=f"PEEL {name}",
        basis="as reported",
        notes=["Grades stated by forces, commissioners or news sites; a secondary source."],
    )


def _grades_of_all(draw: Any, frame: pd.DataFrame, section: Any, name: str, title: str) -> Chart:
    """Forces against areas, the areas in the order of the report."""
    return draw(
        frame[["force_code", "area", "grade"]].reset_index(drop=True),
        id=f"{section.stem}.grades_by_force",
        title=title or f"Stated grades of all forces in the inspections of {name}",
        forces=section.catalogue.forces,
        areas=[item.title for item in all_sections() if item.title in set(frame["area"])],
        provenance=section.provenance(["judgments"]),
        period=f"PEEL {name}",
        basis="as reported",
        notes=[
            "Grades stated by forces, commissioners or news sites; a secondary source. "
            "An empty cell means that no source used here states the grade."
        ],
    )


# --- what the kinds share ---------------------------------------------------------------------------


class _It:
    """A frame as a chart sees it: rows under the drawing's own names, and the words that its measure gives."""

    def __init__(self, found: frames.Given, force: Any):
        self.found, self.force = found, force
        self.section, self.measure = found.section, found.measure
        rows = found.frame.rename(columns={"low": "lower", "high": "upper"})
        # `compare.peers` may have added what a drawing works out itself; a rank of officers is a breakdown.
        added = [name for name in frames.COMPARED if name not in self.measure.breakdowns]
        spare = ["measure", "force", "region", "year", "in_averages", *added]
        self.rows = rows.drop(columns=spare, errors="ignore")
        self.label = self.measure.label + self.section.breakdown_label(self.measure, found.dimension)
        self.day: Any = None

    @property
    def period(self) -> str:
        """The period drawn, in words."""
        return self.measure.period_name(self.day)

    def only_period(self, call: str) -> Any:
        """The one period of a frame with several rows a force. Raises `FrameError`."""
        first = self.found.frame.drop_duplicates(["force_code", "period_end"])
        self.day = frames.one_period(
            frames.Given(first, self.section, self.measure, self.found.dimension), call
        )
        return self.day

    def by(self, call: str) -> str:
        """The one breakdown that a frame is by. Raises `FrameError`."""
        frame = self.found.frame
        names = frames.varying(frame, self.measure)
        if not names:  # A user's table may have one category of them all.
            names = [name for name in frame.attrs.get("by", ()) if name in frame]
        if len(names) == 1:
            return names[0]
        known = formats.joined(self.measure.breakdowns) or "none"
        raise FrameError(
            f"{call} needs a frame by one breakdown; this one is by {formats.joined(names) or 'none'}. "
            f'Fix: use section.measure("{self.measure.id}", by=…); its breakdowns are {known}.'
        )

    def id(self, suffix: str = "") -> str:
        return self.section.chart_id(self.measure, self.found.dimension, suffix)

    def together(self) -> str:
        """What the forces of the frame are called together: England and Wales only where all are there."""
        held = self.rows.loc[self.rows["value"].notna(), "force_code"].drop_duplicates()
        left_out = self.measure.excluded if self.measure.kind.apart else ()
        return compare.together(int((~held.isin(left_out)).sum()), self.found.frame, left_out)

    def title(self) -> str:
        return f"{self.label}, {self.period}{self.section.age(self.day)}"

    def averages(self, lines: Mapping[str, float] | None) -> Any:
        if lines is None:
            return compare.averages(self.found.frame)
        # A total that a cell worked out itself is called by the same rule.
        return {self.together() if label == _ALL else label: value for label, value in lines.items()}

    def printed(self, value: Printed | None) -> tuple[float | None, str]:
        """The printed value to mark, or why it is not marked: it is of another period than the one drawn."""
        if value is None:
            return None, ""
        if not isinstance(value, Printed):
            raise FrameError(
                "printed=… takes what section.printed(…) gives. Fix: pass that, or leave it out."
            )
        if pd.isna(value.period_end) or value.period_end == self.day:
            return float(value), ""
        return None, f"The report printed {value.text} for the {self.measure.period_name(value.period_end)}."

    def words(self, *, basis: bool = False, more: str = "", over_time: bool = False) -> dict[str, Any]:
        """The arguments that all kinds of chart take."""
        days = sorted(self.rows["period_end"].unique())
        ends = dict.fromkeys(self.measure.period_name(day) for day in (days[0], days[-1]))
        notes = self.section.caveats(self.measure, over_time=over_time)
        return {
            "forces": self.section.catalogue.forces,
            "label": self.label,
            "unit": self.measure.unit,
            "decimals": self.measure.decimals,
            "provenance": self.section.provenance(self.found.tables),
            "period": " to ".join(ends),
            "notes": [*([more] if more else []), *notes],
            "basis": "computed and as printed" if basis else "computed",
        }

    def lines_through_time(self, lines: Mapping[str, Any] | None, days: Sequence[Any]) -> pd.DataFrame:
        """The lines of a trend as a frame: `period_end` and a column each."""
        if lines is None:
            return compare.averages_through_time(self.found.frame).dropna(axis="columns", how="all")
        found = pd.DataFrame({"period_end": list(days)})
        for label, value in lines.items():
            found[label] = found["period_end"].map(value) if isinstance(value, pd.Series) else float(value)
        return found

    def gaps(self, days: Sequence[Any]) -> list[tuple[Any, Any, str]]:
        """The force's missing periods within the frame's span, each with its recorded reason."""
        own = set(self.rows.loc[self.rows["force_code"] == self.force.code, "period_end"])
        return [
            (day, day, getattr(self._at(day), "reason", "")) for day in days if day not in own
        ]  # fmt: skip

    def hidden(self, frame: pd.DataFrame, days: Sequence[Any]) -> str:
        """Say which periods outside those drawn have a figure of the user's own that is hidden, and why."""
        outside = [day for day in self.section.suppressed_periods(frame) if day not in days]
        why = {day: getattr(self._at(day), "reason", "").rstrip(".") for day in outside}
        return " ".join(
            formats.sentence(f"{self.measure.period_name(day)}: {why[day][:1].lower()}{why[day][1:]}")
            for day in outside
        )

    def _at(self, day: Any) -> Any:
        catalogue, code = self.section.catalogue, self.force.code
        return measures.at(catalogue, self.measure.id, code, day, **self.found.dimension)


def _force(section: Any, mark: Any) -> Any:
    """The force to mark; `None` on the page of all forces. Raises `UnknownForceError`, `FrameError` for several."""
    if mark is None:
        return section.force if section.force.code else None
    if isinstance(mark, str):
        return section.catalogue.forces[mark]
    if not hasattr(mark, "code"):
        raise FrameError(
            f'A chart marks one force, and mark is a {type(mark).__name__}. Fix: give a name, as in mark="Kent"; for a second '
            'force draw your own with section.publish, as in sns.lineplot(two, x="year", y="value", hue="force").'
        )
    return mark


#: What draws all forces alike, and needs none to mark.
_OF_ALL = ("charts.tile_map", "charts.regions")


def _given(frame: Any, call: str, mark: Any, columns: Sequence[str] = ()) -> _It | blocks.Block:
    found = frames.given(frame, call, columns=("force_code", "period_end", "value", *columns))
    if isinstance(found, blocks.Block):
        return found
    force = _force(found.section, mark)
    if force is None and call not in _OF_ALL:
        raise FrameError(
            f'{call} marks a force, and this page is of all. Fix: name one, as in mark="kent", or use '
            f"{formats.joined(_OF_ALL, 'or')}."
        )
    return _It(found, force)


def _one_period(frame: Any, call: str, mark: Any, columns: Sequence[str] = ()) -> _It | blocks.Block:
    it = _given(frame, call, mark, columns)
    if isinstance(it, _It):
        it.day = frames.one_period(it.found, call)
    return it
