"""The 43 territorial forces and every name a source gives them.

One table, `data/forces.csv`, is the only place that knows a force's names; adapters, the command
line and notebooks all resolve through it, so that "London, City of" and "city-of-london" meet.
"""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from peelbook.errors import Fault, MissingTableError, TableContractError, UnknownForceError

ENGLAND_AND_WALES = "K04000001"
"""The code of the two nations together, in tables that give them beside the forces."""

COLUMNS = (
    "force_code",
    "slug",
    "name",
    "short_name",
    "article",
    "aliases",
    "region",
    "tile_row",
    "tile_column",
)

# Far beyond any real name or list of aliases; a longer one is a mistake or an attack on the page.
LONGEST = 300

# How the forces' own people and the county abbreviations of the Post Office shorten these names.
_LABELS = {
    "lancashire": "Lancs",
    "merseyside": "Mersey",
    "greater-manchester": "GMP",
    "cheshire": "Ches",
    "northumbria": "N’umb",
    "north-yorkshire": "N Yorks",
    "west-yorkshire": "W Yorks",
    "south-yorkshire": "S Yorks",
    "humberside": "Humber",
    "cleveland": "Cleve",
    "west-midlands": "W Mids",
    "staffordshire": "Staffs",
    "west-mercia": "W Merc",
    "warwickshire": "Warks",
    "derbyshire": "Derbys",
    "nottinghamshire": "Notts",
    "lincolnshire": "Lincs",
    "leicestershire": "Leics",
    "northamptonshire": "N’hants",
    "cambridgeshire": "Cambs",
    "bedfordshire": "Beds",
    "hertfordshire": "Herts",
    "thames-valley": "Thames",
    "hampshire": "Hants",
    "city-of-london": "City",
    "devon-and-cornwall": "D&C",
    "avon-and-somerset": "A&S",
    "gloucestershire": "Glos",
    "wiltshire": "Wilts",
    "dyfed-powys": "D-Powys",
}

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

# Folders that Windows cannot make, and pages and folders of the site itself.
_RESERVED = re.compile(
    r"con|nul|aux|prn|com[0-9]|lpt[0-9]|index|forces|book|figures|search|genindex|national|pagefind"
)


