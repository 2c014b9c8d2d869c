"""Each measure has a page, a CSV and a JSON file at a stable address, and they hold the figures of the measure."""

from __future__ import annotations

import csv
import io
import json

import pytest

from peelbook import measures, national
from peelbook.site import measure_pages, staged_page

CHOSEN = ("stop_search_rate", "charge_rate", "disparity_ratio", "grade", "charge_rate_national")


@pytest.fixture(scope="module")
def made(tmp_path_factory, catalogue):
    """The pages and files of a few measures of different kinds, made of the committed tables."""
    folder = tmp_path_factory.mktemp("measures")
    chosen = {name: measures.registry()[name] for name in CHOSEN}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(measures, "registry", lambda: chosen)
        frame = national.all_measures(catalogue)
    measure_pages.put_pages(folder / "pages", folder / "files", catalogue, frame)
    return folder


def read(made, name: str) -> dict:
    return json.loads((made / "files" / f"{name}.json").read_text(encoding="utf-8"))


def page(made, name: str) -> str:
    return (made / "pages" / f"{name}{staged_page.SUFFIX}").read_text(encoding="utf-8")


def test_every_measure_with_data_has_a_page_and_two_files(made):
    assert sorted(path.stem for path in (made / "pages").glob(f"*{staged_page.SUFFIX}")) == sorted(CHOSEN)
    assert sorted(path.name for path in (made / "files").iterdir()) == sorted(
        ["index.json", *(f"{name}.{kind}" for name in CHOSEN for kind in ("csv", "json"))]
    )


def test_years_through_time_are_said_in_the_heading_once(made):
    text = page(made, "stop_search_rate")
    history = text[text.index("through time</caption>") :]
    assert "Year ending 31 March</th>" in history.partition("</tr>")[0].replace("\\n", "")
    assert "year ending 31 March" not in history.partition("</table>")[0]


@pytest.mark.parametrize("name", ["stop_search_rate", "charge_rate"])
def test_the_json_holds_each_force_s_figure(made, catalogue, name):
    data = read(made, name)
    (whole, *_) = data["parts"]
    frame = measures.compute(catalogue, name)
    checked = 0
    for row in frame.to_dict("records"):
        day = f"{row['period_end']:%Y-%m-%d}"
        if day in whole["periods"] and row["force_code"] in data["forces"] and row["value"] == row["value"]:
            found = whole["values"][data["forces"].index(row["force_code"])][whole["periods"].index(day)]
            assert found == pytest.approx(row["value"], rel=1e-5)
            checked += 1
    assert checked > 300


def test_a_missing_figure_is_null_and_has_its_reason(made):
    data = read(made, "charge_rate")
    (whole, *_) = data["parts"]
    assert whole["gaps"]
    for force, period, reason in whole["gaps"]:
        assert whole["values"][force][period] is None
        assert len(whole["reasons"][reason]) > 20


def test_the_averages_are_those_of_the_pages(made, catalogue):
    from peelbook import compare

    data = read(made, "stop_search_rate")
    (whole, *_) = data["parts"]
    table = compare.averages_through_time(measures.compute(catalogue, "stop_search_rate"))
    last = table.iloc[-1]
    assert whole["periods"][-1] == f"{last['period_end']:%Y-%m-%d}"
    assert whole["pooled"][-1] == pytest.approx(last["pooled"], rel=1e-5)
    assert whole["mean"][-1] == pytest.approx(last["mean_of_forces"], rel=1e-5)


def test_the_csv_has_a_row_a_figure_and_no_formula(made):
    rows = list(
        csv.DictReader(io.StringIO((made / "files" / "stop_search_rate.csv").read_text(encoding="utf-8")))
    )
    assert {row["force_code"] for row in rows} >= {"E23000001", "E23000034"}
    assert all(row["value"] or row["reason"] for row in rows)
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "@", "+"))]


def test_grades_and_national_figures_are_not_offered_to_compare(made):
    contents = json.loads((made / "files" / "index.json").read_text(encoding="utf-8"))
    assert {item["id"] for item in contents["measures"]} == {
        "stop_search_rate",
        "charge_rate",
        "disparity_ratio",
    }
    assert len(contents["forces"]) == 43


def test_each_force_names_its_neighbours_and_the_forces_like_it(made, catalogue):
    from peelbook import areas

    contents = json.loads((made / "files" / "index.json").read_text(encoding="utf-8"))
    kent = next(force for force in contents["forces"] if force["slug"] == "kent")
    assert kent["neighbours"] == list(areas.neighbours(catalogue, "kent").codes)
    assert kent["similar"] == list(areas.similar(catalogue, "kent").codes)
    assert catalogue.forces["essex"].code in kent["neighbours"]


def test_a_page_says_what_the_measure_means_and_where_it_is_used(made):
    text = page(made, "stop_search_rate")
    measure = measures.registry()["stop_search_rate"]
    for words in (measure.label, str(measure.numerator), "stop_search_rate.csv", "stop_search_rate.json"):
        assert words in text
    assert "(../notebooks/police_powers.ipynb)" in text
    assert "pb-sortable" in text
    assert '["figure"' in text, "a map"


def test_a_page_shows_every_part_of_a_measure(made):
    text = page(made, "charge_rate")
    for group in measures.registry()["charge_rate"].breakdowns["offence_group"]:
        assert group in text
