"""Back tests: the committed tables reproduce published totals and the report's own figures.

They need no source file. Expected values are the report's, the publishers', or controls that were
checked when the files were collected; each test names which.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import pytest

MET = "E23000001"
NATIONAL = "K04000001"
VICTIM_BASED = [
    "Violence against the person",
    "Sexual offences",
    "Robbery",
    "Theft offences",
    "Criminal damage and arson",
]


def rounded(value, decimals: int) -> Decimal:
    """A figure as it would be printed; halves go up, as in the report."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def on(frame: pd.DataFrame, day: str) -> pd.DataFrame:
    """The rows of one period."""
    return frame[frame["period_end"] == day]


def of(frame: pd.DataFrame, code: str) -> pd.DataFrame:
    """The rows of one area."""
    return frame[frame["force_code"] == code]


class TestStopAndSearch:
    # As printed in the report; the denominators are the first release of the mid-2022 estimates.
    @pytest.mark.parametrize(("code", "rate"), [(MET, "19.8"), (None, "8.6")])
    def test_searches_per_1000_people_in_the_year_to_march_2023(self, catalogue, code, rate):
        searches = on(catalogue.table("stop_search"), "2023-03-31")
        people = on(catalogue.table("population"), "2022-06-30")
        if code:
            searches, people = of(searches, code), of(people, code)
        computed = searches["searches_count"].sum() / people["population_count"].sum() * 1000
        assert rounded(computed, 1) == Decimal(rate)

    def test_the_counts_behind_the_rates(self, catalogue):
        searches = on(catalogue.table("stop_search"), "2023-03-31")
        people = on(catalogue.table("population"), "2022-06-30")
        assert of(searches, MET)["searches_count"].item() == 175_277
        assert of(people, MET)["population_count"].item() == 8_855_333
        assert searches["searches_count"].sum() == 517_367
        assert people["population_count"].sum() == 60_238_038

    # The publisher's own row "All - excluding BTP", years ending March 2007 to 2023.
    def test_the_forces_add_up_to_the_national_total_in_each_of_17_years(self, catalogue):
        national = [
            1037735,
            1214693,
            1495379,
            1345334,
            1272799,
            1171052,
            999457,
            883808,
            528847,
            374651,
            296555,
        ]
        national += [274594, 370801, 564198, 684348, 505809, 517367]
        known = [932065, 1125647, 1409802, 1284197, 1220198, 1121123, 954314, 841399, 498721, 342086, 266308]
        known += [243589, 316353, 466121, 555915, 405946, 412366]
        sums = (
            catalogue.table("stop_search")
            .groupby("period_end")[["searches_count", "ethnicity_known_count"]]
            .sum()
        )
        # Later years come from another table, which gives no national row.
        assert sums["searches_count"].tolist()[:17] == national
        assert sums["ethnicity_known_count"].tolist()[:17] == known

    # The report's 2.9 and 4.1 are the published, rounded rates divided.
    @pytest.mark.parametrize(("code", "ratio"), [(MET, "2.9"), (NATIONAL, "4.1")])
    def test_black_people_were_searched_so_many_times_as_often_as_white_people(self, catalogue, code, ratio):
        rates = of(catalogue.table("stop_search_ethnicity_rate"), code).set_index("ethnicity")[
            "searches_rate"
        ]
        assert rounded(rates["Black"] / rates["White"], 1) == Decimal(ratio)

    def test_counts_over_census_2021_give_the_same_ratios(self, catalogue):
        searches = on(catalogue.table("stop_search_ethnicity"), "2023-03-31")
        people = catalogue.table("population_ethnicity")

        def ratio(searched, residents):
            rate = (
                searched.groupby("ethnicity")["searches_count"].sum()
                / residents.groupby("ethnicity")["population_count"].sum()
            )
            return rate["Black"] / rate["White"]

        assert rounded(ratio(of(searches, MET), of(people, MET)), 2) == Decimal("2.88")
        assert rounded(ratio(searches, people), 2) == Decimal("4.08")

    def test_five_year_totals_by_ethnicity(self, catalogue):
        totals = catalogue.table("stop_search_ethnicity").groupby("ethnicity")["searches_count"].sum()
        assert totals.to_dict() == {
            "Asian": 255_536,
            "Black": 318_763,
            "Mixed": 86_428,
            "Other": 49_407,
            "White": 1_470_438,
        }

    # Two independent extracts share 43 forces in three years; the revised two are flagged in gaps.csv.
    def test_searches_with_ethnicity_known_agree_with_the_counts_by_ethnicity(self, catalogue):
        known = catalogue.table("stop_search").set_index(["force_code", "period_end"])[
            "ethnicity_known_count"
        ]
        counts = (
            catalogue.table("stop_search_ethnicity")
            .groupby(["force_code", "period_end"])["searches_count"]
            .sum()
        )
        both = pd.concat([known, counts], axis=1, join="inner")
        both = both[both.index.get_level_values("period_end") <= "2023-03-31"]
        assert len(both) == 129
        other = both[both["ethnicity_known_count"] != both["searches_count"]]
        assert sorted(code for code, _ in other.index) == ["E23000009", "E23000031"]
        assert all(catalogue.cautions("stop_search_ethnicity", code) for code, _ in other.index)

    def test_a_find_rate_cannot_be_had_from_the_records(self, catalogue):
        assert "linked" not in " ".join(catalogue.table("stop_search_records").columns)
        records = catalogue.table("stop_search_records").groupby("force_code")["records_count"].sum()
        # 195,027 and 6,855 rows, less vehicles alone, less City of London's doubled July 2020 (518 rows).
        assert records.to_dict() == {MET: 195_027 - 2_781, "E23000034": 6_855 - 17 - 518}


