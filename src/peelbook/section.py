"""Where `open_section` was once: `peelbook.analysis` has it now, and an import from here still works."""

from __future__ import annotations

from peelbook.analysis import open_section

__all__ = ["open_section"]
