"""The Kubernetes API machinery itself as the oracle: ``oracle/main.go``, built with the installed Go and asked in bulk."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "oracle"
REFUSED = {"refused": True}


def build() -> Path | None:
    """Return the oracle's program from the per-user cache, built where it is not there yet; None where there is no Go."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        return None
    parts = [(SOURCE / name).read_bytes() for name in ("main.go", "go.mod", "go.sum")]
    key = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "strongroom" / "yaml-oracle" / key
    cache.mkdir(parents=True, exist_ok=True)
    program = cache / "oracle"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # workers that run at once build once
        if not program.exists():
            with tempfile.TemporaryDirectory(dir=cache) as folder:
                fresh = Path(folder) / "oracle"
                subprocess.run([go, "build", "-o", fresh, "."], cwd=SOURCE, check=True, capture_output=True)
                fresh.replace(program)
    return program


def ask(program: Path, texts: Sequence[bytes]) -> list[list[dict[str, Any]]]:
    """Return for each text what the API server reads: its documents as {"value": ...} or {"refused": True}, nulls left out."""
    question = json.dumps([base64.b64encode(text).decode() for text in texts]).encode()
    answer = subprocess.run([program], input=question, capture_output=True, check=True).stdout
    return [
        [each for each in documents if each["value"] is not None or each.get("refused")]
        for documents in json.loads(answer)
    ]


def same(ours: Any, theirs: Any) -> bool:
    """Compare a body with the oracle's value, types included; a float there is {"!float": text}."""
    if isinstance(theirs, dict) and theirs.keys() == {"!float"}:
        return type(ours) is float and math.isclose(ours, float(theirs["!float"]), rel_tol=1e-12)
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(value, theirs[key]) for key, value in ours.items())
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return bool(ours == theirs)
