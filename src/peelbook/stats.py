"""Intervals, funnel limits, ranks, tests and trends: the statistics of the book, each with its source.

The formulas stand here and not in a library so that a page costs no slow import (`scipy.special` is all
that is needed) and so that each can be read beside the paper it comes from. The tests check every one
against an independent implementation or a published worked example.

Counts and denominators may be numbers or arrays; results have their shape. Missing in, missing out
(NaN). Shares are 0 to 1. Confidence is 0.95 or 0.998, the two levels of funnel plots.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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

#: Below this many expected events (or non-events of a share) limits are exact: the square-root and arc-sine
#: scales give too small a probability to a count of zero or one.
FEW = 20

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


def t_p_value(t: Any, df: Any) -> Any:
    """The two-sided p value of a t statistic; infinite degrees of freedom give the normal distribution."""
    score, free = np.broadcast_arrays(-np.abs(np.asarray(t, dtype=float)), np.asarray(df, dtype=float))
    finite = np.where(np.isfinite(free), free, 1.0)
    return _plain(2 * np.where(np.isfinite(free), special.stdtr(finite, score), special.ndtr(score)))


def z_of(p: Any) -> Any:
    """The z-score, not below zero, with a two-sided p value."""
    return _plain(-special.ndtri(np.asarray(p, dtype=float) / 2))


def t_value(confidence: float, df: Any) -> Any:
    """The two-sided quantile of Student's t; infinite degrees of freedom give the normal one."""
    free = np.asarray(df, dtype=float)
    finite = np.where(np.isfinite(free), free, 1.0)
    quantile = special.stdtrit(finite, 0.5 + confidence / 2)
    return _plain(
        np.where(np.isposinf(free), z_value(confidence), np.where(np.isnan(free), np.nan, quantile))
    )


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


def rate_difference(
    count: Any,
    exposure: Any,
    reference_count: Any,
    reference_exposure: Any,
    scale: float = 1.0,
    confidence: float = ALERT,
) -> Interval:
    """Interval of the difference of two rates, `scale * (count / exposure - reference …)`.

    The intervals of both rates, combined as Newcombe combines those of proportions (Zou and Donner 2008, Statistics
    in Medicine 27:1693).
    """
    a, e = _pair(count, exposure)
    b, f = _pair(reference_count, reference_exposure)
    (l1, u1), (l0, u0) = rate_interval(a, e, scale, confidence), rate_interval(b, f, scale, confidence)
    r1, r0 = scale * a / e, scale * b / f
    low = r1 - r0 - np.sqrt((r1 - l1) ** 2 + (u0 - r0) ** 2)
    high = r1 - r0 + np.sqrt((u1 - r1) ** 2 + (r0 - l0) ** 2)
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
    variance-stabilised scale, and exactly where fewer than 20 events are expected; it is the only one that
    takes over-dispersion: `dispersion` widens the limits (2012, section 3). Give `size` as an array to draw the curves. For `ratio`, which has two
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
    low, high = _back(model, middle - z * spread, scale), _back(model, middle + z * spread, scale)
    if model == "ratio":
        return Interval(_plain(low), _plain(high))
    few = _few(model, target, n, scale)
    if np.any(few):
        exact = _tail_limits(model, target, n, scale, z * spread / error)
        low, high = np.where(few, exact[0], low), np.where(few, exact[1], high)
    return Interval(_plain(low), _plain(high))


def _few(model: Model, target: float, n: np.ndarray, scale: float) -> np.ndarray:
    """Where fewer than 20 events, or non-events of a share, are expected."""
    expected = target * n / scale
    return expected < FEW if model == "rate" else np.minimum(expected, n - expected) < FEW


