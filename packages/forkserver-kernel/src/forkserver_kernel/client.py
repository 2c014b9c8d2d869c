"""The owner's side: starts zygotes, asks them for kernels, and ends them.

One zygote serves one setting (interpreter, preload list, start-up environment). It is started at the first
kernel and lives until its owner ends, `shut_down` is called, or a preloaded source file changes. Its owner
may lend it to processes it starts itself: the imports are then done once for all of them.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import select
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from forkserver_kernel import _wire

if sys.platform != "win32":
    import fcntl

START_TIMEOUT = 60.0
"""Seconds a zygote may take for its imports before the first kernel is given up."""

# What Python, the loader, the numeric libraries and matplotlib read at start-up: a fork cannot change it
# afterwards, so kernels that differ in one of these need zygotes of their own.
_START_UP_PREFIXES = ("PYTHON", "LD_", "OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_", "MPL", "MALLOC_", "LC_")
_START_UP_NAMES = (
    "LANG",
    "HOME",
    "TZ",
    "IPYTHONDIR",
    "JUPYTER_CONFIG_DIR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
)
# Not HOME-like, and set anew for every test by some test runners.
_IGNORED = ("PYTHONUNBUFFERED",)

_SOCKET_PATH_LIMIT = 104
PREFIX = "fsk-"


#: Zygotes a process keeps at most; the one that was idle longest goes first. Each holds its imports in memory.
MAX_ZYGOTES = 4


class ForkServerError(RuntimeError):
    """A zygote could not be started or did not answer; a plain kernel process still can be."""


class RefusedError(ForkServerError):
    """No zygote of this setting can ever fork: asking again would only cost its imports again."""

    news = False  # whether nobody was told before


class RuntimeFolder:
    """A private folder for sockets: mode 0700, short absolute path, removed with its owner.

    A lock held on a file inside tells the living from the dead, so that a folder left behind by a killed
    process is swept by the next one. The lock passes to the zygote and its kernels with the open file.
    """

    def __init__(self) -> None:
        base = _short_base()
        _sweep(base)
        self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getuid()}-", dir=base))
        self.descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)
        self._count = 0

    def new_name(self) -> str:
        """Return a path prefix that no other kernel has."""
        self._count += 1
        return str(self.path / f"k{self._count}")

    def remove(self) -> None:
        """Delete the folder."""
        with contextlib.suppress(OSError):
            os.close(self.descriptor)
        shutil.rmtree(self.path, ignore_errors=True)


def _short_base() -> str:
    """Return a folder for temporary files whose path leaves room for a socket's name."""
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):
        if base and len(base) < _SOCKET_PATH_LIMIT - 40 and _trusted(base):
            return os.path.abspath(base)  # noqa: PTH100
    raise ForkServerError(
        "no folder for temporary files has a path short enough for a socket and is safe to use"
    )


def _trusted(base: str) -> bool:
    """Whether a folder can be written to, and no other user can rename what lies in it.

    It must be ours and not writable by others, or have the sticky bit, as `/tmp` has. `sudo -E` leaves the variable
    of another user, who could put a folder of his own in the place of ours.
    """
    try:
        status = os.stat(base)  # noqa: PTH116
    except OSError:
        return False
    ours = status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    sticky = bool(status.st_mode & stat.S_ISVTX) and status.st_uid in (0, os.getuid())
    return (ours or sticky) and os.access(base, os.W_OK | os.X_OK)


