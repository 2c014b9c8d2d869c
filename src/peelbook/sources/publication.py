"""What an adapter is: the layouts it reads, the tables it makes, and one function between.

Facts about a publication (publisher, page, caveats) are in `publications.toml`; an adapter holds
only what it must know of the file's shape.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peelbook.errors import SourceFileError
from peelbook.forces import Forces
from peelbook.sources.layout import Layout, Match, match
from peelbook.sources.reading import SourceFile

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.sources.cells import Rows

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Gap:
    """A reason why a table says nothing, or little, about a force in a stretch of time."""

    table: str
    force_code: str
    period_start: datetime.date
    period_end: datetime.date
    status: str  # "missing": no figure is given; "caution": there is one, to be read with care
    reason: str


@dataclass
class Context:
    """What an adapter may look up: the forces, and tables already in `data/` or in the same ingest."""

    forces: Forces
    table: Callable[[str], pd.DataFrame | None]


@dataclass
class Result:
    """What one file gave: frames by table name, and the gaps seen on the way."""

    tables: dict[str, pd.DataFrame]
    gaps: list[Gap] = field(default_factory=list)
    kind: str | None = None  # where it is not the kind the publication usually is
    left_out: list[str] = field(default_factory=list)  # what the adapter did not take, for the user to know
    # Where a table has a row for a row of the file: these; the frame's index is the place in them.
    rows: dict[str, Rows] = field(default_factory=dict)


@dataclass(frozen=True)
class Publication:
    """One adapter. `needs` names tables it joins with (made by other adapters)."""

    name: str
    version: int
    tables: tuple[str, ...]
    layouts: tuple[Layout, ...]
    read: Callable[[Match, Context], Result]
    needs: tuple[str, ...] = ()
    untested: bool = False  # no published file was at hand when the adapter was written
    covers: str = ""  # which part of the table, where another publication makes the rest
    order: Callable[[Match], Any] | None = None  # which of several files of it is read first

    @property
    def adapter(self) -> str:
        """Name and version, as the data package records them."""
        return f"{self.name} {self.version}"


@cache
def facts() -> dict[str, Any]:
    """Return `publications.toml`: what is known about each table beside its columns."""
    return tomllib.loads((HERE / "publications.toml").read_text(encoding="utf-8"))


@cache
def releases() -> dict[str, dict[str, str]]:
    """Return `releases.toml`: what is known about particular files, by their SHA-256."""
    entries = tomllib.loads((HERE / "releases.toml").read_text(encoding="utf-8"))["release"]
    return {entry["sha256"]: entry for entry in entries}


@cache
def registry() -> dict[str, Publication]:
    """Return every adapter by name, in the order in which they must be ingested."""
    found = {}
    for path in sorted((HERE / "publications").glob("*.py")):
        if not path.stem.startswith("_"):
            module = import_module(f"peelbook.sources.publications.{path.stem}")
            found[path.stem] = module.PUBLICATION
    ready: dict[str, Publication] = {}
    waiting = dict(found)
    while waiting:
        made = {table for publication in ready.values() for table in publication.tables}
        for name, publication in list(waiting.items()):
            if set(publication.needs) <= made:
                ready[name] = waiting.pop(name)
                break
        else:
            raise RuntimeError(f"adapters wait for each other: {', '.join(waiting)}")
    return ready


def recognise(file: SourceFile) -> tuple[Publication, Match]:
    """Return the publication a file is, by its content.

    Raises `SourceFileError` that names the missing, renamed or unexpected columns of the publication it
    comes nearest to.
    """
    best: tuple[Publication, Match] | None = None
    complete: list[tuple[Publication, Match]] = []
    for publication in registry().values():
        for layout in publication.layouts:
            found = match(file, layout)
            if found is None:
                continue
            if found.complete:
                rank = len(found.places)
                complete.append((publication, found))
                if best is None or not best[1].complete or rank > len(best[1].places):
                    best = publication, found
            elif best is None or (
                not best[1].complete
                and (found.score, -len(found.extra)) > (best[1].score, -len(best[1].extra))
            ):
                best = publication, found
    if best and best[1].complete:
        taken = {found.sheet for publication, found in complete if publication is best[0]}
        file.others = {
            found.sheet: facts()["table"][publication.tables[0]]["title"]
            for publication, found in complete
            if publication is not best[0] and found.sheet not in taken
        }
        return best
    hidden = file.left_out(best[1].sheet if best else "")
    not_read = f" (not read: {'; '.join(hidden)})" if hidden else ""
    if best and best[1].near:
        raise best[1].refusal(facts()["table"][best[0].tables[0]]["title"], not_read)
    sheets = f" (sheets: {', '.join(file.sheets[:8])})" if file.sheets != [""] else ""
    first = str(next(iter(file.top() if file.kind == "csv" else []), [""])[:1])
    if mark := next(
        (name for sign, name in ((";", "semicolons"), ("\\t", "tabs")) if first.count(sign) > 1), ""
    ):
        raise SourceFileError(
            file.path, f"its columns are parted by {mark}, not commas", "save it as CSV with commas"
        )
    raise SourceFileError(
        file.path,
        f"no known publication has these sheets and columns{sheets}{not_read}",
        "run `peelbook data list` for the publications that can be read, and check that this is the data "
        "table itself, not a summary or a cover sheet",
    )
