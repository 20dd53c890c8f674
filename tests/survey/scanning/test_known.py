"""Values of an inventory are found in a scan and marked as live, from manifests and from a fingerprint file."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from strongroom.errors import SourceError, UsageError
from strongroom.leaks.library import Library
from strongroom.model.finding import Finding
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.known import gather, known_of
from strongroom.survey.scanning.known_file import write_file
from strongroom.survey.scanning.known_scan import Known
from strongroom.survey.scanning.request import ScanRequest
from strongroom.survey.scanning.scan import scan

KEY = bytes(range(32))
LIBRARY = Library()
PASSWORD = "Gannet7-Locker!x"
INNER = "Kelpie8-Otter-Quay"
MANIFESTS = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: db, namespace: shop}}
stringData:
  password: "{PASSWORD}"
  url: postgres://app:{INNER}@db:5432/app
  user: administrator
  weak: changeme
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: api, namespace: shop}}
spec:
  selector: {{matchLabels: {{a: b}}}}
  template:
    metadata: {{labels: {{a: b}}}}
    spec:
      containers:
        - name: c
          image: a:1
          env:
            - {{name: P, valueFrom: {{secretKeyRef: {{name: db, key: password}}}}}}
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """A folder with a Secret and a Deployment that uses it."""
    folder = tmp_path / "inventory"
    folder.mkdir()
    (folder / "shop.yaml").write_text(MANIFESTS)
    return folder


@pytest.fixture(params=["values", "fingerprints"])
def known(request: pytest.FixtureRequest, inventory: Path, tmp_path: Path) -> Known:
    """What is known of the folder: its values in memory, or a fingerprint file."""
    if request.param == "values":
        return known_of((str(inventory),), KEY, LIBRARY)
    left_out: Counter[str] = Counter()
    gathered = gather((str(inventory),), KEY, LIBRARY, left_out=left_out)
    write_file(tmp_path / "known.jsonl", KEY, gathered, left_out)
    return known_of((str(tmp_path / "known.jsonl"),), KEY, LIBRARY)


def _scan(known: Known, *paths: Path, history: bool = False, staged: bool = False) -> list[Finding]:
    blobs = Blobs(KEY, LIBRARY)
    blobs.search(known)
    report = scan(ScanRequest(tuple(map(str, paths)), KEY, history=history, staged=staged), blobs)
    assert any("searched for" in note for note in report.coverage.notes)
    return list(report.findings)


def _tree(root: Path, **files: str) -> Path:
    root.mkdir()
    for name, text in files.items():
        (root / f"{name}.txt").write_text(text)
    return root


def test_a_known_value_is_live(known: Known, tmp_path: Path) -> None:
    """A password in prose, which no rule can know, is found; the finding names the Secret and its user."""
    (finding,) = _scan(known, _tree(tmp_path / "tree", notes=f"log in with {PASSWORD} please\n"))
    assert finding.id == "leak:known-value"
    assert (finding.origin.line, finding.origin.column, finding.origin.end_column) == (1, 13, 13 + len(PASSWORD))
    assert finding.leak is not None
    assert finding.leak.live == ("Secret shop/db, key password",)
    assert finding.leak.consumers == ("Deployment shop/api",)
    assert finding.leak.todo[0].startswith("rotate now")
    assert "live: Secret shop/db, key password, used by Deployment shop/api" in finding.message
    assert finding.related[0].origin.object == "Secret shop/db"


def test_what_is_inside_a_value_is_known_too(known: Known, tmp_path: Path) -> None:
    """The password in a connection string of a Secret is found by itself, in base64."""
    encoded = base64.b64encode(INNER.encode()).decode()
    (finding,) = _scan(known, _tree(tmp_path / "tree", env=f"see {encoded}\n"))
    assert finding.leak is not None
    assert finding.leak.encoding == "base64"
    assert finding.leak.live == ("Secret shop/db, key url",)


def test_one_value_in_many_files_is_one_finding(known: Known, tmp_path: Path) -> None:
    """Places in several files, found by rules and by the search, are one finding with each place once."""
    tree = _tree(tmp_path / "tree", a=f"x {PASSWORD}\n", b=f"{PASSWORD}\n{PASSWORD}\n", c=f"DB_PASSWORD={PASSWORD}\n")
    (tree / ".env").write_text(f"DB_PASSWORD={PASSWORD}\n")
    findings = _scan(known, tree)
    assert len(findings) == 1
    assert findings[0].leak is not None
    assert findings[0].leak.places == 5


def test_the_definition_itself_is_marked(known: Known, inventory: Path) -> None:
    """A scan of the manifests that the inventory was read from names each place once, as live."""
    findings = _scan(known, inventory)
    live = [f for f in findings if f.leak is not None and "Secret shop/db, key password" in f.leak.live]
    assert len(live) == 1
    assert live[0].leak is not None
    assert live[0].leak.places == 1


def test_history_is_searched(known: Known, tmp_path: Path) -> None:
    """A known value that a later commit removed is found with its commit."""
    tree = _tree(tmp_path / "repository", notes=f"log in with {PASSWORD} please\n")
    git = ("git", "-C", str(tree), "-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run([*git[:3], "init", "-q"], check=True)
    for text in (None, "gone\n"):
        if text:
            (tree / "notes.txt").write_text(text)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", "x"], check=True)
    (finding,) = _scan(known, tree, history=True)
    assert finding.origin.commit
    assert finding.leak is not None
    assert finding.leak.present is False
    assert finding.leak.live == ("Secret shop/db, key password",)


def test_what_is_about_to_be_committed_is_searched(known: Known, tmp_path: Path) -> None:
    """A staged file is searched as the index holds it; what HEAD has already in that file is not said again."""
    tree = _tree(tmp_path / "repository", old=f"log in with {PASSWORD} please\n", notes="nothing\n")
    git = ("git", "-C", str(tree), "-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run([*git[:3], "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    (tree / "old.txt").write_text(f"more\nlog in with {PASSWORD} please\n")
    (tree / "notes.txt").write_text(f"first\nlog in with {INNER} please\n")
    subprocess.run([*git, "add", "."], check=True)
    (tree / "notes.txt").write_text(f"not staged: {PASSWORD}\n")
    (finding,) = _scan(known, tree, staged=True)
    assert (finding.origin.path, finding.origin.line) == ("notes.txt", 2)
    assert finding.leak is not None
    assert finding.leak.live == ("Secret shop/db, key url",)


def test_a_release_of_helm_is_named_once(known: Known, tmp_path: Path) -> None:
    """A known value in a release Secret is one place, and live: reading the release names it, the search adds nothing."""
    body = json.dumps({"name": "shop", "chart": {"values": {}}, "config": {"db": {"password": PASSWORD}}})
    packed = base64.b64encode(base64.b64encode(gzip.compress(body.encode()))).decode()
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "release.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: sh.helm.release.v1.shop.v1}\ntype: helm.sh/release.v1\n"
        f"data:\n  release: {packed}\n"
    )
    (finding,) = [f for f in _scan(known, tree) if f.leak is not None and f.leak.live]
    assert finding.leak is not None
    assert finding.leak.places == 1
    assert finding.leak.live == ("Secret shop/db, key password",)


def test_a_comment_accepts_a_known_value(known: Known, tmp_path: Path) -> None:
    """What a comment accepts is accepted, whoever found it."""
    tree = _tree(tmp_path / "tree", notes=f"log in with {PASSWORD}  # strongroom: ignore[leak:known-value] a test\n")
    assert _scan(known, tree) == []


def test_what_is_left_out_is_said(known: Known) -> None:
    """The coverage says how many values are searched for; words that stand everywhere are none of them."""
    assert known.notes[0].startswith(f"{len(known.values):,} known values searched for")
    assert len(list(known.values.search(b"the administrator said: changeme"))) == 0


def test_an_inventory_that_knows_nothing_is_refused(tmp_path: Path) -> None:
    """A search for nothing would look like a clean result."""
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {mode: fast}\n")
    with pytest.raises(SourceError, match="no value to search for"):
        known_of((str(tmp_path),), KEY, LIBRARY)


def test_the_values_of_a_cluster_are_read_only_when_asked() -> None:
    """An inventory that is a cluster needs --values: nothing downloads Secrets without it."""
    with pytest.raises(UsageError) as raised:
        known_of(("cluster:none",), KEY, LIBRARY)
    assert "--values" in raised.value.hint
