"""Shamir's secret sharing over GF(2^8), in the format of HashiCorp Vault, which is that of SOPS.

Each byte of the secret is the constant term of a random polynomial of degree ``threshold - 1`` (A. Shamir, "How to
share a secret", CACM 22(11), 1979); the field is that of AES, x^8 + x^4 + x^3 + x + 1 (FIPS 197 section 4.2). A share
is the values of all polynomials at one point and, as its last byte, the point.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

LEAST = 2
"""Fewest shares that a secret can need."""

MOST = 255
"""Most shares of a secret: the points other than 0 of the field."""

_REDUCTION = 0x1B  # what x^8 leaves in the field of FIPS 197 section 4.2


def split(secret: bytes, shares: int, threshold: int) -> list[bytes]:
    """Split a secret.

    Args:
        secret: what is split, byte by byte.
        shares: how many there will be, `LEAST` to `MOST`.
        threshold: how many of them are needed.

    Returns:
        Shares one byte longer than the secret.

    Raises:
        ValueError: the numbers cannot be, or the secret is empty.
    """
    if not LEAST <= threshold <= shares <= MOST:
        raise ValueError(f"of {shares} groups {threshold} cannot be needed")
    if not secret:
        raise ValueError("an empty secret cannot be split")
    polynomials = [bytes([byte]) + os.urandom(threshold - 1) for byte in secret]
    return [bytes([_value(one, point) for one in polynomials] + [point]) for point in range(1, shares + 1)]


def combine(shares: Sequence[bytes]) -> bytes:
    """Return the secret of enough shares. Too few, or changed ones, give another secret: the caller checks it.

    Raises:
        ValueError: there are fewer than two, they differ in length, or two are of the same point or of none.
    """
    if len(shares) < LEAST:
        raise ValueError("one share is not enough")
    length = len(shares[0])
    if length < LEAST or any(len(share) != length for share in shares):
        raise ValueError("the shares differ in length")
    points = [share[-1] for share in shares]
    if len(set(points)) != len(points) or 0 in points:
        raise ValueError("the shares are not of different points")
    weights = [_weight(points, index) for index in range(len(points))]
    return bytes(
        _sum(_product(share[place], weight) for share, weight in zip(shares, weights, strict=True))
        for place in range(length - 1)
    )


def _weight(points: list[int], index: int) -> int:
    """Return the Lagrange basis polynomial of a point at 0."""
    above = below = 1
    for other, point in enumerate(points):
        if other != index:
            above = _product(above, point)
            below = _product(below, point ^ points[index])
    return _product(above, _inverse(below))


def _value(polynomial: bytes, point: int) -> int:
    """Evaluate a polynomial, constant term first (Horner)."""
    value = 0
    for coefficient in reversed(polynomial):
        value = _product(value, point) ^ coefficient
    return value


def _sum(terms: Iterable[int]) -> int:
    total = 0
    for term in terms:
        total ^= term
    return total


def _product(left: int, right: int) -> int:
    """Multiply in the field, in the same steps for all values."""
    product = 0
    for bit in range(7, -1, -1):
        product = ((product << 1) & 0xFF) ^ (_REDUCTION & -(product >> 7)) ^ (left & -(right >> bit & 1))
    return product


def _inverse(value: int) -> int:
    """Return the multiplicative inverse: the 254th power (Fermat)."""
    power, result = value, 1
    for _ in range(7):
        power = _product(power, power)
        result = _product(result, power)
    return result
