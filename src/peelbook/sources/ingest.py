"""From official files to `data/`: recognise, read, validate, then write table and descriptor together.

A release goes in with one call; whatever is wrong with a file, `data/` is afterwards either wholly
new or wholly as it was.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peelbook import contracts, paths
from peelbook.catalogue import PACKAGE_FILE
from peelbook.errors import MissingTableError, SourceFileError
from peelbook.files import sha256
from peelbook.forces import Forces
from peelbook.sources import gaps, package
from peelbook.sources.publication import Context, Gap, Publication, facts, recognise, registry
from peelbook.sources.reading import SourceFile

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.sources.layout import Match


@dataclass(frozen=True)
class Outcome:
    """What an ingest did to one table."""

    table: str
    rows: int
    changed: bool
    inputs: tuple[str, ...]


def to_csv(frame: pd.DataFrame, table: str) -> bytes:
    """Return the bytes of a tidy table: contract order, sorted by its key, `\\n` line ends."""
    schema = contracts.load(table)
    names = [field["name"] for field in schema["fields"]]
    return (
        frame[names]
        .sort_values(schema.get("primaryKey", names), kind="stable")
        .to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")
        .encode()
    )


def ingest(files: Iterable[Path | str], data_dir: Path | str) -> list[Outcome]:
    """Ingest official files into a data folder; return what became of each table.

    Publications are told by content. All files are read and validated before anything is written.
    Raises `SourceFileError` or `TableContractError`; the folder is then as it was.
    """
    data_dir = Path(data_dir)
    recognised = [recognise(SourceFile(Path(path))) for path in dict.fromkeys(map(str, files))]
    order = {name: place for place, name in enumerate(registry())}
    recognised.sort(key=lambda pair: (order[pair[0].name], pair[1].file.name))
    workbench = _Workbench(data_dir)
    for publication, match in recognised:
        workbench.take(publication, match)
    return workbench.write()


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
    forces = Forces.read(data_dir / "forces.csv")
    if name != "forces":
        contracts.read_csv(path, name, forces)
    by_name = package.resources(package.read(data_dir))
    by_name[name] = package.describe_project(name, path.read_bytes())
    return bool(commit(data_dir, {PACKAGE_FILE: package.dump(by_name)}))


class _Workbench:
    """Tables in the making: read, merged and validated, not yet on disk."""

    def __init__(self, data_dir: Path):
        self.data_dir = data_dir
        self.forces = Forces.read(data_dir / "forces.csv")
        self.old = package.resources(package.read(data_dir))
        self.frames: dict[str, pd.DataFrame] = {}
        self.inputs: dict[str, list[dict[str, Any]]] = {}
        self.adapters: dict[str, Publication] = {}
        self.met: dict[str, list[Gap]] = {}
        self.fresh: dict[str, dict[tuple[Any, ...], str]] = {}

    def table(self, name: str) -> pd.DataFrame | None:
        """A table of this ingest, or of the folder, or `None`."""
        if name in self.frames:
            return self.frames[name]
        if name in self.old and (self.data_dir / f"{name}.csv").exists():
            return contracts.read_csv(self.data_dir / f"{name}.csv", name, self.forces)
        return None

    def take(self, publication: Publication, match: Match) -> None:
        """Read one recognised file into the workbench."""
        file = match.file
        result = publication.read(match, Context(self.forces, self.table))
        own: dict[str, Any] = {"name": file.name, "sha256": file.sha256}
        if result.kind:
            own["kind"] = result.kind
        if publication.untested:
            own["untested"] = True
        joined = [item for need in publication.needs for item in self._inputs_of(need)]
        for table, frame in result.tables.items():
            frame = gaps.without_known_gaps(frame, table)
            merge = facts()["table"][table].get("merge")
            if len(frame) or not merge:
                label = f"{file.path} → {table}"
                frame = contracts.validate(frame, table, source=label, forces=self.forces)
            keys = sorted(set(frame[merge].itertuples(index=False, name=None))) if merge else [()]
            taken = self.fresh.setdefault(table, {})
            for covered in keys:
                if covered in taken:
                    what = " ".join(_text(part) for part in covered) or "the same table"
                    raise SourceFileError(
                        file.path,
                        f"it holds {what}, and so does {taken[covered]}",
                        "ingest one of the two files only",
                    )
                taken[covered] = file.name
            inputs = [own, *joined]
            if merge:
                frame, inputs = self._merge(table, frame, merge, keys, own, joined)
            self.frames[table], self.inputs[table] = frame, inputs
            self.adapters[table] = publication
            self.met.setdefault(table, []).extend(gap for gap in result.gaps if gap.table == table)

    def _inputs_of(self, table: str) -> list[dict[str, Any]]:
        if table in self.inputs:
            return self.inputs[table]
        return list(self.old.get(table, {}).get("inputs", []))

    def _merge(
        self,
        table: str,
        frame: pd.DataFrame,
        merge: list[str],
        keys: list[tuple[Any, ...]],
        own: dict[str, Any],
        joined: list[dict[str, Any]],
    ) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
        """The table with the file's share replaced, and its inputs without those wholly superseded."""
        import pandas as pd

        covered = {" ".join(map(_text, pair)) for pair in keys}
        old = self.table(table)
        inputs = [{**own, "covers": sorted(covered)}, *joined]
        if old is None or old.empty:
            return frame, inputs
        kept = old[~old[merge].apply(tuple, axis=1).isin(keys)]
        for item in self._inputs_of(table):
            left = sorted(set(item.get("covers", [])) - covered)
            if left:
                inputs.append({**item, "covers": left})
        parts = [part for part in (kept, frame) if len(part)]
        return pd.concat(parts, ignore_index=True), inputs

    def write(self) -> list[Outcome]:
        """Write every table, `gaps.csv` and the descriptor, all or nothing."""
        payloads: dict[str, bytes] = {}
        by_name = dict(self.old)
        reasons = None
        if (self.data_dir / "gaps.csv").exists():
            reasons = contracts.read_csv(self.data_dir / "gaps.csv", "gaps", self.forces)
        for table, frame in self.frames.items():
            if frame.empty:
                # A file whose every period was left out may join others, but makes no table alone.
                raise SourceFileError(
                    self.inputs[table][0]["name"],
                    f"nothing is left of it for the table {table!r}"
                    + "".join(f"; {gap.reason}" for gap in self.met[table][:1]),
                    "ingest it together with files of other periods, or look for a corrected release",
                )
            payload = to_csv(frame, table)
            payloads[f"{table}.csv"] = payload
            publication = self.adapters[table]
            by_name[table] = package.describe(
                table,
                frame,
                payload,
                forces=self.forces,
                inputs=self.inputs[table],
                adapter=publication.adapter,
                untested=any(item.get("untested", False) for item in self.inputs[table]),
            )
            earlier = _gaps_still_met(reasons, table, frame, self.fresh[table])
            explained = gaps.explain(frame, table, self.forces, [*self.met[table], *earlier])
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
                len(frame),
                f"{table}.csv" in changed,
                tuple(item["name"] for item in self.inputs[table]),
            )
            for table, frame in sorted(self.frames.items())
        ]


def _text(part: Any) -> str:
    return part.strftime("%Y-%m-%d") if hasattr(part, "strftime") else str(part)


def _gaps_still_met(
    reasons: pd.DataFrame | None, table: str, frame: pd.DataFrame, fresh: dict[tuple[Any, ...], str]
) -> list[Gap]:
    """Gaps an earlier file of a merged table met, for periods the new file says nothing about."""
    if reasons is None or () in fresh:
        return []
    present = set(frame[["force_code", "period_end"]].itertuples(index=False, name=None))
    recorded = {gap.reason for gap, _ in gaps.known() if gap.table == table}
    recorded.add(gaps.default_reason(table))
    return [
        Gap(row.table, row.force_code, row.period_start.date(), row.period_end.date(), row.status, row.reason)
        for row in reasons[reasons["table"] == table].itertuples()
        if row.reason not in recorded and (row.force_code, row.period_end) not in present
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
