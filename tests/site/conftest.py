"""A small project and hand-made notebooks, so that the site's tests need no kernel and no real figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from site_samples import (
    BOOK_PAGES,
    TOC,
    SampleFailure,
    SampleResult,
    jupyter_book,
    sample_notebook,
    sample_results,
)

ROOT = Path(__file__).resolve().parents[2]


def make_project(folder: Path, monkeypatch) -> Path:
    """Lay out a project of two sections and three book pages, and make it the one that is built."""
    (folder / "notebooks").mkdir(parents=True)
    (folder / "book").mkdir()
    shutil.copy(ROOT / "_config.yml", folder)
    (folder / "_toc.yml").write_text(TOC)
    (folder / "requirements.txt").write_text("example==1.0 --hash=sha256:00\n")
    for name, text in BOOK_PAGES.items():
        (folder / "book" / name).write_text(text)
    for stem in ("police_powers", "workforce"):
        (folder / "notebooks" / f"{stem}.ipynb").write_bytes(sample_notebook(stem))
    monkeypatch.setenv("PEELBOOK_ROOT", str(folder))
    monkeypatch.setenv("PEELBOOK_DATA", str(ROOT / "data"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1763856000")
    monkeypatch.setenv("PEELBOOK_BASE_URL", "https://example.org/peel/")
    return folder


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project of this test's own, which it may change."""
    return make_project(tmp_path / "project", monkeypatch)


@pytest.fixture(scope="session")
def edition_site(tmp_path_factory, catalogue) -> Path:
    """A built edition of three forces, one page of which failed; read it, change nothing."""
    from peelbook import site

    folder = tmp_path_factory.mktemp("edition")
    results = sample_results(slugs=("metropolitan", "kent", "dorset"))
    results[-1] = SampleResult("dorset", "workforce", "failed", error=SampleFailure(4, "no such measure"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_project(folder / "project", monkeypatch)
        site.build(results, folder / "out", catalogue=catalogue, jobs=1, provenance={"run": "42"})
    return folder / "out"


@pytest.fixture(scope="session")
def book_site(tmp_path_factory) -> Path:
    """The book of the small project, built with Jupyter Book's own command; read it, change nothing."""
    folder = tmp_path_factory.mktemp("book")
    with pytest.MonkeyPatch.context() as monkeypatch:
        return jupyter_book(make_project(folder / "project", monkeypatch))
