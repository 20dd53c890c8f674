"""Client certificates in the hands of an attacker."""

from __future__ import annotations

import base64
import ssl
import uuid
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.access.demonstrations.stage import Stage
from tests.support.controlplane.access import Client
from tests.support.controlplane.pki import private_pem

REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


def node_request(node: str) -> tuple[bytes, dict[str, object]]:
    """Return a key, and the spec of a request for a kubelet's certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"system:node:{node}"),
        ]
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return private_pem(key), {
        "signerName": "kubernetes.io/kube-apiserver-client-kubelet",
        "usages": ["digital signature", "client auth"],
        "request": base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode(),
    }


def holding(stage: Stage, key: bytes, certificate: bytes) -> Client:
    """Return a client that authenticates by a certificate and its key."""
    folder = Path(stage.cluster.directory) / uuid.uuid4().hex
    folder.mkdir(mode=0o700, parents=True)
    (folder / "tls.crt").write_bytes(certificate)
    (folder / "tls.key").write_bytes(key)
    tls = ssl.create_default_context(cadata=stage.cluster.authority.credential.certificate.decode())
    tls.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return Client(stage.cluster.url, tls)
