"""What a scan leaves out, from end to end over real files and real repositories."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.leaks.fakes import fake

from strongroom.leaks.custom_rules import NONE, CustomRules, load
from strongroom.leaks.imports.read import take_over
from strongroom.leaks.library import Library
from strongroom.model.decision import Decision
from strongroom.model.report import Report
from strongroom.survey.leak_baseline import LeakBaseline
from strongroom.survey.scanning.accept import Acceptance
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.request import ScanRequest
from strongroom.survey.scanning.scan import scan

KEY = bytes(range(32))
LIBRARY = Library()


def run(
    folder: Path, acceptance: Acceptance | None = None, library: Library = LIBRARY, *, history: bool = False
) -> Report:
    """Scan a folder."""
    request = ScanRequest((str(folder),), KEY, history=history, now=datetime.now(UTC))
    return scan(request, Blobs(KEY, library, acceptance))


def accepting(folder: Path, baseline: LeakBaseline | None = None, rules: CustomRules = NONE) -> Acceptance:
    """Return what is accepted, for a baseline at the top of a folder."""
    return Acceptance(baseline, folder, folder, rules, date(2026, 11, 21))


def known(folder: Path, *, history: bool = False) -> LeakBaseline:
    """Return a baseline of everything that is found now."""
    acceptance = accepting(folder)
    run(folder, acceptance, history=history)
    return LeakBaseline.new(KEY).adding(acceptance.entries(acceptance.hits))


def token(number: int) -> str:
    """Return a line with a value."""
    return f"token = '{fake('github', number)}'\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_moved_code_stays_known(here: Path) -> None:
    """A value that moves to another line, with other code around it, is still known; in another file it is new."""
    (here / "a.py").write_text(token(1))
    baseline = known(here)
    (here / "a.py").write_text("# new\n\n\ndef f():\n    " + token(1).replace("token", "other"))

    report = run(here, accepting(here, baseline))
    assert report.findings == ()
    assert report.suppressed == {"baseline": 1}

    (here / "b.py").write_text(token(1))
    (finding,) = run(here, accepting(here, baseline)).findings
    assert finding.origin.path == "b.py"


def test_history_and_tree_share_a_baseline(here: Path) -> None:
    """What was accepted in the files is accepted in the history, and a value that is only in the history is not."""
    (here / "a.py").write_text(token(1))
    baseline = known(here)
    (here / "a.py").write_text(token(2))
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "old"]):
        _git(here, *words)
    (here / "a.py").write_text(token(1))
    _git(here, "commit", "-qam", "new")

    findings = run(here, accepting(here, baseline), history=True).findings

    assert len(findings) == 1
    assert len(known(here, history=True).entries) == 2


def test_comments_and_their_reasons(here: Path) -> None:
    """A comment with a reason accepts, one without is told."""
    (here / "a.py").write_text(token(1).rstrip() + "  # strongroom: ignore made up\n")
    (here / "b.py").write_text(token(2).rstrip() + "  # strongroom: ignore\n")
    (here / "c.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n"
        "  # strongroom: ignore[leak] made up\n  password: Tr0ub4dor-and-3\n"
    )

    report = run(here)

    assert [finding.origin.path for finding in report.findings] == ["b.py"]
    assert report.suppressed == {"ignored": 2}
    assert [(skip.path, skip.line) for skip in report.skipped] == [("b.py", 1)]


def test_comment_in_a_large_file(here: Path) -> None:
    """Behind many lines, where the text is read in windows, a comment still speaks of its line."""
    filler = "x = 1\n" * 300_000
    (here / "a.py").write_text(filler + token(1).rstrip() + "  # strongroom: ignore made up\n" + token(2))

    (finding,) = run(here).findings

    assert finding.origin.line == 300_002


def test_own_rules_and_allowlists(here: Path) -> None:
    """Rules of one's own find, their allowlists leave out, and those for every rule leave out what built-in ones find."""
    (here / "rules.toml").write_text(
        "[extend]\ndisabledRules = ['gitlab-pat']\n"
        "[[rules]]\nid = 'acme'\nregex = '''\\bacme_[a-z0-9]{20}\\b'''\n"
        "[[rules.allowlists]]\nstopwords = ['k3j4']\n"
        "[[allowlists]]\npaths = ['^vendor/']\n"
        f"[[allowlists]]\nregexes = ['^{fake('github', 9)}$']\n"
    )
    (here / "vendor").mkdir()
    (here / "vendor" / "a.txt").write_text(token(1))
    (here / "a.txt").write_text(
        "acme_k3j4h5g6f7d8s9a0q1w2\nacme_z9x8c7v6b5n4m3l2k1j0\n" + token(9) + token(2) + f"t: {fake('gitlab')}\n"
    )
    rules = load([here / "rules.toml"])

    report = run(here, accepting(here, rules=rules), Library(rules.paths))
    found = {(finding.rule, finding.origin.path, finding.origin.line) for finding in report.findings}

    assert found == {("custom.acme", "a.txt", 2), ("betterleaks.github-pat", "a.txt", 4)}
    assert report.suppressed["allowlist"] >= 3


