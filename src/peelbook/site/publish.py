"""Put a finished site in place at once, so that no reader ever sees half of one.

The new tree is assembled beside the old one and swapped in with one system call where the system has it.
Unchanged files are shared with the tree being replaced, and new ones with the build folder where its files are
never rewritten in place (`put_file`): copying an edition's 7,000 files takes seconds, linking them a moment.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import glob
import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from peelbook.errors import PeelbookError
from peelbook.util import output
from peelbook.util.files import files_below, sha256

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


class PublishError(PeelbookError):
    """The finished site could not be put in place; what was published before is untouched."""


def put_file(path: Path, content: bytes | str) -> bool:
    """Write a file of the work folder where its bytes change, so that its time tells a real change; whether they did.

    It is not atomic: nobody reads the work folder, and publishing makes the site whole. The old file is left
    alone, because a published site may share it: the new bytes are another file of the same name.
    """
    payload = content.encode() if isinstance(content, str) else content
    try:
        if path.read_bytes() == payload:
            return False
        path.unlink()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(payload)
    return True


def keep_only(folder: Path, names: Collection[str]) -> None:
    """Remove every file of a folder that is not named, and the folders that this empties."""
    for name in set(files_below(folder)).difference(names):
        path = folder / name
        path.unlink()
        for above in path.parents:
            if above == folder or any(above.iterdir()):
                break
            above.rmdir()


RECORD = "peelbook-site.json"
"""In every site: the names of its files. Only publishing writes it, and only what it names is ever replaced."""

_MADE_BY = "peelbook"

_OF_INDEX = re.compile(r"_[0-9a-f]{7,}(?=\.pf_[a-z]+$)")
"""The hash in the name of a file of Pagefind's, which is another for the same pages; the record has `_*` in its place."""


