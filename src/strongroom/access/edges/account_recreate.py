"""A binding to a ServiceAccount that does not exist waits for somebody to create it: the API server compares names
only. Whoever may create ServiceAccounts in that namespace, and gets a token of one, takes the rights over.

## Needs

``create`` on ``serviceaccounts``, and ``create`` on ``serviceaccounts/token`` or on pods or workloads, in the namespace
that the binding names. Where the sources do not list the ServiceAccounts of the namespace (they hold no ``default``),
one that is missing may be there all the same: the step then has a condition.

## Exploited

```console
$ kubectl create serviceaccount old-operator -n apps && kubectl create token old-operator -n apps
```

## Closed

Bindings go when their subjects go; the same holds for users and groups whose names an identity provider may give out
again.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#periodic-review
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.arrivals import runs_pods
from strongroom.access.rbac import Permission
from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import DEFAULT, World
from strongroom.model.access import Evidence, Node, Step
from strongroom.model.rbac import Binding

_NOT_LISTED = "if the cluster does not hold it either"


def steps(world: World) -> Iterator[Step]:
    """Yield who may bring a ServiceAccount into being that bindings wait for."""
    missing = _missing(world)
    if not missing:
        return
    listed = {r.namespace or DEFAULT for r in world.facts.of_kind("ServiceAccount") if r.name == "default"}
    made = [one for one in world.holders("", "serviceaccounts", "create") if not one.names]
    used = [*world.holders("", "serviceaccounts/token", "create"), *runs_pods(world)]
    for joint in together(made, used, world=world):
        spaces = [joint.namespace] if joint.namespace else list(missing)
        for space in spaces:
            condition = "" if space in listed else _NOT_LISTED
            for account, binding in missing.get(space, {}).items():
                if _fits(joint.parts[1], account):
                    more = Evidence("binding", binding.resource.id, binding.resource.origin, "names it")
                    evidence = (*joint.evidence("creates serviceaccounts", "uses them"), more)
                    yield Step(joint.source, account, WAY.id, evidence, condition)


def _fits(permissions: tuple[Permission, ...], account: Node) -> bool:
    return any(not permission.names or account.name in permission.names for permission in permissions)


def _missing(world: World) -> dict[str, dict[Node, Binding]]:
    """Return, by namespace, the ServiceAccounts that bindings name and that the sources do not hold.

    The namespace has others, or it is not known which it has.
    """
    known = set(world.service_accounts_in(""))
    told = {node.namespace for node in known if node.name != "default"}
    told.update(resource.namespace or DEFAULT for resource in world.facts.of_kind("ServiceAccount"))
    found: dict[str, dict[Node, Binding]] = {}
    for binding in world.facts.bindings:
        for _, subject in binding.subjects:
            node = Node(subject.kind, subject.namespace or DEFAULT, subject.name)
            here = node.namespace in told and not world.facts.lacks(node.namespace, "serviceaccounts")
            if subject.kind == "ServiceAccount" and here and node not in known:
                found.setdefault(node.namespace, {}).setdefault(node, binding)
    return found


WAY = Way("account-recreate", "creates the ServiceAccount that a binding waits for", ("T1098", "T1136"), steps)
