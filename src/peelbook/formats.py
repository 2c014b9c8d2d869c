"""Numbers, money, dates and periods as they are printed, in one place so that every page agrees.

Rounding is half up on the decimal value, as official tables do it (Python's own rounds 0.125 down), a
minus is the real sign U+2212, thousands have commas, and a missing value is a word, never a zero.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from datetime import date as _date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

MINUS = "\u2212"
MISSING = "not available"
#: Joins a number to its unit, so that a line never breaks between them.
NBSP = "\u00a0"

#: Not `calendar.month_name`, which is in the language of the process.
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_CARDINALS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def is_missing(value: Any) -> bool:
    """Whether a cell holds no number: `None`, NaN, `pandas.NA`, `NaT` or an infinity."""
    if value is None:
        return True
    try:
        return not math.isfinite(value)
    except TypeError:
        return bool(value != value) if type(value).__name__ != "NAType" else True


def rounded(value: float, decimals: int = 0) -> Decimal:
    """Round half away from zero at `decimals` places (negative: tens, hundreds), on the shortest decimal.

    Zero comes back without a sign.
    """
    step = Decimal(1).scaleb(-decimals)
    exact = Decimal(repr(float(value))) if not isinstance(value, int) else Decimal(value)
    result = exact.quantize(step, rounding=ROUND_HALF_UP) if decimals >= 0 else _to_step(exact, step)
    return abs(result) if result == 0 else result


def _to_step(exact: Decimal, step: Decimal) -> Decimal:
    return (exact / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step


def number(value: Any, decimals: int = 0) -> str:
    """A number with thousands separators and `decimals` places: `-1234.5` -> `−1,234.5`."""
    if is_missing(value):
        return MISSING
    return f"{rounded(value, decimals):,f}".replace("-", MINUS)


_WRITTEN = re.compile(rf"[-{MINUS}]?(?:\d{{1,3}}(?:,\d{{3}})+|0|[1-9]\d*)(?:\.\d+)?%?")


def read_number(text: str) -> tuple[int | float, str] | None:
    """The number that `number` or `percent` wrote and its unit, `"%"` or `""`; `None` for any other text.

    What they round away is gone; a percentage comes back as written: `18.6%` -> `(18.6, "%")`.
    """
    if not _WRITTEN.fullmatch(text):
        return None
    digits = text.removesuffix("%").replace(MINUS, "-").replace(",", "")
    return (float(digits) if "." in digits else int(digits)), "%" if text.endswith("%") else ""


def percent(share: Any, decimals: int = 1) -> str:
    """A share (0 to 1) as a percentage: `0.186` -> `18.6%`."""
    if is_missing(share):
        return MISSING
    # Shift the decimal point instead of multiplying: 0.285 * 100 is 28.499999999999996.
    shifted = Decimal(repr(float(share))).scaleb(2)
    result = shifted.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return f"{abs(result) if result == 0 else result:,f}%".replace("-", MINUS)


def points(share: Any, decimals: int = 1) -> str:
    """A difference of shares in percentage points: `-0.021` -> `−2.1 percentage points`."""
    if is_missing(share):
        return MISSING
    text = percent(share, decimals).removesuffix("%")
    return f"{text} percentage point{'' if text in ('1', MINUS + '1') else 's'}"


def signed(value: Any, decimals: int = 0) -> str:
    """A number with its sign always shown, save for zero: `+1,089`, `−423`, `0`."""
    text = number(value, decimals)
    return text if is_missing(value) or rounded(value, decimals) <= 0 else f"+{text}"


def signed_percent(share: Any, decimals: int = 1) -> str:
    """A relative change with its sign: `+3.2%`, `−11.1%`, `0.0%`."""
    text = percent(share, decimals)
    if is_missing(share) or text.startswith(MINUS) or not text.strip("0.%"):
        return text
    return f"+{text}"


def money(pounds: Any, decimals: int = 0) -> str:
    """Pounds sterling in full: `849474000` -> `£849,474,000`."""
    if is_missing(pounds):
        return MISSING
    text = number(pounds, decimals)
    return f"{MINUS}£{text[1:]}" if text.startswith(MINUS) else f"£{text}"


def interval(low: Any, high: Any, write: Callable[[Any], str] = number) -> str:
    """A range: `91.4% to 96.7%`."""
    return f"{write(low)} to {write(high)}"


def ordinal(place: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`, `42nd`."""
    suffix = "th" if 10 <= place % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place:,}{suffix}"


