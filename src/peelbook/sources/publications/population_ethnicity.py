"""Census 2021: residents by ethnic group (19) and district, added up to police force areas.

The denominator of every disparity ratio. The 19 groups are kept, with the five broad groups beside.
"""

from __future__ import annotations

import datetime

from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _areas
from peelbook.sources.publications._groups import BROAD
from peelbook.sources.reading import key

LAYOUT = Layout(
    columns(
        code=("ltla21_code", "Lower tier local authorities Code", "LTLA21CD"),
        name=("ltla21_name", "Lower tier local authorities", "LTLA21NM"),
        group=("ethnic_group", "Ethnic group (20 categories)"),
        value=("value", "Observation"),
    ),
    optional=("Ethnic group (20 categories) Code",),
)

CENSUS_DAY = datetime.date(2021, 3, 21)

_BROAD_OF = {
    "asian asian british or asian welsh": "Asian",
    "black black british black welsh caribbean or african": "Black",
    "mixed or multiple ethnic groups": "Mixed",
    "other ethnic group": "Other",
    "white": "White",
}


def broad(group: str) -> str:
    """Return the broad group of one of the 19. Raises `ValueError` for anything else."""
    head = key(group.split(":")[0])
    if ":" not in group or head not in _BROAD_OF:
        raise ValueError("not one of the 19 Census groups")
    return BROAD[key(_BROAD_OF[head])]


def read(match: Match, context: Context) -> Result:
    """Return `population_ethnicity`. A district that no force covers is a fault."""
    import pandas as pd

    rows = match.rows()
    rows = rows.keep(key(group) != "does not apply" for group in rows.text("group"))
    force = _areas.districts(match.file, context)["force"]

    def area(code: str) -> str:
        if code not in force:
            raise ValueError("a district of no police force area")
        return force[code]

    groups = rows.text("group")
    frame = pd.DataFrame(
        {
            "force_code": rows.mapped(
                "code", area, "check the code, or add it to the list of abolished districts"
            ),
            "period_end": CENSUS_DAY,
            "ethnic_group": groups,
            "ethnicity": rows.mapped("group", broad, "use the labels of the 20-category Census variable"),
            "population_count": pd.array(rows.counts("value"), dtype="Int64"),
        }
    )
    repeated = pd.Series(list(zip(rows.text("code"), groups, strict=True))).duplicated()
    for place in repeated.index[repeated]:
        rows.fault("group", place, groups[place], "this district has the group twice", "keep one of the rows")
    rows.check()
    frame = frame.groupby(["force_code", "period_end", "ethnic_group", "ethnicity"], as_index=False).sum()
    return Result({"population_ethnicity": frame})


PUBLICATION = Publication(
    "population_ethnicity", 1, ("population_ethnicity",), (LAYOUT,), read, needs=("districts",)
)
