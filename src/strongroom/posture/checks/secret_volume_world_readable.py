"""The files of a secret volume can be read by every user in the container.

## What it finds

Secret volumes, and Secrets in projected volumes, whose files others than owner and group may read: `defaultMode`,
or `mode` of an item. Modes wider than the default (`0666`, `0755`, `0777`) are a medium finding. `0644` written out
is a low one. No mode at all, and the `0644` that the API server writes into every object of a cluster, is for
`--pedantic` only: it is how nearly every manifest is.

## Not a finding

Volumes whose items are only certificates (`tls.crt`, `ca.crt`), and Secrets whose values are all public.

## Why it is bad

Every process of the container may read the files: a child that was given up its rights, a script that a web server
runs as another user, a second container that mounts the same volume. With `0440` only the program's own group does.

## Instead

Set `defaultMode: 0440` and, for a container that does not run as root, `securityContext.fsGroup`: the kubelet gives
the files to that group. Where a program insists on being the only reader, use `0400` and run as the owner.

## References

- [Kubernetes: Secret files permissions](https://kubernetes.io/docs/concepts/configuration/secret/#secret-files-permissions)
- [Kubernetes: configure a security context](https://kubernetes.io/docs/tasks/configure-pod-container/security-context/)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Practice, Severity
from strongroom.model.origin import FieldPath
from strongroom.model.resource import as_dict, as_list, as_text
from strongroom.model.workload import Workload
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.pods import SecretSource, secret_sources
from strongroom.posture.secret_records import is_public, record_named

_DEFAULT_MODE = 0o644  # SecretVolumeSource v1, "defaultMode"
_OTHERS_READ = 0o004
_PUBLIC_KEYS = frozenset({"tls.crt", "ca.crt", "ca-bundle.crt", "service-ca.crt", "ca.pem", "cert.pem"})


def examine(workload: Workload, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each mode that lets others read: an item's own, or the one of the volume."""
    for source in secret_sources(workload):
        if is_public(record_named(workload.namespace, source.name, facts)):
            continue
        default_counts = not as_list(source.source.get("items"))
        for index, item in enumerate(map(as_dict, as_list(source.source.get("items")))):
            if as_text(item.get("key")) in _PUBLIC_KEYS:
                continue
            mode = _mode(item.get("mode"))
            default_counts |= mode is None
            if mode is not None and mode & _OTHERS_READ:
                yield _written(workload, source, (*source.field, "items", index, "mode"), mode)
        if default_counts:
            yield from _of_volume(workload, source)


def _of_volume(workload: Workload, source: SecretSource) -> Iterator[Hit]:
    mode = _mode(source.holder.get("defaultMode"))
    if mode is None:
        message = f"Secret {source.name} is mounted as 0644, the default: every user in the container reads it"
        place = source.field
        yield hit(
            workload.resource, place, message, about=source.name, severity=Severity.LOW, audience=Audience.PEDANTIC
        )
    elif mode & _OTHERS_READ:
        yield _written(workload, source, (*source.holder_field, "defaultMode"), mode)


def _written(workload: Workload, source: SecretSource, field: FieldPath, mode: int) -> Hit:
    message = f"Secret {source.name} is mounted as {mode:04o}: every user in the container reads it"
    severity, audience = Severity.MEDIUM, Audience.EVERYBODY
    if mode == _DEFAULT_MODE:
        severity = Severity.LOW
        # Any object that was in a cluster has the default written out: nobody chose it.
        if as_dict(workload.resource.body.get("metadata")).get("uid"):
            audience = Audience.PEDANTIC
    return hit(workload.resource, field, message, about=source.name, severity=severity, audience=audience)


def _mode(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0o777 else None


CHECK = Check(
    id="secret-volume-world-readable",
    title="Secret volume that every user in the container can read",
    practice=Practice.EXPOSURE,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("OWASP-K03", "NSA-secrets"),
    over=Workload,
    examine=examine,
)
