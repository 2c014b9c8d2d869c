"""From official files to `data/`: recognise, read, validate, then write table and descriptor together.

A release goes in with one call; whatever is wrong with a file, `data/` is afterwards either wholly
new or wholly as it was.
"""

from __future__ import annotations

import contextlib
import csv
import datetime
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peelbook import contracts, paths
from peelbook.descriptor import PACKAGE_FILE, resources
from peelbook.errors import DataPackageError, MissingTableError, PeelbookError, SourceFileError
from peelbook.forces import Forces
from peelbook.releases import Part, State, date_of, kept_keys, text_of, to_csv, together, with_part, written
from peelbook.releases import read as read_releases
from peelbook.sources import gaps, package
from peelbook.sources.publication import Context, Gap, Publication, facts, recognise, registry
from peelbook.sources.publication import releases as known_files
from peelbook.sources.reading import SourceFile
from peelbook.util import lock
from peelbook.util.files import sha256

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.sources.cells import Rows
    from peelbook.sources.layout import Match

# The lock file in the folder of the tables; removed when writing ends.
LOCK = ".ingest-lock"


@dataclass(frozen=True)
class Outcome:
    """What an ingest did to one table."""

    table: str
    rows: int
    changed: bool
    inputs: tuple[str, ...]
    lost: tuple[
        str, ...
    ] = ()  # force and period of figures that the table had before this ingest and has no more
    left_out: tuple[
        str, ...
    ] = ()  # what of the files was not read: hidden sheets, rows, columns; other bodies


@dataclass(frozen=True)
class Origin:
    """What is known of a file beside its bytes: its day of release, its address, and the publication it must be."""

    released: datetime.date | None = None
    url: str = ""
    publication: str = ""


def ingest(
    files: Iterable[Path | str],
    data_dir: Path | str,
    origins: Mapping[str, Origin] | None = None,
    *,
    accept_loss: bool = False,
) -> list[Outcome]:
    """Ingest official files into a data folder; return what became of each table.

    Publications are recognised by content. All files are read and validated before anything is written. A table
    that loses a category (an offence group, a rank) in a period it keeps is refused unless `accept_loss`. `origins`
    says of files, by path, what is known beside their bytes; the release of a file that `releases.toml` has is
    known without. A file of an older release than the table's becomes one of its earlier releases.
    Raises `SourceFileError` or `TableContractError`; the folder is then as it was.
    """
    data_dir = Path(data_dir)
    origins = origins or {}
    recognised = [
        (*recognise(SourceFile(Path(path))), origins.get(path, Origin()))
        for path in dict.fromkeys(map(str, files))
    ]
    order = {name: place for place, name in enumerate(registry())}
    recognised.sort(
        key=lambda found: (
            order[found[0].name],
            found[0].order(found[1]) if found[0].order else 0,
            found[1].file.name,
        )
    )
    with _exclusive(data_dir, "data ingest"):
        workbench = _Workbench(data_dir, accept_loss=accept_loss)
        for publication, match, origin in recognised:
            workbench.take(publication, match, origin)
        return workbench.write()


def _exclusive(data_dir: Path, purpose: str) -> AbstractContextManager[object]:
    """Lock the folder against other writers, so that the tables read are the ones merged and replaced."""
    if not data_dir.is_dir():
        return contextlib.nullcontext()  # reading its forces is what fails, with its own message
    return lock.hold(
        data_dir,
        purpose,
        refused=lambda why: DataPackageError(f"{why}. Fix: make it writable, or pass another --data-dir."),
        file=LOCK,
        leave=False,
    )


def register_project_table(name: str, data_dir: Path | str | None = None) -> bool:
    """Bring the descriptor entry of `forces`, `gaps` or `claims` up to date with its file.

    Returns whether anything changed. Raises `MissingTableError` or `TableContractError`.
    """
    data_dir = Path(data_dir) if data_dir else paths.data_dir()
    if name not in facts()["project"]:
        raise MissingTableError(
            f"{name!r} is not one of the project's own tables ({', '.join(facts()['project'])}). "
            "Fix: a table of a publication goes in with `peelbook data ingest`."
        )
    path = data_dir / f"{name}.csv"
    with _exclusive(data_dir, f"data register {name}"):
        forces = Forces.read(data_dir / "forces.csv")
        if name != "forces":
            contracts.read_csv(path, name, forces)
        by_name = resources(package.read(data_dir))
        by_name[name] = package.describe_project(name, path.read_bytes())
        return bool(commit(data_dir, {PACKAGE_FILE: package.dump(by_name)}))


