"""A force's book on its own figures of 2026: each number was worked out by hand from the rows. All figures are made up."""

from __future__ import annotations

import pandas as pd
import pytest
from own_data_helpers import put

from peelbook import measures
from peelbook.catalogue import Catalogue
from peelbook.own_data import check

NORFOLK, YEAR = "E23000024", "2026-03-31"


@pytest.fixture(scope="module")
def book(tmp_path_factory, root):
    own = tmp_path_factory.mktemp("norfolk")
    put(own, "population", (NORFOLK, "2025-06-30", 925_000))
    put(own, "stop_search", (NORFOLK, YEAR, 9_250, 9_000, ""))
    officers = [("Female", "Constable", 600), ("Male", "Constable", 900)]
    officers += [("Female", "Sergeant", 140), ("Male", "Sergeant", 210)]
    put(own, "workforce", *[(NORFOLK, YEAR, sex, rank, "Police Officer", n, n) for sex, rank, n in officers])
    months = pd.date_range("2025-04-30", YEAR, freq="ME").strftime("%Y-%m-%d")
    put(own, "emergency_calls", *[(NORFOLK, month, 7_400, 6_660, 600, 140, "") for month in months])
    put(own, "non_emergency_calls", (NORFOLK, YEAR, 20_000, 2_400, 190))
    put(own, "attendance", (NORFOLK, YEAR, "Immediate", 500, 450), (NORFOLK, YEAR, "Prompt", 1_500, 1_050))
    put(own, "arrests", *[(NORFOLK, YEAR, group, n) for group, n in arrests().items()])
    put(own, "bail", (NORFOLK, YEAR, 600, 240))
    put(own, "marac", (NORFOLK, YEAR, 310, 93))
    put(own, "right_to_know", (NORFOLK, YEAR, 185, 74, "", ""))
    assert check(own, Catalogue(root / "data"), force="norfolk").good
    return Catalogue(root / "data", overlay=own, own_force_code=NORFOLK)


def arrests() -> dict[str, int]:
    """12,000 in all."""
    return {"White": 10_000, "Black": 900, "Asian": 500, "Mixed": 300, "Other": 100, "Not known": 200}


BY_HAND = [
    ("stop_search_rate", {}, 9_250 / 925, "10.0"),
    ("ethnicity_not_recorded_share", {}, 250 / 9_250, "2.7"),
    ("officers_rate", {}, 1_850 / 925, "2.00"),
    ("female_officers_share", {}, 740 / 1_850, "40.0"),
    ("emergency_calls_rate", {}, 88_800 / 925, "96"),
    ("emergency_calls_in_10_seconds_share", {}, 0.9, "90.0"),
    ("non_emergency_abandonment_share", {}, 0.12, "12.0"),
    ("attended_in_time_share", {}, 0.75, "75"),
    ("attended_in_time_share", {"grade": "Immediate"}, 0.9, "90"),
    ("pre_charge_bail_rate", {}, 50.0, "50.0"),
    ("released_under_investigation_rate", {}, 20.0, "20.0"),
    ("marac_cases_count", {}, 310, "310"),
    ("right_to_know_applications_rate", {}, 20.0, "20.0"),
]


@pytest.mark.parametrize(("measure", "breakdown", "value", "printed"), BY_HAND)
def test_a_figure_is_what_it_is_by_hand(book, measure, breakdown, value, printed):
    found = measures.at(book, measure, NORFOLK, YEAR, **breakdown)
    assert found, getattr(found, "reason", "")
    assert found.value == pytest.approx(value)
    assert measures.registry()[measure].format(found.value).removesuffix("%") == printed
