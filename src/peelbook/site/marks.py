"""Remember what each file of the work folder was made of, so that what is unchanged is not even read.

Marks are hashes of the input and of the code, never times. A lost or spoilt mark only costs work.
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


class Marks:
    """The marks of one folder, kept in a file beside it."""

    def __init__(self, path: Path):
        self.path = path
        self.now: dict[str, str] = {}
        try:
            self.before = dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            self.before = {}

    def same(self, name: str, key: str) -> bool:
        """Whether a file was made of this input by this code. Remembers it for the next time.

        Where it was not, the caller makes it anew, and until `save` no record vouches for what is there: a build
        that is killed meanwhile must not pass for the one before it.
        """
        self.now[name] = sha256(f"{code_digest()} {key}".encode())
        if self.before.get(name) == self.now[name]:
            return True
        self.path.unlink(missing_ok=True)
        return False

    def save(self) -> None:
        """Write the marks; call it only once every file is written."""
        put_file(self.path, json.dumps(self.now, indent=0))
