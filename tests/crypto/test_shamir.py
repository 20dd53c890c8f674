"""Shamir's secret sharing: its definition, and what HashiCorp's format says about shares."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto import shamir


def _times(left: int, right: int) -> int:
    """Multiply as FIPS 197 section 4.2 defines it: as polynomials, modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    for bit in range(8):
        product ^= left << bit if right >> bit & 1 else 0
    for place in range(14, 7, -1):
        product ^= 0x11B << (place - 8) if product >> place & 1 else 0
    return product


def test_the_field_is_that_of_aes() -> None:
    """All products and inverses are those of the definition, and FIPS 197's own example is among them."""
    assert shamir._product(0x57, 0x83) == 0xC1
    for left, right in itertools.product(range(256), repeat=2):
        assert shamir._product(left, right) == _times(left, right)
    for value in range(1, 256):
        assert _times(value, shamir._inverse(value)) == 1


@given(st.binary(min_size=1, max_size=40), st.integers(2, 6), st.integers(0, 4), st.randoms(use_true_random=False))
def test_enough_shares_give_the_secret(secret: bytes, threshold: int, more: int, chance: random.Random) -> None:
    """Any choice of at least the threshold, in any order, gives the secret back."""
    shares = shamir.split(secret, threshold + more, threshold)
    chosen = chance.sample(shares, chance.randint(threshold, len(shares)))
    assert shamir.combine(chosen) == secret


def test_a_share_holds_its_point_last() -> None:
    """Shares are one byte longer than the secret, and their last bytes count from 1: the format of Vault."""
    shares = shamir.split(b"secret", 5, 3)
    assert [share[-1] for share in shares] == [1, 2, 3, 4, 5]
    assert {len(share) for share in shares} == {7}


def test_too_few_shares_tell_nothing() -> None:
    """With one share too few every secret is as likely: over many splits, each byte value comes up."""
    seen = {shamir.combine(shamir.split(b"\x2a", 3, 3)[:2])[0] for _ in range(4000)}
    assert len(seen) > 250


def test_shares_differ_between_splits() -> None:
    """Splitting again gives other shares of the same secret."""
    assert shamir.split(b"secret", 3, 2) != shamir.split(b"secret", 3, 2)


@pytest.mark.parametrize(("shares", "threshold"), [(1, 1), (3, 1), (2, 3), (256, 2), (3, 0), (0, 0)])
def test_numbers_that_cannot_be(shares: int, threshold: int) -> None:
    """A threshold of one would be no sharing, and the field has 255 points."""
    with pytest.raises(ValueError, match="cannot be needed"):
        shamir.split(b"secret", shares, threshold)


def test_the_most_shares() -> None:
    """All 255 points can be used, and all of them needed."""
    assert shamir.combine(shamir.split(b"s", 255, 255)) == b"s"
    with pytest.raises(ValueError, match="empty"):
        shamir.split(b"", 3, 2)


@pytest.mark.parametrize(
    "shares",
    [[], [b"ab\x01"], [b"ab\x01", b"abc\x02"], [b"ab\x01", b"cd\x01"], [b"ab\x00", b"cd\x01"], [b"\x01", b"\x02"]],
)
def test_shares_that_do_not_fit(shares: list[bytes]) -> None:
    """One share, different lengths, the same point twice and the point 0, which would be the secret itself."""
    with pytest.raises(ValueError, match="share"):
        shamir.combine(shares)
