"""Years side by side: tables with the year in one heading row and the columns of each year in the next."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

from peelbook.sources.cells import Rows, figure, month_end
from peelbook.sources.layout import Match
from peelbook.sources.reading import key

_SPAN = re.compile(r"(Apr|Jul|Oct|Jan) ['’](\d\d) to (Mar|Jun|Sep|Dec) ['’](\d\d)[\d,]*")
_LAST = {"Mar": 3, "Jun": 6, "Sep": 9, "Dec": 12}


def span_end(cell: Any) -> datetime.date:
    """Return the last day of twelve months: "Apr '17 to Mar '18" -> 2018-03-31. Notes may be stuck to it.

    Raises `ValueError` where it is no such span.
    """
    found = _SPAN.fullmatch(" ".join(str(cell).split()))
    if found is None:
        raise ValueError("not twelve months")
    return month_end(2000 + int(found[4]), _LAST[found[3]])


def blocks(
    match: Match, columns: dict[str, tuple[str, ...]], year: Callable[[Any], datetime.date]
) -> dict[datetime.date, dict[str, int]]:
    """Return the place of each of `columns` (our name -> headings) in each year of the row above the header.

    A year is above the first of its columns; the cells after it are empty or merged with it. Raises
    `SourceFileError` for a heading that is no year, a year twice, and a column that a year lacks.
    """
    above = match.file.rows(match.sheet)[match.header_row - 2]
    wanted = {key(spelling): name for name, spellings in columns.items() for spelling in spellings}
    found: dict[datetime.date, dict[str, int]] = {}
    current: dict[str, int] | None = None
    for place, title in enumerate(match.header):
        cell = above[place] if place < len(above) else ""
        if str(cell or "").strip():
            current = _begun(match, found, cell, year, place)
        name = wanted.get(key(title))
        if current is not None and name is not None:
            current.setdefault(name, place)
    for day, places in found.items():
        if lost := [spellings[0] for name, spellings in columns.items() if name not in places]:
            raise match.file.error(
                f"the year that ends on {day} has no column {lost[0]!r}",
                "restore the headings as published: each year over its own columns",
                sheet=match.sheet or None,
                row=match.header_row,
            )
    return found


def _begun(
    match: Match,
    found: dict[datetime.date, dict[str, int]],
    cell: Any,
    year: Callable[[Any], datetime.date],
    place: int,
) -> dict[str, int]:
    try:
        day = year(cell)
    except ValueError as error:
        raise match.file.error(
            f"expected a year over the columns, found {cell!r} ({error})",
            "restore the row of years as published",
            sheet=match.sheet or None,
            row=match.header_row - 1,
            column=match.header[place],
        ) from error
    if day in found:
        raise match.file.error(
            f"the year that ends on {day} is over two groups of columns",
            "keep one of them",
            sheet=match.sheet or None,
            row=match.header_row - 1,
        )
    return found.setdefault(day, {})


def rows_of(match: Match, places: dict[str, int], name: int) -> Rows:
    """Return the rows that have a figure, or a symbol for none, in one of `places`, and a name in column `name`.

    Notes and units have neither. A row with figures and no name raises `SourceFileError`.
    """
    columns = {"name": name, **places}
    titles = {ours: match.header[place] or "Area name" for ours, place in columns.items()}
    found = Rows(match.file, match.sheet, match.header_row, columns, titles, [], [])
    body = match.file.rows(match.sheet)[match.header_row :]
    for number, row in enumerate(body, start=match.header_row + 1):
        cells = [row[place] if place < len(row) else "" for place in places.values()]
        if not any(_says_something(cell) for cell in cells):
            continue
        if not str(row[name]).strip():
            raise match.file.error(
                "there are figures in a row without a name",
                "restore the name",
                sheet=match.sheet or None,
                row=number,
            )
        found.rows.append(row)
        found.numbers.append(number)
    return found


def _says_something(cell: Any) -> bool:
    """Whether a cell holds a figure, or a symbol that says there is none; an empty cell says nothing."""
    if str(cell).strip() == "":
        return False
    try:
        figure(cell)
    except ValueError:
        return False
    return True
