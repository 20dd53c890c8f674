"""Values in memory are found in every encoding, at every alignment, and nothing else is."""

from __future__ import annotations

import base64
import gc
import random
import string
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.leaks.known_texts import AROUND, ENCODINGS, KEY, TEXT_ENCODINGS, TEXT_VALUES, VALUES, stripped

from strongroom.leaks.known import KnownMatch
from strongroom.leaks.known_windows import WindowSearch
from strongroom.model.plaintext import Fingerprint, Plaintext

PASSWORD = b"Gannet7-Locker!x"


def _search(*values: bytes | str) -> WindowSearch:
    return WindowSearch(map(Plaintext, values), KEY)


def _print(value: bytes) -> Fingerprint:
    return Plaintext(value).fingerprint(KEY)


def _found(text: bytes, *values: bytes) -> list[KnownMatch]:
    return list(_search(*values).search(text))


@given(VALUES, st.sampled_from(sorted(ENCODINGS)), AROUND, AROUND)
@settings(max_examples=300)
def test_a_value_is_found_in_every_encoding(value: bytes, encoding: str, before: bytes, after: bytes) -> None:
    """Whatever stands before and after, an encoded value is found, under its own fingerprint."""
    encoded = ENCODINGS[encoding](stripped(value))
    assert _print(stripped(value)) in {m.fingerprint for m in _found(before + encoded + after, value)}


@given(TEXT_VALUES, st.sampled_from(sorted(TEXT_ENCODINGS)), AROUND)
@settings(max_examples=300)
def test_text_is_found_in_every_escape(value: str, encoding: str, after: bytes) -> None:
    """A value that is text is found where a document escapes or indents it."""
    text = b"key:\n" + TEXT_ENCODINGS[encoding](stripped(value.encode()).decode()).encode() + b"\n" + after
    assert _print(stripped(value.encode())) in {m.fingerprint for m in _found(text, value.encode())}


@given(VALUES, st.binary(max_size=40), st.binary(max_size=40), st.booleans())
@settings(max_examples=300)
def test_base64_is_found_at_every_alignment(value: bytes, before: bytes, after: bytes, for_urls: bool) -> None:
    """A value anywhere inside something larger that is written in base64 is found."""
    encode = base64.urlsafe_b64encode if for_urls else base64.b64encode
    matches = _found(b"data: " + encode(before + stripped(value) + after), value)
    assert _print(stripped(value)) in {m.fingerprint for m in matches}


@given(
    VALUES,
    st.binary(min_size=40, max_size=120),
    st.binary(min_size=40, max_size=120),
    st.sampled_from((48, 60, 64, 76)),
)
@settings(max_examples=200)
def test_wrapped_base64_is_found(value: bytes, before: bytes, after: bytes, width: int) -> None:
    """Lines of 48 to 76 characters, indented, do not hide a value, wherever the lines break."""
    encoded = base64.b64encode(before + stripped(value) + after).decode()
    text = "data: |\n" + textwrap.indent("\n".join(textwrap.wrap(encoded, width)), "    ") + "\nnext: 1\n"
    matches = [m for m in _found(text.encode(), value) if m.fingerprint == _print(stripped(value))]
    assert matches
    assert all(text.encode()[m.start : m.end].strip() for m in matches)


@given(st.lists(VALUES, min_size=1, max_size=5), st.binary(max_size=2000))
@settings(max_examples=200)
def test_a_match_is_never_a_guess(values: list[bytes], text: bytes) -> None:
    """Random text holds no match but where a value really stands."""
    plain = [m for m in _found(text, *values) if not m.encoding]
    assert all(_print(text[m.start : m.end]) == m.fingerprint for m in plain)
    assert {m.fingerprint for m in plain} == {_print(stripped(v)) for v in values if stripped(v) in text}


def test_the_span_is_the_value() -> None:
    """A match says where the value starts and ends."""
    text = b"a" * 1000 + PASSWORD + b"b" * 1000
    assert _found(text, PASSWORD) == [KnownMatch(1000, 1000 + len(PASSWORD), _print(PASSWORD), "")]


