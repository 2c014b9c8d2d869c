"""Build the site of an edition from executed notebooks: stage, render, index, add downloads, publish."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import peelbook
from peelbook import paths
from peelbook.catalogue import Catalogue
from peelbook.errors import PeelbookError
from peelbook.runner.lock import hold
from peelbook.sections import all_sections
from peelbook.site import archive, downloads, feed, notebook, places, search, site_data, stage
from peelbook.site.edition import (
    FORCES_FOLDER,
    MEASURES_FOLDER,
    SITE_TITLE,
    Edition,
    base_url,
    edition_date,
    force_entry,
    lock_hash,
    slugified,
    table_hashes,
)
from peelbook.site.garbage_collection import relaxed_gc
from peelbook.site.manifest import MADE_OF, InputManifest, data_digest
from peelbook.site.publish import HardLinkGuard, keep_only, publish, put_file, target
from peelbook.site.templates import render
from peelbook.site.workers import Workers, disk_message
from peelbook.util.files import files_below, sha256


class SiteBuildError(PeelbookError):
    """Sphinx failed, or warned, while it built the site; all its messages are in the text."""


@dataclass
class Report:
    """What a build did: pages in the site, pages that failed, files changed, seconds by stage."""

    out_dir: Path
    pages: int = 0
    failed: list[str] = field(default_factory=list)
    changed_files: int = 0
    bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def build(
    results: Iterable[stage.Result],
    out_dir: Path | str,
    *,
    catalogue: Catalogue,
    jobs: int = 0,
    reference_force: str = "metropolitan",
    work_dir: Path | str | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Report:
    """Build and publish the site of all results (each with force_slug, section, status, notebook, error).

    Results may still be in the making, as a generator gives them: meanwhile the site's own files are made of the
    tables, in processes beside this one. A failed result becomes a page that says so. `work_dir` keeps what makes the next build fast (default
    `.peelbook/site` beside `out_dir`); it is safe to delete. `jobs` 0 means all processors. `provenance`
    is added to `build.json`. Addresses come from `PEELBOOK_BASE_URL`, dates from `SOURCE_DATE_EPOCH`.

    Raises `SiteBuildError`, `SearchIndexError`, `DownloadsError`, `PublishError` or `LockedError`; the site
    published before stays as it was.
    """
    out_dir = target(out_dir)
    work = Path(work_dir).absolute() if work_dir else out_dir.parent / ".peelbook" / "site"
    with hold(work, "build"), _writable(work), relaxed_gc(), contextlib.ExitStack() as stack:
        shared = HardLinkGuard(work / "shared.json")
        if shared.edited():
            _empty(work)  # what is there is not what this program made
        building = _Building(
            results,
            catalogue,
            reference_force,
            out_dir,
            work,
            jobs or os.cpu_count() or 1,
            provenance or {},
            shared,
            stack,
        )
        for step in _STEPS:
            began = time.perf_counter()
            step(building)
            building.report.seconds[step.__name__] = round(time.perf_counter() - began, 3)
    return building.report


@dataclass
class _Building:
    """One build of a site: what its steps take from each other. All but the last write to the work folder only."""

    results: Iterable[stage.Result]
    catalogue: Catalogue
    reference: str
    out_dir: Path
    work: Path
    jobs: int
    provenance: Mapping[str, Any]
    shared: HardLinkGuard
    stack: contextlib.ExitStack
    edition: Edition = field(init=False)
    sources: stage.Sources = field(init=False)
    indexing: search.Indexing = field(init=False)
    own_inputs: str = ""
    own_files_maker: subprocess.Popen[str] | None = None  # the process that makes them, where one has to

    def __post_init__(self) -> None:
        self.report = Report(self.out_dir)
        self.workers = self.stack.enter_context(Workers())
        self.own_files_made_of = InputManifest.of(self.work / EXTRA)

    def start_own_files(self) -> None:
        """Tables → texts of pages and the site's own files, in a process beside this one."""
        texts, extra = self.work / TEXTS, self.work / EXTRA
        self.own_inputs = site_data.inputs(self.catalogue)
        if not self.own_files_made_of.unchanged("own files", self.own_inputs, texts, extra):
            job = site_data.work(extra, texts, self.catalogue, self.jobs)
            self.own_files_maker = self.workers.start(site_data.__name__, job)

    def wait_for_results(self) -> None:
        """Results → the edition that they make."""
        self.results = list(self.results)
        if not self.results:
            raise SiteBuildError("There is no page to build. Fix: name a force and a section, or use --all.")
        self.edition = make_edition(self.results, self.catalogue, self.reference)

    def stage_forces(self) -> None:
        """Results → the sources of forces' pages."""
        self.sources = stage.Sources(self.edition, self.catalogue, self.work / SOURCE)
        self.sources.forces(self.results)

    def start_downloads(self) -> None:
        """Sources of forces' pages → a zip and a workbook for each, in processes beside Sphinx, which keeps one busy."""
        staged = self.sources.staged
        parts = max(1, self.jobs - 1)
        for job in downloads.work(
            self.edition,
            self.work / DOWNLOADS,
            staged.notebooks,
            staged.digests,
            parts,
        ):
            self.workers.start(downloads.__name__, job)

    def stage_book(self) -> None:
        """Texts → the sources of all other pages."""
        if self.own_files_maker is not None:
            self.workers.wait_for(self.own_files_maker, "texts")
        staged = self.sources.book(self.work / TEXTS, self.own_inputs)
        self.report.pages, self.report.failed = len(staged.pages), staged.failed
        # What Pagefind takes longest for is to read: it can read what stays as it is while the rest is made.
        self.indexing = self.stack.enter_context(search.Indexing(self.work / HTML, self.work / search.FOLDER))
        self.indexing.begin(self.sources.changed)

    def pages(self) -> None:
        """Sources → HTML."""
        html = self.work / HTML
        made_of = InputManifest.of(html)
        if not made_of.unchanged("pages", _pages_key(self.sources, self.edition), html):
            render_pages(self.work / SOURCE, html, self.work / DOCTREES, self.edition, self.jobs)
            made_of.save()

    def start_search(self) -> None:
        """HTML → the search index, by Pagefind beside this process."""
        self.indexing.start()

    def join_workers(self) -> None:
        """Wait for the downloads and the site's own files."""
        self.workers.join()

    def extras(self) -> None:
        """All that is neither page nor download: redirects, sitemap, feed, `build.json`."""
        extra = self.work / EXTRA
        shared = _shared_files(self.work / HTML)
        _write_extras(extra, self.edition, self.sources.staged, self.catalogue, self.provenance, shared)
        self.own_files_made_of.save()

    def finish_search(self) -> None:
        """Wait for the search index."""
        self.indexing.finish()

    def publish(self) -> None:
        """The work folder → the site, at once."""
        files = _collect(self.work)
        # Sphinx copies its own static files over the old ones; all others are made by `put_file` or like it.
        own = {name: path for name, path in files.items() if not name.startswith("_")}
        self.report.changed_files = publish(files, self.out_dir, own)
        about = {name: os.stat(path) for name, path in files.items()}  # noqa: PTH116
        self.shared.remember({path: about[name] for name, path in own.items()})
        self.report.bytes = sum(file.st_size for file in about.values())


