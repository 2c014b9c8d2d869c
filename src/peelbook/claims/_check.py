"""Checks of a whole ledger without any data: references, units and circles.

Kept apart from evaluation so that a fault in evidence is found even where the data it needs are not here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

from peelbook.claims._expression import Call, Constant, Node, Number, Operation, Text, calls
from peelbook.claims._ledger import TABLE, Claim, Ledger
from peelbook.claims._units import NUMBER, UNITS, Unit, UnitError, added, multiplied, of_measure
from peelbook.errors import Fault, PeelbookError

#: Comparisons are true or false, grades are words; neither takes part in arithmetic.
TRUTH = Unit(kind="truth")
GRADE = UNITS["grade"]

#: What each function takes: how many plain arguments (least, most), and which named ones (`*`: any).
SIGNATURES: Mapping[str, tuple[int, int, tuple[str, ...]]] = {
    "claim": (1, 1, ()),
    "numerator": (1, 1, ()),
    "denominator": (1, 1, ()),
    "labelled": (2, 2, ()),
    "quantity": (1, 1, ("years",)),
    "measure": (1, 1, ("*",)),
    "beyond": (2, 2, ("*",)),
    "total": (2, 2, ("*",)),
    "between": (2, 2, ()),
    "sampled": (1, 2, ()),
    "grade": (1, 1, ()),
    "grades": (0, 1, ()),
    "forces": (0, 0, ()),
    "amount": (2, 2, ()),
    "sum": (1, 20, ()),
    "min": (1, 20, ()),
    "max": (1, 20, ()),
    "share": (2, 2, ()),
    "rate": (3, 3, ()),
    "increase": (2, 2, ()),
    "decrease": (2, 2, ()),
    "wald_margin": (2, 2, ()),
    "wald_sample": (2, 2, ()),
    "attainable_share": (1, 1, ()),
}

#: The years that a period in evidence can end in: those for which `overlay/periods.toml` lets tables have rows.
_FIRST_YEAR, _LAST_YEAR = 1990, 2100

#: Functions whose first argument names a claim of the same ledger.
OF_CLAIMS = ("claim", "numerator", "denominator", "labelled")


#: Which side of the usual range of forces `beyond` asks about.
SIDES = ("higher", "lower")


class EvidenceError(PeelbookError):
    """Evidence that parses and still makes no sense: an unknown name, or a wrong argument."""


def faults(ledger: Ledger, lines: Sequence[int]) -> list[Fault]:
    """Return every fault between rows: unknown comparators and references, units, circles."""
    found: list[Fault] = []

    def fault(claim: Claim, line: int, column: str, rule: str, fix: str) -> None:
        found.append(Fault(column, line, str(getattr(claim, column)), rule, fix, claim.claim_id))

    for claim, line in zip(ledger.claims, lines, strict=True):
        if claim.comparator and claim.comparator not in ledger:
            fault(
                claim,
                line,
                "comparator",
                "no claim has this id",
                "use the claim_id of the figure compared with",
            )
        for tree in claim.trees:
            try:
                fits(claim, unit_of(tree, claim, ledger))
            except (EvidenceError, UnitError) as error:
                rule, _, fix = str(error).partition(" Fix: ")
                fix = fix.rstrip(".") or "mend the expression, or the unit of the claim"
                fault(claim, line, "evidence", rule.rstrip("."), fix)
    line_of = dict(zip((claim.claim_id for claim in ledger.claims), lines, strict=True))
    for ring in circles(ledger):
        claim = ledger[ring[0]]
        fault(
            claim,
            line_of[ring[0]],
            "evidence",
            f"argues in a circle: {' → '.join([*ring, ring[0]])}",
            "let one of them rest on data, or on nothing",
        )
    return found


def circles(ledger: Ledger) -> list[list[str]]:
    """Return the rings of claims whose evidence leads back to themselves, each ring once."""
    edges = {
        claim.claim_id: [
            name for tree in claim.trees for call in calls(tree) if (name := refers_to(call)) in ledger
        ]
        for claim in ledger.claims
    }
    rings: list[list[str]] = []
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> None:
        if name in path:
            rings.append(path[path.index(name) :])
            return
        if name in done:
            return
        for other in edges[name]:
            walk(other, [*path, name])
        done.add(name)

    for name in edges:
        walk(name, [])
    return rings


def refers_to(call: Call) -> str:
    """The claim a call names, or `""`."""
    if call.name in OF_CLAIMS and call.arguments and isinstance(call.arguments[0], Text):
        return call.arguments[0].value
    return ""


def fits(claim: Claim, unit: Unit) -> None:
    """Raise `UnitError` unless a figure of this unit can be evidence for the claim."""
    if claim.unit == "grade" or unit == GRADE:
        if not (claim.unit == "grade" and unit == GRADE):
            raise UnitError("only a grade is evidence for a grade")
    elif claim.value is None and unit != TRUTH and claim.label:
        raise UnitError("a claim without a number needs a comparison as evidence")
    elif claim.value is not None and unit == TRUTH:
        raise UnitError("a comparison is not evidence for a number")
    elif unit != TRUTH:
        added(claim.unit_definition, unit, "compare")


def unit_of(node: Node, claim: Claim, ledger: Ledger) -> Unit:
    """Return the unit of an expression. Raises `EvidenceError` or `UnitError`; reads no data."""
    if isinstance(node, Number):
        return NUMBER
    if isinstance(node, Text):
        raise EvidenceError(f"the text {node.value!r} is not a figure")
    if isinstance(node, Operation):
        left, right = unit_of(node.left, claim, ledger), unit_of(node.right, claim, ledger)
        if {left, right} & {TRUTH, GRADE}:
            raise UnitError("a comparison or a grade cannot be used in arithmetic")
        if node.sign in ("+", "-"):
            return added(left, right, "add" if node.sign == "+" else "subtract")
        if node.sign in ("*", "/"):
            return multiplied(left, right, 1 if node.sign == "*" else -1)
        added(left, right, "compare")
        return TRUTH
    return _unit_of_call(node, claim, ledger)


def _unit_of_call(call: Call, claim: Claim, ledger: Ledger) -> Unit:
    check_signature(call)
    name = call.name
    if name in OF_CLAIMS:
        other = named(call, ledger)
        if name == "labelled":
            text(call, 1)
            return TRUTH
        if name == "claim":
            if other.unit == "grade" or (other.value is None and other.label):
                raise EvidenceError(f"the claim {other.claim_id!r} has no value")
            return other.unit_definition
        if other.denominator is None:
            raise EvidenceError(f"the claim {other.claim_id!r} is not an x of y")
        return UNITS["count"]
    if name == "quantity":
        units = {item.unit for item in ledger.claims if item.quantity == text(call, 0)}
        return UNITS[min(units)] if units else NUMBER
    if name == "measure":
        return _unit_of_measure(call)
    if name == "beyond":
        if text(call, 1) not in SIDES:
            raise EvidenceError(f"beyond takes a measure and one of: {', '.join(SIDES)}")
        _unit_of_measure(call)
        return TRUTH
    if name == "total":
        table, column = text(call, 0), text(call, 1)
        if table == TABLE:
            raise EvidenceError("the ledger is no evidence for itself. Fix: name a table of data")
        _known_column(table, column)
        for key, value in call.named:
            if key in ("quarters", "back"):
                if value not in range(1, 21):
                    raise EvidenceError(f"{key} is not a whole number from 1 to 20")
            elif key not in _fields(table):
                _known_place(name, key, value)
        return unit_of_column(column)
    if name == "grade":
        text(call, 0)
        return GRADE
    if name in ("grades", "forces"):
        if call.arguments:
            text(call, 0)
        return UNITS["count"]
    if name == "amount":
        if not isinstance(call.arguments[0], Number) or text(call, 1) not in UNITS:
            raise EvidenceError("amount takes a number and a unit of the ledger")
        return UNITS[text(call, 1)]
    units_ = [unit_of(argument, claim, ledger) for argument in call.arguments]
    if {TRUTH, GRADE} & set(units_):
        raise UnitError(f"{name} takes figures, not a comparison or a grade")
    if name == "sampled":
        added(UNITS["percent"], units_[0], "compare")
        if claim.denominator is None:
            raise EvidenceError(f"the claim {claim.claim_id!r} is not an x of y")
        return added(UNITS["count"], units_[-1] if len(units_) > 1 else UNITS["count"], "compare")
    return _unit_of_arithmetic(call, units_)


def _unit_of_arithmetic(call: Call, units: Sequence[Unit]) -> Unit:
    name = call.name
    if name in ("sum", "min", "max", "between"):
        unit = units[0]
        for other in units[1:]:
            unit = added(unit, other, "add" if name == "sum" else "compare")
        return unit
    if name in ("share", "increase", "decrease"):
        added(units[0], units[1], "divide" if name == "share" else "compare")
        return UNITS["percent"]
    if name == "rate":
        quotient = multiplied(units[0], units[1], -1)
        scale = call.arguments[2]
        names = {
            (): {1000: "per_1000", 100_000: "per_100000"},
            UNITS["gbp_per_1000"].dimensions: {1000: "gbp_per_1000"},
        }
        known = names.get(quotient.dimensions, {})
        if not isinstance(scale, Number) or scale.value not in known:
            raise UnitError(f"no claim is stated as {quotient} at this scale; use 1000 or 100000")
        return UNITS[known[int(scale.value)]]
    if name in ("wald_margin", "wald_sample"):
        added(UNITS["percent"], units[0], "compare")
    if name == "wald_sample":
        added(UNITS["percent"], units[1], "compare")
        return UNITS["count"]
    added(UNITS["count"], units[-1], "compare")
    return UNITS["percent"]


def _unit_of_measure(call: Call) -> Unit:
    from peelbook import measures

    try:
        measure = measures.registry()[text(call, 0)]
    except PeelbookError as error:
        raise EvidenceError(str(error)) from error
    side = None
    for key, value in call.named:
        if key == "part":
            side = {"numerator": measure.numerator, "denominator": measure.denominator}.get(str(value))
            if side is None or "numerator" not in measure.kind.columns or measure.denominator is None:
                raise EvidenceError(f"the measure {measure.id!r} has no counts as {value!r}")
        elif key not in measure.breakdowns:
            _known_place(call.name, key, value)
        elif allowed := measure.breakdowns[key]:
            given = value if isinstance(value, tuple) else (value,)
            if bad := [item for item in given if item not in allowed]:
                raise EvidenceError(f"the measure {measure.id!r} has no {key} {bad[0]!s}")
    return unit_of_column(side.columns[0][0]) if side else of_measure(measure.unit, measure.kind)


def _known_place(function: str, key: str, value: Constant) -> None:
    """Raise `EvidenceError` unless a named argument is a period or a subject, and well formed."""
    if key not in ("period", "subject"):
        raise EvidenceError(f"{function} has nothing to choose by {key!r} here")
    if key == "subject":
        if not isinstance(value, str) or not re.fullmatch(r"[EWK]\d{8}", value):
            raise EvidenceError(
                f"the subject {_shown(value)} is not an area code. Fix: write one such as E23000001"
            )
        return
    try:
        good = isinstance(value, str) and dt.date.fromisoformat(value).isoformat() == value
    except ValueError:
        good = False
    if not good or not _FIRST_YEAR <= int(str(value)[:4]) <= _LAST_YEAR:
        raise EvidenceError(
            f"the period {_shown(value)} is not a day from {_FIRST_YEAR} to {_LAST_YEAR}. "
            "Fix: write the last day of a period, as YYYY-MM-DD"
        )


def _shown(value: Constant) -> str:
    """A named argument as it stands in the evidence, cut where it is long."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def unit_of_column(column: str) -> Unit:
    """The unit of the sum of a column, by its suffix. Raises `UnitError` for rates and shares."""
    if column.endswith(("_rate", "_share")):
        raise UnitError(f"the column {column!r} cannot be added up")
    return UNITS["gbp" if column.endswith("_gbp") else "count"]


