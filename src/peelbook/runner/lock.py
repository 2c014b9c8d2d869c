"""The lock on the cache folder: one run at a time."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from peelbook.runner.errors import CacheError
from peelbook.util import lock
from peelbook.util.lock import FILE, Owner, read_owner

__all__ = ["FILE", "hold", "read_owner"]


def hold(folder: Path, purpose: str) -> AbstractContextManager[Owner | None]:
    """Hold a folder for one run; gives the owner of a run that was killed here, or `None`.

    Raises `LockedError` naming the present owner and its age, `CacheError` where the folder cannot be written.
    """
    fix = "make it writable, or set PEELBOOK_CACHE to another folder"
    return lock.hold(folder, purpose, refused=lambda why: CacheError(f"{why}. Fix: {fix}."))
