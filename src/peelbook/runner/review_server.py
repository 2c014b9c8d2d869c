"""Serves the review page of a draft ledger to this machine only, and saves what the reviewer decides.

No page elsewhere can read or send anything: requests must name this machine, and every form carries a token.
"""

from __future__ import annotations

import http.server
import secrets
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from peelbook import claims
from peelbook.catalogue import Catalogue
from peelbook.claims import draft
from peelbook.errors import PeelbookError
from peelbook.runner.errors import UsageError
from peelbook.runner.serve import LOOPBACK, Server, is_local

if TYPE_CHECKING:
    from peelbook.forces import Force

MAX_FORM = 200_000


class DraftVerdicts:
    """The verdicts that the rows of a draft would have, from tables and measures that are read once.

    To accept a row changes no verdict, so what is known of the same ledger is given again.
    """

    def __init__(self, data_dir: str = ""):
        self._catalogue = Catalogue(data_dir or None)
        self._known: tuple[str, dict[str, tuple[str, str]]] = ("", {})

    def of(self, rows: Sequence[Mapping[str, str]]) -> dict[str, tuple[str, str]]:
        """Return the verdict and its reason for each row that is not dropped, by claim_id.

        The rows are evaluated as the ledger they would make. Raises `PeelbookError` where they make none.
        """
        kept = [row for row in rows if row["decision"] != "drop"]
        if not kept:
            return {}
        text = draft.ledger_text(kept)
        if text != self._known[0]:
            found = claims.evaluate_ledger(self._catalogue, claims.of_text(text))
            checked = {
                item.claim.claim_id: (item.verdict, f"{item.computed_text} {item.reason}".strip())
                for item in found
            }
            self._known = (text, checked)
        return self._known[1]


class ReviewHandler(http.server.BaseHTTPRequestHandler):
    """Answers GET with the page, and POST with the next one after saving a row."""

    protocol_version = "HTTP/1.1"
    server_version = "peelbook"
    sys_version = ""
    timeout = 30

    def __init__(
        self,
        folder: Path,
        force: Force,
        verdicts: DraftVerdicts,
        token: str,
        lock: threading.Lock,
        *args,
        **kwargs,
    ):
        self.folder, self.force, self.verdicts, self.token, self.lock = folder, force, verdicts, token, lock
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        """Send the page."""
        address = urlsplit(self.path)
        if not is_local(self.headers.get("Host", "")):
            self._send(HTTPStatus.FORBIDDEN, "This server answers to localhost only.")
        elif address.path != "/":
            self._send(HTTPStatus.NOT_FOUND, "There is no such page.")
        else:
            show = parse_qs(address.query).get("show", ["open"])[0]
            self._send(HTTPStatus.OK, self._page(show))

    def do_POST(self) -> None:
        """Save one row and send the browser back to the page."""
        length = int(self.headers.get("Content-Length") or 0)
        if not is_local(self.headers.get("Host", "")) or not 0 < length <= MAX_FORM:
            self.close_connection = True
            self._send(HTTPStatus.FORBIDDEN, "This form cannot be taken.")
            return
        text = self.rfile.read(length).decode("utf-8", errors="replace")
        form = {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
        if not secrets.compare_digest(form.get("token", "").encode(), self.token.encode()):
            self._send(HTTPStatus.FORBIDDEN, "This form is not from this page. Open the page again.")
            return
        with self.lock:
            rows = draft.read_review(self.folder)
            number = int(form["number"]) if form.get("number", "").isdecimal() else -1
            if not 0 <= number < len(rows) or form.get("decision") not in ("", "accept", "drop"):
                self._send(HTTPStatus.BAD_REQUEST, "There is no such row or decision. Open the page again.")
                return
            rows[number] = draft.changed(rows[number], form)
            draft.save_review(self.folder, rows)
        show = form.get("show", "open")
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", f"/?show={show if show.isalpha() else 'open'}#row-{number + 1}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _page(self, show: str) -> str:
        rows, problem, verdicts = draft.read_review(self.folder), "", {}
        try:
            with self.lock:
                verdicts = self.verdicts.of(rows)
                draft.apply_review(self.folder)
        except PeelbookError as error:
            problem = str(error)
        title = f"Draft ledger of the report on {self.force.full_name}"
        return draft.review_page(title, rows, verdicts, self.token, show=show, problem=problem)

    def _send(self, status: HTTPStatus, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        kind = "text/html" if text.startswith("<!doctype") else "text/plain"
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header(
            "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
        )
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args) -> None:
        """Say nothing: what matters stands on the page."""


def make_server(folder: Path, force: Force, data_dir: str = "", port: int = 8001) -> Server:
    """Return a server of a draft's review page, bound and not yet answering. Port 0 takes a free one.

    Raises `UsageError` where the port is taken.
    """
    handler = partial(
        ReviewHandler, folder, force, DraftVerdicts(data_dir), secrets.token_urlsafe(24), threading.Lock()
    )
    try:
        return Server((LOOPBACK, port), handler)
    except (OSError, OverflowError) as error:
        raise UsageError(f"Port {port} cannot be used ({error}). Fix: choose another with --port.") from error
