"""A ledger is checked as a whole before anything is evaluated, and every fault is named at once."""

from __future__ import annotations

import pytest
from claims_helpers import KENT, MET, claim_row, frame_of, ledger_of

from peelbook import claims
from peelbook.claims._check import SIGNATURES, circles
from peelbook.claims._expression import parse
from peelbook.errors import TableContractError


def faults(*rows) -> list[tuple[int, str, str]]:
    with pytest.raises(TableContractError) as caught:
        ledger_of(*rows)
    return [(fault.row, fault.column, fault.rule) for fault in caught.value.faults]


def test_a_sound_ledger_keeps_the_order_of_the_report_and_exact_values():
    ledger = ledger_of(claim_row("rate", value="19.8", unit="per_1000"), claim_row("count", value=175277))
    assert list(ledger) == ["police_powers.rate", "police_powers.count"]
    assert ledger["police_powers.rate"].value * 10 == 198
    assert len(ledger) == 2


@pytest.mark.parametrize(
    ("cells", "column", "rule"),
    [
        ({"value": "19.85", "decimals": 1}, "decimals", "fewer than the value has"),
        ({"value": 5, "sense": None}, "sense", "empty beside a value"),
        ({"value": 5, "numerator": 5}, "denominator", "x of y needs both numbers"),
        ({"value": 5, "numerator": 5, "denominator": 4}, "numerator", "larger than its denominator"),
        ({"value": 6, "numerator": 5, "denominator": 9}, "value", "not the numerator of x of y"),
        ({"value": 5, "comparator": "police_powers.none"}, "comparator", "no claim has this id"),
    ],
)
def test_a_row_that_contradicts_itself_is_a_fault(cells, column, rule):
    assert (2, column, rule) in faults(claim_row("figure", **cells))


@pytest.mark.parametrize(
    "cells", [{"value": "9" * 300}, {"value": "0." + "0" * 300 + "1"}, {"evidence": "9" * 300}]
)
def test_hundreds_of_digits_are_a_fault_that_stays_short(cells):
    with pytest.raises(TableContractError) as caught:
        ledger_of(claim_row("figure", **({"value": 5} | cells)))
    assert "row 2, column" in str(caught.value) and len(str(caught.value)) < 900


def test_a_value_needs_its_decimals():
    row = claim_row("figure", value=5) | {"decimals": None}
    assert (2, "decimals", "empty beside a value") in faults(row)


def test_a_claim_belongs_to_the_section_it_is_named_after():
    row = claim_row("figure", value=5) | {"claim_id": "workforce.figure"}
    assert [fault[1] for fault in faults(row)] == ["claim_id"]


@pytest.mark.parametrize(
    ("evidence", "unit", "problem"),
    [
        ("1 +", "count", "character 4"),
        ('measure("no_such_measure")', "count", "no measure 'no_such_measure'"),
        ('claim("police_powers.none")', "count", "no claim has the id"),
        ("claim(1)", "count", "takes a name in quotes"),
        ("shell(1)", "count", "there is no function 'shell'"),
        ("share(1)", "percent", "share takes 2 arguments"),
        ("sum()", "count", "sum takes 1 to 20 arguments"),
        ("forces(a=1)", "count", "forces takes no 'a'"),
        ('"text"', "count", "is not a figure"),
        ('measure("stop_search_rate")', "percent", "cannot compare percent and per_1000"),
        ('measure("stop_search_rate")', "count", "cannot compare count and per_1000"),
        (
            'measure("stop_search_rate") + measure("charge_rate")',
            "percent",
            "cannot add per_1000 and percent",
        ),
        (
            'measure("stop_search_rate") < measure("charge_rate")',
            "percent",
            "cannot compare per_1000 and percent",
        ),
        (
            'measure("stop_search_rate") < measure("stop_search_rate")',
            "per_1000",
            "not evidence for a number",
        ),
        ("(1 < 2) + 1", "count", "cannot be used in arithmetic"),
        ("sum(1 < 2, 1)", "count", "takes figures"),
        ('measure("stop_search_rate", ethnicity="Black")', "per_1000", "nothing to choose by 'ethnicity'"),
        ('measure("disparity_ratio", ethnicity="Martian")', "times", "has no ethnicity Martian"),
        ('measure("stop_search_rate", period="last year")', "per_1000", "'last year' is not a day"),
        ('measure("stop_search_rate", period="2022-02-31")', "per_1000", "'2022-02-31' is not a day"),
        ('measure("stop_search_rate", period="0001-03-31")', "per_1000", "not a day from 1990 to 2100"),
        ('beyond("stop_search_rate", "higher", period="2023-13-01")', "count", "'2023-13-01' is not a day"),
        ('total("stop_search", "searches_count", period="2022-02-31")', "count", "is not a day"),
        ('measure("stop_search_rate", subject="Kent")', "per_1000", "'Kent' is not an area code"),
        ('measure("disparity_ratio", part="numerator")', "count", "no counts as 'numerator'"),
        ('measure("stop_search_count", part="denominator")', "count", "no counts as 'denominator'"),
        ('total("no_such_table", "x")', "count", "no table 'no_such_table'"),
        ('total("population", "period_end")', "count", "no column of numbers"),
        ('total("stop_search_ethnicity_rate", "searches_rate")', "count", "cannot be added up"),
        ('total("population", "population_count", quarters=0)', "count", "quarters is not"),
        ('total("population", "population_count", colour="red")', "count", "nothing to choose by 'colour'"),
        ('grade("pp")', "count", "only a grade is evidence for a grade"),
        ('amount("12", "months")', "months", "amount takes a number and a unit"),
        ('amount(12, "fortnights")', "months", "amount takes a number and a unit"),
        ("rate(1, 2, 1000)", "percent", "cannot compare percent and per_1000"),
        ("rate(1, 2, 7)", "per_1000", "no claim is stated as"),
        (
            'wald_margin(measure("stop_search_rate"), forces())',
            "percent",
            "cannot compare percent and per_1000",
        ),
        (
            'share(measure("stop_search_count"), measure("police_grant_count"))',
            "percent",
            "cannot divide count and gbp",
        ),
        ('numerator("police_powers.figure")', "count", "is not an x of y"),
        ('measure("grade", area_code="pp")', "count", "only a grade"),
    ],
)
def test_evidence_that_makes_no_sense_is_a_fault_before_any_data_are_read(evidence, unit, problem):
    found = faults(claim_row("figure", value=5, unit=unit, evidence=evidence))
    assert any(column == "evidence" and problem in rule for _, column, rule in found), found


