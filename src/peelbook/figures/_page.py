"""A page in inches to draw on: text that is measured before it is placed, lines, bars and marks.

Charts here are small and full of words, and their layout is decided by the width of those words. An
automatic layout engine finds that out by drawing everything twice, and still lets labels collide; measuring
first takes a tenth of the time and makes clean layout a rule instead of luck.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from peelbook import formats
from peelbook.figures._label import label
from peelbook.figures._layout import FOCUS, PNG_DPI, QUIET, TEXT, Hotspot, Layout, LineScale, hotspots
from peelbook.figures._plain import plain
from peelbook.figures._png import font as pillow_font

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

TOP, UNDER_HEAD = 0.04, 0.08  # inches above and below a heading
SIDE = 0.04  # inches kept free at the left and right edge
LINE, KEY_LINE = 1.28, 1.38  # line heights in em
ASCENT, DESCENT = 0.78, 0.25  # of DejaVu Sans, in em
GRID = "#D0D0D0"

SOLID: tuple[float, ...] = ()
DASHED, DOTTED = (4.5, 2.0), (1.2, 1.6)


@lru_cache(maxsize=8)
def _font(bold: bool) -> Any:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")))
    return font


@lru_cache(maxsize=4096)
def _advance(char: str, bold: bool) -> float:
    """Width of one character in em."""
    from matplotlib.ft2font import LoadFlags

    font = _font(bold)
    font.set_size(1000, 72)
    return font.load_char(ord(char), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536 / 1000


@lru_cache(maxsize=4096)
def _drawable(text: str) -> str:
    """Replace characters the font lacks by U+FFFD, which it has."""
    font = _font(False)
    return "".join(char if font.get_char_index(ord(char)) else "\ufffd" for char in text)


@lru_cache(maxsize=8192)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of one line of text in inches: the widest of the ways in which it may be drawn.

    An SVG shows text at its true width or in a narrower font, a PNG with letters on whole pixels.
    """
    text = _drawable(text)
    true = sum(_advance(char, bold) for char in text) * size / 72
    return max(true, pillow_font(bold, size * PNG_DPI / 72).getlength(text) / PNG_DPI)


@lru_cache(maxsize=4096)
def wrap(text: str, width: float, size: float, bold: bool = False, lines: int = 0) -> tuple[str, ...]:
    """Break text into lines of at most `width` inches; a single word that is wider is broken.

    `lines` limits their number; the last one then ends in an ellipsis.
    """
    result: list[str] = []
    line = ""
    for word in plain(text).split(" "):
        trial = f"{line} {word}" if line else word
        if text_width(trial, size, bold) <= width:
            line = trial
            continue
        if line:
            result.append(line)
        while text_width(word, size, bold) > width and len(word) > 1:
            cut = len(word) - 1
            # The hyphen tells a broken word from two words.
            while cut > 1 and text_width(word[:cut] + "-", size, bold) > width:
                cut -= 1
            result.append(word[:cut] + "-")
            word = word[cut:]
        line = word
    if line:
        result.append(line)
    if lines and len(result) > lines:
        last = result[lines - 1]
        while last and text_width(last + "…", size, bold) > width:
            last = last[:-1].rstrip()
        result = [*result[: lines - 1], last + "…"]
    return tuple(result) or ("",)


def cut_to(text: str, width: float, size: float, bold: bool = False) -> str:
    """Return text on one line, ending in an ellipsis where it is wider than `width` inches."""
    return wrap(text, width, size, bold, 1)[0] if text_width(plain(text), size, bold) > width else plain(text)


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Return round numbers from low to high, about as many as asked for."""
    span = high - low
    if not span > 0:
        return [low]
    raw = span / max(1, about)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [
        0.0 if index == 0 else float(f"{index * step:.12g}")
        for index in range(first, math.floor(high / step + 1e-9) + 1)
    ]


def tick_writer(values: Sequence[float], unit: str) -> Callable[[float], str]:
    """Return the writer of tick labels: as few decimals as tell them apart."""
    scale = 100 if unit == "%" else 1
    decimals = 0
    while decimals < 6 and any(
        abs(value * scale - round(value * scale, decimals)) > 1e-9 * max(1, abs(value)) for value in values
    ):
        decimals += 1
    return formats.of_unit(unit, decimals)


@dataclass(frozen=True)
class Scale:
    """A mapping of values to inches, linear or logarithmic."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the place of a value, in inches."""
        if self.log:
            part = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)

    def clipped(self, value: float) -> float:
        """Return the place of a value, kept on the scale."""
        return self(min(max(value, self.low), self.high))


