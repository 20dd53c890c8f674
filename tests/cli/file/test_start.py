"""``file keygen`` and ``file init``: from nothing to a first encrypted Secret."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.cli.file.place import Place
from tests.cli.file.terminal import Terminal


def test_a_key(place: Place) -> None:
    """A key is written for its owner alone, its recipient printed and nothing else; it is never replaced."""
    place.keys.unlink()
    recipient = place.ours("keygen").stdout.decode()
    text = place.keys.read_text()

    assert recipient.startswith("age1")
    assert stat.S_IMODE(place.keys.stat().st_mode) == 0o600
    assert (
        subprocess.run(["age-keygen", "-y", place.keys], capture_output=True, text=True, check=True).stdout == recipient
    )
    assert b"there already" in place.ours("keygen", code=2).stderr
    assert place.keys.read_text() == text
    place.ours("keygen", "--output", "other/key")
    assert (place.top / "other/key").exists()


def test_no_link_is_followed(place: Place) -> None:
    """A key is not written where a link leads, even to nothing."""
    (place.top / "key").symlink_to(place.top / "elsewhere")
    place.ours("keygen", "--output", "key", code=2)

    assert not (place.top / "elsewhere").exists()


def test_a_key_with_a_passphrase(place: Place) -> None:
    """A passphrase is asked for twice and unseen, and protects the file; two that differ make no key."""
    words = place.command("keygen", "--passphrase", "--output", "key")
    terminal = Terminal(words, place.top, place.environment)
    for text in ("Zq7 one\n", "Zq7 two\n"):
        terminal.wait_for("passphrase of .*: ")
        terminal.type(text)
    assert terminal.end() == 2
    assert not (place.top / "key").exists()

    terminal = Terminal(words, place.top, place.environment)
    for _ in range(2):
        terminal.wait_for("passphrase of .*: ")
        terminal.type("Zq7 one\n")
    assert terminal.end() == 0
    assert "Zq7" not in terminal.shown
    recipient = next(word for word in terminal.shown.split() if word.startswith("age1"))
    assert (place.top / "key").read_text().startswith("-----BEGIN AGE ENCRYPTED FILE-----")

    place.write("a.env", "A=one\n")
    place.ours("encrypt", "-i", "--age", recipient, "a.env")
    reading = Terminal(
        place.command("decrypt", "a.env"), place.top, place.environment | {"SOPS_AGE_KEY_FILE": str(place.top / "key")}
    )
    reading.wait_for("passphrase of .*: ")
    reading.type("Zq7 one\n")
    assert reading.end() == 0
    assert "A=one" in reading.shown


def _empty(place: Place) -> None:
    place.keys.unlink()
    (place.top / ".sops.yaml").unlink()


def test_from_nothing(place: Place) -> None:
    """One command makes key, rules, hook and a Secret, which sops opens and our own check lets be committed."""
    _empty(place)
    place.run("git", "init", "-q", ".")
    place.ours("init", "--yes", "secret.yaml")
    secret = yaml.safe_load(place.sops("decrypt", "secret.yaml").stdout)

    assert secret["kind"] == "Secret"
    assert len(secret["stringData"]["password"]) >= 32
    assert "kind: Secret\n" in (place.top / "secret.yaml").read_text()
    assert (place.top / ".git/hooks/pre-commit").exists()
    place.run("git", "add", ".")
    place.run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "first")
    assert secret["stringData"]["password"] != yaml.safe_load(_again(place))["stringData"]["password"]


def _again(place: Place) -> bytes:
    place.ours("init", "--yes", "--name", "second", "below/second.yaml")
    return place.sops("decrypt", "below/second.yaml").stdout


def test_what_is_there_is_kept(place: Place) -> None:
    """A second run changes nothing, and an existing key, rule or file is used as it is."""
    (place.top / ".sops.yaml").unlink()
    place.ours("init", "--yes", "--no-hooks")
    before = {path: path.read_bytes() for path in place.top.iterdir() if path.is_file()}

    assert place.recipients[0] in before[place.top / ".sops.yaml"].decode()
    assert b"nothing to do" in place.ours("init", "--yes", "--no-hooks").stdout
    assert {path: path.read_bytes() for path in place.top.iterdir() if path.is_file()} == before


def test_rules_above_hold(place: Place) -> None:
    """In a folder below one with rules, those hold, and no others are made."""
    (place.top / "below").mkdir()
    place.ours("init", "--yes", "--no-hooks", folder="below")

    assert [path.name for path in (place.top / "below").iterdir()] == ["secret.yaml"]
    assert place.recipients[0] in (place.top / "below/secret.yaml").read_text()


def test_only_shown(place: Place) -> None:
    """``--dry-run`` does nothing, and without ``--yes`` and a person nothing is done."""
    _empty(place)
    said = place.ours("init", "--dry-run").stdout.decode()

    assert said.count("would ") == 3
    assert b"--yes" in place.ours("init", code=2).stderr
    assert list(place.top.iterdir()) == []
    assert not place.keys.exists()


def test_for_others(place: Place) -> None:
    """Recipients that are named need no key here; every kind of file has its rule."""
    _empty(place)
    place.ours("init", "--yes", "--no-hooks", "--age", ",".join(place.recipients[:2]), "--age", place.recipients[2])
    assert not place.keys.exists()
    place.keys.write_text(place.identities[1] + "\n")

    assert b"kind: Secret" in place.sops("decrypt", "secret.yaml").stdout
    for name, text in (("a.env", "A=1\n"), ("x.enc.yaml", "a: b\n"), ("k.bin", "\0")):
        place.write(name, text)
        place.ours("encrypt", "-i", name)
        assert place.sops("decrypt", name).stdout.decode() == text
    place.write("values.yaml", "a: b\n")
    place.ours("encrypt", "-i", "values.yaml", code=2)


def test_names_are_checked(place: Place) -> None:
    """What cannot be the name of a Secret or of a manifest is refused before anything is made."""
    _empty(place)
    place.ours("init", "--yes", "--name", "Not valid", code=2)
    place.ours("init", "--yes", "secret.txt", code=2)

    assert list(Path(place.top).iterdir()) == []


@pytest.mark.parametrize("name", ["123", "true", "1e3", "db.internal"])
def test_a_name_is_a_text(place: Place, name: str) -> None:
    """The name of the Secret is a text for YAML, also where it looks like something else."""
    place.ours("init", "--yes", "--no-hooks", "--name", name)
    assert yaml.safe_load(place.ours("decrypt", "secret.yaml").stdout)["metadata"]["name"] == name
