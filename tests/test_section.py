"""What a section notebook says and draws, for the reference force and for forces with holes."""

import re

import pytest

from peelbook import open_section
from peelbook.errors import ParameterError, UndeclaredReadError, UnknownForceError, UnknownSectionError
from peelbook.figures._chart import Chart


@pytest.fixture(scope="module")
def powers():
    return open_section("police_powers", period="2023-03-31")


@pytest.fixture(scope="module")
def crime():
    return open_section("investigating_crime", period="2023-03-31")


def test_bad_parameters_are_named_with_the_fix():
    with pytest.raises(UnknownSectionError, match="police_powers"):
        open_section("police_power")
    with pytest.raises(UnknownForceError, match="peelbook list forces"):
        open_section("police_powers", force="atlantis")
    with pytest.raises(ParameterError, match="YYYY-MM-DD"):
        open_section("police_powers", period="March 2023")


def test_the_opening_names_the_force_its_grade_and_the_year(powers):
    assert powers.opening().text == (
        "This page is about the Metropolitan Police Service. HMICFRS graded this area “adequate” in 2023–25. "
        "Most figures are for the year ending 31 March 2023."
    )


def test_a_grade_stands_in_quotation_marks_in_sentences_and_alt_text():
    summary = open_section("overall_summary", period="2023-03-31")
    assert "five “requires improvement”" in summary.judgments().alt
    workforce = open_section("workforce", period="2023-03-31").opening().text
    assert "graded this area “requires improvement” in 2023–25." in workforce


def test_the_stop_and_search_rate_is_the_one_the_report_printed(powers):
    headline = powers.headlines("stop_search_rate").text
    assert headline.startswith("19.8 – Stop and searches per 1,000 population, year ending 31 March 2023.")
    assert "England and Wales 8.6" in headline
    chart = powers.ski_slope("stop_search_rate", printed="police_powers.stop_search_rate.force")
    assert chart.basis == "computed and as printed"
    assert "As printed in the report: 19.8" in chart.alt
    assert chart.id == "police_powers.stop_search_rate"


def test_a_measure_whose_year_is_not_there_takes_the_last_year_before(powers):
    assert "year ending 31 March 2020" in powers.headlines("use_of_force_rate").text


def test_a_year_the_force_did_not_supply_is_a_gap_with_its_reason(crime):
    chart = crime.charge_trend()
    assert "January to March 2015" in chart.alt
    assert chart.data.dropna(subset=["value"])["period_end"].min().year == 2016


def test_a_printed_claim_that_no_report_has_is_an_error_and_not_a_chart_without_its_mark(powers):
    with pytest.raises(ParameterError, match=r"did you mean 'police_powers\.stop_search_rate\.force'"):
        powers.ski_slope("stop_search_rate", printed="police_powers.stop_search_rate.forc")
    with pytest.raises(ParameterError, match=r"take the claim_id from claims\.csv"):
        powers.ski_slope("stop_search_rate", printed="???")


def test_a_table_that_the_section_forgot_to_declare_is_never_called_missing():
    """Its notebook is not given the file, so the page would say that the book has no such data."""
    book = open_section("police_powers", force="kent", period="2023-03-31")
    with pytest.raises(UndeclaredReadError, match="add 'workforce'"):
        book.ski_slope("officers_rate")
    with pytest.raises(UndeclaredReadError, match="add 'workforce'"):
        book.headlines("officers_rate")


def test_the_charge_trend_marks_the_three_printed_rates(crime):
    chart = crime.charge_trend()
    assert chart.basis == "computed and as printed"
    for rate in ("3.1%", "5.5%", "9.7%"):
        assert any(rate in cell for row in chart.table()["rows"] for cell in row), rate


def test_the_disparity_ratio_fits_the_census_and_the_printed_value(powers):
    table = powers.disparity().data.set_index("group")
    assert round(table.loc["Black", "value"], 1) == 2.9
    assert round(table.loc["Black", "comparator_value"], 1) == 4.1
    assert table.loc["Black", "lower"] < table.loc["Black", "value"] < table.loc["Black", "upper"]


def test_the_printed_margin_on_reasonable_grounds_is_a_wald_interval_of_265_records(powers):
    chart = powers.reasonable_grounds()
    assert chart.data["numerator"].tolist() == [265, 265]
    assert any("gives the margin printed" in note for note in chart.notes)
    low, high = chart.data.iloc[1][["lower", "upper"]]
    assert (round(low, 3), round(high, 3)) == (0.914, 0.967)


def test_figure_4_holds_every_printed_outcome(crime):
    table = crime.outcomes().data
    assert len(table) == 12
    assert crime.outcomes().basis == "as printed"
    assert table["value"].iloc[0] == pytest.approx(0.031)
    assert table["comparator_value"].iloc[0] == pytest.approx(0.055)


@pytest.mark.parametrize("chart", ["figure_1", "figure_2"])
def test_figures_without_open_data_are_labelled_as_printed(chart):
    drawn = open_section("preventing_crime").printed(chart)
    assert drawn.basis == "as printed"
    assert set(drawn.data["focus"]) == {True, False}


