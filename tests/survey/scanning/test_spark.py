"""A scan of many repositories: tasks, ranges, rows, and the report."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from tests.sources.repositories import Repository, token

from strongroom.errors import SourceError, UsageError
from strongroom.model.finding import Severity
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.request import ScanRequest
from strongroom.survey.scanning.scan import scan
from strongroom.survey.scanning.spark import listed
from strongroom.survey.scanning.spark_job import Freight, Job
from strongroom.survey.scanning.spark_report import Summary
from strongroom.survey.scanning.spark_rows import Row, columns, json_lines, row_of, skipped_row
from strongroom.survey.scanning.spark_task import (
    MOST_RANGES,
    Listed,
    Measured,
    Outcome,
    Part,
    Task,
    given_up,
    in_range,
    measure,
    merge,
    scan_task,
    tasks_of,
)

KEY = b"fingerprint-key-of-this-test-0123456789"
PASSWORD = "Vx9k2" + "LmQ81zzT"


def _chance(seed: object) -> random.Random:
    """Return random numbers that are the same in every run."""
    return random.Random(str(seed))  # noqa: S311 - nothing secret is made of them


def _job(**options: Any) -> Job:
    return Job(KEY, **options)


def _listed(path: Path, number: int = 0) -> Listed:
    return Listed(number, str(path), str(path))


def _whole(job: Job, path: Path) -> Outcome:
    outcome = scan_task(job, Task(_listed(path)))
    assert isinstance(outcome, Outcome)
    return outcome


def _grown(folder: Path) -> Repository:
    """Return a repository whose values come, move between files and go."""
    repository = Repository(folder)
    manifest = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  password: {PASSWORD}\n"
    repository.commit({"a.txt": f"{token()}\n", "b.yaml": manifest})
    for number in range(12):
        repository.commit(
            {f"f{number % 3}.txt": f"line {number}\n{token(number % 4)}\n", "b.yaml": f"# {number}\n{manifest}"}
        )
    repository.commit({"a.txt": None, "f0.txt": "gone\n"})
    repository.commit({"c.txt": f"{token(9)} # strongroom: ignore an example\n"})
    return repository


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return such a repository."""
    return _grown(tmp_path_factory.mktemp("grown")).folder


def test_a_repository_gives_the_rows_of_an_ordinary_scan(grown: Path) -> None:
    """A task finds what `scan --history` finds: one row for each value, with its commits and its number of places."""
    blobs = Blobs(KEY)
    report = scan(ScanRequest((str(grown),), KEY, history=True), blobs)

    outcome = _whole(_job(), grown)

    assert len(outcome.rows) == 5
    assert outcome.rows == sorted((row_of(str(grown), one) for one in report.findings), key=lambda row: row.fingerprint)
    assert (outcome.files, outcome.suppressed) == (report.coverage.files, report.suppressed)
    assert outcome.commits == 15


@pytest.mark.parametrize("parts", [2, 5, MOST_RANGES])
def test_ranges_of_a_repository_give_together_what_the_whole_gives(grown: Path, parts: int) -> None:
    """However many ranges a repository is cut into, and in whatever order they come, nothing is lost or doubled."""
    job = _job()
    whole = _whole(job, grown)
    given = [scan_task(job, Task(_listed(grown), part, parts)) for part in range(parts)]
    _chance(parts).shuffle(given)

    joined = merge(job, given)

    assert joined.rows == whole.rows
    assert (joined.files, joined.commits, joined.skipped) == (whole.files, whole.commits, whole.skipped)
    assert sum(isinstance(one, Part) and bool(one.hits) for one in given) > 1


def test_every_object_is_in_exactly_one_range() -> None:
    """The ends of ranges meet: each id is in one of them, also the least and the greatest."""
    ids = [b"0" * 40, b"f" * 40, *(_chance(n).randbytes(20).hex().encode() for n in range(500))]
    for parts in (1, 2, 3, 7, MOST_RANGES):
        tests = [in_range(Task(Listed(0, "r", "/r"), part, parts)) for part in range(parts)]
        assert all(sum(test(id_) for test in tests) == 1 for id_ in ids)


