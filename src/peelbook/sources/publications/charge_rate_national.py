"""Home Office crime outcomes, table 1.3: the charge rate of England and Wales in rolling years.

What the Home Office itself calls the charge rate, against which our own national rate is checked.
"""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

from peelbook.forces import ENGLAND_AND_WALES
from peelbook.sources.cells import month_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result

LAYOUT = Layout(columns("year_ending", percent="charged_summonsed_pct"))


def _month(cell: str) -> datetime.date:
    found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])(?:-\d\d)?", cell)
    if found is None:
        raise ValueError("not a month")
    return month_end(int(found[1]), int(found[2]))


def read(match: Match, context: Context) -> Result:
    """Return `charge_rate_national`, as shares from 0 to 1."""
    import pandas as pd

    rows = match.rows()
    percents = rows.figures("percent", most=100)
    frame = pd.DataFrame(
        {
            "force_code": ENGLAND_AND_WALES,
            "period_end": rows.mapped("year_ending", _month, "write the month as 2023-03"),
            # Decimal keeps 5.7 percent as 0.057, not 0.05700000000000001.
            "charged_share": pd.array(
                [None if p is None else float(Decimal(str(p)) / 100) for p in percents], dtype="Float64"
            ),
        }
    )
    rows.check()
    return Result({"charge_rate_national": frame}, rows={"charge_rate_national": rows})


PUBLICATION = Publication("charge_rate_national", 1, ("charge_rate_national",), (LAYOUT,), read)
