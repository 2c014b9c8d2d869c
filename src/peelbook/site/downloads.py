"""Data to take away: of a force one zip of CSV files and one accessible workbook; of all forces one zip of what their
charts share.

The workbook is an OpenDocument spreadsheet, the format in which the Home Office publishes most of what is in it, and
follows the Government Statistical Service's guidance: a cover, contents, notes, then one table a sheet, marked as a
table, with no merged or decorative cells.
"""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import peelbook
from peelbook import formats
from peelbook.catalogue import Catalogue
from peelbook.figures._chart import BASIS_WORDS
from peelbook.sections import section
from peelbook.site import ods, staged_page, workers
from peelbook.site.card import Figure, csv_with_source, licence_words, source_words
from peelbook.site.edition import FORCES_FOLDER, Edition
from peelbook.site.garbage_collection import relaxed_gc
from peelbook.site.manifest import InputManifest
from peelbook.site.publish import put_file
from peelbook.util.spreadsheets import safe_cell

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("data.zip", "tables.ods")

INDEPENDENT = (
    "Independent analysis of open data. Not a publication of HMICFRS, the Home Office or any police force."
)
LICENCE = "Contains public sector information licensed under the Open Government Licence v3.0."


@dataclass(frozen=True)
class Table:
    """One table of the workbook: a chart's data with what a reader must know of it."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[ods.Cell, ...], ...]
    basis: str
    period: str
    source: str
    licence: str
    notes: tuple[str, ...]
    section: str


def stale(digests: Mapping[str, str], edition: Edition, out: Path) -> list[str]:
    """The forces whose downloads are missing or were made of other notebooks or by other code."""
    return [slug for slug, digest in digests.items() if not _made_of(slug, digest, edition, out)[1]]


def prune(digests: Mapping[str, str], out: Path) -> None:
    """Remove the downloads of forces that are no longer in the edition."""
    for folder in (out / FORCES_FOLDER).glob("*"):
        if folder.name not in digests:
            shutil.rmtree(folder)


def _made_of(slug: str, digest: str, edition: Edition, out: Path) -> tuple[InputManifest, bool]:
    """The marks of a force's downloads, and whether these are what would be made."""
    marks = InputManifest.of(out, slug)
    return marks, marks.unchanged(
        slug, f"{digest}{edition.version}{edition.date}", out / FORCES_FOLDER / slug
    )


def write_one(slug: str, sources: Mapping[str, Path], digest: str, edition: Edition, out: Path) -> None:
    """Write the downloads of one force from the sources of its pages (section stem → file)."""
    figures = [(stem, figure) for stem, path in sources.items() for figure in staged_page.figures(path)]
    made_of, _ = _made_of(slug, digest, edition, out)
    write_force(edition.by_slug[slug].name, figures, edition, out / FORCES_FOLDER / slug)
    made_of.save()


def work(
    edition: Edition,
    out: Path,
    sources: Mapping[str, Mapping[str, Path]],
    digests: Mapping[str, str],
    parts: int,
) -> list[dict[str, Any]]:
    """The job descriptions that `make` reads on standard input, for the stale downloads in so many parts.

    `sources` are those of the pages (slug → section stem → file).

    Those of forces that are no longer in the edition are removed.
    """
    prune(digests, out)
    slugs = stale(digests, edition, out)
    return [
        {
            "edition": edition.to_config(),
            "out": str(out),
            "forces": [
                {
                    "slug": slug,
                    "digest": digests[slug],
                    "sources": {stem: str(path) for stem, path in sources[slug].items()},
                }
                for slug in slugs[first::parts]
            ],
        }
        for first in range(min(parts, len(slugs)))
    ]


def make(job: Mapping[str, Any]) -> None:
    """Make the downloads of a job description."""
    edition = Edition.from_config(job["edition"])
    with relaxed_gc():
        for force in job["forces"]:
            sources = {stem: Path(path) for stem, path in force["sources"].items()}
            write_one(force["slug"], sources, force["digest"], edition, Path(job["out"]))


