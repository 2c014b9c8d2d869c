"""From Table Schema to pandera, and from pandera's failure cases to readable faults.

Kept apart because pandera takes most of a second to import and a page whose tables are unchanged
since ingest never needs it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa

from peelbook.errors import Fault, TableContractError
from peelbook.forces import ENGLAND_AND_WALES, Forces

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LARGEST = 10**15
"""No count, sum or share of a police force comes near it; above it, floats no longer represent every whole number exactly."""
_LONGEST = 40

_BOOLEANS = {"true": True, "false": False, "True": True, "False": False}


def _text(value: Any) -> str:
    """One cell as the text a CSV would hold; `""` for missing."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _texts(column: pd.Series) -> pd.Series:
    """A column as the text a CSV would hold; each distinct value is turned into text once."""
    codes, distinct = pd.factorize(column)
    texts = [*map(_text, distinct), ""]  # code -1, missing, takes the last
    return pd.Series([texts[code] for code in codes], index=column.index, dtype="str")


def _typed(text: pd.Series, kind: str) -> tuple[pd.Series, pd.Series]:
    """Return the typed column and a mask of the cells that have the wrong type."""
    present = text != ""
    if kind == "string":
        return text.where(present, pd.NA).astype("str"), pd.Series(False, index=text.index)
    if kind == "boolean":
        good = text.isin(list(_BOOLEANS)) | ~present
        return text.map(_BOOLEANS).astype("boolean"), ~good
    if kind == "date":
        # Digits of other scripts would be taken for a date here and for none elsewhere.
        plain = text.map({cell: _DATE.fullmatch(cell) is not None for cell in text.unique()}).astype(bool)
        parsed = pd.to_datetime(text.where(present & plain), format="%Y-%m-%d", errors="coerce")
        return parsed.dt.as_unit("s"), present & parsed.isna()
    pattern = _INTEGER if kind == "integer" else _NUMBER
    good = text.map({cell: _can_be_shown(cell, pattern) for cell in text.unique()}) | ~present
    numbers = pd.to_numeric(text.where(good & present), errors="coerce")
    return numbers.astype("Int64" if kind == "integer" else "Float64"), ~good


def _can_be_shown(cell: str, pattern: re.Pattern[str]) -> bool:
    """Whether a cell is a number that a page can show: of few digits, finite, not too large."""
    return len(cell) <= _LONGEST and pattern.fullmatch(cell) is not None and abs(float(cell)) <= _LARGEST


_TYPE_RULE = {
    "integer": (
        "not a whole number that can be shown",
        "give digits only: no comma, no footnote marker, no symbol",
    ),
    "number": (
        "not a number that can be shown",
        "give a plain decimal number: no comma, no percent sign, no symbol",
    ),
    "date": ("not a date", "give the day as YYYY-MM-DD"),
    "boolean": ("neither true nor false", "write true or false"),
}


def _checks(field: dict[str, Any]) -> list[pa.Check]:
    limits = field.get("constraints", {})
    checks = []
    if "minimum" in limits:
        checks.append(pa.Check.ge(limits["minimum"], error=f"below the least allowed, {limits['minimum']}"))
    if "maximum" in limits:
        checks.append(pa.Check.le(limits["maximum"], error=f"above the most allowed, {limits['maximum']}"))
    if "enum" in limits:
        checks.append(
            pa.Check.isin(limits["enum"], error=f"not one of {', '.join(map(str, limits['enum']))}")
        )
    if "pattern" in limits:
        checks.append(
            pa.Check.str_matches(rf"(?:{limits['pattern']})\Z", error=f"does not match {limits['pattern']}")
        )
    return checks


def _rule_fix(field: dict[str, Any], rule: str) -> str:
    if "fix" in field:
        return field["fix"]
    if rule.startswith("not one of "):
        return "use one of the listed values, spelt exactly so"
    return "correct the figure, or leave the cell empty if it is missing"


