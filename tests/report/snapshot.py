"""Expected outputs as plain files; ``STRONGROOM_UPDATE_SNAPSHOTS=1 pytest tests/report`` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"
UPDATE = "STRONGROOM_UPDATE_SNAPSHOTS"


def check(name: str, text: str) -> None:
    """Compare text with the snapshot of a name, or write the snapshot where the environment asks for it."""
    check_file(FOLDER / name, text)


def check_file(path: Path, text: str) -> None:
    """Compare text with a file, or write the file where the environment asks for it."""
    if os.environ.get(UPDATE):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
    with path.open(encoding="utf-8", newline="") as file:
        expected = file.read()
    assert text == expected, f"{path.name} differs; {UPDATE}=1 accepts the new text"