def test_allowlist_of_commits(here: Path) -> None:
    """A commit that an allowlist names is left out of the history."""
    _git(here, "init", "-q")
    for number in (1, 2):
        (here / "a.py").write_text(token(number))
        _git(here, "add", ".")
        _git(here, "commit", "-qm", str(number))
    first = _git(here, "rev-list", "--max-parents=0", "HEAD").strip()
    (here / "rules.toml").write_text(f"[[allowlists]]\ncommits = ['{first}']\n")

    findings = run(here, accepting(here, rules=load([here / "rules.toml"])), history=True).findings

    assert len(findings) == 1
    assert findings[0].origin.commit != first


def test_gitleaksignore(here: Path) -> None:
    """What a line of it names is left out and becomes an entry; another rule's line is not ours."""
    (here / "a.py").write_text(token(1) + token(2) + token(3))
    (here / ".gitleaksignore").write_text(
        "a.py:github-pat:1\na.py:generic-api-key:2\na.py:gitlab-pat:3\ngone.py:jwt:1\n"
    )
    rules = load([], [take_over(here / ".gitleaksignore")])
    acceptance = accepting(here, rules=rules)

    (finding,) = run(here, acceptance).findings

    assert finding.origin.line == 3
    assert acceptance.unused == 2
    decisions = [entry.decision for entry in acceptance.entries(acceptance.hits)]
    assert sorted(decision.value for decision in decisions) == ["accepted", "accepted", "undecided"]


@pytest.mark.parametrize(("is_secret", "reported"), [(None, 0), (False, 0), (True, 1)])
def test_detect_secrets(here: Path, is_secret: bool | None, reported: int) -> None:
    """A value is known by its SHA-1, also where it stands in base64; what was found to be real is reported."""
    sha1 = hashlib.sha1(b"Tr0ub4dor-and-3", usedforsecurity=False).hexdigest()
    result = {"type": "Secret Keyword", "hashed_secret": sha1, "line_number": 77}
    result |= {} if is_secret is None else {"is_secret": is_secret}
    (here / ".secrets.baseline").write_text(
        json.dumps({"version": "1.5.0", "plugins_used": [], "results": {"a.yaml": [result], "b.yaml": [result]}})
    )
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
    (here / "a.yaml").write_text(secret + "stringData: {password: Tr0ub4dor-and-3}\n")
    (here / "b.yaml").write_text(secret + "data: {password: VHIwdWI0ZG9yLWFuZC0z}\n")
    acceptance = accepting(here, rules=load([], [take_over(here / ".secrets.baseline")]))

    report = run(here, acceptance)

    assert len([one for one in report.findings if one.origin.path.endswith("yaml")]) == reported
    assert acceptance.unused == 0
    decision = {None: Decision.UNDECIDED, False: Decision.ACCEPTED, True: Decision.REAL}[is_secret]
    assert {e.decision for e in acceptance.entries(acceptance.hits) if e.path.endswith(".yaml")} == {decision}


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.hooksPath=/dev/null", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
