"""Forces to compare a force with: its neighbours, and forces whose areas are like its own.

Neighbours come from the boundaries. *Similar forces by our own open rule* are used in place of the Home Office's
most similar groups until that list is ingested; they are never called by its name. The rule: the five
nearest forces by Euclidean distance in four public measures, each standardised over the forces (mean 0,
standard deviation 1): the logarithm of the number of residents, the logarithm of residents per square
kilometre, the share of residents who are not White (Census 2021), and the Crime Severity Score. The City
of London has no Crime Severity Score and hardly any residents: it is like no other, and like none.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from peelbook.catalogue import Catalogue
from peelbook.errors import MissingTableError

if TYPE_CHECKING:
    import pandas as pd

SIMILAR_COUNT = 5
MEASURES = {
    "residents": "residents (logarithm)",
    "density": "residents per square kilometre (logarithm)",
    "not_white": "share of residents who are not White",
    "severity": "Crime Severity Score",
}
TABLES = (
    "neighbours",
    "force_areas",
    "population",
    "population_ethnicity",
    "crime_severity",
    "most_similar_groups",
)

OWN_RULE = "similar forces by our own open rule"
OFFICIAL = "most similar group of the Home Office"


@dataclass(frozen=True)
class Peers:
    """Forces to compare a force with. Empty codes mean there are none, and `reason` says why.

    `basis` is what a page calls them. `stable` are the codes that stay when any one measure of our own rule
    is left out; it is empty for neighbours and official groups.
    """

    basis: str
    codes: tuple[str, ...]
    reason: str = ""
    stable: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.codes)


def neighbours(catalogue: Catalogue, force_code: str) -> Peers:
    """Return the forces whose areas border a force's, by code. An estuary that two areas share counts.

    `force_code` may be any name of the force. Raises `UnknownForceError`, `UndeclaredReadError`.
    """
    code = catalogue.forces[force_code].code
    if catalogue.lacks("neighbours"):
        return Peers("neighbours", (), "The boundaries of police force areas are not in this book.")
    table = catalogue.table("neighbours")
    found = tuple(sorted(table.loc[table["force_code"] == code, "neighbour_code"]))
    return Peers("neighbours", found, "" if found else "No police force area borders it.")


def similar(catalogue: Catalogue, force_code: str) -> Peers:
    """Return the forces most like a force, nearest first: the official group where it is in the book, else by
    our own rule (see the module).

    Raises `UnknownForceError`, `UndeclaredReadError`.
    """
    code = catalogue.forces[force_code].code
    if not catalogue.lacks("most_similar_groups"):
        table = catalogue.table("most_similar_groups")
        found = tuple(sorted(table.loc[table["force_code"] == code, "similar_code"]))
        return Peers(OFFICIAL, found, "" if found else "The Home Office gives no group for this force.")
    try:
        measured = profile(catalogue)
    except MissingTableError as error:
        return Peers(OWN_RULE, (), str(error))
    return _by_own_rule(measured, code)


def similar_of_all(catalogue: Catalogue) -> dict[str, Peers]:
    """Return `similar` of every force, by code; the measures are put together once."""
    codes = catalogue.forces.codes
    if codes and catalogue.lacks("most_similar_groups"):
        with contextlib.suppress(MissingTableError):
            measured = profile(catalogue)
            return {code: _by_own_rule(measured, code) for code in codes}
    return {code: similar(catalogue, code) for code in codes}


def _by_own_rule(measured: pd.DataFrame, code: str) -> Peers:
    """The forces nearest to a force in the measures of `profile`."""
    if code not in measured.index:
        return Peers(
            OWN_RULE, (), "One of the measures that forces are compared by is missing for this area."
        )
    nearest = tuple(distances(measured, code).index[:SIMILAR_COUNT])
    stable = set(nearest)
    for left_out in measured.columns:
        stable &= set(distances(measured.drop(columns=left_out), code).index[:SIMILAR_COUNT])
    return Peers(OWN_RULE, nearest, stable=tuple(other for other in nearest if other in stable))


def profile(catalogue: Catalogue) -> pd.DataFrame:
    """Return the measures of `MEASURES` for every force that has all of them, unscaled, by force code.

    Each is of the newest period of its table. Raises `MissingTableError` and `UndeclaredReadError`.
    """
    import pandas as pd

    residents = _newest(catalogue.table("population"))["population_count"].astype(float)
    area = catalogue.table("force_areas").set_index("force_code")["area_km2"].astype(float)
    people = catalogue.table("population_ethnicity")
    total = people.groupby("force_code")["population_count"].sum().astype(float)
    white = people[people["ethnicity"] == "White"].groupby("force_code")["population_count"].sum()
    severity = _newest(catalogue.table("crime_severity"))["severity_score"].astype(float)
    found = pd.DataFrame(
        {
            "residents": np.log(residents),
            "density": np.log(residents / area),
            "not_white": 1 - white.astype(float) / total,
            "severity": severity,
        }
    )
    return found.loc[sorted(set(found.index) & set(catalogue.forces.codes))].dropna()


def _newest(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["period_end"] == table["period_end"].max()].set_index("force_code")


def distances(measured: pd.DataFrame, force_code: str) -> pd.Series:
    """Return the distance of every other force from a force, nearest first, in standard deviations.

    Equal distances stand in the order of the codes.
    """
    import pandas as pd

    scaled = ((measured - measured.mean()) / measured.std(ddof=0)).to_numpy(dtype=float)
    place = measured.index.get_loc(force_code)
    distance = np.sqrt(((scaled - scaled[place]) ** 2).sum(axis=1))
    return pd.Series(distance, index=measured.index).drop(force_code).sort_values(kind="stable")


def stability(catalogue: Catalogue) -> pd.DataFrame:
    """Return, for each force and each measure left out, how many of its similar forces stay (0 to `SIMILAR_COUNT`).

    One row a force, one column a measure.
    """
    import pandas as pd

    measured = profile(catalogue)
    rows = {}
    for code in measured.index:
        nearest = set(distances(measured, code).index[:SIMILAR_COUNT])
        rows[code] = {
            left_out: len(
                nearest & set(distances(measured.drop(columns=left_out), code).index[:SIMILAR_COUNT])
            )
            for left_out in measured.columns
        }
    return pd.DataFrame.from_dict(rows, orient="index")


PAIR_COLUMNS = (
    "force_code",
    "force",
    "relation",
    "other_code",
    "other",
    "place",
    "distance",
    "stable",
    "basis",
)


def pairs(catalogue: Catalogue) -> pd.DataFrame:
    """Return every force with each of its neighbours and of its similar forces, a row a pair.

    Columns: force_code, force, relation (`neighbour` or `similar`), other_code, other, place (1 is the most alike; only
    of similar forces), distance (in standard deviations, only by our own rule), stable (`yes` where the other force
    stays similar whichever measure is left out, only by our own rule), basis (what a page calls the relation). Raises
    `UndeclaredReadError`.
    """
    import pandas as pd

    forces = catalogue.forces
    alike = similar_of_all(catalogue)
    measured = None
    if any(found.basis == OWN_RULE and found for found in alike.values()):
        measured = profile(catalogue)
    rows: list[tuple[object, ...]] = []
    for code in forces.codes:
        own = neighbours(catalogue, code)
        for other in own.codes:
            rows.append((code, "neighbour", other, None, None, None, own.basis))
        found = alike[code]
        apart = (
            distances(measured, code) if measured is not None and found.basis == OWN_RULE and found else None
        )
        for place, other in enumerate(found.codes, start=1):
            if apart is None:
                rows.append((code, "similar", other, None, None, None, found.basis))
            else:
                stays = "yes" if other in found.stable else "no"
                rows.append(
                    (code, "similar", other, place, round(float(apart[other]), 3), stays, found.basis)
                )
    names = {force.code: force.name for force in forces}
    frame = pd.DataFrame(
        rows, columns=["force_code", "relation", "other_code", "place", "distance", "stable", "basis"]
    )
    frame["place"] = frame["place"].astype("Int64")
    frame["force"] = frame["force_code"].map(names)
    frame["other"] = frame["other_code"].map(names).fillna(frame["other_code"])
    return frame[list(PAIR_COLUMNS)]


def markdown(catalogue: Catalogue) -> str:
    """Return the neighbours and similar forces of all forces as MyST: one table, and how stable the rule is."""
    from peelbook.display import plain, table_html

    short = {force.code: force.short_name for force in catalogue.forces}
    alike = similar_of_all(catalogue)
    by_own_rule = any(found.basis == OWN_RULE and found for found in alike.values())
    kept = stability(catalogue) if by_own_rule else None
    body = []
    for force in sorted(catalogue.forces, key=lambda item: item.name):
        own, found = neighbours(catalogue, force.code), alike[force.code]
        names = [
            f"{short.get(code, code)}{'' if kept is None or code in found.stable else ' (not firm)'}"
            for code in found.codes
        ]
        row = [
            force.name,
            ", ".join(sorted(short.get(code, code) for code in own.codes)) or own.reason,
            ", ".join(names) or found.reason,
        ]
        if kept is not None:
            row.append(f"{int(kept.loc[force.code].min())} of {SIMILAR_COUNT}" if found else "–")
        body.append(row)
    basis = next((found.basis for found in alike.values() if found), OWN_RULE)
    columns = [
        "Force",
        "Neighbours",
        f"{basis[:1].upper()}{basis[1:]}{', nearest first' if by_own_rule else ''}",
    ]
    numeric = [False, False, False]
    if kept is not None:
        columns.append("Fewest that stay")
        numeric.append(True)
    parts = [table_html("Neighbours and similar forces of each force", columns, body, numeric=numeric)]
    if kept is not None:
        stays = [
            [
                plain(MEASURES[str(name)]),
                f"{kept[name].mean():.1f} of {SIMILAR_COUNT}",
                f"{int(kept[name].min())}",
            ]
            for name in kept.columns
        ]
        parts.append(
            "*Not firm* marks a force that is no longer among the five when one of the measures is left out. The last "
            "column says how many of the five stay at the least. On average over all forces:"
        )
        parts.append(
            table_html(
                "How many similar forces stay when a measure is left out",
                ["Left out", "Stay, mean of forces", "Fewest of any force"],
                stays,
                numeric=[False, True, True],
            )
        )
    return "\n\n".join(parts) + "\n"
