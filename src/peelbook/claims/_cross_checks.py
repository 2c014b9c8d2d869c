"""Cross-checks: search a ledger for figures that must agree with one another, and say which do not.

Declared evidence tests what somebody thought of. This looks at all printed figures of a report by their
units, subjects and periods: the same figure printed twice, a share of a total, a difference, a count and a
rate that imply a population, the column of a table, a comparison and the two figures it compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations, product
from typing import TYPE_CHECKING

from peelbook import formats, measures
from peelbook.claims import _wording
from peelbook.claims._calculator import Calculator, Figure, combined, printed
from peelbook.claims._check import text
from peelbook.claims._expression import Call, Text, calls, swapped
from peelbook.claims._ledger import Claim, Ledger
from peelbook.claims._read import read
from peelbook.claims._rules import rules
from peelbook.claims._units import UNITS
from peelbook.claims._verdict import fit

if TYPE_CHECKING:
    import datetime as dt

    from peelbook.catalogue import Catalogue

#: How near two figures must be for a tie to be meant, though it does not hold: 3 in 100.
NEAR = Fraction(3, 100)

#: Figures within a tenth of each other count as "similar".
SIMILAR = Fraction(1, 10)

#: Below this, two whole numbers differ by a third too often by chance for a tie to mean anything.
LEAST_COUNT = 100

RATES = {"per_1000": 1000, "per_100000": 100_000, "gbp_per_1000": 1000}

UP = ("higher than expected", "significantly higher", "higher", "increase", "significant improvement")
DOWN = (
    "lower than expected",
    "significantly lower",
    "lower",
    "decrease",
    "below the standard",
    "low end of the range",
    "lowest of all forces",
)


@dataclass(frozen=True)
class CrossCheck:
    """Figures that should agree. `kind` is one of `KINDS`; `says` and `gives` are both sides in words."""

    kind: str
    name: str
    claims: tuple[str, ...]
    says: str
    gives: str
    holds: bool
    note: str = ""
    section: str = ""


KINDS = {
    "printed twice": "The same figure printed in two places",
    "share": "A share of a total",
    "difference": "A difference of two figures",
    "change": "A change on the year before",
    "per head": "A count and a rate that imply a population",
    "sum": "Parts that make a whole",
    "column": "A column of shares of one whole",
    "comparison": "The wording of a comparison and its two figures",
}


def cross_checks(catalogue: Catalogue, force_code: str) -> list[CrossCheck]:
    """Return every tie found in a force's report, in the order of the report and of `KINDS`.

    Reads the claims and, for rates per head, the population. Raises what `evaluate` raises.
    """
    return list(
        measures.memoised(
            catalogue,
            ("ties", force_code),
            lambda: search(Calculator(catalogue, read(catalogue, force_code))),
        )
    )


def search(calculator: Calculator) -> list[CrossCheck]:
    """Return every tie found in a ledger."""
    ledger = calculator.ledger
    figures = [claim for claim in ledger.claims if claim.value is not None and claim.sense in ("=", "~")]
    found = [
        *_printed_twice(figures),
        *_shares(figures),
        *_differences(figures),
        *_changes(figures),
        *_per_head(calculator, figures),
        *_identities(calculator),
        *_columns(ledger),
        *_comparisons(ledger),
    ]
    place = {name: number for number, name in enumerate(ledger)}
    order = list(KINDS)
    return sorted(found, key=lambda tie: (order.index(tie.kind), [place[name] for name in tie.claims]))


def without_data(ledger: Ledger) -> list[CrossCheck]:
    """Return the ties of a ledger that need no data.

    Those are a claim's wording beside the figure it is compared with, the column it stands in, another printing and
    a change on the year before.
    """
    figures = [item for item in ledger.claims if item.value is not None and item.sense in ("=", "~")]
    return [*_comparisons(ledger), *_columns(ledger), *_printed_twice(figures), *_changes(figures)]


def beside(ties: Iterable[CrossCheck], claim: Claim) -> list[CrossCheck]:
    """Return those ties that tie one claim to other printed figures."""
    return [
        tie
        for tie in ties
        if claim.claim_id in tie.claims and (tie.kind != "comparison" or tie.claims[0] == claim.claim_id)
    ]


def _same_scope(left: Claim, right: Claim) -> bool:
    return (
        left.section == right.section
        and left.subject == right.subject
        and left.period_end == right.period_end
        and left.period_end is not None
    )


def _apart(left: Fraction, right: Fraction) -> Fraction:
    """The distance of two figures as a share of the second."""
    return abs(left - right) / abs(right) if right else Fraction(1)


def _tie(
    kind: str, name: str, claims: Sequence[Claim], gives: str, holds: bool, note: str = ""
) -> CrossCheck:
    return CrossCheck(
        kind,
        name,
        tuple(claim.claim_id for claim in claims),
        f"{_name(claims[0])}: {_wording.printed(claims[0])}",
        gives,
        holds,
        note,
        claims[0].section,
    )


def _name(claim: Claim) -> str:
    """A claim's heading, with the figure that shows it."""
    return f"{claim.heading} (figure {claim.figure})" if claim.figure else claim.heading


