"""A program in a pod finds the token of its ServiceAccount in a file, unless told otherwise: whoever runs code in the
pod is that ServiceAccount.

## Needs

Code that runs in a pod with a token for the API server. It is mounted unless ``automountServiceAccountToken`` is
false in the pod spec, or, where the pod spec says nothing, in the ServiceAccount. A projected volume with a
``serviceAccountToken`` for the API server's audience mounts one whatever these say; one for another audience (a
cloud, a Vault) does not open the API server.

## Exploited

```console
$ cat /var/run/secrets/kubernetes.io/serviceaccount/token
```

## Closed

Set ``automountServiceAccountToken: false`` on every ServiceAccount, and true in the few pod specs that call the API
server. Give each program a ServiceAccount of its own.

## Demonstrated

The kubelet of the pod's node asks for the token that the pod spec calls for, and the token reads the Secret. With
automounting turned off the pod spec calls for none, and the API server refuses the kubelet one.

## References

- https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
- https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.code import Code
from strongroom.access.nodes_graph import MIRROR
from strongroom.access.way import Way
from strongroom.access.world import DEFAULT, World
from strongroom.model.access import Evidence, Node, Step
from strongroom.model.origin import FieldPath
from strongroom.model.resource import Resource, as_dict, as_list, as_text

_AUTOMOUNT = "automountServiceAccountToken"
_API_SERVERS = ("", "api", "https://kubernetes.default.svc", "kubernetes.default.svc")
"""Audiences of the API server: its issuer by default, as kubeadm and the documentation have it."""


def steps(world: World) -> Iterator[Step]:
    """Yield which program runs as which ServiceAccount and holds its token."""
    accounts = {(r.namespace or DEFAULT, r.name): r for r in world.facts.of_kind("ServiceAccount") if not r.group}
    for code in world.code:
        if MIRROR in code.workload.resource.annotations:
            continue  # a kubelet's own: the API server lets no ServiceAccount be given to it
        account = Node("ServiceAccount", code.namespace, code.service_account)
        field = _token(code, accounts.get((code.namespace, code.service_account)))
        if field is not None:
            resource = code.workload.resource
            evidence = (
                Evidence("workload", resource.id, resource.origin.at(field), f"runs as {code.service_account}"),
            )
            yield Step(code.node, account, WAY.id, evidence)


def _token(code: Code, account: Resource | None) -> FieldPath | None:
    """Return the field that says that a token is mounted; None where none is."""
    spec, field = code.workload.spec, code.workload.field
    said = spec.get(_AUTOMOUNT)
    if not isinstance(said, bool):
        said = account.body.get(_AUTOMOUNT) if account is not None else None
    if said is not False:
        return (*field, "serviceAccountName") if "serviceAccountName" in spec else field
    mounted = {as_text(mount.get("name")) for container in code.workload.containers for _, mount in container.mounts}
    for place, volume in code.workload.volumes:
        for index, source in enumerate(as_list(as_dict(volume.get("projected")).get("sources"))):
            token = as_dict(source).get("serviceAccountToken")
            if isinstance(token, dict) and as_text(volume.get("name")) in mounted:
                audience = as_text(token.get("audience"))
                if audience in _API_SERVERS or audience.startswith("https://kubernetes.default.svc."):
                    return (*place, "projected", "sources", index, "serviceAccountToken")
    return None


WAY = Way("runs-as", "holds the token of its ServiceAccount", ("T1528", "T1552.001"), steps)
