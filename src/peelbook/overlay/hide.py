"""Suppresses the small counts of one user's table; `suppression.toml` says how its cells add up to totals.

Kept apart from the method so that a new table is an entry of a file and never code.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peelbook import contracts
from peelbook.errors import MissingTableError, ParameterError
from peelbook.overlay.suppress import TOTAL, check_threshold, suppress

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

    It is set in `suppress_below.txt` of the folder, in the environment variable `PEELBOOK_SUPPRESS_BELOW`, or in
    both: then the higher one holds. Raises `ParameterError` for anything but a whole number of 2 or more, an empty
    file among them: it was put there to hide something.
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
    """Return why a hidden count is missing. It does not say which counts are small: that would reveal them."""
    return f"suppressed: fewer than {below}, or a figure that would give such a number away"


@cache
def rules() -> dict[str, Any]:
    """Return `suppression.toml`: how each table adds up, or why nothing of it is hidden."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class HiddenRows:
    """A table without its small counts, and where they were.

    `places` are the (force_code, period_end) of every hidden count; `partners` those in which a total that is not small
    would reveal a count, and `totals` those in which the total over everything would.
    """

    frame: pd.DataFrame
    places: frozenset[tuple[Any, Any]] = frozenset()
    partners: frozenset[tuple[Any, Any]] = frozenset()
    totals: frozenset[tuple[Any, Any]] = frozenset()


def hide(frame: pd.DataFrame, table: str, below: int) -> HiddenRows:
    """Return the table without its small counts and those that would reveal them within the table.

    Raises `ParameterError` where parts exceed their whole, `MissingTableError` for a table without a rule.
    """
    check_threshold(below)
    if table in rules()["never"]:
        return HiddenRows(frame)
    own = [rule for rule in rules()["table"] if rule["name"] == table]
    if not own:
        raise MissingTableError(
            f"Nothing says how the counts of {table!r} add up, so its small numbers cannot be hidden. "
            "Fix: add it to overlay/suppression.toml."
        )
    key = contracts.load(table)["primaryKey"]
    out = frame.copy()
    suppressed = out["force_code"].isna()
    partners: set[tuple[Any, Any]] = set()
    totals: set[tuple[Any, Any]] = set()
    for rule in own:
        if "whole" in rule:
            lost = _whole(frame, rule["whole"], below)
            out.loc[lost, rule["whole"]] = None
            suppressed |= lost
            # Nothing stops the totals of these rows from revealing them.
            partners |= _places(out, lost)
            totals |= _places(out, lost)
            continue
        by = [name if isinstance(name, str) else tuple(name) for name in rule.get("by", [])]
        flat = [column for name in by for column in ([name] if isinstance(name, str) else name)]
        within = [column for column in key if column not in flat]
        found = suppress(out, below, count=rule["count"], by=by, parts=rule.get("parts", []), within=within)
        columns = [rule["count"], *rule.get("parts", [])]
        lost = (found.frame[columns].isna() & out[columns].notna()).any(axis=1)
        out = found.frame
        out.loc[lost, rule.get("blank", [])] = None
        suppressed |= lost
        at = within.index("force_code"), within.index("period_end")
        partners |= {(group[at[0]], group[at[1]]) for group, _ in found.partners}
        totals |= {
            (group[at[0]], group[at[1]])
            for group, cell in found.partners
            if all(label is TOTAL for label in cell)
        }
    return HiddenRows(out, frozenset(_places(out, suppressed)), frozenset(partners), frozenset(totals))


def _places(frame: pd.DataFrame, rows: pd.Series) -> set[tuple[Any, Any]]:
    found = frame.loc[rows, ["force_code", "period_end"]]
    return set(found.itertuples(index=False, name=None))


@cache
def links(table: str) -> tuple[tuple[str, str], ...]:
    """Return the tables of the same events as a table, each with what hidden there tells of this one.

    `places`, all of it: this table is the finer one and has the other's categories, so that its counts add up to
    hidden ones. `partners`: this table is the coarser one, and shows what the other withholds. `totals`: the two share
    no more than the total over everything.
    """
    found = []
    for link in rules()["linked"]:
        if link["finer"] == table:
            for other in link["coarser"]:
                by, own = _categories(other), set(contracts.load(table)["primaryKey"])
                found.append((other, "places" if not by or by & own else "totals"))
        elif table in link["coarser"]:
            found.append((link["finer"], "partners" if _categories(table) else "totals"))
    return tuple(found)


def _categories(table: str) -> set[str]:
    """The columns that a table is broken down by."""
    own = [rule for rule in rules()["table"] if rule["name"] == table]
    every = [name for rule in own for name in rule.get("by", [])]
    return {column for name in every for column in ([name] if isinstance(name, str) else name)}


def blank(hidden: HiddenRows, table: str, places: Iterable[tuple[Any, Any]]) -> HiddenRows:
    """Return the table without any count of a force within a year of some periods: (force_code, period_end)."""
    import pandas as pd

    frame = hidden.frame
    lost = pd.Series(False, index=frame.index)
    year = pd.Timedelta(days=365)
    for code, day in places:
        lost |= (frame["force_code"] == code) & ((frame["period_end"] - day).abs() < year)
    if not lost.any():
        return hidden
    out = frame.copy()
    out.loc[lost, _counts(table)] = None
    found = frozenset(_places(out, lost))
    return HiddenRows(out, hidden.places | found, hidden.partners | found, hidden.totals | found)


def _counts(table: str) -> list[str]:
    """The columns of counts of a table, or of its rates where no count of it is ever hidden."""
    own = [rule for rule in rules()["table"] if rule["name"] == table]
    if not own:
        return [
            field["name"]
            for field in contracts.load(table)["fields"]
            if field["type"] in ("integer", "number")
        ]
    return list(
        dict.fromkeys(
            column
            for rule in own
            for column in (
                *([rule["count"]] if "count" in rule else []),
                *rule.get("parts", []),
                *rule.get("whole", []),
                *rule.get("blank", []),
            )
        )
    )


def _whole(frame: pd.DataFrame, columns: list[str], below: int) -> pd.Series:
    """Which rows go: all of a force and period in which a count, or the difference of two, is small."""
    import pandas as pd

    small = pd.Series(False, index=frame.index)
    for place, column in enumerate(columns):
        for other in [None, *columns[:place]]:
            amount = frame[column] if other is None else (frame[other] - frame[column]).abs()
            small |= (amount.gt(0) & amount.lt(below)).fillna(False).astype(bool)
    return small.groupby([frame["force_code"], frame["period_end"]]).transform("any").astype(bool)
