"""Where identities are looked for, in which order, and what is said of a broken one."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.keys.contexts import DATA_KEY, NOW, Person, context

from strongroom.errors import KeyUseError
from strongroom.keys import age
from strongroom.keys.age_identities import MAX_BYTES, find, keys_file
from strongroom.keys.key import Wrapped
from strongroom.model.plaintext import Plaintext


@pytest.fixture
def pair() -> tuple[str, Wrapped]:
    """An identity, and a data key wrapped for it."""
    identity, recipient = age.generate()
    return identity.reveal().decode(), age.wrap(DATA_KEY, age.parse(recipient)[0], context({}))


def _other() -> str:
    return age.generate()[0].reveal().decode()


def test_every_place_is_read(pair: tuple[str, Wrapped], tmp_path: Path) -> None:
    """The identity opens the file from each place, also where the others hold another one."""
    identity, wrapped = pair
    config, home, file = tmp_path / "config", tmp_path / "home", tmp_path / "file"
    for path in (config / "sops/age/keys.txt", home / ".config/sops/age/keys.txt", file):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# mine\n\n{identity}\n")
    (tmp_path / "other").write_text(_other())
    for environment in (
        {"SOPS_AGE_KEY": identity},
        {"SOPS_AGE_KEY": f"{_other()}\n{identity}", "SOPS_AGE_KEY_FILE": str(tmp_path / "other")},
        {"SOPS_AGE_KEY_FILE": str(file), "SOPS_AGE_KEY": _other()},
        {"SOPS_AGE_KEY_CMD": f"cat {file}", "SOPS_AGE_KEY": _other(), "PATH": "/usr/bin:/bin"},
        {"XDG_CONFIG_HOME": str(config), "HOME": str(tmp_path)},
        {"HOME": str(home)},
        {"SOPS_AGE_KEY": identity + "\r\n"},
        {"SOPS_AGE_KEY": f"{_other()} {identity}"},
    ):
        assert age.unwrap(wrapped, context(environment)) == DATA_KEY


def test_a_broken_place_does_not_hide_a_good_one(pair: tuple[str, Wrapped], tmp_path: Path) -> None:
    """What cannot be read matters only where nothing else opens the file, and then it is named."""
    identity, wrapped = pair
    broken = {"SOPS_AGE_KEY_FILE": str(tmp_path / "missing"), "SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(tmp_path)}
    assert age.unwrap(wrapped, context({**broken, "SOPS_AGE_KEY": identity})) == DATA_KEY
    with pytest.raises(KeyUseError) as caught:
        age.unwrap(wrapped, context({**broken, "SOPS_AGE_KEY": _other()}))
    assert "missing could not be read: No such file or directory" in caught.value.message
    assert f"{tmp_path} could not be read: Is a directory" in caught.value.message


@pytest.mark.parametrize("line", ["AGE-SECRET-KEY-1QQQQ", "AGE-PLUGIN-NONSENSE", "hunter2", "age1notanidentity"])
def test_a_line_that_is_no_identity_is_named_and_not_shown(
    pair: tuple[str, Wrapped], tmp_path: Path, line: str
) -> None:
    """The error says which line of which file; the line may hold a key with a typing mistake."""
    path = tmp_path / "keys.txt"
    path.write_text(f"# first\n{_other()}\n{line}\n")
    with pytest.raises(KeyUseError) as caught:
        age.unwrap(pair[1], context({"SOPS_AGE_KEY_FILE": str(path)}))
    assert f"line 3 of {path}" in caught.value.message
    assert line not in caught.value.message


def test_a_command_runs_once_and_not_in_vain(pair: tuple[str, Wrapped], tmp_path: Path) -> None:
    """It runs only where what just lies there does not open the file, and then once for all files."""
    identity, wrapped = pair
    (tmp_path / "key").write_text(identity)
    (tmp_path / "command").write_text(f"#!/bin/sh\necho x >> {tmp_path}/runs\ncat {tmp_path}/key\n")
    (tmp_path / "command").chmod(0o755)
    command = {"SOPS_AGE_KEY_CMD": f"'{tmp_path}/command' with words # a comment", "PATH": "/usr/bin:/bin"}
    assert age.unwrap(wrapped, context({**command, "SOPS_AGE_KEY": identity})) == DATA_KEY
    assert not (tmp_path / "runs").exists()
    holder = context(command)
    for _ in range(3):
        assert age.unwrap(wrapped, holder) == DATA_KEY
    assert (tmp_path / "runs").read_text() == "x\n"


def test_a_command_is_told_the_recipient(pair: tuple[str, Wrapped], tmp_path: Path) -> None:
    """As SOPS tells it, it can print the identity of a recipient; a name that a shell would run is not told."""
    identity, wrapped = pair
    (tmp_path / "key").write_text(identity)
    script = f'[ "$SOPS_AGE_RECIPIENT" = {wrapped.key.name} ] && cat {tmp_path}/key'
    (tmp_path / "command").write_text(f'#!/bin/sh\necho "$SOPS_AGE_RECIPIENT" >> {tmp_path}/seen\n{script}\n')
    (tmp_path / "command").chmod(0o755)
    holder = context({"SOPS_AGE_KEY_CMD": str(tmp_path / "command"), "PATH": "/usr/bin:/bin"})
    foreign = age.wrap(DATA_KEY, age.parse(age.generate()[1])[0], holder)
    strange = [foreign._replace(key=foreign.key._replace(name=name)) for name in ("$(touch made)", "a\0b", "a\nb")]
    for other in (foreign, *strange):
        with pytest.raises(KeyUseError):
            age.unwrap(other, holder)
    for _ in range(2):
        assert age.unwrap(wrapped, holder) == DATA_KEY
    assert (tmp_path / "seen").read_text() == f"{foreign.key.name}\n\n{wrapped.key.name}\n"
    assert age.unwrap(wrapped._replace(key=foreign.key._replace(name="another")), holder) == DATA_KEY
    assert (tmp_path / "seen").read_text().count("\n") == 3


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "is no command"),
        ("cat 'unbalanced", "is no command"),
        ("/nonexistent/program", "could not be run: No such file"),
        ("sh -c 'echo hunter2; echo hunter2 >&2; exit 3'", "failed with exit code 3"),
        ("echo hunter2", "line 1 of the output of SOPS_AGE_KEY_CMD is no age identity"),
    ],
)
def test_a_command_that_fails(pair: tuple[str, Wrapped], command: str, message: str) -> None:
    """The error says how it failed, and not what it printed."""
    with pytest.raises(KeyUseError) as caught:
        age.unwrap(pair[1], context({"SOPS_AGE_KEY_CMD": command, "PATH": "/usr/bin:/bin"}))
    assert message in caught.value.message
    assert "hunter2" not in caught.value.message


def test_no_shell_runs_a_command(pair: tuple[str, Wrapped], tmp_path: Path) -> None:
    """What a shell would understand is an ordinary word."""
    with pytest.raises(KeyUseError):
        age.unwrap(pair[1], context({"SOPS_AGE_KEY_CMD": f"echo ; touch {tmp_path}/made", "PATH": "/usr/bin:/bin"}))
    assert not (tmp_path / "made").exists()


def test_a_key_file_is_asked_for_last(pair: tuple[str, Wrapped]) -> None:
    """A file with a passphrase is not opened where another identity is enough, and a quiet context opens none."""
    identity, wrapped = pair
    person = Person("secret")
    other, recipient = age.generate()
    protected = age.identity_file(other, recipient, NOW, Plaintext("secret")).reveal().decode()
    both = context({"SOPS_AGE_KEY": protected, "SOPS_AGE_KEY_CMD": f"echo {identity}", "PATH": "/usr/bin:/bin"}, person)
    with pytest.raises(KeyUseError):
        age.unwrap(wrapped, both._replace(quiet=True))
    assert person.asked == []
    assert age.unwrap(wrapped, both) == DATA_KEY


def test_a_file_that_is_far_too_long(pair: tuple[str, Wrapped], tmp_path: Path) -> None:
    """A file that cannot be an identity is not read to its end."""
    path = tmp_path / "keys.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(KeyUseError, match="too long for an identity"):
        age.unwrap(pair[1], context({"SOPS_AGE_KEY_FILE": str(path)}))


def test_identities_are_found_once(pair: tuple[str, Wrapped], tmp_path: Path) -> None:
    """A context that keeps what it found does not read again; one that keeps nothing does."""
    path = tmp_path / "keys.txt"
    path.write_text(pair[0])
    keeping = context({"SOPS_AGE_KEY_FILE": str(path)})
    forgetting = keeping._replace(kept=None)
    for somebody in (keeping, forgetting):
        assert len(find(somebody).ready) == 1
    path.write_text("")
    assert len(find(keeping).ready) == 1
    assert find(forgetting).ready == ()


def test_threads_ask_once(tmp_path: Path) -> None:
    """Files that are opened at once by several threads ask once for a passphrase."""
    words = ("ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", "secret", "-f", str(tmp_path / "key"))
    subprocess.run(words, check=True)
    person = Person("secret")
    holder = context({"SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(tmp_path / "key")}, person)
    wrapped = age.wrap(DATA_KEY, age.parse((tmp_path / "key.pub").read_text())[0], holder)
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: age.unwrap(wrapped, holder), range(16)))
    assert opened == [DATA_KEY] * 16
    assert len(person.asked) == 1


def test_the_place_of_the_key_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CONFIG_HOME counts on both systems; without it each has its own folder, and without a home there is none."""
    home = {"HOME": "/home/ann"}
    for system, folder in (("linux", "/home/ann/.config"), ("darwin", "/home/ann/Library/Application Support")):
        monkeypatch.setattr("sys.platform", system)
        assert str(keys_file(home)) == f"{folder}/sops/age/keys.txt"
        assert str(keys_file({**home, "XDG_CONFIG_HOME": "/config"})) == "/config/sops/age/keys.txt"
    assert keys_file({}) is None
