"""Lay out the sources of an edition: executed notebooks by force, generated pages, contents.

Sphinx reads only what lies in the staging folder. A file is written only when its bytes change, so that
an unchanged page is not read again.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from peelbook import formats, paths
from peelbook.catalogue import Catalogue
from peelbook.errors import PeelbookError
from peelbook.sections import all_sections, section
from peelbook.site import generated, ledger_pages, notebook, staged_page
from peelbook.site.edition import FORCES_FOLDER, LEDGER_FOLDER, MEASURES_FOLDER, PROFILES, Edition, ForceEntry
from peelbook.site.manifest import InputManifest, data_digest
from peelbook.site.publish import keep_only, put_file
from peelbook.site.templates import render
from peelbook.util.files import sha256


class Result(Protocol):
    """What the site needs of one executed notebook; the runner's `Result` is one."""

    force_slug: str
    section: str
    status: str  # "failed", or anything else for success
    notebook: bytes | None
    error: Any


@dataclass
class Staged:
    """What was staged: the page names, and per force the digest of all its notebooks."""

    pages: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    notebooks: dict[str, dict[str, Path]] = field(default_factory=dict)
    measures: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)


class Sources:
    """The sources of an edition in a folder: first its `forces`, then its `book`.

    Between the two the forces' downloads can be begun: the book's pages need texts that take longer to make.
    `staged` tells what there is so far, `changed` the names of the pages whose sources were made anew.
    """

    def __init__(self, edition: Edition, catalogue: Catalogue, folder: Path):
        self.edition, self.catalogue, self.folder = edition, catalogue, folder
        self.staged = Staged()
        self.data = data_digest(catalogue)
        self._made_of = InputManifest.of(folder)
        self._written: set[str] = set()
        self.changed: set[str] = set()

    def forces(self, results: Iterable[Result]) -> Staged:
        """Write the page of every result; one that is as it was is not even read."""
        digests: dict[str, dict[str, str]] = {}
        for result in sorted(results, key=lambda item: (item.force_slug, section(item.section).number)):
            name = self.edition.section_doc(result.force_slug, result.section)
            key = _key(result, self.edition)
            path = self._page_of(name, key)
            if path is None:
                path = _write_page(name, _source_of(result, self.edition), self.folder)
                self.changed.add(name)
            self._written.add(path.relative_to(self.folder).as_posix())
            self.staged.pages.append(name)
            if result.status == "failed":
                self.staged.failed.append(name)
            digests.setdefault(result.force_slug, {})[result.section] = key
            self.staged.notebooks.setdefault(result.force_slug, {})[result.section] = path
        for slug, keys in digests.items():
            self.staged.digests[slug] = sha256("".join(f"{stem}{keys[stem]}" for stem in keys).encode())
        return self.staged

    def book(self, texts: Path | None = None, made_from: str = "") -> Staged:
        """Write the other pages, and remove what no longer belongs into the folder.

        `texts` is the folder of what is computed for them (`peelbook.site.site_data`): what markers stand for, pages
        of measures and of reports, profiles; `made_from` says what they are made of. Without it markers are filled
        here, and there are no such pages. Where all is as it was but the words of forces' pages, nothing is written.
        """
        measures = texts / MEASURES_FOLDER if texts is not None else None
        ledger = texts / LEDGER_FOLDER if texts is not None else None
        entered = ledger_pages.contents(ledger)
        facts = _facts(self.catalogue, self.data, self._made_of, self.folder.with_name("facts.json"))
        facts["ledgers"] = {item["force_code"]: item for item in entered}
        staged = self.staged
        found = sorted(measures.glob(f"*{staged_page.SUFFIX}")) if measures is not None else []
        staged.pages += [f"{FORCES_FOLDER}/{slug}/index" for slug in staged.notebooks]
        staged.measures = [f"{MEASURES_FOLDER}/{page.stem}" for page in found]
        staged.reports = [f"{LEDGER_FOLDER}/{item['report']}" for item in entered]
        if not self._made_of.unchanged("book", self._book_key(texts, made_from), self.folder):
            self._put_overviews(facts, texts)
            for name, page in zip(staged.measures, found, strict=True):
                text = page.read_text(encoding="utf-8")
                self._put(f"{name}{staged_page.SUFFIX}", _relinked(text, self.edition, staged))
            for name in staged.reports:
                page = (ledger or Path()) / f"{name.removeprefix(f'{LEDGER_FOLDER}/')}.md"
                self._put(f"{name}.md", page.read_text(encoding="utf-8"))
            self._put_book_pages(texts)
            import yaml  # a build that changes nothing has no other need of it

            toc = yaml.safe_load((paths.project_root() / "_toc.yml").read_text(encoding="utf-8"))
            listed = contents(toc, self.edition, staged.notebooks, staged.measures, staged.reports)
            self._put("_toc.yml", yaml.safe_dump(listed, sort_keys=False, allow_unicode=True))
            keep_only(self.folder, self._written)
        self._made_of.save()
        return staged

    def _book_key(self, texts: Path | None, made_from: str) -> str:
        """All that the pages beside the forces' notebooks are made of: of those only which there are, and their period."""
        root = paths.project_root()
        own = {page.name: sha256(page) for page in [root / "_toc.yml", *_book_pages()]}
        built = {
            slug: [path.name for path in pages.values()] for slug, pages in self.staged.notebooks.items()
        }
        parts = [self.edition.to_config(), self.data, made_from, texts is not None, own, built]
        return json.dumps([*parts, sections_period(self.staged)], sort_keys=True)

    def made_of(self) -> str:
        """A hash of what all sources are made of, code among it."""
        return sha256(self._made_of.path)

    def _put(self, name: str, content: bytes | str) -> None:
        if put_file(self.folder / name, content):
            self.changed.add(name.rpartition(".")[0])
        self._written.add(name)

    def _page_of(self, name: str, key: str) -> Path | None:
        """The page that was made of this before, and is still there; else `None`."""
        same = self._made_of.unchanged(name, key)
        found = [self.folder / f"{name}{suffix}" for suffix in (staged_page.SUFFIX, ".ipynb")]
        return next((path for path in found if same and path.exists()), None)

    def _put_overviews(self, facts: Mapping[str, Any], texts: Path | None) -> None:
        """The front page, the list of forces, and the overview of each."""
        edition, staged = self.edition, self.staged
        measures = texts / MEASURES_FOLDER if texts is not None else None
        known = json.loads((texts / PROFILES).read_text(encoding="utf-8")) if texts is not None else {}
        for slug, notebooks in staged.notebooks.items():
            name = f"{FORCES_FOLDER}/{slug}/index"
            force = edition.by_slug[slug]
            profile = known.get(force.code)
            self._put(f"{name}.md", _force_page(force, notebooks, profile, facts, measures, edition))
        home = _home(edition, self.catalogue, staged, facts, measures is not None)
        self._put("index.md", _page(f"# {HOME_TITLE}", render("home_body.html", **home)))
        listed = render("forces_body.html", **_map(edition, "./"))
        self._put(f"{FORCES_FOLDER}/index.md", _page("# List of forces", listed))

    def _put_book_pages(self, texts: Path | None) -> None:
        """The pages of the book's own folder, with their markers filled."""
        for page in _book_pages():
            text = page.read_text(encoding="utf-8")
            if page.suffix == ".md":
                text = self._filled(page.stem, text, texts)
            self._put(f"book/{page.name}", _relinked(text, self.edition, self.staged))

    def _filled(self, stem: str, text: str, texts: Path | None) -> str:
        """A page of the book with its markers filled."""
        if texts is None:
            return generated.fill(text, lambda name: generated.content(name, self.catalogue))
        # Where each measure and each report has a page of its own, the pages about all of them lead there.
        index = None
        if self.staged.measures and stem == MEASURES_FOLDER:
            index = texts / MEASURES_FOLDER / "index.md"
        if self.staged.reports and f"book/{stem}" == LEDGER_INDEX:
            index = texts / LEDGER_FOLDER / ledger_pages.OVERVIEW
        return generated.fill(text, lambda name: (index or texts / f"{name}.md").read_text(encoding="utf-8"))


