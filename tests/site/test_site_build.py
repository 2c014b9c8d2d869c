"""The built site as a whole: strict, deterministic, private, complete, and quick to change."""

from __future__ import annotations

import csv
import errno
import gzip
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from site_pages import broken_links, external, facts
from site_samples import (
    SampleResult,
    chart_output,
    code_cell,
    jupyter_book,
    payload,
    run_jupyter_book,
    sample_notebook,
    sample_results,
)

from peelbook import blocks, claims, site
from peelbook.catalogue import Catalogue
from peelbook.figures._chart import MIME
from peelbook.runner.errors import LockedError
from peelbook.runner.lock import hold
from peelbook.site import _build as building
from peelbook.site import generated, page_frame, site_data, staged_page
from peelbook.site._build import SiteBuildError
from peelbook.site.pdf import PdfError, join, print_force
from peelbook.site.publish import PublishError
from peelbook.site.templates import render
from peelbook.site.workers import DownloadsError, Workers

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


def files(folder: Path) -> dict[str, bytes]:
    """All files but those of the search index, which Pagefind writes in random order (`test_site_search.py`)."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    own = [path for path in paths if ".pf_" not in path.name and path.name != "pagefind-entry.json"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in own}


@pytest.fixture
def build(project, catalogue, tmp_path):
    """Build and publish an edition of some results in this test's own folders."""

    def run(results, out=tmp_path / "out", jobs=1, **options):
        return site.build(results, out, catalogue=catalogue, jobs=jobs, **options)

    return run


# --- the committed book ------------------------------------------------------------------------


def test_the_book_builds_strictly_from_nothing_but_the_package(book_site):
    made = set(files(book_site))
    assert {"index.html", "404.html", "book/intro.html", "notebooks/police_powers.html"} <= made
    for kind in ("csv", "svg", "png"):
        assert f"notebooks/figures/police_powers.rate_0.{kind}" in made
    assert {"claims.csv", "claims.json", "requirements.txt", "notebooks/police_powers.ipynb"} <= made
    assert "all-measures.zip" in made
    assert broken_links(book_site) == []


@pytest.mark.parametrize("layout", ["book", "edition"])
def test_the_page_of_all_forces_links_to_the_table_of_all_measures(layout, project, build):
    page = json.loads((ROOT / "book" / "all_forces.ipynb").read_bytes())
    page["cells"] = [cell for cell in page["cells"] if cell["cell_type"] == "markdown"][:1]
    (project / "book" / "all_forces.ipynb").write_text(json.dumps(page))
    toc = project / "_toc.yml"
    toc.write_text(toc.read_text().replace("book/coverage", "book/coverage\n      - file: book/all_forces"))
    out = jupyter_book(project) if layout == "book" else build(sample_results(slugs=("kent",))).out_dir
    assert 'href="../all-measures.zip"' in (out / "book" / "all_forces.html").read_text(encoding="utf-8")
    assert zipfile.is_zipfile(out / "all-measures.zip")
    assert broken_links(out) == []


def test_the_sites_own_files_are_made_again_for_other_tables_another_address_and_another_date(
    data_copy, keep_tables, monkeypatch
):
    catalogue = Catalogue(keep_tables(data_copy, {"forces", "gaps"}.__contains__))
    known = [site_data.inputs(catalogue)]
    for name, value in (("PEELBOOK_BASE_URL", "https://example.org/other/"), ("SOURCE_DATE_EPOCH", "1")):
        monkeypatch.setenv(name, value)
        known.append(site_data.inputs(catalogue))
    (data_copy / "gaps.csv").write_bytes((data_copy / "gaps.csv").read_bytes() + b"\n")
    known.append(site_data.inputs(catalogue))
    assert len(set(known)) == len(known)
    assert site_data.inputs(catalogue) == known[-1]


def test_a_command_makes_the_sites_own_files_of_the_data_it_is_told(data_copy, keep_tables, tmp_path):
    few = {"forces", "gaps", "claims", "judgments", "population", "population_ethnicity", "stop_search"}
    catalogue = Catalogue(keep_tables(data_copy, few.__contains__))
    with Workers() as workers:
        worker = workers.start(
            site_data.__name__, site_data.work(tmp_path / "files", tmp_path / "texts", catalogue, jobs=2)
        )
        workers.wait_for(worker, "texts")
        texts = {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "texts").glob("*.md")}
        workers.join()
    folder = tmp_path / "files"
    made = {name: content for name, content in files(folder).items() if not name.startswith("measures/")}
    assert made == site_data.site_files(catalogue)
    assert texts == {name: generated.content(name, catalogue) for name in generated.PAGES}


