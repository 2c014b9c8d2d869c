"""Police use of force from 2020/21 on, whose workbooks were not at hand.

The table of incidents by police force has kept its headings in three editions while its sheet's number
moved, so it is looked for on every sheet; the form is the other way in.
"""

from __future__ import annotations

from dataclasses import replace

from peelbook.sources.layout import Match
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _form, use_of_force

TABLE = "use_of_force"

# Matched last: the editions at hand have their own, stricter layout.
ANY_SHEET = replace(use_of_force.INCIDENTS, sheet=r"(?!Table[_ ]12$).*", extras_allowed=True)


def read(match: Match, context: Context) -> Result:
    """Return `use_of_force` for the workbook's year."""
    if _form.is_form(match, TABLE):
        return _form.read(match, context, TABLE)
    year = use_of_force.year_of(match.file)
    frame, rows = use_of_force.incidents(match, context, year)
    return Result({TABLE: frame}, rows={TABLE: rows})


PUBLICATION = Publication(
    "use_of_force_later",
    1,
    (TABLE,),
    (ANY_SHEET, _form.layout(TABLE)),
    read,
    untested=True,
    covers="from 2020/21 on",
)
