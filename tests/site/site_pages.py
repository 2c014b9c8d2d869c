"""Reads a built site as a browser would, without one: links, loads, policies, anchors."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class PageFacts:
    """What one page loads and links to."""

    path: Path
    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    policy: str = ""
    unclosed: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    images_without_alt: int = 0


CELLS = {"td", "th"}
IMPLIED = {"td": CELLS, "th": CELLS, "tr": {*CELLS, "tr"}, "tbody": {*CELLS, "tr", "thead"}}


class _Reader(HTMLParser):
    def __init__(self, facts: PageFacts):
        super().__init__(convert_charrefs=True)
        self.facts, self.open = facts, []

    def _end_implied(self, closed):
        """HTML ends the parts of a table where the next begins, or the table ends."""
        while self.open and self.open[-1] in closed:
            self.open.pop()

    def handle_starttag(self, tag, attrs):
        self._end_implied(IMPLIED.get(tag, ()))
        found = dict(attrs)
        facts = self.facts
        if "id" in found:
            facts.ids.append(found["id"])
        for name in found:
            if name == "style" or name.startswith("on"):
                facts.inline.append(f"<{tag} {name}>")
        if tag == "a" and found.get("href"):
            facts.links.append(found["href"])
        if tag in ("script", "img", "iframe", "source") and found.get("src"):
            facts.loads.append(found["src"])
        if tag == "script" and not found.get("src"):
            facts.inline.append("<script>")
        if tag == "style":
            facts.inline.append("<style>")
        if tag == "link" and found.get("rel") in ("stylesheet", "icon", "preload", "modulepreload"):
            facts.loads.append(found["href"])
        if found.get("srcset"):
            facts.loads += [part.split()[0] for part in found["srcset"].split(",")]
        if tag == "img" and "alt" not in found:
            facts.images_without_alt += 1
        if tag == "meta" and (found.get("http-equiv") or "").lower() == "content-security-policy":
            facts.policy = found["content"]
        if re.fullmatch(r"h[1-6]", tag):
            facts.headings.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if tag == "table":
            self._end_implied(IMPLIED["tbody"] | {"tbody"})
        if not self.open or self.open[-1] != tag:
            self.facts.unclosed.append(tag)
            while self.open and self.open[-1] != tag:
                self.open.pop()
        if self.open:
            self.open.pop()


def facts(page: Path) -> PageFacts:
    """Read one page."""
    found = PageFacts(page)
    reader = _Reader(found)
    # Foreign content closes itself (<path .../>); drop it, it links nowhere.
    reader.feed(re.sub(r"<svg\b.*?</svg>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL))
    found.unclosed += reader.open
    return found


def external(address: str) -> bool:
    """Whether an address is not in the site itself."""
    return bool(urlsplit(address).scheme or address.startswith("//"))


def broken_links(site: Path) -> list[str]:
    """Every link or load inside the site that leads to no file or no anchor."""
    pages = {path.resolve(): facts(path) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        if path.name == "404.html":
            continue  # its addresses start at the site's own path
        for address in [*page.links, *page.loads]:
            if external(address):
                continue
            parts = urlsplit(address)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target = target / "index.html"
            if not target.exists():
                found.append(f"{path.relative_to(site.resolve())} → {address}")
            elif parts.fragment and target in pages and parts.fragment not in pages[target].ids:
                found.append(f"{path.relative_to(site.resolve())} → {address} (no such anchor)")
    return found
