"""Sentences from numbers, for every force: period, figure, comparator, verdict, caveat.

A page's words must stay true when another force or year is put in, so no sentence about a figure is
written by hand. Sentences never give a cause and never call a figure good or bad. All functions return
plain text (callers escape it); an empty string means that there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from peelbook import compare, formats, measures, stats
from peelbook.compare import Averages, Comparison
from peelbook.forces import Force
from peelbook.measures import Measure, Missing, Value

ENGLAND_AND_WALES = "England and Wales"
CITY_OF_LONDON = "E23000034"


def _measure(measure: Measure | str) -> Measure:
    return measure if isinstance(measure, Measure) else measures.registry()[measure]


def _name(force: Force | str) -> str:
    """The name as it stands in a sentence; a text (England and Wales) stands for itself."""
    return force if isinstance(force, str) else force.full_name


def _thing(measure: Measure) -> str:
    """What to call a figure of this kind: "rate", "share", "ratio", "number"."""
    return {
        "rate": "rate",
        "share": "share",
        "ratio": "ratio",
        "disparity": "ratio",
        "change": "change",
        "published": "rate",
        "count": "number",
    }.get(measure.kind, "figure")


def _years(dimension: Mapping[str, Any]) -> int:
    return int(dimension.get("years", 1))


def level(comparison: Comparison | Value, measure: Measure | str, force: Force | str) -> str:
    """The figure in one sentence: "In the year ending 31 March 2023, Kent Police made …".

    A zero count is put in words, a change names both ends. Without a figure the sentence says so.
    """
    found = _measure(measure)
    if not comparison or comparison.value is None:
        return missing(None, found, force, comparison.period_end)
    if found.kind == "change":
        return _changed(comparison, found, force)
    value = comparison.value
    text = "no" if found.kind == "count" and value == 0 else found.format(value)
    body = found.sentence.format(
        force=_name(force),
        value=text,
        noun=found.noun_of(value),
        subject=found.subject_of(comparison.dimension, value),
        period=_end(comparison.period_end, found),
    )
    lead = "" if found.names_period else f"{formats.in_period(comparison.period_end, found.period)}, "
    tail = "; the count was zero" if found.kind in ("rate", "share") and comparison.numerator == 0 else ""
    return formats.sentence(f"{lead}{body}{tail}")


def _changed(comparison: Comparison | Value, found: Measure, force: Force | str) -> str:
    value, difference, before = comparison.value, comparison.numerator, comparison.denominator
    if value is None or difference is None or before is None:
        return missing(None, found, force, comparison.period_end)
    start = comparison.period_end - pd.DateOffset(years=_years(comparison.dimension))
    if difference == 0:
        moved = f"did not change: it was {formats.number(before)} at both ends"
    else:
        verb = "rose" if difference > 0 else "fell"
        by = formats.percent(abs(value), found.decimals)
        moved = f"{verb} by {by}, from {formats.number(before)} to {formats.number(before + difference)}"
    body = found.sentence.format(
        force=_name(force), value=moved, noun=found.noun_of(), subject=found.subject_of(comparison.dimension)
    )
    ends = [_end(day, found) for day in (start, comparison.period_end)]
    return formats.sentence(f"between {ends[0]} and {ends[1]}, {body}")


def _end(day: Any, found: Measure) -> str:
    return f"{'the ' if found.period in ('year', 'quarter') else ''}{found.period_name(day)}"


def counts(comparison: Comparison | Value, measure: Measure | str) -> str:
    """The two numbers behind a rate or a share: "That is 30,153 of 761,214." """
    found = _measure(measure)
    top, bottom = comparison.numerator, comparison.denominator
    if top is None or bottom is None or found.kind not in ("rate", "share"):
        return ""
    if found.kind == "share":
        return f"That is {formats.number(top)} of {formats.number(bottom)}."
    write = formats.money if "£" in found.unit else formats.number
    among = "in a population of" if found.resident_population else "for a total of"
    return f"That is {write(top)} {among} {formats.number(bottom)}."


def averages(both: Averages | Comparison, measure: Measure | str) -> str:
    """Both averages, named: the average across forces, and England and Wales as a whole."""
    found = _measure(measure)
    mean = both.averages if isinstance(both, Comparison) else both
    if found.kind in ("count", "grade") or formats.is_missing(mean.mean_of_forces):
        return ""
    kind = "average change" if found.kind == "change" else "average"
    text = f"The {kind} across forces was {found.format(mean.mean_of_forces)}"
    if mean.pooled is not None:
        thing = _thing(found)
        text += f", and the {thing} for England and Wales as a whole was {found.format(mean.pooled)}"
    return f"{text}."


def position(comparison: Comparison, measure: Measure | str) -> str:
    """The verdict of the funnel rule, as a statement about the difference and never about its cause."""
    if not comparison:
        return ""
    thing = _thing(_measure(measure))
    if comparison.left_out:
        return "The average across forces and the limits leave this force out, so there is no verdict on it."
    if comparison.position is None:
        return ""
    usual = "the usual variation between forces"
    usual = f"chance and {usual}" if _measure(measure).by_chance else usual
    if comparison.position == compare.WITHIN:
        return f"The {thing} is {compare.WITHIN}: {usual} could explain the difference from the average."
    return f"The {thing} is {comparison.position}: the difference from the average is larger than {usual} would explain."


def rank(comparison: Comparison, measure: Measure | str) -> str:
    """The force's place, from the nearer end, with its 95% interval where chance could move it."""
    if not comparison or comparison.rank is None:
        return ""
    thing = _thing(_measure(measure))
    forces = f"{comparison.n} force{'' if comparison.n == 1 else 's'}"
    if comparison.n == 1:
        return f"No other force has a figure to compare this {thing} with."
    which = formats.place(comparison.rank, comparison.n, comparison.tied)
    text = f"It was the {which} of the {forces} with a figure."
    if comparison.rank_interval is not None:
        best, worst = comparison.rank_interval
        if best != worst:
            text += (
                f" Allowing for chance, its place counted from the highest lies between "
                f"{formats.ordinal(best)} and {formats.ordinal(worst)}."
            )
    return text


