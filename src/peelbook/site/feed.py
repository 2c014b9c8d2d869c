"""The feed of changes (Atom, RFC 4287): this edition, and what the changelog says of each version."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from peelbook import paths
from peelbook.site.edition import Edition

FILE = "feed.xml"
_VERSION = re.compile(r"^## (\d{4})\.(\d{1,2})\.(\d+)\s*$", flags=re.MULTILINE)


def content(edition: Edition, title: str) -> str:
    """Return the feed of an edition that knows its own address: an entry a version, the newest first."""
    changelog = paths.project_root() / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8") if changelog.exists() else ""
    found = list(_VERSION.finditer(text))
    entries = []
    for place, match in enumerate(found):
        version = match[0].removeprefix("## ").strip()
        end = found[place + 1].start() if place + 1 < len(found) else len(text)
        day = _built() if version == edition.version else f"{match[1]}-{int(match[2]):02d}-01T00:00:00Z"
        entries.append(_entry(edition, version, day, text[match.end() : end].strip()))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB">\n'
        f"<title>{escape(title)}: changes</title>\n<id>{escape(edition.base_url)}</id>\n"
        f'<link rel="self" href="{escape(edition.base_url)}{FILE}"/>\n<link href="{escape(edition.base_url)}"/>\n'
        f"<updated>{_built()}</updated>\n<author><name>{escape(title)}</name></author>\n"
        + "".join(entries)
        + "</feed>\n"
    )


def _built() -> str:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch) if epoch.isdigit() else 0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _entry(edition: Edition, version: str, day: str, text: str) -> str:
    return (
        f"<entry>\n<title>Edition {escape(version)}</title>\n<id>{escape(edition.base_url)}#{escape(version)}</id>\n"
        f'<link href="{escape(edition.base_url)}"/>\n<updated>{day}</updated>\n'
        f'<content type="text">{escape(text)}</content>\n</entry>\n'
    )