class _Workbench:
    """Tables being built in memory: read, merged and validated, not yet on disk."""

    def __init__(self, data_dir: Path, *, accept_loss: bool = False):
        self.data_dir = data_dir
        self.accept_loss = accept_loss
        self.forces = Forces.read(data_dir / "forces.csv")
        self.old = resources(package.read(data_dir))
        self.states: dict[str, list[State]] = {}  # by table, oldest release first, the newest last
        self.adapters: dict[str, Publication] = {}
        self.met: dict[str, list[Gap]] = {}
        self.taken: dict[str, dict[tuple[Any, ...], str]] = {}
        self.fresh: dict[str, set[tuple[Any, ...]]] = {}
        self.parts: dict[str, list[tuple[Part, list[Gap]]]] = {}
        self.left_out: dict[str, list[str]] = {}
        self.files: dict[str, str] = {}  # the first file of each table

    def table(self, name: str) -> pd.DataFrame | None:
        """A table of this ingest, or of the folder, or `None`."""
        self._merge_releases(name)
        if name in self.states:
            return self.states[name][-1].frame
        return self._on_disk(name)

    def _on_disk(self, name: str) -> pd.DataFrame | None:
        if name in self.old and (self.data_dir / f"{name}.csv").exists():
            return contracts.read_csv(self.data_dir / f"{name}.csv", name, self.forces)
        return None

    def take(self, publication: Publication, match: Match, origin: Origin) -> None:
        """Read one recognised file into the workbench."""
        file = match.file
        wanted = registry()[origin.publication].tables if origin.publication else publication.tables
        if set(wanted).isdisjoint(publication.tables):
            raise file.error(
                f"it is a file of {publication.name!r} and should be one of {origin.publication!r}",
                "look at the publisher's page; the title or file pattern may fit another file",
            )
        result = publication.read(match, Context(self.forces, self.table))
        own: dict[str, Any] = {"name": file.name, "sha256": file.sha256}
        known = known_files().get(file.sha256, {})
        day = origin.released or date_of(known)
        if day is not None:
            own["released"] = day.isoformat()
        if url := origin.url or known.get("url", ""):
            own["url"] = url
        if kind := result.kind or match.layout.kind:
            own["kind"] = kind
        if publication.untested and not match.layout.tested:
            own["untested"] = True
        joined = [item for need in publication.needs for item in self._inputs_of(need)]
        said = [f"{file.name}: {what}" for what in (*file.left_out(match.sheet), *result.left_out)]
        for table, frame in result.tables.items():
            self.left_out.setdefault(table, []).extend(said)
            self.files.setdefault(table, str(file.path))
            frame = gaps.without_known_gaps(frame, table)
            frame, unknown = gaps.without_missing(frame, table)
            if unknown and frame.empty:
                raise file.error(
                    f"not one figure of it can go into the table {table!r}: each is marked as missing",
                    "look for a release that has figures",
                )
            merge = facts()["table"][table].get("merge")
            if len(frame) or not merge:
                frame = self._validated(frame, table, file, result.rows.get(table))
                unknown += gaps.of_empty_figures(frame, table)
            keys = sorted(set(frame[merge].itertuples(index=False, name=None))) if merge else [()]
            taken = self.taken.setdefault(table, {})
            for covered in keys:
                if (covered, day) in taken:
                    what = text_of(covered) or "the same table"
                    raise SourceFileError(
                        file.path,
                        f"it holds {what}, and so does {taken[covered, day]}",
                        "ingest one of the two files only",
                    )
                taken[covered, day] = file.name
            met = [*(gap for gap in result.gaps if gap.table == table), *unknown]
            self.parts.setdefault(table, []).append((Part(frame, [(own, keys)], joined, day), met))
            self.adapters[table] = publication

    def _validated(
        self, frame: pd.DataFrame, table: str, file: SourceFile, rows: Rows | None
    ) -> pd.DataFrame:
        """The frame true to its contract; faults name the file's own rows wherever a row has one."""
        if rows is None:
            label, lines, of = f"{file.path} → {table}", None, f"the tidy table {table!r}"
        else:
            label, lines, of = f"{rows.label} → {table}", [rows.numbers[place] for place in frame.index], ""
        return contracts.validate(frame, table, source=label, forces=self.forces, lines=lines, of=of)

    def _inputs_of(self, table: str) -> list[dict[str, Any]]:
        self._merge_releases(table)
        if table in self.states:
            return self.states[table][-1].inputs
        return list(self.old.get(table, {}).get("inputs", []))

    def _merge_releases(self, table: str) -> None:
        """Merge this ingest's files of a table into its sequence of releases, oldest first."""
        parts = self.parts.pop(table, [])
        if not parts:
            return
        merge = facts()["table"][table].get("merge")
        states = self.states.get(table) or self._releases_on_disk(table)
        parts.sort(key=lambda pair: pair[0].released or datetime.date.max)
        for _, group in groupby(parts, key=lambda pair: pair[0].released):
            same = list(group)
            part = together([part for part, _ in same])
            newest = states[-1] if states else None
            used = set(kept_keys(newest, part, merge))
            states = with_part(states, part, merge)
            self.fresh.setdefault(table, set()).update(used)
            # Gaps found in a file of an older release do not apply to figures that a later one gives.
            self.met.setdefault(table, []).extend(
                gap
                for _, met in same
                for gap in met
                if len(used) == len(part.keys) or _within(gap, used, merge)
            )
        self.states[table] = states

    def _releases_on_disk(self, table: str) -> list[State]:
        frame = self._on_disk(table)
        if frame is None:
            return []
        entry = self.old[table]
        newest = State(frame, list(entry.get("inputs", [])), date_of(entry))
        return [*read_releases(self.data_dir, entry), newest]

    def _lost(self, table: str, frame: pd.DataFrame) -> list[str]:
        """Forces and periods of the table on disk that the new one has no row of."""
        by = ["force_code", "cycle" if "cycle" in frame else "period_end"]
        path = self.data_dir / f"{table}.csv"
        if not set(by) <= set(frame) or not path.exists():
            return []
        try:
            with path.open(encoding="utf-8", newline="") as stream:
                old = {(row[by[0]], row[by[1]]) for row in csv.DictReader(stream)}
        except (OSError, ValueError, KeyError, csv.Error):
            return []  # a table that cannot be read cannot be compared with either
        new = {(code, _text(day)) for code, day in frame[by].drop_duplicates().itertuples(index=False)}
        return [
            f"{self.forces[code].short_name if code in self.forces else code} {day}"
            for code, day in sorted(old - new)
        ]

    def _check_categories(self, table: str, frame: pd.DataFrame) -> None:
        """Raise `SourceFileError` where a period keeps its rows and loses a category of every force.

        A file cut to one offence group has the same columns as the whole and would take its place.
        """
        from peelbook.sources.loss import lost_categories

        try:
            old = contracts.read_csv(self.data_dir / f"{table}.csv", table, self.forces)
        except (OSError, PeelbookError):
            return  # a table that cannot be read cannot be compared with either
        if found := lost_categories(old, frame, table):
            raise SourceFileError(
                self.files[table],
                f"a part of the table {table!r}, not the whole: what is here has {found}, and the file has not",
                "use the file with every category; if the publisher does not give these any more, ingest it "
                "again with --accept-loss",
            )

    def write(self) -> list[Outcome]:
        """Write every table, `gaps.csv` and the descriptor, all or nothing."""
        for table in list(self.parts):
            self._merge_releases(table)
        payloads: dict[str, bytes] = {}
        lost: dict[str, tuple[str, ...]] = {}
        by_name = dict(self.old)
        reasons = None
        if (self.data_dir / "gaps.csv").exists():
            reasons = contracts.read_csv(self.data_dir / "gaps.csv", "gaps", self.forces)
        written_releases: dict[str, list[str]] = {}
        for table, (*earlier, newest) in self.states.items():
            frame = newest.frame
            if frame.empty:
                # A file whose every period was left out may join others, but makes no table alone.
                raise SourceFileError(
                    self.files[table],
                    f"nothing is left of it for the table {table!r}"
                    + "".join(f"; {gap.reason.rstrip('.')}" for gap in self.met[table][:1])
                    + "".join(f"; {what}" for what in self.left_out[table][:1] if not self.met[table]),
                    "ingest it together with files of other periods, or look for a corrected release"
                    if self.met[table]
                    else "leave this file out",
                )
            lost[table] = tuple(self._lost(table, frame))
            if not self.accept_loss and (self.data_dir / f"{table}.csv").exists():
                self._check_categories(table, frame)
            payload = to_csv(frame, table)
            payloads[f"{table}.csv"] = payload
            files, entries = written(earlier, payload, table)
            payloads |= files
            written_releases[table] = list(files)
            publication = self.adapters[table]
            by_name[table] = package.describe(
                table,
                frame,
                payload,
                forces=self.forces,
                inputs=newest.inputs,
                adapter=publication.adapter,
                untested=any(item.get("untested", False) for item in newest.inputs),
                released=newest.released,
                releases=entries,
            )
            still = _gaps_still_met(reasons, table, self.fresh[table])
            explained = gaps.explain(frame, table, self.forces, [*self.met[table], *still])
            reasons = gaps.merged(reasons, table, explained)
        if reasons is not None and len(reasons):
            reasons = contracts.validate(
                reasons, "gaps", source=self.data_dir / "gaps.csv", forces=self.forces
            )
            payloads["gaps.csv"] = to_csv(reasons, "gaps")
            by_name["gaps"] = package.describe_project("gaps", payloads["gaps.csv"], reasons)
        for name in ("forces", "claims"):
            path = self.data_dir / f"{name}.csv"
            if path.exists() and (name == "forces" or name in contracts.tables()):
                by_name[name] = package.describe_project(name, path.read_bytes())
        payloads[PACKAGE_FILE] = package.dump(by_name)
        changed = commit(self.data_dir, payloads)
        return [
            Outcome(
                table,
                len(states[-1].frame),
                not changed.isdisjoint([f"{table}.csv", *written_releases[table]]),
                tuple(item["name"] for item in states[-1].inputs),
                lost[table],
                tuple(self.left_out[table]),
            )
            for table, states in sorted(self.states.items())
        ]


