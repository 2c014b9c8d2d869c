"""A server on this machine that plays GOV.UK, ONS, police.uk and ArcGIS, and can be told to misbehave.

Every answer is made by hand to the publishers' documented shape (the Content API's reference; the addresses
`/data` and `/file?uri=` of ONS; the documentation of data.police.uk; the query answer of ArcGIS). None is a
recorded answer, and every figure, number in an address and day in them is made up.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

ODS = "application/vnd.oasis.opendocument.spreadsheet"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OPEN_DATA = "/government/statistical-data-sets/police-recorded-crime-and-outcomes-open-data-tables"


@contextmanager
def running(server: Any) -> Iterator[Any]:
    """Run a server of a test in a thread; afterwards tell its slow answers by `stopping` to end, and wait for it."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.stopping.set()
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Answer:
    """What one address answers, and how badly."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fail_first: int = 0  # so many requests are answered 503 before
    cut_first: int = 0  # so many answers break off half-way
    drip: float = 0.0  # seconds between two kilobytes
    endless: bool = False


class Handler(http.server.BaseHTTPRequestHandler):
    server: Publishers

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        address = self.path.removeprefix("/")
        self.server.asked.append(address)
        answer = self.server.answers.get(address, Answer(b"not found", 404))
        if answer.fail_first:
            answer.fail_first -= 1
            answer = Answer(b"busy", 503)
        body, start = answer.body, 0
        wanted = self.headers.get("Range")
        if wanted and self.headers.get("If-Range") == '"fixed"':
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if start else answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("ETag", '"fixed"')
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if not answer.endless:
            self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        part = body[start:]
        if answer.cut_first:
            answer.cut_first -= 1
            part = part[: len(part) // 2]
        try:
            while answer.endless:
                self.wfile.write(b"0" * 65536)
            for place in range(0, len(part), 1024 if answer.drip else max(len(part), 1)):
                self.wfile.write(part[place : place + 1024] if answer.drip else part)
                if answer.drip:
                    self.server.stopping.wait(answer.drip)
        except OSError:
            pass
        self.close_connection = True


class Publishers(http.server.ThreadingHTTPServer):
    """`answers` by `host/path?query`; `asked` is what was asked, in order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.stopping = threading.Event()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def put(self, url: str, body: bytes | str | dict | list, **how: Any) -> Answer:
        """Let an address of a publisher answer with bytes, text or JSON."""
        parts = urlsplit(url)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        payload = body.encode() if isinstance(body, str) else body
        name = parts.netloc + parts.path + (f"?{parts.query}" if parts.query else "")
        self.answers[name] = Answer(payload, **how)
        return self.answers[name]

    def page(self, path: str, attachments: list[dict], *, updated: str = "2031-07-23", **more: Any) -> None:
        """A page of the Content API with attachments."""
        self.put(
            f"https://www.gov.uk/api/content{path}",
            {
                "base_path": path,
                "document_type": "statistical_data_set",
                "title": "A heading that changes",
                "public_updated_at": f"{updated}T09:30:00+01:00",
                "details": {"attachments": attachments, **more},
                "links": {},
            },
        )

    def collection(self, path: str, documents: list[tuple[str, str]]) -> None:
        """A collection of the Content API: pairs of title and path."""
        self.put(
            f"https://www.gov.uk/api/content{path}",
            {
                "base_path": path,
                "document_type": "document_collection",
                "title": "A collection",
                "details": {"collection_groups": []},
                "links": {
                    "documents": [
                        {
                            "title": title,
                            "base_path": to,
                            "api_url": f"https://www.gov.uk/api/content{to}",
                        }
                        for title, to in documents
                    ]
                },
            },
        )

    def media(self, name: str, body: bytes, number: str = "0a1b2c", **how: Any) -> str:
        """A file on GOV.UK's content network; returns its address."""
        url = f"https://assets.publishing.service.gov.uk/media/{number}/{name}"
        self.put(url, body, **how)
        return url

    def ons(self, dataset: str, editions: dict[str, dict[str, bytes]], day: str = "2031-07-24") -> None:
        """A data set of ONS: files by edition, in the order in which the page lists them."""
        self.put(
            f"https://www.ons.gov.uk{dataset}/data",
            {"type": "dataset_landing_page", "datasets": [{"uri": f"{dataset}/{name}"} for name in editions]},
        )
        for name, held in editions.items():
            self.put(
                f"https://www.ons.gov.uk{dataset}/{name}/data",
                {
                    "type": "dataset",
                    "description": {"releaseDate": f"{day}T08:30:00.000Z"},
                    "downloads": [{"file": file} for file in held],
                },
            )
            for file, body in held.items():
                self.put(f"https://www.ons.gov.uk/file?uri={dataset}/{name}/{file}", body)


def attachment(url: str, title: str | None, kind: str = ODS, **more: Any) -> dict:
    """A file in `details.attachments`."""
    item = {
        "attachment_type": "file",
        "content_type": kind,
        "id": url.rsplit("/", 2)[1],
        "url": url,
        "filename": url.rsplit("/", 1)[1],
        **more,
    }
    return item if title is None else {**item, "title": title}
