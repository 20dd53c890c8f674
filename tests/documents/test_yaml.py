"""Documents are read as the API server reads them, fast or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.documents.corpora import manifests
from tests.documents.kubernetes import same
from tests.documents.oracle.write_vectors import SCALARS
from tests.documents.texts import json_files, texts, yaml_files

from strongroom.documents import agreement
from strongroom.documents.chunks import Chunk, split, text_of
from strongroom.documents.limits import DEFAULT, Limits
from strongroom.documents.yaml import BadDocument, Document, field, read, read_exactly
from strongroom.errors import DocumentError

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())


def bodies(text: str | bytes) -> list[Any]:
    """Return the bodies of a file, None for every bad document."""
    data = text.encode() if isinstance(text, str) else text
    return [each.body if isinstance(each, Document) else None for each in read(data)]


def test_vectors() -> None:
    """Every recorded answer of the API machinery, a value or a refusal, is ours as well."""
    wrong = []
    for text, answer in VECTORS:
        wanted = [each for each in answer if each["value"] is not None or each.get("refused")]
        got = bodies(text)
        if len(got) != len(wanted) or not all(
            body is None if each.get("refused") else same(body, each["value"])
            for body, each in zip(got, wanted, strict=True)
        ):
            wrong.append(text)
    assert wrong == []


def _both_ways(text: str) -> tuple[Any, Any]:
    data = text.encode()
    exact: list[Any] = []
    for chunk in split(data):
        try:
            found = None if chunk.separator else read_exactly(chunk, text_of(data, chunk), DEFAULT)
        except DocumentError as error:
            found = BadDocument(chunk.index, error.line or 0, error.column or 0, error.message)
        if found is not None or chunk.separator:
            exact.append(found)
    quick = [None if isinstance(each, BadDocument) and "separator" in each.reason else each for each in read(data)]
    return quick, exact


def _typed(documents: list[Any]) -> str:
    return repr([each.body if isinstance(each, Document) else "bad" for each in documents])


@given(texts)
@settings(max_examples=300)
def test_fast_is_exact_on_nearly_yaml(text: str) -> None:
    """What the fast path accepts, the exact path reads in the same way, values and types."""
    quick, exact = _both_ways(text)

    assert _typed(quick) == _typed(exact)


@given(yaml_files())
@settings(max_examples=100)
def test_fast_is_exact_on_yaml(text: str) -> None:
    """A dumped mapping is the same on both paths."""
    quick, exact = _both_ways(text)

    assert _typed(quick) == _typed(exact)


_SIGNS = st.text("0123456789_+-.eExXoObBaf:T Z", max_size=10)


@given(
    st.one_of(_SIGNS, st.sampled_from(SCALARS)),
    st.sampled_from(["a: {}", "- {}", "{}: a", "[{}, 1]", 'a: "{}"', "a:\n - {}\n"]),
)
@settings(max_examples=500)
def test_fast_is_exact_on_scalars(scalar: str, frame: str) -> None:
    """Whatever looks like a number is the same on both paths."""
    quick, exact = _both_ways(frame.format(scalar))

    assert _typed(quick) == _typed(exact)


def test_fast_is_exact_on_real_manifests() -> None:
    """On every real manifest, the fast path gives what the exact path gives, and it is hardly ever left."""
    files = manifests()
    if not files:
        pytest.skip("the corpora are not beside the repository, and STRONGROOM_CORPORA is not set")
    left = total = 0
    for path in files:
        data = path.read_bytes()
        quick = {each.index: each for each in read(data)}
        for chunk in split(data):
            text = text_of(data, chunk)
            found = None if chunk.separator else read_exactly(chunk, text, DEFAULT)
            assert chunk.separator or quick.get(chunk.index) == found, (path.name, chunk.index)
            total += chunk.length
            left += 0 if agreement.may_try(text, DEFAULT) else chunk.length
    assert left < total / 50


@given(json_files())
@settings(max_examples=100)
def test_json_is_its_value(text: str) -> None:
    """A JSON file is what the standard library reads, integral floats aside."""
    assert bodies(text) == [json.loads(text)]


def test_documents_know_where_they_stand() -> None:
    """Index, line, offset and length name a document's text; empty ones are left out and counted."""
    data = "# c\n---\na: 1\n---\n# é\n---\nb: 2\n".encode()

    first, second = read(data)

    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert (first.index, first.line, data[first.offset :][: first.length]) == (1, 3, b"a: 1\n")
    assert (second.index, second.line, data[second.offset :][: second.length]) == (3, 7, b"b: 2\n")


