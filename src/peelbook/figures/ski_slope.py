"""Forces as columns ranked from the highest value, the one force marked: HMICFRS's "ski slope".

The kind answers "where does this force stand?" at a glance, also on a phone: only the force and the two
ends are named, everyone else is in the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peelbook.figures import _words as words
from peelbook.figures._chart import Chart, Column
from peelbook.figures._layout import FOCUS, REST, TEXT, Layout
from peelbook.forces import ENGLAND_AND_WALES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from peelbook.catalogue import Provenance
    from peelbook.figures._page import Page
    from peelbook.forces import Force, Forces


def ski_slope(
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
    averages: Any = None,
    printed: float | None = None,
    notes: Sequence[str] = (),
    basis: str = "computed",
    numerator: str = "",
    denominator: str = "",
) -> Chart:
    """Rank the forces of one period as columns, mark one, and draw the averages as labelled lines.

    `frame` has one row per force: `force_code`, `value` and, where known, `lower`, `upper` (an interval),
    `numerator`, `denominator`. `label` names the value ("Stop searches per 1,000 population"), `unit` and
    `decimals` say how it prints (`peelbook.formats.of_unit`). `averages` is a `compare.Averages` or a
    mapping of label to value. `printed` is the report's own value for the force. `numerator` and
    `denominator` head their columns in the table.

    A force without a value is named in a note and not drawn. One or two values at least two and a half times
    the next are cut short, with a mark and their value, so that all others stay readable.
    Raises `ValueError` where a force has two rows.
    """
    data = words.by_force(frame, forces, id)
    data.insert(3, "series", "force")
    averages = words.averages_of(averages)
    write = words.number_format(unit, decimals)
    label = words.axis_label(label, unit)
    name = words.plain(force.short_name)
    mine = data[data["force_code"] == force.code]
    value = float(mine["value"].iloc[0]) if len(mine) else float("nan")
    place = words.place(data, force.code)
    drawn = data[data["value"].notna()]
    cut = words.cut_above(drawn["value"])
    absent = words.missing_note(data)
    notes = [*notes]
    if absent:
        notes.append(absent)
    if cut:
        tall = list(drawn.loc[drawn["value"] > cut, "force"])
        notes.append(
            f"The {'column' if len(tall) == 1 else 'columns'} of {words.names(tall)} "
            f"{'is' if len(tall) == 1 else 'are'} cut short: at full height the others could not be read."
        )
    alt = words.alt_text(
        f"Column chart ranking {words.count_of_forces(len(drawn))} by {words.lower_first(label)}, {period}",
        f"{name}: {write(value)}, {place}" if place else f"There is no value for {name}",
        (3, f"As printed in the report: {write(printed)}" if printed is not None else ""),
        (2, words.ends(data, force.code, write)),
        (1, words.average_words(averages, write)),
        (4, absent),
    )
    data = _with_averages(data, averages)
    if printed is not None:
        data["as_printed"] = [printed if code == force.code else float("nan") for code in data["force_code"]]
    columns = {
        "force": Column("Force", numeric=False),
        "value": Column(words.plain(label), write),
        "rank": Column("Rank", lambda rank: f"{int(rank)}"),
    }
    if {"lower", "upper"} <= set(data):
        columns["lower"] = Column("95% interval, lower", write)
        columns["upper"] = Column("95% interval, upper", write)
    whole = words.number_format("", 0)
    if numerator and "numerator" in data:
        columns["numerator"] = Column(words.plain(numerator), whole)
    if denominator and "denominator" in data:
        columns["denominator"] = Column(words.plain(denominator), whole)
    if printed is not None:
        columns["as_printed"] = Column("As printed in the report", write)

    plot = _Plot(
        values=drawn["value"].tolist(),
        codes=drawn["force_code"].tolist(),
        intervals=_intervals(drawn),
        code=force.code,
        name=name,
        place=place,
        label=label,
        unit=unit,
        write=write,
        averages=averages,
        printed=printed,
        cut=cut,
        ends=_end_words(drawn, force.code, write, cut),
        rows=len(data) - len(averages),
    )

    return Chart(
        id=id,
        title=title,
        force=force.name,
        alt=alt,
        data=data,
        columns=columns,
        draw=plot.draw,
        provenance=provenance,
        period=period,
        basis=basis,
        notes=notes,
        heights=(3.9, 3.7),
        kind="ski_slope",
        pointed="x",
    )


_SAMPLE, _MARK_SPACE = 0.2, 0.16  # inches of a line's sample, and of a mark before its words
_PRINTED_MARK: dict[str, Any] = {"marker": "D", "color": "white", "edge": TEXT, "size": 5, "width": 1.2}


def _with_averages(data: pd.DataFrame, averages: Sequence[words.Average]) -> pd.DataFrame:
    """The forces' rows with one more for each average, so that table and download hold all that is drawn."""
    import pandas as pd

    if not averages:
        return data.copy()
    extra = pd.DataFrame(
        {
            "force_code": [
                ENGLAND_AND_WALES if average.label == words.POOLED else None for average in averages
            ],
            "force": [average.label for average in averages],
            "series": "average",
            "value": [average.value for average in averages],
        }
    ).reindex(columns=data.columns)
    extra["rank"] = extra["rank"].astype("Int64")
    for column in ("lower", "upper", "numerator", "denominator"):
        if column in extra:
            extra[column] = extra[column].astype("float64")
    return pd.concat([data, extra], ignore_index=True)


