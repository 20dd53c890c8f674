"""Many texts are searched as one, and each match comes back with its own text."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.leaks.known_texts import KEY

from strongroom.leaks.known import BATCH, KnownMatch, KnownValues
from strongroom.leaks.known_windows import WindowSearch
from strongroom.model.plaintext import Plaintext

VALUES = (b"Gannet7-Locker!x", b"Kelpie8-Otter9!q")
KNOWN = KnownValues([WindowSearch(map(Plaintext, VALUES), KEY)])


@given(st.lists(st.lists(st.sampled_from((*VALUES, b"Gannet7-", b"Locker!x", b" ", b"\n")), max_size=6), max_size=8))
@settings(max_examples=200)
def test_together_as_one_by_one(parts: list[list[bytes]]) -> None:
    """What is found in texts together is what is found in each; no value is seen across two of them."""
    texts = [b"".join(part) for part in parts]
    together = sorted(KNOWN.search_all(enumerate(texts)))
    assert together == sorted((n, match) for n, text in enumerate(texts) for match in KNOWN.search(text))


def test_more_texts_than_one_batch() -> None:
    """Texts of several batches all come back with their names."""
    rng = random.Random(1)  # noqa: S311 - test data
    texts = [(n, rng.randbytes(1000) + VALUES[n % 2] + rng.randbytes(1000)) for n in range(3 * BATCH // 2000)]
    found = list(KNOWN.search_all(texts))
    assert [name for name, _ in found] == [name for name, _ in texts]
    assert {(match.start, match.end) for _, match in found} == {(1000, 1016)}


def test_matches_come_in_order() -> None:
    """Matches of one text are ordered by where they start."""
    text = VALUES[1] + b" " + VALUES[0] + b" " + VALUES[1]
    assert [match.start for match in KNOWN.search(text)] == [0, 17, 34]
    assert all(isinstance(match, KnownMatch) for match in KNOWN.search(text))
    assert repr(KNOWN) == "KnownValues(2)"
