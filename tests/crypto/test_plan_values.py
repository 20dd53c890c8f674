"""Values that plans bring, sealed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.plan_values import length, opened, seal
from strongroom.errors import PlanError
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import Sealed

_KEY = b"k" * 32


@given(st.binary(max_size=200))
def test_round_trip(value: bytes) -> None:
    """A value is opened under the key that it was sealed under; its length shows, and it is sealed anew each time."""
    piece = seal(Plaintext(value), _KEY)

    assert opened(piece, _KEY) == Plaintext(value)
    assert length(piece) == len(value)
    assert piece != seal(Plaintext(value), _KEY)


@given(st.integers(min_value=0), st.integers(1, 255))
def test_a_changed_byte(place: int, bits: int) -> None:
    """A value of which one byte was changed is refused."""
    data = bytearray(seal(Plaintext(b"Zq7-plan-value"), _KEY).data)
    data[place % len(data)] ^= bits

    with pytest.raises(PlanError, match="cannot be opened"):
        opened(Sealed(bytes(data)), _KEY)


@pytest.mark.parametrize("data", [b"", b"short", b"x" * 27])
def test_what_was_never_sealed(data: bytes) -> None:
    """What is too short to be sealed is refused too, and has no length."""
    assert length(Sealed(data)) == 0
    with pytest.raises(PlanError, match="cannot be opened"):
        opened(Sealed(data), _KEY)


def test_another_key() -> None:
    """Under another fingerprint key nothing opens."""
    with pytest.raises(PlanError, match="cannot be opened") as caught:
        opened(seal(Plaintext(b"Zq7-plan-value"), _KEY), b"x" * 32)
    assert "Zq7" not in str(caught.value)
