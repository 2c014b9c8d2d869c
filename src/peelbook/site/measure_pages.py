"""A page for each measure: what it counts, every force's newest figure, its history and its parts, and the files.

The pages are of the data alone. They are made once for all forces, in the staged form of a notebook's page, with a
CSV and a JSON file at addresses that do not change: `measures/<id>.csv`, `measures/<id>.json`. `measures/index.json`
names the measures and the forces; the page to compare forces reads nothing else.
"""

from __future__ import annotations

import ast
import contextlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import peelbook
from peelbook import areas, compare, display, formats, measures, paths
from peelbook.analysis import tables
from peelbook.catalogue import Catalogue
from peelbook.measures._kinds import GRADE
from peelbook.sections import all_sections
from peelbook.site import downloads, notebook, staged_page
from peelbook.site.card import Figure
from peelbook.site.edition import MEASURES_FOLDER
from peelbook.site.publish import keep_only, put_file

if TYPE_CHECKING:
    import pandas as pd

    from peelbook.figures._chart import Chart
    from peelbook.measures import Measure

VERSION = 1
"""Version of the layout of the JSON files; a change that breaks a reader of them makes it the next."""

_CSV_COLUMNS = (
    "breakdown", "force_code", "force", "period_end", "numerator", "denominator", "value", "lower", "upper", "reason",
)  # fmt: skip
_FEWEST = 5  # forces with a figure, below which a map would be an empty grid


def with_data(catalogue: Catalogue) -> list[Measure]:
    """The measures that have a page: those whose tables are there."""
    return [m for m in measures.registry().values() if all(catalogue.has(table) for table in m.tables)]


def put_pages(pages: Path, files: Path, catalogue: Catalogue, frame: pd.DataFrame) -> None:
    """Write the pages' sources to one folder and their data files to another, from `national.all_measures`."""
    found = [
        _Page(catalogue, m, rows)
        for m in with_data(catalogue)
        if len(rows := frame[frame["measure_id"] == m.id])
    ]
    used = _used_in()
    names = set()
    for page in found:
        put_file(pages / f"{page.measure.id}{staged_page.SUFFIX}", page.staged(used.get(page.measure.id, [])))
        put_file(files / f"{page.measure.id}.csv", page.csv())
        put_file(files / f"{page.measure.id}.json", page.json())
        names |= {f"{page.measure.id}.csv", f"{page.measure.id}.json"}
    put_file(pages / "index.md", _index(found))
    put_file(files / "index.json", _contents(found, catalogue))
    keep_only(pages, {f"{page.measure.id}{staged_page.SUFFIX}" for page in found} | {"index.md"})
    keep_only(files, names | {"index.json"})


def _used_in() -> dict[str, list[str]]:
    """The sections whose notebooks name a measure: measure id → stems."""
    found: dict[str, list[str]] = {}
    for section in all_sections():
        path = paths.project_root() / "notebooks" / f"{section.stem}.ipynb"
        if path.exists():
            source = json.loads(path.read_text(encoding="utf-8"))
            for name in {name for cell in source["cells"] for name in _texts(cell)}:
                found.setdefault(name, []).append(section.stem)
    return found


def _texts(cell: Mapping[str, Any]) -> Iterator[str]:
    """The texts in a cell's code, such as the names of measures; none for a cell that is not Python."""
    if cell["cell_type"] == "code":
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse("".join(cell["source"]))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def _index(pages: Sequence[_Page]) -> str:
    """The index of measures as MyST: those with a page, then those whose publication is not in the book yet."""
    lines = [
        f"{len(pages)} measures have data in this edition. Each has a page with its definition, every force, ",
        "",
    ]
    lines[0] += "its history, its parts, and files to take away."
    lines += [
        f"- [{page.measure.label}](../{MEASURES_FOLDER}/{page.measure.id}{staged_page.SUFFIX})"
        for page in pages
    ]
    known = {page.measure.id for page in pages}
    absent = [m for m in measures.registry().values() if m.id not in known]
    if absent:
        lines += [
            "",
            "## Not in this edition",
            "",
            "Their publications have not been brought in. The report’s own",
            "",
        ]
        lines[-2] += " figures are in the ledger, as printed."
        lines += [f"- {m.label}: {m.definition} Source: {'; '.join(m.publications)}." for m in absent]
    return "\n".join(lines) + "\n"


