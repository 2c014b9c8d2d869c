"""A run: what is done stays done, what fails is named, and nothing of one user's data reaches another."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from dataclasses import replace

import pytest
from PIL import Image
from runner_helpers import FORCES, Inline, cells, code, printed, prose, section_notebook

from peelbook.errors import ParameterError
from peelbook.runner import engine, execute
from peelbook.runner.cache import Cache, DamagedEntryError
from peelbook.runner.errors import UsageError
from peelbook.runner.progress import Lines

UNDECLARED = """
from peelbook.catalogue import Catalogue
Catalogue(declared={"workforce"}).table("population")
"""


def test_results_come_in_the_order_asked_for_with_everything_the_site_needs(book):
    results = book.run(forces=["kent", "metropolitan"])
    assert [(r.force_slug, r.section) for r in results] == [
        (force, stem) for force in ("kent", "metropolitan") for stem in ("alpha", "beta", "gamma")
    ]
    for result in results:
        assert result.status == "ok"
        assert result.error is None
        assert result.seconds > 0
        assert printed(result).startswith(result.force_slug)
    again = book.run(forces=["kent", "metropolitan"])
    assert [r.status for r in again] == ["cached"] * 6
    assert [(r.key, r.digest, r.notebook) for r in again] == [(r.key, r.digest, r.notebook) for r in results]
    assert again[0].seconds == pytest.approx(results[0].seconds, abs=0.001)


@pytest.mark.usefixtures("no_kernel")
def test_a_section_finds_its_declared_tables_and_no_others(book):
    alpha, _, gamma = book.run(forces=["kent"])
    always = ["datapackage.json", "forces.csv", "gaps.csv"]
    assert printed(alpha).split(" ", 1)[1].strip() == str([*always, "workforce.csv"])
    assert printed(gamma).split(" ", 1)[1].strip() == str(
        ["datapackage.json", "forces.csv", "gaps.csv", "population.csv"]
    )


@pytest.mark.usefixtures("no_kernel")
def test_the_data_package_a_notebook_sees_names_no_undeclared_table(book):
    book.put(
        "alpha",
        code(
            "import json\nprint([r['name'] for r in json.loads((folder / 'datapackage.json').read_text())['resources']])"
        ),
    )
    assert printed(book.run(forces=["kent"], sections=book.sections[:1])[0]).endswith(
        "['workforce', 'gaps']\n"
    )


def test_an_undeclared_read_is_an_error_and_not_a_page(book):
    book.put("alpha", code(UNDECLARED))
    (result,) = book.run(forces=["kent"], sections=book.sections[:1])
    assert result.status == "failed"
    assert "UndeclaredReadError" in result.error.message
    assert "sections.toml" in result.error.message


@pytest.mark.usefixtures("no_kernel")
def test_a_failing_notebook_is_named_and_the_others_go_on(book):
    book.put("beta", prose("x"), code("if force == 'kent':\n    raise ValueError('no figure')"))
    results = {f"{r.force_slug}/{r.section}": r for r in book.run()}
    failed = results.pop("kent/beta")
    assert {r.status for r in results.values()} == {"ok"}
    assert failed.status == "failed"
    assert failed.notebook is None
    error = failed.error
    assert (error.kind, error.force, error.section, error.cell) == ("error", "kent", "beta", 6)
    assert str(error) == "kent, beta, cell 6 (if force == 'kent':): ValueError: no figure"
    assert book.ran() == set(), "what failed is tried again, what ran is not"
    assert book.statuses()["kent/beta"] == "failed"


@pytest.mark.usefixtures("no_kernel")
def test_fail_fast_stops_and_says_what_was_left_out(book):
    book.put("alpha", code("1 / 0"))
    results = book.run(keep_going=False)
    assert "failed" in {r.status for r in results}
    assert len(results) < 6


@pytest.mark.usefixtures("no_kernel")
def test_a_failure_leaves_no_stale_page_behind(book):
    first = book.run(forces=["kent"], sections=book.sections[:1])[0]
    book.put("alpha", code("1 / 0"))
    second = book.run(forces=["kent"], sections=book.sections[:1])[0]
    assert first.notebook is not None
    assert (second.status, second.notebook) == ("failed", None)


@pytest.mark.usefixtures("no_kernel")
def test_a_damaged_entry_is_made_again_and_one_damaged_later_is_found(book):
    result = book.run(forces=["kent"], sections=book.sections[:1])[0]
    before = result.path.read_bytes()
    result.path.write_bytes(before[:-10])
    with pytest.raises(DamagedEntryError, match="run again"):
        _ = result.notebook
    again = book.run(forces=["kent"], sections=book.sections[:1])[0]
    assert (again.status, again.reason) == ("ok", "cache entry damaged")
    assert again.notebook == before.partition(b"\n")[2]


def test_running_again_gives_the_same_bytes(book):
    first = [r.notebook for r in book.run()]
    second = book.run(again=True)
    assert {r.status for r in second} == {"ok"}
    assert [r.notebook for r in second] == first


@pytest.mark.usefixtures("no_kernel")
def test_the_period_reaches_the_notebook(book):
    book.put("alpha", code("print(period)"))
    (result,) = book.run(forces=["kent"], sections=book.sections[:1], period="2021-03-31")
    assert printed(result).endswith("2021-03-31\n")


@pytest.mark.usefixtures("no_kernel")
def test_the_force_of_the_committed_notebooks_gets_them_without_an_injected_cell(book):
    for force, expected in (("metropolitan", 0), ("kent", 1)):
        (result,) = book.run(forces=[force], sections=book.sections[:1])
        tags = [tag for cell in cells(result) for tag in cell["metadata"].get("tags", [])]
        assert tags.count("injected-parameters") == expected


@pytest.mark.usefixtures("no_kernel")
def test_in_place_writes_the_notebooks_back_and_a_second_time_nothing(book):
    options = engine.Options(executor=Inline())
    results, written = engine.run_in_place("MPS", book.sections, workspace=book.workspace, options=options)
    assert sorted(written) == ["alpha.ipynb", "beta.ipynb", "gamma.ipynb"]
    for result in results:
        path = book.workspace.notebook(result.section)
        assert path.read_bytes() == result.notebook
        committed = json.loads(path.read_bytes())
        assert [c["execution_count"] for c in committed["cells"] if c["cell_type"] == "code"] == [1, 2, 3]
    again, written = engine.run_in_place("MPS", book.sections, workspace=book.workspace, options=options)
    assert ({r.status for r in again}, written) == ({"cached"}, [])


@pytest.mark.usefixtures("no_kernel")
def test_in_place_is_refused_for_another_force(book):
    with pytest.raises(UsageError, match="never committed"):
        engine.run_in_place("kent", book.sections, workspace=book.workspace)


@pytest.mark.usefixtures("no_kernel")
def test_in_place_writes_nothing_when_one_notebook_fails(book):
    book.put("gamma", code("1 / 0"))
    before = {path: path.read_bytes() for path in book.workspace.notebooks.iterdir()}
    options = engine.Options(executor=Inline())
    _, written = engine.run_in_place("metropolitan", book.sections, workspace=book.workspace, options=options)
    assert written == []
    assert {path: path.read_bytes() for path in book.workspace.notebooks.iterdir()} == before


@pytest.mark.usefixtures("no_kernel")
def test_a_user_s_own_data_stays_out_of_the_shared_cache_and_of_other_pages(book, tmp_path):
    shared = book.run(forces=["kent"])
    own = tmp_path / "own"
    own.mkdir()
    (own / "workforce.csv").write_text("force_code,headcount\nE23000032,777777\n")
    (own / "notes.txt").write_text("not a table")
    private = replace(book, workspace=replace(book.workspace, overlay=own, base=own / ".peelbook"))
    private.put(
        "alpha",
        code(
            "import os\nlisting = pathlib.Path(os.environ['PEELBOOK_OVERLAY'])\nprint(sorted(p.name for p in listing.iterdir()), (listing / 'workforce.csv').read_text())"
        ),
    )
    before = sorted(path for path in book.workspace.base.rglob("*") if path.is_file())
    (alpha,) = private.run(forces=["kent"], sections=book.sections[:1])
    assert "777777" in printed(alpha)
    assert "['workforce.csv']" in printed(alpha)
    assert own in alpha.path.parents
    assert sorted(path for path in book.workspace.base.rglob("*") if path.is_file()) == before
    assert not any(
        b"777777" in path.read_bytes() for path in book.workspace.base.rglob("*") if path.is_file()
    )
    assert [r.status for r in book.run(forces=["kent"], sections=book.sections[1:])] == ["cached", "cached"]
    assert shared[0].key != alpha.key


@pytest.mark.usefixtures("no_kernel")
def test_a_user_s_own_area_is_known_to_the_run(book, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "forces.csv").write_text(FORCES + "X01,north-area,North Area,North,,,Kent,1,1\n")
    private = replace(book, workspace=replace(book.workspace, overlay=own, base=own / ".peelbook"))
    (result,) = private.run(forces=["North Area"], sections=book.sections[:1])
    assert printed(result).startswith("north-area")


@pytest.mark.usefixtures("no_kernel")
def test_progress_in_plain_lines_names_rate_time_left_and_failures(book):
    book.put("beta", code("1 / 0"))
    lines: list[str] = []
    book.run(forces=["kent"], progress=Lines(lines.append))
    assert lines[0] == "3 to run, 0 up to date"
    assert len(lines) == 4
    assert sum("/s," in line and "left)" in line for line in lines) == 2
    (failed,) = [line for line in lines if "failed" in line]
    assert "kent, beta, cell 5 (1 / 0): ZeroDivisionError" in failed


@pytest.mark.usefixtures("no_kernel")
def test_notebooks_are_written_out_for_a_person(book, tmp_path):
    results = book.run(forces=["kent"])
    assert engine.write_notebooks(results, tmp_path / "out") == 3
    assert engine.write_notebooks(results, tmp_path / "out") == 0
    assert (tmp_path / "out" / "kent" / "alpha.ipynb").read_bytes() == results[0].notebook


@pytest.mark.usefixtures("no_kernel")
def test_a_faulty_notebook_stops_the_run_before_any_kernel(book):
    (book.workspace.notebooks / "gamma.ipynb").write_bytes(
        section_notebook("gamma").replace(b"parameters", b"paramters")
    )
    with pytest.raises(ParameterError, match=r"gamma\.ipynb"):
        book.run()
    assert not Cache(book.workspace.cache).folder.exists()


@pytest.mark.usefixtures("no_kernel")
def test_nothing_but_the_cache_is_left_of_a_run(book):
    book.run(forces=["kent"])
    assert sorted(path.name for path in book.workspace.base.iterdir()) == ["cache", "lock"]


def image_with_the_text(word: str) -> str:
    """A whole PNG image in whose base64 form a word stands by chance, as it does in one of five hundred charts."""
    drawn = io.BytesIO()
    Image.new("1", (1, 1)).save(drawn, "PNG")
    head, rest = drawn.getvalue()[:33], drawn.getvalue()[33:]
    for pad in range(3):
        body = b"prVt" + bytes(pad) + base64.b64decode(word)
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        encoded = base64.b64encode(head + chunk + rest).decode()
        if word in encoded:
            execute.check_image(encoded)
            return encoded
    raise AssertionError(word)


def test_what_a_notebook_without_own_data_says_and_draws_is_not_rewritten(book):
    png = image_with_the_text("None")
    book.put(
        "alpha",
        code("print(None)"),
        code(f"from IPython.display import display\ndisplay({{'image/png': {png!r}}}, raw=True)"),
    )
    (result,) = book.run(["kent"], [book.sections[0]])
    assert "None\n" in printed(result)
    assert png in json.dumps(cells(result))
