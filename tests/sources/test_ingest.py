"""Ingest writes every table and its description, or nothing at all."""

import contextlib
import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import source_files as files
from source_files import snapshot

from peelbook import cli, contracts
from peelbook.catalogue import Catalogue
from peelbook.descriptor import resources
from peelbook.errors import MissingTableError, PeelbookError, SourceFileError, TableContractError
from peelbook.sources.ingest import ingest, register_project_table
from peelbook.sources.package import read as read_package
from peelbook.sources.verify import verify
from peelbook.util.files import sha256

KENT = "E23000032"


def test_a_table_goes_in_with_its_contract_provenance_and_hash(empty_data, tmp_path):
    path = files.workforce(tmp_path / "w.ods")
    (outcome,) = ingest([path], empty_data)
    assert (outcome.table, outcome.rows, outcome.changed, outcome.inputs) == (
        "workforce",
        3,
        True,
        ("w.ods",),
    )
    entry = resources(read_package(empty_data))["workforce"]
    table = (empty_data / "workforce.csv").read_bytes()
    assert entry["hash"] == f"sha256:{sha256(table)}"
    assert entry["bytes"] == len(table)
    assert entry["inputs"] == [{"name": "w.ods", "sha256": sha256(path)}]
    assert entry["schema"] == contracts.load("workforce")
    assert entry["adapter"] == "workforce 1"
    assert entry["untested"] is False
    assert entry["licenses"][0]["name"] == "OGL-UK-3.0"
    catalogue = Catalogue(empty_data)
    assert len(catalogue.table("workforce")) == 3
    assert catalogue.provenance("workforce").input_files == (("w.ods", sha256(path)),)


def test_ingesting_the_same_file_again_changes_no_byte(empty_data, tmp_path):
    paths = [
        files.workforce(tmp_path / "w.ods"),
        files.use_of_force(tmp_path / "u.ods"),
        files.charges(tmp_path / "c"),
    ]
    ingest(paths, empty_data)
    before = snapshot(empty_data)
    outcomes = ingest(reversed(paths), empty_data)
    assert snapshot(empty_data) == before
    assert not any(outcome.changed for outcome in outcomes)


def test_the_file_name_does_not_matter_only_the_provenance_shows_it(empty_data, tmp_path):
    ingest([files.workforce(tmp_path / "a.ods")], empty_data)
    before = (empty_data / "workforce.csv").read_bytes()
    ingest([files.workforce(tmp_path / "b.ods")], empty_data)
    assert (empty_data / "workforce.csv").read_bytes() == before


def test_what_ingest_writes_passes_verify(empty_data, tmp_path):
    ingest(
        [
            files.stop_search(tmp_path / "s.csv"),
            files.population(tmp_path / "p.xlsx"),
            files.lookup(tmp_path / "l.csv"),
            files.charges(tmp_path / "c.csv"),
            files.charges_quarterly(tmp_path / "q.csv"),
            files.use_of_force(tmp_path / "u.ods"),
            files.records(tmp_path / "2023-03-kent-stop-and-search.csv"),
            files.recorded_crime(tmp_path / "r.ods"),
            files.judgments(tmp_path / "j.csv"),
        ],
        empty_data,
    )
    assert verify(empty_data) == []


def test_files_may_come_in_any_order_although_one_needs_another(empty_data, tmp_path):
    ingest([files.population(tmp_path / "a.xlsx"), files.lookup(tmp_path / "b.csv")], empty_data)
    names = [item["name"] for item in resources(read_package(empty_data))["population"]["inputs"]]
    assert names == ["a.xlsx", "b.csv"]
    # The lookup is now a table of its own, so the next release needs only the estimates.
    ingest([files.population(tmp_path / "a.xlsx")], empty_data)
    assert [item["name"] for item in resources(read_package(empty_data))["population"]["inputs"]] == names


