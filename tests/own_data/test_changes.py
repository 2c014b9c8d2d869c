"""The check says which figures of which years a folder would change, where, and what they still need. Made-up figures."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from own_data_helpers import KENT, area_tables, areas, calls, put
from typer.testing import CliRunner

from peelbook import measures
from peelbook.catalogue import Catalogue
from peelbook.cli import app
from peelbook.own_data import changes
from peelbook.sections import section


@pytest.fixture
def figures(catalogue, tmp_path):
    """What the folder does to a measure, by its id."""

    def found(table: str) -> dict:
        (change,) = changes(tmp_path, catalogue, [table], KENT)
        return {figure.measure: figure for figure in change.figures}

    return found


def test_a_newer_count_says_that_its_rate_still_needs_a_population(figures, tmp_path):
    put(tmp_path, "stop_search", (KENT, "2026-03-31", 9_000, 8_800, ""))
    found = figures("stop_search")
    assert found["stop_search_count"].new == ("2026-03-31",) and not found["stop_search_count"].lacking
    ((day, reason),) = found["stop_search_rate"].lacking
    assert day == "2026-03-31" and "needs the population of mid-2025" in reason
    put(tmp_path, "population", (KENT, "2025-06-30", 1_600_000))
    assert figures("stop_search")["stop_search_rate"].new == ("2026-03-31",)
    assert "2026-03-31" in figures("population")["stop_search_rate"].new


def test_what_is_told_is_what_the_measures_give(figures, tmp_path, root):
    put(tmp_path, "stop_search", (KENT, "2023-03-31", 100, 99, ""), (KENT, "2022-03-31", 200, 99, ""))
    told = figures("stop_search")["stop_search_rate"]
    assert told.changed == ("2022-03-31", "2023-03-31") and not told.new
    own = Catalogue(root / "data", overlay=tmp_path, own_force_code=KENT)
    assert measures.at(own, "stop_search_rate", KENT, "2023-03-31").numerator == 100


def test_a_figure_that_an_empty_cell_takes_away_is_named(figures, tmp_path):
    put(tmp_path, "stop_search", (KENT, "2023-03-31", 100, 99, ""))
    census = figures("stop_search")["stop_search_census_rate"]
    assert [day for day, _ in census.lacking] == ["2023-03-31"]


def test_months_that_make_no_year_say_how_many_are_needed(figures, tmp_path):
    put(tmp_path, "emergency_calls", calls())
    ((day, reason),) = figures("emergency_calls")["emergency_calls_in_10_seconds_share"].lacking
    assert day == "2023-03-31" and reason == "a year needs 12 months, one after another"
    months = pd.date_range("2022-04-30", "2023-03-31", freq="ME").strftime("%Y-%m-%d")
    put(tmp_path, "emergency_calls", *[calls(month=month) for month in months])
    full = figures("emergency_calls")["emergency_calls_in_10_seconds_share"]
    assert full.new == ("2023-03-31",) and not full.lacking


def test_a_hidden_figure_is_told_as_hidden(figures, tmp_path):
    put(tmp_path, "stop_search", (KENT, "2026-03-31", 3, 3, ""))
    (tmp_path / "suppress_below.txt").write_text("5")
    ((day, reason),) = figures("stop_search")["stop_search_count"].lacking
    assert day == "2026-03-31" and "uppressed: fewer than 5" in reason


def test_the_pages_are_those_of_the_sections_that_read_the_table(catalogue, tmp_path):
    put(tmp_path, "stop_search", (KENT, "2026-03-31", 9_000, 8_800, ""))
    (change,) = changes(tmp_path, catalogue, ["stop_search"], KENT)
    assert section("police_powers").title in change.pages


def test_the_command_prints_it_and_gives_it_as_json(tmp_path):
    put(tmp_path, "stop_search", (KENT, "2026-03-31", 9_000, 8_800, ""))
    shown = CliRunner().invoke(app, ["data", "check", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    assert "What a build would change for Kent Police:" in shown.output
    assert "Stop and searches: new for year ending 31 March 2026" in shown.output
    body = json.loads(CliRunner().invoke(app, ["data", "check", str(tmp_path), "--json"]).output)
    (change,) = body["changes"][KENT]
    assert change["table"] == "stop_search" and change["figures"][0]["measure"] == "stop_search_rate"


def test_an_area_of_ones_own_has_only_new_figures(catalogue, tmp_path):
    put(tmp_path, "forces", *areas(2))
    area_tables(tmp_path, ["P00000", "P00001"])
    (change,) = changes(tmp_path, catalogue, ["stop_search"], "P00001")
    rate = next(figure for figure in change.figures if figure.measure == "stop_search_rate")
    assert "2023-03-31" in rate.new and not rate.changed
