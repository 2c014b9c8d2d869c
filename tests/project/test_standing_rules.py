"""Rules that hold for every file of the project, whoever writes it next."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
KERNEL = ROOT / "packages" / "forkserver-kernel" / "src"

# --- which files there are -----------------------------------------------------------------------


@cache
def tracked() -> tuple[Path, ...]:
    """Files that are, or are about to be, in the repository; empty where this is no git checkout."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file())


@pytest.fixture(scope="module")
def files() -> tuple[Path, ...]:
    if not tracked():
        pytest.skip("this is not a git checkout, so it cannot be said which files belong to the project")
    return tracked()


def modules() -> list[Path]:
    return [*sorted(SRC.rglob("*.py")), *sorted(KERNEL.rglob("*.py"))]


def in_package(path: Path) -> Path:
    """A module's path from the folder that Python finds it in."""
    return path.relative_to(KERNEL if path.is_relative_to(KERNEL) else SRC)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- what may not be in a file -------------------------------------------------------------------

# Folders of one person's or one machine's disk. Written in parts so that this line is no match itself.
MACHINE_PATH = re.compile(
    "(?<![\\w.])/(?:" + "|".join(["work", "root", "home", "Users"]) + ")/[\\w.]|"
    "(?<![\\w.])/tmp/(?!ipykernel_)[\\w.]|"  # ipykernel names its cells so on every machine
    "[A-Z]:\\\\Users\\\\"
)


def test_no_file_names_a_folder_of_one_machine(files):
    found = []
    for path in files:
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{named(path)}: {match[0]}" for match in MACHINE_PATH.finditer(text)]
    assert found == []


@pytest.mark.parametrize("text", ["see /ro" + "ot/x", "'/ho" + "me/me'", "C:" + "\\Users\\me"])
def test_the_search_for_machine_folders_finds_one(text):
    assert MACHINE_PATH.search(text)


@pytest.mark.sources
def test_no_official_file_is_in_the_repository(files, shared_sources):
    sizes: dict[int, list[Path]] = {path.stat().st_size: [] for path in files}
    for path in files:
        sizes[path.stat().st_size].append(path)
    official = [path for path in shared_sources.rglob("*") if path.is_file() and path.stat().st_size]
    assert official
    copies = []
    for source in official:
        for path in sizes.get(source.stat().st_size, []):
            if _sha256(source) == _sha256(path):
                copies.append(named(path))
    assert copies == []


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


RUN = 14
PROSE = {".md", ".py", ".toml", ".txt", ".cff", ".html", ".json", ".js", ".css", ""}
TEXT_TABLES = {"claims.csv", "gaps.csv", "judgments.csv", "non_claims.csv", "known_gaps.csv"}


def runs_of_words(text: str, length: int = RUN) -> set[tuple[str, ...]]:
    """Every run of so many words, whatever the case, punctuation and line ends."""
    words = re.findall(r"[a-z0-9]+(?:[.,][0-9]+)*", text.lower().replace("’", "").replace("'", ""))
    return set(zip(*(words[start:] for start in range(length)), strict=False))


def prose(path: Path) -> str:
    """The words of a file: of a notebook its cells and text outputs, of other files everything."""
    if path.suffix == ".ipynb":
        parts = []
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            parts.append("".join(cell["source"]))
            for output in cell.get("outputs", []):
                parts.append("".join(output.get("data", {}).get("text/plain", "")))
        return "\n".join(parts)
    if path.name in TEXT_TABLES or (path.suffix in PROSE and path.name != "requirements.txt"):
        return path.read_bytes().decode("utf-8", errors="replace")
    return ""


@pytest.mark.sources
def test_no_run_of_fourteen_words_is_the_reports(files, report_text):
    theirs = runs_of_words(report_text)
    assert len(theirs) > 1000
    shared = {
        named(path): " ".join(min(same)) for path in files if (same := runs_of_words(prose(path)) & theirs)
    }
    assert shared == {}


def test_a_run_of_words_is_found_over_line_ends_and_quotation_marks():
    text = "One two, three\nfour “five” six. Seven eight – nine ten eleven twelve thirteen fourteen!"
    (run,) = runs_of_words(text)
    assert run[0] == "one" and run[-1] == "fourteen"


# --- what code may not do ------------------------------------------------------------------------

RUNS_DATA = {"eval", "exec", "__import__"}
UNPICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
METHODS = {
    ("os", "system"),
    ("os", "popen"),
    ("subprocess", "getoutput"),
    ("subprocess", "getstatusoutput"),
    ("yaml", "load"),
    ("yaml", "unsafe_load"),
    ("tempfile", "mktemp"),
}
FRAMES = {"read_pickle", "to_pickle", "read_hdf"}


