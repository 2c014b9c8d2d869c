"""Verdicts: what is reproduced, consistent, different or not tested, and why."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pandas as pd
import pytest
from claims_helpers import CITY, KENT, MET, WALES, claim_row
from hypothesis import given
from hypothesis import strategies as st

from peelbook import claims, compare, measures
from peelbook.claims import _calculator, _wording
from peelbook.claims._calculator import MEAN, MEAN_LESS_CITY, POOLED, POOLED_LESS_CITY, Figure, Unavailable
from peelbook.claims._evaluate import untested
from peelbook.claims._expression import parse
from peelbook.claims._read import claim_of
from peelbook.claims._units import UNITS
from peelbook.claims._verdict import OUTSIDE, UNTESTED, WAITING, fit
from peelbook.errors import TableContractError, UndeclaredReadError

YEAR = {"period_end": "2023-03-31"}


def claim(**cells):
    row = claim_row("figure", **cells)
    return claim_of(row)


@pytest.fixture
def verdict_on(make_catalogue, stop_search, population):
    """Return a function that evaluates claims over three forces' searches and populations."""

    def on(*rows, tables=None, **options):
        data = {"stop_search": stop_search, "population": population} if tables is None else tables
        catalogue = make_catalogue(data, *rows, **options)
        return claims.evaluate(catalogue, MET)[-1]

    return on


# --- equality at the printed precision


@pytest.mark.parametrize(
    ("value", "computed", "how"),
    [
        ("19.8", "19.7933", "exactly"),
        ("19.8", "19.7499", ""),
        ("19.8", "19.75", "exactly"),  # half up gives 19.8, half to even too
        ("19.8", "19.85", "exactly"),  # half to even gives 19.8, half up 19.9: both are accepted
        ("0.0", "0.049", "exactly"),
        ("0.0", "0.051", ""),
        ("-0.3", "-0.34", "exactly"),
        ("43", "43", "exactly"),
        ("43", "43.4", "exactly"),
        ("43", "44", ""),
    ],
)
def test_a_figure_fits_when_it_is_equal_at_the_printed_precision(value, computed, how):
    unit = UNITS["times"]
    assert fit(claim(value=value, unit="times"), Figure(Fraction(computed), unit)) == how


@pytest.mark.parametrize(
    ("sense", "value", "decimals", "computed", "fits"),
    [
        ("~", "15000", -3, 14_000, True),
        ("~", "15000", -3, 16_001, False),
        ("~", "18", 0, 17, True),
        ("~", "4.5", 1, Fraction("4.41"), True),
        (">", "50", 0, 50, False),
        (">", "50", 0, 51, True),
        ("<", "70", 0, 70, False),
        ("<", "70", 0, Fraction("69.9"), True),
        (">=", "2", 0, 2, True),
        (">=", "2", 0, 1, False),
        ("<=", "1.0", 1, Fraction("1.04"), True),
        ("<=", "1.0", 1, Fraction("1.06"), False),
    ],
)
def test_words_such_as_around_and_more_than_allow_what_they_say(sense, value, decimals, computed, fits):
    item = claim(value=value, sense=sense, decimals=decimals, unit="times")
    assert fit(item, Figure(Fraction(computed), UNITS["times"])) == ("exactly" if fits else "")


def test_a_range_from_rounded_inputs_that_meets_the_printed_one_fits_within_rounding():
    figure = Figure(Fraction("4.0"), UNITS["times"], Fraction("3.85"), Fraction("4.15"))
    assert fit(claim(value="4.1", unit="times"), figure) == "within rounding"
    assert fit(claim(value="4.3", unit="times"), figure) == ""


def test_a_comparison_has_no_value_to_fit():
    with pytest.raises(ValueError, match="has no value"):
        fit(claim(label="higher"), Figure(Fraction(1)))


exact = st.fractions(min_value=-1000, max_value=1000)


@given(exact, st.integers(-3, 6))
def test_what_rounding_gives_always_fits_and_two_steps_away_never_does(value, decimals):
    printed = _wording.rounded(value, decimals)
    item = claim(value=str(_wording.decimal_text(printed, 20)), decimals=decimals, unit="times")
    step = Fraction(10) ** -decimals
    assert fit(item, Figure(value)) == "exactly"
    assert not fit(item, Figure(value + 2 * step))
    assert not fit(item, Figure(value - 2 * step))


@given(exact, st.integers(-3, 6))
def test_rounding_is_half_away_from_zero_and_symmetric(value, decimals):
    step = Fraction(10) ** -decimals
    rounded = _wording.rounded(value, decimals)
    assert abs(rounded - value) <= step / 2
    assert _wording.rounded(-value, decimals) == -rounded
    assert (rounded / step).denominator == 1


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_rounding_agrees_with_the_decimal_module(top, bottom):
    from decimal import ROUND_HALF_UP, Decimal, localcontext

    with localcontext() as context:
        context.prec = 60
        expected = (Decimal(top) / Decimal(bottom)).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
    assert _wording.rounded(Fraction(top, bottom), 1) == Fraction(expected)


# --- what a printed figure may stand for


def test_a_rounded_figure_carries_its_range_and_a_whole_count_does_not():
    rate = _calculator.printed(claim(value="19.4", unit="percent"))
    assert rate.range == (Fraction("0.1935"), Fraction("0.1945"))
    assert _calculator.printed(claim(value=849474000, unit="gbp")).range[1] - 849474000 == Fraction(1, 2)
    assert _calculator.printed(claim(value=783)).range == (783, 783)
    assert _calculator.printed(claim(value=2017, unit="year")).range == (2017, 2017)


