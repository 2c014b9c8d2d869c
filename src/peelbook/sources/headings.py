"""Headings by edition: what each publication called its columns, as data in `headings.toml`.

A publisher renames a column and the figures stay the same. A new edition is one entry there; the adapter
reads our own names of the columns and does not change.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


@cache
def _entries() -> tuple[dict[str, Any], ...]:
    return tuple(tomllib.loads((HERE / "headings.toml").read_text(encoding="utf-8"))["edition"])


def entries(publication: str = "") -> list[dict[str, Any]]:
    """Return the entries of one publication, or of all: `edition`, `known_from` and `headings` of each."""
    return [entry for entry in _entries() if publication in ("", entry["publication"])]


def editions(publication: str) -> tuple[str, ...]:
    """Return the editions of a publication whose headings are known, in the order of `headings.toml`."""
    return tuple(entry["edition"] for entry in entries(publication))


def of(publication: str) -> dict[str, tuple[str, ...]]:
    """Return a layout's columns: our name of each -> the headings any known edition gives it.

    Raises `KeyError` for a publication without an entry.
    """
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries(publication):
        for column, given in entry["headings"].items():
            names = (given,) if isinstance(given, str) else tuple(given)
            found[column] = tuple(dict.fromkeys((*found.get(column, ()), *names)))
    if not found:
        raise KeyError(publication)
    return found