def _tail_limits(model: Model, target: float, n: Any, scale: float, z: Any) -> tuple[np.ndarray, np.ndarray]:
    """The counts whose exact one-sided probability, themselves included, is that of a z-score; as values.

    The Poisson and binomial distributions are continued between whole counts by the incomplete gamma and
    beta functions, so that the limits grow smoothly with `n`.
    """
    size = np.asarray(n, dtype=float)
    tail = np.broadcast_to(special.ndtr(-np.asarray(z)), np.broadcast_shapes(size.shape, np.shape(z)))
    known = np.where(np.isfinite(size), size, 1.0)
    if model == "rate":
        mean = target * known / scale
        low, high = special.pdtrik(tail, mean), special.pdtrik(1 - tail, mean) + 1
        low = np.where(special.pdtr(0, mean) >= tail, 0.0, low)
    else:
        low, high = special.bdtrik(tail, known, target), special.bdtrik(1 - tail, known, target) + 1
        low = np.where(special.bdtr(0.0, np.rint(known).astype(int), target) >= tail, 0.0, low)
        high = np.minimum(high, known)
    nothing = np.where(np.isfinite(size), 0.0, np.nan)
    return scale * low / known + nothing, scale * high / known + nothing


def _tail_scores(model: Model, count: np.ndarray, target: float, n: np.ndarray, scale: float) -> np.ndarray:
    """z-scores whose one-sided probability is the exact one of a count or one further out."""
    x, size = np.nan_to_num(count), np.where(np.isfinite(n), n, 1.0)
    expected = target * size / scale
    if model == "rate":
        low, high = special.gammaincc(x + 1, expected), special.gammainc(np.maximum(x, 1e-300), expected)
    else:
        inside = np.clip(x, 0, size)
        low = 1 - special.betainc(inside + 1, np.maximum(size - inside, 1e-300), target)
        high = special.betainc(np.maximum(inside, 1e-300), size - inside + 1, target)
        low, high = np.where(inside >= size, 1.0, low), np.where(inside <= 0, 1.0, high)
    # Near the middle both tails hold more than half: the count is where it was expected.
    z = np.where(x < expected, np.minimum(special.ndtri(low), 0), np.maximum(-special.ndtri(high), 0))
    return np.where(np.isfinite(n) & np.isfinite(count), z, np.nan)


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

    `phi` is the mean square of the winsorised z-scores, corrected for the winsorising (1: chance alone).
    `multiplicative` stretches the standard errors by its root, `additive` adds `tau2`, the variance between
    units on the transformed scale, to their squares. `n` is the number of units it was estimated from.
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


def winsorised_square(n: int, share: float = WINSORISED) -> float:
    """The mean square of `n` winsorised scores of units that differ by chance alone, from their mean.

    Winsorising takes part of the spread away even where no unit stands out: the mean square of a standard
    normal, winsorised by a tenth at each end, is 0.6787 and not 1. Left uncorrected, a "95%" limit has one
    ordinary force in eight outside. With few units the mean takes some too (fitted; within 1% from 10 units,
    which a simulation in the tests holds).
    """
    if share == 0:
        return 1 - 1 / n
    q = float(special.ndtri(1 - share))
    density = float(np.exp(-q * q / 2) / np.sqrt(2 * np.pi))
    return (1 - 2 * share - 2 * q * density + 2 * share * q * q) * (1 - (1 - 2.5 * share) / n)


def estimate_dispersion(
    z: Any,
    error: Any,
    *,
    method: Literal["additive", "multiplicative", "none"] = "additive",
    share: float = WINSORISED,
) -> Dispersion:
    """Estimate over-dispersion from naive z-scores and their standard errors.

    phi: mean of squared winsorised z over what chance would give (`winsorised_square`). tau2: the variance
    between units that brings the same mean square of z, with tau2 in the errors, to what chance would give
    (Paule and Mandel 1982, with winsorised scores); zero where phi does not exceed 1. The estimate of
    DerSimonian and Laird, which Spiegelhalter et al. (2012) use, winsorises scores of large and small units
    alike though the large ones scatter more, and comes out at 0.6 of the truth. With fewer than three units
    spread cannot be distinguished from chance: none is assumed.
    """
    scores, errors = np.broadcast_arrays(np.asarray(z, dtype=float), np.asarray(error, dtype=float))
    known = np.isfinite(scores) & np.isfinite(errors) & (errors > 0)
    scores, errors = scores[known], errors[known]
    n = len(scores)
    if n < 3:
        return Dispersion("none", float("nan") if n == 0 else float(np.mean(scores**2)), 0.0, n)
    usual, away, square = winsorised_square(n, share), scores * errors, errors**2
    place = share * (n - 1)
    below, part = int(place), place - int(place)

    def excess(tau2: float) -> float:
        """The winsorised mean square over that of chance: `winsorised`, without its cost, many times over."""
        z = np.sort(away / np.sqrt(square + tau2))
        first, last = z[below : below + 2], z[n - 2 - below : n - below]
        ends = (first[0] + part * (first[1] - first[0]), last[1] - part * (last[1] - last[0]))
        z = np.minimum(np.maximum(z, ends[0]), ends[1])
        return float(z @ z) / n / usual

    phi = excess(0.0)
    low, high = 0.0, float(np.max(away**2)) / usual
    if phi <= 1:
        return Dispersion(method, phi, 0.0, n)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 1 else (low, middle)
        if high - low <= 1e-9 * high:
            break
    return Dispersion(method, phi, (low + high) / 2, n)


