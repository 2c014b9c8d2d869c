"""The data sources page, written from the data package so that no provenance is typed twice.

Titles, caveats and file names are data: each is escaped, so that none can become markup, a role or a
link.
"""

from __future__ import annotations

import re
import string
from typing import Any
from urllib.parse import quote, urlsplit

from peelbook import contracts
from peelbook.display import plain
from peelbook.sources import newest
from peelbook.sources.publication import Publication, facts, registry

_PUNCTUATION = re.compile("([" + re.escape(string.punctuation) + "])")


def escape(text: Any) -> str:
    """Return text that MyST prints as it is: one line, every ASCII punctuation mark escaped.

    CommonMark lets a backslash take the meaning from any ASCII punctuation, so emphasis, links, roles,
    directives, maths and HTML all come out as text.
    """
    return _PUNCTUATION.sub(r"\\\1", plain(text))


def link(url: Any, text: Any) -> str:
    """Return a MyST link, or the text alone where the address is not plain http(s)."""
    parts = urlsplit(plain(url))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        return escape(text)
    safe = quote(plain(url), safe=":/?#@!$&'*+,;=%-._~")
    return f"[{escape(text)}](<{safe}>)"


def markdown(package: dict[str, Any]) -> str:
    """Return the page's content as MyST: a section for each table of the package, then the publications
    that can be read but are not in it."""
    resources = sorted(package["resources"], key=lambda resource: str(resource.get("title", "")))
    how_new = {age.table: age for age in newest.ages({resource["name"]: resource for resource in resources})}
    own = facts()["project"]
    parts = ["## Tables from official publications"]
    parts += [
        _section(resource, how_new[resource["name"]]) for resource in resources if resource["name"] not in own
    ]
    parts.append("## Tables made by this project")
    parts += [_section(resource) for resource in resources if resource["name"] in own]
    parts.append(_absent(resources))
    return "\n\n".join(parts) + "\n"


def _section(resource: dict[str, Any], age: newest.Age | None = None) -> str:
    source = (resource.get("sources") or [{}])[0]
    licence = (resource.get("licenses") or [{}])[0]
    covered = resource.get("coverage", {})
    lines = [
        f"(data-{re.sub(r'[^a-z0-9]+', '-', resource['name'])})=",
        f"### {escape(resource.get('title', resource['name']))}",
        "",
        escape(resource.get("description", "")),
        "",
        f"- Publisher: {escape(resource.get('publisher', ''))}",
        f"- Publication: {link(source.get('path', ''), source.get('title', ''))}",
        f"- Licence: {link(licence.get('path', ''), licence.get('title', ''))}",
        f"- How close to the publisher: {escape(resource.get('kind', ''))}",
    ]
    if resource.get("period"):
        lines.append(f"- Period: {escape(resource['period'])}")
    counts = [f"{int(covered['rows']):,} rows"] if "rows" in covered else []
    if covered.get("forces"):
        counts.append(f"{int(covered['forces'])} of 43 forces")
    lines.append(f"- Table: {escape(resource['path'])}{', ' + ', '.join(counts) if counts else ''}")
    if age is not None:
        lines.append(f"- Newest figure here: {escape(age.period)}. Release: {escape(age.release)}")
        how = f". Known from: {escape(age.known_from)}" if age.known_from else ""
        lines.append(f"- Newest release known to exist: {escape(age.known)}{how}")
    if resource.get("caveat"):
        lines.append(f"- Read with care: {escape(resource['caveat'])}")
    if resource.get("adapter"):
        tested = (
            "**untested on a published file**" if resource.get("untested") else "tested on the file below"
        )
        lines.append(f"- Read by: adapter {escape(resource['adapter'])}, {tested}")
    for item in resource.get("inputs", []):
        lines.append(f"- Official file: {escape(item['name'])}, SHA-256 {_digest(item['sha256'])}")
    lines.append(f"- SHA-256 of the table: {_digest(str(resource.get('hash', '')).removeprefix('sha256:'))}")
    return "\n".join(lines)


def _digest(text: Any) -> str:
    found = re.fullmatch(r"[0-9a-f]{64}", str(text))
    # Broken in four so that a phone need not scroll sideways.
    return " ".join(f"`{found[0][i : i + 16]}`" for i in range(0, 64, 16)) if found else "not recorded"


def is_here(publication: Publication, table: str, resources: list[dict[str, Any]]) -> bool:
    """Whether a file of this very publication made the table, or a part of it; another's may have the rest."""
    name = publication.adapter.rpartition(" ")[0]
    return any(
        str(resource.get("adapter", "")).rpartition(" ")[0] == name
        or any(item.get("untested") for item in resource.get("inputs", []))
        for resource in resources
        if resource["name"] == table
    )


def _absent(resources: list[dict[str, Any]]) -> str:
    lines = [
        "## Publications that can be read but are not here",
        "",
        "No published file of these was at hand. Each has an adapter written from the publication's "
        "documentation, **untested on a published file**, and a CSV form an analyst can fill: one header row "
        "with the columns below, one row a force and period. `peelbook data ingest` takes either.",
    ]
    made = set()
    for publication in registry().values():
        made |= set(publication.tables)
        for table in publication.tables:
            if not publication.untested or is_here(publication, table, resources):
                continue
            about = facts()["table"][table]
            lines += [
                "",
                f"### {escape(', '.join(filter(None, (about['title'], publication.covers))))}",
                "",
                f"- Publisher: {escape(about['publisher'])}",
                f"- Publication: {link(about['page'], about['source'])}",
                f"- Read with care: {escape(about['caveat'])}",
                f"- Adapter: {escape(publication.adapter)}, **untested on a published file**",
                "- Columns of the CSV form:",
            ]
            for field in contracts.load(table)["fields"]:
                needed = "" if field.get("constraints", {}).get("required") else ", may be empty"
                example = f" Example: {escape(field['example'])}." if "example" in field else ""
                lines.append(
                    f"  - {escape(field['name'])} ({escape(field['type'])}{needed}): "
                    f"{escape(field['description'])}{example}"
                )
    lines += ["", "## Tables that only a user can supply", ""]
    for table in contracts.tables():
        if table not in made and table not in facts()["project"]:
            about = contracts.load(table)
            lines.append(f"- {escape(about['title'])} ({escape(table)}): {escape(about['description'])}")
    return "\n".join(lines)
