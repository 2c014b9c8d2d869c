"""How new each table is: its newest year, the release that is here, and the newest release known to exist.

What is known to exist comes from the list of official files (`downloads.toml`). No publisher is asked: the list has a
date, and `peelbook data update --check` asks.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from peelbook import formats, releases
from peelbook.sources import fetch
from peelbook.sources.discover import released
from peelbook.sources.publication import facts
from peelbook.sources.publication import registry as adapters
from peelbook.sources.publication import releases as known_files

#: What a source's title adds to its publication's: a table of it, or a part.
_PART_OF_TITLE = re.compile(r", Table .*|; .*| \(.*")

NONE_LATER = "none later is on record"


@dataclass(frozen=True)
class Age:
    """How new one table is, in words: `period` is its last day, `release` what is here, `known` the newest release on
    record and `known_from` how that is known."""

    table: str
    title: str
    period: str
    release: str
    known: str
    known_from: str


def ages(resources: Mapping[str, Mapping[str, Any]]) -> list[Age]:
    """Return how new each table of a data package is, in order of their titles; tables made by this project have no
    publisher who could release a newer one."""
    own = facts()["project"]
    found = [_age(name, resources) for name in resources if name not in own]
    return sorted(found, key=lambda item: item.title)


def _age(table: str, resources: Mapping[str, Mapping[str, Any]]) -> Age:
    resource = resources[table]
    last = _day(resource.get("coverage", {}).get("last_day"))
    here = releases.date_of(dict(resource))
    known, known_from = NONE_LATER, ""
    newest = newest_known(table)
    if newest is not None and _is_later(newest, last, here):
        when = f", released on {formats.date(day)}" if (day := _released(newest)) else ""
        known = f"{newest.covers}{when}"
        how = newest.confidence or "an official address on record"
        known_from = f"{how}; our list of {formats.date(fetch.listed_on())}"
    covered = max(_covers(newest) if newest else 0, last.year if last else 0)
    for name, sibling in resources.items():
        # Another table here may be of a later release of the same publication than any file on record.
        day = _day(sibling.get("coverage", {}).get("last_day"))
        if day is not None and day.year > covered and _same_publication(name, table):
            covered, known = day.year, f"{sibling.get('title', name)}, to {formats.date(day)}"
            known_from = "another table of this book"
    return Age(
        table,
        str(resource.get("title", table)),
        formats.date(last) if last else "no periods",
        _release_here(resource, here),
        known,
        known_from,
    )


def _release_here(resource: Mapping[str, Any], day: datetime.date | None) -> str:
    """The release of the newest input: what is on record of the file, else its day, else that it has none."""
    labels = [
        known_files()[item["sha256"]].get("label", "")
        for item in resource.get("inputs", [])
        if item.get("sha256") in known_files()
    ]
    if labels := [label for label in labels if label]:
        return "; ".join(labels)
    days = [found for item in resource.get("inputs", []) if (found := _day(item.get("released")))]
    if day is not None or days:
        return formats.date(day or max(days))
    return "the day of release is not on record"


def newest_known(table: str) -> fetch.Download | None:
    """Return the official file on record that covers the latest time of a table's publication; of several the one
    released last. `None` where none is on record."""
    about = facts()["table"]
    if table not in about:
        return None
    same = {name for name in about if _same_publication(name, table)}
    files = [
        item
        for item in fetch.registry()
        if item.publication in adapters() and same & set(adapters()[item.publication].tables)
    ]
    return max(files, key=lambda item: (_covers(item), _released(item) or datetime.date.min), default=None)


def _same_publication(table: str, other: str) -> bool:
    about = facts()["table"]
    titles = {_PART_OF_TITLE.sub("", about[name]["source"]) for name in (table, other) if name in about}
    return table in about and other in about and len(titles) == 1


def _covers(item: fetch.Download) -> int:
    """The last year that a file says it covers; `2025/26` is 2026. A release in brackets is no coverage."""
    text = re.sub(r"\(.*?\)", "", item.covers)
    years = [
        int(f"20{last or year}") for year, last in re.findall(r"\b20(\d\d)(?:[/-](?:20)?(\d\d))?\b", text)
    ]
    return max(years, default=0)


def _released(item: fetch.Download) -> datetime.date | None:
    return _day(item.released) or released(item.name, None)


def _is_later(item: fetch.Download, last: datetime.date | None, here: datetime.date | None) -> bool:
    """Whether a file on record covers more than a table does, or covers it as released later."""
    if last is None or _covers(item) != last.year:
        return last is None or _covers(item) > last.year
    day = _released(item)
    return day is not None and here is not None and day > here


def _day(text: Any) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except (TypeError, ValueError):
        return None
