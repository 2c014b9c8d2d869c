"""Which section of the book a heading of a report opens, by cycle, and which force and cycle a report is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from peelbook.claims.draft._templates import facts
from peelbook.errors import ReportFileError
from peelbook.sections import cycles, of_known_cycle

if TYPE_CHECKING:
    from peelbook.claims.draft._document import Document
    from peelbook.forces import Force, Forces


def _words(text: str) -> frozenset[str]:
    words = re.findall(
        r"[a-z]+", text.lower().replace("anti-social", "antisocial").replace("anti social", "antisocial")
    )
    return frozenset(word.rstrip("s") for word in words) - frozenset(facts("headings")["filler"])


def section_of_heading(text: str, cycle: str = "2023-25") -> str:
    """Return the stem of the section a heading opens, or an empty text.

    Levels and exact words vary between reports: a heading matches where nearly all of its words and of the title's
    words are the same.
    """
    own = _words(text)
    if not own or len(text) > 140 or re.search(r"\t|\s\d{1,3}$", text):
        return ""
    best, stem = 0.0, ""
    for name in of_known_cycle(cycle):
        for title in name.titles:
            wanted = _words(title)
            if (alike := len(own & wanted) / len(own | wanted)) > best:
                best, stem = alike, name.stem
    return stem if best >= 0.75 else ""


def cycle_of(document: Document) -> str:
    """Return the cycle a report names, as `2023-25`, or an empty text."""
    found = re.search(
        r"PEEL(?:\s+Assessment\s+Framework)?\s+(20\d\d)(?:\s*[/–-]\s*(?:20)?(\d\d))?", document.text, re.I
    )
    named = f"{found.group(1)}-{found.group(2)}" if found and found.group(2) else ""
    return named if named in cycles() else ""


def check_force(document: Document, force: Force, forces: Forces) -> None:
    """Refuse a report that is no PEEL report, or is about another force than the one given.

    Raises `ReportFileError` that names the force found.
    """
    text = document.text
    if re.search(
        r"fire and rescue service (?:is|was|has)\b|effectiveness and efficiency of .{0,40}fire", text, re.I
    ) and ("PEEL" not in text):
        raise ReportFileError(
            f"{document.source}: this reads like a report on a fire and rescue service. Fix: give a PEEL report."
        )
    if not re.search(r"\b(?:police|constabulary)\b", text, re.I):
        raise ReportFileError(
            f"{document.source}: the text never names a police force. Fix: give a PEEL report of HMICFRS."
        )
    counts = {item.code: _mentions(text, item) for item in forces}
    most = max(forces, key=lambda item: counts[item.code])
    if counts[most.code] >= 3 and most.code != force.code and counts[most.code] > 2 * counts[force.code]:
        raise ReportFileError(
            f"{document.source}: this report is about {most.full_name}, not {force.full_name}. "
            f"Fix: use --force {most.slug}, or give the report on {force.full_name}."
        )


def _mentions(text: str, force: Force) -> int:
    return len(re.findall(rf"\b{re.escape(force.full_name)}\b", text, re.I))
