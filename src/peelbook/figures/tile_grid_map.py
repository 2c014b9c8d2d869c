"""The 43 forces as equal tiles, shaded in a few classes: where in the country a value is high or low.

On a real map the City of London is a dot and Dyfed-Powys a quarter of Wales. Tiles give each force the same
room, enough for its value in figures, so that no reader depends on telling shades apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from peelbook import formats
from peelbook.figures import _words as words
from peelbook.figures._chart import Chart, Column
from peelbook.figures._layout import FOCUS, TEXT, Layout

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.catalogue import Provenance
    from peelbook.forces import Force, Forces

#: Fill and ink of the classes, from the lowest: the afcharts sequential palette.
SHADES = (
    ("#F2F2F2", "#1A1A1A"),
    ("#ADD1F1", "#1A1A1A"),
    ("#6BACE6", "#1A1A1A"),
    ("#2073BC", "#FFFFFF"),
    ("#092135", "#FFFFFF"),
)


@dataclass(frozen=True)
class _Class:
    """One class of the legend: its ends, how many forces it holds, its words."""

    low: float
    high: float
    count: int
    words: str
    shade: int


def tile_grid_map(
    frame: pd.DataFrame,
    *,
    id: str,
    title: str,
    forces: Forces,
    label: str,
    unit: str,
    decimals: int,
    provenance: Sequence[Provenance],
    period: str,
    force: Force | None = None,
    averages: Any = None,
    notes: Sequence[str] = (),
    basis: str = "computed",
) -> Chart:
    """Draw one period's values on the tile grid, in at most five classes of about equally many forces.

    `frame` has `force_code` and `value`. Tiles stand at `tile_row`, `tile_column` of `forces`; equal values
    always share a class. A force without a value is hatched. `force` is outlined; without it the map is the
    national one. Raises `ValueError` where a force has two rows.
    """
    data = words.by_force(frame[["force_code", "value"]], forces, id)
    write = words.number_format(unit, decimals)
    label = words.axis_label(label, unit)
    classes = _classes(data["value"].dropna().tolist(), write)
    data["class"] = [_class_of(value, classes) for value in data["value"].tolist()]
    data["class_words"] = [classes[index - 1].words if index else None for index in data["class"]]
    averages = words.averages_of(averages)
    absent = words.missing_note(data)
    valued = data.dropna(subset=["value"])
    own = ""
    if force is not None:
        place = words.place(data, force.code)
        value = data.loc[data["force_code"] == force.code, "value"]
        name = words.plain(force.short_name)
        own = f"{name}: {write(float(value.iloc[0]))}, {place}" if place else f"There is no value for {name}"
    code = force.code if force is not None else ""
    alt = words.alt_text(
        f"Tile map of {words.lower_first(label)} for {words.count_of_forces(len(valued))}, {period}, in "
        f"{len(classes)} {'class' if len(classes) == 1 else 'classes'}",
        own,
        (2, words.ends(data, code, write)),
        (1, words.average_words(averages, write)),
        (4, _top_class(valued, classes)),
        (3, absent),
    )
    columns = {
        "force": Column("Force", numeric=False),
        "value": Column(words.plain(label), write),
        "rank": Column("Rank", lambda rank: f"{int(rank)}"),
        "class_words": Column("Class", numeric=False),
    }
    tiles = _tiles(data, forces)
    text = {code: words.plain(label) for code, label in forces.labels.items()}
    rows = 1 + max((row for row, *_ in tiles), default=0)
    lines = len(classes) + (1 if absent else 0)

    def draw(figure, layout):
        _draw(figure, layout, tiles, classes, text, code, force, label, write, bool(absent))

    return Chart(
        id=id,
        title=title,
        force=force.name if force is not None else "",
        alt=alt,
        data=data,
        columns=columns,
        draw=draw,
        provenance=provenance,
        period=period,
        basis=basis,
        notes=[*notes, *([absent] if absent else [])],
        heights=(
            max(0.5 + min(rows, 12) * 0.5, 2.6),
            0.9 + (rows * 0.45 if rows <= 12 else 4.4) + lines * 0.17,
        ),
        kind="tile_grid_map",
    )


def _classes(values: Sequence[float], write: Any) -> list[_Class]:
    """At most five classes with about as many values each; equal values, as printed, are never split."""
    ordered = sorted(values)
    if not ordered:
        return []
    count = min(len(SHADES), len({write(value) for value in ordered}))
    edges: list[int] = [0]
    for part in range(1, count):
        index = round(part * len(ordered) / count)
        while index < len(ordered) and write(ordered[index]) == write(ordered[index - 1]):
            index += 1
        if edges[-1] < index < len(ordered):
            edges.append(index)
    edges.append(len(ordered))
    classes = []
    total = len(edges) - 1
    for number, (first, last) in enumerate(pairwise(edges)):
        low, high = ordered[first], ordered[last - 1]
        span = write(low) if write(low) == write(high) else formats.interval(low, high, write)
        # Few classes use the far ends of the palette, so that they stay easy to tell apart.
        shade = 2 if total == 1 else round(number * (len(SHADES) - 1) / (total - 1))
        forces = f"{last - first} force{'s' if last - first > 1 else ''}"
        classes.append(_Class(low, high, last - first, f"{span} ({forces})", shade))
    return classes


def _class_of(value: float, classes: Sequence[_Class]) -> int:
    """The number of a value's class, from 1; 0 for a missing one."""
    return next((number for number, item in enumerate(classes, 1) if item.low <= value <= item.high), 0)


def _top_class(valued: pd.DataFrame, classes: Sequence[_Class]) -> str:
    if len(classes) < 2:
        return ""
    top = list(valued.loc[valued["class"] == len(classes), "force"])
    return f"The highest class, {classes[-1].words.rsplit(' (', 1)[0]}, holds {words.names(top, 8)}"


