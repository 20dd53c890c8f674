"""Every pod of the namespace is given registry credentials.

## What it finds

ServiceAccounts named `default` with `imagePullSecrets`.

## Not a finding

The `default-dockercfg-…` Secret that OpenShift adds by itself: it opens only the cluster's own registry, and only
this namespace's images.

## Why it is bad

The credentials are used for every pod that names no account, whether its images need them or not. Whoever may
create a pod in the namespace pulls any image that they open, and nobody sees any more which workload depends on
them.

## Instead

Name the pull secret on a service account of the workloads that need it, or give the nodes a credential provider, so
that no registry password lies in the cluster.

## References

- [Kubernetes: add ImagePullSecrets to a service account](https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#add-imagepullsecrets-to-a-service-account)
- [Kubernetes: kubelet credential provider](https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.resource import Resource, as_dict, as_list, as_text
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.pods import named

_OF_OPENSHIFT = "default-dockercfg-"


def examine(resource: Resource, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for a default account that names pull secrets."""
    if resource.kind != "ServiceAccount" or resource.group or resource.name != "default":
        return
    names = [as_text(as_dict(entry).get("name")) for entry in as_list(resource.body.get("imagePullSecrets"))]
    names = [name for name in names if name and not name.startswith(_OF_OPENSHIFT)]
    if names:
        message = f"{resource.id.show()} gives Secret {named(names)} to every pod that names no account"
        yield hit(resource, ("imagePullSecrets",), message)


CHECK = Check(
    id="pull-secret-on-default-account",
    title="Registry credentials on the default service account",
    practice=Practice.EXPOSURE,
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.5", "OWASP-K03"),
    over=Resource,
    examine=examine,
)
