"""A force's own tables over the embedded ones: for that force alone, and marked wherever they show."""

from __future__ import annotations

import pandas as pd
import pytest
from own_data_helpers import ESSEX, KENT, MET, NATIONAL, calls, open_page, put

from peelbook import measures
from peelbook.catalogue import OVERLAY_NOTE, Catalogue
from peelbook.errors import MissingTableError, ParameterError, TableContractError
from peelbook.figures._chart import Chart
from peelbook.overlay.hide import VARIABLE, threshold_file

NOTE = f"This chart {OVERLAY_NOTE}."


@pytest.fixture(autouse=True)
def no_overrides(monkeypatch):
    for name in ("PEELBOOK_OVERLAY", "PEELBOOK_SUPPRESS_BELOW"):
        monkeypatch.delenv(name, raising=False)


def over(root, folder, **options) -> Catalogue:
    return Catalogue(root / "data", overlay=folder, **options)


def page(monkeypatch, folder, stem, force="kent", period="2023-03-31"):
    monkeypatch.setenv("PEELBOOK_OVERLAY", str(folder))
    return open_page(stem, force=force, period=period)


def test_a_table_that_no_publication_filled_becomes_readable_when_supplied(root, tmp_path):
    put(tmp_path, "emergency_calls", calls())
    catalogue = over(root, tmp_path)
    assert catalogue.has("emergency_calls") and not Catalogue(root / "data").has("emergency_calls")
    assert catalogue.table("emergency_calls")["calls_count"].tolist() == [1000]
    source = catalogue.provenance("emergency_calls")
    assert source.kind == "supplied by the user"
    assert source.caveat == OVERLAY_NOTE
    assert source.licence == "" and "unpublished" in source.publisher
    assert len(source.table_sha256) == 64


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n", "\n,,,,,,\n", '\n"","",""\n'])
def test_a_file_with_nothing_but_its_header_is_not_supplied(root, tmp_path, ending):
    path = put(tmp_path, "emergency_calls")
    path.write_bytes(path.read_bytes().strip() + ending.encode())
    put(tmp_path, "population")
    catalogue = over(root, tmp_path)
    assert not catalogue.has("emergency_calls")
    assert not catalogue.uses_overlay(["population", "emergency_calls"])
    with pytest.raises(MissingTableError, match="has not been ingested"):
        catalogue.table("emergency_calls")
    assert catalogue.table("population").equals(Catalogue(root / "data").table("population"))
    assert catalogue.provenance("population").publisher == "Office for National Statistics"


def test_own_rows_take_the_place_of_published_rows_and_leave_all_others_as_they_are(root, tmp_path):
    put(tmp_path, "population", (KENT, "2022-06-30", 7), (KENT, "2030-06-30", 8))
    before = Catalogue(root / "data").table("population")
    after = over(root, tmp_path, own_force_code=KENT).table("population")
    others = before["force_code"] != KENT
    pd.testing.assert_frame_equal(
        after[after["force_code"] != KENT].reset_index(drop=True), before[others].reset_index(drop=True)
    )
    kent = after[after["force_code"] == KENT].set_index("period_end")["population_count"]
    assert kent[pd.Timestamp("2022-06-30")] == 7 and kent[pd.Timestamp("2030-06-30")] == 8
    assert len(kent) == (~others).sum() + 1


def test_a_row_of_another_force_is_refused_with_file_row_and_force(root, tmp_path):
    put(tmp_path, "population", (KENT, "2022-06-30", 7), (ESSEX, "2022-06-30", 8), (ESSEX, "2021-06-30", 8))
    with pytest.raises(TableContractError) as caught:
        over(root, tmp_path, own_force_code=KENT).table("population")
    message = str(caught.value)
    assert "population.csv: 1 fault" in message
    assert f"row 3, column 'force_code' (Essex Police) is '{ESSEX}'" in message
    assert "this folder is for Kent Police" in message and "1 more row of it" in message
    with pytest.raises(TableContractError, match="Essex Police"):
        over(root, tmp_path).table("population")


