"""What every section's notebook needs, done once before the kernels are forked.

It may import and fill caches, and must leave no trace in what a notebook computes or draws: the same
notebook gives the same bytes in a kernel without any of this, and a test holds it to that.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
from typing import Any

# Found by comparing `sys.modules` after a section's notebook with the zygote's.
MODULES = (
    "numpy",
    "pandas",
    "scipy.special",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "PIL.ImageDraw",
    "PIL.ImageFont",
    "PIL.PngImagePlugin",
    "afcharts",
    "encodings.utf_8_sig",
    "importlib.resources.readers",
    "jinja2",
    "seaborn",
    "peelbook.analysis",
    "peelbook.analysis.publish",
    "peelbook.blocks",
    "peelbook.catalogue",
    "peelbook.claims",
    "peelbook.compare",
    "peelbook.measures",
    "peelbook.narrative",
    "peelbook.stats",
)

# What the notebooks ask for by category; a test compares it with their cells.
BREAKDOWNS = {
    "antisocial_behaviour_category_share": ("category",),
    "attended_in_time_share": ("grade",),
    "charge_rate": ("offence_group",),
    "charged_count": ("offence_group",),
    "disparity_ratio": ("ethnicity",),
    "headcount_change": ("years",),
    "officers_headcount": ("rank", "sex"),
    "outcome_share": ("outcome_type",),
    "outcomes_closed_count": ("outcome_type",),
    "recorded_crime_newest_rate": ("offence_group",),
    "use_of_force_tactic_share": ("tactic",),
    "victim_based_crime_rate": ("offence_group",),
}


def modules() -> None:
    """Import what notebooks import, each if it is there, and all chart kinds."""
    import pkgutil

    import peelbook.figures

    charts = [f"peelbook.figures.{item.name}" for item in pkgutil.iter_modules(peelbook.figures.__path__)]
    for name in (*MODULES, *charts):
        with contextlib.suppress(ImportError):  # a kernel that needs it will say so itself
            importlib.import_module(name)
    importlib.import_module("peelbook.blocks").render({"kind": ""})  # compiles the template of all blocks
    # A notebook lives for a second and makes many small objects; most collections would find nothing.
    gc.set_threshold(50_000, 20, 100)


def figures() -> None:
    """Read the embedded tables and work out the measures of all notebooks. What has other bytes is read as ever."""
    from peelbook import compare, measures
    from peelbook.analysis import frames
    from peelbook.analysis.context import National
    from peelbook.errors import PeelbookError
    from peelbook.sections import all_sections

    with contextlib.suppress(PeelbookError, OSError):  # a worker of a cluster has no tables yet
        everyone = National()
        catalogue = everyone.catalogue

        def worked_out(measure_id: str, **dimension: Any) -> None:
            frame = everyone.measure(measure_id, **dimension)
            if len(frame) and not dimension:  # few pages compare forces in one value of a breakdown
                compare.precompute(frame, everyone.year_of(frame))

        measures.precompute(catalogue, BREAKDOWNS, worked_out)
        for name in sorted({name for section in all_sections() for name in section.tables} | {"gaps"}):
            if catalogue.has(name):
                catalogue.table(name)
        frames.close(everyone)


def figure() -> None:
    """Draw a figure into memory: loads fonts, tick and text machinery. Touches neither pyplot nor settings."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    from peelbook.figures import _chart, _label

    for canvas, kind in ((FigureCanvasAgg, "png"), (FigureCanvasSVG, "svg")):
        drawn = Figure(figsize=(2, 2))
        canvas(drawn)
        axes = drawn.subplots()
        axes.plot([0, 1], [0, 1])
        axes.set_title("0")
        drawn.savefig(io.BytesIO(), format=kind)
    # No text is measured here: fonts are read from open files, whose place all forks would share.
    with _chart._settings("warm"):  # which reads the style
        _label.label(0, 0, "0")
