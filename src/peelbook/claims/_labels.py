"""The report's words "higher than expected" beside two open rules, for all forces.

HMICFRS does not publish how it decides. So the labels are set beside the funnel rule and the distance rule
of `compare`, wherever there are data, and the agreement is published instead of assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peelbook.claims import _wording
from peelbook.claims._calculator import Calculator, Unavailable
from peelbook.claims._evaluate import NEAR_DAYS, near
from peelbook.claims._expression import Call, Text, calls
from peelbook.claims._ledger import Claim
from peelbook.claims._read import read
from peelbook.claims._verdict import Alternative, Verdict

if TYPE_CHECKING:
    from peelbook.catalogue import Catalogue

#: Labels that compare a force with its peers: the side, and whether the word claims more than a direction.
DIRECTIONS = {
    "higher than expected": ("higher", True),
    "significantly higher": ("higher", True),
    "higher": ("higher", False),
    "lower than expected": ("lower", True),
    "significantly lower": ("lower", True),
    "lower": ("lower", False),
    "low end of the range": ("lower", False),
    "lowest of all forces": ("lower", False),
}


@dataclass(frozen=True)
class LabelCheck:
    """One labelled comparison beside both rules.

    `funnel` and `distance` are the words of the two rules for the force, `None` where a rule cannot speak.
    `counts` holds, for each rule, how many forces are higher, within and lower; `same` of `both` forces get
    the same word from both rules. `reason` says why there is nothing to compare.
    """

    claim: Claim
    measure: str = ""
    period: str = ""
    funnel: str | None = None
    distance: str | None = None
    z: float | None = None
    sd_distance: float | None = None
    counts: tuple[tuple[str, int, int, int], ...] = ()
    same: int = 0
    both: int = 0
    reason: str = ""

    @property
    def side(self) -> str:
        """The side of its peers on which the report puts the force: `"higher"` or `"lower"`."""
        return DIRECTIONS[self.claim.label][0]

    @property
    def strict(self) -> bool:
        """Whether the report's word claims more than a direction: *expected*, *significantly*."""
        return DIRECTIONS[self.claim.label][1]

    def agrees(self, rule: str) -> bool | None:
        """Whether `"funnel"` or `"distance"` gives the report's word; for a bare direction, its side."""
        word, score = getattr(self, rule), self.z if rule == "funnel" else self.sd_distance
        if word is None:
            return None
        if self.strict:
            return word == f"{self.side} than expected"
        return score is not None and (score > 0) == (self.side == "higher")


def label_agreement(catalogue: Catalogue, force_code: str) -> list[LabelCheck]:
    """Return every labelled comparison with peers of a force's report beside both rules.

    The period is the claim's own, or else the nearest within a year. Raises what `evaluate` raises.
    """
    ledger = read(catalogue, force_code)
    calculator = Calculator(catalogue, ledger)
    return [
        _check(calculator, claim)
        for claim in ledger.claims
        if claim.label in DIRECTIONS and claim.subject == force_code and _about_peers(claim)
    ]


def _about_peers(claim: Claim) -> bool:
    """Whether a label compares with other forces, and not with a plan, a standard or an earlier year."""
    return claim.basis in ("open data", "HMICFRS collection") or claim.comparator.endswith(".average")


def _check(calculator: Calculator, claim: Claim) -> LabelCheck:
    import pandas as pd

    from peelbook import compare, measures

    call = next(
        (
            item
            for tree in claim.trees
            for item in calls(tree)
            if item.name in ("measure", "beyond") and _whole(item)
        ),
        None,
    )
    if call is None or not isinstance(call.arguments[0], Text):
        return LabelCheck(
            claim, reason=f"No measure stands for it. {_wording.publication(claim)} would settle it."
        )
    name = call.arguments[0].value
    options: dict[str, Any] = {key: value for key, value in call.named if key not in ("period", "subject")}
    try:
        frame = calculator.frame(name, **options)
    except Unavailable as problem:
        return LabelCheck(claim, name, reason=problem.reason)
    day = pd.Timestamp(claim.period_end) if claim.period_end else None
    if day is None or not (frame["period_end"] == day).any():
        days = near(calculator, name, claim, NEAR_DAYS) if claim.period_end else []
        if not days:
            return LabelCheck(claim, name, reason="There are no data for its period or a year around it.")
        day = days[0]
    found = compare.against_peers(frame, claim.force_code, day)
    rules = compare.expected_rules(frame, day)
    period = measures.registry()[name].period_name(day)
    words = (compare.HIGHER, compare.WITHIN, compare.LOWER)
    counts = []
    for rule, column in (("funnel", "funnel_rule"), ("distance", "distance_rule")):
        high, within, low = (int((rules[column] == word).sum()) for word in words)
        counts.append((rule, high, within, low))
    both = rules["agree"].dropna()
    return LabelCheck(
        claim,
        name,
        period,
        found.funnel_verdict,
        found.distance_verdict,
        found.z,
        found.sd_distance,
        tuple(counts),
        int(both.sum()),
        len(both),
        "" if found else "The force has no figure.",
    )


def _whole(call: Call) -> bool:
    return "part" not in dict(call.named)


def two_averages(verdicts: list[Verdict]) -> list[tuple[Verdict, tuple[Alternative, ...]]]:
    """Return each England and Wales figure of a ledger with the averages computed for it.

    The averages are empty where no data exist; the verdict's reason then says what is missing.
    """
    return [(item, item.averages) for item in verdicts if item.claim.national and item.claim.comparative]