def dangerous(source: str) -> list[str]:
    """Calls and imports by which data could become code."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.split(".")[0] in UNPICKLES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in UNPICKLES:
            found.append(node.module or "")
        elif isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name) and function.id in RUNS_DATA:
                found.append(f"{function.id}(")
            elif isinstance(function, ast.Attribute):
                owner = function.value.id if isinstance(function.value, ast.Name) else ""
                if (owner, function.attr) in METHODS or function.attr in FRAMES:
                    found.append(f"{owner}.{function.attr}(")
            found += [
                f"{keyword.arg}=True"
                for keyword in node.keywords
                if keyword.arg in ("shell", "allow_pickle") and not _is_false(keyword.value)
            ]
    return found


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


@pytest.mark.parametrize("path", modules(), ids=lambda path: in_package(path).as_posix())
def test_no_code_runs_unpickles_or_hands_data_to_a_shell(path):
    assert dangerous(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "eval(cell)",
        "exec(cell)",
        "import pickle",
        "from marshal import loads",
        "subprocess.run(name, shell=True)",
        "subprocess.run(name, shell=flag)",
        "os.system(name)",
        "yaml.load(text)",
        "pd.read_pickle(path)",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_the_search_for_dangerous_calls_finds_one(source):
    assert dangerous(source)


def test_a_template_marks_as_html_only_what_the_site_has_rendered_itself():
    """`| safe` switches escaping off: the names it may stand on are HTML that the site itself made."""
    found = set()
    for path in (SRC / "peelbook/site").rglob("*.html"):
        found |= set(re.findall(r"([\w.]+)\s*\|\s*safe\b", path.read_text(encoding="utf-8")))
        assert "autoescape false" not in path.read_text(encoding="utf-8"), path.name
    assert found <= RENDERED_HTML


# A printed page's parts are cut out of pages that are escaped already.
RENDERED_HTML = {"title", "heading", "body"}

# --- words in names ------------------------------------------------------------------------------

#: Metaphors and old words that once stood for something with a standard name (docs/naming.md); the name to use instead.
NOT_IN_NAMES = {
    "door": "lock", "earnest": "", "furniture": "parts", "glance": "bounds", "gone": "missing, removed or empty",
    "house": "project", "judged": "tested or has_verdict", "nought": "zero",
    "seldom": "relaxed", "settle": "merge", "settled": "at_report_date", "spoken": "phrases", "stand": "substitute",
    "stands": "is", "suspicion": "", "told": "job, sentence or reasons", "vouch": "", "vouches": "", "whoever": "",
}  # fmt: skip
#: Sentences of the same kind, in comments, docstrings and messages.
NOT_IN_TEXTS = re.compile(
    r"\b(?:nought|in earnest|under suspicion|vouch(?:es)?|on the door|(?:is|are) told (?:from|by|apart))\b"
)


def names_of(tree: ast.Module) -> set[str]:
    """Every name that a module gives: functions, classes, parameters, variables and attributes."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return found


def odd_words(name: str) -> set[str]:
    """The words of a name, snake case or camel case, that are not to be in one."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)} & NOT_IN_NAMES.keys()


def test_names_are_made_of_standard_words():
    found = {}
    for path in modules():
        names = names_of(ast.parse(path.read_text(encoding="utf-8"))) | {path.stem}
        for name in sorted(names):
            for word in odd_words(name):
                found[f"{named(path)}: {name}"] = f"use {NOT_IN_NAMES[word] or 'a plain word'}"
    assert found == {}


@pytest.mark.parametrize("name", ["told", "_all_gone", "BuildDoor", "by_chance_judged"])
def test_an_odd_word_in_a_name_is_found(name):
    assert odd_words(name)


def test_comments_and_messages_are_in_plain_words():
    found = {}
    for path in modules():
        text = path.read_text(encoding="utf-8")
        if matches := NOT_IN_TEXTS.findall(" ".join(text.split())):
            found[named(path)] = matches
    assert found == {}


# --- one direction, left to right ----------------------------------------------------------------

# The layers of the package in order. A part is a subpackage, or a module that is in none. A part may import the layers
# before its own; parts of one layer do not import each other, except in the foundation, whose modules are small.
FOUNDATION = {
    "__init__",
    "blocks",
    "contracts",
    "descriptor",
    "display",
    "errors",
    "forces",
    "formats",
    "new_project",
    "paths",
    "releases",
    "sections",
    "util",
}
ORDER: list[set[str]] = [
    FOUNDATION,
    {"sources"},
    {"overlay"},
    {"catalogue"},
    {"measures"},
    {"stats"},
    {"areas", "compare"},
    {"revisions", "xmr"},
    {"figures", "claims", "narrative"},
    {"profile"},
    {"own_data"},
    {"analysis"},
    {"national"},
    {"runner"},
    {"site"},
    {"cli"},
    {"__main__"},
]


def part_of(module: str) -> str:
    """The part of the package that a module is in: `peelbook.site.card` -> `site`."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def layer_of(part: str) -> int:
    return next(layer for layer, parts in enumerate(ORDER) if part in parts)