@dataclass(frozen=True)
class Force:
    """One force: ONS police force area code, names and place on the tile grid."""

    code: str
    slug: str
    name: str
    short_name: str
    article: str
    aliases: tuple[str, ...]
    region: str
    tile_row: int
    tile_column: int

    @property
    def full_name(self) -> str:
        """The name as it stands in a sentence: "the Metropolitan Police Service", "Kent Police"."""
        return f"{self.article} {self.name}".strip()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name this force answers to."""
        return (self.code, self.slug, self.name, self.short_name, *self.aliases)


def _key(name: str) -> str:
    """Fold a name for comparison: case, accents, "&", punctuation, spacing."""
    text = unicodedata.normalize("NFKD", str(name)).casefold().replace("&", " and ")
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text).split())


def _shortened(name: str) -> str:
    """A name of at most seven letters as it is; a longer one by the first letters of its words, or cut."""
    if len(name) <= 7:
        return name
    parts = name.replace("-", " ").split()
    if len(parts) == 1:
        return f"{name[:6]}."
    if parts[-1].isdigit():
        return parts[-1][:7]
    if {"and", "of"} & set(parts):
        return "".join("&" if part == "and" else part[0] for part in parts if part != "of")[:7]
    return f"{parts[0][0]} {parts[1]}"[:7]


FILE = "forces.csv"


def own_forces_file(overlay: Path | None) -> Path | None:
    """Return the user's own list of areas, which replaces the book's; `None` where the folder has none."""
    path = Path(overlay) / FILE if overlay is not None else None
    return path if path is not None and path.is_file() else None


class Forces:
    """The forces of one `forces.csv`, found by code, slug, name or alias."""

    def __init__(self, forces: list[Force]):
        self._forces = tuple(sorted(forces, key=lambda force: force.code))
        self._by_name = {_key(name): force for force in self._forces for name in force.names if name}

    def __iter__(self) -> Iterator[Force]:
        return iter(self._forces)

    def __len__(self) -> int:
        return len(self._forces)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _key(name) in self._by_name

    def __getitem__(self, name: str) -> Force:
        """Return the force of this code, slug, name or alias.

        Raises `UnknownForceError`, with the nearest names, where there is none.
        """
        if isinstance(name, str) and (force := self._by_name.get(_key(name))):
            return force
        key = _key(str(name))
        starts = [known for known in self._by_name if len(known) > 3 and key.startswith(known)]
        near = [*starts, *difflib.get_close_matches(key, self._by_name, n=3, cutoff=0.6)][:3]
        raise UnknownForceError(str(name), dict.fromkeys(self._by_name[key].slug for key in near))

    @property
    def codes(self) -> list[str]:
        """The ONS codes, in order."""
        return [force.code for force in self._forces]

    @cached_property
    def labels(self) -> dict[str, str]:
        """A short label of each force by code, unique among them: "Met", "A&S", "N Yorks", "Kent".

        An area that is not one of the 43 forces is shortened by rule.
        """
        labels: dict[str, str] = {}
        for force in self._forces:
            label = _LABELS.get(force.slug) or _shortened(force.short_name)
            # Slugs that still clash get a number.
            number = 1
            unique = label
            while unique in labels.values():
                number += 1
                unique = f"{label[:5]}{number}"
            labels[force.code] = unique
        return labels

    @classmethod
    def of(cls, data_dir: Path, overlay: Path | None = None) -> Forces:
        """Read the forces of a folder of tables, or those of the user's own `forces.csv` that lies over it.

        Raises what `read` raises.
        """
        return cls.read(own_forces_file(overlay) or Path(data_dir) / FILE)

    @classmethod
    def read(cls, path: Path) -> Forces:
        """Read `forces.csv`.

        Raises `MissingTableError`, or `TableContractError` with every fault: a missing column, a
        slug that could leave its folder, a name two forces share, two forces on one tile.
        """
        path = Path(path)
        if not path.exists():
            raise MissingTableError(f"{path}: no such table. Fix: restore it, or pass the right data folder.")
        try:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                reader = csv.DictReader(stream)
                rows = list(reader)
        except (UnicodeDecodeError, csv.Error) as error:
            raise TableContractError(
                path, [Fault("", None, "", f"not a CSV table: {error}", "save the file as UTF-8 CSV")]
            ) from error
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise TableContractError(
                path,
                [Fault(c, None, "", "the column is missing", f"add the column {c!r}") for c in missing],
            )
        faults: list[Fault] = []
        forces: list[Force] = []
        taken: dict[tuple[str, str], int] = {}
        for number, row in enumerate(rows, start=2):

            def fault(column: str, rule: str, fix: str, *, number=number, row=row) -> None:
                faults.append(Fault(column, number, row[column] or "", rule, fix, row["name"] or ""))

            if not re.fullmatch(r"[A-Za-z0-9]{3,12}", row["force_code"] or ""):
                fault("force_code", "not an area code", "use the ONS code, such as E23000001")
            if not SLUG.fullmatch(row["slug"] or ""):
                fault("slug", "not a slug", "use small letters, digits and single hyphens")
            elif _RESERVED.fullmatch(row["slug"]):
                fault(
                    "slug",
                    "a name that Windows or the site keeps for itself",
                    "use another, such as AREA-unit",
                )
            for column in ("name", "short_name"):
                if not row[column]:
                    fault(column, "empty", "give the force's name")
            for column in COLUMNS:
                if len(row[column] or "") > LONGEST:
                    fault(column, f"longer than {LONGEST} characters", "shorten it")
            for column in ("tile_row", "tile_column"):
                if not re.fullmatch(r"[0-9]{1,4}", row[column] or ""):
                    fault(column, "not a whole number", "give the place on the tile grid, from 0")
            for kind, value in (
                ("force_code", row["force_code"]),
                ("slug", row["slug"]),
                ("tile_row", f"{row['tile_row']},{row['tile_column']}"),
            ):
                if first := taken.get((kind, value)):
                    fault(kind, f"the same as in row {first}", "give each force its own")
                taken.setdefault((kind, value), number)
            if not faults:
                forces.append(
                    Force(
                        code=row["force_code"],
                        slug=row["slug"],
                        name=row["name"],
                        short_name=row["short_name"],
                        article=row["article"] or "",
                        aliases=tuple(alias for alias in (row["aliases"] or "").split("|") if alias),
                        region=row["region"] or "",
                        tile_row=int(row["tile_row"]),
                        tile_column=int(row["tile_column"]),
                    )
                )
        owner: dict[str, Force] = {}
        for force in forces:
            for name in force.names:
                other = owner.setdefault(_key(name), force)
                if other is not force:
                    faults.append(
                        Fault("aliases", None, name, f"names both {other.name} and {force.name}", "drop one")
                    )
        if faults:
            raise TableContractError(path, faults)
        return cls(forces)