def _intervals(drawn: pd.DataFrame) -> list[tuple[float, float] | None]:
    """Each force's interval, `None` where it has none."""
    if not {"lower", "upper"} <= set(drawn):
        return [None] * len(drawn)
    pairs = zip(drawn["lower"].tolist(), drawn["upper"].tolist(), strict=True)
    return [(low, high) if low == low and high == high else None for low, high in pairs]


@dataclass(frozen=True)
class _Plot:
    """All that the drawing needs, ranked from the highest value."""

    values: list[float]
    codes: list[str]
    intervals: list[tuple[float, float] | None]
    code: str
    name: str
    place: str
    label: str
    unit: str
    write: Callable[[Any], str]
    averages: Sequence[words.Average]
    printed: float | None
    cut: float | None
    ends: tuple[list[str], list[str]]
    rows: int

    @property
    def mine(self) -> int | None:
        """The force's place in the list."""
        return self.codes.index(self.code) if self.code in self.codes else None

    def draw(self, figure: Figure, layout: Layout) -> None:
        """Draw the columns in one layout."""
        from peelbook.figures import _page as pg

        page = pg.Page(figure, layout)
        top = page.head(self.label) - 0.04
        foot = _Foot(self, page)
        if not self.values:
            middle = (top + foot.height) / 2
            page.text(page.width / 2, middle, "No force has a value for this period", ha="center")
            return
        field = _Field(self, page, foot.height, top)
        field.draw()
        foot.draw(field)


