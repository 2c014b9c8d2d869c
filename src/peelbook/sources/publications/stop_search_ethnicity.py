"""Home Office stop and search counts by force and ethnic group, from the open data table.

Disparity ratios need counts, not rounded rates; this is the series that carries them to 2024/25.
"""

from __future__ import annotations

from peelbook.sources.cells import year_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications._groups import BROAD

LAYOUT = Layout(columns("financial_year", "police_force", "ethnicity", "total_searches"))


def read(match: Match, context: Context) -> Result:
    """Return `stop_search_ethnicity`; vehicle searches and "not stated" are out of the source already."""
    import pandas as pd

    rows = match.rows()
    frame = pd.DataFrame(
        {
            "force_code": rows.forces("police_force", context.forces),
            "period_end": rows.mapped("financial_year", year_end, "write the financial year as 2022/23"),
            "ethnicity": rows.one_of("ethnicity", BROAD),
            "searches_count": pd.array(rows.counts("total_searches"), dtype="Int64"),
        }
    )
    rows.check()
    return Result(
        {"stop_search_ethnicity": frame.dropna(subset="force_code")}, rows={"stop_search_ethnicity": rows}
    )


PUBLICATION = Publication("stop_search_ethnicity", 1, ("stop_search_ethnicity",), (LAYOUT,), read)
