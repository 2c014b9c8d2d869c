"""What tests of measures share."""

from __future__ import annotations

import pandas as pd

from peelbook import measures


def broken_down(catalogue, measure_id: str, dimension: str) -> pd.DataFrame:
    """A measure for every value of one of its breakdowns, the value in a column of that name."""
    values = measures.values(catalogue, measures.registry()[measure_id], dimension)
    return pd.concat(
        [
            measures.compute(catalogue, measure_id, **{dimension: value}).assign(**{dimension: value})
            for value in values
        ],
        ignore_index=True,
    )
