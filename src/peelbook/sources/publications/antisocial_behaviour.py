"""ONS police force area tables: antisocial behaviour incidents (Table P7) and their categories (Table P8).

Editions differ in sheet names, in whether areas have a code, and in notes stuck to names, so the tables
are found by their headings. Orders are in the inspectorate's own collection and come by the form only.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import replace
from typing import Any

from peelbook.forces import ENGLAND_AND_WALES
from peelbook.sources.cells import Rows
from peelbook.sources.layout import Layout, Match
from peelbook.sources.layout import match as fit
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications import _force_year, _side_by_side
from peelbook.sources.publications._sums import check_once, check_total
from peelbook.sources.reading import key

TABLE, CATEGORIES = "antisocial_behaviour", "antisocial_behaviour_categories"

_TITLE = r"anti-? ?social behaviour incidents"
_INCIDENTS: dict[str, tuple[str, ...]] = {"incidents": ("Number of Incidents",)}

SIDE_BY_SIDE = Layout(
    _INCIDENTS,
    optional=("Area Code", "Area Name", "Number per 1,000 population", "Rate per 1,000 population"),
    title=_TITLE,
    extras_allowed=True,
    editions=("police force area tables, Table P7, years side by side",),
    tested=True,
)
BY_CATEGORY = Layout(
    {
        name: (name, *(f"{name}{note}" for note in range(1, 20)))
        for name in ("Personal", "Nuisance", "Environmental")
    },
    title=_TITLE,
    extras_allowed=True,
    editions=("police force area tables, Table P8",),
    tested=True,
)
# Sheets that every edition has. Only the March editions add those of antisocial behaviour.
OTHER_TABLES = Layout(
    {"code": ("Area Code",), "name": ("Area Name",), "violence": ("Violence against the person",)},
    sheet=r"Table P\d+",
    extras_allowed=True,
    editions=("police force area tables without antisocial behaviour",),
    tested=True,
)

_SIMPLE = _force_year.publication(
    TABLE,
    1,
    {
        "incidents_count": (
            "Anti-social behaviour incidents",
            "Antisocial behaviour incidents",
            "ASB incidents",
            "Number of incidents",
        )
    },
    title=r"anti-? ?social behaviour|\bASB\b",
)

REGIONS = frozenset(
    key(name)
    for name in (
        *("North East", "North West", "Yorkshire and The Humber", "East Midlands", "East", "East of England"),
        *("London", "South East", "South West", "England", "Wales", "England and Wales (inc. BTP)"),
    )
)
_WITHOUT_BTP = {key("England and Wales (exc. BTP)"), key("England and Wales (excluding BTP)")}
# The one region that has the name of a force. It stands over its forces, so it is the first of the two.
_REGION_AND_FORCE = "west midlands"


def plain_name(cell: str) -> str:
    """Return an area's name without the numbers of notes stuck to it: "City of London10" -> "City of London"."""
    return re.sub(r"(?<=[A-Za-z)])\s?\d{1,2}(?:,\d{1,2})*,?$", "", " ".join(cell.split()))


def _areas(match: Match, places: dict[str, int]) -> Rows:
    """The rows of forces and of the total without British Transport Police, under names that can be matched."""
    labels = {key(cell): place for place, cell in enumerate(match.header)}
    name, code = labels.get("area name", 0), labels.get("area code")
    rows = _side_by_side.rows_of(match, places, name)
    kept: list[tuple[list[Any], int]] = []
    region_seen = code is not None
    for row, number in zip(rows.rows, rows.numbers, strict=True):
        area = plain_name(str(row[name]))
        folded = key(area)
        if folded == _REGION_AND_FORCE and not region_seen:
            region_seen = True
            continue
        region = code is not None and str(row[code]).startswith(("E12", "E92", "W92"))
        if region or folded in REGIONS:
            continue
        if folded in _WITHOUT_BTP or (folded == "england and wales" and match.layout is BY_CATEGORY):
            area = "England and Wales"
        kept.append(([*row[:name], area, *row[name + 1 :]], number))
    return replace(rows, rows=[row for row, _ in kept], numbers=[number for _, number in kept])


def _incidents(match: Match, context: Context) -> Any:
    """Incidents by force and year; in each year the forces must add up to the total without BTP."""
    import pandas as pd

    years = _side_by_side.blocks(match, _INCIDENTS, _side_by_side.span_end)
    titled = {str(day): places["incidents"] for day, places in years.items()}
    rows = _areas(match, titled)
    codes = rows.forces("name", context.forces, national=True)
    check_once(rows, "name", pd.Series(codes, dtype=object), "the area is listed twice")
    rows.check()
    parts = []
    for day in years:
        frame = pd.DataFrame(
            {
                "force_code": codes,
                "period_end": day,
                "incidents_count": pd.array(rows.counts(str(day)), dtype="Int64"),
            }
        )
        forces = frame.loc[frame["force_code"].isin(context.forces.codes), "incidents_count"]
        for place in frame.index[frame["force_code"] == ENGLAND_AND_WALES]:
            check_total(rows, str(day), int(place), frame.loc[place, "incidents_count"], forces)
        parts.append(frame[frame["force_code"].isin(context.forces.codes)])
    rows.check()
    table = pd.concat(parts, ignore_index=True).dropna(subset="incidents_count")
    table["orders_count"] = pd.array([None] * len(table), dtype="Int64")
    return table


def _categories(match: Match, context: Context, day: datetime.date) -> Any:
    import pandas as pd

    rows = _areas(match, match.places)
    codes = rows.forces("name", context.forces, national=True)
    frame = pd.DataFrame(
        {name: pd.array(rows.figures(name, most=100), dtype="Float64") for name in match.places}
    )
    for place in frame.index[(frame.sum(axis=1) - 100).abs() > 0.5]:
        rows.fault(
            "name",
            int(place),
            rows.text("name")[place],
            "its categories do not add up to 100 percent",
            "restore the row",
        )
    rows.check()
    frame = frame.assign(force_code=codes, period_end=day)
    frame = frame[frame["force_code"].isin(context.forces.codes)]
    table = frame.melt(["force_code", "period_end"], var_name="category", value_name="incidents_share")
    table["incidents_share"] = (table["incidents_share"] / 100).round(6)
    return table.dropna(subset="incidents_share")


def read(match: Match, context: Context) -> Result:
    """Return `antisocial_behaviour` and, where the workbook has them, `antisocial_behaviour_categories`.

    Raises `SourceFileError` for a workbook of the same tables that has none of antisocial behaviour.
    """
    if match.layout is OTHER_TABLES:
        raise match.file.error(
            "police force area tables without one of antisocial behaviour; the others are not read",
            "use an edition of a year to March: only these have the table of incidents",
        )
    if match.layout not in (SIDE_BY_SIDE, BY_CATEGORY):
        return _SIMPLE.read(match, context)
    incidents = fit(match.file, SIDE_BY_SIDE)
    if incidents is None:
        raise match.file.error(
            "categories of antisocial behaviour without the table of incidents",
            "use the workbook as published, with Table P7",
        )
    tables = {TABLE: _incidents(incidents, context)}
    categories = fit(match.file, BY_CATEGORY)
    if categories is not None and categories.complete:
        tables[CATEGORIES] = _categories(categories, context, tables[TABLE]["period_end"].max())
    return Result(tables)


PUBLICATION = Publication(
    TABLE,
    2,
    (TABLE, CATEGORIES),
    (SIDE_BY_SIDE, *_SIMPLE.layouts, BY_CATEGORY, OTHER_TABLES),
    read,
    untested=True,
)
