"""Comments that accept a value: whose, where, and of which lines they speak."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.leaks.allow import allowances, allowed

RULE = "betterleaks.github-pat"


@pytest.mark.parametrize(
    "line",
    [
        "token: x  # strongroom: ignore a test server's",
        "token: x  # strongroom: ignore[leak:betterleaks.github-pat] a test server's",
        "token: x  # strongroom: ignore[betterleaks.github-pat, other] - a test server's",
        "token: x  # strongroom: ignore[github-pat] a test server's",
        "token: x  # strongroom: ignore[leak] a test server's",
        "token: x  # strongroom: ignore[secret-in-configmap] a test server's",
        "const t = 'x'; // strongroom: ignore a test server's",
        "<a t='x'/> <!-- strongroom: ignore a test server's -->",
        "t = 'x' /* strongroom: ignore a test server's */",
        "t = 'x' -- strongroom: ignore a test server's",
        "t = 'x' # gitleaks:allow",
        "t = 'x' // Gitleaks:Allow",
        "t = 'x' # betterleaks:allow",
        "t = 'x' # trufflehog:ignore",
        "t = 'x' # kingfisher:ignore",
        "t = 'x'  # pragma: allowlist secret",
        "t = 'x'  // pragma: whitelist secret",
    ],
)
def test_same_line(line: str) -> None:
    """A comment accepts what stands on its own line."""
    assert allowed(line, RULE)


@pytest.mark.parametrize(
    "line",
    [
        "token: x  # strongroom: ignore",
        "token: x  # strongroom: ignore[github-pat]",
        "<a t='x'/> <!-- strongroom: ignore -->",
        "token: x  # strongroom: ignore[betterleaks.gitlab-pat] another rule",
        "token: x  # strongroom: ignored by nobody",
        "token: x  # strongroom: ignore-file everything",
        "token: strongroom: ignore a value that says so",
        "token: x  # pragma: allowlist nextline secret",
        "token: x  # gitleaks: allow",
        "pragma: allowlist secret",
    ],
)
def test_does_not_count(line: str) -> None:
    """A comment without a reason, of another rule, of another line, or no comment at all accepts nothing."""
    assert not allowed(line, RULE)


@pytest.mark.parametrize(
    ("previous", "accepted"),
    [
        ("# strongroom: ignore a test server's", True),
        ("   // strongroom: ignore[github-pat] a test server's", True),
        ("# pragma: allowlist nextline secret", True),
        ("# kingfisher:ignore", True),
        ("a: y # strongroom: ignore this one only", False),
        ("a: y # kingfisher:ignore", False),
        ("# gitleaks:allow", False),
        ("# pragma: allowlist secret", False),
    ],
)
def test_line_before(previous: str, accepted: bool) -> None:
    """A comment that stands alone speaks of the next line where its tool says so; one behind a value does not."""
    assert allowed("token: x", RULE, previous) is accepted


def test_several_lines() -> None:
    """A value of several lines is accepted by a comment on any of them, or before the first."""
    text = b"# strongroom: ignore made for tests\nkey: |\n  one\n  two\n  three # gitleaks:allow\nfour\n"
    comments = allowances(text)

    assert comments.of(RULE, 2, 4) is not None
    assert comments.of(RULE, 3, 5) is not None
    assert comments.of(RULE, 3, 4) is None
    assert comments.of(RULE, 6) is None


def test_unreasoned_lines_are_told() -> None:
    """Comments of ours that give no reason are told by their lines; others need none."""
    comments = allowances(
        b"a # strongroom: ignore\nb # strongroom: ignore why not\nc # gitleaks:allow\nd # strongroom: ignore[x]\n"
    )

    assert comments.unreasoned == (1, 4)


def test_reason_and_rules() -> None:
    """What people wrote is kept: rules and reason, without the end of the comment."""
    (one,) = allowances(b"x /* strongroom: ignore[a.b, c]: made up */")

    assert one.ids == ("a.b", "c")
    assert one.reason == "made up"


def test_very_long_line() -> None:
    """At the end of a minified line a comment is still read."""
    assert allowed("x" * 2_000_000 + " // strongroom: ignore a bundle", RULE)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Any bytes are read without an error, and text without a marker accepts nothing."""
    found = allowances(data)

    assert not found or b":" in data
