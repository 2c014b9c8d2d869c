"""The committed ledger on the committed data: what it says, and that it listens to the data."""

from __future__ import annotations

import csv
import json
import re

import pandas as pd
import pytest
from claims_helpers import MET

from peelbook import claims
from peelbook.catalogue import Catalogue
from peelbook.claims._verdict import UNTESTED
from peelbook.sections import all_sections

DIFFERING = {
    # Nothing tested accounts for these.
    "workforce.officers_fall": "unexplained",
    "leadership_and_force_management.precept_share": "unexplained",
    # The total fits if it was cut off and not rounded.
    "leadership_and_force_management.funding_per_head": "rounding",
}


@pytest.fixture(scope="module")
def verdicts(catalogue):
    return {item.claim.claim_id: item for item in claims.evaluate(catalogue, MET)}


@pytest.fixture(scope="module")
def broken(catalogue):
    return [tie for tie in claims.cross_checks(catalogue, MET) if not tie.holds]


def in_the_file(catalogue):
    text = (catalogue.data_dir / "claims.csv").read_text(encoding="utf-8")
    return [row["claim_id"] for row in csv.DictReader(text.splitlines()) if row["force_code"] == MET]


def test_the_ledger_is_whole_and_every_verdict_occurs(catalogue, verdicts):
    assert sorted(verdicts) == sorted(in_the_file(catalogue))
    assert len(verdicts) >= 233, "no number of the report is dropped"
    totals = claims.summary(list(verdicts.values()))["all"]
    assert sum(totals.values()) == len(verdicts)
    assert [name for name, count in totals.items() if not count] == ["reproduced: own data"]


def test_these_claims_differ_and_no_others(verdicts):
    assert {name: item.cause for name, item in verdicts.items() if item.verdict == "differs"} == DIFFERING


@pytest.mark.parametrize(
    ("name", "computed"),
    [
        ("police_powers.stop_search_rate.force", "19.79"),
        ("police_powers.stop_search_rate.average", "8.59"),
        ("police_powers.disparity_black.force", "2.88"),
        ("police_powers.disparity_black.average", "4.08"),
        ("police_powers.ethnic_minority_population", "46.25"),
    ],
)
def test_what_open_data_reproduces(verdicts, name, computed):
    assert verdicts[name].verdict == "reproduced"
    assert verdicts[name].computed_text.startswith(computed)


@pytest.mark.parametrize(
    "name",
    [
        "preventing_crime.antisocial_behaviour_order_ratio.force",  # 783 of 237,940 is 0.3%
        "workforce.uplift_shortfall",  # 4,557 less 3,468
        "offenders_and_suspects.pnd_checks_missing_share",  # 11 of 20 is 55%
        "police_powers.reasonable_grounds_margin",  # the 95% Wald interval at 280
        "preventing_crime.antisocial_behaviour_rate.force",
        "protecting_vulnerable_people.right_to_know_application_rate.force",
        "leadership_and_force_management.sensible_reserve_high",
    ],
)
def test_what_follows_from_other_printed_figures(verdicts, name):
    assert verdicts[name].verdict == "consistent"


def test_rates_of_a_year_with_data_on_one_side_only_are_not_tests(verdicts):
    """Changing the printed value to 3.8, 4.0 or 4.4 gave "differs" each time: nothing else could come out."""
    for name in (
        "charge_rate.force",
        "charge_rate.average",
        "figure_4.charged.average",
        "brought_to_justice.average",
    ):
        assert verdicts[f"investigating_crime.{name}"].verdict in UNTESTED
    # 47,288 charged of the year itself, 59.8% of them victim-based, over the printed 789,544.
    assert verdicts["investigating_crime.charge_rate.force"].computed_text.startswith("3.58%")
    assert verdicts["investigating_crime.charge_rate.average"].computed_text.startswith("6.62%")
    # Its second evidence, the same figure printed elsewhere, is tried too.
    assert verdicts["investigating_crime.figure_4.charged.force"].verdict == "consistent"


def test_no_passage_is_evidence_for_itself(verdicts):
    for name in ("police_powers.stop_search_sample", "overall_summary.areas_inspected"):
        assert verdicts[name].verdict in UNTESTED
    assert verdicts["police_powers.stop_search_level"].verdict == "consistent"
    assert {item.verdict for item in verdicts.values() if item.claim.unit == "grade"} == {
        "restated elsewhere"
    }


def test_the_charge_rate_of_2015_is_set_beside_the_one_quarter_supplied(verdicts):
    found = verdicts["investigating_crime.charge_rate_2015"]
    assert found.computed_text.startswith("9.65%")
    assert found.fits is None and "the last quarter of the year" in found.computed_note


