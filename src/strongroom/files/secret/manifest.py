"""The manifest of a Secret."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from strongroom.files.sealed.secrets import PlainSecret
from strongroom.files.secret.writing import survives

OWNER = "strongroom.dev/owner"
VERSION = "strongroom.dev/version"
ROTATED_AT = "strongroom.dev/rotated-at"
MANAGED_BY = "app.kubernetes.io/managed-by"


def body(secret: PlainSecret, *, text: bool = False) -> dict[str, Any]:
    """Return the object: values in it are in the clear, so it is dumped and encrypted, sealed or sent at once.

    Args:
        secret: what to write.
        text: put values that are UTF-8 under ``stringData``, where people can read and edit them. ``data`` is what the
            API server keeps: a key that is taken away from ``stringData`` stays in a cluster
            (https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data).
    """
    metadata: dict[str, Any] = {"name": secret.name}
    if secret.namespace:
        metadata["namespace"] = secret.namespace
    for field, entries in (("labels", secret.labels), ("annotations", secret.annotations)):
        if entries:
            metadata[field] = dict(sorted(entries.items()))
    data: dict[str, str] = {}
    readable: dict[str, str] = {}
    for key, value in sorted(secret.values.items()):
        decoded = value.reveal_text() if text else None
        if decoded is None or not survives(decoded):
            data[key] = b64encode(value.reveal()).decode()
        else:
            readable[key] = decoded
    found: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": secret.type or "Opaque",
    }
    if secret.immutable:
        found["immutable"] = True
    return found | ({"data": data} if data else {}) | ({"stringData": readable} if readable else {})


def next_version(version: str) -> str | None:
    """Return the number behind a version; None where the version is no plain number."""
    return str(int(version) + 1) if version.isascii() and version.isdigit() and len(version) < 19 else None
