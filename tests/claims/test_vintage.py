"""A printed number is tested at the release its report could have used, and never blamed for time passing."""

from __future__ import annotations

import datetime
from dataclasses import replace
from fractions import Fraction

import pytest

from peelbook import Catalogue, claims
from peelbook.claims import _vintage
from peelbook.claims._verdict import CONSISTENT, DIFFERS, REPRODUCED, WAITING, Verdict

MET = "E23000001"


@pytest.fixture(scope="module")
def verdicts():
    return {item.claim.claim_id: item for item in claims.evaluate(Catalogue(), MET)}


def test_the_report_has_its_date_and_the_release_it_names():
    report = _vintage.reports()["peel-2023-25-metropolitan"]
    assert report.published == datetime.date(2024, 8, 31)
    assert report.releases["charges"] == datetime.date(2024, 4, 30)


def test_charges_of_a_later_release_do_not_contradict_the_report(verdicts):
    catalogue = Catalogue()
    if catalogue.at("2024-04-30").has("charges"):
        pytest.skip("a release of charges of the report's time is here, so the rate is tested")
    found = verdicts["investigating_crime.charge_rate_2015"]
    assert found.verdict == WAITING
    assert found.computed is not None
    assert "the last quarter of the year" in found.computed_note
    other = verdicts["police_powers.disparity_other_groups"]
    assert other.short.startswith("It cannot be tested at its vintage: only later releases are here")
    assert other.computed_text in other.reason


def test_nothing_differs_because_of_a_release_later_than_the_report(verdicts):
    catalogue = Catalogue()
    then = catalogue.at("2024-08-31", _vintage.reports()["peel-2023-25-metropolitan"].releases)
    for item in verdicts.values():
        if item.verdict == DIFFERS:
            assert all(then.reads_newest(name) or then.has(name) for name in item.tables), item.claim.claim_id


def test_what_a_release_of_the_time_decides_stands(verdicts):
    assert verdicts["police_powers.stop_search_rate.force"].verdict == REPRODUCED


class _Then:
    def __init__(self, *later: str):
        self.later = later

    def reads_newest(self, name: str) -> bool:
        return name not in self.later


@pytest.fixture
def pair(verdicts):
    claim = verdicts["police_powers.stop_search_rate.force"].claim
    untested = Verdict(claim, WAITING, reason="Only later releases.")
    differs = Verdict(claim, DIFFERS, Fraction(20), Fraction(1, 5), cause="vintage", tables=("charges",))
    return untested, replace(differs, computed_text="20.0")


@pytest.mark.parametrize("verdict", [REPRODUCED, CONSISTENT, DIFFERS])
def test_a_verdict_of_the_time_is_never_replaced(pair, verdict):
    then = replace(pair[0], verdict=verdict)
    assert _vintage.at_report_date(then, lambda: pytest.fail("not asked"), _Then("charges")) is then


def test_a_later_figure_that_bears_the_printed_one_out_counts(pair):
    today = replace(pair[1], verdict=REPRODUCED)
    assert _vintage.at_report_date(pair[0], lambda: today, _Then("charges")) is today


def test_a_later_figure_that_differs_is_context_only(pair):
    found = _vintage.at_report_date(pair[0], lambda: pair[1], _Then("charges"))
    assert (found.verdict, found.cause) == (WAITING, "")
    assert found.computed == 20
    assert "20.0" in found.reason


def test_a_difference_in_figures_that_were_there_stays_one(pair):
    assert _vintage.at_report_date(pair[0], lambda: pair[1], _Then("other")).verdict == DIFFERS


def test_a_report_without_a_date_is_tested_as_before():
    ledger = claims.Ledger([])
    assert _vintage.catalogue_of(Catalogue(), ledger) is None
