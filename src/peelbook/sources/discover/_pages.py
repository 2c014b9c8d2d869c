"""What is known of the publishers' landing pages, and how a file on one is identified.

Titles are compared without case, commas and doubled spaces: publishers move them between releases. A file's
address is never compared, as its number changes with every revision.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from peelbook.sources.publication import HERE
from peelbook.sources.publication import registry as adapters
from peelbook.sources.web import FetchError, check_address

FILE = "landing_pages.toml"
KINDS = ("govuk", "ons", "arcgis", "police_uk")

TYPES = {
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}

#: The Home Office ends a file's name in the day of its release: `…-230726.ods`.
_DAY = re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{2})(?!\d)")
_FIRST_YEAR = 2005


@dataclass(frozen=True)
class LandingPage:
    """Where a publisher lists the files of one publication, and how to know them there.

    `title` and `file` are regular expressions for a whole (normalised) title or file name; either is enough. A
    group `key` in them says which part of the publication a file is (a year, say): then there is one file for
    each, otherwise one in all. `editions` chooses the releases that a collection or data set lists, `newest`
    how many of them, newest first. `types` are in order of preference.
    """

    publication: str
    kind: str
    url: str
    title: str = ""
    file: str = ""
    types: tuple[str, ...] = ("ods", "xlsx", "csv")
    editions: str = ""
    newest: int = 1
    first: str = ""  # the first key that is of use
    confidence: str = ""

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.publication}: {self.url}"

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str] | None, ...]:
        return tuple(re.compile(text) if text else None for text in (self.title, self.file))

    def matches(self, title: str, name: str) -> re.Match[str] | None:
        """Return the match of a file's title, or of its name."""
        by_title, by_name = self._patterns
        found = by_title.fullmatch(plain_title(title)) if by_title and title else None
        return found or (by_name.fullmatch(name.lower()) if by_name and name else None)


@dataclass(frozen=True)
class Listed:
    """One file that a publisher lists. `released` is `None` where nothing dates it; `form` is that of its bytes."""

    publication: str
    name: str
    url: str
    title: str
    page: str
    key: str = ""
    released: datetime.date | None = None
    bytes: int | None = None
    form: str = ""  # "" a table as published; else the module that turns an answer into one


def registry(path: Path | None = None) -> list[LandingPage]:
    """Return the landing pages in the order in which their publications are ingested.

    Raises `FetchError` for an unknown publication or kind, an address that is not a publisher's, or a pattern
    that is none.
    """
    entries = tomllib.loads((path or HERE / FILE).read_text(encoding="utf-8"))["page"]
    pages = []
    for entry in entries:
        page = LandingPage(**{**entry, "types": tuple(entry.get("types", LandingPage.types))})
        check_address(page.name, page.url)
        if page.publication not in adapters():
            raise FetchError(page.name, "no adapter has this name", f"correct {FILE}")
        if page.kind not in KINDS or not set(page.types) <= TYPES.keys():
            raise FetchError(page.name, "its kind or types are unknown", f"correct {FILE}")
        try:
            _ = page._patterns
            re.compile(page.editions)
        except re.error as error:
            raise FetchError(page.name, f"a pattern is wrong ({error})", f"correct {FILE}") from error
        pages.append(page)
    order = list(adapters())
    return sorted(pages, key=lambda page: order.index(page.publication))


def plain_title(text: str) -> str:
    """Return a title without case, commas, quotes and doubled spaces."""
    return " ".join(re.sub(r"[,‘’'\"]", " ", text).lower().split())


def file_name(url: str) -> str:
    """Return the last part of an address, as a plain file name; empty where it is none."""
    parts = urlsplit(url)
    path = parts.query.removeprefix("uri=") if parts.query.startswith("uri=") else parts.path
    name = PurePosixPath(unquote(path)).name
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}", name) else ""


def released(name: str, page_day: datetime.date | None) -> datetime.date | None:
    """Return the day of a file's release: that in its name, else that of the page that lists it."""
    for match in reversed(list(_DAY.finditer(name))):
        try:
            found = datetime.date(2000 + int(match[3]), int(match[2]), int(match[1]))
        except ValueError:
            continue
        if found.year >= _FIRST_YEAR and (page_day is None or found <= page_day):
            return found
    return page_day


def day(text: object) -> datetime.date | None:
    """Return the day of a publisher's time stamp, or `None`."""
    try:
        return datetime.date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def choose(page: LandingPage, found: Iterable[tuple[str, Listed]], titles: Iterable[str]) -> list[Listed]:
    """Return one file for each key, from pairs of a file's type and what is listed.

    Raises `FetchError` that names the files, or the titles that are there instead.
    """
    by_key: dict[str, list[tuple[str, Listed]]] = {}
    for kind, listed in found:
        if listed.key >= page.first:
            by_key.setdefault(listed.key, []).append((kind, listed))
    chosen: list[Listed] = []
    for key, pairs in by_key.items():
        best = min(page.types.index(kind) for kind, _ in pairs)
        distinct = {item.url: item for kind, item in pairs if page.types.index(kind) == best}
        dated = {item.released for item in distinct.values()}
        if len(distinct) > 1 and len(dated) == len(distinct) and None not in dated:
            # An older file left on the page beside the one that replaced it.
            distinct = dict([max(distinct.items(), key=lambda pair: str(pair[1].released))])
        if len(distinct) > 1:
            names = " and ".join(sorted(item.name for item in distinct.values()))
            raise FetchError(
                page.name,
                f"two files match{' for ' + key if key else ''}: {names}",
                f"look at the page, and make the title or file pattern in {FILE} tell them apart",
            )
        chosen += distinct.values()
    if not chosen:
        there = "; ".join(dict.fromkeys(title for title in titles if title))[:400] or "no file at all"
        raise FetchError(
            page.name,
            f"it lists no file of this publication (there: {there})",
            f"look at the page; if the title or type has changed, correct the pattern in {FILE}",
        )
    files = [listed.name for listed in chosen]
    if repeated := sorted({name for name in files if files.count(name) > 1}):
        raise FetchError(
            page.name, f"two files are called {repeated[0]}", "download them by hand and ingest them"
        )
    return chosen
