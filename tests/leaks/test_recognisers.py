"""The recognisers: their list, their needles, and what hostile text does to them."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.leaks import recognisers
from strongroom.leaks.recognisers import RECOGNISERS
from strongroom.leaks.recognisers.contract import Recogniser

_SHARED = {"contract", "named"}


def test_every_file_of_the_folder_is_listed() -> None:
    """Each recogniser has a file that is named by its id, and the list holds them all."""
    files = {module.name for module in pkgutil.iter_modules(recognisers.__path__)} - _SHARED
    assert {recogniser.id.replace("-", "_") for recogniser in RECOGNISERS} == files
    for name in files:
        module = importlib.import_module(f"strongroom.leaks.recognisers.{name}")
        assert module.RECOGNISER in RECOGNISERS
        assert module.__doc__


_PIECES = [
    "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiJ4In0.",
    "://u:p@h", "://", "@tcp(", "Basic ", "Bearer ", "Password=", ";Server=x;", '"auths"', '"auth":"', "contexts", "users",
    "clusters", "token: ", "machine a login b password c", ":5432:d:u:p\n", '"u" "', "LS0tLS1CRUdJTi", "=", "\n", "a", "9", '"', " ",
]  # fmt: skip


@pytest.mark.parametrize("recogniser", RECOGNISERS, ids=lambda r: r.id)
@given(
    text=st.lists(st.sampled_from(_PIECES), max_size=12).map("".join),
    name=st.sampled_from(["", ".pgpass", "userlist.txt", ".dockercfg"]),
)
def test_marks_stay_inside_the_text(recogniser: Recogniser, text: str, name: str) -> None:
    """Pieces of what a recogniser looks for, in any order, give marks within the text or none; a mark needs its needle."""
    for mark in recogniser.find(text, name):
        assert 0 <= mark.start < mark.end <= len(text)
        assert any(needle in text for needle in recogniser.needles)
        assert text[mark.start : mark.end] not in repr(mark) or mark.end - mark.start < 12


@pytest.mark.parametrize("recogniser", RECOGNISERS, ids=lambda r: r.id)
@pytest.mark.parametrize("piece", _PIECES)
def test_many_openings_is_read_in_one_pass(recogniser: Recogniser, piece: str) -> None:
    """Repetition of what a pattern starts with does not make it start over at every place."""
    text = piece * (200_000 // len(piece))
    for name in (".pgpass", "userlist.txt"):
        assert sum(1 for _ in recogniser.find(text, name)) <= len(text)
