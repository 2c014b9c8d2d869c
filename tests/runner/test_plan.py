"""What re-runs, and why: the cache key counts facts and nothing else."""

from __future__ import annotations

import ast
import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from runner_helpers import code, prose

import peelbook
from peelbook.errors import DataPackageError, MissingTableError, UnknownForceError
from peelbook.runner import inputs, plan
from peelbook.runner.cache import Cache
from peelbook.runner.errors import UsageError

ALL = {f"{force}/{stem}" for force in ("metropolitan", "kent") for stem in ("alpha", "beta", "gamma")}


@pytest.fixture
def done(book):
    """A book whose notebooks all count as run, without a kernel."""

    def finish():
        known = plan.read_forces(book.workspace)
        made = plan.make(book.workspace, [known["metropolitan"], known["kent"]], book.sections)
        cache = Cache(book.workspace.cache)
        for step in made.steps:
            cache.write(step.key, b"{}\n", 1.0)
            cache.write_head(step.section.stem, step.force.slug, step.key, step.parts, 1.0)

    finish()
    return book


def changed(book) -> dict[str, str]:
    return {place: reason for place, reason in book.reasons().items() if reason != plan.UP_TO_DATE}


def test_everything_is_new_at_first_and_nothing_after_a_run(book):
    assert book.reasons() == dict.fromkeys(ALL, plan.NEW)
    assert book.ran() == ALL
    assert book.reasons() == dict.fromkeys(ALL, plan.UP_TO_DATE)
    assert book.ran() == set()


def test_changing_one_table_runs_only_the_sections_that_declare_it(done):
    done.table("population", "force_code,population_count\nE23000001,101\nE23000032,50\n")
    assert changed(done) == {
        f"{force}/{stem}": plan.DATA for force in ("metropolitan", "kent") for stem in ("beta", "gamma")
    }


def test_one_force_s_row_runs_the_section_for_every_force_since_averages_use_all_rows(done):
    done.table("workforce", "force_code,headcount\nE23000001,10\nE23000032,6\n")
    assert changed(done) == {
        f"{force}/{stem}": plan.DATA for force in ("metropolitan", "kent") for stem in ("alpha", "beta")
    }


@pytest.mark.parametrize("name", ["forces.csv", "gaps.csv"])
def test_names_of_forces_and_recorded_gaps_are_part_of_every_section(done, name):
    path = done.workspace.data / name
    path.write_text(path.read_text() + "\n")
    assert changed(done) == dict.fromkeys(ALL, plan.DATA)


def test_a_table_s_entry_in_the_data_package_counts_only_where_it_is_declared(done):
    path = done.workspace.data / "datapackage.json"
    package = json.loads(path.read_text())
    package["resources"][1]["title"] = "Another title"  # population
    path.write_text(json.dumps(package))
    assert set(changed(done)) == {place for place in ALL if not place.endswith("alpha")}


def test_the_order_and_layout_of_the_data_package_do_not_count(done):
    path = done.workspace.data / "datapackage.json"
    package = json.loads(path.read_text())
    path.write_text(json.dumps(dict(reversed(package.items())), indent=4))
    assert changed(done) == {}


def test_changing_the_prose_of_one_notebook_runs_only_that_notebook(done):
    done.put("beta", prose("A comment."))
    assert changed(done) == {"metropolitan/beta": plan.CODE, "kent/beta": plan.CODE}


def test_changing_a_tag_counts_as_a_change_of_the_notebook(done):
    path = done.workspace.notebook("beta")
    content = json.loads(path.read_bytes())
    content["cells"][3]["metadata"] = {"tags": ["hide-input"]}
    path.write_text(json.dumps(content))
    assert set(changed(done)) == {"metropolitan/beta", "kent/beta"}


def test_touching_every_file_runs_nothing(done):
    for path in [*done.workspace.data.iterdir(), *done.workspace.notebooks.iterdir()]:
        path.write_bytes(path.read_bytes())
        os.utime(path, (1, 1))
    assert changed(done) == {}


def test_outputs_in_a_committed_notebook_do_not_count(done):
    path = done.workspace.notebook("beta")
    content = json.loads(path.read_bytes())
    content["cells"][3]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["old\n"]}]
    content["cells"][3]["execution_count"] = 9
    path.write_text(json.dumps(content, indent=1))
    assert changed(done) == {}


