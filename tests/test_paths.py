"""Which project a command, or a notebook, is about."""

from __future__ import annotations

import pytest

from peelbook import __version__, cli, paths


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
    (root / "_config.yml").write_text("sphinx: {config: {html_theme: peelbook}}\n")
    return root


def said(capsys, *words: str) -> str:
    cli._choose_project([*words])
    captured = capsys.readouterr()
    assert captured.out == "", "what a program reads stays clean"
    return captured.err


def test_the_project_that_holds_the_current_folder_comes_before_the_installed_one(copy, monkeypatch):
    monkeypatch.chdir(copy / "notebooks")
    assert paths.project_root() == paths.output_root() == copy
    assert paths.data_dir() == copy / "data"


def test_a_command_says_its_project_and_hands_it_to_the_processes_of_a_run(copy, monkeypatch, capsys):
    monkeypatch.chdir(copy / "notebooks")
    assert said(capsys, "plan", "--all") == f"peelbook: project {copy}\n"
    monkeypatch.chdir(copy.parent)
    assert paths.project_root() == copy


def test_elsewhere_a_command_acts_on_the_project_that_peelbook_is_installed_with(copy, monkeypatch, capsys):
    installed = paths.installed_project()
    for folder in (copy.parent, installed / "notebooks"):
        monkeypatch.chdir(folder)
        assert paths.project_root() == paths.output_root() == installed
        assert said(capsys, "plan") == f"peelbook: project {installed}\n"


def test_a_wheels_project_is_read_and_the_output_goes_to_the_current_folder(copy, monkeypatch, capsys):
    monkeypatch.setattr(paths, "installed_project", lambda: paths.EMBEDDED)
    monkeypatch.chdir(copy.parent)
    assert paths.data_dir() == paths.EMBEDDED / "data"
    assert said(capsys, "build", "--force", "kent") == (
        f"peelbook: the project that comes with peelbook {__version__}; output goes to {copy.parent}\n"
    )


def test_a_folder_of_tables_from_the_environment_is_named_too(copy, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(copy)
    monkeypatch.setenv("PEELBOOK_DATA", str(tmp_path))
    assert said(capsys, "data", "list") == f"peelbook: project {copy}, with the tables in {tmp_path}\n"


@pytest.mark.parametrize("words", [(), ("--version",), ("build", "--help"), ("-h",), ("new", "my-book")])
def test_what_is_about_no_project_names_none(copy, monkeypatch, capsys, words):
    monkeypatch.chdir(copy)
    assert said(capsys, *words) == ""


def test_a_project_named_in_the_environment_comes_first(copy, monkeypatch, tmp_path):
    monkeypatch.setenv("PEELBOOK_ROOT", str(tmp_path / "named"))
    monkeypatch.chdir(copy)
    assert paths.project_root() == tmp_path / "named"


@pytest.mark.parametrize("missing", ["data", "notebooks", "_config.yml"])
def test_a_folder_that_lacks_a_part_is_no_project(copy, missing):
    part = copy / missing
    part.rmdir() if part.is_dir() else part.unlink()
    assert paths.enclosing_project(copy) is None


def test_a_jupyter_book_of_somebody_else_is_no_project(copy):
    (copy / "_config.yml").write_text("title: My thesis\n")
    assert paths.enclosing_project(copy) is None


def test_a_current_folder_that_has_been_removed_is_in_no_project(copy, monkeypatch):
    gone = copy / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert paths.project_root() == paths.installed_project()


def test_the_files_of_a_project_are_its_parts_without_hidden_files_and_caches(copy):
    for name in ("data/b.csv", "data/releases/a.csv", "notebooks/.ipynb_checkpoints/n.ipynb", "data/.x.part"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("made up")
    (copy / "_site").mkdir()
    (copy / "_site/index.html").write_text("made up")
    names = [name for name, _ in paths.project_files(copy)]
    assert names == ["_config.yml", "data/b.csv", "data/releases/a.csv"]
