"""The staged form of an executed notebook, and the parser that reads it.

The committed book hands its ten notebooks to MyST-NB. Four hundred and thirty of them cost more there than
all the rest of the build: every value of every output is validated, copied and written out again, for
nothing. A staged page holds the same cells in the fewest words and becomes the same document; a test holds
the two ways to one result.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from peelbook.figures._chart import MIME
from peelbook.site import notebook
from peelbook.site.card import Figure

SUFFIX = ".cells"
FIGURE, HTML, STREAM, TEXT = "figure", "html", "stream", "text"

_CELLS = "peelbook_cells"


def stage(source: dict[str, Any]) -> bytes | None:
    """The staged form of an executed notebook, or `None` where it has an output this form does not know.

    Raises `ValueError` or `KeyError` for a figure of another version.
    """
    figures = iter(notebook.figures(source))
    cells: list[dict[str, Any]] = []
    for cell in source["cells"]:
        text = _text(cell["source"])
        if cell["cell_type"] == "markdown":
            cells.append({"markdown": text})
        elif cell["cell_type"] == "code":
            outputs: list[list[str]] = []
            for output in cell["outputs"]:
                if (known := _output(output, figures)) is None:
                    return None
                if known[0] == STREAM and outputs and outputs[-1][0] == STREAM:
                    outputs[-1][1] += known[1]
                else:
                    outputs.append(known)
            tags = cell.get("metadata", {}).get("tags", [])
            cells.append({"code": text, "tags": tags, "outputs": outputs})
    return json.dumps(cells, ensure_ascii=False, separators=(",", ":")).encode()


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _output(output: dict[str, Any], figures: Any) -> list[str] | None:
    kind = output["output_type"]
    if kind == "stream" and output["name"] == "stdout":
        return [STREAM, _text(output["text"])]
    if kind not in ("display_data", "execute_result"):
        return None
    data = output["data"]
    if MIME in data:
        return [FIGURE, notebook.packed(next(figures))]
    if "text/html" in data:
        return [HTML, _text(data["text/html"])]
    if set(data) == {"text/plain"}:
        return [TEXT, _text(data["text/plain"])]
    return None


def figures(path: Path) -> list[Figure]:
    """The charts of a staged page, in order."""
    return [notebook.unpacked(text) for kind, text in _outputs(path) if kind == FIGURE]


def headlines(path: Path, most: int = 3) -> str:
    """The first headline figures of a staged page as HTML; or empty."""
    for kind, text in _outputs(path):
        if kind == HTML and (found := notebook.headlines(text, most)):
            return found
    return ""


def _outputs(path: Path) -> list[list[str]]:
    if path.suffix != SUFFIX:
        return []
    return [output for cell in json.loads(path.read_bytes()) for output in cell.get("outputs", [])]


class FigureCard(nodes.General, nodes.Element):
    """A figure in a page: holds all the card needs until Sphinx writes the page."""


class CellsParser(MystParser):
    """Reads a staged page: its Markdown as MyST, its code cells through a directive."""

    supported = ("peelbook-cells",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Fill the document."""
        cells = json.loads(inputstring)
        document.settings.env.temp_data[_CELLS] = cells
        parts = [
            cell.get("markdown", f"```{{peelbook-cell}} {number}\n```") for number, cell in enumerate(cells)
        ]
        super().parse("\n\n".join(parts), document)


class CodeCell(SphinxDirective):
    """One code cell of a staged page: what it made, then its code, folded."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the cell as MyST-NB would, after the transforms that fold its code."""
        cell = self.env.temp_data[_CELLS][int(self.arguments[0])]
        tags = {tag.replace("_", "-") for tag in cell["tags"]}
        shown = "remove-cell" not in tags
        classes = ["cell", *(f"tag_{tag.replace(' ', '_')}" for tag in cell["tags"])]
        box = nodes.container(nb_element="cell_code", classes=classes)
        if cell["outputs"] and shown and "remove-output" not in tags:
            made = nodes.container(nb_element="cell_code_output", classes=["cell_output"])
            made.extend(self._output(kind, text) for kind, text in cell["outputs"])
            box.append(made)
        if cell["code"].strip() and shown and "remove-input" not in tags:
            code = nodes.container(nb_element="cell_code_source", classes=["cell_input"])
            code.append(nodes.literal_block(cell["code"], cell["code"], language="ipython3"))
            folded = HideCodeCellNode(prompt_show="Code", prompt_hide="Code")
            folded["classes"].append("above-input")
            folded.append(code)
            box.append(folded)
        return [box] if box.children else []

    def _output(self, kind: str, text: str) -> nodes.Node:
        if kind == FIGURE:
            return figure_card(self.env, notebook.unpacked(text), text)
        if kind == HTML:
            return nodes.raw(text=text, format="html", classes=["output", "text_html"])
        style = "stream" if kind == STREAM else "text_plain"
        return nodes.literal_block(text, text, language="myst-ansi", classes=["output", style])


def figure_card(env: Any, figure: Figure, text: str) -> FigureCard:
    """A figure's place in the page being read; notes its downloads, and whether it is the page's first."""
    known = page_figures(env).setdefault(env.docname, {})
    first = not known
    known[figure.id] = figure.digest
    return FigureCard(packed=text, first=first)


def page_figures(env: Any) -> dict[str, dict[str, str]]:
    """Figures by page: id → digest. Kept in the environment so that old downloads can be removed."""
    if not hasattr(env, "peelbook_figures"):
        env.peelbook_figures = {}
    return env.peelbook_figures


def setup(app: Sphinx) -> None:
    """Register the staged form with Sphinx."""
    app.add_source_suffix(SUFFIX, "peelbook-cells")
    app.add_source_parser(CellsParser)
    app.add_directive("peelbook-cell", CodeCell)
