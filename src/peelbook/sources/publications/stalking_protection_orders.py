"""Stalking protection orders by force and year.

The inspectorate collects them; no file was at hand, so likely headings and the form are read.
"""

from __future__ import annotations

from peelbook.sources.publications._force_year import publication

PUBLICATION = publication(
    "stalking_protection_orders",
    1,
    {
        "orders_count": (
            "Full stalking protection orders granted",
            "Stalking protection orders granted",
            "Full orders granted",
        )
    },
)
