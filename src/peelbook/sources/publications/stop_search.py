"""Ethnicity facts and figures: stop and search by force and year, all ethnic groups together.

The longest series there is (from 2006/07) and the one whose rates the inspection report prints.
"""

from __future__ import annotations

from peelbook.forces import ENGLAND_AND_WALES
from peelbook.sources.cells import year_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications._sums import check_once, check_total

LAYOUT = Layout(
    columns(
        "geography",
        "time",
        "ethnicity",
        "legislation_type",
        searches=("number_of_stop_and_searches", "Number of stop and searches"),
        known=("total_excluding_unreported_ethnicity", "Total excluding unreported ethnicity"),
        population=("population_census", "Population"),
    ),
    optional=("rate_per_1000", "Rate per 1,000 people"),
)


def read(match: Match, context: Context) -> Result:
    """Return `stop_search`; the 43 forces must add up to the publisher's own total in every year."""
    import pandas as pd

    rows = match.rows()
    rows = rows.keep(
        a.casefold() == "all" and b.casefold() == "all"
        for a, b in zip(rows.text("ethnicity"), rows.text("legislation_type"), strict=True)
    )
    frame = pd.DataFrame(
        {
            "force_code": rows.forces("geography", context.forces, national=True),
            "period_end": rows.mapped("time", year_end, "write the financial year as 2022/23"),
            "searches_count": rows.counts("searches"),
            "ethnicity_known_count": rows.counts("known"),
            "census_population_count": rows.counts("population"),
        }
    ).astype(
        {"searches_count": "Int64", "ethnicity_known_count": "Int64", "census_population_count": "Int64"}
    )
    pairs = [
        None if pd.isna(code) else (code, year)
        for code, year in frame[["force_code", "period_end"]].itertuples(index=False)
    ]
    check_once(rows, "geography", pd.Series(pairs, dtype=object), "the area is listed twice in this year")
    rows.check()
    for column, name in (("searches_count", "searches"), ("ethnicity_known_count", "known")):
        national = frame[frame["force_code"] == ENGLAND_AND_WALES]
        forces = frame[frame["force_code"].isin(context.forces.codes)]
        for place, row in national.iterrows():
            parts = forces.loc[forces["period_end"] == row["period_end"], column]
            if len(parts):
                check_total(rows, name, int(place), row[column], parts, " in this year")
    rows.check()
    frame = frame[frame["force_code"].isin(context.forces.codes)]
    return Result({"stop_search": frame}, rows={"stop_search": rows})


PUBLICATION = Publication("stop_search", 1, ("stop_search",), (LAYOUT,), read)
