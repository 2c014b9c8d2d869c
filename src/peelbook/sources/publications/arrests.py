"""Home Office arrests open data table: arrests by force, year and ethnic group.

Written from code that reads the sheet `OD_5+1`; no published file was at hand.
"""

from __future__ import annotations

import re

from peelbook.sources.cells import year_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _form
from peelbook.sources.publications._groups import BROAD, NOT_KNOWN
from peelbook.sources.publications._sums import whole_sums
from peelbook.sources.reading import key

LAYOUT = Layout(
    columns(
        year=("financial_year", "Financial Year"),
        force=("police_force_area", "Force Name"),
        ethnicity=("self_defined_ethnicity_group", "Ethnic Group (self-defined)"),
        arrests=("number_of_arrests", "Arrests"),
    ),
    sheet=r"OD[_ ]5\+1|",
    extras_allowed=True,
)

_GROUPS = {**BROAD, **NOT_KNOWN, "chinese other": "Other", "n a": "Not known", "unknown": "Not known"}


def group(label: str) -> str:
    """Return the broad group; labels carry the years they were used in ("2019/20 onwards - …")."""
    folded = key(re.sub(r"^.*\b(?:onwards|prior to \S+)\s*-\s*", "", label))
    if folded not in _GROUPS:
        raise ValueError("not a known ethnic group")
    return _GROUPS[folded]


def read(match: Match, context: Context) -> Result:
    """Return `arrests`, ages, sexes and reasons added up."""
    if _form.is_form(match, "arrests"):
        return _form.read(match, context, "arrests")
    import pandas as pd

    by = ["force_code", "period_end", "ethnicity"]
    parts = []
    for rows in match.chunks():
        frame = pd.DataFrame(
            {
                "force_code": rows.forces("force", context.forces),
                "period_end": rows.mapped("year", year_end, "write the financial year as 2022/23"),
                "ethnicity": rows.mapped("ethnicity", group, "use the five broad groups or Not stated"),
                "arrests_count": pd.array(rows.counts("arrests"), dtype="Int64"),
            }
        )
        rows.check()
        parts.append(whole_sums(frame.dropna(subset="force_code"), by))
    return Result({"arrests": whole_sums(pd.concat(parts), by)})


PUBLICATION = Publication("arrests", 1, ("arrests",), (LAYOUT, _form.layout("arrests")), read, untested=True)
