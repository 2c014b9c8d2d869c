"""What the pages need to know of the edition they are in: forces, sections, tables, addresses.

The Sphinx extension only sees this plain description, so the committed book of one force and the
edition of 43 are the same code with another `Edition`.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import peelbook
from peelbook import paths
from peelbook.catalogue import Catalogue
from peelbook.errors import PeelbookError
from peelbook.sections import Section, all_sections
from peelbook.site import archive
from peelbook.util.files import sha256

# The committed notebooks of the reference book; in an edition each force has a folder instead.
BOOK_FOLDER = "notebooks"
FORCES_FOLDER = "forces"
MEASURES_FOLDER = "measures"
LEDGER_FOLDER = paths.LEDGER

PROFILES = "profiles.json"
"""The file of all forces' profiles, among the texts that a build computes for its pages."""

SITE_TITLE = "The PEEL book"


@dataclass(frozen=True)
class ForceEntry:
    """One force as navigation knows it."""

    slug: str
    code: str
    name: str
    short_name: str
    full_name: str = ""
    region: str = ""
    row: int = 0
    column: int = 0
    label: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a page stands: a section of a force, a force's index, or a page of the book."""

    kind: str  # "section", "force", "forces", "home", "book"
    force: ForceEntry | None = None
    section: Section | None = None


@dataclass(frozen=True)
class Edition:
    """The edition's forces, tables and addresses.

    `layout` is `"book"` (the committed notebooks of one force) or `"edition"` (a folder a force).
    `tables` maps a table to its title and SHA-256; `base_url` is where the site will stand, with a
    closing slash, or empty where that is not known. `cycle` is the one whose names and order the sections have, or empty
    for those of the book's own report.
    """

    layout: str
    forces: tuple[ForceEntry, ...]
    reference: str
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    base_url: str = ""
    launch_url: str = ""
    version: str = peelbook.__version__
    date: str = ""
    lock_sha256: str = ""
    cycle: str = ""

    def __post_init__(self) -> None:
        if self.layout not in ("book", "edition"):
            raise ValueError(f"unknown layout {self.layout!r}")

    @property
    def by_slug(self) -> dict[str, ForceEntry]:
        """The edition's forces by slug."""
        return {force.slug: force for force in self.forces}

    def place(self, docname: str) -> Place:
        """Return where a page stands, from its name."""
        sections = {item.stem: item for item in all_sections()}
        parts = docname.split("/")
        if self.layout == "book":
            if len(parts) == 2 and parts[0] == BOOK_FOLDER and parts[1] in sections:
                return Place("section", self.by_slug[self.reference], sections[parts[1]])
            return Place("book")
        if docname == "index":
            return Place("home")
        if docname == f"{FORCES_FOLDER}/index":
            return Place("forces")
        if len(parts) == 3 and parts[0] == FORCES_FOLDER and (force := self.by_slug.get(parts[1])):
            if parts[2] == "index":
                return Place("force", force)
            if parts[2] in sections:
                return Place("section", force, sections[parts[2]])
        return Place("book")

    def section_doc(self, slug: str, stem: str) -> str:
        """Return the page name of one section of one force."""
        if self.layout == "book":
            return f"{BOOK_FOLDER}/{stem}"
        return f"{FORCES_FOLDER}/{slug}/{stem}"

    def to_config(self) -> dict[str, Any]:
        """The edition as plain values, for Sphinx's configuration."""
        return asdict(self)

    @classmethod
    def from_config(cls, values: Mapping[str, Any]) -> Edition:
        """The edition back from plain values."""
        forces = tuple(
            ForceEntry(**{**entry, "aliases": tuple(entry.get("aliases", ()))}) for entry in values["forces"]
        )
        return cls(**{**values, "forces": forces})

    @classmethod
    def of_book(cls, catalogue: Catalogue, reference: str = "metropolitan") -> Edition:
        """The edition of the committed book: one force."""
        return cls(
            layout="book",
            forces=(force_entry(catalogue, reference),),
            reference=reference,
            tables=table_hashes(catalogue),
            base_url=base_url(),
            launch_url=os.environ.get("PEELBOOK_LAUNCH_URL", ""),
            date=edition_date(),
            lock_sha256=lock_hash(),
        )


def force_entry(catalogue: Catalogue, name: str) -> ForceEntry:
    """Return one force of the catalogue as navigation knows it."""
    force = catalogue.forces[name]
    return ForceEntry(
        force.slug,
        force.code,
        force.name,
        force.short_name,
        force.full_name,
        force.region,
        force.tile_row,
        force.tile_column,
        catalogue.forces.labels[force.code],
        tuple(dict.fromkeys(slugified(item) for item in (force.code, *force.names))),
    )


def slugified(name: str) -> str:
    """A name as an address writes it: "Devon & Cornwall" → "devon-and-cornwall"."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace("&", "and")).strip("-")


def table_hashes(catalogue: Catalogue) -> dict[str, dict[str, str]]:
    """Title, file and SHA-256 of every table of the data package; empty where there is none yet."""
    try:
        resources = catalogue.resources
    except PeelbookError:
        return {}
    return {
        name: {
            "title": str(resource.get("title", name)),
            "path": str(resource.get("path", "")),
            "sha256": str(resource.get("hash", "")).removeprefix("sha256:"),
        }
        for name, resource in sorted(resources.items())
    }


def base_url() -> str:
    """The address the site will stand at, from `PEELBOOK_BASE_URL`, with a closing slash; or empty."""
    url = os.environ.get("PEELBOOK_BASE_URL", "").strip()
    return f"{url.rstrip('/')}/" if url else ""


def lock_hash() -> str:
    """The SHA-256 of the locked environment; empty where the project has none."""
    lock = paths.project_root() / "requirements.txt"
    return sha256(lock) if lock.exists() else ""


def edition_date() -> str:
    """The edition's date in words, so that two builds of one commit agree; empty where nothing tells it.

    From `SOURCE_DATE_EPOCH`, else the day of the commit: git's, or the one that a frozen edition has recorded.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        try:
            record = archive.Source.read_record(paths.project_root())
        except PeelbookError:
            return ""
        epoch = str(record.get("SOURCE_DATE_EPOCH") or record.get("committed", ""))
    if not epoch.isdigit():
        return ""
    day = dt.datetime.fromtimestamp(int(epoch), dt.UTC)
    return f"{day.day} {day:%B %Y}"
