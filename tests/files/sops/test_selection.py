"""Which leaves are encrypted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import UsageError
from strongroom.files.sops.document import Leaf, Scalar
from strongroom.files.sops.selection import Selection, chosen, effective, matcher
from strongroom.model.plaintext import Plaintext


def _leaf(*path: str, comments: tuple[tuple[str, ...], ...] = (), comment: bool = False) -> Leaf:
    scalar = Scalar("comment" if comment else "str", Plaintext("x"))
    return Leaf(path, path, 0, scalar, 0, 1, comments)


@pytest.mark.parametrize(
    ("selection", "inside", "outside"),
    [
        (Selection(unencrypted_suffix="_open"), ("a", "b"), ("a_open", "b")),
        (Selection(encrypted_suffix="_secret"), ("a_secret", "b"), ("a", "b")),
        (Selection(encrypted_regex="^(data|stringData)$"), ("data", "b"), ("xdata", "b")),
        (Selection(unencrypted_regex="^meta"), ("data", "b"), ("metadata", "b")),
        (Selection(encrypted_regex="pass"), ("a", "my-password"), ("a", "user")),
        (Selection(encrypted_regex=r"^\d+$"), ("a", "12"), ("a", "1x")),
    ],
)
def test_keys_decide_for_all_below_them(
    selection: Selection, inside: tuple[str, ...], outside: tuple[str, ...]
) -> None:
    """A key of the path that matches is enough."""
    assert chosen(selection, _leaf(*inside))
    assert not chosen(selection, _leaf(*outside))


def test_a_comment_switches_encryption_on() -> None:
    """The comment that does it stays readable; what stands below it, and comments behind it, are encrypted."""
    selection = Selection(encrypted_comment_regex="sops:enc")
    above = ((), ("sops:enc",))

    assert chosen(selection, _leaf("a", "b", comments=above))
    assert not chosen(selection, _leaf("a", comments=above, comment=True))
    assert chosen(selection, _leaf("a", comments=((), ("sops:enc", "more")), comment=True))
    assert not chosen(selection, _leaf("a", "b"))


def test_a_comment_switches_encryption_off() -> None:
    """Comment and value stay readable."""
    selection = Selection(unencrypted_comment_regex="open")

    assert not chosen(selection, _leaf("a", comments=(("open",),)))
    assert not chosen(selection, _leaf("a", comments=(("open",),), comment=True))
    assert chosen(selection, _leaf("a", comments=(("other",),)))


def test_nothing_said_is_the_suffix_of_sops() -> None:
    """Everything is encrypted, but for keys that end in ``_unencrypted``."""
    assert effective(Selection()) == Selection(unencrypted_suffix="_unencrypted")
    assert effective(Selection(mac_only_encrypted=True)).mac_only_encrypted


@given(
    pattern=st.sampled_from(["^(data|stringData)$", "^data$", "data", "^(a|b)", "(x|y)$", "a-b"]),
    text=st.sampled_from(["data", "stringData", "xdata", "data\n", "a", "b", "ab", "y", "ya", "a-b", "", "dat"]),
)
def test_plain_patterns_mean_what_re2_takes_them_for(pattern: str, text: str) -> None:
    """The patterns that are understood without RE2 are understood as it understands them."""
    import re2  # type: ignore[import-untyped]

    assert matcher(pattern)(text) == (re2.search(pattern, text) is not None)


@pytest.mark.parametrize("pattern", ["(", r"\1", "(?=a)", "a{2000}"])
def test_patterns_that_sops_cannot_read_are_refused(pattern: str) -> None:
    """The program would take them for patterns that match nothing."""
    with pytest.raises(UsageError, match="regular expression"):
        matcher(pattern)
