"""An injector puts secrets of a Vault into a pod, as the role that an annotation names. Vault gives that role to the
pod's ServiceAccount: whoever runs a pod as it, or mints its token, logs in to Vault himself.

## Needs

A token of the ServiceAccount: a pod that runs as it, or ``create`` on ``serviceaccounts/token``.

## Exploited

```console
$ vault write auth/kubernetes/login role=payments jwt="$(kubectl create token payments)"
```

## Closed

A Vault role that names one ServiceAccount of one namespace and an audience; nobody else may run pods there.

## References

- https://developer.hashicorp.com/vault/docs/deploy/kubernetes/injector/annotations
- https://bank-vaults.dev/docs/mutating-webhook/annotations/

Not demonstrated: Vault decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Evidence, Node, Step
from strongroom.model.resource import as_dict, dig

_ANNOTATIONS = ("vault.hashicorp.com/role", "vault.security.banzaicloud.io/vault-role")


def steps(world: World) -> Iterator[Step]:
    """Yield which ServiceAccount logs in as which role of Vault."""
    for code in world.code:
        resource = code.workload.resource
        path = ("metadata",) if resource.kind == "Pod" else (*code.workload.field[:-1], "metadata")
        annotations = as_dict(dig(resource.body, (*path, "annotations")))
        for name in _ANNOTATIONS:
            role = annotations.get(name)
            if isinstance(role, str) and role:
                yield Step(
                    Node("ServiceAccount", code.namespace, code.service_account),
                    Node("External", "", f"Vault role {role}"),
                    WAY.id,
                    (Evidence("workload", resource.id, resource.origin.at((*path, "annotations", name))),),
                )


WAY = Way("vault-role", "logs in to Vault", ("T1078",), steps, demonstrated=False)
