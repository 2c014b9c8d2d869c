"""A manifest of the inputs of each file in the work folder, so that outputs of unchanged inputs are not made again.

It holds hashes of the input and of the code, never times. A lost or damaged manifest only costs work.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from peelbook.catalogue import Catalogue
from peelbook.paths import PACKAGE
from peelbook.site.publish import put_file
from peelbook.util.files import files_below, sha256

HERE = Path(__file__).resolve().parent

MADE_OF = "made-of"
"""The folder of all manifests, in the work folder."""


def code_digest() -> str:
    """A hash of this package's whole source, templates and tables of facts included."""
    return _source_digest(PACKAGE)


def package_digest() -> str:
    """A hash of the site's own source: a changed template or style rebuilds every page."""
    return _source_digest(HERE)


@cache
def _source_digest(folder: Path) -> str:
    made = {"__pycache__", "_project"}
    names = [name for name in files_below(folder) if made.isdisjoint(name.split("/"))]
    return sha256("".join(f"{name} {sha256(folder / name)}\n" for name in names).encode())


def data_digest(catalogue: Catalogue) -> str:
    """A hash of every table a page may be made of, the user's own among them."""
    folders = [Path(folder) for folder in (catalogue.data_dir, catalogue.overlay) if folder]
    files = [path for folder in folders for path in sorted(folder.glob("*")) if path.is_file()]
    return sha256("".join(f"{path.name} {sha256(path)}\n" for path in files).encode())


class InputManifest:
    """The inputs of the files of one folder, by name; saved as JSON."""

    def __init__(self, path: Path):
        self.path = path
        self._now: dict[str, tuple[str, tuple[Path, ...]]] = {}
        try:
            self.before = dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            self.before = {}

    @classmethod
    def of(cls, folder: Path, part: str = "") -> InputManifest:
        """The manifest of a folder, or of a part of it that another process makes, in the folder `made-of` next to it."""
        return cls(folder.with_name(MADE_OF) / f"{folder.name}{part and '-'}{part}.json")

    def unchanged(self, name: str, key: str, *folders: Path) -> bool:
        """Whether an output was made from this input by this code, and all files of its folders are still there.

        Where it was not, the caller makes it again, and the record is removed until `save`: an interrupted build must
        not look complete.
        """
        self._now[name] = (sha256(f"{code_digest()} {key}".encode()), folders)
        if self.before.get(name) == self._mark(name):
            return True
        self.path.unlink(missing_ok=True)
        return False

    def save(self) -> None:
        """Write the marks; call it only once every file is written."""
        put_file(self.path, json.dumps({name: self._mark(name) for name in self._now}, indent=0))

    def _mark(self, name: str) -> str:
        key, folders = self._now[name]
        return " ".join([key, *(sha256("\n".join(files_below(folder)).encode()) for folder in folders)])
