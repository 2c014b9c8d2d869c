"""The claims of one report as exact values, checked as a whole before any of them is evaluated.

The table's contract checks cells; this checks what lies between cells: that a printed value has the
decimals it says, that evidence parses, refers to claims and measures that exist, adds only like to like,
and does not argue in a circle.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from peelbook.claims import _language
from peelbook.claims._units import UNITS, Unit
from peelbook.contracts import ENGLAND_AND_WALES
from peelbook.errors import Fault, TableContractError

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.catalogue import Catalogue

TABLE = "claims"


@dataclass(frozen=True)
class Claim:
    """One row of the ledger. `value` is exact and in the printed unit; `None` where no number is printed."""

    claim_id: str
    report: str
    force_code: str
    section: str
    heading: str
    statement: str
    quantity: str
    subject: str
    value: Fraction | None
    sense: str
    unit: str
    decimals: int
    numerator: int | None
    denominator: int | None
    period_start: dt.date | None
    period_end: dt.date | None
    basis: str
    label: str
    comparator: str
    figure: int | None
    publication: str
    evidence: str
    location: str
    trees: tuple[_language.Node, ...] = field(default=(), compare=False, repr=False)

    @property
    def measured_in(self) -> Unit:
        """The unit with its scale."""
        return UNITS[self.unit]

    @property
    def step(self) -> Fraction:
        """One unit in the last printed place: 0.1 for 19.8, 1,000 for "around 15,000"."""
        return Fraction(10) ** -self.decimals

    @property
    def national(self) -> bool:
        """Whether the figure is an England and Wales average or total."""
        return self.subject == ENGLAND_AND_WALES

    @property
    def comparative(self) -> bool:
        """Whether the figure is a rate, share or ratio, of which there can be two averages."""
        return not self.measured_in.dimensions or self.unit == "gbp_per_1000"

    @property
    def cycle(self) -> str:
        """The inspection cycle in the report's name: `2023-25`."""
        return "-".join(self.report.split("-")[1:3])

    @property
    def filled(self) -> bool:
        """Whether the row holds anything to check; the rows of a new skeleton do not."""
        return self.value is not None or bool(self.label)


class Ledger(Mapping[str, Claim]):
    """The claims of one report by id, in the order of the report."""

    def __init__(self, claims: Iterable[Claim]):
        self.claims = tuple(claims)
        self._by_id = {claim.claim_id: claim for claim in self.claims}

    def __getitem__(self, claim_id: str) -> Claim:
        return self._by_id[claim_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def printing(self, quantity: str, like: Claim | None = None, **same: Any) -> list[Claim]:
        """Claims with a value for a quantity; with `like`, of its subject and period too."""
        return [
            claim
            for claim in self.claims
            if claim.quantity == quantity
            and claim.value is not None
            and (like is None or (claim.subject, claim.period_end) == (like.subject, like.period_end))
            and all(getattr(claim, name) == value for name, value in same.items())
        ]


def filled(rows: pd.DataFrame) -> pd.Series:
    """Tell which rows of the table are filled in: a ledger that `claims new` wrote has rows that wait.

    A grade has its words in `label` and no value.
    """
    return rows["value"].notna() | rows["numerator"].notna() | rows["label"].fillna("").ne("")


@dataclass(frozen=True)
class Entered:
    """A report that is in the ledger: its id and the code of the force it is about."""

    report: str
    force_code: str


def reported(catalogue: Catalogue) -> tuple[Entered, ...]:
    """Return the reports of which any row is filled in, in the order of the ledger; the book's own come first.

    Raises what `Catalogue.table` raises.
    """
    frame = catalogue.table(TABLE)
    pairs = frame.loc[filled(frame), ["report", "force_code"]].drop_duplicates()
    return tuple(Entered(str(report), str(code)) for report, code in pairs.itertuples(index=False))


def read(catalogue: Catalogue, force_code: str) -> Ledger:
    """Return the ledger of one force's report, empty where nobody has entered one.

    Raises `TableContractError` with every fault of the rows and of their evidence, or what
    `Catalogue.table` raises.
    """
    frame = catalogue.table(TABLE)
    return of_frame(frame[frame["force_code"] == force_code])


def of_text(text: str, source: str = "claims.csv") -> Ledger:
    """Return the ledger of the rows of a CSV text. Raises `TableContractError` with every fault."""
    import pandas as pd

    from peelbook import contracts

    frame = pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False, na_values=[""])
    return of_frame(contracts.validate(frame, TABLE, source=source), source)