def extremes(comparison: Comparison, measure: Measure | str, names: Mapping[str, Force]) -> str:
    """The lowest and the highest force: "The figures ran from 2.1 (Cumbria) to 21.9 (Merseyside)." """
    found = _measure(measure)
    if comparison.highest is None or comparison.lowest is None or comparison.n < 2:
        return ""
    (high, top), (low, bottom) = comparison.highest, comparison.lowest
    return (
        f"The figures ran from {found.format(bottom)} ({names[low].short_name}) "
        f"to {found.format(top)} ({names[high].short_name})."
    )


def interval(comparison: Comparison, measure: Measure | str) -> str:
    """The 95% interval of the figure: what chance alone could do to it."""
    found = _measure(measure)
    if not comparison or comparison.interval is None:
        return ""
    low, high = comparison.interval
    return f"Its 95% interval is {_range(low, high, found)}."


def _range(low: float, high: float, found: Measure) -> str:
    """An interval at the measure's precision, or one place more where its ends would print alike."""
    if found.format(low) == found.format(high):
        found = replace(found, decimals=found.decimals + 1)
    return formats.interval(low, high, found.format)


def small(comparison: Comparison, measure: Measure | str) -> str:
    """A flag for small numbers: one or two cases move the figure."""
    if _measure(measure).kind == "grade" or not comparison or not comparison.small:
        return ""
    return "The numbers are small, so one or two more or fewer make a large difference."


def caveat(measure: Measure | str, force: Force | str) -> str:
    """What must be said wherever this force's figure stands: the City of London has few residents."""
    found = _measure(measure)
    code = force if isinstance(force, str) else force.code
    if code != CITY_OF_LONDON or not (found.resident_population or found.id == "population_count"):
        return ""
    return (
        "The City of London has few residents and many workers and visitors, so figures for each resident are not "
        "comparable with those of other forces."
    )


def marker(measure: Measure | str, force: Force | str) -> str:
    """The caveat of a figure for each resident in a few words, for a headline; empty for other figures."""
    found = _measure(measure)
    if not found.resident_population or not caveat(found, force):
        return ""
    return "Few residents, many workers and visitors: not comparable with other forces."


def missing(gone: Missing | None, measure: Measure | str, force: Force | str, period_end: Any = None) -> str:
    """That a figure is missing, and why: never a zero, never a blank."""
    found = _measure(measure)
    day = period_end if period_end is not None else (gone.period_end if gone is not None else None)
    when = f" for {_end(day, found)}" if day is not None else ""
    text = f"There is no figure for {_name(force)}{when}: {found.label[:1].lower()}{found.label[1:]}."
    return f"{text} {formats.sentence(gone.reason)}" if gone is not None else text


def change(
    later: Value | Missing,
    earlier: Value | Missing,
    measure: Measure | str,
    force: Force | str,
    tested: compare.Change | None = None,
) -> str:
    """The change between two periods, and whether chance could explain it where `tested` says so.

    The test is that of `compare.change`, which allows for the comparison of all forces: one force's own
    test would call some forces of 43 changed by chance alone. A missing end is named with its reason.
    """
    found = _measure(measure)
    for end in (later, earlier):
        if isinstance(end, Missing):
            return missing(end, found, force)
    assert isinstance(later, Value) and isinstance(earlier, Value)
    start, stop = (_end(end.period_end, found) for end in (earlier, later))
    before, now = found.format(earlier.value), found.format(later.value)
    subject = f"the {_thing(found)} for {_name(force)}"
    if before == now:
        return formats.sentence(f"between {start} and {stop}, {subject} did not change ({now})")
    verb = "rose" if later.value > earlier.value else "fell"
    moved = f"{verb} from {before} to {now}"
    if found.unit == "%":
        moved += f", a change of {formats.points(later.value - earlier.value, found.decimals)}"
    elif earlier.value > 0:
        moved += f", a change of {formats.signed_percent(later.value / earlier.value - 1)}"
    text = formats.sentence(f"between {start} and {stop}, {subject} {moved}")
    return f"{text} {_tested(tested)}".strip()


