"""Each chart takes the frame the reader has just seen, and refuses one that it cannot draw, naming the cell's fix."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from peelbook import blocks
from peelbook.analysis import charts, compare, open_section, say
from peelbook.errors import FrameError
from peelbook.figures._chart import Chart
from peelbook.forces import COLUMNS as FORCE_COLUMNS

ONE_YEAR = ("ski_slope", "funnel", "tile_map", "regions", "dot")


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        ("ski_slope", ""),
        ("funnel", "_funnel"),
        ("tile_map", "_map"),
        ("regions", "_regions"),
        ("dot", "_beside"),
    ],
)
def test_a_chart_of_one_year_knows_its_label_source_and_id(year, kind, suffix):
    chart = getattr(charts, kind)(year)
    assert chart.id == f"police_powers.stop_search_rate{suffix}"
    assert chart.title.startswith("Stop and searches per 1,000 population")
    assert {item.table for item in chart.provenance} == {"stop_search", "population"}
    assert any("vehicles" in note for note in chart.notes)
    assert chart.svg().startswith("<svg") and len(chart.table()["rows"]) >= 43


def test_a_chart_of_all_years_knows_them(rates, kent):
    chart = charts.trend(rates, mark=kent.force)
    assert chart.id == "police_powers.stop_search_rate_trend"
    assert "year ending 31 March 2012" in chart.title


@pytest.mark.parametrize(
    "kind", [*ONE_YEAR, "trend", "small_multiples", "disparity", "structure", "stacked_outcomes"]
)
def test_a_frame_without_rows_gives_the_note_that_names_the_publication(kent, kind):
    note = getattr(charts, kind)(kent.measure("find_rate"))
    assert isinstance(note, blocks.Block) and note.kind == "note"
    assert "Home Office" in note.text


@pytest.mark.parametrize("kind", ["interval_dots", "judgments"])
def test_a_table_without_rows_gives_its_note_too(kent, kind):
    note = getattr(charts, kind)(kent.cases())
    assert note.kind == "note" and "Kent Police" in note.text


@pytest.mark.parametrize("kind", ONE_YEAR)
def test_several_years_are_refused_with_the_filter_that_is_lacking(rates, kind):
    with pytest.raises(FrameError, match=rf"charts\.{kind} draws one period.*section\.year_of"):
        getattr(charts, kind)(rates)


@pytest.mark.parametrize("kind", [*ONE_YEAR, "trend"])
def test_a_column_that_is_lacking_is_named(year, kind):
    with pytest.raises(FrameError, match=rf"charts\.{kind} needs the column 'value'"):
        getattr(charts, kind)(year.drop(columns="value"))


@pytest.mark.parametrize("kind", [*ONE_YEAR, "trend"])
def test_what_is_no_frame_is_refused(kind):
    for thing in (None, [1, 2], "stop_search_rate"):
        with pytest.raises(FrameError, match="needs a data frame"):
            getattr(charts, kind)(thing)


def test_two_rows_of_a_force_are_refused_with_the_breakdown_to_choose(kent):
    ratios = kent.measure("disparity_ratio", by="ethnicity")
    year = ratios[ratios["period_end"] == kent.year_of(ratios)]
    with pytest.raises(FrameError, match=r"ethnicity == 'Asian'"):
        charts.ski_slope(year)


def test_two_measures_are_refused_with_the_one_to_choose(kent, year):
    other = kent.measure("ethnicity_not_recorded_share")
    both = pd.concat([year, other[other["period_end"] == year["period_end"].iloc[0]]])
    with pytest.raises(FrameError, match="measure == 'stop_search_rate'"):
        charts.ski_slope(both)


def test_a_frame_that_lost_its_measure_is_refused(year):
    bare = pd.DataFrame(year.drop(columns="measure").to_dict("list"))
    with pytest.raises(FrameError, match="cannot tell which measure"):
        charts.ski_slope(bare)


@pytest.mark.parametrize(
    ("phi", "said"),
    [
        (0.6, "no more than chance alone"),
        (1.04, "no more than chance alone"),
        (2.44, "is 2.4 times what chance"),
        (15.3, "is 15 times what chance"),
        (4711, "is 4,700 times what chance"),
    ],
)
def test_a_funnel_says_how_far_forces_differ_beyond_chance(kent, year, monkeypatch, phi, said):
    from peelbook import compare as rules

    real = rules.funnel

    def other(*args):
        found = real(*args)
        return dataclasses.replace(found, dispersion=dataclasses.replace(found.dispersion, phi=phi))

    monkeypatch.setattr(rules, "funnel", other)
    assert [note for note in charts.funnel(year).notes if said in note]


def test_a_funnel_of_a_count_is_refused_with_another_chart(kent):
    counts = kent.measure("stop_search_count")
    counts = counts[counts["period_end"] == kent.year_of(counts)].assign(denominator=1.0)
    with pytest.raises(FrameError, match=r"use charts\.ski_slope"):
        charts.funnel(counts)


@pytest.mark.parametrize(("forces", "kind"), [(10, "note"), (11, "funnel")])
def test_a_funnel_needs_more_than_ten_forces_and_says_so(kent, year, forces, kind):
    few = [kent.force.code, *(code for code in year["force_code"].unique() if code != kent.force.code)][
        :forces
    ]
    found = charts.funnel(year[year["force_code"].isin(few)])
    assert found.kind == kind


def test_the_printed_value_is_marked_in_its_own_year_and_told_in_another():
    section = open_section("police_powers")
    rates, printed = section.measure("stop_search_rate"), section.printed("stop_search_rate.force")
    same = charts.ski_slope(rates.query("year == 2023"), printed=printed)
    assert same.basis == "computed and as printed" and "As printed in the report: 19.8" in same.alt
    other = charts.ski_slope(rates.query("year == 2022"), printed=printed)
    assert other.basis == "computed"
    assert other.notes[0].startswith("The report printed 19.8")
    with pytest.raises(FrameError, match=r"section\.printed"):
        charts.ski_slope(rates.query("year == 2022"), printed=19.8)


def test_lines_are_the_averages_or_what_the_cell_gives(year):
    usual = charts.ski_slope(year).alt
    assert "mean of forces 6.6" in usual and "England and Wales" in usual
    assert "Target 5.0" in charts.ski_slope(year, lines={"Target": 5.0}).alt
    assert "mean of forces" not in charts.ski_slope(year, lines={}).alt


def test_a_trend_has_a_standard_as_a_line_of_its_own(rates):
    chart = charts.trend(rates, lines={"Standard": 5})
    assert "Standard" in [column.label for column in chart.columns.values()]
    assert "Standard 5.0" in chart.alt


def test_the_band_of_a_trend_is_of_the_forces_that_are_in_its_frame(rates):
    two = charts.trend(rates[rates["force"].isin(["Kent", "Essex"])])
    assert [c.label for c in two.columns.values()][-2:] == ["Lowest of 2 forces", "Highest of 2 forces"]
    every = charts.trend(rates)
    assert [c.label for c in every.columns.values()][-2:] == ["Lowest of all forces", "Highest of all forces"]


def test_any_force_can_be_marked(year):
    assert "Surrey" in charts.ski_slope(year, mark="surrey").alt


def test_the_disparity_of_all_forces_is_total_over_total(kent):
    ratios = kent.measure("disparity_ratio", by="ethnicity").query("year == 2023")
    table = charts.disparity(ratios, mark="metropolitan").data.set_index("group")
    assert round(table.loc["Black", "value"], 1) == 2.9
    assert round(table.loc["Black", "comparator_value"], 1) == 4.1


def test_structure_adds_up_to_one_and_marks_england_and_wales():
    section = open_section("workforce", force="kent")
    officers = section.measure("officers_headcount", by=("rank", "sex"))
    chart = charts.structure(officers[officers["period_end"] == section.year_of(officers)])
    assert chart.data["value"].sum() == pytest.approx(1)
    assert chart.data["comparator_value"].sum() == pytest.approx(1)
    assert chart.data["category"].iloc[0] == "Chief Officers" or chart.data["category"].nunique() > 4


def test_a_total_is_called_england_and_wales_only_where_all_forces_are_in_it(year, kent):
    fewer = year[year["force"] != "Surrey"]
    assert "England and Wales" in charts.ski_slope(year).alt
    for lines in (None, {"England and Wales": 8.6}):
        alt = charts.ski_slope(fewer, lines=lines).alt
        assert "42 forces" in alt and "England and Wales" not in alt
    ratios = kent.measure("disparity_ratio", by="ethnicity").query("year == 2023")
    assert "England and Wales" in charts.disparity(ratios).columns["comparator_value"].label
    assert "42 forces" in charts.disparity(ratios[ratios["force"] != "Surrey"]).alt
    assert (
        kent.measure("stop_search_rate")
        .query("force != 'Surrey'")
        .pipe(compare.peers)["england_and_wales"]
        .isna()
        .all()
    )


def test_panels_without_all_forces_have_the_mean_of_forces_and_say_so():
    section = open_section("investigating_crime", force="kent")
    rates = section.measure("charge_rate", by="offence_group")
    fewer = charts.small_multiples(rates[rates["force"] != "Surrey"])
    assert fewer.columns["average"].label == "Mean of forces"
    assert fewer.data["average"].notna().any()
    assert charts.small_multiples(rates).columns["average"].label == "England and Wales"


def test_an_outcome_that_a_force_never_gave_does_not_shrink_the_whole():
    section = open_section("investigating_crime", force="kent")
    shares = section.measure("outcome_share", by="outcome_type")
    year = shares[shares["period_end"] == section.year_of(shares)]
    never = (year["force"] == "Surrey") & (year["numerator"] == 0)
    assert never.any()
    whole, fewer = (
        charts.stacked_outcomes(rows).data.set_index("outcome")["comparator_value"]
        for rows in (year, year[~never])
    )
    pd.testing.assert_series_equal(whole, fewer.reindex(whole.index))


def test_shares_of_different_wholes_are_not_drawn_as_outcomes():
    section = open_section("investigating_crime", force="kent")
    rates = section.measure("charge_rate", by="offence_group")
    with pytest.raises(FrameError, match="different wholes"):
        charts.stacked_outcomes(rates[rates["period_end"] == section.year_of(rates)])


def test_panels_are_those_of_the_breakdown():
    section = open_section("victim_service", force="kent")
    crime = section.measure("victim_based_crime_rate", by="offence_group")
    chart = charts.small_multiples(crime)
    assert chart.id == "victim_service.victim_based_crime_rate_by_offence_group"
    with pytest.raises(FrameError, match=r"by=…"):
        charts.small_multiples(section.measure("victim_based_crime_rate"))


def test_grades_of_a_force_without_any_say_so(kent):
    section = open_section("police_powers", force="kent")
    grades = section.table("judgments").query("cycle == '2023-25'")
    drawn = charts.judgments(grades)
    assert isinstance(drawn, Chart) or "inspectorate’s website" in drawn.text
    none = charts.judgments(grades.query("force != 'Kent'"))
    assert "None of the sources used here states its grades" in none.text


def test_a_fault_is_said_to_be_one_in_its_label(met):
    chart = charts.interval_dots(met.cases())
    assert "Self-defined ethnicity missing (a fault)" in set(chart.data["label"])
    assert "looked for" not in chart.title


# --- compare and say --------------------------------------------------------------------------------


def test_peers_are_ranked_with_limits_and_a_verdict(rates, year):
    ranked = compare.peers(rates)
    assert len(ranked) == len(year) and ranked["value"].is_monotonic_decreasing
    merseyside = ranked.set_index("force").loc["Merseyside"]
    assert merseyside["verdict"] == "higher than expected"
    assert merseyside["upper_limit"] < merseyside["value"]
    city = ranked.set_index("force").loc["City of London"]
    assert pd.isna(city["verdict"])


def test_a_chart_takes_the_frame_of_peers(rates, year):
    ranked, plain = charts.ski_slope(compare.peers(rates)), charts.ski_slope(year)
    assert sorted(ranked.data["value"].dropna()) == sorted(plain.data["value"].dropna())


def test_limits_are_those_that_the_sentences_use(rates):
    from peelbook import compare as rules

    ranked = compare.peers(rates).set_index("force_code")
    found = rules.against_peers(rates, "E23000032", rates["period_end"].max())
    assert ranked.loc["E23000032", ["lower_limit", "upper_limit"]].tolist() == pytest.approx(
        list(found.limits)
    )


def test_peers_of_a_year_without_figures_are_refused_and_of_no_frame_told(rates, kent):
    with pytest.raises(FrameError, match=r"section\.year_of\(frame\)"):
        compare.peers(rates, "1999-03-31")
    gone = compare.peers(kent.measure("find_rate"))
    assert gone.empty and "rank" in gone and "missing" in gone.attrs


def test_forces_set_beside_are_those_named_and_the_own(year, kent):
    assert set(compare.beside(year, ["surrey", "E23000033"])["force"]) == {"Kent", "Surrey", "Sussex"}
    assert charts.dot(compare.beside(year, kent.neighbours)).kind == "dot_plot"


def test_sentences_say_the_level_the_change_and_the_trend(rates):
    whole = say.summary(rates).text
    for part in (say.level(rates), say.change(rates), say.trend(rates)):
        assert part.text.rstrip(".") in whole.replace("\n", " ")
    assert "Kent Police made 7.6 stop and searches" in whole


def test_sentences_of_a_frame_without_rows_are_the_note(kent):
    gone = kent.measure("find_rate")
    for make in (say.summary, say.level, say.change, say.trend):
        assert make(gone).kind == "note"
    assert "Home Office" in say.trend_alt(gone)


def test_sentences_refuse_what_they_cannot_use(year, kent):
    with pytest.raises(FrameError, match="'denominator'"):
        say.level(year.drop(columns="denominator"))
    with pytest.raises(FrameError, match="two rows for one period"):
        say.level(kent.measure("disparity_ratio", by="ethnicity"))


def test_a_change_that_cannot_be_told_says_so(year):
    assert "cannot be told" in say.change(year).text
    assert "cannot be told" in say.trend(year).text


def test_points_are_named_on_the_side_where_there_is_room_and_rows_without_a_value_are_not():
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    axes.set(xscale="log", xlim=(1, 1000), ylim=(0, 1))
    rows = pd.DataFrame({"force": ["Low", "High", "None"], "x": [2.0, 900.0, None], "y": [0.2, 0.9, 0.5]})
    charts.name_points(axes, rows, "x", "y")
    assert [(text.get_text(), text.get_ha()) for text in axes.texts] == [("Low", "left"), ("High", "right")]


def test_points_over_time_are_named():
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    rows = pd.DataFrame({"force": ["Kent"], "x": [pd.Timestamp("2023-03-31")], "y": [0.2]})
    axes.plot(rows["x"], rows["y"])
    charts.name_points(axes, rows, "x", "y")
    assert [text.get_text() for text in axes.texts] == ["Kent"]


def test_a_breakdown_of_which_a_table_has_one_value_is_drawn(tmp_path, monkeypatch, root):
    """A user's table may have robberies alone; the figures are made up."""
    head, *_ = (root / "data" / "recorded_crime.csv").read_text(encoding="utf-8").splitlines()
    days = [f"{year}-{day}" for year in (2021, 2022) for day in ("06-30", "09-30", "12-31", "03-31")]
    rows = "".join(f"P00001,{day},Robbery,Robbery of personal property,10\n" for day in days)
    (tmp_path / "recorded_crime.csv").write_text(f"{head}\n{rows}", encoding="utf-8")
    names = ",".join(FORCE_COLUMNS)
    (tmp_path / "forces.csv").write_text(f"{names}\nP00001,place,Place,Place,,,North,0,0\n", encoding="utf-8")
    people = "".join(f"P00001,{year}-06-30,1000\n" for year in (2020, 2021, 2022))
    (tmp_path / "population.csv").write_text(
        f"force_code,period_end,population_count\n{people}", encoding="utf-8"
    )
    monkeypatch.setenv("PEELBOOK_OVERLAY", str(tmp_path))
    section = open_section("victim_service", force="place", period="2022-03-31")
    chart = charts.small_multiples(section.measure("victim_based_crime_rate", by="offence_group"))
    assert set(chart.data["panel"]) == {"Robbery"}


