"""Each statistic against an independent implementation or a published worked example."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelbook import stats

#: The first call imports statsmodels, so no single example has a deadline.
QUICK = settings(deadline=None, max_examples=60)

counts = st.integers(min_value=0, max_value=5000)


@st.composite
def proportions(draw):
    trials = draw(st.integers(min_value=1, max_value=5000))
    return draw(st.integers(min_value=0, max_value=trials)), trials


# --- intervals of one figure -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_published_examples(successes, trials, low, high):
    """Newcombe (1998), Statistics in Medicine 17:857, table I, method 3."""
    assert stats.wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("confidence", [0.95, 0.998])
@QUICK
@given(case=proportions())
def test_wilson_agrees_with_statsmodels(confidence, case):
    from statsmodels.stats.proportion import proportion_confint

    expected = proportion_confint(*case, alpha=1 - confidence, method="wilson")
    assert stats.wilson(*case, confidence) == pytest.approx(expected, abs=1e-12)


def test_the_printed_interval_of_reasonable_grounds_is_a_wald_interval_and_wilson_is_wider_below():
    low, high = stats.wald(265, 280)
    assert ((high - low) / 2 * 100) == pytest.approx(2.6, abs=0.05)
    assert stats.wilson(265, 280) == pytest.approx((0.914, 0.967), abs=0.0006)


@QUICK
@given(case=proportions())
def test_wald_agrees_with_statsmodels(case):
    from statsmodels.stats.proportion import proportion_confint

    expected = proportion_confint(*case, method="normal")
    # statsmodels clips to 0 and 1; the printed form does not.
    assert np.clip(stats.wald(*case), 0, 1) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("count", "confidence", "low", "high"),
    [
        (5, 0.95, 1.623486324, 11.6683331),
        (10, 0.95, 4.795387629, 18.39035799),
        (100, 0.95, 81.36400699, 121.6268111),
        (5, 0.998, 0.739371928, 16.45474478),
        (100, 0.998, 71.92139974, 134.9243187),
    ],
)
def test_exact_poisson_limits_are_those_public_health_england_publishes(count, confidence, low, high):
    """PHEindicatormethods, `testdata_funnel_ratio_outputs.csv`: limits in expected events (to its solver's 6 digits)."""
    assert stats.exact_poisson(count, confidence=confidence) == pytest.approx((low, high), rel=1e-5)


def test_exact_poisson_limits_are_those_of_funnelplotr():
    """FunnelPlotR, `test-poisson_limits.R`: 95% limits of ratios with 15, 20 and 30 expected."""
    low, high = stats.exact_poisson([15, 20, 30], [15, 20, 30])
    assert low == pytest.approx([0.5596924, 0.6108260, 0.6746958], abs=1e-7)
    assert high == pytest.approx([1.649348, 1.544419, 1.427562], abs=1e-6)


@pytest.mark.parametrize("confidence", [0.95, 0.998])
@QUICK
@given(count=counts)
def test_exact_poisson_agrees_with_statsmodels(confidence, count):
    from statsmodels.stats.rates import confint_poisson

    expected = confint_poisson(count, 2.5, method="exact-c", alpha=1 - confidence)
    assert stats.exact_poisson(count, 2.5, confidence=confidence) == pytest.approx(expected, rel=1e-9)


def test_byar_gives_the_worked_example_of_breslow_and_day():
    """Breslow and Day (1987), volume II, chapter 2: 15 observed with 6.5 expected, limits 1.29 to 3.81."""
    assert stats.byar(15, 6.5) == pytest.approx((1.29, 3.81), abs=0.005)


@QUICK
@given(count=st.integers(min_value=10, max_value=100_000))
def test_byar_stays_within_half_a_percent_of_the_exact_interval_from_a_count_of_ten(count):
    assert stats.byar(count) == pytest.approx(stats.exact_poisson(count), rel=0.005)


def test_a_rate_has_an_exact_interval_below_a_count_of_ten_and_byars_from_ten():
    low, high = stats.rate_interval([9, 10], [1000, 1000], scale=1000)
    assert (low[0], high[0]) == pytest.approx(stats.exact_poisson(9, 1000, 1000))
    assert (low[1], high[1]) == pytest.approx(stats.byar(10, 1000, 1000))


def test_a_count_of_zero_has_a_lower_limit_of_zero_and_an_upper_one_above_it():
    for method in (stats.byar, stats.exact_poisson, stats.rate_interval):
        low, high = method(0, 1000, 1000)
        assert low == 0
        assert high == pytest.approx(3.69, abs=0.1)


def test_the_log_normal_interval_of_a_ratio_agrees_with_a_poisson_regression_of_statsmodels():
    """The interval of the coefficient of a two-group Poisson regression with the exposure as offset."""
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    for a, e, b, f in [(60, 51477.5, 30, 54308.7), (7, 100, 9, 50), (14_000, 120_000, 9000, 160_000)]:
        # Each group in two parts, so that the regression has more rows than coefficients and does not fit them exactly.
        rows = [(a // 3, e / 2, 1), (a - a // 3, e / 2, 1), (b // 3, f / 2, 0), (b - b // 3, f / 2, 0)]
        counts, sizes, group = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
        design = np.column_stack([np.ones(4), group])
        fit = GLM(counts, design, family=Poisson(), offset=np.log(sizes)).fit(tol=1e-12)
        assert stats.ratio_interval(a, e, b, f) == pytest.approx(np.exp(fit.conf_int()[1]), rel=1e-6)


def test_the_printed_black_to_white_ratio_has_a_narrow_interval_and_small_counts_a_wide_one():
    low, high = stats.ratio_interval(42_000, 1_188_000, 61_000, 4_740_000)
    assert high - low < 0.1
    low, high = stats.ratio_interval(3, 1000, 40, 20_000)
    assert high / low > 5


@pytest.mark.parametrize(
    ("case", "low", "high"),
    [((56, 70, 48, 80), 0.0524, 0.3339), ((9, 10, 3, 10), 0.1705, 0.8090), ((10, 10, 0, 20), 0.6791, 1.0)],
)
def test_the_interval_of_a_difference_gives_newcombes_published_examples(case, low, high):
    """Newcombe (1998), Statistics in Medicine 17:873, table II, method 10."""
    assert stats.newcombe(*case) == pytest.approx((low, high), abs=5e-5)


@QUICK
@given(first=proportions(), second=proportions())
def test_the_interval_of_a_difference_agrees_with_statsmodels(first, second):
    from statsmodels.stats.proportion import confint_proportions_2indep

    expected = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
    assert stats.newcombe(*first, *second) == pytest.approx(expected, abs=1e-9)


@QUICK
@given(case=proportions())
def test_wilson_holds_the_observed_share_and_stays_between_nought_and_one(case):
    low, high = stats.wilson(*case)
    assert 0 <= low <= case[0] / case[1] <= high <= 1


@QUICK
@given(count=counts)
def test_the_wider_confidence_holds_the_narrower(count):
    for method in (stats.byar, stats.exact_poisson):
        inner, outer = method(count), method(count, confidence=stats.ALARM)
        assert outer.low <= inner.low <= inner.high <= outer.high


def test_missing_in_missing_out_and_no_denominator_no_interval():
    low, high = stats.wilson([5, np.nan, 5], [10, 10, 0])
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [False, True, True]
    assert np.isnan(stats.rate_interval(5, 0).low)
    assert np.isnan(stats.ratio_interval(0, 10, 5, 10).low)


@pytest.mark.parametrize(
    "call", [lambda: stats.wilson(11, 10), lambda: stats.byar(-1), lambda: stats.z_value(1.0)]
)
def test_impossible_input_is_refused(call):
    with pytest.raises(ValueError, match=r"more successes|below zero|between 0 and 1"):
        call()


# --- funnel limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "low", "high", "outer_low", "outer_high"),
    [
        (50, 69.691035, 91.593861, 63.375595, 97.909301),
        (102, 72.974925, 88.309971, 68.553233, 92.731663),
        (9998, 79.867989, 81.416907, 79.421375, 81.863521),
    ],
)
def test_normal_limits_of_a_proportion_are_those_public_health_england_publishes(
    size, low, high, outer_low, outer_high
):
    """PHEindicatormethods, `testdata_funnel_prop_outputs.csv`: baseline 80.642448%."""
    target = 0.80642448
    inner = stats.funnel_limits("proportion", target, size, method="normal")
    outer = stats.funnel_limits("proportion", target, size, method="normal", confidence=stats.ALARM)
    assert [100 * limit for limit in inner] == pytest.approx([low, high], abs=2e-6)
    assert [100 * limit for limit in outer] == pytest.approx([outer_low, outer_high], abs=2e-6)


def _interpolated(cdf, ppf, p, n):
    """Spiegelhalter (2005) A.1.1 with scipy's distributions: (r - alpha)/n."""
    r = ppf(p)
    alpha = (cdf(r) - p) / (cdf(r) - cdf(r - 1))
    return (r - alpha) / n


@pytest.mark.parametrize("p", [0.025, 0.975, 0.001, 0.999])
@pytest.mark.parametrize("n", [1, 7, 50, 999, 48_000])
@pytest.mark.parametrize("target", [0.004, 0.07, 0.5])
def test_exact_limits_of_a_proportion_agree_with_scipys_binomial(p, n, target):
    from scipy.stats import binom

    expected = np.clip(
        _interpolated(lambda r: binom.cdf(r, n, target), lambda q: binom.ppf(q, n, target), p, n), 0, 1
    )
    low, high = stats.funnel_limits(
        "proportion", target, n, method="exact", confidence=0.95 if p in (0.025, 0.975) else 0.998
    )
    assert (low if p < 0.5 else high) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("p", [0.025, 0.975, 0.001, 0.999])
@pytest.mark.parametrize("n", [40, 1000, 250_000])
def test_exact_limits_of_a_rate_agree_with_scipys_poisson(p, n):
    from scipy.stats import poisson

    mean = 8.6 * n / 1000
    expected = 1000 * max(
        0, _interpolated(lambda r: poisson.cdf(r, mean), lambda q: poisson.ppf(q, mean), p, n)
    )
    low, high = stats.funnel_limits(
        "rate", 8.6, n, scale=1000, method="exact", confidence=0.95 if p in (0.025, 0.975) else 0.998
    )
    assert (low if p < 0.5 else high) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("model", "target", "scale"), [("rate", 8.6, 1000), ("proportion", 0.186, 1)])
@pytest.mark.parametrize("confidence", [0.95, 0.998])
def test_all_three_kinds_of_limit_meet_for_a_large_force(model, target, scale, confidence):
    limits = [
        stats.funnel_limits(model, target, 2_000_000, scale=scale, confidence=confidence, method=method)
        for method in ("exact", "normal", "transformed")
    ]
    assert limits[0] == pytest.approx(limits[1], rel=2e-3)
    assert limits[2] == pytest.approx(limits[1], rel=2e-3)


@QUICK
@given(size=st.floats(min_value=100, max_value=1e6), more=st.floats(min_value=1.01, max_value=10))
def test_limits_close_in_on_the_target_as_a_force_grows(size, more):
    for model, target, scale in (("rate", 8.6, 1000), ("proportion", 0.2, 1), ("ratio", 0.24, 1)):
        small, large = (stats.funnel_limits(model, target, n, scale=scale) for n in (size, size * more))
        assert small.low <= large.low <= target * (1 + 1e-12)
        assert target * (1 - 1e-12) <= large.high <= small.high


def test_over_dispersion_widens_limits_and_only_on_the_transformed_scale():
    spread = stats.Dispersion("additive", 9.0, 0.2, 43)
    plain = stats.funnel_limits("rate", 8.6, 1e6, scale=1000)
    wide = stats.funnel_limits("rate", 8.6, 1e6, scale=1000, dispersion=spread)
    assert wide.low < plain.low < plain.high < wide.high
    stretched = stats.funnel_limits(
        "rate", 8.6, 1e6, scale=1000, dispersion=stats.Dispersion("multiplicative", 9.0, 0.2, 43)
    )
    middle = math.sqrt(8.6)
    assert math.sqrt(stretched.high) - middle == pytest.approx(3 * (math.sqrt(plain.high) - middle))
    for method in ("exact", "normal"):
        with pytest.raises(ValueError, match="over-dispersion"):
            stats.funnel_limits("rate", 8.6, 1e6, method=method, dispersion=spread)
        with pytest.raises(ValueError, match="ratio"):
            stats.funnel_limits("ratio", 0.2, 100, method=method)


def test_a_unit_on_the_limit_scores_exactly_that_many_standard_errors():
    for model, target, scale, size in (("rate", 8.6, 1000, 500_000), ("proportion", 0.2, 1, 800)):
        spread = stats.Dispersion("additive", 4.0, 0.01, 43)
        for confidence in (stats.ALERT, stats.ALARM):
            low, high = stats.funnel_limits(
                model, target, size, scale=scale, confidence=confidence, dispersion=spread
            )
            y, error = stats._transformed(model, np.array([low, high]) * size / scale, size, scale)
            middle = math.sqrt(target) if model == "rate" else math.asin(math.sqrt(target))
            z = (y - middle) / spread.error(error)
            assert z == pytest.approx([-stats.z_value(confidence), stats.z_value(confidence)], rel=1e-9)


# --- over-dispersion ---------------------------------------------------------------------------------


def test_winsorising_pulls_the_tails_in_to_the_quantiles_and_leaves_the_rest():
    scores = np.array([-9.0, -2, -1, 0, 0.5, 1, 1.5, 2, 3, 20])
    pulled = stats.winsorised(scores, 0.1)
    assert pulled.min() == pytest.approx(np.quantile(scores, 0.1))
    assert pulled.max() == pytest.approx(np.quantile(scores, 0.9))
    assert pulled[1:-1] == pytest.approx(scores[1:-1])
    assert np.isnan(stats.winsorised([np.nan, np.nan])).all()


def test_between_unit_variance_is_paule_and_mandels():
    """The root of sum((y - m)^2 / (s^2 + tau2)) = n - 1 (Paule and Mandel 1982), found by scipy."""
    from scipy.optimize import brentq

    rng = np.random.default_rng(1)
    effects, variances = rng.normal(0, 0.5, 40), rng.uniform(0.01, 0.4, 40)
    away = effects - effects.mean()
    expected = brentq(lambda tau2: np.sum(away**2 / (variances + tau2)) - 39, 0, 10, xtol=1e-14)
    ours = stats.estimate_dispersion(away / np.sqrt(variances), np.sqrt(variances), share=0.0)
    assert ours.tau2 == pytest.approx(expected, rel=1e-6)
    assert expected > 0


@pytest.mark.parametrize("n", [10, 20, 42])
def test_the_correction_for_winsorising_is_what_winsorising_takes(n):
    z = np.random.default_rng(3).standard_normal((40_000, n))
    z -= z.mean(axis=1, keepdims=True)
    ends = np.quantile(z, [0.1, 0.9], axis=1)[:, :, None]
    assert np.mean(np.clip(z, *ends) ** 2) == pytest.approx(stats.winsorised_square(n), rel=0.012)
    assert stats.winsorised_square(10**9) == pytest.approx(0.6787, abs=1e-4)
    assert stats.winsorised_square(10, 0) == pytest.approx(0.9)


def test_few_expected_events_are_scored_by_their_exact_probability():
    """Nought where 3.8 are expected: one-sided probability exp(-3.8), two-sided 0.045, not 0.0001."""
    found = stats.funnel_scores("rate", [0, 4], [3800, 3800], 1.0, scale=1000, method="none")
    assert stats.p_value(found.naive[0]) == pytest.approx(2 * math.exp(-3.8))
    assert found.naive[1] == pytest.approx(0, abs=0.2)
    share = stats.funnel_scores("proportion", [0, 9], [38, 38], 0.1, method="none")
    assert stats.p_value(share.naive[0]) == pytest.approx(2 * 0.9**38, rel=1e-6)
    assert share.naive[1] > 1.96


@pytest.mark.parametrize("mean", [0.4, 2.5, 3.8, 7.0, 19.0])
def test_exact_limits_leave_out_what_is_less_likely_than_they_say_on_each_side(mean):
    from scipy.stats import poisson

    low, high = stats.funnel_limits("rate", mean, 1.0)
    for count in range(60):
        outside = poisson.cdf(count, mean) < 0.025 or poisson.sf(count - 1, mean) < 0.025
        assert outside == (not low - 1e-9 <= count <= high + 1e-9), count
        score = stats.funnel_scores("rate", [count], [1.0], mean, method="none").naive[0]
        assert (abs(score) > stats.z_value(0.95)) == outside, count


def test_exact_limits_of_a_share_are_those_of_the_binomial():
    from scipy.stats import binom

    low, high = stats.funnel_limits("proportion", 0.1, 60.0)
    for count in range(61):
        outside = binom.cdf(count, 60, 0.1) < 0.025 or binom.sf(count - 1, 60, 0.1) < 0.025
        assert outside == (not low - 1e-9 <= count / 60 <= high + 1e-9), count


def test_without_a_target_the_middle_is_the_mean_on_the_scale_of_the_limits():
    found = stats.funnel_scores("rate", [100, 400, 900], [1000.0] * 3, scale=1000)
    assert found.target == pytest.approx(((10 + 20 + 30) / 3) ** 2)
    assert found.naive.mean() == pytest.approx(0)


def test_no_spread_beyond_chance_gives_no_over_dispersion():
    quiet = stats.estimate_dispersion([0.1, -0.2, 0.3, -0.1], [1, 1, 2, 2])
    assert (quiet.tau2, quiet.over) == (0.0, False)
    assert quiet.error(3.0) == 3.0


def test_fewer_than_three_units_cannot_show_over_dispersion():
    for scores in ([], [5.0], [5.0, np.nan, -5.0]):
        found = stats.estimate_dispersion(scores, np.ones(len(scores)))
        assert (found.method, found.tau2, found.over) == ("none", 0.0, False)
        assert found.error(2.0) == 2.0


def test_multiplicative_over_dispersion_never_narrows():
    assert stats.Dispersion("multiplicative", 0.4, 0.0, 43).error(1.0) == 1.0
    loud = stats.estimate_dispersion([4, -4, 5, -5, 3.0], np.ones(5), method="multiplicative")
    assert loud.over
    assert loud.error(1.0) == pytest.approx(math.sqrt(loud.phi))


def test_a_force_left_out_is_scored_and_does_not_widen_the_limits():
    top, bottom = [80, 85, 90, 95, 100, 9000.0], [10_000.0] * 6
    within = stats.funnel_scores("rate", top[:5], bottom[:5], 9.0, scale=1000, share=0.0)
    beside = stats.funnel_scores(
        "rate", top, bottom, 9.0, scale=1000, share=0.0, include=[True] * 5 + [False]
    )
    assert beside.dispersion == within.dispersion
    assert beside.adjusted[:5] == pytest.approx(within.adjusted)
    assert beside.adjusted[5] > 10


def test_scores_of_ratios_use_the_errors_of_both_counts():
    scores = stats.funnel_scores("ratio", [20, 60], [100, 200], 0.25, method="none")
    y = np.log([20.5 / 100.5, 60.5 / 200.5])
    error = np.sqrt([1 / 20.5 + 1 / 100.5, 1 / 60.5 + 1 / 200.5])
    assert scores.naive == pytest.approx((y - math.log(0.25)) / error)


# --- many comparisons and ranks ----------------------------------------------------------------------


@pytest.mark.parametrize(("ours", "theirs"), [(stats.holm, "holm"), (stats.benjamini_hochberg, "fdr_bh")])
# statsmodels takes 0.1 s for one set of Holm's p values.
@settings(deadline=None, max_examples=12)
@given(p=st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=43))
def test_corrections_agree_with_statsmodels(ours, theirs, p):
    from statsmodels.stats.multitest import multipletests

    assert ours(p) == pytest.approx(multipletests(p, method=theirs)[1], abs=1e-12)