def write_force(name: str, figures: Sequence[tuple[str, Figure]], edition: Edition, folder: Path) -> None:
    """Write the data of one force's figures (section stem, figure), as they are and as its pages print them."""
    folder.mkdir(parents=True, exist_ok=True)
    unique = {figure.id: (stem, figure) for stem, figure in figures}
    tables = [table_of(stem, figure) for stem, figure in unique.values()]
    put_file(folder / "data.zip", data_zip(name, [figure for _, figure in unique.values()], edition))
    write_ods(folder / "tables.ods", name, tables, edition)


def data_zip(name: str, figures: Sequence[Figure], edition: Edition) -> bytes:
    """A zip of the CSV files that are this force's alone, a list of all its charts with the file and the sources of
    each, and a README; the same bytes for the same input.

    What the charts of all forces share lies once in `ALL_FIGURES`: in each force's zip it would be 5 MB of an edition.
    """
    files = {figure.id: shared_name(figure) or f"figures/{figure.id}.csv" for figure in figures}
    sources = io.StringIO()
    writer = csv.writer(sources, lineterminator="\n")
    writer.writerow(
        ["file", "title", "basis", "period", "publisher", "source", "url", "licence", "input", "sha256"]
    )
    for figure in figures:
        for item in figure.payload["sources"]:
            for file, digest in item["inputs"] or [["", item["hash"]]]:
                writer.writerow(
                    [
                        files[figure.id],
                        safe_cell(figure.payload["title"]),
                        figure.payload["basis"],
                        figure.payload["period"],
                        safe_cell(item["publisher"]),
                        safe_cell(item["title"]),
                        item["url"],
                        item["licence"],
                        safe_cell(file),
                        digest,
                    ]
                )
    readme = (
        f"{name}: the data behind every chart\n\n{INDEPENDENT}\n{LICENCE}\n"
        f"Edition {edition.version}{', ' + edition.date if edition.date else ''}.\n\n"
        f"figures/   the charts whose data are of this force alone; {_CSV_WORDS}\n"
        "sources.csv   every chart with its file and where its data come from, with the SHA-256 of the official files\n\n"
        f"A file in {SHARED_FOLDER}/ has the rows of several forces and is the same for all of them: it is in\n"
        f"{ALL_FIGURES}, one file for the whole edition ({edition.base_url or 'at the root of the site: '}{ALL_FIGURES}),\n"
        "and at that address of the site.\n\n"
        "An empty cell means that no figure was published or supplied. It never means zero.\n"
    )
    own = [figure for figure in figures if not shared_name(figure)]
    return _zipped(
        {
            "README.txt": readme,
            "sources.csv": sources.getvalue(),
            **{files[figure.id]: csv_with_source(figure.payload) for figure in own},
        }
    )


_CSV_WORDS = (
    "one CSV file a chart, unrounded\n"
    "           (nine significant digits), UTF-8, one header row; the last two columns hold the source and\n"
    "           the licence, filled on the first row"
)

ALL_FIGURES = "all-figures.zip"
"""The zip of the data that charts of several forces share, at the site's root."""

SHARED_FOLDER = f"{FORCES_FOLDER}/figures"
"""Where the files that it holds lie on the site, and in it."""


def shared_name(figure: Figure) -> str:
    """Where the data of a chart of several forces lie on the site and in `ALL_FIGURES`; empty for one force's own."""
    path = figure.data_file(f"{SHARED_FOLDER}/")
    return path if path.startswith(SHARED_FOLDER) else ""


