"""Charts made of rows: a label, a mark or bar on a track, and the value in words.

Audit counts, outcome types, ratios and printed values all have long labels. On a wide page labels stand left
of the track; on a phone each stands above its own track, so that no label is ever turned or cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peelbook.figures._layout import FOCUS, TEXT, Layout, both

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from peelbook.figures._page import Page, Scale


@dataclass(frozen=True)
class Series:
    """How one series differs from another: by shape and fill, never by colour alone."""

    label: str
    color: str = FOCUS
    edge: str = FOCUS
    marker: str = "o"
    hatch: str = ""
    bold: bool = False


@dataclass(frozen=True)
class Entry:
    """One value of a row: which series, where, between which limits, and its words."""

    series: int
    value: float | None
    text: str
    low: float | None = None
    high: float | None = None
    cell: tuple[int, str] | None = None  # row of the chart's data and key of its columns


@dataclass(frozen=True)
class Row:
    """One row: its label and its values."""

    label: str
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Axis:
    """The scale under the rows. No ticks, no axis."""

    low: float
    high: float
    ticks: Sequence[float] = ()
    write: Callable[[float], str] = str
    log: bool = False
    line_at: float | None = None
    line_label: str = ""
    label: str = ""


@dataclass
class _Plan:
    """Where everything stands; the same for measuring heights and for drawing."""

    label_width: float
    track: tuple[float, float]
    text_x: float
    labels: list[tuple[str, ...]]
    texts: list[list[tuple[str, ...]]]
    heights: list[float]
    line: float
    small_line: float


def _pad(layout: Layout) -> float:
    """Inches between rows: on a phone enough that a label belongs to the track below it, not above."""
    return 0.15 if layout.compact else 0.09


def _plan(rows: Sequence[Row], layout: Layout) -> _Plan:
    from peelbook.figures._page import LINE, SIDE, small_size, text_width, wrap

    size, small = layout.font_size, small_size(layout)
    line, small_line = LINE * size / 72, LINE * small / 72
    inner = layout.width - 2 * SIDE
    most = 1.35 if layout.compact else 1.9
    texts = [[wrap(entry.text, most, small) for entry in row.entries] for row in rows]
    text_column = max(
        (text_width(part, small) for row in texts for parts in row for part in parts), default=0.0
    )
    if layout.compact:
        label_width = inner
        start = SIDE + 0.06
    else:
        # 42% of the page, or less where all labels are short.
        label_width = min(0.42 * inner, max((text_width(row.label, size) for row in rows), default=0) + 0.01)
        start = SIDE + label_width + 0.15
    labels = [wrap(row.label, label_width, size) for row in rows]
    end = layout.width - SIDE - text_column - 0.12
    heights = []
    for label, parts in zip(labels, texts, strict=True):
        values = sum(max(0.17, len(part) * small_line) for part in parts)
        label_height = len(label) * line
        heights.append(
            (label_height + values if layout.compact else max(label_height, values)) + _pad(layout)
        )
    return _Plan(label_width, (start, end), end + 0.1, labels, texts, heights, line, small_line)


def heights(
    rows: Sequence[Row], series: Sequence[Series], axis: Axis, *, head: str = "", key: bool = True
) -> tuple[float, float]:
    """Return the drawing heights that the rows need, wide and compact."""
    from peelbook.figures._page import head_height

    samples = [key_sample(item) for item in series] if key else []
    return both(
        lambda layout: (
            sum(_plan(rows, layout).heights or [0.3])
            + head_height(layout, head, samples)
            + _foot_height(layout, axis)
        )
    )


def _foot_height(layout: Layout, axis: Axis) -> float:
    from peelbook.figures._page import LINE, SIDE, small_size, wrap

    small = small_size(layout)
    lines = (1 if axis.ticks else 0) + (
        len(wrap(axis.label, layout.width - 2 * SIDE, small)) if axis.label else 0
    )
    return lines * LINE * small / 72 + (0.12 if lines else 0.03)


def key_sample(series: Series) -> Any:
    """Return the sample of a series for a key: a bar where it has no marker."""
    from peelbook.figures._page import Sample

    return Sample(
        series.label,
        fill=series.color,
        edge=series.edge,
        hatch=series.hatch,
        marker=series.marker,
        bold=series.bold,
        color=FOCUS if series.bold else TEXT,
    )


def draw(
    figure: Figure,
    layout: Layout,
    rows: Sequence[Row],
    series: Sequence[Series],
    axis: Axis,
    *,
    head: str = "",
    key: bool = True,
) -> None:
    """Draw the rows. A series without a marker is drawn as bars from zero."""
    from peelbook.figures import _page as pg

    page = pg.Page(figure, layout)
    top = page.head(head, [key_sample(item) for item in series] if key else [])
    if not rows:
        page.text(pg.SIDE, top, "Nothing to show for this period", va="top")
        return
    plan = _plan(rows, layout)
    bottom = top - sum(plan.heights)
    scale = pg.Scale(axis.low, axis.high, *plan.track, log=axis.log)
    bands: list[tuple[float, float]] = []
    marks: dict[int, list[tuple[float, float]]] = {}
    bars: dict[int, list[tuple[float, float, float, float]]] = {}
    stems: list[list[tuple[float, float]]] = []
    y = top
    for number, (row, label, texts, height) in enumerate(
        zip(rows, plan.labels, plan.texts, plan.heights, strict=True)
    ):
        if number and not layout.compact:
            page.lines([[(pg.SIDE, y), (page.width - pg.SIDE, y)]], "#E4E4E4", width=0.5, z=0.5)
        values_height = sum(max(0.17, len(part) * plan.small_line) for part in texts)
        if layout.compact:
            foot = page.lines_of_text(pg.SIDE, y - _pad(layout) / 2, label)
            level = foot
        else:
            page.centred_lines(pg.SIDE, y - height / 2, label)
            level = y - (height - values_height) / 2
        # Grid lines never run through a label: on a phone they stand beside the values only.
        bands.append((level + 0.01, level - values_height - 0.01) if layout.compact else (y, y - height))
        for entry, part in zip(row.entries, texts, strict=True):
            step = max(0.17, len(part) * plan.small_line)
            middle = level - step / 2
            style = series[entry.series]
            text_x = plan.text_x if style.marker else scale.clipped(0) + 0.06
            if entry.value is not None:
                at = scale.clipped(entry.value)
                if entry.cell:
                    page.hotspot(at, middle, *entry.cell)
                if style.marker:
                    marks.setdefault(entry.series, []).append((at, middle))
                    if entry.low is not None and entry.high is not None:
                        stems.append(
                            [(scale.clipped(entry.low), middle), (scale.clipped(entry.high), middle)]
                        )
                else:
                    zero = scale.clipped(0)
                    if at != zero:
                        bar = (min(zero, at), middle - 0.055, abs(at - zero), 0.11)
                        bars.setdefault(entry.series, []).append(bar)
                    text_x = max(at, zero) + 0.06
            first = middle + (len(part) - 1) / 2 * plan.small_line
            for index, text in enumerate(part):
                page.text(
                    text_x,
                    first - index * plan.small_line,
                    text,
                    va="center",
                    size=page.small,
                    bold=False,
                )
            level -= step
        y -= height
    if any(not style.marker for style in series):
        zero = scale.clipped(0)
        page.lines([[(zero, a), (zero, b)] for a, b in bands], "#808080", width=0.8, z=3.5)
    if axis.ticks:
        _axis(page, axis, scale, bands, bottom, plan)
    page.lines(stems, TEXT, width=1.1, z=3)
    caps = [[(x, y - 0.035), (x, y + 0.035)] for stem in stems for x, y in stem]
    page.lines(caps, TEXT, width=1.1, z=3)
    for index, points in marks.items():
        style = series[index]
        page.marks(points, style.marker, color=style.color, edge=style.edge, size=6.5, width=1.2)
    for index, shapes in bars.items():
        style = series[index]
        page.rects(shapes, style.color, edge=style.edge, hatch=style.hatch, width=0.7)


def _axis(
    page: Page, axis: Axis, scale: Scale, bands: Sequence[tuple[float, float]], bottom: float, plan: _Plan
) -> None:
    from peelbook.figures import _page as pg

    def upright(value: float) -> list[list[tuple[float, float]]]:
        return [[(scale(value), a), (scale(value), b)] for a, b in bands]

    page.lines([line for tick in axis.ticks for line in upright(tick)], "#DCDCDC", width=0.6, z=0.8)
    if axis.line_at is not None:
        page.lines(upright(axis.line_at), TEXT, width=1.2, z=1.5)
    reached = -1.0
    y = bottom - 0.05
    for value in axis.ticks:
        text = axis.write(value)
        half = pg.text_width(text, page.small) / 2
        at = min(max(scale(value), pg.SIDE + half), page.width - pg.SIDE - half)
        if at - half < reached + 0.08:
            continue
        page.text(at, y, text, ha="center", va="top", size=page.small)
        reached = at + half
    if axis.label:
        lines = pg.wrap(axis.label, page.width - 2 * pg.SIDE, page.small)
        y -= plan.small_line
        width = max(pg.text_width(line, page.small) for line in lines)
        x = min(max(scale(axis.low), pg.SIDE), page.width - pg.SIDE - width)
        page.lines_of_text(x, y, lines, size=page.small, color=pg.QUIET)
