"""Adapters for tables of one row a force and year: a published sheet with known headings, or the form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from peelbook.sources.cells import month_end, year_end
from peelbook.sources.layout import Layout, Match
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _form

FORCE = ("Police force", "Police force area", "Force Name", "Force", "police_force_area")
YEAR = ("Financial year", "financial_year", "Year ending 31 March", "Year ending March", "Year")


def year(cell: str) -> Any:
    """Return 31 March of a financial year ("2022/23") or of the year it ends in ("2023")."""
    if cell.isdigit() and len(cell) == 4:
        return month_end(int(cell), 3)
    return year_end(cell)


def publication(
    table: str,
    version: int,
    counts: dict[str, tuple[str, ...]],
    *,
    period: Callable[[str], Any] = year,
    period_names: Iterable[str] = YEAR,
    figures: Iterable[str] = (),
) -> Publication:
    """Return the adapter of a simple table.

    `counts` maps our columns to the headings a publisher may use; columns of the contract that it does not
    name stay missing. `figures` are the columns that are not whole numbers.
    """
    official = Layout({"force": FORCE, "period": tuple(period_names), **counts}, extras_allowed=True)

    def read(match: Match, context: Context) -> Result:
        import pandas as pd

        if _form.is_form(match, table):
            return _form.read(match, context, table)
        rows = match.rows(until_blank="force")
        frame = pd.DataFrame(
            {
                "force_code": rows.forces("force", context.forces),
                "period_end": rows.mapped("period", period, "write the financial year as 2022/23"),
            }
        )
        for name in _form.layout(table).columns:
            if name in ("force_code", "period_end"):
                continue
            if name in figures and name in counts:
                frame[name] = pd.array(rows.figures(name), dtype="Float64")
            elif name in counts:
                frame[name] = pd.array(rows.counts(name), dtype="Int64")
            else:
                frame[name] = pd.array([None] * len(rows), dtype="Int64")
        rows.check()
        return Result({table: frame.dropna(subset="force_code")})

    return Publication(table, version, (table,), (_form.layout(table), official), read, untested=True)
