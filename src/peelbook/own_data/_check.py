"""Checks all files of a folder of a user's tables at once and lists every fault; writes nothing.

An analyst can correct a folder in one round, and knows before a build that it will be read.
"""

from __future__ import annotations

import contextlib
import difflib
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from peelbook import contracts
from peelbook.catalogue import Catalogue
from peelbook.errors import Fault, MissingTableError, PeelbookError, TableContractError
from peelbook.forces import Forces
from peelbook.overlay import hide
from peelbook.overlay import rows as own_rows
from peelbook.own_data._template import NOT_A_FORCES_OWN, README
from peelbook.util import output

if TYPE_CHECKING:
    import pandas as pd

#: Other files of the folder: the page of the template, the threshold, and the site that a build puts there.
_NOT_TABLES = frozenset({README, hide.THRESHOLD_FILE, "_site"})

_SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers", ".tsv")


class FaultyFolderError(PeelbookError):
    """A folder of supplied tables cannot be used as it is; the message lists all that is wrong."""


@dataclass(frozen=True)
class Report:
    """What is in a folder: rows by table, tables left empty, and (file, fault) for all that is wrong."""

    folder: Path
    rows: dict[str, int]
    empty: tuple[str, ...]
    faults: tuple[tuple[str, Fault], ...]
    forces: tuple[str, ...]  # codes that the rows are about
    suppress_below: int | None = None
    warnings: tuple[str, ...] = ()  # allowed, but perhaps not intended

    @property
    def good(self) -> bool:
        """Whether a build can read the folder."""
        return not self.faults

    def require(self) -> None:
        """Raise `FaultyFolderError` with every fault, if there is one."""
        if self.faults:
            raise FaultyFolderError(str(self))

    def __str__(self) -> str:
        lines = []
        for name in dict.fromkeys(name for name, _ in self.faults):
            own = [fault for file, fault in self.faults if file == name]
            lines.append(f"{self.folder / name}: {len(own)} fault{'' if len(own) == 1 else 's'}")
            lines += [f"  - {fault}" for fault in own]
        return "\n".join(lines)


def check(folder: Path | str, catalogue: Catalogue, *, force: str | None = None) -> Report:
    """Check every file of a folder of supplied tables against its contract and against the force it is for.

    `catalogue` is of the embedded data. `force` is any name of the force, or of an area of the folder's own
    `forces.csv`; without it the rows may be of any one force. Raises `MissingTableError` where there is no such
    folder, `UnknownForceError`; faults of the files are in the report and not raised.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingTableError(f"{folder}: no such folder. Fix: make one with `peelbook data template`.")
    faults: list[tuple[str, Fault]] = []
    embedded = catalogue.forces
    forces, areas_known = embedded, True
    if (folder / "forces.csv").is_file():
        try:
            forces = Forces.read(folder / "forces.csv")
        except TableContractError as error:
            faults += [("forces.csv", fault) for fault in error.faults]
            areas_known = False
    own = forces[force].code if force is not None and areas_known else None
    rows: dict[str, int] = {}
    empty: list[str] = []
    files_by_force: dict[str, str] = {}
    warnings: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _NOT_TABLES:
            continue
        if wrong := _entry_fault(path):
            faults.append((path.name, wrong))
            continue
        if path.name == "forces.csv":
            continue
        if path.suffix.lower() != ".csv":
            warnings.append(f"{path.name} is not read: a table is a CSV file with the name of its table.")
            continue
        table = path.stem
        if not own_rows.has_rows(path):
            empty.append(table)
            continue
        if areas_known:
            faults += [
                (path.name, fault) for fault in own_rows.rows_of_other_forces(path, forces, embedded, own)
            ]
            for _, code in own_rows.codes(path):
                files_by_force.setdefault(code, path.name)
        try:
            frame = contracts.read_csv(path, table, forces if areas_known else None)
            faults += [(path.name, fault) for fault in own_rows.wrong_days(frame, table)]
            faults += [(path.name, fault) for fault in own_rows.parts_exceed_total(frame, table)]
            warnings += own_rows.parts_below_total(frame, table)
            rows[table] = len(frame)
            if table == "claims":
                faults += [(path.name, fault) for fault in _ledger_faults(frame)]
            beside = _published(catalogue, table) if forces is embedded else None
            warnings += _left_out(frame, table, beside)
        except TableContractError as error:
            seen = {(fault.column, fault.row) for file, fault in faults if file == path.name}
            file_of = _with_ledger_faults(path, error) if table == "claims" else error.faults
            faults += [(path.name, item) for item in file_of if (item.column, item.row) not in seen]
    faults += _two_forces(files_by_force, embedded) if own is None else []
    below = None
    try:
        below = hide.threshold(folder)
    except PeelbookError as error:
        faults.append((hide.THRESHOLD_FILE, _fault(*str(error).partition(": ")[2].split(" Fix: ", 1))))
    known = tuple(code for code in files_by_force if code in forces)
    return Report(folder, rows, tuple(empty), tuple(faults), known, below, tuple(warnings))


def _ledger_faults(frame: pd.DataFrame) -> list[Fault]:
    """The faults of a ledger between cells: evidence that cannot be worked out, and claims that do not fit together."""
    from peelbook.claims import of_frame

    try:
        of_frame(frame)
    except TableContractError as error:
        return list(error.faults)
    return []


def _with_ledger_faults(path: Path, error: TableContractError) -> Sequence[Fault]:
    """The faults of a ledger's cells, and those between its cells as far as they can be checked."""
    from peelbook.claims import every_fault

    return every_fault(path, error.faults)


