"""Which folders a run reads and the one it writes.

Everything a run writes stands under one private folder, `.peelbook`: in the project (in the current folder where the
project is the one inside the installation), or in the folder of a user's own data, so that unpublished figures never
come near the shared cache.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from peelbook import paths
from peelbook.errors import MissingTableError
from peelbook.runner.errors import UsageError

PRIVATE = ".peelbook"


@dataclass(frozen=True)
class Workspace:
    """The folders of one run; `overlay` holds a user's own tables, or is `None`."""

    notebooks: Path
    data: Path
    base: Path
    lock_file: Path
    overlay: Path | None = None

    @classmethod
    def default(cls, overlay: Path | str | None = None) -> Workspace:
        """Return the project's own folders, with a user's data folder laid over them if given.

        Raises `UsageError` where the overlay is no folder. `PEELBOOK_CACHE` overrides the private folder.
        """
        root = paths.project_root()
        own = Path(overlay).resolve() if overlay is not None else None
        if own is not None and not own.is_dir():
            raise UsageError(f"{overlay}: no such folder. Fix: make one with `peelbook data template`.")
        if own is not None:
            base = own / PRIVATE
        elif override := os.environ.get("PEELBOOK_CACHE"):
            base = Path(override).resolve()
        else:
            base = paths.output_root() / PRIVATE
        return cls(root / "notebooks", paths.data_dir(), base, root / "requirements.txt", own)

    @property
    def cache(self) -> Path:
        """The folder of finished notebooks."""
        return self.base / "cache"

    @property
    def scratch(self) -> Path:
        """The folder for workers' private copies; emptied by every run."""
        return self.base / "tmp"

    def notebook(self, stem: str) -> Path:
        """Return the file of one section's notebook. Raises `MissingTableError` where there is none."""
        path = self.notebooks / f"{stem}.ipynb"
        if not path.is_file():
            raise MissingTableError(f"{path}: no such notebook. Fix: restore it with git.")
        return path
