"""The force beside the others, as columns of a frame: averages, rank, limits, verdict.

Notebooks know this module as `compare`. The rules are those of `peelbook.compare`; here their results become
columns that a cell can filter, sort and show.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from peelbook import compare, formats, measures, stats
from peelbook.analysis import frames
from peelbook.errors import FrameError


def peers(frame: pd.DataFrame, year: Any = None) -> pd.DataFrame:
    """Return all forces of one period from the highest value down, each beside the others.

    `frame` is that of `section.measure(…)`, perhaps filtered; `year` the last day of the period, by default the one
    that the section shows (`section.year_of`).

    Adds the columns `mean_of_forces` (unweighted), `england_and_wales` (total over total; missing where the measure
    has no counts or a force is missing), `rank` (1 is the highest), `rank_low` and `rank_high` (its 95% interval), `lower_limit` and
    `upper_limit` (the 95% limits for a force of this size) and `verdict` (`higher than expected`, `within the
    expected range`, `lower than expected`, or missing where nothing can be said). A frame without rows comes back
    with the columns, and with its reason.

    Raises `FrameError` for a frame that holds several measures or two rows of a force.

    >>> from peelbook.analysis import compare, open_section
    >>> section = open_section("police_powers", force="kent")
    >>> ranked = compare.peers(section.measure("stop_search_rate"))
    >>> int(ranked["rank"].min())
    1
    """
    call = "compare.peers"
    if frames.note_of(frame, call) is not None:
        return frame.assign(**{name: pd.Series([], dtype="float64") for name in frames.COMPARED})
    rows = frames.given(frame, call)
    assert isinstance(rows, frames.Given)
    day = rows.section.year_of(frame) if year is None else frames.day_of(year, frame, call)
    held = rows.frame[(rows.frame["period_end"] == day) & rows.frame["value"].notna()]
    if held.empty and day in rows.section.suppressed_periods(frame):
        return _hidden(frame, rows, day)
    if held.empty:
        raise FrameError(
            f"{call}: no force has a figure for the period ending {day:%Y-%m-%d}. "
            "Fix: take a period of the frame, such as section.year_of(frame)."
        )
    frames.one_each(frames.Given(held, rows.section, rows.measure, rows.dimension), call)
    ranked = compare.ranked(rows.frame, day).set_index("force_code")
    both = compare.averages(compare.at_period(rows.frame, day))
    codes = held["force_code"]
    found = held.assign(
        mean_of_forces=both.mean_of_forces,
        england_and_wales=both.pooled if both.whole and both.pooled is not None else float("nan"),
        rank=codes.map(ranked["rank"]),
        rank_low=codes.map(ranked["rank_low"]),
        rank_high=codes.map(ranked["rank_high"]),
        lower_limit=codes.map(ranked["lower_limit"]),
        upper_limit=codes.map(ranked["upper_limit"]),
        verdict=codes.map(ranked["funnel_verdict"]),
    )
    found.attrs = dict(frame.attrs)
    return found.sort_values(["value", "force_code"], ascending=[False, True], ignore_index=True)


def _hidden(frame: pd.DataFrame, rows: frames.Given, day: pd.Timestamp) -> pd.DataFrame:
    """No row, and why: the one force with a figure in the period is the user's own, and it is hidden."""
    section, measure = rows.section, rows.measure
    why = measures.missing_reason(section.catalogue, measure.id, section.force.code, day, **rows.dimension)
    empty = frame.iloc[:0].assign(**{name: pd.Series([], dtype="float64") for name in frames.COMPARED})
    title = f"No figure for {section.force.full_name}, {measure.period_name(day)}"
    empty.attrs = {**frame.attrs, "missing": {"title": title, "lines": [formats.sentence(why)], "tables": []}}
    return empty


