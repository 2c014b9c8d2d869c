"""papermill's engine `forkserver`: the cells of a notebook in a fork of the zygote, without Jupyter's messages.

A kernel costs some 7 ms a cell for messages between sockets and threads, and a fifth of a second to start and stop.
Here the fork is given each cell and answers with what the cell sent, over one socket; papermill's and nbclient's own
code makes outputs of it, so that the notebook is the same. Where no fork can be had, or for a kernel that is not
this one, it is papermill's usual engine.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.util import run_hook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args

from forkserver_kernel import PROVISIONER, available, client, provisioner


class ForkServerEngine(NBClientEngine):
    """Runs notebooks whose kernel is the fork-server kernel; `papermill --engine forkserver`."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        **options: Any,
    ) -> Any:
        """Run the notebook. Options are those of papermill's usual engine, and `env`: the whole environment.

        Cells that are not run are as papermill leaves them; a cell's error ends the notebook and is in its outputs.
        Raises `CellTimeoutError` and `DeadKernelError` as nbclient does.
        """
        wanted = remove_args(["input_path", "timeout", "startup_timeout"], **options)
        env = wanted.pop("env", None)
        arguments = merge_kwargs(
            wanted,
            timeout=execution_timeout or options.get("timeout"),
            startup_timeout=start_timeout,
            kernel_name=kernel_name,
            log=logger,
        )
        return _Client(nb_man, env=env, **arguments).execute()


class _Client(PapermillNotebookClient):
    """nbclient's client with a fork in the place of kernel and channels."""

    def __init__(self, nb_man: Any, env: dict[str, str] | None = None, **options: Any):
        super().__init__(nb_man, **options)
        self._env = env
        self._fork: client.ForkedProcess | None = None

    def execute(self, **options: Any) -> Any:
        """Run all cells in a fork; in a kernel where no fork can be had."""
        try:
            self._fork = run_sync(self._forked)()
        except (client.ForkServerError, client.HiddenModuleError) as error:
            self.log.warning("No fork could be had (%s); using a kernel instead.", error)
        if self._fork is None:
            return super().execute(**options)
        self.reset_execution_trackers()
        try:
            self.papermill_execute_cells()
        finally:
            self._fork.close()
        self.nb.metadata["language_info"] = self._fork.said["language_info"]
        self.set_widgets_metadata()
        return self.nb

    async def _forked(self) -> client.ForkedProcess | None:
        if not available():
            return None
        if self.km is None:
            self.create_kernel_manager()
        spec = self.km.kernel_spec
        how = (spec.metadata or {}).get("kernel_provisioner", {})
        if how.get("provisioner_name") != PROVISIONER:
            return None
        cwd = os.path.abspath(self.resources.get("metadata", {}).get("path") or Path.cwd())  # noqa: PTH100
        env = dict(self._env or {**os.environ, **spec.env})
        if provisioner.beyond_a_fork({}, env):
            return None
        return await provisioner.fork(
            spec.argv[0], how.get("config", {}).get("preload", []), [], env, cwd, {}, cells=True
        )

    async def async_execute_cell(
        self,
        cell: Any,
        cell_index: int,
        execution_count: int | None = None,
        store_history: bool = True,
    ) -> Any:
        """Run one cell in the fork, with the hooks, the limit of time and the errors of nbclient's own method."""
        if self._fork is None:
            return await super().async_execute_cell(cell, cell_index, execution_count, store_history)
        await run_hook(self.on_cell_start, cell=cell, cell_index=cell_index)
        if cell.cell_type != "code" or not cell.source.strip():
            return cell
        if self.skip_cells_with_tag in cell.metadata.get("tags", []):
            return cell
        await run_hook(self.on_cell_execute, cell=cell, cell_index=cell_index)
        self.code_cells_executed += 1
        cell.outputs = []
        self.clear_before_next_output = False
        timeout = self._get_timeout(cell)
        try:
            answer = self._fork.ask({"code": cell.source, "store_history": store_history}, timeout)
        except TimeoutError:
            raise CellTimeoutError.error_from_timeout_and_cell(
                "Cell execution timed out", timeout or 0, cell
            ) from None
        if answer is None:
            raise DeadKernelError("Kernel died")
        reply = answer["reply"]
        await run_hook(self.on_cell_complete, cell=cell, cell_index=cell_index)
        cell["execution_count"] = execution_count or reply["count"]
        for message in answer["messages"]:
            header = {"msg_type": message["msg_type"]}
            whole = {**message, "header": header, "parent_header": {}, "metadata": {}, "buffers": []}
            self.process_message(whole, cell, cell_index)
        await run_hook(self.on_cell_executed, cell=cell, cell_index=cell_index, execute_reply=reply)
        await self._check_raise_for_error(cell, cell_index, reply)
        self.nb["cells"][cell_index] = cell
        return cell

    execute_cell = run_sync(async_execute_cell)
