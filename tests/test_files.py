"""All-or-nothing writing."""

import errno
import os

import pytest

from peelbook.util import files


def test_a_file_is_written_once_and_left_alone_when_nothing_changed(tmp_path):
    path = tmp_path / "deep" / "table.csv"
    assert files.write_atomic(path, "a,b\n")
    before = path.stat().st_mtime_ns
    assert not files.write_atomic(path, "a,b\n")
    assert path.stat().st_mtime_ns == before
    assert files.sha256(path) == files.sha256(b"a,b\n")


def test_a_full_disk_leaves_the_old_file_and_no_scrap(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    path.write_text("old")

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["table.csv"]


def test_a_published_file_follows_the_umask(tmp_path):
    files.write_atomic(tmp_path / "page.html", "x")
    assert (tmp_path / "page.html").stat().st_mode & 0o444 == 0o444