@dataclass(frozen=True)
class Scores:
    """z-scores of units against a target: `naive` by chance alone, `adjusted` for over-dispersion."""

    naive: np.ndarray
    adjusted: np.ndarray
    transformed: np.ndarray
    error: np.ndarray
    dispersion: Dispersion
    target: float


def funnel_scores(
    model: Model,
    numerator: Any,
    denominator: Any,
    target: float | None = None,
    *,
    scale: float = 1.0,
    method: Literal["additive", "multiplicative", "none"] = "additive",
    share: float = WINSORISED,
    include: Any = True,
) -> Scores:
    """Score units against a target, with over-dispersion estimated from those that are `include`d.

    Without a `target` it is the mean of the included units on the transformed scale, where the limits lie
    evenly about it; the mean of the values themselves lies off the middle wherever they are skewed. Where
    fewer than 20 events are expected the score is that of the exact probability. A `ratio` has the errors
    of both counts; give rates of events over a complete count (crimes per officer) as `rate`.
    """
    y, own = _transformed(model, numerator, denominator, scale)
    x, n = _pair(numerator, denominator)
    n = np.broadcast_to(n, y.shape)
    used = np.broadcast_to(np.asarray(include, dtype=bool), y.shape)
    if target is None:
        inside = y[used & np.isfinite(y)]
        target = float(_back(model, np.mean(inside), scale)) if inside.size else float("nan")
    middle, error = _expected(model, target, n, scale)
    if model == "ratio":
        error = own
    naive = (y - middle) / error
    if model != "ratio" and np.isfinite(target):
        few = _few(model, target, n, scale)
        naive = np.where(few, _tail_scores(model, np.broadcast_to(x, y.shape), target, n, scale), naive)
    spread = estimate_dispersion(np.where(used, naive, np.nan), error, method=method, share=share)
    return Scores(naive, naive * error / spread.error(error), y, error, spread, target)


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


#: How much of the posterior an interval of places holds. It is more than 95%, because how levels are spread is learnt
#: from the same figures, and forces at the ends are there by luck too: at 98% the interval holds the true place in
#: 95 of 100 in every case of benchmarks/places.py, and in 9 of 10 for the three forces at each end.
PLACE_PROBABILITY = 0.98

#: Each level is taken at so many quantiles of its posterior (Gauss-Legendre). Against a thousand quantiles no place of
#: a thousand differs.
NODES = 24

#: The spread of levels is learnt in so many steps, from normal distributions about the figures whose variance is
#: this share of the usual noise: narrower ones would take each figure for its own level.
STEPS, SMOOTHING = 100, 0.15


def rank_intervals(values: Any, errors: Any, *, df: Any = np.inf, pool: Any = True) -> Interval:
    """95% interval of each unit's place, from the posterior of the levels of all units; without sampling.

    `values` are normal about the levels with standard errors `errors`, which have `df` degrees of freedom. Units
    outside the `pool` have a place too, and do not tell how levels are spread. NaN has none. Cover is simulated in
    `benchmarks.places`, for levels that are nearly equal, in groups or with outliers too.
    """
    y, s = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    # A normal distribution with the 95% limits of Student's t stands for an error that is itself estimated.
    s = s * np.asarray(t_value(ALERT, df)) / z_value(ALERT)
    known = np.isfinite(y) & np.isfinite(s)
    inside = np.broadcast_to(np.asarray(pool, dtype=bool), y.shape)[known]
    best, worst = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    if known.any():
        up_to = np.cumsum(place_probabilities(*level_posterior(y[known], s[known], pool=inside)), axis=1)
        tail = (1 - PLACE_PROBABILITY) / 2
        best[known] = 1 + (up_to <= tail).sum(axis=1)
        worst[known] = np.minimum(1 + (up_to < 1 - tail).sum(axis=1), len(inside))
    return Interval(best, worst)


