"""A file is what its bytes say; damaged, hostile and mistaken files each give one clear error."""

import struct
import zipfile

import pytest
from source_files import write_csv, write_ods, write_xlsx

from peelbook.errors import SourceFileError
from peelbook.sources import reading
from peelbook.sources.reading import SourceFile, key


def refused(path, *words, row=None):
    with pytest.raises(SourceFileError) as caught:
        file = SourceFile(path)
        for sheet in file.sheets:
            file.rows(sheet)
    message = str(caught.value)
    assert str(path) in message
    assert "Fix: " in message
    for word in words:
        assert word in message
    if row is not None:
        assert caught.value.row == row


@pytest.mark.parametrize(
    "name",
    ["Number of Offences", "number_of_offences", " NUMBER  OF OFFENCES [note 3]", "Number of Offences (1)"],
)
def test_a_heading_is_the_same_whatever_its_case_spacing_and_footnotes(name):
    assert key(name) == "number of offences"


def test_the_kind_is_told_from_the_bytes_not_the_name(tmp_path):
    ods = write_ods(tmp_path / "table.csv", {"Data": [["a", "b"], [1, 2]]})
    assert SourceFile(ods).kind == "ods"
    xlsx = write_xlsx(tmp_path / "table.ods", {"Data": [["a", "b"], [1, 2]]})
    assert SourceFile(xlsx).kind == "xlsx"
    assert SourceFile(write_csv(tmp_path / "table.xlsx", [["a", "b"], [1, 2]])).kind == "csv"


def test_row_numbers_are_those_the_spreadsheet_shows(tmp_path):
    path = write_xlsx(tmp_path / "gap.xlsx", {"Data": [[], [], ["", "a"], ["", 1]]})
    assert SourceFile(path).rows("Data")[2] == ["", "a"]
    assert SourceFile(path).rows("Data")[3] == ["", 1.0]


def test_a_missing_file_is_named(tmp_path):
    refused(tmp_path / "nowhere.ods", "no such file")


@pytest.mark.parametrize("content", [b"", b"   \r\n\t", b"\xef\xbb\xbf", b"\x00\x00\x00"])
def test_an_empty_file_is_refused(tmp_path, content):
    path = tmp_path / "empty.csv"
    path.write_bytes(content)
    refused(path, "empty")


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><html><body>Not found</body></html>",
        b"\n  <HTML><head></head></HTML>",
        b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"></html>',
    ],
)
def test_a_web_page_saved_as_a_spreadsheet_is_called_that(tmp_path, content):
    path = tmp_path / "table.xlsx"
    path.write_bytes(content)
    refused(path, "web page")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "password"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"<?xml version='1.0'?><data/>", "XML"),
        (b"a,b\n1,\x00\n", "neither a spreadsheet"),
    ],
)
def test_other_kinds_of_file_are_named_for_what_they_are(tmp_path, content, word):
    path = tmp_path / "table.ods"
    path.write_bytes(content)
    refused(path, word)


@pytest.mark.parametrize("write", [write_ods, write_xlsx])
@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_a_truncated_spreadsheet_is_refused(tmp_path, write, keep):
    whole = write(tmp_path / "whole", {"Data": [["a", "b"], *[[n, n * 7919 % 104729] for n in range(400)]]})
    path = tmp_path / "cut"
    content = whole.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    refused(path, "damaged or truncated")


