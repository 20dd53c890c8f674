"""Rotations in simulated clusters: killed anywhere, gone on with or back on, every API server can read every object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.atrest import configurations
from tests.atrest.simulated import Killed, World, fast_folder

from strongroom.atrest import changes
from strongroom.atrest.configuration import IDENTITY, Configuration, KeyRef, Provider
from strongroom.errors import PlanError
from strongroom.model.plan import PlanStep, RunProcedure, WriteFile

OLD = KeyRef("secretbox", "old")
LOCAL, PLAIN = configurations.LOCAL.encode(), configurations.PLAIN.encode()
ONLY = LOCAL.replace(b"      - identity: {}\n", b"")
KMS = PLAIN.replace(
    b"      - identity",
    b"      - kms: {apiVersion: v2, name: first, endpoint: 'unix:///run/first.sock'}\n      - identity",
)
WAYS: dict[str, tuple[bytes, Callable[[], Provider | None]]] = {
    "a new key": (LOCAL, lambda: _fresh("secretbox")),
    "a new key, nothing in plain text": (ONLY, lambda: _fresh("secretbox")),
    "another provider": (LOCAL, lambda: _fresh("aesgcm")),
    "plain text encrypted": (PLAIN, lambda: _fresh("secretbox")),
    "to KMS": (LOCAL, lambda: changes.plugin("vault", "unix:///run/vault.sock")),
    "from KMS to KMS": (KMS, lambda: changes.plugin("second", "unix:///run/second.sock")),
    "from KMS to a local key": (KMS, lambda: _fresh("secretbox")),
    "back to plain text": (LOCAL, lambda: changes.PLAIN),
    "back to plain text, never allowed before": (ONLY, lambda: changes.PLAIN),
    "the key stays": (LOCAL, lambda: None),
}

Steps = tuple[PlanStep, ...]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory."""
    with fast_folder() as found:
        yield Path(found)


def _fresh(kind: str) -> Provider:
    return changes.fresh_key(kind, {"old"}, date(2026, 11, 21))


def _same(steps: Steps) -> Steps:
    return steps


def _carry_on(world: World, then: str) -> str:
    """Go on or back until that is done, without being killed again; return what was done in the end."""
    try:
        getattr(world.doing(None), then)()
    except PlanError as error:
        if "was not begun" in str(error):
            world.doing(None).apply()
        elif "nothing of this plan" not in str(error):
            raise
    return then


def _live(
    way: str, seed: int, kills: list[int], then: str, folder: Path, change: Callable[[Steps], Steps] = _same
) -> World:
    """Let a rotation happen that is killed some times, and then goes on or back to its end."""
    text, new = WAYS[way]
    world = World(folder, text, seed)
    world.planned(new(), change)
    verbs = ["apply", *("resume" for _ in kills[1:])]
    for verb, after in zip(verbs, kills, strict=False):
        try:
            getattr(world.doing(after), verb)()
        except Killed:
            continue
        except PlanError:
            break
        break
    _carry_on(world, then)
    for number in range(len(world.loaded)):
        world.load(number)
        world.check()
    return world


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("then", ["resume", "undo"])
def test_every_prefix(folder: Path, way: str, then: str) -> None:
    """Killed after each thing that happens, a rotation can be finished and undone, and all is readable meanwhile."""
    for after in range(0, 400, 7):
        world = _live(way, after, [after], then, folder / str(after))
        writer = world.now.rules[0].writer
        if then == "undo":
            assert writer == world.before.rules[0].writer
            assert world.now.text.reveal() == world.before.text.reveal()
            assert set(world.objects.values()) == {writer}
        else:
            _check_finished(world, way)
        if world.left is None and after > 30 and _never_killed(world, after, way, folder):
            return
    raise AssertionError("a rotation takes less than 400 steps")


def _never_killed(world: World, after: int, way: str, folder: Path) -> bool:
    text, new = WAYS[way]
    again = World(folder / f"{after}-whole", text, after)
    again.planned(new(), _same)
    try:
        again.doing(after).apply()
    except Killed:
        return False
    return True


def _check_finished(world: World, way: str) -> None:
    now: Configuration = world.now
    rule = now.rules[0]
    assert set(world.objects.values()) == {rule.writer}
    if way != "the key stays":
        assert rule.writer != world.before.rules[0].writer
        assert OLD not in rule.readers
    leftover = set(rule.readers) - {rule.writer, KeyRef(IDENTITY)}
    assert not leftover


@settings(max_examples=150)
@given(
    way=st.sampled_from(sorted(WAYS)),
    seed=st.integers(0, 2**32),
    kills=st.lists(st.integers(0, 60), max_size=4),
    then=st.sampled_from(["resume", "undo"]),
)
def test_any_history(way: str, seed: int, kills: list[int], then: str) -> None:
    """Killed any number of times while servers load files and objects are written, nothing is ever unreadable."""
    with fast_folder() as folder:
        world = _live(way, seed, kills, then, Path(folder))
        if then == "resume":
            _check_finished(world, way)
        else:
            assert world.now.text.reveal() == world.before.text.reveal()


def _without(name: str, index: int) -> Callable[[Steps], Steps]:
    def change(steps: Steps) -> Steps:
        places = [n for n, one in enumerate(steps) if isinstance(one.change, RunProcedure) and one.change.name == name]
        return tuple(one for n, one in enumerate(steps) if n != places[index])

    return change


@pytest.mark.parametrize(
    ("change", "then"),
    [
        pytest.param(_without("wait-until-loaded", 1), "resume", id="no wait after the new key"),
        pytest.param(_without("wait-until-loaded", 2), "resume", id="no wait after it encrypts"),
        pytest.param(_without("keep-readable", 0), "undo", id="nothing kept readable"),
        pytest.param(_without("rewrite", 0), "resume", id="nothing rewritten"),
    ],
)
def test_each_step_is_needed(folder: Path, change: Callable[[Steps], Steps], then: str) -> None:
    """Without any one of the steps that keep objects readable, the simulation finds an object that is not."""
    failures = 0
    for seed in range(30):
        try:
            world = _live("a new key", seed, [seed * 4], then, folder / str(seed), change)
            if then == "resume":
                _check_finished(world, "a new key")
        except (AssertionError, PlanError):
            failures += 1
    assert failures


def test_old_key_leaves_last(tmp_path: Path) -> None:
    """What removes a key stands behind the proof, and the proof behind a wait for the same file."""
    world = World(tmp_path, LOCAL, 0)
    steps = world.planned(_fresh("secretbox"), _same).steps
    kinds = [one.change.name if isinstance(one.change, RunProcedure) else "write" for one in steps]
    assert kinds == [
        "wait-until-loaded",
        *["write"] * 3,
        "keep-readable",
        "wait-until-loaded",
        *["write"] * 3,
        "wait-until-loaded",
        "rewrite",
        "prove",
        *["write"] * 3,
        "wait-until-loaded",
    ]
    proof, wait = steps[11].change, steps[9].change
    assert isinstance(proof, RunProcedure)
    assert isinstance(wait, RunProcedure)
    assert proof.arguments["hash"] == wait.arguments["hash"]


def test_files_are_narrowed(tmp_path: Path) -> None:
    """Every file that gets a key is for its owner alone."""
    world = World(tmp_path, LOCAL, 0)
    writes = [one.change for one in world.planned(_fresh("secretbox"), _same).steps]
    assert {(one.mode, one.at_most) for one in writes if isinstance(one, WriteFile)} == {(0o600, 0o600)}
