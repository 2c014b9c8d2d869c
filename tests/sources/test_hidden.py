"""What a spreadsheet holds beside its visible cells: hidden parts and broken formulas. All figures are made up."""

import openpyxl
import pytest
import source_files as files
from typer.testing import CliRunner

from peelbook.catalogue import Catalogue
from peelbook.cli import app
from peelbook.errors import SourceFileError, TableContractError
from peelbook.sources import hidden
from peelbook.sources.ingest import ingest
from peelbook.sources.publication import recognise
from peelbook.sources.reading import SourceFile

KENT = ["Kent", "Shoplifting", "Theft offences", "Shoplifting", "46"]
DRAFT = [files.CRIME_HEADER, ["2021/22", 2, *KENT, 9999]]
YEAR = [files.CRIME_HEADER, ["2022/23", 2, *KENT, 5]]


def excel(path, sheets, change):
    """A workbook of these sheets, changed as somebody does in a spreadsheet program."""
    files.write_xlsx(path, sheets)
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)
    return path


def hide_sheet(state):
    def change(book):
        book["draft"].sheet_state = state

    return change


@pytest.mark.parametrize("kind", ["ods", "hidden", "veryHidden"])
def test_a_hidden_sheet_is_left_out_and_said(tmp_path, empty_data, kind):
    sheets = {"2022-23": YEAR, "draft": DRAFT}
    if kind == "ods":
        path = files.write_ods(tmp_path / "crime.ods", sheets, hidden="draft")
    else:
        path = excel(tmp_path / "crime.xlsx", sheets, hide_sheet(kind))
    (outcome,) = ingest([path], empty_data)
    assert outcome.left_out == (f"{path.name}: the sheet 'draft' is hidden",)
    crime = Catalogue(empty_data).table("recorded_crime")
    assert crime["offences_count"].tolist() == [5]


def test_what_is_left_out_is_printed(tmp_path, empty_data):
    path = files.write_ods(tmp_path / "crime.ods", {"2022-23": YEAR, "draft": DRAFT}, hidden="draft")
    run = CliRunner().invoke(app, ["data", "ingest", str(path), "--data-dir", str(empty_data)])
    assert run.exit_code == 0
    assert run.stderr == "peelbook: crime.ods: the sheet 'draft' is hidden: left out.\n"


def test_a_table_on_a_hidden_sheet_only_is_refused_with_its_name(tmp_path):
    path = files.write_ods(tmp_path / "c.ods", {"Cover": [["x"]], "draft": DRAFT}, hidden="draft")
    with pytest.raises(SourceFileError, match=r"sheets: Cover\) \(not read: the sheet 'draft' is hidden\)"):
        recognise(SourceFile(path))


def with_rows(path, kind):
    rows = [*YEAR, ["2022/23", 3, *KENT, 9999], ["2022/23", 4, *KENT, 7]]
    if kind == "ods":
        return files.write_ods(path, {"2022-23": rows}, hidden_rows=(2,))

    def change(book):
        book["2022-23"].row_dimensions[3].hidden = True

    return excel(path, {"2022-23": rows}, change)


@pytest.mark.parametrize("kind", ["ods", "xlsx"])
def test_a_hidden_row_is_left_out_and_said_and_ends_no_table(tmp_path, empty_data, kind):
    path = with_rows(tmp_path / f"crime.{kind}", kind)
    (outcome,) = ingest([path], empty_data)
    assert outcome.left_out == (f"{path.name}: sheet '2022-23': row 3 is hidden",)
    assert Catalogue(empty_data).table("recorded_crime")["offences_count"].tolist() == [5, 7]


@pytest.mark.parametrize("kind", ["ods", "xlsx"])
def test_a_needed_column_that_is_hidden_is_named(tmp_path, kind):
    path = tmp_path / f"crime.{kind}"
    if kind == "ods":
        files.write_ods(path, {"2022-23": YEAR}, hidden_column=7)
    else:

        def change(book):
            book["2022-23"].column_dimensions["H"].hidden = True

        excel(path, {"2022-23": YEAR}, change)
    with pytest.raises(
        SourceFileError,
        match=r"'Number of Offences' is missing \(not read: sheet '2022-23': column H is hidden\)",
    ):
        recognise(SourceFile(path))


