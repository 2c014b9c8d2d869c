"""Census 2021: residents by ethnic group (19) and district, added up to police force areas.

The denominator of every disparity ratio. The 19 groups are kept, with the five broad groups beside.
"""

from __future__ import annotations

import datetime

from peelbook import contracts
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _areas
from peelbook.sources.publications._groups import BROAD
from peelbook.sources.publications.districts import abolished
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

GROUPS = contracts.categories("population_ethnicity", "ethnic_group")
_GROUPS = {key(group) for group in GROUPS}

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
    if ":" not in group or key(group) not in _GROUPS:
        raise ValueError("not one of the 19 Census groups")
    return BROAD[key(_BROAD_OF[head])]


def _complete(match: Match, current: list[str], pairs: list[tuple[str, str]]) -> None:
    """Raise `SourceFileError` unless every district is there once, with each of the 19 groups.

    The Census still has districts abolished since; all of them together stand for their successor.
    """
    found: dict[str, set[str]] = {}
    for code, group in pairs:
        found.setdefault(code, set()).add(key(group))
    earlier: dict[str, list[str]] = {}
    for old in abolished():
        earlier.setdefault(old["successor_code"], []).append(old["district_code"])
    lost, double = [], []
    for district in current:
        before = earlier.get(district, [])
        if district not in found:
            lost += [code for code in before if code not in found] if before else [district]
        elif any(code in found for code in before):
            double.append(district)
    fix = "use the table as published, of all districts of England and Wales"
    if lost:
        raise match.file.error(
            f"{len(lost)} districts of the lookup are not in the table: {', '.join(lost[:5])}",
            fix,
            sheet=match.sheet or None,
            column=match.header[match.places["code"]],
        )
    if double:
        raise match.file.error(
            f"these districts are listed together with the ones they replaced: {', '.join(double[:5])}",
            "keep the districts of one year's boundaries only",
            sheet=match.sheet or None,
            column=match.header[match.places["code"]],
        )
    short = [code for code, groups in found.items() if groups != _GROUPS]
    if short:
        absent = next(group for group in GROUPS if key(group) not in found[short[0]])
        raise match.file.error(
            f"{len(short)} districts lack one of the 19 groups; {short[0]} lacks {absent!r}",
            fix,
            sheet=match.sheet or None,
            column=match.header[match.places["group"]],
        )


def read(match: Match, context: Context) -> Result:
    """Return `population_ethnicity`.

    A district that no force covers, one that is not there and a cell without a figure are refused: a sum
    over some of a force's districts is not its population.
    """
    import pandas as pd

    rows = match.rows()
    rows = rows.keep(key(group) != "does not apply" for group in rows.text("group"))
    districts = _areas.districts(match.file, context)
    force = districts["force"]

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
            "population_count": pd.array(rows.counts("value", needed=_areas.ANOTHER_RELEASE), dtype="Int64"),
        }
    )
    repeated = pd.Series(list(zip(rows.text("code"), groups, strict=True))).duplicated()
    for place in repeated.index[repeated]:
        rows.fault("group", place, groups[place], "this district has the group twice", "keep one of the rows")
    rows.check()
    _complete(match, districts["current"], list(zip(rows.text("code"), groups, strict=True)))
    frame = frame.groupby(["force_code", "period_end", "ethnic_group", "ethnicity"], as_index=False).sum()
    return Result({"population_ethnicity": frame})


PUBLICATION = Publication(
    "population_ethnicity", 1, ("population_ethnicity",), (LAYOUT,), read, needs=("districts",)
)
