"""Parameters are checked before a kernel starts, and reports on other forces are left out."""

from __future__ import annotations

import json

import pytest
from runner_helpers import code, notebook, prose

from peelbook.errors import ParameterError
from peelbook.runner import staging

KNOWN = {"force": "metropolitan", "data_dir": "", "period": "2023-03-31", "years": 5, "log": False}


def sources(staged: bytes) -> list[str]:
    return [cell["source"] for cell in json.loads(staged)["cells"]]


def test_only_the_cells_of_this_force_s_report_stay():
    source = notebook(
        code("force = ''", "parameters"),
        prose("all"),
        prose("met", "report-E23000001"),
        code("kent", "report-E23000032", "hide-input"),
        code("both", "report-E23000001", "report-E23000032"),
    )
    assert staging.reports(source) == {"E23000001", "E23000032"}
    assert sources(staging.stage(source, name="x", force_code="E23000001"))[1:] == ["all", "met", "both"]
    assert sources(staging.stage(source, name="x", force_code="E23000032"))[1:] == ["all", "kent", "both"]
    assert sources(staging.stage(source, name="x", force_code="W15000004"))[1:] == ["all"]


def test_cells_about_a_force_s_own_report_stay_where_one_is_entered():
    source = notebook(code("force = ''", "parameters"), prose("all"), prose("theirs", "report"))
    assert sources(staging.stage(source, name="x", force_code="E23000032"))[1:] == ["all", "theirs"]
    unreported = staging.stage(source, name="x", force_code="E23000032", reported=False)
    assert sources(unreported)[1:] == ["all"]


def test_outputs_of_an_earlier_run_are_not_sent_along():
    cell = {
        **code("1"),
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}],
        "execution_count": 3,
    }
    staged = json.loads(staging.stage(notebook(code("a = 1", "parameters"), cell), name="x", force_code=""))
    assert [(c["outputs"], c["execution_count"]) for c in staged["cells"]] == [([], None), ([], None)]


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"[]",
        b"{}",
        b'{"cells": 1}',
        notebook(),
        notebook(code("a=1", "parameters"), code("b=1", "parameters")),
    ],
)
def test_what_is_no_notebook_with_one_parameters_cell_is_refused(source):
    with pytest.raises(ParameterError, match=r"police_powers\.ipynb"):
        staging.stage(source, name="police_powers.ipynb", force_code="")


def test_defaults_are_read_without_running_the_cell():
    source = 'force = "kent"  # any name\nyears: int = 5\nlog = False\nshare = -0.5\n'
    assert staging.defaults(notebook(code(source, "parameters")), name="x") == {
        "force": "kent",
        "years": 5,
        "log": False,
        "share": -0.5,
    }


@pytest.mark.parametrize(
    "source",
    ["force = open('x')", "import os", "a = b = 1", "a, b = 1, 2", "a = (", "f()", "a.b = 1", "x: int"],
)
def test_a_parameters_cell_that_does_more_than_set_names_is_refused(source):
    with pytest.raises(ParameterError, match="name = literal"):
        staging.defaults(notebook(code(source, "parameters")), name="x.ipynb")


def test_only_what_differs_from_the_notebook_is_injected():
    assert staging.resolve(KNOWN, {"force": "metropolitan", "period": "2022-03-31"}, name="x") == {
        "period": "2022-03-31"
    }


def test_an_unknown_parameter_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ParameterError, match=r"no parameter 'froce'.*data_dir, force, log, period, years"):
        staging.resolve(KNOWN, {"froce": "kent"}, name="x.ipynb")


@pytest.mark.parametrize(
    ("name", "value"), [("force", 1), ("years", "5"), ("years", 5.0), ("years", True), ("log", 1)]
)
def test_a_parameter_of_another_type_is_an_error(name, value):
    with pytest.raises(ParameterError, match=f"parameter '{name}' is a"):
        staging.resolve(KNOWN, {name: value}, name="x.ipynb")
