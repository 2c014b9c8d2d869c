"""Build the site of an edition from executed notebooks: stage, render, index, add downloads, publish."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
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
from peelbook.site import archive, downloads, feed, own_files, places, search, stage
from peelbook.site.edition import (
    FORCES_FOLDER,
    LEDGER_FOLDER,
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
from peelbook.site.marks import Marks, code_digest
from peelbook.site.memory import seldom_collected
from peelbook.site.publish import Shared, keep_only, publish, put_file, target
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

    A failed result becomes a page that says so. `work_dir` keeps what makes the next build fast (default
    `.peelbook/site` beside `out_dir`); it is safe to delete. `jobs` 0 means all processors. `provenance`
    is added to `build.json`. Addresses come from `PEELBOOK_BASE_URL`, dates from `SOURCE_DATE_EPOCH`.

    Raises `SiteBuildError`, `SearchIndexError`, `DownloadsError`, `PublishError` or `LockedError`; the site
    published before stays as it was.
    """
    out_dir = target(out_dir)
    work = Path(work_dir).absolute() if work_dir else out_dir.parent / ".peelbook" / "site"
    jobs = jobs or os.cpu_count() or 1
    results = list(results)
    if not results:
        raise SiteBuildError("There is no page to build. Fix: name a force and a section, or use --all.")
    report = Report(out_dir)
    clock = _Clock(report.seconds)
    with hold(work, "build"), _writable(work):
        shared = Shared(work / "shared.json")
        if shared.edited():
            _empty(work)  # what is there is not what this program made
        edition = make_edition(results, catalogue, reference_force)
        out = work / "downloads"
        extras = work / "extra"
        extras_made_of = Marks(work / "extra-made-of.json")
        # These are made beside Sphinx, which keeps one processor busy for most of its time.
        with Workers() as workers:
            texts = work / "texts"
            maker = None
            ready = own_files.ready(extras, catalogue, extras_made_of)
            if not (ready and own_files.texts_ready(texts, extras)):
                maker = workers.start(own_files.__name__, own_files.work(extras, texts, catalogue, jobs))

            def forces_ready(staged: stage.Staged) -> None:
                parts = max(1, jobs - 1)
                for told in downloads.work(edition, out, staged.notebooks, staged.digests, parts):
                    workers.start(downloads.__name__, told)
                if maker is not None:  # the book's pages come next
                    workers.wait_for(maker, "texts")

            staged = stage.stage(
                results,
                edition,
                catalogue,
                work / "source",
                forces_ready=forces_ready,
                content=lambda name: (texts / f"{name}.md").read_text(encoding="utf-8"),
                measures=texts / MEASURES_FOLDER,
                profiles=texts / own_files.PROFILES,
                ledger=texts / LEDGER_FOLDER,
            )
            report.pages, report.failed = len(staged.pages), staged.failed
            clock("stage")
            key = _pages_key(work / "source", edition)
            if not _unchanged(work / "html", key):
                # A build that is killed must not pass for the one before it.
                _record(work / "html").unlink(missing_ok=True)
                render_pages(work / "source", work / "html", work / "doctrees", edition, jobs)
                _remember(work / "html", key)
            clock("pages")
            with search.Indexing(work / "html", work / "pagefind") as indexing:
                clock("search")  # what is left of it passes while the rest is made
                workers.join()
                clock("downloads")
                _write_extras(extras, edition, staged, catalogue, provenance or {})
                extras_made_of.save()
                clock("extras")
                files = _collect(work)
                # Sphinx copies its own static files over the old ones; all others are made by `put_file` or like it.
                own = {name: path for name, path in files.items() if not name.startswith("_")}
                index: dict[str, Path] = {}

                def finished() -> dict[str, Path]:
                    indexing.finish()
                    folder = work / "pagefind"
                    index.update({f"pagefind/{name}": folder / name for name in files_below(folder)})
                    return index

                report.changed_files = publish(files, out_dir, own, finished)
        shared.remember([*own.values(), *index.values()])
        report.bytes = sum(path.stat().st_size for path in [*files.values(), *index.values()])
        clock("publish")
    return report


_FOLDERS = (
    "source",
    "source-notebooks",
    "html",
    "doctrees",
    "pagefind",
    "pagefind-texts",
    "downloads",
    "extra",
    "texts",
)


def _empty(work: Path) -> None:
    """Remove all that earlier builds left in the work folder."""
    for name in _FOLDERS:
        for path in (work / name, *work.glob(f"{name}-made-of*")):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


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


class _Clock:
    def __init__(self, seconds: dict[str, float]):
        self.seconds, self.start = seconds, time.perf_counter()

    def __call__(self, stage_name: str) -> None:
        now = time.perf_counter()
        self.seconds[stage_name], self.start = round(now - self.start, 3), now


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
        with patch_docutils(), docutils_namespace(), seldom_collected():
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


def _pages_key(source: Path, edition: Edition) -> str:
    """A hash of all that the pages are made of: sources, configuration, edition, code."""
    tree = "".join(f"{name} {sha256(source / name)}\n" for name in files_below(source))
    config = sha256(paths.project_root() / "_config.yml")
    return sha256(f"{tree}{config}{json.dumps(edition.to_config(), sort_keys=True)}{code_digest()}".encode())


def _record(out: Path) -> Path:
    """Where it is kept what the pages in a folder were made of."""
    return out.with_name(f"{out.name}-made-of")


def _names(folder: Path) -> str:
    return sha256("\n".join(files_below(folder)).encode())


def _unchanged(out: Path, key: str) -> bool:
    """Whether the pages in a folder were made of this, and are all still there."""
    try:
        return _record(out).read_text() == f"{key} {_names(out)}"
    except FileNotFoundError:
        return False


def _remember(out: Path, key: str) -> None:
    put_file(_record(out), f"{key} {_names(out)}")


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


def _write_extras(
    folder: Path, edition: Edition, staged: stage.Staged, catalogue: Catalogue, provenance: Mapping[str, Any]
) -> None:
    """Write everything that is neither a page nor a download: redirects, sitemap, `build.json`, the lock."""
    written: set[str] = set()

    def put(name: str, content: str | bytes) -> None:
        put_file(folder / name, content)
        written.add(name)

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
    put(".nojekyll", "")
    put(places.FILE, places.content(edition, catalogue))
    written |= own_files.SITE_FILES
    written |= {f"{MEASURES_FOLDER}/{name}" for name in files_below(folder / MEASURES_FOLDER)}
    written |= {f"{name}.{kind}" for name in staged.reports for kind in ("csv", "json")}
    totals = json.loads((folder / "claims.json").read_bytes())["totals"]
    record = build_record(edition, staged, {"claims": totals, **provenance})
    put("build.json", json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    if edition.base_url:
        put("sitemap.xml", sitemap(edition, staged))
        put(feed.FILE, feed.content(edition, SITE_TITLE))
        put("robots.txt", f"User-agent: *\nAllow: /\nSitemap: {edition.base_url}sitemap.xml\n")
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


def _collect(work: Path) -> dict[str, Path]:
    """Every file of the site but those of its search index: its address → where it was made."""
    files: dict[str, Path] = {}
    for folder in ("html", "downloads", "source-notebooks", "extra"):
        root = work / folder
        files |= {name: root / name for name in files_below(root) if name not in _PRIVATE}
    return files
