"""The only way to read `data/`, or a user's overlay folder: typed tables, gaps, provenance, hashes.

Every read is recorded, and a section may only read the tables it declares: the build cache is keyed
on those, so an undeclared read would let a stale page be taken for a current one.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peelbook import contracts, descriptor, paths, releases
from peelbook.descriptor import PACKAGE_FILE
from peelbook.errors import MissingTableError, TableContractError, UndeclaredReadError
from peelbook.forces import ENGLAND_AND_WALES, Forces, own_forces_file
from peelbook.util.files import sha256

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.overlay.hide import HiddenRows


_READ: dict[str, tuple[str, pd.DataFrame]] = {}
"""The last embedded table of each name that this process has read, with its hash. Not to be changed."""

OVERLAY_NOTE = "includes unpublished data supplied by the user"


@dataclass(frozen=True)
class Provenance:
    """Where one table comes from: what a chart's footer and a download print."""

    table: str
    title: str
    publisher: str
    page_url: str
    licence: str
    licence_url: str
    period: str
    kind: str  # "as published", "extract", "secondary", "computed", "supplied by the user"
    caveat: str
    input_files: tuple[tuple[str, str], ...]  # (file name, sha256), one per input
    table_sha256: str
    adapter: str
    untested: bool = False

    @property
    def short_hash(self) -> str:
        """The first twelve hex digits of the first input's SHA-256, or of the table's own."""
        return (self.input_files[0][1] if self.input_files else self.table_sha256)[:12]


