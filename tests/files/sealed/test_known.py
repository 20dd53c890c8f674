"""What is remembered of sealed values: enough to know them again, and nothing of them."""

from __future__ import annotations

import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from strongroom.errors import OutputError
from strongroom.files.sealed import known as module
from strongroom.files.sealed.known import Known
from strongroom.model.plaintext import Plaintext

KEY = b"k" * 32
VALUE = Plaintext("hunter2")
FACTS = ("SHA256:x", b"shop/db", "password", VALUE, "AgSealed")


def test_known_again(tmp_path: Path) -> None:
    """What was saved is known to the next run, and nothing that differs from it in any part."""
    first = Known(tmp_path / "state" / "known", KEY)
    first.add(*FACTS)
    first.save()
    then = Known(tmp_path / "state" / "known", KEY)

    assert then.is_same(*FACTS)
    for place, other in enumerate(("SHA256:y", b"shop/other", "user", Plaintext("hunter3"), "AgOther")):
        changed: list[Any] = [*FACTS]
        changed[place] = other
        assert not then.is_same(*changed)
    assert not Known(tmp_path / "state" / "known", b"o" * 32).is_same(*FACTS)


def test_holds_no_value(tmp_path: Path) -> None:
    """The file is its owner's alone and holds tags; equal values have tags that differ."""
    path = tmp_path / "known"
    one = Known(path, KEY)
    one.add(*FACTS)
    one.add("SHA256:x", b"shop/db", "other", VALUE, "AgAnother")
    one.save()
    tags = path.read_text().split()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(set(tags)) == 2
    assert all(len(tag) == 64 and set(tag) <= set("0123456789abcdef") for tag in tags)


def test_several_at_once(tmp_path: Path) -> None:
    """Processes that save at once lose nothing of each other."""

    def save(number: int) -> None:
        one = Known(tmp_path / "known", KEY)
        for item in range(50):
            one.add("f", b"", f"{number}-{item}", VALUE, "A")
        one.save()

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    then = Known(tmp_path / "known", KEY)
    assert all(then.is_same("f", b"", f"{a}-{b}", VALUE, "A") for a in range(8) for b in range(50))


def test_does_not_grow_for_ever(tmp_path: Path) -> None:
    """A file that has grown long keeps its newest half."""
    path = tmp_path / "known"
    path.write_text("".join(f"{number:064x}\n" for number in range(module._MOST)))
    one = Known(path, KEY)
    one.add(*FACTS)
    one.save()

    assert len(path.read_text().split()) == module._KEPT
    assert Known(path, KEY).is_same(*FACTS)


def test_nowhere_to_write(tmp_path: Path) -> None:
    """Where it cannot be written, that is an error of ours; where it cannot be read, nothing is known."""
    (tmp_path / "file").write_text("")
    one = Known(tmp_path / "file" / "known", KEY)
    one.add(*FACTS)

    with pytest.raises(OutputError):
        one.save()
    assert not Known(tmp_path / "file" / "known", KEY).is_same(*FACTS)
