"""Modes and owners of a control plane's files."""

from __future__ import annotations

import pytest
from tests.posture.given import facts_of

from strongroom.model.controlplane import HostFile, HostFileKind
from strongroom.model.origin import Origin
from strongroom.posture.checks.file_permissions_too_open import CHECK


def _found(kind: HostFileKind, mode: int, *, uid: int = 0, gid: int = 0, path: str = "/etc/kubernetes/x") -> list[str]:
    file = HostFile(kind, Origin("files:/etc", path), mode, uid, gid, "someone", "staff", "2026-01-01T00:00:00+00:00")
    return [
        f"{(CHECK.severity if hit.severity is None else hit.severity).label} {hit.about}"
        for hit in CHECK.examine(file, facts_of())
    ]


@pytest.mark.parametrize(
    ("kind", "mode", "gid", "expected"),
    [
        (HostFileKind.KEY, 0o600, 0, []),
        (HostFileKind.KEY, 0o400, 0, []),
        (HostFileKind.KEY, 0o640, 0, ["medium mode"]),
        (HostFileKind.KEY, 0o640, 50, ["high mode"]),
        (HostFileKind.KEY, 0o644, 0, ["high mode"]),
        (HostFileKind.CREDENTIAL, 0o604, 0, ["high mode"]),
        (HostFileKind.CERTIFICATE, 0o644, 0, []),
        (HostFileKind.CERTIFICATE, 0o646, 0, ["high mode"]),
        (HostFileKind.MANIFEST, 0o644, 0, ["low mode"]),
        (HostFileKind.MANIFEST, 0o660, 50, ["medium mode"]),
        (HostFileKind.MANIFEST, 0o602, 0, ["high mode"]),
        (HostFileKind.FOLDER, 0o755, 0, []),
        (HostFileKind.FOLDER, 0o777, 0, ["high mode"]),
    ],
)
def test_modes(kind: HostFileKind, mode: int, gid: int, expected: list[str]) -> None:
    """How bad a mode is depends on what the file gives, on whom it lets in, and on whether they may change it."""
    assert _found(kind, mode, gid=gid) == expected


def test_owners() -> None:
    """A file of the host that is not root's is found; data of etcd may have a user of its own, and copies any."""
    assert _found(HostFileKind.KEY, 0o600, uid=1000) == ["medium owner"]
    assert _found(HostFileKind.DATABASE, 0o600, uid=1000, path="/var/lib/etcd/member/snap/db") == []
    assert _found(HostFileKind.KEY, 0o600, uid=1000, path="/home/me/copy/ca.key") == []
