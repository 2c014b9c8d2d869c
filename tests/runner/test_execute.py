"""One notebook in, the same bytes out, whatever kernel, process and hour; and every way it can fail."""

from __future__ import annotations

import ast
import contextlib
import json
import logging
import os
import time
from pathlib import Path

import pytest
from runner_helpers import code, notebook, prose

from forkserver_kernel import available
from peelbook.errors import ParameterError
from peelbook.runner import execute, warm
from peelbook.runner.execute import NotebookError

PARAMETERS = code('force = "metropolitan"', "parameters")

MANY = notebook(
    prose("# Title"),
    PARAMETERS,
    code(
        "import sys, warnings\nprint(force)\nprint('err', file=sys.stderr)\nwarnings.warn('careful', stacklevel=1)"
    ),
    code("import pandas as pd\npd.DataFrame({'force': [force], 'value': [1 / 3]})", "keep-me"),
    code(
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 3, 2])\n"
        "ax.set_title('Share of $x^2$ – ½')\nplt.show()"
    ),
    code("for i in range(50):\n    print(i, flush=True)"),
    code("from IPython.display import display, HTML\nprint('a'); display(HTML('<b>b</b>')); print('c')"),
)


def run(*cells, parameters=None, **options):
    return execute.execute(notebook(PARAMETERS, *cells), parameters or {}, kernel=kernel(), **options)


def kernel() -> str:
    return execute.kernel_name("auto")


def as_cells(executed) -> list[dict]:
    return json.loads(executed.notebook)["cells"]


def test_two_runs_give_the_same_bytes():
    first, second = (execute.execute(MANY, {"force": "kent"}, kernel=kernel()) for _ in range(2))
    assert first.notebook == second.notebook
    assert b'"image/png"' in first.notebook


@pytest.mark.skipif(not available(), reason="kernels cannot be forked on this system")
def test_both_kernels_give_the_same_bytes():
    forked, plain = (
        execute.execute(MANY, {"force": "kent"}, kernel=name) for name in ("peelbook", "python3")
    )
    assert forked.notebook == plain.notebook


def test_no_time_path_or_process_number_is_in_the_bytes(tmp_path):
    done = execute.execute(MANY, {"force": "kent"}, kernel=kernel(), env={"PEELBOOK_DATA": str(tmp_path)})
    text = done.notebook.decode()
    assert "ipykernel_" not in text
    assert "papermill" not in text
    assert 'execution":' not in text.replace('"execution_count":', "")
    assert str(Path.home()) not in text
    assert time.strftime("%Y-%m-%dT") not in text
    metadata = json.loads(text)["metadata"]
    assert metadata["kernelspec"]["name"] == "python3", "a reader without our kernel can run it"
    assert metadata["language_info"] == {"name": "python"}


def test_cells_keep_ids_and_tags_and_the_injected_cell_has_a_fixed_id():
    cells = as_cells(execute.execute(MANY, {"force": "kent"}, kernel=kernel()))
    assert [cell["id"] for cell in cells] == ["c0", "c1", "injected-parameters", "c2", "c3", "c4", "c5", "c6"]
    assert cells[2]["source"] == ["# Parameters\n", 'force = "kent"\n'] or "kent" in "".join(
        cells[2]["source"]
    )
    assert cells[4]["metadata"] == {"tags": ["keep-me"]}
    assert [cell["execution_count"] for cell in cells if cell["cell_type"] == "code"] == [1, 2, 3, 4, 5, 6, 7]


def test_what_is_printed_in_pieces_is_one_output_and_displays_keep_their_place():
    cells = as_cells(execute.execute(MANY, {}, kernel=kernel()))
    assert [output["output_type"] for output in cells[-2]["outputs"]] == ["stream"]
    assert [output["output_type"] for output in cells[-1]["outputs"]] == ["stream", "display_data", "stream"]
    assert [output.get("name") for output in cells[2]["outputs"]] == ["stdout", "stderr"]


