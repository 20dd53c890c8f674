"""The key of the installation."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from strongroom.errors import SourceError
from strongroom.survey.fingerprint_key import load, load_passing


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the user a state folder of his own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "strongroom" / "fingerprint.key"


def test_made_once(state: Path) -> None:
    """The key is random, is made on first use for its owner alone, and is the same afterwards."""
    first = load(None)

    assert len(first) == 32
    assert load(None) == first
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert [p.name for p in state.parent.iterdir()] == ["fingerprint.key"]


def test_made_once_by_many(state: Path) -> None:
    """Runs that start together agree on one key."""
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load(None), range(8)))

    assert len(keys) == 1


def test_readable_by_others(state: Path) -> None:
    """A key that others may read is refused."""
    load(None)
    state.chmod(0o644)

    with pytest.raises(SourceError, match="is readable by others"):
        load(None)


def test_named(tmp_path: Path) -> None:
    """A named file is used as it is; a short or missing one is refused."""
    (tmp_path / "key").write_bytes(b"k" * 40)
    (tmp_path / "short").write_bytes(b"k")

    assert load(str(tmp_path / "key")) == b"k" * 40
    with pytest.raises(SourceError, match="shorter than 32 bytes"):
        load(str(tmp_path / "short"))
    with pytest.raises(SourceError, match="does not exist"):
        load(str(tmp_path / "none"))


def test_named_by_the_environment(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment may name the file of a key that a team shares; an option counts before it."""
    for name in ("team", "own"):
        (tmp_path / name).write_bytes(name.encode() * 16)
    monkeypatch.setenv("STRONGROOM_FINGERPRINT_KEY", str(tmp_path / "team"))

    assert load(None) == b"team" * 16
    assert load(str(tmp_path / "own")) == b"own" * 16
    assert not state.exists()

    monkeypatch.setenv("STRONGROOM_FINGERPRINT_KEY", str(tmp_path / "missing"))
    with pytest.raises(SourceError, match="does not exist"):
        load(None)


def test_a_key_for_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no key can be kept, each run has its own; where one can, it is kept as ever."""
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(file / "state"))
    one, other = load_passing(None), load_passing(None)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    kept = load_passing(None)

    assert len(one) == 32
    assert one != other
    assert kept == load(None)


def test_no_other_key_in_the_place_of_one_that_cannot_be_used(state: Path, tmp_path: Path) -> None:
    """A key that is named, or is there, and cannot be used is an error also where one for this run would do."""
    load(None)
    state.chmod(0o644)

    with pytest.raises(SourceError, match="readable by others"):
        load_passing(None)
    with pytest.raises(SourceError, match="does not exist"):
        load_passing(str(tmp_path / "none"))
