"""Files as analysts meet them: what is read, and what the refusal of the rest says. All figures are made up."""

import zipfile

import pytest
import source_files as files

from peelbook.catalogue import Catalogue
from peelbook.errors import PeelbookError
from peelbook.sources.cells import figure
from peelbook.sources.ingest import ingest

OFFENCE = ["Shoplifting", "Theft offences", "Shoplifting", "46"]


def crime(force="Kent", count=5):
    return ["2022/23", 1, force, *OFFENCE, count]


def test_another_publication_in_the_same_workbook_is_said(tmp_path, empty_data):
    worker = [2025, "E23000032", "Kent", "South East", "Male", "Constable", "Police Officer", 10, 9.5]
    sheets = {"Workforce ": [files.WORKFORCE_HEADER, worker], "Crime": [files.CRIME_HEADER, crime()]}
    (outcome,) = ingest([files.write_ods(tmp_path / "both.ods", sheets)], empty_data)
    assert outcome.table == "workforce"
    assert outcome.left_out == (
        "both.ods: the sheet 'Crime' is another publication: Police recorded crime by force, quarter and "
        "offence subgroup",
    )


def test_a_note_stuck_to_a_name_and_thousands_parted_by_a_space_are_read(tmp_path, empty_data):
    rows = [files.CRIME_HEADER, crime("City of London10", "1 234 "), crime("Kent1,2", "2,001")]
    ingest([files.write_csv(tmp_path / "c.csv", rows)], empty_data)
    assert Catalogue(empty_data).table("recorded_crime")["offences_count"].tolist() == [2001, 1234]


@pytest.mark.parametrize("cell", ["1 23", "1 2345", "12 34", "1.234,5", "1 234 5"])
def test_other_spaces_in_a_number_are_not_guessed_at(cell):
    with pytest.raises(ValueError, match="not a number"):
        figure(cell)


def write(path, kind):
    if kind == "xlsb":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("xl/workbook.bin", b"made up")
    elif kind == "total":
        files.write_csv(path, [files.CRIME_HEADER, crime(), crime("Total")])
    else:
        sign = {"semicolons": ";", "tabs": "\t"}[kind]
        path.write_text("\n".join(sign.join(map(str, row)) for row in (files.CRIME_HEADER, crime())))
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("xlsb", r"a binary Excel workbook.*save it as \.xlsx"),
        ("semicolons", "parted by semicolons, not commas.*save it as CSV with commas"),
        ("tabs", "parted by tabs, not commas"),
        ("total", "row 3, column 'Force Name' is 'Total': a total, not a force; leave its row out"),
    ],
)
def test_a_refusal_says_what_the_file_is(tmp_path, empty_data, kind, message):
    before = files.snapshot(empty_data)
    with pytest.raises(PeelbookError, match=message):
        ingest([write(tmp_path / "file.dat", kind)], empty_data)
    assert files.snapshot(empty_data) == before
