"""How often the rules of the book speak where nothing happened, and how often they find what did: simulated.

    python -m benchmarks.chance [RUNS]

Every rule is tried on made-up forces whose truth is known: 42 forces, 12,000 or 150,000 events a year each,
and a yearly scatter of 2% to 26% beyond chance (what the counts in this book show: recorded crime about 5%,
charge rates about 8%, stop and search 18%, use of force 28%). The rules are those of `peelbook.stats`, called as
`peelbook.compare` calls them. Beside them stand the rules that the book had before, which knew no noise but
chance. The numbers go to `benchmarks/chance.json` and as tables
to the methods page, which a test holds to them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from peelbook import compare, stats, xmr

OUT = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).parents[1] / "book" / "methods.md"
BEGIN, END = "% simulated rates, made by benchmarks/chance.py", "% end of simulated rates"
SEED, RUNS = 20230331, 120
#: How many times as many runs a rate needs that has one outcome a run.
FAMILY = 5
FORCES, YEARS, PEOPLE = 42, 10, 1_800_000.0
EVENTS = (12_000, 150_000)
SCATTER = (0.0, 0.02, 0.05, 0.10, 0.26)
#: What is to be found: a rise of 5% in each of five years; a force whose year is a third above its last.
SLOPE, JUMP = 0.05, 1 / 3


def counts(rng: np.random.Generator, events: float, scatter: float, drift: float = 0.0) -> np.ndarray:
    """Events of forces (rows) in years (columns): Poisson about levels with lognormal yearly scatter."""
    levels = events * np.exp(rng.normal(0, 0.3, (FORCES, 1)) + drift * np.arange(YEARS))
    return rng.poisson(levels * np.exp(rng.normal(0, scatter, (FORCES, YEARS)))).astype(float)


def frame(events: np.ndarray) -> pd.DataFrame:
    """Counts as `measures.compute` gives them."""
    forces, years = events.shape
    ends = pd.to_datetime([f"{2023 - back}-03-31" for back in range(years - 1, -1, -1)])
    rows = pd.DataFrame(
        {
            "force_code": np.repeat([f"F{place:02d}" for place in range(forces)], years),
            "period_end": np.tile(ends, forces),
            "numerator": events.ravel(),
            "denominator": PEOPLE,
        }
    )
    rows["value"] = 1000 * rows["numerator"] / rows["denominator"]
    rows.attrs = {"measure": "stop_search_rate", "dimension": {}}
    return rows


def trends(events: np.ndarray) -> np.ndarray:
    """Which forces are told of a trend over the last five years."""
    last = events[:, -stats.TREND_POINTS :]
    noise = stats.trend_noise(*stats.log_values("rate", last, np.full(last.shape, PEOPLE)))
    people = np.full(stats.TREND_POINTS, PEOPLE)
    return np.array(
        [
            stats.trend(
                "rate", row, people, noise=stats.Noise(noise.variance[place], noise.df[place])
            ).direction
            != stats.NO_CHANGE
            for place, row in enumerate(last)
        ]
    )


def old_trends(events: np.ndarray) -> np.ndarray:
    """The rule before: chi-square of a weighted line by Byar's intervals above 9.55, one sign throughout."""
    last = events[:, -stats.TREND_POINTS :]
    low, high = stats.byar(last, PEOPLE)
    weights = (3.92 / (high - low)) ** 2
    called = []
    for y, w in zip(last / PEOPLE, weights, strict=True):
        t = np.arange(5.0)
        slopes = []
        for left in (None, *range(5)):
            keep = np.arange(5) != left
            away = t[keep] - np.average(t[keep], weights=w[keep])
            slopes.append(np.sum(w[keep] * away * y[keep]) / np.sum(w[keep] * away**2))
        away = t - np.average(t, weights=w)
        chi2 = slopes[0] ** 2 * np.sum(w * away**2)
        called.append(len(set(np.sign(slopes))) == 1 and chi2 > stats.z_value(stats.ALARM) ** 2)
    return np.array(called)


def changed(rows: pd.DataFrame) -> np.ndarray:
    """Which forces are told of a change since the year before, with the correction for their number."""
    table = compare.changes(rows, "2023-03-31", "2022-03-31")
    return (table["direction"] != compare.STEADY).to_numpy()