def test_a_long_line_takes_no_longer_than_its_length():
    began = time.monotonic()
    text = "x" * 3_000_000 + ' File "/tmp/ipykernel_12/345.py", line 1'
    assert execute._without_cell_files(text) == "x" * 3_000_000 + ' File "<cell>", line 1'
    assert time.monotonic() - began < 1


def test_the_file_of_a_cell_is_named_the_same_in_every_process():
    cells = as_cells(
        run(
            code("import warnings\nwarnings.warn('careful')"),
            code("import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()"),
        )
    )
    for cell in cells[1:]:
        text = "".join(cell["outputs"][0]["text"])
        assert "<cell>" in text
        assert "ipykernel" not in text


def test_without_parameters_there_is_no_injected_cell():
    assert len(as_cells(run(code("print(force)")))) == 2


def test_the_kernel_stands_in_an_empty_folder_that_goes_away():
    cells = as_cells(
        run(code("import os\nprint(os.listdir())\nopen('left', 'w').write('x')\nprint(os.getcwd())"))
    )
    listing, folder = "".join(cells[1]["outputs"][0]["text"]).split("\n")[:2]
    assert listing == "[]"
    assert not Path(folder).exists()


def test_folders_of_this_machine_are_named_by_words(tmp_path):
    done = run(code(f"print({str(tmp_path / 'x.csv')!r})\n{str(tmp_path)!r}"), hidden={str(tmp_path): "data"})
    outputs = json.dumps(as_cells(done)[1]["outputs"])
    assert str(tmp_path) not in outputs
    assert "data/x.csv" in outputs


def test_folders_are_named_by_words_in_texts_only_and_images_keep_every_byte(tmp_path):
    import nbformat

    folder = str(tmp_path)
    drawn = f"iVBORw0KGgoNone{folder}None"
    output_of = nbformat.v4.new_output
    data = {"text/plain": f"{folder}/a", "application/json": {"file": [f"{folder}/b", 1, None]}}
    outputs = [
        output_of("display_data", data={**data, "image/png": drawn, "image/svg+xml": drawn}),
        output_of("stream", text=f"None {folder} {folder}-other"),
        output_of("error", ename="E", evalue=folder, traceback=[folder]),
    ]
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])
    execute.hide_folders(node, {folder: "data"})
    shown, said, failed = node.cells[0].outputs
    assert shown.data["image/png"] == shown.data["image/svg+xml"] == drawn
    assert shown.data["text/plain"] == "data/a"
    assert shown.data["application/json"] == {"file": ["data/b", 1, None]}
    assert said.text == f"None data {folder}-other"
    assert (failed.evalue, failed.traceback) == ("data", ["data"])


def test_only_a_folder_s_whole_name_is_ever_looked_for():
    with pytest.raises(ValueError, match="not a folder's whole name"):
        execute.without_folders("None", {"None": "data"})


def test_the_kernel_s_environment_is_the_same_wherever_it_runs(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    done = run(code("import os\nprint(os.environ['OMP_NUM_THREADS'], 'inline' in os.environ['MPLBACKEND'])"))
    assert "".join(as_cells(done)[1]["outputs"][0]["text"]) == "1 True\n"


def failure(*cells, **options) -> NotebookError:
    with pytest.raises(NotebookError) as caught:
        run(*cells, **options)
    return caught.value


def test_a_cell_that_raises_is_named_with_its_message():
    error = failure(prose("text"), code("# first\nraise ValueError('no such force')"))
    assert (error.kind, error.cell, error.source) == ("error", 3, "# first")
    assert error.message == "ValueError: no such force"


def test_cells_are_counted_as_in_the_notebook_not_as_injected():
    error = failure(code("1 / 0"), parameters={"force": "kent"})
    assert (error.cell, error.source) == (2, "1 / 0")


@pytest.mark.parametrize(
    "source", ["import sys; sys.exit()", "raise SystemExit(0)", "import sys; sys.exit('no')"]
)
def test_a_notebook_that_ends_early_has_failed(source):
    with pytest.raises(NotebookError) as caught:
        run(code("1"), code(source), code("print('the rest')"), parameters={"force": "kent"})
    assert (caught.value.kind, caught.value.cell) == ("error", 3)
    assert "ended before its last cell" in caught.value.message or "SystemExit" in caught.value.message


def test_outputs_without_end_are_a_failure_and_no_page(monkeypatch):
    monkeypatch.setattr(execute, "LARGEST_OUTPUT", 1_000_000)
    with pytest.raises(NotebookError, match="larger than 1 MB") as caught:
        run(code("print('x' * 600_000)"), code("print('x' * 600_000)"), code("1"))
    assert caught.value.cell == 3


def test_an_image_that_cannot_be_decoded_is_a_failure():
    show = "from IPython.display import display\ndisplay({'image/png': 'iVBORw0KGgoNone'}, raw=True)"
    with pytest.raises(NotebookError, match="its image cannot be decoded") as caught:
        run(code(show), parameters={"force": "kent"})
    assert caught.value.cell == 2


def test_a_cell_that_never_ends_is_stopped():
    began = time.monotonic()
    error = failure(code("1"), code("while True: pass"), cell_timeout=1)
    assert (error.kind, error.cell, error.source) == ("timeout", 3, "while True: pass")
    assert "within 1 s" in error.message
    assert time.monotonic() - began < 20


def test_a_cell_that_will_not_be_interrupted_is_stopped_too():
    source = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)"
    assert failure(code(source), cell_timeout=1).kind == "timeout"


