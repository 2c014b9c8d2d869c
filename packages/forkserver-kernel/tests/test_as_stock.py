"""What a client asks for and gets from the stock kernel, it gets from the fork server: both are tried side by side."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from forkserver_helpers import PRELOAD, evaluate, gone, kernel, notebook, run, sync, text
from traitlets.config import Config

from forkserver_kernel import client, kernelspec, provisioner


async def _said(code: str, name: str, **launch) -> str:
    async with kernel(name, **launch) as (_, channel):
        return await evaluate(channel, code)


def both(code: str, **launch) -> str:
    """What a first cell prints, which must be the same in a forked and in a stock kernel."""
    forked = sync(_said(code, "forked", **launch))
    assert forked == sync(_said(code, "python3", **launch))
    return forked


def is_forked(**launch) -> bool:
    """Whether a kernel started in this way is forked; it runs a cell in any case."""

    async def main() -> bool:
        async with kernel("forked", **launch) as (manager, channel):
            assert await evaluate(channel, "print(1)") == "1"
            return isinstance(manager.provisioner.process, client.ForkedProcess)

    return sync(main())


def with_env(**variables: str) -> dict[str, dict[str, str]]:
    return {"env": {**os.environ, **variables}}


def test_a_relative_folder_is_one_of_the_client(tmp_path, monkeypatch):
    # "tmp" also exists under "/", where the zygote stands.
    (tmp_path / "tmp").mkdir()
    monkeypatch.chdir(tmp_path)
    assert both("import os; print(os.getcwd())", cwd="tmp") == str(tmp_path / "tmp")


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_text("")], ids=["none", "file"])
def test_a_folder_that_cannot_be_entered_is_the_same_error(tmp_path, make):
    make(tmp_path / "there")
    met = []
    for name in ("forked", "python3"):
        with pytest.raises(OSError) as error:
            sync(_said("", name, cwd=str(tmp_path / "there")))
        met.append((type(error.value), error.value.errno))
    assert met[0] == met[1]


def test_a_relative_pythonpath_is_one_of_the_kernel_s_folder(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "found_here.py").write_text("value = 7\n")
    said = both(
        "import sys, found_here; print(found_here.value, '/' in sys.path)",
        cwd=str(tmp_path),
        **with_env(PYTHONPATH="src"),
    )
    assert said == "7 False"


def test_an_empty_part_of_pythonpath_is_the_kernel_s_folder_and_no_zygote_for_each_folder(fresh, tmp_path):
    """`PYTHONPATH=$PYTHONPATH:src` begins with one where nothing was set."""
    look = "import os, sys; print([p for p in sys.path if p in (os.getcwd(), '/first', '/second')])"
    parents = set()
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        launch = {"cwd": str(tmp_path / name), **with_env(PYTHONPATH="/first::/second")}
        assert both(look, **launch) == str(["/first", str(tmp_path / name), "/second"])
        parents.add(sync(_said("import os; print(os.getppid())", "forked", **launch)))
    assert len(parents) == 1


@pytest.mark.parametrize("name", ["python3", "python"])
def test_nbclient_runs_the_spec_in_place_of_the_stock_one(name, jupyter_path):
    kernelspec.install(kernelspec.make("in its place", PRELOAD), "python3", jupyter_path)
    nb = run(notebook("import os; print(os.getppid(), get_ipython().history_manager.hist_file)"), name)
    parent, history = text(nb).split()
    assert int(parent) != os.getpid(), "an ordinary process was started"
    assert history == ":memory:"


def test_a_package_installed_meanwhile_is_seen_by_the_next_kernel(fresh, tmp_path):
    site = tmp_path / "site-packages"
    site.mkdir()
    launch = with_env(PYTHONPATH=str(site))
    look = "import os; print(os.getppid())"
    first = sync(_said(look, "forked", **launch))
    assert sync(_said(look, "forked", **launch)) == first
    (site / "brought.pth").write_text("")
    assert sync(_said(look, "forked", **launch)) != first


def test_an_edit_that_keeps_size_and_time_is_seen(fresh, tmp_path, jupyter_path):
    module = tmp_path / "kept_stamp.py"
    module.write_text("value = 1\n")
    kernelspec.install(kernelspec.make("own", ["kept_stamp"]), "own", jupyter_path)
    launch = with_env(PYTHONPATH=str(tmp_path), PYTHONDONTWRITEBYTECODE="1")
    look = "import kept_stamp; print(kept_stamp.value)"
    assert sync(_said(look, "own", **launch)) == "1"
    before = module.stat()
    module.write_text("value = 2\n")
    os.utime(module, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert sync(_said(look, "own", **launch)) == "2"


def test_kernels_start_after_the_folder_for_sockets_was_swept_away(fresh):
    import shutil

    assert is_forked()
    shutil.rmtree(client.folder().path)
    assert is_forked()


def test_a_refusal_is_said_once_and_remembered(fresh, tmp_path, jupyter_path, said):
    (tmp_path / "starts_a_thread.py").write_text(
        "import pathlib, threading, time\n"
        "pathlib.Path(__file__).with_name('tries').open('a').write('x')\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    kernelspec.install(kernelspec.make("own", ["starts_a_thread"]), "own", jupyter_path)
    for _ in range(2):
        assert sync(_said("print(1)", "own", **with_env(PYTHONPATH=str(tmp_path)))) == "1"
    assert (tmp_path / "tries").read_text() == "x"
    assert said.text.count("started a thread") == 1


def test_a_variable_that_a_preloaded_module_sets_is_there(fresh, tmp_path, jupyter_path):
    (tmp_path / "sets_one.py").write_text("import os\nos.environ['SET_AT_IMPORT'] = 'yes'\n")
    kernelspec.install(kernelspec.make("own", ["sets_one"]), "own", jupyter_path)
    look = "import sets_one, os; print(os.environ['SET_AT_IMPORT'])"
    for name in ("own", "python3"):
        assert sync(_said(look, name, **with_env(PYTHONPATH=str(tmp_path)))) == "yes"


def test_no_two_kernels_share_the_key_of_multiprocessing():
    look = "from multiprocessing import current_process as own; print(own().authkey.hex())"
    assert sync(_said(look, "forked")) != sync(_said(look, "forked"))


def test_a_module_of_the_folder_hides_a_preloaded_one_as_ever(tmp_path, said):
    (tmp_path / "numpy.py").write_text("value = 'of the folder'\n")
    assert both("import numpy; print(numpy.value)", cwd=str(tmp_path)) == "of the folder"
    assert "numpy.py" in said.text


def test_settings_of_matplotlib_in_the_folder_count(tmp_path):
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 7.5\n")
    look = "import matplotlib; print(matplotlib.rcParams['lines.linewidth'])"
    assert both(look, cwd=str(tmp_path)) == "7.5"


def test_a_thread_count_that_was_asked_for_is_had(said):
    launch = with_env(OMP_NUM_THREADS="2")
    provisioner._SAID.clear()
    assert both("import os; print(os.environ['OMP_NUM_THREADS'])", **launch) == "2"
    assert not is_forked(**launch)
    assert said.text.count("OMP_NUM_THREADS=2") == 1


@pytest.mark.parametrize(
    "launch",
    [{"independent": True}, {"preexec_fn": lambda: None}, {"stdout": subprocess.PIPE}],
    ids=["independent", "preexec_fn", "pipe"],
)
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # the pipe, which nobody reads
def test_what_a_fork_cannot_have_starts_a_process(launch):
    assert not is_forked(**launch)


def test_a_transport_that_was_chosen_is_used():
    from forkserver_kernel.manager import QuickKernelManager

    async def main() -> tuple[str, str, bool]:
        config = Config()
        config.KernelManager.transport = "tcp"
        manager = QuickKernelManager(kernel_name="forked", config=config)
        await manager.start_kernel()
        try:
            forked = isinstance(manager.provisioner.process, client.ForkedProcess)
            return manager.transport, manager.ip, forked
        finally:
            await manager.shutdown_kernel(now=True)

    assert sync(main()) == ("tcp", "127.0.0.1", True)


def test_umask_processors_and_limits_are_those_of_the_client():
    import resource

    look = (
        "import os, resource; print(oct(os.umask(0)), sorted(os.sched_getaffinity(0)),"
        " resource.getrlimit(resource.RLIMIT_CORE))"
    )
    mask, processors = os.umask(0o027), os.sched_getaffinity(0)
    limit = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        os.sched_setaffinity(0, {min(processors)})
        resource.setrlimit(resource.RLIMIT_CORE, (0, limit[1]))
        said = both(look)
    finally:
        os.umask(mask)
        os.sched_setaffinity(0, processors)
        resource.setrlimit(resource.RLIMIT_CORE, limit)
    assert said.startswith(f"0o27 [{min(processors)}] (0,")


def test_a_polite_shutdown_ends_by_itself_each_time():
    async def main() -> int | None:
        async with kernel() as (manager, channel):
            process = manager.provisioner.process
            channel.shutdown()
            for _ in range(2000):
                if process.poll() is not None:
                    break
                await asyncio_sleep()
            return process.returncode

    assert [sync(main()) for _ in range(3)] == [0] * 3


async def asyncio_sleep() -> None:
    import asyncio

    await asyncio.sleep(0.01)


def test_a_zygote_without_work_ends_and_the_next_kernel_has_another(fresh):
    launch = with_env(FORKSERVER_KERNEL_IDLE="0.2")
    look = "import os; print(os.getppid())"
    first = int(sync(_said(look, "forked", **launch)))
    assert gone(first, 20)
    assert int(sync(_said(look, "forked", **launch))) not in (first, os.getpid())


def test_a_process_keeps_few_zygotes_and_lets_the_one_unused_longest_go(fresh, monkeypatch):
    monkeypatch.setattr(client, "MAX_ZYGOTES", 1)
    look = "import os; print(os.getppid())"
    first = int(sync(_said(look, "forked", **with_env(LC_ALL="C.UTF-8"))))
    second = int(sync(_said(look, "forked", **with_env(LC_ALL="C"))))
    assert first != second
    assert gone(first, 20)
    assert not gone(second, 0.1)


def test_a_folder_of_another_user_or_open_to_all_is_not_used(tmp_path, monkeypatch):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert not client._trusted(str(tmp_path / "open"))
    (tmp_path / "open").chmod(0o1777)
    assert client._trusted(str(tmp_path / "open"))
    (tmp_path / "own").mkdir(mode=0o700)
    assert client._trusted(str(tmp_path / "own"))
    monkeypatch.setattr(os, "getuid", lambda: (tmp_path / "own").stat().st_uid + 1)
    assert not client._trusted(str(tmp_path / "own"))


def test_warnings_as_errors_leave_the_zygote_s_end_silent(fresh, capfd):
    assert sync(_said("print(1)", "forked", **with_env(PYTHONWARNINGS="error::ResourceWarning"))) == "1"
    client.shut_down_all()
    time.sleep(0.1)
    assert "ResourceWarning" not in capfd.readouterr().err


def test_nothing_of_a_kernel_lies_outside_its_private_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert is_forked()
    assert list(Path.cwd().iterdir()) == [tmp_path / "jupyter"]
