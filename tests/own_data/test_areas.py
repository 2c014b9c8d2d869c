"""An area that is not a force: a row in a user's list of areas, and its data."""

from __future__ import annotations

import pytest
from own_data_helpers import area_tables, areas, open_page, put

from peelbook.blocks import NOTE, Block
from peelbook.catalogue import OVERLAY_NOTE, Catalogue
from peelbook.errors import TableContractError
from peelbook.figures._chart import Chart
from peelbook.forces import ENGLAND_AND_WALES
from peelbook.own_data import check


@pytest.fixture(scope="module")
def partnerships(tmp_path_factory):
    folder = tmp_path_factory.mktemp("areas")
    put(folder, "forces", *areas(300))
    area_tables(folder, [row[0] for row in areas(300)])
    return folder


@pytest.fixture
def book(monkeypatch, partnerships):
    monkeypatch.setenv("PEELBOOK_OVERLAY", str(partnerships))
    monkeypatch.delenv("PEELBOOK_SUPPRESS_BELOW", raising=False)
    return lambda stem, force: open_page(stem, force=force, period="2023-03-31")


def peers(chart):
    """The codes of the areas a chart shows, without the row of their total."""
    codes = chart.data["force_code"].dropna()
    return codes[codes != ENGLAND_AND_WALES]


@pytest.mark.parametrize("area", ["partnership-0", "partnership-157", "partnership-299"])
def test_an_area_is_ranked_among_300_areas_on_a_ski_slope_and_a_map(book, area):
    page = book("police_powers", area)
    for chart in (page.ski_slope("stop_search_rate"), page.tile_map("stop_search_rate")):
        assert isinstance(chart, Chart)
        codes = peers(chart)
        assert codes.str.startswith("P").all() and codes.nunique() == 300
        assert f"This chart {OVERLAY_NOTE}." in chart.payload()["notes"]
        assert any("England and Wales" in note and "user’s own list" in note for note in chart.notes)
        assert chart.svg().startswith("<") and chart.png()
    assert "of the 300" in page.narrative("stop_search_rate").text
    assert f"about {page.force.name}" in page.opening().text


@pytest.mark.parametrize(
    "draw",
    [
        lambda p: p.trend("victim_based_crime_rate"),
        lambda p: p.funnel("victim_based_crime_rate"),
        lambda p: p.small_multiples("victim_based_crime_rate", by="offence_group"),
        lambda p: p.ski_slope("victim_based_crime_rate"),
    ],
    ids=["trend", "funnel", "panels", "ski slope"],
)
def test_the_other_charts_draw_for_an_area(book, draw):
    assert isinstance(draw(book("victim_service", "partnership-7")), Chart)


@pytest.mark.parametrize(
    "draw",
    [
        lambda p: p.ski_slope("charge_rate"),
        lambda p: p.narrative("charge_rate"),
        lambda p: p.trend("charge_rate"),
        lambda p: p.audit(),
        lambda p: p.judgments(),
        lambda p: p.claims(),
        lambda p: p.outcomes(),
    ],
    ids=["ski slope", "narrative", "trend", "audit", "judgments", "claims", "outcomes"],
)
def test_what_an_area_has_no_data_for_is_a_note_and_not_a_force_of_the_same_book(book, draw):
    note = draw(book("investigating_crime", "partnership-7"))
    assert isinstance(note, Block) and note.kind == NOTE
    assert "Metropolitan" not in note.text and "Kent" not in note.text


def test_headlines_without_data_say_so(book):
    text = (
        book("investigating_crime", "partnership-7").headlines("charge_rate", "victim_based_crime_rate").text
    )
    assert "Not available" in text and "per 1,000" in text


def test_the_published_tables_keep_only_the_areas_of_the_list(partnerships, root):
    catalogue = Catalogue(root / "data", overlay=partnerships)
    assert len(catalogue.forces) == 300
    assert catalogue.table("population")["force_code"].str.startswith("P").all()
    assert catalogue.table("claims").empty
    assert not catalogue.has("use_of_force") and catalogue.has("recorded_crime")


