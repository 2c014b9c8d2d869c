"""Loads the forms of sentence that reports repeat (`templates.toml`) and finds them in a paragraph."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Template:
    """One form of sentence: a pattern, and for each of its named groups the ledger row it fills.

    `words` names the group that holds a comparison in words instead of a number; `scale` a group whose number
    belongs to that row ("per 1,000").
    """

    name: str
    pattern: re.Pattern[str]
    rows: Mapping[str, Mapping[str, Any]]
    section: str = ""
    words: str = ""
    scale: str = ""
    value: str = ""
    sense: str = ""


@dataclass(frozen=True)
class Match:
    """A template found in a paragraph: for each group that took part, where it stands and the row it fills."""

    template: Template
    spans: Mapping[str, tuple[int, int]]


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads((files("peelbook.claims.draft") / "templates.toml").read_text(encoding="utf-8"))


def facts(name: str) -> dict[str, Any]:
    """Return a table of `templates.toml` other than its templates, in the order of the file: `labels`, `bases` …"""
    return _file()[name]


def _expand(pattern: str) -> str:
    macros = facts("macros")
    for _ in range(2):
        pattern = re.sub(r"\{(" + "|".join(macros) + r")\}", lambda found: macros[found.group(1)], pattern)
    return pattern


@cache
def templates() -> tuple[Template, ...]:
    """Return the templates of prose in the order of the file."""
    return tuple(
        Template(
            entry["name"],
            re.compile(_expand(entry["pattern"]), re.I),
            entry["rows"],
            entry.get("section", ""),
            entry.get("words", ""),
            entry.get("scale", ""),
            entry.get("value", ""),
            entry.get("sense", ""),
        )
        for entry in _file()["template"]
    )


def find_templates(text: str) -> Iterator[Match]:
    """Return every template found in a paragraph, in the order of the file."""
    for template in templates():
        for found in template.pattern.finditer(text):
            spans = {name: found.span(name) for name, value in found.groupdict().items() if value is not None}
            yield Match(template, spans)


@cache
def _outcomes() -> tuple[re.Pattern[str], Mapping[str, Any], Mapping[str, Any]]:
    spec = _file()["outcomes"]
    return re.compile(_expand(spec["pattern"]), re.I), spec, spec["types"]


def find_outcome(text: str) -> tuple[Match, str] | None:
    """Return the row of a table of outcome types, force beside average, and the types it holds; or nothing."""
    pattern, spec, types = _outcomes()
    found = pattern.search(text)
    codes = " ".join(re.findall(r"\d+", found.group("code"))) if found else ""
    if found is None or codes not in types:
        return None
    kind = types[codes]
    several = [f'"{code}"' for code in codes.split()]
    chosen = several[0] if len(several) == 1 else f"[{', '.join(several)}]"
    common = {
        "heading": kind["heading"],
        "quantity": kind.get(
            "quantity", f"outcome_{'_'.join(code.zfill(2) for code in codes.split())}_share"
        ),
        "unit": "percent",
        "basis": spec["basis"],
        "publication": kind.get("publication", spec["publication"]),
        "evidence": kind.get("evidence", f'measure("outcome_share", outcome_type={chosen})'),
        "figure": 4,
    }
    rows = {
        "force": {
            **common,
            "id": f"figure_4.{kind['id']}.force",
            "comparator": f"figure_4.{kind['id']}.average",
        },
        "average": {**common, "id": f"figure_4.{kind['id']}.average", "subject": "average"},
    }
    template = Template("outcomes", pattern, rows, "investigating_crime")
    return Match(template, {name: found.span(name) for name in ("force", "average")}), codes
