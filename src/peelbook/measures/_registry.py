"""Reads `registry.toml` into measures and refuses one that breaks its schema.

The registry is data so that a new measure is one entry: code reads it, tests check it, the measure
reference page prints it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import Any

from peelbook import formats
from peelbook.errors import Fault, TableContractError, UnknownMeasureError
from peelbook.measures._kinds import CHANGE, KINDS, Kind

FILE = Path(__file__).with_name("registry.toml")

MATCHES = ("same", "mid_year", "newest_mid_year", "census")
STEPS = {"": 1, "quarter": 4, "month": 12}

_PART_KEYS = {"table", "column", "label", "where", "by", "every", "match"}
_REQUIRED = {"id", "label", "definition", "kind", "unit", "decimals", "period", "sentence", "numerator"}
_OPTIONAL = {
    "denominator",
    "scale",
    "breakdowns",
    "default",
    "reference",
    "structure",
    "subject",
    "subject_by",
    "noun",
    "excluded",
    "caveats",
    "over_time",
    "exclusions",
    "polarity",
    "areas",
    "whole",
}
_PLACEHOLDERS = {"force", "value", "noun", "subject", "period"}
_NOTES = ("caveats", "over_time", "exclusions")


@dataclass(frozen=True)
class Part:
    """One side of a measure: which column of which table, filtered how, matched to which period.

    `str(part)` is its label, as pages print it.
    """

    table: str
    columns: tuple[tuple[str, int], ...]  # (column, +1 or -1)
    label: str
    where: Mapping[str, tuple[str, ...]]
    by: tuple[str, ...] = ()
    every: str = ""
    match: str = "same"

    def __str__(self) -> str:
        return self.label


def _residents(table: str, column: Any) -> bool:
    """Whether a denominator is the people who live in the area."""
    return table.startswith("population") or column == "census_population_count"


@dataclass(frozen=True)
class Measure:
    """One measure of the registry.

    `scale` multiplies numerator / denominator (1,000 for "per 1,000"); shares have scale 1 and are
    0 to 1. `period` is a key of `formats.PERIODS`. `breakdowns` maps a dimension to its values (empty:
    any value of the table's column). `excluded` are the force codes that averages and limits leave
    out. `over_time` must be said wherever years are compared. `polarity` is `"none"`, `"higher"` or
    `"lower"` and says which way a published standard points. `whole` is false for a measure that says
    something of one category of its breakdown only.
    """

    id: str
    label: str
    definition: str
    kind: Kind
    numerator: Part
    denominator: Part | None
    scale: float
    unit: str
    decimals: int
    period: str
    sentence: str
    breakdowns: Mapping[str, tuple[Any, ...]]
    default: Mapping[str, Any]
    reference: Mapping[str, Any]
    structure: str
    subject: str
    subject_by: Mapping[str, str]
    noun: tuple[str, str]
    excluded: tuple[str, ...]
    exclusions: tuple[str, ...]
    caveats: tuple[str, ...]
    over_time: tuple[str, ...]
    polarity: str
    areas: str
    whole: bool
    publications: tuple[str, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables a computation reads, numerator's first."""
        parts = [self.numerator, *([self.denominator] if self.denominator else [])]
        return tuple(dict.fromkeys(part.table for part in parts))

    @property
    def comparators(self) -> tuple[str, ...]:
        """The averages that make sense for this measure: `"mean of forces"`, `"total over total"`."""
        # The areas of a measure that is not of forces are not compared with each other.
        return () if self.areas and not self.kind.pooled else self.kind.comparators

    @property
    def resident_population(self) -> bool:
        """Whether the denominator is the people who live in the area."""
        return self.denominator is not None and _residents(
            self.denominator.table, self.denominator.columns[0][0]
        )

    @property
    def names_period(self) -> bool:
        """Whether the sentence names its period itself, and so is not opened with it."""
        return "{period}" in self.sentence

    @property
    def has_sampling_error(self) -> bool:
        """Whether the figure counts events, which chance moves from year to year.

        A roll call of staff or residents and a sum of money are complete counts: they have no interval.
        """
        money = any(column.endswith("_gbp") for column, _ in self.numerator.columns)
        return self.period in ("year", "quarter", "month") and not money

    @property
    def denominator_has_sampling_error(self) -> bool:
        """Whether chance moves what a ratio divides by.

        It does not move officers, residents or money, which are complete counts, nor the incidents that a
        tactic is one of: given the incidents, only the tactics are left to chance.
        """
        if self.denominator is None:
            return False
        table, columns = self.denominator.table, [column for column, _ in self.denominator.columns]
        whole = table.startswith("population") or any(
            column.endswith(("_gbp", "fte", "headcount")) for column in columns
        )
        return not whole and not self.numerator.table.startswith(f"{table}_")

    @property
    def has_verdict(self) -> bool:
        """Whether "higher or lower than expected" can be said of it; not of who lives in an area."""
        return self.kind.has_verdict and not self.numerator.table.startswith("population")

    def format(self, value: Any) -> str:
        """One value as printed, without its unit: `19.8`, `18.6%`, `£489,705`."""
        return self.kind.write(value, self.unit, self.decimals)

    def with_unit(self, value: Any) -> str:
        """One value as printed, with its unit: `19.8 per 1,000 population`."""
        if self.kind.named:
            return self.format(value)
        return formats.with_unit(value, self.unit, self.decimals)

    def subject_of(self, dimension: Mapping[str, Any], count: float | None = None) -> str:
        """What a sentence is about, given a breakdown: `victim-based offences`, `robbery offences`."""
        noun = self.noun_of(count)
        named = [name for name in self.subject_by if name in dimension]
        if not named:
            return self.subject.format(noun=noun)
        parts = []
        for place, name in enumerate(named):
            value = dimension[name]
            chosen = [str(item) for item in (value if isinstance(value, (list, tuple)) else [value])]
            # Only the first phrase names the thing; the others add to it.
            text = self.subject_by[name].format(
                value=formats.joined(map(registry().phrase, chosen)),
                category=formats.joined(chosen),
                noun="" if place else noun,
            )
            parts.append(text.strip())
        return " ".join(parts)

    def noun_of(self, count: float | None = None) -> str:
        """The thing counted, in the singular for exactly one."""
        return self.noun[0 if count == 1 else 1]

    def period_name(self, period_end: Any) -> str:
        """The name of a period: `year ending 31 March 2023`, `31 March 2023`."""
        return formats.period(period_end, self.period)


class Registry(Mapping[str, Measure]):
    """Measures by id. An unknown id raises `UnknownMeasureError` with the nearest ids."""

    def __init__(
        self,
        measures: Mapping[str, Measure],
        publications: Mapping[str, str],
        phrases: Mapping[str, str],
        not_public: Iterable[str] = (),
    ):
        self._measures = dict(measures)
        #: Tables of `publications` whose figures nobody publishes by force.
        self.not_public = frozenset(not_public)
        self.publications = MappingProxyType(dict(publications))
        self._phrases = dict(phrases)

    def phrase(self, category: Any) -> str:
        """A category as it stands in the middle of a sentence: `Robbery` -> `robbery offences`."""
        return self._phrases.get(str(category), str(category).lower())

    def __getitem__(self, measure_id: str) -> Measure:
        try:
            return self._measures[measure_id]
        except KeyError:
            import difflib

            near = difflib.get_close_matches(str(measure_id), self._measures, n=3, cutoff=0.5)
            hint = f"Did you mean {', '.join(near)}? " if near else ""
            raise UnknownMeasureError(
                f"The registry has no measure {measure_id!r}. {hint}Fix: use an id of measures/registry.toml, "
                "or see them all with section.measures() in a notebook or `peelbook list measures`."
            ) from None

    def __contains__(self, measure_id: object) -> bool:
        return measure_id in self._measures

    def __iter__(self) -> Iterator[str]:
        return iter(self._measures)

    def __len__(self) -> int:
        return len(self._measures)


@cache
def registry() -> Registry:
    """Return the measures of `registry.toml`, in its order. Raises `TableContractError` with every fault."""
    return parse(FILE.read_text(encoding="utf-8"), source=FILE.name)


def parse(text: str, *, source: str) -> Registry:
    """Read a registry from TOML text.

    Raises `TableContractError` listing every breach: an unknown key, kind, set, note or placeholder, a
    measure that divides without a denominator, two measures of one id.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TableContractError(
            source, [Fault("", None, "", f"not TOML: {error}", "mend the syntax")]
        ) from error
    reader = _Reader(data)
    measures = reader.measures()
    if reader.faults:
        raise TableContractError(source, reader.faults)
    return Registry(measures, data["publications"], data["phrases"], reader.not_public)


class _Reader:
    """Checks raw TOML and builds measures; collects faults instead of stopping at the first."""

    def __init__(self, data: Mapping[str, Any]):
        self.data = data
        self.faults: list[Fault] = []
        self.sets: Mapping[str, list[str]] = data.get("sets", {})
        self.notes: Mapping[str, str] = data.get("notes", {})
        self.publications: Mapping[str, str] = data.get("publications", {})
        self.not_public: Sequence[str] = data.get("not_public", {}).get("tables", [])
        self.id = ""

    def fault(self, key: str, value: Any, rule: str, fix: str) -> None:
        self.faults.append(Fault(f"{self.id}.{key}", None, str(value), rule, fix))

    def measures(self) -> dict[str, Measure]:
        for key in ("version", "sets", "phrases", "notes", "publications", "measure"):
            if key not in self.data:
                self.fault(key, "", "the section is missing", f"add [{key}]")
        for name in self.not_public:
            if name not in self.publications:
                self.fault("not_public", name, "no publication has this name", "use a name of [publications]")
        found: dict[str, Measure] = {}
        for raw in self.data.get("measure", []):
            self.id = str(raw.get("id", "?"))
            before = len(self.faults)
            self.check(raw)
            if self.id in found:
                self.fault("id", self.id, "two measures have this id", "rename one")
            if len(self.faults) == before:
                found[self.id] = self.build(raw)
        used = {note for raw in self.data.get("measure", []) for key in _NOTES for note in raw.get(key, ())}
        self.id = "notes"
        for note in self.notes.keys() - used:
            self.fault(note, "", "no measure uses this note", "remove it")
        return found

    def check(self, raw: Mapping[str, Any]) -> None:
        for key in sorted(_REQUIRED - raw.keys()):
            self.fault(key, "", "the key is missing", f"add {key}")
        for key in sorted(raw.keys() - _REQUIRED - _OPTIONAL):
            self.fault(key, raw[key], "unknown key", f"use one of {', '.join(sorted(_REQUIRED | _OPTIONAL))}")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.id):
            self.fault("id", self.id, "not an id", "use small letters, digits and underscores")
        kind = KINDS.get(raw.get("kind", ""))
        if kind is None:
            self.fault("kind", raw.get("kind"), "unknown kind", f"use one of {', '.join(KINDS)}")
        elif kind.divided != ("denominator" in raw):
            self.fault(
                "denominator", "", f"a {kind} has {'a' if kind.divided else 'no'} denominator", "mend it"
            )
        if raw.get("period") not in formats.PERIODS:
            self.fault(
                "period", raw.get("period"), "unknown period", f"use one of {', '.join(formats.PERIODS)}"
            )
        if raw.get("polarity", "none") not in ("none", "higher", "lower"):
            self.fault("polarity", raw["polarity"], "unknown polarity", "use none, higher or lower")
        for key in _NOTES:
            for note in raw.get(key, ()):
                if note not in self.notes:
                    self.fault(key, note, "no such note", "add it to [notes]")
        self.check_residents(raw)
        for key in ("numerator", "denominator"):
            if key in raw:
                self.check_part(key, raw[key], raw.get("breakdowns", {}))
        for dimension, values in raw.get("breakdowns", {}).items():
            if isinstance(values, str) and values.removeprefix("@") not in self.sets:
                self.fault("breakdowns", values, "no such set", "add it to [sets]")
            if dimension != "years" and not any(
                dimension in raw.get(side, {}).get("by", ()) for side in ("numerator", "denominator")
            ):
                self.fault("breakdowns", dimension, "no part is filtered by it", "add it to a part's `by`")
        for key in ("default", "reference", "subject_by"):
            for dimension in raw.get(key, {}):
                if dimension not in raw.get("breakdowns", {}):
                    self.fault(key, dimension, "not a breakdown of this measure", "use one of its breakdowns")
        self.check_sentence(raw)

    def check_residents(self, raw: Mapping[str, Any]) -> None:
        """Only a figure per resident may give residents as the reason to leave British Transport Police out."""
        below = raw.get("denominator", {})
        per_resident = _residents(
            str(below.get("table", "")), below.get("column")
        ) or "per 1,000 population" in str(raw.get("unit", ""))
        right, wrong = ("btp", "btp_not_territorial") if per_resident else ("btp_not_territorial", "btp")
        if wrong in raw.get("exclusions", ()):
            said = "is" if per_resident else "is not"
            self.fault("exclusions", wrong, f"the figure {said} one per resident", f"use {right}")

    def check_part(self, side: str, part: Mapping[str, Any], breakdowns: Mapping[str, Any]) -> None:
        for key in sorted(part.keys() - _PART_KEYS):
            self.fault(
                f"{side}.{key}", part[key], "unknown key", f"use one of {', '.join(sorted(_PART_KEYS))}"
            )
        for key in ("table", "column", "label"):
            if key not in part:
                self.fault(f"{side}.{key}", "", "the key is missing", f"add {key}")
        if part.get("table") not in self.publications:
            self.fault(
                f"{side}.table",
                part.get("table"),
                "no publication is named for it",
                "add it to [publications]",
            )
        if part.get("match", "same") not in MATCHES:
            self.fault(f"{side}.match", part["match"], "unknown match", f"use one of {', '.join(MATCHES)}")
        if part.get("every", "") not in STEPS:
            self.fault(f"{side}.every", part["every"], "unknown step", "use quarter or month")
        for column, value in part.get("where", {}).items():
            if isinstance(value, str) and value.startswith("@") and value[1:] not in self.sets:
                self.fault(f"{side}.where.{column}", value, "no such set", "add it to [sets]")
        for dimension in part.get("by", ()):
            if dimension not in breakdowns:
                self.fault(f"{side}.by", dimension, "not a breakdown of this measure", "add it to breakdowns")

    def check_sentence(self, raw: Mapping[str, Any]) -> None:
        fields = {
            name for _, name, _, _ in Formatter().parse(str(raw.get("sentence", ""))) if name is not None
        }
        if unknown := fields - _PLACEHOLDERS:
            self.fault(
                "sentence",
                ", ".join(sorted(unknown)),
                "unknown placeholder",
                "use force, value, noun, subject, period",
            )
        if missing := {"force", "value"} - fields:
            self.fault("sentence", ", ".join(sorted(missing)), "the sentence lacks it", "put it in")
        if "period" in fields and raw.get("kind") == CHANGE:
            self.fault("sentence", "period", "a change names both of its ends", "take {period} out")
        for key in ("noun", "subject"):
            if (key in fields) and key not in raw:
                self.fault(key, "", "the sentence needs it", f"add {key}")

    def values(self, value: Any) -> tuple[Any, ...]:
        if isinstance(value, str) and value.startswith("@"):
            return tuple(self.sets[value[1:]])
        return tuple(value) if isinstance(value, list) else (value,)

    def part(self, raw: Mapping[str, Any]) -> Part:
        names = raw["column"] if isinstance(raw["column"], list) else [raw["column"]]
        return Part(
            table=raw["table"],
            columns=tuple((name.removeprefix("-"), -1 if name.startswith("-") else 1) for name in names),
            label=raw["label"],
            where=MappingProxyType(
                {column: self.values(value) for column, value in raw.get("where", {}).items()}
            ),
            by=tuple(raw.get("by", ())),
            every=raw.get("every", ""),
            match=raw.get("match", "same"),
        )

    def build(self, raw: Mapping[str, Any]) -> Measure:
        numerator = self.part(raw["numerator"])
        denominator = self.part(raw["denominator"]) if "denominator" in raw else None
        tables = dict.fromkeys(part.table for part in (numerator, denominator) if part)
        return Measure(
            id=raw["id"],
            label=raw["label"],
            definition=raw["definition"],
            kind=KINDS[raw["kind"]],
            numerator=numerator,
            denominator=denominator,
            scale=float(raw.get("scale", 1)),
            unit=raw["unit"],
            decimals=raw["decimals"],
            period=raw["period"],
            sentence=raw["sentence"],
            breakdowns=MappingProxyType(
                {dimension: self.values(values) for dimension, values in raw.get("breakdowns", {}).items()}
            ),
            default=MappingProxyType(dict(raw.get("default", {}))),
            reference=MappingProxyType(dict(raw.get("reference", {}))),
            structure=raw.get("structure", ""),
            subject=raw.get("subject", ""),
            subject_by=MappingProxyType(dict(raw.get("subject_by", {}))),
            noun=tuple(raw.get("noun", ("", ""))),
            excluded=tuple(raw.get("excluded", ())),
            exclusions=tuple(self.notes[note] for note in raw.get("exclusions", ())),
            caveats=tuple(self.notes[note] for note in raw.get("caveats", ())),
            over_time=tuple(self.notes[note] for note in raw.get("over_time", ())),
            polarity=raw.get("polarity", "none"),
            areas=raw.get("areas", ""),
            whole=raw.get("whole", True),
            publications=tuple(self.publications[table] for table in tables),
        )
