"""Our own rule files, in the library's format."""

from __future__ import annotations

from pathlib import Path

import pytest
from kingfisher_sdk import Rules, Scanner

from strongroom.leaks.custom_rules import run_examples
from strongroom.leaks.judging import judge_match
from strongroom.leaks.library import ASSIGNED_RULES, OWN_RULES, PASSWORD_RULES, Library
from strongroom.model.finding import Confidence
from strongroom.model.place import Nature


@pytest.mark.parametrize("path", OWN_RULES, ids=lambda path: path.stem)
def test_each_rule_finds_its_examples_and_nothing_in_the_others(path: Path) -> None:
    """Every example of a rule is found by it, and no negative example."""
    for result in run_examples(path):
        assert result.passed, result
        assert result.negatives, result


def test_every_file_of_the_folder_is_loaded() -> None:
    """The list of rule files and the folder agree."""
    assert sorted(OWN_RULES) == sorted(OWN_RULES[0].parent.glob("*.yaml"))


def test_the_library_scans_with_our_rules_beside_its_own() -> None:
    """The catalogue of a scan holds the library's rules and ours, and each of ours cites a source."""
    rules = Library().scanner().rules
    ids = {entry["id"] for entry in rules.metadata()}
    ours = {id_ for id_ in ids if id_.startswith("strongroom.")}
    assert len(ours) >= 25
    assert len(ids) - len(ours) >= 480
    assert ids >= ASSIGNED_RULES
    assert ids >= PASSWORD_RULES
    for id_ in ours:
        assert rules.detail(id_)["references"], id_


def test_our_rules_are_cached_with_the_library_s() -> None:
    """Loading them a second time takes the compiled rules from the cache."""
    assert Rules(OWN_RULES).cache_status in ("stored", "loaded")
    assert Rules(OWN_RULES).cache_status == "loaded"


def test_an_aws_key_id_alone_is_found() -> None:
    """The library wants the secret key beside it; the id alone names an account all the same."""
    text = b"id AK" + b"IAQ7M3ZLK2NVTB5XDR\n"
    assert Scanner(Rules()).scan(text) == [] or not any(f.visible for f in Scanner(Rules()).scan(text))
    assert [match.rule for match in Library().scan(text)] == ["strongroom.aws-access-key-id"]


def test_the_files_hold_no_token_as_they_are() -> None:
    """Examples are written with an escape, so that the files themselves give nothing that is sure."""
    library = Library()
    for path in OWN_RULES:
        found = [m for m in library.scan(path.read_bytes()) if m.confidence is Confidence.HIGH]
        assert [(path.stem, m.rule) for m in found] == []


@pytest.mark.parametrize(
    ("name", "secret", "nature", "confidence"),
    [
        ("DB_PASSWORD", "Harbour!Lantern47", Nature.SECRET, Confidence.MEDIUM),
        ("api_key", "h2Zk3nQ8vT1xW6yB0pLr5mSd9cJf2hGa7", Nature.SECRET, Confidence.MEDIUM),
        ("password", "password", Nature.SECRET, Confidence.LOW),
        ("DB_PASSWORD", "password", Nature.SECRET, Confidence.LOW),
        ("BasicAuthPasswordKey", "password", Nature.PLAIN, Confidence.LOW),
        ("inactiveFileToken", "inactive_file", Nature.PLAIN, Confidence.LOW),
        ("token_file", "Zk3nQ8vT1xW6yB0pLr5mSd9c", Nature.PLAIN, Confidence.LOW),
        ("passwd", "root:x:0:0:::/bin/bash\\n", Nature.SECRET, Confidence.LOW),
        ("api_key", "your-api-key-here", Nature.PLACEHOLDER, Confidence.LOW),
        ("SECRET_NAME", "shop-credentials", Nature.PLAIN, Confidence.LOW),
    ],
)
def test_what_a_program_gives_to_a_name_is_believed_only_where_it_looks_generated(
    name: str, secret: str, nature: Nature, confidence: Confidence
) -> None:
    """A keyword rule counts where the name promises a secret and the text looks like one."""
    judged = judge_match("strongroom.assigned-secret", secret, Confidence.MEDIUM, name)
    assert (judged.nature, judged.confidence) == (nature, confidence)
