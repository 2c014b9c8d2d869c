"""The files at the root of a site that pages link to: the ledger, all measures, the locked environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from peelbook import paths
from peelbook.catalogue import Catalogue
from peelbook.files import sha256
from peelbook.site import downloads
from peelbook.site.marks import Marks, data_digest
from peelbook.site.memory import seldom_collected
from peelbook.site.publish import put_file

SITE_FILES = frozenset({downloads.ALL_MEASURES, "claims.csv", "claims.json", "requirements.txt"})


def site_files(catalogue: Catalogue) -> dict[str, bytes]:
    """Make the files: name → content."""
    from peelbook import claims

    found: dict[str, bytes] = {downloads.ALL_MEASURES: downloads.measures_zip(catalogue)}
    found |= {name: text.encode() for name, text in claims.files(catalogue).items()}
    lock = paths.project_root() / "requirements.txt"
    if lock.exists():
        found[lock.name] = lock.read_bytes()
    return found


def ready(folder: Path, catalogue: Catalogue, made_of: Marks) -> bool:
    """Whether the files are in a folder already, made of these data by this code."""
    lock = paths.project_root() / "requirements.txt"
    key = data_digest(catalogue) + (sha256(lock) if lock.exists() else "")
    return made_of.same("site files", key) and all((folder / name).exists() for name in SITE_FILES)


def put_site_files(folder: Path, catalogue: Catalogue) -> None:
    """Write the files to a folder."""
    for name, content in site_files(catalogue).items():
        put_file(folder / name, content)


def work(folder: Path, catalogue: Catalogue) -> dict[str, str | None]:
    """What `main` is told on its standard input."""
    return {
        "folder": str(folder),
        "data": str(catalogue.data_dir),
        "overlay": str(catalogue.overlay) if catalogue.overlay else None,
    }


def main() -> None:
    """Write the files for the catalogue and into the folder named on standard input."""
    told = json.load(sys.stdin)
    with seldom_collected():
        put_site_files(Path(told["folder"]), Catalogue(told["data"], overlay=told["overlay"]))


if __name__ == "__main__":
    main()