def _book_pages() -> list[Path]:
    """The sources in the book's own folder."""
    found = sorted((paths.project_root() / "book").iterdir())
    return [page for page in found if page.suffix in (".md", ".ipynb")]


def _write_page(name: str, source: dict[str, Any], folder: Path) -> Path:
    """Write one page's source."""
    content = staged_page.stage(source)
    path = folder / f"{name}{staged_page.SUFFIX if content is not None else '.ipynb'}"
    put_file(path, content if content is not None else json.dumps(source, ensure_ascii=False))
    return path


def in_order(stems: Iterable[str]) -> list[str]:
    """The stems of sections in the order of the site's chapters."""
    return sorted(stems, key=lambda stem: section(stem).number)


def _key(result: Result, edition: Edition) -> str:
    """A hash of what a result's page is made of."""
    if result.status == "failed":
        return sha256(f"failed {result.error!r} {edition.by_slug[result.force_slug].name}".encode())
    digest = getattr(result, "digest", "") or sha256(result.notebook or b"")
    shown = section(result.section)
    return sha256(f"{digest} {shown.title}".encode()) if shown.renamed else digest


LEDGER_INDEX = "book/reproduction_report"
"""The page about all reports of the ledger."""

HOME_TITLE = "Police performance in England and Wales, from open data"


