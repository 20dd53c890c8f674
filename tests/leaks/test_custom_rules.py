"""Rules of a user's own: read, refused, run against their examples."""

from __future__ import annotations

from pathlib import Path

import pytest
from kingfisher_sdk import Rules, ScanInput, Scanner

from strongroom.errors import SourceError, UsageError
from strongroom.leaks.custom_rules import CustomRules, load, run_examples

YAML = """\
rules:
  - name: Acme token
    id: acme.1
    pattern: '\\b(acme_[a-z0-9]{20})\\b'
    min_entropy: 3.0
    confidence: medium
    examples:
      - token = acme_k3j4h5g6f7d8s9a0q1w2
    negative_examples:
      - token = acme_short
"""
TOML = """\
[[rules]]
id = "acme"
description = "Acme token"
regex = '''\\bacme_([a-z0-9]{20})\\b'''
secretGroup = 1
path = '''\\.ya?ml$'''
examples = ["token: acme_k3j4h5g6f7d8s9a0q1w2"]
negative_examples = ["token: acme_short"]
"""


def found(rules: CustomRules, text: str, path: str = "a.txt") -> list[tuple[str, str]]:
    """Return rule and secret of what rules find in a text."""
    with rules.paths() as files:
        scanner = Scanner(Rules(files, builtins=False, cache=False))
    return [(one.rule_id, one.secret) for one in scanner.scan_input(ScanInput(path=path, data=text.encode()))]


def test_both_forms(tmp_path: Path) -> None:
    """A folder of YAML and TOML rules is read, and each rule finds what it should."""
    (tmp_path / "a.yaml").write_text(YAML)
    (tmp_path / "b.toml").write_text(TOML)
    (tmp_path / "README.md").write_text("no rule")
    text = "token: acme_k3j4h5g6f7d8s9a0q1w2"

    rules = load([tmp_path])

    assert found(rules, text) == [("acme.1", "acme_k3j4h5g6f7d8s9a0q1w2")]
    assert ("custom.acme", "k3j4h5g6f7d8s9a0q1w2") in found(rules, text, "a.yaml")


def test_converted_rules_are_gone_afterwards(tmp_path: Path) -> None:
    """The converted file exists only while the library reads it, in a folder for its owner alone."""
    (tmp_path / "b.toml").write_text(TOML)

    with load([tmp_path]).paths() as files:
        (file,) = files
        assert file.is_file()
        assert file.parent.stat().st_mode & 0o777 == 0o700

    assert not file.parent.exists()


@pytest.mark.parametrize(("name", "text"), [("a.yaml", YAML), ("a.toml", TOML)])
def test_examples_pass(tmp_path: Path, name: str, text: str) -> None:
    """A rule passes where it finds each example and no negative one; one for some paths is run on such a path."""
    (tmp_path / name).write_text(text)

    (result,) = run_examples(tmp_path / name)

    assert result.passed
    assert (result.examples, result.negatives) == (1, 1)


@pytest.mark.parametrize(("name", "text"), [("a.yaml", YAML), ("a.toml", TOML)])
def test_examples_fail(tmp_path: Path, name: str, text: str) -> None:
    """An example that is not found, and a negative one that is, are told by their numbers."""
    swapped = text.replace("acme_short", "X").replace("acme_k3j4h5g6f7d8s9a0q1w2", "acme_short")
    (tmp_path / name).write_text(swapped.replace("X", "acme_k3j4h5g6f7d8s9a0q1w2"))

    (result,) = run_examples(tmp_path / name)

    assert not result.passed
    assert (result.missed, result.wrong) == ((1,), (1,))


def test_without_examples(tmp_path: Path) -> None:
    """A rule without an example has proved nothing."""
    (tmp_path / "a.toml").write_text('[[rules]]\nid = "a"\nregex = "acme_[a-z]{9}"\n')

    (result,) = run_examples(tmp_path / "a.toml")

    assert not result.passed


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "rules: [{name: x, id: x.1, pattern: '(?<=a)b'}]", "no rule file that can be used"),
        ("a.yaml", "a: [", "no rule file that can be used"),
        ("a.toml", "[[rules]]\nid = 'look'\nregex = '(?<=a)bcd'\n", "rule look of .* cannot be used"),
        ("a.toml", "[[rules]]\nregex = 'a'\n", "rule 1 has no id"),
        ("a.toml", "[[rules]\n", "not valid toml"),
        ("a.toml", "title = 'nothing'\n", "no rules and no allowlists"),
        ("a.txt", "", "is no rule file"),
    ],
)
def test_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    """A rule that cannot be used is an error that names the file, and where it can the rule: none is left out."""
    (tmp_path / name).write_text(text)

    with pytest.raises(UsageError, match=message):
        load([tmp_path / name])


def test_missing(tmp_path: Path) -> None:
    """A file that is not there, and a folder without rules, are errors."""
    for name in ("a.yaml", "a.toml"):
        with pytest.raises(SourceError, match="cannot be read"):
            load([tmp_path / name])
    with pytest.raises(UsageError, match="no rule file"):
        load([tmp_path])
