"""Run the test suites of others under the fork-server kernel and under the stock one, and say where they differ.

The suites are those of jupyter_kernel_test, nbclient, papermill, nbval and nbconvert, from their published source
packages at the versions installed here. A kernelspec named `python3` is put before the stock one, so that each suite
runs unchanged. A test that ends differently is run again alone under both: what then agrees was chance or load.

`make conformance` makes the environment and calls this; it writes benchmarks/conformance.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from forkserver_kernel import available, kernelspec

PAGE = Path(__file__).with_name("conformance.md")
TIME_LIMIT = 1800
"""Seconds that a suite may take; what it has not run by then is an error, not a difference."""


@dataclass(frozen=True)
class Suite:
    """A suite: the distribution whose source package holds it, and what pytest is given."""

    name: str
    arguments: tuple[str, ...]
    left_out: str = ""
    by_engine: bool = False  # with papermill's engine of the fork server in the place of its usual one

    @property
    def forked(self) -> tuple[str, ...]:
        """What pytest is given on the side of the fork server."""
        return (*self.arguments, *(("-p", "by_engine") if self.by_engine else ()))

    @property
    def remark(self) -> str:
        """What the table says behind the suite's name."""
        if self.by_engine:
            return ", `test_execute` and `test_cli` with the engine `forkserver`"
        return f" (without {self.left_out})" if self.left_out else ""


# Cloud back ends of papermill need accounts; the converters of nbconvert start no kernel.
_CLOUD = ("abs", "adl", "gcs", "hdfs", "s3")
SUITES = (
    Suite("jupyter_kernel_test", ("test_ipykernel.py",)),
    Suite("nbclient", ("tests",)),
    Suite(
        "papermill",
        ("papermill/tests", *(f"--ignore=papermill/tests/test_{name}.py" for name in _CLOUD)),
        "cloud back ends",
    ),
    # Two tests of the limit for starting put a mock in the place of the usual engine's client.
    Suite(
        "papermill",
        ("papermill/tests/test_execute.py", "papermill/tests/test_cli.py", "-k", "not start_timeout"),
        by_engine=True,
    ),
    Suite("nbval", ("tests",)),
    Suite("nbconvert", ("tests/preprocessors/test_execute.py",), "the converters"),
)


def unpack(name: str, folder: Path) -> Path:
    """Download the source package of a distribution at the version installed here; return its folder."""
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--no-binary", ":all:", "--dest", str(folder), f"{name}=={version(name)}"),
        ],
        check=True,
    )
    (archive,) = folder.glob(f"{name}-*.tar.gz")
    with tarfile.open(archive) as stream:
        stream.extractall(folder, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


ENGINE = """from papermill.engines import papermill_engines
from forkserver_kernel.engine import ForkServerEngine

papermill_engines.register(None, ForkServerEngine)
"""
"""A plugin of pytest that makes papermill use the engine wherever no other is named."""


def run(folder: Path, arguments: tuple[str, ...], jupyter: Path | None) -> dict[str, str]:
    """Run tests; return the outcome of each. `jupyter` is a folder of kernelspecs that come first."""
    report = folder / "outcomes.xml"
    report.unlink(missing_ok=True)
    environment = {**os.environ, "PYTHONHASHSEED": "0"} | ({"JUPYTER_PATH": str(jupyter)} if jupyter else {})
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments),
            *(f"--junit-xml={report}", "-o", "junit_family=xunit1", "-o", "addopts="),
            *("-o", "asyncio_default_fixture_loop_scope=function"),  # unset, it is a warning that is an error
        ],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=TIME_LIMIT,
        check=False,
    )
    if not report.exists():
        raise SystemExit(
            f"{folder.name}: pytest wrote no report. Run it there by hand: pytest {' '.join(arguments)}"
        )
    return {node_id(case): outcome(case) for case in ET.parse(report).iter("testcase")}


