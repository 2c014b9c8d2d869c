"""How a year's figure grows with each release: the same forces, then and now.

Figures of a past year are not finished when they are first published: people are charged months and years after a
crime is recorded. An earlier release may be one of the table's own, or one of another table that counts the same;
`revisions.toml` says which. Only forces with a figure in both are added up, so that a force which sends its
figures late does not pass for growth.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from peelbook import contracts, releases
from peelbook.catalogue import Catalogue
from peelbook.errors import ParameterError
from peelbook.forces import ENGLAND_AND_WALES

if TYPE_CHECKING:
    import pandas as pd

FILE = "revisions.toml"

COLUMNS = ["period_end", "released", "table", "forces", "then", "now", "now_released", "growth"]


@dataclass(frozen=True)
class Source:
    """Where a count stands: a table, its column, and the rows that belong to it."""

    table: str
    column: str
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """A count whose releases are compared; `also` are other tables that hold earlier releases of it."""

    title: str
    source: Source
    also: tuple[Source, ...] = ()


@cache
def registry() -> dict[str, Series]:
    """Return the series of `revisions.toml` by the table of their newest release."""
    entries = tomllib.loads((files("peelbook") / FILE).read_text(encoding="utf-8"))["series"]
    return {
        entry["table"]: Series(
            entry["title"],
            Source(entry["table"], entry["column"], entry.get("where", {})),
            tuple(Source(**other) for other in entry.get("also", [])),
        )
        for entry in entries
    }


def series(table: str) -> Series:
    """Return the series of a table: that on record, else the sum of its first count.

    Raises `MissingTableError` for an unknown table, `ParameterError` for one without counts by force and period.
    """
    if table in registry():
        return registry()[table]
    schema = contracts.load(table)
    names = [item["name"] for item in schema["fields"]]
    counts = [item["name"] for item in schema["fields"] if item["type"] == "integer"]
    if not counts or not {"force_code", "period_end"} <= set(names):
        raise ParameterError(
            f"The table {table!r} has no count by force and period to follow. "
            f"Fix: ask for one that has, such as {', '.join(registry())}."
        )
    return Series(schema["title"], Source(table, counts[0]))


def grown(catalogue: Catalogue, table: str, force_code: str | None = None) -> pd.DataFrame:
    """Return a row for each period and earlier release: what it was then, what it is now.

    Columns: `period_end`; `released`, the day of the earlier release, and `table` that it is from; `forces` with a
    figure in both; `then` and `now`, sums over them; `now_released`; `growth` as a share (0.05 for 5%), missing
    where there was nothing then. One force only with `force_code`. Empty where no earlier release is here.
    Raises `MissingTableError`, `ParameterError`.
    """
    return _grown(_earlier_releases(catalogue, table), catalogue.released(table), force_code)


def by_force(catalogue: Catalogue, table: str) -> pd.DataFrame:
    """Return `grown` for each force: its columns without `forces`, and `force_code`."""
    import pandas as pd

    earlier, last = _earlier_releases(catalogue, table), catalogue.released(table)
    parts = []
    for force in catalogue.forces:
        part = _grown(earlier, last, force.code)
        if len(part):
            parts.append(part.assign(force_code=force.code).drop(columns="forces"))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*COLUMNS, "force_code"])


@dataclass(frozen=True)
class _Earlier:
    """What an earlier release had of a period, and what the newest has: counts by force code."""

    period: pd.Timestamp
    released: datetime.date
    table: str
    then: Mapping[str, int]
    now: Mapping[str, int]


def _earlier_releases(catalogue: Catalogue, table: str) -> list[_Earlier]:
    """Every period of every earlier release of a table's series."""
    about = series(table)
    now = _by_force(catalogue, about.source)
    last = catalogue.released(table)
    found: dict[Any, _Earlier] = {}
    for source in (about.source, *about.also):
        for day in catalogue.releases(source.table):
            if source.table == table and day == last:
                continue
            at = catalogue.at(day)
            for period, then in sorted(_by_force(at, source).items()):
                released = _released_of(at, source.table, period) or day
                item = _Earlier(period, released, source.table, then, now.get(period, {}))
                found.setdefault((source.table, released, period), item)
    return list(found.values())


