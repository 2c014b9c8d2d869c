"""Verdicts on pages: text beside every icon, no markup from data, the same bytes every time."""

from __future__ import annotations

import csv
import io
import json
import re
from fractions import Fraction
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files as package_files

import pytest
from claims_helpers import KENT, MET, WALES, claim_row

from peelbook import claims, contracts, formats
from peelbook.claims import _wording
from peelbook.claims._read import claim_of
from peelbook.claims._units import UNITS

YEAR = {"period_end": "2023-03-31"}


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ({"value": "19.8", "unit": "per_1000"}, "19.8 per 1,000"),
        ({"value": "0.0", "unit": "percent"}, "0.0%"),
        ({"value": 94, "unit": "percent"}, "94%"),
        ({"value": "2.6", "unit": "percentage_points"}, "2.6 percentage points"),
        ({"value": "4.33", "unit": "gbp_billion"}, "£4.33 billion"),
        ({"value": "46.6", "unit": "gbp_million"}, "£46.6 million"),
        ({"value": 849474000, "unit": "gbp"}, "£849,474,000"),
        ({"value": 489705, "unit": "gbp_per_1000"}, "£489,705 per 1,000 people"),
        ({"value": 15000, "sense": "~", "decimals": -3}, "around 15,000"),
        ({"value": 50, "sense": ">"}, "more than 50"),
        ({"value": 70, "sense": "<", "unit": "gbp_million"}, "less than £70 million"),
        ({"value": 24, "sense": "<=", "unit": "hours"}, "up to 24 hours"),
        ({"value": 2, "sense": ">="}, "at least 2"),
        ({"value": 1, "unit": "months"}, "1 month"),
        ({"value": 18, "sense": "~", "unit": "months"}, "around 18 months"),
        ({"value": 2017, "unit": "year"}, "2017"),
        ({"value": 2021, "unit": "financial_year"}, "2021/22"),
        ({"value": 2099, "unit": "financial_year"}, "2099/00"),
        ({"value": 4, "unit": "per_year"}, "4 a year"),
        ({"value": 38, "unit": "per_manager"}, "38 for each manager"),
        ({"value": 98, "numerator": 98, "denominator": 124}, "98 of 124"),
        ({"value": "40.1", "unit": "per_100000"}, "40.1 per 100,000"),
        ({"value": "2.9", "unit": "times"}, "2.9 times"),
        ({"unit": "grade", "label": "requires improvement"}, "Requires improvement"),
        ({"unit": "per_1000", "label": "higher"}, "Higher"),
        ({"unit": "per_1000"}, "not available"),
        ({"value": "-1.5", "unit": "percent"}, "−1.5%"),
    ],
)
def test_a_printed_value_reads_as_the_report_prints_it(cells, text):
    assert claims.printed(claim_row("figure", **cells)) == text
    assert claims.printed(claim_of(claim_row("figure", **cells))) == text


@pytest.mark.parametrize(
    ("cells", "value", "text"),
    [
        ({"value": "19.4", "unit": "percent"}, "0.218", "+0.22 percentage points"),
        ({"value": 423}, "-459", "−459"),
        ({"value": 423}, "459.05", "+459"),
        ({"value": "2.6", "unit": "percentage_points"}, "0.04", "+0.04 percentage points"),
        ({"value": 489705, "unit": "gbp_per_1000"}, "-734.1", "−£734.1 per 1,000 people"),
        ({"value": 5}, "0", "0"),
        ({"value": 2020, "unit": "financial_year"}, "1", "+1 year"),
        ({"value": 2020, "unit": "year"}, "-2", "−2 years"),
    ],
)
def test_a_gap_has_its_sign_and_shares_differ_by_percentage_points(cells, value, text):
    assert _wording.gap(claim_of(claim_row("figure", **cells)), Fraction(value)) == text


@pytest.mark.parametrize("unit", UNITS)
def test_a_computed_value_has_a_decimal_more_than_printed_unless_it_is_whole(unit):
    counted = unit in ("count", "year", "financial_year")
    if unit != "grade":
        claim = claim_of(claim_row("figure", value="2010", unit=unit))
        exact, between = (_wording.computed(claim, Fraction(value)) for value in ("2010", "2010.25"))
        assert ".0" not in exact
        assert (between == exact) if counted else (".3" in between), between


def test_people_are_counted_whole_though_the_table_counts_full_time_equivalents():
    forecast = claim_of(claim_row("figure", value="32750", unit="count"))
    assert _wording.computed(forecast, Fraction("33293.04")) == "33,293"
    assert "was 33,293, 543 above it" in _wording.outturn(forecast, Fraction("33293.04"), Fraction("543.04"))
    assert "was 32,750, the same" in _wording.outturn(forecast, Fraction("32750.4"), Fraction("0.4"))


