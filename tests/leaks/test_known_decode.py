"""Encoded parts of a text are found and decoded; names and words are left alone."""

from __future__ import annotations

import base64
import random

import numpy as np
import pytest

from strongroom.leaks.known_decode import Decoded, decoded


def _decoded(text: bytes, *runs: tuple[int, int]) -> list[Decoded]:
    starts, ends = (np.array([run[n] for run in runs], np.int64) for n in range(2))
    return list(decoded(text, starts, ends))


def test_nearly_all_base64_is_decoded() -> None:
    """Of a thousand random values in base64, less than five look like a name."""
    rng = random.Random(11)  # noqa: S311 - test data
    missed = 0
    for _ in range(1000):
        text = base64.b64encode(rng.randbytes(18))
        missed += not _decoded(text, (0, len(text)))
    assert missed < 5


@pytest.mark.parametrize(
    "name",
    [
        b"zz_generated_deepcopy_functions",
        b"sigs/controller-runtime/pkg/client/config",
        b"CustomResourceDefinitionList",
        b"terminationGracePeriodSeconds",
    ],
)
def test_names_are_left_alone(name: bytes) -> None:
    """Identifiers, paths and kinds are not worth decoding."""
    assert _decoded(name, (0, len(name))) == []


def test_a_part_names_its_place() -> None:
    """Two encoded parts are decoded together, and each span leads back to its own."""
    one, other = base64.b64encode(b"first value: 1234567"), base64.b64encode(b"other value: 7654321")
    text = one + b" " + other
    (part,) = _decoded(text, (0, len(one)), (len(one) + 1, len(text)))
    at = part.text.index(b"other")
    assert part.span(at, at + 5) == (len(one) + 1, len(text))
    assert part.span(0, 5) == (0, len(one))


def test_a_text_full_of_escapes_is_read_in_bounded_pieces() -> None:
    """A megabyte of escapes in a row is decoded piece by piece, and next to nothing of it is lost."""
    text = b"%41" * 350_000
    (part,) = _decoded(text)
    assert len(part.starts) > 10
    assert part.text.count(b"A") > 349_000
