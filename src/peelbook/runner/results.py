"""What a run gives back: one `Result` for each notebook, and a `Failure` that says where and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Failure:
    """Why a notebook has no page: force, section, cell and message.

    `kind` is one of `error` (a cell raised), `timeout`, `kernel died`, `kernel did not start`,
    `worker lost`, `other code`. `cell` counts the notebook's cells from 1; 0 where no cell is to blame.
    """

    kind: str
    force: str
    section: str
    cell: int
    source: str
    message: str

    def __str__(self) -> str:
        cell = f", cell {self.cell} ({self.source})" if self.cell else ""
        return f"{self.force}, {self.section}{cell}: {self.message}"


@dataclass(frozen=True)
class Result:
    """One notebook of a run. `status` is `ok` (executed now), `cached` or `failed`.

    The executed notebook stays on disk and is read, and its hash checked, only when `notebook` is asked for:
    an edition of 43 forces need not fit in memory. `seconds` is what the execution took when it took place.
    """

    force_slug: str
    section: str
    status: str
    key: str
    seconds: float
    digest: str = ""
    path: Path | None = None
    error: Failure | None = None
    reason: str = ""
    cell_seconds: float = 0.0  # how much of `seconds` the notebook's own cells took; 0 where not run now

    @property
    def notebook(self) -> bytes | None:
        """The executed notebook's bytes; `None` for a failed one.

        Raises `CacheError` where the cache entry was damaged since the run.
        """
        if self.path is None:
            return None
        from peelbook.runner.cache import read_entry

        return read_entry(self.path).notebook

    def to_json(self) -> dict[str, Any]:
        """The result as plain values, for machines."""
        return {
            "force": self.force_slug,
            "section": self.section,
            "status": self.status,
            "reason": self.reason,
            "seconds": round(self.seconds, 3),
            "key": self.key,
            "sha256": self.digest,
            "error": asdict(self.error) if self.error else None,
        }