def test_decimal_text_is_plain_and_bounded():
    assert _wording.decimal_text(Fraction(1, 3)) == "0.333333333333"
    assert _wording.decimal_text(Fraction(849474000)) == "849474000"
    assert _wording.decimal_text(Fraction(1, 10**7)) == "0.0000001"
    assert _wording.number(None) is None


@pytest.fixture
def small(make_catalogue, stop_search, population):
    """A ledger with one claim of each verdict, one of them hostile."""
    rows = [
        claim_row("rate", value="20.0", unit="per_1000", evidence='measure("stop_search_rate")', **YEAR),
        claim_row(
            "copy",
            value="20.0",
            unit="per_1000",
            evidence='claim("police_powers.rate")',
            label="higher",
            comparator="police_powers.wrong",
        ),
        claim_row(
            "wrong",
            value="50.0",
            unit="per_1000",
            evidence='measure("stop_search_rate")',
            heading="<b>Bold</b> | pipe",
            **YEAR,
        ),
        claim_row(
            "told",
            value=5,
            statement='=HYPERLINK("http://example.org") <script>alert(1)</script>',
            section="workforce",
        ),
        claim_row(
            "average",
            value="17.5",
            unit="per_1000",
            subject=WALES,
            evidence='measure("stop_search_rate")',
            **YEAR,
        ),
    ]
    return make_catalogue({"stop_search": stop_search, "population": population}, *rows)


def test_totals_are_by_section_and_in_all_with_zeros(small):
    totals = claims.summary(claims.evaluate(small, MET))
    assert list(totals) == ["police_powers", "workforce", "all"]
    untested = totals["workforce"].pop("waiting for a table")
    assert (untested, set(totals["workforce"].values())) == (1, {0})
    assert sum(totals["all"].values()) == 5


def test_every_verdict_has_an_icon_a_word_and_a_meaning():
    assert list(claims.ICONS) == list(claims.MEANINGS) == list(claims.VERDICTS)
    # Own data reproduce a figure as open data do; every other verdict has an icon of its own.
    assert len(set(claims.ICONS.values())) == len(claims.VERDICTS) - 1


def test_rows_name_the_table_behind_a_figure_or_what_would_settle_it(small):
    rows = {row["claim_id"]: row for row in claims.rows(small, claims.evaluate(small, MET))}
    assert rows["police_powers.rate"]["source"] == "The table stop_search"
    assert rows["police_powers.rate"]["source_url"] == "https://example.org/table"
    assert rows["police_powers.copy"]["source"] == "The table claims"
    assert rows["workforce.told"]["source_url"] == ""
    assert rows["police_powers.rate"]["gap"] == ""
    assert rows["police_powers.wrong"]["gap"] == "−30.00 per 1,000"


def test_a_source_that_is_no_web_address_is_not_linked(small):
    small.package["resources"][0]["sources"][0]["path"] = "javascript:alert(1)"
    row = claims.rows(small, claims.evaluate(small, MET))[0]
    assert row["source_url"] == ""


class Checker(HTMLParser):
    """Collects tags and checks that they nest."""

    def __init__(self):
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("input", "br", "img"):
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


def parsed(html: str) -> Checker:
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.stack == []
    return checker


def test_the_box_is_folded_says_its_totals_and_gives_every_verdict_in_words(small):
    box = claims.box(small, MET, "police_powers")
    tags = parsed(box.html).tags
    assert tags[0] == ("details", {"class": "pb-claims"})
    assert "4 printed numbers on this page, checked: 2 reproduced, 1 consistent and 1 differs" in box.html
    assert box.html.count('scope="row"') == 4
    assert box.html.count("<caption>") == 1
    for verdict in ("reproduced", "consistent", "differs"):
        assert f"</span> {verdict}</span>" in box.html
        assert verdict in box.text


def test_icons_are_hidden_from_screen_readers_because_the_word_stands_beside_them(small):
    html = claims.box(small, MET, "police_powers").html
    assert html.count('<span aria-hidden="true">') == html.count('class="pb-verdict"')


def test_nothing_in_a_claim_becomes_markup(small):
    for html in (claims.box(small, MET, "workforce").html, claims.report_markdown(small)):
        assert "<script>" not in html
        assert "<b>Bold" not in html


def test_a_section_without_claims_says_so(small):
    assert "0 printed numbers on this page, checked: none" in claims.box(small, MET, "victim_service").text


def test_the_report_puts_differences_before_the_full_table(small):
    page = claims.report_markdown(small)
    headings = re.findall(r"^## (.+)$", page, flags=re.MULTILINE)
    assert headings[0] == "Differences"
    assert headings[-1] == "Every claim"
    assert page.index("Tested:") < page.index("## Every claim")


