"""Options of a scan that write: what they ask Git, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.leaks.fakes import fake
from tests.sources.repositories import Repository

from strongroom.cli.root import run
from strongroom.cli.scan_options import options_of, write_baseline
from strongroom.errors import UsageError
from strongroom.survey.leak_baseline import LeakBaseline

KEY = b"k" * 32


def test_writing_a_baseline_starts_no_program_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git is asked how the baseline merges, and the monitor that the repository names is not started."""
    monkeypatch.chdir(tmp_path)
    repository = Repository(tmp_path)
    repository.commit({"a.txt": "x\n", ".gitattributes": "* text\n"})
    started = tmp_path / "started"
    repository.git("config", "core.fsmonitor", f"touch {started}; false")
    repository.git("status")
    asked_for = started.exists()
    started.unlink(missing_ok=True)

    write_baseline(options_of({"write_baseline": ".strongroom-baseline"}), KEY, [])

    assert asked_for, "the monitor of this repository does not start at all"
    assert not started.exists()
    assert (tmp_path / ".strongroom-baseline").is_file()


@pytest.mark.parametrize("day", ["2020-01-31", "2026-13-01", "soon"])
def test_an_expiry_is_a_day_to_come(day: str) -> None:
    """What has expired already is accepted by nobody: a day that has passed, or is none, is an error."""
    with pytest.raises(UsageError):
        options_of({"write_baseline": "b", "reason": "a reason", "expires": day})
    assert options_of({"write_baseline": "b", "reason": "a reason", "expires": "2999-01-31"}).expires == "2999-01-31"


def test_a_baseline_of_several_repositories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each repository's files are named by where it lies: what both accepted is known to a scan of one of them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_bytes(KEY)
    for number, name in enumerate(("one", "two")):
        (tmp_path / name).mkdir()
        Repository(tmp_path / name).commit({"a.py": f"token = '{fake('github', number)}'\n"})
    scan = ("scan", "--history", "--fingerprint-key", "key", "--quiet")

    assert run([*scan, "one", "two", "--write-baseline=known"]) == 0

    assert {entry.path for entry in LeakBaseline.load(Path("known"), KEY).entries} == {"one/a.py", "two/a.py"}
    assert run([*scan, "two", "--baseline", "known"]) == 0
    assert run([*scan, "two"]) == 1
