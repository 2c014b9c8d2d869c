"""The zygote: imports the preload list once, then forks a kernel for each request.

It stays single-threaded for as long as it lives (a fork copies one thread, and a lock held by another
would be held for ever), and it ends with its owner: every way the owner can go closes a socket here.

Protocol. The owner sends one byte on the control socket with four file descriptors: the new kernel's own
channel and its stdin, stdout and stderr. The *child* reads its request from the channel and answers with
its process id, after it has become the leader of its own session: a client may signal the group at once.
When its sockets are bound it says that it is ready: a client that connects earlier has to try again after
0.1 s. The zygote only watches: it writes the exit status to the channel when the kernel ends, and kills the
kernel's group when the owner's end of the channel closes.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from forkserver_kernel import _wire

_PR_SET_PDEATHSIG = 1
_OWNER_CHECK_SECONDS = 2.0
#: A zygote without a kernel for this long ends; the next kernel starts another. `FORKSERVER_KERNEL_IDLE` sets it.
_IDLE_SECONDS = 1800.0
_KERNEL_MODULE = "ipykernel_launcher"


@dataclass
class _Kernel:
    pid: int
    pidfd: int
    channel: socket.socket
    ended: bool = False


@dataclass
class ForkRequest:
    """What a child was forked for: its channel and the three standard streams."""

    channel: socket.socket
    streams: tuple[int, int, int]
    zygote: int
    set_by_imports: dict[str, str] = field(default_factory=dict)  # variables that a preloaded module set


def preload(entries: list[str]) -> dict[str, str]:
    """Import each `module` or call each `module:function`; return what could not be had, with why.

    A preload only saves time, so a missing module is no error: the kernel imports what it needs itself.
    """
    skipped: dict[str, str] = {}
    for entry in entries:
        module, _, function = entry.partition(":")
        try:
            loaded = importlib.import_module(module)
            if function:
                getattr(loaded, function)()
        except Exception as error:
            skipped[entry] = f"{type(error).__name__}: {error}"
    if "matplotlib_inline.backend_inline" in sys.modules:
        from matplotlib.backends import backend_registry

        backend_registry.list_all()  # reads the entry points of the whole installation, once
    return skipped


def threads() -> int:
    """Return how many operating-system threads this process has."""
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - pathlib is not needed for a count


def watched_files() -> dict[str, list[int]]:
    """Return what must not change while kernels are forked: loaded sources, and the folders of the installation.

    A kernel forked after a source outside the installation changed would run old code. Inside it, installing,
    upgrading or removing a package changes its folder, and an editable install a `.pth` file. The client compares
    and starts afresh.
    """
    installed = tuple({os.path.realpath(prefix) + os.sep for prefix in (sys.prefix, sys.base_prefix)})
    files = [
        file
        for module in list(sys.modules.values())
        if isinstance(file := getattr(module, "__file__", None), str)
        and not os.path.realpath(file).startswith(installed)
    ]
    for folder in sys.path:
        if os.path.basename(folder) in ("site-packages", "dist-packages") and os.path.isdir(folder):  # noqa: PTH112, PTH119
            files += [folder, *(entry.path for entry in os.scandir(folder) if entry.name.endswith(".pth"))]
    return {file: stamp for file in files if (stamp := _wire.stamp(file)) is not None}


def serve(control: socket.socket, owner: int) -> ForkRequest | None:
    """Fork on request until the owner has gone and all kernels with it.

    Returns a `ForkRequest` in each child, `None` in the zygote at its end.
    """
    poller = select.poll()
    poller.register(control, select.POLLIN)
    kernels: dict[int, _Kernel] = {}  # by channel descriptor
    by_pidfd: dict[int, _Kernel] = {}
    accepting = True

    def forget(kernel: _Kernel) -> None:
        """Kill what is left of a kernel's group and reap it. The zombie kept its id from being reused."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(kernel.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(kernel.pid, 0)
        poller.unregister(kernel.channel)
        if not kernel.ended:
            poller.unregister(kernel.pidfd)
        del kernels[kernel.channel.fileno()], by_pidfd[kernel.pidfd]
        os.close(kernel.pidfd)
        kernel.channel.close()

    idle_limit = float(os.environ.get("FORKSERVER_KERNEL_IDLE") or _IDLE_SECONDS)
    last_used = time.monotonic()
    while accepting or kernels:
        events = poller.poll(min(_OWNER_CHECK_SECONDS, idle_limit) * 1000)
        if os.getppid() != owner:  # a fork of the owner may keep its sockets open for it
            break
        if events or kernels:
            last_used = time.monotonic()
        elif time.monotonic() - last_used > idle_limit:
            break
        for descriptor, event in events:
            if descriptor == control.fileno():
                passed: list[int] = []
                with contextlib.suppress(ConnectionResetError):  # it ended without reading our report
                    _, passed, _, _ = socket.recv_fds(control, 1, 4)
                if len(passed) != 4:  # end of file: no more kernels, those at work may finish
                    for stray in passed:
                        os.close(stray)
                    poller.unregister(control)
                    accepting = False
                    continue
                channel = socket.socket(fileno=passed[0])
                zygote = os.getpid()
                pid = os.fork()
                if pid == 0:
                    control.close()
                    for kernel in kernels.values():
                        kernel.channel.close()
                        os.close(kernel.pidfd)
                    return ForkRequest(channel, (passed[1], passed[2], passed[3]), zygote)
                for stream in passed[1:]:
                    os.close(stream)
                kernel = _Kernel(pid, os.pidfd_open(pid), channel)
                kernels[channel.fileno()] = kernel
                by_pidfd[kernel.pidfd] = kernel
                poller.register(
                    channel, select.POLLRDHUP
                )  # the child reads it, the zygote only sees it close
                poller.register(kernel.pidfd, select.POLLIN)
            elif descriptor in by_pidfd:
                kernel = by_pidfd[descriptor]
                ended = os.waitid(os.P_PID, kernel.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
                if ended is not None and not kernel.ended:
                    kernel.ended = True
                    poller.unregister(kernel.pidfd)
                    code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
                    with contextlib.suppress(OSError):
                        kernel.channel.sendall(_wire.encode({"status": code}))
            elif descriptor in kernels and event & (select.POLLRDHUP | select.POLLHUP | select.POLLERR):
                forget(kernels[descriptor])
    for kernel in list(kernels.values()):
        forget(kernel)
    return None


def become_kernel(request: ForkRequest) -> dict[str, Any] | None:
    """Turn a fresh fork into the process a kernel expects to be; return the request it has to carry out.

    Returns `None` where the owner has gone meanwhile.
    """
    os.setsid()
    # The zygote has one thread, so "parent death" cannot be mistaken for the end of one of its threads.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != request.zygote:
        return None
    for target, stream in enumerate(request.streams):
        os.dup2(stream, target)
    for stream in request.streams:
        if stream > 2:
            os.close(stream)
    message = _wire.receive(request.channel)
    if message is None:
        return None
    os.environ.clear()
    os.environ.update({**request.set_by_imports, **message["env"]})
    os.environ["JPY_PARENT_PID"] = str(request.zygote)
    time.tzset()
    try:
        os.chdir(message["cwd"])
    except OSError as error:
        said = {"error": f"the working folder cannot be entered: {error}", "errno": error.errno}
        request.channel.sendall(_wire.encode(said))
        return None
    if hidden := _hidden_module():
        request.channel.sendall(_wire.encode({"hidden": hidden}))
        return None
    paths = message["env"].get("PYTHONPATH", "").split(os.pathsep)
    if len(paths) > 1 and "" in paths:
        sys.path.insert(paths.index(""), os.getcwd())  # noqa: PTH109
    _apply_limits(message["limits"])
    _fresh_randomness()
    request.channel.sendall(_wire.encode({"pid": os.getpid()}))
    return message


@functools.cache
def _loaded() -> frozenset[str]:
    """The first parts of the names of all modules that were imported before the first fork."""
    return frozenset(name.partition(".")[0] for name in sys.modules)


def _hidden_module() -> str:
    """What lies in the folder and a new process would read, but the imports made here did not.

    A module or package of the same name as an imported one, or the settings of matplotlib.
    """
    loaded = _loaded()
    if "matplotlib" in loaded and os.path.isfile("matplotlibrc"):  # noqa: PTH113
        return "matplotlibrc"
    for entry in os.scandir("."):
        stem = entry.name.removesuffix(".py")
        if stem in loaded and (stem != entry.name or os.path.isfile(os.path.join(entry.name, "__init__.py"))):  # noqa: PTH113, PTH118
            return entry.name
    return ""


def _apply_limits(limits: dict[str, Any]) -> None:
    """Take on the umask, processors and resource limits of the process that asked, as its own child would have them."""
    import resource

    if limits["umask"] is not None:
        os.umask(int(limits["umask"], 8))
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, limits["processors"])
    for name, (soft, hard) in limits["resources"].items():
        with contextlib.suppress(OSError, ValueError, AttributeError):
            resource.setrlimit(getattr(resource, name), (soft, hard))


