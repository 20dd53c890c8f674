"""A role gets any Secret of a namespace by its name.

## What it finds

Rules that allow `get`, but neither `list` nor `watch`, on `secrets` without `resourceNames`, where the role is given
in single namespaces. `patch` and `delete` without a verb that reads count as well: the answer to a patch is the whole
object, that to a delete may be, and with `dryRun=All` nothing is changed.

## Not a finding

`get` with `resourceNames`, the right way. Rules that list or watch too (`rbac-lists-secrets`), ClusterRoles that are
given in every namespace (`rbac-reads-all-secrets`), and rules with `*` among their resources (`rbac-wildcard`).
Controllers, which read the Secrets that other objects name, and known operators are reported with `--pedantic` only.

## Why it is bad

Names are no secret: they stand in every pod spec and follow conventions, and a guess costs one request. Whoever takes
over one pod with this role reads the credentials of the other applications of the namespace too.

## Instead

Name the Secrets that the program reads in `resourceNames`, or mount them and drop the rule.

## References

- [CIS Kubernetes Benchmark 5.1.2](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [KubeHound: token brute force](https://kubehound.io/reference/attacks/TOKEN_BRUTEFORCE/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.rbac import Role, Rule
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import (
    grant_of,
    judged,
    looks_like_controller,
    own_rules,
    reads_secrets,
    secrets_in_answers,
    stays_in_namespaces,
    words,
)


def examine(role: Role, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each rule that gets any Secret where the role is given."""
    for rule in own_rules(role):
        verbs = _by_name(rule)
        if verbs and stays_in_namespaces(role, facts):
            expected = looks_like_controller(role) or grant_of(role, facts).operator
            severity = Severity.LOW if expected else Severity.MEDIUM
            answered = "" if verbs == ("get",) else ", and the answer holds its values,"
            says = f"may {words(verbs)} any Secret whose name it knows{answered}"
            yield judged(role, rule, "secrets", facts, says, wide=severity, narrow=severity)


def _by_name(rule: Rule) -> tuple[str, ...]:
    """Return the verbs with which a rule reads one Secret after the other, where it reads no list of them."""
    answered = secrets_in_answers(rule)
    return () if "deletecollection" in answered else answered or (reads_secrets(rule) == ("get",)) * ("get",)


CHECK = Check(
    id="rbac-gets-any-secret",
    title="Role gets any Secret of a namespace by its name",
    practice=Practice.ACCESS,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.2", "NSA-rbac", "OWASP-K03", "PCI-7.2.5"),
    over=Role,
    examine=examine,
)
