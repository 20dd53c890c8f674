"""The baseline of a scan: what it covers, how it is written, and that branches merge."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from strongroom.errors import OutputError, UsageError
from strongroom.model.decision import Decision
from strongroom.model.plaintext import Fingerprint, Plaintext
from strongroom.survey.leak_baseline import Entry, LeakBaseline, key_id, path_in

KEY = bytes(range(32))
TODAY = date(2026, 11, 21)


def entry(value: str, path: str = "a.py", **more: Any) -> Entry:
    """Return an entry for a value."""
    return Entry(Plaintext(value).fingerprint(KEY), "betterleaks.github-pat", path, **more)


def written(path: Path, *entries: Entry) -> Path:
    """Write a baseline of these entries."""
    LeakBaseline.new(KEY).adding(entries).write(path)
    return path


def test_round_trip(tmp_path: Path) -> None:
    """What is written is read again, whatever a path or a reason holds."""
    entries = [
        entry("one"),
        entry(
            "two", "dir/\n\x1b[31m\udcff.py", decision=Decision.ACCEPTED, reason='a "reason"\nof two lines', author="ä"
        ),
        entry("three", decision=Decision.REAL, expires="2027-01-31"),
    ]
    file = written(tmp_path / "b", *entries)

    assert sorted(LeakBaseline.load(file, KEY).entries.values(), key=str) == sorted(entries, key=str)
    assert file.read_bytes().isascii()
    assert len(file.read_text().splitlines()) == 1 + len(entries)


def test_sorted_and_stable(tmp_path: Path) -> None:
    """The same entries give the same file in whatever order they come."""
    entries = [entry(str(n)) for n in range(20)]

    assert written(tmp_path / "a", *entries).read_bytes() == written(tmp_path / "b", *reversed(entries)).read_bytes()
    assert (tmp_path / "a").read_text().splitlines()[1:] == sorted((tmp_path / "a").read_text().splitlines()[1:])


def test_holds_no_line_numbers_and_no_values(tmp_path: Path) -> None:
    """An entry is a fingerprint, a rule, a path, and what was decided."""
    file = written(tmp_path / "b", entry("hunter2-hunter2", decision=Decision.ACCEPTED, reason="r", author="a"))
    header, line = map(json.loads, file.read_text().splitlines())

    assert header == {"strongroom": "leak baseline", "version": 1, "key": key_id(KEY)}
    assert list(line) == ["fingerprint", "rule", "path", "decision", "reason", "author"]
    assert b"hunter2" not in file.read_bytes()


@pytest.mark.parametrize(
    ("more", "covers"),
    [
        ({}, True),
        ({"decision": Decision.ACCEPTED, "reason": "r"}, True),
        ({"decision": Decision.ACCEPTED, "reason": "r", "expires": "2026-11-21"}, True),
        ({"decision": Decision.ACCEPTED, "reason": "r", "expires": "2026-11-20"}, False),
        ({"decision": Decision.REAL}, False),
    ],
)
def test_covers(more: dict[str, Any], covers: bool) -> None:
    """An entry counts to the end of its last day; one that is marked as real is reported again."""
    one = entry("v", **more)
    baseline = LeakBaseline.new(KEY).adding([one])

    assert baseline.covers(one.fingerprint, "another-rule", "a.py", TODAY) is covers
    assert baseline.expired(TODAY) == ([one] if not covers and one.expires else [])
    assert not baseline.covers(one.fingerprint, one.rule, "b.py", TODAY)
    assert not baseline.covers(Fingerprint("0" * 64), one.rule, "a.py", TODAY)


def test_decisions_stay() -> None:
    """Adding what is found again does not undo what was decided on it."""
    decided = entry("v", decision=Decision.REAL, reason="r")

    baseline = LeakBaseline.new(KEY).deciding(decided).adding([entry("v"), entry("w")])

    assert baseline.entry(decided.fingerprint, "a.py") == decided
    assert baseline.undecided() == [entry("w")]


def test_another_key(tmp_path: Path) -> None:
    """A baseline of another key is an error that names both keys and says how a team shares one."""
    file = written(tmp_path / "b", entry("v"))
    other = bytes(32)

    with pytest.raises(UsageError, match="another fingerprint key") as raised:
        LeakBaseline.load(file, other)

    assert key_id(KEY) in raised.value.message
    assert key_id(other) in raised.value.message
    assert "--fingerprint-key" in raised.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no baseline of strongroom scan"),
        ("# strongroom baseline: of an audit\n", "no baseline of strongroom scan"),
        ('{"strongroom":"leak baseline","version":2,"key":"0"}\n', "newer strongroom"),
        ("<HEAD>\nsomething\n", "no entry in line 2"),
        ("<HEAD>\n[1]\n", "no entry in line 2"),
        ('<HEAD>\n{"fingerprint":"x","rule":"r","path":"p"}\n', "no fingerprint in line 2"),
        ('<HEAD>\n{"fingerprint":"<FP>","rule":"r"}\n', "no valid entry in line 2"),
        ('<HEAD>\n{"fingerprint":"<FP>","rule":"r","path":"p","expires":"soon"}\n', "no valid entry in line 2"),
        ('<HEAD>\n{"fingerprint":"<FP>","rule":"r","path":"p","decision":"fine"}\n', "no valid entry in line 2"),
        ('<HEAD>\n{"fingerprint":"<FP>","rule":"r","path":"p","decision":"accepted"}\n', "without a reason in line 2"),
        ("<HEAD>\n<<<<<<< ours\n", "merge conflict in line 2"),
    ],
)
def test_refused(tmp_path: Path, text: str, message: str) -> None:
    """A file that is no baseline, or a line that is no entry, is an error: it must not look like a clean one."""
    head = json.dumps({"strongroom": "leak baseline", "version": 1, "key": key_id(KEY)})
    file = tmp_path / "b"
    file.write_text(text.replace("<HEAD>", head).replace("<FP>", "0" * 64))

    with pytest.raises(UsageError, match=message):
        LeakBaseline.load(file, KEY)


def test_missing(tmp_path: Path) -> None:
    """A baseline that does not exist is an error with the way to make it."""
    with pytest.raises(UsageError, match="does not exist") as raised:
        LeakBaseline.load(tmp_path / "b", KEY)

    assert "--write-baseline" in raised.value.hint


def test_not_writable(tmp_path: Path) -> None:
    """Where it cannot be written, nothing is left behind."""
    with pytest.raises(OutputError, match="cannot be written"):
        written(tmp_path / "missing" / "b", entry("v"))

    assert list(tmp_path.iterdir()) == []


def test_replaced_in_one_step(tmp_path: Path) -> None:
    """A link stays a link, the mode stays, and no other file is left."""
    file = tmp_path / "real"
    file.write_text("")
    file.chmod(0o640)
    (tmp_path / "link").symlink_to("real")

    written(tmp_path / "link", entry("v"))

    assert (tmp_path / "link").is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link", "real"]


def test_path_in(tmp_path: Path) -> None:
    """A file has one name, from whatever folder it was scanned; one outside keeps the name that it was found by."""
    top = tmp_path / "repo"

    assert path_in(top, top, "src/a.py") == "src/a.py"
    assert path_in(top, top / "src", "a.py") == "src/a.py"
    assert path_in(top, top / "src", "../b.py") == "b.py"
    assert path_in(top / "ci", top, "src/a.py") == "src/a.py"
    assert path_in(top, top, "-") == "-"


def _git(folder: Path, *arguments: str) -> str:
    command = [
        "git",
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "core.hooksPath=/dev/null",
        *arguments,
    ]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("start", [0, 1, 30], ids=lambda n: f"{n} entries before")
def test_branches_merge(tmp_path: Path, start: int) -> None:
    """Two branches that both add entries, also next to each other, merge without conflict, and none is lost."""
    file = tmp_path / ".strongroom-baseline"
    (tmp_path / ".gitattributes").write_text("/.strongroom-baseline merge=union\n")
    before = [entry(f"before {n}") for n in range(start)]
    _git(tmp_path, "init", "-q", "-b", "main")
    written(file, *before)
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "start")
    sides = {name: [entry(f"{name} {n}") for n in range(10)] for name in ("left", "right")}
    for name, added in sides.items():
        _git(tmp_path, "switch", "-q", "-c", name, "main")
        written(file, *before, *added)
        _git(tmp_path, "commit", "-qam", name)

    _git(tmp_path, "merge", "-q", "--no-edit", "left")

    merged = LeakBaseline.load(file, KEY)
    assert set(merged.entries.values()) == {*before, *sides["left"], *sides["right"]}


def test_two_decisions_on_one_value(tmp_path: Path) -> None:
    """Where both branches decided on one value, real counts before accepted, and the earlier expiry before the later."""
    accepted = entry("v", decision=Decision.ACCEPTED, reason="r", expires="2027-06-01")
    sooner = entry("v", decision=Decision.ACCEPTED, reason="r", expires="2027-01-01")
    always = entry("v", decision=Decision.ACCEPTED, reason="r")
    real = entry("v", decision=Decision.REAL)
    files = {}
    for name, one in {
        "open": entry("v"),
        "accepted": accepted,
        "sooner": sooner,
        "always": always,
        "real": real,
    }.items():
        files[name] = written(tmp_path / name, one).read_text()

    def both(*names: str) -> Entry | None:
        (tmp_path / "both").write_text("".join(files[name] for name in names))
        return LeakBaseline.load(tmp_path / "both", KEY).entry(real.fingerprint, "a.py")

    for names in (("open", "accepted"), ("accepted", "open")):
        assert both(*names) == accepted
    for names in (("real", "accepted"), ("accepted", "real")):
        assert both(*names) == real
    assert both("always", "sooner", "accepted") == sooner
    assert both("accepted", "sooner", "always") == sooner
