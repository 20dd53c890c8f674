"""A secret is given to a container as an environment variable.

## What it finds

Every container that takes a key of a Secret into an environment variable (`env[].valueFrom.secretKeyRef`).

## Why it is bad

An environment is readable by everything that runs in the container and by everyone who may `exec` into it, is inherited
by every child process, ends up in crash dumps, debug pages and error trackers, and keeps the old value until the pod
restarts. A file in a volume has permissions, is updated in place, and is read only by who opens it.

## Instead

Mount the Secret as a volume and let the program read the file. Many images take the path in a variable that ends in
`_FILE`.

## References

- [CIS Kubernetes Benchmark 5.4.1](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: good practices for Secrets](https://kubernetes.io/docs/concepts/security/secrets-good-practices/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.resource import as_dict
from strongroom.model.workload import Workload
from strongroom.posture.check import Check, Hit, hit


def examine(workload: Workload, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each variable that is filled from a Secret."""
    for container in workload.containers:
        for variable in container.env:
            reference = as_dict(variable.value_from.get("secretKeyRef"))
            if reference:
                yield hit(
                    workload.resource,
                    (*variable.field, "valueFrom", "secretKeyRef"),
                    f"container {container.name} takes {variable.name} from Secret {reference.get('name')}"
                    " into its environment",
                )


CHECK = Check(
    id="secret-in-env",
    title="Secret given to a container as an environment variable",
    practice=Practice.EXPOSURE,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-5.4.1", "OWASP-K03"),
    over=Workload,
    examine=examine,
)
