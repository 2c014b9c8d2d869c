"""Grades as a grid: one force's areas by grade, or all forces by area.

HMICFRS draws grades as coloured wheels. Here each cell carries a letter, so the grid reads without colour,
and a grade nobody has stated is an open cell, not a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from peelbook import formats
from peelbook.figures import _words as words
from peelbook.figures._chart import Chart, Column
from peelbook.figures._layout import DARK_PINK, FOCUS, ORANGE, TEXT, Layout, both

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.catalogue import Provenance
    from peelbook.forces import Force, Forces

GRADES = ("Outstanding", "Good", "Adequate", "Requires improvement", "Inadequate")
"""The five grades of PEEL 2023–25, from the best."""

#: Letter, fill and ink of each grade: afcharts colours, each pair over 4.5:1.
STYLES = {
    "Outstanding": ("O", "#092135", "#FFFFFF"),
    "Good": ("G", "#2073BC", "#FFFFFF"),
    "Adequate": ("A", "#ADD1F1", TEXT),
    "Requires improvement": ("RI", ORANGE, TEXT),
    "Inadequate": ("I", DARK_PINK, "#FFFFFF"),
}


def judgments_grid(
    frame: pd.DataFrame,
    *,
    id: str,
    title: str,
    provenance: Sequence[Provenance],
    period: str,
    force: Force | None = None,
    forces: Forces | None = None,
    areas: Sequence[str] = (),
    notes: Sequence[str] = (),
    basis: str = "computed",
) -> Chart:
    """Draw grades as a grid.

    `frame` has `force_code`, `area`, `grade` (one of `GRADES`); areas stand in the order of `areas`, those
    not named there after them as they first appear. With `force` alone: that force's areas against the five
    grades. With `forces`: every force that has a grade against every area, `force` marked; the others are
    named in a note.
    Raises `ValueError` for an unknown grade, two grades for one area, or neither force nor forces.
    """
    if force is None and forces is None:
        raise ValueError(f"chart {id}: pass a force, or forces for the national grid")
    data = frame[["force_code", "area", "grade"]].reset_index(drop=True).copy()
    data["area"] = [words.plain(text) for text in data["area"]]
    first = {words.plain(area): place for place, area in enumerate(areas)}
    data = data.sort_values("area", key=lambda column: column.map(first).fillna(len(first)), kind="stable")
    data = data[data["grade"].notna()]
    if unknown := set(data["grade"]) - set(GRADES):
        raise ValueError(f"chart {id}: unknown grade {', '.join(sorted(map(str, unknown)))}")
    if forces is None and force is not None:
        data = data[data["force_code"] == force.code]
    if data.duplicated(["force_code", "area"]).any():
        row = data[data.duplicated(["force_code", "area"])].iloc[0]
        raise ValueError(f"chart {id}: two grades for {row['area']!r} of {row['force_code']}; pass one cycle")
    if forces is None:
        return _one_force(data, id, title, provenance, period, force, notes, basis)
    return _national(data, id, title, provenance, period, force, forces, notes, basis)


def _one_force(data, id, title, provenance, period, force, notes, basis) -> Chart:
    name = words.plain(force.short_name)
    rank = {grade: place for place, grade in enumerate(GRADES)}
    order = {area: place for place, area in enumerate(dict.fromkeys(data["area"]))}
    data = data.assign(
        force=name,
        _grade=[rank[grade] for grade in data["grade"]],
        _area=[order[area] for area in data["area"]],
    )
    data = data.sort_values(["_grade", "_area"], ignore_index=True)[["force_code", "force", "area", "grade"]]
    phrases = []
    for grade in GRADES:
        areas = [words.lower_first(area) for area in data.loc[data["grade"] == grade, "area"]]
        if areas:
            phrases.append((1, f"{grade}: {formats.joined(areas)}"))
    counts = formats.joined(
        [
            f"{formats.cardinal(int((data['grade'] == grade).sum()))} “{grade.lower()}”"
            for grade in GRADES
            if (data["grade"] == grade).any()
        ]
    )
    alt = words.alt_text(
        f"Grid of grades, {period}. {name}: {counts or 'no grade stated'}"
        + (f" ({len(data)} {'area' if len(data) == 1 else 'areas'})" if counts else ""),
        *phrases,
    )
    rows = list(zip(data["area"].tolist(), data["grade"].tolist(), strict=True))

    def draw(figure, layout):
        _draw_one(figure, layout, rows, name)

    return Chart(
        id=id,
        title=title,
        force=force.name,
        alt=alt,
        data=data,
        columns={"area": Column("Area", numeric=False), "grade": Column("Grade", numeric=False)},
        draw=draw,
        provenance=provenance,
        period=period,
        basis=basis,
        notes=notes,
        heights=both(lambda layout: _one_height(layout, rows)),
        kind="judgments_grid",
    )


_CELL_GAP, _LABEL_GAP = 0.04, 0.08


def _one_plan(
    layout: Layout, rows: Sequence[tuple[str, str]]
) -> tuple[float, list[float], list[tuple[str, ...]], float]:
    """Width of the label column, row heights, lines of each grade's heading, and height of the head."""
    from peelbook.figures._page import LINE, SIDE, small_size, text_width, wrap

    size, small = layout.font_size, small_size(layout)
    inner = layout.width - 2 * SIDE
    width = min(
        inner * (0.46 if layout.compact else 0.33),
        max((text_width(area, size) for area, _ in rows), default=1.0) + 0.05,
    )
    line = LINE * size / 72
    heights = [max(len(wrap(area, width, size)) * line + 0.08, 0.3) for area, _ in rows]
    cell = (inner - width - _LABEL_GAP) / len(GRADES)
    heads: list[tuple[str, ...]]
    if layout.compact:
        heads = [(STYLES[grade][0],) for grade in GRADES]
        head = len(_key_lines(inner, small)) * LINE * small / 72 + 0.3
    else:
        heads = [wrap(grade, cell - 0.02, small) for grade in GRADES]
        head = max(len(lines) for lines in heads) * LINE * small / 72 + 0.12
    return width, heights, heads, head


