"""What a run survives: kills, lost workers, a full disk, dying kernels, endless cells, a rival run."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from runner_helpers import Book, code, make_book, printed

from forkserver_kernel import available
from peelbook.runner import worker
from peelbook.runner.cache import Cache, read_entry
from peelbook.runner.engine import Options, run
from peelbook.runner.errors import CacheError, LockedError, WorkerStartError
from peelbook.runner.worker import Bundle
from peelbook.util import files

RUN = """
import signal
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from runner_helpers import SECTIONS
from peelbook import cli
from peelbook.runner.engine import Options, run
from peelbook.runner.progress import Lines
from peelbook.runner.workspace import Workspace

def main():
    root = Path(sys.argv[2])
    workspace = Workspace(root / "notebooks", root / "data", root / ".peelbook", root / "requirements.txt")
    results = run(None, SECTIONS, workspace=workspace, options=Options(jobs=2), progress=Lines(lambda line: print(line, flush=True)))
    print("statuses", sorted({r.status for r in results}), len(results), flush=True)

if __name__ == "__main__":
    # A shell that starts a job in the background has it ignore Ctrl-C, and so all that the job starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    cli.app = main
    cli.main()
"""


def start(root: Path, log: Path, **more) -> subprocess.Popen:
    script = root / "run.py"
    script.write_text(RUN)
    process = subprocess.Popen(
        [sys.executable, str(script), str(Path(__file__).parent), str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TEST_LOG": str(log)},
        **more,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("peelbook: project ")  # what each command says first
    return process


def family(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def all_gone(processes: list[psutil.Process], seconds: float = 10) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def entries(book: Book) -> dict[str, bytes]:
    """All finished notebooks, each with its hash checked."""
    return {path.name: read_entry(path).notebook for path in book.workspace.cache.glob("entries/*/*.nb")}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_killed_at_a_random_moment_resumes_and_gives_the_same_bytes(tmp_path, seed):
    book = make_book(tmp_path)
    for section in book.sections:
        book.put(section.stem, code("import time; time.sleep(0.2)"))
    log = tmp_path / "log"
    process = start(tmp_path, log)
    assert process.stdout is not None
    assert process.stdout.readline() == "9 to run, 0 up to date\n"
    finished = random.Random(seed).randint(1, 5)
    for _ in range(finished):
        assert process.stdout.readline()
    time.sleep(random.Random(seed).random() * 0.4)
    started = family(process.pid)
    process.kill()
    process.wait()
    process.stdout.close()
    assert all_gone(started), "a worker, zygote or kernel outlived the run"

    kept = entries(book)
    assert finished <= len(kept) < 9
    log.write_text("")
    statuses = book.statuses(forces=["metropolitan", "kent", "essex"])
    assert sorted(statuses.values()).count("cached") == len(kept)
    assert set(statuses.values()) == {"cached", "ok"}
    assert {name: entries(book)[name] for name in kept} == kept
    untouched = make_book(tmp_path / "untouched")
    for section in untouched.sections:
        untouched.put(section.stem, code("import time; time.sleep(0.2)"))
    untouched.run(forces=["metropolitan", "kent", "essex"])
    assert entries(book) == entries(untouched)
    assert not book.workspace.scratch.exists()


@pytest.mark.slow
def test_a_lost_worker_loses_nothing(book, tmp_path, monkeypatch):
    """One notebook kills the worker it runs on, the first time; a second one does so every time."""
    source = """
import os, re, signal
def worker():
    return int(re.search(r"worker-(\\d+)-", os.getcwd())[1])  # a kernel stands in its worker's own folder
"""
    once = "marker = os.environ['TEST_MARK']\nif not os.path.exists(marker):\n    open(marker, 'w').close()\n    os.kill(worker(), signal.SIGKILL)\n    import time; time.sleep(60)"
    always = "if force == 'kent':\n    os.kill(worker(), signal.SIGKILL)\n    import time; time.sleep(60)"
    monkeypatch.setenv("TEST_MARK", str(tmp_path / "mark"))
    book.put("alpha", code(source + once))
    book.put("gamma", code(source + always))
    results = {f"{r.force_slug}/{r.section}": r for r in book.run(jobs=2)}
    assert (tmp_path / "mark").exists()
    poison = results.pop("kent/gamma")
    assert {r.status for r in results.values()} == {"ok"}
    assert (poison.status, poison.error.kind) == ("failed", "worker lost")


@pytest.mark.slow
@pytest.mark.skipif(not available(), reason="kernels cannot be forked here")
def test_a_lost_fork_server_loses_nothing(book, tmp_path, monkeypatch):
    """All kernels of a run end with it; each notebook is tried again, from a fork server of its worker's own."""
    once = "import os, signal, time\nmarker = os.environ['TEST_MARK']\nif not os.path.exists(marker):\n    open(marker, 'w').close()\n    os.kill(os.getppid(), signal.SIGKILL)\n    time.sleep(60)"
    monkeypatch.setenv("TEST_MARK", str(tmp_path / "mark"))
    book.put("alpha", code(once))
    results = book.run(jobs=2)
    assert (tmp_path / "mark").exists()
    assert {r.status for r in results} == {"ok"}