def test_a_standard_is_exact_and_around_is_twice_as_wide():
    assert _calculator.printed(claim(value=2, unit="percent", basis="standard")).range[0] == Fraction(2, 100)
    around = _calculator.printed(claim(value="4.5", unit="gbp_billion", sense="~"))
    assert around.range == (4_400_000_000, 4_600_000_000)


def test_a_figure_that_may_have_been_cut_off_is_at_least_what_is_printed():
    low, high = _calculator.printed(claim(value="4.33", unit="gbp_billion"), cut=True).range
    assert (low, high) == (4_330_000_000, 4_340_000_000)


def test_a_limit_is_not_a_figure_to_compute_with():
    with pytest.raises(Unavailable, match="a limit"):
        _calculator.printed(claim(value=50, sense=">"))


# --- verdicts


def test_a_rate_that_open_data_gives_is_reproduced(verdict_on):
    found = verdict_on(
        claim_row("rate", value="20.0", unit="per_1000", evidence='measure("stop_search_rate")', **YEAR)
    )
    assert (found.verdict, found.computed, found.gap) == ("reproduced", 20, 0)
    assert found.tables == ("stop_search", "population")
    assert found.computed_text == "20.00 per 1,000"


def test_a_figure_that_follows_from_printed_figures_is_consistent(verdict_on):
    found = verdict_on(
        claim_row("orders", value=783),
        claim_row("incidents", value=237940),
        claim_row(
            "ratio",
            value="0.3",
            unit="percent",
            evidence='share(claim("police_powers.orders"), claim("police_powers.incidents"))',
        ),
    )
    assert found.verdict == "consistent"
    assert found.claims == ("police_powers.orders", "police_powers.incidents")
    assert found.computed == Fraction(783 * 100, 237940)


def test_a_printed_count_over_an_open_population_is_consistent_and_names_both(verdict_on):
    found = verdict_on(
        claim_row("count", value=854),
        claim_row(
            "rate",
            value="8.5",
            unit="per_100000",
            evidence='rate(claim("police_powers.count"), measure("population_count", period="2022-06-30"), 100000)',
            **YEAR,
        ),
    )
    assert found.verdict == "consistent"
    assert "open data" in found.reason
    assert set(found.tables) == {"claims", "population"}


def test_a_wrong_figure_differs_with_the_gap_in_its_own_unit(verdict_on):
    found = verdict_on(
        claim_row("rate", value="18.0", unit="per_1000", evidence='measure("stop_search_rate")', **YEAR)
    )
    assert (found.verdict, found.gap) == ("differs", 2)
    assert "2.00 per 1,000 higher than the printed one" in found.reason


def test_without_evidence_a_claim_is_not_testable_and_says_what_would_settle_it(verdict_on):
    found = verdict_on(
        claim_row(
            "audit",
            value=98,
            numerator=98,
            denominator=124,
            basis="HMICFRS audit",
            publication="The audit files",
        )
    )
    assert found.verdict in UNTESTED
    assert "The audit files" in found.reason


def test_a_missing_table_is_named_by_its_publication_and_present_ones_are_not(verdict_on):
    row = claim_row(
        "rate", value="26.9", unit="per_1000", evidence='measure("antisocial_behaviour_rate")', **YEAR
    )
    found = verdict_on(row)
    assert found.verdict in UNTESTED
    assert measures.registry().publications["antisocial_behaviour"] in found.reason
    assert measures.registry().publications["population"] not in found.reason


def test_the_first_evidence_that_can_be_worked_out_decides(verdict_on):
    found = verdict_on(
        claim_row("orders", value=3),
        claim_row(
            "rate",
            value=3,
            unit="count",
            evidence='measure("arrests_count"); claim("police_powers.orders")',
            **YEAR,
        ),
    )
    assert (found.verdict, found.claims) == ("consistent", ("police_powers.orders",))


def test_a_row_that_is_not_filled_in_is_no_claim(make_catalogue):
    empty = claim_row("rate", unit="per_1000", evidence='measure("stop_search_rate")')
    catalogue = make_catalogue({}, claim_row("told", value=5), empty)
    assert [item.claim.claim_id for item in claims.evaluate(catalogue, MET)] == ["police_powers.told"]
    assert claims.not_filled(catalogue, MET) == 1
    assert claims.box(catalogue, MET, "police_powers").text.count("1 printed number on this page") == 1
    page = claims.report_markdown(catalogue)
    assert "holds 1 number or comparison that the report" in page
    assert "1 row is not filled in, and is no claim." in page
    files = claims.files(catalogue)
    assert "police_powers.rate" not in page + "".join(files.values())
    (report,) = json.loads(files["claims.json"])["reports"]
    assert (report["not_filled"], sum(report["totals"].values())) == (1, 1)


def test_a_value_without_a_period_is_a_fault_where_its_evidence_has_one(verdict_on):
    row = claim_row("rate", value="20.0", unit="per_1000", evidence='measure("stop_search_rate")')
    with pytest.raises(TableContractError, match=r"row 2, column 'period_end'.*Fix: give the last day"):
        verdict_on(row)
    named = row | {"evidence": 'measure("stop_search_rate", period="2023-03-31")'}
    assert verdict_on(named).verdict == "reproduced"


def test_a_draft_may_wait_for_its_periods(make_catalogue):
    row = claim_row("rate", value="20.0", unit="per_1000", evidence='measure("stop_search_rate")')
    ledger = claims.of_text(pd.DataFrame([row]).to_csv(index=False))
    (found,) = claims.evaluate_ledger(make_catalogue({}, row), ledger)
    assert found.verdict in UNTESTED
    assert "no period" in found.reason


def test_a_count_of_a_period_without_data_is_left_untested(verdict_on):
    row = claim_row("count", value=199_000, evidence='measure("stop_search_count")', period_end="2023-09-30")
    found = verdict_on(row)
    assert found.verdict in UNTESTED and found.computed is None
    assert "30 September 2023" in found.reason