def test_charges_of_unequal_follow_up_are_said_to_be_so_in_sentences_and_on_charts():
    section = open_section("investigating_crime", period="2023-03-31")
    charged = section.measure("charge_rate")
    said = "Earlier years have had longer for charges to be added than later ones"
    assert said in say.summary(charged).text
    assert any(note.startswith(said) for note in charts.trend(charged).notes)
    year = charged[charged["period_end"] == section.year_of(charged)]
    assert not any(note.startswith(said) for note in charts.ski_slope(year).notes)


def test_a_missing_year_of_a_trend_is_named_and_is_not_zero():
    section = open_section("investigating_crime", force="greater-manchester", period="2023-03-31")
    text = say.summary(section.measure("charge_rate")).text
    assert "because there is no figure for the year ending 31 March 2020." in text
    then = open_section("investigating_crime", force="greater-manchester", period="2020-03-31")
    assert "Not available" in then.headlines("charge_rate").text


def test_a_headline_for_each_resident_of_the_city_of_london_says_that_it_is_not_comparable():
    said = "Few residents, many workers and visitors: not comparable with other forces."
    wanted = ("stop_search_rate", "disparity_ratio", "ethnicity_not_recorded_share", "use_of_force_rate")
    city = open_section("police_powers", force="city-of-london", period="2023-03-31")
    lines = city.headlines(*wanted).text.splitlines()
    assert [said in line for line in lines] == [True, True, False, True]