def test_a_spreadsheet_with_one_flipped_byte_is_refused(tmp_path):
    whole = write_ods(tmp_path / "whole.ods", {"Data": [["a"], *[[n] for n in range(400)]]})
    content = bytearray(whole.read_bytes())
    content[len(content) // 2] ^= 0xFF
    whole.write_bytes(bytes(content))
    refused(whole, "damaged")


def test_an_archive_that_is_no_spreadsheet_is_refused(tmp_path):
    path = tmp_path / "files.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("table.csv", "a,b\n1,2\n")
    refused(path, "no spreadsheet")


EXCEL = {
    "two corners": '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
    "small letters": '<row r="1"><c r="a1"><v>1</v></c></row><row r="9999999"><c r="xfd9999999"><v>1</v></c></row>',
    "a sign in an attribute": '<row><c r="A1"><v>1</v></c></row><row><c t=">" r = \'XFD1048576\'><v>1</v></c></row>',
    "no references": '<row r="1048576">' + "<c/>" * 16_383 + "<c><v>1</v></c></row>",
    "rows without end": "<row/>" * 2_000_000 + '<row><c r="XFD2000001"><v>1</v></c></row>',
}
EMPTY = '<table:table-cell table:number-columns-repeated="16383"/>'
ONE = '<table:table-cell office:value-type="float" office:value="1"/>'
OPEN = {
    "two corners": f"<table:table-row>{ONE}</table:table-row>"
    '<table:table-row table:number-rows-repeated="1048574"><table:table-cell/></table:table-row>'
    f"<table:table-row>{EMPTY}{ONE}</table:table-row>",
    "one cell for all": '<table:table-row table:number-rows-repeated="1048576"><table:table-cell '
    'table:number-columns-repeated="16384" office:value-type="float" office:value="1"/></table:table-row>',
}


def excel(path, rows):
    """An Excel workbook of one sheet with these rows, in XML."""
    write_xlsx(path, {"S": [[1]]})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    before, after = parts[sheet].split("<sheetData>")[0], parts[sheet].split("</sheetData>")[1]
    parts[sheet] = f"{before}<sheetData>{rows}</sheetData>{after}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def open_document(path, rows):
    """An OpenDocument spreadsheet of one sheet with these rows, in XML."""
    write_ods(path, {"S": [["here"]]})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    row = parts["content.xml"].index("<table:table-row>")
    end = parts["content.xml"].rindex("</table:table-row>") + len("</table:table-row>")
    parts["content.xml"] = parts["content.xml"][:row] + rows + parts["content.xml"][end:]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize("rows", EXCEL.values(), ids=EXCEL)
def test_an_excel_sheet_of_a_few_cells_far_apart_does_not_end_the_process(tmp_path, rows):
    refused(excel(tmp_path / "b.xlsx", rows), "not opened: a sheet spans", "rows and", "columns")


@pytest.mark.parametrize("rows", OPEN.values(), ids=OPEN)
def test_an_open_document_sheet_of_a_few_cells_far_apart_does_not_end_the_process(tmp_path, rows):
    refused(open_document(tmp_path / "b.ods", rows), "a sheet spans 1,048,576 rows and 16,384 columns")


def test_empty_cells_that_an_office_program_leaves_at_the_end_are_no_bomb(tmp_path):
    empty = '<table:table-row table:number-rows-repeated="1048575">' + EMPTY + "</table:table-row>"
    path = open_document(tmp_path / "o.ods", f"<table:table-row>{ONE}{EMPTY}</table:table-row>{empty}")
    assert SourceFile(path).rows("S")[0][0] == 1
    styled = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="0"/></row>'
    assert SourceFile(excel(tmp_path / "x.xlsx", styled)).rows("S")[0][0] == 1


def test_a_zip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "bomb.ods"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("content.xml", b"0" * 3_000_000)
    monkeypatch.setattr(reading, "UNPACKED_LIMIT", 1_000_000)
    refused(path, "not opened", "GB")


def test_a_bomb_that_lies_about_its_size_is_stopped_too(tmp_path, monkeypatch):
    path = tmp_path / "liar.ods"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("content.xml", b"0" * 3_000_000)
    content = bytearray(path.read_bytes())
    true_size = struct.pack("<I", 3_000_000)
    while (place := content.find(true_size)) >= 0:
        content[place : place + 4] = struct.pack("<I", 10)
    path.write_bytes(bytes(content))
    monkeypatch.setattr(reading, "UNPACKED_LIMIT", 1_000_000)
    refused(path, "Fix: ")


def test_an_archive_that_shrinks_more_than_official_files_do_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "dense.ods"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("content.xml", b"0" * 3_000_000)
    monkeypatch.setattr(reading, "RATIO_FROM", 1_000_000)
    refused(path, "unpacks without end")


def test_a_byte_order_mark_is_no_part_of_the_first_heading(tmp_path):
    path = write_csv(tmp_path / "bom.csv", [["force", "count"], ["Kent", 1]], bom=True)
    assert SourceFile(path).rows()[0] == ["force", "count"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_text_in_the_usual_encodings_is_read(tmp_path, encoding):
    path = write_csv(tmp_path / "table.csv", [["name"], ["Ynys Môn – “north”"]], encoding=encoding)
    assert SourceFile(path).rows()[1] == ["Ynys Môn – “north”"]


def test_two_encodings_in_one_file_are_refused_with_the_row(tmp_path):
    path = tmp_path / "mixed.csv"
    path.write_bytes("name\nYnys Môn\n".encode() + "Sir Fôn\n".encode("cp1252"))
    refused(path, "two encodings", row=3)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "bytes.csv"
    path.write_bytes(b"name\n\x81\x8d\xff\n")
    refused(path, "encoding", row=2)


@pytest.mark.parametrize("content", [b'a,b\n1,"2\n', b'a,b\n1,"2"x\n'])
def test_broken_quotation_marks_are_refused_with_the_row(tmp_path, content):
    path = tmp_path / "quotes.csv"
    path.write_bytes(content)
    refused(path, "not CSV")


def test_a_csv_too_large_to_hold_is_refused_and_its_head_is_still_read(tmp_path, monkeypatch):
    path = write_csv(tmp_path / "large.csv", [["a", "b"], *[[n, n] for n in range(50_000)]])
    monkeypatch.setattr(reading, "CSV_LIMIT", 1000)
    assert SourceFile(path).top()[0] == ["a", "b"]
    refused(path, "larger than")


def test_a_damaged_parquet_file_is_refused(tmp_path):
    path = tmp_path / "table.parquet"
    path.write_bytes(b"PAR1" + b"\x00" * 50)
    refused(path, "Parquet")


def test_a_gzip_archive_of_csv_text_is_read_as_that_text(tmp_path):
    import gzip

    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert SourceFile(path).kind == "csv"
    assert SourceFile(path).rows() == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize("keep", [12, 20])
def test_a_truncated_gzip_archive_is_refused(tmp_path, keep):
    import gzip

    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n" * 50)[:keep])
    refused(path, "gzip", "download it again")


def test_a_gzip_archive_of_something_else_is_refused(tmp_path):
    import gzip

    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(write_ods(tmp_path / "t.ods", {"Data": [["a"], [1]]}).read_bytes()))
    refused(path, "gzip archive that holds no CSV text", "unpack it")


def test_a_gzip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    import gzip

    monkeypatch.setattr(reading, "CSV_LIMIT", 1000)
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" * 1000))
    refused(path, "not opened")


def test_the_features_of_a_geojson_file_are_its_rows(tmp_path):
    path = tmp_path / "areas.json"
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"E1","name":"Made up"},'
        '"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}]}'
    )
    file = SourceFile(path)
    assert file.kind == "geojson"
    header, row = file.rows()
    assert (header, row[:2]) == (["id", "name", "geometry"], ["E1", "Made up"])
    path.write_text('{"type":"FeatureCollection","features":[{"type":')
    refused(path, "damaged GeoJSON")
