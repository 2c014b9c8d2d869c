"""A folder to fill in, and the list of all that is wrong with a filled one."""

from __future__ import annotations

import io
import json

import pytest
import typer
from own_data_helpers import ESSEX, KENT, area_tables, areas, calls, put
from typer.testing import CliRunner

from peelbook import contracts, measures
from peelbook.catalogue import Catalogue
from peelbook.cli import own_data
from peelbook.errors import MissingTableError, PeelbookError
from peelbook.own_data import check, tables, template
from peelbook.own_data._template import example


@pytest.fixture(autouse=True)
def no_threshold(monkeypatch):
    monkeypatch.delenv("PEELBOOK_SUPPRESS_BELOW", raising=False)


@pytest.fixture
def kent(catalogue):
    return catalogue.forces["kent"]


@pytest.fixture
def folder(kent, tmp_path):
    template(kent, tmp_path / "own")
    return tmp_path / "own"


def faults(report):
    return [(name, str(fault)) for name, fault in report.faults]


def test_there_is_a_file_for_every_table_that_a_measure_of_a_force_reads(folder):
    read = {table for measure in measures.registry().values() for table in measure.tables}
    known = set(contracts.tables()) - {"charge_rate_national"}
    assert {path.stem for path in folder.glob("*.csv")} == (read & known) | {"audits", "gaps"}
    for table in tables():
        header = (folder / f"{table}.csv").read_text().strip().split(",")
        assert header == [field["name"] for field in contracts.load(table)["fields"]]


@pytest.mark.parametrize("table", tables())
def test_the_example_row_of_a_table_satisfies_its_contract(table, catalogue, tmp_path):
    put(tmp_path, table, tuple(example(table, KENT).values()))
    assert len(contracts.read_csv(tmp_path / f"{table}.csv", table, catalogue.forces)) == 1
    assert check(tmp_path, catalogue).good


def test_the_page_explains_every_column_and_what_each_table_feeds(folder):
    page = (folder / "README.md").read_text(encoding="utf-8")
    for table in tables():
        section = page.split(f"## {table}.csv\n")[1].split("\n## ")[0]
        for field in contracts.load(table)["fields"]:
            assert f"| `{field['name']}` |" in section, (table, field["name"])
        for measure in measures.registry().values():
            if table in measure.tables:
                assert measure.label in section
        assert ",".join(example(table, KENT)) in section
    assert f"{KENT},2023-03-31,38211,33110,4402,699,8.4" in page
    assert "peelbook build --force kent --data FOLDER" in page


def test_an_untouched_folder_is_good_and_empty_and_changes_nothing(folder, root, catalogue):
    report = check(folder, catalogue)
    assert report.good and report.rows == {} and set(report.empty) == set(tables())
    over = Catalogue(root / "data", overlay=folder)
    assert not over.uses_overlay(tables())
    assert over.has("recorded_crime") and not over.has("emergency_calls")


def test_unpublished_figures_do_not_go_into_a_repository_by_accident(folder):
    assert (folder / ".gitignore").read_text().splitlines()[-1] == "*"


