"""Turn the figure payload of a notebook output into an accessible card and three downloads.

A chart is only worth its page if a reader can check it, so picture, alt text, table twin, source and
files travel together and are rendered in one place.
"""

from __future__ import annotations

import csv
import io
import json
import posixpath
import re
import struct
from dataclasses import dataclass
from typing import Any

from peelbook.figures._chart import BASIS_WORDS
from peelbook.site import publication
from peelbook.site.publication import Origin
from peelbook.site.templates import render
from peelbook.util.files import sha256
from peelbook.util.spreadsheets import safe_cell

NOWHERE = Origin()

SHARED = "../../figures/"
"""From the downloads of a force's page to those that the pages of all forces share."""

FIGURE_ID = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")

KIND_WORDS = {
    "as published": "the publisher’s own file",
    "extract": "an extract: the publisher’s figures, cut down or re-keyed by a third party, then checked",
    "secondary": "a secondary source: figures as others reported them",
    "computed": "computed for this book",
    "as printed": "figures as the report printed them",
    "supplied by the user": "supplied by the user",
}


@dataclass(frozen=True)
class Figure:
    """One chart as it left its notebook: the payload, its SVG (wide) and its PNG (compact)."""

    payload: dict[str, Any]
    svg: str
    png: bytes

    def __post_init__(self) -> None:
        if not FIGURE_ID.fullmatch(str(self.payload.get("id", ""))):
            raise ValueError(f"figure id {self.payload.get('id')!r} is not <section>.<name>")
        if self.payload.get("basis") not in BASIS_WORDS:
            raise ValueError(f"figure {self.id}: unknown basis {self.payload.get('basis')!r}")

    @property
    def id(self) -> str:
        """The figure's id, `<section>.<name>`: the stem of its files."""
        return self.payload["id"]

    @property
    def anchor(self) -> str:
        """The figure's anchor on its page."""
        return self.id.partition(".")[2].replace("_", "-")

    def data_file(self, shared: str = "") -> str:
        """Where the CSV lies, from the folder of the page's downloads.

        With `shared`, the path to a folder of all forces, data of several forces lies there under a name that tells
        its content: pages of 43 forces draw the same rows, and each marks its own in the picture.
        """
        several = " data-peers=" in self.svg or _of_several_forces(self.payload["csv"])
        if not shared or not several:
            return f"{self.id}.csv"
        words = [self.payload["csv"], source_words(self.payload), licence_words(self.payload)]
        return f"{shared}{self.id}.{sha256(chr(10).join(words).encode())[:8]}.csv"

    def files(self, origin: Origin = NOWHERE, shared: str = "") -> dict[str, bytes]:
        """The downloads by file name: CSV, SVG and PNG, each with source and licence inside."""
        address = origin.address(self.anchor)
        return {
            self.data_file(shared): csv_with_source(self.payload).encode(),
            f"{self.id}.svg": publication.framed(self.svg, self.payload, origin, address).encode(),
            f"{self.id}.png": self.png,
        }


def _of_several_forces(text: str) -> bool:
    """Whether a CSV's rows are of more than one force, by its column of their names."""
    rows = csv.DictReader(io.StringIO(text))
    if "force" not in (rows.fieldnames or ()):
        return False
    first = next(rows, {}).get("force")
    return any(row["force"] != first for row in rows)


def csv_with_source(payload: dict[str, Any]) -> str:
    """The figure's data with its source and licence in two last columns, filled on the first row.

    One header row and one table, so that any program reads it; the note is not repeated on each row
    because 43 forces times ten sections would then carry it some hundred thousand times.
    """
    rows = list(csv.reader(io.StringIO(payload["csv"])))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for number, row in enumerate(rows):
        if number == 0:
            extra = ["data_source", "data_licence"]
        elif number == 1:
            extra = [safe_cell(source_words(payload)), safe_cell(licence_words(payload))]
        else:
            extra = ["", ""]
        writer.writerow([*row, *extra])
    return out.getvalue()


def source_words(payload: dict[str, Any]) -> str:
    """The sources in one line: publisher and title of each."""
    return "; ".join(
        dict.fromkeys(
            ", ".join(part for part in (item["publisher"], item["title"]) if part)
            for item in payload["sources"]
        )
    )


