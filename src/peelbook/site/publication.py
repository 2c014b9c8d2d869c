"""Give a chart what it needs to stand alone: title, force, period, source, site and address, and ways to cite it.

A picture leaves its page sooner or later. What the page says beside it must then be inside it. The notebook does
not know the site's name and address, so the site adds them when it writes the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

MARGIN = 16.0
"""Free space around a chart, in points."""

_TITLE, _QUIET = 12.5, 8.0  # text sizes in points
_LINE = 1.28
_INK, _GREY = "#1A1A1A", "#505A5F"
_INSET = 2.9  # the drawings keep this much free at their own edge

_ROOT = re.compile(r'<svg\b([^>]*?)\bviewBox="0 0 ([\d.]+) ([\d.]+)"([^>]*)>')
_HEAD = re.compile(r"(?:<title>.*?</title>|<desc>.*?</desc>|<metadata>.*?</metadata>)*", flags=re.DOTALL)


@dataclass(frozen=True)
class Origin:
    """Where a chart stands: whose page, in which edition of which site, at which address.

    `page` is the page's absolute address, or its path from the site's root where the site's own is not known.
    """

    force: str = ""
    site: str = ""
    edition: str = ""
    date: str = ""
    page: str = ""

    def address(self, anchor: str) -> str:
        """The address of one chart of the page; empty where no page is known."""
        return f"{self.page}#{anchor}" if self.page else ""

    @property
    def year(self) -> str:
        """The year of the edition: its date's, or that which opens its version."""
        found = re.search(r"\b\d{4}\b", self.date) or re.match(r"\d{4}", self.edition)
        return found[0] if found else ""

    @property
    def is_public(self) -> bool:
        """Whether the address leads to the page from anywhere."""
        return self.page.startswith(("https://", "http://"))


def framed(svg: str, payload: Mapping[str, Any], origin: Origin, address: str) -> str:
    """Return a chart's SVG with a margin, its title, force and period above it, and site and address below it.

    Raises `ValueError` for an SVG without a view box.
    """
    if not (root := _ROOT.search(svg)):
        raise ValueError("an SVG without a view box")
    inner_width, inner_height = float(root[2]), float(root[3])
    width = inner_width + 2 * MARGIN
    left, room = MARGIN + _INSET, inner_width - 2 * _INSET
    texts: list[str] = []
    y = MARGIN
    for text, size, bold in (
        (payload["title"], _TITLE, True),
        (subtitle(payload, origin), _QUIET + 1, False),
    ):
        for line in _balanced(text, room, size, bold):
            y += size * _LINE
            texts.append(_text(left, y - 0.28 * size, line, size, _INK if bold else _GREY, bold))
    top = y + 6
    y = top + inner_height
    for line in _wrapped(credit(origin, address), room, _QUIET - 0.5, False):
        y += (_QUIET - 0.5) * _LINE
        texts.append(_text(left, y - 2, line, _QUIET - 0.5, _GREY, False))
    height = y + MARGIN - 2
    start = root.end()
    head = _HEAD.match(svg, start)
    after = head.end() if head else start
    attributes = re.sub(r'\s*\b(?:width|height)="[^"]*"', "", f"{root[1]}{root[4]}").rstrip()
    return (
        f'{svg[: root.start()]}<svg{attributes} width="{_n(width)}pt" height="{_n(height)}pt"'
        f' viewBox="0 0 {_n(width)} {_n(height)}">{svg[start:after]}<path fill="#fff" d="M0 0h{_n(width)}v{_n(height)}H0z"/>'
        f'{"".join(texts)}<g id="chart" transform="translate({_n(MARGIN)} {_n(top)})">'
        f"{svg[after:].rstrip().removesuffix('</svg>')}</g></svg>\n"
    )


def subtitle(payload: Mapping[str, Any], origin: Origin) -> str:
    """The line under a chart's title: the force, and the period where the title does not name it."""
    period = str(payload["period"])
    if period.casefold() in str(payload["title"]).casefold():
        period = ""
    return " · ".join(part for part in (_force(payload, origin), period[:1].upper() + period[1:]) if part)


def _force(payload: Mapping[str, Any], origin: Origin) -> str:
    """Whose figures a chart shows: the page's force, unless the chart names others."""
    return str(payload.get("force", origin.force))


def _in_brackets(payload: Mapping[str, Any], origin: Origin) -> str:
    force = _force(payload, origin)
    return f" ({force})" if force else ""


def credit(origin: Origin, address: str) -> str:
    """The line at the foot of a chart: site, edition and address."""
    edition = f"{origin.site}, edition {origin.edition}" if origin.edition else origin.site
    return ". ".join(part for part in (edition, address) if part)


