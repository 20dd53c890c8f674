"""``file get``, ``set``, ``unset`` and ``rotate``, and the real sops on the same files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.cli.file.place import MANIFEST, Place
from tests.cli.file.terminal import Terminal

FILES = {
    "secret.yaml": MANIFEST,
    "list.yaml": "users:\n  - name: a\n    password: one\n  - name: b\n    password: two\n",
    "a.json": '{"a": {"b": "one"}, "c": [1, 2]}\n',
    "a.env": "A=one\nB=two\n",
    "a.ini": "[db]\npassword = one\n",
}
SETS = (
    ("secret.yaml", '["stringData"]["password"]', '"new: #value"'),
    ("secret.yaml", '["stringData"]["more"]', '"two\\nlines"'),
    ("secret.yaml", '["metadata"]["labels"]', '{"a": "b", "c": {"d": [1, "x"]}}'),
    ("list.yaml", '["users"][1]["password"]', '"three"'),
    ("list.yaml", '["users"][2]', '{"name": "c", "password": "x"}'),
    ("list.yaml", '["n"]', "7"),
    ("list.yaml", '["n"]', "true"),
    ("a.json", '["a"]["b"]', '"new"'),
    ("a.json", '["c"][0]', "5"),
    ("a.env", '["A"]', '"new"'),
    ("a.env", '["C"]', '"more"'),
    ("a.ini", '["db"]["password"]', '"new"'),
)


def _pair(place: Place, name: str) -> tuple[str, str]:
    """Return the names of two copies of a file, encrypted: for sops and for ours."""
    place.write(name, FILES[name])
    place.ours("encrypt", "-i", name)
    other = f"other-{name}"
    place.write(other, (place.top / name).read_bytes())
    return other, name


def _plain(place: Place, name: str) -> object:
    data = place.sops("decrypt", name).stdout
    return list(yaml.safe_load_all(data)) if name.endswith(".yaml") else json.loads(data) if "json" in name else data


@pytest.mark.parametrize(("name", "path", "value"), SETS)
def test_set_as_sops(place: Place, name: str, path: str, value: str) -> None:
    """What ours sets is what sops sets, and sops opens it."""
    theirs, ours = _pair(place, name)
    place.sops("set", theirs, path, value)
    place.ours("set", "--value-stdin", ours, path, stdin=value.encode())

    assert _plain(place, ours) == _plain(place, theirs)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("secret.yaml", '["stringData"]["password"]'),
        ("secret.yaml", '["stringData"]'),
        ("list.yaml", '["users"][0]'),
        ("a.json", '["c"][1]'),
        ("a.json", '["a"]'),
        ("a.env", '["A"]'),
        ("a.ini", '["db"]["password"]'),
    ],
)
def test_unset_as_sops(place: Place, name: str, path: str) -> None:
    """What ours removes is what sops removes, and sops opens the rest."""
    theirs, ours = _pair(place, name)
    place.sops("unset", theirs, path)
    place.ours("unset", ours, path)

    assert _plain(place, ours) == _plain(place, theirs)


@pytest.mark.parametrize(
    ("name", "path"),
    [("secret.yaml", '["stringData"]["password"]'), ("list.yaml", '["users"][1]["name"]'), ("a.env", '["B"]')],
)
def test_get_as_sops(place: Place, name: str, path: str) -> None:
    """One value comes as sops extracts it, in both ways of writing where it stands."""
    theirs, ours = _pair(place, name)
    extracted = place.sops("decrypt", "--extract", path, theirs).stdout
    dots = path.replace('"', "").replace("][", ".").strip("[]")

    assert place.ours("get", ours, path).stdout == extracted
    assert place.ours("get", ours, dots).stdout == extracted


def test_only_the_value_changes(place: Place) -> None:
    """Setting one value changes its line, the MAC and the time, and nothing else."""
    _, name = _pair(place, "secret.yaml")
    before = (place.top / name).read_text().splitlines()
    place.ours("set", "--string", "--value-stdin", name, "stringData.password", stdin=b"new")
    after = (place.top / name).read_text().splitlines()
    changed = {new.split(":")[0].strip() for new, old in zip(after, before, strict=True) if new != old}

    assert changed - {"lastmodified"} == {"password", "mac"}


@pytest.mark.parametrize(
    ("words", "stdin", "held"),
    [
        (("--string", "--value-stdin"), b'say "hi" #1', 'say "hi" #1'),
        (("--value-stdin",), b'"json"', "json"),
        (("--value-file", "@value"), b"", "from a file\n"),
    ],
)
def test_where_a_value_comes_from(place: Place, words: tuple[str, ...], stdin: bytes, held: str) -> None:
    """A value comes from standard input or a file, as JSON or as it stands."""
    _, name = _pair(place, "secret.yaml")
    place.write("value", "from a file\n")
    options = [word for word in words if not word.startswith("@")]
    more = [word[1:] for word in words if word.startswith("@")]
    place.ours("set", *options, *(["--string"] if more else []), name, "stringData.password", *more, stdin=stdin)

    assert place.sops("decrypt", "--extract", '["stringData"]["password"]', name).stdout.decode() == held


def test_a_value_that_is_asked_for(place: Place) -> None:
    """Without a value, a person types it, unseen."""
    _, name = _pair(place, "secret.yaml")
    command = place.command("set", name, "stringData.password")
    terminal = Terminal(command, place.top, place.environment)
    terminal.wait_for(r"^the new value of stringData.password: ")
    terminal.type("Zq7-typed unseen\n")

    assert terminal.end() == 0
    assert "Zq7" not in terminal.shown
    assert place.ours("get", name, "stringData.password").stdout == b"Zq7-typed unseen"


def test_a_value_on_the_command_line_is_warned_of(place: Place) -> None:
    """A value on the command line is taken, as sops does, and warned of without repeating it."""
    _, name = _pair(place, "secret.yaml")
    done = place.ours("set", name, '["stringData"]["password"]', '"Zq7-seen"')

    assert b"seen by others" in done.stderr
    assert b"Zq7" not in done.stderr


def test_bad_values_are_not_repeated(place: Place) -> None:
    """What is no JSON, or stands nowhere, is refused without any value in the error."""
    _, name = _pair(place, "secret.yaml")
    path = place.top / name
    before = path.read_bytes()
    for words, stdin in (
        (("set", "--value-stdin", name, "stringData.password"), b"Zq7 no json"),
        (("set", "--value-stdin", name, '["stringData"'), b"1"),
        (("set", "--value-stdin", "--value-file", name, "a", "b"), b"1"),
        (("get", name, "stringData.nothing"), b""),
        (("unset", name, "stringData.nothing"), b""),
        (("unset", name, "kind.x"), b""),
        (("get", name, "stringData.0"), b""),
    ):
        done = place.ours(*words, stdin=stdin, code=2)
        assert b"Zq7" not in done.stderr, words
        assert done.stdout == b""
    assert path.read_bytes() == before


def test_idempotent(place: Place) -> None:
    """What stands there already, and what is gone already, changes nothing."""
    _, name = _pair(place, "secret.yaml")
    path = place.top / name
    before = path.read_bytes()
    place.ours("set", "--idempotent", "--value-stdin", name, "stringData.user", stdin=b'"shop"')
    place.ours("unset", "--idempotent", name, "stringData.nothing")

    assert path.read_bytes() == before
    place.ours("set", "--idempotent", "--value-stdin", name, "stringData.user", stdin=b'"other"')
    assert path.read_bytes() != before


def _recipients(path: Path) -> list[str]:
    return [key["recipient"] for key in yaml.safe_load(path.read_text())["sops"]["age"]]


def test_rotate(place: Place) -> None:
    """Under a new data key every value is encrypted anew, for keys that come and without those that go; sops opens it."""
    _, name = _pair(place, "secret.yaml")
    path = place.top / name
    before = path.read_text()
    place.ours("rotate", "-i", "--add-age", place.recipients[1], name)
    after = path.read_text()

    assert _recipients(path) == place.recipients[:2]
    old = {line for line in before.splitlines() if "ENC[" in line}
    assert not old & set(after.splitlines())
    assert "# in every cluster" not in after or "# in every cluster" in before
    place.keys.write_text(place.identities[1] + "\n")
    assert place.sops("decrypt", name).stdout == place.sops("decrypt", name).stdout
    place.ours("rotate", "-i", "--rm-age", place.recipients[0], name)
    assert _recipients(path) == [place.recipients[1]]
    assert yaml.safe_load(place.sops("decrypt", name).stdout) == yaml.safe_load(MANIFEST)
    assert place.ours("decrypt", name).stdout.decode() == MANIFEST


def test_sops_rotates_ours_and_ours_sops(place: Place) -> None:
    """Each rotates what the other wrote."""
    theirs, ours = _pair(place, "secret.yaml")
    place.sops("rotate", "-i", ours)
    place.ours("rotate", "-i", ours)
    place.sops("rotate", "-i", "--add-age", place.recipients[2], ours)

    assert _plain(place, ours) == _plain(place, theirs)


def test_rotations_that_would_lock_out(place: Place) -> None:
    """Nobody is left who can open it, or a key that goes is not there: refused, and the file stays."""
    _, name = _pair(place, "secret.yaml")
    path = place.top / name
    before = path.read_bytes()

    assert b"nobody would be left" in place.ours("rotate", "-i", "--rm-age", place.recipients[0], name, code=2).stderr
    assert b"not among" in place.ours("rotate", "-i", "--rm-age", place.recipients[1], name, code=2).stderr
    assert b"age" in place.ours("rotate", "-i", "--add-age", "age1nonsense", name, code=2).stderr
    assert path.read_bytes() == before


def test_rotate_to_standard_output(place: Place) -> None:
    """Without ``-i`` the rotated file is printed, encrypted, and the file stays."""
    _, name = _pair(place, "secret.yaml")
    before = (place.top / name).read_bytes()
    sealed = place.ours("rotate", name).stdout

    assert b"Zq7" not in sealed
    assert (place.top / name).read_bytes() == before
    place.write("rotated.yaml", sealed)
    assert _plain(place, "rotated.yaml") == _plain(place, name)


def test_a_tree(place: Place) -> None:
    """With ``-r`` a tree is encrypted and rotated, after a plan was shown; other options do not go with it."""
    for name in ("a/secret.yaml", "b/secret.yaml"):
        place.write(name, MANIFEST)
    assert b"a/secret.yaml" in place.ours("encrypt", "-r", "--dry-run", ".").stdout
    assert (place.top / "a/secret.yaml").read_text() == MANIFEST
    place.ours("encrypt", "-r", "--yes", ".")
    before = (place.top / "a/secret.yaml").read_bytes()
    place.ours("rotate", "-r", "--yes", "a", "b")

    assert (place.top / "a/secret.yaml").read_bytes() != before
    assert yaml.safe_load(place.sops("decrypt", "b/secret.yaml").stdout) == yaml.safe_load(MANIFEST)
    assert b"not with -r" in place.ours("encrypt", "-r", "-i", ".", code=2).stderr
    assert b"only with -r" in place.ours("rotate", "--yes", "a/secret.yaml", code=2).stderr
    assert b"-r takes several" in place.ours("rotate", "a", "b", code=2).stderr


def test_a_change_in_the_meantime_is_not_overwritten(place: Place) -> None:
    """While the value is waited for, somebody else may write the file: then nothing is written over it."""
    place.write("a.env", "A=one\nB=two\n")
    place.ours("encrypt", "-i", "a.env")
    ours, other = place.command("set", "--string", "a.env", "A"), place.command("set", "--string", "a.env", "B", "new")
    terminal = Terminal(ours, place.top, place.environment)
    terminal.wait_for("the new value of A")
    place.run(*other)
    terminal.type("mine\n")
    assert terminal.end() == 2
    assert "was changed by somebody else in the meantime" in terminal.shown
    assert place.ours("decrypt", "a.env").stdout == b"A=one\nB=new\n"
