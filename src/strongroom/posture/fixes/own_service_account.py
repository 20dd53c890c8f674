"""Workloads get a service account of their own, without rights."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from strongroom.model.facts import Facts, same_namespace
from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_list, dig
from strongroom.model.workload import Workload
from strongroom.posture.accounts import Accounts
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.decisions import RIGHTS
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.shapes import put_behind

_LOST = "the program would lose the rights of the account that it runs as now"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Take the programs that hold no token off a shared account, or one program off the default account."""
    if findings[0].id == "shared-service-account":
        return _unshared(resource, bench)
    workload = next((w for w in bench.facts.workloads if w.resource is resource), None)
    if workload is None:
        return Left("the pod spec is not as it was read")
    bound = Accounts(bench.facts).bindings(workload.namespace, "default")
    name = give(workload, bench)
    return Mended(
        f"run {resource.id.show()} as service account {name}, without a token", _LOST if bound else "", question=RIGHTS
    )


def _unshared(account: Resource, bench: Bench) -> Outcome:
    accounts = Accounts(bench.facts)
    users = [
        workload
        for workload in bench.facts.workloads
        if workload.service_account == account.name and same_namespace(workload.namespace, account.namespace)
    ]
    idle = [workload for workload in users if not accounts.automounts(workload)]
    if account.kind != "ServiceAccount" or len(idle) < len(users) - 1:
        return Left("its programs use its rights: decide which of them each one needs")
    moved = idle[: len(users) - 1]
    for workload in moved:
        give(workload, bench)
    names = ", ".join(workload.resource.id.show() for workload in moved)
    if len(moved) == 1:
        return Mended(f"run {names}, which holds no token, as a service account of its own")
    return Mended(f"run {names}, which hold no token, as service accounts of their own")


def give(workload: Workload, bench: Bench) -> str:
    """Run a workload as an account of its own, which is added beside it; return its name. Raises Unfit."""
    resource = workload.resource
    spec = dig(bench.body(resource), workload.field)
    name = _free(resource.name, workload.namespace, bench)
    spec.pop("serviceAccount", None)
    put_behind(spec, ("automountServiceAccountToken",), "serviceAccountName", name)
    put_behind(spec, ("serviceAccountName",), "automountServiceAccountToken", False)
    bench.add(resource, _account(name, workload, bench.facts))
    return name


def _account(name: str, workload: Workload, facts: Facts) -> dict[str, Any]:
    """Return the account; it pulls images with what the one before pulled with."""
    metadata = {"name": name, **({"namespace": workload.namespace} if workload.namespace else {})}
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    body["automountServiceAccountToken"] = False
    before = facts.find("ServiceAccount", workload.namespace, workload.service_account)
    pulls = as_list(before.body.get("imagePullSecrets")) if before else []
    return {**body, "imagePullSecrets": copy.deepcopy(pulls)} if pulls else body


def _free(wished: str, namespace: str, bench: Bench) -> str:
    used = {w.service_account for w in bench.facts.workloads if same_namespace(w.namespace, namespace)}
    used |= {r.name for r in bench.facts.of_kind("ServiceAccount") if same_namespace(r.namespace, namespace)}
    free, number = wished, 1
    while free in used:
        number += 1
        free = f"{wished}-{number}"
    return free


FIX = Fix(checks=("default-service-account", "shared-service-account"), mend=mend)
