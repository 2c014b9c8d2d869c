"""The data verbs on the command line: what they print, and how they end."""

import json

import pytest
import source_files as files
from typer.testing import CliRunner

from peelbook.cli.data import app
from peelbook.errors import PeelbookError
from peelbook.sources.fetch import choose
from peelbook.sources.package import read


@pytest.fixture
def run():
    def _run(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return _run


@pytest.fixture
def folder(data_copy):
    # The claims are written, checked and registered by their own room.
    (data_copy / "claims.csv").unlink()
    path = data_copy / "datapackage.json"
    package = json.loads(path.read_text(encoding="utf-8"))
    package["resources"] = [entry for entry in package["resources"] if entry["name"] != "claims"]
    path.write_text(json.dumps(package), encoding="utf-8")
    return data_copy


def test_list_says_what_is_here_and_what_was_never_tested(run, root):
    result = run("list", "--data-dir", root / "data")
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.output.splitlines()}
    assert "untested" not in lines["outcomes"]  # a file of these years was at hand
    (entry,) = [r for r in read(root / "data")["resources"] if r["name"] == "workforce"]
    assert f"{entry['coverage']['rows']:,} rows, {entry['period']}" in lines["workforce"]
    assert "not here yet [adapter untested on a published file]" in lines["emergency_calls"]


def test_list_as_json_names_every_table_once_per_adapter(run, root):
    rows = json.loads(run("list", "--json", "--data-dir", root / "data").output)
    assert {"publication", "table", "title", "publisher", "rows", "period", "tested"} == set(rows[0])
    assert sum(row["table"] == "use_of_force" for row in rows) == 2


def test_ingest_reports_each_table(run, empty_data, tmp_path):
    path = files.workforce(tmp_path / "w.ods")
    assert run("ingest", path, "--data-dir", empty_data).output == "workforce: 3 rows, written, from w.ods\n"
    (again,) = json.loads(run("ingest", path, "--data-dir", empty_data, "--json").output)
    assert again == {
        "table": "workforce",
        "rows": 3,
        "changed": False,
        "inputs": ["w.ods"],
        "lost": [],
        "left_out": [],
    }


def test_ingest_warns_of_forces_and_periods_that_are_gone(run, empty_data, tmp_path):
    rows = [["2022/23", "Kent", "White", 4], ["2021/22", "Kent", "White", 3]]
    run("ingest", files.stop_search_ethnicity(tmp_path / "a.csv", rows), "--data-dir", empty_data)
    path = files.stop_search_ethnicity(tmp_path / "b.csv", rows[:1])
    result = run("ingest", path, "--data-dir", empty_data)
    assert result.exit_code == 0
    assert (
        "stop_search_ethnicity: 1 figures of a force and period that were here are gone: Kent 2022-03-31"
        in (result.stderr)
    )
    assert "gone" not in result.stdout


def test_ingest_of_a_bad_file_ends_as_one_message(run, empty_data, tmp_path):
    path = files.stop_search_ethnicity(tmp_path / "e.csv", [["2022/23", "Kemt", "White", 1]])
    result = run("ingest", path, "--data-dir", empty_data)
    assert isinstance(
        result.exception, PeelbookError
    )  # printed without a traceback, status 2, by the main command
    assert "row 2, column 'police_force' is 'Kemt'" in str(result.exception)
    assert "nearest: kent" in str(result.exception)


def test_verify_passes_on_the_committed_tables_and_fails_on_a_spoilt_one(run, folder):
    result = run("verify", "--data-dir", folder)
    assert (result.exit_code, result.output) == (0, "35 tables: every hash and contract holds\n")
    (folder / "police_grant.csv").unlink()
    result = run("verify", "--data-dir", folder, "--json")
    assert result.exit_code == 1
    assert [problem["table"] for problem in json.loads(result.output)] == ["police_grant"]


def test_register_brings_an_edited_table_of_our_own_up_to_date(run, folder):
    path = folder / "forces.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("GMP", "GMP|Gtr Manchester"), encoding="utf-8")
    result = run("verify", "--data-dir", folder)
    assert (result.exit_code, "peelbook data register forces" in result.output) == (1, True)
    assert run("register", "forces", "gaps", "--data-dir", folder).output == (
        "forces: description updated\ngaps: description already up to date\n"
    )
    assert run("verify", "--data-dir", folder).exit_code == 0


def test_coverage_shows_a_summary_or_one_table(run, folder):
    summary = run("coverage", "--data-dir", folder).output
    assert "recorded_crime " in summary
    assert "not applicable" in summary
    one = run("coverage", "judgments", "--data-dir", folder).output
    assert "2023–25" in one
    rows = json.loads(run("coverage", "judgments", "--data-dir", folder, "--json").output)
    assert len(rows) == 86
    assert {row["state"] for row in rows} == {"present", "missing"}


@pytest.mark.parametrize("table", ["nonsense", "districts", "emergency_calls"])
def test_coverage_of_a_table_without_a_grid_says_why(run, folder, table):
    result = run("coverage", table, "--data-dir", folder)
    assert isinstance(result.exception, PeelbookError)
    assert "Fix" in str(result.exception)


def test_fetch_lists_without_touching_the_network(run):
    result = run("fetch", "recorded_crime", "--list")
    assert result.exit_code == 0
    assert "prc-pfa-mar2013-onwards-tables-230726.ods" in result.output
    assert "SHA-256 known" in result.output


def test_fetch_goes_on_after_a_failure_and_ends_with_status_1(run, tmp_path):
    nobody = ("--mirror", "http://127.0.0.1:9", "--timeout", "1", "--retries", "0")
    result = run("fetch", "recorded_crime", "--into", tmp_path, *nobody)
    assert result.exit_code == 1
    assert result.output.count("broke off") == len(choose(["recorded_crime"])) > 1
    assert list(tmp_path.iterdir()) == []
