"""Turns a report's text into draft rows of the ledger: every number, in its place, with what is known of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from peelbook import measures
from peelbook.claims.draft._document import Block, Document
from peelbook.claims.draft._numbers import Number, find_numbers
from peelbook.claims.draft._periods import Period, find_periods, period_of, sentences
from peelbook.claims.draft._sections import section_of_heading
from peelbook.claims.draft._templates import Match, facts, find_outcome, find_templates
from peelbook.forces import ENGLAND_AND_WALES

if TYPE_CHECKING:
    from peelbook.forces import Force

MAPPED, FOUND, NO_CLAIM = "mapped", "found, not mapped", "no claim"

_GRADES = tuple(grade.lower() for grade in reversed(measures.GRADES))


@dataclass(frozen=True)
class DraftRow:
    """One number found (or one comparison in words), as far as it is understood.

    `fields` are columns of the ledger. `sentence` is the report's own and stays in the local review file.
    `status` is `MAPPED`, `FOUND` or `NO_CLAIM`; `reason` says why something is no claim.
    """

    status: str
    section: str
    place: str
    sentence: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""

    @property
    def claim_id(self) -> str:
        """The claim's name in the draft."""
        return str(self.fields.get("claim_id", ""))


#: What stands before a figure that is the average of forces: "the average across all forces is", and no other clause.
_SAYS_AVERAGE = re.compile(r"\b(?:average|mean)\b(?:[^.,;:(]|\.\d){0,90}$", flags=re.IGNORECASE)


@dataclass
class _State:
    """What is carried from paragraph to paragraph: section, period of the sentence before, figure of a table."""

    section: str = "overall_summary"
    period: Period | None = None
    section_period: Period | None = None


def draft_claims(document: Document, force: Force, cycle: str) -> list[DraftRow]:
    """Return every number of a report as draft rows, in order, with the non-claims among them.

    Parameters: the report as `read_report` gives it, the force it is about, and its cycle (`2023-25`). Nothing
    here gives a verdict: evidence is set only where a sentence follows a template.
    """
    report = f"peel-{cycle}-{force.slug}"
    state = _State()
    rows: list[DraftRow] = []
    for block in document.blocks:
        stem = section_of_heading(block.text, cycle) if _may_be_title(block) else ""
        if stem and (
            stem != "overall_summary" or block.level in (0, 1) or state.section == "overall_summary"
        ):
            state.section, state.section_period = stem, None
            state.period = None
        found = _Paragraph(block, state, force).rows()
        if state.section_period is None and state.period is not None and state.section != "overall_summary":
            state.section_period = state.period
        rows.extend(found)
    rows = [*rows, *_grades(document, cycle)]
    rows.extend(_grid(rows))
    rows.extend(
        DraftRow(NO_CLAIM, "", f"{number}:{mark}", "", {}, "note mark")
        for number, mark in document.note_marks
    )
    return _named(_with_later_periods(rows), report, force)


def _may_be_title(block: Block) -> bool:
    return block.kind == "heading" or (block.kind == "paragraph" and len(block.text) < 110)


def _with_later_periods(rows: list[DraftRow]) -> list[DraftRow]:
    """Give a comparison in a heading the period of the first figure of the same quantity that follows it."""
    done = []
    for index, row in enumerate(rows):
        wants = row.fields.get("_period_from")
        if wants:
            same = [
                item
                for item in rows
                if item.fields.get("quantity") == row.fields.get("quantity") and item is not row
            ]
            after = [item for item in same if item.fields.get("period_end")]
            later = next((item for item in rows[index:] if item in after), after[0] if after else None)
            fields = {key: value for key, value in row.fields.items() if key != "_period_from"}
            if later is not None:
                fields |= {key: later.fields.get(key, "") for key in ("period_start", "period_end")}
            fields["evidence"] = _year_before(fields.get("evidence", ""), fields.get("period_end", ""))
            row = replace(row, fields=fields)
        done.append(row)
    return done


def _year_before(evidence: str, end: str) -> str:
    if "{year_before}" not in evidence:
        return evidence
    if not end:
        return ""
    return evidence.replace("{year_before}", f"{int(end[:4]) - 1}{end[4:]}")


