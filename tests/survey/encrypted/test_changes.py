"""Changes of many files: what is asked for once, and what happens when it stops."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.keys.contexts import NOW, Person, context

from strongroom.errors import PlanError
from strongroom.files.sops.data_key import new, wrap
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.opened import read_metadata
from strongroom.files.sops.rule import Rule
from strongroom.files.sops.sealing import encrypt
from strongroom.files.sops.selection import Selection
from strongroom.keys import age
from strongroom.keys.key import MasterKey
from strongroom.model.plaintext import Plaintext
from strongroom.plans.apply import Doing
from strongroom.survey.encrypted.changes import Changes, Opener, planned, to_rotate, to_update
from strongroom.survey.encrypted.tree import Look

KEY = b"k" * 32
YAML = format_of("x.yaml")


def _tree(folder: Path, count: int, recipient: str) -> list[Look]:
    """Make encrypted files, all under one data key that is wrapped once."""
    rule = Rule(((MasterKey("age", recipient),),), 0, Selection(unencrypted_suffix="_x"))
    where = context({})
    key = new()
    groups = wrap(key, rule.groups, 0, where)
    looks = []
    for number in range(count):
        path = folder / f"{number}.yaml"
        path.write_bytes(encrypt(Plaintext(f"a: Zq7-{number}\n"), YAML, rule, key, groups, NOW))
        looks.append(Look(path.name, path, YAML, Plaintext(path.read_bytes()), _metadata(path), rule))
    return looks


def _metadata(path: Path) -> Metadata:
    return read_metadata(path.read_bytes(), YAML)


@pytest.fixture
def person() -> Person:
    """Somebody who knows the passphrase."""
    return Person("of the tests")


def _with_key(folder: Path, count: int, passphrase: Plaintext | None) -> list[Look]:
    (folder / "tree").mkdir()
    identity, recipient = age.generate()
    (folder / "key").write_bytes(age.identity_file(identity, recipient, NOW, passphrase).reveal())
    return _tree(folder / "tree", count, recipient)


@pytest.fixture
def looks(tmp_path: Path) -> list[Look]:
    """Make six files and a key for them."""
    return _with_key(tmp_path, 6, None)


def _rotation(looks: list[Look], folder: Path, person: Person) -> Changes:
    opener = Opener(context({"SOPS_AGE_KEY_FILE": str(folder / "key")}, person))
    return planned(list(to_rotate(looks, opener)), folder / "tree", KEY, "rotate")


def test_a_passphrase_is_asked_for_once(tmp_path: Path, person: Person) -> None:
    """Many files of one key, opened by several threads, ask a person once."""
    looks = _with_key(tmp_path, 6, Plaintext("of the tests"))
    made = _rotation(looks, tmp_path, person)
    assert made.failures == ()
    assert len(made.plan.steps) == 6
    assert len(person.asked) == 1


def test_stopped_and_gone_on_with(looks: list[Look], tmp_path: Path, person: Person) -> None:
    """Stopped before any write, each file is as it was or as it shall be; resume does the rest, undo goes back."""
    plan = _rotation(looks, tmp_path, person).plan
    before = [look.data.reveal() for look in looks]
    seen = []

    class Stop(BaseException):
        """Stands for a kill."""

    def stop(what: str) -> None:
        seen.append(what)
        if what == "replace 3.yaml":
            raise Stop

    with pytest.raises(Stop):
        Doing(plan, tmp_path / "tree", KEY, tmp_path / "state", stop).apply()
    now = [look.path.read_bytes() for look in looks]
    assert [new == old for new, old in zip(now, before, strict=True)] == [False] * 3 + [True] * 3
    assert Doing(plan, tmp_path / "tree", KEY, tmp_path / "state").resume() == 3
    assert all(look.path.read_bytes() != old for look, old in zip(looks, before, strict=True))
    Doing(plan, tmp_path / "tree", KEY, tmp_path / "state").undo()
    assert [look.path.read_bytes() for look in looks] == before


def test_a_file_that_changed_meanwhile_stops_the_plan(looks: list[Look], tmp_path: Path, person: Person) -> None:
    """A file that somebody changed after it was read is not overwritten."""
    plan = _rotation(looks, tmp_path, person).plan
    looks[2].path.write_bytes(b"a: somebody's\n")
    with pytest.raises(PlanError, match=r"2\.yaml is not as it was"):
        Doing(plan, tmp_path / "tree", KEY, tmp_path / "state").apply()
    assert looks[0].path.read_bytes() == looks[0].data.reveal()


def test_what_is_in_step_is_left_alone(looks: list[Look], person: Person) -> None:
    """Files that have the keys of their rule are not touched, and nobody is asked."""
    opener = Opener(context({}, person))
    assert list(to_update(looks, opener)) == []
    assert person.asked == []


def test_files_outside_of_the_folder(looks: list[Look], tmp_path: Path, person: Person) -> None:
    """A plan is for one folder; a file outside of it is told, and not planned."""
    opener = Opener(context({"SOPS_AGE_KEY_FILE": str(tmp_path / "key")}, person))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    made = planned(list(to_rotate(looks[:1], opener)), elsewhere, KEY, "rotate")
    assert made.plan.steps == ()
    assert "is outside" in made.failures[0].message
