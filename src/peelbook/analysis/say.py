"""Sentences from a frame. They state a figure and how it compares, never a cause and never good or bad.

Each takes the frame of `section.measure(…)` with all forces in it, because the words are about a place among
them. A frame without rows gives the note that says why.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from peelbook import blocks, compare, formats, measures, narrative, stats
from peelbook.analysis import frames
from peelbook.analysis.frames import DISPARITY


def summary(frame: pd.DataFrame, *, mark: Any = None) -> blocks.Block:
    """All there is to say of a figure: its level among the forces, then its latest change and its trend.

    `mark` is the force to speak of, by default the section's. Returns a block of at most two paragraphs. Raises
    `FrameError` for a frame without the columns of `section.measure(…)`.

    >>> from peelbook.analysis import open_section, say
    >>> section = open_section("police_powers", force="kent")
    >>> "stop and searches per 1,000 population" in say.summary(section.measure("stop_search_rate")).text
    True
    """
    return _said(frame, "say.summary", mark, lambda about: [about.level(), about.history()])


def level(frame: pd.DataFrame, *, mark: Any = None) -> blocks.Block:
    """The figure of the period shown, both averages, the verdict and the place.

    Returns a block of one paragraph. `mark` and errors as for `summary`.

    >>> from peelbook.analysis import open_section, say
    >>> section = open_section("police_powers", force="kent")
    >>> "Kent Police" in say.level(section.measure("stop_search_rate")).text
    True
    """
    return _said(frame, "say.level", mark, lambda about: [about.level()])


def change(frame: pd.DataFrame, *, mark: Any = None) -> blocks.Block:
    """The change since the year before, and whether chance could explain it.

    Returns a block of one paragraph. `mark` and errors as for `summary`.

    >>> from peelbook.analysis import open_section, say
    >>> section = open_section("police_powers", force="kent")
    >>> "the rate for Kent Police" in say.change(section.measure("stop_search_rate")).text
    True
    """
    return _said(frame, "say.change", mark, lambda about: [about.change() or about.nothing("change")])


def trend(frame: pd.DataFrame, *, mark: Any = None) -> blocks.Block:
    """The trend of the five years up to the period shown.

    Returns a block of one paragraph. `mark` and errors as for `summary`.

    >>> from peelbook.analysis import open_section, say
    >>> section = open_section("police_powers", force="kent")
    >>> "years" in say.trend(section.measure("stop_search_rate")).text
    True
    """
    return _said(frame, "say.trend", mark, lambda about: [about.trend() or about.nothing("trend")])


def disparity(frame: pd.DataFrame, *, mark: Any = None) -> blocks.Block:
    """What differences between groups come to, and what they rest on: rates, missing records, residents.

    `frame` is that of `compare.disparity`, of one period. `mark` as for `summary`. Returns a block of one paragraph.

    >>> from peelbook.analysis import compare, open_section, say
    >>> section = open_section("police_powers", force="kent")
    >>> ratios = section.measure("disparity_ratio", by="ethnicity")
    >>> year = ratios[ratios["period_end"] == section.year_of(ratios)]
    >>> full = compare.disparity(year, section.table("stop_search"), section.table("population"))
    >>> say.disparity(full).text.startswith("For each 1,000 residents of the group")
    True
    """
    call = "say.disparity"
    found = frames.given(frame, call, columns=("force_code", "ethnicity", "value", *DISPARITY))
    if isinstance(found, blocks.Block):
        return found
    force = _force(found, mark)
    own = found.frame[found.frame["force_code"] == force.code].dropna(subset=["value"])
    if own.empty:
        return found.section.gap_note(found.measure.id, {"ethnicity": found.frame["ethnicity"].iloc[0]})
    reference = next(iter(found.measure.reference.values()), "White")
    said = [narrative.disparity_in_full(own, force, reference), narrative.caveat(found.measure, force)]
    return blocks.sentences([" ".join(filter(None, said))], tables=found.tables)


def trend_alt(frame: pd.DataFrame, mark: Any = None) -> str:
    """What a line chart of a frame shows, in words, as alt text: first, last and highest value of one force.

    Returns plain text, never longer than 500 characters. `mark` as for `summary`, or the force's name.

    >>> from peelbook.analysis import open_section, say
    >>> section = open_section("police_powers", force="kent")
    >>> say.trend_alt(section.measure("stop_search_rate"), section.me).startswith("Line chart of stop and searches")
    True
    """
    found = frames.given(frame, "say.trend_alt")
    if isinstance(found, blocks.Block):
        return found.text
    force = _force(found, mark)
    rows = found.frame.dropna(subset=["value"]).sort_values("period_end", kind="stable")
    own = rows[rows["force_code"] == force.code]
    measure, days = found.measure, sorted(rows["period_end"].unique())
    span = f"{measure.period_name(days[0])} to {measure.period_name(days[-1])}"
    others = rows["force_code"].nunique() - bool(len(own))
    lead = f"Line chart of {_label(found)}, {span}"
    if own.empty:
        return f"{lead}. {force.short_name} has no value; {others} other forces have."
    first, last = own.iloc[0], own.iloc[-1]
    story = (
        f"{force.short_name} goes from {measure.format(first['value'])} to {measure.format(last['value'])}"
    )
    top = own.loc[own["value"].idxmax()]
    if top["value"] > max(first["value"], last["value"]):
        story += f", with the highest value of {measure.format(top['value'])} in the {measure.period_name(top['period_end'])}"
    return f"{lead}. {story}. Thin lines show {others} other forces."[:500]


def _label(found: frames.Given) -> str:
    from peelbook.display import lower_first

    return lower_first(found.measure.label) + found.section.breakdown_label(found.measure, found.dimension)


def _force(found: frames.Given, mark: Any) -> Any:
    if mark is None:
        return found.section.force
    return found.section.catalogue.forces[mark] if isinstance(mark, str) else mark


def _said(frame: pd.DataFrame, call: str, mark: Any, make: Any) -> blocks.Block:
    found = frames.given(
        frame, call, columns=("force_code", "period_end", "value", "numerator", "denominator")
    )
    if isinstance(found, blocks.Block):
        return found
    frames.one_each(found, call)
    about = _About(found, _force(found, mark))
    return blocks.sentences([text for text in make(about) if text], tables=found.tables)


class _About:
    """What can be said of one force's figure in the period that the section shows."""

    def __init__(self, found: frames.Given, force: Any):
        self.frame, self.measure, self.force = found.frame, found.measure, force
        self.section, self.dimension = found.section, found.dimension
        own = self.section.newer_of_its_own(found.frame) if force == self.section.force else None
        self.period = own or self.section.year_of(found.frame)
        self.value = measures.at(
            self.section.catalogue, self.measure.id, force.code, self.period, **self.dimension
        )

    def level(self) -> str:
        if not self.value:
            return narrative.missing(self.value, self.measure, self.force, self.period)
        found = compare.against_peers(self.frame, self.force.code, self.period)
        return narrative.paragraph(found, self.measure, self.force)

    def change(self) -> str:
        """The change since the year before; nothing for kinds whose change says little by itself."""
        before = self.period - pd.DateOffset(years=1)
        if not self.value or not self.measure.kind.steps or before not in set(self.frame["period_end"]):
            return ""
        earlier = measures.at(
            self.section.catalogue, self.measure.id, self.force.code, before, **self.dimension
        )
        tested = compare.change(self.frame, self.force.code, self.period, before)
        return narrative.change(self.value, earlier, self.measure, self.force, tested)

    def trend(self) -> str:
        """The five-year trend, where the frame goes back so far."""
        until = self.frame.loc[self.frame["period_end"] <= self.period, "period_end"]
        if until.nunique() < stats.TREND_POINTS:
            return ""
        code = self.force.code
        return narrative.trend(
            compare.recent_trend(self.frame, code, period_end=self.period),
            self.measure,
            self.force,
            self.period,
            compare.trend_gaps(self.frame, code, period_end=self.period),
        )

    def history(self) -> str:
        parts = [self.change(), self.trend()]
        if any(parts):
            parts.append(narrative.over_time(self.measure))
        return " ".join(part for part in parts if part)

    def nothing(self, what: str) -> str:
        """That a change or trend cannot be told from these periods: an empty line would look like a fault."""
        return formats.sentence(
            f"the {what} of this figure for {self.force.full_name} cannot be told from the periods that are here"
        )
