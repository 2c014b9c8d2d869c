"""The wheel: it carries the project, is the same whenever it is built, and works where there is no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from peelbook import paths

ROOT = Path(__file__).resolve().parent.parent
CARRIED = "peelbook/_project/"


def built(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory) -> Path:
    """What an installer would put into site-packages."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def peelbook(unpacked: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the unpacked wheel in a folder, out of reach of this checkout's own package."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PEELBOOK_")}
    environment["PYTHONPATH"] = str(unpacked)
    return subprocess.run(
        [sys.executable, "-m", "peelbook", *words],
        cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_the_wheel_carries_every_file_of_the_project_and_the_same_bytes_twice(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        carried = {
            name.removeprefix(CARRIED): archive.read(name)
            for name in archive.namelist()
            if name.startswith(CARRIED)
        }
    assert carried == {name: path.read_bytes() for name, path in paths.project_files(ROOT)}
    assert {name.split("/")[0] for name in carried} == set(paths.PROJECT_PARTS)
    assert built(tmp_path).read_bytes() == wheel.read_bytes()


def test_in_an_empty_folder_without_a_checkout_kent_can_be_built(unpacked, tmp_path):
    """The plan reads all that a build reads; `make check-wheel` builds."""
    done = peelbook(unpacked, tmp_path, "plan", "--force", "kent")
    assert done.returncode == 0, done.stderr
    assert "10 of 10 notebooks would run: 10 new." in done.stdout
    assert (
        f"the project that comes with peelbook {version(unpacked)}; output goes to {tmp_path}" in done.stderr
    )
    assert list(tmp_path.iterdir()) == []


def version(unpacked: Path) -> str:
    (record,) = unpacked.glob("peelbook-*.dist-info")
    return record.name.removeprefix("peelbook-").removesuffix(".dist-info")


def test_a_new_project_is_acted_on_and_the_installation_is_never_written(unpacked, tmp_path):
    done = peelbook(unpacked, tmp_path, "data", "register", "claims")
    assert done.returncode == 2
    assert "belongs to the installation" in done.stderr and "`peelbook new my-book`" in done.stderr
    done = peelbook(unpacked, tmp_path, "new", "my-book")
    assert done.returncode == 0, done.stderr
    project = tmp_path / "my-book"
    assert {name: (project / name).read_bytes() for name, _ in paths.project_files(ROOT)} == {
        name: path.read_bytes() for name, path in paths.project_files(ROOT)
    }
    done = peelbook(unpacked, project / "notebooks", "data", "register", "claims")
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"peelbook: project {project}\n"


def test_the_wheel_contains_the_kernel_because_no_index_has_it(unpacked):
    kernel = ROOT / "packages" / "forkserver-kernel" / "src"
    ours = {path.relative_to(kernel).as_posix(): path.read_bytes() for path in kernel.rglob("*.py")}
    assert {name: (unpacked / name).read_bytes() for name in ours} == ours
    (record,) = unpacked.glob("peelbook-*.dist-info")
    assert "forkserver_kernel.provisioner" in (record / "entry_points.txt").read_text(encoding="utf-8")