def test_a_comparison_needs_a_comparison_and_a_grade_a_grade():
    label = claim_row("level", label="higher", unit="per_1000", evidence='measure("stop_search_rate")')
    assert "needs a comparison" in faults(label)[0][2]
    grade = claim_row("grade", label="good", unit="grade", evidence="forces()")
    assert "only a grade" in faults(grade)[0][2]


def test_a_claim_without_a_value_is_no_input_to_another():
    level = claim_row("level", label="higher", unit="per_1000")
    other = claim_row("figure", value=5, unit="per_1000", evidence='claim("police_powers.level")')
    assert "has no value" in faults(level, other)[0][2]


def test_evidence_that_argues_in_a_circle_is_a_fault_named_once():
    a = claim_row("a", value=1, evidence='claim("police_powers.b")')
    b = claim_row("b", value=1, evidence='claim("police_powers.c")')
    c = claim_row("c", value=1, evidence='claim("police_powers.a")')
    found = faults(a, b, c)
    assert len(found) == 1
    assert "police_powers.a → police_powers.b → police_powers.c → police_powers.a" in found[0][2]


def test_a_claim_that_vouches_for_itself_is_a_circle():
    assert "circle" in faults(claim_row("a", value=1, evidence='claim("police_powers.a")'))[0][2]


def test_two_claims_may_rest_on_one_without_a_circle():
    a = claim_row("a", value=1)
    b = claim_row("b", value=1, evidence='claim("police_powers.a")')
    c = claim_row("c", value=2, evidence='claim("police_powers.a") + claim("police_powers.b")')
    assert circles(ledger_of(a, b, c)) == []


def test_all_faults_are_listed_with_rows_of_the_file():
    found = faults(
        claim_row("a", value=5, sense=None), claim_row("b", value=1), claim_row("c", value=1, evidence="1 +")
    )
    assert [row for row, *_ in found] == [2, 4]


def test_units_are_checked_inside_every_function():
    for name in ("share", "increase", "decrease"):
        expression = f'{name}(measure("stop_search_count"), measure("stop_search_rate"))'
        assert "cannot" in faults(claim_row("figure", value=5, unit="percent", evidence=expression))[0][2]


def test_every_function_has_a_page_in_the_guide_and_an_implementation():
    from peelbook.claims import _calculator, _pages

    assert set(_pages._FUNCTIONS) == set(SIGNATURES)
    assert {name.removeprefix("do_") for name in dir(_calculator._Run) if name.startswith("do_")} == set(
        SIGNATURES
    )
    guide = claims.guide_markdown()
    for name, (example, _) in _pages._FUNCTIONS.items():
        assert example in guide
        assert parse(example).name == name


def test_reports_of_two_forces_may_use_the_same_ids(make_catalogue):
    rows = [claim_row("rate", value=1), claim_row("rate", value=2, force_code=KENT, subject=KENT)]
    catalogue = make_catalogue({}, *rows)
    assert [float(claims.read(catalogue, code)["police_powers.rate"].value) for code in (MET, KENT)] == [1, 2]


def test_a_force_without_a_report_has_an_empty_ledger(make_catalogue):
    catalogue = make_catalogue({}, claim_row("rate", value=1))
    assert len(claims.read(catalogue, KENT)) == 0
    assert claims.evaluate(catalogue, KENT) == []


def test_the_cycle_is_part_of_the_reports_name():
    assert ledger_of(claim_row("a", value=1))["police_powers.a"].cycle == "2023-25"


def test_fault_rows_are_lines_of_the_file_for_a_second_report_too():
    frame = frame_of(
        claim_row("a", value=1), claim_row("a", value=1, force_code=KENT, evidence='claim("police_powers.x")')
    )
    from peelbook.claims._read import of_frame

    with pytest.raises(TableContractError) as caught:
        of_frame(frame[frame["force_code"] == KENT])
    assert caught.value.faults[0].row == 3
