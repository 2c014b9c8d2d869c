"""What running the notebooks costs, against the stock tools, on this machine and in one sitting.

    python -m benchmarks.run [--rounds 3] [--forces 4] [--only execute,steps,memory,first,again,site,nbval,growth] [--full]

Both sides get compiled bytecode and the same notebooks, tables and lock. Ratios are of medians from
interleaved rounds, so that a slower hour of the machine slows both. Results go to `benchmarks/results.json`
and `benchmarks/results.md` with a description of the machine, part by part as they are there; a part that is not
measured again keeps its figures and its day.
"""

from __future__ import annotations

import argparse
import compileall
import concurrent.futures
import csv
import datetime as dt
import json
import multiprocessing
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
JOBS = 2
PARTS = ("execute", "steps", "memory", "first", "again", "site", "nbval", "growth")
GROWTH_SECTION = "responding_to_the_public"
GROWTH = (1, 5, 15, 43, 300)


def machine() -> dict[str, Any]:
    """Describe the machine the figures hold for."""
    import psutil

    model = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.processor(),
        "processors": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "date": dt.date.today().isoformat(),
        "load_before": round(psutil.getloadavg()[0], 2),
    }


def forces(count: int) -> list[str]:
    """The first so many forces by slug, the Met among them."""
    with (ROOT / "data" / "forces.csv").open(encoding="utf-8") as stream:
        slugs = sorted(row["slug"] for row in csv.DictReader(stream))
    rest = [slug for slug in slugs if slug != "metropolitan"]
    return ["metropolitan", *rest][:count]


def pairs(count: int) -> list[tuple[str, Path]]:
    """Force and notebook, for so many forces and all sections."""
    return [(force, path) for force in forces(count) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]


def stock(force: str, notebook: Path, out: Path, **options: Any) -> None:
    """One notebook as papermill's own documentation would run it."""
    import papermill

    papermill.execute_notebook(
        notebook,
        out / f"{force}-{notebook.name}",
        parameters={"force": force},
        kernel_name="python3",
        progress_bar=False,
        **options,
    )


def stock_serial(work: list[tuple[str, Path]], out: Path) -> float:
    """Papermill in a loop, everything else at its default."""
    began = time.perf_counter()
    for force, notebook in work:
        stock(force, notebook, out)
    return time.perf_counter() - began


def stock_parallel(work: list[tuple[str, Path]], out: Path) -> float:
    """Papermill in two processes, each kernel shut down at once."""
    began = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(JOBS, mp_context=context) as pool:
        done = [pool.submit(stock, force, path, out, shutdown_kernel="immediate") for force, path in work]
        for future in done:
            future.result()
    return time.perf_counter() - began


def workspace(base: Path):
    """The project's own folders with a private folder of our own."""
    from peelbook.runner.workspace import Workspace

    return replace(Workspace.default(), base=base)


def ours(names: list[str], base: Path, sections: list[str] | None = None) -> tuple[float, list[Any]]:
    """The runner with an empty cache, workers and zygotes started within the time."""
    from peelbook.runner.engine import Options, run

    began = time.perf_counter()
    results = run(names, sections, workspace=workspace(base), options=Options(jobs=JOBS))
    seconds = time.perf_counter() - began
    failed = [str(result.error) for result in results if result.error]
    if failed:
        raise SystemExit("cannot measure: " + "; ".join(failed[:3]))
    return seconds, results


