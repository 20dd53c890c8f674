"""Accounts that nothing in the sources runs as are no administrators: they apply the manifests of a namespace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from strongroom.model.facts import Facts, same_namespace
from strongroom.model.finding import Finding
from strongroom.model.rbac import Subject
from strongroom.model.resource import Resource
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.decisions import RIGHTS
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.shapes import MADE_FOR
from strongroom.posture.grants import RBAC

_VERBS = ["get", "list", "watch", "create", "update", "patch"]
"""What ``kubectl apply`` and ``helm upgrade`` ask for; deleting is not among it."""

_NOT_PLACED = frozenset({"Namespace", "List", "Kustomization", "Secret"})
_UNSAFE = "what it does besides applying these manifests would be refused"


def mend(_: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Put a Role for one namespace in the place of a binding to cluster-admin."""
    binding = next((one for one in bench.facts.bindings if one.resource is resource), None)
    subjects = [subject for _, subject in binding.subjects] if binding is not None else []
    if len(subjects) != 1 or subjects[0].kind != "ServiceAccount" or not subjects[0].namespace:
        return Left("")
    (account,) = subjects
    user = next((w for w in bench.facts.workloads if _runs_as(w.namespace, w.service_account, account)), None)
    if user is not None:
        return Left(
            f"{user.resource.id.show()} runs with it, and what it needs of this is not known: decide what that is"
        )
    rules = [*_rules(bench.facts, account.namespace, stores=bench.stores)]
    if not rules:
        return Left("")
    name = f"{account.name}-deploys"
    if bench.facts.find("Role", account.namespace, name) is not None:
        return Left(f"there is a Role {name} already: see whether it is enough")
    bench.delete(resource)
    for body in _bodies(name, account, rules):
        bench.add(resource, body)
    kind = resource.kind.lower()
    return Mended(
        f"let {account.show()} apply the manifests of namespace {account.namespace}, and not be administrator",
        _UNSAFE,
        question=RIGHTS,
        notes=(
            f"whether {account.show()} deletes objects, or works elsewhere, is not known: give back what is missed",
        ),
        to_do=(f"kubectl delete {kind} {resource.name}, once Role {account.namespace}/{name} is there",),
    )


def plural(kind: str) -> str:
    """Return the name of a kind in rules, as k8s.io/apimachinery ``meta.UnsafeGuessKindToResource`` guesses it."""
    name = kind.lower()
    if name.endswith("endpoints"):
        return name
    if name.endswith("s"):
        return f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def _runs_as(namespace: str, name: str, account: Subject) -> bool:
    return name == account.name and same_namespace(namespace, account.namespace)


def _rules(facts: Facts, namespace: str, *, stores: bool) -> Iterator[dict[str, Any]]:
    """Yield rules for the kinds that the sources place in a namespace; of Secrets, those that they name."""
    placed = [one for one in facts.resources if one.namespace == namespace and not one.origin.object]
    found: dict[str, set[str]] = {}
    for one in placed:
        if one.kind not in _NOT_PLACED and one.group != RBAC:
            found.setdefault(one.group, set()).add(plural(one.kind))
    for group in sorted(found):
        yield {"apiGroups": [group], "resources": sorted(found[group]), "verbs": [*_VERBS]}
    names = [] if stores else sorted({one.name for one in placed if one.kind == "Secret" and not one.group})
    if names:
        yield {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]}
        rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": names}
        yield {**rule, "verbs": ["get", "update", "patch"]}


def _bodies(name: str, account: Subject, rules: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    api = {"apiVersion": f"{RBAC}/v1"}
    metadata = {"name": name, "namespace": account.namespace}
    purpose = {MADE_FOR: f"applying the manifests of namespace {account.namespace}"}
    yield {**api, "kind": "Role", "metadata": {**metadata, "annotations": purpose}, "rules": [*rules]}
    yield {
        **api,
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace}],
    }


FIX = Fix(
    checks=("rbac-cluster-admin",),
    mend=mend,
    # Whoever deploys programs reaches what these are given.
    instead=("rbac-runs-in-pods", "rbac-writes-delivery-objects", "reach-through-operator", "reach-through-pods"),
)