def _source_of(result: Result, edition: Edition) -> dict[str, Any]:
    """The notebook to show for a result."""
    if result.status != "failed" and (content := result.notebook):
        # A force's pages stand one folder deeper than the committed notebooks.
        found = json.loads(content.replace(b"](../book/", b"](../../book/"))
        shown = section(result.section)
        return notebook.retitled(found, shown.title) if shown.renamed else found
    error = result.error
    facts = [
        ("Force", edition.by_slug[result.force_slug].name),
        ("Section", section(result.section).title),
        ("Cell", str(cell) if (cell := getattr(error, "cell", None)) else ""),
        ("Message", str(getattr(error, "message", None) or error or "no message")[:2000]),
    ]
    return notebook.failed(section(result.section).title, facts)


def _page(head: str, html: str) -> str:
    fence = "`" * 8
    return f"{head}\n\n{fence}{{raw}} html\n{html}\n{fence}\n"


def _force_page(
    force: ForceEntry,
    notebooks: Mapping[str, Path],
    profile: Mapping[str, Any] | None,
    facts: Mapping[str, Any],
    measures: Path | None,
    edition: Edition,
) -> str:
    """A force's overview: its profile where there is one (`peelbook.profile`), its grades and its sections."""
    graded = (facts["grades"] or {"by_force": {}})["by_force"].get(force.code, {})
    pages = {path.stem for path in measures.glob(f"*{staged_page.SUFFIX}")} if measures is not None else set()
    body = render(
        "force_body.html",
        force=force,
        entries=[(stem, section(stem).title) for stem in in_order(notebooks)],
        checked=force.code in facts["reported"],
        ledger=_ledger_of(facts, force.code, "../../"),
        profile=profile,
        built={item.slug for item in edition.forces},
        pages=pages,
        grades=[(area, graded[area]) for area in sorted(graded)],
        cycle=(facts["grades"] or {"cycle": ""})["cycle"].replace("-", "–"),
        marks=GRADE_MARKS,
        book=[stem for stem in ("measures", "coverage") if _has_page(stem)],
    )
    return _page(f"# {force.name}", body)


def _facts(catalogue: Catalogue, data: str, made_of: InputManifest, kept: Path) -> dict[str, Any]:
    """What every build's own pages say of the tables: codes of the forces whose report is in the ledger, and grades.

    Kept in a file: to read two tables takes pandas, which a build that changes one page has no other need of.
    """
    if made_of.unchanged("facts", data):
        with contextlib.suppress(OSError, ValueError):
            return json.loads(kept.read_text(encoding="utf-8"))
    from peelbook import claims

    entered = claims.reported(catalogue) if catalogue.has("claims") else ()
    facts = {"reported": sorted({item.force_code for item in entered}), "grades": latest_grades(catalogue)}
    put_file(kept, json.dumps(facts))
    return facts


