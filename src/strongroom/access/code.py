"""What runs: the workloads of the sources, each with the pods that it is known to have."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from strongroom.model.access import Node
from strongroom.model.facts import Facts
from strongroom.model.pod import RunningPod, owner_of
from strongroom.model.resource import Resource, as_text
from strongroom.model.workload import POD_SPECS, Workload

_DEFAULT = "default"
_LONGEST_CHAIN = 8

_Key = tuple[str, str, str]


class Code(msgspec.Struct, frozen=True, eq=False):
    """A program that runs: a workload, or a pod that nothing of the sources made.

    Attributes:
        node: of the object that it is known by: a Deployment, not its ReplicaSets and pods.
        workload: its pod spec.
        pods: those of its pods that the sources hold.
    """

    node: Node
    workload: Workload
    pods: tuple[RunningPod, ...] = ()

    @property
    def namespace(self) -> str:
        """The namespace, never empty."""
        return self.node.namespace

    @property
    def service_account(self) -> str:
        """The name of the ServiceAccount that it runs as."""
        return self.workload.service_account

    @property
    def machines(self) -> frozenset[str]:
        """The names of the machines that it runs on, as far as known."""
        own = as_text(self.workload.spec.get("nodeName"))
        return frozenset(name for name in (own, *(pod.machine for pod in self.pods)) if name)

    @property
    def pod_names(self) -> frozenset[str]:
        """The names of its pods, as far as known."""
        own = {self.node.name} if self.node.kind == "Pod" else set()
        return frozenset(own.union(pod.id.name for pod in self.pods))

    def __repr__(self) -> str:
        return f"Code({self.node.show()})"


def programs(facts: Facts) -> Iterator[Code]:
    """Yield what runs; what another object of the sources made is part of its maker."""
    makers = {_key(resource): resource for resource in facts.of_kind(*POD_SPECS)}
    makers.update((_key(workload.resource), workload.resource) for workload in facts.workloads)
    pods: dict[_Key, list[RunningPod]] = {}
    for pod in facts.pods:
        key = pod.id.kind, pod.id.namespace or _DEFAULT, pod.id.name
        if pod.owner is not None:
            owner = pod.owner.kind, pod.owner.namespace or _DEFAULT, pod.owner.name
            key = _key(_top(makers[owner], makers)) if owner in makers else key
        pods.setdefault(key, []).append(pod)
    for workload in facts.workloads:
        resource = workload.resource
        if _top(resource, makers) is resource:
            key = _key(resource)
            yield Code(Node(*key), workload, tuple(pods.get(key, ())))


def _key(resource: Resource) -> _Key:
    return resource.kind, resource.namespace or _DEFAULT, resource.name


def _top(resource: Resource, makers: dict[_Key, Resource]) -> Resource:
    """Return what made an object, as far up as the sources hold it; itself where nothing did."""
    found = resource
    for _ in range(_LONGEST_CHAIN):
        owner = owner_of(found)
        above = makers.get((owner.kind, found.namespace or _DEFAULT, owner.name)) if owner is not None else None
        if above is None:
            return found
        found = above
    return resource  # owners in a circle: nobody made it
