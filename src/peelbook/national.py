"""The national page: all forces on each measure, no force in front.

It shares every calculation with the section pages, so that a reader who comes from a force's page meets
the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from peelbook import compare, display, measures
from peelbook.catalogue import Catalogue
from peelbook.contracts import ENGLAND_AND_WALES
from peelbook.errors import MissingTableError, ParameterError
from peelbook.sections import all_sections

if TYPE_CHECKING:
    from peelbook.figures._chart import Chart
    from peelbook.measures import Measure

STEM = "all_forces"

#: The table of all measures: one row a measure, breakdown, force and year.
ALL_COLUMNS = (
    "measure_id",
    "label",
    "breakdown",
    "force_code",
    "force",
    "period_end",
    "numerator",
    "denominator",
    "value",
    "unit",
    "lower",
    "upper",
    "status",
    "reason",
)

#: What a row of the table of all measures rests on, where it has a value; `MISSING` where it has none.
_STATUS = {"published": "as published", "grade": "as reported"}
COMPUTED, MISSING = "computed", "missing"


def all_measures(catalogue: Catalogue) -> pd.DataFrame:
    """Every measure that has its tables × breakdown × force × year, in the order of the registry.

    A year is in the table where any force has a figure for it; a force without one has a row that is
    missing, with the reason. Of rolling years the ones are kept that end in March, as on the pages, so that
    no event is in two years. `lower` and `upper` are the 95% interval, where the measure has one. Shares,
    and changes, are 0 to 1. A `status` is `computed`, `as published`, `as reported` (grades) or `missing`.
    """
    names = {force.code: force.name for force in catalogue.forces} | {ENGLAND_AND_WALES: "England and Wales"}
    frames = []
    for measure in measures.registry().values():
        if not all(catalogue.has(table) for table in measure.tables):
            continue
        for dimension in measures.dimensions(catalogue, measure):
            if measure.kind == "grade" and list(dimension) != ["area_code"]:
                continue  # A force has one grade an area, and one of each area in a cycle.
            frame = _all_years(catalogue, measure, dimension)
            if len(frame):
                frames.append(frame)
    if not frames:
        return pd.DataFrame(columns=list(ALL_COLUMNS))
    whole = pd.concat(frames, ignore_index=True)
    whole["force"] = whole["force_code"].map(lambda code: names.get(code, code))
    return whole[list(ALL_COLUMNS)]


def _all_years(catalogue: Catalogue, measure: Measure, dimension: Mapping[str, Any]) -> pd.DataFrame:
    """One measure at one breakdown: its figures with their intervals, and its missing ones with the reason."""
    try:
        frame = measures.compute(catalogue, measure.id, **dimension)
    except ParameterError:  # A user's table may lack a whole category.
        return pd.DataFrame()
    if measure.period in ("year", "quarter") and (frame["period_end"].dt.month == 3).any():
        frame = measures.yearly(frame)
    interval = compare.intervals(frame, measure)
    found = frame[measures.COLUMNS].assign(
        lower=interval.low, upper=interval.high, status=_STATUS.get(measure.kind, COMPUTED), reason=""
    )
    found.attrs = {}
    gone = [] if measure.areas else _missing_figures(catalogue, measure, dimension, found)
    if gone:
        columns = ["force_code", "period_end", "status", "reason"]
        absent = pd.DataFrame(gone, columns=columns).astype({"period_end": found["period_end"].dtype})
        found = pd.concat([found, absent], ignore_index=True)
    found = found.sort_values(["force_code", "period_end"], ignore_index=True)
    return found.assign(
        measure_id=measure.id,
        label=measure.label,
        breakdown=measures.breakdown_name(dimension),
        unit=_data_unit(measure),
    )


def _missing_figures(
    catalogue: Catalogue, measure: Measure, dimension: Mapping[str, Any], found: pd.DataFrame
) -> list[tuple[str, pd.Timestamp, str, str]]:
    have = set(zip(found["force_code"], found["period_end"], strict=True))
    return [
        (code, day, MISSING, measures.why(catalogue, measure.id, code, day, **dimension))
        for day in sorted(found["period_end"].unique())
        for code in catalogue.forces.codes
        if (code, day) not in have
    ]


def _data_unit(measure: Measure) -> str:
    """The unit of a value in the data, where a share is 0 to 1 and not a percentage."""
    if measure.kind == "grade":
        return f"grade, 1 ({measures.GRADES[0].lower()}) to 5 ({measures.GRADES[-1].lower()})"
    if measure.unit == "%":
        return "share of the earlier figure" if measure.kind == "change" else "share, 0 to 1"
    return measure.unit


def open_national(*, data_dir: str = "") -> NationalBook:
    """Open the national page on a folder of tables ("" for the embedded ones).

    Raises `DataPackageError` where the folder holds no data package.
    """
    return NationalBook(Catalogue(data_dir or None))


class NationalBook:
    """All forces at once. Each method returns one output of a notebook cell."""

    def __init__(self, catalogue: Catalogue):
        self.catalogue = catalogue

    def _latest(self, measure_id: str, **dimension: Any) -> tuple[pd.DataFrame, pd.Timestamp]:
        """One period of a measure: the last financial year in which at least half of the forces have it."""
        measure = measures.registry()[measure_id]
        frame = measures.compute(self.catalogue, measure_id, **dimension)
        march = measure.period in ("year", "quarter") and (frame["period_end"].dt.month == 3).any()
        period = measures.latest(self.catalogue, measure_id, month=3 if march else None, **dimension)
        if period is None:
            raise MissingTableError(f"The measure {measure_id} has no period with enough forces.")
        return compare.at_period(frame, period), period

    def grades(self, *, cycle: str = "2023-25") -> Chart:
        """Every stated grade of one inspection cycle: forces against areas."""
        from peelbook.figures.judgments_grid import judgments_grid

        rows = self.catalogue.table("judgments")
        rows = rows[(rows["cycle"] == cycle) & ~rows["area_code"].isin(["cdi", "soc"])]
        name = cycle.replace("-", "–")
        return judgments_grid(
            rows[["force_code", "area", "grade"]].reset_index(drop=True),
            id=f"{STEM}.grades_by_force",
            title=f"Stated grades of all forces in the inspections of {name}",
            forces=self.catalogue.forces,
            areas=[item.title for item in all_sections() if item.title in set(rows["area"])],
            provenance=[self.catalogue.provenance("judgments")],
            period=f"PEEL {name}",
            basis="as reported",
            notes=[
                "Grades stated by forces, commissioners or news sites; a secondary source. "
                "An empty cell means that no source used here states the grade."
            ],
        )

    def _words(self, measure_id: str, dimension: Mapping[str, Any]) -> tuple[pd.DataFrame, Measure, dict]:
        """One period of a measure, the measure, and the arguments that both chart kinds take."""
        measure = measures.registry()[measure_id]
        rows, period = self._latest(measure_id, **dimension)
        return (
            rows,
            measure,
            {
                "forces": self.catalogue.forces,
                "label": measure.label,
                "unit": measure.unit,
                "decimals": measure.decimals,
                "provenance": [self.catalogue.provenance(table) for table in measure.tables],
                "period": measure.period_name(period),
                "averages": compare.averages(rows),
                "notes": [*measure.caveats, *measure.exclusions],
            },
        )

    def map(self, measure_id: str, **dimension: Any) -> Chart:
        """One measure on the tile grid, with both averages."""
        from peelbook.figures.tile_grid_map import tile_grid_map

        rows, measure, words = self._words(measure_id, dimension)
        title = f"{measure.label} by police force area, {words['period']}"
        return tile_grid_map(rows, id=f"{STEM}.{measure_id}", title=title, **words)

    def regions(self, measure_id: str, **dimension: Any) -> Chart:
        """One measure as dots, a row for each region."""
        from peelbook.figures.region_strip import region_strip

        rows, measure, words = self._words(measure_id, dimension)
        title = f"{measure.label} by region, {words['period']}"
        return region_strip(
            rows, id=f"{STEM}.{measure_id}_regions", title=title, leave_out=measure.excluded, **words
        )

    def table(self, *measure_ids: str) -> display.Html:
        """One row a force and one column a measure, each for its latest year."""
        columns, cells = ["Force"], {force.code: [force.short_name] for force in self.catalogue.forces}
        last: list[str] = ["Mean of forces"]
        for measure_id in measure_ids:
            measure = measures.registry()[measure_id]
            rows, period = self._latest(measure_id)
            columns.append(f"{measure.label}, {measure.period_name(period)}")
            values = rows.set_index("force_code")["value"]
            for code, row in cells.items():
                row.append(measure.format(values.get(code)))
            last.append(measure.format(compare.averages(rows).mean_of_forces))
        return display.table(
            "All forces on the main measures",
            columns,
            [*sorted(cells.values()), last],
            numeric=[False, *[True] * len(measure_ids)],
        )
