"""What each power includes: other powers, identities, programs and secrets.

Every power over all namespaces includes the same power over each. So a step from somebody to a power is one step,
however much it gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from strongroom.access.admission import Demand
from strongroom.access.anyone import anyone
from strongroom.access.world import World
from strongroom.model.access import INCLUDES, Evidence, Node, Power, Step, power

_Included = Iterator[tuple[Node, str]]


def included(holder: Node, world: World) -> Iterator[Step]:
    """Yield the steps from a power to what it includes directly."""
    kind, namespace = Power(holder.name), holder.namespace
    if not namespace and kind in _NAMESPACED:
        for space in world.namespaces:
            yield Step(holder, power(kind, space), INCLUDES)
    else:
        for target, note in _INCLUDES[kind](world, namespace):
            yield Step(holder, target, INCLUDES, (Evidence("power", note=note),) if note else ())
    if kind is Power.RUN_PODS:
        yield from _host(holder, world)


def _host(holder: Node, world: World) -> Iterator[Step]:
    """Yield the step to the machines: by a privileged pod, where admission lets one in."""
    if holder.namespace:
        verdict = world.admits(holder.namespace, Demand.PRIVILEGED)
        evidence = (Evidence("power", note="by a privileged pod"), *verdict.evidence)
        yield Step(holder, power(Power.HOST), INCLUDES, evidence, verdict.condition)


def _cluster_admin(_: World, __: str) -> _Included:
    for kind in (Power.NAMESPACE_ADMIN, Power.HOST):
        yield power(kind), ""


def _namespace_admin(_: World, namespace: str) -> _Included:
    for kind in (Power.READ_SECRETS, Power.RUN_PODS, Power.ENTER_PODS, Power.MINT_TOKENS, Power.READ_CONFIG_MAPS):
        yield power(kind, namespace), ""


def _read_secrets(world: World, namespace: str) -> _Included:
    for ref in world.secrets_in(namespace):
        yield Node("Secret", ref.namespace, ref.name), ""


def _run_pods(world: World, namespace: str) -> _Included:
    for ref in world.secrets_in(namespace):
        yield Node("Secret", ref.namespace, ref.name), "by a pod that mounts it"
    for node in world.config_maps_in(namespace):
        yield node, "by a pod that mounts it"
    for node in world.service_accounts_in(namespace):
        yield node, "by a pod that runs as it"


def _enter_pods(world: World, namespace: str) -> _Included:
    for code in world.code_in(namespace):
        yield code.node, ""


def _mint_tokens(world: World, namespace: str) -> _Included:
    for node in world.service_accounts_in(namespace):
        yield node, ""


def _host_of_all(world: World, _: str) -> _Included:
    for name in world.machines:
        yield Node("Node", "", name), ""
    for code in world.code:
        yield code.node, "it runs on one of them"


def _read_config_maps(world: World, namespace: str) -> _Included:
    for node in world.config_maps_in(namespace):
        yield node, ""


def _any(which: Power) -> Callable[[World, str], _Included]:
    return lambda world, _: ((node, "") for node in anyone(world, which))


def _nothing(_: World, __: str) -> Iterable[tuple[Node, str]]:
    return ()  # what these hold depends on settings: ways look at them


_INCLUDES: dict[Power, Callable[[World, str], Iterable[tuple[Node, str]]]] = {
    Power.CLUSTER_ADMIN: _cluster_admin,
    Power.NAMESPACE_ADMIN: _namespace_admin,
    Power.READ_SECRETS: _read_secrets,
    Power.RUN_PODS: _run_pods,
    Power.ENTER_PODS: _enter_pods,
    Power.MINT_TOKENS: _mint_tokens,
    Power.HOST: _host_of_all,
    Power.ANY_USER: _any(Power.ANY_USER),
    Power.ANY_GROUP: _any(Power.ANY_GROUP),
    Power.ANY_NODE: _any(Power.ANY_NODE),
    Power.READ_ETCD: _nothing,
    Power.READ_AUDIT_LOG: _nothing,
    Power.READ_CONFIG_MAPS: _read_config_maps,
}

_NAMESPACED = frozenset(
    {
        Power.NAMESPACE_ADMIN,
        Power.READ_SECRETS,
        Power.RUN_PODS,
        Power.ENTER_PODS,
        Power.MINT_TOKENS,
        Power.READ_CONFIG_MAPS,
    }
)