def test_a_missing_p_value_is_not_a_comparison():
    with_gap = stats.holm([0.01, np.nan, 0.04])
    assert np.isnan(with_gap[1])
    assert with_gap[[0, 2]] == pytest.approx(stats.holm([0.01, 0.04]))
    assert np.isnan(stats.benjamini_hochberg([np.nan])).all()


def test_benjamini_and_hochbergs_own_example_finds_four():
    """Benjamini and Hochberg (1995), JRSS B 57:289, section 4: 15 p values, four significant at 5%, three by Bonferroni."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    assert (stats.benjamini_hochberg(p) <= 0.05).sum() == 4
    assert (stats.holm(p) <= 0.05).sum() == 3


@QUICK
@given(values=st.lists(st.integers(min_value=0, max_value=20), min_size=1, max_size=43))
def test_ranks_agree_with_scipy_with_ties_sharing_the_better_place(values):
    from scipy.stats import rankdata

    assert stats.ranks(values) == pytest.approx(rankdata([-value for value in values], method="min"))


def test_a_missing_value_has_no_rank_and_takes_no_place():
    assert stats.ranks([5, np.nan, 7])[[0, 2]].tolist() == [2, 1]
    assert np.isnan(stats.ranks([5, np.nan, 7])[1])
    best, worst = stats.rank_intervals([5, np.nan, 7], [0.1, 0.1, 0.1])
    assert (best[0], worst[0]) == (2, 2)
    assert np.isnan(best[1])


def test_a_rank_interval_is_one_place_without_error_and_all_places_without_information():
    best, worst = stats.rank_intervals([3, 1, 2], [0, 0, 0])
    assert best.tolist() == worst.tolist() == [1, 3, 2]
    best, worst = stats.rank_intervals([3, 1, 2], [100, 100, 100])
    assert (best.tolist(), worst.tolist()) == ([1, 1, 1], [3, 3, 3])
    best, worst = stats.rank_intervals([2, 2], [0, 0])
    assert (best.tolist(), worst.tolist()) == ([1, 1], [2, 2])


def test_places_have_the_probabilities_that_sampling_gives():
    means, deviations = np.array([0.0, 0.3, 0.35, -1.0, 2.0]), np.array([0.2, 0.5, 0.05, 1.0, 0.1])
    found = stats.place_probabilities(means, deviations)
    drawn = np.random.default_rng(1).normal(means, deviations, (200_000, 5))
    sampled = (-drawn).argsort(axis=1).argsort(axis=1)
    for unit in range(5):
        assert found[unit] == pytest.approx(np.bincount(sampled[:, unit], minlength=5) / 200_000, abs=0.004)
    assert found.sum(axis=0) == pytest.approx(np.ones(5), abs=0.003)


@QUICK
@given(
    values=st.lists(st.floats(min_value=-5, max_value=5), min_size=2, max_size=20),
    error=st.floats(min_value=0.01, max_value=3),
    turn=st.integers(min_value=0, max_value=20),
)
def test_levels_lie_among_the_values_and_in_their_order_whatever_the_order_of_the_units(values, error, turn):
    level, deviation = stats.level_posterior(values, [error] * len(values))
    assert min(values) - 1e-9 <= level.min()
    assert level.max() <= max(values) + 1e-9
    assert (deviation > 0).all()
    order = np.argsort(values)
    assert (np.diff(level[order]) >= -1e-9).all()
    turned = stats.level_posterior(np.roll(values, turn), [error] * len(values))[0]
    assert turned == pytest.approx(np.roll(level, turn), abs=1e-9)


def test_outlying_forces_are_not_drawn_in_and_two_groups_keep_their_middles():
    rng = np.random.default_rng(1)
    groups = np.repeat([0.0, 1.0], 20) + rng.normal(0, 0.1, 40)
    level, deviation = stats.level_posterior([*groups, 5.0], np.full(41, 0.1))
    assert level[-1] == pytest.approx(5, abs=0.01)
    # Within a group the levels are drawn together, and no force of one comes near the other.
    assert level[:20].std() < 0.6 * groups[:20].std()
    assert level[:20].max() < 0.3 < 0.7 < level[20:40].min()
    assert 0 < deviation[-1] < 0.1


def test_a_unit_outside_the_pool_keeps_its_value_and_tells_nothing_of_the_others():
    values, errors = np.array([0.0, 0.1, 0.2, 0.3, 9.0]), np.full(5, 0.2)
    pool = np.array([True, True, True, True, False])
    level, deviation = stats.level_posterior(values, errors, pool=pool)
    assert (level[-1], deviation[-1]) == (9.0, pytest.approx(0.2))
    assert level[:4] == pytest.approx(stats.level_posterior(values[:4], errors[:4])[0])
    assert stats.rank_intervals(values, errors, pool=pool).high[-1] == 1
    # With nobody in the pool there is nothing to learn from.
    assert (stats.level_posterior(values, errors, pool=False)[0] == values).all()


def test_an_error_that_few_years_tell_widens_the_interval():
    values, errors = np.linspace(0, 1, 12), np.full(12, 0.1)
    wide, sure = (stats.rank_intervals(values, errors, df=df) for df in (2, np.inf))
    assert (wide.high - wide.low).sum() > (sure.high - sure.low).sum()
    assert np.isnan(stats.rank_intervals(values, errors, df=np.nan).low).all()


# --- change and trend --------------------------------------------------------------------------------


@QUICK
@given(
    x=st.integers(min_value=0, max_value=300),
    y=st.integers(min_value=0, max_value=300),
    e=st.floats(min_value=0.2, max_value=5),
)
def test_the_change_of_a_rate_agrees_with_a_mid_p_test_from_scipys_binomial(x, y, e):
    from scipy.stats import binom

    found = stats.rate_change(x, e, y, 1.0)
    if x + y == 0:
        assert np.isnan(found.p_value)
        return
    n, share = x + y, e / (e + 1)
    middle = binom.cdf(x - 1, n, share) + binom.pmf(x, n, share) / 2
    assert found.p_value == pytest.approx(min(1, 2 * min(middle, 1 - middle)), abs=1e-9)


def test_the_change_of_a_large_rate_is_the_score_test():
    from statsmodels.stats.rates import test_poisson_2indep as poisson_two_sample

    case = (175_277, 8_855_333, 209_540, 8_799_728)
    expected = poisson_two_sample(*case, method="score")
    found = stats.rate_change(*case)
    assert found.z == pytest.approx(expected.statistic, rel=1e-6)
    near = stats.rate_change(5200, 1000, 5000, 1000)
    assert near.p_value == pytest.approx(
        poisson_two_sample(5200, 1000, 5000, 1000, method="score").pvalue, rel=1e-6
    )


def test_the_exact_and_the_normal_test_of_a_rate_meet_where_one_takes_over():
    exact, normal = stats.rate_change(520, 1.0, 479, 1.0), stats.rate_change(521, 1.0, 479, 1.0)
    assert exact.p_value == pytest.approx(stats.p_value(exact.z), abs=0.002)
    assert normal.p_value == pytest.approx(stats.p_value(normal.z))


@QUICK
@given(first=proportions(), second=proportions())
def test_the_change_of_a_proportion_is_the_two_by_two_chi_square_test_of_scipy(first, second):
    from scipy.stats import chi2_contingency

    found = stats.proportion_change(*first, *second)
    (x, n), (y, m) = first, second
    if x + y in (0, n + m):
        assert (found.z, found.p_value) == (0, 1)
        return
    table = [[x, n - x], [y, m - y]]
    assert found.z**2 == pytest.approx(
        chi2_contingency(table, correction=False).statistic, rel=1e-9, abs=1e-12
    )


def test_reasonable_grounds_improved_by_more_than_chance():
    """Two samples of about the sizes the report gives: 94.6% of 280 against 75.9% of 270."""
    found = stats.proportion_change(265, 280, 205, 270)
    assert found.p_value < 0.001
    assert found.interval.low > 0.1


def test_a_change_from_nothing_has_no_ratio():
    found = stats.rate_change(5, 100, 0, 100)
    assert np.isnan(found.effect)
    assert np.isnan(found.interval.low)
    assert found.p_value < 0.05


COUNTS = [994, 1023, 1199, 1332, 1367]
DENOMINATORS = [40299, 41527, 42811, 44064, 44701]


def test_the_slope_of_a_trend_is_tested_by_its_own_scatter_as_in_statsmodels():
    from statsmodels.regression.linear_model import OLS

    counts, people = np.array([3100, 3900, 3300, 4300, 4100]), np.full(5, 1e6)
    fit = OLS(np.log((counts + 0.5) / people), np.column_stack([np.ones(5), np.arange(5.0)])).fit()
    found = stats.trend("rate", counts, people)
    assert (found.t, found.p_value) == pytest.approx((fit.tvalues[1], fit.pvalues[1]))
    assert found.direction == stats.NO_CHANGE


def test_a_series_with_less_scatter_than_chance_is_judged_by_chance():
    counts = np.array([1000, 1010, 1020, 1030, 1040])
    found = stats.trend("rate", counts, [1e6] * 5)
    slope = np.polyfit(np.arange(5), np.log(counts + 0.5), 1)[0]
    assert found.t == pytest.approx(slope / math.sqrt(np.mean(1 / (counts + 0.5)) / 10), rel=1e-6)


@pytest.mark.parametrize(
    ("model", "numerator", "denominator", "direction"),
    [
        ("proportion", COUNTS, DENOMINATORS, "increasing"),
        (
            "proportion",
            [3455176, 3491868, 3625401, 3774801, 3938080],
            [48783947, 49122259, 49956777, 50649129, 51441896],
            "increasing",
        ),
        # Gwent's stop and searches as the review found them: up and down by half, and back where they began.
        ("rate", [2152, 3180, 4569, 1850, 2157], [591_000] * 5, "no significant change"),
        # A fall of four years in five whose last figure is the first again is no trend.
        ("rate", [5000, 4000, 3900, 3800, 5000], [1e6] * 5, "no significant change"),
    ],
)
def test_a_steady_rise_is_a_trend_and_a_wobble_is_not(model, numerator, denominator, direction):
    assert stats.trend(model, numerator, denominator, scale=1000).direction == direction


def test_the_steps_of_a_complete_count_are_told_and_not_tested():
    """Dyfed-Powys: officers for each 1,000 residents, 2019 to 2023, a rise every year."""
    found = stats.described([2.245, 2.285, 2.302, 2.384, 2.493])
    assert (found.direction, found.rises, found.falls, found.complete) == (stats.INCREASING, 4, 0, True)
    assert np.isnan(found.p_value)
    mixed = stats.described([5, 4, 4, 3, 6.0])
    assert (mixed.direction, mixed.rises, mixed.falls) == (stats.NO_CHANGE, 1, 2)
    assert (mixed.overall, mixed.last_step, mixed.last) == (1, 3, 6)
    assert stats.described([1, 2, np.nan, 4, 5]).direction == stats.UNKNOWN


# --- yearly noise ------------------------------------------------------------------------------------


def test_variances_are_moderated_as_by_limma():
    """limma's `squeezeVar` (Smyth 2004): equal degrees of freedom, checked against the formulas by hand."""
    from scipy.special import polygamma, psi

    s2, d = np.array([0.5, 1.0, 2.0, 8.0, 0.2, 1.3]), 3.0
    e = np.log(s2) - psi(d / 2) + np.log(d / 2)
    whole, usual, prior = stats.moderated(s2, d)
    beyond = np.var(e, ddof=1) - polygamma(1, d / 2)
    if beyond > 0:
        assert polygamma(1, prior / 2) == pytest.approx(beyond, rel=1e-6)
    else:
        assert prior == 18
    assert usual == pytest.approx(math.exp(e.mean() + psi(prior / 2) - math.log(prior / 2)))
    assert whole == pytest.approx((prior * usual + d * s2) / (prior + d))
    with pytest.raises(ValueError, match="above zero"):
        stats.moderated([0.0, np.nan], 3)


