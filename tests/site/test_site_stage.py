"""Staging turns results into sources: every page where its address says, nothing stale, failures shown."""

from __future__ import annotations

import json
import os

import pytest
from site_samples import SampleFailure, SampleResult, sample_notebook, sample_results

from peelbook.sections import all_sections
from peelbook.site import notebook
from peelbook.site._build import commit, make_edition, redirects, sitemap
from peelbook.site.edition import Edition, base_url, edition_date
from peelbook.site.stage import contents, stage


@pytest.fixture
def edition(catalogue, project):
    return make_edition(sample_results(), catalogue, "metropolitan")


def staged_files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_every_result_has_one_address_and_every_force_an_overview(edition, catalogue, tmp_path):
    staged = stage(sample_results(), edition, catalogue, tmp_path / "s")
    assert set(staged.pages) == {
        "forces/metropolitan/police_powers",
        "forces/metropolitan/workforce",
        "forces/metropolitan/index",
        "forces/kent/police_powers",
        "forces/kent/workforce",
        "forces/kent/index",
    }
    files = staged_files(tmp_path / "s")
    assert "forces/kent/police_powers.ipynb" in files
    assert b"19.8" in files["forces/kent/index.md"], "the overview repeats the headline figures"


def test_links_to_book_pages_follow_the_notebook_to_its_new_place(edition, catalogue, tmp_path):
    stage(sample_results(), edition, catalogue, tmp_path / "s")
    source = (tmp_path / "s/forces/kent/police_powers.ipynb").read_text()
    assert "](../../book/how_to_read.md)" in source
    intro = (tmp_path / "s/book/intro.md").read_text()
    assert "](../forces/metropolitan/police_powers.ipynb)" in intro


def test_a_book_link_to_a_section_that_was_not_built_leads_to_the_list_of_forces(
    catalogue, project, tmp_path
):
    results = sample_results(slugs=("kent",))
    edition = make_edition(results, catalogue, "metropolitan")
    stage(results, edition, catalogue, tmp_path / "s")
    assert "](../forces/index.md)" in (tmp_path / "s/book/intro.md").read_text()


def test_a_failed_result_is_a_page_that_says_where_and_why(edition, catalogue, tmp_path):
    results = sample_results()
    results[1] = SampleResult(
        "metropolitan", "workforce", "failed", error=SampleFailure(cell=7, message="no table <b>x</b>")
    )
    staged = stage(results, edition, catalogue, tmp_path / "s")
    assert staged.failed == ["forces/metropolitan/workforce"]
    page = json.loads((tmp_path / "s/forces/metropolitan/workforce.ipynb").read_bytes())
    html = page["cells"][1]["outputs"][0]["data"]["text/html"]
    for fact in (
        "failed to build",
        "Metropolitan Police Service",
        "<dd>7</dd>",
        "no table &lt;b&gt;x&lt;/b&gt;",
    ):
        assert fact in html
    assert "<b>" not in html


def test_an_unchanged_source_is_not_touched_and_a_dropped_force_is_removed(edition, catalogue, tmp_path):
    folder = tmp_path / "s"
    stage(sample_results(), edition, catalogue, folder)
    before = staged_files(folder)
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))
    stage(sample_results(), edition, catalogue, folder)
    assert staged_files(folder) == before
    assert {p.stat().st_mtime for p in folder.rglob("*") if p.is_file()} == {1}

    fewer = sample_results(slugs=("metropolitan",))
    stage(fewer, make_edition(fewer, catalogue, "metropolitan"), catalogue, folder)
    assert not (folder / "forces" / "kent").exists()


def test_the_contents_put_all_forces_where_the_book_had_its_notebooks(edition):
    toc = {
        "root": "book/intro",
        "parts": [
            {"caption": "Start", "chapters": [{"file": "book/how_to_read"}]},
            {"caption": "The Met", "chapters": [{"file": "notebooks/police_powers"}]},
        ],
    }
    made = contents(toc, edition, {"kent": ["police_powers"]})
    assert made["root"] == "index"
    assert made["parts"][0]["chapters"][0] == {"file": "book/intro"}
    (forces,) = made["parts"][1]["chapters"]
    assert forces["sections"][0]["file"] == "forces/kent/index"
    assert forces["sections"][0]["sections"] == [{"file": "forces/kent/police_powers"}]


def test_every_page_knows_its_place_in_both_layouts(edition):
    place = edition.place("forces/kent/police_powers")
    assert (place.kind, place.force.slug, place.section.stem) == ("section", "kent", "police_powers")
    assert edition.place("forces/kent/index").kind == "force"
    assert edition.place("forces/nowhere/police_powers").kind == "book"
    assert edition.place("index").kind == "home"
    book = Edition("book", edition.forces[:1], edition.forces[0].slug)
    assert book.place("notebooks/police_powers").kind == "section"
    assert book.place("forces/kent/police_powers").kind == "book"


def test_an_edition_survives_sphinx_configuration(edition):
    assert Edition.from_config(edition.to_config()) == edition


def test_a_force_is_found_by_its_code_and_its_names(edition, catalogue):
    found = redirects(edition, catalogue)
    assert found["E23000032"] == "kent"
    assert found["kent-police"] == "kent"
    assert found["the-met"] == "metropolitan"
    assert "kent" not in found, "the stable address is no redirect"
    assert len({name.lower() for name in found}) == len(found), "some disks do not tell E from e"


def test_the_sitemap_lists_absolute_addresses_of_pages_that_were_built(edition, catalogue, tmp_path):
    results = sample_results()
    results[0] = SampleResult("metropolitan", "police_powers", "failed", error="x")
    staged = stage(results, edition, catalogue, tmp_path / "s")
    text = sitemap(edition, staged)
    assert "<loc>https://example.org/peel/forces/kent/police_powers.html</loc>" in text
    assert "metropolitan/police_powers" not in text


def test_addresses_and_dates_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("PEELBOOK_BASE_URL", "https://example.org/x")
    assert base_url() == "https://example.org/x/"
    monkeypatch.delenv("PEELBOOK_BASE_URL")
    assert base_url() == ""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1763856000")
    assert edition_date() == "23 November 2025"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    assert edition_date() == ""


def test_the_commit_comes_from_the_ci_where_there_is_one(monkeypatch):
    monkeypatch.setenv("GITHUB_SHA", "abc123")
    assert commit() == "abc123"


def test_the_notebook_to_download_has_no_outputs_and_runs_again():
    made = json.loads(notebook.slim(sample_notebook()))
    code = [cell for cell in made["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert len(notebook.slim(sample_notebook())) < len(sample_notebook()) / 3


def test_figures_and_headlines_are_found_in_executed_notebooks():
    made = json.loads(sample_notebook(charts=3))
    assert [figure.id for figure in notebook.figures(made)] == [f"police_powers.rate_{n}" for n in range(3)]
    html = notebook.headlines(made)
    assert "19.8" in html
    assert "Definition" not in html
    assert notebook.headlines({"cells": []}) == ""


def test_a_section_of_the_report_that_no_result_covers_has_no_page(edition, catalogue, tmp_path):
    staged = stage(sample_results(), edition, catalogue, tmp_path / "s")
    missing = {item.stem for item in all_sections()} - {"police_powers", "workforce"}
    assert not any(page.endswith(stem) for page in staged.pages for stem in missing)
