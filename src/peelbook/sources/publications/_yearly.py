"""Reads the simplest shape of all: one row a force and year, one count."""

from __future__ import annotations

from collections.abc import Callable

from peelbook.sources.layout import Match
from peelbook.sources.publication import Context, Result


def force_years(
    match: Match, context: Context, table: str, column: str, period: Callable[..., object], example: str
) -> Result:
    """Return `table` with the columns force_code, period_end and `column`.

    The layout's columns must be called `force`, `period` and `count`.
    """
    import pandas as pd

    rows = match.rows()
    frame = pd.DataFrame(
        {
            "force_code": rows.forces("force", context.forces),
            "period_end": rows.mapped("period", period, f"write the period as {example}"),
            column: pd.array(rows.counts("count"), dtype="Int64"),
        }
    )
    rows.check()
    return Result({table: frame.dropna(subset="force_code")}, rows={table: rows})