def test_one_years_workbook_replaces_only_its_year(empty_data, tmp_path):
    first = files.use_of_force(tmp_path / "2018.ods", year=2018, by_force=False)
    second = files.use_of_force(tmp_path / "2019.ods", year=2019)
    ingest([first], empty_data)
    ingest([second], empty_data)
    table = Catalogue(empty_data).table("use_of_force")
    assert sorted(table["period_end"].dt.year.unique()) == [2018, 2019]
    entry = resources(read_package(empty_data))["use_of_force"]
    assert [(item["name"], item["covers"]) for item in entry["inputs"]] == [
        ("2018.ods", ["2018-03-31"]),
        ("2019.ods", ["2019-03-31"]),
    ]
    assert entry["period"] == "years ending March 2018 to 2019"


def test_one_at_a_time_or_all_at_once_gives_the_same_bytes(empty_data, tmp_path):
    paths = [files.use_of_force(tmp_path / f"{year}.ods", year=year) for year in (2018, 2019)]
    other = tmp_path / "other"
    other.mkdir()
    (other / "forces.csv").write_bytes((empty_data / "forces.csv").read_bytes())
    ingest(paths, empty_data)
    for path in reversed(paths):
        ingest([path], other)
    assert snapshot(empty_data) == snapshot(other)


def test_a_superseded_file_leaves_the_provenance(empty_data, tmp_path):
    ingest([files.use_of_force(tmp_path / "first.ods")], empty_data)
    path = files.use_of_force(tmp_path / "revised.ods")
    ingest([path], empty_data)
    inputs = resources(read_package(empty_data))["use_of_force"]["inputs"]
    assert [item["name"] for item in inputs] == ["revised.ods"]


def test_two_files_of_the_same_year_in_one_ingest_are_refused(empty_data, tmp_path):
    before = snapshot(empty_data)
    paths = [files.use_of_force(tmp_path / "a.ods"), files.use_of_force(tmp_path / "b.ods")]
    with pytest.raises(SourceFileError, match=r"b\.ods: it holds 2019-03-31, and so does a\.ods"):
        ingest(paths, empty_data)
    assert snapshot(empty_data) == before


def test_a_force_month_of_records_adds_to_the_others(empty_data, tmp_path):
    ingest([files.records(tmp_path / "2023-03-kent-stop-and-search.csv")], empty_data)
    ingest([files.records(tmp_path / "2023-03-cumbria-stop-and-search.csv")], empty_data)
    table = Catalogue(empty_data).table("stop_search_records")
    assert set(table["force_code"]) == {KENT, "E23000002"}
    assert Catalogue(empty_data).gap("stop_search_records", KENT) is None
    assert "not been ingested" in Catalogue(empty_data).gap("stop_search_records", "E23000001")


def test_a_gap_met_in_one_file_outlives_the_ingest_of_the_next(empty_data, tmp_path):
    rows = [files.record(minute) for minute in range(4)] * 2
    double = files.records(tmp_path / "2023-02-kent-stop-and-search.csv", rows)
    march = files.records(tmp_path / "2023-03-kent-stop-and-search.csv")
    with pytest.raises(PeelbookError):
        ingest([double], empty_data)  # nothing is left of it, and an empty table is no table
    ingest([double, march], empty_data)
    assert "even number of times" in Catalogue(empty_data).gap("stop_search_records", KENT, "2023-02-28")
    ingest([files.records(tmp_path / "2023-04-kent-stop-and-search.csv")], empty_data)
    assert "even number of times" in Catalogue(empty_data).gap("stop_search_records", KENT, "2023-02-28")


