"""Hashing and all-or-nothing writing of files, in one place."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from peelbook.util import output


def sha256(source: Path | bytes) -> str:
    """Return the SHA-256 of a file's bytes, or of bytes, as 64 hex digits."""
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    with Path(source).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_below(folder: Path | str) -> list[str]:
    """Return the names of all files below a folder, relative to it and with `/`, in order; none if it is not there.

    An edition has 7,400 files; to make a `Path` of each several times is a good part of a build that changes nothing.
    """
    root = os.fspath(folder)
    start = len(root) + 1
    found = [f"{at}{os.sep}{name}"[start:] for at, _, names in os.walk(root) for name in names]
    return sorted(name.replace(os.sep, "/") for name in found)


def write_atomic(path: Path, content: bytes | str) -> bool:
    """Write a file so that a reader sees the old or the new bytes, never a part.

    Returns whether the bytes changed; unchanged files are not touched. A link to a file is followed. Raises
    `OSError` (disk full, read-only folder) with the old file intact, `OutputError` for a device, a pipe, a folder.
    """
    payload = content.encode() if isinstance(content, str) else content
    path = output.file(path)
    if path.exists() and path.read_bytes() == payload:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(payload)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes files private; published files follow the user's umask like any other.
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    return True
