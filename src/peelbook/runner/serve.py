"""Serves a built site to this machine only, to look at it before it is published.

It answers on the loopback address, to requests that name it so, with files of the site and nothing else.
"""

from __future__ import annotations

import http.server
import ipaddress
import os
from functools import partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urlsplit

from peelbook.runner.errors import UsageError

LOOPBACK = "127.0.0.1"

# The system's own table is not asked: on Windows the registry may call a script plain text.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".ipynb": "application/x-ipynb+json",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
    ".zip": "application/zip",
}


def locate(root: Path, target: str) -> Path | None:
    """Return the file of the site that a request means, `None` where there is none.

    A path that leaves the site, by `..`, by an absolute part or by a symbolic link, means nothing.
    """
    try:
        path = unquote(urlsplit(target).path, errors="strict")
    except ValueError:
        return None
    if not path.startswith("/") or "\0" in path or "\\" in path:
        return None
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if any(part == ".." or part.startswith(".") or ":" in part for part in parts):
        return None
    root = root.resolve()
    found = root.joinpath(*parts)
    if path.endswith("/") or not parts:
        found = found / "index.html"
    try:
        resolved = found.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    return resolved if resolved.is_relative_to(root) and resolved.is_file() else None


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET and HEAD with files of one folder."""

    protocol_version = "HTTP/1.1"
    server_version = "peelbook"
    sys_version = ""
    timeout = 30

    def __init__(self, root: Path, *args, **kwargs):
        self.root = root
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        """Send a file."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Send a file's head."""
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        if not is_local(self.headers.get("Host", "")):
            # A page elsewhere can make a name of its own mean this address, and read what it must not.
            self._send(HTTPStatus.FORBIDDEN, b"This server answers to localhost only.\n", ".txt", body)
            return
        found = locate(self.root, self.path)
        if found is not None:
            self._send(HTTPStatus.OK, found.read_bytes(), found.suffix.lower(), body)
            return
        path = urlsplit(self.path).path
        if not path.startswith("//") and locate(self.root, path + "/") is not None:
            self.send_response(HTTPStatus.MOVED_PERMANENTLY)
            self.send_header("Location", path + "/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        page = self.root / "404.html"
        if page.is_file():
            self._send(HTTPStatus.NOT_FOUND, page.read_bytes(), ".html", body)
        else:
            self._send(HTTPStatus.NOT_FOUND, b"There is no such page.\n", ".txt", body)

    def _send(self, status: HTTPStatus, content: bytes, suffix: str, body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", TYPES.get(suffix, "application/octet-stream"))
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, format: str, *args) -> None:
        """Say nothing; a browser's console shows more."""


def is_local(host: str) -> bool:
    """Whether a Host header names this machine by a loopback name or address."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Server(http.server.ThreadingHTTPServer):
    """A server with room for a crowd to wait."""

    daemon_threads = True
    request_queue_size = 256
    # On Windows a second server could share the port of the first.
    allow_reuse_address = os.name != "nt"


def make_server(root: Path, port: int = 8000) -> Server:
    """Return a server for a built site, bound and not yet answering. Port 0 takes a free one.

    Raises `UsageError` where the folder holds no site or the port is taken.
    """
    root = Path(root)
    if not (root / "index.html").is_file():
        raise UsageError(f"{root}: no site there. Fix: run `peelbook build --all` first, or name its folder.")
    try:
        return Server((LOOPBACK, port), partial(Handler, root))
    except (OSError, OverflowError) as error:
        raise UsageError(f"Port {port} cannot be used ({error}). Fix: choose another with --port.") from error


def address(server: Server) -> str:
    """Return the URL of a server."""
    host, port = server.server_address[:2]
    return f"http://{host if isinstance(host, str) else LOOPBACK}:{port}/"
