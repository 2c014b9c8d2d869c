"""A chart drawn by whoever wrote the cell, with matplotlib or seaborn, on the same card as the book's own kinds.

The drawing is made once, at any size. It is set anew at the two sizes of a page, with the book's font, and gets
the same source line; what it shows is left as it was drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from peelbook.figures._chart import Chart
from peelbook.figures._layout import FOOTER_SIZE, PNG_DPI, QUIET, Layout

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Numbers between these on an axis are years.
_YEARS = (1990, 2050)

#: The text size that matplotlib draws with where nobody says otherwise; a drawing's sizes are relative to it.
_DRAWN_SIZE = 10.0


@dataclass(frozen=True)
class AxesChart(Chart):
    """A chart around a figure that is drawn already. `picture` is that figure, `twin` the rows of its table.

    `others` says that the data are of other forces than the page's: `force` then names them, or nobody.
    """

    picture: Any = None
    twin: Any = None
    others: bool = False

    def payload(self) -> dict[str, Any]:
        """Everything but the pictures; with the forces, where they are not the page's."""
        return super().payload() | ({"force": self.force} if self.others else {})

    def table(self) -> dict[str, Any]:
        """The table twin: the rows that readers see, which may be fewer than those of the CSV file."""
        return (
            Chart.table(replace(self, data=self.twin, twin=None))
            if self.twin is not None
            else super().table()
        )

    def _drawn(self, layout: Layout) -> Figure:
        from peelbook.figures._label import label
        from peelbook.figures._page import LINE, SIDE, wrap

        figure = self.picture
        for artist in [item for item in figure.artists if getattr(item, "peelbook_source", False)]:
            artist.remove()
        source = wrap(self.source_line, layout.width - 2 * SIDE, FOOTER_SIZE)
        step = LINE * FOOTER_SIZE / 72
        footer = step * len(source) + 0.1
        height = layout.height + footer
        figure.set_dpi(PNG_DPI)
        figure.set_size_inches(layout.width, height)
        figure.set_facecolor("white")
        _restyle(figure, layout.font_size)
        rect = (0.01, footer / height, 0.98, layout.height / height)
        figure.set_layout_engine("constrained", rect=rect)
        _keep_labels_inside(figure)
        for number, line in enumerate(source):
            below = (footer - 0.06 - 0.78 * FOOTER_SIZE / 72 - step * number) / height
            text = label(SIDE / layout.width, below, line, fontsize=FOOTER_SIZE, color=QUIET, zorder=5)
            text.set_fontfamily("DejaVu Sans")
            text.peelbook_source = True  # type: ignore[attr-defined]
            figure.add_artist(text)
        return figure


def _restyle(figure: Figure, size: float) -> None:
    """Give a drawing the book's font and quiet frame; sizes keep their proportion."""
    from matplotlib.text import Text

    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        for axis in (axes.xaxis, axes.yaxis):
            _whole_years(axis)
            _plain_numbers(axis)
    for text in figure.findobj(Text):
        drawn_at: Any = text
        ratio = getattr(drawn_at, "peelbook_ratio", None)
        if ratio is None:
            ratio = min(1.2, max(0.8, float(text.get_fontsize()) / _DRAWN_SIZE))
            drawn_at.peelbook_ratio = ratio
        text.set_fontfamily("DejaVu Sans")
        text.set_fontsize(size * ratio)
        _anchor_lines(text)
        _lay_out_once(text)
    for axes in figure.axes:
        _find_ticks_once(axes)
        # Last, so that ticks have one size: those that are made when the drawing gets its final width too.
        axes.tick_params(which="both", labelsize=0.9 * size, labelfontfamily="DejaVu Sans")


class _AnchoredLines:
    """A renderer that tells an SVG, of each line of a text of several, to which side the text is aligned.

    Matplotlib says so of texts of one line alone. The lines of others begin where its own font would have them
    begin, and with a reader's narrower font no side of them would be even.
    """

    def __init__(self, renderer: Any, text: Any) -> None:
        self._renderer, self._text = renderer, text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._renderer, name)

    def draw_text(self, *arguments: Any, mtext: Any = None, **options: Any) -> None:
        """Draw one line as the renderer does, with the text that it is a line of."""
        self._renderer.draw_text(*arguments, mtext=mtext or self._text, **options)


