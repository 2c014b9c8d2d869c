"""Runs one notebook with papermill and gives back bytes that depend on nothing but its inputs.

papermill and Jupyter leave times, paths, random ids and process numbers in what they write; all of it goes
here, so that two runs of the same input are the same file and a changed page is a changed fact.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import json
import logging
import os
import re
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KERNELS = ("auto", "fork", "peelbook", "python3")
"""`fork`: cells in a forked process without Jupyter's messages; `peelbook`: a forked kernel; `python3`: a plain one."""

_FORKED = ("fork", "peelbook")
DISPLAY_NAME = "peelbook (fork server)"

PRELOAD = (
    "peelbook.runner.warm:modules",
    "peelbook.runner.warm:figure",
    "peelbook.runner.warm:figures",
)
"""What the zygote does before it forks kernels. Only speed: every kernel also works without."""

CELL_TIMEOUT = 300
LARGEST_OUTPUT = 20_000_000
"""Characters that the outputs of one notebook may hold; a section's own take less than a tenth of it."""
START_TIMEOUT = 60

# A socket's path may have 104 bytes on some systems.
_SOCKET_ROOM = 95

# Cells' files are named after the kernel's process and show up in warnings and tracebacks.
_CELL_FILE = re.compile(r"ipykernel_\d+[/\\]\d+\.py")
_BEFORE_PATH = re.compile(r"[\s\"'<>]")
_CELL_METADATA = ("papermill", "execution", "collapsed", "scrolled")


class NotebookError(Exception):
    """A notebook did not run to its end. `cell` counts from 1, 0 where no cell is to blame."""

    def __init__(self, kind: str, message: str, cell: int = 0, source: str = ""):
        super().__init__(message)
        self.kind, self.message, self.cell, self.source = kind, message, cell, source

    def __reduce__(self):
        return (type(self), (self.kind, self.message, self.cell, self.source))


@dataclass(frozen=True)
class Executed:
    """An executed notebook: its normalised bytes, and the time it took in all and in its own cells."""

    notebook: bytes
    seconds: float
    cell_seconds: float


@dataclass
class _Progress:
    """Which cell is at work, and how long the finished ones took."""

    cell: int = 0
    source: str = ""
    seconds: float = 0.0
    started: float = field(default=0.0)
    size: int = 0

    def start(self, cell: Mapping[str, Any], cell_index: int) -> None:
        self.cell, self.source, self.started = cell_index, cell["source"], time.monotonic()

    def end(self, cell: Mapping[str, Any], **_: Any) -> None:
        self.seconds += time.monotonic() - self.started
        self.size += sum(map(_size, cell.get("outputs", [])))
        if self.size > LARGEST_OUTPUT:
            raise _TooMuchError


class _TooMuchError(Exception):
    """The outputs of a notebook would make a page that nobody can open."""