def test_the_inverse_of_trigamma_is_one():
    from scipy.special import polygamma

    for value in (0.01, 0.3, 1.0, 20.0):
        assert polygamma(1, stats._trigamma_inverse(value)) == pytest.approx(value, rel=1e-8)


def test_yearly_noise_is_recovered_and_what_all_share_is_not_noise():
    rng = np.random.default_rng(5)
    shared = np.cumsum(rng.normal(0, 0.2, 9))
    y = shared + rng.normal(0, 0.06, (42, 9)) + rng.normal(0, 1, (42, 1))
    found = stats.yearly_noise(y, np.full(y.shape, 1e-4))
    assert np.sqrt(np.median(found.variance)) == pytest.approx(0.06, rel=0.1)
    tested = stats.yearly_noise(y, np.full(y.shape, 1e-4), tested=8)
    assert np.sqrt(np.median(tested.variance)) == pytest.approx(0.06, rel=0.12)
    assert (tested.df < found.df).all()


def test_a_year_under_test_is_not_its_own_noise():
    y = np.random.default_rng(6).normal(0, 0.05, (42, 8))
    wild = y.copy()
    wild[0, -1] += 3
    chance = np.full(y.shape, 1e-4)
    calm, loud = (stats.yearly_noise(part, chance, tested=7).variance for part in (y, wild))
    assert loud == pytest.approx(calm)


