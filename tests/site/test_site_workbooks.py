"""A force's downloads open everywhere, keep text as text, and are the same bytes each time."""

from __future__ import annotations

import io
import re
import zipfile
from xml.etree import ElementTree

import pytest
import python_calamine
from site_samples import SVG, payload, png

from peelbook.site import downloads, ods
from peelbook.site.card import Figure
from peelbook.site.edition import Edition, ForceEntry
from peelbook.site.workers import DownloadsError, Workers

EDITION = Edition(
    "edition", (ForceEntry("kent", "E23000032", "Kent Police", "Kent"),), "kent", date="1 May 2026"
)


TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OWN = "rank,value\nConstable,1\n"  # figures of one force; those of `payload` are of several


def twin(*columns: str, numeric: list[bool], rows: list[list[str]]) -> dict:
    return {"columns": list(columns), "numeric": numeric, "rows": rows}


def figures() -> list[tuple[str, Figure]]:
    formula = payload(
        "police_powers.named",
        title="A title with = in it",
        notes=[],
        csv=OWN,
        table=twin("Name", "Count", numeric=[False, True], rows=[["=SUM(A1)", "3"]]),
    )
    heads = payload(
        "workforce.heads",
        csv=OWN,
        table=twin("Rank", "Heads", numeric=[False, True], rows=[["Constable", "12,345"], ["Sergeant", ""]]),
    )
    return [
        ("police_powers", Figure(payload(), SVG, png())),
        ("police_powers", Figure(formula, SVG, png())),
        ("workforce", Figure(heads, SVG, png())),
    ]


@pytest.fixture
def folder(tmp_path):
    downloads.write_force("Kent Police", figures(), EDITION, tmp_path)
    return tmp_path


def test_the_zip_holds_the_forces_own_figures_the_sources_of_all_and_a_readme(folder):
    with zipfile.ZipFile(folder / "data.zip") as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == [
            "README.txt",
            "figures/police_powers.named.csv",
            "figures/workforce.heads.csv",
            "sources.csv",
        ]
        assert "0123456789ab" in archive.read("sources.csv").decode()
        assert "never means zero" in archive.read("README.txt").decode()
        assert downloads.ALL_FIGURES in archive.read("README.txt").decode()


def test_what_several_forces_share_is_in_one_zip_for_all_by_the_name_in_each_forces_list(folder, tmp_path):
    with zipfile.ZipFile(folder / "data.zip") as archive:
        listed = {line.split(",")[0] for line in archive.read("sources.csv").decode().splitlines()[1:]}
        (elsewhere,) = listed - set(archive.namelist())
    assert elsewhere.startswith("forces/figures/police_powers.rate.")
    (content,) = (text for name, text in figures()[0][1].files(shared="../").items() if name.endswith(".csv"))
    (tmp_path / "file.csv").write_bytes(content)
    made = downloads.figures_zip({elsewhere: tmp_path / "file.csv"}, EDITION)
    assert made == downloads.figures_zip({elsewhere: tmp_path / "file.csv"}, EDITION)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.namelist() == ["README.txt", elsewhere]
        assert archive.read(elsewhere) == content


def test_the_workbook_has_a_cover_contents_notes_and_one_table_a_sheet(folder):
    book = python_calamine.load_workbook(str(folder / "tables.ods"))
    assert book.sheet_names == ["Cover", "Contents", "Notes", "Table_1", "Table_2", "Table_3"]
    with zipfile.ZipFile(folder / "tables.ods") as archive:
        root = ElementTree.fromstring(archive.read("content.xml"))
    ranges = [item.attrib for item in root.iter(f"{TABLE}database-range")]
    assert len(ranges) == 5, (
        "each table, the contents and the notes are marked as one, which screen readers need"
    )
    assert all(item[f"{TABLE}contains-header"] == "true" for item in ranges)
    assert not list(root.iter(f"{TABLE}covered-table-cell")), "no cells are merged"


def test_numbers_are_numbers_and_text_is_never_a_formula(folder):
    book = python_calamine.load_workbook(str(folder / "tables.ods"))
    cells = [
        cell for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row
    ]
    assert 19.8 in cells
    assert 12345 in cells
    assert "=SUM(A1)" in cells


def test_columns_are_as_wide_as_their_texts_and_the_contents_lead_to_the_sheets(tmp_path):
    columns = ("Force", "Rate", "Why")
    rows = [("Avon and Somerset Constabulary", 1.5, "x" * 90), ("Kent", None, "")]
    table = ods.Sheet("Table_1", "Title", ("A line",), columns, rows)
    contents = ods.Sheet("Contents", "Contents", (), ("Sheet",), [("Table_1",)])
    ods.write(tmp_path / "t.ods", "t", [ods.Sheet("Cover", "Cover", ("Words",)), contents, table])
    with zipfile.ZipFile(tmp_path / "t.ods") as archive:
        content = archive.read("content.xml").decode()
    styles = re.findall(r'<table:table-column table:style-name="(\w+)"', content)
    assert styles == ["prose", "figure", "name", "figure", "prose"]
    assert 'xlink:href="#Table_1.A1">Table_1</text:a>' in content
    assert '<table:table-cell table:style-name="line" office:value-type="string"><text:p>A line' in content


