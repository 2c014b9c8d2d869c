"""One force at a glance: what stands out, what changed most, its place on every measure, and what is not known.

Everything is computed for all forces at once, so that a force's page costs no arithmetic of its own. A finding says
where a figure lies and how it moved; whether that is good or bad is not for it to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from peelbook import areas, compare, formats, measures

if TYPE_CHECKING:
    from peelbook.catalogue import Catalogue
    from peelbook.measures import Measure

FINDINGS = 5
_LEVELS = 3  # of the findings, at most so many say where a figure lies; the others, how one moved

_BACK = 5  # years before the newest in which a missing figure is named


def profiles(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """The profile of every force, by code, as plain values that JSON can hold.

    Each has `rows` (one a measure that forces can be compared on, for its newest year: id, label, period, value,
    place, mean, pooled, neighbours, similar, change, `strip`), `findings` (at most five sentences), `within` (where
    these are fewer, the figures furthest from the average that lie inside the limits), `peers` (its neighbours and
    similar forces: what they are called, slug and short name of each, and the reason where there are none) and
    `unknown` (label and reason of each measure, and of each of the last years, that the force has no figure for). A
    strip is the places of all forces and of this one on a scale of 0 to 100.
    """
    peers = _peers(catalogue)
    found: dict[str, dict[str, Any]] = {
        force.code: {
            "rows": [],
            "unknown": [],
            "candidates": [],
            "peers": _named(catalogue, peers[force.code]),
        }
        for force in catalogue.forces
    }
    for measure, frame, period in _newest(catalogue):
        table = {row["force_code"]: row for row in compare.ranked(frame, period).to_dict("records")}
        shared = Counter(row["value"] for row in table.values())
        averages = compare.averages(compare.at_period(frame, period))
        moved = _moved(measure, frame, period)
        earlier = _earlier(measure, frame, period)
        scale = _Scale([row["value"] for row in table.values()])
        usual = [day for day in _usual(frame) if day < period][-_BACK:]
        known = set(zip(frame["force_code"], frame["period_end"], strict=True))
        for force in catalogue.forces:
            own = found[force.code]
            row = table.get(force.code)
            if row is None or formats.is_missing(row["value"]):
                reason = measures.missing_reason(catalogue, measure.id, force.code, period)
                own["unknown"].append({"label": measure.label, "reason": reason})
                continue
            for day in usual:
                if (force.code, day) not in known:
                    reason = measures.missing_reason(catalogue, measure.id, force.code, day)
                    label = f"{measure.label}, {measure.period_name(day)}"
                    own["unknown"].append({"label": label, "reason": reason})
            place = formats.place(int(row["rank"]), len(table), shared[row["value"]])
            change = _change(measure, row["value"], earlier.get(force.code))
            near = {name: _mean(measure, table, group.codes) for name, group in peers[force.code].items()}
            own["rows"].append(
                {
                    "id": measure.id,
                    "label": measure.label,
                    "period": measure.period_name(period),
                    "value": measure.format(row["value"]),
                    "place": f"{place} of {len(table)}",
                    "mean": measure.format(averages.mean_of_forces),
                    "pooled": "" if averages.pooled is None else measure.format(averages.pooled),
                    **near,
                    "change": change,
                    "strip": [scale.ticks, scale(row["value"])],
                }
            )
            striking = _candidates(
                measure,
                period,
                row,
                place,
                len(table),
                averages,
                near["similar"],
                change,
                moved.get(force.code),
            )
            # What stands out because the file is not complete is no finding about the force.
            days = (period, _before(period))
            care = [text for name in measure.tables for text in catalogue.cautions(name, force.code, days)]
            if care and any(item["kind"] != "within" for item in striking):
                label = f"{measure.label}, {measure.period_name(period)}"
                own["unknown"] += [{"label": label, "reason": text} for text in dict.fromkeys(care)]
            elif not care:
                own["candidates"] += striking
    for own in found.values():
        candidates = _newest_of_each(own.pop("candidates"))
        own["findings"] = _chosen(candidates)
        own["within"] = _furthest_within(candidates, FINDINGS - len(own["findings"]))
    return found


def _peers(catalogue: Catalogue) -> dict[str, dict[str, areas.Peers]]:
    """The neighbours and the similar forces of each force, by code."""
    similar = areas.similar_of_all(catalogue)
    return {
        code: {"neighbours": areas.neighbours(catalogue, code), "similar": similar[code]}
        for code in catalogue.forces.codes
    }


def _named(catalogue: Catalogue, peers: Mapping[str, areas.Peers]) -> list[dict[str, Any]]:
    return [
        {
            "basis": group.basis,
            "forces": [
                [catalogue.forces[code].slug, catalogue.forces[code].short_name] for code in group.codes
            ],
            "reason": group.reason,
        }
        for group in peers.values()
    ]


def _mean(measure: Measure, table: Mapping[str, Mapping[str, Any]], codes: Sequence[str]) -> str:
    """The mean of a few forces' figures as printed, of those that averages do not leave out; empty for none."""
    values = [
        table[code]["value"]
        for code in codes
        if code in table and not table[code]["left_out"] and not formats.is_missing(table[code]["value"])
    ]
    return measure.format(sum(values) / len(values)) if values else ""


