"""Discovery finds the file of a publication on its publisher's page, and names what is there when it does not."""

from __future__ import annotations

import datetime
import json

import publishers as playing
import pytest
from publishers import OPEN_DATA, XLSX, attachment

from peelbook.sources import discover
from peelbook.sources.discover import _arcgis, _police_uk
from peelbook.sources.discover._pages import plain_title, released
from peelbook.sources.web import Client, FetchError, Limits

PAGES = {page.publication: page for page in discover.registry()}


@pytest.fixture
def server():
    with playing.running(playing.Publishers()) as server:
        yield server


@pytest.fixture
def client(server):
    limits = Limits(connect=2, read=2, total=2, retries=1, backoff=0.01, pause=0.0)
    with Client(limits, server.base) as client:
        yield client


def outcomes(year: int, number: str = "11", day: str = "230731") -> str:
    return f"https://assets.publishing.service.gov.uk/media/{number}/prc-outcomes-open-data-mar{year}-tables-{day}.xlsx"


# --- GOV.UK


def test_a_file_is_known_by_its_title_whatever_else_is_on_the_page(server, client):
    server.page(
        OPEN_DATA,
        [
            attachment(outcomes(2030), "Outcomes open data, year ending March 2030", XLSX, file_size=1234),
            attachment(outcomes(2031), "Outcomes open data, year ending March 2031", XLSX),
            attachment(outcomes(2030, "12"), "Supplementary crime outcomes metrics", XLSX, filename="s.xlsx"),
            attachment(
                outcomes(2030, "13"), "Outcomes for alternate offences open data", XLSX, filename="a.xlsx"
            ),
            {"attachment_type": "html", "title": "Outcomes open data, year ending March 2030", "url": "/x"},
        ],
    )
    first, second = discover.find(PAGES["outcomes"], client)
    assert (first.key, second.key) == ("2030", "2031")
    assert first.url == outcomes(2030)
    assert first.released == datetime.date(2031, 7, 23)
    assert (first.bytes, second.bytes) == (1234, None)
    assert client.requests == 1


@pytest.mark.parametrize(
    "title",
    [
        "Outcomes open data year ending March 2030",
        "Outcomes open data, year ending, March 2030",
        "OUTCOMES OPEN DATA,  year ending March 2030 ",
        None,
        "A title nobody foresaw",
    ],
)
def test_commas_case_and_a_missing_title_do_not_hide_a_file(server, client, title):
    server.page(OPEN_DATA, [attachment(outcomes(2030), title, XLSX)])
    assert [listed.key for listed in discover.find(PAGES["outcomes"], client)] == ["2030"]


def test_years_before_the_first_of_use_are_left(server, client):
    server.page(OPEN_DATA, [attachment(outcomes(year), None, XLSX) for year in (2014, 2015)])
    assert [listed.key for listed in discover.find(PAGES["outcomes"], client)] == ["2015"]


def test_a_media_number_that_changes_is_another_address_of_the_same_file(server, client):
    found = []
    for number in ("aa", "bb"):
        server.page(OPEN_DATA, [attachment(outcomes(2030, number), None, XLSX)])
        found += discover.find(PAGES["outcomes"], client)
    assert found[0].url != found[1].url
    assert found[0].name == found[1].name


def test_an_old_page_lists_its_files_as_html(server, client):
    url = outcomes(2030)
    html = (
        f'<section class="attachment"><a class="thumbnail" href="{url}"></a><h2 class="title">'
        f'<a href="{url}">Outcomes open data, year ending March 2030</a></h2></section>'
        '<section><a href="/government/notes">Notes</a></section>'
    )
    server.page(OPEN_DATA, [], documents=[html])
    (listed,) = discover.find(PAGES["outcomes"], client)
    assert (listed.url, listed.title) == (url, "Outcomes open data, year ending March 2030")


def test_two_files_that_match_are_both_named(server, client):
    title = "Police recorded crime open data Police Force Area tables, year ending March 2013 onwards"
    base = "https://assets.publishing.service.gov.uk/media"
    server.page(OPEN_DATA, [attachment(f"{base}/1/a.ods", title), attachment(f"{base}/2/b.ods", title)])
    with pytest.raises(FetchError, match=r"two files match: a\.ods and b\.ods"):
        discover.find(PAGES["recorded_crime"], client)


