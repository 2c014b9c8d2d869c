"""Adapters for publications whose file was not at hand: on files in the documented layout, and the form."""

import datetime

import pandas as pd
import pytest
import source_files as files

from peelbook import contracts
from peelbook.descriptor import resources
from peelbook.errors import SourceFileError, TableContractError
from peelbook.sources.ingest import ingest
from peelbook.sources.package import read as read_package
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
        "most_similar_groups",
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


OUTCOMES_HEADER = ["Financial Year", "Financial Quarter", "Force Name", "Offence Group", "Outcome Type"]
OUTCOMES_HEADER += ["Force outcomes for offences recorded in quarter", "Force outcomes in quarter"]


def outcome_rows(*rows):
    """Rows of robberies: year, quarter, force, outcome type, recorded, closed."""
    return [OUTCOMES_HEADER, *([year, q, force, "Robbery", *rest] for year, q, force, *rest in rows)]


def test_an_outcome_without_a_figure_on_one_basis_keeps_the_other(read, tmp_path):
    rows = outcome_rows(
        ["2022/23", 1, "Kent", 1, "[x]", 8],
        ["2022/23", 2, "Kent", 1, 5, 9],
        ["2022/23", 1, "Kent", 2, 3, "[x]"],
    )
    _, tables = read(files.write_csv(tmp_path / "o.csv", rows))
    found = tables["outcomes"].set_index("outcome_type")
    assert found.loc["1", "outcomes_count"] is pd.NA
    assert found.loc["1", "closed_count"] == 17
    assert (found.loc["2", "outcomes_count"], found.loc["2", "closed_count"]) == (3, pd.NA)


def test_a_force_whose_every_outcome_is_zero_supplied_none(forces, tmp_path):
    rows = outcome_rows(["2020/21", 1, "Kent", 1, 0, 8], ["2020/21", 1, "Kent", 2, 0, 9])
    publication, match = recognise(SourceFile(files.write_csv(tmp_path / "o.csv", rows)))
    result = publication.read(match, Context(forces, {}.get))
    assert result.tables["outcomes"]["outcomes_count"].isna().all()
    assert result.tables["outcomes"]["closed_count"].tolist() == [8, 9]
    (gap,) = result.gaps
    assert (gap.force_code, gap.status) == (KENT, "missing")
    assert "on the recorded basis" in gap.reason


def test_outcomes_know_the_same_holes_as_charges(empty_data, tmp_path):
    from peelbook.catalogue import Catalogue

    rows = outcome_rows(
        ["2014/15", 4, "Metropolitan Police", 1, 70, 80],
        ["2014/15", 4, "Kent", 1, 31, 30],
        ["2019/20", 1, "Greater Manchester", 1, 5, 6],
    )
    ingest([files.write_csv(tmp_path / "o.csv", rows)], empty_data)
    catalogue = Catalogue(empty_data)
    found = catalogue.table("outcomes").set_index("force_code")
    assert found["outcomes_count"].isna().to_dict() == {MET: True, "E23000005": True, KENT: False}
    assert found["closed_count"].to_dict() == {MET: 80, "E23000005": 6, KENT: 30}
    assert "January to March 2015 only" in catalogue.gap("outcomes", MET, "2015-03-31")


SEARCHES_HEADER = ["financial_year", "police_force_area", "reason_for_search", "outcome", "link"]
SEARCHES_HEADER += ["self_defined_ethnicity_group", "number_of_searches"]


def searches(path, *rows):
    """Searches of Kent for drugs: outcome, link, ethnic group, number."""
    body = [["2022/23", "Kent", "Drugs", *row] for row in rows]
    return files.write_ods(path, {"Cover": [["x"]], "open_data": [SEARCHES_HEADER, *body]})


def test_whether_an_outcome_is_linked_is_not_guessed_from_an_empty_cell(read, tmp_path):
    path = searches(tmp_path / "s.ods", ["Arrest", "Linked", "White", 25], ["Arrest", "", "White", 5])
    (found,) = read(path)[1]["stop_search_outcomes"].to_dict("records")
    assert found["outcome_count"] == 30
    assert pd.isna(found["linked_outcome_count"])


def test_a_link_that_nobody_knows_is_a_fault(read, tmp_path):
    path = searches(tmp_path / "s.ods", ["Arrest", "Sort of", "White", 25])
    with pytest.raises(TableContractError, match="'Sort of': not a known category"):
        read(path)


def test_a_search_without_a_figure_leaves_its_reason_without_one(read, tmp_path):
    path = searches(
        tmp_path / "s.ods", ["Arrest", "Linked", "White", 25], ["Arrest", "Linked", "Asian", "[x]"]
    )
    (found,) = read(path)[1]["stop_search_outcomes"].to_dict("records")
    assert pd.isna(found["searches_count"])


