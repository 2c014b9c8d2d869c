"""The force against its peers: averages, rank, limits, and the words "higher than expected".

A page never shows a figure alone. Everything here takes the frame that `measures.compute` returns, so
that charts, sentences and the claims ledger use one rule.

Two rules say whether a figure is as expected. The *funnel rule* (ours, used on the pages): the figure
lies outside the 95% limits around the middle of forces, after the limits are widened by the spread that
forces have beyond chance (additive over-dispersion, 10% winsorised and corrected for it). Middle and limits
are of one scale: square root for rates, arc-sine for shares, logarithm for ratios. The *distance rule*
(simpler, shown beside it): the figure lies more than one standard deviation from the mean of forces.
Neither says good or bad.

Changes, trends and places are judged by the noise that yearly figures of these forces have, which is many
times that of chance alone (`stats.yearly_noise`, `stats.trend_noise`).
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, TypeVar, cast

import numpy as np
import pandas as pd

from peelbook import measures, stats
from peelbook.errors import ParameterError
from peelbook.measures import Kind, Measure
from peelbook.measures._kinds import DISPARITY, PUBLISHED, RATE, SHARE

HIGHER = "higher than expected"
WITHIN = "within the expected range"
LOWER = "lower than expected"

#: Within the expected range, and more than one standard deviation of forces from the middle of it.
WELL_ABOVE, WELL_BELOW = "well above the average", "well below the average"

ROSE, FELL, STEADY = "rose", "fell", "no clear change"

#: The least number of other forces with a figure in a period for averages and places, and for limits.
LEAST_PEERS, LEAST_FOR_LIMITS = 5, 10

#: Below this many events in both periods together the exact test of chance is the starting point.
SMALL_TOTAL = 1000

#: The years before a period from which yearly noise is taken.
NOISE_YEARS = 10

#: The kinds of measure whose recent trend and change have a test: those with a count over a base.

#: Distance from the mean, in standard deviations, at which the distance rule speaks.
DISTANCE = 1.0

#: Counts below this are flagged: their rates move a great deal by chance (ONS practice for rates).
SMALL = 20


@dataclass(frozen=True)
class Averages:
    """Both averages of one period. HMICFRS's text fits the first, the table of its figure 4 the second.

    `mean_of_forces` is unweighted, `pooled` is total over total (`None` where the measure has no counts).
    `n_forces` counts the forces in the mean. `excluded` are the codes left out of the mean;
    `pooled_excluded` those left out of the total. `pooled_forces` counts the forces in the total, and `whole`
    tells that no other force of England and Wales is missing from it. Too few forces have no average: NaN
    and `None`.
    """

    mean_of_forces: float
    pooled: float | None
    n_forces: int
    sd: float
    excluded: tuple[str, ...] = ()
    pooled_excluded: tuple[str, ...] = ()
    pooled_forces: int = 0
    whole: bool = True

    @property
    def pooled_name(self) -> str:
        """Whose total the pooled average is: "England and Wales" only where all its forces are in it."""
        return _together(self.pooled_forces, whole=self.whole)


@dataclass(frozen=True)
class Comparison:
    """One force's figure in one period beside all others. False where the force has no figure.

    `rank` 1 is the highest of `n` forces with a figure; `tied` forces share it; `rank_interval` is its 95%
    interval and `interval` that of the value (`None` for complete counts such as a headcount). `funnel_verdict` is `HIGHER`, `WITHIN` or `LOWER` by
    the funnel rule (`None` where the measure has no limits or the force is left out of them), `distance_verdict` by the distance rule.
    `outside_limits` is `"99.8%"`, `"95%"` or `""`: the widest limits the value lies outside. `limits` and
    `outer_limits` are the 95% and 99.8% limits for a force of this size, and `middle` what they lie about. `small`
    tells that the count is below 20. `left_out` tells that the force itself is not in the averages and limits.
    `highest` and `lowest` are a force and its figure, `highest_tied` and `lowest_tied` how many share it.

    With fewer than `LEAST_PEERS` other forces in the period there is nothing to compare with: no averages, rank or
    verdict. `earlier` is then the comparison in the last period that has enough (`None` where there is none).
    """

    force_code: str
    period_end: pd.Timestamp
    measure_id: str
    dimension: Mapping[str, Any]
    value: float | None
    numerator: float | None
    denominator: float | None
    averages: Averages
    n: int
    interval: stats.Interval | None = None
    rank: int | None = None
    tied: int = 1
    rank_interval: tuple[int, int] | None = None
    funnel_verdict: str | None = None
    distance_verdict: str | None = None
    outside_limits: str = ""
    z: float | None = None
    sd_distance: float | None = None
    limits: stats.Interval | None = None
    outer_limits: stats.Interval | None = None
    dispersion: stats.Dispersion | None = None
    highest: tuple[str, float] | None = None
    lowest: tuple[str, float] | None = None
    small: bool = False
    left_out: bool = False
    middle: float | None = None
    highest_tied: int = 1
    lowest_tied: int = 1
    earlier: Comparison | None = None

    def __bool__(self) -> bool:
        return self.value is not None

    @property
    def measure(self) -> Measure | None:
        """The measure compared, where the frame named one."""
        return measures.registry()[self.measure_id] if self.measure_id else None

    @property
    def target(self) -> float:
        """The middle of the limits: the mean of forces on their scale; the plain mean without limits."""
        return self.averages.mean_of_forces if self.middle is None else self.middle

    @property
    def alone(self) -> bool:
        """Whether too few other forces have a figure in the period to compare with."""
        return bool(self) and self.n <= LEAST_PEERS

    @property
    def lean(self) -> str:
        """Where a figure within the limits lies: `WELL_ABOVE` or `WELL_BELOW` beyond one standard deviation."""
        if self.funnel_verdict != WITHIN or self.z is None or abs(self.z) <= DISTANCE:
            return ""
        return WELL_ABOVE if self.z > 0 else WELL_BELOW


@dataclass(frozen=True)
class Change:
    """One force's change between two periods, compared with those of all `n` forces that have both figures.

    `direction` is `ROSE`, `FELL` or `STEADY` by chance and the usual yearly ups and downs, at 5% after the
    correction for `n` forces. `verdict` says where the change lies among the changes of all forces (`None`
    for a force that the limits leave out), and `against_most` tells that most of the others moved the other way.
    """

    direction: str
    verdict: str | None
    n: int
    against_most: bool = False


#: How much wider limits must be for one force than for another before a chart shows them by size.
SIZE_MATTERS = 1.2


@dataclass(frozen=True)
class Funnel:
    """What a funnel chart draws.

    `points`: force_code, size, value, z, funnel_verdict, left_out. `curves`: size, low_95, high_95, low_998,
    high_998. Sizes are denominators, values are on the measure's scale.
    """

    points: pd.DataFrame
    curves: pd.DataFrame
    target: float
    averages: Averages
    dispersion: stats.Dispersion

    @property
    def by_size(self) -> bool:
        """Whether limits depend on size: the widest 95% limits are at least a fifth wider than the narrowest.

        Where forces differ by far more than chance, all have nearly the same limits, and a funnel would suggest
        that size explains something (Spiegelhalter 2005, section 3.3, advises against it).
        """
        width = self.curves["high_95"] - self.curves["low_95"]
        return bool(width.max() >= SIZE_MATTERS * width.min())


@dataclass(frozen=True)
class _Rules:
    """How the figures of a frame are compared: its measure's kind, scale and the forces left out."""

    kind: Kind
    scale: float
    excluded: tuple[str, ...]
    measure_id: str = ""
    dimension: Mapping[str, Any] = field(default_factory=dict)
    has_sampling_error: bool = True
    has_verdict: bool = True
    given: bool = False  # a ratio whose denominator chance does not move

    @property
    def model(self) -> stats.Model | None:
        """How chance moves the figure."""
        return self.kind.model_given if self.given else self.kind.model


