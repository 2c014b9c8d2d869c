"""Whatever runs the cells, the notebook is the same, for every section and for forces of every kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forkserver_kernel import available
from peelbook.runner.engine import Options, run
from peelbook.runner.workspace import Workspace

FORCES = ["metropolitan", "kent", "greater-manchester", "city-of-london", "dyfed-powys", "norfolk"]


@pytest.mark.skipif(not available(), reason="processes cannot be forked on this system")
def test_cells_in_a_fork_give_the_bytes_of_cells_in_a_kernel(tmp_path):
    notebooks = {}
    for kernel in ("fork", "peelbook"):
        workspace = replace(Workspace.default(), base=tmp_path / kernel)
        results = run(FORCES, workspace=workspace, options=Options(jobs=2, kernel=kernel))
        assert not [result.error for result in results if result.error]
        notebooks[kernel] = {(result.force_slug, result.section): result.notebook for result in results}
    assert len(notebooks["fork"]) == 60
    different = [name for name, made in notebooks["fork"].items() if made != notebooks["peelbook"][name]]
    assert not different
