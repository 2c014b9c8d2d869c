"""What a force has no figure for is told once, at the end of its page, and nothing else is ever folded."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from site_samples import (
    SampleResult,
    block_output,
    chart_output,
    code_cell,
    jupyter_book,
    payload,
    sample_notebook,
)

from peelbook import blocks, site
from peelbook.site import notebook
from peelbook.site.extension import scrollable_tables

NO_REPORT = block_output(blocks.note("Reserves", ["Only a report prints this."]))
NOT_HERE = block_output(blocks.note("Not in this book yet", ["Funding: needs a publication."]))
FAILED = next(notebook.outputs(notebook.failed("Title", [("Force", "Kent Police")])))


def heading(text: str, words: str = "", level: int = 2) -> dict:
    """A Markdown cell with a heading."""
    source = f"{'#' * level} {text}\n\n{words}"
    return {"cell_type": "markdown", "id": f"h-{text.lower()}", "metadata": {}, "source": source}


@pytest.fixture(scope="module")
def made() -> bytes:
    """A notebook with a heading for each case."""
    nb = json.loads(sample_notebook("workforce", charts=0))
    nb["cells"] = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# Workforce\n\nAn opening of this page."},
        code_cell(1, "book.opening()", NO_REPORT),
        heading("Shown", "Words about a chart."),
        code_cell(2, "book.chart()", chart_output(payload("workforce.rate"))),
        code_cell(3, "book.printed()", NO_REPORT),
        code_cell(10, "book.sentence()", NO_REPORT),
        heading("Gone", "The chart shows what is gone."),
        code_cell(4, "book.printed()", NO_REPORT),
        code_cell(5, "book.missing()", NOT_HERE),
        heading("Half", "The chart shows the half that is gone."),
        code_cell(6, "book.printed()", NO_REPORT),
        heading("Other half", "This half is here.", level=3),
        code_cell(7, "book.chart()", chart_output(payload("workforce.half"))),
        heading("Third", "A part that is gone.", level=3),
        code_cell(8, "book.missing()", NOT_HERE),
        heading("Words", "Words alone."),
        heading("Broken", "A page that failed says so."),
        code_cell(9, "book.broken()", FAILED),
    ]  # fmt: skip
    return json.dumps(nb).encode()


@pytest.fixture(params=["edition", "book"])
def page(request, project, made, tmp_path, catalogue) -> str:
    """The page, as the edition and as Jupyter Book make it."""
    if request.param == "book":
        (project / "notebooks" / "workforce.ipynb").write_bytes(made)
        return (jupyter_book(project) / "notebooks/workforce.html").read_text()
    result = SampleResult("kent", "workforce", notebook=made)
    out = site.build([result], tmp_path / "out", catalogue=catalogue, jobs=1, reference_force="kent").out_dir
    return (out / "forces/kent/workforce.html").read_text()


def test_headings_with_nothing_but_notes_become_one_closed_panel_at_the_end(page):
    before, _, rest = page.partition('<details class="pb-unavailable"')
    panel = rest.partition("</details>")[0]
    assert page.count('class="pb-unavailable"') == 1
    assert "<summary>Not available for this force (3)</summary>" in panel
    assert re.findall(r"<dt[^>]*>(.*?)</dt>", panel) == ["Gone", "Half", "Third"]
    assert 'id="gone"' in panel, "a link to the heading leads to the reason"
    assert panel.count("Only a report prints this.") == 2
    assert panel.count("Funding: needs a publication.") == 2
    for folded in ("The chart shows", "A part that is gone", ">Gone<", ">Third<"):
        assert folded not in before.partition("<article")[2]
    assert 'href="#not-available">Not available for this force</a>' in page, (
        "and it is in the page's contents"
    )


def test_what_stands_beside_a_figure_or_opens_a_page_stays_where_it_is(page):
    before = page.partition('<details class="pb-unavailable"')[0]
    assert before.count("Only a report prints this.") == 2
    for kept in (
        "An opening of this page",
        "Words about a chart",
        "Words alone",
        "This half is here",
        "Half<a",
    ):
        assert kept in before
    assert 'href="#not-available">Part of this is not available here.' in before
    assert "This page failed to build" in before, "a failure is never folded away"


def test_the_code_of_a_note_that_is_said_once_goes_with_the_code_before_it(page):
    shown = page.partition(">Words about a chart")[2].partition("<h2")[0]
    assert shown.count("<summary>Code</summary>") == 2
    assert "sentence" in shown.rpartition("<summary>Code</summary>")[2], (
        "its code is kept, behind the note's own"
    )
    assert not re.search(r"</details>\s*</div>\s*<div class=\"cell\">\s*<details class=\"pb-code", page)


def test_a_page_with_all_its_figures_has_no_panel(edition_site):
    assert "pb-unavailable" not in (edition_site / "forces/dorset/workforce.html").read_text()


@pytest.mark.parametrize("output", [FAILED, block_output(blocks.sentences(["Text."]))])
def test_only_a_note_gives_reasons(output):
    assert blocks.reasons(output["data"][blocks.MIME]) == []


def test_hostile_reasons_stay_text():
    assert "<script>" not in "".join(blocks.reasons(blocks.note("<script>", ["<script>"]).payload))


def test_a_ledger_says_the_roles_of_its_parts():
    row = dict.fromkeys(("icon", "verdict", "printed", "computed", "summary", "weak", "of"), "C")
    html = blocks.ledger("A", [{**row, "statement": "B", "source": "", "source_url": "", "reason": ""}])
    roles = re.findall(r'role="(\w+)"', html)
    heads, cells = ["columnheader"] * 5, ["cell"] * 4
    assert roles == ["region", "table", "rowgroup", "row", *heads, "rowgroup", "row", "rowheader", *cells]


def test_the_tables_of_a_data_frame_scroll_by_themselves_and_no_text_of_theirs_becomes_markup():
    frame = pd.DataFrame({"force": ["<b>Kent</b>"], "rate": [6.8]})
    html = scrollable_tables(f"<div>{frame.to_html()}</div>")
    region = '<div aria-label="Table" class="pb-scroll" role="region" tabindex="0"><table'
    assert html.startswith(f"<div>{region}") and "&lt;b&gt;Kent&lt;/b&gt;" in html
    named = scrollable_tables('<TABLE><caption>Rates of "all" <i>forces</i></caption><tr><td>1</TABLE>')
    assert """aria-label='Table: Rates of "all" forces'""" in named
    assert scrollable_tables(named).count("pb-scroll") == 1