def level_posterior(values: Any, errors: Any, *, pool: Any = True) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each unit's level, given the values of all units and their errors.

    How levels are spread is learnt without a shape: a mixture of normal distributions about the values of the `pool`,
    whose weights are those of greatest likelihood (Laird 1978, JASA 73:805, by the EM algorithm; smoothed). So outlying
    units are not drawn in by the others, nor two groups to a middle that none has. A unit far from all others is a
    component of its own and has too small a deviation, which no place depends on. A unit outside the pool keeps its
    value and error.
    """
    y, s = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    variance = np.maximum(s, 1e-9 * max(1.0, float(np.max(np.abs(y))))) ** 2
    inside = np.broadcast_to(np.asarray(pool, dtype=bool), y.shape)
    if not inside.any():
        return y, np.sqrt(variance)
    about, v = y[inside], variance[inside, None]
    smooth = SMOOTHING * float(np.median(v))
    both = smooth + v
    likelihood = np.exp(-((about[:, None] - about) ** 2) / (2 * both)) / np.sqrt(both)
    weight = np.full(len(about), 1 / len(about))
    for _ in range(STEPS):
        share = likelihood * weight
        weight = (share / share.sum(axis=1, keepdims=True)).mean(axis=0)
    share = likelihood * weight
    share /= share.sum(axis=1, keepdims=True)
    own = smooth / both
    means = own * about[:, None] + (1 - own) * about
    mean = (share * means).sum(axis=1)
    spread = (share * (means - mean[:, None]) ** 2).sum(axis=1) + (own * v)[:, 0]
    level, square = y.copy(), variance.copy()
    level[inside], square[inside] = mean, spread
    return level, np.sqrt(square)


def place_probabilities(means: Any, deviations: Any) -> np.ndarray:
    """The probability of each place (columns, 1 the highest first) of each unit (rows), its level being normal.

    Given a unit's level, each other unit lies above it or not, independently: the number above has a Poisson-binomial
    distribution. It is averaged over quantiles of the level. Deviations are above zero.
    """
    m, s = np.asarray(means, dtype=float), np.asarray(deviations, dtype=float)
    n = len(m)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    levels = m[:, None] + s[:, None] * special.ndtri((nodes + 1) / 2)
    above = special.ndtr((m[:, None, None] - levels) / s[:, None, None])
    above[np.arange(n), np.arange(n)] = 0.0
    number = np.zeros((n + 1, n, NODES))
    number[0] = 1.0
    for other in range(n):
        more = number[: other + 1] * above[other]
        number[: other + 1] -= more
        number[1 : other + 2] += more
    return np.asarray((number[:n] * (weights / 2)).sum(axis=2).T)


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


# --- yearly noise ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Noise:
    """The variance of one yearly figure about its level, chance included, and its degrees of freedom.

    On the logarithmic scale (log-odds for shares), so that its root is close to a coefficient of variation.
    """

    variance: Any
    df: Any


def log_values(
    model: Literal["rate", "proportion"], numerator: Any, denominator: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Log rates or log-odds with half a case added (Haldane 1956), and their variance by chance alone.

    A proportion above one has none, nor has a denominator of zero.
    """
    x, n = _pair(numerator, denominator)
    if model == "rate":
        return np.log((x + 0.5) / n), 1 / (x + 0.5) + n * 0
    rest = np.where(x <= n, n - x, np.nan)
    return np.log((x + 0.5) / (rest + 0.5)), 1 / (x + 0.5) + 1 / (rest + 0.5)


