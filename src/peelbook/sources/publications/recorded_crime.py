"""Home Office police recorded crime open data: force, quarter and offence, from 2012/13.

Offences are added up to their subgroup, the finest level any measure uses. Negative counts stay: a
force takes back offences it had recorded in an earlier quarter.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from peelbook.sources.cells import quarter_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.layout import match as fit
from peelbook.sources.publication import Context, Publication, Result, facts
from peelbook.sources.publications._sums import whole_sums
from peelbook.sources.reading import key

LAYOUT = Layout(
    columns(
        year=("Financial Year", "financial_year"),
        quarter=("Financial Quarter", "financial_quarter"),
        force=("Force Name", "force_name"),
        offence=("Offence Description", "offence_description"),
        group=("Offence Group", "offence_group"),
        subgroup=("Offence Subgroup", "Offence subgroup", "offence_subgroup"),
        code=("Offence Code", "offence_code"),
        count=("Number of Offences", "number_of_offences"),
    ),
)

# Counted by a national body since; not a group of any year's table of the 43 forces.
RETIRED = {key("Fraud offences to 2012/13")}

BY = ["force_code", "period_end", "offence_group", "offence_subgroup"]


def _sheet(match: Match, context: Context) -> Any:
    import pandas as pd

    rows = match.rows()
    pairs = list(zip(rows.text("year"), rows.text("quarter"), strict=True))
    ends: dict[tuple[str, str], Any] = {}
    for place, pair in enumerate(pairs):
        if pair not in ends:
            try:
                ends[pair] = quarter_end(*pair)
            except ValueError as error:
                rows.fault("quarter", place, " Q".join(pair), str(error), "write 2022/23 and 1 to 4")
                ends[pair] = None
    frame = pd.DataFrame(
        {
            "force_code": rows.forces("force", context.forces),
            "period_end": [ends[pair] for pair in pairs],
            "offence_group": rows.categories("group", "recorded_crime", "offence_group"),
            "offence_subgroup": rows.text("subgroup"),
            "code": rows.text("code"),
            "offence": rows.text("offence"),
            "offences_count": pd.array(rows.counts("count", corrections=True), dtype="Int64"),
        }
    )
    twice = frame.duplicated(["force_code", "period_end", "code", "offence", "offence_group"])
    for place in frame.index[twice & frame["force_code"].notna()]:
        rows.fault(
            "offence",
            place,
            frame.loc[place, "offence"],
            "the force has this offence twice in this quarter",
            "keep one of the rows",
        )
    rows.check()
    return frame.dropna(subset="force_code")


def read(match: Match, context: Context) -> Result:
    """Return `recorded_crime`. The official workbook holds a sheet a year; all of them are read.

    Raises `SourceFileError` for a sheet that is nearly one of a year, and for two of the same quarter:
    left out or added twice, it would show in no total.
    """
    import pandas as pd

    frames = []
    sheet_of: dict[Any, str] = {}
    for sheet in match.file.sheets:
        found = fit(match.file, replace(LAYOUT, sheet=re.escape(sheet.strip())))
        if found is None or not (found.complete or found.near):
            continue
        if not found.complete:
            raise found.refusal(facts()["table"]["recorded_crime"]["title"])
        frame = _sheet(found, context)
        for quarter in frame["period_end"].unique():
            if sheet_of.setdefault(quarter, sheet) != sheet:
                raise match.file.error(
                    f"the quarter ending {quarter} is on the sheet {sheet_of[quarter]!r} too",
                    "keep one of the two sheets",
                    sheet=sheet,
                )
        frames.append(frame[[*BY, "offences_count"]])
    return Result({"recorded_crime": whole_sums(pd.concat(frames), BY)})


PUBLICATION = Publication("recorded_crime", 1, ("recorded_crime",), (LAYOUT,), read)