_STEPS = (
    _Building.start_own_files,
    _Building.wait_for_results,
    _Building.stage_forces,
    _Building.start_downloads,
    _Building.stage_book,
    _Building.pages,
    _Building.start_search,
    _Building.join_workers,
    _Building.extras,
    _Building.finish_search,
    _Building.publish,
)
"""A build, in order. What one step starts goes on beside the next ones."""


NOTEBOOKS = "notebooks"
"""Where the site has the notebooks to download: one a section, which works for every force."""

SOURCE, TEXTS, HTML, DOCTREES, DOWNLOADS, EXTRA = "source", "texts", "html", "doctrees", "downloads", "extra"
"""Folders of the work folder that no other module names."""

_FOLDERS = (
    SOURCE,
    TEXTS,
    HTML,
    DOCTREES,
    DOWNLOADS,
    EXTRA,
    search.FOLDER,
    f"{search.FOLDER}-texts",
    MADE_OF,
)


def _empty(work: Path) -> None:
    """Remove all that earlier builds left in the work folder."""
    for name in _FOLDERS:
        if (work / name).exists():
            shutil.rmtree(work / name)


@contextlib.contextmanager
def _writable(work: Path) -> Iterator[None]:
    """Say of a full disk or a read-only folder what it is."""
    try:
        yield
    except OSError as error:
        message = disk_message(error, work)
        if message is None:
            raise
        raise SiteBuildError(message) from error


def make_edition(results: Iterable[stage.Result], catalogue: Catalogue, reference: str) -> Edition:
    """Describe the edition that these results make."""
    slugs = sorted({result.force_slug for result in results})
    return Edition(
        layout="edition",
        forces=tuple(force_entry(catalogue, slug) for slug in slugs),
        reference=catalogue.forces[reference].slug,
        tables=table_hashes(catalogue),
        base_url=base_url(),
        launch_url=os.environ.get("PEELBOOK_LAUNCH_URL", ""),
        cycle=os.environ.get("PEELBOOK_CYCLE", ""),
        date=edition_date(),
        lock_sha256=lock_hash(),
    )