def test_a_full_disk_stops_the_run_with_one_message_and_keeps_what_is_finished(book, monkeypatch):
    real, written = os.fsync, []

    def fsync(descriptor):
        written.append(descriptor)
        if len(written) > 4:  # two notebooks, each with its head
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(files.os, "fsync", fsync)
    with pytest.raises(CacheError, match=r"No space left on device.*what is finished is kept"):
        book.run()
    monkeypatch.undo()
    assert len(entries(book)) == 2
    assert not list(book.workspace.cache.rglob("*.part"))
    assert sorted(book.statuses().values()) == ["cached"] * 2 + ["ok"] * 4


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounting a small disk needs root on Linux"
)
def test_a_disk_that_is_really_full(book, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True
    ).returncode:
        pytest.skip("this system does not let root mount a file system")
    try:
        book.put("beta", code("print('x' * 200_000)"))
        with pytest.raises(CacheError, match="No space left"):
            book.moved(disk / ".peelbook").run(forces=["kent"])
        assert [read_entry(path) for path in disk.rglob("*.nb")], "what was finished before is whole"
        assert not list(disk.rglob("*.part"))
        # Not even the lock's record finds room: still a message, and no traceback.
        (disk / "filler").write_bytes(b"")
        with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as stream:
            while True:
                stream.write(b"x" * 512)
        with pytest.raises(CacheError, match="No space left"):
            book.moved(disk / "other" / ".peelbook").run(forces=["kent"])
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_folder_that_cannot_be_written_is_one_clear_error(book, tmp_path):
    blocked = Path("/proc/peelbook") if os.geteuid() == 0 else tmp_path / "blocked" / "in"
    if os.geteuid():
        blocked.parent.mkdir()
        blocked.parent.chmod(0o500)
    with pytest.raises(CacheError, match="Fix: make it writable"):
        book.moved(blocked).run()


def test_a_kernel_that_dies_fails_its_notebook_alone(book):
    book.put("beta", code("import os\nif force == 'kent':\n    os._exit(3)"))
    results = {f"{r.force_slug}/{r.section}": r for r in book.run()}
    failed = results.pop("kent/beta")
    assert (failed.status, failed.error.kind, failed.error.cell) == ("failed", "kernel died", 5)
    assert {r.status for r in results.values()} == {"ok"}


