"""Every table that a section declares is shown by its notebook, and missed by name where it is not there.

The tables are made up from their contracts: for all forces in `data/`, for one force in a folder of its own data.
"""

from __future__ import annotations

import pandas as pd
import pytest
from notebook_cells import days, outputs, register, rows, write

from peelbook import blocks, contracts, formats, measures
from peelbook.figures._chart import MIME
from peelbook.forces import Forces
from peelbook.sections import all_sections
from peelbook.site import downloads
from peelbook.site.card import Figure

SECTIONS = [section.stem for section in all_sections()]

#: Tables that a page does not show by themselves, and why.
NOT_SHOWN = {
    "charges_quarterly": "quarters of the Met and of England and Wales, for the ledger",
    "charges_part_year": "one quarter of one force, for the ledger",
    "charge_rate_national": "rolling years of England and Wales alone, for the ledger",
    "recorded_crime_total": "below the line of a rate of the summary",
    "neighbours": "which forces stand beside this one in other tables",
    "most_similar_groups": "which forces stand beside this one in other tables",
    "force_areas": "by which forces are found similar",
    "claims": "the ledger, and the box of claims",
    "judgments": "one word of the opening",
    "population": "residents, below the line of a rate",
    "population_releases": "residents by each release, below the line of a difference of rates",
    "population_ethnicity": "residents, below the line of a rate",
    "audits": "only a user supplies it: see the test of a user's own tables",
    "stop_search_ethnicity_rate": "the publisher's own rates, which the ledger checks against",
    "stop_search_records": "two forces to November 2020: months, where a force has them",
}

#: Tables that no section reads, and the page of the book that shows each.
ON_A_PAGE_OF_THE_BOOK = {
    "gaps": "coverage: why a figure is missing",
    "districts": "the search for a place: which force polices it",
}


def test_every_table_of_a_contract_is_read_by_a_section_or_shown_by_a_page_of_the_book():
    read = {name for section in all_sections() for name in section.tables}
    assert set(contracts.tables()) - read - set(ON_A_PAGE_OF_THE_BOOK) == set()
    assert not set(ON_A_PAGE_OF_THE_BOOK) & read, "a table that a section reads is tested below"


#: Tables that one page does not show by themselves while another does.
NOT_SHOWN_IN = dict.fromkeys(
    ("workforce", "victim_service", "preventing_crime", "responding_to_the_public"),
    {"crime_severity": "by which forces are found similar"},
)
NOT_SHOWN_IN["workforce"] = {
    **NOT_SHOWN_IN["workforce"],
    "police_grant": "officers of March 2025, beside a forecast in the ledger",
}


def tables_of(stem: str) -> list[str]:
    section = next(item for item in all_sections() if item.stem == stem)
    hidden = {*NOT_SHOWN, *NOT_SHOWN_IN.get(stem, {})}
    return [name for name in section.tables if name not in hidden]


@pytest.fixture(scope="module", params=SECTIONS)
def stem(request):
    return request.param


@pytest.fixture(scope="module")
def codes(root):
    return list(Forces.read(root / "data" / "forces.csv").codes)


@pytest.fixture(scope="module")
def folders(root, tmp_path_factory, codes):
    """A data folder with made-up tables, one without them, and a user's own folder."""
    import shutil

    full, bare = (tmp_path_factory.mktemp(name) / "data" for name in ("full", "bare"))
    own = tmp_path_factory.mktemp("own")
    every = [name for stem in SECTIONS for name in tables_of(stem)]
    for folder in (full, bare):
        shutil.copytree(root / "data", folder)
    for name in every:
        write(full, name, rows(name, codes))
        write(own, name, rows(name, ["E23000032"]))
    register(full, every)
    register(bare, [], gone=tuple(every))
    return full, bare, own


def shown(bundles, table):
    """The charts, and the other outputs that are no notes, that rest on a table."""
    charts = [b[MIME] for b in bundles if MIME in b and table in {s["table"] for s in b[MIME]["sources"]}]
    others = [
        b[blocks.MIME]
        for b in bundles
        if blocks.MIME in b and table in b[blocks.MIME]["tables"] and b[blocks.MIME]["kind"] != blocks.NOTE
    ]
    return charts, others


def run(stem, root, monkeypatch, data, overlay=None):
    monkeypatch.setenv("PEELBOOK_DATA", str(data))
    monkeypatch.setenv("PEELBOOK_OVERLAY", str(overlay or ""))
    return outputs(root / "notebooks" / f"{stem}.ipynb", force="kent")


def test_a_table_of_all_forces_is_shown(stem, root, folders, monkeypatch):
    bundles = run(stem, root, monkeypatch, folders[0])
    for table in tables_of(stem):
        charts, others = shown(bundles, table)
        texts = [str(payload) for payload in (*charts, *others)]
        assert charts or any(item["kind"] == blocks.TABLE for item in others), f"{table} is on no page"
        newest = formats.date(pd.Timestamp(days(table)[-1]))
        assert any(newest in text for text in texts), f"{table}: its newest year is not shown"
        for payload in charts:
            figure = Figure(payload, '<svg viewBox="0 0 1 1"></svg>', b"")
            assert downloads.table_of(stem, figure).rows, f"{payload['id']} is empty in the workbook"
            assert payload["csv"].count("\n") > 1, f"{payload['id']} is empty as a download"


def test_a_table_that_is_taken_away_is_missed_by_name(stem, root, folders, monkeypatch):
    bundles = run(stem, root, monkeypatch, folders[1])
    notes = [b[blocks.MIME] for b in bundles if blocks.MIME in b and b[blocks.MIME]["kind"] == blocks.NOTE]
    for table in tables_of(stem):
        charts, others = shown(bundles, table)
        assert not charts and not others
        told = " ".join(line for note in notes if table in note["tables"] for line in note["lines"])
        assert measures.registry().publications[table] in told, f"nothing says what would fill {table}"
    # A page says a note once (`site.absent`), and knows it by its words: a table's, a chart's and a sentence's are one.
    said: dict[tuple[str, ...], set[str]] = {}
    for note in notes:
        said.setdefault(tuple(note["tables"]), set()).add(blocks.as_text(note))
    assert [words for tables, words in said.items() if len(tables) == 1 and len(words) > 1] == []


def test_a_user_s_own_table_of_one_force_is_shown(stem, root, folders, monkeypatch):
    _, bare, own = folders
    bundles = run(stem, root, monkeypatch, bare, own)
    for table in tables_of(stem):
        charts, others = shown(bundles, table)
        assert charts or any(item["kind"] == blocks.TABLE for item in others), f"{table} is on no page"


def test_what_is_not_shown_by_itself_is_a_table_of_the_book():
    assert set(NOT_SHOWN) <= set(contracts.tables())
