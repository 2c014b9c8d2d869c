"""One force's line through time, over thin lines of its peers and the averages.

Breaks in a series and years without data are part of what it says, so they are marked in words on the
chart and a line never runs across them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from peelbook import formats
from peelbook.figures import _words as words
from peelbook.figures._chart import Chart, Column
from peelbook.figures._layout import FOCUS, MUTED, TEXT, Layout

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from peelbook.catalogue import Provenance
    from peelbook.figures._page import Page
    from peelbook.forces import Force, Forces


def trend(
    frame: pd.DataFrame,
    *,
    id: str,
    title: str,
    force: Force,
    forces: Forces,
    label: str,
    unit: str,
    decimals: int,
    provenance: Sequence[Provenance],
    period: str,
    averages: pd.DataFrame | None = None,
    breaks: Sequence[tuple[Any, str]] = (),
    gaps: Sequence[tuple[Any, Any, str]] = (),
    printed: Sequence[tuple[Any, ...]] = (),
    time: str = "year",
    notes: Sequence[str] = (),
    basis: str = "computed",
) -> Chart:
    """Draw the values of every force through time, one force in front.

    `frame` has `force_code`, `period_end`, `value`, one row per force and period; a missing period is a gap
    in the line. `averages` has `period_end` and any of `pooled`, `mean_of_forces`, or a column for
    each other line, such as a standard. `breaks` are
    (day, words): the first period counted in a new way. `gaps` are (first day, last day, reason) of the
    force's missing periods; periods the force lacks without a reason are marked "No data". `printed` are
    (day, value) of the report for the force, or (day, value, whose) for another, such as an average.
    `time` is a key of `peelbook.formats.PERIODS` ("year", "stock", "quarter").
    Raises `ValueError` where a force has two rows for a period.
    """
    import pandas as pd

    if frame.duplicated(["force_code", "period_end"]).any():
        raise ValueError(f"chart {id}: a force has two rows for one period; pass one breakdown")
    write = words.number_format(unit, decimals)
    known = {item.code: words.plain(item.short_name) for item in forces}
    rows = frame.loc[frame["force_code"].isin(known), ["force_code", "period_end", "value"]].copy()
    rows["period_end"] = pd.to_datetime(rows["period_end"])
    rows["value"] = words.finite(rows["value"])
    lines = _average_lines(averages)
    values = rows.pivot(index="period_end", columns="force_code", values="value")
    for line in lines:
        values = values.reindex(values.index.union(line.values.index))
    values = values.reindex(columns=list(known)).sort_index()
    reasons = [(pd.Timestamp(first), pd.Timestamp(last), words.plain(why)) for first, last, why in gaps]
    marks = [
        _Printed(pd.Timestamp(day), float(value), words.plain(whose[0]) if whose else "")
        for day, value, *whose in printed
    ]
    plot = _Plot(
        values=values,
        code=force.code,
        names=known,
        label=words.axis_label(label, unit),
        unit=unit,
        write=write,
        lines=lines,
        breaks=[(pd.Timestamp(day), words.plain(text)) for day, text in breaks],
        missing=_missing_spans(values[force.code], reasons),
        printed=marks,
        time=time,
    )
    notes = [*notes]
    if plot.cut:
        out = [known[code] for code in values if (values[code] > plot.cut).any()]
        lines_leave = "line of {} leaves" if len(out) == 1 else "lines of {} leave"
        notes.append(f"The {lines_leave.format(words.names(out))} the chart at the top.")
    data = _by_period(plot, force, forces)
    columns = {
        "period": Column("Period", numeric=False),
        "value": Column(plot.name, write),
        **{line.column: Column(line.label, write) for line in lines},
        "lowest": Column(f"Lowest of {plot.everyone}", write),
        "highest": Column(f"Highest of {plot.everyone}", write),
    }
    for column, whose in _printed_columns(marks).items():
        columns[column] = Column(f"As printed in the report{f', {whose}' if whose else ''}", write)
    return Chart(
        id=id,
        title=title,
        force=force.name,
        alt=_alt(plot),
        data=data,
        columns=columns,
        draw=plot.draw,
        provenance=provenance,
        period=period,
        basis=basis,
        notes=notes,
        heights=(4.2, 4.0),
        kind="trend",
        peers={item.slug: known[item.code] for item in forces if item.slug in data},
        file_columns=_file_columns(data, force, forces),
    )


@dataclass(frozen=True)
class _Line:
    """One average through time."""

    column: str
    label: str
    values: pd.Series


@dataclass(frozen=True)
class _Printed:
    """One value of the report: its day, and whose it is where it is not the force's."""

    day: pd.Timestamp
    value: float
    whose: str


