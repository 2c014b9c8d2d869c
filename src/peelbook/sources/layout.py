"""Recognises a publication by what is in the file: its sheets and the names of its columns.

File names change with every release and every download; headings hardly do. A file that nearly fits
is refused with the column that is missing, renamed or new, rather than "not recognised".
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from peelbook.errors import SourceFileError
from peelbook.sources.cells import NATIONAL_NAMES, OTHER_BODIES, Rows, figure
from peelbook.sources.hidden import places
from peelbook.sources.reading import HiddenRow, SourceFile, key

# Headings that many publications share and that therefore tell none of them.
COMMON = frozenset(
    key(name)
    for name in (
        *("Force", "Force Name", "Police force", "Police force area", "police_force_area", "force_code"),
        *("Geo code", "Geocode", "Area code", "Area name", "Region", "Code", "Name"),
        *("Year", "Financial Year", "Financial Quarter", "Quarter", "Year ending March", "period_end"),
        *("Total", "Sex", "Ethnicity", "Number"),
    )
)


@dataclass(frozen=True)
class Layout:
    """What one published table looks like.

    `columns` maps our name of a column to the names publishers have given it. `optional` columns may be
    there and are ignored. `series` is a pattern of further columns (years side by side).
    `sheet` is a pattern the sheet's name must match, `None` for any. `tested` says that
    a file of its editions was at hand, `kind` what such a file is where that is not its
    publication's usual kind. `exact` asks for the headings letter by letter.
    """

    columns: dict[str, tuple[str, ...]]
    optional: tuple[str, ...] = ()
    series: str | None = None
    sheet: str | None = None
    title: str | None = None  # a pattern the text above the header must hold
    extras_allowed: bool = False
    editions: tuple[str, ...] = ()  # whose headings `columns` knows, for a refusal to name
    form: bool = False  # the table's own CSV form, which an analyst fills
    tested: bool = False
    kind: str | None = None
    exact: bool = False

    def accepts(self, sheet: str) -> bool:
        """Whether a sheet of this name may hold the table."""
        return self.sheet is None or re.fullmatch(self.sheet, sheet.strip(), re.I) is not None


@dataclass(frozen=True)
class Match:
    """How well one sheet of a file fits a layout."""

    file: SourceFile
    sheet: str
    layout: Layout
    header_row: int
    places: dict[str, int]
    series: dict[str, int]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    header: tuple[str, ...] = field(repr=False, default=())

    @property
    def score(self) -> float:
        """Share of the wanted columns that are there."""
        return len(self.places) / len(self.layout.columns)

    @property
    def complete(self) -> bool:
        """Whether every column is there, and no other."""
        return not self.missing and not self.extra

    @property
    def near(self) -> bool:
        """Whether enough is there to say that the publication is meant.

        Force and year are in every table: most columns must fit, half of those that few tables have among
        them, and what is there besides must not outweigh them.
        """
        own = [
            name for name, names in self.layout.columns.items() if not COMMON.intersection(map(key, names))
        ]
        fits = len(self.places) / (len(self.layout.columns) + len(self.extra))
        return self.score > 0.5 and fits >= 0.6 and 2 * len(self.places.keys() & own) >= len(own)

    def problem(self) -> tuple[str, str]:
        """Return what is wrong with the header, and the fix.

        A column that has another name may have another meaning, and one more may split the figures: nobody
        is advised to rename or remove it.
        """
        parts, fixes = [], []
        free = list(self.extra)
        for name in self.missing:
            near = difflib.get_close_matches(key(name), [key(extra) for extra in free], n=1, cutoff=0.5)
            if near:
                taken = next(extra for extra in free if key(extra) == near[0])
                free.remove(taken)
                parts.append(f"the column {name!r} is missing; {taken!r} may be it under another heading")
                fixes.append(f"see in the publisher's notes whether {taken!r} is the same as {name!r}")
            else:
                parts.append(f"the column {name!r} is missing")
                fixes.append(f"look for the table that has {name!r}")
        for extra in free:
            parts.append(f"the column {extra!r} is not part of this publication")
            fixes.append(f"look for the table that is not split by {extra!r}")
        if self.layout.form:
            return "; ".join(
                parts
            ), f"give the form these columns and no other: {', '.join(self.layout.columns)}"
        if any("may be it" in part for part in parts):
            fixes.append("if it is the same, have the heading added to sources/headings.toml")
        if self.layout.editions:
            fixes.append(f"or use an edition whose headings are known ({', '.join(self.layout.editions)})")
        return "; ".join(parts), "; ".join(fixes)

    def refusal(self, title: str, not_read: str = "") -> SourceFileError:
        """Return the error of a header that comes near to the publication of this title, but is not it."""
        problem, fix = self.problem()
        return self.file.error(
            f"this looks like the publication “{title}”, but {problem}{not_read}",
            fix,
            sheet=self.sheet or None,
            row=self.header_row,
        )

    def rows(self, *, until_blank: str | None = None) -> Rows:
        """Return the rows under the header.

        Wholly empty rows are left out. `until_blank` names a column whose first empty cell ends the
        table (publishers put notes below); figures below that are refused, as they would be lost. Raises
        `SourceFileError` for these, and where there is no row at all.
        """
        (rows,) = self.chunks(None, until_blank=until_blank)
        return rows

    def chunks(self, size: int | None = 50_000, *, until_blank: str | None = None) -> Iterator[Rows]:
        """Yield the rows under the header in blocks of at most `size`, so that a large sheet is never whole
        in memory. See `rows`."""
        width = len(self.header)
        self._refuse_a_filter()
        everything = self.file.rows(self.sheet) if size is None else self.file.iterate(self.sheet)
        rows: list[list[Any]] = []
        numbers: list[int] = []
        found = False
        below = itertools.islice(everything, self.header_row, None)
        for number, row in enumerate(below, start=self.header_row + 1):
            if row.__class__ is HiddenRow:
                continue
            if all(cell == "" or cell is None for cell in row):
                if until_blank:
                    self._only_notes(below, number + 1, until_blank)
                    break
                continue
            if self.file.kind == "csv" and len(row) != width:
                raise self.file.error(
                    f"the row has {len(row)} cells, the header {width}",
                    "check commas and quotation marks in this row",
                    row=number,
                )
            if until_blank:
                place = self.places[until_blank]
                cell = row[place] if place < len(row) else ""
                if str(cell).strip() == "":
                    self._only_notes(itertools.chain([row], below), number, until_blank)
                    break
            found = True
            rows.append(row)
            numbers.append(number)
            if len(rows) == size:
                yield self._block(rows, numbers)
                rows, numbers = [], []
        if rows:
            yield self._block(rows, numbers)
        if not found:
            raise self.file.error(
                "there is a header but no row of data", "download it again", sheet=self.sheet or None
            )

    def _refuse_a_filter(self) -> None:
        """Raise `SourceFileError` where a filter hides rows: the figures left would be a part of the table."""
        here = self.file.concealed.get(self.sheet) if self.file.kind in ("xlsx", "ods") else None
        if here and here.filtered and here.rows:
            raise self.file.error(
                f"a filter hides rows of the table (rows {places(here.rows)})",
                "clear the filter and save the file, or download it again",
                sheet=self.sheet,
            )

    def _only_notes(self, below: Iterable[list[Any]], number: int, name_column: str) -> None:
        """Raise `SourceFileError` for a row under the table's end that carries figures of a force.

        A note is text in one cell. Totals of other areas may stand apart from the forces.
        """
        columns = {**self.places, **self.series}
        name_place = columns.pop(name_column)
        for place, row in enumerate(below, start=number):
            name = key(row[name_place]) if name_place < len(row) else ""
            if name in NATIONAL_NAMES or name in OTHER_BODIES:
                continue
            cells = {column: row[at] for column, at in columns.items() if at < len(row)}
            if column := next((column for column, cell in cells.items() if _is_figure(cell)), None):
                raise self.file.error(
                    "there are figures below the empty row that ends the table",
                    "remove the empty row, or what is below the table if it is not part of it",
                    sheet=self.sheet or None,
                    row=place,
                    column=self.header[columns[column]],
                )

    def _block(self, rows: list[list[Any]], numbers: list[int]) -> Rows:
        where = {**self.places, **self.series}
        titles = {name: self.header[place] for name, place in where.items()}
        block = Rows(self.file, self.sheet, self.header_row, where, titles, rows, numbers)
        if self.file.may_be_broken(self.sheet):
            block.note_broken()
        return block


def _is_figure(cell: Any) -> bool:
    try:
        return figure(cell) is not None or (isinstance(cell, str) and cell.strip().startswith("["))
    except ValueError:
        return False


def match(file: SourceFile, layout: Layout) -> Match | None:
    """Return the best fit of any sheet's header to the layout, or `None` where nothing fits at all."""
    best: Match | None = None
    for sheet in file.sheets:
        if not layout.accepts(sheet):
            continue
        top = file.top(sheet)
        for index, row in enumerate(top):
            found = _match_row(file, sheet, layout, index + 1, row)
            if found is None:
                continue
            if layout.title and not any(
                re.search(layout.title, str(cell), re.I) for above in top[: index + 1] for cell in above
            ):
                continue
            if best is None or (found.complete, found.score, -len(found.extra)) > (
                best.complete,
                best.score,
                -len(best.extra),
            ):
                best = found
        if best and best.complete:
            break
    return best


