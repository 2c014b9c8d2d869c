"""The mutation score: how many random changes of the statistics and the evaluator of claims a test notices.

    python -m benchmarks.mutation [SAMPLE]

Needs mutmut 3.8 beside the locked environment (`pip install mutmut==3.8.1`): it is not part of it, because
nobody needs it to build or test the book. Works on a copy of the project. With SAMPLE, only so many changes,
the same ones each time. The score goes to `benchmarks/mutation.md`.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SEED = 20240816  # the day the report was published


def mutmut(folder: Path, *arguments: str) -> str:
    """Run the tool in a folder and return what it says."""
    run = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments], cwd=folder, capture_output=True, text=True
    )
    return run.stdout + run.stderr


def names(folder: Path) -> dict[str, int | None]:
    """Every change and the exit status of its tests; `None` before they ran."""
    found: dict[str, int | None] = {}
    for path in sorted((folder / "mutants").rglob("*.py.meta")):
        found |= json.loads(path.read_text())["exit_code_by_key"]
    return found


def main(sample: int | None) -> int:
    """Measure and write the score."""
    with tempfile.TemporaryDirectory(prefix="peelbook-mutation-") as scratch:
        folder = Path(scratch) / "project"
        shutil.copytree(
            ROOT,
            folder,
            ignore=shutil.ignore_patterns(".*", "_build", "_site", "node_modules", "mutants", "__pycache__"),
        )
        # The first run makes the changes and tries one; a name that is none of them would run all.
        mutmut(folder, "run", "peelbook.stats.x_wilson__mutmut_1")
        every = sorted(names(folder))
        if not every:
            print(mutmut(folder, "run", "peelbook.stats.x_wilson__mutmut_1")[-2000:], file=sys.stderr)
            return 1
        chosen = random.Random(SEED).sample(every, min(sample or len(every), len(every)))
        mutmut(folder, "run", "--max-children", "2", *chosen)
        status = names(folder)
    rows = []
    for module in ("peelbook.stats", "peelbook.claims._evaluate", "peelbook.claims._verdict"):
        tried = [name for name in chosen if name.startswith(f"{module}.")]
        noticed = [name for name in tried if status[name] not in (0, None, 33, 34)]
        rows.append(
            f"| `{module}` | {sum(name.startswith(f'{module}.') for name in every)} | {len(tried)} | "
            f"{len(noticed)} | {len(noticed) / max(len(tried), 1):.0%} |"
        )
    page = "\n".join(
        [
            "# Mutation score",
            "",
            "Random changes of the code, and how many of those tried a test noticed. Made by `make mutation`.",
            "",
            "| module | possible changes | tried | noticed | score |",
            "| --- | --- | --- | --- | --- |",
            *rows,
        ]
    )
    (ROOT / "benchmarks" / "mutation.md").write_text(page + "\n", encoding="utf-8")
    print(page)
    left = [name for name in chosen if status[name] == 0]
    print("\nNot noticed:\n" + "\n".join(left), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else None))
