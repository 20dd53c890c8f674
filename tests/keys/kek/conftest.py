"""What the tests of key-encryption keys share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.softhsm import SoftHSM


@pytest.fixture(scope="session")
def softhsm() -> Iterator[SoftHSM]:
    """Tokens of SoftHSM2."""
    tokens = SoftHSM(here=True)
    yield tokens
    tokens.close()
