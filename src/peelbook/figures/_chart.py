"""What every chart is: a drawing in two layouts, its data, its alt text and its provenance.

A chart kind is a module that returns a `Chart`. Displayed in a notebook, a chart emits one bundle:
a PNG for notebook front ends, the figure payload that the site turns into an accessible card with
downloads, and its data as text, which is what nbval compares (it never compares images). The picture has
no title, which the card has; so a notebook gets title, notes and source as outputs of their own around it.
"""

from __future__ import annotations

import base64
import io
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from peelbook.blocks import around_chart
from peelbook.catalogue import OVERLAY_NOTE, Provenance
from peelbook.figures._layout import (
    FOOTER_SIZE,
    PNG_DPI,
    QUIET,
    Layout,
    LineScale,
    compact,
    hotspots,
    wide,
)
from peelbook.figures._plain import plain
from peelbook.util.spreadsheets import missing, to_csv

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MIME = "application/vnd.peelbook.figure+json"

BASIS_WORDS = {
    "computed": "Computed from open data",
    "as printed": "As printed in the report",
    "computed and as printed": "Computed from open data, beside values as printed in the report",
    "as reported": "As reported by a secondary source",
}
"""Where the figures of a chart come from, in words: open data, the report, both, or a secondary source."""

BASES = tuple(BASIS_WORDS)


@dataclass(frozen=True)
class Column:
    """One column of a chart's table twin: header as printed, and how its values are written."""

    label: str
    format: Callable[[Any], str] | None = None
    numeric: bool = True


