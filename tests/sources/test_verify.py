"""`verify` finds whatever no longer holds."""

import json

import pytest

from peelbook.errors import DataPackageError
from peelbook.sources.verify import verify


@pytest.fixture
def folder(data_copy, keep_tables):
    """A few of the tables: reading them all takes long."""
    return keep_tables(
        data_copy, {"forces", "gaps", "police_grant", "population", "stop_search_ethnicity_rate"}.__contains__
    )


def test_the_committed_folder_holds(data_copy, keep_tables):
    # The claims are written, checked and registered by their own room.
    assert verify(keep_tables(data_copy, lambda name: name != "claims")) == []


def test_a_few_of_the_tables_hold(folder):
    assert verify(folder) == []


def test_a_figure_edited_by_hand_is_found_by_its_hash(folder):
    path = folder / "police_grant.csv"
    path.write_text(path.read_text().replace("4168.18", "4168.19"))
    (problem,) = verify(folder)
    assert (problem.table, problem.problem) == ("police_grant", "its bytes are not those recorded at ingest")
    assert "git" in problem.fix


def test_a_table_that_breaks_its_contract_is_found_with_row_and_column(folder):
    path = folder / "police_grant.csv"
    path.write_text(path.read_text().replace("4168.18", "-1"))
    problems = verify(folder)
    assert any(
        "officers_fte" in str(problem) and "below the least allowed" in str(problem) for problem in problems
    )


def test_a_lost_table_is_found(folder):
    (folder / "police_grant.csv").unlink()
    assert [problem.problem for problem in verify(folder)] == ["the table is missing"]


def test_a_stray_table_is_found(folder):
    (folder / "extra.csv").write_text("a\n1\n")
    assert [(problem.table, problem.fix) for problem in verify(folder)] == [
        ("extra", "ingest it, or remove the file")
    ]


def test_an_entry_without_a_contract_and_a_changed_contract_are_found(folder):
    path = folder / "datapackage.json"
    package = json.loads(path.read_text())
    for resource in package["resources"]:
        if resource["name"] == "police_grant":
            resource["schema"]["fields"].pop()
    package["resources"].append({**package["resources"][0], "name": "mystery"})
    path.write_text(json.dumps(package))
    assert {problem.problem for problem in verify(folder)} == {
        "its schema is not the contract's",
        "no contract has this name",
    }


def test_a_hole_whose_reason_was_lost_is_found(folder):
    path = folder / "gaps.csv"
    path.write_text(
        "".join(
            line for line in path.read_text().splitlines(True) if "stop_search_ethnicity_rate" not in line
        )
    )
    assert any("no reason is given" in problem.problem for problem in verify(folder))


def test_a_folder_without_a_descriptor_is_refused(tmp_path):
    with pytest.raises(DataPackageError, match="no such file"):
        verify(tmp_path)
