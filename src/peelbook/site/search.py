"""Index the finished pages with Pagefind, so that search needs no server and no third party."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import subprocess
from collections.abc import Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
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
        self.given: dict[str, str] = {}

    def __enter__(self) -> Indexing:
        return self

    def __exit__(self, *problem: object) -> None:
        self._stop()

    def begin(self, changing: Collection[str]) -> None:
        """Give Pagefind the texts that are there, but for those of pages that are about to be made anew.

        It reads them while the pages are made. `start` has the last word on what they say.
        """
        names = [name for name in files_below(self.texts) if name.removesuffix(".html") not in changing]
        if changing and names:
            self._give(names)

    def start(self) -> bool:
        """Give Pagefind the rest of the pages that are there now; false where the index of them is there."""
        names = _put_texts(self.site, self.texts)
        known = f"{sha256(binary())} {sorted(names.items())}"
        if self.made_of.unchanged("index", known, self.out):
            self._stop()
            return False
        if any(names.get(name) != sha256(text.encode()) for name, text in self.given.items()):
            self._stop()  # what a page said before must not stay to be found
        self._give([name for name in names if name not in self.given])
        return True

    def finish(self) -> None:
        """Wait until the index is there. Raises `SearchIndexError` with Pagefind's own message."""
        if self.service is None:
            return
        self.service.ask(type="GetFiles", index_id=0)
        written = set()
        for file in self.service.answers()[-1]["files"]:
            if not any(fnmatch(file["path"], pattern) for pattern in _UNUSED):
                put_file(self.out / file["path"], base64.b64decode(file["content"]))
                written.add(file["path"])
        keep_only(self.out, written)
        self.made_of.save()

    def _give(self, names: Iterable[str]) -> None:
        self.service = self.service or _Service()
        for name in names:
            text = self.given[name] = (self.texts / name).read_text(encoding="utf-8")
            self.service.ask(type="AddFile", index_id=0, file_path=name, file_contents=text)

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
        self.thread = ThreadPoolExecutor(1)
        self.asked: list[Future[dict[str, Any]]] = []
        self.ask(type="NewIndex", config={"exclude_selectors": [".headerlink"], "keep_index_url": True})

    def ask(self, **payload: Any) -> None:
        """Send a message, after those before it have been answered, and do not wait."""
        self.asked.append(self.thread.submit(self._answer, payload))

    def answers(self) -> list[dict[str, Any]]:
        """Wait for all answers."""
        return [asked.result() for asked in self.asked]

    def close(self) -> None:
        """End the process, whatever it is at."""
        self.process.kill()
        self.thread.shutdown(cancel_futures=True)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self.process.wait()

    def _answer(self, payload: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        message = json.dumps({"message_id": 1, "payload": payload})
        parts = [b""]
        try:
            self.process.stdin.write(base64.b64encode(message.encode()) + b",")
            self.process.stdin.flush()
            while not parts[-1].endswith(b","):
                parts.append(os.read(self.process.stdout.fileno(), 1 << 20))
                if not parts[-1]:
                    raise BrokenPipeError("it ended")
        except OSError as error:
            said = self.process.communicate()[1].decode(errors="replace").strip()
            raise _failed(said or str(error)) from error
        answer: dict[str, Any] = json.loads(base64.b64decode(b"".join(parts)))["payload"]
        if answer["type"] == "Error":
            raise _failed(str(answer.get("message")))
        return answer


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