def _grown(earlier: Sequence[_Earlier], last: datetime.date | None, force_code: str | None) -> pd.DataFrame:
    """The frame of `grown`, of all forces or of one."""
    import pandas as pd

    rows = []
    for item in earlier:
        shared = set(item.then) & set(item.now) & ({force_code} if force_code else set(item.then))
        if not shared:
            continue
        before, after = (
            int(sum(counts[code] for code in sorted(shared))) for counts in (item.then, item.now)
        )
        growth = after / before - 1 if before else None
        rows.append(
            [item.period, pd.Timestamp(item.released), item.table, len(shared), before, after, last, growth]
        )
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["period_end", "released", "table"], ignore_index=True)


def _by_force(catalogue: Catalogue, source: Source) -> dict[pd.Timestamp, dict[str, int]]:
    """The counts of each period by force; one of which a row is missing is left out."""
    table = catalogue.table(source.table)
    for column, value in source.where.items():
        table = table[table[column] == value]
    table = table[table["force_code"] != ENGLAND_AND_WALES]
    sums = table.groupby(["force_code", "period_end"])[source.column].sum(skipna=False).dropna()
    found: dict[pd.Timestamp, dict[str, int]] = {}
    for (code, period), count in sums.to_dict().items():
        found.setdefault(period, {})[code] = count
    return found


def _released_of(catalogue: Catalogue, table: str, period: Any) -> datetime.date | None:
    """The day of release of the file that a table's period came from."""
    wanted = period.strftime("%Y-%m-%d")
    for item in catalogue.inputs(table):
        if any(wanted in covered.split() for covered in item.get("covers", [])):
            return releases.date_of(item)
    return None


def text(frame: pd.DataFrame, table: str) -> str:
    """Return what `grown` gave as lines for a terminal."""
    if frame.empty:
        return f"No earlier release of {series(table).title!r} is here. Fix: peelbook data update {table}"
    lines = []
    for row in frame.itertuples():
        lines.append(
            f"{row.period_end:%Y-%m-%d}  {_day(row.released)} ({row.table}): {row.then:,} → "
            f"{_day(row.now_released)}: {row.now:,}  {_share(row.growth)}, {row.forces} forces"
        )
    return "\n".join(lines)


#: Every release at hand of the estimates of residents, of which `population` has one for each mid-year.
RESIDENTS = "population_releases"


def residents(catalogue: Catalogue) -> pd.DataFrame:
    """Return the mid-years that more than one release estimates: residents by force and release.

    Columns: force_code, period_end, release, population_count. Empty where no mid-year was revised, or the table is
    not here.
    """
    import pandas as pd

    columns = ["force_code", "period_end", "release", "population_count"]
    if not catalogue.has(RESIDENTS):
        return pd.DataFrame(columns=columns)
    table = catalogue.table(RESIDENTS)
    counts = table.pivot_table(
        index="period_end", columns="release", values="population_count", aggfunc="sum", observed=True
    )
    # The releases agree on the years before the last census: those that changed are of interest.
    moved = counts.index[counts.nunique(axis=1) > 1]
    return table.loc[table["period_end"].isin(moved), columns].reset_index(drop=True)