def old_changed(events: np.ndarray) -> np.ndarray:
    """The rule before: the test of chance alone, corrected for the number of forces."""
    return stats.holm(stats.rate_change(events[:, -1], PEOPLE, events[:, -2], PEOPLE).p_value) < 0.05


def rate(values: list) -> float:
    return round(float(np.mean(values)), 4)


def through_time(runs: int) -> list[dict]:
    """False alarms and power of trends and changes, and the cover and width of places."""
    table = []
    for events in EVENTS:
        for scatter in SCATTER:
            rng = np.random.default_rng([SEED, events, int(1000 * scatter)])
            seen: dict[str, list] = {name: [] for name in (
                "trend", "trend_before", "trend_found", "change_before_any", "change_found",
                "place_covers", "place_covers_pairs", "place_covers_before",
                "place_width", "place_width_pairs", "place_width_before",
            )}  # fmt: skip
            for _ in range(runs):
                still = counts(rng, events, scatter)
                seen["trend"].append(trends(still).mean())
                seen["trend_before"].append(old_trends(still).mean())
                seen["change_before_any"].append(old_changed(still).any())
                seen["trend_found"].append(trends(counts(rng, events, scatter, SLOPE)).mean())
                moved = still.copy()
                moved[0, -1] = rng.poisson(still[0, -2] * (1 + JUMP))
                seen["change_found"].append(changed(frame(moved))[0])
                places(rng, events, scatter, seen)
            table.append({"events": events, "scatter": scatter, **{k: rate(v) for k, v in seen.items()}})
    return table


def families(runs: int) -> list[dict]:
    """How often any of 42 forces is told of a change where none has one: an event of a whole run, so more runs."""
    table = []
    for events in EVENTS:
        for scatter in SCATTER:
            rng = np.random.default_rng([SEED, 11, events, int(1000 * scatter)])
            any_called = [changed(frame(counts(rng, events, scatter))).any() for _ in range(runs)]
            table.append({"events": events, "scatter": scatter, "change_any": rate(any_called)})
    return table


#: Series for XmR charts: how far a quarter resembles the one before, and whether it has a season.
SERIES = ((0.0, False), (0.0, True), (0.3, True), (0.6, True))
QUARTERS, JUDGED, SEASON = 24, 4, (0.92, 1.02, 1.06, 1.0)


