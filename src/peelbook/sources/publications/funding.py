"""Home Office police funding by force and year, with council tax precept.

Three ways in: a sheet with a row a force and year, Table 4a with three columns a year side by side, and
an extract of 2025/26. The official tables were not at hand. Amounts are brought to pounds by the unit
that the title or the heading names.
"""

from __future__ import annotations

import datetime
from typing import Any

from peelbook.sources.cells import Rows, year_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _force_year, _form, _money, _side_by_side

TABLE = "funding"

_AMOUNTS = {
    "grant_gbp": ("Government funding", "Total government funding", "Grant"),
    "precept_gbp": ("Council tax precept", "Precept", "Police precept"),
    "total_gbp": ("Total funding", "Total", "Overall total"),
}
_WITH_UNIT = {
    name: (
        *spellings,
        *(
            f"{spelling} {unit}"
            for spelling in spellings
            for unit in ("(£)", "(£ million)", "(£m)", "(£000s)", "(£000)")
        ),
    )
    for name, spellings in _AMOUNTS.items()
}

OFFICIAL = Layout({"force": _force_year.FORCE, "period": _force_year.YEAR, **_WITH_UNIT}, extras_allowed=True)
SIDE_BY_SIDE = Layout({"force": _force_year.FORCE, **_WITH_UNIT}, extras_allowed=True)
EXTRACT = Layout(
    columns("force", precept="precept_2025_26_gbp", grant="police_grant_2025_26_overall_total_gbp"),
    editions=("CSV extract of precept and grant for 2025/26",),
    tested=True,
    kind="extract",
    exact=True,
)
EXTRACT_YEAR = datetime.date(2026, 3, 31)

# Regions and countries, which the official tables have among the forces.
_AGGREGATES = ("E12", "E92", "W92", "K04")


def _frame(rows: Rows, context: Context, period: Any, amounts: dict[str, list[int | None]]) -> Any:
    import pandas as pd

    frame = pd.DataFrame({"force_code": rows.forces("force", context.forces), "period_end": period})
    for name, values in amounts.items():
        frame[name] = pd.array(values, dtype="Int64")
    _check_sums(rows, frame)
    rows.check()
    return frame.dropna(subset="force_code")


def _check_sums(rows: Rows, frame: Any) -> None:
    """Note a fault where grant and precept are further from the total than rounding can bring them."""
    parts = frame["grant_gbp"] + frame["precept_gbp"]
    off = ((parts - frame["total_gbp"]).abs() > (frame["total_gbp"] * 0.002 + 200_000)).fillna(False)
    for place in frame.index[off & frame["force_code"].notna()]:
        rows.fault(
            "total_gbp",
            int(place),
            str(frame.loc[place, "total_gbp"]),
            f"grant and precept add up to {parts[place]:,} pounds, not to this total",
            "check the row and the units",
        )


def _side(match: Match, context: Context) -> Any:
    import pandas as pd

    years = _side_by_side.blocks(match, _WITH_UNIT, lambda cell: year_end(str(cell)))
    code = next(
        (place for place, cell in enumerate(match.header) if cell.strip().casefold() in ("code", "ons code")),
        None,
    )
    parts = []
    for day, places in years.items():
        rows = _side_by_side.rows_of(match, places, match.places["force"])
        rows.columns["force"], rows.titles["force"] = rows.columns["name"], rows.titles["name"]
        rows = rows.keep(code is None or not str(row[code]).startswith(_AGGREGATES) for row in rows.rows)
        amounts = {name: _money.pounds(match, rows, name) for name in _AMOUNTS}
        parts.append(_frame(rows, context, day, amounts))
    return pd.concat(parts, ignore_index=True)


def read(match: Match, context: Context) -> Result:
    """Return `funding` in pounds. A force without a precept has none by design or none in the file: never zero."""
    if _form.is_form(match, TABLE):
        return _form.read(match, context, TABLE)
    if match.layout == SIDE_BY_SIDE:
        return Result({TABLE: _side(match, context)})
    rows = match.rows(until_blank="force")
    if match.layout == EXTRACT:
        grant, precept = rows.counts("grant"), rows.counts("precept")
        total = [None if None in pair else sum(pair) for pair in zip(grant, precept, strict=True)]  # type: ignore[arg-type]
        amounts = {"grant_gbp": grant, "precept_gbp": precept, "total_gbp": total}
        return Result({TABLE: _frame(rows, context, EXTRACT_YEAR, amounts)}, rows={TABLE: rows})
    period = rows.mapped("period", _force_year.years(rows, "period"), "write the financial year as 2022/23")
    amounts = {name: _money.pounds(match, rows, name) for name in _AMOUNTS}
    return Result({TABLE: _frame(rows, context, period, amounts)}, rows={TABLE: rows})


PUBLICATION = Publication(
    TABLE, 2, (TABLE,), (EXTRACT, _form.layout(TABLE), OFFICIAL, SIDE_BY_SIDE), read, untested=True
)
