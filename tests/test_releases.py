"""Every release of a table is kept as its difference from the next one, and comes back to the byte."""

from __future__ import annotations

import datetime
import io
import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelbook import Catalogue, contracts, releases
from peelbook.errors import DataPackageError, MissingTableError
from peelbook.releases import Part, State, laid, with_part
from peelbook.sources.ingest import Origin, ingest
from peelbook.sources.verify import verify

TABLE = "stalking_protection_orders"
COLUMNS = [field["name"] for field in contracts.load(TABLE)["fields"]]
COUNT = "orders_count"
DAYS = [datetime.date(2030, 7, 1), datetime.date(2031, 7, 1), datetime.date(2032, 7, 1)]


def frame(figures: dict[tuple[str, int], int]) -> pd.DataFrame:
    """Made-up figures by force and year."""
    lines = [",".join(COLUMNS)]
    for (force, year), figure in sorted(figures.items()):
        cells = {"force_code": force, "period_end": f"{year}-03-31", COUNT: str(figure)}
        lines.append(",".join(cells.get(name, "") for name in COLUMNS))
    return contracts.typed(io.StringIO("\n".join(lines) + "\n"), TABLE)


def figures_of(table: pd.DataFrame) -> dict[tuple[str, int], int]:
    return {(row.force_code, row.period_end.year): int(getattr(row, COUNT)) for row in table.itertuples()}


def part(figures: dict[tuple[str, int], int], day: datetime.date | None, name: str = "f.csv") -> Part:
    own = {"name": name, "sha256": "0" * 64}
    if day is not None:
        own["released"] = day.isoformat()
    keys = sorted({(pd.Timestamp(f"{year}-03-31"),) for _, year in figures})
    return Part(frame(figures), [(own, keys)], released=day)


def line(*parts: Part) -> list[State]:
    states: list[State] = []
    for each in parts:
        states = with_part(states, each, ["period_end"])
    return states


KENT, SURREY = "E23000032", "E23000031"
figures = st.dictionaries(
    st.tuples(st.sampled_from([KENT, SURREY]), st.integers(2028, 2031)), st.integers(0, 9), min_size=1
)


@settings(max_examples=25, deadline=None)
@given(st.lists(figures, min_size=2, max_size=4))
def test_any_line_of_releases_comes_back_from_its_differences(tmp_path_factory, tables):
    folder = tmp_path_factory.mktemp("line")
    states = [
        State(frame(held), [{"name": "f", "sha256": "0" * 64}], datetime.date(2031, 1, 1 + n))
        for n, held in enumerate(tables)
    ]
    newest = releases.to_csv(states[-1].frame, TABLE)
    files, entries = releases.written(states[:-1], newest, TABLE)
    (folder / f"{TABLE}.csv").write_bytes(newest)
    for name, payload in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(payload)
    resource = {"name": TABLE, "path": f"{TABLE}.csv", "releases": entries}
    back = releases.read(folder, resource)
    assert [state.released for state in back] == [state.released for state in states[:-1]]
    for state, held in zip(back, tables[:-1], strict=True):
        assert figures_of(state.frame) == held


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(3)), st.lists(figures, min_size=3, max_size=3))
def test_releases_give_the_same_line_in_whatever_order_they_come(order, tables):
    parts = [part(held, day, f"{day}.csv") for held, day in zip(tables, DAYS, strict=True)]
    inorder, shuffled = line(*parts), line(*(parts[n] for n in order))
    assert [s.released for s in inorder] == [s.released for s in shuffled] == DAYS
    for one, other in zip(inorder, shuffled, strict=True):
        assert figures_of(one.frame) == figures_of(other.frame)


def test_only_what_was_other_is_kept():
    older, newer = {(KENT, 2030): 1, (SURREY, 2030): 2}, {(KENT, 2030): 3, (SURREY, 2030): 2, (KENT, 2031): 5}
    change, periods = releases.difference(
        releases.to_csv(frame(older), TABLE), releases.to_csv(frame(newer), TABLE), TABLE
    )
    _, *rows = change.decode().splitlines()
    assert [row.split(",")[:3] for row in rows] == [["was", KENT, "2030-03-31"]]
    assert periods == ["2030-03-31"]


def test_a_figure_that_came_later_is_marked_absent_then():
    change, _ = releases.difference(
        releases.to_csv(frame({(KENT, 2030): 1}), TABLE),
        releases.to_csv(frame({(KENT, 2030): 1, (SURREY, 2030): 2}), TABLE),
        TABLE,
    )
    assert change.decode().splitlines()[1].startswith(f"absent,{SURREY},2030-03-31,")


def test_a_file_of_an_older_release_changes_only_what_no_later_one_covers():
    states = line(part({(KENT, 2031): 9}, DAYS[1]), part({(KENT, 2030): 1, (KENT, 2031): 4}, DAYS[0]))
    assert [state.released for state in states] == DAYS[:2]
    assert figures_of(states[-1].frame) == {(KENT, 2031): 9, (KENT, 2030): 1}
    assert figures_of(states[0].frame) == {(KENT, 2030): 1, (KENT, 2031): 4}