def disparity(
    frame: pd.DataFrame,
    searches: pd.DataFrame,
    residents: pd.DataFrame,
    releases: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return disparity ratios with all that they depend on: rates, differences, and what is not recorded.

    `frame` is that of `section.measure("disparity_ratio", by="ethnicity")`, perhaps filtered; `searches` is
    `section.table("stop_search")` and `residents` `section.table("population")`, which has the first release of each
    mid-year. `releases` is `section.table("population_releases")`, which has all of them.

    Adds `group_rate` and `reference_rate` (searches per 1,000 residents), their `difference` with a 95% interval
    (`difference_low`, `difference_high`; Zou and Donner 2008), the same `difference_mid_year` with the residents of
    all groups grown alike from the Census to the middle of the year, `difference_newest` (that by the newest release,
    missing where one release alone is here; the ratio is the same by both), `unrecorded` (the share of searches without
    ethnicity), and the ratio at its bounds: `ratio_least` were all of those of the reference group, `ratio_most` were all of
    this group. Missing where a table has no row.

    >>> from peelbook.analysis import compare, open_section
    >>> section = open_section("police_powers", force="kent")
    >>> ratios = section.measure("disparity_ratio", by="ethnicity")
    >>> full = compare.disparity(ratios, section.table("stop_search"), section.table("population"))
    >>> bool((full["ratio_least"] <= full["value"]).all())
    True
    """
    call = "compare.disparity"
    added = (*frames.DISPARITY, "ratio_least", "ratio_most")
    if frames.note_of(frame, call) is not None:
        return frame.assign(**{name: pd.Series([], dtype="float64") for name in added})
    frames.need(frame, call, measures.DISPARITY_COUNTS)
    group, people, other, others = (frame[name].astype(float) for name in measures.DISPARITY_COUNTS)
    scale = frames.measure_of(frame, call).scale
    low, high = stats.rate_difference(group, people, other, others, scale)
    keys = ["force_code", "period_end"]
    missing = searches.assign(missing=searches["searches_count"] - searches["ethnicity_known_count"])
    unrecorded = frame[keys].merge(missing[[*keys, "missing", "searches_count"]], on=keys, how="left")
    unknown = unrecorded["missing"].to_numpy(dtype=float)
    rates = scale * group / people, scale * other / others
    newest = float("nan") if releases is None or releases.empty else _growth(frame, residents, releases)
    result = frame.assign(
        group_rate=rates[0],
        reference_rate=rates[1],
        difference=rates[0] - rates[1],
        difference_low=low,
        difference_high=high,
        difference_mid_year=(rates[0] - rates[1]) / _growth(frame, residents),
        difference_newest=(rates[0] - rates[1]) / newest,
        unrecorded=unknown / unrecorded["searches_count"].to_numpy(dtype=float),
        ratio_least=(group / people) / ((other + unknown) / others),
        ratio_most=((group + unknown) / people) / (other / others),
    )
    result.attrs = dict(frame.attrs)
    return result


def _growth(frame: pd.DataFrame, residents: pd.DataFrame, releases: pd.DataFrame | None = None) -> Any:
    """How many times the residents of the Census each row's area had in the middle of its year.

    By the newest of `releases`, if given: missing where no other release of that mid-year is here.
    """
    days = measures.mid_year(frame["period_end"], stock=False)
    counts = residents.set_index(["force_code", "period_end"])["population_count"].astype(float)
    if releases is not None:
        table = releases.astype({"release": "str"}).sort_values("release", kind="stable")
        by_area = table.groupby(["force_code", "period_end"])["population_count"]
        counts, several = by_area.last().astype(float), by_area.size() > 1
    census = pd.Timestamp(CENSUS) + pd.Timedelta(days=101)  # 30 June of its year, the estimate nearest to it

    def at(values: pd.Series, ends: Any) -> Any:
        return values.reindex(pd.MultiIndex.from_arrays([frame["force_code"], ends])).to_numpy()

    times = at(counts, days) / at(counts, [census] * len(frame))
    return times if releases is None else np.where(at(several, days).astype(float) == 1, times, np.nan)


#: Census day. Residents by ethnic group are known for it alone.
CENSUS = "2021-03-21"


def beside(frame: pd.DataFrame, forces: Iterable[Any]) -> pd.DataFrame:
    """Return the rows of the section's own force and of some others.

    `forces` are codes, names or `Force` objects, as `section.neighbours` gives them. Without any (no table says which
    forces are near) the result has no rows and says why.

    Raises `UnknownForceError` for a name that is none.

    >>> from peelbook.analysis import compare, open_section
    >>> section = open_section("police_powers", force="kent")
    >>> sorted(compare.beside(section.measure("stop_search_rate"), ["surrey"])["force"].unique())
    ['Kent', 'Surrey']
    """
    frames.note_of(frame, "compare.beside")
    frames.need(frame, "compare.beside", ["force_code"])
    section = frames.section_of(frame, "compare.beside")
    wanted = [force if isinstance(force, str) else force.code for force in forces]
    if not wanted:
        # Those that the section worked out say why there are none.
        why = getattr(forces, "reason", "The list of forces is empty.")
        empty = frame.iloc[:0].copy()
        empty.attrs = {
            **frame.attrs,
            "missing": frame.attrs.get("missing")
            or {"title": "No forces to set beside", "lines": [why], "tables": []},
        }
        return empty
    codes = {section.force.code, *(section.catalogue.forces[name].code for name in wanted)}
    return frame[frame["force_code"].isin(codes)]
