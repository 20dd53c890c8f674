"""Sealing keys and certificates for tests, as the controller makes them; each is made once per process."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256

from strongroom.crypto.hybrid import fingerprint

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DECADE = timedelta(days=3650)


class Pair(NamedTuple):
    """A private key, its certificate, and both as PEM."""

    key: rsa.RSAPrivateKey
    private: bytes
    certificate: bytes
    since: datetime

    @property
    def fingerprint(self) -> str:
        """What names it."""
        return fingerprint(self.key.public_key())

    def secret(self, name: str) -> dict[str, object]:
        """The Secret that a controller keeps it in."""
        data = {"tls.key": self.private, "tls.crt": self.certificate}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": "kube-system"},
            "type": "kubernetes.io/tls",
            "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
        }

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write ``NAME.key`` and ``NAME.crt``; return both."""
        key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
        key.write_bytes(self.private)
        certificate.write_bytes(self.certificate)
        return key, certificate


@cache
def private_key(number: int) -> rsa.RSAPrivateKey:
    """The key of this number."""
    del number
    return rsa.generate_private_key(65537, 2048)


@cache
def pair(number: int = 0, since: datetime = BEGIN, valid: timedelta = DECADE) -> Pair:
    """The key of this number, with a certificate that is valid from a day on; without names, as the controller's."""
    key = private_key(number)
    name = x509.Name([])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + valid)
        .sign(key, SHA256())
    )
    return Pair(key, pem(key), certificate.public_bytes(serialization.Encoding.PEM), since)


def pem(key: rsa.RSAPrivateKey) -> bytes:
    """A private key as PEM, without a passphrase."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def backup(*pairs: Pair) -> bytes:
    """A List of Secrets, as ``kubectl get secret -o json`` prints the keys of a controller."""
    items = [one.secret(f"sealed-secrets-key{number}") for number, one in enumerate(pairs)]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode()