def test_of_two_dated_files_the_newer_is_taken_and_of_two_types_the_better(server, client):
    base = "https://assets.publishing.service.gov.uk/media"
    name = "prc-pfa-mar2013-onwards-tables"
    old, new = f"{base}/1/{name}-220130.ods", f"{base}/2/{name}-230731.ods"
    server.page(OPEN_DATA, [attachment(old, None), attachment(new, None)])
    assert [listed.url for listed in discover.find(PAGES["recorded_crime"], client)] == [new]
    sheet = f"{base}/3/{name}-230731.xlsx"
    server.page(OPEN_DATA, [attachment(sheet, None, XLSX), attachment(new, None)])
    assert [listed.url for listed in discover.find(PAGES["recorded_crime"], client)] == [new]


def test_a_page_that_lost_its_attachment_says_what_is_there(server, client):
    server.page(OPEN_DATA, [attachment("https://assets.publishing.service.gov.uk/media/1/n.ods", "Notes")])
    with pytest.raises(FetchError, match=r"lists no file of this publication \(there: Notes\)"):
        discover.find(PAGES["outcomes"], client)
    server.page(OPEN_DATA, [])
    with pytest.raises(FetchError, match="no file at all"):
        discover.find(PAGES["outcomes"], client)


def test_a_file_of_another_type_is_not_taken(server, client):
    server.page(OPEN_DATA, [attachment(outcomes(2030), None, "application/pdf")])
    with pytest.raises(FetchError, match="lists no file"):
        discover.find(PAGES["outcomes"], client)


def test_the_newest_release_of_a_collection_is_followed(server, client):
    page = PAGES["funding"]
    server.collection(
        "/government/collections/police-funding-for-england-and-wales",
        [
            ("Police funding for England and Wales 2015 to 2029", "/government/statistics/f-2029"),
            ("Police funding for England and Wales, 2015 to 2031", "/government/statistics/f-2031"),
            ("Police funding for England and Wales 2015 to 2030", "/government/statistics/f-2030"),
            ("Another matter", "/government/statistics/other"),
        ],
    )
    url = "https://assets.publishing.service.gov.uk/media/1/police-funding-england-and-wales-2015-to-2031-tables.ods"
    server.page("/government/statistics/f-2031", [attachment(url, "Police funding: tables")])
    (listed,) = discover.find(page, client)
    assert listed.url == url
    assert listed.page == "https://www.gov.uk/government/statistics/f-2031"
    assert client.requests == 2


def test_a_collection_without_the_release_names_what_it_lists(server, client):
    server.collection("/government/collections/police-funding-for-england-and-wales", [("Other", "/other")])
    with pytest.raises(FetchError, match=r"no release of this publication \(there: Other\)"):
        discover.find(PAGES["funding"], client)


@pytest.mark.parametrize(
    "body", ["<!doctype html><title>Sorry</title>", "[]", '{"details": []}', "", '{"details": '], ids=str
)
def test_an_answer_of_another_form_is_one_clear_error(server, client, body):
    server.put(f"https://www.gov.uk/api/content{OPEN_DATA}", body)
    with pytest.raises(FetchError):
        discover.find(PAGES["outcomes"], client)


@pytest.mark.parametrize(
    "content",
    [
        {"details": {"attachments": "none"}},
        {"details": {"attachments": [None, 3, "x", {}, {"url": 7}, {"url": "", "title": None}]}},
        {"details": {"attachments": None, "documents": [None, 3, "<a href=>", "<a href='x'"]}},
        {"details": None, "links": None},
    ],
    ids=str,
)
def test_hostile_json_of_the_right_form_lists_nothing(server, client, content):
    server.put(f"https://www.gov.uk/api/content{OPEN_DATA}", content)
    with pytest.raises(FetchError):
        discover.find(PAGES["outcomes"], client)


# --- how an answer comes


def test_a_busy_server_is_asked_again_and_each_request_is_counted(server, client):
    server.page(OPEN_DATA, [attachment(outcomes(2030), None, XLSX)])
    server.answers[f"www.gov.uk/api/content{OPEN_DATA}"].fail_first = 1
    assert len(discover.find(PAGES["outcomes"], client)) == 1
    assert client.requests == len(server.asked) == 2


