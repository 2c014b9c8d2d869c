"""Units: like is added to like, a quotient may be stated as it is, a percentage is a percentage."""

from __future__ import annotations

from fractions import Fraction

import pytest

from peelbook import contracts, measures
from peelbook.claims._units import NUMBER, UNITS, UnitError, added, multiplied, of_measure


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("percent", "per_1000"),
        ("percent", "count"),
        ("count", "gbp"),
        ("per_1000", "per_100000"),
        ("months", "days"),
        ("year", "years"),
        ("gbp", "gbp_per_1000"),
        ("times", "percent"),
    ],
)
def test_figures_of_different_kinds_cannot_be_added_or_compared(left, right):
    with pytest.raises(UnitError, match="cannot add"):
        added(UNITS[left], UNITS[right], "add")


@pytest.mark.parametrize(
    ("left", "right"), [("gbp_million", "gbp_billion"), ("years", "months"), ("hours", "days")]
)
def test_figures_of_one_kind_meet_whatever_their_scale(left, right):
    assert added(UNITS[left], UNITS[right], "add").dimensions == UNITS[left].dimensions


def test_percentage_points_are_added_to_percentages():
    assert added(UNITS["percent"], UNITS["percentage_points"], "add").kind == "percent"


def test_a_quotient_of_counts_may_be_stated_as_a_percentage_or_a_rate():
    quotient = multiplied(UNITS["count"], UNITS["count"], -1)
    assert quotient == NUMBER
    assert added(UNITS["percent"], quotient, "compare").kind == "percent"
    assert added(quotient, UNITS["per_1000"], "compare").kind == "per_1000"


def test_money_over_people_is_money_per_head():
    assert multiplied(UNITS["gbp_billion"], UNITS["count"], -1).dimensions == UNITS["gbp_per_1000"].dimensions


def test_one_over_a_frequency_is_a_length_of_time():
    assert multiplied(NUMBER, UNITS["per_year"], -1).dimensions == UNITS["months"].dimensions


def test_a_percentage_stays_one_when_multiplied_by_a_number_only():
    assert multiplied(UNITS["percent"], NUMBER).kind == "percent"
    assert multiplied(NUMBER, UNITS["percent"]).kind == "percent"
    assert multiplied(UNITS["percent"], UNITS["gbp"]).dimensions == (("gbp", 1),)
    assert multiplied(UNITS["percent"], UNITS["percent"]).kind == ""
    assert multiplied(NUMBER, UNITS["percent"], -1).kind == ""


def test_units_name_themselves_in_errors():
    assert str(UNITS["gbp_per_1000"]) == "gbp per count"
    assert str(NUMBER) == "number"
    assert str(UNITS["percent"]) == "percent"


def test_every_unit_of_the_contract_is_known_and_none_is_missing_there():
    field = next(field for field in contracts.load("claims")["fields"] if field["name"] == "unit")
    assert set(field["constraints"]["enum"]) == set(UNITS)


@pytest.mark.parametrize(
    ("measure_id", "unit"),
    [
        ("stop_search_rate", "per_1000"),
        ("charge_rate", "percent"),
        ("disparity_ratio", "times"),
        ("right_to_know_applications_rate", "per_100000"),
        ("funding_rate", "gbp_per_1000"),
        ("police_grant_count", "gbp"),
        ("officers_headcount", "count"),
        ("grade", "grade"),
        ("offenders_per_manager", "per_manager"),
        ("crimes_per_officer", "per_officer"),
        ("stop_search_change", "percent"),
    ],
)
def test_a_measure_has_the_unit_it_prints(measure_id, unit):
    measure = measures.registry()[measure_id]
    assert of_measure(measure.unit, measure.kind) == UNITS[unit]


def test_every_measure_has_a_unit():
    for measure in measures.registry().values():
        unit = of_measure(measure.unit, measure.kind)
        if measure.kind in ("rate", "share", "change"):
            assert unit.kind or unit.dimensions, measure.id


def test_scales_are_exact():
    assert UNITS["per_100000"].factor == Fraction(1, 100_000)
    assert UNITS["years"].factor / UNITS["months"].factor == 12