def _printed_twice(figures: Sequence[Claim]) -> Iterator[CrossCheck]:
    for left, right in combinations(figures, 2):
        if left.quantity != right.quantity or not _same_scope(left, right) or left.unit != right.unit:
            continue
        holds = bool(fit(left, printed(right)))
        note = "The two may be different averages of the same figure." if left.national and not holds else ""
        gives = f"{_name(right)}: {_wording.printed(right)}"
        yield _tie("printed twice", left.heading, (left, right), gives, holds, note)


def _shares(figures: Sequence[Claim]) -> Iterator[CrossCheck]:
    """A percentage that two amounts of the same kind give, or nearly give."""
    for share in figures:
        if share.unit != "percent" or not share.value:
            continue
        amounts = [
            claim
            for claim in figures
            if _same_scope(share, claim)
            and claim.unit_definition.dimensions in ((("count", 1),), (("gbp", 1),))
        ]
        for part, whole in permutations(amounts, 2):
            if part.unit_definition.dimensions != whole.unit_definition.dimensions or not whole.value:
                continue
            if min(printed(part).value, printed(whole).value) < LEAST_COUNT:
                continue
            quotient = combined(printed(part), printed(whole), "/")
            quotient = Figure(quotient.value, UNITS["percent"], *quotient.range)
            value = quotient.value / share.unit_definition.factor
            holds = bool(fit(share, quotient))
            # A wide range meets many shares by chance; only a near or equal quotient is meant.
            if fit(share, quotient) == "exactly" or _apart(value, share.value) < NEAR:
                gives = f"{part.heading} over {whole.heading}: {_wording.printed(part)} of {_wording.printed(whole)} is {_wording.computed(share, value)}"
                yield _tie("share", share.heading, (share, part, whole), gives, holds)


def _differences(figures: Sequence[Claim]) -> Iterator[CrossCheck]:
    """Amounts of one section of which one is the difference of two others, exactly or within rounding."""
    amounts = [
        claim
        for claim in figures
        if claim.unit_definition.dimensions in ((("count", 1),), (("gbp", 1),))
        and claim.denominator is None
        and claim.value is not None
        and claim.value * claim.unit_definition.factor >= LEAST_COUNT
    ]
    for result in amounts:
        for left, right in combinations(amounts, 2):
            same = {claim.unit_definition.dimensions for claim in (result, left, right)}
            scope = {(claim.section, claim.subject) for claim in (result, left, right)}
            periods = {claim.period_end for claim in (result, left, right)}
            if result in (left, right) or len(same) > 1 or len(scope) > 1 or len(periods) > 1:
                continue
            big, small = sorted((left, right), key=lambda claim: -printed(claim).value)
            figure = combined(printed(big), printed(small), "-")
            # A small difference of two large rounded figures proves nothing.
            if fit(result, figure) == "exactly" and printed(result).value < printed(small).value:
                value = figure.value / result.unit_definition.factor
                gives = f"{_wording.printed(big)} less {_wording.printed(small)} is {_wording.computed(result, value)}"
                yield _tie("difference", result.heading, (result, big, small), gives, True)


def _per_head(calculator: Calculator, figures: Sequence[Claim]) -> Iterator[CrossCheck]:
    """A count and a rate of one scope whose quotient is near the population; ranges from the rounding."""
    for rate in figures:
        if rate.unit not in RATES or not rate.value or rate.period_end is None:
            continue
        people = _population(calculator, rate)
        if people is None:
            continue
        wanted = (("gbp", 1),) if rate.unit.startswith("gbp") else (("count", 1),)
        for count in figures:
            if not _same_scope(rate, count) or count.unit_definition.dimensions != wanted or not count.value:
                continue
            implied = combined(printed(count), printed(rate), "/")
            if _apart(implied.value, people.value) >= NEAR:
                continue
            low, high = implied.range
            holds = low <= people.value <= high
            gives = (
                f"{count.heading} of {_wording.printed(count)} implies {_people(implied.value)} people "
                f"({_people(low)} to {_people(high)}); the mid-year estimate is {_people(people.value)}"
            )
            yield _tie("per head", rate.heading, (rate, count), gives, holds)


def _people(value: Fraction) -> str:
    return formats.number(int(_wording.rounded(value, 0)))


def _population(calculator: Calculator, claim: Claim) -> Figure | None:
    import pandas as pd

    if claim.subject not in calculator.catalogue.forces:
        return None
    end = pd.Series([pd.Timestamp(claim.period_end)])
    day = measures.mid_year(end, stock=False).iloc[0]
    people = measures.at(calculator.catalogue, "population_count", claim.subject, day)
    return Figure(Fraction(repr(people.value))) if isinstance(people, measures.Value) else None


