"""The control plane signs certificates for whoever asks, once somebody approves. Who asks *and* approves makes
himself a client certificate for any user and any groups but ``system:masters``.

## Needs

All of: ``create`` on ``certificatesigningrequests``; ``update`` or ``patch`` on
``certificatesigningrequests/approval``; ``approve`` on ``signers`` for ``kubernetes.io/kube-apiserver-client`` (any
user, group or node) or ``kubernetes.io/kube-apiserver-client-kubelet`` (any node), where ``kubernetes.io/*`` stands
for both. All are cluster-wide. The certificate stands in the answer to a further approval, so no right to read
requests is needed.

Creating alone gives nothing. Nor does ``sign`` with ``certificatesigningrequests/status``: it lets one store a
certificate in a request, not make one that the API server trusts. The signer ``kubernetes.io/kubelet-serving`` and
other signers give no client certificates.

## Exploited

```console
$ openssl req -new -key mine.key -subj /CN=system:kube-controller-manager -out mine.csr
$ kubectl apply -f request.yaml && kubectl certificate approve mine
$ kubectl get csr mine -o jsonpath='{.status.certificate}' | base64 -d
```

## Closed

Who may create requests may not approve them. A kubelet's own requests are approved by the control plane without
anybody's right. Certificates cannot be revoked: ask for short ones (``expirationSeconds``).

## References

- https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
- https://kubernetes.io/docs/concepts/security/rbac-good-practices/#csrs-and-certificate-issuing
- CIS Kubernetes Benchmark 5.1.11
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strongroom.access.rbac import Permission
from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step, power

_GROUP = "certificates.k8s.io"
_CLIENTS = frozenset({"kubernetes.io/kube-apiserver-client", "kubernetes.io/*"})
_KUBELETS = frozenset({"kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/*"})


def steps(world: World) -> Iterator[Step]:
    """Yield who makes himself a client certificate, and of whom."""
    creates = _everywhere(world.holders(_GROUP, "certificatesigningrequests", "create"))
    approvals = _everywhere(world.holders(_GROUP, "certificatesigningrequests/approval", "update", "patch"))
    signers = _everywhere(world.holders(_GROUP, "signers", "approve"))
    for joint in together(creates, approvals, signers, world=world):
        evidence = joint.evidence("create requests", "approve requests", "approve for the signer")
        for what in _given(joint.parts[2]):
            yield Step(joint.source, power(what), WAY.id, evidence)


def _given(signers: tuple[Permission, ...]) -> tuple[Power, ...]:
    names = {name for permission in signers for name in permission.names}
    if not signers[0].names or names & _CLIENTS:
        return Power.ANY_USER, Power.ANY_GROUP, Power.ANY_NODE
    return (Power.ANY_NODE,) if names & _KUBELETS else ()


def _everywhere(permissions: Iterable[Permission]) -> Iterator[Permission]:
    return (permission for permission in permissions if not permission.namespace)


WAY = Way("csr-approve", "approves a client certificate of his own", ("T1649", "T1078"), steps)
