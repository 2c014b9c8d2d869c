"""Evaluate a ledger: for each claim a verdict, the computed figure, the gap and what was tried.

Nobody types a verdict. A claim is *reproduced* where open data gives the printed figure at its printed
precision (*reproduced: own data* where the user's own tables do), *consistent* where other printed figures do, or a
rule of this book that HMICFRS does not state, *restated elsewhere* where another text about the same report says so, *differs* where what can be computed is another
figure, and untested where nothing here bears on it: waiting for a published table, or not to be tested from outside. Before a claim counts as differing, the data are
asked what else the figure could be: another average, population, definition, period, vintage or rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from peelbook import contracts, measures
from peelbook.claims import _vintage, _wording
from peelbook.claims._calculator import (
    AVERAGES,
    GRADES,
    Assumptions,
    Calculator,
    Figure,
    Result,
    Trace,
    Unavailable,
)
from peelbook.claims._check import refers_to
from peelbook.claims._cross_checks import CrossCheck, beside, without_data
from peelbook.claims._expression import Call, Node, Text, calls, swapped
from peelbook.claims._ledger import Claim, Ledger
from peelbook.claims._read import read
from peelbook.claims._rules import Revision, rules
from peelbook.claims._verdict import (
    CONSISTENT,
    DIFFERS,
    OUTSIDE,
    OWN,
    REPRODUCED,
    RESTATED,
    UNTESTED,
    WAITING,
    Alternative,
    Verdict,
    fit,
)
from peelbook.forces import ENGLAND_AND_WALES

if TYPE_CHECKING:
    from peelbook.catalogue import Catalogue

#: What nobody can work out from figures, whatever is published: it would wait for ever.
_NO_MEASUREMENT = ("HMICFRS audit", "HMICFRS finding", "HMICFRS judgment", "standard")

#: How far from the report's period another period may lie and still be worth a look.
NEAR_DAYS = 366

_YEARS_TRIED = 2


def evaluate(catalogue: Catalogue, force_code: str, *, section: str | None = None) -> list[Verdict]:
    """Return a verdict on every claim of a force's report, or of one section, in the order of the report.

    A row that is not filled in is no claim and has none. An empty list means that nobody has entered anything. Reads only the tables that the
    evidence of these claims needs. Raises `TableContractError` with every fault of the ledger,
    `UndeclaredReadError`, or what `Catalogue.table` raises.
    """

    def verdicts() -> list[Verdict]:
        return evaluate_ledger(catalogue, read(catalogue, force_code), section=section)

    if section is not None:
        return verdicts()
    # The whole ledger is asked for by its downloads and by several pages.
    return list(measures.memoised(catalogue, ("verdicts", force_code), verdicts))


def evaluate_ledger(catalogue: Catalogue, ledger: Ledger, *, section: str | None = None) -> list[Verdict]:
    """Return what `evaluate` does for a ledger that need not be in the catalogue, such as a draft under review."""
    calculator = Calculator(catalogue, ledger)
    known_then = _vintage.catalogue_of(catalogue, ledger)
    judge, unexplained = (_judge(calculator, known_then, explain=explain) for explain in (True, False))
    wanted = [claim for claim in ledger.claims if claim.filled and section in (None, claim.section)]
    found = [_with_strength(judge(claim), unexplained) for claim in wanted]
    ties = without_data(ledger) if any(item.verdict in UNTESTED for item in found) else []
    return [_with_context(item, calculator, ties) for item in found]


def _judge(
    calculator: Calculator, known_then: Catalogue | None, *, explain: bool
) -> Callable[[Claim], Verdict]:
    """Return what gives the verdict on a claim: from the releases of the report's time, then from today's."""
    judge = partial(verdict, explain=explain)
    if known_then is None:
        return partial(judge, calculator)
    then = Calculator(known_then, calculator.ledger)
    return lambda claim: _vintage.at_report_date(
        judge(then, claim), partial(judge, calculator, claim), known_then
    )


def _with_strength(item: Verdict, judge: Callable[[Claim], Verdict]) -> Verdict:
    """Mark an agreement as weak where the value printed might have been one unit higher and one lower as well."""
    claim = item.claim
    if item.verdict in (DIFFERS, *UNTESTED) or claim.value is None:
        return item
    moved = (replace(claim, value=claim.value + step) for step in (claim.step, -claim.step))
    return replace(item, weak=all(judge(other).verdict == item.verdict for other in moved))


def _with_context(item: Verdict, calculator: Calculator, ties: Sequence[CrossCheck]) -> Verdict:
    """Add to a reason what the printed figures imply, and for an untested claim which of the ledger's ties it has."""
    claim = item.claim
    own = beside(ties, claim) if item.verdict in UNTESTED else []
    notes = [*(_wording.beside(claim, tie) for tie in own), *_implied(calculator, claim)]
    if not notes:
        return item
    extra = " ".join(notes)
    short = f"{item.short} {extra}" if item.short and item.verdict in UNTESTED else item.short
    return replace(
        item,
        reason=f"{item.reason} {extra}",
        short=short or (item.reason if item.verdict not in UNTESTED else ""),
    )