def _fresh_randomness() -> None:
    """Give the child its own random numbers and keys; Python reseeds its own generator, numpy does not."""
    if "multiprocessing.process" in sys.modules:
        from multiprocessing.process import current_process

        current_process().authkey = os.urandom(32)
    if "numpy" in sys.modules:
        import numpy as np

        np.random.seed()


def run_kernel(message: dict[str, Any], request: ForkRequest) -> int:
    """Run an IPython kernel with the arguments of the request, as `python -m ipykernel_launcher` would."""
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = [_KERNEL_MODULE, *message["argv"]]
    app = IPKernelApp.instance(parent_handle=request.zygote)
    app.initialize(list(message["argv"]))
    _show_figures(app)
    request.channel.sendall(_wire.encode({"ready": True}))
    request.channel.close()
    app.start()
    # ipykernel flushes into a stopped output thread where the process ends too soon after a polite shutdown,
    # and then hangs until it is killed.
    if (control := getattr(app, "control_thread", None)) is not None:
        control.join(2.0)
    return 0


def run_cells(message: dict[str, Any], request: ForkRequest) -> int:
    """Run the cells that come over the channel in a kernel without sockets (`forkserver_kernel.cells`)."""
    from forkserver_kernel import cells

    sys.argv = [_KERNEL_MODULE, *message["argv"]]
    app = cells.start(list(message["argv"]), request.zygote)
    _show_figures(app)
    ready = {"ready": True, "language_info": app.kernel.language_info}
    request.channel.sendall(_wire.encode(ready))
    cells.serve(app, request.channel)
    return 0


