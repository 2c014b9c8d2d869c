"""Measures worked out by hand on small tables, and every reason for a missing figure."""

from __future__ import annotations

import gc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measure_helpers import broken_down

from peelbook import measures
from peelbook.catalogue import Catalogue
from peelbook.errors import (
    MissingTableError,
    ParameterError,
    UndeclaredReadError,
    UnknownForceError,
    UnknownMeasureError,
)
from peelbook.measures import _compute

MET, KENT, CITY, NATION = "E23000001", "E23000032", "E23000034", "K04000001"


def one(frame, code, day):
    rows = frame[(frame["force_code"] == code) & (frame["period_end"] == pd.Timestamp(day))]
    assert len(rows) == 1
    return rows.iloc[0]


def test_a_rate_divides_by_the_population_of_the_middle_of_the_year(tiny):
    row = one(measures.compute(tiny, "stop_search_rate"), MET, "2022-03-31")
    assert (row["numerator"], row["denominator"]) == (3000, 101_000)  # 30 June 2021
    assert row["value"] == pytest.approx(1000 * 3000 / 101_000)


def test_years_before_the_population_estimates_have_no_rate_and_say_so(tiny):
    frame = measures.compute(tiny, "stop_search_rate")
    assert frame["period_end"].min() == pd.Timestamp("2021-03-31")
    found = measures.at(tiny, "stop_search_rate", "Met", "2011-03-31")
    assert not found
    assert "mid-2010" in found.reason
    assert "run from mid-2019 to mid-2021" in found.reason
    assert measures.at(tiny, "stop_search_census_rate", "Met", "2011-03-31").value == 9


def test_a_count_of_zero_is_a_figure_and_not_a_gap(tiny):
    found = measures.at(tiny, "stop_search_count", "kent", "2021-03-31")
    assert found
    assert (found.value, found.denominator) == (0, None)
    assert measures.at(tiny, "stop_search_rate", "kent", "2021-03-31").value == 0


def test_a_share_of_nothing_is_missing_and_not_zero(tiny):
    found = measures.at(tiny, "ethnicity_not_recorded_share", "kent", "2021-03-31")
    assert not found
    assert "zero or missing" in found.reason


def test_columns_can_be_subtracted(tiny):
    row = one(measures.compute(tiny, "ethnicity_not_recorded_share"), MET, "2022-03-31")
    assert (row["numerator"], row["value"]) == (600, 0.2)


def test_a_force_whose_publisher_gives_no_population_has_no_census_rate(tiny):
    assert CITY not in set(measures.compute(tiny, "stop_search_census_rate")["force_code"])
    reason = measures.at(tiny, "stop_search_census_rate", CITY, "2022-03-31").reason
    assert "Ethnicity facts and figures" in reason
    assert "the City of London Police" in reason


def test_a_year_is_the_sum_of_its_four_quarters_for_every_quarter_end(tiny):
    frame = measures.compute(tiny, "victim_based_crime_count")
    met = frame[frame["force_code"] == MET]
    assert met["period_end"].dt.strftime("%Y-%m-%d").tolist() == ["2022-03-31", "2022-06-30"]
    assert met["value"].tolist() == [160, 160]


def test_a_year_with_a_missing_quarter_is_missing_and_not_smaller(tiny):
    assert KENT not in set(measures.compute(tiny, "victim_based_crime_count")["force_code"])
    assert not measures.at(tiny, "victim_based_crime_count", "kent", "2022-03-31")


def test_the_missing_quarter_is_explained_by_the_recorded_gap(tables, tiny_catalogue):
    gaps = [("recorded_crime", KENT, "2021-10-01", "2021-12-31", "the force could not supply the quarter")]
    found = measures.at(tiny_catalogue(tables, gaps), "victim_based_crime_rate", "kent", "2022-03-31")
    assert found.reason == "The force could not supply the quarter."


def test_victim_based_crime_leaves_out_drugs_and_all_crime_leaves_out_fraud(tiny):
    assert measures.at(tiny, "victim_based_crime_count", MET, "2022-03-31").value == 4 * 40
    assert measures.at(tiny, "recorded_crime_count", MET, "2022-03-31").value == 4 * 45


def test_a_breakdown_takes_the_place_of_the_standard_choice_on_both_sides(tiny):
    robbery = measures.at(tiny, "charge_rate", MET, "2022-03-31", offence_group="Robbery")
    assert (robbery.numerator, robbery.denominator, robbery.value) == (4, 40, 0.1)
    both = measures.at(tiny, "charge_rate", MET, "2022-03-31", offence_group=["Robbery", "Drug offences"])
    assert (both.numerator, both.denominator) == (19, 60)


