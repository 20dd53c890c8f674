"""A Secret holds a service account token that never expires.

## What it finds

Secrets of the type `kubernetes.io/service-account-token`. Those that clusters before Kubernetes 1.24 made for every
account by themselves (`name-token-abcde`) are for `--pedantic`.

## Not a finding

Tokens that the control plane has already marked invalid (`kubernetes.io/legacy-token-invalid-since`), and projected
`serviceAccountToken` volumes, whose tokens expire.

## Why it is bad

Such a token is valid until its Secret is deleted: it is bound to no pod, to no time and to no audience. Everyone
who may read the Secret, a backup or etcd may act as the account for years, and nothing rotates it.

## Instead

Let pods use the token that is mounted into them. For anything outside the cluster ask the TokenRequest API for a
token with an end (`kubectl create token NAME --duration 1h`), or use workload identity federation.

## References

- [Kubernetes: manually create a long-lived API token](https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#manually-create-a-long-lived-api-token-for-a-serviceaccount)
- [Kubernetes: legacy service account token cleaner](https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Practice, Severity
from strongroom.model.resource import Resource
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.secret_records import SERVICE_ACCOUNT_TOKEN

_ACCOUNT = "kubernetes.io/service-account.name"
_INVALID = "kubernetes.io/legacy-token-invalid-since"
_LAST_USED = "kubernetes.io/legacy-token-last-used"
_MADE_BY_THE_CLUSTER = re.compile(r".*-token-[a-z0-9]{5}")


def examine(resource: Resource, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for a Secret of the token type."""
    if resource.kind != "Secret" or resource.body.get("type") != SERVICE_ACCOUNT_TOKEN or _INVALID in resource.labels:
        return
    account = resource.annotations.get(_ACCOUNT) or "an unnamed account"
    used = resource.labels.get(_LAST_USED)
    message = f"{resource.id.show()} holds a token of service account {account} that does not expire" + (
        f", last used {used}" if used else ""
    )
    automatic = _MADE_BY_THE_CLUSTER.fullmatch(resource.name) is not None
    yield hit(
        resource,
        ("type",),
        message,
        severity=Severity.LOW if automatic else Severity.MEDIUM,
        audience=Audience.PEDANTIC if automatic else Audience.EVERYBODY,
    )


CHECK = Check(
    id="legacy-token-secret",
    title="Secret with a service account token that never expires",
    practice=Practice.EXPOSURE,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.6", "OWASP-K09", "NSA-service-account-tokens"),
    over=Resource,
    examine=examine,
)
