"""The generic functions behind every measure: sum a column, match the periods, divide.

A measure is one entry of the registry and never a function of its own, so that all forces, periods and
breakdowns are worked out at once and in the same way.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd

from peelbook import contracts, formats
from peelbook.catalogue import Catalogue
from peelbook.errors import MissingTableError, ParameterError
from peelbook.forces import ENGLAND_AND_WALES
from peelbook.measures import _kinds as kinds
from peelbook.measures._kinds import DISPARITY_COUNTS, GRADES
from peelbook.measures._registry import STEPS, Measure, Part, registry

COLUMNS = ["force_code", "period_end", "numerator", "denominator", "value"]

#: Figures worked out so far, by catalogue. A catalogue cannot be hashed, so its identity is the key and
#: the entry goes when the catalogue does.
_MEMO: dict[int, dict[Any, Any]] = {}

#: So many forces cannot all be without a row of a category, such as robbery: the table is a part of the whole.
SEVERAL = 10

_PRECOMPUTED: dict[Any, pd.DataFrame] = {}
"""Frames that `precompute` worked out for every catalogue of the same bytes, by table hashes. Usually empty."""

_PRECOMPUTED_KINDS = ("measure", "tidy")
"""The kinds of what is kept of one measure and rests on its tables alone."""


@dataclass(frozen=True)
class Value:
    """One figure of one force in one period. `value` is scaled; shares are 0 to 1."""

    value: float
    numerator: float | None
    denominator: float | None
    period_end: pd.Timestamp
    force_code: str = ""
    measure_id: str = ""
    dimension: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> Literal[True]:
        return True

    @property
    def measure(self) -> Measure:
        """The measure this is a figure of."""
        return registry()[self.measure_id]

    def __str__(self) -> str:
        return self.measure.with_unit(self.value)


@dataclass(frozen=True)
class Missing:
    """A missing figure and the reason. It is false in a condition; it is never zero."""

    reason: str
    period_end: pd.Timestamp | None = None
    force_code: str = ""
    measure_id: str = ""
    dimension: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> Literal[False]:
        return False

    @property
    def measure(self) -> Measure:
        """The measure this is a missing figure of."""
        return registry()[self.measure_id]

    def __str__(self) -> str:
        return formats.MISSING


def compute(catalogue: Catalogue, measure_id: str, **dimension: Any) -> pd.DataFrame:
    """Return a measure for all forces and all periods with data.

    Columns: force_code, period_end (day), numerator, denominator, value (floats). Values are scaled
    (per 1,000 …), shares are 0 to 1. Rows without a value are left out: `at` gives the reason. A
    `disparity` has the two rates as numerator and denominator and four more columns of counts; a
    `change` has the difference as numerator and the earlier figure as denominator; a `grade` has the
    order of the grade (1 to 5) as value and `area_code`, `area`, `cycle`, `grade` beside it.

    `attrs["measure"]` and `attrs["dimension"]` say what the frame holds, `attrs["forces"]` how many forces England
    and Wales has; `compare` reads them.

    Raises `UnknownMeasureError`, `ParameterError` (a dimension the measure does not have),
    `MissingTableError` naming the publication, `UndeclaredReadError`.
    """
    measure = registry()[measure_id]
    dimension = _checked(measure, dimension)
    key = ("measure", measure_id, frozen(dimension))
    frame = memoised(catalogue, key, lambda: _frame(catalogue, measure, dimension), measure.tables)
    return frame.copy(deep=False)  # pandas copies on write


def precompute(
    catalogue: Catalogue, by: Mapping[str, Sequence[str]], make: Callable[..., Any] | None = None
) -> int:
    """Work out every measure once, for all catalogues whose tables hold the same bytes; returns how many frames.

    `by` names breakdowns of measures: those are worked out for each of their values too. A process that forks many
    short ones calls it before: no force's notebook then adds up the same tables again. `make(id, **dimension)` is
    called in place of `compute`, and may keep more under keys of its own (kind, measure id, …).
    """
    make = make or partial(compute, catalogue)
    for measure in registry().values():
        digests = _table_digests(catalogue, measure.tables)
        if digests is None or not all(catalogue.has(name) for name in measure.tables):
            continue
        names = by.get(measure.id, ())
        choices = product(*(values(catalogue, measure, name) for name in names))
        for dimension in ({}, *(dict(zip(names, chosen, strict=True)) for chosen in choices if chosen)):
            with contextlib.suppress(ParameterError):  # a breakdown that only goes with another
                make(measure.id, **dimension)
        _PRECOMPUTED.update(
            ((digests, key), found)
            for key, found in _MEMO.get(id(catalogue), {}).items()
            if key[0] in _PRECOMPUTED_KINDS and key[1] == measure.id
        )
    return len(_PRECOMPUTED)


def _table_digests(catalogue: Catalogue, tables: Iterable[str]) -> Any:
    """The digests of some tables; `None` where a user's own are laid over them, or one is not there."""
    if catalogue.overlay is not None:
        return None
    digests = tuple(catalogue.digest(name) for name in tables)
    return None if "" in digests else digests


