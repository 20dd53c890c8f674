"""YAML: comments where go-yaml has them, scalars as it resolves them, and layout kept."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.files.sops import documents, made
from tests.support import sops

from strongroom.errors import StrongroomError
from strongroom.files.sops.document import Scalar
from strongroom.files.sops.envelope import mac_bytes
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.formats.yaml_lines import build as by_lines
from strongroom.files.sops.formats.yaml_scalars import is_plain, resolve, written
from strongroom.files.sops.formats.yaml_tree import build as by_tree
from strongroom.model.plaintext import Plaintext

YAML = format_of("a.yaml")


def _comments(data: bytes) -> list[tuple[str, str]]:
    return [
        (".".join(leaf.path), leaf.scalar.data.reveal().decode().strip())
        for leaf in YAML.read(data, False).leaves
        if leaf.scalar.type == "comment"
    ]


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        ("# c\na: b\n", [("", "c")]),
        ("a: b # c\n", [("", "c")]),
        ("a:\n  # c\n  b: d\n", [("a", "c")]),
        ("a:\n  b: d\n  # c\ne: f\n", [("a", "c")]),
        ("a:\n  b: d\n# c\ne: f\n", [("", "c")]),
        ("a:\n  b: d\n\n  # c\n\ne: f\n", [("a", "c")]),
        ("a: # c\n  b: d\n", [("", "c")]),
        ("a:\n  - b\n  # c\n  - d\n", [("a", "c")]),
        ("a:\n- # c\n  b: d\n", [("a.b", "c")]),
        ("a: | # c\n  text # no\n", [("", "c")]),
        ("a: [b, # c\n  d]\n", [("a", "c")]),
        ("a: [ # c\n  b]\n", [("a", "c")]),
        ("a: b#c\nd: 'e # f'\n", []),
    ],
)
def test_comments_belong_where_sops_has_them(text: str, comments: list[tuple[str, str]]) -> None:
    """The mapping of a comment is what binds it to its place when it is encrypted."""
    expected = [(path.rsplit(".", 1)[0] if path == "a.b" else path, said) for path, said in comments]

    assert _comments(text.encode()) == expected


@given(seed=st.integers(0, 2**32))
@settings(max_examples=150)
def test_lines_read_what_the_parser_reads(seed: int) -> None:
    """Where the short way gives a document, the long way gives the same: leaves, places and metadata."""
    text = documents.yaml(Random(seed)).decode()  # noqa: S311 - test data
    if seed % 2:
        try:
            text = made.encrypted(text.encode(), "yaml").decode()
        except StrongroomError:
            return
    short = by_lines(text)
    if short is None:
        return
    long = by_tree(text)
    assert not isinstance(long, str)
    assert [_shown(leaf) for leaf in short.leaves] == [_shown(leaf) for leaf in long.leaves]
    assert short.blocks == long.blocks
    assert short.metadata == long.metadata


def _shown(leaf: object) -> tuple[object, ...]:
    assert isinstance(leaf, tuple)
    scalar = leaf[3]
    return (*leaf[:3], scalar.type, scalar.data.reveal(), *leaf[4:6], leaf[7])


def test_what_sops_writes_is_read_by_lines() -> None:
    """The parser is not needed for plain manifests, nor for what sops made of them."""
    manifest = "# top\napiVersion: v1\nkind: Secret\nmetadata:\n  name: a # beside\ndata:\n  # above\n  b: Yw==\n"

    assert by_lines(manifest) is not None
    assert by_lines(sops.encrypt(manifest.encode(), "yaml").decode()) is not None
    assert by_lines(made.encrypted(manifest.encode(), "yaml").decode()) is not None


@pytest.mark.parametrize("text", documents.PLAIN)
def test_plain_scalars_are_what_sops_takes_them_for(text: str) -> None:
    """Types come from sops: it writes them into the envelope."""
    data = f"a: {text}\n".encode()
    try:
        theirs = sops.encrypt(data, "yaml")
    except sops.Refused:
        with pytest.raises(StrongroomError):
            YAML.read(data, False)
        return
    leaves = YAML.read(data, False).leaves
    envelope = theirs.split(b"\n", 1)[0]
    if not leaves:
        assert envelope == b"a: null"
    elif leaves[0].scalar.data:
        assert envelope.endswith(f",type:{leaves[0].scalar.type}]".encode())
        opened = made.opened(theirs, "yaml").scalars[0]
        assert mac_bytes(opened) == mac_bytes(leaves[0].scalar)


@given(st.text(max_size=40))
def test_a_plain_text_is_read_as_itself(text: str) -> None:
    """What needs no quotes is no number, no word and no sign of YAML, in blocks and between brackets."""
    if is_plain(text, flow=False):
        assert resolve(text, None) == ("str", text)
        assert [leaf.scalar.data.reveal() for leaf in YAML.read(f"a: {text}\n".encode(), False).leaves] == [
            text.encode()
        ]
    if is_plain(text, flow=True):
        assert [leaf.scalar.data.reveal() for leaf in YAML.read(f"a: [{text}]\n".encode(), False).leaves] == [
            text.encode()
        ]


@given(
    value=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60),
    style=st.sampled_from(["", "'", '"', " flow", "' flow", '" flow']),
)
def test_a_written_text_is_read_again(value: str, style: str) -> None:
    """Whatever the text and the quotes before, the value comes back as a text."""
    quote = style.removesuffix("flow").strip()
    template = f"a: [{quote}v{quote}]" if style.endswith("flow") else f"a: {quote}v{quote}"
    document = YAML.read(f"{template}\nb: c\n".encode(), False)
    again = YAML.read(YAML.write(document, {0: Scalar("str", Plaintext(value))}, None), False)

    assert [leaf.scalar for leaf in again.leaves] == [Scalar("str", Plaintext(value)), Scalar("str", Plaintext("c"))]


@pytest.mark.parametrize(
    "text", ["yes", "1", "0x1F", "null", "~", "2026-01-01", "1:30", "", "a: b", "- a", "#", ".inf", "<<", "=", "y"]
)
def test_what_would_be_something_else_is_quoted(text: str) -> None:
    """For YAML 1.1 and 1.2 alike."""
    assert written(Scalar("str", Plaintext(text)), "") == f'"{text}"'


def test_bytes_that_are_no_text_are_binary() -> None:
    """``!!binary`` survives."""
    data = b"a: !!binary /w==\n"

    assert made.decrypted(made.encrypted(data, "yaml"), "yaml") == data


def test_aliases_become_copies() -> None:
    """As with sops, which knows no anchors in encrypted files; merge keys keep their meaning."""
    data = b"base: &base {x: 1, y: 'two'}\nuse:\n  <<: *base\n  z: *base\n"
    plain = made.decrypted(made.encrypted(data, "yaml"), "yaml")

    assert plain == b"base: &base {x: 1, y: two}\nuse:\n  <<: {x: 1, y: two}\n  z: {x: 1, y: two}\n"


@pytest.mark.parametrize(
    "data",
    [
        b"a: |\n  text",
        b"a: |+\n  text\n\nb: c\n",
        b"a: >-\n  folded\n  text\n",
        b"a: |\n  one\n\n\nb: c\n",
        b"a: | # c\n  one\n  two\nb: c # d\n",
        b"a:\r\n  b: c\r\n  d: |\r\n    e\r\n",
        b"\xef\xbb\xbfa: b\n",
        b"--- # s\na: b\n...\n---\nc: d\n",
        b"{a: b, c: [d]}\n",
        b"{}\n",
        b"---\n---\na: b\n",
        b"  a: b\n  c: d\n",
        "ä: ö # ü\nß: 'é'\n".encode(),
    ],
)
def test_odd_files_go_there_and_back(data: bytes) -> None:
    """The program reads what is made of them, and they come back with the same values."""
    sealed = made.encrypted(data, "yaml")
    plain = made.decrypted(sealed, "yaml")

    assert [leaf.scalar for leaf in YAML.read(plain, False).leaves] == [
        leaf.scalar for leaf in YAML.read(data, False).leaves
    ]
    assert sops.decrypt(sealed, "yaml", "json") == sops.decrypt(sops.encrypt(data, "yaml"), "yaml", "json")


def test_every_document_has_metadata() -> None:
    """As with sops, in a file of several documents each has them; they go again with each."""
    data = b"a: b\n---\n# c\nd: e\n"
    sealed = made.encrypted(data, "yaml")

    assert sealed.count(b"\nsops:\n") == 2
    assert made.decrypted(sealed, "yaml") == data


def test_an_empty_first_document_stays_one() -> None:
    """What sops makes of it is a document again, so that those behind it keep their places."""
    theirs = sops.encrypt(b"{}\n---\na: b\n", "yaml")

    assert made.decrypted(theirs, "yaml") == b"{}\n---\na: b\n"


def test_a_deep_comment_stays_out_of_the_block_above() -> None:
    """A comment below a value of several lines stays a comment, also where it stands as deep as the lines would."""
    data = b"a:\n    b: |\n          one\n          two\n        # deep\n    c: x\n"

    again = made.decrypted(made.encrypted(data, "yaml"), "yaml")

    assert [(leaf.path, leaf.scalar.data.reveal()) for leaf in YAML.read(again, False).leaves] == [
        (leaf.path, leaf.scalar.data.reveal()) for leaf in YAML.read(data, False).leaves
    ]
