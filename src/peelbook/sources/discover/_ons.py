"""ONS: a data set's page has its editions as JSON, each edition its file, whose name follows no rule."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

from peelbook import formats
from peelbook.sources.discover import _pages
from peelbook.sources.discover._pages import LandingPage, Listed
from peelbook.sources.web import Client, FetchError

ROOT = "https://www.ons.gov.uk"


def find(page: LandingPage, client: Client) -> list[Listed]:
    """Return the files of the newest editions whose address fits `editions`."""
    answer = client.json(page.name, f"{ROOT}{urlsplit(page.url).path}/data")
    uris = [_uri(item) for item in _list(answer, "datasets")]
    wanted = [uri for uri in uris if uri and (not page.editions or _edition(page, uri))]
    if not wanted:
        there = "; ".join(uri.rpartition("/")[2] for uri in uris if uri)[:400] or "none"
        raise FetchError(
            page.name,
            f"it lists no edition of this publication (there: {there})",
            f"look at the page; if the addresses have changed, correct `editions` in {_pages.FILE}",
        )
    # The list is newest first on every page seen, but nothing promises it.
    wanted.sort(key=_when, reverse=True)
    found: list[tuple[str, Listed]] = []
    names: list[str] = []
    for uri in wanted[: page.newest]:
        edition = client.json(page.name, f"{ROOT}{uri}/data")
        downloads = [item for item in _list(edition, "downloads") if isinstance(item, dict)]
        files = [item["file"] for item in downloads if isinstance(item.get("file"), str)]
        names += files
        description = edition.get("description") if isinstance(edition, dict) else None
        day = _pages.day(description.get("releaseDate")) if isinstance(description, dict) else None
        for file in files:
            kind = file.rpartition(".")[2].lower()
            name = _pages.file_name(f"/{file}")
            if kind in page.types and name:
                url = f"{ROOT}/file?uri={quote(f'{uri}/{file}')}"
                key = uri.rpartition("/")[2] if page.newest > 1 else ""
                found.append((kind, Listed(page.publication, name, url, name, ROOT + uri, key, day)))
    return _pages.choose(page, found, names)


def _list(answer: Any, name: str) -> list[Any]:
    value = answer.get(name) if isinstance(answer, dict) else None
    return value if isinstance(value, list) else []


def _uri(item: Any) -> str:
    uri = item.get("uri") if isinstance(item, dict) else None
    return uri if isinstance(uri, str) and re.fullmatch(r"(/[A-Za-z0-9._-]+)+", uri) else ""


def _edition(page: LandingPage, uri: str) -> bool:
    return re.fullmatch(page.editions, uri.rpartition("/")[2].lower()) is not None


def _when(uri: str) -> tuple[int, int]:
    """The year and month that an edition's address names, zero where it names none."""
    edition = uri.rpartition("/")[2].lower()
    years = re.findall(r"20\d\d", edition)
    month = next(
        (number for number, name in enumerate(formats.MONTHS, start=1) if name.lower() in edition), 0
    )
    return (int(years[0]) if years else 0, month)
