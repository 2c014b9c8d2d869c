"""A section of the report for one force and period: what its notebook may read, and what it calls the force.

`open_section` gives a `Section`. It loads tables, computes measures and knows the report's printed values. It draws
nothing and says nothing; that is what `charts`, `say`, `show` and `publish` are for.
"""

from __future__ import annotations

import difflib
import itertools
import math
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import peelbook
from peelbook import areas, blocks, claims, compare, contracts, display, formats, measures, narrative, stats
from peelbook.analysis import frames, mistakes
from peelbook.catalogue import OVERLAY_NOTE, Catalogue, Provenance
from peelbook.errors import MissingTableError, ParameterError
from peelbook.forces import ENGLAND_AND_WALES, Force
from peelbook.paths import PACKAGE
from peelbook.sections import section as section_named

if TYPE_CHECKING:
    from peelbook.measures import Measure

#: Units of claims whose printed number is a hundred times the value on a measure's scale.
_HUNDREDTHS = ("percent", "percentage_points")

# An audit's count is recognised by its heading, in any report: how many files were read says nothing of what was found.
_NOT_FINDING = re.compile(r"\b(?:reviewed|sampled|examined)$", flags=re.IGNORECASE)

# Counts of cases in which inspectors found something wrong; in all others they found something right.
_FAULT = re.compile(
    r"\b(?:missing|wrong(?:ly)?|not|poor(?:ly)?|without|lacking|failed|failures?|inadequate|ineffective|incorrect(?:ly)?|late)\b",
    flags=re.IGNORECASE,
)

#: Above this many years a figure says its age.
_OLD = 2

#: How a contract's types are held in a frame without rows.
_DTYPES = {"integer": "float64", "number": "float64", "date": "datetime64[s]"}

_SAMPLE = ("heading", "value", "margin", "numerator", "denominator", "period_end")

_CASES = ("heading", "finding", "numerator", "denominator", "value", "low", "high", "period_end")


class Printed(float):
    """A value as the report printed it, on the scale of its measure: 18.6 percent is 0.186.

    It is a number in every calculation. `claim` is its id in the ledger, `text` what the report prints, `period_end`
    the last day of its period (`NaT` where the report gives none), `whose` is empty for the force itself and
    "England and Wales" for its average.
    """

    claim: str
    text: str
    period_end: Any
    whose: str

    def __new__(cls, value: float, claim: str, text: str, period_end: Any, whose: str) -> Printed:
        """Make one from its number and what the ledger says of it."""
        self = super().__new__(cls, value)
        self.claim, self.text, self.period_end, self.whose = claim, text, period_end, whose
        return self


class Areas(tuple[str, ...]):
    """Codes of some forces. `basis` names them for a caption; where there are none, `reason` says why."""

    basis: str
    reason: str

    def __new__(cls, codes: Iterable[str] = (), reason: str = "", basis: str = "") -> Areas:
        """Make some from their codes, or none with the reason."""
        self = super().__new__(cls, codes)
        self.reason, self.basis = reason, basis
        return self

    def __add__(self, other: Any) -> Areas:
        """Both together, each force once."""
        reasons = (self.reason, getattr(other, "reason", ""))
        names = (self.basis, getattr(other, "basis", ""))
        codes = dict.fromkeys((*self, *other))
        return Areas(codes, " ".join(filter(None, reasons)), formats.joined(filter(None, names)))


def open_section(
    stem: str, *, force: str = "metropolitan", period: str = "", data_dir: str = "", own_data: str = ""
) -> Section:
    """Open one section of the report for one force.

    `stem` is the section's, as in `police_powers`. `force` is any name of a force. `period` is the last day of the
    year that the page is about, as YYYY-MM-DD; empty means the newest year of each measure. `data_dir` is a folder
    of tables other than the book's own. `own_data` is a folder of the force's own tables, laid over the book's: that
    which `--data` names on the command line. All of it is checked.

    Returns a `Section`. Raises `UnknownSectionError`, `UnknownForceError`, `ParameterError`, `DataPackageError`, or
    `FaultyFolderError` with all that is wrong with the own tables.

    >>> section = open_section("police_powers", force="kent")
    >>> section.me
    'Kent'
    """
    mistakes.watch()
    return Section(stem, force, period, data_dir, own_data)


#: In the place of a force where none is marked; no row has its code.
_NOBODY = Force("", "", "England and Wales", "England and Wales", "", (), "", 0, 0)


def open_national(*, period: str = "", data_dir: str = "") -> National:
    """Open the page of all forces, none of them in front. Parameters as for `open_section`.

    Raises `ParameterError` or `DataPackageError`.

    >>> national = open_national()
    >>> rates = national.measure("stop_search_rate")
    >>> int(rates["force"].nunique())
    43
    """
    mistakes.watch()
    return National(period, data_dir)