def _contents(pages: Sequence[_Page], catalogue: Catalogue) -> str:
    """The list of measures and forces that the page to compare forces starts from."""
    similar = areas.similar_of_all(catalogue)
    forces = [
        {
            "code": force.code,
            "slug": force.slug,
            "name": force.name,
            "short": force.short_name,
            "region": force.region,
            "also": [name for name in force.names if name not in (force.code, force.slug)],
            "neighbours": list(areas.neighbours(catalogue, force.code).codes),
            "similar": list(similar[force.code].codes),
        }
        for force in catalogue.forces
    ]
    listed = [
        {
            "id": p.measure.id,
            "label": p.measure.label,
            "subject": p.subject,
            "parts": [name for name, _ in p.parts],
        }
        for p in pages
        if p.is_comparable
    ]
    return _json({"version": VERSION, "edition": peelbook.__version__, "forces": forces, "measures": listed})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def _number(value: Any) -> float | int | None:
    """A number as JSON writes it, to six significant digits and a count exactly; `None` for none."""
    if formats.is_missing(value) or not math.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(f"{value:.6g}")


class _Page:
    """One measure's page and files."""

    def __init__(self, catalogue: Catalogue, measure: Measure, rows: pd.DataFrame):
        self.catalogue, self.measure, self.rows = catalogue, measure, rows
        self.codes = [force.code for force in catalogue.forces]
        self.parts = [(str(name), part) for name, part in rows.groupby("breakdown", sort=False)]

    @property
    def is_comparable(self) -> bool:
        """Whether forces can be set side by side on it: not grades, nor figures of the whole country alone."""
        return self.measure.kind != GRADE and not self.measure.areas

    @property
    def subject(self) -> str:
        """What the measure is about, as a list of measures groups them: the title of its first publication's table."""
        return self.measure.numerator.table.replace("_", " ").capitalize()

    @cached_property
    def main(self) -> pd.DataFrame:
        """The rows of the measure as a whole, or of its first part where it has no whole."""
        return self.parts[0][1]

    @cached_property
    def newest(self) -> pd.Timestamp:
        """The last period in which at least half as many forces as ever have a figure."""
        counts = self.main[self.main["value"].notna()].groupby("period_end")["force_code"].nunique()
        return counts[counts >= counts.max() / 2].index.max()

    def _part_label(self, name: str) -> str:
        return (
            name.partition("=")[2] and "; ".join(part.partition("=")[2] for part in name.split("; "))
        ) or "All"

    # --- files -----------------------------------------------------------------------------------

    def csv(self) -> str:
        """Every figure of the measure as CSV: counts exactly, others with seven significant digits, ends of intervals
        with five."""
        return downloads.measures_csv(self.rows[list(_CSV_COLUMNS)], ("breakdown", "force", "reason"))

    def json(self) -> str:
        """The measure and its figures, a matrix of forces by periods for each part."""
        m = self.measure
        return _json(
            {
                "version": VERSION,
                "edition": peelbook.__version__,
                "id": m.id,
                "label": m.label,
                "definition": m.definition,
                "unit": m.unit,
                "kind": m.kind,
                "decimals": m.decimals,
                "period": m.period,
                "numerator": str(m.numerator),
                "denominator": str(m.denominator or ""),
                "cautions": [*m.caveats, *m.exclusions],
                "over_time": list(m.over_time),
                "excluded": list(m.excluded),
                "sources": [
                    {"title": p.title, "publisher": p.publisher, "url": p.page_url, "licence": p.licence}
                    for p in self.provenance
                ],
                "forces": self.codes,
                "newest": f"{self.newest:%Y-%m-%d}",
                "parts": [self._part(name, rows) for name, rows in self.parts],
            }
        )

    def _part(self, name: str, rows: pd.DataFrame) -> dict[str, Any]:
        days = sorted(rows["period_end"].unique())
        place = {code: number for number, code in enumerate(self.codes)}
        when = {day: number for number, day in enumerate(days)}
        values: list[list[Any]] = [[None] * len(days) for _ in self.codes]
        gaps: list[list[int]] = []
        reasons: dict[str, int] = {}
        columns = ("force_code", "period_end", "value", "reason")
        for code, day, value, reason in zip(*(rows[column].tolist() for column in columns), strict=True):
            if code not in place:
                continue
            values[place[code]][when[day]] = _number(value)
            if reason:
                gaps.append([place[code], when[day], reasons.setdefault(reason, len(reasons))])
        averages = self._averages[name]
        return {
            "name": name,
            "label": self._part_label(name),
            "periods": [f"{day:%Y-%m-%d}" for day in days],
            "names": [self.measure.period_name(day) for day in days],
            "values": values,
            "pooled": [_number(averages.get(day, (None, None))[0]) for day in days],
            "mean": [_number(averages.get(day, (None, None))[1]) for day in days],
            "gaps": gaps,
            "reasons": list(reasons),
        }

    @cached_property
    def _dimensions(self) -> dict[str, dict[str, Any]]:
        found = measures.dimensions(self.catalogue, self.measure)
        return {measures.breakdown_name(dimension): dimension for dimension in found}

    @cached_property
    def _averages(self) -> dict[str, dict[Any, tuple[Any, Any]]]:
        """Total over total, and the mean of forces, by part and period; none of grades."""
        found: dict[str, dict[Any, tuple[Any, Any]]] = {name: {} for name, _ in self.parts}
        for name, rows in self.parts if self.is_comparable else []:
            frame = measures.compute(self.catalogue, self.measure.id, **self._dimensions[name])
            frame = frame[frame["period_end"].isin(rows["period_end"].unique())]
            table = compare.averages_through_time(frame).to_dict("records")
            found[name] = {row["period_end"]: (row.get("pooled"), row.get("mean_of_forces")) for row in table}
        return found

    @property
    def provenance(self) -> list[Any]:
        """Where the measure's tables come from."""
        return [self.catalogue.provenance(table) for table in self.measure.tables]

    # --- the page --------------------------------------------------------------------------------

    def staged(self, sections: Sequence[str]) -> bytes:
        """The page in the form in which the site reads a notebook's."""
        m = self.measure
        page: list[dict[str, Any]] = [{"markdown": f"# {m.label}\n\n{m.definition}"}, _html(self._files())]
        page += [{"markdown": f"## All forces, {m.period_name(self.newest)}"}]
        if (chart := self._map()) is not None:
            page.append(_output([staged_page.FIGURE, notebook.packed(_figure(chart))]))
        page.append(_html(self._forces()))
        if self.main["period_end"].nunique() > 1 and self.is_comparable:
            page += [{"markdown": "## Through time"}, _html(self._history())]
        if len(self.parts) > 1:
            page += [{"markdown": "## Its parts"}, _html(self._breakdowns())]
        page += [{"markdown": "## What it means"}, _html(self._meaning())]
        titles = {section.stem: section.title for section in all_sections()}
        if sections:
            lines = [f"- [{titles[stem]}](../notebooks/{stem}.ipynb)" for stem in sections]
            page.append({"markdown": "## Where this book uses it\n\n" + "\n".join(lines)})
        page += [{"markdown": "## Where it comes from"}, _html(self._sources())]
        return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()

    def _files(self) -> str:
        parts = [
            f'<a href="{self.measure.id}.csv" download>CSV</a>',
            f'<a href="{self.measure.id}.json" download>JSON</a>',
        ]
        if self.is_comparable:
            parts.insert(0, f'<a href="../compare.html?measure={self.measure.id}">Compare forces on this</a>')
        return f'<p class="pb-actions">{" ".join(parts)}</p>'

    def _at(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows[(rows["period_end"] == self.newest) & rows["force_code"].isin(self.codes)]

    def _map(self) -> Chart | None:
        from peelbook.figures.tile_grid_map import tile_grid_map

        rows = self._at(self.main)
        if not self.is_comparable or rows["value"].notna().sum() < _FEWEST:
            return None
        m = self.measure
        pooled, mean = self._averages[self.parts[0][0]].get(self.newest, (None, None))
        label = m.label if not self.parts[0][0] else f"{m.label}: {self._part_label(self.parts[0][0])}"
        return tile_grid_map(
            rows[["force_code", "value"]].reset_index(drop=True),
            id=f"{MEASURES_FOLDER}.{m.id}_map",  # the page's title has the anchor of the measure itself
            title=f"{label} by police force area, {m.period_name(self.newest)}",
            forces=self.catalogue.forces,
            label=label,
            unit=m.unit,
            decimals=m.decimals,
            provenance=self.provenance,
            period=m.period_name(self.newest),
            averages={"pooled": pooled, "mean_of_forces": mean},
            notes=[*m.caveats, *m.exclusions],
        )

    def _forces(self) -> str:
        m = self.measure
        names = {force.code: force.short_name for force in self.catalogue.forces}
        rows = self._at(self.main).sort_values(["value", "force_code"], ascending=[False, True])
        counted = m.denominator is not None
        columns = ["Force", *(["Rank"] if self.is_comparable else []), m.label]
        columns += [str(m.numerator), str(m.denominator)] if counted else []
        ranks = rows["value"].rank(ascending=False, method="min")
        lines = []
        for row, rank in zip(rows.to_dict("records"), ranks.tolist(), strict=True):
            no_figure = formats.is_missing(row["value"])
            line = [names[row["force_code"]]]
            line += ["" if no_figure else str(int(rank))] if self.is_comparable else []
            line.append("no figure" if no_figure else m.format(row["value"]))
            line += [_whole(row["numerator"]), _whole(row["denominator"])] if counted else []
            lines.append(line)
        numeric = [False, *[True] * (len(columns) - 1)]
        caption = f"{m.label}, {m.period_name(self.newest)}: all forces"
        table = display.table_html(caption, columns, lines, numeric=numeric, css="pb-table pb-sortable")
        reasons = {
            names[row["force_code"]]: row["reason"] for row in rows.to_dict("records") if row["reason"]
        }
        notes = "".join(
            f'<p class="pb-figure-note">{display.escape(f"{who}: {why}")}</p>'
            for who, why in sorted(reasons.items())
        )
        return table + notes

    def _history(self) -> str:
        m = self.measure
        names = {force.code: force.short_name for force in self.catalogue.forces}
        averages = self._averages[self.parts[0][0]]
        figures = self.main[self.main["value"].notna()]
        head, write, _ = tables.day_column(figures["period_end"], m.period)
        if head == "Period to":  # its periods are named otherwise, such as mid-2024
            head, write = "Period", m.period_name
        columns = [
            head,
            "England and Wales",
            "Mean of forces",
            "Lowest",
            "Highest",
            "Forces with a figure",
        ]
        lines = []
        for day, rows in figures.groupby("period_end"):
            own = rows[rows["force_code"].isin(self.codes)]
            if own.empty:
                continue
            pooled, mean = averages.get(day, (None, None))
            low, high = own.loc[own["value"].idxmin()], own.loc[own["value"].idxmax()]
            lines.append(
                [
                    write(day),
                    "" if formats.is_missing(pooled) else m.format(pooled),
                    "" if formats.is_missing(mean) else m.format(mean),
                    f"{m.format(low['value'])}, {names[low['force_code']]}",
                    f"{m.format(high['value'])}, {names[high['force_code']]}",
                    str(own["force_code"].nunique()),
                ]
            )
        caption = f"{m.label} through time"
        said = "".join(f'<p class="pb-figure-note">{display.escape(text)}</p>' for text in m.over_time)
        return display.table_html(caption, columns, lines, numeric=[False, *[True] * 5]) + said

    def _breakdowns(self) -> str:
        """A folded table for each dimension: a row a force, a column a part, in the newest period."""
        m = self.measure
        names = {force.code: force.short_name for force in self.catalogue.forces}
        groups: dict[str, list[tuple[str, pd.DataFrame]]] = {}
        for name, rows in self.parts:
            if name:
                groups.setdefault(", ".join(part.partition("=")[0] for part in name.split("; ")), []).append(
                    (name, rows)
                )
        tables = []
        for group, parts in groups.items():
            title = f"{m.label} by {group.replace('_', ' ')}, {m.period_name(self.newest)}"
            columns = ["Force", *(self._part_label(name) for name, _ in parts)]
            figures = [
                dict(zip(at["force_code"], at["value"], strict=True))
                for _, rows in parts
                for at in [self._at(rows)]
            ]
            lines = [
                [
                    names[code],
                    *("" if formats.is_missing(f.get(code)) else m.format(f[code]) for f in figures),
                ]
                for code in sorted(self.codes, key=names.__getitem__)
            ]
            table = display.table_html(
                title, columns, lines, numeric=[False, *[True] * len(parts)], css="pb-table pb-sortable"
            )
            tables.append(f"<details><summary>{display.escape(title)}</summary>{table}</details>")
        return "".join(tables)

    def _meaning(self) -> str:
        return _definition_list(measures.facts(self.measure))

    def _sources(self) -> str:
        lists = []
        for item in self.provenance:
            link = f'<a href="{display.escape(item.page_url)}">{display.escape(item.title)}</a>'
            facts = [
                ("Source", link if item.page_url.startswith("https://") else display.escape(item.title)),
                ("Publisher", display.escape(item.publisher)),
                ("Period", display.escape(item.period)),
                ("Licence", display.escape(item.licence)),
                ("Take care", display.escape(item.caveat)),
                (
                    "Table",
                    f'<code>{display.escape(item.table)}</code> <span class="pb-hash">sha256 {item.table_sha256[:12]}</span>',
                ),
            ]
            rows = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts if text)
            lists.append(f'<dl class="pb-source-list">{rows}</dl>')
        return "".join(lists)


def _whole(value: Any) -> str:
    return "" if formats.is_missing(value) else formats.number(value, 0 if float(value).is_integer() else 2)


def _definition_list(facts: Sequence[tuple[str, Sequence[str]]]) -> str:
    rows = "".join(
        f"<dt>{display.escape(name)}</dt>{''.join(f'<dd>{display.escape(text)}</dd>' for text in texts)}"
        for name, texts in facts
    )
    return f"<dl>{rows}</dl>"


def _output(output: list[str]) -> dict[str, Any]:
    return {"code": "", "tags": [], "outputs": [output]}


def _html(html: str) -> dict[str, Any]:
    return _output([staged_page.OWN_HTML, html])


def _figure(chart: Chart) -> Figure:
    return Figure(chart.payload(), *chart.pictures())
