"""Earlier releases of a table: each kept as what differs from the release after it, and put together again.

The newest release is the table itself. A release before it is a small CSV of the rows that were other then: text,
sorted by key, so that git shows what was revised and stores nothing twice. Going back one release means taking
the one after it, leaving the periods it did not have, and putting those rows in place.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peelbook import contracts
from peelbook.errors import DataPackageError
from peelbook.util.files import sha256

if TYPE_CHECKING:
    import pandas as pd

#: Folder of the earlier releases, in the folder of the tables.
FOLDER = "releases"

#: What a row of an earlier release says: it stood so then, or it was not there although its period was.
CHANGE, WAS, ABSENT = "change", "was", "absent"


@dataclass
class State:
    """A table as it was after one release, or is: its rows (typed, in the contract's order) and its inputs."""

    frame: pd.DataFrame
    inputs: list[dict[str, Any]] = field(default_factory=list)
    released: datetime.date | None = None


def to_csv(frame: pd.DataFrame, table: str) -> bytes:
    """Return the bytes of a tidy table: contract order, sorted by its key, `\\n` line ends."""
    schema = contracts.load(table)
    names = [item["name"] for item in schema["fields"]]
    return (
        frame[names]
        .sort_values(schema.get("primaryKey", names), kind="stable")
        .to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")
        .encode()
    )


def path_of(table: str, released: datetime.date) -> str:
    """Return where an earlier release of a table is kept, relative to the folder of the tables."""
    return f"{FOLDER}/{table}/{released.isoformat()}.csv"


def date_of(entry: dict[str, Any]) -> datetime.date | None:
    """Return the day of release of a descriptor's entry, `None` where it has none."""
    return _day(entry.get("released"))


def not_before(resource: dict[str, Any]) -> datetime.date | None:
    """Return the day before which the newest release of a table cannot have been: its own, or its last figure's."""
    return date_of(resource) or _day(resource.get("coverage", {}).get("last_day"))


def _day(text: Any) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def later_parts(resource: dict[str, Any], day: datetime.date) -> frozenset[str] | None:
    """Return the parts of an undated table that come of files later than a day, by its inputs' `covers`.

    A file is later by its own day of release, or by its last period. `None` where all of them are later, or the
    table is not made of parts.
    """
    later: set[str] = set()
    here = False
    for item in resource.get("inputs", []):
        if covers := item.get("covers"):
            ends = [end for name in covers for word in name.split() if (end := _day(word)) is not None]
            first = date_of(item) or max(ends, default=None)
            if first is not None and first > day:
                later.update(covers)
            else:
                here = True
    return frozenset(later) if here else None


def entry_at(resource: dict[str, Any], day: datetime.date) -> dict[str, Any] | None:
    """Return the descriptor entry of the newest release on or before a day: the resource itself, or one of its
    `releases`. `None` where all of them are later. A release without a date counts as here from its last figure on;
    one made of several files as soon as one of them is here: `later_parts` says which of its rows are not.
    """
    first = not_before(resource)
    if first is None or first <= day:
        return resource
    earlier = [entry for entry in resource.get("releases", []) if (date_of(entry) or day) <= day]
    if earlier:
        return max(earlier, key=lambda entry: entry["released"])
    undated = date_of(resource) is None
    return resource if undated and later_parts(resource, day) is not None else None


def _rows(payload: bytes) -> tuple[list[str], list[list[str]]]:
    header, *rows = csv.reader(io.StringIO(payload.decode("utf-8"), newline=""))
    return header, rows


def _key(table: str) -> list[str]:
    schema = contracts.load(table)
    return list(schema.get("primaryKey") or [item["name"] for item in schema["fields"]])


def _period(header: Sequence[str]) -> str | None:
    return next((name for name in ("period_end", "cycle") if name in header), None)


def difference(older: bytes, newer: bytes, table: str) -> tuple[bytes, list[str]]:
    """Return what makes the older release out of the newer, as CSV, and the periods that the older has."""
    header, old = _rows(older)
    _, new = _rows(newer)
    places = [header.index(name) for name in _key(table)]
    period = _period(header)
    at = header.index(period) if period else None
    periods = sorted({row[at] for row in old}) if at is not None else []

    def key(row: list[str]) -> tuple[str, ...]:
        return tuple(row[place] for place in places)

    before, after = {key(row): row for row in old}, {key(row): row for row in new}
    changes = [[WAS, *row] for name, row in before.items() if after.get(name) != row]
    for name, row in after.items():
        if name not in before and (at is None or row[at] in periods):
            changes.append([ABSENT, *(cell if n in places else "" for n, cell in enumerate(row))])
    changes.sort(key=lambda row: (key(row[1:]), row))
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([[CHANGE, *header], *changes])
    return text.getvalue().encode(), periods


def restored(newer: bytes, change: bytes, periods: Sequence[str], table: str) -> pd.DataFrame:
    """Return the older release, typed, from the newer one and what `difference` gave."""
    header, new = _rows(newer)
    (_, *names), changes = _rows(change)
    if names != header:
        raise ValueError("its columns are not the table's")
    places = [header.index(name) for name in _key(table)]
    period = _period(header)
    at = header.index(period) if period else None

    def key(row: list[str]) -> tuple[str, ...]:
        return tuple(row[place] for place in places)

    rows = {key(row): row for row in new if at is None or row[at] in periods}
    for kind, *row in changes:
        if kind == ABSENT:
            rows.pop(key(row), None)
        else:
            rows[key(row)] = row
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows.values()])
    text.seek(0)
    return contracts.typed(text, table)


