"""Where the data, notebooks and book sources are: the project that a command or a notebook is about."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent

EMBEDDED = PACKAGE / "_project"
"""The project that a wheel carries. It belongs to the installation: commands read it and write nothing there."""

CONFIGURATION = "_config.yml"

PROJECT_PARTS = ("data", "notebooks", "book", CONFIGURATION, "_toc.yml", "requirements.txt")
"""Files and folders of a project. The build of a wheel reads this list, and `peelbook new` copies what it names."""

SITE = "_site"
"""Folder of a built site, in the folder that output goes to."""

LEDGER = "ledger"
"""Folder of a site that holds the pages and files of each report's ledger."""


def installed_project() -> Path:
    """Return the project that peelbook is installed with: the checkout of an editable install, or the wheel's own."""
    checkout = PACKAGE.parent.parent
    return checkout if (checkout / CONFIGURATION).exists() else EMBEDDED


def project_root() -> Path:
    """Return the folder that holds `data/`, `notebooks/` and `_config.yml`.

    In this order: the environment variable `PEELBOOK_ROOT`, the project that holds the current folder, the
    project that peelbook is installed with.
    """
    if override := os.environ.get("PEELBOOK_ROOT"):
        return Path(override).resolve()
    return _current_project() or installed_project()


def output_root() -> Path:
    """Return the folder in which `_site` and `.peelbook` are written: the project, or the current folder.

    The current folder where the project is the one inside the installation.
    """
    root = project_root()
    return Path.cwd() if root == EMBEDDED else root


def _current_project() -> Path | None:
    try:
        return enclosing_project(Path.cwd())
    except OSError:  # the current folder has been removed
        return None


def enclosing_project(folder: Path) -> Path | None:
    """Return the project that holds a folder: the nearest one upwards with `_config.yml`, `data/` and `notebooks/`.

    Returns `None` where the folder lies in no project. A Jupyter Book whose `_config.yml` does not name peelbook
    is another's.
    """
    for candidate in (folder, *folder.parents):
        whole = all((candidate / name).is_dir() for name in ("data", "notebooks"))
        if whole and _names_peelbook(candidate / CONFIGURATION):
            return candidate
    return None


def _names_peelbook(configuration: Path) -> bool:
    try:
        return b"peelbook" in configuration.read_bytes()
    except OSError:
        return False


def project_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and path of every file of a project, in order; nothing hidden and nothing that Python left there."""
    for part in sorted(PROJECT_PARTS):
        path = root / part
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            name = file.relative_to(root)
            if file.is_file() and not any(step.startswith((".", "__pycache__")) for step in name.parts):
                yield name.as_posix(), file


def data_dir() -> Path:
    """Return the folder of the embedded tables (`PEELBOOK_DATA` overrides it)."""
    if override := os.environ.get("PEELBOOK_DATA"):
        return Path(override).resolve()
    return project_root() / "data"
