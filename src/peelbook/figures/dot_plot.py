"""A value of each of a few forces as a dot with its interval: the force beside its neighbours.

A ranking of all forces is a ski slope. Here the forces are few, so each has its name and its value in words.
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
    from peelbook.forces import Force, Forces


def dot_plot(
    frame: pd.DataFrame,
    *,
    id: str,
    title: str,
    force: Force,
    forces: Forces,
    label: str,
    unit: str,
    decimals: int,
    provenance: Sequence[Provenance],
    period: str,
    averages: Any = None,
    notes: Sequence[str] = (),
    basis: str = "computed",
) -> Chart:
    """Draw one row a force, from the highest value, and one for each average.

    `frame` has `force_code`, `value` and, where known, `lower`, `upper`; only its forces are drawn. Other arguments
    are those of `ski_slope`. Raises `ValueError` where a force has two rows or none has a value.
    """
    import pandas as pd

    data = words.by_force(frame, forces, id)
    data = data[data["force_code"].isin(frame["force_code"])].reset_index(drop=True)
    if data["value"].notna().sum() == 0:
        raise ValueError(f"chart {id}: no force has a value")
    write = words.number_format(unit, decimals)
    for column in ("lower", "upper"):
        if column not in data:
            data[column] = float("nan")
    lines = words.averages_of(averages)
    rows = []
    for number, record in enumerate(data.itertuples(index=False)):
        known = record.value == record.value
        interval = known and record.lower == record.lower and record.upper == record.upper
        between = f" ({formats.interval(record.lower, record.upper, write)})" if interval else ""
        entry = _rows.Entry(
            0 if record.force_code == force.code else 1,
            record.value if known else None,
            f"{write(record.value)}{between}" if known else formats.MISSING,
            record.lower if interval else None,
            record.upper if interval else None,
            cell=(number, "value"),
        )
        rows.append(_rows.Row(record.force, [entry]))
    rows += [_rows.Row(line.label, [_rows.Entry(2, line.value, write(line.value))]) for line in lines]
    series = [
        _rows.Series(words.plain(force.short_name), FOCUS, FOCUS, "o", bold=True),
        _rows.Series("Other forces", "white", TEXT, "o"),
        *([_rows.Series("Averages", "white", TEXT, "D")] if lines else []),
    ]
    ends = [
        number
        for row in rows
        for entry in row.entries
        for number in (entry.value, entry.low, entry.high)
        if number is not None
    ]
    axis = _rows.Axis(min(0.0, *ends), max(0.0, *ends) or 1.0, label=words.axis_label(label, unit))
    phrases = "; ".join(f"{row.label} {row.entries[0].text}" for row in rows)
    return Chart(
        id=id,
        title=title,
        force=force.name,
        alt=words.alt_text(f"Dot plot of {words.lower_first(label)}, {period}", phrases),
        data=pd.DataFrame(data),
        columns={
            "force": Column("Force", numeric=False),
            "value": Column(words.plain(label), write),
            "lower": Column("95% interval, lower", write),
            "upper": Column("95% interval, upper", write),
        },
        draw=lambda figure, layout: _rows.draw(figure, layout, rows, series, axis),
        provenance=provenance,
        period=period,
        basis=basis,
        notes=notes,
        heights=_rows.heights(rows, series, axis),
        kind="dot_plot",
        pointed="y",
    )
