"""Measures ingest: the workforce file against pandas' default reader, and memory over 20 million records.

Each figure comes from a process of its own, so that one measurement's memory and caches are not the
next one's. Larger inputs are made here by replication and thrown away; nothing of them reaches `data/`.

Run as `python -m benchmarks.ingest` on Linux, after compiling bytecode; `--write` puts the result beside
this file as `ingest.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WORKFORCE = "homeoffice_police_workforce_open_data_table_260723.ods"
RECORDS = "data_police_uk_records.parquet"

# An odd number: a month in which every record stands an even number of times is left out as a double.
MANY = 101

OURS = """
import shutil, sys, time
from pathlib import Path
import pandera.pandas
from peelbook.sources.ingest import ingest
from peelbook.sources.publication import registry
registry()
path, folder = Path(sys.argv[1]), Path(sys.argv[2])
start = time.perf_counter()
outcome, = ingest([path], folder)
print(time.perf_counter() - start, outcome.rows)
"""

OUR_READER = """
import sys, time
from pathlib import Path
import pandas, python_calamine
from peelbook.sources.reading import SourceFile
start = time.perf_counter()
file = SourceFile(Path(sys.argv[1]))
rows = file.rows("Data")
print(time.perf_counter() - start, len(rows))
"""

PANDAS = """
import sys, time
import pandas, odf.opendocument
start = time.perf_counter()
frame = pandas.read_excel(sys.argv[1], sheet_name="Data", engine="odf")
print(time.perf_counter() - start, len(frame))
"""

COUNT = """
import re, sys, time
from pathlib import Path
import duckdb, pandas
from peelbook.sources.publication import recognise
from peelbook.sources.publications.stop_search_records import count
from peelbook.sources.reading import SourceFile

def peak():
    # VmHWM, not ru_maxrss: the latter starts at what the parent process had used.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

before = peak()
start = time.perf_counter()
_, match = recognise(SourceFile(Path(sys.argv[1])))
frame = count(match)
seconds = time.perf_counter() - start
print(seconds, int(frame["n"].sum()), before / 1024, peak() / 1024)
"""


def _run(code: str, *arguments: Path) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return [float(part) for part in done.stdout.split()]


def _find(name: str) -> Path | None:
    return next((ROOT.parent / "shared" / "sources").rglob(name), None)


def _made_workforce(folder: Path) -> Path:
    """A file of the published shape and size, for machines without the official one."""
    cells = (
        '<table:table-cell office:value-type="float" office:value="{}"/>',
        '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>',
    )
    header = ["As at 31 March...", "Geo code", "Force Name", "Region", "Sex", "Rank description"]
    header += ["Worker type", "Total (headcount)", "Total (FTE)"]
    ranks = [
        "Constable",
        "Sergeant",
        "Inspector",
        "Chief Inspector",
        "Superintendent",
        "Chief Superintendent",
    ]
    forces = [line.split(",")[:3] for line in (ROOT / "data" / "forces.csv").read_text().splitlines()[1:]]

    def row(values: list[object]) -> str:
        inner = "".join(cells[isinstance(value, str)].format(value) for value in values)
        return f"<table:table-row>{inner}</table:table-row>"

    rows = [row([*header])]
    for year in range(2007, 2024):
        for code, slug, _ in forces:
            for sex in ("Female", "Male", "Not stated", "Prefer not to say", "Prefer to self-describe"):
                for place, rank in enumerate(ranks):
                    rows.append(
                        row([year, code, slug, "x", sex, rank, "Police Officer", place, place + 0.25])
                    )
    space = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (
        f'<office:document-content xmlns:office="{space}office:1.0" xmlns:table="{space}table:1.0" '
        f'xmlns:text="{space}text:1.0"><office:body><office:spreadsheet><table:table table:name="Data">'
        f"{''.join(rows)}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    path = folder / "workforce.ods"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{space}manifest:1.0"/>')
    return path


def workforce(rounds: int, folder: Path) -> dict[str, object]:
    """Return medians in seconds: whole ingest, our reader alone, pandas' default ods reader alone."""
    path = _find(WORKFORCE)
    official = path is not None
    path = path or _made_workforce(folder)
    data = folder / "data"
    data.mkdir(exist_ok=True)
    ours, reader, pandas = [], [], []
    for _ in range(rounds):
        for stale in data.iterdir():
            stale.unlink()
        shutil.copy(ROOT / "data" / "forces.csv", data)
        ours.append(_run(OURS, path, data)[0])
        reader.append(_run(OUR_READER, path)[0])
        pandas.append(_run(PANDAS, path)[0])
    return {
        "file": "official" if official else "made here",
        "ingest_seconds": round(statistics.median(ours), 2),
        "reader_seconds": round(statistics.median(reader), 2),
        "pandas_seconds": round(statistics.median(pandas), 2),
        "ingest_over_pandas": round(statistics.median(ours) / statistics.median(pandas), 3),
    }


