"""HMICFRS grades as forces, commissioners and the press reported them, one row a force and area.

A secondary source: only rows whose grade is *stated* in the cited page are taken; grades somebody
worked out from counts are not.
"""

from __future__ import annotations

import re

from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result

LAYOUT = Layout(columns("force", "cycle", "area_code", "area", "grade", "basis", "url"))


def _url(cell: str) -> str:
    if re.fullmatch(r"https?://[^\s<>\"]+", cell) is None:
        raise ValueError("not a web address")
    return cell


def read(match: Match, context: Context) -> Result:
    """Return `judgments`, stated rows only."""
    import pandas as pd

    rows = match.rows()
    bases = rows.one_of("basis", {"stated": "stated", "inferred": "inferred"})
    rows.check()
    rows = rows.keep(basis == "stated" for basis in bases)
    frame = pd.DataFrame(
        {
            "force_code": rows.forces("force", context.forces),
            "cycle": rows.text("cycle"),
            "area_code": rows.text("area_code"),
            "area": rows.text("area"),
            "grade": rows.categories("grade", "judgments"),
            "url": rows.mapped("url", _url, "give the page's full address"),
        }
    )
    rows.check()
    return Result({"judgments": frame.dropna(subset="force_code")}, rows={"judgments": rows})


PUBLICATION = Publication("judgments", 1, ("judgments",), (LAYOUT,), read)