def test_of_two_years_the_spread_between_units_stands_in():
    y = np.random.default_rng(7).normal(0, 0.05, (42, 2))
    found = stats.yearly_noise(y, np.full(y.shape, 1e-6), tested=1)
    assert np.sqrt(found.variance[0]) == pytest.approx(0.05, rel=0.25)
    assert (found.df == 41).all()
    assert np.isnan(stats.yearly_noise(y[:2], np.full((2, 2), 1e-6), tested=1).variance).all()


def test_noise_is_never_below_chance():
    rng = np.random.default_rng(8)
    counts = rng.poisson(9, (42, 6))
    y, v = stats.log_values("rate", counts, np.ones(counts.shape))
    found = stats.yearly_noise(y, v)
    assert (found.variance >= v[:, :].min(axis=1) - 1e-12).all()


def test_one_odd_year_makes_no_trend():
    assert stats.trend("rate", [1000, 1000, 1000, 1000, 4000], [1e6] * 5).direction == stats.NO_CHANGE


def test_a_flat_line_is_no_trend():
    assert stats.trend("rate", [1000] * 5, [1e6] * 5).direction == stats.NO_CHANGE


@pytest.mark.parametrize(
    ("model", "numerator", "denominator"),
    [
        ("rate", [1, 2, 3, 4], [10] * 4),
        ("rate", [1, 2, np.nan, 4, 5], [10] * 5),
        ("rate", [1, 2, 3, 4, 5], [10, 10, 0, 10, 10]),
        ("proportion", [11, 2, 3, 4, 5], [10] * 5),
    ],
)
def test_a_trend_with_a_missing_year_or_more_cases_than_there_are_cannot_be_calculated(
    model, numerator, denominator
):
    found = stats.trend(model, numerator, denominator)
    assert (found.direction, found.consistent) == (stats.UNKNOWN, False)
    assert np.isnan(found.p_value)


