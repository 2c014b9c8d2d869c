"""Says where the product may write: folders that are folders, and never another's.

A command asks here before it does anything, so that nobody waits for a build whose folder cannot hold it, and a
device, a pipe or somebody's folder is never replaced by a site.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from peelbook import paths
from peelbook.errors import OutputError

OWN_FOLDERS = (
    ".ci",
    ".git",
    ".github",
    ".venv",
    "benchmarks",
    "book",
    "data",
    "docs",
    "web",
    "notebooks",
    "packages",
    "src",
    "tests",
)
"""Folders of the project's root that no output goes into; a test compares them with git's list."""

_SYSTEM = (Path("/dev"), Path("/proc"), Path("/sys"))
_SHARED_MEMORY = Path("/dev/shm")

# A folder is laid out beside its place under a longer name, and holds files with names of their own.
_ROOM_FOR_NAME, _ROOM_FOR_PATH = 30, 300


def kind_of(mode: int) -> str:
    """Return in words what a `st_mode` that is no directory is, such as "a device"."""
    if stat.S_ISREG(mode):
        return "a file"
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return "a device"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "not a folder"


def folder(given: Path | str) -> Path:
    """Return a folder that exists or can be made, with `~` and links resolved; nothing is made.

    Raises `OutputError` where it or a folder above it is a file, a device, a pipe, a socket, a link to one of
    these, to nothing or to itself, where its name is too long, or where it may not be written.
    """
    path = _expanded(given)
    _check_length(given, path)
    near = path
    for part in (*reversed(path.parents), path):
        try:
            mode = os.stat(part).st_mode  # noqa: PTH116 - follows links, and raises what it meets
        except FileNotFoundError:
            if part.is_symlink():
                raise _refused(given, f"{_name(part, path)}is a link to nothing") from None
            break
        except (OSError, ValueError) as error:
            raise _refused(given, getattr(error, "strerror", None) or str(error)) from error
        if not stat.S_ISDIR(mode):
            raise _refused(given, f"{_name(part, path)}is {kind_of(mode)}")
        near = part
    if not os.access(near, os.W_OK | os.X_OK):
        raise OutputError(f"{given}: cannot be written. Fix: choose a folder that can.")
    return path.resolve()


def own_folder(given: Path | str, *, data: bool = False) -> Path:
    """Return a folder that the product may fill or replace, as `folder` does.

    Raises `OutputError` too for the root of a file system, a home folder, the project and its own folders, and
    folders in which the system keeps devices. `data` allows the project's folder of tables.
    """
    path = folder(given)
    if path.parent == path:
        raise _refused(given, "is the root of the file system")
    if any(path.is_relative_to(system) for system in _SYSTEM) and not path.is_relative_to(_SHARED_MEMORY):
        raise _refused(given, "belongs to the system")
    home = _home()
    if home is not None and home.is_relative_to(path):
        raise _refused(given, "is your home folder" if path == home else "holds your home folder")
    check_not_installed(path)
    root = paths.project_root().resolve()
    if root.is_relative_to(path):
        raise _refused(given, "is the project's folder" if path == root else "holds the project's folder")
    own = [paths.PACKAGE, *(root / name for name in OWN_FOLDERS if not (data and name == "data"))]
    if any(path.is_relative_to(item.resolve()) for item in own):
        raise _refused(given, "is one of the project's own folders")
    return path


def check_not_installed(path: Path) -> None:
    """Raise `OutputError` for a place in the project that a wheel carries, which is only read."""
    if path.is_relative_to(paths.EMBEDDED):
        raise OutputError(
            f"{path}: belongs to the installation, and a new version of peelbook would replace it. "
            "Fix: run `peelbook new my-book`, then this command in that folder."
        )


def file(given: Path | str) -> Path:
    """Return the file that may be written in this place, links followed; it need not be there yet.

    Raises `OutputError` for anything that is there and no file, such as a device or a folder.
    """
    path = Path(given)
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return path.resolve() if path.is_symlink() else path
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{given}: cannot be written ({getattr(error, 'strerror', None) or error}). Fix: name another file."
        ) from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else kind_of(mode)
        raise OutputError(f"{given}: is {kind}, and not a file. Fix: name a file.")
    return path.resolve() if path.is_symlink() else path


def file_to_write(given: Path | str) -> Path:
    """Return the file as `file` does, known to be writable before anything is computed for it.

    Raises `OutputError` too where the nearest folder that is there is no folder, or may not be written.
    """
    path = file(given)
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if (
        not above.is_dir()
        or not os.access(above, os.W_OK)
        or (path.exists() and not os.access(path, os.W_OK))
    ):
        raise OutputError(
            f"{given}: cannot be written ({above} allows it not). Fix: name a file in another folder."
        )
    return path


def _expanded(given: Path | str) -> Path:
    try:
        return Path(given).expanduser().absolute()
    except (OSError, RuntimeError) as error:
        raise _refused(given, f"cannot be found ({error})") from error


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except (OSError, RuntimeError):
        return None


def _name(part: Path, whole: Path) -> str:
    return "" if part == whole else f"{part} "


def _check_length(given: Path | str, path: Path) -> None:
    longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    if longest > 255 - _ROOM_FOR_NAME or len(os.fsencode(path)) > 4096 - _ROOM_FOR_PATH:
        short = f"{os.fspath(given)[:60]}…"
        raise OutputError(f"{short}: this name is too long. Fix: choose a shorter one.")


def _refused(given: Path | str, why: str) -> OutputError:
    return OutputError(f"{given}: {why}. Fix: name a new or empty folder.")
