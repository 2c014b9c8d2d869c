"""Sentences: grammar, missing years, small numbers, and what they must never say."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from peelbook import compare, measures, narrative, stats
from peelbook.measures import Missing, Value

DAY = "2023-03-31"
#: A figure does not have a cause, and a page does not praise or blame.
FORBIDDEN = re.compile(
    r"\b(because of|due to|caused?|led to|thanks to|good|bad|poor|better|worse|best|worst|fail(?:ed|ing)?|success\w*|"
    r"improve\w*|deteriorat\w*|concern\w*|unfortunately|only)\b",
    re.IGNORECASE,
)
FIVE = ("metropolitan", "kent", "greater-manchester", "city-of-london", "dyfed-powys")


@pytest.fixture(scope="module")
def forces(catalogue):
    return catalogue.forces


def peers(catalogue, measure_id, force, day=DAY, **dimension):
    frame = measures.compute(catalogue, measure_id, **dimension)
    return compare.against_peers(frame, force.code, day)


def made(force, value, numerator=None, denominator=None, **changes):
    """A comparison with the figures a test needs and nothing else."""
    base = {
        "force_code": force.code,
        "period_end": pd.Timestamp(DAY),
        "measure_id": "",
        "dimension": {},
        "averages": compare.Averages(6.6, 8.6, 42, 3.0),
        "n": 43,
    }
    return compare.Comparison(
        value=value, numerator=numerator, denominator=denominator, **{**base, **changes}
    )


# --- level -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "text"),
    [
        (
            "metropolitan",
            "In the year ending 31 March 2023, the Metropolitan Police Service made 19.8 stop and searches per 1,000 population.",
        ),
        (
            "kent",
            "In the year ending 31 March 2023, Kent Police made 6.8 stop and searches per 1,000 population.",
        ),
        (
            "city-of-london",
            "In the year ending 31 March 2023, the City of London Police made 197.0 stop and searches per 1,000 population.",
        ),
    ],
)
def test_the_level_names_period_force_and_figure(catalogue, forces, slug, text):
    assert (
        narrative.level(peers(catalogue, "stop_search_rate", forces[slug]), "stop_search_rate", forces[slug])
        == text
    )


def test_a_zero_count_is_said_in_words(forces):
    kent = forces["kent"]
    assert narrative.level(made(kent, 0.0, 0.0), "stop_search_count", kent) == (
        "In the year ending 31 March 2023, Kent Police made no stop and searches."
    )
    assert narrative.level(made(kent, 0.0, 0.0, 50_000.0), "stop_search_rate", kent).endswith(
        "0.0 stop and searches per 1,000 population; the count was zero."
    )


def test_one_is_singular(forces):
    text = narrative.level(made(forces["kent"], 1.0, 1.0), "stop_search_count", forces["kent"])
    assert text.endswith("made 1 stop and search.")


@pytest.mark.parametrize(
    ("measure_id", "dimension", "day", "part"),
    [
        (
            "charge_rate",
            {"offence_group": "Robbery"},
            DAY,
            "Of the robbery offences Kent Police recorded in the year ending 31 March 2023, ",
        ),
        (
            "charge_rate",
            {},
            DAY,
            "Of the victim-based offences Kent Police recorded in the year ending 31 March 2023, 6.6% had been "
            "charged or summonsed by July 2026.",
        ),
        (
            "charged_count",
            {},
            DAY,
            "By July 2026, Kent Police had charged or summonsed a suspect for 10,011 victim-based offences recorded "
            "in the year ending 31 March 2023.",
        ),
        ("officers_rate", {}, DAY, "On 31 March 2023, Kent Police had"),
        (
            "ethnic_minority_share",
            {},
            "2021-03-21",
            "At the 2021 Census, people from ethnic minority backgrounds were",
        ),
        (
            "population_count",
            {},
            "2022-06-30",
            "In mid-2022, the area policed by Kent Police had 1,875,893 residents.",
        ),
        (
            "victim_based_crime_count",
            {"offence_group": "Robbery"},
            DAY,
            "Kent Police had 1,261 recorded offences in the group “Robbery”.",
        ),
        (
            "officers_headcount",
            {"rank": "Sergeant", "sex": "Female"},
            DAY,
            "police officers at the rank of sergeant who were women.",
        ),
        (
            "female_officers_share",
            {"rank": "Sergeant"},
            DAY,
            "of the police officers at the rank of sergeant in Kent Police.",
        ),
        (
            "police_grant_per_officer",
            {},
            "2026-03-31",
            "was granted £58,879 for each full-time equivalent officer in post when the year began.",
        ),
        (
            "stop_search_ethnicity_rate",
            {"ethnicity": "Mixed"},
            DAY,
            "stop and searches of people with Mixed ethnicity for each 1,000 in the population.",
        ),
    ],
)
def test_breakdowns_and_units_read_as_english(catalogue, forces, measure_id, dimension, day, part):
    kent = forces["kent"]
    assert part in narrative.level(peers(catalogue, measure_id, kent, day, **dimension), measure_id, kent)


def test_a_change_names_both_ends(catalogue, forces):
    kent = forces["kent"]
    assert narrative.level(peers(catalogue, "headcount_change", kent, years=5), "headcount_change", kent) == (
        "Between 31 March 2018 and 31 March 2023, the number of police officers in Kent Police rose by 28.0%, "
        "from 3,328 to 4,261."
    )
    fall = made(kent, -0.25, -25.0, 100.0)
    assert narrative.level(fall, "stop_search_change", kent) == (
        "Between the year ending 31 March 2022 and the year ending 31 March 2023, the number of stop and searches "
        "by Kent Police fell by 25.0%, from 100 to 75."
    )
    assert "did not change: it was 100 at both ends" in narrative.level(
        made(kent, 0.0, 0.0, 100.0), "stop_search_change", kent
    )
    assert narrative.level(made(kent, 0.1), "stop_search_change", kent).startswith(
        "There is no figure for Kent Police"
    )


def test_england_and_wales_can_be_the_subject(catalogue):
    nation = measures.at(catalogue, "stop_search_rate", "K04000001", DAY)
    assert narrative.level(nation, "stop_search_rate", narrative.ENGLAND_AND_WALES) == (
        "In the year ending 31 March 2023, England and Wales made 8.6 stop and searches per 1,000 population."
    )


# --- missing -----------------------------------------------------------------------------------------


def test_a_missing_year_is_said_with_its_reason(catalogue, forces):
    gmp = forces["greater-manchester"]
    gone = measures.at(catalogue, "charge_rate", gmp.code, "2020-03-31")
    text = narrative.missing(gone, "charge_rate", gmp)
    assert text.startswith(
        "There is no figure for Greater Manchester Police for the year ending 31 March 2020: charge rate of "
        "victim-based crime."
    )
    assert "July 2019 to March 2020" in text
    assert "0%" not in text


def test_a_comparison_without_a_figure_says_so_and_still_gives_the_average(catalogue, forces):
    gmp = forces["greater-manchester"]
    text = narrative.paragraph(peers(catalogue, "charge_rate", gmp, "2020-03-31"), "charge_rate", gmp)
    assert text.startswith("There is no figure for Greater Manchester Police")
    assert "The mean of forces was" in text
    assert narrative.missing(None, "charge_rate", gmp) == (
        "There is no figure for Greater Manchester Police: charge rate of victim-based crime."
    )


def test_an_empty_comparison_has_no_verdict_no_rank_and_no_flag(forces):
    gone = made(forces["kent"], None)
    for say in (narrative.position, narrative.rank, narrative.small):
        assert say(gone, "stop_search_rate") == ""
    assert narrative.disparity(gone, "disparity_ratio", forces["kent"]).startswith("There is no figure")


# --- averages, verdict, rank -------------------------------------------------------------------------


def test_both_averages_are_named(forces):
    text = narrative.averages(made(forces["kent"], 6.8), "stop_search_rate")
    assert text == "The mean of forces was 6.6, and the rate for England and Wales as a whole was 8.6."
    alone = compare.Averages(6.6, None, 42, 3.0)
    assert narrative.averages(alone, "stop_search_ethnicity_rate_published") == "The mean of forces was 6.6."
    part = compare.Averages(6.6, 8.6, 42, 3.0, pooled_forces=36, whole=False)
    assert narrative.averages(part, "stop_search_rate") == (
        "The mean of forces was 6.6, and the rate for the 36 forces with a figure, taken together, was 8.6."
    )
    change = compare.Averages(0.1, -0.02, 42, 0.1)
    assert narrative.averages(change, "headcount_change") == (
        "The mean change of forces was +10.0%, and the change for England and Wales as a whole was −2.0%."
    )
    assert narrative.averages(alone, "stop_search_count") == ""
    assert narrative.averages(compare.Averages(float("nan"), None, 0, float("nan")), "charge_rate") == ""


@pytest.mark.parametrize(
    ("position", "measure_id", "text"),
    [
        (
            compare.HIGHER,
            "stop_search_rate",
            "The rate is higher than expected: it lies above the 95% limits of chance and the usual variation between forces; about one force in twenty would lie outside them with nothing out of the ordinary.",
        ),
        (
            compare.LOWER,
            "officers_rate",
            "The rate is lower than expected: it lies below the 95% limits of the usual variation between forces; about one force in twenty would lie outside them with nothing out of the ordinary.",
        ),
        (
            compare.WITHIN,
            "charge_rate",
            "The share is within the expected range: chance and the usual variation between forces could explain the difference from the average.",
        ),
    ],
)
def test_the_verdict_speaks_of_the_difference_and_not_of_its_cause(forces, position, measure_id, text):
    assert (
        narrative.position(
            made(forces["kent"], 1.0, funnel_verdict=position, outside_limits="95%"), measure_id
        )
        == text
    )


def test_between_within_and_outside_stands_a_word_of_its_own(forces):
    kent = forces["kent"]
    for z, word in ((1.4, "well above the average"), (-1.4, "well below the average")):
        found = made(kent, 1.0, funnel_verdict=compare.WITHIN, z=z)
        assert narrative.verdict(found, "stop_search_rate") == f"Within the expected range, though {word}."
        assert f"expected range, though {word}: chance" in narrative.position(found, "stop_search_rate")
    assert narrative.verdict(made(kent, 1.0, funnel_verdict=compare.WITHIN, z=0.9), "stop_search_rate") == (
        "Within the expected range."
    )


def test_the_verdict_stands_first_in_a_paragraph(catalogue, forces):
    met = forces["metropolitan"]
    text = narrative.paragraph(peers(catalogue, "stop_search_rate", met), "stop_search_rate", met)
    assert text.startswith("Higher than expected. In the year ending")
    assert "99.8% limits" in text


def test_a_force_left_out_of_the_limits_gets_no_verdict(catalogue, forces):
    city = forces["city-of-london"]
    text = narrative.position(peers(catalogue, "stop_search_rate", city), "stop_search_rate")
    assert "no verdict" in text
    assert "expected" not in text
    assert narrative.position(made(city, 5.0), "stop_search_count") == ""


@pytest.mark.parametrize(
    ("rank", "tied", "text"),
    [
        (1, 1, "the highest of the 43"),
        (3, 1, "the 3rd highest of the 43"),
        (22, 1, "the 22nd highest of the 43"),
        (23, 1, "the 21st lowest of the 43"),
        (42, 1, "the 2nd lowest of the 43"),
        (43, 1, "the lowest of the 43"),
        (5, 3, "the joint 5th highest of the 43"),
        (42, 2, "the joint lowest of the 43"),
    ],
)
def test_a_place_is_counted_from_the_nearer_end(forces, rank, tied, text):
    said = narrative.rank(made(forces["kent"], 1.0, rank=rank, tied=tied), "stop_search_rate")
    assert said == f"It was {text} forces with a figure."


def test_a_place_has_its_interval_where_chance_could_move_it(forces):
    found = made(forces["kent"], 1.0, rank=14, rank_interval=(11, 18))
    lead = "Allowing for chance and the usual yearly ups and downs, the 95% interval of its place"
    assert narrative.rank(found, "charge_rate").endswith(f"{lead} runs from 11th to 18th highest.")
    low = made(forces["kent"], 1.0, rank=31, rank_interval=(14, 41))
    assert narrative.rank(low, "charge_rate").endswith(
        f"It was the 13th lowest of the 43 forces with a figure. {lead} runs from 3rd to 30th lowest."
    )
    top = made(forces["kent"], 1.0, rank=2, rank_interval=(1, 9))
    assert narrative.rank(top, "charge_rate").endswith("runs from the highest to the 9th highest.")
    wide = made(forces["kent"], 1.0, rank=2, rank_interval=(1, 43))
    assert narrative.rank(wide, "charge_rate").endswith("holds every place.")
    sure = made(forces["kent"], 1.0, rank=14, rank_interval=(14, 14))
    assert "Allowing" not in narrative.rank(sure, "charge_rate")
    lone = made(forces["kent"], 1.0, rank=1, n=1)
    assert narrative.rank(lone, "charge_rate") == "No other force has a figure to compare this share with."


def test_small_numbers_are_flagged(forces):
    assert "small" in narrative.small(made(forces["kent"], 0.1, 7.0, small=True), "stop_search_rate")
    assert narrative.small(made(forces["kent"], 0.1, 700.0), "stop_search_rate") == ""


def test_city_of_londons_residents_are_caveated_wherever_they_are_a_denominator(forces):
    city, kent = forces["city-of-london"], forces["kent"]
    for found in measures.registry().values():
        said = narrative.caveat(found, city)
        assert bool(said) == (found.resident_population or found.id == "population_count"), found.id
        assert narrative.caveat(found, kent) == ""
    assert narrative.caveat("stop_search_rate", "England and Wales") == ""


# --- disparity, change, trend, samples, grades -------------------------------------------------------


def test_a_disparity_gives_its_interval_and_gives_no_reasons(catalogue, forces):
    met = forces["metropolitan"]
    text = narrative.disparity(
        peers(catalogue, "disparity_ratio", met, ethnicity="Black"), "disparity_ratio", met
    )
    assert (
        "stopped and searched Black people was 2.9 times the rate for White people (95% interval 2.8 to 2.9)."
        in text
    )
    assert text.endswith("The ratio does not show the reasons for a difference.")
    even = made(met, 1.05, interval=stats.Interval(0.9, 1.2), dimension={"ethnicity": "Asian"})
    assert "chance alone could explain the difference from equal rates" in narrative.disparity(
        even, "disparity_ratio", met
    )
    bare = made(met, 1.05, dimension={"ethnicity": "Asian"})
    assert "95% interval" not in narrative.disparity(bare, "disparity_ratio", met)


def value(number, day=DAY, top=None, bottom=None, measure_id="stop_search_rate"):
    return Value(number, top, bottom, pd.Timestamp(day), "E23000032", measure_id)


def test_a_change_between_two_years_says_whether_chance_could_explain_it_among_all_forces(forces):
    kent = forces["kent"]
    ends = value(6.8, DAY, 12_717, 1_875_893), value(6.5, "2022-03-31", 12_100, 1_868_000)
    bare = (
        "Between the year ending 31 March 2022 and the year ending 31 March 2023, the rate for Kent Police rose from "
        "6.5 to 6.8, a change of +4.6%."
    )
    assert narrative.change(*ends, "stop_search_rate", kent) == bare
    large = compare.Change(compare.ROSE, compare.WITHIN, 43)
    assert narrative.change(*ends, "stop_search_rate", kent, large) == (
        f"{bare} The rise is real, and within the range of what other forces saw: chance and the usual yearly ups and "
        "downs would not bring it, with 43 forces compared."
    )
    little = compare.Change(compare.STEADY, None, 43)
    assert narrative.change(*ends, "stop_search_rate", kent, little) == (
        f"{bare} The rise is within the usual yearly ups and downs."
    )
    alone = compare.Change(compare.STEADY, None, 1)
    assert narrative.change(*ends, "stop_search_rate", kent, alone).endswith("usual yearly ups and downs.")


@pytest.mark.parametrize(
    ("direction", "position", "text"),
    [
        (compare.FELL, compare.LOWER, "The fall is real, and larger than in most forces:"),
        (compare.FELL, compare.HIGHER, "The fall is real, and smaller than in most forces:"),
        (compare.STEADY, compare.LOWER, "ups and downs, though larger than in most forces."),
        (compare.STEADY, compare.WITHIN, "ups and downs, and within the range of what other forces saw."),
    ],
)
def test_a_change_beside_other_forces_is_not_a_verdict_on_the_figure(forces, direction, position, text):
    kent = forces["kent"]
    ends = value(6.0, DAY), value(6.8, "2022-03-31")
    said = narrative.change(*ends, "stop_search_rate", kent, compare.Change(direction, position, 43))
    assert text in said
    assert "expected" not in said


@pytest.mark.parametrize(
    ("direction", "position", "text"),
    [
        (
            compare.STEADY,
            compare.LOWER,
            "ups and downs, though unusual beside other forces, most of which saw a rise.",
        ),
        (
            compare.FELL,
            compare.LOWER,
            "The fall is real, though unusual beside other forces, most of which saw a rise:",
        ),
        (compare.STEADY, compare.WITHIN, "ups and downs, and within the range of what other forces saw."),
    ],
)
def test_a_fall_among_rises_is_not_called_a_larger_fall(forces, direction, position, text):
    """Northamptonshire, use of force: a fall of 13.5% where four forces in five rose."""
    ends = value(6.0, DAY), value(6.8, "2022-03-31")
    tested = compare.Change(direction, position, 43, against_most=True)
    assert text in narrative.change(*ends, "stop_search_rate", forces["kent"], tested)


def test_a_change_that_rounds_to_nothing_between_figures_that_do_not_is_less_than_a_tenth(forces):
    kent = forces["kent"]
    share = narrative.change(value(0.03952, DAY), value(0.03948, "2022-03-31"), "charge_rate", kent)
    assert "rose from 3.9% to 4.0%, a change of less than 0.1 percentage points before rounding." in share
    rate = narrative.change(value(66.44, DAY), value(66.46, "2022-03-31"), "stop_search_rate", kent)
    assert "fell from 66.5 to 66.4, a change of less than 0.1%." in rate


def test_no_difference_is_explained_where_the_figure_prints_as_the_mean(forces):
    same, other = (
        made(
            forces["kent"],
            share,
            funnel_verdict=compare.WITHIN,
            averages=compare.Averages(0.0663, 0.06, 42, 0.01),
        )
        for share in (0.0661, 0.0671)
    )
    assert narrative.reason(same, "charge_rate") == ""
    assert "could explain the difference" in narrative.reason(other, "charge_rate")


def test_a_change_of_a_share_is_in_percentage_points(forces):
    later, earlier = value(0.04, DAY, 40, 1000), value(0.06, "2022-03-31", 60, 1000)
    text = narrative.change(later, earlier, "charge_rate", forces["kent"])
    assert "fell from 6.0% to 4.0%, a change of −2.0 percentage points." in text
    rise = narrative.change(earlier, later, "charge_rate", forces["kent"])
    assert "rose from 4.0% to 6.0%, a change of +2.0 percentage points." in rise
    uneven = narrative.change(
        value(0.06649, DAY), value(0.05995, "2022-03-31"), "charge_rate", forces["kent"]
    )
    assert "rose from 6.0% to 6.6%, a change of +0.7 percentage points before rounding." in uneven
    none = narrative.change(
        value(0.0664, DAY),
        value(0.0661, "2022-03-31"),
        "charge_rate",
        forces["kent"],
        compare.Change(compare.ROSE, compare.WITHIN, 43),
    )
    assert none.endswith("hardly changed: both figures round to 6.6%."), "6.61% and 6.64% are not the same"


def test_a_change_of_a_complete_count_or_from_zero_has_no_chance_and_no_percentage(forces):
    kent = forces["kent"]
    staff = narrative.change(
        value(0.3, DAY, 30, 100), value(0.2, "2022-03-31", 20, 100), "female_officers_share", kent
    )
    assert "chance" not in staff
    risen = narrative.change(value(5.0), value(0.0, "2022-03-31"), "stop_search_count", kent)
    assert risen.endswith("the number for Kent Police rose from 0 to 5.")
    same = narrative.change(value(5.0), value(5.0, "2022-03-31"), "stop_search_count", kent)
    assert same.endswith("the number for Kent Police did not change (5).")


def test_a_change_with_a_missing_end_says_which(forces):
    kent = forces["kent"]
    gone = Missing("not supplied", pd.Timestamp("2022-03-31"), kent.code, "charge_rate")
    for text in (
        narrative.change(value(0.1), gone, "charge_rate", kent),
        narrative.change(gone, value(0.1), "charge_rate", kent),
    ):
        assert "year ending 31 March 2022" in text
        assert text.endswith("Not supplied.")


@pytest.mark.parametrize(
    ("direction", "part"),
    [
        (
            stats.INCREASING,
            "the rate for the Metropolitan Police Service shows an increasing trend, beyond the usual yearly ups and downs.",
        ),
        (stats.DECREASING, "shows a decreasing trend, beyond the usual yearly ups and downs."),
        (stats.NO_CHANGE, "shows no trend beyond the usual yearly ups and downs."),
        (stats.UNKNOWN, "cannot be calculated, because a year has no figure."),
    ],
)
def test_the_trend_is_one_of_four_sentences(forces, direction, part):
    recent = stats.Trend(direction, 0.0, 0.0, 1.0, 5, False)
    text = narrative.trend(recent, "stop_search_rate", forces["metropolitan"], DAY)
    assert text.startswith("Over the five years to 31 March 2023, the")
    assert text.endswith(part)


def test_a_trend_that_cannot_be_calculated_names_the_missing_year(forces):
    unknown = stats.Trend(stats.UNKNOWN, 0.0, 0.0, 1.0, 5, False)
    gmp = forces["greater-manchester"]
    one = narrative.trend(unknown, "charge_rate", gmp, DAY, [pd.Timestamp("2020-03-31")])
    assert one.endswith("cannot be calculated, because there is no figure for the year ending 31 March 2020.")
    two = narrative.trend(unknown, "charge_rate", gmp, DAY, ["2019-03-31", "2020-03-31"])
    assert "for the year ending 31 March 2019 and the year ending 31 March 2020." in two
    none = narrative.trend(unknown, "charge_rate", gmp, DAY, [])
    assert none.endswith("because a year has more cases than it has to divide them by.")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1.0, 2, 3, 4, 5], "rose in each of the four years to 31 March 2023."),
        ([5.0, 4, 3, 2, 1], "fell in each of the four years to 31 March 2023."),
        ([1.0, 2, 3, 4, 4], "rose in three and did not change in one of the four years to 31 March 2023."),
        ([2.0, 2, 2, 2, 2], "did not change in any of the four years to 31 March 2023."),
        (
            [1.0, 2, 3, 4, 3],
            "rose in three and fell in one of the four years to 31 March 2023. It is down on the year, but up over five "
            "years.",
        ),
    ],
)
def test_of_complete_counts_the_years_are_told(forces, values, text):
    dyfed = forces["dyfed-powys"]
    said = narrative.trend(stats.described(values), "officers_rate", dyfed, DAY)
    assert said == f"The rate for Dyfed-Powys Police {text}"


def test_a_year_against_the_five_is_said_where_there_is_a_trend(forces):
    def said(values, direction):
        recent = replace(stats.trend("rate", values, [1e6] * 5, scale=1000), direction=direction)
        return narrative.trend(recent, "stop_search_rate", forces["kent"], DAY)

    turned = [9000, 7000, 6000, 5000, 5500]
    assert said(turned, stats.DECREASING).endswith("It is up on the year, but down over five years.")
    # Cumbria, charges: "hardly changed: both figures round to 10.0%", and "up on the year".
    slightly = stats.trend("proportion", [1200, 1150, 1100, 996, 1004], [1e4] * 5)
    slightly = replace(slightly, direction=stats.DECREASING)
    assert slightly.last_step > 0 > slightly.overall
    assert "on the year" not in narrative.trend(slightly, "charge_rate", forces["kent"], DAY)
    assert "on the year" not in said(turned, stats.NO_CHANGE), "it would call a trend all the same"
    assert "on the year" not in said([9000, 7000, 6000, 5000, 5010], stats.DECREASING)


def test_a_figure_without_peers_names_the_last_year_that_has_them(catalogue, forces):
    """Norfolk's own newer year is not compared with itself."""
    norfolk = forces["norfolk"]
    frame = measures.compute(catalogue, "use_of_force_rate")
    newest = frame[(frame["force_code"] == norfolk.code) & (frame["period_end"] == "2020-03-31")]
    newer = newest.assign(period_end=pd.Timestamp("2023-03-31"), value=9.0)
    both = pd.concat([frame, newer], ignore_index=True)
    both.attrs = frame.attrs
    found = compare.against_peers(both, norfolk.code, "2023-03-31")
    text = narrative.paragraph(found, "use_of_force_rate", norfolk)
    assert "recorded 9.0 use of force incidents" in text
    assert "No other forces have a figure for the year ending 31 March 2023" in text
    before = compare.against_peers(frame, norfolk.code, "2020-03-31")
    assert text.endswith(
        "The last period to compare is the year ending 31 March 2020. "
        + narrative.paragraph(before, "use_of_force_rate", norfolk)
    )
    assert "9.0, and the rate for England and Wales" not in text