def recorded(folder: Path) -> frozenset[str] | None:
    """Return the names of the files that this product has put into a folder; `None` where it has put none."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        names = record["files"]
        ours = record["made_by"] == _MADE_BY and isinstance(names, list)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not ours or not all(isinstance(name, str) for name in names):
        return None
    patterns = {name for name in names if "*" in name}
    there = (
        [name for name in files_below(folder) if _OF_INDEX.sub("_*", name) in patterns] if patterns else []
    )
    return frozenset(names).difference(patterns) | frozenset(there)


def remove(folder: Path, *, dry_run: bool = False) -> str:
    """Remove a site from its folder: the files that its record names, and the folders that this empties.

    Returns a line that says what came of it, or with `dry_run` what would: what others put there stays, and so does
    a folder without a record. Raises `PublishError` where something cannot be removed.
    """
    own = recorded(folder)
    if own is None and any(folder.iterdir()):
        left = "Would leave" if dry_run else "Left"
        return f"{left} {folder}: it has no {RECORD}, so that nothing in it is known to be of this project. Remove it by hand."
    names = {*(own or ()), RECORD}
    others = foreign(folder, names)
    count = f"{len(others)} file{'' if len(others) == 1 else 's'}"
    removed = "Would remove" if dry_run else "Removed"
    said = f"{removed} the site in {folder}; {count} of others stay" if others else f"{removed} {folder}"
    if dry_run:
        return said
    try:
        for at, _, files in os.walk(folder, topdown=False):
            inside = Path(at).relative_to(folder)
            ours = [name for name in files if (inside / name).as_posix() in names]
            for name in ours:
                Path(at, name).unlink()
            if inside.as_posix() not in others and not any(Path(at).iterdir()) and not Path(at).is_symlink():
                Path(at).rmdir()
    except OSError as error:
        raise PublishError(
            f"{folder}: cannot be removed ({error.strerror or error}). Fix: remove it by hand."
        ) from error
    return said


def target(out_dir: Path | str) -> Path:
    """Return the folder that a site may be put into, links followed; publishing replaces the site in it.

    Raises `OutputError` for what is no folder and for folders of others, `PublishError` where publishing would
    destroy something (a folder that holds anything but a site of this project) and where it cannot be written.
    """
    folder = output.own_folder(out_dir)
    if folder.is_dir() and any(folder.iterdir()) and recorded(folder) is None:
        raise PublishError(
            f"{out_dir}: holds files that are not a site of this project, and building would mix with them. "
            f"Fix: name a new or empty folder, or move what is there. (A site made before it had a {RECORD} may go.)"
        )
    if folder.is_mount():
        raise PublishError(
            f"{out_dir}: a disk is mounted there, and cannot be replaced. Fix: name a folder in it."
        )
    if folder.exists() and not os.access(folder.parent, os.W_OK):
        raise PublishError(
            f"{out_dir}: cannot be replaced: the folder above it cannot be written. Fix: choose another."
        )
    return folder


def publish(
    files: Mapping[str, Path | str],
    out_dir: Path,
    shared: Collection[str] = (),
) -> int:
    """Make `out_dir` hold exactly these files (path inside the site → file). Returns how many changed.

    The `shared` ones are never rewritten in place by the caller, and so need no copy where the system can link.
    One at a time: two builds with work folders of their own may have the same aim. Whether the folder may be
    replaced is for the caller to ask, with `target`. Raises `PublishError` (disk full, read-only folder) with
    what is there intact, or `LockedError`.
    """
    from peelbook.runner.lock import hold

    out_dir = Path(out_dir).resolve()
    with hold(_lock_folder(out_dir), "publish"):
        for left in out_dir.parent.glob(f".{glob.escape(out_dir.name)}.*-*"):
            if re.fullmatch(rf"\.{re.escape(out_dir.name)}\.(?:new|old)-\w+", left.name):
                shutil.rmtree(left, ignore_errors=True)  # of a build that was killed
        return _publish(files, out_dir, set(shared))


class HardLinkGuard:
    """Detects edits of files that a published site shares with its build folder by hard link.

    An edit of such a file in the site changes the build folder's too, and the next build would take it for its own.
    """

    def __init__(self, record: Path):
        self.record = record

    def remember(self, files: Mapping[str, os.stat_result]) -> None:
        """Note these files as they are now."""
        put_file(self.record, json.dumps({path: self._marks(about) for path, about in files.items()}))

    def edited(self) -> bool:
        """Whether one of them was changed since, other than by `put_file`."""
        try:
            known = json.loads(self.record.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return False
        except ValueError:
            return True
        for name, before in known.items():
            try:
                now = self._marks(os.stat(name))  # noqa: PTH116
            except OSError:
                continue  # it was removed, and will be made again
            if now[0] == before[0] and now != before:
                return True
        return False

    @staticmethod
    def _marks(about: os.stat_result) -> list[int]:
        return [about.st_ino, about.st_size, about.st_mtime_ns]


def _lock_folder(out_dir: Path) -> Path:
    """Where the lock of a site's folder is kept: in the system's own place for such, beside no reader's files."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    return Path(tempfile.gettempdir()) / f"peelbook-{user}-{sha256(os.fsencode(out_dir))[:16]}"


def _publish(files: Mapping[str, Path | str], out_dir: Path, shared: Collection[str]) -> int:
    there = set(files_below(out_dir)) - {RECORD}
    own = recorded(out_dir) or frozenset()
    sources = {name: os.fspath(path) for name, path in files.items()}
    with _reported(out_dir):
        same = {name for name in sources if name in there and _same(sources[name], f"{out_dir}/{name}")}
    if others := sorted((there - own) & (sources.keys() - same)):
        raise PublishError(
            f"{out_dir}: {others[0]} is not of this project, and the site has a file of that name. "
            "Fix: move it, then build again; the site there is as it was."
        )
    changed = len(sources) - len(same) + len((there & own) - sources.keys())
    if changed or own != sources.keys() or not out_dir.exists():
        with _reported(out_dir), _new_tree(out_dir) as fresh:
            _lay_out(sources, same, shared, out_dir, fresh)
            _put_in_place(fresh, out_dir, sources.keys(), own)
    return changed


