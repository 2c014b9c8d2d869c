"""The matrix of force and period: present, missing with its reason, or not applicable."""

import re

import pandas as pd
import pytest

from peelbook.sources import coverage

KENT, MET, CITY, GMP = "E23000032", "E23000001", "E23000034", "E23000005"


@pytest.fixture(scope="module")
def found(catalogue):
    return coverage.matrix(catalogue)


def state(found, table, code, period):
    rows = found[(found["table"] == table) & (found["force_code"] == code) & (found["period"] == period)]
    assert len(rows) == 1
    return rows["state"].iloc[0], rows["reason"].iloc[0]


def test_a_complete_table_is_present_for_all_43_forces(found):
    rows = found[found["table"] == "recorded_crime"]
    assert set(rows["state"]) == {"present"}
    assert len(rows) == 43 * 45


def test_nothing_is_missing_without_a_reason(found):
    missing = found[found["state"] == "missing"]
    assert len(missing) > 0
    assert (missing["reason"].str.len() > 20).all()
    assert "No reason is recorded." not in set(missing["reason"])


def test_greater_manchesters_missing_year_is_missing_with_its_reason(found):
    assert state(found, "charges", GMP, "2020-03-31") == (
        "missing",
        "Nothing was supplied for July 2019 to March 2020; April to June 2019 is kept apart as part of a year.",
    )


def test_a_year_with_only_one_basis_is_there_in_part(found):
    assert state(found, "charges", MET, "2015-03-31")[0] == "in part"


def test_city_of_londons_population_is_present_with_caution(found):
    kind, reason = state(found, "population", CITY, "2022-06-30")
    assert kind == "present with caution"
    assert "not the people it polices" in reason


def test_a_table_of_the_met_and_the_nation_does_not_apply_to_kent(found):
    assert state(found, "charges_quarterly", KENT, "2015-03-31")[0] == "not applicable"
    assert state(found, "charges_quarterly", "K04000001", "2016-03-31")[0] == "present"


def test_grades_are_covered_by_inspection_cycle(found):
    assert state(found, "judgments", MET, "2023-25")[0] == "present"


def test_the_summary_counts_every_force_and_period_once(found):
    summary = coverage.summary(found)
    assert summary[list(coverage.STATES)].to_numpy().sum() == len(found)


def test_the_terminal_view_lists_every_force_and_explains_its_letters(catalogue):
    text = coverage.text(catalogue, "charges")
    lines = text.splitlines()
    assert sum(line.startswith("Greater Manchester") for line in lines) == 1
    assert len([line for line in lines if "✓" in line]) == 43
    assert any(line.endswith("April to June 2019 is kept apart as part of a year.") for line in lines)


def test_the_page_names_every_table_and_shows_only_forces_with_a_gap(catalogue):
    page = coverage.markdown(catalogue)
    assert "## Offences charged or summonsed\\, by force\\, year and offence group" in page
    assert (
        "<caption>Coverage: Offences charged or summonsed, by force, year and offence group</caption>" in page
    )
    assert '<th scope="row">Greater Manchester</th>' in page
    assert page.count("```{raw} html") == page.count("\n```\n")


def test_the_page_explains_every_mark_before_the_first_table_with_marks(catalogue):
    page = coverage.markdown(catalogue)
    assert page.index(coverage.KEY) < page.index("<caption>Coverage:")
    cells = set(re.findall(r"<td>([^<]*)</td>", page[page.index("<caption>Coverage:") :]))
    assert {re.sub(r"[a-z]+$", "letter", cell) for cell in cells} <= {"✓", "✓ letter", "letter", "–", ""}
    assert "1 of 44 areas have" not in page
    assert not re.search(r"\b1 areas\b", page)


def test_hostile_names_and_reasons_reach_the_page_as_text(data_copy):
    forces = data_copy / "forces.csv"
    forces.write_text(forces.read_text().replace("Cumbria,,", 'Cumb<script>"ria,,'), encoding="utf-8")
    reasons = data_copy / "gaps.csv"
    text = reasons.read_text().replace(
        "Outcomes of offences recorded in this year were not supplied.", "{raw} html ``` $x$ **bold** [a](b)"
    )
    reasons.write_text(text, encoding="utf-8")
    from peelbook.catalogue import Catalogue

    catalogue = Catalogue(data_copy)
    catalogue._tables["gaps"] = pd.read_csv(reasons, parse_dates=["period_start", "period_end"])
    page = coverage.markdown(catalogue)
    assert "<script>" not in page
    assert "Cumb&lt;script&gt;&quot;ria" in page
    assert "\\{raw\\} html \\`\\`\\` \\$x\\$ \\*\\*bold\\*\\* \\[a\\]\\(b\\)" in page