@dataclass(frozen=True)
class Chart:
    """A chart with everything a reader needs to check it and take it away.

    `data` is the tidy frame behind the drawing, unrounded: it is the CSV download. `columns`
    says which of its columns stand in the table twin, in order, and how they print. `basis` is
    `"computed"` (from open data), `"as printed"` (the report's own figures),
    `"computed and as printed"`, or `"as reported"` (a secondary source). `pointed` says how a pointer finds a
    value: `"x"` where values stand side by side, as columns, `"y"` where they stand under each other, else by its
    distance. `peers` are columns of `data` that are drawn as lines but have no column in the table, each with its
    name. `force` is the name of the force in front, empty where none is. `file_columns` says which columns of `data`
    the CSV has, in order, and their names there; by default all.
    """

    id: str
    title: str
    alt: str
    data: pd.DataFrame
    columns: Mapping[str, Column]
    draw: Callable[[Figure, Layout], None]
    provenance: Sequence[Provenance]
    period: str
    basis: str = "computed"
    notes: Sequence[str] = ()
    heights: tuple[float, float] = (4.2, 3.6)
    kind: str = field(default="chart")
    pointed: str = ""
    peers: Mapping[str, str] = field(default_factory=dict)
    force: str = ""
    file_columns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Names come from data, and data may hold anything: no text leaves here that XML cannot carry.
        for name in ("title", "alt", "period", "force"):
            object.__setattr__(self, name, plain(getattr(self, name)))
        object.__setattr__(self, "notes", tuple(plain(note) for note in self.notes if plain(note)))
        if not re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", self.id):
            raise ValueError(f"chart id {self.id!r} is not <section>.<name>")
        if self.basis not in BASES:
            raise ValueError(f"unknown basis {self.basis!r}")
        if not self.alt.strip():
            raise ValueError(f"chart {self.id} has no alt text")
        if unknown := [name for name in self.columns if name not in self.data.columns]:
            raise ValueError(f"chart {self.id}: no such data columns: {', '.join(unknown)}")

    @property
    def source_line(self) -> str:
        """The short source note drawn inside the image."""
        names = list(dict.fromkeys(item.publisher for item in self.provenance if item.publisher))
        licences = list(dict.fromkeys(item.licence for item in self.provenance if item.licence))
        parts = [f"Source: {'; '.join(names)}" if names else "", "; ".join(licences)]
        return plain(" ".join(f"{part}." for part in parts if part))

    def figure(self, layout: Layout) -> Figure:
        """Draw the chart on a new figure in one layout. Needs no display and no pyplot."""
        with _settings(self.id):
            return self._drawn(layout)

    def _drawn(self, layout: Layout) -> Figure:
        from matplotlib.figure import Figure

        from peelbook.figures._label import label
        from peelbook.figures._page import LINE, SIDE, wrap

        source = wrap(self.source_line, layout.width - 2 * SIDE, FOOTER_SIZE)
        step = LINE * FOOTER_SIZE / 72
        layout = replace(layout, footer=step * len(source) + 0.1)
        height = layout.height + layout.footer
        figure = Figure(figsize=(layout.width, height), dpi=PNG_DPI, facecolor="white")
        with _font_size(layout.font_size):
            self.draw(figure, layout)
        if any(axes.get_subplotspec() for axes in figure.axes):
            # A drawing that leaves its layout to matplotlib gets the room above the source line.
            figure.set_layout_engine(
                "constrained", rect=(0, layout.footer / height, 1, layout.height / height)
            )
        for number, line in enumerate(source):
            figure.add_artist(
                label(
                    SIDE / layout.width,
                    (layout.footer - 0.06 - 0.78 * FOOTER_SIZE / 72 - step * number) / height,
                    line,
                    fontsize=FOOTER_SIZE,
                    color=QUIET,
                    zorder=5,  # with the labels, and after them: text is read in this order
                )
            )
        return figure

    def pictures(self) -> tuple[str, bytes]:
        """The wide layout as SVG and the compact one as PNG. The SVG says where either shows which cell of the table.

        Its root has two attributes, `data-wide` and `data-compact`: whole numbers in runs that `;` parts.
        A run opens with a row and a column of the table twin's body, from 0, and the place of that cell, x and y in
        points from the top left of the drawing; then follow the steps to the places of the rows below it. Where peers are
        drawn, `data-scale` has the lowest and the highest value and how far down each stands, `data-peers` their
        columns in the CSV and, where the column does not tell it, their names.
        """
        with _settings(self.id):
            small = self._drawn(compact(self.heights[1]))
            png = self._png(small)
            return self._svg({"data-compact": self._places(small)}), png

    def png(self) -> bytes:
        """The compact layout as an indexed PNG, 720 px wide, with title, source and alt inside."""
        with _settings(self.id):
            return self._png(self._drawn(compact(self.heights[1])))

    def svg(self) -> str:
        """The wide layout as SVG with real text; title and alt are inside, and the line of sources and licences."""
        return self.pictures()[0]

    def _peers(self, figure: Figure) -> dict[str, str]:
        """Where on the drawing, in points, the values of the peers stand, and the peers' names."""
        scale: LineScale | None = getattr(figure, "peelbook_scale", None)
        if scale is None or not self.peers:
            return {}
        top = figure.get_figheight()
        ends = (f"{72 * (top - scale.bottom):.1f}", f"{72 * (top - scale.top):.1f}")
        return {
            "data-scale": f"{scale.low:.9g} {scale.high:.9g} {' '.join(ends)}",
            "data-peers": ";".join(
                column if plain(name) == _name_of(column) else f"{column}={plain(name)}"
                for column, name in self.peers.items()
            ),
        }

    def _places(self, figure: Figure) -> str:
        """The hotspots of a drawing as text, in points."""
        order = {name: number for number, name in enumerate(self.columns)}
        top = figure.get_figheight()
        runs: list[str] = []
        before: tuple[int, int, int, int] | None = None
        for spot in hotspots(figure):
            row, column = spot.row, order[spot.column]
            x, y = round(72 * spot.x), round(72 * (top - spot.y))
            if before and (row, column) == (before[0] + 1, before[1]):
                runs[-1] += f" {x - before[2]} {y - before[3]}"
            else:
                runs.append(f"{row} {column} {x} {y}")
            before = row, column, x, y
        return ";".join(runs)

    def _png(self, figure: Figure) -> bytes:
        from peelbook.figures import _png

        image = _png.render(figure)
        texts = {"Title": self.title, "Source": self.source_line, "Description": self.alt}
        return _png.encode(image, texts, PNG_DPI)

    def _svg(self, places: Mapping[str, str]) -> str:
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        from peelbook.figures import _svg

        buffer = io.StringIO()
        figure = self._drawn(wide(self.heights[0]))
        places = {
            "data-by": self.pointed,
            "data-wide": self._places(figure),
            **places,
            **self._peers(figure),
        }
        figure.set_dpi(72)
        FigureCanvasSVG(figure).print_svg(
            buffer,
            metadata={
                "Title": self.title,
                "Date": None,
                "Creator": None,
                "Format": None,
                "Type": None,
            },
        )
        return _svg.slim(buffer.getvalue(), description=self.alt, attributes=places)

    def csv(self) -> str:
        """The data, unrounded, as CSV that no spreadsheet runs as a formula."""
        names = dict(self.file_columns)
        return to_csv(self.data[list(names)].rename(columns=names) if names else self.data)

    def table(self) -> dict[str, Any]:
        """The table twin: column labels, which are numeric, and rows of text.

        A complete count has no interval: columns of one that no row has would say that its data are missing.
        """
        columns = {
            name: column
            for name, column in self.columns.items()
            if name not in _INTERVAL or not all(map(missing, _cells(self.data, name)))
        }
        printed = []
        for name, column in columns.items():
            write = column.format or str
            printed.append(
                [plain("" if missing(value) else write(value)) for value in _cells(self.data, name)]
            )
        return {
            "columns": [plain(column.label) for column in columns.values()],
            "numeric": [column.numeric for column in columns.values()],
            "rows": [list(row) for row in zip(*printed, strict=True)],
        }

    def payload(self) -> dict[str, Any]:
        """Everything but the pictures, as JSON: what the site renders and nbval compares."""
        notes = list(self.notes)
        if any(item.caveat == OVERLAY_NOTE for item in self.provenance):
            notes.append(f"This chart {OVERLAY_NOTE}.")
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "alt": self.alt,
            "basis": self.basis,
            "period": self.period,
            "notes": notes,
            "table": self.table(),
            "csv": self.csv(),
            "sources": [
                {
                    "table": item.table,
                    "title": plain(item.title),
                    "publisher": plain(item.publisher),
                    "url": _address(item.page_url),
                    "licence": plain(item.licence),
                    "licence_url": _address(item.licence_url),
                    "kind": plain(item.kind),
                    "caveat": plain(item.caveat),
                    "period": plain(item.period),
                    "hash": item.short_hash,
                    "inputs": [[plain(name), digest] for name, digest in item.input_files],
                }
                for item in self.provenance
            ],
        }

    def text(self) -> str:
        """The chart as plain text: title, what it shows, table."""
        return self._written(self.table())

    def _written(self, table: Mapping[str, Any]) -> str:
        lines = [f"{self.title} [{self.basis}]", self.alt, " | ".join(table["columns"])]
        return "\n".join([*lines, *(" | ".join(row) for row in table["rows"])])

    def _repr_mimebundle_(self, include=None, exclude=None):
        svg, png = self.pictures()
        payload = self.payload()
        data = {
            MIME: payload,
            "text/plain": self._written(payload["table"]),
            "image/png": base64.b64encode(png).decode(),
        }
        # The SVG travels as metadata: nbval would otherwise fail on the last digit of a coordinate.
        return data, {"peelbook": {"svg": svg}, "image/png": {"alt": self.alt}}

    def _ipython_display_(self) -> None:
        """Show the chart with its title above and its notes and sources below, as outputs of their own.

        One output cannot have both: a front end shows the HTML of a bundle or its picture, and GitHub strips a
        picture inside HTML. The two have the chart's mark, by which the site leaves them to its card.
        """
        from IPython.display import display

        data, metadata = self._repr_mimebundle_()
        above, below = around_chart(data[MIME], self.force, BASIS_WORDS[self.basis])
        mark = {"peelbook": {"around": self.id}}
        for bundle, details in ((above, mark), (data, metadata), (below, mark)):
            display(bundle, raw=True, metadata=details)


