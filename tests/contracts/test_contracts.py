"""Contracts: types on reading, every fault at once, with row, column, value and fix."""

from __future__ import annotations

import pandas as pd
import pytest

from peelbook import contracts
from peelbook.errors import MissingTableError, TableContractError

KENT, MET = "E23000032", "E23000001"


@pytest.fixture(scope="module")
def forces(catalogue):
    return catalogue.forces


def write(tmp_path, text, name="workforce"):
    path = tmp_path / f"{name}.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


GOOD = "force_code,period_end,incidents_count\nE23000032,2023-03-31,7\nE23000001,2023-03-31,\n"


def faults(path, table, forces):
    with pytest.raises(TableContractError) as caught:
        contracts.read_csv(path, table, forces)
    return caught.value.faults


def test_columns_are_typed_and_an_empty_cell_is_missing(tmp_path, forces):
    text = "force_code,period_end,officers_fte,grant_gbp\nE23000032,2023-03-31,7.5,9\n"
    frame = contracts.read_csv(write(tmp_path, text), "police_grant", forces)
    assert [str(kind) for kind in frame.dtypes] == ["str", "datetime64[s]", "Float64", "Int64"]


def test_a_trusted_file_is_read_with_the_same_types_as_a_checked_one(catalogue, root, forces):
    for table in ("workforce", "stop_search", "charge_rate_national", "judgments", "gaps"):
        path = root / "data" / f"{table}.csv"
        checked = contracts.read_csv(path, table, forces)
        trusted = contracts.read_csv(path, table, forces, validated=True)
        pd.testing.assert_frame_equal(checked, trusted)


def test_every_committed_table_satisfies_its_contract(catalogue, root, forces):
    for name in catalogue.resources:
        if name not in ("forces", "claims"):
            contracts.read_csv(root / "data" / f"{name}.csv", name, forces)


def test_all_faults_are_told_at_once_with_row_column_value_and_force(tmp_path, forces):
    text = (
        "force_code,period_end,ethnicity,searches_count\n"
        "E23000032,2023-03-31,White,-1\n"
        "E23000032,31/03/2023,Green,1.5\n"
        "E99999999,2023-03-31,White,\n"
    )
    found = faults(write(tmp_path, text), "stop_search_ethnicity", forces)
    assert [(fault.row, fault.column, fault.value) for fault in found] == [
        (2, "searches_count", "-1"),
        (3, "ethnicity", "Green"),
        (3, "period_end", "31/03/2023"),
        (3, "searches_count", "1.5"),
        (4, "force_code", "E99999999"),
        (4, "searches_count", ""),
    ]
    assert found[0].force == "Kent Police"
    assert all(fault.fix for fault in found)


def test_a_missing_and_an_extra_column_are_named(tmp_path, forces):
    found = faults(
        write(tmp_path, "force_code,period_end,incidents\nE23000032,2023-03-31,1\n"), "use_of_force", forces
    )
    assert {(fault.column, fault.rule) for fault in found} == {
        ("incidents_count", "the column is missing"),
        ("incidents", "the contract has no such column"),
    }


def test_the_same_key_twice_names_the_first_row(tmp_path, forces):
    text = "force_code,period_end,incidents_count\nE23000032,2023-03-31,1\nE23000032,2023-03-31,2\n"
    (fault,) = faults(write(tmp_path, text), "use_of_force", forces)
    assert (fault.row, fault.rule) == (3, "the same key as row 2")


def test_a_national_row_is_allowed_only_where_the_contract_says_so(tmp_path, forces):
    row = "K04000001,2023-03-31,1\n"
    (fault,) = faults(
        write(tmp_path, f"force_code,period_end,incidents_count\n{row}"), "use_of_force", forces
    )
    assert fault.rule == "no force has this code"
    text = "force_code,period_end,ethnicity,searches_rate\nK04000001,2023-03-31,All,8.7\n"
    assert len(contracts.read_csv(write(tmp_path, text), "stop_search_ethnicity_rate", forces)) == 1


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "not a CSV table"),
        ("force_code,period_end,incidents_count\n", "no rows"),
        ("force_code,period_end,incidents_count\nE23000032,2023-03-31,1,1,1\n", "not a CSV table"),
        ("force_code\nYnys M\xf4n\n".encode("latin-1"), "not UTF-8"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, forces, text, rule):
    assert rule in faults(write(tmp_path, text), "use_of_force", forces)[0].rule


def test_an_unknown_table_and_a_missing_file_are_named(tmp_path, forces):
    with pytest.raises(MissingTableError, match="no table 'nonsense'"):
        contracts.load("nonsense")
    with pytest.raises(MissingTableError, match="no table"):
        contracts.load("../secrets")
    with pytest.raises(MissingTableError, match="is missing"):
        contracts.read_csv(tmp_path / "none.csv", "use_of_force", forces)


@pytest.mark.parametrize("count", ["1,204", "12 [note]", "[x]", "1e3", "٣", " 1"])
def test_a_tidy_table_holds_plain_digits_only(tmp_path, forces, count):
    path = write(tmp_path, f'force_code,period_end,incidents_count\nE23000032,2023-03-31,"{count}"\n')
    assert faults(path, "use_of_force", forces)[0].column == "incidents_count"


def test_text_columns_cannot_carry_markup(tmp_path, forces):
    text = (
        "force_code,cycle,area_code,area,grade,url\n"
        "E23000032,2023-25,inv,<b>Investigating</b>,Good,javascript:alert(1)\n"
    )
    assert {fault.column for fault in faults(write(tmp_path, text), "judgments", forces)} == {"area", "url"}


@pytest.mark.parametrize("table", contracts.tables())
def test_a_contract_describes_every_column_and_its_key(table):
    schema = contracts.load(table)
    assert schema["title"] and schema["description"]
    names = [field["name"] for field in schema["fields"]]
    assert len(set(names)) == len(names)
    assert set(
        schema["primaryKey"] if isinstance(schema["primaryKey"], list) else [schema["primaryKey"]]
    ) <= set(names)
    for field in schema["fields"]:
        assert field["type"] in {"string", "integer", "number", "date", "boolean"}
        assert field["description"].endswith((".", ")"))
        limits = field.get("constraints", {})
        if field["name"].endswith("_share"):
            assert (limits["minimum"], limits["maximum"]) == (0, 1)
        if field["name"].endswith("_count") and field["name"] != "offences_count" and table != "claims":
            assert limits["minimum"] >= 0
