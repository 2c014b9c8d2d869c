"""A chart of the analyst's own gets the card of any other, or is refused with what is missing."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import seaborn as sns
from matplotlib.text import Text

from peelbook import contracts, measures
from peelbook.analysis import compare, open_section, say, show, tables
from peelbook.errors import FrameError
from peelbook.figures import _axes_chart
from peelbook.figures._layout import compact, wide
from peelbook.site import publication
from peelbook.util.spreadsheets import to_csv


@pytest.fixture
def axes(rates):
    plt.switch_backend("agg")
    yield sns.scatterplot(rates, x="year", y="value")
    plt.close("all")


@pytest.fixture
def own():
    """A section opened last, to which a frame without `attrs` belongs, and a rate."""
    section = open_section("police_powers", force="kent")
    return section, section.measure("stop_search_rate")


def test_the_card_has_all_that_others_have(kent, rates, axes):
    card = kent.publish(axes, rates, title="Searches by year", alt=say.trend_alt(rates, kent.me))
    data, metadata = card._repr_mimebundle_()
    payload = data["application/vnd.peelbook.figure+json"]
    assert payload["id"] == "police_powers.searches_by_year"
    assert {item["table"] for item in payload["sources"]} == {"stop_search", "population"}
    assert payload["csv"].count("\n") == len(rates) + 1
    assert len(payload["table"]["rows"]) == (rates["force"] == "Kent").sum()
    assert metadata["peelbook"]["svg"].startswith("<svg") and data["image/png"]
    assert "Source: Race Disparity Unit" in card.svg()


def test_every_line_of_a_label_ends_where_the_label_does(kent, rates):
    """An SVG is read in another font than it is measured in: only an anchor keeps the ends of lines even."""

    def draw(axes):
        axes.barh(["One long\nname", "Short"], [1, 2])

    card = kent.publish(draw, rates, title="Bars", alt="Two bars.")
    texts = ElementTree.fromstring(card.svg()).iter("{http://www.w3.org/2000/svg}text")
    places = {text.text: text.get("x") for text in texts}
    assert places["One long"] == places["name"] == places["Short"]


def test_labels_that_seaborn_takes_from_columns_read_like_the_table(kent, rates):
    two = rates[rates["force"].isin(["Kent", "Surrey"])]
    plt.switch_backend("agg")
    axes = sns.lineplot(two, x="year", y="value", hue="force")
    kent.publish(axes, two, title="Two forces", alt="Lines.")
    assert axes.get_legend().get_title().get_text() == "Force"
    assert axes.get_ylabel() == "Stop and searches per 1,000 population"
    assert axes.get_xlabel() == "Year"


def test_an_alt_text_names_the_value_of_a_breakdown_that_is_a_number():
    section = open_section("workforce", force="kent", period="2023-03-31")
    changes = section.measure("headcount_change", by="years")
    last = changes[changes["period_end"] == section.year_of(changes)]
    mine = last.query("force == 'Kent'")[["force", "period_end", "years", "value"]]
    drawn = {"title": "Change over the years", "alt": "Dots.", "table": mine}
    alt = section.publish(lambda ax: sns.stripplot(last, x="value", ax=ax), last, **drawn).alt
    assert "Kent: Years 1: +5.8%; Years 5: +28.0%; Years 10: +25.1%" in alt


def test_a_share_is_a_percentage_without_being_told(kent):
    assert (
        "| 25.0%"
        in show(pd.DataFrame({"reason": ["Drugs"], "share": [0.25]}), "Shares", sources=["stop_search"]).text
    )


def test_the_same_drawing_gives_the_same_bytes_and_pyplot_shows_it_no_second_time(kent, rates, axes):
    card = kent.publish(axes, rates, title="Searches by year", alt="Dots.")
    assert (card.svg(), card.png()) == (card.svg(), card.png())
    assert plt.get_fignums() == []


def test_what_is_kept_of_a_drawing_changes_no_byte_of_it_and_spares_most_layouts(kent, rates, monkeypatch):
    def draw(axes):
        sns.scatterplot(rates, x="year", y="value", hue="region", ax=axes)
        axes.annotate("Two\nlines", (2012, 0.02), rotation=30)

    asked = []
    lay_out = Text._get_layout
    monkeypatch.setattr(Text, "_get_layout", lambda *given: asked.append(given) or lay_out(*given))

    def pictures():
        asked.clear()
        return kent.publish(draw, rates, title="Rates", alt="Rates.").pictures(), len(asked)

    monkeypatch.setattr(_axes_chart, "_LAYOUTS", {})
    kept, few = pictures()
    monkeypatch.setattr(_axes_chart, "_lay_out_once", lambda text: None)
    monkeypatch.setattr(_axes_chart, "_find_ticks_once", lambda axes: None)
    plain, many = pictures()
    assert kept == plain
    assert few < many / 3


def test_a_function_draws_on_axes_of_its_own_and_is_not_called_without_rows(kent, rates):
    def draw(ax):
        sns.lineplot(rates, x="year", y="value", units="force", estimator=None, ax=ax)

    assert kent.publish(draw, rates, title="Lines", alt="Lines.", name="lines").id == "police_powers.lines"
    gone = kent.measure("find_rate")
    note = kent.publish(lambda ax: pytest.fail("nothing to draw"), gone, title="Lines", alt="Lines.")
    assert note.kind == "note" and "Home Office" in note.text


def test_a_figure_a_grid_and_several_axes_are_drawings_too(kent, rates):
    grid = sns.relplot(rates, x="year", y="value")
    figure, two = plt.subplots(1, 2)
    two[0].plot([1, 2])
    for drawing in (grid, figure, two):
        assert kent.publish(drawing, rates, title="Some", alt="Some.").id == "police_powers.some"


@pytest.mark.parametrize(
    ("title", "alt", "said"),
    [
        ("", "Dots.", "no title. Fix: give title=…"),
        ("T", " ", "no alt. Fix: give alt=…"),
        ("", "", "no title and alt"),
    ],
)
def test_a_title_or_alt_text_that_is_lacking_is_named(kent, rates, axes, title, alt, said):
    with pytest.raises(FrameError, match=said.replace("(", r"\(")):
        kent.publish(axes, rates, title=title, alt=alt)


def test_axes_that_show_nothing_and_data_that_are_none_are_refused(kent, rates, axes):
    with pytest.raises(FrameError, match="the axes show nothing"):
        kent.publish(plt.figure().subplots(), rates, title="T", alt="A.")
    with pytest.raises(FrameError, match="needs a data frame and was given nothing"):
        kent.publish(axes, None, title="T", alt="A.")
    with pytest.raises(FrameError, match="cannot tell where the data come from"):
        kent.publish(axes, pd.DataFrame({"a": [1]}), title="T", alt="A.")
    with pytest.raises(FrameError, match="unknown basis 'guessed'"):
        kent.publish(axes, rates, title="T", alt="A.", basis="guessed")


def test_a_table_as_readers_see_it(rates, kent):
    table = show(rates.query("force == 'Kent'").tail(3), "Searches")
    assert table.content["caption"] == "Searches, Kent"
    assert table.content["columns"][0] == "Year ending 31 March"
    assert [row[0] for row in table.content["rows"]][-1] == "2025"
    assert "6.7 to 6.9" in table.text and "Source: Race Disparity Unit" in table.text
    assert "E23000032" not in table.text


def test_rates_and_differences_have_one_number_of_decimals_and_headings_in_words(kent):
    ratios = kent.measure("disparity_ratio", by="ethnicity")
    year = ratios[ratios["period_end"] == kent.year_of(ratios)]
    full = compare.disparity(year, kent.table("stop_search"), kent.table("population"))
    columns = ["force", "period_end", "ethnicity", "group_rate", "reference_rate", "difference"]
    columns += ["difference_low", "difference_high", "ratio_least", "value", "ratio_most"]
    table = show(full[full["force"] == "Kent"][columns], "Rates and ratios").content
    heads = table["columns"]
    assert heads[1:5] == [
        "Rate of the group",
        "Rate of the reference group",
        "Difference",
        "Difference, 95% interval",
    ]
    for row in table["rows"]:
        for text in " ".join(row[1:]).replace(" to ", " ").split():
            assert len(text.partition(".")[2]) == 1, row


def test_a_column_of_counts_is_headed_by_what_is_counted_and_a_table_of_years_says_so(kent):
    found = kent.table("stop_search_outcomes")
    rows = found[(found["force"] == "Kent") & (found["period_end"] == "2019-03-31")]
    table = show(rows[["force", "period_end", "reason", "searches_count"]], "Searches").content
    assert table["columns"] == ["Reason", "Searches"]
    assert table["caption"] == "Searches, Kent, year ending 31 March 2019"


def test_a_table_refuses_no_caption_and_a_unit_of_no_column(rates):
    with pytest.raises(FrameError, match="no caption"):
        show(rates, " ")
    with pytest.raises(FrameError, match="needs the column 'share'"):
        show(rates, "Searches", units={"share": "%"})
    with pytest.raises(FrameError, match="needs a data frame"):
        show("rates", "Searches")


def test_a_long_table_says_that_it_is_cut(rates):
    table = show(rates, "Searches")
    assert len(table.content["rows"]) == 50
    assert f"The first 50 of {len(rates)} rows." in table.text


def test_an_axis_of_years_has_whole_years_and_ticks_of_one_size(kent, rates):
    def lines(ax):
        ax.plot(rates["year"], rates["value"])
        ax.set_ylim(0, 300)

    chart = kent.publish(lines, rates, title="Searches", alt="Lines.")
    from peelbook.figures._layout import compact, wide

    for layout in (compact(3.0), wide(3.0)):
        figure = chart._drawn(layout)
        figure.draw_without_rendering()
        (axes,) = figure.axes
        labels = axes.get_xticklabels()
        assert all("." not in label.get_text() for label in labels), [label.get_text() for label in labels]
        assert len({label.get_fontsize() for label in (*labels, *axes.get_yticklabels())}) == 1


def two_tables(section):
    """Crimes and officers in one frame, which no longer knows its tables."""
    crimes, officers = section.table("recorded_crime_total"), section.table("officers_newest")
    return crimes.merge(officers, on=["force_code", "force", "period_end"])


KEYS = ["force", "period_end", "value"]
BOTH = ["recorded_crime_total", "officers_newest"]


def test_a_frame_made_of_two_tables_names_them_and_gets_both_sources():
    section = open_section("responding_to_the_public", force="kent")
    both = two_tables(section)
    assert show(both.tail(2), "Crimes and officers", sources=BOTH).payload["tables"] == BOTH
    summed = both.groupby("force", as_index=False)[["offences_count", "officers_fte"]].sum()
    made = summed.assign(
        offences_count=2 * summed["offences_count"], officers_fte=2.0
    )  # nothing tells its tables
    with pytest.raises(FrameError, match=r"sources=\["):
        section.publish(lambda ax: ax.plot([1, 2]), made, title="T", alt="A.")
    card = section.publish(lambda ax: ax.plot([1, 2]), both, title="T", alt="A.", sources=BOTH)
    assert [item["table"] for item in card.payload()["sources"]] == BOTH


@pytest.mark.parametrize(
    "join",
    [
        lambda rates, force: rates.merge(force[KEYS], on=KEYS[:2]),
        lambda rates, force: rates.merge(force[KEYS].rename(columns={"value": "force_rate"}), on=KEYS[:2]),
        lambda rates, force: rates.assign(
            force_rate=rates["force"].map(force.drop_duplicates("force").set_index("force")["value"])
        ),
    ],
    ids=["suffixes", "renamed", "mapped"],
)
def test_a_second_measure_in_a_frame_brings_its_sources_and_notes(own, join):
    kent, rates = own
    both = join(rates, kent.measure("use_of_force_rate"))
    wanted = {"stop_search", "population", "use_of_force"}
    assert set(show(both.tail(3), "Both").payload["tables"]) == wanted
    card = kent.publish(lambda ax: ax.plot([1, 2]), both, title="Both", alt="A line of 1.")
    assert {item["table"] for item in card.payload()["sources"]} == wanted
    assert set(kent.caveats(measures.registry()["use_of_force_rate"])) <= set(card.notes)


def test_values_of_two_measures_are_headed_by_them_in_a_table_and_on_axes(own):
    kent, rates = own
    both = rates[["force_code", *KEYS]].merge(
        kent.measure("use_of_force_rate")[KEYS], on=KEYS[:2], suffixes=("_search", "_force")
    )
    labels = [measures.registry()[name].label for name in ("stop_search_rate", "use_of_force_rate")]
    sources = ["stop_search", "population", "use_of_force"]
    assert show(both.tail(3), "Both", sources=sources).content["columns"][-2:] == labels
    plt.switch_backend("agg")
    axes = sns.scatterplot(both, x="value_search", y="value_force")
    kent.publish(axes, both, title="Both", alt="Dots.", sources=sources)
    assert [axes.get_xlabel(), axes.get_ylabel()] == labels


def test_a_table_of_months_that_no_measure_reads_heads_its_rows_with_months():
    city = open_section("police_powers", force="city-of-london")
    records = city.table("stop_search_records").query("force == 'City of London'")
    months = records.groupby(["force_code", "force", "period_end"], as_index=False)["records_count"].sum()
    table = show(months.tail(13), "Records", sources=["stop_search_records"]).content
    assert table["columns"] == ["Month", "Records"]
    assert table["rows"][-1][0] == "November 2020"


def test_figures_of_a_merge_that_nobody_can_tell_are_refused_without_their_tables(own):
    kent, rates = own
    means = kent.measure("use_of_force_rate").groupby("force", as_index=False)["value"].mean()
    both = rates.merge(means, on="force", suffixes=("", "_force"))
    drawn = {"title": "Both", "alt": "A line of 1."}
    for call in (lambda: show(both, "Both"), lambda: kent.publish(lambda ax: ax.plot([1, 2]), both, **drawn)):
        with pytest.raises(FrameError, match=r"the column 'value_force' of a merged frame .* sources=\["):
            call()
    card = kent.publish(lambda ax: ax.plot([1, 2]), both, sources=["use_of_force"], **drawn)
    assert {item["table"] for item in card.payload()["sources"]} == {
        "stop_search",
        "population",
        "use_of_force",
    }


@pytest.mark.parametrize("force", ["kent", "metropolitan"])
def test_small_whole_numbers_of_a_second_measure_are_known_by_their_force_and_period(force):
    """Kent has some 90 special constables, the Met 1,600: the same cell must do for both."""
    section = open_section("workforce", force=force)
    staff, specials = section.measure("staff_rate"), section.measure("specials_rate")
    keys = ["force", "period_end"]
    both = staff[[*keys, "measure", "numerator"]].rename(columns={"numerator": "staff"})
    both = both.merge(specials[[*keys, "numerator"]].rename(columns={"numerator": "specials"}), on=keys)
    mine = both[both["force"] == section.me].tail(5)
    assert tables.origin_of(mine, section).measures == ("staff_rate", "specials_rate")
    other = mine.assign(specials=[1, 2, 3, 4, 5])  # of nobody: too small to be told, and no reason to stop
    assert tables.origin_of(other, section) == tables.Origin(("staff_rate",), (), ())


def test_sources_that_are_named_add_to_those_that_the_figures_tell(own):
    kent, rates = own
    bare = pd.DataFrame(
        rates[["force", "year", "value"]].to_dict("list")
    )  # without `measure`, and without attrs
    card = kent.publish(lambda ax: ax.plot([1]), bare, title="T", alt="One: 1.", sources=["stop_search"])
    assert {item["table"] for item in card.payload()["sources"]} == {"stop_search", "population"}


def test_a_frame_made_of_two_tables_of_which_one_is_not_here_says_which_publication_has_it(data_copy):
    path = data_copy / "datapackage.json"
    package = json.loads(path.read_text(encoding="utf-8"))
    package["resources"] = [item for item in package["resources"] if item["name"] != "officers_newest"]
    path.write_text(json.dumps(package), encoding="utf-8")
    section = open_section("responding_to_the_public", force="kent", data_dir=str(data_copy))
    note = show(two_tables(section), "Crimes and officers", sources=BOTH)
    assert note.payload["tables"] == ["officers_newest"]
    assert "Police workforce open data table of July 2026 (Home Office)" in note.text


def test_a_table_of_months_heads_its_rows_with_months(tmp_path, monkeypatch):
    rows = "".join(f"E23000032,2026-0{month}-28,1000,900,80,20,\n" for month in (1, 2)).replace(
        "01-28", "01-31"
    )
    head = ",".join(field["name"] for field in contracts.load("emergency_calls")["fields"])
    (tmp_path / "emergency_calls.csv").write_text(f"{head}\n{rows}", encoding="utf-8")
    monkeypatch.setenv("PEELBOOK_OVERLAY", str(tmp_path))
    section = open_section("responding_to_the_public", force="kent")
    calls = section.table("emergency_calls")
    table = show(calls, "Calls (made-up figures)")
    assert table.content["columns"][0] == "Month"
    assert [row[0] for row in table.content["rows"]] == ["January 2026", "February 2026"]
    card = section.publish(lambda ax: ax.plot([1, 2]), calls, title="T", alt="A.")
    assert card.period == "January 2026 to February 2026"


def test_rates_of_two_measures_in_one_table_are_no_shares(kent, rates):
    other = kent.measure("use_of_force_rate")
    both = pd.concat([rates, other]).query("force == 'Kent'")
    assert "%" not in " ".join(" ".join(row) for row in show(both, "Two rates").content["rows"])


@pytest.mark.parametrize(("layout", "place"), [(wide, 0), (compact, 1)])
def test_a_long_name_of_the_lower_axis_stays_inside_the_picture(kent, rates, layout, place):
    def draw(axes):
        sns.stripplot(rates.assign(kind="A category whose name is long"), x="value", y="kind", ax=axes)
        axes.set(xlabel="Searches for each 1,000 residents (diamond: Dyfed-Powys)", ylabel="")

    card = kent.publish(draw, rates, title="Searches", alt="Dots.")
    figure = card._drawn(layout(card.heights[place]))
    figure.draw_without_rendering()
    right = figure.axes[0].xaxis.label.get_window_extent().x1
    assert right <= figure.bbox.x1


def test_a_logarithmic_axis_has_plain_numbers(kent, rates):
    def draw(axes):
        sns.scatterplot(rates, x="denominator", y="value", ax=axes)
        axes.set(xscale="log", xlim=(90_000, 11_000_000))

    card = kent.publish(draw, rates, title="Searches", alt="Dots.")
    figure = card._drawn(wide(card.heights[0]))
    figure.draw_without_rendering()
    shown = {text.get_text() for text in figure.axes[0].get_xticklabels()}
    assert {"100,000", "1,000,000"} <= shown


def test_an_alt_text_without_a_figure_is_given_those_of_the_force(kent, rates, axes):
    own = rates.query("force == 'Kent'")[["force", "measure", "period_end", "value"]]
    newest = own.loc[own["period_end"].idxmax(), "value"]
    chart = kent.publish(axes, own, title="Searches", alt="Dots.")
    assert chart.alt == f"Dots. Kent, to 31 March 2025: Stop and searches per 1,000 population {newest:.1f}."
    assert kent.publish(axes, own, title="Searches", alt="Seen 7 times.").alt == "Seen 7 times."


def test_a_card_of_other_forces_names_them_and_not_the_force_of_the_section(met, rates, axes):
    two = rates[rates["force"].isin(["Kent", "Surrey"])]
    newest = two[two["period_end"] == two["period_end"].max()]
    card = met.publish(axes, two, title="Two forces", alt="Dots.", name="two")
    assert card.force == card.payload()["force"] == "Kent Police and Surrey Police"
    origin = publication.Origin(force=met.force.name)
    assert publication.subtitle(card.payload(), origin).startswith("Kent Police and Surrey Police · Year")
    assert met.force.name not in publication.citation(card.payload(), origin, "")
    figures = "; ".join(f"{row.force} {row.value:.1f}" for row in newest.itertuples())
    assert card.alt == f"Dots. Kent and Surrey, to 31 March 2025: {figures}."
    many = rates[rates["force"] != met.me]
    assert met.publish(axes, many, title="Many", alt="Dots.", name="many").payload()["force"] == ""
    assert "force" not in met.publish(axes, rates, title="All", alt="Dots.", name="all").payload()


def test_the_figures_in_an_alt_text_are_named_by_what_heads_their_rows(kent, axes):
    rows = pd.DataFrame({"force": "Kent", "kind": ["Robbery", "Theft"], "share": [0.25, 0.75]})
    chart = kent.publish(
        axes, rows, title="Kinds", alt="Strips.", units={"share": "%"}, sources=["recorded_crime"]
    )
    assert chart.alt == "Strips. Kent: Robbery 25.0%; Theft 75.0%."


def test_a_cell_or_a_recorded_gap_says_why_no_row_is_left():
    city = open_section("leadership_and_force_management", force="city-of-london")
    own = city.table("funding").query("force == 'City of London'")
    assert "has no police precept" in show(own, "Funding").text
    merged = own.drop(columns="grant_gbp")
    merged.attrs = {
        "section": own.attrs.get("section"),
        **{k: v for k, v in own.attrs.items() if k != "table"},
    }
    assert "No row is left" in show(merged, "Funding").text
    assert "has no police precept" in show(merged, "Funding", sources=["funding"]).text
    assert "One place only." in show(merged, "Places", empty="One place only.").text


def test_the_numbers_of_a_column_have_the_same_decimal_places(kent):
    frame = pd.DataFrame({"force": ["A", "B", "C"], "ratio": [0.853, 1.2, 3.0], "count": [1.0, 2.0, 1200.0]})
    rows = show(frame, "Ratios", sources=["recorded_crime"]).content["rows"]
    assert rows == [["A", "0.85", "1"], ["B", "1.20", "2"], ["C", "3.00", "1,200"]]


def test_a_drawing_that_fails_is_one_error_with_its_line_and_the_columns(kent, rates):
    def draw(ax):
        sns.lineplot(rates, x="yeer", y="value", ax=ax)

    with pytest.raises(FrameError, match=r"the drawing failed.*`yeer`.*Fix: .*period_end") as caught:
        kent.publish(draw, rates, title="Lines", alt="Lines.", name="lines")
    assert isinstance(caught.value.__cause__, ValueError)
    plt.close("all")


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ({"name": "My chart!"}, "name='my_chart'"),
        ({"units": {"valeu": "%"}}, "'valeu'.*Fix: use its columns"),
    ],
)
def test_a_wrong_name_or_a_unit_of_no_column_is_refused_with_the_fix(kent, rates, axes, given, fix):
    with pytest.raises(FrameError, match=fix):
        kent.publish(axes, rates, title="Some", alt="Some.", **given)


def test_a_file_has_neither_the_marks_of_a_drawing_nor_an_order_made_for_them(kent, rates, axes):
    drawn = rates.assign(mine=rates["force"] == "Kent").sort_values("mine")
    payload = kent.publish(axes, drawn, title="Searches by year", alt="Dots.").payload()
    plain = rates.drop(columns=[name for name in rates if rates[name].dtype == bool])
    assert payload["csv"] == to_csv(plain.reset_index(drop=True))
