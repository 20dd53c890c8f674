"""A scan of many repositories on a real cluster of Spark, which loses a worker."""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.sources.repositories import Repository, token

from strongroom.model.plaintext import Fingerprint
from strongroom.survey.leak_baseline import Entry, LeakBaseline
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.request import ScanRequest
from strongroom.survey.scanning.scan import scan
from strongroom.survey.scanning.spark_job import Job
from strongroom.survey.scanning.spark_rows import Row, row_of
from strongroom.survey.scanning.spark_task import Listed, measure

if TYPE_CHECKING:
    from tests.survey.spark_cluster import Cluster

pytestmark = pytest.mark.verify

KEY = b"fingerprint-key-of-this-test-0123456789"
PASSWORD = "Gannet7-Locker!x"
SECRET = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: db, namespace: shop}}
stringData: {{password: "{PASSWORD}"}}
"""
RULE = """\
rules:
  - name: Vault Code
    id: custom.vault-code
    pattern: '(vault-[A-Za-z0-9]{16})'
    confidence: high
    min_entropy: 2
    examples: ['vault-AbCdEf0123456789']
"""
REPOSITORIES = 36
SCANNING = 1
"""The number of the stage that scans: the one before measures."""
_PATIENCE_SECONDS = 900


def _chance(seed: object) -> random.Random:
    """Return random numbers that are the same in every run."""
    return random.Random(str(seed))  # noqa: S311 - nothing secret is made of them


def _fleet(folder: Path) -> list[str]:
    """Make repositories, among them a large one and broken ones; return their names."""
    names = []
    for number in range(REPOSITORIES):
        repository = Repository(folder / f"r{number:02}")
        for version in range(3):
            chance = _chance((number, version))
            text = "".join(f"k{n} = {chance.random()}\n" for n in range(6_000))
            repository.commit({"a.txt": f"{token(number)}\n{text}", f"b{version}.txt": f"{token(version)}\n"})
        names.append(f"r{number:02}")
    large = Repository(folder / "large")
    for number in range(6):
        text = base64.encodebytes(_chance(number).randbytes(600_000)).decode()
        large.commit({"data.txt": f"{token(number)}\n{text}", "c.txt": f"{number} {token(77)}\n"})
    (folder / "plain").mkdir()
    return [*names, "large", "plain", "none"]


@pytest.fixture
def spark(tmp_path: Path) -> Iterator[Cluster]:
    """Return a cluster of two workers that encrypts what it sends and stores; a repository named deadly ends a task."""
    from tests.survey.spark_cluster import cluster, processes

    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(
        f'#!/bin/sh\ncase "$*" in *deadly*rev-list*) kill -9 $PPID;; esac\nexec {shutil.which("git")} "$@"\n'
    )
    git.chmod(0o755)
    with cluster(tmp_path / "spark", git.parent) as made:
        yield made
    assert processes(made.mark) == []


def test_a_worker_that_is_killed_takes_nothing_with_it(
    spark: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though a worker is killed in the middle, the rows are those of scanning one by one; none is lost or doubled."""
    folder = tmp_path / "repositories"
    folder.mkdir()
    names = _fleet(folder)
    (folder / "list").write_text("\n".join(names))
    (tmp_path / "key").write_bytes(KEY)
    words = ["--spark", spark.master, "--repos", "list", "--rows", str(tmp_path / "rows.jsonl"), "--range-size", "1"]
    options = ["--fingerprint-key", str(tmp_path / "key"), "-q", "-o", str(tmp_path / "report.json")]
    command = [sys.executable, "-m", "strongroom", "scan", *words, *options]

    with subprocess.Popen(
        command, cwd=folder, env=spark.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as driver:
        _wait(lambda: spark.finished(0, SCANNING) >= 4, driver)
        _assert_key_is_in_no_process(spark)
        spark.kill(0)
        done = spark.finished(0, SCANNING), spark.finished(1, SCANNING)
        said, _ = driver.communicate(timeout=_PATIENCE_SECONDS)

    assert driver.returncode == 1, said.decode()
    assert said == b""
    monkeypatch.chdir(folder)
    rows = [msgspec.json.decode(line, type=Row) for line in (tmp_path / "rows.jsonl").read_bytes().splitlines()]
    values = [row for row in rows if row.kind == "value"]
    assert values == [row for name in names[:-2] for row in _one_by_one(name)]
    assert [row.repository for row in rows if row.kind == "skipped"] == ["plain", "none"]
    tasks = REPOSITORIES + 2 + _ranges(folder / "large")
    assert sum(done) < tasks, "the worker was killed after everything was done"
    assert done[0] + spark.finished(1, SCANNING) > tasks, "what the killed worker had done was done again"
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert len(report["findings"]) == len({row.fingerprint for row in values})
    _assert_nothing_is_told(spark.folder, tmp_path / "rows.jsonl", tmp_path / "report.json")


def test_parquet_holds_the_rows_and_a_deadly_repository_is_one(
    spark: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parquet, written by the workers, holds the rows of scanning one by one, and one of what ends processes."""
    folder = tmp_path / "repositories"
    for number, name in enumerate(("r0", "r1", "r2", "deadly")):
        Repository(folder / name).commit({"a.txt": f"{token(number)}\n", "b.txt": f"{token(9)}\n"})
    (folder / "list").write_text("r0\nr1\nr2\ndeadly\n")
    (tmp_path / "key").write_bytes(KEY)
    words = ["--spark", spark.master, "--repos", "list", "--rows", str(tmp_path / "rows"), "-q"]
    done = _run(spark, folder, "-m", "strongroom", "scan", *words, "--fingerprint-key", str(tmp_path / "key"))
    assert (done.returncode, done.stderr) == (1, b"")
    reading = (
        "import sys; from pyspark.sql import SparkSession; "
        "rows = SparkSession.builder.master('local[1]').getOrCreate().read.parquet(sys.argv[1]).toJSON().collect(); "
        "print('\\n'.join(rows))"
    )

    read = _run(spark, folder, "-c", reading, str(tmp_path / "rows"))

    monkeypatch.chdir(folder)
    rows = sorted((msgspec.json.decode(line, type=Row) for line in read.stdout.splitlines()), key=_order)
    found = [row for name in ("r0", "r1", "r2") for row in _one_by_one(name)]
    given_up = Row(
        kind="skipped", repository="deadly", reason="cannot be read: given up after 7 attempts", problem=True
    )
    assert len(found) == 6
    assert rows == sorted([*found, given_up], key=_order)


def test_what_is_sent_without_encryption_leaves_no_key_and_no_value_in_files(tmp_path: Path) -> None:
    """With a baseline, an inventory and large rules, no file of Spark's ever holds the key or a known value.

    Its folders are searched at the start of every scan of a repository; that they hold fingerprints shows that the
    search sees what workers get.
    """
    folder, written = tmp_path / "repositories", tmp_path / "written"
    written.mkdir(parents=True)
    for number in range(3):
        Repository(folder / f"r{number}").commit({"a.txt": f"{token(number)}\n", "b.txt": f"box: {PASSWORD}.\n"})
    (folder / "list").write_text("r0\nr1\nr2\n")
    (folder / "own.yml").write_text(RULE + "# padding\n" * 150_000)
    (folder / "secret.yaml").write_text(SECRET)
    (folder / "key").write_bytes(KEY)
    found = [hit for hit in _one_by_one(str(folder / "r0")) if hit.path == "a.txt"]
    entry = Entry(Fingerprint(found[0].fingerprint), found[0].rule, "r0/a.txt")
    LeakBaseline.new(KEY).adding([entry]).write(folder / "known.baseline")
    seen = tmp_path / "seen"
    environment = _watched(tmp_path / "bin", written, seen)
    words = ["--spark", "local[2]", "--repos", "list", "--rows", "rows.jsonl", "--rules", "own.yml", "-q"]
    known = ["--inventory", "secret.yaml", "--baseline", "known.baseline", "--fingerprint-key", "key"]
    command = [sys.executable, "-m", "strongroom", "scan", *words, *known]

    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (1, b"")
    rows = [msgspec.json.decode(line, type=Row) for line in (folder / "rows.jsonl").read_bytes().splitlines()]
    live = "Secret shop/db, key password"
    assert sorted((row.repository, row.path, row.live) for row in rows) == [
        ("r0", "b.txt", live),
        ("r1", "a.txt", ""),
        ("r1", "b.txt", live),
        ("r2", "a.txt", ""),
        ("r2", "b.txt", live),
    ]
    assert set(seen.read_text().split()) == {"fingerprints"}


def _watched(programs: Path, written: Path, seen: Path) -> dict[str, str]:
    """Return an environment whose ``git`` first looks for the key and the value in a folder, and notes what is there."""
    programs.mkdir()
    git = programs / "git"
    tests = "".join(
        f"if grep -rqaF '{text}' {written}; then echo {name} >> {seen}; fi\n"
        for name, text in (("key", KEY.decode()), ("value", PASSWORD), ("fingerprints", "strongroom-known-values"))
    )
    git.write_text(f'#!/bin/sh\ncase "$*" in *rev-list*)\n{tests};; esac\nexec {shutil.which("git")} "$@"\n')
    git.chmod(0o755)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))},
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "SPARK_LOCAL_DIRS": str(written),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "TMPDIR": str(written),
    }


def _run(spark: Cluster, folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, *words]
    return subprocess.run(
        command, cwd=folder, env=spark.environment, capture_output=True, timeout=_PATIENCE_SECONDS, check=False
    )


def _order(row: Row) -> tuple[str, str]:
    return row.repository, row.fingerprint


def _one_by_one(name: str) -> list[Row]:
    report = scan(ScanRequest((name,), KEY, history=True), Blobs(KEY))
    return sorted((row_of(name, one) for one in report.findings), key=lambda row: row.fingerprint)


def _ranges(repository: Path) -> int:
    return -(-measure(Job(KEY), Listed(0, "large", str(repository))).size // (1 << 20))


def _wait(ready: Callable[[], bool], driver: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not ready():
        assert driver.poll() is None, driver.stdout.read().decode() if driver.stdout else ""
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _forms(secret: bytes) -> list[bytes]:
    """Return how a secret may stand in a file, plain and encoded; base64 at each alignment."""
    shifted = [base64.b64encode(b"\0" * shift + secret)[4:-4] for shift in range(3)]
    return [secret, secret.hex().encode(), *shifted]


def _assert_key_is_in_no_process(spark: Cluster) -> None:
    from tests.survey.spark_cluster import processes

    found = processes(spark.mark)
    assert len(found) > 4
    for process in found:
        told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        assert not any(form in told for form in _forms(KEY))


def _assert_nothing_is_told(folder: Path, *files: Path) -> None:
    """Assert that neither the key nor a value is in what Spark wrote: logs, events, shuffles, stored blocks."""
    forms = [form for secret in (KEY, token()[:-4].encode()) for form in _forms(secret)]
    written = [file for file in folder.rglob("*") if file.is_file()]
    assert any("events" in file.parts for file in written)
    for file in (*written, *files):
        data = file.read_bytes()
        assert not any(form in data for form in forms), file
