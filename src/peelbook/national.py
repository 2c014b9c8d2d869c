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
from peelbook.errors import MissingTableError
from peelbook.sections import all_sections

if TYPE_CHECKING:
    from peelbook.figures._chart import Chart
    from peelbook.measures import Measure

STEM = "all_forces"


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
            id=f"{STEM}.grades",
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