def test_a_cell_about_one_force_s_report_runs_only_that_force(done):
    done.put("beta", code("1", "report-E23000001"))
    assert set(changed(done)) == {"metropolitan/beta"}


def test_another_lock_file_is_another_environment(done):
    done.workspace.lock_file.write_text("pandas==3.1.2\n")
    assert changed(done) == dict.fromkeys(ALL, plan.ENVIRONMENT)


def test_line_ends_do_not_count(done):
    for path in [done.workspace.lock_file]:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert changed(done) == {}


def test_another_period_is_a_change_of_parameters(done):
    known = plan.read_forces(done.workspace)
    made = plan.make(done.workspace, [known["kent"]], done.sections, period="2022-03-31")
    assert {step.reason for step in made.steps} == {plan.PARAMETERS}
    assert {step.detail for step in made.steps} == {"period"}


def test_a_change_that_is_taken_back_runs_nothing(done):
    path = done.workspace.data / "workforce.csv"
    before = path.read_bytes()
    path.write_bytes(before + b"E23000028,3\n")
    assert changed(done)
    path.write_bytes(before)
    assert changed(done) == {}


def test_a_damaged_entry_is_told_apart_from_a_lost_one(done):
    cache, head = Cache(done.workspace.cache), None
    head = cache.head("alpha", "kent")
    path = cache.entry_path(head["key"])
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(bytes(content))
    assert changed(done) == {"kent/alpha": plan.DAMAGED}
    path.unlink()
    assert changed(done) == {"kent/alpha": plan.LOST}


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"no json\n{}", b'{"sha256": 1}\n{}'])
def test_an_entry_of_any_other_content_is_damaged(done, content):
    head = Cache(done.workspace.cache).head("alpha", "kent")
    Cache(done.workspace.cache).entry_path(head["key"]).write_bytes(content)
    assert changed(done) == {"kent/alpha": plan.DAMAGED}


def test_an_entry_under_another_s_name_is_damaged(done):
    cache = Cache(done.workspace.cache)
    alpha, beta = (cache.head(stem, "kent")["key"] for stem in ("alpha", "beta"))
    shutil.copy(cache.entry_path(alpha), cache.entry_path(beta))
    assert changed(done) == {"kent/beta": plan.DAMAGED}


