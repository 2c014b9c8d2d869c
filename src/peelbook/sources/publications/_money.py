"""Amounts of money: the unit a heading or title gives, and the amounts in whole pounds.

A table in £ million read as pounds is wrong by a million and looks like a number all the same, so a
table that does not say its unit is refused.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from peelbook.sources.cells import NO_FIGURE, Rows, figure, missing
from peelbook.sources.layout import Match

_UNITS = {
    1_000_000_000: r"£\s?(?:billions?|bn)\b|\bbillions? of pounds",
    1_000_000: r"£\s?(?:millions?|mn?)\b|\bmillions? of pounds|\(\s?£?\s?millions?\s?\)|£\s?['’]?000,?000s?\b",
    1_000: r"£\s?(?:thousands?|k)\b|\bthousands? of pounds|£\s?['’]?0{3}s?\b(?!,)|\(\s?£?\s?thousands?\s?\)",
    1: r"£(?!\s?\w)|\bpounds\b|\bGBP\b",
}
FIX = "write the unit into the title or the heading, as £ or £ million, or fill in the form of the table in pounds"


def unit_in(text: str) -> int | None:
    """Return how many pounds one unit of a heading or title is; `None` where it names none.

    >>> unit_in("Police funding, £ million"), unit_in("Precept (£000s)"), unit_in("Total (£)")
    (1000000, 1000, 1)
    """
    for unit, pattern in _UNITS.items():
        if re.search(pattern, text, re.I):
            return unit
    return None


def _of_text(match: Match) -> int | None:
    """The unit that the text above the header, or the sheet's name, gives; the line nearest to the header first."""
    above = match.file.top(match.sheet, match.header_row - 1)
    for row in reversed(above):
        if (unit := unit_in(" ".join(str(cell) for cell in row if cell not in ("", None)))) is not None:
            return unit
    return None


def pounds(match: Match, rows: Rows, column: str, *, needed: str = "") -> list[int | None]:
    """Return a column's amounts in whole pounds, `None` where the cell says there is none.

    The unit is the column's own, else that of the text above the header. Raises `SourceFileError` where
    neither names one. A fraction of a pound is a fault.
    """
    unit = unit_in(rows.titles[column]) or _of_text(match)
    if unit is None:
        raise match.file.error(
            "neither the title nor the heading says in which unit the amounts are",
            FIX,
            sheet=match.sheet or None,
            row=match.header_row,
            column=rows.titles[column],
        )
    return [_amount(rows, column, place, cell, unit, needed) for place, cell in enumerate(rows.cells(column))]


def _amount(rows: Rows, column: str, place: int, cell: Any, unit: int, needed: str) -> int | None:
    try:
        value = figure(cell)
    except ValueError as error:
        rows.fault(column, place, cell, str(error), "give a plain number, or leave the cell empty if missing")
        return None
    if value is None:
        if needed and missing(cell):
            rows.fault(column, place, cell, NO_FIGURE, needed)
        return None
    # A spreadsheet's 240.4 is the nearest double; its shortest decimal is what was typed.
    amount = Decimal(str(value)) * unit
    whole = amount.to_integral_value()
    if unit == 1 and whole != amount:
        rows.fault(
            column,
            place,
            cell,
            "a fraction of a pound",
            "say the unit if it is not pounds, or round to pounds",
        )
        return None
    if whole < 0:
        rows.fault(column, place, cell, "a negative amount", "correct it, or leave the cell empty if missing")
        return None
    return int(whole)