def test_a_missing_range_is_said_and_not_passed_over(grown: Path) -> None:
    """Where a range is missing, the repository counts as not read; where one gave up, the others count."""
    job = _job()
    given = [scan_task(job, Task(_listed(grown), part, 3)) for part in range(3)]

    lost = merge(job, given[:2])
    survived = merge(job, [*given[:2], given_up(Task(_listed(grown), 2, 3), 7)])

    assert (lost.rows, [one.detail for one in lost.skipped]) == ([], ["a range of it is missing"])
    assert survived.rows
    assert [one.detail for one in survived.skipped] == ["given up after 7 attempts"]


def test_a_broken_repository_is_a_row(tmp_path: Path) -> None:
    """What is no repository, is empty, or lacks the branch is skipped with the reason; nothing is raised."""
    (tmp_path / "plain").mkdir()
    empty = Repository(tmp_path / "empty").folder
    full = Repository(tmp_path / "full")
    full.commit({"a.txt": f"{token()}\n"})
    cases = [(tmp_path / "none", ""), (tmp_path / "plain", ""), (empty, ""), (full.folder, "release")]

    outcomes = [_whole(_job(branch=branch), path) for path, branch in cases]

    rows = [skipped_row(one.listed.name, skipped) for one in outcomes for skipped in one.skipped]
    assert [(row.repository, row.kind, row.path, row.problem) for row in rows] == [
        (str(path), "skipped", "", True) for path, _ in cases
    ]
    assert "release is no commit of this repository" in rows[-1].reason
    assert not any(one.rows for one in outcomes)


def test_a_repository_with_a_missing_object_keeps_its_other_values(tmp_path: Path) -> None:
    """A missing object is a skipped row with the file's path beside the rows of what could be read."""
    repository = Repository(tmp_path / "r")
    repository.commit({"a.txt": f"{token(1)}\n", "b.txt": f"{token(2)}\n"})
    id_ = repository.git("rev-parse", "HEAD:b.txt")
    (repository.folder / ".git" / "objects" / id_[:2] / id_[2:]).unlink()

    outcome = _whole(_job(), repository.folder)

    assert [row.path for row in outcome.rows] == ["a.txt"]
    assert [skipped_row("r", one).path for one in outcome.skipped] == ["b.txt"]


def test_large_repositories_are_cut_and_come_first(tmp_path: Path) -> None:
    """Tasks begin with the largest repository, in ranges of the given size, of which there is an upper limit."""
    sizes = (10, 5_000, 0, 250)
    measured = [Measured(_listed(tmp_path / str(n), n), str(n), size) for n, size in enumerate(sizes)]

    tasks = tasks_of(measured, 100)

    assert [(task.listed.number, task.parts) for task in tasks] == [*[(1, 50)] * 50, *[(3, 3)] * 3, (0, 1), (2, 1)]
    assert [task.part for task in tasks[50:53]] == [0, 1, 2]
    assert {task.parts for task in tasks_of(measured, 1) if task.listed.number == 1} == {MOST_RANGES}


def test_one_repository_under_two_names_has_one_identity(grown: Path, tmp_path: Path) -> None:
    """A link to a repository, and the repository, are told to be the same before anything is scanned."""
    (tmp_path / "link").symlink_to(grown)
    Repository(tmp_path / "other")

    first, second, other = (measure(_job(), _listed(path)) for path in (grown, tmp_path / "link", tmp_path / "other"))

    assert first.identity == second.identity != other.identity
    assert first.size > 0


def test_a_worker_with_another_version_says_so() -> None:
    """A worker that has another version of the program is not fit to scan."""
    assert "instead of 0.0.0" in measure(_job(version="0.0.0"), Listed(0, "r", "/r")).trouble


def test_rules_travel_with_the_job(tmp_path: Path) -> None:
    """Further rules reach a worker by their contents, and a bad one is said before anything is scanned."""
    repository = Repository(tmp_path / "r")
    repository.commit({"a.txt": "code = vault-AbCdEf0123456789\n"})
    rule = (
        "rules:\n  - name: Vault Code\n    id: custom.vault-code\n    pattern: '(vault-[A-Za-z0-9]{16})'\n"
        "    min_entropy: 2\n    confidence: high\n    examples: ['vault-AbCdEf0123456789']\n"
    )
    rules = (("own.yml", rule.encode()),)

    outcome = _whole(_job(freight=Freight(rules)), repository.folder)

    assert [row.rule for row in outcome.rows] == ["custom.vault-code"]
    assert measure(_job(freight=Freight((("own.yml", b"rules: 1\n"),))), _listed(repository.folder)).trouble