def test_a_figure_about_nobody_in_the_tables_is_not_testable(verdict_on):
    row = claim_row(
        "rate", value=1, unit="per_1000", subject="other", evidence='measure("stop_search_rate")', **YEAR
    )
    assert "not about a police force" in verdict_on(row).reason


def test_undeclared_tables_are_an_error_and_not_a_verdict(verdict_on):
    row = claim_row("rate", value="20.0", unit="per_1000", evidence='measure("stop_search_rate")', **YEAR)
    with pytest.raises(UndeclaredReadError):
        verdict_on(row, declared=frozenset({"claims"}))


def test_only_the_claims_of_a_section_are_evaluated_when_asked(make_catalogue):
    catalogue = make_catalogue({}, claim_row("a", value=1), claim_row("b", value=1, section="workforce"))
    assert [item.claim.claim_id for item in claims.evaluate(catalogue, MET, section="workforce")] == [
        "workforce.b"
    ]


# --- comparisons and grades


def test_a_comparison_holds_or_does_not(verdict_on):
    falling = 'measure("stop_search_rate") < measure("stop_search_rate", period="2022-03-31")'
    fell = claim_row("trend", label="decrease", unit="per_1000", evidence=falling, **YEAR)
    assert verdict_on(fell).verdict == "reproduced"
    rose = claim_row("trend", label="increase", unit="per_1000", evidence=falling.replace("<", ">"), **YEAR)
    found = verdict_on(rose)
    assert (found.verdict, found.cause, found.computed) == ("differs", "unexplained", None)


@pytest.mark.parametrize(("sign", "verdict"), [(">=", "consistent"), ("<=", "differs")])
def test_comparisons_of_printed_figures_use_the_printed_values(verdict_on, sign, verdict):
    rows = [claim_row("a", value=3, unit="percent"), claim_row("b", value=2, unit="percent")]
    evidence = f'claim("police_powers.a") {sign} claim("police_powers.b")'
    found = verdict_on(*rows, claim_row("level", label="higher", unit="percent", evidence=evidence))
    assert found.verdict == verdict


def test_a_comparison_with_england_and_wales_must_hold_for_every_average(verdict_on):
    evidence = f'measure("stop_search_rate") > measure("stop_search_rate", subject="{WALES}")'
    found = verdict_on(claim_row("level", label="higher", unit="per_1000", evidence=evidence, **YEAR))
    # 20 per 1,000 is above the total over total, and below the mean that the City of London's 200 pulls up.
    assert found.verdict == "differs"


def grades(grade="Adequate"):
    return pd.DataFrame(
        [
            (MET, "2023-25", "pp", "Police powers", grade, "https://example.org"),
            (MET, "2021/22", "pp", "Police powers", "Good", "https://example.org"),
        ],
        columns=["force_code", "cycle", "area_code", "area", "grade", "url"],
    )


@pytest.mark.parametrize(
    ("grade", "verdict"), [("Adequate", "restated elsewhere"), ("Inadequate", "differs")]
)
def test_a_grade_is_checked_against_the_table_of_judgments_of_its_cycle(verdict_on, grade, verdict):
    row = claim_row("grade", unit="grade", label="adequate", evidence='grade("pp")')
    found = verdict_on(row, tables={"judgments": grades(grade)})
    assert (found.verdict, found.computed_text) == (verdict, grade)


def test_a_grade_nobody_states_is_not_testable(verdict_on):
    row = claim_row("grade", unit="grade", label="adequate", evidence='grade("inv")')
    assert verdict_on(row, tables={"judgments": grades()}).verdict in UNTESTED


def test_grades_are_counted_from_the_table_of_judgments_and_not_from_the_ledger_itself(verdict_on):
    def on(value, evidence, **tables):
        grade = claim_row("grade", unit="grade", label="good")
        return verdict_on(grade, claim_row("count", value=value, evidence=evidence), tables=tables).verdict

    table = {"judgments": grades()}
    assert on(1, 'grades("adequate")', **table) == "restated elsewhere"
    assert on(1, 'grades("good")', **table) == "differs", "the ledger's own row is no evidence"
    assert on(1, "grades()", **table) == "restated elsewhere"
    assert on(2, "grades()", **table) == "differs"
    assert on(1, "grades()") in UNTESTED


def test_the_forces_are_counted_from_the_population_estimates(verdict_on):
    assert verdict_on(claim_row("forces", value=3, evidence="forces()")).verdict == "reproduced"
    assert verdict_on(claim_row("forces", value=43, evidence="forces()")).verdict == "differs"
    assert verdict_on(claim_row("forces", value=43, evidence="forces()"), tables={}).verdict in UNTESTED


# --- evidence that gives a range


@pytest.mark.parametrize(
    ("value", "differs"), [(100, False), (200, False), (150, False), (99, True), (201, True)]
)
def test_bounds_can_contradict_a_figure_and_never_bear_it_out(verdict_on, value, differs):
    low, high = claim_row("low", value=100), claim_row("high", value=200)
    evidence = 'between(claim("police_powers.low"), claim("police_powers.high"))'
    found = verdict_on(low, high, claim_row("figure", value=value, evidence=evidence))
    assert (found.verdict == "differs") is differs
    assert differs or found.verdict in UNTESTED
    assert "100" in found.reason and "200" in found.reason


