"""Whatever a data file holds, it comes out as text: in pages, attributes, pictures, JSON, CSV and addresses.

The corpus (hostile_corpus.py) has 113 texts: 18 of HTML, 18 of Markdown, 15 of MyST, 9 of LaTeX, 13 with
bidirectional controls, 14 formulas, 10 with null bytes and other controls, 8 very long, 8 of template
languages; and 27 slugs and 10 addresses. Each is compared with its harmless twin: the same output made from
a harmless name must have the same tags, attributes and tokens, so that nothing in it has become markup.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import unicodedata
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import hostile_corpus as corpus
import pandas as pd
import pytest
from hostile_corpus import CLASSES
from PIL import Image

from peelbook import blocks, claims, contracts, display
from peelbook.catalogue import Catalogue, Provenance
from peelbook.errors import PeelbookError, TableContractError
from peelbook.figures._chart import Chart, Column
from peelbook.figures._plain import plain
from peelbook.figures.stacked_outcomes import stacked_outcomes
from peelbook.forces import COLUMNS, Forces
from peelbook.site.card import Figure, csv_with_source, render_card
from peelbook.sources import coverage, page
from peelbook.util.spreadsheets import to_csv

ROOT = Path(__file__).resolve().parents[2]
HARMLESS = "Kent Police"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 504 302.4"><title>Chart</title></svg>'

EVERY = [
    pytest.param(text, id=f"{name}-{place}")
    for name in CLASSES
    for place, text in enumerate(CLASSES[name], 1)
]
each = pytest.mark.parametrize("text", EVERY)
by_class = pytest.mark.parametrize("name", CLASSES)


def test_the_corpus_has_as_many_inputs_as_this_module_says():
    assert {name: len(texts) for name, texts in CLASSES.items()} == {
        "html": 18, "markdown": 18, "myst": 15, "latex": 9, "bidi": 13, "formula": 14, "null": 10, "long": 8,
        "template": 8,
    }  # fmt: skip
    assert (len(corpus.cases()), len(corpus.SLUGS), len(corpus.ADDRESSES)) == (113, 27, 10)


@pytest.fixture(autouse=True)
def _room_for_long_cells():
    """The longest inputs are longer than Python's csv module reads unless told to."""
    before = csv.field_size_limit(10_000_000)
    yield
    csv.field_size_limit(before)


# --- what an output is made of -------------------------------------------------------------------


