"""A Secret is defined and nothing uses it.

## What it finds

Secrets that the sources define and that no workload, service account, ingress, gateway, store or custom resource
refers to. Where a workload of the namespace may read Secrets through the API, or no workload of the namespace is in
the sources, the Secret may well be used: such findings are for `--pedantic`.

## Not a finding

Types that are used in another way (service account tokens, Helm releases, bootstrap tokens), Secrets with labels or
annotations of an operator that picks them by label (`argocd.argoproj.io/secret-type`, `cnpg.io/reload`), Secrets
whose name stands anywhere else in the sources (an argument, `credentialName` of an Istio Gateway, `resourceNames`
of a Role), Secrets that a controller makes, and those of the system's own namespaces.

## Why it is bad

A credential that nobody uses still opens what it opens. Nobody rotates it, nobody notices when it leaks, and nobody
dares to remove it.

## Instead

Withdraw the credential where it was issued, then remove the Secret. If a program reads it through the API, name it
in the `resourceNames` of that program's Role: then the use can be seen.

## References

- [OWASP: secrets management cheat sheet](https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html)
- [Kubernetes: good practices for Secrets](https://kubernetes.io/docs/concepts/security/secrets-good-practices/)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from strongroom.model.facts import Facts, same_namespace
from strongroom.model.finding import Audience, Confidence, Practice, Severity
from strongroom.model.secret import SecretRecord
from strongroom.posture.accounts import reads_secrets
from strongroom.posture.check import Check, Hit
from strongroom.posture.secret_records import is_looked_after, marks_of, shown_at

_USERS = (
    "cronjobs.batch", "daemonsets.apps", "deployments.apps", "ingresses.networking.k8s.io", "jobs.batch", "pods",
    "replicasets.apps", "serviceaccounts", "statefulsets.apps",
)  # fmt: skip
_WORD = re.compile(r"[-a-z0-9.]+")
_LONGEST_TEXT = 1 << 16
_MOST_FIELDS = 1 << 18
_FEW_NAMES = 32  # up to here looking for each name is faster than taking a text apart
_NOT_SEARCHED = frozenset(
    {
        "CustomResourceDefinition", "Secret", "SealedSecret", "ExternalSecret", "ClusterExternalSecret",
        "SecretProviderClass", "Kustomization",
    }
)  # fmt: skip
_SAYS_NOTHING = frozenset({"managedFields", "ownerReferences", "labels", "matchLabels"})

# Labels and annotations that everybody puts on everything; any other domain belongs to a program that looks for it.
_COMMON_DOMAINS = (
    "app.kubernetes.io", "helm.sh", "kubectl.kubernetes.io", "meta.helm.sh", "kustomize.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io", "argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance",
    "argocd.argoproj.io/sync-", "strongroom.dev", "sealedsecrets.bitnami.com", "config.kubernetes.io",
    "internal.config.kubernetes.io", "external-secrets.io", "reconcile.external-secrets.io",
)  # fmt: skip


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each Secret without a use."""
    unused = [r for r in facts.secrets if not r.consumers and is_looked_after(r) and not _picked_by_label(r, facts)]
    if not unused:
        return
    mentioned = _mentioned({record.ref.name for record in unused}, facts)
    running = {workload.namespace for workload in facts.workloads}
    readers = {b.resource.namespace if not b.cluster else "" for b in facts.bindings if reads_secrets(b)}
    for record in unused:
        if record.ref.name not in mentioned:
            here = record.ref.namespace in running and not facts.lacks(record.ref.namespace, *_USERS)
            read = any(same_namespace(record.ref.namespace, namespace) for namespace in readers)
            yield _hit(record, surely=here and not read)


def _hit(record: SecretRecord, *, surely: bool) -> Hit:
    definition = record.definitions[0]
    return Hit(
        f"nothing in these sources uses Secret {record.ref.show()}",
        shown_at(definition),
        definition.resource,
        confidence=Confidence.MEDIUM if surely else Confidence.LOW,
        audience=Audience.EVERYBODY if surely else Audience.PEDANTIC,
        about=record.ref.show(),
    )


def _picked_by_label(record: SecretRecord, facts: Facts) -> bool:
    marks = {mark for definition in record.definitions for mark in marks_of(definition, facts)}
    return any("/" in mark and not mark.startswith(_COMMON_DOMAINS) for mark in marks)


def _mentioned(names: set[str], facts: Facts) -> set[str]:
    """Return those of the names that stand anywhere in the other objects."""
    found: set[str] = set()
    for resource in facts.resources:
        if resource.kind not in _NOT_SEARCHED:
            text = "\n".join(_texts({**resource.body, "metadata": resource.annotations}))
            if len(names) <= _FEW_NAMES and not any(name in text for name in names):
                continue
            words = set(_WORD.findall(text))
            found |= names & words
            found |= names & {word.strip("-.") for word in words if word[0] in "-." or word[-1] in "-."}
    return found


def _texts(body: dict[str, Any]) -> list[str]:
    found: list[str] = []
    waiting: list[Any] = [body]
    for _ in range(_MOST_FIELDS):
        if not waiting:
            break
        value = waiting.pop()
        if isinstance(value, str):
            if len(value) <= _LONGEST_TEXT:
                found.append(value)
        elif isinstance(value, dict):
            waiting.extend(child for key, child in value.items() if key not in _SAYS_NOTHING)
        elif isinstance(value, list):
            waiting.extend(value)
    return found


CHECK = Check(
    id="unused-secret",
    title="Secret that nothing uses",
    practice=Practice.EXPOSURE,
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    standards=("OWASP-K03", "PCI-8.6.3"),
    over=Facts,
    examine=examine,
)
