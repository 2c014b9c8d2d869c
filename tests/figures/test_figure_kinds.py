"""What each chart kind says of its data: alt text, notes, table twin, and what it refuses."""

from __future__ import annotations

import csv
import io
import math
import re
import struct

import pandas as pd
import pytest
from figure_cases import (
    AREAS,
    AUDIT,
    BASE,
    CASES,
    CITY,
    FORCES,
    OUTCOMES,
    RATE,
    averages_by_year,
    chart,
    counts,
    dots,
    fun,
    grades,
    limits,
    line,
    outcomes,
    panels,
    ranks,
    rates,
    ratios,
    series,
    ski,
    tiles,
    without,
)

from peelbook.compare import Averages
from peelbook.figures._layout import PNG_DPI
from peelbook.figures.disparity import disparity
from peelbook.figures.funnel import funnel
from peelbook.figures.interval_dot_plot import interval_dot_plot
from peelbook.figures.judgments_grid import judgments_grid

# --- all kinds -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_alt_text_is_one_short_paragraph_of_sentences(name):
    alt = chart(name).alt
    assert 30 <= len(alt) <= 500
    assert "\n" not in alt
    assert alt[-1] in ".…"
    assert "nan" not in alt.lower().split()
    assert "None" not in alt.replace("None of ", "")  # "None of 24 values is a signal" is a sentence


@pytest.mark.parametrize("name", CASES)
def test_no_printed_cell_holds_a_computer_word_or_a_hyphen_for_a_minus(name):
    table = chart(name).table()
    width = len(table["columns"])
    for row in table["rows"]:
        assert len(row) == width
        for cell in row:
            assert cell not in ("nan", "None", "NaT", "<NA>", "inf")
            assert not (cell.startswith("-") and cell[1:2].isdigit())


@pytest.mark.parametrize("name", CASES)
def test_the_table_twin_has_a_row_for_every_row_of_data(name):
    assert len(chart(name).table()["rows"]) == len(chart(name).data)


def _met_place() -> str:
    """The Met's place, counted by hand: how many values are higher."""
    higher = int((rates()["value"] > 19.8).sum())
    return {1: "2nd", 2: "3rd", 3: "4th"}[higher]


# --- ski slope -----------------------------------------------------------------------------------


def test_a_ski_slope_says_place_extremes_both_averages_and_the_printed_value():
    alt = chart("ski slope, extreme").alt
    assert "Column chart ranking 43 police forces by stop and searches, per 1,000 population" in alt
    assert "year ending 31 March 2023" in alt
    assert f"Met: 19.8, {_met_place()} highest of 43" in alt
    assert "Highest: City of London 197.0; lowest:" in alt
    assert "England and Wales 8.6; mean of forces 7.9" in alt
    assert "As printed in the report: 19.6" in alt


def test_an_average_is_drawn_alike_whatever_its_place_in_the_list():
    both = {"England and Wales": 8.6, "Mean of forces": 7.9}
    first, second = (
        ski("kent", averages=dict(pairs)).svg().partition("<path")[2]
        for pairs in (both.items(), reversed(both.items()))
    )
    assert first == second


def test_a_ski_slope_does_not_name_the_force_twice_when_it_is_the_highest():
    alt = chart("ski slope, outlier").alt
    assert "City of London: 197.0, highest of 43" in alt
    assert "Highest:" not in alt
    assert "Lowest:" in alt


def test_a_missing_force_is_a_note_and_an_empty_cell_and_never_a_zero():
    drawing = chart("ski slope, no value")
    assert "There is no value for Greater Manchester" in drawing.alt
    assert "No value for Greater Manchester." in drawing.notes
    row = next(row for row in drawing.table()["rows"] if row[0] == "Greater Manchester")
    assert row[1:3] == ["", ""]
    assert drawing.data.set_index("force")["value"].isna()["Greater Manchester"]


def test_averages_come_as_an_object_of_compare_too():
    found = ski("met", averages=Averages(mean_of_forces=7.94, pooled=8.61, n_forces=43, sd=1.0))
    assert "England and Wales 8.6; mean of forces 7.9" in found.alt
    none = ski("met", averages=Averages(mean_of_forces=7.94, pooled=None, n_forces=43, sd=1.0))
    assert "Mean of forces 7.9" in none.alt
    assert "England and Wales" not in none.alt


