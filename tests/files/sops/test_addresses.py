"""Names of places in a document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import UsageError
from strongroom.files.sops.addresses import address, shown


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("stringData.password", ("stringData", "password")),
        ("a.0.b", ("a", 0, "b")),
        ('["a"]["b c.d"][2]', ("a", "b c.d", 2)),
        ("['a']", ("a",)),
        ('["0"]', ("0",)),
        ('["a[b]"]', ("a[b]",)),
    ],
)
def test_both_forms(text: str, wanted: tuple[str | int, ...]) -> None:
    """A place is named with dots, or as sops does."""
    assert address(text) == wanted


@pytest.mark.parametrize("text", ["", "a..b", ".a", '["a"', '["a"]x', "[a]", "[-1]", '["a"] ["b"]', "[]"])
def test_neither_form(text: str) -> None:
    """What is neither form is refused."""
    with pytest.raises(UsageError):
        address(text)


@given(st.lists(st.one_of(st.text().filter(lambda key: '"' not in key), st.integers(0, 999)), min_size=1))
def test_what_is_shown_is_read_back(where: list[str | int]) -> None:
    """A place as it is shown names the same place."""
    assert address(shown(tuple(where))) == tuple(where)
