"""Drafts a claims ledger from a saved inspection report.

A report prints some two hundred numbers. Reading them into a ledger by hand takes a day. This package finds
every number, says where it stands and what kind it is, and fills in value, unit, period and evidence where the
sentence follows a known form. It never gives a verdict: what it cannot map it drafts as found, not mapped, and
a person reviews the draft before it becomes a ledger.
"""

from __future__ import annotations

from peelbook.claims.draft._document import Block, Document, read_report
from peelbook.claims.draft._draft import FOUND, MAPPED, NO_CLAIM, DraftRow, draft_claims
from peelbook.claims.draft._page import review_page
from peelbook.claims.draft._review import (
    apply_review,
    changed,
    ledger_text,
    read_review,
    review_file,
    save_review,
    write_draft,
)
from peelbook.claims.draft._sections import check_force, cycle_of, cycles

__all__ = [
    "FOUND",
    "MAPPED",
    "NO_CLAIM",
    "Block",
    "Document",
    "DraftRow",
    "apply_review",
    "changed",
    "check_force",
    "cycle_of",
    "cycles",
    "draft_claims",
    "ledger_text",
    "read_report",
    "read_review",
    "review_file",
    "review_page",
    "save_review",
    "write_draft",
]
