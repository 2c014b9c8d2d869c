"""The ten sections: stem, title and the tables each may read, from `sections.toml`."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache

from peelbook.errors import UnknownSectionError
from peelbook.paths import PACKAGE


@dataclass(frozen=True)
class Section:
    """One section of the report. `tables` are the only tables its notebook may read."""

    stem: str
    title: str
    tables: tuple[str, ...]
    number: int

    @property
    def short_title(self) -> str:
        """The title where space is short, from the stem: `police_powers` → "Police powers"."""
        return self.stem.replace("_", " ").capitalize()


@cache
def all_sections() -> tuple[Section, ...]:
    """Return the sections in the order of the report."""
    entries = tomllib.loads((PACKAGE / "sections.toml").read_text(encoding="utf-8"))["section"]
    return tuple(
        Section(entry["stem"], entry["title"], tuple(entry["tables"]), number)
        for number, entry in enumerate(entries, start=1)
    )


def section(stem: str) -> Section:
    """Return one section by its stem. Raises `UnknownSectionError` with the nearest stems."""
    known = {item.stem: item for item in all_sections()}
    if stem in known:
        return known[stem]
    near = difflib.get_close_matches(str(stem), known, n=2, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    raise UnknownSectionError(f"Unknown section {stem!r}. {hint}The sections are: {', '.join(known)}.")
