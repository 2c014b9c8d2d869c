"""Writes docs/reference.md out of the code: commands, options, settings, tables, charts, errors.

Run it after changing any of these: `python tests/project/project_reference.py`. A test fails until then.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "peelbook"
PAGE = ROOT / "docs" / "reference.md"

#: Environment variables that the code reads, and what each does.
SETTINGS = {
    "PEELBOOK_BASE_URL": "Address the built site will stand at; links that must be absolute use it.",
    "PEELBOOK_CACHE": "Folder for executed notebooks and logs, instead of `.peelbook` in the project.",
    "PEELBOOK_CHROMIUM": "The Chromium that prints PDF files, where it is not on the path.",
    "PEELBOOK_CYCLE": "Inspection cycle, such as 2025-27, whose order and names the sections of a site have.",
    "PEELBOOK_DATA": "Folder of the tables, instead of `data` in the project.",
    "PEELBOOK_LAUNCH_URL": "Address of a service that opens a notebook; pages then carry a link to it.",
    "PEELBOOK_MIRROR": "Base address that answers for every publisher when `peelbook data update` looks for releases.",
    "PEELBOOK_OVERLAY": "Folder of the user's own tables. The runner sets it for its kernels.",
    "PEELBOOK_SITE_DATA": "Folder in which builds of the same data share the pages and files of all measures.",
    "PEELBOOK_SUPPRESS_BELOW": "Counts of supplied data below this number are left out, with what would give them away.",
    "PEELBOOK_ROOT": "The project folder, where it is neither the one that holds the current folder nor the installed one.",
}


def commands() -> Iterator[tuple[str, Any]]:
    """Every command and group by its full name, in alphabetical order."""
    import typer

    from peelbook.cli import app

    def walk(command: Any, name: str) -> Iterator[tuple[str, Any]]:
        yield name, command
        for part, inner in sorted(getattr(command, "commands", {}).items()):
            yield from walk(inner, f"{name} {part}")

    yield from walk(typer.main.get_command(app), "peelbook")


def spellings(parameter: Any) -> str:
    """`--force`, `-f` of an option; the name in capitals of an argument."""
    names = [*parameter.opts, *parameter.secondary_opts]
    if names[0].startswith("-"):
        return ", ".join(f"`{name}`" for name in names)
    return f"`{names[0].upper()}{'…' if parameter.nargs == -1 else ''}`"


@cache
def error_classes() -> dict[str, tuple[Path, str]]:
    """Every error a user can meet: class → (file, docstring). Found in the source, so none is missed."""
    found: dict[str, tuple[Path, str]] = {}
    bases = {"PeelbookError"}
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    classes = [
        (p, node) for p, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    ]
    grown = True
    while grown:
        grown = False
        for path, node in classes:
            if node.name not in found and {getattr(base, "id", "") for base in node.bases} & bases:
                found[node.name] = (path, ast.get_docstring(node) or "")
                bases.add(node.name)
                grown = True
    return dict(sorted(found.items()))


def figure_kinds() -> dict[str, str]:
    """Every chart kind: module name → its first sentence."""
    kinds = {}
    for path in sorted((PACKAGE / "figures").glob("[a-z]*.py")):
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        kinds[path.stem] = first_sentence(doc)
    return kinds


def first_sentence(text: str) -> str:
    """The first paragraph of a docstring on one line."""
    return " ".join(text.split("\n\n")[0].split())


def cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return " ".join(text.replace("|", "\\|").split())


def environment_variables() -> set[str]:
    """The project's environment variables that the package mentions."""
    texts = (path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    return {name for text in texts for name in re.findall(r"\bPEELBOOK_[A-Z_]+\b", text)}


def markdown() -> str:
    """The page."""
    from peelbook import contracts

    lines = [
        "# Reference",
        "",
        "Written from the code by `python tests/project/project_reference.py`; a test fails when it is out of date. "
        "The measures have their own page in the book, [Measures](../book/measures.md), made from their registry.",
        "",
        "## Commands",
    ]
    for name, command in commands():
        lines += ["", f"### {name}", "", " ".join((command.help or "").split())]
        shown = [item for item in command.params if not item.hidden]
        if shown:
            lines += ["", "| option | meaning |", "| --- | --- |"]
            lines += [f"| {spellings(item)} | {cell(item.help or '')} |" for item in shown]
    lines += ["", "## Settings", "", "Environment variables. None is needed.", ""]
    lines += ["| variable | meaning |", "| --- | --- |"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in sorted(SETTINGS.items())]
    lines += ["", "## Tables", "", "The columns of each stand in `src/peelbook/contracts/<table>.json`.", ""]
    lines += ["| table | holds |", "| --- | --- |"]
    lines += [f"| `{name}` | {cell(contracts.load(name)['description'])} |" for name in contracts.tables()]
    lines += ["", "## Chart kinds", "", "One module each in `src/peelbook/figures/`.", ""]
    lines += ["| kind | shows |", "| --- | --- |"]
    lines += [f"| `{name}` | {cell(text)} |" for name, text in figure_kinds().items()]
    lines += ["", "## Errors", "", "Each is one message that names the place and the fix.", ""]
    lines += ["| error | meaning |", "| --- | --- |"]
    lines += [f"| `{name}` | {cell(first_sentence(doc))} |" for name, (_, doc) in error_classes().items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(markdown(), encoding="utf-8")
