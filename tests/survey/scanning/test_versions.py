"""What is remembered of a file's versions is what reading them again would give."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.model.origin import Origin
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.hit import Hit

KEY = b"k" * 32
_LINES = st.lists(
    st.sampled_from(
        [
            "  image: a:1",
            "  image: a:2",
            "  # a note",
            "  password: Vx9k2LmQ81zzT",
            "  password: Kq3wZ77tLm20x",
            "  password: changeme",
            "  url: postgres://app:Vx9k2LmQ81zz@db/app",
            "  auth: {token: Zk81mQvR4tY7wLp2Xs}",
            "  # password: Vx9k2LmQ81zzT",
            "  password: |\n    first\n    Kq3wZ77tLm20x",
            "  password: |\n    first\n    Vx9k2LmQ81zzT",
            "  - name: DB_PASSWORD\n    value: Kq3wZ77tLm20x",
            "  - name: LEVEL\n    value: info\n  - name: DB_PASSWORD\n    value: Kq3wZ77tLm20x",
            "  a: {b: {password: Kq3wZ77tLm20x}}",
            "  - - password: Kq3wZ77tLm20x",
        ]
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def blobs() -> Blobs:
    """Return what looks at contents; its rules are loaded once, and its memory fills from test to test."""
    made = Blobs(KEY)
    made.load()
    made.remember()
    return made


def _what(hits: list[Hit]) -> list[tuple[object, ...]]:
    return [(hit.fingerprint, hit.rule, hit.origin, hit.masked, hit.nature) for hit in hits]


@settings(max_examples=60)
@given(versions=st.lists(_LINES, min_size=2, max_size=4))
def test_a_memory_of_other_versions_changes_nothing(blobs: Blobs, versions: list[list[str]]) -> None:
    """Each version gives the same hits at the same places whether or not other versions were seen before."""
    for number, lines in enumerate(versions):
        names = "".join(f"k{index}:\n{line}\n" for index, line in enumerate(lines))
        data = f"# version {number}\n{names}".encode()
        origin = Origin("x", "values.yaml", commit=str(number))
        fresh = Blobs(KEY, blobs._library)

        assert _what(blobs.look("values.yaml", data, origin)) == _what(fresh.look("values.yaml", data, origin))
