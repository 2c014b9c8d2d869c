"""What a section gives a notebook: tables, measures, the report's values, and the reason where there is none."""

from __future__ import annotations

import json
import linecache
import shutil

import pandas as pd
import pytest

from peelbook import compare, contracts, measures, stats
from peelbook.analysis import frames, mistakes, open_national, open_section, peers, show
from peelbook.errors import (
    FrameError,
    ParameterError,
    UndeclaredReadError,
    UnknownForceError,
    UnknownMeasureError,
    UnknownSectionError,
)


def without(folder, *names):
    """A copy of the data package without some tables."""
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    package["resources"] = [item for item in package["resources"] if item["name"] not in names]
    (folder / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    for name in names:
        (folder / f"{name}.csv").unlink(missing_ok=True)
    return folder


def test_bad_parameters_are_named_with_the_fix():
    with pytest.raises(UnknownSectionError, match="police_powers"):
        open_section("police_power")
    with pytest.raises(UnknownForceError, match="peelbook list forces"):
        open_section("police_powers", force="atlantis")
    with pytest.raises(ParameterError, match="YYYY-MM-DD"):
        open_section("police_powers", period="March 2023")


def test_a_measure_is_one_row_an_area_and_period_with_the_promised_columns(rates):
    assert tuple(rates.columns[: len(frames.COLUMNS)]) == frames.COLUMNS
    assert not rates.duplicated(["force_code", "period_end"]).any()
    assert set(rates["measure"]) == {"stop_search_rate"}
    assert rates["year"].equals(rates["period_end"].dt.year.astype("int64"))


def test_a_value_can_be_worked_out_again_from_its_row(rates):
    assert (1000 * rates["numerator"] / rates["denominator"]).sub(rates["value"]).abs().max() < 1e-9
    assert (rates["low"] <= rates["value"]).all() and (rates["value"] <= rates["high"]).all()


def test_the_averages_leave_out_whom_the_measure_leaves_out(rates):
    assert set(rates.loc[~rates["in_averages"], "force"]) == {"City of London"}


def test_the_mean_that_a_cell_works_out_is_the_one_that_the_pages_print(year):
    both = compare.averages(compare.at_period(year, year["period_end"].iloc[0]))
    assert year.loc[year["in_averages"], "value"].mean() == pytest.approx(both.mean_of_forces)
    assert 1000 * year["numerator"].sum() / year["denominator"].sum() == pytest.approx(both.pooled)


def test_a_breakdown_is_a_column_and_by_gives_all_of_its_values(kent):
    ratios = kent.measure("disparity_ratio", by="ethnicity")
    assert set(ratios["ethnicity"]) == {"Asian", "Black", "Mixed", "Other"}
    black = kent.measure("disparity_ratio", ethnicity="Black")
    assert set(black["ethnicity"]) == {"Black"}
    chosen = ratios.query("ethnicity == 'Black'").reset_index(drop=True)
    pd.testing.assert_frame_equal(chosen[black.columns], black, check_dtype=False)


def test_a_section_lists_the_measures_that_it_can_compute_and_no_other(kent):
    known = kent.measures()
    assert list(known.columns) == ["measure", "title", "unit", "by", "tables"]
    assert known.set_index("measure").loc["disparity_ratio"].to_dict() == {
        "title": "Disparity ratio of stop and search",
        "unit": "times the rate for White people",
        "by": "ethnicity",
        "tables": "stop_search_ethnicity, population_ethnicity",
    }
    for name in known["measure"]:
        assert kent.measure(name).attrs["measure"] == name
    published = {
        name for name, item in measures.registry().items() if set(item.tables) <= set(contracts.tables())
    }
    for name in published - set(known["measure"]):
        with pytest.raises(UndeclaredReadError):
            kent.measure(name)
    assert set(open_national().measures()["measure"]) == published
    assert "section.measures()" in kent.measure.__doc__


def test_two_breakdowns_give_a_row_for_each_pair():
    workforce = open_section("workforce", force="kent")
    officers = workforce.measure("officers_headcount", by=("rank", "sex"))
    assert {"rank", "sex"} <= set(officers.columns)
    assert not officers.duplicated(["force_code", "period_end", "rank", "sex"]).any()


def test_an_unknown_measure_breakdown_or_table_is_an_error_that_says_what_to_do(kent):
    with pytest.raises(UnknownMeasureError, match="stop_search_rate"):
        kent.measure("stop_serch_rate")
    with pytest.raises(ParameterError, match="no breakdown 'colour'"):
        kent.measure("stop_search_rate", colour="red")
    with pytest.raises(ParameterError, match="no ethnicity 'Green'"):
        kent.measure("disparity_ratio", ethnicity="Green")
    with pytest.raises(UndeclaredReadError, match="add 'workforce'"):
        kent.measure("officers_rate")
    with pytest.raises(UndeclaredReadError, match="add 'workforce'"):
        kent.table("workforce")


def test_a_table_has_names_beside_its_codes(kent):
    searches = kent.table("stop_search")
    assert list(searches.columns[:3]) == ["force_code", "force", "period_end"]
    assert (searches.query("force == 'Kent'")["force_code"] == "E23000032").all()


def test_a_frame_handed_out_is_a_copy(kent):
    mine = kent.table("stop_search")
    mine["searches_count"] = 0
    assert kent.table("stop_search")["searches_count"].sum() > 0


FILTERS = {
    "query": lambda frame, me: frame.query("force == @me"),
    "mask": lambda frame, me: frame[frame["period_end"] == pd.NaT],
    "sort": lambda frame, me: frame.sort_values("period_end"),
    "head": lambda frame, me: frame.head(),
    "columns": lambda frame, me: frame[["force", "period_end"]],
    "assign": lambda frame, me: frame.assign(year=frame["period_end"].dt.year),
    "reset": lambda frame, me: frame.reset_index(drop=True),
    "loc": lambda frame, me: frame.loc[frame["force"] == me, ["force"]],
    "merge": lambda frame, me: frame.merge(pd.DataFrame({"force": [me]}), on="force"),
    "group": lambda frame, me: frame.groupby("force", as_index=False)["period_end"].max(),
    "drop_duplicates": lambda frame, me: frame.drop_duplicates("force"),
    "concat": lambda frame, me: pd.concat([frame, frame]),
    "pivot_table": lambda frame, me: frame.pivot_table(index="force", columns="period_end", aggfunc="size"),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("kind", ["measure", "table"])
def test_a_frame_without_rows_still_knows_why_after_what_a_cell_does_to_it(tmp_path, data_copy, name, kind):
    without(data_copy, "stop_search")
    section = open_section("police_powers", force="kent", data_dir=str(data_copy))
    frame = section.measure("stop_search_rate") if kind == "measure" else section.table("stop_search")
    left = FILTERS[name](frame, section.me)
    text = show(left, "Searches").text
    assert "Stop and search" in text
    assert "Kent" in text or "not in this book" in text


def test_a_missing_frame_names_the_publication_that_would_fill_it(data_copy):
    section = open_section("police_powers", force="kent", data_dir=str(without(data_copy, "stop_search")))
    frame = section.measure("stop_search_rate")
    assert frame.empty and tuple(frame.columns[: len(frames.COLUMNS)]) == frames.COLUMNS
    assert pd.isna(section.year_of(frame))
    assert frame.attrs["missing"]["tables"] == ["stop_search"]
    assert "Race Disparity Unit" in " ".join(frame.attrs["missing"]["lines"])


def test_the_newest_year_leads_and_a_period_sets_one_for_all(rates):
    newest = open_section("police_powers", force="kent")
    assert newest.year_of(rates) == rates["period_end"].max()
    fixed = open_section("police_powers", force="kent", period="2020-03-31")
    for measure in ("stop_search_rate", "use_of_force_rate"):
        assert str(fixed.year_of(fixed.measure(measure)).date()) == "2020-03-31"


def test_a_year_that_few_forces_have_does_not_lead(rates, kent):
    last = rates["period_end"].max()
    thin = rates[(rates["period_end"] < last) | (rates["force"] == "Kent")]
    assert kent.year_of(thin) < last


def test_an_old_figure_says_its_age_and_a_set_period_does_not(kent):
    day = pd.Timestamp("2020-03-31")
    assert kent.age(day) == " (6 years old)"
    assert kent.age(pd.Timestamp("2025-03-31")) == ""
    assert open_section("police_powers", force="kent", period="2020-03-31").age(day) == ""


def test_rolling_years_do_not_overlap():
    section = open_section("victim_service", force="kent")
    crime = section.measure("recorded_crime_rate")
    assert crime["period_end"].dt.month.nunique() == 1


def test_a_printed_value_is_on_the_scale_of_its_measure(met, kent):
    find, rate = met.printed("find_rate.force", "police_powers.stop_search_rate.force")
    assert (float(find), find.text) == (pytest.approx(0.186), "18.6%")
    assert float(rate) == 19.8 and str(rate.period_end.date()) == "2023-03-31"
    assert met.printed("stop_search_rate.average").whose == "England and Wales"
    assert kent.printed("find_rate.force") is None
    assert kent.printed("find_rate.force", "find_rate.average") == (None, None)


def test_a_claim_that_no_report_has_is_an_error_on_every_page(met, kent):
    for section in (met, kent):
        with pytest.raises(ParameterError, match=r"did you mean 'police_powers\.find_rate\.force'"):
            section.printed("find_rate.forc")


def test_what_only_the_report_prints_is_a_row_and_elsewhere_a_reason(met, kent):
    table = show(met.report_values("find_rate.force", "find_rate.average"), "As printed in the report")
    assert [row[2] for row in table.content["rows"]] == ["18.6%", "24.6%"]
    note = show(kent.report_values("find_rate.force"), "As printed in the report")
    assert note.kind == "note" and "none has been entered for Kent Police" in note.text
    assert "18.6" not in note.text


SAMPLE = ("reasonable_grounds", "reasonable_grounds_margin", "stop_search_sample")


def test_a_share_of_a_sample_is_a_row_with_the_one_count_that_rounds_to_it(met, kent):
    read = met.report_sample(*SAMPLE)
    assert read[["value", "margin", "numerator", "denominator"]].to_numpy()[0] == pytest.approx(
        [0.946, 0.026, 265, 280]
    )
    empty = kent.report_sample(*SAMPLE)
    assert list(empty.columns) == list(read.columns)
    assert "none has been entered for Kent Police" in show(empty, "Sample").text
    assert len(stats.wilson(empty["numerator"], empty["denominator"]).low) == 0, "arithmetic works on it"


@pytest.mark.parametrize(
    ("share", "size", "count"), [("94.6", "280", 265.0), ("94.6", "5000", None), ("94.7", "10", None)]
)
def test_a_count_that_the_printed_share_leaves_open_is_missing(data_copy, share, size, count):
    """Of 5,000 cases five counts round to 94.6%; of ten none rounds to 94.7%."""
    path = data_copy / "claims.csv"
    ledger = pd.read_csv(path, dtype="str", keep_default_na=False)
    ledger.loc[ledger["claim_id"] == "police_powers.reasonable_grounds", "value"] = share
    ledger.loc[ledger["claim_id"] == "police_powers.stop_search_sample", "value"] = size
    ledger.to_csv(path, index=False)
    read = open_section("police_powers", data_dir=str(data_copy)).report_sample(*SAMPLE)
    assert (None if read["numerator"].isna().item() else read["numerator"].item()) == count


def test_what_is_not_filled_in_yet_is_not_printed(data_copy):
    """A ledger as `claims new` leaves it, with the grade and one value filled in."""
    path = data_copy / "claims.csv"
    ledger = pd.read_csv(path, dtype="str", keep_default_na=False)
    own = ledger[ledger["section"] == "police_powers"].assign(force_code="E23000024", value="")
    own[["label", "numerator", "denominator", "period_end"]] = ""
    own.loc[own["claim_id"] == "police_powers.grade", "label"] = "good"
    own.loc[own["claim_id"] == "police_powers.find_rate.force", ["value", "period_end"]] = (
        "21.5",
        "2023-03-31",
    )
    pd.concat([ledger, own]).to_csv(path, index=False)
    section = open_section("police_powers", force="norfolk", data_dir=str(data_copy))
    assert float(section.printed("find_rate.force")) == pytest.approx(0.215)
    assert section.printed("find_rate.average") is None
    assert list(section.report_values("find_rate.force", "find_rate.average")["printed"]) == ["21.5%"]
    assert "graded this area “good”" in section.opening().text
    for note in (
        show(section.report_values("find_rate.average"), "As printed"),
        show(section.cases(), "Cases"),
    ):
        assert "these are not entered yet for Norfolk" in note.text
    other = open_section("workforce", force="norfolk", data_dir=str(data_copy))
    assert "entered in part, and nothing of this section is" in other.claims().text


def test_cases_say_whether_a_row_counts_a_fault(met, kent):
    cases = met.cases().set_index("heading")
    assert cases.loc["Self-defined ethnicity missing", "finding"] == "fault"
    assert set(cases["finding"]) == {"fault", "met"}
    whole = met.cases(everywhere=True)
    assert "Cautions and community resolutions reviewed" not in set(whole["heading"]), (
        "how many files were read"
    )
    assert sorted(whole.loc[whole["finding"] == "fault", "heading"]) == [
        "Community resolutions wrongly applied",
        "Database checks not made",
        "Self-defined ethnicity missing",
        "Service not good enough",
    ]
    assert (cases["value"] == cases["numerator"] / cases["denominator"]).all()
    assert show(kent.cases(), "Cases").kind == "note"


def test_neighbours_are_those_of_the_table_or_none_with_the_reason(kent):
    rows = kent.catalogue.table("neighbours")
    assert sorted(kent.neighbours) == sorted(
        rows.loc[rows["force_code"] == kent.force.code, "neighbour_code"]
    )
    assert kent.neighbours.reason == ""


def test_neighbours_and_similar_forces_together_are_each_once_and_named():
    section = open_section("workforce", force="metropolitan")
    both = section.neighbours + section.similar
    assert set(both) == {*section.neighbours, *section.similar}
    assert len(both) == len(set(both))
    assert both.basis == "neighbours and similar forces by our own open rule"
    city = open_section("workforce", force="city-of-london")
    assert (city.neighbours + city.similar).reason == city.similar.reason != ""


def test_arithmetic_works_on_a_table_that_is_not_here():
    section = open_section("workforce", force="kent")
    flows = section.table("workforce_flows")
    assert flows.empty, "another table must stand in here once this one is in the book"
    left = flows["leavers_count"] / flows["officers_at_start_count"]
    flows = flows.assign(left=left, mean=left.groupby(flows["period_end"]).transform("mean"))
    assert show(flows[left > 0.02], "Leavers").kind == "note"
    assert flows["period_end"].dt.year.empty


def test_an_older_section_of_the_same_name_keeps_its_own_frames(data_copy):
    first = open_section("police_powers", force="kent")
    frame = first.measure("stop_search_rate")
    shutil.copy(data_copy / "forces.csv", data_copy / "copy.csv")
    second = open_section("police_powers", force="surrey", data_dir=str(data_copy))
    assert frames.section_of(frame, "test") is first
    assert frames.section_of(second.measure("stop_search_rate"), "test") is second


def test_year_of_a_frame_without_days_is_an_error(kent):
    with pytest.raises(FrameError, match=r"section\.year_of needs the column 'period_end'"):
        kent.year_of(pd.DataFrame({"value": [1.0]}))


@pytest.mark.parametrize("year", [2021, "2021"])
def test_a_year_in_place_of_a_day_is_told_with_the_day_to_write(rates, year):
    with pytest.raises(FrameError, match=r'2021\'? is a year, .* as in "2021-03-31"'):
        peers.peers(rates, year)
    with pytest.raises(FrameError, match=r"'soon' is no day"):
        peers.peers(rates, "soon")
    with pytest.raises(ParameterError, match="which is not a day"):
        open_section("police_powers", period=year)


def test_a_breakdown_that_a_measure_lacks_is_named_with_those_it_has(kent):
    with pytest.raises(ParameterError, match=r"no breakdown 'sex' \(it has: .*ethnicity"):
        kent.measure("disparity_ratio", by="sex")


def test_a_table_of_another_section_is_refused_with_the_section_that_has_it(kent):
    with pytest.raises(UndeclaredReadError, match=r'open_section\("investigating_crime"') as caught:
        kent.table("charges")
    said = "The section police_powers does not declare the table 'charges' that it reads. Fix: add 'charges' to the"
    assert str(caught.value).startswith(f"{said} `tables` of police_powers in sections.toml, or ")


def test_ipython_shows_the_line_of_the_cell_and_the_message_and_no_traceback(kent, monkeypatch):
    cell = 'a = 1\nsection.measure("stop_serch_rate")\n'
    lines = cell.splitlines(keepends=True)
    monkeypatch.setitem(linecache.cache, "<cell>", (len(cell), None, lines, "<cell>"))
    with pytest.raises(UnknownMeasureError) as caught:
        exec(compile(cell, "<cell>", "exec"), {"__name__": "__main__", "section": kent})
    where, empty, message = caught.value._render_traceback_()
    assert where == 'In line 2 of the cell: section.measure("stop_serch_rate")' and not empty
    assert message.startswith("UnknownMeasureError: ") and "Did you mean stop_search_rate" in message


@pytest.mark.parametrize(
    ("line", "lacking", "near"),
    [
        ('rates.query("forc == 1")', "column 'forc'", "'force'"),
        ('rates[["force", "valeu"]]', "column 'valeu'", "'value'"),
        ('rates["valeu"]', "column 'valeu'", "'value'"),
        ("rates.valeu", "column 'valeu'", "'value'"),
        ('rates.groupby("forc").sum()', "column 'forc'", "'force'"),
        ('rates.sort_values(["forc", "valeu"])', "column 'forc'", "'force'"),
        ('rates.loc[:, ["valeu"]]', "column 'valeu'", "'value'"),
        ('rates.groupby("force")["valeu"].sum()', "column 'valeu'", "'value'"),
        ('rates.drop(columns=["valeu", "forc"])', "columns 'valeu' and 'forc'", "'value' and 'force'"),
        ('rates.set_index(["forc"])', "column 'forc'", "'force'"),
        ('rates.merge(rates, on="forc")', "column 'forc'", "'force'"),
    ],
)
def test_a_misspelt_column_is_one_message_with_the_nearest_and_all_columns(rates, line, lacking, near):
    with pytest.raises((KeyError, AttributeError, NameError)) as caught:
        exec(compile(line, "<cell>", "exec"), {"__name__": "__main__", "rates": rates})
    said = mistakes.said(caught.value)
    assert f"the frame has no {lacking}. Did you mean {near}? Fix: use one of its columns: measure, " in said


@pytest.mark.parametrize(
    "line", ['{}["forc"]', "forc", 'rates.query("force == @mee")', 'rates.loc["Kent"]', 'rates["value"].foo']
)
def test_any_other_mistake_is_shown_as_ever(rates, line):
    with pytest.raises((KeyError, AttributeError, NameError)) as caught:
        exec(compile(line, "<cell>", "exec"), {"__name__": "__main__", "rates": rates})
    assert mistakes.said(caught.value) == ""


def test_what_is_kept_of_a_measure_is_the_same_whatever_a_cell_writes_into_its_frame():
    section = open_section("police_powers", force="kent")
    plain = section.measure("stop_search_rate").copy()
    spoilt = section.measure("stop_search_rate")
    spoilt["value"] = 0.0
    spoilt.loc[:, "force"] = "Nobody"
    spoilt.attrs["dimension"]["other"] = 1
    pd.testing.assert_frame_equal(section.measure("stop_search_rate"), plain)
    assert section.measure("stop_search_rate").attrs == plain.attrs


def test_frames_worked_out_before_serve_a_section_of_the_same_names_and_period_only(data_copy, monkeypatch):
    from peelbook.analysis import context
    from peelbook.measures import _compute, precompute

    monkeypatch.setattr(_compute, "_PRECOMPUTED", {})
    opened = {"force": "kent", "data_dir": str(data_copy)}
    plain = open_section("police_powers", **opened).measure("stop_search_rate")
    before = context.National(data_dir=str(data_copy))
    precompute(before.catalogue, {}, before.measure)
    frames.close(before)
    made = []
    tidy = context.Section._tidy
    monkeypatch.setattr(context.Section, "_tidy", lambda *given: made.append(given) or tidy(*given))
    served = open_section("police_powers", **opened).measure("stop_search_rate")
    pd.testing.assert_frame_equal(served, plain)
    assert not made
    open_section("police_powers", **opened, period="2020-12-31").measure("stop_search_rate")
    assert len(made) == 1, "years that end in another month are other rows"
    forces = data_copy / "forces.csv"
    forces.write_text(
        forces.read_text(encoding="utf-8").replace("South East", "The South East"), encoding="utf-8"
    )
    other = open_section("police_powers", **opened).measure("stop_search_rate")
    assert "The South East" in set(other["region"])
