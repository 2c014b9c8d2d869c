"""The section registry."""

import pytest

from peelbook import contracts
from peelbook.errors import UnknownSectionError
from peelbook.sections import all_sections, section


def test_the_ten_sections_stand_in_the_order_of_the_report():
    assert [item.stem for item in all_sections()] == [
        "overall_summary",
        "victim_service",
        "police_powers",
        "preventing_crime",
        "responding_to_the_public",
        "investigating_crime",
        "protecting_vulnerable_people",
        "offenders_and_suspects",
        "workforce",
        "leadership_and_force_management",
    ]
    assert [item.number for item in all_sections()] == list(range(1, 11))


def test_a_section_declares_only_tables_that_have_a_contract():
    known = set(contracts.tables())
    assert {table for item in all_sections() for table in item.tables} <= known


def test_an_unknown_section_is_named_with_the_nearest():
    with pytest.raises(UnknownSectionError, match="Did you mean police_powers"):
        section("police_power")
