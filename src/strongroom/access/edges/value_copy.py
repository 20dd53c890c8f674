"""A value of a Secret that stands in another object too, in a ConfigMap, an environment variable, an annotation or a
custom resource, is read by everybody who reads that object. Roles such as ``view`` leave Secrets out and show all of
these.

## Needs

``get``, ``list`` or ``watch`` on the object that holds the copy.

## Exploited

```console
$ kubectl get deployment web -n shop -o jsonpath='{.spec.template.spec.containers[0].env}'
```

## Closed

The value stands in the Secret only; where a copy stood, it is replaced, since it may have been read.

## References

- https://kubernetes.io/docs/concepts/configuration/secret/#alternatives-to-secrets
- OWASP Kubernetes Top Ten K03 (2025)
- https://github.com/kubernetes/kubernetes/issues/23564, the copies that ``kubectl apply`` leaves in annotations
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.way import Way
from strongroom.access.world import DEFAULT, World, grounds, who
from strongroom.model.access import INCLUDES, Evidence, Node, Step
from strongroom.model.place import Context, Nature, Sighting
from strongroom.model.plaintext import Fingerprint
from strongroom.model.resource import ResourceId, as_text
from strongroom.model.workload import POD_SPECS

_PLURALS = {
    "Endpoints": "endpoints",
    "Ingress": "ingresses",
    "NetworkPolicy": "networkpolicies",
    "SecretProviderClass": "secretproviderclasses",
}
_IN_PODS = frozenset({Context.ENV, Context.COMMAND})
_Kind = tuple[str, str]


def steps(world: World) -> Iterator[Step]:
    """Yield which objects hold a value of which Secret, and who reads them; of ConfigMaps another way tells."""
    owners = _owners(world)
    copies: dict[ResourceId, dict[Node, Sighting]] = {}
    for sighting in world.facts.sightings if owners else ():
        resource = sighting.resource
        if sighting.nature is Nature.SECRET and resource is not None and resource.kind != "Secret":
            for secret in owners.get(sighting.fingerprint, ()):
                copies.setdefault(resource, {}).setdefault(secret, sighting)
    pods: dict[ResourceId, None] = {}
    for resource, held in copies.items():
        for secret, sighting in held.items():
            evidence = (Evidence("copy", resource, sighting.origin, f"holds the same {sighting.what}"),)
            yield Step(_node(resource), secret, WAY.id, evidence)
            if resource.kind in POD_SPECS and sighting.context in _IN_PODS:
                pods[resource] = None
                code = Node(resource.kind, resource.namespace or DEFAULT, resource.name)
                yield Step(code, secret, WAY.id, evidence)
    yield from _readers(world, [resource for resource in copies if _node(resource).kind == "Object"], list(pods))


def _owners(world: World) -> dict[Fingerprint, list[Node]]:
    owners: dict[Fingerprint, list[Node]] = {}
    for record in world.facts.secrets:
        node = Node("Secret", record.ref.namespace or DEFAULT, record.ref.name)
        for definition in record.definitions:
            for key in definition.keys:
                if key.fingerprint is not None and not (key.weak or key.placeholder or key.public):
                    owners.setdefault(key.fingerprint, []).append(node)
    return owners


def _node(resource: ResourceId) -> Node:
    if (resource.group, resource.kind) == ("", "ConfigMap"):
        return Node("ConfigMap", resource.namespace or DEFAULT, resource.name)
    return Node("Object", resource.namespace or DEFAULT, f"{resource.kind}/{resource.name}")


def _readers(world: World, held: list[ResourceId], in_pods: list[ResourceId]) -> Iterator[Step]:
    """Yield who reads the objects, kind by kind; the pods of a workload show what its template does."""
    kinds: dict[_Kind, list[ResourceId]] = {}
    for resource in held:
        kinds.setdefault((resource.group, resource.kind), []).append(resource)
    for kind, resources in kinds.items():
        yield from _of_kind(world, kind, kind[1], resources)
    if in_pods:
        yield from _of_kind(world, ("", "Pod"), "Pod of a workload", in_pods)


def _of_kind(world: World, kind: _Kind, what: str, resources: list[ResourceId]) -> Iterator[Step]:
    """Yield who reads the objects of a kind: all of a namespace by one node, those of some names one by one."""
    spaces: dict[str, list[ResourceId]] = {}
    for resource in resources:
        spaces.setdefault(resource.namespace or DEFAULT, []).append(resource)
    every = Node("Object", "", f"any {what}")
    for space, found in spaces.items():
        yield Step(every, every._replace(namespace=space), INCLUDES)
        yield from (Step(every._replace(namespace=space), _node(resource), INCLUDES) for resource in found)
    plural = _plural(world, *kind)
    for permission in world.holders(kind[0], plural, "get", "list", "watch"):
        evidence = grounds(permission, f"reads {plural}")
        if not permission.names:
            if not permission.namespace or permission.namespace in spaces:
                yield Step(who(permission), every._replace(namespace=permission.namespace), WAY.id, evidence)
        elif what == kind[1]:
            names = set(permission.names)
            for resource in spaces.get(permission.namespace, ()) if permission.namespace else resources:
                if resource.name in names:
                    yield Step(who(permission), _node(resource), WAY.id, evidence)


def _plural(world: World, group: str, kind: str) -> str:
    """Return the name of a kind in roles: as its definition says, else by the rule that nearly all follow."""
    for definition in world.facts.of_kind("CustomResourceDefinition"):
        if definition.get("spec", "group") == group and definition.get("spec", "names", "kind") == kind:
            return as_text(definition.get("spec", "names", "plural")) or kind.lower() + "s"
    return _PLURALS.get(kind, kind.lower() + "s")


WAY = Way("value-copy", "reads a copy of the value in another object", ("T1552.001",), steps)
