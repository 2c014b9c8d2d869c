"""Who a workforce is made of: shares by rank and sex, or by ethnicity, the force beside all forces.

Two groups (women and men) face each other as a pyramid; one group stands alone as plain bars. The mark of
all forces is a line across the bar's track, so that "more than elsewhere" is seen without a second bar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from peelbook.figures import _words as words
from peelbook.figures._chart import Chart, Column
from peelbook.figures._layout import FOCUS, TEXT, TURQUOISE, Layout, both

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.catalogue import Provenance
    from peelbook.forces import Force


def structure(
    frame: pd.DataFrame,
    *,
    id: str,
    title: str,
    force: Force,
    label: str,
    provenance: Sequence[Provenance],
    period: str,
    sides: Sequence[str] = (),
    comparator: str = words.POOLED,
    notes: Sequence[str] = (),
    basis: str = "computed",
    decimals: int = 1,
) -> Chart:
    """Draw shares by category, on one or two sides, with the comparator's share marked.

    `frame` has `category`, `value` and `comparator_value` (shares, 0 to 1), perhaps `count`, and with two
    `sides` a column `side` holding their names. `label` names the share ("Share of all officers").
    Categories keep their order. Raises `ValueError` for more than two sides, an unknown side, two rows for
    one bar or a share outside 0 to 1.
    """
    import pandas as pd

    names = [words.plain(side) for side in sides] or [""]
    if len(names) > 2:
        raise ValueError(f"chart {id}: at most two sides, not {len(names)}")
    data = frame.reset_index(drop=True).copy()
    data["category"] = [words.plain(text) for text in data["category"]]
    data["side"] = [words.plain(text) for text in data["side"]] if "side" in data else names[0]
    if unknown := set(data["side"]) - set(names):
        raise ValueError(f"chart {id}: unknown side {', '.join(sorted(unknown))}")
    if data.duplicated(["category", "side"]).any():
        raise ValueError(
            f"chart {id}: two rows for {data.loc[data.duplicated(['category', 'side']), 'category'].iloc[0]}"
        )
    for column in ("value", "comparator_value", "count"):
        if column in data:
            data[column] = words.finite(data[column])
    if "comparator_value" not in data:
        data["comparator_value"] = float("nan")
    shares = data[["value", "comparator_value"]]
    if ((shares < 0) | (shares > 1)).any().any():
        raise ValueError(f"chart {id}: a share outside 0 to 1")
    order = list(dict.fromkeys(data["category"]))
    data = data[["category", "side", *(["count"] if "count" in data else []), "value", "comparator_value"]]
    write = words.number_format("%", decimals)
    name, other = words.plain(force.short_name), words.plain(comparator)
    cells = {(row.category, row.side): row for row in data.itertuples(index=True)}
    phrases = [
        f"{category}: "
        + ", ".join(
            f"{f'{side} ' if side else ''}{write(cells[category, side].value)} ({other} {write(cells[category, side].comparator_value)})"
            for side in names
            if (category, side) in cells
        )
        for category in order
    ]
    what = (
        f"Pyramid of {words.lower_first(names[0])} and {words.lower_first(names[1])}"
        if len(names) == 2
        else "Bar chart"
    )
    alt = words.alt_text(
        f"{what}: {words.lower_first(label)}, {name} against {other}, {period}",
        *((index, text) for index, text in enumerate(phrases)),
    )
    whole = words.number_format("", 0)
    columns = {
        "category": Column("Group", numeric=False),
        **({"side": Column("Side", numeric=False)} if len(names) == 2 else {}),
        **({"count": Column(f"{name}, number", whole)} if "count" in data else {}),
        "value": Column(f"{name}, {words.lower_first(label)}", write),
        "comparator_value": Column(f"{other}, {words.lower_first(label)}", write),
    }

    def draw(figure, layout):
        _draw(figure, layout, order, names, cells, label, name, other, write)

    return Chart(
        id=id,
        title=title,
        force=force.name,
        alt=alt,
        data=pd.DataFrame(data),
        columns=columns,
        draw=draw,
        provenance=provenance,
        period=period,
        basis=basis,
        notes=notes,
        heights=both(
            lambda layout: _height(layout, order, names, label, _samples(layout, names, name, other))
        ),
        kind="structure",
        pointed="y",
    )


def _label_width(layout: Layout, order: Sequence[str]) -> float:
    from peelbook.figures._page import text_width

    most = 1.05 if layout.compact else 2.2
    return min(most, max((text_width(text, layout.font_size) for text in order), default=0.0) + 0.02)


def _row_heights(layout: Layout, order: Sequence[str]) -> list[float]:
    from peelbook.figures._page import LINE, wrap

    width = _label_width(layout, order)
    line = LINE * layout.font_size / 72
    return [max(len(wrap(text, width, layout.font_size)) * line, 0.2) + 0.09 for text in order]


def _samples(layout: Layout, names: Sequence[str], name: str, other: str) -> list:
    from peelbook.figures._page import Sample

    bars = [
        Sample(f"{name}, {words.lower_first(side)}" if side else name, fill="white" if index else FOCUS,
               edge=TURQUOISE if index else FOCUS, hatch="/////" if index else "", bold=True, color=FOCUS)
        for index, side in enumerate(names)
    ]  # fmt: skip
    spelled = not layout.compact or len(names) == 1
    return [*bars, Sample(f"{other} (in brackets)" if spelled else other, tick=True)]


def _height(layout: Layout, order: Sequence[str], names: Sequence[str], label: str, samples: list) -> float:
    from peelbook.figures._page import head_height

    rows = sum(_row_heights(layout, order)) if order else 0.3
    return head_height(layout, label, samples) + rows + 0.06


def _highest(cells: Mapping, side: str) -> float:
    """The longest bar or mark of one side; 0 where it has none."""
    rows = [row for (_, of), row in cells.items() if of == side]
    values = [value for row in rows for value in (row.value, row.comparator_value)]
    return max([value for value in values if value == value and value > 0], default=0.0)


def _draw(figure, layout, order, names, cells, label, name, other, write) -> None:
    from peelbook.figures import _page as pg

    page = pg.Page(figure, layout)
    top = page.head(label, _samples(layout, names, name, other))
    if not order:
        page.text(pg.SIDE, top, "Nothing to show for this period", va="top")
        return
    label_width = _label_width(layout, order)
    values = [row.value for row in cells.values()] + [row.comparator_value for row in cells.values()]
    high = max([value for value in values if value == value and value > 0], default=1.0)
    text_width = max(pg.text_width(write(row.value), page.small, True) for row in cells.values()) + 0.12
    # Where there is room, the comparator's figure stands in brackets, as the key says.
    spelled = not layout.compact or len(names) == 1
    if spelled:
        text_width += 0.1 + max(
            pg.text_width(f"({write(row.comparator_value)})", page.small) for row in cells.values()
        )
    start = pg.SIDE + label_width + 0.12
    end = page.width - pg.SIDE
    if len(names) == 2:
        # One scale for both sides; each gets the room that its own longest bar needs.
        left, right = (_highest(cells, side) or high for side in names)
        inch = (end - start - 2 * text_width - 0.04) / (left + right)
        middle = start + text_width + 0.02 + left * inch
        scales = [
            pg.Scale(0, left, middle - 0.02, start + text_width),
            pg.Scale(0, right, middle + 0.02, end - text_width),
        ]
    else:
        scales = [pg.Scale(0, high, start, end - text_width)]
    bars: list[list[tuple[float, float, float, float]]] = [[] for _ in names]
    ticks = []
    y = top
    for category, height in zip(order, _row_heights(layout, order), strict=True):
        lines = pg.wrap(category, label_width, page.size)
        page.centred_lines(pg.SIDE, y - height / 2, lines)
        middle_y = y - height / 2
        for index, side in enumerate(names):
            row = cells.get((category, side))
            scale = scales[index]
            toward = 1 if scale.end > scale.start else -1
            if row is None:
                continue
            at = scale.start
            if row.value == row.value:
                at = scale(row.value)
                if row.value > 0:
                    bars[index].append((min(scale.start, at), middle_y - 0.075, abs(at - scale.start), 0.15))
                page.hotspot(at, middle_y, row.Index)
            edge = at
            if row.comparator_value == row.comparator_value:
                mark = scale(row.comparator_value)
                page.hotspot(mark, middle_y + 0.11, row.Index, "comparator_value")
                # Above and below the bar, never across it: a short bar would not be seen.
                ticks.append([(mark, middle_y - 0.14), (mark, middle_y - 0.085)])
                ticks.append([(mark, middle_y + 0.085), (mark, middle_y + 0.14)])
                edge = max(at * toward, mark * toward) * toward
            # Bold and blue as in the key: the figure is the bar's, wherever the mark stands.
            box = page.text(
                edge + 0.06 * toward,
                middle_y,
                write(row.value),
                ha="left" if toward > 0 else "right",
                va="center",
                size=page.small,
                bold=True,
                color=FOCUS,
            )
            if spelled and row.comparator_value == row.comparator_value:
                page.text(
                    box.right + 0.1 if toward > 0 else box.left - 0.1,
                    middle_y,
                    f"({write(row.comparator_value)})",
                    ha="left" if toward > 0 else "right",
                    va="center",
                    size=page.small,
                    color=pg.QUIET,
                )
        y -= height
    for index, shapes in enumerate(bars):
        if index:
            page.rects(shapes, "white", edge=TURQUOISE, hatch="/////", width=0.9)
        else:
            page.rects(shapes, FOCUS)
    page.lines(ticks, TEXT, width=1.6, z=3.1)
    bases = sorted({scale.start for scale in scales})
    page.lines([[(x, top), (x, y)] for x in bases], "#808080", width=0.8, z=3.4)
