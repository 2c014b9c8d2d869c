"""A frozen edition checks itself and makes itself again, wherever it is unpacked."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

import peelbook
from peelbook.site import archive

YEAR = int(peelbook.__version__.split(".")[0])


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A small project under git."""
    for name in ("GITHUB_SHA", "CI_COMMIT_SHA", "PEELBOOK_BASE_URL", "PEELBOOK_LAUNCH_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795392000")
    folder = tmp_path / "checkout"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "claims.csv").write_text("claim_id\n")
    (folder / "run").write_text("#!/bin/sh\n")
    (folder / "run").chmod(0o755)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def site_of(folder: Path):
    """A stand-in for the build: what it makes depends on the sources and the settings, as the real one does."""

    def build() -> Path:
        import os

        site = folder / ".peelbook" / "edition"
        site.mkdir(parents=True, exist_ok=True)
        date = os.environ.get("SOURCE_DATE_EPOCH", "")
        (site / "index.html").write_text(f"{date} {archive.Source.read_record(folder)['commit']}")
        return site

    return build


def unpack(path: Path, folder: Path) -> Path:
    with tarfile.open(path) as made:
        made.extractall(folder, filter="data")
    (top,) = folder.iterdir()
    return top


def test_the_archive_holds_site_sources_and_data_and_a_checksum_of_each(checkout, tmp_path):
    path = archive.freeze(YEAR, tmp_path / "out", site_of(checkout), root=checkout)
    assert path.name == f"peelbook-{peelbook.__version__}.tar.gz"
    top = unpack(path, tmp_path / "unpacked")
    listed = dict(
        reversed(line.split("  ", 1)) for line in (top / archive.CHECKSUMS).read_text().splitlines()
    )
    found = {p.relative_to(top).as_posix(): p for p in top.rglob("*") if p.is_file()}
    assert set(found) == {*listed, archive.CHECKSUMS}
    assert {"README.txt", "site/index.html", "source/data/claims.csv", "source/EDITION.json"} <= set(found)
    for name, digest in listed.items():
        assert hashlib.sha256(found[name].read_bytes()).hexdigest() == digest
    assert found["source/run"].stat().st_mode & 0o111, "what could be run still can"
    said = (path.parent / f"{path.name}.sha256").read_text().split()
    assert said == [hashlib.sha256(path.read_bytes()).hexdigest(), path.name]


def test_an_unpacked_edition_makes_the_same_bytes_again_without_git(checkout, tmp_path, monkeypatch):
    first = archive.freeze(YEAR, tmp_path / "out", site_of(checkout), root=checkout)
    source = unpack(first, tmp_path / "elsewhere") / "source"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    monkeypatch.setenv("PEELBOOK_BASE_URL", "https://example.org/")
    (source / "left_behind.txt").write_text("a file of the one who rebuilds")
    again = archive.freeze(YEAR, tmp_path / "again", site_of(source), root=source)
    assert again.read_bytes() == first.read_bytes()


def test_an_edition_names_its_commit_and_settings(checkout, tmp_path):
    path = archive.freeze(YEAR, tmp_path / "out", site_of(checkout), root=checkout)
    record = json.loads((unpack(path, tmp_path / "u") / "source" / archive.RECORD).read_text())
    assert record["commit"] == git(checkout, "rev-parse", "HEAD").strip()
    assert record["SOURCE_DATE_EPOCH"] == "1795392000"
    assert record["files"] == ["data/claims.csv", "run"]


def test_an_edition_about_one_year_says_so_in_its_name_and_how_to_make_it_again(checkout, tmp_path):
    path = archive.freeze(YEAR, tmp_path / "out", site_of(checkout), root=checkout, period="2025-03-31")
    assert path.name == f"peelbook-{peelbook.__version__}-2025-03-31.tar.gz"
    said = (unpack(path, tmp_path / "u") / "README.txt").read_text()
    assert f"make edition YEAR={YEAR} PERIOD=2025-03-31" in said


def test_changes_that_are_in_no_commit_are_refused_and_nothing_is_written(checkout, tmp_path):
    (checkout / "run").write_text("changed")
    with pytest.raises(archive.EditionError, match=r"run.*Fix: commit"):
        archive.freeze(YEAR, tmp_path / "out", site_of(checkout), root=checkout)
    assert not (tmp_path / "out").exists()


def test_another_year_is_refused_with_the_tag_to_look_for():
    with pytest.raises(archive.EditionError, match=r"v2001\.\*"):
        archive.name_of(2001)


def test_a_folder_that_is_neither_checkout_nor_edition_is_refused(tmp_path):
    with pytest.raises(archive.EditionError, match="neither a git checkout nor an unpacked edition"):
        archive.Source.read(tmp_path)