def test_writing_again_is_safe_until_something_is_filled_in(folder, kent):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    template(kent, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    put(folder, "emergency_calls", calls())
    (folder / "arrests.csv").unlink()
    with pytest.raises(PeelbookError, match=r"emergency_calls\.csv would be written over"):
        template(kent, folder)
    assert not (folder / "arrests.csv").exists()


def test_a_readme_of_somebody_elses_is_not_written_over(kent, tmp_path):
    (tmp_path / "README.md").write_text("# My project\n")
    with pytest.raises(PeelbookError, match=r"README\.md would be written over"):
        template(kent, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_the_books_own_data_folder_is_not_written_over(kent, data_copy):
    before = {path: path.read_bytes() for path in data_copy.rglob("*") if path.is_file()}
    with pytest.raises(PeelbookError, match="would be written over"):
        template(kent, data_copy)
    assert {path: path.read_bytes() for path in data_copy.rglob("*") if path.is_file()} == before


# --- check -----------------------------------------------------------------------------------------


def test_all_faults_of_all_files_are_listed_at_once_and_nothing_is_written(folder, catalogue):
    put(folder, "emergency_calls", calls(), calls(ESSEX), calls(month="31/03/2023"))
    put(folder, "funding", (KENT, "2023-03-31", "1,000", "", ""))
    put(folder, "stop_search", (KENT, "2023-03-31", 5, 6, ""))
    (folder / "emergency_call.csv").write_text("a\n1\n")
    (folder / "use_of_force.xlsx").write_bytes(b"PK")
    (folder / "districts.csv").write_text("a\n1\n")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    report = check(folder, catalogue, force="kent")
    assert not report.good
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    text = str(report)
    assert "row 3, column 'force_code' (Essex Police) is 'E23000028': a row of Essex Police" in text
    assert "row 4, column 'period_end' (Kent Police) is '31/03/2023': not a date" in text
    assert "column 'grant_gbp' (Kent Police) is '1,000': not a whole number" in text
    assert "column 'total_gbp'" in text and "empty" in text
    assert "above searches_count, which is 5" in text
    assert "call it emergency_calls.csv" in text
    assert "a .xlsx file is not read" in text
    assert "'districts' is a list of places" in text
    assert {name for name, _ in report.faults} == {
        "emergency_calls.csv",
        "funding.csv",
        "stop_search.csv",
        "emergency_call.csv",
        "use_of_force.xlsx",
        "districts.csv",
    }


def test_a_build_can_ask_for_a_good_folder_and_gets_all_faults_in_one_error(folder, catalogue):
    check(folder, catalogue).require()
    put(folder, "funding", (KENT, "2023-03-31", "x", "y", ""))
    with pytest.raises(PeelbookError, match=r"(?s)funding\.csv: 3 faults.*grant_gbp.*precept_gbp.*total_gbp"):
        check(folder, catalogue).require()


def test_files_of_two_forces_are_a_fault_even_where_no_force_is_named(folder, catalogue):
    put(folder, "emergency_calls", calls(KENT))
    put(folder, "use_of_force", (ESSEX, "2023-03-31", 900))
    (found,) = faults(check(folder, catalogue))
    assert found[0] == "use_of_force.csv"
    assert "rows of Essex Police, but emergency_calls.csv has rows of Kent Police" in found[1]
    assert {name for name, _ in check(folder, catalogue, force="essex").faults} == {"emergency_calls.csv"}


def test_text_that_starts_like_a_formula_is_text_in_the_check_and_in_the_chart(
    folder, catalogue, monkeypatch
):
    from peelbook.util.spreadsheets import to_csv

    put(folder, "audits", (KENT, "victim_service", "=HYPERLINK(1) on record", 8, 90, "2026-03-31"))
    assert check(folder, catalogue).good
    frame = Catalogue(catalogue.data_dir, overlay=folder).table("audits")
    assert "'=HYPERLINK(1) on record" in to_csv(frame)


def test_a_file_that_is_no_csv_or_no_utf_8_is_a_fault_and_not_a_crash(folder, catalogue):
    (folder / "arrests.csv").write_bytes(b"force_code\n\xff\xfe\n")
    (folder / "funding.csv").write_text('force_code,period_end\n"E23000032,2023\n')
    (folder / "use_of_force.csv").write_bytes(b"\x00\x01\n\x00\n")
    (folder / "suppress_below.txt").write_text("few")
    report = check(folder, catalogue)
    assert {name for name, _ in report.faults} == {
        "arrests.csv",
        "funding.csv",
        "use_of_force.csv",
        "suppress_below.txt",
    }


def test_a_folder_that_is_not_there_is_named(tmp_path, catalogue):
    with pytest.raises(MissingTableError, match="peelbook data template"):
        check(tmp_path / "none", catalogue)


def test_faults_of_a_users_list_of_areas_are_listed_with_the_others(tmp_path, catalogue):
    put(tmp_path, "forces", *areas(2), ("P00001", "../out", "Again", "A", "", "", "North", 0, 0))
    put(tmp_path, "population", ("P00001", "2022-06-30", 0))
    found = check(tmp_path, catalogue).faults
    assert {fault.column for name, fault in found if name == "forces.csv"} >= {"slug", "force_code"}
    assert any(name == "population.csv" for name, _ in found)


def test_areas_of_a_users_own_list_pass_the_check(tmp_path, catalogue):
    put(tmp_path, "forces", *areas(4))
    area_tables(tmp_path, [row[0] for row in areas(4)])
    report = check(tmp_path, catalogue, force="partnership-2")
    assert report.good, str(report)
    assert report.rows["population"] == 12


# --- command line ----------------------------------------------------------------------------------


@pytest.fixture
def run():
    app = typer.Typer()
    app.command("other")(lambda: None)
    own_data.register(app)
    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))


def test_the_commands_make_and_check_a_folder(run, tmp_path):
    made = run("template", tmp_path / "own", "--force", "Kent")
    assert made.exit_code == 0 and "empty tables and README.md for Kent Police" in made.output
    assert "No table is filled in yet." in run("check", tmp_path / "own").output
    put(tmp_path / "own", "emergency_calls", calls())
    (tmp_path / "own" / "suppress_below.txt").write_text("5")
    good = run("check", tmp_path / "own", "--force", "kent")
    assert good.exit_code == 0
    assert "emergency_calls.csv: 1 row\n" in good.output and "Counts below 5" in good.output


def test_a_faulty_folder_ends_with_status_2(run, tmp_path):
    put(tmp_path, "emergency_calls", calls(quick=-1))
    found = run("check", tmp_path)
    assert found.exit_code == 2
    assert "below the least allowed, 0" in found.output
    told = run("check", tmp_path, "--json")
    assert told.exit_code == 2
    body = json.load(io.StringIO(told.stdout))
    assert body["good"] is False and body["faults"][0]["file"] == "emergency_calls.csv"


def test_the_template_can_bring_the_list_of_areas(run, tmp_path):
    assert run("template", tmp_path, "--force", "kent", "--areas").exit_code == 0
    known = Catalogue(None, overlay=tmp_path).forces
    assert len(known) == 43 and known["Kent Police"].code == KENT
    assert run("template", tmp_path, "--force", "kent", "--areas").exit_code == 0
