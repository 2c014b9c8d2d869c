"""From districts to force areas: what the population adapters share."""

from __future__ import annotations

from typing import Any

from peelbook.sources.publication import Context
from peelbook.sources.reading import SourceFile

# What to do about a district without a figure: its force's sum would be too low.
ANOTHER_RELEASE = "use a release that gives it; without it the force's sum would be too low"


def districts(file: SourceFile, context: Context) -> dict[str, Any]:
    """Return `force` (district code -> force code, abolished districts too) and the `current` codes.

    Raises `SourceFileError` where the lookup has not been ingested.
    """
    table = context.table("districts")
    if table is None:
        raise file.error(
            "its districts cannot be assigned to forces without the district lookup",
            "ingest the ONS lookup of districts to police force areas first, or in the same command",
        )
    return {
        "force": dict(zip(table["district_code"], table["force_code"], strict=True)),
        "current": table.loc[table["status"] == "current", "district_code"].tolist(),
    }