def _key_lines(inner: float, size: float) -> tuple[str, ...]:
    from peelbook.figures._page import wrap

    return wrap(
        "; ".join(f"{letter}: {grade.lower()}" for grade, (letter, *_) in STYLES.items()), inner, size
    )


def _one_height(layout: Layout, rows: Sequence[tuple[str, str]]) -> float:
    _, heights, _, head = _one_plan(layout, rows)
    return head + (sum(heights) or 0.4) + 0.04


def _draw_one(figure, layout, rows, name) -> None:
    from peelbook.figures import _page as pg

    page = pg.Page(figure, layout)
    width, heights, heads, head = _one_plan(layout, rows)
    top = page.height - 0.04
    left = pg.SIDE + width + _LABEL_GAP
    cell = (page.width - pg.SIDE - left) / len(GRADES)
    if layout.compact:
        inner = page.width - 2 * pg.SIDE
        page.lines_of_text(pg.SIDE, top, _key_lines(inner, page.small), size=page.small, color=pg.QUIET)
    for index, lines in enumerate(heads):
        start = page.height - head + 0.05 + len(lines) * pg.LINE * page.small / 72
        page.lines_of_text(
            left + cell * (index + 0.5), start, lines, size=page.small, ha="center", bold=layout.compact
        )
    y = page.height - head
    if not rows:
        page.text(pg.SIDE, y - 0.05, f"No grade stated for {name}", va="top")
        return
    empty: list[tuple[float, float, float, float]] = []
    for (area, grade), height in zip(rows, heights, strict=True):
        lines = pg.wrap(area, width, page.size)
        page.centred_lines(pg.SIDE, y - height / 2, lines)
        for index, other in enumerate(GRADES):
            box = (
                left + cell * index + _CELL_GAP / 2,
                y - height + _CELL_GAP / 2,
                cell - _CELL_GAP,
                height - _CELL_GAP,
            )
            if other != grade:
                empty.append(box)
                continue
            letter, fill, ink = STYLES[grade]
            page.rects([box], fill)
            page.text(
                left + cell * (index + 0.5),
                y - height / 2,
                letter,
                ha="center",
                va="center",
                bold=True,
                color=ink,
            )
        y -= height
    page.rects(empty, "#F2F2F2", z=1)


