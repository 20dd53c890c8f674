"""Read an EncryptionConfiguration; its keys are secret values.

https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/#apiserver-config-k8s-io-v1-EncryptionConfiguration
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Any

from strongroom.model.controlplane import EncryptionConfiguration, EncryptionKey, EncryptionRule, Provider
from strongroom.model.finding import Confidence
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.place import Context, Nature, Sighting
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig

RULE = "encryption-key"
PROVIDERS = ("aescbc", "aesgcm", "secretbox", "kms", "identity")
_WITH_KEYS = ("aescbc", "aesgcm", "secretbox")
_KEY_BYTES = (16, 24, 32)  # k8s.io/apiserver pkg/apis/apiserver/validation/validation_encryption.go
_READABLE = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D}


def is_encryption_configuration(kind: str, api_version: str) -> bool:
    """Tell whether an object is one: ``EncryptionConfig`` of ``v1`` was its form before Kubernetes 1.13."""
    group = api_version.rpartition("/")[0]
    return (kind == "EncryptionConfiguration" and group == "apiserver.config.k8s.io") or (
        kind == "EncryptionConfig" and api_version == "v1"
    )


def sealed(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with its keys as `Plaintext`, whatever stands in their place."""
    rules = body.get("resources")
    if not isinstance(rules, list):
        return body
    return {**body, "resources": [_sealed_rule(rule) if isinstance(rule, dict) else rule for rule in rules]}


def _sealed_rule(rule: dict[str, Any]) -> dict[str, Any]:
    providers = rule.get("providers")
    if not isinstance(providers, list):
        return rule
    return {**rule, "providers": [_sealed_provider(p) if isinstance(p, dict) else p for p in providers]}


def _sealed_provider(provider: dict[str, Any]) -> dict[str, Any]:
    return {
        kind: {**settings, "keys": [_sealed_key(key) for key in settings["keys"]]}
        if isinstance(settings, dict) and isinstance(settings.get("keys"), list)
        else settings
        for kind, settings in provider.items()
    }


def _sealed_key(key: Any) -> Any:
    if isinstance(key, dict) and isinstance(key.get("secret"), str):
        return {**key, "secret": Plaintext(key["secret"])}
    return key


def encryption_of(resource: Resource) -> EncryptionConfiguration | None:
    """Return what an object says as an EncryptionConfiguration; None where it is none."""
    if not is_encryption_configuration(resource.kind, resource.api_version):
        return None
    rules = tuple(
        _rule(as_dict(rule), resource.origin, ("resources", index))
        for index, rule in enumerate(as_list(resource.body.get("resources")))
    )
    return EncryptionConfiguration(resource.id, resource.origin, rules)


def _rule(rule: dict[str, Any], origin: Origin, field: FieldPath) -> EncryptionRule:
    names = tuple(name for name in as_list(rule.get("resources")) if isinstance(name, str))
    providers = tuple(
        provider
        for index, entry in enumerate(as_list(rule.get("providers")))
        for provider in _providers(as_dict(entry), origin, (*field, "providers", index))
    )
    return EncryptionRule(names, providers, origin.at(field))


def _providers(entry: dict[str, Any], origin: Origin, field: FieldPath) -> Iterator[Provider]:
    for kind, settings in entry.items():
        if isinstance(kind, str):
            body = as_dict(settings)
            yield Provider(
                kind=kind,
                origin=origin.at((*field, kind)),
                keys=tuple(_keys(body, origin, (*field, kind, "keys"))) if kind in _WITH_KEYS else (),
                kms_version=(as_text(body.get("apiVersion")) or "v1") if kind == "kms" else "",
                name=as_text(body.get("name")) if kind == "kms" else "",
            )


def _keys(body: dict[str, Any], origin: Origin, field: FieldPath) -> Iterator[EncryptionKey]:
    for index, key in enumerate(as_list(body.get("keys"))):
        if isinstance(key, dict):
            here = (*field, index)
            secret = key.get("secret")
            usable = isinstance(secret, Plaintext) and len(_decoded(secret)) in _KEY_BYTES
            yield EncryptionKey(as_text(key.get("name")), origin.at(here), origin.at((*here, "secret")), usable)


def _decoded(secret: Plaintext) -> bytes:
    try:
        return base64.b64decode(secret.reveal().strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def key_sightings(resources: Iterable[Resource], fingerprint_key: bytes) -> Iterator[Sighting]:
    """Yield what is to be said of the keys in EncryptionConfigurations: each is a secret, whatever it looks like."""
    for resource in resources:
        configuration = encryption_of(resource)
        for key in configuration.keys if configuration else ():
            secret = dig(resource.body, key.secret_origin.field[len(resource.origin.field) :])
            if key.usable and isinstance(secret, Plaintext):
                yield Sighting(
                    context=Context.ENCRYPTION_KEY,
                    name=key.name,
                    nature=Nature.SECRET,
                    rule=RULE,
                    what="encryption key",
                    confidence=Confidence.HIGH,
                    origin=key.secret_origin,
                    fingerprint=secret.fingerprint(fingerprint_key),
                    resource=resource.id,
                    weak="readable text, not random bytes" if _READABLE.issuperset(_decoded(secret)) else "",
                )


def with_keys(sightings: Iterable[Sighting], keys: Iterable[Sighting]) -> list[Sighting]:
    """Join what is to be said of values with what is to be said of keys.

    A configuration that is written in a text of another object was looked at as text, too: a key in it is one value at
    one place, and said once.
    """
    found = list(keys)
    written = {(key.fingerprint, above) for key in found for above in _above(key.origin)}
    return [*(s for s in sightings if (s.fingerprint, _place(s.origin, s.origin.field)) not in written), *found]


def _above(origin: Origin) -> Iterator[tuple[object, ...]]:
    for length in range(1, len(origin.field)):
        yield _place(origin, origin.field[:length])


def _place(origin: Origin, field: FieldPath) -> tuple[object, ...]:
    return origin.source, origin.path, origin.document, origin.object, field
