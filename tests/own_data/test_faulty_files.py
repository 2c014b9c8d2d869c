"""Whatever lies in a folder of own tables is read, or named with its fix; nothing is accepted and left out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from own_data_helpers import KENT, areas, calls, put

from peelbook import contracts
from peelbook.catalogue import Catalogue
from peelbook.errors import ParameterError, TableContractError
from peelbook.forces import Forces
from peelbook.own_data import check, template
from peelbook.site import site_data

HEADER = "force_code,period_end,population_count"


@pytest.fixture
def faults(catalogue, tmp_path):
    """What the check says of the folder, as one text."""
    return lambda: str(check(tmp_path, catalogue))


def population(folder: Path, *rows: str, end: str = "\n") -> None:
    (folder / "population.csv").write_bytes(end.join([HEADER, *rows, ""]).encode())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_table_is_read_however_its_lines_end(catalogue, tmp_path, end):
    population(tmp_path, f"{KENT},2023-06-30,1000", f"{KENT},2024-06-30,1001", end=end)
    assert check(tmp_path, catalogue).rows == {"population": 2}
    own = Catalogue(catalogue.data_dir, overlay=tmp_path)
    assert own.is_supplied("population")
    assert 1001 in own.table("population")["population_count"].tolist()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "is a pipe"),
        (Path.mkdir, "is a folder"),
        (lambda path: path.symlink_to(path), "Too many levels"),
        (lambda path: path.symlink_to("nowhere"), "a link to nothing"),
    ],
)
@pytest.mark.parametrize("name", ["population.csv", "forces.csv"])
def test_what_is_named_like_a_table_and_is_no_file_is_a_fault(faults, tmp_path, make, said, name):
    make(tmp_path / name)
    assert said in faults()


def test_what_is_not_read_is_named(catalogue, tmp_path):
    for name in ("notes.docx", "README.md", "suppress_below.txt", ".gitignore"):
        (tmp_path / name).write_text("5")
    (tmp_path / "more").mkdir()
    assert [text.split()[0] for text in check(tmp_path, catalogue).warnings] == ["more", "notes.docx"]


@pytest.mark.parametrize(
    "day",
    ["２０２３-06-30", "2023-6-30", "0001-06-30", "9999-06-30", "1989-06-30", "2023-03-31", "2023-02-30"],
)
def test_a_day_that_no_page_can_show_is_a_fault(faults, tmp_path, catalogue, day):
    population(tmp_path, f"{KENT},{day},1000")
    assert "row 2, column 'period_end'" in faults()
    with pytest.raises(TableContractError, match="period_end"):
        Catalogue(catalogue.data_dir, overlay=tmp_path).table("population")


@pytest.mark.parametrize("count", ["9" * 5_000, str(2**63), "1e400", "１２", "1_000", "-" * 50])
def test_a_count_that_cannot_be_shown_is_a_fault(faults, tmp_path, count):
    population(tmp_path, f"{KENT},2023-06-30,{count}")
    assert "not a whole number that can be shown" in faults()


@pytest.mark.parametrize("seconds", ["1e400", "9" * 400, "1" + "0" * 16])
def test_a_decimal_that_cannot_be_shown_is_a_fault(faults, tmp_path, seconds):
    put(tmp_path, "emergency_calls", (*calls()[:-1], seconds))
    assert "not a number that can be shown" in faults()


@pytest.mark.parametrize("text", ["", " \n", "٥", "five", "1", "-5", "5.5", "9" * 5_000, "1000001"])
def test_a_threshold_that_cannot_be_read_is_refused_and_never_none(tmp_path, catalogue, faults, text):
    (tmp_path / "suppress_below.txt").write_text(text)
    with pytest.raises(ParameterError, match=r"Fix: "):
        Catalogue(catalogue.data_dir, overlay=tmp_path)
    assert "suppress_below.txt: 1 fault" in faults()
    assert len(faults()) < 400


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_a_threshold_that_is_no_file_is_refused(tmp_path, catalogue, make):
    make(tmp_path / "suppress_below.txt")
    with pytest.raises(ParameterError, match="is not a file"):
        Catalogue(catalogue.data_dir, overlay=tmp_path)


def test_parts_that_do_not_add_up_are_said(catalogue, tmp_path):
    code, month, total, *rest = calls(quick=900, slow=80, late=19)
    put(tmp_path, "emergency_calls", calls(month="2023-02-28"), (code, month, total + 1, *rest))
    put(tmp_path, "funding", (KENT, "2023-03-31", 100, 50, 149))
    calls_said, funding_said = check(tmp_path, catalogue).warnings
    assert "row 3" in calls_said and "add up to 999, and calls_count is 1,000" in calls_said
    assert "add up to 150, and total_gbp is 149" in funding_said


SLUGS = ["con", "nul", "aux", "prn", "com1", "lpt9", "index", "forces", "book", "figures"]


@pytest.mark.parametrize("slug", SLUGS)
def test_a_name_that_a_system_or_the_site_keeps_for_itself_is_no_slug(tmp_path, slug):
    (first, *_) = areas(1)
    path = put(tmp_path, "forces", (first[0], slug, *first[2:]))
    with pytest.raises(TableContractError, match="keeps for itself"):
        Forces.read(path)


@pytest.mark.parametrize("place", ["²", "9" * 5_000])
def test_a_place_on_the_grid_is_a_number_of_few_digits(tmp_path, place):
    (first, *_) = areas(1)
    with pytest.raises(TableContractError, match="tile_row"):
        Forces.read(put(tmp_path, "forces", (*first[:7], place, "1")))


def test_the_files_of_a_site_with_an_area_of_one_s_own_are_made(catalogue, tmp_path):
    """An area more than the 43 forces: its list is one of the sources of the site."""
    template(catalogue.forces["kent"], tmp_path, areas=catalogue.forces)
    with (tmp_path / "forces.csv").open("a", encoding="utf-8") as stream:
        stream.write("P00001,test-unit,Test Unit,Unit,the,,South East,20,20\n")
    put(tmp_path, "emergency_calls", calls("P00001"))
    assert check(tmp_path, catalogue, force="test-unit").good
    assert set(site_data.site_files(Catalogue(overlay=tmp_path))) >= {"claims.json"}


def test_evidence_that_cannot_be_worked_out_is_found_before_a_build(faults, tmp_path, catalogue):
    header = [field["name"] for field in contracts.load("claims")["fields"]]
    row = dict.fromkeys(header, "") | {
        "claim_id": "police_powers.searches",
        "report": "peel-2023-25-kent",
        "force_code": KENT,
        "section": "police_powers",
        "heading": "Searches",
        "statement": "A made-up number of searches.",
        "quantity": "searches",
        "subject": KENT,
        "value": "12",
        "sense": "=",
        "unit": "count",
        "decimals": "0",
        "basis": "open data",
        "publication": "stop_search",
        "location": "text",
        "evidence": 'measure("stop_search_count", period="2022-02-31")',
    }
    put(tmp_path, "claims", tuple(row.values()))
    text = faults()
    assert "claims.csv: 1 fault" in text and "row 2, column 'evidence'" in text
    assert "the period '2022-02-31' is not a day" in text and "Fix: write the last day of a period" in text
