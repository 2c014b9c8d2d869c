"""Processes that make the site's downloads while this one makes its pages.

They are plain commands, not a pool of this program: a pool would import the caller's main script again, and
copying this process while Sphinx works in it would copy its memory too. What lies in the folder that the user
stands in is not imported by them, whatever it is called.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from peelbook.errors import PeelbookError

BAD_INPUT = 2
"""Exit status of a worker whose last words are a message for the user, with its own cause and fix."""

DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})


class DownloadsError(PeelbookError):
    """The workbooks of some forces, or the site's own files, could not be made."""


class Workers:
    """Commands at work in the background; none outlives the `with` block."""

    def __init__(self) -> None:
        self.running: list[subprocess.Popen[str]] = []

    def start(self, module: str, work: Mapping[str, Any]) -> subprocess.Popen[str]:
        """Run a module of this package with its work as JSON on standard input."""
        worker = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is this process's to handle
        )
        assert worker.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has died; `join` reads why
            worker.stdin.write(f"{json.dumps(work)}\n")
            worker.stdin.flush()  # and left open: a worker ends when it is closed, as it is when this process ends
        self.running.append(worker)
        return worker

    def wait_for(self, worker: subprocess.Popen[str], word: str) -> None:
        """Wait until a worker says a word. Raises `DownloadsError` if it ends without."""
        assert worker.stdout is not None
        if worker.stdout.readline().strip() != word:
            self._ended(worker)
            raise DownloadsError(
                f"The downloads could not be made: a process ended without saying {word!r}. Fix: build again."
            )

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *problem: object) -> None:
        """Leave no worker behind, whatever happened."""
        for worker in self.running:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
            for stream in (worker.stdin, worker.stdout, worker.stderr):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()

    def join(self) -> None:
        """Wait for all. Raises `DownloadsError` with what a failed one said."""
        for worker in self.running:
            self._ended(worker)

    @staticmethod
    def _ended(worker: subprocess.Popen[str]) -> None:
        assert worker.stderr is not None
        said = worker.stderr.read().strip()
        status = worker.wait()
        if status == 0:
            return
        if status == BAD_INPUT and said:
            raise DownloadsError(said)
        if status < 0:
            name = signal.Signals(-status).name if -status in list(signal.Signals) else str(-status)
            raise DownloadsError(
                f"The downloads could not be made: a process was stopped from outside ({name}). "
                "Fix: if memory is short, give --jobs 1; then build again."
            )
        last = said.splitlines()[-1:] or ["a process ended without a word"]
        raise DownloadsError(
            f"The downloads could not be made: {last[0]}. Fix: this is a fault of peelbook; report it with these "
            f"lines:\n{said[-2000:]}"
        )


def disk_message(error: OSError, place: object) -> str | None:
    """Return what to say of a full disk or of a place that may not be written; `None` for any other error."""
    if error.errno not in DISK_ERRORS:
        return None
    return (
        f"{error.filename or place}: cannot be written ({error.strerror}). Fix: free some space or make it writable, "
        "then build again; the site published before is as it was."
    )


def _end_with_parent() -> None:
    """End when standard input does: the parent process has ended, and its folder may be another's."""
    os.read(0, 1)
    os._exit(1)


def work(task: Callable[[Any], None]) -> None:
    """Do a task, the body of a worker, with the job given as JSON on standard input.

    An error that is the input's fault, or the disk's, ends the process with `BAD_INPUT` and one message.
    """
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        task(job)
        return
    except PeelbookError as error:
        message = str(error)
    except OSError as error:
        text = disk_message(error, job.get("out") or job.get("folder") or "the work folder")
        if text is None:
            raise
        message = text
    print(message, file=sys.stderr)
    sys.exit(BAD_INPUT)
