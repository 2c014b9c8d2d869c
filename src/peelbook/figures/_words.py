"""Words and ranks that every chart kind needs: plain labels, places, averages, alt text within its length.

Alt text is written from the data here, by rule and not by hand, so that it is true of every force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peelbook import formats
from peelbook.display import lower_first
from peelbook.figures._plain import plain

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.forces import Forces

ALT_LIMIT = 500

POOLED, MEAN = "England and Wales", "Mean of forces"
"""How the two averages are named on charts: total over total, and the unweighted mean of forces."""


def axis_label(label: str, unit: str) -> str:
    """Return the heading of a value axis: the label with its unit, unless the label says it already."""
    label, unit = plain(label), plain(unit)
    per = unit[unit.find("per ") :] if "per " in unit else unit
    wanted = "per " in unit or unit.startswith("£")
    return label if not wanted or per.casefold() in label.casefold() else f"{label}, {unit}"


def number_format(unit: str, decimals: int) -> Callable[[Any], str]:
    """Return the writer of values of a unit (`peelbook.formats.of_unit`)."""
    return formats.of_unit(unit, decimals)


@dataclass(frozen=True)
class Average:
    """One average: its label on charts and its value."""

    label: str
    value: float


def averages_of(averages: Any) -> list[Average]:
    """Return the averages that have a value, from a mapping of label to value or a `compare.Averages`."""
    if averages is None:
        return []
    if isinstance(averages, Mapping):
        names = {"pooled": POOLED, "mean_of_forces": MEAN}
        pairs = [(names.get(str(label), plain(label)), value) for label, value in averages.items()]
    else:
        # A total that lacks a force is named by how many it has.
        pairs = [
            (getattr(averages, "pooled_name", POOLED), getattr(averages, "pooled", None)),
            (MEAN, getattr(averages, "mean_of_forces", None)),
        ]
    return [Average(label, float(value)) for label, value in pairs if not formats.is_missing(value)]


def by_force(frame: pd.DataFrame, forces: Forces, chart: str) -> pd.DataFrame:
    """Return one row per force, ranked from the highest value, missing ones last.

    Columns: `force_code`, `force` (short name), `rank` (1 is the highest, ties share a place), then the
    numeric columns of `frame`. Rows of other areas, such as England and Wales, are left out.
    Raises `ValueError` where a force has two rows.
    """
    import pandas as pd

    if frame["force_code"].duplicated().any():
        twice = frame.loc[frame["force_code"].duplicated(), "force_code"].iloc[0]
        raise ValueError(f"chart {chart}: two rows for {twice}; pass one period and one breakdown")
    names = pd.DataFrame(
        {
            "force_code": [force.code for force in forces],
            "force": [plain(force.short_name) for force in forces],
        }
    )
    data = names.merge(frame, on="force_code", how="left", validate="one_to_one")
    for column in ("value", "lower", "upper", "numerator", "denominator"):
        if column in data:
            data[column] = finite(data[column])
    data.insert(2, "rank", data["value"].rank(ascending=False, method="min").astype("Int64"))
    # Ties are drawn in the order of their names, so that the same data always gives the same picture.
    return data.sort_values(["rank", "force"], na_position="last", kind="stable", ignore_index=True)


def finite(values: pd.Series) -> pd.Series:
    """Return numbers as float64, with missing and infinite ones as NaN."""
    import numpy as np

    numbers = values.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return type(values)(np.where(np.isfinite(numbers), numbers, np.nan), index=values.index)


def place(data: pd.DataFrame, force_code: str) -> str:
    """Return the force's place in words: "highest of 43", "joint 3rd lowest of 43"; from the nearer end."""
    valued = data[data["value"].notna()]
    row = valued[valued["force_code"] == force_code]
    if row.empty:
        return ""
    rank, n = int(row["rank"].iloc[0]), len(valued)
    if n == 1:
        return "the only force with a value"
    same = int((valued["rank"] == rank).sum())
    if same == n:
        return f"the same as all {n} forces"
    return f"{formats.place(rank, n, same)} of {n}"


