"""Where a permission leads: into pods, or to a power of its namespace. What many ways share."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.rbac import Permission
from strongroom.access.world import World, grounds, who
from strongroom.model.access import Node, Power, Step, power

CONTROLLERS = (
    ("apps", "deployments", "Deployment"),
    ("apps", "replicasets", "ReplicaSet"),
    ("apps", "statefulsets", "StatefulSet"),
    ("apps", "daemonsets", "DaemonSet"),
    ("batch", "jobs", "Job"),
    ("batch", "cronjobs", "CronJob"),
    ("", "replicationcontrollers", "ReplicationController"),
)
"""Group, plural and kind of what built-in controllers make pods of (``pkg/controller`` in kubernetes/kubernetes)."""


def to_power(way: str, permission: Permission, what: Power, note: str, condition: str = "") -> Step:
    """Return the step to a power where the permission reaches."""
    return Step(who(permission), power(what, permission.namespace), way, grounds(permission, note), condition, note)


def into_pods(world: World, way: str, permission: Permission, note: str, condition: str = "") -> Iterator[Step]:
    """Yield the steps into the pods that a permission names, or into any pod."""
    if not permission.names:
        yield to_power(way, permission, Power.ENTER_PODS, note, condition)
        return
    source, evidence = who(permission), grounds(permission, note)
    codes = world.code_of_pods(permission.namespace, permission.names)
    for target in dict.fromkeys(code.node for code in codes):
        yield Step(source, target, way, evidence, condition, note)


def to_secrets(world: World, way: str, permission: Permission, note: str) -> Iterator[Step]:
    """Yield the steps to the Secrets that a permission names, or to all of its namespace."""
    if not permission.names:
        yield to_power(way, permission, Power.READ_SECRETS, note)
        return
    source, evidence = who(permission), grounds(permission, note)
    for target in world.secrets_named(permission.namespace, permission.names):
        yield Step(source, target, way, evidence, note=note)


def to_accounts(world: World, way: str, permission: Permission, note: str, *, existing: bool = False) -> Iterator[Step]:
    """Yield the steps to the ServiceAccounts that a permission names, or to all of its namespace.

    With ``existing`` only to those that exist or that a program uses: a name alone is enough to be impersonated.
    """
    if not permission.names:
        yield to_power(way, permission, Power.MINT_TOKENS, note)
        return
    source, evidence = who(permission), grounds(permission, note)
    if permission.namespace and not existing:
        accounts = [Node("ServiceAccount", permission.namespace, name) for name in permission.names]
    else:
        wanted = set(permission.names)
        accounts = [account for account in world.service_accounts_in(permission.namespace) if account.name in wanted]
    for account in accounts:
        yield Step(source, account, way, evidence, note=note)


def runs_pods(world: World) -> Iterator[Permission]:
    """Yield each permission by which somebody makes pods: to create them, or a workload whose controller does."""
    for group, resource in (("", "pods"), *((group, resource) for group, resource, _ in CONTROLLERS)):
        yield from world.holders(group, resource, "create")