@pytest.mark.parametrize("how", [{"status": 404}, {"status": 503}, {"drip": 5.0}, {"endless": True}], ids=str)
def test_a_server_that_fails_ends_in_one_error(server, client, how):
    answer = server.put(f"https://www.gov.uk/api/content{OPEN_DATA}", b"{" * 5000, **how)
    assert answer
    limits = Limits(size=100_000, connect=1, read=0.2, total=0.3, retries=0, pause=0)
    with Client(limits, server.base) as short, pytest.raises(FetchError):
        discover.find(PAGES["outcomes"], short)


def test_a_page_that_moved_is_followed_on_the_same_site_only(server, client):
    server.page("/new", [attachment(outcomes(2030), None, XLSX)])
    old = f"https://www.gov.uk/api/content{OPEN_DATA}"
    server.put(old, b"", status=302, headers={"Location": "/www.gov.uk/api/content/new"})
    assert len(discover.find(PAGES["outcomes"], client)) == 1
    server.put(old, b"", status=302, headers={"Location": "https://evil.example/x"})
    with pytest.raises(FetchError, match="not the publisher's https site"):
        discover.find(PAGES["outcomes"], client)


def test_requests_to_one_host_are_spaced_out(server, monkeypatch):
    waited = []
    monkeypatch.setattr("peelbook.sources.web.time.sleep", waited.append)
    server.page(OPEN_DATA, [attachment(outcomes(2030), None, XLSX)])
    with Client(Limits(retries=0, pause=60.0), server.base) as client:
        for _ in range(2):
            discover.find(PAGES["outcomes"], client)
    assert len(waited) == 1
    assert 50 < waited[0] <= 60


# --- ONS

DATASET = "/peoplepopulationandcommunity/crimeandjustice/datasets/policeforceareadatatables"


def test_ons_gives_the_newest_edition_that_fits_whatever_its_file_is_called(server, client):
    server.ons(
        DATASET,
        {
            "yearendingmarch2030": {"pfafinalmar30.xlsx": b"x"},
            "yearendingjune2031": {"other.xlsx": b"x"},
            "yearendingmarch2031": {"tablescorrection v2.xlsx": b"x", "pfa31.xlsx": b"x"},
        },
    )
    (listed,) = discover.find(PAGES["antisocial_behaviour"], client)
    assert listed.url == f"https://www.ons.gov.uk/file?uri={DATASET}/yearendingmarch2031/pfa31.xlsx"
    assert listed.name == "pfa31.xlsx"
    assert listed.released == datetime.date(2031, 7, 24)
    assert client.requests == 2


def test_ons_without_the_edition_names_those_there(server, client):
    server.ons(DATASET, {"yearendingjune2031": {"x.xlsx": b"x"}})
    with pytest.raises(FetchError, match="there: yearendingjune2031"):
        discover.find(PAGES["antisocial_behaviour"], client)


@pytest.mark.parametrize(
    "answer",
    [[], {}, {"datasets": [{"uri": 3}, None]}, {"datasets": [{"uri": "https://evil.example/x"}]}],
    ids=str,
)
def test_an_ons_answer_of_another_form_is_one_clear_error(server, client, answer):
    server.put(f"https://www.ons.gov.uk{DATASET}/data", answer)
    with pytest.raises(FetchError, match="no edition"):
        discover.find(PAGES["antisocial_behaviour"], client)


# --- ArcGIS


def test_a_lookup_is_found_by_its_services_name_and_becomes_a_csv(server, client):
    page = PAGES["districts"]
    names = ["LAD22_CSP22_PFA22_EW_LU", "LAD23_CSP23_PFA23_EW_LU", "Other"]
    server.put(f"{page.url}?f=json", {"services": [{"name": name} for name in names]})
    (listed,) = discover.find(page, client)
    assert listed.name == "LAD23_CSP23_PFA23_EW_LU.csv"
    assert "/LAD23_CSP23_PFA23_EW_LU/FeatureServer/0/query?" in listed.url
    answer = {"features": [{"attributes": {"LAD23CD": "E1", "LAD23NM": 'A, "B"'}}]}
    assert _arcgis.table(answer, "x") == b'LAD23CD,LAD23NM\nE1,"A, ""B"""\n'


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"features": [{"attributes": {"a": 1}}, {"attributes": {"b": 1}}]},
        {"features": [{"attributes": {"a": 1}}], "exceededTransferLimit": True},
        {"error": {"code": 400}},
    ],
    ids=str,
)
def test_a_query_that_gave_no_whole_table_is_refused(answer):
    with pytest.raises(FetchError):
        _arcgis.table(answer, "lookup")