@pytest.mark.parametrize("length", range(8, 24))
def test_short_values_are_found_at_every_place(length: int) -> None:
    """From eight bytes on, the place of a value in its text does not matter."""
    value = b"x7Kq!pW2zR9mB4nT6vC8dF1g"[:length]
    search = _search(value)
    for shift in range(16):
        text = b"." * shift + value
        assert [(m.start, m.end) for m in search.search(text)] == [(shift, shift + length)]


def test_white_space_around_a_value_does_not_hide_it() -> None:
    """A password that ``echo`` gave a line break is found without it, and in base64 with it."""
    text = b"x=" + PASSWORD + b";\n" + base64.b64encode(PASSWORD + b"\n")
    assert [m.encoding for m in sorted(_found(text, PASSWORD + b"\n"))] == ["", "base64"]


def test_a_private_key_is_found_indented_commented_and_with_other_line_ends() -> None:
    """Lines behind the same indentation or comment sign are read as one value, also with CRLF."""
    body = base64.b64encode(random.Random(3).randbytes(300)).decode()  # noqa: S311 - test data
    key = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(textwrap.wrap(body, 64)) + "\n-----END PRIVATE KEY-----\n"
    for prefix in ("      ", "# ", "\t> "):
        for end in ("\n", "\r\n"):
            text = "first\n" + textwrap.indent(key, prefix).replace("\n", end) + "last\n"
            (match,) = _found(text.encode(), key.encode())
            assert match.encoding == "indented lines"
            assert text.encode()[match.start : match.end].startswith(b"-----BEGIN")
            assert text.encode()[match.start : match.end].endswith(b"KEY-----")


def test_a_large_text_is_searched_to_its_end() -> None:
    """A value across the border of the pieces into which a large text is cut is found once."""
    search = _search(PASSWORD)
    for border in (1 << 19, 1 << 20):
        for before in (1, 8, len(PASSWORD) - 1):
            text = b"-" * (border - before) + PASSWORD + b"-" * 100
            assert [m.start for m in search.search(text)] == [border - before]


def test_values_that_share_nearly_all_of_themselves_are_told_apart() -> None:
    """A thousand connection strings to one host are a thousand values, and a text full of the host stays quick."""
    host = "@postgres.production.svc.cluster.local:5432/orders?sslmode=require"
    values = [f"postgres://app:{n:05}-pw{host}".encode() for n in range(1000)]
    search = _search(*values)
    text = (host.encode() + b"\n") * 5000 + values[123] + b"\n" + values[998]
    assert [m.fingerprint for m in sorted(search.search(text))] == [_print(values[123]), _print(values[998])]


def test_threads_share_a_search() -> None:
    """Threads that search at the same time get what one gets."""
    rng = random.Random(5)  # noqa: S311 - test data
    values = ["".join(rng.choices(string.ascii_letters + string.digits, k=20)).encode() for _ in range(300)]
    search = _search(*values)
    texts = [b" ".join(rng.sample(values, 40)) for _ in range(40)]
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda text: len(list(search.search(text))), texts))
    assert counts == [40] * 40


def test_no_value_is_kept() -> None:
    """After the tables are made, nothing that the search refers to holds a value or a part of it."""
    search = _search(PASSWORD, b"-----BEGIN X-----\nAbCdEfGh0123456789\n-----END X-----")
    seen: set[int] = set()
    pending: list[object] = [search]
    while pending:
        one = pending.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        raw = one.tobytes() if hasattr(one, "tobytes") else one
        if isinstance(raw, (bytes, bytearray)):
            assert PASSWORD[:5] not in raw
            assert b"AbCdEfGh" not in raw
        pending += [] if callable(one) or hasattr(one, "__spec__") else gc.get_referents(one)
    assert len(seen) > 20
    assert "Gannet" not in repr(search)


def test_no_values_find_nothing() -> None:
    """A search for nothing is no error."""
    assert _found(b"anything at all, and more of it") == []
