"""Every force as a dot in the row of its region: do forces differ more within regions or between them?

The one kind drawn with seaborn, for the national page. seaborn takes over a second to import, which a
section page cannot afford.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from peelbook.figures import _words as words
from peelbook.figures._chart import Chart, Column
from peelbook.figures._layout import FOCUS, TEXT

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.catalogue import Provenance
    from peelbook.forces import Forces


def region_strip(
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
    averages: Any = None,
    leave_out: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Chart:
    """Draw one period's values as dots, one row a region, with the averages as lines.

    `frame` has `force_code` and `value`, one row a force. Regions come from `forces`, from the highest median
    down. `leave_out` are codes that stand in the table but not on the chart (the City of London per resident).
    Raises `ValueError` where a force has two rows or no force has a value.
    """
    data = words.by_force(frame, forces, id)
    if data["value"].notna().sum() == 0:
        raise ValueError(f"chart {id}: no force has a value")
    region = {force.code: words.plain(force.region) for force in forces}
    data.insert(2, "region", data["force_code"].map(region))
    write = words.number_format(unit, decimals)
    lines = words.averages_of(averages)
    drawn = data[data["value"].notna() & ~data["force_code"].isin(list(leave_out))]
    medians = drawn.groupby("region")["value"].median().sort_values(ascending=False, kind="stable")
    order = list(medians.index)
    hidden = [words.plain(force.short_name) for force in forces if force.code in set(leave_out)]
    remarks = [*notes, *([f"Not drawn: {words.names(hidden)}; see the table."] if hidden else [])]
    alt = words.alt_text(
        f"Dot plot of {words.lower_first(label)} for {len(drawn)} police forces in {len(order)} regions, {period}",
        f"Highest median: {order[0]} {write(medians.iloc[0])}; lowest median: {order[-1]} {write(medians.iloc[-1])}",
        (
            1,
            f"Highest force: {words.extreme(drawn, write)}; lowest: {words.extreme(drawn, write, lowest=True)}",
        ),
        (2, words.average_words(lines, write)),
    )

    def draw(figure, layout):
        import seaborn

        axes = figure.subplots()
        seaborn.stripplot(
            drawn,
            x="value",
            y="region",
            order=order,
            jitter=False,
            color=FOCUS,
            alpha=0.55,
            size=7 if layout.compact else 8,
            linewidth=0.6,
            edgecolor="white",
            ax=axes,
        )
        for place, name in enumerate(order):
            axes.plot([medians[name]] * 2, [place - 0.32, place + 0.32], color=TEXT, linewidth=2, zorder=5)
        for style, line in zip(("-", "--"), lines, strict=False):
            axes.axvline(line.value, color=TEXT, linestyle=style, linewidth=1, zorder=1)
        axes.set_xlim(0, None)
        axes.set_xlabel("")
        axes.set_ylabel("")
        axes.grid(True, axis="x")
        axes.grid(False, axis="y")
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(length=0)
        axes.xaxis.set_major_formatter(
            lambda value, _: words.number_format(unit, 0 if decimals < 2 else 1)(value)
        )
        axes.locator_params(axis="x", nbins=4 if layout.compact else 7)
        parts = ["Dot: one force. Bar: median of the region."]
        for style, line in zip(("Solid", "Dashed"), lines, strict=False):
            parts.append(f"{style} line: {line.label} {write(line.value)}.")
        key = "\n".join(parts) if layout.compact else "\n".join([parts[0], " ".join(parts[1:])])
        figure.suptitle(key, x=0.006, ha="left", color="#505A5F", fontsize=layout.font_size - 1)

    return Chart(
        id=id,
        title=title,
        alt=alt,
        data=data,
        columns={
            "force": Column("Force", numeric=False),
            "region": Column("Region", numeric=False),
            "value": Column(words.plain(label), write),
            "rank": Column("Rank", lambda rank: f"{int(rank)}"),
        },
        draw=draw,
        provenance=provenance,
        period=period,
        notes=remarks,
        heights=(3.6, 3.6),
        kind="region_strip",
    )
