"""Whether shrunken estimates would rank forces better than the interval of ranks that the book gave: simulated.

    python -m benchmarks.shrinkage [RUNS]

42 made-up forces whose true levels are known have ten years of counts with yearly scatter. Three ways to tell their
places are tried on the last year: that of the book then (places by value, interval by the yearly noise of both forces of a
pair), gamma-Poisson or beta-binomial estimates (chance alone is noise), and normal ones on the logarithmic scale with the yearly noise. The table
stands in docs/decisions/0009-no-shrunken-places.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.chance import FORCES, PEOPLE, SEED, YEARS, paired_places, rate, run
from peelbook import stats

OUT = Path(__file__).with_suffix(".json")
RUNS, DRAWS, SPREAD = 100, 400, 0.3
CASES = tuple((model, scatter) for model in ("rate", "proportion") for scatter in (0.02, 0.10, 0.26))
EVENTS, CASES_A_YEAR, SHARE = 12_000, 60_000, 0.066


def counts(rng: np.random.Generator, model: str, scatter: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True levels, counts and denominators: forces in rows, years in columns."""
    # Forces differ as their rates of stop and search do: most alike, a few far from the rest.
    own = SPREAD * rng.standard_t(3, (FORCES, 1)) / np.sqrt(3)
    noise = rng.normal(0, scatter, (FORCES, YEARS))
    if model == "rate":
        return (
            own[:, 0],
            rng.poisson(EVENTS * np.exp(own + noise)).astype(float),
            np.full((FORCES, YEARS), PEOPLE),
        )
    odds = np.log(SHARE / (1 - SHARE)) + own + noise
    n = np.full((FORCES, YEARS), float(CASES_A_YEAR))
    return own[:, 0], rng.binomial(CASES_A_YEAR, 1 / (1 + np.exp(-odds))).astype(float), n


def conjugate(rng: np.random.Generator, model: str, x: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Draws of the levels by a gamma-Poisson or beta-binomial posterior, the prior by moments."""
    value, size = x / n, n.mean()
    mean, spread = value.mean(), value.var(ddof=1)
    if model == "rate":
        between = max(spread - mean / size, 1e-3 * spread)
        shape, scale = mean**2 / between, mean / between
        return rng.gamma(shape + x, 1 / (scale + n), (DRAWS, len(x)))
    between = max(spread - mean * (1 - mean) / size, 1e-3 * spread)
    strength = mean * (1 - mean) / between - 1
    return rng.beta(strength * mean + x, strength * (1 - mean) + n - x, (DRAWS, len(x)))


def normal(rng: np.random.Generator, y: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Draws of the levels by a normal posterior about the mean of forces, with the yearly noise as error."""
    between = max(float(y.var(ddof=1) - variance.mean()), 1e-6)
    weight = between / (between + variance)
    centre = float(np.average(y, weights=1 / (between + variance)))
    return rng.normal(centre + weight * (y - centre), np.sqrt(weight * variance), (DRAWS, len(y)))


def judged(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places by expected rank, and the 95% interval of the ranks of the draws."""
    placed = np.array([stats.ranks(row) for row in draws])
    low, high = np.quantile(placed, [0.025, 0.975], axis=0)
    return stats.ranks(-placed.mean(axis=0)), np.floor(low), np.ceil(high)


def simulate(runs: int = RUNS) -> dict[str, Any]:
    """Cover and width of the intervals, and the mean distance of places from the true ones."""
    table = []
    for place, (model, scatter) in enumerate(CASES):
        rng = np.random.default_rng([SEED, 17, place])
        names = [
            f"{way}_{what}"
            for way in ("book", "conjugate", "normal")
            for what in ("covers", "ends", "width", "off")
        ]
        seen: dict[str, list] = {name: [] for name in names}
        for _ in range(runs):
            levels, x, n = counts(rng, model, scatter)
            truth = stats.ranks(levels)
            y, chance_only = stats.log_values(model, x, n)
            noise = stats.yearly_noise(y, chance_only)
            variance = np.maximum(noise.variance, chance_only[:, -1])
            low, high = paired_places(y[:, -1], np.sqrt(variance), df=noise.df)
            ways = {
                "book": (stats.ranks(y[:, -1]), low, high),
                "conjugate": judged(conjugate(rng, model, x[:, -1], n[:, -1])),
                "normal": judged(normal(rng, y[:, -1], variance)),
            }
            for way, (placed, best, worst) in ways.items():
                held = (best <= truth) & (truth <= worst)
                outer = (placed <= 3) | (placed > FORCES - 3)
                seen[f"{way}_covers"].append(np.mean(held))
                seen[f"{way}_ends"].append(np.mean(held[outer]))
                seen[f"{way}_width"].append(np.mean(worst - best))
                seen[f"{way}_off"].append(np.mean(np.abs(placed - truth)))
        table.append(
            {"model": model, "scatter": scatter} | {name: rate(found) for name, found in seen.items()}
        )
    return {"runs": runs, "places": table}


def markdown(found: dict[str, Any]) -> str:
    """The table as it stands in the decision."""
    lines = [
        "| Figure | Yearly scatter | Places off: by value | conjugate | with yearly noise | "
        "Interval covers: book | conjugate | with yearly noise | The same of the six at the ends: book | conjugate | "
        "with yearly noise | Width: book | conjugate | with yearly noise |",
        "| --- " + "| ---: " * 13 + "|",
    ]
    for row in found["places"]:
        off = [f"{row[f'{way}_off']:.1f}" for way in ("book", "conjugate", "normal")]
        covers = [f"{100 * row[f'{way}_covers']:.0f}%" for way in ("book", "conjugate", "normal")]
        ends = [f"{100 * row[f'{way}_ends']:.0f}%" for way in ("book", "conjugate", "normal")]
        width = [f"{row[f'{way}_width']:.0f}" for way in ("book", "conjugate", "normal")]
        name = "rate" if row["model"] == "rate" else "share"
        lines.append(
            f"| {name} | {100 * row['scatter']:.0f}% | {' | '.join([*off, *covers, *ends, *width])} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Simulate and write the numbers."""
    run(simulate, RUNS, OUT, markdown)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
