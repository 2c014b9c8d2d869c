"""Cell suppression: hides small counts, and enough others that no total or difference reveals them.

A count of one to N − 1 people can name them. Leaving it out is not enough where its row adds up to a total
that is published elsewhere, so each hidden count gets partners that hide it: the hypercube method of
Giessing and Repsilber (2002, "Tools and strategies to protect multiple tables with the GHQUAR cell
suppression engine", in Inference Control in Statistical Databases, LNCS 2316), as used by statistical offices
in the program τ-ARGUS.

In a table of k breakdowns a hidden count and one other count that differs from it in every breakdown are
opposite corners of a hypercube of 2^k cells. If all corners are hidden, an amount t can be moved around
them, up at some and down at the others, and every published cell, row, column and total stays as it was. The
counts cannot fall below zero, so t has a range; its width is what a reader cannot know. A hypercube is
used only where that width is at least N. Totals are cells too (the last category of each breakdown): a total that
is small, or that no other partner can replace, is hidden as well.

A reader who knows all that is published and all totals not listed as withheld therefore finds for every hidden count
an interval of N or more; none follows exactly. This is proved by the moves themselves and tested by linear
programming on tables made at random.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peelbook.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

#: The smallest threshold that hides anything: a count of 1.
SMALLEST = 2

#: The last category of every breakdown: the total over it.
TOTAL = None

#: What the cells of a total and its parts are called in the breakdown they make.
_REST = "\0rest"

Cell = tuple[Any, ...]


@dataclass(frozen=True)
class Suppressed:
    """A table without its small counts.

    `frame` has missing values where a count is hidden. `withheld` are totals that must not be published either:
    for each, the group (values of `within`) and the breakdown's categories, `None` for "all of them" and
    `(outer, None)` for all of an outer category. `partners` are those of them that are not small themselves: a table
    of the same events that shows one would reveal a count, though nothing in it is small.
    """

    frame: pd.DataFrame
    withheld: frozenset[tuple[Cell, Cell]]
    partners: frozenset[tuple[Cell, Cell]] = frozenset()


def suppress(
    frame: pd.DataFrame,
    below: int = 5,
    *,
    count: str,
    by: Sequence[str | tuple[str, str]] = (),
    parts: Sequence[str] = (),
    within: Sequence[str] = ("force_code", "period_end"),
) -> Suppressed:
    """Hide counts of 1 to `below` − 1 and the partners they need.

    `count` is the column of counts and `by` the breakdowns that add up: over their categories the counts make
    totals that a reader may know; a pair of columns is one breakdown, the second nested in the first. `parts`
    are columns of counts that add up to at most `count` in each row; what is left over is a count too. Rows with other values of `within` are tables of their own. Zeros
    are shown, negative and missing counts are left alone.

    Raises `ParameterError` for a threshold below 2 or a part above its whole.
    """
    import pandas as pd

    check_threshold(below)
    out = frame.copy()
    columns = [count, *parts]
    withheld: set[tuple[Cell, Cell]] = set()
    partners: set[tuple[Cell, Cell]] = set()
    groups: dict[Cell, list[Any]] = {}
    keys = list(zip(*(frame[name].tolist() for name in within), strict=True)) if within else [()] * len(frame)
    for place, key in zip(frame.index, keys, strict=True):
        groups.setdefault(key, []).append(place)
    hidden: dict[str, list[Any]] = {name: [] for name in columns}
    for key, places in groups.items():
        cells: dict[Cell, float] = {}
        where: dict[Cell, tuple[Any, str]] = {}
        for place in places:
            label = tuple(
                frame.at[place, name] if isinstance(name, str) else tuple(frame.at[place, n] for n in name)
                for name in by
            )
            values = {name: frame.at[place, name] for name in columns}
            known = {name: float(value) for name, value in values.items() if not pd.isna(value)}
            if not parts:
                if count in known:
                    cells[label] = known[count]
                    where[label] = (place, count)
                continue
            if count not in known:
                # Without the whole, parts are counts that add up to nothing known.
                for name in parts:
                    if name in known:
                        cells[(*label, name)] = known[name]
                        where[(*label, name)] = (place, name)
                continue
            rest = known[count]
            for name in parts:
                if name in known:
                    rest -= known[name]
                    cells[(*label, name)] = known[name]
                    where[(*label, name)] = (place, name)
            if rest < 0:
                raise ParameterError(
                    f"{', '.join(parts)} add up to more than {count} in the row of {', '.join(map(str, (*key, *label)))}. "
                    "Fix: correct the figures."
                )
            cells[(*label, _REST)] = rest
            where[(*label, TOTAL)] = (place, count)
        found = protect(cells, below)
        totals = extended(cells) if found.cells else {}
        for cell in found.cells:
            if cell in where:
                place, name = where[cell]
                hidden[name].append(place)
            elif TOTAL in cell:
                withheld.add((key, cell))
                if not _small(totals[cell], below):
                    partners.add((key, cell))
        outer = {(key, ((outer, TOTAL), *[TOTAL] * (len(by) - 1))) for outer in found.outer}
        withheld |= outer
        partners |= outer
    for name, places in hidden.items():
        if places:
            out.loc[places, name] = pd.NA
    return Suppressed(out, frozenset(withheld), frozenset(partners))


def check_threshold(below: int) -> None:
    """Raise `ParameterError` for a threshold that is no whole number of 2 or more."""
    if not isinstance(below, int) or isinstance(below, bool) or below < SMALLEST:
        raise ParameterError(
            f"The threshold for small numbers is {below!r}. Fix: give a whole number of {SMALLEST} or more, such as 5."
        )


@dataclass(frozen=True)
class Hidden:
    """The cells to hide, totals among them, and the outer categories whose totals would reveal a count."""

    cells: frozenset[Cell] = frozenset()
    outer: frozenset[Any] = frozenset()


def protect(cells: Mapping[Cell, float], below: int) -> Hidden:
    """Return the cells to hide.

    `cells` maps the categories of a cell, one for each breakdown, to its count. The same in any order of rows.
    """
    if not cells:
        return Hidden()
    table = extended(cells)
    if not any(_small(value, below) for value in table.values()):
        return Hidden()
    dims = len(next(iter(cells)))
    labels = [sorted({cell[d] for cell in table}, key=_order) for d in range(dims)]
    hidden = {cell for cell, value in table.items() if _small(value, below)}
    # The largest small counts first: they are the hardest to pair, and their partners then serve the others.
    outer: set[Any] = set()
    for cell in sorted(hidden, key=lambda cell: (-table[cell], *map(_order, cell))):
        corners = _cheapest(cell, table, labels, hidden, below)
        hidden |= corners
        touched = {_group(corner) for corner in corners} - {None}
        if len(touched) > 1 or any(corner[0] is TOTAL for corner in corners if corner):
            outer |= touched
    return Hidden(frozenset(hidden), frozenset(outer))


def extended(cells: Mapping[Cell, float]) -> dict[Cell, float]:
    """Return the cells with all totals: over each breakdown, over each pair of them and so on."""
    table: dict[Cell, float] = {}
    for cell, value in cells.items():
        for which in itertools.product((False, True), repeat=len(cell)):
            whole = tuple(TOTAL if total else label for total, label in zip(which, cell, strict=True))
            table[whole] = table.get(whole, 0.0) + value
    return table


def _small(value: float, below: int) -> bool:
    return 0 < value < below


def _order(label: Any) -> tuple[bool, str]:
    return (label is TOTAL, str(label))


def _cheapest(
    cell: Cell, table: Mapping[Cell, float], labels: Sequence[Sequence[Any]], hidden: set[Cell], below: int
) -> set[Cell]:
    """The corners of the hypercube around a cell that hides the fewest and smallest counts more.

    A total counts as dearer than any set of inner cells. The hypercube through totals alone is bounded by nothing
    from above, so one always fits, unless counts below zero make a total that is not above it: then all go.
    """
    best: tuple[int, int, float] | None = None
    corners: set[Cell] = set(table)
    for opposite in itertools.product(*([o for o in labels[d] if o != cell[d]] for d in range(len(cell)))):
        # A cell that is zero or does not exist is known to be so and can hide nothing.
        value = table.get(opposite, 0.0)
        if value <= 0:
            continue
        if best is not None and opposite not in hidden and (int(TOTAL in opposite), 0, value) >= best:
            continue  # it alone costs as much
        found = _corners(cell, opposite)
        if any(table.get(corner, 0.0) <= 0 for corner, _ in found) or _width(found, table) < below:
            continue
        new = [corner for corner, _ in found if corner not in hidden]
        totals = sum(TOTAL in corner for corner in new)
        # Counts of one group first (the first breakdown of a nested label), so that its total need not go.
        far = sum(_group(corner) != _group(cell) for corner, _ in found)
        cost = (totals, far, sum(table[corner] for corner in new))
        # Labels come in order, so that the first of two that cost the same is the same in any order of rows.
        if best is None or cost < best:
            best, corners = cost, {corner for corner, _ in found}
        if not new and not far:
            break
    return corners


def _group(cell: Cell) -> Any:
    return cell[0][0] if cell and isinstance(cell[0], tuple) else None


def _corners(cell: Cell, opposite: Cell) -> list[tuple[Cell, int]]:
    """The corners of a hypercube, each with the direction in which it moves when `cell` goes up.

    A step between two inner categories turns the direction round (their total stays); a step between an inner
    category and the total does not (the total moves with it).
    """
    found: list[tuple[Cell, int]] = [((), 1)]
    for a, b in zip(cell, opposite, strict=True):
        turn = -1 if a is not TOTAL and b is not TOTAL else 1
        found = [item for part, way in found for item in (((*part, a), way), ((*part, b), way * turn))]
    return found


def _width(corners: Iterable[tuple[Cell, int]], table: Mapping[Cell, float]) -> float:
    """How far an amount can be moved around a hypercube without any count falling below zero."""
    up = [table[corner] for corner, way in corners if way < 0]
    down = [table[corner] for corner, way in corners if way > 0]
    return (min(up) if up else float("inf")) + (min(down) if down else float("inf"))
