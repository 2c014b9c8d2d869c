"""The search for figures that must agree: what it finds, what breaks, and what it leaves alone."""

from __future__ import annotations

import pandas as pd
import pytest
from claims_helpers import MET, WALES, claim_row

from peelbook import claims
from peelbook.claims._cross_checks import label_holds
from peelbook.claims._read import claim_of

YEAR = {"period_end": "2023-03-31"}


@pytest.fixture
def ties_of(make_catalogue, population):
    def of(*rows, tables=None):
        catalogue = make_catalogue({"population": population} if tables is None else tables, *rows)
        return claims.cross_checks(catalogue, MET)

    return of


def test_one_figure_printed_twice_must_be_the_same(ties_of):
    prose = claim_row("prose", value="6.3", quantity="charge_rate", unit="percent", subject=WALES, **YEAR)
    table = claim_row("table", value="5.5", quantity="charge_rate", unit="percent", subject=WALES, **YEAR)
    (tie,) = ties_of(prose, table)
    assert (tie.kind, tie.holds) == ("printed twice", False)
    assert "different averages" in tie.note
    (tie,) = ties_of(prose, table | {"value": "6.3"})
    assert tie.holds


def test_figures_of_other_years_subjects_or_units_are_not_one_figure(ties_of):
    shared = {"quantity": "rate", "unit": "percent", **YEAR}
    first = claim_row("first", value="6.3", **shared)
    for cells in (
        {"period_end": "2022-03-31"},
        {"subject": WALES},
        {"unit": "per_1000"},
        {"period_end": None},
        {"section": "workforce"},
    ):
        assert ties_of(first, claim_row("second", value="5.5", **(shared | cells))) == []


@pytest.mark.parametrize(("share", "holds"), [("19.6", True), ("19.4", False)])
def test_a_share_is_set_beside_two_amounts_that_nearly_give_it(ties_of, share, holds):
    (tie,) = ties_of(
        claim_row("share", value=share, unit="percent", quantity="precept_share", **YEAR),
        claim_row("precept", value=849474000, unit="gbp", quantity="precept", **YEAR),
        claim_row("funding", value="4.33", unit="gbp_billion", quantity="funding", **YEAR),
    )
    assert (tie.kind, tie.holds) == ("share", holds)
    assert "19.62%" in tie.gives


def test_amounts_far_from_a_share_small_counts_and_zero_shares_are_left_alone(ties_of):
    amounts = [
        claim_row("a", value=300, quantity="a", **YEAR),
        claim_row("b", value=1000, quantity="b", **YEAR),
    ]
    assert ties_of(claim_row("share", value=50, unit="percent", **YEAR), *amounts) == []
    assert ties_of(claim_row("share", value="0.0", unit="percent", **YEAR), *amounts) == []
    few = [claim_row("a", value=3, quantity="a", **YEAR), claim_row("b", value=10, quantity="b", **YEAR)]
    assert ties_of(claim_row("share", value=30, unit="percent", **YEAR), *few) == []
    mixed = [
        claim_row("a", value=300, quantity="a", **YEAR),
        claim_row("b", value=1000, unit="gbp", quantity="b", **YEAR),
    ]
    assert ties_of(claim_row("share", value=30, unit="percent", **YEAR), *mixed) == []


def test_a_difference_is_found_once(ties_of):
    (tie,) = ties_of(
        claim_row("allocated", value=4557, quantity="allocated", **YEAR),
        claim_row("recruited", value=3468, quantity="recruited", **YEAR),
        claim_row("short", value=1089, quantity="short", **YEAR),
    )
    assert (tie.kind, tie.holds, tie.gives) == ("difference", True, "4,557 less 3,468 is 1,089")


def test_a_count_and_a_rate_imply_a_population(ties_of):
    count = claim_row("count", value=200_000, quantity="incidents", **YEAR)
    (tie,) = ties_of(
        count, claim_row("rate", value="20.0", unit="per_1000", quantity="incident_rate", **YEAR)
    )
    assert (tie.kind, tie.holds) == ("per head", True)
    assert "10,000,000" in tie.gives
    (tie,) = ties_of(
        count, claim_row("rate", value="20.1", unit="per_1000", quantity="incident_rate", **YEAR)
    )
    assert not tie.holds


def test_money_and_money_per_head_imply_a_population(ties_of):
    total = claim_row("total", value="4.33", unit="gbp_billion", quantity="funding", **YEAR)
    (tie,) = ties_of(
        total, claim_row("rate", value=433_700, unit="gbp_per_1000", quantity="funding_rate", **YEAR)
    )
    assert (tie.kind, tie.holds) == ("per head", False)


def test_a_rate_of_something_else_than_people_implies_nothing(ties_of):
    rate = claim_row("rate", value="8.7", unit="per_1000", quantity="order_rate", **YEAR)
    assert ties_of(claim_row("orders", value=106, quantity="orders", **YEAR), rate) == []
    assert ties_of(claim_row("orders", value=106, quantity="orders", **YEAR), rate | {"subject": WALES}) == []


def test_a_rate_before_any_population_is_left_alone(ties_of):
    early = {"period_end": "2001-03-31"}
    rows = [
        claim_row("count", value=200_000, quantity="a", **early),
        claim_row("rate", value="20.0", unit="per_1000", quantity="b", **early),
    ]
    assert ties_of(*rows) == []


