"""Home Office police workforce open data table: headcount and full-time equivalents.

One row for each force, year, sex, rank and kind of worker since 2007; labels change case over the
years, so they are folded to one spelling.
"""

from __future__ import annotations

import datetime
import re

from peelbook.sources import headings
from peelbook.sources.cells import without_marks
from peelbook.sources.layout import Layout, Match
from peelbook.sources.publication import Context, Publication, Result

LAYOUT = Layout(headings.of("workforce"), editions=headings.editions("workforce"))


def _day(cell: str) -> datetime.date:
    year = without_marks(cell)
    if re.fullmatch(r"20\d\d", year) is None:
        raise ValueError("not a year")
    return datetime.date(int(year), 3, 31)


def read(match: Match, context: Context) -> Result:
    """Return `workforce`. FTE is missing for special constables and volunteers, who have none."""
    import pandas as pd

    rows = match.rows()
    codes = rows.forces("force", context.forces)
    known = set(context.forces.codes)
    for place, (code, given) in enumerate(zip(codes, rows.text("code"), strict=True)):
        if code is not None and given in known and given != code:
            rows.fault(
                "code", place, given, "the code of another force than the one named", "check this row's force"
            )
    frame = pd.DataFrame(
        {
            "force_code": codes,
            "period_end": rows.mapped("year", _day, "give the year as four digits"),
            "sex": rows.categories("sex", "workforce"),
            "rank": rows.categories("rank", "workforce"),
            "worker_type": rows.categories("worker", "workforce", "worker_type"),
            "headcount": pd.array(rows.counts("headcount"), dtype="Int64"),
            "fte": pd.array(rows.figures("fte"), dtype="Float64").round(6),
        }
    )
    rows.check()
    return Result({"workforce": frame.dropna(subset="force_code")}, rows={"workforce": rows})


PUBLICATION = Publication("workforce", 1, ("workforce",), (LAYOUT,), read)