def _match_row(file: SourceFile, sheet: str, layout: Layout, number: int, row: list[Any]) -> Match | None:
    header = tuple("" if cell is None else " ".join(str(cell).split()) for cell in row)
    fold = str if layout.exact else key
    folded = [fold(cell) for cell in header]
    places: dict[str, int] = {}
    for name, spellings in layout.columns.items():
        wanted = {fold(spelling) for spelling in spellings}
        for place, cell in enumerate(folded):
            if cell in wanted and place not in places.values():
                places[name] = place
                break
    if not places:
        return None
    ignored = {fold(name) for name in layout.optional}
    series, extra = {}, []
    for place, cell in enumerate(header):
        if place in places.values() or not cell or folded[place] in ignored:
            continue
        if layout.series and re.fullmatch(layout.series, cell, re.I):
            series[cell] = place
        elif not layout.extras_allowed:
            extra.append(cell)
    missing = [spellings[0] for name, spellings in layout.columns.items() if name not in places]
    if layout.series and not series:
        missing.append(layout.series)
    return Match(file, sheet, layout, number, places, series, tuple(missing), tuple(extra), header)


def columns(*names: str, **renamed: str | Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return a layout's columns: plain names stand for themselves, keywords give the file's names."""
    plain = {name: (name,) for name in names}
    return plain | {ours: (t,) if isinstance(t, str) else tuple(t) for ours, t in renamed.items()}
