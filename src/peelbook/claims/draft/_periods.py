"""Finds the periods a text names, and says which one a number belongs to.

A report names its period once and then says "this" or "in the same period": the period is carried over.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from peelbook.formats import MONTHS

_MONTHS = {name.lower(): number for number, name in enumerate(MONTHS, start=1)}
_MONTH = "(?P<{0}>" + "|".join(_MONTHS) + ")"


def _day(name: str) -> str:
    """A pattern of a full date, with the groups d<name>, m<name>, y<name>."""
    return rf"(?P<d{name}>\d{{1,2}})(?:st|nd|rd|th)? {_MONTH.format('m' + name)},? (?P<y{name}>(?:19|20)\d\d)"


_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.I))
    for kind, pattern in (
        ("span", rf"(?:between|from) {_day('a')} (?:and|to|until) {_day('b')}"),
        ("year", rf"(?:(?:year|12 months|twelve months) (?:ending|ended|to|up to) ){_day('a')}"),
        ("day", rf"(?:as (?:of|at)|on|at|by|since|until) (?:the )?{_day('a')}"),
        ("month_end", rf"(?:the )?end of {_MONTH.format('ma')} (?P<ya>(?:19|20)\d\d)"),
        ("month_end", rf"by {_MONTH.format('ma')} (?P<ya>(?:19|20)\d\d)"),
        ("month", rf"\b(?:in|during|for) {_MONTH.format('ma')} (?P<ya>(?:19|20)\d\d)"),
        ("year_end", r"(?:end of|finished|by) (?:the )?(?:financial year )?(?P<ya>20\d\d)/\d\d(?:\d\d)?"),
        ("financial_year", r"(?P<ya>20\d\d)/\d\d(?:\d\d)?"),
        ("calendar_span", r"\bbetween (?P<ya>(?:19|20)\d\d) and (?P<yb>(?:19|20)\d\d)\b(?![/–-])"),
        ("calendar_year", r"\b(?:in|during) (?P<ya>(?:19|20)\d\d)\b(?![/–-])"),
        (
            "previous",
            r"(?<!compared to )(?<!compared with )(?<!than )\bthe (?:previous|preceding) (?:year|12 months)\b",
        ),
    )
)

#: A sentence that goes on with the figures of the one before it, in the same paragraph.
_GOES_ON = re.compile(
    r"\A\s*(?:This|That|These|Those|Both|Of (?:these|those|them|the records)|More specifically|The (?:proportion|rate))\b",
    re.I,
)
#: A sentence that names the period of the one before it, in whichever paragraph that stands.
_SAME = re.compile(r"\b(?:the )?(?:same|that|this) (?:period|year|time)\b", re.I)

#: What names an inspection or a release and not the period of a figure.
_NO_PERIOD = re.compile(
    r"(?:\bPEEL|inspection|inspected|published|introduced|update|last|since|©|HMICFRS|report) (?:in |of )?\Z",
    re.I,
)


@dataclass(frozen=True)
class Period:
    """A period: its first day (`None` for a single day) and last day, and where the text names it."""

    start: date | None
    end: date
    at: int = 0
    to: int = 0
    previous: bool = False


def _year_before(day: date) -> date:
    """The day after the same day a year earlier: the first day of the year that ends on `day`."""
    earlier = date(day.year - 1, day.month, calendar.monthrange(day.year - 1, day.month)[1])
    if day.day != calendar.monthrange(day.year, day.month)[1]:
        earlier = date(day.year - 1, day.month, day.day)
    return earlier + timedelta(days=1)


def back_a_year(period: Period) -> Period:
    """Return the same period a year earlier."""

    def shift(day: date) -> date:
        last = day.day == calendar.monthrange(day.year, day.month)[1]
        return date(
            day.year - 1,
            day.month,
            calendar.monthrange(day.year - 1, day.month)[1] if last else min(day.day, 28),
        )

    start = (
        None if period.start is None else date(period.start.year - 1, period.start.month, period.start.day)
    )
    return Period(start, shift(period.end), period.at, period.to)


def find_periods(text: str) -> list[Period]:
    """Return the periods a text names, in order; a later, shorter reading of the same words is left out."""
    found: list[Period] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < item.to and match.end() > item.at for item in found):
                continue
            before, after = text[: match.start()], text[match.end() :]
            if _NO_PERIOD.search(before) or re.match(r" (?:inspection|data release|release|report)\b", after):
                continue
            if (period := _period(kind, match)) is not None:
                found.append(period)
    return sorted(found, key=lambda item: item.at)


def _period(kind: str, match: re.Match[str]) -> Period | None:
    groups = match.groupdict()

    def day(name: str) -> date:
        return date(int(groups["y" + name]), _MONTHS[groups["m" + name].lower()], int(groups["d" + name]))

    def last_of_month() -> date:
        year, month = int(groups["ya"]), _MONTHS[groups["ma"].lower()]
        return date(year, month, calendar.monthrange(year, month)[1])

    at, to = match.span()
    try:
        if kind == "span":
            return Period(day("a"), day("b"), at, to)
        if kind == "year":
            return Period(_year_before(day("a")), day("a"), at, to)
        if kind == "day":
            return Period(None, day("a"), at, to)
        if kind == "month_end":
            return Period(None, last_of_month(), at, to)
        if kind == "month":
            return Period(last_of_month().replace(day=1), last_of_month(), at, to)
        if kind == "previous":
            return Period(None, date.min, at, to, previous=True)
        year = int(groups["ya"])
        if kind == "year_end":
            return Period(None, date(year + 1, 3, 31), at, to)
        if kind == "calendar_span":
            return Period(date(year, 1, 1), date(int(groups["yb"]), 12, 31), at, to)
        if kind == "financial_year":
            return Period(date(year, 4, 1), date(year + 1, 3, 31), at, to)
        return Period(date(year, 1, 1), date(year, 12, 31), at, to)
    except ValueError:  # 31 June: no such day, so no period
        return None


def period_of(
    start: int,
    end: int,
    sentence: tuple[int, int],
    text: str,
    periods: Sequence[Period],
    carried: Period | None,
    same_paragraph: bool = True,
) -> Period | None:
    """Return the period of the number at `start:end` of a text.

    `sentence` is where its sentence begins and ends; `carried` is the period of the sentence before, and
    `same_paragraph` whether that stands in this text. A period named
    right after the number in its clause comes first, then the last one named before it in the sentence, then the
    only one after it, then the one carried over where the sentence refers back.
    """
    own = [item for item in periods if sentence[0] <= item.at < sentence[1]]
    ahead = [item for item in own if item.to <= start]
    behind = [item for item in own if item.at >= end]
    chosen: Period | None = None
    if behind and not re.search(r"[,;]|\band\b|\d", text[end : behind[0].at]):
        chosen = behind[0]
    elif ahead:
        chosen = ahead[-1]
    elif behind:
        chosen = behind[0]
    elif carried is not None:
        own_words = text[sentence[0] : sentence[1]]
        goes_on = _SAME.search(own_words) or (same_paragraph and _GOES_ON.search(own_words))
        return carried if goes_on else None
    if chosen is not None and chosen.previous:
        base = ahead[-2] if len(ahead) > 1 and ahead[-1] is chosen else carried
        return None if base is None else back_a_year(base)
    return chosen


def sentences(text: str) -> list[tuple[int, int]]:
    """Return where each sentence of a text begins and ends."""
    ends = [
        match.end(1)
        for match in re.finditer(r"([.!?][\"')\]]*)\s+(?=[\"'(]?[A-Z0-9£])", text)
        if not re.search(r"\b(?:e\.g|i\.e|etc|s|no|approx|vs|St|Mr|Mrs|Ms|Dr)\.$", text[: match.end(1)])
    ]
    starts = [0, *ends]
    return [
        (begin, finish) for begin, finish in zip(starts, [*ends, len(text)], strict=True) if begin < finish
    ]
