"""Which values are searched, and how they may be written."""

from __future__ import annotations

import pytest
from hypothesis import given
from tests.leaks.known_texts import TEXT_VALUES, VALUES, stripped

from strongroom.leaks.known_forms import Form, Place, read_back, why_not_searched, written


@given(VALUES)
def test_what_is_written_is_read_back(value: bytes) -> None:
    """Every way to write a value is undone to the value; base64 once what surrounds the value is there."""
    value = stripped(value)
    for how in written(value):
        if how.form in (Form.BASE64, Form.LINES):
            continue
        place = Place(how.form, how.lead, how.line, 0, len(how.text), len(value), 0)
        assert value in {reading.value for reading in read_back(how.text, place)}


@given(TEXT_VALUES)
def test_each_text_is_written_once(value: str) -> None:
    """Two ways that come to the same text are one, so that no place is named twice."""
    texts = [how.text for how in written(stripped(value.encode())) if how.form is not Form.LINES]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("hunter2", "shorter than 8 bytes"),
        ("   hunter2   ", "shorter than 8 bytes"),
        ("password", "common words"),
        ("changeme", "common words"),
        ("postgresql", "common words"),
        ("localhost", "single words and numbers"),
        ("20261121", "single words and numbers"),
        ("PRODUCTION", "single words and numbers"),
        ("aaaaaaaaaaaaaaaaB1", "too few different characters"),
        ("********************", "too few different characters"),
        ("Password123!", "common words"),
    ],
)
def test_what_stands_everywhere_is_not_searched(value: str, why: str) -> None:
    """Short, common and monotonous values are left out, and it is said why."""
    assert why_not_searched(value.encode()) == why


@pytest.mark.parametrize(
    "value", ["x7Kq!pW2", "correct horse battery", "wellfleetharbour", "\x00\x01\x02\x03\x04\x05\x06\x07"]
)
def test_everything_else_is_searched(value: str) -> None:
    """Eight bytes that no word list knows are enough."""
    assert why_not_searched(value.encode()) == ""
