"""Intervals, funnel limits, ranks, tests and trends: the statistics of the book, each with its source.

The formulas stand here and not in a library so that a page costs no slow import (`scipy.special` is all
that is needed) and so that each can be read beside the paper it comes from. The tests check every one
against an independent implementation or a published worked example.

Counts and denominators may be numbers or arrays; results have their shape. Missing in, missing out
(NaN). Shares are 0 to 1. Confidence is 0.95 or 0.998, the two levels of funnel plots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy import special

#: The two levels of Spiegelhalter's funnel plots: about two and three standard errors.
ALERT, ALARM = 0.95, 0.998

#: Below this count Byar's approximation gives way to the exact interval (APHO Technical Briefing 3, 2008).
BYAR_FROM = 10

#: Share of the most extreme z-scores pulled in at each end before over-dispersion is estimated
#: (Spiegelhalter et al. 2012, section 3.2).
WINSORISED = 0.10

Model = Literal["rate", "proportion", "ratio"]


class Interval(NamedTuple):
    """A lower and an upper limit, numbers or arrays of one shape."""

    low: Any
    high: Any


def z_value(confidence: float) -> float:
    """The two-sided normal quantile: 0.95 -> 1.96, 0.998 -> 3.09."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    return float(special.ndtri(0.5 + confidence / 2))


def p_value(z: Any) -> Any:
    """The two-sided p value of a z-score."""
    return _plain(2 * special.ndtr(-np.abs(np.asarray(z, dtype=float))))


def _plain(values: Any) -> Any:
    """A number for a number, an array for an array."""
    array = np.asarray(values, dtype=float)
    return array if array.ndim else float(array)