def test_the_disparity_ratio_fits_the_census_and_the_printed_value(met):
    ratios = open_section("police_powers", period="2023-03-31").measure("disparity_ratio", by="ethnicity")
    ratios = ratios[ratios["period_end"] == "2023-03-31"]
    table = charts.disparity(ratios).data.set_index("group")
    assert round(table.loc["Black", "value"], 1) == 2.9
    assert round(table.loc["Black", "comparator_value"], 1) == 4.1


def test_a_headline_without_a_figure_says_why():
    section = open_section("responding_to_the_public", force="kent")
    (last,) = section.headlines("emergency_calls_in_10_seconds_share").content["items"]
    assert last["value"] == "Not available"
    assert "999 call answering times (BT)" in last["comparison"]


def test_a_headline_counts_the_place_from_the_nearer_end():
    low = open_section("workforce", force="city-of-london", period="2023-03-31")
    assert low.headlines("officers_headcount").text.endswith("Lowest of 43.")
    high = open_section("workforce", period="2023-03-31")
    assert high.headlines("officers_headcount").text.endswith("Highest of 43.")


def test_a_year_that_lacks_the_force_is_a_note_with_the_reason_whatever_the_cell_calls_the_outcomes():
    section = open_section("investigating_crime", force="north-yorkshire")
    shares = section.measure("outcome_share", by="outcome_type").replace(
        {"outcome_type": section.outcome_names}
    )
    note = charts.stacked_outcomes(shares[shares["period_end"] == section.year_of(shares)])
    assert isinstance(note, blocks.Block)
    said = str(note)
    assert (
        "North Yorkshire Police: victim-based crimes assigned an outcome, year ending 31 March 2019" in said
    )
    assert "less than half of the outcomes" in said
    assert "Its newest figure: year ending 31 March 2018." in said


