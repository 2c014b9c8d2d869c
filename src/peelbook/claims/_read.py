"""Parse the rows of the ledger's table into claims; collect the faults of rows, of their evidence and of the whole."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from peelbook import contracts
from peelbook.claims import _check, _expression
from peelbook.claims._expression import ExpressionError, alternatives
from peelbook.claims._ledger import TABLE, Claim, Ledger
from peelbook.errors import Fault, TableContractError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from peelbook.catalogue import Catalogue


def read(catalogue: Catalogue, force_code: str) -> Ledger:
    """Return the ledger of one force's report, empty where nobody has entered one.

    Raises `TableContractError` with every fault of the rows and of their evidence, or what
    `Catalogue.table` raises.
    """
    own = catalogue.supplied_file(TABLE)
    try:
        frame = catalogue.table(TABLE)
    except TableContractError as error:
        if own is None or error.file != str(own):
            raise
        raise TableContractError(own, every_fault(own, error.faults)) from error
    rows = frame[frame["force_code"] == force_code]
    if own is None:
        return of_frame(rows)
    try:
        return of_frame(rows)
    except TableContractError as error:
        # The rows of the user's file follow those of the book.
        before = len(frame) - len(contracts.read_csv(own, TABLE))
        raise TableContractError(own, [_in_own_file(fault, before) for fault in error.faults]) from error


def _in_own_file(fault: Fault, before: int) -> Fault:
    """A fault of the joint table with its line in the user's file, below whose rows `before` rows of the book stand."""
    if fault.row is None:
        return fault
    if fault.row - before < _FIRST_LINE:
        return replace(fault, of="the book's own ledger")
    return replace(fault, row=fault.row - before)


def every_fault(path: Path, known: Sequence[Fault]) -> list[Fault]:
    """Return the `known` faults of a ledger's file against its contract, with those of the rows themselves.

    A cell with a known fault is not reported again, and claims that rest on a faulty row are not checked.
    """
    known = [_word_in_value(fault) for fault in known]
    try:
        frame = contracts.as_far_as_typed(path, TABLE)
    except TableContractError:
        return known
    seen = {(fault.row, fault.column) for fault in known}
    _, found = _checked(frame, {fault.row for fault in known if fault.row is not None})
    more = [fault for fault in found if (fault.row, fault.column) not in seen]
    return _sorted([*known, *more])


def _word_in_value(fault: Fault) -> Fault:
    """A fault of `value`, which names the right column if the cell holds a grade or a comparison."""
    cell = fault.value
    if (
        fault.column != "value"
        or not cell
        or not all(part.isalpha() for part in cell.replace("-", " ").split())
    ):
        return fault
    fix = "put a grade or a comparison into label, and leave value, decimals and sense empty"
    return replace(fault, rule="a word and not a number", fix=fix)


def of_text(text: str, source: str = "claims.csv") -> Ledger:
    """Return the ledger of a draft, the rows of a CSV text, in which periods may still be missing.

    Raises `TableContractError` with every other fault.
    """
    import pandas as pd

    frame = pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False, na_values=[""])
    frame = contracts.validate(frame, TABLE, source=source)
    ledger, faults = _checked(frame)
    return _without(source, ledger, [fault for fault in faults if fault.rule != _NO_PERIOD])


def of_frame(frame: pd.DataFrame, source: str = "claims.csv") -> Ledger:
    """Return the ledger of a typed frame. Raises `TableContractError` with every fault."""
    return _without(source, *_checked(frame))


def _without(source: str, ledger: Ledger, faults: Sequence[Fault]) -> Ledger:
    if faults:
        raise TableContractError(source, _sorted(faults))
    return ledger


#: Functions of evidence that are worked out for the period of the claim, unless they name another.
_OF_A_PERIOD = ("measure", "beyond", "total")

_NO_PERIOD = "empty, and the evidence is worked out for the period of the claim"

#: The CSV's line of the first row: the header is line 1.
_FIRST_LINE = 2


