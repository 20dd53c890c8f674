"""Sets of words, written as text."""

from __future__ import annotations


def wordset(text: str) -> frozenset[str]:
    """Return the words of a text, split at white space."""
    return frozenset(text.split())
