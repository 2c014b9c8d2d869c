"""The vocabulary of a section's notebook: load a table, compute a measure, compare forces, say what it shows.

    from peelbook.analysis import charts, compare, open_section, say, show

A measure is a plain data frame with a row for each area and period. Between the calls below anything that pandas
does to a frame is allowed; a chart, a table or a sentence takes the frame that is left.
"""

from __future__ import annotations

from peelbook.analysis import charts, say
from peelbook.analysis import peers as compare
from peelbook.analysis.context import Printed, Section, open_national, open_section
from peelbook.analysis.tables import show

__all__ = ["Printed", "Section", "charts", "compare", "open_national", "open_section", "say", "show"]
