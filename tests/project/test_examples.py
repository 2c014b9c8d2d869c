"""The examples in docstrings run, and whatever a notebook calls has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest

from peelbook import analysis

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(analysis.__file__).resolve().parents[1]
MODULES = sorted(
    ".".join(("peelbook", *path.relative_to(PACKAGE).with_suffix("").parts))
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)
VOCABULARY = {
    "charts": analysis.charts,
    "compare": analysis.compare,
    "say": analysis.say,
    "section": analysis.Section,
}


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_print(name):
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.attempted and not found.failed


def called() -> list[tuple[str, str]]:
    """What the notebooks' cells call, as (name of the object, name of the function)."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "notebooks").glob("*.ipynb"))
    return sorted(set(re.findall(r"\b(charts|compare|say|section)\.([a-z]\w*)\(", sources)))


@pytest.mark.parametrize(("place", "name"), called(), ids=".".join)
def test_what_a_notebook_calls_has_an_example(place, name):
    call = getattr(VOCABULARY[place], name)
    assert ">>> " in inspect.getdoc(call)
