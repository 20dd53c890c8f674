"""Words that several formats share."""

from __future__ import annotations

import pytest

from strongroom.report.wording import plural


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (12_000, "12,000 files")]
)
def test_numbers_have_their_nouns(number: int, expected: str) -> None:
    """One file, and everything else in the plural, thousands separated."""
    assert plural(number, "file") == expected


def test_an_irregular_plural_is_given() -> None:
    """Where adding an s is wrong, the plural is given."""
    assert plural(2, "entry", "entries") == "2 entries"
