"""Each adapter, on a small file in the published layout: what comes out, and what is refused."""

import datetime

import pandas as pd
import pytest
import source_files as files

from peelbook.errors import SourceFileError, TableContractError
from peelbook.sources.publication import Context, recognise
from peelbook.sources.reading import SourceFile

MET, KENT, CITY, CUMBRIA, GMP = "E23000001", "E23000032", "E23000034", "E23000002", "E23000005"
NATIONAL = "K04000001"
YEAR_2023 = datetime.date(2023, 3, 31)


@pytest.fixture
def read(forces):
    """Read one file with its adapter."""
    tables: dict[str, pd.DataFrame] = {}

    def _read(path):
        publication, match = recognise(SourceFile(path))
        result = publication.read(match, Context(forces, tables.get))
        tables.update(result.tables)
        return result

    return _read


def at(frame, **wanted):
    """The one row with these values."""
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def faults(caught):
    return {(fault.column, fault.row): fault for fault in caught.value.faults}


class TestStopSearch:
    def test_the_43_forces_are_kept_and_the_national_row_is_not(self, read, tmp_path):
        frame = read(files.stop_search(tmp_path / "s.csv")).tables["stop_search"]
        assert len(frame) == 2 * 43
        assert NATIONAL not in set(frame["force_code"])

    def test_city_of_london_has_searches_but_no_population(self, read, tmp_path):
        frame = read(files.stop_search(tmp_path / "s.csv")).tables["stop_search"]
        row = at(frame, force_code=CITY, period_end=YEAR_2023)
        assert row["searches_count"] > 0
        assert row["census_population_count"] is pd.NA

    def test_forces_that_do_not_add_up_to_the_national_row_are_refused(self, read, tmp_path):
        with pytest.raises(TableContractError, match="the forces add up to 5,203"):
            read(files.stop_search(tmp_path / "s.csv", off_by=1))

    def test_a_national_row_without_a_figure_is_refused_with_its_symbol(self, read, tmp_path):
        path = files.stop_search(tmp_path / "s.csv")
        text = path.read_text().replace("2022/23,All,All,5203", "2022/23,All,All,[x]")
        path.write_text(text)
        with pytest.raises(TableContractError, match=r"'\[x\]': no total in this year, though every force"):
            read(path)

    def test_a_force_that_stands_twice_is_called_so_and_the_total_is_not_blamed(self, read, tmp_path):
        path = files.stop_search(tmp_path / "s.csv")
        lines = path.read_text().splitlines()
        kent = next(line for line in lines if line.startswith("Kent,2022/23"))
        path.write_text("\n".join([*lines, kent]) + "\n")
        with pytest.raises(TableContractError) as caught:
            read(path)
        (fault,) = caught.value.faults
        assert (fault.value, fault.rule, fault.row) == ("Kent", "the area is listed twice in this year", 92)


class TestStopSearchEthnicity:
    def test_a_thousands_comma_is_read_through(self, read, tmp_path):
        frame = read(files.stop_search_ethnicity(tmp_path / "e.csv")).tables["stop_search_ethnicity"]
        assert at(frame, ethnicity="White")["searches_count"] == 1204

    @pytest.mark.parametrize(
        ("column", "row", "rule"),
        [
            (3, ["2022/23", "Kent", "White", -4], "negative"),
            (3, ["2022/23", "Kent", "White", 4.5], "fraction"),
            (3, ["2022/23", "Kent", "White", "lots"], "not a number"),
            (2, ["2022/23", "Kent", "Martian", 4], "not a known category"),
            (1, ["2022/23", "Kemt", "White", 4], "nearest: kent"),
            (0, ["2022/24", "Kent", "White", 4], "financial year"),
        ],
    )
    def test_a_bad_cell_is_named_with_row_column_and_fix(self, read, tmp_path, column, row, rule):
        good = ["2022/23", "Kent", "Asian", 12]
        with pytest.raises(TableContractError) as caught:
            read(files.stop_search_ethnicity(tmp_path / "e.csv", [good, row]))
        (fault,) = caught.value.faults
        assert fault.row == 3
        assert fault.column == ["financial_year", "police_force", "ethnicity", "total_searches"][column]
        assert rule in str(fault)
        assert fault.fix

    def test_all_faults_are_listed_at_once(self, read, tmp_path):
        rows = [["2022/23", "Kemt", "White", -4], ["2022", "Kent", "Green", "many"]]
        with pytest.raises(TableContractError) as caught:
            read(files.stop_search_ethnicity(tmp_path / "e.csv", rows))
        assert len(caught.value.faults) == 5

    def test_footnote_marks_behind_a_force_and_a_year_are_read_through(self, read, tmp_path):
        row = ["2022/23 [note 1]", "Kent [note 2]", "White", 4]
        frame = read(files.stop_search_ethnicity(tmp_path / "e.csv", [row])).tables["stop_search_ethnicity"]
        assert at(frame, force_code=KENT, period_end=YEAR_2023)["searches_count"] == 4

    def test_a_row_with_a_cell_too_many_is_refused(self, read, tmp_path):
        with pytest.raises(SourceFileError, match="the row has 5 cells, the header 4") as caught:
            read(files.stop_search_ethnicity(tmp_path / "e.csv", [["2022/23", "Kent", "White", 1, 204]]))
        assert caught.value.row == 2

    def test_a_header_alone_is_refused(self, read, tmp_path):
        with pytest.raises(SourceFileError, match="no row of data"):
            read(files.stop_search_ethnicity(tmp_path / "e.csv", []))