def test_an_average_stands_in_the_table_under_its_own_name_and_has_no_rank():
    rows = {row[0]: row for row in chart("ski slope, extreme").table()["rows"]}
    assert rows["England and Wales"][1:3] == ["8.6", ""]
    assert rows["Mean of forces"][1:3] == ["7.9", ""]


def test_the_table_prints_the_values_of_the_data_and_keeps_the_rank():
    drawing = ski("dyfed-powys")
    printed = {row[0]: row for row in drawing.table()["rows"]}
    for record in drawing.data[drawing.data["series"] == "force"].to_dict("records"):
        assert printed[record["force"]][1] == f"{record['value']:,.1f}"
        assert printed[record["force"]][2] == str(record["rank"])


def test_a_column_many_times_higher_is_cut_and_the_reader_is_told():
    drawing = chart("ski slope, small force")
    assert (
        "The column of City of London is cut short: at full height the others could not be read."
        in drawing.notes
    )
    labels = _labels(drawing)
    assert "Highest, cut short" in labels
    assert "City of London 197.0" in labels


def test_no_column_is_cut_where_values_are_near_each_other():
    drawing = ski("met", rates(outlier=False))
    assert not any("cut short" in note for note in drawing.notes)


def test_ties_share_a_place_and_keep_the_order_of_names():
    frame = pd.DataFrame(
        {
            "force_code": FORCES.codes,
            "value": [5.0 if force.slug in ("kent", "essex") else 3.0 for force in FORCES],
        }
    )
    drawing = ski("kent", frame)
    assert "Kent: 5.0, joint highest of 43" in drawing.alt
    assert list(drawing.data["force"][:2]) == ["Essex", "Kent"]
    assert "41 forces 3.0" in drawing.alt


def test_two_rows_for_one_force_are_refused():
    frame = pd.concat([rates(), rates().iloc[:1]])
    for build in (ski, fun, tiles):
        with pytest.raises(ValueError, match="two rows for E23000001"):
            build("met", frame)


def test_rows_of_other_areas_are_left_out():
    extra = pd.DataFrame({"force_code": ["K04000001"], "value": [1e6]})
    assert "43 police forces" in ski("met", pd.concat([rates(), extra])).alt


def _labels(drawing, *, small: bool = False) -> list[str]:
    from matplotlib.text import Text

    from peelbook.figures._layout import compact, wide

    figure = drawing.figure(compact(drawing.heights[1]) if small else wide(drawing.heights[0]))
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


# --- funnel --------------------------------------------------------------------------------------


def test_a_funnel_says_where_the_force_lies_in_words():
    alt = chart("funnel, extreme").alt
    assert (
        "Funnel plot of stop and searches, per 1,000 population against population, mid-year estimate" in alt
    )
    assert (
        "Met: 19.8 at population, mid-year estimate 8,855,333, above the 99.8% limits; "
        f"{_met_place()} highest of 43" in alt
    )


def test_a_force_far_above_a_funnel_is_at_its_edge_and_the_reader_is_told():
    drawing = chart("funnel, outlier")
    assert "City of London lies far above the chart and is drawn at its top edge." in drawing.notes
    assert "City of London 197.0" in _labels(drawing)


def test_a_force_left_out_of_a_funnel_is_said_to_be_not_shown_and_not_to_lack_a_value():
    drawing = chart("funnel, no value")
    assert "Greater Manchester is not shown" in drawing.alt
    assert "Not shown: Greater Manchester." in drawing.notes
    assert "Greater Manchester is not shown" in _labels(drawing)


def test_exact_limits_of_each_force_are_used_where_they_are_given():
    frame = rates().assign(lower_95=0.0, upper_95=1e3, lower_998=0.0, upper_998=2e3)
    assert "within the 95% limits" in fun("met", frame).alt
    assert set(fun("met", frame).data["position"]) == {"within the 95% limits"}


