"""The force against its peers: averages, rank, limits, and the words "higher than expected".

A page never shows a figure alone. Everything here takes the frame that `measures.compute` returns, so
that charts, sentences and the claims ledger judge by one rule.

Two rules say whether a figure is as expected. The *funnel rule* (ours, used on the pages): the figure
lies outside the 95% limits around the mean of forces, after the limits are widened by the spread that
forces have beyond chance (additive over-dispersion, 10% winsorised). The *distance rule* (simpler, shown
beside it): the figure lies more than one standard deviation from the mean of forces. Neither says good
or bad.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from peelbook import measures, stats
from peelbook.errors import ParameterError
from peelbook.measures import Measure

HIGHER = "higher than expected"
WITHIN = "within the expected range"
LOWER = "lower than expected"

ROSE, FELL, STEADY = "rose", "fell", "no clear change"

#: The kinds of measure whose recent trend and change have a test: those with a count over a base.
TESTED = ("rate", "share")

#: Distance from the mean, in standard deviations, at which the distance rule speaks.
DISTANCE = 1.0

#: Counts below this are flagged: their rates move a great deal by chance (ONS practice for rates).
SMALL = 20

_MODELS: Mapping[str, stats.Model] = {
    "rate": "rate",
    "share": "proportion",
    "ratio": "ratio",
    "change": "ratio",
}


@dataclass(frozen=True)
class Averages:
    """Both averages of one period. HMICFRS's text fits the first, the table of its figure 4 the second.

    `mean_of_forces` is unweighted, `pooled` is total over total (`None` where the measure has no counts).
    `n_forces` counts the forces in the mean. `excluded` are the codes left out of the mean;
    `pooled_excluded` those left out of the total.
    """

    mean_of_forces: float
    pooled: float | None
    n_forces: int
    sd: float
    excluded: tuple[str, ...] = ()
    pooled_excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """One force's figure in one period beside all others. False where the force has no figure.

    `rank` 1 is the highest of `n` forces with a figure; `tied` forces share it; `rank_interval` is its 95%
    interval and `interval` that of the value (`None` for complete counts such as a headcount). `position` is `HIGHER`, `WITHIN` or `LOWER` by
    the funnel rule (`None` where the measure has no limits or the force is left out of them), `position_sd` by the distance rule.
    `beyond` is `"99.8%"`, `"95%"` or `""`: the widest limits the value lies outside. `limits` and
    `outer_limits` are the 95% and 99.8% limits for a force of this size. `small` tells that the count
    is below 20. `left_out` tells that the force itself is not in the averages and limits.
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
    position: str | None = None
    position_sd: str | None = None
    beyond: str = ""
    z: float | None = None
    sd_distance: float | None = None
    limits: stats.Interval | None = None
    outer_limits: stats.Interval | None = None
    dispersion: stats.Dispersion | None = None
    highest: tuple[str, float] | None = None
    lowest: tuple[str, float] | None = None
    small: bool = False
    left_out: bool = False

    def __bool__(self) -> bool:
        return self.value is not None

    @property
    def measure(self) -> Measure | None:
        """The measure compared, where the frame named one."""
        return measures.registry()[self.measure_id] if self.measure_id else None

    @property
    def target(self) -> float:
        """The middle of the limits: the mean of forces."""
        return self.averages.mean_of_forces


@dataclass(frozen=True)
class Change:
    """One force's change between two periods, judged beside those of all `n` forces with both figures.

    `direction` is `ROSE`, `FELL` or `STEADY` at 5% after the correction for `n` forces. `position` is where
    the change lies among the changes of all forces (`None` for a force that the limits leave out).
    """

    direction: str
    position: str | None
    n: int


@dataclass(frozen=True)
class Funnel:
    """What a funnel chart draws.

    `points`: force_code, size, value, z, position, left_out. `curves`: size, low_95, high_95, low_998,
    high_998. Sizes are denominators, values are on the measure's scale.
    """

    points: pd.DataFrame
    curves: pd.DataFrame
    target: float
    averages: Averages
    dispersion: stats.Dispersion


