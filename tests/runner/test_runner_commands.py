"""The command line: every option does what its help says, and errors are one line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import types
from dataclasses import replace

import pytest
import typer
from runner_helpers import Inline, code
from typer.testing import CliRunner

import peelbook.site
from peelbook import measures, paths
from peelbook.cli import run as commands
from peelbook.errors import PeelbookError
from peelbook.runner import engine
from peelbook.runner import plan as planning
from peelbook.runner.workspace import Workspace

pytestmark = pytest.mark.usefixtures("no_kernel")

RUNNER = CliRunner()


@pytest.fixture
def cli(book, monkeypatch):
    """The commands, on the small book, run in this process."""

    original = Workspace.default

    def default(overlay=None):
        if overlay is None:
            return book.workspace
        real = original(overlay)
        return Workspace(
            book.workspace.notebooks, book.workspace.data, real.base, book.workspace.lock_file, real.overlay
        )

    monkeypatch.setattr(Workspace, "default", staticmethod(default))
    stems = {section.stem: section for section in book.sections}

    def resolve(sections):
        from peelbook.errors import UnknownSectionError

        chosen = list(stems) if sections is None else [getattr(item, "stem", item) for item in sections]
        unknown = [stem for stem in chosen if stem not in stems]
        if unknown:
            raise UnknownSectionError(f"Unknown section {unknown[0]!r}.")
        return [stems[stem] for stem in stems if stem in chosen]

    monkeypatch.setattr(engine, "resolve_sections", resolve)
    seen: dict = {}

    original_options = engine.Options

    def recorded(*values):
        options = original_options(*values)
        seen.update(options.__dict__)
        return replace(options, executor=Inline(), scheduler=None)

    monkeypatch.setattr(engine, "Options", recorded)

    def call(*arguments: str, code: int = 0):
        outcome = RUNNER.invoke(commands.app, [str(item) for item in arguments])
        if isinstance(outcome.exception, PeelbookError):
            assert code == 2, outcome.exception
            return str(outcome.exception)
        assert outcome.exit_code == code, (outcome.output, outcome.exception)
        return outcome

    call.options = seen
    return call


def test_list_shows_forces_with_their_names_and_sections(cli):
    assert "kent" in cli("list").stdout
    assert "MPS" in cli("list", "forces").stdout
    (first, *_) = json.loads(cli("list", "forces", "--json").stdout)["forces"]
    assert (first["force"], first["code"]) == ("essex", "E23000028")
    assert "police_powers" in cli("list", "sections").stdout
    assert len(json.loads(cli("list", "sections", "--json").stdout)["sections"]) == 10


def test_list_shows_measures_with_unit_tables_breakdowns_and_the_sections_that_can_compute_them(cli):
    rows = {row["measure"]: row for row in json.loads(cli("list", "measures", "--json").stdout)["measures"]}
    assert list(rows) == list(measures.registry())
    assert rows["find_rate"] == {
        "measure": "find_rate",
        "title": "Find rate of stop and search",
        "unit": "%",
        "by": [],
        "tables": ["stop_search_outcomes"],
        "sections": ["police_powers"],
    }
    assert {"victim_service", "responding_to_the_public"} < set(rows["recorded_crime_rate"]["sections"])
    lines = cli("list", "measures").stdout.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("disparity_ratio "))
    assert [line.split(maxsplit=1) for line in lines[start + 1 : start + 5]] == [
        ["unit", "times the rate for White people"],
        ["tables", "stop_search_ethnicity, population_ethnicity"],
        ["by", "ethnicity"],
        ["sections", "police_powers"],
    ]
    assert (
        "none declares these tables"
        in lines[lines.index(next(x for x in lines if "incidents_rate" in x)) + 3]
    )


def test_plan_says_what_would_run_and_why_and_runs_nothing(cli, book):
    assert "3 of 3 notebooks would run: 3 new." in cli("plan", "--force", "MPS").stdout
    assert not book.workspace.base.exists()
    cli("run", "-f", "kent", "-s", "alpha")
    book.table("population", "changed\n")
    steps = json.loads(cli("plan", "--all", "--json").stdout)["steps"]
    reasons = {f"{step['force']}/{step['section']}": step["reason"] for step in steps}
    assert reasons["kent/alpha"] == planning.UP_TO_DATE
    assert reasons["essex/beta"] == planning.NEW
    assert len(steps) == 9


def test_force_and_section_are_repeatable_and_take_any_name(cli):
    outcome = cli(
        "run",
        "--force",
        "Kent Police",
        "--force",
        "E23000028",
        "--section",
        "alpha",
        "--section",
        "gamma",
        "--json",
    )
    places = [(item["force"], item["section"]) for item in json.loads(outcome.stdout)["results"]]
    assert places == [("kent", "alpha"), ("kent", "gamma"), ("essex", "alpha"), ("essex", "gamma")]


def test_run_tells_what_it_did_and_a_second_time_that_nothing_was_to_do(cli):
    assert "3 run, 0 up to date, 0 failed." in cli("run", "--force", "kent").stdout
    assert "0 run, 3 up to date, 0 failed." in cli("run", "--force", "kent").stdout
    assert "3 run, 0 up to date, 0 failed." in cli("run", "--force", "kent", "--again").stdout


def test_a_failure_is_named_on_stderr_and_the_status_is_1(cli, book):
    book.put("beta", code("1 / 0"))
    outcome = cli("run", "--force", "kent", code=1)
    assert "kent, beta, cell 5 (1 / 0): ZeroDivisionError: division by zero" in outcome.stderr
    assert "2 run, 0 up to date, 1 failed." in outcome.stdout
    body = json.loads(cli("run", "--force", "kent", "--json", code=1).stdout)
    assert (body["cached"], body["failed"]) == (2, 1)
    (failed,) = [item for item in body["results"] if item["status"] == "failed"]
    assert failed["error"]["cell"] == 5


def test_fail_fast_leaves_the_rest_and_keep_going_does_not(cli, book):
    for stem in ("alpha", "beta", "gamma"):
        book.put(stem, code("1 / 0"))
    assert json.loads(cli("run", "--all", "--fail-fast", "--json", code=1).stdout)["not_run"] > 0
    assert json.loads(cli("run", "--all", "--keep-going", "--json", code=1).stdout)["failed"] == 9


def test_a_dry_run_of_run_and_build_is_a_plan(cli, book):
    for verb in ("run", "build"):
        assert "3 of 3 notebooks would run" in cli(verb, "--force", "kent", "--dry-run").stdout
    assert not book.workspace.base.exists()


def test_jobs_scheduler_kernel_and_timeout_reach_the_runner(cli):
    cli(
        "run",
        "-f",
        "kent",
        "-j",
        "3",
        "--scheduler",
        "tcp://x:1",
        "--kernel",
        "python3",
        "--cell-timeout",
        "7",
        "-s",
        "alpha",
    )
    assert {
        name: cli.options[name] for name in ("jobs", "scheduler", "kernel", "cell_timeout", "keep_going")
    } == {
        "jobs": 3,
        "scheduler": "tcp://x:1",
        "kernel": "python3",
        "cell_timeout": 7,
        "keep_going": True,
    }


def test_period_reaches_the_notebook(cli, book, tmp_path):
    book.put("alpha", code("print(period)"))
    cli("run", "-f", "kent", "-s", "alpha", "--period", "2020-03-31", "--out", tmp_path / "out")
    assert "2020-03-31\\n" in (tmp_path / "out" / "kent" / "alpha.ipynb").read_text()
    assert "YYYY-MM-DD" in cli("run", "-f", "kent", "--period", "2020", code=2)


OWN = (
    "force_code,period_end,sex,rank,worker_type,headcount,fte\n"
    "E23000032,2023-03-31,Female,Constable,Police Officer,1,1.0\n"
)


@pytest.mark.parametrize("command", ["plan", "run", "build"])
def test_all_faults_of_own_tables_are_told_before_anything_runs(cli, book, tmp_path, command):
    own = tmp_path / "own"
    own.mkdir()
    (own / "workforce.csv").write_text(OWN.replace(",1,", ",one,").replace("Female", "Fem"))
    (own / "populaton.csv").write_text("force_code\nE23000032\n")
    outcome = cli(command, "-f", "kent", "-s", "alpha", "--data", own, code=2)
    assert "'one': not a whole number" in outcome
    assert "'Fem': not one of" in outcome
    assert "call it population.csv" in outcome
    assert sorted(path.name for path in own.iterdir()) == ["populaton.csv", "workforce.csv"]


def test_own_tables_of_another_force_run_nothing(cli, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "workforce.csv").write_text(OWN)
    outcome = cli("build", "-f", "essex", "--data", own, code=2)
    assert "a row of Kent Police, but this folder is for Essex Police" in outcome
    assert not (own / "_site").exists()


def test_data_is_laid_over_in_its_own_cache(cli, book, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "workforce.csv").write_text(OWN)
    cli("run", "-f", "kent", "-s", "alpha", "--data", own)
    assert (own / ".peelbook" / "cache").is_dir()
    assert not book.workspace.base.exists()


def test_hiding_small_numbers_is_part_of_the_key_and_reaches_the_kernel(cli, book, tmp_path, monkeypatch):
    monkeypatch.setenv("PEELBOOK_SUPPRESS_BELOW", "")  # put back afterwards
    own = tmp_path / "own"
    own.mkdir()
    (own / "workforce.csv").write_text(OWN)
    book.put(
        "alpha",
        code(
            "own = pathlib.Path(os.environ['PEELBOOK_OVERLAY'])\nprint((own / 'suppress_below.txt').read_text())"
        ),
    )
    cli("run", "-f", "kent", "-s", "alpha", "--data", own, "--suppress-below", "7", "--out", tmp_path / "out")
    assert '"7\\n' in (tmp_path / "out" / "kent" / "alpha.ipynb").read_text()
    (step,) = json.loads(
        cli("plan", "-f", "kent", "-s", "alpha", "--data", own, "--suppress-below", "9", "--json").stdout
    )["steps"]
    assert (step["reason"], step["detail"]) == (planning.DATA, "your suppress_below.txt")


def test_in_place_writes_the_committed_notebooks(cli, book):
    cli("run", "--force", "metropolitan", "--in-place")
    assert '"execution_count": 3' in book.workspace.notebook("alpha").read_text()


def test_in_place_again_runs_what_is_up_to_date(cli):
    cli("run", "--force", "metropolitan", "--in-place")
    assert "0 run, 3 up to date" in cli("run", "--force", "metropolitan", "--in-place").stdout
    assert "3 run, 0 up to date" in cli("run", "--force", "metropolitan", "--in-place", "--again").stdout


def test_a_folder_of_notebooks_that_cannot_be_written_is_one_message(cli, book, monkeypatch):
    def refused(path, content):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("peelbook.runner.engine.write_atomic", refused)
    before = {path.name: path.read_bytes() for path in book.workspace.notebooks.iterdir()}
    message = cli("run", "--force", "metropolitan", "--in-place", code=2)
    assert re.search(r"alpha.ipynb: cannot be written \(Permission denied\)\. Fix: ", message)
    assert before == {path.name: path.read_bytes() for path in book.workspace.notebooks.iterdir()}


@pytest.mark.parametrize("command", [("run",), ("build",), ("build", "--dry-run")])
@pytest.mark.parametrize("place", ["file", "pipe", "own"])
def test_a_place_that_cannot_be_a_folder_is_refused_before_anything_runs(cli, book, tmp_path, command, place):
    (tmp_path / "file").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    out = {"own": paths.project_root() / "src"}.get(place, tmp_path / place)
    assert "Fix: name a new or empty folder" in cli(*command, "-f", "kent", "--out", out, code=2)
    assert not book.workspace.base.exists()
    assert (tmp_path / "file").read_text() == "mine"
    assert (tmp_path / "pipe").is_fifo()


def test_build_gives_the_site_all_results_and_says_where_it_is(cli, book, monkeypatch, tmp_path):
    given = {}

    def build(results, out_dir, **options):
        given.update(options, results=list(results), out=out_dir)
        return types.SimpleNamespace(pages=4)

    monkeypatch.setitem(vars(peelbook.site), "build", build)
    book.put("beta", code("1 / 0"))
    outcome = cli("build", "--force", "kent", "--out", tmp_path / "site", code=1)
    assert f"Open: {tmp_path / 'site' / 'index.html'}" in outcome.stdout
    assert [r.status for r in given["results"]] == ["ok", "failed", "ok"], "a failed page is shown as failed"
    assert given["reference_force"] == "kent"
    body = json.loads(cli("build", "--force", "kent", "--json", code=1).stdout)
    assert body["site"] == {"folder": str(book.workspace.base.parent / "_site"), "pages": 4}
    given.clear()
    cli("build", "--all", "--fail-fast", code=1)
    assert not given, "a site with holes is not published"


def test_clean_removes_what_runs_left_and_nothing_else(cli, book):
    cli("run", "--force", "kent")
    home = book.workspace.base.parent
    (home / "_site").mkdir()
    assert "Would remove" in cli("clean", "--dry-run").stdout
    assert book.workspace.cache.exists()
    assert "Removed 0 entries" in cli("clean", "--stale").stdout
    cli("clean")
    assert not book.workspace.cache.exists()
    assert (home / "_site").exists()
    cli("clean", "--site")
    assert not (home / "_site").exists()
    (home / "_site").mkdir()
    (home / "_site" / "letter.txt").write_text("mine")
    said = cli("clean", "--site", "--dry-run").stdout
    assert f"Would leave {home / '_site'}: it has no peelbook-site.json" in said
    assert f"Would remove {home / '_site'}" not in said
    assert "no peelbook-site.json" in cli("clean", "--site").stdout
    assert (home / "_site" / "letter.txt").read_text() == "mine"
    assert {path.name for path in home.iterdir()} >= {"data", "notebooks", "requirements.txt"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "No force was named"),
        (["plan", "--force", "kent", "--all"], "Both --force and --all"),
        (["run", "--force", "knet"], "Did you mean kent"),
        (["run", "--force", "kent", "--section", "omega"], "Unknown section 'omega'"),
        (["run", "--all", "--data", "."], "name them with --force"),
        (["run", "--force", "kent", "--data", "/none"], "no such folder"),
        (["run", "--force", "kent", "--suppress-below", "5"], "your own data"),
        (["run", "--all", "--in-place"], "takes one --force"),
        (["run", "--force", "kent", "--in-place"], "another force"),
        (["serve", "/none"], "no site there"),
    ],
)
def test_bad_usage_is_one_typed_error(cli, arguments, message):
    assert message in cli(*arguments, code=2)


@pytest.mark.parametrize(
    "arguments", [["run", "--force", "kent", "--jobs", "0"], ["run", "--kernel", "julia"], ["list", "x"]]
)
def test_a_value_an_option_does_not_take_is_bad_usage(cli, arguments):
    assert "Invalid value" in cli(*arguments, code=2).output


def test_every_command_and_option_has_help():
    group = typer.main.get_command(commands.app)
    assert sorted(group.commands) == ["build", "clean", "list", "new", "plan", "run", "serve"]
    for name, command in group.commands.items():
        assert command.help, name
        for parameter in command.params:
            assert parameter.help or parameter.name == "help", f"{name} {parameter.name}"


def test_help_imports_nothing_heavy():
    source = (
        "import sys\nfrom typer.testing import CliRunner\nfrom peelbook.cli.run import app\n"
        "assert CliRunner().invoke(app, ['run', '--help']).exit_code == 0\n"
        "print([name for name in ('pandas', 'papermill', 'matplotlib', 'nbformat', 'distributed', 'zmq') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout
    assert out == "[]\n"