@contextlib.contextmanager
def _reported(out_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PublishError(
            f"{out_dir}: cannot publish the site ({error.strerror or error}). "
            "Fix: free some space or choose a folder that can be written; the site there is as it was."
        ) from error


@contextlib.contextmanager
def _new_tree(out_dir: Path) -> Iterator[Path]:
    """An empty folder beside the site; what is still there at the end is removed."""
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=out_dir.parent, prefix=f".{out_dir.name}.new-"))
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _lay_out(
    sources: Mapping[str, str], same: Collection[str], shared: Collection[str], out_dir: Path, fresh: Path
) -> None:
    """Fill a new tree: with the old one's file where it is the `same`, else with the `shared` one or a copy.

    An edition has 7,400 files; as plain text their names take a third of the time that `Path`s would.
    """
    made: set[str] = set()
    for name, source in sources.items():
        target = f"{fresh}/{name}"
        folder = target.rpartition("/")[0]
        if folder not in made:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
            made.add(folder)
        linkable = f"{out_dir}/{name}" if name in same else source if name in shared else None
        if linkable is None or not _linked(linkable, target):
            shutil.copyfile(source, target)


def _put_in_place(fresh: Path, out_dir: Path, names: Collection[str], own: Collection[str]) -> None:
    """Exchange the old tree for the new one, of these files; what was not its `own` in the old one stays."""
    for name in foreign(out_dir, {*own, *names, RECORD}):
        _keep(f"{out_dir}/{name}", f"{fresh}/{name}")
    record = {"made_by": _MADE_BY, "files": sorted({_OF_INDEX.sub("_*", name) for name in names})}
    Path(fresh, RECORD).write_text(json.dumps(record, indent=0) + "\n", encoding="utf-8")
    umask = os.umask(0)
    os.umask(umask)
    fresh.chmod(0o777 & ~umask)  # mkdtemp makes folders private
    _swap(fresh, out_dir)


def foreign(folder: Path, own: Collection[str]) -> list[str]:
    """Return all in a folder that is not one of its own files: files, links, pipes, empty folders; by path inside."""
    found = []
    for at, folders, files in os.walk(folder):
        inside = os.path.relpath(at, folder)
        for name in [*files, *(name for name in folders if Path(at, name).is_symlink())]:
            path = name if inside == "." else f"{inside}/{name}".replace(os.sep, "/")
            if path not in own:
                found.append(path)
        if not files and not folders and inside != ".":
            found.append(inside.replace(os.sep, "/"))
    return sorted(found)


def _keep(source: str, target: str) -> None:
    """Give an entry that is not ours the same place in the new tree: the same file where the system can link."""
    os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
    if os.path.islink(source):  # noqa: PTH114
        os.symlink(os.readlink(source), target)  # noqa: PTH115, PTH211
    elif os.path.isdir(source):  # noqa: PTH112
        os.makedirs(target, exist_ok=True)  # noqa: PTH103
    elif not _linked(source, target):
        shutil.copy2(source, target)


# What systems say of a link they cannot make: between disks, of too many names, on a file system without.
_NO_LINK = frozenset({errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL})


def _linked(source: str, target: str) -> bool:
    """Give a file a second name; whether the system could."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        return False
    return True


def _same(left: str, right: str) -> bool:
    try:
        here, there = os.stat(left), os.stat(right)  # noqa: PTH116
        if os.path.samestat(here, there):
            return True
        if here.st_size != there.st_size:
            return False
        return Path(left).read_bytes() == Path(right).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return False


def _swap(fresh: Path, out_dir: Path) -> None:
    """Exchange the new tree with the old one and remove the old. Raises `OSError` for what is no folder."""
    if os.path.lexists(out_dir) and not stat.S_ISDIR(out_dir.lstat().st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(out_dir))
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
