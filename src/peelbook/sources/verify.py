"""Checks a data folder: every table there, unchanged since ingest, true to its contract, and described.

The hashes in the data package are what every chart's source line quotes; a table edited by hand would
make them false.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peelbook import contracts, releases
from peelbook.descriptor import PACKAGE_FILE, resources
from peelbook.errors import DataPackageError, MissingTableError, TableContractError
from peelbook.forces import Forces
from peelbook.sources import gaps, package
from peelbook.sources.publication import facts
from peelbook.util.files import sha256


@dataclass(frozen=True)
class Problem:
    """One thing that does not hold, and how to mend it."""

    table: str
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"{self.table}: {self.problem}. Fix: {self.fix}"


def verify(data_dir: Path | str) -> list[Problem]:
    """Return everything wrong with a data folder; nothing for a good one.

    Raises `DataPackageError` where there is no readable descriptor, `MissingTableError` or
    `TableContractError` where `forces.csv` cannot be read.
    """
    data_dir = Path(data_dir)
    if not (data_dir / PACKAGE_FILE).exists():
        raise DataPackageError(
            f"{data_dir / PACKAGE_FILE}: no such file. Fix: pass the folder that holds the tables."
        )
    by_name = resources(package.read(data_dir))
    forces = Forces.read(data_dir / "forces.csv")
    problems: list[Problem] = []
    frames = {}
    for name, resource in sorted(by_name.items()):
        path = data_dir / resource["path"]
        restore = (
            f"restore it with git, or run `peelbook data register {name}` if the change is meant"
            if name in facts()["project"]
            else "restore it with git, or ingest the official file again"
        )
        if not path.exists():
            problems.append(Problem(name, "the table is missing", restore))
            continue
        if resource.get("hash") != f"sha256:{sha256(path)}":
            problems.append(Problem(name, "its bytes are not those recorded at ingest", restore))
        if name == "forces":
            continue
        problems += _earlier(data_dir, resource)
        if name not in contracts.tables():
            problems.append(Problem(name, "no contract has this name", "add one, or remove the entry"))
            continue
        if resource.get("schema") != contracts.load(name):
            problems.append(Problem(name, "its schema is not the contract's", restore))
        try:
            frames[name] = contracts.read_csv(path, name, forces)
        except (TableContractError, MissingTableError) as error:
            problems.append(Problem(name, str(error), restore))
    recorded = {entry["path"] for each in by_name.values() for entry in each.get("releases", [])}
    for path in sorted(data_dir.glob(f"{releases.FOLDER}/*/*.csv")):
        name = path.relative_to(data_dir).as_posix()
        if name not in recorded:
            fix = "ingest the official file of that release again, or remove the file"
            problems.append(Problem(path.parent.name, f"{name} is a release nobody recorded", fix))
    for path in sorted(data_dir.glob("*.csv")):
        if path.stem not in by_name:
            problems.append(
                Problem(path.stem, "a table the data package does not name", "ingest it, or remove the file")
            )
    if "gaps" in frames:
        for name, frame in frames.items():
            if name in package.made_tables(by_name):
                for hole in gaps.unexplained(frame, name, frames["gaps"], forces):
                    problems.append(
                        Problem(name, f"no reason is given for a missing figure ({hole})", "ingest it again")
                    )
    return problems


def _earlier(data_dir: Path, resource: dict[str, Any]) -> list[Problem]:
    """What is wrong with the earlier releases of a table: each must give the very table that was hashed then."""
    try:
        releases.read(data_dir, resource)
    except DataPackageError as error:
        problem, _, fix = str(error).rpartition(". Fix: ")
        return [Problem(resource["name"], problem, fix.removesuffix("."))]
    return []
