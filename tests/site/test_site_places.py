"""Places, other names and everyday words lead to forces and to the pages' own words."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from peelbook.site import feed, places
from peelbook.site._build import make_edition
from peelbook.site.stage import Result


class Built(Result):
    """A built section of a force, as far as an edition's description needs it."""

    def __init__(self, slug: str):
        self.force_slug, self.section = slug, "workforce"


@pytest.fixture
def edition(catalogue, monkeypatch):
    monkeypatch.setenv("PEELBOOK_BASE_URL", "https://example.org/peel/")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1763856000")
    slugs = ("kent", "west-midlands", "metropolitan", "greater-manchester")
    return make_edition([Built(slug) for slug in slugs], catalogue, "metropolitan")


@pytest.fixture
def found(edition, catalogue):
    return json.loads(places.content(edition, catalogue))


@pytest.mark.parametrize(
    ("place", "slug"),
    [("birmingham", "west-midlands"), ("canterbury", "kent"), ("manchester", "greater-manchester")],
)
def test_a_district_leads_to_its_force(found, place, slug):
    assert found["places"][place] == [slug]


def test_a_large_town_leads_to_its_force_with_its_district(found):
    assert found["towns"]["sale"] == {"greater-manchester": "Sale, in Trafford"}
    assert found["towns"]["gillingham"] == {"kent": "Gillingham, in Medway"}
    assert "sale" not in found["places"]


def test_towns_lie_in_districts_that_are_there_and_are_none_themselves(catalogue):
    districts = set(catalogue.table("districts")["district_name"])
    assert set(places.towns()) <= districts
    inside = [town for held in places.towns().values() for town in held]
    # One Ashford is in Surrey and one a district of Kent; a district of Wales has the name of two towns.
    assert set(inside) & districts == {"Ashford", "Newport"}
    assert list(places.towns()) == sorted(places.towns())
    assert all(held == sorted(held) for held in places.towns().values())


def test_a_name_that_two_towns_have_leads_to_both(catalogue):
    both = [Built("cambridgeshire"), Built("devon-and-cornwall")]
    found = json.loads(places.content(make_edition(both, catalogue, "cambridgeshire"), catalogue))
    assert set(found["towns"]["st ives"]) == {"cambridgeshire", "devon-and-cornwall"}


def test_a_name_with_an_apostrophe_is_found_with_and_without_and_spelt_as_it_is(catalogue):
    whole = make_edition([Built("norfolk")], catalogue, "norfolk")
    found = json.loads(places.content(whole, catalogue))
    assert found["places"]["kings lynn and west norfolk"] == ["norfolk"]
    assert found["spelt"]["kings lynn and west norfolk"] == "King's Lynn and West Norfolk"
    assert "norwich" not in found["spelt"]


@pytest.mark.parametrize(("name", "slug"), [("gmp", "greater-manchester"), ("mps", "metropolitan")])
def test_a_short_name_leads_to_its_force(found, name, slug):
    assert found["names"][name] == [slug]


def test_only_forces_of_the_edition_are_led_to(found, edition):
    kinds = (found["names"], found["places"], found["towns"])
    led = {slug for index in kinds for slugs in index.values() for slug in slugs}
    assert led <= set(edition.by_slug)
    assert set(found["forces"]) == set(edition.by_slug)


def test_every_everyday_word_says_what_it_is_taken_for():
    for word, entry in places.words().items():
        assert word == word.lower().strip()
        assert entry["search"]
        assert not {"a", "and", "in", "of", "on", "the", "to"} & set(entry["search"].split()), (
            "marked on every page"
        )
        assert entry["note"].endswith(".")


def test_the_feed_has_an_entry_for_each_version(edition):
    root = ET.fromstring(feed.content(edition, "The PEEL book"))
    space = "{http://www.w3.org/2005/Atom}"
    entries = root.findall(f"{space}entry")
    assert entries[0].findtext(f"{space}title") == f"Edition {edition.version}"
    assert entries[0].findtext(f"{space}updated") == "2025-11-23T00:00:00Z"
    assert len(entries[0].findtext(f"{space}content")) > 200
