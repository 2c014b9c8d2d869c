"""A publication is told by its sheets and headings, whatever the file is called."""

import pytest
import source_files as files

from peelbook import contracts
from peelbook.errors import SourceFileError
from peelbook.sources import headings
from peelbook.sources.publication import facts, recognise, registry, releases
from peelbook.sources.reading import SourceFile

WRITERS = {
    "stop_search": files.stop_search,
    "stop_search_ethnicity": files.stop_search_ethnicity,
    "stop_search_ethnicity_rate": files.stop_search_rates,
    "use_of_force": files.use_of_force,
    "workforce": files.workforce,
    "districts": files.lookup,
    "population": files.population,
    "population_ethnicity": files.census,
    "recorded_crime": files.recorded_crime,
    "charges": files.charges,
    "charges_quarterly": files.charges_quarterly,
    "stop_search_records": files.records,
    "judgments": files.judgments,
}


@pytest.mark.parametrize("publication", WRITERS)
def test_a_publication_is_recognised_under_any_file_name(tmp_path, publication):
    path = WRITERS[publication](tmp_path / "download (3).tmp")
    assert recognise(SourceFile(path))[0].name == publication


def test_the_csv_form_of_every_untested_publication_is_recognised(tmp_path):
    for publication in registry().values():
        if publication.untested:
            table = publication.tables[0]
            header = [field["name"] for field in contracts.load(table)["fields"]]
            path = files.write_csv(tmp_path / f"{table}.csv", [header, ["x"] * len(header)])
            assert table in recognise(SourceFile(path))[0].tables


def test_headings_of_every_known_edition_are_read(tmp_path):
    names = {"Rank description": "Rank", "Geo code": "Geocode", "As at 31 March...": "As at 31 March"}
    header = [names.get(str(name), name) for name in files.WORKFORCE_HEADER]
    publication, match = recognise(SourceFile(files.workforce(tmp_path / "w.ods", header=header)))
    assert (publication.name, match.complete) == ("workforce", True)
    assert headings.editions("workforce") == ("July 2023", "January 2026")


def test_every_edition_names_columns_that_its_adapter_has():
    for publication in registry().values():
        for edition in headings.entries(publication.name):
            assert edition["known_from"]
            assert set(edition["headings"]) <= set(headings.of(publication.name))
    assert {entry["publication"] for entry in headings.entries()} <= set(registry())


def test_a_file_that_shares_force_and_year_only_is_not_taken_for_another_publication(tmp_path):
    header = [
        "Financial Year",
        "Financial Quarter",
        "Force Name",
        "Offence Code",
        "Cautions",
        "Fines",
        "Fees",
    ]
    path = files.write_csv(tmp_path / "x.csv", [header, ["2022/23", 1, "Kent", "46", 1, 2, 3]])
    with pytest.raises(SourceFileError, match="no known publication"):
        recognise(SourceFile(path))


def test_a_renamed_column_is_named_with_its_new_name(tmp_path):
    header = ["Headcount total" if name == "Total (headcount)" else name for name in files.WORKFORCE_HEADER]
    path = files.workforce(tmp_path / "w.ods", header=header)
    with pytest.raises(SourceFileError) as caught:
        recognise(SourceFile(path))
    message = str(caught.value)
    assert "Police workforce by force" in message
    assert "'Total (headcount)' is missing" in message
    assert "'Headcount total' may be it under another heading" in message
    assert "see in the publisher's notes whether 'Headcount total' is the same" in message
    assert "an edition whose headings are known (July 2023, January 2026)" in message
    assert "rename '" not in message
    assert (caught.value.sheet, caught.value.row) == ("Data", 1)


def test_a_missing_column_is_named(tmp_path):
    rows = [[2022, "E23000032", "Kent", "South East", "Female", "Constable", "Police Officer", 1200]]
    path = files.workforce(tmp_path / "w.ods", rows, header=files.WORKFORCE_HEADER[:-1])
    with pytest.raises(SourceFileError, match=r"the column 'Total \(FTE\)' is missing"):
        recognise(SourceFile(path))


def test_a_column_nobody_expects_is_named(tmp_path):
    header = [*files.WORKFORCE_HEADER, "Ethnicity"]
    path = files.workforce(tmp_path / "w.ods", [[2022, *["x"] * 9]], header=header)
    with pytest.raises(
        SourceFileError, match=r"'Ethnicity' is not part of this publication.*not split by 'Ethnicity'"
    ):
        recognise(SourceFile(path))


def test_a_workbook_with_the_wrong_sheets_is_not_guessed_at(tmp_path):
    path = files.write_ods(
        tmp_path / "other.ods", {"Cover": [["Statistics"]], "Table 1": [["a", "b"], [1, 2]]}
    )
    with pytest.raises(
        SourceFileError, match=r"no known publication .*sheets: Cover, Table 1.*peelbook data list"
    ):
        recognise(SourceFile(path))


def test_the_right_headings_on_the_wrong_sheet_are_not_taken(tmp_path):
    path = files.population(tmp_path / "p.xlsx")
    import openpyxl

    book = openpyxl.load_workbook(path)
    book["MYE4"].title = "MYE6"  # median ages have the same headings
    book.save(path)
    with pytest.raises(SourceFileError):
        recognise(SourceFile(path))


def test_every_adapter_makes_tables_that_have_a_contract_and_facts():
    for publication in registry().values():
        for table in publication.tables:
            assert contracts.load(table)["fields"]
            about = facts()["table"][table]
            assert about["page"].startswith("https://")
            assert {"title", "publisher", "source", "kind", "caveat"} <= set(about)


def test_every_contract_is_made_by_an_adapter_or_by_the_project():
    made = {table for publication in registry().values() for table in publication.tables}
    # Nobody publishes audit samples by case, nor these counts by force: only a force can supply them.
    supplied = {"audits", "attendance", "bail", "marac", "non_emergency_calls"}
    assert set(contracts.tables()) - made <= {*facts()["project"], *supplied}


def test_known_releases_are_of_known_tables():
    assert all(entry["table"] in facts()["table"] for entry in releases().values())