def _average_lines(averages: pd.DataFrame | None) -> list[_Line]:
    """The averages, or other lines, that have a value; a column of another name is its own label."""
    import pandas as pd

    if averages is None:
        return []
    labels = {"pooled": words.POOLED, "mean_of_forces": words.MEAN}
    order = [
        *(name for name in labels if name in averages),
        *(name for name in averages if name not in labels),
    ]
    result = []
    for column in order:
        if column != "period_end":
            days = pd.to_datetime(averages["period_end"]).tolist()
            values = pd.Series(words.finite(averages[column]).tolist(), index=days).dropna().sort_index()
            if len(values):
                name = re.sub("[^a-z0-9]+", "_", str(column).lower()).strip("_")
                result.append(_Line(name, labels.get(column, words.plain(column)), values))
    return result


def _missing_spans(values: pd.Series, reasons: Sequence[tuple[Any, Any, str]]) -> list[tuple[int, int, str]]:
    """Runs of periods without a value, as (first, last, words) by position, one run per reason."""
    spans: list[tuple[int, int, str]] = []
    for position, (day, value) in enumerate(values.items()):
        if value == value:
            continue
        found = next((why for first, last, why in reasons if first <= day <= last and why), "")
        text = f"No data: {found}" if found else "No data"
        if spans and spans[-1][1] == position - 1 and spans[-1][2] == text:
            spans[-1] = (spans[-1][0], position, text)
        else:
            spans.append((position, position, text))
    return spans


def _printed_columns(printed: Sequence[_Printed]) -> dict[str, str]:
    """The data columns of printed values, each with whose they are: one for the force, one for each other."""
    return {
        "as_printed" + (f"_{re.sub('[^a-z0-9]+', '_', whose.lower()).strip('_')}" if whose else ""): whose
        for whose in dict.fromkeys(mark.whose for mark in printed)
    }


def _by_period(plot: _Plot, force: Force, forces: Forces) -> pd.DataFrame:
    """One row per period: the force, the averages, the extremes, then every other force by its slug."""
    import pandas as pd

    days = pd.DatetimeIndex(plot.days)
    values = plot.values.reindex(days)
    data = pd.DataFrame(
        {
            "period_end": values.index,
            "period": [formats.period(day, plot.time) for day in values.index],
            "value": values[force.code].to_numpy(),
            **{line.column: line.values.reindex(values.index).to_numpy() for line in plot.lines},
            "lowest": values.min(axis=1).to_numpy(),
            "highest": values.max(axis=1).to_numpy(),
        }
    )
    for column, whose in _printed_columns(plot.printed).items():
        by_day = {mark.day: mark.value for mark in plot.printed if mark.whose == whose}
        data[column] = [by_day.get(day, float("nan")) for day in values.index]
    columns = dict(zip(values.columns, values.to_numpy(dtype=float).T, strict=True))
    others = {
        item.slug: columns[item.code]
        for item in forces
        if item.code != force.code and (columns[item.code] == columns[item.code]).any()
    }
    return pd.concat([data, pd.DataFrame(others)], axis=1)