def test_a_kind_that_the_trend_rule_does_not_cover_has_no_trend_sentence(forces):
    unknown = stats.Trend(stats.UNKNOWN, 0.0, 0.0, 1.0, 5, False)
    for measure_id in ("officers_headcount", "crimes_per_officer", "disparity_ratio", "headcount_change"):
        assert narrative.trend(unknown, measure_id, forces["kent"], DAY, []) == "", measure_id


def test_charges_of_different_years_are_said_not_to_be_followed_for_equal_times():
    for measure_id in ("charge_rate", "charge_rate_all_crime", "charged_count"):
        assert narrative.over_time(measure_id).startswith("Earlier years have had longer")
    assert narrative.over_time("stop_search_rate") == ""


# --- for every force ---------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", FIVE)
def test_paragraphs_of_every_measure_are_clean_english(catalogue, forces, slug):
    force = forces[slug]
    for found in measures.registry().values():
        if found.kind == "grade" or found.areas or not all(catalogue.has(table) for table in found.tables):
            continue
        frame = measures.compute(catalogue, found.id)
        if frame.empty:
            continue  # its table is here, and no force has a figure in it
        counts = frame["period_end"].value_counts()
        day = counts[counts >= counts.max() / 2].index.max()
        text = narrative.paragraph(compare.against_peers(frame, force.code, day), found, force)
        assert text == narrative.paragraph(compare.against_peers(frame, force.code, day), found, force)
        assert not FORBIDDEN.search(text), (found.id, FORBIDDEN.search(text))
        assert not re.search(r"\{|\}|nan|None|  |\.\.|<NA>|\bthe the\b|, ,", text), (found.id, text)
        assert not re.search(r"\d-\d|\s-\d", text), (found.id, text)
        assert text[0].isupper()
        assert text.endswith(".")
        for part in re.split(r"(?<=\.) ", text):
            assert part[0].isupper(), (found.id, part)
        assert force.full_name in text or force.full_name[0].upper() + force.full_name[1:] in text


