"""Evaluate evidence: expressions over measures, tables and printed claims, in exact fractions.

Printed figures are rounded, so each carries the range it may have come from; a computed figure's range
is a point. What cannot be worked out is said in words and never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from peelbook.claims._check import named, text, unit_of, unit_of_column
from peelbook.claims._expression import Call, Node, Number, Operation
from peelbook.claims._ledger import TABLE, Claim, Ledger
from peelbook.claims._units import NUMBER, UNITS, Unit, added, multiplied
from peelbook.forces import ENGLAND_AND_WALES
from peelbook.measures._kinds import COUNT

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.catalogue import Catalogue

#: City of London Police. The report leaves it out of its England and Wales outcome rates (note to figure 4).
CITY_OF_LONDON = "E23000034"

#: 97.5th percentile of the standard normal distribution, as tables print it.
Z_95 = Fraction(196, 100)

POOLED = "total over total"
POOLED_LESS_CITY = "total over total, without City of London"
MEAN = "mean of forces"
MEAN_LESS_CITY = "mean of forces, without City of London"
#: The table of grades. It comes from texts about the same report: it restates them and does not reproduce them.
GRADES = "judgments"
#: The table of populations, by area of a territorial force.
AREAS = "population"
AVERAGES = (POOLED, POOLED_LESS_CITY, MEAN, MEAN_LESS_CITY)


class Unavailable(Exception):
    """A figure cannot be calculated, and why. `period` is set where only this period is missing."""

    def __init__(self, reason: str, *, period: bool = False):
        super().__init__(reason)
        self.reason, self.period = reason, period


@dataclass(frozen=True)
class Figure:
    """A figure in base units, with the range that its rounded inputs allow."""

    value: Fraction
    unit: Unit = NUMBER
    low: Fraction | None = None
    high: Fraction | None = None

    @property
    def range(self) -> tuple[Fraction, Fraction]:
        """The least and greatest value."""
        return (
            self.value if self.low is None else self.low,
            self.value if self.high is None else self.high,
        )


Result = Figure | bool | str


@dataclass(frozen=True)
class Assumptions:
    """Assumptions of a calculation, which an alternative changes: average, period, population, rounding of inputs."""

    average: str = POOLED
    period_end: Any = None
    population_end: Any = None
    cut: bool = False


@dataclass
class Trace:
    """What an evaluation used."""

    tables: list[str] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    measures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    own_rule: bool = False  # a rule of this book, which HMICFRS does not state

    def add(self, kind: str, *names: str) -> None:
        """Note names once, in order of first use."""
        known: list[str] = getattr(self, kind)
        known += [name for name in dict.fromkeys(names) if name not in known]


class Calculator:
    """Evaluates expressions for one ledger over one catalogue."""

    def __init__(self, catalogue: Catalogue, ledger: Ledger):
        self.catalogue = catalogue
        self.ledger = ledger

    def work_out(
        self, node: Node, claim: Claim, setting: Assumptions | None = None, trace: Trace | None = None
    ) -> Result:
        """Return the figure, truth or grade of an expression as evidence for a claim.

        Raises `Unavailable` where data or a printed figure is missing.
        """
        return _Run(self.catalogue, self.ledger, claim, setting or Assumptions(), trace or Trace()).result(
            node
        )

    def frame(self, measure_id: str, **dimension: Any) -> pd.DataFrame:
        """The measure for all forces and periods. Raises `Unavailable` naming the missing publication."""
        from peelbook import formats, measures
        from peelbook.errors import MissingTableError

        try:
            return measures.compute(self.catalogue, measure_id, **dimension)
        except MissingTableError:
            registry = measures.registry()
            absent = [name for name in registry[measure_id].tables if not self.catalogue.has(name)]
            needed = formats.joined(dict.fromkeys(registry.publications[name] for name in absent))
            raise Unavailable(f"It needs data that are not in this book: {needed}.") from None


def printed(claim: Claim, *, cut: bool = False) -> Figure:
    """Return a claim's value in base units with the range its rounding allows.

    Whole counts, years and standards are exact. A figure "around" v may lie one unit of the last printed place
    either way. Raises `Unavailable` for a limit such as "more than 50", which is no figure to compute with.
    """
    if claim.value is None:
        raise Unavailable(f"The claim {claim.claim_id} has no value yet.")
    if claim.sense not in ("=", "~"):
        raise Unavailable(f"The claim {claim.claim_id} is a limit, not a figure.")
    unit = claim.unit_definition
    value = claim.value * unit.factor
    step = claim.step * unit.factor
    base = Unit(unit.dimensions, unit.kind)
    whole = unit.dimensions in ((("count", 1),), (("calendar", 1),)) and claim.decimals == 0
    if claim.sense == "~":
        return Figure(value, base, value - step, value + step)
    if whole or claim.basis == "standard":
        return Figure(value, base)
    return (
        Figure(value, base, value, value + step)
        if cut
        else Figure(value, base, value - step / 2, value + step / 2)
    )


def combined(left: Figure, right: Figure, sign: str) -> Figure:
    """Return `left sign right` with its range. Raises `Unavailable` for a division by (possibly) zero."""
    unit = (
        added(left.unit, right.unit, "add")
        if sign in "+-"
        else multiplied(left.unit, right.unit, 1 if sign == "*" else -1)
    )
    if sign == "/" and right.range[0] <= 0 <= right.range[1]:
        raise Unavailable("It would divide by zero.")
    operate: Callable[[Fraction, Fraction], Fraction] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
    }[sign]
    corners = [operate(a, b) for a in left.range for b in right.range]
    return Figure(operate(left.value, right.value), unit, min(corners), max(corners))


def root(square: Fraction) -> Fraction:
    """The square root to 40 significant digits."""
    with localcontext() as context:
        context.prec = 40
        return Fraction((Decimal(square.numerator) / Decimal(square.denominator)).sqrt())


class _Run:
    """One evaluation of one expression."""

    def __init__(
        self, catalogue: Catalogue, ledger: Ledger, claim: Claim, setting: Assumptions, trace: Trace
    ):
        self.catalogue, self.ledger, self.claim = catalogue, ledger, claim
        self.setting, self.trace = setting, trace

    def result(self, node: Node) -> Result:
        if isinstance(node, Number):
            return Figure(node.value)
        if isinstance(node, Operation):
            left, right = self.figure(node.left), self.figure(node.right)
            if node.sign in "+-*/":
                return combined(left, right, node.sign)
            return {
                "<": left.value < right.value,
                ">": left.value > right.value,
                "<=": left.value <= right.value,
                ">=": left.value >= right.value,
            }[node.sign]
        if isinstance(node, Call):
            return getattr(self, f"do_{node.name}")(node)
        raise TypeError(node)

    def figure(self, node: Node) -> Figure:
        result = self.result(node)
        if not isinstance(result, Figure):
            raise TypeError(f"{node} is no figure")
        return result

    def figures(self, call: Call) -> list[Figure]:
        return [self.figure(argument) for argument in call.arguments]

    # --- what the report prints

    def other(self, call: Call) -> Claim:
        claim = named(call, self.ledger)
        self.trace.add("claims", claim.claim_id)
        self.trace.add("tables", TABLE)
        return claim

    def do_claim(self, call: Call) -> Figure:
        return printed(self.other(call), cut=self.setting.cut)

    def do_numerator(self, call: Call) -> Figure:
        return _count(self.other(call).numerator)

    def do_denominator(self, call: Call) -> Figure:
        return _count(self.other(call).denominator)

    def do_labelled(self, call: Call) -> bool:
        return text(call, 1) in self.other(call).label.split()

    def do_quantity(self, call: Call) -> Figure:
        """The printed claim of a quantity for the subject and period at hand, or some years away."""
        import pandas as pd

        end = self.claim.period_end
        years = dict(call.named).get("years")
        if isinstance(years, Fraction) and end is not None:
            end = (pd.Timestamp(end) + pd.DateOffset(years=int(years))).date()
        for claim in self.ledger.printing(text(call, 0), subject=self.claim.subject):
            if claim.period_end == end:
                self.trace.add("claims", claim.claim_id)
                return printed(claim)
        raise Unavailable(f"The report prints no {text(call, 0)} for this subject and period.")

    # --- what the tables hold

    def do_grade(self, call: Call) -> str:
        frame = Calculator(self.catalogue, self.ledger).frame(
            "grade", area_code=text(call, 0), cycle=self.claim.cycle
        )
        self.used("grade")
        rows = frame[frame["force_code"] == self.claim.force_code]
        if rows.empty:
            raise Unavailable("The table of judgments states no grade for this force, area and cycle.")
        return str(rows["grade"].iloc[0]).casefold()

    def do_grades(self, call: Call) -> Figure:
        """How many areas the table of judgments grades, or grades so: the ledger's own rows are no evidence."""
        wanted = text(call, 0) if call.arguments else None
        if self.catalogue.lacks(GRADES):
            raise Unavailable("The table of judgments is not in this book.")
        rows = self.catalogue.table(GRADES)
        cycle = self.claim.cycle
        rows = rows[(rows["force_code"] == self.claim.force_code) & (rows["cycle"] == cycle)]
        if rows.empty:
            raise Unavailable("The table of judgments states no grade for this force and cycle.")
        self.trace.add("tables", GRADES)
        return _count(sum(wanted in (None, grade.casefold()) for grade in rows["grade"]))

    def do_forces(self, call: Call) -> Figure:
        """How many territorial forces the population estimates cover; the book's own list is no evidence."""
        if self.catalogue.lacks(AREAS):
            raise Unavailable("The population estimates are not in this book.")
        self.trace.add("tables", AREAS)
        return _count(len(set(self.catalogue.table(AREAS)["force_code"]) - {ENGLAND_AND_WALES}))

    def do_measure(self, call: Call) -> Figure:
        from peelbook import measures

        name = text(call, 0)
        options = {key: _plain(value) for key, value in call.named}
        part = options.pop("part", None)
        subject = options.pop("subject", self.claim.subject)
        period = options.pop("period", None) or self.setting.period_end or self.claim.period_end
        measure = measures.registry()[name]
        if period is None:
            raise Unavailable("The report gives no period for this figure.")
        if name == "population_count" and self.setting.population_end is not None:
            period = self.setting.population_end
        frame = Calculator(self.catalogue, self.ledger).frame(name, **options)
        self.used(name)
        rows = _at(frame, period)
        if self.setting.population_end is not None and _per_head(measure):
            rows = self.repopulated(rows)
        unit = unit_of(call, self.claim, self.ledger)
        base = Unit(unit.dimensions, unit.kind)
        own = rows[rows["force_code"] == subject]
        if not own.empty:
            return Figure(exact(own.iloc[-1], measure, unit, part), base)
        if subject != ENGLAND_AND_WALES or rows.empty:
            self.missing(name, subject, period, options)
        return Figure(self.average(rows, measure, unit, part), base)

    def do_beyond(self, call: Call) -> bool:
        """Whether the force lies beyond the funnel limits of all forces, on the side that the report names."""
        import pandas as pd

        from peelbook import compare, formats, measures

        name, side = text(call, 0), text(call, 1)
        options = {key: _plain(value) for key, value in call.named}
        day = pd.Timestamp(options.pop("period", None) or self.setting.period_end or self.claim.period_end)
        frame = Calculator(self.catalogue, self.ledger).frame(name, **options)
        self.used(name)
        if pd.isna(day) or not (frame["period_end"] == day).any():
            self.missing(name, self.claim.force_code, day, options)
        found = compare.against_peers(frame, self.claim.force_code, day)
        if not found or found.funnel_verdict is None or found.z is None:
            raise Unavailable(f"The funnel rule cannot speak of {measures.registry()[name].label.lower()}.")
        self.trace.own_rule = True
        self.trace.add(
            "notes",
            f"The funnel rule of this book calls the force {found.funnel_verdict} "
            f"({formats.signed(found.z, 1)} standard errors); the report does not give its own rule.",
        )
        return found.funnel_verdict == f"{side} than expected"

    def missing(self, name: str, subject: str, period: Any, options: dict[str, Any]) -> None:
        """Raise `Unavailable` with the measure's own words for why."""
        from peelbook import formats, measures

        measure = measures.registry()[name]
        if subject != ENGLAND_AND_WALES and subject not in self.catalogue.forces:
            raise Unavailable("The figure is not about a police force.")
        answer = measures.at(self.catalogue, name, subject, period, **options)
        reason = getattr(answer, "reason", "")
        if subject == ENGLAND_AND_WALES or not reason:
            source = formats.joined(measure.publications)
            reason = f"{source}: the tables here have no figure for the {measure.period_name(period)}."
        raise Unavailable(reason, period=True)

    def average(self, rows: pd.DataFrame, measure: Any, unit: Unit, part: str | None) -> Fraction:
        """England and Wales from the rows of the forces, by the average of the setting."""
        kind = self.setting.average
        if kind in (POOLED_LESS_CITY, MEAN_LESS_CITY):
            rows = rows[rows["force_code"] != CITY_OF_LONDON]
        if kind == POOLED and len(rows) < len(self.catalogue.forces):
            self.trace.add("notes", f"{len(rows)} of {len(self.catalogue.forces)} forces have data.")
        if kind in (MEAN, MEAN_LESS_CITY) and part is None and measure.kind != COUNT:
            return _total(exact(row, measure, unit, None) for _, row in rows.iterrows()) / len(rows)
        if not measure.kind.columns:
            raise Unavailable(f"{measure.label} is given as a rate only, so no total over total can be had.")
        if measure.kind == COUNT or part:
            return _total(exact(row, measure, unit, part) for _, row in rows.iterrows())
        sums = [_total(_fraction(cell) for cell in rows[name]) for name in measure.kind.columns]
        return measure.kind.total(sums, 1)[0]

    def repopulated(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows with the population of another mid-year as denominator."""
        people = _at(
            Calculator(self.catalogue, self.ledger).frame("population_count"), self.setting.population_end
        )
        merged = rows.drop(columns="denominator").merge(
            people[["force_code", "value"]].rename(columns={"value": "denominator"}), on="force_code"
        )
        self.used("population_count")
        return merged

    def do_total(self, call: Call) -> Figure:
        """A column of a table added up for a subject: at a period, or over the quarters of a year to it."""
        import pandas as pd

        table, column = text(call, 0), text(call, 1)
        options = {key: _plain(value) for key, value in call.named}
        subject = options.pop("subject", self.claim.subject)
        period = options.pop("period", None) or self.setting.period_end or self.claim.period_end
        quarters, back = int(options.pop("quarters", 1)), int(options.pop("back", 0))
        if self.catalogue.lacks(table):
            raise Unavailable(f"It needs the table {table}, which is not in this book.")
        if period is None:
            raise Unavailable("The report gives no period for this figure.")
        rows = self.catalogue.table(table)
        self.trace.add("tables", table)
        for name, wanted in options.items():
            rows = rows[rows[name].isin(wanted if isinstance(wanted, tuple) else [wanted])]
        codes = [subject]
        if subject == ENGLAND_AND_WALES and subject not in set(rows["force_code"]):
            codes = self.catalogue.forces.codes
        rows = rows[rows["force_code"].isin(codes)]
        end = pd.Timestamp(period)
        ends = [
            (end - pd.DateOffset(months=3 * step)) + pd.offsets.MonthEnd(0)
            for step in range(back, back + quarters)
        ]
        rows = rows[rows["period_end"].isin(ends)]
        # A total of forces is one of England and Wales only where each has figures for each quarter.
        known = rows[["force_code", "period_end"]].drop_duplicates()
        if len(known) < quarters * len(codes) or rows[column].isna().any():
            raise Unavailable(f"The table {table} has no complete figure for this period.", period=True)
        return Figure(_total(_fraction(cell) for cell in rows[column]), unit_of_column(column))

    def used(self, name: str) -> None:
        from peelbook import measures

        self.trace.add("measures", name)
        self.trace.add("tables", *measures.registry()[name].tables)

    # --- arithmetic

    def do_amount(self, call: Call) -> Figure:
        unit = UNITS[text(call, 1)]
        number = call.arguments[0]
        assert isinstance(number, Number)
        return Figure(number.value * unit.factor, Unit(unit.dimensions, unit.kind))

    def do_sum(self, call: Call) -> Figure:
        figures = self.figures(call)
        total = figures[0]
        for figure in figures[1:]:
            total = combined(total, figure, "+")
        return total

    def do_between(self, call: Call) -> Figure:
        """The range from the first to the second figure; its value is the middle."""
        low, high = self.figures(call)
        ends = (low.range[0], high.range[1])
        if ends[0] > ends[1]:
            raise Unavailable("The lower bound is above the upper one.")
        return Figure(sum(ends, Fraction(0)) / 2, added(low.unit, high.unit, "compare"), *ends)

    def do_sampled(self, call: Call) -> Figure:
        """The counts that a sample like the claim's would give in 19 of 20 draws from a known share.

        The share is exact for the whole; what is printed is x of y. With a second figure, y is itself the
        count and the second figure the size of the sample. From the 95% Wilson interval (Wilson 1927).
        """
        share = self.figure(call.arguments[0])
        whole = self.figure(call.arguments[1]).value if len(call.arguments) > 1 else None
        size = int(whole if whole is not None else self.claim.denominator or 0)
        if not 0 <= share.value <= 1 or size < 1:
            raise Unavailable("A sample needs a share between 0 and 100 percent and a size.")
        hits = [count for count in range(size + 1) if _wilson_holds(count, size, share.value)]
        return Figure(share.value * size, UNITS["count"], Fraction(hits[0]), Fraction(hits[-1]))

    def do_max(self, call: Call) -> Figure:
        return _extreme(self.figures(call), max)

    def do_min(self, call: Call) -> Figure:
        return _extreme(self.figures(call), min)

    def do_share(self, call: Call) -> Figure:
        part, whole = self.figures(call)
        return _as(combined(part, whole, "/"), "percent")

    def do_rate(self, call: Call) -> Figure:
        count, people, _ = self.figures(call)
        unit = unit_of(call, self.claim, self.ledger)
        quotient = combined(count, people, "/")
        return Figure(quotient.value, Unit(unit.dimensions, unit.kind), *quotient.range)

    def do_increase(self, call: Call) -> Figure:
        before, after = self.figures(call)
        return _as(combined(combined(after, before, "-"), before, "/"), "percent")

    def do_decrease(self, call: Call) -> Figure:
        before, after = self.figures(call)
        return _as(combined(combined(before, after, "-"), before, "/"), "percent")

    def do_wald_margin(self, call: Call) -> Figure:
        """Half the width of the 95% Wald interval of a share: 1.96 times the root of p(1 - p)/n."""
        share, size = self.figures(call)
        if not 0 <= share.range[0] <= share.range[1] <= 1 or size.value <= 0:
            raise Unavailable("A margin needs a share between 0 and 100 percent and a sample.")
        ends = [Z_95 * root(p * (1 - p) / size.value) for p in (share.value, *share.range)]
        return Figure(ends[0], UNITS["percent"], min(ends), max(ends))

    def do_wald_sample(self, call: Call) -> Figure:
        """The size of the sample that gives a 95% Wald interval of this half width."""
        share, margin = self.figures(call)
        if not 0 <= share.range[0] <= share.range[1] <= 1 or margin.range[0] <= 0:
            raise Unavailable("A sample needs a share between 0 and 100 percent and a margin.")
        ends = [
            Z_95**2 * p * (1 - p) / m**2
            for p in (share.value, *share.range)
            for m in (margin.value, *margin.range)
        ]
        return Figure(ends[0], UNITS["count"], min(ends), max(ends))

    def do_attainable_share(self, call: Call) -> Figure:
        """The share nearest to the claim that a whole number out of a sample can give."""
        (size,) = self.figures(call)
        if self.claim.value is None or size.value < 1:
            raise Unavailable("There is no share to compare with.")
        asked = self.claim.value * self.claim.unit_definition.factor
        whole = int(size.value)
        return _as(Figure(Fraction(round(asked * whole), whole)), "percent")


def exact(row: pd.Series, measure: Any, unit: Unit, part: str | None = None) -> Fraction:
    """One row of a measure in base units, from its counts where it has them."""
    if part:
        return _fraction(row[part])
    if len(measure.kind.columns) > 1:
        return measure.kind.total([_fraction(row[name]) for name in measure.kind.columns], 1)[0]
    return _fraction(row["value"]) * (1 if measure.kind == COUNT else unit.factor)


def _at(frame: pd.DataFrame, period_end: Any) -> pd.DataFrame:
    import pandas as pd

    return frame[frame["period_end"] == pd.Timestamp(period_end)]


def _per_head(measure: Any) -> bool:
    return measure.denominator is not None and measure.denominator.table == "population"


def _fraction(cell: Any) -> Fraction:
    # The shortest decimal of a float is the number the table held.
    return Fraction(repr(float(cell)))


def _total(cells: Any) -> Fraction:
    return sum(cells, Fraction(0))


def _wilson_holds(count: int, size: int, share: Fraction) -> bool:
    """Whether the 95% Wilson interval of `count` of `size` holds a share: the score test, exactly."""
    return (count - size * share) ** 2 <= Z_95**2 * size * share * (1 - share)


def _count(number: int | None) -> Figure:
    if number is None:
        raise Unavailable("The claim is not an x of y.")
    return Figure(Fraction(number), UNITS["count"])


def _as(figure: Figure, unit: str) -> Figure:
    return Figure(figure.value, Unit(UNITS[unit].dimensions, UNITS[unit].kind), *figure.range)


def _extreme(figures: Sequence[Figure], choose: Callable[..., Fraction]) -> Figure:
    unit = figures[0].unit
    for figure in figures[1:]:
        unit = added(unit, figure.unit, "compare")
    ends = [figure.range for figure in figures]
    return Figure(
        choose(figure.value for figure in figures),
        unit,
        choose(low for low, _ in ends),
        choose(high for _, high in ends),
    )


def _plain(constant: Any) -> Any:
    """A constant of the language as an argument: whole numbers become integers."""
    if isinstance(constant, Fraction):
        return int(constant) if constant.denominator == 1 else float(constant)
    return constant
