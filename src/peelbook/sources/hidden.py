"""What a spreadsheet holds that its cells' values do not show: hidden rows and columns, formulas without a value.

The reader gives hidden cells like any others, and a broken formula as an empty cell. Both are found in the
XML, which is parsed a second time only where a quick look at its bytes has found a trace of either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from peelbook.sources.extent import column_number, parse, times

_TRACES = re.compile(
    rb"""\shidden\s*=\s*["'](?:1|true)|\st\s*=\s*["']e["']|<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</"""
    rb"""|(?:</(?:\w+:)?f>|<(?:\w+:)?f\s[^>]*/>)\s*</"""
    rb"""|table:visibility\s*=|table:formula\s*=|calcext:value-type\s*=\s*["']error"""
)
# Longer than any trace, but for the attributes of a shared formula.
_OVERLAP = 256

BROKEN = re.compile(r"#(?:REF|VALUE|DIV/0|NUM|NULL)!|#NAME\?|#N/A|#GETTING_DATA|#SPILL!|#CALC!|Err:\d+")


@dataclass
class Sheet:
    """One sheet's hidden rows and columns that hold something, and its formulas without a value.

    Rows and columns count from 0. `broken` maps (row, column) to the error's text, or to the formula behind "=".
    """

    rows: set[int] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)
    broken: dict[tuple[int, int], str] = field(default_factory=dict)
    filtered: bool = False


class Traces:
    """Whether a sheet's bytes, fed piece by piece, may hold anything of the kind."""

    def __init__(self) -> None:
        self.found = False
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        """Look at the next piece."""
        if not self.found:
            text = self._rest + piece
            self.found = _TRACES.search(text) is not None
            self._rest = text[-_OVERLAP:]


def of_excel(pieces: Iterable[bytes]) -> Sheet:
    """Return what one Excel sheet holds. Raises `ValueError` for bad XML."""
    sheet = Sheet()
    hidden_columns: list[tuple[int, int]] = []
    filled: set[int] = set()
    row = column = -1
    row_hidden = False
    kind = inside = ""
    texts = {"f": "", "v": ""}
    formula = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, row_hidden, kind, inside, formula
        name = name.rpartition(":")[2]
        if name == "col" and attributes.get("hidden") in ("1", "true"):
            hidden_columns.append((int(attributes["min"]) - 1, int(attributes["max"]) - 1))
        elif name == "row":
            row = int(attributes["r"]) - 1 if attributes.get("r", "").isdecimal() else row + 1
            column = -1
            row_hidden = attributes.get("hidden") in ("1", "true")
        elif name == "c":
            place = re.fullmatch(r"([A-Za-z]{1,7})\d{1,9}", attributes.get("r", ""))
            column = column_number(place[1]) - 1 if place else column + 1
            kind, formula = attributes.get("t", ""), False
            texts["f"] = texts["v"] = ""
        elif name in ("f", "v"):
            inside = name
            formula = formula or name == "f"
        elif name == "filterColumn":
            sheet.filtered = True

    def characters(text: str) -> None:
        if inside:
            texts[inside] += text

    def end(name: str) -> None:
        nonlocal inside
        name = name.rpartition(":")[2]
        if name in ("f", "v"):
            inside = ""
        elif name == "c":
            value = texts["v"].strip()
            if kind == "e":
                sheet.broken[row, column] = value or "#REF!"
            elif formula and not value and kind != "str":
                sheet.broken[row, column] = "=" + texts["f"]
            if value or formula or kind == "inlineStr":
                filled.add(column)
                if row_hidden:
                    sheet.rows.add(row)

    parse(pieces, start, end, characters)
    sheet.columns = {place for place in filled if any(low <= place <= high for low, high in hidden_columns)}
    return sheet


