"""Home Office police workforce, 22 July 2026: officers by force on 31 March, as an extract rounded them.

Newer than the workforce table at hand, and no more than a total. The extract's searches and rates are on
another basis than this book's and are not read.
"""

from __future__ import annotations

import datetime

from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result

DAYS = {"early": datetime.date(2010, 3, 31), "late": datetime.date(2026, 3, 31)}

LAYOUT = Layout(
    columns(
        code="pfa_code",
        force="force",
        early="officers_fte_31mar2010_rounded",
        late="officers_fte_31mar2026_rounded",
    ),
    optional=(
        "officers_change_pct",
        "population_mid2024_rounded_100",
        "officers_per_100k_mid2024",
        "recorded_crime_per_1000_ye_mar2026",
        "stop_searches_black_ye_mar2025",
        "stop_searches_white_ye_mar2025",
        "black_white_rate_ratio_ye_mar2025",
    ),
    kind="extract",
)


def read(match: Match, context: Context) -> Result:
    """Return `officers_newest`."""
    import pandas as pd

    rows = match.rows()
    codes = rows.forces("force", context.forces)
    for place, (code, given) in enumerate(zip(codes, rows.text("code"), strict=True)):
        if code is not None and given != code:
            rows.fault("code", place, given, "not the code of the force named", "check this row's force")
    parts = [
        pd.DataFrame(
            {
                "force_code": codes,
                "period_end": day,
                "officers_fte": pd.array(rows.counts(column), dtype="Int64"),
            }
        )
        for column, day in DAYS.items()
    ]
    rows.check()
    return Result({"officers_newest": pd.concat(parts, ignore_index=True).dropna(subset="force_code")})


PUBLICATION = Publication("officers_newest", 1, ("officers_newest",), (LAYOUT,), read)
