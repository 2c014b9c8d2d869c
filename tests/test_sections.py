"""The section registry."""

import pytest

from peelbook import contracts
from peelbook.errors import UnknownCycleError, UnknownSectionError
from peelbook.sections import all_sections, cycles, of_cycle, section


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


def test_a_cycle_orders_and_names_the_sections_in_its_own_way():
    own = {item.stem for item in all_sections()}
    for cycle in cycles():
        names = of_cycle(cycle)
        assert {name.stem for name in names} == own
        assert len(names) == len(own)
        assert all(len(name.short) <= 60 for name in names)
    newest = of_cycle("2025-27")
    assert [name.stem for name in newest][:3] == [
        "overall_summary",
        "leadership_and_force_management",
        "victim_service",
    ]
    assert newest[2].short == "Quality of service review"
    assert [name.stem for name in of_cycle("2023-25")] == [item.stem for item in all_sections()]


def test_an_unknown_cycle_has_the_order_and_names_of_the_book():
    assert [(name.stem, name.short) for name in of_cycle("1999-00")] == [
        (item.stem, item.short_title) for item in all_sections()
    ]


def test_a_section_declares_only_tables_that_have_a_contract():
    known = set(contracts.tables())
    assert {table for item in all_sections() for table in item.tables} <= known


def test_an_unknown_section_is_named_with_the_nearest():
    with pytest.raises(UnknownSectionError, match="Did you mean police_powers"):
        section("police_power")


def test_a_site_may_have_the_order_and_the_names_of_a_cycle(monkeypatch):
    own = {item.stem: item for item in all_sections()}
    monkeypatch.setenv("PEELBOOK_CYCLE", "2025-27")
    shown = all_sections()
    assert [item.stem for item in shown] == [name.stem for name in of_cycle("2025-27")]
    assert [item.number for item in shown] == list(range(1, 11))
    assert (shown[2].title, shown[2].short_title) == (
        "Quality of service review",
        "Quality of service review",
    )
    # Grades are found by the names in the table of grades, and tables by the stem.
    assert {(item.stem, item.area, item.tables) for item in shown} == {
        (item.stem, item.title, item.tables) for item in own.values()
    }
    assert section("police_powers").short_title != own["police_powers"].short_title
    monkeypatch.setenv("PEELBOOK_CYCLE", "2031-33")
    with pytest.raises(UnknownCycleError, match=r"2031-33.*Fix: use one of 2018-19"):
        all_sections()
