"""One line of text that costs little: its width was measured before, and an SVG viewer lays it out anyway."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from peelbook.figures._png import TEXT_MARK

if TYPE_CHECKING:
    from matplotlib.text import Text


def label(x: float, y: float, text: str, **style: Any) -> Text:
    """Return a text artist on its baseline, not turned; `style` is that of matplotlib's `Text`."""
    return _label_class()(x, y, text, va="baseline", gid=TEXT_MARK, **style)


@cache
def _label_class() -> type[Text]:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.text import Text

    class Label(Text):
        def draw(self, renderer: Any) -> None:
            """Write the line where SVG keeps text as text; anything else wants matplotlib's own layout."""
            figure = self.get_figure(root=True)
            if (
                figure is None
                or not isinstance(figure.canvas, FigureCanvasSVG)
                or mpl.rcParams["svg.fonttype"] != "none"
            ):
                super().draw(renderer)
                return
            if not self.get_visible() or not self.get_text():
                return
            x, y = self.get_transform().transform(self.get_unitless_position())
            pen = renderer.new_gc()
            pen.set_foreground(self.get_color())
            y = renderer.get_canvas_width_height()[1] - y
            renderer.draw_text(pen, x, y, self.get_text(), self.get_fontproperties(), 0.0, mtext=self)
            pen.restore()

    return Label