def test_the_ods_is_well_formed_and_its_type_comes_first(folder):
    with zipfile.ZipFile(folder / "tables.ods") as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        for name in ("content.xml", "meta.xml", "META-INF/manifest.xml"):
            ElementTree.fromstring(archive.read(name))
        assert b"table:formula" not in archive.read("content.xml")


def test_two_runs_give_the_same_bytes(folder, tmp_path_factory):
    again = tmp_path_factory.mktemp("again")
    downloads.write_force("Kent Police", figures(), EDITION, again)
    for name in downloads.NAMES:
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_force_without_figures_still_gets_its_files(tmp_path):
    downloads.write_force("Kent Police", [], EDITION, tmp_path)
    book = python_calamine.load_workbook(str(tmp_path / "tables.ods"))
    assert book.sheet_names == ["Cover"]


def table(columns: list[str], numeric: list[bool], rows: list[list[str]]) -> downloads.Table:
    return downloads.table_of(
        "police_powers", Figure(payload(table=twin(*columns, numeric=numeric, rows=rows)), SVG, png())
    )


def test_columns_of_one_name_are_told_apart():
    assert table(["A", "a", "A"], [False] * 3, [["x", "y", "z"]]).columns == ("A", "a (2)", "A (3)")


def test_printed_numbers_become_numbers_and_percent_goes_to_the_heading():
    made = table(
        ["Force", "Change", "Share"], [False, True, True], [["Met", "−1,234.5", "19.3%"], ["Kent", "0", ""]]
    )
    assert made.columns == ("Force", "Change", "Share (%)")
    assert made.rows == (("Met", -1234.5, 19.3), ("Kent", 0, None))


@pytest.mark.parametrize("cell", ["3rd", "84 of 280 (30%)", "0012", "1,23", "£5", "12 to 15", "1%%"])
def test_a_column_with_anything_but_numbers_stays_as_printed(cell):
    assert table(["A"], [True], [["1"], [cell]]).rows == (("1",), (cell,))


def test_units_are_never_mixed_in_a_column_of_numbers():
    assert table(["A"], [True], [["1"], ["2%"]]).rows == (("1",), ("2%",))


@pytest.mark.parametrize(("number", "name"), [(1, "A"), (26, "Z"), (27, "AA"), (52, "AZ"), (703, "AAA")])
def test_columns_have_letters(number, name):
    assert ods._letters(number) == name


def test_hostile_names_cannot_break_the_xml(tmp_path):
    sheet = ods.Sheet('A"<b>&', 'T"<b>&', ('l"<&',), ('c"<&',), [("v\"<&'",)])
    ods.write(tmp_path / "x.ods", "t<&", [sheet])
    with zipfile.ZipFile(io.BytesIO((tmp_path / "x.ods").read_bytes())) as archive:
        root = ElementTree.fromstring(archive.read("content.xml"))
    assert "v\"<&'" in "".join(root.itertext())


def start(workers, tmp_path):
    missing = {"kent": {"police_powers": tmp_path / "nowhere.ipynb"}}
    (told,) = downloads.work(EDITION, tmp_path / "out", missing, {"kent": "x"}, 2)
    workers.start(downloads.__name__, told)


def test_a_worker_that_fails_is_reported_and_none_is_left_behind(tmp_path):
    with pytest.raises(DownloadsError, match="nowhere"), Workers() as workers:
        start(workers, tmp_path)
        workers.join()
    assert [worker.poll() for worker in workers.running] == [1]


def test_a_worker_is_stopped_when_the_build_fails(tmp_path):
    with pytest.raises(RuntimeError, match="a page failed"), Workers() as workers:
        start(workers, tmp_path)
        raise RuntimeError("a page failed")
    assert all(worker.poll() is not None for worker in workers.running)


def test_downloads_that_were_not_finished_do_not_pass_for_those_before(tmp_path, monkeypatch):
    downloads.write_one("kent", {}, "old", EDITION, tmp_path)
    assert downloads.stale({"kent": "old"}, EDITION, tmp_path) == []
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        write = downloads.write_force

        def stopped(*arguments):
            write(*arguments)
            raise KeyboardInterrupt

        patch.setattr(downloads, "write_force", stopped)
        downloads.write_one("kent", {}, "new", EDITION, tmp_path)
    assert downloads.stale({"kent": "old"}, EDITION, tmp_path) == ["kent"]


def test_the_stale_downloads_are_shared_out_once_each(tmp_path):
    slugs = ["a", "b", "c", "d", "e"]
    digests = dict.fromkeys(slugs, "x")
    parts = downloads.work(EDITION, tmp_path, {slug: {} for slug in slugs}, digests, 2)
    assert [[force["slug"] for force in part["forces"]] for part in parts] == [["a", "c", "e"], ["b", "d"]]
    assert downloads.work(EDITION, tmp_path, {}, {}, 2) == []