def _national(data, id, title, provenance, period, force, forces, notes, basis) -> Chart:
    import pandas as pd

    known = {item.code: words.plain(item.short_name) for item in forces}
    data = data[data["force_code"].isin(known)].copy()
    areas = list(dict.fromkeys(data["area"]))
    graded = {
        code: dict(zip(rows["area"], rows["grade"], strict=True)) for code, rows in data.groupby("force_code")
    }
    order = sorted(graded, key=lambda code: known[code])
    absent = sorted(name for code, name in known.items() if code not in graded)
    long = pd.DataFrame(
        [
            {"force_code": code, "force": known[code], "area": area, "grade": graded[code].get(area)}
            for code in order
            for area in areas
        ],
        columns=["force_code", "force", "area", "grade"],
    )
    twin = long.pivot(index=["force_code", "force"], columns="area", values="grade").reset_index()
    twin = twin[["force_code", "force", *areas]].sort_values("force", ignore_index=True) if areas else long
    twin.columns.name = None
    totals = {grade: int((data["grade"] == grade).sum()) for grade in GRADES}
    focus = force.code if force is not None else ""
    own = ""
    if focus in graded:
        own = f"{known[focus]}: " + ", ".join(
            f"{formats.cardinal(n)} “{grade.lower()}”"
            for grade in GRADES
            if (n := sum(1 for value in graded[focus].values() if value == grade))
        )
    elif force is not None:
        own = f"There is no stated grade for {words.plain(force.short_name)}"
    blanks = len(order) * len(areas) - sum(totals.values())
    alt = words.alt_text(
        f"Grid of grades by force and area, {words.count_of_forces(len(order))} and {len(areas)} areas, {period}",
        own,
        (1, "All grades: " + ", ".join(f"“{grade.lower()}” {n}" for grade, n in totals.items())),
        (2, f"{formats.cardinal(blanks)} cells have no stated grade".capitalize() if blanks else ""),
        (3, f"Forces without any stated grade: {words.names(absent, 6)}" if absent else ""),
    )
    extra = [f"No stated grade for {words.names(absent, 50)}."] if absent else []
    columns = {"force": Column("Force", numeric=False)}
    columns |= {area: Column(area, numeric=False) for area in areas}

    def draw(figure, layout):
        _draw_national(figure, layout, order, areas, graded, known, focus)

    return Chart(
        id=id,
        title=title,
        force=force.name if force is not None else "",
        alt=alt,
        data=twin,
        columns=columns,
        draw=draw,
        provenance=provenance,
        period=period,
        basis=basis,
        notes=[*notes, *extra],
        heights=both(lambda layout: _national_height(layout, order, areas, known)),
        kind="judgments_grid",
    )


def _national_plan(
    layout: Layout, areas: Sequence[str], known: Mapping[str, str]
) -> tuple[float, float, list[tuple[str, ...]], bool]:
    """Width of the force column, of a cell, the lines of each heading, and whether headings are numbers.

    Areas head their columns in words where no word has to be broken; else they are numbered, and listed.
    """
    from peelbook.figures._page import SIDE, text_width, wrap

    longest = max((text_width(name, NAME_SIZE) for name in known.values()), default=0.0)
    force_width = min(1.28, longest + 0.05)
    cell = (layout.width - 2 * SIDE - force_width) / max(1, len(areas))
    words_fit = all(text_width(word, HEAD_SIZE) <= cell - 0.02 for area in areas for word in area.split())
    if words_fit:
        return force_width, cell, [wrap(area, cell - 0.02, HEAD_SIZE) for area in areas], False
    return force_width, cell, [(str(index + 1),) for index in range(len(areas))], True


