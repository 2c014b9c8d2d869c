"""How claims and verdicts are put into words: printed values, computed values, reasons.

One place, so that the box on a page, the report, the JSON and the terminal say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from peelbook import formats
from peelbook.claims._calculator import GRADES
from peelbook.claims._units import UNITS

if TYPE_CHECKING:
    from peelbook.claims._calculator import Figure, Trace
    from peelbook.claims._cross_checks import CrossCheck
    from peelbook.claims._ledger import Claim
    from peelbook.claims._rules import Revision
    from peelbook.claims._verdict import Alternative

ICONS = {
    "reproduced": "✓",
    "reproduced: own data": "✓",
    "consistent": "≡",
    "restated elsewhere": "≈",
    "differs": "≠",
    "waiting for a table": "◔",
    "cannot be tested from outside": "○",
}

MEANINGS = {
    "reproduced": "Open data gives the same figure at the printed precision.",
    "reproduced: own data": "The user's own tables give the same figure at the printed precision.",
    "consistent": "Follows from other figures that the report prints, or from a rule of this book.",
    "restated elsewhere": "Another text about the same report says so, which is no independent test.",
    "differs": "What can be computed is another figure; the reasons tested are given.",
    "waiting for a table": "A published table would test it, which this book does not hold for that period; it is named.",
    "cannot be tested from outside": "A finding, a standard, a plan, or a record that only the force or HMICFRS holds.",
}


def tally(verdict: str, count: int) -> str:
    """A number of claims with a verdict: `2 differ`, `1 differs`, `40 waiting for a table`."""
    return f"{count:,} {'differ' if verdict == 'differs' and count != 1 else verdict}"


def to_fill_in(count: int) -> str:
    """A number of rows that hold nothing yet: `81 rows are not filled in`."""
    return formats.counted(count, "row is not filled in", "rows are not filled in")


CAUSES = {
    "vintage": "a later release of the data",
    "period": "another period",
    "population": "another population",
    "average": "another average",
    "definition": "another definition",
    "rounding": "rounding",
    "printed elsewhere": "another printing of the same figure",
    "unexplained": "nothing that was tested",
}

_SENSES = {"=": "", "~": "around ", ">": "more than ", "<": "less than ", ">=": "at least ", "<=": "up to "}

_TAILS = {
    "percentage_points": " percentage points",
    "per_1000": " per 1,000",
    "per_100000": " per 100,000",
    "times": " times",
    "gbp_million": " million",
    "gbp_billion": " billion",
    "gbp_per_1000": " per 1,000 people",
    "per_year": " a year",
    "per_manager": " for each manager",
    "per_officer": " for each officer",
}

#: Units of which there are only whole ones.
_COUNTED = ("count", "year", "financial_year")

_DURATIONS = ("seconds", "minutes", "hours", "days", "weeks", "months", "years")


def rounded(value: Fraction, decimals: int) -> Fraction:
    """Round half away from zero, exactly; negative `decimals` round to tens, hundreds and so on."""
    step = Fraction(10) ** -decimals
    sign = -1 if value < 0 else 1
    return sign * (abs(value) / step + Fraction(1, 2)).__floor__() * step


def decimal_text(value: Fraction, digits: int = 12) -> str:
    """A fraction as a plain decimal of at most `digits` significant digits, the same on every machine."""
    with localcontext() as context:
        context.prec = digits
        context.rounding = ROUND_HALF_UP
        number = Decimal(value.numerator) / Decimal(value.denominator)
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(claim: Claim, value: Fraction, decimals: int) -> str:
    """A value in the claim's unit with that unit: `19.8 per 1,000`, `£4.33 billion`, `18 months`."""
    exact = rounded(value, decimals)
    shown = Decimal(exact.numerator) / Decimal(exact.denominator)
    text = f"{abs(shown):,.{max(decimals, 0)}f}"
    if claim.unit == "year":
        text = text.replace(",", "")
    if claim.unit == "financial_year":
        text = f"{int(shown)}/{(int(shown) + 1) % 100:02d}"
    sign = formats.MINUS if exact < 0 else ""
    if claim.unit.startswith("gbp"):
        text = f"£{text}"
    if claim.unit == "percent":
        text = f"{text}%"
    if claim.unit in _DURATIONS:
        text = f"{text} {claim.unit.removesuffix('s') if abs(exact) == 1 else claim.unit}"
    return sign + text + _TAILS.get(claim.unit, "")


