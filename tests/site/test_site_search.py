"""The search index holds every page with its filters, and nothing of pages as they were before."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from peelbook.site import search
from peelbook.site.search import Indexing, SearchIndexError


def index(site: Path, out: Path) -> bool:
    """Index a folder of pages; return whether there was anything to do."""
    with Indexing(site, out) as work:
        anew = work.start()
        work.finish()
        return anew


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


def found(out: Path) -> dict[str, Any]:
    """What an index holds: pages by their number of words, and the values of its filters, however it is written."""
    entry = json.loads((out / "pagefind-entry.json").read_text())
    (language,) = entry["languages"].values()
    fragments = [gzip.decompress(path.read_bytes()) for path in (out / "fragment").iterdir()]
    texts = [json.loads(fragment.removeprefix(b"pagefind_dcd")) for fragment in fragments]
    return {
        "pages": language["page_count"],
        "texts": sorted((text["url"], text["content"]) for text in texts),
    }


def test_the_index_knows_every_page_and_its_filters(tmp_path):
    (tmp_path / "site").mkdir()
    index(pages(tmp_path / "site"), tmp_path / "out")
    assert found(tmp_path / "out")["pages"] == 12
    filters = [gzip.decompress(path.read_bytes()) for path in (tmp_path / "out" / "filter").iterdir()]
    for name, count in {"Force": 7, "Section": 5}.items():
        (content,) = (content for content in filters if name.lower().encode() in content)
        assert all(f"{name} {number}".encode() in content for number in range(count))


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
    assert found(tmp_path / "out") == found(tmp_path / "fresh")
    assert len(list((tmp_path / "out" / "fragment").iterdir())) == 11, "what a page said before is not kept"


def test_an_index_that_was_not_finished_is_not_kept(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    site = pages(tmp_path / "site")
    index(site, tmp_path / "out")
    before = found(tmp_path / "out")
    old = (site / "page3.html").read_text()
    (site / "page3.html").write_text(old.replace("Stop", "Halt"))
    with monkeypatch.context() as patch, pytest.raises(SearchIndexError):
        real = subprocess.Popen
        patch.setattr(search.subprocess, "Popen", lambda command, **more: real(["/bin/false"], **more))
        index(site, tmp_path / "out")
    (site / "page3.html").write_text(old)
    assert index(site, tmp_path / "out")
    assert found(tmp_path / "out") == before


def test_an_index_whose_making_was_interrupted_is_not_taken_for_the_old_one(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    site = pages(tmp_path / "site")
    index(site, tmp_path / "out")
    before = found(tmp_path / "out")
    old = (site / "page3.html").read_text()
    (site / "page3.html").write_text(old.replace("Stop", "Halt"))

    def interrupted(*arguments, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(search.subprocess, "Popen", interrupted)
        index(site, tmp_path / "out")
    (site / "page3.html").write_text(old)
    assert index(site, tmp_path / "out")
    assert found(tmp_path / "out") == before


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


@pytest.mark.parametrize("told", [{"page3"}, {"page5"}], ids=["foreseen", "not foreseen"])
def test_what_was_read_while_pages_were_made_is_not_in_the_index_unless_it_stayed(tmp_path, told):
    (tmp_path / "site").mkdir()
    site = pages(tmp_path / "site")
    index(site, tmp_path / "out")
    with Indexing(site, tmp_path / "out") as work:
        work.begin(told)
        assert len(work.given) == 11
        (site / "page3.html").write_text((site / "page3.html").read_text().replace("Stop", "Halt"))
        assert work.start()
        work.finish()
    index(site, tmp_path / "fresh")
    assert found(tmp_path / "out") == found(tmp_path / "fresh")
    assert sum("Halt" in text for _, text in found(tmp_path / "out")["texts"]) == 1


def test_a_build_in_which_nothing_changes_does_not_start_the_indexer(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    site = pages(tmp_path / "site")
    index(site, tmp_path / "out")
    monkeypatch.setattr(search.subprocess, "Popen", None)
    with Indexing(site, tmp_path / "out") as work:
        work.begin(set())
        assert not work.start()
        work.finish()


def test_only_an_articles_own_words_are_indexed(tmp_path):
    cell = '<div class="cell">\n<div class="highlight" translate="no"><pre tabindex="0">code</pre></div>\n<p>Result.</p></div>'
    (tmp_path / "site").mkdir()
    (tmp_path / "site/page.html").write_text(
        f'<html lang="en-GB"><body><nav>Frame</nav><article data-pagefind-body><h1>Words</h1>{cell}'
        '<table><tbody data-pagefind-ignore><tr><td>Value</table><div class="highlight" translate="no"><pre '
        'tabindex="0">command</pre></div></article><footer>Foot</footer></body></html>'
    )
    index(tmp_path / "site", tmp_path / "out")
    ((_, text),) = found(tmp_path / "out")["texts"]
    assert text == "Words. Result. command."