def _changes(figures: Sequence[Claim]) -> Iterator[CrossCheck]:
    """A percentage of change and the two yearly amounts that it is the change of."""
    import pandas as pd

    for change in figures:
        if (
            change.unit != "percent"
            or change.label not in ("increase", "decrease")
            or change.period_end is None
        ):
            continue
        before = (pd.Timestamp(change.period_end) - pd.DateOffset(years=1) + pd.offsets.MonthEnd(0)).date()
        for now, then in permutations(figures, 2):
            same = now.quantity == then.quantity and now.unit == then.unit
            near = now.section == change.section and now.subject == then.subject == change.subject
            if not same or not near or (now.period_end, then.period_end) != (change.period_end, before):
                continue
            if now.unit == "percent" or not then.value or not now.value:
                continue
            sign = 1 if change.label == "increase" else -1
            moved = combined(combined(printed(now), printed(then), "-"), printed(then), "/")
            ends = sorted(sign * end for end in moved.range)
            figure = Figure(sign * moved.value, UNITS["percent"], *ends)
            value = figure.value / change.unit_definition.factor
            if fit(change, figure) or _apart(value, change.value or Fraction(0)) < NEAR:
                gives = f"{_wording.printed(then)} to {_wording.printed(now)} is {_wording.computed(change, value)}"
                yield _tie("change", change.heading, (change, now, then), gives, bool(fit(change, figure)))


def _identities(calculator: Calculator) -> Iterator[CrossCheck]:
    """Declared identities, once for each way to pick among the printings of their parts."""
    for rule in rules().identities:
        names = [call for call in calls(rule.tree) if call.name == "quantity"]
        for claim in calculator.ledger.printing(rule.quantity):
            printings = [calculator.ledger.printing(text(call, 0), claim) for call in names]
            for parts in product(*printings):
                tree = rule.tree
                for call, part in zip(names, parts, strict=True):
                    tree = swapped(tree, call, Call("claim", (Text(part.claim_id),)))
                result = calculator.work_out(tree, claim)
                if not isinstance(result, Figure):
                    continue
                value = result.value / claim.unit_definition.factor
                listed = formats.joined(f"{_name(part)} {_wording.printed(part)}" for part in parts)
                gives = f"{listed} give {_wording.computed(claim, value)}"
                yield _tie("sum", rule.name, (claim, *parts), gives, bool(fit(claim, result)), rule.note)


def _columns(ledger: Ledger) -> Iterator[CrossCheck]:
    """The shares of one figure and subject: parts of one whole may not come to more than 100 percent."""
    columns: dict[tuple[int, str, dt.date | None], list[Claim]] = {}
    for claim in ledger.claims:
        if (
            claim.figure is not None
            and claim.unit == "percent"
            and claim.value is not None
            and claim.sense == "="
        ):
            columns.setdefault((claim.figure, claim.subject, claim.period_end), []).append(claim)
    for (number, _, _), claims in columns.items():
        if len(claims) < 4:
            continue
        total = sum((claim.value or Fraction(0) for claim in claims), Fraction(0))
        slack = sum((claim.step for claim in claims), Fraction(0)) / 2
        gives = f"{len(claims)} shares of figure {number} come to {_wording.computed(claims[0], total)}"
        note = "The figure shows selected outcomes, so the sum may be less than 100%." if total < 100 else ""
        yield _tie("column", f"Column of figure {number}", claims, gives, total - slack <= 100, note)


def _comparisons(ledger: Ledger) -> Iterator[CrossCheck]:
    """A claim labelled higher, lower or similar beside the figure it is compared with."""
    for claim in ledger.claims:
        if not claim.label or claim.comparator not in ledger:
            continue
        holds = label_holds(claim, ledger[claim.comparator])
        if holds is not None:
            other = ledger[claim.comparator]
            gives = f"{other.heading}: {_wording.printed(other)}"
            name = f"{claim.heading}: {claim.label}"
            yield _tie("comparison", name, (claim, other), gives, holds)


def label_holds(claim: Claim, other: Claim) -> bool | None:
    """Whether the wording of a comparison agrees with the two printed figures; `None` where it says nothing.

    "Similar" is within a tenth. Only the direction of the other words is tested: what counts as
    "expected" or "significant" the report does not define.
    """
    if (
        claim.value is None
        or other.value is None
        or claim.unit_definition.dimensions != other.unit_definition.dimensions
    ):
        return None
    here, there = claim.value * claim.unit_definition.factor, other.value * other.unit_definition.factor
    if claim.label in UP:
        return here > there
    if claim.label in DOWN:
        return here < there
    return _apart(here, there) <= SIMILAR if claim.label == "similar" else None
