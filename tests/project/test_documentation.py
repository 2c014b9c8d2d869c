"""Everything a user can name is documented, and everything the documentation names is there."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from importlib import import_module
from pathlib import Path

import project_reference as reference
import pytest

from peelbook import contracts, measures
from peelbook.catalogue import Catalogue
from peelbook.site import generated, site_data
from peelbook.sources.publication import facts, registry

ROOT = reference.ROOT

COMMANDS = dict(reference.commands())
KINDS = sorted(reference.figure_kinds())
ERRORS = sorted(reference.error_classes())


@cache
def pages() -> dict[str, str]:
    """Every page for readers, by path: what people wrote, and the book's pages as they are built."""
    found = {}
    for pattern in ("*.md", "docs/**/*.md", "book/*.md", "src/**/*.md"):
        for path in sorted(ROOT.glob(pattern)):
            found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
    catalogue = Catalogue(ROOT / "data")
    for name in ("data_sources", "measures", "add_a_report"):
        found[f"book/{name}.md"] = generated.fill(
            found[f"book/{name}.md"], lambda marker: generated.content(marker, catalogue)
        )
    return found


# --- what is there is documented ----------------------------------------------------------------


def test_the_reference_page_says_what_the_code_says():
    written = reference.PAGE.read_text(encoding="utf-8")
    assert written == reference.markdown(), "run: python tests/project/project_reference.py"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_in_a_sentence(name):
    text = COMMANDS[name].help or ""
    assert text.strip().endswith("."), name
    assert len(text.split()) >= 4


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        pytest.param(name, parameter, id=f"{name} {parameter.opts[0]}")
        for name, command in COMMANDS.items()
        for parameter in command.params
    ],
)
def test_every_option_and_argument_says_what_it_does(name, parameter):
    assert parameter.help, f"{name} {parameter.opts[0]} has no help"
    assert parameter.help.strip().endswith((".", ")"))


@pytest.mark.parametrize("name", [name for name in COMMANDS if not getattr(COMMANDS[name], "commands", None)])
def test_every_command_is_shown_in_use_on_a_page_for_readers(name):
    """In the README, the book or CONTRIBUTING: a reference alone does not say when to use it."""
    shown = [page for page, text in pages().items() if page != "docs/reference.md" and name in text]
    assert shown, f"`{name}` stands on no page but the reference"


@pytest.mark.parametrize("measure_id", list(measures.registry()))
def test_every_measure_is_on_the_measures_page(measure_id):
    page, measure = pages()["book/measures.md"], measures.registry()[measure_id]
    assert f"`{measure_id}`" in page
    assert f"## {measure.label}\n\n{measure.definition}" in page
    assert measure.definition.endswith(".")


@pytest.mark.parametrize("table", contracts.tables())
def test_every_table_is_on_a_page_that_says_where_it_comes_from(table):
    from peelbook.sources.page import escape

    page = pages()["book/data_sources.md"]
    if table in Catalogue(ROOT / "data").resources:
        assert f"(data-{table.replace('_', '-')})=" in page
    elif table in {made for item in registry().values() for made in item.tables}:
        assert f"### {escape(facts()['table'][table]['title'])}" in page
    else:
        # Only a user can supply it: some page for readers says so.
        shown = [
            name for name, text in pages().items() if f"`{table}" in text and name != "docs/reference.md"
        ]
        assert shown, f"no page but the reference names the table {table}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_chart_kind_has_a_function_of_its_name_that_says_what_it_needs(kind):
    module = import_module(f"peelbook.figures.{kind}")
    function = getattr(module, kind)
    assert (module.__doc__ or "").strip()
    assert "`" in (function.__doc__ or ""), "say which columns or arguments it takes"


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_says_when_it_is_raised(name):
    path, doc = reference.error_classes()[name]
    assert reference.first_sentence(doc).endswith("."), f"{name} in {path.name} has no docstring"


@pytest.mark.parametrize("name", [name for name in ERRORS if name != "PeelbookError"])
def test_every_error_is_raised_somewhere(name):
    uses = [
        path
        for path in reference.PACKAGE.rglob("*.py")
        if re.search(rf"\b{name}\(", re.sub(rf"class {name}\(", "", path.read_text(encoding="utf-8")))
    ]
    assert uses, f"nothing raises {name}"


def test_every_setting_the_code_reads_is_in_the_reference_and_none_besides():
    assert set(reference.SETTINGS) == reference.environment_variables()


def test_every_make_target_has_its_line_of_help():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z][\w-]*):(?!=)", text, flags=re.MULTILINE)
    helped = re.findall(r"^([a-z][\w-]*):.*## \S", text, flags=re.MULTILINE)
    assert targets == helped


def public(path: Path) -> list[ast.FunctionDef | ast.ClassDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
    ]