def test_a_bad_document_stops_no_other() -> None:
    """A document that cannot be read is told by its position, and its neighbours are read."""
    found = list(read(b"a: 1\n---\nb: [\n---\nc: 3\n---\nd: \xff\n---\ne: 5\n"))

    assert [type(each) for each in found] == [Document, BadDocument, Document, BadDocument, Document]
    assert found[1] == BadDocument(1, 4, 1, "not valid yaml: did not find expected node content")
    assert found[3] == BadDocument(3, 7, 4, "not valid utf-8 at byte 30")


def test_text_behind_a_separator() -> None:
    """The clients refuse text behind ``---``; the documents around it are still read."""
    found = list(read(b"a: 1\n--- !t\nb: 2\n"))

    assert [each.body for each in found if isinstance(each, Document)] == [{"a": 1}, {"b": 2}]
    assert BadDocument(1, 2, 4, "text behind a document separator") in found


def test_a_bad_directive_is_no_other_percent_sign() -> None:
    """A directive is refused as the clients refuse it; a percent sign inside a scalar is none."""
    (bad, good) = read(b"# c\n%YAML 1.1\n---\na: 1\n")

    assert bad == BadDocument(0, 2, 1, "a directive, and no document start in its piece")
    assert isinstance(good, Document)
    assert bodies("\u00a0%a\n--- \u00a0\na: %b\n---\nc: 1 %\n")[0] == "\u00a0%a"
    assert bodies("c: |\n  x\n %\n%\n") == [None]


def test_duplicates_are_told_and_the_last_counts() -> None:
    """A key given twice is named with its path and position, in YAML and in JSON."""
    text = "x: 1\n---\nspec:\n  c:\n  - {m: 1, m: 2}\n  'tls.crt': a\n  \"tls.crt\": b\n"
    document = list(read(text.encode()))[1]
    assert isinstance(document, Document)
    assert document.body == {"spec": {"c": [{"m": 2}], "tls.crt": "b"}}
    assert document.duplicates == (("spec.c[0].m", 5, 12), ('spec["tls.crt"]', 7, 3))

    (document,) = read(b'{"a": {"b": [1, {"c": "x", "d": {}, "c": [2]}]},\n "a": 3}')
    assert isinstance(document, Document)
    assert document.body == {"a": 3}
    assert document.duplicates == (("a.b[1].c", 1, 37), ("a", 2, 2))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_encodings(encoding: str) -> None:
    """Byte order marks are understood; UTF-16 is read where it has one."""
    mark = "\ufeff" if encoding.endswith(("le", "be")) else ""

    assert bodies(f"{mark}a: é\n---\nb: 2\n".encode(encoding)) == [{"a": "é"}, {"b": 2}]


def test_cut_utf16() -> None:
    """UTF-16 that ends inside a character is a bad document."""
    (bad,) = read("\ufeffa: b".encode("utf-16-le") + b"x")

    assert isinstance(bad, BadDocument)
    assert bad.reason.startswith("not valid utf-16 at byte")


def test_json_streams() -> None:
    """Values one after the other are documents; a file may go on in YAML."""
    stream = b'{"a": 1}\n{"b": [2]} {"c": 3}\n'
    found = [each for each in read(stream) if isinstance(each, Document)]

    assert [each.body for each in found] == [{"a": 1}, {"b": [2]}, {"c": 3}]
    assert [(each.index, each.line) for each in found] == [(0, 1), (1, 2), (2, 2)]
    assert [stream[each.offset :][: each.length] for each in found] == [b'{"a": 1}', b'{"b": [2]}', b'{"c": 3}']
    assert bodies(b'{"a": 1}\n---\nb: 2\n---\n{"c": "\\ud83d\\ude00"}\n') == [{"a": 1}, {"b": 2}, {"c": "😀"}]


