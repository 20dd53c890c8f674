"""Places in a text, told as people count them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.leaks.plain import Lines


@given(
    st.lists(st.sampled_from(["ab", "é", "\n", "𝄞", "x" * 3000, "é" * 5000]), max_size=12),
    st.lists(st.integers(0, 10_000_000), max_size=20),
)
@settings(max_examples=100)
def test_lines_and_columns_in_any_order(parts: list[str], wanted: list[int]) -> None:
    """A place is the same whatever was asked before: columns count characters from the beginning of the line."""
    text = "".join(parts)
    lines = Lines(text.encode())
    for at in (one % (len(text) + 1) for one in wanted):
        before = text[:at]
        place = before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
        assert lines.at(len(before.encode())) == place
