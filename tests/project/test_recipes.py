"""CONTRIBUTING.md is followed to the letter on a copy of the project, so that no recipe can rot."""

from __future__ import annotations

import ast
import datetime
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CHAPTER = "notebooks/responding_to_the_public.ipynb"
CLAIM = "police_powers.stop_search_rate.force"

STEP = re.compile(
    r"^(?:(?P<verb>Append to|Create|Add a Markdown cell to|Add a code cell(?: tagged `(?P<tag>[\w-]+)`)? to"
    r"|Add to the class `(?P<cls>\w+)` in) "
    r"`(?P<path>[^`]+)`:\n\n)?```(?P<language>\w+)\n(?P<body>.*?)^```$",
    flags=re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Step:
    """One block of a recipe and what to do with it: an edit of a file, or something to run."""

    verb: str
    path: str
    cls: str
    tag: str
    language: str
    body: str


def steps(recipe: str) -> list[Step]:
    """The blocks of a recipe in order."""
    # Ends at the next recipe or the last chapter; "##" alone may stand inside a block.
    (section,) = re.findall(
        rf"^## Recipe: {recipe}\n(.*?)(?=^## Recipe: |^## Before you push)",
        PAGE,
        flags=re.MULTILINE | re.DOTALL,
    )
    return [
        Step(m["verb"] or "Run", m["path"] or "", m["cls"] or "", m["tag"] or "", m["language"], m["body"])
        for m in STEP.finditer(section)
    ]


class Copy:
    """A copy of the project in which a recipe is followed."""

    def __init__(self, folder: Path, **environment: str):
        self.root, self.environment = folder, environment
        for name in ("src", "data", "notebooks", "tests/measures"):
            shutil.copytree(ROOT / name, folder / name)  # with its bytecode
        shutil.copy(ROOT / "tests" / "conftest.py", folder / "tests")
        for name in ("_config.yml", "_toc.yml", "pyproject.toml", "requirements.txt"):
            shutil.copy(ROOT / name, folder)

    def follow(self, step: Step) -> str:
        """Do what a step says; return what it prints."""
        path = self.root / step.path
        if step.verb == "Create":
            assert not path.exists(), f"{step.path} is there already: choose another example"
            path.write_text(step.body, encoding="utf-8")
        elif step.verb == "Append to":
            with path.open("a", encoding="utf-8", newline="") as stream:
                stream.write(step.body if path.suffix == ".csv" else f"\n{step.body}")
        elif step.cls:
            self.add_method(path, step)
        elif step.verb.startswith("Add a "):
            self.add_cell(path, step)
        elif step.language == "python":
            return self.run([sys.executable, "-c", step.body])
        else:
            assert step.language == "sh", f"nothing says what to do with this {step.language} block"
            return "".join(self.run(self.command(line)) for line in step.body.splitlines())
        return ""

    def command(self, line: str) -> list[str]:
        words = shlex.split(line, comments=True)
        assert words[0] == "peelbook", f"the test knows no way to run {line!r}"
        return [sys.executable, "-m", *words]

    def run(self, command: list[str]) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PEELBOOK_")}
        environment |= self.environment
        environment |= {"PYTHONPATH": str(self.root / "src")}
        done = subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=400, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @staticmethod
    def add_method(path: Path, step: Step) -> None:
        """Put a method at the end of a class."""
        source = path.read_text(encoding="utf-8")
        (found,) = [n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == step.cls]
        lines = source.splitlines(keepends=True)
        lines.insert(found.end_lineno or 0, f"\n{step.body}")
        path.write_text("".join(lines), encoding="utf-8")

    @staticmethod
    def add_cell(path: Path, step: Step) -> None:
        """Put a cell before the chapter's last heading."""
        notebook = nbformat.read(path, as_version=4)
        new = nbformat.v4.new_markdown_cell if "Markdown" in step.verb else nbformat.v4.new_code_cell
        number = len(notebook.cells)
        cell = new(
            step.body.strip(), id=f"recipe-{number}", metadata={"tags": [step.tag]} if step.tag else {}
        )
        notebook.cells.insert(last_heading(notebook), cell)
        nbformat.write(notebook, path)


def last_heading(notebook) -> int:
    """Where the chapter's checked numbers begin, which the page says stay last."""
    (place,) = [
        number
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "markdown" and cell.source.startswith("## The numbers in this section, checked")
    ]
    assert "*The numbers in this section, checked*, which stays last" in PAGE.replace("\n", " ")
    return place


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """Return a function that follows a recipe on the one copy that all recipes share, in their order."""
    copy = Copy(tmp_path_factory.mktemp("recipes"))

    def follow(recipe: str) -> tuple[Copy, str]:
        found = steps(recipe)
        assert found, f"CONTRIBUTING.md has no recipe {recipe!r}"
        return copy, "".join(copy.follow(step) for step in found)

    return follow


def test_every_recipe_on_the_page_is_followed_here():
    assert re.findall(r"^## Recipe: (.*)$", PAGE, flags=re.MULTILINE) == [
        "add a measure",
        "put a chart in a chapter",
        "draw a chart of your own",
        "add a new sort of cell",
        "add a kind of chart",
        "add a publication",
        "add a claim",
        "renew the charting library of the comparison",
        "take in a new official release",
    ]


def test_a_measure_then_a_chart_of_it_in_a_chapter(followed):
    """The newcomer's walk: a registry entry, four cells, one run; the page then has table, chart and sentence."""
    copy, _ = followed("add a measure")
    copy.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/measures/test_registry.py"]
    )
    before = nbformat.read(copy.root / CHAPTER, as_version=4)
    followed("put a chart in a chapter")
    after = nbformat.read(copy.root / CHAPTER, as_version=4)
    place = last_heading(before)
    heading, table, chart, sentence = after.cells[place : place + 4]
    assert heading.source.startswith("## ")
    assert [cell.metadata.get("tags", []) for cell in (table, chart, sentence)] == [
        ["show-input"],
        [],
        ["hide-input"],
    ]
    assert "Victim-based crimes for each officer" in _shown(table)[0]
    payload = chart.outputs[1].data["application/vnd.peelbook.figure+json"]  # between its title and its notes
    assert payload["id"] == "responding_to_the_public.victim_based_crimes_per_officer"
    assert len(payload["table"]["rows"]) >= 43
    text = sentence.outputs[0].data["text/plain"]
    assert "victim-based offences for each police officer" in text
    # The cells that were there give what they gave: nothing else of the page has changed.
    old = [(cell.source, _shown(cell)) for cell in before.cells]
    rest = [*after.cells[:place], *after.cells[place + 4 :]]
    assert [(cell.source, _shown(cell)) for cell in rest] == old