def test_the_report_is_sound_html_with_captions_scopes_and_unique_ids(small):
    page = claims.report_markdown(small)
    html = "\n".join(line for line in page.splitlines() if line.startswith("<"))
    tags = parsed(html).tags
    tables = [tag for tag, _ in tags if tag == "table"]
    assert len(tables) == len([tag for tag, _ in tags if tag == "caption"])
    assert all("scope" in attrs for tag, attrs in tags if tag == "th")
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert "claim-police_powers.wrong" in ids


def test_the_table_is_filtered_by_radio_buttons_with_labels_and_no_script(small):
    page = claims.report_markdown(small)
    found = claims.evaluate(small, MET)
    kinds = {item.verdict for item in found} | {item.claim.basis for item in found}
    # Each group has its own "all"; two sections.
    assert page.count('type="radio"') == len(kinds) + 2 + 3
    assert page.count("<fieldset") == page.count("<legend>") == 3
    assert 'class="pb-is-waiting-for-a-table pb-in-workforce pb-on-' in page
    assert "<script" not in page


def test_the_style_sheet_filters_by_every_verdict_and_basis():
    sheet = (package_files("peelbook") / "site/theme/static/peelbook.css").read_text()
    (basis,) = (item for item in contracts.load("claims")["fields"] if item["name"] == "basis")
    names = [("", "pb-is-", name) for name in claims.VERDICTS]
    names += [("on-", "pb-on-", name) for name in basis["constraints"]["enum"]]
    for value, css, words in names:
        name = words.lower().replace(":", "").replace(" ", "-")
        assert f'[value="{value}{name}"]:checked) tr[class^="pb-is-"]:not(.{css}{name})' in sheet


def test_each_claim_has_a_link_and_with_an_address_ways_to_cite_it(small):
    def cite(title, publishers, anchor):
        return [("Citation", f"{title} {publishers} #{anchor}"), ("BibTeX", "@misc{a,\n  title = <b>\n}")]

    page = claims.report_markdown(small, cite=cite)
    assert page.count(">Link to this claim</a>") == 5
    assert page.count('<pre class="pb-share-text" tabindex="0"') == 10
    assert "(claim police_powers.rate of the report on the Metropolitan Police Service)" in page
    assert "['A publisher'] #claim-police_powers.rate" in unescape(page)
    assert "@misc{a,&#10;&#32;&#32;title = &lt;b&gt;&#10;}" in page, "runs of spaces stay"
    assert "<script" not in page
    plain = claims.report_markdown(small)
    assert plain.count(">Link to this claim</a>") == 5
    assert "pb-share-text" not in plain


def test_the_search_is_hidden_until_a_script_shows_it(small):
    assert '<div class="pb-ledger-find" role="search" hidden>' in claims.report_markdown(small)


@pytest.fixture
def two_reports(make_catalogue, stop_search, population):
    """The ledgers of two reports; the words and figures of both are made up."""
    met = {"evidence": 'measure("stop_search_rate")', "unit": "per_1000", **YEAR}
    kent = met | {"force_code": KENT, "subject": KENT, "report": "peel-2023-25-kent"}
    rows = [
        claim_row("rate", value="20.0", statement="Made up of the Met.", **met),
        claim_row("other", value="50.0", statement="Made up of the Met too.", **met),
        claim_row("rate", value="4.0", statement="Made up of Kent.", **kent),
        claim_row("more", value="9.0", statement="Made up of Kent, one.", **kent),
        claim_row("less", value="3.0", statement="Made up of Kent, two.", **kent),
    ]
    return make_catalogue({"stop_search": stop_search, "population": population}, *rows)


def test_two_reports_have_a_page_each_and_nothing_of_one_is_on_the_page_of_the_other(two_reports):
    met, kent = (claims.report_markdown(two_reports, code) for code in (MET, KENT))
    assert met.count(' id="claim-') == 2
    assert kent.count(' id="claim-') == 3
    assert "Kent" not in met
    assert "Met" not in re.sub(r"Methods?|methods?", "", kent)


def test_the_overview_counts_each_report_and_all_of_them(two_reports):
    page = claims.overview_markdown(
        two_reports, {"peel-2023-25-metropolitan": "m.md", "peel-2023-25-kent": "k.md"}
    )
    assert "The ledger holds 5 numbers and comparisons that two reports of HMICFRS print" in page
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', page)
    counts = {name: re.findall(r">([\d,]+)<", cells) for name, cells in rows}
    # reproduced, differs, all
    assert counts == {
        "Metropolitan Police Service": ["1", "1", "2"],
        "Kent Police": ["1", "2", "3"],
        "All reports": ["2", "3", "5"],
    }
    assert "[The report on Kent Police](k.md), 2023–25 inspections: 3 claims. 2 differ" in page
    assert "[JSON](../ledger/peel-2023-25-kent.json)" in page