def test_national_figures_are_not_a_forces_to_supply(root, tmp_path):
    put(tmp_path, "use_of_force_tactics", (NATIONAL, "2023-03-31", "Baton", 7))
    with pytest.raises(TableContractError, match="a row of England and Wales"):
        over(root, tmp_path, own_force_code=KENT).table("use_of_force_tactics")


def test_a_page_of_another_force_does_not_open_with_this_forces_data(tmp_path, monkeypatch):
    put(tmp_path, "stop_search", (KENT, "2023-03-31", 50_000, 49_000, ""))
    essex = page(monkeypatch, tmp_path, "police_powers", force="essex")
    with pytest.raises(
        TableContractError, match=r"a row of Kent Police, but this folder is for Essex Police"
    ):
        essex.ski_slope("stop_search_rate")


def test_a_part_above_its_whole_is_a_fault(root, tmp_path):
    put(tmp_path, "stop_search", (KENT, "2023-03-31", 50, 60, ""))
    with pytest.raises(TableContractError, match="above searches_count, which is 50"):
        over(root, tmp_path).table("stop_search")


def test_every_chart_that_used_own_data_says_so_and_no_other_does(tmp_path, monkeypatch):
    put(tmp_path, "stop_search", (KENT, "2023-03-31", 50_000, 49_000, ""))
    kent = page(monkeypatch, tmp_path, "police_powers")
    used = kent.ski_slope("stop_search_rate")
    assert NOTE in used.payload()["notes"]
    assert "unpublished data supplied by the user" in used.source_line
    assert "supplied by the user" in [source["kind"] for source in used.payload()["sources"]]
    for chart in (
        kent.trend("stop_search_rate"),
        kent.tile_map("stop_search_rate"),
        kent.funnel("stop_search_rate"),
    ):
        assert NOTE in chart.payload()["notes"]
    unused = kent.ski_slope("use_of_force_rate")
    assert NOTE not in unused.payload()["notes"] and "unpublished" not in unused.source_line
    assert "This page includes unpublished data supplied by the user: stop_search." in kent.opening().text


def test_own_figures_change_this_page_and_no_page_without_them(tmp_path, monkeypatch):
    shown = open_page("police_powers", force="kent", period="2023-03-31").headlines("stop_search_rate").text
    put(tmp_path, "stop_search", (KENT, "2023-03-31", 188_000, 180_000, ""))
    own = page(monkeypatch, tmp_path, "police_powers").headlines("stop_search_rate").text
    assert own != shown and "100." in own
    monkeypatch.delenv("PEELBOOK_OVERLAY")
    again = open_page("police_powers", force="kent", period="2023-03-31")
    assert again.headlines("stop_search_rate").text == shown
    assert OVERLAY_NOTE not in again.opening().text


def test_a_figure_that_only_the_force_has_is_drawn_from_its_own_table(tmp_path, monkeypatch):
    months = pd.date_range("2022-04-30", "2023-03-31", freq="ME").strftime("%Y-%m-%d")
    put(tmp_path, "emergency_calls", *[calls(month=month) for month in months])
    kent = page(monkeypatch, tmp_path, "responding_to_the_public")
    measure = "emergency_calls_in_10_seconds_share"
    chart = kent.ski_slope(measure)
    assert isinstance(chart, Chart) and NOTE in chart.payload()["notes"]
    forces = chart.data.dropna(subset=["value", "force_code"])
    assert forces.loc[forces["force_code"] == KENT, "value"].tolist() == [pytest.approx(0.9)]
    assert not forces["force_code"].isin([MET, ESSEX]).any()


# --- audits ----------------------------------------------------------------------------------------


def audit(heading="Plan on record", x=83, y=120, day="2026-03-31", section="investigating_crime", code=KENT):
    return (code, section, heading, x, y, day)


def declared(book):
    """The section as it is once `audits` is among its tables."""
    book.catalogue.declared = frozenset({*book.catalogue.declared, "audits"})
    return book


