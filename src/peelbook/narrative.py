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

from peelbook import compare, display, formats, measures, stats, xmr
from peelbook.compare import Averages, Comparison
from peelbook.forces import Force
from peelbook.measures import Measure, Missing, Value
from peelbook.measures._kinds import CHANGE, COUNT, DISPARITY

ENGLAND_AND_WALES = "England and Wales"
CITY_OF_LONDON = "E23000034"


def _measure(measure: Measure | str) -> Measure:
    return measure if isinstance(measure, Measure) else measures.registry()[measure]


def _name(force: Force | str) -> str:
    """The name as it stands in a sentence; a text (England and Wales) stands for itself."""
    return force if isinstance(force, str) else force.full_name


def _thing(measure: Measure) -> str:
    """What to call a figure of this kind: "rate", "share", "ratio", "number"."""
    return measure.kind.noun


def _years(dimension: Mapping[str, Any]) -> int:
    return int(dimension.get("years", 1))


def level(comparison: Comparison | Value, measure: Measure | str, force: Force | str) -> str:
    """The figure in one sentence: "In the year ending 31 March 2023, Kent Police made …".

    A zero count is put in words, a change names both ends. Without a figure the sentence says so.
    """
    found = _measure(measure)
    if not comparison or comparison.value is None:
        return missing(None, found, force, comparison.period_end)
    if found.kind == CHANGE:
        return _changed(comparison, found, force)
    value = comparison.value
    text = "no" if found.kind == COUNT and value == 0 else found.format(value)
    body = found.sentence.format(
        force=_name(force),
        value=text,
        noun=found.noun_of(value),
        subject=found.subject_of(comparison.dimension, value),
        period=_end(comparison.period_end, found),
    )
    lead = "" if found.names_period else f"{formats.in_period(comparison.period_end, found.period)}, "
    tail = "; the count was zero" if found.kind.tested and comparison.numerator == 0 else ""
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


def averages(both: Averages | Comparison, measure: Measure | str) -> str:
    """Both averages, named: the mean of forces, and England and Wales as a whole (or how many forces it is)."""
    found = _measure(measure)
    mean = both.averages if isinstance(both, Comparison) else both
    if not found.kind.comparators or formats.is_missing(mean.mean_of_forces):
        return ""
    kind = "mean change" if found.kind == CHANGE else "mean"
    text = f"The {kind} of forces was {found.format(mean.mean_of_forces)}"
    if mean.pooled is not None:
        whom = "England and Wales as a whole"
        if not mean.whole:
            whom = f"the {mean.pooled_name} with a figure, taken together,"
        text += f", and the {_thing(found)} for {whom} was {found.format(mean.pooled)}"
    return f"{text}."


def verdict(comparison: Comparison, measure: Measure | str) -> str:
    """The verdict in one line, to stand first: "Within the expected range, though well above the average." """
    if not comparison or comparison.alone or comparison.left_out or comparison.funnel_verdict is None:
        return ""
    lean = f", though {comparison.lean}" if comparison.lean else ""
    return formats.sentence(f"{comparison.funnel_verdict}{lean}")


def position(comparison: Comparison, measure: Measure | str) -> str:
    """The verdict of the funnel rule, as a statement about the difference and never about its cause."""
    text, why = verdict(comparison, measure), reason(comparison, measure)
    if not text:
        return why
    lead = f"the {_thing(_measure(measure))} is {text[:1].lower()}{text[1:]}".removesuffix(".")
    return formats.sentence(f"{lead}: {why[:1].lower()}{why[1:]}")