BAD_FILES = {
    "truncated": lambda folder: _cut(files.workforce(folder / "x.ods")),
    "web page": lambda folder: _bytes(folder / "x.xlsx", b"<!doctype html><title>Sign in</title>"),
    "empty": lambda folder: _bytes(folder / "x.csv", b""),
    "renamed column": lambda folder: files.workforce(
        folder / "x.ods", header=["Year", *files.WORKFORCE_HEADER[1:]]
    ),
    "unknown force": lambda folder: files.stop_search_ethnicity(
        folder / "x.csv", [["2022/23", "Narnia", "White", 1]]
    ),
    "negative count": lambda folder: files.stop_search_ethnicity(
        folder / "x.csv", [["2022/23", "Kent", "White", -1]]
    ),
    "duplicate rows": lambda folder: files.stop_search_ethnicity(
        folder / "x.csv", [["2022/23", "Kent", "White", 1], ["2022/23", "Kent", "White", 2]]
    ),
    "control total": lambda folder: files.stop_search(folder / "x.csv", off_by=5),
    "mixed encodings": lambda folder: _bytes(folder / "x.csv", "force,fy\nMôn,1\n".encode() + b"F\xf4n,1\n"),
}


def _bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _cut(path: Path) -> Path:
    return _bytes(path, path.read_bytes()[:-200])


@pytest.mark.parametrize("fault", BAD_FILES)
def test_a_bad_file_leaves_the_folder_as_it_was_even_beside_good_ones(empty_data, tmp_path, fault):
    ingest([files.workforce(tmp_path / "before.ods")], empty_data)
    before = snapshot(empty_data)
    good = files.judgments(tmp_path / "good.csv")
    with pytest.raises((SourceFileError, TableContractError)) as caught:
        ingest([good, BAD_FILES[fault](tmp_path)], empty_data)
    assert "x." in str(caught.value)
    assert "Fix: " in str(caught.value)
    assert snapshot(empty_data) == before
    assert sorted(path.name for path in empty_data.iterdir()) == sorted(before)


def test_a_repeated_row_names_both_rows(empty_data, tmp_path):
    with pytest.raises(TableContractError, match="the same key as row 2"):
        ingest([BAD_FILES["duplicate rows"](tmp_path)], empty_data)


def form(path, table, **cells):
    """The CSV form of a table with its example row, some cells changed."""
    fields = contracts.load(table)["fields"]
    return files.write_csv(
        path, [[f["name"] for f in fields], [cells.get(f["name"], f["example"]) for f in fields]]
    )


def test_a_fault_of_the_contract_names_the_row_of_the_file_and_its_sheet(empty_data, tmp_path):
    row = [2022, KENT, "Kent", "South East", "Male", "Constable", "Police Officer", 1, 1.0]
    transport = [2022, "N/A", "British Transport Police", "N/A", *row[4:]]
    path = files.workforce(tmp_path / "w.ods", [transport, row, transport, row])
    with pytest.raises(TableContractError, match=r"row 5, .*the same key as row 3") as caught:
        ingest([path], empty_data)
    assert "w.ods, sheet 'Data' → workforce" in str(caught.value)


def test_a_fault_in_added_up_figures_says_that_its_row_is_the_tables(empty_data, tmp_path):
    rows = [["2021/22", 1, "Kent", "Shoplifting", "Theft offences", "x" * 200, "46", 5]]
    with pytest.raises(TableContractError, match="row 2 of the tidy table 'recorded_crime', column"):
        ingest([files.recorded_crime(tmp_path / "r.ods", rows)], empty_data)


def test_a_form_shows_the_symbol_that_stands_for_no_figure_and_asks_for_none(empty_data, tmp_path):
    with pytest.raises(TableContractError) as caught:
        ingest([form(tmp_path / "f.csv", "funding", total_gbp="[x]")], empty_data)
    (fault,) = caught.value.faults
    assert (fault.row, fault.column, fault.value) == (2, "total_gbp", "[x]")
    assert fault.fix.startswith("leave out this force's rows")


