"""A ClusterSecretStore may be used from every namespace.

## What it finds

ClusterSecretStores of External Secrets without `conditions`, or with a condition that every namespace meets: an empty
`namespaceSelector`, a regular expression such as `.*`.

## Not a finding

A SecretStore, which belongs to its namespace. A ClusterSecretStore of the provider `fake`, which holds nothing.

## Why it is bad

The operator uses the store's credentials for whoever asks. Anybody who may create an ExternalSecret in any namespace
reads every path that these credentials can read, and has the value in his own namespace.

## Instead

`conditions` with the namespaces or labels that the store is for, and credentials that read only what these need. For
one namespace, a SecretStore with a service account of that namespace.

## References

- [External Secrets: ClusterSecretStore](https://external-secrets.io/latest/api/clustersecretstore/)
- [External Secrets: multi tenancy](https://external-secrets.io/latest/guides/multi-tenancy/)
- [External Secrets: security best practices](https://external-secrets.io/latest/guides/security-best-practices/)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.resource import Resource, as_dict, as_list
from strongroom.posture.check import Check, Hit, hit

_ANYTHING = frozenset({".*", ".+", "^.*$", "^.+$", ""})


def examine(resource: Resource, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for a ClusterSecretStore that every namespace may use."""
    if resource.kind != "ClusterSecretStore" or resource.group != "external-secrets.io":
        return
    if "fake" in as_dict(resource.get("spec", "provider")):
        return
    conditions = as_list(resource.get("spec", "conditions"))
    if not conditions:
        yield hit(
            resource,
            ("kind",),
            f"ClusterSecretStore {resource.name} has no conditions: an ExternalSecret of any namespace may use it",
        )
    for index, condition in enumerate(conditions):
        if _open(condition):
            yield hit(
                resource,
                ("spec", "conditions", index),
                f"every namespace meets this condition of ClusterSecretStore {resource.name}",
            )


def _open(condition: Any) -> bool:
    """Tell whether every namespace meets a condition; its parts are alternatives."""
    entry = as_dict(condition)
    selector = entry.get("namespaceSelector")
    if isinstance(selector, dict) and not any(selector.values()):
        return True
    return any(isinstance(text, str) and text in _ANYTHING for text in as_list(entry.get("namespaceRegexes")))


CHECK = Check(
    id="store-open-to-all-namespaces",
    title="ClusterSecretStore may be used from every namespace",
    practice=Practice.ISOLATION,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-5.4.2", "NSA-secrets", "OWASP-K03", "PCI-7.2.5"),
    over=Resource,
    examine=examine,
)
