"""What a task of a scan of many repositories is given: a baseline, an inventory, rules of other scanners."""

from __future__ import annotations

import base64
import pickle
from collections import Counter
from datetime import date
from pathlib import Path

import msgspec
import pytest
from tests.sources.repositories import Repository, token

from strongroom.errors import SourceError, UsageError
from strongroom.leaks.custom_rules import load
from strongroom.leaks.library import Library
from strongroom.model.decision import Decision
from strongroom.sources.cluster_options import ClusterOptions
from strongroom.sources.etcd_options import EtcdOptions
from strongroom.survey.leak_baseline import LeakBaseline
from strongroom.survey.scanning.accept import Acceptance
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.known import gather
from strongroom.survey.scanning.known_file import write_file
from strongroom.survey.scanning.known_scan import Known
from strongroom.survey.scanning.request import ScanRequest
from strongroom.survey.scanning.scan import scan
from strongroom.survey.scanning.spark_job import Freight, Job
from strongroom.survey.scanning.spark_known import known_for_workers
from strongroom.survey.scanning.spark_report import Summary
from strongroom.survey.scanning.spark_rows import row_of
from strongroom.survey.scanning.spark_task import Listed, Outcome, Task, measure, merge, scan_task

KEY = b"fingerprint-key-of-this-test-0123456789"
TODAY = date(2026, 11, 21)
PASSWORD = "Gannet7-Locker!x"
MANIFESTS = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: db, namespace: shop}}
stringData:
  password: "{PASSWORD}"
---
apiVersion: v1
kind: Pod
metadata: {{name: api, namespace: shop}}
spec:
  containers:
    - {{name: c, image: "a:1", env: [{{name: P, valueFrom: {{secretKeyRef: {{name: db, key: password}}}}}}]}}
"""
ENCODED = base64.b64encode(PASSWORD.encode()).decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two repositories that hold the same values in other files, and an inventory."""
    made = tmp_path_factory.mktemp("fleet")
    one = Repository(made / "one")
    one.commit({"a.txt": f"{token(1)}\n", "notes.md": f"the box opens with {PASSWORD} as ever\n"})
    one.commit({"b.txt": f"{token(2)}\n", "sub/c.txt": f"{token(1)}\n"})
    Repository(made / "two").commit({"b.txt": f"{token(1)}\n{token(3)}\n", "d.txt": f"box {ENCODED}\n"})
    (made / "inventory").mkdir()
    (made / "inventory" / "shop.yaml").write_text(MANIFESTS)
    return made


def _done(job: Job, path: Path, parts: int = 1) -> Outcome:
    listed = Listed(0, str(path), str(path))
    return merge(job, [scan_task(job, Task(listed, part, parts)) for part in range(parts)])


def _ordinary(path: Path, acceptance: Acceptance | None = None) -> Acceptance:
    """Scan the history of one repository on this machine; return what was accepted and found."""
    acceptance = acceptance or Acceptance(folder=path.parent, root=path, today=TODAY)
    scan(ScanRequest((str(path),), KEY, history=True), Blobs(KEY, acceptance=acceptance))
    return acceptance


def _known(*sources: Path) -> tuple[tuple[bytes, ...], Known]:
    return known_for_workers(
        tuple(map(str, sources)),
        KEY,
        Library(),
        cluster=ClusterOptions(),
        etcd=EtcdOptions(),
        progress=lambda _: None,
    )


def _write(file: Path, source: Path, key: bytes) -> None:
    left_out: Counter[str] = Counter()
    write_file(file, key, gather((str(source),), KEY, Library(), left_out=left_out), left_out)


@pytest.mark.parametrize("parts", [1, 3])
def test_a_baseline_leaves_out_what_it_leaves_out_of_an_ordinary_scan(folder: Path, parts: int) -> None:
    """A value that an entry knows in its file is left out and counted; in another file or repository it is a row."""
    found = _ordinary(folder / "one")
    entries = [one for one in found.entries(found.hits) if one.path in {"one/a.txt", "one/b.txt"}]
    baseline = LeakBaseline.new(KEY).adding(entries)
    job = Job(KEY, freight=Freight(baseline=baseline, folder=str(folder)), today=TODAY)

    one, two = _done(job, folder / "one", parts), _done(job, folder / "two", parts)

    acceptance = Acceptance(baseline, folder, folder / "one", today=TODAY)
    report = scan(ScanRequest((str(folder / "one"),), KEY, history=True), Blobs(KEY, acceptance=acceptance))
    assert one.rows == [row_of(str(folder / "one"), finding) for finding in report.findings]
    assert [row.path for row in one.rows] == ["sub/c.txt"]
    assert one.suppressed == report.suppressed == {"baseline": 2}
    assert len(two.rows) == 2
    assert two.suppressed == {}


def test_an_entry_of_a_baseline_elsewhere_names_the_file_alone(folder: Path, tmp_path: Path) -> None:
    """Below the baseline's folder entries name the repository; elsewhere they hold for that file of any repository."""
    acceptance = _ordinary(folder / "two", Acceptance(folder=tmp_path, root=folder / "two"))
    entries = [one for one in acceptance.entries(acceptance.hits) if one.path == "b.txt"]
    moved = [msgspec.structs.replace(one, path="a.txt") for one in entries]
    freight = Freight(baseline=LeakBaseline.new(KEY).adding(moved), folder=str(tmp_path))

    rows = _done(Job(KEY, freight=freight, today=TODAY), folder / "one").rows

    assert len(entries) == 2
    assert sorted(row.path for row in rows) == ["b.txt", "sub/c.txt"]