def test_a_force_with_a_figure_missing_is_missing_as_a_whole_with_the_reason(empty_data, tmp_path):
    rows = [["2022/23", force, group, 12] for force in ("Kent", "Surrey") for group in ("Asian", "White")]
    rows[1][3] = "[x]"
    ingest([files.stop_search_ethnicity(tmp_path / "e.csv", rows)], empty_data)
    catalogue = Catalogue(empty_data)
    assert set(catalogue.table("stop_search_ethnicity")["force_code"]) == {"E23000031"}
    assert "no figure for a part of this" in catalogue.gap("stop_search_ethnicity", KENT, "2023-03-31")
    assert verify(empty_data) == []


def test_a_file_of_nothing_but_symbols_is_refused(empty_data, tmp_path):
    path = files.stop_search_ethnicity(tmp_path / "e.csv", [["2022/23", "Kent", "White", "[x]"]])
    with pytest.raises(SourceFileError, match="not one figure of it can go into the table"):
        ingest([path], empty_data)


def test_an_empty_figure_among_others_becomes_a_gap_and_coverage_says_in_part(empty_data, tmp_path):
    from peelbook.sources import coverage

    path = files.use_of_force(tmp_path / "2019.ods", tactics={**files.TACTIC_COUNTS, "Shield": "[x]"})
    ingest([path], empty_data)
    ingest([files.use_of_force(tmp_path / "2020.ods", year=2020)], empty_data)
    assert verify(empty_data) == []
    found = coverage.matrix(Catalogue(empty_data))
    found = found[(found["table"] == "use_of_force_tactics") & (found["force_code"] == "E23000001")]
    assert found["state"].tolist() == ["in part", "present"]
    assert found["reason"].tolist()[0] == "The published file has no figure here for: uses count."


def test_an_ingest_says_which_forces_and_periods_it_has_lost(empty_data, tmp_path):
    both = [
        ["2022/23", "Kent", "White", 4],
        ["2021/22", "Kent", "White", 3],
        ["2022/23", "Surrey", "White", 1],
    ]
    (outcome,) = ingest([files.stop_search_ethnicity(tmp_path / "a.csv", both)], empty_data)
    assert outcome.lost == ()
    (outcome,) = ingest([files.stop_search_ethnicity(tmp_path / "b.csv", both[:1])], empty_data)
    assert outcome.lost == ("Surrey 2023-03-31", "Kent 2022-03-31")


def test_two_ingests_never_work_in_one_folder_at_once(empty_data, tmp_path, monkeypatch):
    from peelbook.errors import LockedError
    from peelbook.sources import ingest as module

    def write(self):
        with pytest.raises(LockedError, match="`peelbook data ingest`"):
            register_project_table("forces", empty_data)
        return []

    monkeypatch.setattr(module._Workbench, "write", write)
    ingest([files.judgments(tmp_path / "j.csv")], empty_data)
    monkeypatch.undo()
    assert sorted(path.name for path in empty_data.iterdir()) == ["forces.csv"]
    assert register_project_table("forces", empty_data) is True


def test_many_months_of_records_are_merged_once_and_not_file_by_file(empty_data, tmp_path, monkeypatch):
    import pandas as pd

    months = [f"20{year}-{month:02d}" for year in (21, 22) for month in range(1, 13)]
    paths = [files.records(tmp_path / f"{month}-kent-stop-and-search.csv") for month in months]
    ingest(paths[:2], empty_data)
    joins = []
    real = pd.MultiIndex.from_frame
    monkeypatch.setattr(pd.MultiIndex, "from_frame", lambda *a, **k: joins.append(1) or real(*a, **k))
    ingest(paths[1:], empty_data)
    assert len(joins) == 1
    table = Catalogue(empty_data).table("stop_search_records")
    assert table["period_end"].nunique() == 24
    assert len(resources(read_package(empty_data))["stop_search_records"]["inputs"]) == 24


