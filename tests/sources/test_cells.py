"""What a publisher writes in a cell, and what it means."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelbook.sources.cells import figure, iso_date, month_end, quarter_end, year_end


@pytest.mark.parametrize("symbol", ["", " ", "[x]", "[z]", "[c]", ":", "..", ".", "-", "–", "N/A", "No data"])
def test_a_symbol_for_no_figure_is_missing_and_never_zero(symbol):
    assert figure(symbol) is None


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (12.0, 12),
        (0, 0),
        ("0", 0),
        ("1,234,567", 1234567),
        ("1,234 [note 2]", 1234),
        ("1234R", 1234),
        ("56 (p)", 56),
        ("7¹", 7),
        ("£12,000", 12000),
        (" 12.50 ", 12.5),
        ("−3", -3),
    ],
)
def test_thousands_separators_and_footnote_markers_are_read_through(cell, number):
    assert figure(cell) == number


@pytest.mark.parametrize(
    "cell",
    ["1,23", "12,34,567", "abc", "1 23", "12%", "1e6", "--3", "12..5", True, float("inf"), float("nan")],
)
def test_anything_else_is_refused_rather_than_guessed(cell):
    with pytest.raises(ValueError):
        figure(cell)


@given(st.integers(min_value=0, max_value=10**12))
def test_every_count_is_read_back_from_its_printed_form(count):
    assert figure(f"{count:,}") == count
    assert figure(float(count)) == count
    assert figure(f"{count:,} [note 1]") == count


@given(st.text(max_size=30))
def test_no_text_makes_the_reader_fail_in_another_way(text):
    try:
        number = figure(text)
    except ValueError:
        return
    assert number is None or isinstance(number, (int, float))


@pytest.mark.parametrize("year", ["2022/23", "2022-23", "2022–23", "2022/2023", "FY 2022/23"])
def test_a_financial_year_ends_on_31_march(year):
    assert year_end(year) == datetime.date(2023, 3, 31)


@pytest.mark.parametrize("year", ["2022", "2022/24", "22/23", "next year", "", "1066/67"])
def test_two_years_that_do_not_follow_are_no_financial_year(year):
    with pytest.raises(ValueError):
        year_end(year)


@given(st.integers(min_value=1980, max_value=2100))
def test_the_four_quarters_of_a_year_end_in_it(first):
    year = f"{first}/{(first + 1) % 100:02d}"
    ends = [quarter_end(year, quarter) for quarter in (1, 2, 3, 4)]
    assert ends == sorted(ends)
    assert ends[-1] == year_end(year)
    assert ends[0] == datetime.date(first, 6, 30)


@pytest.mark.parametrize("quarter", ["5", "0", "", "first"])
def test_there_is_no_fifth_quarter(quarter):
    with pytest.raises(ValueError):
        quarter_end("2022/23", quarter)


@given(st.dates(min_value=datetime.date(1990, 1, 1), max_value=datetime.date(2100, 1, 1)))
def test_a_month_ends_on_the_day_before_the_next_begins(day):
    following = month_end(day.year, day.month) + datetime.timedelta(days=1)
    assert following.day == 1
    assert following > day


def test_a_spreadsheet_date_and_an_iso_date_are_the_same_day():
    assert iso_date(datetime.datetime(2023, 3, 31, 12, 0)) == iso_date("2023-03-31")
    with pytest.raises(ValueError):
        iso_date("31/03/2023")