def test_stop_search_outcomes_leave_out_vehicles_and_unknown_results(forces, tmp_path):
    def row(outcome, link, group, count):
        return [outcome, link, group, count]

    rows = [
        row("No further action", "", "White", 60),
        row("Arrest", "Linked", "White", 25),
        row("Arrest", "Not linked", "Mixed", 5),
        row("Arrest", "Linked", "N/A - vehicle search", 7),
        row("Not known", "", "White", 9),
    ]
    path = searches(tmp_path / "s.ods", *rows)
    publication, match = recognise(SourceFile(path))
    result = publication.read(match, Context(forces, {}.get))
    assert publication.name == "stop_search_outcomes"
    (found,) = result.tables["stop_search_outcomes"].to_dict("records")
    (gap,) = result.gaps
    assert (gap.status, gap.reason) == ("caution", "9 searches whose outcome is not known are left out.")
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


def test_arrests_with_a_missing_piece_are_missing_and_not_fewer(read, tmp_path):
    header = ["financial_year", "police_force_area", "self_defined_ethnicity_group", "number_of_arrests"]
    rows = [
        ["2022/23", "Kent", "White", 50],
        ["2022/23", "Kent", "White", "[x]"],
        ["2022/23", "Kent", "Asian", 4],
    ]
    _, tables = read(files.write_csv(tmp_path / "a.csv", [header, *rows]))
    found = tables["arrests"].set_index("ethnicity")["arrests_count"]
    assert found["Asian"] == 4
    assert pd.isna(found["White"])


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
    path = files.write_ods(tmp_path / "t.ods", {"Table 1": [["A title (amounts in £)"], [], header, row]})
    name, tables = read(path)
    assert name == table
    (found,) = tables[table].to_dict("records")
    assert (found["force_code"], found["period_end"], found[column]) == (KENT, YEAR_2023, value)


FUNDING = [
    "Police force area",
    "Financial year",
    "Government funding",
    "Council tax precept",
    "Total funding",
]


@pytest.mark.parametrize("gap", [[], ["", "", "", "", ""], ["", "2022/23", 1, 1, 2]])
def test_forces_below_an_empty_row_are_not_lost_in_silence(read, tmp_path, gap):
    rows = [["Kent", "2022/23", 100, 50, 150], gap, ["Surrey", "2022/23", 90, 40, 130]]
    path = files.write_ods(tmp_path / "t.ods", {"Table 1": [["A title"], FUNDING, *rows]})
    with pytest.raises(SourceFileError, match="figures below the empty row") as caught:
        read(path)
    assert caught.value.row in (4, 5)


def test_notes_and_national_totals_may_stand_below_an_empty_row(read, tmp_path):
    rows = [
        ["Kent", "2022/23", 100, 50, 150],
        [],
        ["England and Wales", "2022/23", 900, 400, 1300],
        ["Notes"],
        ["1. Cash terms."],
        ["[note 2]", "Forces may differ."],
    ]
    _, tables = read(files.write_ods(tmp_path / "t.ods", {"Table 1": [["Funding, £"], FUNDING, *rows]}))
    assert tables["funding"]["total_gbp"].tolist() == [150]


def test_a_year_that_may_be_a_calendar_year_is_refused(read, tmp_path):
    rows = [["Funding, £"], FUNDING, ["Kent", "2023", 100, 50, 150]]
    path = files.write_ods(tmp_path / "t.ods", {"Table 1": rows})
    with pytest.raises(TableContractError, match="a calendar year, or not said whether it is one"):
        read(path)


def test_incidents_of_who_knows_what_are_not_antisocial_behaviour(read, tmp_path):
    rows = [["Police force", "Year ending March", "Number of incidents"], ["Kent", 2023, 77]]
    with pytest.raises(SourceFileError):
        read(files.write_ods(tmp_path / "t.ods", {"Table 1": [["Incidents of use of force"], *rows]}))
    path = files.write_ods(tmp_path / "u.ods", {"Table 1": [["Anti-social behaviour"], *rows]})
    assert read(path)[0] == "antisocial_behaviour"


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


# --- Editions and units: every figure is made up ---------------------------------------------------

OFFENCE = ["Made-up theft", "Theft offences", "Made-up subgroup", "T1", ""]


