"""Checks of a user's file before it is read as a table: whether it has rows, and of which forces.

One force's folder must never change another force's figures, so a row of another force is an error here and not a
matter of what a later step does with it.
"""

from __future__ import annotations

import csv
import datetime
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peelbook.errors import Fault
from peelbook.forces import ENGLAND_AND_WALES, Forces

if TYPE_CHECKING:
    import pandas as pd


def has_rows(path: Path) -> bool:
    """Whether a CSV file is there and has anything below its header."""
    if not path.is_file():
        return False
    # Lines may end as on any system: a file of old Macs is one line to a reader that knows only "\n".
    _, *lines = path.read_bytes().splitlines() or [b""]
    return any(line.strip(b' \t,;"') for line in lines)


def codes(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the `force_code` of each row, as far as the file can be read as CSV."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            for number, row in enumerate(reader, start=2):
                yield number, str(row.get("force_code") or "")
    except (csv.Error, UnicodeDecodeError):
        return  # the contract says what is wrong with it


def rows_of_other_forces(path: Path, forces: Forces, embedded: Forces, own: str | None) -> list[Fault]:
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
                "take these rows out: each force's data need a folder of their own",
                name,
            )
        )
    return faults


@cache
def _periods() -> dict[str, Any]:
    """Return `periods.toml`: on which days the period of a row may end."""
    return tomllib.loads(Path(__file__).with_name("periods.toml").read_text(encoding="utf-8"))


def wrong_days(frame: pd.DataFrame, table: str) -> list[Fault]:
    """Return a fault for each row whose period ends on a day that no page asks for (`periods.toml` has them)."""
    rules = _periods()
    end = next((end for end, tables in rules["ends"].items() if table in tables), None)
    if end is None:
        return []
    days = frame["period_end"]
    allowed = {
        "month": days.dt.is_month_end,
        "quarter": days.dt.is_quarter_end,
    }.get(end, days.dt.strftime("%m-%d") == end)
    words = {"month": "the last day of a month", "quarter": "31 March, 30 June, 30 September or 31 December"}
    if end not in words:
        day = datetime.date.fromisoformat(f"2000-{end}")
        words[end] = f"{day.day} {day:%B}"
    faults = []
    for place in frame.index[~allowed]:
        faults.append(_day_fault(frame, place, "the period does not end on such a day", f"give {words[end]}"))
    years = days.dt.year
    first, last = rules["first_year"], rules["last_year"]
    for place in frame.index[allowed & ~years.between(first, last)]:
        fix = f"give a year from {first} to {last}"
        faults.append(_day_fault(frame, place, "not a year that a page can show", fix))
    return faults


def _day_fault(frame: pd.DataFrame, place: Any, rule: str, fix: str) -> Fault:
    day = frame.at[place, "period_end"].date().isoformat()
    return Fault("period_end", int(place) + 2, day, rule, fix, str(frame.at[place, "force_code"]))


def parts_below_total(frame: pd.DataFrame, table: str) -> list[str]:
    """Return a sentence for each row whose parts leave some of the whole unaccounted for, though all are given.

    It may be intended, as calls that were never answered are in no part; so it is a warning and not an error.
    """
    texts = []
    for whole, parts in _WHOLES.get(table, ()):
        known = frame[[whole, *parts]].notna().all(axis=1)
        total = frame[parts].sum(axis=1)
        for place in frame.index[(known & (total != frame[whole])).fillna(False)]:
            texts.append(
                f"{table}.csv, row {int(place) + 2}: {', '.join(parts)} add up to {total[place]:,}, and {whole} is "
                f"{frame.at[place, whole]:,}. Correct one of them, if the rest is not meant."
            )
    return texts


#: Tables whose parts should make up the whole in every row: (whole, parts).
_WHOLES: dict[str, tuple[tuple[str, list[str]], ...]] = {
    "emergency_calls": (
        (
            "calls_count",
            [
                "answered_in_10_seconds_count",
                "answered_in_10_to_60_seconds_count",
                "answered_after_60_seconds_count",
            ],
        ),
    ),
    "funding": (("total_gbp", ["grant_gbp", "precept_gbp"]),),
}


def parts_exceed_total(frame: pd.DataFrame, table: str) -> list[Fault]:
    """Return a fault for each row whose parts add up to more than their whole (`suppression.toml` has them)."""
    from peelbook.overlay.hide import rules

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
