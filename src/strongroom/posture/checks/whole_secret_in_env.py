"""A whole Secret is poured into a container's environment.

## What it finds

Every container that takes all keys of a Secret as environment variables (`envFrom[].secretRef`).

## Not a finding

`envFrom[].configMapRef`, and single variables (`env[].valueFrom.secretKeyRef`: see `secret-in-env`).

## Why it is bad

The container is given every key, also those that it does not need and those that somebody adds later. A key that is
named like a variable which the program, its libraries or the shell read (`PATH`, `LD_PRELOAD`, `HTTP_PROXY`)
changes how it behaves: whoever may write the Secret may steer the program. As with every environment variable,
child processes inherit the values, and crash dumps and debug pages show them.

## Instead

Mount the keys that are needed as files (`volumes[].secret.items`). Where it must be variables, name each key with
`env[].valueFrom.secretKeyRef`.

## References

- [CIS Kubernetes Benchmark 5.4.1](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: good practices for Secrets](https://kubernetes.io/docs/concepts/security/secrets-good-practices/)
- [Kubernetes: define environment variables from a Secret](https://kubernetes.io/docs/tasks/inject-data-application/distribute-credentials-secure/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.resource import as_dict, as_text
from strongroom.model.workload import Workload
from strongroom.posture.check import Check, Hit, hit


def examine(workload: Workload, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each Secret that is poured into an environment."""
    for container in workload.containers:
        for field, entry in container.env_from:
            name = as_text(as_dict(entry.get("secretRef")).get("name"))
            if name:
                message = f"container {container.name} takes every key of Secret {name} into its environment"
                yield hit(workload.resource, (*field, "secretRef"), message, about=name)


CHECK = Check(
    id="whole-secret-in-env",
    title="Whole Secret poured into a container's environment",
    practice=Practice.EXPOSURE,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-5.4.1", "OWASP-K03", "NSA-secrets"),
    over=Workload,
    examine=examine,
)
