"""One polite client for everything that is asked of publishers: which hosts, how often, how much, how long.

Only https and only the publishers' own hosts, after every redirect too; answers that fail for a passing reason
are asked for again with growing pauses; requests to one host are spaced out, and all are counted.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from peelbook.errors import PeelbookError

SIZE_CAP = 200 * 1024**2
ANSWER_CAP = 10 * 1024**2
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
TOTAL_SECONDS = 1800.0
MOST_REDIRECTS = 5
RETRIES = 3
BACKOFF_SECONDS = 1.0
#: The longest a publisher's "Retry-After" is obeyed.
RETRY_AFTER_MOST = 60
PAUSE_SECONDS = 0.5
#: Answers that may be better the next time.
PASSING = (429, 500, 502, 503, 504)

# The publishers' hosts and their content network, each with what is under it; a redirect anywhere else is
# refused. The Open Geography Portal of ONS answers from the host of its supplier, under its own folder.
HOSTS = ("gov.uk", "police.uk")
FOLDERS = ("https://services1.arcgis.com/ESMARspQHYMw9BZ9/",)

HEADERS = {"Accept-Encoding": "identity", "User-Agent": "peelbook (official statistics reader)"}


class FetchError(PeelbookError):
    """A request was refused, broke off, or was answered by something other than it should be."""

    def __init__(self, name: str, problem: str, fix: str):
        super().__init__(f"{name}: {problem}. Fix: {fix}")
        self.name, self.problem, self.fix = name, problem, fix

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.name, self.problem, self.fix))


@dataclass(frozen=True)
class Limits:
    """How much (bytes) and how long (seconds) an answer may be, and how patiently it is asked for.

    `retries` is how often a request is asked again, `backoff` the first pause before that, which then doubles;
    `pause` is the least time between two requests to one host.
    """

    size: int = SIZE_CAP
    connect: float = CONNECT_SECONDS
    read: float = READ_SECONDS
    total: float = TOTAL_SECONDS
    retries: int = RETRIES
    backoff: float = BACKOFF_SECONDS
    pause: float = PAUSE_SECONDS


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def mirror_host(name: str, mirror: str) -> str:
    """Return host and port of a mirror's base address; it must be https, except on this machine itself.

    Raises `FetchError`, with `name` as what was asked for.
    """
    parts = urlsplit(mirror)
    host = parts.hostname or ""
    if parts.username or parts.password or not host:
        raise FetchError(name, f"{mirror!r} is no base address", "give it as https://host/folder")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise FetchError(name, f"the mirror {mirror!r} is not https", "use an https mirror")
    return parts.netloc


def check_address(name: str, url: str, only_host: str | None = None) -> None:
    """Raise `FetchError` unless an address is https and a publisher's, or on the one host allowed (a mirror)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if only_host is not None:
        good = parts.netloc == only_host and (parts.scheme == "https" or is_loopback(host))
    else:
        publisher = f".{host}".endswith(tuple(f".{known}" for known in HOSTS)) or url.startswith(FOLDERS)
        good = parts.scheme == "https" and publisher and parts.port in (None, 443)
    if not good or parts.username or parts.password:
        raise FetchError(
            name,
            f"the server sends us to {url!r}, which is not the publisher's https site",
            "download the file by hand from the publisher's page and ingest it",
        )


class Client:
    """Asks publishers, or a mirror that answers for them all as `<mirror>/<host>/<path>`.

    `requests` counts what was asked, with redirects and retries. Use it as a context, or `close` it.
    """

    def __init__(self, limits: Limits | None = None, mirror: str | None = None):
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3.util import Retry

        self.limits = limits or Limits()
        self.mirror = mirror.rstrip("/") if mirror else None
        self.only_host = mirror_host("mirror", mirror) if mirror else None
        self.requests = 0
        self._last: dict[str, float] = {}
        # Reported by one error at the end, not by a line for each attempt.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
        self._session = requests.Session()
        # Proxies of the environment are used, credentials of a .netrc are not.
        self._session.auth = lambda request: request
        retry = Retry(
            total=self.limits.retries,
            backoff_factor=self.limits.backoff,
            status_forcelist=PASSING,
            allowed_methods={"GET"},
            raise_on_status=False,
            retry_after_max=RETRY_AFTER_MOST,
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def address(self, url: str) -> str:
        """Return where a publisher's address is asked: there, or behind the mirror."""
        if self.mirror is None:
            return url
        parts = urlsplit(url)
        return f"{self.mirror}/{parts.netloc}{parts.path}{'?' + parts.query if parts.query else ''}"

    def open(self, name: str, url: str, headers: Mapping[str, str] = HEADERS) -> Any:
        """Return a streamed `requests.Response`, after redirects; close it after use.

        Raises `FetchError` for an address that may not be asked, or `requests.RequestException`.
        """
        return self._follow(name, self.address(url), headers, self.only_host)

    def open_at(self, name: str, url: str, headers: Mapping[str, str], only_host: str | None) -> Any:
        """As `open`, of an address that is already that of a mirror."""
        return self._follow(name, url, headers, only_host)

    def _follow(self, name: str, url: str, headers: Mapping[str, str], only_host: str | None) -> Any:
        for _ in range(MOST_REDIRECTS + 1):
            check_address(name, url, only_host)
            self._wait(urlsplit(url).netloc)
            self.requests += 1
            response = self._session.get(
                url,
                headers=dict(headers),
                stream=True,
                allow_redirects=False,
                timeout=(self.limits.connect, self.limits.read),
            )
            if response.raw.retries is not None:
                self.requests += len(response.raw.retries.history)
            if not response.is_redirect:
                return response
            url = urljoin(url, response.headers["location"])
            response.close()
        raise FetchError(name, f"more than {MOST_REDIRECTS} redirects", "look at the publisher's page")

    def _wait(self, host: str) -> None:
        """Keep the pause between two requests to one host."""
        left = self._last.get(host, -self.limits.pause) + self.limits.pause - time.monotonic()
        if host in self._last and left > 0:
            time.sleep(left)
        self._last[host] = time.monotonic()

    def text(self, name: str, url: str) -> str:
        """Return a page's text. Raises `FetchError` for a bad answer, one too long, or none."""
        import requests

        cap = min(ANSWER_CAP, self.limits.size)
        end = time.monotonic() + self.limits.total
        try:
            with self.open(name, url) as response:
                if response.status_code != 200:
                    raise FetchError(
                        name,
                        f"the server answered {response.status_code}{'' if url in name else f' for {url}'}",
                        "look at the page in a browser; if it has moved, correct landing_pages.toml",
                    )
                body = bytearray()
                for chunk in response.iter_content(64 * 1024):
                    body += chunk
                    if len(body) > cap:
                        raise FetchError(
                            name, f"{url} sent more than {cap:,} bytes", "look at the page in a browser"
                        )
                    if time.monotonic() > end:
                        raise FetchError(
                            name, f"{url} took over {self.limits.total:g} seconds", "try again later"
                        )
        except requests.RequestException as error:
            raise FetchError(
                name,
                f"{url} gave no whole answer ({type(error).__name__})",
                "look whether the address can be reached, then run the same command again",
            ) from error
        return body.decode("utf-8", errors="replace")

    def json(self, name: str, url: str) -> Any:
        """Return an answer parsed as JSON. Raises `FetchError`, for an answer that is none too."""
        try:
            return json.loads(self.text(name, url))
        except ValueError as error:
            raise FetchError(
                name,
                f"{url} answered with something other than JSON",
                "look at the page in a browser; its address or its form may have changed",
            ) from error
