"""Applies the hiding of small numbers to one supplied table, as `suppression.toml` says the table adds up.

Kept apart from the method so that a new table is an entry of a file and never code.
"""

from __future__ import annotations

import os
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peelbook import contracts
from peelbook.errors import MissingTableError, ParameterError
from peelbook.supplied._suppress import check_threshold, suppress

if TYPE_CHECKING:
    import pandas as pd

FILE = Path(__file__).with_name("suppression.toml")

#: Beside a user's tables: the threshold below which their counts are hidden, as one whole number.
THRESHOLD_FILE = "suppress_below.txt"

VARIABLE = "PEELBOOK_SUPPRESS_BELOW"

USUAL, LARGEST = 5, 1_000_000
"""A usual threshold, and one above which nothing of a force would be left to show."""


def threshold(folder: Path | None) -> int | None:
    """Return the threshold set for a folder of supplied tables, or `None`.

    It stands in `suppress_below.txt` of the folder, in the environment variable `PEELBOOK_SUPPRESS_BELOW`, or in
    both: then the higher one holds. Raises `ParameterError` for anything but a whole number of 2 or more, an empty
    file among them: whoever put it there meant to hide something.
    """
    if folder is None:
        return None
    found = []
    path = folder / THRESHOLD_FILE
    if os.path.lexists(path):
        found.append(_number(str(path), _content(path)))
    if text := os.environ.get(VARIABLE, ""):
        found.append(_number(VARIABLE, text))
    return max(found, default=None)


def _content(path: Path) -> str:
    """The text of the threshold's file. Raises `ParameterError`: a threshold that cannot be read is not none."""
    fix = f"write one whole number into it, such as {USUAL}, or remove it"
    if not path.is_file():
        raise ParameterError(f"{path}: is not a file. Fix: {fix}.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path}: cannot be read ({error}). Fix: {fix}.") from error


def _number(place: str, text: str) -> int:
    text = text.strip()
    if not text:
        raise ParameterError(f"{place}: is empty. Fix: write a number such as {USUAL}, or remove it.")
    if not (text.isascii() and text.isdigit()):
        raise ParameterError(
            f"{place}: {text[:40]!r} is not a whole number. Fix: write a number such as {USUAL}."
        )
    if len(text) > len(str(LARGEST)) or int(text) > LARGEST:
        raise ParameterError(
            f"{place}: {text[:20]} is above {LARGEST:,}. Fix: write a number such as {USUAL}."
        )
    try:
        check_threshold(int(text))
    except ParameterError as error:
        raise ParameterError(f"{place}: {error}") from error
    return int(text)


def threshold_file(folder: Path | None) -> dict[str, bytes]:
    """Return the threshold in force as the file that carries it, or nothing: name and bytes.

    A run sends it along with the tables: so it is part of the cache key, and a worker on another machine, which does
    not have this process's environment, hides the same counts.
    """
    below = threshold(folder)
    return {} if below is None else {THRESHOLD_FILE: f"{below}\n".encode()}


def reason(below: int) -> str:
    """Return why a hidden count is missing. It does not say which counts are small: that would tell them."""
    return f"suppressed: fewer than {below}, or a figure that would give such a number away"


@cache
def rules() -> dict[str, Any]:
    """Return `suppression.toml`: how each table adds up, or why nothing of it is hidden."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def hide(frame: pd.DataFrame, table: str, below: int) -> tuple[pd.DataFrame, set[tuple[Any, Any]]]:
    """Return the table without its small counts, and the (force_code, period_end) of every hidden one.

    Raises `ParameterError` where parts exceed their whole, `MissingTableError` for a table without a rule.
    """
    check_threshold(below)
    if table in rules()["never"]:
        return frame, set()
    own = [rule for rule in rules()["table"] if rule["name"] == table]
    if not own:
        raise MissingTableError(
            f"Nothing says how the counts of {table!r} add up, so its small numbers cannot be hidden. "
            "Fix: add it to supplied/suppression.toml."
        )
    key = contracts.load(table)["primaryKey"]
    out = frame.copy()
    gone = out["force_code"].isna()
    for rule in own:
        if "whole" in rule:
            lost = _whole(frame, rule["whole"], below)
            columns = rule["whole"]
            out.loc[lost, columns] = None
            gone |= lost
            continue
        by = [name if isinstance(name, str) else tuple(name) for name in rule.get("by", [])]
        flat = [column for name in by for column in ([name] if isinstance(name, str) else name)]
        found = suppress(
            out,
            below,
            count=rule["count"],
            by=by,
            parts=rule.get("parts", []),
            within=[column for column in key if column not in flat],
        )
        columns = [rule["count"], *rule.get("parts", [])]
        lost = (found.frame[columns].isna() & out[columns].notna()).any(axis=1)
        out = found.frame
        out.loc[lost, rule.get("blank", [])] = None
        gone |= lost
    places = out.loc[gone, ["force_code", "period_end"]]
    return out, set(places.itertuples(index=False, name=None))


def _whole(frame: pd.DataFrame, columns: list[str], below: int) -> pd.Series:
    """Which rows go: all of a force and period in which a count, or the difference of two, is small."""
    import pandas as pd

    small = pd.Series(False, index=frame.index)
    for place, column in enumerate(columns):
        for other in [None, *columns[:place]]:
            amount = frame[column] if other is None else (frame[other] - frame[column]).abs()
            small |= (amount.gt(0) & amount.lt(below)).fillna(False).astype(bool)
    return small.groupby([frame["force_code"], frame["period_end"]]).transform("any").astype(bool)
