"""Fixtures that every test folder shares."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# The same examples in every run, and none that fails because the machine had other work.
settings.register_profile(
    "peelbook", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("peelbook")


def pytest_configure(config):
    """Sites that tests build of the same data share what they say of the data as a whole; it takes a minute to make."""
    try:
        import forkserver_kernel.kernelspec  # noqa: F401
    except ImportError:
        pytest.exit(
            "The environment was made before the kernel had a folder of its own. Fix: make install", 2
        )
    if not hasattr(config, "workerinput") and "PEELBOOK_SITE_DATA" not in os.environ:
        config.site_data = os.environ["PEELBOOK_SITE_DATA"] = tempfile.mkdtemp(prefix="peelbook-site-data-")


LONG_FILES = (
    "site/test_site_build.py",
    "runner/test_faults.py",
    "browser/test_site_in_browser.py",
    "house/test_recipes.py",
    "notebooks/test_no_table_without_a_page.py",
    "notebooks/test_nbval_gate.py",
    "notebooks/test_committed_notebooks.py",
    "house/test_hostile.py",
    "site/test_site_absent.py",
    "runner/test_cluster.py",
    "runner/test_execute.py",
)
"""Files of few tests that take minutes: two processes that take a file at a time must not end with one of them."""


def pytest_collection_modifyitems(items):
    """Long files first; `make test` leaves this order as it is."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_unconfigure(config):
    if hasattr(config, "site_data"):
        shutil.rmtree(config.site_data, ignore_errors=True)
        os.environ.pop("PEELBOOK_SITE_DATA", None)


def _without(what: str) -> None:
    """Skip, unless this machine is known to have the official files: then their absence is a failure."""
    if os.environ.get("PEELBOOK_REQUIRE_SOURCES") == "1":
        pytest.fail(f"{what}, and PEELBOOK_REQUIRE_SOURCES=1 asks for the tests of the official files")
    pytest.skip(what)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def catalogue():
    """The committed tables, read once."""
    from peelbook.catalogue import Catalogue

    return Catalogue(ROOT / "data")


@pytest.fixture
def data_copy(tmp_path) -> Path:
    """A private copy of `data/` that a test may spoil."""
    return Path(shutil.copytree(ROOT / "data", tmp_path / "data"))


@pytest.fixture(scope="session")
def keep_tables():
    """A function that takes all tables but the wanted ones out of a copy of `data/`, and returns the folder."""

    def keep(folder: Path, wanted) -> Path:
        path = folder / "datapackage.json"
        package = json.loads(path.read_text(encoding="utf-8"))
        for entry in package["resources"]:
            if not wanted(entry["name"]):
                for each in (entry, *entry.get("releases", [])):
                    (folder / each["path"]).unlink()
        package["resources"] = [entry for entry in package["resources"] if wanted(entry["name"])]
        path.write_text(json.dumps(package), encoding="utf-8")
        return folder

    return keep


@pytest.fixture(scope="session")
def shared_sources() -> Path:
    """The folder of official files; skips where this machine has none."""
    folder = ROOT.parent / "shared" / "sources"
    if not folder.is_dir():
        _without("the official source files are not on this machine, so they were not tried")
    return folder


@pytest.fixture(scope="session")
def report_file() -> Path:
    """The text of the inspection report as a file; skips where this machine does not have it."""
    path = ROOT.parent / "shared" / "report" / "peel-2023-25-metropolitan.txt"
    if not path.is_file():
        pytest.skip("the report's text is not on this machine, so it was not read again")
    return path


@pytest.fixture(scope="session")
def report_text(report_file) -> str:
    """The text of the inspection report."""
    return report_file.read_text(encoding="utf-8")
