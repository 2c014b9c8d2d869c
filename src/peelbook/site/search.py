"""Index the finished pages with Pagefind, so that search needs no server and no third party."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

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


# What is marked as no part of the text, and what stands outside it. Pagefind takes as long for these as for text.
_NO_TEXT = re.compile(
    r'<div class="pb-tools" data-pagefind-ignore>.*?</div>\n(?=</figure>)'
    r'|<details class="pb-code" data-pagefind-ignore>.*?</details>'
    r'|<nav class="pb-chapters".*?</nav>',
    flags=re.DOTALL,
)


class Indexing:
    """Pagefind at work beside this process, from the start of the block until `finish`, or killed at its end.

    It indexes the pages of a folder that have a `data-pagefind-body`, into `out`; where no page's text changed, the
    index stays. Two indexes of the same pages find the same, but Pagefind does not write them byte for byte alike.
    """

    def __init__(self, site: Path, out: Path):
        self.out = out
        self.process: subprocess.Popen[str] | None = None
        texts = out.with_name(f"{out.name}-texts")
        self.made_of = InputManifest.of(out)
        program = binary()
        names = _put_texts(site, texts)
        if self.made_of.unchanged("index", f"{sha256(program)} {names}", out):
            return
        if out.exists():
            shutil.rmtree(out)  # what a page said before must not stay to be found
        command = [str(program), "--site", str(texts), "--output-path", str(out), "--keep-index-url"]
        command += ["--quiet", "--exclude-selectors", ".headerlink"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self) -> Indexing:
        return self

    def __exit__(self, *problem: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def finish(self) -> bool:
        """Wait until the index is there; return whether it was made anew.

        Raises `SearchIndexError` with Pagefind's own message.
        """
        if self.process is None:
            return False
        said, complained = self.process.communicate()
        if self.process.returncode != 0:
            raise SearchIndexError(
                f"The search index could not be made: {complained.strip() or said.strip()}. "
                "Fix: reinstall the locked environment (`make install`)."
            )
        for pattern in _UNUSED:
            for path in self.out.glob(pattern):
                path.unlink()
        self.made_of.save()
        return True


def _put_texts(site: Path, texts: Path) -> str:
    """Write the text of every page of a site for Pagefind to read; returns a hash of them all."""
    pages = [name for name in files_below(site) if name.endswith(".html")]
    made_of = InputManifest.of(texts)
    for name in pages:
        page = (site / name).read_bytes()
        if not made_of.unchanged(name, sha256(page)) or not (texts / name).exists():
            put_file(texts / name, _NO_TEXT.sub("", page.decode()))
    made_of.save()
    keep_only(texts, set(pages))
    return sha256("".join(f"{name} {sha256(texts / name)}\n" for name in pages).encode())
