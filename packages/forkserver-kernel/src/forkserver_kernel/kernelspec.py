"""Makes, installs and removes the kernelspec through which Jupyter tools find this kernel.

The spec is an ordinary IPython one plus the name of the provisioner, so that without the provisioner, or on
another system, it still starts a kernel.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from forkserver_kernel import PROVISIONER

# What an IPython kernel imports while it starts, found by comparing `sys.modules` before and after.
DEFAULT_PRELOAD = (
    "debugpy",
    "forkserver_kernel.cells",
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.magics.ast_mod",
    "IPython.core.magics.execution",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "sqlite3",
    "tornado.platform.asyncio",
)


def make(
    display_name: str,
    preload: tuple[str, ...] | list[str] = (),
    *,
    python: str | None = None,
    env: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return a kernelspec as the contents of `kernel.json`.

    Nothing here but the provisioner differs from the stock spec, so that a client may add options of its own.
    """
    return {
        "argv": [
            python or sys.executable,
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
        ],
        "display_name": display_name,
        "language": "python",
        "interrupt_mode": "signal",
        **({"env": dict(env)} if env else {}),
        "metadata": {
            "debugger": True,
            "kernel_provisioner": {
                "provisioner_name": PROVISIONER,
                "config": {"preload": [*DEFAULT_PRELOAD, *preload]},
            },
        },
    }


def folder(name: str, data_dir: Path | str) -> Path:
    """Return where the spec of this name stands under a Jupyter data folder.

    Raises `ValueError` for a name that Jupyter would not take.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ValueError(f"{name!r} is not a kernel name: use letters, digits, '.', '_' and '-'")
    return Path(data_dir) / "kernels" / name


def install(spec: dict[str, Any], name: str, data_dir: Path | str | None = None) -> Path:
    """Write the spec under `data_dir` (default: this environment's `share/jupyter`); return its folder.

    A reader sees the old spec or the new one, never a part. The same spec again changes nothing.
    """
    target = folder(name, data_dir or Path(sys.prefix) / "share" / "jupyter")
    file = target / "kernel.json"
    text = json.dumps(spec, indent=1, sort_keys=True) + "\n"
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return target
    target.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=target, prefix=".kernel", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(part).chmod(0o644)
        Path(part).replace(file)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return target


def remove(name: str, data_dir: Path | str | None = None) -> bool:
    """Remove an installed spec; return whether there was one."""
    target = folder(name, data_dir or Path(sys.prefix) / "share" / "jupyter")
    if not (target / "kernel.json").exists():
        return False
    shutil.rmtree(target)
    return True
