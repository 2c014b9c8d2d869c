"""ONS police force area tables, Table C2: recorded crime by force, partnership and offence group in a year.

The newest recorded crime by group. A force of one partnership has that row alone. The code of a row of
offences that a force gave to no partnership is not always its own force's, so the name is what counts.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

from peelbook import formats
from peelbook.sources.cells import Rows, month_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.reading import key

TABLE, BY_PARTNERSHIP = "recorded_crime_newest", "recorded_crime_partnership"

# Each group, and the parts of it that the table gives. The parts need not add up to the group.
GROUPS = {
    "Violence against the person": (
        "Homicide",
        "Death or serious injury caused by illegal driving",
        "Violence with injury",
        "Violence without injury",
        "Stalking and harassment",
    ),
    "Sexual offences": (),
    "Robbery": (),
    "Theft offences": (
        "Burglary",
        "Residential burglary",
        "Non-residential burglary",
        "Vehicle offences",
        "Theft from the person",
        "Bicycle theft",
        "Shoplifting",
        "All other theft offences",
    ),
    "Criminal damage and arson": (),
    "Drug offences": (),
    "Possession of weapons offences": (),
    "Public order offences": (),
    "Miscellaneous crimes against society": (),
}
TOTAL = "Total recorded crime (excluding fraud)"
UNASSIGNED = "Unassigned"

LAYOUT = Layout(
    columns(
        code="Police Force Area code",
        force="Police Force Area name",
        partnership_code="Community Safety Partnership code",
        partnership="Community Safety Partnership name",
        total=TOTAL,
        **{name: name for name in GROUPS},
        **{part: part for parts in GROUPS.values() for part in parts},
    ),
    optional=("Local Authority code", "Local Authority name"),
    title=r"\bTable C2\b",
    tested=True,
    editions=("police force area tables, Table C2",),
)

_MONTHS = {name.casefold(): number for number, name in enumerate(formats.MONTHS, start=1)}


def year_of(match: Match) -> datetime.date:
    """Return the last day of the year that the title names ("year ending June 2025")."""
    for row in match.file.top(match.sheet, match.header_row):
        for cell in row:
            found = re.search(r"year ending (\w+) (\d{4})", str(cell), re.I)
            if found and found[1].casefold() in _MONTHS:
                return month_end(int(found[2]), _MONTHS[found[1].casefold()])
    raise match.file.error(
        "the title does not say which year the table covers", "restore the title", sheet=match.sheet or None
    )


def read(match: Match, context: Context) -> Result:
    """Return `recorded_crime_newest` and `recorded_crime_partnership`.

    The groups must add up to each total, and the partnerships to their force.
    """
    import pandas as pd

    day = year_of(match)
    rows = match.rows()
    codes = rows.forces("force", context.forces)
    counts = {name: rows.counts(name) for name in rows.columns if name in GROUPS or name == "total"}
    parts = {part: rows.counts(part) for parts in GROUPS.values() for part in parts}
    partnerships = [_partnership(name) for name in rows.text("partnership")]
    wide = pd.DataFrame({name: pd.array(values, dtype="Int64") for name, values in counts.items()})
    whole = pd.Series([name == "" for name in partnerships])
    _check(rows, codes, partnerships, wide)
    rows.check()
    single = ~pd.Series(codes).isin(pd.Series(codes)[whole])
    frame = pd.concat([wide, pd.DataFrame({n: pd.array(v, dtype="Int64") for n, v in parts.items()})], axis=1)
    frame = frame.assign(force_code=codes, period_end=day)
    forces = [
        frame.loc[whole | single, ["force_code", "period_end", column]]
        .rename(columns={column: "offences_count"})
        .assign(offence_group=group, offence_part="All" if column == group else column)
        for group, members in GROUPS.items()
        for column in (group, *members)
    ]
    local = frame.assign(partnership=partnerships, partnership_code=rows.text("partnership_code"))[~whole]
    local = local.melt(
        ["force_code", "period_end", "partnership", "partnership_code"],
        list(GROUPS),
        var_name="offence_group",
        value_name="offences_count",
    )
    local["partnership_code"] = local["partnership_code"].where(local["partnership_code"] != "", None)
    return Result({TABLE: pd.concat(forces, ignore_index=True), BY_PARTNERSHIP: local})


def _partnership(name: str) -> str:
    return UNASSIGNED if key(name).startswith("unassigned ") else name


def _check(rows: Rows, codes: list[str | None], partnerships: list[str], wide: Any) -> None:
    """Note a fault for a code of another force than the name, groups that miss their total, and lost parts."""
    import pandas as pd

    for place, (code, given) in enumerate(zip(codes, rows.text("code"), strict=True)):
        if code is not None and given != code and partnerships[place] != UNASSIGNED:
            rows.fault(
                "code", place, given, "the code of another force than the one named", "check this row's force"
            )
    sums = wide[list(GROUPS)].sum(axis=1, min_count=len(GROUPS))
    for place in wide.index[(sums != wide["total"]).fillna(False)]:
        rows.fault(
            "total",
            int(place),
            wide.loc[place, "total"],
            f"the offence groups add up to {sums[place]:,}",
            "check the row",
        )
    areas = pd.Series(codes)
    whole = pd.Series([name == "" for name in partnerships])
    for place in wide.index[whole]:
        parts = wide.loc[~whole & (areas == areas[place]).fillna(False), "total"]
        if not parts.isna().any() and parts.sum() != wide.loc[place, "total"]:
            rows.fault(
                "total",
                int(place),
                wide.loc[place, "total"],
                f"its partnerships add up to {parts.sum():,}",
                "check that no row was lost",
            )


PUBLICATION = Publication(TABLE, 1, (TABLE, BY_PARTNERSHIP), (LAYOUT,), read)