class TestStopSearchRates:
    def test_rates_stay_as_printed_and_city_of_london_is_left_out(self, read, tmp_path):
        path = files.stop_search_rates(tmp_path / "rates-2022-23.csv")
        frame = read(path).tables["stop_search_ethnicity_rate"]
        assert set(frame["force_code"]) == {KENT, NATIONAL}
        row = at(frame, force_code=NATIONAL, ethnicity="Black")
        assert (row["searches_rate"], row["period_end"]) == (23.7, YEAR_2023)

    def test_a_file_that_does_not_say_its_year_is_refused(self, read, tmp_path):
        with pytest.raises(SourceFileError, match="does not state its year"):
            read(files.stop_search_rates(tmp_path / "rates.csv"))


class TestUseOfForce:
    def test_incidents_are_by_force_and_the_year_comes_from_the_contents(self, read, tmp_path):
        frame = read(files.use_of_force(tmp_path / "u.ods")).tables["use_of_force"]
        row = at(frame, force_code=MET)
        assert (row["incidents_count"], row["period_end"]) == (60, datetime.date(2019, 3, 31))
        assert len(frame) == 2

    def test_tactics_are_added_up_from_the_level_that_every_force_gives(self, read, tmp_path):
        frame = read(files.use_of_force(tmp_path / "u.ods")).tables["use_of_force_tactics"]
        assert len(frame) == 2 * len(files.TACTIC_COUNTS)
        assert at(frame, force_code=MET, tactic="Handcuffing")["uses_count"] == 50

    def test_chinese_stands_within_asian_and_the_unknown_stand_together(self, read, tmp_path):
        frame = read(files.use_of_force(tmp_path / "u.ods")).tables["use_of_force_ethnicity"]
        assert at(frame, force_code=NATIONAL, ethnicity="Asian")["incidents_count"] == 8 + 2
        assert at(frame, force_code=NATIONAL, ethnicity="Not known")["incidents_count"] == 6 + 4
        assert at(frame, force_code=MET, ethnicity="Asian")["uses_count"] == 9 + 1
        assert at(frame, force_code=MET, ethnicity="Asian")["incidents_count"] is pd.NA

    def test_a_year_without_forces_by_tactic_gives_no_tactics_table(self, read, tmp_path):
        tables = read(files.use_of_force(tmp_path / "u.ods", year=2018, by_force=False)).tables
        assert "use_of_force_tactics" not in tables
        assert set(tables["use_of_force_ethnicity"]["force_code"]) == {NATIONAL}

    def test_forces_that_do_not_add_up_are_refused(self, read, tmp_path):
        with pytest.raises(TableContractError, match="the forces add up to 90"):
            read(files.use_of_force(tmp_path / "u.ods", total=91))

    def test_a_tactic_whose_label_changed_is_not_left_out_in_silence(self, read, tmp_path):
        tactics = {label.replace("CED", "Taser"): count for label, count in files.TACTIC_COUNTS.items()}
        path = files.use_of_force(tmp_path / "u.ods", tactics=tactics)
        with pytest.raises(TableContractError, match="Metropolitan has no row for Conducted energy device"):
            read(path)

    def test_tactics_that_do_not_add_up_to_the_forces_total_are_refused(self, read, tmp_path):
        path = files.use_of_force(tmp_path / "u.ods", tactics={**files.TACTIC_COUNTS, "CED": 7})
        with pytest.raises(TableContractError, match="the tactics of Metropolitan add up to 99"):
            read(path)

    def test_a_force_that_stands_twice_is_called_so_before_any_total(self, read, tmp_path):
        path = files.use_of_force(tmp_path / "u.ods", city="Metropolitan")
        with pytest.raises(TableContractError) as caught:
            read(path)
        assert [(fault.rule, fault.row) for fault in caught.value.faults] == [
            ("the force is listed twice", 6)
        ]

    def test_tactics_without_a_total_are_taken_as_they_are(self, read, tmp_path):
        frame = read(files.use_of_force(tmp_path / "u.ods", all_tactics="[x]")).tables["use_of_force_tactics"]
        assert at(frame, force_code=MET, tactic="Handcuffing")["uses_count"] == 50

    def test_a_tactic_that_a_force_could_not_give_is_missing(self, read, tmp_path):
        path = files.use_of_force(tmp_path / "u.ods", tactics={**files.TACTIC_COUNTS, "Shield": "[x]"})
        frame = read(path).tables["use_of_force_tactics"]
        assert at(frame, force_code=MET, tactic="Shield")["uses_count"] is pd.NA

    def test_a_group_folded_into_another_takes_its_missing_figure_with_it(self, read, tmp_path):
        frame = read(files.use_of_force(tmp_path / "u.ods", chinese=":")).tables["use_of_force_ethnicity"]
        assert at(frame, force_code=MET, ethnicity="Asian")["uses_count"] is pd.NA
        assert at(frame, force_code=MET, ethnicity="Black")["uses_count"] == 12

    def test_an_ethnic_group_nobody_knows_is_named_with_its_place(self, read, tmp_path):
        path = files.use_of_force(tmp_path / "u.ods", black="Black Caribbean")
        with pytest.raises(SourceFileError, match="'Black Caribbean' is no ethnic group") as caught:
            read(path)
        assert (caught.value.sheet, caught.value.row, caught.value.column) == (
            "Table_4",
            3,
            "Black Caribbean",
        )

    def test_a_national_total_may_be_missing_only_where_a_force_is(self, read, tmp_path):
        with pytest.raises(TableContractError, match=r"'\[x\]': no total, though every force has a figure"):
            read(files.use_of_force(tmp_path / "u.ods", total="[x]"))
        frame = read(files.use_of_force(tmp_path / "v.ods", total="[x]", met="[x]")).tables["use_of_force"]
        assert at(frame, force_code=MET)["incidents_count"] is pd.NA

    def test_forces_with_a_figure_are_never_more_than_all_of_them(self, read, tmp_path):
        with pytest.raises(TableContractError, match="the forces with a figure add up to 30, more than this"):
            read(files.use_of_force(tmp_path / "u.ods", total=29, met="[x]"))

    def test_a_workbook_that_hides_its_year_is_refused(self, read, tmp_path):
        path = files.use_of_force(tmp_path / "u.ods", year=99999)
        with pytest.raises(SourceFileError, match="which year"):
            read(path)


