"""Adapters for publications whose file was not at hand: on files in the documented layout, and the form."""

import datetime

import pandas as pd
import pytest
import source_files as files

from peelbook import contracts
from peelbook.errors import TableContractError
from peelbook.sources.ingest import ingest
from peelbook.sources.package import read as read_package
from peelbook.sources.package import resources
from peelbook.sources.publication import Context, facts, recognise, registry
from peelbook.sources.reading import SourceFile

MET, KENT = "E23000001", "E23000032"
YEAR_2023 = datetime.date(2023, 3, 31)


@pytest.fixture
def read(forces):
    def _read(path, **tables):
        publication, match = recognise(SourceFile(path))
        return publication.name, publication.read(match, Context(forces, tables.get)).tables

    return _read


def test_every_untested_publication_says_so_and_has_examples_for_its_form():
    untested = [publication for publication in registry().values() if publication.untested]
    assert {publication.name for publication in untested} == {
        "antisocial_behaviour",
        "arrests",
        "emergency_calls",
        "funding",
        "outcomes",
        "right_to_know",
        "stalking_protection_orders",
        "stop_search_outcomes",
        "use_of_force_later",
        "workforce_flows",
    }
    for publication in untested:
        if publication.name != "use_of_force_later":
            assert all("example" in field for field in contracts.load(publication.tables[0])["fields"])


@pytest.mark.parametrize(
    "table", [p.tables[0] for p in registry().values() if p.untested and p.name != "use_of_force_later"]
)
def test_the_example_row_of_a_form_goes_in(empty_data, tmp_path, table):
    fields = contracts.load(table)["fields"]
    path = files.write_csv(
        tmp_path / "form.csv", [[field["name"] for field in fields], [field["example"] for field in fields]]
    )
    (outcome,) = ingest([path], empty_data)
    assert (outcome.table, outcome.rows) == (table, 1)
    entry = resources(read_package(empty_data))[table]
    assert entry["untested"] is True
    assert entry["kind"] == "extract"
    assert facts()["table"][table]["kind"] == "as published"


def test_a_form_may_name_forces_and_leave_optional_cells_empty(read, tmp_path):
    header = [field["name"] for field in contracts.load("emergency_calls")["fields"]]
    path = files.write_csv(
        tmp_path / "f.csv", [header, ["Kent Police", "2023-03-31", "1,000", 900, "", "[x]", ""]]
    )
    _, tables = read(path)
    (row,) = tables["emergency_calls"].to_dict("records")
    assert (row["force_code"], row["calls_count"]) == (KENT, 1000)
    assert pd.isna(row["answered_in_10_to_60_seconds_count"])


def test_a_form_is_refused_with_the_cell_at_fault(read, tmp_path):
    header = [field["name"] for field in contracts.load("right_to_know")["fields"]]
    path = files.write_csv(tmp_path / "f.csv", [header, ["Kemt", "31/03/2023", -1, 2.5, "", ""]])
    with pytest.raises(TableContractError) as caught:
        read(path)
    assert {fault.column for fault in caught.value.faults} == {
        "force_code",
        "period_end",
        "applications_count",
        "disclosures_count",
    }


def test_outcomes_are_added_up_over_quarters_without_their_of_which_rows(read, tmp_path):
    header = ["Financial Year", "Financial Quarter", "Force Name", "Offence Description", "Offence Group"]
    header += ["Offence Subgroup", "Offence Code", "Outcome Description", "Outcome Group", "Outcome Type"]
    header += [
        "Number of outcomes for offences that were recorded in the quarter",
        "Number of outcomes for investigations that were closed in the quarter",
    ]

    def row(quarter, kind, recorded, closed, force="Kent"):
        offence = ["Robbery", "Robbery", "Robbery of personal property", "34B", "x", "x"]
        return ["2022/23", quarter, force, *offence, kind, recorded, closed]

    rows = [row(1, 1, 10, 8), row(2, 1, 12, 15), row(2, "1a", 3, 3), row(1, 0, 40, 40), row(1, 18, 99, 90)]
    rows.append(row(1, 1, 5, 5, force="British Transport Police"))
    path = files.write_xlsx(tmp_path / "o.xlsx", {"Notes": [["x"]], "2022-23": [header, *rows]})
    name, tables = read(path)
    assert name == "outcomes"
    found = tables["outcomes"].set_index("outcome_type")
    assert found["outcomes_count"].to_dict() == {"1": 22, "18": 99}
    assert found.loc["1", "closed_count"] == 23


def test_stop_search_outcomes_leave_out_vehicles_and_unknown_results(read, tmp_path):
    header = [
        "financial_year",
        "financial_year_quarter",
        "geocode",
        "region",
        "police_force_area",
        "legislation",
    ]
    header += ["reason_for_search", "outcome", "link", "self_defined_ethnicity_group", "sex", "age_group"]
    header += ["number_of_searches"]

    def row(outcome, link, group, count):
        return [
            "2022/23",
            "Q1",
            KENT,
            "South East",
            "Kent",
            "s1",
            "Drugs",
            outcome,
            link,
            group,
            "Male",
            "x",
            count,
        ]

    rows = [
        row("No further action", "Not linked", "White", 60),
        row("Arrest", "Linked", "White", 25),
        row("Arrest", "Not linked", "Mixed", 5),
        row("Arrest", "Linked", "N/A - vehicle search", 7),
        row("Not known", "", "White", 9),
    ]
    path = files.write_ods(tmp_path / "s.ods", {"Cover": [["x"]], "open_data": [header, *rows]})
    name, tables = read(path)
    assert name == "stop_search_outcomes"
    (found,) = tables["stop_search_outcomes"].to_dict("records")
    assert (found["searches_count"], found["outcome_count"], found["linked_outcome_count"]) == (90, 30, 25)
    assert pd.isna(found["found_count"])  # the table does not say whether an item was found


