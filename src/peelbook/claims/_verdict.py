"""What the ledger can say of a claim, and whether a figure bears a printed value out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from peelbook.claims._calculator import Figure
from peelbook.claims._ledger import Claim

REPRODUCED, OWN, CONSISTENT, RESTATED, DIFFERS, WAITING, OUTSIDE = (
    "reproduced",
    "reproduced: own data",
    "consistent",
    "restated elsewhere",
    "differs",
    "waiting for a table",
    "cannot be tested from outside",
)
VERDICTS = (REPRODUCED, OWN, CONSISTENT, RESTATED, DIFFERS, WAITING, OUTSIDE)

#: The verdicts on a claim that was not tested.
UNTESTED = (WAITING, OUTSIDE)


@dataclass(frozen=True)
class Alternative:
    """One other way to the figure: its kind, in words, its value in the claim's unit, and whether it fits."""

    kind: str
    label: str
    value: Fraction
    fits: bool


@dataclass(frozen=True)
class Verdict:
    """What the ledger says about one claim.

    `computed` and `gap` (computed less printed) are exact and in the claim's unit, `None` where nothing was
    computed. `cause` is the kind of alternative that accounts for a difference, `"unexplained"` where none
    does, and empty for other verdicts. `average` names the average that the printed figure fits. `weak` is true where
    the verdict is an agreement that a printed value one unit higher or lower in its last place would have got as well.
    `computed_note` says what the computed figure is of, where that is not quite what the claim is about.
    """

    claim: Claim
    verdict: str
    computed: Fraction | None = None
    gap: Fraction | None = None
    reason: str = ""
    cause: str = ""
    alternatives: tuple[Alternative, ...] = ()
    averages: tuple[Alternative, ...] = ()
    average: str = ""
    tables: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    computed_text: str = ""
    computed_note: str = ""
    short: str = ""
    weak: bool = False

    @property
    def summary(self) -> str:
        """The reason in a sentence or two; `reason` is the same in full."""
        return self.short or self.reason

    @property
    def fits(self) -> Alternative | None:
        """The alternative that gives the printed figure."""
        return next((item for item in self.alternatives if item.fits), None)


def fit(claim: Claim, figure: Figure) -> str:
    """Say whether a figure bears a printed value out: `"exactly"`, `"within rounding"` or `""`.

    *Exactly* is equality at the printed precision; a figure halfway between two printed ones fits both, so
    that rounding half up and half to even are both accepted. *Within rounding* means that the range which
    the rounded inputs allow meets the range that the printed value allows. "Around" allows one unit of the
    last printed place either way; "more than" and "less than" are strict; "at least" and "up to" compare at
    the printed precision.
    """
    if claim.value is None:
        raise ValueError(f"{claim.claim_id} has no value")
    factor = claim.unit_definition.factor
    value, step = claim.value * factor, claim.step * factor
    low, high = figure.range
    if claim.sense == ">":
        return "exactly" if figure.value > value else ""
    if claim.sense == "<":
        return "exactly" if figure.value < value else ""
    if claim.sense == ">=":
        return "exactly" if figure.value >= value - step / 2 else ""
    if claim.sense == "<=":
        return "exactly" if figure.value <= value + step / 2 else ""
    slack = step if claim.sense == "~" else step / 2
    if abs(figure.value - value) <= slack:
        return "exactly"
    return "within rounding" if low <= value + slack and high >= value - slack else ""
