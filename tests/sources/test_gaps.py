"""Every hole has a reason; nothing missing is written as nought."""

import datetime

import pandas as pd
import pytest

from peelbook import contracts
from peelbook.sources import gaps
from peelbook.sources.package import made_tables
from peelbook.sources.publication import Gap

KENT, MET = "E23000032", "E23000001"


def frame(*rows):
    return pd.DataFrame(rows, columns=["force_code", "period_end", "offences_count"]).astype(
        {"offences_count": "Int64", "period_end": "datetime64[s]"}
    )


def test_every_hole_in_every_committed_table_has_a_reason(catalogue):
    reasons = catalogue.table("gaps")
    unexplained = [
        hole
        for table in made_tables(catalogue.resources)
        for hole in gaps.unexplained(catalogue.table(table), table, reasons, catalogue.forces)
    ]
    assert unexplained == []


def test_the_check_finds_a_hole_when_a_reason_is_taken_away(catalogue):
    reasons = catalogue.table("gaps")
    table = catalogue.table("stop_search_ethnicity_rate")
    fewer = reasons[reasons["table"] != "stop_search_ethnicity_rate"]
    assert gaps.unexplained(table, "stop_search_ethnicity_rate", fewer, catalogue.forces) == [
        "stop_search_ethnicity_rate: E23000034 2023-03-31"
    ]


def test_the_check_finds_an_empty_figure_when_a_reason_is_taken_away(catalogue):
    reasons = catalogue.table("gaps")
    fewer = reasons[~((reasons["table"] == "charges_quarterly") & (reasons["force_code"] == MET))]
    holes = gaps.unexplained(
        catalogue.table("charges_quarterly"), "charges_quarterly", fewer, catalogue.forces
    )
    assert len(holes) == 3 * 3  # three quarters of three recorded-basis columns


def test_neighbouring_holes_become_one_stretch(forces):
    days = [f"{year}-03-31" for year in range(2013, 2017)]
    rows = [(code, day, 1) for code in forces.codes for day in days if code != KENT or day == "2013-03-31"]
    found = gaps.explain(frame(*rows), "recorded_crime_total", forces, [])
    assert found == [
        Gap(
            "recorded_crime_total",
            KENT,
            datetime.date(2013, 4, 1),
            datetime.date(2016, 3, 31),
            "missing",
            "The published file has no figure for this force here.",
        )
    ]


def test_a_hole_that_an_adapter_explained_keeps_its_reason(forces):
    rows = [(code, "2023-03-31", 1) for code in forces.codes if code != KENT]
    met = Gap(
        "recorded_crime_total",
        KENT,
        datetime.date(2022, 4, 1),
        datetime.date(2023, 3, 31),
        "missing",
        "Lost at sea.",
    )
    assert gaps.explain(frame(*rows), "recorded_crime_total", forces, [met]) == [met]


@pytest.mark.parametrize(
    ("table", "end", "start"),
    [
        ("charges", datetime.date(2023, 3, 31), datetime.date(2022, 4, 1)),
        ("recorded_crime", datetime.date(2022, 12, 31), datetime.date(2022, 10, 1)),
        ("stop_search_records", datetime.date(2020, 2, 29), datetime.date(2020, 2, 1)),
        ("antisocial_behaviour_calendar_year", datetime.date(2016, 12, 31), datetime.date(2016, 1, 1)),
        ("population", datetime.date(2022, 6, 30), datetime.date(2022, 6, 30)),
    ],
)
def test_a_period_starts_the_day_after_the_one_before_ended(table, end, start):
    assert gaps.start_of(table, end) == start


def test_an_inspection_cycle_spans_its_years():
    assert gaps.cycle_dates("2023-25") == (datetime.date(2023, 1, 1), datetime.date(2025, 12, 31))
    assert gaps.cycle_dates("2021/22") == (datetime.date(2021, 1, 1), datetime.date(2022, 12, 31))


def test_recorded_gaps_are_about_tables_forces_and_dates_that_exist(forces):
    for gap, only in gaps.known():
        assert gap.table in contracts.tables()
        assert gap.force_code in {*forces.codes, "K04000001", "*"}
        assert gap.period_start <= gap.period_end
        assert gap.status in ("missing", "caution")
        names = {field["name"] for field in contracts.load(gap.table)["fields"]}
        assert not only or only.split("=")[0] in names


def test_a_force_with_half_a_year_of_charges_has_no_annual_figure(catalogue):
    table = catalogue.table("charges")
    recorded = table[table["basis"] == "recorded"]
    for code, year in [(MET, 2015), ("E23000002", 2015), ("E23000026", 2015), ("E23000005", 2020)]:
        rows = recorded[(recorded["force_code"] == code) & (recorded["period_end"].dt.year == year)]
        assert rows.empty
        assert catalogue.gap("charges", code, f"{year}-03-31")
