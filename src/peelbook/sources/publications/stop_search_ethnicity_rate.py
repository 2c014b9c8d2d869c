"""Ethnicity facts and figures: stop and search rates by force and ethnic group, one year.

These rounded rates are the ones the inspection report divides (32.8 over 11.4), so they stay as
published beside our own from counts.
"""

from __future__ import annotations

import datetime
import re

from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result

GROUPS = ("All", "Asian", "Black", "Mixed", "White", "Other")

# Two header rows: the groups, then "Police force area" over the names and the unit over each column.
LAYOUT = Layout(columns(*GROUPS))


def read(match: Match, context: Context) -> Result:
    """Return `stop_search_ethnicity_rate`.

    The file does not say its year except in its name ("2022-23"); a name without one is an error.
    """
    import pandas as pd

    year = re.search(r"(20\d\d)[-_/ ](\d\d)(?!\d)", match.file.name)
    if year is None or int(year[2]) != (int(year[1]) + 1) % 100:
        raise match.file.error(
            "the table does not state its year, and the file name does not either",
            "name the file with its financial year, such as stop-search-rates-2022-23.csv",
        )
    second = match.file.rows(match.sheet)[match.header_row]
    if str(second[0]).strip().casefold() != "police force area":
        raise match.file.error(
            f"expected 'Police force area' under the groups, found {second[0]!r}",
            "restore the publication's second header row",
            row=match.header_row + 1,
        )
    rows = match.rows()
    rows.columns["area"] = 0
    rows.titles["area"] = "Police force area"
    rows = rows.keep([False] + [name != "All - including BTP" for name in rows.text("area")[1:]])
    codes = rows.forces("area", context.forces, national=True)
    closing = datetime.date(int(year[1]) + 1, 3, 31)
    frames = [
        pd.DataFrame(
            {
                "force_code": codes,
                "period_end": closing,
                "ethnicity": group,
                "searches_rate": pd.array(rows.figures(group, most=1000), dtype="Float64"),
            }
        )
        for group in GROUPS
    ]
    rows.check()
    frame = pd.concat(frames).dropna(subset=["force_code", "searches_rate"])
    return Result({"stop_search_ethnicity_rate": frame}, rows={"stop_search_ethnicity_rate": rows})


PUBLICATION = Publication("stop_search_ethnicity_rate", 1, ("stop_search_ethnicity_rate",), (LAYOUT,), read)