def _implied(calculator: Calculator, claim: Claim) -> Iterator[str]:
    """What a printed figure implies and the report does not print, by the rules, in words."""
    for rule in rules().implied:
        if rule.quantity != claim.quantity:
            continue
        try:
            result = calculator.work_out(rule.tree, claim)
        except Unavailable:
            continue
        if isinstance(result, Figure):
            yield _wording.implied(rule.label, rule.unit, rule.decimals, result)


def verdict(calculator: Calculator, claim: Claim, *, explain: bool = True) -> Verdict:
    """Return the verdict on one claim, from the first of its evidence that can be worked out.

    All evidence is tried before the years around a missing one are looked at. Without `explain` it is only said
    whether the evidence bears the claim out: what else the figure could be, which takes longest, is not looked for.
    """
    problems: list[tuple[Node, Unavailable]] = []
    for tree in claim.trees:
        try:
            return _tested(calculator, claim, tree, explain=explain)
        except Unavailable as problem:
            problems.append((tree, problem))
    for tree, unavailable in problems:
        if (
            explain
            and unavailable.period
            and (near := _without_period(calculator, claim, tree, unavailable.reason))
        ):
            return near
    reasons = [unavailable.reason for _, unavailable in problems]
    return Verdict(claim, untested(claim), reason=_wording.untestable(claim, reasons))


def untested(claim: Claim) -> str:
    """Return the verdict on a claim that could not be tested: whether a published table would settle it.

    That is so of a measurement whose publication has figures by force. Findings, judgments and standards are no
    measurements, and some collections are not published by force (`not_public` in the registry): no release of
    anything will test those.
    """
    registry = measures.registry()
    public = claim.basis == "open data" or claim.publication in registry.publications
    if not public or claim.publication in registry.not_public:
        return OUTSIDE
    return OUTSIDE if claim.basis in _NO_MEASUREMENT and not claim.trees else WAITING


