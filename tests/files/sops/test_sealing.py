"""Encrypted files written: small changes make small differences."""

from __future__ import annotations

import difflib
import os

import pytest
from tests.files.sops import made
from tests.support import sops

from strongroom.errors import DocumentError, UsageError
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.opened import open_file
from strongroom.files.sops.sealing import encrypt, get_value, reseal, rotated, set_value, unset_value, with_metadata
from strongroom.files.sops.selection import Selection
from strongroom.keys import age
from strongroom.keys.key import MasterKey
from strongroom.model.plaintext import Plaintext

YAML = b"""# top
a:
  b: one  # beside
  c:
  - x
  - k: v
    l: w
d: 'quoted'
text: |
  several
  lines

flow: {e: f, g: [1, true]}
number: 1.50
"""
PLAIN = {
    "yaml": YAML,
    "json": b'{\n  "a": {"b": "one"},\n  "d": [1.50, null, true],\n  "e": "f"\n}\n',
    "dotenv": b"# top\nA=one\n\nB=two words\nC=\n",
    "ini": b"; top\n[a]\nb = one ; beside\nc : 'two'\n\n[d]\ne=f\n",
    "binary": b"\x00one\xff",
}
FORMS = tuple(PLAIN)
METADATA = {"yaml": 2, "json": 2, "dotenv": 2, "ini": 2, "binary": 2}


def _changed_lines(before: bytes, after: bytes) -> list[str]:
    lines = difflib.ndiff(before.decode().splitlines(), after.decode().splitlines())
    return [line for line in lines if line.startswith(("+ ", "- "))]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ending", [b"", b"\n", b"\n\n"])
def test_layout_survives(form: str, ending: bytes) -> None:
    """What is decrypted is what was encrypted, whatever the end of the file looks like."""
    plain = PLAIN[form].rstrip(b"\n") + ending

    assert made.decrypted(made.encrypted(plain, form), form) == plain


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_left_in_the_clear(form: str) -> None:
    """With the default selection no value and no comment stands in the file."""
    data = made.encrypted(PLAIN[form], form)

    for value in (b"one", b"two", b"quoted", b"several", b"top", b"beside"):
        assert value not in data


@pytest.mark.parametrize("form", FORMS)
def test_nothing_changed_changes_mac_and_time(form: str) -> None:
    """Every ciphertext is kept where no value changed."""
    data = made.encrypted(PLAIN[form], form)
    found = made.opened(data, form)
    again = reseal(found, found.plain(), made.LATER)

    assert len(_changed_lines(data, again)) == 2 * METADATA[form]
    assert sops.decrypt(again, form) == sops.decrypt(data, form)


@pytest.mark.parametrize("form", ["yaml", "json", "dotenv", "ini"])
def test_one_change_changes_one_line(form: str) -> None:
    """Editing one value changes its line, the MAC and the time of the last change."""
    data = made.encrypted(PLAIN[form], form)
    found = made.opened(data, form)
    plain = PLAIN[form].replace(b"one", b"changed")
    again = reseal(found, Plaintext(plain), made.LATER)

    assert len(_changed_lines(data, again)) == 2 * (METADATA[form] + 1)
    assert made.decrypted(again, form) == plain
    assert b"changed" in sops.decrypt(again, form)


@pytest.mark.parametrize("form", ["yaml", "json", "dotenv", "ini"])
def test_the_metadata_of_sops_stay_as_they_stand(form: str) -> None:
    """A file that sops wrote keeps the text of its metadata, but for MAC and time."""
    data = sops.encrypt(PLAIN[form], form)
    found = made.opened(data, form)
    again = reseal(found, found.plain(), made.LATER)
    metadata = [line for line in _changed_lines(data, again) if "sops" in line or "enc" in line or "recipient" in line]

    assert all("mac" in line or "lastmodified" in line for line in metadata)
    assert sops.decrypt(again, form) == sops.decrypt(data, form)


def test_moved_values_keep_their_ciphertext() -> None:
    """An item that another was put in front of keeps its envelope; equal items do not share one."""
    data = made.encrypted(b"list:\n  - a\n  - b\n", "yaml")
    found = made.opened(data, "yaml")
    again = reseal(found, Plaintext(b"list:\n  - b\n  - a\n  - b\n"), made.LATER)
    envelopes = [line for line in again.decode().splitlines() if line.startswith("  - ")]

    assert len(set(envelopes)) == 3
    assert set(data.decode().splitlines()[1:3]) < set(envelopes)


@pytest.mark.parametrize("form", FORMS)
def test_rotation_changes_every_envelope(form: str) -> None:
    """Under a new data key everything is encrypted anew, and sops reads it."""
    data = made.encrypted(PLAIN[form], form)
    key = Plaintext(os.urandom(32))
    groups = ((age.wrap(key, MasterKey("age", sops.age_key().recipient), made.context()),),)
    again = rotated(made.opened(data, form), key, groups, made.LATER)

    assert made.decrypted(again, form) == PLAIN[form]
    assert sops.decrypt(again, form) == sops.decrypt(data, form)
    old = {part.split(b"]")[0] for part in data.split(b"ENC[")[1:]}
    assert not old & {part.split(b"]")[0] for part in again.split(b"ENC[")[1:]}


