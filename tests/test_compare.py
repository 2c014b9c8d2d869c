"""A force against its peers, on frames small enough to work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelbook import compare, measures, stats
from peelbook.errors import ParameterError

CITY = "E23000034"
DAY = "2023-03-31"


def frame(top, bottom=None, *, scale=1000.0, measure="stop_search_rate", day=DAY, codes=None, dimension=None):
    """A frame in the layout of `measures.compute`."""
    top = np.asarray(top, dtype=float)
    bottom = np.full(len(top), 1e6) if bottom is None else np.asarray(bottom, dtype=float)
    rows = pd.DataFrame(
        {
            "force_code": codes or [f"F{place:02d}" for place in range(len(top))],
            "period_end": pd.Timestamp(day),
            "numerator": top,
            "denominator": bottom,
            "value": scale * top / bottom,
        }
    )
    rows.attrs = {"measure": measure, "dimension": dimension or {}} if measure else {}
    return rows


@pytest.fixture
def few(monkeypatch):
    """Let two forces be peers, for sums that are worked out on paper."""
    monkeypatch.setattr(compare, "LEAST_PEERS", 0)
    monkeypatch.setattr(compare, "LEAST_FOR_LIMITS", 2)
    monkeypatch.setattr(compare, "_KNOWN", {})


@pytest.fixture
def spread():
    """Twelve forces whose rates differ well beyond chance, and one far above all."""
    return frame([5000, 5400, 5800, 6000, 6200, 6400, 6600, 6800, 7000, 7400, 7800, 8200, 19800])


def test_a_period_is_scored_once_for_all_forces_and_anew_where_a_figure_differs(spread, monkeypatch):
    scored = []
    score = compare._score
    monkeypatch.setattr(compare, "_KNOWN", {})
    monkeypatch.setattr(compare, "_score", lambda *given: scored.append(given) or score(*given))
    first = compare.against_peers(spread, "F00", DAY)
    assert compare.against_peers(spread.copy(), "F00", DAY) == first
    assert compare.against_peers(spread, "F01", DAY).rank == 12
    assert compare.ranked(spread, DAY)["rank"].tolist()[0] == 1
    assert len(scored) == 1
    spread.loc[0, "value"] = 100.0
    assert compare.against_peers(spread, "F00", DAY).rank == 1
    assert len(scored) == 2


def test_averages_through_time_are_worked_out_once_and_are_the_callers_own(spread, monkeypatch):
    made = []
    average = compare._averages_through_time
    monkeypatch.setattr(compare, "_KNOWN", {})
    monkeypatch.setattr(compare, "_averages_through_time", lambda frame: made.append(frame) or average(frame))
    first = compare.averages_through_time(spread)
    mean = first["mean_of_forces"].iloc[0]
    first.loc[0, "mean_of_forces"] = 0.0
    assert compare.averages_through_time(spread.copy())["mean_of_forces"].iloc[0] == mean
    assert len(made) == 1


# --- averages ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("few")
def test_the_mean_of_forces_counts_each_force_once_and_the_total_each_case_once():
    both = compare.averages(frame([100, 900], [10_000, 30_000]))
    assert both.mean_of_forces == pytest.approx((10 + 30) / 2)
    assert both.pooled == pytest.approx(1000 * 1000 / 40_000)
    assert both.n_forces == 2


@pytest.mark.usefixtures("few")
def test_a_share_has_no_scale_and_its_total_leaves_out_what_the_mean_leaves_out():
    rows = frame([3, 60, 9], [100, 1000, 10], scale=1, measure="charge_rate", codes=["F1", "F2", CITY])
    both = compare.averages(rows)
    assert both.mean_of_forces == pytest.approx((0.03 + 0.06) / 2)
    assert both.pooled == pytest.approx(63 / 1100)
    assert both.excluded == both.pooled_excluded == (CITY,)


@pytest.mark.usefixtures("few")
def test_a_rate_per_resident_keeps_the_city_of_london_in_the_total_only():
    rows = frame([3, 60, 9], [1000, 1000, 10], codes=["F1", "F2", CITY])
    both = compare.averages(rows)
    assert both.mean_of_forces == pytest.approx((3 + 60) / 2)
    assert both.pooled == pytest.approx(1000 * 72 / 2010)
    assert (both.excluded, both.pooled_excluded) == ((CITY,), ())


@pytest.mark.usefixtures("few")
def test_a_caller_may_choose_what_to_exclude():
    rows = frame([3, 60, 9], [1000, 1000, 10], codes=["F1", "F2", CITY])
    assert compare.averages(rows, exclude=()).mean_of_forces == pytest.approx((3 + 60 + 900) / 3)
    assert compare.averages(rows, exclude=["F2"]).pooled == pytest.approx(1000 * 12 / 1010)


def test_averages_are_of_one_period():
    with pytest.raises(ParameterError, match="one period"):
        compare.averages(pd.concat([frame([1, 2]), frame([1, 2], day="2022-03-31")]))


def test_a_count_and_a_published_rate_have_no_total():
    rows = frame([1, 2], measure="stop_search_count").assign(denominator=np.nan)
    assert compare.averages(rows).pooled is None
    assert compare.averages(rows, measure="stop_search_ethnicity_rate_published").pooled is None


@pytest.mark.usefixtures("few")
def test_a_national_disparity_is_the_ratio_of_the_total_rates():
    rows = frame([60, 20], [10, 10], scale=1, measure="disparity_ratio").assign(
        group_count=[600, 200],
        group_population_count=[10_000, 10_000],
        reference_count=[100, 300],
        reference_population_count=[10_000, 30_000],
    )
    assert compare.averages(rows).pooled == pytest.approx((800 / 20_000) / (400 / 40_000))
    assert compare.averages(rows.assign(reference_count=0)).pooled is None


@pytest.mark.usefixtures("few")
def test_a_bare_frame_is_understood_from_its_figures():
    rate = compare.averages(frame([5, 15], measure=None))
    assert rate.pooled == pytest.approx(1000 * 20 / 2e6)
    share = compare.against_peers(frame([5, 15, 30], [100] * 3, scale=1, measure=None), "F00", DAY)
    assert share.interval == pytest.approx(stats.wilson(5, 100))
    nothing = compare.averages(frame([0, 0], measure=None))
    assert (nothing.mean_of_forces, nothing.pooled) == (0, None)


# --- one force against its peers ---------------------------------------------------------------------


def test_a_force_far_above_all_others_is_higher_than_expected_by_both_rules(spread):
    found = compare.against_peers(spread, "F12", DAY)
    assert found
    assert (found.rank, found.n, found.tied) == (1, 13, 1)
    assert (found.funnel_verdict, found.distance_verdict, found.outside_limits) == (
        compare.HIGHER,
        compare.HIGHER,
        "99.8%",
    )
    assert found.value > found.outer_limits.high > found.limits.high > found.target > found.limits.low
    assert found.highest == ("F12", pytest.approx(19.8))
    assert found.lowest == ("F00", pytest.approx(5.0))
    assert found.measure.id == "stop_search_rate"


def test_a_force_near_the_others_is_within_the_expected_range_though_chance_alone_would_not_explain_it(
    spread,
):
    found = compare.against_peers(spread, "F11", DAY)
    assert (found.funnel_verdict, found.outside_limits) == (compare.WITHIN, "")
    by_chance = stats.funnel_limits("rate", found.target, 1e6, scale=1000)
    assert not by_chance.low <= found.value <= by_chance.high


def test_a_force_far_below_is_lower_than_expected():
    found = compare.against_peers(
        frame([500, 6000, 6100, 6200, 6300, 6400, 6500, 6600, 6700, 6800, 6900]), "F00", DAY
    )
    assert (found.funnel_verdict, found.distance_verdict, found.rank) == (compare.LOWER, compare.LOWER, 11)


def test_the_words_are_those_of_the_limits(spread):
    for row in compare.ranked(spread, DAY).itertuples():
        found = compare.against_peers(spread, row.force_code, DAY)
        outside = not found.limits.low <= found.value <= found.limits.high
        assert (found.funnel_verdict != compare.WITHIN) == outside
        assert (row.funnel_verdict, row.outside_limits, row.rank) == (
            found.funnel_verdict,
            found.outside_limits,
            found.rank,
        )
        assert (row.low, row.high) == pytest.approx(found.interval)


@pytest.mark.usefixtures("few")
def test_a_force_that_the_limits_leave_out_is_ranked_and_not_judged():
    rows = frame([5000, 6000, 7000, 8000, 400], [1e6] * 4 + [2000], codes=["F1", "F2", "F3", "F4", CITY])
    found = compare.against_peers(rows, CITY, DAY)
    assert found.left_out
    assert (found.rank, found.funnel_verdict, found.distance_verdict, found.outside_limits) == (
        1,
        None,
        None,
        "",
    )
    assert found.averages.mean_of_forces == pytest.approx(6.5)
    others = compare.against_peers(rows, "F4", DAY)
    alone = compare.against_peers(rows.iloc[:4].copy(), "F4", DAY, measure="stop_search_rate")
    assert others.limits == pytest.approx(alone.limits)


def test_a_force_without_a_figure_gives_a_false_comparison_with_the_averages(spread):
    found = compare.against_peers(spread, "F99", DAY)
    assert not found
    assert (found.value, found.rank, found.funnel_verdict) == (None, None, None)
    assert found.averages.n_forces == 13


@pytest.mark.usefixtures("few")
def test_forces_with_equal_values_share_a_place():
    found = compare.against_peers(frame([5, 7, 7, 9]), "F01", DAY)
    assert (found.rank, found.tied) == (2, 2)


def test_small_counts_are_flagged():
    rows = frame([19, 20, 500])
    assert [compare.against_peers(rows, code, DAY).small for code in ("F00", "F01")] == [True, False]
    assert compare.ranked(rows, DAY).set_index("force_code")["small"].tolist() == [False, False, True]


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("measure", ["officers_headcount", "stop_search_count"])
def test_numbers_of_forces_of_different_size_are_ranked_and_not_judged(measure):
    rows = frame([10, 20, 3000], [np.nan] * 3, measure=measure).assign(value=[10.0, 20.0, 3000.0])
    found = compare.against_peers(rows, "F02", DAY)
    assert found.rank == 1
    assert (found.funnel_verdict, found.distance_verdict, found.interval, found.limits) == (
        None,
        None,
        None,
        None,
    )
    assert found.denominator is None


@pytest.mark.usefixtures("few")
def test_complete_counts_have_no_interval_of_value_or_rank_and_still_have_limits():
    rows = frame([2000, 2100, 2200, 2300, 2400, 4000], measure="officers_rate")
    found = compare.against_peers(rows, "F05", DAY)
    assert (found.interval, found.rank_interval) == (None, None)
    assert found.funnel_verdict == compare.HIGHER


@pytest.mark.usefixtures("few")
def test_who_lives_in_an_area_is_not_judged():
    rows = frame([100, 110, 120, 900], [1000] * 4, scale=1, measure="ethnic_minority_share")
    found = compare.against_peers(rows, "F03", DAY)
    assert (found.rank, found.funnel_verdict, found.distance_verdict) == (1, None, None)


@pytest.mark.usefixtures("few")
def test_a_published_rate_is_judged_by_its_distance_only():
    rows = frame([1] * 5, measure="stop_search_ethnicity_rate_published").assign(
        value=[5.0, 6, 7, 8, 40], numerator=np.nan, denominator=np.nan
    )
    found = compare.against_peers(rows, "F04", DAY)
    assert (found.funnel_verdict, found.distance_verdict, found.interval) == (None, compare.HIGHER, None)
    table = compare.expected_rules(rows, DAY)
    assert table["agree"].isna().all()


@pytest.mark.parametrize("others", [0, 1, 4])
def test_with_too_few_other_forces_there_is_no_average_no_place_and_no_verdict(others):
    rows = frame([100, *[90] * others])
    found = compare.against_peers(rows, "F00", DAY)
    assert found.alone
    assert found
    assert (found.funnel_verdict, found.distance_verdict, found.rank, found.earlier) == (
        None,
        None,
        None,
        None,
    )
    assert (np.isnan(found.averages.mean_of_forces), found.averages.pooled) == (True, None)
    assert found.interval is not None
    assert compare.averages_through_time(rows)[["pooled", "mean_of_forces"]].isna().all(axis=None)


def test_limits_take_more_forces_than_averages():
    found = compare.against_peers(frame([100, *range(90, 100)][:10]), "F00", DAY)
    assert (found.rank, found.funnel_verdict, found.limits) == (1, None, None)
    assert found.averages.mean_of_forces > 0
    with pytest.raises(ParameterError, match="more than 10 forces; 3 have"):
        compare.funnel(frame([1, 2, 3]), DAY)


def test_a_force_with_a_newer_year_than_all_others_is_set_beside_the_last_year_with_peers(spread):
    newer = frame([9000], day="2024-03-31")
    both = pd.concat([spread, newer], ignore_index=True)
    both.attrs = spread.attrs
    found = compare.against_peers(both, "F00", "2024-03-31")
    assert (found.value, found.rank, found.averages.pooled) == (9.0, None, None)
    assert found.earlier == compare.against_peers(spread, "F00", DAY)
    assert compare.peers_period(both, "2024-03-31") == pd.Timestamp(DAY)
    assert compare.peers_period(newer, "2024-03-31") is None


def test_a_total_that_lacks_forces_is_named_by_how_many_it_has():
    rows = frame([5, 15, 20, 30, 40, 50, 60])
    rows.attrs["forces"] = 43
    both = compare.averages(rows)
    assert (both.whole, both.pooled_name, both.pooled_forces) == (False, "7 forces", 7)
    assert compare.averages_through_time(rows)["pooled"].isna().all()
    rows.attrs["forces"] = 7
    assert (compare.averages(rows).pooled_name, compare.averages(rows).whole) == ("England and Wales", True)
    assert compare.averages_through_time(rows)["pooled"].notna().all()


def test_the_seven_forces_without_charges_of_2015_leave_no_england_and_wales_figure(catalogue):
    charges = measures.compute(catalogue, "charge_rate")
    early = compare.averages(compare.at_period(charges, "2015-03-31"))
    assert (early.whole, early.pooled_name) == (False, "35 forces")
    line = compare.averages_through_time(charges).set_index("period_end")["pooled"]
    assert np.isnan(line["2015-03-31"])
    assert line["2016-03-31"] == pytest.approx(0.120, abs=0.001)
    assert compare.averages(compare.at_period(charges, "2023-03-31")).whole


def test_the_interval_of_crimes_per_officer_is_that_of_the_crimes(catalogue):
    """Kent, 2022/23: 41.5 to 41.9; officers are a complete count, which adds no error."""
    rows = measures.compute(catalogue, "crimes_per_officer")
    found = compare.against_peers(rows, "E23000032", DAY)
    assert found.interval == pytest.approx(stats.rate_interval(found.numerator, found.denominator), rel=1e-12)
    assert [round(end, 1) for end in found.interval] == [41.5, 41.9]
    city = compare.against_peers(rows, CITY, DAY)
    assert (city.left_out, city.funnel_verdict) == (True, None)
    assert found.averages.mean_of_forces == pytest.approx(40.2, abs=0.05)


def test_tactics_are_not_taken_for_independent_of_the_incidents_they_belong_to(catalogue):
    registry = measures.registry()
    given = {
        name: registry[name].denominator_has_sampling_error
        for name in (
            "use_of_force_tactic_share",
            "police_grant_per_officer",
            "crimes_per_officer",
            "use_of_force_per_arrest",
            "charge_rate",
        )
    }
    assert given == {
        "use_of_force_tactic_share": False,
        "police_grant_per_officer": False,
        "crimes_per_officer": False,
        "use_of_force_per_arrest": True,
        "charge_rate": True,
    }


@pytest.mark.usefixtures("few")
def test_a_ratio_of_counts_has_limits_on_the_log_scale():
    counts = [230, 235, 238, 240, 242, 244, 246, 250, 255, 260, 265, 900]
    rows = frame(counts, [1000] * 12, scale=1, measure="use_of_force_per_arrest")
    found = compare.against_peers(rows, "F11", DAY)
    assert found.funnel_verdict == compare.HIGHER
    assert math.sqrt(found.limits.low * found.limits.high) == pytest.approx(found.target)


@pytest.mark.usefixtures("few")
def test_a_disparity_ratio_is_judged_on_the_log_scale_with_the_error_of_both_counts():
    count = [60, 66, 70, 75, 80, 500]
    rows = frame([1] * 6, measure="disparity_ratio").assign(
        value=[value / 20 for value in count],
        group_count=[float(value) for value in count],
        group_population_count=1e5,
        reference_count=[200.0] * 5 + [0.0],
        reference_population_count=1e6,
    )
    found = compare.against_peers(rows.iloc[:5], "F00", DAY)
    assert found.interval == pytest.approx(stats.ratio_interval(60, 1e5, 200, 1e6))
    assert math.sqrt(found.limits.low * found.limits.high) == pytest.approx(found.target)
    assert found.funnel_verdict == compare.WITHIN
    none = compare.against_peers(rows, "F05", DAY)
    assert (none.funnel_verdict, none.interval, none.limits, none.small) == (None, None, None, True)


@pytest.mark.usefixtures("few")
def test_a_change_is_judged_on_the_ratio_of_its_ends():
    before = np.array([1000.0] * 6)
    after = np.array([1100.0, 1120, 1130, 1140, 1150, 2500])
    rows = frame(after - before, before, scale=1, measure="stop_search_change")
    found = compare.against_peers(rows, "F05", DAY)
    assert found.value == pytest.approx(1.5)
    assert found.funnel_verdict == compare.HIGHER
    assert found.interval == pytest.approx(np.array(stats.ratio_interval(2500, 1, 1000, 1)) - 1)
    base = 1 + found.target
    assert (1 + found.limits.low) * (1 + found.limits.high) == pytest.approx(base**2)
    assert found.averages.pooled == pytest.approx((after.sum() - 6000) / 6000)


@pytest.mark.usefixtures("few")
def test_a_share_above_one_has_no_interval_and_no_crash():
    rows = frame([5, 150], [100, 100], scale=1, measure="charge_rate")
    low, _ = compare.intervals(rows)
    assert np.isnan(low).tolist() == [False, True]
    assert compare.against_peers(rows, "F01", DAY).interval is None


@pytest.mark.parametrize(
    ("day", "rows", "message"),
    [
        ("2020-03-31", frame([1, 2]), "2023-03-31 to 2023-03-31"),
        (DAY, frame([1, 2]).iloc[:0], "0 periods, none"),
        (DAY, frame([1, 2], codes=["F1", "F1"]), "two figures"),
    ],
)
def test_a_period_without_figures_or_with_two_for_a_force_is_refused(day, rows, message):
    with pytest.raises(ParameterError, match=message):
        compare.at_period(rows, day)


def test_dropping_the_note_on_the_frame_and_naming_the_measure_gives_the_same(spread):
    bare = spread.copy()
    bare.attrs = {}
    named = compare.against_peers(bare, "F12", DAY, measure=measures.registry()["stop_search_rate"])
    noted = compare.against_peers(spread, "F12", DAY)
    assert (named.z, named.limits) == (noted.z, noted.limits)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(min_value=1, max_value=10**6), min_size=3, max_size=43), st.randoms())
def test_the_order_of_the_rows_changes_nothing(counts, random):
    rows = frame(counts)
    mixed = rows.sample(frac=1, random_state=random.randrange(1000))
    mixed.attrs = rows.attrs
    first, second = (compare.ranked(each, DAY) for each in (rows, mixed))
    pd.testing.assert_frame_equal(first, second, rtol=1e-9)
    assert first["value"].is_monotonic_decreasing
    assert (first["rank_low"] <= first["rank"]).all()
    assert (first["rank"] <= first["rank_high"]).all()


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(min_value=100, max_value=10**5), min_size=4, max_size=20),
    st.floats(min_value=0.5, max_value=20),
)
def test_the_verdict_does_not_depend_on_the_unit(counts, factor):
    per_thousand = frame(counts, measure=None)
    other = per_thousand.assign(value=per_thousand["value"] * factor)
    # A bare share is a proportion and not a rate, so stay clear of a scale of one.
    first, second = (compare.expected_rules(each, DAY) for each in (per_thousand, other))
    assert first["funnel_rule"].tolist() == second["funnel_rule"].tolist()
    assert first["distance_rule"].tolist() == second["distance_rule"].tolist()


# --- rules, funnels ----------------------------------------------------------------------------------


def test_both_rules_stand_side_by_side_for_every_force(spread):
    table = compare.expected_rules(spread, DAY)
    assert table["force_code"].tolist() == sorted(spread["force_code"])
    top = table.set_index("force_code").loc["F12"]
    assert (top["funnel_rule"], top["distance_rule"], top["agree"]) == (compare.HIGHER, compare.HIGHER, True)
    assert table["agree"].notna().all()


def test_a_funnel_has_curves_that_close_in_and_points_that_match_the_verdicts(spread):
    rows = frame(spread["numerator"] * np.linspace(0.1, 3, 13), np.linspace(0.1, 3, 13) * 1e6)
    found = compare.funnel(rows, DAY, points=30)
    curves = found.curves
    assert len(curves) == 30
    assert curves["size"].is_monotonic_increasing
    assert (curves["low_998"] <= curves["low_95"]).all()
    assert (curves["low_95"] < found.target).all()
    assert (curves["high_95"] <= curves["high_998"]).all()
    width = curves["high_95"] - curves["low_95"]
    assert width.is_monotonic_decreasing
    for point in found.points.itertuples():
        low = np.interp(point.size, curves["size"], curves["low_95"])
        high = np.interp(point.size, curves["size"], curves["high_95"])
        if min(abs(point.value - low), abs(point.value - high)) > 0.05:
            assert (point.funnel_verdict == compare.WITHIN) == (low < point.value < high)


def test_a_funnel_is_by_size_only_where_limits_depend_on_it():
    """Made-up forces of 20,000 to two million people: chance is all there is, then hardly anything."""
    rng = np.random.default_rng(3)
    people = np.geomspace(20_000, 2_000_000, 30)
    alike = rng.poisson(8.6 * people / 1000).astype(float)
    apart = rng.poisson(8.6 * people / 1000 * np.exp(rng.normal(0, 0.4, 30))).astype(float)

    def rows(events):
        made = pd.DataFrame(
            {
                "force_code": [f"F{place:02d}" for place in range(30)],
                "period_end": pd.Timestamp(DAY),
                "numerator": events,
                "denominator": people,
                "value": 1000 * events / people,
            }
        )
        made.attrs = {"measure": "stop_search_rate", "dimension": {}}
        return made

    assert compare.funnel(rows(alike), DAY).by_size
    assert not compare.funnel(rows(apart), DAY).by_size


@pytest.mark.usefixtures("few")
def test_only_rates_and_shares_have_a_funnel():
    share = frame([10, 20, 30], [100, 200, 300], scale=1, measure="charge_rate")
    assert compare.funnel(share, DAY).curves["high_998"].max() <= 1
    with pytest.raises(ParameterError, match="has no funnel"):
        compare.funnel(frame([1, 2, 3], measure="supervisors_per_constable", scale=1), DAY)


# --- change and trend --------------------------------------------------------------------------------


def two_years(now, before, **options):
    both = pd.concat([frame(now, **options), frame(before, day="2022-03-31", **options)], ignore_index=True)
    both.attrs = {"measure": options.get("measure", "stop_search_rate"), "dimension": {}}
    return both


#: Five forces under test among twenty that move a little.
STILL = [5000 + 25 * (place % 5 - 2) for place in range(20)]


def test_changes_are_tested_for_every_force_with_a_correction_for_their_number():
    rows = two_years([5000, 5050, 4000, 5000, 5000, *STILL], [5000] * 25)
    table = compare.changes(rows, DAY, "2022-03-31").set_index("force_code")
    assert table.loc["F02", "direction"] == compare.FELL
    assert table.loc["F01", "direction"] == table.loc["F00", "direction"] == compare.STEADY
    assert (table["p_adjusted"] >= table["p_value"]).all()
    assert table.loc["F02", "effect"] == pytest.approx(0.8)
    assert table.loc["F02", "low"] < 0.8 < table.loc["F02", "high"]


def test_a_change_that_all_forces_share_is_no_different_from_the_others():
    rng = np.random.default_rng(4)
    before = rng.integers(4000, 9000, 30).astype(float)
    rows = two_years(np.append(before * rng.normal(1.3, 0.02, 30), 2500), np.append(before, 5000))
    table = compare.changes(rows, DAY, "2022-03-31").set_index("force_code")
    assert (table["direction"].iloc[:30] == compare.ROSE).all()
    assert (table["verdict"].iloc[:30] == compare.WITHIN).mean() > 0.8
    assert table.loc["F30", "verdict"] == compare.LOWER


def test_changes_of_shares_are_differences_and_a_zero_has_no_relative_change():
    options = {"bottom": [1000.0] * 23, "scale": 1, "measure": "charge_rate"}
    rows = two_years([120, 60, 0, *[60] * 20], [60, 60, 30, *[60] * 20], **options)
    table = compare.changes(rows, DAY, "2022-03-31", correction="benjamini-hochberg").set_index("force_code")
    assert table.loc["F00", "effect"] == pytest.approx(0.06)
    assert table.loc["F00", "direction"] == compare.ROSE
    assert table.loc["F02", "direction"] == compare.FELL
    assert pd.isna(table.loc["F02", "verdict"])


def test_a_share_above_one_has_no_change_test_and_no_crash():
    """More orders than incidents: possible with a user's own figures."""
    rows = two_years([12, 5, 6], [5, 5, 5], bottom=[10.0] * 3, scale=1, measure="charge_rate")
    table = compare.changes(rows, DAY, "2022-03-31").set_index("force_code")
    assert np.isnan(table.loc["F00", "p_value"])
    assert compare.change(rows, "F00", DAY, "2022-03-31") is None


