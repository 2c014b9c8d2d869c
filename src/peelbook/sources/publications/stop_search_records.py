"""data.police.uk: individual stop and search records, counted by DuckDB straight from CSV or Parquet.

A force's file grows to hundreds of thousands of rows and all of them together to tens of millions,
so they are never loaded: one pass with bounded memory gives the counts.
"""

from __future__ import annotations

import datetime
import re
import tempfile
from typing import TYPE_CHECKING, Any

from peelbook.errors import UnknownForceError
from peelbook.sources.cells import month_end
from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Gap, Publication, Result
from peelbook.sources.reading import duckdb_path

if TYPE_CHECKING:
    import pandas as pd

TABLE = "stop_search_records"

# Forces that data.police.uk has beside the 43, under its names for them.
OTHER_SLUGS = {
    "btp": "British Transport Police",
    "british-transport-police": "British Transport Police",
    "northern-ireland": "Police Service of Northern Ireland",
    "police-scotland": "Police Service of Scotland",
}

NO_RECORD = "The published file of this month has a header and no record."

STANDARD = (
    "Type",
    "Date",
    "Part of a policing operation",
    "Policing operation",
    "Latitude",
    "Longitude",
    "Gender",
    "Age range",
    "Self-defined ethnicity",
    "Officer-defined ethnicity",
    "Legislation",
    "Object of search",
    "Outcome",
    "Outcome linked to object of search",
    "Removal of more than just outer clothing",
)

LAYOUT = Layout(columns(*STANDARD), optional=("month", "force"))

MEMORY_LIMIT = "256MB"
# DuckDB reads CSV in blocks of 32 MB a thread by default, most of its memory for this query.
CSV_BUFFER = 2 * 1024**2
CSV_LINE = 64 * 1024

OUTCOMES = {
    "No further action": (
        "A no further action disposal",
        "Nothing found - no further action",
        "No further action",
    ),
    "Arrest": ("Arrest", "Suspect arrested"),
    "Community resolution": ("Community resolution", "Local resolution"),
    "Drugs warning": ("Khat or Cannabis warning", "Offender given drugs possession warning"),
    "Penalty notice": ("Penalty Notice for Disorder", "Offender given penalty notice"),
    "Summons or charge by post": ("Summons / charged by post", "Suspect summonsed to court"),
    "Caution": ("Caution (simple or conditional)", "Offender cautioned"),
    "Other or unspecified": ("Article found - Detailed outcome unavailable", "Outcome unspecified"),
}

# Self-defined ethnicity is one of the 18 + 1 Census labels; its first words give the broad group.
_ETHNICITY_SQL = """case
    when e is null or e ilike '%not stated%' then 'Not known'
    when e ilike 'asian%' then 'Asian'
    when e ilike 'black%' then 'Black'
    when e ilike 'mixed%' then 'Mixed'
    when e ilike 'white%' then 'White'
    when e ilike 'other%' then 'Other'
    else e end"""


def _source(match: Match) -> str:
    """Return the FROM clause that reads the file."""
    path = duckdb_path(match.file.path).replace("'", "''")
    if match.file.kind == "parquet":
        source = f"read_parquet('{path}')"
    else:
        source = (
            f"read_csv('{path}', header = true, all_varchar = true, delim = ',', quote = '\"', "
            f"buffer_size = {CSV_BUFFER}, max_line_size = {CSV_LINE})"
        )
    return source


def _named(match: Match) -> tuple[str | None, str | None]:
    found = re.search(r"(\d{4}-\d{2})-([a-z-]+?)-stop-and-search", match.file.name)
    return (found[1], found[2]) if found else (None, None)


def count(match: Match) -> Any:
    """Return one row per month, force slug, broad ethnicity, object and outcome, with counts.

    `parity` is 0 where every record of the group occurs an even number of times (a month published
    twice over). Raises `SourceFileError` where the file cannot be read or names no month and force.
    """
    import duckdb

    file = match.file
    source = _source(match)
    have = {name.casefold() for name in match.header}
    month, force = _named(match)
    if not {"month", "force"} <= have and not (month and force):
        raise file.error(
            "neither columns nor the file name say which force and month the records are of",
            "keep the published file name, such as 2023-03-kent-stop-and-search.csv",
        )
    month_sql = '"month"' if "month" in have else f"'{month}'"
    force_sql = '"force"' if "force" in have else f"'{force}'"
    named = ", ".join(f'"{name}"' for name in STANDARD)
    query = f"""
        with records as (
            select {month_sql}::varchar as m, {force_sql}::varchar as f,
                nullif(trim("Type"::varchar), '') as t,
                nullif(trim("Self-defined ethnicity"::varchar), '') as e,
                coalesce(nullif(trim("Object of search"::varchar), ''), 'Not recorded') as o,
                coalesce(nullif(trim("Outcome"::varchar), ''), 'Not recorded') as outcome,
                hash({named}) as h
            from {source}
        )
        select m, f, {_ETHNICITY_SQL} as ethnicity, o, outcome,
            count(*) filter (where t is distinct from 'Vehicle search') as n,
            bit_xor(h) as parity
        from records group by all order by all
    """
    with tempfile.TemporaryDirectory(prefix="peelbook-") as spill, duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("set preserve_insertion_order = false")
        # A long query would print its progress between the lines another program reads.
        connection.execute("set enable_progress_bar = false")
        connection.execute("set temp_directory = ?", [spill])
        try:
            return connection.execute(query).df()
        except duckdb.Error as error:
            text = str(error)
            row = re.search(r"Line: (\d+)", text)
            raise file.error(
                f"the records cannot be read ({text.splitlines()[0]})",
                "download the file again",
                row=int(row[1]) if row else None,
            ) from error