def test_only_the_last_five_years_count():
    long = stats.trend("proportion", [40000, 1, *COUNTS], [41000, 41000, *DENOMINATORS])
    assert long == stats.trend("proportion", COUNTS, DENOMINATORS)


def test_importing_statistics_loads_neither_scipy_stats_nor_statsmodels():
    import subprocess
    import sys

    code = "import sys, peelbook.stats; print(any(name in sys.modules for name in ('scipy.stats', 'statsmodels')))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_a_change_of_rates_carries_the_interval_of_their_ratio_with_both_exposures():
    found = stats.rate_change(520, 1000.0, 400, 2000.0)
    expected = stats.ratio_interval(520, 1000.0, 400, 2000.0, stats.ALERT)
    assert found.effect == pytest.approx((520 / 1000) / (400 / 2000))
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(
    "counts",
    [(3, 1000.0, 5, 4000.0), (0, 500.0, 4, 900.0), (9, 100.0, 9, 100.0)],
)
def test_the_interval_of_a_difference_of_rates_agrees_with_statsmodels(counts):
    """`confint_poisson_2indep` combines two exact intervals in the same way (mover); ours are exact below ten."""
    from statsmodels.stats.rates import confint_poisson_2indep

    theirs = confint_poisson_2indep(*counts, method="mover", compare="diff", method_mover="exact-c")
    assert stats.rate_difference(*counts) == pytest.approx(theirs, rel=1e-6)


def test_the_difference_of_large_rates_is_nearly_the_normal_one():
    low, high = stats.rate_difference(39_000, 1_190_000, 52_000, 4_700_000, 1000)
    middle = 1000 * (39_000 / 1_190_000 - 52_000 / 4_700_000)
    half = 1.959964 * 1000 * np.sqrt(39_000 / 1_190_000**2 + 52_000 / 4_700_000**2)
    assert (low, high) == pytest.approx((middle - half, middle + half), rel=1e-3)
