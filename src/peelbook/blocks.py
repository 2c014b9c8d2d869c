"""What a notebook cell shows beside charts, as data: headlines, sentences, notes, tables and claims.

The kernel sends a block as JSON with its HTML and text beside it. The site renders the JSON, other front ends
show the HTML, nbval compares the text. So no reader of a page has to find structure in HTML again.
"""

from __future__ import annotations

import html as _html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from peelbook.display import plain

MIME = "application/vnd.peelbook.block+json"

HEADLINES, SENTENCES, NOTE, TABLE = "headlines", "sentences", "note", "table"
CLAIMS, FAILURE = "claims", "failure"
KINDS = (HEADLINES, SENTENCES, NOTE, TABLE, CLAIMS, FAILURE)

LEDGER_HEADS = ("Claim, in our words", "Verdict", "As printed", "Computed", "Why, and source")

_TEMPLATE = Path(__file__).with_name("blocks.html")


@dataclass(frozen=True)
class Block:
    """One output of a cell. `content` is plain JSON; `tables` are the tables of `data/` it rests on."""

    kind: str
    content: Mapping[str, Any]
    tables: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of block {self.kind!r}")
        # Names come from data, and data may hold anything: text leaves here on one line, without controls.
        object.__setattr__(self, "content", _plain(self.content))

    @property
    def payload(self) -> dict[str, Any]:
        """The block as JSON."""
        return {"kind": self.kind, **self.content, "tables": list(self.tables)}

    @property
    def html(self) -> str:
        """The block as HTML, escaped, for a front end without the book's stylesheet."""
        return render(self.payload, styled=True)

    @property
    def text(self) -> str:
        """The block as plain text."""
        return as_text(self.payload)

    @property
    def bundle(self) -> dict[str, Any]:
        """The block in its three forms, by MIME type."""
        return {MIME: self.payload, "text/html": self.html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include=None, exclude=None):
        return self.bundle


def sentences(texts: Sequence[str], *, style: str = "narrative", tables: Sequence[str] = ()) -> Block:
    """Return sentences, a paragraph each. `style` is `narrative` or `opening`."""
    return Block(SENTENCES, {"style": style, "texts": [text for text in texts if text]}, tuple(tables))


def note(title: str, lines: Sequence[str], *, tables: Sequence[str] = ()) -> Block:
    """Return a note in place of something that is not here: what, and why, or which publication has it."""
    return Block(NOTE, {"title": title, "lines": list(lines)}, tuple(tables))


def table(
    caption: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numeric: Sequence[bool],
    source: str = "",
    notes: Sequence[str] = (),
    tables: Sequence[str] = (),
) -> Block:
    """Return a table as readers see it. The first column heads the rows; `numeric` says which hold numbers."""
    content = {
        "caption": caption,
        "columns": list(columns),
        "numeric": [bool(flag) for flag in numeric],
        "rows": [list(row) for row in rows],
        "source": source,
        "notes": list(notes),
    }
    return Block(TABLE, content, tuple(tables))


def headlines(items: Sequence[Mapping[str, str]], *, tables: Sequence[str] = ()) -> Block:
    """Return headline figures: mappings of `value`, `label`, `comparison` and `definition`."""
    return Block(HEADLINES, {"items": [dict(item) for item in items]}, tuple(tables))


def claims(line: str, legend: Sequence[Mapping[str, str]], rows: Sequence[Mapping[str, str]]) -> Block:
    """Return the printed numbers of a section with their verdicts, folded under one line.

    `legend` holds `icon`, `verdict` and `meaning`, `rows` what `ledger` takes.
    """
    content = {
        "line": line,
        "legend": [dict(item) for item in legend],
        "caption": "What the report prints, what can be computed, and how the two compare",
        "rows": [dict(row) for row in rows],
    }
    return Block(CLAIMS, content, ("claims",))


def failure(title: str, lines: Sequence[str], facts: Sequence[tuple[str, str]]) -> Block:
    """Return what stands in place of a page that could not be made: names and values of what is known of it."""
    return Block(FAILURE, {"title": title, "lines": list(lines), "facts": [list(fact) for fact in facts]})


