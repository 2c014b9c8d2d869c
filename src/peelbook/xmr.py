"""XmR charts of individual values and moving ranges: limits from a baseline, signals by named rules, season.

Also called process behaviour charts (Wheeler 2000, Understanding Variation) and, in the National Health Service,
the charts of "Making Data Count". They ask one question of a series of months or quarters: does a value, or a run of
values, lie where the ups and downs of the baseline would not put it? The ups and downs are measured from one value to
the next, so they hold all noise there is and not chance alone.

Values are arrays in the order of time, missing ones NaN: a gap breaks a moving range and a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Half the width of the limits in mean moving ranges: three standard deviations, and a mean range of two normal
#: values is 1.128 of them (Wheeler 2000; NIST/SEMATECH e-Handbook, 6.3.2.2).
LIMIT = 3 / 1.128

#: The upper limit of a moving range, in mean moving ranges.
RANGE_LIMIT = 3.268

#: The rules of Wheeler (2000). "Making Data Count" has 7 in a row, 7 rising or falling, and 2 of 3 near a limit.
RUN, NEAR, NEAR_OF = 8, 3, 4
OUTSIDE = "beyond a limit"
IN_A_ROW = "one of eight in a row on one side of the mean"
NEAR_LIMIT = "one of three in four nearer a limit than the mean"

#: The fewest values that a baseline needs; "Making Data Count" asks for about as many.
LEAST = 12


@dataclass(frozen=True)
class Behaviour:
    """A series against its limits.

    `values` are those judged, without their season where one was taken out, and `ranges` the moving ranges, the
    first missing. `centre`, `lower` and `upper` are in the unit of the values. `signals` holds for each value the
    names of the rules that it breaks, `high` whether it lies above the centre.
    """

    values: np.ndarray
    ranges: np.ndarray
    baseline: np.ndarray
    centre: float
    lower: float
    upper: float
    mean_range: float
    range_limit: float
    signals: tuple[tuple[str, ...], ...]

    @property
    def high(self) -> np.ndarray:
        """Whether each value lies above the centre."""
        return self.values > self.centre


def behaviour(
    values: Any,
    baseline: Any,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    carried: bool = False,
    widened: float = 1.0,
) -> Behaviour:
    """Return limits from the baseline, and the signals of all values.

    `values` are one series in the order of time. `baseline` chooses those from which mean and limits come: a slice or
    an array of booleans. Moving ranges above their own limit are left out once, as the National Health Service does
    (NHSRplotthedots, `screen_outliers`): a single jump would widen the limits. `low` and `high` bound what the
    values can be, 0 and 1 for shares; a limit is drawn no further. `widened` multiplies the width, as
    `season_widening` asks for.

    `carried` is for months and quarters that resemble the one before. Moving ranges are then too short, so the
    scatter about the mean counts where it is larger, and eight in a row are no signal. Without it such series are
    called out in up to half of all years in which nothing happened (benchmarks/chance.py).

    Raises `ValueError` for a baseline of fewer than twelve values.
    """
    series = np.asarray(values, dtype=float)
    inside = np.zeros(len(series), dtype=bool)
    inside[baseline] = True
    inside &= np.isfinite(series)
    if inside.sum() < LEAST:
        raise ValueError(f"a baseline needs {LEAST} values, not {int(inside.sum())}")
    ranges = np.abs(np.diff(series, prepend=np.nan))
    # A range belongs to the baseline where both of its values do.
    both = inside & np.roll(inside, 1) & np.isfinite(ranges)
    if not both.any():
        raise ValueError("a baseline needs values next to each other")
    mean_range = float(ranges[both].mean())
    kept = both & (ranges <= RANGE_LIMIT * mean_range)
    mean_range = float(ranges[kept].mean())
    centre = float(series[inside].mean())
    half = LIMIT * mean_range
    if carried:
        half = max(half, 3 * float(series[inside].std(ddof=1)))
    lower, upper = centre - widened * half, centre + widened * half
    rules = signals(series, centre, lower, upper)
    if carried:
        rules = tuple(tuple(name for name in names if name != IN_A_ROW) for names in rules)
    return Behaviour(
        series,
        ranges,
        inside,
        centre,
        max(lower, low),
        min(upper, high),
        mean_range,
        RANGE_LIMIT * mean_range,
        rules,
    )


def season_widening(years: float) -> float:
    """How much wider limits must be where each season's factor comes from so many years.

    The factors follow the noise of the baseline, which makes it look smaller by 1 - 1/n, and carry their own error
    to the values judged, which makes them vary more by 1 + 1/n.
    """
    return float(np.sqrt((years + 1) / (years - 1)))


def signals(values: Any, centre: float, lower: float, upper: float) -> tuple[tuple[str, ...], ...]:
    """Return for each value the rules that it breaks: beyond a limit, eight in a row, three of four near a limit.

    A value is near a limit where it lies nearer to it than to the centre. A missing value breaks a run.
    """
    series = np.asarray(values, dtype=float)
    side = np.where(np.isfinite(series), np.sign(series - centre), 0)
    half = np.where(series > centre, (centre + upper) / 2, (centre + lower) / 2)
    near = np.where(np.abs(series - centre) > np.abs(half - centre), side, 0)
    beyond = (series < lower) | (series > upper)
    in_a_row, close = np.zeros(len(series), dtype=bool), np.zeros(len(series), dtype=bool)
    for way in (-1, 1):
        for start in range(len(series) - RUN + 1):
            if (side[start : start + RUN] == way).all():
                in_a_row[start : start + RUN] = True
        for start in range(len(series) - NEAR_OF + 1):
            window = slice(start, start + NEAR_OF)
            if (near[window] == way).sum() >= NEAR and np.isfinite(series[window]).all():
                close[window] |= near[window] == way
    named = ((OUTSIDE, beyond), (IN_A_ROW, in_a_row), (NEAR_LIMIT, close))
    return tuple(tuple(name for name, broken in named if broken[place]) for place in range(len(series)))


def without_season(values: Any, seasons: Sequence[Any], baseline: Any) -> np.ndarray:
    """Return values without what recurs each year, as multiples of a season's share of the baseline.

    `seasons` names each value's season, its month or quarter. The factor of a season is the mean of its values in
    the baseline over the mean of all seasons' means there, so that adjusted values keep their level (the
    ratio-to-mean method). Seasons with fewer than three values in the baseline are not known
    well enough, and the values are returned as they are.
    """
    series = np.asarray(values, dtype=float)
    names = np.asarray(seasons)
    inside = np.zeros(len(series), dtype=bool)
    inside[baseline] = True
    inside &= np.isfinite(series)
    kinds = list(dict.fromkeys(names.tolist()))
    if min(int((inside & (names == name)).sum()) for name in kinds) < 3:
        return series
    means = {name: float(series[inside & (names == name)].mean()) for name in kinds}
    level = float(np.mean(list(means.values())))
    if not all(means.values()):
        return series
    return series * np.array([level / means[name] for name in names.tolist()])