# --- police.uk


def test_the_999_file_is_the_pages_link_to_a_table(server, client):
    page = PAGES["emergency_calls"]
    html = (
        '<a href="/help">About 999 data</a><a href="/media/999-data-march-2031.csv"><span>999</span> data</a>'
    )
    server.put(page.url, html)
    (listed,) = discover.find(page, client)
    assert listed.url == "https://www.police.uk/media/999-data-march-2031.csv"
    server.put(page.url, "<p>The data will be back soon.</p>")
    with pytest.raises(FetchError, match="lists no file"):
        discover.find(page, client)


def test_monthly_records_are_asked_a_force_and_month_each(server, client):
    page = PAGES["stop_search_records"]
    months = [
        {"date": "2031-05", "stop-and-search": ["kent", "btp", "surrey"]},
        {"date": "2031-04", "stop-and-search": ["kent"]},
        {"date": "2031-06"},
    ]
    server.put(page.url, months[:2])
    kent, surrey = discover.find(page, client)
    assert kent.name == "2031-05-kent-stop-and-search.csv"
    assert kent.url == "https://data.police.uk/api/stops-force?force=kent&date=2031-05"
    assert surrey.name == "2031-05-surrey-stop-and-search.csv"
    server.put(page.url, months[2:])
    with pytest.raises(FetchError, match="lists no file"):
        discover.find(page, client)


def test_an_answer_of_the_interface_becomes_the_sites_own_csv():
    record = {
        "type": "Person search",
        "datetime": "2031-05-01T10:00:00+00:00",
        "location": {"latitude": "51.1", "longitude": "0.5", "street": {"id": 1, "name": "On or near"}},
        "gender": "Male",
        "outcome": False,
        "outcome_linked_to_object_of_search": None,
        "removal_of_more_than_outer_clothing": True,
    }
    header, row = _police_uk.table(json.loads(json.dumps([record])), "x").decode().splitlines()
    assert header.split(",") == list(_police_uk.COLUMNS)
    assert row == "Person search,2031-05-01T10:00:00+00:00,,,51.1,0.5,Male,,,,,,False,,True"
    assert _police_uk.table([], "x") == b""
    with pytest.raises(FetchError):
        _police_uk.table({"error": "x"}, "x")


# --- the registry


def test_every_landing_page_is_a_publishers_and_says_how_it_is_known():
    pages = discover.registry()
    assert len(pages) == len({page.publication for page in pages}) >= 14
    assert all(page.confidence for page in pages)
    assert {page.kind for page in pages} == {"govuk", "ons", "arcgis", "police_uk"}


@pytest.mark.parametrize(
    "entry",
    [
        'url = "http://www.gov.uk/x"\nkind = "govuk"',
        'url = "https://evil.example/x"\nkind = "govuk"',
        'url = "https://services1.arcgis.com/other/x"\nkind = "arcgis"',
        'url = "https://www.gov.uk/x"\nkind = "gopher"',
        'url = "https://www.gov.uk/x"\nkind = "govuk"\ntitle = "("',
        'url = "https://www.gov.uk/x"\nkind = "govuk"\ntypes = ["pdf"]',
    ],
)
def test_a_landing_page_that_could_do_harm_is_refused(tmp_path, entry):
    path = tmp_path / "landing_pages.toml"
    path.write_text(f'[[page]]\npublication = "charges"\n{entry}\n')
    with pytest.raises(FetchError):
        discover.registry(path)


def test_a_title_is_compared_without_commas_and_case():
    assert plain_title(" Police  powers, ‘Open’ data ") == "police powers open data"


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("x-230731.ods", "2031-07-23"),
        ("x-230731-v2.ods", "2031-07-23"),
        ("x-230799.ods", "2031-08-01"),
        ("x-mar2031.ods", "2031-08-01"),
        ("x-240831.ods", "2031-08-01"),
    ],
)
def test_a_release_is_dated_by_its_name_else_by_its_page(name, day):
    assert released(name, datetime.date(2031, 8, 1)) == datetime.date.fromisoformat(day)


def test_landing_pages_are_in_the_order_in_which_their_publications_go_in():
    order = [page.publication for page in discover.registry()]
    assert order.index("districts") < order.index("population")
