"""Turns the cells under a header into codes, dates and counts, and lists every one that cannot be.

A publisher's cell may carry a footnote, a thousands comma or a symbol for "not available"; a symbol
is a missing value, never a zero, and anything else unreadable is a fault with its row and its fix.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from peelbook import contracts
from peelbook.errors import Fault, TableContractError, UnknownForceError
from peelbook.forces import ENGLAND_AND_WALES, Forces
from peelbook.sources.hidden import BROKEN
from peelbook.sources.reading import Broken, SourceFile, key

# Symbols the Government Analysis Function and the publishers use for "no figure here":
# https://analysisfunction.civilservice.gov.uk/policy-store/symbols-in-tables-definitions-and-help/
_SIGNS = ("", "-", "–", "—", "..", "...", ".", ":", "*", "[x]", "[z]", "[c]", "[u]", "[w]", "x", "z")
_WORDS = ("n/a", "na", "nan", "none", "null", "no data", "not available", "not applicable", "--", "---")
MISSING_SYMBOLS = frozenset((*_SIGNS, *_WORDS))

# Four different things: a zero is a figure; what does not apply ("[z]", the code of a
# retired offence) has none and leaves a sum whole; what was not provided, or is not known yet, is missing and
# so is every sum with it.
_NOT_APPLICABLE = re.compile(
    r"\[z\]|not applicable|n/?a\s*[-–—:(]\s*(?:not applicable|(?:the )?(?:offence )?(?:code|offence)\s+(?:has )?"
    r"(?:expired|retired|discontinued|abolished))\)?",
    re.I,
)
_NOT_KNOWN = re.compile(
    r"(?:n/?a\s*[-–—:(]\s*)?(?:data |figures? |information )?(?:is |are |was |were )?not (?:yet )?"
    r"(?:provided|supplied|submitted|received|returned|available|known|published|collected|recorded|reported)\)?"
    r"|n/?a\s*[-–—:(]\s*(?:data|figures?) (?:missing|unavailable)\)?|to follow|tbc|awaited",
    re.I,
)

# Bodies that are not one of the 43 forces; their rows are left out of every table.
OTHER_BODIES = frozenset(
    key(name)
    for name in (
        "British Transport Police",
        "BTP",
        "Action Fraud",
        "CIFAS",
        "Cifas",
        "UK Finance",
        "Financial Fraud Action UK",
        "Police Service of Northern Ireland",
        "PSNI",
        "Ministry of Defence Police",
        "Civil Nuclear Constabulary",
        "National Crime Agency",
        "Police Scotland",
    )
)

NATIONAL_NAMES = frozenset(
    key(name)
    for name in (
        "England and Wales",
        "Total England and Wales",
        "All - excluding BTP",
        "England and Wales incl. BTP (44 forces)",
        "England & Wales total",
        ENGLAND_AND_WALES,
    )
)

NO_FIGURE = "no figure, where one is needed"

_MARKS = r"(?:\s*(?:\[(?:notes?\s*)?[\w ,]+\]|\((?:r|p|\d{1,2}|notes? \d+)\)|[rRpP](?![A-Za-z])|[*†‡§¹²³⁴⁵⁶⁷⁸⁹⁰]))*"
_NOTES = r"(?:\s*(?:\[(?:(?:notes?\s*)?[\d ,]+|[rp])\]|\((?:notes?\s*)?\d{1,2}\)|[*†‡§¹²³⁴⁵⁶⁷⁸⁹⁰]))+"
_FIGURE = re.compile(
    rf"(?P<sign>[-+−–]?)\s*£?(?P<figure>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)(?P<percent>%?){_MARKS}",
    re.ASCII,
)
_YEAR = re.compile(
    r"(?:FY|financial year|year ending march)?\s*(\d{4})\s*(?:[/\-–]\s*(\d{2}|\d{4}))?", re.I | re.ASCII
)
_QUARTER_ENDS = {1: (6, 30), 2: (9, 30), 3: (12, 31), 4: (3, 31)}


def figure(cell: Any) -> float | int | None:
    """Return the number in a cell, `None` for a symbol that means "no figure".

    Raises `ValueError` with the rule it breaks.

    >>> figure("1,234 [note 2]"), figure("[x]")
    (1234, None)
    """
    if cell is None:
        return None
    if isinstance(cell, bool):
        raise ValueError("not a number")
    if isinstance(cell, (int, float)):
        if isinstance(cell, float) and not math.isfinite(cell):
            raise ValueError("not a number")
        return int(cell) if float(cell).is_integer() else cell
    if not isinstance(cell, str):
        if hasattr(cell, "__float__"):
            return figure(float(cell))
        raise ValueError("not a number")
    number, broken = _written(cell)
    if broken:
        raise ValueError(broken)
    return number


@lru_cache(maxsize=100_000)  # a million rows repeat the same small numbers
def _written(cell: str) -> tuple[float | int | None, str]:
    """The number that a text writes, and the rule it breaks."""
    text = cell.strip().replace("\xa0", " ")
    # A space, narrow or not, may part thousands: "1 234".
    text = re.sub(r"(?<=\d)[ \u2009\u202f](?=\d{3}(?!\d))", ",", text)
    if text.casefold() in MISSING_SYMBOLS:
        return None, ""
    if text[:1].isalpha() and (_NOT_APPLICABLE.fullmatch(text) or _NOT_KNOWN.fullmatch(text)):
        return None, ""
    found = _FIGURE.fullmatch(text)
    if found is None:
        return None, "not a number"
    if found["percent"]:
        return None, "a percentage where a plain number is expected"
    digits = found["figure"].replace(",", "")
    number: float | int = float(digits) if "." in digits else int(digits)
    if found["sign"] in ("-", "−", "–"):
        number = -number
    return (int(number) if float(number).is_integer() else number), ""


def without_marks(text: str) -> str:
    """Return a name or a year without the footnote marks after it.

    >>> without_marks("Kent [note 2]"), without_marks("2022/23 [r]¹")
    ('Kent', '2022/23')
    """
    return re.sub(rf"{_NOTES}$", "", text).strip()


def missing(cell: Any) -> bool:
    """Whether a cell says that there is no figure, by a symbol or by being empty."""
    try:
        return figure(cell) is None
    except ValueError:
        return False


def applies(cell: Any) -> bool:
    """Whether a figure could be in a cell: not where it says that none applies, as for a retired code.

    >>> applies("N/A - offence code expired"), applies("N/A"), applies(0)
    (False, True, True)
    """
    return not (isinstance(cell, str) and _NOT_APPLICABLE.fullmatch(cell.strip().replace("\xa0", " ")))


def month_end(year: int, month: int) -> datetime.date:
    """Return the last day of a month."""
    following = datetime.date(year + month // 12, month % 12 + 1, 1)
    return following - datetime.timedelta(days=1)


def year_end(cell: Any) -> datetime.date:
    """Return 31 March closing a financial year: "2022/23", "2022-23", "2022-2023" -> 2023-03-31."""
    found = _YEAR.fullmatch(without_marks(str(cell)))
    if found is None or found[2] is None:
        raise ValueError("not a financial year")
    first = int(found[1])
    if int(found[2]) % 100 != (first + 1) % 100 or not 1980 <= first <= 2100:
        raise ValueError("not a financial year")
    return datetime.date(first + 1, 3, 31)


def quarter_end(year: Any, quarter: Any) -> datetime.date:
    """Return the last day of a financial quarter: ("2022/23", 1) -> 2022-06-30."""
    closing = year_end(year)
    text = re.sub(r"^(?:q|quarter )", "", str(quarter).strip().casefold()).removesuffix(".0")
    if text not in {"1", "2", "3", "4"}:
        raise ValueError("not a financial quarter")
    month, day = _QUARTER_ENDS[int(text)]
    return datetime.date(closing.year if text == "4" else closing.year - 1, month, day)


def iso_date(cell: Any) -> datetime.date:
    """Return the day of an ISO date or a spreadsheet date."""
    if isinstance(cell, datetime.datetime):
        return cell.date()
    if isinstance(cell, datetime.date):
        return cell
    try:
        return datetime.date.fromisoformat(str(cell).strip()[:10])
    except ValueError as error:
        raise ValueError("not a date") from error


def without_empty_rows(rows: Rows) -> Rows:
    """Return the rows without those in which every cell says "no figure": a CSV writer's empty row is all NA."""
    return rows.keep(not all(missing(cell) for cell in row) for row in rows.rows)


