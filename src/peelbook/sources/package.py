"""Writes `data/datapackage.json`: the Frictionless descriptor of every table, with its provenance.

The descriptor is the only record of where a figure comes from; it holds no time of writing, so that
the same inputs always give the same bytes.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peelbook import contracts, descriptor
from peelbook.descriptor import PACKAGE_FILE
from peelbook.forces import COLUMNS as FORCE_COLUMNS
from peelbook.forces import Forces
from peelbook.sources import gaps
from peelbook.sources.publication import facts, registry
from peelbook.sources.publication import releases as known_files
from peelbook.util.files import sha256

if TYPE_CHECKING:
    import pandas as pd

FORCES_SCHEMA = {
    "fields": [
        {
            "name": name,
            "type": "integer" if name.startswith("tile_") else "string",
            **(
                {"constraints": {"required": True}}
                if name in ("force_code", "slug", "name", "short_name")
                else {}
            ),
        }
        for name in FORCE_COLUMNS
    ],
    "primaryKey": ["force_code"],
}


def read(data_dir: Path) -> dict[str, Any]:
    """Return the descriptor of a data folder; an empty one where there is none yet."""
    return descriptor.read(data_dir) if (Path(data_dir) / PACKAGE_FILE).exists() else {"resources": []}


def dump(by_name: dict[str, dict[str, Any]]) -> bytes:
    """Return the bytes of a descriptor with these resources: sorted by name, no timestamp."""
    licence = facts()["licence"]
    package = {
        "name": "peelbook",
        "title": "Tables of the peelbook inspection analysis book",
        "description": "Tidy tables made from official open data on policing in England and Wales.",
        "profile": "tabular-data-package",
        "homepage": "https://hmicfrs.justiceinspectorates.gov.uk/peel-assessments/",
        "licenses": [licence],
        "attribution": "Contains public sector information licensed under the Open Government Licence v3.0.",
        "resources": [by_name[name] for name in sorted(by_name)],
    }
    return (json.dumps(package, indent=2, ensure_ascii=False) + "\n").encode()


def _day(day: datetime.date) -> str:
    return f"{day.day} {day:%B %Y}"


def period_label(frame: pd.DataFrame, table: str) -> str:
    """Return the stretch of time a table covers, for people: "years ending March 2007 to 2023"."""
    if "cycle" in frame:
        return "inspection cycles " + " and ".join(sorted(frame["cycle"].unique()))
    if "period_end" not in frame:
        return ""
    ends = sorted({day.date() if hasattr(day, "date") else day for day in frame["period_end"].unique()})
    first, last = ends[0], ends[-1]
    kind = facts()["table"].get(table, {}).get("period", "day")
    if kind == "calendar year":
        return f"{first.year}" if first == last else f"{first.year} to {last.year}"
    if kind == "year":
        if len({(day.month, day.day) for day in ends}) > 1:
            return f"rolling years ending {first:%B %Y} to {last:%B %Y}"
        if first == last:
            return f"year ending {first:%B %Y}"
        return f"years ending {first:%B} {first.year} to {last.year}"
    if kind == "quarter":
        return f"quarters ending {first:%B %Y} to {last:%B %Y}"
    if kind == "month":
        return f"{first:%B %Y} to {last:%B %Y}"
    if first == last:
        return _day(first)
    if len({(day.month, day.day) for day in ends}) == 1:
        return f"{first.day} {first:%B}, {first.year} to {last.year}"
    return f"{_day(first)} to {_day(last)}"


def describe(
    table: str,
    frame: pd.DataFrame,
    payload: bytes,
    *,
    forces: Forces,
    inputs: list[dict[str, Any]],
    adapter: str,
    untested: bool = False,
    released: datetime.date | None = None,
    releases: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Return the resource entry of a table made by an adapter.

    `inputs` are `{"name", "sha256"}`, with `released` and `url` where known, `covers` where a file replaces part
    of a table only, `kind` where it is not the table's usual kind, `untested` where its adapter never met a
    published file. `releases` are the entries of earlier releases.
    """
    about = dict(facts()["table"][table])
    notes = known_files()
    known = [notes[item["sha256"]] for item in inputs if item["sha256"] in notes]
    # A file joined in (the district lookup) has a release of its own table, and says nothing of this one.
    joined = {
        need
        for publication in registry().values()
        if table in publication.tables
        for need in publication.needs
    }
    known = sorted(
        (entry for entry in known if entry["table"] not in joined), key=lambda entry: entry["label"]
    )
    if known:
        about["source"] += f" ({'; '.join(dict.fromkeys(entry['label'] for entry in known))})"
        about["caveat"] = " ".join(
            dict.fromkeys([*(e["caveat"] for e in known if "caveat" in e), about["caveat"]])
        )
    further = {item["kind"] for item in inputs if "kind" in item} | {e["kind"] for e in known if "kind" in e}
    if further:
        about["kind"] = further.pop() if len(further) == 1 else "extract"
    schema = contracts.load(table)
    return _resource(
        table,
        about,
        schema,
        str(schema.get("description") or about["title"]),
        payload,
        period=period_label(frame, table),
        coverage=_coverage(table, frame, forces),
        inputs=sorted(inputs, key=lambda item: (item["name"], item["sha256"])),
        adapter=adapter,
        untested=untested,
        **({"released": released.isoformat()} if released else {}),
        **({"releases": list(releases)} if releases else {}),
    )


def describe_project(name: str, payload: bytes, frame: pd.DataFrame | None = None) -> dict[str, Any]:
    """Return the resource entry of one of the project's own tables: forces, gaps, claims."""
    about = facts()["project"][name]
    schema = FORCES_SCHEMA if name == "forces" else contracts.load(name)
    rows = payload.count(b"\n") - 1 if frame is None else len(frame)
    return _resource(
        name,
        about,
        schema,
        str(about.get("description") or schema.get("description") or about["title"]),
        payload,
        period="",
        coverage={"rows": rows},
        inputs=[],
        adapter="",
        untested=False,
    )


def _resource(
    name: str,
    about: dict[str, Any],
    schema: dict[str, Any],
    description: str,
    payload: bytes,
    **rest: Any,
) -> dict[str, Any]:
    licence = facts()["licence"]
    return {
        "name": name,
        "path": f"{name}.csv",
        "profile": "tabular-data-resource",
        "title": about["title"],
        "description": description,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(payload),
        "hash": f"sha256:{sha256(payload)}",
        "publisher": about["publisher"],
        "sources": [{"title": about["source"], "path": about["page"]}],
        "licenses": [licence],
        "kind": about["kind"],
        "caveat": about["caveat"],
        **rest,
        "schema": schema,
    }


def _coverage(table: str, frame: pd.DataFrame, forces: Forces) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": len(frame)}
    if "force_code" in frame:
        found["forces"] = len(set(frame["force_code"]) & set(forces.codes))
    spans = gaps.periods(frame, table)
    if spans:
        found["periods"] = len(spans)
        found["first_day"] = min(start for start, _ in spans.values()).isoformat()
        found["last_day"] = max(end for _, end in spans.values()).isoformat()
    return found


def made_tables(by_name: dict[str, dict[str, Any]]) -> list[str]:
    """Return the names of the tables that adapters made, in order; the project's own left out."""
    return sorted(name for name in by_name if name in facts()["table"])