def render_pages(source: Path, out: Path, doctrees: Path, edition: Edition, jobs: int) -> None:
    """Run Sphinx in this process with the book's own configuration.

    Raises `SiteBuildError` with every warning: a site with a broken link is not published.
    """
    from jupyter_book.config import get_final_config
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    config, _ = get_final_config(
        user_yaml=paths.project_root() / "_config.yml",
        cli_config={"latex_individualpages": False, "external_toc_path": "_toc.yml"},
        sourcedir=source,
    )
    if (
        config["nb_execution_mode"] == "off"
    ):  # as this book has it; a project of one's own may have Sphinx run cells
        _load_myst_nb_without_execution()
    # Their markers were filled when the pages were staged, from the catalogue of this build.
    config["extensions"] = [name for name in config["extensions"] if name != "peelbook.site.generated"]
    config["peelbook_edition"] = edition.to_config()
    # Every page links to its neighbours: another list of pages makes other pages.
    config["peelbook_contents"] = sha256(source / "_toc.yml")
    config["nitpicky"] = True
    config["peelbook_jobs"] = jobs
    out.mkdir(parents=True, exist_ok=True)
    warnings = io.StringIO()
    try:
        with patch_docutils(), docutils_namespace():
            app = Sphinx(
                srcdir=source,
                confdir=None,
                outdir=out,
                doctreedir=doctrees,
                buildername="html",
                confoverrides=config,
                status=None,
                warning=warnings,
                # Sphinx keeps one process for itself; with two processors its help costs more than it gives.
                parallel=jobs - 1 if jobs > 2 else 1,
            )
            app.build()
    except SphinxError as error:
        raise SiteBuildError(
            f"The pages could not be built: {error}\n{warnings.getvalue()}".strip()
        ) from error
    if text := _plain(warnings.getvalue()):
        raise SiteBuildError(
            f"Sphinx warned while it built the pages:\n{text}\nFix: mend each; the site there is as it was."
        )


def _load_myst_nb_without_execution() -> None:
    """Import MyST-NB without its ways to execute a notebook: they need all of SQLAlchemy, a quarter of a second."""
    package = "myst_nb.core.execute"
    if package in sys.modules:
        return
    ways = {f"{package}.{name.lower()}": f"NotebookClient{name}" for name in ("Cache", "Direct", "Inline")}
    for module, name in ways.items():
        sys.modules[module] = empty = types.ModuleType(module)
        empty.__dict__[name] = None
    try:
        importlib.import_module(package)
    finally:
        for module in ways:
            del sys.modules[module]


def _pages_key(sources: stage.Sources, edition: Edition) -> str:
    """A hash of all that the pages are made of: sources, by what these are made of, configuration, edition."""
    config = sha256(paths.project_root() / "_config.yml")
    return sha256(f"{sources.made_of()}{config}{json.dumps(edition.to_config(), sort_keys=True)}".encode())


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).strip()


def redirects(edition: Edition, catalogue: Catalogue) -> dict[str, str]:
    """Other names of forces (codes, names, aliases) as folders → the force's slug."""
    taken = set(edition.by_slug)
    found: dict[str, str] = {}
    for entry in edition.forces:
        force = catalogue.forces[entry.slug]
        for name in (force.code, *force.names):
            for folder in dict.fromkeys((name, slugified(name))):
                if re.fullmatch(r"[A-Za-z0-9-]+", folder) and folder.lower() not in taken:
                    found.setdefault(folder, entry.slug)
    # Some file systems do not tell E23000001 from e23000001: one folder each.
    unique: dict[str, str] = {}
    for folder, slug in found.items():
        if folder.lower() not in {name.lower() for name in unique}:
            unique[folder] = slug
    return unique


def _shared_files(html: Path) -> dict[str, Path]:
    """The data that charts of several forces share: address → file."""
    names = files_below(html / downloads.SHARED_FOLDER)
    return {(name := f"{downloads.SHARED_FOLDER}/{file}"): html / name for file in names}


def _notebook_to_download(path: Path) -> bytes:
    return notebook.slim(json.loads(path.read_bytes()))


