"""What new data did to the ledger, and what data would do: verdicts that flipped, claims that wait for a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from peelbook import measures
from peelbook.claims._expression import Text, calls

if TYPE_CHECKING:
    from peelbook.catalogue import Catalogue
    from peelbook.claims._verdict import Verdict


def flipped(before: Iterable[Verdict], after: Iterable[Verdict]) -> list[tuple[Verdict, Verdict]]:
    """Return the pairs of verdicts, before and after, on claims whose verdict is another one now."""
    known = {item.claim.claim_id: item for item in before}
    pairs = ((known.get(item.claim.claim_id), item) for item in after)
    return [(was, now) for was, now in pairs if was is not None and was.verdict != now.verdict]


def waiting(catalogue: Catalogue, verdicts: Iterable[Verdict]) -> dict[str, list[str]]:
    """Return, for each table that is not here, the claims whose evidence asks for it and that nothing else tests.

    Once a release of the table is ingested that covers their period, these claims are testable. Sorted by table.
    """
    from peelbook.claims._verdict import UNTESTED

    found: dict[str, list[str]] = {}
    for item in verdicts:
        if item.verdict not in UNTESTED:
            continue
        absent = {
            name
            for tree in item.claim.trees
            for call in calls(tree)
            for name in _tables(call.name, call.arguments)
            if not catalogue.has(name)
        }
        for name in absent:
            found.setdefault(name, []).append(item.claim.claim_id)
    return dict(sorted(found.items()))


def _tables(function: str, arguments: tuple[object, ...]) -> tuple[str, ...]:
    """The tables that a call of the evidence reads."""
    if not arguments or not isinstance(arguments[0], Text):
        return ()
    name = arguments[0].value
    if function == "total":
        return (name,)
    known: Mapping[str, measures.Measure] = measures.registry()
    return tuple(known[name].tables) if function == "measure" and name in known else ()
