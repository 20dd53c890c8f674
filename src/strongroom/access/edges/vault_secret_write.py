"""The Vault Secrets Operator fetches what a VaultStaticSecret or a VaultDynamicSecret names, with the role of a
VaultAuth, and writes it into a Secret of the namespace. Whoever may write one, and read Secrets there, reads everything
that the role opens in Vault.

## Needs

``create``, ``update`` or ``patch`` on ``vaultstaticsecrets``, ``vaultdynamicsecrets`` or ``vaultpkisecrets`` of
``secrets.hashicorp.com``, and in the same namespace ``get``, ``list`` or ``watch`` on ``secrets`` or ``create`` on pods
or workloads; a VaultAuth of the namespace, or one whose ``allowedNamespaces`` name it.

## Exploited

A VaultStaticSecret with ``path: prod/payments``, and then the Secret that it made is read.

## Closed

A role of Vault for each namespace, bound to a ServiceAccount of it, which opens the paths of that namespace only.

## References

- https://developer.hashicorp.com/vault/docs/deploy/kubernetes/vso/api-reference
- ``api/v1beta1/vaultauth_types.go`` in hashicorp/vault-secrets-operator (``AllowedNamespaces``)

Not demonstrated: the operator and Vault decide.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.operators import may_write, placed, receives, unless_seen
from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import INCLUDES, Evidence, Node, Step
from strongroom.model.resource import Resource, as_list, as_text

_GROUP = "secrets.hashicorp.com"
_KINDS = {
    "VaultStaticSecret": "vaultstaticsecrets",
    "VaultDynamicSecret": "vaultdynamicsecrets",
    "VaultPKISecret": "vaultpkisecrets",
}


def steps(world: World) -> Iterator[Step]:
    """Yield who has the operator fetch what a role of Vault opens, and which Secrets come by each VaultAuth."""
    auths = [auth for auth in world.facts.of_kind("VaultAuth") if auth.group == _GROUP]
    if not auths:
        return
    spaces: dict[str, None] = {}
    receiving = list(receives(world))
    condition = unless_seen(world, _GROUP)
    for plural in _KINDS.values():
        for joint in together(may_write(world, _GROUP, plural), receiving, world=world):
            spaces[joint.namespace] = None
            evidence = joint.evidence(f"writes {plural}", "reads what comes of them")
            yield Step(joint.source, _written(joint.namespace), WAY.id, evidence, condition, f"writes {plural}")
    for space in spaces:
        for auth in auths:
            if _usable(auth, space):
                evidence = (Evidence("auth", auth.id, auth.origin),)
                yield Step(_written(space), _node(auth), INCLUDES, evidence, note="may use the VaultAuth")
    yield from _filled(world, {(placed(auth), auth.name): auth for auth in auths})


def _filled(world: World, auths: dict[tuple[str, str], Resource]) -> Iterator[Step]:
    for found in world.facts.of_kind(*_KINDS):
        space, slash, name = as_text(found.get("spec", "vaultAuthRef")).rpartition("/")
        auth = auths.get((space if slash else placed(found), name or "default"))
        made = as_text(found.get("spec", "destination", "name"))
        if found.group == _GROUP and auth is not None and made:
            evidence = (Evidence("delivery", found.id, found.origin),)
            yield Step(_node(auth), Node("Secret", placed(found), made), INCLUDES, evidence, note="opens it")


def _written(namespace: str) -> Node:
    return Node("Object", namespace, "any VaultStaticSecret")


def _node(auth: Resource) -> Node:
    return Node("External", "", f"Vault by VaultAuth {placed(auth)}/{auth.name}")


def _usable(auth: Resource, namespace: str) -> bool:
    allowed = as_list(auth.get("spec", "allowedNamespaces"))
    return namespace in ("", placed(auth)) or "*" in allowed or namespace in allowed


WAY = Way("vault-secret-write", "has the Vault Secrets Operator fetch it", ("T1552.007",), steps, demonstrated=False)
