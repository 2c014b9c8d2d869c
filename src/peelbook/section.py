"""The one object a section notebook talks to: short calls in, charts, sentences and tables out.

It joins the rooms (catalogue, measures, compare, claims, figures, narrative) for one section and one
force, so that a notebook cell is one line, and every force gets the same page or an honest note why not.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from peelbook import claims, compare, display, formats, measures, narrative, stats
from peelbook.catalogue import OVERLAY_NOTE, Catalogue, Provenance
from peelbook.contracts import ENGLAND_AND_WALES
from peelbook.errors import MissingTableError, ParameterError
from peelbook.paths import PACKAGE
from peelbook.sections import section

if TYPE_CHECKING:
    from peelbook.figures._chart import Chart
    from peelbook.measures import Measure

Dimension = Mapping[str, Any]

# The printed share, its margin and the sample it came from.
_GROUNDS = ("reasonable_grounds", "reasonable_grounds_margin", "stop_search_sample")

# "x of y" counts that say how a sample was made up, not what was found in it.
_NOT_FINDINGS = ("victim_service.out_of_court_files",)


def open_section(
    stem: str, *, force: str = "metropolitan", data_dir: str = "", period: str = ""
) -> SectionBook:
    """Open one section for one force.

    `force` is any name of a force; `data_dir` a folder of tables ("" for the embedded ones); `period` the
    last day of the year the section is about, as YYYY-MM-DD ("" for the latest there is).

    Raises `UnknownSectionError`, `UnknownForceError`, `ParameterError` or `DataPackageError`.
    """
    return SectionBook(stem, force, data_dir, period)


class SectionBook:
    """One section of the report for one force. Each method returns one output of a notebook cell."""

    def __init__(self, stem: str, force: str, data_dir: str, period: str):
        self.section = section(stem)
        self.catalogue = Catalogue(
            data_dir or None,
            overlay=os.environ.get("PEELBOOK_OVERLAY") or None,
            declared=frozenset(self.section.tables),
        )
        self.force = self.catalogue.forces[force]
        self.catalogue.own = self.force.code  # rows of another force in an overlay are refused
        try:
            self.period = pd.to_datetime(period, format="%Y-%m-%d") if period else None
        except ValueError as error:
            raise ParameterError(
                f"The parameter period is {period!r}, which is not a day. Fix: write it as YYYY-MM-DD."
            ) from error

    # --- what the section knows ------------------------------------------------------------------

    @cached_property
    def _claims(self) -> pd.DataFrame:
        """The claims of this force's report, indexed by claim id; empty where no report was entered."""
        rows = self.catalogue.table("claims")
        return rows[rows["force_code"] == self.force.code].set_index("claim_id", drop=False)

    def _frame(self, measure: Measure, dimension: Dimension) -> pd.DataFrame:
        frame = self._computed(measure.id, **dimension)
        if measure.period in ("year", "quarter") and frame["period_end"].nunique() > 1:
            # Rolling years overlap; a line of them would show each event four times.
            month = self.period.month if self.period is not None else 3
            if (frame["period_end"].dt.month == month).any():
                frame = measures.yearly(frame, month)
        return frame

    def _computed(self, measure_id: str, **dimension: Any) -> pd.DataFrame:
        """A measure of all areas. A user's table may lack a whole category; that is no figure, not an error."""
        try:
            return measures.compute(self.catalogue, measure_id, **dimension)
        except ParameterError:
            if not self._overlaid(measures.registry()[measure_id]):
                raise
            days = pd.Series([], dtype="datetime64[s]")
            return pd.DataFrame(
                {
                    "force_code": pd.Series([], dtype="str"),
                    "period_end": days,
                    "value": pd.Series([], dtype=float),
                }
            )

    def _computed_at(self, period: pd.Timestamp, measure_id: str, **dimension: Any) -> pd.DataFrame:
        """The rows of one period; none where no area has a figure in it."""
        frame = self._computed(measure_id, **dimension)
        found = frame[(frame["period_end"] == period) & frame["value"].notna()]
        return compare.at_period(frame, period) if len(found) else found

    def _period_of(self, frame: pd.DataFrame) -> pd.Timestamp:
        """The section's period where the table has it, else the last one before it, else the first after."""
        known = sorted(frame["period_end"].unique())
        if self.period is None:
            return known[-1]
        earlier = [day for day in known if day <= self.period]
        return earlier[-1] if earlier else known[0]

    def _compared_period(self, frame: pd.DataFrame) -> pd.Timestamp:
        """The section's period, or the last one before it in which enough forces have a figure to compare."""
        period = self._period_of(frame)
        return compare.peers_period(frame, period) or period

    def _provenance(self, measure: Measure) -> list[Provenance]:
        return [self.catalogue.provenance(name) for name in measure.tables if self.catalogue.has(name)]

    def _overlaid(self, measure: Measure) -> bool:
        return self.catalogue.uses_overlay(measure.tables)

    def _caveats(self, measure: Measure, *, over_time: bool = False) -> list[str]:
        cautions = [
            f"Read with care: {reason}"
            for name in measure.tables
            if self.catalogue.has(name)
            for reason in self.catalogue.cautions(name, self.force.code)
        ]
        years = measure.over_time if over_time else ()
        return [*self._area_notes(), *cautions, *years, *measure.caveats, *measure.exclusions]

    def _area_notes(self) -> list[str]:
        """Whom the averages are of, where the user's list of areas has others than the forces."""
        if not self.catalogue.own_areas:
            return []
        return [
            "The areas compared are those of the user’s own list. Averages and ranks, and what is called England and "
            "Wales, are of these areas together; one that lies within another counts in both."
        ]

    def _id(self, measure_id: str, dimension: Dimension, suffix: str = "") -> str:
        words = [measure_id, *(str(value) for value in dimension.values()), suffix]
        name = "_".join(re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_") for word in words if word)
        return f"{self.section.stem}.{name}"

    def _absent(self, measure: Measure, reason: str) -> display.Html:
        return display.note(
            f"No figure for {self.force.full_name}: {_lower(measure.label)}",
            [formats.sentence(reason)],
        )

    def _needs(self, measure_id: str, dimension: Dimension) -> tuple[Measure, pd.DataFrame | None, str]:
        """The measure, its frame, and the reason where it has none."""
        measure = measures.registry()[measure_id]
        try:
            frame = self._frame(measure, dimension)
            return measure, frame, "" if len(frame) else "no area has a figure for it"
        except MissingTableError as error:
            return measure, None, str(error).split(" Fix:")[0]

    # --- words -----------------------------------------------------------------------------------

    def opening(self) -> display.Html:
        """Say which force and year the page is about, and which kinds of data it rests on."""
        grade = self._grade()
        year = f" Most figures are for the {formats.period(self.period)}." if self.period is not None else ""
        graded = f" HMICFRS graded this area “{grade}” in 2023–25." if grade else ""
        supplied = [name for name in self.section.tables if self.catalogue.supplies(name)]
        own = f"This page {OVERLAY_NOTE}: {formats.joined(supplied)}." if supplied else ""
        below = self.catalogue.suppress_below
        hidden = f" Small numbers in it are left out (fewer than {below})." if own and below else ""
        texts = [f"This page is about {self.force.full_name}.{graded}{year}", own + hidden]
        return display.paragraphs([text for text in texts if text], css="pb-opening")

    def _grade(self) -> str:
        """The force's grade for this section, from its own report or a stated secondary source."""
        if len(self._claims):
            graded = self._claims[
                (self._claims["unit"] == "grade") & (self._claims["section"] == self.section.stem)
            ]
            if len(graded):
                return str(graded["label"].iloc[0])
        if "judgments" not in self.section.tables:
            return ""
        rows = self.catalogue.table("judgments")
        rows = rows[
            (rows["force_code"] == self.force.code)
            & (rows["cycle"] == "2023-25")
            & (rows["area"] == self.section.title)
        ]
        return str(rows["grade"].iloc[0]).lower() if len(rows) else ""

    def headlines(self, *wanted: str | tuple[str, Dimension]) -> display.Html:
        """Three to five headline figures, each with its comparison and definition.

        A measure is an id, or an id and its breakdown. One without a figure says so.
        """
        items = []
        for entry in wanted:
            measure_id, dimension = (entry, {}) if isinstance(entry, str) else entry
            measure, frame, _ = self._needs(measure_id, dimension)
            label = measure.label + "".join(f": {value}" for value in dimension.values())
            if frame is None or frame.empty:
                items.append(display.Headline(formats.MISSING.capitalize(), label, "", measure.definition))
                continue
            period = self._period_of(frame)
            comparison = compare.against_peers(frame, self.force.code, period)
            if not comparison:
                items.append(
                    display.Headline(
                        formats.MISSING.capitalize(), label, measure.period_name(period), measure.definition
                    )
                )
                continue
            items.append(
                display.Headline(
                    measure.format(comparison.value),
                    f"{label}, {measure.period_name(period)}",
                    f"{narrative.beside(comparison, measure)} {narrative.marker(measure, self.force)}".strip(),
                    measure.definition,
                )
            )
        return display.headlines(items)

    def missing(self, *measure_ids: str) -> display.Html:
        """Say which figures this section lacks for every force, and the publication that would give them."""
        lines = []
        for measure_id in measure_ids:
            measure = measures.registry()[measure_id]
            absent = [name for name in measure.tables if not self.catalogue.has(name)]
            publications = [measures.registry().publications[name] for name in absent]
            if publications:
                lines.append(f"{measure.label}: needs {formats.joined(publications)}.")
            else:
                lines.append(f"{measure.label}: its table is in this book now.")
        return display.note("Not in this book yet", lines)

    # --- charts of a measure ---------------------------------------------------------------------

    def _chart_words(
        self, measure: Measure, dimension: Dimension, *, over_time: bool = False
    ) -> dict[str, Any]:
        label = measure.label + "".join(f": {value}" for value in dimension.values())
        return {
            "force": self.force,
            "forces": self.catalogue.forces,
            "label": label,
            "unit": measure.unit,
            "decimals": measure.decimals,
            "provenance": self._provenance(measure),
            "notes": self._caveats(measure, over_time=over_time),
        }

    def ski_slope(self, measure_id: str, *, printed: str = "", **dimension: Any) -> Chart | display.Html:
        """All forces ranked, this one marked. `printed` is the claim whose value to mark beside it."""
        from peelbook.figures.ski_slope import ski_slope

        measure, frame, reason = self._needs(measure_id, dimension)
        if frame is None or frame.empty:
            return self._absent(measure, reason)
        period = self._compared_period(frame)
        rows = compare.at_period(frame, period)
        interval = compare.intervals(rows, measure)
        rows = rows.assign(lower=interval.low, upper=interval.high)
        words = self._chart_words(measure, dimension)
        mark = self._printed_value(printed, measure)
        return ski_slope(
            rows,
            id=self._id(measure_id, dimension),
            title=f"{words['label']}, {measure.period_name(period)}",
            period=measure.period_name(period),
            averages=compare.averages(rows),
            printed=mark,
            basis="computed" if mark is None else "computed and as printed",
            numerator=str(measure.numerator),
            denominator=str(measure.denominator or ""),
            **words,
        )

    def trend(
        self, measure_id: str, *, printed: Iterable[str] = (), title: str = "", **dimension: Any
    ) -> Chart | display.Html:
        """The force through time over all forces and both averages, with gaps and their reasons."""
        from peelbook.figures.trend import trend

        measure, frame, reason = self._needs(measure_id, dimension)
        if frame is None or frame.empty:
            return self._absent(measure, reason)
        words = self._chart_words(measure, dimension, over_time=True)
        marks = [
            (self._claims.loc[claim, "period_end"], value, self._whose(claim))
            for claim in printed
            if (value := self._printed_value(claim, measure)) is not None
        ]
        days = sorted(frame["period_end"].unique())
        return trend(
            frame,
            id=self._id(measure_id, dimension, "trend"),
            title=title or f"{words['label']}, {measure.period_name(days[0])} to {formats.date(days[-1])}",
            period=f"{measure.period_name(days[0])} to {measure.period_name(days[-1])}",
            averages=self._averages_through_time(frame),
            gaps=self._gaps(measure, frame, days, dimension),
            printed=marks,
            time=measure.period,
            basis="computed and as printed" if marks else "computed",
            **words,
        )

    def _averages_through_time(self, frame: pd.DataFrame) -> pd.DataFrame:
        return compare.averages_through_time(frame).dropna(axis="columns", how="all")

    def _gaps(
        self, measure: Measure, frame: pd.DataFrame, days: Sequence[Any], dimension: Dimension
    ) -> list[tuple[Any, Any, str]]:
        """The force's missing periods within the table's span, each with its recorded reason."""
        own = set(frame.loc[frame["force_code"] == self.force.code, "period_end"])
        gaps = []
        for day in days:
            if day not in own:
                found = measures.at(self.catalogue, measure.id, self.force.code, day, **dimension)
                gaps.append((day, day, getattr(found, "reason", "")))
        return gaps

    def funnel(self, measure_id: str, **dimension: Any) -> Chart | display.Html:
        """All forces against their size, with 95% and 99.8% limits widened by over-dispersion."""
        from peelbook.figures.funnel import funnel

        measure, frame, reason = self._needs(measure_id, dimension)
        if frame is None or frame.empty:
            return self._absent(measure, reason)
        period = self._compared_period(frame)
        rows = compare.at_period(frame, period)
        found = compare.funnel(frame, period)
        curves = found.curves.rename(
            columns={
                "size": "denominator",
                "low_95": "lower_95",
                "high_95": "upper_95",
                "low_998": "lower_998",
                "high_998": "upper_998",
            }
        )
        words = self._chart_words(measure, dimension)
        left_out = set(found.averages.excluded)
        return funnel(
            rows[~rows["force_code"].isin(left_out)],
            curves,
            id=self._id(measure_id, dimension, "funnel"),
            title=f"{words['label']} against size, {measure.period_name(period)}",
            period=measure.period_name(period),
            size_label=str(measure.denominator),
            target=found.target,
            target_label="Middle of forces",
            numerator=str(measure.numerator),
            **words,
        )

    def narrative(self, measure_id: str, **dimension: Any) -> display.Html:
        """What the figure is, how it compares, how it has changed, and what to beware of; in sentences.

        Whether chance could explain a change is judged among the changes of all forces.
        """
        measure, frame, reason = self._needs(measure_id, dimension)
        if frame is None or frame.empty:
            return self._absent(measure, reason)
        period = self._period_of(frame)
        found = measures.at(self.catalogue, measure_id, self.force.code, period, **dimension)
        if not found:
            texts = [narrative.missing(found, measure, self.force, period)]
        else:
            texts = [
                narrative.paragraph(
                    compare.against_peers(frame, self.force.code, period), measure, self.force
                )
            ]
        history = [
            self._latest_change(measure, frame, found, dimension) if found else "",
            self._recent_trend(measure, frame, period),
        ]
        if any(history):
            history.append(narrative.over_time(measure))
        texts.append(" ".join(text for text in history if text))
        return display.paragraphs([text for text in texts if text])

    def _latest_change(
        self, measure: Measure, frame: pd.DataFrame, later: measures.Value, dimension: Dimension
    ) -> str:
        """The change since the year before; nothing for kinds whose change says little by itself."""
        before = later.period_end - pd.DateOffset(years=1)
        if measure.kind not in ("count", "ratio", *compare.TESTED) or before not in set(frame["period_end"]):
            return ""
        earlier = measures.at(self.catalogue, measure.id, self.force.code, before, **dimension)
        tested = compare.change(frame, self.force.code, later.period_end, before)
        return narrative.change(later, earlier, measure, self.force, tested)

    def _recent_trend(self, measure: Measure, frame: pd.DataFrame, period: pd.Timestamp) -> str:
        """The five-year trend up to a period, where the table goes back so far."""
        if frame.loc[frame["period_end"] <= period, "period_end"].nunique() < stats.TREND_POINTS:
            return ""
        code = self.force.code
        return narrative.trend(
            compare.recent_trend(frame, code, period_end=period),
            measure,
            self.force,
            period,
            compare.trend_gaps(frame, code, period_end=period),
        )

    def tile_map(self, measure_id: str, **dimension: Any) -> Chart | display.Html:
        """All forces on the tile grid, this one outlined."""
        from peelbook.figures.tile_grid_map import tile_grid_map

        measure, frame, reason = self._needs(measure_id, dimension)
        if frame is None or frame.empty:
            return self._absent(measure, reason)
        period = self._compared_period(frame)
        rows = compare.at_period(frame, period)
        words = self._chart_words(measure, dimension)
        return tile_grid_map(
            rows,
            id=self._id(measure_id, dimension, "map"),
            title=f"{words['label']} by police force area, {measure.period_name(period)}",
            period=measure.period_name(period),
            averages=compare.averages(rows),
            **words,
        )

    def small_multiples(self, measure_id: str, *, by: str) -> Chart | display.Html:
        """One panel for each value of a breakdown: the force beside England and Wales, through time."""
        from peelbook.figures.small_multiples import small_multiples

        measure, frame, reason = self._needs(measure_id, {})
        if frame is None or frame.empty:
            return self._absent(measure, reason)
        parts = []
        # A measure of victim-based crime has panels for its own offence groups, not for all nine.
        within = measure.numerator.where.get(by, measure.breakdowns[by])
        for value in within:
            panel = self._frame(measure, {by: value})
            if self.period is not None:
                panel = panel[panel["period_end"] <= self.period]
            if panel.empty:
                continue
            means = self._averages_through_time(panel)
            own = panel[panel["force_code"] == self.force.code][["period_end", "value"]]
            average = "pooled" if "pooled" in means else "mean_of_forces"
            joined = means.reindex(columns=["period_end", average]).rename(columns={average: "average"})
            parts.append(joined.merge(own, on="period_end", how="left").assign(panel=value))
        table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"value": []})
        if table["value"].isna().all():
            return self._absent(measure, "the table has no figure for it")
        days = sorted(table["period_end"].unique())
        words = self._chart_words(measure, {}, over_time=True)
        del words["forces"]
        span = f"{measure.period_name(days[0])} to {measure.period_name(days[-1])}"
        return small_multiples(
            table,
            id=self._id(measure_id, {}, f"by_{by}"),
            title=f"{words['label']} by {by.replace('_', ' ')}, "
            f"{measure.period_name(days[0])} to {formats.date(days[-1])}",
            period=span,
            average="England and Wales" if measure.kind != "count" else "Mean of forces",
            time=measure.period,
            **words,
        )

    def structure(self) -> Chart | display.Html:
        """Officers by rank, women and men, as shares of all officers; England and Wales marked."""
        from peelbook.figures.structure import structure

        measure, frame, reason = self._needs("officers_headcount", {})
        if frame is None or frame.empty:
            return self._absent(measure, reason)
        period = self._period_of(frame)
        if hidden := self.catalogue.suppressed("workforce", self.force.code, period):
            return self._absent(measure, hidden)
        ranks = [
            rank for rank in measures.registry()["rank_share"].breakdowns["rank"] if isinstance(rank, str)
        ]
        rows = []
        for rank in ranks:
            for sex, side in (("Female", "Women"), ("Male", "Men")):
                part = self._computed_at(period, "officers_headcount", rank=rank, sex=sex)
                own = part[part["force_code"] == self.force.code]["value"]
                rows.append(
                    {
                        "category": rank,
                        "side": side,
                        "count": float(own.iloc[0]) if len(own) else 0.0,
                        "total": float(part["value"].sum()),
                    }
                )
        table = pd.DataFrame(rows)
        if not table["count"].sum():
            return self._absent(measure, "the table has no officers for it")
        table = table.assign(
            value=table["count"] / table["count"].sum(),
            comparator_value=table["total"] / table["total"].sum(),
        ).drop(columns="total")
        return structure(
            table,
            id=f"{self.section.stem}.officers_by_rank_and_sex",
            title=f"Officers by rank and sex, {measure.period_name(period)}",
            force=self.force,
            label="Share of all officers",
            sides=("Women", "Men"),
            provenance=self._provenance(measure),
            period=measure.period_name(period),
            notes=self._caveats(measure),
        )

    def changes(self, measure_id: str = "headcount_change") -> display.Html:
        """The change over one, five and ten years, beside the other forces."""
        rows = []
        for years in (1, 5, 10):
            measure, frame, reason = self._needs(measure_id, {"years": years})
            if frame is None or frame.empty:
                return self._absent(measure, reason)
            period = self._period_of(frame)
            found = compare.against_peers(frame, self.force.code, period)
            place = f"{formats.ordinal(found.rank)} of {found.n}" if found and found.rank else ""
            rows.append(
                [
                    f"{years} year{'' if years == 1 else 's'}",
                    formats.signed(found.numerator) if found else formats.MISSING,
                    measure.format(found.value),
                    measure.format(found.averages.mean_of_forces),
                    place,
                ]
            )
        return display.table(
            f"{measure.label}, to {formats.date(period)}",
            ["Over", "Change in number", "Change", "Mean of forces", "Rank, highest rise first"],
            rows,
            numeric=[False, True, True, True, True],
        )

    def charge_trend(self) -> Chart | display.Html:
        """The report's figure 5: charges by year of recording, with the printed rates marked."""
        return self.trend(
            "charge_rate",
            printed=[
                "investigating_crime.charge_rate_2015",
                "investigating_crime.figure_4.charged.average",
                "investigating_crime.charge_rate.force",
            ],
            title=(
                "Victim-based crimes charged or summonsed, by year of recording, outcomes as recorded by "
                "July 2026 (figure 5 of the report)"
            ),
        )

    def judgments(self, *, cycle: str = "2023-25") -> Chart | display.Html:
        """The force's stated grades against the five grades, in the order of the report."""
        from peelbook.figures.judgments_grid import judgments_grid

        rows = self.catalogue.table("judgments")
        rows = rows[(rows["force_code"] == self.force.code) & (rows["cycle"] == cycle)]
        if rows.empty:
            return display.note(
                f"No stated grades for {self.force.full_name}",
                [
                    f"None of the sources used here states its grades for {cycle.replace('-', '–')}. "
                    "The inspectorate's website has them."
                ],
            )
        return judgments_grid(
            rows[["force_code", "area", "grade"]].reset_index(drop=True),
            id=f"{self.section.stem}.judgments",
            title=f"Grades in the inspection of {cycle.replace('-', '–')}",
            force=self.force,
            provenance=[self.catalogue.provenance("judgments")],
            period=f"PEEL {cycle.replace('-', '–')}",
            basis="as reported",
            notes=["Grades stated by forces, commissioners or news sites; a secondary source."],
        )

    def disparity(self) -> Chart | display.Html:
        """Search rates of each ethnic group over that of White people, with 95% intervals."""
        from peelbook.figures.disparity import disparity

        measure, frame, reason = self._needs("disparity_ratio", {})
        if frame is None or frame.empty:
            return self._absent(measure, reason)
        period = self._period_of(frame)
        counts = ["group_count", "group_population_count", "reference_count", "reference_population_count"]
        rows = []
        for group in measure.breakdowns["ethnicity"]:
            if group == measure.reference["ethnicity"]:
                continue
            every = self._computed_at(period, "disparity_ratio", ethnicity=group)
            if every.empty:
                continue
            own = every[every["force_code"] == self.force.code]
            low, high = stats.ratio_interval(*(own[name].to_numpy(dtype=float) for name in counts))
            total = [float(every[name].sum()) for name in counts]
            all_low, all_high = stats.ratio_interval(*total)
            rows.append(
                {
                    "group": group,
                    "value": float(own["value"].iloc[0]) if len(own) else None,
                    "lower": float(low[0]) if len(own) else None,
                    "upper": float(high[0]) if len(own) else None,
                    "comparator_value": (total[0] / total[1]) / (total[2] / total[3]),
                    "comparator_lower": float(all_low),
                    "comparator_upper": float(all_high),
                }
            )
        table = pd.DataFrame(rows, columns=None if rows else ["value"])
        if table["value"].isna().all():
            found = measures.at(self.catalogue, "disparity_ratio", self.force.code, period)
            return self._absent(measure, getattr(found, "reason", ""))
        printed = self._printed_value("police_powers.disparity_black.force", measure)
        return disparity(
            table,
            id=self._id("disparity_ratio", {}),
            title=f"Searches of each ethnic group against White people, {measure.period_name(period)}",
            force=self.force,
            provenance=self._provenance(measure),
            period=measure.period_name(period),
            printed={"Black": printed} if printed is not None else None,
            notes=self._caveats(measure),
            basis="computed" if printed is None else "computed and as printed",
        )

    # --- values the report printed ---------------------------------------------------------------

    def _printed_value(self, claim_id: str, measure: Measure) -> float | None:
        """A printed value on the measure's scale: percent become shares. `None` where this report has no such claim.

        Raises `ParameterError` where no report has it, which is a slip of the pen: the mark would be missing from
        every page and nobody would see it.
        """
        if not claim_id:
            return None
        if claim_id not in self._claims.index:
            known = set(self.catalogue.table("claims")["claim_id"])
            if known and claim_id not in known:
                near = difflib.get_close_matches(claim_id, sorted(known), n=1)
                fix = f"did you mean {near[0]!r}?" if near else "take the claim_id from claims.csv."
                raise ParameterError(f"No report has the claim {claim_id!r}. Fix: {fix}")
            return None
        row = self._claims.loc[claim_id]
        return float(row["value"]) / (100 if row["unit"] == "percent" and measure.unit == "%" else 1)

    def _whose(self, claim_id: str) -> str:
        """Whose figure a claim is, in words; empty for the force's own."""
        return "England and Wales" if self._claims.loc[claim_id, "subject"] == ENGLAND_AND_WALES else ""

    def _no_report(self, title: str) -> display.Html:
        """One line in place of a chart that only a report can fill; `claims` says how to enter one."""
        return display.paragraphs(
            [
                f"{title}: only a PEEL report prints this, and none has been entered for "
                f"{self.force.full_name}."
            ],
            css="pb-note",
        )

    def printed(self, chart: str) -> Chart | display.Html:
        """A chart of `printed_charts.toml`: values that only the report gives, labelled as printed."""
        from peelbook.figures.printed_values import printed_values

        spec = _printed_charts()[chart]
        wanted = [
            *((label, claim, True) for label, claim in spec["focus"]),
            *((label, claim, False) for label, claim in spec["other"]),
        ]
        if not self._claims.index.isin([claim for _, claim, _ in wanted]).any():
            return self._no_report(spec["title"])
        rows = pd.DataFrame(
            [
                {
                    "label": label.replace("{force}", self.force.short_name),
                    "value": float(self._claims.loc[claim, "value"]),
                    "text": claims.printed(self._claims.loc[claim]),
                    "focus": focus,
                    "basis": self._claims.loc[claim, "basis"],
                }
                for label, claim, focus in wanted
            ]
        )
        bases = [basis for basis in dict.fromkeys(rows["basis"]) if basis != "other"]
        notes = [
            *([spec["note"]] if "note" in spec else []),
            *([f"Basis that the report gives: {formats.joined(bases)}."] if bases else []),
        ]
        return printed_values(
            id=f"{self.section.stem}.{chart}",
            title=spec["title"],
            rows=rows,
            what=spec["what"],
            provenance=[self.catalogue.provenance("claims")],
            period=spec["period"],
            notes=notes,
        )

    def reasonable_grounds(self) -> Chart | display.Html:
        """The printed estimate of searches with reasonable grounds, beside the interval it should have.

        The report prints a share and a margin, not a count. The count is the whole number of the sample
        nearest to the share, and the note says whether a Wald interval of it gives the printed margin.
        """
        from peelbook.figures.interval_dot_plot import interval_dot_plot

        title = "Searches with reasonable grounds, year ending 30 September 2023"
        ids = [f"police_powers.{name}" for name in _GROUNDS]
        if not set(ids) <= set(self._claims.index):
            return self._no_report(title)
        share, margin, cases = (float(self._claims.loc[claim, "value"]) for claim in ids)
        share, margin = share / 100, margin / 100
        count = round(share * cases)
        better = stats.wilson(count, cases)
        wald = stats.wald(count, cases)
        fits = formats.percent(float(wald.high) - count / cases) == formats.percent(margin)
        rows = pd.DataFrame(
            {
                "label": "Reasonable grounds",
                "series": ["As printed", "Wilson interval"],
                "numerator": float(count),
                "denominator": cases,
                "lower": [share - margin, float(better.low)],
                "upper": [share + margin, float(better.high)],
            }
        )
        return interval_dot_plot(
            rows,
            id=f"{self.section.stem}.reasonable_grounds",
            title=title,
            provenance=[self.catalogue.provenance("claims")],
            period="year ending 30 September 2023",
            basis="computed and as printed",
            series=("As printed", "Wilson interval"),
            decimals=1,
            interval="95% interval",
            notes=[
                f"The report prints {formats.percent(share)} of {formats.number(cases)} records, give or take "
                f"{formats.points(margin)}. {formats.number(count)} records is the whole number that gives the share.",
                "A Wald interval of that count "
                + ("gives the margin printed." if fits else "does not give the margin printed.")
                + " Near 100% a Wald interval sits too high; the Wilson interval does not.",
            ],
        )

    def audit(self, *, everywhere: bool = False) -> Chart | display.Html:
        """The inspectors' counts of cases as proportions with 95% Wilson intervals.

        Of this section, or of the whole report with `everywhere`. A force that supplies its own dip samples gets
        those instead.
        """
        from peelbook.figures.interval_dot_plot import interval_dot_plot

        if self.catalogue.supplies("audits") and self.catalogue.may_read("audits"):
            own = self._own_audit(everywhere=everywhere)
            if own is not None:
                return own
        rows = self._claims
        rows = rows[rows["denominator"].notna() & (rows["basis"] == "HMICFRS audit")]
        rows = rows.drop(index=list(_NOT_FINDINGS), errors="ignore")
        if not everywhere:
            rows = rows[rows["section"] == self.section.stem]
        title = "Cases in which inspectors found what they looked for"
        if rows.empty:
            return self._no_report(title)
        counts = rows[["heading", "numerator", "denominator"]].rename(columns={"heading": "label"})
        counts = counts.astype({"numerator": float, "denominator": float})
        interval = stats.wilson(counts["numerator"].to_numpy(), counts["denominator"].to_numpy())
        counts = counts.assign(
            value=counts["numerator"] / counts["denominator"], lower=interval.low, upper=interval.high
        )
        return interval_dot_plot(
            counts.reset_index(drop=True),
            id=f"{self.section.stem}.audit",
            title=title,
            provenance=[self.catalogue.provenance("claims")],
            period="time of the inspection",
            basis="as printed",
            notes=[
                "The counts are as the report printed them; shares and intervals are computed.",
                "The interval treats the cases as a random sample, which the report does not always state.",
            ],
        )

    def _own_audit(self, *, everywhere: bool) -> Chart | display.Html | None:
        """The force's own dip samples, as it supplied them; the latest of each heading. `None` without any."""
        from peelbook.figures.interval_dot_plot import interval_dot_plot

        rows = self.catalogue.table("audits")
        rows = rows[rows["force_code"] == self.force.code]
        if not everywhere:
            rows = rows[rows["section"] == self.section.stem]
        if self.period is not None and (rows["period_end"] <= self.period).any():
            rows = rows[rows["period_end"] <= self.period]
        rows = rows.sort_values("period_end", kind="stable")
        rows = rows.drop_duplicates(["section", "heading"], keep="last").sort_index()
        if rows.empty:
            return None
        counts = rows[["heading", "numerator", "denominator"]].rename(columns={"heading": "label"})
        counts[["numerator", "denominator"]] = counts[["numerator", "denominator"]].astype("Float64")
        usable = counts.notna().all(axis=1) & counts["denominator"].gt(0).fillna(False)
        interval = stats.wilson(
            counts.loc[usable, "numerator"].to_numpy(float), counts.loc[usable, "denominator"].to_numpy(float)
        )
        counts.loc[usable, "lower"], counts.loc[usable, "upper"] = interval.low, interval.high
        notes = ["The interval treats the cases as a random sample of all cases of their kind."]
        if not usable.all() and self.catalogue.suppress_below is not None:
            notes.append(
                f"Samples without a figure are {self.catalogue.suppressed('audits', self.force.code)}."
            )
        days = sorted(rows["period_end"].unique())
        ends = list(dict.fromkeys(formats.date(day) for day in (days[0], days[-1])))
        return interval_dot_plot(
            counts.reset_index(drop=True),
            id=f"{self.section.stem}.audit",
            title=f"Cases in which {self.force.possessive} own audits found what they looked for",
            provenance=[self.catalogue.provenance("audits")],
            period=f"samples to {' to '.join(ends)}",
            basis="computed",
            notes=notes,
        )

    def outcomes(self) -> Chart | display.Html:
        """The report's figure 4: outcome types of the force beside England and Wales, as printed."""
        from peelbook.figures.stacked_outcomes import stacked_outcomes

        rows = self._claims[(self._claims["figure"] == 4) & (self._claims["unit"] == "percent")]
        title = "Outcomes of victim-based crime, year ending 30 September 2023 (figure 4 of the report)"
        if rows.empty:
            return self._no_report(title)
        wide = rows.pivot(index="heading", columns="subject", values="value").reindex(
            list(dict.fromkeys(rows["heading"]))
        )
        table = pd.DataFrame(
            {
                "outcome": wide.index,
                "value": wide[self.force.code].astype(float).to_numpy() / 100,
                "comparator_value": wide[ENGLAND_AND_WALES].astype(float).to_numpy() / 100,
            }
        )
        return stacked_outcomes(
            table,
            id=f"{self.section.stem}.figure_4",
            title=title,
            force=self.force,
            provenance=[self.catalogue.provenance("claims")],
            period="year ending 30 September 2023",
            basis="as printed",
            notes=[
                "British Transport Police and the City of London are left out of the England and Wales column.",
                "The shares do not add up to 100%: some crimes had no outcome yet and some outcomes are not listed.",
            ],
        )

    def claims(self) -> display.Html:
        """The section's printed numbers with their verdicts."""
        if self._claims.empty:
            return display.note(
                "No printed numbers to check yet",
                [
                    f"The inspection report on {self.force.full_name} has not been entered in the ledger.",
                    f"To enter it, run: peelbook claims new --force {self.force.slug}",
                ],
            )
        return claims.box(self.catalogue, self.force.code, self.section.stem)


@cache
def _printed_charts() -> dict[str, Any]:
    return tomllib.loads((PACKAGE / "printed_charts.toml").read_text(encoding="utf-8"))


def _lower(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