def _within(gap: Gap, used: set[tuple[Any, ...]], merge: list[str] | None) -> bool:
    """Whether a gap lies in one of the parts of a table that a file's rows went into."""
    if not merge or "period_end" not in merge:
        return bool(used)
    at = merge.index("period_end")
    return any(gap.period_start <= key[at].date() <= gap.period_end for key in used)


def _text(part: Any) -> str:
    return part.strftime("%Y-%m-%d") if hasattr(part, "strftime") else str(part)


def _gaps_still_met(reasons: pd.DataFrame | None, table: str, fresh: set[tuple[Any, ...]]) -> list[Gap]:
    """Gaps found in an earlier file of a merged table, for periods that the new file does not cover."""
    if reasons is None or () in fresh:
        return []
    merge = facts()["table"][table]["merge"]
    recorded = {gap.reason for gap, _ in gaps.known() if gap.table == table}
    recorded.add(gaps.default_reason(table))
    return [
        Gap(row.table, row.force_code, row.period_start.date(), row.period_end.date(), row.status, row.reason)
        for row in reasons[reasons["table"] == table].itertuples()
        if row.reason not in recorded and tuple(getattr(row, name) for name in merge) not in fresh
    ]


def commit(data_dir: Path, payloads: dict[str, bytes]) -> set[str]:
    """Write all files or none; return the names of those whose bytes changed.

    Every file is written in full beside its target first; then they are put in place one after another,
    the descriptor last, and put back if that fails half-way.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    changed = {
        name: payload
        for name, payload in payloads.items()
        if not (data_dir / name).exists() or sha256(data_dir / name) != sha256(payload)
    }
    if not changed:
        return set()
    order = sorted(changed, key=lambda name: (name == PACKAGE_FILE, name))
    with tempfile.TemporaryDirectory(dir=data_dir, prefix=".ingest-", ignore_cleanup_errors=True) as folder:
        new, old = Path(folder) / "new", Path(folder) / "old"
        new.mkdir()
        old.mkdir()
        umask = os.umask(0)
        os.umask(umask)
        for name in order:
            for folder_ in (new, old, data_dir):
                (folder_ / name).parent.mkdir(parents=True, exist_ok=True)
            with (new / name).open("wb") as stream:
                stream.write(changed[name])
                stream.flush()
                os.fsync(stream.fileno())
            (new / name).chmod(0o666 & ~umask)
        moved: list[str] = []
        try:
            for name in order:
                if (data_dir / name).exists():
                    shutil.copyfile(data_dir / name, old / name)
                moved.append(name)
                (new / name).replace(data_dir / name)
        except BaseException:
            for name in reversed(moved):
                if (old / name).exists():
                    (old / name).replace(data_dir / name)
                else:
                    with contextlib.suppress(OSError):
                        (data_dir / name).unlink()
            raise
    return set(changed)