def test_the_charge_rate_uses_the_recorded_basis_and_victim_based_offences(tiny):
    found = measures.at(tiny, "charge_rate", MET, "2022-03-31")
    assert (found.numerator, found.denominator, found.value) == (12, 160, 0.075)


def test_a_disparity_ratio_divides_the_groups_rate_by_the_white_rate(tiny):
    row = one(measures.compute(tiny, "disparity_ratio", ethnicity="Black"), MET, "2022-03-31")
    assert (row["numerator"], row["denominator"]) == (60, 10)
    assert row["value"] == 6
    assert row[list(_compute.DISPARITY_COUNTS)].tolist() == [900, 15_000, 600, 60_000]


def test_a_force_that_searched_nobody_has_no_disparity_ratio(tiny):
    assert not measures.at(tiny, "disparity_ratio", KENT, "2022-03-31")


def test_england_and_wales_disparity_is_the_ratio_of_the_two_total_rates(tables, tiny_catalogue):
    found = measures.at(tiny_catalogue(tables, only=(MET,)), "disparity_ratio", NATION, "2022-03-31")
    # Only forces with a ratio of their own count: here the Met.
    assert found.value == 6


def test_a_change_is_a_share_of_the_earlier_figure(tiny):
    found = measures.at(tiny, "stop_search_change", MET, "2022-03-31")
    assert (found.numerator, found.denominator, found.value) == (1000, 2000, 0.5)
    up = measures.at(tiny, "headcount_change", MET, "2022-03-31")
    assert (up.numerator, up.value) == (30, pytest.approx(1 / 3))


def test_a_change_without_an_earlier_year_says_how_far_back_it_looked(tiny):
    assert "one year earlier" in measures.at(tiny, "stop_search_change", MET, "2021-03-31").reason
    assert "five years earlier" in measures.at(tiny, "stop_search_change", MET, "2022-03-31", years=5).reason


def test_a_change_from_zero_has_no_share(tiny):
    assert not measures.at(tiny, "stop_search_change", KENT, "2022-03-31")


def test_workforce_measures(tiny):
    day = "2022-03-31"
    assert measures.at(tiny, "officers_headcount", MET, day).value == 120
    assert measures.at(tiny, "officers_fte", MET, day).value == 117.5
    assert measures.at(tiny, "supervisors_per_constable", MET, day).value == 0.2
    assert measures.at(tiny, "female_officers_share", MET, day).value == 45 / 120
    assert measures.at(tiny, "female_officers_share", MET, day, rank="Constable").value == 0.4
    assert measures.at(tiny, "specials_rate", MET, day).value == pytest.approx(1000 * 9 / 101_000)
    assert measures.at(tiny, "staff_rate", MET, day).value == pytest.approx(1000 * 27.5 / 101_000)


def test_rank_structure_is_a_breakdown_that_adds_to_one(tables, tiny_catalogue):
    ranks = measures.registry()["rank_share"].breakdowns["rank"]
    rows = [(MET, "2022-03-31", "Male", rank, "Police Officer", 10, 10.0) for rank in ranks]
    tables["workforce"] = pd.DataFrame(rows, columns=tables["workforce"].columns)
    frame = broken_down(tiny_catalogue(tables), "rank_share", "rank")
    assert frame["value"].sum() == pytest.approx(1)


def test_an_open_breakdown_takes_its_values_from_the_table(tables, tiny_catalogue):
    tables["use_of_force"] = pd.DataFrame(
        {"force_code": [MET], "period_end": ["2020-03-31"], "incidents_count": [50]}
    )
    tables["use_of_force_tactics"] = pd.DataFrame(
        {
            "force_code": [MET, MET, NATION],
            "period_end": ["2020-03-31"] * 3,
            "tactic": ["Baton", "Dog", "Dog"],
            "uses_count": [5, 1, 999],
        }
    )
    frame = broken_down(tiny_catalogue(tables), "use_of_force_tactic_share", "tactic")
    assert frame[["tactic", "value"]].values.tolist() == [["Baton", 10.0], ["Dog", 2.0]]


def test_national_rows_are_never_taken_for_a_force(tables, tiny_catalogue):
    extra = pd.DataFrame([(NATION, "2022-03-31", 10**6, 10**6, 10**7)], columns=tables["stop_search"].columns)
    tables["stop_search"] = pd.concat([tables["stop_search"], extra], ignore_index=True)
    assert NATION not in set(measures.compute(tiny_catalogue(tables), "stop_search_count")["force_code"])