def reason(comparison: Comparison, measure: Measure | str) -> str:
    """What stands behind a verdict: what chance and the usual variation between forces could explain."""
    if not comparison or comparison.alone:
        return ""
    if comparison.left_out:
        return "The mean of forces and the limits leave this force out, so there is no verdict on it."
    if comparison.funnel_verdict is None:
        return ""
    found = _measure(measure)
    usual = "the usual variation between forces"
    usual = f"chance and {usual}" if found.has_sampling_error else usual
    if comparison.funnel_verdict == compare.WITHIN:
        mean = comparison.averages.mean_of_forces
        if found.format(comparison.value) == found.format(mean):
            return ""  # no difference is printed that could be explained
        return f"{usual[:1].upper()}{usual[1:]} could explain the difference from the average."
    side = "above" if comparison.funnel_verdict == compare.HIGHER else "below"
    often = "one force in twenty" if comparison.outside_limits == "95%" else "one force in five hundred"
    return (
        f"It lies {side} the {comparison.outside_limits} limits of {usual}; about {often} would lie outside them with "
        "nothing out of the ordinary."
    )


def rank(comparison: Comparison, measure: Measure | str) -> str:
    """The force's place, from the nearer end, with its 95% interval counted from the same end."""
    if not comparison:
        return ""
    thing = _thing(_measure(measure))
    if comparison.n == 1:
        return f"No other force has a figure to compare this {thing} with."
    if comparison.rank is None:
        return ""
    which = formats.place(comparison.rank, comparison.n, comparison.tied)
    text = f"It was the {which} of the {comparison.n} forces with a figure."
    if comparison.rank_interval is None or comparison.rank_interval[0] == comparison.rank_interval[1]:
        return text
    best, worst = comparison.rank_interval
    lead = "Allowing for chance and the usual yearly ups and downs, the 95% interval of its place"
    if (best, worst) == (1, comparison.n):
        return f"{text} {lead} holds every place."
    end = "lowest" if which.endswith("lowest") else "highest"
    if end == "lowest":
        best, worst = comparison.n + 1 - worst, comparison.n + 1 - best
    first = f"the {end}" if best == 1 else f"{formats.ordinal(best)}"
    the = "the " if best == 1 else ""
    return f"{text} {lead} runs from {first} to {the}{formats.ordinal(worst)} {end}."


def alone(comparison: Comparison, measure: Measure | str, force: Force) -> str:
    """Why a figure stands alone, and the comparison of the last period that has enough forces."""
    if not comparison.alone or comparison.n == 0:
        return ""
    found = _measure(measure)
    others = f"{formats.cardinal(comparison.n - 1)} other force{'' if comparison.n == 2 else 's'}"
    verb = "has" if comparison.n == 2 else "have"
    text = (
        f"{others[:1].upper()}{others[1:]} {verb} a figure for {_end(comparison.period_end, found)}, and a comparison "
        f"takes at least {formats.cardinal(compare.LEAST_PEERS)}."
    )
    if comparison.earlier is None:
        return text
    last = _end(comparison.earlier.period_end, found)
    return f"{text} The last period to compare is {last}. {paragraph(comparison.earlier, found, force)}"


def beside(comparison: Comparison, measure: Measure | str) -> str:
    """A comparison in one line, for a headline figure: the verdict, then both averages, or the place of a count.

    With no other force in its year, the last comparison stands there, named.
    """
    found = _measure(measure)
    if comparison.alone:
        return beside_of(comparison.earlier, found) if comparison.earlier else ""
    parts = [word for word in (comparison.funnel_verdict, comparison.lean) if word]
    both = comparison.averages
    if found.kind.comparators and not formats.is_missing(both.mean_of_forces):
        parts.append(f"mean of forces {found.format(both.mean_of_forces)}")
        if both.pooled is not None:
            parts.append(f"{both.pooled_name} {found.format(both.pooled)}")
    elif comparison.rank and comparison.n > 1:
        parts.append(f"{formats.place(comparison.rank, comparison.n, comparison.tied)} of {comparison.n}")
    return formats.sentence("; ".join(parts)) if parts else ""


def beside_of(comparison: Comparison, measure: Measure | str) -> str:
    """An earlier figure and its comparison in one line, its period first; empty where there is none."""
    found = _measure(measure)
    text = beside(comparison, found) if comparison else ""
    if not text:
        return ""
    lead = f"{found.period_name(comparison.period_end)}: {found.format(comparison.value)}"
    return formats.sentence(f"{lead}; {text[:1].lower()}{text[1:]}")