def _size(value: Any) -> int:
    """How many characters an output holds."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_size(item) for item in value.values())
    return sum(_size(item) for item in value) if isinstance(value, list) else 0


def kernel_name(wanted: str) -> str:
    """Return the kernel to use: for `auto` it is `fork` where processes can be forked, else `python3`.

    Raises `ParameterError` for any other name.
    """
    from peelbook.errors import ParameterError

    if wanted not in KERNELS:
        raise ParameterError(f"Unknown kernel {wanted!r}. Fix: use one of {', '.join(KERNELS)}.")
    if wanted == "auto":
        from forkserver_kernel import available

        return "fork" if available() else "python3"
    return wanted


def execute(
    notebook: bytes,
    parameters: Mapping[str, Any],
    *,
    kernel: str = "python3",
    env: Mapping[str, str] | None = None,
    folder: Path | str | None = None,
    cell_timeout: int = CELL_TIMEOUT,
    hidden: Mapping[str, str] | None = None,
    scratch: Path | None = None,
) -> Executed:
    """Execute a staged notebook in a kernel of its own and return it normalised.

    `parameters` have been checked by `staging.resolve`; `env` is added to the kernel's environment; `folder`
    is where the kernel stands (a fresh empty one if not given). `hidden` maps folders of this machine to the
    words that stand for them in outputs and messages; `scratch` is where private files go (default: the system's
    folder for them). Raises `NotebookError`.
    """
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    if kernel == "fork":
        # By hand: a worker of a cluster may have the package and none of its entry points.
        from papermill.engines import papermill_engines

        from forkserver_kernel.engine import ForkServerEngine

        papermill_engines.register("forkserver", ForkServerEngine)
    node = _read(notebook)
    progress = _Progress()
    began = time.monotonic()
    with (
        _quiet(),
        tempfile.TemporaryDirectory(prefix="pb-", dir=scratch, ignore_cleanup_errors=True) as private,
    ):
        working_folder = Path(folder or Path(private) / "empty")
        working_folder.mkdir(exist_ok=True)
        try:
            done = execute_notebook(
                node,
                None,
                parameters=dict(parameters) or None,
                engine_name="forkserver" if kernel == "fork" else None,
                kernel_name="peelbook" if kernel == "fork" else kernel,
                language="python",
                progress_bar=False,
                request_save_on_cell_execute=False,
                record_timing=False,
                start_timeout=START_TIMEOUT,
                execution_timeout=cell_timeout,
                shutdown_kernel="immediate",
                kernel_manager_class=_manager_class(dict(env or {}), private),
                resources={"metadata": {"path": str(working_folder)}},
                on_cell_execute=progress.start,
                on_cell_executed=progress.end,
                **({"env": kernel_environment(env or {})} if kernel == "fork" else {}),
            )
        except PapermillExecutionError as error:
            raise _blame(node, parameters, error.cell_index, "error", _message(error)) from None
        except Exception as error:
            raise _failure(node, parameters, progress, error, cell_timeout) from error
    _check_end(done, parameters)
    _check_images(done, parameters)
    hide_folders(done, hidden or {})
    return Executed(normalise(done), time.monotonic() - began, progress.seconds)


def hide_folders(node: Any, folders: Mapping[str, str]) -> None:
    """Replace folders of this machine in the texts of a notebook's outputs; images and other files stay as drawn."""
    for cell in node.cells:
        for output in cell.get("outputs", []):
            for name in ("text", "evalue", "traceback"):
                if name in output:
                    output[name] = _in_texts(output[name], folders)
            data = output.get("data", {})
            for kind in data:
                if kind.startswith("text/") or kind.partition(";")[0].endswith("json"):
                    data[kind] = _in_texts(data[kind], folders)


def _in_texts(value: Any, folders: Mapping[str, str]) -> Any:
    """Return a value of JSON with folders replaced in each text of it."""
    if isinstance(value, str):
        return without_folders(value, folders)
    if isinstance(value, list):
        return [_in_texts(item, folders) for item in value]
    if isinstance(value, dict):
        return type(value)({name: _in_texts(item, folders) for name, item in value.items()})
    return value


def without_folders(text: str, folders: Mapping[str, str]) -> str:
    """Return a text with folders of this machine, as whole names, replaced by the words given for them.

    Raises `ValueError` for a folder that is not named from the root: such a name may stand in any text.
    """
    for names, pattern, word in _hiding(tuple(folders.items())):
        if any(name in text for name in names):
            text = pattern.sub(word, text)
    return text


@functools.lru_cache(maxsize=16)
def _hiding(folders: tuple[tuple[str, str], ...]) -> list[tuple[tuple[str, ...], re.Pattern[str], str]]:
    """How each folder may be written, what finds it, and what is put there; the longest name first."""
    found = []
    for folder, word in sorted(folders, key=lambda item: -len(item[0])):
        if not Path(folder).is_absolute():
            raise ValueError(f"{folder!r} is not a folder's whole name")
        names = tuple(dict.fromkeys((folder, json.dumps(folder)[1:-1])))
        pattern = re.compile(rf"(?:{'|'.join(map(re.escape, names))})(?![\w-])")
        found.append((names, pattern, word.replace("\\", r"\\")))
    return found


def _check_end(node: Any, parameters: Mapping[str, Any]) -> None:
    """Raise `NotebookError` where a cell ended the notebook: papermill takes `sys.exit()` for a good end."""
    for index, cell in enumerate(node.cells):
        if cell.cell_type != "code":
            continue
        ended = [item for item in cell.outputs if item.output_type == "error" and item.ename == "SystemExit"]
        if ended or (cell.source.strip() and cell.get("execution_count") is None):
            message = "the notebook ended before its last cell (sys.exit)"
            raise _blame(node, parameters, index, "error", message, injected=True)