class TestWorkforce:
    def test_labels_have_one_spelling_over_the_years(self, read, tmp_path):
        frame = read(files.workforce(tmp_path / "w.ods")).tables["workforce"]
        assert set(frame["worker_type"]) == {
            "Police Officer",
            "Special Constable",
            "Police Support Volunteer",
        }

    def test_special_constables_have_a_headcount_and_no_fte(self, read, tmp_path):
        frame = read(files.workforce(tmp_path / "w.ods")).tables["workforce"]
        row = at(frame, worker_type="Special Constable")
        assert (row["headcount"], row["fte"]) == (90, pd.NA)

    def test_transport_police_are_not_in_it(self, read, tmp_path):
        assert len(read(files.workforce(tmp_path / "w.ods")).tables["workforce"]) == 3

    def test_a_code_that_belongs_to_another_force_is_a_fault(self, read, tmp_path):
        row = [2022, MET, "Kent", "South East", "Male", "Constable", "Police Officer", 1, 1.0]
        with pytest.raises(TableContractError, match="the code of another force"):
            read(files.workforce(tmp_path / "w.ods", [row]))


class TestPopulation:
    def test_districts_are_added_up_to_forces(self, read, tmp_path):
        read(files.lookup(tmp_path / "l.csv"))
        frame = read(files.population(tmp_path / "p.xlsx")).tables["population"]
        row = at(frame, force_code=KENT, period_end=datetime.date(2022, 6, 30))
        assert row["population_count"] == 700
        assert len(frame) == 3 * 2

    def test_without_the_lookup_the_fix_is_said(self, read, tmp_path):
        with pytest.raises(SourceFileError, match=r"lookup.*ingest the ONS lookup"):
            read(files.population(tmp_path / "p.xlsx"))

    def test_boundaries_of_another_year_are_refused(self, read, tmp_path):
        read(files.lookup(tmp_path / "l.csv"))
        with pytest.raises(SourceFileError, match="E07000106"):
            read(files.population(tmp_path / "p.xlsx", without="E07000106"))

    def test_forces_that_do_not_add_up_to_england_and_wales_are_refused(self, read, tmp_path):
        read(files.lookup(tmp_path / "l.csv"))
        with pytest.raises(SourceFileError, match="add up to 1,000, England and Wales to 1,001"):
            read(files.population(tmp_path / "p.xlsx", national=1001))

    @pytest.mark.parametrize("code", ["E07000106", "K04000001"])
    def test_an_area_without_a_figure_is_a_fault_and_no_part_of_a_sum(self, read, tmp_path, code):
        read(files.lookup(tmp_path / "l.csv"))
        with pytest.raises(TableContractError, match=r"'Mid-2022' is '\[x\]': no figure"):
            read(files.population(tmp_path / "p.xlsx", unknown=code))

    def test_a_district_under_two_forces_is_a_fault(self, read, tmp_path):
        path = files.lookup(tmp_path / "l.csv", kent=MET)
        with pytest.raises(TableContractError, match="not the force of this code"):
            read(path)


