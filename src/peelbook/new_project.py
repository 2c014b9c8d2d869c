"""Write a project of an analyst's own: notebooks, pages, tables and configuration to change and to build."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from peelbook import __version__, paths
from peelbook.errors import OutputError
from peelbook.util import output

README = """\
# {name}

A book of police inspections in England and Wales, written by peelbook {version}. All of it is yours to change.

```sh
peelbook build --force kent                        # run the notebooks for a force and build its book, in _site
pytest --nbval notebooks book/all_forces.ipynb     # run every notebook again and compare it with its outputs
```

The first needs peelbook {version}, the second `pip install nbval` too. A command acts on this project when it is called
in this folder or below it, and says so.

| folder | holds |
| --- | --- |
| `notebooks/` | the ten sections, run for the Metropolitan Police |
| `book/` | the other pages |
| `data/` | the tables, one CSV file a publication, described in `datapackage.json` |
| `_config.yml`, `_toc.yml` | title, settings and reading order, as Jupyter Book knows them |
| `requirements.txt` | every package and version that the book was made with |

After you change a notebook: `peelbook run --force metropolitan --in-place` runs it and keeps its outputs. A newer
official file: `peelbook data ingest FILE`, then `peelbook data verify`. Figures of your own, which stay out of this
folder: `peelbook data template --force kent`, then `peelbook build --force kent --data FOLDER`.

Code and notebooks: MIT licence, © the peelbook contributors. Tables: Crown copyright or ONS, Open Government Licence v3.0;
each names its source in `data/datapackage.json`.
"""

GITIGNORE = """\
_build/
_site/
.peelbook/
.ipynb_checkpoints/
__pycache__/
"""


def create(folder: Path | str) -> tuple[Path, int]:
    """Write a project into a folder that is new or empty; return the folder and the number of files.

    The files are those of the project that peelbook is installed with. Raises `OutputError` for a folder that holds
    anything, lies inside a project or is not to be written to, and `OSError` (disk full); nothing is left then.
    """
    target = _new_or_empty(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        count = _fill(part, target.name)
        _put_in_place(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target, count


def _new_or_empty(folder: Path | str) -> Path:
    target = output.own_folder(folder)
    if target.is_dir() and (held := sorted(path.name for path in target.iterdir())):
        raise OutputError(f"{folder}: is not empty (it holds {held[0]}). Fix: name a new or empty folder.")
    outer = paths.enclosing_project(target)
    if outer is not None:
        raise OutputError(
            f"{folder}: lies inside the project {outer}. Fix: name a folder outside it, such as ../{target.name}."
        )
    return target


def _fill(folder: Path, name: str) -> int:
    """Write the files of a project; return how many."""
    count = 0
    for path, source in paths.project_files(paths.installed_project()):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / path)
        count += 1
    for path, text in (("README.md", README), (".gitignore", GITIGNORE)):
        (folder / path).write_text(
            text.replace("{name}", name).replace("{version}", __version__), encoding="utf-8"
        )
        count += 1
    return count


def _put_in_place(part: Path, target: Path) -> None:
    """Move a filled folder to its place: whole where there is nothing, file by file into an empty folder.

    An empty folder stays the one it is, because it may be the current folder of a shell.
    """
    if not target.exists():
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o777 & ~umask)  # mkdtemp makes private folders
        part.rename(target)
        return
    moved: list[Path] = []
    try:
        for child in sorted(part.iterdir()):
            moved.append(child.rename(target / child.name))
    except BaseException:
        for child in moved:
            shutil.rmtree(child) if child.is_dir() else child.unlink()
        raise
