"""Where certificates are looked for."""

from __future__ import annotations

import base64
import functools
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.posture.given import facts_of

from strongroom.model.finding import Audience, Severity
from strongroom.posture.certificates import certificates
from strongroom.posture.checks import certificate_expiring


@functools.cache
def pem(name: str, year: int, *, ca: bool = False) -> str:
    """Make a certificate that ends with the first hour of a year."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(year, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def secret(values: dict[str, str], **metadata: Any) -> dict[str, Any]:
    """Make a Secret."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls", **metadata}, "data": data}


def webhook(kind: str, bundle: str) -> dict[str, Any]:
    """Make a webhook configuration, an aggregated API or a CRD with a bundle."""
    encoded = base64.b64encode(bundle.encode()).decode()
    client = {"clientConfig": {"caBundle": encoded}}
    rest: dict[str, Any] = {"webhooks": [client]}
    if kind == "APIService":
        rest = {"spec": {"caBundle": encoded}}
    elif kind == "CustomResourceDefinition":
        rest = {"spec": {"conversion": {"webhook": client}}}
    return {"apiVersion": "x.k8s.io/v1", "kind": kind, "metadata": {"name": "hook"}, **rest}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (secret({"tls.crt": pem("a", 2030)}), ("data", "tls.crt")),
        ({"apiVersion": "v1", "kind": "ConfigMap", "data": {"ca": pem("a", 2030)}}, ("data", "ca")),
        (webhook("ValidatingWebhookConfiguration", pem("a", 2030)), ("webhooks", 0, "clientConfig", "caBundle")),
        (webhook("MutatingWebhookConfiguration", pem("a", 2030)), ("webhooks", 0, "clientConfig", "caBundle")),
        (webhook("APIService", pem("a", 2030)), ("spec", "caBundle")),
        (
            webhook("CustomResourceDefinition", pem("a", 2030)),
            ("spec", "conversion", "webhook", "clientConfig", "caBundle"),
        ),
    ],
    ids=["secret", "configmap", "validating", "mutating", "apiservice", "crd"],
)
def test_places(body: dict[str, Any], field: tuple[str | int, ...]) -> None:
    """A certificate is found in every kind of object that carries one, at its field."""
    [placed] = certificates(facts_of(body))
    assert placed.origin.field == field
    assert placed.certificate.subject == "CN=a"


@pytest.mark.parametrize(
    "body",
    [
        webhook("APIService", "no certificate"),
        {**webhook("APIService", ""), "spec": {"caBundle": "%%%"}},
        {**webhook("APIService", ""), "spec": {"caBundle": ["a"]}},
        {"apiVersion": "v1", "kind": "ValidatingWebhookConfiguration", "webhooks": [None, "x"]},
        {"apiVersion": "v1", "kind": "ConfigMap", "data": ["-----BEGIN CERTIFICATE-----"]},
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"notes": "write -----BEGIN CERTIFICATE----- first"}},
    ],
    ids=range(6),
)
def test_no_certificates(body: dict[str, Any]) -> None:
    """Objects without a certificate, or of an odd shape, have none."""
    assert list(certificates(facts_of(body))) == []


@pytest.mark.parametrize(
    ("value", "metadata", "expected"),
    [
        (pem("leaf", 2025), {}, (Severity.HIGH, Audience.EVERYBODY)),
        (pem("leaf", 2025), {"annotations": {"cert-manager.io/issuer-name": "x"}}, (Severity.HIGH, Audience.EVERYBODY)),
        (pem("leaf", 2030) + pem("middle", 2025, ca=True), {}, (Severity.MEDIUM, Audience.EVERYBODY)),
        (pem("old", 2025, ca=True) + pem("new", 2040, ca=True), {}, (Severity.LOW, Audience.PEDANTIC)),
        (pem("new", 2040, ca=True) + pem("old", 2025, ca=True), {}, (Severity.LOW, Audience.PEDANTIC)),
        (pem("leaf", 2030), {}, None),
    ],
    ids=["expired", "renewal-failed", "chain", "bundle", "bundle-later", "valid"],
)
def test_ends(value: str, metadata: dict[str, Any], expected: tuple[Severity, Audience] | None) -> None:
    """A leaf's end is high, a chain's medium, and old roots of a bundle are for the pedantic."""
    facts = facts_of(secret({"tls.crt": value}, **metadata))
    found = [(hit.severity, hit.audience) for hit in certificate_expiring.examine(facts, facts)]
    assert found == ([expected] if expected else [])
