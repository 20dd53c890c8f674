"""A MutatingAdmissionPolicy changes objects as they are written, without a server of anybody's. Whoever may write one,
and its binding, adds to every pod that others make a container, a volume with a Secret, another ServiceAccount.

## Needs

``create``, ``update`` or ``patch`` on ``mutatingadmissionpolicies`` and on ``mutatingadmissionpolicybindings`` of
``admissionregistration.k8s.io``, by ClusterRoleBindings, in Kubernetes 1.36 or with the feature switched on. Changing a
policy that a binding already puts in force needs the former only; the step then has a condition. A pod is changed when
it is next made.

## Exploited

A policy for ``pods`` with a mutation that adds a container with one's own image, and a binding of it.

## Closed

Nobody but the installer of policies holds these rights; alert on changes of the policies.

## References

- https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/
- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#control-admission-webhooks
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.rbac import Permission
from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import World, grounds, who
from strongroom.model.access import Node, Power, Step, power

_GROUP = "admissionregistration.k8s.io"
_NOTE = "writes mutatingadmissionpolicies"
_IN_FORCE = "if a binding puts a policy of his in force"


def steps(world: World) -> Iterator[Step]:
    """Yield who changes the pods that others make."""
    policies = _written(world, "mutatingadmissionpolicies")
    if not policies:
        return
    target = power(Power.RUN_PODS)
    able: set[Node] = set()
    for joint in together(policies, _written(world, "mutatingadmissionpolicybindings"), world=world):
        able.add(joint.source)
        yield Step(joint.source, target, WAY.id, joint.evidence(_NOTE, "writes their bindings"), note=_NOTE)
    for permission in policies:
        if who(permission) not in able:
            yield Step(who(permission), target, WAY.id, grounds(permission, _NOTE), _IN_FORCE, _NOTE)


def _written(world: World, resource: str) -> list[Permission]:
    """Return the permissions to write objects that are in no namespace."""
    found = world.holders(_GROUP, resource, "create", "update", "patch")
    return [permission for permission in found if not permission.namespace]


WAY = Way("admission-policy-write", "changes what is written, by an admission policy", ("T1557", "T1610"), steps)
