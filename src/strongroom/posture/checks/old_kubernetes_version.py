"""The control plane runs a version of Kubernetes that gets no more security fixes.

## What it finds

The version that the image of a kube-apiserver, kubeadm's `kubernetesVersion` or a `KubeadmControlPlane` names, where
that minor version is past its end of life, or will be within a month.

## Not a finding

Versions that are newer than those this version of Strongroom knows, and images without a version.

## Why it is bad

Holes that are found from then on are published with a fix for other versions only. The API server guards every Secret;
older ones also lack what the guards of today are made of, such as KMS v2 (1.29) and limits to anonymous access (1.32).

## Instead

Upgrade one minor version at a time, the control plane first. Kubernetes supports a minor version for about 14 months;
distributions that support one for longer say so in the version, and then `[severities]` or an ignore is right.

## References

- [Kubernetes: patch releases and end of life](https://kubernetes.io/releases/patch-releases/)
- [Kubernetes: version skew policy](https://kubernetes.io/releases/version-skew-policy/)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, timedelta

from strongroom.model.controlplane import Server
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit
from strongroom.posture.servers import is_api_server

_SOON = timedelta(days=30)
# End of life by minor version of Kubernetes 1 (https://kubernetes.io/releases/patch-releases/)
_ENDS = {
    28: date(2024, 10, 28),
    29: date(2025, 2, 28),
    30: date(2025, 6, 28),
    31: date(2025, 10, 28),
    32: date(2026, 2, 28),
    33: date(2026, 6, 28),
    34: date(2026, 10, 27),
    35: date(2027, 2, 28),
}


def examine(server: Server, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for an API server that is past its end of life, or nearly."""
    minor = minor_of(server.version)
    if not is_api_server(server) or minor is None or server.version_origin is None or minor > max(_ENDS):
        return
    today = facts.now.astimezone(UTC).date()
    end = _ENDS.get(minor)
    if end is None or end < today:
        said = f"has had no security fixes since {end.isoformat()}" if end else "has had no security fixes for years"
        severity = None if end is not None and today - end < timedelta(days=365) else Severity.HIGH
        yield Hit(f"Kubernetes {server.version} {said}", server.version_origin, server.resource, severity=severity)
    elif end - today < _SOON:
        said = f"Kubernetes {server.version} gets no more security fixes after {end.isoformat()}"
        yield Hit(said, server.version_origin, server.resource, severity=Severity.LOW)


def minor_of(version: str) -> int | None:
    """Return the minor version of a Kubernetes 1; None for any other."""
    parts = version.split(".")
    if len(parts) < 2 or parts[0] != "1" or not parts[1].isdecimal() or len(parts[1]) > 3:
        return None
    return int(parts[1])


CHECK = Check(
    id="old-kubernetes-version",
    title="Control plane runs a version of Kubernetes without security fixes",
    practice=Practice.LIFECYCLE,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("NSA-control-plane", "OWASP-K07"),
    over=Server,
    examine=examine,
)