@dataclass(frozen=True)
class _Rules:
    """How a frame is to be judged: its measure's kind, scale and the forces left out."""

    kind: str
    scale: float
    excluded: tuple[str, ...]
    measure_id: str = ""
    dimension: Mapping[str, Any] = field(default_factory=dict)
    by_chance: bool = True
    judged: bool = True

    @property
    def model(self) -> stats.Model | None:
        return _MODELS.get(self.kind)


def _rules(frame: pd.DataFrame, measure: Measure | str | None) -> _Rules:
    """Rules from the argument, else from what `measures.compute` noted on the frame, else from the figures."""
    name = measure if measure is not None else frame.attrs.get("measure")
    if name is not None:
        found = name if isinstance(name, Measure) else measures.registry()[name]
        dimension = frame.attrs.get("dimension", {})
        return _Rules(
            found.kind, found.scale, found.excluded, found.id, dimension, found.by_chance, found.judged
        )
    # A bare frame: the scale is whatever turns the quotient into the value.
    quotient = frame["numerator"] / frame["denominator"].where(frame["denominator"] > 0)
    known = frame["value"].notna() & (quotient > 0)
    if not known.any():
        return _Rules("published", 1.0, ())
    scale = float((frame["value"] / quotient)[known].median())
    whole = bool((frame["numerator"] <= frame["denominator"])[known].all())
    return _Rules("share" if np.isclose(scale, 1) and whole else "rate", scale, ())


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
    _one_figure_each(rows)
    return rows.reset_index(drop=True)


def _one_figure_each(rows: pd.DataFrame) -> None:
    if rows.duplicated(["force_code", "period_end"]).any():
        raise ParameterError(
            "A force has two figures in one period. Fix: pick one value of the breakdown first."
        )


def _left_out(rules: _Rules) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The forces left out of the mean, and of the total, by a measure's own exclusions."""
    # One small force moves an unweighted mean, and not a total; outcome tables leave it out of both.
    return rules.excluded, rules.excluded if rules.kind == "share" else ()


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
    return Averages(
        mean_of_forces=float(in_mean["value"].mean()),
        pooled=_pooled(in_total, rules),
        n_forces=len(in_mean),
        sd=float(in_mean["value"].std(ddof=1)),
        excluded=tuple(code for code in out if code in set(rows["force_code"])),
        pooled_excluded=tuple(code for code in pooled_out if code in set(rows["force_code"])),
    )


def averages_through_time(frame: pd.DataFrame) -> pd.DataFrame:
    """Both averages of every period of a frame: columns period_end, pooled, mean_of_forces; by period.

    The same figures as `averages` gives period by period. Raises `ParameterError` where a force has two figures
    in one period.
    """
    rows = frame[frame["value"].notna()]
    _one_figure_each(rows)
    rules = _rules(frame, None)
    out, pooled_out = _left_out(rules)
    in_mean = rows[~rows["force_code"].isin(out)]
    in_total = rows[~rows["force_code"].isin(pooled_out)]
    means = in_mean.groupby("period_end")["value"].mean()
    pooled = {day: _pooled(group, rules) for day, group in in_total.groupby("period_end")}
    days = sorted(rows["period_end"].unique())
    return pd.DataFrame(
        {
            "period_end": days,
            "pooled": pd.Series([pooled.get(day) for day in days], dtype=object).astype("float64"),
            "mean_of_forces": [float(means.get(day, float("nan"))) for day in days],
        }
    )


def _pooled(rows: pd.DataFrame, rules: _Rules) -> float | None:
    """Total over total; a disparity is the ratio of the two total rates. `None` without counts."""
    if rules.kind == "disparity":
        names = ("group_count", "group_population_count", "reference_count", "reference_population_count")
        group, people, reference, others = (float(rows[name].sum()) for name in names)
        return (group / people) / (reference / others) if people > 0 and reference > 0 else None
    bottom = rows["denominator"].sum()
    if rules.kind not in _MODELS or rows["denominator"].isna().any() or not bottom > 0:
        return None
    return float(rules.scale * rows["numerator"].sum() / bottom)


