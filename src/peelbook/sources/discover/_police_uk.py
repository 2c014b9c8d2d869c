"""police.uk: the page of 999 call answering, and the monthly stop and search records of data.police.uk.

The page is searched for a link to a table. The records are asked of the documented interface
(https://data.police.uk/docs/), a force and month an answer, and written with the columns of the site's own CSV.
"""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import urlencode, urljoin

from peelbook.sources.discover import _pages
from peelbook.sources.discover._govuk import links
from peelbook.sources.discover._pages import LandingPage, Listed
from peelbook.sources.web import Client, FetchError

FORM = "police_uk"
API = "https://data.police.uk/api"

#: Not among the 43 forces of England and Wales.
_ELSEWHERE = {"btp", "northern-ireland"}

#: Column of the site's CSV → key of the interface, in the order of the CSV.
COLUMNS = {
    "Type": "type",
    "Date": "datetime",
    "Part of a policing operation": "operation",
    "Policing operation": "operation_name",
    "Latitude": "latitude",
    "Longitude": "longitude",
    "Gender": "gender",
    "Age range": "age_range",
    "Self-defined ethnicity": "self_defined_ethnicity",
    "Officer-defined ethnicity": "officer_defined_ethnicity",
    "Legislation": "legislation",
    "Object of search": "object_of_search",
    "Outcome": "outcome",
    "Outcome linked to object of search": "outcome_linked_to_object_of_search",
    "Removal of more than just outer clothing": "removal_of_more_than_outer_clothing",
}


def find(page: LandingPage, client: Client) -> list[Listed]:
    """Return the linked tables of a page, or the newest months of each force of the interface."""
    return _records(page, client) if page.url.startswith(API) else _linked(page, client)


def _linked(page: LandingPage, client: Client) -> list[Listed]:
    found = []
    there = links(client.text(page.name, page.url))
    for item in there:
        url = urljoin(page.url, item["url"])
        name = _pages.file_name(url)
        kind = name.rpartition(".")[2].lower()
        match = page.matches(item["title"], name)
        if match is not None and kind in page.types:
            key = match.groupdict().get("key") or ""
            day = _pages.released(name, None)
            found.append((kind, Listed(page.publication, name, url, item["title"], page.url, key, day)))
    return _pages.choose(page, found, [item["title"] for item in there])


def _records(page: LandingPage, client: Client) -> list[Listed]:
    months = client.json(page.name, page.url)
    dated = sorted(
        (item["date"], item.get("stop-and-search") or [])
        for item in (months if isinstance(months, list) else [])
        if isinstance(item, dict) and isinstance(item.get("date"), str)
    )
    found = []
    for month, forces in dated[-page.newest :]:
        for force in sorted(set(forces) - _ELSEWHERE):
            url = f"{API}/stops-force?{urlencode({'force': force, 'date': month})}"
            # Named as in the site's archive, which is how the adapter knows force and month.
            name = f"{month}-{force}-stop-and-search.csv"
            listed = Listed(page.publication, name, url, name, page.url, name, form=FORM)
            found.append(("csv", listed))
    return _pages.choose(page, found, [month for month, _ in dated])


def table(answer: Any, name: str) -> bytes:
    """Return the CSV of one answer, nothing where a force sent no records. Raises `FetchError` for another form."""
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        raise FetchError(name, "the answer is no list of records", "look at the interface's documentation")
    if not answer:
        return b""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for item in answer:
        place = item.get("location") or {}
        cells = {**item, **{name: place.get(name) for name in ("latitude", "longitude")}}
        writer.writerow([_cell(cells.get(key)) for key in COLUMNS.values()])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "True" if value else "False"
    return "" if value is None else str(value)