def noisy(counts, cv, years=9, seed=11):
    """Forty forces whose level does not move, with yearly noise."""
    rng = np.random.default_rng(seed)
    frames = [
        frame(rng.poisson(counts * np.exp(rng.normal(0, cv, 40))), day=f"{2023 - back}-03-31")
        for back in range(years)
    ]
    rows = pd.concat(frames, ignore_index=True)
    rows.attrs = frames[0].attrs
    return rows


def test_a_change_is_judged_by_the_noise_of_other_years_and_not_by_chance_alone():
    """West Midlands, victim-based crime: +0.8% of 300,000 was called more than chance would explain."""
    rows = noisy(300_000, 0.05)
    table = compare.changes(rows, DAY, "2022-03-31")
    assert (table["direction"] == compare.STEADY).all()
    x = table["value"] * 1000
    by_chance = stats.holm(stats.rate_change(x, 1.0, table["earlier_value"] * 1000, 1.0).p_value)
    assert (by_chance < 0.05).mean() > 0.5
    moved = rows.copy()
    moved.loc[(moved["force_code"] == "F00") & (moved["period_end"] == DAY), "numerator"] *= 2
    assert compare.change(moved, "F00", DAY, "2022-03-31").direction == compare.ROSE
    fallen = moved.assign(value=moved["value"].where(moved["period_end"] == DAY, moved["value"] * 1.5))
    fallen.loc[(fallen["force_code"] == "F00") & (fallen["period_end"] == DAY), "value"] *= 3
    fallen.attrs = moved.attrs
    ways = [compare.change(fallen, code, DAY, "2022-03-31").against_most for code in ("F00", "F01")]
    assert ways == [True, False]


