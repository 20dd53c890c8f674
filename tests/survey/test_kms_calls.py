"""How often a key management service is asked when many files change: the calls that come in are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.keys.contexts import NOW, context
from tests.keys.google import Google

from strongroom.files.sops import data_key
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.opened import open_file, read_metadata
from strongroom.files.sops.rule import Rule
from strongroom.files.sops.sealing import encrypt
from strongroom.files.sops.selection import Selection
from strongroom.keys.key import Context, MasterKey
from strongroom.model.plaintext import Plaintext
from strongroom.plans.apply import Doing
from strongroom.survey.encrypted.changes import Change, Opener, planned, to_rotate, to_update
from strongroom.survey.encrypted.tree import Look

KEY = b"k" * 32
YAML = format_of("x.yaml")
FILES, DATA_KEYS = 9, 3


@pytest.fixture(scope="module")
def google() -> Iterator[Google]:
    """Google's services on loopback."""
    services = Google()
    yield services
    services.close()


class Tree:
    """Nine files of three data keys, each wrapped for one key of the service; the rule wants another key as well."""

    def __init__(self, folder: Path, google: Google, name: str) -> None:
        self.google, self.root, self.state = google, folder / "tree", folder / "state"
        self.root.mkdir()
        self.old, self.new = google.key(f"{name}-old"), google.key(f"{name}-new")
        rule = Rule((self._keys(self.old),), 0, Selection(unencrypted_suffix="_x"))
        self.looks = []
        for group in range(DATA_KEYS):
            key = data_key.new()
            groups = data_key.wrap(key, rule.groups, 0, self.context())
            for number in range(FILES // DATA_KEYS):
                path = self.root / f"{group}-{number}.yaml"
                data = encrypt(Plaintext(f"a: Zq7-{group}-{number}\n"), YAML, rule, key, groups, NOW)
                path.write_bytes(data)
                wanted = rule._replace(groups=(self._keys(self.old, self.new),))
                self.looks.append(Look(path.name, path, YAML, Plaintext(data), read_metadata(data, YAML), wanted))
        google.service.calls.clear()

    def context(self) -> Context:
        """A process that may use the service."""
        return context(self.google.environment | {"GOOGLE_OAUTH_ACCESS_TOKEN": self.google.token()})

    def change(self, changes: list[Change]) -> Counter[str]:
        """Carry changes out, and count what the service was asked by key and act."""
        made = planned(changes, self.root, KEY, "a test")
        assert made.failures == ()
        assert Doing(made.plan, self.root, KEY, self.state).apply() == FILES
        return Counter(call.path.rpartition("/")[2] for call in self.google.service.calls)

    def values(self) -> list[bytes]:
        """Return what the files hold, opened with the service."""
        where = self.context()
        return [
            open_file(look.path.read_bytes(), YAML, lambda found: data_key.unwrap(found, where)).plain().reveal()
            for look in self.looks
        ]

    def _keys(self, *names: str) -> tuple[MasterKey, ...]:
        return tuple(MasterKey("gcp_kms", name) for name in names)


def _name(resource: str) -> str:
    return resource.rpartition("/")[2]


def test_updatekeys_asks_once_for_each_data_key(tmp_path: Path, google: Google) -> None:
    """Each wrapped data key is unwrapped once and wrapped once for the key that is new, however many files have it."""
    tree = Tree(tmp_path, google, "update")
    opener = Opener(tree.context())

    asked = tree.change(list(to_update(tree.looks, opener)))

    assert asked == {f"{_name(tree.old)}:decrypt": DATA_KEYS, f"{_name(tree.new)}:encrypt": DATA_KEYS}
    assert tree.values() == [f"a: Zq7-{look.name.removesuffix('.yaml')}\n".encode() for look in tree.looks]
    for look in tree.looks:
        (group,) = read_metadata(look.path.read_bytes(), YAML).groups
        assert [one.key.name for one in group] == [tree.old, tree.new]


def test_rotation_asks_once_for_each_old_and_each_new_data_key(tmp_path: Path, google: Google) -> None:
    """A rotation unwraps each old data key once, and wraps one new data key for each file."""
    tree = Tree(tmp_path, google, "rotate")
    opener = Opener(tree.context())

    asked = tree.change(list(to_rotate(tree.looks, opener)))

    assert asked == {f"{_name(tree.old)}:decrypt": DATA_KEYS, f"{_name(tree.old)}:encrypt": FILES}
    wrapped = {read_metadata(look.path.read_bytes(), YAML).groups for look in tree.looks}
    assert len(wrapped) == FILES