def _range(low: float, high: float, found: Measure) -> str:
    """An interval at the measure's precision, or one place more where its ends would print alike."""
    if found.format(low) == found.format(high):
        found = replace(found, decimals=found.decimals + 1)
    return formats.interval(low, high, found.format)


def small(comparison: Comparison, measure: Measure | str) -> str:
    """A flag for small numbers: one or two cases move the figure."""
    if not comparison or not comparison.small:
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


def missing(
    unavailable: Missing | None, measure: Measure | str, force: Force | str, period_end: Any = None
) -> str:
    """That a figure is missing, and why: never a zero, never a blank."""
    found = _measure(measure)
    day = (
        period_end
        if period_end is not None
        else (unavailable.period_end if unavailable is not None else None)
    )
    when = f" for {_end(day, found)}" if day is not None else ""
    text = f"There is no figure for {_name(force)}{when}: {display.lower_first(found.label)}."
    return f"{text} {formats.sentence(unavailable.reason)}" if unavailable is not None else text


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
        same = earlier.value == later.value
        sentence = f"did not change ({now})" if same else f"hardly changed: both figures round to {now}"
        return formats.sentence(f"between {start} and {stop}, {subject} {sentence}")
    rose = later.value > earlier.value
    moved = f"{'rose' if rose else 'fell'} from {before} to {now}"
    if found.unit == "%":
        moved += f", a change of {_points(earlier.value, later.value, found.decimals)}"
    elif earlier.value > 0:
        moved += f", a change of {_percent(later.value / earlier.value - 1)}"
    text = formats.sentence(f"between {start} and {stop}, {subject} {moved}")
    return f"{text} {_tested(tested, rose)}".strip()


def _points(earlier: float, later: float, decimals: int) -> str:
    """A change in percentage points with its sign; a note where it is not that of the figures as printed."""
    difference = later - earlier
    if not formats.rounded(100 * difference, decimals):
        least = formats.points(0.01 * 10.0**-decimals, decimals)
        return f"less than {least} before rounding"
    text = formats.points(difference, decimals)
    if not text.startswith(formats.MINUS):
        text = f"+{text}"
    ends = [formats.rounded(100 * share, decimals) for share in (earlier, later)]
    same = ends[1] - ends[0] == formats.rounded(100 * difference, decimals)
    return text if same else f"{text} before rounding"


def _percent(change: float) -> str:
    """A relative change with its sign; one that rounds to nothing, of figures that print otherwise, as such."""
    text = formats.signed_percent(change)
    return text if text.strip("0.%") else "less than 0.1%"


def _tested(tested: compare.Change | None, rose: bool) -> str:
    """What the corrected test says of a change, and where it lies among the changes of all forces."""
    if tested is None:
        return ""
    thing = "rise" if rose else "fall"
    beside, joint = "", ", and"
    if tested.verdict == compare.WITHIN:
        beside = "within the range of what other forces saw"
    elif tested.verdict is not None and tested.against_most:
        beside = f"unusual beside other forces, most of which saw a {'fall' if rose else 'rise'}"
        joint = ", though"
    elif tested.verdict is not None:
        larger = rose == (tested.verdict == compare.HIGHER)
        beside = f"{'larger' if larger else 'smaller'} than in most forces"
        joint = ", though" if tested.direction == compare.STEADY and larger else joint
    beside = f"{joint} {beside}" if beside else ""
    if tested.direction == compare.STEADY:
        return f"The {thing} is within the usual yearly ups and downs{beside}."
    among = f", with {tested.n} forces compared" if tested.n > 1 else ""
    return (
        f"The {thing} is real{beside}: chance and the usual yearly ups and downs would not bring it{among}."
    )


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
    if not found.kind.tested:
        return ""
    span = f"over the five years to {formats.date(period_end)}"
    subject = f"the {_thing(found)} for {_name(force)}"
    if recent.direction == stats.UNKNOWN:
        why = "a year has no figure"
        if gaps:
            why = f"there is no figure for {formats.joined(_end(day, found) for day in gaps)}"
        elif gaps is not None:
            why = "a year has more cases than it has to divide them by"
        return formats.sentence(f"{span}, the trend of {subject} cannot be calculated, because {why}")
    if recent.complete:
        sentence = f"{subject} {_steps(recent)} to {formats.date(period_end)}"
    elif recent.direction == stats.NO_CHANGE:
        sentence = f"{span}, {subject} shows no trend beyond the usual yearly ups and downs"
    else:
        word = "an increasing" if recent.direction == stats.INCREASING else "a decreasing"
        sentence = f"{span}, {subject} shows {word} trend, beyond the usual yearly ups and downs"
    return f"{formats.sentence(sentence)} {_against_the_year(recent, found)}".strip()


