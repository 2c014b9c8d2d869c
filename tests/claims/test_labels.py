"""The report's words "higher than expected" beside the two open rules."""

from __future__ import annotations

import pandas as pd
import pytest
from claims_helpers import MET, WALES, claim_row

from peelbook import claims, compare
from peelbook.claims._verdict import UNTESTED

YEAR = {"period_end": "2023-03-31"}


@pytest.fixture
def many(make_catalogue, catalogue):
    """A data folder in which all forces search alike but the Met, which searches five times as much."""
    codes = catalogue.forces.codes
    searches = pd.DataFrame(
        {
            "force_code": codes,
            "period_end": "2023-03-31",
            "searches_count": [
                50_000 if code == MET else 10_000 + 97 * place for place, code in enumerate(codes)
            ],
        }
    )
    searches = searches.assign(ethnicity_known_count=1, census_population_count=1_000_000)
    people = pd.DataFrame({"force_code": codes, "period_end": "2022-06-30", "population_count": 1_000_000})

    def make(*rows):
        return make_catalogue({"stop_search": searches, "population": people}, *rows)

    return make


def labelled(label="higher than expected", **cells):
    cells = {"evidence": 'measure("stop_search_rate")', "unit": "per_1000", "value": "50.0"} | YEAR | cells
    return claim_row("rate", label=label, **cells)


def test_both_rules_speak_for_the_force_and_count_all_forces(many):
    (check,) = claims.label_agreement(many(labelled()), MET)
    assert (check.funnel, check.distance) == (compare.HIGHER, compare.HIGHER)
    assert check.agrees("funnel") is True
    assert check.agrees("distance") is True
    for _, high, within, low in check.counts:
        assert high + within + low == 42  # the City of London is left out of the rules
    assert 0 < check.same <= check.both


def test_a_label_the_data_do_not_bear_out_disagrees(many):
    (check,) = claims.label_agreement(many(labelled("lower than expected")), MET)
    assert check.agrees("funnel") is False


def test_the_nearest_year_stands_in_for_one_without_data(many):
    (check,) = claims.label_agreement(many(labelled(period_end="2023-09-30")), MET)
    assert "31 March 2023" in check.period


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"period_end": "2030-03-31"}, "no data for its period"),
        ({"evidence": 'measure("antisocial_behaviour_rate")'}, "not in this book"),
        ({"evidence": None}, "No measure stands for it"),
    ],
)
def test_a_label_without_data_says_why(many, cells, reason):
    (check,) = claims.label_agreement(many(labelled(**cells)), MET)
    assert reason in check.reason
    assert check.agrees("funnel") is None


def test_labels_about_plans_standards_and_other_subjects_are_not_about_peers(many):
    rows = [
        labelled(basis="plan"),
        claim_row("average", value=1, unit="per_1000", subject=WALES, label="higher", **YEAR),
        claim_row("trend", label="decrease", unit="per_1000", **YEAR),
    ]
    assert claims.label_agreement(many(*rows), MET) == []


def test_each_average_of_the_report_comes_with_the_averages_computed_for_it(many):
    row = claim_row(
        "average",
        value="12.0",
        unit="per_1000",
        subject=WALES,
        evidence='measure("stop_search_rate")',
        **YEAR,
    )
    count = claim_row("count", value=5, subject=WALES)
    verdicts = claims.evaluate(many(row, count), MET)
    ((found, averages),) = claims.two_averages(verdicts)
    assert found.claim.claim_id == "police_powers.average"
    # All populations are equal here, so the mean is the total over total and stands once.
    assert len(averages) in (0, 2)


def test_a_bare_direction_is_compared_by_side_and_a_stronger_word_by_the_rule(many):
    (plain,) = claims.label_agreement(many(labelled("higher")), MET)
    assert (plain.strict, plain.side) == (False, "higher")
    assert plain.agrees("funnel") is True
    (wrong,) = claims.label_agreement(many(labelled("lower")), MET)
    assert wrong.agrees("distance") is False
    (strong,) = claims.label_agreement(many(labelled("significantly higher")), MET)
    assert strong.strict is True


def test_a_word_that_claims_more_than_a_direction_is_tested_by_the_funnel_rule(many):
    def verdict(side, **cells):
        evidence = f'beyond("stop_search_rate", "{side}")'
        row = labelled("significantly higher", value=None, sense=None, evidence=evidence, **cells)
        (found,) = claims.evaluate(many(row), MET)
        return found

    held = verdict("higher")
    assert held.verdict == "consistent"  # a rule of this book, not of HMICFRS
    assert "standard errors" in held.reason
    assert verdict("lower").verdict == "differs"
    assert verdict("higher", period_end="2030-03-31").verdict in UNTESTED


def test_beyond_takes_a_side(many):
    from peelbook.errors import TableContractError

    row = labelled("higher", value=None, sense=None, evidence='beyond("stop_search_rate", "above")')
    with pytest.raises(TableContractError, match="higher, lower"):
        claims.evaluate(many(row), MET)
