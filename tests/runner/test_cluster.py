"""A cluster differs from a laptop by one object: workers elsewhere, who have the package and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from runner_helpers import Inline, code, printed

import forkserver_kernel
from peelbook.paths import PACKAGE
from peelbook.runner import engine
from peelbook.runner.errors import SchedulerError
from peelbook.runner.executor import DaskCluster
from peelbook.runner.progress import Silent
from peelbook.runner.results import Result
from peelbook.runner.worker import Bundle

# Whatever Python runs there (worker, zygote, kernel) stops at any look into the repository.
GUARD = """
import os, sys
FORBIDDEN = tuple(os.environ["TEST_FORBIDDEN"].split(os.pathsep))
def guard(event, args):
    if event == "open" and isinstance(args[0], str) and os.path.abspath(args[0]).startswith(FORBIDDEN):
        raise PermissionError("a worker opened " + args[0])
sys.addaudithook(guard)
"""


@pytest.fixture
def cluster(tmp_path, book):
    """A scheduler and two workers: own processes, own folders, a copy of the package, no repository."""
    distributed = pytest.importorskip("distributed")
    assert distributed
    installed = tmp_path / "installed"
    for package in (PACKAGE, Path(forkserver_kernel.__file__).parent):
        shutil.copytree(package, installed / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    (installed / "sitecustomize.py").write_text(GUARD)
    root = PACKAGE.parent.parent
    forbidden = [str(root / name) + os.sep for name in ("data", "notebooks", "book", "src", "tests")]
    forbidden += [str(book.workspace.data) + os.sep, str(book.workspace.notebooks) + os.sep]
    env = {
        **os.environ,
        "PYTHONPATH": str(installed),
        "TEST_FORBIDDEN": os.pathsep.join(forbidden),
        "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "false",
    }
    processes: list[subprocess.Popen] = []

    def start(*arguments: str, folder: Path) -> subprocess.Popen:
        folder.mkdir()
        log = (folder / "log").open("w")
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]],
            cwd=folder,
            env=env,
            stdout=log,
            stderr=log,
        )
        log.close()
        processes.append(process)
        return process

    where = tmp_path / "scheduler.json"
    start(
        *(
            "dask_scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
            "--scheduler-file",
            str(where),
        ),
        folder=tmp_path / "scheduler",
    )
    deadline = time.monotonic() + 60
    while not where.exists() or not where.stat().st_size:
        assert time.monotonic() < deadline, (tmp_path / "scheduler" / "log").read_text()
        time.sleep(0.05)
    address = json.loads(where.read_text())["address"]
    workers = [
        start(
            *(
                "dask_worker",
                address,
                "--nthreads",
                "1",
                "--no-nanny",
                "--no-dashboard",
                "--name",
                str(number),
            ),
            *("--local-directory", str(tmp_path / f"worker{number}" / "scratch")),
            folder=tmp_path / f"worker{number}",
        )
        for number in (1, 2)
    ]
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    yield address, workers
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def by_place(results: list[Result]) -> dict[str, bytes | None]:
    return {f"{r.force_slug}/{r.section}": r.notebook for r in results}


@pytest.mark.slow
def test_two_workers_elsewhere_give_the_same_bytes_and_one_killed_loses_nothing(book, cluster, tmp_path):
    address, workers = cluster
    forces = ["metropolitan", "kent", "essex"]
    for section in book.sections:
        book.put(section.stem, code("import time; time.sleep(0.3)"))
    done: list[Result] = []

    class KillOne:
        def note(self, text):
            pass

        def start(self, total, up_to_date):
            pass

        def done(self, result):
            done.append(result)
            if len(done) == 2:
                os.kill(workers[0].pid, signal.SIGKILL)

        def stop(self):
            pass

    killed_family = psutil.Process(workers[0].pid)
    results = book.run(forces=forces, scheduler=address, progress=KillOne())
    assert workers[0].wait(10) == -signal.SIGKILL
    assert not killed_family.is_running()
    assert [r.error for r in results] == [None] * 9
    assert len(done) == 9, "each notebook is reported once"
    alone = book.moved(tmp_path / "alone" / ".peelbook").run(forces=forces)
    assert by_place(results) == by_place(alone)


@pytest.mark.slow
def test_workers_with_other_code_are_found_out(book, cluster, tmp_path):
    address, _ = cluster
    with (tmp_path / "installed" / "peelbook" / "formats.py").open("a") as stream:
        stream.write("# another version\n")
    results = book.run(forces=["kent"], scheduler=address)
    assert {r.error.kind for r in results} == {"other code"}
    assert not list(book.workspace.cache.rglob("*.nb"))


def test_any_executor_will_do(book):
    with ThreadPoolExecutor(2) as threads:
        results = engine.run(
            ["kent", "essex"],
            book.sections,
            workspace=book.workspace,
            options=engine.Options(executor=threads, jobs=2),
        )
    assert {r.status for r in results} == {"ok"}
    assert [printed(r).split()[0] for r in results] == ["kent"] * 3 + ["essex"] * 3


@pytest.mark.slow
def test_a_cluster_of_one_worker_that_is_lost_goes_on_when_its_nanny_has_started_another(book, tmp_path):
    """The tables are sent again: their only copy went with the worker."""
    pytest.importorskip("distributed")
    from distributed import LocalCluster

    for section in book.sections:
        book.put(section.stem, code("import time; time.sleep(0.2)"))
    done: list[Result] = []
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster:

        class KillIt(Silent):
            def done(self, result):
                done.append(result)
                if len(done) == 2:
                    os.kill(cluster.workers[0].pid, signal.SIGKILL)

        results = book.run(forces=["kent", "essex"], scheduler=cluster.scheduler_address, progress=KillIt())
    assert [result.error for result in results] == [None] * 6


@pytest.mark.parametrize("address", ["bogus", "tcp://", "http://127.0.0.1:8786"])
def test_what_is_no_address_of_a_scheduler_is_told_at_once(address):
    pytest.importorskip("distributed")
    with pytest.raises(SchedulerError, match="tcp://host:port"):
        DaskCluster(address, Bundle("", {}, {}))


def test_a_scheduler_that_does_not_answer_is_one_clear_error(book, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("peelbook.runner.executor.CONNECT_TIMEOUT", 1)
    with pytest.raises(SchedulerError, match=r"No scheduler answers at tcp://127\.0\.0\.1:9"):
        book.run(scheduler="tcp://127.0.0.1:9")


def test_without_dask_the_option_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SchedulerError, match=r"pip install peelbook\[cluster\]"):
        DaskCluster("tcp://127.0.0.1:9", Bundle("", {}, {}))


def test_a_fault_of_our_own_in_a_worker_is_not_hidden(book, monkeypatch):
    def broken(task, tables=None):
        raise RuntimeError("a bug")

    monkeypatch.setattr("peelbook.runner.worker.run_task", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        engine.run(
            ["kent"], book.sections, workspace=book.workspace, options=engine.Options(executor=Inline())
        )
