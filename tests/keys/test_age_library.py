"""The words of the age library, from the library itself."""

from __future__ import annotations

import pyrage
import pytest

from strongroom.keys.age_library import is_no_match


def test_a_file_for_others_is_told_from_a_damaged_one() -> None:
    """The wrong identity is no match; a file that was changed, or is none, is something else."""
    mine, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    data = pyrage.encrypt(b"text", [mine.to_public()])
    for text, identity, expected in ((data, other, True), (data[:-1], mine, False), (b"no file", mine, False)):
        with pytest.raises(pyrage.DecryptError) as caught:
            pyrage.decrypt(text, [identity])
        assert is_no_match(caught.value) is expected
