"""Finished notebooks by content: each entry is named by its key and carries the hash of its own bytes.

An entry is written whole or not at all, at the moment its notebook is done, so that a run killed at any
moment loses only what was under way. A damaged entry is found on reading, said, and made again.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peelbook.runner.errors import CacheError
from peelbook.util.files import sha256, write_atomic

_KEY = re.compile(r"[0-9a-f]{64}")
_STEM = re.compile(r"[a-z0-9_]+")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class DamagedEntryError(CacheError):
    """A cache entry does not hold the bytes it was written with."""


@dataclass(frozen=True)
class Entry:
    """One finished notebook."""

    notebook: bytes
    digest: str
    seconds: float


def _full(path: Path, error: OSError) -> CacheError:
    return CacheError(
        f"{path.parent}: cannot write the cache ({error.strerror or error}). "
        "Fix: free some space or make the folder writable, and run again: what is finished is kept."
    )


def read_entry(path: Path) -> Entry:
    """Read one entry and check it. Raises `DamagedEntryError`, or `FileNotFoundError` where there is none."""
    content = path.read_bytes()
    head, newline, notebook = content.partition(b"\n")
    try:
        record = json.loads(head)
        if not newline or record["sha256"] != sha256(notebook) or record["key"] != path.stem:
            raise ValueError("its hash does not fit")
        return Entry(notebook, record["sha256"], float(record["seconds"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedEntryError(
            f"{path}: a damaged cache entry ({error}). Fix: run again; it is made anew."
        ) from error


class Cache:
    """The cache in one folder."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    def entry_path(self, key: str) -> Path:
        """Return where the entry of a key stands, written or not."""
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a cache key: {key!r}")
        return self.folder / "entries" / key[:2] / f"{key}.nb"

    def _head_path(self, section: str, slug: str) -> Path:
        if not _STEM.fullmatch(section) or not _SLUG.fullmatch(slug):
            raise ValueError(f"not a section and a force: {section!r}, {slug!r}")
        return self.folder / "heads" / section / f"{slug}.json"

    def read(self, key: str) -> Entry | None:
        """Return a finished notebook, `None` where there is none. Raises `DamagedEntryError`."""
        with contextlib.suppress(FileNotFoundError):
            return read_entry(self.entry_path(key))
        return None

    def write(self, key: str, notebook: bytes, seconds: float) -> Entry:
        """Commit a finished notebook. Raises `CacheError` (disk full, read-only) with nothing half-written."""
        entry = Entry(notebook, sha256(notebook), seconds)
        head = {"key": key, "seconds": round(seconds, 3), "sha256": entry.digest}
        path = self.entry_path(key)
        try:
            write_atomic(path, json.dumps(head).encode() + b"\n" + notebook)
        except OSError as error:
            raise _full(path, error) from error
        return entry

    def discard(self, key: str) -> None:
        """Remove a damaged entry."""
        with contextlib.suppress(FileNotFoundError):
            self.entry_path(key).unlink()

    def head(self, section: str, slug: str) -> dict[str, Any] | None:
        """Return what the last finished notebook of a section and force was made of: `key`, `parts`, `seconds`."""
        try:
            head = json.loads(self._head_path(section, slug).read_text(encoding="utf-8"))
            return head if isinstance(head["parts"], dict) and _KEY.fullmatch(head["key"]) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # it only explains a plan; without it the plan says "new"

    def write_head(self, section: str, slug: str, key: str, parts: Mapping[str, Any], seconds: float) -> None:
        """Note what a notebook was made of. Raises `CacheError`."""
        path = self._head_path(section, slug)
        record = {"key": key, "parts": dict(parts), "seconds": round(seconds, 3)}
        try:
            write_atomic(path, json.dumps(record, sort_keys=True, ensure_ascii=False))
        except OSError as error:
            raise _full(path, error) from error

    def prune(self) -> tuple[int, int]:
        """Remove entries that no head names and parts of files that a kill left; return files and bytes."""
        living = set()
        for path in self.folder.glob("heads/*/*.json"):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                living.add(json.loads(path.read_text(encoding="utf-8"))["key"])
        files = size = 0
        for path in [*self.folder.glob("entries/*/*.nb"), *self.folder.glob("**/.*.part")]:
            if path.suffix == ".nb" and path.stem in living:
                continue
            with contextlib.suppress(OSError):
                size += path.stat().st_size
                path.unlink()
                files += 1
        return files, size
