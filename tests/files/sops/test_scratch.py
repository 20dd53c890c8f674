"""Folders in memory-backed storage."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from strongroom.errors import OutputError, UsageError
from strongroom.files.sops import scratch


def _line(folder: Path, kind: str) -> str:
    device = folder.stat().st_dev
    return f"22 1 {os.major(device)}:{os.minor(device)} / / rw,nosuid shared:1 - {kind} {kind} rw\n"


def test_the_type_of_the_mount_counts(tmp_path: Path) -> None:
    """A folder is in memory if the file system of its device is one of memory, and not otherwise."""
    other = "21 1 999:999 / /other rw - tmpfs tmpfs rw\n"

    assert scratch.in_memory(tmp_path, other + _line(tmp_path, "tmpfs"))
    assert scratch.in_memory(tmp_path, _line(tmp_path, "ramfs"))
    assert not scratch.in_memory(tmp_path, other + _line(tmp_path, "ext4"))
    assert not scratch.in_memory(tmp_path, other)
    assert not scratch.in_memory(tmp_path, "")


def test_the_disk_is_refused(tmp_path: Path) -> None:
    """Where no place is in memory, there is no folder, unless the disk is allowed."""
    environment = {"TMPDIR": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    with pytest.raises(UsageError, match="no memory-backed folder"):
        scratch.make(environment, shared=str(tmp_path / "none"))
    made = scratch.make(environment, shared="", allow_disk=True)

    assert made.parent == tmp_path
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def _fill(folder: Path) -> None:
    scratch.write(folder / "a", b"one")
    (folder / "below").mkdir()
    (folder / "below" / ".a.swp").write_bytes(b"one")
    (folder / "link").symlink_to("/etc/hostname")


def test_everything_is_wiped() -> None:
    """What is written, and what others leave beside it, is gone at the end."""
    with scratch.folder({}) as made:
        _fill(made)
        assert stat.S_IMODE((made / "a").stat().st_mode) == 0o600

    assert made.name.startswith(scratch.PREFIX)
    assert not made.exists()
    assert Path("/etc/hostname").exists()


def test_an_error_is_an_end_too() -> None:
    """A folder is wiped where the work in it fails."""
    folders = []

    def work() -> None:
        with scratch.folder({}) as made:
            folders.append(made)
            _fill(made)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert not folders[0].exists()


def test_wiping_overwrites(tmp_path: Path) -> None:
    """A wiped file holds zeros where another name still leads to it."""
    folder = tmp_path / "made"
    folder.mkdir()
    scratch.write(folder / "a", b"secret")
    (tmp_path / "other-name").hardlink_to(folder / "a")
    scratch.wipe(folder)

    assert (tmp_path / "other-name").read_bytes() == bytes(6)
    assert not folder.exists()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """A file that is there already, or a link, is not written."""
    (tmp_path / "a").write_text("old")
    (tmp_path / "link").symlink_to("a")
    for name in ("a", "link"):
        with pytest.raises(OutputError):
            scratch.write(tmp_path / name, b"new")

    assert (tmp_path / "a").read_text() == "old"