def moderated(variances: Any, df: Any) -> tuple[np.ndarray, float, float]:
    """Variances drawn towards what they have in common: the moderated ones, the common one and its df.

    Smyth (2004), Statistical Applications in Genetics and Molecular Biology 3:3, section 6.2: the log
    variances of many units tell how much they differ beyond their own degrees of freedom. Five years of one
    force say little of its noise; those of 42 say what it usually is. The common degrees of freedom never
    exceed those of all units together. Raises `ValueError` without a variance above zero.
    """
    s2, free = np.broadcast_arrays(np.asarray(variances, dtype=float), np.asarray(df, dtype=float))
    known = (s2 > 0) & (free > 0) & np.isfinite(s2)
    if not known.any():
        raise ValueError("no variance above zero")
    half = free[known] / 2
    e = np.log(s2[known]) - special.psi(half) + np.log(half)
    beyond = 0.0
    if known.sum() > 1:
        beyond = float(np.var(e, ddof=1) - np.mean(special.polygamma(1, half)))
    most = float(free[known].sum())
    common = min(2 * _trigamma_inverse(beyond), most) if beyond > 0 else most
    usual = float(np.exp(np.mean(e) + special.psi(common / 2) - np.log(common / 2)))
    own = np.where(known, s2, 0.0)
    weight = np.where(known, free, 0.0)
    return (common * usual + weight * own) / (common + weight), usual, common


def _trigamma_inverse(value: float) -> float:
    """x with trigamma(x) = value, by Newton's method (Smyth 2004, appendix)."""
    x = 0.5 + 1 / value
    for _ in range(50):
        now = float(special.polygamma(1, x))
        step = now * (1 - now / value) / float(special.polygamma(2, x))
        x += step
        if -step / x < 1e-10:
            break
    return x


def yearly_noise(values: Any, chance: Any, *, pool: Any = True, tested: int | None = None) -> Noise:
    """The noise of one yearly figure of each unit, from the changes from year to year of all units.

    `values` and `chance` are units by years (`log_values`). Each change is taken from the mean change of the
    `pool`, so that what moves all units alike is not noise. Half the mean square of a unit's changes is the
    variance of one year; it is moderated towards that of the pool, in proportion to chance plus a common
    excess, and never below chance. `tested` is the place of the last year whose change is under test: the
    changes that touch it or the year before are left out. With no other change left, the spread between
    the units in that one stands in. NaN where nothing can be estimated. Real change of a level counts as
    noise, so the estimate is rather too large than too small.
    """
    y, v = np.asarray(values, dtype=float), np.asarray(chance, dtype=float)
    inside = np.broadcast_to(np.asarray(pool, dtype=bool), y.shape[:1])
    moved = np.diff(y, axis=1)
    shared = np.array([_mean(column[inside]) for column in moved.T])
    own = moved - shared
    error = np.sqrt((v[:, 1:] + v[:, :-1]) / 2)
    count = np.isfinite(own[inside]).sum(axis=0)
    own = np.where(count > 2, own * np.sqrt(count / np.maximum(count - 1, 1)), np.nan)
    if tested is not None:
        places = np.arange(moved.shape[1])
        kept = np.abs(places - (tested - 1)) > 1
        if not np.isfinite(own[:, kept]).any():
            return _cross_noise(own[:, tested - 1], error[:, tested - 1], inside)
        own, error = own[:, kept], error[:, kept]
    known = np.isfinite(own) & np.isfinite(error)
    k = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        s2 = np.where(known, own**2, 0).sum(axis=1) / k / 2
        by_chance = np.where(known, error**2, 0).sum(axis=1) / k
        # Neighbouring changes share a year, so k of them are worth fewer than k independent ones.
        df = np.where(k > 0, k / (1 + 0.5 * (k - 1) / np.maximum(k, 1)), 0.0)
    return _pooled_noise(s2, by_chance, df, inside)


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _cross_noise(own: np.ndarray, error: np.ndarray, inside: np.ndarray) -> Noise:
    """The noise of one year from the spread of a single change between units."""
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = estimate_dispersion(np.where(inside, own / (np.sqrt(2) * error), np.nan), np.sqrt(2) * error)
    df = np.full(own.shape, float(spread.n - 1) if spread.n > 2 else np.nan)
    return Noise(np.where(np.isfinite(df), error**2 + spread.tau2 / 2, np.nan), df)