def _file_columns(data: pd.DataFrame, force: Force, forces: Forces) -> dict[str, str]:
    """The columns of the file: the force's own by its name, in its place among the others'.

    The file does not say which force is looked at: a site of 43 forces needs it once.
    """
    lines = {item.slug: item.slug for item in forces if item.slug in data}
    if not lines:
        return {}
    own = {"value" if item.code == force.code else item.slug: item.slug for item in forces}
    others = {name: name for name in data if name not in lines and name != "value"}
    return others | {name: slug for name, slug in own.items() if name in data}


def _alt(plot: _Plot) -> str:
    """The alt text: first and last value, place, extremes and averages in the force's last period."""
    import pandas as pd

    values, write, own = plot.values, plot.write, plot.own
    if values.empty:
        return words.alt_text(f"Line chart of {words.lower_first(plot.label)} without any value")

    def when(day: Any) -> str:
        return formats.period(day, plot.time)

    span = when(values.index[0])
    if len(values) > 1:
        span += f" to {when(values.index[-1])}"
    if own.empty:
        story, latest = f"There is no value for {plot.name}", values.iloc[-1]
    else:
        first, last = own.index[0], own.index[-1]
        latest = values.loc[last]
        story = f"{plot.name}: {write(own[last])} ({when(last)})"
        if first != last:
            story = f"{plot.name}: from {write(own[first])} ({when(first)}) to {write(own[last])}"
            story += "" if last == values.index[-1] else f" ({when(last)})"
            if own.max() > max(own[first], own[last]):
                story += f", at most {write(own.max())} ({when(own.idxmax())})"
    ranked = pd.DataFrame(
        {
            "force_code": latest.index,
            "force": [plot.names[c] for c in latest.index],
            "value": latest.to_numpy(),
        }
    )
    ranked["rank"] = ranked["value"].rank(ascending=False, method="min").astype("Int64")
    place = ""
    if not own.empty and ranked["value"].notna().sum() > 1:
        place = f"At the end it is {words.place(ranked, plot.code)}"
    averages = [
        # A line may end before the force does, as one of England and Wales where a force is missing.
        words.Average(
            line.label
            if line.values.index[-1] >= latest.name
            else f"{line.label} ({when(line.values.index[-1])})",
            float(line.values.iloc[-1]),
        )
        for line in plot.lines
    ]
    parts: list[str | tuple[int, str]] = [
        f"Line chart of {words.lower_first(plot.label)}, {span}",
        story,
        place,
        (1, words.average_words(averages, write)),
        (2, words.ends(ranked, plot.code, write)),
    ]
    for start, end, text in plot.missing:
        days = when(values.index[start])
        if end > start:
            days += f" to {when(values.index[end])}"
        parts.append((3, f"{text} ({days})"))
    parts += [(3, f"Break in the series at {when(day)}: {text}") for day, text in plot.breaks]
    if plot.printed:
        items = [f"{f'{m.whose} ' if m.whose else ''}{write(m.value)} ({when(m.day)})" for m in plot.printed]
        parts.append((4, f"As printed in the report: {'; '.join(items)}"))
    return words.alt_text(*parts)


def _caption(days: Sequence[Any], time: str) -> str:
    """What the years under the axis are: "Year ending 31 March"."""
    day, month, _ = formats.date(days[-1]).split(" ")
    if time in ("year", "stock") and len({(item.month, item.day) for item in days}) == 1:
        return f"{'Year ending' if time == 'year' else 'As at'} {day} {month}"
    if time == "quarter":
        return f"Quarters; a year stands at its quarter ending {day} {month}"
    return {"year": "Year ending in the year shown", "stock": "At a day of the year shown"}.get(time, "")