def of_open_document(pieces: Iterable[bytes]) -> dict[str, Sheet]:
    """Return what each sheet of an OpenDocument spreadsheet holds. Raises `ValueError` for bad XML."""
    sheets: dict[str, Sheet] = {}
    sheet = Sheet()
    hidden_columns: list[tuple[int, int]] = []
    filled: set[int] = set()
    row = column = row_times = columns = 0
    row_hidden = in_cell = False
    cell: dict[str, str] = {}
    text = ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal sheet, row, column, columns, row_times, row_hidden, in_cell, cell, text
        if name == "table:table":
            sheet = sheets.setdefault(attributes.get("table:name", ""), Sheet())
            row = columns = row_times = 0
            hidden_columns.clear()
            filled.clear()
        elif name == "table:table-column":
            count = times(attributes.get("table:number-columns-repeated"))
            if attributes.get("table:visibility", "visible") != "visible":
                hidden_columns.append((columns, columns + count - 1))
            columns += count
        elif name == "table:table-row":
            visibility = attributes.get("table:visibility", "visible")
            row_hidden = visibility != "visible"
            sheet.filtered = sheet.filtered or visibility == "filter"
            row_times = times(attributes.get("table:number-rows-repeated"))
            column = 0
        elif name in ("table:table-cell", "table:covered-table-cell"):
            cell, text, in_cell = attributes, "", True

    def characters(piece: str) -> None:
        nonlocal text
        if in_cell:
            text += piece

    def end(name: str) -> None:
        nonlocal row, column, in_cell
        if name in ("table:table-cell", "table:covered-table-cell"):
            in_cell = False
            count = times(cell.get("table:number-columns-repeated"))
            shown = text.strip()
            said = cell.get("calcext:value-type") == "error"
            formula = cell.get("table:formula")
            if shown or "office:value-type" in cell or formula:
                # A cell that fills the rest of a row is empty: no sheet repeats a figure so often.
                filled.update(range(column, column + min(count, 1000)))
                if row_hidden:
                    sheet.rows.update(range(row, row + min(row_times, 1000)))
                broken = ""
                if said or (formula and BROKEN.fullmatch(shown)):
                    broken = shown or "#REF!"
                elif formula and "office:value-type" not in cell:
                    broken = "=" + formula.removeprefix("of:").removeprefix("=")
                if broken:
                    for right in range(min(count, 1000)):
                        sheet.broken[row, column + right] = broken
            column += count
        elif name == "table:table-row":
            row += row_times
        elif name == "table:table":
            sheet.columns = {
                place for place in filled if any(low <= place <= high for low, high in hidden_columns)
            }

    parse(pieces, start, end, characters)
    return sheets


def excel_sheets(workbook: Iterable[bytes], relations: Iterable[bytes]) -> dict[str, str]:
    """Return archive member -> sheet name, from a workbook's two lists. Raises `ValueError` for bad XML."""
    by_id: dict[str, str] = {}
    targets: dict[str, str] = {}

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "sheet":
            (identity,) = [v for k, v in attributes.items() if k.rpartition(":")[2] == "id"] or [""]
            by_id[identity] = attributes.get("name", "")

    def relation(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    parse(workbook, sheet)
    parse(relations, relation)
    return {
        target.removeprefix("/") if target.startswith("/") else f"xl/{target}": by_id[identity]
        for identity, target in targets.items()
        if identity in by_id
    }


def filters(pieces: Iterable[bytes]) -> bool:
    """Whether a filter is set in an Excel table's XML."""
    found = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal found
        found = found or name.rpartition(":")[2] == "filterColumn"

    parse(pieces, start)
    return found


def places(numbers: Iterable[int]) -> str:
    """Name rows, given from 0, as a spreadsheet counts them: {4, 6, 7} -> "5, 7 to 8"."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [f"{a + 1}" if a == b else f"{a + 1} to {b + 1}" for a, b in runs[:5]]
    return ", ".join(shown) + (", …" if len(runs) > 5 else "")


def letters(number: int) -> str:
    """Name a column, given from 0, as a spreadsheet does: 0 -> "A", 26 -> "AA"."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name
