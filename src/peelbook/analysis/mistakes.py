"""A misspelt column of a frame, as a notebook shows it: the line of the cell and one message.

pandas raises a bare `KeyError` below a hundred lines of its own code, which names neither the columns nor the nearest.
"""

from __future__ import annotations

import difflib
import re
import sys
import traceback
from typing import Any

import pandas as pd

from peelbook import formats
from peelbook.errors import cell_line


def watch() -> None:
    """Have IPython, where it runs the cells, show a misspelt column in one message; any other error as ever."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        shell.set_custom_exc((KeyError, AttributeError, NameError), _show)


def _show(
    shell: Any, kind: type[BaseException], error: BaseException, tb: Any, tb_offset: Any = None
) -> None:
    if message := said(error):
        error._render_traceback_ = lambda: [f"In {cell_line(error)}", "", message]  # type: ignore[attr-defined]
    shell.showtraceback((kind, error, tb), tb_offset=tb_offset)


def said(error: BaseException) -> str:
    """What to say of an error that pandas raised for a column that a cell's frame has not; empty for any other."""
    asked = _asked(error)
    frame = asked if isinstance(asked, pd.DataFrame) else getattr(asked, "obj", None)
    if frame is None or not cell_line(error):
        return ""
    text = re.sub(r"dtype='\w+'|^Columns? not found: ", "", str(error.args[0]) if error.args else "")
    names = re.findall(r"'([^']+)'", text) if not isinstance(error, KeyError) or "'" in text else [text]
    known = [str(name) for name in frame.columns]
    lacking = [name for name in names if name not in (*known, "DataFrame")]
    if not lacking or "local variable" in text:
        return ""
    near = [match for name in lacking for match in difflib.get_close_matches(name, known, n=1)]
    if not near and asked is not frame:
        return ""  # the name of a row, perhaps, as in frame.loc["Kent"]
    noun = "column" if len(lacking) == 1 else "columns"
    hint = f"Did you mean {formats.joined(map(repr, near))}? " if near else ""
    return (
        f"{type(error).__name__}: the frame has no {noun} {formats.joined(map(repr, lacking))}. {hint}"
        f"Fix: use one of its columns: {formats.joined(known) or 'none'}."
    )


def _asked(error: BaseException) -> Any:
    """The frame of which a cell's last line asked something, or its `loc` or groups: by the lines of pandas that ran."""
    steps = [step for step, _ in traceback.walk_tb(error.__traceback__)]
    own = [place for place, step in enumerate(steps) if step.f_globals.get("__name__") == "__main__"]
    for step in steps[own[-1] + 1 :] if own else ():
        if not str(step.f_globals.get("__name__")).startswith("pandas."):
            return None
        held = step.f_locals.get("self")
        if isinstance(held, pd.DataFrame) or isinstance(getattr(held, "obj", None), pd.DataFrame):
            return held
    return None
