"""A scan of history and of what is about to be committed: commits, places, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.sources.repositories import Repository, token

from strongroom.errors import SourceError, UsageError
from strongroom.model.finding import Finding
from strongroom.model.plaintext import Plaintext
from strongroom.model.report import Report
from strongroom.model.skipped import Reason
from strongroom.report.actions import first_actions
from strongroom.survey.run import Request, survey
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.request import ScanRequest
from strongroom.survey.scanning.scan import scan

KEY = b"k" * 32
PASSWORD = "Vx9k2" + "LmQ81zzT"


@pytest.fixture(scope="module")
def blobs() -> Blobs:
    """Return what looks at contents; its rules are loaded once."""
    made = Blobs(KEY)
    made.load()
    return made


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return an empty repository in the working folder."""
    monkeypatch.chdir(tmp_path)
    return Repository(tmp_path)


def _scan(blobs: Blobs, *paths: str, **options: Any) -> Report:
    return scan(ScanRequest(paths or (".",), KEY, **{"history": True, **options}), blobs)


def _of(report: Report, value: str) -> Finding:
    wanted = Plaintext(value).fingerprint(KEY)
    (found,) = [finding for finding in report.findings if finding.value == wanted]
    return found


def _places(finding: Finding) -> list[tuple[str, int, str]]:
    origins = [finding.origin, *(other.origin for other in finding.related)]
    return [(origin.path, origin.line, origin.commit) for origin in origins]


def _secret(password: str, note: str = "") -> str:
    return f"{note}apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  password: {password}\n"


def test_a_value_in_many_commits_is_one_finding(blobs: Blobs, repository: Repository) -> None:
    """Every version that holds the value is a place with its own line and commit, the oldest first."""
    first = repository.commit({"a.txt": f"{token()}\n"})
    second = repository.commit({"a.txt": f"one\n{token()}\n"})
    third = repository.commit({"b.txt": f"one\ntwo\n{token()}\n"})

    finding = _of(_scan(blobs), token())

    assert _places(finding) == [("a.txt", 1, first), ("a.txt", 2, second), ("b.txt", 3, third)]
    assert finding.leak is not None
    assert finding.leak.first is not None
    assert finding.leak.last is not None
    assert (finding.leak.first.id, finding.leak.first.author) == (first, "Ada")
    assert (finding.leak.last.id, finding.leak.present) == (third, True)


def test_a_value_that_was_taken_out_has_a_last_commit(blobs: Blobs, repository: Repository) -> None:
    """The last commit that holds a value is the one before it was taken out, also where that one changed other files."""
    first = repository.commit({"a.txt": f"{token()}\n"})
    second = repository.commit({"other.txt": "1\n"})
    repository.commit({"a.txt": "gone\n"})
    repository.commit({"other.txt": "2\n"})

    leak = _of(_scan(blobs), token()).leak

    assert leak is not None
    assert leak.first is not None
    assert leak.last is not None
    assert (leak.first.id, leak.last.id, leak.present) == (first, second, False)
    assert any("git filter-repo --invert-paths --path a.txt" in step for step in leak.todo)
    assert any("does not undo the leak" in step for step in leak.todo)


def test_a_value_that_is_still_there_is_purged_from_within_files(blobs: Blobs, repository: Repository) -> None:
    """Where the tip still needs the file, the command replaces the value in it, and names no value."""
    repository.commit({"a.txt": f"{token()}\n"})

    leak = _of(_scan(blobs), token()).leak

    assert leak is not None
    assert any("git filter-repo --replace-text leaked.txt" in step for step in leak.todo)


def test_a_hostile_path_is_quoted_in_the_command(blobs: Blobs, repository: Repository) -> None:
    """A path that a shell would act on stands in quotes in the command to purge it."""
    repository.commit({"a; rm -rf x.txt": f"{token()}\n"})
    repository.commit({"a; rm -rf x.txt": None})

    leak = _of(_scan(blobs), token()).leak

    assert leak is not None
    assert any("--path 'a; rm -rf x.txt'`" in step for step in leak.todo)


def test_versions_of_a_manifest_keep_their_own_lines(blobs: Blobs, repository: Repository) -> None:
    """A password that only reading finds is placed right in each version, also where only other lines changed."""
    commits = [repository.commit({"c.yaml": _secret(PASSWORD, "# note\n" * count)}) for count in range(4)]

    assert _places(_of(_scan(blobs), PASSWORD)) == [("c.yaml", 5 + n, commit) for n, commit in enumerate(commits)]


def test_another_password_in_the_next_version_is_another_finding(blobs: Blobs, repository: Repository) -> None:
    """What is remembered of one version is not said of one that holds another value."""
    repository.commit({"c.yaml": _secret(PASSWORD)})
    repository.commit({"c.yaml": _secret(PASSWORD + "2")})
    repository.commit({"c.yaml": _secret("changeme")})

    report = _scan(blobs)

    assert len(report.findings) == 2
    assert {f.leak.present for f in report.findings if f.leak} == {False}


def test_a_part_of_the_history(blobs: Blobs, repository: Repository) -> None:
    """Only what is newer than a revision, or only another branch, or all branches."""
    first = repository.commit({"a.txt": f"{token(1)}\n"})
    repository.commit({"b.txt": f"{token(2)}\n"})
    repository.git("checkout", "-q", "-b", "side", first)
    repository.commit({"c.txt": f"{token(3)}\n"})
    repository.git("checkout", "-q", "main")

    def paths(**options: Any) -> set[str]:
        return {finding.origin.path for finding in _scan(blobs, **options).findings}

    assert paths() == {"a.txt", "b.txt"}
    assert paths(since=first) == {"b.txt"}
    assert paths(branch="side") == {"a.txt", "c.txt"}
    assert paths(all_refs=True) == {"a.txt", "b.txt", "c.txt"}


