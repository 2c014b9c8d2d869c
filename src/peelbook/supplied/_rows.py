"""What can be told of a supplied file before it is read as a table: is it filled in, and whose rows it has.

One force's folder must never change another force's figures, so a row of another force is an error here and not a
matter of what a later step does with it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from peelbook.contracts import ENGLAND_AND_WALES
from peelbook.errors import Fault
from peelbook.forces import Forces

if TYPE_CHECKING:
    import pandas as pd


def filled(path: Path) -> bool:
    """Whether a CSV file is there and has anything below its header."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        stream.readline()
        return any(line.strip(b' \t\r\n,;"') for line in stream)


def codes(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the `force_code` of each row, as far as the file can be read as CSV."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            for number, row in enumerate(reader, start=2):
                yield number, str(row.get("force_code") or "")
    except (csv.Error, UnicodeDecodeError):
        return  # the contract says what is wrong with it


def foreign(path: Path, forces: Forces, embedded: Forces, own: str | None) -> list[Fault]:
    """Return one fault for each other force whose rows a supplied file holds, at the first of them.

    `own` is the code of the force the folder is about; `None` allows any one force. Areas that only the
    folder's `forces.csv` knows are its own. England and Wales is never: national figures are not a force's to supply.
    """
    found: dict[str, list[int]] = {}
    for number, code in codes(path):
        found.setdefault(code, []).append(number)
    known = set(embedded.codes)
    of_forces = [code for code in found if code in known]
    allowed = own if own is not None else (of_forces[0] if of_forces else None)
    others = [code for code in of_forces if code != allowed]
    if ENGLAND_AND_WALES in found:
        others.append(ENGLAND_AND_WALES)
    faults = []
    for code in others:
        name = embedded[code].name if code in embedded else "England and Wales"
        lines = found[code]
        more = (
            f", and {len(lines) - 1} more row{'s' if len(lines) > 2 else ''} of it" if len(lines) > 1 else ""
        )
        whose = "this folder is for one force"
        if allowed is not None:
            whose = f"this folder is for {forces[allowed].name if allowed in forces else allowed}"
        faults.append(
            Fault(
                "force_code",
                lines[0],
                code,
                f"a row of {name}, but {whose}{more}",
                "take these rows out: each force's own data stand in a folder of their own",
                name,
            )
        )
    return faults


def above_whole(frame: pd.DataFrame, table: str) -> list[Fault]:
    """Return a fault for each row whose parts add up to more than their whole (`suppression.toml` has them)."""
    from peelbook.supplied._hide import rules

    faults = []
    for rule in rules()["table"]:
        if rule["name"] != table or "parts" not in rule:
            continue
        whole = frame[rule["count"]]
        parts = frame[rule["parts"]].fillna(0).sum(axis=1)
        wrong = (parts > whole).fillna(False).astype(bool)
        for row in frame.index[wrong]:
            faults.append(
                Fault(
                    "+".join(rule["parts"]),
                    int(row) + 2,
                    str(int(parts[row])),
                    f"above {rule['count']}, which is {int(whole[row])}",
                    "correct one of the two",
                )
            )
    return faults
