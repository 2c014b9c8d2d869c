"""Read what the site needs out of executed notebooks, and make the small copy that readers download."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from peelbook import blocks
from peelbook.figures._chart import MIME
from peelbook.site.card import Figure


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def outputs(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The outputs of an executed notebook that hold data for the site, in order."""
    for cell in notebook.get("cells", []):
        for output in cell.get("outputs", []):
            if "data" in output and not is_around_chart(output):
                yield output


def is_around_chart(output: dict[str, Any]) -> bool:
    """Whether an output is a chart's title, notes or sources for notebook front ends; the card has them."""
    return MIME not in output.get("data", {}) and "around" in output.get("metadata", {}).get("peelbook", {})


def packed(figure: Figure) -> str:
    """A figure as one string."""
    png = base64.b64encode(figure.png).decode()
    return json.dumps([figure.payload, figure.svg, png], ensure_ascii=False, separators=(",", ":"))


def unpacked(text: str) -> Figure:
    """A figure back from one string. Raises `ValueError` or `TypeError` where it is none."""
    payload, svg, png = json.loads(text)
    return Figure(payload, svg, base64.b64decode(png))


def figures(notebook: dict[str, Any]) -> list[Figure]:
    """The charts of an executed notebook, in order."""
    found = []
    for output in outputs(notebook):
        data = output["data"]
        if MIME in data:
            svg = _text(output["metadata"]["peelbook"]["svg"])
            found.append(Figure(data[MIME], svg, base64.b64decode(_text(data["image/png"]))))
    return found


def slim(notebook: dict[str, Any]) -> bytes:
    """A notebook without outputs and run marks: a few kilobytes that run again anywhere. It is not indented: no
    editor of notebooks needs that, and it would be a fifth of the file."""
    cells = [
        {**cell, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else cell
        for cell in notebook["cells"]
    ]
    return (
        json.dumps({**notebook, "cells": cells}, ensure_ascii=False, separators=(",", ":")) + "\n"
    ).encode()


def retitled(notebook: dict[str, Any], title: str) -> dict[str, Any]:
    """A notebook under another title: its first heading is the page's."""
    for cell in notebook["cells"]:
        heading, *rest = _text(cell["source"]).split("\n")
        if cell["cell_type"] == "markdown" and heading.startswith("# "):
            cell["source"] = "\n".join([f"# {title}", *rest])
            break
    return notebook


def failed(title: str, facts: list[tuple[str, str]]) -> dict[str, Any]:
    """A notebook that says its page failed to build, so that the site shows it, not a stale page or a hole."""
    block = blocks.failure(
        "This page failed to build.",
        ["The other pages are not affected. The run that made this site reported:"],
        [(name, text) for name, text in facts if text],
    )
    cells = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": f"# {title}"},
        {
            "cell_type": "code",
            "id": "failure",
            "metadata": {"tags": ["remove-input"]},
            "execution_count": 1,
            "source": "# This notebook failed to run.",  # a cell without source is dropped, output and all
            "outputs": [{"output_type": "display_data", "data": block.bundle, "metadata": {}}],
        },
    ]
    return {
        "cells": cells,
        "metadata": {"language_info": {"name": "python", "pygments_lexer": "ipython3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
