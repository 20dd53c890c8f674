"""What the program sops reads and writes, and what is read and written here, are the same: both ways, every format.

The documents are made at random (``documents``); the short run is part of every test run, the long one of ``verify``.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.files.sops import documents, made
from tests.support import sops

from strongroom.files.sops.envelope import mac_bytes
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.selection import Selection

FORMS = ("yaml", "json", "dotenv", "ini", "binary")
CORPUS = Path("/work/shared/corpora/manifests")
_Values = list[tuple[tuple[str, ...], str, bytes, int]]
_Leaves = tuple[_Values, list[tuple[tuple[str, ...], bytes]]]


def _leaves(data: bytes, form: str) -> _Leaves:
    """Return the values in their order, numbers of either kind as numbers, and the comments."""
    values: _Values = []
    comments: list[tuple[tuple[str, ...], bytes]] = []
    for leaf in format_of("", form).read(data, False).leaves:
        kind, hashed = leaf.scalar.type, mac_bytes(leaf.scalar)
        if kind == "comment":
            comments.append((leaf.path, b" ".join(hashed.replace(b";", b"#").replace(b"#", b" ").split())))
        else:
            # sops writes the float 1000.0 as 1000, which is an integer when it is read again
            number = kind in {"int", "float"}
            hashed = b"0" if number and hashed == b"-0" else hashed
            values.append((leaf.path, "number" if number else kind, hashed, leaf.branch))
    return values, sorted(comment for comment in comments if comment[1])


def check(data: bytes, form: str, selection: Selection, options: tuple[str, ...]) -> None:
    """Compare both ways; where sops refuses a document, or cannot read what it wrote itself, there is nothing to say."""
    output = form if form == "binary" else "json"
    try:
        theirs = sops.encrypt(data, form, *options)
        reference = sops.decrypt(theirs, form, output)
    except sops.Refused:
        return
    ours = made.encrypted(data, form, selection)
    assert sops.decrypt(ours, form, output) == reference
    we_read_ours, we_read_sops = made.decrypted(ours, form), made.decrypted(theirs, form)
    if form == "binary":
        assert data == reference == we_read_ours == we_read_sops
        return
    values, comments = _leaves(data, form)
    again, remarks = _leaves(we_read_ours, form)
    assert again == values
    assert sorted(text for _, text in remarks) == sorted(text for _, text in comments)
    read, kept = _leaves(we_read_sops, form)
    assert read == values
    # sops moves comments, and then does not open some of them itself
    opened = Counter(text for _, text in kept if not text.startswith(b"ENC["))
    assert not opened - Counter(text for _, text in comments)


def _document(form: str, seed: int) -> tuple[bytes, str, Selection, tuple[str, ...]]:
    random = Random(seed)  # noqa: S311 - test data
    choices = documents.SELECTIONS if form == "yaml" else documents.SELECTIONS[: 1 if form == "binary" else 5]
    _, fields, options = random.choice(choices)
    maker = documents.anchored if form == "yaml" and seed % 20 == 0 else documents.MAKERS[form]
    return maker(random), form, Selection(**fields), options  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMS)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=12)
def test_both_read_what_the_other_writes(form: str, seed: int) -> None:
    """Types, bytes and paths of all values survive encryption by one and decryption by the other."""
    check(*_document(form, seed))


@pytest.mark.verify
@pytest.mark.parametrize("part", range(20))
def test_both_read_what_the_other_writes_in_ten_thousand_documents(part: int) -> None:
    """The same over 10,000 documents."""
    for number in range(500):
        check(*_document(FORMS[number % 4] if number % 25 else "binary", part * 1_000_000 + number))


@pytest.mark.verify
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of manifests is not here")
def test_manifests_of_public_repositories() -> None:
    """The same with manifests as people write them, everything in them encrypted, and Secrets alone."""
    for path in sorted((*CORPUS.rglob("*.yaml"), *CORPUS.rglob("*.yml"))):
        data = path.read_bytes()
        if len(data) < 100_000:
            check(data, "yaml", made.EVERYTHING, ())
            check(data, "yaml", made.SECRETS, ("--encrypted-regex", made.SECRETS.encrypted_regex))
