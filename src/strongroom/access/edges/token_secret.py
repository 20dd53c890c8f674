"""A Secret of the type ``kubernetes.io/service-account-token`` is filled by the control plane with a token that never
expires. Who creates one for a ServiceAccount and reads it back is that ServiceAccount.

## Needs

``create`` on ``secrets`` in the namespace of the ServiceAccount, and any right by which the new Secret can be read:
``get``, ``list``, ``watch``, ``patch``, ``delete`` or ``deletecollection``. Reading may be limited to a name: the
Secret is then created under that name, if it is free. An existing Secret cannot be given the type: it is immutable.

## Exploited

```console
$ kubectl apply -n shop -f - <<< '{"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
    "metadata": {"name": "mine", "annotations": {"kubernetes.io/service-account.name": "deployer"}}}'
$ kubectl get secret mine -n shop -o jsonpath='{.data.token}' | base64 -d
```

## Closed

Do not give ``create`` on Secrets and a right to read them to the same identity in a namespace where other
ServiceAccounts hold more. A ValidatingAdmissionPolicy that refuses the type closes it for a whole cluster.

## References

- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#token-request
- https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step, power

_READS = ("get", "list", "watch", "patch", "delete", "deletecollection")


def steps(world: World) -> Iterator[Step]:
    """Yield who makes a token Secret for any ServiceAccount of a namespace and reads it."""
    for joint in together(world.holders("", "secrets", "create"), world.holders("", "secrets", *_READS), world=world):
        target = power(Power.MINT_TOKENS, joint.namespace)
        yield Step(joint.source, target, WAY.id, joint.evidence("create secrets", "read secrets"))


WAY = Way("token-secret", "makes a token Secret for a ServiceAccount and reads it", ("T1528", "T1098"), steps)