def test_victim_based_crime_to_september_2023_needs_another_release(verdicts):
    found = verdicts["investigating_crime.victim_based_crimes"]
    assert found.verdict in UNTESTED
    assert "30 June 2023" in found.reason
    for implied in ("imply: 202,231.", "a year before: 7.9%", "which is known: 7.2%"):
        assert implied in found.reason


@pytest.mark.parametrize(
    ("name", "verdict", "says"),
    [
        ("workforce.officers_forecast", "cannot be tested from outside", "33,293, 543 above it"),
        ("workforce.officers_end", "waiting for a table", "between 33,293 and 34,899"),
        ("workforce.uplift_recruited", "waiting for a table", "between 2,612 and 4,348"),
        ("workforce.officers_fall", "differs", "implies: 34,440"),
        ("workforce.leaders_trained", "cannot be tested from outside", "implies: 6,209 (6,177 to 6,242"),
        ("workforce.leaders_trained", "cannot be tested from outside", "on 31 March 2023: 5,056."),
        ("workforce.leaders_trained", "cannot be tested from outside", "inspectors on that day: 6,527."),
        ("police_powers.ethnicity_not_recorded", "consistent", "open data gives 29.5% of all"),
        ("police_powers.reasonable_grounds_ethnic_minority", "consistent", "open data gives 56.4% of all"),
        (
            "police_powers.reasonable_grounds_previous_margin",
            "cannot be tested from outside",
            "interval: 270",
        ),
        ("police_powers.use_of_force_change", "waiting for a table", "implies: 144,107"),
        ("investigating_crime.figure_4.cautions.force", "waiting for a table", "come to 95.60%"),
        ("investigating_crime.figure_4.cautions.average", "waiting for a table", "come to 95.30%"),
        ("leadership_and_force_management.general_reserve", "waiting for a table", "agrees with Sensible"),
        ("leadership_and_force_management.plan_money", "waiting for a table", "agrees with Cost"),
        ("protecting_vulnerable_people.stalking_orders", "cannot be tested from outside", "year before: 70"),
        ("protecting_vulnerable_people.marac_cases", "waiting for a table", "year before: 16,571"),
        ("responding_to_the_public.attrition_101", "cannot be tested from outside", "2022: 57%"),
        (
            "offenders_and_suspects.unvisited_years",
            "cannot be tested from outside",
            "between 0 years and 7 years",
        ),
        ("overall_summary.grades_inadequate", "restated elsewhere", "table of judgments"),
        ("overall_summary.forces_in_england_and_wales", "reproduced", "Open data"),
        ("police_powers.disparity_black.average", "reproduced", "four averages were tried"),
    ],
)
def test_what_bears_on_a_figure_is_said_on_its_row(verdicts, name, verdict, says):
    assert verdicts[name].verdict == verdict
    assert says in verdicts[name].reason


def test_the_search_finds_the_ties_that_do_not_hold(broken):
    found = {(tie.kind, tie.claims[0].partition(".")[2]) for tie in broken}
    assert found == {
        ("printed twice", "charge_rate.average"),  # 6.3% in the text, 5.5% in figure 4
        ("share", "precept_share"),  # £849,474,000 of £4.33bn is 19.6%, not 19.4%
        ("per head", "funding_per_head"),  # implies fewer people than live there
        ("sum", "brought_to_justice.average"),  # 9.8% against 7.8%, or 8.6% with the other average
    }


def test_the_populations_that_the_rates_per_head_imply(catalogue):
    implied = {tie.claims[0]: tie for tie in claims.cross_checks(catalogue, MET) if tie.kind == "per head"}
    assert {name.partition(".")[2]: tie.holds for name, tie in implied.items()} == {
        "antisocial_behaviour_rate.force": True,
        "right_to_know_application_rate.force": True,
        "right_to_know_disclosure_rate.force": True,
        "funding_per_head": False,
    }
    assert "8,842,058" in implied["leadership_and_force_management.funding_per_head"].gives


def test_each_average_with_data_says_which_average_it_fits_or_is_nearest_to(verdicts):
    assert verdicts["police_powers.stop_search_rate.average"].average == "total over total"
    # The text fits the mean of forces, figure 4 the total over total.
    assert verdicts["investigating_crime.charge_rate.average"].average.startswith("mean of forces")
    assert verdicts["investigating_crime.figure_4.charged.average"].average.startswith("total over total")


def test_the_report_calls_the_stop_and_search_rate_higher_than_expected_and_so_do_both_rules(catalogue):
    checks = {item.claim.claim_id: item for item in claims.label_agreement(catalogue, MET)}
    rate = checks["police_powers.stop_search_rate.force"]
    assert rate.agrees("funnel")
    assert rate.agrees("distance")


