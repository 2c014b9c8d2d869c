"""How a figure grows with each release: the same forces then and now, and late figures do not pass for growth."""

from __future__ import annotations

import datetime
import json

import pytest
import source_files as files
from typer.testing import CliRunner

from peelbook import Catalogue, revisions
from peelbook.cli.data import app
from peelbook.errors import ParameterError
from peelbook.site import generated
from peelbook.sources.ingest import Origin, ingest

HEADER = ["force", "fy", "basis", "offence_group", "charged_summonsed"]


def release(folder, tmp_path, day: str, rows: dict[tuple[str, str], int]):
    """Ingest made-up charges as of a day."""
    body = [
        [force, year, "recorded", group, count if group == "Robbery" else 1]
        for (force, year), count in rows.items()
        for group in ("Robbery", "Theft offences")
    ]
    path = files.write_csv(tmp_path / f"{day}.csv", [HEADER, *body])
    return ingest([path], folder, {str(path): Origin(datetime.date.fromisoformat(day))})


@pytest.fixture
def folder(empty_data, tmp_path):
    release(empty_data, tmp_path, "2031-04-30", {("Kent", "2021/22"): 99, ("Surrey", "2021/22"): 49})
    release(
        empty_data,
        tmp_path,
        "2032-04-30",
        {("Kent", "2021/22"): 109, ("Norfolk", "2021/22"): 500, ("Surrey", "2021/22"): 54},
    )
    release(empty_data, tmp_path, "2033-04-30", {("Kent", "2021/22"): 119, ("Norfolk", "2021/22"): 500})
    return empty_data


def test_forces_in_both_releases_only_are_added_up(folder):
    found = revisions.grown(Catalogue(folder), "charges")
    rows = found[["forces", "then", "now"]].values.tolist()
    assert rows == [[1, 100, 120], [2, 611, 621]]
    assert found["growth"].tolist() == [pytest.approx(0.2), pytest.approx(10 / 611)]
    assert found["released"].dt.strftime("%Y-%m-%d").tolist() == ["2031-04-30", "2032-04-30"]


def test_one_force_and_each_force(folder):
    catalogue = Catalogue(folder)
    kent = revisions.grown(catalogue, "charges", "E23000032")
    assert kent["then"].tolist() == [100, 110]
    each = revisions.by_force(catalogue, "charges")
    assert set(each["force_code"]) == {"E23000032", catalogue.forces["norfolk"].code}


def test_the_page_and_the_command_show_the_same_growth(folder):
    page = generated.content("revisions", Catalogue(folder))
    assert "| 31 March 2022 | 30 April 2031 | 1 | 100 | 30 April 2033 | 120 | +20.0% |" in page
    assert "| Norfolk | – | +0.0% |" in page
    done = CliRunner().invoke(app, ["revisions", "charges", "--data-dir", str(folder)])
    assert "100 → 30 April 2033: 120  +20.0%, 1 forces" in done.output
    done = CliRunner().invoke(
        app, ["revisions", "charges", "--force", "kent", "--json", "--data-dir", str(folder)]
    )
    assert [row["then"] for row in json.loads(done.output)] == [100, 110]


def test_without_an_earlier_release_the_page_says_so(empty_data, tmp_path):
    release(empty_data, tmp_path, "2031-04-30", {("Kent", "2021/22"): 99})
    assert "No earlier release" in generated.content("revisions", Catalogue(empty_data))
    assert "No estimate of residents is here in two releases" in generated.content(
        "revisions", Catalogue(empty_data)
    )
    done = CliRunner().invoke(app, ["revisions", "charges", "--data-dir", str(empty_data)])
    assert "Fix: peelbook data update charges" in done.output


def test_a_table_without_counts_by_force_is_refused():
    with pytest.raises(ParameterError, match="no count by force and period"):
        revisions.series("judgments")


@pytest.mark.sources
def test_charges_have_grown_since_their_first_releases(catalogue):
    """Against the April 2019 and January 2020 releases: +3.1% and, without North Yorkshire, +6.3%."""
    if not catalogue.has("outcomes"):
        pytest.skip("the outcomes of those releases are not in this book")
    found = revisions.grown(catalogue, "charges").set_index("period_end")["growth"]
    assert found.loc[["2018-03-31"]].round(3).tolist() == [0.031]
    assert found.loc[["2019-03-31"]].round(3).tolist() == [0.063]


def test_the_page_shows_how_the_estimates_of_residents_were_revised(catalogue):
    page = generated.content("revisions", catalogue)
    table = catalogue.table("population_releases")
    table = table[table["period_end"] == "2022-06-30"]
    first, last = (
        int(table.loc[table["release"] == name, "population_count"].sum())
        for name in ("mid-2022", "mid-2023")
    )
    assert (first, last) == (60_238_038, 60_245_218)
    assert f"| 2022 | {first:,} | {last:,} | +0.01% |" in page
    assert "| City of London | +5." in page, "a small force is revised most"
    assert "| Cumbria | −0.0" in page
    assert page.count("| Kent |") == 2, "charges and residents"
