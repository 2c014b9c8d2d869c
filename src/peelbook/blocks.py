"""What a notebook cell shows beside charts, as data: headlines, sentences, notes and tables.

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

from peelbook.display import plain

MIME = "application/vnd.peelbook.block+json"

HEADLINES, SENTENCES, NOTE, TABLE = "headlines", "sentences", "note", "table"
KINDS = (HEADLINES, SENTENCES, NOTE, TABLE)

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
        """The block as HTML, escaped."""
        return render(self.payload)

    @property
    def text(self) -> str:
        """The block as plain text."""
        return as_text(self.payload)

    def __repr__(self) -> str:
        return self.text

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {MIME: self.payload, "text/html": self.html, "text/plain": self.text}


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


def render(payload: Mapping[str, Any]) -> str:
    """Return a block's HTML. All text is escaped."""
    return _template().render(block=payload).strip()


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
    rows = [" | ".join(row) for row in (payload["columns"], *payload["rows"])]
    return "\n".join([payload["caption"], *rows, *payload["notes"], *filter(None, [payload["source"]])])


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
