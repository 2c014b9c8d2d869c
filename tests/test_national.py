"""The national page."""

import io
import shutil
import zipfile

import nbformat
import numpy as np
import pandas as pd
import pytest

from peelbook import compare, measures, national, open_national
from peelbook.analysis import charts
from peelbook.catalogue import Catalogue
from peelbook.errors import FrameError
from peelbook.site import downloads

# --- the page of all forces --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def everywhere():
    return open_national()


def newest(everywhere, measure_id):
    frame = everywhere.measure(measure_id)
    return frame[frame["period_end"] == everywhere.year_of(frame)]


def test_the_committed_page_has_every_force_and_their_mean(root):
    page = nbformat.read(root / "book" / "all_forces.ipynb", as_version=4)
    (table,) = [
        output.data["application/vnd.peelbook.block+json"]
        for cell in page.cells
        for output in cell.get("outputs", [])
        if "application/vnd.peelbook.block+json" in output.data
    ]
    assert len(table["rows"]) == 43 + 1 and table["rows"][-1][0] == "Mean of forces"
    assert table["columns"][1] == "Stop and searches per 1,000, March 2025"
    searches = measures.at(Catalogue(), "stop_search_rate", "E23000001", "2025-03-31")
    (met,) = [row for row in table["rows"] if row[0] == "Met"]
    assert met[1] == f"{searches.value:.1f}"


def test_a_map_shows_all_forces_none_of_them_marked_and_names_its_year(everywhere):
    chart = charts.tile_map(newest(everywhere, "stop_search_rate"))
    assert chart.id == "all_forces.stop_search_rate"
    assert chart.data["force_code"].nunique() == 43
    assert chart.period == "year ending 31 March 2025"


def test_the_city_of_london_is_in_the_table_of_regions_and_not_on_the_chart(everywhere):
    chart = charts.regions(newest(everywhere, "stop_search_rate"))
    assert "City of London" in set(chart.data["force"])
    assert any("Not drawn: City of London" in note for note in chart.notes)
    assert "197.0" not in chart.svg()
    assert chart.png() == chart.png()


def test_grades_stand_in_the_order_of_the_report_as_reported(everywhere):
    chart = charts.judgments(everywhere.table("judgments").query("cycle == '2023-25'"))
    assert chart.basis == "as reported" and chart.id == "all_forces.grades_by_force"
    assert "Police powers and treating the public fairly and respectfully" in chart.table()["columns"][1]


def test_a_chart_that_marks_a_force_asks_for_one(everywhere):
    rows = newest(everywhere, "stop_search_rate")
    with pytest.raises(FrameError, match=r'mark="kent"'):
        charts.ski_slope(rows)
    assert charts.ski_slope(rows, mark="kent").id == "all_forces.stop_search_rate"


# --- the table of all measures -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def everything(catalogue):
    return national.all_measures(catalogue)


def row(everything, measure_id, code, day, breakdown=""):
    found = everything[
        (everything["measure_id"] == measure_id)
        & (everything["force_code"] == code)
        & (everything["period_end"] == day)
        & (everything["breakdown"] == breakdown)
    ]
    assert len(found) == 1
    return found.iloc[0]


@pytest.mark.parametrize(
    ("measure_id", "dimension", "day"),
    [
        ("stop_search_rate", {}, "2023-03-31"),
        ("charge_rate", {"offence_group": "Robbery"}, "2019-03-31"),
        ("officers_headcount", {"rank": "Sergeant"}, "2010-03-31"),
        ("headcount_change", {"years": 10}, "2023-03-31"),
        ("disparity_ratio", {"ethnicity": "Black"}, "2023-03-31"),
        ("population_count", {}, "2022-06-30"),
    ],
)
@pytest.mark.parametrize("code", ["E23000001", "E23000032"])
def test_a_figure_of_the_table_of_all_measures_is_the_one_the_pages_show(
    catalogue, everything, measure_id, dimension, day, code
):
    found = row(everything, measure_id, code, day, measures.breakdown_name(dimension))
    wanted = measures.at(catalogue, measure_id, code, day, **dimension)
    assert found["value"] == wanted.value
    assert found["status"] == "computed"
    assert found["reason"] == ""
    comparison = compare.against_peers(measures.compute(catalogue, measure_id, **dimension), code, day)
    if comparison.interval is None:
        assert np.isnan(found["lower"])
    else:
        assert (found["lower"], found["upper"]) == pytest.approx(tuple(comparison.interval))


