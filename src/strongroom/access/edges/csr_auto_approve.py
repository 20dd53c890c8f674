"""The controller manager approves by itself a machine's first certificate where its asker may create
``certificatesigningrequests/nodeclient``, and signs it. Whoever may is any node that he names, as far as the API server
is concerned: he reads the Secrets of the pods that are bound to it.

## Needs

``create`` on ``certificatesigningrequests`` and on ``certificatesigningrequests/nodeclient`` of
``certificates.k8s.io``, and ``get``, ``list`` or ``watch`` on the former, by ClusterRoleBindings. kubeadm gives both to
bootstrap tokens.

## Exploited

```console
$ openssl req -new -newkey rsa:2048 -nodes -keyout key.pem -subj /O=system:nodes/CN=system:node:worker-1 > csr.pem
```

A CertificateSigningRequest with the signer ``kubernetes.io/kube-apiserver-client-kubelet`` is approved within a second.

## Closed

The right goes to bootstrap tokens only, for the hours in which machines join; afterwards the binding
``kubeadm:node-autoapprove-bootstrap`` is deleted.

## References

- https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/#approval
- ``pkg/controller/certificates/approver/sarapprove.go`` in kubernetes/kubernetes
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strongroom.access.rbac import Permission
from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step, power

_GROUP = "certificates.k8s.io"
_REQUESTS = "certificatesigningrequests"


def steps(world: World) -> Iterator[Step]:
    """Yield whose requests for a node's certificate are approved by themselves."""
    approved = _everywhere(world.holders(_GROUP, f"{_REQUESTS}/nodeclient", "create"))
    if not approved:
        return
    created = _everywhere(world.holders(_GROUP, _REQUESTS, "create"))
    read = _everywhere(world.holders(_GROUP, _REQUESTS, "get", "list", "watch"))
    for joint in together(approved, created, read, world=world):
        evidence = joint.evidence("is approved as a new machine", "creates requests", "reads them")
        yield Step(joint.source, power(Power.ANY_NODE), WAY.id, evidence)


def _everywhere(permissions: Iterable[Permission]) -> list[Permission]:
    return [permission for permission in permissions if not permission.namespace]


WAY = Way("csr-auto-approve", "is given the certificate of a machine", ("T1649", "T1078"), steps)
