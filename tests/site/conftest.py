"""A small project and hand-made notebooks, so that the site's tests need no kernel and no real figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from site_samples import BOOK_PAGES, TOC, sample_notebook

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project of two sections and three book pages, with the repository's configuration and tables."""
    folder = tmp_path / "project"
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