def _rules(frame: pd.DataFrame, measure: Measure | str | None) -> _Rules:
    """Rules from the argument, else from what `measures.compute` noted on the frame, else from the figures."""
    name = measure if measure is not None else frame.attrs.get("measure")
    if name is not None:
        found = name if isinstance(name, Measure) else measures.registry()[name]
        dimension = frame.attrs.get("dimension", {})
        return _Rules(
            found.kind,
            found.scale,
            found.excluded,
            found.id,
            dimension,
            found.has_sampling_error,
            found.has_verdict,
            not found.denominator_has_sampling_error,
        )
    # A bare frame: the scale is whatever turns the quotient into the value.
    quotient = frame["numerator"] / frame["denominator"].where(frame["denominator"] > 0)
    known = frame["value"].notna() & (quotient > 0)
    if not known.any():
        return _Rules(PUBLISHED, 1.0, ())
    scale = float((frame["value"] / quotient)[known].median())
    whole = bool((frame["numerator"] <= frame["denominator"])[known].all())
    return _Rules(SHARE if np.isclose(scale, 1) and whole else RATE, scale, ())


def at_period(frame: pd.DataFrame, period_end: Any) -> pd.DataFrame:
    """The rows of one period, by force. Raises `ParameterError` where no force has a figure."""
    day = pd.Timestamp(period_end)
    rows = frame[(frame["period_end"] == day) & frame["value"].notna()]
    if rows.empty:
        known = sorted(frame["period_end"].unique())
        span = f"{known[0]:%Y-%m-%d} to {known[-1]:%Y-%m-%d}" if known else "none"
        raise ParameterError(
            f"No force has a figure for the period ending {day:%Y-%m-%d}. Fix: use one of {len(known)} periods, {span}."
        )
    _one_figure_each(rows, ["force_code"])
    return rows.reset_index(drop=True)


def _one_figure_each(rows: pd.DataFrame, by: Sequence[str] = ("force_code", "period_end")) -> None:
    if rows[by[0]].duplicated().any() if len(by) == 1 else rows.duplicated(list(by)).any():
        raise ParameterError(
            "A force has two figures in one period. Fix: pick one value of the breakdown first."
        )


def _left_out(rules: _Rules) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The forces left out of the mean, and of the total, by a measure's own exclusions."""
    # One small force moves an unweighted mean, and not a total; outcome tables leave it out of both.
    return rules.excluded, rules.excluded if rules.kind.apart else ()


def averages(
    frame: pd.DataFrame, *, exclude: Iterable[str] | None = None, measure: Measure | str | None = None
) -> Averages:
    """Both averages of a frame that holds one period.

    `exclude` are force codes to leave out of both; by default a measure's own exclusions: out of the mean,
    and, for shares of outcomes, out of the total too (as in HMICFRS's figure 4). Raises `ParameterError`
    where the frame holds several periods.
    """
    rows = frame[frame["value"].notna()]
    if rows["period_end"].nunique() > 1:
        raise ParameterError("averages() takes one period. Fix: select it with at_period(frame, period_end).")
    rules = _rules(frame, measure)
    if exclude is not None:
        out = pooled_out = tuple(exclude)
    else:
        out, pooled_out = _left_out(rules)
    in_mean = rows[~rows["force_code"].isin(out)]
    in_total = rows[~rows["force_code"].isin(pooled_out)]
    # A mean of a force and one other says nothing about "forces".
    enough = len(rows) > LEAST_PEERS
    return Averages(
        mean_of_forces=float(in_mean["value"].mean()) if enough else float("nan"),
        pooled=_pooled(in_total, rules) if enough else None,
        n_forces=len(in_mean),
        sd=float(in_mean["value"].std(ddof=1)) if enough else float("nan"),
        excluded=tuple(code for code in out if code in set(rows["force_code"])),
        pooled_excluded=tuple(code for code in pooled_out if code in set(rows["force_code"])),
        pooled_forces=len(in_total),
        whole=len(in_total) >= _forces_wanted(frame, pooled_out),
    )


