"""The draft of the report whose ledger was made by hand: how much of it is found, and how much is right."""

from __future__ import annotations

import pytest

from peelbook import claims
from peelbook.claims.draft import NO_CLAIM, draft_claims, read_report

pytestmark = pytest.mark.sources


@pytest.fixture(scope="module")
def drafted(catalogue, report_file):
    return draft_claims(read_report(report_file), catalogue.forces["metropolitan"], "2023-25")


@pytest.fixture(scope="module")
def ledger(catalogue):
    return claims.read(catalogue, "E23000001")


def found(claim, drafted):
    """The draft row of a claim: at its place, or by its name where it has none; with its section and value."""
    places = set(claim.location.split())
    for row in drafted:
        if row.status == NO_CLAIM or row.section != claim.section:
            continue
        here = (
            places & set((row.fields.get("location") or "").split())
            if places
            else row.claim_id == claim.claim_id
        )
        value = row.fields.get("value") or None
        same = (
            value is None
            if claim.value is None
            else value is not None and abs(float(value) - float(claim.value)) < 1e-9
        )
        if here and same and str(row.fields.get("denominator", "")) == str(claim.denominator or ""):
            return row
    return None


def first(evidence):
    return evidence.split(";")[0].strip()


def test_95_percent_of_the_rows_are_found_with_value_and_section(ledger, drafted):
    missed = [claim.claim_id for claim in ledger.claims if found(claim, drafted) is None]
    assert len(missed) <= 0.05 * len(ledger.claims), missed


def test_nearly_all_rows_on_open_data_have_the_right_evidence(ledger, drafted):
    open_data = [
        claim for claim in ledger.claims if claim.basis == "open data" and "measure(" in claim.evidence
    ]
    assert len(open_data) >= 44
    wrong = []
    for claim in open_data:
        row = found(claim, drafted)
        if row is None or row.fields.get("evidence") not in (first(claim.evidence), claim.evidence):
            wrong.append(claim.claim_id)
    assert len(wrong) <= 3, wrong


def test_evidence_that_is_given_is_right_in_95_percent_of_cases(ledger, drafted):
    given, wrong = 0, []
    for claim in ledger.claims:
        row = found(claim, drafted)
        if row is None or not row.fields.get("evidence"):
            continue
        given += 1
        known = {part.strip() for part in claim.evidence.split(";")}
        if row.fields["evidence"] not in known:
            wrong.append((claim.claim_id, row.fields["evidence"]))
    assert given > 80
    assert len(wrong) <= 0.05 * given, wrong


def test_the_periods_of_what_open_data_can_test_are_right(ledger, drafted):
    wrong = []
    for claim in ledger.claims:
        row = found(claim, drafted)
        if row is None or not row.fields.get("evidence", "").startswith("measure("):
            continue
        if row.fields.get("period_end", "") != (f"{claim.period_end:%Y-%m-%d}" if claim.period_end else ""):
            wrong.append(claim.claim_id)
    assert wrong == []


def test_a_number_reviewed_as_no_claim_is_seldom_drafted_as_one(drafted):
    import csv
    from importlib.resources import files

    text = (files("peelbook.claims") / "non_claims.csv").read_text(encoding="utf-8")
    reviewed = {row["location"] for row in csv.DictReader(text.splitlines())}
    drafted_places = {
        place
        for row in drafted
        if row.status != NO_CLAIM
        for place in (row.fields.get("location") or "").split()
    }
    assert len(reviewed & drafted_places) <= 0.02 * len(reviewed)
