"""A ledger for another force to fill in: the claims that every report makes, without their values.

The evidence is ready, so that filling in the printed values is all it takes to get verdicts.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from peelbook import contracts
from peelbook.claims._check import refers_to
from peelbook.claims._expression import Node, calls, parse
from peelbook.claims._ledger import TABLE, Claim, Ledger
from peelbook.errors import ParameterError

if TYPE_CHECKING:
    from peelbook.forces import Force


#: How to fill in a skeleton, a line for each column that matters; `guide.md` has all of them.
FILLING = (
    "  value       the digits as printed, without comma, % or £; leave empty what the report does not print",
    "  decimals    how many of them are decimals: 1 for 19.8, -3 for around 15,000",
    "  sense       = as it stands; ~ around, > more than, < less than, >= at least, <= up to",
    "  period_end  the last day of the figure's period: 2023-03-31 for the year ending March 2023",
    "  label       the grade, or the word of a comparison (higher than expected); a grade has no value",
)


def skeleton(ledger: Ledger, force: Force) -> str:
    """Return a CSV of empty claims for a force, from those of a filled ledger that rest on measures.

    Kept are grades and every claim whose evidence is a measure, each with its evidence as far as it does
    not refer to claims left out. Values, labels, periods and places in the text are for the user. Raises
    `ParameterError` for the force whose ledger it is, or an empty ledger.
    """
    if not ledger.claims:
        raise ParameterError(
            "There is no filled ledger to take the claims from. Fix: use the embedded data folder."
        )
    own = ledger.claims[0].force_code
    if force.code == own:
        raise ParameterError(
            f"The report on {force.full_name} is in the ledger already. Fix: choose another force."
        )
    kept = {claim.claim_id for claim in ledger.claims if claim.unit == "grade" or _on_measures(claim)}
    out = io.StringIO()
    columns = [field["name"] for field in contracts.load(TABLE)["fields"]]
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    cycle = ledger.claims[0].cycle
    for claim in ledger.claims:
        if claim.claim_id in kept:
            writer.writerow(_row(claim, force, f"peel-{cycle}-{force.slug}", own, kept, columns))
    return out.getvalue()


def _on_measures(claim: Claim) -> bool:
    return (
        claim.subject != "other"
        and claim.value is not None
        and claim.basis != "plan"
        and any(call.name == "measure" for tree in claim.trees if _general(tree) for call in calls(tree))
    )


def _general(tree: Node) -> bool:
    """Whether evidence holds for a report of any year; bounds and samples name the days of one report."""
    return not any(call.name in ("between", "sampled") for call in calls(tree))


#: What a heading says of the report that it was written for, and what a heading of any report says instead.
_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_OF_ONE_REPORT = (
    (r", London\b", ", force"),
    (rf", year ending {_MONTH} \d{{4}}", ", an earlier year"),
    (rf", (?:{_MONTH} )\d{{4}}", ", a month"),
    (r", \d{4}(?:/\d\d)?", ", a year"),
    (r"\b\d{4}/\d\d", "the year"),
)


def _of_any_report(heading: str) -> str:
    """A heading without the place and the dates of the report that it was written for."""
    for words, others in _OF_ONE_REPORT:
        heading = re.sub(words, others, heading)
    return heading


def _row(
    claim: Claim, force: Force, report: str, own: str, kept: set[str], columns: list[str]
) -> dict[str, object]:
    evidence = [
        part.strip()
        for part in claim.evidence.split(";")
        if _general(parse(part))
        and all(not refers_to(call) or refers_to(call) in kept for call in calls(parse(part)))
    ]
    blank = replace(
        claim,
        report=report,
        force_code=force.code,
        subject=force.code if claim.subject == own else claim.subject,
        heading=_of_any_report(claim.heading),
        statement=f"{_of_any_report(claim.heading)}.",
        comparator=claim.comparator if claim.comparator in kept else "",
        evidence="; ".join(evidence),
        location="",
        label="",
    )
    empty = ("value", "decimals", "numerator", "denominator", "period_start", "period_end", "figure")
    row = {name: "" if name in empty else getattr(blank, name) for name in columns}
    return row | {"sense": "" if claim.unit == "grade" else claim.sense}
