"""The External Secrets Operator fetches what an ExternalSecret names, with the rights of the store, and writes it into
the namespace of the ExternalSecret. Whoever may write ExternalSecrets where a store can be used, and read Secrets
there, reads everything that the store's credential opens, the secrets of other namespaces included.

## Needs

``create``, ``update`` or ``patch`` on ``externalsecrets`` (or on ``clusterexternalsecrets``), and in the same namespace
``get``, ``list`` or ``watch`` on ``secrets`` or ``create`` on pods or workloads; a SecretStore of it, or a
ClusterSecretStore whose ``conditions`` admit it.

## Exploited

An ExternalSecret with ``dataFrom: [{extract: {key: prod/payments}}]``, and then the Secret that it made is read.

## Closed

``conditions`` on every ClusterSecretStore; stores whose credential opens only the paths of one namespace; a policy on
the keys that ExternalSecrets may name.

## References

- https://external-secrets.io/latest/guides/multi-tenancy/
- https://external-secrets.io/latest/guides/threat-model/

Not demonstrated: the operator and the store decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from strongroom.access.operators import may_write, placed, receives, unless_seen
from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import DEFAULT, World
from strongroom.inventory.rbac_aggregation import selector_test
from strongroom.model.access import INCLUDES, Evidence, Node, Step
from strongroom.model.resource import Resource, as_dict, as_list, as_text

_GROUP = "external-secrets.io"
_UNKNOWN = "if the store admits the namespace"
_LONGEST, _MOST_REPEATED = 256, 3
_REPEATED, _NESTED = re.compile(r"[*+?{]"), re.compile(r"\)[*+?{]|\(\?[^:]")


def steps(world: World) -> Iterator[Step]:
    """Yield who has the operator fetch what a store holds, and which Secrets come from each store."""
    stores = [s for s in world.facts.of_kind("SecretStore", "ClusterSecretStore") if s.group == _GROUP]
    if not stores:
        return
    spaces: dict[str, None] = {}
    receiving = list(receives(world))
    condition = unless_seen(world, _GROUP)
    for resource in ("externalsecrets", "clusterexternalsecrets"):
        for joint in together(may_write(world, _GROUP, resource), receiving, world=world):
            spaces[joint.namespace] = None
            evidence = joint.evidence(f"writes {resource}", "reads what comes of them")
            yield Step(joint.source, _written(joint.namespace), WAY.id, evidence, condition, f"writes {resource}")
    for space in spaces:
        for store in stores:
            if (verdict := _usable(store, space, world)) is not None:
                evidence = (Evidence("store", store.id, store.origin),)
                yield Step(_written(space), _node(store), INCLUDES, evidence, verdict, "may use the store")
    yield from _filled(world, stores)


def _written(namespace: str) -> Node:
    return Node("Object", namespace, "any ExternalSecret")


def _filled(world: World, stores: Iterable[Resource]) -> Iterator[Step]:
    """Yield the steps from a store to the Secrets that are filled from it."""
    known = {(s.kind, placed(s) if s.kind == "SecretStore" else "", s.name): s for s in stores}
    for record in world.facts.secrets:
        namespace = record.ref.namespace or DEFAULT
        for stored in record.stored:
            kind, _, name = stored.store.partition(" ")
            store = known.get((kind, namespace if kind == "SecretStore" else "", name))
            if store is not None:
                target = Node("Secret", namespace, record.ref.name)
                made = next((one.resource for one in record.definitions if one.origin.path == stored.origin.path), None)
                yield Step(
                    _node(store), target, INCLUDES, (Evidence("delivery", made, stored.origin),), note="holds it"
                )


def _node(store: Resource) -> Node:
    where = f"{placed(store)}/" if store.kind == "SecretStore" else ""
    return Node("External", "", f"{store.kind} {where}{store.name}")


def _usable(store: Resource, namespace: str, world: World) -> str | None:
    """Return on what condition ExternalSecrets of a namespace may use a store, of some one for an empty one.

    None where they may not.
    """
    if store.kind == "SecretStore":
        return "" if namespace in ("", placed(store)) else None
    conditions = [as_dict(c) for c in as_list(store.get("spec", "conditions"))]
    if not conditions:
        return ""
    spaces = [namespace] if namespace else world.namespaces
    verdicts = {_admits(condition, space, world) for condition in conditions for space in spaces}
    return "" if True in verdicts else _UNKNOWN if None in verdicts else None


def _admits(condition: dict[str, object], namespace: str, world: World) -> bool | None:
    """Tell whether a condition of a ClusterSecretStore admits a namespace; None where the sources do not say.

    Source: external-secrets.io/v1, ``ClusterSecretStoreCondition``: any of its three parts is enough.
    """
    if namespace in map(as_text, as_list(condition.get("namespaces"))):
        return True
    unknown = False
    for pattern in map(as_text, as_list(condition.get("namespaceRegexes"))):
        verdict = _matches(pattern, namespace)
        if verdict:
            return True
        unknown |= verdict is None
    if isinstance(condition.get("namespaceSelector"), dict):
        space = world.facts.find("Namespace", "", namespace)
        if space is None:
            unknown = True
        elif selector_test(as_dict(condition.get("namespaceSelector")))(space.labels):
            return True
    return None if unknown else False


def _matches(pattern: str, namespace: str) -> bool | None:
    """Tell whether Go's regular expression is found in a name; None for one that Python may take long over.

    Go's take time linear in the text, and Python's do not where repetitions are nested or many.
    """
    if len(pattern) > _LONGEST or len(_REPEATED.findall(pattern)) > _MOST_REPEATED or _NESTED.search(pattern):
        return None
    try:
        return re.search(pattern, namespace) is not None
    except re.error:
        return None  # of Go's syntax, and not of Python's


WAY = Way(
    "external-secret-write", "has the External Secrets Operator fetch it", ("T1552.007",), steps, demonstrated=False
)