def _tested(calculator: Calculator, claim: Claim, tree: Node, *, explain: bool = True) -> Verdict:
    for call in calls(tree):
        if (name := refers_to(call)) in calculator.ledger:
            _independent(claim, calculator.ledger[name])
    if isinstance(tree, Call) and (other := refers_to(tree)) in calculator.ledger:
        lines = [
            {place.split(":")[0] for place in one.location.split()}
            for one in (claim, calculator.ledger[other])
        ]
        if lines[0] & lines[1]:
            raise Unavailable("The report prints it once, and the same passage is no second source.")
    trace = Trace()
    if isinstance(tree, Call) and tree.name in ("between", "sampled"):
        return _ranged(calculator, claim, tree, trace)
    results = _averages(calculator, claim, tree, trace)
    first = results[0][1]
    used: dict[str, Any] = {"tables": tuple(trace.tables), "claims": tuple(trace.claims)}
    good = _good(calculator, trace)
    if not isinstance(first, Figure):
        holds = all(_holds(claim, result) for _, result in results)
        return Verdict(
            claim,
            good if holds else DIFFERS,
            reason=_wording.comparison(claim, holds, trace),
            cause="" if holds else "unexplained",
            computed_text=first.capitalize() if isinstance(first, str) else "",
            **used,
        )
    averages = tuple(
        Alternative("average", label, _in_unit(claim, result.value), bool(fit(claim, result)))
        for label, result in results
        if isinstance(result, Figure)
    )
    if claim.basis == "plan" and not trace.claims:
        return _outturn(claim, first, trace)
    label, best, how = _best(claim, [(label, r) for label, r in results if isinstance(r, Figure)])
    common: dict[str, Any] = {
        **used,
        "computed": _in_unit(claim, best.value),
        "gap": _in_unit(claim, best.value) - (claim.value or 0),
        "averages": averages if len(averages) > 1 else (),
        "computed_text": _wording.computed(claim, _in_unit(claim, best.value)),
    }
    if how:
        return Verdict(
            claim,
            good,
            average=label if len(averages) > 1 else "",
            reason=_wording.agreement(how, averages if len(averages) > 1 else (), trace),
            **common,
        )
    if not explain:
        return Verdict(claim, DIFFERS, **common)
    tried = (
        *_alternatives(calculator, claim, tree, best),
        *_roundings(claim, common["computed"]),
    )
    cause = _cause(claim, tried, trace, best)
    short, reason = _wording.difference(claim, common["gap"], cause, tried, trace, _revisions(trace))
    return Verdict(claim, DIFFERS, cause=cause, alternatives=tried, short=short, reason=reason, **common)


def _ranged(calculator: Calculator, claim: Claim, tree: Call, trace: Trace) -> Verdict:
    """A verdict from evidence that gives a range.

    Bounds (`between`) hold many values, so they can contradict a printed one and never bear it out. A known share
    (`sampled`) bears out a count of a sample where the count is one of those usual for it.
    """
    result = calculator.work_out(tree, claim, trace=trace)
    assert isinstance(result, Figure) and claim.value is not None
    low, high = result.range
    sample = tree.name == "sampled"
    value = claim.value * claim.unit_definition.factor
    if sample and len(tree.arguments) > 1:
        value = Fraction(claim.denominator or 0)
    slack = Fraction(0) if sample else claim.step * claim.unit_definition.factor / 2
    inside = low - slack <= value <= high + slack
    used: dict[str, Any] = {"tables": tuple(trace.tables), "claims": tuple(trace.claims)}
    ends = tuple(_wording.amount(claim, _in_unit(claim, end), max(claim.decimals, 0)) for end in (low, high))
    if sample:
        size = calculator.work_out(tree.arguments[1], claim) if len(tree.arguments) > 1 else None
        whole = int(size.value) if isinstance(size, Figure) else claim.denominator or 0
        reason = _wording.sampled(int(value), whole, result.value / whole, ends)
        return Verdict(
            claim,
            CONSISTENT if inside else DIFFERS,
            cause="" if inside else "unexplained",
            reason=" ".join([reason, *trace.notes]),
            **used,
        )
    if inside:
        reason = (
            f"It can be bounded only: it lies between {ends[0]} and {ends[1]}, so nothing contradicts it."
        )
        return Verdict(claim, untested(claim), reason=_wording.untestable(claim, [reason]), **used)
    reason = f"It cannot be less than {ends[0]} nor more than {ends[1]}."
    return Verdict(claim, DIFFERS, cause="unexplained", reason=reason, **used)


def _outturn(claim: Claim, result: Figure, trace: Trace) -> Verdict:
    """What came of a plan or forecast, beside it: an outturn neither bears out nor contradicts that it was made."""
    value = _in_unit(claim, result.value)
    gap = value - (claim.value or 0)
    return Verdict(
        claim,
        OUTSIDE,
        computed=value,
        gap=gap,
        tables=tuple(trace.tables),
        computed_text=_wording.computed(claim, value),
        computed_note="the outturn",
        reason=_wording.outturn(claim, value, gap),
    )


def _independent(claim: Claim, other: Claim) -> None:
    """Raise `Unavailable` where another printed claim cannot test this one: the same passage, or another average."""
    if set(claim.location.split()) & set(other.location.split()):
        raise Unavailable(f"{other.heading} is printed in the same passage of the report.")
    averages = all(item.national and item.comparative for item in (claim, other))
    if averages and bool(claim.figure) != bool(other.figure):
        # The text prints the mean of forces, the columns of a figure the total over total.
        raise Unavailable("The text prints the mean of forces and the figure the total over total.")


