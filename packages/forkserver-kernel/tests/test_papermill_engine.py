"""papermill's engine `forkserver` beside papermill's usual one with the stock kernel: the same notebook comes out."""

from __future__ import annotations

import os
import re
import time

import nbformat
import papermill
import pytest
from forkserver_helpers import gone, notebook, text
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

from forkserver_kernel import client

PAPERMILL = {"progress_bar": False, "record_timing": False, "request_save_on_cell_execute": False}


def run(*sources: str, engine: str | None = "forkserver", kernel: str = "forked", nb=None, **options):
    """Run a notebook with papermill."""
    wanted = nb if nb is not None else notebook(*sources)
    return papermill.execute_notebook(
        wanted, None, engine_name=engine, kernel_name=kernel, **PAPERMILL, **options
    )


def both(*sources: str, **options):
    """Run a notebook with the engine and as papermill does by itself."""
    return run(*sources, **options), run(*sources, engine=None, kernel="python3", **options)


def outputs(nb: nbformat.NotebookNode) -> list:
    """The outputs and counts of all cells, without what the process is called; prints of a stream joined."""
    found = []
    for cell in nb.cells:
        joined: list = []
        for output in cell.outputs:
            output = dict(output)
            if output["output_type"] == "stream" and joined and joined[-1].get("name") == output["name"]:
                joined[-1]["text"] += output["text"]
            else:
                joined.append(output)
        found.append((cell.execution_count, joined))
    return re.sub(r"ipykernel_\d+/\d+", "ipykernel", repr(found))


CELLS = {
    "prints": "print('a'); print('b', end=''); import sys; print('c', file=sys.stderr)",
    "a value": "{'x': [1, 2.5, None]}",
    "unicode": "'£ – é 😀'",
    "between displays": "print(1); display('two'); print(3)",
    "nothing": "x = 1;",
    "several forms": "from IPython.display import HTML, display; display(HTML('<b>x</b>')); HTML('<i>y</i>')",
    "a display that changes": "from IPython.display import display\nd = display('old', display_id='d'); d.update('new')",
    "output cleared": "from IPython.display import clear_output\nprint('gone'); clear_output(); print('here')",
    "cleared in time": "from IPython.display import clear_output\nprint('gone'); clear_output(wait=True); print('here')",
    "await": "import asyncio\nawait asyncio.sleep(0); print('after')",
    "a magic": "%%capture out\nprint('hidden')",
    "history": "x = 2\nIn[-1], Out, _ih[-1] == In[-1]",
    "a program": "import subprocess; _ = subprocess.run(['echo', 'from a program'])",
    "a shell": "!echo from a shell",
    "a descriptor": "import os; _ = os.write(1, b'straight')",
    "a forked process": "import os\npid = os.fork()\nif not pid:\n    print('child', flush=True); os._exit(0)\n_ = os.waitpid(pid, 0)",
    "a thread": "import threading\nt = threading.Thread(target=print, args=('thread',)); t.start(); t.join()",
    "warnings": "import warnings; warnings.warn('beware')",
    "input": "try:\n    input()\nexcept Exception as e:\n    print(type(e).__name__)",
    "a figure": "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([0, 1]);",
    "an image": "from IPython.display import Image\nImage(data=b'\\x89PNG\\r\\n\\x1a\\n0000IHDR' + bytes(8) + b'0')",
    "numpy": "import numpy as np; np.arange(4).reshape(2, 2)",
    "a pager": "print?",
    "the next input": "get_ipython().set_next_input('x')",
    "the shell": "type(get_ipython()).__name__, get_ipython().kernel.implementation",
    "main": "import sys; __name__, sys.modules['__main__'].__dict__ is globals(), sys.argv[0][-11:], sys.path[0]",
    "the end of the process": "import atexit; atexit.register(print, 'bye');",
}


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_gives_what_it_gives_in_the_stock_kernel(name):
    ours, stock = both("first = 1", CELLS[name], "print('next')")
    if name == "main":
        for nb in (ours, stock):
            nb.cells[1].outputs[0].data["text/plain"] = re.sub(
                r"'\S*launcher\S*'", "'launcher'", nb.cells[1].outputs[0].data["text/plain"]
            )
    assert outputs(ours) == outputs(stock)


