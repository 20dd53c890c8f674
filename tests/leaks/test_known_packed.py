"""What a text holds compressed is opened, within limits, and searched."""

from __future__ import annotations

import base64
import gzip
import json
import random
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.leaks.known_texts import KEY

from strongroom.leaks.candidates.packed import LARGEST
from strongroom.leaks.known import KnownMatch, KnownValues
from strongroom.leaks.known_packed import packed
from strongroom.leaks.known_tokens import Hinted, Tagger, TokenSearch, hint
from strongroom.leaks.known_windows import WindowSearch
from strongroom.model.plaintext import Plaintext

VALUE = b"Gannet7-Locker!x"
TAG_KEY = bytes(range(32, 64))


def _tokens() -> TokenSearch:
    value = Plaintext(VALUE)
    return TokenSearch([Hinted(value.fingerprint(KEY), hint(value, Tagger(TAG_KEY)))], KEY, TAG_KEY)


KNOWN = [KnownValues([WindowSearch([Plaintext(VALUE)], KEY)]), KnownValues([_tokens()])]


def _gzipped(data: bytes, times: int = 1) -> bytes:
    data = gzip.compress(data, mtime=0)
    for _ in range(times):
        data = base64.b64encode(data)
    return data


def _release(notes: bytes = VALUE, template: bytes = b"") -> bytes:
    templates = [{"name": "a.yaml", "data": base64.b64encode(template).decode()}]
    chart = {"metadata": {"name": "shop"}, "templates": templates}
    body = {"name": "shop", "chart": chart, "info": {"notes": f"use {notes.decode()} please"}, "manifest": ""}
    return _gzipped(json.dumps(body).encode(), 2)


@pytest.mark.parametrize("known", KNOWN, ids=["values", "fingerprints"])
@pytest.mark.parametrize(
    ("release", "encoding"),
    [
        (_release(), "compressed"),
        (_release(b"it", b"args: [--password=" + VALUE + b"]"), "compressed, base64"),
    ],
    ids=["notes", "template"],
)
def test_a_release_of_helm_is_searched(known: KnownValues, release: bytes, encoding: str) -> None:
    """Notes and templates of a release are read, which no field of a Secret names; the place is that of the release."""
    text = b"data:\n  release: " + release + b"\n"
    (found,) = known.search(text)
    assert found.encoding == encoding
    assert text[found.start : found.end] == release


@pytest.mark.parametrize("known", KNOWN, ids=["values", "fingerprints"])
@given(st.integers(1, 2), st.binary(max_size=60).filter(lambda b: b"\n" not in b), st.booleans())
@settings(max_examples=60)
def test_what_is_compressed_is_found(known: KnownValues, times: int, before: bytes, wrap: bool) -> None:
    """Base64 of gzip, once or twice, wrapped or not, is found where it stands."""
    rng = random.Random(len(before))  # noqa: S311 - test data
    filling = " ".join(rng.choices(["otter", "lamp", "quay", "stone", "reed"], k=60)).encode()
    run = _gzipped(filling + b" " + VALUE + b" " + filling, times)
    if wrap:
        run = "\n  ".join(textwrap.wrap(run.decode(), 64)).encode()
    text = before + b"\n  " + run + b"\n"
    at = len(before) + 3
    assert (at, at + len(run)) in {(match.start, match.end) for match in known.search(text)}


def test_compressed_in_compressed() -> None:
    """Helm keeps the files of a chart in base64 inside the release; one of them may be compressed itself."""
    text = _gzipped(b"file: " + _gzipped(b"password: " + VALUE) + b"\n", 2)
    assert [match.encoding for match in KNOWN[0].search(text)] == ["compressed, compressed"]


def test_together_as_by_itself() -> None:
    """In a batch of texts, a match keeps the place of the run in its own text."""
    text = b"x: " + _release() + b"\n"
    alone: list[tuple[int, KnownMatch]] = [(7, match) for match in KNOWN[0].search(text)]
    assert list(KNOWN[0].search_all([(3, b"nothing"), (7, text), (9, b"nothing")])) == alone


def test_a_bomb_is_not_opened() -> None:
    """What unpacks to a hundred times its size, or to more than the limit, is left alone; so is a broken file."""
    assert list(packed(_gzipped(b"a" * (LARGEST + 1)))) == []
    assert list(packed(_gzipped(VALUE * 100)[:-8])) == []
    assert list(packed(b"H4sI" * 50_000)) == []
    assert repr(next(packed(_gzipped(VALUE * 3)))) == "Packed(0-52)"