@pytest.mark.parametrize(
    ("change", "label", "holds"),
    [("11.1", "decrease", True), ("11.3", "decrease", False), ("11.1", "increase", None)],
)
def test_a_change_is_set_beside_both_years(ties_of, change, label, holds):
    found = ties_of(
        claim_row("now", value=128_111, quantity="incidents", **YEAR),
        claim_row("then", value=144_105, quantity="incidents", period_end="2022-03-31"),
        claim_row("change", value=change, unit="percent", quantity="incidents_decrease", label=label, **YEAR),
    )
    changes = [tie for tie in found if tie.kind == "change"]
    assert [tie.holds for tie in changes] == ([] if holds is None else [holds])


def outcomes(charged, justice, subject=MET):
    shared = {"unit": "percent", "subject": subject, **YEAR}
    return [
        claim_row("justice", value=justice, quantity="brought_to_justice_share", **shared),
        claim_row("charged", value=charged, quantity="charge_rate", **shared),
        claim_row("caution", value="0.7", quantity="outcome_02_03_share", **shared),
        claim_row("community", value="1.6", quantity="outcome_08_share", **shared),
    ]


@pytest.mark.parametrize(("charged", "holds"), [("5.5", False), ("7.5", True)])
def test_offences_brought_to_justice_are_the_sum_of_their_outcomes(ties_of, charged, holds):
    (tie,) = [tie for tie in ties_of(*outcomes(charged, "9.8")) if tie.kind == "sum"]
    assert tie.holds is holds


def test_every_printing_of_a_part_is_tried_in_a_sum(ties_of):
    rows = [
        *outcomes("5.5", "9.8"),
        claim_row("again", value="6.3", quantity="charge_rate", unit="percent", **YEAR),
    ]
    sums = [tie for tie in ties_of(*rows) if tie.kind == "sum"]
    assert [tie.gives.split()[-1] for tie in sums] == ["7.80%", "8.60%"]


@pytest.mark.parametrize(("last", "holds"), [("10.0", True), ("10.3", False), ("10.2", True)])
def test_a_column_of_shares_comes_to_a_hundred_at_most_within_rounding(ties_of, last, holds):
    rows = [
        claim_row(f"part_{place}", value=value, unit="percent", quantity=f"part_{place}", figure=4, **YEAR)
        for place, value in enumerate(("40.0", "30.0", "20.0", last))
    ]
    (tie,) = ties_of(*rows)
    assert (tie.kind, tie.holds) == ("column", holds)


@pytest.mark.parametrize(
    ("label", "value", "other", "holds"),
    [
        ("higher than expected", "19.8", "8.6", True),
        ("significantly lower", "19.8", "8.6", False),
        ("lower than expected", "8.6", "19.8", True),
        ("similar", "15688", "16571", True),
        ("similar", "15688", "26571", False),
        ("adequate", "1", "2", None),
    ],
)
def test_the_words_of_a_comparison_agree_with_its_figures(label, value, other, holds):
    left = claim_of(claim_row("a", value=value, label=label))
    assert label_holds(left, claim_of(claim_row("b", value=other))) is holds


def test_words_about_figures_without_a_number_or_of_another_kind_say_nothing():
    left = claim_of(claim_row("a", value=1, label="higher"))
    assert label_holds(left, claim_of(claim_row("b", label="higher"))) is None
    assert label_holds(left, claim_of(claim_row("b", value=1, unit="gbp"))) is None


def test_a_labelled_claim_beside_its_comparator_is_a_tie(ties_of):
    rows = [
        claim_row(
            "force",
            value="8.6",
            unit="percent",
            quantity="a",
            label="higher",
            comparator="police_powers.average",
        ),
        claim_row("average", value="19.8", unit="percent", quantity="b"),
        claim_row("odd", value=1, label="adequate", comparator="police_powers.average"),
    ]
    (tie,) = ties_of(*rows)
    assert (tie.kind, tie.holds, tie.section) == ("comparison", False, "police_powers")


def test_limits_such_as_more_than_are_no_part_of_a_tie(ties_of):
    rows = [
        claim_row("a", value=100, sense=">", quantity="x", **YEAR),
        claim_row("b", value=200, quantity="x", **YEAR),
    ]
    assert ties_of(*rows) == []


def test_an_empty_ledger_has_no_ties(make_catalogue):
    catalogue = make_catalogue({}, claim_row("a", value=1, force_code="E23000032", subject="E23000032"))
    assert claims.cross_checks(catalogue, MET) == []


def test_populations_are_not_needed_where_no_rate_is_printed(ties_of):
    assert ties_of(claim_row("a", value=1), tables={}) == []


def test_a_missing_population_table_leaves_rates_alone(ties_of):
    rate = claim_row("rate", value="20.0", unit="per_1000", **YEAR)
    assert ties_of(rate, claim_row("count", value=200_000, quantity="q", **YEAR), tables={}) == []


def test_dates_are_days_not_timestamps(ties_of):
    assert (
        pd.Timestamp("2023-03-31").date()
        == claim_of(claim_row("a", value=1) | {"period_end": pd.Timestamp("2023-03-31")}).period_end
    )
