"""The rules in `rules.toml`, checked and parsed once.

They are facts about publications and about which figures must agree, so they are data, not code.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from peelbook.claims._expression import Node, parse
from peelbook.errors import Fault, TableContractError

FILE = "rules.toml"

KINDS = ("definition", "vintage", "period", "population")


@dataclass(frozen=True)
class Substitute:
    """An expression that stands in for a measure."""

    measure: str
    kind: str
    label: str
    tree: Node
    force_code: str = ""
    period_end: dt.date | None = None


@dataclass(frozen=True)
class Revision:
    """How later releases move a table's figures for a past period: `up` or `either`."""

    table: str
    direction: str
    short: str
    reason: str


@dataclass(frozen=True)
class Identity:
    """A printed quantity that follows from others."""

    name: str
    quantity: str
    tree: Node
    expression: str
    note: str = ""


@dataclass(frozen=True)
class Implied:
    """A figure that a printed quantity implies and the report does not print."""

    quantity: str
    label: str
    unit: str
    decimals: int
    tree: Node


@dataclass(frozen=True)
class Rules:
    """All rules, each kind in the order of the file."""

    substitutes: tuple[Substitute, ...]
    revisions: tuple[Revision, ...]
    identities: tuple[Identity, ...]
    implied: tuple[Implied, ...] = ()


@cache
def rules() -> Rules:
    """Return the rules of the package. Raises `TableContractError` naming each fault."""
    return read((files("peelbook.claims") / FILE).read_text(encoding="utf-8"))


def read(text: str, source: str = FILE) -> Rules:
    """Parse rules. Raises `TableContractError` naming the entry, the key and the fix."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TableContractError(
            source, [Fault("", None, "", f"not TOML: {error}", "mend the syntax")]
        ) from error
    faults: list[Fault] = []

    def entries(kind: str, required: set[str], optional: frozenset[str] = frozenset()) -> list[dict]:
        rows = data.get(kind, [])
        good = []
        for number, row in enumerate(rows, start=1):
            missing, extra = required - row.keys(), row.keys() - required - optional
            for key in sorted(missing | extra):
                rule = "the key is missing" if key in missing else "unknown key"
                faults.append(Fault(f"{kind} {number}: {key}", None, "", rule, f"add or remove {key}"))
            if not missing | extra:
                good.append(row)
        return good

    substitutes = [
        Substitute(
            row["measure"],
            row["kind"],
            row["label"],
            parse(row["expression"]),
            row.get("force_code", ""),
            dt.date.fromisoformat(row["period_end"]) if "period_end" in row else None,
        )
        for row in entries(
            "alternative",
            {"measure", "kind", "label", "expression"},
            frozenset({"force_code", "period_end"}),
        )
    ]
    revisions = [Revision(**row) for row in entries("revision", {"table", "direction", "short", "reason"})]
    identities = [
        Identity(
            row["name"], row["quantity"], parse(row["expression"]), row["expression"], row.get("note", "")
        )
        for row in entries("identity", {"name", "quantity", "expression"}, frozenset({"note"}))
    ]
    implied = [
        Implied(row["quantity"], row["label"], row["unit"], row["decimals"], parse(row["expression"]))
        for row in entries("implied", {"quantity", "label", "unit", "decimals", "expression"})
    ]
    faults += [
        Fault("implied: unit", None, rule.unit, "unknown unit", "use count or percent")
        for rule in implied
        if rule.unit not in ("count", "percent")
    ]
    faults += [
        Fault("alternative: kind", None, substitute.kind, "unknown kind", f"use one of {', '.join(KINDS)}")
        for substitute in substitutes
        if substitute.kind not in KINDS
    ]
    faults += [
        Fault("revision: direction", None, rule.direction, "unknown direction", "use up or either")
        for rule in revisions
        if rule.direction not in ("up", "either")
    ]
    if faults:
        raise TableContractError(source, faults)
    return Rules(tuple(substitutes), tuple(revisions), tuple(identities), tuple(implied))
