"""The least that looking at encryption at rest, and rotating its keys, need: as RBAC objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from strongroom.atrest.servers import HEALTH, METRICS
from strongroom.errors import UsageError
from strongroom.sources.cluster_role import bound

_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


def objects(name: str, namespace: str, resources: Sequence[str], *, rewrite: bool) -> Iterable[dict[str, Any]]:
    """Yield the ServiceAccount, its roles and their bindings, ready to be applied.

    Args:
        name: of the account, the roles and the bindings.
        namespace: that of the account.
        resources: what is encrypted, as an EncryptionConfiguration names it.
        rewrite: whether objects may be patched, which a rotation needs.

    Raises:
        UsageError: a resource is no such name, or a wildcard. That of RBAC reaches further: with pods, for one, into
            their containers (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources).
    """
    for resource in resources:
        if not _NAME.fullmatch(resource):
            raise UsageError("what is encrypted is to be named", hint="one by one: secrets, widgets.example.com")
    yield from bound(lambda _: _rules(resources, rewrite=rewrite), "at-rest", name, namespace, ())
    leases = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["list"]}
    yield from islice(bound(lambda _: [leases], "at-rest", name, namespace, ("kube-system",)), 1, None)


def _rules(resources: Sequence[str], *, rewrite: bool) -> list[dict[str, Any]]:
    by_group: dict[str, set[str]] = {}
    for resource in resources:
        plural, _, group = resource.partition(".")
        by_group.setdefault(group, set()).add(plural)
    verbs = ["get", "list", "patch"] if rewrite else ["get", "list"]
    covered = [
        {"apiGroups": [group], "resources": sorted(by_group[group]), "verbs": verbs} for group in sorted(by_group)
    ]
    return [{"nonResourceURLs": [METRICS, HEALTH], "verbs": ["get"]}, *covered]
