"""Impersonation makes a request as somebody else: RBAC then asks what the other may do. Whoever impersonates any user
also is ``system:kube-controller-manager``, which reads every Secret.

## Needs

The verb ``impersonate`` on ``users``, by a ClusterRoleBinding, since users are in no namespace; with
``resourceNames`` for the users of these names. The names of ServiceAccounts (``system:serviceaccount:…``) are asked
for as ``serviceaccounts``, not as ``users``. Of groups, the impersonated user is only in ``system:authenticated``.

``impersonate`` on ``uids`` and ``userextras`` alone changes nothing that RBAC looks at, and is no way.

## Exploited

```console
$ kubectl get secrets -A --as=system:kube-controller-manager -o yaml
```

## Closed

Name whom to impersonate in ``resourceNames``, and let nobody but the proxy or tool that needs it have the right.
Since Kubernetes 1.36, constrained impersonation (``impersonate:user-info`` with ``impersonate-on:…``) also limits for
what.

## References

- https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#impersonate
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.anyone import node_name
from strongroom.access.rbac_request import SERVICE_ACCOUNT_USER
from strongroom.access.way import Way
from strongroom.access.world import World, grounds, who
from strongroom.model.access import Node, Power, Step, power

_NOTE = "impersonate users"


def steps(world: World) -> Iterator[Step]:
    """Yield whom somebody impersonates."""
    for permission in world.holders("", "users", "impersonate"):
        if permission.namespace:
            continue
        if not permission.names:
            yield Step(who(permission), power(Power.ANY_USER), WAY.id, grounds(permission, _NOTE), note=_NOTE)
        for name in permission.names:
            # A node's user name without the group system:nodes is no node to the Node authorizer.
            if not name.startswith(SERVICE_ACCOUNT_USER) and not node_name(name):
                yield Step(who(permission), Node("User", "", name), WAY.id, grounds(permission, _NOTE), note=_NOTE)


WAY = Way("impersonate-users", "impersonates a user", ("T1134.001", "T1078"), steps)