def licence_words(payload: dict[str, Any]) -> str:
    """The licences in one line."""
    return "; ".join(dict.fromkeys(item["licence"] for item in payload["sources"] if item["licence"]))


def png_size(png: bytes) -> tuple[int, int]:
    """Width and height in CSS pixels of a PNG drawn at two pixels a CSS pixel."""
    if png[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("not a PNG image")
    width, height = struct.unpack(">II", png[16:24])
    return round(width / 2), round(height / 2)


_SVG_SIZE = re.compile(r'<svg[^>]*?\bviewBox="0 0 ([\d.]+) ([\d.]+)"')


def svg_size(svg: str) -> tuple[int, int]:
    """Width and height in CSS pixels of an SVG whose view box is in points."""
    if not (match := _SVG_SIZE.search(svg)):
        raise ValueError("an SVG without a view box")
    return round(float(match[1]) * 4 / 3), round(float(match[2]) * 4 / 3)


def file_size(size: int) -> str:
    """A file's size in words: "640 bytes", "12 kB"."""
    return f"{size} bytes" if size < 1000 else f"{size / 1000:.0f} kB"


def render_card(
    figure: Figure,
    *,
    folder: str = "figures/",
    number: int = 2,
    entries: dict[str, tuple[str, str]] | None = None,
    origin: Origin = NOWHERE,
    measure: tuple[str, str] | None = None,
    own: str = "",
    shared: str = "",
) -> str:
    """Return the HTML of a figure card. All text of the payload is escaped.

    `folder` is the path from the page to its downloads, ending in a slash. `number` is the card's place on the page:
    the first figure loads at once, the others when they come near the screen. `entries` has what the cards above have said of
    sources (entry → anchor and title); this card leads to them, and adds its own. `measure` is the address and label of the page of
    the chart's measure, `own` the short name of the page's force, whose row of the table is marked. `shared` is the
    path from the downloads to those of all forces (`Figure.data_file`).
    """
    files = figure.files(origin, shared)
    wide = svg_size(files[f"{figure.id}.svg"].decode())
    return render(
        "card.html",
        figure=figure.payload,
        anchor=figure.anchor,
        badge=BASIS_WORDS[figure.payload["basis"]],
        basis_class=figure.payload["basis"].replace(" ", "-"),
        kinds=KIND_WORDS,
        wide=wide,
        compact=png_size(figure.png),
        # One class a numeric column on the table, not one a cell: a page holds some thousand cells.
        number_columns="".join(
            f" pb-n{place}"
            for place, numeric in enumerate(figure.payload["table"]["numeric"], start=1)
            if numeric
        ),
        folder=folder,
        number=number,
        sources=_untold(figure, number, {} if entries is None else entries),
        downloads=[
            (
                kind.upper(),
                posixpath.normpath(f"{folder}{name}"),
                f"{figure.id}.{kind}" if name.startswith(shared or "/") else "",
                file_size(len(content)),
            )
            for kind, (name, content) in zip(("csv", "svg", "png"), files.items(), strict=True)
        ],
        measure=measure,
        own=own,
        live=" data-wide=" in figure.svg,
        share=share(figure, origin, folder, wide),
    )


def _untold(
    figure: Figure, number: int, entries: dict[str, tuple[str, str]]
) -> list[tuple[dict[str, Any], tuple[str, str] | None]]:
    """Each source with the card that has its whole entry; `None` where that is this one, which is then in `entries`."""
    found: list[tuple[dict[str, Any], tuple[str, str] | None]] = []
    for item in figure.payload["sources"]:
        entry = json.dumps(item, sort_keys=True)
        found.append((item, entries.get(entry)))
        entries.setdefault(entry, (f"{number}b", figure.payload["title"]))
    return found


def share(figure: Figure, origin: Origin, folder: str, size: tuple[int, int]) -> list[tuple[str, str]]:
    """What a reader takes along to cite or show a chart: name and text of each; none where no page is known."""
    address = origin.address(figure.anchor)
    if not address:
        return []
    texts = publication.ways_to_cite(figure.payload, origin, address, figure.id)
    if origin.is_public:
        picture = f"{origin.page.rpartition('/')[0]}/{folder}{figure.id}.svg"
        texts.append(("Embed", publication.embed(figure.payload, address, picture, size)))
    return texts
