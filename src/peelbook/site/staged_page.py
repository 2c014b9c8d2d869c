"""The staged form of an executed notebook: its cells in the fewest words.

MyST-NB reads the committed book's ten notebooks. For 430 of them it would cost more than all the rest of
the build: every value of every output is validated, copied and written out again. `peelbook.site.staged_parser`
reads this form into the same document, and a test holds the two ways to one result.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peelbook import blocks
from peelbook.figures._chart import MIME
from peelbook.site import notebook
from peelbook.site.card import Figure

SUFFIX = ".cells"
FIGURE, BLOCK, HTML, STREAM, TEXT = "figure", "block", "html", "stream", "text"
OWN_HTML = "own html"
"""HTML of this package, on a page that is made of data: as it is. `HTML` is what a library shows in a notebook."""


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
                if notebook.is_around_chart(output):
                    continue
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


def _output(output: dict[str, Any], figures: Iterator[Figure]) -> list[str] | None:
    kind = output["output_type"]
    if kind == "stream" and output["name"] == "stdout":
        return [STREAM, _text(output["text"])]
    if kind not in ("display_data", "execute_result"):
        return None
    data = output["data"]
    if MIME in data:
        return [FIGURE, notebook.packed(next(figures))]
    if blocks.MIME in data:
        return [BLOCK, json.dumps(data[blocks.MIME], ensure_ascii=False, separators=(",", ":"))]
    if "text/html" in data:
        return [HTML, _text(data["text/html"])]
    if set(data) == {"text/plain"}:
        return [TEXT, _text(data["text/plain"])]
    return None


def figures(path: Path) -> list[Figure]:
    """The charts of a staged page, in order."""
    if path.suffix != SUFFIX:
        return notebook.figures(json.loads(path.read_bytes()))
    return [notebook.unpacked(text) for kind, text in _outputs(path) if kind == FIGURE]


def settings(path: Path) -> dict[str, Any]:
    """The parameters that the notebook of a staged page ran with: those of a run come after its own."""
    page = json.loads(path.read_bytes())
    if path.suffix == SUFFIX:
        tagged = [(cell["tags"], cell["code"]) for cell in page if "code" in cell]
    else:
        found = [cell for cell in page["cells"] if cell["cell_type"] == "code"]
        tagged = [(cell["metadata"].get("tags", []), _text(cell["source"])) for cell in found]
    values: dict[str, Any] = {}
    for tags, code in tagged:
        if not {"parameters", "injected-parameters"}.isdisjoint(tags):
            for step in ast.parse(code).body:
                if isinstance(step, ast.Assign) and isinstance(step.value, ast.Constant):
                    values |= {
                        name.id: step.value.value for name in step.targets if isinstance(name, ast.Name)
                    }
    return values


def _outputs(path: Path) -> Iterator[list[str]]:
    page = json.loads(path.read_bytes())
    if path.suffix != SUFFIX:  # it has an output that the staged form does not know, beside ones it does
        for output in notebook.outputs(page):
            if MIME not in output["data"] and (known := _output(output, iter(()))) is not None:
                yield known
        return
    for cell in page:
        yield from cell.get("outputs", [])