class Section:
    """One section for one force: its tables, its measures, and the report's printed values."""

    force: Force

    def __init__(self, stem: str, force: str, period: str = "", data_dir: str = "", own_data: str = ""):
        found = section_named(stem)
        self.stem, self.title, self.tables = found.stem, found.area, found.tables
        self.catalogue = Catalogue(
            data_dir or None,
            overlay=_own_folder(own_data, force, data_dir),
            declared=frozenset(found.tables),
            section=found.stem,
        )
        self.force = self.catalogue.forces[force]
        self.catalogue.own_force_code = self.force.code  # rows of another force in an overlay are refused
        self.period = _day(period)
        self._key = frames.register(self)

    def __repr__(self) -> str:
        when = f", {formats.date(self.period)}" if self.period is not None else ""
        return f"{self.title}: {self.force.name}{when}"

    @property
    def me(self) -> str:
        """The force's name as the column `force` has it: `rates.query("force == @me")`."""
        return self.force.short_name

    # --- load --------------------------------------------------------------------------------------

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of `data/`, tidy, with the force's name beside its code.

        Columns are those of its contract, and `force` (short name) after `force_code`. A user's own rows are laid
        over the book's. A table that is not here is a frame without rows that knows which publication has it.

        Raises `UndeclaredReadError` for a table that the section does not declare, `TableContractError`.

        >>> section = open_section("police_powers", force="kent")
        >>> searches = section.table("stop_search")
        >>> list(searches.columns[:3])
        ['force_code', 'force', 'period_end']
        """
        attrs = {"section": self._key, "table": name}
        if self.catalogue.lacks(name):
            types = {
                field["name"]: _DTYPES.get(field["type"], "str") for field in contracts.load(name)["fields"]
            }
            return frames.empty(_named_columns(list(types)), types=types, **self._not_here(name), **attrs)
        frame = self.catalogue.table(name)
        if "force_code" in frame:
            frame.insert(
                list(frame.columns).index("force_code") + 1, "force", self._names(frame["force_code"])
            )
        frame.attrs = attrs
        self.handed[name] = frame.copy(deep=False)
        return frame

    def _not_here(self, name: str) -> dict[str, Any]:
        """The title, the reason and the table of something that no publication has filled yet."""
        return {
            "title": f"Not available: {display.lower_first(contracts.load(name)['title'])}",
            "lines": [_would_fill(name)],
            "tables": [name],
        }

    def _names(self, codes: pd.Series) -> pd.Series:
        names = {force.code: force.short_name for force in self.catalogue.forces}
        names[ENGLAND_AND_WALES] = "England and Wales"
        return codes.map({code: names.get(code, code) for code in codes.unique()}).astype("str")

    # --- measure -----------------------------------------------------------------------------------

    def measures(self) -> pd.DataFrame:
        """Return the measures that this section can compute: those whose tables it declares, a row each.

        Columns: `measure` (the id that `measure` takes), `title`, `unit` ("%" for a share, which is 0 to 1), `by` (the
        breakdowns it takes, as text) and `tables` (those it reads, as text).

        >>> known = open_section("police_powers", force="kent").measures()
        >>> known.query("title.str.contains('Use of force')")["measure"].iloc[0]
        'use_of_force_rate'
        """
        rows = [
            {name: ", ".join(value) if isinstance(value, list) else value for name, value in row.items()}
            for row in measures.listing(self.tables)
        ]
        return pd.DataFrame(rows, columns=["measure", "title", "unit", "by", "tables"])

    def measure(self, measure_id: str, *, by: str | Sequence[str] = (), **breakdown: Any) -> pd.DataFrame:
        """Return a measure of all areas and periods, one row each. `section.measures()` lists their ids.

        `by` names one or more breakdowns: the frame then has a row for each of their values too, as in
        `measure("disparity_ratio", by="ethnicity")`. `**breakdown` chooses one value, or a list to add up, as in
        `measure("charge_rate", offence_group="Robbery")`.

        Columns: `measure`, `force_code`, `force`, `region`, `period_end`, `year`, `numerator`, `denominator`,
        `value`, `low`, `high` (its 95% interval), `in_averages` (whether the averages count the force), then the
        breakdowns. Shares are 0 to 1. Of overlapping rolling years those are kept that end in one month. A measure
        whose table is not here, or has no such category, is a frame without rows that knows why.

        Raises `UnknownMeasureError`, `UndeclaredReadError`, `ParameterError` for a breakdown the measure has not.

        >>> section = open_section("police_powers", force="kent")
        >>> rates = section.measure("stop_search_rate")
        >>> bool((rates["value"] > 0).all())
        True
        """
        measure = measures.registry()[measure_id]
        names = [by] if isinstance(by, str) else list(by)
        choices = [self._values(measure, name) for name in names]
        parts = [
            self._one(measure, {**breakdown, **dict(zip(names, values, strict=True))})
            for values in itertools.product(*choices)
        ]
        filled = [part for part in parts if len(part)]
        if not filled:
            frame = parts[0] if parts else self._one(measure, breakdown)
        elif len(filled) == 1 and not names:
            frame = filled[0]
        else:
            frame = pd.concat([part.assign() for part in filled], ignore_index=True)
        own = {
            name: value
            for name, value in frame.attrs.get("dimension", breakdown).items()
            if name not in names
        }
        missing = {"missing": frame.attrs["missing"]} if not filled else {}
        known = {"section": self._key, "measure": measure.id, "dimension": own, **missing}
        frame.attrs = known | ({"by": tuple(names)} if names else {})
        # What is called England and Wales needs all of them, not all that have a figure.
        frame.attrs["forces"] = len(self.catalogue.forces)
        self.handed[f"{measure.id} {names} {breakdown}"] = frame.copy(deep=False)
        return frame

    @cached_property
    def handed(self) -> dict[str, pd.DataFrame]:
        """The frames that the notebook was given, by which the columns of a merged one are known again."""
        return {}

    def _values(self, measure: Measure, name: str) -> list[Any]:
        """The values of a breakdown that the table has; one that does not exist is an error of `compute`."""
        try:
            return measures.values(self.catalogue, measure, name)
        except MissingTableError:
            return list(measure.breakdowns[name][:1]) or [""]

    def _one(self, measure: Measure, breakdown: Mapping[str, Any]) -> pd.DataFrame:
        """A measure at one breakdown."""
        try:
            frame = measures.compute(self.catalogue, measure.id, **breakdown)
        except MissingTableError:
            # In the words of the table's own frame: a page that shows both says it once.
            absent = [name for name in measure.tables if not self.catalogue.has(name)]
            described = [name for name in absent if name in contracts.tables()]
            title = self._not_here(described[0])["title"] if described else self._no_figure(measure)
            return self._no_rows(measure, breakdown, title, [_would_fill(name) for name in absent])
        except ParameterError:
            # A user's table may lack a whole category; that is no figure, not an error.
            if not self.catalogue.uses_overlay(measure.tables):
                raise
            return self._no_rows(measure, breakdown, *self._nowhere(measure))
        if frame.empty:
            return self._no_rows(measure, breakdown, *self._nowhere(measure))
        # The same for all forces: worked out once, and before the kernels are forked where there are any.
        month = None if self.period is None else self.period.month
        names = tuple((force.code, force.short_name, force.region) for force in self.catalogue.forces)
        key = ("tidy", measure.id, measures.frozen(frame.attrs.get("dimension", {})), month, names)
        tidy = measures.memoised(
            self.catalogue,
            key,
            lambda: self._tidy(self._without_overlap(frame, measure), measure),
            measure.tables,
        )
        return tidy.copy(deep=False)

    def _no_figure(self, measure: Measure) -> str:
        """The title of the note in place of a measure's figures."""
        return f"No figure for {self.force.full_name}: {display.lower_first(measure.label)}"

    def _nowhere(self, measure: Measure) -> tuple[str, list[str]]:
        """That a measure whose tables are here has no figure, and why: their publications, as read, do not hold it."""
        sources = [measures.registry().publications.get(name, name) for name in measure.tables]
        reason = f"No area has a figure for it in what was read of {formats.joined(sources)}."
        return self._no_figure(measure), [reason]

    def _no_rows(
        self, measure: Measure, breakdown: Mapping[str, Any], title: str, lines: Sequence[str]
    ) -> pd.DataFrame:
        absent = [name for name in measure.tables if not self.catalogue.has(name)]
        return frames.empty(
            (*frames.COLUMNS, *measure.breakdowns, *_further(measure)),
            title=title,
            lines=lines,
            tables=absent,
            dimension=dict(breakdown),
        )

    def _tidy(self, frame: pd.DataFrame, measure: Measure) -> pd.DataFrame:
        """The columns that every frame of a measure has."""
        dimension = frame.attrs.get("dimension", {})
        interval = compare.intervals(frame, measure)
        regions = {force.code: force.region for force in self.catalogue.forces}
        further = [name for name in frame.columns if name not in measures.COLUMNS]
        tidy = pd.DataFrame(
            {
                "measure": measure.id,
                "force_code": frame["force_code"],
                "force": self._names(frame["force_code"]),
                "region": frame["force_code"].map(regions).fillna("").astype("str"),
                "period_end": frame["period_end"],
                "year": frame["period_end"].dt.year.astype("int64"),
                **{name: frame[name] for name in ("numerator", "denominator", "value")},
                "low": interval.low,
                "high": interval.high,
                "in_averages": ~frame["force_code"].isin(measure.excluded),
                **{name: _category(value) for name, value in dimension.items()},
                **{name: frame[name] for name in further},
            }
        ).reset_index(drop=True)
        tidy.attrs = {"dimension": dict(dimension)}
        return tidy

    def _without_overlap(self, frame: pd.DataFrame, measure: Measure) -> pd.DataFrame:
        """Years that do not overlap: a line of rolling years would show each event four times."""
        if measure.period not in ("year", "quarter") or frame["period_end"].nunique() < 2:
            return frame
        newest = self.period if self.period is not None else self.year_of(frame)
        kept = measures.yearly(frame, newest.month)
        return kept if len(kept) else frame

    def year_of(self, frame: pd.DataFrame) -> pd.Timestamp:
        """Return the last day of the period that a page shows of a frame.

        With a period set for the section: that period, else the last one before it, else the first after it. One in
        which a small number of the user's own is hidden counts: no older figure takes its place.
        Without: the newest period for which at least half as many forces have a figure as in the fullest one.
        `NaT` for a frame without rows, so that a filter by it leaves none.

        Raises `FrameError` where the frame has no column `period_end`.

        >>> section = open_section("police_powers", force="kent", period="2021-03-31")
        >>> str(section.year_of(section.measure("stop_search_rate")).date())
        '2021-03-31'
        """
        frames.need(frame, "section.year_of", ["period_end"])
        rows = frame[frame["value"].notna()] if "value" in frame else frame
        hidden = [] if self.period is None else self.suppressed_periods(frame)
        if rows.empty and not hidden:
            return pd.NaT
        if self.period is None:
            counted = rows["force_code"] if "force_code" in rows else rows["period_end"]
            place, days = pd.factorize(rows["period_end"])
            force, codes = pd.factorize(counted)
            known = (place >= 0) & (force >= 0)
            seen = np.zeros((len(days), len(codes)), dtype=bool)  # a groupby takes five times as long
            seen[place[known], force[known]] = True
            forces = seen.sum(axis=1)
            return days[forces >= forces.max() / 2].max()
        days = sorted({*rows["period_end"], *hidden})
        earlier = [day for day in days if day <= self.period]
        return earlier[-1] if earlier else days[0]

    def suppressed_periods(self, frame: pd.DataFrame) -> list[pd.Timestamp]:
        """Return the periods in which the force has no figure in a frame because a small number is hidden, in order.

        They are those of the user's own rows: of a measure's tables, or of the table that the frame is.
        """
        found = self._suppressed(frame)
        if not found or "force_code" not in frame:
            return found
        mine = frame[frame["force_code"] == self.force.code]
        known = mine[mine["value"].notna()] if "value" in mine else mine.iloc[:0]
        return [day for day in found if day not in set(known["period_end"])]

    def _suppressed(self, frame: pd.DataFrame) -> list[pd.Timestamp]:
        """The periods of a frame's tables in which a count of the force is hidden, as the periods of its figures."""
        name = frame.attrs.get("measure", "")
        if not name and "measure" in frame and frame["measure"].nunique() == 1:
            name = str(frame["measure"].iloc[0])
        if not name:
            return self.catalogue.suppressed_periods(str(frame.attrs.get("table", "")), self.force.code)
        measure = measures.registry()[name]
        days: set[pd.Timestamp] = set()
        for part in (measure.numerator, measure.denominator):
            if part is None or (part is measure.denominator and part.match not in (None, "same")):
                continue
            hidden = self.catalogue.suppressed_periods(part.table, self.force.code)
            if not part.every or not hidden:
                days.update(hidden)
                continue
            # A year of months or quarters lacks its figure as soon as one of them is hidden.
            ends = set(self.catalogue.table(part.table)["period_end"].unique())
            days.update(
                end for end in ends if any(end - pd.DateOffset(years=1) < day <= end for day in hidden)
            )
        months = (
            set(frame["period_end"].dt.month) if len(frame) else {self.period.month if self.period else 3}
        )
        yearly = measure.period in ("year", "quarter")
        return sorted(day for day in days if not yearly or day.month in months)

    def newer_of_its_own(self, frame: pd.DataFrame) -> pd.Timestamp | None:
        """Return the force's own newest period where it is newer than the one that the page shows of a frame.

        The user's own rows give it, with a figure or with one that is hidden. `None` where there is none, and where a
        period is set for the section: then that one is shown.
        """
        name = frame.attrs.get("measure", "")
        if (
            self.period is not None
            or not name
            or not self.catalogue.uses_overlay(measures.registry()[name].tables)
        ):
            return None
        own = frame.loc[(frame["force_code"] == self.force.code) & frame["value"].notna(), "period_end"]
        days = [*own, *self.suppressed_periods(frame)]
        shown = self.year_of(frame)
        return max(days) if days and (pd.isna(shown) or max(days) > shown) else None

    def age(self, day: Any) -> str:
        """Say how old a figure is in this edition, in words for a title; empty up to two years, or for a set period."""
        if self.period is not None or pd.isna(day):
            return ""
        year, month, *_ = (int(part) for part in peelbook.__version__.split("."))
        months = 12 * (year - day.year) + month - day.month
        return f" ({months // 12} years old)" if months > 12 * _OLD else ""

    @cached_property
    def outcome_names(self) -> dict[str, str]:
        """The outcome types of recorded crime, number to number and short name, for `frame.replace`."""
        return tomllib.loads((PACKAGE / "outcome_types.toml").read_text(encoding="utf-8"))

    # --- the other forces ---------------------------------------------------------------------------

    @property
    def neighbours(self) -> Areas:
        """The codes of the forces whose areas border on this one; none, with the reason, where no table says so."""
        return self._areas(areas.neighbours)

    @property
    def similar(self) -> Areas:
        """The codes of the forces most like this one: the official group, else by the open rule of `peelbook.areas`."""
        return self._areas(areas.similar)

    def _areas(self, find: Callable[[Catalogue, str], areas.Peers]) -> Areas:
        """Other forces that belong beside this one. Raises `UndeclaredReadError`."""
        found = find(self.catalogue, self.force.code)
        return Areas(found.codes, found.reason, found.basis)

    # --- the report --------------------------------------------------------------------------------

    @cached_property
    def _claims(self) -> pd.DataFrame:
        """The claims of this force's report by claim id, of those that are filled in; empty where none is."""
        rows = self.catalogue.table("claims")
        rows = rows[(rows["force_code"] == self.force.code) & claims.filled(rows)]
        return rows.set_index("claim_id", drop=False)

    @property
    def _not_entered(self) -> str:
        """That the ledger lacks something of this force's report: all of it, or a part."""
        part = "these are not entered yet" if len(self._claims) else "none has been entered"
        return f"{part} for {self.force.full_name}"

    def printed(self, *names: str) -> Any:
        """Return the report's own value of a claim, or `None` where this force's report has none.

        `names` are claim ids, with or without the section's stem. One name gives a `Printed` (a number on the scale
        of its measure) or `None`; several give as many, in order.

        Raises `ParameterError` for a claim that no report has: it would be missing from every page unseen.

        >>> section = open_section("police_powers")
        >>> float(section.printed("stop_search_rate.force"))
        19.8
        """
        values = [self._printed(name) for name in names]
        return values[0] if len(values) == 1 else tuple(values)

    def _printed(self, name: str) -> Printed | None:
        claim = self._claim_id(name)
        if claim not in self._claims.index:
            return None
        row = self._claims.loc[claim]
        if pd.isna(row["value"]):
            return None
        value = float(row["value"]) / (100 if row["unit"] in _HUNDREDTHS else 1)
        whose = "England and Wales" if row["subject"] == ENGLAND_AND_WALES else ""
        return Printed(value, claim, claims.printed(row), row["period_end"], whose)

    def _claim_id(self, name: str) -> str:
        """A claim's whole id. Raises `ParameterError` where no report has it."""
        known = set(self.catalogue.table("claims")["claim_id"])
        whole = f"{self.stem}.{name}"
        found = next((claim for claim in (name, whole) if claim in known), None)
        if found is not None or not known:
            return found or whole
        near = difflib.get_close_matches(whole, sorted(known), n=1)
        fix = f"did you mean {near[0]!r}?" if near else "take the claim_id from claims.csv."
        raise ParameterError(f"No report has the claim {name!r}. Fix: {fix}")

    def report_values(self, *names: str) -> pd.DataFrame:
        """Return values that only the report gives, as rows of a small table.

        Columns: `what` (in our words), `whose`, `printed` (as the report prints it) and `period_end`. A frame
        without rows, which says so, where no report is entered for the force. Raises as `printed` does.

        >>> open_section("police_powers").report_values("find_rate.force")["printed"].item()
        '18.6%'
        """
        columns = ("what", "whose", "printed", "period_end")
        found = [claim for claim in map(self._claim_id, names) if claim in self._claims.index]
        attrs: dict[str, Any] = {"section": self._key, "table": "claims"}
        if not found:
            return self._not_printed(columns, names, **attrs)
        rows = self._claims.loc[found]
        frame = pd.DataFrame(
            {
                "what": rows["heading"].astype("str").to_numpy(),
                "whose": self._names(rows["subject"]).to_numpy(),
                "printed": [claims.printed(row) for _, row in rows.iterrows()],
                "period_end": rows["period_end"].to_numpy(),
            }
        )
        frame.attrs = attrs
        return frame

    def _not_printed(self, columns: Sequence[str], names: Sequence[str], **attrs: Any) -> pd.DataFrame:
        """A frame without rows for claims that are not entered for this force, which says so by their headings."""
        known = self.catalogue.table("claims").drop_duplicates("claim_id").set_index("claim_id")
        headings = [
            display.lower_first(str(known.loc[claim, "heading"]))
            for claim in map(self._claim_id, names)
            if claim in known.index
        ]
        return frames.empty(
            columns,
            title="As printed in the report",
            lines=[f"Only a PEEL report prints this, and {self._not_entered}: {'; '.join(headings)}."],
            tables=["claims"],
            **attrs,
        )

    def report_sample(self, share: str, margin: str, cases: str) -> pd.DataFrame:
        """Return a share that the report estimates from a sample of cases, as one row.

        `share`, `margin` (plus or minus) and `cases` (how many were read) are claim ids, as for `printed`. Columns:
        `heading`, `value` and `margin` (0 to 1), `numerator`, `denominator` (cases) and `period_end`. The report does not
        print the numerator: it is the one count that rounds to the share, and missing where several do. A frame
        without rows, which says so, where no report is entered for the force. Raises as `printed` does.

        >>> section = open_section("police_powers")
        >>> read = section.report_sample(
        ...     "reasonable_grounds", "reasonable_grounds_margin", "stop_search_sample"
        ... )
        >>> int(read["numerator"].item()), int(read["denominator"].item())
        (265, 280)
        """
        names = (share, margin, cases)
        value, either_way, size = self.printed(*names)
        attrs: dict[str, Any] = {"section": self._key, "table": "claims"}
        if value is None or either_way is None or size is None:
            return self._not_printed(_SAMPLE, names, **attrs)
        row = self._claims.loc[self._claim_id(share)]
        half_a_unit = 10.0 ** -int(row["decimals"]) / (200 if row["unit"] in _HUNDREDTHS else 2)
        lowest, highest = (round(size * (value + way * half_a_unit), 9) for way in (-1, 1))
        counts = range(math.ceil(lowest), math.floor(highest) + 1)
        frame = pd.DataFrame(
            {
                "heading": [str(row["heading"])],
                "value": [float(value)],
                "margin": [float(either_way)],
                "numerator": [float(counts[0]) if len(counts) == 1 else float("nan")],
                "denominator": [float(size)],
                "period_end": [row["period_end"]],
            }
        )
        frame.attrs = attrs
        return frame

    def cases(self, *, everywhere: bool = False) -> pd.DataFrame:
        """Return counts of cases that inspectors read, or that the force's own audits did, as shares.

        Columns: `heading` (what was looked for), `finding` (`met` a standard, or a `fault`), `numerator`,
        `denominator`, `value`, `low`, `high` (95% Wilson interval) and `period_end`. Of this section, or of the
        whole report with `everywhere`. A force that supplies its own dip samples gets the latest of those. A frame
        without rows, which says so, where there are neither.

        >>> found = open_section("police_powers").cases()
        >>> bool((found["numerator"] <= found["denominator"]).all())
        True
        """
        own = self._own_audits(everywhere=everywhere)
        rows = own if own is not None else self._audited(everywhere=everywhere)
        attrs: dict[str, Any] = {"section": self._key, "table": "audits" if own is not None else "claims"}
        if rows.empty:
            return frames.empty(
                _CASES,
                title="Cases that inspectors read",
                lines=[
                    f"Only a PEEL report prints such counts, and {self._not_entered}. "
                    "A force’s own audits can be given as the table audits."
                ],
                tables=["claims", "audits"],
                **attrs,
            )
        top, bottom = (
            rows[name].astype("Float64").to_numpy(float, na_value=float("nan")) for name in _CASES[2:4]
        )
        usable = bottom > 0
        low, high = stats.wilson(
            pd.Series(top).where(usable).to_numpy(), pd.Series(bottom).where(usable).to_numpy()
        )
        frame = pd.DataFrame(
            {
                "heading": rows["heading"].astype("str").to_numpy(),
                "finding": rows["finding"].to_numpy(),
                "numerator": top,
                "denominator": bottom,
                "value": pd.Series(top / pd.Series(bottom).where(usable)),
                "low": low,
                "high": high,
                "period_end": rows["period_end"].to_numpy(),
            }
        )
        frame.attrs = attrs
        return frame

    def _audited(self, *, everywhere: bool) -> pd.DataFrame:
        rows = self._claims
        rows = rows[rows["denominator"].notna() & (rows["basis"] == "HMICFRS audit")]
        rows = rows[~rows["heading"].astype("str").str.contains(_NOT_FINDING)]
        if not everywhere:
            rows = rows[rows["section"] == self.stem]
        faults = rows["heading"].astype("str").str.contains(_FAULT)
        return rows.assign(finding=faults.map({True: "fault", False: "met"}))

    def _own_audits(self, *, everywhere: bool) -> pd.DataFrame | None:
        """The force's own dip samples, the latest of each heading; `None` where it supplied none."""
        if not (self.catalogue.is_supplied("audits") and self.catalogue.may_read("audits")):
            return None
        rows = self.catalogue.table("audits")
        rows = rows[rows["force_code"] == self.force.code]
        if not everywhere:
            rows = rows[rows["section"] == self.stem]
        if self.period is not None and (rows["period_end"] <= self.period).any():
            rows = rows[rows["period_end"] <= self.period]
        rows = rows.sort_values("period_end", kind="stable")
        rows = rows.drop_duplicates(["section", "heading"], keep="last").sort_index()
        return rows.assign(finding="met") if len(rows) else None

    # --- standard parts of a page ---------------------------------------------------------------------------------

    def opening(self) -> blocks.Block:
        """Say which force the page is about, its grade, and whether it holds a user's own data.

        >>> open_section("police_powers", force="kent").opening().text.startswith("This page is about Kent Police.")
        True
        """
        grade = self._grade()
        graded = f" HMICFRS graded this area “{grade}” in {self._cycle.replace('-', '–')}." if grade else ""
        if self.period is not None:
            year = f" Most figures are for the {formats.period(self.period)}."
        else:
            year = " Each figure is of the newest year there is, which its title names."
        supplied = [name for name in self.tables if self.catalogue.is_supplied(name)]
        own = f"This page {OVERLAY_NOTE}: {formats.joined(supplied)}." if supplied else ""
        below = self.catalogue.suppress_below
        hidden = f" Small numbers in it are left out (fewer than {below})." if own and below else ""
        return blocks.sentences(
            [f"This page is about {self.force.full_name}.{graded}{year}", own + hidden], style="opening"
        )

    @property
    def _cycle(self) -> str:
        """The cycle of the force's report in the ledger, as `2023-25`; that of the grades at hand where none is."""
        reports = self._claims["report"].astype("str").unique()
        return "-".join(reports[0].split("-")[1:3]) if len(reports) else "2023-25"

    def _grade(self) -> str:
        """The force's grade for this section, from its own report or a stated secondary source."""
        graded = self._claims[(self._claims["unit"] == "grade") & (self._claims["section"] == self.stem)]
        if len(graded):
            return str(graded["label"].iloc[0])
        if "judgments" not in self.tables or not self.catalogue.has("judgments"):
            return ""
        rows = self.catalogue.table("judgments")
        rows = rows[
            (rows["force_code"] == self.force.code)
            & (rows["cycle"] == self._cycle)
            & (rows["area"] == self.title)
        ]
        return str(rows["grade"].iloc[0]).lower() if len(rows) else ""

    def headlines(self, *wanted: str | tuple[str, Mapping[str, Any]]) -> blocks.Block:
        """Return three to five headline figures, each with its comparison and definition.

        A measure is an id, or an id and its breakdown. Those without a figure stand last and say why. Returns a block;
        raises as `measure` does.

        >>> section = open_section("police_powers", force="kent")
        >>> "per 1,000 population" in section.headlines("stop_search_rate").text
        True
        """
        items = [self._headline(*((entry, {}) if isinstance(entry, str) else entry)) for entry in wanted]
        items.sort(key=lambda item: item["value"] == formats.MISSING.capitalize())
        tables = dict.fromkeys(
            name
            for entry in wanted
            for name in measures.registry()[entry if isinstance(entry, str) else entry[0]].tables
            if self.catalogue.has(name)
        )
        return blocks.headlines(items, tables=tuple(tables))

    def _headline(self, measure_id: str, dimension: Mapping[str, Any]) -> dict[str, str]:
        measure = measures.registry()[measure_id]
        frame = self.measure(measure_id, **dimension)
        label = f"{measure.label}{self.breakdown_label(measure, frame.attrs['dimension'])}"
        item = {
            "value": formats.MISSING.capitalize(),
            "label": label,
            "comparison": "",
            "definition": measure.definition,
        }
        day = self.newer_of_its_own(frame) or self.year_of(frame)
        if pd.isna(day):
            item["comparison"] = " ".join(frame.attrs.get("missing", {}).get("lines", ())[:1])
            return item
        item["label"] = f"{label}, {measure.period_name(day)}{self.age(day)}"
        if day in self.suppressed_periods(frame):
            why = measures.missing_reason(
                self.catalogue, measure_id, self.force.code, day, **frame.attrs["dimension"]
            )
            before = compare.peers_period(frame, day)
            earlier = compare.against_peers(frame, self.force.code, before) if before is not None else None
            context = narrative.beside_of(earlier, measure) if earlier else ""
            item["comparison"] = f"{formats.sentence(why)} {context}".strip()
            return item
        found = compare.against_peers(frame, self.force.code, day)
        if found:
            item["value"] = measure.format(found.value)
            item["comparison"] = (
                f"{narrative.beside(found, measure)} {narrative.marker(measure, self.force)}".strip()
            )
        else:
            why = measures.missing_reason(
                self.catalogue, measure_id, self.force.code, day, **frame.attrs["dimension"]
            )
            item["comparison"] = formats.sentence(why) if why else ""
        return item

    def claims(self) -> blocks.Block:
        """Return the section's printed numbers with their verdicts, or how to enter them.

        >>> "peelbook claims new --force kent" in open_section("police_powers", force="kent").claims().text
        True
        """
        if self._claims.empty:
            return blocks.note(
                "No printed numbers to check yet",
                [
                    f"The inspection report on {self.force.full_name} has not been entered in the ledger.",
                    f"To enter it, run: peelbook claims new --force {self.force.slug}",
                ],
            )
        if not (self._claims["section"] == self.stem).any():
            return blocks.note(
                "No printed numbers to check yet",
                [
                    f"The inspection report on {self.force.full_name} is entered in part, and nothing of this section is."
                ],
            )
        return claims.box(self.catalogue, self.force.code, self.stem)

    def publish(
        self, axes: Any, data: pd.DataFrame, *, title: str = "", alt: str = "", **options: Any
    ) -> Any:
        """Put a chart of your own, drawn with matplotlib or seaborn, on the same card as the book's own.

        `axes` is what was drawn on: axes, several of them, a figure or a seaborn grid; or a function that draws on
        the axes it is given, which is not called where `data` has no row. `data` is the frame that it
        shows: the table and the CSV file of the card. `title` is its heading, `alt` says in words what it shows.
        Further options stand in `peelbook.analysis.publish.publish`.

        Returns the card, or a note where `data` has no row. Raises `FrameError` naming what is missing.

        >>> from matplotlib.figure import Figure
        >>> from peelbook.analysis import say
        >>> section = open_section("police_powers", force="kent")
        >>> rates = section.measure("stop_search_rate")
        >>> mine = rates[rates["force_code"] == section.force.code]
        >>> axes = Figure().subplots()
        >>> lines = axes.plot(mine["period_end"], mine["value"], label="Kent")
        >>> label = axes.set_ylabel("Searches per 1,000 population")
        >>> section.publish(axes, mine, title="Searches in Kent", alt=say.trend_alt(mine)).title
        'Searches in Kent'
        """
        from peelbook.analysis.publish import publish

        return publish(self, axes, data, title=title, alt=alt, **options)

    # --- used by charts and sentences -------------------------------------------------------------

    def gap_note(self, measure_id: str, dimension: Mapping[str, Any]) -> blocks.Block:
        """The note where a measure is here and this force's rows are not: the recorded reason, if there is one."""
        measure = measures.registry()[measure_id]
        try:
            frame = self.measure(measure_id, **dimension)
        except ParameterError:
            # A cell may write the values of a breakdown in its own words: a gap is the same for all of them.
            names = list(dimension)
            frame = self.measure(measure_id, by=names)
            dimension = {name: frame[name].iloc[0] for name in names}
            frame = self.measure(measure_id, **dimension)
        title = self._no_figure(measure)
        day = self.year_of(frame)
        if not pd.isna(day) and day in self.suppressed_periods(frame):
            why = measures.missing_reason(self.catalogue, measure_id, self.force.code, day, **dimension)
            return blocks.note(f"{title}, {measure.period_name(day)}", [formats.sentence(why)])
        if frame.empty:
            missing = frame.attrs["missing"]
            return blocks.note(missing["title"], missing["lines"], tables=missing["tables"])
        own = frame.loc[frame["force_code"] == self.force.code, "period_end"]
        if (own == day).any():
            return blocks.note("Nothing to show", ["No row is left after the cell’s filters."])
        found = measures.at(self.catalogue, measure_id, self.force.code, day, **dimension)
        lines = [formats.sentence(getattr(found, "reason", "") or "the table has no row of it")]
        if len(own):
            title = f"{title}, {measure.period_name(day)}"
            lines.append(f"Its newest figure: {measure.period_name(max(own))}.")
        return blocks.note(title, lines)

    def absent(self, tables: Sequence[str]) -> blocks.Block:
        """The note in place of something made of tables that are not here: which publications have them."""
        parts = [self._not_here(name) for name in tables]
        lines = dict.fromkeys(line for part in parts for line in part["lines"])
        return blocks.note(parts[0]["title"], list(lines), tables=tables)

    def provenance(self, tables: Iterable[str]) -> list[Provenance]:
        """Where some tables come from, of those that are here."""
        return [self.catalogue.provenance(name) for name in tables if self.catalogue.has(name)]

    def caveats(self, measure: Measure, *, over_time: bool = False) -> list[str]:
        """What must be known of a measure's figures for this force: cautions, limits, who is left out."""
        cautions = [
            f"Read with care: {reason}"
            for name in measure.tables
            if self.catalogue.has(name)
            for reason in self.catalogue.cautions(name, self.force.code)
        ]
        areas = []
        if self.catalogue.own_areas:
            areas = [
                "The areas compared are those of the user’s own list. Averages and ranks, and what is called England "
                "and Wales, are of these areas together; one that lies within another counts in both."
            ]
        years = measure.over_time if over_time else ()
        return [*areas, *cautions, *years, *measure.caveats, *measure.exclusions]

    @staticmethod
    def breakdown_label(measure: Measure, dimension: Mapping[str, Any]) -> str:
        """A breakdown as the end of a label, ": Robbery"; empty for a measure's usual one."""
        return "".join(f": {_category(value)}" for value in _chosen(measure, dimension).values())

    def chart_id(self, measure: Measure, dimension: Mapping[str, Any], suffix: str = "") -> str:
        """A chart's id, `<section>.<measure>` with what else tells it from the others: the name of its downloads."""
        chosen = [str(_category(value)) for value in _chosen(measure, dimension).values()]
        return f"{self.stem}.{frames.slug(' '.join([measure.id, *chosen, suffix]))}"


