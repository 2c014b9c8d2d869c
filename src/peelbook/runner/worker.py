"""What runs in a worker: bytes in, bytes out, nothing shared with the parent but the installed package.

A worker unpacks tables into a private folder of its own, one for each section, holding only what that
section declares.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import json
import os
import shutil
import socket
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from peelbook.runner import execute, inputs
from peelbook.util.files import sha256


@dataclass(frozen=True)
class Bundle:
    """All tables of a run, each once: compressed bytes by hash, and which file of which section is which."""

    digest: str
    contents: Mapping[str, bytes]
    folders: Mapping[str, Mapping[str, str]]  # "data/<stem>" or "overlay/<stem>" → file name → hash


@dataclass(frozen=True)
class Task:
    """One notebook to execute. `environment` says what code the parent made the key for."""

    force: str
    section: str
    notebook: bytes
    parameters: Mapping[str, Any]
    kernel: str
    cell_timeout: int
    environment: tuple[str, str]  # package digest, Python minor


@dataclass(frozen=True)
class Outcome:
    """What came of a task: a notebook, or kind, cell, source and message of a failure."""

    notebook: bytes | None
    seconds: float
    cell_seconds: float = 0.0
    kind: str = ""
    cell: int = 0
    source: str = ""
    message: str = ""


def bundle(sections: Iterable[inputs.Inputs]) -> Bundle:
    """Return the tables of some sections as one value to send."""
    contents: dict[str, bytes] = {}
    folders: dict[str, dict[str, str]] = {}
    for own in sections:
        for kind, files in (("data", own.files), ("overlay", own.overlay)):
            listing = folders.setdefault(f"{kind}/{own.section.stem}", {})
            for name, content in sorted(files.items()):
                digest = sha256(content)
                listing[name] = digest
                if digest not in contents:
                    contents[digest] = zlib.compress(content, 1)
    names = "".join(f"{folder}\0{name}\0{h}\n" for folder in folders for name, h in folders[folder].items())
    return Bundle(sha256(names.encode()), contents, folders)


def pack(tables: Bundle, path: Path) -> None:
    """Write a bundle to a file. Raises `OSError`."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(_LISTING, json.dumps({"digest": tables.digest, "folders": tables.folders}))
        for digest, content in tables.contents.items():
            archive.writestr(digest, content)


def unpack(path: Path) -> Bundle:
    """Read a bundle from a file."""
    with zipfile.ZipFile(path) as archive:
        listing = json.loads(archive.read(_LISTING))
        contents = {name: archive.read(name) for name in archive.namelist() if name != _LISTING}
    return Bundle(listing["digest"], contents, listing["folders"])


_LISTING = "listing.json"

OTHER_CODE = (
    "the worker has another version of peelbook or Python than the process that planned the run. "
    "Fix: install the same in both; if you edited the package meanwhile, run again"
)


@cache
def _environment() -> tuple[str, str]:
    """What this process has imported, or will: read once, as imports are."""
    return inputs.package_digest(), inputs.python_minor()


_root: Path | None = None
_guard = threading.Lock()


def private_folder() -> Path:
    """Return this process's private folder, made on first use and removed at its end."""
    global _root
    with _guard:
        if _root is None:
            _root = Path(tempfile.mkdtemp(prefix="pb-worker-"))
            atexit.register(_remove, _root, os.getpid())
        return _root


def _remove(folder: Path, pid: int) -> None:
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)


def _unpacked(tables: Bundle, which: str) -> Path | None:
    """Return a folder of the bundle on this machine's disk; `None` for an empty one.

    It is written beside and moved into place, so that threads of one worker may meet here.
    """
    listing = tables.folders.get(which, {})
    if not listing:
        return None
    target = private_folder() / tables.digest[:16] / which
    with _guard_unpack:
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=target.parent))
        for name, digest in listing.items():
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise ValueError(f"the table {name!r} would leave its folder")
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(zlib.decompress(tables.contents[digest]))
        fresh.rename(target)
        return target


_guard_unpack = threading.Lock()


def run_task(task: Task, tables: Bundle | None = None) -> Outcome:
    """Execute one task. Never raises for what a notebook or kernel does; a dead kernel is tried once more.

    Without `tables` it uses those given to `start`.
    """
    if threading.current_thread() is threading.main_thread():
        return _run(task, tables)
    return contextvars.copy_context().run(_run_with_own_loop, task, tables)


def _run_with_own_loop(task: Task, tables: Bundle | None) -> Outcome:
    """Jupyter makes an event loop for each thread and leaves it open; a cluster's worker has many threads."""
    from jupyter_core.utils import ensure_event_loop

    loop = ensure_event_loop()
    try:
        return _run(task, tables)
    finally:
        loop.close()
        asyncio.set_event_loop(None)


def _run(task: Task, tables: Bundle | None) -> Outcome:
    if _environment() != task.environment:
        return Outcome(None, 0.0, kind="other code", message=OTHER_CODE)
    tables = tables if tables is not None else _tables
    if tables is None:
        raise RuntimeError("the worker has no tables")
    data = _unpacked(tables, f"data/{task.section}")
    overlay = _unpacked(tables, f"overlay/{task.section}")
    env = {"PEELBOOK_DATA": str(data or ""), "PEELBOOK_OVERLAY": str(overlay or "")}
    folders = {data: "data", overlay: "your data", private_folder(): "data"}
    hidden = {str(folder): word for folder, word in folders.items() if folder is not None}
    for attempt in (1, 2):
        try:
            done = execute.execute(
                task.notebook,
                task.parameters,
                kernel=task.kernel,
                env=env,
                cell_timeout=task.cell_timeout,
                hidden=hidden,
                scratch=private_folder(),  # goes with the worker, even when that is killed
            )
        except execute.NotebookError as error:
            if attempt == 1 and error.kind in ("kernel died", "kernel did not start"):
                continue
            message = execute.without_folders(error.message, hidden)
            return Outcome(None, 0.0, 0.0, error.kind, error.cell, error.source, message)
        return Outcome(done.notebook, done.seconds, done.cell_seconds)
    raise AssertionError("unreachable")


_tables: Bundle | None = None


TABLES, STARTED = "tables.zip", "started"
"""In the scratch folder: the run's tables, and the sign that a worker has come as far as reading them."""


def start(tables: str, scratch: str, zygote: socket.socket | None) -> None:
    """Prepare a worker of the local pool: its tables (a file), its folder, the zygote, its end with the parent's."""
    global _tables, _root
    (Path(scratch) / STARTED).touch()
    _tables = unpack(Path(tables))
    _root = Path(tempfile.mkdtemp(prefix=f"worker-{os.getpid()}-", dir=scratch))
    atexit.register(_remove, _root, os.getpid())
    _end_with_parent()
    if zygote is not None:
        execute.borrow_zygote(zygote)
    import papermill.execute  # noqa: F401 - a second of imports, beside those of the zygote


def _end_with_parent() -> None:
    """End when the parent does, however it ends: a pool's worker would wait for work for ever."""
    import signal
    from multiprocessing import connection, parent_process

    parent = parent_process()
    if parent is None:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    if hasattr(signal, "pthread_sigmask"):  # it was kept from this process while it started
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def watch() -> None:
        connection.wait([parent.sentinel])
        import forkserver_kernel

        forkserver_kernel.shut_down()
        if _root is not None:
            shutil.rmtree(_root, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()
