"""ONS mid-year population estimates by district, added up to police force areas, release by release.

Estimates are revised. `population_releases` holds every release at hand; `population` has each mid-year
once, from the earliest of them, because the report's rates fit the first release of mid-2022.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

from peelbook.forces import ENGLAND_AND_WALES
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.layout import match as fit
from peelbook.sources.publication import Context, Publication, Result, releases
from peelbook.sources.publications import _areas

TABLE, RELEASES = "population", "population_releases"

_AREA = columns(code="Code", name="Name", geography="Geography")

LAYOUT = Layout(_AREA, series=r"Mid-\d{4}", sheet=r"MYE4")
# The table of one mid-year: all ages, then a column for each year of age.
ONE_YEAR = Layout(
    {**_AREA, "all": ("All ages",)}, optional=(*map(str, range(90)), "90+"), sheet=r"(?:MYE2.*persons)?"
)


def _year_of(match: Match) -> int:
    """The mid-year of a table of one year: as its text says, or as is known of the very file."""
    for sheet in match.file.sheets[:3] if match.sheet else []:
        for row in match.file.top(sheet, match.header_row if sheet == match.sheet else 12):
            for cell in row:
                if found := re.search(r"\bmid-?\s?(20\d\d)\b", str(cell), re.I):
                    return int(found[1])
    known = releases().get(match.file.sha256, {})
    if "mid_year" in known:
        return int(known["mid_year"])
    raise match.file.error(
        "nothing in it says of which mid-year these residents are",
        "use the workbook as published, or the sheet MYE4 of a workbook of several years",
        sheet=match.sheet or None,
    )


def _all_years(match: Match) -> Match:
    """The table of all mid-years where the workbook has it, else the one it was recognised by."""
    found = fit(match.file, LAYOUT)
    return found if found is not None and found.complete else match


def _wide(match: Match, context: Context) -> Any:
    """Residents by force and mid-year; the forces must add up to the publisher's England and Wales."""
    import pandas as pd

    rows = match.rows()
    series = {name: int(name[-4:]) for name in match.series} or {"all": _year_of(match)}
    districts = _areas.districts(match.file, context)
    wanted = {*districts["current"], ENGLAND_AND_WALES}
    rows = rows.keep(code in wanted for code in rows.text("code"))
    codes = rows.text("code")
    for place in range(len(codes)):
        if codes[place] in codes[:place]:
            rows.fault("code", place, codes[place], "the area stands here twice", "keep one of the rows")
    wide = pd.DataFrame(
        {year: rows.counts(column, needed=_areas.ANOTHER_RELEASE) for column, year in series.items()},
        index=codes,
    )
    rows.check()
    lost = [code for code in districts["current"] if code not in wide.index]
    if lost:
        raise match.file.error(
            f"{len(lost)} districts of the lookup are not in the table: {', '.join(lost[:5])}",
            "use estimates and lookup on the same year's boundaries",
            sheet=match.sheet or None,
            column="Code",
        )
    by_force = wide.loc[districts["current"]].astype("Int64").groupby(districts["force"]).sum()
    for column, year in series.items():
        total, printed = int(by_force[year].sum()), wide[year].get(ENGLAND_AND_WALES)
        if printed is not None and total != printed:
            raise match.file.error(
                f"the force areas add up to {total:,}, England and Wales to {int(printed):,}",
                "use estimates and lookup on the same year's boundaries",
                sheet=match.sheet or None,
                column=rows.titles[column],
            )
    return by_force


def read(match: Match, context: Context) -> Result:
    """Return `population_releases` and, for the mid-years that no earlier release has, `population`."""
    by_force = _wide(_all_years(match), context)
    release = f"mid-{max(by_force.columns)}"
    frame = by_force.rename_axis("force_code").reset_index()
    frame = frame.melt("force_code", var_name="period_end", value_name="population_count")
    frame["period_end"] = [datetime.date(int(year), 6, 30) for year in frame["period_end"]]
    earlier: set[datetime.date] = set()
    if (others := context.table(RELEASES)) is not None:
        earlier = {day.date() for day in others.loc[others["release"] < release, "period_end"]}
    first = frame[~frame["period_end"].isin(earlier)]
    return Result({TABLE: first, RELEASES: frame.assign(release=release)})


def _release(match: Match) -> int:
    series = _all_years(match).series
    return max(int(name[-4:]) for name in series) if series else _year_of(match)


PUBLICATION = Publication(
    TABLE, 2, (TABLE, RELEASES), (LAYOUT, ONE_YEAR), read, needs=("districts",), order=_release
)
