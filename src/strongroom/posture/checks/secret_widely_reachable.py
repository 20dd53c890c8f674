"""More identities than expected can reach the Secrets of a namespace.

## What it finds

Namespaces with a Secret that more than 10 users, groups and ServiceAccounts reach (`secret-reach-limit` in the
configuration), by whatever way: reading it, running or entering pods, becoming somebody else, through an operator.
One finding for a namespace, at the Secret that most reach; namespaces with the same counts are one finding. A Secret
that everybody reaches is always one, and high.

## Not a finding

Identities of the control plane itself, the group `system:masters` and nodes are not counted. Ways that work only
under a condition, or that admission refuses, are none. Where the sources hold no binding, nothing is counted.

## Why it is bad

Each of them is a token, a laptop or a program that may be taken over, and each gives the value away. Who has to be
asked when it leaks, and who has to be told when it is rotated, are the same people.

## Instead

Ask `strongroom access exposure secret/NAMESPACE/NAME` who they are and by which ways, and take away the way that gives
it to most: often one ClusterRoleBinding that should be a RoleBinding. `strongroom access minimise` proposes smaller
roles.

## References

- [Kubernetes: RBAC good practices, least privilege](https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege)
- [OWASP Kubernetes Top Ten](https://owasp.org/www-project-kubernetes-top-ten/)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.reach import Exposed, Reachable
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import words

_NAMED = 3


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield a hit for each namespace of which a Secret is reached by too many; equal ones are one."""
    groups: dict[tuple[object, ...], list[Exposed]] = {}
    for one in facts.exposed:
        most = one.secrets[0]
        if most.everyone or most.identities > facts.settings.secret_reach_limit:
            key = most.users, most.groups, most.accounts, most.everyone
            groups.setdefault(key, []).append(one)
    for listed in groups.values():
        yield _hit(listed, facts)


def _hit(listed: Sequence[Exposed], facts: Facts) -> Hit:
    most = listed[0].secrets[0]
    record = facts.secret(most.secret)
    resource = record.definitions[0].resource if record is not None and record.definitions else None
    everyone = f", everybody among them ({most.everyone})" if most.everyone else ""
    return Hit(
        f"Secret {most.secret.show()} can be reached by {_counted(most)}{everyone}{_others(listed)}",
        most.origin,
        resource,
        severity=Severity.HIGH if most.everyone else None,
    )


def _counted(one: Reachable) -> str:
    counts = ((one.users, "user"), (one.groups, "group"), (one.accounts, "service account"))
    return words([f"{number} {name}{'' if number == 1 else 's'}" for number, name in counts if number])


def _others(listed: Sequence[Exposed]) -> str:
    spaces = [one.namespace for one in listed[1:]]
    if not spaces:
        return ""
    named = spaces[:_NAMED] + ([f"{len(spaces) - _NAMED} more"] if len(spaces) > _NAMED else [])
    return f"; so can Secrets of {words(named)}"


CHECK = Check(
    id="secret-widely-reachable",
    title="Many identities can reach the Secrets of a namespace",
    practice=Practice.ACCESS,
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    standards=("NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Facts,
    examine=examine,
)
