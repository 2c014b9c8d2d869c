"""Sums that know what they lack: a missing part makes the whole missing, never smaller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.sources.cells import Rows


def whole_sums(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return the sums of every other column over `by`; a sum with a missing piece is missing."""
    figures = frame.drop(columns=by)
    keys = [frame[name] for name in by]
    sums = figures.groupby(keys).sum(min_count=1)
    return sums.mask(figures.isna().groupby(keys).any()).reset_index()


def check_once(rows: Rows, column: str, keys: pd.Series, rule: str) -> None:
    """Note a fault for each row whose key an earlier row has; rows without a key are no matter.

    To be said before any total is checked, which a row too many upsets.
    """
    for place in keys.index[keys.notna() & keys.duplicated()]:
        rows.fault(column, int(place), rows.text(column)[place], rule, "keep one of the rows")


def check_total(rows: Rows, column: str, place: int, total: Any, parts: pd.Series, when: str = "") -> None:
    """Note a fault where the forces do not add up to the publisher's own total.

    Where a force has no figure the total may lack one too, or be larger than what is there.
    """
    import pandas as pd

    known, partial = int(parts.sum()), bool(parts.isna().any())
    if pd.isna(total):
        rule = "" if partial else f"no total{when}, though every force has a figure"
    elif partial:
        rule = "" if total >= known else f"the forces with a figure add up to {known:,}{when}, more than this"
    else:
        rule = "" if total == known else f"the forces add up to {known:,}{when}, not to this total"
    if rule:
        rows.fault(
            column, place, rows.text(column)[place], rule, "check that no force's row was lost or changed"
        )