def _pair(top: Any, bottom: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two float arrays of one shape; a denominator that is not above zero becomes missing."""
    first, second = np.broadcast_arrays(np.asarray(top, dtype=float), np.asarray(bottom, dtype=float))
    if np.any(first < 0):
        raise ValueError("a count cannot be below zero")
    return first, np.where(second > 0, second, np.nan)


# --- intervals ---------------------------------------------------------------------------------------


def wilson(successes: Any, trials: Any, confidence: float = ALERT) -> Interval:
    """Interval of a proportion by Wilson's score method.

    Wilson (1927), JASA 22:209; method 3 of Newcombe (1998), Statistics in Medicine 17:857. Stays within
    0 to 1 and holds its level at small samples, where the Wald interval does not.
    """
    x, n = _pair(successes, trials)
    if np.any(x > n):
        raise ValueError("more successes than trials")
    z2 = z_value(confidence) ** 2
    centre = (x + z2 / 2) / (n + z2)
    half = np.sqrt(z2 * (x * (n - x) / n + z2 / 4)) / (n + z2)
    # At 0 of n and n of n the exact limits are 0 and 1; floating point leaves a speck.
    low = np.where(x == 0, centre * 0, np.clip(centre - half, 0, 1))
    high = np.where(x == n, centre * 0 + 1, np.clip(centre + half, 0, 1))
    return Interval(_plain(low), _plain(high))


def wald(successes: Any, trials: Any, confidence: float = ALERT) -> Interval:
    """Interval of a proportion by the simple normal formula, as HMICFRS prints it (94.6 ± 2.6).

    For comparison with printed intervals only: at small samples it is too short (Newcombe 1998).
    """
    x, n = _pair(successes, trials)
    share = x / n
    half = z_value(confidence) * np.sqrt(share * (1 - share) / n)
    return Interval(_plain(share - half), _plain(share + half))


def byar(count: Any, exposure: Any = 1.0, scale: float = 1.0, confidence: float = ALERT) -> Interval:
    """Interval of a rate `scale * count / exposure` by Byar's approximation.

    Breslow and Day (1987), Statistical Methods in Cancer Research II, page 69. Good from a count of 10;
    `rate_interval` chooses between this and the exact interval.
    """
    x, e = _pair(count, exposure)
    z = z_value(confidence)
    positive = np.where(x > 0, x, 1.0)
    low = positive * (1 - 1 / (9 * positive) - z / (3 * np.sqrt(positive))) ** 3
    low = np.where(x > 0, np.maximum(low, 0.0), x * 0)
    upper = x + 1
    high = upper * (1 - 1 / (9 * upper) + z / (3 * np.sqrt(upper))) ** 3
    return Interval(_plain(scale * low / e), _plain(scale * high / e))


def exact_poisson(count: Any, exposure: Any = 1.0, scale: float = 1.0, confidence: float = ALERT) -> Interval:
    """Exact interval of a rate `scale * count / exposure`, from the Poisson distribution.

    Garwood (1936), Biometrika 28:437: the limits are gamma quantiles.
    """
    x, e = _pair(count, exposure)
    tail = (1 - confidence) / 2
    low = np.where(x > 0, special.gammaincinv(np.where(x > 0, x, 1.0), tail), x * 0)
    high = special.gammaincinv(x + 1, 1 - tail)
    return Interval(_plain(scale * low / e), _plain(scale * high / e))


def rate_interval(count: Any, exposure: Any = 1.0, scale: float = 1.0, confidence: float = ALERT) -> Interval:
    """Interval of a rate: Byar from a count of 10, exact below (the rule of APHO Technical Briefing 3)."""
    x = np.asarray(count, dtype=float)
    approximate, exact = (method(count, exposure, scale, confidence) for method in (byar, exact_poisson))
    return Interval(
        *(_plain(np.where(x >= BYAR_FROM, a, b)) for a, b in zip(approximate, exact, strict=True))
    )


def ratio_interval(
    count: Any,
    exposure: Any,
    reference_count: Any,
    reference_exposure: Any,
    confidence: float = ALERT,
) -> Interval:
    """Log-normal interval of the ratio of two rates, `(count / exposure) / (reference …)`.

    The logarithm of the ratio has variance 1/count + 1/reference_count (Rothman, Greenland and Lash 2008,
    Modern Epidemiology, chapter 14). Missing where either count is zero.
    """
    a, e = _pair(count, exposure)
    b, f = _pair(reference_count, reference_exposure)
    a, b = np.where(a > 0, a, np.nan), np.where(b > 0, b, np.nan)
    half = z_value(confidence) * np.sqrt(1 / a + 1 / b)
    ratio = np.log(a) - np.log(e) - np.log(b) + np.log(f)
    return Interval(_plain(np.exp(ratio - half)), _plain(np.exp(ratio + half)))


def newcombe(
    successes: Any, trials: Any, earlier_successes: Any, earlier_trials: Any, confidence: float = ALERT
) -> Interval:
    """Interval of the difference of two proportions, later less earlier, by the hybrid score method.

    Method 10 of Newcombe (1998), Statistics in Medicine 17:873: two Wilson intervals, combined.
    """
    x, n = _pair(successes, trials)
    y, m = _pair(earlier_successes, earlier_trials)
    (l1, u1), (l0, u0) = wilson(x, n, confidence), wilson(y, m, confidence)
    p1, p0 = x / n, y / m
    low = p1 - p0 - np.sqrt((p1 - l1) ** 2 + (u0 - p0) ** 2)
    high = p1 - p0 + np.sqrt((u1 - p1) ** 2 + (p0 - l0) ** 2)
    return Interval(_plain(low), _plain(high))


# --- funnel limits -----------------------------------------------------------------------------------


def funnel_limits(
    model: Model,
    target: float,
    size: Any,
    *,
    scale: float = 1.0,
    confidence: float = ALERT,
    method: Literal["transformed", "exact", "normal"] = "transformed",
    dispersion: Dispersion | None = None,
) -> Interval:
    """Limits around a target for units of a given size (population, trials), on the scale of the value.

    Spiegelhalter (2005), Statistics in Medicine 24:1185. `exact` interpolates the binomial or Poisson
    distribution (his appendix A.1.1), `normal` is the usual approximation, `transformed` works on the
    variance-stabilised scale and is the only one that takes over-dispersion: `dispersion` widens the
    limits (2012, section 3). Give `size` as an array to draw the curves. For `ratio`, which has two
    counts, `size` is the denominator's count.
    """
    n = _pair(0.0, size)[1]
    z = z_value(confidence)
    if dispersion is not None and method != "transformed":
        raise ValueError("only transformed limits can carry over-dispersion")
    if method == "exact":
        return _exact_limits(model, target, n, scale, confidence)
    if method == "normal":
        if model == "ratio":
            raise ValueError("a ratio has no normal limits: use transformed")
        variance = target * (1 - target) / n if model == "proportion" else target * scale / n
        half = z * np.sqrt(variance)
        top = 1.0 if model == "proportion" else np.inf
        return Interval(_plain(np.clip(target - half, 0, top)), _plain(np.clip(target + half, 0, top)))
    middle, error = _expected(model, target, n, scale)
    spread = error if dispersion is None else dispersion.error(error)
    return Interval(
        _plain(_back(model, middle - z * spread, scale)), _plain(_back(model, middle + z * spread, scale))
    )


def _exact_limits(model: Model, target: float, n: np.ndarray, scale: float, confidence: float) -> Interval:
    """Spiegelhalter 2005, A.1.1: the smallest count whose probability passes p, less the interpolation."""
    if model == "ratio":
        raise ValueError("a ratio has no exact limits: use transformed")
    tail = (1 - confidence) / 2
    return Interval(*(_plain(_exact_limit(model, target, n, scale, p)) for p in (tail, 1 - tail)))


def _exact_limit(model: Model, target: float, n: np.ndarray, scale: float, p: float) -> np.ndarray:
    if model == "proportion":

        def below(count: np.ndarray) -> np.ndarray:
            # The binomial distribution as a beta integral; scipy's own bdtr will refuse large counts.
            k = np.clip(count, 0, n)
            inside = special.betainc(np.maximum(n - k, 1e-300), k + 1, 1 - target)
            return np.where(count < 0, 0.0, np.where(k >= n, 1.0, inside))

        start = special.bdtrik(p, n, target)
    else:
        mean = target * n / scale

        def below(count: np.ndarray) -> np.ndarray:
            return np.where(count < 0, 0.0, special.pdtr(np.maximum(count, 0), mean))

        start = special.pdtrik(p, mean)
    count = np.ceil(np.nan_to_num(start))
    # The continuous inverse can miss the whole number by one either way.
    count = np.where(below(count - 1) > p, count - 1, count)
    count = np.where(below(count) <= p, count + 1, count)
    step = (below(count) - p) / (below(count) - below(count - 1))
    limit = scale * (count - step) / n
    return np.clip(limit, 0, 1) if model == "proportion" else np.maximum(limit, 0)


def _transformed(
    model: Model, numerator: Any, denominator: Any, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Values on the scale where chance has nearly the same spread everywhere, and their standard errors.

    Spiegelhalter et al. (2012), table 2: square root for rates, arc-sine square root for proportions,
    logarithm (with a half added to each count) for ratios of counts.
    """
    x, n = _pair(numerator, denominator)
    if model == "rate":
        return np.sqrt(scale * x / n), np.sqrt(scale / n) / 2
    if model == "proportion":
        return np.arcsin(np.sqrt(np.clip(x / n, 0, 1))), 1 / (2 * np.sqrt(n))
    return np.log(scale * (x + 0.5) / (n + 0.5)), np.sqrt(1 / (x + 0.5) + 1 / (n + 0.5))


def _expected(model: Model, target: float, n: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The target and its standard error on the transformed scale, for units of size `n`."""
    if model == "ratio":
        # The error of a unit that is on target: its numerator would be target * n.
        return np.log(target) + n * 0, np.sqrt(1 / (target * n / scale + 0.5) + 1 / (n + 0.5))
    _, error = _transformed(model, n * 0, n, scale)
    middle = np.sqrt(target) if model == "rate" else np.arcsin(np.sqrt(target))
    return middle + n * 0, error


def _back(model: Model, values: np.ndarray, scale: float) -> np.ndarray:
    """From the transformed scale to the scale of the value; limits past the end stop there."""
    if model == "rate":
        return np.maximum(values, 0) ** 2
    if model == "proportion":
        return np.sin(np.clip(values, 0, np.pi / 2)) ** 2
    return np.exp(values)


@dataclass(frozen=True)
class Dispersion:
    """How far units differ beyond chance. Spiegelhalter (2005) section 3.1, (2012) section 3.

    `phi` is the mean square of the winsorised z-scores (1: chance alone). `multiplicative` stretches the
    standard errors by its root, `additive` adds `tau2`, the variance between units on the transformed
    scale, to their squares. `n` is the number of units it was estimated from.
    """

    method: Literal["additive", "multiplicative", "none"]
    phi: float
    tau2: float
    n: int

    def error(self, error: Any) -> Any:
        """Standard errors with over-dispersion; never smaller than by chance alone."""
        if self.method == "additive":
            return np.sqrt(np.asarray(error) ** 2 + self.tau2)
        return np.asarray(error) * (np.sqrt(max(1.0, self.phi)) if self.method == "multiplicative" else 1.0)

    @property
    def over(self) -> bool:
        """Whether units differ by more than chance."""
        return self.phi > 1 if self.method == "multiplicative" else self.tau2 > 0


def winsorised(z: Any, share: float = WINSORISED) -> np.ndarray:
    """z-scores with the lowest and highest `share` pulled in to the quantile there."""
    scores = np.asarray(z, dtype=float)
    if not np.isfinite(scores).any():
        return scores.copy()
    return np.clip(scores, *np.nanquantile(scores, [share, 1 - share]))


def estimate_dispersion(
    z: Any,
    error: Any,
    *,
    method: Literal["additive", "multiplicative", "none"] = "additive",
    share: float = WINSORISED,
) -> Dispersion:
    """Estimate over-dispersion from naive z-scores and their standard errors.

    phi = mean of squared winsorised z; tau2 by the method of moments (DerSimonian and Laird 1986), zero
    where phi does not exceed (n - 1)/n. Spiegelhalter et al. (2012), equations 3 and 5. With fewer than
    three units no spread can be told from chance: none is assumed.
    """
    scores, errors = np.broadcast_arrays(np.asarray(z, dtype=float), np.asarray(error, dtype=float))
    known = np.isfinite(scores) & np.isfinite(errors) & (errors > 0)
    scores, errors = winsorised(scores[known], share), errors[known]
    n = len(scores)
    if n < 3:
        return Dispersion("none", float("nan") if n == 0 else float(np.mean(scores**2)), 0.0, n)
    phi = float(np.mean(scores**2))
    weights = 1 / errors**2
    room = weights.sum() - (weights**2).sum() / weights.sum()
    tau2 = max(0.0, float((n * phi - (n - 1)) / room))
    return Dispersion(method, phi, tau2, n)


@dataclass(frozen=True)
class Scores:
    """z-scores of units against a target: `naive` by chance alone, `adjusted` for over-dispersion."""

    naive: np.ndarray
    adjusted: np.ndarray
    transformed: np.ndarray
    error: np.ndarray
    dispersion: Dispersion


def funnel_scores(
    model: Model,
    numerator: Any,
    denominator: Any,
    target: float,
    *,
    scale: float = 1.0,
    method: Literal["additive", "multiplicative", "none"] = "additive",
    share: float = WINSORISED,
    include: Any = True,
) -> Scores:
    """Score units against a target, with over-dispersion estimated from those that are `include`d."""
    y, own = _transformed(model, numerator, denominator, scale)
    n = _pair(0.0, denominator)[1]
    middle, error = _expected(model, target, np.broadcast_to(n, y.shape), scale)
    if model == "ratio":
        error = own
    naive = (y - middle) / error
    used = np.broadcast_to(np.asarray(include, dtype=bool), y.shape)
    spread = estimate_dispersion(np.where(used, naive, np.nan), error, method=method, share=share)
    return Scores(naive, (y - middle) / spread.error(error), y, error, spread)


# --- many comparisons, ranks -------------------------------------------------------------------------


def holm(p: Any) -> np.ndarray:
    """p values adjusted so that the chance of any false finding is held (Holm 1979). NaN is not counted."""
    return _adjusted(p, lambda ordered: np.maximum.accumulate(ordered * np.arange(len(ordered), 0, -1)))


def benjamini_hochberg(p: Any) -> np.ndarray:
    """p values adjusted so that the share of false findings is held (Benjamini and Hochberg 1995)."""

    def adjust(ordered: np.ndarray) -> np.ndarray:
        m = len(ordered)
        return np.minimum.accumulate((ordered * m / np.arange(1, m + 1))[::-1])[::-1]

    return _adjusted(p, adjust)


def _adjusted(p: Any, adjust: Any) -> np.ndarray:
    values = np.asarray(p, dtype=float)
    result = np.full(values.shape, np.nan)
    known = np.flatnonzero(np.isfinite(values))
    if known.size:
        order = known[np.argsort(values[known], kind="stable")]
        result[order] = np.clip(adjust(values[order]), 0, 1)
    return result


def ranks(values: Any) -> np.ndarray:
    """Places from 1 for the highest value; equal values share the better place; NaN has none."""
    array = np.asarray(values, dtype=float)
    known = np.isfinite(array)
    above = (array[None, :] > array[:, None]) & known[None, :]
    return np.where(known, above.sum(axis=1) + 1.0, np.nan)


def rank_intervals(values: Any, errors: Any, confidence: float = ALERT) -> Interval:
    """Confidence interval of each unit's place, without simulation.

    A unit's best place is 1 plus the number of units surely above it, its worst place n less the number
    surely below it. "Surely" is a two-sided test of the difference of the two values, with Holm's
    correction over the comparisons of that unit, so that the interval of one unit's place holds at
    least the stated confidence. Mogstad, Romano, Shaikh and Wilhelm (2024), Review of Economic Studies
    91:476, section 3. Resampling would be simpler but fails where values lie close together. NaN has none.
    """
    y, s = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    known = np.isfinite(y) & np.isfinite(s)
    best, worst = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    y, s = y[known], s[known]
    m = len(y)
    gap = y[None, :] - y[:, None]
    spread = np.sqrt(s[None, :] ** 2 + s[:, None] ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(spread > 0, 2 * special.ndtr(-np.abs(gap) / spread), (gap == 0).astype(float))
    np.fill_diagonal(p, np.nan)
    sure = np.array([holm(row) < 1 - confidence for row in p], dtype=bool).reshape(m, m)
    best[known] = 1 + (sure & (gap > 0)).sum(axis=1)
    worst[known] = m - (sure & (gap < 0)).sum(axis=1)
    return Interval(best, worst)


# --- change and trend --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """A later figure against an earlier one.

    For rates `effect` is the ratio later / earlier, for proportions the difference later - earlier (0 to
    1); `interval` is that of the effect.
    """

    effect: Any
    interval: Interval
    z: Any
    p_value: Any


def rate_change(
    count: Any,
    exposure: Any,
    earlier_count: Any,
    earlier_exposure: Any,
    confidence: float = ALERT,
) -> Change:
    """Test whether two rates differ; effect: their ratio, with its log-normal interval.

    Given the total count, the later count is binomial with the share of exposure (Przyborowski and
    Wilenski 1940). Below a total of 1,000 the p value is that distribution's with the mid-p correction,
    two-sided by doubling; above, its normal approximation, which then differs by less than 0.002.
    """
    x, e = _pair(count, exposure)
    y, f = _pair(earlier_count, earlier_exposure)
    total, share = x + y, e / (e + f)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (x - total * share) / np.sqrt(total * share * (1 - share))
        effect = (x / e) / np.where(y > 0, y / f, np.nan)
    # P(X < x) and P(X <= x) from the incomplete beta function, which takes fractional counts too.
    safe = np.where(total > 0, total, 1.0)
    below = np.where(x > 0, 1 - special.betainc(np.maximum(x, 1e-9), safe - x + 1, share), 0.0)
    up_to = np.where(y > 0, 1 - special.betainc(x + 1, np.maximum(safe - x, 1e-9), share), 1.0)
    middle = (below + up_to) / 2
    exact = np.clip(2 * np.minimum(middle, 1 - middle), 0, 1)
    p = np.where(total < 1000, exact, 2 * special.ndtr(-np.abs(z)))
    p = np.where(total > 0, p, total * np.nan)
    return Change(_plain(effect), ratio_interval(x, e, y, f, confidence), _plain(z), _plain(p))


def proportion_change(
    successes: Any,
    trials: Any,
    earlier_successes: Any,
    earlier_trials: Any,
    confidence: float = ALERT,
) -> Change:
    """Test whether two independent proportions differ; effect: later - earlier, with Newcombe's interval.

    The score test with the pooled proportion (the chi-square test of a two-by-two table).
    """
    x, n = _pair(successes, trials)
    y, m = _pair(earlier_successes, earlier_trials)
    pooled = (x + y) / (n + m)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (x / n - y / m) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    # No variation at all (0 of n and 0 of m) is no evidence of a change.
    z = np.where((pooled == 0) | (pooled == 1), 0.0, z)
    return Change(_plain(x / n - y / m), newcombe(x, n, y, m, confidence), _plain(z), p_value(z))


TREND_POINTS = 5
#: 99.8% point of chi-square with one degree of freedom.
TREND_CRITICAL = z_value(ALARM) ** 2

INCREASING, DECREASING, NO_CHANGE, UNKNOWN = (
    "increasing",
    "decreasing",
    "no significant change",
    "cannot be calculated",
)


@dataclass(frozen=True)
class Trend:
    """Recent trend: one of the four words, its slope for each period, chi-square and points used.

    `slope` is on the value's own scale (for each period). `consistent` tells whether the slope keeps its
    sign whichever point is left out.
    """

    direction: str
    slope: float
    chi2: float
    p_value: float
    n: int
    consistent: bool


def trend(
    model: Literal["rate", "proportion"],
    numerator: Any,
    denominator: Any,
    *,
    scale: float = 1.0,
    points: int = TREND_POINTS,
) -> Trend:
    """Recent trend over the last five periods, by the rule of the Fingertips public health profiles.

    A trend is called when (1) the last five periods all have a figure, (2) the chi-square test for a
    linear trend passes 9.55 (99.8%, one degree of freedom), and (3) the slope has the same sign with any
    one of the five left out, so that one odd year cannot make a trend. Proportions use the
    Cochran-Armitage chi-square, and unweighted logits for (3); rates use `trend_of_values` with Byar's
    intervals. Periods are equally spaced, oldest first.

    Source: Office for Health Improvement and Disparities, Fingertips, recent trends guidance and its open
    source `TrendMarkerCalculator`.
    """
    x, n = _pair(np.atleast_1d(numerator), np.atleast_1d(denominator))
    x, n = x[-points:], n[-points:]
    if len(x) < points or not (np.isfinite(x) & np.isfinite(n)).all():
        return _no_trend(len(x))
    if model == "rate":
        return trend_of_values(scale * x / n, rate_interval(x, n, scale), points=points)
    if np.any((x == 0) | (x >= n)):
        return _no_trend(points)
    t = np.arange(1.0, points + 1)
    slope, _ = _line(t, x / n, n)
    logits = np.log(x / (n - x))
    return _judged(slope, _armitage(x, n, t), t, logits, np.ones(points))


def trend_of_values(values: Any, intervals: Interval, *, points: int = TREND_POINTS) -> Trend:
    """Recent trend of values with 95% intervals, by the same rule: weighted regression on the period.

    The error of each value is (upper - lower)/3.92; chi-square is the squared slope over its variance.
    """
    y, low, high = (np.atleast_1d(np.asarray(part, dtype=float))[-points:] for part in (values, *intervals))
    if len(y) < points or not np.isfinite(y + low + high).all() or np.any(high <= low):
        return _no_trend(len(y))
    t = np.arange(1.0, points + 1)
    weights = (3.92 / (high - low)) ** 2
    slope, variance = _line(t, y, weights)
    return _judged(slope, slope**2 / variance, t, y, weights)


def _no_trend(n: int) -> Trend:
    return Trend(UNKNOWN, float("nan"), float("nan"), float("nan"), n, False)


def _judged(slope: float, chi2: float, t: np.ndarray, along: np.ndarray, weights: np.ndarray) -> Trend:
    """The word for a slope: significant, and of one sign whichever point is left out."""
    n = len(t)
    signs = [np.sign(_line(t, along, weights)[0])]
    signs += [
        np.sign(_line(*(np.delete(part, place) for part in (t, along, weights)))[0]) for place in range(n)
    ]
    consistent = len(set(signs)) == 1
    direction = NO_CHANGE
    if consistent and chi2 > TREND_CRITICAL:
        direction = INCREASING if slope > 0 else DECREASING
    return Trend(direction, slope, float(chi2), float(p_value(np.sqrt(chi2))), n, consistent)


def _armitage(x: np.ndarray, n: np.ndarray, t: np.ndarray) -> float:
    """Cochran-Armitage chi-square for a linear trend in proportions (Armitage 1955, Biometrics 11:375)."""
    total, cases = n.sum(), x.sum()
    top = total * (total * (x * t).sum() - cases * (n * t).sum()) ** 2
    return float(top / (cases * (total - cases) * (total * (n * t**2).sum() - (n * t).sum() ** 2)))


def _line(t: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Slope and its variance of a weighted least squares line with known error variances 1/weights."""
    centre = np.average(t, weights=weights)
    square = np.sum(weights * (t - centre) ** 2)
    return float(np.sum(weights * (t - centre) * y) / square), float(1 / square)
