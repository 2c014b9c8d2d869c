"""Finds the official files that publishers list today: one small module for each kind of list.

Addresses of files change with every revision, so they are looked up on the publisher's landing page, by title
or file name and by type; which pages, and what to look for on them, stands in `landing_pages.toml`.
"""

from __future__ import annotations

from peelbook.sources.discover import _arcgis, _govuk, _ons, _police_uk
from peelbook.sources.discover._pages import LandingPage, Listed, choose, registry, released
from peelbook.sources.web import Client

_FINDERS = {
    "govuk": _govuk.find,
    "ons": _ons.find,
    "arcgis": _arcgis.find,
    "police_uk": _police_uk.find,
}

__all__ = ["LandingPage", "Listed", "choose", "find", "registry", "released"]


def find(page: LandingPage, client: Client) -> list[Listed]:
    """Return the files of a publication that its publisher lists now, in order of their names.

    Raises `FetchError` where the page does not answer, has another form than documented, or lists no file of
    the publication, or two where there should be one.
    """
    return sorted(_FINDERS[page.kind](page, client), key=lambda listed: listed.name)