def test_a_published_national_figure_is_given_as_it_stands(tiny):
    found = measures.at(tiny, "charge_rate_national", NATION, "2022-03-31")
    assert (found.value, found.numerator, str(found)) == (0.057, None, "5.7%")
    assert not measures.at(tiny, "charge_rate_national", NATION, "2021-03-31")


def test_england_and_wales_is_total_over_total(tables, tiny_catalogue):
    found = measures.at(
        tiny_catalogue(tables, only=(MET, KENT, CITY)), "stop_search_rate", NATION, "2022-03-31"
    )
    assert found.value == pytest.approx(1000 * 3900 / 152_000)


@pytest.mark.parametrize(
    "measure_id", ["stop_search_count", "stop_search_rate", "charge_rate", "disparity_ratio"]
)
def test_a_national_figure_with_a_force_missing_is_missing_and_names_it(tiny, measure_id):
    found = measures.at(tiny, measure_id, NATION, "2022-03-31")
    assert not found
    assert "Cumbria" in found.reason


def test_a_national_outcome_rate_leaves_the_city_of_london_out(tables, tiny_catalogue):
    city = pd.DataFrame([(CITY, "2022-03-31", "recorded", "Robbery", 40)], columns=tables["charges"].columns)
    tables["charges"] = pd.concat([tables["charges"], city], ignore_index=True)
    crime = tables["recorded_crime"]
    tables["recorded_crime"] = pd.concat([crime, crime[crime["force_code"] == MET].assign(force_code=CITY)])
    catalogue = tiny_catalogue(tables, only=(MET, CITY))
    assert measures.at(catalogue, "charge_rate", CITY, "2022-03-31").value == 0.25
    assert measures.at(catalogue, "charge_rate", NATION, "2022-03-31").value == 0.075


def test_grades_keep_their_words_and_their_order(tiny):
    frame = measures.compute(tiny, "grade")
    assert frame[["cycle", "grade", "value"]].values.tolist() == [
        ["2021/22", "Requires improvement", 2.0],
        ["2023-25", "Adequate", 3.0],
    ]
    assert frame["period_end"].dt.year.tolist() == [2022, 2025]
    assert str(measures.at(tiny, "grade", MET, "2025-12-31", area_code="pp")) == "Adequate"
    assert "no stated grade" in measures.at(tiny, "grade", KENT, "2025-12-31").reason
    assert not measures.at(tiny, "grade", NATION, "2025-12-31")


def test_a_measure_whose_table_is_absent_names_the_publication(tiny):
    with pytest.raises(MissingTableError, match="999 call answering times"):
        measures.compute(tiny, "emergency_calls_rate")
    found = measures.at(tiny, "linked_find_rate", "kent", "2023-03-31")
    assert "Stop and search open data table, with outcomes" in found.reason
    assert str(found) == "not available"
    assert found.measure.id == "linked_find_rate"
    assert "BT" in measures.registry()["emergency_calls_in_10_seconds_share"].publications[0]


def test_a_period_outside_the_table_says_what_it_covers(tiny):
    reason = measures.at(tiny, "stop_search_count", "kent", "2024-03-31").reason
    assert "runs from the year ending 31 March 2011 to the year ending 31 March 2022" in reason


def test_a_force_without_the_period_is_named(tiny):
    assert (
        "Kent Police for the year ending 31 March 2011"
        in measures.at(tiny, "stop_search_count", "kent", "2011-03-31").reason
    )
    reason = measures.at(tiny, "charge_rate", CITY, "2021-03-31").reason
    assert "Police recorded crime open data" in reason


def test_a_missing_piece_makes_the_total_missing(tables, tiny_catalogue):
    tables["workforce"].loc[0, "fte"] = np.nan
    frame = measures.compute(tiny_catalogue(tables), "officers_fte")
    assert frame["period_end"].tolist() == [pd.Timestamp("2022-03-31")]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda c: measures.compute(c, "nonsense"), UnknownMeasureError, "nonsense"),
        (
            lambda c: measures.compute(c, "stop_search_rate", sex="Female"),
            ParameterError,
            "no breakdown 'sex'",
        ),
        (lambda c: measures.compute(c, "charge_rate", offence_group="Piracy"), ParameterError, "Piracy"),
        (
            lambda c: measures.at(c, "stop_search_rate", "Atlantis", "2022-03-31"),
            UnknownForceError,
            "Atlantis",
        ),
    ],
)
def test_wrong_questions_are_refused_with_a_fix(tiny, call, error, message):
    with pytest.raises(error, match=message):
        call(tiny)