def test_a_funnel_without_all_limits_is_refused():
    with pytest.raises(ValueError, match="lack lower_998, upper_998"):
        funnel(
            rates(),
            limits().drop(columns=["lower_998", "upper_998"]),
            id="police_powers.funnel",
            force=FORCES["met"],
            forces=FORCES,
            size_label="Population",
            target=8.0,
            **BASE,
            **RATE,
        )


# --- trend ---------------------------------------------------------------------------------------


def test_a_trend_says_first_and_last_value_and_place():
    alt = chart("trend, plain").alt
    assert "year ending 31 March 2012 to year ending 31 March 2023" in alt
    first = series().set_index(["force_code", "period_end"])["value"][FORCES["met"].code]
    assert f"Met: from {first.iloc[0]:.1f} (year ending 31 March 2012) to {first.iloc[-1]:.1f}" in alt
    assert "highest of 43" in alt


def test_an_average_that_ends_before_the_force_says_when():
    means = averages_by_year(series())
    pooled = means["pooled"].where(means["period_end"] < "2023")
    alt = line("met", averages=means.assign(pooled=pooled)).alt
    assert (
        f"England and Wales (year ending 31 March 2022) {pooled.dropna().iloc[-1]:.1f}; mean of forces "
        in alt
    )
    assert "England and Wales (" not in line("met").alt


def test_a_line_never_crosses_a_gap_and_the_gap_is_named():
    drawing = chart("trend, gaps")
    data = drawing.data.set_index("period_end")["value"]
    assert data.isna().sum() == 2
    assert "the force could not supply data after a change of system" in " ".join(_labels(drawing))
    assert "No data: the force could not supply data" in drawing.alt
    assert "year ending 31 March 2019 to year ending 31 March 2020" in drawing.alt


def test_two_years_missing_for_two_reasons_are_two_gaps():
    drawing = line(
        "gmp",
        gaps=[
            ("2019-03-31", "2019-03-31", "a change of system"),
            ("2020-03-31", "2020-03-31", "not published"),
        ],
    )
    assert "No data: a change of system (year ending 31 March 2019)" in drawing.alt
    assert "No data: not published (year ending 31 March 2020)" in drawing.alt


def test_a_year_missing_without_a_reason_is_still_marked():
    assert "No data (year ending 31 March 2019 to year ending 31 March 2020)" in line("gmp").alt


def test_printed_values_of_one_day_are_all_kept_and_labelled():
    drawing = chart("trend, printed and a break")
    row = drawing.data.set_index("period_end").loc[pd.Timestamp("2023-09-30")]
    assert row["as_printed"] == 7.0
    assert row["as_printed_england_and_wales"] == 9.0
    assert math.isnan(row["value"])  # a printed value never fills in for a computed one
    labels = _labels(drawing)
    assert {"7.0 as printed", "12.0 as printed", "England and Wales 9.0 as printed"} <= set(labels)


def test_the_file_of_a_trend_is_the_same_whichever_force_is_in_front():
    frame = series()
    files = [line(force, frame).csv() for force in ("kent", "metropolitan")]
    assert files[0] == files[1]
    rows = list(csv.DictReader(io.StringIO(files[0])))
    assert {"kent", "metropolitan", "period_end", "mean_of_forces"} <= set(rows[0]) and "value" not in rows[0]
    own = line("kent", frame).data["value"].tolist()
    assert [float(row["kent"]) for row in rows] == pytest.approx(own, rel=1e-8)


def test_a_trend_carries_every_other_force_under_its_slug():
    data = chart("trend, plain").data
    assert {"kent", "city-of-london"} <= set(data.columns)
    assert "metropolitan" not in data.columns
    kent = series()[series()["force_code"] == FORCES["kent"].code]["value"]
    assert data["kent"].tolist() == kent.tolist()


def test_a_peer_that_would_flatten_all_lines_leaves_the_chart_and_a_note_says_so():
    assert "The line of City of London leaves the chart at the top." in chart("trend, outlier").notes


def test_the_forces_own_line_is_never_cut():
    frame = series().assign(value=lambda f: f["value"].where(f["force_code"] != CITY, f["value"] * 20))
    assert not any("leaves the chart" in note for note in line("city-of-london", frame).notes)


