"""What a site says of the data as a whole: the files at its root, and the text of pages that are computed.

The files are the ledger, all measures and the locked environment. They and the pages need the same figures, and
none of a force's notebooks: one process makes them while another stages the forces.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peelbook import paths
from peelbook.catalogue import Catalogue
from peelbook.site import downloads, generated, ledger_pages, workers
from peelbook.site.edition import LEDGER_FOLDER, MEASURES_FOLDER, PROFILES
from peelbook.site.garbage_collection import relaxed_gc
from peelbook.site.manifest import code_digest, data_digest
from peelbook.site.publish import put_file
from peelbook.util.files import sha256

_MODULE = "peelbook.site.site_data"  # this one, whose name is another where it is run as a command

LEDGER_FILE = re.compile(rf"{LEDGER_FOLDER}/[a-z0-9-]+\.(?:json|csv)")
"""The files of one report's ledger."""

PEER_FORCES = "neighbours-and-similar-forces.csv"
"""The file of every force with its neighbours and its similar forces."""

SITE_FILES = frozenset({downloads.ALL_MEASURES, "claims.csv", "claims.json", PEER_FORCES, "requirements.txt"})


def site_files(catalogue: Catalogue) -> dict[str, bytes]:
    """Make the files: name → content."""
    return {downloads.ALL_MEASURES: downloads.measures_zip(catalogue)} | _ledger_files(catalogue)


def _ledger_files(catalogue: Catalogue) -> dict[str, bytes]:
    """The files of the ledger, the pairs of forces, and the locked environment."""
    from peelbook import areas, claims
    from peelbook.util.spreadsheets import to_csv

    found = {name: text.encode() for name, text in claims.files(catalogue).items()}
    found[PEER_FORCES] = to_csv(areas.pairs(catalogue)).encode()
    lock = paths.project_root() / "requirements.txt"
    if lock.exists():
        found[lock.name] = lock.read_bytes()
    return found


def inputs(catalogue: Catalogue) -> str:
    """What the files and texts are made of beside the code, as hashes: tables, locked environment, address and date."""
    return "\n".join([_tables(catalogue), *_settings()])


def _tables(catalogue: Catalogue) -> str:
    lock = paths.project_root() / "requirements.txt"
    return data_digest(catalogue) + (sha256(lock) if lock.exists() else "")


def _settings() -> list[str]:
    return [os.environ.get(name, "") for name in ("PEELBOOK_BASE_URL", "SOURCE_DATE_EPOCH")]


def put_texts(folder: Path, catalogue: Catalogue) -> None:
    """Write what each marker of a page stands for to a folder."""
    for name in generated.PAGES:
        put_file(folder / f"{name}.md", generated.content(name, catalogue))
    ledger_pages.put_pages(folder / LEDGER_FOLDER, catalogue)


def put_site_files(folder: Path, catalogue: Catalogue) -> None:
    """Write the files to a folder."""
    if _copied(_kept(catalogue, "site files"), files=folder):
        return
    for name, content in site_files(catalogue).items():
        put_file(folder / name, content)
    _keep_site_files(folder, catalogue)


def _keep_site_files(folder: Path, catalogue: Catalogue) -> None:
    names = (*SITE_FILES, LEDGER_FOLDER)
    _keep(_kept(catalogue, "site files"), {f"files/{name}": folder / name for name in names})


def work(folder: Path, texts: Path, catalogue: Catalogue, jobs: int = 1) -> dict[str, Any]:
    """The job description that `make` reads on standard input; with more than one job it starts a process to share the work."""
    return {
        "folder": str(folder),
        "texts": str(texts),
        "data": str(catalogue.data_dir),
        "overlay": str(catalogue.overlay) if catalogue.overlay else None,
        "jobs": jobs,
    }


def make(job: Mapping[str, Any]) -> None:
    """Write texts and files for the catalogue of a job description; say when the texts are there."""
    catalogue = Catalogue(job["data"], overlay=job["overlay"])
    texts, folder = Path(job["texts"]), Path(job["folder"])
    if job.get("measures"):
        _make_measures(texts, folder, catalogue)
        return
    kept = _kept(catalogue, *_settings())
    if _copied(kept, texts=texts, files=folder):
        print("texts", flush=True)
        return
    from peelbook import profile

    with workers.Workers() as helpers, relaxed_gc():
        helper = helpers.start(_MODULE, {**job, "measures": True}) if job["jobs"] > 1 else None
        put_texts(texts, catalogue)
        put_file(texts / PROFILES, json.dumps(profile.profiles(catalogue), ensure_ascii=False))
        if helper is None:
            _make_measures(texts, folder, catalogue)
        else:
            helpers.wait_for(helper, "texts")
            print("texts", flush=True)
        for name, content in _ledger_files(catalogue).items():
            put_file(folder / name, content)
        helpers.join()
    _keep(kept, {"texts": texts, "files": folder})
    _keep_site_files(folder, catalogue)


def _make_measures(texts: Path, folder: Path, catalogue: Catalogue) -> None:
    """Write the measures' pages, say that the texts are there, then write the table of all measures."""
    from peelbook import national
    from peelbook.site import measure_pages

    with relaxed_gc():
        frame = national.all_measures(catalogue)
        measure_pages.put_pages(texts / MEASURES_FOLDER, folder / MEASURES_FOLDER, catalogue, frame)
        print("texts", flush=True)
        put_file(folder / downloads.ALL_MEASURES, downloads.measures_zip(catalogue, frame))


def _kept(catalogue: Catalogue, *settings: str) -> Path | None:
    """Where builds of the same data by the same code share what they make here; `None` without `PEELBOOK_SITE_DATA`.

    Set it to a folder where many sites are built of the same tables: the measures' pages take longest.
    """
    shared = os.environ.get("PEELBOOK_SITE_DATA")
    if not shared:
        return None
    parts = [code_digest(), _tables(catalogue), *settings]
    return Path(shared) / hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


def _copied(kept: Path | None, **targets: Path) -> bool:
    """Copy what other builds have made, folder by folder; false where there is nothing."""
    if kept is None or not kept.is_dir():
        return False
    for name, target in targets.items():
        shutil.copytree(kept / name, target, dirs_exist_ok=True)
    return True


def _keep(kept: Path | None, made: Mapping[str, Path]) -> None:
    """Copy files and folders to where other builds look; the first of several that make the same wins."""
    if kept is None:
        return
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=_made(kept.parent)))
    for name, source in made.items():
        if source.is_dir():
            shutil.copytree(source, part / name)
        elif source.exists():
            shutil.copy(source, _made((part / name).parent))
    try:
        part.rename(kept)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    workers.work(make)