def _newest(catalogue: Catalogue) -> Iterator[tuple[Measure, pd.DataFrame, pd.Timestamp]]:
    """The measures that forces can be compared on as a whole, their figures and their newest period."""
    known: set[Any] = set()
    for measure in measures.registry().values():
        whole = (
            measure.whole and not measure.default and "years" not in measure.breakdowns and not measure.areas
        )
        # A count says how large an area is; a change is of a figure that is here itself.
        compared = measure.kind.comparators and not measure.kind.less
        if not compared or not whole or not all(map(catalogue.has, measure.tables)):
            continue
        # A second denominator for the same count, such as that of a census, is on the measure's page, not here.
        part = measure.numerator
        counted = (measure.kind, part.table, part.columns, part.by, tuple(sorted(part.where.items())))
        if counted in known and measure.resident_population:
            continue
        known.add(counted)
        frame = measures.compute(catalogue, measure.id)
        if measure.period in ("year", "quarter") and (frame["period_end"].dt.month == 3).any():
            frame = measures.yearly(frame)
        frame = frame[frame["value"].notna()]
        if days := _usual(frame):
            yield measure, frame, days[-1]


def _usual(frame: pd.DataFrame) -> list[pd.Timestamp]:
    """The periods in which at least half as many forces as ever have a figure, and two at least, oldest first."""
    counts = frame.groupby("period_end")["force_code"].nunique()
    return sorted(counts[counts >= max(2, counts.max() / 2)].index) if len(counts) else []


def _before(period: pd.Timestamp) -> pd.Timestamp:
    return period - pd.DateOffset(years=1)


def _earlier(measure: Measure, frame: pd.DataFrame, period: pd.Timestamp) -> Mapping[str, float]:
    rows = frame[frame["period_end"] == _before(period)]
    return dict(zip(rows["force_code"], rows["value"].tolist(), strict=True))


def _moved(measure: Measure, frame: pd.DataFrame, period: pd.Timestamp) -> dict[str, dict[str, Any]]:
    """Each force's tested change since the year before, where the measure has a test."""
    days = set(frame["period_end"])
    if not measure.kind.tested or not measure.has_sampling_error or _before(period) not in days:
        return {}
    table = compare.changes(frame, period, _before(period))
    return {row["force_code"]: row for row in table.to_dict("records")}


def _change(measure: Measure, value: float, earlier: float | None) -> str:
    """The change since the year before in words: points of a share, else the part by which it moved."""
    if earlier is None or formats.is_missing(earlier):
        return ""
    if measure.unit == "%":
        return f"{formats.signed(100 * (value - earlier), measure.decimals)} points"
    return formats.signed_percent(value / earlier - 1, 0) if earlier > 0 else ""


class _Scale:
    """Places values on 0 to 100; one or two far above all others do not squash the rest."""

    def __init__(self, values: Sequence[float]):
        from peelbook.figures._words import cut_above

        self.low = min(values)
        self.high = cut_above(values) or max(values)
        self.ticks = sorted({self(value) for value in values})

    def __call__(self, value: float) -> int:
        span = self.high - self.low
        return 50 if span <= 0 else round(100 * (min(value, self.high) - self.low) / span)


