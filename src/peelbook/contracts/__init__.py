"""The contract of every tidy table: one Frictionless Table Schema a file, `<table>.json`.

The same descriptor is embedded in `datapackage.json`, types the columns on reading, and becomes a
pandera schema for validation, so that a fact about a column is stated once.

Beside the standard keys a contract may carry `fix` on a field (advice printed with a fault) and, at
the top, `description`. Fields are `string`, `integer`, `number`, `date` or `boolean`; constraints are
`required`, `minimum`, `maximum`, `enum`, `pattern`. `primaryKey` must be unique. A field named
`force_code` must hold a code of `forces.csv`, or `K04000001` (England and Wales) where the field's
`areas` key says `"national"`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from peelbook.errors import Fault, MissingTableError, TableContractError
from peelbook.forces import Forces

if TYPE_CHECKING:
    import pandas as pd

FOLDER = Path(__file__).resolve().parent

_DTYPES = {"string": "str", "integer": "Int64", "number": "Float64", "boolean": "boolean", "date": "str"}


def tables() -> list[str]:
    """Return the names of all tables that have a contract, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def _load(table: str) -> str:
    path = FOLDER / f"{table}.json"
    if not re.fullmatch(r"[a-z0-9_]+", table) or not path.exists():
        raise MissingTableError(
            f"There is no table {table!r}. Known tables: {', '.join(tables())}. "
            "Fix: use one of these, or add a contract and an adapter."
        )
    return path.read_text(encoding="utf-8")


def load(table: str) -> dict[str, Any]:
    """Return the Table Schema of one table. Raises `MissingTableError` for an unknown one."""
    return json.loads(_load(table))


def categories(table: str, column: str) -> tuple[str, ...]:
    """Return the values that a column of a table may hold, in the order of its contract.

    Raises `MissingTableError` for an unknown table, `KeyError` for a column without a list of values.

    >>> categories("charges", "basis")
    ('closed', 'recorded')
    """
    fields = {field["name"]: field for field in load(table)["fields"]}
    return tuple(fields[column]["constraints"]["enum"])


def read_csv(
    path: Path, table: str, forces: Forces | None = None, *, validated: bool = False
) -> pd.DataFrame:
    """Read one tidy table with its columns typed: Int64, Float64, str, boolean, datetime64.

    `validated=True` skips the rules for bytes already known to satisfy them (their hash is the one
    recorded at ingest); types are always enforced.

    Raises `MissingTableError`, or `TableContractError` listing every fault with file, row, column, fix.
    """
    path = Path(path)
    load(table)  # an unknown name has its own message
    if not path.exists():
        raise MissingTableError(
            f"{path}: the table {table!r} is missing. Fix: restore it with git, or run `peelbook data ingest` "
            "on the official file."
        )
    if validated:
        return typed(path, table)
    return validate(_raw(path), table, source=path, forces=forces)


def as_far_as_typed(path: Path, table: str) -> pd.DataFrame:
    """Return the rows of a file that breaks its contract, every cell of the wrong type empty.

    For checks that go beyond the contract and are to be reported with its faults. Raises `TableContractError` for a
    file whose columns cannot be read.
    """
    from peelbook.contracts import _rules

    return _rules.as_far_as_typed(_raw(path), load(table), source=path)


def typed(source: Path | TextIO, table: str) -> pd.DataFrame:
    """Return a table whose text is known to be true to its contract, with its columns typed."""
    import pandas as pd

    fields = {field["name"]: field for field in load(table)["fields"]}
    frame = pd.read_csv(
        source,
        dtype={name: _DTYPES[field["type"]] for name, field in fields.items()},
        keep_default_na=False,
        na_values=[""],
        encoding="utf-8",
    )
    for name, field in fields.items():
        if field["type"] == "date":
            frame[name] = pd.to_datetime(frame[name], format="%Y-%m-%d").dt.as_unit("s")
    return frame


def _raw(path: Path) -> pd.DataFrame:
    """The cells of a CSV file as text. pandas would take a cell too many in a row for a row label."""
    import pandas as pd

    def fault(row: int | None, rule: str, fix: str) -> TableContractError:
        return TableContractError(path, [Fault("", row, "", rule, fix)])

    fix = "save the file as UTF-8 CSV with one header row"
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            lines = [(row, reader.line_num) for row in reader if row]
    except UnicodeDecodeError as error:
        raise fault(None, f"not UTF-8 text ({error.reason})", "save the file as UTF-8 CSV") from error
    except csv.Error as error:
        raise fault(None, f"not a CSV table: {error}", fix) from error
    if not lines:
        raise fault(None, "not a CSV table: the file is empty", fix)
    (header, _), *body = lines
    if repeated := sorted({name for name in header if header.count(name) > 1}):
        raise fault(1, f"the column {repeated[0]!r} is in the header twice", "remove one of them")
    for row, number in body:
        if len(row) != len(header):
            raise fault(
                number,
                f"not a CSV table: {len(row)} cells where the header has {len(header)}",
                "check commas and quotation marks in this row",
            )
    return pd.DataFrame([row for row, _ in body], columns=header, dtype="str")


def validate(
    frame: pd.DataFrame,
    table: str,
    *,
    source: Path | str,
    forces: Forces | None = None,
    lines: Sequence[int] | None = None,
    of: str = "",
) -> pd.DataFrame:
    """Return the frame typed and in contract order, or raise `TableContractError` with all faults.

    Row numbers in faults are lines of the CSV (the header is line 1), or `lines`, one for each row of the
    frame. `of` says what they are counted in, where it is not the source itself.
    """
    from peelbook.contracts import _rules

    return _rules.validate(frame, load(table), source=source, forces=forces, lines=lines, of=of)
