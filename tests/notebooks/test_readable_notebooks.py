"""A notebook on the new vocabulary can be read from table to sentence by whoever knows pandas."""

from __future__ import annotations

import re

import nbformat
import pytest
from notebook_cells import outputs
from test_no_table_without_a_page import SECTIONS

from peelbook import blocks
from peelbook.figures._chart import MIME

#: What says that a cell works on a frame and does not only pass one on.
PANDAS = re.compile(
    r"\.(query|assign|sort_values|groupby|loc|tail|head|nlargest|merge|pivot|pivot_table|pct_change|mean|sum)\b"
    r"|\w\[\w+\[\"|pd\."
)
FURNITURE = ("parameters", "hide-input")


@pytest.fixture(params=SECTIONS)
def notebook(request, root):
    return nbformat.read(root / "notebooks" / f"{request.param}.ipynb", as_version=4)


def tags(cell):
    return cell.metadata.get("tags", [])


def questions(notebook):
    """The cells below each heading, without the page's title and the box of claims."""
    found: dict[str, list] = {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("##"):
            heading = cell.source.splitlines()[0]
            found[heading] = []
        elif cell.cell_type == "code" and found:
            found[heading].append(cell)
    return {name: cells for name, cells in found.items() if any("hide-input" not in tags(c) for c in cells)}


def test_no_cell_is_longer_than_ten_lines(notebook):
    assert [c.source for c in notebook.cells if c.cell_type == "code" and c.source.count("\n") >= 10] == []


def test_rows_for_a_chart_keep_the_force_itself(notebook):
    # City of London is in no average: a chart of the forces in averages would leave it out of its own page.
    assert [c.source for c in notebook.cells if re.search(r"query\([\"']in_averages[\"']\)", c.source)] == []


def test_a_third_of_the_cells_work_on_frames(notebook):
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert len([c for c in code if PANDAS.search(c.source)]) * 3 >= len(code)


def test_each_question_opens_with_code_that_is_shown_and_shows_its_data(notebook):
    for heading, cells in questions(notebook).items():
        first = cells[0]
        assert "show-input" in tags(first), f"{heading}: tag its first cell show-input"
        assert not any("show-input" in tags(c) for c in cells[1:]), heading
        assert max(map(len, first.source.splitlines())) <= 80, f"{heading}: a line is cut on the page"
        kinds = {
            output.data[blocks.MIME]["kind"]
            for cell in cells
            for output in cell.outputs
            if blocks.MIME in output.data
        }
        charts = [o for c in cells for o in c.outputs if MIME in o.data]
        assert blocks.TABLE in kinds or blocks.NOTE in kinds or charts, f"{heading} shows no frame"


def test_one_chart_is_drawn_with_seaborn_and_published(notebook):
    drawn = [c.source for c in notebook.cells if c.cell_type == "code" and "sns." in c.source]
    assert any("section.publish(" in source for source in drawn)


def test_a_notebook_has_no_condition_and_says_nothing_about_the_state_of_the_data(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not re.search(r"^\s*(if|try|else)\b", cell.source, flags=re.MULTILINE), cell.source
        else:
            assert not re.search(r"not in this book|as recorded by|not yet", cell.source), cell.source


def test_cells_of_one_report_also_run_for_another_force(root):
    """The runner leaves them out; papermill by itself and a person who changes the first cell do not."""
    told = []
    for stem in SECTIONS:
        path = root / "notebooks" / f"{stem}.ipynb"
        cells = nbformat.read(path, as_version=4).cells
        if any(c.cell_type == "code" and any(t.startswith("report-") for t in tags(c)) for c in cells):
            found = outputs(path, force="kent", every_cell=True)
            told += [b["text/plain"] for b in found if "none has been entered for Kent" in b.get("text/plain", "")]
    assert any("searches with reasonable grounds" in text for text in told)
