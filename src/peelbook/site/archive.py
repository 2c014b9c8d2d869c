"""Freeze an edition: site, data, verdicts, lock and the sources that made them, in one archive with checksums.

The archive holds what it takes to make it again: unpack it, run the same command in its `source` folder, and
the new archive has the same bytes. So a citation of an edition can be checked without this project's servers.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peelbook
from peelbook import paths
from peelbook.errors import PeelbookError
from peelbook.util.files import sha256, write_atomic

RECORD = "EDITION.json"
"""In the `source` folder of an archive: what git would say of it, for there is no git in an archive."""

CHECKSUMS = "SHA256SUMS"

_ENVIRONMENT = ("SOURCE_DATE_EPOCH", "PEELBOOK_BASE_URL", "PEELBOOK_LAUNCH_URL", "PEELBOOK_CYCLE")
"""Settings that change the bytes of a site, and so belong to an edition."""

README = """\
{name}: a frozen edition of the reproducible book of PEEL police inspections

Independent analysis of open data. Not a publication of HMICFRS, the Home Office or any police force.
Contains public sector information licensed under the Open Government Licence v3.0. Code: MIT licence.

site/          the whole book; open site/index.html
source/        all that made it: code, notebooks, the data package (source/data), the lock (requirements.txt)
source/data/claims.csv, site/claims.json   the printed numbers, and the verdict on each
SHA256SUMS     the fingerprint of every file; check with: sha256sum -c SHA256SUMS

To make this archive again, with the same files (the search index, site/pagefind, is written
in another order each time): cd source, then run

    {command}

How to cite it: source/CITATION.cff
"""


class EditionError(PeelbookError):
    """An edition cannot be frozen: wrong year, changes that are in no commit, or no list of its sources."""


@dataclass(frozen=True)
class Source:
    """The sources of an edition: their folder, their files in order, and the record that goes with them."""

    root: Path
    files: tuple[str, ...]
    record: Mapping[str, Any]

    @classmethod
    def read(cls, root: Path | None = None) -> Source:
        """Return the sources of the project: of a checkout without changes, or of an unpacked archive.

        Raises `EditionError`.
        """
        root = Path(root or paths.project_root())
        record = cls.read_record(root)
        if "files" in record:
            return cls(root, tuple(record.pop("files")), record)
        listed = _git(root, "ls-files", "-z").split("\0")
        files = sorted(name for name in listed if name and (root / name).is_file())
        if changes := _git(root, "status", "--porcelain").strip():
            raise EditionError(
                f"{root}: {len(changes.splitlines())} changes are in no commit (first: {changes.splitlines()[0].strip()}). "
                "Fix: commit or undo them, so that the edition can name what it was made of."
            )
        environment = {name: os.environ[name] for name in _ENVIRONMENT if os.environ.get(name)}
        return cls(root, tuple(files), {**record, **environment})

    @staticmethod
    def read_record(root: Path) -> dict[str, Any]:
        """Return what an unpacked edition says of itself, or a checkout's commit and its time in seconds.

        Raises `EditionError`.
        """
        if root == paths.EMBEDDED:
            raise EditionError(  # git would speak of the repository that the environment happens to lie in
                f"{root}: the project of an installation is no git checkout. Fix: freeze an edition from a checkout."
            )
        if (root / RECORD).exists():
            return dict(json.loads((root / RECORD).read_text(encoding="utf-8")))
        commit, committed = _git(root, "log", "-1", "--format=%H %ct").split()
        return {"commit": commit, "committed": committed}

    def apply(self) -> None:
        """Set the settings that an unpacked edition was made with, in this process and those it starts."""
        for name in _ENVIRONMENT:
            if value := self.record.get(name):
                os.environ[name] = value
            else:
                os.environ.pop(name, None)

    def to_json(self) -> str:
        """The record that goes into the archive."""
        return json.dumps({**self.record, "files": self.files}, indent=1, ensure_ascii=False) + "\n"


def _git(root: Path, *arguments: str) -> str:
    try:
        run = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise EditionError(f"git cannot be run ({error}). Fix: install git.") from error
    if run.returncode != 0:
        raise EditionError(
            f"{root}: neither a git checkout nor an unpacked edition. Fix: freeze an edition from one of these."
        )
    return run.stdout


def name_of(year: int) -> str:
    """Return the name of this version's edition. Raises `EditionError` where it is of another year."""
    version = peelbook.__version__
    if version.split(".")[0] != str(year):
        raise EditionError(
            f"This is version {version}, not one of {year}. Fix: check out the tag of an edition of {year} "
            f"(`git tag --list 'v{year}.*'`), or freeze the edition of {version.split('.')[0]}."
        )
    return f"peelbook-{version}"


def freeze(
    year: int,
    out: Path | str,
    build_site: Callable[[], Path],
    *,
    root: Path | None = None,
    period: str = "",
) -> Path:
    """Write the archive of this year's edition into the folder `out` and return its path.

    `build_site` makes the site and returns its folder; it runs under the settings of the edition. Beside the
    archive goes its own checksum. `period` is the last day of the year that the site is about, where it is about one:
    the archive has it in its name, and says how it is made again. Raises `EditionError`, and whatever `build_site` raises; nothing is written
    before all is there.
    """
    name = name_of(year) + (f"-{period}" if period else "")
    command = f"make edition YEAR={year}" + (f" PERIOD={period}" if period else "")
    source = Source.read(root)
    source.apply()
    site = Path(build_site())
    files: dict[str, Path | bytes] = {f"source/{item}": source.root / item for item in source.files}
    files[f"source/{RECORD}"] = source.to_json().encode()
    for path in site.rglob("*"):
        if path.is_file():
            files[f"site/{path.relative_to(site).as_posix()}"] = path
    files["README.txt"] = README.format(name=name, command=command).encode()
    sums = "".join(f"{sha256(files[item])}  {item}\n" for item in sorted(files))
    files[CHECKSUMS] = sums.encode()
    target = Path(out) / f"{name}.tar.gz"
    content = _tar(name, files)
    write_atomic(target, content)
    write_atomic(target.with_name(f"{target.name}.sha256"), f"{sha256(content)}  {target.name}\n")
    return target


def _tar(folder: str, files: Mapping[str, Path | bytes]) -> bytes:
    """A tar of these files that names neither the time nor the person who made it."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6, mtime=0, filename="") as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(files):
            item = files[name]
            info = tarfile.TarInfo(f"{folder}/{name}")
            content = item if isinstance(item, bytes) else item.read_bytes()
            runs = isinstance(item, Path) and os.access(item, os.X_OK)
            info.size, info.mode = len(content), 0o755 if runs else 0o644
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