def _show_figures(app: Any) -> None:
    # Where the preload imported the inline backend, its import found no shell to hook itself into, and
    # figures would vanish without a word. A notebook that never draws must not pay for pyplot, hence the test.
    inline = os.environ.get("MPLBACKEND", "").endswith("matplotlib_inline.backend_inline")
    if inline and app.shell is not None and "matplotlib_inline.backend_inline" in sys.modules:
        app.shell.enable_matplotlib("inline")


def main(argv: list[str]) -> int:
    """Start a zygote: the only argument is the descriptor of the control socket."""
    # Ctrl-C in the owner's terminal is the owner's to handle. A kernel ignores it too, but for the time of a cell
    # (ipykernel sees to both): one that comes while it starts would end in a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109
        del sys.path[0]  # as ipykernel does: the folder one happens to stand in is not the installation
    control = socket.socket(fileno=int(argv[0]))
    owner = os.getppid()
    settings = _wire.receive(control)
    if settings is None:
        return 0
    before = dict(os.environ)
    skipped = preload([_KERNEL_MODULE_IMPORT, *settings["preload"]])
    set_by_imports = {name: value for name, value in os.environ.items() if before.get(name) != value}
    report = {
        "skipped": skipped,
        "sources": watched_files(),
        "threads": threads(),
    }
    if threads() > 1:
        report["error"] = "a preloaded module started a thread, and a fork would lose it"
    _loaded()  # once for all children
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, pages shared with the children
    try:
        control.sendall(_wire.encode(report))
    except OSError:  # the owner did not wait for us
        return 0
    if "error" in report:
        return 3
    request = serve(control, owner)
    if request is None:
        control.close()
        return 0
    request.set_by_imports = set_by_imports
    message = become_kernel(request)
    if message is None:
        return 1
    return (run_cells if message.get("cells") else run_kernel)(message, request)


_KERNEL_MODULE_IMPORT = "ipykernel.kernelapp"

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