class _Field:
    """The columns, their intervals, and the averages with their labels."""

    def __init__(self, plot: _Plot, page: Page, bottom: float, top: float):
        from peelbook.figures import _page as pg

        self.plot, self.page, self.bottom, self.top = plot, page, bottom, top
        cut = plot.cut
        self.heads = [min(value, cut) if cut else value for value in plot.values]
        # An interval is part of the scale unless it would become the scale.
        highest = max([*self.heads, 0.0])
        reach = cut or 3 * highest or math.inf
        self.stems = {
            index: pair
            for index, pair in enumerate(plot.intervals)
            if pair and not (cut and plot.values[index] > cut)
        }
        shown = [*self.heads, *(average.value for average in plot.averages)]
        shown += [] if plot.printed is None else [plot.printed]
        shown = [value for value in shown if not cut or value <= cut]
        low = min(0.0, *shown, *(pair[0] for pair in self.stems.values() if pair[0] > -reach))
        high = max(0.0, *shown, *(pair[1] for pair in self.stems.values() if pair[1] < reach))
        high = high if high > low else low + 1.0
        self._set_columns(low, high)

        # The averages are named at the right, above whatever stands there; the scale leaves room for them.
        self.text_size = page.small if page.layout.compact else page.size
        self.texts = [f"{average.label} {plot.write(average.value)}" for average in plot.averages]
        self.step = pg.LINE * self.text_size / 72
        self.text_left = self.right - _SAMPLE - 0.1
        self.text_left -= max((pg.text_width(text, self.text_size) for text in self.texts), default=0.0)
        first = max(0, int((self.text_left - self.left) / self.slot))
        self.under = max(
            [*self.heads[first:], *(pair[1] for i, pair in self.stems.items() if i >= first), 0.0]
        )
        self.under = min(self.under, high)
        if self.texts:
            needed = (len(self.texts) * self.step + 0.08) / (top - bottom)
            tallest = max([self.under, *(min(average.value, high) for average in plot.averages)])
            high = max(high, low + (tallest - low) / (1 - needed))
        self._set_columns(low, high)
        self.scale = pg.Scale(low, high, bottom, top)

    def _set_columns(self, low: float, high: float) -> None:
        """Choose the marks of the scale; their labels decide where the columns start."""
        from peelbook.figures import _page as pg

        self.marks = pg.ticks(low, high, 4 if self.page.layout.compact else 5)
        self.write = pg.tick_writer(self.marks, self.plot.unit)
        widest = max(pg.text_width(self.write(mark), self.page.small) for mark in self.marks)
        self.left, self.right = pg.SIDE + widest + 0.07, self.page.width - pg.SIDE
        self.slot = min((self.right - self.left) / len(self.heads), 0.6)

    def middle(self, index: int) -> float:
        """Where a column stands."""
        return self.left + self.slot * (index + 0.5)

    def column(self, index: int) -> tuple[float, float, float, float]:
        """A column as a rectangle."""
        gap = self.slot * (0.18 if len(self.heads) <= 100 else 0.0)
        foot, head = sorted((self.scale(0), self.scale(self.heads[index])))
        # A zero is a value too: a hairline tells it from a missing one.
        return self.left + self.slot * index + gap / 2, foot, self.slot - gap, max(head - foot, 0.012)

    @property
    def printed_mark(self) -> tuple[float, float] | None:
        """Where the printed value is marked, if it lies on the scale."""
        plot, mine = self.plot, self.plot.mine
        if plot.printed is None or mine is None or not self.scale.low <= plot.printed <= self.scale.high:
            return None
        return self.middle(mine), self.scale(plot.printed)

    def draw(self) -> None:
        """Draw all of it."""
        page, scale, mine = self.page, self.scale, self.plot.mine
        page.grid_y(scale, self.marks, self.write, self.left, self.right)
        page.lines([[(self.left, scale(0)), (self.right, scale(0))]], "#808080", width=0.8, z=3.5)
        page.rects([self.column(index) for index in range(len(self.heads)) if index != mine], REST)
        if mine is not None:
            left, foot, wide, high = self.column(mine)
            # Among hundreds of columns one would be thinner than a pixel.
            extra = max(0.0, 0.03 - wide)
            page.rects([(left - extra / 2, foot, wide + extra, high)], FOCUS, z=2.2)
        stems = [
            [(self.middle(index), scale.clipped(low)), (self.middle(index), scale.clipped(high))]
            for index, (low, high) in self.stems.items()
        ]
        page.lines(stems, "#6E6E6E", width=0.7, z=2.5)
        for index, head in enumerate(self.heads):
            page.hotspot(self.middle(index), scale(head), index)
        self._draw_cuts()
        self._draw_averages()

    def _draw_cuts(self) -> None:
        """A white zigzag across each column that is cut short."""
        cut = self.plot.cut
        for index, value in enumerate(self.plot.values):
            if cut and value > cut:
                left, foot, wide, high = self.column(index)
                y, middle, right = foot + 0.86 * high, left + wide / 2, left + wide
                zigzag = [
                    (left - 0.03, y - 0.03),
                    (middle, y + 0.05),
                    (middle, y - 0.05),
                    (right + 0.03, y + 0.03),
                ]
                self.page.lines([zigzag], "white", width=2.4, z=3.2)

    def _dash(self, index: int) -> tuple[float, ...]:
        """How an average's line is drawn: the mean of forces dashed, as on every chart, whatever its place in the list."""
        from peelbook.figures import _page as pg

        labels = [average.label for average in self.plot.averages]
        if labels[index].startswith(words.MEAN):
            return pg.DASHED
        others = [place for place, label in enumerate(labels) if not label.startswith(words.MEAN)]
        return (pg.SOLID, pg.DOTTED)[others.index(index) % 2]

    def _draw_averages(self) -> None:
        """The averages' lines, and their labels stacked above them without covering line or column."""
        from peelbook.figures import _page as pg

        page, size = self.page, self.text_size
        levels = [self.scale.clipped(average.value) for average in self.plot.averages]
        edge = self.scale(self.under) + 0.05
        for index in sorted(range(len(levels)), key=levels.__getitem__):
            dash = self._dash(index)
            page.lines(
                [[(self.left, levels[index]), (self.right, levels[index])]], TEXT, width=1.2, dash=dash
            )
            page.hotspot(self.right - _SAMPLE / 2, levels[index], self.plot.rows + index)
            foot = max(levels[index] + 0.03, edge)
            for other in sorted(levels):
                if foot - 0.02 < other < foot + self.step:
                    foot = other + 0.03
            mark = self.printed_mark
            if mark and mark[0] > self.text_left - 0.08 and foot - 0.08 < mark[1] < foot + self.step + 0.08:
                foot = mark[1] + 0.08
            base = foot + pg.DESCENT * size / 72
            # The line's sample stands at the edge: a narrower font then leaves no hole before it.
            page.text(self.right - _SAMPLE - 0.06, base, self.texts[index], ha="right", size=size, halo=True)
            y = base + 0.3 * size / 72
            page.lines([[(self.right - _SAMPLE, y), (self.right, y)]], TEXT, width=1.2, dash=dash)
            edge = foot + self.step