@dataclass(frozen=True)
class _Scored:
    """All forces of one period, scored: the working table behind every public function."""

    rows: pd.DataFrame
    rules: _Rules
    averages: Averages
    left_out: np.ndarray
    z: np.ndarray
    transformed: np.ndarray
    error: np.ndarray
    dispersion: stats.Dispersion | None
    distance: np.ndarray


def _counts(rows: pd.DataFrame, rules: _Rules) -> tuple[np.ndarray, np.ndarray]:
    """The two counts behind each value: a change has the later and the earlier one."""
    top, bottom = rows["numerator"].to_numpy(dtype=float), rows["denominator"].to_numpy(dtype=float)
    if rules.kind == "change":
        top = top + bottom
    return top, np.where(bottom > 0, bottom, np.nan)


def _score(frame: pd.DataFrame, period_end: Any, measure: Measure | str | None) -> _Scored:
    rows = at_period(frame, period_end)
    rules = _rules(frame, measure)
    both = averages(rows, measure=measure if measure is not None else rules.measure_id or None)
    out = rows["force_code"].isin(rules.excluded).to_numpy()
    nothing = np.full(len(rows), np.nan)
    z, transformed, error, dispersion = nothing, nothing, nothing, None
    if rules.kind == "disparity":
        transformed = np.log(rows["value"].where(rows["value"] > 0)).to_numpy(dtype=float)
        counts = rows[["group_count", "reference_count"]].where(lambda cell: cell > 0)
        error = np.sqrt((1 / counts).sum(axis=1, skipna=False)).to_numpy(dtype=float)
        naive = (transformed - np.log(both.mean_of_forces)) / error
        dispersion = stats.estimate_dispersion(np.where(out, np.nan, naive), error)
        z = (transformed - np.log(both.mean_of_forces)) / dispersion.error(error)
    elif rules.model is not None:
        top, bottom = _counts(rows, rules)
        target = both.mean_of_forces + (1 if rules.kind == "change" else 0)
        scores = stats.funnel_scores(rules.model, top, bottom, target, scale=rules.scale, include=~out)
        z, transformed, error, dispersion = (
            scores.adjusted,
            scores.transformed,
            scores.error,
            scores.dispersion,
        )
    spread = both.sd if both.sd > 0 else np.nan
    distance = (rows["value"].to_numpy(dtype=float) - both.mean_of_forces) / spread
    return _Scored(rows, rules, both, out, z, transformed, error, dispersion, distance)


def _word(score: float, cut: float) -> str | None:
    if not np.isfinite(score):
        return None
    return HIGHER if score > cut else LOWER if score < -cut else WITHIN


def _positions(scored: _Scored) -> list[str | None]:
    """The funnel rule's word for each force; none for a force that the limits leave out."""
    if not scored.rules.judged:
        return [None] * len(scored.rows)
    cut = stats.z_value(stats.ALERT)
    return [None if out else _word(z, cut) for z, out in zip(scored.z, scored.left_out, strict=True)]


def _distances(scored: _Scored) -> list[str | None]:
    """The distance rule's word for each force; numbers of different-sized forces have none."""
    if not (scored.rules.judged or scored.rules.kind == "published"):
        return [None] * len(scored.rows)
    return [
        None if out else _word(d, DISTANCE) for d, out in zip(scored.distance, scored.left_out, strict=True)
    ]


def _places(scored: _Scored) -> stats.Interval:
    """Rank intervals; none for complete counts, whose order chance does not touch."""
    nothing = np.full(len(scored.rows), np.nan)
    error = scored.error if scored.rules.by_chance else nothing
    return stats.rank_intervals(scored.transformed, error)