def measure_execute(count: int, rounds: int, scratch: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Sections executed: stock serial, stock in two processes, ours; rounds interleaved."""
    work = pairs(count)
    times: dict[str, list[float]] = {"serial": [], "parallel": [], "ours": []}
    shares = []
    for number in range(rounds):
        for kind in times:
            folder = Path(tempfile.mkdtemp(dir=scratch))
            if kind == "ours":
                seconds, results = ours(forces(count), folder)
                shares.append(sum(result.cell_seconds for result in results) / (seconds * JOBS))
            else:
                seconds = (stock_serial if kind == "serial" else stock_parallel)(work, folder)
            times[kind].append(seconds)
            say(f"round {number + 1}: {kind} {seconds:.1f} s for {len(work)} notebooks")
            shutil.rmtree(folder, ignore_errors=True)
    median = {kind: statistics.median(values) for kind, values in times.items()}
    return {
        "notebooks": len(work),
        "rounds": rounds,
        "seconds": {kind: [round(value, 2) for value in values] for kind, values in times.items()},
        "median": {kind: round(value, 2) for kind, value in median.items()},
        "serial_ratio": round(median["serial"] / median["ours"], 2),
        "parallel_ratio": round(median["parallel"] / median["ours"], 2),
        "cell_share": round(statistics.median(shares), 3),
    }


def measure_steps(rounds: int, scratch: Path) -> dict[str, Any]:
    """What stands around the cells: a notebook of one cell that does nothing, and one of thirty, each way to run it."""
    from nbformat import writes
    from nbformat.v4 import new_code_cell, new_notebook

    from peelbook.runner import execute

    def notebook(count: int) -> bytes:
        return writes(new_notebook(cells=[new_code_cell("1") for _ in range(count)])).encode()

    found: dict[str, Any] = {}
    for way in ("python3", "peelbook", "fork"):
        taken: dict[int, list[float]] = {1: [], 30: []}
        execute.execute(notebook(1), {}, kernel=way, scratch=scratch)  # starts what is started once for all
        for _ in range(5 * rounds):
            for count, times in taken.items():
                content = notebook(count)
                began = time.perf_counter()
                execute.execute(content, {}, kernel=way, scratch=scratch)
                times.append(1000 * (time.perf_counter() - began))
        one, thirty = (statistics.median(times) for times in taken.values())
        found[way] = {"one_cell_ms": round(one), "each_cell_ms": round((thirty - one) / 29, 1)}
    return found


class Memory:
    """Samples the memory of this process and all below it."""

    def __init__(self) -> None:
        self.pss = self.rss = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        import psutil

        own = psutil.Process()
        while not self._stop.wait(0.2):
            pss = rss = 0
            for process in [own, *own.children(recursive=True)]:
                try:
                    info = process.memory_full_info()
                except psutil.Error:
                    continue
                pss += getattr(info, "pss", info.rss)
                rss += info.rss
            self.pss, self.rss = max(self.pss, pss), max(self.rss, rss)


def measure_memory(count: int, scratch: Path) -> dict[str, Any]:
    """Peak of the whole tree; pages that a fork shares are counted once in `pss`, in each process in `rss`."""
    code = (
        "import json, sys; from pathlib import Path; from benchmarks.run import Memory, forces, ours\n"
        "if __name__ == '__main__':\n"
        "    with Memory() as memory: ours(forces(int(sys.argv[1])), Path(sys.argv[2]))\n"
        "    print(json.dumps([memory.pss, memory.rss]))\n"
    )
    script = scratch / "memory.py"
    script.write_text(code)
    out = subprocess.run(
        [sys.executable, str(script), str(count), str(scratch / "memory")],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    pss, rss = json.loads(out.strip().splitlines()[-1])
    return {"peak_pss_mb": round(pss / 1e6), "peak_rss_sum_mb": round(rss / 1e6), "workers": JOBS}


def command(*arguments: str, base: Path) -> tuple[float, str]:
    """Time one command of the project as a person would call it."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "peelbook", *arguments],
        cwd=ROOT,
        env={**os.environ, "PEELBOOK_CACHE": str(base)},
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"cannot measure {' '.join(arguments)}: {done.stdout[-500:]} {done.stderr[-1500:]}")
    return seconds, done.stdout