HEAD_SIZE, NAME_SIZE = 7.5, 8.0
_NATIONAL_ROW = 0.2


def _national_head(layout: Layout, areas: Sequence[str], known: Mapping[str, str]) -> float:
    from peelbook.figures._page import LINE, SIDE, TOP, small_size, wrap

    small = small_size(layout)
    inner = layout.width - 2 * SIDE
    line = LINE * small / 72
    _, _, heads, numbered = _national_plan(layout, areas, known)
    height = TOP + len(_key_lines(inner, small)) * line + 0.12
    if numbered:
        return (
            height + sum(len(wrap(f"{i + 1} {a}", inner, small)) for i, a in enumerate(areas)) * line + line
        )
    return height + max((len(head) for head in heads), default=0) * LINE * HEAD_SIZE / 72


def _national_height(
    layout: Layout, order: Sequence[str], areas: Sequence[str], known: Mapping[str, str]
) -> float:
    return _national_head(layout, areas, known) + max(1, len(order)) * _NATIONAL_ROW + 0.04


def _draw_national(figure, layout, order, areas, graded, known, focus) -> None:
    from peelbook.figures import _page as pg

    page = pg.Page(figure, layout)
    inner = page.width - 2 * pg.SIDE
    force_width, cell, heads, numbered = _national_plan(layout, areas, known)
    left = pg.SIDE + force_width
    top = page.lines_of_text(
        pg.SIDE, page.height - 0.04, _key_lines(inner, page.small), size=page.small, color=pg.QUIET
    )
    if numbered:
        for index, area in enumerate(areas):
            top = page.block(pg.SIDE, top, f"{index + 1} {area}", inner, size=page.small)
    y = page.height - _national_head(layout, areas, known)
    for index, head in enumerate(heads):
        size = page.small if numbered else HEAD_SIZE
        start = y + 0.05 + len(head) * pg.LINE * size / 72
        page.lines_of_text(left + cell * (index + 0.5), start, head, ha="center", size=size, bold=numbered)
    if not order:
        page.text(pg.SIDE, y - 0.02, "No force has a stated grade", va="top")
        return
    boxes: dict[str, list[tuple[float, float, float, float]]] = {}
    for code in order:
        middle = y - _NATIONAL_ROW / 2
        mine = code == focus
        label = pg.cut_to(known[code], force_width - 0.02, NAME_SIZE, mine)
        page.text(
            pg.SIDE, middle, label, va="center", size=NAME_SIZE, bold=mine, color=FOCUS if mine else TEXT
        )
        for index, area in enumerate(areas):
            grade = graded[code].get(area)
            box = (left + cell * index + 0.015, y - _NATIONAL_ROW + 0.015, cell - 0.03, _NATIONAL_ROW - 0.03)
            boxes.setdefault(grade or "", []).append(box)
            letter, _, ink = STYLES[grade] if grade else ("–", "", pg.QUIET)
            page.text(
                left + cell * (index + 0.5), middle, letter, ha="center", va="center",
                size=7.5 if layout.compact else page.small, color=ink,
            )  # fmt: skip
        if mine:
            page.rects(
                [(pg.SIDE - 0.02, y - _NATIONAL_ROW, inner + 0.03, _NATIONAL_ROW)],
                "none",
                edge=FOCUS,
                width=1.6,
                z=4,
            )
        y -= _NATIONAL_ROW
    for grade, shapes in boxes.items():
        if grade:
            page.rects(shapes, STYLES[grade][1], z=1)
        else:
            page.rects(shapes, "white", edge="#C8C8C8", width=0.5, z=0.9)
