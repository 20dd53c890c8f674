"""An APIService says which server answers for an API group and version. Whoever may change one can send the requests
for a whole group, the core group with its Secrets among them, to a server of his own: it sees every object that is
written.

## Needs

``update`` or ``patch`` on ``apiservices`` of ``apiregistration.k8s.io``, by a ClusterRoleBinding, and a Service that
leads to a server of one's own, in any namespace: one of the type ``ExternalName`` leads anywhere. ``create`` alone adds
groups that nobody asks for: what Kubernetes serves itself exists. What is stored already is not shown; what is written
from then on is.

## Exploited

``spec.service`` of the APIService ``v1.`` is pointed to one's own Service with ``insecureSkipTLSVerify``. The API
server sets its own APIServices right once, when it starts (label ``kube-aggregator.kubernetes.io/automanaged:
onstart``).

## Closed

Nobody but the installer of aggregated APIs (metrics servers) holds ``update`` or ``patch``, and then by name
(``resourceNames``).

## References

- https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/
- ``pkg/controlplane/apiserver`` and ``staging/src/k8s.io/kube-aggregator/pkg/controllers/autoregister`` in
  kubernetes/kubernetes
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.rbac import Permission
from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import World, grounds, who
from strongroom.model.access import Node, Power, Step, power

_GROUP = "apiregistration.k8s.io"
_CORE = "v1."
_NOTE = "redirects the core API"
_NO_SERVICE = "if some Service leads to a server of his own"


def steps(world: World) -> Iterator[Step]:
    """Yield who may send the requests for Secrets to a server of his own."""
    redirects = [one for one in world.holders(_GROUP, "apiservices", "update", "patch") if _is_core(one)]
    if not redirects:
        return
    services = world.holders("", "services", "create", "update", "patch")
    able: set[Node] = set()
    for joint in together(redirects, services, world=world):
        if joint.source not in able:
            able.add(joint.source)
            evidence = joint.evidence(_NOTE, "writes services")
            yield Step(joint.source, power(Power.READ_SECRETS), WAY.id, evidence, note=_NOTE)
    for permission in redirects:
        if who(permission) not in able:
            evidence = grounds(permission, _NOTE)
            yield Step(who(permission), power(Power.READ_SECRETS), WAY.id, evidence, _NO_SERVICE, _NOTE)


def _is_core(permission: Permission) -> bool:
    return not permission.namespace and (not permission.names or _CORE in permission.names)


WAY = Way("api-service-write", "answers for the API in place of the API server", ("T1557",), steps)