def _checked(frame: pd.DataFrame, broken: Collection[int] = ()) -> tuple[Ledger, list[Fault]]:
    """The ledger of a typed frame and its faults; rows on the lines `broken` cause no further fault."""
    claims: list[Claim] = []
    faults: list[Fault] = []
    lines = [int(index) + _FIRST_LINE for index in frame.index]
    for line, row in zip(lines, frame.to_dict("records"), strict=True):
        claim, found = _claim(row, line)
        claims.append(claim)
        faults += found
    if broken:
        bad = {claim.claim_id for claim, line in zip(claims, lines, strict=True) if line in broken}
        claims = [replace(claim, trees=()) if _rests_on(claim, bad) else claim for claim in claims]
    ledger = Ledger(claims)
    return ledger, faults + _check.faults(ledger, lines)


def _rests_on(claim: Claim, bad: Collection[str]) -> bool:
    """Whether a claim is one of these, or has evidence that may read one of them."""
    return claim.claim_id in bad or any(
        call.name == "quantity" or _check.refers_to(call) in bad
        for tree in claim.trees
        for call in _expression.calls(tree)
    )


def _sorted(faults: Iterable[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: (fault.row or 0, fault.column))


def claim_of(row: Mapping[str, Any]) -> Claim:
    """Return one row of the table as a claim, without the checks of a whole ledger."""
    return _claim(row, 0)[0]


def _claim(row: Mapping[str, Any], line: int) -> tuple[Claim, list[Fault]]:
    import pandas as pd

    cells = {name: None if pd.isna(value) else value for name, value in row.items()}
    faults: list[Fault] = []

    def fault(column: str, rule: str, fix: str) -> None:
        faults.append(Fault(column, line, str(cells[column] or ""), rule, fix, str(cells["claim_id"])))

    text = {
        name: str(cells[name] or "")
        for name in (
            "claim_id",
            "report",
            "force_code",
            "section",
            "heading",
            "statement",
            "quantity",
            "subject",
            "sense",
            "unit",
            "basis",
            "label",
            "comparator",
            "publication",
            "evidence",
            "location",
        )
    }
    value = None if cells["value"] is None else Fraction(repr(float(cells["value"])))
    decimals = int(cells["decimals"] or 0)
    if value is not None:
        if cells["decimals"] is None:
            fault("decimals", "empty beside a value", "give the number of decimals as printed")
        elif (value * Fraction(10) ** decimals).denominator != 1:
            fault("decimals", "fewer than the value has", "give the number of decimals as printed")
        if not text["sense"]:
            fault("sense", "empty beside a value", "give =, ~, >, <, >= or <=")
    if (cells["numerator"] is None) != (cells["denominator"] is None):
        fault("denominator", "x of y needs both numbers", "fill numerator and denominator, or neither")
    elif cells["numerator"] is not None:
        if cells["numerator"] > cells["denominator"]:
            fault("numerator", "larger than its denominator", "check the two numbers")
        if value != int(cells["numerator"]):
            fault("value", "not the numerator of x of y", "repeat the numerator as the value")
    if not text["claim_id"].startswith(f"{text['section']}."):
        fault("claim_id", "does not start with its section", f"start it with {text['section']}.")
    trees: tuple[_expression.Node, ...] = ()
    if text["evidence"]:
        try:
            trees = tuple(alternatives(text["evidence"]))
        except ExpressionError as error:
            fault("evidence", str(error), "see the language of evidence in the documentation")
    if (value is not None or text["label"]) and cells["period_end"] is None and _needs_period(trees):
        fix = "give the last day of the period that the report names, such as 2023-03-31"
        fault("period_end", _NO_PERIOD, fix)
    return (
        Claim(
            **text,
            value=value,
            decimals=decimals,
            numerator=_whole(cells["numerator"]),
            denominator=_whole(cells["denominator"]),
            figure=_whole(cells["figure"]),
            period_start=_day(cells["period_start"]),
            period_end=_day(cells["period_end"]),
            trees=trees,
        ),
        faults,
    )


def _needs_period(trees: Iterable[_expression.Node]) -> bool:
    return any(
        call.name in _OF_A_PERIOD and "period" not in dict(call.named)
        for tree in trees
        for call in _expression.calls(tree)
    )


def _whole(cell: Any) -> int | None:
    return None if cell is None else int(cell)


def _day(cell: Any) -> dt.date | None:
    return None if cell is None else dt.date.fromisoformat(str(cell)[:10])
