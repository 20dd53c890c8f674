"""The pull secret leaves the default account for the accounts of the workloads that pull with it."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.model.facts import same_namespace
from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_dict, as_text, dig
from strongroom.posture.accounts import Accounts
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.own_service_account import give

_UNSAFE = "a pod that names no account and that these sources do not show could pull its image no longer"


def mend(_: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Give what runs as the default account one of its own, which pulls as before, and take the secret off."""
    accounts, idle = Accounts(bench.facts), []
    for workload in bench.facts.workloads:
        if workload.service_account == "default" and same_namespace(workload.namespace, resource.namespace):
            spec = dig(bench.body(workload.resource), workload.field)
            if as_text(as_dict(spec).get("serviceAccountName")) in ("", "default"):
                idle.append(workload)
    if idle and accounts.bindings(resource.namespace, "default"):
        return Left(f"{idle[0].resource.id.show()} uses the rights of the default account: decide what it needs")
    for workload in idle:
        give(workload, bench)
    bench.body(resource).pop("imagePullSecrets", None)
    title = f"take the pull secret off {resource.id.show()}: what pulled with it has it with its own account"
    return Mended(title, _UNSAFE, unseen=True)


FIX = Fix(checks=("pull-secret-on-default-account",), mend=mend)
