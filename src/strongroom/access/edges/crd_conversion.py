"""The definition of a custom resource may name a webhook that converts its objects from one version to another. Whoever
may change the definition sends every object of that kind to a server of his own, and gives the API server what it
answers.

## Needs

``update`` or ``patch`` on ``customresourcedefinitions`` of ``apiextensions.k8s.io``, by a ClusterRoleBinding. What is
read is the kind's objects, and so a Secret only where one of them holds its value.

## Exploited

``spec.conversion.webhook.clientConfig`` of the definition is pointed to one's own address, and an object is read in
another version than the one it is stored in.

## Closed

Only the installer of operators holds these rights; custom resources name Secrets and never hold values.

## References

- https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.way import Way
from strongroom.access.world import DEFAULT, World, grounds, who
from strongroom.model.access import INCLUDES, Evidence, Node, Step
from strongroom.model.place import Nature
from strongroom.model.resource import as_text


def steps(world: World) -> Iterator[Step]:
    """Yield who reads the custom resources that hold values; which Secrets these are, ``value-copy`` tells."""
    definitions = {
        (as_text(d.get("spec", "group")), as_text(d.get("spec", "names", "kind"))): d
        for d in world.facts.of_kind("CustomResourceDefinition")
    }
    held: dict[str, Node] = {}
    for sighting in world.facts.sightings if definitions else ():
        resource = sighting.resource
        if resource is None or sighting.nature is not Nature.SECRET:
            continue
        definition = definitions.get((resource.group, resource.kind))
        if definition is not None:
            every = held.setdefault(definition.name, Node("Object", "", f"CustomResourceDefinition/{definition.name}"))
            target = Node("Object", resource.namespace or DEFAULT, f"{resource.kind}/{resource.name}")
            yield Step(every, target, INCLUDES, (Evidence("definition", definition.id, definition.origin),))
    if not held:
        return
    for permission in world.holders("apiextensions.k8s.io", "customresourcedefinitions", "update", "patch"):
        for name in permission.names or held:
            if name in held:
                yield Step(who(permission), held[name], WAY.id, grounds(permission, f"changes {name}"))


WAY = Way("crd-conversion", "converts the custom resource that holds it", ("T1557",), steps)
