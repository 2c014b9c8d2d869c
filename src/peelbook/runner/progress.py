"""Tells a person how a run is going: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import IO, Protocol

from peelbook.runner.results import Result


class Progress(Protocol):
    """What a run reports to."""

    def note(self, text: str) -> None:
        """Something a person should know before the run begins."""

    def start(self, total: int, up_to_date: int) -> None:
        """The plan is made."""

    def done(self, result: Result) -> None:
        """One notebook is done, well or not."""

    def stop(self) -> None:
        """The run ends."""


class Silent:
    """Says nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def start(self, total: int, up_to_date: int) -> None:
        """Say nothing."""

    def done(self, result: Result) -> None:
        """Say nothing."""

    def stop(self) -> None:
        """Say nothing."""


class Lines:
    """One plain line a notebook, for logs."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic):
        self._write, self._clock = write, clock
        self._total = self._count = 0
        self._began = 0.0

    def note(self, text: str) -> None:
        """Say it."""
        self._write(text)

    def start(self, total: int, up_to_date: int) -> None:
        """Say how much there is to do."""
        self._total, self._count, self._began = total, 0, self._clock()
        self._write(f"{total} to run, {up_to_date} up to date")

    def done(self, result: Result) -> None:
        """Say what was done, at what rate, and the time left."""
        self._count += 1
        elapsed = max(self._clock() - self._began, 1e-9)
        left = (self._total - self._count) * elapsed / self._count
        place = f"[{self._count}/{self._total}]"
        if result.error is not None:
            self._write(f"{place} failed  {result.error}")
            return
        self._write(
            f"{place} {result.force_slug}/{result.section}  {result.seconds:.1f} s  "
            f"({self._count / elapsed:.1f}/s, {_span(left)} left)"
        )

    def stop(self) -> None:
        """Nothing more to say."""


class Bar:
    """A bar with rate and time left."""

    def __init__(self, stream: IO[str] | None = None):
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._console = Console(file=stream, stderr=stream is None)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=False,
        )
        self._count = 0
        self._began = 0.0

    def note(self, text: str) -> None:
        """Say it above the bar."""
        self._console.print(text, markup=False, highlight=False)

    def start(self, total: int, up_to_date: int) -> None:
        """Draw the bar; where nothing has to run, say so instead."""
        self._began = time.monotonic()
        if not total:
            self._console.print(f"All {up_to_date} notebooks are up to date.", highlight=False)
            return
        self._task = self._bar.add_task(f"Notebooks ({up_to_date} up to date)", total=total, rate="")
        self._bar.start()

    def done(self, result: Result) -> None:
        """Move the bar; a failure is printed above it at once."""
        self._count += 1
        rate = self._count / max(time.monotonic() - self._began, 1e-9)
        self._bar.update(self._task, advance=1, rate=f"{rate:.1f}/s")
        if result.error is not None:
            self._console.print(f"failed  {result.error}", style="red", markup=False, highlight=False)

    def stop(self) -> None:
        """Leave the bar as it stands."""
        self._bar.stop()


def _span(seconds: float) -> str:
    whole = max(0, round(seconds))
    return f"{whole} s" if whole < 90 else f"{whole // 60} min {whole % 60:02d} s"
