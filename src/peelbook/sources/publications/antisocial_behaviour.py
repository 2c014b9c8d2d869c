"""Antisocial behaviour incidents and orders by force and year.

Incidents are in the police force area tables of the Office for National Statistics, orders in the
inspectorate's own collection; no file of either was at hand.
"""

from __future__ import annotations

from peelbook.sources.publications._force_year import publication

PUBLICATION = publication(
    "antisocial_behaviour",
    1,
    {
        "incidents_count": (
            "Anti-social behaviour incidents",
            "Antisocial behaviour incidents",
            "ASB incidents",
            "Number of incidents",
        )
    },
    title=r"anti-? ?social behaviour|\bASB\b",
)