def test_two_rows_for_one_period_are_refused():
    with pytest.raises(ValueError, match="two rows for one period"):
        line("met", pd.concat([series(), series().iloc[:1]]))


# --- small multiples -----------------------------------------------------------------------------


def test_small_multiples_name_each_groups_latest_value_and_average():
    alt = chart("small multiples, nine").alt
    assert "9 small line charts" in alt
    assert "Robbery:" in alt
    assert "(average 0.9)" in alt


def test_panels_say_whether_they_share_a_scale():
    assert "Each panel has its own scale; figures are the latest" in _labels(panels("met"))
    assert "All panels have one scale" in _labels(panels("met", same_scale=True))


def test_a_latest_value_of_an_earlier_year_carries_its_year():
    labels = _labels(chart("small multiples, gaps"))
    assert "1.0 (2020)" in labels
    assert "No value" in labels


# --- tile map ------------------------------------------------------------------------------------


def test_a_tile_map_prints_every_value_in_its_tile_so_that_no_shade_must_be_read():
    drawing = chart("tile map, extreme")
    labels = _labels(drawing)
    for value in drawing.data["value"]:
        assert f"{value:.1f}" in labels


def test_the_classes_of_a_tile_map_are_in_words_with_their_numbers_of_forces():
    drawing = chart("tile map, extreme")
    counts_ = drawing.data["class_words"].value_counts()
    assert len(counts_) == 5
    for words, count in counts_.items():
        assert words.endswith(f"({count} forces)")
        assert words in _labels(drawing)


def test_equal_values_are_never_in_two_classes():
    frame = pd.DataFrame({"force_code": FORCES.codes, "value": [0.0] * 30 + [float(i) for i in range(1, 14)]})
    data = tiles("met", frame).data
    assert data[data["value"] == 0.0]["class"].nunique() == 1


def test_short_names_on_tiles_are_unique():
    names = list(FORCES.labels.values())
    assert len(set(names)) == 43
    assert {"Met", "Sussex", "N Wales", "S Yorks", "A&S"} <= set(names)
    assert max(map(len, names)) <= 8


@pytest.mark.parametrize("small", [False, True], ids=["wide", "compact"])
def test_no_name_on_a_tile_is_cut(small):
    shown = _labels(chart("tile map, extreme"), small=small)
    assert set(FORCES.labels.values()) - set(shown) == set()


def test_values_too_wide_for_a_tile_become_the_number_of_their_class():
    labels = _labels(chart("tile map, money"))
    assert "class 5" in labels


# --- interval dot plot ---------------------------------------------------------------------------


def test_an_audit_row_prints_its_counts_and_share():
    labels = _labels(chart("dot plot, audit"))
    assert {"265 of 280 (95%)", "6 of 20 (30%)", "0 of 40 (0%)", "40 of 40 (100%)", "no cases"} <= set(labels)


def test_the_intervals_of_an_audit_are_the_wilson_ones():
    data = chart("dot plot, audit").data.set_index("numerator")
    assert data.loc[265, "lower"] == pytest.approx(0.914, abs=5e-4)  # field note: 91.4 to 96.7
    assert data.loc[265, "upper"] == pytest.approx(0.967, abs=5e-4)


def test_few_rows_are_all_in_the_alt_text_and_many_are_summed_up():
    assert "Reasonable grounds, interval" not in dots(AUDIT[:2]).alt
    assert "Reasonable grounds recorded: 265 of 280 (95%), interval 91% to 97%" in dots([AUDIT[0]]).alt
    many = chart("dot plot, many rows").alt
    assert "30 rows" in many
    assert "Highest: Question 29 of the audit, 29 of 40" in many
    assert "lowest: Question 0 of the audit, 0 of 40" in many


def test_two_series_differ_by_shape_and_are_named():
    labels = _labels(chart("dot plot, two series"))
    assert {"Met", "All forces"} <= set(labels)


def test_impossible_counts_are_refused():
    frame = counts([("Bad", 3, 7)]).assign(numerator=9)
    with pytest.raises(ValueError, match="more cases than were read in 'Bad'"):
        interval_dot_plot(frame, id="victim_service.audit", **BASE)
    with pytest.raises(ValueError, match="unknown series"):
        dots([("A", 1, 2, "Nobody")], series=("Met",))