def _made_records() -> str:
    """A query for 200,000 records of the published shape, for machines without the official file."""
    columns = [
        "case when i % 70 = 0 then 'Vehicle search' else 'Person search' end as \"Type\"",
        "'2018-01-01T00:00:00+00:00' as \"Date\"",
        'null::varchar as "Part of a policing operation"',
        'null::varchar as "Policing operation"',
        '(51.3 + i / 1e6)::varchar as "Latitude"',
        '(i / 1e6)::varchar as "Longitude"',
        "'Male' as \"Gender\"",
        "'18-24' as \"Age range\"",
        "case i % 3 when 0 then 'White - Irish' else 'Black/African - Caribbean' end as \"Self-defined ethnicity\"",
        "'White' as \"Officer-defined ethnicity\"",
        "'Misuse of Drugs Act 1971 (section 23)' as \"Legislation\"",
        "'Controlled drugs' as \"Object of search\"",
        "case i % 4 when 0 then 'Arrest' else 'A no further action disposal' end as \"Outcome\"",
        'null::varchar as "Outcome linked to object of search"',
        'null::varchar as "Removal of more than just outer clothing"',
        "'2018-' || lpad((1 + i % 12)::varchar, 2, '0') as \"month\"",
        "'metropolitan' as \"force\"",
    ]
    return f"select {', '.join(columns)} from range(200000) as numbers(i)"


def records(folder: Path) -> list[dict[str, object]]:
    """Return time and peak memory of counting about 200 thousand, 2 million (CSV) and 20 million records."""
    import duckdb

    source = _find(RECORDS)
    query = f"select * from read_parquet('{source}')" if source else _made_records()
    results = []
    for copies, kind in ((1, "parquet"), (MANY, "parquet"), (1, "csv"), (11, "csv")):
        path = folder / f"records-{copies}.{kind}"
        with duckdb.connect() as connection:
            connection.execute("set memory_limit = '1GB'")
            connection.execute("set preserve_insertion_order = false")
            connection.execute("set enable_progress_bar = false")
            copied = f"select r.* from ({query}) as r, range({copies})"
            options = "format parquet" if kind == "parquet" else "format csv, header"
            connection.execute(f"copy ({copied}) to '{path}' ({options})")
        seconds, counted, before, peak = _run(COUNT, path)
        results.append(
            {
                "kind": kind,
                "records_counted": int(counted),
                "file_mb": round(path.stat().st_size / 1024**2, 1),
                "seconds": round(seconds, 2),
                "start_mb": round(before),
                "peak_mb": round(peak),
            }
        )
        path.unlink()
    return results


def _machine() -> str:
    """The machine in words: what makes its figures comparable, and nothing of where it stands."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    parts = [
        f"{os.cpu_count()} processors ({cpu[1].strip() if cpu else platform.machine()})",
        f"{int(memory[1]) / 1024**2:.0f} GB of memory" if memory else "",
        f"{platform.system()}, Python {platform.python_version()}",
    ]
    return ", ".join(part for part in parts if part)


def page(result: dict[str, Any], rounds: int) -> str:
    """Return the measurements as a Markdown page."""
    work = result["workforce"]
    lines = [
        "# Ingest, measured",
        "",
        f"Written by `python -m benchmarks.ingest --write`. Machine: {_machine()}.",
        "",
        f"The workforce file ({work['file']}), medians of {rounds} in seconds:",
        "",
        "| what | seconds |",
        "| --- | ---: |",
        f"| our ingest, from file to tables and description | {work['ingest_seconds']} |",
        f"| our reader alone | {work['reader_seconds']} |",
        f"| pandas' default ods reader alone | {work['pandas_seconds']} |",
        "",
        f"Whole ingest takes {work['ingest_over_pandas']} of the time of pandas' reader.",
        "",
        "Stop and search records, counted in one pass; larger files are the official one, repeated:",
        "",
        "| file | records counted | size, MB | seconds | memory before, MB | memory at most, MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['kind']} | {row['records_counted']:,} | {row['file_mb']} | {row['seconds']} | {row['start_mb']} "
        f"| {row['peak_mb']} |"
        for row in result["records"]
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the measurements, as text or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="repeats whose median is taken")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="write benchmarks/ingest.md too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="peelbook-bench-") as name:
        folder = Path(name)
        result = {"workforce": workforce(options.rounds, folder), "records": records(folder)}
    if options.write:
        Path(__file__).with_suffix(".md").write_text(page(result, options.rounds), encoding="utf-8")
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print("Workforce file, medians in seconds")
    for label, value in result["workforce"].items():
        print(f"  {label:20} {value}")
    print("Stop and search records")
    for row in result["records"]:
        print("  " + ", ".join(f"{label} {value}" for label, value in row.items()))


if __name__ == "__main__":
    main()
