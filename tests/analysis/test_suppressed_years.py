"""A hidden figure of a user's own is said to be hidden; no older year stands in its place. All figures are made up."""

from __future__ import annotations

import csv

import pandas as pd
import pytest

from peelbook import contracts
from peelbook.analysis import charts, compare, open_section, say
from peelbook.errors import MissingTableError, ParameterError
from peelbook.figures._chart import Chart
from peelbook.own_data import FaultyFolderError

NORFOLK = "E23000024"
YEAR = pd.Timestamp("2026-03-31")
HIDDEN = "uppressed: fewer than 5"


def put(folder, table, *rows):
    with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerows([[field["name"] for field in contracts.load(table)["fields"]], *rows])


@pytest.fixture
def own(tmp_path):
    """Searches and officers of 2026: three searches in all, and two women among few chief officers."""
    put(tmp_path, "stop_search", (NORFOLK, "2026-03-31", 3, 3, ""))
    ranks = {"Constable": (500, 700), "Sergeant": (90, 180), "Chief Officer": (2, 4)}
    rows = [
        (NORFOLK, "2026-03-31", sex, rank, "Police Officer", count, "")
        for rank, counts in ranks.items()
        for sex, count in zip(("Female", "Male"), counts, strict=True)
    ]
    put(tmp_path, "workforce", *rows)
    (tmp_path / "suppress_below.txt").write_text("5")
    return tmp_path


def opened(own, stem="police_powers", period=""):
    return open_section(stem, force="norfolk", period=period, own_data=str(own))


@pytest.mark.parametrize(
    ("stem", "measure"), [("police_powers", "stop_search_rate"), ("workforce", "officers_headcount")]
)
def test_the_year_that_was_asked_for_is_shown_as_suppressed(own, stem, measure):
    section = opened(own, stem, "2026-03-31")
    frame = section.measure(measure)
    assert section.year_of(frame) == YEAR and section.suppressed_periods(frame) == [YEAR]
    for told in (say.summary(frame), section.headlines(measure)):
        assert HIDDEN in told.text and "2026" in told.text
    note = charts.ski_slope(frame[frame["period_end"] == section.year_of(frame)])
    assert not isinstance(note, Chart) and HIDDEN in note.text and "2026" in note.text
    ranked = compare.peers(frame)
    assert ranked.empty and HIDDEN in ranked.attrs["missing"]["lines"][0]


def test_a_headline_says_what_is_hidden_and_names_the_year_of_what_stands_beside(own):
    text = opened(own).headlines("stop_search_rate").text
    assert text.startswith("Not available") and HIDDEN in text
    assert "Year ending 31 March 2025: 2.9" in text


def test_the_line_through_time_says_which_later_year_is_hidden(own):
    section = opened(own)
    chart = charts.trend(section.measure("stop_search_rate"))
    assert any("Year ending 31 March 2026: suppressed: fewer than 5" in note for note in chart.notes)


def test_a_year_that_is_not_hidden_leads_and_the_last_one_with_other_forces_stands_beside(own):
    (own / "suppress_below.txt").unlink()
    put(own, "population", (NORFOLK, "2025-06-30", 900_000))
    section = opened(own)
    searches = section.measure("stop_search_rate")
    assert section.newer_of_its_own(searches) == YEAR and not section.suppressed_periods(searches)
    text = section.headlines("stop_search_rate").text
    assert "year ending 31 March 2026" in text and "Year ending 31 March 2025: 2.9" in text
    assert "In the year ending 31 March 2026" in say.level(searches).text


def test_a_force_without_own_data_has_no_year_of_its_own(own):
    section = open_section("police_powers", force="norfolk")
    frame = section.measure("stop_search_rate")
    assert section.newer_of_its_own(frame) is None and section.suppressed_periods(frame) == []


def test_a_hidden_category_leaves_the_others(own):
    put(own, "stop_search", (NORFOLK, "2026-03-31", 983, 983, ""))
    put(
        own,
        "stop_search_ethnicity",
        *[
            (NORFOLK, "2026-03-31", group, count)
            for group, count in [("White", 900), ("Black", 60), ("Asian", 20), ("Mixed", 3), ("Other", 0)]
        ],
    )
    section = opened(own, period="2026-03-31")
    white = section.measure("stop_search_ethnicity_rate", ethnicity="White")
    assert section.year_of(white) == YEAR and YEAR not in section.suppressed_periods(white)
    mixed = section.measure("stop_search_ethnicity_rate", ethnicity="Mixed")
    assert section.year_of(mixed) == YEAR and section.suppressed_periods(mixed) == [YEAR]
    every = section.measure("stop_search_ethnicity_rate", by="ethnicity")
    assert section.year_of(every) == YEAR
    groups = every[(every["force_code"] == NORFOLK) & (every["period_end"] == YEAR)]["ethnicity"]
    assert "White" in set(groups) and "Mixed" not in set(groups)


def test_a_folder_named_in_a_notebook_is_checked_whole(own):
    put(own, "use_of_force", (NORFOLK, "2026-03-31", "many", ""))
    with pytest.raises(FaultyFolderError, match=r"use_of_force\.csv: 1 fault"):
        opened(own)
    with pytest.raises(MissingTableError, match="no such folder"):
        opened(own / "nowhere")


def test_in_a_run_only_the_folder_of_the_run_is_read(own, monkeypatch):
    monkeypatch.setenv("PEELBOOK_OVERLAY", "")
    with pytest.raises(ParameterError, match=r"was not given\. Fix: .* --data"):
        opened(own)
    monkeypatch.setenv("PEELBOOK_OVERLAY", str(own))
    assert opened(own / "nowhere").catalogue.overlay == own