def test_a_force_draws_its_own_dip_samples_as_computed(tmp_path, monkeypatch):
    put(
        tmp_path, "audits", audit(), audit("Supervised", 40, 40), audit("Plan on record", 1, 90, "2025-03-31")
    )
    chart = declared(page(monkeypatch, tmp_path, "investigating_crime", period="")).audit()
    assert chart.basis == "computed" and NOTE in chart.payload()["notes"]
    assert chart.data["label"].tolist() == ["Plan on record", "Supervised"]
    assert chart.data["x_of_y"].tolist() == ["83 of 120 (69%)", "40 of 40 (100%)"]
    row = chart.data.iloc[0]
    assert (round(row["lower"], 3), round(row["upper"], 3)) == (0.604, 0.767)
    assert chart.png() and chart.title == "Cases that the force’s own audits read"


def test_a_victim_service_assessment_shows_the_samples_of_every_section(tmp_path, monkeypatch):
    put(tmp_path, "audits", audit(), audit("Call answered", 9, 10, section="victim_service"))
    book = declared(page(monkeypatch, tmp_path, "victim_service"))
    assert len(book.audit(everywhere=True).data) == 2
    assert book.audit().data["label"].tolist() == ["Call answered"]


def test_without_samples_of_its_own_a_page_says_what_it_said_before(tmp_path, monkeypatch):
    put(tmp_path, "audits", audit(section="workforce"))
    own = declared(page(monkeypatch, tmp_path, "investigating_crime")).audit()
    assert not isinstance(own, Chart) and "Kent Police" in own.text


def test_the_mets_printed_counts_stand_where_the_met_supplies_nothing(monkeypatch, tmp_path):
    put(tmp_path, "audits")
    met = declared(page(monkeypatch, tmp_path, "investigating_crime", force="metropolitan"))
    assert met.audit().basis == "as printed"


def test_more_cases_found_than_looked_at_is_a_fault(root, tmp_path):
    put(tmp_path, "audits", audit(x=121))
    with pytest.raises(TableContractError, match="above denominator, which is 120"):
        over(root, tmp_path).table("audits")


# --- small numbers ---------------------------------------------------------------------------------


def test_a_small_number_is_missing_with_its_reason_and_never_zero(root, tmp_path):
    put(
        tmp_path,
        "stalking_protection_orders",
        (KENT, "2023-03-31", 40, 3, 900),
        (KENT, "2022-03-31", 40, 30, 900),
    )
    catalogue = over(root, tmp_path, suppress_below=5)
    table = catalogue.table("stalking_protection_orders").set_index("period_end")
    small = table.loc[pd.Timestamp("2023-03-31")]
    assert pd.isna(small["orders_count"]) and pd.isna(small["applications_count"])
    assert small["stalking_offences_count"] == 900
    assert table.loc[pd.Timestamp("2022-03-31"), "orders_count"] == 30
    assert catalogue.gap("stalking_protection_orders", KENT, "2023-03-31").startswith(
        "suppressed: fewer than 5"
    )
    assert catalogue.gap("stalking_protection_orders", KENT, "2022-03-31") is None
    assert catalogue.gap("stalking_protection_orders", MET, "2023-03-31") is None
    measure = next(
        item.id
        for item in measures.registry().values()
        if item.numerator.table == "stalking_protection_orders"
    )
    found = measures.at(catalogue, measure, KENT, "2023-03-31")
    assert not found and "uppressed: fewer than 5" in found.reason
    assert measures.at(catalogue, measure, KENT, "2022-03-31")


def test_published_tables_are_never_suppressed(root, tmp_path):
    put(tmp_path, "population", (KENT, "2022-06-30", 3))
    catalogue = over(root, tmp_path, suppress_below=5)
    plain = Catalogue(root / "data")
    for name in ("stop_search_ethnicity", "workforce"):
        pd.testing.assert_frame_equal(catalogue.table(name), plain.table(name))
    assert catalogue.table("population").query("force_code == @KENT")["population_count"].min() == 3


