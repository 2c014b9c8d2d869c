"""The national page."""

import pytest

from peelbook import open_national


@pytest.fixture(scope="module")
def book():
    return open_national()


def test_every_force_stands_in_the_table_with_both_kinds_of_figure(book):
    lines = book.table("stop_search_rate", "charge_rate").text.splitlines()
    assert len(lines) == 2 + 43 + 1
    assert "Met | 19.8 | 4.0%" in lines
    assert lines[-1].startswith("Mean of forces | 6.6")


def test_a_map_shows_all_forces_and_names_its_year(book):
    chart = book.map("stop_search_rate")
    assert chart.data["force_code"].nunique() == 43
    assert chart.period == "year ending 31 March 2023"


def test_the_city_of_london_is_in_the_table_of_regions_and_not_on_the_chart(book):
    chart = book.regions("stop_search_rate")
    assert "City of London" in set(chart.data["force"])
    assert any("Not drawn: City of London" in note for note in chart.notes)
    assert "197.0" not in chart.svg()
    assert chart.png() == chart.png()


def test_grades_stand_in_the_order_of_the_report_as_reported(book):
    chart = book.grades()
    assert chart.basis == "as reported"
    assert "Police powers and treating the public fairly and respectfully" in chart.table()["columns"][1]
