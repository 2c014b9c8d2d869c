"""A user's own tables: a folder to fill in, its check, and what a build would change.

Unpublished figures of one force (or of an area that is not a force) are laid over the embedded tables by
`peelbook.catalogue`, as `peelbook.overlay` says; this package makes the folder and lists all that is wrong with it.
"""

from __future__ import annotations

from peelbook.own_data._changes import Change, Figure, changes
from peelbook.own_data._check import FaultyFolderError, Report, check
from peelbook.own_data._template import FolderInUseError, tables, template

__all__ = [
    "Change",
    "FaultyFolderError",
    "Figure",
    "FolderInUseError",
    "Report",
    "changes",
    "check",
    "tables",
    "template",
]