def figures_zip(files: Mapping[str, Path], edition: Edition) -> bytes:
    """A zip of the data that charts of several forces share (path on the site → file), with a README."""
    readme = (
        f"The data behind the charts that show several forces\n\n{INDEPENDENT}\n{LICENCE}\n"
        f"Edition {edition.version}{', ' + edition.date if edition.date else ''}.\n\n"
        f"{SHARED_FOLDER}/\n           {_CSV_WORDS}.\n"
        "           A name is that of a section, of a chart, and of its content. Most are the same on the pages\n"
        "           of all forces; sources.csv in the data.zip of a force names those of its charts\n\n"
        "An empty cell means that no figure was published or supplied. It never means zero.\n"
    )
    return _zipped(
        {"README.txt": readme} | {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    )


def _zipped(files: Mapping[str, str]) -> bytes:
    """A zip of text files; the same bytes for the same texts, whatever the clock says."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in files.items():
            info = zipfile.ZipInfo(file, ods.EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, text, compresslevel=9)
    return buffer.getvalue()


ALL_MEASURES = "all-measures.zip"


def measures_zip(catalogue: Catalogue, frame: pd.DataFrame | None = None) -> bytes:
    """A zip of one CSV of every measure × force × year (`national.all_measures`) and a README with the sources.

    No cell is a formula to a spreadsheet. Numbers are written as in the measures' own files: counts exactly, others
    with seven significant digits, ends of intervals with five, which are the same on every machine.
    """
    from peelbook import national  # the workers of this module have no need of the arithmetic behind it

    frame = national.all_measures(catalogue) if frame is None else frame
    table = measures_csv(frame, ("label", "breakdown", "force", "unit", "reason"))
    return _zipped({"README.txt": _measures_readme(catalogue), "all-measures.csv": table})


def measures_csv(frame: pd.DataFrame, texts: Sequence[str]) -> str:
    """Rows of `national.all_measures` as CSV; `texts` are the columns whose cells must not be formulas.

    Counts are written exactly, other numbers with seven significant digits, ends of intervals with five.
    """
    table = frame.copy()
    for column in texts:
        table[column] = table[column].map({text: safe_cell(text) for text in table[column].unique()})
    for column in ("lower", "upper"):
        table[column] = [_unrounded(value, 5) if value == value else "" for value in table[column]]
    return table.to_csv(index=False, float_format=_unrounded, date_format="%Y-%m-%d", lineterminator="\n")


def _unrounded(value: float, digits: int = 7) -> str:
    """A number of a file: a count exactly, another with so many significant digits."""
    return str(int(value)) if value.is_integer() else f"{value:.{digits}g}"


def _measures_readme(catalogue: Catalogue) -> str:
    from peelbook import measures

    found = [
        measure
        for measure in measures.registry().values()
        if all(catalogue.has(table) for table in measure.tables)
    ]
    tables = sorted({table for measure in found for table in measure.tables})
    sources = []
    for name in tables:
        item = catalogue.provenance(name)
        lines = [f"{name}: {', '.join(part for part in (item.publisher, item.title) if part)}"]
        lines += [item.page_url] if item.page_url else []
        lines += [f"Licence: {item.licence or 'none: not published'}"]
        lines += [f"SHA-256 of the table: {item.table_sha256}"] if item.table_sha256 else []
        sources.append("\n  ".join(lines) + "\n")
    return (
        f"Every measure of this book, for every force and year\n\n{INDEPENDENT}\n{LICENCE}\n"
        f"Edition {peelbook.__version__}.\n\n"
        "all-measures.csv   one row a measure, breakdown, force and year; UTF-8, one header row\n\n"
        "measure_id, label   the measure; the book's page of measures has its definition and its caveats\n"
        "breakdown           empty for the whole, or the part of it: offence_group=Robbery, years=5\n"
        "period_end          the last day of the year, or the day of a count; of rolling years those that\n"
        "                    end in March are kept\n"
        "numerator, denominator   the two numbers behind a value; a change has the difference and the earlier\n"
        "                    figure, a disparity ratio the two rates, a count and a published rate have no denominator\n"
        "value, unit         unrounded (seven significant digits); shares and changes are 0 to 1, not percentages\n"
        "lower, upper        the 95% interval (five digits), where chance can move the figure\n"
        "status              computed, as published (the publisher's own rate), as reported (a grade that a\n"
        "                    secondary source states) or missing\n"
        "reason              why a figure is missing\n\n"
        "A missing figure has an empty value. It never means zero. A year in which no force has a figure is not\n"
        "in the table.\n\n"
        "Sources\n\n" + "\n".join(sources)
    )


def table_of(stem: str, figure: Figure) -> Table:
    """A figure's table as its page prints it, with numbers as numbers again.

    The workbook is for reading and so holds what the page shows; the zip holds unrounded figures. Percentages
    are numbers in a column whose heading says so, because "19.3%" typed into a cell is text.
    """
    twin = figure.payload["table"]
    rows = twin["rows"]
    columns: list[str] = []
    values: list[list[ods.Cell]] = []
    for place, (label, numeric) in enumerate(zip(twin["columns"], twin["numeric"], strict=True)):
        cells = ["" if row[place] == formats.MISSING else row[place] for row in rows]
        read = {cell: formats.read_number(cell) for cell in cells if cell}
        known = {cell: found for cell, found in read.items() if found}
        units = {unit for _, unit in known.values()}
        if numeric and read and len(known) == len(read) and len(units) == 1:
            columns.append(f"{label} (%)" if units == {"%"} else label)
            values.append([known[cell][0] if cell else None for cell in cells])
        else:
            columns.append(label)
            values.append([cell or None for cell in cells])
    notes = dict.fromkeys(
        [*figure.payload["notes"], *(item["caveat"] for item in figure.payload["sources"] if item["caveat"])]
    )
    return Table(
        name=figure.id,
        title=figure.payload["title"],
        columns=tuple(_distinct(columns)),
        rows=tuple(zip(*values, strict=True)),
        basis=BASIS_WORDS[figure.payload["basis"]],
        period=figure.payload["period"],
        source=source_words(figure.payload),
        licence=licence_words(figure.payload),
        notes=tuple(notes),
        section=stem,
    )


def _distinct(names: Sequence[str]) -> list[str]:
    """Column headings, each once: a spreadsheet table refuses two of one name."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        name = name or "Column"
        # Spreadsheets do not tell capital letters in headings apart.
        seen[name.lower()] = seen.get(name.lower(), 0) + 1
        count = seen[name.lower()]
        result.append(name if count == 1 else f"{name} ({count})")
    return result


def _notes(tables: Sequence[Table]) -> dict[str, int]:
    """Every note of the workbook, once, with its number."""
    texts = dict.fromkeys(note for table in tables for note in table.notes)
    return {text: number for number, text in enumerate(texts, start=1)}


def _cover(name: str, edition: Edition) -> list[str]:
    made = f"Edition {edition.version}{', ' + edition.date if edition.date else ''}."
    return [
        f"The data behind every chart on the pages of {name}.",
        INDEPENDENT,
        LICENCE,
        made,
        f"Figures are rounded as on the pages; data.zip and {ALL_FIGURES} hold them unrounded.",
        "An empty cell means that no figure was published or supplied. It never means zero.",
    ]


def _about(table: Table) -> str:
    return f"{section(table.section).title}. {table.basis}. Period: {table.period or 'see table'}."


def _sources(table: Table) -> str:
    return f"Source: {table.source}. {table.licence}".strip(". ") + "."


def write_ods(path: Path, name: str, tables: Sequence[Table], edition: Edition) -> None:
    """Write the workbook: what the pages print, in sheets."""
    notes = _notes(tables)
    sheets = [ods.Sheet("Cover", f"{name}: tables", _cover(name, edition))]
    if tables:
        listed = [
            (f"Table_{number}", table.title, section(table.section).title)
            for number, table in enumerate(tables, start=1)
        ]
        sheets.append(ods.Sheet("Contents", "Contents", (), ("Sheet", "Table", "Section"), listed))
    if notes:
        sheets.append(
            ods.Sheet(
                "Notes", "Notes", (), ("Note", "Text"), [(f"Note {n}", text) for text, n in notes.items()]
            )
        )
    for number, table in enumerate(tables, start=1):
        marks = "".join(f" [note {notes[note]}]" for note in table.notes)
        sheets.append(
            ods.Sheet(
                f"Table_{number}",
                f"Table {number}: {table.title}{marks}",
                (_about(table), _sources(table)),
                table.columns,
                table.rows,
            )
        )
    ods.write(path, f"{name}: tables", sheets)


if __name__ == "__main__":
    workers.work(make)