def read(data_dir: Path, resource: dict[str, Any], down_to: datetime.date | None = None) -> list[State]:
    """Return the earlier releases of a table, oldest first; with `down_to` no older one than that of this day.

    Raises `DataPackageError` where a file is missing or does not give the release whose hash is recorded.
    """
    table = resource["name"]
    entries = sorted(resource.get("releases", []), key=lambda entry: entry["released"], reverse=True)
    newer = (Path(data_dir) / resource["path"]).read_bytes() if entries else b""
    states: list[State] = []
    for entry in entries:
        path = Path(data_dir) / path_of(table, datetime.date.fromisoformat(entry["released"]))
        fix = "restore it with git, or ingest the official file of that release again"
        try:
            frame = restored(newer, path.read_bytes(), entry.get("periods", []), table)
            newer = to_csv(frame, table)
        except FileNotFoundError as error:
            raise DataPackageError(f"{path}: no such file. Fix: {fix}.") from error
        except (ValueError, KeyError, IndexError) as error:
            raise DataPackageError(f"{path}: not a release of {table!r} ({error}). Fix: {fix}.") from error
        if f"sha256:{sha256(newer)}" != entry["table_hash"]:
            raise DataPackageError(
                f"{path}: with the table as it is, it does not give the release of {entry['released']}. Fix: {fix}."
            )
        states.insert(0, State(frame, entry["inputs"], datetime.date.fromisoformat(entry["released"])))
        if down_to is not None and states[0].released is not None and states[0].released <= down_to:
            break
    return states


def written(
    states: Sequence[State], newest: bytes, table: str
) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """Return the files of earlier releases (oldest first, before the newest's bytes), and their descriptor entries."""
    files: dict[str, bytes] = {}
    entries: list[dict[str, Any]] = []
    newer = newest
    for state in reversed(states):
        if state.released is None:
            raise ValueError("an earlier release has a date")
        payload = to_csv(state.frame, table)
        change, periods = difference(payload, newer, table)
        name = path_of(table, state.released)
        files[name] = change
        entry = {
            "released": state.released.isoformat(),
            "path": name,
            "bytes": len(change),
            "hash": f"sha256:{sha256(change)}",
            "table_hash": f"sha256:{sha256(payload)}",
            "rows": len(state.frame),
            "periods": periods,
            "inputs": sorted(state.inputs, key=lambda item: (item["name"], item["sha256"])),
        }
        entries.insert(0, entry)
        newer = payload
    return files, entries


# --- how a file goes into the line of releases