def test_one_json_value_with_blanks_around() -> None:
    """Line, offset and duplicates of a JSON file count from its first sign, whatever stands around it."""
    data = b'\xef\xbb\xbf \r\n\n  {"a": 1,\r\n "a": 2}\r\n\n'
    (document,) = read(data)

    assert isinstance(document, Document)
    assert document.body == {"a": 2}
    assert (document.index, document.line, data[document.offset :][: document.length]) == (
        0,
        3,
        b'{"a": 1,\r\n "a": 2}',
    )
    assert document.duplicates == (("a", 4, 2),)


def test_json_details() -> None:
    """Lone surrogates are replaced as Go does, large integers are floats, and constants that JSON has not are refused."""
    assert bodies('{"a": "\\ud83d", "b": 18446744073709551615, "c": 2.0}') == [
        {"a": "\ufffd", "b": 1.8446744073709552e19, "c": 2}
    ]
    assert bodies('{"a": NaN}') == [{"a": "NaN"}]  # not JSON, but a YAML string


def test_limits() -> None:
    """Size, number of documents, depth and nodes are bounded by the limits given."""
    assert list(read(b"a: 1", Limits(max_bytes=3))) == [BadDocument(0, 1, 1, "larger than 3 bytes")]
    found = list(read(b"a: 1\n---\nb: 1\n---\nc: 1\n", Limits(max_documents=2)))
    assert found[2:] == [BadDocument(2, 5, 1, "more than 2 documents")]
    for text in (b"[[[1]]]", b"a: {b: {c: 1}}", b"a:\n  b:\n    c: 1\n", b'{"a": {"b": {"c": 1}}}'):
        (bad,) = read(text, Limits(max_depth=2))
        assert isinstance(bad, BadDocument)
        assert bad.reason == "nested too deeply"
        assert isinstance(next(read(text, Limits(max_depth=3))), Document)
    (bad,) = read(b"a: &a [1, 2, 3]\nb: [*a, *a, *a]\n", Limits(max_nodes=20))
    assert isinstance(bad, BadDocument)


def test_field() -> None:
    """Paths are written as people write them."""
    assert field(("spec", "containers", 0, "env")) == "spec.containers[0].env"
    assert field(("data", "tls.crt")) == 'data["tls.crt"]'
    assert field(("data", 'a"b', 1)) == 'data["a\\"b"][1]'
    assert field(("1a", "b-c")) == '["1a"].b-c'


SECRET = "hunter2secret"
BROKEN = [
    "a: *{}", "a: b: {}", "a: [{}", 'a: "{}', "a: %{}", "a: @{}", "&{} [*{}]", "a: !!int {}", "a: !!binary {}*", "!{}!x y", "--- {}",
    "? [{}]\n: 1", "a: {}\n b: c", "%{}", "\t{}: 1", "a: {}\x07", "{}: *x", "!<{}", "a: '{}\\", 'a: "\\z{}"', "<<: {}", "a: |x{}", '{{"a": {}',
]  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_reasons_quote_nothing(text: str) -> None:
    """The reason why a document is bad holds nothing of its text."""
    found = list(read(text.replace("{}", SECRET).replace("{{", "{").encode()))

    assert any(isinstance(each, BadDocument) for each in found)
    assert not any(SECRET in each.reason for each in found if isinstance(each, BadDocument))


@given(texts)
@settings(max_examples=200)
def test_reasons_are_fixed_words(text: str) -> None:
    """Reasons come from a fixed vocabulary whatever the text: changing its letters does not change them."""
    changed = text.replace("x", "w").replace("k", "j")

    for one, other in zip(read(text.encode()), read(changed.encode()), strict=False):
        if isinstance(one, BadDocument) and isinstance(other, BadDocument):
            assert one.reason == other.reason


def test_merge_keys_and_aliases() -> None:
    """A merge key overwrites what stands before it and yields to what stands behind, as in go-yaml."""
    text = "x: &x {a: 1, b: 1}\nw:\n  a: 2\n  <<: *x\n  b: 2\nz: [*x]\n"

    assert bodies(text) == [{"x": {"a": 1, "b": 1}, "w": {"a": 1, "b": 2}, "z": [{"a": 1, "b": 1}]}]


def test_chunk_is_what_read_uses() -> None:
    """A piece read alone on the exact path is the document that reading the file gives."""
    data = b"a: 1\n---\nb: yes\n"
    chunk = list(split(data))[1]

    assert chunk == Chunk(1, 3, 9, 7)
    assert read_exactly(chunk, text_of(data, chunk), DEFAULT) == list(read(data))[1]
