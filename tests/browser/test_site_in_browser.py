"""The site as its readers meet it: with a mouse, a keyboard, a phone, a screen reader, a printer, no network."""

from __future__ import annotations

import csv
import io

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def of(name: str):
    """Run a test on the findings of one scenario."""
    return pytest.mark.parametrize("scenario", [name], indirect=True, ids=[name])


@of("walk")
def test_a_reader_finds_a_force_in_one_click_and_keeps_the_section_when_switching(scenario):
    assert scenario["force"].endswith("/forces/kent/index.html")
    assert scenario["section"].endswith("/forces/kent/police_powers.html")
    assert scenario["switched"].endswith("/forces/metropolitan/police_powers.html")
    assert scenario["kept"], "and the place on the page"
    assert scenario["moved"] == 0, "the list of forces lies over the page"
    assert scenario["heading"].startswith("Police powers")
    assert scenario["errors"] == []


@of("without_script")
def test_switching_works_without_javascript(scenario):
    assert scenario["switched"].endswith("/forces/metropolitan/police_powers.html")
    assert "Search needs JavaScript" in scenario["search"]


@of("switcher_keys")
def test_the_switcher_obeys_the_keyboard(scenario):
    assert scenario == {"none": "No force of this name.", "open": False, "focused": True}


@of("download")
def test_a_downloaded_csv_holds_the_numbers_of_the_page_and_of_the_committed_tables(scenario, catalogue):
    assert scenario["files"]["CSV"]["name"] == "police_powers.stop_search_rate.csv"
    rows = list(csv.DictReader(io.StringIO(scenario["files"]["CSV"]["text"])))
    assert rows[0]["data_licence"].startswith("Open Government Licence")

    searches = catalogue.table("stop_search").set_index(["force_code", "period_end"])["searches_count"]
    people = catalogue.table("population").set_index(["force_code", "period_end"])["population_count"]
    shown = {row[0]: row for row in scenario["table"][1:]}
    head = scenario["table"][0]
    codes = {force.code: force.short_name for force in catalogue.forces}
    day = max(day for _, day in searches.index)
    mid_year = max(year for _, year in people.index if year < day)
    checked = 0
    for row in rows:
        if row.get("force_code") not in codes:
            continue
        rate = searches[(row["force_code"], day)] / people[(row["force_code"], mid_year)] * 1000
        assert float(row["value"]) == pytest.approx(rate, rel=1e-8)
        cells = shown[codes[row["force_code"]]]
        assert cells[head.index("Stop and searches per 1,000 population")] == f"{rate:,.1f}"
        checked += 1
    assert checked == 43


@of("download")
def test_a_downloaded_picture_carries_its_source(scenario):
    assert "Home Office" in scenario["files"]["SVG"]["text"]
    assert scenario["files"]["PNG"]["text"] == "PNG"


@of("values")
def test_a_chart_gives_its_values_by_mouse_by_key_and_by_finger(scenario):
    rows = dict(scenario["table"])
    assert (scenario["before"], scenario["after"]) == (0, 1), "nothing is loaded before it is asked for"
    for found in (scenario["pointed"], scenario["stays"], scenario["tapped"]):
        assert len(found) == 1
        value, name = found[0].split("\n")
        assert rows[name] == value
    assert scenario["row"] == [scenario["pointed"][0].split("\n")[1]], "and marks the force in the table"
    assert scenario["stays"] == scenario["pointed"]
    (first, second, *_) = scenario["table"]
    assert scenario["first"] == f"{first[0]}: {first[1]}"
    assert scenario["second"] == f"{second[0]}: {second[1]}"
    assert scenario["none"] == []
    last = list(csv.DictReader(io.StringIO(scenario["csv"])))[-1]
    peers = 0
    for said in scenario["lines"]:
        what, value = said.rsplit(": ", 1)
        slug = what.rsplit(", ", 1)[1].lower().replace(" ", "-")
        if slug in last:
            assert what.startswith(last["period"])
            assert value == f"{100 * float(last[slug]):.1f}%"
            peers += 1
    assert peers, "no line of another force was found"
    assert scenario["moved"] == 0
    assert not scenario["wide"]
    assert scenario["errors"] == []


@of("search")
def test_search_finds_pages_of_the_chosen_force(scenario):
    assert "found" in scenario["status"]
    assert scenario["titles"]
    assert set(scenario["where"]) == {"Kent Police"}
    assert not [title for title in scenario["titles"] if "#" in title]
    assert "q=stop" in scenario["url"], "a search can be shared as a link"
    assert scenario["landed"] == scenario["titles"][0]
    assert scenario["errors"] == []


@of("keyboard")
def test_the_whole_page_can_be_walked_with_the_keyboard(scenario):
    assert "Skip to the main content" in scenario["first"]["name"]
    assert scenario["skipped"] == "#main"
    assert 20 < scenario["count"] < 400, "the walk ends: nothing traps the focus"
    assert scenario["hidden"] == []
    assert scenario["unmarked"] == [], "every stop shows where it is"


