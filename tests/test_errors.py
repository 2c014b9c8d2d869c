"""A fault says where it is, as far as it has a place, then the rule and how to mend it."""

from __future__ import annotations

import pytest

from peelbook.errors import Fault


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (("rate", 3, "x"), "row 3, column 'rate' is 'x': not a number. Fix: mend it"),
        (("rate", None, ""), "column 'rate': not a number. Fix: mend it"),
        (("", 3, "x"), "row 3 is 'x': not a number. Fix: mend it"),
        (("", None, ""), "not a number. Fix: mend it"),
    ],
)
def test_a_fault_names_its_place_as_far_as_it_has_one(place, said):
    assert str(Fault(*place, "not a number", "mend it")) == said


def test_a_fault_names_the_force_and_what_rows_are_counted_in():
    fault = Fault("rate", 3, "x", "not a number", "mend it", "Kent Police", "the sheet")
    assert str(fault).startswith("row 3 of the sheet, column 'rate' (Kent Police) is 'x'")