def against_peers(
    frame: pd.DataFrame,
    force_code: str,
    period_end: Any,
    *,
    measure: Measure | str | None = None,
) -> Comparison:
    """Compare one force with all others in one period.

    `frame` is what `measures.compute` returned (which tells the measure), or any frame of its columns.
    A force without a figure gives a `Comparison` that is false and still holds the averages. Raises
    `ParameterError` where no force has a figure in the period.
    """
    scored = _score(frame, period_end, measure)
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
        "dispersion": scored.dispersion,
        "left_out": force_code in rules.excluded,
    }
    places = np.flatnonzero(rows["force_code"].to_numpy() == force_code)
    if not places.size:
        return Comparison(value=None, numerator=None, denominator=None, **base)
    place = int(places[0])
    value = float(rows["value"].iloc[place])
    rank = int(stats.ranks(rows["value"])[place])
    best, worst = _places(scored)
    z, distance = scored.z[place], scored.distance[place]
    limits, outer = _limits(scored, place)
    return Comparison(
        value=value,
        numerator=_known(rows["numerator"].iloc[place]),
        denominator=_known(rows["denominator"].iloc[place]),
        interval=_interval(rows.iloc[[place]], rules),
        rank=rank,
        tied=int((rows["value"] == value).sum()),
        rank_interval=(int(best[place]), int(worst[place])) if np.isfinite(best[place]) else None,
        position=_positions(scored)[place],
        position_sd=_distances(scored)[place],
        beyond="" if scored.left_out[place] else _beyond(z),
        z=_known(z),
        sd_distance=_known(distance),
        limits=limits,
        outer_limits=outer,
        small=_small(rows.iloc[place], rules),
        **base,
    )


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


def _small(row: pd.Series, rules: _Rules) -> bool:
    counts = {
        "disparity": ["group_count", "reference_count"],
        "change": ["denominator"],
        "grade": [],
        "published": [],
    }.get(rules.kind, ["numerator"])
    return any(row[name] < SMALL for name in counts if name in row.index)


def _limits(scored: _Scored, place: int) -> tuple[stats.Interval | None, stats.Interval | None]:
    """The 95% and 99.8% limits for a force of this one's size, on the scale of the value."""
    rules, target = scored.rules, scored.averages.mean_of_forces
    if scored.dispersion is None or not np.isfinite(scored.z[place]):
        return None, None
    pair = []
    for confidence in (stats.ALERT, stats.ALARM):
        half = stats.z_value(confidence) * float(scored.dispersion.error(scored.error[place]))
        if rules.kind == "disparity":
            pair.append(stats.Interval(float(target * np.exp(-half)), float(target * np.exp(half))))
        elif rules.model == "ratio":
            base, less = (1 + target, 1) if rules.kind == "change" else (target, 0)
            pair.append(stats.Interval(float(base * np.exp(-half) - less), float(base * np.exp(half) - less)))
        else:
            size = _counts(scored.rows, rules)[1][place]
            pair.append(
                stats.funnel_limits(
                    rules.model or "rate",
                    target,
                    size,
                    scale=rules.scale,
                    confidence=confidence,
                    dispersion=scored.dispersion,
                )
            )
    return pair[0], pair[1]


def _interval(rows: pd.DataFrame, rules: _Rules) -> stats.Interval | None:
    """The 95% interval of the value of one row, or `None` where the measure has no counts."""
    low, high = intervals(rows, rules)
    return stats.Interval(float(low[0]), float(high[0])) if np.isfinite(low[0]) else None


