"""Files are replaced in one move, and what is no file is left what it is."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.errors import OutputError
from strongroom.writing import replace_file


def test_contents_and_mode(tmp_path: Path) -> None:
    """Text and bytes are written; the mode is the one asked for, else that of the file before, else the umask's."""
    path = tmp_path / "a"

    replace_file(path, ["naïve ", b"bytes"])
    assert path.read_bytes() == "naïve bytes".encode()
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o640)
    replace_file(path, ["x"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    replace_file(path, ["x"], mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_half_way_leaves_the_old_contents(tmp_path: Path) -> None:
    """Contents that end in an error leave the file as it was, and nothing beside it."""

    def broken() -> Iterator[str]:
        yield "half"
        raise RuntimeError

    (tmp_path / "a").write_text("old")

    with pytest.raises(RuntimeError):
        replace_file(tmp_path / "a", broken())

    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_links_and_pipes_stay(tmp_path: Path) -> None:
    """A link is followed and stays a link; a pipe is written into and stays a pipe."""
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    os.mkfifo(tmp_path / "pipe")
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append((tmp_path / "pipe").read_text()))
    reader.start()

    replace_file(tmp_path / "link", ["new"])
    replace_file(tmp_path / "pipe", ["through"])
    reader.join(10)

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    assert heard == ["through"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_devices_stay(tmp_path: Path) -> None:
    """A device is never replaced by a file: the null device is one afterwards."""
    replace_file(Path(os.devnull), ["x"])

    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    with pytest.raises(OutputError, match=r"baseline .*none/a cannot be written"):
        replace_file(tmp_path / "none" / "a", ["x"], what="baseline")
