"""How many cells a spreadsheet spans, counted from its XML before a reader allocates memory for them.

A reader allots the whole rectangle between the first and the last filled cell, so two cells in opposite
corners are enough to end the process. Nothing here keeps more than a piece of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.parsers import expat

# The largest official sheet known has about eight million; a reader needs some 32 bytes for each.
CELL_LIMIT = 40_000_000

_REFERENCE = re.compile(rb"""[\s"']r\s*=\s*["']([A-Za-z]*)(\d+)["']""")
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")


def column_number(letters: str | bytes) -> int:
    """The number of a column: A is 1, XFD 16,384."""
    number = 0
    for letter in letters.upper() if isinstance(letters, bytes) else letters.upper().encode():
        number = number * 26 + letter - 64
    return number


class CellBounds:
    """A fast upper bound on the number of cells of an Excel sheet; fed piece by piece."""

    def __init__(self) -> None:
        self._rest = b""
        self._in_row = 0
        self.rows = self.columns = self._row_tags = self._most_in_row = 0

    def feed(self, piece: bytes) -> None:
        """Look at the next piece."""
        text = self._rest + piece
        # A tag is looked at whole: what follows the last "<" waits for the next piece.
        cut = text.rfind(b"<")
        if cut < 0 or len(text) - cut > 1 << 20:
            cut = len(text)
        self._rest = text[cut:]
        self._look(text[:cut])

    def _look(self, text: bytes) -> None:
        references = _REFERENCE.findall(text)
        if references:
            self.columns = max(
                self.columns, *(column_number(name) for name in {name for name, _ in references}), 0
            )
            self.rows = max(self.rows, max(int(number[-9:]) for _, number in references))
        first, *others = _ROW.split(text)
        self._in_row += len(_CELL.findall(first))
        for row in others:
            self._most_in_row = max(self._most_in_row, self._in_row)
            self._in_row = len(_CELL.findall(row))
        self._row_tags += len(others)

    @property
    def cells(self) -> int:
        """At most so many cells. References may be left out, and then the tags count."""
        self._look(self._rest)
        self._rest = b""
        columns = self.columns + max(self._most_in_row, self._in_row)
        return (self.rows + self._row_tags) * columns


class _Span:
    """Rows and columns of the sheet that is being read, and of the largest one."""

    def __init__(self) -> None:
        self.largest = (0, 0)
        self.start()

    def start(self) -> None:
        self.row = self.column = self.last_row = self.last_column = 0

    def fill(self, rows: int, columns: int) -> None:
        """Note that there is something as far down and as far right as this."""
        self.last_row, self.last_column = max(self.last_row, rows), max(self.last_column, columns)
        if self.last_row * self.last_column >= self.largest[0] * self.largest[1]:
            self.largest = (self.last_row, self.last_column)


def of_excel(pieces: Iterable[bytes]) -> tuple[int, int]:
    """Return rows and columns that the filled cells of an Excel sheet span. Raises `ValueError` for bad XML."""
    span = _Span()
    waiting: list[tuple[int, int]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "row":
            number = attributes.get("r", "")
            span.row = int(number) if number.isdecimal() else span.row + 1
            span.column = 0
        elif name == "c":
            found = re.fullmatch(r"([A-Za-z]{1,7})(\d{1,9})", attributes.get("r", ""))
            if found:
                span.row, span.column = int(found[2]), column_number(found[1])
            else:
                span.column += 1
            waiting[:] = [(max(span.row, 1), span.column)]
        elif waiting:
            span.fill(*waiting.pop())  # a cell with something in it

    def end(name: str) -> None:
        if name.rpartition(":")[2] == "c":
            waiting.clear()

    parse(pieces, start, end)
    return span.largest


def of_open_document(pieces: Iterable[bytes]) -> tuple[int, int]:
    """Return rows and columns that the filled cells of the largest OpenDocument sheet span.

    A cell or row may stand for many alike; empty ones at the end are not counted, as nobody makes room for
    them. Raises `ValueError` for bad XML.
    """
    span = _Span()
    column = filled = 0  # of the row that is being read: cells so far, and to the last that holds something

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal column, filled
        if name == "text:p":
            filled = column
        elif name in ("table:table-cell", "table:covered-table-cell"):
            if "table:number-columns-repeated" in attributes:
                column += times(attributes["table:number-columns-repeated"])
            else:
                column += 1
            if "office:value-type" in attributes or any("value" in k or "formula" in k for k in attributes):
                filled = column
        elif name in ("table:table-row", "table:table"):
            if filled:
                span.fill(span.row, filled)
            column = filled = 0
            if name == "table:table":
                span.start()
            else:
                span.row += times(attributes.get("table:number-rows-repeated"))

    parse(pieces, start)
    if filled:
        span.fill(span.row, filled)
    return span.largest


def times(text: str | None) -> int:
    """Return how often a cell or row is repeated, by its attribute."""
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else 1


def parse(pieces: Iterable[bytes], start: object, end: object = None, characters: object = None) -> None:
    """Run handlers over XML that comes in pieces. Raises `ValueError` for bad XML."""
    parser = expat.ParserCreate()
    parser.buffer_text = characters is not None
    parser.StartElementHandler = start  # type: ignore[assignment]
    parser.EndElementHandler = end  # type: ignore[assignment]
    parser.CharacterDataHandler = characters  # type: ignore[assignment]
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
