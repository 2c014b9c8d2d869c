"""The ten sections: stem, title and the tables each may read, from `sections.toml`; their order and names by cycle.

Each inspection cycle orders and names its sections in its own way (`sections_by_cycle.toml`). The stems stay.
`PEELBOOK_CYCLE` gives a site the order and the names of a cycle; notebooks keep the book's own.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from dataclasses import dataclass, replace
from functools import cache

from peelbook.errors import UnknownCycleError, UnknownSectionError
from peelbook.paths import PACKAGE


@dataclass(frozen=True)
class Section:
    """One section of the report. `tables` are the only tables its notebook may read.

    `area` is the title in the book's own report, which the table of grades has too. `short` is a cycle's short title.
    """

    stem: str
    title: str
    tables: tuple[str, ...]
    number: int
    area: str
    short: str = ""

    @property
    def short_title(self) -> str:
        """The title where space is short: a cycle's, else from the stem: `police_powers` → "Police powers"."""
        return self.short or self.stem.replace("_", " ").capitalize()

    @property
    def renamed(self) -> bool:
        """Whether the title is that of another cycle."""
        return self.title != self.area


def all_sections() -> tuple[Section, ...]:
    """Return the sections in the order of the report, or in that and with the names of the cycle in `PEELBOOK_CYCLE`.

    Raises `UnknownCycleError` for a cycle without a map.
    """
    return _sections(os.environ.get("PEELBOOK_CYCLE", ""))


@cache
def _sections(cycle: str) -> tuple[Section, ...]:
    entries = tomllib.loads((PACKAGE / "sections.toml").read_text(encoding="utf-8"))["section"]
    own = {
        entry["stem"]: Section(entry["stem"], entry["title"], tuple(entry["tables"]), number, entry["title"])
        for number, entry in enumerate(entries, start=1)
    }
    if not cycle:
        return tuple(own.values())
    return tuple(
        replace(own[name.stem], title=name.titles[0], short=name.short, number=number)
        for number, name in enumerate(of_known_cycle(cycle), start=1)
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
    own = (SectionName(item.stem, (item.title,), item.short_title) for item in _sections(""))
    return (*known, *(name for name in own if name.stem not in {item.stem for item in known}))


def of_known_cycle(cycle: str) -> tuple[SectionName, ...]:
    """Return the sections in the order and with the names of a cycle's reports. Raises `UnknownCycleError`."""
    if cycle not in cycles():
        raise UnknownCycleError(
            f"There is no section map for the cycle {cycle!r}. Fix: use one of {', '.join(cycles())}."
        )
    return of_cycle(cycle)