def _pooled_noise(s2: np.ndarray, by_chance: np.ndarray, df: np.ndarray, inside: np.ndarray) -> Noise:
    """A unit's variance moderated towards chance plus the excess that units of the pool have."""
    used = inside & (df > 0) & np.isfinite(s2) & (s2 > 0)
    if used.sum() < 3:
        return Noise(np.full(s2.shape, np.nan), np.full(s2.shape, np.nan))
    excess = max(0.0, float(np.median((s2 - by_chance)[used])))
    typical = np.where(np.isfinite(by_chance), by_chance, _mean(by_chance[used])) + excess
    ratio = np.where(np.isfinite(s2), s2, np.nan) / typical
    _, usual, common = moderated(np.where(used, ratio, np.nan), df)
    weight = np.where(np.isfinite(ratio), df, 0.0)
    whole = (common * usual + weight * np.nan_to_num(ratio)) / (common + weight)
    floor = np.where(np.isfinite(by_chance), by_chance, 0.0)
    return Noise(np.maximum(typical * whole, floor), common + weight)


# --- trend -------------------------------------------------------------------------------------------

TREND_POINTS = 5

#: A trend is called where its line would come about by noise in fewer than one case of forty. Half the usual
#: level, because each force has some twenty series and a year's movement lasts into the next.
TREND_LEVEL = 0.025

INCREASING, DECREASING, NO_CHANGE, UNKNOWN = (
    "increasing",
    "decreasing",
    "no significant change",
    "cannot be calculated",
)


@dataclass(frozen=True)
class Trend:
    """Recent trend: one of the four words, and what it rests on.

    `slope` is the change of the value for each period, on its own scale. `t` is the slope of the log values
    over its standard error and `p_value` that of noise alone. `consistent` tells whether the slope keeps its
    sign whichever point is left out. `rises` and `falls` count the steps from one period to the next;
    `last` is the last value, `overall` and `last_step` the change from the first period to it, and over the
    last step. `complete` marks a series of complete counts, of which the steps are returned and nothing is tested.
    """

    direction: str
    slope: float
    t: float
    p_value: float
    n: int
    consistent: bool
    rises: int = 0
    falls: int = 0
    overall: float = float("nan")
    last_step: float = float("nan")
    last: float = float("nan")
    complete: bool = False


def _unknown(n: int) -> Trend:
    return Trend(UNKNOWN, float("nan"), float("nan"), float("nan"), n, False)


def line_residuals(values: Any) -> np.ndarray:
    """What is left of each row of equally spaced values after its own straight line."""
    y = np.asarray(values, dtype=float)
    t = np.arange(y.shape[-1]) - (y.shape[-1] - 1) / 2
    slope = (y * t).sum(axis=-1, keepdims=True) / (t**2).sum()
    return y - y.mean(axis=-1, keepdims=True) - slope * t


def trend_noise(values: Any, chance: Any, *, pool: Any = True) -> Noise:
    """The noise of yearly figures about a straight line, for each unit (rows) from those of all units.

    Two parts: what all units of the pool share (a year that was odd everywhere), which has the three degrees
    of freedom that five points leave; and what is a unit's own, moderated towards that of the others
    (`moderated`). Their sum has Satterthwaite's (1946) degrees of freedom. Rows with a gap have none.
    """
    y, v = np.asarray(values, dtype=float), np.asarray(chance, dtype=float)
    whole = np.isfinite(y).all(axis=1)
    inside = np.broadcast_to(np.asarray(pool, dtype=bool), whole.shape) & whole
    left, free, n = line_residuals(y), y.shape[1] - 2, int(inside.sum())
    own_s2 = (left**2).sum(axis=1) / free
    by_chance = np.where(whole, v.mean(axis=1), np.nan)
    if n < 3:
        return Noise(np.maximum(own_s2, by_chance), np.where(whole, float(free), np.nan))
    shared = left[inside].mean(axis=0)
    common = float((shared**2).sum() / free)
    alone = ((left - shared) ** 2).sum(axis=1) / free * n / (n - 1)
    own = _pooled_noise(alone, by_chance, np.where(whole, float(free), 0.0), inside)
    variance = own.variance + common
    df = variance**2 / (common**2 / free + own.variance**2 / own.df)
    return Noise(np.where(whole, variance, np.nan), np.where(whole, df, np.nan))


