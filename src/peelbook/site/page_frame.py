"""The frame of every page: head, header, chapters, contents, footer, and the links between pages.

Sphinx hands over a page's title and body; this module works out where the page stands and renders it
with templates that escape, so that no force name or title can break the page.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from markupsafe import Markup
from sphinx.application import Sphinx

from peelbook.sections import all_sections
from peelbook.site.edition import (
    FORCES_FOLDER,
    MEASURES_FOLDER,
    Edition,
    ForceEntry,
    Place,
    slugified,
)
from peelbook.site.missing_panel import ANCHOR
from peelbook.site.publication import Origin
from peelbook.site.templates import render
from peelbook.util.files import sha256

STATIC = Path(__file__).resolve().parent / "theme" / "static"

# Everything comes from the site itself; nothing inline runs. `data:` is for small pictures in the style.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'"
)
# Pagefind runs WebAssembly, on the search page alone.
SEARCH_POLICY = POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")


@dataclass(frozen=True)
class Link:
    """A link in navigation; `current` marks the page the reader is on."""

    url: str
    title: str
    current: bool = False


@dataclass(frozen=True)
class Group:
    """A captioned list of links in the chapters."""

    caption: str
    links: tuple[Link, ...]


@cache
def static_files() -> dict[str, str]:
    """Names of the published style, script and picture files, with a short hash of each."""
    return {path.name: sha256(path)[:8] for path in sorted(STATIC.iterdir()) if path.is_file()}


class Page:
    """One page being rendered: makes relative links from where it stands."""

    def __init__(self, app: Sphinx, edition: Edition, name: str):
        self.app, self.edition, self.name = app, edition, name
        self.place: Place = edition.place(name)

    @property
    def root(self) -> str:
        """The path from this page to the site's root, ending in a slash.

        It is relative, so that the site works in any folder and from a disk. The page for addresses that
        do not exist is shown at any depth and needs the site's own path.
        """
        if self.name == "404":
            return urlsplit(self.edition.base_url).path or "/"
        return "../" * self.name.count("/") or "./"

    def url(self, docname: str) -> str:
        """The relative address of another page."""
        if self.name == "404":
            return f"{self.root}{docname}.html"
        start = posixpath.dirname(self.name) or "."
        return posixpath.relpath(f"{docname}.html", start)

    def static(self, name: str) -> str:
        """The relative address of a style or script, with its hash so that caches never serve an old one."""
        return f"{self.root}_static/{name}?v={static_files()[name]}"

    def title(self, docname: str) -> str:
        """The short title of a page, as navigation prints it."""
        place = self.edition.place(docname)
        if place.section is not None:
            return place.section.short_title
        if place.kind == "force" and place.force is not None:
            return place.force.name
        return self.app.env.titles[docname].astext() if docname in self.app.env.titles else docname

    def link(self, docname: str, title: str = "") -> Link:
        """A link to another page."""
        return Link(self.url(docname), title or self.title(docname), docname == self.name)

    @cached_property
    def chapters(self) -> list[Group]:
        """The chapters: this force's sections first where the page belongs to one, then the book's parts."""
        site_map = getattr(self.app.env, "external_site_map", None)
        known = self.app.env.all_docs
        groups = []
        if self.edition.layout == "edition" and self.place.force is not None:
            slug = self.place.force.slug
            docs = [f"forces/{slug}/index", *self._section_docs(slug)]
            groups.append(
                Group(
                    self.place.force.name,
                    tuple(
                        self.link(doc, "Overview" if doc.endswith("/index") else "")
                        for doc in docs
                        if doc in known
                    ),
                )
            )
        if site_map is None:
            return groups
        root = self.app.config.root_doc
        for number, tree in enumerate(site_map.root.subtrees):
            docs = [_docname(str(item)) for item in tree.items]
            if number == 0 and self.edition.layout == "book":
                docs.insert(0, root)
            links = tuple(self.link(doc) for doc in docs if doc in known)
            if "book/all_forces" in docs and can_compare(self.app, self.edition):
                links = (self.link("compare", "Compare forces"), *links)
            if links:
                groups.append(Group(tree.caption or "", links))
        return groups

    def others(self) -> list[tuple[ForceEntry, str]]:
        """Every force with the address of the same page of its own, or of its index where it has none."""
        if self.place.force is None:
            return []
        page = self.place.section.stem if self.place.section else "index"
        found = []
        for force in sorted(self.edition.forces, key=lambda item: item.name):
            doc = f"{FORCES_FOLDER}/{force.slug}/{page}"
            if doc not in self.app.env.all_docs:
                doc = f"{FORCES_FOLDER}/{force.slug}/index"
            found.append((force, self.url(doc)))
        return found

    def _section_docs(self, slug: str) -> list[str]:
        return [self.edition.section_doc(slug, item.stem) for item in all_sections()]

    def neighbours(self) -> tuple[Link | None, Link | None]:
        """Previous and next page within this force's chapters or the book."""
        flat = [link for group in self.chapters for link in group.links]
        if self.place.force is not None and self.edition.layout == "edition":
            flat = list(self.chapters[0].links)
        here = next((number for number, link in enumerate(flat) if link.current), None)
        if here is None:
            return None, None
        return (flat[here - 1] if here else None, flat[here + 1] if here + 1 < len(flat) else None)


def _docname(item: str) -> str:
    for suffix in (".md", ".ipynb"):
        item = item.removesuffix(suffix)
    return item


def contents(doctree: nodes.document | None) -> list[tuple[str, str]]:
    """The second-level headings of a page: anchor and title."""
    if doctree is None:
        return []
    tops = [node for node in doctree.children if isinstance(node, nodes.section)]
    found = []
    for top in tops:
        for child in top.children:
            if isinstance(child, nodes.section) and child.get("ids"):
                title = next((node for node in child.children if isinstance(node, nodes.title)), None)
                if title is not None:
                    found.append((child["ids"][0], title.astext()))
    return found


