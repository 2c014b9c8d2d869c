"""What the runner's tests share: a small book, and an executor that runs at once in this process."""

from __future__ import annotations

import contextlib
import io
import json
import os
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path

from peelbook.runner import execute
from peelbook.runner.engine import Options, run
from peelbook.runner.results import Result
from peelbook.runner.workspace import Workspace
from peelbook.sections import Section

FORCES = """force_code,slug,name,short_name,article,aliases,region,tile_row,tile_column
E23000001,metropolitan,Metropolitan Police Service,Met,the,MPS,London,0,0
E23000028,essex,Essex Police,Essex,,,Eastern,0,1
E23000032,kent,Kent Police,Kent,,,South East,0,2
"""

READ = """
import csv, os, pathlib
folder = pathlib.Path(os.environ["PEELBOOK_DATA"])
log = os.environ.get("TEST_LOG")
if log:
    with open(log, "a") as stream:
        stream.write(f"SECTION {force}\\n")
"""


class Inline(Executor):
    """Runs a task when it is submitted; the fork server then belongs to the test's process."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


def pretend(notebook, parameters, *, env=None, **_):
    """`execute.execute` without a kernel: runs the cells here, for tests of what stands around it."""
    import nbformat

    node = nbformat.reads(notebook.decode(), as_version=4)
    if parameters:
        at = next(i for i, cell in enumerate(node.cells) if "parameters" in cell.metadata.get("tags", []))
        lines = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
        injected = nbformat.v4.new_code_cell(lines, metadata={"tags": ["injected-parameters"]})
        node.cells.insert(at + 1, injected)
    space: dict = {}
    before = dict(os.environ)
    os.environ.update(env or {})
    own = 0
    try:
        for count, cell in enumerate(node.cells, start=1):
            own += "injected-parameters" not in cell.metadata.get("tags", [])
            if cell.cell_type != "code":
                continue
            cell.execution_count = count
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(cell.source, space)
            if out.getvalue():
                cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=out.getvalue())]
    except Exception as error:
        first = cell.source.strip().splitlines()[0]
        raise execute.NotebookError("error", f"{type(error).__name__}: {error}", own, first) from None
    finally:
        os.environ.clear()
        os.environ.update(before)
    return execute.Executed(execute.normalise(node), 0.5, 0.4)


def code(source: str, *tags: str, identity: str = "") -> dict:
    cell = {
        "cell_type": "code",
        "source": source,
        "metadata": {"tags": list(tags)} if tags else {},
        "outputs": [],
        "execution_count": None,
    }
    return {**cell, "id": identity} if identity else cell


def prose(source: str, *tags: str, identity: str = "") -> dict:
    metadata = {"tags": list(tags)} if tags else {}
    cell = {"cell_type": "markdown", "source": source, "metadata": metadata}
    return {**cell, "id": identity} if identity else cell


def notebook(*cells: dict) -> bytes:
    numbered = [{"id": f"c{number}", **cell} for number, cell in enumerate(cells)]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": numbered, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()


def section_notebook(stem: str, *extra: dict) -> bytes:
    return notebook(
        prose(f"# {stem}"),
        code('force = "metropolitan"\ndata_dir = ""\nperiod = "2023-03-31"', "parameters"),
        code(READ.replace("SECTION", stem)),
        code("print(force, sorted(path.name for path in folder.iterdir()))"),
        *extra,
    )


SECTIONS = (
    Section("alpha", "Alpha", ("workforce",), 1, "Alpha"),
    Section("beta", "Beta", ("workforce", "population"), 2, "Beta"),
    Section("gamma", "Gamma", ("population",), 3, "Gamma"),
)


@dataclass(frozen=True)
class Book:
    """A workspace and its sections, with short ways to change and run it."""

    workspace: Workspace
    sections: tuple[Section, ...]

    def run(self, forces=("metropolitan", "kent"), sections=None, executor=True, **options) -> list[Result]:
        settings = {"again": options.pop("again", False), "period": options.pop("period", None)}
        progress = options.pop("progress", None)
        if executor and "scheduler" not in options and "jobs" not in options:
            options["executor"] = Inline()
        return run(
            list(forces),
            sections or self.sections,
            workspace=self.workspace,
            options=Options(**options),
            progress=progress,
            **settings,
        )

    def statuses(self, **options) -> dict[str, str]:
        """What a run made of each notebook: `force/section` → status."""
        return {f"{r.force_slug}/{r.section}": r.status for r in self.run(**options)}

    def ran(self, **options) -> set[str]:
        """The notebooks that a run executed."""
        return {place for place, status in self.statuses(**options).items() if status == "ok"}

    def reasons(self, forces=("metropolitan", "kent")) -> dict[str, str]:
        """Why a run would execute each notebook."""
        from peelbook.runner import plan

        known = plan.read_forces(self.workspace)
        made = plan.make(self.workspace, [known[name] for name in forces], self.sections)
        return {f"{step.force.slug}/{step.section.stem}": step.reason for step in made.steps}

    def put(self, stem: str, *extra: dict) -> None:
        """Write a section's notebook with more cells."""
        (self.workspace.notebooks / f"{stem}.ipynb").write_bytes(section_notebook(stem, *extra))

    def table(self, name: str, text: str) -> None:
        """Write a table."""
        (self.workspace.data / f"{name}.csv").write_text(text)

    def moved(self, base: Path) -> Book:
        """The same book with another private folder."""
        return replace(self, workspace=replace(self.workspace, base=base))


def make_book(folder: Path) -> Book:
    """Write the small book into a folder."""
    data, notebooks = folder / "data", folder / "notebooks"
    data.mkdir(parents=True)
    notebooks.mkdir()
    (data / "forces.csv").write_text(FORCES)
    tables = {
        "workforce": "force_code,headcount\nE23000001,10\nE23000032,5\n",
        "population": "force_code,population_count\nE23000001,100\nE23000032,50\n",
        "gaps": "table,force_code,period_start,period_end,reason\n",
    }
    for name, text in tables.items():
        (data / f"{name}.csv").write_text(text)
    package = {
        "name": "small",
        "resources": [
            {"name": name, "path": f"{name}.csv", "title": name.title(), "hash": "sha256:0"}
            for name in tables
        ],
    }
    (data / "datapackage.json").write_text(json.dumps(package))
    for section in SECTIONS:
        (notebooks / f"{section.stem}.ipynb").write_bytes(section_notebook(section.stem))
    (folder / "requirements.txt").write_text("pandas==3.1.1\n")
    workspace = Workspace(notebooks, data, folder / ".peelbook", folder / "requirements.txt")
    return Book(workspace, SECTIONS)


def cells(result: Result) -> list[dict]:
    """The cells of an executed notebook."""
    assert result.notebook is not None, result.error
    return json.loads(result.notebook)["cells"]


def printed(result: Result) -> str:
    """Everything an executed notebook printed."""
    return "".join(
        "".join(output["text"])
        for cell in cells(result)
        for output in cell.get("outputs", [])
        if output["output_type"] == "stream"
    )