# --- months and quarters against the limits of a baseline


def by_quarter(section, values):
    """Rows as a table of quarters gives them, with made-up counts."""
    ends = pd.date_range("2017-09-30", periods=len(values), freq=pd.offsets.MonthEnd(3)).astype(
        "datetime64[s]"
    )
    frame = section.table("recorded_crime").head(0)[["force_code", "period_end", "offences_count"]]
    rows = pd.DataFrame({"force_code": section.force.code, "period_end": ends, "offences_count": values})
    rows.attrs = {**frame.attrs, "table": "recorded_crime"}
    return rows.dropna()


@pytest.fixture(scope="module")
def responding():
    return open_section("responding_to_the_public", force="kent")


STEADY = [100.0, 110.0, 90.0, 105.0, 95.0] * 5


def test_a_process_chart_judges_the_last_year_by_the_five_before(responding):
    steady = charts.process(by_quarter(responding, STEADY), "offences_count", label="Recorded crimes")
    assert (steady.id, steady.kind) == ("responding_to_the_public.offences_count_process", "process_chart")
    assert len(steady.data) == 24 and (steady.data["baseline"] == "yes").sum() == 20
    assert steady.notes[0].startswith("None of the last four quarters, to 30 September 2023, is a signal")
    assert "Baseline: quarter ending 31 December 2017 to quarter ending 30 September 2022" in steady.notes[1]
    assert {item.table for item in steady.provenance} == {"recorded_crime"}
    moved = charts.process(
        by_quarter(responding, [*STEADY[:21], 300, 310, 290, 100]), "offences_count", label="C"
    )
    assert moved.notes[0] == (
        "Three of the last four quarters, to 30 September 2023, are signals, all above the mean of the baseline."
    )