@dataclass(frozen=True)
class Box:
    """A rectangle in inches."""

    left: float
    bottom: float
    right: float
    top: float

    @classmethod
    def around(cls, x: float, y: float, reach: float) -> Box:
        """Return the square around a point."""
        return cls(x - reach, y - reach, x + reach, y + reach)

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """Return the point of this box that is nearest to another point."""
        return min(max(x, self.left), self.right), min(max(y, self.bottom), self.top)

    def gap(self, x: float, y: float) -> float:
        """Return how far a point is from this box; 0 inside."""
        near = self.nearest(x, y)
        return math.hypot(x - near[0], y - near[1])

    def overlaps(self, other: Box, gap: float = 0.0) -> bool:
        """Whether two boxes come closer than `gap`."""
        return (
            self.left < other.right + gap
            and other.left < self.right + gap
            and self.bottom < other.top + gap
            and other.bottom < self.top + gap
        )

    def inside(self, other: Box) -> bool:
        """Whether this box lies within another."""
        return (
            self.left >= other.left - 1e-6
            and self.right <= other.right + 1e-6
            and self.bottom >= other.bottom - 1e-6
            and self.top <= other.top + 1e-6
        )


@dataclass(frozen=True)
class Sample:
    """What stands before a key's text: a line, a swatch or a mark."""

    text: str
    line: str = ""
    dash: tuple[float, ...] = SOLID
    width: float = 1.2
    fill: str = ""
    edge: str = ""
    hatch: str = ""
    marker: str = ""
    tick: bool = False
    bold: bool = False
    color: str = TEXT


