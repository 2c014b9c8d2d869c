"""Every force's value against the size of its denominator, inside limits that chance would set.

A small force's rate swings more than a large one's. The funnel (Spiegelhalter 2005) shows which values stand
out from what size alone would explain, which a ranking cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peelbook import formats
from peelbook.figures import _words as words
from peelbook.figures._chart import Chart, Column
from peelbook.figures._layout import FOCUS, MUTED, TEXT, Layout

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from peelbook.catalogue import Provenance
    from peelbook.figures._page import Page, Sample
    from peelbook.forces import Force, Forces

LIMITS = ("lower_95", "upper_95", "lower_998", "upper_998")

_WITHIN = "within the 95% limits"
_POSITIONS = {
    2: "above the 99.8% limits",
    1: "above the 95% limits",
    0: _WITHIN,
    -1: "below the 95% limits",
    -2: "below the 99.8% limits",
}


def funnel(
    frame: pd.DataFrame,
    limits: pd.DataFrame,
    *,
    id: str,
    title: str,
    force: Force,
    forces: Forces,
    label: str,
    unit: str,
    decimals: int,
    size_label: str,
    target: float,
    provenance: Sequence[Provenance],
    period: str,
    target_label: str = words.POOLED,
    notes: Sequence[str] = (),
    basis: str = "computed",
    numerator: str = "",
    by_size: bool = True,
) -> Chart:
    """Draw one period's values against their denominators with 95% and 99.8% limits.

    `frame` has one row per force: `force_code`, `value`, `denominator`, perhaps `numerator`. `limits` is the
    curve: `denominator` and `lower_95`, `upper_95`, `lower_998`, `upper_998` in the units of `value`. Where
    `frame` has these four columns they are each force's exact limits, else they are read off the curve.
    `target` is the centre line. `size_label` names the denominator ("Population").
    Denominators are drawn on a log scale where the largest is over eight times the smallest; a value far
    above all others is drawn at the top edge with an arrow and its value.
    Without `by_size` the forces stand in the order of their values, and the limits are those of a force in the middle.
    Raises `ValueError` where a force has two rows, or the limits lack a column.
    """
    import numpy as np
    import pandas as pd

    if absent_columns := [name for name in ("denominator", *LIMITS) if name not in limits]:
        raise ValueError(f"chart {id}: the limits lack {', '.join(absent_columns)}")
    data = words.by_force(frame, forces, id)
    usable = data["value"].notna() & (data["denominator"] > 0)
    data.loc[~usable, "value"] = float("nan")
    curve = limits.astype("float64").sort_values("denominator", ignore_index=True)
    curve = curve[curve["denominator"] > 0]
    sizes = np.log(data["denominator"].where(usable, 1.0))
    for column in LIMITS:
        read_off = np.interp(sizes, np.log(curve["denominator"]), curve[column])
        exact = words.finite(data[column]) if column in data else read_off
        data[column] = np.where(usable, exact, np.nan)
    position = (
        (data["value"] > data["upper_95"]).astype(int)
        + (data["value"] > data["upper_998"]).astype(int)
        - (data["value"] < data["lower_95"]).astype(int)
        - (data["value"] < data["lower_998"]).astype(int)
    )
    data["position"] = [
        _POSITIONS[step] if ok else None for step, ok in zip(position.tolist(), usable.tolist(), strict=True)
    ]
    write = words.number_format(unit, decimals)
    label = words.axis_label(label, unit)
    whole = words.number_format("", 0)
    name = words.plain(force.short_name)
    drawn = data[usable].assign(step=position[usable])
    drawn["place"] = drawn["value"].rank(method="first")
    if not by_size and len(drawn):
        flat = {column: [drawn[column].median()] * 2 for column in LIMITS}
        curve = pd.DataFrame({"denominator": [0.5, len(drawn) + 0.5], **flat})
    mine = drawn[drawn["force_code"] == force.code]
    # A force may have a value and still be left out, as City of London is of limits by population.
    absent = words.missing_note(data, "Not shown: {}.")
    cut = words.cut_above(drawn["value"])
    notes = [*notes, *([absent] if absent else [])]
    if cut:
        high = drawn.loc[drawn["value"] > cut, "force"]
        notes.append(f"{words.names(high)} lies far above the chart and is drawn at its top edge.")
    if len(mine):
        row = mine.iloc[0]
        own = (
            f"{name}: {write(row['value'])} at {words.lower_first(size_label)} {whole(row['denominator'])}, "
            f"{row['position']}; {words.place(data, force.code)}"
        )
    else:
        own = f"{name} is not shown"
    above, below = (int((drawn["step"] == step).sum()) for step in (2, -2))
    beyond = [formats.cardinal(count) if count else "none" for count in (above, below)]
    outside = f"Beyond the 99.8% limits: {beyond[0]} above, {beyond[1]} below"
    kind = f"Funnel plot of {words.lower_first(label)} against {words.lower_first(size_label)} for"
    if not by_size:
        kind = f"Dot plot of {words.lower_first(label)} in the order of values, with limits, for"
        notes.append(
            "The limits hardly depend on size here, so the forces stand in the order of their values."
        )
    alt = words.alt_text(
        f"{kind} {words.count_of_forces(len(drawn))}, {period}",
        own,
        f"{target_label}: {write(target)}",
        (1, outside),
        (2, words.ends(data, force.code, write)),
        (3, absent),
    )
    columns = {
        "force": Column("Force", numeric=False),
        "value": Column(words.plain(label), write),
        **({"numerator": Column(words.plain(numerator), whole)} if numerator and "numerator" in data else {}),
        "denominator": Column(words.plain(size_label), whole),
        "lower_998": Column("99.8% limit, lower", write),
        "upper_998": Column("99.8% limit, upper", write),
        "position": Column("Position", numeric=False),
    }

    plot = _Plot(
        drawn=drawn,
        curve=curve,
        code=force.code,
        name=name,
        label=label,
        size_label=words.plain(size_label),
        unit=unit,
        write=write,
        target=target,
        target_label=words.plain(target_label),
        cut=cut,
        by_size=by_size,
    )
    return Chart(
        id=id,
        title=title,
        force=force.name,
        alt=alt,
        data=data,
        columns=columns,
        draw=plot.draw,
        provenance=provenance,
        period=period,
        basis=basis,
        notes=notes,
        heights=(4.3, 4.0),
        kind="funnel",
    )


@dataclass(frozen=True)
class _Plot:
    """All that the drawing needs. `drawn` has a row per force with a value, and its `step` (see `_POSITIONS`)."""

    drawn: pd.DataFrame
    curve: pd.DataFrame
    code: str
    name: str
    label: str
    size_label: str
    unit: str
    write: Callable[[Any], str]
    target: float
    target_label: str
    cut: float | None
    by_size: bool

    def draw(self, figure: Figure, layout: Layout) -> None:
        """Draw the funnel in one layout."""
        from peelbook.figures import _page as pg

        page = pg.Page(figure, layout)
        top = page.head(self.label, self._key())
        if self.drawn.empty:
            page.text(page.width / 2, top / 2, "No force has a value for this period", ha="center")
            return
        _Field(self, page, top).draw()

    def _key(self) -> list[Sample]:
        """The key: only what the chart holds."""
        from peelbook.figures._page import DASHED, QUIET, Sample

        others = self.drawn[self.drawn["force_code"] != self.code]
        samples = [
            Sample(f"{self.target_label} {self.write(self.target)}", line=TEXT, width=1.2),
            Sample("95% limits", line=QUIET, dash=DASHED, width=1.0),
            Sample("99.8% limits", line=QUIET, width=1.0),
        ]
        if len(others) < len(self.drawn):
            samples.append(Sample(self.name, fill=FOCUS, edge=FOCUS, marker="D", bold=True, color=FOCUS))
        if (others["step"].abs() == 2).any():
            samples.append(Sample("Outside the 99.8% limits", fill=TEXT, edge=TEXT, marker="s"))
        if (others["step"].abs() < 2).any():
            samples.append(Sample("Other forces", fill=MUTED, edge=_RIM, marker="o"))
        if len(others) == len(self.drawn):
            samples.append(Sample(f"{self.name} is not shown", bold=True, color=FOCUS))
        return samples


_RIM = "#6E6E6E"


class _Field:
    """The points, the limits and the axes, on one page."""

    def __init__(self, plot: _Plot, page: Page, top: float):
        from peelbook.figures import _page as pg

        self.plot, self.page = plot, page
        bottom = 2 * pg.LINE * page.small / 72 + 0.08
        along = plot.drawn["denominator" if plot.by_size else "place"]
        self.sizes, self.values = along.tolist(), plot.drawn["value"].tolist()
        self.codes, self.steps = plot.drawn["force_code"].tolist(), plot.drawn["step"].tolist()
        self.logarithmic = plot.by_size and max(self.sizes) / min(self.sizes) > 8
        smallest, largest = min(self.sizes), max(self.sizes)
        pad = 0.06 * (largest - smallest) or 0.1 * largest
        ends = (max(0.0, smallest - pad), largest + pad)
        if self.logarithmic:
            ends = (smallest / 1.35, largest * 1.35)
        kept = [value for value in self.values if not plot.cut or value <= plot.cut]
        low, high = min(0.0, *kept), max([*kept, plot.target]) * 1.12
        high = high if high > low else low + 1.0
        self.marks = pg.ticks(low, high, 4 if page.layout.compact else 5)
        self.tick = pg.tick_writer(self.marks, plot.unit)
        left = pg.SIDE + max(pg.text_width(self.tick(mark), page.small) for mark in self.marks) + 0.08
        self.area = pg.Box(left, bottom, page.width - pg.SIDE - 0.02, top)
        self.y = pg.Scale(low, high, bottom, top)
        self.x = pg.Scale(*ends, left, self.area.right, log=self.logarithmic)
        self.over = [bool(plot.cut and value > plot.cut) for value in self.values]
        # What lies above the chart stands at its edge, as an arrow.
        self.places = [
            (self.x(size), top - 0.05 if over else self.y(value))
            for size, value, over in zip(self.sizes, self.values, self.over, strict=True)
        ]
        self.mine = self.codes.index(plot.code) if plot.code in self.codes else None

    def draw(self) -> None:
        """Draw all of it."""
        self.page.grid_y(self.y, self.marks, self.tick, self.area.left, self.area.right)
        self._draw_sizes()
        curves = self._draw_limits()
        self._draw_points()
        self._draw_names(curves)

    def _draw_sizes(self) -> None:
        """Sizes along the axis, and what they are."""
        from peelbook.figures import _page as pg

        page, bottom, low, high = self.page, self.area.bottom, self.x.low, self.x.high
        if not self.plot.by_size:
            level = bottom - 0.07 - pg.LINE * page.small / 72
            caption = "Forces from the lowest value to the highest"
            page.text(self.area.right, level, caption, ha="right", va="top", size=page.small)
            return
        wanted = pg.ticks(low, high, 4 if page.layout.compact else 6)
        if self.logarithmic:
            wanted = [f * 10.0**p for p in range(-1, 13) for f in (1, 3) if low <= f * 10.0**p <= high]
        edge = pg.SIDE
        for value in wanted:
            text, at = short_count(value), self.x(value)
            half = pg.text_width(text, page.small) / 2
            if at - half >= edge and at + half <= page.width - pg.SIDE:
                page.lines([[(at, bottom), (at, bottom - 0.04)]], "#808080", width=0.8)
                page.text(at, bottom - 0.07, text, ha="center", va="top", size=page.small)
                edge = at + half + 0.12
        caption = f"{self.plot.size_label} (log scale)" if self.logarithmic else self.plot.size_label
        caption = pg.cut_to(caption, page.width - 2 * pg.SIDE, page.small)
        level = bottom - 0.07 - pg.LINE * page.small / 72
        page.text(self.area.right, level, caption, ha="right", va="top", size=page.small)

    def _draw_limits(self) -> list[tuple[float, float]]:
        """The limits and the centre line; returns the limits' points.

        They are sampled evenly along the axis, whatever sizes the curve was given at.
        """
        import numpy as np

        from peelbook.figures import _page as pg

        low, high = self.x.low, self.x.high
        along = np.linspace(max(low, high / 500), high, 60)
        if self.logarithmic:
            along = np.geomspace(low, high, 60)
        known = np.log(self.plot.curve["denominator"].to_numpy())
        points: list[tuple[float, float]] = []
        for name, dash in (("95", pg.DASHED), ("998", pg.SOLID)):
            parts = []
            for side in ("lower", "upper"):
                limit = np.interp(np.log(along), known, self.plot.curve[f"{side}_{name}"].to_numpy())
                line = [(self.x(a), self.y(b)) for a, b in zip(along.tolist(), limit.tolist(), strict=True)]
                parts += pg.within(line, self.area)
            self.page.lines(parts, pg.QUIET, width=1.0, dash=dash, z=2.5)
            points += [point for part in parts for point in part]
        level = self.y(self.plot.target)
        self.page.lines([[(self.area.left, level), (self.area.right, level)]], TEXT, width=1.2)
        return points

    def _draw_points(self) -> None:
        """The forces, told apart by shape: within, outside, above the chart, and the one."""
        others = [index for index in range(len(self.codes)) if index != self.mine]
        inside = [index for index in others if not self.over[index] and abs(self.steps[index]) < 2]
        outside = [index for index in others if not self.over[index] and abs(self.steps[index]) == 2]
        above = [index for index in others if self.over[index]]
        page, places = self.page, self.places
        page.marks([places[index] for index in inside], "o", color=MUTED, edge=_RIM, size=5)
        page.marks([places[index] for index in outside], "s", color=TEXT, size=5)
        page.marks([places[index] for index in above], "^", color=TEXT, size=7)
        for (x, y), row in zip(places, self.plot.drawn.index, strict=True):
            page.hotspot(x, y, row)
        if self.mine is not None:
            shape = "^" if self.over[self.mine] else "D"
            page.marks([places[self.mine]], shape, color=FOCUS, size=8, width=0.8, z=4.5)

    def _draw_names(self, curves: Sequence[tuple[float, float]]) -> None:
        """Names: the force, what is off the chart, and the few that stand out most."""
        from peelbook.figures import _page as pg

        plot, area = self.plot, self.area
        half = (plot.drawn["upper_998"] - plot.drawn["lower_998"]).to_numpy() / 2
        others = [index for index in range(len(self.codes)) if index != self.mine]
        far = [index for index in others if abs(self.steps[index]) == 2 and not self.over[index]]
        far.sort(key=lambda index: -abs(self.values[index] - plot.target) / (half[index] or 1.0))
        named = [] if self.mine is None else [self.mine]
        named += [index for index in others if self.over[index]]
        with_value = set(named)
        named += far[: 2 if self.page.layout.compact else 5]
        names = plot.drawn["force"].tolist()
        labels = [
            (
                *self.places[index],
                f"{names[index]} {plot.write(self.values[index])}" if index in with_value else names[index],
                index == self.mine,
            )
            for index in named
        ]
        dots = [pg.Box.around(x, y, 0.035) for x, y in self.places]
        bounds = pg.Box(area.left + 0.02, area.bottom + 0.02, area.right, area.top + 0.02)
        soft = [pg.Box(x - 0.03, y - 0.01, x + 0.03, y + 0.01) for x, y in curves]
        level = self.y(plot.target)
        soft.append(pg.Box(area.left, level - 0.01, area.right, level + 0.01))
        self.page.write_labels(labels, bounds, dots, soft=soft, must=0 if self.mine is None else 1)


def short_count(value: float) -> str:
    """A count as an axis prints it: 300, 30 thousand, 3 million."""
    for size, word in ((1e6, "million"), (1e3, "thousand")):
        if value >= size:
            return f"{formats.number(value / size, 0 if value % size == 0 else 1)} {word}"
    return formats.number(value)