@pytest.mark.parametrize("form", FORMS)
def test_other_keys_leave_the_body_alone(form: str) -> None:
    """With other metadata the values and the MAC stay, as with ``sops updatekeys``."""
    data = made.encrypted(PLAIN[form], form)
    found = made.opened(data, form)
    other = sops.AgeKey(*_another())
    wrapped = age.wrap(found.data_key, MasterKey("age", other.recipient), made.context())
    again = with_metadata(found, found.metadata._replace(groups=((*found.metadata.groups[0], wrapped),)))
    kinds = ("--input-type", form, "--output-type", form)

    assert other.recipient.encode() in again
    assert sops.sops("decrypt", *kinds, "/dev/stdin", stdin=again, key=other) == sops.decrypt(data, form)
    assert {part.split(b"]")[0] for part in data.split(b"ENC[")} >= {
        part.split(b"]")[0] for part in again.split(b"ENC[")[1:]
    }


def _another() -> tuple[str, str]:
    identity, recipient = age.generate()
    return identity.reveal().decode(), recipient


def test_another_time_makes_the_mac_anew() -> None:
    """The time is bound to the MAC."""
    found = made.opened(made.encrypted(YAML, "yaml"), "yaml")
    again = with_metadata(found, found.metadata._replace(lastmodified=made.LATER))

    assert made.opened(again, "yaml").metadata.lastmodified == made.LATER


def test_another_selection_is_no_matter_of_the_metadata() -> None:
    """It would leave values in the clear, or clear values unreadable."""
    found = made.opened(made.encrypted(YAML, "yaml"), "yaml")
    with pytest.raises(DocumentError, match="another selection"):
        with_metadata(found, found.metadata._replace(selection=made.SECRETS))


@pytest.mark.parametrize("form", ["yaml", "json", "dotenv", "ini"])
def test_an_encrypted_file_is_not_encrypted_again(form: str) -> None:
    """It is told by its metadata."""
    with pytest.raises(DocumentError, match="encrypted already"):
        made.encrypted(made.encrypted(PLAIN[form], form), form)


def test_an_empty_yaml_file_is_refused() -> None:
    """As by sops: there is nothing that the metadata could stand in."""
    with pytest.raises(DocumentError, match="no document"):
        made.encrypted(b"# only a comment\n", "yaml")


def test_two_selections_are_refused() -> None:
    """At most one of the six may be set."""
    with pytest.raises(UsageError, match="exclude"):
        made.encrypted(YAML, "yaml", Selection(encrypted_suffix="a", encrypted_regex="b"))


def test_a_selection_that_cannot_be_read_is_refused() -> None:
    """The program would match nothing, and leave everything in the clear."""
    with pytest.raises(UsageError, match="regular expression"):
        made.encrypted(YAML, "yaml", Selection(encrypted_regex="(data"))


def test_the_indentation_of_the_metadata_can_be_chosen() -> None:
    """``stores`` of a rule says how many spaces."""
    assert b"\nsops:\n  age:\n    - recipient:" in made.encrypted(YAML, "yaml", indent=2)
    assert b"\nsops:\n    age:\n        - recipient:" in made.encrypted(YAML, "yaml")


ADDRESS = ("a", "b")


@pytest.mark.parametrize(
    ("address", "value", "expected"),
    [
        (("a", "b"), '"two: three"', b'  b: "two: three"  # beside\n'),
        (("a", "new"), '"v"', b"    l: w\n  new: v\n"),
        (("a", "c", 0), "5", b"  - 5\n"),
        (("a", "c", 7), '{"z": [1]}', b"    l: w\n  - z:\n      - 1\n"),
        (("d",), '"it\'s"', b"d: 'it''s'\n"),
        (("flow", "g", 1), "null", b"flow: {e: f, g: [1, null]}\n"),
        (("flow", "new"), '"a, b"', b'flow: {e: f, g: [1, true], new: "a, b"}\n'),
        (("text",), '"one\\ntwo"', b"text: |-\n  one\n  two\n"),
        (("a", "c"), '"flat"', b"  c: flat\n"),
        (("z", "q", 0), '"w"', b"number: 1.50\nz:\n  q:\n    - w\n"),
    ],
)
def test_one_value_is_set(address: tuple[str | int, ...], value: str, expected: bytes) -> None:
    """The value stands where it should, everything else as it stood, and sops reads what it would have set."""
    data = made.encrypted(YAML, "yaml")
    again = set_value(made.opened(data, "yaml"), address, Plaintext(value), made.LATER)
    plain = made.decrypted(again, "yaml")

    assert expected in plain
    assert plain.startswith(b"# top\na:\n  b: ")
    assert sops.decrypt(again, "yaml")