def _sweep(base: str) -> None:
    """Remove the folders of processes that were killed: nobody holds their lock any more."""
    for folder in Path(base).glob(f"{PREFIX}{os.getuid()}-*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid != os.getuid() or time.time() - folder.stat().st_mtime < 5:
                continue  # a folder this young may not have its lock yet
            descriptor = os.open(folder / "lock", os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


class ForkedProcess:
    """A kernel forked by a zygote, with the part of `subprocess.Popen` that provisioners use.

    Closing it, or this process's end, kills the kernel and its process group.
    """

    stdin = stdout = stderr = None

    def __init__(self, said: dict[str, Any], channel: socket.socket, args: list[str], decoder: _wire.Decoder):
        self.said = said  # what it said of itself when it was ready
        self.pid: int = said["pid"]
        self.args = args
        self.returncode: int | None = None
        self._channel = channel
        self._decoder = decoder
        self._answers: list[dict[str, Any]] = []

    def poll(self) -> int | None:
        """Return the exit status, or `None` while the kernel runs; negative means killed by a signal."""
        if self.returncode is None:
            try:
                part = self._channel.recv(1 << 18)
            except (BlockingIOError, InterruptedError):
                return None
            except OSError:
                part = b""
            if not part:
                self.returncode = -9  # the zygote has gone, and takes its kernels with it
            for message in self._decoder.feed(part):
                if "status" in message:
                    self.returncode = int(message["status"])
                else:
                    self._answers.append(message)
        return self.returncode

    def ask(self, message: dict[str, Any], timeout: float | None) -> dict[str, Any] | None:
        """Return the answer of a process that runs cells; `None` where it ended instead. Raises `TimeoutError`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        poller = select.poll()
        poller.register(self._channel, select.POLLIN)
        self._channel.setblocking(True)
        try:
            self._channel.sendall(_wire.encode(message))
        except OSError:
            return None
        finally:
            self._channel.setblocking(False)
        while not self._answers:
            if self.poll() is not None and not self._answers:
                return None
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            if not self._answers:
                poller.poll(None if left is None else left * 1000)
        return self._answers.pop(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, then let the zygote reap it. Raises `subprocess.TimeoutExpired`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = 0.001
        while self.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            time.sleep(pause)
            pause = min(pause * 2, 0.05)
        self.close()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, signum: int) -> None:
        """Signal the kernel, unless it has ended: its id is not given away before `wait`."""
        if self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        """Kill the kernel."""
        self.send_signal(9)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(15)

    def close(self) -> None:
        """Give the kernel up; what is left of its process group is killed."""
        self._channel.close()


class HiddenModuleError(RuntimeError):
    """The kernel's folder holds a file that matters at an import which was made before the fork."""


class _Zygote:
    """One zygote, seen from a process that may ask it for kernels."""

    def __init__(self, control: socket.socket):
        self._control = control
        self._lock = threading.Lock()

    @property
    def report(self) -> dict[str, Any]:
        """What the zygote said after its imports."""
        raise NotImplementedError

    def usable(self) -> bool:
        """Whether kernels can still be had from it."""
        raise NotImplementedError

    async def fork(
        self,
        argv: list[str],
        env: dict[str, str],
        cwd: str,
        streams: tuple[int, int, int],
        cells: bool = False,
    ) -> ForkedProcess:
        """Fork one kernel. `argv` are the arguments after `ipykernel_launcher`; it gets this process's limits.

        With `cells` it has no sockets: it is given its cells by `ForkedProcess.ask`. Raises `ForkServerError` where the zygote does not answer, `OSError` where `cwd` cannot be entered.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                try:
                    with self._lock:
                        socket.send_fds(self._control, [b"f"], [theirs.fileno(), *streams])
                except OSError as error:
                    raise ForkServerError(f"the zygote has gone: {error}") from error
            ours.setblocking(False)
            loop = asyncio.get_running_loop()
            decoder = _wire.Decoder()
            wanted = {"argv": argv, "env": env, "cwd": cwd, "limits": own_limits(), "cells": cells}
            try:
                await asyncio.wait_for(loop.sock_sendall(ours, _wire.encode(wanted)), START_TIMEOUT)
                said: dict[str, Any] = {}
                while not said.keys() & {"ready", "status", "error", "hidden"}:
                    part = await asyncio.wait_for(loop.sock_recv(ours, 4096), START_TIMEOUT)
                    if not part:
                        raise ForkServerError("the zygote ended before the kernel started")
                    for message in decoder.feed(part):
                        said.update(message)
            except TimeoutError as error:
                raise ForkServerError(f"the zygote did not answer in {START_TIMEOUT:.0f} s") from error
            except ConnectionError as error:
                raise ForkServerError(f"the zygote has gone: {error}") from error
            if "hidden" in said:
                raise HiddenModuleError(
                    f"{said['hidden']} in {cwd} would not be read, for what reads it was imported before"
                )
            if "error" in said:
                raise OSError(said.get("errno"), said["error"])
            if "status" in said:
                raise ForkServerError(f"the kernel ended while starting (exit status {said['status']})")
            return ForkedProcess(said, ours, ["ipykernel_launcher", *argv], decoder)
        except BaseException:
            ours.close()
            raise

    def retire(self) -> None:
        """Fork no more kernels; those at work finish."""
        self._control.close()

    def stop(self, timeout: float = 5.0) -> None:
        """Have no more to do with it."""
        self._control.close()

    def ended(self) -> bool:
        """Whether nothing of it is left to collect."""
        return True

    def forget(self) -> None:
        """Give it up in a fork of this process, without a trace in the other."""
        self._control.close()


class LentZygote(_Zygote):
    """A zygote that another process has started, and ends.

    The owner speaks for its sources: whoever borrows it wants the code the owner runs.
    """

    def __init__(self, control: socket.socket):
        super().__init__(control)
        self._ended = False

    @property
    def report(self) -> dict[str, Any]:
        """Nothing: the zygote reports to its owner."""
        return {"skipped": {}, "sources": {}}

    def usable(self) -> bool:
        """Whether it has answered every request so far."""
        return not self._ended

    async def fork(self, *arguments: Any) -> ForkedProcess:
        """Fork one kernel, as an owner does; one refusal, and it is not asked again."""
        try:
            return await super().fork(*arguments)
        except ForkServerError:
            self._ended = True
            raise


class ForkServer(_Zygote):
    """One zygote, seen from its owner."""

    def __init__(self, python: str, preload: tuple[str, ...], env: dict[str, str], lock_descriptor: int):
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [python, "-m", "forkserver_kernel.zygote", str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,  # held open it would keep a reader of our output waiting
                    # The debugger's warning about frozen modules is not for the reader of a notebook.
                    env={"PYDEVD_DISABLE_FILE_VALIDATION": "1", **env},
                    cwd="/",
                    pass_fds=(theirs.fileno(), lock_descriptor),
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise ForkServerError(f"{python} cannot be run: {error}") from error
        super().__init__(ours)
        self._report: dict[str, Any] | None = None
        ours.sendall(_wire.encode({"preload": list(preload)}))

    @property
    def pid(self) -> int:
        """The zygote's process id."""
        return self._process.pid

    @property
    def report(self) -> dict[str, Any]:
        """What the zygote said after its imports: `skipped` modules, `threads`, `sources`. Waits for it."""
        with self._lock:
            if self._report is None:
                # Not `settimeout`: it would hold for every process that borrows the zygote.
                if not select.select([self._control], [], [], START_TIMEOUT)[0]:
                    raise ForkServerError(f"the zygote was not ready in {START_TIMEOUT:.0f} s")
                self._report = _wire.receive(self._control)
                if self._report is None:
                    raise ForkServerError(
                        f"the zygote ended while starting (exit status {self._process.wait()})"
                    )
            if "error" in self._report:
                raise ForkServerError(self._report["error"])
            return self._report

    async def fork(self, *arguments: Any) -> ForkedProcess:
        """Fork one kernel. Raises `RefusedError` where this zygote never got ready: the next one would not."""
        try:
            return await super().fork(*arguments)
        except ForkServerError as error:
            if reason := self._never_ready():
                raise RefusedError(reason) from error
            raise

    def _never_ready(self) -> str:
        """Why the zygote was never ready to fork; empty where it was, or was killed from outside."""
        with self._lock:
            if self._report is None and select.select([self._control], [], [], 0)[0]:
                with contextlib.suppress(OSError):
                    self._report = _wire.receive(self._control)
        if self._report is not None:
            return str(self._report.get("error", ""))
        try:
            status = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return f"the zygote was not ready in {START_TIMEOUT:.0f} s"
        return "" if status < 0 else f"the zygote ended while starting (exit status {status})"

    def usable(self) -> bool:
        """Whether the zygote lives, and neither a source file it has loaded nor the installation changed since."""
        if self._process.poll() is not None:
            return False
        return all(
            _wire.stamp(file) == known for file, known in (self._report or {}).get("sources", {}).items()
        )

    @property
    def control(self) -> socket.socket:
        """The socket through which another process may `borrow` it; `multiprocessing` can send it to one."""
        return self._control

    def stop(self, timeout: float = 5.0) -> None:
        """End the zygote, and wait until it has gone."""
        self._control.close()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ended(self) -> bool:
        """Whether the zygote has ended; collects its exit status."""
        return self._process.poll() is not None

    def forget(self) -> None:
        """Give it up in a fork of this process, without a trace in the other."""
        super().forget()
        self._process.returncode = 0  # not the fork's child; keeps Popen from complaining


_servers: dict[tuple, _Zygote] = {}  # the one used longest ago first
_refused: dict[tuple, str] = {}  # settings that no zygote can serve, and why
_retired: list[Any] = []  # zygotes that this process asks for no more kernels
_folder: RuntimeFolder | None = None
_processes: list[Any] = []
_guard = threading.RLock()


def folder() -> RuntimeFolder:
    """Return this process's folder for sockets; a new one where the old was swept away, as `/tmp` is in time."""
    global _folder
    with _guard:
        if _folder is not None and not (_folder.path / "lock").exists():
            _folder.remove()
            _folder = None
        if _folder is None:
            _folder = RuntimeFolder()
        return _folder


def _start_up(env: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted(
            (name, value)
            for name, value in env.items()
            if (name.startswith(_START_UP_PREFIXES) or name in _START_UP_NAMES) and name not in _IGNORED
        )
    )


def _setting(python: str, preload: Sequence[str], env: dict[str, str]) -> tuple:
    return (python, tuple(preload), _start_up(env))


def borrow(python: str, preload: Sequence[str], env: dict[str, str], control: socket.socket) -> None:
    """Use a zygote that the process before this one has lent, for this setting, for as long as it answers."""
    control.set_inheritable(False)  # a child of this process must not keep the zygote waiting
    with _guard:
        _servers[_setting(python, preload, env)] = LentZygote(control)


def start_for_others(python: str, preload: Sequence[str], env: dict[str, str]) -> ForkServer:
    """Start a zygote that this process does not use itself, but lends by its `control`. Then `stop` it."""
    with _guard:
        _reap()
        _retired.append(ForkServer(python, tuple(preload), env, folder().descriptor))
        return _retired[-1]


def server(python: str, preload: Sequence[str], env: dict[str, str]) -> _Zygote:
    """Return the zygote for this setting, started now if need be.

    Raises `RefusedError` where one of this setting was refused before.
    """
    key = _setting(python, preload, env)
    with _guard:
        if key in _refused:
            raise RefusedError(_refused[key])
        known = _servers.pop(key, None)
        if known is not None and known.usable():
            _servers[key] = known
            return known
        if known is not None:
            known.retire()
            _retired.append(known)
        while len(_servers) >= MAX_ZYGOTES:
            oldest = _servers.pop(next(iter(_servers)))
            oldest.retire()
            _retired.append(oldest)
        _reap()
        _servers[key] = ForkServer(python, key[1], env, folder().descriptor)
        return _servers[key]


def remember_refusal(python: str, preload: Sequence[str], env: dict[str, str], reason: str) -> bool:
    """Note that no zygote can serve a setting; returns whether this is news."""
    key = _setting(python, preload, env)
    with _guard:
        news = key not in _refused
        _refused[key] = reason
        if known := _servers.pop(key, None):
            known.retire()
            _retired.append(known)
    return news


def own_limits() -> dict[str, Any]:
    """Return what a process hands on to its children and a fork of another would not have: umask, processors, limits."""
    import resource

    mask = next(
        (
            line.split()[1]
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith("Umask")
        ),
        None,
    )
    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return {
        "umask": mask,
        "processors": sorted(os.sched_getaffinity(0)),
        "resources": {name: resource.getrlimit(getattr(resource, name)) for name in names},
    }


def _reap() -> None:
    """Collect the exit status of retired zygotes that have ended."""
    _retired[:] = [item for item in _retired if not item.ended()]


def shut_down_all() -> None:
    """End all zygotes of this process and remove their folder. Kernels still at work are killed."""
    global _folder
    with _guard:
        for process in _processes:
            process.close()
        _processes.clear()
        for item in [*_servers.values(), *_retired]:
            item.stop()
        _servers.clear()
        _retired.clear()
        _refused.clear()
        if _folder is not None:
            _folder.remove()
            _folder = None


def remember(process: ForkedProcess) -> None:
    """Note a kernel so that `shut_down_all` can end it."""
    with _guard:
        _processes[:] = [item for item in _processes if item.returncode is None]
        _processes.append(process)


def _forget_in_fork() -> None:
    """A fork of the owner must neither use its zygotes nor keep their sockets open."""
    global _folder, _guard
    _guard = threading.RLock()
    for item in [*_servers.values(), *_retired]:
        item.forget()
    for process in _processes:
        process.close()
    if _folder is not None:
        os.close(_folder.descriptor)
        _folder = None
    _servers.clear()
    _retired.clear()
    _processes.clear()


atexit.register(shut_down_all)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget_in_fork)