def read(match: Match, context: Context) -> Result:
    """Return `stop_search_records`, searches of vehicles alone left out.

    A force's month in which every record occurs twice is left out and becomes a gap.
    """
    import pandas as pd

    frame = count(match)
    left_out: list[str] = []
    gaps: list[Gap] = []
    if frame.empty:
        return _without_records(match, context)
    ends: dict[str, datetime.date] = {}
    for text in frame["m"].unique():
        found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", str(text))
        if found is None:
            raise match.file.error(f"{text!r} is no month", "write months as 2023-03", column="month")
        ends[text] = month_end(int(found[1]), int(found[2]))
    codes = {}
    for slug in frame["f"].unique():
        if other := OTHER_SLUGS.get(str(slug).casefold()):
            left_out.append(f"the records of the {other} ({slug}), not one of the 43 forces")
            continue
        codes[slug] = _code(match, context, str(slug))
    frame = frame[frame["f"].isin(codes)]
    if frame.empty:
        return Result({TABLE: _empty()}, left_out=left_out)
    labels = {label: group for group, known in OUTCOMES.items() for label in known}
    labels["Not recorded"] = "Not recorded"
    unknown = sorted(set(frame["outcome"]) - set(labels))
    groups = {"Asian", "Black", "Mixed", "Other", "White", "Not known"}
    strange = sorted(set(frame["ethnicity"]) - groups)
    for column, values in (("Outcome", unknown), ("Self-defined ethnicity", strange)):
        if values:
            raise match.file.error(
                f"unknown categories: {', '.join(map(repr, values[:5]))}",
                "use the labels data.police.uk publishes",
                column=column,
            )
    frame = frame.assign(
        force_code=frame["f"].map(codes),
        period_end=frame["m"].map(ends),
        object_of_search=frame["o"],
        outcome=frame["outcome"].map(labels),
    )
    by = ["force_code", "period_end"]
    months = frame.groupby(by).agg(
        parity=("parity", lambda hashes: int(pd.Series(hashes).map(int).agg(_xor))), n=("n", "sum")
    )
    twice = months.index[(months["parity"] == 0) & (months["n"] > 0)]
    gaps += [
        Gap(
            TABLE,
            code,
            day.replace(day=1),
            day,
            "missing",
            "Every record of this month stands an even number of times in the file; "
            "a count from it would be double, so the month is left out.",
        )
        for code, day in twice
    ]
    frame = frame[~frame.set_index(by).index.isin(twice)]
    counts = (
        frame.groupby([*by, "ethnicity", "object_of_search", "outcome"], as_index=False)["n"]
        .sum()
        .rename(columns={"n": "records_count"})
    )
    return Result({TABLE: counts[counts["records_count"] > 0]}, gaps, left_out=left_out)


def _empty() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        columns=["force_code", "period_end", "ethnicity", "object_of_search", "outcome", "records_count"]
    )


def _without_records(match: Match, context: Context) -> Result:
    """What a file with a header and no record gives: a missing month, where its name says whose and which.

    Records that are here already stay: an empty file does not say that they are wrong.
    """
    month, slug = _named(match)
    if not month or not slug:
        raise match.file.error("there is a header but no record", "download it again")
    if other := OTHER_SLUGS.get(slug):
        what = f"the records of the {other} ({slug}), not one of the 43 forces"
        return Result({TABLE: _empty()}, left_out=[what])
    code = _code(match, context, slug)
    end = month_end(int(month[:4]), int(month[5:]))
    here = context.table(TABLE)
    if here is not None and ((here["force_code"] == code) & (here["period_end"].dt.date == end)).any():
        what = f"a header without a record; the records of {slug} for {month} that are here stay"
        return Result({TABLE: _empty()}, left_out=[what])
    gap = Gap(TABLE, code, end.replace(day=1), end, "missing", NO_RECORD)
    return Result(
        {TABLE: _empty()},
        [gap],
        left_out=[f"a header without a record, so that {slug} has no figure for {month}"],
    )


def _code(match: Match, context: Context, slug: str) -> str:
    try:
        return context.forces[slug].code
    except UnknownForceError as error:
        near = f"; nearest: {', '.join(error.suggestions)}" if error.suggestions else ""
        raise match.file.error(
            f"no force is called {slug!r}{near}",
            "use the force's slug, or add the name to its aliases in data/forces.csv",
            column="force",
        ) from error


def _xor(values: Any) -> int:
    result = 0
    for value in values:
        result ^= value
    return result


PUBLICATION = Publication(TABLE, 1, (TABLE,), (LAYOUT,), read)
