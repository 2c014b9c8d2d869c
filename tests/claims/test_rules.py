"""The package's own rules are data, and faults in them are named."""

from __future__ import annotations

import pytest

from peelbook import contracts, measures
from peelbook.claims._check import text, unit_of
from peelbook.claims._expression import calls
from peelbook.claims._read import claim_of
from peelbook.claims._rules import read, rules
from peelbook.claims._units import UNITS, Unit, added, of_measure
from peelbook.errors import TableContractError


def test_every_alternative_stands_in_for_a_measure_in_its_own_unit():
    from claims_helpers import claim_row, ledger_of

    row = claim_row("figure", value=1, period_end="2023-03-31")
    crimes = claim_row("crimes", value=1, quantity="victim_based_crime_count", period_end="2023-03-31")
    ledger = ledger_of(row, crimes)
    for stand in rules().substitutes:
        measure = measures.registry()[stand.measure]
        unit = unit_of(stand.tree, claim_of(row), ledger)
        added(of_measure(measure.unit, measure.kind), unit, "compare")


def test_what_is_implied_has_the_unit_it_says():
    from claims_helpers import claim_row, ledger_of

    units = {
        "reasonable_grounds_share": "percent",
        "reasonable_grounds_margin": "percentage_points",
        "use_of_force_decrease": "percent",
        "leaders_trained_share": "percent",
    }
    for rule in rules().implied:
        names = {text(call, 0) for call in calls(rule.tree) if call.name == "quantity"} | {rule.quantity}
        rows = [
            claim_row(name, value=1, quantity=name, unit=units.get(name, "count"), period_end="2023-03-31")
            for name in sorted(names)
        ]
        ledger = ledger_of(*rows)
        own = next(claim for claim in ledger.claims if claim.quantity == rule.quantity)
        unit = unit_of(rule.tree, own, ledger)
        added(
            Unit(UNITS[rule.unit].dimensions, UNITS[rule.unit].kind),
            Unit(unit.dimensions, unit.kind),
            "compare",
        )


def test_revised_tables_exist():
    assert all(rule.table in contracts.tables() for rule in rules().revisions)


def test_units_of_quantities_come_from_the_ledger():
    from claims_helpers import claim_row, ledger_of

    from peelbook.claims._expression import parse

    row = claim_row("figure", value="1.0", unit="percent", quantity="charge_rate")
    ledger = ledger_of(row)
    assert unit_of(parse('quantity("charge_rate")'), claim_of(row), ledger) == UNITS["percent"]
    assert unit_of(parse('quantity("nothing")'), claim_of(row), ledger).kind == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("= not toml", "not TOML"),
        ('[[alternative]]\nmeasure = "charge_rate"', "the key is missing"),
        ('[[revision]]\ntable = "x"\ndirection = "up"\nshort = "s"\nreason = "r"\nextra = 1', "unknown key"),
        ('[[revision]]\ntable = "x"\ndirection = "sideways"\nshort = "s"\nreason = "r"', "unknown direction"),
        (
            '[[implied]]\nquantity = "q"\nlabel = "l"\nunit = "pints"\ndecimals = 0\nexpression = "1"',
            "unknown unit",
        ),
        ('[[alternative]]\nmeasure = "m"\nkind = "magic"\nlabel = "l"\nexpression = "1"', "unknown kind"),
    ],
)
def test_a_fault_in_the_rules_is_named(text, problem):
    with pytest.raises(TableContractError, match=problem):
        read(text)