class TestCensus:
    def test_an_abolished_district_counts_through_its_successor(self, read, tmp_path):
        read(files.lookup(tmp_path / "l.csv"))
        frame = read(files.census(tmp_path / "c.csv")).tables["population_ethnicity"]
        assert at(frame, force_code=CUMBRIA, ethnic_group="White: Irish")["population_count"] == 4

    def test_the_19_groups_carry_their_broad_group(self, read, tmp_path):
        read(files.lookup(tmp_path / "l.csv"))
        frame = read(files.census(tmp_path / "c.csv")).tables["population_ethnicity"]
        assert at(frame, force_code=KENT, ethnic_group="Other ethnic group: Arab")["ethnicity"] == "Other"
        assert at(frame, force_code=KENT, ethnic_group="White: Irish")["population_count"] == 17
        assert len(frame) == 3 * 19

    @pytest.mark.parametrize("symbol", ["[x]", ":", ""])
    def test_a_district_without_a_figure_is_neither_nobody_nor_left_out_of_its_force(
        self, read, tmp_path, symbol
    ):
        read(files.lookup(tmp_path / "l.csv"))
        rows = files.census_rows(Ashford_Irish=symbol, Canterbury_Irish=7)
        with pytest.raises(TableContractError, match="no figure, where one is needed") as caught:
            read(files.census(tmp_path / "c.csv", rows))
        (fault,) = caught.value.faults
        assert (fault.column, fault.value) == ("value", symbol)
        assert rows[fault.row - 2][1:3] == ["Ashford", "White: Irish"]

    def test_a_census_that_lacks_a_district_is_refused(self, read, tmp_path):
        read(files.lookup(tmp_path / "l.csv"))
        rows = [row for row in files.census_rows() if row[1] != "Isle of Anglesey"]
        with pytest.raises(
            SourceFileError, match="1 districts of the lookup are not in the table: W06000001"
        ):
            read(files.census(tmp_path / "c.csv", rows))

    def test_an_abolished_district_may_not_be_lost_beside_its_neighbours(self, read, tmp_path):
        read(files.lookup(tmp_path / "l.csv"))
        rows = [row for row in files.census_rows() if row[1] != "Carlisle"]
        with pytest.raises(SourceFileError, match="not in the table: E07000028"):
            read(files.census(tmp_path / "c.csv", rows))

    def test_a_district_beside_those_it_succeeded_would_count_people_twice(self, read, tmp_path):
        read(files.lookup(tmp_path / "l.csv"))
        rows = files.census_rows()
        rows += [["E06000063", "Cumberland", *row[2:]] for row in rows if row[1] == "Allerdale"]
        with pytest.raises(SourceFileError, match="together with the ones they replaced: E06000063"):
            read(files.census(tmp_path / "c.csv", rows))

    def test_a_district_that_lacks_one_of_the_19_groups_is_refused(self, read, tmp_path):
        read(files.lookup(tmp_path / "l.csv"))
        rows = [row for row in files.census_rows() if row[1:3] != ["Ashford", "White: Roma"]]
        with pytest.raises(SourceFileError, match="E07000105 lacks 'White: Roma'"):
            read(files.census(tmp_path / "c.csv", rows))

    @pytest.mark.parametrize(
        ("row", "rule"),
        [
            (["E07000999", "Nowhere", "White: Irish", 1], "no police force area"),
            (["E07000105", "Ashford", "Irish", 1], "19 Census groups"),
            (["E07000105", "Ashford", "White: Irish", 1], "twice"),
        ],
    )
    def test_unknown_districts_groups_and_repeats_are_faults(self, read, tmp_path, row, rule):
        read(files.lookup(tmp_path / "l.csv"))
        path = files.census(tmp_path / "c.csv", [["E07000105", "Ashford", "White: Irish", 10], row])
        with pytest.raises(TableContractError, match=rule):
            read(path)

    def test_all_17_abolished_districts_have_a_force(self, catalogue):
        districts = catalogue.table("districts")
        gone = districts[districts["status"] == "abolished"]
        assert gone["force_code"].value_counts().to_dict() == {
            "E23000009": 7,  # North Yorkshire
            CUMBRIA: 6,
            "E23000036": 4,  # Somerset, in Avon and Somerset
        }


