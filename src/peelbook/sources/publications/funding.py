"""Home Office police funding by force and year, with council tax precept.

Written from the headings of the funding tables; no published file was at hand.
"""

from __future__ import annotations

from peelbook.sources.publications._force_year import publication

PUBLICATION = publication(
    "funding",
    1,
    {
        "grant_gbp": ("Government funding", "Total government funding", "Grant"),
        "precept_gbp": ("Council tax precept", "Precept", "Police precept"),
        "total_gbp": ("Total funding", "Total", "Overall total"),
    },
)
