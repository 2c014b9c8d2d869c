"""The tools that use the kernel unchanged: papermill and nbval."""

from __future__ import annotations

import json
import subprocess
import sys

import nbformat
import papermill
import pytest
from forkserver_helpers import notebook, run, text

from forkserver_kernel import client
from forkserver_kernel.manager import QuickKernelManager


@pytest.mark.parametrize("extra", [{}, {"kernel_manager_class": QuickKernelManager}], ids=["stock", "quick"])
def test_papermill_runs_a_notebook_written_for_python3(extra):
    nb = notebook("force = 'metropolitan'", "print(force)")
    nb.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nb.cells[0].metadata.tags = ["parameters"]
    done = papermill.execute_notebook(
        nb, None, {"force": "kent"}, kernel_name="forked", progress_bar=False, record_timing=False, **extra
    )
    assert text(done, 2) == "kent"
    assert client._servers


def test_nbval_compares_outputs_under_the_fork_server(tmp_path):
    good = run(notebook("import numpy as np\nprint(np.arange(3).sum())"))
    bad = nbformat.from_dict(json.loads(nbformat.writes(good).replace('"3\\n"', '"4\\n"')))
    for name, nb in (("good", good), ("bad", bad)):
        nb.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
        nbformat.write(nb, tmp_path / f"{name}.ipynb")
    outcome = {
        name: subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval"),
                *("--nbval-kernel-name=forked", "--rootdir", str(tmp_path), f"{name}.ipynb"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        for name in ("good", "bad")
    }
    assert outcome["good"].returncode == 0, outcome["good"].stdout
    assert outcome["bad"].returncode == 1, outcome["bad"].stdout