def test_a_read_that_the_section_did_not_declare_is_refused(tables, tiny_catalogue):
    catalogue = tiny_catalogue(tables, declared={"stop_search"})
    with pytest.raises(UndeclaredReadError, match="population"):
        measures.compute(catalogue, "stop_search_rate")
    assert measures.compute(catalogue, "stop_search_count")["value"].sum() > 0


def test_an_undeclared_table_is_an_error_even_where_it_is_not_there(tables, tiny_catalogue):
    """A section's notebook runs in a folder of the declared tables only."""
    del tables["population"]
    catalogue = tiny_catalogue(tables, declared={"stop_search"})
    with pytest.raises(UndeclaredReadError, match="population"):
        measures.compute(catalogue, "stop_search_rate")
    with pytest.raises(UndeclaredReadError, match="population"):
        measures.at(catalogue, "stop_search_rate", "E23000001", "2023-03-31")


def test_a_column_that_the_table_does_not_have_is_named_with_those_it_has(tiny):
    found = measures.registry()["stop_search_count"]
    part = replace(found.numerator, columns=(("searches", 1),))
    wrong = replace(found, numerator=part)
    with pytest.raises(ParameterError, match=r"stop_search_count: .* no column 'searches'.*searches_count"):
        _compute._frame(tiny, wrong, {})


def test_each_table_is_read_once_and_a_caller_cannot_spoil_what_is_kept(tiny):
    first = measures.compute(tiny, "stop_search_rate")
    first["value"] = -1
    again = measures.compute(tiny, "stop_search_rate")
    assert (again["value"] >= 0).all()
    measures.compute(tiny, "ethnicity_not_recorded_share")
    assert tiny.read_count == 2
    assert again.attrs == {"measure": "stop_search_rate", "dimension": {}, "forces": 43}


def test_figures_kept_for_a_catalogue_go_with_it(tables, tiny_catalogue):
    catalogue = tiny_catalogue(tables)
    measures.compute(catalogue, "stop_search_count")
    identity = id(catalogue)
    assert identity in _compute._MEMO
    del catalogue
    gc.collect()
    assert identity not in _compute._MEMO


def test_a_category_that_the_table_could_have_and_has_not_is_no_figure(tiny):
    assert measures.compute(tiny, "charge_rate", offence_group="Sexual offences").empty


def test_two_catalogues_do_not_share_figures(tables, tiny_catalogue):
    first, second = (
        tiny_catalogue(tables),
        tiny_catalogue({**tables, "stop_search": tables["stop_search"].iloc[:1]}),
    )
    assert (
        len(measures.compute(first, "stop_search_count"))
        > len(measures.compute(second, "stop_search_count"))
        == 1
    )


def test_only_periods_that_end_in_one_month_are_yearly(tiny):
    counts = measures.compute(tiny, "stop_search_count")
    assert sorted(counts["period_end"].dt.year.unique()) == [2011, 2021, 2022]
    frame = measures.compute(tiny, "victim_based_crime_count")
    assert measures.yearly(frame)["period_end"].nunique() == 1


@pytest.mark.parametrize(
    ("end", "stock", "expected"),
    [
        ("2023-03-31", False, "2022-06-30"),
        ("2023-06-30", False, "2022-06-30"),
        ("2023-09-30", False, "2022-06-30"),
        ("2023-11-30", False, "2022-06-30"),
        ("2023-12-31", False, "2023-06-30"),
        ("2016-12-31", False, "2016-06-30"),
        ("2023-03-31", True, "2022-06-30"),
        ("2022-06-30", True, "2022-06-30"),
        ("2022-05-31", True, "2021-06-30"),
    ],
)
def test_the_population_is_that_of_the_last_thirtieth_of_june_by_the_middle_of_the_year(end, stock, expected):
    found = measures.mid_year(pd.Series(pd.to_datetime([end])), stock=stock)
    assert found.tolist() == [pd.Timestamp(expected)]


