"""A Jupyter kernel that starts by forking a process which has imported everything already.

A notebook's kernel spends most of its start on imports that are the same every time. Here one clean
process per client (the *zygote*) does them once and forks for each kernel; papermill, nbclient, nbval
and JupyterLab use the result through a kernelspec, unchanged. Linux only: elsewhere the same kernelspec
starts an ordinary `ipykernel` process.
"""

from __future__ import annotations

import os
import socket
import sys
from functools import cache

__all__ = ["PROVISIONER", "available", "shut_down"]

PROVISIONER = "forkserver-provisioner"
"""Name of the entry point in the group `jupyter_client.kernel_provisioners`."""


@cache
def available() -> bool:
    """Return whether this machine can start kernels by forking.

    It needs Linux with `pidfd_open` (5.3 or later, and not forbidden by a sandbox). The environment variable
    `FORKSERVER_KERNEL=0` switches it off.
    """
    if os.environ.get("FORKSERVER_KERNEL") == "0":
        return False
    if sys.platform != "linux" or not hasattr(os, "pidfd_open") or not hasattr(socket, "send_fds"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


def shut_down() -> None:
    """End every zygote of this process, with its kernels. Also runs at exit."""
    if "forkserver_kernel.client" in sys.modules:
        from forkserver_kernel.client import shut_down_all

        shut_down_all()