class _Paragraph:
    """The rows of one block: templates first, then what is left by its form."""

    def __init__(self, block: Block, state: _State, force: Force):
        self.block, self.state, self.force = block, state, force
        self.text = block.text
        self.numbers = find_numbers(block)
        self.sentences = sentences(self.text)
        self.periods = find_periods(self.text)
        self.carried = self._carried()
        self.used: set[int] = set()  # starts of numbers that belong to a row

    def rows(self) -> list[DraftRow]:
        """Return the rows of this block in the order of their places."""
        found: list[tuple[int, DraftRow]] = []
        outcome = find_outcome(self.text) if self.block.kind == "row" else None
        matches = [outcome[0]] if outcome else list(find_templates(self.text))
        for match in matches:
            found.extend(self._mapped(match))
        for number in self.numbers:
            if number.start in self.used:
                continue
            if number.no_claim:
                self.used.add(number.start)
                found.append((number.start, self._row(NO_CLAIM, number, {}, number.no_claim)))
            else:
                row = self._unmapped(number)
                if row is not None:
                    found.append((number.start, row))
        named = [item for item in self.periods if not item.previous]
        if named and self.block.kind != "heading":
            self.state.period = named[-1]
        return [row for _, row in sorted(found, key=lambda pair: pair[0])]

    def _carried(self) -> list[Period | None]:
        """For each sentence the period of the one before it, over the paragraph and from the paragraph before."""
        last, carried = self.state.period, []
        for begin, end in self.sentences:
            carried.append(last)
            own = [item for item in self.periods if begin <= item.at < end and not item.previous]
            last = own[0] if own else last
        return carried

    def _sentence(self, at: int) -> int:
        return next((i for i, (begin, end) in enumerate(self.sentences) if begin <= at < end), 0)

    def _sentence_text(self, at: int) -> str:
        if not self.sentences:
            return self.text
        begin, end = self.sentences[self._sentence(at)]
        return self.text[begin:end].strip()

    def _period(self, start: int, end: int) -> Period | None:
        if not self.sentences:
            return None
        index = self._sentence(start)
        sentence = self.sentences[index]
        begun = any(item.at < sentence[0] for item in self.periods)
        return period_of(start, end, sentence, self.text, self.periods, self.carried[index], begun)

    def _row(
        self, status: str, number: Number, fields: Mapping[str, Any], reason: str = "", section: str = ""
    ) -> DraftRow:
        return DraftRow(
            status,
            section or self.state.section,
            number.place,
            self._sentence_text(number.start),
            fields,
            reason,
        )

    # --- by template -----------------------------------------------------------------------------

    def _mapped(self, match: Match) -> Iterator[tuple[int, DraftRow]]:
        template = match.template
        section = template.section or self.state.section
        beside: dict[str, str] = {}  # the period of the first figure, which its average shares
        for group, spec in template.rows.items():
            if group not in match.spans:
                continue
            start, end = match.spans[group]
            if template.words:
                if row := self._worded(match, spec, section):
                    yield start, row
                continue
            number = next((item for item in self.numbers if item.start == start and item.end == end), None)
            if number is None or number.start in self.used:
                continue
            spec = self._own_or_average(template.rows, spec, number)
            row = self._measured(match, group, spec, number, section)
            if (
                spec.get("subject") == "average"
                and not spec.get("no_period")
                and not row.fields.get("period_end")
            ):
                row = replace(row, fields={**row.fields, **beside})
            beside = beside or {
                name: row.fields[name] for name in ("period_start", "period_end") if name in row.fields
            }
            yield start, row

    def _own_or_average(
        self, rows: Mapping[str, Mapping[str, Any]], spec: Mapping[str, Any], number: Number
    ) -> Mapping[str, Any]:
        """The form of a row; where its sentence says first that the figure is an average, that of the average."""
        begin = self.sentences[self._sentence(number.start)][0] if self.sentences else 0
        if spec.get("subject") == "average" or not _SAYS_AVERAGE.search(self.text[begin : number.start]):
            return spec
        same = (row for row in rows.values() if row.get("subject") == "average")
        average = next((row for row in same if row.get("quantity") == spec.get("quantity")), None)
        own = {key: value for key, value in spec.items() if key not in ("comparator", "label", "labelled")}
        return average or own | {"subject": "average", "id": f"{spec['id'].removesuffix('.force')}.average"}

    def _measured(
        self, match: Match, group: str, spec: Mapping[str, Any], number: Number, section: str
    ) -> DraftRow:
        fields = self._shape(number) | {
            key: spec[key]
            for key in ("heading", "quantity", "unit", "basis", "publication", "evidence", "figure")
            if key in spec
        }
        fields["claim_id"] = f"{section}.{spec['id']}"
        fields["subject"] = ENGLAND_AND_WALES if spec.get("subject") == "average" else self.force.code
        fields.setdefault("basis", self._basis(number.start))
        fields |= self._period_fields(number, spec)
        if "comparator" in spec and any(
            other.get("id") == spec["comparator"] and name in match.spans
            for name, other in match.template.rows.items()
        ):
            fields["comparator"] = f"{section}.{spec['comparator']}"
        if "label" in spec:
            fields["label"] = spec["label"]
        elif spec.get("labelled"):
            fields["label"] = self._label(number.end)
        if "denominator" in spec and spec["denominator"] in match.spans:
            below = next(item for item in self.numbers if item.start == match.spans[spec["denominator"]][0])
            self.used.add(below.start)
            fields |= {
                "numerator": fields["value"],
                "denominator": str(below.worth),
                "location": f"{number.place} {below.place}",
            }
        self.used.add(number.start)
        reason = ""
        if "measure(" in fields.get("evidence", "") and not fields.get("period_end"):
            # Without its period a figure would be held against the newest year, which it may not be about.
            fields["evidence"], reason = "", "the text names no period for it"
        return self._row(MAPPED, number, fields, reason, section=section)

    def _worded(self, match: Match, spec: Mapping[str, Any], section: str) -> DraftRow | None:
        template = match.template
        start, end = match.spans[template.words]
        word = self.text[start:end].lower()
        label = facts("trend_words").get(word, word)
        fields: dict[str, Any] = {
            key: spec[key]
            for key in ("heading", "quantity", "unit", "basis", "publication", "evidence")
            if key in spec
        }
        if "evidence_by_word" in spec:
            fields["evidence"] = spec["evidence_by_word"].get(label, spec["evidence_by_word"].get(word, ""))
        fields |= {
            "claim_id": f"{section}.{spec['id']}",
            "subject": self.force.code,
            "label": label,
            "location": "",
        }
        if template.value:
            fields |= {
                "value": template.value,
                "sense": template.sense,
                "decimals": "1" if spec["unit"] == "times" else "0",
            }
        period = self._period(start, end)
        if "default_period" in spec or "fixed_period" in spec:
            fields |= _given_period(spec.get("default_period", spec.get("fixed_period")))
        elif period is not None and not (spec.get("next_period") or spec.get("section_period")):
            fields |= _dates(period)
        else:
            fields["_period_from"] = "quantity"
        place = f"{self.block.number}:{word.split()[0]}"
        if template.scale and template.scale in match.spans:
            scale = next(item for item in self.numbers if item.start == match.spans[template.scale][0])
            self.used.add(scale.start)
            place = fields["location"] = scale.place
        return DraftRow(MAPPED, section, place, self._sentence_text(start), fields)

    def _period_fields(self, number: Number, spec: Mapping[str, Any]) -> dict[str, str]:
        if spec.get("no_period"):
            return {}
        if "fixed_period" in spec:
            return _given_period(spec["fixed_period"])
        period = self._period(number.start, number.end)
        if period is None and "default_period" in spec:
            return _given_period(spec["default_period"])
        if period is None:
            period = self._lent_period(number, spec)
        if period is None:
            return {}
        dates = _dates(period)
        return {"period_end": dates["period_end"]} if spec.get("day") else dates

    def _lent_period(self, number: Number, spec: Mapping[str, Any]) -> Period | None:
        """The period of a known figure whose sentence names none.

        A row of a table has the period of the caption above it. A sentence of a known form goes on with the period
        of its paragraph, and a few forms with that of the paragraph before.
        """
        if self.block.kind == "row" or spec.get("carry"):
            return self.state.period
        ahead = [item for item in self.periods if item.to <= number.start and not item.previous]
        return ahead[-1] if ahead else None

    def _label(self, after: int) -> str:
        """The report's comparison: in the rest of the sentence, or in the next one where that begins with "This"."""
        index = self._sentence(after - 1)
        end = self.sentences[index][1]
        reach = self.text[after:end]
        if index + 1 < len(self.sentences):
            begin, finish = self.sentences[index + 1]
            if re.match(r"\s*(?:This|It|That|Both|The(?:se)?)\b", self.text[begin:finish]):
                reach += self.text[begin:finish]
        found = [
            (match.start(), label)
            for label, pattern in facts("labels").items()
            if (match := re.search(pattern, reach, re.I))
        ]
        return min(found)[1] if found else ""

    # --- by form -----------------------------------------------------------------------------------

    def _shape(self, number: Number) -> dict[str, Any]:
        """Value, sense, unit and decimals of a number from the characters around it; places of its parts."""
        before, after = self.text[: number.start], self.text[number.end :]
        value, decimals, unit, places = number.worth, number.decimals, "count", [number.place]
        tail = after
        big = re.match(r"\s?(million|billion|m|bn)\b", after, re.I)
        money = bool(re.search(r"£\s?\Z", before))
        if big:
            words = {"m": "million", "bn": "billion"}
            name = words.get(big.group(1).lower(), big.group(1).lower())
            word = next((item for item in self.numbers if item.start == number.end + big.start(1)), None)
            if word is not None:
                self.used.add(word.start)
                places.append(word.place)
            tail = after[big.end() :]
            if money:
                unit = f"gbp_{name}"
            elif value is not None:
                value *= 10**6 if name == "million" else 10**9
                decimals -= 6 if name == "million" else 9
        fraction = re.search(r"half|halves|third|quarter", number.token)
        if fraction:
            unit = "percent"
            if number.token in ("third", "quarter"):
                value = Fraction(100, 3 if number.token == "third" else 4)
        elif money and not big:
            unit = "gbp"
        if not money:
            unit = _unit(before, tail, unit)
        if unit == "gbp" and re.match(r"\s?per (?:1,000|thousand)", tail):
            unit = "gbp_per_1000"
        sense = _sense(before)
        if fraction and value is not None and value.denominator != 1:
            sense, value = "~", Fraction(round(value))
        if sense == "~" and value is not None and value.denominator == 1 and value >= 1000:
            decimals = min(decimals, -3) if value % 1000 == 0 else decimals
        if re.fullmatch(r"\d{4}[/–-]\d{2,4}", number.token):
            unit = "financial_year"
        elif (
            re.fullmatch(r"(?:19|20)\d\d", number.token)
            and unit == "count"
            and re.search(r"\b(?:since|in|by) \Z", before, re.I)
        ):
            unit = "year"
        value_text = "" if value is None else _decimal(value, decimals)
        return {
            "value": value_text,
            "sense": sense if value_text else "",
            "unit": unit,
            "decimals": str(decimals) if value_text else "",
            "location": " ".join(places),
        }

    def _unmapped(self, number: Number) -> DraftRow | None:
        """A row for a number that no template knows: its form, no evidence."""
        if number.worth is None and number.token != "quarter":
            return None
        fields = self._shape(number)
        fields |= {
            "basis": self._basis(number.start),
            "subject": self._subject(number),
            "heading": "",
            "quantity": "",
        }
        places = [fields["location"]]
        after = self.text[number.end :]
        pair = re.match(
            r"(?:%| percent| per cent)? (?:out )?of (?:the |these |those |all |its |a total of |a sample of )*",
            after,
            re.I,
        )
        if pair and not fields["unit"].startswith("gbp"):
            below = next((item for item in self.numbers if item.start == number.end + pair.end()), None)
            if (
                below is not None
                and below.worth is not None
                and number.worth is not None
                and below.worth >= number.worth
                and (
                    below.worth.denominator == 1
                    and fields["unit"] == "count"
                    and number.worth.denominator == 1
                )
            ):
                self.used.add(below.start)
                places.append(below.place)
                fields |= {"numerator": fields["value"], "denominator": str(below.worth), "decimals": "0"}
                if fields["basis"] == "HMICFRS finding":
                    fields["basis"] = "HMICFRS audit"
        earlier = self._earlier_sample(number)
        if (
            "denominator" not in fields
            and earlier is not None
            and fields["unit"] == "count"
            and number.worth is not None
        ):
            fields |= {"numerator": fields["value"], "denominator": str(earlier.worth)}
            places.append(earlier.place)
        if (
            re.search(r"[–-]\Z|\b(?:to|and) (?:£)?\Z", self.text[: number.start])
            and fields["unit"] == "count"
        ):
            fields["unit"] = _unit("", self.text[number.end :], fields["unit"])
        elif re.match(r"\s?[–-]\s?£?\d", after) and fields["unit"] == "count":
            rest = re.sub(r"^\s?[–-]\s?£?[\d.,]+", "", after)
            fields["unit"] = _unit("", rest, fields["unit"])
        if fields["unit"] == "count" and re.search(r"1:\Z", self.text[: number.start]):
            fields["unit"] = "per_manager"
        if re.match(r":\d", after) and number.token == "1":
            following = next((item for item in self.numbers if item.start == number.end + 1), None)
            if following is not None:
                return self._ratio(number, following)
        period = self._period(number.start, number.end)
        if period is not None and fields["unit"] not in ("year", "financial_year"):
            fields |= _dates(period)
        fields["location"] = " ".join(places)
        self.used.add(number.start)
        return self._row(FOUND, number, fields)

    def _ratio(self, one: Number, number: Number) -> DraftRow:
        self.used |= {one.start, number.start}
        fields = self._shape(number) | {
            "unit": "per_manager",
            "basis": self._basis(number.start),
            "subject": self.force.code,
            "location": f"{one.place} {number.place}",
            "heading": "",
            "quantity": "",
        }
        return self._row(FOUND, number, fields)

    def _earlier_sample(self, number: Number) -> Number | None:
        """The sample that "in 84 of these" refers to: the last whole count of the sentence before."""
        if not re.match(r" of (?:these|those|them)\b", self.text[number.end :]):
            return None
        index = self._sentence(number.start)
        begin, end = self.sentences[max(0, index - 1)]
        before = [
            item
            for item in self.numbers
            if begin <= item.start < end
            and not item.no_claim
            and item.worth is not None
            and item.worth >= (number.worth or 0)
        ]
        return before[0] if index and before else None

    def _subject(self, number: Number) -> str:
        sentence = self._sentence_text(number.start)
        average = re.search(r"average|for all forces|across (?:all )?forces|nationally", sentence, re.I)
        begin = self.sentences[self._sentence(number.start)][0] if self.sentences else 0
        near = self.text[max(begin, number.start - 60) : number.end + 60]
        if average and re.search(r"average|all forces|nationally|England and Wales", near, re.I):
            return ENGLAND_AND_WALES
        return self.force.code

    def _basis(self, at: int) -> str:
        sentence = self._sentence_text(at)
        for basis, pattern in facts("bases").items():
            if re.search(pattern, sentence, re.I):
                return basis
        return "HMICFRS finding"


