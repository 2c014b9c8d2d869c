"""The list of measures, their reference page, made from the registry, and the breakdowns each is published at."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from peelbook.catalogue import Catalogue
from peelbook.measures._compute import values
from peelbook.measures._registry import Measure, registry
from peelbook.sections import all_sections


def listing(tables: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Return the measures as rows, in registry order; with `tables`, those that can be computed from them.

    Keys: `measure` (its id), `title`, `unit` ("%" for a share, which is 0 to 1 in data), `by` (the breakdowns it has),
    `tables` (what it reads) and `sections` (stems of the sections that declare these tables; the page of all forces
    reads every table).

    >>> listing(["stop_search", "population"])[0]["measure"]
    'stop_search_rate'
    """
    return [
        {
            "measure": measure.id,
            "title": measure.label,
            "unit": measure.unit,
            "by": list(measure.breakdowns),
            "tables": list(measure.tables),
            "sections": [item.stem for item in all_sections() if set(measure.tables) <= set(item.tables)],
        }
        for measure in registry().values()
        if tables is None or set(measure.tables) <= set(tables)
    ]


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
        for lag, value in itertools.product(years, values(catalogue, measure, name)):
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
    "newest_mid_year": "that 30 June, or the newest before it, at most two years older",
    "census": "Census 2021",
}


def facts(measure: Measure) -> list[tuple[str, list[str]]]:
    """What a reader must know of a measure: the name of each fact and its texts, in the order they are read."""
    rows = [("Id", [measure.id]), ("Numerator", [str(measure.numerator)])]
    if measure.denominator is not None:
        rows += [
            ("Denominator", [str(measure.denominator)]),
            ("Denominator's period", [_MATCH_TEXT[measure.denominator.match]]),
        ]
    rows += [
        ("Unit", ["share, printed as a percentage" if measure.unit == "%" else measure.unit]),
        ("Decimal places", [str(measure.decimals)]),
        ("Period", [_PERIOD_TEXT[measure.period]]),
        ("Compared with", ["; ".join(measure.comparators) or "nothing"]),
        ("Left out", [" ".join(measure.exclusions) or "nothing"]),
        ("Better direction", [_POLARITY_TEXT[measure.polarity]]),
    ]
    if measure.breakdowns:
        text = "; ".join(
            name.replace("_", " ") + (f" ({', '.join(map(str, values))})" if values else "")
            for name, values in measure.breakdowns.items()
        )
        rows.append(("Breakdowns", [text]))
    rows.append(("Source", ["; ".join(measure.publications)]))
    rows.append(("Tables", [", ".join(measure.tables)]))
    if caveats := [*measure.caveats, *measure.over_time]:
        rows.append(("Caveats", caveats))
    return rows


_CODES = {"Id", "Tables"}


def _entry(measure: Measure) -> list[str]:
    lines = [f"(measure-{measure.id.replace('_', '-')})=", f"## {measure.label}", "", measure.definition, ""]
    # A definition list, because a two-column table without a heading row has no meaning to a screen reader.
    for name, texts in facts(measure):
        if name in _CODES:
            texts = [", ".join(f"`{part}`" for part in text.split(", ")) for text in texts]
        lines += [
            name,
            *(f": {text}" if not place else f"\n: {text}" for place, text in enumerate(texts)),
            "",
        ]
    return lines
