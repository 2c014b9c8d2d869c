"""Text made safe for pages, and the HTML of tables. What notebooks show beside charts is in `peelbook.blocks`.

Every value is data and may be hostile, so everything passes through `escape` here and nowhere else.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence

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
