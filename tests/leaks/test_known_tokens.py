"""Values of which only fingerprints are at hand are found where they stand by themselves."""

from __future__ import annotations

import base64
import textwrap
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.leaks.known_texts import KEY, TEXT_VALUES, VALUES, stripped

from strongroom.leaks.known import KnownMatch
from strongroom.leaks.known_tokens import Hint, Hinted, Tagger, TokenSearch, hint
from strongroom.model.plaintext import Fingerprint, Plaintext

TAG_KEY = bytes(range(32, 64))
PASSWORD = b"Gannet7-Locker!x"


def _search(*values: bytes) -> TokenSearch:
    tagger = Tagger(TAG_KEY)
    hinted = [Hinted(_print(stripped(value)), hint(Plaintext(value), tagger)) for value in values]
    return TokenSearch(hinted, KEY, TAG_KEY)


def _print(value: bytes) -> Fingerprint:
    return Plaintext(value).fingerprint(KEY)


def _found(text: bytes, *values: bytes) -> list[KnownMatch]:
    return sorted(_search(*values).search(text))


def _has_word(value: bytes) -> bool:
    return any(chr(byte).isalnum() and byte < 0x80 for byte in value)


_DELIMITERS = st.sampled_from((b" ", b'"', b"'", b"\n", b"=", b":", b"@", b",", b"\t", b"`", b";", b"(", b"<"))


@given(VALUES.filter(_has_word), _DELIMITERS, _DELIMITERS)
@settings(max_examples=300)
def test_a_value_between_other_characters_is_found(value: bytes, before: bytes, after: bytes) -> None:
    """Between two characters that are neither letters nor digits, a value is found, whatever it is made of."""
    text = b"x1 y2" + before + stripped(value) + after + b"z3"
    assert _print(stripped(value)) in {m.fingerprint for m in _found(text, value)}


@given(VALUES, st.sampled_from((b"", b"\n")))
@settings(max_examples=200)
def test_base64_of_a_value_alone_is_found(value: bytes, end: bytes) -> None:
    """The data of a Secret is found, also where ``echo`` added a line break to the value."""
    text = b"data:\n  password: " + base64.b64encode(stripped(value) + end) + b"\n"
    assert _print(stripped(value)) in {m.fingerprint for m in _found(text, value)}


@given(TEXT_VALUES.filter(lambda value: _has_word(value.encode()) and "%" not in value))
@settings(max_examples=200)
def test_percent_encoding_is_undone(value: str) -> None:
    """A password in a URL is found as the URL spells it."""
    wanted = stripped(value.encode())
    text = b"postgres://app:" + quote(wanted, safe="").encode() + b"@db/app"
    assert _print(wanted) in {m.fingerprint for m in _found(text, value.encode())}


@given(st.lists(VALUES, min_size=1, max_size=4), st.binary(max_size=2000))
@settings(max_examples=200)
def test_a_match_is_never_a_guess(values: list[bytes], text: bytes) -> None:
    """What is said to be a value that stands as it is, is that value."""
    plain = [m for m in _found(text, *values) if not m.encoding]
    assert all(_print(text[m.start : m.end]) == m.fingerprint for m in plain)


def test_a_value_inside_something_encoded_is_found() -> None:
    """A settings file in base64, in hex, and in base64 twice holds the values that stand in it."""
    file = b"user=app\npassword=" + PASSWORD + b"\nport=5432\n"
    once = base64.b64encode(file)
    assert [m.encoding for m in _found(b"x: " + once, PASSWORD)] == ["base64"]
    assert [m.encoding for m in _found(b"x: " + base64.b64encode(once), PASSWORD)] == ["base64, base64"]
    assert [m.encoding for m in _found(b"x: " + file.hex().encode(), PASSWORD)] == ["hex"]
    wrapped = "\n".join(textwrap.wrap(base64.b64encode(b"#" * 70 + file).decode(), 76))
    assert "base64" in {m.encoding for m in _found(b"x: |\n" + wrapped.encode() + b"\n", PASSWORD)}


def test_a_glued_value_is_not_found() -> None:
    """This is the limit of a search by fingerprints: letters or digits right beside a value hide it."""
    assert _found(b"x" + PASSWORD, PASSWORD) == []
    assert _found(PASSWORD + b"9", PASSWORD) == []
    assert [m.start for m in _found(b"_" + PASSWORD + b"-", PASSWORD)] == [1]


@pytest.mark.parametrize("value", [b"correct horse battery", b"--Zq7=canary", b"aB3$x!9%kL2&w", "schlüssel9ß".encode()])
def test_values_of_several_words_are_found(value: bytes) -> None:
    """White space and marks inside a value, before and after it do not matter."""
    text = b"say: '" + value + b"', twice: " + value + b";"
    assert [text[m.start : m.end] for m in _found(text, value)] == [value, value]


def test_a_large_text_is_searched_to_its_end() -> None:
    """A value across the border of the pieces into which a large text is cut is found once."""
    for before in (1, 8, len(PASSWORD) - 1):
        text = b"- " * ((1 << 18) - before // 2 - 1) + PASSWORD + b" -" * 100
        assert [text[m.start : m.end] for m in _found(text, PASSWORD)] == [PASSWORD]


def test_a_hint_tells_little() -> None:
    """Sixteen bits of a keyed hash: two values of one shape differ in tags only, and nothing prints them."""
    tagger = Tagger(TAG_KEY)
    one, other = hint(Plaintext(PASSWORD), tagger), hint(Plaintext(b"Kelpie8-Otter9!q"), tagger)
    assert one._replace(tag=0, base64=0, base64_line=0) == Hint(16, 0, 3, 0, 16, 0, 0, 0)
    assert (one.tag, one.base64) != (other.tag, other.base64)
    assert all(tag < 1 << 16 for tag in (one.tag, one.base64, one.base64_line))
    assert repr(one) == "Hint(hidden)"


def test_another_key_finds_nothing() -> None:
    """Fingerprints and tags say nothing to whoever has another key."""
    tagger = Tagger(TAG_KEY)
    hinted = [Hinted(_print(PASSWORD), hint(Plaintext(PASSWORD), tagger))]
    assert list(TokenSearch(hinted, bytes(32), TAG_KEY).search(PASSWORD)) == []
    assert list(TokenSearch(hinted, KEY, bytes(32)).search(PASSWORD)) == []


def test_values_that_begin_and_end_alike_are_told_apart() -> None:
    """Keys of one kind and size begin and end with the same words: each is found where it stands, and no other."""
    keys = [f"-----BEGIN PRIVATE KEY-----\n{n:064d}\n-----END PRIVATE KEY-----".encode() for n in range(50)]
    text = b"first: " + keys[7] + b"\nsecond: " + base64.b64encode(keys[9]) + b"\n"
    assert {match.fingerprint for match in _found(text, *keys)} == {_print(keys[7]), _print(keys[9])}
