"""Makes plans for tests."""

from __future__ import annotations

from pathlib import Path

from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import (
    ABSENT,
    Change,
    DeleteFile,
    FileChange,
    ObjectChange,
    Plan,
    PlanStep,
    Splice,
    Text,
    WriteFile,
)
from strongroom.plans.files import spliced
from strongroom.plans.saved import key_id

KEY = b"k" * 32


def digest(data: bytes) -> str:
    """Return the digest of contents as plans have it."""
    return Plaintext(data).fingerprint(KEY)


def edit(path: str, before: bytes, *splices: Splice, hidden: tuple[tuple[int, int], ...] = ()) -> WriteFile:
    """Return the change of a file."""
    return WriteFile(path, digest(before), digest(spliced(before, splices)), splices, hidden)


def new(path: str, text: str, mode: int = 0o644) -> WriteFile:
    """Return the making of a file."""
    return WriteFile(path, ABSENT, digest(text.encode()), (Splice(0, 0, (Text(text),)),), mode=mode)


def gone(path: str, before: bytes) -> DeleteFile:
    """Return the deletion of a file."""
    return DeleteFile(path, digest(before))


def plan(*changes: Change) -> Plan:
    """Return a plan of some changes."""
    return Plan(
        tool="strongroom test",
        created="2026-11-21T00:00:00+00:00",
        key_id=key_id(KEY),
        summary="a plan for a test",
        steps=tuple(PlanStep(_title(change), change) for change in changes),
        notes=("rotate the password",),
    )


def _title(change: Change) -> str:
    return f"change {change.path}" if isinstance(change, FileChange | ObjectChange) else f"run {change.name}"


def tree(root: Path) -> dict[str, tuple[bytes, int]]:
    """Return every file below a folder with its contents and mode."""
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mode & 0o7777)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