def test_a_place_is_no_surer_than_a_year_lets_it_be():
    rows = noisy(np.linspace(200_000, 300_000, 40), 0.05)
    wide = compare.ranked(rows, DAY)
    assert (wide["rank_high"] - wide["rank_low"]).mean() > 8
    one = rows[rows["period_end"] == DAY]
    # One year tells nothing of the noise: chance alone would claim a certainty that places do not have.
    assert compare.ranked(one, DAY)["rank_low"].isna().all()


def test_a_trend_is_judged_by_the_noise_of_all_forces():
    rows = noisy(150_000, 0.05)
    words = [compare.recent_trend(rows, f"F{place:02d}", period_end=DAY).direction for place in range(40)]
    assert words.count(stats.NO_CHANGE) >= 36
    steady = rows.copy()
    mine = steady["force_code"] == "F00"
    steady.loc[mine, "numerator"] = 150_000 * 1.1 ** (steady.loc[mine, "period_end"].dt.year - 2019)
    assert compare.recent_trend(steady, "F00", period_end=DAY).direction == stats.INCREASING


def test_complete_counts_have_no_test_in_trends():
    rows = years([2245, 2285, 2302, 2384, 2493], measure="officers_rate")
    found = compare.recent_trend(rows, "F00")
    assert (found.complete, found.rises, found.direction) == (True, 4, stats.INCREASING)


