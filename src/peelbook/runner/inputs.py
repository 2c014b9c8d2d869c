"""All that an executed notebook depends on, as bytes and as the parts of its cache key.

A section's data folder is made of exactly the files counted in its key and of nothing else: a table that a
section does not declare is not merely forbidden, it is not there.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from peelbook import descriptor
from peelbook.descriptor import PACKAGE_FILE
from peelbook.errors import DataPackageError
from peelbook.paths import PACKAGE
from peelbook.runner.workspace import Workspace
from peelbook.sections import Section
from peelbook.util.files import sha256

FORMAT = 2
"""Version of key and cache entry; a change of either re-runs everything. In entries of 1 an image may be damaged."""

ALWAYS = ("forces", "gaps")
"""Tables that every section reads: names of forces, and the recorded reasons for missing data."""

FILLED = ("value", "label", "numerator")
"""Columns of the ledger of which one is filled in where a claim is entered: `claims new` leaves them empty."""

# Source that no notebook can reach: it may change without a re-run. A test follows the imports.
OUTSIDE = (
    "__main__.py",
    "_project/",  # the project a wheel carries; a section's inputs are counted file by file
    "cli/",
    "new_project.py",
    "runner/cache.py",
    "runner/clean.py",
    "runner/engine.py",
    "runner/errors.py",
    "runner/executor.py",
    "runner/inputs.py",
    "runner/lock.py",
    "runner/plan.py",
    "runner/progress.py",
    "runner/results.py",
    "runner/review_server.py",
    "runner/serve.py",
    "runner/workspace.py",
    "site/",
    "sources/",
    "util/lock.py",
)

_SOURCE_SUFFIXES = frozenset({".py", ".toml", ".json", ".csv", ".txt", ".mplstyle", ".html"})


@dataclass(frozen=True)
class Inputs:
    """What one section reads: file name → bytes, for the data folder and for a user's overlay."""

    section: Section
    notebook: bytes
    files: Mapping[str, bytes]
    overlay: Mapping[str, bytes]

    @cached_property
    def digests(self) -> dict[str, str]:
        """The hash of each file of the data folder."""
        return {name: sha256(content) for name, content in sorted(self.files.items())}

    @cached_property
    def overlay_digests(self) -> dict[str, str]:
        """The hash of each of the user's own files."""
        return {name: sha256(content) for name, content in sorted(self.overlay.items())}


def reported(inputs: Inputs) -> frozenset[str]:
    """Return the codes of the forces of whose report something is filled in in the ledger that a section reads."""
    found: set[str] = set()
    for files in (inputs.files, inputs.overlay):
        text = files.get("claims.csv", b"").decode("utf-8-sig", errors="replace")
        rows = csv.DictReader(io.StringIO(text))
        found |= {row.get("force_code") or "" for row in rows if any(row.get(name) for name in FILLED)}
    return frozenset(found - {""})


def read(workspace: Workspace, section: Section) -> Inputs:
    """Read everything a section may use.

    Tables it declares that nobody has ingested are left out: the page says so. Raises `DataPackageError` where
    the data package is unreadable or names a file outside its folder, `MissingTableError` for the notebook.
    """
    package = descriptor.read(workspace.data)
    wanted = {*section.tables, *ALWAYS}
    files: dict[str, bytes] = {}
    resources = [item for item in package["resources"] if item.get("name") in wanted]
    for resource in resources:
        name = _inside(workspace.data, resource["path"])
        content = _bytes(workspace.data / name)
        if content is not None:
            files[name] = content
        # The ledger asks for the release that a report could have used.
        for entry in resource.get("releases", []):
            earlier = _inside(workspace.data, entry["path"])
            content = _bytes(workspace.data / earlier)
            if content is not None:
                files[earlier] = content
    forces = _bytes(workspace.data / "forces.csv")
    if forces is not None:
        files["forces.csv"] = forces
    shown = {**package, "resources": resources}
    files[PACKAGE_FILE] = json.dumps(shown, ensure_ascii=False, sort_keys=True).encode()
    overlay: dict[str, bytes] = {}
    if workspace.overlay is not None:
        from peelbook.overlay import hide

        overlay.update(hide.threshold_file(workspace.overlay))
        if overlay:
            # What is hidden in one table may follow from another, which the section itself does not read.
            wanted |= {other for table in section.tables for other, _ in hide.links(table)}
        for name in sorted(f"{table}.csv" for table in wanted):
            content = _bytes(workspace.overlay / name)
            if content is not None:
                overlay[name] = content
    return Inputs(section, workspace.notebook(section.stem).read_bytes(), files, overlay)


