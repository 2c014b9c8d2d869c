"""Numbers, dates and periods as pages print them."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelbook import formats

finite = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (8855333, 0, "8,855,333"),
        (-1234.5, 1, "−1,234.5"),
        (19.79338, 1, "19.8"),
        (0.125, 2, "0.13"),
        (2.675, 2, "2.68"),
        (-0.0001, 1, "0.0"),
        (15037, -3, "15,000"),
        (np.int64(7), 0, "7"),
        (1e15, 0, "1,000,000,000,000,000"),
    ],
)
def test_numbers_have_commas_a_real_minus_and_round_half_up(value, decimals, text):
    assert formats.number(value, decimals) == text


@pytest.mark.parametrize("gone", [None, float("nan"), pd.NA, pd.NaT, float("inf"), np.float64("nan")])
def test_a_missing_value_prints_as_words_and_never_as_zero(gone):
    for write in (
        formats.number,
        formats.percent,
        formats.points,
        formats.signed,
        formats.signed_percent,
        formats.money,
    ):
        assert write(gone) == "not available"
    assert formats.with_unit(gone, "per 1,000 population", 1) == "not available"


@pytest.mark.parametrize(
    ("share", "decimals", "text"),
    [(0.186, 1, "18.6%"), (0.285, 0, "29%"), (1, 0, "100%"), (-0.1112, 1, "−11.1%"), (-0.0001, 1, "0.0%")],
)
def test_shares_print_as_percentages_rounded_on_the_decimal(share, decimals, text):
    assert formats.percent(share, decimals) == text


def test_differences_of_shares_are_percentage_points():
    assert formats.points(-0.021) == "−2.1 percentage points"
    assert formats.points(0.01, 0) == "1 percentage point"
    assert formats.points(-0.01, 0) == "−1 percentage point"


def test_signed_figures_show_a_plus_and_zero_has_no_sign():
    assert [formats.signed(value) for value in (1089, -423, 0, 0.2)] == ["+1,089", "−423", "0", "0"]
    assert [formats.signed_percent(share) for share in (0.0321, -0.111, 0.0, 0.0001)] == [
        "+3.2%",
        "−11.1%",
        "0.0%",
        "0.0%",
    ]


@pytest.mark.parametrize(
    ("pounds", "full"),
    [
        (849474000, "£849,474,000"),
        (4330000000, "£4,330,000,000"),
        (-12.4, "−£12"),
        (999_960_000, "£999,960,000"),
        (950_000, "£950,000"),
        (-2_500_000, "−£2,500,000"),
    ],
)
def test_money_prints_in_full(pounds, full):
    assert formats.money(pounds) == full


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (22, "22nd"),
        (43, "43rd"),
        (111, "111th"),
    ],
)
def test_ordinals(place, text):
    assert formats.ordinal(place) == text


@pytest.mark.parametrize(
    ("rank", "tied", "text"),
    [
        (1, 1, "highest"),
        (43, 1, "lowest"),
        (22, 1, "22nd highest"),
        (41, 1, "3rd lowest"),
        (40, 2, "joint 3rd lowest"),
        (1, 3, "joint highest"),
        (42, 2, "joint lowest"),
    ],
)
def test_a_place_is_counted_from_the_nearer_end(rank, tied, text):
    assert formats.place(rank, 43, tied) == text


def test_small_counts_are_words_and_none_is_no():
    assert [formats.cardinal(count) for count in (0, 1, 9, 10, 1200)] == ["no", "one", "nine", "10", "1,200"]


def test_lists_read_as_english():
    assert formats.joined([]) == ""
    assert formats.joined(["a"]) == "a"
    assert formats.joined(["a", "b", "c"]) == "a, b and c"
    assert formats.joined(["a", "b"], "or") == "a or b"


def test_a_sentence_has_a_capital_and_one_full_stop():
    assert formats.sentence(" in mid-2022 it rose ") == "In mid-2022 it rose."
    assert formats.sentence("Done.") == "Done."


@pytest.mark.parametrize(
    "day",
    [
        "2023-03-31",
        pd.Timestamp("2023-03-31"),
        np.datetime64("2023-03-31"),
        pd.Timestamp("2023-03-31").date(),
    ],
)
def test_any_kind_of_day_is_written_the_same(day):
    assert formats.date(day) == "31 March 2023"
    assert formats.month(day) == "March 2023"


@pytest.mark.parametrize(
    ("day", "basis", "name", "opening"),
    [
        ("2023-03-31", "year", "year ending 31 March 2023", "in the year ending 31 March 2023"),
        ("2023-03-31", "stock", "31 March 2023", "on 31 March 2023"),
        ("2023-06-30", "quarter", "quarter ending 30 June 2023", "in the quarter ending 30 June 2023"),
        ("2022-06-30", "mid-year", "mid-2022", "in mid-2022"),
        ("2021-03-21", "census", "Census 2021", "at the 2021 Census"),
        ("2024-02-29", "month", "February 2024", "in February 2024"),
        ("2025-12-31", "cycle", "2025", "in 2025"),
    ],
)
def test_periods_are_named_by_what_they_cover(day, basis, name, opening):
    assert formats.period(day, basis) == name
    assert formats.in_period(day, basis) == opening


def test_units():
    assert formats.with_unit(19.79, "per 1,000 population", 1) == "19.8 per 1,000 population"
    assert formats.with_unit(0.186, "%", 1) == "18.6%"
    assert formats.with_unit(489705, "£ per 1,000 population", 0) == "£489,705 per 1,000 population"
    assert formats.with_unit(5, "£", 0) == "£5"
    assert formats.interval(0.914, 0.967, formats.percent) == "91.4% to 96.7%"


@given(value=finite, decimals=st.integers(min_value=0, max_value=6))
def test_a_printed_number_reads_back_within_half_a_unit_of_its_last_place(value, decimals):
    text = formats.number(value, decimals)
    back = Decimal(text.replace(",", "").replace("−", "-"))
    assert abs(back - Decimal(repr(value))) <= Decimal(5).scaleb(-decimals - 1)
    assert "-" not in text


@given(share=st.floats(min_value=0, max_value=1))
def test_a_share_never_prints_outside_nought_to_a_hundred(share):
    assert 0 <= float(formats.percent(share).removesuffix("%")) <= 100


@given(finite, st.integers(0, 3))
def test_a_written_number_is_read_back_as_it_was_written(value, decimals):
    assert formats.read_number(formats.number(value, decimals)) == (
        float(formats.rounded(value, decimals)),
        "",
    )
    text = formats.percent(value, decimals)
    assert formats.read_number(text) == (float(text[:-1].replace(",", "").replace("−", "-")), "%")


@pytest.mark.parametrize(
    "text", ["not available", "1,23", "07", "3 to 4", "£5", "1.", "12%%", "", "1e5", "½"]
)
def test_what_no_writer_of_numbers_writes_is_not_read_as_one(text):
    assert formats.read_number(text) is None
