"""Every error a user can meet, each naming what is wrong, where, and the fix.

One base class lets the command line print a clean message for all of them and keep
tracebacks for real bugs.
"""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


class PeelbookError(Exception):
    """Base of all errors that are the input's fault, not the program's."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the line of the cell and the message, which names the fix.

        The package's own lines would only push it off the screen; `%debug` still reaches them.
        """
        place = cell_line(self)
        return [*([f"In {place}", ""] if place else []), f"{type(self).__name__}: {self}"]


def cell_line(error: BaseException) -> str:
    """The last line of a notebook's own code that an error passed through: "line 3 of the cell: …".

    Empty where it passed through none.
    """
    own = [
        (frame, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__") == "__main__"
    ]
    if not own:
        return ""
    frame, line = own[-1]
    source = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
    return f"line {line} of the cell: {source}" if source else f"line {line} of the cell"


class UnknownForceError(PeelbookError):
    """No force has this slug, name, code or alias."""

    def __init__(self, name: str, suggestions: Iterable[str] = ()):
        near = ", ".join(suggestions)
        hint = f"Did you mean {near}? " if near else ""
        super().__init__(f"Unknown force {name!r}. {hint}Run `peelbook list forces` to see all names.")
        self.name = name
        self.suggestions = tuple(s for s in near.split(", ") if s)

    def __reduce__(self):
        return (type(self), (self.name, self.suggestions))


class UnknownSectionError(PeelbookError):
    """No section notebook has this stem."""


class UnknownCycleError(PeelbookError):
    """No inspection cycle of this name has a map of its sections."""


class UnknownMeasureError(PeelbookError):
    """The registry holds no measure of this id."""


class MissingTableError(PeelbookError):
    """A table that the data package names is not on disk, or nobody ever named it."""


class UndeclaredReadError(PeelbookError):
    """A section read a table that it does not declare, which would make its cache entry wrong."""


class DataPackageError(PeelbookError):
    """`datapackage.json` is missing, unreadable or does not match the files beside it."""


class ParameterError(PeelbookError):
    """A notebook parameter has the wrong name, type or value."""


class ReportFileError(PeelbookError):
    """A saved report cannot be read, or is not the report it should be."""


class FrameError(PeelbookError):
    """A cell gave a chart, a sentence or a table something it cannot use; the message names the cell's fix."""


class LockedError(PeelbookError):
    """Another run is at work in the same folder."""


class OutputError(PeelbookError):
    """What is to be written cannot stand in the place that was named; what is there is as it was."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with one table: the place, the rule it breaks and how to mend it."""

    column: str
    row: int | None  # line number in the file, header = 1; None where the whole column is at fault
    value: str
    rule: str
    fix: str
    force: str = ""
    of: str = ""  # what the row is counted in, where it is not the file

    #: Characters of a value that a message shows.
    LONGEST: ClassVar[int] = 200

    def __str__(self) -> str:
        of = f" of {self.of}" if self.of else ""
        parts = [f"row {self.row}{of}"] if self.row is not None else []
        parts += [f"column {self.column!r}"] if self.column else []
        force = f" ({self.force})" if self.force else ""
        shown = repr(self.value if len(self.value) <= self.LONGEST else f"{self.value[: self.LONGEST]}…")
        value = f" is {shown}" if self.value != "" or self.row is not None else ""
        place = f"{', '.join(parts)}{force}{value}".strip()
        return f"{place}{': ' if place else ''}{self.rule}. Fix: {self.fix}"


class TableContractError(PeelbookError):
    """A table breaks its contract; all faults are listed at once."""

    SHOWN = 20

    def __init__(self, file: Path | str, faults: Iterable[Fault]):
        self.file = str(file)
        self.faults = tuple(faults)
        shown = [f"  - {fault}" for fault in self.faults[: self.SHOWN]]
        if len(self.faults) > self.SHOWN:
            shown.append(f"  … and {len(self.faults) - self.SHOWN} more")
        noun = "fault" if len(self.faults) == 1 else "faults"
        super().__init__("\n".join([f"{self.file}: {len(self.faults)} {noun}", *shown]))

    def __reduce__(self):
        return (type(self), (self.file, self.faults))


class SourceFileError(PeelbookError):
    """An official file cannot be read as the publication it should be.

    Names file, and where known sheet, row and column, and always the fix.
    """

    def __init__(
        self,
        file: Path | str,
        problem: str,
        fix: str,
        *,
        sheet: str | None = None,
        row: int | None = None,
        column: str | None = None,
    ):
        place = "".join(
            f", {label} {part!r}" if isinstance(part, str) else f", {label} {part}"
            for label, part in (("sheet", sheet), ("row", row), ("column", column))
            if part is not None
        )
        super().__init__(f"{file}{place}: {problem}. Fix: {fix}")
        self.file, self.problem, self.fix = str(file), problem, fix
        self.sheet, self.row, self.column = sheet, row, column

    def __reduce__(self):
        return (_source_file_error, (self.file, self.problem, self.fix, self.sheet, self.row, self.column))


def _source_file_error(file, problem, fix, sheet, row, column):
    return SourceFileError(file, problem, fix, sheet=sheet, row=row, column=column)
