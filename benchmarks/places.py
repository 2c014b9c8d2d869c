"""Whether the interval of a place holds the place of the true level, under many conditions: simulated.

    python -m benchmarks.places [RUNS]

Made-up forces whose true levels are known have yearly counts with scatter. Each case changes one thing: how levels are
spread (alike, in groups, with outliers), how the noise is (uneven between forces, with odd years), how many events,
years and forces there are, and how many years are missing. Beside the book's interval (`stats.rank_intervals`) stand
the one it had before (pairs of forces, each told apart by a test with Holm's correction) and a posterior whose levels
are normal. The table stands in docs/decisions/0011-intervals-of-places-from-a-posterior.md.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.chance import PEOPLE, SEED, paired_places, rate, run
from peelbook import stats

OUT = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).parents[1] / "docs" / "decisions" / "0011-intervals-of-places-from-a-posterior.md"
RUNS = 60
#: Fewer forces give fewer places a run.
FORCES = 42


@dataclass(frozen=True)
class Case:
    """One condition. `share` is that of a proportion (rates have none), `sizes` the spread of log sizes."""

    name: str
    levels: str = "normal"
    noise: str = "even"
    scatter: float = 0.10
    events: float = 12_000
    share: float = 0.0
    sizes: float = 0.0
    forces: int = FORCES
    years: int = 10
    gaps: float = 0.0


LEVELS = {
    "normal": "levels normal",
    "heavy": "levels as of stop and search (t, 3 df)",
    "skewed": "levels skewed",
    "outliers": "three forces far out, the rest spread",
    "far": "three forces very far out, the rest alike",
    "alike": "levels nearly alike",
    "groups": "two groups of forces",
    "tight": "two groups, alike within",
}
CASES = (
    *(Case(name, kind, scatter=scatter) for kind, name in LEVELS.items() for scatter in (0.02, 0.10, 0.26)),
    *(Case("noise uneven between forces", noise="uneven", scatter=scatter) for scatter in (0.05, 0.26)),
    *(Case("odd years (t, 4 df)", noise="odd", scatter=scatter) for scatter in (0.05, 0.26)),
    *(
        Case(f"rate of {events} events a year", scatter=0.26, events=events, sizes=0.6)
        for events in (1, 5, 20, 100)
    ),
    *(
        Case(f"share near nought, {events} cases a year", scatter=0.05, events=events, share=0.002, sizes=0.6)
        for events in (2, 5, 20)
    ),
    Case("share near one", events=300, share=0.95, sizes=0.6),
    *(Case(f"{100 * gaps:.0f}% of earlier years missing", gaps=gaps) for gaps in (0.3, 0.6)),
    *(Case(f"{years} years known", years=years) for years in (2, 3, 4)),
    Case("2 years known, noise uneven", noise="uneven", years=2),
    *(Case(f"{forces} forces", forces=forces) for forces in (6, 8, 12, 20)),
    *(Case(f"{forces} forces, 2 years known", forces=forces, years=2) for forces in (6, 12)),
    Case("6 forces nearly alike", "alike", forces=6),
)


def true_levels(rng: np.random.Generator, kind: str, n: int) -> np.ndarray:
    """Logarithms of the levels of forces."""
    few = max(1, n // 14)
    if kind in ("outliers", "far"):
        bulk, away = {"outliers": (0.15, 1.2), "far": (0.05, 3.0)}[kind]
        levels = rng.normal(0, bulk, n)
        levels[:few] += rng.choice([-1, 1], few) * away
        return levels
    if kind in ("groups", "tight"):
        return rng.normal(0, 0.05 if kind == "groups" else 0.02, n) + 0.5 * (rng.random(n) < 0.4)
    if kind == "heavy":
        return 0.3 * rng.standard_t(3, n) / np.sqrt(3)
    if kind == "skewed":
        return 0.6 * (rng.exponential(1, n) - 1)
    return rng.normal(0, 0.01 if kind == "alike" else 0.3, n)


def drawn(rng: np.random.Generator, case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True levels, and the figures on the logarithmic scale with their variance by chance: forces by years."""
    shape = (case.forces, case.years)
    levels = true_levels(rng, case.levels, case.forces)
    noise = case.scatter * (
        rng.standard_t(4, shape) / np.sqrt(2) if case.noise == "odd" else rng.normal(0, 1, shape)
    )
    if case.noise == "uneven":
        noise *= np.exp(rng.normal(-0.125, 0.5, (case.forces, 1)))
    size = np.exp(rng.normal(0, case.sizes, (case.forces, 1))) * np.ones(shape)
    if case.share:
        n = np.maximum(np.rint(case.events / case.share * size), 1)
        odds = np.log(case.share / (1 - case.share)) + levels[:, None] + noise
        y, v = stats.log_values("proportion", rng.binomial(n.astype(int), 1 / (1 + np.exp(-odds))), n)
    else:
        events = rng.poisson(case.events * size * np.exp(levels[:, None] + noise))
        y, v = stats.log_values("rate", events, PEOPLE * size)
    gone = rng.random((case.forces, case.years - 1)) < case.gaps
    y[:, :-1][gone] = v[:, :-1][gone] = np.nan
    return levels, y, v