def test_a_kernel_that_dies_once_is_forgiven(book, tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_MARK", str(tmp_path / "mark"))
    book.put(
        "beta",
        code(
            "import os\nif not os.path.exists(os.environ['TEST_MARK']):\n    open(os.environ['TEST_MARK'], 'w').close()\n    os._exit(3)"
        ),
    )
    assert set(book.statuses().values()) == {"ok"}


def test_a_cell_that_never_ends_fails_its_notebook_alone(book):
    book.put("beta", code("while force == 'kent': pass"))
    results = {f"{r.force_slug}/{r.section}": r for r in book.run(cell_timeout=1)}
    failed = results.pop("kent/beta")
    assert (failed.error.kind, failed.error.cell) == ("timeout", 5)
    assert {r.status for r in results.values()} == {"ok"}


def test_a_clock_set_back_between_two_runs_changes_nothing(book, monkeypatch):
    first = {r.key: r.notebook for r in book.run()}
    monkeypatch.setattr(time, "time", lambda: 1.0)
    for path in book.workspace.base.rglob("*"):
        os.utime(path, (2e9, 2e9))
    assert book.ran() == set()
    assert {r.key: r.notebook for r in book.run(again=True)} == first


@pytest.mark.slow
def test_of_two_runs_at_once_one_waits_its_turn_with_a_message_and_nothing_breaks(tmp_path):
    book = make_book(tmp_path)
    for section in book.sections:
        book.put(section.stem, code("import time; time.sleep(0.1)"))
    process = start(tmp_path, tmp_path / "log")
    assert process.stdout is not None
    assert process.stdout.readline() == "9 to run, 0 up to date\n"
    with pytest.raises(LockedError, match=rf"process {process.pid} on"):
        book.run()
    rest = process.stdout.read()
    process.stdout.close()
    assert process.wait() == 0
    assert "statuses ['ok'] 9" in rest
    assert book.ran(forces=["metropolitan", "kent", "essex"]) == set()


def test_two_writers_of_one_entry_leave_a_whole_one(tmp_path):
    """Without any lock, as two machines on one network folder might."""
    writer = "import sys\nfrom pathlib import Path\nfrom peelbook.runner.cache import Cache\nfor _ in range(50):\n    Cache(Path(sys.argv[1])).write('a' * 64, sys.argv[2].encode() * 50_000, 1.0)\n"
    both = [subprocess.Popen([sys.executable, "-c", writer, str(tmp_path), text]) for text in ("x", "y")]
    cache, seen = Cache(tmp_path), set()
    while any(process.poll() is None for process in both):
        entry = cache.read("a" * 64)
        if entry is not None:
            seen.add(entry.notebook[:1])
    assert {process.wait() for process in both} == {0}
    assert seen <= {b"x", b"y"}
    assert seen


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "said", "status", "finished"),
    [
        (signal.SIGINT, "peelbook: stopped.", 130, 0),
        (signal.SIGINT, "peelbook: stopped.", 130, 1),
        (signal.SIGTERM, "peelbook: terminated.", 143, 1),
        (signal.SIGKILL, "", -9, 1),
    ],
)
def test_a_run_ended_from_outside_says_one_line_at_most_and_keeps_what_is_finished(
    tmp_path, sent, said, status, finished
):
    book = make_book(tmp_path)
    for section in book.sections:
        book.put(section.stem, code("import time; time.sleep(0.5)"))
    process = start(tmp_path, tmp_path / "log", start_new_session=True)
    assert process.stdout is not None
    for _ in range(1 + finished):
        process.stdout.readline()
    time.sleep(0.3)
    started = family(process.pid)
    # A terminal sends it to the command and to all that it has started.
    os.killpg(process.pid, sent) if sent == signal.SIGINT else process.send_signal(sent)
    # Beside the lines of notebooks: a kernel that could not be forked in time warns of its own, ended or not.
    other = re.compile(r"\[\d/9\] |\[IPKernelApp\] WARNING")
    last = [line for line in process.stdout.read().splitlines() if not other.match(line)]
    process.stdout.close()
    assert process.wait(15) == status
    assert len(last) <= 1 and "".join(last).startswith(said), last
    assert all_gone(started)
    assert finished <= len(entries(book)) < 9
    assert sent == signal.SIGKILL or not book.workspace.scratch.exists()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be kept back here")
def test_ctrl_c_is_kept_from_workers_even_if_python_starts_a_process_of_its_own_with_the_first():
    code = """if True:
        import multiprocessing, signal
        from peelbook.runner import executor
        with executor._without_interrupt():
            lock = multiprocessing.get_context("spawn").Lock()
            print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
        print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
        """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


@pytest.mark.slow
def test_workers_that_end_at_their_start_are_an_error_at_once(book, capfd, monkeypatch):
    monkeypatch.setattr(worker, "start", sys.exit)
    monkeypatch.setattr(worker, "bundle", lambda own: Bundle("", {"x": os.urandom(10**6)}, {}))
    with pytest.raises(WorkerStartError, match=r"end at their start.*Fix: "):
        book.run(jobs=2)
    assert not book.workspace.scratch.exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["types", "random"])
def test_what_lies_in_the_folder_of_the_user_is_not_imported(book, tmp_path, monkeypatch, name):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / f"{name}.py").write_text("raise SystemExit('a file of the user')")
    monkeypatch.chdir(tmp_path / "here")
    assert {result.status for result in book.run(["kent"], jobs=1)} == {"ok"}


@pytest.mark.slow
def test_a_pool_of_processes_gives_the_same_bytes_as_one_process(book, tmp_path):
    alone = {(r.force_slug, r.section): r.notebook for r in book.run()}
    other = book.moved(tmp_path / "other" / ".peelbook")
    pool = run(["metropolitan", "kent"], book.sections, workspace=other.workspace, options=Options(jobs=2))
    assert {(r.force_slug, r.section): r.notebook for r in pool} == alone
    assert {r.status for r in pool} == {"ok"}
    assert all(printed(r) for r in pool)