def test_a_missing_figure_is_a_row_with_its_reason_and_never_zero(catalogue, everything):
    gone = everything[everything["status"] == "missing"]
    assert len(gone)
    assert gone[["numerator", "denominator", "value", "lower", "upper"]].isna().all(axis=None)
    assert gone["reason"].str.endswith(".").all()
    there = everything[everything["status"] != "missing"]
    assert there["value"].notna().all()
    assert (there["reason"] == "").all()
    gmp = row(everything, "charge_rate", "E23000005", "2020-03-31")
    assert gmp["reason"] == measures.at(catalogue, "charge_rate", "E23000005", "2020-03-31").reason


def test_every_measure_with_data_has_a_row_for_every_force_in_every_year_that_it_has(catalogue, everything):
    with_data = [
        found
        for found in measures.registry().values()
        if all(catalogue.has(name) for name in found.tables) and len(measures.compute(catalogue, found.id))
    ]
    assert set(everything["measure_id"]) == {found.id for found in with_data}
    key = ["measure_id", "breakdown", "period_end"]
    assert not everything.duplicated([*key, "force_code"]).any()
    national_only = everything["measure_id"] == "charge_rate_national"
    assert (everything[~national_only].groupby(key)["force_code"].nunique() == 43).all()
    rolling = everything["measure_id"] == "recorded_crime_rate"
    assert set(everything.loc[rolling, "period_end"].dt.month) == {3}


def test_what_was_not_computed_is_not_said_to_be(everything):
    status = everything.groupby("measure_id")["status"].agg(set)
    assert status["grade"] <= {"as reported", "missing"}
    assert status["stop_search_ethnicity_rate_published"] <= {"as published", "missing"}
    assert status["officers_rate"] == {"computed"}


def test_the_download_of_all_measures_is_the_same_bytes_twice_and_says_its_sources(catalogue, everything):
    first = downloads.measures_zip(catalogue)
    assert first == downloads.measures_zip(Catalogue())
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == ["README.txt", "all-measures.csv"]
        readme = archive.read("README.txt").decode()
        table = pd.read_csv(archive.open("all-measures.csv"), keep_default_na=False, dtype=str)
    assert "Home Office" in readme
    assert "Open Government Licence v3.0" in readme
    assert list(table.columns) == list(national.ALL_COLUMNS)
    assert len(table) == len(everything)
    gone = table[table["status"] == "missing"]
    assert (gone[["value", "numerator", "lower"]] == "").all(axis=None)
    texts = table[["label", "breakdown", "force", "unit", "reason", "status"]]
    assert not texts.apply(lambda column: column.str.startswith(("=", "+", "-", "@"))).any(axis=None)


def test_a_cell_that_would_be_a_formula_is_made_text(catalogue, monkeypatch):
    evil = national.all_measures(catalogue).head(2).assign(reason="=1+1", force="@evil")
    monkeypatch.setattr(national, "all_measures", lambda _: evil)
    with zipfile.ZipFile(io.BytesIO(downloads.measures_zip(catalogue))) as archive:
        lines = archive.read("all-measures.csv").decode().splitlines()
    assert all(line.endswith(",'=1+1") and ",'@evil," in line for line in lines[1:])


def test_a_book_without_tables_has_an_empty_table_of_all_measures(catalogue, tmp_path):
    shutil.copy(catalogue.data_dir / "forces.csv", tmp_path)
    (tmp_path / "datapackage.json").write_text('{"resources": []}', encoding="utf-8")
    assert national.all_measures(Catalogue(tmp_path)).empty
