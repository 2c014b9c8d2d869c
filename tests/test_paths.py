"""Which project a command acts on."""

from __future__ import annotations

import pytest

from peelbook import cli, paths


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A folder that looks like a project; nothing in it is read here."""
    # Set and taken away again, so that what the command sets is undone after the test.
    monkeypatch.setenv("PEELBOOK_ROOT", "")
    monkeypatch.delenv("PEELBOOK_ROOT")
    monkeypatch.delenv("PEELBOOK_DATA", raising=False)
    root = tmp_path / "copy"
    for name in ("data", "notebooks"):
        (root / name).mkdir(parents=True)
    (root / "_config.yml").write_text("title: a copy\n")
    return root


def test_a_command_acts_on_the_project_that_holds_the_current_folder(copy, monkeypatch, capsys):
    monkeypatch.chdir(copy / "notebooks")
    cli._choose_project()
    assert paths.project_root() == copy
    assert paths.data_dir() == copy / "data"
    assert f"the project is {copy}" in capsys.readouterr().err


def test_elsewhere_it_acts_on_the_one_it_is_installed_from_and_says_nothing(copy, monkeypatch, capsys):
    installed = paths.project_root()
    for folder in (copy.parent, installed / "notebooks"):
        monkeypatch.chdir(folder)
        cli._choose_project()
        assert paths.project_root() == installed
    assert capsys.readouterr().err == ""


def test_a_project_named_in_the_environment_comes_first(copy, monkeypatch, tmp_path):
    monkeypatch.setenv("PEELBOOK_ROOT", str(tmp_path / "named"))
    monkeypatch.chdir(copy)
    cli._choose_project()
    assert paths.project_root() == tmp_path / "named"


@pytest.mark.parametrize("missing", ["data", "notebooks", "_config.yml"])
def test_a_folder_that_lacks_a_part_is_no_project(copy, missing):
    part = copy / missing
    part.rmdir() if part.is_dir() else part.unlink()
    assert paths.enclosing_project(copy) is None
