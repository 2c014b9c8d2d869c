"""Every image that is published can be opened: decoded to its last byte, wherever it stands.

The gate builds the book before its tests run, and all that it has built is decoded here, as are the committed
notebooks. A site of all forces is decoded where `PEELBOOK_BUILT_SITE` names its folder, as the workflow that
publishes it does.
"""

from __future__ import annotations

import base64
import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
KINDS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico")
BUILT = [ROOT / "_build" / "html", *filter(None, [os.environ.get("PEELBOOK_BUILT_SITE")])]


def images(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Each image of a folder with where it stands: files, and those inside notebooks and archives."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix.lower() in KINDS:
            yield name, path.read_bytes()
        elif path.suffix == ".ipynb":
            yield from ((f"{name} {at}", image) for at, image in of_notebook(path.read_bytes()))
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for item in archive.namelist():
                    if item.lower().endswith(KINDS):
                        yield f"{name} {item}", archive.read(item)


def of_notebook(content: bytes) -> Iterator[tuple[str, bytes]]:
    for number, cell in enumerate(json.loads(content)["cells"], start=1):
        for output in cell.get("outputs", []):
            for kind, data in output.get("data", {}).items():
                if kind.startswith("image/") and "svg" not in kind:
                    yield f"cell {number}", base64.b64decode("".join(data), validate=True)


def undecodable(folder: Path) -> tuple[int, list[str]]:
    """How many images a folder holds, and those that cannot be decoded."""
    count, bad = 0, []
    for name, content in images(folder):
        count += 1
        try:
            with Image.open(io.BytesIO(content)) as image:
                image.load()
        except Exception as error:
            bad.append(f"{name}: {error}")
    return count, bad


@pytest.mark.parametrize("folder", BUILT, ids=lambda folder: Path(folder).name)
def test_every_image_of_what_was_built_can_be_decoded(folder):
    if not Path(folder).is_dir():
        pytest.skip("not built here")
    count, bad = undecodable(Path(folder))
    assert count > 50
    assert bad == []


def test_every_image_of_the_committed_notebooks_can_be_decoded():
    for name in ("notebooks", "book"):
        count, bad = undecodable(ROOT / name)
        assert count, name
        assert bad == []


def test_a_damaged_image_is_found(tmp_path):
    drawn = io.BytesIO()
    Image.new("RGB", (40, 40), "white").save(drawn, "PNG")
    whole = drawn.getvalue()
    (tmp_path / "whole.png").write_bytes(whole)
    (tmp_path / "cut.png").write_bytes(whole[:-20])
    (tmp_path / "changed.png").write_bytes(whole.replace(b"IDAT", b"IDAX"))
    count, bad = undecodable(tmp_path)
    assert count == 3
    assert sorted(text.split(":")[0] for text in bad) == ["changed.png", "cut.png"]
