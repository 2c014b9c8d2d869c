"""`peelbook new`: a whole project in a new or empty folder, or nothing."""

from __future__ import annotations

import re
import shutil

import pytest
from typer.testing import CliRunner

from peelbook import new_project, paths
from peelbook.cli import app
from peelbook.cli.run import app as commands
from peelbook.errors import OutputError
from peelbook.runner import engine
from peelbook.runner.workspace import Workspace
from peelbook.site import archive
from peelbook.util import output


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A small project in the place of the one that peelbook is installed with."""
    root = tmp_path / "installed"
    for name in (
        "data/forces.csv",
        "notebooks/workforce.ipynb",
        "book/intro.md",
        "_toc.yml",
        "requirements.txt",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{name}, made up\n")
    (root / "_config.yml").write_text("extensions: [peelbook.site.extension]\n")
    monkeypatch.setattr(paths, "installed_project", lambda: root)
    monkeypatch.delenv("PEELBOOK_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    return root


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_a_new_project_has_the_files_of_the_installed_one_and_a_readme_and_is_the_one_acted_on(
    installed, tmp_path, monkeypatch
):
    done = CliRunner().invoke(app, ["new", "my-book"])
    assert done.exit_code == 0, done.exception
    made = contents(tmp_path / "my-book")
    readme = made.pop("README.md").decode()
    assert readme.startswith("# my-book\n") and "{" not in readme
    assert b"_site/" in made.pop(".gitignore")
    assert made == contents(installed)
    assert f"{tmp_path / 'my-book'}: 8 files" in done.stdout
    monkeypatch.chdir(tmp_path / "my-book" / "notebooks")
    assert paths.project_root() == tmp_path / "my-book"
    assert Workspace.default().base == tmp_path / "my-book" / ".peelbook"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_every_command_of_its_readme_is_one_that_there_is():
    import typer

    group = typer.main.get_command(app)
    named = re.findall(r"peelbook (?:data )?(\w+)", " ".join(re.findall(r"`(.*?)`", new_project.README)))
    known = {*group.commands, *group.commands["data"].commands}
    assert {"run", "ingest", "verify", "template"} <= set(named) <= known


def test_an_empty_folder_is_filled_and_stays_the_folder_it_is(installed, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    before = (tmp_path / "mine").stat().st_ino
    new_project.create(".")
    assert (tmp_path / "mine").stat().st_ino == before
    assert {"_config.yml", "README.md"} < set(contents(tmp_path / "mine"))


def test_a_folder_that_holds_anything_is_refused_and_stays_as_it_is(installed, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("mine")
    with pytest.raises(
        OutputError, match=r"mine: is not empty \(it holds letter\.txt\)\. Fix: name a new or empty"
    ):
        new_project.create("mine")
    assert contents(tmp_path / "mine") == {"letter.txt": b"mine"}


def test_a_folder_inside_a_project_is_refused(installed, monkeypatch):
    monkeypatch.chdir(installed)
    with pytest.raises(OutputError, match=r"lies inside the project .*such as \.\./my-book"):
        new_project.create("my-book")


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("fails", ["copyfile", "rename"])
def test_a_failure_leaves_nothing(installed, tmp_path, monkeypatch, there, fails):
    """The disk is full in the middle: the folder is as it was, whether it was there or not."""
    if there:
        (tmp_path / "mine").mkdir()
    real, calls = shutil.copyfile, []

    def full(source, target):
        calls.append(target)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return real(source, target)

    rename = type(tmp_path).rename

    def no_rename(self, target):
        if self.name in ("data", "README.md") or self.name.startswith(".mine"):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(shutil, "copyfile", full) if fails == "copyfile" else monkeypatch.setattr(
        type(tmp_path), "rename", no_rename
    )
    with pytest.raises(OSError, match="No space left"):
        new_project.create("mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["installed", *(["mine"] if there else [])]
    assert not there or list((tmp_path / "mine").iterdir()) == []


def test_what_belongs_to_an_installation_is_never_written(tmp_path, monkeypatch):
    """The tables, notebooks and commit of the project in a wheel: refused, with the way to a project of one's own."""
    embedded = tmp_path / "site-packages" / "peelbook" / "_project"
    for name in ("data", "notebooks"):
        (embedded / name).mkdir(parents=True)
    monkeypatch.setattr(paths, "EMBEDDED", embedded)
    with pytest.raises(OutputError, match=r"belongs to the installation.*peelbook new my-book"):
        output.own_folder(embedded / "data", data=True)
    workspace = Workspace(embedded / "notebooks", embedded / "data", tmp_path, embedded / "requirements.txt")
    with pytest.raises(OutputError, match="belongs to the installation"):
        engine.run_in_place("metropolitan", workspace=workspace)
    with pytest.raises(archive.EditionError, match="no git checkout"):
        archive.Source.read_record(embedded)


def test_serve_looks_for_the_site_where_build_puts_it(installed, tmp_path, monkeypatch):
    new_project.create("my-book")
    monkeypatch.chdir(tmp_path / "my-book" / "notebooks")
    done = CliRunner().invoke(commands, ["serve", "--port", "0"])
    assert str(tmp_path / "my-book" / "_site") in str(done.exception)
