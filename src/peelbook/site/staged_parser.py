"""Reads a staged page into the document that MyST-NB would make of its notebook.

See `peelbook.site.staged_page` for why. This half needs Sphinx; that half does not, and so costs the processes that
make workbooks no import of it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from myst_parser.mdit_to_docutils import base
from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from peelbook import blocks
from peelbook.site import notebook
from peelbook.site.card import SHARED, Figure
from peelbook.site.edition import Edition
from peelbook.site.staged_page import BLOCK, FIGURE, HTML, OWN_HTML, STREAM, SUFFIX
from peelbook.util.files import sha256

_CELLS, _FORCE = "peelbook_cells", "peelbook_force"

SHOWN = "tag_show-input"
"""The class of a cell whose code opens a question: it stands before what it made, and is not folded."""


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
        with _no_spare_document():
            super().parse("\n\n".join(parts), document)


@contextlib.contextmanager
def _no_spare_document() -> Iterator[None]:
    """Skip the unused document that MyST builds for every page: a fifteenth of the time of reading it."""
    make = base.make_document

    def spare(*_: Any, **__: Any) -> Any:
        base.make_document = make  # the next call (a piece of reStructuredText) needs a real document
        return None

    base.make_document = spare
    try:
        yield
    finally:
        base.make_document = make


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
        if cell["code"].strip() and shown and "remove-input" not in tags:
            code = nodes.container(nb_element="cell_code_source", classes=["cell_input"])
            code.append(nodes.literal_block(cell["code"], cell["code"], language="python"))
            if SHOWN in classes:
                box.append(code)
            else:
                folded = HideCodeCellNode(prompt_show="Code", prompt_hide="Code")
                folded["classes"].append("above-input")
                folded.append(code)
                box.append(folded)
        if cell["outputs"] and shown and "remove-output" not in tags:
            made = nodes.container(nb_element="cell_code_output", classes=["cell_output"])
            made.extend(self._output(kind, text) for kind, text in cell["outputs"])
            box.append(made)
        return [box] if box.children else []

    def _output(self, kind: str, text: str) -> nodes.Node:
        if kind == FIGURE:
            return figure_card(self.env, notebook.unpacked(text), text)
        if kind == BLOCK:
            return block_node(self.env, json.loads(text))
        if kind == OWN_HTML:
            return nodes.raw(text=text, format="html", block=OWN_HTML)
        if kind == HTML:
            return nodes.raw(text=text, format="html", classes=["output", "text_html"])
        style = "stream" if kind == STREAM else "text_plain"
        return nodes.literal_block(text, text, language="myst-ansi", classes=["output", style])


def figure_card(env: Any, figure: Figure, text: str) -> FigureCard:
    """A figure's place in the page being read; notes its downloads, and its number among them."""
    known = page_figures(env).setdefault(env.docname, {})
    number = len(known) + (figure.id not in known)
    known[figure.id] = sha256(text.encode()), figure.data_file(SHARED)
    return FigureCard(packed=text, number=number)


def block_node(env: Any, payload: dict[str, Any]) -> nodes.Node:
    """A block's place in the page being read: its HTML, and what it says where it stands in place of something."""
    text = blocks.render(payload, own=_force_of_page(env))
    return nodes.raw(
        text=text,
        format="html",
        classes=["output", "block"],
        block=payload["kind"],
        reasons=blocks.reasons(payload),
    )


def _force_of_page(env: Any) -> str:
    """The short name of the force that the page being read is about; empty where it is about none."""
    if _FORCE not in env.temp_data:
        force = Edition.from_config(env.config.peelbook_edition).place(env.docname).force
        env.temp_data[_FORCE] = force.short_name if force else ""
    return str(env.temp_data[_FORCE])


def page_figures(env: Any) -> dict[str, dict[str, tuple[str, str]]]:
    """Figures by page: id → digest, and where the data lie on a force's page. Kept in the environment so that old downloads can be removed."""
    if not hasattr(env, "peelbook_figures"):
        env.peelbook_figures = {}
    return env.peelbook_figures


def setup(app: Sphinx) -> None:
    """Register the staged form with Sphinx."""
    app.add_source_suffix(SUFFIX, "peelbook-cells")
    app.add_source_parser(CellsParser)
    app.add_directive("peelbook-cell", CodeCell)
