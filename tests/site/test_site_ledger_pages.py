"""A page for each report in the ledger. The second report, its words and its figures are made up."""

from __future__ import annotations

import pandas as pd
import pytest

from peelbook.catalogue import Catalogue
from peelbook.site import ledger_pages, stage

MET, NORFOLK = "peel-2023-25-metropolitan", "peel-2025-27-norfolk"


@pytest.fixture(scope="module")
def two_reports(catalogue, tmp_path_factory):
    """The committed tables, the ledger cut to a few claims, and a made-up report on Norfolk of another cycle."""
    ledger = catalogue.table("claims")
    wanted = (
        "police_powers.stop_search_rate.force",
        "police_powers.stop_search_rate.average",
        "police_powers.grade",
    )
    few = ledger[ledger["claim_id"].isin([*wanted, "leadership_and_force_management.grade"])]
    own = few.assign(report=NORFOLK, force_code="E23000024", location="", statement="Made up of Norfolk.")
    own["subject"] = own["subject"].astype("str").replace("E23000001", "E23000024")
    own["value"] = own["value"] + 1  # no report prints these
    empty = own[own["value"].notna()].assign(value=None, decimals=None, label="")
    empty["claim_id"] = empty["claim_id"] + ".empty"
    own = pd.concat([own, empty.astype(own.dtypes)])
    folder = tmp_path_factory.mktemp("reports")
    own.to_csv(folder / "claims.csv", index=False, date_format="%Y-%m-%d")
    return Catalogue(overlay=folder)


@pytest.fixture(scope="module")
def pages(two_reports, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEELBOOK_BASE_URL", "https://example.org/peel/")
        ledger_pages.put_pages(folder, two_reports)
    return folder


def test_each_report_has_a_page_and_the_overview_leads_to_both(pages):
    assert {path.name for path in pages.iterdir()} == {f"{MET}.md", f"{NORFOLK}.md", "index.md", "index.json"}
    overview = (pages / "index.md").read_text(encoding="utf-8")
    for report in (MET, NORFOLK):
        assert f"(../ledger/{report}.md)" in overview
    assert "two reports of HMICFRS print" in overview
    assert "4 claims. 2 rows are not filled in, and are no claim." in overview
    assert [item["report"] for item in ledger_pages.contents(pages)] == [MET, NORFOLK]


def test_nothing_of_one_report_is_on_the_page_of_the_other(pages):
    met, norfolk = ((pages / f"{report}.md").read_text(encoding="utf-8") for report in (MET, NORFOLK))
    assert "Norfolk" not in met
    assert norfolk.startswith("# The report on Norfolk Constabulary, checked\n")
    assert "Metropolitan" not in norfolk
    assert norfolk.count("Made up of Norfolk.") >= 4


def test_a_claim_is_cited_at_the_page_of_its_own_report(pages):
    norfolk = (pages / f"{NORFOLK}.md").read_text(encoding="utf-8")
    assert (
        f"https://example.org/peel/ledger/{NORFOLK}.html#claim-police_powers.stop_search_rate.force"
        in norfolk
    )
    assert f"ledger/{MET}.html" not in norfolk


def test_a_page_orders_and_names_the_sections_by_its_cycle(pages):
    norfolk = (pages / f"{NORFOLK}.md").read_text(encoding="utf-8")
    assert norfolk.index(">Leadership and force management<") < norfolk.index(
        ">Police powers and public treatment<"
    )
    met = (pages / f"{MET}.md").read_text(encoding="utf-8")
    assert met.index(">Police powers and public treatment<") < met.index(">Leadership and force management<")


def test_the_front_page_and_the_force_s_page_know_each_report_s_totals(pages):
    facts = {"ledgers": {item["force_code"]: item for item in ledger_pages.contents(pages)}}
    found = stage._ledger_of(facts, "E23000024", "../../")
    assert found is not None
    assert found["page"] == f"../../ledger/{NORFOLK}.html"
    assert (found["claims"], found["whole"]) == ("4 of 6 claims entered", False)
    met = stage._ledger_of(facts, "E23000001", "../../")
    assert met is not None and (met["claims"].endswith(" claims"), met["whole"]) == (True, True)
    assert stage._ledger_of(facts, "E23000032", "") is None


def test_a_report_that_is_taken_out_takes_its_page_along(pages, catalogue, tmp_path):
    for path in pages.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    ledger_pages.put_pages(tmp_path, catalogue)
    assert [path.name for path in tmp_path.glob("peel-*.md")] == [f"{MET}.md"]
    assert "Norfolk" not in (tmp_path / "index.md").read_text(encoding="utf-8")
