"""Ratios between groups with their intervals, on a log scale with a line at 1.

On a log scale "twice as often" and "half as often" lie equally far from "equally often", and an interval
that crosses the line at 1 is seen to cross it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from peelbook import formats
from peelbook.figures import _rows
from peelbook.figures import _words as words
from peelbook.figures._chart import Chart, Column
from peelbook.figures._layout import FOCUS, TEXT

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.catalogue import Provenance
    from peelbook.forces import Force


def disparity(
    frame: pd.DataFrame,
    *,
    id: str,
    title: str,
    force: Force,
    provenance: Sequence[Provenance],
    period: str,
    label: str = "Ratio of search rates",
    baseline: str = "White people",
    comparator: str = words.POOLED,
    printed: Any = None,
    notes: Sequence[str] = (),
    basis: str = "computed",
    decimals: int = 1,
) -> Chart:
    """Draw each group's ratio to the baseline group, for the force and for the comparator.

    `frame` has `group`, `value`, `lower`, `upper` (95% log-normal interval) and `comparator_value`,
    `comparator_lower`, `comparator_upper`; a missing or zero ratio has no place on a log scale and is
    written out instead. `printed` maps a group to the report's own ratio for the force.
    Raises `ValueError` for a group in two rows or a ratio below zero.
    """
    import pandas as pd

    data = frame.reset_index(drop=True).copy()
    data["group"] = [words.plain(text) for text in data["group"]]
    if data["group"].duplicated().any():
        raise ValueError(f"chart {id}: two rows for {data.loc[data['group'].duplicated(), 'group'].iloc[0]}")
    wanted = [f"{side}{part}" for side in ("", "comparator_") for part in ("value", "lower", "upper")]
    for column in wanted:
        data[column] = words.finite(data[column]) if column in data else float("nan")
    if (data[wanted] < 0).any().any():
        raise ValueError(f"chart {id}: a ratio below zero")
    printed = {words.plain(group): float(value) for group, value in dict(printed or {}).items()}
    data = data[["group", *wanted]]
    if printed:
        data["as_printed"] = [printed.get(group, float("nan")) for group in data["group"]]
    name = words.plain(force.short_name)
    as_printed = words.number_format("", decimals)
    write = words.number_format("", _decimals(data, decimals))

    def words_of(value: float, lower: float, upper: float) -> str:
        if value != value:
            return formats.MISSING
        if value == 0:
            return f"{write(value)} (none)"
        between = f" ({formats.interval(lower, upper, write)})" if lower == lower and upper == upper else ""
        return f"{write(value)}{between}"

    rows, phrases = [], []
    for number, record in enumerate(data.itertuples(index=False)):
        entries = []
        for series, numbers in enumerate(
            (
                (record.value, record.lower, record.upper),
                (record.comparator_value, record.comparator_lower, record.comparator_upper),
            )
        ):
            value, lower, upper = numbers
            shown = value == value and value > 0
            interval = shown and lower == lower and upper == upper and lower > 0
            entries.append(
                _rows.Entry(
                    series,
                    value if shown else None,
                    words_of(*numbers),
                    lower if interval else None,
                    upper if interval else None,
                    (number, ("value", "comparator_value")[series]),
                )
            )
        if record.group in printed:
            ratio = printed[record.group]
            shown_ratio = ratio if ratio > 0 else None
            text = f"{as_printed(ratio)} as printed"
            entries.append(_rows.Entry(2, shown_ratio, text, cell=(number, "as_printed")))
        rows.append(_rows.Row(record.group, entries))
        phrases.append(
            f"{record.group}: {name} {words_of(record.value, record.lower, record.upper)}, "
            f"{comparator} {write(record.comparator_value)}"
        )
    styles = [
        _rows.Series(name, FOCUS, FOCUS, "o", bold=True),
        _rows.Series(words.plain(comparator), "white", TEXT, "D"),
        *([_rows.Series("As printed in the report", "white", TEXT, "s")] if printed else []),
    ]
    axis = _log_axis(rows, label, baseline, write)
    alt = words.alt_text(
        f"Dot plot on a log scale of {words.lower_first(label)} against {baseline} (ratio 1), with 95% "
        f"intervals, {period}",
        *((index, text) for index, text in enumerate(phrases)),
        *[
            (
                9,
                f"As printed in the report: {'; '.join(f'{group} {as_printed(v)}' for group, v in printed.items())}",
            )
            if printed
            else ""
        ],
    )
    columns = {
        "group": Column("Group", numeric=False),
        "value": Column(name, write),
        "lower": Column(f"{name}, 95% interval, lower", write),
        "upper": Column(f"{name}, 95% interval, upper", write),
        "comparator_value": Column(words.plain(comparator), write),
        "comparator_lower": Column(f"{words.plain(comparator)}, lower", write),
        "comparator_upper": Column(f"{words.plain(comparator)}, upper", write),
        **({"as_printed": Column("As printed in the report", as_printed)} if printed else {}),
    }

    def draw(figure, layout):
        _rows.draw(figure, layout, rows, styles, axis)

    return Chart(
        id=id,
        title=title,
        force=force.name,
        alt=alt,
        data=pd.DataFrame(data),
        columns=columns,
        draw=draw,
        provenance=provenance,
        period=period,
        basis=basis,
        notes=notes,
        heights=_rows.heights(rows, styles, axis),
        kind="disparity",
        pointed="y",
    )


def _decimals(data: pd.DataFrame, decimals: int) -> int:
    """As many decimals as asked for, or more (up to three) where an interval's ends would print the same."""
    pairs = [
        pair
        for side in ("", "comparator_")
        for pair in zip(data[f"{side}lower"].tolist(), data[f"{side}upper"].tolist(), strict=True)
        if pair[0] == pair[0] and pair[0] != pair[1]
    ]
    while decimals < 3 and any(
        formats.number(low, decimals) == formats.number(high, decimals) for low, high in pairs
    ):
        decimals += 1
    return decimals


def _log_axis(rows: Sequence[_rows.Row], label: str, baseline: str, write: Any) -> _rows.Axis:
    """A log axis by doublings that holds every interval and the line at 1."""
    ends = [
        number
        for row in rows
        for entry in row.entries
        if entry.value is not None
        for number in (entry.value, entry.low, entry.high)
        if number is not None
    ]
    steps = [2.0**power for power in range(-7, 11)]
    # An interval of a handful of cases may reach far beyond all others: it is drawn to the edge.
    low = max(steps[0], min([0.5, *ends]))
    high = min(steps[-1], max([2.0, *ends]))
    ticks = [step for step in steps if low * 0.99 <= step <= high * 1.01]
    every = 2 if len(ticks) > 7 else 1
    anchor = ticks.index(1.0) % every
    return _rows.Axis(
        low / 1.08,
        high * 1.08,
        tuple(tick for index, tick in enumerate(ticks) if index % every == anchor),
        lambda value: formats.number(
            value, 0 if value >= 1 else min(3, len(f"{value:.10f}".rstrip("0")) - 2)
        ),
        log=True,
        line_at=1.0,
        label=f"{label} (log scale; 1 is the same as {baseline})",
    )