def of_frame(frame: pd.DataFrame, source: str = "claims.csv") -> Ledger:
    """Return the ledger of a typed frame. Raises `TableContractError` with every fault."""
    from peelbook.claims import _check

    faults: list[Fault] = []
    claims: list[Claim] = []
    for index, row in zip(frame.index, frame.to_dict("records"), strict=True):
        # The CSV's line: the header is line 1. An overlay's rows follow the embedded ones.
        line = int(index) + 2
        claim, found = _claim(row, line)
        claims.append(claim)
        faults += found
    ledger = Ledger(tuple(claims))
    faults += _check.faults(ledger, [int(index) + 2 for index in frame.index])
    if faults:
        raise TableContractError(source, sorted(faults, key=lambda fault: (fault.row or 0, fault.column)))
    return ledger


def claim_of(row: Mapping[str, Any]) -> Claim:
    """Return one row of the table as a claim, without the checks of a whole ledger."""
    return _claim(row, 0)[0]


def _claim(row: Mapping[str, Any], line: int) -> tuple[Claim, list[Fault]]:
    import pandas as pd

    from peelbook.claims._language import ExpressionError, alternatives

    cells = {name: None if pd.isna(value) else value for name, value in row.items()}
    faults: list[Fault] = []

    def fault(column: str, rule: str, fix: str) -> None:
        faults.append(Fault(column, line, str(cells[column] or ""), rule, fix, str(cells["claim_id"])))

    text = {
        name: str(cells[name] or "")
        for name in (
            "claim_id",
            "report",
            "force_code",
            "section",
            "heading",
            "statement",
            "quantity",
            "subject",
            "sense",
            "unit",
            "basis",
            "label",
            "comparator",
            "publication",
            "evidence",
            "location",
        )
    }
    value = None if cells["value"] is None else Fraction(repr(float(cells["value"])))
    decimals = int(cells["decimals"] or 0)
    if value is not None:
        if cells["decimals"] is None:
            fault("decimals", "empty beside a value", "give the number of decimals as printed")
        elif (value * Fraction(10) ** decimals).denominator != 1:
            fault("decimals", "fewer than the value has", "give the number of decimals as printed")
        if not text["sense"]:
            fault("sense", "empty beside a value", "give =, ~, >, <, >= or <=")
    if (cells["numerator"] is None) != (cells["denominator"] is None):
        fault("denominator", "x of y needs both numbers", "fill numerator and denominator, or neither")
    elif cells["numerator"] is not None:
        if cells["numerator"] > cells["denominator"]:
            fault("numerator", "larger than its denominator", "check the two numbers")
        if value != int(cells["numerator"]):
            fault("value", "not the numerator of x of y", "repeat the numerator as the value")
    if not text["claim_id"].startswith(f"{text['section']}."):
        fault("claim_id", "does not start with its section", f"start it with {text['section']}.")
    trees: tuple[_language.Node, ...] = ()
    if text["evidence"]:
        try:
            trees = tuple(alternatives(text["evidence"]))
        except ExpressionError as error:
            fault("evidence", str(error), "see the language of evidence in the documentation")
    return (
        Claim(
            **text,
            value=value,
            decimals=decimals,
            numerator=_whole(cells["numerator"]),
            denominator=_whole(cells["denominator"]),
            figure=_whole(cells["figure"]),
            period_start=_day(cells["period_start"]),
            period_end=_day(cells["period_end"]),
            trees=trees,
        ),
        faults,
    )


def _whole(cell: Any) -> int | None:
    return None if cell is None else int(cell)


def _day(cell: Any) -> dt.date | None:
    return None if cell is None else dt.date.fromisoformat(str(cell)[:10])