def process(found: xmr.Behaviour, days: Sequence[Any], tested_periods: int, time: str) -> str:
    """What an XmR chart says of its last months or quarters: "Three of the last four quarters … are signals".

    `days` are the ends of the periods, `tested_periods` how many at the end the sentences are about, `time` "month" or "quarter".
    """
    last = [
        place for place in range(len(days))[-tested_periods:] if found.values[place] == found.values[place]
    ]
    if not last:
        return ""
    span = f"the last {formats.cardinal(len(last))} {time}s, to {formats.date(days[last[-1]])},"
    if len(last) == 1:
        span = f"the last {time}, to {formats.date(days[last[-1]])},"
    signalled = [place for place in last if found.signals[place]]
    if not signalled:
        where = "the ups and downs of the baseline would put"
        if len(last) == 1:
            return f"{formats.sentence(span).rstrip('.')} is no signal: it lies where {where} it."
        return f"None of {span} is a signal: they lie where {where} them."
    high = sum(bool(found.high[place]) for place in signalled)
    low = len(signalled) - high
    sides = f"{formats.cardinal(high)} above the mean of the baseline and {formats.cardinal(low)} below"
    if not (high and low):
        every = "all " if len(signalled) > 1 else ""
        sides = f"{every}{'above' if high else 'below'} the mean of the baseline"
    if len(last) == 1:
        return f"{formats.sentence(span).rstrip('.')} is a signal, {sides}."
    count = "All" if len(signalled) == len(last) else formats.cardinal(len(signalled)).capitalize()
    return f"{count} of {span} {'is a signal' if len(signalled) == 1 else 'are signals'}, {sides}."


def _steps(recent: stats.Trend) -> str:
    """The steps of a complete count in words: "rose in each of the four years"."""
    every = stats.TREND_POINTS - 1
    counts = {
        "rose": recent.rises,
        "fell": recent.falls,
        "did not change": every - recent.rises - recent.falls,
    }
    parts = sorted(((verb, count) for verb, count in counts.items() if count), key=lambda part: -part[1])
    years = f"of the {formats.cardinal(every)} years"
    if len(parts) == 1:
        return f"{parts[0][0]} in {'any' if parts[0][0] == 'did not change' else 'each'} {years}"
    return f"{formats.joined(f'{verb} in {formats.cardinal(count)}' for verb, count in parts)} {years}"


def _against_the_year(recent: stats.Trend, found: Measure) -> str:
    """That the last year went the other way than the five; empty where it did not, or too little to print.

    Where the five years show no trend, "down over five years" would call one all the same.
    """
    if recent.direction == stats.NO_CHANGE and not recent.complete:
        return ""
    if not recent.overall * recent.last_step < 0:
        return ""
    nothing = found.format(0.0)
    if nothing in (found.format(abs(recent.overall)), found.format(abs(recent.last_step))):
        return ""
    if found.format(recent.last) == found.format(recent.last - recent.last_step):
        return ""
    year, five = ("up", "down") if recent.last_step > 0 else ("down", "up")
    return f"It is {year} on the year, but {five} over five years."


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


