"""The one type that may hold a secret value."""

from __future__ import annotations

import hashlib
import hmac
from typing import NewType, NoReturn, SupportsIndex

Fingerprint = NewType("Fingerprint", str)
"""64 lower-case hexadecimal digits: HMAC-SHA256 of a value under the key of the installation."""

FINGERPRINT_KEY_BYTES = 32
"""Length of a fingerprint key: the output size of SHA-256, as RFC 2104 section 3 recommends."""

_SHORT_DIGITS = 8


def short(fingerprint: Fingerprint) -> str:
    """Shorten a fingerprint for people: ``fp:`` and its first eight digits."""
    return f"fp:{fingerprint[:_SHORT_DIGITS]}"


class Plaintext:
    """A secret value that refuses to print, format, copy, pickle or serialise itself.

    ``repr`` is a constant, so that a debugger or a log line that meets one shows nothing; ``str`` and formatting raise,
    because asking for them is always a mistake. The value leaves only through `reveal`, which a reader can search for.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | bytes) -> None:
        self._value = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value)

    def reveal(self) -> bytes:
        """Return the value as bytes. The caller must neither store nor show it."""
        return self._value

    def reveal_text(self) -> str | None:
        """Return the value as text, or None where it is not UTF-8."""
        try:
            return self._value.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def fingerprint(self, key: bytes) -> Fingerprint:
        """Return the keyed fingerprint that stands for the value in every output.

        HMAC-SHA256 (RFC 2104): without the key, a report cannot be used to test guesses of a weak password.

        Raises:
            ValueError: the key is shorter than `FINGERPRINT_KEY_BYTES`.
        """
        if len(key) < FINGERPRINT_KEY_BYTES:
            raise ValueError(f"a fingerprint key has at least {FINGERPRINT_KEY_BYTES} bytes")
        return Fingerprint(hmac.new(key, self._value, hashlib.sha256).hexdigest())

    def __eq__(self, other: object) -> bool:
        """Compare in time that does not depend on the contents (only, as any comparison, on the lengths)."""
        if not isinstance(other, Plaintext):
            return NotImplemented
        return hmac.compare_digest(self._value, other._value)

    # A hash that is not keyed would let anyone who sees it test guesses; join values by `fingerprint`.
    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        """Tell whether the value is not empty."""
        return bool(self._value)

    def __repr__(self) -> str:
        return "Plaintext(hidden)"

    def __str__(self) -> NoReturn:
        raise TypeError("a Plaintext does not turn into text; use reveal() where the value itself is needed")

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError("a Plaintext cannot be formatted")

    def __bytes__(self) -> NoReturn:
        raise TypeError("a Plaintext does not turn into bytes; use reveal() where the value itself is needed")

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a Plaintext cannot be pickled")

    def __copy__(self) -> NoReturn:
        raise TypeError("a Plaintext cannot be copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("a Plaintext cannot be copied")
