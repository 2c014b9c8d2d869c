"""The coverage matrix: which figures each table has, by force and period.

A blank in a chart may mean none, not collected, not published or not ingested; this module says which.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

from peelbook.display import plain, table_html
from peelbook.forces import ENGLAND_AND_WALES
from peelbook.sources import gaps, newest, package
from peelbook.sources.publication import facts

if TYPE_CHECKING:
    import datetime

    import pandas as pd

    from peelbook.catalogue import Catalogue

PRESENT, CAUTION, PART, MISSING, NOT_APPLICABLE = (
    "present",
    "present with caution",
    "in part",
    "missing",
    "not applicable",
)
STATES = (PRESENT, CAUTION, PART, MISSING, NOT_APPLICABLE)

MARKS = {PRESENT: "✓", CAUTION: "✓", PART: "✓", MISSING: "", NOT_APPLICABLE: "–"}

COLUMNS = ["table", "force_code", "period", "period_start", "period_end", "state", "reason"]


def matrix(catalogue: Catalogue) -> pd.DataFrame:
    """Return one row per table, force and period: `state` (see `STATES`) and `reason`.

    `period` is the table's own key (a date, or an inspection cycle). England and Wales has rows in tables
    that hold national figures. Tables without a force × period grid have none.
    """
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    for name in package.made_tables(catalogue.resources):
        frame = catalogue.table(name)
        expected = set(gaps.expected_forces(name, catalogue.forces))
        spans = gaps.periods(frame, name)
        if not expected or not spans:
            continue
        by = "cycle" if "cycle" in frame else "period_end"
        present = {
            (code, day.date() if hasattr(day, "date") else day)
            for code, day in frame[["force_code", by]].drop_duplicates().itertuples(index=False)
        }
        codes = [*catalogue.forces.codes]
        if ENGLAND_AND_WALES in expected or ENGLAND_AND_WALES in {code for code, _ in present}:
            codes.append(ENGLAND_AND_WALES)
        for code in codes:
            gaps_here = catalogue.gaps(name, code)
            for period, (start, end) in spans.items():
                state, reason = _state((code, period) in present, code in expected, start, end, gaps_here)
                rows.append((name, code, str(period), start, end, state, reason))
    return pd.DataFrame(rows, columns=COLUMNS)


def _state(
    present: bool,
    expected: bool,
    start: datetime.date,
    end: datetime.date,
    of_force: list[tuple[datetime.date, datetime.date, str, str]],
) -> tuple[str, str]:
    here = [gap for gap in of_force if gap[0] <= end and start <= gap[1]]
    missing = [reason for _, _, status, reason in here if status == "missing"]
    if present:
        if missing:
            return PART, missing[0]
        return (CAUTION, here[0][3]) if here else (PRESENT, "")
    if missing:
        return MISSING, missing[0]
    if not expected:
        return NOT_APPLICABLE, "The table does not cover this area."
    return MISSING, "No reason is recorded."


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Return the number of force-periods in each state, one row a table."""
    import pandas as pd

    counts = pd.crosstab(found["table"], found["state"]).reindex(columns=list(STATES), fill_value=0)
    return counts.rename_axis(columns=None).reset_index()