def _check_columns(frame: pd.DataFrame, names: list[str], source: Path | str) -> None:
    """Raise `TableContractError` unless the columns are those of the contract, in whatever order."""
    faults = [
        Fault(name, None, "", "the column is missing", f"add the column {name!r}, or undo its renaming")
        for name in names
        if name not in frame.columns
    ]
    faults += [
        Fault(
            str(name),
            None,
            "",
            "the contract has no such column",
            f"remove it; the columns are {', '.join(names)}",
        )
        for name in frame.columns
        if name not in names
    ]
    if faults:
        raise TableContractError(source, faults)


def as_far_as_typed(frame: pd.DataFrame, schema: dict[str, Any], *, source: Path | str) -> pd.DataFrame:
    """See `peelbook.contracts.as_far_as_typed`."""
    kinds = {field["name"]: field["type"] for field in schema["fields"]}
    _check_columns(frame, list(kinds), source)
    frame = frame.reset_index(drop=True)
    return pd.DataFrame({name: _typed(_texts(frame[name]), kind)[0] for name, kind in kinds.items()})


def validate(
    frame: pd.DataFrame,
    schema: dict[str, Any],
    *,
    source: Path | str,
    forces: Forces | None,
    lines: Sequence[int] | None = None,
    of: str = "",
) -> pd.DataFrame:
    """See `peelbook.contracts.validate`."""
    fields = schema["fields"]
    names = [field["name"] for field in fields]
    _check_columns(frame, names, source)
    faults: list[Fault] = []
    frame = frame[names].reset_index(drop=True)
    if frame.empty:
        raise TableContractError(
            source, [Fault("", None, "", "the table has no rows", "give at least one row")]
        )

    text = pd.DataFrame({name: _texts(frame[name]) for name in names})
    typed = pd.DataFrame(index=text.index)
    where = text["force_code"] if "force_code" in names else pd.Series("", index=text.index)

    def force_name(row: int) -> str:
        code = str(where[row])
        return forces[code].name if forces is not None and code in forces else code

    def line(row: int) -> int:
        return row + 2 if lines is None else lines[row]

    columns: dict[str, pa.Column] = {}
    for field in fields:
        name, kind = field["name"], field["type"]
        typed[name], wrong = _typed(text[name], kind)
        rule, fix = _TYPE_RULE.get(kind, ("", ""))
        faults += [
            Fault(name, line(row), text[name][row], rule, field.get("fix", fix), force_name(row))
            for row in text.index[wrong]
        ]
        required = field.get("constraints", {}).get("required", False)
        faults += [
            Fault(name, line(row), "", "empty", "give a value; this column may not be empty", force_name(row))
            for row in (text.index[text[name] == ""] if required else ())
        ]
        columns[name] = pa.Column(checks=_checks(field), nullable=True, required=True)
        if name == "force_code" and forces is not None:
            known = {*forces.codes, *([ENGLAND_AND_WALES] if field.get("areas") == "national" else [])}
            faults += [
                Fault(
                    name, line(row), text[name][row], "no force has this code", "use the code in forces.csv"
                )
                for row in text.index[~text[name].isin(known) & (text[name] != "")]
            ]
    try:
        pa.DataFrameSchema(columns).validate(typed, lazy=True)
    except pa.errors.SchemaErrors as error:
        by_name = {field["name"]: field for field in fields}
        for case in error.failure_cases.itertuples():
            row, rule = int(case.index), str(case.check)
            faults.append(
                Fault(
                    str(case.column),
                    line(row),
                    text[case.column][row],
                    rule,
                    _rule_fix(by_name[case.column], rule),
                    force_name(row),
                )
            )
    key = schema.get("primaryKey", [])
    if key:
        repeated = text.duplicated(subset=key, keep="first")
        first = text.reset_index().groupby(key, dropna=False)["index"].transform("first")
        faults += [
            Fault(
                "+".join(key),
                line(row),
                ", ".join(text.loc[row, key]),
                f"the same key as row {line(first[row])}",
                "keep one of the two rows",
                force_name(row),
            )
            for row in text.index[repeated]
        ]
    if faults:
        faults = [replace(fault, of=of) for fault in faults]
        raise TableContractError(source, sorted(faults, key=lambda fault: (fault.row or 0, fault.column)))
    return typed