def absent_contents(context: dict[str, Any]) -> list[tuple[str, str]]:
    """The panel of what is not available, where the page has one."""
    found = f'id="{ANCHOR}"' in str(context.get("body", ""))
    return [(ANCHOR, "Not available for this force")] if found else []


def description(doctree: nodes.document | None) -> str:
    """The first paragraph of a page, cut at a word near 160 characters."""
    if doctree is None:
        return ""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if len(text) > 30:
            return text if len(text) <= 160 else text[:157].rsplit(" ", 1)[0] + " …"
    return ""


COMPARE = ("compare", "embed")
"""The page to compare forces, and the same without the frame, for other sites to show."""

_TEMPLATES = {"404": "404.html", "search": "search.html", "index": "start.html"} | {
    name: f"{name}.html" for name in COMPARE
}


def about(place: Place, title: str, site_title: str) -> str:
    """What a page is, for one that has no opening words of its own."""
    if place.kind == "force" and place.force is not None:
        return (
            f"{place.force.name} at a glance: what stands out, every measure beside the other forces, grades and ten "
            "sections, from open data."
        )
    if place.kind == "home":
        return (
            "The figures of police inspection reports, computed again from open data for the forces of England and "
            "Wales, with charts, tables and data to take away."
        )
    return f"{title}: a page of {site_title}, an independent analysis of open data on policing in England and Wales."


def render_page(
    app: Sphinx, edition: Edition, name: str, context: dict[str, Any], doctree: nodes.document | None
) -> Markup:
    """Return the whole HTML of one page."""
    page = Page(app, edition, name)
    title = app.env.titles[name].astext() if name in app.env.titles else str(context.get("title", ""))
    force = page.place.force
    section = page.place.section
    full_title = " – ".join(part for part in (title, force.name if force and section else "") if part)
    template = _TEMPLATES.get(name, "page.html")
    if edition.layout == "edition" and name == "index":
        template = "page.html"
    previous, following = page.neighbours() if template == "page.html" else (None, None)
    home = app.config.root_doc
    return Markup(
        render(
            template,
            page=page,
            name=name,
            edition=edition,
            place=page.place,
            force=force,
            section=section,
            site_title=app.config.html_title,
            title=title,
            full_title=full_title
            if full_title == app.config.html_title
            else f"{full_title} · {app.config.html_title}",
            description=description(doctree) or about(page.place, title, str(app.config.html_title)),
            body=Markup(context.get("body", "")),
            contents=contents(doctree) + absent_contents(context),
            chapters=page.chapters,
            previous=previous,
            following=following,
            home=page.url(home),
            policy=SEARCH_POLICY if name == "search" else POLICY,
            menu=template != "start.html",
            stems=[item.stem for item in all_sections()],
            aliases=aliases(edition) if name == "404" else {},
            others=page.others(),
            short=section.short_title if section else "",
            section_names=[item.short_title for item in all_sections()],
            canonical=f"{edition.base_url}{name}.html" if edition.base_url else "",
            tables=section_tables(edition, page.place),
            launch=launch_link(edition, page.place),
            has=lambda doc: doc in app.env.all_docs,
            comparing=can_compare(app, edition),
        )
    )


def origin(edition: Edition, name: str, site_title: str) -> Origin:
    """Where the charts of a page stand, as they say it themselves."""
    force = edition.place(name).force
    return Origin(
        force.name if force else "",
        site_title,
        edition.version,
        edition.date,
        f"{edition.base_url}{name}.html",
    )


def can_compare(app: Sphinx, edition: Edition) -> bool:
    """Whether the site has the measures' files that the page to compare forces reads."""
    return edition.layout == "edition" and any(
        doc.startswith(f"{MEASURES_FOLDER}/") for doc in app.env.all_docs
    )


def measure_link(app: Sphinx, edition: Edition, name: str, figure_id: str) -> tuple[str, str] | None:
    """The address of the page of the measure that a chart draws, and the measure's label.

    A chart's id is that of its section and of its measure, then what else it draws. `None` where it draws several
    measures or none, and on the measure's own page.
    """
    _, _, chart = figure_id.partition(".")
    parts = chart.split("_")
    for last in range(len(parts), 0, -1):
        doc = f"{MEASURES_FOLDER}/{'_'.join(parts[:last])}"
        if doc in app.env.all_docs:
            page = Page(app, edition, name)
            return None if doc == name else (page.url(doc), page.title(doc))
    return None


def aliases(edition: Edition) -> dict[str, str]:
    """Every name of a force as addresses write it, in small letters → its folder."""
    found: dict[str, str] = {}
    for force in edition.forces:
        found |= {alias: force.slug for alias in force.aliases if alias not in edition.by_slug}
    return found | {force.slug: force.slug for force in edition.forces}


def launch_link(edition: Edition, place: Place) -> str:
    """Where this page's notebook opens to run; `{force}` and `{section}` in the setting stand for this page's."""
    known = edition.launch_url.startswith(("https://", "http://"))
    if not known or place.section is None or place.force is None:
        return ""
    return edition.launch_url.replace("{force}", place.force.slug).replace("{section}", place.section.stem)


def section_tables(edition: Edition, place: Place) -> list[dict[str, str]]:
    """The tables a section may read, with title, file and hash; for "Reproduce this page"."""
    if place.section is None:
        return []
    names = ["forces", "gaps", *place.section.tables]
    return [
        {"name": name, "anchor": slugified(name), **edition.tables[name]}
        for name in sorted(names)
        if name in edition.tables
    ]
