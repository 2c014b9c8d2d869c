"""Ways to run notebooks and kernels of the fork server, and to look at processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time

import nbformat
import psutil

PRELOAD = ["numpy", "matplotlib.pyplot", "matplotlib_inline.backend_inline"]
"""What the zygote of the kernel `forked` imports."""


def notebook(*sources: str) -> nbformat.NotebookNode:
    """A notebook of code cells, with ids that do not depend on chance."""
    cells = [nbformat.v4.new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    return nbformat.v4.new_notebook(cells=cells)


def run(nb: nbformat.NotebookNode, kernel: str = "forked", **options) -> nbformat.NotebookNode:
    """Execute a notebook with nbclient."""
    from nbclient import NotebookClient

    options = {"timeout": 60, "shutdown_kernel": "immediate", "record_timing": False} | options
    NotebookClient(nb, kernel_name=kernel, **options).execute()
    return nb


def text(nb: nbformat.NotebookNode, cell: int = 0) -> str:
    """What a cell printed."""
    return "".join(output.text for output in nb.cells[cell].outputs if output.output_type == "stream").strip()


@contextlib.asynccontextmanager
async def kernel(name: str = "forked", **launch):
    """A kernel manager and a client that is ready."""
    from forkserver_kernel.manager import QuickKernelManager

    manager = QuickKernelManager(kernel_name=name)
    await manager.start_kernel(**launch)
    channel = manager.client()
    channel.start_channels()
    try:
        await channel.wait_for_ready(timeout=60)
        yield manager, channel
    finally:
        channel.stop_channels()
        if await manager.is_alive():
            await manager.shutdown_kernel(now=True)
        else:
            await manager.cleanup_resources()


async def evaluate(channel, code: str) -> str:
    """Run code in a kernel, return what it printed."""
    identity = channel.execute(code)
    printed = []
    while True:
        message = await channel.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") != identity:
            continue
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])
        if message["msg_type"] == "error":
            printed.append(message["content"]["ename"])
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return "".join(printed).strip()


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether a process ends within some seconds (a zombie has ended)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def sync(coroutine):
    """Run a coroutine to its end."""
    return asyncio.run(coroutine)


def borrower(control, channel) -> None:
    """A process that borrows a zygote for the kernel `forked`; asked, it says who its kernel's parent is.

    Asked to "stay" it says its kernel's process id and keeps the kernel.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    from forkserver_kernel import client, provisioner

    spec = KernelSpecManager().get_kernel_spec("forked")
    preload = spec.metadata["kernel_provisioner"]["config"]["preload"]
    env = {**os.environ, "MPLBACKEND": provisioner.INLINE_BACKEND, "OMP_NUM_THREADS": "1"}
    client.borrow(spec.argv[0], preload, env, control)

    async def stay() -> None:
        async with kernel() as (manager, _):
            channel.send(manager.provisioner.pid)
            await asyncio.sleep(60)

    while asked := channel.recv():
        if asked == "stay":
            sync(stay())
        else:
            channel.send(int(text(run(notebook("import os; print(os.getppid())")))))