@of("menu")
def test_the_chapters_open_and_close_on_a_phone(scenario):
    assert (scenario["before"], scenario["opened"], scenario["closed"]) == (False, True, True)
    assert scenario["landed"].endswith("/forces/kent/workforce.html")


@of("chapters")
def test_the_chapters_stay_in_view_and_scroll_by_themselves(scenario):
    assert scenario["scrolled"] > 2000
    assert scenario["top"] == 0
    assert 0 < scenario["height"] <= scenario["room"]
    assert scenario["here"], "the page one is on is in sight"
    assert scenario["last"], "the last chapter can be reached"


@of("cards")
def test_a_claim_is_a_card_on_a_phone_and_still_the_row_of_a_table(scenario):
    assert len(scenario["tables"]) >= 5
    for table in scenario["tables"]:
        assert table["roles"][:3] == ["table", "row", "rowheader"]
        assert set(table["roles"][3:]) == {"cell"}
        assert all(table["labels"]), "each value says what it is"
    assert sum("As printed" in table["labels"] for table in scenario["tables"]) == 3
    for table in scenario["tables"]:
        assert table["sideways"] <= 0
    assert scenario["menu"], "the search page has the chapters too"


@of("theme")
def test_a_chosen_theme_holds_on_the_next_page(scenario):
    assert scenario["light"] != scenario["dark"]
    assert scenario["next"] == scenario["dark"]
    assert scenario["pressed"] == "true"
    assert scenario["errors"] == []


@of("axe")
def test_no_page_kind_breaks_an_accessibility_rule_in_either_theme_or_width(scenario):
    assert len(scenario) == 17 * 4
    assert {name: page["violations"] for name, page in scenario.items() if page["violations"]} == {}
    light, dark = (
        {name.removesuffix(theme): page for name, page in scenario.items() if name.endswith(theme)}
        for theme in (" light", " dark")
    )
    assert min(page["rules"] for page in light.values()) > 15, "axe did look"
    assert min(page["rules"] for page in dark.values()) >= 1, "axe did look"
    assert [name for name, page in light.items() if page["paper"] == dark[name]["paper"]] == []


@of("axe")
def test_no_page_scrolls_sideways_on_a_phone(scenario):
    assert {name: page["overflow"] for name, page in scenario.items() if page["overflow"] > 0} == {}


@of("axe")
def test_every_picture_loads_and_no_page_complains(scenario):
    assert {name: page["broken"] for name, page in scenario.items() if page["broken"]} == {}
    assert {name: page["errors"] for name, page in scenario.items() if page["errors"]} == {}


@of("network")
def test_nothing_is_asked_of_any_other_server_and_the_policy_refuses_nothing(scenario):
    assert scenario["count"] > 50
    assert scenario["elsewhere"] == []
    assert scenario["refused"] == []


@of("weight")
def test_a_section_page_is_light_fast_and_steady(scenario):
    for place, page in scenario.items():
        assert page["text"] <= 250_000, place
        assert page["all"] <= 800_000, place
        assert page["next"] <= 60_000, place
        assert page["lcp"] < 1000, place
        assert page["shift"] < 0.05, (place, page["moved"])


@of("from_disk")
def test_the_site_works_from_a_disk(scenario):
    assert scenario["heading"].startswith("Police powers")
    assert scenario["styled"] == "flex"
    assert scenario["pictures"] > 3
    assert scenario["broken"] == 0
    assert scenario["errors"] == []


@of("print")
def test_paper_shows_the_page_and_not_the_screen_around_it(scenario):
    assert scenario["shown"] == []
    assert scenario["bytes"] > 50_000
    assert len(scenario["told"]) == 6, scenario["told"]
    assert scenario["force"] == "Kent Police"
    assert scenario["colours"] == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"], "light, whatever the theme"


@of("print")
def test_the_table_of_grades_fits_on_paper(scenario):
    assert scenario["grades"]["left"] >= 0
    assert scenario["grades"]["right"] <= 1032


@of("reduced_motion")
def test_motion_stops_for_those_who_ask(scenario):
    assert scenario == {"reduce": "auto", "no-preference": "smooth"}


@of("redirects")
def test_codes_and_names_lead_to_the_stable_address(scenario):
    assert [url.split("/forces/")[1] for url in scenario.values()] == [
        "kent/police_powers.html",
        "kent/index.html",
        "kent/police_powers.html",
        "metropolitan/workforce.html",
        "kent/index.html",
        "nobody/workforce.html",
    ]


@of("ledger")
def test_the_ledger_is_filtered_without_javascript(scenario):
    assert 0 < scenario["differs"] < scenario["all"]
    assert scenario["search"] == 0, "the search would do nothing"


@of("ledger")
def test_the_ledger_is_searched_beside_its_filter_and_a_link_shows_its_claim(scenario):
    found = scenario["found"]
    assert 0 < found["rows"] < scenario["all"]
    assert found["said"] == f"{found['rows']} of {scenario['all']} claims"
    assert all("precept" in words.lower() for words in found["words"])
    assert 0 < scenario["both"] < found["rows"]
    assert scenario["none"] == "No claim fits."
    assert scenario["errors"] == []