@dataclass(init=False)
class Catalogue:
    """Tables of one data folder, with an optional overlay folder for one force's own data.

    `declared` limits the tables that may be read; `None` allows all. `section` is the stem of the section that declares
    them, for errors. `reads` collects the names read.
    `own_force_code` is the code of the force the overlay is about: rows of another are refused. `suppress_below` hides
    small counts of the overlay; without it, that which the overlay's folder or the environment sets.
    `as_of` reads each table as its newest release on or before that day had it; a table of which only later
    releases are here is not there, and one whose release has no date is read as it is. `as_of_tables` has
    another day for some tables.
    """

    data_dir: Path
    overlay: Path | None
    declared: frozenset[str] | None
    section: str
    reads: set[str]
    own_force_code: str | None
    suppress_below: int | None
    as_of: datetime.date | None
    as_of_tables: dict[str, datetime.date]

    def __init__(
        self,
        data_dir: Path | str | None = None,
        overlay: Path | str | None = None,
        declared: Iterable[str] | None = None,
        own_force_code: str | None = None,
        suppress_below: int | None = None,
        as_of: datetime.date | str | None = None,
        as_of_tables: Mapping[str, datetime.date] | None = None,
        section: str = "",
    ) -> None:
        self.data_dir = Path(data_dir) if data_dir else paths.data_dir()
        self.overlay = Path(overlay) if overlay else None
        self.declared = None if declared is None else frozenset(declared)
        self.section = section
        self.reads = set()
        self.own_force_code = own_force_code
        self.suppress_below = suppress_below
        self.as_of = datetime.date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
        self.as_of_tables = dict(as_of_tables or {})
        self._tables: dict[str, pd.DataFrame] = {}
        self._supplied: dict[str, bool] = {}
        self._digests: dict[str, str] = {}
        self._hidden: dict[str, set[tuple[Any, Any]]] = {}
        self._alone: dict[str, HiddenRows] = {}
        if self.overlay and self.suppress_below is None:
            from peelbook.overlay import hide

            self.suppress_below = hide.threshold(self.overlay)

    @cached_property
    def package(self) -> dict[str, Any]:
        """The data package descriptor. Raises `DataPackageError` where it cannot be read."""
        return descriptor.read(self.data_dir)

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Descriptors of the package's resources, by table name."""
        return descriptor.resources(self.package)

    @cached_property
    def forces(self) -> Forces:
        """The forces of this book. An overlay's own `forces.csv` says which areas the book has, new ones too."""
        return Forces.of(self.data_dir, self.overlay)

    @cached_property
    def _embedded_forces(self) -> Forces:
        return Forces.of(self.data_dir)

    @cached_property
    def own_areas(self) -> bool:
        """Whether the areas of this book are those of a user's own `forces.csv`."""
        return own_forces_file(self.overlay) is not None

    def _allow(self, name: str) -> None:
        if self.declared is not None and name not in self.declared:
            from peelbook.sections import all_sections

            others = [section.stem for section in all_sections() if name in section.tables]
            elsewhere = (
                f', or read it from open_section("{others[0]}", force=…), which has it' if others else ""
            )
            who, whose = (
                (f"The section {self.section}", self.section)
                if self.section
                else ("The section", "the section")
            )
            raise UndeclaredReadError(
                f"{who} does not declare the table {name!r} that it reads. Fix: add {name!r} to the `tables` of "
                f"{whose} in sections.toml{elsewhere} "
                f"(declared now: {', '.join(sorted(self.declared)) or 'none'})."
            )
        self.reads.add(name)

    def may_read(self, name: str) -> bool:
        """Whether the table is declared, so that reading it is allowed."""
        return self.declared is None or name in self.declared

    def table(self, name: str) -> pd.DataFrame:
        """Return a table, typed and valid. The frame is a copy; change it freely.

        Raises `MissingTableError`, `TableContractError`, `UndeclaredReadError` or `DataPackageError`.
        """
        self._allow(name)
        return self._cached(name).copy(deep=False)  # pandas copies what is written to, and only then

    def _cached(self, name: str) -> pd.DataFrame:
        """A table read once, whatever a section declares. Not a copy: do not change it."""
        if name not in self._tables:
            self._tables[name] = self._read(name)
        return self._tables[name]

    def at(self, day: datetime.date | str, tables: Mapping[str, datetime.date] | None = None) -> Catalogue:
        """Return the same book as the releases on or before a day had it; `tables` has another day for some."""
        options = (self.data_dir, self.overlay, self.declared, self.own_force_code, self.suppress_below)
        return Catalogue(*options, as_of=day, as_of_tables=tables, section=self.section)

    def releases(self, name: str) -> list[datetime.date]:
        """Return the days of the releases of a table that are here, oldest first; one without a date is left out."""
        resource = self.resources.get(name, {})
        days = [releases.date_of(entry) for entry in (*resource.get("releases", []), resource)]
        return sorted(day for day in days if day is not None)

    def released(self, name: str) -> datetime.date | None:
        """Return the day of the release that this catalogue reads; `None` where it is not known or not here."""
        entry = self._entry(name)
        return releases.date_of(entry) if entry else None

    def _entry(self, name: str) -> dict[str, Any] | None:
        """The descriptor entry of the release to read: the resource's own, or that of an earlier release."""
        resource = self.resources.get(name)
        day = self.as_of_tables.get(name, self.as_of)
        return resource if resource is None or day is None else releases.entry_at(resource, day)

    def reads_newest(self, name: str) -> bool:
        """Whether this catalogue reads the newest release of a table, whole; not where only later ones are here."""
        return self._entry(name) is self.resources.get(name) and not self._later_parts(name)

    def _later_parts(self, name: str) -> frozenset[str]:
        """The parts of a table without a date that come of later files than `as_of`."""
        day, resource = self.as_of_tables.get(name, self.as_of), self.resources.get(name, {})
        if day is None or "released" in resource or self._entry(name) is not resource:
            return frozenset()
        first = releases.not_before(resource)
        return (
            frozenset()
            if first is None or first <= day
            else releases.later_parts(resource, day) or frozenset()
        )

    def inputs(self, name: str) -> list[dict[str, Any]]:
        """Return the official files that the release to read was made of: name, hash, and what is known of each."""
        return list((self._entry(name) or {}).get("inputs", []))

    def record_read(self, name: str) -> None:
        """Record the read of a table whose figures were computed before. Raises `UndeclaredReadError`."""
        self._allow(name)

    def digest(self, name: str) -> str:
        """The SHA-256 of an embedded table's bytes, with the list of forces; empty where it is not there."""
        if name not in self._digests:
            entry, forces = self._entry(name), self.data_dir / "forces.csv"
            path = self.data_dir / self.resources[name]["path"] if entry else None
            own = ""
            if entry and "table_hash" in entry:
                own = str(entry["table_hash"]).removeprefix("sha256:")
            elif path is not None and path.exists():
                own = sha256(path)
            later = ",".join(sorted(self._later_parts(name)))
            self._digests[name] = own + later + sha256(forces) if own and forces.exists() else ""
        return self._digests[name]

    def _read(self, name: str) -> pd.DataFrame:
        own = self._own_rows(name) if self.is_supplied(name) else None
        if name not in self.resources:
            contracts.load(name)  # an unknown name has its own message
            if own is not None:
                return own
            raise MissingTableError(
                f"The table {name!r} is not in {self.data_dir / PACKAGE_FILE}: its publication has not been ingested. "
                f"Fix: run `peelbook data ingest` on the official file."
            )
        entry = self._entry(name)
        if entry is None:
            if own is not None:
                return own
            raise MissingTableError(
                f"The releases of {name!r} that are here are later than {self.as_of}. "
                "Fix: ingest a release of that time, or ask for a later day."
            )
        path = self.data_dir / self.resources[name]["path"]
        if not path.exists():
            raise MissingTableError(
                f"{path}: the table {name!r} is missing. Fix: restore it with git, or run `peelbook data ingest` "
                "on the official file."
            )
        frame = self._embedded(name, path) if "table_hash" not in entry else self._earlier(name, entry)
        if later := self._later_parts(name):
            words = {word for part in later for word in part.split()}
            frame = frame[~frame["period_end"].dt.strftime("%Y-%m-%d").isin(words)].reset_index(drop=True)
        if self.own_areas and "force_code" in frame:
            kept = frame["force_code"].isin([*self.forces.codes, ENGLAND_AND_WALES])
            frame = frame[kept].reset_index(drop=True)
        return frame if own is None else self._overlaid(frame, own, name)

    def _earlier(self, name: str, entry: dict[str, Any]) -> pd.DataFrame:
        """An earlier release of a table, put together once in this process."""
        key = f"{name} {entry['released']}"
        known = _READ.get(key)
        if known is None or known[0] != entry["table_hash"]:
            (state, *_) = releases.read(
                self.data_dir, self.resources[name], datetime.date.fromisoformat(entry["released"])
            )
            known = _READ[key] = (entry["table_hash"], state.frame)
        return known[1]

    def _embedded(self, name: str, path: Path) -> pd.DataFrame:
        """The table itself, read once in this process as long as its bytes are those recorded."""
        digest = sha256(path)
        if self.resources[name].get("hash") == f"sha256:{digest}":
            # Kept for the next catalogue: a notebook forked from a process that has read it need not.
            known = _READ.get(name)
            if known is None or known[0] != digest:
                known = _READ[name] = (digest, contracts.read_csv(path, name, validated=True))
            return known[1]
        return contracts.read_csv(path, name, self._embedded_forces)

    def _own_file(self, name: str) -> Path:
        assert self.overlay is not None, "only an overlay supplies tables"
        return self.overlay / f"{name}.csv"

    def is_supplied(self, name: str) -> bool:
        """Whether the overlay has rows of this table; a file with nothing but a header is not supplied."""
        if self.overlay is None:
            return False
        if name not in self._supplied:
            from peelbook.overlay import rows

            self._supplied[name] = rows.has_rows(self._own_file(name))
        return self._supplied[name]

    def supplied_file(self, name: str) -> Path | None:
        """The overlay's file of this table; `None` where the overlay has no rows of it."""
        return self._own_file(name) if self.is_supplied(name) else None

    def _own_rows(self, name: str) -> pd.DataFrame:
        """The overlay's rows of a table, its small counts hidden. Raises `TableContractError`."""
        if self.suppress_below is None:
            return self._supplied_rows(name)
        from peelbook.overlay import hide

        hidden = self._hidden_alone(name)
        for other, telling in hide.links(name):
            if self.is_supplied(other):
                hidden = hide.blank(hidden, name, getattr(self._hidden_alone(other), telling))
        self._hidden[name] = set(hidden.places)
        return hidden.frame

    def _hidden_alone(self, name: str) -> HiddenRows:
        """The overlay's rows of a table without the small counts that follow from that table alone."""
        from peelbook.overlay import hide

        if name not in self._alone:
            assert self.suppress_below is not None, "nothing is hidden without a threshold"
            self._alone[name] = hide.hide(self._supplied_rows(name), name, self.suppress_below)
        return self._alone[name]

    def _supplied_rows(self, name: str) -> pd.DataFrame:
        """The overlay's rows of a table as they are. Raises `TableContractError`."""
        from peelbook.overlay import rows

        path = self._own_file(name)
        if faults := rows.rows_of_other_forces(path, self.forces, self._embedded_forces, self.own_force_code):
            raise TableContractError(path, faults)
        frame = contracts.read_csv(path, name, self.forces)
        if faults := [*rows.wrong_days(frame, name), *rows.parts_exceed_total(frame, name)]:
            raise TableContractError(path, faults)
        return frame

    @staticmethod
    def _overlaid(frame: pd.DataFrame, own: pd.DataFrame, name: str) -> pd.DataFrame:
        """The embedded rows with the user's rows in place of those of the same key."""
        import pandas as pd

        key = contracts.load(name).get("primaryKey", [])
        both = pd.concat([frame, own], ignore_index=True) if len(frame) else own
        return both.drop_duplicates(key or None, keep="last").reset_index(drop=True)

    def has(self, name: str) -> bool:
        """Whether the table has been ingested or supplied, and can hold a row of this book's areas."""
        if self.is_supplied(name):
            return True
        return self._entry(name) is not None and self._shares_areas

    @cached_property
    def _shares_areas(self) -> bool:
        """Whether any area of the book is one that the embedded tables know."""
        return not self.own_areas or any(code in self._embedded_forces for code in self.forces.codes)

    def lacks(self, name: str) -> bool:
        """Whether the table is not in this book. Raises `UndeclaredReadError` for one that a section may not read.

        A section's notebook is given the tables that it declares and no other. One that it forgot to declare looks
        like one that nobody has ingested, and its page would say so of data that are in the book.
        """
        if not self.may_read(name) and name in contracts.tables():
            self._allow(name)
        return not self.has(name)

    def uses_overlay(self, names: Iterable[str]) -> bool:
        """Whether any of these tables holds data supplied by the user."""
        return any(self.is_supplied(name) for name in names)

    def suppressed_periods(self, name: str, force_code: str) -> list[Any]:
        """Return the last days of the periods in which counts that a user supplied for a force are hidden, in order."""
        if self.suppress_below is None or not self.is_supplied(name):
            return []
        if name not in self._hidden:
            self._own_rows(name)
        return sorted(end for code, end in self._hidden[name] if code == force_code)

    def suppressed(self, name: str, force_code: str, period_end: Any = None) -> str | None:
        """Return why counts that a user supplied for a force (in a period) are hidden; `None` if none are."""
        import pandas as pd

        days = self.suppressed_periods(name, force_code)
        if not days or (period_end is not None and pd.Timestamp(period_end) not in days):
            return None
        from peelbook.overlay import hide

        assert self.suppress_below is not None, "nothing is hidden without a threshold"
        return hide.reason(self.suppress_below)

    @cached_property
    def _gaps(self) -> dict[tuple[str, str], list[tuple[datetime.date, datetime.date, str, str]]]:
        """`gaps.csv` by table and force, read whatever a section declares: it is part of every cache key."""
        found: dict[tuple[str, str], list[tuple[datetime.date, datetime.date, str, str]]] = {}
        if self.has("gaps"):
            for row in self._cached("gaps").itertuples():
                entry = (row.period_start.date(), row.period_end.date(), str(row.status), str(row.reason))
                found.setdefault((str(row.table), str(row.force_code)), []).append(entry)
        return found

    def gaps(self, name: str, force_code: str) -> list[tuple[datetime.date, datetime.date, str, str]]:
        """Return what is recorded of a force in a table: first day, last day, "missing" or "caution", reason."""
        return self._gaps.get((name, force_code), [])

    def gap(self, name: str, force_code: str, period_end: Any = None) -> str | None:
        """Return the recorded reason why a table lacks a force (in a period), or `None`."""
        import pandas as pd

        if reason := self.suppressed(name, force_code, period_end):
            return reason
        missing = [gap for gap in self.gaps(name, force_code) if gap[2] == "missing"]
        day = None if period_end is None or not missing else pd.Timestamp(period_end).date()
        return next(
            (reason for first, last, _, reason in missing if day is None or first <= day <= last), None
        )

    def cautions(self, name: str, force_code: str, days: Iterable[Any] = ()) -> list[str]:
        """Return what must be known of a force's figures that are there but must be read with care.

        `days` are the last days of the periods asked about; none asks about all.
        """
        import pandas as pd

        asked = [pd.Timestamp(day).date() for day in days]
        return list(
            dict.fromkeys(
                reason
                for first, last, status, reason in self.gaps(name, force_code)
                if status == "caution" and (not asked or any(first <= day <= last for day in asked))
            )
        )

    def provenance(self, name: str) -> Provenance:
        """Return where a table comes from: the data package, the user, or both."""
        if name not in self.resources:
            if self.is_supplied(name):
                return self._own_provenance(name)
            raise MissingTableError(f"The table {name!r} is not in {self.data_dir / PACKAGE_FILE}.")
        resource = self.resources[name]
        entry = self._entry(name) or resource
        source = (resource.get("sources") or [{}])[0]
        licence = (resource.get("licenses") or self.package.get("licenses") or [{}])[0]
        if self.is_supplied(name):
            own = self._own_provenance(name)
            mixed = resource.get("publisher", ""), own.publisher
            return replace(
                own,
                title=source.get("title", own.title),
                publisher="; ".join(part for part in mixed if part),
                page_url=source.get("path", ""),
                input_files=(
                    *own.input_files,
                    *((item["name"], item["sha256"]) for item in resource.get("inputs", [])),
                ),
                adapter=resource.get("adapter", ""),
            )
        return Provenance(
            table=name,
            title=source.get("title", resource.get("title", name)),
            publisher=resource.get("publisher", ""),
            page_url=source.get("path", ""),
            licence=licence.get("title", ""),
            licence_url=licence.get("path", ""),
            period=resource.get("period", ""),
            kind=resource.get("kind", ""),
            caveat=resource.get("caveat", ""),
            input_files=tuple((item["name"], item["sha256"]) for item in entry.get("inputs", [])),
            table_sha256=(entry.get("table_hash") or entry.get("hash", "")).removeprefix("sha256:"),
            adapter=resource.get("adapter", ""),
            untested=bool(resource.get("untested", False)),
        )

    def _own_provenance(self, name: str) -> Provenance:
        """Where a supplied table comes from. It has no licence: unpublished figures are not ours to license."""
        path = self._own_file(name)
        digest = sha256(path)
        return Provenance(
            table=name,
            title=contracts.load(name)["title"] if name in contracts.tables() else name,
            publisher="unpublished data supplied by the user",
            page_url="",
            licence="",
            licence_url="",
            period="",
            kind="supplied by the user",
            caveat=OVERLAY_NOTE,
            input_files=((path.name, digest),),
            table_sha256=digest,
            adapter="",
        )