@pytest.mark.parametrize(
    ("address", "gone"),
    [
        (("a", "b"), b"  b: one  # beside\n"),
        (("a", "c", 0), b"  - x\n"),
        (("a", "c", 1, "l"), b"    l: w\n"),
        (("text",), b"text: |\n  several\n  lines\n"),
        (("flow", "e"), b"e: f, "),
        (("number",), b"number: 1.50\n"),
    ],
)
def test_one_value_is_taken_out(address: tuple[str | int, ...], gone: bytes) -> None:
    """Its lines go, and nothing else."""
    again = unset_value(made.opened(made.encrypted(YAML, "yaml"), "yaml"), address, made.LATER)

    assert made.decrypted(again, "yaml") == YAML.replace(gone, b"")


@pytest.mark.parametrize(
    ("form", "address", "value"),
    [
        ("yaml", ("a", "b"), b"one"),
        ("yaml", ("number",), b"1.50\n"),
        ("yaml", ("a", "c", 1), b"k: v\nl: w\n"),
        ("yaml", ("text",), b"several\nlines\n"),
        ("yaml", ("flow", "g"), b"[1, true]\n"),
        ("json", ("a", "b"), b"one"),
        ("json", ("a",), b'{\n\t"b": "one"\n}\n'),
        ("json", ("d",), b"[\n\t1.50,\n\tnull,\n\ttrue\n]"),
        ("dotenv", ("B",), b"two words"),
        ("ini", ("a", "c"), b"two"),
        ("ini", ("d",), b"e = f\n"),
    ],
)
def test_one_value_is_read(form: str, address: tuple[str | int, ...], value: bytes) -> None:
    """A text comes as it is, the rest in the form of the file."""
    assert get_value(made.opened(made.encrypted(PLAIN[form], form), form), address).reveal() == value


@pytest.mark.parametrize(
    ("form", "address", "value"),
    [
        ("json", ("a", "n"), b'{\n  "a": {"b": "one", "n": "v"},'),
        ("json", ("n",), b'  "e": "f",\n  "n": "v"\n}\n'),
        ("json", ("d", 9), b"[1.50, null, true, "),
        ("dotenv", ("A",), b"A=v\n"),
        ("dotenv", ("N",), b"C=\nN=v\n"),
        ("ini", ("a", "c"), b"c : 'v'\n"),
        ("ini", ("a", "n"), b"c : 'two'\nn = v\n"),
        ("ini", ("new", "n"), b"e=f\n\n[new]\nn = v\n"),
    ],
)
def test_one_value_is_set_in_other_formats(form: str, address: tuple[str | int, ...], value: bytes) -> None:
    """New values stand behind those of the same section or object."""
    again = set_value(made.opened(made.encrypted(PLAIN[form], form), form), address, Plaintext('"v"'), made.LATER)

    assert value in made.decrypted(again, form)


@pytest.mark.parametrize("form", ["yaml", "json", "dotenv", "ini"])
def test_where_nothing_stands_nothing_is_found(form: str) -> None:
    """Reading and taking out say so."""
    found = made.opened(made.encrypted(PLAIN[form], form), form)
    address = ("nowhere",) if form != "ini" else ("a", "nowhere")
    with pytest.raises(UsageError, match="nothing at"):
        get_value(found, address)
    with pytest.raises(UsageError, match="nothing at"):
        unset_value(found, address, made.LATER)


def test_flat_formats_hold_no_collections() -> None:
    """A list does not go into a dotenv file, nor a value below a value."""
    found = made.opened(made.encrypted(PLAIN["dotenv"], "dotenv"), "dotenv")
    with pytest.raises(UsageError, match="texts alone"):
        set_value(found, ("A",), Plaintext("[1]"), made.LATER)
    with pytest.raises(UsageError, match="that deep"):
        set_value(found, ("A", "b"), Plaintext('"v"'), made.LATER)


def test_a_binary_file_has_no_parts() -> None:
    """There is one value, and edit changes it."""
    found = made.opened(made.encrypted(PLAIN["binary"], "binary"), "binary")
    with pytest.raises(UsageError, match="no parts"):
        get_value(found, ("data",))


def test_a_value_that_is_not_json_is_refused_without_its_text() -> None:
    """The error names no part of the value."""
    found = made.opened(made.encrypted(YAML, "yaml"), "yaml")
    with pytest.raises(UsageError) as caught:
        set_value(found, ADDRESS, Plaintext("hunter2"), made.LATER)

    assert "hunter2" not in str(caught.value) + caught.value.hint


def test_a_group_of_several_shares_reads_back() -> None:
    """Key groups and threshold survive being written and read in every format."""
    wrapped = made.groups()[0][0]
    for form in FORMS:
        data = made.encrypted(PLAIN[form], form)
        found = made.opened(data, form)
        metadata = found.metadata._replace(groups=((wrapped,), (wrapped,)), shamir_threshold=2)
        again = open_file(with_metadata(found, metadata), format_of("", form), lambda _: made.data_key())

        assert again.metadata == metadata


def test_encrypt_is_there_for_others() -> None:
    """The signature that commands use."""
    from strongroom.files.sops.rule import Rule

    rule = Rule((), 0, made.SECRETS)
    data = encrypt(Plaintext(YAML), format_of("x.yaml"), rule, made.data_key(), made.groups(), made.NOW)

    assert made.decrypted(data, "yaml") == YAML
