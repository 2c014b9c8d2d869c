"""Many small line charts with one shape: the force against the average, offence group by offence group.

A panel each keeps ten groups from crossing in one chart. Panels have their own scales unless told
otherwise, because robbery and theft differ a hundredfold; the chart says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from peelbook import formats
from peelbook.figures import _words as words
from peelbook.figures._chart import Chart, Column
from peelbook.figures._layout import FOCUS, TEXT, Layout, both

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.catalogue import Provenance
    from peelbook.forces import Force


def small_multiples(
    frame: pd.DataFrame,
    *,
    id: str,
    title: str,
    force: Force,
    label: str,
    unit: str,
    decimals: int,
    provenance: Sequence[Provenance],
    period: str,
    average: str = words.POOLED,
    time: str = "year",
    same_scale: bool = False,
    notes: Sequence[str] = (),
    basis: str = "computed",
) -> Chart:
    """Draw one panel per group: the force's line over the average's.

    `frame` has `panel`, `period_end`, `value` (the force) and `average` (named `average`); panels keep the
    order in which they first appear. A missing value is a gap. `same_scale` gives all panels one scale.
    Raises `ValueError` for two rows of one panel and period.
    """
    import pandas as pd

    data = frame.reset_index(drop=True).copy()
    data["panel"] = [words.plain(text) for text in data["panel"]]
    data["period_end"] = pd.to_datetime(data["period_end"])
    if data.duplicated(["panel", "period_end"]).any():
        raise ValueError(f"chart {id}: two rows for one panel and period")
    for column in ("value", "average"):
        data[column] = words.finite(data[column]) if column in data else float("nan")
    panels = list(dict.fromkeys(data["panel"]))
    order = {panel: place for place, panel in enumerate(panels)}
    data["_order"] = data["panel"].map(order)
    data = data.sort_values(["_order", "period_end"], ignore_index=True)
    data["period"] = [formats.period(day, time) for day in data["period_end"]]
    data = data[["panel", "period_end", "period", "value", "average"]]
    write = words.number_format(unit, decimals)
    label = words.axis_label(label, unit)
    name, other = words.plain(force.short_name), words.plain(average)
    days = sorted(data["period_end"].unique())
    span = ""
    if days:
        first, last = formats.period(days[0], time), formats.period(days[-1], time)
        span = last if first == last else f"{first} to {last}"
    phrases = []
    for index, panel in enumerate(panels):
        rows = data[data["panel"] == panel]
        late = rows.dropna(subset=["value"]).tail(1)
        if late.empty:
            phrases.append((index, f"{panel}: no value"))
            continue
        row = late.iloc[0]
        phrases.append((index, f"{panel}: {write(row['value'])} (average {write(row['average'])})"))
    alt = words.alt_text(
        f"{len(panels)} small line chart{'s' if len(panels) != 1 else ''} of {words.lower_first(label)}, {name} "
        f"against {words.lower_average(other)}, {span or period}. Latest values",
        *phrases,
    )
    columns = {
        "panel": Column("Group", numeric=False),
        "period": Column("Period", numeric=False),
        "value": Column(name, write),
        "average": Column(other, write),
    }

    def draw(figure, layout):
        _draw(figure, layout, data, panels, days, label, unit, write, name, other, same_scale)

    return Chart(
        id=id,
        title=title,
        force=force.name,
        alt=alt,
        data=data,
        columns=columns,
        draw=draw,
        provenance=provenance,
        period=period,
        basis=basis,
        notes=notes,
        heights=both(lambda layout: _height(layout, panels, label, _samples(name, other))),
        kind="small_multiples",
    )


_OVER_PLOT, _UNDER_PLOT = 0.1, 0.32  # inches between a panel's words and its plot, and below the plot


def _columns(layout: Layout, panels: Sequence[str]) -> int:
    return min(max(1, len(panels)), 2 if layout.compact else 3)


def _samples(name: str, other: str) -> list:
    from peelbook.figures._page import DASHED, Sample

    return [
        Sample(name, line=FOCUS, width=2.2, bold=True, color=FOCUS),
        Sample(other, line=TEXT, dash=DASHED, width=1.2),
    ]


def _head(layout: Layout, label: str, samples: list, panels: Sequence[str]) -> float:
    """Inches of the heading, the key and the line on scales."""
    from peelbook.figures._page import LINE, head_height, small_size

    note = LINE * small_size(layout) / 72 if len(panels) > 1 else 0.0
    return head_height(layout, label, samples) + note


def _panel_sizes(layout: Layout, panels: Sequence[str]) -> tuple[float, list[float], float]:
    """Panel width, title height of each row of panels, height of a plot."""
    from peelbook.figures._page import LINE, SIDE, small_size, wrap

    columns = _columns(layout, panels)
    gap = 0.2
    width = (layout.width - 2 * SIDE - gap * (columns - 1)) / columns
    small = small_size(layout)
    line = LINE * small / 72
    heads = []
    for start in range(0, len(panels), columns):
        group = panels[start : start + columns]
        heads.append(
            (max(len(wrap(panel, width, small, True, 3)) for panel in group) + 1) * line + _OVER_PLOT
        )
    return width, heads, 0.78 if layout.compact else 0.95


def _height(layout: Layout, panels: Sequence[str], label: str, samples: list) -> float:
    _, heads, plot = _panel_sizes(layout, panels)
    rows = sum(heads) + len(heads) * (plot + _UNDER_PLOT) if panels else 0.3
    return _head(layout, label, samples, panels) + rows


def _draw(figure, layout, data, panels, days, label, unit, write, name, other, same_scale) -> None:
    from peelbook.figures import _page as pg

    page = pg.Page(figure, layout)
    inner = page.width - 2 * pg.SIDE
    samples = _samples(name, other)
    top = page.head(label, samples) + 0.04
    if len(panels) > 1:
        text = (
            "All panels have one scale"
            if same_scale
            else "Each panel has its own scale; figures are the latest"
        )
        page.text(pg.SIDE, top, pg.cut_to(text, inner, page.small), va="top", size=page.small, color=pg.QUIET)
    if not panels:
        page.text(pg.SIDE, top - 0.2, "Nothing to show for this period", va="top")
        return
    width, heads, plot = _panel_sizes(layout, panels)
    columns = _columns(layout, panels)
    common = max(
        [value for column in ("value", "average") for value in data[column].dropna().tolist()], default=1.0
    )
    lowest = min(
        [0.0, *(value for column in ("value", "average") for value in data[column].dropna().tolist())]
    )
    y_top = page.height - _head(layout, label, samples, panels)
    spans = [day.toordinal() for day in days]
    own_lines: list[list[tuple[float, float]]] = []
    other_lines: list[list[tuple[float, float]]] = []
    dots: list[tuple[float, float]] = []
    others: list[tuple[float, float]] = []
    base: list[list[tuple[float, float]]] = []
    grid: list[list[tuple[float, float]]] = []
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        if column == 0 and row:
            y_top -= heads[row - 1] + plot + _UNDER_PLOT
        x0 = pg.SIDE + column * (width + 0.2)
        rows = data[data["panel"] == panel]
        values = rows["value"].dropna().tolist() + rows["average"].dropna().tolist()
        page.lines_of_text(x0, y_top, pg.wrap(panel, width, page.small, True, 3), size=page.small, bold=True)
        floor = y_top - heads[row] - plot
        ceiling = y_top - heads[row]
        late = rows.dropna(subset=["value"]).tail(1)
        if not values:
            page.text(
                x0,
                ceiling + _OVER_PLOT + pg.DESCENT * page.small / 72,
                "No value",
                size=page.small,
                color=pg.QUIET,
            )
            continue
        level = ceiling + _OVER_PLOT + pg.DESCENT * page.small / 72
        if late.empty:
            page.text(x0, level, "No value", size=page.small, color=pg.QUIET)
        else:
            row_late = late.iloc[0]
            # A latest value of an earlier year carries its year.
            when = "" if row_late["period_end"] == days[-1] else f" ({row_late['period_end'].year})"
            box = page.text(
                x0, level, f"{write(row_late['value'])}{when}", size=page.small, bold=True, color=FOCUS
            )
            if late["average"].notna().iloc[0]:
                tail = f"average {write(late['average'].iloc[0])}"
                room = width - (box.right - x0) - 0.12
                if pg.text_width(tail, page.small) > room:
                    tail = f"({write(late['average'].iloc[0])})"
                page.text(x0 + width, level, pg.cut_to(tail, room, page.small), ha="right", size=page.small)
        high = common if same_scale else max(values)
        low = lowest if same_scale else min(0.0, *values)
        high = high if high > low else low + 1.0
        marks = [mark for mark in pg.ticks(low, high, 2) if low <= mark <= high]
        tick_write = pg.tick_writer(marks, unit)
        left = x0 + max(pg.text_width(tick_write(mark), 7.5) for mark in marks) + 0.06
        right = x0 + width - 0.05
        y = pg.Scale(low, high, floor, ceiling)
        pad = 0 if len(spans) > 1 and spans[0] < spans[-1] else 183
        x = pg.Scale(spans[0] - pad, spans[-1] + pad, left + 0.03, right)
        for mark in marks:
            (base if mark == 0 else grid).append([(left, y(mark)), (x0 + width, y(mark))])
            page.text(left - 0.04, y(mark), tick_write(mark), ha="right", va="center", size=7.5)
        for column_name, lines, points in (("value", own_lines, dots), ("average", other_lines, others)):
            run: list[tuple[float, float]] = []
            runs = [run]
            for number, day, value in zip(
                rows.index, rows["period_end"], rows[column_name].tolist(), strict=True
            ):
                if value == value:
                    run.append((x(day.toordinal()), y(value)))
                    page.hotspot(*run[-1], number, column_name)
                elif run:
                    run = []
                    runs.append(run)
            lines += [run for run in runs if len(run) > 1]
            points += [run[0] for run in runs if len(run) == 1]
            if column_name == "value" and any(runs):
                dots.append([run for run in runs if run][-1][-1])
        first, last = days[0], days[-1]
        single = first.year == last.year
        page.text(x(first.toordinal()) if single else left, floor - 0.05, f"{first.year}", va="top", size=7.5,
                  ha="center" if single else "left")  # fmt: skip
        if first != last and first.year != last.year:
            page.text(x0 + width, floor - 0.05, f"{last.year}", va="top", ha="right", size=7.5)
    page.lines(grid, pg.GRID, width=0.6, z=1)
    page.lines(base, "#808080", width=0.8, z=3.5)
    page.lines(other_lines, TEXT, width=1.2, dash=pg.DASHED, z=3)
    page.lines(own_lines, FOCUS, width=2.0, z=3.6)
    page.marks(dots, "o", size=4.5)
    page.marks(others, "_", edge=TEXT, size=6, width=1.2)
