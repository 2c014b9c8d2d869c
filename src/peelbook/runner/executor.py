"""Hands tasks to any `concurrent.futures.Executor` and loses none when a worker dies.

Laptop and cluster differ by one object: a pool of local processes, or the executor of a dask client. Both
get the same bytes. Only as many tasks are handed out as keep the workers busy, so that few must be
retried when a worker is lost.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import signal
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Protocol

from peelbook.runner import execute, worker
from peelbook.runner.errors import CacheError, SchedulerError, UsageError, WorkerStartError
from peelbook.runner.worker import Bundle, Outcome, Task

ATTEMPTS = 3
"""How often a task may lose its worker before it is given up."""

CONNECT_TIMEOUT = 15


_ADDRESS = re.compile(r"((tcp|tls|ucx|ws|wss)://)?(\[[0-9a-fA-F:.]+\]|[^\s/:]+):[0-9]{1,5}")


class Backend(Protocol):
    """Where tasks run."""

    width: int

    def submit(self, task: Task) -> Future[Outcome]:
        """Hand out one task."""
        ...

    def recover(self) -> None:
        """Make the backend usable again after a worker was lost."""
        ...

    def close(self, *, now: bool) -> None:
        """End it; `now` does not wait for tasks under way."""
        ...


def default_jobs() -> int:
    """Return how many processes this one may keep busy."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Set variables for the processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _warnings() -> str:
    """What multiprocessing's own helper warns of when this process is killed is no news: all of it is put away."""
    quiet = "ignore::UserWarning:multiprocessing.resource_tracker"
    return ",".join(item for item in (os.environ.get("PYTHONWARNINGS", ""), quiet) if item)


@contextlib.contextmanager
def _without_interrupt() -> Iterator[None]:
    """Keep Ctrl-C from the processes that are started meanwhile; this one meets it afterwards.

    A worker that is still importing would answer with a traceback of its own.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    # Python lets the signal through again, for good, once it has started this process.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class LocalPool:
    """Processes on this machine that share a fork server; started by spawning, as on every system."""

    def __init__(self, jobs: int, tables: Bundle, scratch: Path, kernel: str):
        if jobs < 1:
            raise UsageError(f"--jobs is {jobs}. Fix: give 1 or more.")
        self.width = jobs
        self._tables, self._scratch, self._kernel = tables, scratch, kernel
        self._pool: ProcessPoolExecutor | None = None
        self._zygote: Any = None

    def submit(self, task: Task) -> Future[Outcome]:
        """Hand out one task, starting the pool on the first."""
        # Workers are started by what is submitted. They must not import what lies in the user's folder.
        with _environment(PYTHONSAFEPATH="1", PYTHONWARNINGS=_warnings()), _without_interrupt():
            if self._pool is None:
                self._zygote = execute.start_zygote(self._kernel)
                control = self._zygote.control if self._zygote else None
                self._pool = ProcessPoolExecutor(
                    self.width,
                    mp_context=multiprocessing.get_context("spawn"),
                    initializer=worker.start,
                    initargs=(str(self._packed()), str(self._scratch), control),
                )
            return self._pool.submit(worker.run_task, task)

    def _packed(self) -> Path:
        """The tables in a file: what is written to a process that dies at its start would never be read."""
        path = self._scratch / worker.TABLES
        try:
            worker.pack(self._tables, path)
            (self._scratch / worker.STARTED).unlink(missing_ok=True)
        except OSError as error:
            raise CacheError(
                f"{self._scratch.parent}: cannot be written ({error.strerror or error}). Fix: free some space or make "
                "it writable, and run again: what is finished is kept."
            ) from error
        return path

    def recover(self) -> None:
        """Drop the broken pool; the next task starts another. Raises `WorkerStartError` where none began to work."""
        self.close(now=True)
        if not (self._scratch / worker.STARTED).exists():
            raise WorkerStartError(
                "The worker processes end at their start; what they said of it stands above. "
                f"Fix: make sure that `{sys.executable} -P -c 'import peelbook.runner.worker'` works, then run again."
            )

    def close(self, *, now: bool) -> None:
        """End the workers, and then what they fork their kernels from."""
        pool, self._pool = self._pool, None
        zygote, self._zygote = self._zygote, None
        try:
            if pool is not None:
                for process in list((pool._processes or {}).values()) if now else []:
                    process.terminate()  # a worker at work would finish its notebook first
                pool.shutdown(wait=True, cancel_futures=True)
        finally:
            if zygote is not None:
                zygote.stop()


class AnyExecutor:
    """An executor of the caller's; tables go with every task."""

    def __init__(self, executor: Executor, width: int, tables: Bundle):
        self.width = max(1, width)
        self._executor = executor
        self._tables = tables

    def submit(self, task: Task) -> Future[Outcome]:
        """Hand out one task with its tables."""
        return self._executor.submit(worker.run_task, task, self._tables)

    def recover(self) -> None:
        """Nothing to do: the executor is not ours."""

    def close(self, *, now: bool) -> None:
        """Nothing to do: the executor is not ours."""