def test_bounds_that_are_rounded_reach_as_far_as_their_rounding(verdict_on):
    low, high = claim_row("low", value="1.0", unit="times"), claim_row("high", value="2.0", unit="times")
    evidence = 'between(claim("police_powers.low"), claim("police_powers.high"))'
    assert (
        verdict_on(low, high, claim_row("f", value="2.1", unit="times", evidence=evidence)).verdict
        in UNTESTED
    )
    assert (
        verdict_on(low, high, claim_row("f", value="2.2", unit="times", evidence=evidence)).verdict
        == "differs"
    )
    backwards = 'between(claim("police_powers.high"), claim("police_powers.low"))'
    assert (
        verdict_on(low, high, claim_row("f", value="1.5", unit="times", evidence=backwards)).verdict
        in UNTESTED
    )


def sample(hits, size, evidence, **cells):
    return claim_row("sample", value=hits, numerator=hits, denominator=size, evidence=evidence, **cells)


@pytest.mark.parametrize(
    ("hits", "verdict"),
    [(67, "differs"), (68, "consistent"), (84, "consistent"), (97, "consistent"), (98, "differs")],
)
def test_a_count_of_a_sample_is_set_beside_the_share_of_all_by_wilsons_interval(verdict_on, hits, verdict):
    """Of 280, those whose 95% Wilson interval holds 29.5%; statsmodels gives the same ends."""
    from statsmodels.stats.proportion import proportion_confint

    found = verdict_on(sample(hits, 280, 'sampled(amount(29.5, "percent"))'))
    low, high = proportion_confint(hits, 280, method="wilson")
    assert found.verdict == verdict == ("consistent" if low <= 0.295 <= high else "differs")
    assert "29.5% of all" in found.reason


def test_the_size_of_a_subsample_is_set_beside_the_share_of_all(verdict_on):
    evidence = 'sampled(amount(56.4, "percent"), claim("police_powers.known"))'
    known = claim_row("known", value=196)
    assert verdict_on(known, sample(109, 112, evidence)).verdict == "consistent"
    assert verdict_on(known, sample(109, 150, evidence)).verdict == "differs"


def test_a_sample_needs_a_claim_that_is_x_of_y(verdict_on):
    with pytest.raises(TableContractError, match="not an x of y"):
        verdict_on(claim_row("sample", value=84, evidence='sampled(amount(30, "percent"))'))


def test_what_came_of_a_forecast_stands_beside_it_and_is_no_test(verdict_on):
    row = claim_row(
        "forecast",
        value="19.0",
        unit="per_1000",
        basis="plan",
        evidence='measure("stop_search_rate")',
        **YEAR,
    )
    found = verdict_on(row)
    assert (found.verdict, found.computed, found.gap) == (OUTSIDE, 20, 1)
    assert "outturn was 20.00 per 1,000, 1.00 per 1,000 above it" in found.reason


# --- what stands beside


def test_an_untested_claim_says_whether_its_wording_agrees_with_the_figure_it_is_compared_with(verdict_on):
    average = claim_row("average", value=90, heading="Sensible reserve")
    low = claim_row("low", value=46, label="lower", comparator="police_powers.average")
    high = low | {"value": 95}
    assert "“lower”, agrees with Sensible reserve: 90" in verdict_on(average, low).reason
    assert "“lower”, does not agree with Sensible reserve: 90" in verdict_on(average, high).reason
    assert verdict_on(average, high).verdict in UNTESTED


def test_what_printed_figures_imply_is_said(verdict_on):
    now = claim_row("now", value=900, quantity="use_of_force_count", **YEAR)
    fall = claim_row("fall", value="10.0", unit="percent", quantity="use_of_force_decrease", **YEAR)
    assert "that this implies: 1,000 (999 to 1,001 by its rounding)" in verdict_on(now, fall).reason
    assert "implies" not in verdict_on(fall).reason, "without the other figure nothing follows"


def test_the_sample_behind_a_margin(verdict_on):
    share = claim_row("share", value="75.9", unit="percent", quantity="reasonable_grounds_share", **YEAR)
    margin = claim_row(
        "margin", value="5.1", unit="percentage_points", quantity="reasonable_grounds_margin", **YEAR
    )
    # 1.96² × 0.759 × 0.241 / 0.051² = 270.2
    assert "by a Wald interval: 270 (265 to 276 by its rounding)" in verdict_on(share, margin).reason


def test_labels_of_other_claims_can_be_asked_for(verdict_on):
    calls = claim_row("calls", value=265, unit="per_1000", label="higher than expected")
    level = claim_row(
        "level", unit="per_1000", label="higher", evidence='labelled("police_powers.calls", "higher")'
    )
    assert verdict_on(calls, level).verdict == "consistent"
    wrong = level | {"evidence": 'labelled("police_powers.calls", "lower")'}
    assert verdict_on(calls, wrong).verdict == "differs"


# --- averages


@pytest.fixture
def average_claim():
    def make(value, **cells):
        return claim_row(
            "average",
            value=value,
            unit="per_1000",
            subject=WALES,
            evidence='measure("stop_search_rate")',
            **YEAR,
            **cells,
        )

    return make


def test_an_average_is_worked_out_both_ways_with_and_without_the_city(verdict_on, average_claim):
    found = verdict_on(average_claim("17.5"))
    rates = {item.label: item.value for item in found.averages}
    assert rates == {
        POOLED: Fraction(210_000 * 1000, 12_010_000),
        POOLED_LESS_CITY: Fraction(208_000 * 1000, 12_000_000),
        MEAN: (Fraction(20) + 4 + 200) / 3,
        MEAN_LESS_CITY: Fraction(12),
    }


@pytest.mark.parametrize(
    ("value", "average"),
    [("17.5", POOLED), ("17.3", POOLED_LESS_CITY), ("74.7", MEAN), ("12.0", MEAN_LESS_CITY)],
)
def test_the_verdict_says_which_average_a_printed_figure_fits(verdict_on, average_claim, value, average):
    found = verdict_on(average_claim(value))
    assert (found.verdict, found.average) == ("reproduced", average)
    assert f"the {average}" in found.reason