class TestPopulation:
    def test_the_mets_ethnic_minority_population_is_46_3_percent(self, catalogue):
        people = (
            of(catalogue.table("population_ethnicity"), MET).groupby("ethnicity")["population_count"].sum()
        )
        assert rounded(100 * (1 - people["White"] / people.sum()), 1) == Decimal("46.3")

    def test_the_census_adds_up_to_the_published_total(self, catalogue):
        table = catalogue.table("population_ethnicity")
        assert table["population_count"].sum() == 59_597_578
        assert len(table) == 43 * 19

    def test_318_districts_lie_in_43_force_areas(self, catalogue):
        districts = catalogue.table("districts")
        assert (districts["status"] == "current").sum() == 318
        assert districts["force_code"].nunique() == 43


class TestUseOfForce:
    @pytest.mark.parametrize(
        ("year", "met", "national"),
        [(2018, 61_016, 313_137), (2019, 129_729, 427_725), (2020, 157_705, 491_984)],
    )
    def test_incidents_of_the_met_and_the_nation(self, catalogue, year, met, national):
        table = on(catalogue.table("use_of_force"), f"{year}-03-31")
        assert of(table, MET)["incidents_count"].item() == met
        assert table["incidents_count"].sum() == national
        by_ethnicity = on(catalogue.table("use_of_force_ethnicity"), f"{year}-03-31")
        assert of(by_ethnicity, NATIONAL)["incidents_count"].sum() == national

    # Published totals of tactics excluding "not reported" and tactical communication, tables 16.
    @pytest.mark.parametrize(("year", "uses"), [(2019, 630_793), (2020, 715_276)])
    def test_tactics_add_up_to_the_published_total_for_the_nation_and_over_forces(
        self, catalogue, year, uses
    ):
        table = on(catalogue.table("use_of_force_tactics"), f"{year}-03-31")
        table = table[~table["tactic"].isin(["Not reported", "Tactical communication"])]
        assert of(table, NATIONAL)["uses_count"].sum() == uses
        assert table.loc[table["force_code"] != NATIONAL, "uses_count"].sum() == uses


