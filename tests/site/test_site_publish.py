"""A reader of the published folder sees the old site or the new one, whole, whatever happens."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from peelbook.errors import OutputError
from peelbook.runner.errors import LockedError
from peelbook.runner.lock import hold
from peelbook.site import publish as publishing
from peelbook.site.publish import HardLinkGuard, PublishError, publish, put_file, target


def tree(folder: Path, **files: str) -> dict[str, Path]:
    """Write files into a folder; return address → file."""
    made = {}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        made[name] = path
    return made


def read(folder: Path) -> dict[str, str]:
    """The files of a site, its record aside."""
    found = {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}
    found.pop(publishing.RECORD, None)
    return found


def test_the_published_folder_holds_exactly_the_new_files(tmp_path):
    publish(tree(tmp_path / "a", **{"index.html": "1", "old/page.html": "x"}), tmp_path / "out")
    changed = publish(tree(tmp_path / "b", **{"index.html": "2", "new/page.html": "y"}), tmp_path / "out")
    assert read(tmp_path / "out") == {"index.html": "2", "new/page.html": "y"}
    assert changed == 3  # one changed, one new, one gone
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "out"], "nothing is left beside it"


def test_the_same_files_again_touch_nothing(tmp_path):
    files = tree(tmp_path / "a", **{"index.html": "1"})
    publish(files, tmp_path / "out")
    before = (tmp_path / "out").stat().st_ino
    assert publish(files, tmp_path / "out") == 0
    assert (tmp_path / "out").stat().st_ino == before


def test_an_unchanged_page_keeps_its_file_and_no_other_is_shared_unasked(tmp_path):
    files = tree(tmp_path / "a", same="1", other="2")
    publish(files, tmp_path / "out")
    kept = (tmp_path / "out" / "same").stat().st_ino
    files["other"].write_text("3")
    publish(files, tmp_path / "out")
    assert (tmp_path / "out" / "same").stat().st_ino == kept
    files["same"].write_text("spoilt while Sphinx writes")
    assert (tmp_path / "out" / "same").read_text() == "1"


def test_a_shared_file_is_linked_and_stays_as_published_when_it_is_made_anew(tmp_path):
    files = tree(tmp_path / "a", page="1", other="2")
    publish(files, tmp_path / "out", ["page"])
    assert (tmp_path / "out" / "page").samefile(files["page"])
    assert not (tmp_path / "out" / "other").samefile(files["other"])
    put_file(files["page"], "3")
    assert read(tmp_path / "out") == {"page": "1", "other": "2"}
    assert publish(files, tmp_path / "out", ["page"]) == 1
    assert read(tmp_path / "out") == {"page": "3", "other": "2"}


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_where_files_cannot_be_linked_they_are_copied(tmp_path, monkeypatch, code):
    def refused(source, target):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(publishing.os, "link", refused)
    files = tree(tmp_path / "a", page="1")
    publish(files, tmp_path / "out", ["page"])
    assert read(tmp_path / "out") == {"page": "1"}
    assert not (tmp_path / "out" / "page").samefile(files["page"])


def test_an_edit_of_a_shared_file_is_noticed_and_a_new_file_is_none(tmp_path):
    files = tree(tmp_path / "a", page="1", other="2")
    shared = HardLinkGuard(tmp_path / "shared.json")
    assert not shared.edited()
    publish(files, tmp_path / "out", files)
    shared.remember({str(path): path.stat() for path in files.values()})
    assert not shared.edited()
    put_file(files["page"], "made anew")
    files["other"].unlink()
    assert not shared.edited()
    publish({"page": files["page"]}, tmp_path / "out", ["page"])
    shared.remember({str(files["page"]): files["page"].stat()})
    (tmp_path / "out" / "page").write_text("by hand")
    assert shared.edited()
    shared.record.write_text("{")
    assert shared.edited()


@pytest.mark.parametrize("exchange", [True, False])
def test_a_reader_never_sees_a_mixture(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(publishing, "_exchange", lambda left, right: False)
    names = [f"page{number}" for number in range(30)]
    versions = [tree(tmp_path / str(v), **dict.fromkeys(names, str(v))) for v in range(2)]
    out = tmp_path / "out"
    publish(versions[0], out)
    seen: list[set[str]] = []
    stop = threading.Event()

    def reader():
        while not stop.is_set():
            try:
                # One open folder is one version of the site, whatever is swapped meanwhile.
                handle = os.open(out, os.O_RDONLY)
            except FileNotFoundError:
                assert not exchange, "with an exchange the folder is never away"
                continue
            try:
                texts = set()
                for name in names:
                    page = os.open(name, os.O_RDONLY, dir_fd=handle)
                    texts.add(os.read(page, 10).decode())
                    os.close(page)
                seen.append(texts)
            except FileNotFoundError:
                pass  # the old version was removed while it was read: never half of another
            finally:
                os.close(handle)

    thread = threading.Thread(target=reader)
    thread.start()
    for turn in range(1, 20):
        publish(versions[turn % 2], out)
    stop.set()
    thread.join()
    assert seen
    assert all(len(texts) == 1 for texts in seen)


def test_a_full_disk_leaves_the_old_site(tmp_path, monkeypatch):
    publish(tree(tmp_path / "a", index="old"), tmp_path / "out")

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing.shutil, "copyfile", full)
    with pytest.raises(PublishError, match="No space left on device"):
        publish(tree(tmp_path / "b", index="new"), tmp_path / "out")
    assert read(tmp_path / "out") == {"index": "old"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "out"]


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path, monkeypatch):
    def refused(**kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(publishing.tempfile, "mkdtemp", refused)
    with pytest.raises(PublishError, match=r"Permission denied.*can be written"):
        publish(tree(tmp_path / "a", index="x"), tmp_path / "out")


def test_a_failed_swap_puts_the_old_site_back(tmp_path, monkeypatch):
    publish(tree(tmp_path / "a", index="old"), tmp_path / "out")
    monkeypatch.setattr(publishing, "_exchange", lambda left, right: False)
    rename = Path.rename

    def broken(self, target):
        if self.name.startswith(".out.new-"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(PublishError):
        publish(tree(tmp_path / "b", index="new"), tmp_path / "out")
    assert read(tmp_path / "out") == {"index": "old"}


def test_a_file_of_the_work_folder_changes_only_with_its_bytes(tmp_path):
    path = tmp_path / "a" / "b.txt"
    put_file(path, "text")
    os.utime(path, (1, 1))
    put_file(path, b"text")
    assert path.stat().st_mtime == 1
    put_file(path, "other")
    assert path.read_text() == "other"
    assert path.stat().st_mtime > 1


@pytest.mark.parametrize("name", ["thesis.txt", "sub/thesis.txt", ".git/config"])
def test_a_folder_that_holds_anything_but_a_site_is_never_replaced(tmp_path, name):
    kept = tmp_path / "d" / name
    kept.parent.mkdir(parents=True)
    kept.write_text("years of work")
    with pytest.raises(PublishError, match=r"would mix with them\. Fix: name a new or empty folder"):
        target(tmp_path / "d")
    assert kept.read_text() == "years of work"


def test_a_site_a_new_folder_and_an_empty_one_may_be_replaced(tmp_path):
    (tmp_path / "empty").mkdir()
    publish(tree(tmp_path / "a", **{"index.html": "x"}), tmp_path / "site")
    for name in ("empty", "site", "new/below"):
        assert target(tmp_path / name) == (tmp_path / name).resolve()


RECORDS = ['{"made_by": "me", "files": []}', '{"made_by": "peelbook"}', "{}", "[]", "{", '{"files": 1}', ""]


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("name", [publishing.RECORD, "build.json"])
def test_a_folder_is_a_site_by_a_record_that_only_publishing_writes(tmp_path, record, name):
    tree(tmp_path / "d", **{name: record, "thesis.txt": "years of work"})
    with pytest.raises(PublishError, match="not a site of this project"):
        target(tmp_path / "d")


def test_what_others_put_into_a_site_stays_when_it_is_replaced(tmp_path):
    out = tmp_path / "out"
    publish(tree(tmp_path / "a", **{"index.html": "1", "old/page.html": "x"}), out)
    tree(out, CNAME="example.org", **{"old/mine.txt": "mine"})
    (out / "empty").mkdir()
    (out / "link").symlink_to("CNAME")
    (out / "folder").symlink_to(tmp_path / "a", target_is_directory=True)
    os.mkfifo(out / "pipe")
    for text in "23":
        publish(tree(tmp_path / text, **{"index.html": text}), target(out))
        assert (out / "CNAME").read_text() == (out / "link").read_text() == "example.org"
        assert [path.name for path in (out / "old").iterdir()] == ["mine.txt"]
        assert (out / "pipe").is_fifo() and (out / "folder").is_symlink() and (out / "empty").is_dir()
        assert (out / "index.html").read_text() == text
    assert publishing.recorded(out) == {"index.html"}


def test_a_file_of_others_is_never_replaced_by_one_of_the_site(tmp_path):
    out = tmp_path / "out"
    publish(tree(tmp_path / "a", index="1"), out)
    tree(out, CNAME="mine")
    with pytest.raises(PublishError, match=r"CNAME is not of this project.*Fix: move it"):
        publish(tree(tmp_path / "b", index="2", CNAME="ours"), out)
    assert read(out) == {"index": "1", "CNAME": "mine"}


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(OutputError, match="is a file"):
        target(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "x"


def test_what_takes_the_folder_s_place_after_it_was_asked_for_is_not_replaced(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "real")
    files = tree(tmp_path / "a", **{"index.html": "1"})
    os.mkfifo(tmp_path / "real")
    with pytest.raises(PublishError, match="Not a directory"):
        publish(files, tmp_path / "out")
    assert (tmp_path / "real").is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "out", "real"]


def test_a_folder_on_which_a_disk_is_mounted_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "is_mount", lambda self: self.name == "out")
    (tmp_path / "out").mkdir()
    with pytest.raises(PublishError, match="a disk is mounted there"):
        target(tmp_path / "out")


def test_a_link_to_a_folder_is_followed_and_stays(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    publish(tree(tmp_path / "a", **{"index.html": "1"}), target(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert read(tmp_path / "real") == {"index.html": "1"}


def test_what_a_killed_build_left_beside_the_site_is_swept_and_nothing_else(tmp_path):
    tree(tmp_path / ".out.new-abc123", **{"index.html": "half"})
    tree(tmp_path / ".out.newer", **{"mine.txt": "x"})
    publish(tree(tmp_path / "a", **{"index.html": "1"}), tmp_path / "out")
    assert not (tmp_path / ".out.new-abc123").exists()
    assert (tmp_path / ".out.newer").exists()


def test_two_builds_with_one_aim_take_turns_whatever_their_work_folders(tmp_path):
    files = tree(tmp_path / "a", **{"index.html": "1"})
    with hold(publishing._lock_folder((tmp_path / "out").resolve()), "publish"), pytest.raises(LockedError):
        publish(files, tmp_path / "out")
    publish(files, tmp_path / "out")


def test_shared_files_of_a_new_folder_are_the_build_s_own(tmp_path):
    out = tmp_path / "out"
    publish(tree(tmp_path / "a", index="old", gone="x"), out)
    files = tree(tmp_path / "b", **{"index": "new", "search/words": "new"})
    assert publish(files, out, files) == 3
    assert read(out) == {"index": "new", "search/words": "new"}
    assert (out / "search/words").samefile(files["search/words"])
    assert publish(files, out, files) == 0
    assert not list(tmp_path.glob(".out.*"))


def test_the_record_does_not_name_the_files_of_an_index_by_their_hash_and_knows_them_all_the_same(tmp_path):
    out = tmp_path / "out"
    for number, digest in enumerate(("0a1b2c3", "d4e5f60")):
        name = f"pagefind/filter/en-gb_{digest}.pf_filter"
        publish(tree(tmp_path / digest, **{"index.html": "1", name: "x"}), out)
        assert set(read(out)) == {"index.html", name}, "the old one is gone"
        record = (out / publishing.RECORD).read_bytes()
        (tmp_path / f"record{number}").write_bytes(record)
    assert (tmp_path / "record0").read_bytes() == record
    (out / "pagefind" / "filter" / "mine.txt").write_text("mine")
    publishing.remove(out)
    assert read(out) == {"pagefind/filter/mine.txt": "mine"}


def test_a_site_is_removed_by_its_record_and_what_others_put_there_stays(tmp_path):
    files = tree(tmp_path / "source", **{"index.html": "front", "forces/kent.html": "Kent"})
    out = tmp_path / "out"
    publish(files, out)
    assert publishing.remove(out) == f"Removed {out}" and not out.exists()
    publish(files, out)
    (out / "forces" / "mine.txt").write_text("mine")
    (out / "empty").mkdir()
    assert "2 files of others stay" in publishing.remove(out)
    left = sorted(path.relative_to(out).as_posix() for path in out.rglob("*"))
    assert left == ["empty", "forces", "forces/mine.txt"]
    assert f"no {publishing.RECORD}" in publishing.remove(out)
    assert (out / "forces" / "mine.txt").read_text() == "mine"
