"""Where the data, notebooks and book sources stand, in a checkout or an installed wheel."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def project_root() -> Path:
    """Return the folder that holds `data/`, `notebooks/` and `_config.yml`.

    In a checkout that is the repository; a wheel carries the same tree as `peelbook/_project`.
    The environment variable `PEELBOOK_ROOT` overrides both.
    """
    if override := os.environ.get("PEELBOOK_ROOT"):
        return Path(override).resolve()
    checkout = PACKAGE.parent.parent
    return checkout if (checkout / "_config.yml").exists() else PACKAGE / "_project"


def enclosing_project(folder: Path) -> Path | None:
    """Return the project that holds a folder: the nearest one upwards with `_config.yml`, `data/` and `notebooks/`.

    Returns `None` where the folder lies in no project.
    """
    for candidate in (folder, *folder.parents):
        whole = all((candidate / name).is_dir() for name in ("data", "notebooks"))
        if whole and (candidate / "_config.yml").is_file():
            return candidate
    return None


def data_dir() -> Path:
    """Return the folder of the embedded tables (`PEELBOOK_DATA` overrides it)."""
    if override := os.environ.get("PEELBOOK_DATA"):
        return Path(override).resolve()
    return project_root() / "data"
