"""What the KMS v2 API promises on both sides: names and limits.

https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/3299-kms-v2-improvements
"""

from __future__ import annotations

SERVICE = "v2.KeyManagementService"
"""The name of the gRPC service."""

VERSION = "v2"
"""What ``Status`` calls the API."""

HEALTHY = "ok"
"""What ``Status`` says in ``healthz`` while the key can be used; everything else is a reason why not."""

KEY_ID_BYTES = 1024
"""Limit of a key id, and of a ciphertext: the API server refuses longer ones (``envelope.go``, ``KeyIDMaxSize``)."""

ANNOTATIONS_BYTES = 32 * 1024
"""Limit of the names and values of all annotations together (``envelope.go``, ``annotationsMaxSize``)."""

REQUEST_BYTES = 64 * 1024
"""Limit of a message that is accepted: a ciphertext, a key id and annotations, with room to spare."""


def path(method: str) -> str:
    """Return the HTTP/2 path of a method: ``Status``, ``Encrypt``, ``Decrypt``."""
    return f"/{SERVICE}/{method}"
