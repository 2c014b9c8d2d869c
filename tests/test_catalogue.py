"""The only way to read the tables."""

import json

import pandas as pd
import pytest

from peelbook import contracts
from peelbook.catalogue import Catalogue
from peelbook.errors import (
    DataPackageError,
    MissingTableError,
    TableContractError,
    UndeclaredReadError,
)


def test_a_table_comes_typed_with_its_provenance(catalogue):
    frame = catalogue.table("population")
    assert frame.dtypes.astype(str).to_dict() == {
        "force_code": "str",
        "period_end": "datetime64[s]",
        "population_count": "Int64",
    }
    source = catalogue.provenance("population")
    assert source.publisher == "Office for National Statistics"
    assert source.page_url.startswith("https://")
    assert source.licence == "Open Government Licence v3.0"
    assert len(source.table_sha256) == 64
    assert source.input_files and len(source.short_hash) == 12


def test_a_frame_is_a_copy_that_a_caller_may_spoil(catalogue):
    spoilt = catalogue.table("population")
    spoilt["population_count"] = 0
    assert catalogue.table("population")["population_count"].min() > 0


def test_an_undeclared_read_is_an_error_that_names_the_fix(root):
    catalogue = Catalogue(root / "data", declared=frozenset({"population"}))
    catalogue.table("population")
    with pytest.raises(UndeclaredReadError, match=r"Fix: add 'workforce' to the `tables` of the section in"):
        catalogue.table("workforce")
    assert catalogue.reads == {"population"}


def test_an_unknown_table_is_named_with_the_known_ones(catalogue):
    with pytest.raises(MissingTableError, match=r"no table 'poplation'.*population"):
        catalogue.table("poplation")


def test_a_known_publication_that_is_not_here_says_so(catalogue):
    with pytest.raises(MissingTableError, match="peelbook data ingest"):
        catalogue.table("emergency_calls")


def test_a_missing_file_names_itself(data_copy):
    (data_copy / "population.csv").unlink()
    with pytest.raises(MissingTableError, match=r"population\.csv: the table 'population' is missing"):
        Catalogue(data_copy).table("population")


def test_a_folder_without_a_data_package_says_so(tmp_path):
    with pytest.raises(DataPackageError, match=r"datapackage\.json: no such file"):
        Catalogue(tmp_path).table("population")
    (tmp_path / "datapackage.json").write_text("[]")
    with pytest.raises(DataPackageError, match="not a data package"):
        Catalogue(tmp_path).table("population")


def test_a_table_changed_by_hand_is_checked_against_its_contract(data_copy):
    path = data_copy / "population.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[3] = lines[3].rsplit(",", 1)[0] + ',"1,2"\n'
    lines[5] = "E99999999," + lines[5].split(",", 1)[1]
    path.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(TableContractError) as caught:
        Catalogue(data_copy).table("population")
    message = str(caught.value)
    assert "population.csv: 2 faults" in message
    assert "row 4, column 'population_count'" in message
    assert "row 6, column 'force_code' is 'E99999999': no force has this code" in message
    assert "Fix:" in message


def test_a_table_that_another_catalogue_has_read_is_read_again_only_where_its_bytes_differ(
    data_copy, monkeypatch
):
    spoilt = Catalogue(data_copy).table("population")
    spoilt.loc[0, "population_count"] = 7
    monkeypatch.setattr(contracts, "_raw", None)  # a table that is known needs no rules
    read = contracts.read_csv
    seen = []

    def watched(path, name, *options, **more):
        seen.append(name)
        return read(path, name, *options, **more)

    monkeypatch.setattr(contracts, "read_csv", watched)
    assert Catalogue(data_copy).table("population").loc[0, "population_count"] != 7
    assert seen == []
    monkeypatch.undo()
    path = data_copy / "population.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    assert len(Catalogue(data_copy).table("population")) == len(lines) - 2


def test_a_recorded_gap_has_a_reason_and_a_caution_is_not_a_gap(catalogue):
    assert "January to March 2015" in catalogue.gap("charges", "E23000001", "2015-03-31")
    assert catalogue.gap("charges", "E23000001", "2023-03-31") is None
    assert catalogue.gap("charges", "E23000038", "2016-03-31") is None
    assert any("half" in text for text in catalogue.cautions("charges", "E23000038"))


def test_an_overlay_replaces_rows_of_its_force_and_is_marked(root, tmp_path):
    (tmp_path / "population.csv").write_text(
        "force_code,period_end,population_count\nE23000032,2022-06-30,1\nE23000032,2023-06-30,2\n"
    )
    catalogue = Catalogue(root / "data", overlay=tmp_path)
    frame = catalogue.table("population").set_index(["force_code", "period_end"])["population_count"]
    assert frame["E23000032", pd.Timestamp("2022-06-30")] == 1
    assert frame["E23000032", pd.Timestamp("2023-06-30")] == 2
    assert frame["E23000001", pd.Timestamp("2022-06-30")] == 8_855_333
    assert catalogue.uses_overlay(["population"]) and not catalogue.uses_overlay(["workforce"])
    assert catalogue.provenance("population").kind == "supplied by the user"
    assert "unpublished" in catalogue.provenance("population").caveat


def test_every_resource_of_the_data_package_can_be_read(catalogue, root):
    package = json.loads((root / "data" / "datapackage.json").read_text(encoding="utf-8"))
    for name in [item["name"] for item in package["resources"] if item["name"] != "forces"]:
        assert len(catalogue.table(name)) > 0
