"""The trees of files in plain."""

from __future__ import annotations

import pytest

from strongroom.errors import LimitError
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.tree import tree_of

_DEEP = 100_000


@pytest.mark.parametrize(
    "text", ["[" * _DEEP + "]" * _DEEP, "a: b\n---\n" + "- " * _DEEP + "x\n"], ids=["flow", "block"]
)
def test_what_nests_without_end_is_refused(text: str) -> None:
    """Nesting that would overflow the stack of libyaml's composer is refused, in any document of a file."""
    with pytest.raises(LimitError):
        tree_of(text.encode(), format_of("", "yaml"))


def test_types_are_part_of_a_tree() -> None:
    """A number and the text that looks like it are different values."""
    assert tree_of(b"a: 1\n", format_of("", "yaml")) != tree_of(b'a: "1"\n', format_of("", "yaml"))