@dataclass
class Rows:
    """The rows under one header, read column by column; faults collect until `check`."""

    file: SourceFile
    sheet: str
    header_row: int  # number of the header's row, from 1
    columns: dict[str, int]  # our name of a column -> its place
    titles: dict[str, str]  # our name of a column -> its name in the file
    rows: list[list[Any]]
    numbers: list[int]  # row numbers in the file, from 1
    faults: list[Fault] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def label(self) -> str:
        """File and sheet, as an error names them."""
        return f"{self.file.path}, sheet {self.sheet!r}" if self.sheet else str(self.file.path)

    def keep(self, wanted: Iterable[bool]) -> Rows:
        """Return only the wanted rows; faults stay shared."""
        pairs = [(r, n) for r, n, good in zip(self.rows, self.numbers, wanted, strict=True) if good]
        return Rows(
            self.file,
            self.sheet,
            self.header_row,
            self.columns,
            self.titles,
            [row for row, _ in pairs],
            [number for _, number in pairs],
            self.faults,
        )

    def cells(self, column: str) -> list[Any]:
        """Return the raw cells of a column."""
        place = self.columns[column]
        return [row[place] if place < len(row) else "" for row in self.rows]

    def text(self, column: str) -> list[str]:
        """Return a column as text, with spaces tidied."""
        memo: dict[Any, str] = {}
        out = []
        for cell in self.cells(column):
            if cell.__class__ is str:
                if cell not in memo:
                    memo[cell] = " ".join(cell.split())
                out.append(memo[cell])
            elif isinstance(cell, float) and cell.is_integer():
                out.append(str(int(cell)))
            else:
                out.append("" if cell is None else str(cell))
        return out

    def fault(self, column: str, row: int, value: Any, rule: str, fix: str) -> None:
        """Note a fault; `row` is the place in `rows`, not the file's row number."""
        self.faults.append(Fault(self.titles.get(column, column), self.numbers[row], str(value), rule, fix))

    def note_broken(self) -> None:
        """Note a fault for each cell that holds an error of a spreadsheet, or a formula without its result."""
        for column in self.columns:
            for index, cell in enumerate(self.cells(column)):
                if isinstance(cell, Broken) and cell.startswith("="):
                    rule, fix = (
                        "a formula whose result is not in the file",
                        "open it, let it calculate, save it",
                    )
                elif isinstance(cell, str) and BROKEN.fullmatch(cell.strip()):
                    rule, fix = (
                        "not a number: a formula that has broken",
                        "correct the formula, or give the figure",
                    )
                else:
                    continue
                self.fault(column, index, cell, rule, fix)

    def mapped(self, column: str, read: Callable[[Any], Any], fix: str) -> list[Any]:
        """Return a column put through `read`, noting a fault where that raises `ValueError`."""
        memo: dict[Any, Any] = {}
        out = []
        for index, cell in enumerate(self.text(column)):
            if cell not in memo:
                try:
                    memo[cell] = read(cell)
                except ValueError as error:
                    memo[cell] = error
            value = memo[cell]
            if isinstance(value, ValueError):
                self.fault(column, index, cell, str(value), fix)
                value = None
            out.append(value)
        return out

    def counts(self, column: str, *, corrections: bool = False, needed: str = "") -> list[int | None]:
        """Return whole numbers from 0, `None` where the file has a symbol for "no figure".

        `corrections=True` allows negative numbers (police recorded crime takes back earlier counts).
        `needed` says what to do about a missing figure where none may be missing; each is then a fault.
        """
        out: list[int | None] = []
        for index, cell in enumerate(self.cells(column)):
            if cell.__class__ is float and cell >= 0 and cell.is_integer():
                out.append(int(cell))
                continue
            value = None
            try:
                value = figure(cell)
            except ValueError as error:
                self.fault(column, index, cell, str(error), "give digits, or leave the cell empty if missing")
            if value is not None and not isinstance(value, int):
                self.fault(
                    column, index, cell, "a fraction, but this is a count", "correct it to a whole number"
                )
                value = None
            if isinstance(value, int) and value < 0 and not corrections:
                self.fault(
                    column, index, cell, "a negative count", "correct it, or leave the cell empty if missing"
                )
                value = None
            if needed and missing(cell):
                self.fault(column, index, cell, NO_FIGURE, needed)
            out.append(value)
        return out

    def applies(self, column: str) -> list[bool]:
        """Return whether a figure could be in each cell of a column; see `applies`, and `WholeSums`."""
        return [cell.__class__ is not str or applies(cell) for cell in self.cells(column)]

    def figures(
        self, column: str, *, least: float | None = 0, most: float | None = None, needed: str = ""
    ) -> list[float | None]:
        """Return numbers, `None` where missing; outside `least`..`most` is a fault. `needed`: see `counts`."""
        out: list[float | None] = []
        for index, cell in enumerate(self.cells(column)):
            value = None
            try:
                value = figure(cell)
            except ValueError as error:
                self.fault(column, index, cell, str(error), "give a plain number, or leave the cell empty")
            if needed and missing(cell):
                self.fault(column, index, cell, NO_FIGURE, needed)
            if value is not None and (
                (least is not None and value < least) or (most is not None and value > most)
            ):
                bounds = " to ".join(f"{bound:g}" for bound in (least, most) if bound is not None)
                self.fault(column, index, cell, f"outside what is possible ({bounds})", "correct the figure")
                value = None
            out.append(None if value is None else float(value))
        return out

    def forces(self, column: str, forces: Forces, *, national: bool = False) -> list[str | None]:
        """Return force codes; `None` for bodies that are not territorial forces.

        `national=True` gives rows of England and Wales their own code; otherwise they are `None` too.
        An unknown name is a fault that suggests the nearest ones.
        """

        def code(name: str) -> str | None:
            name = without_marks(name)
            folded = key(name)
            if folded in OTHER_BODIES:
                return None
            if folded in NATIONAL_NAMES:
                return ENGLAND_AND_WALES if national else None
            try:
                return forces[name].code
            except UnknownForceError as error:
                # A note's number may be stuck to a name; no force's name ends in one.
                if (bare := re.sub(r"(?<=[a-z])\d{1,2}(?:,\d{1,2})*$", "", name)) != name:
                    return code(bare)
                if re.match(r"(?:sub)?total\b|all (?:police )?forces\b", folded):
                    raise ValueError("a total, not a force; leave its row out") from error
                near = f"; nearest: {', '.join(error.suggestions)}" if error.suggestions else ""
                raise ValueError(f"no force of this name{near}") from error

        return self.mapped(
            column, code, "correct the name, or add it to the force's aliases in data/forces.csv"
        )

    def categories(self, column: str, table: str, name: str = "") -> list[str | None]:
        """Return a column's labels as the contract of `table` spells them for its column `name` (default: `column`)."""
        return self.one_of(
            column, {key(label): label for label in contracts.categories(table, name or column)}
        )

    def one_of(self, column: str, names: dict[str, str]) -> list[str | None]:
        """Return a column's labels under our names; `names` maps folded labels (see `key`) to ours."""

        def ours(label: str) -> str:
            if (folded := key(label)) not in names:
                raise ValueError("not a known category")
            return names[folded]

        known = ", ".join(dict.fromkeys(names.values()))
        return self.mapped(column, ours, f"use one of: {known}")

    def check(self) -> None:
        """Raise `TableContractError` with every fault found so far."""
        if self.faults:
            # A cell has one fault: the first that was noted says most.
            first = {(fault.row, fault.column): fault for fault in reversed(self.faults)}.values()
            raise TableContractError(self.label, sorted(first, key=lambda f: (f.row or 0, f.column)))