def test_the_baseline_of_a_process_chart_can_be_chosen(responding):
    rows = by_quarter(responding, STEADY)
    chart = charts.process(rows, "offences_count", label="C", baseline=("2017-09-30", "2020-09-30"))
    assert len(chart.data) == 25 and (chart.data["baseline"] == "yes").sum() == 13
    short = charts.process(rows, "offences_count", label="C", baseline=("2017-09-30", "2019-09-30"))
    assert "need a baseline of 12 quarters" in short.text and "here are 9 quarters" in short.text


def test_a_quarter_that_is_missing_is_a_gap_and_no_zero(responding):
    chart = charts.process(
        by_quarter(responding, [*STEADY[:10], None, *STEADY[11:]]), "offences_count", label="C"
    )
    assert chart.data["value"].isna().sum() == 1
    assert chart.data.loc[chart.data["value"].isna(), "baseline"].tolist() == ["no"]


def test_what_recurs_each_year_is_taken_out_where_asked(responding):
    values = [100.0, 100.0, 100.0, 160.0] * 6
    raw = charts.process(by_quarter(responding, values), "offences_count", label="C")
    adjusted = charts.process(by_quarter(responding, values), "offences_count", label="C", season=True)
    assert "adjusted" not in raw.data
    assert adjusted.data["adjusted"].round(6).nunique() == 1


