"""Categories that a table had in a period and that a new file no longer has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peelbook import contracts, formats

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 4


def dimensions(table: str) -> list[str]:
    """Return the columns of a table's key beside force and period: offence group, rank, ethnicity."""
    schema = contracts.load(table)
    return [
        name for name in schema.get("primaryKey", []) if name not in ("force_code", "period_end", "cycle")
    ]


def lost_categories(old: pd.DataFrame, new: pd.DataFrame, table: str) -> str:
    """Return in words which categories the old table has in a period of the new one and the new has not.

    Empty where none are lost. Forces and periods as a whole are another matter: see `Outcome.lost`.
    """
    by = "cycle" if "cycle" in new else "period_end"
    figures = [
        f["name"]
        for f in contracts.load(table)["fields"]
        if f["type"] in ("integer", "number") and f["name"] in old
    ]
    if figures:  # a publisher may leave out rows of nothing
        old = old[old[figures].ne(0).fillna(False).any(axis=1)]
    if not {by, *dimensions(table)} <= set(old) & set(new):
        return ""
    parts = []
    for name in dimensions(table):
        here = old[old[by].isin(new[by].unique())][[by, name]].drop_duplicates()
        both = here.merge(new[[by, name]].drop_duplicates(), on=[by, name], how="left", indicator=True)
        lost = both[both["_merge"] == "left_only"]
        if lost.empty:
            continue
        values = sorted(map(str, lost[name].unique()))
        more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
        ends = sorted(
            f"{day:%Y-%m-%d}" if hasattr(day, "strftime") else str(day) for day in lost[by].unique()
        )
        when = ends[0] if len(ends) == 1 else f"{len(ends)} periods from {ends[0]} to {ends[-1]}"
        parts.append(f"{name.replace('_', ' ')} {', '.join(map(repr, values[:SHOWN]))}{more} for {when}")
    return formats.joined(parts)