def test_changes_from_nothing_anywhere_have_no_usual_change():
    table = compare.changes(two_years([5, 6, 7], [0, 0, 0]), DAY, "2022-03-31")
    assert table["z"].isna().all()
    assert table["effect"].isna().all()


def test_counts_have_no_change_test():
    with pytest.raises(ParameterError, match="no change test"):
        compare.changes(frame([1, 2], measure="stop_search_count"), DAY, DAY)


def test_the_change_of_one_force_is_its_row_of_the_corrected_table():
    rows = two_years([5000, 5130, 4000, 5000, 5000, *STILL], [5000] * 25)
    found = compare.change(rows, "F02", DAY, "2022-03-31")
    assert (found.direction, found.n) == (compare.FELL, 25)
    table = compare.changes(rows, DAY, "2022-03-31").set_index("force_code")
    for code, row in table.iterrows():
        one = compare.change(rows, code, DAY, "2022-03-31")
        assert (one.direction, one.verdict) == (row["direction"], row["verdict"])


def test_one_force_of_forty_that_chance_moved_is_not_called_changed():
    # 5,000 to 5,250 passes a test at 5% by itself; among 40 forces some force does so by chance.
    rows = two_years([5250, *[5000] * 39], [5000] * 40)
    table = compare.changes(rows, DAY, "2022-03-31").set_index("force_code")
    assert table.loc["F00", "p_value"] < 0.05
    assert compare.change(rows, "F00", DAY, "2022-03-31").direction == compare.STEADY