def test_an_area_added_to_the_forces_is_compared_with_them(root, tmp_path, monkeypatch):
    rows = (root / "data" / "forces.csv").read_text(encoding="utf-8")
    (tmp_path / "forces.csv").write_text(
        rows + "N00001,north-unit,North Unit,North,,,South East,20,0\n", encoding="utf-8"
    )
    area_tables(tmp_path, ["N00001"])
    monkeypatch.setenv("PEELBOOK_OVERLAY", str(tmp_path))
    page = open_page("police_powers", force="North Unit", period="2023-03-31")
    chart = page.ski_slope("stop_search_rate")
    assert peers(chart).nunique() == 44
    assert "of the 44" in page.narrative("stop_search_rate").text
    assert page.tile_map("stop_search_rate").png()
    assert "no figure for North Unit" in page.narrative("use_of_force_rate").text
    assert page.disparity().kind == NOTE


def test_one_area_alone_has_a_page_without_peers(tmp_path, monkeypatch):
    put(tmp_path, "forces", *areas(1))
    area_tables(tmp_path, ["P00000"])
    monkeypatch.setenv("PEELBOOK_OVERLAY", str(tmp_path))
    page = open_page("police_powers", force="partnership-0", period="2023-03-31")
    assert isinstance(page.ski_slope("stop_search_rate"), Chart)
    assert isinstance(page.tile_map("stop_search_rate"), Chart)
    assert page.narrative("stop_search_rate").text and page.headlines("stop_search_rate").text


def test_a_force_beside_areas_in_one_folder_must_be_the_one_the_page_is_about(root, tmp_path):
    rows = (root / "data" / "forces.csv").read_text(encoding="utf-8")
    (tmp_path / "forces.csv").write_text(
        rows + "N00001,north-unit,North Unit,North,,,South East,20,0\n", encoding="utf-8"
    )
    put(tmp_path, "population", ("N00001", "2022-06-30", 9), ("E23000032", "2022-06-30", 9))
    assert (
        len(Catalogue(root / "data", overlay=tmp_path, own_force_code="E23000032").table("population")) > 44
    )
    with pytest.raises(TableContractError, match="a row of Kent Police, but this folder is for North Unit"):
        Catalogue(root / "data", overlay=tmp_path, own_force_code="N00001").table("population")


def test_a_table_without_some_categories_gives_notes_and_no_failure(root, tmp_path, monkeypatch):
    put(tmp_path, "forces", *areas(3))
    area_tables(tmp_path, ["P00000", "P00001", "P00002"])
    crime = tmp_path / "recorded_crime.csv"
    lines = crime.read_text(encoding="utf-8").splitlines(keepends=True)
    crime.write_text("".join([lines[0], *[line for line in lines if "Robbery" in line]]), encoding="utf-8")
    put(tmp_path, "workforce", ("P00001", "2023-03-31", "Female", "Constable", "Police Officer", 60, ""))
    put(tmp_path, "stop_search_ethnicity", *[("P00001", "2023-03-31", who, 60) for who in ("White", "Black")])
    monkeypatch.setenv("PEELBOOK_OVERLAY", str(tmp_path))
    crime_page = open_page("victim_service", force="P00001", period="2023-03-31")
    assert set(crime_page.small_multiples("victim_based_crime_rate", by="offence_group").data["panel"]) == {
        "Robbery"
    }
    theft = crime_page.headlines(("victim_based_crime_rate", {"offence_group": "Theft offences"}))
    assert "Not available" in theft.text
    staff = open_page("workforce", force="P00001", period="2023-03-31")
    assert isinstance(staff.structure(), Chart)
    assert "No figure for Partnership 1" in staff.narrative("supervisors_per_constable").text
    assert open_page("police_powers", force="P00001").disparity().kind == NOTE


def test_the_check_warns_of_categories_that_a_total_would_lack(catalogue, tmp_path):
    put(tmp_path, "arrests", ("E23000032", "2023-03-31", "White", 90))
    report = check(tmp_path, catalogue)
    assert report.good
    (warning,) = report.warnings
    assert "no row with ethnicity Asian, Black, Mixed, Other, Not known" in warning
    assert "for the period ending 2023-03-31" in warning
    put(tmp_path, "arrests")
    put(tmp_path, "stop_search_ethnicity", ("E23000032", "2023-03-31", "White", 90))
    assert not check(tmp_path, catalogue).warnings