def printed(claim: Claim) -> str:
    """A claim's value as the report prints it: `£4.33 billion`, `78.9%`, `more than 50`, `2 of 26`.

    A grade is the grade; a comparison without a number is its label.
    """
    if claim.value is None:
        return claim.label.capitalize() if claim.label else formats.MISSING
    if claim.denominator is not None:
        return f"{claim.numerator:,} of {claim.denominator:,}"
    return _SENSES[claim.sense] + amount(claim, claim.value, claim.decimals)


def computed(claim: Claim, value: Fraction) -> str:
    """A computed value in the claim's unit, with one decimal more than printed unless it is whole.

    What is counted is always whole, though a table may count full-time equivalents.
    """
    decimals = max(claim.decimals, 0)
    whole = claim.unit in _COUNTED or (value.denominator == 1 and decimals == 0)
    return amount(claim, value, decimals if whole else decimals + 1)


def gap(claim: Claim, value: Fraction) -> str:
    """A difference with its sign, in the claim's unit (shares: percentage points)."""
    text = computed(claim, abs(value))
    if claim.unit_definition.dimensions == (("calendar", 1),):
        years = int(abs(value))
        text = f"{years} year{'' if years == 1 else 's'}"
    if claim.unit in ("percent", "percentage_points"):
        text = text.removesuffix(_TAILS["percentage_points"]).removesuffix("%") + " percentage points"
    return f"{'+' if value > 0 else formats.MINUS if value < 0 else ''}{text}"


def agreement(how: str, averages: Sequence[Alternative], trace: Trace) -> str:
    """Why a claim is reproduced or consistent, and of how many averages tried which fit."""
    if GRADES in trace.tables:
        start = "The table of judgments, from secondary sources, gives the same figure"
    elif trace.claims and trace.measures:
        start = "It follows from other printed figures and open data"
    elif trace.claims:
        start = "It follows from other figures in the report"
    else:
        start = "Open data gives the same figure"
    text = f"{start}{', within the rounding of what is printed' if how == 'within rounding' else ''}."
    fitting = formats.joined(f"the {item.label}" for item in averages if item.fits)
    tried = f"It fits {fitting}; {formats.cardinal(len(averages))} averages were tried." if fitting else ""
    return " ".join([text, *([tried] if tried else []), *trace.notes])


def implied(label: str, unit: str, decimals: int, figure: Figure) -> str:
    """What a printed figure implies, after its label, with the range that its rounding leaves."""

    def shown(value: Fraction) -> str:
        exact = rounded(value / UNITS[unit].factor, decimals)
        text = f"{Decimal(exact.numerator) / Decimal(exact.denominator):,.{decimals}f}"
        return f"{text}%" if unit == "percent" else text

    low, high = (shown(end) for end in figure.range)
    spread = "" if low == high else f" ({low} to {high} by its rounding)"
    return f"{label}: {shown(figure.value)}{spread}."


def beside(claim: Claim, tie: CrossCheck) -> str:
    """What the report prints that agrees or disagrees with an untested claim, from a cross-check of the two."""
    if tie.kind == "column":
        return f"{tie.gives}, {'as parts of one whole may' if tie.holds else 'more than one whole'}."
    verb = "agrees with" if tie.holds else "does not agree with"
    says, note = tie.says, tie.note
    if tie.kind == "comparison":
        says = f"Its wording, “{claim.label}”,"
        # What counts as expected or significant the report does not define.
        note = "Only the direction is tested." if "expected" in claim.label or "signif" in claim.label else ""
    return " ".join([f"{says} {verb} {tie.gives}.", *([note] if note else [])])


def outturn(claim: Claim, value: Fraction, by: Fraction) -> str:
    """A plan or forecast and what came of it."""
    same = computed(claim, value) == computed(claim, claim.value or Fraction(0))
    side = (
        "the same" if same else f"{gap(claim, abs(by)).removeprefix('+')} {'above' if by > 0 else 'below'} it"
    )
    return (
        f"{_UNTESTABLE['plan']} The outturn was {computed(claim, value)}, {side}, which says nothing about "
        "whether this was the forecast."
    )