def _check_images(node: Any, parameters: Mapping[str, Any]) -> None:
    """Raise `NotebookError` for an image that no browser could show."""
    for index, cell in enumerate(node.cells):
        for output in cell.get("outputs", []):
            for kind, data in output.get("data", {}).items():
                if kind not in RASTER_IMAGES:
                    continue
                try:
                    check_image(data)
                except (OSError, SyntaxError, ValueError) as error:
                    message = f"its image cannot be decoded ({error})"
                    raise _blame(node, parameters, index, "error", message, injected=True) from error


RASTER_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def check_image(encoded: str) -> None:
    """Raise `OSError`, `SyntaxError` or `ValueError` for a base64 text that is no whole image."""
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode("".join(encoded.split()), validate=True))) as image:
        image.verify()


def _read(notebook: bytes) -> Any:
    import nbformat

    return nbformat.reads(notebook.decode("utf-8"), as_version=4)


_quiet_lock = threading.Lock()
_quiet_now = 0  # runs that go on in this process: a cluster of threads has several at a time
_levels_before: dict[str, int] = {}


@contextlib.contextmanager
def _quiet():
    """What papermill and jupyter log about a failing cell comes back as an error; once is enough.

    The first run that begins keeps the levels and the last one that ends sets them again. Where each run kept
    them for itself, two that overlapped left the process silent for ever.
    """
    global _quiet_now
    with _quiet_lock:
        _quiet_now += 1
        if _quiet_now == 1:
            _levels_before.update(
                (name, logging.getLogger(name).level) for name in ("papermill", "traitlets")
            )
            for name in _levels_before:
                logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_now -= 1
            if not _quiet_now:
                for name, level in _levels_before.items():
                    logging.getLogger(name).setLevel(level)


def _manager_class(env: dict[str, str], private: str) -> type:
    """Return a kernel manager that knows our two kernels and adds to the kernel's environment.

    The kernels are described here and not looked up: a `python3` in the user's Jupyter folder may belong to
    another environment, and a worker has nothing installed but the package. Where the system has sockets in
    files, the plain kernel uses those in `private` too: ports are raced for and can be listened to.
    """
    import ipykernel.kernelspec
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from traitlets import default

    from forkserver_kernel import kernelspec
    from forkserver_kernel.manager import QuickKernelManager

    class Specs(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            if kernel_name == "peelbook":
                return KernelSpec(**kernelspec.make(DISPLAY_NAME, PRELOAD))
            if kernel_name == "python3":
                return KernelSpec(**ipykernel.kernelspec.get_kernel_dict())
            return super().get_kernel_spec(kernel_name)

    class Manager(QuickKernelManager):
        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
            options["env"] = kernel_environment(env)
            if self.kernel_name == "python3" and os.name == "posix" and len(private) < _SOCKET_ROOM:
                self.transport, self.ip = "ipc", f"{private}/k"
                self.connection_file = f"{private}/k.json"
            await super().start_kernel(**options)

        @default("kernel_spec_manager")
        def _own_specs(self) -> KernelSpecManager:
            return Specs()

    return Manager


def kernel_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a kernel: this process's, made the same for every run and kernel."""
    fixed = {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "COLUMNS": "80",
    }
    dropped = (
        "PYTHONWARNINGS",
        "PYTHONSTARTUP",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONSAFEPATH",  # the workers', not the notebooks'
        "PYTEST_CURRENT_TEST",
    )
    inherited = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**inherited, **fixed, **extra}


def _message(error: Any) -> str:
    text = f"{error.ename}: {error.evalue}".strip().rstrip(":")
    return _clean(text)


def _clean(text: str) -> str:
    """One paragraph without terminal colours and process-bound paths."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return " ".join(_without_cell_files(text).split())


def _without_cell_files(text: str) -> str:
    """Name the file of a cell `<cell>`, whatever folder it is in; linear in the text's length."""
    parts, end = [], 0
    for match in _CELL_FILE.finditer(text):
        before = text[end : match.start()]
        folder = next((i for i in range(len(before), 0, -1) if _BEFORE_PATH.match(before[i - 1])), 0)
        parts += [before[:folder], "<cell>"]
        end = match.end()
    return "".join([*parts, text[end:]])


