"""Downloads: only https, only the publisher, never more than asked for, and whole or not at all."""

from __future__ import annotations

import hashlib
import http.server
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from publishers import running

from peelbook.errors import SourceFileError
from peelbook.sources import fetch as fetching
from peelbook.sources import web
from peelbook.sources.fetch import Download, FetchError, Limits, address, choose, registry
from peelbook.sources.publication import registry as adapters

BODY = b"force,count\n" + b"".join(b"Kent,%d\n" % number for number in range(40_000))
NAME = "table.csv"


class Server(http.server.ThreadingHTTPServer):
    """A mirror on this machine that can be told to misbehave."""

    daemon_threads = True
    body = BODY
    etag: str | None = '"v1"'
    status = 200
    cut: int | None = None
    redirect: str | None = None
    packed = False
    endless = False
    slow = False
    ranges = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None]] = []


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args):
        pass

    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.asked.append((self.path, wanted))
        if server.redirect:
            self.send_response(302)
            self.send_header("Location", server.redirect)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        if wanted and server.ranges and self.headers.get("If-Range") == server.etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        part = server.body[start:]
        self.send_response(206 if start else server.status)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(server.body) - 1}/{len(server.body)}")
        if server.etag:
            self.send_header("ETag", server.etag)
        if server.packed:
            self.send_header("Content-Encoding", "gzip")
        if not server.endless:
            self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        try:
            if server.endless:
                while True:
                    self.wfile.write(b"0" * 65536)
            if server.slow:
                for place in range(0, len(part), 2000):
                    self.wfile.write(part[place : place + 2000])
                    server.stopping.wait(0.05)
                return
            self.wfile.write(part if server.cut is None else part[: server.cut])
        except OSError:
            pass
        self.close_connection = True


@pytest.fixture
def server():
    server = Server()
    server.stopping = threading.Event()
    with running(server):
        yield server


@pytest.fixture
def mirror(server):
    return f"http://127.0.0.1:{server.server_port}/files"


@pytest.fixture
def download():
    url = "https://assets.publishing.service.gov.uk/media/1/table.csv"
    return Download(NAME, "recorded_crime", "Test", url, hashlib.sha256(BODY).hexdigest(), len(BODY))


def fetch(download, folder, *, limits=None, **more):
    """Fetch at once: no second attempt and no pause, unless a test asks for them."""
    limits = replace(limits or Limits(), retries=0, pause=0.0)
    return fetching.fetch(download, folder, limits=limits, **more)


def holds(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_from_the_mirror_under_its_name_and_is_checked(server, mirror, download, tmp_path):
    path, new = fetch(download, tmp_path, mirror=mirror)
    assert new
    assert path.read_bytes() == BODY
    assert server.asked == [("/files/table.csv", None)]
    assert holds(tmp_path) == [NAME]


def test_a_file_that_is_there_and_right_is_not_fetched_again(server, mirror, download, tmp_path):
    fetch(download, tmp_path, mirror=mirror)
    assert fetch(download, tmp_path, mirror=mirror) == (tmp_path / NAME, False)
    assert len(server.asked) == 1


def test_a_file_that_is_there_and_wrong_is_replaced(mirror, download, tmp_path):
    (tmp_path / NAME).write_bytes(b"old")
    assert fetch(download, tmp_path, mirror=mirror)[1] is True
    assert (tmp_path / NAME).read_bytes() == BODY


def test_a_file_without_a_recorded_hash_is_kept_as_it_came(server, mirror, download, tmp_path):
    unknown = replace(download, sha256=None)
    assert fetch(unknown, tmp_path, mirror=mirror)[1] is True
    assert fetch(unknown, tmp_path, mirror=mirror)[1] is False


def test_other_bytes_than_recorded_are_refused_and_not_kept(server, mirror, download, tmp_path):
    server.body = BODY + b"Surrey,1\n"
    with pytest.raises(FetchError, match="SHA-256 is not the one on record"):
        fetch(download, tmp_path, mirror=mirror)
    assert holds(tmp_path) == []


def test_a_broken_download_goes_on_where_it_stopped(server, mirror, download, tmp_path):
    server.cut = 100_000
    with pytest.raises(FetchError, match="goes on from where it stopped"):
        fetch(download, tmp_path, mirror=mirror)
    assert NAME not in holds(tmp_path)
    have = (tmp_path / f"{NAME}.part").stat().st_size
    assert 0 < have <= 100_000
    server.cut = None
    assert fetch(download, tmp_path, mirror=mirror)[1] is True
    assert (tmp_path / NAME).read_bytes() == BODY
    assert server.asked[-1] == ("/files/table.csv", f"bytes={have}-")
    assert holds(tmp_path) == [NAME]


def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(server, mirror, download, tmp_path):
    server.cut = 100_000
    with pytest.raises(FetchError):
        fetch(download, tmp_path, mirror=mirror)
    server.cut, server.etag = None, '"v2"'
    server.body = BODY[::-1]
    newer = replace(download, sha256=hashlib.sha256(server.body).hexdigest())
    fetch(newer, tmp_path, mirror=mirror)
    assert (tmp_path / NAME).read_bytes() == server.body


def test_without_a_validator_a_broken_download_starts_again(server, mirror, download, tmp_path):
    server.etag, server.cut = None, 100_000
    with pytest.raises(FetchError):
        fetch(download, tmp_path, mirror=mirror)
    server.cut = None
    fetch(download, tmp_path, mirror=mirror)
    assert server.asked[-1][1] is None
    assert (tmp_path / NAME).read_bytes() == BODY


def test_the_size_cap_holds_whether_the_server_says_the_size_or_not(server, mirror, download, tmp_path):
    limits = Limits(size=50_000)
    with pytest.raises(FetchError, match="larger than the cap"):
        fetch(download, tmp_path, mirror=mirror, limits=limits)
    server.endless = True
    with pytest.raises(FetchError, match="larger than the cap"):
        fetch(download, tmp_path, mirror=mirror, limits=limits)
    assert holds(tmp_path) == []


def test_a_server_that_drips_is_left_after_the_time_limit(server, mirror, download, tmp_path):
    server.slow = True
    with pytest.raises(FetchError, match="not done after"):
        fetch(download, tmp_path, mirror=mirror, limits=Limits(total=0.2))


def test_a_server_that_is_not_there_is_one_clear_error(mirror, download, tmp_path, server):
    server.shutdown()
    server.server_close()
    with pytest.raises(FetchError, match="broke off"):
        fetch(download, tmp_path, mirror=mirror, limits=Limits(connect=1))


@pytest.mark.parametrize("status", [404, 403, 500])
def test_an_error_page_is_never_taken_for_the_file(server, mirror, download, tmp_path, status):
    server.status = status
    with pytest.raises(FetchError, match=f"the server answered {status}"):
        fetch(download, tmp_path, mirror=mirror)
    assert holds(tmp_path) == []


def test_a_log_in_page_with_status_200_is_refused(server, mirror, download, tmp_path):
    server.body = b"<!doctype html><title>Sign in</title>"
    with pytest.raises(SourceFileError, match="web page"):
        fetch(replace(download, sha256=None), tmp_path, mirror=mirror)
    assert holds(tmp_path) == []


def test_packed_content_is_refused(server, mirror, download, tmp_path):
    server.packed = True
    with pytest.raises(FetchError, match="packed"):
        fetch(download, tmp_path, mirror=mirror)


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest", "https://evil.example/x", "file:///etc/passwd", "//evil.example/x"],
)
def test_a_redirect_to_anywhere_else_is_refused(server, mirror, download, tmp_path, target):
    server.redirect = target
    with pytest.raises(FetchError, match="not the publisher's https site"):
        fetch(download, tmp_path, mirror=mirror)
    assert len(server.asked) == 1


