"""An operating-system lock on a folder, with a record of who holds it.

The lock is the operating system's, so it ends with its owner however that ends, and a clock that jumps
cannot break it. The record in the file only serves to say who holds it, and that the last owner was killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from peelbook.errors import LockedError, PeelbookError

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
def hold(
    folder: Path,
    purpose: str,
    *,
    refused: Callable[[str], PeelbookError],
    file: str = FILE,
    leave: bool = True,
) -> Iterator[Owner | None]:
    """Hold a folder for one run; gives the owner of a run that was killed here, or `None`.

    `leave=False` takes the lock's file away at the end, for folders that hold nothing but their tables.
    Raises `LockedError` naming the present owner and its age, and what `refused` makes of the reason where
    the folder cannot be written.
    """
    path = Path(folder) / file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: what a full disk refused must not be tried again when the file is closed.
        stream = path.open("r+b" if path.exists() else "w+b", buffering=0)
    except OSError as error:
        raise refused(f"{folder}: cannot be written ({error.strerror or error})") from error
    with stream:
        # A lock on a file that its last owner has just taken away keeps nobody else out.
        if not _system_lock(stream) or not _still_there(path, stream):
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
            if not leave:
                with contextlib.suppress(OSError):  # Windows removes no file that is open
                    path.unlink()


def _still_there(path: Path, stream: BinaryIO | FileIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(stream.fileno()))
    except OSError:
        return False


def _record(stream: BinaryIO | FileIO, text: str) -> None:
    with contextlib.suppress(OSError):  # a full disk must not keep a run from ending
        stream.seek(0)
        stream.truncate()
        stream.write(text.encode())
