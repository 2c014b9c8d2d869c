"""A page for each report in the ledger, at an address that does not change when another report is entered.

The book's own page of the ledger then says how all reports came out and leads to these. Each claim of a page can be
cited: the address of the site is known here and not where the verdicts are made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import peelbook
from peelbook import formats, paths
from peelbook.catalogue import Catalogue
from peelbook.site import publication
from peelbook.site.edition import LEDGER_FOLDER, SITE_TITLE, base_url, edition_date
from peelbook.site.publish import keep_only, put_file

if TYPE_CHECKING:
    from peelbook import claims

CONTENTS = "index.json"
"""The file that names the reports with a page, their totals, also in words, and how many rows are not filled in."""

OVERVIEW = "index.md"
"""The text of the page about all reports."""


def put_pages(folder: Path, catalogue: Catalogue) -> None:
    """Write each report's page, the text about all of them, and the list of them to a folder."""
    from peelbook import claims

    found: list[dict[str, Any]] = []
    for entered in claims.reported(catalogue):
        put_file(folder / f"{entered.report}.md", page(catalogue, entered))
        totals = claims.summary(claims.evaluate(catalogue, entered.force_code))["all"]
        waiting = claims.not_filled(catalogue, entered.force_code)
        found.append(
            {
                "report": entered.report,
                "force_code": entered.force_code,
                "totals": totals,
                "told": formats.joined(
                    [claims.tally(name, count) for name, count in totals.items() if count]
                ),
                "not_filled": waiting,
            }
        )
    pages = {item["report"]: f"../{LEDGER_FOLDER}/{item['report']}.md" for item in found}
    put_file(folder / OVERVIEW, claims.overview_markdown(catalogue, pages))
    put_file(folder / CONTENTS, json.dumps(found))
    keep_only(folder, {f"{item['report']}.md" for item in found} | {OVERVIEW, CONTENTS})


def page(catalogue: Catalogue, entered: claims.Entered) -> str:
    """Return the source of one report's page."""
    from peelbook import claims

    name = f"{LEDGER_FOLDER}/{entered.report}"
    content = claims.report_markdown(
        catalogue,
        entered.force_code,
        files=f"../{name}",
        methods="../book/methods.md" if (paths.project_root() / "book/methods.md").exists() else "",
        cite=citing(name),
    )
    return f"# The report on {catalogue.forces[entered.force_code].full_name}, checked\n\n{content}"


def citing(name: str) -> claims.Cite:
    """Return what cites the claims of a page of this site; a claim stands at the page's address."""
    origin = publication.Origin(
        site=SITE_TITLE, edition=peelbook.__version__, date=edition_date(), page=f"{base_url()}{name}.html"
    )

    def cite(title: str, publishers: Sequence[str], anchor: str) -> list[tuple[str, str]]:
        payload = {"title": title, "sources": [{"publisher": publisher} for publisher in publishers]}
        return publication.ways_to_cite(payload, origin, origin.address(anchor), anchor)

    return cite


def contents(folder: Path | None) -> list[Mapping[str, Any]]:
    """Return the reports with a page in a folder, each with its force's code and totals; none without a folder."""
    if folder is None or not (folder / CONTENTS).exists():
        return []
    return json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
