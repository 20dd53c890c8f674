"""What people write to Strongroom in comments."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from strongroom.documents.comments import comments
from strongroom.documents.directives import Ignore, directives

FILE = b"""# top
a: "x # no" # strongroom: ignore[a-b, c] because # more
# strongroom: ignore[z]
b: | # head
  # not one
  # strongroom: ignore[nor-this] it is a value
# real
c: 'x
  # no
  '
d: plain#no # yes
--- # strongroom: ignore[sep]: a reason
e: &x # anchored
  f
--- # empty
# only
---
{"a": "# no"}
---
g: [ # broken
  ] ] # never seen
---
h: \xff # unreadable
# strongroom: ignore[x]
"""


def test_comments_are_not_in_scalars() -> None:
    """A sign inside a scalar of any style is no comment; separator lines and empty documents have comments too."""
    found = comments(FILE)

    assert found == {
        1: "# top",
        2: "# strongroom: ignore[a-b, c] because # more",
        3: "# strongroom: ignore[z]",
        4: "# head",
        7: "# real",
        11: "# yes",
        12: "# strongroom: ignore[sep]: a reason",
        13: "# anchored",
        15: "# empty",
        16: "# only",
        20: "# broken",
    }


def test_directives() -> None:
    """Ids, reason and whether the comment has its line to itself are told, in the order of the file."""
    assert directives(FILE) == [
        Ignore(2, ("a-b", "c"), "because # more", own_line=False),
        Ignore(3, ("z",), "", own_line=True),
        Ignore(12, ("sep",), "a reason", own_line=True),
    ]
    assert directives(FILE, 1) == [Ignore(12, ("sep",), "a reason", own_line=True)]
    assert directives(FILE, 2) == []


def test_directives_elsewhere() -> None:
    """Windows line ends, UTF-16 and comments behind everything are understood; JSON has no comments."""
    assert directives(b"a: b # strongroom: ignore[x] r\r\n") == [Ignore(1, ("x",), "r", own_line=False)]
    assert directives("\ufeffa: b # strongroom: ignore[x]".encode("utf-16-le")) == [
        Ignore(1, ("x",), "", own_line=False)
    ]
    assert directives(b"a: b\n---\n# strongroom: ignore[x]") == [Ignore(3, ("x",), "", own_line=True)]
    assert directives(b'{"a": "b # strongroom: ignore[x]"}') == []
    assert directives(b"\xff\xfea # strongroom: ignore[x]\n") == []


@given(
    st.lists(
        st.sampled_from(["a: 1", "b: 'x'", "- # y", "c: |", "  # in", "# out", "d: x#y", "e: # v", "---", '"#": "#"']),
        max_size=8,
    )
)
def test_own_line(lines: list[str]) -> None:
    """A comment that has its line to itself stands at the line's start, and every comment starts with its sign."""
    text = "\n".join(f"{line} # strongroom: ignore[x]" for line in lines)

    for found in directives(text.encode()):
        line = text.split("\n")[found.line - 1]
        assert found.own_line == line.lstrip().startswith(("#", "---"))
