"""Every command that the README and the book's pages print is run, on the spelling that they print.

`--help` at its end lets a program read the whole line, refuse what it does not know, and do nothing; `make -n` says
what it would do. The build of the book is run in full by the tests of the site, on the same spelling.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
BLOCK = re.compile(r"^```(?:sh|text|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROGRAM = re.compile(
    r"(?:\.venv[/\\](?:bin|Scripts)[/\\])?(make|python|pip|peelbook|papermill|dask|jupyter-book)\b"
)


def printed() -> list[str]:
    """Commands in the code blocks of the README and of the book's pages, without their comments."""
    lines = []
    for page in (ROOT / "README.md", *sorted((ROOT / "book").glob("*.md"))):
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            if PROGRAM.match(block):  # other blocks show a table
                lines += [re.split(r"\s+#\s", line)[0].strip() for line in block.splitlines() if line.strip()]
    return list(dict.fromkeys(lines))


def run(line: str) -> tuple[int, str]:
    """Run one printed command without its effect; return exit status and output."""
    found = PROGRAM.match(line)
    assert found, f"not a command that is known here: {line}"
    program, rest = found[1], line[found.end() :].split()
    if program == "peelbook":
        from peelbook.cli import app

        result = CliRunner().invoke(app, [*rest, "--help"])
        return result.exit_code, result.output
    if "pip" in (program, *rest[:2]) and importlib.util.find_spec("pip") is None:
        pytest.skip("this environment was made without pip")
    if program == "make":
        command = [shutil.which("make") or pytest.skip("make is not on this machine"), "-n", *rest]
    else:
        command = [sys.executable if program == "python" else str(BIN / program), *rest, "--help"]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    return done.returncode, done.stdout + done.stderr


def test_the_pages_print_commands():
    assert {PROGRAM.match(line)[1] for line in printed()} >= {"make", "python", "peelbook", "jupyter-book"}


@pytest.mark.parametrize("line", printed())
def test_a_printed_command_runs_as_it_is_spelt(line):
    status, output = run(line)
    assert status == 0, output[-2000:]


@pytest.mark.parametrize(
    "line",
    [
        r".venv\Scripts\python -m jupyter_book build .",
        ".venv/bin/peelbook build --forces kent",
        "make no-such-target",
        ".venv/bin/papermill --no-such-option a.ipynb",
    ],
)
def test_a_command_that_does_not_work_is_found_out(line):
    assert run(line)[0] != 0
