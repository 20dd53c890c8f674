"""Stores trust the identity of their operator instead of a credential that is kept in a Secret.

https://external-secrets.io/latest/provider/hashicorp-vault/#kubernetes-authentication
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_dict, as_text, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome

_ACCOUNT = "external-secrets"
_KINDS = {"vault": "Vault", "openBao": "OpenBao"}
_UNSAFE = "if the operator has no service account of that name, the store opens nothing"


def mend(_: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Write the Kubernetes method in the place of a token of Vault; other providers are left."""
    providers = as_dict(dig(resource.body, ("spec", "provider")))
    kind = next((one for one in providers if one in _KINDS), "")
    auth = dig(bench.body(resource), ("spec", "provider", kind, "auth")) if len(providers) == 1 and kind else None
    if not isinstance(auth, dict) or [*auth] != ["tokenSecretRef"]:
        return Left("which identity the provider shall trust is not known: decide, and set it up there")
    space = as_text(as_dict(auth["tokenSecretRef"]).get("namespace"))
    cluster = resource.kind == "ClusterSecretStore"
    if cluster and not space:
        return Left("the namespace of the service account that it shall trust is not known")
    account: dict[str, Any] = {"name": _ACCOUNT, **({"namespace": space} if cluster else {})}
    auth.clear()
    auth["kubernetes"] = {"mountPath": "kubernetes", "role": resource.name, "serviceAccountRef": account}
    where = f"{space or resource.namespace}/{_ACCOUNT}"
    to_do = (
        f"in {_KINDS[kind]}, enable the auth method kubernetes and give its role {resource.name}, for ServiceAccount "
        f"{where} alone, what {resource.id.show()} reads; then revoke the token that was used"
    )
    shown = bench.facts.find("ServiceAccount", space or resource.namespace, _ACCOUNT) is not None
    title = f"open {resource.id.show()} by the identity of ServiceAccount {where}"
    return Mended(title, "" if shown else _UNSAFE, unseen=True, to_do=(to_do,))


FIX = Fix(checks=("store-with-static-credentials",), mend=mend)
