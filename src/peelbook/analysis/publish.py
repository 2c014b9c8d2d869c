"""The card around a chart of the analyst's own: checked for what a reader needs, then like any other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from peelbook import blocks, formats, measures
from peelbook.analysis import frames, tables
from peelbook.errors import FrameError, PeelbookError, cell_line
from peelbook.figures._axes_chart import AxesChart, drawn, from_function
from peelbook.figures._chart import BASES, Chart, Column
from peelbook.figures._words import alt_text

if TYPE_CHECKING:
    from peelbook.analysis.context import Section

#: The most rows of the table below a chart; the CSV file of the card holds all.
MOST = 60


def publish(
    section: Section,
    axes: Any,
    data: pd.DataFrame,
    *,
    title: str = "",
    alt: str = "",
    name: str = "",
    table: pd.DataFrame | None = None,
    units: Mapping[str, str] | None = None,
    sources: Sequence[str] = (),
    notes: Sequence[str] = (),
    basis: str = "computed",
    height: float = 4.2,
    empty: str = "",
) -> Chart | blocks.Block:
    """Put a drawing on a card: its title, alt text, table, source, CSV file, SVG and PNG.

    `axes` is a matplotlib or seaborn drawing, or a function that draws on the axes it is given, `data` the frame that it shows, `title` and `alt` its heading and what
    it shows in words. `name` ends the chart's id and the name of its files, by default from the title. `table` are
    the rows of the table below it, by default all of `data`, or the force's own where these are many; `units` names the unit of
    columns that a cell made, and `sources` the tables that the frame was made of, as in `show`. `notes` are
    printed with it, after those of the measure. `basis` says whether the figures are `computed`, `as printed`,
    `computed and as printed` or `as reported`. `height` is in inches at a width of seven.
    `empty` says why `data` may have no row, as in `show`. An `alt` without any figure is given the force's own from the
    table, so that who cannot see the chart has them too.

    Returns the card, or the note of a frame without rows. Raises `FrameError` naming whatever is missing.
    """
    call = "section.publish"
    if (note := frames.note_of(data, call, sources, empty)) is not None:
        if not _draws(axes):
            _close(axes)
        return note
    lacking = [name for name, text in (("title", title), ("alt", alt)) if not str(text).strip()]
    if lacking:
        raise FrameError(
            f"{call}: the chart has no {formats.joined(lacking)}. Fix: give "
            f"{formats.joined(f'{name}=…' for name in lacking)}; a title names the figure and its years, alt says in "
            "words what the chart shows (say.trend_alt writes one)."
        )
    name = name or frames.slug(title)[:60]
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise FrameError(
            f"{call}: the name {name!r} cannot end an id and a file's name. "
            f"Fix: use small letters, digits and _, as in name={frames.slug(name) or 'my_chart'!r}."
        )
    axes = _called(axes, data, call) if _draws(axes) else axes
    held = drawn(axes)
    if not held:
        raise FrameError(
            f"{call}: the axes show nothing. Fix: draw on them first, as in ax = sns.lineplot(rates, x=…, y=…)."
        )
    _name_as_in_the_table(held, data, units or {})
    if basis not in BASES:
        raise FrameError(
            f"{call}: unknown basis {basis!r}. Fix: use one of {formats.joined(map(repr, BASES))}."
        )
    origin = tables.origin_of(data, section)
    known = tables.tables_of(origin, section, sources, call)
    if not known:
        raise FrameError(
            f"{call} cannot tell where the data come from. Fix: keep the column 'measure', start from "
            'section.table(…), or name the tables, as in sources=["workforce"].'
        )
    shown = table if table is not None else _rows_to_show(data, section)
    if unknown := [column for column in units or {} if column not in shown and column not in data]:
        raise FrameError(
            f"{call}: units name {formats.joined(map(repr, unknown))}, which the frame lacks. "
            f"Fix: use its columns: {formats.joined(map(str, shown.columns))}."
        )
    picture = held[0].get_figure(root=True)
    chart = AxesChart(
        id=f"{section.stem}.{name}",
        title=title,
        alt=_with_figures(alt, shown, section, units or {}),
        data=_file_rows(data),
        columns=_columns(shown, units or {}),
        draw=_drawn_already,
        provenance=section.provenance(known),
        period=_period(data),
        basis=basis,
        notes=[*_notes(origin.measures, data, section), *notes],
        heights=(height, height * 0.9),
        kind="axes",
        force=_force_name(data, section),
        others=bool(section.force.code) and not _holds_own(data, section),
        picture=picture,
        twin=shown.reset_index(drop=True),
    )
    _close(picture)
    return chart


def _draws(axes: Any) -> bool:
    """Whether it is a function that has yet to draw."""
    return callable(axes) and not hasattr(axes, "has_data") and not hasattr(axes, "figure")


def _called(draw: Any, data: pd.DataFrame, call: str) -> Any:
    """What a function draws. Raises `FrameError` with its line and the frame's columns where it fails."""
    try:
        return from_function(draw)
    except PeelbookError:
        raise
    except Exception as error:
        place = cell_line(error)
        raise FrameError(
            f"{call}: the drawing failed{f' in {place}' if place else ''}: {type(error).__name__}: {error} "
            f"Fix: mend that line; the frame has {formats.joined(map(str, data.columns))}."
        ) from error