def test_a_figure_that_fits_no_average_differs_from_the_nearest(verdict_on, average_claim):
    found = verdict_on(average_claim("13.0"))
    assert (found.verdict, found.computed) == ("differs", 12)


def test_the_averages_are_those_of_the_pages(
    monkeypatch, make_catalogue, stop_search, population, average_claim
):
    monkeypatch.setattr(compare, "LEAST_PEERS", 0)
    monkeypatch.setattr(compare, "_KNOWN", {})
    catalogue = make_catalogue({"stop_search": stop_search, "population": population}, average_claim("17.5"))
    rows = compare.at_period(measures.compute(catalogue, "stop_search_rate"), "2023-03-31")
    both = compare.averages(rows, exclude=())
    (found,) = claims.evaluate(catalogue, MET)
    rates = {item.label: float(item.value) for item in found.averages}
    assert rates[POOLED] == pytest.approx(both.pooled)
    assert rates[MEAN] == pytest.approx(both.mean_of_forces)


def test_the_reason_says_how_many_forces_stand_behind_an_average(verdict_on, average_claim):
    assert "3 of 43 forces have data" in verdict_on(average_claim("17.5")).reason


def test_counts_have_totals_and_no_mean(verdict_on):
    row = claim_row("count", value=210_000, subject=WALES, evidence='measure("stop_search_count")', **YEAR)
    found = verdict_on(row)
    assert (found.verdict, found.average) == ("reproduced", POOLED)
    assert [item.label for item in found.averages] == [POOLED, POOLED_LESS_CITY]


def ethnicity(tables=None):
    searches = pd.DataFrame(
        [
            (code, "2023-03-31", group, count)
            for code, counts in ((MET, (300, 400)), (KENT, (50, 100)))
            for group, count in zip(("Black", "White"), counts, strict=True)
        ],
        columns=["force_code", "period_end", "ethnicity", "searches_count"],
    )
    people = pd.DataFrame(
        [
            (code, "2021-03-21", group, group, count)
            for code, counts in ((MET, (1000, 4000)), (KENT, (100, 2000)))
            for group, count in zip(("Black", "White"), counts, strict=True)
        ],
        columns=["force_code", "period_end", "ethnic_group", "ethnicity", "population_count"],
    )
    return {"stop_search_ethnicity": searches, "population_ethnicity": people}


def test_a_disparity_ratio_is_exact_for_a_force_and_for_england_and_wales(verdict_on):
    row = claim_row(
        "ratio", value="3.0", unit="times", evidence='measure("disparity_ratio", ethnicity="Black")', **YEAR
    )
    assert verdict_on(row, tables=ethnicity()).computed == 3
    national = row | {"subject": WALES, "value": "4.0"}
    found = verdict_on(national, tables=ethnicity())
    rates = {item.label: item.value for item in found.averages}
    assert rates[POOLED] == (Fraction(350, 1100) / Fraction(500, 6000))
    assert rates[MEAN] == Fraction(3 + 10, 2)


def test_groups_can_be_added_up_from_the_parts_of_a_measure(verdict_on):
    part = 'measure("stop_search_ethnicity_rate", ethnicity="{}", part="{}")'
    ratio = f"({part.format('Black', 'numerator')} / {part.format('Black', 'denominator')}) / "
    ratio += f"({part.format('White', 'numerator')} / {part.format('White', 'denominator')})"
    row = claim_row("ratio", value=1, decimals=1, sense="<=", unit="times", evidence=ratio, **YEAR)
    found = verdict_on(row, tables=ethnicity())
    assert (found.computed, found.verdict) == (3, "differs")


# --- what a difference may come from


def test_another_year_is_tried_and_named(verdict_on):
    # 220,000 over 9.8 million is the rate of the year before.
    row = claim_row("rate", value="22.4", unit="per_1000", evidence='measure("stop_search_rate")', **YEAR)
    found = verdict_on(row)
    assert (found.verdict, found.cause) == ("differs", "period")
    assert "31 March 2022" in found.fits.label


def test_another_population_is_tried_and_named(verdict_on):
    # 200,000 over the population of mid-2021.
    row = claim_row("rate", value="20.4", unit="per_1000", evidence='measure("stop_search_rate")', **YEAR)
    found = verdict_on(row)
    assert (found.cause, found.fits.label) == ("population", "the population of mid-2021")


def test_another_definition_is_tried_and_named(verdict_on):
    # The Census population of the publisher's own table is a million.
    row = claim_row("rate", value="200.0", unit="per_1000", evidence='measure("stop_search_rate")', **YEAR)
    found = verdict_on(row)
    assert (found.cause, found.fits.value) == ("population", 200)


def test_cutting_off_is_tried_and_named(verdict_on, stop_search, population):
    stop_search["searches_count"] += 680  # 20.068 per 1,000: rounds to 20.07 and is cut to 20.06
    row = claim_row("rate", value="20.06", unit="per_1000", evidence='measure("stop_search_rate")', **YEAR)
    found = verdict_on(row)
    assert (found.cause, found.fits.label) == ("rounding", "the figure cut off instead of rounded")


def test_rounding_twice_is_no_reason(verdict_on, stop_search):
    stop_search["searches_count"] += 490  # 20.049: rounds to 20.0, and by way of 20.05 to 20.1
    row = claim_row("rate", value="20.1", unit="per_1000", evidence='measure("stop_search_rate")', **YEAR)
    found = verdict_on(row)
    # Another release may as well account for so little: it would fit one figure in twenty of any sort.
    assert (found.verdict, found.cause, found.fits) == ("differs", "unexplained", None)


