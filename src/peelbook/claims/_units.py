"""Units of printed and computed figures: what may be added, compared, divided, and how each is written.

A figure of 0.3 percent and one of 3 per 1,000 are the same number and not the same claim. Units carry
dimensions (count, £, months …), so that a division of the wrong things cannot pass for evidence, and a
scale, so that £m and £bn meet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from peelbook.errors import PeelbookError


class UnitError(PeelbookError):
    """Two figures are put together that do not measure the same kind of thing."""


@dataclass(frozen=True)
class Unit:
    """Dimensions with exponents, the scale to base units, and the name a dimensionless figure goes by.

    A quotient of two counts has no name of its own (`kind` is empty) and may be stated as a percentage, a
    rate or a multiple; a measured percentage is a percentage and nothing else.
    """

    dimensions: tuple[tuple[str, int], ...] = ()
    kind: str = ""
    factor: Fraction = Fraction(1)

    def __str__(self) -> str:
        if self.kind:
            return self.kind
        top = [name for name, power in self.dimensions if power > 0]
        bottom = [name for name, power in self.dimensions if power < 0]
        return (" × ".join(top) or "number") + (f" per {' × '.join(bottom)}" if bottom else "")


def _unit(kind: str = "", factor: Fraction | int = 1, /, **dimensions: int) -> Unit:
    return Unit(tuple(sorted(dimensions.items())), kind, Fraction(factor))


#: The units a claim may have. The scale is to people, pounds, months, seconds and plain ratios.
UNITS: Mapping[str, Unit] = {
    "count": _unit(count=1),
    "percent": _unit("percent", Fraction(1, 100)),
    "percentage_points": _unit("percent", Fraction(1, 100)),
    "per_1000": _unit("per_1000", Fraction(1, 1000)),
    "per_100000": _unit("per_100000", Fraction(1, 100_000)),
    "times": _unit("times"),
    "gbp": _unit(gbp=1),
    "gbp_million": _unit("", 1_000_000, gbp=1),
    "gbp_billion": _unit("", 1_000_000_000, gbp=1),
    "gbp_per_1000": _unit("", Fraction(1, 1000), gbp=1, count=-1),
    "seconds": _unit(seconds=1),
    "minutes": _unit("", 60, seconds=1),
    "hours": _unit("", 3600, seconds=1),
    "days": _unit("", 86_400, seconds=1),
    "weeks": _unit("", 604_800, seconds=1),
    "months": _unit(months=1),
    "years": _unit("", 12, months=1),
    "year": _unit(calendar=1),
    "financial_year": _unit(calendar=1),
    "per_year": _unit("", Fraction(1, 12), months=-1),
    "per_manager": _unit("per_manager"),
    "per_officer": _unit("per_officer"),
    "grade": _unit("grade"),
}

NUMBER = Unit()


def added(left: Unit, right: Unit, verb: str) -> Unit:
    """The unit of a sum, difference or comparison. Raises `UnitError` where the two do not go together."""
    if left.dimensions == right.dimensions and (left.kind == right.kind or not (left.kind and right.kind)):
        return left if left.kind else right
    raise UnitError(f"cannot {verb} {left} and {right}")


def multiplied(left: Unit, right: Unit, sign: int = 1) -> Unit:
    """The unit of a product (`sign` 1) or a quotient (-1)."""
    powers: dict[str, int] = dict(left.dimensions)
    for name, power in right.dimensions:
        powers[name] = powers.get(name, 0) + sign * power
    dimensions = tuple(sorted((name, power) for name, power in powers.items() if power))
    # A percentage times or over a bare number is still a percentage; all else loses its name.
    kind = ""
    if not dimensions and right == NUMBER:
        kind = left.kind
    elif not dimensions and left == NUMBER and sign == 1:
        kind = right.kind
    return Unit(dimensions, kind)


def of_measure(unit: str, kind: str) -> Unit:
    """The unit of a measure of the registry, from its printed unit and its kind."""
    if kind == "grade":
        return UNITS["grade"]
    if kind == "disparity":
        return UNITS["times"]
    if unit == "%":
        return UNITS["percent"]
    for text, name in (("per 1,000", "per_1000"), ("per 100,000", "per_100000")):
        if text in unit:
            return UNITS["gbp_per_1000" if unit.startswith("£") else name]
    if unit.startswith("£"):
        return UNITS["gbp"] if kind == "count" else Unit((("count", -1), ("gbp", 1)))
    for name in ("per_manager", "per_officer"):
        if unit.endswith(name.replace("_", " ")):
            return UNITS[name]
    return UNITS["count"] if kind in ("count", "published") else NUMBER
