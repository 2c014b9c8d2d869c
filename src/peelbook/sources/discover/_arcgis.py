"""ONS Open Geography on ArcGIS: a list of services, each a table that is asked for with one query.

A lookup has no file, so the query's answer is written as the CSV that the portal's own export gives.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from urllib.parse import urlencode

from peelbook.sources.discover import _pages
from peelbook.sources.discover._pages import LandingPage, Listed
from peelbook.sources.web import Client, FetchError

FORM = "arcgis"


def find(page: LandingPage, client: Client) -> list[Listed]:
    """Return the newest lookup whose service name fits `editions`."""
    answer = client.json(page.name, f"{page.url}?{urlencode({'f': 'json'})}")
    services = answer.get("services") if isinstance(answer, dict) else None
    names = [item.get("name", "") for item in services or [] if isinstance(item, dict)]
    fitting = sorted(name for name in names if re.fullmatch(page.editions, name))
    found = []
    for name in fitting[-page.newest :]:
        query = urlencode({"where": "1=1", "outFields": "*", "returnGeometry": "false", "f": "json"})
        url = f"{page.url}/{name}/FeatureServer/0/query?{query}"
        found.append(("csv", Listed(page.publication, f"{name}.csv", url, name, page.url, form=FORM)))
    return _pages.choose(page, found, names)


def table(answer: Any, name: str) -> bytes:
    """Return the CSV of a query's answer. Raises `FetchError` for an answer cut short or of another form."""
    features = answer.get("features") if isinstance(answer, dict) else None
    found = [item.get("attributes") for item in features or [] if isinstance(item, dict)]
    rows: list[dict[str, Any]] = [row for row in found if isinstance(row, dict)]
    if not rows or len(rows) != len(features or []) or any(row.keys() != rows[0].keys() for row in rows):
        raise FetchError(name, "the answer holds no table", "look at the service in a browser")
    if answer.get("exceededTransferLimit"):
        raise FetchError(name, "the answer was cut short", "export the table from the portal and ingest it")
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
