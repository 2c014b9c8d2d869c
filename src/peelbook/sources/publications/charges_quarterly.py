"""Home Office outcomes open data, all crime by quarter: the Met and England and Wales.

The only place where assigned outcomes (the denominator) stand beside charges on both bases. A quarter
in which a force assigned no outcome at all on the recorded basis was not supplied: it is missing.
"""

from __future__ import annotations

import datetime

from peelbook.sources.cells import quarter_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result

COUNTS = {
    "closed_charged": "closed_charged_count",
    "closed_assigned": "closed_assigned_count",
    "recorded_charged": "recorded_charged_count",
    "recorded_oocd": "recorded_out_of_court_count",
    "recorded_assigned": "recorded_assigned_count",
}

LAYOUT = Layout(columns("area", "fy", "q", *COUNTS))


def read(match: Match, context: Context) -> Result:
    """Return `charges_quarterly`. England and Wales here includes British Transport Police."""
    import pandas as pd

    rows = match.rows()
    pairs = list(zip(rows.text("fy"), rows.text("q"), strict=True))
    ends: list[datetime.date | None] = []
    for place, pair in enumerate(pairs):
        try:
            ends.append(quarter_end(*pair))
        except ValueError as error:
            rows.fault("q", place, " Q".join(pair), str(error), "write 2022/23 and 1 to 4")
            ends.append(None)
    frame = pd.DataFrame(
        {"force_code": rows.forces("area", context.forces, national=True), "period_end": ends}
    )
    for column, ours in COUNTS.items():
        frame[ours] = pd.array(rows.counts(column), dtype="Int64")
    rows.check()
    for basis in ("closed", "recorded"):
        of_basis = [name for name in COUNTS.values() if name.startswith(basis)]
        frame.loc[frame[f"{basis}_assigned_count"] == 0, of_basis] = pd.NA
    return Result({"charges_quarterly": frame.dropna(subset="force_code")}, rows={"charges_quarterly": rows})


PUBLICATION = Publication("charges_quarterly", 1, ("charges_quarterly",), (LAYOUT,), read)