@pytest.mark.parametrize(
    "path",
    [*sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "packages").glob("*/src/**/*.py"))],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_every_module_opens_with_what_it_does(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    doc = ast.get_docstring(tree) or ""
    assert reference.first_sentence(doc).endswith((".", ":", "?")), "a module opens with one sentence"
    undocumented = [node.name for node in public(path) if not ast.get_docstring(node)]
    assert undocumented == []


# --- what the documentation names is there -------------------------------------------------------

SHELL = re.compile(r"^```(?:sh|text|console|bash)?\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
PREFIX = re.compile(r"^(?:\S*[/\\])?(?:python3?(?:\.exe)? -m )?(peelbook|make)\b")


def spoken_commands() -> list[tuple[str, str]]:
    """(page, command) of every `peelbook …` and `make …` in a code block or between backticks."""
    found = []
    for page, text in pages().items():
        if page == "docs/reference.md":
            continue
        blocks = [line for block in SHELL.findall(text) for line in block.splitlines()]
        inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        for line in [*blocks, *inline]:
            line = line.split(" #")[0].split("    #")[0].strip()
            if match := PREFIX.match(line):
                found.append((page, line[match.start(1) :]))
    for path in reference.PACKAGE.rglob("*.py"):
        for command in re.findall(r"`(peelbook [^`\n]+)`", path.read_text(encoding="utf-8")):
            if not command.startswith("peelbook {"):
                found.append((path.relative_to(ROOT).as_posix(), command))
    return sorted(set(found))


def unknown(command: str) -> str:
    """What a command names that is not there; empty where all is well."""
    words = [re.sub(r"[{}]", "", word) for word in shlex.split(command.replace("…", ""), posix=True)]
    if words[0] == "make":
        targets = re.findall(r"^([a-z][\w-]*):(?!=)", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
        return "" if len(words) == 1 or words[1] in targets else f"no target {words[1]}"
    name, rest = "peelbook", words[1:]
    while rest and f"{name} {rest[0]}" in COMMANDS:
        name = f"{name} {rest.pop(0)}"
    command_ = COMMANDS[name]
    if getattr(command_, "commands", None) and rest and not rest[0].startswith("-"):
        return f"no command {name} {rest[0]}"
    options = {option for item in command_.params for option in (*item.opts, *item.secondary_opts)}
    options |= {"--help", "-h"}
    wrong = [word for word in rest if word.startswith("-") and word.split("=")[0] not in options]
    return f"{name} has no option {', '.join(wrong)}" if wrong else ""


@pytest.mark.parametrize(("page", "command"), spoken_commands(), ids=lambda value: str(value)[:60])
def test_every_command_that_a_page_or_message_names_exists(page, command):
    assert unknown(command) == "", f"{page}: {command}"


@pytest.mark.parametrize(
    "command", ["peelbook fly", "peelbook build --sideways", "make lunch", "peelbook data x"]
)
def test_a_command_that_does_not_exist_is_found_out(command):
    assert unknown(command)


LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
# Downloads that the build writes beside the pages.
BUILT = {"../all-measures.zip", "../claims.csv", "../claims.json", "claims.csv", "claims.json"}
BUILT |= {f"../{site_data.PEER_FORCES}"}


@pytest.mark.parametrize(
    "page",
    [
        path.relative_to(ROOT).as_posix()
        for pattern in ("*.md", "docs/**/*.md", "book/*.md")
        for path in ROOT.glob(pattern)
    ],
)
def test_every_link_to_a_file_leads_somewhere(page):
    folder = (ROOT / page).parent
    targets = LINK.findall((ROOT / page).read_text(encoding="utf-8"))
    # MyST lets a link to a page leave out its ending.
    found = {target for target in targets if (folder / target).exists() or (folder / f"{target}.md").exists()}
    assert set(targets) - found - BUILT == set()


def test_every_folder_the_readme_names_is_there():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    names = re.findall(r"^\| `([^`]+)` ", text, flags=re.MULTILINE)
    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []


# --- security ------------------------------------------------------------------------------------

PROOF = re.compile(r"`((?:packages/[\w-]+/)?tests/[\w/]+\.py)::(\w+)`")


def threats() -> list[list[str]]:
    """Rows of the table of threats: threat, defence, proof."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("## Threats")[2]
    rows = [
        [part.strip() for part in line.strip("|").split(" | ")]
        for line in text.splitlines()
        if line[:1] == "|"
    ]
    return rows[2:]


def test_every_threat_has_a_defence_and_a_proof():
    assert len(threats()) >= 15
    for row in threats():
        assert len(row) == 3 and all(row), row
        assert PROOF.search(row[2]), row[0]


@pytest.mark.parametrize(
    ("file", "name"),
    sorted({found for row in threats() for found in PROOF.findall(row[2])}),
    ids=lambda v: v[-60:],
)
def test_every_proof_named_in_the_security_page_is_a_test_that_runs(file, name):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    (function,) = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name]
    marks = " ".join(ast.unparse(decorator) for decorator in function.decorator_list)
    assert "skip" not in marks and "xfail" not in marks


def test_the_installed_environment_is_locked_by_hashes():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "--require-hashes -r requirements.txt" in makefile
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    pins = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(pins) > 50
    assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


# --- project -------------------------------------------------------------------------------------


def test_every_decision_is_listed_and_says_what_would_change_it():
    folder = ROOT / "docs" / "decisions"
    files = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == [path.name for path in files]
    for path in files:
        text = path.read_text(encoding="utf-8")
        for part in ("**Asked.**", "**Chosen.**", "**Why.**", "**Cost.**", "**Again, when**"):
            assert part in text, f"{path.name} lacks {part}"


def test_hooks_fetch_nothing_and_keep_the_outputs_of_notebooks():
    import yaml

    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    for hook in hooks:
        assert "strip" not in hook["entry"] and "clear" not in hook["entry"]
        named = [word for word in hook["entry"].split() if word.startswith("tests/")]
        assert all((ROOT / name).exists() for name in named)