@pytest.mark.parametrize(
    "source", ["import os; os._exit(1)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
)
def test_a_kernel_that_dies_is_reported(source):
    error = failure(code("1"), code(source))
    assert (error.kind, error.cell) == ("kernel died", 3)


def test_a_kernel_that_does_not_start_is_reported(monkeypatch):
    monkeypatch.setattr(
        execute,
        "kernel_environment",
        lambda extra: {**os.environ, "IPYTHONDIR": "/proc/nowhere", "HOME": "/proc/nowhere"},
    )
    monkeypatch.setattr(execute, "START_TIMEOUT", 10)
    error = failure(code("1"))
    assert error.kind == "kernel did not start"
    assert error.cell == 0


def test_runs_that_overlap_leave_the_log_as_they_found_it():
    logger = logging.getLogger("papermill")
    before = logger.level
    with contextlib.ExitStack() as first, contextlib.ExitStack() as second:
        first.enter_context(execute._quiet())
        second.enter_context(execute._quiet())
        first.close()  # the one that began first ends first, as in two threads of a cluster
        assert logger.level == logging.CRITICAL
    assert logger.level == before != logging.CRITICAL


def test_an_unknown_kernel_is_an_error():
    with pytest.raises(ParameterError, match="auto, fork, peelbook, python3"):
        execute.kernel_name("julia")


def test_where_kernels_cannot_be_forked_the_plain_one_is_chosen(monkeypatch):
    monkeypatch.setattr("forkserver_kernel.available", lambda: False)
    assert execute.kernel_name("auto") == "python3"


def test_warming_up_leaves_no_trace_in_what_is_drawn():
    """Colours, fonts and settings after the zygote's preparations are matplotlib's own."""
    done = run(
        code(
            "import matplotlib as mpl, matplotlib.pyplot as plt\nimport sys\n"
            "ours = dict(mpl.rcParams); mpl.rcdefaults(); own = dict(mpl.rcParams)\n"
            "print({k for k in own if own[k] != ours[k]} - {'backend', 'figure.dpi', 'interactive'}, plt.get_fignums())"
        )
    )
    assert "".join(as_cells(done)[1]["outputs"][0]["text"]) == "set() []\n"


def _calls_by_category():
    """The measures that the cells of the notebooks ask for by a breakdown, and which."""
    for path in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code_cells = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        for node in (node for source in code_cells for node in ast.walk(ast.parse(source))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "measure":
                words = {word.arg: word.value for word in node.keywords}
                if "by" in words:
                    names = ast.literal_eval(words["by"])
                    yield ast.literal_eval(node.args[0]), (names,) if isinstance(names, str) else names


def test_what_is_worked_out_before_the_fork_is_what_notebooks_ask_for_by_category():
    assert dict(_calls_by_category()) == warm.BREAKDOWNS
