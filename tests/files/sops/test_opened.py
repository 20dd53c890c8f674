"""Encrypted files opened: what was changed is refused, and nothing of it is given out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.files.sops import made
from tests.support import sops

from strongroom.errors import DocumentError, StrongroomError, TamperedError
from strongroom.files.sops.formats import FORMATS, format_of
from strongroom.files.sops.opened import open_file, read_metadata
from strongroom.files.sops.selection import Selection

SECRET = b"""# about the database
apiVersion: v1
kind: Secret
metadata:
  name: db
data:
  user: YWRtaW4=
  password: aHVudGVyMg==
  list: [a, b]
"""


def _line(data: bytes, key: bytes) -> bytes:
    found = re.search(rb"^ *%b:.*\n" % key, data, re.MULTILINE)
    assert found is not None
    return found[0]


def test_a_file_opens() -> None:
    """What is decrypted is what was encrypted, byte for byte."""
    assert made.decrypted(made.encrypted(SECRET, "yaml"), "yaml") == SECRET


def test_a_file_of_sops_opens() -> None:
    """The values are those that sops encrypted."""
    found = made.opened(sops.encrypt(SECRET, "yaml"), "yaml")
    values = {
        leaf.address: scalar.data.reveal() for leaf, scalar in zip(found.encrypted.leaves, found.scalars, strict=True)
    }

    assert values["data", "password"] == b"aHVudGVyMg=="
    assert values["data", "list", 1] == b"b"


def _changes(data: bytes) -> dict[str, bytes]:
    user, password = _line(data, b"user"), _line(data, b"password")
    name, mac, modified = _line(data, b"name"), _line(data, b"mac"), _line(data, b"lastmodified")
    other = made.encrypted(SECRET.replace(b"aHVudGVyMg==", b"b3RoZXI="), "yaml", made.SECRETS)
    return {
        "a value": data.replace(
            password, re.sub(rb"(?<=data:).", lambda at: b"B" if at[0] == b"A" else b"A", password)
        ),
        "an envelope of another file": data.replace(password, _line(other, b"password")),
        "a value in the clear": data.replace(b"name: db", b"name: dc"),
        "a value moved to another key": data.replace(user.split(b": ")[1], password.split(b": ")[1]),
        "keys swapped": data.replace(b"user:", b"USER:")
        .replace(b"password:", b"user:")
        .replace(b"USER:", b"password:"),
        "a line taken out": data.replace(user, b""),
        "a line in the clear taken out": data.replace(name, b""),
        "a line added": data.replace(name, name + b"  label: x\n"),
        "a line twice": data.replace(user, user + user.replace(b"user", b"user2")),
        "decrypted in place": data.replace(password, b"  password: aHVudGVyMg==\n"),
        "emptied": data.replace(password, b'  password: ""\n'),
        "the MAC of another file": data.replace(mac, _line(other, b"mac")),
        "no MAC": data.replace(mac, b'    mac: ""\n'),
        "another time": data.replace(modified, modified.replace(b"2026-01", b"2026-02")),
        "another selection": data.replace(b"encrypted_regex", b"unencrypted_regex"),
        "a wider selection": data.replace(b"^(data|stringData)$", b"^(data|stringData|metadata)$"),
        "a narrower selection": data.replace(b"^(data|stringData)$", b"^(stringData)$"),
        "MAC over encrypted values alone": data.replace(b"    version:", b"    mac_only_encrypted: true\n    version:"),
        "list items swapped": re.sub(rb"\['(ENC[^']*)', '(ENC[^']*)'\]", rb"['\2', '\1']", data),
        "list item taken out": re.sub(rb"\['(ENC[^']*)', ", b"[", data),
    }


@pytest.mark.parametrize("change", sorted(_changes(made.encrypted(SECRET, "yaml", made.SECRETS))))
def test_what_was_changed_is_refused_by_both(change: str) -> None:
    """Whatever sops refuses is refused, with an error that says nothing of the values."""
    changed = _changes(made.encrypted(SECRET, "yaml", made.SECRETS))[change]
    with pytest.raises(sops.Refused):
        sops.decrypt(changed, "yaml")
    with pytest.raises(TamperedError) as caught:
        made.opened(changed, "yaml")

    said = caught.value.message + caught.value.hint
    assert "aHVud" not in said
    assert "ENC[" not in said


@given(seed=st.data())
@settings(max_examples=60)
@pytest.mark.parametrize("form", ["yaml", "json", "dotenv", "ini", "binary"])
def test_any_changed_byte_is_refused_or_changes_nothing(form: str, seed: st.DataObject) -> None:
    """A byte changed anywhere never gives another content."""
    plain = {"yaml": SECRET, "json": b'{"a": {"b": "c", "n": 1}}', "dotenv": b"A=1\nB=2\n", "ini": b"[a]\nb = c\n"}.get(
        form, b"\x00binary\xff"
    )
    data = made.encrypted(plain, form)
    at = seed.draw(st.integers(0, len(data) - 1))
    byte = seed.draw(st.integers(32, 126))
    changed = data[:at] + bytes([byte]) + data[at + 1 :]
    before = made.opened(data, form)
    try:
        after = made.opened(changed, form)
    except StrongroomError:
        return
    values = [scalar for scalar in after.scalars if scalar.type != "comment"]
    assert [scalar.data for scalar in values] == [s.data for s in before.scalars if s.type != "comment"]


def test_without_the_mac_each_value_is_still_authenticated() -> None:
    """``check_mac=False`` lets through what was added in the clear, and no changed value."""
    data = made.encrypted(SECRET, "yaml", made.SECRETS)
    added = data.replace(b"  name: db\n", b"  name: db\n  label: x\n")
    found = open_file(added, format_of("a.yaml"), made.unwrap, check_mac=False)
    moved = _changes(data)["a value moved to another key"]

    assert b"label: x" in found.plain().reveal()
    with pytest.raises(TamperedError, match=r"data\.user"):
        open_file(moved, format_of("a.yaml"), made.unwrap, check_mac=False)


def test_another_data_key_opens_nothing() -> None:
    """Under a wrong key there is no content."""
    data = made.encrypted(SECRET, "yaml")
    wrong = type(made.data_key())(bytes(32))
    with pytest.raises(TamperedError):
        open_file(data, format_of("a.yaml"), lambda _: wrong)


@pytest.mark.parametrize("form", [each.id for each in FORMATS])
def test_a_file_in_plain_text_is_not_encrypted(form: str) -> None:
    """It says so, and what to do."""
    plain = b"{}" if form in {"json", "yaml", "binary"} else b""
    with pytest.raises(DocumentError, match="not encrypted") as caught:
        read_metadata(plain, format_of("", form))

    assert "encrypt" in caught.value.hint


def test_comments_that_do_not_open_stay_as_they_are() -> None:
    """As sops has it: comments move when files are edited, and are no part of the MAC."""
    data = made.encrypted(b"a: b\n# note\nc: d\n", "yaml")
    comment = re.search(rb"#ENC.*\n", data)
    assert comment is not None
    moved = data.replace(comment[0], b"").replace(b"a: ENC", b"#plain\na: ENC")
    below = made.encrypted(b"x:\n  # note\n  y: 1\n", "yaml")

    assert made.decrypted(moved, "yaml") == b"#plain\na: b\nc: d\n"
    taken = re.search(rb"#ENC.*\n", below)
    assert taken is not None
    assert taken[0] in made.decrypted(below.replace(taken[0], b"").replace(b"x:\n", taken[0] + b"x:\n"), "yaml")


def test_a_comment_in_a_list_of_sops_is_a_comment_again() -> None:
    """The program writes an encrypted comment inside a list as an item; it comes back as a comment."""
    data = b"list:\n  - a\n  # note\n  - b\nonly:\n  # c\n  []\n"
    theirs = sops.encrypt(data, "yaml")

    assert b"type:comment]\n" in theirs
    assert made.decrypted(theirs, "yaml").startswith(b"list:\n    - a\n    # note\n    - b\n")


def test_mac_only_encrypted_leaves_the_rest_free() -> None:
    """Values in the clear may change, encrypted ones may not."""
    selection = Selection(encrypted_regex="^data$", mac_only_encrypted=True)
    data = made.encrypted(SECRET, "yaml", selection)

    assert b"name: dc" in made.decrypted(data.replace(b"name: db", b"name: dc"), "yaml")
    assert sops.decrypt(data.replace(b"name: db", b"name: dc"), "yaml")
    with pytest.raises(TamperedError):
        made.opened(data.replace(_line(data, b"user"), b""), "yaml")