def citation(payload: Mapping[str, Any], origin: Origin, address: str) -> str:
    """A chart as a plain reference: title, force, site, edition, publisher of the data, address."""
    what = f"{payload['title']}{_in_brackets(payload, origin)}"
    when = f"Edition {origin.edition}{f', {origin.date}' if origin.date else ''}" if origin.edition else ""
    sources = dict.fromkeys(item["publisher"] for item in payload["sources"] if item["publisher"])
    data = f"Data: {'; '.join(sources)}" if sources else ""
    return "".join(f"{part}. " for part in (f"“{what}”", origin.site, when, data) if part) + address


def bibtex(payload: Mapping[str, Any], origin: Origin, address: str, key: str) -> str:
    """A chart as a BibTeX entry."""
    fields = {
        "title": f"{{{_tex(payload['title'])}{_tex(_in_brackets(payload, origin))}}}",
        "author": f"{{{_tex(origin.site)}}}",
        "year": origin.year,
        "version": _tex(origin.edition),
        "url": address,
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{{key},\n" + ",\n".join(lines) + "\n}"


def ris(payload: Mapping[str, Any], origin: Origin, address: str) -> str:
    """A chart as an RIS record."""
    title = f"{payload['title']}{_in_brackets(payload, origin)}"
    lines = [("TY", "DATA"), ("TI", title), ("AU", origin.site), ("PY", origin.year)]
    lines += [("ET", origin.edition), ("UR", address), ("ER", "")]
    return "\n".join(f"{tag}  - {value}".rstrip() for tag, value in lines if value or tag == "ER")


def ways_to_cite(
    payload: Mapping[str, Any], origin: Origin, address: str, name: str
) -> list[tuple[str, str]]:
    """A chart or a claim as a plain reference, in BibTeX and in RIS: the name and the text of each.

    `payload` needs a `title` and `sources`; `name` makes the key of the BibTeX entry.
    """
    key = re.sub(r"[^a-z0-9]+", "-", f"peelbook {origin.force} {name}".lower()).strip("-")
    return [
        ("Citation", citation(payload, origin, address)),
        ("BibTeX", bibtex(payload, origin, address, key)),
        ("RIS", ris(payload, origin, address)),
    ]


def embed(payload: Mapping[str, Any], address: str, picture: str, size: tuple[int, int]) -> str:
    """HTML that shows a chart on another site, leads back to its page and describes it."""
    return (
        f'<a href="{escape(address)}"><img src="{escape(picture)}" width="{size[0]}" height="{size[1]}" '
        f'alt="{escape(str(payload["alt"]))}" style="max-width:100%;height:auto"></a>'
    )


def _tex(text: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", str(text).replace("\\", " "))


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _text(x: float, y: float, text: str, size: float, colour: str, bold: bool) -> str:
    weight = ' font-weight="700"' if bold else ""
    return f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}"{weight} fill="{colour}">{escape(text, quote=False)}</text>'


@lru_cache(maxsize=2)
def _font(bold: bool) -> Any:
    """The font that comes with matplotlib, which is wider than those that a page shows; without importing it."""
    from PIL import ImageFont

    spec = find_spec("matplotlib")
    assert spec is not None and spec.origin is not None, "matplotlib is a dependency"
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / name
    return ImageFont.truetype(str(path), 100, layout_engine=ImageFont.Layout.BASIC)


_BALANCED = 4
"""More lines than a title has; text of more is left as it falls."""

_MEASURED = 2000
"""So many letters of a word are always wider than a line."""


def _balanced(text: str, width: float, size: float, bold: bool) -> tuple[str, ...]:
    """Break text into as few lines as fit, and these about equally long: no last line of one short word."""
    lines = _wrapped(text, width, size, bold)
    if not 1 < len(lines) <= _BALANCED:
        return lines
    narrow, wide = width / len(lines), width
    while wide - narrow > 1:
        middle = (narrow + wide) / 2
        if len(_wrapped(text, middle, size, bold)) > len(lines):
            narrow = middle
        else:
            wide = middle
    return _wrapped(text, wide, size, bold)


@lru_cache(maxsize=4096)
def _wrapped(text: str, width: float, size: float, bold: bool) -> tuple[str, ...]:
    """Break text into lines of at most `width` points; a longer word, an address, is broken where it must be."""
    font = _font(bold)
    lines: list[str] = []
    line = ""
    for word in str(text).split():
        trial = f"{line} {word}" if line else word
        if font.getlength(trial) * size / 100 <= width:
            line = trial
            continue
        if line:
            lines.append(line)
        # Only the beginning is measured: to measure all that is left for each line takes minutes for a long cell.
        while (long := font.getlength(word[:_MEASURED]) * size / 100) > width and len(word) > 1:
            cut = max(1, int(len(word[:_MEASURED]) * width / long) - 1)
            lines.append(word[:cut])
            word = word[cut:]
        line = word
    return tuple([*lines, line] if line else lines)
