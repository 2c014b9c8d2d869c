"""Kernels by fork: what they must share with ordinary ones, and what must never be shared between them."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import select
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest
from forkserver_helpers import PRELOAD, borrower, evaluate, gone, kernel, notebook, run, sync, text

from forkserver_kernel import client, kernelspec
from forkserver_kernel.client import ForkedProcess


def zygotes() -> list[int]:
    return [server.pid for server in client._servers.values()]


def test_a_kernel_is_a_child_of_the_zygote_and_leads_its_own_group():
    async def main():
        async with kernel() as (manager, channel):
            process = manager.provisioner.process
            assert isinstance(process, ForkedProcess)
            seen = await evaluate(channel, "import os; print(os.getpid(), os.getppid(), os.getpgid(0))")
            pid, parent, group = map(int, seen.split())
            assert (pid, group) == (process.pid, process.pid)
            assert parent in zygotes()
            assert os.getpgid(parent) not in (group, os.getpgid(0))

    sync(main())


def test_the_zygote_has_one_thread_and_numeric_libraries_make_no_more(fresh):
    nb = run(notebook("import os, numpy; print(os.environ['OMP_NUM_THREADS'])"))
    assert text(nb) == "1"
    (server,) = client._servers.values()
    assert server.report["threads"] == 1
    assert psutil.Process(server.pid).num_threads() == 1


def test_the_preload_is_there_before_the_first_cell():
    nb = run(notebook("import sys; print('matplotlib.pyplot' in sys.modules, 'numpy' in sys.modules)"))
    assert text(nb) == "True True"


def test_eight_kernels_at_once_keep_their_values_apart():
    async def one(number: int) -> str:
        async with kernel() as (_, channel):
            await evaluate(channel, f"x = {number}")
            await asyncio.sleep(0.1)
            return await evaluate(channel, "print(x)")

    async def main():
        return await asyncio.gather(*(one(number) for number in range(8)))

    assert sync(main()) == [str(number) for number in range(8)]


def test_a_figure_is_displayed_although_the_backend_was_imported_before_there_was_a_shell():
    nb = run(notebook("import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2]);"))
    (output,) = nb.cells[0].outputs
    assert sorted(output.data) == ["image/png", "text/plain"]


def test_both_kernels_give_the_same_outputs():
    sources = (
        "import numpy as np\nimport matplotlib.pyplot as plt\nprint(np.arange(3) / 3)",
        "fig, ax = plt.subplots()\nax.bar(['a', 'b'], [1, 2])\nax.set_title('Title $x^2$')\nplt.show()",
        "import sys, warnings\nprint('to stderr', file=sys.stderr)\nsum(range(10))",
        "import os\nprint(os.getcwd(), sys.argv[0].rsplit('/', 1)[-1], __name__, sys.path[0] == '')",
        "%matplotlib inline\nfig = plt.figure(figsize=(1, 1)); plt.show(); print(plt.get_backend())",
        "print(os.environ.get('PEELISH'), sorted(k for k in globals() if not k.startswith('_'))[:4])",
    )
    forked, plain = run(notebook(*sources)), run(notebook(*sources), kernel="python3")
    assert any("image/png" in output.get("data", {}) for output in plain.cells[1].outputs)
    for index in (0, 1, 2, 4, 5):
        assert forked.cells[index].outputs == plain.cells[index].outputs, sources[index]
    # The one thing that differs by nature: how the program was called.
    assert text(forked, 3).split()[::2] == text(plain, 3).split()[::2]
    assert forked.metadata.language_info == plain.metadata.language_info


def test_two_kernels_do_not_draw_the_same_random_numbers():
    source = "import random, uuid, numpy as np\nprint(random.random(), uuid.uuid4(), np.random.random())"
    first, second = text(run(notebook(source))).split(), text(run(notebook(source))).split()
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_a_kernel_gets_the_environment_and_folder_it_was_asked_for(tmp_path):
    async def main():
        env = {**os.environ, "PEELISH": "é and\na line"}
        async with kernel(cwd=str(tmp_path), env=env) as (_, channel):
            return await evaluate(channel, "import os; print(os.getcwd(), repr(os.environ['PEELISH']))")

    assert sync(main()) == str(tmp_path) + " " + repr("é and\na line")


def test_an_environment_that_python_reads_at_its_start_gets_a_zygote_of_its_own(fresh):
    async def main():
        for seed in ("1", "2", "1"):
            env = {**os.environ, "PYTHONHASHSEED": seed}
            async with kernel(env=env) as (_, channel):
                assert await evaluate(channel, "import os; print(os.environ['PYTHONHASHSEED'])") == seed

    sync(main())
    assert len(client._servers) == 2


def test_a_folder_that_is_not_there_is_an_error_not_another_folder(tmp_path):
    async def main():
        async with kernel(cwd=str(tmp_path / "none")):
            pass

    with pytest.raises(FileNotFoundError, match="none"):  # as a process started there would
        sync(main())


def test_interrupt_stops_a_cell_and_the_kernel_goes_on():
    async def main():
        async with kernel() as (manager, channel):
            await evaluate(channel, "import time; started = True")
            sleeping = asyncio.ensure_future(evaluate(channel, "time.sleep(30)"))
            await asyncio.sleep(0.3)
            began = time.monotonic()
            await manager.interrupt_kernel()
            assert await sleeping == "KeyboardInterrupt"
            assert time.monotonic() - began < 5
            assert await evaluate(channel, "print(started)") == "True"

    sync(main())


def test_restart_gives_an_empty_kernel_at_the_same_address():
    async def main():
        async with kernel() as (manager, channel):
            await evaluate(channel, "x = 1")
            before = (manager.provisioner.pid, manager.ip)
            await manager.restart_kernel(now=True)
            await channel.wait_for_ready(timeout=30)
            assert manager.provisioner.pid != before[0]
            assert manager.ip == before[1]
            assert await evaluate(channel, "print(x)") == "NameError"

    sync(main())


def test_a_polite_shutdown_ends_the_process():
    async def main():
        async with kernel() as (manager, _):
            pid = manager.provisioner.pid
            await manager.shutdown_kernel(now=False)
            assert not await manager.is_alive()
            assert gone(pid)

    sync(main())


def test_killing_one_kernel_harms_no_other_and_is_seen():
    async def main():
        async with kernel() as (victim, _), kernel() as (other, channel):
            os.kill(victim.provisioner.pid, signal.SIGKILL)
            deadline = time.monotonic() + 5
            while await victim.is_alive() and time.monotonic() < deadline:
                await asyncio.sleep(0.01)
            assert await victim.provisioner.poll() == -signal.SIGKILL
            assert await other.is_alive()
            assert await evaluate(channel, "print('well')") == "well"

    sync(main())


def test_a_kernel_that_exits_by_itself_reports_its_status():
    async def main():
        async with kernel() as (manager, channel):
            channel.execute("import os; os._exit(7)")
            deadline = time.monotonic() + 5
            while await manager.is_alive() and time.monotonic() < deadline:
                await asyncio.sleep(0.01)
            assert await manager.provisioner.poll() == 7

    sync(main())


def test_what_a_kernel_started_ends_with_it():
    async def main():
        async with kernel() as (manager, channel):
            seen = await evaluate(
                channel, "import subprocess; child = subprocess.Popen(['sleep', '60']); print(child.pid)"
            )
            await manager.shutdown_kernel(now=True)
            assert gone(int(seen))

    sync(main())


def test_a_zygote_that_dies_takes_its_kernels_with_it_and_is_replaced(fresh):
    async def main():
        async with kernel() as (manager, _):
            (old,) = zygotes()
            os.kill(old, signal.SIGKILL)
            assert gone(manager.provisioner.pid)
            assert not await manager.is_alive()
        async with kernel() as (_, channel):
            assert await evaluate(channel, "print(1)") == "1"
        assert zygotes() != [old]
        assert gone(old)

    sync(main())


def test_an_edited_module_is_not_served_from_the_old_zygote(fresh, tmp_path, monkeypatch, jupyter_path):
    module = tmp_path / "lib" / "edited.py"
    module.parent.mkdir()
    module.write_text("VALUE = 1\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(module.parent), os.environ.get("PYTHONPATH", "")]))
    kernelspec.install(kernelspec.make("test", ["edited"]), "editing", jupyter_path)
    source = "import edited; print(edited.VALUE)"
    assert text(run(notebook(source), kernel="editing")) == "1"
    before = zygotes()
    assert text(run(notebook(source), kernel="editing")) == "1"
    assert zygotes() == before
    module.write_text("VALUE = 22\n")
    assert text(run(notebook(source), kernel="editing")) == "22"
    assert zygotes() != before


def test_a_module_that_cannot_be_preloaded_is_skipped_with_its_reason(fresh, jupyter_path):
    kernelspec.install(kernelspec.make("test", ["no_such_module"]), "lacking", jupyter_path)
    assert text(run(notebook("print('runs')"), kernel="lacking")) == "runs"
    (server,) = client._servers.values()
    assert "ModuleNotFoundError" in server.report["skipped"]["no_such_module"]


def test_a_preload_that_starts_a_thread_is_refused_and_a_process_started_instead(
    fresh, tmp_path, monkeypatch, jupyter_path
):
    (tmp_path / "threading_at_import.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    kernelspec.install(kernelspec.make("test", ["threading_at_import"]), "threaded", jupyter_path)

    async def main():
        async with kernel("threaded") as (manager, channel):
            assert not isinstance(manager.provisioner.process, ForkedProcess)
            return await evaluate(channel, "print('runs')")

    assert sync(main()) == "runs"


def test_sockets_are_private_short_and_absolute():
    async def main():
        async with kernel() as (first, _), kernel() as (second, _):
            for manager in (first, second):
                folder = Path(manager.ip).parent
                assert manager.transport == "ipc"
                assert Path(manager.ip).is_absolute()
                assert len(f"{manager.ip}-{max(manager.ports)}") <= 104
                assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
                assert folder.stat().st_uid == os.getuid()
            assert first.ip != second.ip

    sync(main())


def test_nothing_is_left_behind_after_many_kernels(fresh):
    run(notebook("1"))
    process, own = psutil.Process(), client.folder().path
    descriptors, files = process.num_fds(), sorted(own.iterdir())
    (zygote,) = zygotes()
    in_zygote = psutil.Process(zygote).num_fds()
    for _ in range(5):
        run(notebook("1"))
    assert process.num_fds() <= descriptors + 1
    assert psutil.Process(zygote).num_fds() == in_zygote
    assert psutil.Process(zygote).children() == []
    assert sorted(own.iterdir()) == files == [own / "lock"]
    client.shut_down_all()
    assert gone(zygote)
    assert not own.exists()


OWNER = """
import asyncio, sys, time
sys.path.insert(0, sys.argv[1])
from forkserver_helpers import kernel
from forkserver_kernel import client