def test_arrests_fold_the_labels_of_every_year(read, tmp_path):
    header = [
        "financial_year",
        "geocode",
        "police_force_area",
        "sex",
        "age_group",
        "self_defined_ethnicity_group",
    ]
    header += ["reason_for_arrest", "number_of_arrests"]

    def row(group, count):
        return ["2022/23", KENT, "Kent", "Male", "18-20 years", group, "Theft", count]

    rows = [
        row("2019/20 onwards - Asian or Asian British", 4),
        row("White", 50),
        row("Not stated", 6),
        row("White", 2),
    ]
    path = files.write_ods(tmp_path / "a.ods", {"OD_5+1": [header, *rows], "OD_18+1": [header]})
    name, tables = read(path)
    assert name == "arrests"
    assert tables["arrests"].set_index("ethnicity")["arrests_count"].to_dict() == {
        "Asian": 4,
        "Not known": 6,
        "White": 52,
    }


def test_emergency_calls_take_the_months_people_write(read, tmp_path):
    header = [
        "Force",
        "Month",
        "Number of calls",
        "Under 10 seconds",
        "10 to 60 seconds",
        "60 seconds or longer",
    ]
    months = ["March 2023", "Apr-23", "2023-05", "2023-06-15"]
    path = files.write_csv(tmp_path / "c.csv", [header, *[["Kent", month, 9, 8, 1, 0] for month in months]])
    _, tables = read(path)
    ends = tables["emergency_calls"]["period_end"].tolist()
    assert ends == [
        YEAR_2023,
        datetime.date(2023, 4, 30),
        datetime.date(2023, 5, 31),
        datetime.date(2023, 6, 30),
    ]


@pytest.mark.parametrize(
    ("table", "header", "row", "column", "value"),
    [
        (
            "funding",
            [
                "Police force area",
                "Financial year",
                "Government funding",
                "Council tax precept",
                "Total funding",
            ],
            ["Kent", "2022/23", 100, 50, 150],
            "precept_gbp",
            50,
        ),
        (
            "antisocial_behaviour",
            ["Police force area", "Year ending March", "Antisocial behaviour incidents"],
            ["Kent", 2023, 77],
            "incidents_count",
            77,
        ),
        (
            "stalking_protection_orders",
            ["Police force", "Year", "Full orders granted"],
            ["Kent", "2022/23", 12],
            "orders_count",
            12,
        ),
        (
            "right_to_know",
            ["Police force", "Year", "Right to know applications", "Right to know disclosures"],
            ["Kent", "2022/23", 12, 9],
            "disclosures_count",
            9,
        ),
    ],
)
def test_a_sheet_with_likely_headings_is_read(read, tmp_path, table, header, row, column, value):
    path = files.write_ods(tmp_path / "t.ods", {"Table 1": [["A title"], [], header, row]})
    name, tables = read(path)
    assert name == table
    (found,) = tables[table].to_dict("records")
    assert (found["force_code"], found["period_end"], found[column]) == (KENT, YEAR_2023, value)


def test_later_use_of_force_workbooks_are_read_from_whichever_sheet_has_the_table(read, tmp_path):
    path = files.write_ods(
        tmp_path / "u.ods",
        {
            "Contents": [["Table", "Period covered"], [3, "Year ending 31 March 2023"]],
            "Table_3": [
                ["Table 3. Incidents by police force, year ending March 2023"],
                ["Region", "Police force", "Total"],
                ["England and Wales", "Total England and Wales", 9],
                ["South East", "Kent", 9],
            ],
        },
    )
    name, tables = read(path)
    assert name == "use_of_force_later"
    assert tables["use_of_force"]["incidents_count"].tolist() == [9]
    assert tables["use_of_force"]["period_end"].tolist() == [YEAR_2023]


def test_leavers_stand_beside_the_officers_of_a_year_before(read, tmp_path):
    header = ["Financial Year", "Geo code", "Force Name", "Region", "Sex", "Worker type", "Leaver type"]
    header += ["Total (headcount)", "Total (FTE)"]
    rows = [
        ["2022/23", KENT, "Kent", "South East", "Male", "Police Officer", "Voluntary resignation", 30, 29.0],
        ["2022/23", KENT, "Kent", "South East", "Male", "Police Officer", "Transfer", 10, 10.0],
        ["2022/23", KENT, "Kent", "South East", "Male", "Police Staff", "Voluntary resignation", 99, 99.0],
    ]
    workforce = pd.DataFrame(
        {
            "force_code": [KENT, KENT],
            "period_end": pd.to_datetime(["2022-03-31", "2022-03-31"]),
            "worker_type": ["Police Officer", "Police Staff"],
            "headcount": [4000, 2500],
        }
    )
    path = files.write_ods(tmp_path / "l.ods", {"Data": [header, *rows]})
    _, tables = read(path, workforce=workforce)
    (found,) = tables["workforce_flows"].to_dict("records")
    assert (found["leavers_count"], found["officers_at_start_count"]) == (40, 4000)