@pytest.mark.parametrize("failing", ["workforce.csv", "datapackage.json"])
def test_a_full_disk_half_way_changes_nothing(empty_data, tmp_path, monkeypatch, failing):
    ingest([files.judgments(tmp_path / "j.csv")], empty_data)
    before = snapshot(empty_data)
    real = Path.replace

    def replace(self, target):
        if Path(target).name == failing and Path(target).parent == empty_data and self.parent.name == "new":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OSError, match="No space"):
        ingest([files.workforce(tmp_path / "w.ods"), files.charges(tmp_path / "c.csv")], empty_data)
    monkeypatch.undo()
    assert snapshot(empty_data) == before
    assert sorted(path.name for path in empty_data.iterdir()) == sorted(before)


def test_published_files_follow_the_users_umask(empty_data, tmp_path):
    old = os.umask(0o022)
    try:
        ingest([files.judgments(tmp_path / "j.csv")], empty_data)
    finally:
        os.umask(old)
    assert (empty_data / "judgments.csv").stat().st_mode & 0o777 == 0o644


def test_the_projects_own_tables_are_registered_by_name(empty_data):
    assert register_project_table("forces", empty_data) is True
    assert register_project_table("forces", empty_data) is False
    entry = resources(read_package(empty_data))["forces"]
    assert entry["hash"] == f"sha256:{sha256(empty_data / 'forces.csv')}"
    assert entry["coverage"] == {"rows": 43}
    with pytest.raises(MissingTableError):
        register_project_table("gaps", empty_data)
    with pytest.raises(MissingTableError, match="goes in with `peelbook data ingest`"):
        register_project_table("workforce", empty_data)


def test_rows_are_sorted_and_lines_end_the_same_everywhere(empty_data, tmp_path):
    ingest([files.stop_search(tmp_path / "s.csv")], empty_data)
    content = (empty_data / "stop_search.csv").read_bytes()
    assert b"\r" not in content
    lines = content.decode().splitlines()
    assert lines[1:] == sorted(lines[1:])
    assert json.loads((empty_data / "datapackage.json").read_text())["resources"][0]["name"] == "forces"


def _ingested_from_the_command_line(monkeypatch, capsys, *arguments) -> tuple[int, str]:
    """Exit status and error output of `peelbook data ingest`, as the installed command gives them."""
    monkeypatch.setattr("sys.argv", ["peelbook", "data", "ingest", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_a_folder_of_tables_that_cannot_be_written_is_one_message(
    empty_data, tmp_path, monkeypatch, capsys, code
):
    before, real = snapshot(empty_data), Path.replace

    def replace(self, target):
        if Path(target).parent == empty_data:
            raise OSError(code, os.strerror(code), str(target))
        return real(self, target)

    source = files.workforce(tmp_path / "w.ods")
    monkeypatch.setattr(Path, "replace", replace)
    status, said = _ingested_from_the_command_line(monkeypatch, capsys, "--data-dir", empty_data, source)
    monkeypatch.undo()
    assert status == 2 and os.strerror(code) in said and said.count("Fix: ") == 1
    assert "Traceback" not in said and str(empty_data) in said
    assert snapshot(empty_data) == before


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounting a small disk needs root on Linux"
)
def test_tables_on_a_disk_that_is_really_full_are_as_they_were(empty_data, tmp_path, monkeypatch, capsys):
    disk = tmp_path / "disk"
    disk.mkdir()
    source = files.workforce(tmp_path / "w.ods")
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True
    ).returncode:
        pytest.skip("this system does not let root mount a file system")
    try:
        shutil.copytree(empty_data, disk / "data")
        with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as stream:
            while True:
                stream.write(b"x" * 4096)
        before = snapshot(disk / "data")
        status, said = _ingested_from_the_command_line(
            monkeypatch, capsys, "--data-dir", disk / "data", source
        )
        assert status == 2 and "No space left on device" in said and "Traceback" not in said
        assert snapshot(disk / "data") == before
    finally:
        subprocess.run(["umount", str(disk)], check=True)
