"""The committed notebooks are whole: nbval passes a notebook without outputs and any picture."""

import base64
import io
import json
import re

import nbformat
import numpy as np
import pytest
from PIL import Image

from peelbook.figures._chart import MIME
from peelbook.sections import all_sections

STEMS = [section.stem for section in all_sections()]


@pytest.fixture(scope="module", params=STEMS)
def notebook(request, root):
    return nbformat.read(root / "notebooks" / f"{request.param}.ipynb", as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_every_section_has_a_notebook_and_no_notebook_lacks_a_section(root):
    assert sorted(path.stem for path in (root / "notebooks").glob("*.ipynb")) == sorted(STEMS)


def test_every_code_cell_has_been_run_in_order(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_every_code_cell_but_the_parameters_has_an_output(notebook):
    silent = [
        cell.source
        for cell in code_cells(notebook)
        if not cell.outputs and "parameters" not in cell.metadata.get("tags", [])
    ]
    assert silent == []


def test_no_output_is_an_error_or_a_warning(notebook):
    kinds = {output.output_type for cell in code_cells(notebook) for output in cell.outputs}
    assert kinds == {"execute_result", "display_data"}, "streams and errors have no place in a published page"


def test_a_chart_is_shown_between_its_title_and_its_sources(notebook):
    for cell in code_cells(notebook):
        for place, output in enumerate(cell.outputs):
            if MIME not in output.data:
                continue
            payload = output.data[MIME]
            above, below = cell.outputs[place - 1], cell.outputs[place + 1]
            assert above.metadata == below.metadata == {"peelbook": {"around": payload["id"]}}
            assert set(above.data) == set(below.data) == {"text/html", "text/plain"}
            title, facts = above.data["text/plain"].split("\n")
            assert title == payload["title"] and payload["period"] in facts
            said = below.data["text/plain"].split("\n")
            assert all(any(item["title"] in line for line in said) for item in payload["sources"])
            assert set(payload["notes"]) <= set(said)


def test_every_chart_emits_its_data_as_text_and_a_picture_that_is_not_blank(notebook):
    charts = [
        output
        for cell in code_cells(notebook)
        for output in cell.outputs
        if MIME in output.data or "image/png" in output.data
    ]
    assert charts
    for output in charts:
        payload = output.data[MIME]
        assert payload["table"]["rows"], payload["id"]
        assert payload["csv"].count("\n") > 1, payload["id"]
        assert payload["title"] in output.data["text/plain"]
        image = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
        image.load()
        pixels = np.asarray(image.convert("L"))
        assert pixels.std() > 5, f"{payload['id']} is a blank picture"
        assert output.metadata["peelbook"]["svg"].startswith("<svg")


def test_every_chart_has_its_own_id_within_its_section(notebook, request):
    stem = request.node.callspec.params["notebook"]
    ids = [o.data[MIME]["id"] for cell in code_cells(notebook) for o in cell.outputs if MIME in o.data]
    assert len(ids) == len(set(ids))
    assert all(name.startswith(f"{stem}.") for name in ids)


def test_the_parameters_cell_names_the_force_and_nothing_unknown(notebook):
    (cell,) = [c for c in code_cells(notebook) if "parameters" in c.metadata.get("tags", [])]
    names = re.findall(r"^(\w+) = ", cell.source, flags=re.MULTILINE)
    assert names[0] == "force"
    assert set(names) <= {"force", "data_dir", "period"}


def test_code_cells_are_short_calls(notebook):
    long = [cell.source for cell in code_cells(notebook) if cell.source.count("\n") >= 10]
    assert long == []


def test_a_notebook_starts_with_its_title_and_has_no_machine_path(notebook):
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")
    text = json.dumps(notebook)
    assert not re.search(r"/(home|root|work|tmp|Users)/", text)


def test_notebooks_run_on_the_kernel_every_reader_has(notebook):
    assert notebook.metadata.kernelspec.name == "python3"


def test_prose_that_only_holds_for_the_met_is_tagged_so(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"\b(London|Metropolitan|the Met)\b", cell.source):
            assert "report-E23000001" in cell.metadata.get("tags", []), cell.source
