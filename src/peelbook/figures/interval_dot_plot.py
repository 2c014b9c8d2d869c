"""Audit counts, "x of y", as proportions with their 95% intervals.

Inspectors read some dozens of cases. A bare percentage hides how few; the interval and the count beside it
do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from peelbook import formats
from peelbook.figures import _rows
from peelbook.figures import _words as words
from peelbook.figures._chart import Chart, Column
from peelbook.figures._layout import FOCUS, TEXT

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.catalogue import Provenance


def interval_dot_plot(
    frame: pd.DataFrame,
    *,
    id: str,
    title: str,
    provenance: Sequence[Provenance],
    period: str,
    label: str = "Share of cases",
    series: Sequence[str] = (),
    notes: Sequence[str] = (),
    basis: str = "as printed",
    decimals: int = 0,
    interval: str = "95% Wilson interval",
    force: str = "",
) -> Chart:
    """Draw one row per audit question, with `x of y`, the proportion and its interval.

    `frame` has `label`, `numerator`, `denominator`, `lower`, `upper` (shares, 0 to 1; see
    `peelbook.stats.wilson`) and, with two series, `series`, whose names in order are `series`. Rows keep the
    order in which their label first appears. A row of no cases is shown as such.
    Raises `ValueError` for a numerator above its denominator, more than two series, or a series unknown.
    """
    import pandas as pd

    data = frame.reset_index(drop=True).copy()
    if len(series) > 2:
        raise ValueError(f"chart {id}: at most two series, not {len(series)}")
    if "series" not in data:
        data["series"] = series[0] if series else ""
    names = [words.plain(name) for name in (series or [""])]
    data["label"] = [words.plain(text) for text in data["label"]]
    data["series"] = [words.plain(text) for text in data["series"]]
    if unknown := set(data["series"]) - set(names):
        raise ValueError(f"chart {id}: unknown series {', '.join(sorted(unknown))}")
    for column in ("numerator", "denominator", "lower", "upper"):
        data[column] = words.finite(data[column])
    if (data["numerator"] > data["denominator"]).any():
        bad = data.loc[data["numerator"] > data["denominator"], "label"].iloc[0]
        raise ValueError(f"chart {id}: more cases than were read in {bad!r}")
    usable = data["numerator"].notna() & (data["denominator"] > 0)
    data["value"] = (data["numerator"] / data["denominator"]).where(usable)
    data = data[["label", "series", "numerator", "denominator", "value", "lower", "upper"]]
    write = words.number_format("%", decimals)

    def count(record) -> str:
        if record.value != record.value:
            return "no cases" if record.denominator == 0 else formats.MISSING
        x, y = formats.number(record.numerator), formats.number(record.denominator)
        return f"{x} of {y} ({write(record.value)})"

    rows: dict[str, list[_rows.Entry]] = {}
    phrases = []
    for number, record in enumerate(data.itertuples(index=False)):
        missing = record.value != record.value
        has_interval = not missing and record.lower == record.lower and record.upper == record.upper
        rows.setdefault(record.label, []).append(
            _rows.Entry(
                series=names.index(record.series),
                value=None if missing else record.value,
                text=count(record),
                low=record.lower if has_interval else None,
                high=record.upper if has_interval else None,
                cell=(number, "x_of_y"),
            )
        )
        who = f"{record.label}, {record.series}" if len(names) > 1 else record.label
        between = f", interval {formats.interval(record.lower, record.upper, write)}" if has_interval else ""
        phrases.append(f"{who}: {count(record)}{between}")
    data.insert(4, "x_of_y", [count(record) for record in data.itertuples(index=False)])
    table_rows = [_rows.Row(text, entries) for text, entries in rows.items()]
    styles = [
        _rows.Series(names[0] or f"Share and {interval}", FOCUS, FOCUS, "o", bold=len(names) > 1),
        *(_rows.Series(name, "white", TEXT, "D") for name in names[1:]),
    ]
    axis = _rows.Axis(
        0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0), words.number_format("%", 0), label=f"{label}, with {interval}"
    )
    first = f"Dot plot of {words.lower_first(label)} with {interval}s, {len(rows)} row{'s' if len(rows) != 1 else ''}, {period}"
    valued = data.dropna(subset=["value"])
    summary = ""
    if len(valued) > 1:
        high, low = valued.loc[valued["value"].idxmax()], valued.loc[valued["value"].idxmin()]
        summary = f"Highest: {high['label']}, {high['x_of_y']}; lowest: {low['label']}, {low['x_of_y']}"
    whole = words.alt_text(first, *phrases, limit=100_000)
    alt = whole if len(whole) <= words.ALT_LIMIT else words.alt_text(first, summary)
    columns = {
        "label": Column("What was looked at", numeric=False),
        **({"series": Column("Series", numeric=False)} if len(names) > 1 else {}),
        "x_of_y": Column("Cases", numeric=False),
        "value": Column(words.plain(label), words.number_format("%", 1)),
        "lower": Column("Interval, lower", words.number_format("%", 1)),
        "upper": Column("Interval, upper", words.number_format("%", 1)),
    }

    def draw(figure, layout):
        _rows.draw(figure, layout, table_rows, styles, axis, key=len(names) > 1)

    return Chart(
        id=id,
        title=title,
        force=force,
        alt=alt,
        data=pd.DataFrame(data),
        columns=columns,
        draw=draw,
        provenance=provenance,
        period=period,
        basis=basis,
        notes=notes,
        heights=_rows.heights(table_rows, styles, axis, key=len(names) > 1),
        kind="interval_dot_plot",
        pointed="y",
    )