@pytest.mark.parametrize(
    ("year", "quarter", "recorded", "closed"),
    [
        (
            "2018/19",
            1,
            "Force outcomes for offences recorded in quarter",
            "Force outcomes recorded in quarter",
        ),
        (
            "2025/26",
            "Q1",
            "Outcomes for offences that were recorded in the quarter",
            "Outcomes for investigations closed in the quarter",
        ),
        (
            "2022/23",
            1,
            "Number of outcomes for offences that were recorded in the quarter",
            "Number of outcomes for investigations that were closed in the quarter",
        ),
    ],
)
def test_outcomes_are_read_under_the_headings_of_every_edition(
    read, tmp_path, year, quarter, recorded, closed
):
    header = ["Financial Year", "Financial Quarter", "Force Name", "Offence Description", "Offence Group"]
    header += ["Offence Subgroup", "Offence Code", "Offence code expired", "Outcome Description"]
    header += ["Outcome Group", "Outcome Type", recorded, closed]
    rows = [
        [year, quarter, "Kent", *OFFENCE, "Charged", "Charged", 1, 10, 12],
        [year, quarter, "London, City of", *OFFENCE, "No suspect", "Other", 18, 3, 4],
        [year, quarter, "Kent", *OFFENCE, "Not yet assigned", "Not yet assigned", 0, 5, "N/A"],
    ]
    path = files.write_ods(
        tmp_path / "o.ods", {"Cover": [["made up"]], "Outcomes_open_data": [header, *rows]}
    )
    name, tables = read(path)
    assert name == "outcomes"
    found = tables["outcomes"].set_index(["force_code", "outcome_type"])
    assert found.loc[(KENT, "1"), ["outcomes_count", "closed_count"]].tolist() == [10, 12]
    assert found.loc[("E23000034", "18"), ["outcomes_count", "closed_count"]].tolist() == [3, 4]
    assert len(found) == 2


def test_outcomes_that_are_divided_further_are_not_taken_for_the_whole(read, tmp_path):
    header = [*OUTCOMES_HEADER, "Offence Subcode"]
    path = files.write_csv(
        tmp_path / "o.csv", [header, ["2018/19", 1, "Kent", "Drug offences", 1, 5, 6, "92A/1"]]
    )
    with pytest.raises(SourceFileError, match="'Offence Subcode' is not part of this publication"):
        read(path)


def test_an_extract_without_rows_of_nought_gives_them_back(read, tmp_path):
    header = ["financial_year", "financial_quarter", "force_name", "offence_group", "outcome_type"]
    header += ["force_outcomes_for_offences_recorded_in_quarter", "force_outcomes_recorded_in_quarter"]
    rows = [
        ["2018/19", 1, "Kent", "Robbery", 1, 10, 8],
        ["2018/19", 1, "Surrey", "Robbery", 1, 2, 2],
        ["2018/19", 1, "Surrey", "Robbery", 18, 5, 5],
        ["NA"] * 7,
    ]
    _, tables = read(files.write_csv(tmp_path / "o.csv", [header, *rows]))
    found = tables["outcomes"].set_index(["force_code", "outcome_type"])
    assert found.loc[(KENT, "18"), ["outcomes_count", "closed_count"]].tolist() == [0, 0]


def test_arrests_of_the_edition_of_2018_are_read_from_their_own_sheet(empty_data, tmp_path):
    header = ["Financial Year", "Force Name", "Reason for arrest (offence group)"]
    header += ["Ethnic Group (self-defined)", "Age Group", "Sex", "Arrests"]
    rows = [
        ["2017/18", "Kent", "Burglary", "White", "10 - 17 years", "Female", 5],
        ["2017/18", "Kent", "Burglary", "Black (or Black British)", "18 - 20 years", "Male", 2],
        ["2017/18", "London, City of", "Burglary", "Chinese/other", "18 - 20 years", "Male", ".."],
        [],
    ]
    path = files.write_ods(tmp_path / "a.ods", {"Notes": [["made up"]], "AOD_0607_1718": [header, *rows]})
    ingest([path], empty_data)
    from peelbook.catalogue import Catalogue

    catalogue = Catalogue(empty_data)
    found = catalogue.table("arrests").set_index(["force_code", "ethnicity"])["arrests_count"]
    assert found.to_dict() == {(KENT, "Black"): 2, (KENT, "White"): 5}
    assert catalogue.gap("arrests", "E23000034", "2018-03-31")


def asb(path, *rows, header=("Area Code", "Area Name"), years=("Apr '17 to Mar '18", "Apr '18 to Mar '19")):
    """Table P7 with two years side by side."""
    blank = [""] * len(header)
    over = [*blank, years[0], "", years[1], ""]
    under = [*header, *["Number of Incidents", "Rate per 1,000 population"] * 2]
    title = ["Table P7: Anti-social behaviour incidents by police force area"]
    notes = [[], ["1. A made-up note."]]
    return files.write_ods(
        path,
        {
            "Notes": [["made up"]],
            "Table P7 ": [title, [], ["England and Wales"], over, under, [], *rows, *notes],
        },
    )


