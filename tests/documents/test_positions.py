"""Positions point at what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.documents.texts import bodies, json_files, leaves, yaml_files

from strongroom.documents.positions import Positions, Span, locate, locate_text
from strongroom.documents.yaml import Document, read
from strongroom.errors import DocumentError


def cut(text: str, span: Span | None) -> str:
    """Return the text that a span covers."""
    assert span is not None
    lines = text.split("\n")
    if span.line == span.end_line:
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]
    middle = lines[span.line : span.end_line - 1]
    # the line feed that the clients add at the end of a file lies behind its last line
    last = lines[span.end_line - 1][: span.end_column - 1] if span.end_line <= len(lines) else ""
    return "\n".join([lines[span.line - 1][span.column - 1 :], *middle, last])


def _document(text: str) -> tuple[Any, Positions]:
    (document,) = (each for each in read(text.encode()) if isinstance(each, Document))
    return document.body, locate(text.encode(), document.index)


def _read_again(source: str) -> Any:
    """Read the source of one scalar at another place; further lines are indented as deep as they were."""
    if "\\ud" in source:
        return json.loads(source)  # a pair of surrogates: JSON has it and YAML has not
    found = list(read(f"- {source}\n".encode()))
    assert isinstance(found[0], Document)
    return found[0].body[0]


def _has_indicator(source: str) -> bool:
    return source[:1] in {"|", ">"} and any(sign.isdigit() for sign in source.split("\n", maxsplit=1)[0])


@given(st.one_of(yaml_files(), json_files()))
@settings(max_examples=200, deadline=None)
def test_the_text_of_a_value_is_the_value(text: str) -> None:
    """The text at the position of any scalar, read again, is that scalar."""
    body, positions = _document(text)

    for path, value in leaves(body):
        if isinstance(value, (dict, list)) or value in ({}, []):
            continue
        source = cut(text, positions.of(path))
        if not isinstance(value, str) and source[:1] in {"|", ">", "'", '"'}:
            continue  # its explicit tag, which is no part of the value's text, says what it is
        if isinstance(value, str) and source[:1] in {"|", ">"}:
            assume(not _has_indicator(source))
            assert _read_again(source).rstrip("\n") == value.rstrip("\n")
        elif value is not None or source:
            assert _read_again(source) == value


@given(st.one_of(yaml_files(), json_files()))
@settings(max_examples=100, deadline=None)
def test_the_text_of_a_key_is_the_key(text: str) -> None:
    """The text at the position of any key, read again, is that key."""
    body, positions = _document(text)

    for key in body:
        source = cut(text, positions.key((key,)))
        assume(source[:1] not in {"|", ">"})
        assert str(_read_again(source)) == key


def _decodes_to(source: str, sign: str) -> bool:
    if source == sign:
        return True
    if sign in " \n" and not source.strip(" \t\r\n\\"):
        return True  # a fold, or a line break
    if source == "''":
        return sign == "'"
    return source.startswith("\\") and _read_again(f'"{source}"') == sign


@given(st.one_of(yaml_files(), json_files()))
@settings(max_examples=200, deadline=None)
def test_every_character_has_its_place(text: str) -> None:
    """Each character of each text value comes from the characters to which `inner` points."""
    body, positions = _document(text)

    for path, value in leaves(body):
        whole = positions.of(path)
        if not isinstance(value, str) or whole is None or not value.strip():
            continue  # the indentation of a block of blanks cannot be told
        for index, sign in enumerate(value):
            span = positions.inner(path, index, index + 1)
            assert span is not None
            assert _decodes_to(cut(text, span), sign), (value, index)


@given(st.one_of(yaml_files(), json_files()), st.integers(0, 200), st.integers(0, 200))
@settings(max_examples=100, deadline=None)
def test_a_part_lies_in_its_whole(text: str, start: int, length: int) -> None:
    """A part of a value is inside the value's own span, and a longer part is not shorter in the text."""
    body, positions = _document(text)

    for path, value in leaves(body):
        if isinstance(value, str) and start < len(value):
            whole, part = positions.of(path), positions.inner(path, start, min(start + length, len(value)))
            assert whole is not None
            assert part is not None
            assert (whole.line, whole.column) <= (part.line, part.column)
            assert (part.line, part.column) <= (part.end_line, part.end_column)


BLOCKS = [
    ("a: |\n  one\n  two\n", "two"),
    ("a: |-\n  one\n   two\n", "two"),
    ("a: |+\n  one\n\n  two\n\n\n", "two"),
    ("a: |2\n    one\n  two\n", "two"),
    ("a: |2-  # c\n    one\n\n  two", "two"),
    ("a:\n  - b: |\n      one\n\n      two\n    c: d\n", "two"),
    ("a: >\n  one\n  two\n  three\n", "two"),
    ("a: >-\n\n  one\n\n\n  two\n   more\n  three\n", "two"),
    ("a: >2\n    one\n  two\n", "two"),
    ("a: one\n  two\n  three\n", "two"),
    ("a: 'one ''\n  two'\n", "two"),
    ('a: "one \\n\\\n  \\  two"\n', "two"),
    ('a: "\\x41\\u00e9\\U0001F600 \\"two"\n', "two"),
    ('{"a": "\\ud83d\\ude00 \\u0041\\/two"}', "two"),
    ("a: &x !t two\n", "two"),
    ("a: !!str # c\n  two\n", "two"),
    ("a: |\r\n  one\r\n  two\r\n", "two"),
    ("{a: 'x,\n\n  two'}", "two"),
]


