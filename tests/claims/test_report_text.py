"""Every number in the report's text is a claim or on the reviewed list, and every claim is in the text.

The report itself is not in the repository; places are named by line and token (`241:128,111`), so that
nothing of its prose is copied here.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from fractions import Fraction
from importlib.resources import files

import pytest

from peelbook.sections import all_sections

pytestmark = pytest.mark.sources

WORDS = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
} | {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "hundred": 100,
    "thousand": 1000,
    "million": None,
    "billion": None,
    "half": 50,  # of all, in percent
    "single": 1,
    "once": 1,
    "twice": 2,
    "double": 2,
    "triple": 3,
    "both": 2,
    "first": 1,
    "second": 2,
    "third": 3,
    "quarter": None,
    "dozen": 12,
    "couple": 2,
    "pair": 2,
}

# A financial year is one token; a number keeps its thousands and decimals.
TOKEN = re.compile(
    r"\d{4}[/–-]\d{2,4}(?!\d)|\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\b(?:"
    # "seconds" are a unit; every other word may stand in the plural.
    + "|".join(word if word == "second" else f"{word}s?" for word in WORDS)
    + r"|halves)\b",
    re.IGNORECASE,
)

#: Tokens that belong to a claim without being its value: "one unit", "in one month", the 1 of "1:38".
BESIDE = {
    ("offenders_and_suspects.pnd_checks_low", "one"),
    ("offenders_and_suspects.devices_allowed", "one"),
    ("offenders_and_suspects.offenders_per_manager_low", "1"),
    ("offenders_and_suspects.offenders_per_manager_high", "1"),
}


def tokens(text: str) -> dict[str, tuple[str, str, str]]:
    """Every number of a text by its place: the token, and what stands before and after it on the line."""
    found = {}
    for number, line in enumerate(text.split("\n"), start=1):
        seen: Counter[str] = Counter()
        for match in TOKEN.finditer(line):
            token = match.group().lower()
            seen[token] += 1
            place = f"{number}:{token}" + (f"#{seen[token]}" if seen[token] > 1 else "")
            found[place] = (token, line[: match.start()], line[match.end() :])
    return found


def worth(token: str) -> Fraction | None:
    """The number a token stands for; a financial year stands for the year it begins in."""
    if token in WORDS:
        return None if WORDS[token] is None else Fraction(WORDS[token])
    if re.fullmatch(r"\d{4}[/–-]\d{2,4}", token):
        return Fraction(token[:4])
    return Fraction(token.replace(",", ""))


@pytest.fixture(scope="module")
def numbers(report_text):
    return tokens(report_text)


@pytest.fixture(scope="module")
def ledger(catalogue):
    from peelbook import claims

    return claims.read(catalogue, "E23000001")


@pytest.fixture(scope="module")
def reviewed():
    """The places that were read and found to be no claims, with the kind of each."""
    text = (files("peelbook.claims") / "non_claims.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    places = [row["location"] for row in rows]
    assert len(places) == len(set(places)), "a place is reviewed twice"
    return {row["location"]: row["kind"] for row in rows}


def test_every_number_in_the_text_is_a_claim_or_reviewed(numbers, ledger, reviewed):
    claimed = {place for claim in ledger.claims for place in claim.location.split()}
    assert len(numbers) > 450
    assert sorted(set(numbers) - claimed - set(reviewed)) == []


def test_no_number_is_both_a_claim_and_reviewed(ledger, reviewed):
    claimed = {place for claim in ledger.claims for place in claim.location.split()}
    assert sorted(claimed & set(reviewed)) == []


def test_every_place_is_in_the_text(numbers, ledger, reviewed):
    claimed = {place for claim in ledger.claims for place in claim.location.split()}
    assert sorted((claimed | set(reviewed)) - set(numbers)) == []


def test_a_number_added_to_the_text_would_be_noticed(report_text, ledger, reviewed):
    known = {place for claim in ledger.claims for place in claim.location.split()} | set(reviewed)
    assert set(tokens(report_text + "\nIt fell by 12.3 percent, in nineteen cases.")) - known


def test_the_value_of_each_claim_is_what_stands_at_its_place(numbers, ledger):
    wrong = []
    for claim in ledger.claims:
        for place in claim.location.split():
            assert place in numbers, f"{claim.claim_id}: {place} is no place in the report; write line:token"
        found = {numbers[place][0] for place in claim.location.split()}
        values = {worth(token) for token in found if (claim.claim_id, token) not in BESIDE} - {None}
        if claim.value is None:
            scales = {"per_1000": {Fraction(1000)}, "per_100000": {Fraction(100_000)}}
            allowed = scales.get(claim.unit, set())
        else:
            allowed = {claim.value}
            if claim.denominator is not None:
                allowed |= {Fraction(claim.denominator)}
            if claim.location and claim.value not in values:
                wrong.append(claim.claim_id)
        if values - allowed:
            wrong.append(claim.claim_id)
    assert wrong == []


def test_the_decimals_of_each_claim_are_those_printed(numbers, ledger):
    for claim in ledger.claims:
        for place in claim.location.split():
            token = numbers[place][0]
            if claim.value is not None and token[0].isdigit() and worth(token) == claim.value:
                digits = len(token.partition(".")[2])
                assert claim.decimals == digits or (claim.decimals < 0 and digits == 0), claim.claim_id


def test_percentages_pounds_and_rates_are_printed_as_such(numbers, ledger):
    # "2–3 percent" names its unit once, "half" in words, and one cell of figure 4 has lost its sign.
    spared = {"1075:2", "526:half", "597:5.5"}
    for claim in ledger.claims:
        for place in claim.location.split():
            token, before, after = numbers[place]
            if claim.value is None or place in spared or worth(token) != claim.value:
                continue
            if claim.unit == "percent":
                assert re.match(r"\s?(?:percent|%)", after), place
            elif claim.unit == "percentage_points":
                assert after.startswith(" percentage points"), place
            elif claim.unit.startswith("gbp"):
                assert before.endswith("£"), place
            else:
                assert not before.endswith("£"), place
                assert not re.match(r"\s?(?:percent|%)", after), place
            if claim.unit == "gbp_million":
                assert after.startswith("m"), place
            if claim.unit == "gbp_billion":
                assert after.startswith(" billion"), place


def test_claims_stand_in_the_section_they_are_named_after(report_text, ledger):
    starts = {}
    for number, line in enumerate(report_text.split("\n"), start=1):
        for section in all_sections():
            title = "Overall summary" if section.stem == "overall_summary" else section.title
            if line == f"# {title}":
                starts[number] = section.stem
    assert sorted(starts.values()) == sorted(section.stem for section in all_sections())
    for claim in ledger.claims:
        for place in claim.location.split():
            line = int(place.partition(":")[0])
            assert starts[max(start for start in starts if start <= line)] == claim.section, claim.claim_id


def test_the_grade_of_each_section_is_the_one_under_its_title(report_text, ledger):
    lines = report_text.split("\n")
    graded = [claim for claim in ledger.claims if claim.unit == "grade"]
    assert len(graded) == 8
    for claim in graded:
        title = next(section.title for section in all_sections() if section.stem == claim.section)
        start = lines.index(f"# {title}")
        below = " ".join(" ".join(lines[start + 1 : start + 6]).replace("#", "").split()).lower()
        assert below.startswith(claim.label), claim.claim_id


def test_claims_without_a_place_are_grades_counts_of_the_grid_or_comparisons(ledger):
    placeless = {claim.claim_id for claim in ledger.claims if not claim.location}
    for name in placeless:
        claim = ledger[name]
        assert (
            claim.unit == "grade"
            or name.startswith("overall_summary.grades_")
            or claim.value is None
            or name == "police_powers.disparity_other_groups"
        ), f"{name} has a value and no place in the report: fill in its location, as line:token"


def test_all_cells_of_figure_4_are_claims(ledger):
    cells = [claim for claim in ledger.claims if claim.figure == 4]
    assert len(cells) == 24
    assert len({claim.heading for claim in cells}) == 12


# Names that cannot be said in other words: areas of the inspection, outcome types.
_NAMES = ("grade", "not_in_public_interest_cps.force", "not_in_public_interest_cps.average")


@pytest.mark.parametrize("length", [14, 8])
def test_no_run_of_words_is_the_reports(report_text, ledger, length):
    """Eight words in a row, but for names; fourteen with the heading and for names too."""

    def words(text: str) -> list[str]:
        return re.findall(r"[a-z0-9]+", re.sub(r"\]\([^)]*\)", "]", text).lower())

    report = words(report_text)
    runs = {tuple(report[start : start + length]) for start in range(len(report) - length + 1)}
    for claim in ledger.claims:
        if length == 8 and claim.claim_id.split(".", 1)[1].endswith(_NAMES):
            continue
        own = words(claim.statement if length == 8 else f"{claim.heading} {claim.statement}")
        assert not any(
            tuple(own[start : start + length]) in runs for start in range(len(own) - length + 1)
        ), claim.claim_id


def test_the_reviewed_list_says_what_each_number_is(reviewed):
    assert set(reviewed.values()) == {
        "page number",
        "name of the inspection cycle",
        "name of an earlier inspection",
        "financial year",
        "telephone number",
        "scale of a rate",
        "figure number",
        "date",
        "outcome code",
        "section of an act",
        "year of an act",
        "name of a list",
        "order, not a count",
        "refers back to two things already named",
        "pronoun or example, not a count",
        "figure of speech",
    }


def test_telephone_numbers_dates_and_figure_numbers_are_what_they_are_reviewed_as(numbers, reviewed):
    for place, kind in reviewed.items():
        token, before, after = numbers[place]
        if kind == "telephone number":
            assert token in ("999", "101"), place
        elif kind == "figure number":
            assert before.endswith("Figure "), place
        elif kind == "scale of a rate":
            assert before.endswith("per "), place
        elif kind == "name of a list":
            assert before.endswith("V"), place
        elif kind == "date" and len(token) < 4:
            assert re.match(r" (?:March|September|October|December|February)", after), place
        elif kind == "date":
            assert token.startswith("20"), place
        elif kind == "page number":
            assert int(place.partition(":")[0]) < 50, place
        elif kind == "outcome code":
            assert 596 < int(place.partition(":")[0]) < 617, place
