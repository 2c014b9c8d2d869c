"""A chart that leaves its page says what it is, of whom, when, from where, and how to cite it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from site_samples import SVG, payload, png

from peelbook.site import publication
from peelbook.site.card import Figure, render_card
from peelbook.site.publication import MARGIN, Origin, framed

ORIGIN = Origin(
    "Kent Police", "The PEEL book", "2026.11.0", "1 November 2026", "https://example.org/a/kent.html"
)
ADDRESS = "https://example.org/a/kent.html#rate"
HOSTILE = '"><script>alert(1)</script>&}%'
Q = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(svg).iter(f"{Q}text")]


def box(svg: str) -> list[float]:
    return [float(part) for part in ET.fromstring(svg).attrib["viewBox"].split()]


def test_a_picture_names_title_force_period_site_edition_and_address():
    said = " ".join(texts(framed(SVG, payload(), ORIGIN, ADDRESS)))
    for fact in (
        "Searches per 1,000 people",
        "Kent Police · Year ending 31 March 2023",
        "The PEEL book, edition 2026.11.0",
        ADDRESS,
    ):
        assert fact in said


def test_a_period_that_the_title_names_is_not_said_twice():
    figure = payload(title="Searches, year ending 31 March 2023")
    assert publication.subtitle(figure, ORIGIN) == "Kent Police"


def test_the_drawing_keeps_a_margin_on_every_side_and_its_own_title_and_description():
    svg = framed(SVG, payload(), ORIGIN, ADDRESS)
    _, _, width, height = box(svg)
    assert width == 504 + 2 * MARGIN
    root = ET.fromstring(svg)
    assert [node.tag for node in root][:2] == [f"{Q}title", f"{Q}path"]
    (chart,) = root.findall(f"{Q}g")
    left, top = map(float, re.findall(r"[\d.]+", chart.attrib["transform"]))
    assert left == MARGIN
    for node in root.findall(f"{Q}text"):
        x, y = float(node.attrib["x"]), float(node.attrib["y"])
        assert x >= MARGIN
        assert MARGIN < y < top or top + 302.4 < y < height - MARGIN / 2


def test_a_long_title_takes_more_lines_and_a_long_address_is_broken():
    figure = payload(title="A title of many words " * 8)
    svg = framed(SVG, figure, ORIGIN, "https://example.org/" + "x" * 300)
    assert len(texts(svg)) >= 6
    assert box(svg)[3] > box(framed(SVG, payload(), ORIGIN, ADDRESS))[3]


def test_a_title_leaves_no_short_word_on_a_line_of_its_own():
    title = "Supervisors per constable, 31 March 2007 to 31 March 2023 (3 years old)"
    first, second = texts(framed(SVG, payload(title=title), ORIGIN, ADDRESS))[:2]
    assert f"{first} {second}" == title
    assert len(second) > len(first) / 2


def test_a_word_of_many_lines_is_broken_and_loses_no_letter():
    word = "Wide" * 30_000  # measured as a whole for each line, it would take minutes
    lines = texts(framed(SVG, payload(title=word), ORIGIN, ADDRESS))
    assert "".join(lines).startswith(word)
    assert max(map(len, lines)) < 100


def test_hostile_words_stay_words():
    origin = Origin(HOSTILE, HOSTILE, HOSTILE, HOSTILE, "https://example.org/")
    svg = framed(SVG, payload(title=HOSTILE, period=HOSTILE), origin, ADDRESS)
    assert not list(ET.fromstring(svg).iter(f"{Q}script"))


def test_a_drawing_without_a_size_is_refused():
    with pytest.raises(ValueError, match="view box"):
        framed("<svg></svg>", payload(), ORIGIN, ADDRESS)


def test_a_chart_can_be_cited_in_three_forms():
    assert publication.citation(payload(), ORIGIN, ADDRESS) == (
        "“Searches per 1,000 people (Kent Police)”. The PEEL book. Edition 2026.11.0, 1 November 2026. "
        f"Data: Home Office. {ADDRESS}"
    )
    entry = publication.bibtex(payload(title="50% & more"), ORIGIN, ADDRESS, "key")
    assert entry.startswith("@misc{key,\n")
    assert r"title = {{50\% \& more (Kent Police)}}" in entry
    assert "year = {2026}" in entry
    assert entry.count("{") == entry.count("}")
    record = publication.ris(payload(), ORIGIN, ADDRESS).splitlines()
    assert record[0] == "TY  - DATA"
    assert record[-1] == "ER  -"
    assert f"UR  - {ADDRESS}" in record


class Boxes(HTMLParser):
    """The texts of a card's boxes."""

    def __init__(self, html: str):
        super().__init__()
        self.found: list[str] = []
        self.inside = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "pre":
            self.inside = True
            self.found.append("")

    def handle_endtag(self, tag):
        if tag == "pre":
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.found[-1] += data


def test_a_card_holds_citations_and_code_to_embed_without_script():
    boxes = Boxes(render_card(Figure(payload(), SVG, png()), origin=ORIGIN)).found
    assert len(boxes) == 4
    assert f'<a href="{ADDRESS}">' in boxes[3]
    assert 'src="https://example.org/a/figures/police_powers.rate.svg"' in boxes[3]
    assert 'alt="Columns for two forces. Kent is lower."' in boxes[3]


def test_a_site_that_knows_no_address_of_its_own_offers_no_code_to_embed():
    origin = Origin("Kent Police", "The PEEL book", "2026.11.0", "", "forces/kent/police_powers.html")
    assert len(Boxes(render_card(Figure(payload(), SVG, png()), origin=origin)).found) == 3


def test_a_card_leads_to_the_page_of_its_measure():
    html = render_card(Figure(payload(), SVG, png()), measure=("../../measures/rate.html", "Rate"))
    assert '<a href="../../measures/rate.html">About this measure' in html


def test_the_page_s_own_force_is_marked_in_the_table():
    assert '<tr class="pb-focus"><th>Kent' in render_card(Figure(payload(), SVG, png()), own="Kent")
    assert "pb-focus" not in render_card(Figure(payload(), SVG, png()))
