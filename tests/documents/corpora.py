"""Where the real manifests are that tests read: beside the repository, or where ``STRONGROOM_CORPORA`` says."""

from __future__ import annotations

import os
from pathlib import Path


def manifests() -> list[Path]:
    """Return the YAML files of the corpora in a stable order, none where there are no corpora."""
    beside = Path(__file__).parents[3] / "shared" / "corpora"
    root = Path(os.environ.get("STRONGROOM_CORPORA", beside))
    return sorted(path for path in root.rglob("*.y*ml") if path.is_file())