def node_id(case: ET.Element) -> str:
    """What pytest calls a test, from its entry in the report."""
    file, name = case.get("file", ""), case.get("name", "")
    module = file.removesuffix(".py").replace("/", ".")
    inner = case.get("classname", "").removeprefix(module).strip(".")
    return "::".join(part for part in (file, inner.replace(".", "::"), name) if part)


def outcome(case: ET.Element) -> str:
    """passed, failed or skipped; an error at set-up counts as failed."""
    kinds = {child.tag for child in case}
    return "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"


def differences(
    folder: Path, suite: Suite, forked: dict[str, str], stock: dict[str, str], jupyter: Path
) -> list[str]:
    """The tests that end otherwise under the fork server, also when they are run alone."""
    names = sorted(name for name in {*forked, *stock} if forked.get(name) != stock.get(name))
    if not names:
        return []
    extra = suite.forked[len(suite.arguments) :]
    again = [run(folder, (*names, *extra), jupyter), run(folder, tuple(names), None)]
    return [
        f"`{name}`: {again[0].get(name, 'not run')}, stock {again[1].get(name, 'not run')}"
        for name in names
        if again[0].get(name) != again[1].get(name)
    ]


def put_first(folder: Path) -> None:
    """Install the fork server as the kernel `python3` and see that it is what a client gets. Raises `SystemExit`."""
    kernelspec.install(kernelspec.make("Python 3 (ipykernel)"), "python3", folder)
    code = (
        "import sys\nfrom nbclient import NotebookClient\nfrom nbformat.v4 import *\n"
        "look = \"import os; print(open(f'/proc/{os.getppid()}/cmdline').read())\"\n"
        "nb = new_notebook(cells=[new_code_cell(look)])\n"
        "NotebookClient(nb, kernel_name='python3').execute()\nprint(nb.cells[0].outputs[0].text)\n"
    )
    environment = {**os.environ, "JUPYTER_PATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    if "forkserver_kernel.zygote" not in done.stdout:
        raise SystemExit(f"The suites would not run under the fork server: {done.stdout}{done.stderr}")


def counted(outcomes: dict[str, str]) -> str:
    """ "126 passed, 1 failed"."""
    counts = Counter(outcomes.values())
    return ", ".join(f"{counts[kind]} {kind}" for kind in ("passed", "failed", "skipped") if counts[kind])


def page(rows: list[str]) -> str:
    """The table, with the versions that it holds for."""
    named = ("forkserver-kernel", "ipykernel", "jupyter-client", "ipython")
    made_with = ", ".join(f"{name} {version(name)}" for name in named)
    return "\n".join(
        [
            "# The fork-server kernel under the tests of others",
            "",
            "Written by `make conformance`: each suite from its published source package, once with the fork server",
            "in the place of the kernel `python3` and once with the stock one.",
            "",
            f"Python {sys.version_info.major}.{sys.version_info.minor}, {made_with}.",
            "",
            "| suite | fork server | stock | different under the fork server |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def main() -> int:
    """Run all suites, or those that are named; exit status 1 where one ends otherwise under the fork server."""
    if not available():
        raise SystemExit("This machine cannot fork kernels, so there is nothing to compare.")
    wanted = sys.argv[1:] or [suite.name for suite in SUITES]
    rows, differ = [], False
    with tempfile.TemporaryDirectory() as place:
        jupyter = Path(place) / "jupyter"
        put_first(jupyter)
        for suite in (suite for suite in SUITES if suite.name in wanted):
            folder = unpack(suite.name, Path(place))
            (folder / "by_engine.py").write_text(ENGINE, encoding="utf-8")
            forked = run(folder, suite.forked, jupyter)
            stock = run(folder, suite.arguments, None)
            found = differences(folder, suite, forked, stock, jupyter)
            differ |= bool(found)
            title = f"{suite.name} {version(suite.name)}" + suite.remark
            rows.append(f"| {title} | {counted(forked)} | {counted(stock)} | {'; '.join(found) or 'none'} |")
            print(rows[-1], flush=True)
    if not sys.argv[1:]:
        PAGE.write_text(page(rows), encoding="utf-8")
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
