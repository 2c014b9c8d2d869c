"""Reads `datapackage.json`, the Frictionless descriptor of a folder of tables: the one reader of that file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from peelbook.errors import DataPackageError

PACKAGE_FILE = "datapackage.json"


def read(folder: Path) -> dict[str, Any]:
    """Return the descriptor of a folder of tables. Raises `DataPackageError` where it is absent or is none."""
    path = Path(folder) / PACKAGE_FILE
    try:
        package = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(package["resources"], list):
            raise TypeError("`resources` is not a list")
    except FileNotFoundError as error:
        raise DataPackageError(
            f"{path}: no such file. Fix: pass the folder that holds the tables, or run `peelbook data ingest`."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataPackageError(f"{path}: not a data package ({error}). Fix: restore it with git.") from error
    return package


def resources(package: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the descriptors of a package's tables, by table name."""
    return {resource["name"]: resource for resource in package["resources"]}