@pytest.mark.parametrize("kind", ["ods", "xlsx"])
def test_rows_behind_a_filter_are_a_refusal(tmp_path, empty_data, kind):
    path = tmp_path / f"crime.{kind}"
    rows = [*YEAR, ["2022/23", 3, *KENT, 6]]
    if kind == "ods":
        files.write_ods(path, {"2022-23": rows}, hidden_rows=(2,), visibility="filter")
    else:

        def change(book):
            sheet = book["2022-23"]
            sheet.auto_filter.ref = "A1:H3"
            sheet.auto_filter.add_filter_column(1, ["2"])
            sheet.row_dimensions[3].hidden = True

        excel(path, {"2022-23": rows}, change)
    before = files.snapshot(empty_data)
    with pytest.raises(
        SourceFileError, match=r"a filter hides rows of the table \(rows 3\).*clear the filter"
    ):
        ingest([path], empty_data)
    assert files.snapshot(empty_data) == before


ERROR = '<table:table-cell table:formula="of:=#REF!" office:value-type="string" office:string-value="">'
NOT_CALCULATED = files.Xml('<table:table-cell table:formula="of:=[.A1]*2"/>')


def broken(kind):
    """The cell as each format has it."""
    if kind == "ods":
        return files.Xml(f"{ERROR}<text:p>#REF!</text:p></table:table-cell>")
    if kind == "ods of LibreOffice":
        return files.Xml(
            '<table:table-cell table:formula="of:=#REF!" office:value-type="string" office:string-value="" '
            'calcext:value-type="error"><text:p>#REF!</text:p></table:table-cell>'
        )
    return "#REF!"


@pytest.mark.parametrize("kind", ["ods", "ods of LibreOffice", "xlsx", "csv"])
def test_a_broken_formula_is_a_fault_in_every_format(tmp_path, empty_data, kind):
    rows = [files.CRIME_HEADER, ["2022/23", 2, *KENT, broken(kind)]]
    path = tmp_path / f"crime.{kind[:4].strip()}"
    if kind == "csv":
        files.write_csv(path, rows)
    elif kind == "xlsx":

        def change(book):
            book["Data"]["H2"].data_type = "e"

        excel(path, {"Data": rows}, change)
    else:
        files.write_ods(path, {"Data": rows})
    before = files.snapshot(empty_data)
    with pytest.raises(TableContractError) as caught:
        ingest([path], empty_data)
    assert len(caught.value.faults) == 1
    assert "row 2, column 'Number of Offences' is '#REF!': not a number" in str(caught.value)
    assert files.snapshot(empty_data) == before


@pytest.mark.parametrize("kind", ["ods", "xlsx"])
def test_a_formula_whose_result_was_not_stored_is_no_empty_cell(tmp_path, empty_data, kind):
    cell = NOT_CALCULATED if kind == "ods" else "=A1*2"
    write = files.write_ods if kind == "ods" else files.write_xlsx
    path = write(tmp_path / f"crime.{kind}", {"Data": [files.CRIME_HEADER, ["2022/23", 2, *KENT, cell]]})
    with pytest.raises(
        TableContractError, match=r"row 2, .*a formula whose result is not in the file.*let it"
    ):
        ingest([path], empty_data)


def test_a_broken_formula_in_text_is_a_fault_too(tmp_path, empty_data):
    row = ["2022/23", 2, "Kent", "Shoplifting", "Theft offences", broken("ods"), "46", 5]
    path = files.write_ods(tmp_path / "crime.ods", {"Data": [files.CRIME_HEADER, row]})
    with pytest.raises(TableContractError, match="column 'Offence Subgroup' is '#REF!'"):
        ingest([path], empty_data)


def test_a_trace_cut_in_two_by_a_block_is_found():
    text = b'<sheetData><row r="3" hidden="1"><c r="A3"><v>1</v></c></row></sheetData>'
    for cut in range(1, len(text)):
        traces = hidden.Traces()
        traces.feed(text[:cut])
        traces.feed(text[cut:])
        assert traces.found


def test_rows_and_columns_are_named_as_a_spreadsheet_does():
    assert hidden.places({4, 6, 7}) == "5, 7 to 8"
    assert [hidden.letters(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
