"""The claims ledger: every number a report prints, checked against open data and against itself.

`evaluate` gives the verdicts, `cross_checks` the figures that must agree with one another, `label_agreement` the
report's words beside open rules. The rest puts them on pages: `box`, `report_markdown`, `to_json`.
"""

from __future__ import annotations

from peelbook.claims._changes import flipped, waiting
from peelbook.claims._cross_checks import CrossCheck, cross_checks
from peelbook.claims._evaluate import evaluate, evaluate_ledger
from peelbook.claims._expression import ExpressionError
from peelbook.claims._labels import LabelCheck, label_agreement, two_averages
from peelbook.claims._ledger import Claim, Entered, Ledger, filled, not_filled, reported
from peelbook.claims._pages import (
    FOLDER,
    Cite,
    box,
    files,
    guide_markdown,
    overview_markdown,
    printed,
    report_markdown,
    rows,
    summary,
    to_json,
)
from peelbook.claims._read import every_fault, of_frame, of_text, read
from peelbook.claims._skeleton import FILLING, skeleton
from peelbook.claims._verdict import VERDICTS, Alternative, Verdict
from peelbook.claims._wording import CAUSES, ICONS, MEANINGS, tally

__all__ = [
    "CAUSES",
    "FILLING",
    "FOLDER",
    "ICONS",
    "MEANINGS",
    "VERDICTS",
    "Alternative",
    "Cite",
    "Claim",
    "CrossCheck",
    "Entered",
    "ExpressionError",
    "LabelCheck",
    "Ledger",
    "Verdict",
    "box",
    "cross_checks",
    "evaluate",
    "evaluate_ledger",
    "every_fault",
    "files",
    "filled",
    "flipped",
    "guide_markdown",
    "label_agreement",
    "not_filled",
    "of_frame",
    "of_text",
    "overview_markdown",
    "printed",
    "read",
    "report_markdown",
    "reported",
    "rows",
    "skeleton",
    "summary",
    "tally",
    "to_json",
    "two_averages",
    "waiting",
]