@cache
def module_names() -> dict[str, Path]:
    names = {}
    for path in modules():
        parts = in_package(path).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports, at any depth; imports for type checkers do not count."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for block in ast.walk(tree):
        # `if TYPE_CHECKING:` never runs.
        if isinstance(block, ast.If) and getattr(block.test, "id", "") == "TYPE_CHECKING":
            block.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{named(path)}: write imports in full"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in module_names() else str(node.module) for name in whole}
    return {name for name in found if name.split(".")[0] in ("peelbook", "forkserver_kernel")}


def against_the_flow() -> dict[tuple[str, str], str]:
    """Pairs of module and imported module in which the second is in the same layer as the first, or in a later one."""
    found = {}
    for name, path in module_names().items():
        if not name.startswith("peelbook"):
            continue
        own = part_of(name)
        for other in imports(path):
            if other.startswith("forkserver_kernel"):
                if own not in ("runner", "cli"):
                    found[name, other] = "only the runner starts kernels"
                continue
            theirs = part_of(other)
            if theirs == own or {own, theirs} <= FOUNDATION:
                continue
            if layer_of(theirs) >= layer_of(own):
                found[name, other] = f"{own} may not import {theirs}"
    return found


def test_every_module_is_in_a_layer():
    parts = set().union(*ORDER)
    elsewhere = [
        name for name in module_names() if name.startswith("peelbook.") and part_of(name) not in parts
    ]
    assert elsewhere == []


def test_nothing_imports_its_own_or_a_later_layer():
    assert against_the_flow() == {}


def test_no_imports_go_in_a_circle():
    TopologicalSorter({name: imports(path) for name, path in module_names().items()}).prepare()


def test_the_kernel_is_usable_without_the_book():
    for name, path in module_names().items():
        if name.startswith("forkserver_kernel"):
            assert not {other for other in imports(path) if other.startswith("peelbook")}, name


# --- what may be imported, and when --------------------------------------------------------------

# Slow or rarely needed: imported inside the functions that use them.
LAZY = {
    "pandera", "scipy.stats", "scipy.optimize", "statsmodels", "matplotlib", "seaborn", "duckdb", "papermill",
    "nbclient", "distributed", "jupyter_book", "pooch", "requests", "afcharts", "openpyxl",
    "python_calamine",
}  # fmt: skip
# Modules that are themselves imported late, because of the library they rest on.
LATE = {"peelbook.contracts._rules", "forkserver_kernel.engine"}


def top_imports(path: Path) -> set[str]:
    """Dotted names that are imported as soon as a module is."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def is_any_of(name: str, libraries: set[str]) -> bool:
    return any(name == library or name.startswith(f"{library}.") for library in libraries)


@pytest.mark.parametrize("name", [name for name in module_names() if name not in LATE])
def test_slow_libraries_are_imported_where_they_are_used(name):
    assert [other for other in top_imports(module_names()[name]) if is_any_of(other, LAZY)] == []


def test_a_module_that_is_imported_late_is_imported_so_everywhere():
    early = {
        name: sorted(late)
        for name, path in module_names().items()
        if name not in LATE and (late := {other for other in top_imports(path) if is_any_of(other, LATE)})
    }
    assert early == {}


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("peelbook", {*LAZY, "pandas", "numpy", "typer", "rich", "sphinx", "IPython"}),
        ("peelbook.cli", {*LAZY, "pandas", "numpy", "sphinx", "IPython"}),
    ],
)
def test_an_import_is_quick_because_nothing_heavy_comes_with_it(module, unwanted):
    code = f"import sys, {module}; print(*sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SRC, timeout=60
    ).stdout
    assert [name for name in output.split() if is_any_of(name, unwanted)] == []


def test_a_release_named_in_a_sentence_is_the_newest_one_that_the_tables_are_made_of():
    """ "By July 2026" stands in sentences of the registry: a later release must not leave them as they are."""
    package = ROOT / "src" / "peelbook"
    month = (
        r"(?:January|February|March|April|May|June|July|August|September|October|November|December) 20\d\d"
    )
    releases = tomllib.loads((package / "sources" / "releases.toml").read_text(encoding="utf-8"))["release"]
    labels = [(item["table"], re.findall(month, item["label"])) for item in releases]
    charges = {text for table, found in labels if table.startswith("charges") for text in found}
    total = {text for table, found in labels if table == "recorded_crime_total" for text in found}
    assert charges == total, "the sentences below name one month for both"
    kept = {
        "April 2024",
        "November 2023",
    }  # what the report used, and the first estimates of mid-2022: these stay
    said = re.compile(rf"(?:releases? (?:of|up to)|(?:recorded|summonsed) by|[Bb]y|[Rr]ecorded by) ({month})")
    for name in ("measures/registry.toml", "claims/rules.toml"):
        text = " ".join((package / name).read_text(encoding="utf-8").replace('"', " ").split())
        found = set(said.findall(text))
        assert found, f"{name}: no sentence names a release any more; take it out of this test"
        assert found <= charges | kept, f"{name}: {found}, but the tables are made of {charges}"