def residents_markdown(catalogue: Catalogue) -> str:
    """Return the estimates of residents that a later release revised as MyST: all forces, then each force."""
    table = residents(catalogue)
    if table.empty:
        return "No estimate of residents is here in two releases that differ.\n"
    names = sorted(table["release"].astype("str").unique())
    counts = table.assign(release=table["release"].astype("str")).pivot(
        index=["period_end", "force_code"], columns="release", values="population_count"
    )
    ends = sorted(table["period_end"].unique())
    lines = [
        "## Residents",
        "",
        "Rates for each 1,000 people rest on the estimates of mid-year, which are revised as well. The first release of "
        "a mid-year gives the rates that a report of its time printed; newer years take the newest.",
        "",
        f"| All forces, 30 June | {' | '.join(f'Release of {name}' for name in names)} | Change |",
        f"| --- |{' ---: |' * (len(names) + 1)}",
    ]
    for end in ends:
        together = counts.loc[end].dropna(axis=1, how="all").dropna()
        first, last = (int(together[name].sum()) for name in (together.columns[0], together.columns[-1]))
        cells = [f"{int(together[name].sum()):,}" if name in together else "–" for name in names]
        lines.append(f"| {end.year} | {' | '.join(cells)} | {_fine(last / first - 1)} |")
    lines += ["", f"| Force | {' | '.join(f'Change of mid-{end.year}' for end in ends)} |"]
    lines.append(f"| --- |{' ---: |' * len(ends)}")
    for force in catalogue.forces:
        cells = []
        for end in ends:
            row = counts.loc[[end]].droplevel("period_end").reindex([force.code]).iloc[0].dropna()
            cells.append(_fine(row.iloc[-1] / row.iloc[0] - 1) if len(row) > 1 else "–")
        lines.append(f"| {force.short_name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _fine(share: float) -> str:
    """A small change in hundredths of a percent; none is no change in either direction."""
    return f"{share:+.2%}".replace("-0.00", "0.00").replace("+0.00", "0.00").replace("-", "−")


def markdown(catalogue: Catalogue, table: str = "charges") -> str:
    """Return the page's tables as MyST: a count for all forces together and for each force, then residents."""
    return f"{_counts_markdown(catalogue, table)}\n{residents_markdown(catalogue)}"


def _counts_markdown(catalogue: Catalogue, table: str) -> str:
    from peelbook.display import plain

    about = series(table)
    if not catalogue.has(table):
        return f"The table {table} is not here, so nothing can be compared.\n"
    together = grown(catalogue, table)
    if together.empty:
        return (
            f"No earlier release of *{plain(about.title)}* is here yet. From now on `peelbook data update` keeps "
            "each one that it replaces.\n"
        )
    lines = [
        f"## {about.title}, all forces",
        "",
        "| Year ending | Earlier release | Forces in both | Then | Newest release | Now | Growth |",
        "| --- | --- | ---: | ---: | --- | ---: | ---: |",
    ]
    for row in together.itertuples():
        lines.append(
            f"| {_day(row.period_end)} | {_day(row.released)} | {row.forces} | {row.then:,} | "
            f"{_day(row.now_released)} | {row.now:,} | {_share(row.growth)} |"
        )
    lines += ["", "## Force by force", "", *_force_lines(catalogue, table)]
    return "\n".join(lines) + "\n"


def _force_lines(catalogue: Catalogue, table: str) -> list[str]:
    rows = by_force(catalogue, table)
    heads = sorted({(row.period_end, row.released) for row in rows.itertuples()})
    titles = [f"Year ending {_day(period)}, since {_day(released)}" for period, released in heads]
    lines = [
        "How much each force's count of a year has grown since the earlier release. A dash is a figure that one of "
        "the two releases does not have. Growth far beyond the others' is a force that sent its figures late.",
        "",
        f"| Force | {' | '.join(titles)} |",
        f"| --- |{' ---: |' * len(titles)}",
    ]
    growth = {(row.force_code, row.period_end, row.released): row.growth for row in rows.itertuples()}
    for force in catalogue.forces:
        cells = [_share(growth.get((force.code, *head))) for head in heads]
        lines.append(f"| {force.short_name} | {' | '.join(cells)} |")
    return lines


def _day(day: Any) -> str:
    return "not dated" if day is None else f"{day.day} {day:%B %Y}"


def _share(value: Any) -> str:
    return "–" if value is None or value != value else f"{value:+.1%}".replace("-", "−")