def incidents(table):
    return table.set_index(["force_code", "period_end"])["incidents_count"].to_dict()


ASB_YEARS = {(KENT, datetime.date(2018, 3, 31)): 20, (KENT, datetime.date(2019, 3, 31)): 18}
ASB_YEARS |= {("E23000031", datetime.date(2018, 3, 31)): 10, ("E23000031", datetime.date(2019, 3, 31)): 9}


def test_years_side_by_side_are_read_and_regions_and_totals_left_out(read, tmp_path):
    path = asb(
        tmp_path / "p.ods",
        ["K04000001", "ENGLAND AND WALES (exc. BTP)3", 30, 1.0, 27, 0.9],
        ["E12000008", "South East", 30, 1.0, 27, 0.9],
        ["E23000032", "Kent", 20, 1.1, 18, 1.0],
        ["E23000031", "Surrey10", 10, 0.8, 9, 0.7],
    )
    assert incidents(read(path)[1]["antisocial_behaviour"]) == ASB_YEARS


def test_years_side_by_side_without_codes_know_the_region_from_the_force_of_its_name(read, tmp_path):
    path = asb(
        tmp_path / "p.ods",
        ["ENGLAND AND WALES (inc. BTP)9", 99, 3.3, 99, 3.3],
        ["ENGLAND AND WALES (exc. BTP)", 37, 1.0, 35, 0.9],
        [],
        ["West Midlands ", 7, 1.0, 8, 1.0],
        ["West Midlands", 7, 1.0, 8, 1.0],
        [],
        ["South East ", 30, 1.0, 27, 0.9],
        ["Kent", 20, 1.1, 18, 1.0],
        ["Surrey", 10, 0.8, 9, 0.7],
        ["British Transport Police9", 62, "..", 64, ".."],
        header=("",),
        years=("Apr '17 to Mar '186,7", "Apr '18 to Mar '196,7"),
    )
    found = incidents(read(path)[1]["antisocial_behaviour"])
    assert found.pop(("E23000014", datetime.date(2018, 3, 31))) == 7
    assert found.pop(("E23000014", datetime.date(2019, 3, 31))) == 8
    assert found == ASB_YEARS


def test_a_force_lost_from_years_side_by_side_is_missed(read, tmp_path):
    path = asb(
        tmp_path / "p.ods",
        ["K04000001", "ENGLAND AND WALES (exc. BTP)", 30, 1.0, 27, 0.9],
        ["E23000032", "Kent", 20, 1.1, 18, 1.0],
    )
    with pytest.raises(TableContractError, match="the forces add up to 20"):
        read(path)


def test_police_force_area_tables_without_antisocial_behaviour_are_called_that(read, tmp_path):
    header = ["Area Code", "Area Name", "", "", "Violence against the person", "Robbery"]
    path = files.write_ods(
        tmp_path / "p.ods",
        {"Table P1": [["Table P1: Police recorded crime"], header, ["E23000032", "Kent", 9, "", 8, 1]]},
    )
    with pytest.raises(SourceFileError, match=r"without one of antisocial behaviour.*year to March"):
        read(path)


@pytest.mark.parametrize(
    ("title", "cells", "pounds"),
    [
        ("Police funding by force, £ million", [240, 150, 390], [240_000_000, 150_000_000, 390_000_000]),
        (
            "Police funding by force, £ million",
            [240.4, 150.2, 390.6],
            [240_400_000, 150_200_000, 390_600_000],
        ),
        ("Police funding by force (£m)", [240.4, 150.2, 390.6], [240_400_000, 150_200_000, 390_600_000]),
        (
            "Police funding by force (£000s)",
            ["240,000", "150,000", "390,000"],
            [240_000_000, 150_000_000, 390_000_000],
        ),
        (
            "Police funding by force, £ thousands",
            [240_000, 150_000, 390_000],
            [240_000_000, 150_000_000, 390_000_000],
        ),
        (
            "Police funding by force (£)",
            [240_400_000, 150_200_000, 390_600_000],
            [240_400_000, 150_200_000, 390_600_000],
        ),
    ],
)
def test_money_is_brought_to_pounds_by_the_unit_of_its_title(read, tmp_path, title, cells, pounds):
    path = files.write_ods(tmp_path / "t.ods", {"Table_4": [[title], FUNDING, ["Kent", "2022/23", *cells]]})
    (found,) = read(path)[1]["funding"].to_dict("records")
    assert [found[name] for name in ("grant_gbp", "precept_gbp", "total_gbp")] == pounds


