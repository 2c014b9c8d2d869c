"""Home Office police use of force statistics: incidents by force, tactics and ethnicity.

The three yearly workbooks here differ in layout (tactics by force only from 2018/19, "Chinese" a group
of its own until 2018/19), and the year is only given on the contents sheet.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

from peelbook.forces import ENGLAND_AND_WALES
from peelbook.sources.cells import Rows, month_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.layout import match as fit
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications._groups import BROAD, NOT_KNOWN
from peelbook.sources.publications._sums import check_once, check_total, whole_sums
from peelbook.sources.reading import SourceFile, key

INCIDENTS = Layout(
    columns(region="Region", force="Police force", total="Total"),
    sheet=r"Table[_ ]12",
    title=r"Incidents by police force",
)
BY_FORCE = Layout(
    columns(
        force="Police force",
        type="Type of force",
        tactic="Tactic",
        total="Number of times tactic reported",
    ),
    series=r"White|Black.*|Asian.*|Chinese|Mixed|Other|Don't know|Not reported",
    sheet=r"Table[_ ]16",
    title=r"police force and officer perceived ethnicity",
)
BY_ETHNICITY = Layout(
    columns(white="White", mixed="Mixed", other="Other"),
    series=r"Black.*|Asian.*|Chinese|Don't know|Not reported",
    sheet=r"Table[_ ]4",
    title=r"officer perceived ethnicity",
    optional=("Total number of incidents",),
)

# Sub-tactics ("Compliant handcuffing") are parts of these and would be counted twice; some forces
# cannot give them.
TACTICS = {
    "Handcuffing, of which": "Handcuffing",
    "Limb / Body restraints": "Limb or body restraint",
    "Ground restraint": "Ground restraint",
    "*Total Unarmed skills": "Unarmed skills",
    "Baton, of which": "Baton",
    "Irritant spray, of which": "Irritant spray",
    "Spit and bite guard": "Spit and bite guard",
    "Shield": "Shield",
    "CED": "Conducted energy device",
    "CED of which": "Conducted energy device",
    "AEP, of which": "Attenuating energy projectile",
    "*Total Firearms": "Firearms",
    "Dog use, of which": "Dog",
    "Other / improvised": "Other or improvised",
    "*Total Not reported": "Not reported",
    "Tactical communication": "Tactical communication",
}
_TACTIC = {key(label): name for label, name in TACTICS.items()}
ALL_TACTICS = "Total Tactics"
NOT_IN_TOTAL = ("Not reported", "Tactical communication")


def year_of(file: SourceFile) -> datetime.date:
    """Return the last day of the year the workbook covers, from its contents sheet."""
    for sheet in file.sheets[:3]:
        for row in file.top(sheet, 40):
            for cell in row:
                if found := re.fullmatch(r"year ending (?:31 )?march (\d{4})", str(cell).strip(), re.I):
                    return month_end(int(found[1]), 3)
    raise file.error(
        "no sheet says which year the tables cover",
        "restore the contents sheet ('Year ending 31 March 2020')",
        sheet="Contents",
    )


# Chinese stands within Asian from 2019/20 on, as in the Census; earlier years are folded the same way.
_GROUPS = {**BROAD, **NOT_KNOWN, "chinese": "Asian"}


def _ethnicity(match: Match, label: str) -> str:
    if key(label) not in _GROUPS:
        raise match.file.error(
            f"{label!r} is no ethnic group of this publication",
            f"use one of the five groups, such as {', '.join(sorted(set(BROAD.values())))}, as published",
            sheet=match.sheet,
            row=match.header_row,
            column=label,
        )
    return _GROUPS[key(label)]


def incidents(match: Match, context: Context, year: datetime.date) -> tuple[Any, Rows]:
    """Return incidents by force, and the rows they stand in; the forces must add up to England and Wales."""
    import pandas as pd

    rows = match.rows(until_blank="force")
    regional = [
        name.lstrip("*").casefold().startswith("total") and "england and wales" not in name.casefold()
        for name in rows.text("force")
    ]
    rows = rows.keep(not subtotal for subtotal in regional)
    frame = pd.DataFrame(
        {
            "force_code": rows.forces("force", context.forces, national=True),
            "period_end": year,
            "incidents_count": pd.array(rows.counts("total"), dtype="Int64"),
        }
    )
    check_once(rows, "force", frame["force_code"], "the force is listed twice")
    rows.check()
    forces = frame.loc[frame["force_code"] != ENGLAND_AND_WALES, "incidents_count"]
    for place in frame.index[frame["force_code"] == ENGLAND_AND_WALES]:
        check_total(rows, "total", int(place), frame.loc[place, "incidents_count"], forces)
    rows.check()
    return frame[frame["force_code"].isin(context.forces.codes)], rows


def _check_tactics(rows: Rows, tactics: Any, whole: list[bool]) -> None:
    """Note a fault for each force that lacks a tactic, or whose tactics are not its total.

    A label that changed would otherwise only make its tactic disappear.
    """
    import pandas as pd

    counted = tactics[~tactics["tactic"].isin(NOT_IN_TOTAL)]
    for place in tactics.index[whole]:
        own = tactics["force_code"].eq(tactics.loc[place, "force_code"]).fillna(False)
        if not own.any():
            continue
        force = rows.text("force")[place]
        lost = sorted(set(TACTICS.values()) - set(tactics.loc[own, "tactic"].dropna()))
        if lost:
            rows.fault(
                "tactic",
                place,
                ALL_TACTICS,
                f"{force} has no row for {', '.join(lost)}",
                "restore the tactics' labels as published",
            )
            continue
        parts = counted.loc[own & counted["tactic"].notna(), "uses_count"]
        total = tactics.loc[place, "uses_count"]
        if not pd.isna(total) and not parts.isna().any() and int(parts.sum()) != total:
            rows.fault(
                "total",
                place,
                rows.text("total")[place],
                f"the tactics of {force} add up to {int(parts.sum()):,}, not to this total",
                "check that no tactic's row was lost or changed",
            )


def _by_force(match: Match, context: Context, year: datetime.date) -> tuple[Any, Any, Rows]:
    import pandas as pd

    rows = match.rows(until_blank="force")
    wanted = [key(label) in _TACTIC or key(label) == key(ALL_TACTICS) for label in rows.text("tactic")]
    rows = rows.keep(wanted)
    codes = rows.forces("force", context.forces, national=True)
    labels = [key(label) for label in rows.text("tactic")]
    totals = rows.counts("total")
    tactics = pd.DataFrame(
        {
            "force_code": codes,
            "period_end": year,
            "tactic": [_TACTIC.get(label) for label in labels],
            "uses_count": pd.array(totals, dtype="Int64"),
        }
    )
    whole = [label == key(ALL_TACTICS) for label in labels]
    _check_tactics(rows, tactics, whole)
    parts = []
    for column in match.series:
        parts.append(
            pd.DataFrame(
                {
                    "force_code": codes,
                    "period_end": year,
                    "ethnicity": _ethnicity(match, column),
                    "uses_count": pd.array(rows.counts(column), dtype="Int64"),
                }
            )[whole]
        )
    rows.check()
    of_forces = pd.concat(parts).dropna(subset="force_code")
    ethnicity = whole_sums(of_forces, ["force_code", "period_end", "ethnicity"])
    return tactics.dropna(subset=["force_code", "tactic"]), ethnicity, rows


def _national(match: Match, year: datetime.date) -> Any:
    import pandas as pd

    # The row under the group names holds the incidents; its first cells are empty or a label.
    row = match.file.rows(match.sheet)[match.header_row]
    groups: dict[str, int] = {}
    for column, place in {
        **{match.header[place]: place for place in match.places.values()},
        **match.series,
    }.items():
        value = row[place] if place < len(row) else ""
        if not isinstance(value, (int, float)) or value < 0 or float(value) != int(value):
            raise match.file.error(
                f"expected a number of incidents, found {value!r}",
                "restore the row of incidents under the ethnic groups",
                sheet=match.sheet,
                row=match.header_row + 1,
                column=column,
            )
        group = _ethnicity(match, column)
        groups[group] = groups.get(group, 0) + int(value)
    return pd.DataFrame(
        {
            "force_code": ENGLAND_AND_WALES,
            "period_end": year,
            "ethnicity": list(groups),
            "incidents_count": pd.array(list(groups.values()), dtype="Int64"),
        }
    )


def read(match: Match, context: Context) -> Result:
    """Return `use_of_force`, `use_of_force_ethnicity` and, where published, `use_of_force_tactics`."""
    import pandas as pd

    file = match.file
    year = year_of(file)
    by_table: dict[str, Rows] = {}
    tables = {}
    tables["use_of_force"], by_table["use_of_force"] = incidents(match, context, year)
    national = fit(file, BY_ETHNICITY)
    if national is None or not national.complete:
        raise file.error(
            "the table of incidents by perceived ethnicity is not there or has changed",
            "use the workbook as published",
            sheet="Table_4",
        )
    ethnicity = _national(national, year)
    total = match.rows().counts("total")[0]
    if total is not None and total != ethnicity["incidents_count"].sum():
        raise file.error(
            f"the ethnic groups add up to {ethnicity['incidents_count'].sum():,}, all incidents to {total:,}",
            "use the workbook as published",
            sheet=national.sheet,
        )
    by_force = fit(file, BY_FORCE)
    if by_force is not None and by_force.complete:
        name = "use_of_force_tactics"
        tables[name], uses, by_table[name] = _by_force(by_force, context, year)
        ethnicity = uses.merge(ethnicity, on=["force_code", "period_end", "ethnicity"], how="outer")
    else:
        ethnicity["uses_count"] = pd.array([None] * len(ethnicity), dtype="Int64")
    tables["use_of_force_ethnicity"] = ethnicity[
        ["force_code", "period_end", "ethnicity", "incidents_count", "uses_count"]
    ]
    return Result(tables, rows=by_table)


PUBLICATION = Publication(
    "use_of_force", 1, ("use_of_force", "use_of_force_tactics", "use_of_force_ethnicity"), (INCIDENTS,), read
)