def _tested(tested: compare.Change | None) -> str:
    """What the corrected test says of a change, and where it lies among the changes of all forces."""
    if tested is None:
        return ""
    lead = "" if tested.n == 1 else f"allowing for the comparison of {tested.n} forces, "
    if tested.direction == compare.STEADY:
        text = f"{lead}chance alone could explain the change"
    else:
        text = f"{lead}the change is larger than chance alone would explain"
    text = formats.sentence(text)
    if tested.position is None:
        return text
    return f"{text} Beside the changes of all forces, it is {tested.position}."


def over_time(measure: Measure | str) -> str:
    """What must be said wherever years of a measure are compared; empty for most measures."""
    return " ".join(_measure(measure).over_time)


def trend(
    recent: stats.Trend,
    measure: Measure | str,
    force: Force | str,
    period_end: Any,
    gaps: Sequence[Any] | None = None,
) -> str:
    """The recent trend in one sentence, by the five-year rule; empty for kinds that the rule does not cover.

    `gaps` are the years without a figure (`compare.trend_gaps`), to be named where there is no trend.
    """
    found = _measure(measure)
    if found.kind not in compare.TESTED:
        return ""
    span = f"over the five years to {formats.date(period_end)}"
    subject = f"the {_thing(found)} for {_name(force)}"
    if recent.direction == stats.UNKNOWN:
        why = "a year has no figure or no cases"
        if gaps:
            why = f"there is no figure for {formats.joined(_end(day, found) for day in gaps)}"
        elif gaps is not None:
            why = "a year has no cases, or nothing but cases"
        return formats.sentence(f"{span}, the trend of {subject} cannot be calculated, because {why}")
    if recent.direction == stats.NO_CHANGE:
        return formats.sentence(f"{span}, {subject} shows no significant trend")
    word = "an increasing" if recent.direction == stats.INCREASING else "a decreasing"
    return formats.sentence(f"{span}, {subject} shows {word} trend")


def disparity(comparison: Comparison, measure: Measure | str, force: Force | str) -> str:
    """A disparity ratio with its interval and what it can bear: rates compared, no reasons given."""
    found = _measure(measure)
    if not comparison or comparison.value is None:
        return level(comparison, found, force)
    text = level(comparison, found, force).removesuffix(".")
    if comparison.interval is not None:
        low, high = comparison.interval
        text += f" (95% interval {_range(low, high, found)})"
        if low <= 1 <= high:
            text += ", so chance alone could explain the difference from equal rates"
    return (
        f"{text}. A ratio of 1 would mean equal rates among residents. "
        "The ratio does not show the reasons for a difference."
    )


def sample(count: int, cases: int, decimals: int = 1) -> str:
    """An audit count with its Wilson interval: "109 of 128 (85.2%; 95% interval 78.0% to 90.3%)".

    Raises `ValueError` for more cases met than cases.
    """
    if cases == 0:
        return "no cases"
    low, high = stats.wilson(count, cases)

    def write(share: float) -> str:
        return formats.percent(share, decimals)

    return (
        f"{formats.number(count)} of {formats.number(cases)} "
        f"({write(count / cases)}; 95% interval {formats.interval(low, high, write)})"
    )


def grades(frame: pd.DataFrame, force: Force, cycle: str) -> str:
    """How HMICFRS graded a force in one cycle: the number of areas with each grade, highest first.

    `frame` is `measures.compute(catalogue, "grade")`.
    """
    mine = frame[(frame["force_code"] == force.code) & (frame["cycle"] == cycle)]
    if mine.empty:
        return f"No stated PEEL grade of {force.full_name} for {cycle.replace('-', '–')} is in the sources of this book."
    found = mine["grade"].str.strip().str.capitalize().value_counts()
    parts = [
        f"“{grade.lower()}” in {formats.cardinal(int(found[grade]))} area{'' if found[grade] == 1 else 's'}"
        for grade in reversed(measures.GRADES)
        if grade in found
    ]
    return formats.sentence(
        f"in {cycle.replace('-', '–')}, HMICFRS graded {force.full_name} {formats.joined(parts)}"
    )


def paragraph(comparison: Comparison, measure: Measure | str, force: Force) -> str:
    """All that is to be said of one figure, in order: level, averages, verdict, rank, flags."""
    found = _measure(measure)
    first = disparity if found.kind == "disparity" else level
    parts = [first(comparison, found, force)]
    if comparison:
        parts += [
            averages(comparison, found),
            position(comparison, found),
            rank(comparison, found),
            small(comparison, found),
            caveat(found, force),
        ]
    else:
        parts += [averages(comparison, found)]
    return " ".join(part for part in parts if part)
