"""A workload refers to a Secret, or to a key of one, that nothing defines.

## What it finds

References that are not optional to Secrets that the sources define in no way: no Secret, SealedSecret,
ExternalSecret, SecretProviderClass, Certificate, generator or operator's object. And references to a key that is
not in the Secret, where every definition says which keys there are.

How sure it is depends on the sources. Where they define other Secrets of the namespace (where manifests name none:
of the folder), a missing one is probably a mistake. Where they define none, Secrets are evidently made elsewhere:
such findings are for `--pedantic`.

## Not a finding

Optional references. For `--pedantic` only: names under which operators and controllers make Secrets by themselves
(serving certificates of webhooks, service account tokens, Helm releases) or that stand in the arguments of a
container (`--secret-name=...`: it makes the Secret), namespaces with a RoleBinding that lets a program create
Secrets, credentials of stores and references of custom resources, which may name what an operator is to make.

## Why it is bad

The pods do not start (`CreateContainerConfigError`), or wait for a volume that never comes. A name that is misspelt
or was left behind is also an opening: whoever may create a Secret of that name decides what the workload gets.

## Instead

Correct the name or the key, add the definition to the repository (encrypted, or as an ExternalSecret), or mark the
reference `optional: true` where the workload can do without.

## References

- [Kubernetes: using Secrets](https://kubernetes.io/docs/concepts/configuration/secret/#using-a-secret)
- [Kubernetes: optional Secrets](https://kubernetes.io/docs/concepts/configuration/secret/#restriction-secret-must-exist)
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Practice, Related, Severity
from strongroom.model.resource import as_text
from strongroom.model.secret import Consumer, How, SecretRecord, Way
from strongroom.posture.accounts import creates_secrets
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import SYSTEM_NAMESPACES
from strongroom.posture.pods import named

_STOPS_THE_POD = frozenset({Way.ENV, Way.ENV_FROM, Way.VOLUME, Way.PROJECTED, Way.CSI})
_MAY_BE_MADE = frozenset({Way.STORE, Way.CUSTOM, Way.WEBHOOK, Way.SERVICE_ACCOUNT, Way.PERSISTENT_VOLUME})
_SAYS_ITS_KEYS = frozenset({How.SECRET, How.SOPS, How.SEALED_SECRET, How.EXTERNAL_SECRET, How.SECRET_GENERATOR})
_MOST_RELATED = 20

_MADE_BY_CONTROLLERS = re.compile(
    r".*-token-[a-z0-9]{5}|.*-dockercfg-[a-z0-9]{5}|sh\.helm\.release\..*"
    r"|.*webhook.*(cert|certs|tls|ca)|.*-(serving|server|client)-(cert|certs|tls)|.*-admission"
    r"|memberlist|cacerts|istio-ca-secret|istio\..*|.*\.credentials\..*|.*-initial-admin-secret"
)
_SERVING_CERTIFICATE = (
    "service.beta.openshift.io/serving-cert-secret-name",
    "service.alpha.openshift.io/serving-cert-secret-name",
)
_TEMPLATED = re.compile(r"[${}<>%*]")


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each Secret that is missing, and for each key that is."""
    defined = {_whereabouts(r.ref.namespace, d.origin.path) for r in facts.secrets for d in r.definitions}
    made = _made_here(facts)
    makers = {
        _whereabouts(binding.resource.namespace, binding.resource.origin.path)
        for binding in facts.bindings
        if not binding.cluster and creates_secrets(binding)
    }
    for record in facts.secrets:
        if record.ref.namespace in SYSTEM_NAMESPACES or _TEMPLATED.search(record.ref.name):
            continue
        if not record.definitions and facts.lacks(record.ref.namespace, "secrets"):
            continue
        needed = [c for c in record.consumers if not c.optional and c.way is not Way.INJECTED]
        if record.definitions:
            yield from _missing_keys(record, needed)
        elif needed and not record.stored:
            places = {_whereabouts(record.ref.namespace, consumer.origin.path) for consumer in needed}
            expected = record.ref.name in made or bool(places & makers)
            yield _missing(record, needed, complete=bool(places & defined), expected=expected)


def _missing(record: SecretRecord, needed: list[Consumer], *, complete: bool, expected: bool) -> Hit:
    # The reference that hurts most is the one to show.
    needed = sorted(needed, key=lambda consumer: consumer.way not in _STOPS_THE_POD)
    first = needed[0]
    severity, confidence, audience = Severity.MEDIUM, Confidence.MEDIUM, Audience.EVERYBODY
    if first.way not in _STOPS_THE_POD:
        severity = Severity.LOW
    expected = expected or first.way in _MAY_BE_MADE
    if expected or not complete or _MADE_BY_CONTROLLERS.fullmatch(record.ref.name):
        severity, confidence, audience = Severity.LOW, Confidence.LOW, Audience.PEDANTIC
    what = "SecretProviderClass" if first.way is Way.CSI else "Secret"
    return Hit(
        f"{_user(first)} needs {what} {record.ref.show()}, which nothing in these sources defines",
        first.origin,
        first.resource,
        severity=severity,
        confidence=confidence,
        audience=audience,
        related=tuple(
            Related(c.origin, f"{c.resource.show()} needs it too", c.resource)
            for c in needed[1 : _MOST_RELATED + 1]
            if c.origin != first.origin
        ),
        about=record.ref.name,
    )


def _missing_keys(record: SecretRecord, needed: list[Consumer]) -> Iterator[Hit]:
    keys = {key.name for definition in record.definitions for key in definition.keys}
    # A Secret without keys is made to be filled by somebody else.
    if not all(d.keys_known and d.keys and d.how in _SAYS_ITS_KEYS for d in record.definitions):
        return
    for consumer in needed:
        if consumer.way in _STOPS_THE_POD and consumer.key and consumer.key not in keys:
            has = named(sorted(keys))
            yield Hit(
                f"{_user(consumer)} needs key {consumer.key} of Secret {record.ref.show()}, which has only {has}",
                consumer.origin,
                consumer.resource,
                about=f"{record.ref.name}/{consumer.key}",
            )


def _whereabouts(namespace: str, path: str) -> str:
    """Return what must hold another Secret before a missing one is a surprise: the namespace, else the folder."""
    return namespace or posixpath.dirname(path) + "/"


def _user(consumer: Consumer) -> str:
    return f"container {consumer.container}" if consumer.container else consumer.resource.show()


def _made_here(facts: Facts) -> set[str]:
    """Return the names that containers are told and that Services ask for: something here makes such a Secret."""
    names = {
        word.rpartition("=")[2]
        for workload in facts.workloads
        for container in workload.containers
        for _, word in container.words
    }
    for service in facts.of_kind("Service"):
        names.update(as_text(service.annotations.get(key)) for key in _SERVING_CERTIFICATE)
    return names


CHECK = Check(
    id="dangling-secret-reference",
    title="Reference to a Secret or key that nothing defines",
    practice=Practice.EXPOSURE,
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    standards=("OWASP-K03",),
    over=Facts,
    examine=examine,
)
