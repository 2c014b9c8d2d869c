"""The two layouts of a chart, its colours, and the places of a drawing that show a cell of its table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PNG_DPI = 144  # 518 dots for the 346 px of a phone; pictures are a fifth of an edition as it is
FOOTER_SIZE = 7.5
"""Of the source line, in points."""

# Government Analysis Function colours (afcharts 1.2). Meaning never rests on them alone.
DARK_BLUE, TURQUOISE, DARK_PINK, ORANGE, DARK_GREY, PURPLE = (
    "#12436D",
    "#28A197",
    "#801650",
    "#F46A25",
    "#3D3D3D",
    "#A285D1",
)
MUTED = "#BFBFBF"
TEXT = "#1A1A1A"
QUIET = "#505A5F"  # secondary text: 7:1 on white

FOCUS, REST = DARK_BLUE, MUTED


@dataclass(frozen=True)
class Layout:
    """One of the two sizes a chart is drawn in: inches, points.

    `height` is that of the drawing; `footer`, filled in by `Chart.figure`, is what the source line adds
    below it, so that a long source line never squeezes a chart.
    """

    name: str
    width: float
    height: float
    font_size: float
    footer: float = 0.0

    @property
    def compact(self) -> bool:
        """Whether this is the layout for phones."""
        return self.name == "compact"


def wide(height: float = 4.2) -> Layout:
    """The layout for screens above 600 px: 672 CSS px wide, 14 px text. Height in inches."""
    return Layout("wide", 7.0, height, 10.5)


def compact(height: float = 3.6) -> Layout:
    """The layout for phones: 346 CSS px wide, 12 px text. Height in inches."""
    return Layout("compact", 3.6, height, 9.0)


def both(height: Callable[[Layout], float]) -> tuple[float, float]:
    """Return the heights of a drawing, wide and compact, from a function of the layout."""
    return round(height(wide()), 3), round(height(compact()), 3)


@dataclass(frozen=True)
class Hotspot:
    """A place of a drawing that shows one cell of its table twin; inches from the bottom left of the whole picture."""

    x: float
    y: float
    row: int
    column: str


@dataclass(frozen=True)
class LineScale:
    """The linear scale of a line chart's values: from `low` to `high`, at `bottom` and `top` inches from below."""

    low: float
    high: float
    bottom: float
    top: float


def hotspots(figure: Figure) -> list[Hotspot]:
    """The hotspots of a drawing, to add to or to read."""
    drawn: Any = figure
    if not hasattr(drawn, "peelbook_hotspots"):
        drawn.peelbook_hotspots = []
    return drawn.peelbook_hotspots