def together(count: int, frame: pd.DataFrame, out: Iterable[str] = ()) -> str:
    """What a total of some forces is called: "England and Wales" where none but those in `out` is missing.

    `frame` is one of `measures.compute`, which knows how many forces there are.
    """
    return _together(count, whole=count >= _forces_wanted(frame, out))


def _together(count: int, *, whole: bool) -> str:
    return "England and Wales" if whole else f"{count} forces"


def _forces_wanted(frame: pd.DataFrame, out: Iterable[str]) -> int:
    """How many forces a national total needs; those of the frame where it does not say."""
    everyone = frame.attrs.get("forces", 0)
    # The forces that a measure leaves out of its total are all forces of England and Wales.
    return everyone - len(tuple(out)) if everyone else 0


def peers_period(frame: pd.DataFrame, period_end: Any) -> pd.Timestamp | None:
    """The last period up to one in which more than `LEAST_PEERS` forces have a figure, `None` where there is none.

    A force may have a newer year than all others: it is not its own average.
    """
    day = pd.Timestamp(period_end)
    rows = frame[frame["value"].notna() & (frame["period_end"] <= day)]
    counts = rows.groupby("period_end")["force_code"].nunique()
    enough = counts[counts > LEAST_PEERS]
    return None if enough.empty else pd.Timestamp(enough.index.max())


def averages_through_time(frame: pd.DataFrame) -> pd.DataFrame:
    """Both averages of every period of a frame: columns period_end, pooled, mean_of_forces; by period.

    The same figures as `averages` gives period by period, but for `pooled` where a force is missing: a line of
    England and Wales that loses and gains forces would move with them, so it has a gap there (NaN).
    Raises `ParameterError` where a force has two figures in one period.
    """
    key = "averages", _content(frame), repr(_rules(frame, None))
    return _once(key, lambda: _averages_through_time(frame)).copy(deep=False)  # pandas copies on write


def _averages_through_time(frame: pd.DataFrame) -> pd.DataFrame:
    rows = frame[frame["value"].notna()]
    _one_figure_each(rows)
    rules = _rules(frame, None)
    out, pooled_out = _left_out(rules)
    in_mean = rows[~rows["force_code"].isin(out)]
    in_total = rows[~rows["force_code"].isin(pooled_out)]
    counts = rows.groupby("period_end")["force_code"].nunique()
    enough = counts.index[counts > LEAST_PEERS]
    means = in_mean.groupby("period_end")["value"].mean()
    pooled = _pooled_through_time(in_total, rules, _forces_wanted(frame, pooled_out))
    days = pd.Index(sorted(rows["period_end"].unique()), name="period_end")
    peers = days.isin(enough)
    return pd.DataFrame(
        {
            "period_end": list(days),
            "pooled": pooled.reindex(days).astype("float64").where(peers).to_numpy(),
            "mean_of_forces": means.reindex(days).astype("float64").where(peers).to_numpy(),
        }
    )


def _pooled_through_time(rows: pd.DataFrame, rules: _Rules, wanted: int) -> pd.Series:
    """`_pooled` of each period in which at least so many forces are `wanted`, by period."""
    ends = rows["period_end"].to_numpy()
    order = np.argsort(ends, kind="stable")
    days, starts = np.unique(ends[order], return_index=True)
    counts = {name: rows[name].to_numpy(dtype=float, na_value=np.nan)[order] for name in _counted(rules)}
    found = []
    for first, last in pairwise([*starts, len(order)]):
        enough = bool(counts) and last - first >= wanted
        found.append(
            _total_over_total({n: v[first:last] for n, v in counts.items()}, rules) if enough else None
        )
    return pd.Series(found, index=pd.Index(days), dtype=object)


def _pooled(rows: pd.DataFrame, rules: _Rules) -> float | None:
    """Total over total; a disparity is the ratio of the two total rates. `None` without counts."""
    counts = {name: rows[name].to_numpy(dtype=float, na_value=np.nan) for name in _counted(rules)}
    return _total_over_total(counts, rules)


def _counted(rules: _Rules) -> tuple[str, ...]:
    """The columns that a pooled average adds up; none where the measure has no counts."""
    return rules.kind.columns if rules.kind.pooled else ()


def _total_over_total(counts: Mapping[str, np.ndarray], rules: _Rules) -> float | None:
    if not counts or np.isnan(counts.get("denominator", np.zeros(1))).any():
        return None
    with contextlib.suppress(ZeroDivisionError):
        return rules.kind.total([float(np.nansum(column)) for column in counts.values()], rules.scale)[0]
    return None


@dataclass(frozen=True)
class _Scored:
    """All forces of one period, scored: the working table behind every public function."""

    rows: pd.DataFrame
    rules: _Rules
    averages: Averages
    left_out: np.ndarray
    z: np.ndarray
    error: np.ndarray
    dispersion: stats.Dispersion | None
    middle: float
    distance: np.ndarray


def _counts(rows: pd.DataFrame, rules: _Rules) -> tuple[np.ndarray, np.ndarray]:
    """The two counts behind each value: a change has the later and the earlier one."""
    top, bottom = rows["numerator"].to_numpy(dtype=float), rows["denominator"].to_numpy(dtype=float)
    return top + rules.kind.less * bottom, np.where(bottom > 0, bottom, np.nan)


