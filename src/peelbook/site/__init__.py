"""The published site: stages executed notebooks, builds them with Jupyter Book, publishes at once.

It knows files and pages only; every number on a page was computed in a notebook before it got here.
"""

from __future__ import annotations

_LAZY = {
    "build": "peelbook.site._build",
    "Report": "peelbook.site._build",
    "print_force": "peelbook.site.pdf",
}

__all__ = ["Report", "build", "print_force"]


def __getattr__(name: str):
    if name in _LAZY:
        from importlib import import_module

        value = getattr(import_module(_LAZY[name]), name)
        globals()[name] = value  # the function, not the submodule of the same name
        return value
    raise AttributeError(f"module 'peelbook.site' has no attribute {name!r}")
