"""The least that reading a cluster needs, as RBAC objects."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from strongroom.sources.cluster_kinds import BUILT_IN, CLUSTER_SCOPED, CUSTOM, SECRETS

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


def rules(reach: Reach, *, namespaced: bool = False) -> list[dict[str, Any]]:
    """Return the rules: one for each API group, with the one verb that is used.

    Args:
        reach: how much of Secrets they let through.
        namespaced: leave out what is in no namespace, which no Role can grant.
    """
    found: list[dict[str, Any]] = []
    for group, resources in sorted({**BUILT_IN, **CUSTOM}.items()):
        kept = [
            name
            for name in resources
            if (reach is not Reach.NONE or (group, name) != SECRETS)
            and not (namespaced and (group, name) in CLUSTER_SCOPED)
        ]
        if kept:
            found.append({"apiGroups": [group], "resources": kept, "verbs": ["list"]})
    return found


def objects(reach: Reach, name: str, namespace: str, only: Sequence[str] = ()) -> Iterable[dict[str, Any]]:
    """Yield the ServiceAccount, its roles and their bindings, ready to be applied.

    Args:
        reach: how much of Secrets they let through.
        name: of the account, the roles and the bindings.
        namespace: that of the account.
        only: the namespaces that may be read, with a Role in each; all of the cluster where there are none.
    """
    yield from bound(lambda namespaced: rules(reach, namespaced=namespaced), "audit", name, namespace, only)


def bound(
    permitted: Callable[[bool], list[dict[str, Any]]], component: str, name: str, namespace: str, only: Sequence[str]
) -> Iterable[dict[str, Any]]:
    """Yield a ServiceAccount, roles with some rules, and their bindings.

    Args:
        permitted: the rules of a ClusterRole, or of a Role where it is told so.
        component: the command that they are for, as a label.
        name: as in `objects`.
        namespace: as in `objects`.
        only: as in `objects`.
    """
    labels = {"app.kubernetes.io/name": "strongroom", "app.kubernetes.io/component": component}
    yield {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "automountServiceAccountToken": False,
    }
    for place in only or ("",):
        kind = "Role" if place else "ClusterRole"
        metadata = {"name": name, **({"namespace": place} if place else {}), "labels": labels}
        yield {
            "apiVersion": f"{_RBAC}/v1",
            "kind": kind,
            "metadata": metadata,
            "rules": permitted(bool(place)),
        }
        yield {
            "apiVersion": f"{_RBAC}/v1",
            "kind": f"{kind}Binding",
            "metadata": metadata,
            "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        }


def out_of_reach() -> list[str]:
    """Return the kinds of every cluster that a Role cannot grant, as messages write them."""
    return sorted(f"{name}.{group}" if group else name for group, name in CLUSTER_SCOPED if group in BUILT_IN)