def disparity_in_full(rows: pd.DataFrame, force: Force | str, reference: str = "White") -> str:
    """What differences between ethnic groups come to, and how far they rest on what is not recorded.

    `rows` are those of `peelbook.analysis.compare.disparity` for one force and period, a row a group.
    """

    def rate(value: float) -> str:
        return formats.number(value, 1)

    first = rows.iloc[0]
    groups = [
        f"{rate(row.group_rate)} {'searches ' if not place else ''}of {_people(row.ethnicity)}"
        for place, row in enumerate(rows.itertuples())
    ]
    parts = [
        f"For each 1,000 residents of the group, {_name(force)} made {formats.joined(groups)}, beside "
        f"{rate(first['reference_rate'])} of {_people(reference)}."
    ]
    far = rows.loc[rows["difference"].abs().idxmax()]
    who = _people(far["ethnicity"])
    more = "more" if far["difference"] > 0 else "fewer"
    ends = sorted(abs(far[name]) for name in ("difference_low", "difference_high"))
    if far["difference_low"] <= 0 <= far["difference_high"]:
        parts.append("The difference from that rate is within what chance alone could do for every group.")
    else:
        parts.append(
            f"The difference is largest for {who}: {rate(abs(far['difference']))} {more} for each 1,000 (95% interval "
            f"{formats.interval(ends[0], ends[1], rate)})."
        )
    if far["unrecorded"] == far["unrecorded"]:
        parts.append(_missing_ethnicity(far, who, _people(reference)))
    parts.append(_residents(far, who, _people(reference)))
    return " ".join(part for part in parts if part)


def _people(group: str) -> str:
    """How the people of a group are called in a sentence."""
    named = {"Mixed": "people of mixed ethnicity", "Other": "people of other ethnic groups"}
    return named.get(group, f"{group} people")


def _missing_ethnicity(row: pd.Series, who: str, reference: str) -> str:
    """Between which bounds a ratio lies, whatever the ethnicity that is not recorded."""
    least, most = formats.number(row["ratio_least"], 1), formats.number(row["ratio_most"], 1)
    side = row["value"] > 1
    turned = row["ratio_least"] <= 1 if side else row["ratio_most"] >= 1
    verdict = "could turn the difference round" if turned else "cannot account for all of the difference"
    return (
        f"Ethnicity is not recorded in {formats.percent(row['unrecorded'])} of searches. Were all of these of "
        f"{reference}, the ratio for {who} would be {least}; were all of them of {who}, {most}. So what is "
        f"missing {verdict}."
    )


def _residents(row: pd.Series, who: str, reference: str) -> str:
    """How many residents would make rates equal, and the difference at the middle of the year by each release."""
    times = formats.number(row["value"], 1)
    if times in ("1.0", "0.0"):
        return ""
    equal = (
        f"The residents are those of the 2021 Census: the rates would be equal only if {who}, beside {reference}, "
        f"were {times} times as many as it counted."
    )
    then, first, newest = (
        formats.number(abs(row[name]), 1)
        for name in ("difference", "difference_mid_year", "difference_newest")
    )
    revised = row["difference_newest"] == row["difference_newest"] and newest != first
    if row["difference_mid_year"] != row["difference_mid_year"] or (then == first and not revised):
        return equal
    by_newest = f" ({newest} by the newest estimate of residents)" if revised else ""
    return (
        f"{equal} With all groups grown alike to the middle of the year the difference would be "
        f"{first} for each 1,000{by_newest}, and the ratio the same."
    )


def paragraph(comparison: Comparison, measure: Measure | str, force: Force) -> str:
    """All that is to be said of one figure: the verdict in one line, then level, averages, reason, rank, flags."""
    found = _measure(measure)
    first = disparity if found.kind == DISPARITY else level
    parts = [verdict(comparison, found), first(comparison, found, force)]
    if comparison:
        parts += [
            averages(comparison, found),
            reason(comparison, found),
            rank(comparison, found),
            small(comparison, found),
            caveat(found, force),
            alone(comparison, found, force),
        ]
    else:
        parts += [averages(comparison, found)]
    return " ".join(part for part in parts if part)