def test_the_language_is_told_as_by_the_stock_kernel():
    ours, stock = both("1")
    assert ours.metadata["language_info"] == stock.metadata["language_info"]


@pytest.mark.parametrize(
    "source",
    [
        "1 / 0",
        "raise SystemExit(3)",
        "raise KeyboardInterrupt",
        "def f(:",
        "class E:\n    def _repr_html_(self):\n        raise ValueError('in a display')\nE()",
    ],
)
def test_an_error_ends_the_notebook_as_in_the_stock_kernel(source):
    told = []
    for options in ({}, {"engine": None, "kernel": "python3"}):
        nb = notebook("print(1)", source, "print(3)")
        try:
            done, error = run(nb=nb, **options), None
        except PapermillExecutionError as raised:
            done, error = nb, (raised.cell_index, raised.ename, raised.evalue)
        told.append((error, outputs(done)))
    assert told[0] == told[1]


def test_a_cell_that_may_raise_does_not_end_the_notebook():
    nb = notebook("1 / 0", "print('on')")
    nb.cells[0].metadata.tags = ["raises-exception"]
    client_only = papermill.engines.papermill_engines.get_engine("forkserver")
    from papermill.engines import NotebookExecutionManager

    manager = NotebookExecutionManager(nb, progress_bar=False)
    manager.nb.metadata.papermill = {}
    manager.notebook_start()
    client_only.execute_managed_notebook(manager, "forked")
    assert nb.cells[0].outputs[0].ename == "ZeroDivisionError"
    assert text(nb, 1) == "on"


def test_a_cell_that_takes_too_long_is_stopped_and_its_process_ends(tmp_path):
    source = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    began = time.monotonic()
    with pytest.raises(CellTimeoutError):
        run(source, execution_timeout=1)
    assert time.monotonic() - began < 30
    assert gone(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize(
    "source", ["import os; os._exit(3)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
)
def test_a_process_that_dies_is_a_dead_kernel(source):
    with pytest.raises(DeadKernelError):
        run("print(1)", source)


def test_what_a_cell_started_ends_with_the_notebook(tmp_path):
    done = run("import subprocess; print(subprocess.Popen(['sleep', '60']).pid)")
    assert gone(int(text(done)))


def test_large_outputs_arrive_whole():
    done = run("print('x' * 3_000_000)", "print('y')")
    assert (len(text(done)), text(done, 1)) == (3_000_000, "y")


def test_hooks_are_called_as_for_a_kernel():
    seen: dict[str | None, list] = {"forkserver": [], None: []}
    for engine, calls in seen.items():
        hooks = {
            name: lambda name=name, calls=calls, **told: calls.append(
                (name, told["cell_index"], sorted(told), len(told["cell"].get("outputs", [])))
            )
            for name in ("on_cell_start", "on_cell_execute", "on_cell_executed")
        }
        run("print(1)", "", "2", engine=engine, **hooks)
    assert seen["forkserver"] == seen[None]


def test_folder_and_environment_are_the_notebook_s(tmp_path):
    done = run(
        "import os; print(os.getcwd(), os.environ['MINE'])",
        resources={"metadata": {"path": str(tmp_path)}},
        env={**os.environ, "MINE": "yes"},
    )
    assert text(done) == f"{tmp_path} yes"


def test_one_zygote_serves_kernels_and_the_engine(fresh):
    parents = {
        text(run("import os; print(os.getppid())")),
        text(run("import os; print(os.getppid())", engine=None)),
    }
    assert len(parents) == 1


def test_another_kernel_runs_as_ever(fresh):
    assert text(run("print(1)", kernel="python3")) == "1"
    assert not client._servers, "nothing was forked"


def test_where_no_fork_can_be_had_a_kernel_is_used(fresh, tmp_path, caplog):
    (tmp_path / "numpy.py").write_text("here = True")
    done = run("import numpy; print(numpy.here)", resources={"metadata": {"path": str(tmp_path)}})
    assert text(done) == "True"
    assert "numpy.py" in caplog.text