def _candidates(
    measure: Measure,
    period: pd.Timestamp,
    row: Any,
    place: str,
    n: int,
    averages: compare.Averages,
    similar: str,
    change: str,
    moved: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """What might be said of one figure: sentence, kind, direction, how far from the others, and about what."""
    about = _about(measure)
    when = measure.period_name(period)
    found = []
    tested = measure.has_verdict and not row["left_out"] and not formats.is_missing(row["z"])
    if tested:
        text = (
            f"{measure.label}: {measure.format(row['value'])} ({when}), {place} of {n}; "
            f"the mean of forces is {measure.format(averages.mean_of_forces)}"
            f"{f', of similar forces {similar}' if similar else ''}."
        )
        outside = row["funnel_verdict"] in (compare.HIGHER, compare.LOWER)
        kind = "level" if outside else "within"
        up = float(row["z"]) > 0
        far = abs(float(row["z"]))
        found.append({"kind": kind, "up": up, "far": far, "about": about, "day": period, "text": text})
    if moved and change and moved["direction"] != compare.STEADY and not formats.is_missing(moved["z"]):
        unlike = moved["verdict"] in (compare.HIGHER, compare.LOWER)
        verb = "rose" if moved["direction"] == compare.ROSE else "fell"
        others = "which sets it apart from other forces" if unlike else "in line with other forces’ changes"
        text = (
            f"{measure.label} {verb} from {measure.format(moved['earlier_value'])} to "
            f"{measure.format(moved['value'])} in a year ({change}), {others}."
        )
        far = abs(float(moved["z"])) + (100 if unlike else 0)
        up = verb == "rose"
        found.append({"kind": "change", "up": up, "far": far, "about": about, "day": period, "text": text})
    return found


def _about(measure: Measure) -> str:
    """What is counted: one and the same for a rate per head and one per officer of the same crimes.

    A label's words before its comma name it where a second publication counts it too, over another year ("…, calendar
    year", "…, newest release").
    """
    part = measure.numerator
    return next(
        (
            f"{other.numerator.table} {other.numerator.columns} {sorted(other.numerator.where.items())}"
            for other in measures.registry().values()
            if other.label == measure.label.partition(", ")[0]
        ),
        f"{part.table} {part.columns} {sorted(part.where.items())}",
    )


def _newest_of_each(candidates: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the newest period where one thing is counted in several: what stands out of an old one is old news."""
    newest: dict[str, pd.Timestamp] = {}
    for item in candidates:
        newest[item["about"]] = max(item["day"], newest.get(item["about"], item["day"]))
    return [item for item in candidates if item["day"] == newest[item["about"]]]


def _furthest_first(candidates: Sequence[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    """What might be said of one kind, in the order of how far it lies from the other forces."""
    return sorted(
        (item for item in candidates if item["kind"] == kind), key=lambda item: (-item["far"], item["text"])
    )


def _furthest_within(candidates: Sequence[Mapping[str, Any]], most: int) -> list[str]:
    """The figures inside the limits that lie furthest from the average, none of something that is a finding."""
    named = {item["about"] for item in candidates if item["kind"] == "level"}
    texts: list[str] = []
    for item in _furthest_first(candidates, "within"):
        if len(texts) < most and item["about"] not in named:
            named.add(item["about"])
            texts.append(item["text"])
    return texts


def _chosen(candidates: Sequence[Mapping[str, Any]]) -> list[str]:
    """At most five sentences, those furthest from the others first, of both directions where both are there.

    One thing counted makes one finding of each kind: a rate per head and one per officer of the same crimes do not
    fill the list.
    """
    texts: list[str] = []
    for kind, most in (("level", _LEVELS), ("change", FINDINGS)):
        ordered = _furthest_first(candidates, kind)
        first = [next((item for item in ordered if item["up"] is up), None) for up in (True, False)]
        ranked = [item for item in first if item is not None]
        ranked += [item for item in ordered if item not in ranked]
        seen: set[str] = set()
        for item in ranked:
            if len(texts) < most and item["about"] not in seen:
                seen.add(item["about"])
                texts.append(item["text"])
    return texts
