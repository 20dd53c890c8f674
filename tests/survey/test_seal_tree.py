"""What is known of sealed values: with keys, without keys, from Git."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sealing_keys import BEGIN, Pair, pair

from strongroom.files.sealed import private_keys
from strongroom.files.sealed.emit import as_yaml
from strongroom.files.sealed.private_keys import SealingKey
from strongroom.files.sealed.scope import Scope
from strongroom.files.sealed.sealed import read_sealed
from strongroom.files.sealed.sealing import sealed_body
from strongroom.files.sealed.secrets import PlainSecret
from strongroom.model.plaintext import Plaintext
from strongroom.survey.seal_tree import Made, Newest, SealedFile, ValueStatus, changes, sealed_files, statuses

OLD, NEW = pair(0), pair(1, BEGIN + timedelta(days=30))
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
NEWEST = Newest(NEW.fingerprint, NEW.since)


@cache
def keys(*pairs: Pair) -> dict[str, SealingKey]:
    """Exported keys."""
    return private_keys.together([private_keys.read(Plaintext(one.private), "k") for one in pairs])


def text(by: Pair, scope: Scope = Scope.STRICT, name: str = "db") -> str:
    """A SealedSecret with one value."""
    secret = PlainSecret(name, "shop", {"password": Plaintext("hunter2")})
    return as_yaml(sealed_body(secret, by.key.public_key(), scope))


def known(path: Path, found: dict[str, SealingKey], newest: Newest | None, *, dates: bool = False) -> list[ValueStatus]:
    """What is known of the values of a file."""
    (file,) = sealed_files([(path.name, path)])
    return [value for one in statuses(file, found, newest, dates=dates) for value in one.values]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a file with a value under the old key, and one under the new."""
    path = tmp_path / "sealed.yaml"
    path.write_text(text(OLD) + text(NEW, name="other"))
    return path


def test_with_keys(file: Path) -> None:
    """With exported keys each value is known by the key that made it; no value is shown."""
    found = known(file, keys(OLD, NEW), NEWEST)

    assert [one.made for one in found] == [Made.OLDER, Made.NEWEST]
    assert [one.fingerprint for one in found] == [OLD.fingerprint, NEW.fingerprint]
    assert [(one.size, one.key_bits) for one in found] == [(7, 2048), (7, 2048)]
    assert [file.read_text().splitlines()[one.line - 1].split(":")[0].strip() for one in found] == ["password"] * 2
    assert "hunter2" not in repr(found)


def test_with_a_part_of_the_keys(file: Path) -> None:
    """A value that none of the keys opens is told apart; without the newest nobody says which is older."""
    found = known(file, keys(OLD), None)

    assert [one.made for one in found] == [Made.OPENED, Made.NOT_OPENED]


def test_without_keys(file: Path) -> None:
    """Without keys nothing is claimed about the key."""
    assert {one.made for one in known(file, {}, NEWEST)} == {Made.UNKNOWN}


def test_damaged(tmp_path: Path) -> None:
    """What is cut off, is no base64 or is no text is said to be damaged; the others are still looked at."""
    path = tmp_path / "s.yaml"
    whole = text(OLD)
    value = whole.split("password: ")[1].split("\n")[0]
    lines = f"password: {value}\n    cut: {value[:40]}\n    bad: '!!'\n    none: 7"
    path.write_text(whole.replace(f"password: {value}", lines))

    assert [one.made for one in known(path, keys(OLD), None)] == [Made.OPENED, *[Made.DAMAGED] * 3]


def test_dates_of_git(tmp_path: Path, file: Path) -> None:
    """Git says since when each line is as it is; what was committed before the newest key cannot be under it."""

    def git(*words: str, day: datetime) -> None:
        when = day.isoformat()
        environment = {**os.environ, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when, "HOME": str(tmp_path)}
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)

    early, late = NEW.since - timedelta(days=10), NEW.since + timedelta(days=10)
    git("init", "-q", day=early)
    git("add", ".", day=early)
    git("commit", "-qm", "one", day=early)
    first, second = file.read_text().split("---\n")[1:]
    file.write_text(f"---\n{first}---\n{text(NEW, name='other').removeprefix('---' + chr(10))}")
    git("commit", "-qam", "two", day=late)
    file.write_text(file.read_text() + text(OLD, name="third"))
    found = known(file, {}, NEWEST, dates=True)

    assert second not in file.read_text()
    assert [one.since for one in found] == [early, late, None]
    assert [one.made for one in found] == [Made.OLDER, Made.UNKNOWN, Made.UNKNOWN]
    assert "committed before 2026-01-31" in found[0].note
    assert changes(tmp_path / "sealed.yaml")[1] == early.astimezone(UTC)


def test_outside_of_git(file: Path) -> None:
    """A file that no repository holds has no dates."""
    assert changes(file) == {}


def test_problems(tmp_path: Path) -> None:
    """What is wrong with an object itself is said: bindings that are missing, plain text beside the seal, scopes."""
    path = tmp_path / "s.yaml"
    path.write_text(
        "kind: SealedSecret\napiVersion: bitnami.com/v1alpha1\nmetadata: {annotations: {}}\n"
        "spec:\n  template:\n    metadata:\n      annotations:\n"
        "        kubectl.kubernetes.io/last-applied-configuration: '{}'\n"
        '        sealedsecrets.bitnami.com/cluster-wide: "true"\n'
    )
    (found,) = statuses(next(sealed_files([("s", path)])), {}, None, dates=False)

    assert [problem.split(":")[0] for problem in found.problems] == [
        "it has no name, and its values are bound to one",
        "it names no namespace, and its values are bound to one",
        f"its template holds the annotation {LAST_APPLIED}, in which values may stand in plain text",
        "the scope of its template is another one",
        "it has no sealed values",
    ]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Templates, broken files and files without rights are named; files that hold no SealedSecret are passed over."""
    (tmp_path / "a.yaml").write_text("kind: SealedSecret\nname: {{ .Release.Name }}\n")
    (tmp_path / "b.yaml").write_text("kind: SealedSecret\n  x: [\n")
    (tmp_path / "c.yaml").write_text("kind: ConfigMap\n")
    (tmp_path / "d.yaml").write_text("# SealedSecret\nkind: ConfigMap\n")
    paths = [(path.name, path) for path in sorted(tmp_path.iterdir())]
    found = [*sealed_files([*paths, ("gone", tmp_path / "gone")])]

    assert found[0].problem == "a template"
    assert [one.shown for one in found] == ["a.yaml", "b.yaml", "gone"]
    assert all(one.problem for one in found)


@given(st.text(max_size=60), st.text(max_size=30))
def test_any_value_has_a_status(value: str, key: str) -> None:
    """Hostile objects get a status and stop nothing."""
    body = {"kind": "SealedSecret", "apiVersion": "bitnami.com/v1alpha1", "spec": {"encryptedData": {key: value}}}
    data = as_yaml(body).encode()
    objects = read_sealed(data, "f")
    (found,) = statuses(SealedFile("f", Path("/nowhere/f"), data, objects), keys(OLD), NEWEST, dates=False)

    assert [one.made for one in found.values] == [Made.DAMAGED]