@of("ledger")
def test_each_claim_has_an_address_and_a_citation_in_three_forms(scenario):
    plain, bibtex, ris = scenario["cited"]
    address = "https://example.org/peel/ledger/peel-2023-25-metropolitan.html#claim-police_powers.stop_search_rate.force"
    for text in (plain, bibtex, ris):
        assert address in text
        assert "the report on the Metropolitan Police Service" in text
    assert bibtex.startswith("@misc{peelbook-claim-police-powers-stop-search-rate-force,\n")
    assert ris.startswith("TY  - DATA\nTI  - ")
    assert ris.endswith("ER  -")


def test_a_section_and_a_force_print_to_pdf(built, chromium, tmp_path, monkeypatch):
    from peelbook import site

    monkeypatch.setenv("PEELBOOK_CHROMIUM", chromium)
    one = site.print_force(built, "kent", tmp_path / "one.pdf", section="police_powers").read_bytes()
    whole = site.print_force(built, "kent", tmp_path / "whole.pdf").read_bytes()
    for pdf in (one, whole):
        assert pdf.startswith(b"%PDF-")
        assert b"/StructTreeRoot" in pdf, "tagged for screen readers"
    assert b"/Outlines" in whole
    assert len(whole) > len(one) > 50_000


@of("compare")
def test_forces_are_compared_with_the_keyboard_alone_and_the_address_is_the_chart(scenario):
    assert scenario["reached"] == [True] * 4, "Tab reaches everything"
    assert [name.split()[0].rstrip(":") for name in scenario["added"]] == ["Kent", "Met"]
    assert "forces=kent%2Cmetropolitan" in scenario["address"]
    rows = list(csv.DictReader(io.StringIO(scenario["text"])))
    before = rows[-2]
    day = before["period_end"][:4]
    kent, met = float(before["Kent Police"]), float(before["Metropolitan Police Service"])
    assert scenario["earlier"] == f"Kent, year ending 31 March {day}: {kent:.1f}"
    assert scenario["other"] == f"Met, year ending 31 March {day}: {met:.1f}"
    assert scenario["first"].startswith("City of London, year ending 31 March ")
    assert scenario["first"].endswith("place 1 of 43 from the highest")
    assert scenario["year"] == rows[-4]["period_end"]
    assert len(set(scenario["widths"])) == 1, "a measure of one year leaves its trend as wide as it was"
    assert scenario["same"]
    assert scenario["frame"] == {"header": 0, "form": 0}
    assert scenario["without"].endswith("book/measures.html")
    assert [chip.split("\n")[0] for chip in scenario["begins"]] == ["Kent"]
    assert scenario["errors"] == []


@of("compare")
def test_what_is_taken_from_the_comparison_holds_the_figures_and_where_they_come_from(scenario, catalogue):
    rows = list(csv.DictReader(io.StringIO(scenario["text"])))
    searches = catalogue.table("stop_search").set_index(["force_code", "period_end"])["searches_count"]
    people = catalogue.table("population").set_index(["force_code", "period_end"])["population_count"]
    code = catalogue.forces["kent"].code
    rate = searches[(code, "2023-03-31")] / people[(code, "2022-06-30")] * 1000
    row = next(row for row in rows if row["period_end"] == "2023-03-31")
    assert float(row["Kent Police"]) == pytest.approx(rate, rel=1e-5)
    assert "Home Office" in rows[0]["source"]
    assert "compare.html?" in rows[0]["address"]
    assert scenario["width"] == 1600


@of("publication")
def test_a_chart_leaves_its_page_ready_to_publish(scenario):
    assert scenario["width"] == 1600
    assert scenario["height"] > 800
    assert scenario["name"] == "police_powers.stop_search_rate.png"
    assert "Kent Police" in scenario["svg"]
    assert "https://example.org/peel/forces/kent/police_powers.html#stop-search-rate" in scenario["svg"]
    assert len(scenario["boxes"]) == 4
    assert scenario["measure"].endswith("measures/stop_search_rate.html")


@of("words")
def test_search_knows_places_short_names_and_everyday_words(scenario):
    assert scenario["Canterbury"]["answers"] == ["Kent Police polices Canterbury"]
    assert scenario["Sidcup"]["answers"] == ["Metropolitan Police Service polices Sidcup, in Bexley"]
    assert scenario["MPS"]["answers"] == ["Metropolitan Police Service at a glance"]
    assert "theft offences" in scenario["burglary"]["answers"][0]
    assert scenario["Zzcanterbury"]["status"].startswith("No page found")
    assert scenario["switcher"] == ["Kent Police"]


@of("glance")
def test_a_force_at_a_glance_prints_on_two_sheets(scenario):
    assert scenario["rows"] > 15
    assert scenario["sheets"] <= 2
