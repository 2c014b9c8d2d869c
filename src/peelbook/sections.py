"""The ten sections: stem, title and the tables each may read, from `sections.toml`; their order and names by cycle.

Each inspection cycle orders and names its sections in its own way (`sections_by_cycle.toml`). The stems stay.
"""

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


#: Up to so many letters a title is short enough for a column or a button.
_SHORT = 45


@dataclass(frozen=True)
class SectionName:
    """A section as one cycle names it: the book's stem, its names in full and in the grid of grades, and a short one."""

    stem: str
    titles: tuple[str, ...]
    short: str


@cache
def _by_cycle() -> dict[str, tuple[SectionName, ...]]:
    cycles = tomllib.loads((PACKAGE / "sections_by_cycle.toml").read_text(encoding="utf-8"))["cycle"]
    return {
        cycle: tuple(
            _named(entry["stem"], tuple(entry["titles"]), entry.get("short", ""))
            for entry in found["section"]
        )
        for cycle, found in cycles.items()
    }


def _named(stem: str, titles: tuple[str, ...], short: str) -> SectionName:
    return SectionName(stem, titles, short or (titles[0] if len(titles[0]) <= _SHORT else titles[-1]))


def cycles() -> tuple[str, ...]:
    """Return the cycles whose sections are known, oldest first."""
    return tuple(_by_cycle())


def of_cycle(cycle: str) -> tuple[SectionName, ...]:
    """Return the sections in the order and with the names of a cycle's reports; the book's own for an unknown cycle.

    A section that a cycle does not have comes last, with the book's own name.
    """
    known = _by_cycle().get(cycle, ())
    own = (SectionName(item.stem, (item.title,), item.short_title) for item in all_sections())
    return (*known, *(name for name in own if name.stem not in {item.stem for item in known}))
