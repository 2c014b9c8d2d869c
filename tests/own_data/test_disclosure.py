"""No hidden number can be had from anything that is built: not as it is, not as a rate, not by taking figures away.

The figures are made up and far too large for a force, so that each is a text which nothing else on a page can be: the
threshold is 960,000 in place of 5.
"""

from __future__ import annotations

import gzip
import itertools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from own_data_helpers import put

from peelbook import contracts
from peelbook.catalogue import Catalogue
from peelbook.overlay import hide

NORFOLK, YEAR = "E23000024", "2026-03-31"
BELOW = 960_000
PEOPLE = 923_417

ETHNICITY = {
    "White": 4_100_171,
    "Black": 1_692_709,
    "Asian": 1_200_336,
    "Mixed": 460_149,
    "Other": 270_688,
}
OFFICERS = {
    ("Female", "Constable"): 2_752_258,
    ("Male", "Constable"): 4_922_576,
    ("Female", "Sergeant"): 614_146,
    ("Male", "Sergeant"): 3_249_947,
    ("Female", "Inspector"): 1_129_294,
    ("Male", "Inspector"): 1_396_665,
}
CHARGES = {
    "Robbery": 345_146,
    "Theft offences": 3_556_156,
    "Sexual offences": 1_851_323,
    "Drug offences": 6_047_232,
}


