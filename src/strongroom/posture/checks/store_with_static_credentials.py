"""A secret store is opened with a stored credential instead of an identity.

## What it finds

SecretStores and ClusterSecretStores of External Secrets, and VaultAuths of the Vault Secrets Operator, that
authenticate with a key, token or password kept in a Secret, where the provider also takes the identity of a workload:
AWS, Azure Key Vault, Google Secret Manager, Vault, OpenBao, Conjur, Doppler, Infisical, Kubernetes, Oracle, Pulumi
and Volcengine.

## Not a finding

Workload identity, service accounts, `jwt` and `kubernetes` authentication. Fields with an `…SecretRef` that hold no
credential, such as the client and tenant id beside a service account. Methods that the operator passes over because
it takes another one first. Providers that take nothing but a static credential. Objects that name several providers:
the API server refuses them.

## Why it is bad

The credential opens the whole store and is itself a Secret in the cluster: it does not expire, has to be rotated by
hand, and whoever reads it reads the store from anywhere. The store was meant to end that.

## Instead

The provider's workload identity: IAM roles for service accounts or EKS Pod Identity, Azure Workload Identity, GKE
Workload Identity, Vault's `kubernetes` or `jwt` method with a short-lived token of a service account.

## References

- [External Secrets: providers](https://external-secrets.io/latest/provider/aws-secrets-manager/)
- [External Secrets: security best practices](https://external-secrets.io/latest/guides/security-best-practices/)
- [OWASP Kubernetes Top Ten, secrets management](https://owasp.org/www-project-kubernetes-top-ten/)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.origin import FieldPath
from strongroom.model.resource import Resource, as_dict, dig
from strongroom.posture.check import Check, Hit, hit

_STORES = ("SecretStore", "ClusterSecretStore")
# In the order in which the operator looks for them; it uses the first (its pkg/provider/vault/auth.go).
_VAULT = (
    ("auth", "tokenSecretRef"),
    ("auth", "appRole"),
    ("auth", "kubernetes", "secretRef"),
    ("auth", "ldap"),
    ("auth", "userPass"),
    ("auth", "jwt", "secretRef"),
    ("auth", "iam", "secretRef"),
    ("auth", "gcp", "secretRef"),
)
# Provider -> fields that hold a static credential, of those providers that have another way (external-secrets.io/v1).
_STATIC: dict[str, tuple[FieldPath, ...]] = {
    "aws": (("auth", "secretRef"),),
    "azurekv": (("authSecretRef", "clientSecret"), ("authSecretRef", "clientCertificate")),
    "conjur": (("auth", "apikey"), ("auth", "jwt", "secretRef")),
    "doppler": (("auth", "secretRef"),),
    "gcpsm": (("auth", "secretRef"),),
    "infisical": (
        ("auth", "universalAuthCredentials"),
        ("auth", "tokenAuthCredentials"),
        ("auth", "ldapAuthCredentials"),
    ),
    "kubernetes": (("auth", "token"), ("auth", "cert"), ("authRef",)),
    "openBao": _VAULT,
    "oracle": (("auth", "secretRef"),),
    "pulumi": (("auth", "accessToken"), ("accessToken",)),
    "vault": _VAULT,
    "volcengine": (("auth", "secretRef"),),
}
_VAULT_AUTH: tuple[FieldPath, ...] = (("appRole",), ("jwt", "secretRef"), ("aws", "secretRef"))


def examine(resource: Resource, facts: Facts) -> Iterator[Hit]:
    """Yield a hit where a store is opened with a static credential."""
    if resource.kind in _STORES and resource.group == "external-secrets.io":
        providers = as_dict(resource.get("spec", "provider"))
        if len(providers) != 1:
            return
        for provider, body in providers.items():
            path = next((path for path in _STATIC.get(provider, ()) if dig(body, path)), ())
            if path and not _overruled(body, path):
                yield _found(resource, ("spec", "provider", provider, *path), provider)
    elif resource.kind == "VaultAuth" and resource.group == "secrets.hashicorp.com":
        for path in _VAULT_AUTH:
            if dig(resource.body, ("spec", *path)):
                yield _found(resource, ("spec", *path), "vault")


def _overruled(body: Any, path: FieldPath) -> bool:
    """Tell whether a service account stands beside the credential: then the operator uses that."""
    beside = as_dict(dig(body, path[:-1]))
    return "serviceAccountRef" in beside or "kubernetesServiceAccountToken" in beside


def _found(resource: Resource, field: FieldPath, provider: str) -> Hit:
    shown = ".".join(str(step) for step in field if step not in ("spec", "provider", provider))
    message = f"{resource.id.show()} opens {provider} with a credential that is kept in a Secret ({shown})"
    return hit(resource, field, message)


CHECK = Check(
    id="store-with-static-credentials",
    title="Secret store opened with a stored credential instead of an identity",
    practice=Practice.ISOLATION,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-5.4.2", "NSA-cloud-infrastructure", "OWASP-K08", "PCI-8.6.3"),
    over=Resource,
    examine=examine,
)
