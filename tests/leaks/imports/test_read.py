"""Files of other scanners: which they are, and what they say. Shapes as gitleaks 8.30 and detect-secrets 1.5 write them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from strongroom.errors import SourceError, UsageError
from strongroom.leaks.imports.read import take_over
from strongroom.model.decision import Decision

COMMIT = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_gitleaksignore(tmp_path: Path) -> None:
    """Each fingerprint gives file, rule, line and, where it names one, the commit."""
    file = tmp_path / ".gitleaksignore"
    file.write_text(
        f"# accepted\n\nsrc/a b.py:github-pat:12\n{COMMIT}:win\\dir\\c.py:jwt:3\nodd:name.py:generic-api-key:7\nno fingerprint\n"
    )

    taken = take_over(file)

    assert [(one.path, one.rule, one.line, one.commit) for one in taken.accepted] == [
        ("src/a b.py", "github-pat", 12, ""),
        ("win/dir/c.py", "jwt", 3, COMMIT),
        ("odd:name.py", "generic-api-key", 7, ""),
    ]
    assert taken.left == ("no fingerprint of gitleaks in line 6",)


def baseline(**entry: object) -> dict[str, object]:
    """Return a baseline of detect-secrets with one result."""
    sha1 = hashlib.sha1(b"value", usedforsecurity=False).hexdigest()
    result = {
        "type": "Secret Keyword",
        "filename": "a.py",
        "hashed_secret": sha1,
        "is_verified": False,
        "line_number": 3,
    }
    return {
        "version": "1.5.0",
        "plugins_used": [{"name": "AWSKeyDetector"}, {"name": "Base64HighEntropyString", "limit": 4.5}],
        "filters_used": [
            {"path": "detect_secrets.filters.allowlist.is_line_allowlisted"},
            {"path": "detect_secrets.filters.regex.should_exclude_file", "pattern": ["vendor/.*"]},
            {"path": "detect_secrets.filters.regex.should_exclude_secret", "pattern": ["^fake"]},
            {"path": "detect_secrets.filters.wordlist.should_exclude_secret", "file_name": "words.txt"},
        ],
        "results": {"a.py": [result | entry]},
        "generated_at": "2026-11-21T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("more", "decision"),
    [({}, Decision.UNDECIDED), ({"is_secret": False}, Decision.ACCEPTED), ({"is_secret": True}, Decision.REAL)],
)
def test_detect_secrets(tmp_path: Path, more: dict[str, object], decision: Decision) -> None:
    """A result gives the hash of its value, and what the audit decided."""
    file = tmp_path / ".secrets.baseline"
    file.write_text(json.dumps(baseline(**more)))

    (one,) = take_over(file).accepted

    assert one.decision is decision
    assert one.sha1 == hashlib.sha1(b"value", usedforsecurity=False).hexdigest()
    assert (one.path, one.line) == ("a.py", 0)


def test_detect_secrets_private_key(tmp_path: Path) -> None:
    """Of a private key only the header was hashed, so that its line counts."""
    file = tmp_path / ".secrets.baseline"
    file.write_text(json.dumps(baseline(type="Private Key")))

    (one,) = take_over(file).accepted

    assert (one.sha1, one.line) == ("", 3)


def test_detect_secrets_filters(tmp_path: Path) -> None:
    """Excluded files and secrets become allowlists; what has no counterpart is told."""
    file = tmp_path / ".secrets.baseline"
    file.write_text(json.dumps(baseline()))

    taken = take_over(file)

    assert [(one.paths, one.regexes) for one in taken.allowlists] == [(("vendor/.*",), ()), ((), ("^fake",))]
    assert any("Base64HighEntropyString" in text for text in taken.left)
    assert any("wordlist" in text for text in taken.left)


@pytest.mark.parametrize("text", ["", "hello\n", "{}", '{"results": []}', "[1]"])
def test_unknown(tmp_path: Path, text: str) -> None:
    """A file that is none of these is an error."""
    (tmp_path / "x").write_text(text)

    with pytest.raises(UsageError, match="no file that can be taken over"):
        take_over(tmp_path / "x")


def test_unreadable(tmp_path: Path) -> None:
    """A file that is missing or no text is an error."""
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")

    for name in ("x", "missing"):
        with pytest.raises(SourceError):
            take_over(tmp_path / name)