def _published(catalogue: Catalogue, table: str) -> pd.DataFrame | None:
    """The book's own table of the same name; `None` where there is none, or its own fault, which is not the user's."""
    with contextlib.suppress(TableContractError):
        return catalogue.table(table) if catalogue.has(table) else None
    return None


def _left_out(frame: pd.DataFrame, table: str, published: pd.DataFrame | None) -> list[str]:
    """A warning for each breakdown without a row of some category in a period: its total counts nothing for it.

    Where the table is `published` too, its rows of the same force and period fill in what is left out, and only
    the categories of its newest period are missed: not each that was ever used.
    """
    import pandas as pd

    summed = {
        name if isinstance(name, str) else name[0]
        for rule in hide.rules()["table"]
        if rule["name"] == table
        for name in rule.get("by", [])
    }
    texts = []
    for field in contracts.load(table)["fields"]:
        if field["name"] not in summed or "enum" not in field.get("constraints", {}):
            continue
        wanted = list(field["constraints"]["enum"])
        have = frame
        if published is not None and len(published):
            newest = published[published["period_end"] == published["period_end"].max()]
            wanted = [value for value in wanted if value in set(newest[field["name"]])]
            have = pd.concat([frame, published[published["force_code"].isin(frame["force_code"].unique())]])
        texts += _lacking(frame, have, table, field["name"], wanted)
    return texts


def _lacking(
    frame: pd.DataFrame, have: pd.DataFrame, table: str, column: str, wanted: list[str]
) -> list[str]:
    """The warnings of one breakdown: which of the categories `wanted` no row of a supplied period has."""
    own = frame["force_code"].astype(str) + frame["period_end"].dt.strftime("%Y-%m-%d")
    every = have["force_code"].astype(str) + have["period_end"].dt.strftime("%Y-%m-%d")
    groups = have[every.isin(set(own))].groupby(["force_code", "period_end"])[column].agg(set)
    found: dict[tuple[str, ...], list[str]] = {}
    for (_, day), values in groups.items():
        if lacks := tuple(value for value in wanted if value not in values):
            found.setdefault(lacks, []).append(f"{day:%Y-%m-%d}")
    texts = []
    for lacks, days in found.items():
        days = sorted(set(days))
        when = (
            f"the period ending {days[0]}"
            if len(days) == 1
            else f"{len(days)} periods, {days[0]} to {days[-1]}"
        )
        texts.append(
            f"{table}.csv has no row with {column} {', '.join(lacks)} for {when}: totals count none of these. "
            "If there were none, that is right; if they are unknown, leave the table out."
        )
    return texts


def _fault(rule: str, fix: str) -> Fault:
    return Fault("", None, "", rule.rstrip("."), fix.rstrip("."))


def _entry_fault(path: Path) -> Fault | None:
    """The fault of an entry of the folder that looks like a table and cannot be read as one."""
    suffix = path.suffix.lower()
    try:
        mode = path.stat().st_mode
    except OSError as error:
        reason = "a link to nothing" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        return _fault(f"cannot be read ({reason})", "put the file itself there, or remove it")
    if suffix in _SPREADSHEETS:
        return _fault(f"a {suffix} file is not read", "save each table as UTF-8 CSV")
    if suffix == ".csv" and not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else output.kind_of(mode)
        return _fault(f"is {kind} and not a table", "put the table there as a CSV file, or remove it")
    return _name_fault(path.name) if suffix == ".csv" and path.name != "forces.csv" else None


def _name_fault(name: str) -> Fault | None:
    """The fault of a CSV file whose name is not that of a table, with the nearest one."""
    known = [table for table in contracts.tables() if table not in NOT_A_FORCES_OWN]
    stem = name[: -len(".csv")]
    if stem in NOT_A_FORCES_OWN:
        return _fault(f"the table {stem!r} is {NOT_A_FORCES_OWN[stem]}", "take the file out of the folder")
    if name in {f"{table}.csv" for table in known}:
        return None
    near = difflib.get_close_matches(stem.lower(), [*known, "forces"], n=1, cutoff=0.5)
    fix = f"call it {near[0]}.csv, if that is what it holds" if near else f"use one of {', '.join(known)}"
    return _fault(f"there is no table {stem!r}", fix)


def _two_forces(files_by_force: dict[str, str], embedded: Forces) -> list[tuple[str, Fault]]:
    """A fault for each force but the first, where files that hold one force each do not hold the same."""
    first, *others = [code for code in files_by_force if code in embedded] or [""]
    return [
        (
            files_by_force[code],
            Fault(
                "force_code",
                None,
                code,
                f"rows of {embedded[code].name}, but {files_by_force[first]} has rows of {embedded[first].name}",
                "give each force a folder of its own",
                embedded[code].name,
            ),
        )
        for code in others
        if files_by_force[code] != files_by_force[first]
    ]
