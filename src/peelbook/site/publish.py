"""Put a finished site in place at once, so that no reader ever sees half of one.

The new tree is assembled beside the old one and swapped in with one system call where the system has it.
Unchanged files are shared with the tree being replaced, never with the build folder, whose files are
rewritten in place.
"""

from __future__ import annotations

import ctypes
import errno
import glob
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from peelbook.errors import PeelbookError
from peelbook.files import sha256

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


class PublishError(PeelbookError):
    """The finished site could not be put in place; what was published before is untouched."""


def put_file(path: Path, content: bytes | str) -> None:
    """Write a file of the work folder where its bytes change, so that its time tells a real change.

    It is not atomic: nobody reads the work folder, and publishing makes the site whole.
    """
    payload = content.encode() if isinstance(content, str) else content
    try:
        if path.read_bytes() == payload:
            return
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(payload)


RECORD = "build.json"
"""The file that every site has and no other folder should: what this one may replace."""


def target(out_dir: Path | str) -> Path:
    """Return the folder that a site may be put into, links followed; publishing removes all else in it.

    Raises `PublishError` where that would destroy something: a file, or a folder that holds anything but a
    site of this project; and where the folder cannot be written.
    """
    folder = Path(out_dir).resolve()
    if folder.is_file():
        raise PublishError(f"{out_dir}: is a file. Fix: name a folder for the site.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / RECORD).is_file():
        raise PublishError(
            f"{out_dir}: holds files that are not a site of this project, and building would remove them. "
            "Fix: name a new or empty folder, or move what is there."
        )
    near = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not os.access(near if near != folder else folder.parent, os.W_OK):
        raise PublishError(f"{out_dir}: cannot be written. Fix: choose a folder that can.")
    return folder


def publish(files: Mapping[str, Path], out_dir: Path) -> int:
    """Make `out_dir` hold exactly these files (path inside the site → file). Returns how many changed.

    One at a time: two builds with work folders of their own may have the same aim. Whether the folder may be
    replaced is for the caller to ask, with `target`. Raises `PublishError` (disk full, read-only folder) with
    what is there intact, or `LockedError`.
    """
    from peelbook.runner.lock import hold

    out_dir = Path(out_dir).resolve()
    with hold(_door(out_dir), "publish"):
        for left in out_dir.parent.glob(f".{glob.escape(out_dir.name)}.*-*"):
            if re.fullmatch(rf"\.{re.escape(out_dir.name)}\.(?:new|old)-\w+", left.name):
                shutil.rmtree(left, ignore_errors=True)  # of a build that was killed
        return _publish(files, out_dir)


def _door(out_dir: Path) -> Path:
    """Where the lock of a site's folder is kept: in the system's own place for such, beside no reader's files."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    return Path(tempfile.gettempdir()) / f"peelbook-{user}-{sha256(os.fsencode(out_dir))[:16]}"


def _publish(files: Mapping[str, Path], out_dir: Path) -> int:
    same = {name for name, source in files.items() if _same(source, out_dir / name)}
    there = {path.relative_to(out_dir).as_posix() for path in out_dir.rglob("*") if path.is_file()}
    changed = len(files) - len(same) + len(there - set(files))
    if not changed and out_dir.exists():
        return 0
    fresh: Path | None = None
    try:
        out_dir.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=out_dir.parent, prefix=f".{out_dir.name}.new-"))
        _assemble(files, same, out_dir, fresh)
        umask = os.umask(0)
        os.umask(umask)
        fresh.chmod(0o777 & ~umask)  # mkdtemp makes folders private
        _swap(fresh, out_dir)
    except OSError as error:
        if fresh is not None:
            shutil.rmtree(fresh, ignore_errors=True)
        raise PublishError(
            f"{out_dir}: cannot publish the site ({error.strerror or error}). "
            "Fix: free some space or choose a folder that can be written; the site there is as it was."
        ) from error
    return changed


def _assemble(files: Mapping[str, Path], same: set[str], old: Path, fresh: Path) -> None:
    made: set[Path] = set()
    for name, source in files.items():
        target = fresh / name
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        if name in same:
            try:
                os.link(old / name, target)
                continue
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP):
                    raise
        shutil.copyfile(source, target)


def _same(left: Path, right: Path) -> bool:
    try:
        if left.stat().st_size != right.stat().st_size:
            return False
        return left.read_bytes() == right.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return False


def _swap(fresh: Path, out_dir: Path) -> None:
    """Exchange the new tree with the old one and remove the old."""
    if not out_dir.exists():
        fresh.rename(out_dir)
        return
    if _exchange(fresh, out_dir):
        shutil.rmtree(fresh, ignore_errors=True)
        return
    # No exchange here: two renames, with the site away for the time between them.
    aside = Path(tempfile.mkdtemp(dir=out_dir.parent, prefix=f".{out_dir.name}.old-"))
    out_dir.rename(aside / "site")
    try:
        fresh.rename(out_dir)
    except OSError:
        (aside / "site").rename(out_dir)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _exchange(left: Path, right: Path) -> bool:
    """Swap two folders with renameat2(2); whether the system could."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    if rename(_AT_FDCWD, os.fsencode(left), _AT_FDCWD, os.fsencode(right), _RENAME_EXCHANGE) == 0:
        return True
    if (code := ctypes.get_errno()) in (errno.EINVAL, errno.ENOSYS):
        return False
    raise OSError(code, os.strerror(code), str(right))
