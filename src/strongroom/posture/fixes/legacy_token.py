"""Tokens of service accounts that never expire leave the manifests."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.model.finding import Finding
from strongroom.model.resource import Resource
from strongroom.model.secret import SecretRef
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome

_ACCOUNT = "kubernetes.io/service-account.name"
_UNSAFE = "whoever was given the token is refused once the Secret is deleted"


def mend(_: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Delete the Secret that has the control plane make a token."""
    record = bench.facts.secret(SecretRef(resource.namespace, resource.name))
    user = next(iter(record.consumers), None) if record is not None else None
    if user is not None:
        return Left(f"{user.resource.show()} uses it: let it use the token that is mounted into its pods")
    bench.delete(resource)
    account, space = resource.annotations.get(_ACCOUNT, "NAME"), resource.namespace or "NAMESPACE"
    to_do = (
        f"give whoever uses the token of ServiceAccount {account} one that ends (kubectl create token {account} "
        f"--namespace {space} --duration 1h, or identity federation), then kubectl delete secret {resource.name} "
        f"--namespace {space}"
    )
    return Mended(f"delete {resource.id.show()}, a token that never expires", _UNSAFE, to_do=(to_do,))


FIX = Fix(checks=("legacy-token-secret",), mend=mend)