def test_inputs_that_were_cut_off_are_tried_and_named(verdict_on):
    found = verdict_on(
        claim_row("total", value="4.33", unit="gbp_billion"),
        claim_row(
            "per_head",
            value=433_650,
            unit="gbp_per_1000",
            evidence='rate(claim("police_powers.total"), measure("population_count", period="2022-06-30"), 1000)',
            **YEAR,
        ),
    )
    assert (found.verdict, found.cause) == ("differs", "rounding")
    assert "cut off" in found.fits.label


def test_the_same_figure_printed_elsewhere_is_tried_and_named(verdict_on):
    found = verdict_on(
        claim_row("a", value=5, quantity="rate", unit="percent", **YEAR),
        claim_row("b", value=6, quantity="rate", unit="percent", heading="Prose", **YEAR),
        claim_row("c", value=2, quantity="rest", unit="percent", **YEAR),
        claim_row(
            "sum",
            value=8,
            quantity="sum",
            unit="percent",
            evidence='claim("police_powers.a") + claim("police_powers.c")',
        ),
    )
    # 5 + 2 meets 8 only at the edge of rounding, so make it miss.
    assert found.verdict == "consistent"
    found = verdict_on(
        claim_row("a", value=5, quantity="rate", unit="percent", **YEAR),
        claim_row("b", value=9, quantity="rate", unit="percent", heading="Prose", **YEAR),
        claim_row("c", value=2, quantity="rest", unit="percent", **YEAR),
        claim_row(
            "sum",
            value=11,
            quantity="sum",
            unit="percent",
            evidence='claim("police_powers.a") + claim("police_powers.c")',
        ),
    )
    assert (found.cause, found.fits.label) == ("printed elsewhere", "Prose as printed elsewhere")


def test_a_difference_nothing_accounts_for_says_what_was_tried(verdict_on):
    found = verdict_on(
        claim_row("rate", value="50.0", unit="per_1000", evidence='measure("stop_search_rate")', **YEAR)
    )
    assert (found.cause, found.fits) == ("unexplained", None)
    assert "Tested without a fit: another population and another period" in found.reason
    assert {item.kind for item in found.alternatives} == {"population", "period"}


def test_arithmetic_that_leaves_nothing_to_try_says_so(verdict_on):
    found = verdict_on(claim_row("a", value=1), claim_row("b", value=3, evidence='claim("police_powers.a")'))
    assert "no other way" in found.reason


# --- the charge rate: vintage, missing years, part years


def crime(years):
    groups = [
        "Violence against the person",
        "Sexual offences",
        "Robbery",
        "Theft offences",
        "Criminal damage and arson",
    ]
    rows = []
    for year, count in years.items():
        for end in (f"{year - 1}-06-30", f"{year - 1}-09-30", f"{year - 1}-12-31", f"{year}-03-31"):
            rows += [(MET, end, group, "All", count) for group in groups]
    return pd.DataFrame(
        rows, columns=["force_code", "period_end", "offence_group", "offence_subgroup", "offences_count"]
    )


def charged(years):
    rows = [(MET, f"{year}-03-31", "recorded", "Robbery", count) for year, count in years.items()]
    for year in years:
        for group in (
            "Violence against the person",
            "Sexual offences",
            "Theft offences",
            "Criminal damage and arson",
        ):
            rows.append((MET, f"{year}-03-31", "recorded", group, 0))
    return pd.DataFrame(rows, columns=["force_code", "period_end", "basis", "offence_group", "charged_count"])


def charge_claim(value, end, **cells):
    return claim_row(
        "rate", value=value, unit="percent", evidence='measure("charge_rate")', period_end=end, **cells
    )


def test_a_rate_below_todays_is_put_down_to_later_charges(verdict_on):
    tables = {"recorded_crime": crime({2023: 1000}), "charges": charged({2023: 800})}  # 4.0%
    found = verdict_on(charge_claim("3.1", "2023-03-31"), tables=tables)
    assert (found.verdict, found.cause) == ("differs", "vintage")
    assert "not an error of the report" in found.reason


def test_a_rate_above_todays_cannot_be_put_down_to_later_charges(verdict_on):
    tables = {"recorded_crime": crime({2023: 1000}), "charges": charged({2023: 800})}
    found = verdict_on(charge_claim("5.0", "2023-03-31"), tables=tables)
    assert (found.verdict, found.cause) == ("differs", "unexplained")


@pytest.mark.parametrize("value", ["3.1", "3.8", "4.0", "4.4"])
def test_a_rate_of_a_missing_year_is_set_beside_the_year_next_to_it_and_left_untested(verdict_on, value):
    tables = {"recorded_crime": crime({2023: 1000}), "charges": charged({2023: 800})}
    found = verdict_on(charge_claim(value, "2023-09-30"), tables=tables)
    assert found.verdict in UNTESTED and found.computed == 4
    assert found.computed_note.endswith("year ending 31 March 2023")
    assert "30 September 2023" in found.reason


def test_a_rate_outside_those_of_the_years_on_both_sides_differs(verdict_on):
    tables = {"recorded_crime": crime({2023: 1000, 2024: 1000}), "charges": charged({2023: 800, 2024: 500})}
    assert verdict_on(charge_claim("1.1", "2023-09-30"), tables=tables).verdict == "differs"


def test_the_ledger_is_no_evidence_for_itself(verdict_on):
    with pytest.raises(TableContractError, match="no evidence for itself"):
        verdict_on(claim_row("n", unit="count", value="3", evidence='total("claims", "value")'), tables={})


def test_a_rate_of_a_missing_year_between_its_neighbours_is_left_untested(verdict_on):
    tables = {"recorded_crime": crime({2023: 1000, 2024: 1000}), "charges": charged({2023: 800, 2024: 500})}
    found = verdict_on(charge_claim("3.1", "2023-09-30"), tables=tables)
    assert found.verdict in UNTESTED
    assert "lies between" in found.reason