class Structure(HTMLParser):
    """Tags with the names of their attributes, comments and declarations; the text apart."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.parts: list[object] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.parts.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "srcset", "action")]

    def handle_endtag(self, tag):
        self.parts.append(f"/{tag}")

    def handle_comment(self, data):
        self.parts.append("comment")

    def handle_decl(self, decl):
        self.parts.append("declaration")

    def unknown_decl(self, data):
        self.parts.append("declaration")

    def handle_pi(self, data):
        self.parts.append("instruction")

    def handle_data(self, data):
        self.text += data


def words(text: str) -> str:
    """Text as a reader gets it, whatever the spacing."""
    return " ".join(text.split())


def assert_only_text(html: str, harmless: str) -> None:
    """The output has the tags and attributes of its harmless twin, and no character that hides another."""
    assert Structure(html).parts == Structure(harmless).parts
    assert_clean(html)


def assert_clean(text: str) -> None:
    hidden = {
        char
        for char in set(text) - {"\n", "\r", "\t"}
        if char in corpus.BIDI or unicodedata.category(char) in ("Cc", "Cs")
    }
    assert hidden == set()
    text.encode("utf-8")


def starts_formula(cell: str) -> bool:
    return cell.lstrip("\0")[:1] in ("=", "+", "@", "\t", "\r") or bool(re.match(r"-(?![\d.]+$)", cell))


# --- force names and slugs -----------------------------------------------------------------------


def forces_file(folder: Path, **cells: str) -> Path:
    row = dict.fromkeys(COLUMNS, "") | {
        "force_code": "E23000032", "slug": "kent", "name": "Kent Police", "short_name": "Kent", "region": "South East",
        "tile_row": "1", "tile_column": "1",
    } | cells  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([COLUMNS, [row[name] for name in COLUMNS]])
    path = folder / "forces.csv"
    path.write_bytes(out.getvalue().encode("utf-8", errors="surrogatepass"))
    return path


@each
def test_a_hostile_force_name_is_refused_or_is_only_text(tmp_path, text):
    """113 inputs as name, short name, alias and region."""
    try:
        forces = Forces.read(forces_file(tmp_path, name=text, short_name=text, aliases=text, region=text))
    except PeelbookError as error:
        assert "forces.csv" in str(error)
        return
    (force,) = forces
    assert force.slug == "kent"
    assert_only_text(blocks.sentences([force.full_name]).html, blocks.sentences([HARMLESS]).html)


@pytest.mark.parametrize("slug", corpus.SLUGS)
def test_a_slug_that_could_leave_its_folder_is_refused(tmp_path, slug):
    """27 inputs."""
    with pytest.raises(PeelbookError):
        Forces.read(forces_file(tmp_path, slug=slug))


@pytest.mark.parametrize("slug", corpus.SLUGS)
def test_no_table_or_figure_has_a_name_that_could_leave_its_folder(slug):
    """27 inputs."""
    with pytest.raises(PeelbookError):
        contracts.load(slug)
    with pytest.raises(ValueError, match="figure id"):
        Figure(payload(HARMLESS) | {"id": f"{slug}.x"}, SVG, b"")
    with pytest.raises(ValueError, match="is not <section>"):
        chart_of(HARMLESS, id=f"x.{slug}")


# --- notebook outputs ----------------------------------------------------------------------------


def outputs_of(text: str, definition: str) -> list[blocks.Block]:
    return [
        blocks.headlines([{"value": text, "label": text, "comparison": text, "definition": definition}]),
        blocks.sentences([text, text]),
        blocks.note(text, [text, text]),
        blocks.table(text, [text, text], [[text, text], [text, text]], numeric=[False, True]),
    ]


@each
def test_headlines_sentences_notes_and_tables_show_it_as_text(text):
    """113 inputs in every field of four outputs."""
    # Of some texts nothing is left: a definition of nothing is rightly absent.
    twin = HARMLESS if display.plain(text) else ""
    for output, harmless in zip(outputs_of(text, text), outputs_of(HARMLESS, twin), strict=True):
        assert_only_text(output.html, harmless.html)
        assert_clean(output.text)
        assert words(display.plain(text)) in words(Structure(output.html).text)


# --- charts --------------------------------------------------------------------------------------


def provenance_of(text: str) -> Provenance:
    return Provenance(
        table="stop_search", title=text, publisher=text, page_url="https://www.gov.uk/", licence=text,
        licence_url="https://www.nationalarchives.gov.uk/", period=text, kind="extract", caveat=text,
        input_files=((text, "0" * 64),), table_sha256="0" * 64, adapter="stop_search 1",
    )  # fmt: skip


def chart_of(text: str, id: str = "police_powers.rate") -> Chart:
    return Chart(
        id=id,
        title=f"Rate of {text}",
        alt=f"A chart of {text}",
        data=pd.DataFrame({"name": [text, HARMLESS], "value": [1.5, -2.5]}),
        columns={"name": Column(f"Force {text}", numeric=False), "value": Column("Rate")},
        draw=lambda figure, layout: None,
        provenance=[provenance_of(text)],
        period=f"year of {text}",
        notes=[text, f"Note on {text}"],
    )


def payload(text: str) -> dict:
    return chart_of(text).payload()


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [part for item in value.values() for part in strings(item)]
    if isinstance(value, (list, tuple)):
        return [part for item in value for part in strings(item)]
    return [value] if isinstance(value, str) else []


@each
def test_the_payload_of_a_chart_is_json_of_clean_text(text):
    """113 inputs in title, alt text, notes, period, labels, cells and sources."""
    data = payload(text)
    json.dumps(data, ensure_ascii=False).encode("utf-8")
    shown = {name: value for name, value in data.items() if name != "csv"}
    for part in strings(shown):
        assert_clean(part)
    assert data["alt"] == plain(f"A chart of {text}")


@each
def test_no_cell_of_a_chart_download_is_run_by_a_spreadsheet(text):
    """113 inputs as heading, cell and source note."""
    download = csv_with_source(payload(text) | {"csv": to_csv(pd.DataFrame({text: [text], "value": [-1.5]}))})
    download.encode("utf-8")
    assert "\0" not in download
    for row in csv.reader(io.StringIO(download)):
        assert len(row) == 4
        assert not any(starts_formula(cell) for cell in row)


@by_class
def test_the_drawing_has_no_element_and_the_picture_no_field_that_its_harmless_twin_lacks(name):
    """113 inputs, one chart a class; the very long ones are cut at 150 characters."""
    texts = [text[:150] for text in CLASSES[name]]
    outcomes = [f"{text} {place}" for place, text in enumerate(texts)]
    rows = pd.DataFrame({"outcome": outcomes, "value": 0.5, "comparator_value": 0.4, "text": texts})
    force = replace(Catalogue().forces["kent"], short_name=texts[0] or "Kent")
    chart = stacked_outcomes(
        rows, id="police_powers.x", title="; ".join(texts)[:500], force=force, provenance=[provenance_of(texts[0])],
        period="2023", label=texts[0],
    )  # fmt: skip
    svg = chart.svg()
    root = ET.fromstring(svg)
    tags = {element.tag.partition("}")[2] for element in root.iter()}
    assert not tags & {"script", "a", "foreignObject", "image", "style", "iframe", "animate", "set"}
    attributes = {attribute for element in root.iter() for attribute in element.keys()}  # noqa: SIM118
    assert not [attribute for attribute in attributes if attribute.lower().startswith("on")]
    links = [value for element in root.iter() for key, value in element.items() if key.endswith("href")]
    assert all(link.startswith("#") for link in links)
    assert "<!" not in svg.partition("<svg")[2]
    assert_clean(svg)
    with Image.open(io.BytesIO(chart.png())) as image:
        image.load()
        assert set(image.text) == {"Title", "Source", "Description"}
        for part in image.text.values():
            assert_clean(part)


@pytest.fixture(scope="module")
def picture() -> bytes:
    return chart_of(HARMLESS).png()


@each
def test_a_figure_card_shows_it_as_text(text, picture):
    """113 inputs in every field of a card."""
    html = render_card(Figure(payload(text), SVG, picture))
    # The class "null" holds texts of which nothing is left: their paragraphs are rightly absent.
    twin = HARMLESS if display.plain(text) else ""
    harmless = render_card(Figure(payload(twin), SVG, picture))
    assert_only_text(html, harmless)
    assert Structure(html).links == Structure(harmless).links


@pytest.mark.parametrize("address", corpus.ADDRESSES)
def test_a_card_links_only_to_web_addresses(address, picture):
    """10 inputs as page and licence address."""
    chart = chart_of(HARMLESS)
    source = replace(chart.provenance[0], page_url=address, licence_url=address)
    html = render_card(Figure(replace(chart, provenance=[source]).payload(), SVG, picture))
    own = ("figures/", "#")
    assert [link for link in Structure(html).links if not link.startswith(own)] == []


# --- pages in MyST -------------------------------------------------------------------------------


def tokens(markdown: str) -> Counter:
    """What a MyST page is made of, with every extension on that could give a text a meaning."""
    from myst_parser.config.main import MdParserConfig
    from myst_parser.mdit_to_docutils.base import DocutilsRenderer
    from myst_parser.parsers.mdit import create_md_parser

    extensions = {
        "amsmath", "attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath", "fieldlist", "html_image",
        "strikethrough", "substitution", "tasklist",
    }  # fmt: skip
    parser = create_md_parser(MdParserConfig(enable_extensions=extensions), DocutilsRenderer)
    found: Counter = Counter()

    def count(token) -> None:
        # How many words or line breaks a text has says nothing of what it means.
        if token.type in ("text", "softbreak", "text_special"):
            return
        content = ""
        if token.type in ("html_block", "html_inline"):
            content = str(Structure(token.content).parts)
        found[token.type, token.tag, content, str(token.attrs.get("href", ""))] += 1
        for child in token.children or []:
            count(child)

    for token in parser.parse(markdown):
        count(token)
    return found


def test_the_count_of_tokens_sees_each_kind_of_attack():
    harmless = tokens("Kent Police is a force.")
    for text in (
        "{raw}`x`",
        "$x$",
        "[x](https://x.example)",
        "<b>x</b>",
        "**x**",
        "```{raw} html\nx\n```",
        "{{ x }}",
    ):
        assert tokens(f"Kent\n\n{text}") != harmless, text


def package_with(catalogue: Catalogue, text: str) -> dict:
    package = json.loads(json.dumps(catalogue.package))
    package["resources"] = [item for item in package["resources"] if item["name"] == "stop_search"]
    for resource in package["resources"]:
        for key in ("title", "description", "publisher", "period", "caveat", "kind", "adapter", "path"):
            resource[key] = text
        resource["sources"] = [{"title": text, "path": "https://www.gov.uk/"}]
        resource["inputs"] = [{"name": text, "sha256": text}]
        resource["hash"] = text
    return package


@each
def test_the_data_sources_page_shows_it_as_text(catalogue, text):
    """113 inputs in every field of a descriptor."""
    written = page.markdown(package_with(catalogue, text)).partition("## Publications that can be read")[0]
    # A text of which nothing is left stands beside one of which nothing is left either.
    twin = HARMLESS if display.plain(text) else "\t"
    harmless = page.markdown(package_with(catalogue, twin))
    assert tokens(written) == tokens(harmless.partition("## Publications that can be read")[0])
    assert_clean(written)


@pytest.mark.parametrize("address", corpus.ADDRESSES)
def test_the_data_sources_page_links_only_to_web_addresses(address):
    """10 inputs."""
    assert page.link(address, HARMLESS) == page.escape(HARMLESS)


def ledger_rows(texts: list[str]) -> pd.DataFrame:
    """Claims whose heading and statement are the texts."""
    row = dict.fromkeys((field["name"] for field in contracts.load("claims")["fields"]), "") | {
        "report": "peel-2023-25-metropolitan", "force_code": "E23000001", "section": "police_powers", "quantity": "x",
        "subject": "E23000001", "value": "1", "sense": "=", "unit": "count", "decimals": "0", "basis": "open data",
        "publication": "stop_search",
    }  # fmt: skip
    rows = [
        row | {"claim_id": f"police_powers.x{place}", "heading": text, "statement": text}
        for place, text in enumerate(texts)
    ]
    return pd.DataFrame(rows, dtype=object)


def accepted_by_the_contract(texts: list[str]) -> list[str]:
    """The texts that the ledger's contract lets in; each of the others is a fault of its row."""
    try:
        contracts.validate(ledger_rows(texts), "claims", source="claims.csv")
    except TableContractError as error:
        refused = {fault.row for fault in error.faults}
        return [text for place, text in enumerate(texts) if place + 2 not in refused]
    return texts