def normal_places(values: np.ndarray, variance: np.ndarray) -> stats.Interval:
    """95% intervals of places by a posterior whose levels are normal, their variance by moments."""
    between = max(float(values.var(ddof=1) - variance.mean()), 1e-6)
    weight = between / (between + variance)
    centre = float(np.average(values, weights=1 / (between + variance)))
    chances = stats.place_probabilities(centre + weight * (values - centre), np.sqrt(weight * variance))
    up_to = np.cumsum(chances, axis=1)
    low, high = 1 + (up_to <= 0.025).sum(axis=1), 1 + (up_to < 0.975).sum(axis=1)
    return stats.Interval(low, np.minimum(high, len(values)))


def tried(case: Case, runs: int, seed: int = 0) -> dict[str, float]:
    """Cover of all places and of the three at each end, and the width, of the three intervals."""
    rng = np.random.default_rng([SEED, 19, seed])
    seen: dict[str, list] = defaultdict(list)
    for _ in range(runs):
        levels, y, v = drawn(rng, case)
        truth, last = stats.ranks(levels), y[:, -1]
        noise = stats.yearly_noise(y, v)
        variance = np.maximum(noise.variance, v[:, -1])
        placed = stats.ranks(last)
        outer = (placed <= 3) | (placed > case.forces - 3)
        ways = {
            "book": stats.rank_intervals(last, np.sqrt(variance), df=noise.df),
            "pairs": paired_places(last, np.sqrt(variance), df=noise.df),
            "normal": normal_places(last, variance),
        }
        for way, (best, worst) in ways.items():
            held = (best <= truth) & (truth <= worst)
            seen[f"{way}_covers"].append(np.mean(held))
            seen[f"{way}_ends"].append(np.mean(held[outer]))
            seen[f"{way}_width"].append(np.mean(worst - best))
    return {name: rate(found) for name, found in seen.items()}


def simulate(runs: int = RUNS) -> dict[str, Any]:
    """All cases. The same runs give the same numbers; few forces have more runs."""
    table = []
    for place, case in enumerate(CASES):
        found = tried(case, runs * FORCES // case.forces, place)
        table.append({"name": case.name, "scatter": case.scatter} | found)
    return {"runs": runs, "places": table}


def markdown(found: dict[str, Any]) -> str:
    """The table as it stands in the decision."""
    lines = [
        "| Condition | Yearly scatter | Interval holds the true place | normal levels | pairs | The same of the three at "
        "each end | normal levels | pairs | Width in places | normal levels | pairs |",
        "| --- " + "| ---: " * 10 + "|",
    ]
    for row in found["places"]:
        ways = ("book", "normal", "pairs")
        cells = [f"{100 * row[f'{way}_{what}']:.0f}%" for what in ("covers", "ends") for way in ways]
        cells += [f"{row[f'{way}_width']:.0f}" for way in ways]
        lines.append(f"| {row['name']} | {100 * row['scatter']:.0f}% | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Simulate and write the numbers."""
    run(simulate, RUNS, OUT, markdown)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