def test_a_build_that_changes_nothing_does_not_load_sphinx():
    """It is half a second of the three that such a build of all forces may take."""
    code = "import sys; from peelbook import site; site.build; print([n for n in ('sphinx', 'myst_nb', 'pandas') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_build_does_not_load_what_would_execute_a_notebook():
    code = (
        "import sys; from peelbook.site import _build; _build._load_myst_nb_without_execution(); import myst_nb.sphinx_ext\n"
        "print(sorted({'sqlalchemy', 'jupyter_cache', 'nbclient', 'myst_nb.core.execute.cache'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_command_that_ends_before_its_word_is_reported(catalogue, tmp_path):
    (tmp_path / "texts").write_text("a file where the folder should be")
    with pytest.raises(DownloadsError, match="texts"), Workers() as workers:
        worker = workers.start(site_data.__name__, site_data.work(tmp_path, tmp_path / "texts", catalogue))
        workers.wait_for(worker, "texts")


def test_a_command_that_ends_well_without_its_word_is_no_less_a_fault():
    with (
        pytest.raises(DownloadsError, match=r"without saying 'texts'.*Fix: build again"),
        Workers() as workers,
    ):
        workers.wait_for(workers.start("peelbook.site.garbage_collection", {}), "texts")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_command_that_fails_keeps_its_own_cause_and_fix(catalogue, tmp_path, jobs):
    """What is wrong with the data is not a full disk, and the other way round."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "population.csv").write_text("force_code\nE23000032\n")
    faulty = Catalogue(catalogue.data_dir, overlay=tmp_path / "own")
    with (
        pytest.raises(DownloadsError, match=r"(?s)population\.csv.*Fix: add the column") as caught,
        Workers() as workers,
    ):
        workers.start(site_data.__name__, site_data.work(tmp_path, tmp_path / "texts", faulty, jobs))
        workers.join()
    assert "disk" not in str(caught.value)


def test_a_command_that_is_killed_or_broken_is_told_as_that(tmp_path, monkeypatch):
    with pytest.raises(DownloadsError, match=r"stopped from outside \(SIGKILL\)"), Workers() as workers:
        workers.start(site_data.__name__, {}).kill()
        workers.join()
    with pytest.raises(DownloadsError, match=r"KeyError.*this is a fault of peelbook"), Workers() as workers:
        workers.start(site_data.__name__, {})
        workers.join()
    (tmp_path / "json.py").write_text("raise SystemExit('a file of the user')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DownloadsError, match="KeyError"), Workers() as workers:
        workers.start(site_data.__name__, {})
        workers.join()


def test_a_command_ends_with_the_process_that_started_it():
    with Workers() as workers:
        worker = workers.start(site_data.__name__, {"data": None})
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(60) != 0


def test_a_build_stopped_after_it_wrote_pages_does_not_pass_for_the_one_before(build, monkeypatch):
    before = files(build(sample_results(slugs=("kent",))).out_dir)
    others = sample_results(slugs=("kent",))
    others[0] = replace(others[0], notebook=others[0].notebook.replace(b"Kent", b"Thanet"))
    assert others[0] != sample_results(slugs=("kent",))[0]
    render = building.render_pages

    def stopped(*arguments):
        render(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(building, "render_pages", stopped)
        build(others)
    assert files(build(sample_results(slugs=("kent",))).out_dir) == before


def test_a_page_edited_by_hand_is_put_right_by_the_next_build(build):
    report = build(sample_results(slugs=("kent",)))
    before = files(report.out_dir)
    for name in ("forces/kent/workforce.html", "forces/kent/data.zip", "claims.csv"):
        (report.out_dir / name).write_bytes(b"by hand")
    assert files(build(sample_results(slugs=("kent",))).out_dir) == before


def test_what_is_published_stays_as_it_is_while_the_next_build_works(build, tmp_path):
    """A published page may be one file with that of the work folder: making another must not change it."""
    out = build(sample_results(slugs=("kent",))).out_dir
    before = files(out)
    for name in before:
        (tmp_path / "kept" / name).parent.mkdir(parents=True, exist_ok=True)
        os.link(out / name, tmp_path / "kept" / name)
    results = sample_results(slugs=("kent",))
    changed = [replace(item, notebook=item.notebook.replace(b"Kent", b"KENT")) for item in results]
    after = files(build(changed).out_dir)
    assert {name for name in before if after.get(name) != before[name]} >= {
        "forces/kent/workforce.html", "forces/kent/data.zip", "forces/kent/tables.ods",
    }  # fmt: skip
    assert files(tmp_path / "kept") == before


def test_pages_written_by_several_processes_are_the_same(build, tmp_path):
    results = sample_results(slugs=("kent", "metropolitan"))
    made = [
        files(build(results, tmp_path / f"out{jobs}", jobs, work_dir=tmp_path / f"work{jobs}").out_dir)
        for jobs in (1, 2)
    ]
    assert made[0] == made[1]


def test_the_book_publishes_no_maps_fonts_sources_or_unused_scripts(book_site):
    made = files(book_site)
    assert not [name for name in made if name.endswith((".map", ".ttf", ".woff", ".woff2", ".rst", ".inv"))]
    assert not [name for name in made if name.startswith("_sources/")]
    assert {name for name in made if name.startswith("_static/")} == {
        f"_static/{n}" for n in page_frame.static_files()
    }


def test_two_builds_of_the_book_are_the_same_bytes(book_site, project, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "42")
    assert files(jupyter_book(project)) == files(book_site)


def test_a_changed_notebook_is_read_again_though_its_time_is_old(project):
    html = jupyter_book(project)
    source = project / "notebooks" / "workforce.ipynb"
    source.write_bytes(sample_notebook("workforce", force="Dorset Police", charts=1))
    os.utime(source, (1, 1))  # a clock set back, or a restored cache
    jupyter_book(project)
    assert "Dorset Police" in (html / "notebooks" / "workforce.html").read_text()
    assert not (html / "notebooks/figures/workforce.rate_1.csv").exists(), "a download no page has is removed"
    assert (html / "notebooks/figures/police_powers.rate_1.csv").exists()


def test_two_figures_of_one_address_stop_a_strict_build(project):
    first = payload("police_powers.rate_0", csv="force,rate\nMet,1\n")
    made = json.loads(sample_notebook("workforce", charts=0))
    made["cells"].append(code_cell(30, "book.chart()", chart_output(first)))
    (project / "notebooks" / "workforce.ipynb").write_text(json.dumps(made))
    run = run_jupyter_book(project)
    assert run.returncode != 0
    assert "share an address" in run.stderr


def test_a_figure_of_another_version_is_reported_and_not_half_shown(project):
    made = json.loads(sample_notebook("workforce", charts=1))
    for cell in made["cells"]:
        for output in cell.get("outputs", []):
            output["metadata"].pop("peelbook", None)
    (project / "notebooks" / "workforce.ipynb").write_text(json.dumps(made))
    run = run_jupyter_book(project)
    assert run.returncode != 0
    assert "run the notebook again with this version" in run.stderr


# --- every page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["book_site", "edition_site"])
def test_pages_load_nothing_from_elsewhere_and_hold_nothing_inline(layout, request):
    for path in request.getfixturevalue(layout).rglob("*.html"):
        page = facts(path)
        assert not [address for address in page.loads if external(address)], path
        assert page.inline == [], path
        assert page.unclosed == [], path
        assert page.images_without_alt == 0
        assert len(page.ids) == len(set(page.ids)), path
        assert page.headings.count("h1") == 1, path


def test_every_page_of_the_site_has_a_strict_policy(edition_site):
    fixed = [edition_site / name for name in ("index.html", "404.html", "search.html", "book/intro.html")]
    for path in [*(edition_site / "forces" / "kent").glob("*.html"), *fixed]:
        policy = facts(path).policy
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "'unsafe-eval'" not in policy
        assert ("'wasm-unsafe-eval'" in policy) == (path.name == "search.html")
        assert "http" not in policy


def test_every_page_says_what_it_is_not_and_whose_data_it_holds(edition_site):
    for name in ("index.html", "forces/kent/workforce.html", "book/intro.html", "404.html", "search.html"):
        text = (edition_site / name).read_text()
        assert "Not an HMICFRS publication" in text
        assert "Open Government Licence v3.0" in text
        assert 'href="#main">Skip to the main content' in text


def test_no_link_inside_the_site_is_broken(edition_site):
    assert broken_links(edition_site) == []


def test_code_is_folded_after_what_it_made(edition_site):
    text = (edition_site / "forces/kent/police_powers.html").read_text()
    assert text.index('id="rate-0"') < text.index("book.chart") < text.index('id="rate-1"')
    assert '<details class="pb-code"' in text
    assert '<details class="pb-code" open' not in text


# --- the edition ---------------------------------------------------------------------------------


def test_the_switcher_leads_to_the_same_section_of_every_force(edition_site):
    links = facts(edition_site / "forces/kent/police_powers.html").links
    assert "../dorset/police_powers.html" in links
    assert "../metropolitan/police_powers.html" in links


def test_the_switcher_leads_to_the_overview_where_a_force_lacks_the_section(build, monkeypatch):
    stems = ("police_powers", "leadership_and_force_management")
    results = [
        *sample_results(slugs=("kent",), stems=stems),
        *sample_results(slugs=("dorset",), stems=("workforce",)),
    ]
    out = build(results, reference_force="kent").out_dir
    assert "../dorset/index.html" in facts(out / "forces/kent/police_powers.html").links

    def seen():
        links = facts(out / "forces/kent/index.html").links
        page = (out / "forces/kent/police_powers.html").read_text(encoding="utf-8")
        (heading,) = re.findall("<h1>([^<]*)", page)
        return heading, links.index(f"{stems[0]}.html") < links.index(f"{stems[1]}.html")

    # The same pages with the names and in the order of another cycle's reports, and back again.
    own = seen()
    monkeypatch.setenv("PEELBOOK_CYCLE", "2018-19")
    build(results, reference_force="kent")
    assert seen() == ("Fair treatment of the public", False)
    assert own[1] and own[0] != "Fair treatment of the public"
    monkeypatch.delenv("PEELBOOK_CYCLE")
    build(results, reference_force="kent")
    assert seen() == own


def test_the_front_page_leads_to_every_force(edition_site):
    links = facts(edition_site / "index.html").links
    for slug in ("metropolitan", "kent", "dorset"):
        assert links.count(f"forces/{slug}/index.html") >= 2, "once on the map, once in the list"


def test_a_failed_notebook_is_shown_and_the_others_go_on(edition_site):
    page = (edition_site / "forces/dorset/workforce.html").read_text()
    for fact in ("This page failed to build", "no such measure", "Dorset Police"):
        assert fact in page
    assert "failed to build" not in (edition_site / "forces/kent/workforce.html").read_text()


def test_other_names_of_a_force_lead_to_its_pages(edition_site):
    assert 'url=../kent/workforce.html"' in (edition_site / "forces/E23000032/workforce.html").read_text()
    assert 'url=../metropolitan/index.html"' in (edition_site / "forces/the-met/index.html").read_text()
    assert "/forces/E23000032/* /forces/kent/:splat 301" in (edition_site / "_redirects").read_text()
    assert 'url=../kent/workforce.html"' in (edition_site / "forces/kent-police/workforce.html").read_text()
    lost = (edition_site / "404.html").read_text()
    known = json.loads(unescape(re.search(r'data-aliases="([^"]*)"', lost)[1]))
    assert known["e23000032"] == known["kent-police"] == known["kent"] == "kent"
    assert known["mps"] == "metropolitan"


def test_how_to_reproduce_a_page_names_every_file_by_its_whole_hash(edition_site):
    page = (edition_site / "forces/kent/workforce.html").read_text()
    part = page[page.index('class="pb-reproduce"') :]
    record = json.loads((edition_site / "build.json").read_text())
    assert record["tables"]["workforce"] in part  # this edition has no page of data sources
    assert record["lock_sha256"] in part


def test_how_to_reproduce_a_page_leads_to_the_page_of_hashes_where_there_is_one():
    class Page:
        root = "../../"

        @staticmethod
        def url(name: str) -> str:
            return f"../../{name}.html"

    table = {"name": "police_grant", "anchor": "police-grant", "title": "Grant", "sha256": "0" * 64}
    names = {
        "page": Page,
        "tables": [table],
        "force": SimpleNamespace(slug="kent"),
        "section": SimpleNamespace(stem="workforce"),
    }
    edition = SimpleNamespace(layout="edition", lock_sha256="")
    found = render("reproduce.html", **names, edition=edition, launch="", has=lambda name: True)
    assert 'href="../../book/data_sources.html#data-police-grant"><code>police_<wbr>grant' in found
    assert table["sha256"] not in found
    alone = render("reproduce.html", **names, edition=edition, launch="", has=lambda name: False)
    assert table["sha256"] in alone and "data_sources" not in alone
    # A notebook is one for all forces in an edition; a book has its own beside its page.
    assert 'href="../../notebooks/workforce.ipynb"' in found and 'force = "kent"' in found
    edition = SimpleNamespace(layout="book", lock_sha256="")
    book = render("reproduce.html", **names, edition=edition, launch="", has=lambda name: False)
    assert 'href="workforce.ipynb"' in book and "notebooks/" not in book


def test_search_and_lost_pages_have_the_chapters_too(edition_site):
    for name in ("search.html", "404.html", "forces/index.html"):
        page = (edition_site / name).read_text()
        assert 'class="pb-menu"' in page
        assert 'id="chapters"' in page


def test_search_tells_a_forces_overview_from_its_name(edition_site):
    assert 'data-pagefind-meta="title:Overview"' in (edition_site / "forces/kent/index.html").read_text()


def test_addresses_are_canonical_and_the_page_for_missing_ones_works_at_any_depth(edition_site):
    page = (edition_site / "forces/kent/workforce.html").read_text()
    assert '<link rel="canonical" href="https://example.org/peel/forces/kent/workforce.html">' in page
    assert '<meta property="og:title"' in page
    loads = facts(edition_site / "404.html").loads
    assert loads
    assert all(address.startswith("/peel/_static/") for address in loads)


def test_the_record_of_the_build_names_what_it_was_made_of(edition_site):
    record = json.loads((edition_site / "build.json").read_text())
    assert record["run"] == "42"
    assert len(record["tables"]["stop_search"]) == 64
    assert set(record["notebooks"]) == {"metropolitan", "kent", "dorset"}
    assert record["failed"] == ["forces/dorset/workforce"]
    assert set(record["claims"]["all"]) == set(claims.VERDICTS)


def test_a_force_has_its_data_to_take_away(edition_site):
    for name in ("data.zip", "tables.ods"):
        assert (edition_site / "forces" / "kent" / name).stat().st_size > 500
    with zipfile.ZipFile(edition_site / "forces" / "kent" / "data.zip") as own:
        files = {row["file"] for row in csv.DictReader(io.StringIO(own.read("sources.csv").decode()))}
        here = {name for name in own.namelist() if name.startswith("figures/")}
    with zipfile.ZipFile(edition_site / "all-figures.zip") as shared:
        everywhere = set(shared.namelist()) - {"README.txt"}
        assert all(shared.read(name) == (edition_site / name).read_bytes() for name in everywhere)
    assert files - here <= everywhere
    assert everywhere == {
        f"forces/figures/{path.name}" for path in (edition_site / "forces/figures").glob("*.csv")
    }


def test_pages_are_light(edition_site):
    page = facts(edition_site / "forces/kent/police_powers.html")
    parts = [
        page.path,
        *((page.path.parent / a.split("?")[0]).resolve() for a in page.loads if "_static" in a),
    ]
    assert sum(len(gzip.compress(part.read_bytes())) for part in parts) < 40_000


def test_a_print_of_a_force_joins_its_pages(edition_site):
    folder = edition_site / "forces" / "kent"
    html = join(
        [(s, folder / f"{s}.html") for s in ("police_powers", "workforce")], folder, "file:///x/print.html"
    )
    assert html.count("<article") == 2
    assert 'id="police_powers--rate-0"' in html
    assert 'href="file:///x/print.html#workforce"' in html
    assert "loading=" not in html


def test_a_print_of_what_was_not_built_says_so(edition_site, tmp_path):
    with pytest.raises(PdfError, match="peelbook build --force surrey"):
        print_force(edition_site, "surrey", tmp_path / "x.pdf")


# --- built again -----------------------------------------------------------------------------------


def test_two_cold_builds_of_an_edition_are_the_same_bytes(build, tmp_path):
    first = files(build(sample_results(), work_dir=tmp_path / "w1").out_dir)
    (tmp_path / "out").rename(tmp_path / "first")
    second = files(build(sample_results(), work_dir=tmp_path / "w2").out_dir)
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_the_sites_own_files_are_begun_before_the_first_notebook_is_done(build, monkeypatch):
    order = []
    work = site_data.work

    def begun(*arguments):
        order.append("own files")
        return work(*arguments)

    def results():
        order.append("notebooks")
        yield from sample_results(slugs=("kent",))

    monkeypatch.setattr(site_data, "work", begun)
    assert build(results()).pages == 3
    assert order == ["own files", "notebooks"]


def test_only_what_changed_is_built_again(build):
    out = build(sample_results()).out_dir
    before = files(out)
    assert build(sample_results()).changed_files == 0

    results = sample_results()
    changed_source = sample_notebook("workforce", force="Kent Police").replace(b"How often.", b"Rarely.")
    results[3] = SampleResult("kent", "workforce", notebook=changed_source)
    build(results)
    after = files(out)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert {name for name in changed if name.endswith(".html")} == {"forces/kent/workforce.html"}
    assert not {name for name in changed if name.startswith("forces/metropolitan")}


def test_a_smaller_edition_leaves_nothing_of_the_larger_one(build):
    build(sample_results())
    out = build(sample_results(slugs=("metropolitan",))).out_dir
    assert not (out / "forces" / "kent").exists()
    assert "Kent" not in (out / "search.html").read_text()
    assert broken_links(out) == []


def test_a_second_build_in_the_same_folder_is_refused_and_told_by_whom(build, tmp_path):
    with (
        hold(tmp_path / "work", "build"),
        pytest.raises(LockedError, match=f"process {os.getpid()} on .* since"),
    ):
        build(sample_results(), work_dir=tmp_path / "work")


def test_a_broken_link_stops_the_build_and_leaves_the_old_site(build, project):
    out = build(sample_results()).out_dir
    before = files(out)
    (project / "book" / "coverage.md").write_text("# Coverage\n\nSee [nothing](nowhere.md).\n")
    with pytest.raises(SiteBuildError, match=r"nowhere\.md"):
        build(sample_results())
    assert files(out) == before


def test_hostile_text_in_a_notebook_stays_text_on_every_page(build):
    bad = "<script>alert(1)</script>"
    nb = json.loads(sample_notebook("workforce", force="Kent Police"))
    for cell in nb["cells"]:
        for output in cell.get("outputs", []):
            data = output["data"]
            if MIME in data:
                data[MIME] = payload(data[MIME]["id"], title=bad, alt=bad, period=bad, notes=[bad])
            elif blocks.MIME in data and data[blocks.MIME]["kind"] == blocks.NOTE:
                data |= blocks.note(bad, [bad]).bundle
    results = sample_results()
    results[3] = SampleResult("kent", "workforce", notebook=json.dumps(nb).encode())
    out = build(results).out_dir
    for path in out.rglob("*.html"):
        assert bad not in path.read_text(), path


def test_a_service_to_run_notebooks_is_linked_where_one_is_set(build, monkeypatch):
    monkeypatch.setenv("PEELBOOK_LAUNCH_URL", "https://lab.example/{force}/{section}.ipynb")
    out = build(sample_results(slugs=("kent",), stems=("workforce",)), reference_force="kent").out_dir
    page = facts(out / "forces/kent/workforce.html")
    assert "https://lab.example/kent/workforce.ipynb" in page.links
    assert not [address for address in page.loads if external(address)], "a link, never a load"


def test_a_build_of_nothing_says_so(build):
    with pytest.raises(SiteBuildError, match="no page to build"):
        build([])


def test_a_staged_page_is_the_page_that_myst_nb_makes_of_its_notebook(
    project, catalogue, tmp_path, monkeypatch
):
    """Every committed notebook, both ways: nothing that the staged form leaves out reaches a page."""
    results = [
        SampleResult("metropolitan", path.stem, notebook=path.read_bytes())
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
    ]
    assert len(results) == 10
    # What none of them has, and a user's may: another parser at work inside the page.
    other = json.loads(results[0].notebook)
    words = {"cell_type": "markdown", "id": "other", "metadata": {}}
    other["cells"].append({**words, "source": "## In other words\n\n```{eval-rst}\n*Thus* too.\n```"})
    results[0] = replace(results[0], notebook=json.dumps(other).encode())
    quick = site.build(results, tmp_path / "staged", catalogue=catalogue, jobs=1, work_dir=tmp_path / "a")
    monkeypatch.setattr(staged_page, "stage", lambda source: None)
    slow = site.build(results, tmp_path / "whole", catalogue=catalogue, jobs=1, work_dir=tmp_path / "b")
    pages = {name: content for name, content in files(quick.out_dir).items() if name.endswith(".html")}
    assert {name for name in files(slow.out_dir) if name.endswith(".html")} == set(pages)
    for name, content in pages.items():
        assert (slow.out_dir / name).read_text() == content.decode(), name
        assert "· Computed from open data" not in content.decode(), (
            "what a notebook has around a chart is on its card"
        )
    assert b"<em>Thus</em> too." in pages[f"forces/metropolitan/{results[0].section}.html"]


def test_code_that_shows_nothing_is_folded_with_that_of_the_cell_after_it(edition_site):
    page = (edition_site / "forces/kent/police_powers.html").read_text()
    first = page.index('<details class="pb-code"')
    assert page[:first].count('class="cell_output"') >= 1, "a page opens with words, not with a box of code"
    assert page.count("<summary>Code</summary>") == page.count(
        '<div class="cell">\n<div class="cell_output">'
    )


def html(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in files(folder).items() if name.endswith(".html")}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (
            {"slugs": ("kent",), "reference_force": "kent"},
            {"slugs": ("metropolitan", "kent"), "reference_force": "metropolitan"},
        ),
        (
            {"slugs": ("kent",), "reference_force": "kent"},
            {"slugs": ("kent",), "stems": ("workforce",), "reference_force": "kent"},
        ),
    ],
    ids=["another reference force", "fewer sections"],
)
def test_a_build_after_another_gives_the_pages_of_a_cold_one(project, catalogue, tmp_path, first, then):
    def make(options, out, work):
        options = dict(options)
        reference = options.pop("reference_force")
        return site.build(
            sample_results(**options),
            tmp_path / out,
            catalogue=catalogue,
            jobs=1,
            reference_force=reference,
            work_dir=tmp_path / work,
        ).out_dir

    make(first, "out", "work")
    warm = html(make(then, "out", "work"))
    assert warm == html(make(then, "cold", "cold-work"))


def test_only_a_force_whose_report_is_in_the_ledger_is_called_checked(build):
    out = build(sample_results(), reference_force="kent").out_dir
    page = (out / "forces/metropolitan/index.html").read_text()
    assert (
        '<a href="../../ledger/peel-2023-25-metropolitan.html">The report on this force is in the ledger</a>'
        in page
    )
    assert (out / "ledger/peel-2023-25-metropolitan.html").exists()
    assert "is in the ledger" not in (out / "forces/kent/index.html").read_text()
    assert "Read the report" not in (out / "index.html").read_text()


def test_the_front_page_says_for_which_reports_printed_numbers_are_entered(edition_site, catalogue):
    entered = {catalogue.forces[code].full_name for code in catalogue.table("claims")["force_code"]}
    lead = facts_of_lead((edition_site / "index.html").read_text())
    number = "one report" if len(entered) == 1 else f"{len(entered)} reports"
    assert f"for {number}: on " in lead
    assert all(name in lead for name in entered)
    assert "computes them again" not in lead


def facts_of_lead(page: str) -> str:
    """The first paragraph of the front page, as a reader sees it."""
    found = re.search(r'<p class="pb-lead">(.*?)</p>', page, flags=re.DOTALL)
    assert found is not None
    return unescape(found[1])


def test_a_folder_of_other_files_is_refused_before_anything_is_written(build, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(PublishError, match="not a site"):
        build(sample_results())
    assert files(tmp_path / "out") == {"notes.txt": b"mine"}


def test_a_full_disk_in_the_work_folder_is_one_clear_error(build, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr("peelbook.site.stage.put_file", full)
    with pytest.raises(SiteBuildError, match=r"No space left on device.*free some space"):
        build(sample_results())