def test_there_is_no_change_test_for_complete_counts_other_kinds_and_missing_years():
    both = [50, 60, 70], [60, 60, 60]
    assert compare.change(two_years(*both), "F99", DAY, "2022-03-31") is None
    assert compare.change(two_years(*both), "F00", DAY, "2021-03-31") is None
    for measure_id in ("officers_rate", "stop_search_count", "crimes_per_officer"):
        assert compare.change(two_years(*both, measure=measure_id), "F00", DAY, "2022-03-31") is None


def years(counts, measure="stop_search_rate", scale=1000.0, first=2019):
    frames = [
        frame([count], scale=scale, measure=measure, day=f"{first + place}-03-31")
        for place, count in enumerate(counts)
        if count is not None
    ]
    rows = pd.concat(frames, ignore_index=True)
    rows.attrs = {"measure": measure, "dimension": {}}
    return rows


def test_the_recent_trend_looks_at_five_years_and_needs_all_of_them():
    rising = years([5000, 5500, 6000, 6500, 7000])
    assert compare.recent_trend(rising, "F00").direction == stats.INCREASING
    assert compare.recent_trend(rising, "F00", period_end="2022-03-31").direction == stats.UNKNOWN
    assert compare.recent_trend(years([5000, None, 6000, 6500, 7000]), "F00").direction == stats.UNKNOWN
    assert compare.recent_trend(rising, "F99").direction == stats.UNKNOWN


