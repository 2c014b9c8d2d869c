"""The kinds of measure: all that the arithmetic, the comparison and the sentences need to know of each.

Kinds differ here and nowhere else: a new one is described in this file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from peelbook import formats

if TYPE_CHECKING:
    from peelbook.stats import Model

#: HMICFRS's grades from the lowest to the highest.
GRADES = ("Inadequate", "Requires improvement", "Adequate", "Good", "Outstanding")

#: The counts behind a disparity ratio, in the order in which `Kind.total` takes them.
DISPARITY_COUNTS = ("group_count", "group_population_count", "reference_count", "reference_population_count")

MEAN_OF_FORCES, TOTAL_OVER_TOTAL = "mean of forces", "total over total"


class Kind(str):
    """A kind of measure. It is the word that the registry has for it, and knows these:

    - `noun`: what a sentence calls a figure of this kind.
    - `divided`: whether it has a denominator.
    - `model`: how chance moves the figure (`stats.Model`), `None` where there are no two counts; `model_given`
      is the one where chance does not move what it is divided by.
    - `less`: what is taken off the quotient: 1 for a change, whose figures of no change is 0.
    - `columns`: the columns that a total over all forces adds up. `total` makes of their sums and the scale the
      value with its two sides; the quotient of the first two unless a kind says otherwise.
    - `small`: the columns whose counts, if small, make the figure move by chance.
    - `comparators`: the averages that make sense of it.
    - `has_verdict`: whether "higher or lower than expected" can be said of it.
    - `steps`: whether its change since the year before says something by itself.
    - `tested`: whether there are limits by size, a test of change and a trend.
    - `apart`: whether a force that a measure leaves out of the mean is left out of the total too.
    - `status`: what a figure rests on; `write`: how it is printed, of value, unit and decimals; `named`: whether it
      is printed without its unit, as a word or a change is.
    """

    noun: str
    divided: bool
    model: Model | None
    model_given: Model | None
    less: int
    columns: tuple[str, ...]
    small: tuple[str, ...]
    comparators: tuple[str, ...]
    has_verdict: bool
    steps: bool
    tested: bool
    apart: bool
    status: str
    named: bool

    def __new__(cls, name: str, **traits: Any) -> Kind:
        """Make the word."""
        return super().__new__(cls, name)

    def __init__(
        self,
        name: str,
        *,
        noun: str,
        divided: bool = False,
        model: Model | None = None,
        model_given: Model | None = None,
        less: int = 0,
        columns: Sequence[str] = ("numerator", "denominator"),
        total: Callable[[Sequence[Any], float], tuple[Any, Any, Any]] | None = None,
        small: Sequence[str] = ("numerator",),
        comparators: Sequence[str] = (MEAN_OF_FORCES, TOTAL_OVER_TOTAL),
        has_verdict: bool = True,
        steps: bool = False,
        tested: bool = False,
        apart: bool = False,
        status: str = "computed",
        write: Callable[[Any, str, int], str] | None = None,
        named: bool = False,
        data_unit: str = "",
    ):
        self.noun, self.divided = noun, divided
        self.model, self.model_given, self.less = model, model_given or model, less
        self.columns, self.small, self.comparators = tuple(columns), tuple(small), tuple(comparators)
        self.has_verdict, self.steps, self.tested, self.apart = has_verdict, steps, tested, apart
        self.status, self.named, self._data_unit = status, named, data_unit
        self._total, self._write = total or _quotient, write or _of_unit

    @property
    def pooled(self) -> bool:
        """Whether forces have an average of total over total."""
        return TOTAL_OVER_TOTAL in self.comparators

    def total(self, sums: Sequence[Any], scale: float) -> tuple[Any, Any, Any]:
        """Return value, numerator and denominator of a total from the sums of `columns`, floats or fractions.

        Raises `ZeroDivisionError` where a number to divide by is zero.
        """
        return self._total(sums, scale)

    def write(self, value: Any, unit: str, decimals: int) -> str:
        """Return one value as printed, without its unit."""
        return self._write(value, unit, decimals)

    def data_unit(self, unit: str) -> str:
        """Return the unit of a value in the data, where a share is 0 to 1 and not a percentage."""
        return self._data_unit or ("share, 0 to 1" if unit == "%" else unit)


def _quotient(sums: Sequence[Any], scale: float) -> tuple[Any, Any, Any]:
    top, bottom = sums
    return scale * top / bottom, top, bottom


def _sum(sums: Sequence[Any], scale: float) -> tuple[Any, Any, Any]:
    return sums[0], sums[0], None


def _ratio_of_rates(sums: Sequence[Any], scale: float) -> tuple[Any, Any, Any]:
    group, people, reference, others = sums
    top, bottom = scale * group / people, scale * reference / others
    return top / bottom, top, bottom


def _of_unit(value: Any, unit: str, decimals: int) -> str:
    return formats.of_unit(unit, decimals)(value)


def _signed(value: Any, unit: str, decimals: int) -> str:
    return formats.signed_percent(value, decimals)


def _grade(value: Any, unit: str, decimals: int) -> str:
    return formats.MISSING if formats.is_missing(value) else GRADES[int(value) - 1]


COUNT = Kind(
    "count", noun="number", columns=["numerator"], total=_sum, comparators=(), has_verdict=False, steps=True
)
RATE = Kind("rate", noun="rate", divided=True, model="rate", tested=True, steps=True)
SHARE = Kind("share", noun="share", divided=True, model="proportion", tested=True, steps=True, apart=True)
# Events over a complete count have the error of the events alone, as a rate has.
RATIO = Kind("ratio", noun="ratio", divided=True, model="ratio", model_given="rate", steps=True)
DISPARITY = Kind(
    "disparity",
    noun="ratio",
    divided=True,
    columns=DISPARITY_COUNTS,
    total=_ratio_of_rates,
    small=("group_count", "reference_count"),
)
CHANGE = Kind(
    "change",
    noun="change",
    model="ratio",
    less=1,
    small=("denominator",),
    write=_signed,
    named=True,
    data_unit="share of the earlier figure",
)
PUBLISHED = Kind(
    "published",
    noun="rate",
    columns=(),
    small=(),
    comparators=(MEAN_OF_FORCES,),
    has_verdict=False,
    status="as published",
)
GRADE = Kind(
    "grade",
    noun="figure",
    columns=(),
    small=(),
    comparators=(),
    has_verdict=False,
    status="as reported",
    write=_grade,
    named=True,
    data_unit=f"grade, 1 ({GRADES[0].lower()}) to 5 ({GRADES[-1].lower()})",
)

KINDS: Mapping[str, Kind] = {
    kind: kind for kind in (COUNT, RATE, SHARE, RATIO, DISPARITY, CHANGE, PUBLISHED, GRADE)
}
