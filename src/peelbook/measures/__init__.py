"""Measures: every figure of the book, defined once as data and computed by a few generic functions.

`registry()` holds the definitions (`registry.toml`), `compute` gives a measure for all forces and
periods, `at` one force's figure or the reason why it is missing.
"""

from __future__ import annotations

from peelbook.measures._compute import (
    COLUMNS,
    Missing,
    Value,
    at,
    compute,
    frozen,
    memoised,
    mid_year,
    missing_reason,
    precompute,
    values,
    yearly,
)
from peelbook.measures._kinds import DISPARITY_COUNTS, GRADES, KINDS, Kind
from peelbook.measures._reference import breakdown_name, dimensions, facts, listing, reference_markdown
from peelbook.measures._registry import STEPS, Measure, Part, Registry, parse, registry

__all__ = [
    "COLUMNS",
    "DISPARITY_COUNTS",
    "GRADES",
    "KINDS",
    "STEPS",
    "Kind",
    "Measure",
    "Missing",
    "Part",
    "Registry",
    "Value",
    "at",
    "breakdown_name",
    "compute",
    "dimensions",
    "facts",
    "frozen",
    "listing",
    "memoised",
    "mid_year",
    "missing_reason",
    "parse",
    "precompute",
    "reference_markdown",
    "registry",
    "values",
    "yearly",
]
