"""The kernelspec, its installation, and the way out where kernels cannot be forked."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from forkserver_helpers import evaluate, kernel, sync

import forkserver_kernel
from forkserver_kernel import kernelspec
from forkserver_kernel.__main__ import main

PACKAGE = Path(forkserver_kernel.__file__).parent


PROJECT = Path(__file__).resolve().parents[1]
# Looked at only where a preload brought them in; the engine is imported by papermill, which brings nbclient.
OPTIONAL = {"numpy", "matplotlib", "papermill", "nbclient"}


def imported() -> set[str]:
    """The first part of every name that a module of the package imports, at any depth."""
    found = set()
    for file in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").split(".")[0])
    return found


def declared(folder: Path) -> dict[str, str]:
    """The dependencies of a distribution, by the name that Python imports: name → lowest version."""
    text = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    pairs = [
        re.match(r"([\w-]+)(?:\[\w+\])?(?:>=([\d.]+))?", item) for item in text["project"]["dependencies"]
    ]
    return {pair[1].replace("-", "_"): pair[2] or "" for pair in pairs if pair}


def test_the_package_stands_alone():
    """It imports what it declares, and what it does not need to be there."""
    others = imported() - set(sys.stdlib_module_names) - {"forkserver_kernel"}
    assert others - OPTIONAL == set(declared(PROJECT))


def test_peelbook_whose_wheel_contains_it_needs_no_older_versions():
    """The lowest versions that this package says it is tested with are those of peelbook's environment."""
    checkout = PROJECT.parents[1]
    if not (checkout / "src" / "peelbook").is_dir():
        pytest.skip("this is not a checkout of peelbook")
    theirs = declared(checkout)
    assert {name: theirs.get(name) for name in declared(PROJECT)} == declared(PROJECT)


def test_jupyter_finds_the_provisioner():
    from importlib.metadata import entry_points

    (entry,) = [
        item
        for item in entry_points(group="jupyter_client.kernel_provisioners")
        if item.name == forkserver_kernel.PROVISIONER
    ]
    assert entry.load().__name__ == "ForkServerProvisioner"


def test_the_command_installs_and_removes_a_spec_that_jupyter_reads(tmp_path, monkeypatch, capsys):
    from jupyter_client.kernelspec import KernelSpecManager

    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    where = ["--data-dir", str(tmp_path), "--name", "peel"]
    assert (
        main(["install", *where, "--display-name", "Peel", "--preload", "json, csv", "--env", "A=b=c"]) == 0
    )
    spec = KernelSpecManager().get_kernel_spec("peel")
    assert spec.display_name == "Peel"
    assert spec.env == {"A": "b=c"}
    assert spec.metadata["kernel_provisioner"]["provisioner_name"] == forkserver_kernel.PROVISIONER
    assert spec.metadata["kernel_provisioner"]["config"]["preload"][-2:] == ["json", "csv"]
    assert spec.argv[0] == sys.executable
    assert main(["remove", *where]) == 0
    assert main(["remove", *where]) == 1
    assert "there is no kernelspec peel" in capsys.readouterr().out


def test_installing_the_same_spec_again_touches_nothing(tmp_path):
    spec = kernelspec.make("x", ["json"])
    file = kernelspec.install(spec, "x", tmp_path) / "kernel.json"
    before = file.stat().st_mtime_ns
    kernelspec.install(spec, "x", tmp_path)
    assert file.stat().st_mtime_ns == before
    assert json.loads(file.read_text()) == spec


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "with space"])
def test_a_name_that_would_leave_the_folder_is_refused(name, tmp_path, capsys):
    assert main(["install", "--data-dir", str(tmp_path / "in"), "--name", name]) == 2
    assert "is not a kernel name" in capsys.readouterr().err
    assert list(tmp_path.rglob("kernel.json")) == [
        tmp_path / "jupyter" / "kernels" / "forked" / "kernel.json"
    ]


def test_where_kernels_cannot_be_forked_the_same_spec_starts_a_process(monkeypatch):
    monkeypatch.setenv("FORKSERVER_KERNEL", "0")
    forkserver_kernel.available.cache_clear()
    try:
        assert not forkserver_kernel.available()

        async def run():
            async with kernel() as (manager, channel):
                assert manager.provisioner.process.__class__.__name__ == "Popen"
                return await evaluate(channel, "print('runs')")

        assert sync(run()) == "runs"
    finally:
        monkeypatch.undo()
        forkserver_kernel.available.cache_clear()


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems_are_told_apart(system, monkeypatch):
    monkeypatch.setattr(sys, "platform", system)
    forkserver_kernel.available.cache_clear()
    assert not forkserver_kernel.available()
    monkeypatch.undo()
    forkserver_kernel.available.cache_clear()


def test_status_says_in_words_whether_kernels_are_forked(capsys):
    assert main(["status"]) == 0
    assert "here" in capsys.readouterr().out
