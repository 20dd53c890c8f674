"""The least that a backup needs, as RBAC objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from strongroom.sources.cluster_role import bound


def objects(name: str, namespace: str, only: Sequence[str] = ()) -> Iterable[dict[str, Any]]:
    """Yield the ServiceAccount, its roles and their bindings, ready to be applied.

    Args:
        name: of the account, the roles and the bindings.
        namespace: that of the account.
        only: the namespaces that may be backed up, with a Role in each; all of the cluster where there are none.
    """
    yield from bound(_rules, "backup", name, namespace, only)


def _rules(namespaced: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]
    if not namespaced:
        # Its UID names the cluster; without it the backup has no such name.
        named = {"resourceNames": ["kube-system"], "verbs": ["get"]}
        found.append({"apiGroups": [""], "resources": ["namespaces"], **named})
    return found
