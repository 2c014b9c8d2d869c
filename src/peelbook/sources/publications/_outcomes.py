"""What the two publications of crime outcomes share: years in which a force supplied none.

Outcomes are given on two bases, of offences recorded and of investigations closed in the year. A
force-year whose every figure on a basis is zero supplied nothing on it: it is missing, not zero. Years
known to hold some quarters only stand in `known_gaps.csv`.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from peelbook.sources.publication import Gap

if TYPE_CHECKING:
    import pandas as pd

# (force, year end) on the recorded basis -> the quarter-aligned part that was supplied. The quarterly
# file shows that the Met's only non-zero quarter of 2014/15 is the last; Greater Manchester supplied
# nothing for July 2019 to March 2020.
PARTS = {
    ("E23000001", datetime.date(2015, 3, 31)): (datetime.date(2015, 1, 1), datetime.date(2015, 3, 31)),
    ("E23000005", datetime.date(2020, 3, 31)): (datetime.date(2019, 4, 1), datetime.date(2019, 6, 30)),
}


def silent(frame: pd.DataFrame, by: list[str], column: str) -> pd.Series:
    """Return which rows belong to a group of `by` whose every figure in the column is zero."""
    of_group = frame.groupby(by)[column]
    whole = of_group.transform("count") == of_group.transform("size")
    zero = (of_group.transform("max") == 0) & (of_group.transform("min") == 0)
    return (zero & whole).fillna(False).astype(bool)


def silence(table: str, code: str, day: datetime.date, basis: str) -> Gap:
    """Return the gap of a force that supplied nothing on a basis for the year that ends on `day`."""
    return Gap(
        table,
        code,
        day.replace(year=day.year - 1, month=4, day=1),
        day,
        "missing",
        f"Every group is zero on the {basis} basis: the force supplied no outcomes for this year.",
    )
