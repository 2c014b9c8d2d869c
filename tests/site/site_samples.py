"""Hand-made payloads and notebooks for the site's tests."""

from __future__ import annotations

import base64
import json
import struct
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peelbook import blocks
from peelbook.figures._chart import MIME
from peelbook.sections import section

TOC = """
format: jb-book
root: book/intro
parts:
  - caption: Start
    chapters:
      - file: book/how_to_read
  - caption: The Metropolitan Police
    chapters:
      - file: notebooks/police_powers
      - file: notebooks/workforce
  - caption: Check the numbers
    chapters:
      - file: book/coverage
"""

BOOK_PAGES = {
    "intro.md": "# A checked book\n\nStart with [police powers](../notebooks/police_powers.ipynb), or take "
    "[claims.csv](../claims.csv).\n",
    "how_to_read.md": "# How to read this book\n\nTwo kinds of number stand here, and they are never mixed.\n\n"
    "| verdict | meaning |\n| --- | --: |\n| differs | 3 |\n",
    "coverage.md": "# Coverage\n\nWhich force supplied what.\n",
}

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 504 302.4"><title>Chart</title><path d="M0 0h9"/></svg>'


def png(width: int = 720, height: int = 480) -> bytes:
    """A white PNG of this size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"".join(b"\0" + b"\xff" * width for _ in range(height)))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def payload(id: str = "police_powers.rate", **changes: Any) -> dict[str, Any]:
    """A figure payload as a chart emits it."""
    return {
        "id": id,
        "kind": "ski_slope",
        "title": "Searches per 1,000 people",
        "alt": "Columns for two forces. Kent is lower.",
        "basis": "computed",
        "period": "year ending 31 March 2023",
        "notes": ["Vehicle-only searches are left out."],
        "table": {
            "columns": ["Force", "Searches per 1,000"],
            "numeric": [False, True],
            "rows": [["Met", "19.8"], ["Kent", ""]],
        },
        "csv": "force,rate\nMet,19.79337\nKent,\n",
        "sources": [
            {
                "table": "stop_search",
                "title": "Stop and search",
                "publisher": "Home Office",
                "url": "https://www.gov.uk/stop-search",
                "licence": "Open Government Licence v3.0",
                "licence_url": "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
                "kind": "extract",
                "caveat": "Checked against national totals.",
                "period": "year ending 31 March 2023",
                "hash": "0123456789ab",
                "inputs": [["stop_search.csv", "0123456789ab" + "0" * 52]],
            }
        ],
    } | changes


def code_cell(number: int, source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    """An executed code cell."""
    return {
        "cell_type": "code",
        "id": f"cell-{number}",
        "metadata": {},
        "execution_count": number,
        "source": source,
        "outputs": list(outputs),
    }


def chart_output(data: dict[str, Any], svg: str = SVG) -> dict[str, Any]:
    """The output of a cell that shows a chart."""
    return {
        "output_type": "display_data",
        "data": {MIME: data, "text/plain": "chart", "image/png": base64.b64encode(png()).decode()},
        "metadata": {"peelbook": {"svg": svg}, "image/png": {"alt": data["alt"]}},
    }


def shown_chart(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The outputs of a cell that shows a chart in a notebook: its title, the chart, its sources and notes."""
    mark = {"peelbook": {"around": data["id"]}}
    above, below = (
        {"output_type": "display_data", "data": bundle, "metadata": mark}
        for bundle in blocks.around_chart(data, "Around the force", "Around the basis")
    )
    return [above, chart_output(data), below]


def block_output(block: blocks.Block) -> dict[str, Any]:
    """The output of a cell that shows a block."""
    return {"output_type": "display_data", "data": block.bundle, "metadata": {}}


def sample_notebook(stem: str = "police_powers", *, force: str = "Kent Police", charts: int = 2) -> bytes:
    """An executed section notebook with headlines, charts, a missing note and a claims table."""
    item = {"value": "19.8", "label": "searches per 1,000 people", "comparison": "Mean of forces 6.6."}
    headlines = blocks.headlines([{**item, "definition": "Searches over residents."}])
    row = {"icon": "✓", "verdict": "reproduced", "statement": "Rate", "printed": "19.8", "computed": "19.8"}
    legend = [{"icon": "✓", "verdict": "reproduced", "meaning": "the same figure"}]
    rest = dict.fromkeys(("summary", "weak", "of", "source", "source_url", "reason"), "")
    claims = blocks.claims("1 number checked", legend, [{**row, **rest}])
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "markdown",
            "id": "title",
            "metadata": {},
            "source": f"# {section(stem).title}\n\nThis page is about {force}. See [how to read it]"
            "(../book/how_to_read.md).",
        },
        code_cell(1, 'force = "kent"'),
        code_cell(2, "book.headlines()", block_output(headlines)),
        {"cell_type": "markdown", "id": "second", "metadata": {}, "source": "## The rate\n\nHow often."},
    ]
    for number in range(charts):
        data = payload(f"{stem}.rate_{number}", title=f"Rate {number} of {force}")
        cells.append(code_cell(3 + number, f"book.chart({number})", *shown_chart(data)))
    cells += [
        {"cell_type": "markdown", "id": "third", "metadata": {}, "source": "## Checked\n\nNumbers."},
        code_cell(20, "book.claims()", block_output(claims)),
        code_cell(
            21,
            "book.missing()",
            block_output(blocks.note("No data.", ["Why."])),
        ),
    ]
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "pygments_lexer": "ipython3"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode()


@dataclass
class SampleResult:
    """A result as the runner gives it."""

    force_slug: str
    section: str
    status: str = "ok"
    notebook: bytes | None = None
    error: Any = None


@dataclass
class SampleFailure:
    """A failure as the runner gives it."""

    cell: int
    message: str
    source: str = ""


def sample_results(
    slugs=("metropolitan", "kent"), stems=("police_powers", "workforce")
) -> list[SampleResult]:
    """Results for some forces and sections, all of them good."""
    names = {"metropolitan": "Metropolitan Police Service", "kent": "Kent Police", "dorset": "Dorset Police"}
    return [
        SampleResult(slug, stem, notebook=sample_notebook(stem, force=names[slug]))
        for slug in slugs
        for stem in stems
    ]


JUPYTER_BOOK = [str(Path(sys.executable).with_name("jupyter-book"))]  # as README prints it


def run_jupyter_book(project: Path) -> subprocess.CompletedProcess:
    """Build a book strictly, as a user does, with the command of Jupyter Book itself."""
    command = [*JUPYTER_BOOK, "build", str(project), "-W", "-n", "--keep-going", "-q"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def jupyter_book(project: Path) -> Path:
    """Build a book that must succeed; return the folder of its pages."""
    run = run_jupyter_book(project)
    assert run.returncode == 0, run.stdout + run.stderr
    return project / "_build" / "html"
