"""ONS lookup: which police force area each local authority district lies in.

Populations are published by district; this table is what makes them populations of forces. Districts
abolished in April 2023 are added through the district that succeeded them, because Census 2021
figures still use them.
"""

from __future__ import annotations

import csv

from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import HERE, Context, Publication, Result

LAYOUT = Layout(
    columns(
        district_code=("LAD23CD", "LAD24CD", "LAD25CD"),
        district_name=("LAD23NM", "LAD24NM", "LAD25NM"),
        force_code=("PFA23CD", "PFA24CD", "PFA25CD"),
        force_name=("PFA23NM", "PFA24NM", "PFA25NM"),
    ),
    optional=("CSP23CD", "CSP23NM", "CSP24CD", "CSP24NM", "CSP25CD", "CSP25NM", "ObjectId", "FID"),
)


def abolished() -> list[dict[str, str]]:
    """Return the districts that no longer exist: code, name, the district that succeeded each."""
    with (HERE / "abolished_districts.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def read(match: Match, context: Context) -> Result:
    """Return `districts`, one row a district; a district in two force areas is a fault."""
    import pandas as pd

    rows = match.rows()
    codes = rows.forces("force_code", context.forces)
    named = rows.forces("force_name", context.forces)
    found: dict[str, tuple[str, str]] = {}
    for place, (district, name, code, other) in enumerate(
        zip(rows.text("district_code"), rows.text("district_name"), codes, named, strict=True)
    ):
        if code is None:
            continue
        if other is not None and other != code:
            rows.fault("force_name", place, other, "not the force of this code", "check this row's force")
        first = found.setdefault(district, (name, code))
        if first[1] != code:
            rows.fault(
                "force_code", place, code, f"the district stands under {first[1]} too", "keep one of the two"
            )
    rows.check()
    frame = pd.DataFrame(
        [(district, name, code, "current") for district, (name, code) in found.items()]
        + [
            (old["district_code"], old["district_name"], found[old["successor_code"]][1], "abolished")
            for old in abolished()
            if old["successor_code"] in found and old["district_code"] not in found
        ],
        columns=["district_code", "district_name", "force_code", "status"],
    )
    return Result({"districts": frame})


PUBLICATION = Publication("districts", 1, ("districts",), (LAYOUT,), read)