def test_a_file_without_a_date_is_taken_for_the_newest():
    states = line(part({(KENT, 2031): 9}, DAYS[1]), part({(KENT, 2031): 4}, None))
    assert [(state.released, figures_of(state.frame)) for state in states] == [
        (DAYS[1], {(KENT, 2031): 9}),
        (None, {(KENT, 2031): 4}),
    ]


def test_the_same_release_again_replaces_itself():
    states = line(part({(KENT, 2031): 9}, DAYS[1]), part({(KENT, 2031): 4}, DAYS[1]))
    assert [figures_of(state.frame) for state in states] == [{(KENT, 2031): 4}]
    assert laid(states[0], part({(KENT, 2031): 1}, DAYS[0]), ["period_end"]) is states[0]


# --- in a data folder


def table_file(path, count: int):
    """A whole table in the published layout; the figure is made up."""
    path.write_text(f"financial_year,police_force,ethnicity,total_searches\n2022/23,Kent,White,{count}\n")
    return path


@pytest.fixture
def two(tmp_path):
    """A data folder with two releases of a table, and the files they came from."""
    import shutil
    from pathlib import Path

    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(Path(__file__).resolve().parents[1] / "data" / "forces.csv", folder)
    for day, count in ((DAYS[0], 4), (DAYS[1], 5)):
        path = table_file(tmp_path / f"{day}.csv", count)
        url = f"https://www.gov.uk/media/{day}.csv"
        ingest([path], folder, {str(path): Origin(day, url, "stop_search_ethnicity")})
    return folder


def searches(folder, **options):
    return Catalogue(folder, **options).table("stop_search_ethnicity")["searches_count"].tolist()


def test_the_newest_is_the_default_and_as_of_gives_another(two):
    assert searches(two) == [5]
    assert searches(two, as_of="2031-06-30") == [4]
    assert searches(two, as_of="2031-07-01") == [5]
    with pytest.raises(MissingTableError, match="later than 2030-06-30"):
        searches(two, as_of="2030-06-30")
    assert Catalogue(two).releases("stop_search_ethnicity") == DAYS[:2]
    then = Catalogue(two).at("2031-01-01")
    assert then.released("stop_search_ethnicity") == DAYS[0]
    assert then.provenance("stop_search_ethnicity").input_files[0][0] == "2030-07-01.csv"
    assert then.digest("stop_search_ethnicity") != Catalogue(two).digest("stop_search_ethnicity")
    early = Catalogue(two).at("2020-01-01")
    assert not early.has("stop_search_ethnicity")
    assert early.digest("stop_search_ethnicity") == ""


def test_the_package_has_each_release_with_hash_address_and_date(two):
    (entry,) = [
        item
        for item in json.loads((two / "datapackage.json").read_text())["resources"]
        if item["name"] == "stop_search_ethnicity"
    ]
    assert entry["released"] == "2031-07-01"
    (earlier,) = entry["releases"]
    assert earlier["released"] == "2030-07-01"
    assert earlier["inputs"][0]["url"] == "https://www.gov.uk/media/2030-07-01.csv"
    assert earlier["inputs"][0]["released"] == "2030-07-01"
    assert len(earlier["inputs"][0]["sha256"]) == 64
    assert verify(two) == []


def test_an_edited_or_lost_release_is_found(two):
    path = two / "releases" / "stop_search_ethnicity" / "2030-07-01.csv"
    text = path.read_text()
    path.write_text(text.replace(",4", ",3"))
    (problem,) = verify(two)
    assert "does not give the release of 2030-07-01" in problem.problem
    resource = Catalogue(two).resources["stop_search_ethnicity"]
    with pytest.raises(DataPackageError, match="ingest the official file of that release again"):
        releases.read(two, resource)
    path.unlink()
    (problem,) = verify(two)
    assert "no such file" in problem.problem
    path.with_name("2029-01-01.csv").write_text("x")
    path.write_text(text)
    (problem,) = verify(two)
    assert "a release nobody recorded" in problem.problem


def test_a_table_without_a_date_is_later_than_its_last_figure(tmp_path, two):
    path = table_file(tmp_path / "undated.csv", 6)
    ingest([path], two)
    assert searches(two, as_of="2023-03-31") == [6]
    assert not Catalogue(two).at("2023-03-30").has("stop_search_ethnicity")


def test_the_rows_of_a_later_file_are_not_there_yet_in_a_table_of_several():
    resource = {
        "coverage": {"last_day": "2032-03-31"},
        "inputs": [
            {"name": "a", "covers": ["2029-03-31", "2030-03-31"]},
            {"name": "b", "covers": ["2031-03-31", "2032-03-31"]},
            {"name": "lookup", "released": "2020-01-01"},
        ],
    }
    report = datetime.date(2031, 8, 31)
    assert releases.later_parts(resource, report) == {"2031-03-31", "2032-03-31"}
    assert releases.entry_at(resource, report) is resource
    assert releases.entry_at(resource, datetime.date(2030, 3, 30)) is None


def test_one_file_without_a_date_leaves_the_table_without_one():
    states = line(part({(KENT, 2030): 9}, None), part({(KENT, 2031): 4}, DAYS[1]))
    assert [state.released for state in states] == [None]
    assert figures_of(states[0].frame) == {(KENT, 2030): 9, (KENT, 2031): 4}
