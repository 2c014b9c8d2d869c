"""Rows of a ledger for tests: every column of the contract, with defaults."""

from __future__ import annotations

import pandas as pd

from peelbook import contracts
from peelbook.claims._ledger import Ledger
from peelbook.claims._read import of_frame

MET, KENT, CITY, WALES = "E23000001", "E23000032", "E23000034", "K04000001"

DEFAULTS = {
    "report": "peel-2023-25-metropolitan",
    "force_code": MET,
    "section": "police_powers",
    "heading": "A figure",
    "statement": "A figure in our own words.",
    "quantity": "figure",
    "subject": MET,
    "sense": "=",
    "unit": "count",
    "basis": "open data",
    "publication": "stop_search",
}


def claim_row(topic: str, **cells: object) -> dict[str, object]:
    """One row of the ledger with defaults; the decimals follow the digits of the value."""
    row = dict.fromkeys(field["name"] for field in contracts.load("claims")["fields"])
    row |= DEFAULTS | cells
    row["claim_id"] = f"{row['section']}.{topic}"
    if row["value"] is None:
        row["sense"] = None
    elif row["decimals"] is None:
        digits = str(row["value"])
        row["decimals"] = len(digits.partition(".")[2])
    return row


def frame_of(*rows: dict[str, object]) -> pd.DataFrame:
    """Rows as the typed frame that the catalogue gives."""
    text = pd.DataFrame(list(rows), dtype=object).map(lambda cell: None if pd.isna(cell) else str(cell))
    return contracts.validate(text, "claims", source="claims.csv")


def ledger_of(*rows: dict[str, object]) -> Ledger:
    return of_frame(frame_of(*rows))
