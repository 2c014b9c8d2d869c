"""The preview server: this machine only, this folder only."""

from __future__ import annotations

import http.client
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from peelbook.runner import serve
from peelbook.runner.errors import UsageError


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "_site"
    (folder / "forces" / "kent").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>home</h1>")
    (folder / "404.html").write_text("<h1>lost</h1>")
    (folder / "forces" / "kent" / "index.html").write_text("<h1>kent</h1>")
    (folder / "app.js").write_text("1")
    (folder / ".hidden").write_text("no")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.fixture
def server(site):
    running = serve.make_server(site, 0)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def get(server, target: str, method: str = "GET", host: str | None = None):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    connection.putrequest(method, target, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{server.server_address[1]}")
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def test_it_is_bound_to_the_loopback_address(server):
    assert server.server_address[0] == "127.0.0.1"


def test_pages_and_their_types(server):
    response, body = get(server, "/")
    assert (response.status, body) == (200, b"<h1>home</h1>")
    assert response.getheader("Content-Type") == "text/html; charset=utf-8"
    assert get(server, "/app.js?v=1")[0].getheader("Content-Type") == "text/javascript; charset=utf-8"
    assert get(server, "/forces/kent/")[1] == b"<h1>kent</h1>"
    assert get(server, "/", method="HEAD")[1] == b""


def test_a_folder_without_its_slash_is_sent_on(server):
    response, _ = get(server, "/forces/kent")
    assert (response.status, response.getheader("Location")) == (301, "/forces/kent/")


def test_what_is_not_there_shows_the_site_s_own_page(server):
    response, body = get(server, "/none.html")
    assert (response.status, body) == (404, b"<h1>lost</h1>")


@pytest.mark.parametrize(
    "target",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/forces/../../secret.txt",
        "//secret.txt",
        "/link.txt",
        "/.hidden",
        "/..\\secret.txt",
        "/%00",
        "/%ff",
        "/c:/secret.txt",
        "/index.html/",
        "/forces/",
        "///evil.example/",
    ],
)
def test_nothing_outside_the_site_is_served(server, target):
    response, body = get(server, target)
    assert response.status == 404
    assert b"secret" not in body.replace(b"lost", b"")
    assert response.getheader("Location") is None


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil.example"]
)
def test_a_request_that_names_another_host_is_refused(server, host):
    assert get(server, "/", host=host)[0].status == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1", "[::1]:80"])
def test_every_name_of_this_machine_is_answered(server, host):
    assert get(server, "/", host=host)[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_only_reading_is_answered(server, method):
    assert get(server, "/", method=method)[0].status == 501


def test_fifty_readers_at_once_all_get_their_page(server):
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: get(server, "/forces/kent/")[1], range(500)))
    assert set(answers) == {b"<h1>kent</h1>"}


def test_a_folder_without_a_site_and_a_taken_port_are_clear_errors(tmp_path, site, server):
    with pytest.raises(UsageError, match="no site there"):
        serve.make_server(tmp_path, 0)
    with pytest.raises(UsageError, match="--port"):
        serve.make_server(site, server.server_address[1])
