"""Home Office stop and search open data table: reasons and outcomes by force and year.

Written from code that reads the sheet `open_data`; no published file was at hand. The table links
outcomes to reasons; it does not say whether an item was found.
"""

from __future__ import annotations

from typing import Any

from peelbook.sources.cells import year_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _form
from peelbook.sources.reading import key

TABLE = "stop_search_outcomes"

LAYOUT = Layout(
    columns(
        year=("financial_year", "Financial Year"),
        force=("police_force_area", "Force Name"),
        reason=("reason_for_search", "Reason for search"),
        outcome=("outcome",),
        link=("link", "link_between_outcome_and_reason"),
        ethnicity=("self_defined_ethnicity_group",),
        searches=("number_of_searches",),
    ),
    sheet=r"open[_ ]data|",
    extras_allowed=True,
)

_NO_ACTION = {"no further action", "nfa", "a no further action disposal", "nothing found no further action"}
_UNKNOWN = {
    "",
    "not known",
    "not stated",
    "unknown",
    "not recorded",
    "outcome not known",
    "outcome not reported",
}
_LINKED = {"linked", "yes", "outcome linked to reason for search"}
COUNTS = ["searches_count", "outcome_count", "linked_outcome_count"]


def read(match: Match, context: Context) -> Result:
    """Return `stop_search_outcomes`; searches of vehicles alone and of unknown outcome are left out."""
    if _form.is_form(match, TABLE):
        return _form.read(match, context, TABLE)
    import pandas as pd

    by = ["force_code", "period_end", "reason"]
    parts: list[Any] = []
    for rows in match.chunks():
        rows = rows.keep("vehicle" not in group.casefold() for group in rows.text("ethnicity"))
        outcomes = [key(label) for label in rows.text("outcome")]
        rows = rows.keep(label not in _UNKNOWN for label in outcomes)
        outcomes = [label for label in outcomes if label not in _UNKNOWN]
        counts = pd.array(rows.counts("searches"), dtype="Int64")
        acted = [label not in _NO_ACTION for label in outcomes]
        linked = [key(label) in _LINKED for label in rows.text("link")]
        frame = pd.DataFrame(
            {
                "force_code": rows.forces("force", context.forces),
                "period_end": rows.mapped("year", year_end, "write the financial year as 2022/23"),
                "reason": rows.text("reason"),
                "searches_count": counts,
                "outcome_count": counts * pd.array(acted, dtype="boolean").astype("Int64"),
                "linked_outcome_count": counts
                * pd.array([a and b for a, b in zip(acted, linked, strict=True)], dtype="boolean").astype(
                    "Int64"
                ),
            }
        )
        rows.check()
        parts.append(frame.dropna(subset="force_code").groupby(by)[COUNTS].sum(min_count=1))
    total = pd.concat(parts).groupby(level=by).sum(min_count=1).reset_index()
    for column in ("found_count", "linked_found_count"):
        total[column] = pd.array([None] * len(total), dtype="Int64")
    return Result({TABLE: total})


PUBLICATION = Publication(TABLE, 1, (TABLE,), (LAYOUT, _form.layout(TABLE)), read, untested=True)
