"""Why a table says nothing about a force in a period: `data/gaps.csv`, so that a missing figure is never read as zero.

Reasons come from three places: `known_gaps.csv` (what publishers say about their figures), the
adapter (what it found in the file) and, for any missing figure neither explains, the plain fact that the
published file has no figure there.
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from peelbook import contracts
from peelbook.forces import Forces
from peelbook.sources.cells import month_end
from peelbook.sources.publication import HERE, Gap, facts

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["table", "force_code", "period_start", "period_end", "status", "reason"]

MONTHS = {"year": 12, "calendar year": 12, "quarter": 3, "month": 1, "day": 0}


@cache
def known() -> tuple[tuple[Gap, str], ...]:
    """Return the recorded gaps, each with what it is about: rows (`"basis=recorded"`), a column of figures
    (`"outcomes_count"`) or everything (`""`).

    The force code `*` stands for every force that has no row in the period.
    """
    with (HERE / "known_gaps.csv").open(encoding="utf-8", newline="") as stream:
        return tuple(
            (
                Gap(
                    row["table"],
                    row["force_code"],
                    datetime.date.fromisoformat(row["period_start"]),
                    datetime.date.fromisoformat(row["period_end"]),
                    row["status"],
                    row["reason"],
                ),
                row["only"],
            )
            for row in csv.DictReader(stream)
        )


def without_known_gaps(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return the frame without the rows, or the figures, a recorded gap calls missing (a year supplied in part)."""
    for gap, only in known():
        if gap.table != table or gap.status != "missing" or gap.force_code == "*" or not only:
            continue
        column, _, value = only.partition("=")
        at_fault = (
            (frame["force_code"] == gap.force_code)
            & (frame["period_end"] >= gap.period_start)
            & (frame["period_end"] <= gap.period_end)
        )
        if value:
            frame = frame[~(at_fault & (frame[column] == value))]
        else:
            frame = frame.assign(**{column: frame[column].mask(at_fault)})
    return frame


MISSING_PIECE = "The published file has no figure for a part of this; a total without it would be too low, so none is given."


def without_missing(frame: pd.DataFrame, table: str) -> tuple[pd.DataFrame, list[Gap]]:
    """Return the frame without force-periods of which a needed figure is missing, and a gap for each.

    The whole force-period goes, not the row alone: a sum over the rest would read as a total.
    """
    needed = _figures(table, required=True)
    by = [name for name in ("force_code", "period_end", "basis") if name in frame]
    if not needed or not {*needed, "force_code", "period_end"} <= set(frame):
        return frame, []
    empty = frame[needed].isna().any(axis=1)
    if not empty.any():
        return frame, []
    keys = [frame[name] for name in by]
    affected = empty.groupby(keys).transform("any")
    part = empty.groupby(keys).transform("all").eq(False)
    found = [
        _missing(table, code, day, MISSING_PIECE if in_part else default_reason(table))
        for code, day, in_part in frame.assign(part=part)
        .loc[affected, ["force_code", "period_end", "part"]]
        .drop_duplicates()
        .itertuples(index=False)
    ]
    return frame[~affected], found


def _missing(table: str, code: str, day: datetime.date, reason: str) -> Gap:
    return Gap(table, code, start_of(table, day), day, "missing", reason)


def of_empty_figures(frame: pd.DataFrame, table: str) -> list[Gap]:
    """Return a gap for each force-period with an empty figure, unless the column's contract explains empty cells."""
    if not {"force_code", "period_end"} <= set(frame):
        return []
    empty: dict[tuple[str, datetime.date], list[str]] = {}
    for name in _figures(table, required=False):
        rows = frame.loc[frame[name].isna(), ["force_code", "period_end"]].drop_duplicates()
        for code, day in rows.itertuples(index=False):
            empty.setdefault((code, day.date()), []).append(name.replace("_", " "))
    return [
        _missing(table, code, day, f"The published file has no figure here for: {', '.join(names)}.")
        for (code, day), names in empty.items()
    ]


def _figures(table: str, *, required: bool) -> list[str]:
    """Columns of figures that every row must have, or that a row may lack for a reason only."""
    return [
        field["name"]
        for field in contracts.load(table)["fields"]
        if field["type"] in ("integer", "number")
        and "missing" not in field
        and field.get("constraints", {}).get("required", False) is required
    ]


