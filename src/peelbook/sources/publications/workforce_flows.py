"""Home Office open data on police officers leaving, by force and year.

Written from the layout of the workforce table it is published with; no file was at hand. Officers at
the start of the year come from our own `workforce` table.
"""

from __future__ import annotations

from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _form
from peelbook.sources.publications._force_year import FORCE, YEAR, years
from peelbook.sources.publications._sums import whole_sums
from peelbook.sources.reading import key

TABLE = "workforce_flows"

LAYOUT = Layout(
    columns(
        year=YEAR,
        force=FORCE,
        worker=("Worker type",),
        kind=("Leaver type", "Type of leaver", "Reason for leaving"),
        headcount=("Total (headcount)", "Headcount"),
    ),
    extras_allowed=True,
)


def read(match: Match, context: Context) -> Result:
    """Return `workforce_flows`; joiners are published apart and stay missing here."""
    if _form.is_form(match, TABLE):
        return _form.read(match, context, TABLE)
    import pandas as pd

    rows = match.rows()
    rows = rows.keep(key(worker) == "police officer" for worker in rows.text("worker"))
    frame = pd.DataFrame(
        {
            "force_code": rows.forces("force", context.forces),
            "period_end": rows.mapped("year", years(rows, "year"), "write the financial year as 2022/23"),
            "leavers_count": pd.array(rows.counts("headcount"), dtype="Int64"),
        }
    )
    rows.check()
    by = ["force_code", "period_end"]
    total = whole_sums(frame.dropna(subset="force_code"), by)
    total["joiners_count"] = pd.array([None] * len(total), dtype="Int64")
    start: dict[tuple[str, object], int] = {}
    if (workforce := context.table("workforce")) is not None:
        officers = workforce[workforce["worker_type"] == "Police Officer"]
        for (code, day), count in officers.groupby(by)["headcount"].sum().items():
            start[code, day.date().replace(year=day.year + 1)] = int(count)
    total["officers_at_start_count"] = pd.array(
        [start.get(pair) for pair in total[by].itertuples(index=False, name=None)], dtype="Int64"
    )
    return Result({TABLE: total})


PUBLICATION = Publication(
    TABLE, 1, (TABLE,), (LAYOUT, _form.layout(TABLE)), read, needs=("workforce",), untested=True
)
