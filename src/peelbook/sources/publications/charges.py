"""Home Office outcomes open data: offences charged or summonsed, by force, year and offence group.

Two bases: offences *recorded* in the year (with whatever outcome they have had since) and outcomes
*closed* in the year. A force-year whose every group is zero supplied nothing: it is missing, not
zero. Years known to hold some quarters only go to `charges_part_year`.
"""

from __future__ import annotations

from peelbook.sources.cells import year_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _outcomes

LAYOUT = Layout(columns("force", "fy", "basis", "offence_group", "charged_summonsed"))


def read(match: Match, context: Context) -> Result:
    """Return `charges` and `charges_part_year`, and a gap for each force-year that supplied nothing."""
    import pandas as pd

    rows = match.rows()
    frame = pd.DataFrame(
        {
            "force_code": rows.forces("force", context.forces),
            "period_end": rows.mapped("fy", year_end, "write the financial year as 2022/23"),
            "basis": rows.categories("basis", "charges"),
            "offence_group": rows.categories("offence_group", "charges"),
            "charged_count": pd.array(rows.counts("charged_summonsed"), dtype="Int64"),
        }
    )
    rows.check()
    frame = frame.dropna(subset="force_code")
    by = ["force_code", "period_end", "basis"]
    silent = _outcomes.silent(frame, by, "charged_count")
    gaps = [
        _outcomes.silence("charges", code, day, basis)
        for code, day, basis in frame.loc[silent, by].drop_duplicates().itertuples(index=False)
    ]
    frame = frame[~silent]
    part = pd.Series(
        [
            basis == "recorded" and (code, day) in _outcomes.PARTS
            for code, day, basis in frame[by].itertuples(index=False)
        ],
        index=frame.index,
        dtype=bool,
    )
    parts = frame[part].copy()
    spans = [
        _outcomes.PARTS[code, day]
        for code, day in parts[["force_code", "period_end"]].itertuples(index=False)
    ]
    parts["period_start"] = [start for start, _ in spans]
    parts["period_end"] = [end for _, end in spans]
    tables = {"charges": frame[~part]}
    if len(parts):
        tables["charges_part_year"] = parts[
            ["force_code", "period_start", "period_end", "basis", "offence_group", "charged_count"]
        ]
    return Result(tables, gaps, rows=dict.fromkeys(tables, rows))


PUBLICATION = Publication("charges", 1, ("charges", "charges_part_year"), (LAYOUT,), read)