def start_of(table: str, end: datetime.date) -> datetime.date:
    """Return the first day of the period that ends on `end` in this table."""
    months = MONTHS[facts()["table"][table].get("period", "day")]
    if months == 0:
        return end
    months_since = end.year * 12 + end.month - 1 - months
    return month_end(months_since // 12, months_since % 12 + 1) + datetime.timedelta(days=1)


def default_reason(table: str) -> str:
    """Return the reason given for a missing figure that neither the publisher nor the adapter explains."""
    return facts()["table"][table].get("hole", "The published file has no figure for this force here.")


def expected_forces(table: str, forces: Forces) -> list[str]:
    """Return the codes a table is expected to cover; none for tables without a force × period grid."""
    covers = facts()["table"][table].get("covers", "forces")
    if covers == "none":
        return []
    return forces.codes if covers == "forces" else list(covers)


def cycle_dates(cycle: str) -> tuple[datetime.date, datetime.date]:
    """Return first and last day of the years an inspection cycle spans: "2023-25", "2021/22"."""
    first, last = cycle.replace("/", "-").split("-")
    return datetime.date(int(first), 1, 1), datetime.date(int(first[:2] + last), 12, 31)


def periods(frame: pd.DataFrame, table: str) -> dict[Any, tuple[datetime.date, datetime.date]]:
    """Return the periods a table covers: its key in the frame -> first and last day, in order."""
    if "cycle" in frame:
        return {cycle: cycle_dates(cycle) for cycle in sorted(frame["cycle"].unique())}
    if "period_end" not in frame:
        return {}
    ends = sorted({day.date() if hasattr(day, "date") else day for day in frame["period_end"].unique()})
    return {end: (start_of(table, end), end) for end in ends}


def explain(frame: pd.DataFrame, table: str, forces: Forces, met: Iterable[Gap]) -> list[Gap]:
    """Return every gap of one table: recorded, found while reading, and unexplained."""
    recorded = [gap for gap, _ in known() if gap.table == table]
    spans = periods(frame, table)
    by = "cycle" if "cycle" in frame else "period_end"
    present = (
        {
            (code, day.date() if hasattr(day, "date") else day)
            for code, day in frame[["force_code", by]].drop_duplicates().itertuples(index=False)
        }
        if spans
        else set()
    )
    found: list[Gap] = [gap for gap in recorded if gap.force_code != "*"]
    explained = [(gap.force_code, gap.period_start, gap.period_end, gap.reason) for gap in found]
    for gap in met:
        if not any(
            code == gap.force_code and start <= gap.period_start and gap.period_end <= end
            for code, start, end, _ in explained
        ):
            found.append(gap)
    everyone = [gap for gap in recorded if gap.force_code == "*"]
    default = default_reason(table)
    for code in expected_forces(table, forces):
        run: Gap | None = None
        for period, (start, end) in spans.items():
            missing = (code, period) not in present and not any(
                gap.force_code == code and gap.period_start <= start and end <= gap.period_end
                for gap in found
                if gap is not run
            )
            if not missing:
                run = None
                continue
            reason = next(
                (gap.reason for gap in everyone if gap.period_start <= start and end <= gap.period_end),
                default,
            )
            if run is not None and run.reason == reason:
                found.remove(run)
                run = replace(run, period_end=max(run.period_end, end))
            else:
                run = Gap(table, code, start, end, "missing", reason)
            found.append(run)
    return sorted(
        set(found), key=lambda gap: (gap.table, gap.force_code, gap.period_start, gap.period_end, gap.reason)
    )


def as_frame(gaps: Iterable[Gap]) -> pd.DataFrame:
    """Return gaps as the frame of `gaps.csv`."""
    import pandas as pd

    return pd.DataFrame([[getattr(gap, column) for column in COLUMNS] for gap in gaps], columns=COLUMNS)


def merged(old: pd.DataFrame | None, table: str, gaps: Iterable[Gap]) -> pd.DataFrame:
    """Return `gaps.csv` with this table's rows replaced."""
    import pandas as pd

    new = as_frame(gaps)
    if old is not None:
        new = (
            pd.concat([old[old["table"] != table][COLUMNS], new]) if len(new) else old[old["table"] != table]
        )
    for column in ("period_start", "period_end"):
        new[column] = pd.to_datetime(new[column]).dt.as_unit("s")
    return new.sort_values(COLUMNS).reset_index(drop=True)


def unexplained(frame: pd.DataFrame, table: str, gaps: pd.DataFrame, forces: Forces) -> list[str]:
    """Return every missing force × period and every empty figure that no row of `gaps` explains.

    A column whose emptiness is by nature carries the reason in its contract (`missing`).
    """
    rows = gaps[gaps["table"] == table]
    schema = contracts.load(table)
    by = "cycle" if "cycle" in frame else "period_end"
    spans = periods(frame, table)

    reasons: dict[str, list[tuple[datetime.date, datetime.date]]] = {}
    for row in rows.itertuples():
        reasons.setdefault(row.force_code, []).append((row.period_start.date(), row.period_end.date()))

    def has_reason(code: str, period: Any) -> bool:
        start, end = spans[period]
        return any(first <= start and end <= last for first, last in reasons.get(code, []))

    if not spans:
        return []
    present = {
        (code, day.date() if hasattr(day, "date") else day)
        for code, day in frame[["force_code", by]].drop_duplicates().itertuples(index=False)
    }
    holes = [
        f"{table}: {code} {period}"
        for code in expected_forces(table, forces)
        for period in spans
        if (code, period) not in present and not has_reason(code, period)
    ]
    for field in schema["fields"]:
        if "missing" in field:
            continue
        for code, day in (
            frame.loc[frame[field["name"]].isna(), ["force_code", by]]
            .drop_duplicates()
            .itertuples(index=False)
        ):
            period = day.date() if hasattr(day, "date") else day
            if not has_reason(code, period):
                holes.append(f"{table}: {code} {period} column {field['name']}")
    return holes
