"""Whatever bytes come in, a reader gives a table or one error of ours, never another failure."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
import source_files as files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peelbook.errors import PeelbookError, SourceFileError, TableContractError
from peelbook.sources.cells import MISSING_SYMBOLS
from peelbook.sources.ingest import ingest
from peelbook.sources.publication import Context, recognise
from peelbook.sources.reading import SourceFile

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def attempt(path: Path, forces):
    publication, match = recognise(SourceFile(path))
    return publication.read(match, Context(forces, lambda name: None))


@FEW
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path, forces, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(SourceFileError, match="Fix: "):
        attempt(path, forces)


@FEW
@given(data=st.data())
def test_a_spoilt_spreadsheet_is_read_or_refused(tmp_path, forces, data):
    whole = files.workforce(tmp_path / "whole.ods").read_bytes()
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(1, len(content)))]
    path = tmp_path / "spoilt.ods"
    path.write_bytes(bytes(content))
    try:
        result = attempt(path, forces)
    except (SourceFileError, TableContractError) as error:
        assert "Fix: " in str(error)
    else:
        # Only bytes that carry no figure (dates in the archive's directory) may change unnoticed.
        assert result.tables["workforce"]["headcount"].tolist() == [1200, 90, 3]


cell = st.one_of(
    st.integers(-5, 10_000_000).map(str),
    st.floats(allow_nan=False, width=32).map(str),
    st.sampled_from(sorted(MISSING_SYMBOLS)),
    st.text(alphabet=string.printable + "éŵ²–€\u202e", max_size=12),
)
row = st.tuples(
    st.sampled_from(["2022/23", "2021-22", "2022", ""]) | cell,
    st.sampled_from(["Kent", "London, City of", "BTP", "Kemt"]) | cell,
    st.sampled_from(["White", "Black", "asian", "Green"]) | cell,
    cell,
)


@FEW
@given(rows=st.lists(row, min_size=1, max_size=8))
def test_any_cells_give_a_valid_table_or_every_fault(tmp_path, forces, rows):
    path = files.stop_search_ethnicity(tmp_path / "e.csv", [list(cells) for cells in rows])
    try:
        frame = attempt(path, forces).tables["stop_search_ethnicity"]
    except (SourceFileError, TableContractError) as error:
        assert "Fix: " in str(error)
        return
    assert set(frame["force_code"]) <= set(forces.codes)
    assert (frame["searches_count"].dropna() >= 0).all()


@FEW
@given(
    counts=st.lists(st.integers(0, 10**9), min_size=1, max_size=43),
    style=st.sampled_from(["{}", "{:,}", "{} [note 1]"]),
)
def test_counts_come_out_as_they_went_in_however_they_are_printed(tmp_path, forces, counts, style):
    rows = [
        ["2022/23", force.name, "White", style.format(count)]
        for force, count in zip(forces, counts, strict=False)
    ]
    frame = attempt(files.stop_search_ethnicity(tmp_path / "e.csv", rows), forces).tables[
        "stop_search_ethnicity"
    ]
    assert frame["searches_count"].tolist() == counts
    assert frame["force_code"].tolist() == [force.code for force in forces][: len(counts)]


@FEW
@given(
    kind=st.sampled_from(["csv", "ods", "xlsx"]),
    blanks=st.integers(0, 12),
    order=st.permutations(range(4)),
    case=st.sampled_from([str.upper, str.title, str]),
)
def test_format_notes_above_column_order_and_case_do_not_matter(tmp_path, forces, kind, blanks, order, case):
    header = ["financial_year", "police_force", "ethnicity", "total_searches"]
    body = ["2022/23", "Kent", "White", 7]
    rows = [*[["A note"] + [""] * 3] * blanks, [case(header[n]) for n in order], [body[n] for n in order]]
    path = tmp_path / f"file.{kind}"
    if kind == "csv":
        files.write_csv(path, rows)
    else:
        (files.write_ods if kind == "ods" else files.write_xlsx)(path, {"Data": rows})
    frame = attempt(path, forces).tables["stop_search_ethnicity"]
    assert frame[["force_code", "ethnicity", "searches_count"]].values.tolist() == [["E23000032", "White", 7]]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(["2018", "2019", "2020"]))
def test_the_order_in_which_years_arrive_does_not_matter(empty_data, tmp_path, order):
    folder = tmp_path / "-".join(order)
    folder.mkdir(exist_ok=True)
    (folder / "forces.csv").write_bytes((empty_data / "forces.csv").read_bytes())
    for year in order:
        ingest([files.use_of_force(tmp_path / f"{year}.ods", year=int(year))], folder)
    reference = tmp_path / "reference"
    if not reference.exists():
        reference.mkdir()
        (reference / "forces.csv").write_bytes((empty_data / "forces.csv").read_bytes())
        ingest([tmp_path / f"{year}.ods" for year in ("2018", "2019", "2020")], reference)
    assert files.snapshot(folder) == files.snapshot(reference)


def test_errors_can_cross_a_process_boundary(tmp_path):
    import pickle

    with pytest.raises(PeelbookError) as caught:
        SourceFile(tmp_path / "no").rows()
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