@given(
    counts=st.lists(st.integers(min_value=0, max_value=10**6), min_size=4, max_size=12),
    gap=st.integers(min_value=0, max_value=11),
)
def test_a_rolling_year_is_right_or_missing_whatever_quarter_is_absent(counts, gap):
    ends = pd.date_range("2020-03-31", periods=len(counts), freq="QE")
    totals = pd.DataFrame(
        {"force_code": MET, "period_end": ends, "amount": [float(count) for count in counts]}
    )
    rolled = _compute._rolled(totals.drop(index=[gap]) if gap < len(counts) else totals, "quarter")
    found = dict(zip(rolled["period_end"], rolled["amount"], strict=True))
    for place, end in enumerate(ends):
        window = range(place - 3, place + 1)
        whole = place >= 3 and gap not in window
        assert (end in found) == whole
        if whole:
            assert found[end] == sum(counts[i] for i in window)


def named(catalogue, measure_id):
    registry = measures.registry()
    return [
        measures.breakdown_name(dimension)
        for dimension in measures.dimensions(catalogue, registry[measure_id])
    ]


def test_a_measure_is_published_at_the_categories_its_table_has_and_no_others(tiny):
    assert named(tiny, "victim_based_crime_count") == [
        "",
        "offence_group=Robbery",
        "offence_group=Theft offences",
        "offence_group=Drug offences",
    ]
    assert named(tiny, "stop_search_change") == ["years=1", "years=5", "years=10"]
    assert named(tiny, "find_rate") == [""], "a table that is not here has no categories"


def test_what_a_measure_needs_is_said_in_a_sentence_whatever_its_name_is(tiny):
    for measure in measures.registry().values():
        said = _compute._no_table(tiny, measure)
        assert said.startswith(f"The measure “{measure.label}” needs data that is not in this book: "), said


def test_a_breakdown_over_years_looks_back_each_number_of_years(tiny):
    frame = broken_down(tiny, "stop_search_change", "years")
    assert set(frame["years"]) == {1, 10}


def test_measures_worked_out_before_serve_every_catalogue_of_the_same_bytes_and_no_other(
    data_copy, monkeypatch
):
    from peelbook.errors import UndeclaredReadError
    from peelbook.measures import _compute

    monkeypatch.setattr(_compute, "_PRECOMPUTED", {})
    plain = measures.compute(Catalogue(data_copy), "stop_search_rate")
    assert measures.precompute(Catalogue(data_copy), {"disparity_ratio": ("ethnicity",)}) > 40

    def never(*args):
        raise AssertionError("it was worked out again")

    with monkeypatch.context() as patch:
        patch.setattr(_compute, "_frame", never)
        again = Catalogue(data_copy)
        frame = measures.compute(again, "stop_search_rate")
        assert len(measures.compute(again, "disparity_ratio", ethnicity="Black")), "a breakdown asked for"
        pd.testing.assert_frame_equal(frame, plain)
        assert frame.attrs == plain.attrs
        assert {"stop_search", "population"} <= again.reads, "what it was made of counts as read"
        with pytest.raises(UndeclaredReadError):
            measures.compute(Catalogue(data_copy, declared={"population"}), "stop_search_rate")

    table = data_copy / "population.csv"
    table.write_text(table.read_text().replace("8855333", "8855334"))
    other = measures.compute(Catalogue(data_copy), "stop_search_rate")
    assert not other.equals(plain), "other bytes are worked out anew"


def cut(tables, codes):
    """Recorded crime of these forces with one of the five victim-based groups only, as in a file that was cut."""
    rows = tables["recorded_crime"].query("force_code == @MET and offence_group == 'Theft offences'")
    parts = [rows.assign(force_code=code) for code in codes]
    return {**tables, "recorded_crime": pd.concat(parts, ignore_index=True)}


def test_a_sum_of_which_a_group_has_no_row_is_missing_with_the_reason(tiny_catalogue, tables):
    codes = Catalogue().forces.codes
    catalogue = tiny_catalogue(cut(tables, codes))
    for measure in ("victim_based_crime_count", "victim_based_crime_rate"):
        assert measures.compute(catalogue, measure).empty
        found = measures.at(catalogue, measure, MET, "2022-03-31")
        assert not found
        assert (
            "has no row of Violence against the person, Sexual offences, Robbery and Criminal" in found.reason
        )
        assert "too low" in found.reason
    theft = measures.at(
        catalogue, "victim_based_crime_count", MET, "2022-03-31", offence_group="Theft offences"
    )
    assert theft.value == 120


def test_an_area_without_a_robbery_has_its_sum(tiny_catalogue, tables):
    catalogue = tiny_catalogue(cut(tables, [MET]))
    assert measures.at(catalogue, "victim_based_crime_count", MET, "2022-03-31").value == 120
