"""A workload that is given secrets shares the node with everything else on it.

## What it finds

Workloads that consume Secrets and also run a privileged container, or one with the capability `SYS_ADMIN` or `ALL`,
or share the node's processes (`hostPID`), inter-process communication (`hostIPC`) or network (`hostNetwork`). One
finding for each workload. The network alone is a low finding.

## Not a finding

Workloads that are given no Secret beyond a pull secret, and the control plane's own static pods.

## Why it is bad

The border between this pod and its node is open, so that a way into the program is a way to the node, and from
there to the secrets of every other pod; and whoever has the node has this workload's secrets too. With `hostPID`
the environment of every process is readable. With `hostNetwork` no NetworkPolicy holds, and the node's metadata
service answers with the node's cloud credentials.

## Instead

Split the workload: what needs the node runs without secrets, what needs secrets runs in a pod of its own. Give
single capabilities in place of `privileged`, and enforce the Pod Security Standard `baseline`.

## References

- [Kubernetes: Pod Security Standards](https://kubernetes.io/docs/concepts/security/pod-security-standards/)
- [CIS Kubernetes Benchmark 5.2](https://www.cisecurity.org/benchmark/kubernetes)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.origin import FieldPath
from strongroom.model.resource import as_dict, as_list
from strongroom.model.workload import Workload
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.pods import is_control_plane, named, secrets_given_to

_AS_GOOD_AS_PRIVILEGED = ("SYS_ADMIN", "CAP_SYS_ADMIN", "ALL")


def examine(workload: Workload, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for a workload that has secrets and a way to the node."""
    ways = list(_ways_to_the_node(workload))
    secrets = secrets_given_to(workload) if ways and not is_control_plane(workload) else []
    if secrets:
        what = named(list(dict.fromkeys(text for _, text in ways)))
        alone = all(field[-1] == "hostNetwork" for field, _ in ways)
        yield hit(
            workload.resource,
            ways[0][0],
            f"{what}, while {workload.resource.id.show()} is given Secret {named(secrets)}",
            severity=Severity.LOW if alone else Severity.MEDIUM,
        )


def _ways_to_the_node(workload: Workload) -> Iterator[tuple[FieldPath, str]]:
    for container in workload.containers:
        context = as_dict(container.body.get("securityContext"))
        if context.get("privileged") is True:
            yield (*container.field, "securityContext", "privileged"), f"container {container.name} is privileged"
        added = as_list(as_dict(context.get("capabilities")).get("add"))
        for index, name in enumerate(added):
            if name in _AS_GOOD_AS_PRIVILEGED:
                field = (*container.field, "securityContext", "capabilities", "add", index)
                yield field, f"container {container.name} has the capability {name}"
    for step, text in (
        ("hostPID", "its pods see every process of the node"),
        ("hostIPC", "its pods share the node's memory segments"),
        ("hostNetwork", "its pods share the node's network"),
    ):
        if workload.spec.get(step) is True:
            yield (*workload.field, step), text


CHECK = Check(
    id="host-access-with-secrets",
    title="Workload with secrets shares the node",
    practice=Practice.EXPOSURE,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-5.2.2", "CIS-5.2.3", "CIS-5.2.5", "OWASP-K01", "NSA-pod-security"),
    over=Workload,
    examine=examine,
)
