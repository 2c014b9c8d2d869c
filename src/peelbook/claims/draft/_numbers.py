"""Finds every number of a block of text, and says which are no claims: dates, page numbers, scales, names.

Each number is found once, in digits or in words. What is not a claim is listed with its kind, never dropped
in silence, so that a reviewer can take one back.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files

from peelbook.claims.draft._document import Block

_UNITS = [
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
_TENS = {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}

#: What each number word is worth; `None` for a multiplier or a word that needs its neighbours.
WORDS: dict[str, int | None] = {
    **{word: value for value, word in enumerate(_UNITS)},
    **_TENS,
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

# A financial year is one token; a number keeps its thousands and decimals; words may stand in the plural, but
# "seconds" are a unit.
TOKEN = re.compile(
    r"\d{4}[/–-]\d{2,4}(?!\d)|\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\b(?:"
    + rf"(?:{'|'.join(_TENS)}|twenty)-(?:{'|'.join(_UNITS[1:10])})|(?:one|two|three)[ -](?:thirds?|quarters?)|"
    + "|".join(word if word == "second" else f"{word}s?" for word in WORDS)
    + r"|halves)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Number:
    """One number of a text. `place` is `block:token`, with `#2` for the second of the same token in a block.

    `worth` is its value (`None` where a word such as "million" has none by itself); `no_claim` says why it is
    not a claim, and is empty for one.
    """

    block: int
    token: str
    place: str
    start: int
    end: int
    worth: Fraction | None
    no_claim: str = ""

    @property
    def decimals(self) -> int:
        """The decimals printed."""
        return len(self.token.partition(".")[2]) if self.token[0].isdigit() else 0


@cache
def _rules() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str], re.Pattern[str]], ...]:
    text = (files("peelbook.claims.draft") / "no_claims.toml").read_text(encoding="utf-8")
    return tuple(
        (
            rule["kind"],
            re.compile(rule.get("before", "") + r"\Z" if "before" in rule else "", re.I),
            re.compile(rf"(?:{rule['token']})\Z" if "token" in rule else "", re.I),
            re.compile(rule.get("after", ""), re.I),
        )
        for rule in tomllib.loads(text)["rule"]
    )


def worth(token: str) -> Fraction | None:
    """Return the value of a token; a financial year is worth the year it begins in, "two-thirds" its percent."""
    token = token.lower()
    if token[0].isdigit():
        return (
            Fraction(token[:4])
            if re.fullmatch(r"\d{4}[/–-]\d{2,4}", token)
            else Fraction(token.replace(",", ""))
        )
    if compound := re.fullmatch(r"([a-z]+)[ -]([a-z]+?)s?", token):
        first, last = compound.groups()
        if last in ("third", "quarter"):
            return Fraction(WORDS[first] or 0, 3 if last == "third" else 4) * 100
        return Fraction((WORDS[first] or 0) + (WORDS[last] or 0))
    value = WORDS.get(token, WORDS.get(token.removesuffix("s")))
    return None if value is None else Fraction(value)


def find_numbers(block: Block) -> list[Number]:
    """Return every number of a block, in order."""
    return list(_numbers(block))


def _numbers(block: Block) -> Iterator[Number]:
    seen: Counter[str] = Counter()
    text = block.text
    contents = block.kind != "heading" and bool(
        re.search(r"[A-Za-z\]](?:\t|\s?\.{3,}\s?)\s*\d{1,3}\s*$", text)
    )
    for match in TOKEN.finditer(text):
        token = match.group().lower()
        seen[token] += 1
        place = f"{block.number}:{token}" + (f"#{seen[token]}" if seen[token] > 1 else "")
        before, after = text[: match.start()], text[match.end() :]
        reason = _no_claim(before, token, after)
        if contents and not after.strip():
            reason = "page number"
        yield Number(block.number, token, place, match.start(), match.end(), worth(token), reason)


def _no_claim(before: str, token: str, after: str) -> str:
    if token[0].isdigit() and re.search(r"[A-Za-z]\Z", before):
        return "name of a list"
    for kind, ahead, own, behind in _rules():
        if ahead.search(before) and own.match(token) and behind.match(after):
            return kind
    return ""