_TIME_UNITS = ("second", "minute", "hour", "day", "week", "month", "year")


def _unit(before: str, after: str, unit: str) -> str:
    """Unit of a number from what follows it (and a rate from what follows its noun)."""
    if re.match(r"\s?(?:%|percent(?!age)|per cent(?!age))", after):
        return "percent"
    if re.match(r"[- ]?(?:percentage points?|percentage-point)", after):
        return "percentage_points"
    if re.match(r" times (?:more|as|higher|the)\b", after):
        return "times"
    if re.match(r" times (?:a|per) year", after):
        return "per_year"
    if rate := re.match(r"(?:[^.;,\d]|,(?!\s)){0,70}? per (1,000|100,000|10,000)\b", after):
        return {"1,000": "per_1000", "100,000": "per_100000"}.get(rate.group(1), unit)
    if re.match(r" (?:\w+ )?(?:offences|cases|meetings) (?:a|per) year", after):
        return "per_year"
    for name in _TIME_UNITS:
        if re.match(rf"[- ](?:\w+ )?{name}s?\b", after) and not re.match(r"[- ]\w+ \w+ " + name, after):
            between = re.match(rf"[- ](\w+ )?{name}s?\b", after)
            if between and (between.group(1) or "").strip() in (
                "",
                "more",
                "full",
                "working",
                "calendar",
                "further",
            ):
                return f"{name}s"
    return unit


