"""A node has what its pods have: root on it reads their files and memory, and its kubelet's credential may ask the API
server for every Secret and ConfigMap that they name, those for pulling images included.

## Needs

Root on a node, or its kubelet's credential (``/var/lib/kubelet/pki``). The Node authorizer lets a kubelet read what
the pods that are bound to its node name, and nothing else; NodeRestriction keeps what it writes to its own node and
pods.

## Exploited

```console
$ cd /var/lib/kubelet/pods && find . -path '*kubernetes.io~secret*' -type f
$ kubectl --kubeconfig=/etc/kubernetes/kubelet.conf get secret db -n shop -o yaml
```

## Closed

Keep workloads with valuable Secrets on nodes of their own, and root away from them: Pod Security ``restricted``, user
namespaces, sandboxed runtimes.

## References

- https://kubernetes.io/docs/reference/access-authn-authz/node/
- https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.code import Code
from strongroom.access.way import Way
from strongroom.access.world import DEFAULT, World
from strongroom.model.access import Evidence, Node, Step
from strongroom.model.resource import ResourceId
from strongroom.model.secret import Consumer, SecretRecord
from strongroom.model.secret import Way as HowUsed

_Use = tuple[SecretRecord, Consumer]


def steps(world: World) -> Iterator[Step]:
    """Yield what runs on which node, and the Secrets that only the kubelet is given."""
    kept = _kept_by_kubelets(world)
    for code in world.code:
        resource = code.workload.resource
        for machine in sorted(code.machines):
            node = Node("Node", "", machine)
            pod = next((pod for pod in code.pods if pod.machine == machine), None)
            where = Evidence("pod", pod.id, pod.origin) if pod else Evidence("workload", resource.id, resource.origin)
            yield Step(node, code.node, WAY.id, (where,), note=f"runs on {machine}")
            for record, consumer in (*kept.get(resource.id, ()), *_pulled(world, code, kept)):
                secret = Node("Secret", record.ref.namespace or DEFAULT, record.ref.name)
                if secret.namespace == code.namespace:
                    evidence = (where, Evidence("workload", consumer.resource, consumer.origin))
                    yield Step(node, secret, WAY.id, evidence, note=consumer.way.value)


def _pulled(world: World, code: Code, kept: dict[ResourceId, list[_Use]]) -> list[_Use]:
    """Return the Secrets for pulling images that the ServiceAccount lends to its pods, where they name none."""
    if code.workload.spec.get("imagePullSecrets"):
        return []
    account = world.facts.find("ServiceAccount", code.namespace, code.service_account)
    uses = kept.get(account.id, ()) if account is not None else ()
    return [use for use in uses if use[1].way is HowUsed.IMAGE_PULL]


def _kept_by_kubelets(world: World) -> dict[ResourceId, list[_Use]]:
    """Return, by workload, the uses of Secrets that no container sees: for pulling images, or mounted nowhere."""
    found: dict[ResourceId, list[_Use]] = {}
    for record in world.facts.secrets:
        for consumer in record.consumers:
            if not consumer.container:
                found.setdefault(consumer.resource, []).append((record, consumer))
    return found


WAY = Way("node-pods", "holds what its pods hold", ("T1552.001", "T1078"), steps)