@pytest.fixture
def ledger_of(tmp_path):
    """Return a function that opens a ledger whose words are the given texts."""

    def open_ledger(texts: list[str], name: str) -> Catalogue:
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(ROOT / "data" / "forces.csv", folder)
        content = ledger_rows(texts).to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_ALL)
        (folder / "claims.csv").write_bytes(content.encode("utf-8", errors="surrogatepass"))
        resource = {
            "name": "claims",
            "path": "claims.csv",
            "sources": [{"title": "x", "path": "https://x.example"}],
        }
        (folder / "datapackage.json").write_text(json.dumps({"resources": [resource]}), encoding="utf-8")
        return Catalogue(folder)

    return open_ledger


@by_class
def test_the_ledger_shows_hostile_headings_and_statements_as_text_or_refuses_them(ledger_of, name):
    """113 inputs as heading and statement, in the box of a section, the report, and both downloads."""
    accepted = [
        text for text in accepted_by_the_contract(CLASSES[name]) if text.isprintable() or text.strip()
    ]
    accepted = [text for text in accepted if "\ud800" not in text]  # no CSV file can hold it
    hostile = ledger_of(accepted or [HARMLESS], "hostile")
    harmless = ledger_of([HARMLESS for _ in accepted] or [HARMLESS], "harmless")
    box = claims.box(hostile, "E23000001", "police_powers")
    assert_only_text(box.html, claims.box(harmless, "E23000001", "police_powers").html)
    report = claims.report_markdown(hostile)
    assert tokens(report) == tokens(claims.report_markdown(harmless))
    assert_clean(report)
    downloads = claims.files(hostile)
    json.loads(downloads["claims.json"])
    for row in csv.reader(io.StringIO(downloads["claims.csv"])):
        assert not any(starts_formula(cell) for cell in row)


def test_bytes_that_are_no_text_are_one_clear_error(ledger_of):
    with pytest.raises(TableContractError, match="not UTF-8"):
        ledger_of(["Kent\ud800Police"], "broken").table("claims")


def test_the_coverage_page_shows_hostile_force_names_as_text(tmp_path, catalogue):
    """113 inputs: each class is the name of one force, cut at 3,000 characters."""
    hostile, harmless = [], []
    texts = {name: "; ".join(CLASSES[name])[:3000] for name in CLASSES}
    for force, name in zip(catalogue.forces, [*texts, *[""] * len(catalogue.forces)], strict=False):
        hostile.append(
            replace(force, name=texts.get(name, force.name), short_name=texts.get(name, force.short_name))
        )
        harmless.append(force)

    def written(forces: list) -> str:
        renamed = Catalogue(catalogue.data_dir)
        few = ("stop_search", "use_of_force", "gaps", "forces")
        renamed.package = catalogue.package | {
            "resources": [item for item in catalogue.package["resources"] if item["name"] in few]
        }
        renamed.forces = Forces(forces)
        return coverage.markdown(renamed)

    page_ = written(hostile)
    assert_clean(page_)
    assert tokens(page_) == tokens(written(harmless))