def _sense(before: str) -> str:
    tail = before[-28:].lower()
    for sense, pattern in (
        (
            "~",
            r"\b(?:around|about|approximately|roughly|nearly|almost|close to|some|an estimated)(?: \w+)? ?£?\Z",
        ),
        (">=", r"\b(?:at least|a minimum of|no fewer than|no less than) ?£?\Z"),
        ("<=", r"\b(?:up to|no more than|a maximum of|at most|not more than|within) ?£?\Z"),
        (">", r"\b(?:more than|over|above|exceeding|in excess of) ?£?\Z"),
        ("<", r"\b(?:fewer than|less than|below|under) ?£?\Z"),
    ):
        if re.search(pattern, tail):
            return "=" if sense == "<=" and "within" in tail[-9:] else sense
    return "="


def _decimal(value: Fraction, decimals: int) -> str:
    """A value as the ledger writes it: the digits printed, without comma."""
    if value.denominator == 1 and decimals <= 0:
        return str(value.numerator)
    return f"{float(value):.{max(decimals, 0)}f}"


def _dates(period: Period) -> dict[str, str]:
    return {
        "period_start": period.start.isoformat() if period.start else "",
        "period_end": period.end.isoformat(),
    }


def _given_period(text: str) -> dict[str, str]:
    start, _, end = text.partition("/")
    return {"period_start": start, "period_end": end}


