"""A real site served on localhost, and one run of Chromium over it that all browser tests read."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REQUIRED = os.environ.get("PEELBOOK_REQUIRE_BROWSER") == "1"

FORCES = ("metropolitan", "kent")
SECTIONS = ("overall_summary", "police_powers", "workforce", "leadership_and_force_management")


def missing(what: str) -> None:
    """Skip, or fail where the browser tests are mandatory."""
    if REQUIRED:
        pytest.fail(f"{what}, and PEELBOOK_REQUIRE_BROWSER=1 asks for the browser tests")
    pytest.skip(f"{what}: the site was not tried in a browser")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The Chromium to drive."""
    for name in (os.environ.get("PEELBOOK_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        if name and (found := shutil.which(name)):
            return found
    missing("no Chromium here")
    raise AssertionError


@pytest.fixture(scope="session")
def node(chromium) -> str:
    """Node, with the locked packages of this folder installed."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if not found or not npm:
        missing("no node here")
    if not (HERE / "node_modules" / "playwright-core").is_dir():
        run = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=HERE,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode != 0:
            missing(f"`npm ci` failed ({(run.stderr.strip().splitlines() or ['no message'])[-1]})")
    return str(found)


@pytest.fixture(scope="session")
def built(tmp_path_factory, node) -> Path:
    """A site of two forces and four sections from the committed tables, one page of it failed."""
    from peelbook import site
    from peelbook.catalogue import Catalogue
    from peelbook.runner import engine
    from peelbook.runner.results import Failure
    from peelbook.runner.workspace import Workspace

    folder = tmp_path_factory.mktemp("browser")
    workspace = replace(Workspace.default(), base=folder / ".peelbook")
    results = engine.run(FORCES, SECTIONS, workspace=workspace)
    assert [str(result.error) for result in results if result.error] == []
    failure = Failure("error", "kent", SECTIONS[-1], 7, "book.chart()", "ValueError: broken on purpose")
    results[-1] = replace(results[-1], status="failed", path=None, error=failure)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("PEELBOOK_BASE_URL", "https://example.org/peel/")
        site.build(results, folder / "site", catalogue=Catalogue(), work_dir=folder / "work")
    return folder / "site"


class Handler(SimpleHTTPRequestHandler):
    """Serves the site below /peel/ as a static host does: compressed, cacheable, with its own 404 page."""

    PACKED = (".html", ".css", ".js", ".svg", ".json", ".csv", ".txt", ".xml")

    def do_GET(self) -> None:
        name = self.path.split("?")[0].split("#")[0]
        path = Path(self.directory) / name.removeprefix("/peel/")
        if name.endswith("/"):
            path = path / "index.html"
        found = name.startswith("/peel/") and path.is_file()
        if not found:
            path = Path(self.directory) / "404.html"
        content = path.read_bytes()
        self.send_response(200 if found else 404)
        if path.suffix in self.PACKED and "gzip" in self.headers.get("Accept-Encoding", ""):
            content = gzip.compress(content)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", self.guess_type(path.name))
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format, *args) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def address(built) -> str:
    """The address of the served site."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(built)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}/peel/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def seen(node, chromium, built, address) -> dict:
    """What Chromium found, by scenario. `PEELBOOK_SCREENSHOTS` keeps the pictures it took."""
    shots = os.environ.get("PEELBOOK_SCREENSHOTS", "")
    run = subprocess.run(
        [node, str(HERE / "scenarios.mjs"), address, shots, str(built)],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
        env={**os.environ, "PEELBOOK_CHROMIUM": chromium},
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture
def scenario(seen, request) -> dict:
    """The findings of the scenario that a test is marked with."""
    found = seen[request.param]
    assert "failed" not in found, found["failed"]
    return found
