"""Writes a folder of empty tables for one force to fill in, with a page that explains every column.

Everything on that page comes from the contracts, the measure registry and the sections, so that a new column or
measure is explained the day it is added.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peelbook import contracts
from peelbook.errors import PeelbookError
from peelbook.forces import COLUMNS
from peelbook.overlay import hide
from peelbook.overlay import rows as own_rows
from peelbook.util.files import write_atomic

if TYPE_CHECKING:
    from peelbook.forces import Force, Forces

README = "README.md"

#: The first words of a README that this module wrote, and may write anew.
_MARK = "# Tables of your own for "

#: Tables that no force can supply, and what they are.
NOT_A_FORCES_OWN = {
    "charge_rate_national": "of England and Wales and not of a force",
    "districts": "a list of places, which the book takes from the Office for National Statistics",
}

#: Tables that only a force has, or that no measure reads: in the folder in addition to those of measures.
_MORE = ("audits", "gaps")


class FolderInUseError(PeelbookError):
    """The folder for templates holds files that somebody has filled in."""


def tables() -> list[str]:
    """Return the tables of the template: all that a measure of a force reads, audits, and reasons for gaps."""
    from peelbook import measures

    read = {table for measure in measures.registry().values() for table in measure.tables}
    return sorted({*(read - set(NOT_A_FORCES_OWN)), *_MORE} & set(contracts.tables()))


def template(force: Force, folder: Path | str, *, areas: Forces | None = None) -> list[Path]:
    """Write one CSV with nothing but a header for each table, and `README.md`. Return what is in the folder.

    `areas` also writes `forces.csv` with these areas, to which a user adds their own. A file with nothing but a header
    counts as not supplied. The folder gets a `.gitignore` of everything, so that unpublished figures do
    not go into a repository by accident.

    Raises `FolderInUseError`, with nothing written, where a file of the same name holds something.
    """
    folder = Path(folder)
    files = {
        f"{name}.csv": _line(field["name"] for field in contracts.load(name)["fields"]) for name in tables()
    }
    used = [name for name in files if own_rows.has_rows(folder / name)]
    readme = folder / README
    if readme.exists() and not readme.read_text(encoding="utf-8", errors="replace").startswith(_MARK):
        used.append(README)
    if areas is not None:
        files["forces.csv"] = _areas(areas)
        if (folder / "forces.csv").exists() and (folder / "forces.csv").read_bytes() != files[
            "forces.csv"
        ].encode():
            used.append("forces.csv")
    if used:
        raise FolderInUseError(
            f"{folder}: {', '.join(sorted(used))} would be written over. Fix: choose an empty folder, or move "
            f"{'it' if len(used) == 1 else 'them'} away."
        )
    files[README] = readme_text(force)
    if not (folder / ".gitignore").exists():
        files[".gitignore"] = "# Unpublished figures do not belong in a repository.\n*\n"
    for name, text in files.items():
        write_atomic(folder / name, text)
    return [folder / name for name in files]


def example(table: str, force_code: str) -> dict[str, str]:
    """Return an example row of a table that its contract accepts, column by column."""
    return {field["name"]: _example(field, force_code) for field in contracts.load(table)["fields"]}


def readme_text(force: Force) -> str:
    """Return the page that explains the folder: how to use it, then every table, column by column."""
    parts = [
        f"{_MARK}{force.name}",
        "\n".join(
            [
                "Fill in the tables you have, and leave the others as they are: a file with nothing but its header",
                "counts as not supplied. Rows must be of one force only. Your rows take the place of published rows of",
                "the same key and are added to all others. An empty cell is a missing figure, never a zero.",
            ]
        ),
        "\n".join(
            [
                "```text",
                "peelbook data check FOLDER",
                f"peelbook build --force {force.slug} --data FOLDER",
                "```",
            ]
        ),
        "\n".join(
            [
                "Save each file as UTF-8 CSV. Dates are YYYY-MM-DD and stand for the last day of the period. Numbers are",
                "digits only: no comma, no percent sign; shares are between 0 and 1. To hide small numbers, write the",
                f"threshold, such as 5, into a file `{hide.THRESHOLD_FILE}` beside this one.",
            ]
        ),
    ]
    parts += [_section(name, force) for name in tables()]
    return "\n\n".join(parts) + "\n"


def _section(table: str, force: Force) -> str:
    schema = contracts.load(table)
    row = example(table, force.code)
    lines = [
        f"## {table}.csv",
        "",
        schema["description"],
        "",
        "| column | type | required | allowed | meaning |",
        "|---|---|---|---|---|",
    ]
    for field in schema["fields"]:
        needed = "yes" if field.get("constraints", {}).get("required") else "no"
        cells = [f"`{field['name']}`", _type(field), needed, _allowed(field), field["description"]]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    key = ", ".join(f"`{name}`" for name in schema["primaryKey"])
    lines += ["", f"One row for each {key}. An example, not a figure:", "", "```text"]
    lines += [_line(row).rstrip("\n"), _line(row.values()).rstrip("\n"), "```", "", _feeds(table)]
    return "\n".join(lines)


def _feeds(table: str) -> str:
    from peelbook import measures
    from peelbook.sections import all_sections

    fed = [measure.label for measure in measures.registry().values() if table in measure.tables]
    pages = [section.title for section in all_sections() if table in section.tables]
    if table == "gaps":
        return "Feeds: the reason a page gives where a figure is missing."
    if table == "audits":
        fed = ["the chart of audited cases of its section; the page on service to victims shows every sample"]
    text = f"Feeds: {'; '.join(dict.fromkeys(fed))}." if fed else "Feeds: no measure."
    return text + (f"\nPages: {'; '.join(pages)}." if pages else "")


_UNITS = (
    ("_count", "whole number"),
    ("_gbp", "pounds"),
    ("_share", "share, 0 to 1"),
    ("_rate", "per 1,000"),
    ("_seconds", "seconds"),
    ("headcount", "people"),
    ("fte", "full-time equivalents"),
)


def _type(field: dict[str, Any]) -> str:
    kind = {
        "string": "text",
        "integer": "whole number",
        "date": "date, YYYY-MM-DD",
        "boolean": "true or false",
    }.get(field["type"], field["type"])
    unit = next((unit for end, unit in _UNITS if field["name"].endswith(end)), "")
    return f"{kind} ({unit})" if unit and unit != kind and field["type"] in ("integer", "number") else kind


def _allowed(field: dict[str, Any]) -> str:
    limits = field.get("constraints", {})
    if field["name"] == "force_code":
        return "the code of your force"
    if "enum" in limits:
        return "; ".join(f"`{value}`" for value in limits["enum"])
    if "pattern" in limits:
        return field.get("fix", f"`{limits['pattern']}`")
    low, high = limits.get("minimum"), limits.get("maximum")
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"{low} or more" if low is not None else f"up to {high}" if high is not None else ""


def _example(field: dict[str, Any], force_code: str) -> str:
    name, kind, limits = field["name"], field["type"], field.get("constraints", {})
    if name == "force_code":
        return force_code
    if "example" in field:
        return str(field["example"])
    if "enum" in limits:
        return str(limits["enum"][0])
    if kind == "date":
        days = {"31 December": "2022-12-31", "30 June": "2022-06-30", "Census": "2021-03-21"}
        return next((day for word, day in days.items() if word in field["description"]), "2023-03-31")
    if kind == "boolean":
        return "true"
    if kind in ("integer", "number"):
        low, high = limits.get("minimum", 0), limits.get("maximum", 200)
        middle = max(low, min(120, (low + high) / 2))
        return f"{middle:g}" if kind == "number" else str(int(middle))
    return "https://www.example.org/page" if name == "url" else "table" if name == "table" else "text"


def _line(cells: Any) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(list(cells))
    return out.getvalue()


def _areas(areas: Forces) -> str:
    rows = [[*COLUMNS]]
    rows += [
        [
            area.code,
            area.slug,
            area.name,
            area.short_name,
            area.article,
            "|".join(area.aliases),
            area.region,
            str(area.tile_row),
            str(area.tile_column),
        ]
        for area in areas
    ]
    return "".join(_line(row) for row in rows)