def _good(calculator: Calculator, trace: Trace) -> str:
    """The verdict on a claim that its evidence bears out, by what the evidence is."""
    if trace.claims or trace.own_rule:
        return CONSISTENT
    if GRADES in trace.tables:
        return RESTATED
    own = calculator.catalogue.overlay is not None and any(
        calculator.catalogue.is_supplied(name) for name in trace.tables if name in contracts.tables()
    )
    return OWN if own else REPRODUCED


def _holds(claim: Claim, result: Result) -> bool:
    return result == claim.label if isinstance(result, str) else bool(result)


def _in_unit(claim: Claim, value: Fraction) -> Fraction:
    return value / claim.unit_definition.factor


def _best(claim: Claim, results: list[tuple[str, Figure]]) -> tuple[str, Figure, str]:
    """The first result that fits exactly, else within rounding, else the nearest."""
    fits = [(label, figure, fit(claim, figure)) for label, figure in results]
    for wanted in ("exactly", "within rounding"):
        for item in fits:
            if item[2] == wanted:
                return item
    if claim.value is None:
        raise ValueError(f"{claim.claim_id} has no value")
    printed = claim.value * claim.unit_definition.factor
    return min(fits, key=lambda item: abs(item[1].value - printed))


def _averages(
    calculator: Calculator, claim: Claim, tree: Node, trace: Trace, setting: Assumptions | None = None
) -> list[tuple[str, Result]]:
    """The expression under each average that has a figure of its own; once, unnamed, where none is needed.

    Raises `Unavailable` where no average can be worked out.
    """
    setting = setting or Assumptions()
    measured = [call for call in calls(tree) if call.name == "measure"]
    national = claim.national or any(
        dict(call.named).get("subject") == ENGLAND_AND_WALES for call in measured
    )
    if not (national and measured):
        return [("", calculator.work_out(tree, claim, setting, trace))]
    results: list[tuple[str, Result]] = []
    problem: Unavailable | None = None
    for average in AVERAGES:
        try:
            result = calculator.work_out(tree, claim, replace(setting, average=average), trace)
        except Unavailable as error:
            problem = problem or error
            continue
        known = [figure.value for _, figure in results if isinstance(figure, Figure)]
        if not (isinstance(result, Figure) and result.value in known):
            results.append((average, result))
    if problem and not results:
        raise problem
    # A table that holds the national figure itself gives one figure whatever the average.
    return results if len(results) > 1 else [("", results[0][1])]


# --- other ways to the figure


def _alternatives(
    calculator: Calculator, claim: Claim, tree: Node, known: Figure | None = None
) -> Iterator[Alternative]:
    """Every alternative the data allow that changes the `known` figure or makes it fit."""
    seen = {_in_unit(claim, known.value)} if known else set()
    for kind, label, node, setting in _ways(calculator, claim, tree):
        try:
            results = _averages(calculator, claim, node, Trace(), setting)
        except Unavailable:
            continue
        for average, figure in results:
            if not isinstance(figure, Figure):
                continue
            value = _in_unit(claim, figure.value)
            fits = bool(fit(claim, figure))
            # Cutting off inputs moves the range of a figure, not the figure.
            moved = kind == "rounding" and known is not None and figure.range != known.range
            if value in seen and not fits and not moved:
                continue
            seen.add(value)
            words = f"{label}, {average}" if average and len(results) > 1 else label
            yield Alternative(kind, words, value, fits)


def _roundings(claim: Claim, value: Fraction) -> Iterator[Alternative]:
    """The computed figure cut off instead of rounded."""
    if claim.sense != "=" or claim.value is None:
        return
    cut = Fraction(int(value / claim.step)) * claim.step
    if cut == claim.value:
        yield Alternative("rounding", "the figure cut off instead of rounded", cut, True)


