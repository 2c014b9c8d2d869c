"""Home Office police grant report 2025–26 beside officer numbers of 31 March 2025.

Context only: it is neither the year nor the funding (no precept) of the report's figures 6 and 7.
"""

from __future__ import annotations

import datetime

from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result

LAYOUT = Layout(columns("force", fte="officer_fte_31mar2025", grant="police_grant_2025_26_overall_total_gbp"))

GRANT_YEAR_END = datetime.date(2026, 3, 31)


def read(match: Match, context: Context) -> Result:
    """Return `police_grant`."""
    import pandas as pd

    rows = match.rows()
    frame = pd.DataFrame(
        {
            "force_code": rows.forces("force", context.forces),
            "period_end": GRANT_YEAR_END,
            "officers_fte": pd.array(rows.figures("fte"), dtype="Float64"),
            "grant_gbp": pd.array(rows.counts("grant"), dtype="Int64"),
        }
    )
    rows.check()
    return Result({"police_grant": frame.dropna(subset="force_code")}, rows={"police_grant": rows})


PUBLICATION = Publication("police_grant", 1, ("police_grant",), (LAYOUT,), read)
