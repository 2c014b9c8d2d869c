"""ONS Crime Severity Score by force and year, an extract of the experimental statistics."""

from __future__ import annotations

import re

from peelbook.sources.cells import month_end, without_marks
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result

LAYOUT = Layout(columns("code", "name", "year", "score"), exact=True, kind="extract")


def _march(cell: str) -> object:
    if re.fullmatch(r"20\d\d", year := without_marks(cell)) is None:
        raise ValueError("not a year")
    return month_end(int(year), 3)


def read(match: Match, context: Context) -> Result:
    """Return `crime_severity`; the City of London has none."""
    import pandas as pd

    rows = match.rows()
    frame = pd.DataFrame(
        {
            "force_code": rows.forces("name", context.forces),
            "period_end": rows.mapped("year", _march, "give the year that ends in March as four digits"),
            "severity_score": pd.array(rows.figures("score"), dtype="Float64").round(6),
        }
    )
    for place, (code, given) in enumerate(zip(frame["force_code"], rows.text("code"), strict=True)):
        if code != given and given in context.forces:
            rows.fault("code", place, given, "the code of another force than the one named", "check this row")
    rows.check()
    frame = frame.dropna(subset=["force_code", "severity_score"])
    return Result({"crime_severity": frame})


PUBLICATION = Publication("crime_severity", 1, ("crime_severity",), (LAYOUT,), read)