def test_every_force_is_named_with_its_article_and_no_other(catalogue, forces):
    for force in forces:
        text = narrative.level(peers(catalogue, "stop_search_count", force), "stop_search_count", force)
        assert f", {force.full_name} made" in text
        assert ("the " + force.name in text) == (force.article == "the")


@pytest.mark.parametrize(
    ("last", "says"),
    [
        (
            [100, 100, 100, 100],
            "None of the last four quarters, to 30 June 2023, is a signal: they lie where",
        ),
        ([400, 100, 100, 100], "One of the last four quarters, to 30 June 2023, is a signal, above the mean"),
        ([400, 400, 100, 1], "are signals, two above the mean of the baseline and one below."),
        ([1, 1, 1, 1], "All of the last four quarters, to 30 June 2023, are signals, all below the mean"),
        (
            [None, None, None, 400],
            "The last quarter, to 30 June 2023, is a signal, above the mean of the baseline.",
        ),
        ([None, None, None, 100], "The last quarter, to 30 June 2023, is no signal: it lies where the ups"),
    ],
)
def test_what_a_process_chart_says_of_its_last_quarters(last, says):
    from peelbook import xmr

    values = [95.0, 105.0] * 10 + [float("nan") if value is None else float(value) for value in last]
    days = pd.date_range("2017-09-30", periods=24, freq=pd.offsets.MonthEnd(3))
    found = xmr.behaviour(values, slice(0, 20))
    assert says in narrative.process(found, list(days), 4, "quarter")
    assert (
        narrative.process(xmr.behaviour(values[:20] + [float("nan")] * 4, slice(0, 20)), list(days), 4, "q")
        == ""
    )