def at(
    catalogue: Catalogue, measure_id: str, force_code: str, period_end: Any, **dimension: Any
) -> Value | Missing:
    """Return one force's figure in one period, or the reason why there is none.

    `force_code` may be any name of a force, or England and Wales (`K04000001`), which gives the total
    over total of the forces that are not excluded, or the published national figure. Raises
    `UnknownForceError`, `UnknownMeasureError`, `ParameterError`, `UndeclaredReadError`.
    """
    measure = registry()[measure_id]
    dimension = _checked(measure, dimension)
    code = force_code if force_code == ENGLAND_AND_WALES else catalogue.forces[force_code].code
    day = pd.Timestamp(period_end).normalize()
    tags = {"period_end": day, "force_code": code, "measure_id": measure_id, "dimension": dimension}
    try:
        frame = compute(catalogue, measure_id, **dimension)
    except MissingTableError:
        return Missing(_no_table(catalogue, measure), **tags)
    rows = frame[
        (frame["force_code"].to_numpy() == code) & (frame["period_end"].to_numpy() == day.to_datetime64())
    ]
    if not rows.empty:
        row = rows.iloc[-1]
        return Value(float(row["value"]), _float(row["numerator"]), _float(row["denominator"]), **tags)
    if code == ENGLAND_AND_WALES:
        return _national(catalogue, frame, measure, day, tags)
    return Missing(_missing_reason(catalogue, measure, code, day, dimension), **tags)


def missing_reason(
    catalogue: Catalogue, measure_id: str, force_code: str, period_end: Any, **dimension: Any
) -> str:
    """Return the reason why a force has no figure in a period, for one that `compute` left out.

    Raises as `at` does.
    """
    measure = registry()[measure_id]
    day = pd.Timestamp(period_end).normalize()
    return _missing_reason(catalogue, measure, force_code, day, _checked(measure, dimension))


def yearly(frame: pd.DataFrame, month: int = 3) -> pd.DataFrame:
    """Keep the periods that end in one month, so that rolling years do not overlap."""
    return frame[frame["period_end"].dt.month == month]


def mid_year(period_end: pd.Series, *, stock: bool) -> pd.Series:
    """The 30 June whose population estimate a rate uses: the last one on or before the middle of the year.

    For a figure over twelve months the middle is six months before `period_end`; for a count on a day
    (`stock`) it is that day. Year ending 31 March 2023 -> 30 June 2022, year ending 30 September 2023 ->
    30 June 2022, year ending 31 December 2016 -> 30 June 2016. HMICFRS's printed rates fit this rule.
    """
    months = period_end.dt.year * 12 + period_end.dt.month - 1 - (0 if stock else 6)
    # Periods end on the last day of a month, so "on or before" is a matter of whole months.
    year = months // 12 - (months % 12 < 5).astype(int)
    return pd.to_datetime(year.astype(str) + "-06-30", format="%Y-%m-%d").dt.as_unit("s")


def _require_breakdown(measure: Measure, name: str) -> None:
    """Raise `ParameterError` where a measure lacks a breakdown."""
    if name not in measure.breakdowns:
        known = formats.joined(measure.breakdowns) or "none"
        raise ParameterError(
            f"The measure {measure.id!r} has no breakdown {name!r} (it has: {known}). "
            "Fix: drop the argument, or add the breakdown to measures/registry.toml."
        )