class TestWorkforce:
    @pytest.mark.parametrize(
        ("day", "headcount", "fte"), [("2023-03-31", 35_411, "34899.05"), ("2022-03-31", 34_542, "33983.65")]
    )
    def test_the_mets_officers(self, catalogue, day, headcount, fte):
        table = on(of(catalogue.table("workforce"), MET), day)
        officers = table[table["worker_type"] == "Police Officer"]
        assert officers["headcount"].sum() == headcount
        assert rounded(officers["fte"].sum(), 2) == Decimal(fte)

    def test_the_officers_of_43_forces(self, catalogue):
        table = on(catalogue.table("workforce"), "2023-03-31")
        officers = table[table["worker_type"] == "Police Officer"]
        assert officers["headcount"].sum() == 149_566
        assert rounded(officers["fte"].sum(), 1) == Decimal("147429.6")

    def test_each_kind_of_worker_has_one_name_from_2007_to_2023(self, catalogue):
        table = catalogue.table("workforce")
        years = table.groupby("worker_type")["period_end"].agg(
            lambda days: (days.min().year, days.max().year)
        )
        assert years.drop("Police Support Volunteer").map(lambda span: span == (2007, 2023)).all()


class TestRecordedCrime:
    @pytest.mark.parametrize(("end", "count"), [("2023-03-31", 761_214), ("2023-06-30", 774_712)])
    def test_the_mets_victim_based_crime(self, catalogue, end, count):
        table = of(catalogue.table("recorded_crime"), MET)
        table = table[table["offence_group"].isin(VICTIM_BASED)]
        quarters = table.groupby("period_end")["offences_count"].sum().loc[:end]
        assert quarters.tail(4).sum() == count

    def test_three_years_of_totals_are_equal_in_two_releases(self, catalogue):
        table = catalogue.table("recorded_crime")
        table["period_end"] = table["period_end"] + pd.tseries.offsets.YearEnd(0, month=3)
        years = table.groupby(["force_code", "period_end"])["offences_count"].sum()
        totals = catalogue.table("recorded_crime_total").set_index(["force_code", "period_end"])[
            "offences_count"
        ]
        both = pd.concat([years.rename("first"), totals.rename("later")], axis=1, join="inner").reset_index()
        early = both[both["period_end"] <= "2015-03-31"]
        assert len(early) == 43 * 3
        assert (early["first"] == early["later"]).all()
        # The quarterly release ends with June 2023, so the year to March 2024 is no year in it.
        later = both[(both["period_end"] > "2015-03-31") & (both["period_end"] <= "2023-03-31")]
        revision = (later["later"] / later["first"] - 1).abs().max()
        assert 0.05 < revision < 0.0525

    def test_negative_counts_are_kept_as_corrections(self, catalogue):
        table = catalogue.table("recorded_crime")
        corrections = table[table["offences_count"] < 0]
        assert 0 < len(corrections) < 40
        assert corrections["offences_count"].min() >= -268


