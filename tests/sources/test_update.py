"""`data update` against a server that plays the publishers: what is new comes in, what fails leaves all as it was."""

from __future__ import annotations

import json
import re

import publishers as playing
import pytest
import source_files as files
from publishers import ODS, OPEN_DATA, attachment
from typer.testing import CliRunner

from peelbook import Catalogue
from peelbook.cli.data import app
from peelbook.errors import ParameterError
from peelbook.sources import discover
from peelbook.sources import update as updating
from peelbook.sources.fetch import FetchError
from peelbook.sources.web import Client, Limits

WORKFORCE = "/government/statistics/police-workforce-open-data-tables"
LIMITS = Limits(size=2_000_000, connect=2, read=2, total=5, retries=1, backoff=0.01, pause=0.0)


@pytest.fixture
def server():
    with playing.running(playing.Publishers()) as server:
        yield server


@pytest.fixture
def run(server, empty_data, tmp_path):
    def _run(*names, **how):
        with Client(how.pop("limits", LIMITS), server.base) as client:
            return updating.update(
                empty_data, names or ["workforce"], client=client, folder=tmp_path / "downloads", **how
            )

    return _run


def release(server, tmp_path, *, day="230731", kent=10, years=("2030",), number="a1", **more):
    """Put a workforce release with made-up figures on the page; returns what its address answers."""
    rows = [
        [
            f"31 March {year}",
            "E23000032",
            "Kent",
            "South East",
            "Male",
            "Constable",
            "Police Officer",
            kent,
            kent,
        ]
        for year in years
    ]
    rows = [[int(row[0][-4:]), *row[1:]] for row in rows]
    path = files.workforce(tmp_path / f"{number}.ods", rows)
    name = f"open-data-table-police-workforce-{day}.ods"
    url = server.media(name, path.read_bytes(), number)
    title = "Police workforce open data tables"
    server.page(WORKFORCE, [attachment(url, title, ODS, **more)])
    return server.answers[url.removeprefix("https://")]


def officers(folder, **options):
    table = Catalogue(folder, **options).table("workforce")
    return dict(zip(table["period_end"].dt.year, table["headcount"].tolist(), strict=True))


def test_a_first_release_goes_in_and_the_same_again_asks_for_no_file(run, server, tmp_path, empty_data):
    release(server, tmp_path)
    (step,) = run()
    assert (step.state, step.requests) == ("new", 2)
    assert step.changes[0].periods == ("2030-03-31",)
    assert officers(empty_data) == {2030: 10}
    (entry,) = [r for r in Catalogue(empty_data).package["resources"] if r["name"] == "workforce"]
    assert entry["released"] == "2031-07-23"
    assert entry["inputs"][0]["url"].startswith("https://assets.publishing.service.gov.uk/media/a1/")
    (again,) = run()
    assert (again.state, again.requests) == ("unchanged", 1)


def test_a_revised_release_says_how_many_figures_by_how_much_and_which_forces(
    run, server, tmp_path, empty_data
):
    release(server, tmp_path)
    run()
    release(server, tmp_path, day="230732", kent=12, years=("2030", "2031"), number="b2")
    server.page(
        WORKFORCE,
        [
            attachment(
                server.media(
                    "open-data-table-police-workforce-220732.ods", (tmp_path / "b2.ods").read_bytes(), "b2"
                ),
                None,
            )
        ],
        updated="2032-07-22",
    )
    (step,) = run()
    assert step.state == "revised"
    (change,) = step.changes
    assert change.periods == ("2031-03-31",)
    assert change.revised == 2  # headcount and full-time equivalents
    assert change.largest == pytest.approx(0.2)
    assert change.forces == ("E23000032",)
    assert step.vanished == (
        "https://assets.publishing.service.gov.uk/media/a1/open-data-table-police-workforce-230731.ods",
    )
    assert "largest revision +20.0%" in updating.summary([step], empty_data)
    assert "Kent" in updating.summary([step], empty_data)
    assert officers(empty_data) == {2030: 12, 2031: 12}
    assert officers(empty_data, as_of="2031-12-31") == {2030: 10}


def test_check_says_and_does_nothing(run, server, tmp_path, empty_data):
    release(server, tmp_path)
    before = files.snapshot(empty_data)
    (step,) = run(check=True)
    assert step.state == "newer release listed"
    assert [item.name for item in step.files] == ["open-data-table-police-workforce-230731.ods"]
    assert files.snapshot(empty_data) == before
    assert not (tmp_path / "downloads").exists()


def test_since_leaves_older_files(run, server, tmp_path):
    release(server, tmp_path)
    assert run(since=updating.day("2031-07-24"))[0].state == "unchanged"
    assert run(since=updating.day("2031-07-23"))[0].state == "new"
    with pytest.raises(ParameterError, match="not a day"):
        updating.day("yesterday")


