"""Index the finished pages with Pagefind, so that search needs no server and no third party."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peelbook.errors import PeelbookError
from peelbook.site.marks import Marks
from peelbook.site.publish import keep_only, put_file
from peelbook.util.files import files_below, sha256

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

    It indexes the pages of a folder that have a `data-pagefind-body`, into `out`; pages of the same text keep the
    index they have.
    """

    def __init__(self, site: Path, out: Path):
        program = binary()
        texts = out.with_name(f"{out.name}-texts")
        pages = [name for name in files_below(site) if name.endswith(".html")]
        made_of = Marks(out.with_name(f"{out.name}-texts-made-of.json"))
        for name in pages:
            page = (site / name).read_bytes()
            if not made_of.same(name, sha256(page)) or not (texts / name).exists():
                put_file(texts / name, _NO_TEXT.sub("", page.decode()))
        made_of.save()
        keep_only(texts, set(pages))
        names = "".join(f"{name} {sha256(texts / name)}\n" for name in pages)
        self.out = out
        maker = f"pieces of {sha256(program)}"
        self.key = f"{maker} {sha256(names.encode())}"
        self.mark = out.with_name(f"{out.name}-made-of")
        self.process: subprocess.Popen[str] | None = None
        known = self.mark.read_text() if self.mark.exists() else ""
        if out.exists() and known == self.key:
            return
        # From here on what is there is a part of an index, which nobody may keep.
        self.mark.unlink(missing_ok=True)
        if out.exists():
            _keep_pieces(out) if known.startswith(f"{maker} ") else shutil.rmtree(out)
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
        settle(self.out)
        self.mark.write_text(self.key)
        return True


# Pagefind's files that are named by what is in them; it leaves alone those that are there.
_PIECES = ("fragment", "index")


def _keep_pieces(out: Path) -> None:
    """Remove all of an index but the pieces that the next one will have too, most of them where few pages changed."""
    for path in out.iterdir():
        if not path.is_dir():
            path.unlink()
        elif path.name not in _PIECES:
            shutil.rmtree(path)


_MAGIC = b"pagefind_dcd"


def settle(out: Path) -> None:
    """Give the index one byte form: Pagefind writes filters, and the values of each, in random order.

    Both are sorted, and the files' names, which are made of hashes, follow in the index's own table. Pieces of an
    earlier index that this one does not name are removed.
    """
    renamed: dict[str, str] = {}
    named: set[str] = set()
    for path in sorted((out / "filter").glob("*.pf_filter")):
        content = gzip.decompress(path.read_bytes())
        name, values = _decode(memoryview(content)[len(_MAGIC) :])
        settled = _MAGIC + _encode([name, sorted(values)])
        target = _rename(path, settled)
        renamed[path.stem] = target.stem
    entry_path = out / "pagefind-entry.json"
    entry = json.loads(entry_path.read_text(encoding="utf-8"))
    for path in sorted(out.glob("*.pf_meta")):
        content = gzip.decompress(path.read_bytes())
        version, pages, chunks, filters, *rest = _decode(memoryview(content)[len(_MAGIC) :])
        named |= {page[0] for page in pages} | {chunk[-1] for chunk in chunks}
        filters = sorted([name, renamed.get(digest, digest)] for name, digest in filters)
        content = _MAGIC + _encode([version, pages, chunks, filters, *rest])
        target = _rename(path, content)
        for language in entry["languages"].values():
            if f"pagefind.{language['hash']}" == path.stem:
                language["hash"] = target.stem.removeprefix("pagefind.")
    entry_path.write_text(json.dumps(entry, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    for folder in _PIECES:
        for path in (out / folder).iterdir():
            if path.stem not in named:
                path.unlink()


def _rename(path: Path, content: bytes) -> Path:
    """Replace a file of the index by these bytes under a name of the same length made of their hash."""
    language, _, old = path.stem.rpartition("_")
    target = path.with_name(f"{language}_{sha256(content)[: len(old)]}{path.suffix}")
    path.unlink()
    target.write_bytes(gzip.compress(content, mtime=0))
    return target


def _decode(data: memoryview) -> Any:
    """Decode the part of CBOR (RFC 8949) that Pagefind uses: unsigned numbers, text, arrays."""
    items = _Reader(data)
    return items.read()


class _Reader:
    def __init__(self, data: memoryview):
        self.data, self.at = data, 0

    def read(self) -> Any:
        first = self.data[self.at]
        self.at += 1
        kind, size = first >> 5, first & 0x1F
        if size >= 24:
            width = {24: 1, 25: 2, 26: 4, 27: 8}[size]
            size = int.from_bytes(self.data[self.at : self.at + width], "big")
            self.at += width
        if kind == 0:
            return size
        if kind == 3:
            text = bytes(self.data[self.at : self.at + size]).decode()
            self.at += size
            return text
        if kind == 4:
            return [self.read() for _ in range(size)]
        raise SearchIndexError(
            f"Pagefind's index has a value of CBOR kind {kind}. Fix: use the locked version."
        )


def _encode(value: Any) -> bytes:
    return b"".join(_parts(value))


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, int):
        yield _head(0, value)
    elif isinstance(value, str):
        text = value.encode()
        yield _head(3, len(text))
        yield text
    else:
        yield _head(4, len(value))
        for item in value:
            yield from _parts(item)


def _head(kind: int, size: int) -> bytes:
    if size < 24:
        return bytes([kind << 5 | size])
    for code, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if size < 1 << 8 * width:
            return bytes([kind << 5 | code]) + size.to_bytes(width, "big")
    raise OverflowError(size)
