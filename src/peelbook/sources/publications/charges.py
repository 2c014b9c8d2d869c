"""Home Office outcomes open data: offences charged or summonsed, by force, year and offence group.

Two bases: offences *recorded* in the year (with whatever outcome they have had since) and outcomes
*closed* in the year. A force-year whose every group is zero supplied nothing: it is missing, not
zero. Years known to hold some quarters only go to `charges_part_year`.
"""

from __future__ import annotations

import datetime

from peelbook.sources.cells import year_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Gap, Publication, Result
from peelbook.sources.reading import key

LAYOUT = Layout(columns("force", "fy", "basis", "offence_group", "charged_summonsed"))

GROUPS = (
    "Criminal damage and arson",
    "Drug offences",
    "Miscellaneous crimes against society",
    "Possession of weapons offences",
    "Public order offences",
    "Robbery",
    "Sexual offences",
    "Theft offences",
    "Violence against the person",
)

# (force, year end) on the recorded basis -> the quarter-aligned part that was supplied. The quarterly
# file shows that the Met's only non-zero quarter of 2014/15 is the last; Greater Manchester supplied
# nothing for July 2019 to March 2020.
PARTS = {
    ("E23000001", datetime.date(2015, 3, 31)): (datetime.date(2015, 1, 1), datetime.date(2015, 3, 31)),
    ("E23000005", datetime.date(2020, 3, 31)): (datetime.date(2019, 4, 1), datetime.date(2019, 6, 30)),
}


def read(match: Match, context: Context) -> Result:
    """Return `charges` and `charges_part_year`, and a gap for each force-year that supplied nothing."""
    import pandas as pd

    rows = match.rows()
    frame = pd.DataFrame(
        {
            "force_code": rows.forces("force", context.forces),
            "period_end": rows.mapped("fy", year_end, "write the financial year as 2022/23"),
            "basis": rows.one_of("basis", {"recorded": "recorded", "closed": "closed"}),
            "offence_group": rows.one_of("offence_group", {key(name): name for name in GROUPS}),
            "charged_count": pd.array(rows.counts("charged_summonsed"), dtype="Int64"),
        }
    )
    rows.check()
    frame = frame.dropna(subset="force_code")
    by = ["force_code", "period_end", "basis"]
    silent = frame.groupby(by)["charged_count"].transform("max") == 0
    gaps = [
        Gap(
            "charges",
            code,
            day.replace(year=day.year - 1, month=4, day=1),
            day,
            "missing",
            f"Every group is zero on the {basis} basis: the force supplied no outcomes for this year.",
        )
        for code, day, basis in frame.loc[silent, by].drop_duplicates().itertuples(index=False)
    ]
    frame = frame[~silent]
    part = pd.Series(
        [
            basis == "recorded" and (code, day) in PARTS
            for code, day, basis in frame[by].itertuples(index=False)
        ],
        index=frame.index,
        dtype=bool,
    )
    parts = frame[part].copy()
    spans = [PARTS[code, day] for code, day in parts[["force_code", "period_end"]].itertuples(index=False)]
    parts["period_start"] = [start for start, _ in spans]
    parts["period_end"] = [end for _, end in spans]
    tables = {"charges": frame[~part]}
    if len(parts):
        tables["charges_part_year"] = parts[
            ["force_code", "period_start", "period_end", "basis", "offence_group", "charged_count"]
        ]
    return Result(tables, gaps)


PUBLICATION = Publication("charges", 1, ("charges", "charges_part_year"), (LAYOUT,), read)
