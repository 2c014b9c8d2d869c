"""Home Office stop and search open data: all searches, and those with ethnicity not recorded, by force.

It carries `stop_search` on after 2022/23, where the longer series ends. The years that both have stay with
the longer one, whose rates the inspection report prints; the two differ by revisions of two forces.
"""

from __future__ import annotations

import datetime

from peelbook.sources.cells import year_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result

LAYOUT = Layout(
    columns("financial_year", "police_force", "total_searches", "missing_searches"),
    optional=("region_clean", "pct_missing"),
    kind="extract",
)

LONGER_SERIES_ENDS = datetime.date(2023, 3, 31)


def read(match: Match, context: Context) -> Result:
    """Return `stop_search` for the years after 2022/23."""
    import pandas as pd

    rows = match.rows()
    years = rows.mapped("financial_year", year_end, "write the financial year as 2022/23")
    rows.check()
    rows = rows.keep(day > LONGER_SERIES_ENDS for day in years)
    total, unknown = rows.counts("total_searches"), rows.counts("missing_searches")
    for place, (whole, part) in enumerate(zip(total, unknown, strict=True)):
        if whole is not None and part is not None and part > whole:
            rows.fault("missing_searches", place, part, "more than all searches", "correct the row")
    frame = pd.DataFrame(
        {
            "force_code": rows.forces("police_force", context.forces),
            "period_end": [day for day in years if day > LONGER_SERIES_ENDS],
            "searches_count": pd.array(total, dtype="Int64"),
        }
    )
    frame["ethnicity_known_count"] = frame["searches_count"] - pd.array(unknown, dtype="Int64")
    frame["census_population_count"] = pd.array([None] * len(frame), dtype="Int64")
    rows.check()
    return Result({"stop_search": frame.dropna(subset="force_code")}, rows={"stop_search": rows})


PUBLICATION = Publication(
    "stop_search_totals",
    1,
    ("stop_search",),
    (LAYOUT,),
    read,
    covers="from 2023/24 on",
)