def _score(frame: pd.DataFrame, period_end: Any, measure: Measure | str | None) -> _Scored:
    rows = at_period(frame, period_end)
    rules = _rules(frame, measure)
    both = averages(rows, measure=measure if measure is not None else rules.measure_id or None)
    out = rows["force_code"].isin(rules.excluded).to_numpy()
    z = error = np.full(len(rows), np.nan)
    dispersion, middle = None, float("nan")
    if len(rows) <= LEAST_FOR_LIMITS:
        pass  # too few forces to know how far they usually lie apart
    elif rules.kind == DISPARITY:
        logs = np.log(rows["value"].where(rows["value"] > 0)).to_numpy(dtype=float)
        counts = rows[["group_count", "reference_count"]].where(lambda cell: cell > 0)
        error = np.sqrt((1 / counts).sum(axis=1, skipna=False)).to_numpy(dtype=float)
        inside = logs[~out & np.isfinite(logs)]
        centre = float(inside.mean()) if inside.size else float("nan")
        naive = (logs - centre) / error
        dispersion = stats.estimate_dispersion(np.where(out, np.nan, naive), error)
        z, middle = (logs - centre) / dispersion.error(error), float(np.exp(centre))
    elif rules.model is not None:
        top, bottom = _counts(rows, rules)
        scores = stats.funnel_scores(rules.model, top, bottom, scale=rules.scale, include=~out)
        z, error, dispersion = scores.adjusted, scores.error, scores.dispersion
        middle = scores.target - rules.kind.less
    spread = both.sd if both.sd > 0 else np.nan
    distance = (rows["value"].to_numpy(dtype=float) - both.mean_of_forces) / spread
    return _Scored(rows, rules, both, out, z, error, dispersion, middle, distance)


def _word(score: float, cut: float) -> str | None:
    if not np.isfinite(score):
        return None
    return HIGHER if score > cut else LOWER if score < -cut else WITHIN


def _funnel_verdicts(scored: _Scored) -> list[str | None]:
    """The funnel rule's word for each force; none for a force that the limits leave out."""
    if not scored.rules.has_verdict:
        return [None] * len(scored.rows)
    cut = stats.z_value(stats.ALERT)
    return [None if out else _word(z, cut) for z, out in zip(scored.z, scored.left_out, strict=True)]


def _distance_verdicts(scored: _Scored) -> list[str | None]:
    """The distance rule's word for each force; numbers of different-sized forces have none."""
    if not (scored.rules.has_verdict or scored.rules.kind == PUBLISHED):
        return [None] * len(scored.rows)
    return [
        None if out else _word(d, DISTANCE) for d, out in zip(scored.distance, scored.left_out, strict=True)
    ]


def _logs(frame: pd.DataFrame, rules: _Rules) -> tuple[np.ndarray, np.ndarray]:
    """Each figure on the scale of its logarithm (log-odds for shares), and its variance by chance alone."""
    if rules.kind == DISPARITY:
        group, reference = (
            frame[name].where(frame[name] > 0).to_numpy(dtype=float)
            for name in ("group_count", "reference_count")
        )
        return np.log(frame["value"].where(frame["value"] > 0)).to_numpy(
            dtype=float
        ), 1 / group + 1 / reference
    if rules.model is None:
        return np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    top, bottom = _counts(frame, rules)
    if rules.model == "proportion":
        return stats.log_values("proportion", top, bottom)
    logs, chance = stats.log_values("rate", top, bottom)
    return logs, chance if rules.model == "rate" else chance + 1 / (bottom + 0.5)


@dataclass(frozen=True)
class _Panel:
    """Figures on the log scale: forces in rows, years in columns up to one day, oldest first."""

    codes: pd.Index
    years: list[pd.Timestamp]
    logs: np.ndarray
    chance: np.ndarray
    pool: np.ndarray


def _panel(frame: pd.DataFrame, rules: _Rules, period_end: Any, years: int) -> _Panel:
    """The figures of all forces in the years to a day; years step back by twelve months."""
    end = pd.Timestamp(period_end)
    ends = [end - pd.DateOffset(years=back) for back in range(years - 1, -1, -1)]
    year = pd.DatetimeIndex(ends).get_indexer(frame["period_end"])
    inside = (year >= 0) & frame["value"].notna().to_numpy()
    rows = frame[inside]
    place, codes = pd.factorize(rows["force_code"], sort=True)
    cells = place, year[inside]
    if len(set(zip(*cells, strict=True))) < len(rows):
        _one_figure_each(rows)
    y, v = (np.full((len(codes), years), np.nan) for _ in range(2))
    y[cells], v[cells] = _logs(rows, rules)
    return _Panel(codes, ends, y, v, ~codes.isin(rules.excluded))


def _places(scored: _Scored, frame: pd.DataFrame) -> stats.Interval:
    """Rank intervals, with the noise that yearly figures of these forces have; each holds the place by value.

    None for complete counts, whose order chance does not touch, and where too few years are known to estimate
    the noise: an interval by chance alone would claim a certainty that places do not have. A figure without a logarithm (a
    ratio of zero, a share above one) has no interval, and still lies above or below the others.
    """
    rows, rules = scored.rows, scored.rules
    nothing = stats.Interval(np.full(len(rows), np.nan), np.full(len(rows), np.nan))
    if not rules.has_sampling_error or len(rows) <= LEAST_PEERS:
        return nothing
    panel = _panel(frame, rules, rows["period_end"].iloc[0], NOISE_YEARS)
    if not panel.pool.any():
        return nothing
    noise = stats.yearly_noise(panel.logs, panel.chance, pool=panel.pool)
    order = panel.codes.get_indexer(rows["force_code"])
    error = np.sqrt(np.maximum(noise.variance, panel.chance[:, -1]))[order]
    low, high = stats.rank_intervals(panel.logs[order, -1], error, df=noise.df[order], pool=panel.pool[order])
    values = rows["value"].to_numpy(dtype=float)
    aside = (values[np.isnan(low)][None, :] > values[:, None]).sum(axis=1)
    places = stats.ranks(values)
    return stats.Interval(np.minimum(low + aside, places), np.maximum(high + aside, places))


