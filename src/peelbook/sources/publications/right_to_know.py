"""Domestic violence disclosure scheme: right to know applications and disclosures by force and year.

In the domestic abuse tables of the Office for National Statistics; no file was at hand.
"""

from __future__ import annotations

from peelbook.sources.publications._force_year import publication

PUBLICATION = publication(
    "right_to_know",
    1,
    {
        "applications_count": ("Right to know applications", "Right to know: applications"),
        "disclosures_count": ("Right to know disclosures", "Right to know: disclosures"),
    },
)
