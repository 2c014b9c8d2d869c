"""Official files in, tidy tables out: one adapter per publication, one contract per table.

Nothing to the right of `data/` ever sees an official file; everything a spreadsheet can get wrong is
found here and reported in one error, so that the rest of the book may trust its tables.
"""