@pytest.mark.parametrize("section", [section.stem for section in all_sections()])
def test_a_section_reads_only_its_declared_tables_and_says_the_same_as_the_report(
    section, catalogue, verdicts
):
    tables = next(item.tables for item in all_sections() if item.stem == section)
    alone = Catalogue(catalogue.data_dir, declared=frozenset(tables))
    for item in claims.evaluate(alone, MET, section=section):
        assert item == verdicts[item.claim.claim_id]


def spoil(folder, table: str, change) -> dict[str, str]:
    """Verdicts by claim after one table has been changed."""
    path = folder / f"{table}.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(frame)
    frame.to_csv(path, index=False)
    return {item.claim.claim_id: item.verdict for item in claims.evaluate(Catalogue(folder), MET)}


def flipped(before, after) -> set[str]:
    return {name for name, verdict in after.items() if verdict != before[name].verdict}


def test_corrupting_the_searches_flips_the_claims_about_searches_and_no_others(data_copy, verdicts):
    def change(frame):
        met = (frame["force_code"] == MET) & (frame["period_end"] == "2023-03-31")
        frame.loc[met, "searches_count"] = "350554"

    after = spoil(data_copy, "stop_search", change)
    assert flipped(verdicts, after) == {
        "police_powers.stop_search_rate.force",
        "police_powers.stop_search_rate.average",
        "police_powers.stop_search_trend",
        "police_powers.ethnicity_not_recorded",  # twice the searches, so far more without ethnicity
    }
    assert after["police_powers.stop_search_rate.force"] == "differs"


def test_corrupting_the_population_flips_every_rate_per_head(data_copy, verdicts):
    def change(frame):
        met = (frame["force_code"] == MET) & (frame["period_end"] == "2022-06-30")
        frame.loc[met, "population_count"] = "4000000"

    after = spoil(data_copy, "population", change)
    assert flipped(verdicts, after) == {
        "police_powers.stop_search_rate.force",
        "police_powers.stop_search_rate.average",
        "police_powers.stop_search_trend",  # fewer people, so a higher rate than the year before
        "preventing_crime.antisocial_behaviour_rate.force",
        "protecting_vulnerable_people.right_to_know_application_rate.force",
        "protecting_vulnerable_people.right_to_know_disclosure_rate.force",
    }


def test_corrupting_a_printed_value_flips_what_rests_on_it(data_copy, verdicts):
    def change(frame):
        frame.loc[frame["claim_id"] == "workforce.uplift_recruited", "value"] = "3469"

    assert flipped(verdicts, spoil(data_copy, "claims", change)) == {"workforce.uplift_shortfall"}


def test_the_downloads_are_the_same_bytes_every_time(catalogue):
    first, again = claims.files(catalogue), claims.files(Catalogue(catalogue.data_dir))
    assert first == again
    data = json.loads(first["claims.json"])
    assert sorted(item["claim_id"] for item in data["claims"]) == sorted(in_the_file(catalogue))
    assert {item["verdict"] for item in data["claims"]} == set(claims.VERDICTS) - {"reproduced: own data"}


def test_statements_are_sentences_of_our_own_and_headings_are_short(catalogue):
    for claim in claims.read(catalogue, MET).claims:
        assert claim.statement.endswith("."), claim.claim_id
        assert len(claim.heading) <= 80, claim.claim_id
        assert not claim.heading[0].islower(), claim.claim_id


def test_every_publication_named_is_a_publication_of_the_registry_or_a_title(catalogue):
    from peelbook import measures

    for claim in claims.read(catalogue, MET).claims:
        known = claim.publication in measures.registry().publications or claim.publication == "forces"
        assert known or " " in claim.publication, claim.claim_id


def test_other_forces_have_no_verdicts_until_their_report_is_entered(catalogue):
    assert all(
        claims.evaluate(catalogue, force.code) == [] for force in catalogue.forces if force.code != MET
    )


def test_a_skeleton_for_every_other_force_is_a_sound_ledger(catalogue):
    import io

    from peelbook import contracts
    from peelbook.claims._read import of_frame

    ledger = claims.read(catalogue, MET)
    for force in list(catalogue.forces)[1::20]:
        raw = pd.read_csv(
            io.StringIO(claims.skeleton(ledger, force)), dtype=str, keep_default_na=False, na_values=[""]
        )
        frame = contracts.validate(raw, "claims", source="claims.csv", forces=catalogue.forces)
        rows = of_frame(frame)
        assert len(rows) > 50
        assert all(not claim.filled for claim in rows.claims)
        told = " ".join(f"{claim.heading} {claim.statement}" for claim in rows.claims)
        assert not re.search(r"London|Met\b|Metropolitan|\b20\d\d\b", told), (
            "a template is of no force and year"
        )
        # Those name the days of this report.
        assert not any("between(" in claim.evidence or "sampled(" in claim.evidence for claim in rows.claims)
