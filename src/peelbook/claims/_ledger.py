"""The claims of one report as exact values, checked as a whole before any of them is evaluated.

The table's contract checks cells; this checks what lies between cells: that a printed value has the
decimals it says, that evidence parses, refers to claims and measures that exist, adds only like to like,
and does not argue in a circle.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from peelbook.claims import _expression
from peelbook.claims._units import UNITS, Unit
from peelbook.forces import ENGLAND_AND_WALES

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
    trees: tuple[_expression.Node, ...] = field(default=(), compare=False, repr=False)

    @property
    def unit_definition(self) -> Unit:
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
        return not self.unit_definition.dimensions or self.unit == "gbp_per_1000"

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


def not_filled(catalogue: Catalogue, force_code: str) -> int:
    """Return how many rows of a force's report are not filled in. Raises what `Catalogue.table` raises."""
    frame = catalogue.table(TABLE)
    return int(((frame["force_code"] == force_code) & ~filled(frame)).sum())


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