def intervals(frame: pd.DataFrame, measure: Measure | str | _Rules | None = None) -> stats.Interval:
    """95% intervals of all values of a frame, as two arrays in row order (NaN where there is none).

    Wilson for shares, Byar or exact for rates, log-normal for ratios, disparity ratios and changes. None
    for complete counts (staff, residents, money), which chance does not touch.
    """
    rules = measure if isinstance(measure, _Rules) else _rules(frame, measure)
    nothing = np.full(len(frame), np.nan)
    if rules.kind == "disparity":
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
    if rules.model is None or not rules.by_chance:
        return stats.Interval(nothing, nothing)
    top, bottom = _counts(frame, rules)
    if rules.kind == "rate":
        return stats.rate_interval(top, bottom, rules.scale)
    if rules.kind == "share":
        # More orders than incidents is possible: such a quotient is no proportion and has no interval.
        return stats.wilson(np.where(top <= bottom, top, np.nan), bottom)
    low, high = stats.ratio_interval(top, 1.0, bottom, 1.0)
    less = 1 if rules.kind == "change" else 0
    return stats.Interval(rules.scale * np.asarray(low) - less, rules.scale * np.asarray(high) - less)


def ranked(frame: pd.DataFrame, period_end: Any, *, measure: Measure | str | None = None) -> pd.DataFrame:
    """All forces of one period, highest first: what a ski slope, a tile map and a table draw.

    Columns: force_code, value, numerator, denominator, low, high (95% interval), rank, rank_low,
    rank_high, z, position, beyond, sd_distance, position_sd, small, left_out.
    """
    scored = _score(frame, period_end, measure)
    rows = scored.rows
    low, high = intervals(rows, scored.rules)
    best, worst = _places(scored)
    table = pd.DataFrame(
        {
            "force_code": rows["force_code"],
            "value": rows["value"],
            "numerator": rows["numerator"],
            "denominator": rows["denominator"],
            "low": low,
            "high": high,
            "rank": stats.ranks(rows["value"]).astype(int),
            "rank_low": pd.array(best, dtype="Float64").astype("Int64"),
            "rank_high": pd.array(worst, dtype="Float64").astype("Int64"),
            "z": scored.z,
            "position": _positions(scored),
            "beyond": ["" if out else _beyond(z) for z, out in zip(scored.z, scored.left_out, strict=True)],
            "sd_distance": scored.distance,
            "position_sd": _distances(scored),
            "small": [_small(row, scored.rules) for _, row in rows.iterrows()],
            "left_out": scored.left_out,
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
    known = table["position"].notna() & table["position_sd"].notna()
    return pd.DataFrame(
        {
            "force_code": table["force_code"],
            "value": table["value"],
            "z": table["z"],
            "funnel_rule": table["position"],
            "sd_distance": table["sd_distance"],
            "distance_rule": table["position_sd"],
            "agree": (table["position"] == table["position_sd"]).astype("boolean").where(known),
        }
    ).sort_values("force_code", ignore_index=True)


def funnel(
    frame: pd.DataFrame, period_end: Any, *, measure: Measure | str | None = None, points: int = 120
) -> Funnel:
    """The points and curves of a funnel chart of one period.

    Curves run over the sizes (denominators) that the forces have, evenly on the square-root scale, where
    funnels bend. Raises `ParameterError` for a measure without limits by size.
    """
    scored = _score(frame, period_end, measure)
    if scored.rules.kind not in ("rate", "share") or scored.dispersion is None:
        raise ParameterError(
            f"A {scored.rules.kind} has no funnel. Fix: use a rate or a share, or ranked() for its intervals."
        )
    rows = scored.rows
    sizes = rows["denominator"].to_numpy(dtype=float)
    grid = np.linspace(np.sqrt(sizes.min()) * 0.95, np.sqrt(sizes.max()) * 1.02, points) ** 2
    curves = {"size": grid}
    for name, confidence in (("95", stats.ALERT), ("998", stats.ALARM)):
        low, high = stats.funnel_limits(
            scored.rules.model or "rate",
            scored.averages.mean_of_forces,
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
            "position": _positions(scored),
            "left_out": scored.left_out,
        }
    )
    return Funnel(
        table, pd.DataFrame(curves), scored.averages.mean_of_forces, scored.averages, scored.dispersion
    )


def changes(
    frame: pd.DataFrame,
    period_end: Any,
    earlier_end: Any,
    *,
    measure: Measure | str | None = None,
    correction: Literal["holm", "benjamini-hochberg"] = "holm",
) -> pd.DataFrame:
    """Every force's change between two periods, with a test that allows for many forces.

    Columns: force_code, value, earlier_value, effect (ratio for rates, difference for shares), low, high
    (its 95% interval), p_value (chance alone), p_adjusted, direction (`ROSE`, `FELL` or `STEADY` at 5%
    after correction), z (of the change against the mean change of forces, with over-dispersion) and
    position (that z in words). Only rates and shares have a test. Raises `ParameterError`.
    """
    rules = _rules(frame, measure)
    if rules.kind not in TESTED:
        raise ParameterError(f"A {rules.kind} has no change test. Fix: use a rate or a share.")
    both = at_period(frame, period_end).merge(
        at_period(frame, earlier_end), on="force_code", suffixes=("", "_earlier")
    )
    x, n, y, m = (
        both[name].to_numpy(dtype=float)
        for name in ("numerator", "denominator", "numerator_earlier", "denominator_earlier")
    )
    test = stats.rate_change if rules.kind == "rate" else stats.proportion_change
    found = test(x, n, y, m)
    adjust = stats.holm if correction == "holm" else stats.benjamini_hochberg
    p_adjusted = adjust(found.p_value)
    sign = np.asarray(found.effect) - (1 if rules.kind == "rate" else 0)
    words = np.where(p_adjusted < 0.05, np.where(sign > 0, ROSE, FELL), STEADY)
    # Against the other forces: the log ratio of the two quotients, whose errors are those of the counts.
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where((x > 0) & (y > 0), np.log((x / n) / (y / m)), np.nan)
        thin = (1 / n + 1 / m) if rules.kind == "share" else 0.0
        error = np.sqrt(np.where((x > 0) & (y > 0), 1 / x + 1 / y - thin, np.nan))
    out = both["force_code"].isin(rules.excluded).to_numpy()
    usual = np.nanmean(np.where(out, np.nan, moved)) if np.isfinite(moved[~out]).any() else np.nan
    spread = stats.estimate_dispersion(np.where(out, np.nan, (moved - usual) / error), error)
    z = (moved - usual) / spread.error(error)
    cut = stats.z_value(stats.ALERT)
    return pd.DataFrame(
        {
            "force_code": both["force_code"],
            "value": both["value"],
            "earlier_value": both["value_earlier"],
            "effect": found.effect,
            "low": found.interval.low,
            "high": found.interval.high,
            "p_value": found.p_value,
            "p_adjusted": p_adjusted,
            "direction": words,
            "z": z,
            "position": [None if gone else _word(score, cut) for score, gone in zip(z, out, strict=True)],
        }
    )


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
    if rules.kind not in TESTED or not rules.by_chance:
        return None
    for day in (period_end, earlier_end):
        if not ((frame["period_end"] == pd.Timestamp(day)) & (frame["force_code"] == force_code)).any():
            return None
    table = changes(frame, period_end, earlier_end, measure=measure)
    tested = table[table["p_adjusted"].notna()]
    own = tested[tested["force_code"] == force_code]
    if own.empty:
        return None
    position = own["position"].iloc[0]
    return Change(str(own["direction"].iloc[0]), None if pd.isna(position) else str(position), len(tested))


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
    gives "cannot be calculated"; `trend_gaps` names it. For rates and shares; other kinds cannot be
    calculated.
    """
    rules = _rules(frame, measure)
    mine = frame[frame["force_code"] == force_code].set_index("period_end")
    mine = mine.reindex(_trend_years(frame, period_end))
    if rules.kind not in TESTED:
        mine = mine.iloc[:0]
    model: Literal["rate", "proportion"] = "rate" if rules.kind == "rate" else "proportion"
    return stats.trend(
        model,
        mine["numerator"].to_numpy(dtype=float),
        mine["denominator"].to_numpy(dtype=float),
        scale=rules.scale,
    )
