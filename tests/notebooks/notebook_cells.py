"""Run the cells of a section's notebook in this process, and make up tables from their contracts.

Every figure made here is made up: it follows from a name and a number and says nothing about any force.
"""

from __future__ import annotations

import ast
import csv
import itertools
import json
import tomllib
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from peelbook import contracts
from peelbook.forces import Forces
from peelbook.paths import PACKAGE
from peelbook.runner import staging

#: The made-up years: those for which the embedded table of residents has figures too.
YEARS = ("2021-03-31", "2022-03-31", "2023-03-31")


def outputs(notebook: Path, *, force: str, reported: bool = False, every_cell: bool = False) -> list[dict[str, Any]]:
    """The outputs of a notebook's cells for one force, as the bundles that a front end gets.

    With `every_cell` also those that the runner leaves out for this force: so does papermill, or a person in JupyterLab.
    """
    import matplotlib as mpl

    mpl.use("agg")
    code = Forces.read(notebook.parents[1] / "data" / "forces.csv")[force].code
    source = notebook.read_bytes()
    if not every_cell:
        source = staging.stage(source, name=notebook.name, force_code=code, reported=reported)
    staged = json.loads(source)
    names: dict[str, Any] = {}
    found = []
    for cell in staged["cells"]:
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a warning would stand on the page
            exec(compile(tree, notebook.name, "exec"), names)
            shown = eval(compile(ast.Expression(last.value), notebook.name, "eval"), names) if last else None
        if "parameters" in cell["metadata"].get("tags", []):
            names |= {"force": force}
        if shown is not None:
            bundle = shown._repr_mimebundle_()
            found.append(bundle[0] if isinstance(bundle, tuple) else bundle)
    return found


def rows(table: str, codes: list[str]) -> list[dict[str, Any]]:
    """Made-up rows of a table for some forces and three years, one for each category that its contract lists.

    The categories of an area and period add up to about the same in every table, so that a part is no more than its
    whole: charges of one group than the offences recorded in it.
    A table of months or quarters has a row for each of them.
    """
    contract = contracts.load(table)
    key = contract["primaryKey"]
    fields = {field["name"]: field for field in contract["fields"]}
    values = {
        name: list(fields[name].get("constraints", {}).get("enum") or [fields[name].get("example", "Some of it"), "Other"])
        for name in key
        if name not in ("force_code", "period_end")
    }
    numbers = [name for name in fields if name not in key]
    categories = list(itertools.product(*values.values()))
    made = []
    for place, code in enumerate(codes):
        for step, day in enumerate(days(table)):
            for category, chosen in enumerate(categories):
                row = {"force_code": code, "period_end": day, **dict(zip(values, chosen, strict=True))}
                base = (40_000 + 700 * place + 900 * step + 50 * category) // len(categories)
                for number, name in enumerate(numbers):
                    most = fields[name].get("constraints", {}).get("maximum")
                    if name.startswith("total_"):
                        row[name] = sum(value for value in row.values() if isinstance(value, int))
                    elif most is not None:
                        row[name] = most * (base % 90) / 100
                    elif fields[name]["type"] in ("integer", "number"):
                        row[name] = base // 2**number  # later counts are parts of the first
                    else:
                        row[name] = fields[name].get("example", "")
                made.append(row)
    return made


def days(table: str) -> list[str]:
    """The last days of a table's made-up periods: three years, or their quarters or months."""
    ends = tomllib.loads((PACKAGE / "overlay" / "periods.toml").read_text(encoding="utf-8"))["ends"]
    end = next((end for end, tables in ends.items() if table in tables), "")
    if end in ("quarter", "month"):
        first = f"{int(YEARS[0][:4]) - 1}-04-01"
        return [f"{day:%Y-%m-%d}" for day in pd.date_range(first, YEARS[-1], freq=f"{end[0].upper()}E")]
    return [f"{day[:4]}-{end}" for day in YEARS] if end else list(YEARS)


def write(folder: Path, table: str, made: list[dict[str, Any]]) -> None:
    """Write rows as a table's file."""
    names = [field["name"] for field in contracts.load(table)["fields"]]
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(made)


def register(folder: Path, tables: list[str], *, gone: tuple[str, ...] = ()) -> None:
    """Name the made-up tables in a copy of the data package, and take others out of it."""
    path = folder / "datapackage.json"
    package = json.loads(path.read_text(encoding="utf-8"))
    kept = [item for item in package["resources"] if item["name"] not in {*tables, *gone}]
    package["resources"] = kept + [
        {"name": name, "path": f"{name}.csv", "title": f"Made up: {name}", "publisher": "Nobody: made up"}
        for name in tables
    ]
    path.write_text(json.dumps(package), encoding="utf-8")