def test_what_cannot_be_is_an_error(blobs: Blobs, repository: Repository) -> None:
    """A repository without commits and a revision that does not exist are errors."""
    with pytest.raises(SourceError, match="no commits"):
        _scan(blobs)
    repository.commit({"a.txt": "1\n"})
    with pytest.raises(UsageError, match="no commit of this repository"):
        _scan(blobs, since="nowhere")


def test_what_could_not_be_read_is_said(blobs: Blobs, repository: Repository, tmp_path: Path) -> None:
    """A broken object is named with its path, and the rest is scanned."""
    repository.commit({"a.txt": f"{token(1)}\n", "b.txt": f"{token(2)}\n"})
    blob = repository.git("rev-parse", "HEAD:a.txt")
    (tmp_path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    report = _scan(blobs)

    assert [(s.path, s.reason, s.problem) for s in report.skipped] == [("a.txt", Reason.UNREADABLE, True)]
    assert [f.origin.path for f in report.findings] == ["b.txt"]


def test_only_what_is_about_to_be_committed(blobs: Blobs, repository: Repository) -> None:
    """Of staged files, values of the index count, not those of the working tree, nor those that HEAD has there."""
    repository.commit({"old.txt": f"{token(1)}\n"})
    repository.write("old.txt", f"{token(1)}\n{token(2)}\n")
    repository.write("new.txt", f"{token(3)}\n")
    repository.git("add", "-A")
    repository.write("new.txt", f"{token(4)}\n")
    repository.write("unstaged.txt", f"{token(5)}\n")

    report = _scan(blobs, history=False, staged=True)

    assert {f.value for f in report.findings} == {Plaintext(token(n)).fingerprint(KEY) for n in (2, 3)}
    assert report.suppressed == {"committed": 1}


def test_nothing_staged_is_a_clean_result(blobs: Blobs, repository: Repository) -> None:
    """A commit without changed files is none to object to."""
    repository.commit({"a.txt": "1\n"})

    assert _scan(blobs, history=False, staged=True).findings == ()


def test_conflicts_are_an_error(blobs: Blobs, repository: Repository) -> None:
    """An index with conflicts is not about to be committed."""
    repository.commit({"a.txt": "1\n"})
    blob = repository.git("hash-object", "-w", "--stdin", stdin=b"2\n")
    lines = "".join(f"100644 {blob} {stage}\ta.txt\n" for stage in (1, 2, 3))
    repository.git("rm", "-q", "--cached", "a.txt")
    repository.git("update-index", "--index-info", stdin=lines.encode())

    with pytest.raises(SourceError, match="conflicts"):
        _scan(blobs, history=False, staged=True)


def test_an_audit_includes_the_history(repository: Repository) -> None:
    """`audit git:PATH` tells of a value in the files with its commits, and of one that only the history holds."""
    first = repository.commit({"c.yaml": _secret(PASSWORD), "gone.txt": f"{token()}\n"})
    repository.commit({"gone.txt": None})

    report = survey(Request(("git:.",), KEY))

    here, gone = _of(report, PASSWORD), _of(report, token())
    assert (here.id, gone.id) == ("secret-in-configmap", "leak:betterleaks.github-pat")
    assert here.leak is not None
    assert here.leak.first is not None
    assert (here.leak.first.id, here.leak.present) == (first, True)
    assert _places(gone) == [("gone.txt", 1, first)]


def test_an_audit_of_a_bare_repository_is_its_history(repository: Repository, tmp_path: Path) -> None:
    """A bare repository has no files: the report is of its history alone."""
    repository.commit({"a.txt": f"{token()}\n"})
    repository.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))

    report = survey(Request((f"git:{tmp_path}/bare.git",), KEY))

    assert [f.id for f in report.findings] == ["leak:betterleaks.github-pat"]


def test_what_is_not_committed_yet_need_not_be_rotated(blobs: Blobs, repository: Repository) -> None:
    """Of a value in the index it is said to take it out; of the same in history, to rotate it."""
    repository.commit({"a.txt": "x\n"})
    repository.write("a.txt", f"{token()}\n")
    repository.git("add", "a.txt")
    staged = _scan(blobs, history=False, staged=True)
    repository.commit({"a.txt": f"{token()}\n"})
    committed = _scan(blobs)

    assert first_actions(staged) == ("Take 1 credential out of what is about to be committed: a.txt",)
    assert first_actions(committed) == ("Rotate 1 credential that leaked: a.txt",)
    steps = [_of(report, token()).leak.todo[0] for report in (staged, committed)]  # type: ignore[union-attr]
    assert [step.split(" ")[0] for step in steps] == ["take", "rotate:"]


def test_a_moved_file_is_nothing_new(blobs: Blobs, repository: Repository) -> None:
    """A file that is only moved, or moved and changed elsewhere, brings in no value that HEAD does not hold."""
    repository.commit({"a.yaml": _secret(PASSWORD, "# one\n# two\n# three\n")})
    repository.git("mv", "a.yaml", "b.yaml")

    assert _scan(blobs, history=False, staged=True).findings == ()

    repository.write("b.yaml", _secret(PASSWORD, "# one\n# two\n# four\n"))
    repository.git("add", "-A")
    assert _scan(blobs, history=False, staged=True).findings == ()


def test_nothing_newer_is_no_failure(blobs: Blobs, repository: Repository) -> None:
    """A pipeline that asks for what is newer than a revision is answered where there is nothing: it is clean."""
    repository.commit({"a.txt": token()})

    report = _scan(blobs, since="HEAD")

    assert report.findings == ()
    assert "0 commits" in " ".join(report.coverage.notes)
