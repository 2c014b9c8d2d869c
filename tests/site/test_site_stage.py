"""Staging turns results into sources: every page where its address says, nothing stale, failures shown."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from site_samples import SampleFailure, SampleResult, sample_notebook, sample_results

from peelbook import blocks, formats
from peelbook.catalogue import Catalogue
from peelbook.sections import all_sections
from peelbook.site import notebook, staged_page
from peelbook.site import stage as stage_module
from peelbook.site._build import commit, make_edition, redirects, sitemap
from peelbook.site.edition import Edition, base_url, edition_date
from peelbook.site.manifest import InputManifest, data_digest
from peelbook.site.stage import (
    Sources,
    Staged,
    contents,
    grades,
    latest_grades,
    sections_period,
    vintage,
)


@pytest.fixture
def edition(catalogue, project):
    return make_edition(sample_results(), catalogue, "metropolitan")


def stage(results, edition, catalogue, folder, texts=None):
    """Both halves at once."""
    sources = Sources(edition, catalogue, folder)
    sources.forces(results)
    return sources.book(texts)


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
    assert "forces/kent/police_powers.cells" in files


def test_links_to_book_pages_follow_the_notebook_to_its_new_place(edition, catalogue, tmp_path):
    stage(sample_results(), edition, catalogue, tmp_path / "s")
    source = (tmp_path / "s/forces/kent/police_powers.cells").read_text()
    assert "](../../book/how_to_read.md)" in source
    intro = (tmp_path / "s/book/intro.md").read_text()
    assert "](../forces/metropolitan/police_powers.cells)" in intro


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
    page = json.loads((tmp_path / "s/forces/metropolitan/workforce.cells").read_bytes())
    (kind, block), *rest = page[1]["outputs"]
    assert kind == staged_page.BLOCK and not rest
    html = blocks.render(json.loads(block))
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


def test_the_books_pages_are_not_made_again_where_only_words_of_a_force_changed(
    edition, catalogue, project, tmp_path, monkeypatch
):
    folder = tmp_path / "s"
    stage(sample_results(), edition, catalogue, folder)
    results = sample_results()
    results[0].notebook = results[0].notebook.replace(b"How often.", b"Rarely.")
    with monkeypatch.context() as patch:
        patch.setattr(Sources, "_put_overviews", None)
        sources = Sources(edition, catalogue, folder)
        sources.forces(results)
        sources.book()
    assert sources.changed == {"forces/metropolitan/police_powers"}
    fresh = stage(results, edition, catalogue, tmp_path / "t")
    assert sources.staged.pages == fresh.pages
    assert staged_files(folder) == staged_files(tmp_path / "t")

    # All else that they are made of does.
    (project / "book" / "coverage.md").write_text("# Coverage\n\nNew words.\n")
    (folder / "index.md").unlink()
    stage(results, edition, catalogue, folder)
    stage(results, edition, catalogue, tmp_path / "u")
    assert staged_files(folder) == staged_files(tmp_path / "u")
    results[0].notebook = results[0].notebook.replace(b'force = \\"kent\\"', b'period = \\"2023-03-31\\"')
    parameters = json.loads(results[0].notebook)
    parameters["cells"][1]["metadata"]["tags"] = ["parameters"]
    results[0].notebook = json.dumps(parameters).encode()
    stage(results, edition, catalogue, folder)
    assert "31 March 2023" in (folder / "index.md").read_text()


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


def test_without_a_set_date_an_edition_has_that_of_its_commit(project, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert edition_date() == "", "neither git nor a record"
    (project / "EDITION.json").write_text('{"commit": "ab12", "committed": "1763856000"}')
    assert edition_date() == "23 November 2025"
    (project / "EDITION.json").unlink()
    for command in (["init", "-q"], ["add", "_toc.yml"], ["commit", "-q", "-m", "A page"]):
        subprocess.run(
            ["git", "-C", str(project), "-c", "user.name=T", "-c", "user.email=t@example.org", *command],
            check=True,
            env={**os.environ, "GIT_COMMITTER_DATE": "1763856000 +0000"},
        )
    assert edition_date() == "23 November 2025"


def test_the_commit_comes_from_the_ci_where_there_is_one(monkeypatch):
    monkeypatch.setenv("GITHUB_SHA", "abc123")
    assert commit() == "abc123"


def test_the_notebook_to_download_has_no_outputs_and_runs_again():
    source = json.loads(sample_notebook())
    content = notebook.slim(source)
    code = [cell for cell in json.loads(content)["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert len(content) < len(sample_notebook()) / 3
    assert source == json.loads(sample_notebook()), "what it was made of is as it was"


def with_an_output_of_another_kind(source):
    """The notebook with a cell whose output the staged form does not know."""
    output = {"output_type": "display_data", "data": {"image/jpeg": "x"}, "metadata": {}}
    cell = {"cell_type": "code", "source": "photo", "metadata": {}, "outputs": [output]}
    return {**source, "cells": [*source["cells"], cell]}


@pytest.mark.parametrize("known", [True, False])
def test_figures_and_headlines_are_found_in_staged_pages(tmp_path, known):
    source = json.loads(sample_notebook(charts=3))
    content = staged_page.stage(source if known else with_an_output_of_another_kind(source))
    assert (content is not None) is known
    path = tmp_path / f"page{staged_page.SUFFIX if known else '.ipynb'}"
    path.write_bytes(content if known else json.dumps(source).encode())
    found = staged_page.figures(path)
    assert [figure.id for figure in found] == [f"police_powers.rate_{n}" for n in range(3)]
    assert [(figure.payload, figure.files()) for figure in found] == [
        (figure.payload, figure.files()) for figure in notebook.figures(source)
    ], "the staged form loses nothing"


def test_a_page_without_charts_has_none(tmp_path):
    path = tmp_path / "page.cells"
    path.write_text("[]")
    assert staged_page.figures(path) == []


def test_a_section_of_the_report_that_no_result_covers_has_no_page(edition, catalogue, tmp_path):
    staged = stage(sample_results(), edition, catalogue, tmp_path / "s")
    missing = {item.stem for item in all_sections()} - {"police_powers", "workforce"}
    assert not any(page.endswith(stem) for page in staged.pages for stem in missing)


def test_marks_know_input_and_survive_damage(tmp_path):
    path = tmp_path / "marks.json"
    marks = InputManifest(path)
    assert not marks.unchanged("a", "1")
    marks.save()
    assert InputManifest(path).unchanged("a", "1")
    assert not InputManifest(path).unchanged("a", "2")
    for damage in ("not json", "[1]", "{}"):
        path.write_text(damage)
        assert not InputManifest(path).unchanged("a", "1"), "a spoilt mark only costs work"


def test_marks_know_the_files_of_a_folder(tmp_path):
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "page").write_text("1")
    marks = InputManifest.of(tmp_path / "html")
    assert not marks.unchanged("pages", "1", tmp_path / "html")
    (tmp_path / "html" / "other").write_text("2")  # made after it was asked, before it was saved
    marks.save()
    assert InputManifest.of(tmp_path / "html").unchanged("pages", "1", tmp_path / "html")
    (tmp_path / "html" / "page").unlink()
    assert not InputManifest.of(tmp_path / "html").unchanged("pages", "1", tmp_path / "html")
    assert InputManifest.of(tmp_path / "html", "kent").path.name == "html-kent.json"


def test_marks_vouch_for_nothing_while_something_is_made_anew(tmp_path):
    """A build that is killed between a new file and its mark, and then one of the old input."""
    path = tmp_path / "marks.json"
    first = InputManifest(path)
    first.unchanged("a", "1"), first.unchanged("b", "1")
    first.save()
    killed = InputManifest(path)
    assert killed.unchanged("b", "1")
    assert not killed.unchanged("a", "2")
    assert not InputManifest(path).unchanged("a", "1")


def test_changed_data_and_a_users_own_data_make_other_pages(data_copy, tmp_path):
    plain = data_digest(Catalogue(data_copy))
    with (data_copy / "judgments.csv").open("a") as table:
        table.write("\n")
    assert data_digest(Catalogue(data_copy)) != plain
    own = tmp_path / "own"
    own.mkdir()
    changed = data_digest(Catalogue(data_copy))
    (own / "stop_search.csv").write_text("force_code\n")
    assert data_digest(Catalogue(data_copy, overlay=own)) != changed


def test_the_front_page_shows_stated_grades_in_words_and_names_forces_without(catalogue, project):
    every = [SampleResult(force.slug, "workforce", notebook=b"{}") for force in catalogue.forces]
    edition = make_edition(every, catalogue, "metropolitan")
    made = grades(latest_grades(catalogue), edition)
    met = next(cells for force, cells in made["rows"] if force.slug == "metropolitan")
    table = catalogue.table("judgments")
    stated = table[(table["force_code"] == "E23000001") & (table["cycle"] == max(table["cycle"]))]
    stated = stated[stated["area"].isin(made["areas"])]
    assert sorted(cell for cell in met if cell) == sorted(stated["grade"])
    assert set(made["marks"]) >= {cell for _, cells in made["rows"] for cell in cells if cell}
    assert len(made["rows"]) + len(made["missing"]) == 43


def test_the_front_page_and_all_forces_compared_name_the_same_forces_without_grades(catalogue, project):
    from peelbook.analysis import charts, open_national

    every = [SampleResult(force.slug, "workforce", notebook=b"{}") for force in catalogue.forces]
    made = grades(latest_grades(catalogue), make_edition(every, catalogue, "metropolitan"))
    stated = open_national().table("judgments")
    newest = stated["cycle"] == stated["cycle"].max()
    chart = charts.judgments(
        stated[newest & ~stated["area_code"].isin(["cdi", "soc"])]
    )  # as that page's cell does
    assert list(chart.columns)[1:] == made["areas"]
    assert len(chart.data) == len(made["rows"])
    assert f"No stated grade for {formats.joined(sorted(made['missing']))}." in chart.notes
    assert "Recording data about crime" in made["others"], "what is left out of the grid is named"


def test_the_front_page_tells_the_period_of_the_sections_from_the_newest_data(edition_site):
    page = (edition_site / "index.html").read_text()
    assert "The newest data in this edition ends on" in page


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["2023-03-31"], "31 March 2023"),
        (
            ["2023-03-31", "2024-03-31"],
            "31 March 2024",
        ),  # a setting of this run comes after the notebook's own
        ([], ""),
    ],
)
def test_the_period_of_the_sections_is_the_one_their_notebooks_ran_with(tmp_path, settings, told):
    page = tmp_path / "workforce.cells"
    page.write_bytes(
        json.dumps(
            [
                {
                    "code": 'period = "2020-01-01"',
                    "tags": [],
                    "outputs": [],
                },  # a cell's own name, and no setting
                *(
                    {"code": f'force = "kent"\nperiod = "{day}"', "tags": [tag], "outputs": []}
                    for day, tag in zip(settings, ("parameters", "injected-parameters"), strict=False)
                ),
            ]
        ).encode()
    )
    assert sections_period(Staged(notebooks={"kent": {"workforce": page}})) == told


def test_without_grades_the_front_page_does_without(data_copy, catalogue, project):
    edition = make_edition(sample_results(), catalogue, "metropolitan")
    (data_copy / "judgments.csv").unlink()
    assert grades(latest_grades(Catalogue(data_copy)), edition) is None
    assert vintage(Catalogue(data_copy)), "the newest day is in the data package"


def test_the_front_page_says_how_new_its_data_is(catalogue):
    assert vintage(catalogue) == formats.date(
        max(
            resource["coverage"]["last_day"]
            for resource in catalogue.resources.values()
            if resource["kind"] != "secondary" and "last_day" in resource.get("coverage", {})
        )
    )


def test_what_the_books_own_pages_say_of_the_tables_is_read_once_for_one_state_of_them(catalogue, tmp_path):
    class Unread:
        """A catalogue that nobody should ask."""

    kept = tmp_path / "facts.json"

    def known(tables, data):
        marks = InputManifest(tmp_path / "marks.json")
        found = stage_module._facts(tables, data, marks, kept)
        marks.save()
        return found

    facts = known(catalogue, "one")
    assert facts["reported"] == sorted(set(catalogue.table("claims")["force_code"]))
    assert facts["grades"]["by_force"]
    assert known(Unread(), "one") == facts
    with pytest.raises(AttributeError):
        known(Unread(), "other")
    kept.write_text("spoilt")
    assert known(catalogue, "one") == facts
