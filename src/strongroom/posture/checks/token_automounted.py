"""A workload is given a token for the API server that nothing here says it needs.

## What it finds

Workloads with a service account of their own, whose token is mounted because neither the pod nor the account has
`automountServiceAccountToken: false`, while no binding of the sources gives the account any right.

## Not a finding

Accounts that a RoleBinding or ClusterRoleBinding of the sources names: they evidently need the token. Workloads
that a Vault agent is injected into, which logs in with it. Workloads that run as `default` (see
`default-service-account`), the system's own namespaces, and fragments such as kustomize patches.

## Why it is bad

The token is a credential at a well-known path. Whoever can read a file of the container can use it against the API
server, and rights that somebody binds to the account later are theirs too.

## Instead

Set `automountServiceAccountToken: false` on the account, and mount a token with a short life and an audience of its
own (a projected `serviceAccountToken`) where another service needs to know the workload.

## References

- [CIS Kubernetes Benchmark 5.1.6](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: opt out of API credential automounting](https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Practice, Severity
from strongroom.model.resource import as_dict, dig
from strongroom.model.workload import Workload
from strongroom.posture.accounts import Accounts
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.grants import SYSTEM_NAMESPACES
from strongroom.posture.pods import is_whole

_LOGS_IN_WITH_IT = "vault.hashicorp.com/"


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each workload whose token nothing in the sources explains."""
    accounts = Accounts(facts)
    for workload in facts.workloads:
        account = workload.service_account
        if (
            account != "default"
            and workload.namespace not in SYSTEM_NAMESPACES
            and is_whole(workload)
            and accounts.automounts(workload)
            and not accounts.bindings(workload.namespace, account)
            and not _logs_in(workload)
        ):
            known = facts.find("ServiceAccount", workload.namespace, account) is not None
            step = "serviceAccountName" if workload.spec.get("serviceAccountName") else "serviceAccount"
            yield hit(
                workload.resource,
                (*workload.field, step),
                f"{workload.resource.id.show()} is given the token of service account {account},"
                " to which no binding in these sources gives any right",
                confidence=Confidence.MEDIUM if known else Confidence.LOW,
            )


def _logs_in(workload: Workload) -> bool:
    annotations = as_dict(dig(workload.resource.body, (*workload.field[:-1], "metadata", "annotations")))
    return any(str(key).startswith(_LOGS_IN_WITH_IT) for key in annotations)


CHECK = Check(
    id="token-automounted",
    title="Service account token mounted without need",
    practice=Practice.EXPOSURE,
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    audience=Audience.PEDANTIC,
    standards=("CIS-5.1.6", "OWASP-K01", "NSA-service-account-tokens"),
    over=Facts,
    examine=examine,
)
