"""The CSV form of a table: the contract's own columns, for an analyst to fill from a publication.

For publications whose layout is not known for certain, and for years a publisher gives as a picture or
a dashboard only, the form is the dependable way in. Forces may be named or coded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peelbook import contracts
from peelbook.sources.cells import iso_date
from peelbook.sources.layout import Layout, Match
from peelbook.sources.publication import Context, Result

if TYPE_CHECKING:
    from peelbook.sources.cells import Rows

LEAVE_OUT = "leave out this force's rows of the period if there is no figure; it is then recorded as missing"


def layout(table: str) -> Layout:
    """Return the layout of a table's CSV form."""
    return Layout({field["name"]: (field["name"],) for field in contracts.load(table)["fields"]}, form=True)


def is_form(match: Match, table: str) -> bool:
    """Whether a recognised file is the table's CSV form rather than a published file."""
    return match.layout == layout(table)


def read(match: Match, context: Context, table: str) -> Result:
    """Return the table out of its CSV form; the contract checks categories and ranges afterwards."""
    import pandas as pd

    rows = match.rows()
    frame = pd.DataFrame(
        {field["name"]: _column(rows, field, context) for field in contracts.load(table)["fields"]}
    )
    rows.check()
    return Result({table: frame.dropna(subset="force_code")}, kind="extract", rows={table: rows})


def _column(rows: Rows, field: dict, context: Context) -> object:
    import pandas as pd

    name = field["name"]
    limits = field.get("constraints", {})
    needed = LEAVE_OUT if limits.get("required") else ""
    if name == "force_code":
        return rows.forces(name, context.forces)
    if field["type"] == "date":
        return rows.mapped(name, iso_date, "write the last day of the period as YYYY-MM-DD")
    if field["type"] == "integer":
        return pd.array(rows.counts(name, needed=needed), dtype="Int64")
    if field["type"] == "number":
        values = rows.figures(name, least=limits.get("minimum"), most=limits.get("maximum"), needed=needed)
        return pd.array(values, dtype="Float64")
    return rows.text(name)
