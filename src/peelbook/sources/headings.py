"""Headings by edition: what each publication called its columns, as data in `headings.toml`.

A publisher renames a column and the figures stay the same. A new edition is one entry there; the adapter
reads our own names of the columns and does not change.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from peelbook.sources.layout import Layout

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


def layouts(publication: str) -> tuple[Layout, ...]:
    """Return a layout for each edition of a publication whose editions differ in more than headings.

    `tested` says that a file of the edition, or an extract of one, was at hand. Raises `KeyError` for a
    publication without an entry.
    """
    found = tuple(
        Layout(
            {
                column: (given,) if isinstance(given, str) else tuple(given)
                for column, given in entry["headings"].items()
            },
            optional=tuple(entry.get("optional", ())),
            sheet=entry.get("sheet"),
            extras_allowed=entry.get("extras_allowed", False),
            editions=(entry["edition"],),
            tested="published file" in entry["known_from"],
            kind=entry.get("kind"),
            exact=entry.get("kind") == "extract",
        )
        for entry in entries(publication)
    )
    if not found:
        raise KeyError(publication)
    return found
