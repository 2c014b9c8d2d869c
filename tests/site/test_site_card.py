"""A figure card carries picture, words, table and files, and nothing in a payload can break out of it."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser

import pytest
from site_samples import SVG, payload, png

from peelbook.site.card import Figure, csv_with_source, file_size, png_size, render_card, svg_size

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


class Page(HTMLParser):
    """Collects tags with their attributes and the text."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def card(**changes) -> Page:
    return Page(render_card(Figure(payload(**changes), SVG, png()), number=1))


def test_the_picture_is_described_and_keeps_its_place_while_it_loads():
    page = card()
    (image,) = page.all("img")
    (wide,) = page.all("source")
    assert image["alt"] == "Columns for two forces. Kent is lower."
    assert (image["width"], image["height"]) == ("360", "240")
    assert (wide["width"], wide["height"]) == ("715", "488")
    assert wide["media"] == "(min-width: 600px)"


def test_only_the_first_picture_of_a_page_loads_at_once():
    figure = Figure(payload(), SVG, png())
    assert "loading" not in Page(render_card(figure, number=1)).all("img")[0]
    assert Page(render_card(figure, number=2)).all("img")[0]["loading"] == "lazy"


@pytest.mark.parametrize(
    ("basis", "words"),
    [
        ("computed", "Computed from open data"),
        ("as printed", "As printed in the report"),
        ("computed and as printed", "Computed from open data, beside values as printed in the report"),
    ],
)
def test_the_kind_of_number_stands_in_words(basis, words):
    assert words in card(basis=basis).text


def test_the_table_twin_has_a_caption_and_headers_with_scope():
    page = card()
    assert len(page.all("caption")) == 1
    # A head before the cells of its row is that row's by HTML itself.
    assert [cell.get("scope") for cell in page.all("th")] == ["col", "col", None, None]


def test_a_missing_value_is_said_and_never_a_zero_or_a_blank():
    page = card()
    assert "no data" in page.text
    assert "19.8" in page.text


def test_the_source_states_publisher_licence_kind_caveat_and_hash():
    text = card().text
    for fact in (
        "Home Office",
        "Open Government Licence v3.0",
        "An extract: the publisher’s figures",
        "Checked against national totals.",
        "stop_search.csv",
        "sha256 0123456789ab",
    ):
        assert fact in text


def test_a_source_is_told_in_full_once_a_page_and_later_cards_lead_there():
    entries: dict = {}
    other = payload()["sources"][0] | {"title": "Another source", "caveat": "Of another kind."}
    first = Page(render_card(Figure(payload(), SVG, png()), number=1, entries=entries))
    later = payload("police_powers.later", title="Later", sources=[*payload()["sources"], other])
    second = Page(render_card(Figure(later, SVG, png()), number=2, entries=entries))
    assert "Checked against national totals." in first.text
    assert "Checked against national totals." not in second.text
    assert "Stop and search, Home Office" in second.text
    (link,) = (a["href"] for a in second.all("a") if a.get("href") == "#1b")
    assert link[1:] in [attrs.get("id") for attrs in first.all("summary")]
    assert "Of another kind." in second.text, "what no card above has said is said in full"