class _Foot:
    """The words under the axis: the force's own label, and the two ends, beside it where there is room."""

    def __init__(self, plot: _Plot, page: Page):
        from peelbook.figures import _page as pg

        self.plot, self.page = plot, page
        mine, size, small = plot.mine, page.size, page.small
        self.lines: list[tuple[str, bool]] = [(f"No value for {plot.name}", True)]
        if mine is not None:
            value = plot.values[mine]
            cut = " (cut short)" if plot.cut and value > plot.cut else ""
            self.lines = [(f"{plot.name} {plot.write(value)}", True), (f"{plot.place}{cut}", False)]
        inner = page.width - 2 * pg.SIDE
        self.lines = [(pg.cut_to(text, inner, size, bold), bold) for text, bold in self.lines]
        self.printed = "" if plot.printed is None else f"{plot.write(plot.printed)} as printed in the report"
        self.width = max(pg.text_width(text, size, bold) for text, bold in self.lines)
        if self.printed:
            self.width = max(self.width, pg.text_width(self.printed, small) + _MARK_SPACE)
        half = inner / 2 - 0.06
        self.ends = [[pg.cut_to(text, half, small) for text in texts] for texts in plot.ends]
        taken = [max((pg.text_width(text, small) for text in texts), default=-1.0) for texts in self.ends]
        # Before the scale is known the axis labels' width is a guess; 0.35 inches of air makes up for it.
        about = pg.SIDE + self.width / 2
        if mine is not None:
            about = pg.SIDE + 0.3 + min((inner - 0.3) / len(plot.values), 0.6) * (mine + 0.5)
        self.beside = (
            about - self.width / 2 > pg.SIDE + taken[0] + 0.35
            and about + self.width / 2 < page.width - pg.SIDE - taken[1] - 0.35
        )
        self.small_line = pg.LINE * small / 72
        self.block = len(self.lines) * page.line_height + (self.small_line if self.printed else 0)
        rest = 2 * self.small_line
        self.height = 0.16 + (max(self.block, rest) if self.beside else self.block + 0.06 + rest)

    def draw(self, field: _Field) -> None:
        """Write the labels, the pointer and the printed value's mark."""
        from peelbook.figures import _page as pg

        page, mine = self.page, self.plot.mine
        y = self.height - 0.12
        ends_y = y if self.beside else y - self.block - 0.06
        x = None
        if mine is not None:
            x = field.middle(mine)
            page.marks([(x, self.height - 0.06)], "^", size=6, edge=FOCUS)
        at, ha = page.kept_inside(x, self.width)
        for text, bold in self.lines:
            page.text(at, y, text, ha=ha, va="top", bold=bold, color=FOCUS if bold else TEXT)
            y -= page.line_height
        if self.printed:
            width = pg.text_width(self.printed, page.small) + _MARK_SPACE
            start = at - {"left": 0.0, "center": width / 2, "right": width}[ha]
            page.text(start + _MARK_SPACE, y, self.printed, va="top", size=page.small)
            page.marks([(start + 0.07, y - 0.43 * page.small / 72)], **_PRINTED_MARK)
            if mark := field.printed_mark:
                page.marks([mark], **_PRINTED_MARK, z=4.5)
        for texts, edge, side in zip(
            self.ends, (pg.SIDE, page.width - pg.SIDE), ("left", "right"), strict=True
        ):
            for number, text in enumerate(texts):
                color = pg.QUIET if number == 0 else TEXT
                level = ends_y - number * self.small_line
                page.text(edge, level, text, ha=side, va="top", size=page.small, color=color)


def _end_words(drawn, code, write, cut) -> tuple[list[str], list[str]]:
    """The labels of the highest and the lowest force, empty where the force itself is that one."""
    values = drawn["value"]
    if len(values) < 2:
        return [], []
    if values.min() == values.max():
        return [f"All {len(values)} values are equal"], []
    result: list[list[str]] = []
    for lowest, edge in ((False, values.max()), (True, values.min())):
        if list(drawn.loc[values == edge, "force_code"]) == [code]:
            result.append([])
            continue
        head = "Lowest" if lowest else "Highest, cut short" if cut and edge > cut else "Highest"
        result.append([head, words.extreme(drawn, write, lowest=lowest)])
    return result[0], result[1]