class TestRecordedCrime:
    def test_every_years_sheet_is_read_and_offences_are_added_up(self, read, tmp_path):
        frame = read(files.recorded_crime(tmp_path / "r.ods")).tables["recorded_crime"]
        row = at(frame, force_code=KENT, offence_group="Robbery")
        assert (row["offences_count"], row["period_end"]) == (117, datetime.date(2021, 6, 30))
        assert set(frame["period_end"]) == {datetime.date(2021, 6, 30), YEAR_2023}

    def test_a_negative_count_takes_back_earlier_offences(self, read, tmp_path):
        rows = [["2021/22", 1, "Kent", "Homicide", "Violence against the person", "Homicide", "1", -1]]
        frame = read(files.recorded_crime(tmp_path / "r.ods", rows)).tables["recorded_crime"]
        assert at(frame, offence_subgroup="Homicide")["offences_count"] == -1

    def test_national_fraud_bodies_are_not_forces(self, read, tmp_path):
        frame = read(files.recorded_crime(tmp_path / "r.ods")).tables["recorded_crime"]
        assert "Fraud offences" not in set(frame["offence_group"])

    def test_an_offence_without_a_figure_leaves_its_subgroup_without_one(self, read, tmp_path):
        group = ["Robbery", "Robbery of personal property"]
        rows = [
            ["2021/22", 1, "Kent", "Robbery of personal property", *group, "34B", 120],
            ["2021/22", 1, "Kent", "Robbery, other", *group, "34C", "[x]"],
        ]
        frame = read(files.recorded_crime(tmp_path / "r.ods", rows)).tables["recorded_crime"]
        assert at(frame, offence_group="Robbery")["offences_count"] is pd.NA

    def test_a_years_sheet_whose_header_nearly_fits_is_not_left_out(self, read, tmp_path):
        header = [*files.CRIME_HEADER[:-1], "Number of offences counted"]
        path = files.recorded_crime(tmp_path / "r.ods", last=header)
        with pytest.raises(
            SourceFileError, match="'Number of offences counted' may be it under another heading"
        ) as caught:
            read(path)
        assert (caught.value.sheet, caught.value.row) == ("2022-23", 2)

    def test_the_same_quarter_on_two_sheets_is_refused_and_not_counted_twice(self, read, tmp_path):
        rows = [["2022/23", 4, "Kent", "Shoplifting", "Theft offences", "Shoplifting", "46", 5]]
        with pytest.raises(SourceFileError, match="is on the sheet '2021-22' too"):
            read(files.recorded_crime(tmp_path / "r.ods", rows))

    def test_the_same_offence_twice_is_a_fault(self, read, tmp_path):
        row = ["2021/22", 1, "Kent", "Shoplifting", "Theft offences", "Shoplifting", "46", 5]
        with pytest.raises(TableContractError, match="twice in this quarter") as caught:
            read(files.recorded_crime(tmp_path / "r.ods", [row, row]))
        assert caught.value.faults[0].row == 4
        assert "2021-22" in caught.value.file