#: What was worked out of all forces so far, by what the frames hold.
_KNOWN: dict[Any, Any] = {}
_MOST_KNOWN = 512

T = TypeVar("T")


def _once(key: Any, make: Callable[[], T]) -> T:
    """What belongs to a key, made at most once. Not a copy: do not change it."""
    if key not in _KNOWN:
        found = make()
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[key] = found
    return cast(T, _KNOWN[key])


def _scored_places(
    frame: pd.DataFrame, period_end: Any, measure: Measure | str | None
) -> tuple[_Scored, stats.Interval]:
    """All forces of one period, scored, and their rank intervals: worked out once, and not to be changed.

    They are the same for each force that is compared, and half of what a section compares it compares twice.
    """

    def made() -> tuple[_Scored, stats.Interval]:
        scored = _score(frame, period_end, measure)
        return scored, _places(scored, frame)

    return _once(("scored", _content(frame), pd.Timestamp(period_end), repr(_rules(frame, measure))), made)


def _content(frame: pd.DataFrame) -> bytes:
    """A digest of what is compared of a frame: its forces, periods and figures."""
    digest = hashlib.blake2b(repr(frame.attrs.get("forces")).encode())
    for name, values in frame.items():
        digest.update(f"{name} {values.dtype}".encode())
        if isinstance(values.dtype, np.dtype) and values.dtype.kind in "biufM":
            digest.update(values.to_numpy().tobytes())
        elif name == "force_code" or pd.api.types.is_numeric_dtype(values):
            digest.update(repr(values.tolist()).encode())
    return digest.digest()


def precompute(frame: pd.DataFrame, period_end: Any) -> None:
    """Score a period and average all, in a process that forks many short ones. Raises as `against_peers`."""
    _scored_places(frame, period_end, None)
    averages_through_time(frame)


def against_peers(
    frame: pd.DataFrame,
    force_code: str,
    period_end: Any,
    *,
    measure: Measure | str | None = None,
) -> Comparison:
    """Compare one force with all others in one period.

    `frame` is what `measures.compute` returned (which tells the measure), or any frame of its columns.
    A force without a figure gives a `Comparison` that is false and still holds the averages. With too few
    other forces in the period (`LEAST_PEERS`), the comparison of the last period that has them is `earlier`. Raises
    `ParameterError` where no force has a figure in the period.
    """
    scored, (best, worst) = _scored_places(frame, period_end, measure)
    rows, rules = scored.rows, scored.rules
    top, low = rows.loc[rows["value"].idxmax()], rows.loc[rows["value"].idxmin()]
    base = {
        "force_code": force_code,
        "period_end": pd.Timestamp(period_end),
        "measure_id": rules.measure_id,
        "dimension": dict(rules.dimension),
        "averages": scored.averages,
        "n": len(rows),
        "highest": (str(top["force_code"]), float(top["value"])),
        "lowest": (str(low["force_code"]), float(low["value"])),
        "highest_tied": int((rows["value"] == top["value"]).sum()),
        "lowest_tied": int((rows["value"] == low["value"]).sum()),
        "dispersion": scored.dispersion,
        "middle": _known(scored.middle),
        "left_out": force_code in rules.excluded,
        "earlier": None if len(rows) > LEAST_PEERS else _with_peers(frame, force_code, period_end, measure),
    }
    places = np.flatnonzero(rows["force_code"].to_numpy() == force_code)
    if not places.size:
        return Comparison(value=None, numerator=None, denominator=None, **base)
    place = int(places[0])
    value = float(rows["value"].iloc[place])
    rank = int(stats.ranks(rows["value"])[place]) if len(rows) > LEAST_PEERS else None
    z, distance = scored.z[place], scored.distance[place]
    limits, outer = (_limits_at(scored, place, confidence) for confidence in (stats.ALERT, stats.ALARM))
    return Comparison(
        value=value,
        numerator=_known(rows["numerator"].iloc[place]),
        denominator=_known(rows["denominator"].iloc[place]),
        interval=_interval(rows.iloc[[place]], rules),
        rank=rank,
        tied=int((rows["value"] == value).sum()),
        rank_interval=(int(best[place]), int(worst[place])) if np.isfinite(best[place]) else None,
        funnel_verdict=_funnel_verdicts(scored)[place],
        distance_verdict=_distance_verdicts(scored)[place],
        outside_limits="" if scored.left_out[place] else _beyond(z),
        z=_known(z),
        sd_distance=_known(distance),
        limits=limits,
        outer_limits=outer,
        small=bool(_small(rows, rules)[place]),
        **base,
    )


def _with_peers(
    frame: pd.DataFrame, force_code: str, period_end: Any, measure: Measure | str | None
) -> Comparison | None:
    """The comparison in the last period before one that has enough forces, `None` where there is none."""
    day = peers_period(frame, pd.Timestamp(period_end))
    return None if day is None else against_peers(frame, force_code, day, measure=measure)


