"""GOV.UK: the Content API gives a page as JSON, with its attachments, or the releases of a collection.

Its reference is https://content-api.publishing.service.gov.uk/. A file has a title, a type, a size and an
address, but no day: the day stands in its name, or is the page's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from peelbook.sources.discover import _pages
from peelbook.sources.discover._pages import TYPES, LandingPage, Listed
from peelbook.sources.web import Client, FetchError

ROOT = "https://www.gov.uk"


def find(page: LandingPage, client: Client) -> list[Listed]:
    """Return the files of a publication, statistical data set or collection."""
    answer = _content(page, client, urlsplit(page.url).path)
    answers = [answer]
    if page.editions:
        answers = [_content(page, client, path) for path in _editions(page, answer)]
    found: list[tuple[str, Listed]] = []
    titles: list[str] = []
    for each in answers:
        there = list(_attachments(each))
        titles += [item.get("title") or item.get("filename") or "" for item in there]
        found += _matching(page, each, there)
    return _pages.choose(page, found, titles)


def _content(page: LandingPage, client: Client, path: str) -> dict[str, Any]:
    answer = client.json(page.name, f"{ROOT}/api/content{path}")
    if not isinstance(answer, dict) or not isinstance(answer.get("details", {}), dict):
        raise FetchError(page.name, "the answer is not that of the Content API", "look at the page's address")
    return answer


def _editions(page: LandingPage, answer: dict[str, Any]) -> list[str]:
    """Return the paths of the newest releases that a collection lists."""
    documents = (answer.get("links") or {}).get("documents") or []
    pattern = re.compile(page.editions)
    dated = []
    for document in documents:
        title, path = _text(document, "title"), _text(document, "base_path")
        if match := pattern.fullmatch(_pages.plain_title(title)):
            key = match.groupdict().get("key") or _text(document, "public_updated_at")
            dated.append((key, path))
    if not dated:
        there = "; ".join(_text(document, "title") for document in documents)[:400] or "nothing"
        raise FetchError(
            page.name,
            f"the collection lists no release of this publication (there: {there})",
            f"look at the page; if the titles have changed, correct `editions` in {_pages.FILE}",
        )
    return [path for _, path in sorted(dated, reverse=True)[: page.newest]]


def _text(item: Any, name: str) -> str:
    value = item.get(name) if isinstance(item, dict) else None
    return value if isinstance(value, str) else ""


def _attachments(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The files of a page: those listed as data, or on old pages those linked in its HTML."""
    details = answer.get("details") or {}
    listed = details.get("attachments")
    if isinstance(listed, list) and listed:
        yield from (item for item in listed if isinstance(item, dict))
        return
    for part in details.get("documents") or []:
        if isinstance(part, str):
            yield from links(part)


def _matching(
    page: LandingPage, answer: dict[str, Any], attachments: list[dict[str, Any]]
) -> Iterator[tuple[str, Listed]]:
    day = _pages.day(answer.get("public_updated_at"))
    address = ROOT + (_text(answer, "base_path") or urlsplit(page.url).path)
    for item in attachments:
        url = _text(item, "url")
        if item.get("attachment_type") == "html" or not url:
            continue
        url = urljoin(ROOT, url)
        name = _text(item, "filename") or _pages.file_name(url)
        match = page.matches(_text(item, "title"), name)
        kind = _type(item, name)
        if match is None or kind not in page.types or _pages.file_name(url) == "":
            continue
        size = item.get("file_size")
        yield (
            kind,
            Listed(
                page.publication,
                _pages.file_name(url),
                url,
                _text(item, "title") or name,
                address,
                match.groupdict().get("key") or "",
                _pages.released(name, day),
                size if isinstance(size, int) and size > 0 else None,
            ),
        )


def _type(item: dict[str, Any], name: str) -> str:
    """The type that a file says it is, else that of its name's ending."""
    said = _text(item, "content_type").split(";")[0].strip().lower()
    by_type = {content: kind for kind, content in TYPES.items()}
    return by_type.get(said, "" if said else name.rpartition(".")[2].lower())


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []
        self._open = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "a" and (href := dict(attributes).get("href")):
            self.found.append({"url": href, "title": ""})
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.found[-1]["title"] += data


def links(html: str) -> list[dict[str, Any]]:
    """Return the links of a piece of HTML as `url` and `title`, in order; two to one file with a title become one."""
    parser = _Links()
    parser.feed(html)
    by_url: dict[str, dict[str, Any]] = {}
    for item in parser.found:
        item["title"] = " ".join(item["title"].split())
        known = by_url.setdefault(item["url"], item)
        if len(item["title"]) > len(known["title"]):
            known["title"] = item["title"]
    return list(by_url.values())
