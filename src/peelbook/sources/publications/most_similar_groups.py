"""Home Office most similar groups of police forces, by the form: no published list was at hand."""

from __future__ import annotations

from peelbook.sources.layout import Match
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _form

TABLE = "most_similar_groups"


def read(match: Match, context: Context) -> Result:
    """Return `most_similar_groups`."""
    rows = match.rows()
    for place, code in enumerate(rows.text("similar_code")):
        if code not in context.forces:
            rows.fault("similar_code", place, code, "no force of this code", "use the code in forces.csv")
        if code == rows.text("force_code")[place]:
            rows.fault("similar_code", place, code, "the force itself", "leave this row out")
    rows.check()
    return _form.read(match, context, TABLE)


PUBLICATION = Publication(TABLE, 1, (TABLE,), (_form.layout(TABLE),), read, untested=True)
