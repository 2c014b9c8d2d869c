"""A kernelspec of the fork server in a private Jupyter folder."""

from __future__ import annotations

import pytest
import traitlets.log
from forkserver_helpers import PRELOAD

from forkserver_kernel import available, client, kernelspec

collect_ignore = (
    [] if available() else ["test_zygote.py", "test_tools.py", "test_as_stock.py", "test_papermill_engine.py"]
)


@pytest.fixture(autouse=True)
def jupyter_path(tmp_path, monkeypatch):
    """Kernels of these tests are found in a folder of their own; the installed `python3` stays in reach."""
    folder = tmp_path / "jupyter"
    monkeypatch.setenv("JUPYTER_PATH", str(folder))
    kernelspec.install(kernelspec.make("test", PRELOAD), "forked", folder)
    return folder


@pytest.fixture
def fresh():
    """No zygote before the test and none after it."""
    client.shut_down_all()
    yield
    client.shut_down_all()


@pytest.fixture
def said(caplog):
    """What kernels log, whatever level or application an earlier test left to the logger of this process."""
    logger = traitlets.log.get_logger()
    caplog.set_level("WARNING", logger.name)
    apart = not logger.propagate
    if apart:
        logger.addHandler(caplog.handler)
    yield caplog
    if apart:
        logger.removeHandler(caplog.handler)
