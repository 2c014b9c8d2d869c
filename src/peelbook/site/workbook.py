"""Write a workbook with the Government Statistical Service's table library, quickly and as plain text.

`gptables` decides what a good workbook is: its cover, contents and notes, its formats and widths. Its way of
writing a table goes through some forty data frames a sheet, and an edition has 1,700 sheets. This writes the
same bytes from lists (a test compares them), but for the width of a column of whole numbers with a gap, which
the library measures as if they were decimals. It also leaves text alone where the library makes a link of
`[text](address)`: what data says must not become something to click.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from functools import lru_cache
from typing import Any

import pandas as pd
from xlsxwriter.utility import cell_autofit_width
from xlsxwriter.workbook import Workbook

with warnings.catch_warnings():
    # It leaves a file open as it is imported.
    warnings.simplefilter("ignore", ResourceWarning)
    import gptables
    from gptables.core import wrappers

_OPTIONS = {
    "in_memory": True,  # not one temporary file a part
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def produce(
    buffer: io.BytesIO, cover: gptables.Cover, tables: dict[str, gptables.GPTable], notes: pd.DataFrame | None
) -> Workbook:
    """Lay out a workbook as `gptables.produce_workbook` would; the caller closes it.

    `tables` is by sheet name. `notes` has a column of references and one of texts; `None` for none.
    """
    book = _Book(buffer, options=_OPTIONS)
    book.add_worksheet(cover.cover_label).write_cover(cover)
    # A list of no tables is one thing the library cannot write.
    first = {"Contents": book.make_table_of_contents(tables)} if tables else {}
    book._update_annotations(tables)
    if notes is not None:
        first["Notes"] = book.make_notesheet(notes)
    for name, table in {**first, **tables}.items():
        book.add_worksheet(name).write_gptable(table, True, book._annotations)
    return book


class _Book(wrappers.GPWorkbook):
    """The library's workbook with our sheets in it."""

    def add_worksheet(self, name: str | None = None, gridlines: str = "hide_all") -> _Sheet:
        sheet = Workbook.add_worksheet(self, name, _Sheet)
        sheet.theme = self.theme
        sheet._workbook = self
        sheet.hide_gridlines({"show_all": 0, "hide_printed": 1, "hide_all": 2}[gridlines])
        return sheet


class _Sheet(wrappers.GPWorksheet):
    """The library's sheet, which writes a plain table without data frames and makes no links of text."""

    def _parse_urls(self, sheet: object) -> None:
        """Leave text as it is."""

    def _write_table_elements(self, pos: list[int], gptable: gptables.GPTable, auto_width: bool) -> list[int]:
        """Write headings and cells; a table with cells or formats of a special kind goes the library's way."""
        headings = list(gptable.table.columns)
        rows = gptable.table.values.tolist()
        plain = all(type(cell) in _PLAIN for row in rows for cell in row)
        if not (plain and rows and auto_width) or gptable.additional_formatting or gptable.index_columns:
            return super()._write_table_elements(pos, gptable, auto_width)
        rows = [[None if _is_blank(cell) else cell for cell in row] for row in rows]
        odd = any(_is_shorthand(heading) for heading in headings)
        heads, bodies, widths = [], [], []
        for place, heading in enumerate(headings):
            cells = [row[place] for row in rows]
            # The library takes the row of headings for data where one of them looks like a note's mark.
            numbers = place > 0 and _are_numbers(cells) and (not odd or _is_shorthand(heading))
            align = {"align": "right" if numbers else "left"}
            head = {**self.theme.column_heading_format, **align}
            body = {**self.theme.data_format, **align}
            heads.append(head)
            bodies.append(body)
            widths.append(
                max(_width(heading, *_size(head)), *(_width(_text(c), *_size(body)) for c in cells))
            )
        top = gptable.data_range[0]
        for number, (row, styles) in enumerate(
            [(headings, heads), *((row, bodies) for row in rows)], start=top
        ):
            for place, (cell, style) in enumerate(zip(row, styles, strict=True)):
                if cell is None:
                    self.write_blank(number, place, None, self._workbook.add_format(style))
                else:
                    self.write(number, place, cell, self._workbook.add_format(style))
        self._set_column_widths(widths)
        self._mark_data_as_worksheet_table(gptable, pd.DataFrame([heads]))
        return [top + 1 + len(rows), 0]


_PLAIN = frozenset({str, int, float, type(None)})
_SHORTHAND = re.compile(r"\[[\w\s]+\]")


def _is_blank(cell: Any) -> bool:
    return cell is None or cell != cell or (type(cell) is str and (not cell or cell.isspace()))


def _is_shorthand(cell: Any) -> bool:
    return type(cell) is str and _SHORTHAND.search(cell) is not None


def _are_numbers(cells: list[Any]) -> bool:
    known = [cell for cell in cells if cell is not None and not _is_shorthand(cell)]
    return bool(known) and not any(type(cell) is str for cell in known)


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell)


def _size(style: dict[str, Any]) -> tuple[float, bool]:
    return style.get("font_size", 11), bool(style.get("bold", False))


@lru_cache(maxsize=65536)
def _width(text: str, font_size: float, bold: bool) -> int:
    """The width in pixels that the library gives a cell's longest line."""
    line = max(text.split("\n"), key=len)
    capitals = sum(map(str.isupper, line)) / len(line) if line else 0
    # Its operations in its order: rounding up makes a pixel of the last bit.
    scale = (font_size / 11) * (1.1 if bold else 1.0) * (1.0 + 0.15 * capitals)
    return math.ceil(cell_autofit_width(line) * scale)
