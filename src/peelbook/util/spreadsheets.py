"""Text that a spreadsheet shows and never runs: cells and whole CSV files."""

from __future__ import annotations

import csv
import io
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def to_csv(frame: pd.DataFrame) -> str:
    """Write a frame as CSV in which no text cell starts a spreadsheet formula.

    Text starting with `=`, `+`, `-`, `@`, tab or carriage return gets a leading apostrophe (OWASP, CSV
    injection). Numbers are written in full, dates as ISO days, missing as empty.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([safe_cell(str(name)) for name in frame.columns])
    writer.writerows(zip(*(map(_written, frame[name].tolist()) for name in frame.columns), strict=True))
    return out.getvalue()


def missing(value: Any) -> bool:
    """Whether a cell is empty: `None`, NaN, `pandas.NA` or `NaT`."""
    if value is None or isinstance(value, (str, bool, int, list, tuple, dict)):
        return value is None
    # NaN and NaT differ from themselves; NA does not even answer.
    return type(value).__name__ == "NAType" or bool(value != value)


# What hides text or ends it early: controls but tab and line ends, half characters, bidirectional marks.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


@lru_cache(maxsize=4096)
def safe_cell(text: str) -> str:
    """Return text that no spreadsheet runs as a formula and that hides nothing from a reader."""
    text = _HIDDEN.sub("", text)
    text = f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
    # The csv module does not quote a lone carriage return, and readers end the row there.
    return text.replace("\r", " ")


def _written(value: Any) -> str:
    if type(value) is str:  # half of all cells
        return safe_cell(value)
    if missing(value):
        return ""
    if hasattr(value, "item"):  # a NumPy scalar in a column of objects
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        # A count is exact. Nine significant digits of a rate are the same on every machine; the 17th is not.
        return str(int(value)) if value.is_integer() else f"{value:.9g}"
    if hasattr(value, "strftime"):
        return f"{value.year:04}-{value.month:02}-{value.day:02}"  # a tenth of the time of strftime
    return safe_cell(str(value))
