"""Removes the caches of runs and builds, and never anything else.

A folder is only removed by the name this project gives it, inside the private folder or beside it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from peelbook import paths
from peelbook.runner.cache import Cache
from peelbook.runner.errors import CacheError
from peelbook.runner.lock import FILE, hold
from peelbook.runner.workspace import Workspace

BOOK = "_build"  # Jupyter Book's own output


class SiteRemover(Protocol):
    """Removes a built site from its folder, or only says what it would remove."""

    def __call__(self, folder: Path, *, dry_run: bool) -> str:
        """Do so, and return a line that says what came of it, or what would."""


def clean(
    workspace: Workspace,
    *,
    stale: bool = False,
    site: SiteRemover | None = None,
    dry_run: bool = False,
) -> Iterator[str]:
    """Remove the cache and build folders; yield one line for each thing removed.

    `stale` removes only cache entries no finished run uses. `site` removes a built site from its folder and says so,
    or with `dry_run` only says what it would do: which of the files there are the site's, only publishing knows.
    Raises `LockedError` while a run is at work there, `CacheError` where something cannot be removed.
    """
    if not workspace.base.exists() and site is None:
        yield f"{workspace.base}: nothing there."
        return
    targets = [workspace.cache, workspace.base / "site", workspace.scratch]
    home = workspace.overlay or workspace.base.parent
    if site is not None:
        targets += [home / paths.SITE, home / BOOK]
    if dry_run:
        if stale:
            yield f"Would remove entries of {workspace.cache} that no finished run uses."
        else:
            for target in filter(Path.exists, targets):
                if site is not None and target == home / paths.SITE:
                    yield site(target, dry_run=True)
                else:
                    yield f"Would remove {target}"
        return
    with hold(workspace.base, "clean"):
        if stale:
            files, size = Cache(workspace.cache).prune()
            yield f"Removed {files} entries, {size / 1e6:.1f} MB."
            return
        for target in targets:
            if not target.exists():
                continue
            if site is not None and target == home / paths.SITE:
                yield site(target, dry_run=False)
                continue
            if target == workspace.base / "site":  # a build at work on its pages holds this one
                with hold(target, "clean"):
                    for path in target.iterdir():
                        if path.name != FILE:
                            _remove(path)
            else:
                _remove(target)
            yield f"Removed {target}"


def _remove(target: Path) -> None:
    try:
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    except OSError as error:
        raise CacheError(
            f"{target}: cannot be removed ({error.strerror or error}). Fix: remove it by hand."
        ) from error