def test_a_list_is_read_as_people_write_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blank lines, comments and repetitions are passed over; names are kept, paths are whole."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list").write_text("# ours\n\n  a \n/b/c\n./a\nd e\r\n")

    found = listed(tmp_path / "list")

    assert found == [Listed(0, "a", f"{tmp_path}/a"), Listed(1, "/b/c", "/b/c"), Listed(2, "d e", f"{tmp_path}/d e")]


@pytest.mark.parametrize("text", ["", "# nothing\n\n"])
def test_a_list_without_a_repository_is_an_error(tmp_path: Path, text: str) -> None:
    """A list that names nothing is no success."""
    (tmp_path / "list").write_text(text)
    with pytest.raises(SourceError, match="names no repository"):
        listed(tmp_path / "list")


def test_an_address_in_a_list_is_refused_without_repeating_it(tmp_path: Path) -> None:
    """An address may hold a password: the error tells the line only."""
    (tmp_path / "list").write_text(f"a\nhttps://ada:{PASSWORD}@git.example.com/r.git\n")
    with pytest.raises(UsageError, match="line 2") as caught:
        listed(tmp_path / "list")
    assert PASSWORD not in f"{caught.value} {caught.value.hint}"


def test_the_key_is_in_no_text_of_a_job() -> None:
    """Spark may log what it sends: a job does not tell its key."""
    assert KEY.decode() not in f"{_job()!r} {_job()}"


def test_rows_are_lines_of_json_that_move_no_cursor(tmp_path: Path) -> None:
    """Names from a repository are escaped, also bytes that are no text; no row holds the value."""
    repository = Repository(tmp_path / "r")
    repository.commit({"a\x1b[2J\u202e\udcff.txt": f"{token()}\n"})

    (line,) = json_lines(_whole(_job(), repository.folder).rows)

    assert line[:-1].isprintable()
    assert json.loads(line)["path"] == "a\x1b[2J\u202e\\udcff.txt"
    assert token()[4:] not in line


def test_a_table_has_the_columns_of_a_row() -> None:
    """The columns that Spark is told are the fields of a row in their order, with types that can hold them."""
    declared = [column.split(" ") for column in columns().split(", ")]
    types = {"kind": "string", "entropy": "double", "places": "bigint", "line": "bigint", "present": "boolean"}
    assert [name for name, _ in declared] == list(Row.__struct_fields__)
    assert types.items() <= {one[0]: one[1] for one in declared}.items()


def test_a_value_of_many_repositories_is_one_finding(tmp_path: Path) -> None:
    """The report counts repositories and places, names the first place in each, and the oldest and newest commit."""
    folders = []
    for number in range(3):
        repository = Repository(tmp_path / f"r{number}")
        for version in range(number):
            repository.commit({"other.txt": f"{version}\n"})
        repository.commit({"a.txt": f"{token()}\n"})
        repository.commit({"b.txt": f"{token()}\n"})
        folders.append(repository.folder)
    summary = Summary()
    for number, folder in enumerate(folders):
        summary.add(scan_task(_job(), Task(Listed(number, f"r{number}", str(folder)))))  # type: ignore[arg-type]
    summary.add(given_up(Task(Listed(3, "r3", "/r3")), 7))

    (finding,) = summary.findings()

    assert finding.leak is not None
    assert finding.leak.first is not None
    assert finding.leak.last is not None
    assert "3 repositories, 6 places" in finding.message
    assert [finding.origin.path, *(one.origin.path for one in finding.related)] == [f"r{n}/a.txt" for n in range(3)]
    assert (finding.leak.first.date[:10], finding.leak.last.date[:10]) == ("2026-01-02", "2026-01-05")
    assert (summary.read, summary.failed, finding.severity) == (3, 1, Severity.HIGH)
