"""The certificates of the sources, wherever they stand."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import NamedTuple

from strongroom.inventory.material import certificate_of
from strongroom.model.facts import Facts
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.resource import Resource, ResourceId, as_dict, as_list, as_text, dig
from strongroom.model.secret import Certificate, Consumer, How, SecretRecord
from strongroom.posture.secret_records import marks_of

_RENEWED_BY = ("cert-manager.io/", "service.beta.openshift.io/", "auth.openshift.io/", "cert.gardener.cloud/")
_RENEWED = frozenset({How.CERTIFICATE, How.OPERATOR})
_BEGIN = "-----BEGIN CERTIFICATE-----"
_LONGEST = 1 << 20
_ROOT = "kube-root-ca.crt"


class Placed(NamedTuple):
    """A certificate in a place; ``renewed`` where a controller sees to it."""

    certificate: Certificate
    name: str
    origin: Origin
    resource: ResourceId
    renewed: bool = False
    consumers: tuple[Consumer, ...] = ()


def certificates(facts: Facts) -> Iterator[Placed]:
    """Yield the certificates of Secrets, then of ConfigMaps, then of webhooks and aggregated APIs."""
    for record in facts.secrets:
        yield from _of_record(record, facts)
    for resource in facts.of_kind("ConfigMap"):
        if resource.name == _ROOT and resource.namespace != "kube-system":
            continue  # Kubernetes puts the same one into every namespace
        for key, value in as_dict(resource.body.get("data")).items():
            if isinstance(value, str) and value[:_LONGEST].lstrip().startswith(_BEGIN):
                yield from _placed(resource, value.encode("utf-8", "replace"), ("data", key), f"key {key}")
    for resource in facts.of_kind(
        "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService", "CustomResourceDefinition"
    ):
        for field in _bundle_fields(resource):
            written = as_text(dig(resource.body, field))
            if written:
                yield from _placed(resource, _from_base64(written), field, "caBundle")


def _of_record(record: SecretRecord, facts: Facts) -> Iterator[Placed]:
    renewed: bool | None = None
    for definition in record.definitions:
        for key in definition.keys:
            if key.certificate:
                if renewed is None:
                    marks = {mark for d in record.definitions for mark in marks_of(d, facts)}
                    renewed = any(d.how in _RENEWED for d in record.definitions)
                    renewed |= any(mark.startswith(_RENEWED_BY) for mark in marks)
                name = f"key {key.name}"
                yield Placed(key.certificate, name, key.origin, definition.resource, renewed, record.consumers)


def _bundle_fields(resource: Resource) -> Iterator[FieldPath]:
    if resource.kind == "APIService":
        yield ("spec", "caBundle")
    elif resource.kind == "CustomResourceDefinition":
        yield ("spec", "conversion", "webhook", "clientConfig", "caBundle")
    else:
        for index in range(len(as_list(resource.body.get("webhooks")))):
            yield ("webhooks", index, "clientConfig", "caBundle")


def _placed(resource: Resource, value: bytes, field: FieldPath, name: str) -> Iterator[Placed]:
    certificate = certificate_of(value)
    if certificate:
        renewed = any(mark.startswith(_RENEWED_BY) for mark in (*resource.annotations, *resource.labels))
        yield Placed(certificate, name, resource.origin.at(field), resource.id, renewed)


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text[: 2 * _LONGEST].encode("ascii"), validate=False)
    except (binascii.Error, ValueError):
        return b""
