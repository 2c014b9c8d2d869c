"""Sections for the tests of the notebook's vocabulary."""

from __future__ import annotations

import pytest

from peelbook.analysis import open_section


@pytest.fixture(scope="session")
def met():
    """Police powers of the force whose report is entered."""
    return open_section("police_powers")


@pytest.fixture(scope="session")
def kent():
    """Police powers of a force whose report is not entered."""
    return open_section("police_powers", force="kent")


@pytest.fixture(scope="session")
def rates(kent):
    """A rate of all forces and years."""
    return kent.measure("stop_search_rate")


@pytest.fixture(scope="session")
def year(kent, rates):
    """Its newest year."""
    return rates[rates["period_end"] == kent.year_of(rates)]
