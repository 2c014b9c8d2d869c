"""The kernel provisioner that `jupyter_client` loads: a kernel manager's launch becomes a fork.

It differs from the local provisioner in three things only: sockets are files in a private folder (parallel
kernels cannot race for a port, and nothing listens on the network), the process is forked, and killing does
not wait a tenth of a second. Where a fork cannot be had it *is* the local provisioner.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import List, Unicode

from forkserver_kernel import available

_LAUNCHER = "ipykernel_launcher"
_HISTORY = "--HistoryManager.hist_file"
_SAID: set[str] = set()  # what the log has been told
INLINE_BACKEND = "module://matplotlib_inline.backend_inline"


class ForkServerProvisioner(LocalProvisioner):
    """Starts IPython kernels by forking a zygote that has imported `preload` already."""

    preload: list[str] = List(
        Unicode(), help="Modules to import, or `module:function` to call, once in the zygote."
    ).tag(config=True)  # type: ignore[assignment]

    process: Any = None  # a `ForkedProcess`, or a `Popen` where no fork could be had

    def _forks(self, cmd: list[str]) -> bool:
        return available() and len(cmd) >= 3 and cmd[1:3] == ["-m", _LAUNCHER]

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose private socket paths, then do as the local provisioner does.

        A transport or address that the client was given stays.
        """
        manager = self.parent
        if (
            manager is not None
            and available()
            and self._forks(self.kernel_spec.argv)
            and not _addressed(manager)
        ):
            from forkserver_kernel import client

            # The default name of an IPC socket is relative and the same for all: kernels would meet on it.
            folder = client.folder()
            if manager.transport != "ipc" or not manager.ip.startswith(str(folder.path)):
                name = folder.new_name()
                manager.transport = "ipc"
                manager.ip = name
                known = manager.connection_file
                if not known or not os.path.isdir(os.path.dirname(os.path.abspath(known))):  # noqa: PTH100, PTH112, PTH120
                    manager.connection_file = name + ".json"
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel; on any trouble with the zygote start an ordinary process instead."""
        cmd = _with_one_history(cmd)
        if not self._forks(cmd):
            return await super().launch_kernel(cmd, **kwargs)
        from forkserver_kernel import client

        env = dict(kwargs.get("env") or os.environ)
        if wish := beyond_a_fork(kwargs, env):
            self._say_once(f"A fork cannot have {wish}; starting a process instead.")
            return await super().launch_kernel(cmd, **kwargs)
        cwd = os.path.abspath(os.fspath(kwargs.get("cwd") or Path.cwd()))  # noqa: PTH100
        if not os.path.isdir(cwd):  # noqa: PTH112
            return await super().launch_kernel(cmd, **kwargs)  # raises what it raises for any kernel
        try:
            process = await fork(cmd[0], list(self.preload), cmd[3:], env, cwd, kwargs)
        except client.HiddenModuleError as error:
            self._say_once(f"{error}; starting a process instead.")
            return await super().launch_kernel(cmd, **kwargs)
        except client.RefusedError as error:
            if error.news:
                self.log.warning("No kernel can be forked (%s); starting processes instead.", error)
            return await super().launch_kernel(cmd, **kwargs)
        except client.ForkServerError as error:
            self.log.warning("No kernel could be forked (%s); starting a process instead.", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.process = process
        self.pid = self.pgid = process.pid
        self.cwd = cwd
        return self.connection_info

    def _say_once(self, message: str) -> None:
        if message not in _SAID:
            _SAID.add(message)
            self.log.warning(message)

    async def wait(self) -> int | None:
        """Wait for the kernel to end, looking often at first."""
        if not _is_forked(self.process):
            return await super().wait()
        pause = 0.001
        while await self.poll() is None:
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.05)
        status = self.process.wait()
        self.process = None
        return status

    async def send_signal(self, signum: int) -> None:
        """Signal the kernel's process group, if the kernel has not ended."""
        if _is_forked(self.process) and self.process.poll() is not None:
            return
        await super().send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and wait the few milliseconds this takes; the manager would look again in 0.1 s."""
        await super().kill(restart=restart)
        if _is_forked(self.process):
            deadline = asyncio.get_running_loop().time() + 1.0
            while self.process.poll() is None and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(0.001)

    async def cleanup(self, restart: bool = False) -> None:
        """Reap the kernel if nobody has."""
        if _is_forked(self.process) and self.process.poll() is not None:
            self.process.wait()
            self.process = None
        await super().cleanup(restart=restart)


async def fork(
    python: str,
    preload: list[str],
    arguments: list[str],
    env: dict[str, str],
    cwd: str,
    options: dict[str, Any],
    *,
    cells: bool = False,
) -> Any:
    """Return a `ForkedProcess` from the zygote of this setting. `options` may hold streams as `Popen` takes them.

    The environment gets what a fork needs. Raises `HiddenModuleError`, `RefusedError`, or `ForkServerError` at the
    second failure.
    """
    from forkserver_kernel import client

    env.setdefault("MPLBACKEND", INLINE_BACKEND)
    env["OMP_NUM_THREADS"] = "1"  # a numeric library's thread pool would not survive the fork
    start_up = _with_absolute_paths(env, cwd)
    if not any(_HISTORY in argument for argument in arguments):
        arguments = [*arguments, f"{_HISTORY}=:memory:"]  # parallel kernels would queue for one database
    for attempt in (1, 2):
        try:
            zygote = client.server(python, preload, start_up)
            streams, opened = _streams(options)
            try:
                process = await zygote.fork(arguments, env, cwd, streams, cells)
            finally:
                for descriptor in opened:
                    os.close(descriptor)
            _ = zygote.report  # it has answered, so this does not wait; from now on it can go stale
            break
        except client.RefusedError as error:
            error.news = client.remember_refusal(python, preload, start_up, str(error))
            raise
        except client.ForkServerError:
            if attempt == 2:
                raise
    client.remember(process)
    return process


def _addressed(manager: Any) -> bool:
    """Whether the client chose the transport or the address itself: by its configuration, or an address of its own."""
    config = manager.config.get("KernelManager", {})
    if "transport" in config or "ip" in config:
        return True
    return manager.transport == "ipc" and Path(manager.ip).is_absolute() and not _ours(manager.ip)


def _ours(address: str) -> bool:
    from forkserver_kernel import client

    return Path(address).parent.name.startswith(client.PREFIX)


def _with_one_history(cmd: list[str]) -> list[str]:
    """Return a command in which the place of the history is given once; clients add their own, and the last holds."""
    places = [number for number, argument in enumerate(cmd) if argument.startswith(_HISTORY)]
    return [argument for number, argument in enumerate(cmd) if number not in places[:-1]]


def beyond_a_fork(kwargs: dict[str, Any], env: dict[str, str]) -> str:
    """What the client asked for and a fork cannot have; empty where there is nothing."""
    if kwargs.get("independent"):
        return "a life of its own (independent=True)"
    if kwargs.get("preexec_fn") is not None:
        return "a preexec_fn"
    for name in ("stdout", "stderr"):
        if kwargs.get(name) == subprocess.PIPE:
            return f"a pipe as {name}"
    threads = env.get("OMP_NUM_THREADS", "1")
    return "" if threads == "1" else f"OMP_NUM_THREADS={threads}"


def _with_absolute_paths(env: dict[str, str], cwd: str) -> dict[str, str]:
    """Return an environment whose PYTHONPATH means in the zygote, which stands in `/`, what it means in `cwd`.

    An empty part, as `PYTHONPATH=$PYTHONPATH:src` makes one, is the kernel's own folder. Each kernel puts it in for
    itself: here it would mean a zygote for each folder.
    """
    paths = env.get("PYTHONPATH")
    if not paths:
        return env
    whole = [os.path.normpath(os.path.join(cwd, part)) for part in paths.split(os.pathsep) if part]  # noqa: PTH118
    return {**env, "PYTHONPATH": os.pathsep.join(whole)}


def _is_forked(process: Any) -> bool:
    if "forkserver_kernel.client" not in sys.modules:
        return False
    from forkserver_kernel.client import ForkedProcess

    return isinstance(process, ForkedProcess)


def _streams(kwargs: dict[str, Any]) -> tuple[tuple[int, int, int], list[int]]:
    """Return descriptors for the kernel's stdin, stdout and stderr, and those to close afterwards."""
    opened = [os.open(os.devnull, os.O_RDWR)]
    chosen = [opened[0]]
    for name, own in (("stdout", 1), ("stderr", 2)):
        wanted = kwargs.get(name)
        if wanted is None:
            descriptor = own
        elif wanted == subprocess.DEVNULL:
            descriptor = opened[0]
        elif wanted == subprocess.STDOUT:
            descriptor = chosen[-1]
        elif isinstance(wanted, int) and wanted >= 0:
            descriptor = wanted
        elif hasattr(wanted, "fileno"):
            descriptor = wanted.fileno()
        else:  # a pipe: nobody reads it through this provisioner
            descriptor = opened[0]
        try:
            os.fstat(descriptor)
        except OSError:  # this process was started with the stream closed
            descriptor = opened[0]
        chosen.append(descriptor)
    return (chosen[0], chosen[1], chosen[2]), opened