def test_every_printed_chart_rests_on_claims_that_exist():
    from peelbook.section import _printed_charts

    for name, spec in _printed_charts().items():
        section = open_section(spec["section"])
        wanted = [claim for _, claim in (*spec["focus"], *spec["other"])]
        assert set(wanted) <= set(section._claims.index), name
        assert isinstance(section.printed(name), Chart)


@pytest.mark.parametrize("force", ["kent", "dyfed-powys", "city-of-london"])
def test_another_force_never_shows_the_mets_printed_values(force):
    section = open_section("preventing_crime", force=force)
    note = section.printed("figure_1")
    assert not isinstance(note, Chart)
    assert "only a PEEL report prints this" in note.text
    assert not re.search(r"26\.9|Met\b|Metropolitan", note.text)
    assert f"peelbook claims new --force {force}" in section.claims().text


def test_greater_manchesters_missing_year_is_missing_and_not_zero():
    section = open_section("investigating_crime", force="greater-manchester", period="2020-03-31")
    text = section.narrative("charge_rate").text
    assert "There is no figure for Greater Manchester Police" in text
    assert "Not available" in section.headlines("charge_rate").text
    assert " 0" not in section.headlines("charge_rate").text.split("–")[0]


def test_a_section_says_which_publication_would_fill_its_holes():
    text = open_section("responding_to_the_public").missing("emergency_calls_in_10_seconds_share").text
    assert "999 call answering times (BT)" in text


def test_panels_of_victim_based_crime_are_its_own_offence_groups():
    section = open_section("victim_service", period="2023-03-31")
    panels = section.small_multiples("victim_based_crime_rate", by="offence_group").data["panel"].unique()
    assert "Drug offences" not in panels
    assert len(panels) == 5


def test_a_headline_counts_the_place_from_the_nearer_end():
    low = open_section("workforce", force="city-of-london", period="2023-03-31")
    assert low.headlines("officers_headcount").text.endswith("Lowest of 43.")
    high = open_section("workforce", period="2023-03-31")
    assert high.headlines("officers_headcount").text.endswith("Highest of 43.")
    middle = open_section("workforce", force="warwickshire", period="2023-03-31")
    assert re.search(r"\d(st|nd|rd|th) lowest of 43\.$", middle.headlines("officers_headcount").text)


def test_a_headline_for_each_resident_of_the_city_of_london_says_that_it_is_not_comparable():
    said = "Few residents, many workers and visitors: not comparable with other forces."
    wanted = ("stop_search_rate", "disparity_ratio", "ethnicity_not_recorded_share", "use_of_force_rate")
    city = open_section("police_powers", force="city-of-london", period="2023-03-31")
    lines = city.headlines(*wanted).text.splitlines()
    assert [said in line for line in lines] == [True, True, False, True]
    kent = open_section("police_powers", force="kent", period="2023-03-31")
    assert said not in kent.headlines(*wanted).text


@pytest.mark.parametrize(
    ("stem", "measure_id", "dimension"),
    [
        ("workforce", "officers_headcount", {}),
        ("workforce", "supervisors_per_constable", {}),
        ("offenders_and_suspects", "charged_count", {}),
        ("responding_to_the_public", "crimes_per_officer", {}),
        ("police_powers", "disparity_ratio", {"ethnicity": "Black"}),
    ],
)
def test_a_number_or_a_ratio_is_not_said_to_lack_a_year(stem, measure_id, dimension):
    text = open_section(stem, force="kent", period="2023-03-31").narrative(measure_id, **dimension).text
    assert "cannot be calculated" not in text
    assert "trend" not in text
    assert ("Between" in text) == (measure_id != "disparity_ratio")


def test_a_narrative_tests_the_change_since_the_year_before_among_all_forces():
    section = open_section("police_powers", force="kent", period="2023-03-31")
    text = section.narrative("stop_search_rate").text
    assert "rose from 6.5 to 6.8" in text
    assert "The rise is within the usual yearly ups and downs, and about what other forces saw." in text
    staff = open_section("overall_summary", force="kent", period="2023-03-31").narrative("officers_rate").text
    assert "rose from 2.13 to 2.24" in staff
    assert "ups and downs" not in staff
    assert "rose in each of the four years to 31 March 2023." in staff


def test_the_trend_is_the_one_up_to_the_year_that_the_sentence_names():
    section = open_section("police_powers", force="kent", period="2018-03-31")
    text = section.narrative("stop_search_rate").text
    assert "Over the five years to 31 March 2018, the rate for Kent Police shows" in text


def test_charges_of_unequal_follow_up_are_said_to_be_so_in_sentences_and_on_charts(crime):
    said = "Earlier years have had longer for charges to be added than later ones"
    assert said in crime.narrative("charge_rate").text
    for chart in (crime.charge_trend(), crime.small_multiples("charge_rate", by="offence_group")):
        assert any(note.startswith(said) for note in chart.notes)
    assert not any(note.startswith(said) for note in crime.ski_slope("charge_rate").notes)


def test_a_missing_year_of_a_trend_is_named():
    section = open_section("investigating_crime", force="greater-manchester", period="2023-03-31")
    assert (
        "because there is no figure for the year ending 31 March 2020."
        in section.narrative("charge_rate").text
    )
