"""Home Office arrests open data table: arrests by force, year and ethnic group.

Headings and sheets differ between editions (`headings.toml`); the figures to March 2018 were at hand, as
CSV. The sheet `OD_5+1` of later editions is known from code that reads it.
"""

from __future__ import annotations

import re

from peelbook.sources import headings
from peelbook.sources.cells import without_empty_rows, year_end
from peelbook.sources.layout import Match
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _form
from peelbook.sources.publications._groups import BROAD, NOT_KNOWN
from peelbook.sources.publications._sums import whole_sums
from peelbook.sources.reading import key

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
        rows = without_empty_rows(rows)
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


PUBLICATION = Publication(
    "arrests",
    2,
    ("arrests",),
    (*headings.layouts("arrests"), _form.layout("arrests")),
    read,
    untested=True,
)