def process(runs: int) -> list[dict]:
    """How often an XmR chart of five years of quarters has a signal in the year after, and finds a step.

    The noise is lognormal and may carry over from quarter to quarter. The step is of three standard deviations of the
    noise, in all four quarters. A rule is counted where it marks one of the four quarters judged. "Before" are plain
    XmR limits with the three rules of Wheeler.
    """
    table = []
    for place, (carried, season) in enumerate(SERIES):
        rng = np.random.default_rng([SEED, 13, place])
        seen: dict[str, list] = {name: [] for name in ("any", "before", "step_found")}
        for _ in range(20 * runs):
            noise = rng.normal(0, 1, QUARTERS)
            for quarter in range(1, QUARTERS):
                noise[quarter] = carried * noise[quarter - 1] + np.sqrt(1 - carried**2) * noise[quarter]
            factors = np.tile(SEASON if season else (1, 1, 1, 1), QUARTERS // 4)
            for name, step in (("still", 0.0), ("moved", 3.0)):
                moved = np.where(np.arange(QUARTERS) >= QUARTERS - JUDGED, step, 0)
                values = 10_000 * factors * np.exp(0.05 * (noise + moved))
                baseline = slice(0, QUARTERS - JUDGED)
                widened = 1.0
                if season:
                    values = xmr.without_season(values, list(np.arange(QUARTERS) % 4), baseline)
                    widened = xmr.season_widening((QUARTERS - JUDGED) / 4)
                rules = xmr.behaviour(values, baseline, carried=True, widened=widened).signals[-JUDGED:]
                if name == "moved":
                    seen["step_found"].append(any(rules))
                    continue
                seen["any"].append(any(rules))
                seen["before"].append(any(xmr.behaviour(values, baseline).signals[-JUDGED:]))
        table.append({"carried": carried, "season": season} | {k: rate(v) for k, v in seen.items()})
    return table


def places(rng: np.random.Generator, events: float, scatter: float, seen: dict[str, list]) -> None:
    """Whether the intervals of places hold the places of the true levels."""
    levels = events * np.exp(np.sort(rng.normal(0, 0.3, FORCES)))
    drawn = rng.poisson(levels[:, None] * np.exp(rng.normal(0, scatter, (FORCES, YEARS)))).astype(float)
    truth = stats.ranks(levels)
    y, v = stats.log_values("rate", drawn, np.full(drawn.shape, PEOPLE))
    noise = stats.yearly_noise(y, v)
    error = np.sqrt(np.maximum(noise.variance, v[:, -1]))
    for name, (best, worst) in {
        "": stats.rank_intervals(y[:, -1], error, df=noise.df),
        "_pairs": paired_places(y[:, -1], error, df=noise.df),
        "_before": paired_places(y[:, -1], np.sqrt(v[:, -1])),
    }.items():
        seen[f"place_covers{name}"].append(np.mean((best <= truth) & (truth <= worst)))
        seen[f"place_width{name}"].append(np.mean(worst - best))


def paired_places(values: Any, errors: Any, df: Any = np.inf) -> stats.Interval:
    """95% intervals of places by tests of pairs, as the book had them before.

    A unit's best place is 1 plus the number of units surely above it, its worst place n less the number surely below
    it: a two-sided test of each difference, with Holm's correction over the comparisons of the unit (Mogstad, Romano,
    Shaikh and Wilhelm 2024, Review of Economic Studies 91:476, section 3).
    """
    y, s = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    free = np.broadcast_to(np.asarray(df, dtype=float), y.shape)
    gap = y[None, :] - y[:, None]
    p = stats.t_p_value(
        gap / np.sqrt(s[None, :] ** 2 + s[:, None] ** 2), np.minimum(free[None, :], free[:, None])
    )
    np.fill_diagonal(p, np.nan)
    sure = np.array([stats.holm(row) < 0.05 for row in p])
    return stats.Interval(1 + (sure & (gap > 0)).sum(axis=1), len(y) - (sure & (gap < 0)).sum(axis=1))


def old_scores(model: stats.Model, x: np.ndarray, n: np.ndarray, scale: float) -> np.ndarray:
    """The scores before: about the mean of the values, spread by DerSimonian and Laird, uncorrected."""
    target = float(np.mean(scale * x / n))
    y, error = stats._transformed(model, x, n, scale)
    middle = np.sqrt(target) if model == "rate" else np.arcsin(np.sqrt(target))
    z = (y - middle) / error
    phi = np.mean(stats.winsorised(z) ** 2)
    w = 1 / error**2
    tau2 = max(0.0, (len(z) * phi - (len(z) - 1)) / (w.sum() - (w**2).sum() / w.sum()))
    return (y - middle) / np.sqrt(error**2 + tau2)


#: Figures whose limits are tried: model, level, scale, standard deviation between forces on the limits' scale.
FIGURES: tuple[tuple[stats.Model, float, float, float], ...] = (
    ("rate", 8.6, 1000.0, 0.4),
    ("rate", 90.0, 1000.0, 1.2),
    ("proportion", 0.066, 1.0, 0.03),
    ("rate", 0.02, 1000.0, 0.02),
)


def drawn(
    rng: np.random.Generator, model: stats.Model, level: float, scale: float, away: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Counts and sizes of forces whose true figures lie `away` from a level, on the scale of the limits."""
    middle = 1.2e6 if model == "rate" else 60_000
    n = np.exp(rng.normal(np.log(middle), 0.6, FORCES)).round()
    if model == "rate":
        return rng.poisson(np.maximum(np.sqrt(level) + away, 0) ** 2 * n / scale).astype(float), n
    share = np.sin(np.clip(np.arcsin(np.sqrt(level)) + away, 0, np.pi / 2)) ** 2
    return rng.binomial(n.astype(int), share).astype(float), n


def verdicts(runs: int) -> list[dict]:
    """How many ordinary forces lie outside the 95% and the 99.8% limits, and how often a strange one does.

    Sizes and counts are like those of the forces; true levels are normal on the scale of the limits. The
    strange force lies three and a half standard deviations of forces from the middle.
    """
    table = []
    for place, (model, level, scale, spread) in enumerate(FIGURES):
        rng = np.random.default_rng([SEED, 7, place])
        seen: dict[str, list] = {name: [] for name in ("outside_95", "before_95", "outside_998", "before_998", "found")}  # fmt: skip
        for _ in range(4 * runs):
            away = rng.normal(0, spread, FORCES)
            x, n = drawn(rng, model, level, scale, away)
            scores = {"outside": stats.funnel_scores(model, x, n, scale=scale).adjusted}
            scores["before"] = old_scores(model, x, n, scale)
            for name, z in scores.items():
                seen[f"{name}_95"].append(np.mean(np.abs(z) > stats.z_value(stats.ALERT)))
                seen[f"{name}_998"].append(np.mean(np.abs(z) > stats.z_value(stats.ALARM)))
            away[0] = 3.5 * spread
            x, n = drawn(rng, model, level, scale, away)
            z = stats.funnel_scores(model, x, n, scale=scale).adjusted
            seen["found"].append(abs(z[0]) > stats.z_value(stats.ALERT))
        table.append(
            {"model": model, "level": level, "spread": spread} | {k: rate(v) for k, v in seen.items()}
        )
    return table


def simulate(runs: int = RUNS) -> dict:
    """All tables. The same runs give the same numbers."""
    return {
        "runs": runs,
        "family_runs": FAMILY * runs,
        "through_time": through_time(runs),
        "families": families(FAMILY * runs),
        "verdicts": verdicts(runs),
        "process": process(runs),
    }


def percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def markdown(found: dict) -> str:
    """The tables as they stand on the methods page."""
    lines = [
        "| Events a year | Yearly scatter | Trend called, none there | before | Trend of 5% a year found | "
        "Any change called in 42 forces, none there | before | Change of a third found | Place within its interval | before | Width of the interval in places | by pairs |",
        "| ---: " * 12 + "|",
    ]
    called = {(row["events"], row["scatter"]): row["change_any"] for row in found["families"]}
    for row in found["through_time"]:
        row = row | {"change_any": called[row["events"], row["scatter"]]}
        cells = [f"{row['events']:,}", f"{100 * row['scatter']:.0f}%"]
        cells += [
            percent(row[name])
            for name in ("trend", "trend_before", "trend_found", "change_any", "change_before_any", "change_found",
                         "place_covers", "place_covers_before")
        ]  # fmt: skip
        cells += [f"{row[name]:.0f}" for name in ("place_width", "place_width_pairs")]
        lines.append(f"| {' | '.join(cells)} |")
    worst = max(found["families"], key=lambda row: row["change_any"])["change_any"]
    lines += [
        "",
        f"The family rates are of {found['family_runs']} runs each. The highest is {percent(worst)} with a simulation "
        f"standard error of {100 * standard_error(worst, found['family_runs']):.1f} points; a true rate of 5.0% has "
        f"one of {100 * standard_error(0.05, found['family_runs']):.1f}.",
    ]
    lines += [
        "",
        "| Figure | Outside 95%, nothing strange | before | Outside 99.8% | before | Strange force found |",
        "| --- " + "| ---: " * 5 + "|",
    ]
    for row in found["verdicts"]:
        what = (
            f"a share of {percent(row['level'])}"
            if row["model"] == "proportion"
            else f"a rate of {row['level']:g} per 1,000"
        )
        cells = [percent(row[k]) for k in ("outside_95", "before_95", "outside_998", "before_998", "found")]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    lines += [
        "",
        "| Quarters of five years, then one judged | Any signal, nothing there | plain XmR | Step of three standard deviations found |",
        "| --- " + "| ---: " * 3 + "|",
    ]
    for row in found["process"]:
        what = (
            "independent" if not row["carried"] else f"{100 * row['carried']:.0f}% carried over from the last"
        )
        what += ", with a season taken out" if row["season"] else ""
        lines.append(f"| {what} | {' | '.join(percent(row[k]) for k in ('any', 'before', 'step_found'))} |")
    return "\n".join(lines) + "\n"


def standard_error(share: float, runs: int) -> float:
    """The standard error of a simulated share."""
    return float(np.sqrt(share * (1 - share) / runs))


def run(
    simulate: Callable[[int], dict[str, Any]], runs: int, out: Path, markdown: Callable[[dict[str, Any]], str]
) -> str:
    """Simulate as many runs as the command line names, else `runs`; write the numbers; print and return the tables."""
    found = simulate(int(sys.argv[1]) if len(sys.argv) > 1 else runs)
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    tables = markdown(found)
    print(tables)
    return tables


def main() -> int:
    """Simulate and write the numbers, and the tables to their page."""
    tables = run(simulate, RUNS, OUT, markdown)
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