def _known(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _beyond(z: float) -> str:
    if not np.isfinite(z):
        return ""
    return (
        "99.8%"
        if abs(z) > stats.z_value(stats.ALARM)
        else "95%"
        if abs(z) > stats.z_value(stats.ALERT)
        else ""
    )


def _small(rows: pd.DataFrame, rules: _Rules) -> np.ndarray:
    """Whether the count behind each row's figure is below `SMALL`."""
    known = [name for name in rules.kind.small if name in rows]
    return (rows[known].to_numpy(dtype=float) < SMALL).any(axis=1)


def _limits(scored: _Scored, confidence: float) -> stats.Interval:
    """The limits for a force of each one's size, on the scale of the value, as arrays; NaN where there are none."""
    rules, target = scored.rules, scored.middle
    nothing = np.full(len(scored.rows), np.nan)
    if scored.dispersion is None:
        return stats.Interval(nothing, nothing)
    if rules.kind == DISPARITY or rules.model == "ratio":
        half = stats.z_value(confidence) * scored.dispersion.error(scored.error)
        less = rules.kind.less
        base = target + less
        low, high = base * np.exp(-half) - less, base * np.exp(half) - less
    else:
        low, high = stats.funnel_limits(
            rules.model or "rate",
            target,
            _counts(scored.rows, rules)[1],
            scale=rules.scale,
            confidence=confidence,
            dispersion=scored.dispersion,
        )
    known = np.isfinite(scored.z)
    return stats.Interval(np.where(known, low, np.nan), np.where(known, high, np.nan))


def _limits_at(scored: _Scored, place: int, confidence: float) -> stats.Interval | None:
    """The limits for a force of this one's size, or `None` where it has no score."""
    low, high = _limits(scored, confidence)
    scored_here = scored.dispersion is not None and np.isfinite(scored.z[place])
    return stats.Interval(float(low[place]), float(high[place])) if scored_here else None


def _interval(rows: pd.DataFrame, rules: _Rules) -> stats.Interval | None:
    """The 95% interval of the value of one row, or `None` where the measure has no counts."""
    low, high = intervals(rows, rules)
    return stats.Interval(float(low[0]), float(high[0])) if np.isfinite(low[0]) else None


def intervals(frame: pd.DataFrame, measure: Measure | str | _Rules | None = None) -> stats.Interval:
    """95% intervals of all values of a frame, as two arrays in row order (NaN where there is none).

    What chance alone could do to a figure: Wilson for shares, Byar or exact for rates and for ratios over a
    complete count (crimes per officer), log-normal for other ratios, disparity ratios and changes. None for
    complete counts (staff, residents, money), which chance does not touch.
    """
    rules = measure if isinstance(measure, _Rules) else _rules(frame, measure)
    nothing = np.full(len(frame), np.nan)
    if rules.kind == DISPARITY:
        return stats.ratio_interval(
            *(
                frame[name].to_numpy(dtype=float)
                for name in (
                    "group_count",
                    "group_population_count",
                    "reference_count",
                    "reference_population_count",
                )
            )
        )
    if rules.model is None or not rules.has_sampling_error:
        return stats.Interval(nothing, nothing)
    top, bottom = _counts(frame, rules)
    if rules.model == "rate":
        return stats.rate_interval(top, bottom, rules.scale)
    if rules.model == "proportion":
        # More orders than incidents is possible: such a quotient is no proportion and has no interval.
        return stats.wilson(np.where(top <= bottom, top, np.nan), bottom)
    low, high = stats.ratio_interval(top, 1.0, bottom, 1.0)
    low, high = (rules.scale * np.asarray(end) - rules.kind.less for end in (low, high))
    return stats.Interval(low, high)


def ranked(frame: pd.DataFrame, period_end: Any, *, measure: Measure | str | None = None) -> pd.DataFrame:
    """All forces of one period, highest first: what a ski slope, a tile map and a table draw.

    Columns: force_code, value, numerator, denominator, low, high (95% interval), rank, rank_low,
    rank_high, z, funnel_verdict, outside_limits, sd_distance, distance_verdict, small, left_out, lower_limit, upper_limit (the 95%
    limits for a force of this size). With too few forces (`LEAST_PEERS`) there are no ranks.
    """
    scored, (best, worst) = _scored_places(frame, period_end, measure)
    rows = scored.rows
    low, high = intervals(rows, scored.rules)
    places = stats.ranks(rows["value"]) + (0 if len(rows) > LEAST_PEERS else np.nan)
    lower, upper = _limits(scored, stats.ALERT)
    table = pd.DataFrame(
        {
            "force_code": rows["force_code"],
            "value": rows["value"],
            "numerator": rows["numerator"],
            "denominator": rows["denominator"],
            "low": low,
            "high": high,
            "rank": pd.array(places, dtype="Float64").astype("Int64"),
            "rank_low": pd.array(best, dtype="Float64").astype("Int64"),
            "rank_high": pd.array(worst, dtype="Float64").astype("Int64"),
            "z": scored.z,
            "funnel_verdict": _funnel_verdicts(scored),
            "outside_limits": [
                "" if out else _beyond(z) for z, out in zip(scored.z, scored.left_out, strict=True)
            ],
            "sd_distance": scored.distance,
            "distance_verdict": _distance_verdicts(scored),
            "small": _small(rows, scored.rules),
            "left_out": scored.left_out,
            "lower_limit": lower,
            "upper_limit": upper,
        }
    )
    return table.sort_values(["value", "force_code"], ascending=[False, True], ignore_index=True)


def expected_rules(
    frame: pd.DataFrame, period_end: Any, *, measure: Measure | str | None = None
) -> pd.DataFrame:
    """Both rules for "higher or lower than expected" for every force, to set beside printed labels.

    Columns: force_code, value, z, funnel_rule, sd_distance, distance_rule, agree. A rule that cannot speak
    (a published rate has no limits) is missing, and so is `agree`.
    """
    table = ranked(frame, period_end, measure=measure)
    known = table["funnel_verdict"].notna() & table["distance_verdict"].notna()
    return pd.DataFrame(
        {
            "force_code": table["force_code"],
            "value": table["value"],
            "z": table["z"],
            "funnel_rule": table["funnel_verdict"],
            "sd_distance": table["sd_distance"],
            "distance_rule": table["distance_verdict"],
            "agree": (table["funnel_verdict"] == table["distance_verdict"]).astype("boolean").where(known),
        }
    ).sort_values("force_code", ignore_index=True)


def funnel(
    frame: pd.DataFrame, period_end: Any, *, measure: Measure | str | None = None, points: int = 120
) -> Funnel:
    """The points and curves of a funnel chart of one period, about the middle of its limits.

    Curves run over the sizes (denominators) that the forces have, evenly on the square-root scale, where
    funnels bend. Raises `ParameterError` for a measure without limits by size.
    """
    scored = _score(frame, period_end, measure)
    if not scored.rules.kind.tested:
        raise ParameterError(
            f"A {scored.rules.kind} has no funnel. Fix: use a rate or a share, or ranked() for its intervals."
        )
    if scored.dispersion is None:
        raise ParameterError(
            f"A funnel needs more than {LEAST_FOR_LIMITS} forces; {len(scored.rows)} have a figure for the period ending "
            f"{pd.Timestamp(period_end):%Y-%m-%d}. Fix: use a period with more, or ranked()."
        )
    rows = scored.rows
    sizes = rows["denominator"].to_numpy(dtype=float)
    grid = np.linspace(np.sqrt(sizes.min()) * 0.95, np.sqrt(sizes.max()) * 1.02, points) ** 2
    curves = {"size": grid}
    for name, confidence in (("95", stats.ALERT), ("998", stats.ALARM)):
        low, high = stats.funnel_limits(
            scored.rules.model or "rate",
            scored.middle,
            grid,
            scale=scored.rules.scale,
            confidence=confidence,
            dispersion=scored.dispersion,
        )
        curves |= {f"low_{name}": low, f"high_{name}": high}
    table = pd.DataFrame(
        {
            "force_code": rows["force_code"],
            "size": sizes,
            "value": rows["value"],
            "z": scored.z,
            "funnel_verdict": _funnel_verdicts(scored),
            "left_out": scored.left_out,
        }
    )
    return Funnel(table, pd.DataFrame(curves), scored.middle, scored.averages, scored.dispersion)


def changes(
    frame: pd.DataFrame,
    period_end: Any,
    earlier_end: Any,
    *,
    measure: Measure | str | None = None,
    correction: Literal["holm", "benjamini-hochberg"] = "holm",
) -> pd.DataFrame:
    """Every force's change between two periods, with a test that allows for yearly noise and many forces.

    Columns: force_code, value, earlier_value, effect (ratio for rates, difference for shares), low, high
    (its 95% interval), p_value (of chance and the usual yearly ups and downs), p_adjusted, direction (`ROSE`,
    `FELL` or `STEADY` at 5% after correction), z (of the change against the mean change of forces, with
    over-dispersion) and verdict (that z in words). The noise is that of the other years of the frame, or,
    where it has no others, the spread of this change between forces; with neither there is no p value. Only
    rates and shares have a test. Raises `ParameterError`.
    """
    rules = _rules(frame, measure)
    if not rules.kind.tested:
        raise ParameterError(f"A {rules.kind} has no change test. Fix: use a rate or a share.")
    both = at_period(frame, period_end).merge(
        at_period(frame, earlier_end), on="force_code", suffixes=("", "_earlier")
    )
    x, n, y, m = (
        both[name].to_numpy(dtype=float)
        for name in ("numerator", "denominator", "numerator_earlier", "denominator_earlier")
    )
    if rules.model == "proportion":
        # More orders than incidents is possible: such a quotient is no proportion and has no test.
        proper = (x <= n) & (y <= m)
        x, y = np.where(proper, x, np.nan), np.where(proper, y, np.nan)
    test, model = (
        (stats.rate_change, "rate") if rules.model == "rate" else (stats.proportion_change, "proportion")
    )
    found = test(x, n, y, m)
    noise = _change_noise(frame, rules, both["force_code"], period_end, earlier_end)
    (now, v1), (before, v0) = (stats.log_values(model, *pair) for pair in ((x, n), (y, m)))  # type: ignore[arg-type]
    error = np.sqrt(np.maximum(2 * noise.variance, v1 + v0))
    # The log of a small count is far from normal: there the score is that of the exact test. Noise weakens it.
    by_chance = np.sqrt(v1 + v0)
    exact = np.abs(stats.z_of(np.asarray(found.p_value, dtype=float)))
    score = np.where(x + y < SMALL_TOTAL, exact, np.abs(now - before) / by_chance)
    p = np.maximum(stats.t_p_value(score * by_chance / error, noise.df), found.p_value)
    adjust = stats.holm if correction == "holm" else stats.benjamini_hochberg
    p_adjusted = adjust(p)
    sign = np.asarray(found.effect) - (1 if rules.model == "rate" else 0)
    words = np.where(p_adjusted < 0.05, np.where(sign > 0, ROSE, FELL), STEADY)
    low, high = _change_interval(found, now - before, error, noise.df, rules, (x + y) / (n + m))
    z, out = _beside_others(both, rules, x, n, y, m)
    cut = stats.z_value(stats.ALERT)
    return pd.DataFrame(
        {
            "force_code": both["force_code"],
            "value": both["value"],
            "earlier_value": both["value_earlier"],
            "effect": found.effect,
            "low": low,
            "high": high,
            "p_value": p,
            "p_adjusted": p_adjusted,
            "direction": words,
            "z": z,
            "verdict": [None if left else _word(score, cut) for score, left in zip(z, out, strict=True)],
        }
    )


def _change_noise(
    frame: pd.DataFrame, rules: _Rules, codes: pd.Series, period_end: Any, earlier_end: Any
) -> stats.Noise:
    """The noise of one year of each force, from the changes of other years than the two compared."""
    end, start = pd.Timestamp(period_end), pd.Timestamp(earlier_end)
    apart = round((end - start).days / 365.25)
    panel = _panel(frame, rules, end, NOISE_YEARS)
    if start not in panel.years:
        # Two periods that are not whole years apart: their own spread is all there is.
        pair = frame[frame["period_end"].isin([start, end])].assign(
            period_end=lambda rows: rows["period_end"].map({start: end - pd.DateOffset(years=1), end: end})
        )
        pair.attrs = frame.attrs
        panel, apart = _panel(pair, rules, end, 2), 1
    noise = stats.yearly_noise(
        panel.logs, panel.chance, pool=panel.pool, tested=len(panel.years) - 1 if apart == 1 else None
    )
    order = panel.codes.get_indexer(codes)
    return stats.Noise(noise.variance[order], noise.df[order])


def _change_interval(
    found: stats.Change,
    moved: np.ndarray,
    error: np.ndarray,
    df: np.ndarray,
    rules: _Rules,
    share: np.ndarray,
) -> stats.Interval:
    """The 95% interval of a change with yearly noise, never narrower than by chance alone."""
    half = stats.t_value(stats.ALERT, df) * error
    effect = np.asarray(found.effect, dtype=float)
    if rules.model == "rate":
        low, high = effect * np.exp(-half), effect * np.exp(half)
    else:
        # A step of the log-odds is one of p(1 - p) of the share.
        step = half * share * (1 - share)
        low, high = effect - step, effect + step
    return stats.Interval(np.fmin(low, found.interval.low), np.fmax(high, found.interval.high))


def _beside_others(
    both: pd.DataFrame, rules: _Rules, x: np.ndarray, n: np.ndarray, y: np.ndarray, m: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each change against the mean change of forces, in standard deviations; and who is left out of it."""
    # The log ratio of the two quotients, whose errors are those of the counts.
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where((x > 0) & (y > 0), np.log((x / n) / (y / m)), np.nan)
        thin = (1 / n + 1 / m) if rules.model == "proportion" else 0.0
        error = np.sqrt(np.where((x > 0) & (y > 0), 1 / x + 1 / y - thin, np.nan))
    out = both["force_code"].isin(rules.excluded).to_numpy()
    inside = moved[~out & np.isfinite(moved)]
    if len(inside) <= LEAST_FOR_LIMITS:
        return np.full(len(both), np.nan), out
    usual = inside.mean()
    with np.errstate(divide="ignore", invalid="ignore"):  # forces without a change have no score
        spread = stats.estimate_dispersion(np.where(out, np.nan, (moved - usual) / error), error)
        return (moved - usual) / spread.error(error), out


def change(
    frame: pd.DataFrame,
    force_code: str,
    period_end: Any,
    earlier_end: Any,
    *,
    measure: Measure | str | None = None,
) -> Change | None:
    """One force's row of `changes` with Holm's correction, or `None` where there is nothing to test.

    There is no test for other kinds than rates and shares, for complete counts, which chance does not
    move, and for a force that lacks a figure in either period.
    """
    rules = _rules(frame, measure)
    if not rules.kind.tested or not rules.has_sampling_error:
        return None
    for day in (period_end, earlier_end):
        if not ((frame["period_end"] == pd.Timestamp(day)) & (frame["force_code"] == force_code)).any():
            return None
    table = changes(frame, period_end, earlier_end, measure=measure)
    tested = table[table["p_adjusted"].notna()]
    own = tested[tested["force_code"] == force_code]
    if own.empty:
        return None
    verdict = own["verdict"].iloc[0]
    moved = np.sign(tested["value"] - tested["earlier_value"])
    other_way = int((moved == -moved[own.index[0]]).sum()) if moved[own.index[0]] else 0
    return Change(
        str(own["direction"].iloc[0]),
        None if pd.isna(verdict) else str(verdict),
        len(tested),
        2 * other_way > len(tested) - 1,
    )


def _trend_years(frame: pd.DataFrame, period_end: Any) -> list[pd.Timestamp]:
    end = pd.Timestamp(period_end) if period_end is not None else frame["period_end"].max()
    return [end - pd.DateOffset(years=back) for back in range(stats.TREND_POINTS - 1, -1, -1)]


def trend_gaps(frame: pd.DataFrame, force_code: str, *, period_end: Any = None) -> list[pd.Timestamp]:
    """The years of a force's recent trend for which it has no figure, oldest first."""
    mine = frame[(frame["force_code"] == force_code) & frame["value"].notna()]
    known = set(mine["period_end"])
    return [day for day in _trend_years(frame, period_end) if day not in known]


def recent_trend(
    frame: pd.DataFrame,
    force_code: str,
    *,
    measure: Measure | str | None = None,
    period_end: Any = None,
) -> stats.Trend:
    """One force's recent trend over the five years to a period (the last in the frame, by default).

    Years step back from `period_end` by twelve months, so rolling years do not overlap. A missing year
    gives "cannot be calculated"; `trend_gaps` names it. Events are judged by the noise of the force's own five
    years and of those of the others (`stats.trend_noise`); of complete counts, which chance does not move,
    only the steps are returned. For rates and shares; other kinds cannot be calculated.
    """
    rules = _rules(frame, measure)
    years = _trend_years(frame, period_end)
    mine = frame[frame["force_code"] == force_code].set_index("period_end").reindex(years)
    if not rules.kind.tested:
        mine = mine.iloc[:0]
    if not rules.has_sampling_error:
        return stats.described(mine["value"].to_numpy(dtype=float))
    noise = None
    panel = _panel(frame, rules, years[-1], stats.TREND_POINTS) if len(mine) else None
    if panel is not None and force_code in panel.codes:
        every = stats.trend_noise(panel.logs, panel.chance, pool=panel.pool)
        place = panel.codes.get_loc(force_code)
        noise = stats.Noise(float(every.variance[place]), float(every.df[place]))
    model: Literal["rate", "proportion"] = "rate" if rules.model == "rate" else "proportion"
    return stats.trend(
        model,
        mine["numerator"].to_numpy(dtype=float),
        mine["denominator"].to_numpy(dtype=float),
        scale=rules.scale,
        noise=noise,
    )