def _tiles(data: pd.DataFrame, forces: Forces) -> list[tuple[int, int, str, float, int, int]]:
    """Row and column of each force's tile, its code, value and class, and its row of the data."""
    values = {
        row.force_code: (row.value, row.klass, row.Index)
        for row in data.rename(columns={"class": "klass"}).itertuples()
    }
    return [(item.tile_row, item.tile_column, item.code, *values[item.code]) for item in forces]


def _draw(figure, layout: Layout, tiles, classes, text, code, force, label, write, any_missing) -> None:
    from peelbook.figures import _page as pg

    page = pg.Page(figure, layout)
    top = page.head(label)
    if not tiles:
        page.text(pg.SIDE, top, "No force to show", va="top")
        return
    rows = 1 + max(row for row, *_ in tiles)
    columns = 1 + max(column for _, column, *_ in tiles)
    legend = [(item.words, SHADES[item.shade], str(number)) for number, item in enumerate(classes, 1)]
    swatch = 0.24
    if layout.compact:
        height_of_legend = (len(legend) + any_missing) * 0.17 + 0.1
        area = pg.Box(pg.SIDE, height_of_legend, page.width - pg.SIDE, top)
    else:
        widest = max(
            [pg.text_width(words_, page.small) for words_, *_ in legend]
            + [pg.text_width("No value", page.small)]
        )
        right = page.width - pg.SIDE - widest - swatch - 0.3
        area = pg.Box(pg.SIDE, 0.04, max(right, page.width * 0.5), top)
    wide_, high = (area.right - area.left) / columns, (area.top - area.bottom) / rows
    wide_, high = min(wide_, 0.72 if not layout.compact else 0.6), min(high, 0.56)
    gap = 0.03 if wide_ > 0.3 else 0.015
    value_size = 9.0 if not layout.compact else 8.0
    room = wide_ - gap - 0.02
    # The value stands in every tile where the widest fits; else the number of its class does.
    longest = max((pg.text_width(write(v), value_size) for *_, v, k, _ in tiles if k), default=0)
    if longest > room:
        value_size = 7.5
        longest = max((pg.text_width(write(v), value_size) for *_, v, k, _ in tiles if k), default=0)
    valued = longest <= room
    if not valued:
        value_size = 7.5
    two_lines = high - gap > 2.4 * value_size / 72 and room > 0.3
    by_class: dict[int, list[tuple[float, float, float, float]]] = {}
    for row, column, tile_code, value, number, at in tiles:
        x = area.left + column * wide_
        y = area.top - (row + 1) * high
        box = (x + gap / 2, y + gap / 2, wide_ - gap, high - gap)
        by_class.setdefault(number, []).append(box)
        if number:
            page.hotspot(x + wide_ / 2, y + high / 2, at)
        ink = SHADES[classes[number - 1].shade][1] if number else TEXT
        middle_x, middle_y = x + wide_ / 2, y + high / 2
        if two_lines:
            half = 0.62 * value_size / 72
            bold = tile_code == code
            # A name that is too long is set smaller, down to the least size of any chart, before it is cut.
            name_size = value_size
            while name_size > 7.5 and pg.text_width(text[tile_code], name_size, bold) > room:
                name_size -= 0.5
            name = pg.cut_to(text[tile_code], room, name_size)
            if pg.text_width(name, name_size, True) > room:
                bold = False
            page.text(
                middle_x,
                middle_y + half,
                name,
                ha="center",
                va="center",
                size=name_size,
                color=ink,
                bold=bold,
            )
            shown = "–" if not number else write(value) if valued else f"class {number}"
            page.text(middle_x, middle_y - half, shown, ha="center", va="center", size=value_size, color=ink)
        elif min(wide_, high) > 0.13:
            page.text(
                middle_x,
                middle_y,
                str(number) if number else "–",
                ha="center",
                va="center",
                size=7.5,
                color=ink,
            )
        if tile_code == code:
            page.rects([box], "none", edge="white", width=4.2, z=4)
            page.rects([box], "none", edge=FOCUS, width=2.4, z=4.1)
    for number, boxes in by_class.items():
        if number:
            page.rects(
                boxes,
                SHADES[classes[number - 1].shade][0],
                edge="#8C8C8C" if classes[number - 1].shade == 0 else "none",
                width=0.5,
                z=1,
            )
        else:
            page.rects(boxes, "white", edge="#8C8C8C", hatch="////", width=0.5, z=1)
            # The hatch must not run through the letters.
            page.rects([(x + 0.06, y + 0.07, w - 0.12, h - 0.14) for x, y, w, h in boxes], "white", z=1.1)

    # The legend, from the highest class down.
    if layout.compact:
        x, y = pg.SIDE, height_of_legend - 0.06
    else:
        x, y = area.left + columns * wide_ + 0.25, top - 0.02
    row_height = 0.17 if layout.compact else 0.22
    for words_, (fill, ink), number in [
        *reversed(legend),
        *([("No value", ("white", TEXT), "–")] if any_missing else []),
    ]:
        hatched = words_ == "No value"
        box = (x, y - 0.145, swatch, 0.135 if layout.compact else 0.15)
        page.rects([box], fill, edge="#8C8C8C", hatch="////" if hatched else "", width=0.5)
        if not (two_lines and valued) and not hatched:
            page.text(
                x + swatch / 2, y - 0.145 + box[3] / 2, number, ha="center", va="center", size=7.5, color=ink
            )
        page.text(x + swatch + 0.07, y - 0.145 + box[3] / 2, words_, va="center", size=page.small)
        y -= row_height
