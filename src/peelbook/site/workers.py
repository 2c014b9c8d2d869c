"""Processes that make the site's downloads while this one makes its pages.

They are plain commands, not a pool of this program: a pool would import the caller's main script again, and
copying this process while Sphinx works in it would copy its memory too.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from peelbook.errors import PeelbookError


class DownloadsError(PeelbookError):
    """The workbooks of some forces, or the site's own files, could not be made."""


class Workers:
    """Commands at work in the background; none outlives the `with` block."""

    def __init__(self) -> None:
        self.running: list[subprocess.Popen[str]] = []

    def start(self, module: str, work: Mapping[str, Any]) -> subprocess.Popen[str]:
        """Run a module of this package with its work as JSON on standard input."""
        worker = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert worker.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has died; `join` reads why
            worker.stdin.write(json.dumps(work))
            worker.stdin.close()
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
            for stream in (worker.stdout, worker.stderr):
                if stream is not None:
                    stream.close()

    def join(self) -> None:
        """Wait for all. Raises `DownloadsError` with what a failed one said."""
        for worker in self.running:
            self._ended(worker)

    @staticmethod
    def _ended(worker: subprocess.Popen[str]) -> None:
        assert worker.stderr is not None
        said = worker.stderr.read()
        if worker.wait() != 0:
            last = said.strip().splitlines()[-1:] or ["it was stopped"]
            raise DownloadsError(
                f"The downloads could not be made: {last[0]}. Fix: free disk space, then build again."
            )
