"""The table of all measures: every measure for every force and year, as one download.

It shares every calculation with the pages, so that a reader who comes from a page meets the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from peelbook import compare, measures
from peelbook.catalogue import Catalogue
from peelbook.errors import ParameterError
from peelbook.forces import ENGLAND_AND_WALES
from peelbook.measures._kinds import GRADE

if TYPE_CHECKING:
    from peelbook.measures import Measure

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

#: The status of a row without a figure; of others it is that of the measure's kind.
MISSING = "missing"


def all_measures(catalogue: Catalogue) -> pd.DataFrame:
    """Every measure that has its tables × breakdown × force × year, in the order of the registry.

    A year is in the table where any force has a figure for it; a force without one has a row that is
    missing, with the reason. Of rolling years the ones are kept that end in March, as on the pages, so that
    no event is in two years. `force` is the name that pages and the files of charts use. `lower` and `upper` are the 95% interval, where the measure has one. Shares,
    and changes, are 0 to 1. A `status` is `computed`, `as published`, `as reported` (grades) or `missing`.
    """
    names = {force.code: force.short_name for force in catalogue.forces} | {
        ENGLAND_AND_WALES: "England and Wales"
    }
    frames = []
    for measure in measures.registry().values():
        if not all(catalogue.has(table) for table in measure.tables):
            continue
        for dimension in measures.dimensions(catalogue, measure):
            if measure.kind == GRADE and list(dimension) != ["area_code"]:
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
        lower=interval.low, upper=interval.high, status=measure.kind.status, reason=""
    )
    found.attrs = {}
    missing = [] if measure.areas else _missing_figures(catalogue, measure, dimension, found)
    if missing:
        columns = ["force_code", "period_end", "status", "reason"]
        absent = pd.DataFrame(missing, columns=columns).astype({"period_end": found["period_end"].dtype})
        found = pd.concat([found, absent], ignore_index=True)
    found = found.sort_values(["force_code", "period_end"], ignore_index=True)
    return found.assign(
        measure_id=measure.id,
        label=measure.label,
        breakdown=measures.breakdown_name(dimension),
        unit=measure.kind.data_unit(measure.unit),
    )


def _missing_figures(
    catalogue: Catalogue, measure: Measure, dimension: Mapping[str, Any], found: pd.DataFrame
) -> list[tuple[str, pd.Timestamp, str, str]]:
    have = set(zip(found["force_code"], found["period_end"], strict=True))
    return [
        (code, day, MISSING, measures.missing_reason(catalogue, measure.id, code, day, **dimension))
        for day in sorted(found["period_end"].unique())
        for code in catalogue.forces.codes
        if (code, day) not in have
    ]
