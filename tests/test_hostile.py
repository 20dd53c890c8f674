"""Input that means harm: a clear word about it, bounded time and memory, and the rest is still audited."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOOD = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: canary
spec:
  template:
    spec:
      containers:
        - name: a
          image: a:1
          env:
            - name: P
              valueFrom:
                secretKeyRef: {name: s, key: k}
"""
_MEMORY = 1_500_000_000
_SECONDS = 60


def _audit(folder: Path, *more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "strongroom", "audit", *(more or (".",)), "--format", "json", "--no-render"],
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=_SECONDS,
        env={**os.environ, "XDG_STATE_HOME": str(folder.parent / "state")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY)),
    )


def _bomb(path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    path.write_text("apiVersion: v1\nkind: ConfigMap\n" + "\n".join(lines) + "\n")


def _json_list(path: Path) -> None:
    path.write_text('{"apiVersion": "v1", "kind": "List", "items": [' * 10_000)


def _sparse(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(200 * 1024 * 1024)


def _unreadable(path: Path) -> None:
    path.write_text(GOOD)
    path.chmod(0)


def _grow(text: str | bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(text if isinstance(text, bytes) else text.encode())


CASES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "yaml-bomb": (_bomb, "document cannot be parsed"),
    "nested-flow": (_grow("a: " + "[" * 10_000), "document cannot be parsed"),
    "nested-block": (_grow("".join(" " * n + "a:\n" for n in range(5_000))), "document cannot be parsed"),
    "nested-dashes": (_grow("- " * 10_000 + "a\n"), "document cannot be parsed"),
    "nested-json": (_json_list, "document cannot be parsed"),
    "200-megabytes": (_sparse, "larger than the limit"),
    "duplicate-keys": (
        _grow("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: b\n  a: c\n"),
        "duplicate key: the last one counts",
    ),
    "invalid-utf8": (_grow(b"apiVersion: v1\nkind: \xff\xfe\n"), "document cannot be parsed"),
    "symlink-loop": (lambda path: path.symlink_to(path), "symbolic link not followed"),
    "fifo": (os.mkfifo, "not a regular file"),
    "empty": (_grow(""), ""),
    "recursive-anchor": (_grow("apiVersion: v1\nkind: ConfigMap\na: &a [*a]\n"), "document cannot be parsed"),
    "recursive-merge": (_grow("a: &a\n  <<: *a\n"), "document cannot be parsed"),
    "null-bytes": (_grow("a: \0\n"), "document cannot be parsed"),
    "long-line": (
        _grow("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: l}\ndata:\n  a: " + "x" * 20_000_000 + "\n"),
        "",
    ),
    "many-documents": (_grow("---\na: 1\n" * 150_000), "document cannot be parsed"),
    "unterminated": (_grow("apiVersion: v1\nkind: Secret\ndata:\n  a: 'x\n"), "document cannot be parsed"),
    "tag": (_grow("a: !!python/object/apply:os.system ['touch owned']\n"), ""),
}


@pytest.mark.parametrize(("make", "reason"), list(CASES.values()), ids=list(CASES))
def test_hostile_file(make: Callable[[Path], Any], reason: str, tmp_path: Path) -> None:
    """The file is named with the reason, nothing crashes, and the good file beside it has its finding."""
    tree = tmp_path / "tree"
    tree.mkdir()
    make(tree / "hostile.yaml")
    (tree / "good.yaml").write_text(GOOD)

    done = _audit(tree)

    assert done.returncode == 0, done.stderr.decode()
    report = json.loads(done.stdout)
    assert "secret-in-env" in {f["id"] for f in report["findings"] if f["location"]["path"] == "good.yaml"}
    assert reason in {s["reason"] for s in report["skipped"] if s["path"] == "hostile.yaml"} or not reason
    assert not (tree / "owned").exists()


@pytest.mark.parametrize("name", [n for n in CASES if n not in ("duplicate-keys", "long-line", "many-documents")])
def test_hostile_alone(name: str, tmp_path: Path) -> None:
    """Named alone, such a file is an error with a hint and exit code 2, never a clean result."""
    tree = tmp_path / "tree"
    tree.mkdir()
    CASES[name][0](tree / "hostile.yaml")

    done = _audit(tree, "hostile.yaml")

    assert done.returncode == 2
    assert done.stderr.startswith(b"error: ")
    assert b"hint: " in done.stderr
    assert not done.stdout


def test_unreadable_file(tmp_path: Path) -> None:
    """A file that may not be read is named; to root nothing is unreadable."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "good.yaml").write_text(GOOD)
    _unreadable(tree / "hostile.yaml")

    done = _audit(tree)
    report = json.loads(done.stdout)

    skipped = {s["path"]: s["reason"] for s in report["skipped"]}
    assert skipped.get("hostile.yaml") == (None if os.geteuid() == 0 else "cannot be read")
    assert done.returncode == 0


def test_names_with_terminal_escapes(tmp_path: Path) -> None:
    """A file name with terminal escapes or a newline does not reach the terminal as it is."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "\x1b[31mred\nx.yaml").write_text(GOOD)

    done = subprocess.run(
        [sys.executable, "-m", "strongroom", "audit", ".", "--no-render", "--pedantic", "-v"],
        cwd=tree,
        capture_output=True,
        check=False,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
    )

    assert b"\x1b" not in done.stdout + done.stderr
    assert b"secret-in-env" in done.stdout
