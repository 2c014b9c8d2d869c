"""What the product writes never takes the place of what is not its own; all is refused before anything is written."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from peelbook.errors import OutputError
from peelbook.util import output
from peelbook.util.files import write_atomic

ROOT = Path(__file__).resolve().parents[1]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    """A node like /dev/null, made here; where that is not permitted there is nothing to test."""
    try:
        os.mknod(path, 0o666 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("device nodes cannot be made here")


def bound_socket(path: Path) -> None:
    # The name of a socket has little room, and that of a test's folder is long.
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


NODES = {
    "a file": lambda path: path.write_text("mine"),
    "a device": device,
    "a pipe": pipe,
    "a socket": bound_socket,
    "a link to nothing": lambda path: path.symlink_to(path.parent / "nowhere"),
    "Too many levels": lambda path: path.symlink_to(path),
}


def state(folder: Path) -> list[tuple]:
    """What is in a folder: name, kind, size and time of each entry, the folder itself aside."""
    entries = [(path.relative_to(folder), path.lstat()) for path in sorted(folder.rglob("*"))]
    return [(name, s.st_mode, s.st_rdev, s.st_ino, s.st_size, s.st_mtime_ns) for name, s in entries]


@pytest.fixture(params=NODES)
def node(request, tmp_path) -> tuple[str, Path]:
    """A node that is no folder, and what it is called."""
    NODES[request.param](tmp_path / "node")
    return request.param, tmp_path / "node"


@pytest.mark.parametrize("below", ["", "site", "deep/er"])
@pytest.mark.parametrize("linked", [False, True])
def test_what_is_no_folder_is_refused_and_stays(node, tmp_path, below, linked):
    kind, path = node
    if linked:
        (tmp_path / "link").symlink_to(path)
        path = tmp_path / "link"
    before = state(tmp_path)
    with pytest.raises(OutputError, match=rf"{kind}.*Fix: "):
        output.folder(path / below)
    assert state(tmp_path) == before


@pytest.mark.parametrize("kind", [name for name in NODES if "link" not in name and name != "a file"])
def test_a_file_is_never_written_over_a_node_of_another_kind(tmp_path, kind):
    NODES[kind](tmp_path / "node")
    before = state(tmp_path)
    for act in (output.file, lambda path: write_atomic(path, "text")):
        with pytest.raises(OutputError, match=rf"{kind}.*Fix: name "):
            act(tmp_path / "node")
    with pytest.raises(OutputError, match="is a folder"):
        write_atomic(tmp_path, "text")
    assert state(tmp_path) == before


def test_a_file_is_written_where_its_link_leads_and_the_link_stays(tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    assert write_atomic(tmp_path / "link.csv", "new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "new"


@pytest.mark.parametrize("name", ["n" * 300, "d/" * 2000 + "x", "n" * 250])
def test_a_name_without_room_is_refused_and_not_printed_in_full(tmp_path, name):
    with pytest.raises(OutputError, match="too long") as caught:
        output.folder(tmp_path / name)
    assert len(str(caught.value)) < 400
    assert not list(tmp_path.iterdir())


def test_a_name_with_a_zero_in_it_is_refused(tmp_path):
    with pytest.raises(OutputError, match="Fix:"):
        output.folder(f"{tmp_path}/a\0b")


@pytest.mark.parametrize("name", ["~", "~/.."])
def test_a_home_folder_is_known_by_its_sign_and_refused(tmp_path, monkeypatch, name):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="home folder"):
        output.own_folder(name)
    assert output.own_folder("~/site") == (tmp_path / "home" / "site").resolve()
    assert not (tmp_path / "~").exists()


def test_the_home_of_nobody_is_refused():
    with pytest.raises(OutputError, match="cannot be found"):
        output.own_folder("~nobody-of-this-name/site")


@pytest.mark.parametrize("name", ["/", "/dev/site", "/proc/self", "/sys", "//", "/usr/.."])
def test_the_root_and_what_belongs_to_the_system_are_refused(name):
    with pytest.raises(OutputError, match="Fix: "):
        output.own_folder(name)


def test_the_project_and_its_own_folders_are_refused_and_others_in_it_are_not(tmp_path, monkeypatch):
    monkeypatch.setenv("PEELBOOK_ROOT", str(tmp_path / "project"))
    for name in output.OWN_FOLDERS:
        (tmp_path / "project" / name).mkdir(parents=True)
    for name in ("", "..", *output.OWN_FOLDERS, "src/site", "data/own", "notebooks/../book"):
        with pytest.raises(OutputError, match="the project's"):
            output.own_folder(tmp_path / "project" / name)
    assert output.own_folder(tmp_path / "project/_site") == (tmp_path / "project/_site").resolve()
    assert output.own_folder(tmp_path / "project/data", data=True)
    with pytest.raises(OutputError, match="the project's own"):
        output.own_folder(tmp_path / "project/src", data=True)


def test_the_project_s_own_folders_are_those_that_git_knows():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    folders = {name.split("/")[0] for name in listed.stdout.splitlines() if "/" in name}
    assert folders == set(output.OWN_FOLDERS) - {".git", ".venv"}
