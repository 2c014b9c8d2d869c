"""Runs the section notebooks for any force: plan, cache, kernels, workers.

It knows notebooks as files and tables as bytes; what a notebook computes is no business of it. The parent
process plans and writes; workers only turn bytes into bytes.
"""

from __future__ import annotations

_LAZY = {
    "Failure": "peelbook.runner.results",
    "Result": "peelbook.runner.results",
    "Workspace": "peelbook.runner.workspace",
    "run": "peelbook.runner.engine",
}

__all__ = ["Failure", "Result", "Workspace", "run"]


def __getattr__(name: str):
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'peelbook.runner' has no attribute {name!r}")