def sampled(count: int, size: int, share: Fraction, usual: Sequence[str]) -> str:
    """A count of a sample beside the share of all."""
    percent = f"{float(100 * share):.1f}%"
    return (
        f"{count:,} of {size:,} is {100 * count / size:.1f}%; open data gives {percent} of all, for which "
        f"{usual[0]} to {usual[1]} of {size:,} would be usual in a sample."
    )


def comparison(claim: Claim, holds: bool, trace: Trace) -> str:
    """Why a comparison or a grade is borne out or not."""
    source = "the printed figures" if trace.claims else "open data"
    if claim.unit == "grade":
        return "The table of judgments, from secondary sources, states " + (
            "the same grade." if holds else "another grade."
        )
    said = f"The comparison holds by {source}." if holds else f"The comparison does not hold by {source}."
    return " ".join([said, *trace.notes])


def difference(
    claim: Claim,
    by: Fraction,
    cause: str,
    tried: Sequence[Alternative],
    trace: Trace,
    revisions: Sequence[Revision] = (),
    lead: str = "",
) -> tuple[str, str]:
    """Why a claim differs, in a sentence and in full: the gap, what fits, what was tried."""
    direction = "higher" if by > 0 else "lower"
    parts = [lead] if lead else []
    distance = gap(claim, abs(by)).removeprefix("+")
    parts.append(f"The computed figure is {distance} {direction} than the printed one.")
    fitting = next((item for item in tried if item.fits), None)
    if fitting:
        same = fitting.value - (claim.value or 0) == by
        value = "" if same else f" ({computed(claim, fitting.value)})"
        short = f"The printed figure fits {CAUSES[fitting.kind]}: {fitting.label}{value}."
        parts.append(short)
    elif cause == "vintage":
        vintage = "a change of vintage, not an error of the report."
        short = " ".join([*(rule.short for rule in revisions), f"That is {vintage}"])
        parts += [rule.reason for rule in revisions]
        parts.append(
            f"That accounts for the direction: {vintage} The release that the report used is not here, so the "
            "size cannot be tested."
        )
    elif tried:
        kinds = formats.joined(dict.fromkeys(CAUSES[item.kind] for item in tried))
        nearest = min(tried, key=lambda item: abs(item.value - (claim.value or 0)))
        short = "Nothing that was tested accounts for it."
        parts.append(
            f"Tested without a fit: {kinds}. The nearest of these gives {computed(claim, nearest.value)} ({nearest.label})."
        )
    else:
        short = "The data here allow no other way to work it out."
        parts.append(short)
    return short, " ".join([*parts, *trace.notes])


_UNTESTABLE = {
    "force told HMICFRS": "The force told HMICFRS this from its own records.",
    "HMICFRS audit": "An audit count of HMICFRS; the records it read are not published.",
    "HMICFRS collection": "HMICFRS collected this from forces and does not publish it by force.",
    "HMICFRS finding": "A finding of the inspection; no data on it are published.",
    "HMICFRS judgment": "A judgment or decision of HMICFRS.",
    "plan": "A plan or forecast, which data cannot bear out.",
    "standard": "A standard, not a measurement.",
    "open data": "The data exist in the open and are not in this book.",
    "other": "It rests on a source outside this book.",
}


def untestable(claim: Claim, reasons: Sequence[str]) -> str:
    """Why a claim cannot be tested, and what would settle it."""
    first = formats.joined(dict.fromkeys(reason.rstrip(".") for reason in reasons), last="and")
    text = f"{first}." if reasons else _UNTESTABLE[claim.basis]
    source = publication(claim)
    return text if source in text else f"{text} What would settle it: {source}."


def publication(claim: Claim) -> str:
    """The publication that would settle a claim, in words."""
    from peelbook import measures

    return measures.registry().publications.get(claim.publication, claim.publication)


def number(value: Any) -> str | None:
    """A fraction for JSON: its decimal text, or `None`."""
    return None if value is None else decimal_text(value)