def place(rank: int, n: int, tied: int = 1) -> str:
    """A place among `n`, counted from the nearer end: `highest`, `3rd highest`, `joint 2nd lowest`.

    `rank` 1 is the highest; `tied` share the place, which is then the best of them from either end.
    """
    from_below = n - rank - tied + 2
    count, end = (rank, "highest") if rank <= from_below else (from_below, "lowest")
    return f"{'joint ' if tied > 1 else ''}{'' if count == 1 else ordinal(count) + ' '}{end}"


def cardinal(count: int) -> str:
    """Zero to nine in words ("no", "one" …), larger numbers in digits."""
    return _CARDINALS[count] if 0 <= count <= 9 else number(count)


def counted(count: int, one: str, many: str) -> str:
    """A whole number with the words for one thing or for several: `1 row is`, `2 rows are`, `0 rows are`."""
    return f"{count:,} {one if count == 1 else many}"


def joined(words: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def sentence(text: str) -> str:
    """The text with a capital first letter and a full stop."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")


def _day(day: Any) -> _date:
    if isinstance(day, str):
        return _date.fromisoformat(day[:10])
    if hasattr(day, "year"):
        return _date(day.year, day.month, day.day)
    import numpy as np

    return np.datetime64(day, "D").item()


def date(day: Any) -> str:
    """A day in words, from an ISO text, a date or a Timestamp: `31 March 2023`."""
    value = _day(day)
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def month(day: Any) -> str:
    """A month in words: `March 2023`."""
    value = _day(day)
    return f"{MONTHS[value.month - 1]} {value.year}"


PERIODS = {
    "year": "year ending {date}",
    "stock": "{date}",
    "quarter": "quarter ending {date}",
    "month": "{month}",
    "mid-year": "mid-{year}",
    "census": "Census {year}",
    "cycle": "{year}",
}


def period(day: Any, basis: str = "year") -> str:
    """Name the period that ends on a day: `year ending 31 March 2023`, `mid-2022`, `Census 2021`.

    `basis` is a key of `PERIODS`: what the measure counts over (a year, a quarter) or at (`stock`).
    """
    return PERIODS[basis].format(date=date(day), month=month(day), year=_day(day).year)


def in_period(day: Any, basis: str = "year") -> str:
    """The period as a sentence opens with it: `in the year ending …`, `on 31 March 2023`, `at the 2021 Census`."""
    if basis == "census":
        return f"at the {_day(day).year} Census"
    name = period(day, basis)
    lead = {"year": "in the", "quarter": "in the", "stock": "on"}
    return f"{lead.get(basis, 'in')} {name}"


def of_unit(unit: str, decimals: int) -> Callable[[Any], str]:
    """Return the function that writes one value of a unit: a percentage, pounds, or a plain number."""
    if unit == "%":
        return lambda value: percent(value, decimals)
    if unit.startswith("£"):
        return lambda value: money(value, decimals)
    return lambda value: number(value, decimals)


def with_unit(value: Any, unit: str, decimals: int) -> str:
    """One value with its unit: `19.8 per 1,000 population`, `18.6%`, `£489,705 per 1,000 population`."""
    text = of_unit(unit, decimals)(value)
    tail = unit.removeprefix("£").strip()
    return text if is_missing(value) or unit == "%" or not tail else f"{text} {tail}"
