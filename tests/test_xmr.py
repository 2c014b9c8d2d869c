"""XmR charts: limits and signals against published worked values."""

from __future__ import annotations

import numpy as np
import pytest

from peelbook import xmr

#: Flow rates of ten batches: NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2, individuals control charts.
FLOW = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]


def test_the_limits_are_those_of_the_nist_handbook():
    found = xmr.behaviour([*FLOW, 50.0, 51.0], slice(None))
    own = xmr.behaviour([*FLOW, *FLOW], slice(None))
    assert own.centre == pytest.approx(50.81)
    # The handbook has ten values, fewer than a baseline may have here: the same arithmetic without that guard.
    ranges = np.abs(np.diff(FLOW))
    assert ranges.mean() == pytest.approx(1.8778, abs=1e-4)
    assert 50.81 + xmr.LIMIT * ranges.mean() == pytest.approx(55.8041, abs=1e-3)
    assert 50.81 - xmr.LIMIT * ranges.mean() == pytest.approx(45.8159, abs=1e-3)
    assert found.signals == ((),) * 12, "the handbook: the process is in control"


def test_a_single_jump_is_screened_out_as_the_national_health_service_does():
    """The worked example of NHSRplotthedots, "Deviations from Excel defaults": 4.6, 1.94 and -0.72."""
    values = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
    found = xmr.behaviour(values, slice(None))
    assert (round(found.upper, 1), round(found.centre, 2), round(found.lower, 2)) == (4.6, 1.94, -0.72)
    assert [place for place, rules in enumerate(found.signals) if xmr.OUTSIDE in rules] == [4]
    assert found.range_limit == pytest.approx(3.268)
    assert xmr.behaviour(values, slice(None), low=0).lower == 0


def test_a_run_of_eight_is_a_signal_and_one_of_seven_is_not():
    def broken(side):
        return [xmr.IN_A_ROW in rules for rules in xmr.signals([*side, -0.1], 0, -3, 3)]

    assert broken([0.1] * 7) == [False] * 8
    assert broken([0.1] * 8) == [True] * 8 + [False]
    assert broken([-0.1] * 4 + [0.0] + [-0.1] * 3)[:4] == [False] * 4, "a value at the mean is on no side"


def test_three_of_four_near_a_limit_are_a_signal_on_one_side_only():
    def broken(values):
        return [place for place, rules in enumerate(xmr.signals(values, 0, -3, 3)) if xmr.NEAR_LIMIT in rules]

    assert broken([1.6, 0.2, 1.6, 1.7]) == [0, 2, 3]
    assert broken([1.6, 0.2, 1.4, 1.7]) == []
    assert broken([1.6, -1.6, 1.6, -1.7]) == []
    assert broken([-1.6, -1.6, -1.6, 0.1]) == [0, 1, 2]


def test_a_gap_breaks_runs_and_moving_ranges():
    values = [1.0] * 4 + [np.nan] + [1.0] * 4
    assert not any(xmr.IN_A_ROW in rules for rules in xmr.signals(values, 0, -3, 3))
    series = [1.0, 2.0] * 8
    series[5] = np.nan
    found = xmr.behaviour(series, slice(None))
    assert np.isnan(found.ranges[[0, 5, 6]]).all()
    assert found.mean_range == 1


def test_limits_come_from_the_baseline_alone():
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(100, 5, 20), rng.normal(160, 5, 4)])
    found = xmr.behaviour(values, slice(0, 20))
    same = xmr.behaviour(values[:20], slice(None))
    assert (found.centre, found.lower, found.upper) == (same.centre, same.lower, same.upper)
    assert all(xmr.OUTSIDE in rules for rules in found.signals[20:])
    assert found.high[20:].all()


@pytest.mark.parametrize("baseline", [slice(0, 11), slice(0, 0)])
def test_a_short_baseline_has_no_limits(baseline):
    with pytest.raises(ValueError, match="needs 12 values"):
        xmr.behaviour(np.arange(20.0), baseline)


def test_a_baseline_without_neighbours_has_no_limits():
    with pytest.raises(ValueError, match="next to each other"):
        xmr.behaviour(np.where(np.arange(30) % 2, np.nan, 1.0), slice(None))


def test_what_recurs_each_year_is_taken_out_and_the_level_stays():
    factors = np.array([0.8, 1.0, 1.3, 0.9])
    level = np.repeat([100.0, 110.0, 120.0, 130.0, 140.0], 4)
    values = level * np.tile(factors, 5)
    quarters = np.tile([3, 6, 9, 12], 5)
    found = xmr.without_season(values, quarters, slice(None))
    assert np.allclose(found, level)
    # Two years do not tell a season.
    assert np.array_equal(xmr.without_season(values, quarters, slice(0, 8)), values)
    assert np.array_equal(
        xmr.without_season(values * (quarters != 3), quarters, slice(None)), values * (quarters != 3)
    )


def test_where_quarters_resemble_the_one_before_the_scatter_about_the_mean_counts():
    values = np.repeat([100.0, 104.0, 96.0, 108.0, 92.0], 4)
    plain = xmr.behaviour(values, slice(None))
    carried = xmr.behaviour(values, slice(None), carried=True)
    assert carried.upper - carried.centre == pytest.approx(3 * np.std(values, ddof=1))
    assert plain.upper < carried.upper
    assert any(
        xmr.IN_A_ROW in rules for rules in xmr.behaviour([*values, *[101.0] * 8], slice(0, 20)).signals
    )
    assert not any(
        xmr.IN_A_ROW in rules
        for rules in xmr.behaviour([*values, *[101.0] * 8], slice(0, 20), carried=True).signals
    )


def test_limits_are_wider_where_seasons_are_taken_out():
    rng = np.random.default_rng(2)
    seasons, spread = list(np.tile(range(4), 6)), []
    for _ in range(2000):
        values = xmr.without_season(np.exp(rng.normal(0, 0.05, 24)), seasons, slice(0, 20))
        spread.append((np.var(values[:20]), np.mean((values[20:] - values[:20].mean()) ** 2)))
    inside, after = np.mean(spread, axis=0)
    # Of five years: 1 + 1/5 over 1 - 1/5 in variance.
    assert xmr.season_widening(5) == pytest.approx(np.sqrt(1.5))
    assert np.sqrt(after / inside) == pytest.approx(xmr.season_widening(5), rel=0.1)
