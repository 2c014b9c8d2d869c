"""Home Office outcomes open data tables: every outcome type by force, quarter and offence, a file a year.

Headings differ between editions (`headings.toml`); the figures of two years were at hand, as CSV. A file
holds more than half a million rows, so it is read and added up in blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peelbook.sources import headings
from peelbook.sources.cells import without_empty_rows, year_end
from peelbook.sources.layout import Match
from peelbook.sources.publication import Context, Gap, Publication, Result
from peelbook.sources.publications import _form, _outcomes
from peelbook.sources.publications._sums import WholeSums
from peelbook.sources.publications.recorded_crime import RETIRED
from peelbook.sources.reading import key

if TYPE_CHECKING:
    import pandas as pd

# The extract of this edition has no row where both counts are zero, so a row that is not there is zero.
WITHOUT_ZEROS = "CSV extract of the table for the year ending March 2019, release of January 2020"

# 1A, 2A and 3A are parts of 1, 2 and 3; 0 is "not yet assigned an outcome".
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
        rows = without_empty_rows(rows)
        rows = rows.keep(key(kind) not in NOT_OUTCOMES for kind in rows.text("type"))
        retired |= {group for group in rows.text("group") if key(group) in RETIRED}
        rows = rows.keep(key(group) not in RETIRED for group in rows.text("group"))
        frame = pd.DataFrame(
            {
                "force_code": rows.forces("force", context.forces),
                "period_end": rows.mapped("year", year_end, "write the financial year as 2022/23"),
                "offence_group": rows.categories("group", "outcomes", "offence_group"),
                "outcome_type": rows.categories("type", "outcomes", "outcome_type"),
                # Corrections of earlier quarters are negative; a year's sum may not be.
                "outcomes_count": pd.array(rows.counts("recorded", corrections=True), dtype="Int64"),
                "closed_count": pd.array(rows.counts("closed", corrections=True), dtype="Int64"),
            }
        )
        rows.check()
        applies = {"outcomes_count": rows.applies("recorded"), "closed_count": rows.applies("closed")}
        sums.add(frame, applies)
    total = sums.result()
    if WITHOUT_ZEROS in match.layout.editions:
        total = _with_zeros(total, by)
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


def _with_zeros(total: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return the sums with a zero for each group and type that a force has no row of in a year."""
    import pandas as pd

    years = total[by[:2]].drop_duplicates()
    groups = total[[by[2]]].drop_duplicates()
    whole = years.merge(groups, how="cross")
    whole = whole.merge(total[[by[3]]].drop_duplicates(), how="cross")
    there = whole.set_index(by).index.isin(total.set_index(by).index)
    return pd.concat([total, whole[~there].assign(**dict.fromkeys(COUNTS, 0))], ignore_index=True)


PUBLICATION = Publication(
    "outcomes",
    2,
    ("outcomes",),
    (*headings.layouts("outcomes"), _form.layout("outcomes")),
    read,
    untested=True,
)
