"""The review page: the draft beside the report's sentences, with verdicts, as one local page without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from peelbook.claims.draft._review import ACCEPT, DROP, OPEN

#: The fields a reviewer most often sets, in the order of the page; the others fold away.
FIRST = (
    "heading",
    "value",
    "unit",
    "period_start",
    "period_end",
    "subject",
    "basis",
    "label",
    "evidence",
    "statement",
)


@cache
def _template():
    from jinja2 import Environment

    source = (files("peelbook.claims.draft") / "review.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)


def review_page(
    title: str,
    rows: Sequence[Mapping[str, str]],
    verdicts: Mapping[str, tuple[str, str]],
    token: str,
    *,
    show: str = "open",
    problem: str = "",
) -> str:
    """Return the page as HTML.

    `rows` are the rows of the review file; `verdicts` gives for a claim_id its verdict and reason; `token` goes
    with every form, so that no other page can send one; `show` is `open`, `all`, `accepted` or `dropped`;
    `problem` is a message that stands on top.
    """
    wanted = {
        "open": lambda row: row["decision"] == OPEN,
        "accepted": lambda row: row["decision"] == ACCEPT,
        "dropped": lambda row: row["decision"] == DROP,
        "all": lambda row: True,
    }
    shown = [(number, row) for number, row in enumerate(rows) if wanted.get(show, wanted["open"])(row)]
    counts: dict[str, Any] = {name: sum(test(row) for row in rows) for name, test in wanted.items()}
    return _template().render(
        title=title,
        shown=shown,
        verdicts=verdicts,
        token=token,
        show=show,
        counts=counts,
        problem=problem,
        first=FIRST,
        rest=[name for name in (rows[0] if rows else {}) if name not in FIRST and name not in _HIDDEN],
    )


_HIDDEN = ("decision", "status", "reason", "key", "drafted", "sentence", "report", "force_code")
