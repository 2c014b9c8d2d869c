"""A small workspace: three forces, two tables, three sections whose notebooks take milliseconds."""

from __future__ import annotations

import pytest
from runner_helpers import Book, make_book, pretend

from peelbook.paths import PACKAGE
from peelbook.runner import execute, inputs


@pytest.fixture
def book(tmp_path) -> Book:
    """A fresh workspace with everything in it."""
    return make_book(tmp_path)


@pytest.fixture(autouse=True)
def no_overrides(monkeypatch):
    """The tests say themselves where things are."""
    for name in ("PEELBOOK_DATA", "PEELBOOK_ROOT", "PEELBOOK_CACHE", "PEELBOOK_OVERLAY"):
        monkeypatch.delenv(name, raising=False)


_digest_of = inputs.package_digest
_DIGEST = _digest_of()


@pytest.fixture(autouse=True)
def settled_package(monkeypatch):
    """The package counts as it was when the tests began, so that editing it meanwhile fails none of them."""
    monkeypatch.setattr(
        inputs, "package_digest", lambda root=PACKAGE: _DIGEST if root == PACKAGE else _digest_of(root)
    )


@pytest.fixture
def no_kernel(monkeypatch):
    """Notebooks run without a kernel, at once; the tests of `execute` and of the faults use real ones."""
    monkeypatch.setattr(execute, "execute", pretend)
