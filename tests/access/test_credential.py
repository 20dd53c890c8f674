"""Whose a leaked credential is."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from strongroom.access.credential import bearer_of_certificate, bearer_of_token
from strongroom.errors import KubeconfigError, SourceError
from strongroom.model.access import Node
from strongroom.survey.credential import bearer_of


def _certificate(name: str, *groups: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    parts += [x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else []
    subject = x509.Name(parts)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _token(**claims: object) -> bytes:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")
    return b"eyJhbGciOiJSUzI1NiJ9." + body + b".c2ln\n"


def _kubeconfig(path: Path, user: dict[str, object]) -> Path:
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "c",
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
                "clusters": [{"name": "k", "cluster": {"server": "https://k:6443"}}],
                "users": [{"name": "u", "user": user}],
            }
        )
    )
    return path


def test_a_client_certificate_names_user_and_groups() -> None:
    """The common name is the user, the organisations are his groups; a kubelet's is that node."""
    ann = bearer_of_certificate(_certificate("ann", "devs", "ops"))
    kubelet = bearer_of_certificate(b"key first\n" + _certificate("system:node:n1", "system:nodes"))

    assert ann is not None
    assert kubelet is not None
    assert (ann.node, ann.groups) == (Node("User", "", "ann"), ("devs", "ops"))
    assert kubelet.node == Node("Node", "", "n1")


def test_tokens_name_their_subject() -> None:
    """A token of a ServiceAccount is that account, one of OpenID Connect its subject with its groups."""
    account = bearer_of_token(_token(sub="system:serviceaccount:shop:api"))
    person = bearer_of_token(_token(sub="ann", groups=["devs", 7]))
    bootstrap = bearer_of_token(b"abcdef.0123456789abcdef")

    assert account is not None
    assert person is not None
    assert bootstrap is not None
    assert account.node == Node("ServiceAccount", "shop", "api")
    assert (person.node, person.groups) == (Node("User", "", "ann"), ("devs",))
    assert bootstrap.groups == ("system:bootstrappers",)


@pytest.mark.parametrize("token", [b"", b"opaque", b"a.b.c", b"a.e30.c", b"x.W10.y", b"\xff.\xff.\xff"])
def test_what_says_nothing_is_nobodys(token: bytes) -> None:
    """An opaque token, or claims without a subject, name nobody."""
    assert bearer_of_token(token) is None
    assert bearer_of_certificate(token) is None
    assert bearer_of_certificate(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----") is None
    assert bearer_of_certificate(_certificate("", "devs")) is None


def test_a_kubeconfig_names_the_user_of_its_context(tmp_path: Path) -> None:
    """Certificates and tokens are found in the file, or in the file that it names, beside it."""
    inline = base64.b64encode(_certificate("ann", "devs")).decode()
    (tmp_path / "u.crt").write_bytes(_certificate("bob"))
    (tmp_path / "u.token").write_bytes(_token(sub="eve"))
    users: list[dict[str, object]] = [
        {"client-certificate-data": inline},
        {"client-certificate": "u.crt"},
        {"token": _token(sub="system:serviceaccount:a:b").decode().strip()},
        {"tokenFile": "u.token"},
    ]
    found = [bearer_of(_kubeconfig(tmp_path / "config", user)).node.show() for user in users]

    assert found == ["user/ann", "user/bob", "serviceaccount/a/b", "user/eve"]


def test_a_kubeconfig_without_a_credential_is_an_error(tmp_path: Path) -> None:
    """One that asks a program, or holds an opaque token, does not say whose it is."""
    with pytest.raises(KubeconfigError, match="holds no credential"):
        bearer_of(_kubeconfig(tmp_path / "a", {"exec": {"apiVersion": "v1", "command": "x"}}))
    with pytest.raises(SourceError, match="does not say whose"):
        bearer_of(_kubeconfig(tmp_path / "b", {"token": "opaque"}))
    with pytest.raises(SourceError, match="cannot be read"):
        bearer_of(tmp_path / "none")


def test_a_credential_does_not_show_itself(tmp_path: Path) -> None:
    """What is kept of a file is who, and nothing of the credential."""
    token = _token(sub="ann", secret="not-shown")
    (tmp_path / "t").write_bytes(token)

    assert "not-shown" not in repr(bearer_of(tmp_path / "t"))