def test_the_unit_of_a_heading_goes_before_that_of_the_title(read, tmp_path):
    header = [*FUNDING[:2], "Government funding (£m)", "Council tax precept (£000s)", "Total funding (£m)"]
    rows = [["Police funding, £"], header, ["Kent", "2022/23", 240.4, 150_200, 390.6]]
    (found,) = read(files.write_ods(tmp_path / "t.ods", {"Table_4": rows}))[1]["funding"].to_dict("records")
    assert (found["grant_gbp"], found["precept_gbp"]) == (240_400_000, 150_200_000)


def test_money_without_a_unit_is_refused(read, tmp_path):
    path = files.write_ods(
        tmp_path / "t.ods", {"Table_4": [["Funding"], FUNDING, ["Kent", "2022/23", 240, 150, 390]]}
    )
    with pytest.raises(SourceFileError, match="in which unit the amounts are"):
        read(path)


def test_grant_and_precept_that_miss_their_total_are_refused(read, tmp_path):
    rows = [["Funding, £ million"], FUNDING, ["Kent", "2022/23", 240, 150, 400]]
    with pytest.raises(TableContractError, match="add up to 390,000,000 pounds"):
        read(files.write_ods(tmp_path / "t.ods", {"Table_4": rows}))


def funding_side_by_side(path, over=("2021-22", "2022-23")):
    """Table 4a: three columns a year, in £ million, a region among the forces."""
    header = ["Code", "Police force area", *["Government funding", "Precept", "Total"] * 2]
    rows = [
        ["Table 4a: police funding by force, £ million"],
        ["", "", over[0], "", "", over[1], "", ""],
        header,
        [KENT, "Kent", 230.1, 140.2, 370.3, 240.4, 150.2, 390.6],
        ["E23000034", "City of London", 70.0, "", 70.0, 72.5, "", 72.5],
        ["E12000008", "South East", 300.1, 140.2, 440.3, 312.9, 150.2, 463.1],
    ]
    return files.write_ods(path, {"Table_4a": rows})


def test_funding_of_years_side_by_side_is_read_and_an_empty_precept_is_missing(read, tmp_path):
    table = read(funding_side_by_side(tmp_path / "f.ods"))[1]["funding"].set_index(
        ["force_code", "period_end"]
    )
    assert table.loc[(KENT, YEAR_2023)].tolist() == [240_400_000, 150_200_000, 390_600_000]
    assert table.loc[(KENT, datetime.date(2022, 3, 31))].tolist() == [230_100_000, 140_200_000, 370_300_000]
    assert table.loc[("E23000034", YEAR_2023), "precept_gbp"] is pd.NA
    assert len(table) == 4


@pytest.mark.parametrize(
    ("over", "message"),
    [(("2021-22", "2021-22"), "over two groups"), (("2021-22", "Budget"), "found 'Budget'")],
)
def test_years_side_by_side_that_are_none_or_twice_are_refused(read, tmp_path, over, message):
    with pytest.raises(SourceFileError, match=message):
        read(funding_side_by_side(tmp_path / "f.ods", over))


def test_arrests_that_were_lost_are_missing_and_those_beside_few_searches_are_none(forces, tmp_path):
    header = [
        "year_ending",
        "force_name",
        "legislation",
        "reason_for_search_arrest",
        "ethnic_group_self_defined",
    ]
    header += ["searches", "resultant_arrests"]

    def row(reason, searches, arrests, group="White"):
        return ["2019-03-31", "Kent", "Section 1 (PACE)", reason, group, searches, arrests]

    rows = [
        row("Drugs", 9000, "NA"),
        row("Drugs", 40, 4),
        row("Firearms", 12, "NA"),
        row("Firearms", "NA", "NA"),
        row("Firearms", 30, 3, "Vehicle only"),
    ]
    publication, match = recognise(SourceFile(files.write_csv(tmp_path / "s.csv", [header, *rows])))
    result = publication.read(match, Context(forces, {}.get))
    found = result.tables["stop_search_outcomes"].set_index("reason")
    assert found["searches_count"].to_dict() == {"Drugs": 9040, "Firearms": 12}
    assert pd.isna(found.loc["Drugs", "arrests_count"])
    assert found.loc["Firearms", "arrests_count"] == 0
    (gap,) = result.gaps
    assert (gap.force_code, gap.status) == (KENT, "missing")
    assert "drugs" in gap.reason