def _known_column(table: str, column: str) -> None:
    if _fields(table).get(column) not in ("integer", "number"):
        raise EvidenceError(f"the table {table!r} has no column of numbers {column!r}")


def _fields(table: str) -> dict[str, str]:
    from peelbook import contracts

    try:
        return {field["name"]: field["type"] for field in contracts.load(table)["fields"]}
    except PeelbookError as error:
        raise EvidenceError(str(error)) from error


def check_signature(call: Call) -> None:
    """Raise `EvidenceError` for an unknown function, or a wrong number or name of arguments."""
    if call.name not in SIGNATURES:
        raise EvidenceError(f"there is no function {call.name!r} (there are: {', '.join(SIGNATURES)})")
    least, most, keys = SIGNATURES[call.name]
    if not least <= len(call.arguments) <= most:
        raise EvidenceError(f"{call.name} takes {least if least == most else f'{least} to {most}'} arguments")
    if bad := [key for key, _ in call.named if key not in keys and "*" not in keys]:
        raise EvidenceError(f"{call.name} takes no {bad[0]!r}")


def text(call: Call, place: int) -> str:
    """The quoted text in one place of a call. Raises `EvidenceError` for anything else."""
    argument = call.arguments[place]
    if not isinstance(argument, Text):
        raise EvidenceError(f"{call.name} takes a name in quotes")
    return argument.value


def named(call: Call, ledger: Ledger) -> Claim:
    """The claim that a call names. Raises `EvidenceError` where there is none."""
    name = text(call, 0)
    if name not in ledger:
        raise EvidenceError(f"no claim has the id {name!r}")
    return ledger[name]