@dataclass
class Part:
    """What files of one release give to a table: rows, and of each file its input entry and what it covers."""

    frame: pd.DataFrame
    files: list[tuple[dict[str, Any], list[tuple[Any, ...]]]]
    joined: list[dict[str, Any]] = field(default_factory=list)
    released: datetime.date | None = None

    @property
    def keys(self) -> list[tuple[Any, ...]]:
        """The parts of the table that the files cover."""
        return [key for _, keys in self.files for key in keys]


def together(parts: Sequence[Part]) -> Part:
    """Return several files of one release, which cover different parts of a table, as one."""
    import pandas as pd

    if len(parts) == 1:
        return parts[0]
    frames = [part.frame for part in parts if len(part.frame)]
    frame = pd.concat(frames, ignore_index=True) if frames else parts[0].frame
    return Part(frame, [file for part in parts for file in part.files], parts[-1].joined, parts[0].released)


def text_of(key: tuple[Any, ...]) -> str:
    """Return the name of a part of a table, as an input's `covers` has it."""
    return " ".join(part.strftime("%Y-%m-%d") if hasattr(part, "strftime") else str(part) for part in key)


def kept_keys(state: State | None, part: Part, merge: Sequence[str] | None) -> list[tuple[Any, ...]]:
    """Return which of a file's parts go into a state: those that no input of a later release covers."""
    if state is None or part.released is None:
        return part.keys
    if not merge:
        later = state.released is not None and state.released > part.released
        return [] if later else part.keys
    covered = {
        name
        for item in state.inputs
        if (day := date_of(item)) is not None and day > part.released
        for name in item.get("covers", [])
    }
    return [key for key in part.keys if text_of(key) not in covered]


def laid(state: State | None, part: Part, merge: Sequence[str] | None) -> State:
    """Return a state with a file's rows in it, in place of those of the same parts."""
    import pandas as pd

    keys = kept_keys(state, part, merge)
    if state is not None and not keys and part.keys:
        return state
    if not merge:
        return State(part.frame, [*(own for own, _ in part.files), *part.joined], part.released)
    names = {text_of(key) for key in keys}
    frame = part.frame
    if len(keys) < len(part.keys):
        frame = frame[pd.MultiIndex.from_frame(frame[list(merge)]).isin(keys)]
    inputs = []
    for own, covered in part.files:
        if held := sorted(names & {text_of(key) for key in covered}):
            inputs.append({**own, "covers": held})
    frames = [frame]
    if state is not None:
        kept = state.frame
        if keys and len(kept):
            kept = kept[~pd.MultiIndex.from_frame(kept[list(merge)]).isin(keys)]
        frames.insert(0, kept)
        for item in state.inputs:
            if left := sorted(set(item.get("covers", [])) - names):
                inputs.append({**item, "covers": left})
    frames = [each for each in frames if len(each)]
    whole = pd.concat(frames, ignore_index=True) if frames else part.frame
    days = [date_of(item) for item in inputs]
    known = [day for day in days if day is not None]
    # Of a table in which one file has no date, nobody can say as of when it is.
    released = max(known) if known and len(known) == len(days) else None
    return State(whole, [*inputs, *part.joined], released)


def with_part(states: Sequence[State], part: Part, merge: Sequence[str] | None) -> list[State]:
    """Return the line of releases (oldest first, the newest last) with a file in its place.

    A file without a date is taken for the newest. A state without one is replaced, as nobody can ask for it.
    """
    if not states:
        return [laid(None, part, merge)]
    *earlier, newest = states
    known = [state.released for state in states if state.released is not None]
    if part.released is None or not known or part.released >= max(known):
        after = laid(newest, part, merge)
        replaced = newest.released is not None and newest.released != after.released
        return [*earlier, *([newest] if replaced else []), after]
    # Nobody knows which of the two is newer where the newest has no date: it stays.
    after = newest if newest.released is None else laid(newest, part, merge)
    before = [state for state in earlier if state.released is not None and state.released <= part.released]
    later = earlier[len(before) :]
    base = before[-1] if before else None
    then = laid(base, part, merge)
    then.released = part.released
    if base is not None and base.released == part.released:
        before.pop()
    return [*before, then, *(laid(state, part, merge) for state in later), after]
