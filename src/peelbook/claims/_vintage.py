"""The ledger at the right vintage: each printed number against the newest release that its report could have used.

A report has a date and, for some tables, names its release; both are in `reports.toml`. Where the releases that
are here are all later, time has passed between the two figures, so a difference says nothing about the report: the
claim waits for a release of its time, and the later figure is given as context.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from peelbook import measures
from peelbook.claims._verdict import DIFFERS, UNTESTED, WAITING, Verdict

if TYPE_CHECKING:
    from peelbook.catalogue import Catalogue
    from peelbook.claims._ledger import Ledger

FILE = "reports.toml"


@dataclass(frozen=True)
class Report:
    """When a report was published, and the day of the release that it names for some tables."""

    report: str
    published: datetime.date
    releases: Mapping[str, datetime.date] = field(default_factory=dict)


@cache
def reports() -> dict[str, Report]:
    """Return the reports of `reports.toml` by their id in the ledger."""
    entries = tomllib.loads((files("peelbook.claims") / FILE).read_text(encoding="utf-8"))["report"]
    return {entry["report"]: Report(**entry) for entry in entries}


def catalogue_of(catalogue: Catalogue, ledger: Ledger) -> Catalogue | None:
    """Return the book as the report of a ledger could have known it; `None` where no date is on record, or where
    that is the book as it is."""
    names = {claim.report for claim in ledger.claims}
    report = reports().get(next(iter(names))) if len(names) == 1 else None
    if report is None:
        return None
    # Shared by all callers: reading the releases of that time takes as long as evaluating the claims.
    then = measures.memoised(
        catalogue, ("vintage", report.report), lambda: catalogue.at(report.published, report.releases)
    )
    return None if all(then.reads_newest(name) for name in catalogue.resources) else then


def at_report_date(then: Verdict, now: Callable[[], Verdict], catalogue: Catalogue) -> Verdict:
    """Return the verdict at the report's vintage, from that of the releases of its time (`catalogue`).

    A verdict from those releases is final. Otherwise today's figure is looked at: it may bear the printed one out, but
    where it differs and comes of a later release, the claim waits for a release of its time.
    """
    if then.verdict not in UNTESTED:
        return then
    today = now()
    later = sorted(name for name in today.tables if not catalogue.reads_newest(name))
    if today.verdict != DIFFERS or not later:
        return today
    short = (
        f"It cannot be tested at its vintage: only later releases are here ({', '.join(map(_plain, later))})."
    )
    figure = f" They give {today.computed_text}." if today.computed_text else ""
    fits = f" With {today.fits.label} they give the printed figure." if today.fits else ""
    reason = (
        f"{short}{figure}{fits} Figures of a past period change after they are published, so the difference is "
        "not an error of the report."
    )
    return replace(today, verdict=WAITING, cause="", short=short, reason=reason)


def _plain(table: str) -> str:
    return table.replace("_", " ")