def test_a_process_chart_of_the_committed_crimes_and_of_none(responding):
    crimes = responding.table("recorded_crime").groupby(["force_code", "period_end"], as_index=False)
    chart = charts.process(crimes["offences_count"].sum(), "offences_count", label="Recorded crimes")
    assert len(chart.data) == 24 and chart.title.startswith("Recorded crimes by quarter")
    none = responding.table("emergency_calls").assign(share=1.0)
    assert "999" in charts.process(none, "share", label="999 calls", unit="%").text
    one = crimes["offences_count"].sum().query("force_code != @responding.force.code")
    assert "no month or quarter of this force" in charts.process(one, "offences_count", label="C").text
    with pytest.raises(FrameError, match="two rows for one period"):
        charts.process(responding.table("recorded_crime"), "offences_count", label="C")


# --- disparity in full


@pytest.fixture
def in_full():
    # Opened here: a section that many others were opened after is forgotten.
    section = open_section("police_powers", force="kent")
    ratios = section.measure("disparity_ratio", by="ethnicity")
    year = ratios[ratios["period_end"] == section.year_of(ratios)]
    return compare.disparity(year, section.table("stop_search"), section.table("population"))


def test_a_disparity_in_full_has_rates_their_difference_and_the_bounds_of_the_ratio(in_full, kent):
    row = in_full.query("force == 'Kent' and ethnicity == 'Black'").iloc[0]
    assert row["group_rate"] / row["reference_rate"] == pytest.approx(row["value"])
    assert row["difference"] == pytest.approx(row["group_rate"] - row["reference_rate"])
    assert row["difference_low"] < row["difference"] < row["difference_high"]
    searches = kent.table("stop_search")
    own = searches[(searches["force"] == "Kent") & (searches["period_end"] == row["period_end"])].iloc[0]
    missing = own["searches_count"] - own["ethnicity_known_count"]
    assert row["unrecorded"] == pytest.approx(missing / own["searches_count"])
    # All that is missing in one group, then in the other.
    assert row["ratio_most"] == pytest.approx(
        row["value"] * (row["group_count"] + missing) / row["group_count"]
    )
    white = row["reference_count"]
    assert row["ratio_least"] == pytest.approx(row["value"] * white / (white + missing))
    # London aside, few places have fewer residents than in 2021.
    assert 0.5 * row["difference"] < row["difference_mid_year"] < row["difference"]


