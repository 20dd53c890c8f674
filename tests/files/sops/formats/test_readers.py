"""Readers of all formats, given what nobody would write: they refuse, and end soon."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.files.sops import documents, made

from strongroom.errors import DocumentError, LimitError, StrongroomError, UsageError
from strongroom.files.sops.formats import FORMATS, format_of
from strongroom.files.sops.metadata import from_mapping
from strongroom.files.sops.opened import open_file

FORMS = [each.id for each in FORMATS]


@pytest.mark.parametrize("form", FORMS)
@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))))
def test_anything_is_read_or_refused(form: str, data: bytes) -> None:
    """Bytes of any kind give a document or an error of ours, as plain and as encrypted files."""
    for encrypted in (False, True):
        with suppress(StrongroomError):
            document = format_of("", form).read(data, encrypted)
            if document.metadata is not None:
                from_mapping(document.metadata)


@pytest.mark.parametrize("form", FORMS)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_damaged_files_are_opened_or_refused(form: str, seed: int) -> None:
    """Encrypted files with pieces cut, doubled and changed never crash, nor give what is not authenticated."""
    random = Random(seed)  # noqa: S311 - test data
    plain = documents.MAKERS[form](random)
    try:
        data = made.encrypted(plain, form)
    except StrongroomError:
        return
    known = {scalar.data.reveal() for scalar in made.opened(data, form).scalars}
    for _ in range(random.randint(1, 3)):
        at, size = random.randrange(len(data)), random.randint(0, 40)
        piece = random.choice(
            (b"", data[at : at + size] * 2, b"#", b"\n", b"  ", b"'", b"&a *a", b"{", b"- ", b"\xff", b"---\n")
        )
        data = data[:at] + piece + data[at + random.choice((0, size)) :]
    try:
        found = open_file(data, format_of("", form), lambda _: made.data_key())
    except StrongroomError:
        return
    assert {scalar.data.reveal() for scalar in found.scalars if scalar.type != "comment"} <= known


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("yaml", b"a: " + b"[" * 10_000),
        ("yaml", b"a: " + b"[" * 10_000 + b"]" * 10_000),
        ("yaml", b"".join(b" " * depth + b"k:\n" for depth in range(400))),
        ("yaml", b"".join(b" " * depth + b"k: # c\n" for depth in range(400))),
        ("yaml", b"a: " + b"- " * 500 + b"x\n"),
        ("json", b'{"a": ' + b"[" * 100_000),
        ("json", b'{"a": ' * 300 + b"1" + b"}" * 300),
    ],
)
def test_nesting_is_bounded(form: str, data: bytes) -> None:
    """Depth ends in an error of ours."""
    with pytest.raises((LimitError, DocumentError)):
        format_of("", form).read(data, False)


def test_aliases_are_bounded() -> None:
    """What aliases expand to is counted while it is expanded."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    with pytest.raises(LimitError, match="aliases"):
        format_of("a.yaml").read(bomb.encode(), False)
    with pytest.raises(DocumentError, match="contains itself"):
        format_of("a.yaml").read(b"a: &a [*a]\n", False)
    with pytest.raises(DocumentError, match="unknown anchor"):
        format_of("a.yaml").read(b"a: *b\n", False)


@pytest.mark.parametrize("form", ["yaml", "json", "dotenv", "ini"])
def test_size_is_bounded(form: str) -> None:
    """A file beyond the limit is refused before it is read."""
    with pytest.raises(LimitError, match="larger than"):
        format_of("", form).read(b"x" * (64 * 1024 * 1024 + 1), False)


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.yaml", "yaml"), ("a.yml", "yaml"), ("a.json", "json"), (".env", "dotenv"), ("a.ini", "ini"), ("a.txt", "binary"), ("YAML", "binary")],
)  # fmt: skip
def test_the_name_of_a_file_says_its_format(name: str, form: str) -> None:
    """The endings are those of sops; every other file is binary."""
    assert format_of(name).id == form
    assert format_of(name, "json").id == "json"


def test_an_unknown_format_is_refused() -> None:
    """The error names those that there are."""
    with pytest.raises(UsageError) as caught:
        format_of("a.yaml", "toml")

    assert "dotenv" in caught.value.hint


@pytest.mark.parametrize(
    ("form", "data", "reason"),
    [
        ("yaml", b"- a\n", "is a list"),
        ("yaml", b"text\n", "single value"),
        ("yaml", b"1: a\n", "no text"),
        ("yaml", b"null: a\n", "no text"),
        ("yaml", b"a: 1\na: 2\n", "twice"),
        ("yaml", b"a: !!int x\n", "explicit tag"),
        ("yaml", b"a: 18446744073709551615\n", "64 bits"),
        ("yaml", b"%YAML 1.2\n---\na: b\n", "version of yaml"),
        ("yaml", b"a: [\n", "not valid yaml"),
        ("yaml", b"a: \xff\n", "utf-8"),
        ("json", b"[1]", "no object"),
        ("json", b'{"a": 1} x', "not valid json"),
        ("json", b'{"a": 1e999}', "beyond"),
        ("json", b'{"a": 01}', "not valid json"),
        ("dotenv", b"A=1\nB\n", "neither a comment"),
        ("ini", b"[a\nb=c\n", "bracket"),
        ("ini", b"[a]\nb\n", "neither a section"),
        ("ini", b"[a]\nb=1\nb=2\n", "twice"),
        ("ini", b'[a]\nb = """c\n', "closing quote"),
    ],
)
def test_what_sops_does_not_take_is_refused_with_its_place(form: str, data: bytes, reason: str) -> None:
    """The error says why, and never what stands there."""
    with pytest.raises(DocumentError, match=reason):
        format_of("", form).read(data, False)