@dataclass
class Page:
    """The drawing area of a figure above its source line, with the origin at the bottom left, in inches."""

    figure: Figure
    layout: Layout
    texts: list[Box] = field(default_factory=list)

    def __post_init__(self) -> None:
        from matplotlib.transforms import Affine2D

        # Nothing here has an axis, and to make one that is then switched off takes a sixth of the drawing time.
        self._inches = Affine2D().translate(0, self.layout.footer) + self.figure.dpi_scale_trans

    def hotspot(self, x: float, y: float, row: int, column: str = "value") -> None:
        """Say which cell of the table twin a place shows: pointed at, the site's page gives its name and value.

        `row` counts the rows of the chart's data from 0, `column` is a key of its `columns`.
        """
        hotspots(self.figure).append(Hotspot(x, self.layout.footer + y, row, column))

    def line_scale(self, scale: Scale) -> None:
        """Say how values of lines are drawn, so that those without a column of the table can be pointed at too."""
        drawn: Any = self.figure
        foot = self.layout.footer
        drawn.peelbook_scale = LineScale(scale.low, scale.high, foot + scale.start, foot + scale.end)

    def _add(self, artist: Artist) -> None:
        artist.set_transform(self._inches)
        self.figure.add_artist(artist)

    @property
    def width(self) -> float:
        """Width in inches."""
        return self.layout.width

    @property
    def height(self) -> float:
        """Height in inches, without the source line."""
        return self.layout.height

    @property
    def size(self) -> float:
        """The text size in points."""
        return self.layout.font_size

    @property
    def small(self) -> float:
        """The size of secondary text in points: at least 7.5."""
        return small_size(self.layout)

    @property
    def em(self) -> float:
        """The text size in inches."""
        return self.size / 72

    @property
    def line_height(self) -> float:
        """The height of a line of text, in inches."""
        return LINE * self.em

    def box_of(
        self, x: float, y: float, text: str, *, ha="left", va="baseline", size=None, bold=False
    ) -> Box:
        """Return the rectangle that one line of text takes."""
        size = size or self.size
        width, em = text_width(plain(text), size, bold), size / 72
        left = x - {"left": 0.0, "center": 0.5, "right": 1.0}[ha] * width
        base = y + _baseline(va) * em
        return Box(left, base - DESCENT * em, left + width, base + ASCENT * em)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        ha: str = "left",
        va: str = "baseline",
        size: float | None = None,
        color: str = TEXT,
        bold: bool = False,
        halo: bool = False,
    ) -> Box:
        """Write one line. `va` is "baseline", "top", "center" (of capitals) or "bottom". Returns its box."""
        text = plain(text)
        box = self.box_of(x, y, text, ha=ha, va=va, size=size, bold=bold)
        if not text:
            return box
        if halo:
            pad = 0.02
            self.rects(
                [(box.left - pad, box.bottom, box.right - box.left + 2 * pad, box.top - box.bottom)],
                "white",
                z=2.9,
            )
        self._add(
            label(
                x,
                y + _baseline(va) * (size or self.size) / 72,
                _drawable(text),
                ha=ha,
                fontsize=size or self.size,
                color=color,
                fontweight="bold" if bold else "normal",
                zorder=5,
            )
        )
        self.texts.append(box)
        return box

    def lines_of_text(
        self, x: float, top: float, lines: Iterable[str], *, size: float | None = None, **style: Any
    ) -> float:
        """Write lines under each other from `top` down. Returns the bottom."""
        for line in lines:
            self.text(x, top, line, va="top", size=size, **style)
            top -= LINE * (size or self.size) / 72
        return top

    def centred_lines(
        self, x: float, middle: float, lines: Sequence[str], *, size: float | None = None, **style: Any
    ) -> None:
        """Write lines under each other with the middle of their capitals at `middle`."""
        em = (size or self.size) / 72
        top = middle + (len(lines) - 1) / 2 * LINE * em + (ASCENT - 0.365) * em
        self.lines_of_text(x, top, lines, size=size, **style)

    def kept_inside(self, x: float | None, width: float) -> tuple[float, str]:
        """Return where to write a label that wants its middle at x: there, or against the edge it would cross."""
        if x is None or x - width / 2 < SIDE:
            return SIDE, "left"
        if x + width / 2 > self.width - SIDE:
            return self.width - SIDE, "right"
        return x, "center"

    def block(
        self, x: float, top: float, text: str, width: float, *, size: float | None = None, **style: Any
    ) -> float:
        """Write text wrapped to `width` inches from `top` down. Returns the bottom."""
        lines = wrap(text, width, size or self.size, bool(style.get("bold")))
        return self.lines_of_text(x, top, lines, size=size, **style)

    def rects(
        self,
        rects: Iterable[tuple[float, float, float, float]],
        color: str = "none",
        *,
        edge: str = "none",
        hatch: str = "",
        width: float = 0.8,
        z: float = 2.0,
    ) -> None:
        """Draw rectangles (left, bottom, width, height) as one shape."""
        vertices: list[tuple[float, float]] = []
        for left, bottom, wide, high in rects:
            right, top = left + wide, bottom + high
            vertices += [(left, bottom), (left, top), (right, top), (right, bottom), (left, bottom)]
        codes = [1, 2, 2, 2, 79] * (len(vertices) // 5)
        self.shape(vertices, codes, color, edge=edge, hatch=hatch, width=width, z=z)

    def shape(
        self,
        vertices: Sequence[tuple[float, float]],
        codes: Sequence[int],
        color: str,
        *,
        edge: str = "none",
        hatch: str = "",
        width: float = 0.8,
        z: float = 2.0,
    ) -> None:
        """Draw one filled shape of any parts."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        if not vertices:
            return
        patch = PathPatch(
            Path(vertices, codes),
            facecolor=color,
            edgecolor=edge,
            hatch=hatch or None,
            linewidth=width,
            joinstyle="miter",
            zorder=z,
            clip_on=False,
        )
        if hatch:
            patch.set_hatch_linewidth(0.7)
        self._add(patch)

    def lines(
        self,
        lines: Iterable[Sequence[tuple[float, float]]],
        color: str = TEXT,
        *,
        width: float = 1.0,
        dash: tuple[float, ...] = SOLID,
        z: float = 3.0,
    ) -> None:
        """Draw polylines as one shape."""
        from matplotlib.lines import Line2D

        xs: list[float] = []
        ys: list[float] = []
        for line in lines:
            if xs:
                xs.append(math.nan)
                ys.append(math.nan)
            for x, y in line:
                xs.append(x)
                ys.append(y)
        if not xs:
            return
        artist = Line2D(
            xs,
            ys,
            color=color,
            linewidth=width,
            linestyle=(0, tuple(part * 1.0 for part in dash)) if dash else "-",
            solid_capstyle="butt",
            dash_capstyle="butt",
            solid_joinstyle="round",
            zorder=z,
            clip_on=False,
        )
        self._add(artist)

    def marks(
        self,
        points: Iterable[tuple[float, float]],
        marker: str = "o",
        *,
        color: str = FOCUS,
        edge: str = "white",
        size: float = 5.0,
        width: float = 0.6,
        z: float = 4.0,
    ) -> None:
        """Draw marks of one kind; `size` is their width in points."""
        from matplotlib.lines import Line2D

        points = list(points)
        if points:
            xs, ys = zip(*points, strict=True)
            self._add(
                Line2D(
                    xs,
                    ys,
                    linestyle="none",
                    marker=marker,
                    markersize=size,
                    markerfacecolor=color,
                    markeredgecolor=edge,
                    markeredgewidth=width,
                    zorder=z,
                    clip_on=False,
                )
            )

    def grid_y(
        self, scale: Scale, values: Sequence[float], write: Callable[[float], str], left: float, right: float
    ) -> None:
        """Draw horizontal grid lines with their labels left of them."""
        self.lines([[(left, scale(v)), (right, scale(v))] for v in values if v != 0], GRID, width=0.6, z=1)
        if any(v == 0 for v in values):
            self.lines([[(left, scale(0)), (right, scale(0))]], "#808080", width=0.8, z=3.5)
        for value in values:
            self.text(left - 0.05, scale(value), write(value), ha="right", va="center", size=self.small)

    def write_labels(
        self,
        labels: Sequence[tuple[float, float, str, bool]],
        bounds: Box,
        obstacles: Sequence[Box],
        *,
        soft: Sequence[Box] = (),
        must: int = 0,
    ) -> None:
        """Write labels beside their points where `place_labels` finds room, bold ones in the force's colour."""
        found = place_labels(self, labels, bounds, obstacles, size=self.small, soft=soft, must=must)
        for (x, y, text, bold), spot in zip(labels, found, strict=True):
            if spot:
                style: dict[str, Any] = {"bold": bold, "color": FOCUS if bold else TEXT, "size": self.small}
                self.text(spot.x, spot.y, text, ha=spot.ha, va=spot.va, halo=True, **style)
                if spot.far:
                    self.leader(x, y, spot.box)

    def leader(self, x: float, y: float, box: Box) -> None:
        """Draw a thin line from a point to the nearest edge of its label."""
        self.lines([[(x, y), box.nearest(x, y)]], QUIET, width=0.6, z=2.8)

    def head(self, label: str, samples: Sequence[Sample] = ()) -> float:
        """Write a chart's heading and its key. Returns where the drawing may start."""
        inner = self.width - 2 * SIDE
        top = self.height - TOP
        if label:
            top = self.block(SIDE, top, label, inner)
        return self.key(samples, SIDE, top, inner) - UNDER_HEAD

    def key(self, samples: Sequence[Sample], left: float, top: float, width: float) -> float:
        """Write a key that flows over lines of `width` inches. Returns its bottom."""
        size = self.small
        places, bottom = _key_places(samples, left, top, width, size)
        for sample, (x, y, text, lead) in zip(samples, places, strict=True):
            self._sample(sample, x, y - (ASCENT - 0.35) * size / 72)
            self.text(x + lead, y, text, va="top", size=size, bold=sample.bold, color=sample.color)
        return bottom

    def _sample(self, sample: Sample, x: float, y: float) -> None:
        if sample.line:
            self.lines([[(x, y), (x + 0.2, y)]], sample.line, width=sample.width, dash=sample.dash)
        if sample.tick:
            self.lines([[(x + 0.08, y - 0.07), (x + 0.08, y + 0.07)]], TEXT, width=1.6)
        if sample.marker:
            place = x + (0.1 if sample.line else 0.08)
            self.marks([(place, y)], sample.marker, color=sample.fill or "white", edge=sample.edge or TEXT)
        elif sample.fill or sample.hatch:
            self.rects(
                [(x, y - 0.05, 0.14, 0.1)],
                sample.fill or "white",
                edge=sample.edge or "none",
                hatch=sample.hatch,
                width=0.6,
            )


def _key_places(
    samples: Sequence[Sample], left: float, top: float, width: float, size: float
) -> tuple[list[tuple[float, float, str, float]], float]:
    """Where each entry of a key stands (x, top, text, room for its sample), and the key's bottom."""
    x, line = left, KEY_LINE * size / 72
    places = []
    for sample in samples:
        drawn = sample.marker or sample.fill or sample.hatch or sample.tick
        lead = 0.26 if sample.line else 0.2 if drawn else 0.0
        text = cut_to(sample.text, width - lead, size, sample.bold)
        need = lead + text_width(text, size, sample.bold)
        if x > left and x + need > left + width + 1e-6:
            x, top = left, top - line
        places.append((x, top, text, lead))
        x += need + 0.16
    return places, top - line if samples else top


def small_size(layout: Layout) -> float:
    """Return the size of secondary text in points: never under 7.5."""
    return 8.0 if layout.compact else 9.0


def head_height(layout: Layout, label: str, samples: Sequence[Sample] = ()) -> float:
    """Return the inches that `Page.head` takes, without drawing it."""
    inner = layout.width - 2 * SIDE
    top = -TOP
    if label:
        top -= len(wrap(label, inner, layout.font_size)) * LINE * layout.font_size / 72
    return UNDER_HEAD - _key_places(samples, SIDE, top, inner, small_size(layout))[1]


def _baseline(va: str) -> float:
    """Return how far the baseline lies above the place that `va` names, in em."""
    return {"baseline": 0.0, "center": -0.365, "top": -ASCENT, "bottom": DESCENT}[va]


def within(line: Sequence[tuple[float, float]], area: Box) -> list[list[tuple[float, float]]]:
    """Return the parts of a line between the bottom and the top of an area, ending on its edge."""
    parts: list[list[tuple[float, float]]] = []
    current: list[tuple[float, float]] = []
    previous = None
    for point in line:
        inside = area.bottom <= point[1] <= area.top
        if previous is not None:
            was_inside = area.bottom <= previous[1] <= area.top
            if inside != was_inside:
                outer = point if was_inside else previous
                edge = area.top if outer[1] > area.top else area.bottom
                part = (edge - previous[1]) / (point[1] - previous[1])
                crossing = (previous[0] + part * (point[0] - previous[0]), edge)
                if inside:
                    current = [crossing]
                else:
                    current.append(crossing)
                    parts.append(current)
                    current = []
        if inside:
            current.append(point)
        previous = point
    if len(current) > 1:
        parts.append(current)
    return parts


def spread(wanted: Sequence[float], heights: Sequence[float], low: float, high: float) -> list[float]:
    """Move centres of labels apart, as little as needed, so that none overlap between low and high.

    `wanted` are the centres asked for, in any order. Where they cannot all fit they are packed evenly.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = [0.0] * len(wanted)
    # Push up from below, then down from above: the standard two passes.
    edge = low
    for index in order:
        placed[index] = max(wanted[index], edge + heights[index] / 2)
        edge = placed[index] + heights[index] / 2
    edge = high
    for index in reversed(order):
        placed[index] = min(placed[index], edge - heights[index] / 2)
        edge = placed[index] - heights[index] / 2
    return placed


_SIDES = (
    (1, 0, "left", "center"),
    (-1, 0, "right", "center"),
    (0, 1, "center", "bottom"),
    (0, -1, "center", "top"),
    (0.8, 0.8, "left", "bottom"),
    (-0.8, 0.8, "right", "bottom"),
    (0.8, -0.8, "left", "top"),
    (-0.8, -0.8, "right", "top"),
)


@dataclass(frozen=True)
class Spot:
    """Where a label goes, and whether it is far enough from its point to need a line to it."""

    box: Box
    x: float
    y: float
    ha: str
    va: str
    far: bool


def _misleads(point: tuple[float, float], box: Box, other: tuple[float, float]) -> bool:
    """Whether a point's label lies nearer to another point, or the line to it runs past that one."""
    if box.gap(*other) <= box.gap(*point):
        return True
    near = box.nearest(*point)
    dx, dy = near[0] - point[0], near[1] - point[1]
    length = dx * dx + dy * dy
    part = ((other[0] - point[0]) * dx + (other[1] - point[1]) * dy) / length if length else 0.0
    part = min(1.0, max(0.0, part))
    return math.hypot(point[0] + part * dx - other[0], point[1] + part * dy - other[1]) < _CLEAR


_CLEAR = 0.05  # inches that a line to a label keeps from other points


def place_labels(
    page: Page,
    labels: Sequence[tuple[float, float, str, bool]],
    bounds: Box,
    obstacles: Sequence[Box],
    *,
    size: float,
    soft: Sequence[Box] = (),
    must: int = 0,
    reach: float = 0.09,
) -> list[Spot | None]:
    """Find a free place beside each point for its one-line label, trying the common sides in turn.

    `labels` are (x, y, text, bold) in order of importance. A label never covers `obstacles` or another label
    and covers `soft` ones, such as grid and limit lines, only where nothing else is free. The first `must`
    labels look further away, and are placed where least is covered; others are left out.
    """
    taken: list[Box] = list(obstacles)
    found: list[Spot | None] = []
    for index, (x, y, text, bold) in enumerate(labels):
        best: Spot | None = None
        best_cost = math.inf
        others = [(a, b) for place, (a, b, _, _) in enumerate(labels[:must]) if place != index]
        rings = (1.0, 2.2, 3.6, 5.0, 7.0) if index < must else (1.0,)
        for ring in rings:
            for across, up, ha, va in _SIDES:
                dx, dy = across * reach * ring, up * reach * ring
                box = page.box_of(x + dx, y + dy, text, ha=ha, va=va, size=size, bold=bold)
                shift = max(0.0, bounds.left - box.left) - max(0.0, box.right - bounds.right)
                if shift and ha != "center":
                    continue
                box = Box(box.left + shift, box.bottom, box.right + shift, box.top)
                if not box.inside(bounds):
                    continue
                cost = sum(1.0 for other in taken if box.overlaps(other, 0.015))
                cost += 0.02 * sum(1 for other in soft if box.overlaps(other)) + 0.04 * (ring - 1)
                # A label, or the line that leads to it, must not read as that of another point.
                rivals = sum(1 for point in others if _misleads((x, y), box, point))
                cost += 0.6 * rivals
                if cost < best_cost:
                    near = any(box.gap(*point) < 2 * reach for point in others)
                    best = Spot(box, x + dx + shift, y + dy, ha, va, ring > 2 or (near and ring > 1))
                    best_cost = cost
            if best_cost < 0.2:
                break
        if best is not None and (best_cost < 1 or index < must):
            taken.append(best.box)
            found.append(best)
        else:
            found.append(None)
    return found