class TestCharges:
    # All 44 forces on the recorded basis; British Transport Police is not in our tables.
    NATIONAL = (488_600, 556_689, 522_503, 503_079, 481_550, 431_919, 396_110, 379_851, 399_745, 430_968)
    TRANSPORT_POLICE = (0, 8_100, 7_448, 8_557, 9_763, 8_007, 6_472, 5_983, 6_073, 6_691)

    def test_the_national_quarters_add_up_to_the_published_years(self, catalogue):
        table = of(catalogue.table("charges_quarterly"), NATIONAL)
        years = table.groupby(table["period_end"] + pd.tseries.offsets.YearEnd(0, month=3))[
            "recorded_charged_count"
        ]
        assert years.sum().tolist() == list(self.NATIONAL)

    def test_the_forces_add_up_to_the_nation_less_transport_police(self, catalogue):
        table = catalogue.table("charges")
        sums = table[table["basis"] == "recorded"].groupby(table["period_end"].dt.year)["charged_count"].sum()
        part = catalogue.table("charges_part_year").set_index("force_code")["charged_count"]
        for year, national, transport in zip(
            range(2015, 2025), self.NATIONAL, self.TRANSPORT_POLICE, strict=True
        ):
            if year == 2015:
                continue  # five forces supplied it in part only
            greater_manchester = part["E23000005"].sum() if year == 2020 else 0
            assert sums[year] + greater_manchester == national - transport

    def test_the_mets_annual_and_quarterly_charges_agree(self, catalogue):
        table = of(catalogue.table("charges"), MET)
        annual = table[table["basis"] == "recorded"].groupby("period_end")["charged_count"].sum()
        quarters = of(catalogue.table("charges_quarterly"), MET)
        years = quarters.groupby(quarters["period_end"] + pd.tseries.offsets.YearEnd(0, month=3))
        assert annual.equals(years["recorded_charged_count"].sum().loc[annual.index].rename("charged_count"))

    # The report prints 9.7% for the year to March 2015: the Met supplied January to March 2015 only.
    def test_the_mets_first_charge_rate_rests_on_one_quarter(self, catalogue):
        part = of(catalogue.table("charges_part_year"), MET)
        charged = part.loc[part["offence_group"].isin(VICTIM_BASED), "charged_count"].sum()
        crime = on(of(catalogue.table("recorded_crime"), MET), "2015-03-31")
        recorded = crime.loc[crime["offence_group"].isin(VICTIM_BASED), "offences_count"].sum()
        assert (charged, recorded) == (14_340, 148_612)
        assert rounded(100 * charged / recorded, 2) == Decimal("9.65")

    @pytest.mark.parametrize(("year", "rate"), [(2016, "9.93"), (2023, "3.96")])
    def test_the_mets_victim_based_charge_rate(self, catalogue, year, rate):
        assert rounded(100 * self.rates(catalogue, year)[MET], 2) == Decimal(rate)

    def test_the_met_ranks_42nd_of_43_in_2022_23(self, catalogue):
        assert self.rates(catalogue, 2023).rank(ascending=False)[MET] == 42

    @staticmethod
    def rates(catalogue, year):
        charges = on(catalogue.table("charges"), f"{year}-03-31")
        charges = charges[(charges["basis"] == "recorded") & charges["offence_group"].isin(VICTIM_BASED)]
        crime = catalogue.table("recorded_crime")
        crime = crime[
            crime["offence_group"].isin(VICTIM_BASED)
            & (crime["period_end"] > f"{year - 1}-03-31")
            & (crime["period_end"] <= f"{year}-03-31")
        ]
        charged, recorded = (
            charges.groupby("force_code")["charged_count"].sum(),
            crime.groupby("force_code")["offences_count"].sum(),
        )
        return charged / recorded

    def test_the_closed_basis_of_2014_15(self, catalogue):
        table = of(catalogue.table("charges"), MET)
        closed = on(
            table[(table["basis"] == "closed") & table["offence_group"].isin(VICTIM_BASED)], "2015-03-31"
        )
        crime = of(catalogue.table("recorded_crime"), MET)
        crime = crime[
            crime["offence_group"].isin(VICTIM_BASED)
            & (crime["period_end"] > "2014-03-31")
            & (crime["period_end"] <= "2015-03-31")
        ]
        assert (closed["charged_count"].sum(), crime["offences_count"].sum()) == (60_562, 607_092)

    def test_the_published_national_charge_rate(self, catalogue):
        table = catalogue.table("charge_rate_national")
        assert len(table) == 41
        assert on(table, "2023-03-31")["charged_share"].item() == 0.057


class TestContext:
    def test_the_police_grant_adds_up_to_two_pounds_below_the_published_total(self, catalogue):
        assert catalogue.table("police_grant")["grant_gbp"].sum() == 9_806_553_489 - 2

    # The report's own grades for the Metropolitan Police.
    def test_the_mets_grades(self, catalogue):
        table = of(catalogue.table("judgments"), MET)
        grades = table[table["cycle"] == "2023-25"].set_index("area_code")["grade"]
        assert grades.to_dict() == {
            "inv": "Inadequate",
            "lead": "Requires improvement",
            "off": "Inadequate",
            "pp": "Adequate",
            "prev": "Requires improvement",
            "resp": "Requires improvement",
            "vuln": "Requires improvement",
            "work": "Requires improvement",
        }

    def test_stated_grades_cover_29_forces_of_the_2023_25_cycle(self, catalogue):
        table = catalogue.table("judgments")
        assert table[table["cycle"] == "2023-25"]["force_code"].nunique() == 29
        assert len(table) == 258

    def test_every_force_has_five_years_of_dated_antisocial_behaviour(self, catalogue):
        table = catalogue.table("antisocial_behaviour_calendar_year")
        assert (table.groupby("force_code").size() == 5).all()
        assert table["force_code"].nunique() == 43


