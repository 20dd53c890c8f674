"""Run all benchmarks, or those named, and write the page: ``python -m benchmarks [NAME ...]``."""

from __future__ import annotations

import importlib
import os
import platform
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.trees import ROOT

NAMES = (
    "startup",
    "audit",
    "access",
    "access_peers",
    "at_rest",
    "at_rest_rotate",
    "backup",
    "cluster_scale",
    "detection",
    "file",
    "kms_plugin",
    "known_values",
    "scan",
    "seal",
)
"""The modules of this folder that have a ``run() -> str``, in the order of the page."""

_PAGE = ROOT / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Made by `make bench`: whole processes, peers in the same run. Machines differ and are shared: read the ratios.
"""


def main(names: Sequence[str]) -> None:
    """Run and write; sections of benchmarks that are not run stay as they are."""
    old = _PAGE.read_text("utf-8") if _PAGE.exists() else ""
    found: list[tuple[str, str]] = re.findall(r"^(## [^\n]+)\n(.*?)(?=^## |\Z)", old, re.MULTILINE | re.DOTALL)
    sections = dict(found)
    for name in names or NAMES:
        print(f"running {name}", flush=True)
        text = importlib.import_module(f"benchmarks.{name}").run()
        title, _, body = text.partition("\n")
        sections[title] = f"{body.rstrip()}\n\n_{_machine()}_\n\n"
    _PAGE.write_text(
        _HEAD + "\n" + "".join(f"{title}\n{body}" for title, body in sections.items()).rstrip() + "\n", "utf-8"
    )
    print(_PAGE)


def _machine() -> str:
    today = datetime.now(UTC).date().isoformat()
    return f"{today}, {os.cpu_count()} processors, Python {platform.python_version()}, {platform.system()}"


if __name__ == "__main__":
    main(sys.argv[1:])