def test_the_difference_stands_by_the_first_and_by_the_newest_estimate_of_residents():
    section = open_section("police_powers", force="city of london")
    ratios = section.measure("disparity_ratio", by="ethnicity")
    tables = [section.table(name) for name in ("stop_search", "population", "population_releases")]
    full = compare.disparity(ratios, *tables).query("ethnicity == 'Black'").set_index(["force", "period_end"])
    twice = full.dropna(subset="difference_newest")
    # Mid-2022 alone was revised: 10,847 residents of the City of London became 11,457. Later years have one release.
    revised = twice.index[~np.isclose(twice["difference_newest"], twice["difference_mid_year"])]
    assert {str(day.date()) for _, day in revised} == {"2023-03-31"}
    assert twice.index.get_level_values("period_end").max() == pd.Timestamp("2023-03-31")
    city = full.loc[("City of London", pd.Timestamp("2023-03-31"))]
    assert city["difference_newest"] / city["difference_mid_year"] == pytest.approx(10_847 / 11_457)
    for without in (
        compare.disparity(ratios, *tables[:2]),
        compare.disparity(ratios, *tables[:2], pd.DataFrame()),
    ):
        assert without["difference_newest"].isna().all()
        assert without["difference_mid_year"].notna().any()
    year = compare.disparity(ratios[ratios["period_end"] == "2023-03-31"], *tables)
    assert "by the newest estimate of residents), and the ratio the same." in say.disparity(year).text


def test_the_sentences_of_a_disparity_are_those_of_its_rows(in_full, kent):
    open_section("police_powers", force="kent")  # sentences are those of the section opened last
    said = say.disparity(in_full).text.replace("\n", " ")
    row = in_full.query("force == 'Kent'").set_index("ethnicity")
    far = row.loc[row["difference"].abs().idxmax()]
    for part in (
        f"{far['difference']:.1f} more for each 1,000",
        f"the ratio for Black people would be {far['ratio_least']:.1f}",
        f"{100 * far['unrecorded']:.1f}% of searches",
    ):
        assert part in said
    gone = say.disparity(in_full[in_full["force"] != "Kent"])
    assert gone.kind != "sentences" or "No figure" in gone.text
    assert (
        "missing"
        in compare.disparity(
            kent.measure("find_rate"), kent.table("stop_search"), kent.table("population")
        ).attrs
    )


def test_forces_stand_in_the_order_of_their_values_where_limits_do_not_depend_on_size(year):
    chart = charts.funnel(year)
    assert chart.title.startswith("Stop and searches per 1,000 population, with limits")
    assert chart.alt.startswith("Dot plot") and "hardly depend on size" in chart.notes[-1]
    by_size = charts.funnel(
        year.assign(numerator=8, denominator=1000.0 * (1 + year.index), value=8 / (1 + year.index))
    )
    assert by_size.alt.startswith("Funnel plot")


def test_two_forces_to_mark_are_refused_with_the_way_to_draw_them(kent, rates):
    with pytest.raises(FrameError, match=r'mark is a list.*mark="Kent".*section\.publish.*hue="force"'):
        charts.trend(rates, mark=[kent.force, "Norfolk"])
