"""Adapters for tables of one row a force and year: a published sheet with known headings, or the form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from peelbook.sources.cells import Rows, month_end, without_marks, year_end
from peelbook.sources.layout import Layout, Match
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _form
from peelbook.sources.reading import key

FORCE = ("Police force", "Police force area", "Force Name", "Force", "police_force_area")
YEAR = ("Financial year", "financial_year", "Year ending 31 March", "Year ending March", "Year")


def years(rows: Rows, column: str) -> Callable[[str], Any]:
    """Return what reads a column's years as 31 March.

    A single year ("2023") is one only under a heading that says which day it ends on; elsewhere it may be a
    calendar year.
    """
    ending = "ending" in key(rows.titles[column])

    def read(cell: str) -> Any:
        plain = without_marks(cell)
        if not re.fullmatch(r"(?:19|20)\d\d", plain):
            return year_end(plain)
        if not ending:
            raise ValueError("a calendar year, or not said whether it is one")
        return month_end(int(plain), 3)

    return read


def publication(
    table: str,
    version: int,
    counts: dict[str, tuple[str, ...]],
    *,
    period: Callable[[str], Any] | None = None,
    period_names: Iterable[str] = YEAR,
    figures: Iterable[str] = (),
    title: str | None = None,
) -> Publication:
    """Return the adapter of a simple table.

    `counts` maps our columns to the headings a publisher may use; columns of the contract that it does not
    name stay missing. `figures` are the columns that are not whole numbers. `title` is a pattern that the
    header or the text above it must hold, where the headings alone could be another table's.
    """
    official = Layout(
        {"force": FORCE, "period": tuple(period_names), **counts}, title=title, extras_allowed=True
    )

    def read(match: Match, context: Context) -> Result:
        import pandas as pd

        if _form.is_form(match, table):
            return _form.read(match, context, table)
        rows = match.rows(until_blank="force")
        frame = pd.DataFrame(
            {
                "force_code": rows.forces("force", context.forces),
                "period_end": rows.mapped(
                    "period", period or years(rows, "period"), "write the financial year as 2022/23"
                ),
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
        return Result({table: frame.dropna(subset="force_code")}, rows={table: rows})

    return Publication(table, version, (table,), (_form.layout(table), official), read, untested=True)
