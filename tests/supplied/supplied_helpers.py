"""What the tests of supplied tables share: files of made-up figures, and 300 made-up areas."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from peelbook import contracts
from peelbook.forces import COLUMNS

MET, KENT, ESSEX = "E23000001", "E23000032", "E23000028"
NATIONAL = contracts.ENGLAND_AND_WALES

GROUPS = (
    "Violence against the person",
    "Sexual offences",
    "Robbery",
    "Theft offences",
    "Criminal damage and arson",
)


def put(folder: Path, table: str, *rows: tuple) -> Path:
    """Write a supplied table; cells in the order of the contract."""
    folder.mkdir(parents=True, exist_ok=True)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header = list(COLUMNS) if table == "forces" else [f["name"] for f in contracts.load(table)["fields"]]
    writer.writerows([header, *rows])
    path = folder / f"{table}.csv"
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def calls(
    code: str = KENT, month: str = "2023-03-31", quick: int = 900, slow: int = 80, late: int = 20
) -> tuple:
    """One row of emergency_calls."""
    return (code, month, quick + slow + late, quick, slow, late, "")


def areas(count: int = 300) -> list[tuple]:
    """Rows of forces.csv: made-up partnerships on a grid of fifteen columns."""
    return [
        (f"P{i:05d}", f"partnership-{i}", f"Partnership {i}", f"P {i}", "", "", "North", i // 15, i % 15)
        for i in range(count)
    ]


def area_tables(folder: Path, codes: list[str]) -> None:
    """Write people, crime and searches for areas, each area with figures of its own."""
    quarters = [f"{year}-{day}" for year in (2021, 2022) for day in ("03-31", "06-30", "09-30", "12-31")]
    quarters += ["2023-03-31"]
    years = [f"{year}-03-31" for year in (2021, 2022, 2023)]
    put(
        folder,
        "population",
        *[
            (code, f"{year}-06-30", 20_000 + 61 * i + year)
            for i, code in enumerate(codes)
            for year in (2020, 2021, 2022)
        ],
    )
    put(
        folder,
        "recorded_crime",
        *[
            (code, day, group, group, 40 + (i * 13 + q * 7 + g * 29) % 90)
            for i, code in enumerate(codes)
            for q, day in enumerate(quarters)
            for g, group in enumerate(GROUPS)
        ],
    )
    put(
        folder,
        "stop_search",
        *[
            (code, day, 100 + (i * 17 + y) % 300, 90 + (i * 17 + y) % 300, 20_000 + 61 * i)
            for i, code in enumerate(codes)
            for y, day in enumerate(years)
        ],
    )