def _checked(measure: Measure, dimension: Mapping[str, Any]) -> dict[str, Any]:
    """The dimensions with defaults filled in; raises `ParameterError` for one the measure lacks."""
    for name, value in dimension.items():
        _require_breakdown(measure, name)
        allowed = measure.breakdowns[name]
        given = value if isinstance(value, (list, tuple)) else [value]
        if bad := [item for item in given if allowed and item not in allowed]:
            raise ParameterError(
                f"The measure {measure.id!r} has no {name} {bad[0]!r}. Fix: use one of {', '.join(map(str, allowed))}."
            )
    filled = {**measure.default, **dimension}
    if "years" in measure.breakdowns:
        filled.setdefault("years", measure.breakdowns["years"][0])
    return filled


def frozen(dimension: Mapping[str, Any]) -> tuple[Any, ...]:
    """A breakdown as part of a key."""
    return tuple(sorted((k, tuple(v) if isinstance(v, list) else v) for k, v in dimension.items()))


T = TypeVar("T")


def memoised(catalogue: Catalogue, key: Any, make: Callable[[], T], tables: Sequence[str] = ()) -> T:
    """Return what belongs to a key, made at most once for each catalogue object. Not a copy: do not change it.

    With `tables`, it may come from a process before this one, which worked it out from the same bytes.
    """
    identity = id(catalogue)
    if identity not in _MEMO:
        _MEMO[identity] = {}
        weakref.finalize(catalogue, _MEMO.pop, identity, None)
    known = _MEMO[identity]
    if key not in known:
        shared = (
            _PRECOMPUTED.get((_table_digests(catalogue, tables), key)) if _PRECOMPUTED and tables else None
        )
        if shared is not None:
            for name in tables:
                catalogue.record_read(name)
        known[key] = make() if shared is None else shared
    return known[key]


def _require_table(catalogue: Catalogue, measure: Measure, name: str) -> None:
    if catalogue.lacks(name):
        raise MissingTableError(
            f"{_no_table(catalogue, measure)} Fix: ingest the publication with `peelbook data ingest`, where one exists."
        )


def _table(catalogue: Catalogue, measure: Measure, name: str) -> pd.DataFrame:
    _require_table(catalogue, measure, name)
    return memoised(catalogue, ("table", name), lambda: catalogue.table(name))


def _no_table(catalogue: Catalogue, measure: Measure) -> str:
    absent = [name for name in measure.tables if not catalogue.has(name)]
    names = formats.joined(dict.fromkeys(registry().publications[name] for name in absent or measure.tables))
    return f"The measure “{measure.label}” needs data that is not in this book: {names}."


