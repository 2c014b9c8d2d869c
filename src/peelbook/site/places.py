"""Where a place is policed and which words the pages use for what a reader asks: a small file that scripts read.

Readers know the name of a town and everyday words; the pages know forces and the publishers' words.
"""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path

from peelbook.catalogue import Catalogue
from peelbook.site.edition import Edition, slugified

FILE = "places.json"
_WORDS = Path(__file__).with_name("search_words.toml")
_TOWNS = Path(__file__).with_name("towns.toml")


@cache
def words() -> dict[str, dict[str, str]]:
    """Everyday words → the pages' words (`search`), and what to tell the reader (`note`)."""
    return {str(entry["word"]): {"search": entry["search"], "note": entry["note"]} for entry in _entries()}


def _entries() -> list[dict[str, str]]:
    return tomllib.loads(_WORDS.read_text(encoding="utf-8"))["word"]


@cache
def towns() -> dict[str, list[str]]:
    """Large towns that no district is named after, by the name of the district that holds them."""
    return tomllib.loads(_TOWNS.read_text(encoding="utf-8"))["towns"]


def content(edition: Edition, catalogue: Catalogue) -> str:
    """The file: forces, their other names and their districts as search and the list of forces look them up.

    `names` and `places` lead from words as a reader types them (small letters, no marks) to forces by slug: a
    place's name may be that of several. `towns` leads to forces too, each with the town and its district in words;
    `spelt` gives the district's own spelling where capitals alone do not (King's Lynn and West Norfolk).
    """
    by_code = {force.code: force for force in edition.forces}
    names: dict[str, list[str]] = {}
    for force in edition.forces:
        for name in catalogue.forces[force.slug].names:
            _add(names, name, force.slug)
    places: dict[str, list[str]] = {}
    spelt: dict[str, str] = {}
    held: dict[str, dict[str, str]] = {}
    if catalogue.has("districts"):
        table = catalogue.table("districts")
        for name, code in zip(table["district_name"].tolist(), table["force_code"].tolist(), strict=True):
            if code in by_code:
                _add(places, name, by_code[code].slug)
                if (key := _key(name)).title() != name:
                    spelt[key] = name
                for town in towns().get(name, ()):
                    held.setdefault(_key(town), {})[by_code[code].slug] = f"{town}, in {name}"
    found = {
        "forces": {force.slug: force.name for force in edition.forces},
        "names": names,
        "places": places,
        "spelt": spelt,
        "towns": held,
        "words": words(),
    }
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")) + "\n"


def _add(index: dict[str, list[str]], name: str, slug: str) -> None:
    key = _key(name)
    if key and slug not in index.setdefault(key, []):
        index[key].append(slug)


def _key(name: str) -> str:
    """A name as it is looked up: small letters, no marks, and no gap where an apostrophe stood."""
    return slugified(str(name).replace("'", "").replace("’", "")).replace("-", " ")