def _anchor_lines(text: Any) -> None:
    """Have all lines of a text aligned as the text is."""
    draw = type(text).draw

    def drawn(renderer: Any) -> None:
        alike = text.get_horizontalalignment() == (text._multialignment or text.get_horizontalalignment())
        draw(text, _AnchoredLines(renderer, text) if alike else renderer)

    text.draw = drawn


#: The layouts of texts so far. They hold for every text of the same words, font and alignment.
_LAYOUTS: dict[tuple[Any, ...], Any] = {}
_MOST_LAYOUTS = 4096


def _lay_out_once(text: Any) -> None:
    """Lay a text out once for a picture: matplotlib does it for each of some eight questions about its size.

    A third of the time that a drawing took. The layout does not depend on the place. Where matplotlib no longer asks
    for it in this way, or the text wraps by its place, nothing is kept.
    """
    lay_out = getattr(type(text), "_get_layout", None)
    if lay_out is None or text.get_wrap():
        return

    def laid_out(renderer: Any) -> Any:
        key = (
            text.get_text(),
            hash(text.get_fontproperties()),
            text.get_rotation(),
            text.get_rotation_mode(),
            text.get_horizontalalignment(),
            text.get_verticalalignment(),
            text._multialignment,
            text._linespacing,
            text.get_parse_math(),
            text.get_usetex(),
            text.get_figure(root=True).dpi,
            getattr(renderer, "dpi", None),
            type(renderer),
            type(getattr(renderer, "_renderer", None)),  # of those that pass all on to another
        )
        if key not in _LAYOUTS:
            if len(_LAYOUTS) >= _MOST_LAYOUTS:
                _LAYOUTS.clear()
            _LAYOUTS[key] = lay_out(text, renderer)
        return _LAYOUTS[key]

    text._get_layout = laid_out


def _find_ticks_once(axes: Any) -> None:
    """Find the ticks of axes once where their size is measured: matplotlib does it for each spine and label of an axis."""
    measure = type(axes).get_tightbbox

    def measured(*arguments: Any, **options: Any) -> Any:
        held = [axis for axis in (axes.xaxis, axes.yaxis) if hasattr(axis, "_update_ticks")]
        for axis in held:
            axis._update_ticks = cache(axis._update_ticks)
        try:
            return measure(axes, *arguments, **options)
        finally:
            for axis in held:
                vars(axis).pop("_update_ticks", None)

    axes.get_tightbbox = measured


def _keep_labels_inside(figure: Figure) -> None:
    """End a long label of a horizontal axis where the axis ends: centred, a phone's width would cut it off.

    The width of an axis is known only once all is laid out; names of categories leave it about half the figure.
    """
    for axes in figure.axes:
        name = axes.xaxis.label
        wide = name.get_window_extent().width > 0.5 * figure.bbox.width
        name.set(x=1.0 if wide else 0.5, horizontalalignment="right" if wide else "center")


def _whole_years(axis: Any) -> None:
    """Put no tick between two years on an axis of years that keeps matplotlib's own ticks."""
    from matplotlib.ticker import AutoLocator

    low, high = sorted(axis.get_view_interval())
    if isinstance(axis.get_major_locator(), AutoLocator) and low >= _YEARS[0] and high <= _YEARS[1]:
        axis.get_major_locator().set_params(integer=True, steps=[1, 2, 5, 10])


def _plain_numbers(axis: Any) -> None:
    """Write 1,000 and not ten to the third on a logarithmic axis that keeps matplotlib's own numbers."""
    from matplotlib.ticker import LogFormatter, StrMethodFormatter

    if isinstance(axis.get_major_formatter(), LogFormatter) and min(axis.get_view_interval()) >= 1:
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def from_function(draw: Callable[[Any], Any]) -> Any:
    """The axes that a function has drawn on: new ones, of a figure that pyplot does not know."""
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    draw(axes)
    return axes


def drawn(axes: Any) -> list[Any]:
    """The axes that hold something, of axes, several of them, a figure or a seaborn grid."""
    from matplotlib.figure import Figure

    if isinstance(axes, Figure):
        every = axes.axes
    elif hasattr(axes, "figure") and hasattr(axes, "axes") and not hasattr(axes, "has_data"):
        every = axes.figure.axes
    elif hasattr(axes, "has_data"):
        every = [axes]
    elif hasattr(axes, "ravel"):
        every = list(axes.ravel())
    else:
        every = [item for item in axes if hasattr(item, "has_data")] if hasattr(axes, "__iter__") else []
    return [item for item in every if item.has_data()]
