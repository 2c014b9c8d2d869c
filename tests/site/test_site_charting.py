"""The charting library is one committed file, made by a recipe that gives the same bytes again."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess

import pytest

from peelbook.site.page_frame import STATIC
from peelbook.util.files import sha256


@pytest.fixture(scope="module")
def recipe(root):
    return root / "web"


@pytest.fixture(scope="module")
def record(recipe) -> dict:
    return json.loads((recipe / "charting.json").read_text(encoding="utf-8"))


def test_the_bundle_is_the_one_that_was_recorded(record):
    assert sha256(STATIC / record["file"]) == record["sha256"]


def test_the_bundle_is_small_evaluates_no_text_and_holds_its_licence(record):
    bundle = (STATIC / record["file"]).read_bytes()
    assert len(gzip.compress(bundle, mtime=0)) < 120_000
    text = bundle.decode()
    assert "eval(" not in text
    assert "new Function" not in text
    assert "Copyright" in text
    assert "Permission to use, copy, modify" in text
    for package in record["packages"]:
        assert f"{package['name']} {package['version']}" in text
        assert package["licence"] == "ISC"


def test_the_record_is_of_the_locked_packages(recipe, record):
    lock = json.loads((recipe / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for package in record["packages"]:
        locked = lock[f"node_modules/{package['name']}"]
        assert (package["version"], package["integrity"]) == (locked["version"], locked["integrity"])


@pytest.mark.slow
def test_the_recipe_makes_the_same_bundle_again(recipe, record, tmp_path):
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("no node here: the bundle was not made again")
    for name in ("package.json", "package-lock.json", "entry.mjs", "build.mjs"):
        shutil.copy(recipe / name, tmp_path)
    install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(install, cwd=tmp_path, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"`npm ci` failed, so the bundle was not made again: {done.stderr.strip()[-200:]}")
    (tmp_path / "out").mkdir()
    subprocess.run([node, "build.mjs", str(tmp_path / "out")], cwd=tmp_path, check=True)
    assert sha256(tmp_path / "out" / record["file"]) == record["sha256"]