def _own_folder(named: str, force: str, data_dir: str) -> str | None:
    """The folder of the user's own tables: that of a run, else the one that the notebook names, checked.

    A run has checked its folder before its first notebook. A folder that only the notebook names is none of the run's
    inputs: its page would go where the pages of published data are kept.
    """
    run = os.environ.get("PEELBOOK_OVERLAY")
    if not named or run:
        return run or None
    if run is not None:
        raise ParameterError(
            f"own_data={named!r} names a folder that this run was not given. Fix: leave it out of the notebook, or run "
            f"with --data {named}."
        )
    from peelbook.own_data import check

    folder = Path(named).expanduser()
    check(folder, Catalogue(data_dir or None), force=force).require()
    return str(folder)


class National(Section):
    """All forces at once: the same tables and measures as a section has, with no force marked."""

    def __init__(self, period: str = "", data_dir: str = ""):
        self.stem, self.title, self.tables = "all_forces", "All forces compared", tuple(contracts.tables())
        self.catalogue = Catalogue(data_dir or None)
        self.force = _NOBODY
        self.period = _day(period)
        self._key = frames.register(self)


def _would_fill(table: str) -> str:
    """That a table is not in this book, and which publication would fill it."""
    publication = measures.registry().publications.get(table)
    source = f"It would come from {publication}." if publication else "No publication holds it."
    return f"This needs data that is not in this book. {source}"


def _day(period: str) -> pd.Timestamp | None:
    try:
        return pd.to_datetime(str(period), format="%Y-%m-%d") if period else None
    except ValueError as error:
        raise ParameterError(
            f"The parameter period is {period!r}, which is not a day. Fix: write it as YYYY-MM-DD."
        ) from error


def _named_columns(columns: Sequence[str]) -> list[str]:
    """A table's columns with that of the force's name."""
    return [
        name for column in columns for name in ((column, "force") if column == "force_code" else (column,))
    ]


def _further(measure: Measure) -> tuple[str, ...]:
    return tuple(name for name in measure.kind.columns if name not in measures.COLUMNS)


def _category(value: Any) -> Any:
    """A breakdown's value as one cell: several that are added up are one text."""
    return formats.joined(map(str, value)) if isinstance(value, list | tuple) else value


def _chosen(measure: Measure, dimension: Mapping[str, Any]) -> dict[str, Any]:
    """The breakdown without what a measure has by itself."""
    usual = dict(measure.default)
    if "years" in measure.breakdowns:
        usual.setdefault("years", measure.breakdowns["years"][0])
    return {name: value for name, value in dimension.items() if usual.get(name) != value}