def in_full(**cells):
    row = {
        "ethnicity": "Black", "group_rate": 14.3, "reference_rate": 5.5, "value": 2.6, "difference": 8.8,
        "difference_low": 7.9, "difference_high": 9.9, "difference_mid_year": 8.5, "difference_newest": 8.54, "unrecorded": 0.244,
        "ratio_least": 1.9, "ratio_most": 14.1,
    }  # fmt: skip
    return pd.DataFrame([row | cells])


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({}, "made 14.3 searches of Black people, beside 5.5 of White people."),
        ({}, "largest for Black people: 8.8 more for each 1,000 (95% interval 7.9 to 9.9)."),
        (
            {},
            "Were all of these of White people, the ratio for Black people would be 1.9; were all of them of Black",
        ),
        ({}, "cannot account for all of the difference."),
        ({"ratio_least": 0.9}, "could turn the difference round."),
        ({}, "were 2.6 times as many as it counted. With all groups grown alike"),
        ({"difference_mid_year": 8.8, "difference_newest": 8.8}, "were 2.6 times as many as it counted."),
        ({}, "the difference would be 8.5 for each 1,000, and the ratio the same."),
        ({"difference_newest": float("nan")}, "would be 8.5 for each 1,000, and the ratio the same."),
        (
            {"difference_newest": 8.1},
            "would be 8.5 for each 1,000 (8.1 by the newest estimate of residents), and the ratio the same.",
        ),
        ({"difference_mid_year": 8.8, "difference_newest": 8.1}, "8.8 for each 1,000 (8.1 by the newest"),
        ({"value": 0.5}, "were 0.5 times as many as it counted."),
        ({"ethnicity": "Mixed"}, "14.3 searches of people of mixed ethnicity"),
        (
            {
                "value": 0.5,
                "difference": -3.0,
                "difference_low": -3.5,
                "difference_high": -2.5,
                "ratio_most": 0.8,
            },
            "3.0 fewer for each 1,000 (95% interval 2.5 to 3.5).",
        ),
        ({"value": 0.5, "difference": -3.0, "difference_high": -2.5, "ratio_most": 1.2}, "could turn"),
        ({"difference_low": -0.5}, "within what chance alone could do for every group."),
    ],
)
def test_a_disparity_in_full_says_what_it_rests_on(forces, cells, says):
    assert says in narrative.disparity_in_full(in_full(**cells), forces["kent"])


def test_a_disparity_in_full_says_nothing_of_what_is_not_known(forces):
    said = narrative.disparity_in_full(in_full(unrecorded=float("nan"), value=1.0), forces["kent"])
    assert "recorded" not in said and "Census" not in said
