"""Turns a section's notebook into the one that is executed for a force, and checks its parameters.

papermill only warns of a parameter that a notebook does not have, and injects a value of any type; here
both are errors, found before a kernel is started.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

from peelbook.errors import ParameterError

PARAMETERS_TAG = "parameters"
REPORT_TAG = "report-"
"""A cell tagged `report-E23000001` speaks of the report on that force and is on no other force's page."""
ANY_REPORT_TAG = "report"
"""A cell tagged `report` speaks of the force's own report and is on the pages of forces whose report is entered."""


def reports(source: bytes) -> frozenset[str]:
    """Return the codes of the forces whose reports a notebook speaks of; other forces all get the same cells."""
    try:
        cells = json.loads(source)["cells"]
        tags = [tag for cell in cells for tag in cell.get("metadata", {}).get("tags", [])]
    except (ValueError, KeyError, TypeError, AttributeError):
        return frozenset()  # `stage` says what is wrong
    return frozenset(tag.removeprefix(REPORT_TAG) for tag in tags if tag.startswith(REPORT_TAG))


def stage(source: bytes, *, name: str, force_code: str, reported: bool = True) -> bytes:
    """Return the notebook without outputs and without the cells that belong to other forces' reports.

    `reported` says whether a report of this force is in the ledger. `name` stands in messages. Raises `ParameterError` where it is not a notebook with one parameters cell.
    """
    try:
        notebook = json.loads(source)
        cells = [{**cell, "metadata": dict(cell.get("metadata", {}))} for cell in notebook["cells"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ParameterError(f"{name}: not a notebook ({error}). Fix: restore it with git.") from error
    kept = []
    for cell in cells:
        tags = cell["metadata"].get("tags", [])
        reports = [tag.removeprefix(REPORT_TAG) for tag in tags if tag.startswith(REPORT_TAG)]
        if (reports and force_code not in reports) or (ANY_REPORT_TAG in tags and not reported):
            continue
        if cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
        kept.append(cell)
    with_parameters = [cell for cell in kept if PARAMETERS_TAG in cell["metadata"].get("tags", [])]
    if len(with_parameters) != 1:
        raise ParameterError(
            f"{name}: {len(with_parameters)} cells are tagged {PARAMETERS_TAG!r}. "
            "Fix: give exactly one code cell that tag."
        )
    return json.dumps({**notebook, "cells": kept}, ensure_ascii=False).encode()


def defaults(staged: bytes, *, name: str) -> dict[str, Any]:
    """Return the notebook's parameters with their default values, without running anything.

    Raises `ParameterError` where the parameters cell holds more than `name = literal` lines.
    """
    (cell,) = [
        cell
        for cell in json.loads(staged)["cells"]
        if PARAMETERS_TAG in cell.get("metadata", {}).get("tags", [])
    ]
    source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
    found: dict[str, Any] = {}
    try:
        for statement in ast.parse(source).body:
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                target, value = statement.targets[0], statement.value
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                target, value = statement.target, statement.value
            else:
                raise ValueError(f"line {statement.lineno} is not `name = value`")
            if not isinstance(target, ast.Name):
                raise ValueError(f"line {statement.lineno} does not set one name")
            found[target.id] = ast.literal_eval(value)
    except (SyntaxError, ValueError) as error:
        raise ParameterError(
            f"{name}: its parameters cell cannot be read ({error}). Fix: one `name = literal` a line."
        ) from error
    return found


def resolve(known: Mapping[str, Any], wanted: Mapping[str, Any], *, name: str) -> dict[str, Any]:
    """Return the parameters to inject: those wanted that differ from the notebook's defaults.

    Raises `ParameterError` for a name the notebook does not have or a value of another type.
    """
    for parameter, value in wanted.items():
        if parameter not in known:
            raise ParameterError(
                f"{name}: no parameter {parameter!r}. Its parameters are {', '.join(sorted(known))}. "
                "Fix: use one of these, or add it to the parameters cell."
            )
        default = known[parameter]
        if default is not None and type(value) is not type(default):
            raise ParameterError(
                f"{name}: the parameter {parameter!r} is a {type(value).__name__} ({value!r}), "
                f"not a {type(default).__name__}. Fix: give a {type(default).__name__}, such as {default!r}."
            )
    return {parameter: value for parameter, value in sorted(wanted.items()) if value != known[parameter]}