# --- grades ------------------------------------------------------------------------------------------------------


def _grades(document: Document, cycle: str) -> Iterator[DraftRow]:
    """The grade of each section: the sentence that gives it, or the word under the section's title."""
    given: dict[str, tuple[str, Block]] = {}
    section = ""
    blocks = document.blocks
    for index, block in enumerate(blocks):
        stem = section_of_heading(block.text, cycle) if _may_be_title(block) else ""
        if stem:
            section = stem
        if section not in facts("grade_codes") or section in given:
            continue
        sentence = re.search(
            r"\b(?:is|was) (outstanding|good|adequate|inadequate) at\b|\b(requires improvement) (?:at|in)\b",
            block.text,
        )
        if sentence and block.kind == "paragraph":
            given[section] = ((sentence.group(1) or sentence.group(2)).lower(), block)
        elif stem and index + 2 < len(blocks):
            below = " ".join(item.text for item in blocks[index + 1 : index + 3]).lower()
            word = next((grade for grade in _GRADES if re.match(rf"{grade}\b", below)), "")
            if word:
                given[section] = (word, blocks[index + 1])
    for stem, (grade, block) in given.items():
        fields = {
            "claim_id": f"{stem}.grade",
            "heading": "Judgment",
            "quantity": "grade",
            "unit": "grade",
            "basis": "HMICFRS judgment",
            "label": grade,
            "publication": "judgments",
            "evidence": f'grade("{facts("grade_codes")[stem]}")',
            "location": "",
        }
        yield DraftRow(MAPPED, stem, f"{block.number}:{grade.split()[0]}", block.text, fields)


