"""One force's months or quarters against the limits of a baseline: an XmR chart.

A signal is shown by its shape and, in the table, by the name of the rule; the line itself is grey.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peelbook import formats
from peelbook.figures import _words as words
from peelbook.figures._chart import Chart, Column
from peelbook.figures._layout import FOCUS, QUIET, TEXT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from peelbook.catalogue import Provenance
    from peelbook.figures._layout import Layout
    from peelbook.figures._page import Page, Sample
    from peelbook.forces import Force
    from peelbook.xmr import Behaviour

NO_SIGNAL = "none"


def process_chart(
    frame: pd.DataFrame,
    found: Behaviour,
    *,
    id: str,
    title: str,
    force: Force,
    label: str,
    unit: str,
    decimals: int,
    provenance: Sequence[Provenance],
    period: str,
    time: str = "quarter",
    adjusted: bool = False,
    notes: Sequence[str] = (),
    basis: str = "computed",
) -> Chart:
    """Draw a series with the mean and the limits of its baseline, and mark its signals.

    `frame` has `period_end` and `value`, a row a period in the order of time, and `found` is what
    `peelbook.xmr.behaviour` says of it; where `adjusted`, of the values without their season. `time` is a key of
    `peelbook.formats.PERIODS` ("quarter", "month"). Raises `ValueError` where the two are of different lengths.
    """
    import pandas as pd

    if len(frame) != len(found.values):
        raise ValueError(f"chart {id}: {len(frame)} periods and {len(found.values)} values judged")
    write = words.number_format(unit, decimals)
    days = [pd.Timestamp(day) for day in frame["period_end"]]
    named = ["; ".join(rules) if rules else NO_SIGNAL for rules in found.signals]
    data = pd.DataFrame(
        {
            "period_end": days,
            "period": [formats.period(day, time) for day in days],
            "value": words.finite(frame["value"]).to_numpy(),
            **({"adjusted": found.values} if adjusted else {}),
            "moving_range": found.ranges,
            "baseline": ["yes" if inside else "no" for inside in found.baseline],
            "signal": [
                name if value == value else formats.MISSING
                for name, value in zip(named, found.values, strict=True)
            ],
            "mean": found.centre,
            "lower": found.lower,
            "upper": found.upper,
        }
    )
    columns = {
        "period": Column(
            f"{time.capitalize()} ending" if time == "quarter" else time.capitalize(), numeric=False
        ),
        "value": Column(words.plain(label), write),
        **({"adjusted": Column("Without the season", write)} if adjusted else {}),
        "moving_range": Column("Moving range", write),
        "baseline": Column("In the baseline", numeric=False),
        "signal": Column("Signal", numeric=False),
    }
    plot = _Plot(
        days, found, words.plain(force.short_name), words.axis_label(label, unit), unit, write, time, adjusted
    )
    return Chart(
        id=id,
        title=title,
        force=force.name,
        alt=_alt(plot, period),
        data=data,
        columns=columns,
        draw=plot.draw,
        provenance=provenance,
        period=period,
        basis=basis,
        notes=notes,
        heights=(3.9, 3.8),
        kind="process_chart",
        pointed="x",
    )


def _alt(plot: _Plot, period: str) -> str:
    """The alt text: mean, limits, the last value, and how many of which signals."""
    found, write = plot.found, plot.write
    known = [place for place, value in enumerate(found.values) if value == value]
    if not known:
        return words.alt_text(f"Process chart of {words.lower_first(plot.label)} without any value")
    last = known[-1]
    signalled = [place for place in known if found.signals[place]]
    count = f"{formats.cardinal(len(signalled)).capitalize() if signalled else 'None'} of {len(known)} values"
    high = sum(bool(found.high[place]) for place in signalled)
    sides = f", {high} above the mean and {len(signalled) - high} below" if signalled else ""
    noun = "is a signal" if len(signalled) < 2 else "are signals"
    return words.alt_text(
        f"Process chart of {words.lower_first(plot.label)}{', without the season' if plot.adjusted else ''}, {period}",
        f"{plot.name}: mean of the baseline {write(found.centre)}, limits {write(found.lower)} and {write(found.upper)}",
        f"{count} {noun}{sides}",
        f"Last value: {write(found.values[last])} ({formats.period(plot.days[last], plot.time)})",
    )


@dataclass(frozen=True)
class _Plot:
    """All that the drawing needs."""

    days: Sequence[Any]
    found: Behaviour
    name: str
    label: str
    unit: str
    write: Callable[[Any], str]
    time: str
    adjusted: bool

    def draw(self, figure: Figure, layout: Layout) -> None:
        """Draw the chart in one layout."""
        from peelbook.figures import _page as pg

        page = pg.Page(figure, layout)
        heading = f"{self.label}, without the season" if self.adjusted else self.label
        top = page.head(heading, self._key())
        if not any(value == value for value in self.found.values):
            page.text(page.width / 2, top / 2, "No value in any period", ha="center")
            return
        self._draw_field(page, top)

    def _key(self) -> list[Sample]:
        from peelbook.figures._page import DASHED, Sample

        found = self.found
        samples = [
            Sample(self.name, line=QUIET, width=1.4, fill=QUIET, edge=QUIET, marker="o"),
            Sample(f"Mean of the baseline {self.write(found.centre)}", line=TEXT, width=1.3),
            Sample(
                f"Limits {self.write(found.lower)} and {self.write(found.upper)}", line=QUIET, dash=DASHED
            ),
        ]
        if any(found.signals):
            samples.append(Sample("Signal", fill=FOCUS, edge=FOCUS, marker="D", bold=True, color=FOCUS))
        return samples

    def _draw_field(self, page: Page, top: float) -> None:
        from peelbook.figures import _page as pg

        found = self.found
        bottom = 2 * pg.LINE * page.small / 72 + 0.08
        shown = [value for value in found.values.tolist() if value == value] + [found.lower, found.upper]
        low, high = min(shown), max(shown)
        pad = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
        low, high = (0.0 if low >= 0 > low - pad else low - pad), high + pad
        marks = pg.ticks(low, high, 4 if page.layout.compact else 5)
        tick = pg.tick_writer(marks, self.unit)
        left = pg.SIDE + max(pg.text_width(tick(mark), page.small) for mark in marks) + 0.08
        right = page.width - pg.SIDE - 0.1
        numbers = [day.toordinal() for day in self.days]
        wide = 0 if numbers[0] < numbers[-1] else 45
        x = pg.Scale(numbers[0] - wide, numbers[-1] + wide, left + 0.08, right - 0.06)
        y = pg.Scale(low, high, bottom, top)
        page.grid_y(y, marks, tick, left, right)
        self._draw_baseline(page, x, bottom, top)
        for value, color, dash, width in (
            (found.centre, TEXT, pg.SOLID, 1.3),
            (found.lower, QUIET, pg.DASHED, 1.0),
            (found.upper, QUIET, pg.DASHED, 1.0),
        ):
            page.lines([[(left, y(value)), (right, y(value))]], color, width=width, dash=dash, z=2.6)
        runs: list[list[tuple[float, float]]] = [[]]
        for number, value in zip(numbers, found.values.tolist(), strict=True):
            if value == value:
                runs[-1].append((x(number), y(value)))
            else:
                runs.append([])
        page.lines([run for run in runs if len(run) > 1], QUIET, width=1.4, z=3.2)
        plain: list[tuple[float, float]] = []
        marked: list[tuple[float, float]] = []
        column = "adjusted" if self.adjusted else "value"
        for row, (number, value) in enumerate(zip(numbers, found.values.tolist(), strict=True)):
            if value == value:
                (marked if found.signals[row] else plain).append((x(number), y(value)))
                page.hotspot(x(number), y(value), row, column)
        page.marks(plain, "o", color=QUIET, size=3.6, z=3.6)
        page.marks(marked, "D", color=FOCUS, size=5.6, z=4.2)
        self._draw_years(page, x, bottom)

    def _draw_baseline(self, page: Page, x: Callable[[float], float], bottom: float, top: float) -> None:
        """A pale band behind the periods that the mean and limits come from."""
        inside = [day.toordinal() for day, held in zip(self.days, self.found.baseline, strict=True) if held]
        if inside and len(inside) < len(self.days):
            start, end = x(inside[0]) - 0.04, x(inside[-1]) + 0.04
            page.rects([(start, bottom, end - start, top - bottom)], "#F3F3F3", z=0.6)
            page.text(start + 0.05, bottom + 0.05, "Baseline", size=page.small, color=QUIET)

    def _draw_years(self, page: Page, x: Callable[[float], float], bottom: float) -> None:
        from peelbook.figures import _page as pg

        ends = {day.year: day for day in self.days if day.month == self.days[-1].month}
        edge = page.width + 0.1
        for year, day in sorted(ends.items(), reverse=True):
            at, half = x(day.toordinal()), pg.text_width(str(year), page.small) / 2
            if at + half <= edge - 0.12 and at - half >= 0:
                page.lines([[(at, bottom), (at, bottom - 0.04)]], "#808080", width=0.8)
                page.text(at, bottom - 0.07, str(year), ha="center", va="top", size=page.small)
                edge = at - half
        last = formats.month(self.days[-1]).split(" ")[0]
        caption = f"{self.time.capitalize()}s; a year stands at its {last}"
        page.text(
            pg.SIDE,
            bottom - 0.08 - pg.LINE * page.small / 72,
            caption,
            va="top",
            size=page.small,
            color=QUIET,
        )