def extreme(data: pd.DataFrame, write: Callable[[Any], str], *, lowest: bool = False) -> str:
    """Return the highest or lowest force and its value: "Dorset 2.1", "3 forces 0.0"."""
    values = data["value"].dropna()
    if values.empty:
        return ""
    edge = values.min() if lowest else values.max()
    names = list(data.loc[data["value"] == edge, "force"])
    who = names[0] if len(names) == 1 else " and ".join(names) if len(names) == 2 else f"{len(names)} forces"
    return f"{who} {write(edge)}"


def ends(data: pd.DataFrame, code: str, write: Callable[[Any], str]) -> str:
    """Return the extremes in words, leaving out the one that the force itself is."""
    values = data["value"].dropna()
    if len(values) < 2:
        return ""
    if values.min() == values.max():
        return f"All {len(values)} values are equal"
    parts = []
    for lowest, edge in ((False, values.max()), (True, values.min())):
        if list(data.loc[data["value"] == edge, "force_code"]) != [code]:
            parts.append(f"{'lowest' if lowest else 'highest'}: {extreme(data, write, lowest=lowest)}")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def names(items: Iterable[str], shown: int = 4) -> str:
    """Return names as a list in words, cut after a few: "A, B and 5 others"."""
    items = list(items)
    if len(items) > shown + 1:
        items = [*items[:shown], f"{len(items) - shown} others"]
    return formats.joined(items)


def count_of_forces(n: int) -> str:
    """Return "43 police forces", "1 police force" or "no police force"."""
    return f"{n or 'no'} police force{'' if n < 2 else 's'}"


def missing_note(data: pd.DataFrame, sentence: str = "No value for {}.") -> str:
    """Return a sentence naming the forces without a value, or nothing."""
    absent = list(data.loc[data["value"].isna(), "force"])
    return sentence.format(names(absent, 8)) if absent else ""


def alt_text(*parts: str | tuple[int, str], limit: int = ALT_LIMIT) -> str:
    """Join sentences to an alt text of at most `limit` characters.

    A part is a sentence, or a pair of weight and sentence; the heaviest are left out first, from the end,
    until the text fits. What remains too long is cut at a word.
    """
    kept = [(0, part) if isinstance(part, str) else part for part in parts]
    kept = [(weight, formats.sentence(plain(text))) for weight, text in kept if text.strip()]

    def text() -> str:
        return " ".join(sentence for _, sentence in kept)

    while len(text()) > limit and max(weight for weight, _ in kept) > 0:
        heaviest = max(weight for weight, _ in kept)
        index = max(index for index, (weight, _) in enumerate(kept) if weight == heaviest)
        del kept[index]
    whole = text()
    return whole if len(whole) <= limit else whole[: limit - 1].rsplit(" ", 1)[0] + "…"


def average_words(averages: Sequence[Average], write: Callable[[Any], str]) -> str:
    """Return both averages in a sentence: "England and Wales 8.6; mean of forces 6.9"."""
    return "; ".join(
        f"{average.label if index == 0 else lower_average(average.label)} {write(average.value)}"
        for index, average in enumerate(averages)
    )


def lower_average(label: str) -> str:
    """Return the label of an average inside a sentence: only the country keeps its capital."""
    return lower_first(label) if label.startswith(MEAN) else label


def cut_above(values: Iterable[float]) -> float | None:
    """Return where to cut the scale because one or two values would flatten all others, else `None`.

    City of London's rates per resident are many times any other's. The rule: the highest (or the two
    highest) at least two and a half times the next one, which must be above zero; the scale then ends a quarter above
    the next one. A cut value is always marked and printed.
    """
    ordered = sorted((value for value in values if value == value), reverse=True)
    for cut in (2, 1):
        if len(ordered) >= cut + 4 and ordered[cut] > 0 and ordered[cut - 1] >= 2.5 * ordered[cut]:
            return 1.25 * ordered[cut]
    return None