class TestNewerAndOlderYears:
    """Controls of the releases that carry measures past the report's year, or back before it."""

    @pytest.mark.parametrize(("year", "searches"), [(2024, 503_093), (2025, 494_892)])
    def test_searches_of_the_43_forces(self, catalogue, year, searches):
        assert on(catalogue.table("stop_search"), f"{year}-03-31")["searches_count"].sum() == searches

    # Two extracts of one table: all searches less those with ethnicity missing, and the sum by ethnic group.
    def test_searches_with_ethnicity_known_are_the_sum_of_the_groups(self, catalogue):
        key = ["force_code", "period_end"]
        known = catalogue.table("stop_search").set_index(key)["ethnicity_known_count"]
        groups = catalogue.table("stop_search_ethnicity").groupby(key)["searches_count"].sum()
        newer = groups[groups.index.get_level_values("period_end") > "2023-03-31"]
        assert len(newer) == 86
        assert (known[newer.index] == newer).all()

    # By reason and as one number: 557 of the 559 force-years are equal, two were revised.
    def test_searches_by_reason_add_up_to_all_searches(self, catalogue):
        key = ["force_code", "period_end"]
        reasons = catalogue.table("stop_search_outcomes").groupby(key)["searches_count"].sum()
        both = pd.concat(
            [reasons, catalogue.table("stop_search").set_index(key)["searches_count"]], axis=1
        ).dropna()
        both.columns = ["reasons", "all"]
        other = both[both["reasons"] != both["all"]]
        assert len(both) == 559
        assert [(code, day.year) for code, day in other.index] == [("E23000035", 2019), ("E23000037", 2019)]

    # No number of arrests above 999 is in the file, so none is believed to be nought beside many searches.
    def test_arrests_after_searches_that_were_lost_are_missing_and_said_to_be(self, catalogue):
        table = on(of(catalogue.table("stop_search_outcomes"), MET), "2019-03-31").set_index("reason")
        assert pd.isna(table.loc["Drugs", "arrests_count"])
        assert "drugs" in catalogue.gap("stop_search_outcomes", MET, "2019-03-31")

    # Charges of all forces and British Transport Police: 487,940 and 449,989, of which its 8,236 and 9,129.
    # North Yorkshire's 3,064 of the later year are not usable and are left out.
    @pytest.mark.parametrize(("year", "charges"), [(2018, 487_940 - 8_236), (2019, 449_989 - 9_129 - 3_064)])
    def test_charges_on_the_recorded_basis(self, catalogue, year, charges):
        table = on(catalogue.table("outcomes"), f"{year}-03-31")
        assert table.loc[table["outcome_type"] == "1", "outcomes_count"].sum() == charges

    # The charges of the releases of 2026 are 3.1% and 7.0% more: outcomes are added for years.
    @pytest.mark.parametrize(("year", "effect"), [(2018, "3.1"), (2019, "7.0")])
    def test_what_later_releases_added(self, catalogue, year, effect):
        later = dict(zip(range(2015, 2025), TestCharges.NATIONAL, strict=True))[year]
        earlier = {2018: 487_940, 2019: 449_989}[year]
        assert rounded(100 * (later / earlier - 1), 1) == Decimal(effect)

    def test_every_outcome_of_the_later_year_is_there_for_every_force(self, catalogue):
        table = on(catalogue.table("outcomes"), "2019-03-31")
        assert (
            table[table["offence_group"] != "Fraud offences"].groupby("force_code").size() == 9 * 20
        ).all()

    # Published sums by year; Lancashire supplied nothing for 2017/18.
    def test_arrests_by_year(self, catalogue):
        table = catalogue.table("arrests")
        sums = [1_474_843, 1_475_266, 1_462_139, 1_385_322, 1_353_740, 1_225_123, 1_068_823, 1_024_969]
        sums += [947_658, 886_342, 781_250, 698_737]
        assert table.groupby("period_end")["arrests_count"].sum().tolist() == sums
        assert on(table, "2018-03-31")["force_code"].nunique() == 42
        assert "Lancashire" in catalogue.gap("arrests", "E23000003", "2018-03-31")

    # The publisher's "England and Wales (exc. BTP)" in each of 12 years.
    def test_antisocial_behaviour_by_year(self, catalogue):
        sums = [3_873_916, 3_673_523, 3_532_250, 3_217_817, 2_722_663, 2_258_805, 2_093_931, 1_948_323]
        sums += [1_796_925, 1_796_078, 1_634_360, 1_424_755]
        table = catalogue.table("antisocial_behaviour")
        assert table.groupby("period_end")["incidents_count"].sum().tolist() == sums
        assert table["orders_count"].isna().all()

    def test_categories_of_antisocial_behaviour_make_a_whole(self, catalogue):
        shares = (
            catalogue.table("antisocial_behaviour_categories").groupby("force_code")["incidents_share"].sum()
        )
        assert len(shares) == 43
        assert shares.to_numpy() == pytest.approx(1, abs=1e-5)

    @pytest.mark.parametrize(
        ("year", "nation", "met"), [(2023, 60_854_727, 8_931_847), (2024, 61_806_682, 9_074_625)]
    )
    def test_newer_population(self, catalogue, year, nation, met):
        table = on(catalogue.table("population"), f"{year}-06-30")
        assert table["population_count"].sum() == nation
        assert of(table, MET)["population_count"].item() == met

    def test_releases_of_one_mid_year_stand_side_by_side_and_the_first_one_serves(self, catalogue):
        table = on(catalogue.table("population_releases"), "2022-06-30")
        sums = table.groupby("release")["population_count"].sum()
        assert sums["mid-2022"] == 60_238_038
        assert sums["mid-2023"] != sums["mid-2022"]
        assert on(catalogue.table("population"), "2022-06-30")["population_count"].sum() == sums["mid-2022"]

    def test_crime_of_the_newest_year(self, catalogue):
        table = catalogue.table("recorded_crime_newest")
        groups = table[table["offence_part"] == "All"]
        assert groups["offences_count"].sum() == 5_204_149
        assert of(groups, MET)["offences_count"].sum() == 940_619
        assert groups["force_code"].nunique() == 43

    def test_partnerships_add_up_to_their_force(self, catalogue):
        table = catalogue.table("recorded_crime_newest")
        forces = table[table["offence_part"] == "All"].groupby("force_code")["offences_count"].sum()
        local = catalogue.table("recorded_crime_partnership")
        sums = local.groupby("force_code")["offences_count"].sum()
        assert local[["force_code", "partnership"]].drop_duplicates().shape[0] == 357
        assert (sums == forces).all()

    def test_crime_severity(self, catalogue):
        table = on(catalogue.table("crime_severity"), "2023-03-31").set_index("force_code")["severity_score"]
        assert rounded(table[MET], 2) == Decimal("19.00")
        assert (table.rank(ascending=False)[MET], len(table)) == (6, 42)

    def test_officers_of_2026(self, catalogue):
        assert on(catalogue.table("officers_newest"), "2026-03-31")["officers_fte"].sum() == 145_886

    def test_precepts_of_2025_26(self, catalogue):
        table = catalogue.table("funding")
        assert table["precept_gbp"].sum() == 5_873_300_578
        assert (table["grant_gbp"] + table["precept_gbp"] == table["total_gbp"]).all()
        grants = catalogue.table("police_grant").set_index("force_code")["grant_gbp"]
        assert (table.set_index("force_code")["grant_gbp"] == grants[table["force_code"]]).all()
        for code in ("E23000005", "E23000034"):
            assert "precept" in catalogue.gap("funding", code, "2026-03-31")

    def test_103_pairs_of_areas_border_each_other(self, catalogue):
        table = catalogue.table("neighbours")
        pairs = {frozenset(pair) for pair in table[["force_code", "neighbour_code"]].itertuples(index=False)}
        assert (len(table), len(pairs)) == (206, 103)
        names = {code: catalogue.forces[code].short_name for code in catalogue.forces.codes}
        of_kent = {names[code] for code in of(table, "E23000032")["neighbour_code"]}
        of_norfolk = {names[code] for code in of(table, "E23000024")["neighbour_code"]}
        assert of_kent == {"Essex", names[MET], "Surrey", "Sussex"}
        assert of_norfolk == {"Cambridgeshire", "Lincolnshire", "Suffolk"}