class TestCharges:
    def test_a_force_whose_every_group_is_zero_supplied_nothing(self, read, tmp_path):
        result = read(files.charges(tmp_path / "c.csv"))
        frame = result.tables["charges"]
        cumbria = frame[frame["force_code"] == CUMBRIA]
        assert set(cumbria["basis"]) == {"closed"}
        (gap,) = result.gaps
        assert (gap.force_code, gap.status) == (CUMBRIA, "missing")
        assert gap.period_start == datetime.date(2014, 4, 1)

    def test_a_zero_among_other_groups_is_a_zero(self, read, tmp_path):
        frame = read(files.charges(tmp_path / "c.csv")).tables["charges"]
        assert at(frame, force_code=KENT, offence_group="Robbery")["charged_count"] == 0

    def test_a_year_supplied_in_part_stands_apart_with_its_dates(self, read, tmp_path):
        tables = read(files.charges(tmp_path / "c.csv")).tables
        whole = tables["charges"]
        assert set(whole.loc[whole["force_code"] == MET, "period_end"]) == {datetime.date(2016, 3, 31)}
        row = at(tables["charges_part_year"], force_code=MET)
        assert (row["period_start"], row["charged_count"]) == (datetime.date(2015, 1, 1), 70)

    def test_a_quarter_without_any_assigned_outcome_is_missing_not_zero(self, read, tmp_path):
        frame = read(files.charges_quarterly(tmp_path / "q.csv")).tables["charges_quarterly"]
        row = at(frame, force_code=MET, period_end=datetime.date(2014, 12, 31))
        assert row["recorded_charged_count"] is pd.NA
        assert row["closed_charged_count"] == 40
        following = at(frame, force_code=MET, period_end=datetime.date(2015, 3, 31))
        assert following["recorded_out_of_court_count"] == 0


class TestRecords:
    NAME = "2023-03-kent-stop-and-search.csv"

    def test_records_are_counted_and_vehicles_alone_left_out(self, read, tmp_path):
        frame = read(files.records(tmp_path / self.NAME)).tables["stop_search_records"]
        assert frame["records_count"].sum() == 4
        row = at(frame, ethnicity="White", outcome="Arrest")
        assert (row["force_code"], row["period_end"], row["records_count"]) == (KENT, YEAR_2023, 2)

    def test_an_ethnicity_or_outcome_not_given_is_not_known_never_guessed(self, read, tmp_path):
        frame = read(files.records(tmp_path / self.NAME)).tables["stop_search_records"]
        assert at(frame, ethnicity="Not known")["outcome"] == "Not recorded"

    def test_parquet_and_csv_give_the_same_counts(self, read, tmp_path):
        import duckdb

        path = files.records(tmp_path / self.NAME)
        parquet = tmp_path / "2023-03-kent-stop-and-search.parquet"
        duckdb.sql(
            f"copy (select * from read_csv('{path}', all_varchar = true)) to '{parquet}' (format parquet)"
        )
        first = read(path).tables["stop_search_records"]
        pd.testing.assert_frame_equal(first, read(parquet).tables["stop_search_records"])

    def test_a_month_published_twice_over_is_left_out_with_the_reason(self, read, tmp_path):
        rows = [files.record(minute) for minute in range(5)] * 2
        result = read(files.records(tmp_path / self.NAME, rows))
        assert result.tables["stop_search_records"].empty
        assert "even number of times" in result.gaps[0].reason

    def test_two_people_searched_in_the_same_minute_are_two(self, read, tmp_path):
        rows = [files.record(1), files.record(1), files.record(2)]
        frame = read(files.records(tmp_path / self.NAME, rows)).tables["stop_search_records"]
        assert frame["records_count"].sum() == 3

    def test_a_file_that_names_neither_month_nor_force_is_refused(self, read, tmp_path):
        with pytest.raises(SourceFileError, match="which force and month"):
            read(files.records(tmp_path / "records.csv"))

    @pytest.mark.parametrize(
        ("name", "changes", "word"),
        [
            ("2023-13-kent-stop-and-search.csv", {}, "is no month"),
            ("2023-03-kemt-stop-and-search.csv", {}, "nearest: kent"),
            (NAME, {"Outcome": "Let off with a smile"}, "Let off with a smile"),
            (NAME, {"Self-defined ethnicity": "Martian"}, "Martian"),
        ],
    )
    def test_unknown_months_forces_and_labels_are_refused(self, read, tmp_path, name, changes, word):
        with pytest.raises(SourceFileError, match=word):
            read(files.records(tmp_path / name, [files.record(0, **changes)]))

    def test_the_british_transport_police_is_left_out_and_said(self, read, tmp_path):
        result = read(files.records(tmp_path / "2023-03-btp-stop-and-search.csv"))
        assert result.tables["stop_search_records"].empty
        assert "British Transport Police (btp), not one of the 43 forces" in result.left_out[0]

    def test_of_a_file_of_many_forces_the_others_stay(self, read, tmp_path):
        header = [*files.RECORD_HEADER, "month", "force"]
        rows = [[*files.record(0), "2023-03", slug] for slug in ("btp", "kent", "northern-ireland")]
        result = read(files.write_csv(tmp_path / "all.csv", [header, *rows]))
        assert set(result.tables["stop_search_records"]["force_code"]) == {KENT}
        assert len(result.left_out) == 2

    @pytest.mark.parametrize("folder", ["it's; drop table", "a*b?", "copy [1]", "[a-z]"])
    def test_a_path_is_only_a_path_whatever_it_is_called(self, read, tmp_path, folder):
        folder = tmp_path / folder
        folder.mkdir()
        assert (
            read(files.records(folder / self.NAME)).tables["stop_search_records"]["records_count"].sum() == 4
        )