def test_a_rate_of_a_missing_year_that_lies_far_from_all_data_is_left_untested(verdict_on):
    tables = {"recorded_crime": crime({2015: 1000}), "charges": charged({2015: 800})}
    found = verdict_on(charge_claim("3.1", "2023-09-30"), tables=tables)
    assert found.verdict in UNTESTED


def test_a_part_year_is_tried_for_the_year_it_belongs_to(verdict_on):
    groups = [
        "Violence against the person",
        "Sexual offences",
        "Robbery",
        "Theft offences",
        "Criminal damage and arson",
    ]
    part = pd.DataFrame(
        [
            (MET, "2015-01-01", "2015-03-31", "recorded", group, 96 if group == "Robbery" else 97)
            for group in groups
        ],
        columns=["force_code", "period_start", "period_end", "basis", "offence_group", "charged_count"],
    )
    tables = {
        "recorded_crime": crime({2015: 1000, 2016: 1000}),
        "charges": charged({2016: 1986}),
        "charges_part_year": part,
    }
    found = verdict_on(charge_claim("9.7", "2015-03-31"), tables=tables)  # the quarter: 484 of 5,000 is 9.68%
    assert (found.verdict, found.cause) == ("differs", "period")
    assert "the last quarter of the year" in found.fits.label
    assert found.computed == Fraction(484, 50)
    near = verdict_on(charge_claim("9.6", "2015-03-31"), tables=tables)
    assert near.verdict in UNTESTED, "one part of a year that does not fit is no test"
    assert "the last quarter of the year" in near.computed_note


# --- functions


@pytest.mark.parametrize(
    ("evidence", "unit", "value"),
    [
        ('increase(claim("police_powers.x"), claim("police_powers.y"))', "percent", "50"),
        ('decrease(claim("police_powers.y"), claim("police_powers.x"))', "percent", "33"),
        ('sum(claim("police_powers.x"), claim("police_powers.y"), claim("police_powers.x"))', "count", "280"),
        ('max(claim("police_powers.x"), claim("police_powers.y"))', "count", "120"),
        ('min(claim("police_powers.x"), claim("police_powers.y"))', "count", "80"),
        ('claim("police_powers.y") * 2 - claim("police_powers.x")', "count", "160"),
        ('amount(2, "years") / 8', "months", "3"),
        ('numerator("police_powers.audit") * 10', "count", "110"),
        ('denominator("police_powers.audit") * 10', "count", "200"),
        ('share(numerator("police_powers.audit"), denominator("police_powers.audit"))', "percent", "55"),
        ('attainable_share(claim("police_powers.x"))', "percent", "55"),
        ('-claim("police_powers.x") + claim("police_powers.y")', "count", "40"),
    ],
)
def test_functions_give_what_they_say(verdict_on, evidence, unit, value):
    found = verdict_on(
        claim_row("x", value=80),
        claim_row("y", value=120),
        claim_row("audit", value=11, numerator=11, denominator=20),
        claim_row("figure", value=value, unit=unit, evidence=evidence),
    )
    assert found.verdict == "consistent" if "claim" in evidence or "ator" in evidence else "reproduced"
    assert _wording.rounded(found.computed, 0) == int(value)


def test_a_share_no_sample_of_that_size_can_give_differs(verdict_on):
    # Of 28 cases 26 are 92.9% and 27 are 96.4%: 94.6% cannot come of 28 cases.
    found = verdict_on(
        claim_row("n", value=28),
        claim_row(
            "share", value="94.6", unit="percent", evidence='attainable_share(claim("police_powers.n"))'
        ),
    )
    assert found.verdict == "differs"


def test_the_wald_margin_is_the_textbook_one(verdict_on):
    # Agresti and Coull (1998): the Wald interval is p ± 1.96 √(p(1 − p)/n); 0.5 and 100 give 0.098.
    found = verdict_on(
        claim_row("share", value="50.0", unit="percent"),
        claim_row("n", value=100),
        claim_row(
            "margin",
            value="9.8",
            unit="percentage_points",
            evidence='wald_margin(claim("police_powers.share"), claim("police_powers.n"))',
        ),
    )
    assert (found.verdict, found.computed) == ("consistent", Fraction("9.8"))


def test_division_by_what_may_be_zero_is_not_worked_out(verdict_on):
    found = verdict_on(
        claim_row("none", value=0),
        claim_row(
            "share",
            value=1,
            unit="percent",
            evidence='share(claim("police_powers.none"), claim("police_powers.none"))',
        ),
    )
    assert found.verdict in UNTESTED and "divide by zero" in found.reason


def test_a_margin_of_an_impossible_share_is_not_worked_out(verdict_on):
    rows = [claim_row("share", value=100, unit="percent"), claim_row("n", value=0)]
    row = claim_row(
        "margin",
        value=1,
        unit="percentage_points",
        evidence='wald_margin(claim("police_powers.share"), claim("police_powers.n"))',
    )
    assert verdict_on(*rows, row).verdict in UNTESTED
    empty = claim_row(
        "figure", value=1, unit="percent", evidence='attainable_share(claim("police_powers.n"))'
    )
    assert verdict_on(*rows, empty).verdict in UNTESTED


def test_a_column_of_a_table_is_added_up_over_the_quarters_of_a_year(verdict_on):
    tables = {"recorded_crime": crime({2023: 10})}
    total = 'total("recorded_crime", "offences_count", quarters=4, offence_group="Robbery")'
    row = claim_row("count", value=40, evidence=total, **YEAR)
    assert verdict_on(row, tables=tables).verdict == "reproduced"
    both = claim_row(
        "count",
        value=20,
        evidence='total("recorded_crime", "offences_count", offence_group=["Robbery", "Theft offences"])',
        **YEAR,
    )
    assert verdict_on(both, tables=tables).verdict == "reproduced"
    national = claim_row(
        "count",
        value=10,
        subject=WALES,
        evidence='total("recorded_crime", "offences_count", offence_group="Robbery")',
        **YEAR,
    )
    assert verdict_on(national, tables=tables).verdict in UNTESTED, "one of 43 forces is here"


