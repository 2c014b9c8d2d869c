"""Home Office police recorded crime, totals by force and financial year, newest release.

A later release than the quarterly one: it shows by how much recorded crime is revised.
"""

from __future__ import annotations

from peelbook.sources.cells import year_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications._yearly import force_years

LAYOUT = Layout(columns(force="force", period="fy", count="recorded_crime"))


def read(match: Match, context: Context) -> Result:
    """Return `recorded_crime_total`."""
    return force_years(match, context, "recorded_crime_total", "offences_count", year_end, "2022/23")


PUBLICATION = Publication("recorded_crime_total", 1, ("recorded_crime_total",), (LAYOUT,), read)