def _name_as_in_the_table(held: Sequence[Any], data: pd.DataFrame, units: Mapping[str, str]) -> None:
    """Give axes and legends that seaborn has named after a column the heading that the column has in a table."""
    heads = {name: head for name, (head, _, _) in tables.columns_of(data, units).items()}
    for axes in held:
        legend = axes.get_legend()
        for text in (axes.xaxis.label, axes.yaxis.label, *([legend.get_title()] if legend else [])):
            name = text.get_text()
            if re.fullmatch("[a-z][a-z0-9_]*", name):
                text.set_text(heads.get(name) or tables.head_of(name))


def _drawn_already(figure: Any, layout: Any) -> None:
    """Nothing: the picture is there."""


def _rows_to_show(data: pd.DataFrame, section: Section) -> pd.DataFrame:
    """All rows, or the force's own where there are many."""
    if len(data) <= MOST or "force_code" not in data:
        return data.head(MOST)
    own = data[data["force_code"] == section.force.code]
    return (own if len(own) else data).head(MOST)


def _file_rows(data: pd.DataFrame) -> pd.DataFrame:
    """The frame as its file holds it: without marks that only serve the drawing, nor an order made for them.

    A file that does not say which force is looked at is the same for all of them, and a site needs it once.
    """
    marks = [name for name in data.columns if pd.api.types.is_bool_dtype(data[name])]
    if marks and data.index.is_unique and pd.api.types.is_integer_dtype(data.index):
        data = data.sort_index()
    return data.drop(columns=marks).reset_index(drop=True)


def _columns(frame: pd.DataFrame, units: Mapping[str, str]) -> dict[str, Column]:
    return {
        name: Column(head, write, numeric)
        for name, (head, write, numeric) in tables.columns_of(frame, units).items()
        if not pd.api.types.is_bool_dtype(frame[name])  # a mark for the drawing, not a figure
    }


def _with_figures(alt: str, shown: pd.DataFrame, section: Section, units: Mapping[str, str]) -> str:
    """An alt text with the force's newest figures behind it, if it has none itself."""
    own = shown[shown["force"] == section.me] if "force" in shown else shown
    when, whose = "", section.me
    if (
        own.empty and "force" in shown and shown["force"].nunique() <= FEW
    ):  # of a few other forces, all of them
        own, whose = shown, formats.joined(sorted(map(str, shown["force"].unique())))
    if "period_end" in own and own["period_end"].nunique() > 1:
        newest = own["period_end"].max()
        own, when = own[own["period_end"] == newest], f", to {formats.date(newest)}"
    if own.empty or any(letter.isdigit() for letter in alt):
        return alt
    columns = tables.columns_of(own, units)
    measure = own.attrs.get("measure")
    parts = (
        measures.registry()[str(measure)].breakdowns if measure else ()
    )  # years are numbers, and no figure
    text = [name for name, (_, _, number) in columns.items() if not number or name in parts]
    lead = [name for name in text if own[name].nunique() > 1]
    figures = [name for name in columns if name not in text]
    figures = [name for name in (*units, "share", "value") if name in figures][:1] or figures
    said = []
    for row in own.to_dict("records"):
        head = ", ".join(
            f"{columns[name][0]} {columns[name][1](row[name])}:"
            if columns[name][2]
            else columns[name][1](row[name])
            for name in lead
        )
        values = [columns[name][1](row[name]) for name in figures]
        if not lead or len(figures) > 1:
            values = [f"{columns[name][0]} {value}" for name, value in zip(figures, values, strict=True)]
        said.append(f"{head} {', '.join(values)}".strip())
    return alt_text(alt, f"{whose}{when}: {'; '.join(said)}")


def _holds_own(data: pd.DataFrame, section: Section) -> bool:
    """Whether a frame has rows of the section's force; one that names no forces is taken for its own."""
    if "force_code" in data:
        return bool((data["force_code"] == section.force.code).any())
    return "force" not in data or bool((data["force"] == section.me).any())


def _force_name(data: pd.DataFrame, section: Section) -> str:
    """Whose figures a card shows: the section's force, else the few others that the data hold, else nobody's."""
    if not section.force.code:
        return ""
    if _holds_own(data, section):
        return section.force.name
    names = list(data["force_code" if "force_code" in data else "force"].dropna().unique())
    known = [section.catalogue.forces[str(name)].name for name in names if name in section.catalogue.forces]
    return formats.joined(sorted(known)) if len(known) == len(names) <= FEW else ""


#: The most forces that a card names where none is the section's own.
FEW = 3


def _period(data: pd.DataFrame) -> str:
    """The periods of a frame in words; empty where it has none."""
    if "period_end" not in data or data["period_end"].isna().all():
        return ""
    names = list(data["measure"].unique()) if "measure" in data else [data.attrs.get("measure")]
    usual = "month" if tables.is_monthly(data) else "year"
    basis = measures.registry()[str(names[0])].period if names and names[0] else usual
    ends = [formats.period(day, basis) for day in (data["period_end"].min(), data["period_end"].max())]
    return " to ".join(dict.fromkeys(ends))


def _notes(names: Sequence[str], data: pd.DataFrame, section: Section) -> list[str]:
    several = "period_end" in data and data["period_end"].nunique() > 1
    found = [note for name in names for note in section.caveats(measures.registry()[name], over_time=several)]
    return list(dict.fromkeys(found))


def _close(axes: Any) -> None:
    """Take a drawing out of pyplot's hands, which would show it a second time at the cell's end."""
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    for item in drawn(axes) if not isinstance(axes, Figure) else [axes]:
        plt.close(item if isinstance(item, Figure) else item.get_figure(root=True))
    if not isinstance(axes, Figure) and hasattr(axes, "get_figure"):
        plt.close(axes.get_figure(root=True))