def test_an_entry_counts_until_its_day(folder: Path) -> None:
    """All workers ask the day that the driver named, whatever their clocks say."""
    found = _ordinary(folder / "two")
    entries = [
        msgspec.structs.replace(one, decision=Decision.ACCEPTED, reason="a test", expires="2026-11-20")
        for one in found.entries(found.hits)
    ]
    freight = Freight(baseline=LeakBaseline.new(KEY).adding(entries), folder=str(folder))

    rows = {day: _done(Job(KEY, freight=freight, today=date(2026, 11, day)), folder / "two").rows for day in (20, 21)}

    assert (len(rows[20]), len(rows[21])) == (0, 2)


@pytest.mark.parametrize("parts", [1, 4])
def test_entries_are_those_of_an_ordinary_scan_without_what_is_known(folder: Path, parts: int) -> None:
    """What a scan of many repositories would write down is what each repository's own scan writes, less what is there."""
    found = _ordinary(folder / "one")
    expected = found.entries(found.hits)
    before = LeakBaseline.new(KEY).adding(expected[:1])

    job = Job(KEY, freight=Freight(baseline=before, folder=str(folder)), today=TODAY, entries=True)
    outcome = _done(job, folder / "one", parts)

    assert len(expected) == 3
    assert sorted(one.known for one in outcome.entries) == sorted(one.known for one in expected[1:])
    assert _done(Job(KEY), folder / "one").entries == []


@pytest.mark.parametrize("parts", [1, 3])
def test_a_known_value_is_found_and_live(folder: Path, parts: int) -> None:
    """A password that no rule knows is a row with the Secret that has it, plain and in base64, whole or by ranges."""
    files, known = _known(folder / "inventory")
    job = Job(KEY, freight=Freight(known=files))

    outcomes = [_done(job, folder / name, parts) for name in ("one", "two")]

    rows = [row for outcome in outcomes for row in outcome.rows if row.rule == "known-value"]
    assert [(row.path, row.line, row.column, row.encoding) for row in rows] == [
        ("notes.md", 1, 20, ""),
        ("d.txt", 1, 5, "base64"),
    ]
    assert {(row.live, row.consumers) for row in rows} == {("Secret shop/db, key password", "Pod shop/api")}
    summary = Summary(known)
    for outcome in outcomes:
        summary.add(outcome)
    (finding,) = (one for one in summary.findings() if one.rule == "known-value")
    assert "2 repositories, 2 places" in finding.message
    assert "live: Secret shop/db, key password, used by Pod shop/api" in finding.message
    assert finding.leak is not None
    assert finding.leak.todo[0].startswith("rotate now: it is in use as Secret shop/db")
    assert summary.scanned.notes == [
        "1 known value searched for",
        "known values were compared by keyed fingerprints: workers got nothing else of them",
    ]


def test_workers_get_no_value(folder: Path, tmp_path: Path) -> None:
    """What goes to workers of an inventory is a fingerprint file: no value in it, plain or encoded, and no key."""
    files, _ = _known(folder / "inventory")

    sent = pickle.dumps(Freight(known=files))

    for secret in (PASSWORD.encode(), KEY):
        shifted = [base64.b64encode(b"\0" * shift + secret)[4:-4] for shift in range(3)]
        assert not any(form in sent for form in (secret, secret.hex().encode(), *shifted))
    _write(tmp_path / "known.jsonl", folder / "inventory", KEY)
    assert files == ((tmp_path / "known.jsonl").read_bytes(),)
    assert _known(tmp_path / "known.jsonl")[0] == files


def test_an_inventory_that_cannot_be_used_is_said_before_anything_starts(folder: Path, tmp_path: Path) -> None:
    """A file made under another key, a cluster whose values are not to be read, and a source without values are errors."""
    _write(tmp_path / "known.jsonl", folder / "inventory", b"another" * 8)
    (tmp_path / "none.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n")
    with pytest.raises(SourceError, match=r"known\.jsonl was made under another key"):
        _known(tmp_path / "known.jsonl")
    with pytest.raises(UsageError, match="without values"):
        _known(Path("cluster"))
    with pytest.raises(SourceError, match="no value to search for"):
        _known(tmp_path / "none.yaml")


def test_a_worker_that_cannot_use_known_values_says_so(folder: Path) -> None:
    """A job whose known values were made under another key makes a worker unfit; it does not find less."""
    files, _ = _known(folder / "inventory")
    job = Job(b"another" * 8, freight=Freight(known=files))
    assert "made under another key" in measure(job, Listed(0, "one", str(folder / "one"))).trouble


def test_allowlists_of_gitleaks_travel_with_what_they_extend(tmp_path: Path) -> None:
    """A configuration is read whole where it lies: workers see neither it nor the file that it extends."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "base.toml").write_text(
        "[[rules]]\nid = 'vault-code'\nregex = '''(vault-[A-Za-z0-9]{16})'''\n[allowlist]\npaths = ['''^skipped/''']\n"
    )
    (tmp_path / "rules" / "own.toml").write_text("[extend]\npath = 'base.toml'\n[allowlist]\nstopwords = ['sample']\n")
    rules = load([tmp_path / "rules" / "own.toml"])
    (tmp_path / "rules" / "base.toml").unlink()
    repository = Repository(tmp_path / "r")
    repository.commit(dict.fromkeys(("a.txt", "skipped/a.txt"), "code = vault-AbCdEf0123456789\n"))
    repository.commit({"b.txt": "code = vault-sampleCd01234567\n"})

    outcome = _done(Job(KEY, freight=Freight(taken=rules.taken)), repository.folder)

    assert [(row.rule, row.path) for row in outcome.rows] == [("custom.vault-code", "a.txt")]