def _period_name(period: str, first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def _label(table: str, period: str, end: datetime.date) -> str:
    kind = facts()["table"][table].get("period", "day")
    if ("-" in period and len(period) != 10) or "/" in period:
        return period.replace("-", "–")
    if kind in ("calendar year",):
        return str(end.year)
    if kind == "year" and (end.month, end.day) == (3, 31):
        return f"{end.year - 1}/{end.year % 100:02d}"
    if kind == "day":
        return f"{end.year}"
    return f"{end:%b %Y}"


def text(catalogue: Catalogue, table: str | None = None) -> str:
    """Return the matrix for a terminal: a summary and how new each table is, or one table with a line for each force.

    Neighbouring periods in which every force has the same state share a column.
    """
    found = matrix(catalogue)
    if table is None:
        lines = [f"{'table':36}" + "".join(f"{state:>22}" for state in STATES)]
        for row in summary(found).itertuples(index=False):
            lines.append(f"{row[0]:36}" + "".join(f"{count:>22}" for count in row[1:]))
        for age in newest.ages(catalogue.resources):
            known = f" (known from: {age.known_from})" if age.known_from else ""
            lines += ["", f"{age.table}: to {age.period}", f"  release: {age.release}"]
            lines.append(f"  newest release known to exist: {age.known}{known}")
        return "\n".join(lines)
    columns, rows, notes = _grid(catalogue, found, table, everyone=True)
    width = max(len(row[0]) for row in rows)
    lines = [" " * width + "  " + "  ".join(columns)]
    for name, *cells in rows:
        lines.append(
            f"{name:{width}}  "
            + "  ".join(f"{cell:^{len(column)}}" for cell, column in zip(cells, columns, strict=True))
        )
    return "\n".join([*lines, *(f"{letter}: {reason}" for letter, reason in notes)])


def _grid(
    catalogue: Catalogue, found: pd.DataFrame, table: str, *, everyone: bool
) -> tuple[list[str], list[list[str]], list[tuple[str, str]]]:
    """Column labels, rows (name, marks) and the reasons behind the letters of one table."""
    rows = found[found["table"] == table]
    letters: dict[str, str] = {}

    def mark(state: str, reason: str) -> str:
        if state in (PRESENT, NOT_APPLICABLE):
            return MARKS[state]
        if reason not in letters:
            place = len(letters)
            letters[reason] = string.ascii_lowercase[place % 26] * (1 + place // 26)
        return f"{MARKS[state]} {letters[reason]}".strip()

    marks: dict[str, list[str]] = {}
    codes = list(dict.fromkeys(rows["force_code"]))
    names = {force.code: force.short_name for force in catalogue.forces} | {
        ENGLAND_AND_WALES: "England and Wales"
    }
    for code, of_force in rows.groupby("force_code", sort=False):
        marks[code] = [mark(s, r) for s, r in zip(of_force["state"], of_force["reason"], strict=True)]
    one = rows[rows["force_code"] == codes[-1]]  # all have the same periods
    labels = [_label(table, *ends) for ends in zip(one["period"], one["period_end"], strict=True)]
    groups: list[tuple[int, int]] = []
    for place in range(len(labels)):
        same = groups and all(marks[code][place] == marks[code][groups[-1][0]] for code in codes)
        if same:
            groups[-1] = (groups[-1][0], place)
        else:
            groups.append((place, place))
    columns = [_period_name(table, labels[first], labels[last]) for first, last in groups]
    grid = [
        [names.get(code, code), *(marks[code][first] for first, _ in groups)]
        for code in sorted(codes, key=lambda code: (code == ENGLAND_AND_WALES, names.get(code, code)))
    ]
    if not everyone:
        grid = [row for row in grid if any(cell != MARKS[PRESENT] for cell in row[1:])]
    return columns, grid, [(letter, reason) for reason, letter in letters.items()]


def markdown(catalogue: Catalogue) -> str:
    """Return the coverage page's content as MyST: a summary, then a matrix for each table.

    Rows of forces that have every figure are not repeated; the caption counts them.
    """
    from peelbook.sources.page import escape

    found = matrix(catalogue)
    names = {name: catalogue.resources[name]["title"] for name in found["table"].unique()}
    totals = [
        [names[row[0]], *(f"{count:,}" for count in row[1:])]
        for row in summary(found).itertuples(index=False)
    ]
    parts = [
        _html(
            table_html(
                "Figures by force and period, all tables",
                ["Table", *(state.capitalize() for state in STATES)],
                totals,
                numeric=[False] + [True] * len(STATES),
            )
        )
    ]
    parts += [AGES, _html(_ages_table(catalogue))]
    parts.append(KEY)
    for name, title in names.items():
        columns, rows, notes = _grid(catalogue, found, name, everyone=False)
        everyone = len(set(found.loc[found["table"] == name, "force_code"]))
        parts.append(f"## {escape(title)}")
        parts.append(f"Period: {escape(catalogue.resources[name].get('period', ''))}.")
        complete = everyone - len(rows)
        if not rows:
            parts.append("Every figure is present.")
            continue
        listed = [row for row in rows if set(row[1:]) != {MARKS[NOT_APPLICABLE]}]
        if complete:
            parts.append(
                f"{_areas(complete)} of {everyone} {'has' if complete == 1 else 'have'} every figure and "
                f"{'is' if complete == 1 else 'are'} not listed."
            )
        if left := len(rows) - len(listed):
            parts.append(f"The table does not cover {_areas(left)}.")
        rows = listed
        if not rows:
            continue
        parts.append(_html(table_html(f"Coverage: {title}", ["Force", *columns], rows)))
        parts += [f"- {letter}: {escape(reason)}" for letter, reason in notes]
    return "\n\n".join(_join_lists(parts)) + "\n"


AGES = (
    "The next table says how new each table is. A newer release is *known to exist* where an official file of it is on "
    "our list of addresses or another table here was made of it; no publisher was asked. `peelbook data update --check` "
    "asks them."
)


def _ages_table(catalogue: Catalogue) -> str:
    rows = [
        [age.title, age.period, age.release, age.known, age.known_from or "–"]
        for age in newest.ages(catalogue.resources)
    ]
    heads = ["Table", "Newest figure", "Release here", "Newest release known to exist", "Known from"]
    return table_html("How new each table is", heads, rows)


def _areas(count: int) -> str:
    return f"{count} {'area' if count == 1 else 'areas'}"


KEY = (
    "In the tables below, ✓ means that the figure is here, ✓ with a letter that it is here in part or must be read with "
    "care, a letter alone that it is missing, and – that the table does not cover the area. The letters stand "
    "under each table."
)


def _join_lists(parts: list[str]) -> list[str]:
    joined: list[str] = []
    for part in parts:
        if part.startswith("- ") and joined and joined[-1].startswith("- "):
            joined[-1] += "\n" + part
        else:
            joined.append(part)
    return joined


def _html(block: str) -> str:
    # A blank line would end the raw block early; `plain` has already taken line breaks out of the data.
    return "```{raw} html\n" + "\n".join(line for line in block.splitlines() if plain(line)) + "\n```"