def measure_first(rounds: int, scratch: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """One force's book from nothing but the installed environment: what a newcomer waits for."""
    times = []
    for number in range(rounds):
        base, site = scratch / f"first{number}", scratch / f"first-site{number}"
        seconds, _ = command("build", "--force", "kent", "--out", str(site), "--jobs", str(JOBS), base=base)
        times.append(seconds)
        say(f"one force, nothing cached: {seconds:.1f} s")
        shutil.rmtree(base, ignore_errors=True)
        shutil.rmtree(site, ignore_errors=True)
    return {
        "seconds": round(statistics.median(times), 2),
        "all_seconds": [round(value, 2) for value in times],
    }


def measure_again(full: bool, rounds: int, scratch: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """A build after a build, and what one changed row of a table makes run."""
    base, site = scratch / "again", scratch / "site"
    which = ["--all"] if full else [item for name in forces(4) for item in ("--force", name)]
    first, _ = command("build", *which, "--out", str(site), "--jobs", str(JOBS), base=base)
    say(f"first build {first:.1f} s")
    second = [
        command("build", *which, "--out", str(site), "--jobs", str(JOBS), base=base)[0] for _ in range(rounds)
    ]
    runs = [command("run", *which, base=base)[0] for _ in range(rounds)]
    pages = sum(1 for _ in site.rglob("*.html"))
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    data = scratch / "data"
    shutil.copytree(ROOT / "data", data)
    table = data / "police_grant.csv"
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[-1] = lines[-1].rstrip("\n")[:-1] + ("1\n" if lines[-1].rstrip("\n")[-1] != "1" else "2\n")
    table.write_text("".join(lines), encoding="utf-8")
    plan = subprocess.run(
        [sys.executable, "-m", "peelbook", "plan", *which, "--json"],
        cwd=ROOT,
        env={**os.environ, "PEELBOOK_CACHE": str(base), "PEELBOOK_DATA": str(data)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    affected = sorted({step["section"] for step in json.loads(plan)["steps"] if step["runs"]})
    return {
        "forces": 43 if full else 4,
        "first_build_seconds": round(first, 2),
        "second_build_seconds": round(statistics.median(second), 2),
        "second_run_seconds": round(statistics.median(runs), 2),
        "html_pages": pages,
        "site_mb": round(size / 1e6, 1),
        "one_row_of_police_grant_runs": affected,
    }


def measure_site(full: bool, rounds: int, scratch: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The pages of more and more forces from executed notebooks, cold; and one page changed."""
    from types import SimpleNamespace

    from peelbook import site
    from peelbook.catalogue import Catalogue

    names = forces(43 if full else 4)
    _, results = ours(names, scratch / "again" if (scratch / "again").exists() else scratch / "executed")
    rows = []
    for size in (size for size in GROWTH if size <= len(names)):
        chosen = [result for result in results if result.force_slug in set(names[:size])]
        times = []
        for number in range(rounds if size == len(names) else 1):
            out, work = scratch / f"out{size}-{number}", scratch / f"pages{size}-{number}"
            began = time.perf_counter()
            report = site.build(chosen, out, catalogue=Catalogue(), jobs=JOBS, work_dir=work)
            times.append(time.perf_counter() - began)
            say(f"site of {size} forces, cold: {times[-1]:.1f} s for {report.pages} pages")
        seconds = statistics.median(times)
        rows.append(
            {
                "areas": size,
                "pages": report.pages,
                "seconds": round(seconds, 2),
                "all_seconds": [round(value, 2) for value in times],
                "ms_per_page": round(seconds * 1000 / report.pages, 1),
                "stages": report.seconds,
            }
        )
    times = []
    for page in [result for result in chosen if result.section == GROWTH_SECTION][:rounds]:
        changed = SimpleNamespace(
            force_slug=page.force_slug,
            section=page.section,
            status="ok",
            error=None,
            notebook=page.notebook.replace(b"How ", b"Just how ", 1),
        )
        if changed.notebook == page.notebook:
            raise SystemExit(f"cannot measure: nothing to change in the page of {page.section}")
        chosen = [changed if result is page else result for result in chosen]
        began = time.perf_counter()
        site.build(chosen, out, catalogue=Catalogue(), jobs=JOBS, work_dir=work)
        times.append(time.perf_counter() - began)
        say(f"one page changed: {times[-1]:.1f} s")
    return {
        "growth": rows,
        "one_page_seconds": round(statistics.median(times), 2),
        "one_page_all_seconds": [round(value, 2) for value in times],
    }


def measure_nbval(rounds: int, scratch: Path) -> dict[str, Any]:
    """The committed notebooks compared with a new run, on both processors, with each kernel."""
    from forkserver_kernel import kernelspec
    from peelbook.runner.execute import DISPLAY_NAME, PRELOAD

    jupyter = scratch / "jupyter"
    kernelspec.install(kernelspec.make(DISPLAY_NAME, PRELOAD), "peelbook", jupyter)
    figures: dict[str, Any] = {}
    for kernel in ("peelbook", "python3"):
        times, status = [], 0
        for _ in range(rounds):
            began = time.perf_counter()
            status = subprocess.run(
                [
                    *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval"),
                    *("notebooks", "book/all_forces.ipynb"),
                    *(f"--nbval-kernel-name={kernel}", "-n", str(JOBS), "--dist", "loadfile"),
                ],
                cwd=ROOT,
                env={**os.environ, "JUPYTER_PATH": str(jupyter), "PYTHONHASHSEED": "0"},
                capture_output=True,
            ).returncode
            times.append(time.perf_counter() - began)
        figures[kernel] = {"seconds": round(statistics.median(times), 2), "exit_status": status}
    return figures


def measure_growth(sizes: tuple[int, ...], scratch: Path, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Seconds a notebook for more and more areas; beyond the 43 forces they are made up, without data."""
    rows = []
    for size in sizes:
        own = scratch / f"grow{size}"
        own.mkdir()
        names = forces(min(size, 43))
        space = workspace(own / "base")
        if size > 43:
            header, *lines = (ROOT / "data" / "forces.csv").read_text(encoding="utf-8").splitlines()
            extra = [
                f"X{number:04d},area-{number},Area {number},Area {number},,,Made up,{100 + number // 10},{number % 10}"
                for number in range(size - 43)
            ]
            (own / "forces.csv").write_text("\n".join([header, *lines, *extra]) + "\n", encoding="utf-8")
            space = replace(space, overlay=own)
            names += [f"area-{number}" for number in range(size - 43)]
        from peelbook.runner import plan
        from peelbook.runner.engine import Options, resolve_sections, run

        known = plan.read_forces(space)
        began = time.perf_counter()
        plan.make(space, [known[name] for name in names], resolve_sections(None))
        planned = time.perf_counter() - began
        began = time.perf_counter()
        results = run(names, [GROWTH_SECTION], workspace=space, options=Options(jobs=JOBS))
        seconds = time.perf_counter() - began
        failed = [str(result.error) for result in results if result.error]
        rows.append(
            {
                "areas": size,
                "seconds": round(seconds, 2),
                "seconds_per_notebook": round(seconds / size, 3),
                "plan_ms_per_notebook": round(planned * 1000 / (size * 10), 2),
                "failed": len(failed),
            }
        )
        say(f"{size} areas: {seconds:.1f} s" + (f"; first failure: {failed[0]}" if failed else ""))
        shutil.rmtree(own, ignore_errors=True)
    return rows


def _older(found: dict[str, Any]) -> str:
    """Which parts were measured on another day than the last run."""
    days = {part: found[part].get("date") or "a day not noted" for part in PARTS if part in found}
    old = [f"{part} ({day})" for part, day in days.items() if day != found["machine"]["date"]]
    return f" Of another day: {', '.join(old)}." if old else ""


def table(found: dict[str, Any]) -> str:
    """The figures as a Markdown page."""
    about = found["machine"]
    lines = [
        "# What a run costs",
        "",
        f"Measured on {about['date']}: {about['processors']} × {about['processor']}, {about['memory_gb']} GB, "
        f"{about['system']}, Python {about['python']}; load before the start {about['load_before']}. "
        f"{JOBS} workers. Made by `python -m benchmarks.run`.{_older(found)}",
        "",
        "| what | target | measured |",
        "| --- | --- | --- |",
    ]
    if execute := found.get("execute"):
        rounds = f"medians of {execute['rounds']}"
        lines += [
            f"| {execute['notebooks']} section notebooks against a stock serial papermill loop | 8 × | "
            f"{execute['serial_ratio']} × ({execute['median']['serial']} s → {execute['median']['ours']} s, {rounds}) |",
            f"| the same against papermill in 2 processes, immediate shutdown | 3.2 × | "
            f"{execute['parallel_ratio']} × ({execute['median']['parallel']} s) |",
            f"| share of wall time that is the notebooks' own cells, both processors | – | {execute['cell_share']:.0%} |",
        ]
    if first := found.get("first"):
        lines.append(f"| one force, environment installed, nothing cached | 10 s | {first['seconds']} s |")
    if again := found.get("again"):
        lines += [
            f"| first build of {again['forces']} forces, {again['html_pages']} pages, all included | "
            f"120 s for 43 forces | {again['first_build_seconds']} s |",
            f"| second build of the same, nothing changed | 1.5 s | {again['second_build_seconds']} s |",
            f"| second `run` of the same | – | {again['second_run_seconds']} s |",
            f"| size of that site | 100 MB for 43 forces | {again['site_mb']} MB |",
            f"| one row of `police_grant` changed | only the affected sections | {', '.join(again['one_row_of_police_grant_runs'])} |",
        ]
    if pages := found.get("site"):
        last = pages["growth"][-1]
        lines += [
            f"| site of {last['areas']} forces, cold, after execution | 30 s for 43 forces | "
            f"{last['seconds']} s for {last['pages']} pages |",
            f"| one page of it changed | 2.5 s | {pages['one_page_seconds']} s |",
        ]
    if memory := found.get("memory"):
        lines.append(
            f"| peak memory of the process tree, 2 workers | 700 MB | {memory['peak_pss_mb']} MB "
            f"(shared pages counted once; {memory['peak_rss_sum_mb']} MB summed by process) |"
        )
    if nbval := found.get("nbval"):
        lines.append(
            f"| nbval on all committed notebooks | 25 s | {nbval['peelbook']['seconds']} s "
            f"(python3 kernel: {nbval['python3']['seconds']} s) |"
        )
    if pages := found.get("site"):
        lines += [
            "",
            "How the site grows (pages, search index and workbooks, cold):",
            "",
            "| forces | pages | seconds | ms a page |",
            "| --- | --- | --- | --- |",
            *(
                f"| {row['areas']} | {row['pages']} | {row['seconds']} | {row['ms_per_page']} |"
                for row in pages["growth"]
            ),
        ]
    if steps := found.get("steps"):
        names = {
            "python3": "a stock kernel, shut down at once",
            "peelbook": "a forked kernel",
            "fork": "cells in a fork",
        }
        lines += [
            "",
            "What stands around the cells of one notebook, one after the other (the runner's own settings of papermill):",
            "",
            "| | a notebook of one cell that does nothing, ms | each further cell, ms |",
            "| --- | --- | --- |",
            *(
                f"| {names[way]} | {steps[way]['one_cell_ms']} | {steps[way]['each_cell_ms']} |"
                for way in names
            ),
        ]
    if growth := found.get("growth"):
        lines += [
            "",
            f"How cost grows (section `{GROWTH_SECTION}`, all start-up included; beyond 43 the areas are made up):",
            "",
            "| areas | seconds | seconds a notebook | plan, ms a notebook |",
            "| --- | --- | --- | --- |",
            *(
                f"| {row['areas']} | {row['seconds']} | {row['seconds_per_notebook']} | {row['plan_ms_per_notebook']} |"
                for row in growth["rows"]
            ),
        ]
    return "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="rounds that medians are taken of")
    parser.add_argument("--forces", type=int, default=4, help="forces whose ten sections are executed")
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts, of {', '.join(PARTS)}")
    parser.add_argument("--full", action="store_true", help="second build for all 43 forces")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks", help="folder for the results")
    options = parser.parse_args(argv)
    chosen = options.only.split(",")
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}")

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    compileall.compile_dir(ROOT / "src", quiet=2)
    file = options.out / "results.json"
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    found["machine"] = machine()
    with tempfile.TemporaryDirectory(prefix="peelbook-bench-", ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        measured: dict[str, Callable[[], Any]] = {
            "execute": lambda: measure_execute(options.forces, options.rounds, scratch, say),
            "steps": lambda: measure_steps(options.rounds, scratch),
            "memory": lambda: measure_memory(options.forces, scratch),
            "first": lambda: measure_first(options.rounds, scratch, say),
            "again": lambda: measure_again(options.full, options.rounds, scratch, say),
            "site": lambda: measure_site(options.full, options.rounds, scratch, say),
            "nbval": lambda: measure_nbval(options.rounds, scratch),
            "growth": lambda: {"rows": measure_growth(GROWTH, scratch, say)},
        }
        options.out.mkdir(parents=True, exist_ok=True)
        for part in (name for name in PARTS if name in chosen):
            found[part] = {**measured[part](), "date": found["machine"]["date"]}
            # After each part: a run that is stopped keeps what it has measured.
            file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            page = table(found)
            (options.out / "results.md").write_text(page, encoding="utf-8")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