async def main():
    async with kernel() as (manager, channel):
        (server,) = client._servers.values()
        print(server.pid, manager.provisioner.pid, client.folder().path, flush=True)
        time.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_no_orphan_outlives_an_owner_that_is_killed(end, tmp_path):
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OWNER), str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    assert owner.stdout is not None
    zygote, kernel_pid, folder = owner.stdout.readline().split()
    owner.send_signal(end)
    owner.wait()
    owner.stdout.close()
    assert gone(int(kernel_pid))
    assert gone(int(zygote))
    os.utime(folder, (0, 0))  # old enough to be swept
    client._sweep(str(Path(folder).parent))
    assert not Path(folder).exists()


def lent() -> client.ForkServer:
    """A zygote for the kernel `forked` that this process uses only to lend it."""
    preload = [*kernelspec.DEFAULT_PRELOAD, *PRELOAD]
    return client.start_for_others(sys.executable, preload, {**os.environ, "OMP_NUM_THREADS": "1"})


class Borrower:
    """A process that borrows a zygote, at the other end of a pipe."""

    def __init__(self, zygote: client.ForkServer):
        spawn = multiprocessing.get_context("spawn")
        self.channel, theirs = spawn.Pipe()
        self.process = spawn.Process(target=borrower, args=(zygote.control, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def kernel_parent(self) -> int:
        self.channel.send(True)
        assert self.channel.poll(60), "no answer"
        return self.channel.recv()

    def end(self) -> int | None:
        self.channel.send(False)
        self.process.join(30)
        return self.process.exitcode


def test_processes_that_borrow_a_zygote_share_its_imports_and_one_that_is_killed_takes_only_its_own(fresh):
    zygote = lent()
    one, other = Borrower(zygote), Borrower(zygote)
    assert [one.kernel_parent(), other.kernel_parent()] == [zygote.pid] * 2
    assert zygotes() == []  # the owner itself has none that it would ask
    one.process.kill()
    one.process.join(30)
    assert other.kernel_parent() == zygote.pid
    assert other.end() == 0
    zygote.stop()
    assert gone(zygote.pid)


def test_a_kernel_ends_with_the_borrower_that_asked_for_it(fresh):
    zygote = lent()
    one, other = Borrower(zygote), Borrower(zygote)
    assert [one.kernel_parent(), other.kernel_parent()] == [zygote.pid] * 2
    one.channel.send("stay")
    assert one.channel.poll(60)
    kernel_pid = one.channel.recv()
    assert psutil.Process(kernel_pid).ppid() == zygote.pid
    one.process.kill()
    assert gone(kernel_pid)
    assert other.kernel_parent() == zygote.pid
    assert other.end() == 0
    zygote.stop()


def test_a_borrower_whose_zygote_has_died_starts_one_of_its_own(fresh):
    zygote = lent()
    one = Borrower(zygote)
    assert one.kernel_parent() == zygote.pid
    os.kill(zygote.pid, signal.SIGKILL)
    assert gone(zygote.pid)
    assert one.kernel_parent() not in (zygote.pid, one.process.pid)
    assert one.end() == 0


def test_a_lent_zygote_ends_with_its_owner_and_its_end_is_clean(fresh):
    zygote = lent()
    _ = zygote.report  # it is ready
    client.shut_down_all()
    assert gone(zygote.pid)
    for ready in (False, True):
        unread = lent()
        if ready:
            select.select([unread.control], [], [], 60)  # its report is there, and nobody has read it
        unread.stop(30)
        assert unread._process.returncode == 0


def test_a_living_owner_s_folder_is_never_swept(fresh):
    run(notebook("1"))
    folder = client.folder().path
    os.utime(folder, (0, 0))
    client._sweep(str(folder.parent))
    assert folder.exists()


def test_a_fork_of_the_owner_does_not_use_or_hold_its_zygote(fresh):
    run(notebook("1"))
    (zygote,) = zygotes()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, f"{len(client._servers)}".encode())
        time.sleep(3)
        os._exit(0)
    assert os.read(reader, 10) == b"0"
    client.shut_down_all()  # the fork is still there, and yet the zygote ends
    assert gone(zygote)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(reader)
    os.close(writer)