def _blame(
    node: Any, parameters: Mapping[str, Any], index: int, kind: str, message: str, *, injected: bool = False
) -> NotebookError:
    """Return the error with the cell it happened in, counted as in the notebook a person would open.

    `injected` says that the notebook has the cell of its parameters already.
    """
    if injected:
        shown = [cell for cell in node.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
        place = next((at for at, cell in enumerate(shown) if cell is node.cells[index]), -1)
        lines = str(node.cells[index]["source"]).strip().splitlines()[:1]
        return NotebookError(kind, message, place + 1, lines[0][:80] if lines else "")
    tags = [cell.get("metadata", {}).get("tags", []) for cell in node.cells]
    at = next((number for number, names in enumerate(tags) if "parameters" in names), -1)
    own = index - 1 if parameters and index > at else index
    cell = node.cells[own] if 0 <= own < len(node.cells) else None
    first = str(cell["source"]).strip().splitlines()[:1] if cell is not None else []
    return NotebookError(kind, message, own + 1, first[0][:80] if first else "")


def _failure(
    node: Any, parameters: Mapping[str, Any], progress: _Progress, error: Exception, cell_timeout: int
) -> NotebookError:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    if isinstance(error, _TooMuchError):
        message = f"the notebook's outputs are larger than {LARGEST_OUTPUT / 1e6:.0f} MB"
        return _blame(node, parameters, progress.cell, "error", message)
    if isinstance(error, CellTimeoutError):
        message = f"the cell did not end within {cell_timeout} s and was stopped"
        return _blame(node, parameters, progress.cell, "timeout", message)
    if isinstance(error, DeadKernelError):
        return _blame(
            node, parameters, progress.cell, "kernel died", "the kernel died while running the cell"
        )
    if progress.started == 0.0 and isinstance(error, RuntimeError | OSError):
        return NotebookError("kernel did not start", _clean(str(error)) or type(error).__name__)
    return _blame(node, parameters, progress.cell, "error", _clean(f"{type(error).__name__}: {error}"))


def normalise(node: Any) -> bytes:
    """Return an executed notebook as bytes that hold no time, path, random id or process number.

    Cell ids come from the source, the injected cell has a fixed one; adjacent prints of one stream are one
    output, because where they are cut is chance.
    """
    import nbformat

    count = 0
    for number, cell in enumerate(node.cells, start=1):
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = "injected-parameters"
        elif not cell.get("id"):
            cell["id"] = f"cell-{number}"
        for name in _CELL_METADATA:
            cell.metadata.pop(name, None)
        if cell.metadata.get("tags") == []:  # papermill gives every cell some
            del cell.metadata["tags"]
        if cell.cell_type != "code":
            continue
        if cell.get("execution_count") is not None:
            count += 1
            cell["execution_count"] = count
        cell["outputs"] = [_output(output, count) for output in _merged(cell.outputs)]
    node["metadata"] = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    node["nbformat"], node["nbformat_minor"] = 4, 5
    return (nbformat.writes(node).rstrip("\n") + "\n").encode("utf-8")


def _merged(outputs: list[Any]) -> list[Any]:
    """Join what one stream printed between two displays; the order of two streams there is chance too."""
    merged: list[Any] = []
    run: dict[str, Any] = {}
    for output in outputs:
        if output.output_type == "stream":
            if output.name in run:
                run[output.name]["text"] += output.text
            else:
                run[output.name] = output
            continue
        merged += [run[name] for name in sorted(run, reverse=True)]  # stdout before stderr
        run = {}
        merged.append(output)
    return merged + [run[name] for name in sorted(run, reverse=True)]


def _output(output: Any, count: int) -> Any:
    if output.output_type == "stream":
        output["text"] = _without_cell_files(output.text)
    elif output.output_type == "execute_result":
        output["execution_count"] = count
    elif output.output_type == "error":
        output["traceback"] = [_without_cell_files(line) for line in output.traceback]
    output.pop("transient", None)
    return output


def start_zygote(kernel: str) -> Any:
    """Start the zygote that the workers of a run share, now, so that its imports run beside theirs.

    Returns what `borrow_zygote` wants in a worker as its `control`, and has to be stopped; `None` where kernels
    are not forked.
    """
    if kernel not in _FORKED:
        return None
    from forkserver_kernel import available

    if not available():
        return None
    from forkserver_kernel import client

    with contextlib.suppress(client.ForkServerError):
        return client.start_for_others(*_setting())
    return None


def borrow_zygote(control: socket.socket) -> None:
    """Fork this process's kernels from the zygote of the process that started it."""
    from forkserver_kernel import client

    client.borrow(*_setting(), control)


def _setting() -> tuple[str, list[str], dict[str, str]]:
    from forkserver_kernel.kernelspec import DEFAULT_PRELOAD

    return sys.executable, [*DEFAULT_PRELOAD, *PRELOAD], kernel_environment({})
