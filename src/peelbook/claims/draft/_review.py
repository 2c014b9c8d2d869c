"""Keeps the draft and a person's decisions on it, and writes the ledger from what was accepted.

The review file holds the report's own sentences beside each row. It is for the reviewer's eyes, on this machine:
nothing else reads it, and no page or download is made from it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peelbook import contracts, formats
from peelbook.claims._ledger import TABLE
from peelbook.claims.draft._draft import NO_CLAIM, DraftRow
from peelbook.errors import Fault, ReportFileError, TableContractError
from peelbook.util.files import write_atomic

#: The folder of the review file, beside the ledger it makes.
FOLDER = "claims-review"
FILE = "review.csv"

ACCEPT, DROP, OPEN = "accept", "drop", ""

#: What the reviewer sees and sets, before the ledger's own columns.
_OWN = ("decision", "status", "reason", "key", "drafted", "sentence")

_UNITS = {
    "percent": "percent",
    "percentage_points": "percentage points",
    "per_1000": "per 1,000",
    "per_100000": "per 100,000",
    "times": "times",
    "gbp_per_1000": "pounds per 1,000 people",
    "gbp": "pounds",
    "gbp_million": "million pounds",
    "gbp_billion": "billion pounds",
    "per_year": "a year",
    "per_manager": "for each manager",
    "per_officer": "for each officer",
    "count": "",
    "year": "",
    "financial_year": "",
}


@dataclass(frozen=True)
class Counts:
    """How a draft stands: rows by decision, and how many rows the ledger has now."""

    open: int
    accepted: int
    dropped: int
    no_claims: int
    kept: int = 0


def ledger_columns() -> list[str]:
    """Return the columns of the ledger, in its order."""
    return [field["name"] for field in contracts.load(TABLE)["fields"]]


def review_file(folder: Path) -> Path:
    """Return where the review file of a ledger folder lies."""
    return folder / FOLDER / FILE


def _digest(row: Mapping[str, str]) -> str:
    text = "\x1f".join(str(row.get(name, "")) for name in ledger_columns())
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _keys(rows: Iterable[DraftRow]) -> list[str]:
    """A name for each row that a second reading gives again: its sentence, its number, and which of several it is."""
    seen: Counter[tuple[str, str]] = Counter()
    keys = []
    for row in rows:
        sentence = re.sub(r"\W+", " ", row.sentence.lower()).strip()
        token = row.place.partition(":")[2].partition("#")[0]
        seen[(sentence, token)] += 1
        text = f"{sentence}\x1f{token}\x1f{seen[(sentence, token)]}"
        keys.append(hashlib.sha256(text.encode()).hexdigest()[:16])
    return keys


def _as_row(row: DraftRow, key: str) -> dict[str, str]:
    fields = {name: str(row.fields.get(name, "") or "") for name in ledger_columns()}
    fields["section"] = fields["section"] or row.section
    fields["location"] = fields["location"] or (row.place if row.status == NO_CLAIM else "")
    return {
        "decision": DROP if row.status == NO_CLAIM else OPEN,
        "status": row.status,
        "reason": row.reason,
        "key": key,
        "drafted": _digest(fields),
        "sentence": row.sentence,
        **fields,
    }


def write_draft(folder: Path, rows: list[DraftRow]) -> Counts:
    """Write the review file of a draft; a row that a person decided on or corrected before is kept as it is.

    Returns the counts. Raises `ReportFileError` where the file that is there is none of this kind.
    """
    before = {row["key"]: row for row in read_review(folder)} if review_file(folder).is_file() else {}
    made, kept = [], 0
    for row, key in zip(rows, _keys(rows), strict=True):
        fresh = _as_row(row, key)
        old = before.pop(key, None)
        if old is not None and _by_person(old):
            kept += 1
            fresh = {**old, "drafted": fresh["drafted"], "status": fresh["status"], "reason": fresh["reason"]}
        made.append(fresh)
    for old in before.values():
        if _by_person(old):
            kept += 1
            made.append({**old, "reason": "not in the latest reading"})
    save_review(folder, made)
    return _counts(made, kept)


def _by_person(row: Mapping[str, str]) -> bool:
    decided = row["decision"] != (DROP if row["status"] == NO_CLAIM else OPEN)
    return decided or _digest(row) != row["drafted"]


def _counts(rows: Iterable[Mapping[str, str]], kept: int = 0) -> Counts:
    rows = list(rows)
    return Counts(
        open=sum(row["decision"] == OPEN for row in rows),
        accepted=sum(row["decision"] == ACCEPT for row in rows),
        dropped=sum(row["decision"] == DROP and row["status"] != NO_CLAIM for row in rows),
        no_claims=sum(row["decision"] == DROP and row["status"] == NO_CLAIM for row in rows),
        kept=kept,
    )


def read_review(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a review file, as text.

    Raises `ReportFileError` where there is none, or it lacks a column or holds an unknown decision.
    """
    path = review_file(folder)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ReportFileError(
            f"{path}: there is no draft. Fix: run `peelbook claims read REPORT --force … --folder {folder}` first."
        ) from error
    except UnicodeDecodeError as error:
        raise ReportFileError(
            f"{path}: not UTF-8 text. Fix: save it from the spreadsheet as CSV UTF-8."
        ) from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    wanted = [*_OWN, *ledger_columns()]
    lacking = [name for name in wanted if name not in (reader.fieldnames or [])]
    if lacking:
        raise ReportFileError(
            f"{path}: the column {lacking[0]!r} is missing. Fix: keep the columns of the draft."
        )
    rows = []
    for number, raw in enumerate(reader, start=2):
        row = {name: (raw.get(name) or "") for name in wanted}
        row["sentence"] = (
            row["sentence"].removeprefix("'") if row["sentence"][:2] in _FORMULA else row["sentence"]
        )
        row["decision"] = row["decision"].strip().lower()
        if row["decision"] not in (ACCEPT, DROP, OPEN):
            raise TableContractError(
                path,
                [
                    Fault(
                        "decision",
                        number,
                        row["decision"],
                        "not a decision",
                        "write accept, drop, or leave it empty to decide later",
                    )
                ],
            )
        rows.append(row)
    return rows


