"""What the tests of supplied tables share: files of made-up figures, and 300 made-up areas."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from peelbook import contracts
from peelbook.analysis import charts, open_section, say
from peelbook.forces import COLUMNS, ENGLAND_AND_WALES

MET, KENT, ESSEX = "E23000001", "E23000032", "E23000028"
NATIONAL = ENGLAND_AND_WALES

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


class Page:
    """A section's page for the tests of supplied tables: a chart or sentence of a measure in one call."""

    def __init__(self, section):
        self.section = section

    def __getattr__(self, name: str):
        return getattr(self.section, name)

    def year(self, measure_id: str, **more):
        """The rows of the year that the page shows of a measure."""
        frame = self.section.measure(measure_id, **more)
        return frame[frame["period_end"] == self.section.year_of(frame)]

    def ski_slope(self, measure_id: str):
        return charts.ski_slope(self.year(measure_id))

    def tile_map(self, measure_id: str):
        return charts.tile_map(self.year(measure_id))

    def funnel(self, measure_id: str):
        return charts.funnel(self.year(measure_id))

    def trend(self, measure_id: str):
        return charts.trend(self.section.measure(measure_id))

    def small_multiples(self, measure_id: str, by: str):
        return charts.small_multiples(self.section.measure(measure_id, by=by))

    def narrative(self, measure_id: str):
        return say.summary(self.section.measure(measure_id))

    def audit(self, *, everywhere: bool = False):
        return charts.interval_dots(self.section.cases(everywhere=everywhere))

    def structure(self):
        return charts.structure(self.year("officers_headcount", by=("rank", "sex")))

    def disparity(self):
        return charts.disparity(self.year("disparity_ratio", by="ethnicity"))

    def judgments(self):
        return charts.judgments(self.section.table("judgments").query("cycle == '2023-25'"))

    def outcomes(self):
        return charts.stacked_outcomes(self.year("outcome_share", by="outcome_type"))


def open_page(stem: str, *, force: str, period: str = "") -> Page:
    """Open one section for one force or area."""
    return Page(open_section(stem, force=force, period=period))