@pytest.mark.parametrize(("text", "word"), BLOCKS)
def test_a_word_in_a_scalar(text: str, word: str) -> None:
    """A word inside a scalar of any style is found to the character."""
    body, positions = _document(text)
    ((path, value),) = [leaf for leaf in leaves(body) if word in str(leaf[1])]
    start = value.index(word)

    assert cut(text.replace("\r\n", "\n"), positions.inner(path, start, start + len(word))) == word


def test_collections_end_with_their_last_item() -> None:
    """A block collection spans from its first item to the end of its last, without what follows."""
    text = "a:\n  b: 1\n  c:\n  - x\n  - |\n    y\n\n# comment\nd: {e: [f]}\n"
    _, positions = _document(text)

    assert cut(text, positions.of(("a",))) == "b: 1\n  c:\n  - x\n  - |\n    y"
    assert cut(text, positions.of(("a", "c"))) == "- x\n  - |\n    y"
    assert cut(text, positions.of(("d",))) == "{e: [f]}"
    assert cut(text, positions.of(())).startswith("a:")
    assert positions.is_collection(("a", "c"))
    assert not positions.is_collection(("a", "b"))
    assert not positions.is_collection(("nothing",))


def test_through_aliases_and_merge_keys() -> None:
    """A value that comes through an alias or a merge key is found where it is written."""
    text = "x: &x\n  k: v\n  n: 1\nw:\n  <<: [*x, {m: 2, k: z}]\nz: [*x]\nq: *x\n*x : 1\n".replace("*x : 1\n", "")
    _, positions = _document(text)

    assert positions.of(("w", "k")) == positions.of(("x", "k")) == positions.of(("z", 0, "k")) == Span(2, 6, 2, 7)
    assert cut(text, positions.of(("w", "m"))) == "2"
    assert cut(text, positions.key(("q", "k"))) == "k"


def test_the_last_of_two_keys() -> None:
    """Where a key is given twice, the position is that of the value that counts."""
    assert cut("a: 1\na: 2\n", _document("a: 1\na: 2\n")[1].of(("a",))) == "2"
    assert cut('{"a": 1, "a": 2}', _document('{"a": 1, "a": 2}')[1].of(("a",))) == "2"


def test_keys_as_the_body_has_them() -> None:
    """Paths are made of the body's keys: text, also where the file has a number or a boolean."""
    text = "on: 1\n0x10: 2\n'3': 4\n"
    _, positions = _document(text)

    assert [cut(text, positions.of((key,))) for key in ("true", "16", "3")] == ["1", "2", "4"]
    assert cut(text, positions.key(("16",))) == "0x10"


def test_what_is_not_there() -> None:
    """A path that does not exist has no position, and its nearest ancestor has."""
    text = "a:\n  b: [1]\n"
    _, positions = _document(text)

    for path in (("z",), ("a", "b", 1), ("a", "b", -1), ("a", 0), ("a", "b", "0"), ("a", "b", 0, "x")):
        assert positions.of(path) is None
        assert positions.inner(path, 0, 1) is None
    assert positions.key(()) is None
    assert positions.key(("a", "b", 0)) is None
    assert positions.nearest(("a", "b", 7, "x")) == positions.of(("a", "b"))
    assert positions.nearest(("z",)) == positions.of(())


def test_documents_of_a_file() -> None:
    """Lines count from the start of the file, in every document, whatever stands between them."""
    data = "# é\n---\na: x\n--- # c\n\nb: y\n---\n[c]\n".encode()
    wanted = {0: None, 1: Span(3, 4, 3, 5), 2: Span(6, 4, 6, 5), 3: Span(8, 2, 8, 3)}

    for document in read(data):
        assert isinstance(document, Document)
        ((path, _),) = leaves(document.body)
        assert locate(data, document.index).of(path) == wanted[document.index]
    with pytest.raises(DocumentError):
        locate(data, 9)


def test_marks_and_breaks() -> None:
    """A byte order mark takes no column, and a break that only YAML knows starts no line."""
    assert _document("\ufeffa: x\n")[1].of(("a",)) == Span(1, 4, 1, 5)
    assert _document("a: 'x\u2028y'\nb: z\n")[1].of(("b",)) == Span(2, 4, 2, 5)
    assert _document("é: 😀 x\n")[1].inner(("é",), 2, 3) == Span(1, 6, 1, 7)


def test_unreadable_documents_have_no_positions() -> None:
    """To locate in what cannot be read is an error, not a guess."""
    for data in (b"a: [", b"a: \xff", b"# empty", b"\xff\xfe\x00"):
        with pytest.raises(DocumentError):
            locate(data, 0)


def test_text_of_its_own() -> None:
    """A text that is a value can be located from any line on."""
    assert locate_text("a: b\n", 10).of(("a",)) == Span(10, 4, 10, 5)


@given(bodies)
@example({"a": {"b": ["x"]}})
def test_json_positions_are_lazy_and_complete(body: dict[str, Any]) -> None:
    """In JSON, the text of every collection is the collection."""
    text = json.dumps(body)
    positions = locate_text(text)

    for key, value in body.items():
        assert json.loads(cut(text, positions.of((key,)))) == value
        assert json.loads(cut(text, positions.key((key,)))) == key
