"""Downloads official files from their publishers, or from a mirror, and trusts nothing on the way.

Only https, only the publishers' own hosts even after redirects, a size cap, time limits, and the
SHA-256 wherever one is known; a broken download is resumed, never half-used.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import time
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from peelbook.errors import SourceFileError
from peelbook.sources.publication import HERE
from peelbook.sources.reading import SourceFile
from peelbook.sources.web import HEADERS, Client, FetchError, Limits, mirror_host
from peelbook.util.files import sha256 as hash_of

#: Called with the bytes received, and the total where the server states it.
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Download:
    """One official file that can be fetched.

    `released` is the day of its release as `YYYY-MM-DD`, `confidence` how sure its address is.
    """

    name: str
    publication: str
    covers: str
    url: str
    sha256: str | None = None
    bytes: int | None = None
    released: str = ""
    confidence: str = ""


@lru_cache(maxsize=4)
def _parsed(text: str) -> dict[str, Any]:
    """The list of files; the page of data sources asks for it twice for each table."""
    return tomllib.loads(text)


def registry(path: Path | None = None) -> list[Download]:
    """Return the files that can be fetched, from `downloads.toml`.

    Raises `FetchError` for an entry that is not https or whose name could leave its folder.
    """
    entries = _parsed((path or HERE / "downloads.toml").read_text(encoding="utf-8"))["file"]
    downloads = [Download(**entry) for entry in entries]
    for download in downloads:
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}", download.name) is None:
            raise FetchError(download.name, "not a plain file name", "use letters, digits, dots and hyphens")
        if not download.url.startswith("https://"):
            raise FetchError(download.name, f"{download.url!r} is not https", "use the https address")
        if download.sha256 is not None and re.fullmatch(r"[0-9a-f]{64}", download.sha256) is None:
            raise FetchError(download.name, "its sha256 is not 64 hex digits", "correct downloads.toml")
    return downloads


def listed_on() -> datetime.date:
    """Return the day on which the list of files was last added to."""
    return _parsed((HERE / "downloads.toml").read_text(encoding="utf-8"))["listed_on"]


def choose(names: Iterable[str], downloads: Iterable[Download] | None = None) -> list[Download]:
    """Return the downloads with these file names or publications; all of them for no name."""
    everything = list(downloads if downloads is not None else registry())
    wanted = list(names)
    unknown = [n for n in wanted if not any(n in (d.name, d.publication) for d in everything)]
    if unknown:
        known = ", ".join(dict.fromkeys(d.publication for d in everything))
        raise FetchError(
            unknown[0],
            "no official file of this name or publication can be fetched",
            f"use one of the publications {known}, or a file name from `peelbook data fetch --list`",
        )
    return [d for d in everything if not wanted or d.name in wanted or d.publication in wanted]


def address(download: Download, mirror: str | None = None) -> tuple[str, str | None]:
    """Return the URL to ask and, behind a mirror, the only host allowed.

    A mirror holds the files under their names: `<mirror>/<name>`. It must be https, except on this
    machine itself. Raises `FetchError`.
    """
    if mirror is None:
        return download.url, None
    only_host = mirror_host(download.name, mirror)
    return f"{mirror.rstrip('/')}/{quote(download.name)}", only_host


AGAIN = "run the same command again; it goes on from where it stopped"


class _CutOff(FetchError):
    """Fewer bytes came than were announced; what came is kept."""


class _Downloader:
    """What pooch calls to bring one file: resumes, follows only good redirects, stops at the limits."""

    def __init__(
        self, download: Download, only_host: str | None, part: Path, client: Client, progress: Progress | None
    ):
        self.download, self.only_host, self.part, self.client = download, only_host, part, client
        self.limits, self.progress = client.limits, progress
        self.stamp = part.with_name(part.name + ".json")

    def __call__(self, url: str, output_file: Any, pooch: Any) -> None:
        import requests

        end = time.monotonic() + self.limits.total
        for attempt in range(self.limits.retries + 1):
            try:
                self._fill(url, end)
                break
            except (requests.RequestException, _CutOff) as error:
                # What has come so far is kept, so the next attempt asks for the rest only.
                if attempt < self.limits.retries and time.monotonic() < end:
                    time.sleep(self.limits.backoff * 2**attempt)
                    continue
                if isinstance(error, _CutOff):
                    raise
                raise FetchError(
                    self.download.name,
                    f"the download broke off ({type(error).__name__})",
                    AGAIN,
                ) from error
        self.part.replace(output_file)
        self.stamp.unlink(missing_ok=True)

    def _fail(self, problem: str, fix: str) -> FetchError:
        return FetchError(self.download.name, problem, fix)

    def _fill(self, url: str, end: float) -> None:
        """Bring `part` to the full length of the file."""
        have = self.part.stat().st_size if self.part.exists() else 0
        validator = self._validator() if have else None
        headers = dict(HEADERS)
        if have and validator:
            headers |= {"Range": f"bytes={have}-", "If-Range": validator}
        response = self.client.open_at(self.download.name, url, headers, self.only_host)
        with response:
            if response.status_code == 416:
                # What we hold is not a beginning of what is there now.
                self.part.unlink(missing_ok=True)
                self.stamp.unlink(missing_ok=True)
                raise self._fail(
                    "the file has changed since the download began", "run the same command again"
                )
            if response.status_code not in (200, 206):
                raise self._fail(
                    f"the server answered {response.status_code}",
                    "look at the publisher's page for a newer address",
                )
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise self._fail("the server sent it packed", "download it by hand")
            resumed = response.status_code == 206
            if resumed and not re.match(rf"bytes {have}-", response.headers.get("Content-Range", "")):
                raise self._fail(
                    "the server resumed at the wrong place", "delete the .part file and try again"
                )
            start = have if resumed else 0
            length = response.headers.get("Content-Length", "")
            expected = start + int(length) if length.isdigit() else None
            self._check_size(expected or start)
            if not resumed:
                self._remember(response.headers)
            with self.part.open("ab" if resumed else "wb") as stream:
                size = start
                for chunk in response.iter_content(64 * 1024):
                    size += len(chunk)
                    self._check_size(size)
                    if time.monotonic() > end:
                        raise self._fail(
                            f"not done after {self.limits.total:g} seconds",
                            AGAIN,
                        )
                    stream.write(chunk)
                    if self.progress is not None:
                        self.progress(size, expected)
            if expected is not None and size != expected:
                raise _CutOff(self.download.name, f"{size:,} of {expected:,} bytes came", AGAIN)

    def _check_size(self, size: int) -> None:
        if size > self.limits.size:
            self.part.unlink(missing_ok=True)
            self.stamp.unlink(missing_ok=True)
            raise self._fail(
                f"larger than the cap of {self.limits.size / 1024**2:g} MB",
                "check the address, or raise the cap with --max-mb",
            )

    def _validator(self) -> str | None:
        try:
            return json.loads(self.stamp.read_text(encoding="utf-8"))["validator"]
        except (OSError, ValueError, KeyError):
            return None

    def _remember(self, headers: Any) -> None:
        etag = headers.get("ETag", "")
        # Only a strong validator proves that the rest belongs to the same bytes.
        validator = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified")
        self.stamp.write_text(json.dumps({"validator": validator}), encoding="utf-8")


def fetch(
    download: Download,
    folder: Path | str,
    *,
    mirror: str | None = None,
    limits: Limits | None = None,
    client: Client | None = None,
    progress: Progress | None = None,
) -> tuple[Path, bool]:
    """Fetch one official file into a folder; return its path and whether it was downloaded now.

    A file that is there with the right SHA-256 is left alone. With a `client` the publisher's address is asked
    through it, whatever its mirror. Raises `FetchError`, or `SourceFileError` where what came is no table (a
    log-in page, say); the folder then holds no file of this name.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / download.name
    before = hash_of(target) if target.exists() else None
    if download.sha256 is None and before is not None:
        return target, False
    if client is None:
        url, only_host = address(download, mirror)
    else:
        url, only_host = client.address(download.url), client.only_host
    with contextlib.ExitStack() as stack:
        client = client or stack.enter_context(Client(limits))
        part = folder / f"{download.name}.part"
        try:
            pooch.retrieve(
                url,
                known_hash=f"sha256:{download.sha256}" if download.sha256 else None,
                fname=download.name,
                path=folder,
                downloader=_Downloader(download, only_host, part, client, progress),
            )
        except ValueError as error:
            raise FetchError(
                download.name,
                "its SHA-256 is not the one on record, so it is not the file it should be",
                "look for a newer release on the publisher's page, download it by hand and ingest it",
            ) from error
    if hash_of(target) == before:
        return target, False
    try:
        _ = SourceFile(target).kind
    except SourceFileError:
        target.unlink()
        raise
    if download.bytes is not None and target.stat().st_size != download.bytes:
        size = target.stat().st_size
        target.unlink()
        raise FetchError(
            download.name,
            f"{size:,} bytes came where the publisher says {download.bytes:,}",
            "run the same command again; if it stays so, download the file by hand and ingest it",
        )
    return target, True
