"""The data sources page says everything the data package knows, and runs nothing that is in it."""

import copy

import pytest

from peelbook.sources import page
from peelbook.sources.package import made_tables


def test_every_table_has_its_publisher_link_licence_and_hashes(catalogue):
    text = page.markdown(catalogue.package)
    for name in made_tables(catalogue.resources):
        provenance = catalogue.provenance(name)
        assert f"(data-{name.replace('_', '-')})=" in text
        assert f"(<{provenance.page_url}>)" in text
        assert page.escape(provenance.caveat) in text
        for file_name, digest in provenance.input_files:
            assert page.escape(file_name) in text
            assert digest[:16] in text and digest[-16:] in text


def test_publications_that_are_not_here_are_flagged_as_untested(catalogue):
    text = page.markdown(catalogue.package)
    section = text[text.index("## Publications that can be read but are not here") :]
    for title in (
        "999 calls",
        "Most similar groups",
        "Police officers joining and leaving",
        "Stalking protection orders",
    ):
        assert title in section
    assert section.count("**untested on a published file**") >= 7
    assert "answered\\_in\\_10\\_seconds\\_count" in section


def absent(package):
    text = page.markdown(package)
    return text[text.index("## Publications that can be read but are not here") :]


def test_later_years_of_a_table_are_absent_although_earlier_ones_are_here(catalogue):
    section = absent(catalogue.package)
    part = section[section.index("### Police use of force incidents by police force\\, from 2020\\/21 on") :]
    part = part[: part.index("\n### ")]
    assert "Adapter: use\\_of\\_force\\_later 1, **untested on a published file**" in part
    assert "Columns of the CSV form" in part and "incidents\\_count" in part


def test_a_publication_of_which_a_file_is_here_is_not_absent(catalogue):
    package = copy.deepcopy(catalogue.package)
    table = next(item for item in package["resources"] if item["name"] == "use_of_force")
    table["inputs"].append({"name": "2023.ods", "sha256": "0" * 64, "untested": True})
    assert "from 2020" not in absent(package)


def test_an_untested_adapter_is_flagged_beside_its_table(catalogue):
    package = copy.deepcopy(catalogue.package)
    for resource in package["resources"]:
        resource["untested"] = True
    text = page.markdown(package)
    assert text[: text.index("## Publications that can be read")].count(
        "**untested on a published file**"
    ) == len(made_tables(catalogue.resources))


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "{raw}`html`",
        "```{raw} html",
        "[click](javascript:alert(1))",
        "![x](https://evil.example/x.png)",
        "# A heading",
        "{{ substitution }}",
        "$\\input{/etc/passwd}$",
        "line\n\n:::{note}\nbreak",
        "\u202eevil\u2066",
        "*[*_`~|",
    ],
)
def test_hostile_metadata_comes_out_as_text(catalogue, hostile):
    from html.parser import HTMLParser

    from markdown_it import MarkdownIt

    package = copy.deepcopy(catalogue.package)
    resource = next(item for item in package["resources"] if item["name"] == "workforce")
    resource["title"] = resource["caveat"] = resource["publisher"] = hostile
    resource["inputs"][0]["name"] = hostile
    resource["sources"][0]["title"] = hostile
    text = page.markdown(package)
    html = MarkdownIt("commonmark", {"html": True}).render(text)
    before = MarkdownIt("commonmark", {"html": True}).render(page.markdown(catalogue.package))

    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.found = []

        def handle_starttag(self, tag, attrs):
            self.found.append((tag, dict(attrs).get("href")))

    def tags(document):
        parser = Tags()
        parser.feed(document)
        return sorted(map(str, parser.found))

    # The same tags and links as with the true metadata: nothing in it became markup.
    assert tags(html) == tags(before)
    assert "\u202e" not in text and "\u2066" not in text


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://user:pw@gov.uk/", "", "gov.uk"],
)
def test_only_plain_web_addresses_become_links(url):
    assert page.link(url, "a page") == "a page"


def test_a_link_cannot_be_closed_from_inside():
    assert page.link("https://gov.uk/a>)<b>", "x") == "[x](<https://gov.uk/a%3E%29%3Cb%3E>)"


def test_a_hash_that_is_none_is_not_printed(catalogue):
    package = copy.deepcopy(catalogue.package)
    package["resources"][0]["hash"] = "sha256:<b>"
    assert "not recorded" in page.markdown(package)