@pytest.mark.parametrize("end", ["2023-06-30", "2022-09-30"])
def test_a_year_that_lacks_a_quarter_is_not_added_up(verdict_on, end):
    row = claim_row(
        "count",
        value=40,
        evidence='total("recorded_crime", "offences_count", quarters=4, offence_group="Robbery")',
        period_end=end,
    )
    assert verdict_on(row, tables={"recorded_crime": crime({2023: 10})}).verdict in UNTESTED


def test_a_table_that_is_not_here_cannot_be_added_up(verdict_on):
    row = claim_row("count", value=40, evidence='total("charges", "charged_count")', **YEAR)
    assert "charges" in verdict_on(row).reason


def test_the_quantity_of_another_year_can_be_asked_for(make_catalogue):
    from peelbook.claims._calculator import Calculator
    from peelbook.claims._expression import parse

    rows = [
        claim_row("now", value=80, quantity="orders", period_end="2023-09-30"),
        claim_row("then", value=100, quantity="orders", period_end="2022-09-30"),
    ]
    catalogue = make_catalogue({}, *rows)
    ledger = claims.read(catalogue, MET)
    calculator = Calculator(catalogue, ledger)
    now = ledger["police_powers.now"]
    tree = parse('quantity("orders", years=-1) - quantity("orders")')
    assert calculator.work_out(tree, now).value == 20
    with pytest.raises(Unavailable, match="prints no orders"):
        calculator.work_out(parse('quantity("orders", years=-2)'), now)


def test_a_published_rate_has_no_total_over_total(verdict_on):
    published = pd.DataFrame(
        [(MET, "2023-03-31", "All", 19.9), (KENT, "2023-03-31", "All", 4.1)],
        columns=["force_code", "period_end", "ethnicity", "searches_rate"],
    )
    row = claim_row(
        "rate",
        value="12.0",
        unit="per_1000",
        subject=WALES,
        evidence='measure("stop_search_ethnicity_rate_published")',
        **YEAR,
    )
    found = verdict_on(row, tables={"stop_search_ethnicity_rate": published})
    assert (found.verdict, found.computed) == ("reproduced", 12)


def test_a_force_without_a_figure_gives_the_measures_own_reason(verdict_on, stop_search, population):
    tables = {"stop_search": stop_search[stop_search["force_code"] != MET], "population": population}
    row = claim_row("rate", value="20.0", unit="per_1000", evidence='measure("stop_search_rate")', **YEAR)
    found = verdict_on(row, tables=tables)
    assert found.verdict in UNTESTED
    assert "no figure" in found.reason


def test_city_of_london_is_the_force_left_out(catalogue):
    assert catalogue.forces[_calculator.CITY_OF_LONDON].slug == "city-of-london"
    assert CITY == _calculator.CITY_OF_LONDON


# --- what was not tested


@pytest.mark.parametrize(
    ("basis", "publication", "evidence", "expected"),
    [
        ("open data", "outcomes", 'measure("charge_rate")', WAITING),
        ("open data", "A release that is not in the registry", "", WAITING),
        ("HMICFRS collection", "right_to_know", "", WAITING),
        (
            "HMICFRS collection",
            "stalking_protection_orders",
            'measure("stalking_protection_orders_count")',
            OUTSIDE,
        ),
        ("HMICFRS audit", "audit_victim_service", "", OUTSIDE),
        ("HMICFRS finding", "bail", "", OUTSIDE),
        ("HMICFRS finding", "workforce", 'measure("officers_headcount")', WAITING),
        ("standard", "emergency_calls", "", OUTSIDE),
        ("force told HMICFRS", "The force's own records", "", OUTSIDE),
    ],
)
def test_an_untested_claim_waits_for_a_table_only_where_one_is_published(
    basis, publication, evidence, expected
):
    row = claim_row("rate", value=1, unit="percent", basis=basis, publication=publication, evidence=evidence)
    trees = (parse(evidence),) if evidence else ()
    assert untested(replace(claim_of(row), trees=trees)) == expected


def test_an_agreement_that_one_unit_either_way_would_have_got_as_well_is_weak(verdict_on):
    rows = [
        claim_row("part", section="police_powers", value=4, unit="percent", decimals=0, **YEAR),
        claim_row(
            "rest", section="police_powers", value=5, unit="percent", decimals=0, location="2:b", **YEAR
        ),
    ]
    both = 'claim("police_powers.part") + claim("police_powers.rest")'
    found = {
        value: verdict_on(
            *rows, claim_row("all", value=value, unit="percent", evidence=both, location="3:c", **YEAR)
        )
        for value in (9, 12)
    }
    assert (found[9].verdict, found[9].weak) == ("consistent", True), "the parts are rounded: 8 to 10"
    assert (found[12].verdict, found[12].weak) == ("differs", False)


def test_an_agreement_with_counts_is_no_weak_test(verdict_on):
    rows = [
        claim_row("part", section="police_powers", value=400, unit="count", **YEAR),
        claim_row("rest", section="police_powers", value=500, unit="count", location="2:b", **YEAR),
    ]
    both = 'claim("police_powers.part") + claim("police_powers.rest")'
    found = verdict_on(
        *rows, claim_row("all", value=900, unit="count", evidence=both, location="3:c", **YEAR)
    )
    assert (found.verdict, found.weak) == ("consistent", False)
