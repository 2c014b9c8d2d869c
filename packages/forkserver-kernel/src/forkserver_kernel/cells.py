"""Cells run in a fork of the zygote without Jupyter's sockets: what `forkserver_kernel.engine` asks for.

The kernel is ipykernel's own, with its shell, streams and display hooks, so that a cell finds and shows what it would
in any kernel. Only the session is another: what it would send is kept and goes back with the cell's reply.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

from ipykernel.inprocess.socket import DummySocket
from ipykernel.iostream import IOPubThread
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import Session

from forkserver_kernel import _wire


class _Record(Session):
    """A session that keeps what it is given to send, packed at once as any session packs it.

    What a process sends that a cell has forked is kept in a file in memory, a line for a message: there it can wait
    without holding the process up.
    """

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.kept: list[bytes] = []
        self._owner = os.getpid()
        self._of_forks = os.memfd_create("messages of forks")
        fcntl.fcntl(self._of_forks, fcntl.F_SETFL, os.O_APPEND)
        self._read = 0

    def send(self, stream: Any, msg_or_type: Any, content: Any = None, *_: Any, **__: Any) -> Any:
        """Keep a message."""
        kind = msg_or_type["msg_type"] if isinstance(msg_or_type, dict) else msg_or_type
        content = msg_or_type["content"] if isinstance(msg_or_type, dict) else content
        message = {"msg_type": kind, "content": content}
        if os.getpid() == self._owner:
            self.kept.append(self.pack(message))
        else:
            os.write(self._of_forks, self.pack(message) + b"\n")
        return message

    def taken(self) -> bytes:
        """All that was kept, as a list in JSON; from now on nothing is."""
        more = os.pread(self._of_forks, os.fstat(self._of_forks).st_size - self._read, self._read)
        self._read += len(more)
        kept, self.kept = [*self.kept, *more.splitlines()], []
        return b"[" + b",".join(kept) + b"]"


class _NoThread(IOPubThread):
    """ipykernel's thread for output, never started and without a pipe: what is scheduled is done at once."""

    def _setup_event_pipe(self) -> None:
        pass


class _App(IPKernelApp):
    """ipykernel's application without sockets: the same profile, configuration, streams and shell."""

    def init_connection_file(self) -> None:
        """There is none."""

    def init_sockets(self) -> None:
        """Make what stands for the session and the output channel."""
        self.session = _Record(parent=self)
        self.iopub_thread = _NoThread(DummySocket(), session=self.session)
        self.iopub_socket = self.iopub_thread.background_socket

    def init_heartbeat(self) -> None:
        """The process itself is watched."""

    def write_connection_file(self, **_: Any) -> None:
        """There is none."""

    def log_connection_info(self) -> None:
        """There is nothing to connect to."""

    def init_kernel(self) -> None:
        """Make the kernel without streams to listen on."""
        self.kernel = IPythonKernel.instance(
            parent=self,
            session=self.session,
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            # Asked whether a cell's `await` may be interrupted in this thread.
            shell_channel_thread=SimpleNamespace(parent_thread=threading.main_thread()),
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count


def start(argv: list[str], zygote: int) -> IPKernelApp:
    """Return the application of a kernel without sockets."""
    app = _App.instance(parent_handle=zygote)
    app.initialize(argv)
    return app


def serve(app: IPKernelApp, channel: Any) -> None:
    """Run each cell that comes over the channel, and answer with its reply and its messages, until the channel closes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    while (asked := _wire.receive(channel)) is not None:
        count = app.kernel.execution_count
        reply = loop.run_until_complete(_execute(app.kernel, asked["code"], asked["store_history"]))
        _drain()
        session: Any = app.session
        packed = session.pack({"content": reply, "count": count})
        channel.sendall(_wire.framed(b'{"reply":' + packed + b',"messages":' + session.taken() + b"}"))


async def _execute(kernel: IPythonKernel, code: str, store_history: bool) -> dict[str, Any]:
    kernel.pre_handler_hook()  # a cell may be interrupted, and nothing between cells
    try:
        return await kernel.do_execute(code, silent=False, store_history=store_history)
    finally:
        kernel.post_handler_hook()


def _drain() -> None:
    """Take in what a program that a cell has started wrote to the standard streams: a thread reads these."""
    for stream in (sys.stdout, sys.stderr):
        pipe = getattr(stream, "_fid", None)
        while pipe is not None and select.select([pipe], [], [], 0)[0]:
            time.sleep(0.0005)
        stream.flush()