def _map(edition: Edition, root: str) -> dict[str, Any]:
    """Tiles in reading order of the map, and the same forces by region in order of name."""
    regions: dict[str, list[Any]] = {}
    for force in sorted(edition.forces, key=lambda item: item.name):
        regions.setdefault(force.region or "Other areas", []).append(force)
    return {
        "root": root,
        "tiles": sorted(edition.forces, key=lambda item: (item.row, item.column)),
        "regions": sorted(regions.items()),
        "reference": edition.reference,
    }


def _home(
    edition: Edition, catalogue: Catalogue, staged: Staged, facts: Mapping[str, Any], comparing: bool
) -> dict[str, Any]:
    """What the front page shows; the report starts at the reference force's first section that was built."""
    known = {code: _ledger_of(facts, code, "") for code in facts["reported"] if code in catalogue.forces}
    in_part = {code for code, ledger in known.items() if ledger and not ledger["whole"]}
    first = [edition.section_doc(edition.reference, item.stem) for item in all_sections()]
    return {
        "report": next((f"{doc}.html" for doc in first if doc in staged.pages), ""),
        **_map(edition, f"{FORCES_FOLDER}/"),
        "edition": edition,
        "sections": [(item.stem, item.short_title) for item in all_sections()],
        "grades": grades(facts["grades"], edition),
        "vintage": vintage(catalogue),
        "period": sections_period(staged),
        "reference_force": (reference := edition.by_slug.get(edition.reference)),
        "checked": reference is not None and reference.code in facts["reported"],
        "all_forces": len(catalogue.forces),
        "reference_whole": reference is not None and reference.code not in in_part,
        "entered_whole": not in_part,
        "reports": [(catalogue.forces[code].full_name, ledger) for code, ledger in known.items()],
        "comparing": comparing,
        "compare": "book/all_forces.html" if _has_page("all_forces") else "",
    }


def _ledger_of(facts: Mapping[str, Any], code: str, root: str) -> dict[str, Any] | None:
    """The page of a force's report and its totals in words; `None` where it has no page."""
    item = facts["ledgers"].get(code)
    if item is None:
        return None
    claimed, waiting = sum(item["totals"].values()), item["not_filled"]
    return {
        "page": f"{root}{LEDGER_FOLDER}/{item['report']}.html",
        "claims": f"{claimed:,} of {claimed + waiting:,} claims entered"
        if waiting
        else f"{claimed:,} claims",
        "whole": not waiting,
        "told": item["told"],
    }


def _has_page(stem: str) -> bool:
    return any((paths.project_root() / "book" / f"{stem}{suffix}").exists() for suffix in (".md", ".ipynb"))


def vintage(catalogue: Catalogue) -> str:
    """The last day that any table of counts covers, in words; empty where the data package does not say."""
    try:
        resources = catalogue.resources.values()
    except PeelbookError:
        return ""
    # A secondary source's years are those of inspections, not of counts.
    days = [
        str(resource["coverage"]["last_day"])
        for resource in resources
        if resource.get("kind") != "secondary" and "last_day" in resource.get("coverage", {})
    ]
    return formats.date(max(days)) if days else ""


def sections_period(staged: Staged) -> str:
    """The day that most figures of the sections end on, in words: the setting that their notebooks ran with.

    One run sets it in all notebooks that have it: the first of them tells it, and the others need not be read.
    """
    for pages in staged.notebooks.values():
        for path in pages.values():
            if (period := staged_page.settings(path).get("period")) is not None:
                return formats.date(period) if period else ""
    return ""


GRADE_MARKS = {
    "Outstanding": "★",
    "Good": "●",
    "Adequate": "◐",
    "Requires improvement": "◔",
    "Inadequate": "○",
}


