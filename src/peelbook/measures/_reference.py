"""The measure reference page and the one table of every measure, both generated from the registry."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from peelbook.catalogue import Catalogue
from peelbook.errors import MissingTableError
from peelbook.measures._compute import COLUMNS, _values, compute
from peelbook.measures._registry import Measure, registry

if TYPE_CHECKING:
    import pandas as pd


def everything(catalogue: Catalogue, measure_ids: Iterable[str] | None = None) -> pd.DataFrame:
    """Return every measure × force × period that the data allows, as one tidy frame for download.

    Columns: measure_id, label, breakdown ("" or "offence_group=Robbery"), force_code, force, period_end,
    numerator, denominator, value, unit. Grades are left out (they are not quantities), and so are
    measures whose table is not here. Raises as `compute` does for a declared catalogue.
    """
    import pandas as pd

    names = {force.code: force.name for force in catalogue.forces} | {"K04000001": "England and Wales"}
    frames = []
    for measure_id in measure_ids if measure_ids is not None else registry():
        measure = registry()[measure_id]
        if measure.kind == "grade":
            continue
        for dimension in dimensions(catalogue, measure):
            try:
                frame = compute(catalogue, measure_id, **dimension)[COLUMNS]
            except MissingTableError:
                break
            frame.attrs = {}
            frames.append(
                frame.assign(
                    measure_id=measure_id,
                    label=measure.label,
                    breakdown=breakdown_name(dimension),
                    unit=measure.unit,
                )
            )
    columns = ["measure_id", "label", "breakdown", "force_code", "force", "period_end", *COLUMNS[2:], "unit"]
    if not frames:
        return pd.DataFrame(columns=columns)
    whole = pd.concat(frames, ignore_index=True)
    whole["force"] = whole["force_code"].map(names)
    return whole[columns]


def dimensions(catalogue: Catalogue, measure: Measure) -> Iterable[dict[str, Any]]:
    """The breakdowns a measure is published at: none, then each dimension on its own."""
    if not measure.default and "years" not in measure.breakdowns:
        yield {}
    if not all(catalogue.has(table) for table in measure.tables):
        return
    years = measure.breakdowns.get("years", (None,))
    for name in measure.breakdowns:
        if name == "years":
            yield from ({"years": lag} for lag in years)
            continue
        for lag, value in itertools.product(years, _values(catalogue, measure, name)):
            yield ({} if lag is None else {"years": lag}) | {name: value}


def breakdown_name(dimension: Mapping[str, Any]) -> str:
    """A breakdown as the tables for download name it: "", `offence_group=Robbery`."""
    return "; ".join(f"{name}={value}" for name, value in dimension.items())


def reference_markdown() -> str:
    """Return the measure reference page as MyST Markdown: one section for each measure, in registry order."""
    lines = [
        "# Measures",
        "",
        "Every figure of this book that is computed from open data is one of the measures below. The page is made",
        "from the registry that the code reads, so the two cannot disagree.",
        "",
    ]
    for measure in registry().values():
        lines += _entry(measure)
    return "\n".join(lines).rstrip() + "\n"


_PERIOD_TEXT = {
    "year": "twelve months, named by the last day",
    "stock": "a count on one day",
    "quarter": "a quarter, named by the last day",
    "month": "a month",
    "mid-year": "30 June",
    "census": "Census day, 21 March 2021",
    "cycle": "an inspection cycle",
}
_POLARITY_TEXT = {
    "none": "none: a high figure is neither good nor bad in itself",
    "higher": "a published standard asks for a higher figure",
    "lower": "a published standard asks for a lower figure",
}
_MATCH_TEXT = {
    "same": "the same period",
    "mid_year": "the last 30 June on or before the middle of the period",
    "census": "Census 2021",
}


def _entry(measure: Measure) -> list[str]:
    rows = [("Id", f"`{measure.id}`"), ("Numerator", str(measure.numerator))]
    if measure.denominator is not None:
        rows += [
            ("Denominator", str(measure.denominator)),
            ("Denominator's period", _MATCH_TEXT[measure.denominator.match]),
        ]
    rows += [
        ("Unit", "share, printed as a percentage" if measure.unit == "%" else measure.unit),
        ("Decimal places", str(measure.decimals)),
        ("Period", _PERIOD_TEXT[measure.period]),
        ("Compared with", "; ".join(measure.comparators) or "nothing"),
        ("Left out", " ".join(measure.exclusions) or "nothing"),
        ("Better direction", _POLARITY_TEXT[measure.polarity]),
    ]
    if measure.breakdowns:
        text = "; ".join(
            name.replace("_", " ") + (f" ({', '.join(map(str, values))})" if values else "")
            for name, values in measure.breakdowns.items()
        )
        rows.append(("Breakdowns", text))
    rows.append(("Source", "; ".join(measure.publications)))
    rows.append(("Tables", ", ".join(f"`{name}`" for name in measure.tables)))
    lines = [f"(measure-{measure.id.replace('_', '-')})=", f"## {measure.label}", "", measure.definition, ""]
    # A definition list, because a two-column table without a heading row has no meaning to a screen reader.
    for name, text in rows:
        lines += [name, f": {text}", ""]
    if caveats := [*measure.caveats, *measure.over_time]:
        lines += [
            "Caveats",
            *(f": {text}" if not place else f"\n: {text}" for place, text in enumerate(caveats)),
            "",
        ]
    return lines