def test_the_threshold_comes_from_the_folder_or_the_environment_and_the_higher_holds(
    root, tmp_path, monkeypatch
):
    assert over(root, tmp_path).suppress_below is None
    (tmp_path / "suppress_below.txt").write_text("5\n")
    assert over(root, tmp_path).suppress_below == 5
    monkeypatch.setenv("PEELBOOK_SUPPRESS_BELOW", "10")
    assert over(root, tmp_path).suppress_below == 10
    assert Catalogue(root / "data").suppress_below is None
    for text in ("five", "1", "-5", "5.5", "٥"):
        monkeypatch.setenv("PEELBOOK_SUPPRESS_BELOW", text)
        with pytest.raises(ParameterError, match="Fix"):
            over(root, tmp_path)


def test_the_threshold_travels_with_the_tables_to_a_worker_without_this_environment(tmp_path, monkeypatch):
    assert threshold_file(tmp_path) == {} and threshold_file(None) == {}
    monkeypatch.setenv(VARIABLE, "7")
    (sent,) = threshold_file(tmp_path).items()
    monkeypatch.delenv(VARIABLE)
    (tmp_path / sent[0]).write_bytes(sent[1])
    assert Catalogue(None, overlay=tmp_path).suppress_below == 7


def test_a_page_says_that_small_numbers_are_left_out_and_draws_the_rest(tmp_path, monkeypatch):
    monkeypatch.setenv("PEELBOOK_SUPPRESS_BELOW", "5")
    put(tmp_path, "audits", audit(), audit("Supervised", 38, 40))
    book = declared(page(monkeypatch, tmp_path, "investigating_crime", period=""))
    assert "Small numbers in it are left out (fewer than 5)." in book.opening().text
    chart = book.audit()
    assert chart.data["x_of_y"].tolist()[0] == "83 of 120 (69%)"
    assert pd.isna(chart.data["value"].iloc[1]) and "38" not in chart.text()
    assert any("suppressed: fewer than 5" in note for note in chart.notes)


def test_ranks_are_not_drawn_as_zero_where_they_were_suppressed(tmp_path, monkeypatch):
    monkeypatch.setenv("PEELBOOK_SUPPRESS_BELOW", "5")
    rows = [
        (KENT, "2023-03-31", sex, "Chief Officer", "Police Officer", 2, 2.0) for sex in ("Female", "Male")
    ]
    put(tmp_path, "workforce", *rows)
    text = page(monkeypatch, tmp_path, "workforce").structure().text
    assert "suppressed: fewer than 5" in text.lower()


@pytest.mark.slow
def test_a_notebook_run_for_one_force_marks_its_charts_hides_small_numbers_and_leaves_others_alone(
    tmp_path, monkeypatch, root
):
    """One real section through papermill: what it emits is marked, and the hidden number is in none of it."""
    from peelbook.runner import Workspace, run
    from peelbook.runner.engine import Options

    own = tmp_path / "own"
    put(
        own,
        "stop_search",
        (KENT, "2023-03-31", 188_000, 187_997, ""),  # three searches without ethnicity: small
        (KENT, "2022-03-31", 4, 4, ""),
    )
    (own / "suppress_below.txt").write_text("5")
    monkeypatch.setenv("PEELBOOK_SUPPRESS_BELOW", "5")
    workspace = Workspace(
        root / "notebooks", root / "data", own / ".peelbook", root / "requirements.txt", own
    )
    kent, essex = run(["kent", "essex"], ["police_powers"], workspace=workspace, options=Options(jobs=1))
    assert kent.status == "ok", kent.error
    text = kent.notebook.decode()
    assert NOTE in text and "Small numbers in it are left out" in text
    assert "187997" not in text and "187,997" not in text and "188,000" in text
    assert "suppressed: fewer than 5" in text.lower()
    assert essex.status == "failed" and "a row of Kent Police" in str(essex.error)
    assert own in kent.path.parents
