"""What can go wrong around a run, as opposed to inside a notebook (see `results.Failure`)."""

from __future__ import annotations

from peelbook.errors import LockedError as LockedError
from peelbook.errors import PeelbookError


class UsageError(PeelbookError):
    """The command line asks for something that makes no sense."""


class CacheError(PeelbookError):
    """The cache folder cannot be read or written; finished notebooks in it are kept."""


class SchedulerError(PeelbookError):
    """The cluster cannot be reached, or its workers run other code."""


class WorkerStartError(PeelbookError):
    """No worker process comes as far as its first notebook."""