@dataclass(frozen=True)
class _Plot:
    """All that the drawing needs. `values` has a row per period and a column per force."""

    values: pd.DataFrame
    code: str
    names: dict[str, str]
    label: str
    unit: str
    write: Callable[[Any], str]
    lines: Sequence[_Line]
    breaks: Sequence[tuple[pd.Timestamp, str]]
    missing: Sequence[tuple[int, int, str]]
    printed: Sequence[_Printed]
    time: str

    @property
    def name(self) -> str:
        """The force's name."""
        return self.names[self.code]

    @cached_property
    def own(self) -> pd.Series:
        """The force's values, without the missing ones."""
        return self.values[self.code].dropna()

    @cached_property
    def peers(self) -> list[str]:
        """The codes of the other forces that have a value."""
        return [code for code in self.values if code != self.code and self.values[code].notna().any()]

    @property
    def everyone(self) -> str:
        """What the forces that have a value are together: not all, where the frame is of a few."""
        count = int(self.values.notna().any().sum())
        return "all forces" if count == len(self.names) else f"{count} force{'' if count == 1 else 's'}"

    @cached_property
    def days(self) -> list[pd.Timestamp]:
        """The periods that have a row of the table, in order."""
        return sorted({*self.values.index, *(mark.day for mark in self.printed)})

    @cached_property
    def in_front(self) -> list[float]:
        """Every value that must be on the chart: the force's, the averages', the printed ones."""
        return [
            *self.own.tolist(),
            *(value for line in self.lines for value in line.values.tolist()),
            *(mark.value for mark in self.printed),
        ]

    @cached_property
    def cut(self) -> float | None:
        """Where to end the scale because a peer's line would flatten all others."""
        cut = words.cut_above(self.values.max().dropna())
        return None if cut is None or any(value > cut for value in self.in_front) else cut

    def draw(self, figure: Figure, layout: Layout) -> None:
        """Draw the lines in one layout."""
        from peelbook.figures import _page as pg

        page = pg.Page(figure, layout)
        # Forty lines on a phone, or hundreds anywhere, are a tangle; a band says the same.
        banded = len(self.peers) >= 10 and (layout.compact or len(self.peers) > 100)
        top = page.block(pg.SIDE, page.height - pg.TOP, self.label, page.width - 2 * pg.SIDE)
        if self.peers:
            text = f"Thin grey lines: the other {len(self.peers)} forces"
            if banded:
                text = f"Grey band: the middle 80% of the other {len(self.peers)} forces"
            elif len(self.peers) == 1:
                text = "Thin grey line: the other force"
            top = page.block(pg.SIDE, top, text, page.width, size=page.small, color=pg.QUIET)
        if not self.in_front and not self.peers:
            page.text(page.width / 2, top / 2, "No value in any period", ha="center")
            return
        _Field(self, page, top - 0.06, banded).draw()