def render(payload: Mapping[str, Any], *, styled: bool = False, own: str = "") -> str:
    """Return a block's HTML. All text is escaped.

    `own` is the name of the force whose row is marked, in a table that has others too.

    `styled` puts into the HTML what a page of the book has from its stylesheet, which JupyterLab has not: text to
    the left (it sets all cells to the right), a figure in bold and its comparison on a line of its own.
    """
    return _template().render(block=payload, heads=LEDGER_HEADS, styled=styled, own=own).strip()


def ledger(caption: str, rows: Sequence[Mapping[str, str]]) -> str:
    """Return the table of claims as HTML, all text escaped.

    A row has `icon`, `verdict`, `statement`, `printed`, `computed`, `summary`, `weak`, `of` (what a computed figure
    is of), `source`, `source_url` and `reason` (in full; empty where the summary is all). One that can be linked to
    has `id` and `css`, its classes, too.
    """
    return str(_macros().ledger(caption, LEDGER_HEADS, _plain(rows))).strip()


def ledger_frame(caption: str, heads: Sequence[str], numeric: Sequence[int], body: str) -> str:
    """Return a table laid out as the ledger, with rows that are HTML already."""
    return str(_macros().frame(caption, heads, numeric, Markup(body))).strip()


@cache
def _macros() -> Any:
    return _template().make_module({"block": {"kind": ""}, "styled": False})


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def as_text(payload: Mapping[str, Any]) -> str:
    """Return a block as plain text: what nbval compares and a terminal prints."""
    kind = payload["kind"]
    if kind == HEADLINES:
        return "\n".join(f"{i['value']} – {i['label']}. {i['comparison']}" for i in payload["items"])
    if kind == SENTENCES:
        return "\n\n".join(payload["texts"])
    if kind == NOTE:
        return "\n".join([payload["title"], *(f"  {line}" for line in payload["lines"])])
    if kind == CLAIMS:
        return "\n".join([payload["line"], *map(_claim_text, payload["rows"])])
    if kind == FAILURE:
        facts = (f"  {name}: {text}" for name, text in payload["facts"])
        return "\n".join([payload["title"], *(f"  {line}" for line in payload["lines"]), *facts])
    rows = [" | ".join(row) for row in (payload["columns"], *payload["rows"])]
    return "\n".join([payload["caption"], *rows, *payload["notes"], *filter(None, [payload["source"]])])


def around_chart(payload: Mapping[str, Any], force: str, basis: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return what stands above a chart's picture in a notebook and what stands below, each as HTML and text.

    `payload` is that of the chart (`Chart.payload`), `force` the name of the force in front or empty, and `basis` says
    where the figures come from. Above are the title and these, below the sources and the notes, those of the sources last.
    """
    facts = " · ".join(text for text in (force, payload["period"], basis) if text)
    sources = payload["sources"]
    notes = list(dict.fromkeys([*payload["notes"], *(item["caveat"] for item in sources if item["caveat"])]))
    parts = [
        [item[name].rstrip(".") for name in ("title", "publisher", "licence") if item[name]]
        for item in sources
    ]
    above = str(_macros().chart_head(payload["title"], facts)).strip()
    below = str(_macros().chart_foot(notes, sources)).strip()
    text = [*(f"Source: {'. '.join(part)}." for part in parts), *notes]
    return (
        {"text/html": above, "text/plain": f"{payload['title']}\n{facts}"},
        {"text/html": below, "text/plain": "\n".join(text)},
    )


def _claim_text(row: Mapping[str, str]) -> str:
    verdict = f"{row['icon']} {row['verdict']}"
    computed = f"{row['computed']} ({row['of']})" if row["of"] else row["computed"]
    return " | ".join([verdict, row["statement"], row["printed"], computed, row["summary"]])


def reasons(payload: Mapping[str, Any]) -> list[str]:
    """Return what a note says, as one HTML paragraph a line; empty for any other block."""
    if payload["kind"] != NOTE:
        return []
    lines = "".join(f"<p>{_html.escape(line)}</p>" for line in payload["lines"])
    return [f"<p><strong>{_html.escape(payload['title'])}</strong></p>{lines}"]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
