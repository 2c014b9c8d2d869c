"""Fixtures of the source tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def empty_data(tmp_path) -> Path:
    """A data folder that holds nothing but the forces."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(ROOT / "data" / "forces.csv", folder / "forces.csv")
    return folder


@pytest.fixture(scope="session")
def forces():
    """The 43 forces."""
    from peelbook.forces import Forces

    return Forces.read(ROOT / "data" / "forces.csv")