def test_the_gaps_of_a_trend_are_its_years_without_a_figure():
    holed = years([5000, None, 6000, 6500, 7000])
    assert compare.trend_gaps(holed, "F00") == [pd.Timestamp("2020-03-31")]
    assert compare.trend_gaps(holed, "F00", period_end="2022-03-31") == [
        pd.Timestamp("2018-03-31"),
        pd.Timestamp("2020-03-31"),
    ]
    assert len(compare.trend_gaps(holed, "F99")) == 5


def test_the_trend_of_a_share_is_that_of_a_proportion_and_a_count_has_none():
    falling = years([90_000, 80_000, 70_000, 60_000, 50_000], "charge_rate", 1.0)
    found = compare.recent_trend(falling, "F00")
    assert (found.direction, found.slope) == (stats.DECREASING, pytest.approx(-0.01))
    assert compare.recent_trend(falling, "F00", measure="stop_search_count").direction == stats.UNKNOWN


def test_rolling_years_do_not_overlap_in_a_trend():
    quarters = pd.date_range("2018-03-31", "2023-03-31", freq="QE")
    rows = pd.concat([frame([5000 + 100 * i], day=day) for i, day in enumerate(quarters)], ignore_index=True)
    rows.attrs = {"measure": "stop_search_rate"}
    assert compare.recent_trend(rows, "F00").slope == pytest.approx(0.4, rel=0.01)


@pytest.mark.parametrize(
    "measure_id", ["stop_search_rate", "charge_rate", "disparity_ratio", "officers_headcount"]
)
def test_the_averages_of_all_periods_are_those_of_each(catalogue, measure_id):
    from peelbook import measures

    frame = measures.compute(catalogue, measure_id)
    every = compare.averages_through_time(frame)
    assert list(every["period_end"]) == sorted(frame["period_end"].unique())
    for row in every.itertuples():
        one = compare.averages(compare.at_period(frame, row.period_end))
        assert row.mean_of_forces == pytest.approx(one.mean_of_forces, rel=1e-12)
        if one.pooled is None or not one.whole:
            assert np.isnan(row.pooled)
        else:
            assert row.pooled == pytest.approx(one.pooled, rel=1e-12)