def test_one_publication_that_fails_does_not_stop_the_others(run, server, tmp_path, empty_data):
    release(server, tmp_path)
    crime, workforce = run("recorded_crime", "workforce")
    assert (crime.state, workforce.state) == ("failed", "new")
    assert "answered 404" in crime.reason
    assert crime.reason.count("recorded_crime:") == 1
    assert officers(empty_data) == {2030: 10}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda answer: vars(answer).update(body=b"<!doctype html><title>Sign in</title>"), "web page"),
        (lambda answer: vars(answer).update(body=answer.body[:200]), "Fix"),
        (lambda answer: vars(answer).update(body=b"a,b\n1,2\n"), "Fix"),
        (lambda answer: vars(answer).update(body=b"0" * 3_000_000), "larger than the cap"),
        (lambda answer: vars(answer).update(endless=True), "larger than the cap"),
        (lambda answer: vars(answer).update(status=404), "answered 404"),
        (lambda answer: vars(answer).update(status=500), "answered 500"),
        (lambda answer: vars(answer).update(cut_first=9), "bytes came|broke off"),
        (
            lambda answer: (
                answer.headers.update(Location="https://evil.example/x") or vars(answer).update(status=302)
            ),
            "not the publisher's https site",
        ),
    ],
    ids=["HTML", "cut", "other table", "too large", "endless", "gone", "broken", "breaks off", "redirect"],
)
def test_a_bad_answer_is_named_and_leaves_everything_as_it_was(
    run, server, tmp_path, empty_data, spoil, words
):
    release(server, tmp_path)
    run()
    before = files.snapshot(empty_data)
    spoil(release(server, tmp_path, day="240731", kent=99, number="c3"))
    (step,) = run()
    assert step.state == "failed"
    assert re.search(words, step.reason), step.reason
    assert files.snapshot(empty_data) == before


def test_a_file_of_another_size_than_the_page_says_is_refused(run, server, tmp_path):
    release(server, tmp_path, file_size=7)
    assert "where the publisher says 7" in run()[0].reason


def test_a_broken_download_is_taken_up_again_in_the_same_run(run, server, tmp_path):
    release(server, tmp_path).cut_first = 1
    (step,) = run()
    assert step.state == "new"
    assert step.requests == 3


def test_a_file_of_another_publication_under_the_right_title_is_refused(run, server, tmp_path, empty_data):
    path = files.stop_search_ethnicity(tmp_path / "s.csv")
    url = server.media("open-data-table-police-workforce-230731.csv", path.read_bytes())
    server.page(WORKFORCE, [attachment(url, None, "text/csv")])
    (step,) = run()
    assert "it is a file of 'stop_search_ethnicity' and should be one of 'workforce'" in step.reason
    assert not (empty_data / "stop_search_ethnicity.csv").exists()


def test_lookup_and_population_go_in_together_from_arcgis_and_ons(run, server, tmp_path, empty_data):
    import csv

    page = next(page for page in discover.registry() if page.publication == "districts")
    with files.lookup(tmp_path / "l.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    name = "LAD23_CSP23_PFA23_EW_LU"
    server.put(f"{page.url}?f=json", {"services": [{"name": name}]})
    query = f"{page.url}/{name}/FeatureServer/0/query?where=1%3D1&outFields=%2A&returnGeometry=false&f=json"
    server.put(query, {"features": [{"attributes": row} for row in rows]})
    dataset = "/peoplepopulationandcommunity/populationandmigration/populationestimates/datasets/"
    dataset += "estimatesofthepopulationforenglandandwales"
    book = files.population(tmp_path / "p.xlsx").read_bytes()
    server.ons(dataset, {"mid2022": {"mye22.xlsx": book}})
    steps = run("population", "districts")
    assert [(step.publication, step.state) for step in steps] == [("districts", "new"), ("population", "new")]
    assert Catalogue(empty_data).released("population").isoformat() == "2031-07-24"


def test_monthly_records_of_the_interface_are_counted(run, server, empty_data):
    server.put(
        "https://data.police.uk/api/crimes-street-dates",
        [{"date": "2031-05", "stop-and-search": ["kent", "surrey"]}],
    )
    record = {
        "type": "Person search",
        "datetime": "2031-05-01T10:00:00+00:00",
        "self_defined_ethnicity": "White - English/Welsh/Scottish/Northern Irish/British",
        "object_of_search": "Controlled drugs",
        "outcome": "Arrest",
    }
    server.put("https://data.police.uk/api/stops-force?force=kent&date=2031-05", [record])
    server.put("https://data.police.uk/api/stops-force?force=surrey&date=2031-05", [])
    (step,) = run("stop_search_records")
    assert (step.state, step.requests) == ("new", 3), step.reason
    table = Catalogue(empty_data).table("stop_search_records")
    assert table["records_count"].tolist() == [1]


def test_an_unknown_name_is_refused():
    with pytest.raises(FetchError, match="use one of"):
        updating.chosen(["weather"])


def test_the_commands_exit_status_tells(server, tmp_path, empty_data):
    def command(*options):
        where = ["--mirror", server.base, "--data-dir", str(empty_data), "--retries", "0"]
        into = ["--into", str(tmp_path / "downloads")]
        return CliRunner().invoke(app, ["update", "workforce", *where, *into, *options])

    assert command().exit_code == 1
    release(server, tmp_path)
    found = command("--check")
    assert found.exit_code == 3
    assert "newer release listed" in found.output
    assert "1 requests" in found.output
    done = command("--json")
    assert done.exit_code == 0
    assert json.loads(done.output[: done.output.rindex("]") + 1])[0]["changes"][0]["added"] == 1
    assert command("--check").exit_code == 0


def test_a_page_may_hold_several_publications(run, server, empty_data):
    server.page(OPEN_DATA, [])
    steps = run("recorded_crime", "outcomes")
    assert [step.state for step in steps] == ["failed", "failed"]
    assert all("no file at all" in step.reason for step in steps)


def test_many_new_periods_are_counted_and_bounded():
    periods = ("2029-03-31", "2030-03-31", "2031-03-31")
    lines = updating.described(updating.Change("crime", added=129, periods=periods), Catalogue().forces)
    assert lines == [
        "crime: 3 new periods, 2029-03-31 to 2031-03-31",
        "crime: 129 rows new, 0 figures revised",
    ]
