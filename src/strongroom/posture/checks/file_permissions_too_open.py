"""Files of the control plane can be read or changed by others on the host.

## What it finds

Read on the host (`strongroom audit files:/etc/kubernetes files:/var/lib/etcd`): private keys, kubeconfigs with
credentials, static pod manifests, encryption configurations, token files and the data of etcd whose mode gives anything
to group or others; certificates that others may change; files that belong to somebody else than root.

## Not a finding

Certificates that everybody may read: they are public. Data of etcd that belongs to a user of its own. The owner of a
copy in another place than `/etc` and the like. Files in a repository, where modes mean nothing.

## Why it is bad

`admin.conf` and the CA's key are the cluster: whoever on the host reads them is its administrator, for ten years in the
case of the key. Who may write a manifest runs what he likes as root.

## Instead

Mode 0600 and `root:root` for keys, kubeconfigs, manifests and the encryption configuration, 0644 for certificates, 0700
for the folder of etcd's data.

## References

- [CIS Kubernetes Benchmark 1.1](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: PKI certificates and requirements](https://kubernetes.io/docs/setup/best-practices/certificates/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import HostFile, HostFileKind
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit

# kind -> the bits that nobody but the owner may have
_FORBIDDEN = {
    HostFileKind.MANIFEST: 0o077,
    HostFileKind.CREDENTIAL: 0o077,
    HostFileKind.KEY: 0o077,
    HostFileKind.CERTIFICATE: 0o022,
    HostFileKind.ENCRYPTION: 0o077,
    HostFileKind.TOKENS: 0o077,
    HostFileKind.DATABASE: 0o077,
    HostFileKind.FOLDER: 0o022,
}
_VALUABLE = (
    HostFileKind.CREDENTIAL,
    HostFileKind.KEY,
    HostFileKind.ENCRYPTION,
    HostFileKind.TOKENS,
    HostFileKind.DATABASE,
)
_READ, _WRITE = 0o044, 0o022
_PLACES = ("/etc/", "/var/lib/rancher/", "/var/lib/kubelet/", "/srv/kubernetes/")


def examine(file: HostFile, facts: Facts) -> Iterator[Hit]:
    """Yield a hit where the mode or the owner of a file lets others in."""
    extra = file.mode & _FORBIDDEN[file.kind]
    if extra:
        yield Hit(_said(file, extra), file.origin, severity=_severity(file, extra), about="mode")
    if file.uid != 0 and file.kind is not HostFileKind.DATABASE and file.origin.path.startswith(_PLACES):
        yield Hit(
            f"{file.kind.value} belongs to {file.owner}:{file.group} instead of root:root",
            file.origin,
            severity=Severity.MEDIUM,
            about="owner",
        )


def _said(file: HostFile, extra: int) -> str:
    verbs = [verb for verb, bits in (("read", _READ), ("change", _WRITE)) if extra & bits] or ["enter"]
    others = f"group {file.group}" if not extra & 0o007 else "everybody on the host"
    return f"{file.kind.value} with mode {file.mode:04o}: {others} may {' and '.join(verbs)} it"


def _severity(file: HostFile, extra: int) -> Severity:
    if file.kind in _VALUABLE:
        return Severity.HIGH if extra & 0o007 or file.gid != 0 else Severity.MEDIUM
    if extra & 0o002:
        return Severity.HIGH
    return Severity.MEDIUM if extra & _WRITE and file.gid != 0 else Severity.LOW


CHECK = Check(
    id="file-permissions-too-open",
    title="Files of the control plane are open to others on the host",
    practice=Practice.EXPOSURE,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=(
        "CIS-1.1.1",
        "CIS-1.1.2",
        "CIS-1.1.7",
        "CIS-1.1.8",
        "CIS-1.1.11",
        "CIS-1.1.12",
        "CIS-1.1.13",
        "CIS-1.1.14",
        "CIS-1.1.19",
        "CIS-1.1.20",
        "CIS-1.1.21",
        "NSA-kubeconfig",
        "OWASP-K06",
    ),
    over=HostFile,
    examine=examine,
)
