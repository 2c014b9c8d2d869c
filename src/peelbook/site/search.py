"""Index the finished pages with Pagefind, so that search needs no server and no third party."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import subprocess
from collections.abc import Collection
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from peelbook.errors import PeelbookError
from peelbook.site.manifest import InputManifest
from peelbook.site.publish import keep_only, put_file
from peelbook.util.files import files_below, sha256

FOLDER = "pagefind"
"""The folder of the index, in the site and in the work folder."""

# What the search page loads. The rest of Pagefind's output is its own interface, which this site does
# not use, and word stemming for languages no page is in.
_UNUSED = (
    "pagefind-ui.*",
    "pagefind-modular-ui.*",
    "pagefind-component-ui.*",
    "pagefind-highlight.js",
    "wasm.unknown.pagefind",
)


class SearchIndexError(PeelbookError):
    """Pagefind failed."""


def binary() -> Path:
    """Return the Pagefind program of the `pagefind-bin` wheel. Raises `SearchIndexError` without it."""
    from pagefind_bin import get_executable

    return Path(get_executable())


# What is no part of an article's text: what is marked so, the code that a question opens with, other sizes of a picture.
# Pagefind takes as long for these as for text.
_NO_TEXT = re.compile(
    r'<div class="pb-tools" data-pagefind-ignore>.*?</div>\n(?=</figure>)'
    r'|<details class="pb-code" data-pagefind-ignore>.*?</details>'
    r'|<div class="highlight"(?<=<div class="cell">\n<div class="highlight") translate="no">.*?</pre></div>'
    r"|<tbody data-pagefind-ignore>.*?(?=</table>)"
    r"|<source [^>]*>",
    flags=re.DOTALL,
)


class Indexing:
    """Pagefind at work beside this process, until the end of the block.

    It indexes the pages of a folder that have a `data-pagefind-body`, into `out`; where no page's text changed, the
    index stays. Two indexes of the same pages find the same, but Pagefind does not write them byte for byte alike.
    """

    def __init__(self, site: Path, out: Path):
        self.site, self.out = site, out
        self.texts = out.with_name(f"{out.name}-texts")
        self.made_of = InputManifest.of(out)
        self.service: _Service | None = None
        self.given: dict[str, str] = {}  # hashes of the texts that Pagefind is told to read
        self.now: dict[str, str] = {}  # hashes of all texts

    def __enter__(self) -> Indexing:
        return self

    def __exit__(self, *problem: object) -> None:
        self._stop()

    def begin(self, changing: Collection[str]) -> None:
        """Let Pagefind read the texts that are there, but for those of pages that are about to be made anew.

        It reads them while the pages are made. `start` has the last word on what they say.
        """
        names = files_below(self.texts)
        stale = {name for name in names if name.removesuffix(".html") in changing}
        if not changing or len(stale) == len(names):
            return
        for name in stale:
            (self.texts / name).unlink()
        self._read({name: sha256(self.texts / name) for name in names if name not in stale})

    def start(self) -> bool:
        """Let Pagefind read the pages that are there now; false where the index of them is there."""
        self.now = _put_texts(self.site, self.texts)
        known = f"{sha256(binary())} {sorted(self.now.items())}"
        if self.made_of.unchanged("index", known, self.out):
            self._stop()
            return False
        if not self.given or self.given.items() - self.now.items():
            self._read(self.now)  # what a page said before must not stay to be found
        return True

    def finish(self) -> None:
        """Wait until the index is there. Raises `SearchIndexError` with Pagefind's own message."""
        if self.service is None:
            return
        if self.service.answer()["page_count"] != len(self.given):
            self._read(self.now)  # it looked late, when new texts were there
            self.service.answer()
        for name in sorted(self.now.keys() - self.given.keys()):
            text = (self.texts / name).read_text(encoding="utf-8")
            self.service.ask(type="AddFile", index_id=0, file_path=name, file_contents=text)
            self.service.answer()
        self.service.ask(type="GetFiles", index_id=0)
        written = set()
        for file in self.service.answer()["files"]:
            if not any(fnmatch(file["path"], pattern) for pattern in _UNUSED):
                put_file(self.out / file["path"], base64.b64decode(file["content"]))
                written.add(file["path"])
        keep_only(self.out, written)
        self.made_of.save()

    def _read(self, texts: dict[str, str]) -> None:
        self._stop()
        self.service, self.given = _Service(), texts
        settings = {"exclude_selectors": [".headerlink"], "keep_index_url": True}
        self.service.ask(type="NewIndex", config=settings)
        self.service.answer()
        self.service.ask(type="AddDir", index_id=0, path=str(self.texts))

    def _stop(self) -> None:
        if self.service is not None:
            self.service.close()
        self.service, self.given = None, {}


class _Service:
    """Pagefind as a process that answers messages: JSON in base 64, each with a comma after it."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [str(binary()), "--service"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def ask(self, **payload: Any) -> None:
        """Send a message; read its `answer` before the next one."""
        assert self.process.stdin is not None
        message = json.dumps({"message_id": 1, "payload": payload})
        try:
            self.process.stdin.write(base64.b64encode(message.encode()) + b",")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None

    def answer(self) -> dict[str, Any]:
        """Wait for the answer to a message."""
        assert self.process.stdout is not None
        parts = [b""]
        while not parts[-1].endswith(b","):
            parts.append(os.read(self.process.stdout.fileno(), 1 << 20))
            if not parts[-1]:
                raise self._ended()
        found: dict[str, Any] = json.loads(base64.b64decode(b"".join(parts)))["payload"]
        if found["type"] == "Error":
            raise _failed(str(found.get("message")))
        return found

    def close(self) -> None:
        """End the process, whatever it is at."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self.process.wait()

    def _ended(self) -> SearchIndexError:
        assert self.process.stderr is not None
        return _failed(self.process.stderr.read().decode(errors="replace").strip() or "it ended")


def _failed(said: str) -> SearchIndexError:
    return SearchIndexError(
        f"The search index could not be made: {said}. Fix: reinstall the locked environment (`make install`)."
    )


def _put_texts(site: Path, texts: Path) -> dict[str, str]:
    """Write the text of every page of a site for Pagefind to read; returns the hash of each."""
    pages = [name for name in files_below(site) if name.endswith(".html")]
    made_of = InputManifest.of(texts)
    for name in pages:
        page = (site / name).read_bytes()
        if not made_of.unchanged(name, sha256(page)) or not (texts / name).exists():
            put_file(texts / name, _text(page.decode()))
    made_of.save()
    keep_only(texts, set(pages))
    return {name: sha256(texts / name) for name in pages}


def _text(page: str) -> str:
    """A page without its frame, and without what is no part of its text."""
    before, start, rest = page.partition("<article ")
    article, end, _ = rest.rpartition("</article>")
    if start and end:
        page = f"{before.partition('<body>')[0]}<body>{start}{article}{end}</body></html>"
    return _NO_TEXT.sub("", page)
