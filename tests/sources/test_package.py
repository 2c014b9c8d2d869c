"""The descriptor is a valid Frictionless data package, deterministic and complete."""

import json
import re
import warnings

import pandas as pd
import pytest
import source_files as files

from peelbook import contracts
from peelbook.catalogue import Catalogue
from peelbook.descriptor import PACKAGE_FILE
from peelbook.errors import DataPackageError
from peelbook.sources import package
from peelbook.sources.ingest import ingest
from peelbook.util.files import sha256


def test_the_committed_package_is_valid_frictionless(root):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from frictionless import Package

        report = Package(str(root / "data" / PACKAGE_FILE)).validate()
    # claims.csv is checked against the whole ledger by its own tests.
    problems = [error.message for task in report.tasks if task.name != "claims" for error in task.errors]
    assert problems == []
    assert report.errors == []


def test_frictionless_bites_when_a_table_is_changed(data_copy):
    table = data_copy / "police_grant.csv"
    table.write_bytes(table.read_bytes().replace(b"E23000001", b"E23000002"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from frictionless import Package

        report = Package(str(data_copy / PACKAGE_FILE)).validate()
    assert not report.valid


def test_every_table_in_the_folder_is_described_and_every_description_has_its_table(root, catalogue):
    on_disk = {path.stem for path in (root / "data").glob("*.csv")}
    assert on_disk == set(catalogue.resources)


def test_every_hash_is_that_of_the_bytes_on_disk(root, catalogue):
    wrong = [
        name
        for name, resource in catalogue.resources.items()
        if name != "claims" and resource["hash"] != f"sha256:{sha256(root / 'data' / resource['path'])}"
    ]
    assert wrong == []


def test_every_official_table_says_where_it_comes_from(catalogue):
    for name in package.made_tables(catalogue.resources):
        provenance = catalogue.provenance(name)
        assert provenance.publisher
        assert provenance.page_url.startswith("https://")
        assert provenance.licence == "Open Government Licence v3.0"
        assert provenance.kind in ("as published", "extract", "secondary", "computed")
        assert provenance.input_files
        assert all(len(digest) == 64 for _, digest in provenance.input_files)
        assert provenance.adapter
        assert provenance.untested is False
        assert provenance.caveat


def test_grades_are_marked_as_a_secondary_source(catalogue):
    assert catalogue.provenance("judgments").kind == "secondary"


def test_the_descriptor_is_sorted_and_holds_no_time_of_writing(root):
    text = (root / "data" / PACKAGE_FILE).read_text(encoding="utf-8")
    names = [resource["name"] for resource in json.loads(text)["resources"]]
    assert names == sorted(names)
    assert "created" not in json.loads(text)
    # Days of releases and periods are facts of the data; a time of day would be one of writing.
    assert re.search(r"\d{4}-\d\d-\d\d[T ]\d\d:", text) is None


def test_the_folder_stays_small_enough_to_clone(root):
    assert sum(path.stat().st_size for path in (root / "data").iterdir()) < 8 * 1024**2


def test_a_known_release_is_named_and_an_unknown_one_is_not_given_its_label(empty_data, tmp_path, catalogue):
    assert "19 October 2023" in catalogue.provenance("recorded_crime").title
    assert catalogue.provenance("recorded_crime").kind == "extract"
    ingest([files.recorded_crime(tmp_path / "new.ods")], empty_data)
    provenance = Catalogue(empty_data).provenance("recorded_crime")
    assert "19 October 2023" not in provenance.title
    assert provenance.kind == "as published"
    assert "third party" not in provenance.caveat


@pytest.mark.parametrize(
    ("table", "ends", "label"),
    [
        ("stop_search", ["2007-03-31", "2023-03-31"], "years ending March 2007 to 2023"),
        ("stop_search", ["2023-03-31"], "year ending March 2023"),
        (
            "charge_rate_national",
            ["2015-03-31", "2015-06-30"],
            "rolling years ending March 2015 to June 2015",
        ),
        ("recorded_crime", ["2012-06-30", "2023-06-30"], "quarters ending June 2012 to June 2023"),
        ("stop_search_records", ["2017-12-31", "2020-11-30"], "December 2017 to November 2020"),
        ("population", ["2011-06-30", "2022-06-30"], "30 June, 2011 to 2022"),
        ("population_ethnicity", ["2021-03-21"], "21 March 2021"),
        ("antisocial_behaviour_calendar_year", ["2012-12-31", "2016-12-31"], "2012 to 2016"),
    ],
)
def test_periods_are_said_as_people_say_them(table, ends, label):
    assert package.period_label(pd.DataFrame({"period_end": pd.to_datetime(ends)}), table) == label


def test_a_descriptor_that_is_no_package_is_refused(tmp_path):
    (tmp_path / PACKAGE_FILE).write_text("[]")
    with pytest.raises(DataPackageError, match="not a data package"):
        package.read(tmp_path)


def test_every_contract_is_a_table_schema_frictionless_accepts():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from frictionless import Schema

        for table in contracts.tables():
            schema = Schema.from_descriptor(contracts.load(table))
            assert schema.field_names == [field["name"] for field in contracts.load(table)["fields"]]
