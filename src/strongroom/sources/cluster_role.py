"""The least that reading a cluster needs, as RBAC objects."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any

from strongroom.sources.cluster_kinds import BUILT_IN, CUSTOM, SECRETS

_RBAC = "rbac.authorization.k8s.io"


class Reach(enum.Enum):
    """How much of Secrets a role lets through.

    RBAC cannot tell their metadata from their values: who may list Secrets is given both if he asks for both
    (https://github.com/kubernetes/kubernetes/issues/48128). So METADATA and VALUES are one role; what differs is what
    ``strongroom audit`` asks for.
    """

    NONE = "none"
    METADATA = "metadata"
    VALUES = "values"


def rules(reach: Reach) -> list[dict[str, Any]]:
    """Return the rules: one for each API group, with the one verb that is used."""
    found: list[dict[str, Any]] = []
    for group, resources in sorted({**BUILT_IN, **CUSTOM}.items()):
        kept = [name for name in resources if reach is not Reach.NONE or (group, name) != SECRETS]
        found.append({"apiGroups": [group], "resources": kept, "verbs": ["list"]})
    return found


def objects(reach: Reach, name: str, namespace: str) -> Iterable[dict[str, Any]]:
    """Yield the ServiceAccount, the ClusterRole and their binding, ready to be applied."""
    labels = {"app.kubernetes.io/name": "strongroom", "app.kubernetes.io/component": "audit"}
    yield {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "automountServiceAccountToken": False,
    }
    yield {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": labels},
        "rules": rules(reach),
    }
    yield {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name, "labels": labels},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }
