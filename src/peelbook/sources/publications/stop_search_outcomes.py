"""Home Office stop and search open data table: reasons, arrests and outcomes by force and year.

Two editions (`headings.toml`). The older (to 2018/19) gives searches and the arrests they led to, and was
at hand as CSV. The newer, known from code that reads its sheet `open_data`, links outcomes to reasons.
Neither says whether an item was found.
"""

from __future__ import annotations

from typing import Any

from peelbook.sources import headings
from peelbook.sources.cells import Rows, iso_date, missing, year_end
from peelbook.sources.layout import Match
from peelbook.sources.publication import Context, Gap, Publication, Result
from peelbook.sources.publications import _form
from peelbook.sources.publications._sums import whole_sums
from peelbook.sources.reading import key

TABLE = "stop_search_outcomes"

# An empty cell of the extract is no search, or no arrest; but a number of arrests of 1,000 and more was lost when it
# was made (none is above 999). Beside so many searches, no arrest at all is not believed.
SURELY_NONE_BELOW = 100

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
_NOT_LINKED = {"not linked", "no", "outcome not linked to reason for search"}


def read(match: Match, context: Context) -> Result:
    """Return `stop_search_outcomes`; searches of vehicles alone and of unknown outcome are left out.

    How many of unknown outcome there were is said in a gap. Whether an outcome is linked is not guessed
    where the cell is empty: the number of linked outcomes is then missing.
    """
    if _form.is_form(match, TABLE):
        return _form.read(match, context, TABLE)
    if "arrests" in match.places:
        return _with_arrests(match, context)
    import pandas as pd

    by = ["force_code", "period_end", "reason"]
    parts: list[Any] = []
    left_out: list[Any] = []
    for rows in match.chunks():
        rows = rows.keep("vehicle" not in group.casefold() for group in rows.text("ethnicity"))
        outcomes = [key(label) for label in rows.text("outcome")]
        counts = pd.array(rows.counts("searches"), dtype="Int64")
        arrested = pd.array([label == "arrest" for label in outcomes], dtype="boolean").astype("Int64")
        acted = pd.array([label not in _NO_ACTION for label in outcomes], dtype="boolean").astype("Int64")
        frame = pd.DataFrame(
            {
                "force_code": rows.forces("force", context.forces),
                "period_end": rows.mapped("year", year_end, "write the financial year as 2022/23"),
                "reason": rows.text("reason"),
                "searches_count": counts,
                "arrests_count": counts * arrested,
                "outcome_count": counts * acted,
                "linked_outcome_count": counts * pd.array(_linked(rows, outcomes), dtype="Int64"),
            }
        )
        rows.check()
        frame["known"] = [label not in _UNKNOWN for label in outcomes]
        frame = frame.dropna(subset="force_code")
        parts.append(whole_sums(frame[frame["known"]].drop(columns="known"), by))
        left_out.append(whole_sums(frame.loc[~frame["known"], [*by[:2], "searches_count"]], by[:2]))
    total = whole_sums(pd.concat(parts), by)
    for column in ("found_count", "linked_found_count"):
        total[column] = pd.array([None] * len(total), dtype="Int64")
    unknown = whole_sums(pd.concat(left_out), by[:2])
    gaps = [
        Gap(
            TABLE,
            code,
            day.replace(year=day.year - 1, month=4, day=1),
            day,
            "caution",
            f"{'An unknown number of' if pd.isna(count) else f'{count:,}'} searches whose outcome is not "
            "known are left out.",
        )
        for code, day, count in unknown.itertuples(index=False)
        if pd.isna(count) or count
    ]
    return Result({TABLE: total}, gaps)


def _with_arrests(match: Match, context: Context) -> Result:
    """Searches and the arrests they led to; a reason's arrests are missing where one of its numbers was lost."""
    import pandas as pd

    by = ["force_code", "period_end", "reason"]
    parts = []
    for rows in match.chunks():
        rows = rows.keep("vehicle" not in group.casefold() for group in rows.text("ethnicity"))
        searches = pd.Series(rows.counts("searches"), dtype="Int64").fillna(0)
        arrests = pd.Series(rows.counts("arrests"), dtype="Int64")
        frame = pd.DataFrame(
            {
                "force_code": rows.forces("force", context.forces),
                "period_end": rows.mapped("year", iso_date, "write the last day of the year as YYYY-MM-DD"),
                "reason": rows.text("reason"),
                "searches_count": searches,
                "arrests_count": arrests.mask(arrests.isna() & (searches < SURELY_NONE_BELOW), 0),
            }
        )
        rows.check()
        parts.append(whole_sums(frame.dropna(subset="force_code"), by))
    total = whole_sums(pd.concat(parts), by)
    for column in ("outcome_count", "linked_outcome_count", "found_count", "linked_found_count"):
        total[column] = pd.array([None] * len(total), dtype="Int64")
    lost = total[total["arrests_count"].isna()].groupby(by[:2])["reason"].agg(list)
    gaps = [
        Gap(
            TABLE,
            code,
            day.replace(year=day.year - 1, month=4, day=1),
            day,
            "missing",
            f"Numbers of arrests after searches for {'; '.join(sorted(reasons)).lower()} were lost from the file "
            "at hand, so the arrests for these, and for all reasons together, are not known.",
        )
        for (code, day), reasons in lost.items()
    ]
    return Result({TABLE: total}, gaps)


def _linked(rows: Rows, outcomes: list[str]) -> list[int | None]:
    """1 for an outcome linked to the reason, 0 for one that is not or for none, `None` where it is not said."""
    linked: list[int | None] = []
    for place, (label, outcome) in enumerate(zip(rows.text("link"), outcomes, strict=True)):
        folded = key(label)
        if outcome in _NO_ACTION or outcome in _UNKNOWN or folded in _NOT_LINKED:
            linked.append(0)
        elif folded in _LINKED:
            linked.append(1)
        else:
            if folded not in _UNKNOWN and not missing(label):
                rows.fault("link", place, label, "not a known category", "use one of: Linked, Not linked")
            linked.append(None)
    return linked


PUBLICATION = Publication(
    TABLE, 2, (TABLE,), (*headings.layouts(TABLE), _form.layout(TABLE)), read, untested=True
)
