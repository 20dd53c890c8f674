"""Rights that nothing in the sources shows in use are taken away: of everybody, of groups, of idle accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.documents.wanted import GONE
from strongroom.model.finding import Finding
from strongroom.model.rbac import READ_VERBS, Binding, Role
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig
from strongroom.posture.accounts import Accounts
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.shapes import MADE_FOR
from strongroom.posture.grants import grant_of

EVERYONE = "rbac-binds-everyone"
_WILDCARD = "rbac-wildcard"
_VERBS = {"rbac-escalates": ("escalate", "bind", "impersonate")}
"""Checks that are about verbs of a resource; all the others are about the resource."""
_ENTRIES = (
    "rbac-node-proxy",
    "rbac-changes-webhooks",
    "rbac-approves-certificates",
    "rbac-mints-tokens",
    "rbac-writes-delivery-objects",
    "rbac-runs-in-pods",
    "rbac-gets-any-secret",
    "rbac-lists-secrets",
    "rbac-reads-all-secrets",
)
_READABLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "",
        (
            "configmaps",
            "endpoints",
            "events",
            "namespaces",
            "nodes",
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "pods/log",
            "replicationcontrollers",
            "resourcequotas",
            "serviceaccounts",
            "services",
        ),
    ),
    ("apps", ("controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets")),
    ("batch", ("cronjobs", "jobs")),
    ("autoscaling", ("horizontalpodautoscalers",)),
    ("networking.k8s.io", ("ingressclasses", "ingresses", "networkpolicies")),
    ("policy", ("poddisruptionbudgets",)),
    ("storage.k8s.io", ("storageclasses",)),
)
"""What `view` reads and whoever looks after a cluster too; no Secret among it."""
_UNSAFE = "{} would be refused what was taken away; the sources show no use of it, and do not show what people do"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Narrow one role, or take everybody out of one binding."""
    binding = next((one for one in bench.facts.bindings if one.resource is resource), None)
    if binding is not None:
        return _without_everyone(findings, binding, bench)
    role = next((one for one in bench.facts.roles if one.resource is resource), None)
    if role is None or role.aggregates or role.part_of:
        return Left("its rules are those of other roles too: decide what the holders need")
    return _narrowed(findings, role, bench)


def _without_everyone(findings: Sequence[Finding], binding: Binding, bench: Bench) -> Outcome:
    resource = binding.resource
    at = {finding.origin.field[len(resource.origin.field) + 1] for finding in findings}
    who = ", ".join(subject.name for index, (_, subject) in enumerate(binding.subjects) if index in at)
    if len(at) == len(binding.subjects):
        bench.delete(resource)
    else:
        subjects = bench.body(resource)["subjects"]
        for index in at:
            subjects[index] = GONE
    note = f"who of {who} relies on {resource.id.show()} is not known: name them where somebody is refused"
    return Mended(
        f"take {resource.id.show()}, which gives {binding.role_kind} {binding.role_name}, from {who}",
        _UNSAFE.format(who),
        notes=(note,),
    )


def _narrowed(findings: Sequence[Finding], role: Role, bench: Bench) -> Outcome:
    resource, grant = role.resource, grant_of(role, bench.facts)
    if MADE_FOR in resource.annotations:
        return Left(f"it is for {resource.annotations[MADE_FOR]}: decide whether its holder needs all of it")
    users = _programs(role, bench)
    if users:
        return Left(f"{users[0]} runs with it, and what it needs of this is not known: decide what that is")
    draft = bench.body(resource)
    rules = draft.get("rules")
    if not isinstance(rules, list):
        return Left("its rules are not as they were read")
    for finding in findings:
        field = finding.origin.field[len(resource.origin.field) :]
        wrong = _drop(finding, field, rules, resource)
        if wrong:
            return Left(wrong)
    if all(one is GONE for one in rules):
        draft["rules"] = []
    holder = ", ".join(subject.show() for subject in grant.holders) or "whoever is given it"
    note = f"what {holder} needs of {resource.id.show()} is not known: give back, by name, what is missed"
    checks = ", ".join(dict.fromkeys(finding.id for finding in findings))
    title = f"take out of {resource.id.show()} what {checks} names and nothing in the sources uses"
    return Mended(title, _UNSAFE.format(holder), notes=(note,))


def _programs(role: Role, bench: Bench) -> list[str]:
    """Return the workloads that run with a role and hold a token for it."""
    held = {
        (subject.namespace, subject.name)
        for subject in grant_of(role, bench.facts).holders
        if subject.kind == "ServiceAccount"
    }
    accounts = Accounts(bench.facts)
    return [
        one.resource.id.show()
        for one in bench.facts.workloads
        if (one.namespace, one.service_account) in held and accounts.automounts(one)
    ]


def _drop(finding: Finding, field: tuple[str | int, ...], rules: list[Any], resource: Resource) -> str:
    """Take what a finding names out of the rules; say why not."""
    before = as_dict(dig(resource.body, field[:2]))
    index = field[1] if len(field) > 1 else None
    if field[:1] != ("rules",) or not isinstance(index, int) or not before:
        return "its rules are not as they were read"
    rule = rules[index]
    if rule is GONE:
        return ""
    verbs = [as_text(one) for one in as_list(before.get("verbs"))]
    if finding.id == _WILDCARD:
        return _named(rules, index, before, verbs)
    if finding.id in _VERBS:
        _without(rules, index, "verbs", set(_VERBS[finding.id]))
        return ""
    entry = as_text(dig(resource.body, field)) if len(field) == 4 else ""
    if entry == "*" or not entry:
        return "it is one of the resources that * stands for: name those that are needed"
    _without(rules, index, "resources", {entry})
    return ""


def _named(rules: list[Any], index: int, before: dict[str, Any], verbs: list[str]) -> str:
    """Replace a rule that reads everything by rules that name what they read."""
    if not set(verbs) <= {*READ_VERBS} or before.get("resources") != ["*"] or before.get("resourceNames"):
        return "what the holders do with it is not known: name the resources and verbs that they need"
    groups = [as_text(one) for one in as_list(before.get("apiGroups"))]
    given = [(group, names) for group, names in _READABLE if "*" in groups or group in groups]
    if not given:
        return "which resources of the group are read is not known: name them"
    made = [{"apiGroups": [group], "resources": [*names], "verbs": [*verbs]} for group, names in given]
    rules[index] = made[0]
    rules.extend(made[1:])
    return ""


def _without(rules: list[Any], index: int, part: str, names: set[str]) -> None:
    entries = rules[index][part]
    for at, one in enumerate(entries):
        if one in names:
            entries[at] = GONE
    if all(one is GONE for one in entries):
        rules[index] = GONE


FIX = Fix(
    checks=(EVERYONE, _WILDCARD, *_VERBS, *_ENTRIES),
    mend=mend,
    together=True,
    # While everybody reads every Secret, no way around is reported; afterwards the ways that are left come to light.
    instead=("reach-through-identity", "reach-through-operator", "reach-through-pods", "reach-through-roles"),
)
