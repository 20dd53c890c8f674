"""Objects as YAML that every reader reads alike."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from strongroom.documents.yaml import Document, read
from strongroom.files.sealed.secrets import PlainSecret
from strongroom.files.secret.manifest import body, next_version
from strongroom.files.secret.writing import dump
from strongroom.model.plaintext import Plaintext

WORDS = """
y n Y N yes No ON off true False null Null ~ 0 -1 +1 1.5 .5 1e3 1E3 0x1F 0o17 017 0b1 1_000 1:20 12:30:45 .inf -.Inf .NaN
NaN inf 2026-11-21 2026-11-21T10:00:00Z - -- --- ... ? : # & * ! | > ' " % @ ` { } [ ] , = << a:b a#b a: #a e3 1e 0x o
"""
SPACES = [
    "",
    " ",
    " a",
    "a ",
    "a: b",
    "a #b",
    "a\nb",
    "a\n",
    "\na",
    " a\nb",
    "a \nb",
    "a\tb",
    "\t",
    "a\n\n",
    "a\rb",
    "a\r\nb",
]
UNUSUAL = ["ä", "\x85", "\u2028", "\ufeff", "\x00", "\x7f", "\U0001f600"]
TRAPS = [*WORDS.split(), *SPACES, *UNUSUAL, "-----BEGIN X-----\nabc\n-----END X-----\n"]
"""What one parser or another takes for something else than this text, where it stands without quotes."""


def secret(texts: dict[str, str]) -> PlainSecret:
    """Return a Secret with these values."""
    return PlainSecret("x", "", {key: Plaintext(text) for key, text in texts.items()})


def back(data: bytes) -> Any:
    """Return the only document of a text, as Kubernetes reads it."""
    (document,) = read(data)
    assert isinstance(document, Document)
    return document.body


def values(found: dict[str, Any]) -> dict[str, bytes]:
    """Return the values of a Secret as a pod would see them."""
    plain = {key: text.encode() for key, text in found.get("stringData", {}).items()}
    return {key: base64.b64decode(text) for key, text in found.get("data", {}).items()} | plain


@pytest.mark.parametrize("text", [False, True])
def test_traps_come_back(text: bool) -> None:
    """Every text that some parser misreads comes back from two parsers as it was, under data and stringData."""
    texts = {f"k{number}": trap for number, trap in enumerate(TRAPS)}
    written = dump([body(secret(texts), text=text)]).reveal()
    expected = {key: trap.encode() for key, trap in texts.items()}
    assert values(back(written)) == values(yaml.safe_load(written)) == expected


def test_kubectl_reads_what_was_written(program: Callable[[str], Path], tmp_path: Path) -> None:
    """The real kubectl, whose parser is another one again, reads every such text as it was."""
    texts = {f"k{number}": trap for number, trap in enumerate(TRAPS)}
    (tmp_path / "s.yaml").write_bytes(dump([body(secret(texts), text=True)]).reveal())
    (tmp_path / "kustomization.yaml").write_text("resources: [s.yaml]\n")
    out = subprocess.run([program("kubectl"), "kustomize", tmp_path], capture_output=True, check=True).stdout
    assert values(back(out)) == {key: trap.encode() for key, trap in texts.items()}


@given(st.dictionaries(st.from_regex(r"[-._a-zA-Z0-9]{1,9}", fullmatch=True), st.text() | st.binary()), st.booleans())
def test_any_value_comes_back(given_: dict[str, str | bytes], text: bool) -> None:
    """Whatever the values are, they come back; the object is one document."""
    one = PlainSecret("x", "n", {key: Plaintext(value) for key, value in given_.items()})
    found = back(dump([body(one, text=text)]).reveal())
    assert values(found) == {key: value.reveal() for key, value in one.values.items()}


def test_object() -> None:
    """An object has what it was given and nothing that is empty; text is readable only where that is asked."""
    one = PlainSecret("x", "", {"b": Plaintext("text"), "a": Plaintext(b"\xff")}, immutable=True)
    plain = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "type": "Opaque", "immutable": True}
    assert body(one) == plain | {"data": {"a": "/w==", "b": "dGV4dA=="}}
    assert body(one, text=True) == plain | {"data": {"a": "/w=="}, "stringData": {"b": "text"}}
    assert json.loads(json.dumps(body(one)))["metadata"] == {"name": "x"}


def test_several_objects() -> None:
    """Several objects are several documents, and none is written as a reference to another."""
    shared = {"a": ["x"]}
    found = list(read(dump([{"one": shared}, {"two": shared, "three": shared}]).reveal()))
    assert [one.body for one in found if isinstance(one, Document)] == [
        {"one": shared},
        {"two": shared, "three": shared},
    ]


def test_versions() -> None:
    """A version is raised where it is a plain number, and left alone otherwise."""
    assert [next_version(text) for text in ("1", "9", "0", "", "v1", "1.2", "²")] == ["2", "10", "1", *[None] * 4]
