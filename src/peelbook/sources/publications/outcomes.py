"""Home Office outcomes open data tables: every outcome type by force, quarter and offence, a file a year.

Written from the publisher's user guide and from code that reads these files; no published file was at
hand. A file holds more than half a million rows, so it is read and added up in blocks.
"""

from __future__ import annotations

from peelbook.sources.cells import year_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Gap, Publication, Result
from peelbook.sources.publications import _form, _outcomes
from peelbook.sources.publications._sums import WholeSums
from peelbook.sources.publications.recorded_crime import GROUPS, RETIRED
from peelbook.sources.reading import key

LAYOUT = Layout(
    columns(
        year=("Financial Year", "financial_year"),
        quarter=("Financial Quarter", "financial_quarter"),
        force=("Force Name", "force_name"),
        group=("Offence Group", "offence_group"),
        type=("Outcome Type", "outcome_type"),
        recorded=(
            "Number of outcomes for offences that were recorded in the quarter",
            "Force outcomes for offences recorded in quarter",
        ),
        closed=(
            "Number of outcomes for investigations that were closed in the quarter",
            "Force outcomes in quarter",
        ),
    ),
    extras_allowed=True,
)

# 1A, 2A and 3A are parts of 1, 2 and 3; 0 is "not yet assigned an outcome".
TYPES = {str(number): str(number) for number in range(1, 23)}
NOT_OUTCOMES = {"0", "1a", "2a", "3a"}
COUNTS = ["outcomes_count", "closed_count"]


def read(match: Match, context: Context) -> Result:
    """Return `outcomes`, quarters added up to the year, and a gap for each basis a force says nothing on."""
    if _form.is_form(match, "outcomes"):
        return _form.read(match, context, "outcomes")
    import pandas as pd

    by = ["force_code", "period_end", "offence_group", "outcome_type"]
    sums = WholeSums(by)
    retired: set[str] = set()
    for rows in match.chunks():
        rows = rows.keep(key(kind) not in NOT_OUTCOMES for kind in rows.text("type"))
        retired |= {group for group in rows.text("group") if key(group) in RETIRED}
        rows = rows.keep(key(group) not in RETIRED for group in rows.text("group"))
        frame = pd.DataFrame(
            {
                "force_code": rows.forces("force", context.forces),
                "period_end": rows.mapped("year", year_end, "write the financial year as 2022/23"),
                "offence_group": rows.one_of("group", {key(name): name for name in GROUPS}),
                "outcome_type": rows.one_of("type", TYPES),
                # Corrections of earlier quarters are negative; a year's sum may not be.
                "outcomes_count": pd.array(rows.counts("recorded", corrections=True), dtype="Int64"),
                "closed_count": pd.array(rows.counts("closed", corrections=True), dtype="Int64"),
            }
        )
        rows.check()
        applies = {"outcomes_count": rows.applies("recorded"), "closed_count": rows.applies("closed")}
        sums.add(frame, applies)
    total = sums.result()
    force_year = ["force_code", "period_end"]
    gaps: list[Gap] = []
    for basis, column in (("recorded", "outcomes_count"), ("closed", "closed_count")):
        silent = _outcomes.silent(total, force_year, column)
        gaps += [
            _outcomes.silence("outcomes", code, day, basis)
            for code, day in total.loc[silent, force_year].drop_duplicates().itertuples(index=False)
        ]
        total[column] = total[column].mask(silent)
    left_out = [f"the group {group!r}, which is not recorded any more" for group in sorted(retired)]
    return Result({"outcomes": total.dropna(subset=COUNTS, how="all")}, gaps, left_out=left_out)


PUBLICATION = Publication(
    "outcomes", 1, ("outcomes",), (LAYOUT, _form.layout("outcomes")), read, untested=True
)