_FORMULA = ("'=", "'+", "'-", "'@")


def save_review(folder: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Write the review file whole. A sentence that a spreadsheet would run as a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [*_OWN, *ledger_columns()], lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        sentence = row["sentence"]
        writer.writerow(
            {**row, "sentence": f"'{sentence}" if sentence[:1] in ("=", "+", "-", "@") else sentence}
        )
    path = review_file(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, out.getvalue())


def statement_of(row: Mapping[str, str]) -> str:
    """Return the row's statement, or a plain one made of its own fields where nobody has written one.

    It is made of our heading, the value, unit and period, never of the report's sentence.
    """
    if row["statement"].strip():
        return row["statement"].strip()
    if row["unit"] == "grade":
        return f"HMICFRS gave the grade “{row['label']}”."
    if row["denominator"]:
        figure = f"{row['numerator']} of {row['denominator']}"
    else:
        figure = f"{row['value']} {_UNITS.get(row['unit'], row['unit'])}".strip()
    figure = figure or row["label"]
    period = f" ({formats.date(row['period_end'])})" if row["period_end"] else ""
    return f"{row['heading']}: {figure}{period}."


def ledger_text(rows: Iterable[Mapping[str, str]]) -> str:
    """Return the accepted rows as a ledger, CSV."""
    out = io.StringIO()
    columns = ledger_columns()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: row[name] for name in columns} | {"statement": statement_of(row)})
    return out.getvalue()


def apply_review(folder: Path) -> Counts:
    """Write `claims.csv` from the rows that were accepted, and return the counts.

    Raises `TableContractError` that names each accepted row without a heading of its own, before anything is
    written.
    """
    rows = read_review(folder)
    faults = [
        Fault(
            "heading",
            number,
            row["heading"],
            "an accepted row has no name of its own",
            "say what the figure is, in a few words",
        )
        for number, row in enumerate(rows, start=2)
        if row["decision"] == ACCEPT and row["heading"].strip() in ("", "To be named")
    ]
    if faults:
        raise TableContractError(review_file(folder), faults)
    accepted = [row for row in rows if row["decision"] == ACCEPT]
    write_atomic(folder / "claims.csv", ledger_text(accepted))
    return _counts(rows)


def changed(row: dict[str, str], form: Mapping[str, Any]) -> dict[str, str]:
    """Return a row with what a form of the review page says; unknown fields are ignored."""
    allowed = {"decision", *ledger_columns()} - {"report", "force_code"}
    return {
        name: str(form[name]).strip() if name in allowed and name in form else value
        for name, value in row.items()
    }
