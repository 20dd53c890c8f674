"""Plugins of age: a small one that speaks the published protocol, with our library and with the real programs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.keys import plugin
from tests.keys.contexts import DATA_KEY, Person, context
from tests.keys.test_interop import VALUE, Files, metadata_of, value_of, with_keys

from strongroom.errors import KeyUseError
from strongroom.files.sops import data_key
from strongroom.keys import age


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path with the plugin on it; the age library looks at the process's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    plugin.install(folder)
    path = f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin"
    monkeypatch.setenv("PATH", path)
    return path


@pytest.mark.usefixtures("on_path")
def test_a_plugin_wraps_and_unwraps() -> None:
    """The plugin's message is shown, its question is asked once, and the data key comes back."""
    identity, recipient = plugin.new_key()
    person = Person(plugin.PIN)
    somebody = context({"SOPS_AGE_KEY": identity}, person)
    wrapped = age.wrap(DATA_KEY, age.parse(recipient)[0], somebody)
    assert age.unwrap(wrapped, somebody) == DATA_KEY
    assert person.told == ["age-plugin-tiny: touch the tiny key"]
    assert len(person.asked) == 1
    assert "PIN of the tiny key" in person.asked[0]


@pytest.mark.usefixtures("on_path")
def test_a_plugin_is_not_asked_where_another_identity_opens_it() -> None:
    """Among several keys the one that just lies there is taken, whatever their order in the file."""
    identity, recipient = plugin.new_key()
    plain, plain_recipient = age.generate()
    person = Person(plugin.PIN)
    somebody = context({"SOPS_AGE_KEY": f"{identity}\n{plain.reveal().decode()}"}, person)
    keys = age.parse(f"{recipient},{plain_recipient}")
    groups = data_key.wrap(DATA_KEY, [keys], 0, somebody)
    metadata = metadata_of({"sops": {"age": [age.to_entry(wrapped) for wrapped in groups[0]]}})
    assert data_key.unwrap(metadata, somebody) == DATA_KEY
    assert person.asked == person.told == []


@pytest.mark.usefixtures("on_path")
def test_nobody_answers_a_plugin() -> None:
    """Without a person a plugin that asks ends in an error."""
    identity, recipient = plugin.new_key()
    somebody = context({"SOPS_AGE_KEY": identity})
    wrapped = age.wrap(DATA_KEY, age.parse(recipient)[0], somebody)
    with pytest.raises(KeyUseError) as caught:
        age.unwrap(wrapped, somebody)
    assert "no terminal" in caught.value.message


@pytest.mark.usefixtures("on_path")
def test_a_wrong_pin() -> None:
    """What the plugin refuses is an error without PIN or identity; the plugin's own words go to the person alone."""
    identity, recipient = plugin.new_key()
    person = Person("9876")
    somebody = context({"SOPS_AGE_KEY": identity}, person)
    wrapped = age.wrap(DATA_KEY, age.parse(recipient)[0], somebody)
    with pytest.raises(KeyUseError) as caught:
        age.unwrap(wrapped, somebody)
    assert "refused" in caught.value.message
    assert "wrong PIN" in person.told[-1]
    assert "wrong PIN" not in caught.value.message
    assert "9876" not in caught.value.message
    assert identity not in caught.value.message


def test_a_plugin_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error names the program that is missing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    identity, recipient = plugin.new_key()
    with pytest.raises(KeyUseError) as caught:
        age.wrap(DATA_KEY, age.parse(recipient)[0], context({}))
    assert "age-plugin-tiny" in caught.value.message + caught.value.hint
    wrapped = age.wrap(DATA_KEY, age.parse(age.generate()[1])[0], context({}))
    with pytest.raises(KeyUseError, match="age-plugin-tiny"):
        age.unwrap(wrapped, context({"SOPS_AGE_KEY": identity}))


def test_what_a_plugin_wraps_age_opens_and_the_other_way_round(on_path: str, tmp_path: Path) -> None:
    """The real age and the same plugin agree with us; it asks for no PIN to encrypt."""
    identity, recipient = plugin.new_key()
    done = subprocess.run(
        ("age", "-a", "-r", recipient),
        input=DATA_KEY.reveal(),
        capture_output=True,
        env={"PATH": on_path},
        timeout=30,
        check=True,
    )
    somebody = context({"SOPS_AGE_KEY": identity}, Person(plugin.PIN))
    wrapped = age.wrap(DATA_KEY, age.parse(recipient)[0], somebody)
    assert age.unwrap(wrapped._replace(enc=done.stdout.decode()), somebody) == DATA_KEY


def test_sops_wraps_with_the_plugin(on_path: str, tmp_path: Path) -> None:
    """A file that the real SOPS encrypts for a plugin's recipient opens here, and an added key opens it there."""
    identity, recipient = plugin.new_key()
    plain, plain_recipient = age.generate()
    files = Files(tmp_path, {"PATH": on_path, "SOPS_AGE_KEY": plain.reveal().decode()})
    document = files.encrypted("--age", recipient)
    metadata = metadata_of(document)
    somebody = context({"SOPS_AGE_KEY": identity}, Person(plugin.PIN))
    key = data_key.unwrap(metadata, somebody)
    assert value_of(document, key) == VALUE
    masters = [*(wrapped.key for wrapped in metadata.groups[0]), *age.parse(plain_recipient)]
    groups = data_key.wrap(key, [masters], 0, somebody, metadata.groups)
    assert groups[0][0] == metadata.groups[0][0]
    assert files.opened(with_keys(document, groups)) == VALUE