def _name_of(column: str) -> str:
    """The name that a slug tells by itself: `avon-and-somerset` is Avon and Somerset. The page's script has the same rule."""
    return " ".join(
        word if word in ("and", "of") else word[:1].upper() + word[1:] for word in column.split("-")
    )


def _cells(frame: pd.DataFrame, name: str) -> list[Any]:
    """Return a column as plain Python values: NumPy scalars are slow and print differently."""
    return frame[name].tolist()


def _address(url: str) -> str:
    """Return a web address, or nothing for what a browser would run, or that carries a password."""
    return url if re.fullmatch(r"https?://[^/@\s]+(/\S*)?", url) else ""


#: Columns that hold the ends of an interval.
_INTERVAL = frozenset({"lower", "upper"})

_LOCK = threading.RLock()


@contextmanager
def _settings(salt: str) -> Iterator[None]:
    """Draw with the afcharts style and nothing else, whatever the caller has set, and put all back.

    Matplotlib's settings belong to the process: the lock keeps two threads from mixing theirs.
    """
    with _LOCK, _set(_rc() | {"svg.hashsalt": salt}):
        yield


@contextmanager
def _set(changed: Mapping[str, Any]) -> Iterator[None]:
    """Set matplotlib's settings for a while, as its `rc_context`, of values that are valid already.

    Bypasses validation and a copy of them all, which take longer than drawing.
    """
    import matplotlib as mpl

    settings: Any = mpl.rcParams
    before = {key: value for key, value in dict.items(settings) if key != "backend"}
    dict.update(settings, changed)
    try:
        yield
    finally:
        dict.update(settings, before)


@contextmanager
def _font_size(size: float) -> Iterator[None]:
    """Set the text size of a layout, for drawings that leave it to the defaults."""
    keys = ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize")
    with _set(dict.fromkeys((*keys, "legend.fontsize"), size)):
        yield


@cache
def _rc() -> dict[str, Any]:
    """Settings of the afcharts style, over matplotlib's defaults, with a font every machine has."""
    import matplotlib as mpl

    style = mpl.rc_params_from_file(str(files("afcharts") / "afcharts.mplstyle"), use_default_template=False)
    defaults = {key: value for key, value in dict.items(mpl.rcParamsDefault) if "backend" not in key}
    settings: Any = mpl.RcParams(
        defaults
        | dict(style)
        | {
            "font.family": "DejaVu Sans",  # ships with matplotlib: the same widths everywhere
            "text.parse_math": False,  # a name with dollar signs is text, not mathematics
            "text.hinting": "no_hinting",  # drawn at more than one dot a pixel: hints cost time and change widths
            "axes.unicode_minus": True,
            "savefig.facecolor": "white",
            "svg.fonttype": "none",  # text stays text: it can be read, searched and scaled
            "path.simplify": False,
        }
    )
    return dict(dict.items(settings))
