"""Removes what runs and builds keep to be quick, and never anything else.

A folder is only removed by the name this project gives it, inside the private folder or beside it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from peelbook import paths
from peelbook.runner.cache import Cache
from peelbook.runner.errors import CacheError
from peelbook.runner.lock import FILE, hold
from peelbook.runner.workspace import Workspace

BOOK = "_build"  # Jupyter Book's own output


def clean(
    workspace: Workspace,
    *,
    stale: bool = False,
    site: Callable[[Path], str] | None = None,
    dry_run: bool = False,
) -> Iterator[str]:
    """Remove the cache and build folders; yield one line for each thing removed.

    `stale` removes only cache entries no finished run uses. `site` removes a built site from its folder and says so:
    which of the files there are the site's, only publishing knows. Raises `LockedError` while a run is at work there,
    `CacheError` where something cannot be removed.
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
            yield from (f"Would remove {target}" for target in targets if target.exists())
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
                yield site(target)
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