def _filters(part: Part, dimension: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    filters: dict[str, tuple[Any, ...]] = dict(part.where)
    for name in part.by:
        if name in dimension:
            value = dimension[name]
            filters[name] = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    return filters


def _totals(catalogue: Catalogue, measure: Measure, part: Part, dimension: Mapping[str, Any]) -> pd.DataFrame:
    """One part's figure by force and period: columns force_code, period_end, amount."""
    key = ("part", *_part_key(measure, part, dimension))
    return memoised(catalogue, key, lambda: _sum(catalogue, measure, part, _filters(part, dimension))).copy()


def _part_key(measure: Measure, part: Part, dimension: Mapping[str, Any]) -> tuple[Any, ...]:
    filters = _filters(part, dimension)
    return part.table, part.columns, tuple(sorted(filters.items())), part.every, measure.areas


def _sum(
    catalogue: Catalogue, measure: Measure, part: Part, filters: Mapping[str, tuple[Any, ...]]
) -> pd.DataFrame:
    table = _table(catalogue, measure, part.table)
    for column in (*filters, *(name for name, _ in part.columns)):
        if column not in table:
            raise ParameterError(
                f"{measure.id}: the table {part.table!r} has no column {column!r}. "
                f"Fix: in the registry, use one of {', '.join(table.columns)}."
            )
    grid = memoised(catalogue, ("grid", part.table), lambda: _grid(table))
    keep = (grid.national if measure.areas == "national" else ~grid.national) & (grid.place >= 0)
    for column, values in filters.items():
        codes, found = memoised(catalogue, ("codes", part.table, column), partial(_codes, table[column]))
        # One answer more than there are values: a row without one has the code -1.
        keep &= np.append(_isin(found, values), False)[codes]
    if filters and not keep.any() and not _known_categories(part.table, filters):
        asked = [
            f"{column} {formats.joined(map(str, values), last='or')}" for column, values in filters.items()
        ]
        raise ParameterError(
            f"The table {part.table!r} has no row with {formats.joined(asked)}. Fix: use a value that the table has."
        )
    complete = _complete(catalogue, part.table, filters)
    if complete is not None:
        keep &= complete
    place = grid.place[keep]
    amount = sum(
        sign * table[column].to_numpy("float64", na_value=np.nan)[keep] for column, sign in part.columns
    )
    # The coarse parts add up without any error and the fine ones are small: the total does not depend on the order.
    coarse = np.rint(amount * 1024) / 1024

    def summed(parts: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(place, weights=parts, minlength=len(grid.keys))

    held = summed() > 0
    totals = grid.keys[held].reset_index(drop=True)
    # NaN is contagious on purpose: a total with a missing piece is missing, not smaller.
    totals["amount"] = (summed(coarse) + summed(amount - coarse))[held]
    return _rolled(totals, part.every) if part.every and len(totals) else totals


def _categories(catalogue: Catalogue, table: str, column: str) -> pd.DataFrame:
    """Which categories of a column have a row of any force: periods by categories, true or false.

    Periods of a few forces are left out: an area of one's own may well have had no robbery.
    """

    def make() -> pd.DataFrame:
        rows = catalogue.table(table)[["force_code", "period_end", column]].dropna()
        forces = rows.groupby("period_end")["force_code"].transform("nunique")
        rows = rows.loc[forces >= SEVERAL, ["period_end", column]].drop_duplicates()
        return pd.crosstab(rows["period_end"], rows[column]).gt(0)

    return memoised(catalogue, ("categories", table, column), make)


def _complete(catalogue: Catalogue, name: str, filters: Mapping[str, tuple[Any, ...]]) -> np.ndarray | None:
    """Whether each row is of a period that has every category a sum is over; `None` where all are.

    A file cut to one offence group has rows of every force, and a sum of them would read as the whole.
    """
    table = memoised(catalogue, ("table", name), lambda: catalogue.table(name))
    if "period_end" not in table:
        return None
    whole: np.ndarray | None = None
    for column, values in filters.items():
        if len(values) > 1:
            here = (
                _categories(catalogue, name, column)
                .reindex(columns=list(values), fill_value=False)
                .all(axis=1)
            )
            if not here.all():
                rows = ~table["period_end"].isin(here.index[~here]).to_numpy(dtype=bool)
                whole = rows if whole is None else whole & rows
    return whole


def _part_of_it(
    catalogue: Catalogue,
    measure: Measure,
    part: Part,
    dimension: Mapping[str, Any],
    days: Iterable[pd.Timestamp],
) -> str:
    """Why a sum over categories has no figure on these days: some category has no row of any force."""
    for column, values in _filters(part, dimension).items():
        if len(values) < 2:
            continue
        here = _categories(catalogue, part.table, column).reindex(columns=list(values), fill_value=False)
        here = here[here.index.isin(list(days))]
        if lacks := [str(value) for value in values if len(here) and not here[value].all()]:
            source = registry().publications[part.table]
            return (
                f"{source} as it is in this book has no row of {formats.joined(lacks)} for this time, "
                "and a figure without them would be too low."
            )
    return ""


@dataclass(frozen=True)
class _Grid:
    """Where each row of a table belongs: the place of its force and period in `keys`, or -1."""

    keys: pd.DataFrame  # force_code, period_end, in that order
    place: np.ndarray
    national: np.ndarray


def _grid(table: pd.DataFrame) -> _Grid:
    forces, codes = pd.factorize(table["force_code"], sort=True)
    periods, ends = pd.factorize(table["period_end"], sort=True)
    pair = np.where((forces < 0) | (periods < 0), -1, forces * len(ends) + periods)
    pairs = np.unique(pair[pair >= 0])
    keys = pd.DataFrame(
        {
            "force_code": codes.take(pairs // max(1, len(ends))),
            "period_end": ends.take(pairs % max(1, len(ends))),
        }
    )
    place = np.where(pair < 0, -1, np.searchsorted(pairs, pair))
    return _Grid(keys, place, (table["force_code"] == ENGLAND_AND_WALES).fillna(False).to_numpy(dtype=bool))


def _known_categories(table: str, filters: Mapping[str, tuple[Any, ...]]) -> bool:
    """Whether a table's contract lists every value asked for: an edition need not have a row of each."""
    fields = {field["name"]: field for field in contracts.load(table)["fields"]}
    return all(
        set(values) <= set(fields[column].get("constraints", {}).get("enum", ()))
        for column, values in filters.items()
    )


def _codes(column: pd.Series) -> tuple[np.ndarray, pd.Series]:
    codes, found = pd.factorize(column)
    return codes, pd.Series(found)


def _isin(column: pd.Series, values: tuple[Any, ...]) -> np.ndarray:
    if len(values) == 1:
        return (column == values[0]).fillna(False).to_numpy(dtype=bool)
    return column.isin(values).to_numpy(dtype=bool)


def _rolled(totals: pd.DataFrame, every: str) -> pd.DataFrame:
    """Sums over the twelve months to each period end; a year that lacks a quarter (month) is left out."""
    steps = STEPS[every]
    months = 12 // steps
    wide = totals.pivot(index="period_end", columns="force_code", values="amount").sort_index()
    number = wide.index.year * 12 + wide.index.month
    full = range(int(number[0]), int(number[-1]) + 1, months)
    ends = dict(zip(number, wide.index, strict=True))
    wide.index = number
    rolled = wide.reindex(full).rolling(steps, min_periods=steps).sum()
    rolled = rolled.loc[[step for step in full if step in ends]]
    rolled.index = pd.DatetimeIndex([ends[step] for step in rolled.index], name="period_end").as_unit("s")
    long = rolled.stack().dropna().rename("amount").reset_index()
    # Sums of whole numbers are whole; rolling sums drift in the last binary digit.
    long["amount"] = long["amount"].round(6)
    return long[["force_code", "period_end", "amount"]].sort_values(
        ["force_code", "period_end"], ignore_index=True
    )


def _frame(catalogue: Catalogue, measure: Measure, dimension: Mapping[str, Any]) -> pd.DataFrame:
    for name in measure.tables:
        _require_table(catalogue, measure, name)
    frame = _MAKERS.get(measure.kind, _quotient)(catalogue, measure, dimension)
    frame = frame[frame["value"].notna()].sort_values(["force_code", "period_end"], ignore_index=True)
    frame["period_end"] = frame["period_end"].dt.as_unit("s")
    frame.attrs = {"measure": measure.id, "dimension": dict(dimension), "forces": len(catalogue.forces)}
    return frame


def _count(catalogue: Catalogue, measure: Measure, dimension: Mapping[str, Any]) -> pd.DataFrame:
    frame = _totals(catalogue, measure, measure.numerator, dimension).rename(columns={"amount": "value"})
    frame["numerator"] = frame["value"] if "numerator" in measure.kind.columns else np.nan
    frame["denominator"] = np.nan
    frame["value"] *= measure.scale
    return frame[COLUMNS]


def _joined(catalogue: Catalogue, measure: Measure, dimension: Mapping[str, Any]) -> pd.DataFrame:
    """Numerator and denominator side by side, matched on the period by the denominator's rule."""
    if measure.denominator is None:
        raise AssertionError(f"{measure.id} has no denominator")
    top = _totals(catalogue, measure, measure.numerator, dimension).rename(columns={"amount": "numerator"})
    bottom = _totals(catalogue, measure, measure.denominator, dimension).rename(
        columns={"amount": "denominator"}
    )
    match = measure.denominator.match
    if match == "census":
        return top.merge(bottom.drop(columns="period_end"), on="force_code", how="left")
    if match in ("mid_year", "newest_mid_year"):
        top["matched"] = mid_year(top["period_end"], stock=measure.period == "stock")
        if match == "newest_mid_year":
            top["matched"] = _newest_held(top["matched"], bottom["period_end"])
        bottom = bottom.rename(columns={"period_end": "matched"})
        return top.merge(bottom, on=["force_code", "matched"], how="left").drop(columns="matched")
    return top.merge(bottom, on=["force_code", "period_end"], how="left")


def _newest_held(wanted: pd.Series, held: pd.Series) -> pd.Series:
    """The days wanted, or the newest held before one that is not out yet, up to two years older."""
    if held.empty:
        return wanted
    newest = held.max()
    stale = (wanted > newest) & (wanted <= newest + pd.DateOffset(years=2))
    return wanted.mask(stale, newest).dt.as_unit("s")


def _quotient(catalogue: Catalogue, measure: Measure, dimension: Mapping[str, Any]) -> pd.DataFrame:
    frame = _joined(catalogue, measure, dimension)
    # A denominator of zero gives no rate, not an infinite one.
    frame["value"] = measure.scale * frame["numerator"] / frame["denominator"].where(frame["denominator"] > 0)
    return frame[COLUMNS]


def _disparity(catalogue: Catalogue, measure: Measure, dimension: Mapping[str, Any]) -> pd.DataFrame:
    group = _joined(catalogue, measure, dimension)
    reference = _joined(catalogue, measure, {**dimension, **measure.reference})
    both = group.merge(reference, on=["force_code", "period_end"], suffixes=("", "_reference"), how="inner")
    both = both.rename(
        columns={
            "numerator": "group_count",
            "denominator": "group_population_count",
            "numerator_reference": "reference_count",
            "denominator_reference": "reference_population_count",
        }
    )
    rate, base = (
        measure.scale
        * both[f"{side}_count"]
        / both[f"{side}_population_count"].where(both[f"{side}_population_count"] > 0)
        for side in ("group", "reference")
    )
    both["numerator"], both["denominator"] = rate, base
    both["value"] = rate / base.where(base > 0)
    return both[[*COLUMNS, *DISPARITY_COUNTS]]


def _change(catalogue: Catalogue, measure: Measure, dimension: Mapping[str, Any]) -> pd.DataFrame:
    now = _totals(catalogue, measure, measure.numerator, dimension)
    before = now.copy()
    before["period_end"] = before["period_end"] + pd.DateOffset(years=int(dimension["years"]))
    before["period_end"] = before["period_end"].dt.as_unit("s")
    both = now.merge(before, on=["force_code", "period_end"], suffixes=("", "_before"), how="left")
    both["denominator"] = both["amount_before"]
    both["numerator"] = both["amount"] - both["amount_before"]
    both["value"] = both["numerator"] / both["denominator"].where(both["denominator"] > 0)
    return both[COLUMNS]


def _grades(catalogue: Catalogue, measure: Measure, dimension: Mapping[str, Any]) -> pd.DataFrame:
    table = _table(catalogue, measure, measure.numerator.table)
    for column, values in _filters(measure.numerator, dimension).items():
        table = table[_isin(table[column], values)]
    order = {grade.casefold(): place for place, grade in enumerate(GRADES, start=1)}
    frame = table[["force_code", "cycle", "area_code", "area", "grade"]].copy()
    frame["value"] = frame["grade"].str.strip().str.casefold().map(order).astype("float64")
    # A cycle such as 2023-25 or 2021/22 ends in its last year.
    last = frame["cycle"].str.extract(r"(\d{2})$")[0]
    frame["period_end"] = pd.to_datetime("20" + last + "-12-31", format="%Y-%m-%d")
    frame["numerator"] = frame["denominator"] = np.nan
    return frame[[*COLUMNS, "cycle", "area_code", "area", "grade"]]


#: What a kind's figures are made by, where that is no plain quotient.
_MAKERS = {
    kinds.GRADE: _grades,
    kinds.DISPARITY: _disparity,
    kinds.CHANGE: _change,
    kinds.COUNT: _count,
    kinds.PUBLISHED: _count,
}


def values(catalogue: Catalogue, measure: Measure, dimension: str) -> list[Any]:
    """The values of a breakdown that its table has, in the registry's order, else in the alphabet's.

    Raises `ParameterError` for a breakdown that the measure does not have.
    """
    _require_breakdown(measure, dimension)
    if dimension == "years":
        return list(measure.breakdowns[dimension])
    present = set(_table(catalogue, measure, measure.numerator.table)[dimension].dropna().unique())
    allowed = measure.breakdowns[dimension]
    return [value for value in allowed if value in present] if allowed else sorted(present)


def _national(
    catalogue: Catalogue, frame: pd.DataFrame, measure: Measure, day: pd.Timestamp, tags: Mapping[str, Any]
) -> Value | Missing:
    """England and Wales: total over total of all forces, without those that shares leave out.

    Every force is needed: a sum, rate or share with a force missing would move with who is missing.
    """
    out = measure.excluded if measure.kind.apart else ()
    rows = frame[(frame["period_end"] == day) & ~frame["force_code"].isin(out)]
    if rows.empty or not measure.kind.columns:
        return Missing(
            f"{measure.label}: there is no England and Wales figure for {_period_phrase(measure, day)}.",
            **tags,
        )
    lacking = [
        force.short_name
        for force in catalogue.forces
        if force.code not in set(rows["force_code"]) and force.code not in out
    ]
    if lacking:
        return Missing(
            f"The figure for England and Wales for {_period_phrase(measure, day)} would lack {formats.joined(lacking)}.",
            **tags,
        )
    sums = [float(rows[name].sum()) for name in measure.kind.columns]
    return Value(*measure.kind.total(sums, measure.scale), **tags)


def _missing_reason(
    catalogue: Catalogue,
    measure: Measure,
    code: str,
    day: pd.Timestamp,
    dimension: Mapping[str, Any],
) -> str:
    """Why a force has no figure in a period, from the narrowest reason to the widest."""
    force = catalogue.forces[code]
    when = measure.period_name(day)
    span = _months_of_year(measure, day)
    for part in (measure.numerator, measure.denominator):
        if part is None:
            continue
        for moment in span if part.every else (day,):
            if reason := catalogue.gap(part.table, code, moment):
                return formats.sentence(reason)
        if measure.kind != kinds.GRADE and (
            reason := _part_of_it(catalogue, measure, part, dimension, span if part.every else [day])
        ):
            return reason
    if measure.kind == kinds.GRADE:
        return f"{measure.publications[0]} has no stated grade for {force.full_name} for {when}."
    if measure.kind == kinds.CHANGE:
        if reason := _part_missing_reason(catalogue, measure, measure.numerator, dimension, code, day):
            return reason
        years = int(dimension["years"])
        ago = f"{formats.cardinal(years)} year{'' if years == 1 else 's'} earlier"
        source = registry().publications[measure.numerator.table]
        return f"{source} has no figure for {force.full_name} {ago} to compare with."
    if reason := _part_missing_reason(catalogue, measure, measure.numerator, dimension, code, day):
        return reason
    if measure.denominator is not None:
        if measure.denominator.match in ("mid_year", "newest_mid_year"):
            needed = mid_year(pd.Series([day]), stock=measure.period == "stock").iloc[0]
            held = _totals(catalogue, measure, measure.denominator, dimension)["period_end"]
            if needed not in set(held):
                return (
                    f"The rate needs the population of {formats.period(needed, 'mid-year')}, and the estimates in "
                    f"this book run from {formats.period(held.min(), 'mid-year')} to "
                    f"{formats.period(held.max(), 'mid-year')}."
                )
        elif measure.denominator.match == "same" and (
            reason := _part_missing_reason(catalogue, measure, measure.denominator, dimension, code, day)
        ):
            return reason
    return f"The number to divide by is zero or missing for {force.full_name} for {_period_phrase(measure, day)}."


def _period_phrase(measure: Measure, day: pd.Timestamp) -> str:
    return f"{'the ' if measure.period in ('year', 'quarter') else ''}{measure.period_name(day)}"


def _part_missing_reason(
    catalogue: Catalogue,
    measure: Measure,
    part: Part,
    dimension: Mapping[str, Any],
    code: str,
    day: pd.Timestamp,
) -> str:
    """Why one part of a measure has no figure for a force in a period; empty where it has one."""
    held = _held(catalogue, measure, part, dimension)
    source, name = registry().publications[part.table], catalogue.forces[code].full_name
    if not held:
        return f"{source} at hand has no such figure for any force."
    if code in held.get(day, ()):
        return ""
    if not any(code in codes for codes in held.values()):
        return f"{source} has no figure for {name}."
    if day not in held:
        first, last = min(held), max(held)
        return (
            f"{source} has no figure for {_period_phrase(measure, day)}: in this book it runs from "
            f"{_period_phrase(measure, first)} to {_period_phrase(measure, last)}."
        )
    return f"{source} has no figure for {name} for {_period_phrase(measure, day)}."


def _held(
    catalogue: Catalogue, measure: Measure, part: Part, dimension: Mapping[str, Any]
) -> dict[pd.Timestamp, set[str]]:
    """The forces for which one part of a measure has a figure, by period."""

    def make() -> dict[pd.Timestamp, set[str]]:
        totals = _totals(catalogue, measure, part, dimension)
        totals = totals[totals["amount"].notna()]
        found: dict[pd.Timestamp, set[str]] = {}
        for code, day in zip(totals["force_code"].tolist(), totals["period_end"].tolist(), strict=True):
            found.setdefault(day, set()).add(code)
        return found

    return memoised(catalogue, ("held", *_part_key(measure, part, dimension)), make)


def _months_of_year(measure: Measure, day: pd.Timestamp) -> list[pd.Timestamp]:
    """The last days of the months of the year that ends on a day, latest first."""
    return [day - pd.offsets.MonthEnd(step) if step else day for step in range(0, 12)]


def _float(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
