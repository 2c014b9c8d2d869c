"""How new each table is, and the newest release that is known to exist."""

from __future__ import annotations

import datetime

import pytest

from peelbook.sources import coverage, fetch, newest, page


@pytest.fixture(scope="module")
def ages(catalogue):
    return {age.table: age for age in newest.ages(catalogue.resources)}


def test_every_table_of_a_publisher_has_its_newest_figure_and_its_release(ages, catalogue):
    assert {"recorded_crime", "population", "workforce"} <= set(ages)
    assert not {"claims", "forces", "gaps"} & set(ages), "nobody publishes those"
    for age in ages.values():
        assert age.period
        assert age.release
        assert age.known


def test_a_later_release_on_our_list_is_known_with_its_day_and_how(ages):
    crime = ages["recorded_crime"]
    assert crime.period == "30 June 2023"
    assert crime.release == "19 October 2023"
    assert crime.known == "Police recorded crime by force area, quarter 4 2025/26, released on 23 July 2026"
    assert crime.known_from.endswith("our list of 27 November 2026")


def test_a_file_known_for_one_table_of_a_publication_is_known_for_all_of_them(ages):
    assert ages["outcomes"].known == ages["charges"].known
    assert ages["charges"].known.startswith("Outcomes, 2025/26")


def test_a_later_table_of_this_book_shows_that_a_later_release_exists(ages):
    assert ages["workforce"].known.endswith("to 31 March 2026")
    assert ages["workforce"].known_from == "another table of this book"


def test_the_newest_table_of_a_publication_has_none_later_on_record(ages):
    for table in ("recorded_crime_total", "officers_newest", "population"):
        assert (ages[table].known, ages[table].known_from) == (newest.NONE_LATER, ""), table


@pytest.mark.parametrize(
    ("covers", "year"),
    [
        ("Outcomes, 2025/26 (Jul 2026 release)", 2026),
        ("Outcomes, 2022/23 (January 2025 release)", 2023),
        ("Police workforce open data, 31 Mar 2007-2025 (28 Jan 2026)", 2025),
        ("Police force area data tables, year ending March 2026", 2026),
        ("Stop and search open data, 2020/21-2024/25", 2025),
        ("No year", 0),
    ],
)
def test_the_last_year_that_a_file_covers_is_read_off_its_description(covers, year):
    assert newest._covers(fetch.Download("a.ods", "outcomes", covers, "https://example.org/a.ods")) == year


def test_the_list_of_files_has_a_day():
    assert isinstance(fetch.listed_on(), datetime.date)


def test_the_terminal_and_both_pages_say_how_new_a_table_is(catalogue, ages):
    known = ages["workforce"].known
    assert f"  newest release known to exist: {known}" in coverage.text(catalogue)
    assert f"<td>{known}</td>" in coverage.markdown(catalogue)
    assert f"- Newest release known to exist: {page.escape(known)}" in page.markdown(catalogue.package)
