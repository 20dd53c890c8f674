"""Where a sealed value may be opened: the label that it is bound to, and the annotations that say which.

Source: https://github.com/bitnami-labs/sealed-secrets ``pkg/apis/sealedsecrets/v1alpha1/sealedsecret_expansion.go``
(``EncryptionLabel``, ``SecretScope``, ``UpdateScopeAnnotations``).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

CLUSTER_WIDE = "sealedsecrets.bitnami.com/cluster-wide"
NAMESPACE_WIDE = "sealedsecrets.bitnami.com/namespace-wide"


class Scope(enum.Enum):
    """How far a sealed value may be moved."""

    STRICT = "strict"
    NAMESPACE = "namespace-wide"
    CLUSTER = "cluster-wide"

    def label(self, namespace: str, name: str) -> bytes:
        """Return what a value is bound to."""
        if self is Scope.CLUSTER:
            return b""
        return (namespace if self is Scope.NAMESPACE else f"{namespace}/{name}").encode("utf-8", "surrogatepass")

    def annotations(self) -> dict[str, str]:
        """Return the annotations that say so; none for the strict scope."""
        if self is Scope.STRICT:
            return {}
        return {CLUSTER_WIDE if self is Scope.CLUSTER else NAMESPACE_WIDE: "true"}


def scope_of(annotations: Mapping[str, Any]) -> Scope:
    """Return the scope that annotations ask for; the wider one where there are both, as the controller does."""
    if annotations.get(CLUSTER_WIDE) == "true":
        return Scope.CLUSTER
    return Scope.NAMESPACE if annotations.get(NAMESPACE_WIDE) == "true" else Scope.STRICT


def without_scope(annotations: Mapping[str, str]) -> dict[str, str]:
    """Return annotations without those of a scope."""
    return {key: value for key, value in annotations.items() if key not in (CLUSTER_WIDE, NAMESPACE_WIDE)}
