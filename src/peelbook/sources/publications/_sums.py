"""Sums in which a missing part makes the total missing, never smaller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.sources.cells import Rows


class WholeSums:
    """Adds up blocks of rows over the columns `by`: a sum with a missing piece is missing.

    A piece that does not apply (the code of a retired offence) is ignored; a sum of nothing else is
    missing too.
    """

    def __init__(self, by: list[str]) -> None:
        self._by = by
        self._blocks: list[pd.DataFrame] = []
        self._figures: list[str] = []

    def add(self, frame: pd.DataFrame, applies: Mapping[str, Sequence[bool]] | None = None) -> None:
        """Add a block. `applies` says of a column's cells whether a figure could be there (default: yes)."""
        import pandas as pd

        self._figures = [name for name in frame.columns if name not in self._by]
        counted = frame[self._by].copy()
        for name in self._figures:
            wanted = pd.Series((applies or {}).get(name, True), index=frame.index)
            counted[name] = frame[name]
            counted[f"{name}: known"] = (frame[name].notna() & wanted).astype("int64")
            counted[f"{name}: unknown"] = (frame[name].isna() & wanted).astype("int64")
        self._blocks.append(self._sum(counted))

    def _sum(self, frame: pd.DataFrame) -> pd.DataFrame:
        # Keys with a missing part belong to no group.
        return frame.groupby(self._by, sort=True).sum(min_count=0).reset_index()

    def result(self) -> pd.DataFrame:
        """Return the sums of every other column over `by`, sorted."""
        import pandas as pd

        total = self._sum(pd.concat(self._blocks, ignore_index=True))
        for name in self._figures:
            whole = (total[f"{name}: known"] > 0) & (total[f"{name}: unknown"] == 0)
            total[name] = total[name].where(whole)
        return total[[*self._by, *self._figures]]


def whole_sums(
    frame: pd.DataFrame, by: list[str], applies: Mapping[str, Sequence[bool]] | None = None
) -> pd.DataFrame:
    """Return the sums of every other column over `by`; see `WholeSums`."""
    sums = WholeSums(by)
    sums.add(frame, applies)
    return sums.result()


def check_once(rows: Rows, column: str, keys: pd.Series, rule: str) -> None:
    """Note a fault for each row whose key an earlier row has; rows without a key are no matter.

    Call it before any total is checked: a duplicate row makes the total wrong.
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
