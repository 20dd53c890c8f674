"""The API machinery, asked afresh."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.documents.corpora import manifests
from tests.documents.kubernetes import ask, build, same
from tests.documents.texts import json_files, texts, yaml_files

from strongroom.documents.yaml import BadDocument, Document, read

_SEPARATOR_WITH_TEXT = re.compile(r"^---[^\S\n]*[^\s#]|^---[^\n]*\S[^\n]*#", re.MULTILINE)


@pytest.fixture(scope="session", name="oracle")
def _oracle() -> Path:
    program = build()
    if program is None:
        pytest.skip("go is not installed: the recorded vectors alone are compared")
    return program


def _disagreement(text: bytes, answers: list[dict[str, Any]]) -> str:
    if text.lstrip().startswith(b"{") and any(each.get("refused") for each in answers):
        return ""  # taken for a JSON stream: their reader stops for good at the first error
    ours = list(read(text))
    if len(ours) != len(answers):
        return f"{len(ours)} documents, theirs {len(answers)}"
    for mine, theirs in zip(ours, answers, strict=True):
        if theirs.get("refused"):
            continue  # we may read what they refuse: more is seen, and nothing is seen in another way
        if isinstance(mine, BadDocument):
            return f"refused: {mine.reason}"
        if not same(mine.body, theirs["value"]):
            return "another value"
    return ""


def test_real_manifests(oracle: Path) -> None:
    """Every document of the corpora that the API machinery reads, we read as the same value."""
    files = manifests()
    if not files:
        pytest.skip("the corpora are not beside the repository, and STRONGROOM_CORPORA is not set")
    contents = [path.read_bytes() for path in files]

    wrong = {
        path.name: told
        for path, text, answers in zip(files, contents, ask(oracle, contents), strict=True)
        if (told := _disagreement(text, answers))
    }

    assert wrong == {}


@given(st.one_of(texts, yaml_files(), json_files()))
@settings(max_examples=200, deadline=None)
def test_generated_documents(oracle: Path, text: str) -> None:
    """What the API machinery reads from a generated text, we read as the same value, unless we refuse it."""
    # a separator with text behind it makes their reader forget the document before it, which we still read
    assume(not _SEPARATOR_WITH_TEXT.search(text))

    (theirs,) = ask(oracle, [text.encode()])
    ours = list(read(text.encode()))

    if any(each.get("refused") for each in theirs) or any(isinstance(each, BadDocument) for each in ours):
        return
    assert len(ours) == len(theirs)
    assert all(
        same(mine.body, each["value"]) for mine, each in zip(ours, theirs, strict=True) if isinstance(mine, Document)
    )
