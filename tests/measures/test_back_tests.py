"""The committed tables give the figures that HMICFRS and the publishers printed."""

from __future__ import annotations

import pytest
from measure_helpers import broken_down

from peelbook import compare, measures

MET, NATION = "E23000001", "K04000001"

# The table is here, and the editions at hand leave the column empty.
WITHOUT_FIGURES = {"antisocial_behaviour_orders_per_incident", "find_rate", "linked_find_rate"}


@pytest.mark.parametrize(
    ("measure_id", "force", "day", "dimension", "printed"),
    [
        ("stop_search_rate", MET, "2023-03-31", {}, "19.8"),
        ("stop_search_rate", NATION, "2023-03-31", {}, "8.6"),
        ("disparity_ratio", MET, "2023-03-31", {"ethnicity": "Black"}, "2.9"),
        ("disparity_ratio", NATION, "2023-03-31", {"ethnicity": "Black"}, "4.1"),
        ("ethnic_minority_share", MET, "2021-03-21", {}, "46.3%"),
        ("population_count", MET, "2022-06-30", {}, "8,855,333"),
        ("population_count", NATION, "2022-06-30", {}, "60,238,038"),
        ("stop_search_count", MET, "2023-03-31", {}, "175,277"),
        ("stop_search_count", NATION, "2023-03-31", {}, "517,367"),
        ("use_of_force_count", MET, "2020-03-31", {}, "157,705"),
        ("victim_based_crime_count", MET, "2023-03-31", {}, "761,214"),
        ("victim_based_crime_count", MET, "2023-06-30", {}, "774,712"),
        ("officers_headcount", MET, "2023-03-31", {}, "35,411"),
        ("officers_headcount", NATION, "2023-03-31", {}, "149,566"),
        ("officers_fte", MET, "2023-03-31", {}, "34,899"),
    ],
)
def test_printed_figures_are_reproduced(catalogue, measure_id, force, day, dimension, printed):
    found = measures.at(catalogue, measure_id, force, day, **dimension)
    assert found.measure.format(found.value) == printed


def test_the_met_had_the_second_lowest_charge_rate_of_43_forces(catalogue):
    frame = measures.compute(catalogue, "charge_rate")
    found = compare.against_peers(frame, MET, "2023-03-31")
    assert round(100 * found.value, 2) == 3.96
    assert (found.rank, found.n, found.funnel_verdict) == (42, 43, compare.LOWER)


def test_the_words_of_the_report_on_stop_and_search_follow_from_our_rule(catalogue):
    found = compare.against_peers(measures.compute(catalogue, "stop_search_rate"), MET, "2023-03-31")
    assert found.funnel_verdict == found.distance_verdict == compare.HIGHER


def test_the_city_of_london_alone_would_move_the_mean_of_forces_by_more_than_half(catalogue):
    rows = compare.at_period(measures.compute(catalogue, "stop_search_rate"), "2023-03-31")
    without, within = compare.averages(rows), compare.averages(rows, exclude=())
    assert within.mean_of_forces > 1.5 * without.mean_of_forces
    assert within.pooled == pytest.approx(without.pooled)


def test_greater_manchesters_missing_outcomes_are_missing(catalogue):
    found = measures.at(catalogue, "charge_rate", "greater-manchester", "2020-03-31")
    assert not found
    assert "July 2019" in found.reason


def test_rank_shares_of_every_force_add_to_one(catalogue):
    frame = broken_down(catalogue, "rank_share", "rank")
    total = frame.groupby(["force_code", "period_end"])["value"].sum()
    assert total.to_numpy() == pytest.approx(1)


def test_every_measure_with_a_table_computes_for_the_committed_data(catalogue):
    seen = 0
    for found in measures.registry().values():
        if not all(catalogue.has(table) for table in found.tables):
            continue
        frame = measures.compute(catalogue, found.id)
        if found.id in WITHOUT_FIGURES:
            assert frame.empty, found.id
            reason = measures.at(catalogue, found.id, MET, "2019-03-31").reason
            assert "no such figure for any force" in reason or "lost from the file" in reason
            continue
        assert not frame.empty, found.id
        assert frame["value"].notna().all()
        assert not frame.duplicated(["force_code", "period_end"]).any() or found.kind == "grade", found.id
        if found.kind == "share":
            assert frame["value"].between(0, 1).mean() > 0.99, found.id
        seen += 1
    assert seen >= 30


def test_both_rules_agree_for_most_forces_and_call_few_unusual(catalogue):
    for name in ("stop_search_rate", "charge_rate", "officers_rate", "victim_based_crime_rate"):
        table = compare.expected_rules(measures.compute(catalogue, name), "2023-03-31")
        assert len(table) == 43
        # One standard deviation is passed by a third of ordinary forces, the 95% limits by a twentieth.
        assert table["agree"].mean() > 0.6
        assert (table["funnel_rule"] != compare.WITHIN).mean() < 0.12


def test_an_outcome_type_that_came_later_has_no_figure_and_no_error(catalogue):
    found = measures.at(catalogue, "outcome_share", MET, "2019-03-31", outcome_type="22")
    assert not found
    assert "no such figure for any force" in found.reason
