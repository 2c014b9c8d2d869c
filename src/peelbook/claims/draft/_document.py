"""Reads a report (saved web page, PDF or plain text) into numbered blocks of clean text.

A report is untrusted: nothing in it is run, no address in it is followed, and its size is limited.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peelbook.errors import ReportFileError

MAX_BYTES = 60_000_000
#: A report has well over this many words; a scan, a login page or an index has fewer.
MIN_WORDS = 40

# Characters that lay text out and carry no meaning: soft hyphen, zero-width marks, directions, byte order mark.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SUPERSCRIPT = re.compile(
    "(?<=[^\\W\\d_.,;:)])[\u00b9\u00b2\u00b3\u2070-\u2079]+|[\u00b9\u00b2\u00b3\u2070-\u2079]+"
)
_QUOTES = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2011": "-", "\u2010": "-"}
)

#: Stands where a note's number stood; it is no number of the text.
NOTE_MARK = "\u2020"


@dataclass(frozen=True)
class Block:
    """One heading, paragraph or table row. `number` is its place: the line of a text file, else a running number."""

    number: int
    kind: str  # "heading", "paragraph" or "row"
    text: str
    level: int = 0


@dataclass(frozen=True)
class Document:
    """A report as blocks, with the note marks that were taken out of the text: (block number, mark)."""

    source: str
    blocks: tuple[Block, ...]
    note_marks: tuple[tuple[int, str], ...] = ()

    @property
    def text(self) -> str:
        """All blocks as one text, a line each."""
        return "\n".join(block.text for block in self.blocks)


def clean(text: str) -> str:
    """Return text with one kind of space, quotation mark and hyphen, ligatures spelled out and note marks replaced."""
    text = _SUPERSCRIPT.sub(NOTE_MARK, text)
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).translate(_QUOTES)
    return re.sub(r"[^\S\t\n]+", " ", text)


def read_report(path: Path) -> Document:
    """Read a saved report: `.html`, `.pdf` or plain text, known by content and not by its name.

    Raises `ReportFileError` for a file that is missing, too large, a scan without text, a login page, or not text.
    """
    if not path.is_file():
        raise ReportFileError(
            f"{path}: there is no such file. Fix: give the saved report (HTML, PDF or text)."
        )
    if path.stat().st_size > MAX_BYTES:
        raise ReportFileError(
            f"{path}: larger than {MAX_BYTES // 1_000_000} MB, which no report is. Fix: save the report alone."
        )
    content = path.read_bytes()
    if content.startswith(b"%PDF-"):
        document = _from_pdf(path)
    else:
        text = _decode(path, content)
        looks_like_html = re.search(r"<(?:!doctype html|html|body|article|main|p|h1)\b", text[:5000], re.I)
        if not looks_like_html and columns(text):
            # To set it right would move every line, and a claim's place is its line.
            raise ReportFileError(
                f"{path}: the text runs across two columns, so its sentences are mixed. "
                "Fix: save the web page or the PDF of the report, or copy one column after the other."
            )
        document = _from_html(path, text) if looks_like_html else _from_text(path, text)
    words = len(re.findall(r"[A-Za-z]{2,}", document.text))
    if words < MIN_WORDS:
        raise ReportFileError(
            f"{path}: only {words} words could be read. It may be a scan or a page that loads its text later. "
            "Fix: save the whole web page of the report, or copy its text into a .txt file."
        )
    if re.search(
        r"\b(?:sign in|log ?in|enter your password|verify you are (?:a )?human)\b", document.text, re.I
    ) and (words < 400):
        raise ReportFileError(
            f"{path}: this is a sign-in page, not a report. Fix: open the report in a browser and save that page."
        )
    return document


def _decode(path: Path, content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    if b"\x00" in content:
        raise ReportFileError(
            f"{path}: this is not a text, HTML or PDF file. Fix: save the report as a web page or PDF."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _from_text(path: Path, text: str) -> Document:
    blocks = []
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.rstrip("\r")
        heading = re.match(r"\s*(#{1,6})\s+(.*)", line)
        plain = _unmarked(heading.group(2) if heading else line)
        if plain:
            kind = "heading" if heading else "row" if "\t" in line.strip() else "paragraph"
            blocks.append(Block(number, kind, plain, len(heading.group(1)) if heading else 0))
    return _document(path, blocks)


def _unmarked(line: str) -> str:
    """Return a line without Markdown or HTML marks: link targets, bold, tags. Positions of words change, words do not."""
    line = re.sub(r"\]\([^)\s]*\)", "", re.sub(r"(?<!\w)\[(?=[^\]]*\]\()", "", line))
    line = re.sub(r"</?[A-Za-z][^>]{0,80}>", "", line)
    return clean(re.sub(r"\*\*|__", "", line)).strip(" ")


def _from_html(path: Path, text: str) -> Document:
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(text, "html.parser")
    for tag in soup(
        ["script", "style", "noscript", "template", "nav", "header", "footer", "form", "svg", "iframe"]
    ):
        if tag.name == "form" and len(tag.get_text()) > 2000:
            continue  # some sites wrap the whole page in a form
        tag.decompose()
    marks: list[str] = []
    for tag in soup("sup"):
        label = tag.get_text(strip=True)
        if re.fullmatch(r"\[?\d{1,3}\]?|[ivx]+", label):
            marks.append(label)
            tag.replace_with(NOTE_MARK)
    root = soup.find("main") or soup.find("article") or soup.body or soup
    blocks: list[Block] = []
    for kind, level, found in _html_blocks(root):
        plain = clean(found)
        plain = re.sub(r" ?\n ?", " ", plain).strip() if kind != "row" else plain.strip(" \n")
        if plain:
            blocks.append(Block(len(blocks) + 1, kind, plain, level))
    return _document(path, blocks, marks)


_TEXT_TAGS = (
    "p",
    "li",
    "dt",
    "dd",
    "caption",
    "figcaption",
    "blockquote",
    "summary",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
)


def _html_blocks(root) -> Iterator[tuple[str, int, str]]:
    from bs4 import NavigableString, Tag

    def walk(node) -> Iterator[tuple[str, int, str]]:
        loose: list[str] = []
        for child in node.children:
            if isinstance(child, NavigableString):
                if type(child) is NavigableString:  # not a comment or a declaration
                    loose.append(str(child))
                continue
            if not isinstance(child, Tag):
                continue
            inline = child.name not in (
                *_TEXT_TAGS,
                "tr",
                "div",
                "section",
                "table",
                "ul",
                "ol",
                "tbody",
                "thead",
            )
            if inline and not child.find([*_TEXT_TAGS, "tr", "div", "table", "ul", "ol"]):
                loose.append("\n" if child.name == "br" else child.get_text())
                continue
            if "".join(loose).strip():
                yield "paragraph", 0, "".join(loose)
            loose = []
            if child.name == "tr":
                cells = [
                    re.sub(r"\s+", " ", cell.get_text(" ")).strip() for cell in child.find_all(["td", "th"])
                ]
                yield "row", 0, "\t".join(cells)
            elif child.name in _TEXT_TAGS and not child.find([*_TEXT_TAGS, "tr", "table"]):
                heading = re.fullmatch(r"h([1-6])", child.name)
                yield (
                    ("heading", int(heading.group(1)), child.get_text())
                    if heading
                    else (
                        "paragraph",
                        0,
                        child.get_text(),
                    )
                )
            else:
                yield from walk(child)
        if "".join(loose).strip():
            yield "paragraph", 0, "".join(loose)

    yield from walk(root)


def _from_pdf(path: Path) -> Document:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ReportFileError(f"{path}: the PDF has a password. Fix: save it again without one.")
        pages = [_page_text(page) for page in reader.pages]
    except (PyPdfError, ValueError, KeyError, OSError) as error:
        raise ReportFileError(
            f"{path}: the PDF cannot be read ({error}). Fix: open it, print it to a new PDF, or save its web page."
        ) from error
    if not any(page.strip() for page in pages):
        raise ReportFileError(
            f"{path}: the PDF holds pictures of pages and no text. Fix: use the published PDF or the web page."
        )
    repeated = _running_lines(pages)
    blocks: list[Block] = []
    for page in pages:
        for line in _paragraphs(page, repeated):
            blocks.append(Block(len(blocks) + 1, "row" if "\t" in line else "paragraph", line))
    return _document(path, blocks)


def _page_text(page: Any) -> str:
    """The text of a PDF page; of one set in two columns the left column, then the right."""
    apart = columns(page.extract_text(extraction_mode="layout") or "")
    return "\n".join(apart) if apart else page.extract_text() or ""


#: A page is set in two columns where so many of its long lines have a gap at one place, with words on both sides.
_COLUMN_SHARE, _COLUMN_LINES = 0.6, 6
_GAP = re.compile(r"(?<=\S) {3,}(?=\S)")


def columns(text: str) -> list[str]:
    """Return the lines of a text that was laid out in two columns, one column after the other; none for other text.

    A line across both columns, such as a heading, ends the columns above it. A table has figures on one side of its
    gaps, and is no column.
    """
    lines = [line for line in text.split("\n") if line.strip()]  # empty ones only keep lines apart
    long = [line for line in lines if len(line.strip()) > 30]
    gaps = {
        line: [gap.span() for gap in _GAP.finditer(line) if _prose_on_both_sides(line, gap)] for line in long
    }
    counts: dict[int, int] = {}
    for line in long:
        for place in {place for start, end in gaps[line] for place in range(start, end)}:
            counts[place] = counts.get(place, 0) + 1
    place, most = max(counts.items(), key=lambda item: (item[1], -item[0]), default=(0, 0))
    if most < max(_COLUMN_LINES, _COLUMN_SHARE * len(long)):
        return []
    found: list[str] = []
    left: list[str] = []
    right: list[str] = []
    for line in lines:
        if line[place - 1 : place + 1].strip() and not gaps.get(line):
            found += [*left, *right, line]
            left, right = [], []
        else:
            middle = next(
                (span for span in gaps.get(line, []) if span[0] <= place <= span[1]), (place, place)
            )
            left.append(line[: middle[0]].rstrip())
            right.append(line[middle[1] :].strip())
    return [*found, *left, "", *right]


def _prose_on_both_sides(line: str, gap: re.Match[str]) -> bool:
    return all(
        len(re.findall(r"[A-Za-z]{2,}", side)) >= 2 for side in (line[: gap.start()], line[gap.end() :])
    )


def _running_lines(pages: list[str]) -> set[str]:
    """Headers and footers: lines that, apart from a page number, stand on a third of the pages."""
    counts: dict[str, int] = {}
    for page in pages:
        for line in {_without_page_number(line) for line in page.split("\n") if line.strip()}:
            counts[line] = counts.get(line, 0) + 1
    return {
        line
        for line, count in counts.items()
        if len(pages) >= 6 and count * 3 >= len(pages) and len(line) < 90
    }


def _without_page_number(line: str) -> str:
    return re.sub(r"^\s*\d{1,3}\s+|\s+\d{1,3}\s*$", "", clean(line)).strip()


def _paragraphs(page: str, repeated: set[str]) -> Iterator[str]:
    """The lines of a PDF page joined into paragraphs: a line that ends no sentence goes on in the next."""
    kept: list[str] = []
    for raw in page.split("\n"):
        line = clean(raw).strip()
        bare = re.fullmatch(r"\d{1,3}", line)
        if not line or bare or _without_page_number(line) in repeated:
            if kept and not line:
                yield " ".join(kept)
                kept = []
            continue
        if kept and _is_title(line):
            yield " ".join(kept)
            kept = []
        if kept and kept[-1].endswith("-") and line[:1].islower():
            kept[-1] = kept[-1][:-1] + line if _joins(kept[-1]) else kept[-1] + line
        else:
            kept.append(line)
        if re.search(r"[.:?!]['\")]?$", line) or _is_title(line):
            yield " ".join(kept)
            kept = []
    if kept:
        yield " ".join(kept)


def _joins(line: str) -> bool:
    """Whether the hyphen at the end of a line only divides a word: the part before it is no word of its own."""
    return len(line.rsplit(" ", 1)[-1].rstrip("-")) <= 4


def _is_title(line: str) -> bool:
    from peelbook.claims.draft._sections import section_of_heading

    return bool(section_of_heading(line))


def _document(path: Path, blocks: list[Block], marks: list[str] | None = None) -> Document:
    kept, noted = [], []
    for block in blocks:
        text = block.text
        # "City of London10", "officers.3": a note's number that has lost its raised position.
        for stuck in re.finditer(r"(?<=[a-z]{3})[.,;:]?(\d{1,2})(?=\s|$|[.,;)])", text):
            noted.append((block.number, stuck.group(1)))
        noted.extend((block.number, "note") for _ in re.findall(NOTE_MARK, text))
        text = re.sub(r"(?<=[a-z]{3})([.,;:]?)\d{1,2}(?=\s|$|[.,;)])", rf"\1{NOTE_MARK}", text)
        kept.append(Block(block.number, block.kind, text.replace(NOTE_MARK, ""), block.level))
    return Document(str(path), tuple(kept), tuple(noted))