def _write_extras(
    folder: Path,
    edition: Edition,
    staged: stage.Staged,
    catalogue: Catalogue,
    provenance: Mapping[str, Any],
    shared: Mapping[str, Path],
) -> None:
    """Write what is neither a page nor a force's download: redirects, sitemap, `build.json`, the zip of shared data."""
    written: set[str] = set()

    def put(name: str, content: str | bytes) -> None:
        put_file(folder / name, content)
        written.add(name)

    made_of = InputManifest.of(folder, "once")

    def put_once(name: str, made_from: str, content: Callable[[], str | bytes]) -> None:
        if made_of.unchanged(name, made_from) and (folder / name).exists():
            written.add(name)
        else:
            put(name, content())

    pages = set(staged.pages)
    rules = []
    for alias, slug in redirects(edition, catalogue).items():
        # The page for lost addresses knows every other name; these two work from a disk and without script too.
        names = ["index"]
        if alias in (edition.by_slug[slug].code, slugified(edition.by_slug[slug].name)):
            names += [item.stem for item in all_sections()]
        for name in names:
            if f"{FORCES_FOLDER}/{slug}/{name}" in pages:
                target = f"../{slug}/{name}.html"
                put(
                    f"{FORCES_FOLDER}/{alias}/{name}.html",
                    render("redirect.html", target=target, title=edition.by_slug[slug].name),
                )
        rules.append(f"/{FORCES_FOLDER}/{alias}/* /{FORCES_FOLDER}/{slug}/:splat 301")
    put("_redirects", "\n".join(rules) + "\n")
    # A shared file's name has a digest of its content.
    put_once(
        downloads.ALL_FIGURES,
        "\n".join([edition.version, edition.date, *shared]),
        lambda: downloads.figures_zip(shared, edition),
    )
    for stem in sorted({stem for built in staged.notebooks.values() for stem in built}):
        path = paths.project_root() / NOTEBOOKS / f"{stem}.ipynb"
        if not path.exists():  # its results were made elsewhere
            continue
        put_once(f"{NOTEBOOKS}/{path.name}", sha256(path), functools.partial(_notebook_to_download, path))
    put(".nojekyll", "")
    put_once(
        places.FILE,
        "\n".join([data_digest(catalogue), *(force.slug for force in edition.forces)]),
        lambda: places.content(edition, catalogue),
    )
    written |= site_data.SITE_FILES
    written |= {f"{MEASURES_FOLDER}/{name}" for name in files_below(folder / MEASURES_FOLDER)}
    written |= {f"{name}.{kind}" for name in staged.reports for kind in ("csv", "json")}
    totals = json.loads((folder / "claims.json").read_bytes())["totals"]
    record = build_record(edition, staged, {"claims": totals, **provenance})
    put("build.json", json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    if edition.base_url:
        put("sitemap.xml", sitemap(edition, staged))
        put(feed.FILE, feed.content(edition, SITE_TITLE))
        put("robots.txt", f"User-agent: *\nAllow: /\nSitemap: {edition.base_url}sitemap.xml\n")
    made_of.save()
    keep_only(folder, written)


def sitemap(edition: Edition, staged: stage.Staged) -> str:
    """The sitemap: the home page, the book's pages, every force and section that was built."""
    sources = (paths.project_root() / "book").iterdir()
    book = sorted(f"book/{path.stem}" for path in sources if path.suffix in (".md", ".ipynb"))
    names = ["index", f"{FORCES_FOLDER}/index", *book, *staged.reports, *staged.measures]
    names += ["compare"] if staged.measures else []
    names += sorted(set(staged.pages) - set(staged.failed))
    lines = [f"<url><loc>{escape(edition.base_url + name)}.html</loc></url>" for name in names]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n' + "\n".join(lines) + "\n</urlset>\n"
    )


def build_record(edition: Edition, staged: stage.Staged, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """What this site was made of: commit, lock, tables, notebooks, failures; plus what the caller adds."""
    return {
        "peelbook": peelbook.__version__,
        "commit": commit(),
        "date": edition.date,
        "lock_sha256": edition.lock_sha256,
        "tables": {name: table["sha256"] for name, table in edition.tables.items()},
        "notebooks": staged.digests,
        "failed": staged.failed,
        **provenance,
    }


def commit() -> str:
    """The commit the project stands at, from the CI's variable, git or a frozen edition's own record; or empty."""
    for variable in ("GITHUB_SHA", "CI_COMMIT_SHA"):
        if value := os.environ.get(variable):
            return value
    try:
        return archive.Source.read_record(paths.project_root())["commit"]
    except (archive.EditionError, KeyError):
        return ""


# Sphinx's own record of its configuration; it tells readers nothing.
_PRIVATE = frozenset({".buildinfo"})


def _collect(work: Path) -> dict[str, str]:
    """Every file of the site: its address → where it was made."""
    files: dict[str, str] = {}
    for folder in (HTML, DOWNLOADS, EXTRA):
        files |= {
            name: f"{work}/{folder}/{name}" for name in files_below(work / folder) if name not in _PRIVATE
        }
    index = work / search.FOLDER
    return files | {f"{search.FOLDER}/{name}": f"{index}/{name}" for name in files_below(index)}
