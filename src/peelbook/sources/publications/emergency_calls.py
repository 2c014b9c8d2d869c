"""BT 999 call answering by force and month, as police.uk publishes it.

The publication is known from its description only (calls answered within 10 seconds, within a minute,
later); no file was at hand, so headings are matched by several likely spellings, and the form is there.
"""

from __future__ import annotations

import datetime
import re

from peelbook.sources.cells import iso_date, month_end, without_marks
from peelbook.sources.publications._force_year import publication


def month(cell: str) -> datetime.date:
    """Return the last day of a month: "2023-03", "March 2023", "Mar-23" or a date within it."""
    cell = without_marks(cell)
    if found := re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", cell):
        return month_end(int(found[1]), int(found[2]))
    for shape in ("%B %Y", "%b %Y", "%b-%y", "%B-%y"):
        try:
            first = datetime.datetime.strptime(cell, shape)
        except ValueError:
            continue
        return month_end(first.year, first.month)
    day = iso_date(cell)
    return month_end(day.year, day.month)


PUBLICATION = publication(
    "emergency_calls",
    1,
    {
        "calls_count": ("Number of calls", "Calls", "Total calls", "999 calls"),
        "answered_in_10_seconds_count": ("Under 10 seconds", "Calls answered under 10 seconds"),
        "answered_in_10_to_60_seconds_count": (
            "10 to 60 seconds",
            "Calls answered between 10 and 60 seconds",
        ),
        "answered_after_60_seconds_count": ("60 seconds or longer", "Calls answered at 60 seconds or longer"),
    },
    period=month,
    period_names=("Month", "Date", "Period"),
)
