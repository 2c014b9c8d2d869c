"""What became of crimes: the share of each outcome type, force beside England and Wales (figure 4).

Eleven shares between 0% and 60% cannot be read off two stacked bars, so each outcome has a pair of bars from
a common base, with its values printed. The name is the report's figure, not the shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from peelbook import formats
from peelbook.figures import _rows
from peelbook.figures import _words as words
from peelbook.figures._chart import Chart, Column
from peelbook.figures._layout import FOCUS

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.catalogue import Provenance
    from peelbook.forces import Force


LEAST = 0.01
"""The share from which on a computed outcome is drawn, of the force or of those beside it. The table has all."""


def stacked_outcomes(
    frame: pd.DataFrame,
    *,
    id: str,
    title: str,
    force: Force,
    provenance: Sequence[Provenance],
    period: str,
    comparator: str = words.POOLED,
    label: str = "Share of victim-based crimes",
    notes: Sequence[str] = (),
    basis: str = "as printed",
    decimals: int = 1,
) -> Chart:
    """Draw the share of each outcome as a pair of bars, in the order given.

    `frame` has `outcome`, `value`, `comparator_value` (shares, 0 to 1) and perhaps `text`,
    `comparator_text`: the values as printed, which then stand on the chart letter for letter.
    Raises `ValueError` for an outcome in two rows or a share outside 0 to 1.
    """
    import pandas as pd

    data = frame.reset_index(drop=True).copy()
    data["outcome"] = [words.plain(text) for text in data["outcome"]]
    if data["outcome"].duplicated().any():
        raise ValueError(
            f"chart {id}: two rows for {data.loc[data['outcome'].duplicated(), 'outcome'].iloc[0]}"
        )
    for column in ("value", "comparator_value"):
        data[column] = words.finite(data[column])
    numbers = data[["value", "comparator_value"]]
    if ((numbers < 0) | (numbers > 1)).any().any():
        raise ValueError(f"chart {id}: a share outside 0 to 1")
    write = words.number_format("%", decimals)
    for column, number in (("text", "value"), ("comparator_text", "comparator_value")):
        printed = data[column].tolist() if column in data else [None] * len(data)
        data[column] = [
            words.plain(text) if isinstance(text, str) and text else write(value)
            for text, value in zip(printed, data[number].tolist(), strict=True)
        ]
    data = data[["outcome", "value", "comparator_value", "text", "comparator_text"]]
    # A list of twenty outcomes, most of them next to nothing, is three screens of a phone. Rows of a report stay.
    low = (numbers.max(axis=1) < LEAST) if basis == "computed" else numbers.max(axis=1) < 0
    spare = set(data.index[low]) if low.sum() > 1 and not low.all() else set()
    name, other = words.plain(force.short_name), words.plain(comparator)
    rows = [
        _rows.Row(
            record.outcome,
            [
                _rows.Entry(
                    0,
                    None if record.value != record.value else record.value,
                    record.text,
                    cell=(number, "text"),
                ),
                _rows.Entry(
                    1,
                    None if record.comparator_value != record.comparator_value else record.comparator_value,
                    record.comparator_text,
                    cell=(number, "comparator_text"),
                ),
            ],
        )
        for number, record in enumerate(data.itertuples(index=False))
        if number not in spare
    ]
    styles = [
        _rows.Series(name, FOCUS, FOCUS, "", bold=True),
        _rows.Series(other, "white", "#505A5F", "", hatch="/////"),
    ]
    top = max([0.01, *numbers.max().dropna().tolist()])
    axis = _rows.Axis(0.0, top)
    ranked = data.dropna(subset=["value"]).sort_values("value", ascending=False, kind="stable")
    phrases = [
        f"{row.outcome}: {row.text} against {row.comparator_text}" for row in ranked.itertuples(index=False)
    ]
    absent = list(data.loc[data["value"].isna(), "outcome"])
    alt = words.alt_text(
        f"Bar chart of {words.lower_first(label)} by {len(data)} outcome types, {name} against {other}, {period}",
        *((index, text) for index, text in enumerate(phrases)),
        (99, f"No value for {formats.joined(absent)}" if absent else ""),
    )
    columns = {
        "outcome": Column("Outcome", numeric=False),
        "text": Column(name),
        "comparator_text": Column(other),
    }

    def draw(figure, layout):
        _rows.draw(figure, layout, rows, styles, axis, head=label)

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
        notes=[
            *notes,
            *(
                [f"Not drawn: {len(spare)} outcomes of less than 1% on either side. The table has them."]
                if spare
                else []
            ),
        ],
        heights=_rows.heights(rows, styles, axis, head=label),
        kind="stacked_outcomes",
        pointed="y",
    )