def test_each_part_is_named_by_its_own_words_and_the_charts_title():
    page = Page(render_card(Figure(payload(notes=["One.", "Two.", "Three."]), SVG, png()), number=7))
    ids = [attrs["id"] for _, attrs in page.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    named = [*page.all("summary"), *(a for a in page.all("a") if "download" in a)]
    assert len(named) == 7
    for attrs in named:
        own, title = attrs["aria-labelledby"].split()
        assert own == attrs["id"]
        assert title == "7t"
    assert ("span", "7t") in [(name, attrs.get("id")) for name, attrs in page.tags]


def test_the_three_downloads_stand_beside_the_page():
    links = [a["href"] for a in card().all("a") if "download" in a]
    assert links == [f"figures/police_powers.rate.{kind}" for kind in ("csv", "svg", "png")]


def test_many_notes_fold_away_and_few_stand_open():
    assert "2 notes" not in card(notes=["One.", "Two."]).text
    assert "3 notes" in card(notes=["One.", "Two.", "Three."]).text


@pytest.mark.parametrize("field", ["title", "alt", "period"])
def test_hostile_text_stays_text(field):
    page = card(**{field: HOSTILE})
    assert not page.all("script")
    assert len(page.all("img")) == 1
    assert not any("onerror" in attrs for _, attrs in page.tags)


def test_hostile_table_cells_notes_and_sources_stay_text():
    source = payload()["sources"][0] | {
        "title": HOSTILE,
        "publisher": HOSTILE,
        "caveat": HOSTILE,
        "kind": HOSTILE,
    }
    page = card(
        table={"columns": [HOSTILE, "b"], "numeric": [False, False], "rows": [[HOSTILE, HOSTILE]]},
        notes=[HOSTILE],
        sources=[source],
    )
    assert not page.all("script")
    assert len(page.all("img")) == 1


@pytest.mark.parametrize("id", ["../../etc.passwd", "police_powers", "a.b/c", "", "A.b", "x.y.z"])
def test_an_id_that_could_leave_its_folder_is_refused(id):
    with pytest.raises(ValueError, match="figure id"):
        Figure(payload(id), SVG, png())


def test_an_unknown_kind_of_number_is_refused():
    with pytest.raises(ValueError, match="basis"):
        Figure(payload(basis="guessed"), SVG, png())


def test_the_csv_names_its_source_and_licence_and_stays_one_table():
    rows = list(csv.reader(io.StringIO(csv_with_source(payload()))))
    assert rows[0] == ["force", "rate", "data_source", "data_licence"]
    assert rows[1] == ["Met", "19.79337", "Home Office, Stop and search", "Open Government Licence v3.0"]
    assert rows[2] == ["Kent", "", "", ""]


def test_a_source_that_looks_like_a_formula_is_not_one_in_the_csv():
    source = payload()["sources"][0] | {"publisher": "=HYPERLINK(1)", "title": ""}
    rows = list(csv.reader(io.StringIO(csv_with_source(payload(sources=[source])))))
    assert rows[1][2] == "'=HYPERLINK(1)"


def test_sizes_come_from_the_pictures_themselves():
    assert png_size(png(720, 700)) == (360, 350)
    assert svg_size(SVG) == (672, 403)
    with pytest.raises(ValueError, match="PNG"):
        png_size(b"GIF89a")
    with pytest.raises(ValueError, match="view box"):
        svg_size("<svg/>")


@pytest.mark.parametrize(("size", "words"), [(0, "0 bytes"), (999, "999 bytes"), (12_345, "12 kB")])
def test_file_sizes_in_words(size, words):
    assert file_size(size) == words


def test_data_of_several_forces_lie_once_for_all_of_them_and_are_saved_under_the_charts_name():
    figure = Figure(payload(), SVG, png())
    (shared, *_), (alone, *_) = figure.files(shared="../../figures/"), figure.files()
    assert (
        re.fullmatch(r"../../figures/police_powers.rate.[0-9a-f]{8}.csv", shared)
        and alone == f"{figure.id}.csv"
    )
    assert list(figure.files(shared="../../figures/").values()) == list(figure.files().values())
    other = Figure(payload(alt="The same rows, and Kent is in front.", title="Another"), SVG, png())
    assert other.data_file("../../figures/") == shared  # what is drawn, said and marked may differ
    for changes in ({"csv": "force,rate\nMet,19.79337\nKent,1\n"}, {"sources": []}):
        assert Figure(payload(**changes), SVG, png()).data_file("../../figures/") != shared
    own = Figure(payload(csv="period,rate\n2023,19.79337\n"), SVG, png())
    assert own.data_file("../../figures/") == own.data_file() == f"{own.id}.csv"
    lines = Figure(
        payload(csv="period,kent,met\n2023,1,2\n"), SVG.replace("<svg", '<svg data-peers="met=Met"'), png()
    )
    assert lines.data_file("../../figures/").startswith("../../figures/")
    links = Page(render_card(figure, shared="../../figures/")).all("a")
    saved = {link["href"]: link["download"] for link in links if "download" in link}
    name = shared.removeprefix("../../")
    assert saved == {
        f"../{name}": f"{figure.id}.csv",
        f"figures/{figure.id}.svg": None,
        f"figures/{figure.id}.png": None,
    }