def _bytes(path: Path) -> bytes | None:
    try:
        return _read_once(str(path), path.stat().st_mtime_ns, path.stat().st_size)
    except FileNotFoundError:
        return None


@cache
def _read_once(path: str, _time: int, _size: int) -> bytes:
    """Sections share tables; one copy in memory is enough. The stamps only serve one process, never a key."""
    return Path(path).read_bytes()


def _inside(folder: Path, name: str) -> str:
    """Return a resource's path if it stays inside the data folder."""
    path = PurePosixPath(str(name))
    if path.is_absolute() or ".." in path.parts or "\\" in str(name) or ":" in str(name) or not path.parts:
        raise DataPackageError(
            f"{folder / PACKAGE_FILE}: the path {name!r} leaves the data folder. Fix: restore it with git."
        )
    return str(path)


def package_digest(root: Path = PACKAGE) -> str:
    """Return the hash of all source a notebook can reach, line ends aside."""
    digests = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix in _SOURCE_SUFFIXES and not name.startswith(OUTSIDE) and "__pycache__" not in name:
            digests[name] = sha256(path.read_bytes().replace(b"\r\n", b"\n"))
    return sha256(_canonical(digests))


@dataclass(frozen=True)
class Environment:
    """What all notebooks of a run depend on: hash of the package's source and of the lock file, Python."""

    package: str
    lock: str
    python: str


def environment(lock_file: Path) -> Environment:
    """Return the environment of this process, read now."""
    return Environment(package_digest(), lock_digest(lock_file), python_minor())


def lock_digest(path: Path) -> str:
    """Return the hash of the environment's lock file, line ends aside; of nothing where there is none."""
    return sha256(path.read_bytes().replace(b"\r\n", b"\n")) if path.exists() else sha256(b"")


def python_minor() -> str:
    """Return the Python version that outputs may depend on, such as 3.11."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def parts(
    inputs: Inputs, notebook: str, parameters: Mapping[str, Any], environment: Environment
) -> dict[str, Any]:
    """Return what the key is made of, so that a plan can say which part of it changed.

    `notebook` is a hash. Never a modification time: a file that was touched is the same file. A
    force's row cannot be separated from the rest of its table, because averages and ranks use the rows of all forces.
    """
    return {
        "format": FORMAT,
        "notebook": notebook,
        "parameters": dict(sorted(parameters.items())),
        "data": inputs.digests,
        "overlay": inputs.overlay_digests,
        "package": environment.package,
        "lock": environment.lock,
        "python": environment.python,
    }


def key(key_parts: Mapping[str, Any]) -> str:
    """Return the cache key: the hash of its parts."""
    return sha256(_canonical(key_parts))


def notebook_digest(staged: bytes) -> str:
    """Return the hash of a staged notebook's cells: kind, source, metadata with tags, id."""
    cells = [
        [cell.get("cell_type"), _text(cell.get("source", "")), cell.get("metadata", {}), cell.get("id")]
        for cell in json.loads(staged).get("cells", [])
    ]
    return sha256(_canonical(cells))


def _text(source: str | Iterable[str]) -> str:
    return re.sub(r"\r\n?", "\n", source if isinstance(source, str) else "".join(source))


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