def test_the_files_of_each_report_hold_its_claims_alone_and_the_whole_holds_all(two_reports):
    files = claims.files(two_reports)
    assert sorted(files) == [
        "claims.csv",
        "claims.json",
        *(
            f"ledger/peel-2023-25-{slug}.{kind}"
            for slug in ("kent", "metropolitan")
            for kind in ("csv", "json")
        ),
    ]
    whole, kent = (json.loads(files[name]) for name in ("claims.json", "ledger/peel-2023-25-kent.json"))
    assert [item["report"] for item in whole["reports"]] == ["peel-2023-25-metropolitan", "peel-2023-25-kent"]
    assert whole["reports"][1:] == kent["reports"]
    assert [item["totals"]["differs"] for item in whole["reports"]] == [1, 2]
    assert {item["force_code"] for item in kent["claims"]} == {KENT}
    assert len(whole["claims"]) == 5
    assert {item["report"] for item in whole["ties"]} <= {item["report"] for item in whole["reports"]}
    rows = list(csv.DictReader(io.StringIO(files["ledger/peel-2023-25-kent.csv"])))
    assert [row["claim_id"] for row in rows] == [item["claim_id"] for item in kent["claims"]]


def test_the_overview_of_an_empty_ledger_says_how_to_begin(make_catalogue):
    assert "peelbook claims read" in claims.overview_markdown(make_catalogue({}, claim_row("a")), {})


def test_raw_html_has_no_blank_line_that_would_end_it(small):
    for line in claims.report_markdown(small).splitlines():
        if line.startswith("<"):
            assert "\n" not in line


def test_the_report_of_a_force_nobody_entered_says_how_to_enter_it(small):
    assert "peelbook claims new --force kent" in claims.report_markdown(small, KENT)


def test_a_ledger_without_differences_or_ties_says_so(make_catalogue):
    page = claims.report_markdown(make_catalogue({}, claim_row("a", value=1)))
    assert "No claim differs." in page
    assert "0 such ties were found.\n" in page
    assert "further averages" not in page, "there is none"


def test_one_of_a_kind_is_written_in_the_singular(make_catalogue):
    catalogue = make_catalogue({}, claim_row("a", value=1))
    page = claims.report_markdown(catalogue)
    overview = claims.overview_markdown(catalogue, {"peel-2023-25-metropolitan": "m.md"})
    for text in (page, overview):
        assert "holds 1 number or comparison that" in text
    assert "inspections: 1 claim. 0 differ from what can be computed, and its own figures agree" in overview
    many = re.findall(
        r"\b(?:1|one) (?:claims|numbers|ties|averages|comparisons|rows|forces)\b", page + overview
    )
    assert many == []


def test_what_does_not_hold_is_counted_as_places(two_reports):
    pages = {"peel-2023-25-metropolitan": "m.md", "peel-2023-25-kent": "k.md"}
    overview = claims.overview_markdown(two_reports, pages)
    for code in (MET, KENT):
        broken = sum(not tie.holds for tie in claims.cross_checks(two_reports, code))
        places = {0: "its own figures agree", 1: "in one place its own figures do not agree"}
        assert (
            places.get(broken, f"in {formats.cardinal(broken)} places its own figures do not agree")
            in overview
        )


def test_json_is_plain_exact_and_the_same_every_time(small):
    verdicts = claims.evaluate(small, MET)
    first = json.dumps(claims.to_json(verdicts, small, claims.cross_checks(small, MET)))
    again = json.dumps(claims.to_json(claims.evaluate(small, MET), small, claims.cross_checks(small, MET)))
    assert first == again
    data = json.loads(first)
    rate = data["claims"][0]
    assert (rate["value"], rate["computed"], rate["computed_exact"], rate["gap"]) == ("20", "20", "20", "0")
    average = data["claims"][4]
    assert average["computed_exact"] == "21000000/1201000".replace("21000000/1201000", "21000/1201")
    assert average["computed"] == "17.4854288093"
    assert average["average"] == "total over total"
    assert re.fullmatch(r"[0-9a-f]{64}", data["tables"]["stop_search"])
    assert data["totals"]["all"]["differs"] == 1
    assert data["ties"][0]["holds"] is False


def test_json_needs_no_catalogue(small):
    assert claims.to_json(claims.evaluate(small, MET))["tables"] == {}


def test_the_downloads_hold_every_claim_and_no_cell_starts_a_formula(small):
    files = claims.files(small)
    assert {"claims.json", "claims.csv"} < set(files)
    rows = list(csv.reader(io.StringIO(files["claims.csv"])))
    assert len(rows) == 6
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert json.loads(files["claims.json"])["format"] == 2


def test_the_guide_walks_from_a_skeleton_to_a_published_page():
    guide = claims.guide_markdown()
    for command in ("peelbook claims new", "peelbook claims check", "peelbook build"):
        assert command in guide
    assert "% functions" not in guide
