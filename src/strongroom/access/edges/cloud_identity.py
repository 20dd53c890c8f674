"""A ServiceAccount can stand for an identity of a cloud: an AWS role, a Google service account, a managed identity of
Azure. Whoever holds a token of the ServiceAccount, or runs a pod as it, is that identity, with all that it may read in
the cloud's own secret manager.

## Needs

A token of the ServiceAccount with the cloud's audience: a pod that runs as it, or ``create`` on
``serviceaccounts/token``.

## Exploited

```console
$ kubectl create token web --audience sts.amazonaws.com > token
$ aws sts assume-role-with-web-identity --role-arn … --web-identity-token file://token
```

## Closed

One ServiceAccount for each workload; the cloud's policy names the secrets that it reads; nobody else may run pods or
mint tokens in the namespace.

## References

- https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html
- https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
- https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html

Not demonstrated: the cloud decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.operators import placed
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Evidence, Node, Step

_ANNOTATIONS = {
    "eks.amazonaws.com/role-arn": "AWS role",
    "iam.gke.io/gcp-service-account": "Google service account",
    "azure.workload.identity/client-id": "Azure identity",
}


def steps(world: World) -> Iterator[Step]:
    """Yield which ServiceAccount is which identity of a cloud."""
    for account in world.facts.of_kind("ServiceAccount"):
        for annotation, what in _ANNOTATIONS.items():
            name = account.annotations.get(annotation)
            if isinstance(name, str) and name:
                origin = account.origin.at(("metadata", "annotations", annotation))
                yield Step(
                    Node("ServiceAccount", placed(account), account.name),
                    Node("External", "", f"{what} {name}"),
                    WAY.id,
                    (Evidence("service account", account.id, origin),),
                )


WAY = Way("cloud-identity", "is an identity of a cloud", ("T1078.004",), steps, demonstrated=False)
