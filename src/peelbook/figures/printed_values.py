"""Bars of values that the report printed, for figures whose data nobody has published.

Kept apart from the kinds that draw computed data, so that the two can never be mistaken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from peelbook.figures import _rows
from peelbook.figures._chart import FOCUS, QUIET, Chart, Column
from peelbook.figures._plain import plain
from peelbook.figures._words import alt_text

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.catalogue import Provenance


def printed_values(
    *,
    id: str,
    title: str,
    rows: pd.DataFrame,
    provenance: Sequence[Provenance],
    period: str,
    notes: Sequence[str] = (),
    what: str = "",
) -> Chart:
    """Draw printed values as labelled bars, one a row, in the order given.

    `rows` has `label` (what the value is of), `value` (a number in the printed unit), `text` (the value as
    printed, with its unit) and `focus` (true for the force, false for an average or a standard, which is
    drawn hatched so that the two differ without colour). `what` says in a phrase what is measured; it opens
    the alt text. Raises `ValueError` for an empty frame or a missing value.
    """
    if rows.empty or rows["value"].isna().any():
        raise ValueError(f"chart {id}: every printed value needs a number")
    data = rows[["label", "value", "text", "focus"]].reset_index(drop=True)
    data["label"] = [plain(label) for label in data["label"]]
    data["text"] = [plain(text) for text in data["text"]]
    table_rows = [
        _rows.Row(row.label, [_rows.Entry(0 if row.focus else 1, float(row.value), row.text)])
        for row in data.itertuples(index=False)
    ]
    # No key: a row's own label says whose value it is; the hatch only repeats it.
    series = [_rows.Series("", FOCUS, FOCUS, ""), _rows.Series("", "white", QUIET, "", hatch="/////")]
    numbers = data["value"].astype(float).tolist()
    axis = _rows.Axis(min(0.0, *numbers), max(0.0, *numbers) or 1.0)

    def draw(figure, layout):
        _rows.draw(figure, layout, table_rows, series, axis, key=False)

    listed = "; ".join(f"{label} {text}" for label, text in zip(data["label"], data["text"], strict=True))
    lead = "Bar chart of values as printed in the report"
    return Chart(
        id=id,
        title=title,
        alt=alt_text(lead, (1, what), listed),
        data=data,
        columns={
            "label": Column("Value of", numeric=False),
            "text": Column("As printed", numeric=True),
        },
        draw=draw,
        provenance=provenance,
        period=period,
        basis="as printed",
        notes=notes,
        heights=_rows.heights(table_rows, series, axis, key=False),
        kind="printed_values",
    )
