"""The HTML that notebooks emit beside charts: headlines, sentences, notes, tables.

Every value is data and may be hostile, so everything passes through `escape` here and nowhere else.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Bidirectional controls can make a name read as another one; they have no use in these texts.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: object) -> str:
    """Return text on one line without control or bidirectional characters."""
    text = str(text)
    if text.isprintable():  # which none of those characters is
        return " ".join(text.split())
    kept = (
        " " if char in "\n\r\t" else char
        for char in text
        if char in "\n\r\t" or (char not in _BIDI and unicodedata.category(char) not in ("Cc", "Cs"))
    )
    return " ".join("".join(kept).split())


def lower_first(text: str) -> str:
    """Return a label as it stands inside a sentence: "Stop searches" -> "stop searches".

    "ASB" and a name of several words, "Crime Severity Score", stay.
    """
    first, _, rest = text.partition(" ")
    name = text[1:2].isupper() or (rest[:1].isupper() and not first.endswith((",", ":")))
    return text if name else text[:1].lower() + text[1:]


def escape(text: object) -> str:
    """Return text safe inside HTML and attributes."""
    return html.escape(plain(text), quote=True)


@dataclass(frozen=True)
class Html:
    """An output with an HTML form for the page and a text form for nbval and the terminal."""

    html: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html, "text/plain": self.text}


@dataclass(frozen=True)
class Headline:
    """One headline figure: the value as printed, what it is, and how it compares."""

    value: str
    label: str
    comparison: str
    definition: str = ""


def headlines(items: Sequence[Headline]) -> Html:
    """Return three to five headline figures as a list."""
    parts = []
    for item in items:
        definition = (
            f'<details class="pb-definition"><summary>Definition</summary><p>{escape(item.definition)}</p></details>'
            if item.definition
            else ""
        )
        parts.append(
            f'<li><span class="pb-value">{escape(item.value)}</span> '
            f'<span class="pb-label">{escape(item.label)}</span> '
            f'<span class="pb-compare">{escape(item.comparison)}</span>{definition}</li>'
        )
    return Html(
        f'<ul class="pb-headlines">{"".join(parts)}</ul>',
        "\n".join(f"{plain(i.value)} – {plain(i.label)}. {plain(i.comparison)}" for i in items),
    )


def paragraphs(texts: Sequence[str], css: str = "pb-narrative") -> Html:
    """Return plain sentences as paragraphs."""
    return Html(
        "".join(f'<p class="{css}">{escape(text)}</p>' for text in texts),
        "\n\n".join(plain(text) for text in texts),
    )


def note(title: str, lines: Sequence[str], css: str = "pb-missing") -> Html:
    """Return a boxed note: a title and its lines."""
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return Html(
        f'<div class="{css}" role="note"><p class="pb-note-title"><strong>{escape(title)}</strong></p>{body}</div>',
        "\n".join([plain(title), *(f"  {plain(line)}" for line in lines)]),
    )


def table_html(
    caption: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numeric: Sequence[bool] = (),
    css: str = "pb-table",
) -> str:
    """Return an accessible table: a caption, column headers and row headers with their scope.

    The first column heads the rows. The wrapper scrolls by itself on a narrow screen, and can be reached
    with the keyboard.
    """
    number = list(numeric) or [False] * len(columns)
    head = "".join(
        f'<th scope="col"{" class=pb-number" if is_number else ""}>{escape(column)}</th>'
        for column, is_number in zip(columns, number, strict=True)
    )
    body = []
    for row in rows:
        first, *rest = row
        cells = "".join(
            f"<td{' class=pb-number' if is_number else ''}>{escape(cell)}</td>"
            for cell, is_number in zip(rest, number[1:], strict=True)
        )
        body.append(f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>')
    return (
        f'<div class="pb-scroll" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f'<table class="{css}"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def table(
    caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Sequence[bool] = ()
) -> Html:
    """Return a table as an output: HTML for the page, aligned text for nbval."""
    lines = [plain(caption), " | ".join(map(plain, columns)), *(" | ".join(map(plain, row)) for row in rows)]
    return Html(table_html(caption, columns, rows, numeric=numeric), "\n".join(lines))
