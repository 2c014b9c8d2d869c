"""The search index holds every page with its filters, and two builds of one site give the same bytes."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from peelbook.site import search
from peelbook.site.search import Indexing, SearchIndexError, _decode, _encode


def index(site: Path, out: Path) -> bool:
    """Index a folder of pages; return whether there was anything to do."""
    with Indexing(site, out) as work:
        return work.finish()


def pages(folder: Path, count: int = 12) -> Path:
    for number in range(count):
        (folder / f"page{number}.html").write_text(
            f'<!DOCTYPE html><html lang="en-GB"><head><title>Page {number}</title></head><body><main data-pagefind-body '
            f'data-pagefind-filter="force[data-force], section[data-section]" data-force="Force {number % 7}" '
            f'data-section="Section {number % 5}"><h1>Page {number}</h1><p>Stop and search, number {number}.</p></main>'
            "</body></html>"
        )
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    "value", [[], ["a", []], ["é" * 30, [0, 23, 24, 255, 256, 65535, 65536, 2**40]], [list(range(300))]]
)
def test_the_index_format_survives_a_round_trip(value):
    assert _decode(memoryview(_encode(value))) == value


def test_an_index_of_another_format_is_refused():
    with pytest.raises(SearchIndexError, match="CBOR kind 2"):
        _decode(memoryview(b"\x41x"))


def test_two_indexes_of_the_same_pages_are_the_same_bytes(tmp_path):
    (tmp_path / "site").mkdir()
    site = pages(tmp_path / "site")
    index(site, tmp_path / "one")
    index(site, tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_the_index_knows_every_page_and_its_filters(tmp_path):
    (tmp_path / "site").mkdir()
    index(pages(tmp_path / "site"), tmp_path / "out")
    entry = json.loads((tmp_path / "out" / "pagefind-entry.json").read_text())
    (language,) = entry["languages"].values()
    assert language["page_count"] == 12
    meta = tmp_path / "out" / f"pagefind.{language['hash']}.pf_meta"
    table = gzip.decompress(meta.read_bytes())
    for path in (tmp_path / "out" / "filter").iterdir():
        assert path.stem.encode() in table, "the index's table of files names every filter"
        name, values = _decode(memoryview(gzip.decompress(path.read_bytes()))[len(search._MAGIC) :])
        assert [value for value, _ in values] == sorted(value for value, _ in values)
        assert len(values) == {"force": 7, "section": 5}[name]


def test_unchanged_pages_are_not_indexed_again_and_a_changed_page_is(tmp_path):
    (tmp_path / "site").mkdir()
    site = pages(tmp_path / "site")
    assert index(site, tmp_path / "out")
    assert not index(site, tmp_path / "out")
    (site / "page3.html").write_text((site / "page3.html").read_text().replace("Stop", "Halt"))
    assert index(site, tmp_path / "out")


def test_an_index_made_after_another_is_that_of_a_fresh_start_and_writes_over_no_file_of_it(tmp_path):
    """A published site may share the files of the old one."""
    (tmp_path / "site").mkdir()
    site = pages(tmp_path / "site")
    index(site, tmp_path / "out")
    shutil.copytree(tmp_path / "out", tmp_path / "published", copy_function=os.link)
    before = files(tmp_path / "published")
    (site / "page3.html").write_text((site / "page3.html").read_text().replace("Stop", "Halt"))
    (site / "page4.html").unlink()
    assert index(site, tmp_path / "out")
    assert files(tmp_path / "published") == before
    index(site, tmp_path / "fresh")
    assert files(tmp_path / "out") == files(tmp_path / "fresh")


def test_pieces_of_an_index_that_was_not_finished_are_not_kept(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    site = pages(tmp_path / "site")
    index(site, tmp_path / "out")
    before = files(tmp_path / "out")
    (site / "page3.html").write_text((site / "page3.html").read_text().replace("Stop", "Halt"))
    with monkeypatch.context() as patch, pytest.raises(SearchIndexError):
        real = subprocess.Popen
        patch.setattr(search.subprocess, "Popen", lambda command, **more: real(["/bin/false"], **more))
        index(site, tmp_path / "out")
    for path in (tmp_path / "out" / "fragment").iterdir():
        path.write_bytes(b"half")
    (site / "page3.html").write_text((site / "page3.html").read_text().replace("Halt", "Stop"))
    assert index(site, tmp_path / "out")
    assert files(tmp_path / "out") == before


def test_an_index_whose_making_was_interrupted_is_not_taken_for_the_old_one(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    site = pages(tmp_path / "site")
    index(site, tmp_path / "out")
    before = files(tmp_path / "out")
    old = (site / "page3.html").read_text()
    (site / "page3.html").write_text(old.replace("Stop", "Halt"))
    keep = search._keep_pieces

    def interrupted(out):
        keep(out)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(search, "_keep_pieces", interrupted)
        index(site, tmp_path / "out")
    (site / "page3.html").write_text(old)
    assert index(site, tmp_path / "out")
    assert files(tmp_path / "out") == before


def test_the_interface_that_the_site_does_not_use_is_not_published(tmp_path):
    (tmp_path / "site").mkdir()
    index(pages(tmp_path / "site", 1), tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert "pagefind.js" in names
    assert [name for name in names if name.startswith("wasm.")] == ["wasm.en-gb.pagefind"]
    assert not {name for name in names if "ui" in name or "highlight" in name}


def test_a_failing_indexer_is_reported_with_its_own_words(tmp_path, monkeypatch):
    program = tmp_path / "pagefind"
    program.write_text("#!/bin/sh\necho broken index >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(search, "binary", lambda: program)
    with pytest.raises(SearchIndexError, match="broken index"):
        index(tmp_path, tmp_path / "out")
