"""One run at a time in a folder, with the owner's name on the door.

The lock is the operating system's, so it ends with its owner however that ends, and a clock that jumps
cannot break it. The record in the file only serves to say who holds it, and that the last owner was killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from peelbook.runner.errors import CacheError, LockedError

FILE = "lock"


@dataclass(frozen=True)
class Owner:
    """Who holds, or held, a folder."""

    pid: int
    host: str
    since: float
    purpose: str

    def describe(self, now: float) -> str:
        """Name the owner and the lock's age. A clock set back gives an age of 0, not nonsense."""
        age = max(0, round(now - self.since))
        return f"`peelbook {self.purpose}`, process {self.pid} on {self.host}, since {age} s"


def _system_lock(stream: BinaryIO | FileIO) -> bool:
    """Take the lock without waiting; whether that worked."""
    try:
        import fcntl
    except ImportError:  # Windows; byte 0x7FFFFFFF, as a locked byte cannot be read by others there
        import msvcrt

        stream.seek(0x7FFFFFFF)
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_owner(path: Path) -> Owner | None:
    """Return the owner on record; `None` where there is none or the record is not readable."""
    try:
        return Owner(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


@contextlib.contextmanager
def hold(folder: Path, purpose: str) -> Iterator[Owner | None]:
    """Hold a folder for one run; gives the owner of a run that was killed here, or `None`.

    Raises `LockedError` naming the present owner and its age, `CacheError` where the folder cannot be written.
    """
    path = Path(folder) / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: what a full disk refused must not be tried again when the file is closed.
        stream = path.open("r+b" if path.exists() else "w+b", buffering=0)
    except OSError as error:
        raise CacheError(
            f"{folder}: cannot be written ({error.strerror or error}). "
            "Fix: make it writable, or set PEELBOOK_CACHE to another folder."
        ) from error
    with stream:
        if not _system_lock(stream):
            owner = read_owner(path)
            who = owner.describe(time.time()) if owner else "another process"
            raise LockedError(f"{folder}: a run is at work there ({who}). Fix: wait for its end, or stop it.")
        left_by = read_owner(path)
        mine = Owner(os.getpid(), platform.node(), time.time(), purpose)
        _record(stream, json.dumps(asdict(mine)))
        try:
            yield left_by
        finally:
            _record(stream, "")


def _record(stream: BinaryIO | FileIO, text: str) -> None:
    with contextlib.suppress(OSError):  # a full disk must not keep a run from ending
        stream.seek(0)
        stream.truncate()
        stream.write(text.encode())
