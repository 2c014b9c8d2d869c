"""What each kind of measure is, in one table, and that every measure of the registry fits its kind."""

from __future__ import annotations

import pickle
from fractions import Fraction

import pytest

from peelbook import measures
from peelbook.measures import KINDS, _kinds

BOTH, MEAN, NONE = ("mean of forces", "total over total"), ("mean of forces",), ()

#: Kind, noun, divided, model, over a complete count, less, comparators, has_verdict, steps, tested, apart, status.
TABLE = [
    ("count", "number", False, None, None, 0, NONE, False, True, False, False, "computed"),
    ("rate", "rate", True, "rate", "rate", 0, BOTH, True, True, True, False, "computed"),
    ("share", "share", True, "proportion", "proportion", 0, BOTH, True, True, True, True, "computed"),
    ("ratio", "ratio", True, "ratio", "rate", 0, BOTH, True, True, False, False, "computed"),
    ("disparity", "ratio", True, None, None, 0, BOTH, True, False, False, False, "computed"),
    ("change", "change", False, "ratio", "ratio", 1, BOTH, True, False, False, False, "computed"),
    ("published", "rate", False, None, None, 0, MEAN, False, False, False, False, "as published"),
    ("grade", "figure", False, None, None, 0, NONE, False, False, False, False, "as reported"),
]


def test_the_table_of_kinds():
    names = (
        "noun",
        "divided",
        "model",
        "model_given",
        "less",
        "comparators",
        "has_verdict",
        "steps",
        "tested",
        "apart",
    )
    found = [(str(kind), *(getattr(kind, name) for name in names), kind.status) for kind in KINDS.values()]
    assert found == TABLE


@pytest.mark.parametrize(
    ("kind", "sums", "total"),
    [
        ("count", [12], (12, 12, None)),
        ("rate", [12, 4000], (3, 12, 4000)),
        ("share", [1, 4], (250, 1, 4)),
        ("change", [-2, 8], (-250, -2, 8)),
        ("disparity", [6, 2000, 5, 5000], (3, 3, 1)),
    ],
)
def test_a_total_of_all_forces_is_of_its_counts(kind, sums, total):
    assert KINDS[kind].total([Fraction(part) for part in sums], 1000) == total
    assert len(KINDS[kind].columns) == len(sums)


@pytest.mark.parametrize(
    ("kind", "value", "unit", "text"),
    [
        ("rate", 19.84, "per 1,000 population", "19.8"),
        ("share", 0.186, "%", "18.6%"),
        ("change", 0.186, "%", "+18.6%"),
        ("grade", 4.0, "", "Good"),
        ("grade", float("nan"), "", "not available"),
    ],
)
def test_a_kind_knows_how_its_figures_are_printed(kind, value, unit, text):
    assert KINDS[kind].write(value, unit, 1) == text


def test_a_kind_says_what_its_values_are_in_the_data():
    assert KINDS["share"].data_unit("%") == "share, 0 to 1"
    assert KINDS["change"].data_unit("%") == "share of the earlier figure"
    assert KINDS["rate"].data_unit("per 1,000 population") == "per 1,000 population"
    assert KINDS["grade"].data_unit("") == "grade, 1 (inadequate) to 5 (outstanding)"


def test_a_kind_outlives_a_copy_to_another_process():
    copy = pickle.loads(pickle.dumps(_kinds.DISPARITY))
    assert (
        copy == "disparity"
        and copy.total([6, 2000, 5, 5000], 1000)[0] == 3
        and KINDS[copy] is _kinds.DISPARITY
    )


def test_every_measure_has_a_kind_that_fits_it():
    for measure in measures.registry().values():
        assert measure.kind is KINDS[measure.kind], measure.id
        assert measure.kind.divided == (measure.denominator is not None), measure.id