def latest_grades(catalogue: Catalogue) -> dict[str, Any] | None:
    """The last cycle of inspections and its grades by force and area; `None` where there is no such table."""
    try:
        table = catalogue.table("judgments")
    except PeelbookError:
        return None
    if table.empty:
        return None
    cycle = str(max(table["cycle"]))
    by_force: dict[str, dict[str, str]] = {}
    for row in table[table["cycle"] == cycle].to_dict("records"):
        by_force.setdefault(str(row["force_code"]), {})[str(row["area"])] = str(row["grade"])
    return {"cycle": cycle, "by_force": by_force}


def grades(latest: Mapping[str, Any] | None, edition: Edition) -> dict[str, Any] | None:
    """The latest grades as the front page shows them: a grid of forces by area."""
    if latest is None:
        return None
    # The areas of the book's sections, in their order: the same grid as that of all forces compared.
    stated = {area for found in latest["by_force"].values() for area in found}
    areas = [item.area for item in all_sections() if item.area in stated]
    by_force = {
        code: found for code, found in latest["by_force"].items() if not found.keys().isdisjoint(areas)
    }
    known = {force.code: force for force in edition.forces}
    lines = [
        (known[code], [by_force[code].get(area, "") for area in areas])
        for code in sorted(by_force, key=lambda item: known[item].name if item in known else "")
        if code in known
    ]
    missing = [force.short_name for force in edition.forces if force.code not in by_force]
    return {
        "cycle": latest["cycle"].replace("-", "–"),
        "areas": areas,
        "others": sorted(stated - set(areas)),
        "rows": lines,
        "missing": missing,
        "marks": GRADE_MARKS,
    }


_NOTEBOOK_LINK = re.compile(r"\((?:\.\./)?notebooks/([a-z_]+)\.ipynb((?:#[^)\s]*)?)\)")


def _relinked(text: str, edition: Edition, staged: Staged) -> str:
    """A book page with its links to the committed notebooks led to the reference force's pages."""
    pages = staged.notebooks.get(edition.reference, {})

    def lead(match: re.Match[str]) -> str:
        if match[1] in pages:
            name = edition.section_doc(edition.reference, match[1])
            return f"(../{name}{pages[match[1]].suffix}{match[2]})"
        return "(../forces/index.md)"

    return _NOTEBOOK_LINK.sub(lead, text)


def contents(
    toc: Mapping[str, Any],
    edition: Edition,
    built: Mapping[str, Iterable[str]],
    measures: Sequence[str] = (),
    reports: Sequence[str] = (),
) -> dict[str, Any]:
    """The edition's table of contents: the book's, with every force in place of its notebooks, and below the lists of
    measures and of reports the page of each."""
    below = {f"book/{MEASURES_FOLDER}": measures, LEDGER_INDEX: reports}
    forces = {
        "caption": "Forces",
        "chapters": [
            {
                "file": f"{FORCES_FOLDER}/index",
                "sections": [
                    {
                        "file": f"{FORCES_FOLDER}/{slug}/index",
                        "sections": [{"file": edition.section_doc(slug, stem)} for stem in in_order(stems)],
                    }
                    for slug, stems in built.items()
                ],
            }
        ],
    }
    parts: list[dict[str, Any]] = []
    for part in toc["parts"]:
        files = [chapter["file"] for chapter in part["chapters"]]
        if all(file.startswith("notebooks/") for file in files):
            parts.append(forces)
        else:
            chapters = [
                {**chapter, "sections": [{"file": name} for name in below[chapter["file"]]]}
                if below.get(chapter["file"])
                else chapter
                for chapter in part["chapters"]
            ]
            parts.append({**part, "chapters": chapters})
    listed = [chapter["file"] for part in parts for chapter in part["chapters"]]
    for caption, index in (("Measures", f"book/{MEASURES_FOLDER}"), ("Reports", LEDGER_INDEX)):
        if below[index] and index not in listed:
            # A book without the list has the pages all the same.
            parts.append({"caption": caption, "chapters": [{"file": name} for name in below[index]]})
    parts[0] = {**parts[0], "chapters": [{"file": toc["root"]}, *parts[0]["chapters"]]}
    return {"format": "jb-book", "root": "index", "parts": parts}