# --- disparity -----------------------------------------------------------------------------------


def test_a_disparity_says_each_ratio_with_its_interval_and_the_comparator():
    alt = chart("disparity, plain").alt
    assert "against White people (ratio 1), with 95% intervals" in alt
    assert "Asian or Asian British: Met" in alt
    assert "England and Wales 1.5" in alt


def test_a_ratio_of_zero_is_written_out_because_a_log_scale_has_no_zero():
    assert any(label.endswith("(none)") for label in _labels(chart("disparity, few cases")))


def test_the_ends_of_an_interval_never_print_alike():
    table = chart("disparity, plain").table()
    assert all(row[2] != row[3] for row in table["rows"])


def test_a_printed_ratio_keeps_the_decimals_it_was_printed_with():
    assert "2.9 as printed" in _labels(chart("disparity, plain"))


def test_a_ratio_below_zero_or_a_group_twice_is_refused():
    frame = pd.DataFrame({"group": ["A", "A"], "value": [1.0, 2.0]})
    with pytest.raises(ValueError, match="two rows for A"):
        disparity(frame, id="police_powers.d", force=FORCES["met"], **BASE)
    with pytest.raises(ValueError, match="below zero"):
        disparity(frame.iloc[:1].assign(value=-1.0), id="police_powers.d", force=FORCES["met"], **BASE)


# --- outcomes ------------------------------------------------------------------------------------


def test_outcomes_print_both_values_and_name_the_largest_first():
    drawing = chart("outcomes, plain")
    assert "18 – Investigation complete, no suspect identified: 59.8% against 43.6%" in drawing.alt
    assert {"3.1%", "5.5%", "0.0%"} <= set(_labels(drawing))


def test_a_value_stands_as_the_report_printed_it_where_its_text_is_given():
    frame = pd.DataFrame(OUTCOMES[:1], columns=["outcome", "value", "comparator_value"])
    from peelbook.figures.stacked_outcomes import stacked_outcomes

    drawing = stacked_outcomes(
        frame.assign(text="3.1%", comparator_text="5.5"), id="a.b", force=FORCES["met"], **BASE
    )
    assert "5.5" in _labels(drawing)


def test_a_missing_outcome_is_words_and_not_a_bar():
    drawing = chart("outcomes, missing")
    assert "not available" in _labels(drawing)
    assert "No value for 17 – Time limit" in drawing.alt


def test_shares_must_be_shares():
    with pytest.raises(ValueError, match="outside 0 to 1"):
        outcomes("met", [("1 – Charged", 3.1, 5.5)])


# --- structure -----------------------------------------------------------------------------------


def test_a_pyramid_names_both_sides_and_the_comparator():
    alt = chart("structure, pyramid").alt
    assert "Pyramid of women and men" in alt
    assert "Constable: Women 24.5% (England and Wales 26.1%)" in alt


def test_a_pyramid_has_two_sides_at_most_and_knows_them():
    with pytest.raises(ValueError, match="at most two sides"):
        ranks("met", sides=("A", "B", "C"))
    with pytest.raises(ValueError, match="unknown side"):
        ranks("met", sides=("Women", "Girls"))


# --- grades --------------------------------------------------------------------------------------


def test_a_grid_of_one_force_lists_its_areas_by_grade_from_the_best():
    drawing = chart("grades, one force")
    order = ["Outstanding", "Good", "Adequate", "Requires improvement", "Inadequate"]
    found = [order.index(grade) for grade in drawing.data["grade"]]
    assert found == sorted(found)
    assert "Grid of grades, PEEL 2023–25" in drawing.alt


def test_every_grade_has_a_letter_and_the_letters_differ():
    from peelbook.figures.judgments_grid import STYLES

    assert len({letter for letter, _, _ in STYLES.values()}) == 5


@pytest.mark.parametrize("grade", ["Outstanding", "Good", "Adequate", "Requires improvement", "Inadequate"])
def test_letters_on_grades_can_be_read(grade):
    from peelbook.figures.judgments_grid import STYLES

    _, fill, ink = STYLES[grade]
    assert _contrast(fill, ink) >= 4.5


