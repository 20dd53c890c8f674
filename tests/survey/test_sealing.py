"""Secrets are sealed into files that may hold them already: what did not change stays as it is."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.sealing_keys import BEGIN, Pair, pair

from strongroom.errors import DocumentError, UsageError
from strongroom.files.sealed import certificate, private_keys
from strongroom.files.sealed.known import Known
from strongroom.files.sealed.opening import open_all
from strongroom.files.sealed.scope import Scope
from strongroom.files.sealed.sealed import read_sealed
from strongroom.files.sealed.secrets import PlainSecret
from strongroom.model.plaintext import Plaintext
from strongroom.survey.sealing import Sealer

KEYS = private_keys.together([private_keys.read(Plaintext(pair(number).private), "k") for number in range(2)])


class Machine:
    """A machine on which people seal: what it remembers, and whether it has the private keys."""

    def __init__(self, folder: Path, *, keys: bool = False) -> None:
        self._path, self._keys = folder / "known", KEYS if keys else {}

    def seal(self, old: bytes, *secrets: PlainSecret, scope: Scope = Scope.STRICT, by: Pair | None = None) -> bytes:
        """Seal Secrets into a file that holds ``old``."""
        sealer, known = self._sealer(by)
        new = sealer.file([(secret, scope) for secret in secrets], old, "yaml")
        known.save()
        return new

    def merge(self, old: bytes, secret: PlainSecret, scope: str | None = None) -> bytes:
        """Merge a Secret into a file."""
        sealer, known = self._sealer(None)
        new = sealer.merged(secret, old, "f.yaml", scope)
        known.save()
        return new

    def _sealer(self, by: Pair | None) -> tuple[Sealer, Known]:
        (found,) = certificate.read((by or pair(0)).certificate, "c").certificates
        known = Known(self._path, b"k" * 32)
        return Sealer(found, known, self._keys), known


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Make a machine without private keys."""
    return Machine(tmp_path / "one")


def secret(name: str = "db", **values: str) -> PlainSecret:
    """A Secret."""
    return PlainSecret(name, "shop", {key: Plaintext(value) for key, value in values.items()}, type="Opaque")


def sealed(data: bytes, number: int = 0) -> dict[str, str]:
    """The ciphertexts of an object of a file."""
    return dict(read_sealed(data, "f")[number].values)


def opened(data: bytes, number: int = 0) -> dict[str, bytes]:
    """The values of an object of a file."""
    return {key: one.value.reveal() for key, one in open_all(read_sealed(data, "f")[number], KEYS).items()}


def changed_lines(old: bytes, new: bytes) -> int:
    """How many lines differ."""
    return len(set(new.splitlines()) ^ set(old.splitlines()))


def test_what_did_not_change_keeps_its_ciphertext(machine: Machine) -> None:
    """The same Secret again gives the same bytes; one other value changes its own line."""
    first = machine.seal(b"", secret(user="app", password="hunter2"))
    assert machine.seal(first, secret(user="app", password="hunter2")) == first

    second = machine.seal(first, secret(user="app", password="hunter3"))
    assert changed_lines(first, second) == 2
    assert opened(second) == {"user": b"app", "password": b"hunter3"}


def test_equal_values_never_show(machine: Machine) -> None:
    """Two keys with one value, and a value that comes back, have ciphertexts of their own."""
    first = machine.seal(b"", secret(a="same", b="same"))
    second = machine.seal(first, secret(a="same", b="other"))
    third = machine.seal(second, secret(a="same", b="same"))

    found = [*sealed(first).values(), sealed(second)["b"], sealed(third)["b"]]
    assert len(set(found)) == 4
    assert sealed(third)["a"] == sealed(first)["a"]


def test_another_machine_cannot_know(machine: Machine, tmp_path: Path) -> None:
    """A machine that sealed nothing seals everything anew; with the private key it compares exactly."""
    first = machine.seal(b"", secret(user="app", password="hunter2"))
    other = Machine(tmp_path / "other").seal(first, secret(user="app", password="hunter2"))
    exact = Machine(tmp_path / "third", keys=True).seal(first, secret(user="app", password="hunter3"))

    assert not set(sealed(first).values()) & set(sealed(other).values())
    assert sealed(exact)["user"] == sealed(first)["user"]
    assert opened(exact) == {"user": b"app", "password": b"hunter3"}


def test_moved_ciphertexts_are_not_taken(machine: Machine) -> None:
    """A known ciphertext that somebody put under another key or another object does not count there."""
    first = machine.seal(b"", secret(a="same", b="same"))
    one, two = sealed(first).values()
    swapped = first.replace(one.encode(), b"-").replace(two.encode(), one.encode()).replace(b"-", two.encode(), 1)
    again = machine.seal(b"---" + swapped.removeprefix(two.encode()), secret(a="same", b="same"))

    assert opened(again) == {"a": b"same", "b": b"same"}
    assert not set(sealed(again).values()) & {one, two}


