"""gitleaks' rules give here what they give there.

The expectations are what gitleaks 8.30.1 reported for these files and this configuration.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from kingfisher_sdk import Rules, ScanInput, Scanner

from strongroom.errors import UsageError
from strongroom.leaks.custom_rules import load
from strongroom.leaks.imports.read import take_over
from strongroom.leaks.imports.write import toml_of

CONFIG = """\
title = "acme"
[[rules]]
id = "acme-token"
description = "Acme token"
regex = '''acme_([a-z0-9]{20})'''
secretGroup = 1
entropy = 3.9
keywords = ["acme_"]
path = '''\\.ya?ml$'''
[[rules.allowlists]]
regexTarget = "line"
regexes = ['''exam\\w+''']
[[rules.allowlists]]
regexTarget = "match"
regexes = ['''^acme_q''']
[[rules.allowlists]]
stopwords = ["ZZZ"]
[[rules.allowlists]]
condition = "AND"
paths = ['''^and/''']
regexes = ['''^m''']
[[rules]]
id = "ctx"
regex = '''\\b[a-f0-9]{24}\\b'''
keywords = ["umbrella"]
[[allowlists]]
paths = ['''vendor/''']
"""
LINES = """\
one: acme_k3j4h5g6f7d8s9a0q1w2
two: acme_aaaaaaaaaaaaaaaaaaaa
three: acme_k3j4h5g6f7d8s9a0q1w3 example
four: acme_q3j4h5g6f7d8s9a0q1w4
five: acme_k3j4h5g6f7zzz9a0q1w5
six: acme_m3j4h5g6f7d8s9a0q1w6
"""
FILES = {
    "sub/a.yaml": LINES,
    "vendor/a.yaml": LINES,
    "and/a.yaml": LINES,
    "sub/a.txt": LINES,
    "sub/u.txt": "Umbrella\nid 0123456789abcdef01234567\n",
    "sub/v.txt": "none\nid 0123456789abcdef01234568\n",
}
REPORTED = {
    ("acme-token", "sub/a.yaml", "k3j4h5g6f7d8s9a0q1w2"),
    ("acme-token", "sub/a.yaml", "m3j4h5g6f7d8s9a0q1w6"),
    ("acme-token", "and/a.yaml", "k3j4h5g6f7d8s9a0q1w2"),
    ("ctx", "sub/u.txt", "0123456789abcdef01234567"),
}


def reported(path: Path) -> set[tuple[str, str, str]]:
    """Return what the rules of a file find in `FILES`."""
    with load([path]).paths() as files:
        scanner = Scanner(Rules(files, builtins=False, cache=False))
    return {
        (one.rule_id.removeprefix("custom."), name, one.secret)
        for name, text in FILES.items()
        for one in scanner.scan_input(ScanInput(path=name, data=text.encode()))
    }


def test_same_findings(tmp_path: Path) -> None:
    """Pattern, group, entropy, keywords, path and every kind of allowlist work as in gitleaks."""
    file = tmp_path / "gitleaks.toml"
    file.write_text(CONFIG)

    assert reported(file) == REPORTED


def test_written_and_read_again(tmp_path: Path) -> None:
    """What is written as rules says the same as what was taken over."""
    (tmp_path / "a.toml").write_text(CONFIG + '[extend]\ndisabledRules = ["github-pat"]\n')
    taken = take_over(tmp_path / "a.toml")
    (tmp_path / "b.toml").write_text(toml_of([taken]))
    again = take_over(tmp_path / "b.toml")

    assert reported(tmp_path / "b.toml") == REPORTED
    assert again.disabled == taken.disabled == {"github-pat"}
    assert again.allowlists == taken.allowlists


def test_extends(tmp_path: Path) -> None:
    """The configuration that is extended is read too; an own rule of the same id replaces it."""
    (tmp_path / "base.toml").write_text(
        "[[rules]]\nid = 'a'\nregex = 'aaa_[a-z]{9}'\n[[rules]]\nid = 'b'\nregex = 'bbb_[a-z]{9}'\n"
        "[[rules]]\nid = 'c'\nregex = 'ccc_[a-z]{9}'\n"
    )
    (tmp_path / "own.toml").write_text(
        "[extend]\npath = 'base.toml'\ndisabledRules = ['c']\n[[rules]]\nid = 'b'\nregex = 'own_[a-z]{9}'\n"
    )

    rules = {rule.id: rule.toml for rule in take_over(tmp_path / "own.toml").rules}

    assert set(rules) == {"a", "b"}
    assert "own_" in rules["b"]


def test_what_cannot_be_taken_over_is_told(tmp_path: Path) -> None:
    """Whatever has no counterpart is named, by its rule."""
    file = tmp_path / "gitleaks.toml"
    file.write_text(
        "[extend]\nurl = 'https://example.org/x.toml'\n"
        "[[rules]]\nid = 'only-path'\npath = '\\.p12$'\n"
        "[[rules]]\nid = 'part'\nregex = 'abc_[0-9]{9}'\nskipReport = true\n"
        "[[rules]]\nid = 'near'\nregex = 'abc_[0-9]{9}'\n[[rules.required]]\nid = 'part'\n"
        "[[rules]]\nid = 'both'\nregex = 'abd_[0-9]{9}'\n"
        "[[rules.allowlists]]\ncondition = 'AND'\ncommits = ['a1']\nregexes = ['x']\n"
    )

    taken = take_over(file)

    assert [rule.id for rule in taken.rules] == ["near", "both"]
    told = "\n".join(taken.left)
    for word in ("extend.url", "only-path", "part", "near", "commits and values together"):
        assert word in told


@pytest.mark.parametrize(
    "text",
    [
        "rules = 3\n",
        "[[rules]]\nid = 'a b'\nregex = 'x'\n",
        "[[rules]]\nid = 'a'\nregex = 'x'\nentropy = 'high'\n",
        "[[rules]]\nid = 'a'\nregex = 'x'\nkeywords = 'x'\n",
        "[[rules]]\nid = 'a'\nregex = 'x'\n[[rules.allowlists]]\nregexTarget = 'file'\n",
        "[[allowlists]]\ncondition = 'XOR'\n",
        "[allowlist]\npaths = [1]\n",
        "extend = 1\n",
    ],
)
def test_other_shapes(tmp_path: Path, text: str) -> None:
    """A configuration of another shape than gitleaks takes is an error."""
    file = tmp_path / "gitleaks.toml"
    file.write_text(text)

    with pytest.raises(UsageError):
        take_over(file)
