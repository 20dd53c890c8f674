"""Patterns in the syntax of Go, and what lists of them leave out."""

from __future__ import annotations

import pytest

from strongroom.errors import UsageError
from strongroom.leaks.imports.allowlist import Allowlist, compiled


@pytest.mark.parametrize(
    ("pattern", "matches", "misses"),
    [
        ("(?i)abc", "xABC", "ab"),
        ("x(?i)y|z", "xY", "y"),
        ("x(?i)y|z", "Z", "x"),
        ("(a(?i)b|c)D", "aBD", "aBd"),
        ("(a(?i)b|c)D", "CD", "Cd"),
        (r"[[:alpha:]_]+\z", "ab_", "1"),
        (r"^[^[:space:]]+$", "ab", "a b"),
        (r"\Qa.b\E+", "a.b", "axb"),
        ("[]a]", "]", "b"),
        ("[^]a]", "b", "]"),
        ("[(]x", "(x", "x"),
        ("(?i)^(a|b)$", "B", "ab"),
        (r"(?:^|/)vendor/", "a/vendor/b", "avendor/b"),
        ("(?P<n>x)y", "xy", "x"),
    ],
)
def test_go_syntax(pattern: str, matches: str, misses: str) -> None:
    """A pattern of Go's means the same in Python."""
    assert compiled(pattern).search(matches)
    assert not compiled(pattern).search(misses)


@pytest.mark.parametrize("pattern", [r"\pL", "a(", "[a", r"\C"])
def test_not_taken(pattern: str) -> None:
    """What Python's engine lacks is an error."""
    with pytest.raises(UsageError):
        compiled(pattern)


def test_any_or_all() -> None:
    """One part is enough, unless the list asks for all that are there."""
    either = Allowlist(paths=("^a/",), stopwords=("test",), commits=("c1",))
    both = Allowlist(paths=("^a/",), stopwords=("test",), together=True)

    assert either.matcher()("r", "x", "", "a/b", "")
    assert either.matcher()("r", "myTESTkey", "", "b", "")
    assert either.matcher()("r", "x", "", "b", "C1")
    assert not either.matcher()("r", "x", "", "b", "c2")
    assert both.matcher()("r", "mytestkey", "", "a/b", "")
    assert not both.matcher()("r", "x", "", "a/b", "")
    assert not Allowlist().matcher()("r", "x", "", "a", "")


def test_only_its_rules() -> None:
    """A list that names rules speaks of no other; ids are those of gitleaks or of the library."""
    test = Allowlist(paths=(".",), rules=("github-pat",)).matcher()

    assert test("betterleaks.github-pat", "", "", "a", "")
    assert test("custom.github-pat", "", "", "a", "")
    assert not test("betterleaks.gitlab-pat", "", "", "a", "")


def test_targets() -> None:
    """Patterns look at the secret, or at its line."""
    assert Allowlist(regexes=("^x",), target="line").matcher()("r", "secret", "x = secret", "", "")
    assert not Allowlist(regexes=("^x",)).matcher()("r", "secret", "x = secret", "", "")