def supply(folder: Path) -> Path:
    """Own tables of one year: searches in three tables, officers and their moves, charges by group and by quarter."""
    put(folder, "population", (NORFOLK, "2025-06-30", PEOPLE))
    put(folder, "stop_search", (NORFOLK, YEAR, 8_006_051, sum(ETHNICITY.values()), ""))
    put(folder, "stop_search_ethnicity", *[(NORFOLK, YEAR, group, n) for group, n in ETHNICITY.items()])
    put(
        folder,
        "stop_search_records",
        *[
            (NORFOLK, YEAR, group, item, outcome, n // 4 + step)
            for group, n in ETHNICITY.items()
            for step, (item, outcome) in enumerate(
                itertools.product(("Drugs", "Weapons"), ("Arrest", "Caution"))
            )
        ],
    )
    put(
        folder,
        "workforce",
        *[(NORFOLK, YEAR, sex, rank, "Police Officer", n, n - 0.5) for (sex, rank), n in OFFICERS.items()],
    )
    put(folder, "workforce_flows", (NORFOLK, YEAR, 13_411_938, 1_501_929, 848_983))
    put(folder, "charges", *[(NORFOLK, YEAR, "closed", group, n) for group, n in CHARGES.items()])
    quarters = {
        "2025-06-30": (3_335_423, 16_911_620, 4_324_513, 8_185_578, 25_719_958),
        "2025-09-30": (3_164_665, 16_744_509, 4_153_366, 8_013_927, 25_207_837),
        "2025-12-31": (4_626_881, 18_206_337, 5_616_630, 9_476_958, 29_594_370),
        YEAR: (672_889, 14_253_394, 1_662_522, 5_522_812, 17_732_008),
    }
    put(folder, "charges_quarterly", *[(NORFOLK, day, *counts) for day, counts in quarters.items()])
    put(folder, "audits", (NORFOLK, "workforce", "A made-up question", 1_726_930, 2_358_129, YEAR))
    (folder / "suppress_below.txt").write_text(str(BELOW))
    return folder


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return supply(tmp_path_factory.mktemp("norfolk"))


TABLES = (
    "stop_search",
    "stop_search_ethnicity",
    "stop_search_records",
    "workforce",
    "workforce_flows",
    "charges",
    "charges_quarterly",
    "audits",
)


def counts_of(frame: pd.DataFrame, table: str) -> dict[tuple, float]:
    """Every count of a table: its row's key and its column to its value; missing ones are left out."""
    key = contracts.load(table)["primaryKey"]
    columns = [name for name in hide._counts(table) if name != "fte"]
    found = {}
    for row in frame[frame["force_code"] == NORFOLK].to_dict("records"):
        for column in columns:
            if not pd.isna(row[column]):
                found[(table, *(str(row[name]) for name in key), column)] = float(row[column])
    return found


@pytest.fixture(scope="module")
def figures(own, root):
    """All counts that were supplied: those that may be shown and those that may not."""
    book = Catalogue(root / "data", overlay=own, own_force_code=NORFOLK)
    shown, hidden = {}, {}
    for table in TABLES:
        frame = contracts.read_csv(own / f"{table}.csv", table, book.forces)
        before = counts_of(frame, table)
        published = book.table(table)
        after = counts_of(published[published["period_end"].isin(frame["period_end"].unique())], table)
        assert set(after) <= set(before)
        shown |= after
        hidden |= {place: value for place, value in before.items() if place not in after}
    return shown, hidden


def test_every_small_count_is_hidden_and_something_is_left(figures):
    shown, hidden = figures
    assert all(value == 0 or value >= BELOW for value in shown.values())
    assert {place[0] for place in hidden} == set(TABLES)
    assert len(shown) >= 8


def test_what_is_hidden_in_one_table_goes_from_the_others_of_the_same_events(figures):
    shown, hidden = figures
    tables = {place[0] for place in shown}
    # Searches whose ethnicity is not known: few, so that the sum over the known ones would tell.
    assert any(place[0] == "stop_search" and place[-1] == "searches_count" for place in shown)
    assert not tables & {"stop_search_ethnicity", "stop_search_records"}
    # One quarter of charges is small: the year less the others would tell.
    assert "charges" not in tables and any(place[0] == "charges_quarterly" for place in shown)
    # Officers at two year ends, and those who joined, give those who left.
    assert {place[-1] for place in hidden if place[0] == "workforce_flows"} == {
        "joiners_count",
        "leavers_count",
    }


def sums(values: list[float], most: int) -> dict[float, tuple[float, ...]]:
    """What up to so many of some figures add up to, each with what made it."""
    found: dict[float, tuple[float, ...]] = {}
    for size in range(1, most + 1):
        for chosen in itertools.combinations(values, size):
            found.setdefault(sum(chosen), chosen)
    return found


def test_no_difference_of_published_figures_is_a_hidden_one(figures):
    shown, hidden = figures
    for table in TABLES:
        family = {table, *(other for other, _ in hide.links(table))}
        values = sorted({value for place, value in shown.items() if place[0] in family})
        rests, wholes = sums(values, 3), sums(values, 1)
        for place, secret in hidden.items():
            for whole, made in wholes.items() if place[0] == table else ():
                rest = rests.get(whole - secret)
                assert rest is None or set(rest) & set(made), f"{place} is {made} less {rest}"


def test_without_the_links_a_difference_tells(own, root, monkeypatch):
    """The tests above can fail: with each table on its own, the year of charges less three quarters is the fourth."""
    monkeypatch.setattr(hide, "links", lambda table: ())
    book = Catalogue(root / "data", overlay=own, own_force_code=NORFOLK)
    year, quarters = (
        book.table(name).query("force_code == @NORFOLK and period_end > '2025-03-31'")
        for name in ("charges", "charges_quarterly")
    )
    assert year["charged_count"].notna().sum() >= 2 and quarters["closed_charged_count"].isna().sum() == 1


def test_hidden_rates_go_with_their_counts(tmp_path, root):
    put(tmp_path, "stop_search_ethnicity", *[(NORFOLK, YEAR, group, n) for group, n in ETHNICITY.items()])
    put(
        tmp_path,
        "stop_search_ethnicity_rate",
        *[(NORFOLK, YEAR, group, n / 10_000) for group, n in ETHNICITY.items()],
    )
    put(tmp_path, "stop_search_ethnicity_rate", *[(NORFOLK, YEAR, g, 5.5) for g in ETHNICITY])
    (tmp_path / "suppress_below.txt").write_text(str(BELOW))
    book = Catalogue(root / "data", overlay=tmp_path, own_force_code=NORFOLK)
    rates = book.table("stop_search_ethnicity_rate").query("force_code == @NORFOLK")
    assert rates.loc[rates["period_end"] == YEAR, "searches_rate"].isna().all()
    assert rates.loc[rates["period_end"] != YEAR, "searches_rate"].notna().any()


def test_a_run_carries_the_tables_that_tell_what_else_to_hide(own, root):
    """A page that reads charges by quarter alone hides what it would hide beside all other tables."""
    from peelbook.runner import Workspace, inputs
    from peelbook.sections import section

    workspace = Workspace(
        root / "notebooks", root / "data", own / ".peelbook", root / "requirements.txt", own
    )
    read = inputs.read(workspace, section("police_powers")).overlay
    assert "stop_search.csv" in read
    for stem in ("police_powers", "investigating_crime", "overall_summary", "workforce"):
        names = {name.removesuffix(".csv") for name in inputs.read(workspace, section(stem)).overlay}
        supplied = {name for name in section(stem).tables if (own / f"{name}.csv").exists()}
        linked = {
            other for name in supplied for other, _ in hide.links(name) if (own / f"{other}.csv").exists()
        }
        assert supplied | linked <= names


# --- everything that a build leaves ----------------------------------------------------------------


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of a site as text, what is packed unpacked: workbooks, gzip, and JSON within JSON."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for item in archive.namelist():
                    yield f"{name}!{item}", archive.read(item).decode("utf-8", "replace")
            continue
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        yield name, content.decode("utf-8", "replace")


NUMBER = re.compile(r"\d+(?:\.\d+)?")
GROUPED = re.compile(r"\d{1,3}(?:[, \u202f\u00a0]\d{3})+(?!\d)")
SHOWN_DIGITS = 9


def numbers(text: str) -> set[str]:
    """The numbers of a text as they can be looked up: digits alone, and of decimals the first characters."""
    text = text.replace("&nbsp;", "\u00a0")
    plain = {found[:SHOWN_DIGITS] if "." in found else found for found in NUMBER.findall(text)}
    return plain | {re.sub(r"\D", "", found) for found in GROUPED.findall(text)}


def spellings(value: float) -> set[str]:
    """A count as `numbers` gives it, and the rates of the force's people, at full precision, from which it follows."""
    return {str(int(value)), *(repr(scale * value / PEOPLE)[:SHOWN_DIGITS] for scale in (1_000, 100_000))}


def test_numbers_are_found_however_they_are_written():
    text = "a,265107,b 394,115,040 is 1\u202f234\u202f567&nbsp;or 4,242&nbsp;424; 124.580769035"
    assert {"265107", "394115040", "1234567", "124.58076"} <= numbers(text)
    assert "115040" not in numbers(text)


@pytest.mark.slow
def test_no_file_of_a_built_site_holds_a_hidden_number(own, figures, root, tmp_path, monkeypatch):
    from peelbook import site
    from peelbook.runner import Workspace, run
    from peelbook.runner.engine import Options

    monkeypatch.delenv("PEELBOOK_OVERLAY", raising=False)
    monkeypatch.delenv("PEELBOOK_SUPPRESS_BELOW", raising=False)
    workspace = Workspace(
        root / "notebooks", root / "data", tmp_path / ".peelbook", root / "requirements.txt", own
    )
    results = run(["norfolk"], workspace=workspace, options=Options(jobs=1))
    assert [str(result.error) for result in results if result.error] == []
    out = tmp_path / "site"
    site.build(
        results,
        out,
        catalogue=Catalogue(workspace.data, overlay=own),
        jobs=1,
        reference_force="norfolk",
        work_dir=tmp_path / "work",
    )
    shown, hidden = figures
    # A number that is both, in two places, may stand.
    secrets = set(hidden.values()) - set(shown.values())
    assert len(secrets) > 15
    wanted = {text for value in secrets for text in spellings(value)}
    allowed = {str(int(value)) for value in shown.values()}
    seen, told = set(), []
    for name, text in texts(out):
        found = numbers(text)
        told += [f"{name}: {number}" for number in sorted(found & wanted)]
        seen |= found & allowed
    assert told[:20] == []
    assert len(seen) >= 3, "the site shows what may be shown"