def _ways(calculator: Calculator, claim: Claim, tree: Node) -> Iterator[tuple[str, str, Node, Assumptions]]:
    plain = Assumptions()
    # Another printing of an input.
    for call in calls(tree):
        if call.name == "claim" and isinstance(call.arguments[0], Text):
            used = calculator.ledger[call.arguments[0].value]
            for other in calculator.ledger.printing(used.quantity, used):
                if other.claim_id not in (used.claim_id, claim.claim_id):
                    node = swapped(tree, call, Call("claim", (Text(other.claim_id),)))
                    yield "printed elsewhere", f"{other.heading} as printed elsewhere", node, plain
    # Other definitions, releases and periods, from the rules.
    for substitute in rules().substitutes:
        if substitute.force_code not in ("", claim.subject) or substitute.period_end not in (
            None,
            claim.period_end,
        ):
            continue
        for call in calls(tree):
            if call.name == "measure" and call.arguments[0] == Text(substitute.measure):
                options = tuple(item for item in call.named if item[0] in ("period", "subject"))
                yield (
                    substitute.kind,
                    substitute.label,
                    swapped(tree, call, _with(substitute.tree, options)),
                    plain,
                )
    yield from _populations(calculator, claim, tree)
    yield from _periods(calculator, claim, tree)
    if any(call.name == "claim" for call in calls(tree)):
        yield "rounding", "the printed inputs cut off instead of rounded", tree, Assumptions(cut=True)


def _with(tree: Node, options: tuple[tuple[str, Any], ...]) -> Node:
    """A stand-in tree whose measures and totals take over period and subject of the call replaced."""
    for call in list(calls(tree)) if options else ():
        if call.name in ("measure", "total"):
            tree = swapped(tree, call, replace(call, named=(*options, *call.named)))
    return tree


def _populations(
    calculator: Calculator, claim: Claim, tree: Node
) -> Iterator[tuple[str, str, Node, Assumptions]]:
    per_head = [
        call
        for call in calls(tree)
        if call.name == "measure"
        and isinstance(call.arguments[0], Text)
        and "population" in measures.registry()[call.arguments[0].value].tables
    ]
    if not per_head or claim.period_end is None:
        return
    for day in near(calculator, "population_count", claim, _YEARS_TRIED * 366):
        yield "population", f"the population of mid-{day.year}", tree, Assumptions(population_end=day)


def _periods(
    calculator: Calculator, claim: Claim, tree: Node
) -> Iterator[tuple[str, str, Node, Assumptions]]:
    names = [
        call.arguments[0].value
        for call in calls(tree)
        if call.name == "measure" and isinstance(call.arguments[0], Text) and "period" not in dict(call.named)
    ]
    if not names or claim.period_end is None:
        return
    for day in near(calculator, names[0], claim, _YEARS_TRIED * 366):
        label = measures.registry()[names[0]].period_name(day)
        yield (
            "period",
            f"the {label}" if label.startswith("year") else label,
            tree,
            Assumptions(period_end=day),
        )


def near(calculator: Calculator, measure_id: str, claim: Claim, days: int) -> list[Any]:
    """Return the periods of a measure other than the claim's own within some days of it, nearest first."""
    import pandas as pd

    centre = pd.Timestamp(claim.period_end)
    try:
        frame = calculator.frame(measure_id)
    except Unavailable:
        return []
    ends = [day for day in frame["period_end"].unique() if 0 < abs((day - centre).days) <= days]
    return sorted(ends, key=lambda day: (abs((day - centre).days), day))


def _cause(claim: Claim, tried: tuple[Alternative, ...], trace: Trace, best: Figure) -> str:
    for item in tried:
        if item.fits:
            return item.kind
    if claim.value is not None and _moved(trace, _in_unit(claim, best.value) > claim.value):
        return "vintage"
    return "unexplained"


def _moved(trace: Trace, above: bool) -> bool:
    """Whether later releases of a table used account for the direction of a difference."""
    return any(
        rule.table in trace.tables and (above or rule.direction == "either") for rule in rules().revisions
    )


def _revisions(trace: Trace) -> list[Revision]:
    return [rule for rule in rules().revisions if rule.table in trace.tables]


# --- the report's period is not in the data


