"""A kernel manager whose client does not idle for 0.2 s before the first cell. Optional.

`jupyter_client` shows that the output channel is connected by waiting for a first message, which is needed,
and then waits until 0.2 s pass without another, which for a kernel started a moment ago only costs time:
late start-up messages belong to no cell, and every executor drops them. Pass it to nbclient or papermill as
`kernel_manager_class`.
"""

from __future__ import annotations

import asyncio
import time
from queue import Empty

from jupyter_client import AsyncKernelClient, AsyncKernelManager
from traitlets import DottedObjectName, Type


class QuickKernelClient(AsyncKernelClient):
    """An asynchronous client that is ready as soon as shell and output channel are connected."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait for a kernel's answer and for a first message on the output channel.

        Raises `RuntimeError` where the kernel dies or `timeout` seconds pass.
        """
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        heard = False
        while True:
            self.kernel_info()
            try:
                reply = await self.shell_channel.get_msg(timeout=1)
                if reply["msg_type"] == "kernel_info_reply":
                    heard = True
                    # The request itself is echoed as "busy" and "idle": nothing heard means not subscribed yet.
                    await self.iopub_channel.get_msg(timeout=0.2)
                    self._handle_kernel_info_reply(reply)
                    return
            except Empty:
                pass
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > deadline:
                what = "was not heard on the output channel" if heard else "did not respond"
                raise RuntimeError(f"Kernel {what} in {timeout:g} seconds")
            await asyncio.sleep(0)


class QuickKernelManager(AsyncKernelManager):
    """An asynchronous kernel manager that makes `QuickKernelClient`s."""

    client_class = DottedObjectName("forkserver_kernel.manager.QuickKernelClient")
    client_factory = Type(klass="forkserver_kernel.manager.QuickKernelClient")
