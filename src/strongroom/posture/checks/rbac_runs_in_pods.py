"""A role runs commands in pods, or starts pods that mount any Secret.

## What it finds

Three ways to the Secrets of a namespace that need no right to read Secrets:

- `create` or `get` on `pods/exec` and `pods/attach` (before Kubernetes 1.35 `get` is enough, over a WebSocket), and
  `update` or `patch` on `pods/ephemeralcontainers`: read files, environment and memory of running pods;
- `create`, `update` or `patch` on pods;
- the same on deployments, stateful sets, daemon sets, replica sets, replication controllers, jobs and cron jobs.

## Not a finding

A role that reads every Secret anyway: what matters is said by `rbac-lists-secrets` or `rbac-reads-all-secrets`.
`create` on pods and workloads with `resourceNames`, which allows nothing. Whoever deploys must create workloads:
within single namespaces that is reported with `--pedantic` only, and once for a role, with its further rules beside
it. Rules with `*` among their resources (`rbac-wildcard`).

## Why it is bad

Whoever creates a pod chooses which Secrets it mounts and which service account it runs as; whoever executes in one
sees what was mounted, also what never was a Kubernetes Secret. A rule on pods is a rule on Secrets.

## Instead

Leave `pods/exec` to a break-glass role that people take for minutes. Let a deployment tool deploy, by a RoleBinding
in the namespaces that it deploys to, and keep Secrets of other teams out of these namespaces.

## References

- [CIS Kubernetes Benchmark 5.1.4](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: RBAC good practices, workload creation](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [kubernetes/kubernetes#78741: exec through get](https://github.com/kubernetes/kubernetes/issues/78741)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Related, Severity
from strongroom.model.rbac import WRITE_VERBS, Role, Rule
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import entry, judged, own_rules, reads_secrets

# subresource of pods -> verbs that use it
_INSIDE = {
    "pods/exec": ("create", "get"),
    "pods/attach": ("create", "get"),
    "pods/ephemeralcontainers": ("update", "patch"),
}
_STARTS = (
    ("", "pods"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("apps", "replicasets"),
    ("", "replicationcontrollers"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
)


def examine(role: Role, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for each rule that runs in pods; where none does, one for the role's first rule that starts them."""
    if any(reads_secrets(rule) for rule in role.rules):
        return
    inside = [(rule, _inside(rule)) for rule in own_rules(role)]
    if any(resource for _, resource in inside):
        for rule, resource in inside:
            if resource:
                says = f"may use {resource} of {'pods by name' if rule.names else 'any pod'}"
                narrow = Severity.LOW if rule.names else Severity.MEDIUM
                yield judged(role, rule, resource, facts, says, wide=Severity.HIGH, narrow=narrow)
        return
    starts = [(rule, resource) for rule in own_rules(role) if (resource := _started(rule))]
    if starts:
        rule, resource = starts[0]
        does = "start" if rule.has_verb("create") else "change the image of" if resource == "pods" else "change"
        says = f"may {does} {resource}, and with them reach what they mount,"
        related = tuple(
            Related(role.resource.origin.at(entry(rule, also)), f"the same for {also}") for rule, also in starts[1:]
        )
        yield judged(role, rule, resource, facts, says, wide=Severity.MEDIUM, narrow=Severity.LOW, related=related)


def _inside(rule: Rule) -> str:
    """Return the first subresource with which a rule runs something in a pod."""
    usable = (name for name, verbs in _INSIDE.items() if rule.has_resource("", name) and rule.has_verb(*verbs))
    return next(usable, "")


def _started(rule: Rule) -> str:
    """Return the first workload resource that a rule starts or changes; ``resourceNames`` leave only changing."""
    if not rule.has_verb(*(WRITE_VERBS[1:] if rule.names else WRITE_VERBS)):
        return ""
    return next((resource for group, resource in _STARTS if rule.has_resource(group, resource)), "")


CHECK = Check(
    id="rbac-runs-in-pods",
    title="Role runs commands in pods or starts pods",
    practice=Practice.ACCESS,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.4", "NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Role,
    examine=examine,
)
