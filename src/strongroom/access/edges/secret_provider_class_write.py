"""A SecretProviderClass says what the Secrets Store CSI driver mounts into a pod. Some providers fetch it with an
identity of the machine, and not of the pod: whoever writes classes and runs pods there reads what the machine's
identity opens.

## Needs

``create``, ``update`` or ``patch`` on ``secretproviderclasses``, and ``create`` on pods or workloads of the same
namespace; a class of the sources that is fetched with the machine's identity, which shows that the provider has one.
Providers that log in as the pod's ServiceAccount give no more than running a pod as it does.

## Exploited

A class with ``useVMManagedIdentity: "true"`` and the name of somebody else's secret, and a pod that mounts it.

## Closed

Providers that log in as the pod's ServiceAccount; an identity of the machine that opens no secrets.

## References

- https://secrets-store-csi-driver.sigs.k8s.io/concepts
- https://azure.github.io/secrets-store-csi-driver-provider-azure/docs/configurations/identity-access-modes/

Not demonstrated: the provider and its store decide.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import runs_pods
from strongroom.access.operators import may_write, placed
from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import INCLUDES, Evidence, Node, Step
from strongroom.model.resource import Resource, as_dict, as_list, as_text

_GROUP = "secrets-store.csi.x-k8s.io"
_BY_MACHINE = (("azure", "useVMManagedIdentity", "true"), ("gcp", "auth", "provider-adc"))
"""Provider, parameter and value with which a class is fetched with an identity of the machine."""


def steps(world: World) -> Iterator[Step]:
    """Yield who has the driver fetch with a machine's identity, and which Secrets come from such a store."""
    classes = [c for c in world.facts.of_kind("SecretProviderClass") if c.group == _GROUP and _by_machine(c)]
    if not classes:
        return
    machine = Node("External", "", "identity of the machines")
    for joint in together(may_write(world, _GROUP, "secretproviderclasses"), runs_pods(world), world=world):
        evidence = joint.evidence("writes secretproviderclasses", "runs pods")
        yield Step(joint.source, machine, WAY.id, evidence, note="writes secretproviderclasses")
    for found in classes:
        evidence = (Evidence("class", found.id, found.origin),)
        yield Step(machine, _store(found), INCLUDES, evidence, note="opens it")
        for entry in as_list(found.get("spec", "secretObjects")):
            if name := as_text(as_dict(entry).get("secretName")):
                yield Step(_store(found), Node("Secret", placed(found), name), INCLUDES, evidence, note="holds it")


def _by_machine(found: Resource) -> bool:
    parameters = as_dict(found.get("spec", "parameters"))
    provider = as_text(found.get("spec", "provider"))
    return any(provider == one and as_text(parameters.get(key)) == value for one, key, value in _BY_MACHINE)


def _store(found: Resource) -> Node:
    provider, vault = as_text(found.get("spec", "provider")), found.get("spec", "parameters", "keyvaultName")
    return Node("External", "", f"{provider} store {as_text(vault)}".rstrip())


WAY = Way("secret-provider-class-write", "has the CSI driver mount it", ("T1552.007",), steps, demonstrated=False)
