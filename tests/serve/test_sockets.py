"""A socket that nobody else can use, take away or put in place beforehand."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.controlplane.folder import Folder

from strongroom.errors import OutputError, UsageError
from strongroom.serve.sockets import PrivateSocket, checked_path


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, for its user alone."""
    with closing(Folder()) as made:
        yield made.path


def listening(path: Path) -> socket.socket:
    """A socket that takes connections at a path."""
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    made.listen()
    return made


def placed(path: Path, *, replace: bool = False) -> tuple[PrivateSocket, socket.socket]:
    """A socket that was put in place."""
    place = PrivateSocket(path)
    place.prepare(replace=replace)
    made = listening(place.beside)
    place.publish()
    return place, made


def test_from_start_to_end(folder: Path) -> None:
    """A socket stands at its place with mode 0600, in a folder that is made for it, and goes when it is withdrawn."""
    path = folder / "new" / "kms.sock"
    place, made = placed(path)
    with made:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert [found.name for found in path.parent.iterdir()] == ["kms.sock"]
        place.withdraw()
        assert list(path.parent.iterdir()) == []


def test_a_stale_socket_is_replaced(folder: Path) -> None:
    """A socket that a killed program left behind, on which nobody listens, is no obstacle."""
    listening(folder / "kms.sock").close()
    _, made = placed(folder / "kms.sock")
    made.close()


def test_a_living_one_is_replaced_on_request_alone(folder: Path) -> None:
    """The place of a program that listens is taken over only where that is asked for; its withdrawal then takes nothing."""
    first, living = placed(folder / "kms.sock")
    with living:
        with pytest.raises(UsageError, match="a program listens"):
            placed(folder / "kms.sock")
        _, second = placed(folder / "kms.sock", replace=True)
        with second:
            first.withdraw()
            assert (folder / "kms.sock").is_socket()


def test_what_is_no_socket_stays(folder: Path) -> None:
    """A file, or a link to one, at the place is never replaced."""
    (folder / "file").write_text("kept")
    (folder / "link").symlink_to(folder / "file")
    for name in ("file", "link"):
        with pytest.raises(UsageError, match="no socket"):
            PrivateSocket(folder / name).prepare(replace=True)
    assert (folder / "file").read_text() == "kept"


def test_a_folder_that_others_may_change(folder: Path) -> None:
    """A folder in which others write, at any level, is refused: they could put their own socket there."""
    shared = folder / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    (shared / "own").mkdir(mode=0o700)
    for path in (shared / "kms.sock", shared / "own" / "kms.sock"):
        with pytest.raises(UsageError, match="others may change"):
            PrivateSocket(path).prepare()
    shared.chmod(0o1777)
    with pytest.raises(UsageError, match="others may change"):
        PrivateSocket(shared / "kms.sock").prepare()
    PrivateSocket(shared / "own" / "kms.sock").prepare()  # sticky: nobody else can move the folder away


def test_a_link_that_others_may_turn(folder: Path) -> None:
    """A link to a good folder is refused where others may replace the link, and taken where they may not."""
    good, shared = folder / "good", folder / "shared"
    good.mkdir(mode=0o700)
    shared.mkdir()
    for place in (folder, shared):
        (place / "link").symlink_to(good)
    shared.chmod(0o777)
    with pytest.raises(UsageError, match="others may change"):
        PrivateSocket(shared / "link" / "kms.sock").prepare()
    PrivateSocket(folder / "link" / "kms.sock").prepare()


def test_the_end_waits_for_a_successor(folder: Path) -> None:
    """While a successor puts its socket in place, nothing is withdrawn; afterwards it is the successor's, and stays."""
    first, living = placed(folder / "kms.sock")
    with living:
        holder = os.open(folder, os.O_RDONLY)
        fcntl.flock(holder, fcntl.LOCK_EX)
        ending = threading.Thread(target=first.withdraw)
        ending.start()
        (folder / "kms.sock").rename(folder / "old")
        with listening(folder / "kms.sock"):
            os.close(holder)
            ending.join()

            assert (folder / "kms.sock").is_socket()


def test_a_folder_that_cannot_be_made(folder: Path) -> None:
    """More than one missing folder, or a file in the way, is an error with the system's reason."""
    (folder / "file").write_text("")
    for path in (folder / "a" / "b" / "kms.sock", folder / "file" / "kms.sock"):
        with pytest.raises((OutputError, UsageError)) as caught:
            PrivateSocket(path).prepare()
        assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "@abstract",
        "unix:@abstract",
        "",
        "kms.sock",
        "/run/",
        "/a\0b",
        "/run/s/a\nb",
        "/run/%41",
        "/a?b",
        "/a#b",
        "/" + "x" * 100,
    ],
)
def test_paths_that_are_none(text: str) -> None:
    """Abstract, relative, empty and overlong paths are refused, and those that are others once they stand in a URL."""
    with pytest.raises(UsageError):
        checked_path(text)


def test_the_url_of_a_configuration() -> None:
    """What stands in an EncryptionConfiguration is taken too."""
    assert checked_path("unix:///run/s/kms.sock") == checked_path("/run/s/kms.sock") == Path("/run/s/kms.sock")
    assert os.fsencode(PrivateSocket(Path("/run/" + "x" * 90)).beside) < b"\xff"
