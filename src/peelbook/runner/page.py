"""`python -m peelbook.runner.page FILE`: execute a notebook page of the book that is not a section, in place.

The national page belongs to no force, so it has no place in the plan of forces and sections.
"""

from __future__ import annotations

import sys
from pathlib import Path

from peelbook.runner.execute import execute, kernel_name
from peelbook.util.files import write_atomic


def refresh(path: Path, *, kernel: str = "auto") -> bool:
    """Execute a notebook with its own parameters and write it back; return whether its bytes changed.

    Raises `NotebookError` with the file as it was where a cell fails.
    """
    executed = execute(Path(path).read_bytes(), {}, kernel=kernel_name(kernel))
    return write_atomic(Path(path), executed.notebook)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"{name}: {'changed' if refresh(Path(name)) else 'up to date'}")