def _without_period(calculator: Calculator, claim: Claim, tree: Node, why: str) -> Verdict | None:
    """A verdict on a rate, share or ratio whose own period is missing, from what lies around it.

    A count of another period says nothing, so it is left untested. A rate does say something where there is a
    period on each side: a printed value between theirs is left untested too, and one outside them differs. With
    periods on one side only nothing could come out but a difference, so the claim is left untested, with what
    was computed beside it. Returns `None` where the evidence is not one measure, or nothing is near.
    """
    if not (isinstance(tree, Call) and tree.name == "measure" and isinstance(tree.arguments[0], Text)):
        return None
    measure = measures.registry()[tree.arguments[0].value]
    if not measure.kind.divided or not claim.period_end or claim.value is None:
        return None
    trace = Trace()
    around = _around(calculator, claim, tree, measure, trace)
    beside = [item for *_, item in around]
    # Another year's figure stands in `beside` already; a part of the claim's own year is about that year.
    nearby = tuple(label for _, label, _, _ in _periods(calculator, claim, tree))
    others = [
        item
        for item in _alternatives(calculator, claim, tree)
        if item.fits or not item.label.startswith(nearby)
    ]
    tried = (*beside, *others)
    if not tried:
        return None
    printed = claim.value
    closest = min(tried, key=lambda item: (not item.fits, abs(item.value - printed)))
    common: dict[str, Any] = {
        "averages": tuple(
            Alternative("average", f"{average} ({name})", item.value, False)
            for name, average, item in around
            if average and name == around[0][0]
        ),
        "average": next((average for _, average, item in around if item is closest), ""),
        "computed": closest.value,
        "gap": closest.value - printed,
        "tables": tuple(trace.tables) or measure.tables,
        "computed_text": _wording.computed(claim, closest.value),
        "computed_note": closest.label,
    }
    enclosed = _enclosed(calculator, claim, measure.id)
    own_period = closest.fits and not closest.label.startswith(nearby)
    if not own_period and not enclosed:
        reason = (
            f"{why} The book has periods on one side of it only, which cannot say what it should have been."
        )
        return Verdict(claim, untested(claim), reason=_wording.untestable(claim, [reason]), **common)
    if not closest.fits and _between(claim, around):
        reason = f"{why} It lies between the figures of the periods around it, so nothing contradicts it."
        return Verdict(claim, untested(claim), reason=_wording.untestable(claim, [reason]), **common)
    cause = closest.kind
    if not closest.fits and around and _moved(trace, closest.value > printed):
        cause = "vintage"
    short, reason = _wording.difference(
        claim, common["gap"], cause, tried, trace, _revisions(trace), lead=why
    )
    return Verdict(claim, DIFFERS, cause=cause, alternatives=tried, short=short, reason=reason, **common)


def _enclosed(calculator: Calculator, claim: Claim, measure_id: str) -> bool:
    """Whether a measure has a period within a year on each side of the claim's own."""
    import pandas as pd

    days = near(calculator, measure_id, claim, NEAR_DAYS)
    centre = pd.Timestamp(claim.period_end)
    return any(day < centre for day in days) and any(day > centre for day in days)


def _around(
    calculator: Calculator, claim: Claim, tree: Node, measure: Any, trace: Trace
) -> list[tuple[str, str, Alternative]]:
    """The measure in the periods around the claim's own, nearest first: period, average, figure."""
    found = []
    for day in near(calculator, measure.id, claim, NEAR_DAYS):
        try:
            results = _averages(calculator, claim, tree, trace, Assumptions(period_end=day))
        except Unavailable:
            continue
        name = measure.period_name(day)
        for average, figure in results:
            if isinstance(figure, Figure):
                words = f"{name}, {average}" if average else name
                value = _in_unit(claim, figure.value)
                found.append((name, average, Alternative("period", words, value, False)))
    return found


def _between(claim: Claim, around: list[tuple[str, str, Alternative]]) -> bool:
    """Whether one average of the periods around spans the printed value."""
    if claim.value is None:
        return False
    spans: dict[str, list[Fraction]] = {}
    for _, average, item in around:
        spans.setdefault(average, []).append(item.value)
    slack = claim.step / 2
    return any(min(values) - slack <= claim.value <= max(values) + slack for values in spans.values())