def _grid(rows: Iterable[DraftRow]) -> Iterator[DraftRow]:
    """How many areas have each grade: a count of the grid at the head of a report."""
    grades = [str(row.fields["label"]) for row in rows if row.fields.get("unit") == "grade"]
    if len(grades) < len(facts("grade_codes")):
        return  # a part of a report: its grid is not here to be counted
    for grade in _GRADES:
        fields = {
            "claim_id": f"overall_summary.grades_{grade.replace(' ', '_')}",
            "heading": f"Areas graded {grade}",
            "quantity": f"areas_graded_{grade.replace(' ', '_')}",
            "value": str(grades.count(grade)),
            "sense": "=",
            "unit": "count",
            "decimals": "0",
            "basis": "HMICFRS judgment",
            "publication": "judgments",
            "evidence": f'grades("{grade}")',
            "location": "",
        }
        yield DraftRow(MAPPED, "overall_summary", f"grid:{grade}", "", fields)


def _named(rows: list[DraftRow], report: str, force: Force) -> list[DraftRow]:
    """Give every row the report's name, its force and a claim_id of its own; the same figure twice is one row."""
    done: list[DraftRow] = []
    by_id: dict[str, int] = {}
    for row in rows:
        if row.status == NO_CLAIM:
            done.append(row)
            continue
        fields = {
            "report": report,
            "force_code": force.code,
            "section": row.section,
            "subject": force.code,
        } | dict(row.fields)
        block, _, token = row.place.partition(":")
        name = fields.get("claim_id") or f"{row.section}.line_{block}_{re.sub(r'[^a-z0-9]+', '_', token)}"
        seen = by_id.get(name)
        if seen is not None:
            same = done[seen].fields
            alike = all(
                same.get(key, "") == fields.get(key, "") for key in ("value", "period_end", "subject")
            )
            if alike:
                places = f"{same.get('location', '')} {fields.get('location', '')}".split()
                done[seen] = replace(done[seen], fields={**same, "location": " ".join(dict.fromkeys(places))})
                continue
            suffix = 2
            while f"{name}_{suffix}" in by_id:
                suffix += 1
            name = f"{name}_{suffix}"
        fields["claim_id"] = name
        fields["heading"] = fields.get("heading") or "To be named"
        fields["quantity"] = fields.get("quantity") or "unnamed"
        fields["publication"] = fields.get("publication") or "The force's own records"
        fields["statement"] = ""
        by_id[name] = len(done)
        done.append(replace(row, fields=fields))
    for place, row in enumerate(done):
        # The two sides of a comparison may stand in sentences of their own.
        average = f"{row.claim_id.removesuffix('.force')}.average"
        if row.claim_id.endswith(".force") and row.fields.get("label") and average in by_id:
            done[place] = replace(row, fields={**row.fields, "comparator": average})
    return done
