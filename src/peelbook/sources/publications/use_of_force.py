"""Home Office police use of force statistics: incidents by force, tactics and ethnicity.

The three yearly workbooks here differ in layout (tactics by force only from 2018/19, "Chinese" a group
of its own until 2018/19), and a year can only be told from the contents sheet.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

from peelbook.contracts import ENGLAND_AND_WALES
from peelbook.sources.cells import Rows, month_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.layout import match as fit
from peelbook.sources.publication import Context, Publication, Result
from peelbook.sources.publications._groups import BROAD, NOT_KNOWN
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


def _ethnicity(label: str) -> str:
    # Chinese stands within Asian from 2019/20 on, as in the Census; earlier years are folded the same way.
    folded = key(label)
    return "Asian" if folded == "chinese" else {**BROAD, **NOT_KNOWN}[folded]


def incidents(match: Match, context: Context, year: datetime.date) -> Any:
    """Return incidents by force; the forces must add up to the workbook's England and Wales."""
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
    _same_total(frame, "incidents_count", rows, "total")
    rows.check()
    return frame[frame["force_code"].isin(context.forces.codes)]


def _same_total(frame: Any, column: str, rows: Rows, name: str) -> None:
    national = frame.index[frame["force_code"] == ENGLAND_AND_WALES]
    forces = frame.loc[frame["force_code"] != ENGLAND_AND_WALES, column].sum()
    for place in national:
        if frame.loc[place, column] != forces:
            rows.fault(
                name,
                int(place),
                frame.loc[place, column],
                f"the forces add up to {forces:,}, not to this total",
                "check that no force's row was lost or changed",
            )


def _by_force(match: Match, context: Context, year: datetime.date) -> tuple[Any, Any]:
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
    parts = []
    for column in match.series:
        parts.append(
            pd.DataFrame(
                {
                    "force_code": codes,
                    "period_end": year,
                    "ethnicity": _ethnicity(column),
                    "uses_count": pd.array(rows.counts(column), dtype="Int64"),
                }
            )[whole]
        )
    rows.check()
    ethnicity = (
        pd.concat(parts)
        .groupby(["force_code", "period_end", "ethnicity"], as_index=False)["uses_count"]
        .sum(min_count=1)
    )
    return tactics.dropna(subset=["force_code", "tactic"]), ethnicity


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
        groups[_ethnicity(column)] = groups.get(_ethnicity(column), 0) + int(value)
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
    tables = {"use_of_force": incidents(match, context, year)}
    national = fit(file, BY_ETHNICITY)
    if national is None or not national.complete:
        raise file.error(
            "the table of incidents by perceived ethnicity is not there or has changed",
            "use the workbook as published",
            sheet="Table_4",
        )
    ethnicity = _national(national, year)
    if (total := match.rows().counts("total")[0]) != ethnicity["incidents_count"].sum():
        raise file.error(
            f"the ethnic groups add up to {ethnicity['incidents_count'].sum():,}, all incidents to {total:,}",
            "use the workbook as published",
            sheet=national.sheet,
        )
    by_force = fit(file, BY_FORCE)
    if by_force is not None and by_force.complete:
        tables["use_of_force_tactics"], uses = _by_force(by_force, context, year)
        ethnicity = uses.merge(ethnicity, on=["force_code", "period_end", "ethnicity"], how="outer")
    else:
        ethnicity["uses_count"] = pd.array([None] * len(ethnicity), dtype="Int64")
    tables["use_of_force_ethnicity"] = ethnicity[
        ["force_code", "period_end", "ethnicity", "incidents_count", "uses_count"]
    ]
    return Result(tables)


PUBLICATION = Publication(
    "use_of_force", 1, ("use_of_force", "use_of_force_tactics", "use_of_force_ethnicity"), (INCIDENTS,), read
)
