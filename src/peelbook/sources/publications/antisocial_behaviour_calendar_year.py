"""data.police.uk: antisocial behaviour incidents by force and calendar year.

Old (2012 to 2016) and by calendar year, so it is dated context, never the report's figure.
"""

from __future__ import annotations

import datetime
import re

from peelbook.sources.cells import without_marks
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications._yearly import force_years

LAYOUT = Layout(columns(force="force", period="calendar_year", count="asb_incidents"))


def _new_years_eve(cell: str) -> datetime.date:
    year = without_marks(cell)
    if re.fullmatch(r"20\d\d", year) is None:
        raise ValueError("not a year")
    return datetime.date(int(year), 12, 31)


def read(match: Match, context: Context) -> Result:
    """Return `antisocial_behaviour_calendar_year`."""
    return force_years(
        match, context, "antisocial_behaviour_calendar_year", "incidents_count", _new_years_eve, "2016"
    )


PUBLICATION = Publication(
    "antisocial_behaviour_calendar_year", 1, ("antisocial_behaviour_calendar_year",), (LAYOUT,), read
)