def test_a_redirect_within_the_mirror_is_followed_but_not_for_ever(server, mirror, download, tmp_path):
    server.redirect = "/files/again.csv"
    with pytest.raises(FetchError, match="redirects"):
        fetch(download, tmp_path, mirror=mirror)
    assert len(server.asked) == web.MOST_REDIRECTS + 1


@pytest.mark.parametrize(
    "url",
    [
        "http://www.gov.uk/x",
        "https://www.gov.uk.evil.example/x",
        "https://notgov.uk/x",
        "https://evilpolice.uk/x",
        "https://police.uk.example/x",
        "https://user:password@www.gov.uk/x",
        "https://www.gov.uk:8443/x",
        "ftp://www.gov.uk/x",
    ],
)
def test_only_the_publishers_https_sites_are_asked(download, url):
    with pytest.raises(FetchError):
        web.check_address(download.name, url)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.ons.gov.uk/file?uri=/x.xlsx",
        "https://data.police.uk/data/",
        "https://police.uk/x",
        "https://www.gov.uk:443/x",
    ],
)
def test_publishers_sites_are_allowed(download, url):
    web.check_address(download.name, url)


@pytest.mark.parametrize(
    "base",
    [
        "http://mirror.example/",
        "ftp://127.0.0.1/",
        "file:///srv",
        "http://10.0.0.1/",
        "https://u:p@mirror.example",
        "",
    ],
)
def test_a_mirror_is_https_or_on_this_machine(download, base):
    with pytest.raises(FetchError):
        address(download, base)


def test_a_mirror_may_be_https_elsewhere_or_http_here(download):
    assert address(download, "https://mirror.example/base/")[0] == "https://mirror.example/base/table.csv"
    for here in ("http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"):
        assert address(download, here)[0] == f"{here}/table.csv"


def test_every_registered_download_is_an_https_address_of_a_publisher_that_an_adapter_reads():
    for download in registry():
        web.check_address(download.name, download.url)
        assert download.publication in adapters()
        assert download.covers
    assert len({download.name for download in registry()}) == len(registry())
    assert sum(download.sha256 is not None for download in registry()) >= 11


@pytest.mark.parametrize(
    "entry",
    [
        'name = "../x.csv"\nurl = "https://www.gov.uk/x"',
        'name = "x.csv"\nurl = "http://www.gov.uk/x"',
        'name = "x.csv"\nurl = "https://www.gov.uk/x"\nsha256 = "abc"',
    ],
)
def test_a_registry_entry_that_could_do_harm_is_refused(tmp_path, entry):
    path = tmp_path / "downloads.toml"
    path.write_text(f'[[file]]\npublication = "charges"\ncovers = "x"\n{entry}\n')
    with pytest.raises(FetchError):
        registry(path)


def test_downloads_are_chosen_by_publication_or_file_name():
    assert {download.publication for download in choose(["outcomes"])} == {"outcomes"}
    assert [download.name for download in choose(["pfatableyemar231.xlsx"])] == ["pfatableyemar231.xlsx"]
    assert choose([]) == registry()
    with pytest.raises(FetchError, match="recorded_crime"):
        choose(["crime"])