def trend(
    model: Literal["rate", "proportion"],
    numerator: Any,
    denominator: Any,
    *,
    scale: float = 1.0,
    points: int = TREND_POINTS,
    noise: Noise | None = None,
) -> Trend:
    """Recent trend over the last five periods, judged by the noise of the series and not by chance alone.

    A trend is called when (1) the last five periods all have a figure, (2) a straight line through the log
    values (log-odds for proportions) has a slope that noise alone would give in fewer than one case of forty,
    (3) the slope has the same sign with any one of the five left out, so that one odd year cannot make a
    trend, and (4) the last figure lies beyond the first in that direction. The noise is the scatter about
    the line (quasi-Poisson: F with 1 and 3 degrees of freedom), or `noise` where that of other series is
    known too (`trend_noise`); never less than chance alone. Periods are equally spaced, oldest first.

    Conditions (1) and (3) are those of the Fingertips profiles (Office for Health Improvement and
    Disparities). Their chi-square test knows no noise but chance, and calls two flat series in five a trend
    where counts are large and scatter by 5% a year.
    """
    x, n = _pair(np.atleast_1d(numerator), np.atleast_1d(denominator))
    x, n = x[-points:], n[-points:]
    y, v = log_values(model, x, n)
    if len(x) < points or not np.isfinite(y).all():
        return _unknown(len(x))
    if noise is None:
        noise = Noise(float((line_residuals(y) ** 2).sum() / (points - 2)), points - 2)
    t = np.arange(points) - (points - 1) / 2
    slope = float((y * t).sum() / (t**2).sum())
    variance = max(float(noise.variance), float(v.mean()))
    score = slope / float(np.sqrt(variance / (t**2).sum()))
    p = float(t_p_value(score, noise.df))
    steps = described(scale * x / n)
    consistent = _one_sign(t, y)
    direction = NO_CHANGE
    if p < TREND_LEVEL and consistent and slope * steps.overall > 0:
        direction = INCREASING if slope > 0 else DECREASING
    return replace(steps, direction=direction, t=score, p_value=p, consistent=consistent, complete=False)


def described(values: Any, points: int = TREND_POINTS) -> Trend:
    """The steps of the last five values of a complete count, which chance does not move and no test judges.

    Increasing where each step is a rise, decreasing where each is a fall.
    """
    y = np.atleast_1d(np.asarray(values, dtype=float))[-points:]
    if len(y) < points or not np.isfinite(y).all():
        return replace(_unknown(len(y)), complete=True)
    steps = np.diff(y)
    rises, falls = int((steps > 0).sum()), int((steps < 0).sum())
    every = points - 1
    direction = INCREASING if rises == every else DECREASING if falls == every else NO_CHANGE
    t = np.arange(points) - (points - 1) / 2
    slope = float((y * t).sum() / (t**2).sum())
    nothing = float("nan")
    return Trend(
        direction,
        slope,
        nothing,
        nothing,
        points,
        _one_sign(t, y),
        rises,
        falls,
        overall=float(y[-1] - y[0]),
        last_step=float(steps[-1]),
        last=float(y[-1]),
        complete=True,
    )


def _one_sign(t: np.ndarray, y: np.ndarray) -> bool:
    """Whether the slope of a line keeps its sign whichever point is left out."""
    signs = {np.sign(_slope(t, y))}
    signs |= {np.sign(_slope(np.delete(t, place), np.delete(y, place))) for place in range(len(t))}
    return len(signs) == 1


def _slope(t: np.ndarray, y: np.ndarray) -> float:
    away = t - t.mean()
    # A flat line has a slope of exactly zero, not of the last binary digit.
    slope = float((away * (y - y.mean())).sum() / (away**2).sum())
    return slope if abs(slope) > 1e-12 * max(1.0, float(np.abs(y).max())) else 0.0