def _shown(cell) -> list[str]:
    return [output.data["text/plain"] for output in cell.get("outputs", [])]


@pytest.mark.parametrize(
    "recipe",
    ["draw a chart of your own", "add a new sort of cell", "add a kind of chart", "add a publication"],
)
def test_the_recipe_works_as_written(followed, recipe):
    followed(recipe)


def test_the_example_publication_is_not_one_of_the_books(catalogue):
    assert "firearm_certificates" not in catalogue.resources


def test_a_claim_gets_its_verdict(tmp_path):
    """The recipe shows a real row, since no figure may be invented: it is taken out, and the recipe puts it back."""
    copy = Copy(tmp_path)
    ledger = copy.root / "data" / "claims.csv"
    rows = ledger.read_text(encoding="utf-8").splitlines(keepends=True)
    others = [row for row in rows if not row.startswith(f"{CLAIM},")]
    assert len(others) == len(rows) - 1
    ledger.write_text("".join(others), encoding="utf-8")
    printed = "".join(copy.follow(step) for step in steps("add a claim"))
    assert sorted(ledger.read_text(encoding="utf-8").splitlines(keepends=True)) == sorted(rows)
    assert f"✓ {CLAIM} | 19.8 per 1,000" in printed


def test_a_new_official_release_is_taken_in(tmp_path, publishers):
    """Two more years of the workforce, made up, on a page that the mirror plays: the steps leave all in order."""
    now = _workforce_entry(ROOT)["released"]
    then = datetime.date.fromisoformat(now).replace(day=23) + datetime.timedelta(days=3 * 365)
    name = f"open-data-table-police-workforce-{then:%d%m%y}.csv"
    url = publishers.media(name, two_more_years_of_workforce(), "9f")
    publishers.page(
        "/government/statistics/police-workforce-open-data-tables",
        [{"attachment_type": "file", "content_type": "text/csv", "url": url, "filename": name}],
        updated=then.isoformat(),
    )
    copy = Copy(tmp_path, PEELBOOK_MIRROR=publishers.base)
    printed = "".join(copy.follow(step) for step in steps("take in a new official release"))
    assert re.search(r"^workforce +(new|revised)$", printed, flags=re.MULTILINE)
    assert "every hash and contract holds" in printed
    entry = _workforce_entry(copy.root)
    assert entry["released"] == then.isoformat()
    # The release that was there is kept: printed figures keep the verdicts that it gave them.
    assert now in [earlier["released"] for earlier in entry["releases"]]
    assert len(publishers.asked) == 2


def _workforce_entry(folder: Path) -> dict:
    package = json.loads((folder / "data/datapackage.json").read_text(encoding="utf-8"))
    (entry,) = [item for item in package["resources"] if item["name"] == "workforce"]
    return entry


def two_more_years_of_workforce() -> bytes:
    """The committed table in the published layout, and its last year again for the two after it, as made-up figures."""
    import pandas as pd

    from peelbook import Catalogue

    catalogue = Catalogue(ROOT / "data")
    table = catalogue.table("workforce")
    last = table[table["period_end"] == table["period_end"].max()]
    parts = [table, *(last.assign(period_end=last["period_end"] + pd.DateOffset(years=n)) for n in (1, 2))]
    rows = pd.concat(parts, ignore_index=True)
    columns = {
        "As at 31 March...": rows["period_end"].dt.year,
        "Geo code": rows["force_code"],
        "Force Name": [catalogue.forces[code].name for code in rows["force_code"]],
        "Region": "",
        "Sex": rows["sex"],
        "Rank description": rows["rank"],
        "Worker type": rows["worker_type"],
        "Total (headcount)": rows["headcount"],
        "Total (FTE)": rows["fte"].astype(object).where(rows["fte"].notna(), "N/A"),
    }
    return pd.DataFrame(columns).to_csv(index=False).encode()


@pytest.fixture
def publishers():
    """A server on this machine that plays the publishers."""
    sys.path.insert(0, str(ROOT / "tests" / "sources"))
    from publishers import Publishers, running

    with running(Publishers()) as server:
        yield server


def test_the_places_the_page_names_are_there():
    table = PAGE[PAGE.index("| you want to change |") : PAGE.index("A chapter has one stem")]
    for path in re.findall(r"^\| [^|]+ \| `([^`]+)` \|$", table, flags=re.MULTILINE):
        pattern = re.sub(r"<\w+>", "*", path)
        assert list(ROOT.glob(pattern)), path
