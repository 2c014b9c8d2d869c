"""The reproducible analysis book of HMICFRS PEEL reports, from open data.

`import peelbook` costs next to nothing: the names below load their modules on first use, so
that the command line starts at once and a notebook pays only for what it calls.
"""

from __future__ import annotations

__version__ = "2026.11.0"

_LAZY = {
    "Catalogue": "peelbook.catalogue",
    "open_national": "peelbook.analysis",
    "open_section": "peelbook.analysis",
}

__all__ = ["Catalogue", "__version__", "open_national", "open_section"]


def __getattr__(name: str):
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'peelbook' has no attribute {name!r}")
