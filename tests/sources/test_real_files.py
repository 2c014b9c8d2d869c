"""The official files themselves, where this machine has them: same tables, same bytes, same controls."""

from __future__ import annotations

import shutil

import pytest

from peelbook.errors import SourceFileError
from peelbook.sources.ingest import ingest
from peelbook.sources.package import made_tables
from peelbook.sources.reading import SourceFile

pytestmark = pytest.mark.sources

# Not publications: lists, layouts and counts that no table is made from.
NOT_PUBLICATIONS = {
    "SOURCES.md",
    "judgment_counts.csv",
    "official_addresses.csv",
    "official_file_urls_and_sha256.csv",
    "pfa_centroids_and_suggested_tilegrid.csv",
}


# An edition that has none of the tables read: it must be refused, and in words that say why.
WITHOUT_THE_TABLE = "policeforceareatablesyearendingseptember2019.xlsx"


@pytest.fixture(scope="module")
def official(shared_sources):
    """Every official file that a table is made from."""
    left_out = {*NOT_PUBLICATIONS, WITHOUT_THE_TABLE}
    return sorted(p for p in shared_sources.rglob("*") if p.is_file() and p.name not in left_out)


def test_an_edition_without_antisocial_behaviour_says_so(shared_sources, empty_data):
    (path,) = shared_sources.rglob(WITHOUT_THE_TABLE)
    with pytest.raises(SourceFileError, match="without one of antisocial behaviour"):
        ingest([path], empty_data)
    assert [item.name for item in empty_data.iterdir()] == ["forces.csv"]


@pytest.fixture(scope="module")
def ingested(official, tmp_path_factory, root):
    """A folder made from the official files alone, in one ingest, which refuses a file that it does not recognise."""
    folder = tmp_path_factory.mktemp("ingested")
    shutil.copy(root / "data" / "forces.csv", folder)
    ingest(official, folder)
    return folder


def test_ingest_gives_the_committed_tables_byte_for_byte(ingested, root, catalogue):
    tables = [*made_tables(catalogue.resources), "gaps"]
    different = [
        table
        for table in tables
        if (ingested / f"{table}.csv").read_bytes() != (root / "data" / f"{table}.csv").read_bytes()
    ]
    assert different == []


def test_the_committed_description_is_the_one_ingest_writes(ingested, catalogue):
    from peelbook.catalogue import Catalogue

    fresh = Catalogue(ingested).resources
    assert {name: fresh[name] for name in made_tables(fresh)} == {
        name: catalogue.resources[name] for name in made_tables(catalogue.resources)
    }


def test_no_official_file_is_kept_in_the_repository(official, root, catalogue):
    digests = {SourceFile(path).sha256 for path in official}
    assert not digests & {r["hash"].removeprefix("sha256:") for r in catalogue.resources.values()}


def test_stated_grades_never_outnumber_the_counts_reported_for_a_force(shared_sources, catalogue):
    import csv

    table = catalogue.table("judgments")
    (path,) = shared_sources.rglob("judgment_counts.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        counts = list(csv.DictReader(stream))
    contradicted = []
    for row in counts:
        code = catalogue.forces[row["force"]].code
        rows = table[(table["force_code"] == code) & (table["cycle"] == row["cycle"])]
        if "SOC" not in row["note"]:
            # Serious and organised crime is graded apart, and most reported counts leave it out.
            rows = rows[rows["area_code"] != "soc"]
        grades = rows["grade"]
        for grade, number in grades.value_counts().items():
            if number > int(row[grade.lower().replace(" ", "_")]):
                contradicted.append((row["force"], row["cycle"], grade))
    assert len(counts) > 50
    assert contradicted == []


def test_no_met_record_says_whether_the_object_was_found(shared_sources):
    import duckdb

    (path,) = shared_sources.rglob("data_police_uk_records.parquet")
    query = "select count(*), count(nullif(\"Outcome linked to object of search\"::varchar, '')) from read_parquet(?)"
    with duckdb.connect() as connection:
        found = connection.execute(f"{query} where force = 'metropolitan'", [str(path)]).fetchone()
    assert found == (195_027, 0)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("pattern", ["*.ods", "*.xlsx", "*.parquet"])
def test_an_official_file_cut_short_is_refused_and_nothing_changes(official, tmp_path, root, pattern, keep):
    from peelbook.errors import PeelbookError

    whole = next(path for path in official if path.match(pattern))
    cut = tmp_path / "cut"
    content = whole.read_bytes()
    cut.write_bytes(content[: int(len(content) * keep)])
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(root / "data" / "forces.csv", folder)
    with pytest.raises(PeelbookError, match="Fix: "):
        ingest([cut], folder)
    assert [path.name for path in folder.iterdir()] == ["forces.csv"]
