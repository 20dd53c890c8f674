"""Whoever binds a role to himself can only bind what he holds already, unless he has the verb ``bind`` for that role:
then he becomes whatever the role makes him.

## Needs

The verb ``bind`` on ``clusterroles`` or ``roles`` (with ``resourceNames``, for the roles of these names) where the
binding is made, and one of:

- ``create`` on ``rolebindings`` in a namespace, or on ``clusterrolebindings``;
- ``update`` or ``patch`` on a binding that exists and names such a role: he adds himself to its subjects. The role
  that a binding names cannot be changed.

Writing bindings *without* ``bind`` gives nothing that one does not have, and is no way.

## Exploited

```console
$ kubectl create rolebinding mine -n shop --clusterrole=admin --user=mallory
$ kubectl create clusterrolebinding mine --clusterrole=cluster-admin --user=mallory
```

## Closed

Name the roles that may be bound in ``resourceNames``, and name none that reads Secrets or runs pods. A RoleBinding of
the right keeps it to one namespace.

## References

- https://kubernetes.io/docs/reference/access-authn-authz/rbac/#restrictions-on-role-binding-creation-or-update
- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#bind-verb
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strongroom.access.rbac import Permission
from strongroom.access.takeable import EVERY, role_node
from strongroom.access.together import Joint, together
from strongroom.access.way import Way
from strongroom.access.world import DEFAULT, World
from strongroom.model.access import Evidence, Node, Power, Step, power
from strongroom.model.rbac import Binding

_GROUP = "rbac.authorization.k8s.io"
_ANY = "*"
_KINDS = (("ClusterRole", "clusterroles"), ("Role", "roles"))


def steps(world: World) -> Iterator[Step]:
    """Yield who binds himself to which role."""
    made = [binding for binding in world.rbac.bindings if not binding.cluster]
    for kind, resource in _KINDS:
        may = tuple(p for p in world.holders(_GROUP, resource, "bind") if not p.rule.is_everything)
        if may:
            yield from _created(world, kind, may, world.holders(_GROUP, "rolebindings", "create"))
            changes = world.holders(_GROUP, "rolebindings", "update", "patch")
            yield from _changed(world, may, changes, [binding for binding in made if binding.role_kind == kind])
    may = tuple(p for p in world.holders(_GROUP, "clusterroles", "bind") if not (p.namespace or p.rule.is_everything))
    if may:
        for joint in together(may, _everywhere(world.holders(_GROUP, "clusterrolebindings", "create")), world=world):
            for target in _taken_everywhere(joint):
                yield Step(joint.source, target, WAY.id, joint.evidence("bind", "create clusterrolebindings"))
        changes = _everywhere(world.holders(_GROUP, "clusterrolebindings", "update", "patch"))
        yield from _changed(world, may, changes, [binding for binding in world.rbac.bindings if binding.cluster])


def _created(world: World, kind: str, may: tuple[Permission, ...], creates: Iterable[Permission]) -> Iterator[Step]:
    between: dict[Node, None] = {}
    for joint in together(may, creates, world=world):
        evidence = joint.evidence("bind", "create rolebindings")
        for target in _taken(kind, joint):
            if target.kind != "Power" and (target.namespace in ("", EVERY) or target.name == _ANY):
                between[target] = None
            yield Step(joint.source, target, WAY.id, evidence)
    for source in between:
        yield from (Step(source, target, WAY.id) for target in _each(world, source))


def _taken(kind: str, joint: Joint) -> Iterator[Node]:
    """Yield what somebody becomes who makes a RoleBinding."""
    bind = joint.parts[0]
    if not bind[0].names:
        if kind == "ClusterRole":
            yield power(Power.NAMESPACE_ADMIN, joint.namespace)  # cluster-admin is in every cluster
        else:
            yield role_node(kind, joint.namespace or EVERY, _ANY)
        return
    for name in dict.fromkeys(name for permission in bind for name in permission.names):
        yield role_node(kind, joint.namespace or EVERY, name)


def _taken_everywhere(joint: Joint) -> Iterator[Node]:
    """Yield what somebody becomes who makes a ClusterRoleBinding."""
    bind = joint.parts[0]
    if not bind[0].names:
        yield power(Power.CLUSTER_ADMIN)
        return
    for name in dict.fromkeys(name for permission in bind for name in permission.names):
        yield power(Power.CLUSTER_ADMIN) if name == "cluster-admin" else role_node("ClusterRole", "", name)


def _each(world: World, source: Node) -> Iterator[Node]:
    """Yield the roles that one node between stands for: of each namespace, or of each name."""
    if source.namespace == EVERY:
        yield from (source._replace(namespace=namespace) for namespace in world.namespaces)
    if source.name == _ANY:
        for role in world.rbac.roles:
            space = role.resource.namespace or DEFAULT
            if not role.cluster and source.namespace in (EVERY, space):
                yield role_node("Role", space, role.resource.name)


def _changed(
    world: World, may: tuple[Permission, ...], changes: Iterable[Permission], bindings: list[Binding]
) -> Iterator[Step]:
    """Yield who adds himself to a binding that exists."""
    placed: dict[str, list[Binding]] = {}
    for binding in bindings:
        placed.setdefault("" if binding.cluster else binding.resource.namespace or DEFAULT, []).append(binding)
    for joint in together(may, changes, world=world):
        for space in [joint.namespace] if joint.namespace else placed:
            for binding in placed.get(space, ()):
                if _names(joint.parts[0], binding.role_name) and _names(joint.parts[1], binding.resource.name):
                    origin = binding.resource.origin.at(("subjects",))
                    own = Evidence("binding", binding.resource.id, origin, "he adds himself to its subjects")
                    evidence = (*joint.evidence("bind", "change the binding"), own)
                    yield Step(joint.source, role_node(binding.role_kind, space, binding.role_name), WAY.id, evidence)


def _names(part: tuple[Permission, ...], name: str) -> bool:
    return any(not permission.names or name in permission.names for permission in part)


def _everywhere(permissions: Iterable[Permission]) -> Iterator[Permission]:
    return (permission for permission in permissions if not permission.namespace)


WAY = Way("bind", "binds a role to himself", ("T1098.006",), steps)