class DaskCluster:
    """The workers of a dask scheduler; tables are sent to each worker once."""

    def __init__(self, address: str, tables: Bundle):
        try:
            from distributed import Client
        except ImportError as error:
            raise SchedulerError(
                "--scheduler needs dask. Fix: install it with `pip install peelbook[cluster]`."
            ) from error
        if not _ADDRESS.fullmatch(address):  # dask would try for a long time, and then fail to give up
            raise SchedulerError(
                f"{address} is not the address of a scheduler. Fix: write it as tcp://host:port."
            )
        try:
            self._client = Client(address, timeout=CONNECT_TIMEOUT, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise SchedulerError(
                f"No scheduler answers at {address} ({error}). Fix: start one with `dask scheduler`, and workers "
                "with `dask worker`, or leave --scheduler out."
            ) from error
        threads = sum(self._client.nthreads().values())
        if not threads:
            self._client.close()
            raise SchedulerError(
                f"The scheduler at {address} has no workers. Fix: start some with `dask worker {address}`."
            )
        self.width = 2 * threads  # one under way and one waiting, as the way there takes time
        self._executor = self._client.get_executor(pure=False, retries=ATTEMPTS - 1)
        self._bundle = tables
        self._scatter()

    def _scatter(self) -> None:
        self._tables = self._client.scatter(self._bundle, broadcast=True, hash=False)

    def submit(self, task: Task) -> Future[Outcome]:
        """Hand out one task; dask itself moves it when its worker is lost."""
        return self._executor.submit(worker.run_task, task, self._tables)

    def recover(self) -> None:
        """Send the tables again: the worker that was lost may have held their last copy.

        Raises `SchedulerError` where no worker is left or comes back.
        """
        for attempt in range(ATTEMPTS):
            try:
                self._client.wait_for_workers(1, timeout=CONNECT_TIMEOUT)
                self._scatter()
                return
            except TimeoutError as error:
                raise SchedulerError(
                    f"No worker is left at the scheduler {self._client.scheduler_info()['address']}. "
                    "Fix: start some with `dask worker`, then run again; finished notebooks are kept."
                ) from error
            except Exception:  # the list of workers is a moment behind: one that died still stands in it
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(1)

    def close(self, *, now: bool) -> None:
        """Leave the cluster as it was."""
        with contextlib.suppress(Exception):
            self._executor.shutdown(wait=not now, cancel_futures=now)
        with contextlib.suppress(Exception):
            self._client.close()


def _lost(error: BaseException) -> bool:
    """Whether an exception means a lost worker rather than a fault of our own."""
    if isinstance(error, BrokenProcessPool | CancelledError | ConnectionError | EOFError):
        return True
    return type(error).__name__ in ("KilledWorker", "FutureCancelledError", "CommClosedError", "LostWorker")


def run_all(tasks: Iterable[Task], backend: Backend) -> Iterator[tuple[Task, Outcome]]:
    """Yield each task with its outcome as it is done, in any order; every task comes exactly once.

    Tasks under way when a worker is lost are tried again one at a time, so that the one that kills its worker
    takes no other with it; it is given up after `ATTEMPTS`.
    """
    waiting = deque(tasks)
    suspects: deque[tuple[Task, int]] = deque()
    under_way: dict[Future[Outcome], tuple[Task, int]] = {}

    def hand_out(task: Task, attempt: int) -> bool:
        try:
            under_way[backend.submit(task)] = (task, attempt)
        except (BrokenProcessPool, RuntimeError) as error:
            if not isinstance(error, BrokenProcessPool):
                raise
            return False
        return True

    while waiting or suspects or under_way:
        broken = False
        while waiting and len(under_way) < backend.width and not broken:
            task = waiting.popleft()
            if not hand_out(task, 1):
                waiting.appendleft(task)
                broken = True
        if suspects and not waiting and not under_way and not broken:
            task, attempt = suspects.popleft()
            if not hand_out(task, attempt):
                suspects.appendleft((task, attempt))
                broken = True
        done, _ = wait(under_way, return_when=FIRST_COMPLETED) if under_way else (set(), None)
        for future in [item for item in under_way if item in done]:  # in the order they were handed out
            task, attempt = under_way.pop(future)
            error: Any = None
            try:
                outcome = future.result()
            except BaseException as raised:
                if not _lost(raised):
                    raise
                error = raised
            if error is None:
                yield task, outcome
                continue
            broken = True
            if attempt >= ATTEMPTS:
                yield (
                    task,
                    Outcome(
                        None, 0.0, kind="worker lost", message=f"its worker was lost {attempt} times running"
                    ),
                )
            else:
                suspects.append((task, attempt + 1))
        if broken:
            backend.recover()