def test_a_clock_set_back_changes_nothing(done, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert changed(done) == {}


def test_the_package_s_source_counts(done, monkeypatch, tmp_path):
    copy = tmp_path / "package"
    (copy / "runner").mkdir(parents=True)
    (copy / "section.py").write_text("x = 1\n")
    (copy / "runner" / "serve.py").write_text("y = 1\n")
    before = inputs.package_digest(copy)
    (copy / "runner" / "serve.py").write_text("y = 2\n")
    assert inputs.package_digest(copy) == before, "what no notebook can reach does not count"
    (copy / "section.py").write_text("x = 2\n")
    assert inputs.package_digest(copy) != before


def test_source_left_out_of_the_key_is_out_of_reach_for_notebooks():
    """No module that counts may import one that does not, however deep in a function."""
    root = Path(peelbook.__file__).parent
    files = {path.relative_to(root).as_posix() for path in root.rglob("*.py")}
    outside = {name for name in files if name.startswith(inputs.OUTSIDE)}
    unknown = [entry for entry in inputs.OUTSIDE if not any(name.startswith(entry) for name in files)]
    assert unknown == ["_project/"]  # which only a wheel has
    # The worker compares the hash of its own source with the parent's; notebooks do not import it.
    excused = {"runner/worker.py imports peelbook.runner.inputs"}
    wrong = []
    for name in sorted(files - outside):
        for node in ast.walk(ast.parse((root / name).read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "peelbook":
                modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            for module in modules:
                path = module.removeprefix("peelbook").strip(".").replace(".", "/")
                if f"{path}.py" in outside or f"{path}/__init__.py" in outside:
                    wrong.append(f"{name} imports {module}")
    assert set(wrong) <= excused


def test_the_plan_says_what_changed_in_words(done):
    done.table("workforce", "force_code,headcount\nE23000001,11\n")
    done.put("alpha", prose("more"))
    known = plan.read_forces(done.workspace)
    step = plan.make(done.workspace, [known["kent"]], done.sections).steps[0]
    assert (step.reason, step.detail) == (plan.CODE, "the notebook; workforce.csv")


def test_an_unknown_force_or_section_is_named(book):
    with pytest.raises(UnknownForceError, match="kent"):
        book.run(forces=["knet"])


def test_a_missing_notebook_is_named(book):
    book.workspace.notebook("beta").unlink()
    with pytest.raises(MissingTableError, match=r"beta\.ipynb"):
        book.reasons()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"resources": 1}', "no json"])
def test_a_broken_data_package_is_one_clear_error(book, text):
    (book.workspace.data / "datapackage.json").write_text(text)
    with pytest.raises(DataPackageError, match=r"datapackage\.json"):
        book.reasons()


@pytest.mark.parametrize("path", ["../secret.csv", "/etc/passwd", "a/../../b.csv", "c:x.csv", "a\\b.csv", ""])
def test_a_data_package_cannot_name_files_outside_its_folder(book, path):
    file = book.workspace.data / "datapackage.json"
    package = json.loads(file.read_text())
    package["resources"][0]["path"] = path
    file.write_text(json.dumps(package))
    with pytest.raises(DataPackageError, match="leaves the data folder"):
        book.reasons()


@pytest.mark.parametrize("period", ["2023", "31.3.2023", "2023-02-30", "", "20230331"])
def test_a_period_that_is_no_day_is_refused(book, period):
    with pytest.raises(UsageError, match="YYYY-MM-DD"):
        book.run(period=period)


YEARS = "".join(f"E23000032,{year}-03-31,{year}\n" for year in (2011, 2012, 2014, 2015))


def test_a_period_that_no_table_has_is_refused_with_those_there_are(book):
    book.table("workforce", "force_code,period_end,headcount\n" + YEARS + "E23000032,2014-06-30,5\n")
    with pytest.raises(UsageError) as caught:
        book.run(period="2031-03-31")
    assert str(caught.value) == (
        "No table has a period that ends on 2031-03-31. Fix: use one of 2011 to 2012 and 2014 to 2015 with -03-31; "
        "2014 with -06-30; or latest for the newest of each figure."
    )
    assert not book.workspace.base.exists() or not list(book.workspace.cache.glob("*")), "nothing ran"
    assert {result.status for result in book.run(period="2014-06-30")} == {"ok"}


def test_a_year_that_only_a_users_own_table_has_is_known(book, tmp_path):
    book.table("workforce", "force_code,period_end,headcount\n" + YEARS)
    own = tmp_path / "own"
    own.mkdir()
    (own / "workforce.csv").write_text("force_code,period_end,headcount\nE23000032,2026-03-31,9\n")
    known = plan.read_forces(book.workspace)
    over = replace(book.workspace, overlay=own)
    assert plan.make(over, [known["kent"]], book.sections[:1], period="2026-03-31").steps
    with pytest.raises(UsageError, match="No table has a period"):
        plan.make(book.workspace, [known["kent"]], book.sections[:1], period="2026-03-31")


def test_the_latest_period_is_the_newest_year_of_each_figure(book):
    known = plan.read_forces(book.workspace)
    (step,) = plan.make(book.workspace, [known["kent"]], book.sections[:1], period="latest").steps
    assert step.parameters["period"] == ""


def test_planning_writes_nothing(book):
    book.reasons()
    assert not book.workspace.base.exists()


def test_old_entries_are_pruned_and_living_ones_kept(done):
    cache = Cache(done.workspace.cache)
    cache.write("0" * 64, b"old", 1.0)
    (done.workspace.cache / "entries" / ".x.part").write_bytes(b"half")
    assert cache.prune()[0] == 2
    assert changed(done) == {}


def test_whose_report_is_entered_is_read_from_the_ledger_and_the_user_s_own(book):
    (own,) = [inputs.read(book.workspace, section) for section in book.sections[:1]]
    files = {"claims.csv": b"claim_id,force_code,value,label\na,E23000001,1,\nc,E23000002,,\n"}
    overlay = {"claims.csv": b"\xef\xbb\xbfclaim_id,force_code,value,label\nb,E23000032,,good\n"}
    assert inputs.reported(replace(own, files=files, overlay=overlay)) == {"E23000001", "E23000032"}
    assert inputs.reported(replace(own, files={}, overlay={})) == frozenset()
