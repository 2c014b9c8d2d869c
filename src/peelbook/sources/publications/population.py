"""ONS mid-year population estimates by district, added up to police force areas.

The report's rates per head fit the first release of the mid-2022 estimates, so the release matters
and its hash is kept.
"""

from __future__ import annotations

import datetime
import re

from peelbook.contracts import ENGLAND_AND_WALES
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _areas

LAYOUT = Layout(
    columns(code="Code", name="Name", geography="Geography"),
    series=r"Mid-\d{4}",
    sheet=r"MYE4",
)


def read(match: Match, context: Context) -> Result:
    """Return `population`; the forces must add up to the publisher's England and Wales in every year."""
    import pandas as pd

    rows = match.rows()
    districts = _areas.districts(match.file, context)
    wanted = {*districts["current"], ENGLAND_AND_WALES}
    rows = rows.keep(code in wanted for code in rows.text("code"))
    codes = rows.text("code")
    for place in range(len(codes)):
        if codes[place] in codes[:place]:
            rows.fault("code", place, codes[place], "the area stands here twice", "keep one of the rows")
    wide = pd.DataFrame(
        {column: rows.counts(column, needed=_areas.ANOTHER_RELEASE) for column in match.series}, index=codes
    )
    rows.check()
    lost = [code for code in districts["current"] if code not in wide.index]
    if lost:
        raise match.file.error(
            f"{len(lost)} districts of the lookup are not in the table: {', '.join(lost[:5])}",
            "use estimates and lookup on the same year's boundaries",
            sheet=match.sheet,
            column="Code",
        )
    inside = wide.loc[districts["current"]].astype("Int64")
    by_force = inside.groupby(districts["force"]).sum()
    if ENGLAND_AND_WALES in wide.index:
        for column in match.series:
            total, printed = int(by_force[column].sum()), int(wide.loc[ENGLAND_AND_WALES, column])
            if total != printed:
                raise match.file.error(
                    f"the force areas add up to {total:,}, England and Wales to {printed:,}",
                    "use estimates and lookup on the same year's boundaries",
                    sheet=match.sheet,
                    column=column,
                )
    by_force.columns = [datetime.date(int(re.sub(r"\D", "", column)), 6, 30) for column in by_force.columns]
    frame = by_force.rename_axis("force_code").reset_index()
    frame = frame.melt("force_code", var_name="period_end", value_name="population_count")
    return Result({"population": frame})


PUBLICATION = Publication("population", 1, ("population",), (LAYOUT,), read, needs=("districts",))