def test_another_key_or_scope_seals_anew(machine: Machine) -> None:
    """Under another sealing key, or with another scope, nothing of the old ciphertext is kept."""
    first = machine.seal(b"", secret(user="app"))
    renewed = machine.seal(first, secret(user="app"), by=pair(1, BEGIN + timedelta(days=30)))
    wider = machine.seal(first, secret(user="app"), scope=Scope.NAMESPACE)

    assert len({sealed(data)["user"] for data in (first, renewed, wider)}) == 3
    assert opened(renewed) == opened(wider) == {"user": b"app"}
    assert read_sealed(wider, "f")[0].scope is Scope.NAMESPACE


def test_comments_and_what_others_added_stay(machine: Machine) -> None:
    """Comments, labels of the SealedSecret itself, its status and templates stay; keys come and go."""
    first = machine.seal(b"", secret(user="app", password="hunter2"), secret("other", x="y"))
    old = first.replace(b"  name: db\n", b"  name: db  # of the shop\n  labels: {team: blue}\n", 1)
    old = old.replace(b"    type: Opaque\n", b'    type: Opaque\n    data: {dsn: "{{ .user }}"}\n', 1)
    new = machine.seal(old, secret(user="app", token="t"), secret("other", x="y"))

    assert changed_lines(old, new) == 2
    assert opened(new) == {"user": b"app", "token": b"t"}
    assert b"# of the shop" in new
    assert read_sealed(new, "f")[0].template["data"] == {"dsn": "{{ .user }}"}


def test_objects_that_stand_beside(machine: Machine) -> None:
    """What else a file holds stays where it can be edited in place; else nothing is written."""
    old = b"kind: ConfigMap\n" + machine.seal(b"", secret(user="app"))
    new = machine.seal(old, secret(user="other"))

    assert new.startswith(b"kind: ConfigMap\n---\n")
    assert opened(new) == {"user": b"other"}
    with pytest.raises(DocumentError, match="holds other objects too"):
        machine.seal(old, secret(user="app"), secret("more", user="app"))


def test_what_is_no_sealed_file_is_replaced(machine: Machine) -> None:
    """A file that held something else, or cannot be read, is written anew."""
    for old in (b"kind: ConfigMap\n", b"a: [", base64.b64decode("AAEC")):
        assert opened(machine.seal(old, secret(user="app"))) == {"user": b"app"}


def test_merged(machine: Machine) -> None:
    """Merged values take the name, the namespace and the scope of the file; a value that is there already stays."""
    first = machine.seal(b"", secret(user="app"), scope=Scope.CLUSTER)
    more = PlainSecret(
        "x", "y", {"user": Plaintext("app"), "token": Plaintext("t")}, labels={"a": "b"}, annotations={"c": "d"}
    )
    second = machine.merge(first, more)
    body: dict[str, Any] = next(iter(yaml.safe_load_all(second)))

    assert opened(second) == {"user": b"app", "token": b"t"}
    assert sealed(second)["user"] == sealed(first)["user"]
    assert body["metadata"]["name"] == "db"
    assert body["spec"]["template"]["metadata"]["labels"] == {"a": "b"}
    assert body["spec"]["template"]["metadata"]["annotations"]["c"] == "d"
    assert machine.merge(second, more) == second


def test_merging_is_refused(machine: Machine) -> None:
    """Another scope, a file with two objects or none, one that cannot be edited: nothing is written."""
    one, two = machine.seal(b"", secret(a="b")), machine.seal(b"", secret(a="b"), secret("other", a="b"))

    with pytest.raises(UsageError, match="is sealed strict"):
        machine.merge(one, secret(c="d"), "cluster-wide")
    with pytest.raises(UsageError, match="holds 2 SealedSecrets"):
        machine.merge(two, secret(c="d"))
    with pytest.raises(UsageError, match="holds 0 SealedSecrets"):
        machine.merge(b"kind: ConfigMap\n", secret(c="d"))
    shared = one.replace(b"    a: ", b"    a: &x ").replace(b"\n  template", b"\n    b: *x\n  template")
    with pytest.raises(DocumentError, match="cannot be edited in place"):
        machine.merge(shared, secret(a="c"))


def test_a_label_that_is_a_value(machine: Machine) -> None:
    """A label is never sealed: one that is a value is refused."""
    with pytest.raises(UsageError, match="the label a of Secret shop/db is one of its values"):
        machine.seal(b"", secret(password="hunter2")._replace(labels={"a": "hunter2"}))


@pytest.mark.parametrize(
    ("found", "scope", "said"),
    [
        (PlainSecret("", "shop", {}), Scope.STRICT, "no name"),
        (PlainSecret("db", "", {}), Scope.STRICT, "no namespace"),
        (PlainSecret("db", "", {}), Scope.NAMESPACE, "no namespace"),
        (PlainSecret("a/b", "shop", {}), Scope.STRICT, "a name that no Secret may have"),
    ],
)
def test_what_a_scope_needs(machine: Machine, found: PlainSecret, scope: Scope, said: str) -> None:
    """Without what a scope binds to, nothing is sealed."""
    with pytest.raises(UsageError, match=said):
        machine.seal(b"", found, scope=scope)
