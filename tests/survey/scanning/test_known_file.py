"""Fingerprint files hold no value, and are read only whole and with the key that they were made with."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from strongroom.errors import OutputError, SourceError
from strongroom.leaks.known_tokens import TokenSearch
from strongroom.model.plaintext import Plaintext
from strongroom.survey.scanning.known_file import KnownValue, Owner, is_fingerprint_file, read_file, write_file

KEY = bytes(range(32))
VALUES = ("Gannet7-Locker!x", "Kelpie8-Otter9!q", "-----BEGIN X-----\nAbCdEf0123\n-----END X-----")
OWNER = Owner("Secret shop/db", "password", ("Deployment shop/api",))


def _known() -> list[tuple[KnownValue, Plaintext]]:
    values = [Plaintext(value) for value in VALUES]
    return [(KnownValue(value.fingerprint(KEY), "password", (OWNER,)), value) for value in values]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with three values."""
    path = tmp_path / "known.jsonl"
    assert write_file(path, KEY, _known(), {"common words": 4}) == 3
    return path


def _search(path: Path, key: bytes = KEY) -> TokenSearch:
    return read_file(str(path), key)[1]


def test_what_is_written_is_read(file: Path) -> None:
    """Owners, consumers, counts, and a search that finds the values come back."""
    known, search, left_out = read_file(str(file), KEY)
    assert sorted(known, key=lambda one: one.fingerprint) == known
    assert {one.owners for one in known} == {(OWNER,)}
    assert left_out == {"common words": 4}
    text = f"use {VALUES[0]} or {VALUES[1]}\n{VALUES[2]}\n".encode()
    assert {match.fingerprint for match in search.search(text)} == {one.fingerprint for one in known}


def test_no_value_and_no_length_is_in_it(file: Path) -> None:
    """Without the key, the file says names and how many values there are; it is for its owner's eyes alone."""
    text = file.read_text("utf-8")
    assert not any(value in text or value[:6] in text for value in VALUES)
    assert {tuple(json.loads(line)) for line in text.splitlines()} == {
        ("format", "version", "key"),
        ("fingerprint", "hint", "what", "owners"),
        ("values", "left_out", "mac"),
    }
    assert {len(json.loads(line).get("hint", "")) for line in text.splitlines()} == {0, 24}
    assert KEY.hex()[:16] not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_is_known_by_how_it_begins(file: Path, tmp_path: Path) -> None:
    """A manifest, a folder and a name of no file are no fingerprint files."""
    (tmp_path / "x.yaml").write_text("kind: Secret\n")
    assert is_fingerprint_file(str(file))
    assert not any(
        is_fingerprint_file(str(one)) for one in (tmp_path, tmp_path / "x.yaml", tmp_path / "none", "cluster:x")
    )


def test_another_key_is_refused(file: Path) -> None:
    """A file of another installation would find nothing; that is an error, not a clean result."""
    with pytest.raises(SourceError, match="another key"):
        read_file(str(file), bytes(32))


@pytest.mark.parametrize("lines", [slice(0, -1), slice(0, 2), slice(0, 1), slice(1, None)])
def test_a_part_of_it_is_refused(file: Path, lines: slice) -> None:
    """Lines that are missing would be values that are quietly not searched."""
    kept = file.read_text("utf-8").splitlines(keepends=True)[lines]
    file.write_text("".join(kept), "utf-8")
    with pytest.raises(SourceError):
        read_file(str(file), KEY)


def test_a_changed_one_is_refused(file: Path) -> None:
    """Whoever changes a line, a count or an owner is found out."""
    text = file.read_text("utf-8")
    for old, new in (("shop/db", "shop/no"), ('"values":3', '"values":2'), ('"version":1', '"version":2')):
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")
        with pytest.raises(SourceError):
            read_file(str(file), KEY)
    file.write_text(text, "utf-8")
    assert len(_search(file)) == 3


def test_what_stood_there_is_kept_when_writing_fails(tmp_path: Path) -> None:
    """A folder that is not there is an error that names the file."""
    with pytest.raises(OutputError, match=r"known\.jsonl"):
        write_file(tmp_path / "none" / "known.jsonl", KEY, _known(), {})


def test_what_was_left_out_is_part_of_it(file: Path) -> None:
    """The counts of what is not searched cannot be changed either: a report repeats them."""
    file.write_bytes(file.read_bytes().replace(b'"common words":4', b'"common words":1'))
    with pytest.raises(SourceError, match="was changed or is not whole"):
        read_file(str(file), KEY)
