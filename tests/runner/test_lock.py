"""One run at a time in a folder; whoever waits learns for whom."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from peelbook.runner.errors import CacheError, LockedError
from peelbook.runner.lock import FILE, hold, read_owner

HOLDER = """
import sys, time
from pathlib import Path
from peelbook.runner.lock import hold
with hold(Path(sys.argv[1]), "build"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_run_is_told_who_is_at_work_and_since_when(tmp_path, holder):
    with (
        pytest.raises(LockedError, match=rf"`peelbook build`, process {holder.pid} on .*, since \d+ s"),
        hold(tmp_path, "run"),
    ):
        pass


def test_a_killed_owner_does_not_keep_the_folder_and_is_named(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with hold(tmp_path, "run") as left_by:
        assert left_by is not None
        assert left_by.pid == holder.pid
        assert read_owner(tmp_path / FILE).pid == os.getpid()


def test_a_run_that_ended_leaves_no_owner(tmp_path):
    with hold(tmp_path, "run"):
        pass
    with hold(tmp_path, "run") as left_by:
        assert left_by is None


def test_a_clock_set_back_gives_no_nonsense(tmp_path, holder, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 0.0)
    with pytest.raises(LockedError, match="since 0 s"), hold(tmp_path, "run"):
        pass


@pytest.mark.parametrize("record", ["", "no json", "{}", json.dumps({"pid": 1}), "[]", "\0"])
def test_a_record_that_cannot_be_read_blocks_nobody(tmp_path, record):
    (tmp_path / FILE).write_text(record)
    with hold(tmp_path, "run") as left_by:
        assert left_by is None


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="PEELBOOK_CACHE"), hold(tmp_path / "file" / "in", "run"):
        pass