class TestJudgments:
    def test_only_stated_grades_are_taken(self, read, tmp_path):
        frame = read(files.judgments(tmp_path / "j.csv")).tables["judgments"]
        assert frame["area_code"].tolist() == ["inv"]

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "//example.org", "https://a b", ""])
    def test_a_source_that_is_no_web_address_is_a_fault(self, read, tmp_path, url):
        row = ["Kent", "2023-25", "inv", "Investigating crime", "Good", "stated", url]
        with pytest.raises(TableContractError, match="not a web address"):
            read(files.judgments(tmp_path / "j.csv", [row]))


class TestSimpleTables:
    def test_totals_rates_grants_and_incidents_are_read(self, read, tmp_path):
        path = files.write_csv(tmp_path / "1", [["force", "fy", "recorded_crime"], ["Kent", "2022/23", 7]])
        assert read(path).tables["recorded_crime_total"]["offences_count"].tolist() == [7]
        path = files.write_csv(
            tmp_path / "2",
            [["force", "calendar_year", "asb_incidents"], ["Kent Police", 2016, 5], ["PSNI", 2016, 1]],
        )
        frame = read(path).tables["antisocial_behaviour_calendar_year"]
        assert frame["period_end"].tolist() == [datetime.date(2016, 12, 31)]
        path = files.write_csv(tmp_path / "3", [["year_ending", "charged_summonsed_pct"], ["2023-03", 5.7]])
        frame = read(path).tables["charge_rate_national"]
        assert frame["charged_share"].tolist() == [0.057]
        header = ["force", "officer_fte_31mar2025", "police_grant_2025_26_overall_total_gbp"]
        path = files.write_csv(tmp_path / "4", [header, ["Kent", 4168.18, 245418856]])
        assert read(path).tables["police_grant"]["grant_gbp"].tolist() == [245418856]

    @pytest.mark.parametrize(
        "rows",
        [
            [["force", "calendar_year", "asb_incidents"], ["Kent", "2016/17", 5]],
            [["year_ending", "charged_summonsed_pct"], ["March 2023", 5.7]],
            [["year_ending", "charged_summonsed_pct"], ["2023-03", 105.7]],
        ],
    )
    def test_periods_and_percentages_that_cannot_be_are_faults(self, read, tmp_path, rows):
        with pytest.raises(TableContractError):
            read(files.write_csv(tmp_path / "t.csv", rows))