def test_values_on_tiles_can_be_read():
    from peelbook.figures.tile_grid_map import SHADES

    assert all(_contrast(fill, ink) >= 4.5 for fill, ink in SHADES)


def _contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2, success criterion 1.4.3."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_national_grid_has_a_column_for_each_area_and_names_forces_without_grades():
    drawing = chart("grades, national")
    assert drawing.table()["numeric"] == [False] * 9
    assert list(drawing.table()["columns"]) == ["Force", *AREAS]
    assert len(drawing.data) == 42
    assert "No stated grade for Kent." in drawing.notes


def test_a_grade_nobody_stated_is_an_empty_cell():
    assert "" in {cell for row in chart("grades, national").table()["rows"] for cell in row}


def test_unknown_grades_and_two_grades_for_one_area_are_refused():
    frame = pd.DataFrame({"force_code": ["E23000001"] * 2, "area": ["A", "A"], "grade": ["Good", "Good"]})
    with pytest.raises(ValueError, match="two grades for 'A'"):
        judgments_grid(frame, id="a.b", force=FORCES["met"], **BASE)
    with pytest.raises(ValueError, match="unknown grade Superb"):
        judgments_grid(frame.assign(grade="Superb"), id="a.b", force=FORCES["met"], **BASE)
    with pytest.raises(ValueError, match="pass a force"):
        judgments_grid(frame.iloc[:1], id="a.b", **BASE)


def test_a_force_without_grades_says_so():
    assert "no grade stated" in grades("kent").alt
    assert ratios("met").kind == "disparity"
    assert "There is no value for Kent" in tiles("kent", without(rates(), "kent")).alt


# --- values that can be pointed at -----------------------------------------------------------------

_READ = re.compile(r' data-(wide|compact)="([^"]*)"')


def _hotspots(svg: str) -> dict[str, list[tuple[int, ...]]]:
    """The places of both layouts as (x, y, row, column), x and y in points."""
    found = {}
    for layout, text in _READ.findall(svg):
        found[layout] = []
        for run in filter(None, text.split(";")):
            row, column, x, y, *steps = (int(part) for part in run.split())
            found[layout].append((x, y, row, column))
            for right, down in zip(steps[::2], steps[1::2], strict=True):
                x, y, row = x + right, y + down, row + 1
                found[layout].append((x, y, row, column))
    return found


@pytest.mark.parametrize("name", CASES)
def test_each_hotspot_lies_in_its_picture_and_names_a_cell_with_a_value(name):
    item = chart(name)
    rows = item.table()["rows"]
    svg, png = item.pictures()
    sizes = {
        "wide": [float(part) for part in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()],
        "compact": [part / PNG_DPI * 72 for part in struct.unpack(">II", png[16:24])],
    }
    for layout, spots in _hotspots(svg).items():
        assert len({spot[2:] for spot in spots}) == len(spots), "two places for one cell"
        for x, y, row, column in spots:
            assert 0 <= x <= sizes[layout][0]
            assert 0 <= y <= sizes[layout][1]
            assert column > 0
            assert rows[row][0]
            assert rows[row][column] not in ("", "missing")


@pytest.mark.parametrize(
    "name", [name for name in CASES if chart(name).kind in ("ski_slope", "tile_grid_map", "trend")]
)
def test_each_value_of_the_table_can_be_pointed_at(name):
    item = chart(name)
    column = list(item.columns).index("value")
    wanted = {row for row, value in enumerate(item.data["value"].tolist()) if value == value}
    for spots in _hotspots(item.svg()).values():
        assert {row for _, _, row, at in spots if at == column} == wanted


def test_the_place_of_a_column_is_where_its_value_stands():
    item = ski("kent")
    write = item.columns["value"].format
    by_height = sorted(_hotspots(item.svg())["wide"], key=lambda spot: spot[1])
    values = [item.data["value"].tolist()[row] for _, _, row, _ in by_height]
    written = [write(value) for value in values]
    assert written == [write(value) for value in sorted(values, reverse=True)]
    across = [x for x, _, row, _ in sorted(by_height, key=lambda spot: spot[2])][: len(FORCES)]
    assert across == sorted(across)
