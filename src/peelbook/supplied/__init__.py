"""A user's own tables: a folder to fill in, its check, and the hiding of small numbers.

Unpublished figures of one force (or of an area that is not a force) are laid over the embedded tables by
`peelbook.catalogue`; this room makes the folder, says all that is wrong with it, and keeps small numbers in.
"""

from __future__ import annotations

from peelbook.supplied._changes import Change, Figure, changes
from peelbook.supplied._check import FaultyFolderError, Report, check
from peelbook.supplied._hide import VARIABLE, threshold_file
from peelbook.supplied._suppress import SMALLEST, Suppressed, suppress
from peelbook.supplied._template import FolderInUseError, tables, template

__all__ = [
    "SMALLEST",
    "VARIABLE",
    "Change",
    "FaultyFolderError",
    "Figure",
    "FolderInUseError",
    "Report",
    "Suppressed",
    "changes",
    "check",
    "suppress",
    "tables",
    "template",
    "threshold_file",
]