class _Field:
    """The lines with their axes, signs and labels, on one page."""

    def __init__(self, plot: _Plot, page: Page, top: float, banded: bool):
        from peelbook.figures import _page as pg

        self.plot, self.page, self.banded = plot, page, banded
        self.bottom = 2 * pg.LINE * page.small / 72 + 0.1
        peers = plot.values[plot.peers]
        edges = peers.quantile([0.1, 0.9], axis=1).to_numpy() if banded else peers.to_numpy()
        shown = [*plot.in_front, *(value for value in edges.ravel().tolist() if value == value)]
        low, high = min(0.0, *shown), max(0.0, *shown) * 1.04
        if plot.cut and high > plot.cut:
            high = plot.cut
        high = high if high > low else low + 1.0
        self.marks = pg.ticks(low, high, 4 if page.layout.compact else 5)
        self.tick = pg.tick_writer(self.marks, plot.unit)
        self.ends = self._end_labels()
        widest = max(pg.text_width(self.tick(mark), page.small) for mark in self.marks)
        label_width = max((label.width for label in self.ends), default=0.0)
        self.left, self.right = pg.SIDE + widest + 0.08, page.width - pg.SIDE - label_width - 0.22
        days = [day.toordinal() for day in plot.values.index]
        every = [*days, *(mark.day.toordinal() for mark in plot.printed)]
        pad = 0 if min(every) < max(every) else 183
        self.days = days
        self.x = pg.Scale(min(every) - pad, max(every) + pad, self.left + 0.06, self.right)
        self.signs = self._signs()
        self.top, self.letters = self._write_signs(top)
        self.y = pg.Scale(low, high, self.bottom, self.top)
        self.area = pg.Box(self.left, self.bottom, self.right, self.top)

    def _end_labels(self) -> list[_EndLabel]:
        """The names at the lines' ends; they decide how much room the lines have."""
        from peelbook.figures import _page as pg

        plot, page = self.plot, self.page
        limit = 1.02 if page.layout.compact else 1.7
        labels = []
        for text, values, focus in [
            (plot.name, plot.own, True),
            *((line.label, line.values, False) for line in plot.lines),
        ]:
            if len(values):
                late = "" if values.index[-1] == plot.values.index[-1] else f" ({values.index[-1].year})"
                size = page.size if focus else page.small
                rows = pg.wrap(f"{text} {plot.write(values.iloc[-1])}{late}", limit, size, focus, 4)
                width = max(pg.text_width(row, size, focus) for row in rows)
                labels.append(_EndLabel(values.index[-1], values.iloc[-1], rows, size, focus, width))
        return labels

    def _signs(self) -> list[tuple[float, str, tuple[float, float] | None]]:
        """Breaks and gaps: where, their words, and for a gap from where to where."""
        days, x = self.days, self.x
        step = (days[-1] - days[0]) / (len(days) - 1) if len(days) > 1 else 365
        signs: list[tuple[float, str, tuple[float, float] | None]] = [
            (x.clipped(day.toordinal() - step / 2), text, None) for day, text in self.plot.breaks
        ]
        for start, end, text in self.plot.missing:
            a, b = x.clipped(days[start] - step / 2), x.clipped(days[end] + step / 2)
            signs.append(((a + b) / 2, text, (a, b)))
        return signs

    def _write_signs(self, top: float) -> tuple[float, list[str]]:
        """Write the words of breaks and gaps; return where the lines may start, and letters.

        A single text stands right above its place. Several would push each other away from theirs, so they
        become a list, and letters stand at the places instead.
        """
        from peelbook.figures import _page as pg

        page, size = self.page, self.page.small
        style: dict[str, Any] = {"size": size, "color": pg.QUIET}
        if not self.signs:
            return top, []
        if len(self.signs) == 1:
            at, text, _ = self.signs[0]
            lines = pg.wrap(text, min(2.6, self.right - self.left), size, False, 4)
            width = max(pg.text_width(line, size) for line in lines)
            place, ha = (self.left, "left") if at - width / 2 < self.left else page.kept_inside(at, width)
            return page.lines_of_text(place, top, lines, ha=ha, **style) - 0.04, [""]
        letters = [""] * len(self.signs)
        indent = pg.SIDE + 0.16
        for number, index in enumerate(sorted(range(len(letters)), key=lambda index: self.signs[index][0])):
            letters[index] = chr(ord("A") + number % 26)
            page.text(pg.SIDE, top, letters[index], va="top", bold=True, **style)
            lines = pg.wrap(self.signs[index][1], page.width - pg.SIDE - indent, size, False, 3)
            top = page.lines_of_text(indent, top, lines, **style)
        return top - pg.LINE * size / 72 - 0.06, letters

    def runs(self, values: pd.Series) -> list[list[tuple[float, float]]]:
        """A series as lines in inches, one for each stretch without a gap."""
        return self._stretches([self.x(day.toordinal()) for day in values.index], values.tolist())

    def _peer_runs(self) -> list[list[tuple[float, float]]]:
        """The lines of all peers: taken out of the frame together, which one by one took half of the time."""
        values = self.plot.values[self.plot.peers]
        across = [self.x(day.toordinal()) for day in values.index]
        return [run for line in values.to_numpy().T.tolist() for run in self._stretches(across, line)]

    def _stretches(self, across: Sequence[float], values: Sequence[float]) -> list[list[tuple[float, float]]]:
        """Values at places across, in inches, as lines: one for each stretch without a gap."""
        result: list[list[tuple[float, float]]] = [[]]
        for x, value in zip(across, values, strict=True):
            if value == value:
                result[-1].append((x, self.y(value)))
            elif result[-1]:
                result.append([])
        return [run for run in result if run]

    def draw(self) -> None:
        """Draw all of it, from the back to the front."""
        from peelbook.figures import _page as pg

        plot, page = self.plot, self.page
        page.grid_y(self.y, self.marks, self.tick, self.left, self.right)
        self._draw_signs()
        if self.banded:
            self._draw_band()
        else:
            page.line_scale(self.y)
            color = "#CFCFCF" if len(plot.peers) > 15 else MUTED
            parts = [
                part
                for run in self._peer_runs()
                for part in pg.within(run, self.area)
                if not self._is_stub(part)
            ]
            page.lines(parts, color, width=0.7, z=2)
        front = []
        for line in plot.lines:
            dash = pg.DASHED if line.column == "mean_of_forces" else pg.SOLID
            runs = self.runs(line.values.reindex(plot.values.index))
            page.lines([run for run in runs if len(run) > 1], TEXT, width=1.3, dash=dash, z=3.2)
            page.marks([run[0] for run in runs if len(run) == 1], "_", edge=TEXT, size=7, width=1.3)
            self._say_values(line.values, line.column)
            front += runs
        self._say_values(plot.own, "value")
        runs = self.runs(plot.values[plot.code])
        page.lines([run for run in runs if len(run) > 1], FOCUS, width=2.4, z=3.6)
        # A year between two gaps is a point: without a mark it would not be seen.
        page.marks([run[0] for run in runs[:-1] if len(run) == 1], "o", size=5)
        page.marks([run[-1] for run in runs[-1:]], "o", size=6)
        self._draw_years()
        self._draw_ends()
        self._draw_printed(front + runs)

    def _say_values(self, values: pd.Series, column: str) -> None:
        """Make each value of a line one that can be pointed at."""
        rows = {day: row for row, day in enumerate(self.plot.days)}
        for day, value in zip(values.index, values.tolist(), strict=True):
            self.page.hotspot(self.x(day.toordinal()), self.y.clipped(value), rows[day], column)

    def _is_stub(self, part: Sequence[tuple[float, float]]) -> bool:
        """Whether a piece of a line that leaves the chart is too short to be read as a line."""
        levels = [level for _, level in part]
        leaves = max(levels) >= self.top - 1e-6
        return len(part) < 2 or (leaves and max(levels) - min(levels) < _STUB * (self.top - self.bottom))

    def _draw_signs(self) -> None:
        from peelbook.figures import _page as pg

        page, bottom, top = self.page, self.bottom, self.top
        for (at, _, span), letter in zip(self.signs, self.letters, strict=True):
            if span:
                box = (span[0], bottom, span[1] - span[0], top - bottom)
                page.rects([box], "none", edge="#C8C8C8", hatch="////", width=0.0, z=1.5)
            else:
                page.lines([[(at, top), (at, bottom)]], pg.QUIET, width=1.0, dash=pg.DOTTED, z=2.6)
            if letter:
                style: dict[str, Any] = {"size": page.small, "bold": True, "color": pg.QUIET}
                page.text(at, top + 0.03, letter, ha="center", va="bottom", **style)

    def _draw_band(self) -> None:
        """The middle 80% of the peers, broken where fewer than five have a value."""
        peers = self.plot.values[self.plot.peers]
        enough = peers.notna().sum(axis=1) >= 5
        edges = [self.runs(peers.quantile(share, axis=1).where(enough)) for share in (0.1, 0.9)]
        for lower, upper in zip(*edges, strict=True):
            outline = [(x, min(y, self.top)) for x, y in [*lower, *reversed(upper)]]
            if len(lower) > 1:
                codes = [1, *[2] * (len(outline) - 1), 79]
                self.page.shape([*outline, outline[0]], codes, "#DEDEDE", z=1.2)

    def _draw_years(self) -> None:
        """Years under the axis, from the last backwards, as many as fit."""
        from peelbook.figures import _page as pg

        page, days = self.page, list(self.plot.values.index)
        last = days[-1]
        same = [day for day in days if (day.month, day.day) == (last.month, last.day)]
        # A series may change its month, and February has no fixed last day.
        wanted = same if len(same) > 1 else days
        edge, seen = float("inf"), set()
        for day in reversed(wanted):
            at, text = self.x(day.toordinal()), f"{day.year}"
            half = pg.text_width(text, page.small) / 2
            if text not in seen and at + half <= edge - 0.12 and at - half >= 0:
                page.lines([[(at, self.bottom), (at, self.bottom - 0.04)]], "#808080", width=0.8)
                page.text(at, self.bottom - 0.07, text, ha="center", va="top", size=page.small)
                edge = at - half
                seen.add(text)
        text = pg.cut_to(_caption(days, self.plot.time), page.width - pg.SIDE - self.left, page.small)
        level = self.bottom - 0.08 - pg.LINE * page.small / 72
        page.text(self.left, level, text, va="top", size=page.small, color=pg.QUIET)

    def _draw_ends(self) -> None:
        """Names at the ends of the lines, moved apart, with a thin line back where they moved."""
        from peelbook.figures import _page as pg

        page, right = self.page, self.right
        heights = [len(label.rows) * pg.LINE * label.size / 72 + 0.03 for label in self.ends]
        levels = [self.y.clipped(label.value) for label in self.ends]
        # Near the top the labels must not climb into the heading.
        centres = pg.spread(levels, heights, self.bottom - 0.1, self.top + 0.04)
        for label, level, centre, height in zip(self.ends, levels, centres, heights, strict=True):
            at = self.x(label.day.toordinal())
            if abs(level - centre) > 0.05 or at < right - 0.05:
                bent = [(at + 0.05, level), (right + 0.05, level), (right + 0.14, centre)]
                page.lines([bent], pg.QUIET, width=0.6)
            page.lines_of_text(
                right + 0.17,
                centre + height / 2 - 0.015,
                label.rows,
                size=label.size,
                bold=label.focus,
                color=FOCUS if label.focus else TEXT,
            )

    def _draw_printed(self, front: Sequence[Sequence[tuple[float, float]]]) -> None:
        """The report's values as hollow marks, labelled where no line in front is covered."""
        from peelbook.figures import _page as pg

        if not self.plot.printed:
            return
        page = self.page
        points = [(self.x(mark.day.toordinal()), self.y.clipped(mark.value)) for mark in self.plot.printed]
        page.marks(points, "D", color="white", edge=TEXT, size=5.5, width=1.2, z=4.6)
        columns = {whose: column for column, whose in _printed_columns(self.plot.printed).items()}
        for mark, (x, y) in zip(self.plot.printed, points, strict=True):
            page.hotspot(x, y, self.plot.days.index(mark.day), columns[mark.whose])
        obstacles = [pg.Box.around(x, y, 0.03) for x, y in points]
        for run in front:
            for (ax, ay), (bx, by) in pairwise(run):
                count = max(1, int(((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5 / 0.06))
                for part in range(count + 1):
                    at, level = ax + (bx - ax) * part / count, ay + (by - ay) * part / count
                    obstacles.append(pg.Box.around(at, level, 0.03))
        texts = [
            f"{f'{mark.whose} ' if mark.whose else ''}{self.plot.write(mark.value)} as printed"
            for mark in self.plot.printed
        ]
        labels = [(x, y, text, False) for (x, y), text in zip(points, texts, strict=True)]
        stems = [
            pg.Box(at - 0.01, self.bottom, at + 0.01, self.top) for at, _, span in self.signs if not span
        ]
        page.write_labels(labels, self.area, obstacles, soft=stems * 5, must=len(labels))


_STUB = 0.3  # of the height: less of a line that leaves the chart is a stub at its top edge


@dataclass(frozen=True)
class _EndLabel:
    """The name at the end of a line: where the line ends, and the words."""

    day: pd.Timestamp
    value: float
    rows: tuple[str, ...]
    size: float
    focus: bool
    width: float
