"""Types of Secrets: what they are made of, what is refused, what is noted."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from strongroom.crypto.generators.kinds import generate
from strongroom.errors import UsageError
from strongroom.files import secret_kinds
from strongroom.files.secret_kinds.kind import Written
from strongroom.files.secret_kinds.kinds import KINDS, kind_named, kind_of
from strongroom.model.plaintext import Plaintext

VALUE = "hunter2-that-no-message-repeats"


def made(kind: str, name: str = "x", **parts: str | bytes) -> dict[str, bytes]:
    """Return the keys that a type makes of its parts."""
    given = {key.replace("_", "-"): Plaintext(value) for key, value in parts.items()}
    return {key: value.reveal() for key, value in kind_named(kind).make(given, name).data.items()}


def check(
    kind: str,
    data: Mapping[str, str | bytes],
    name: str = "x",
    namespace: str = "",
    annotations: Mapping[str, str] = MappingProxyType({}),
) -> tuple[str, ...]:
    """Return the notes of a type on a Secret."""
    values = {key: Plaintext(value) for key, value in data.items()}
    return kind_named(kind).check(Written(name, namespace, values, annotations))


def certificate(
    name: str = "a", issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None, days: int = 9
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Make a certificate, issued by another or by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
    builder = builder.issuer_name(issuer[0].subject if issuer else subject).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=20)).not_valid_after(now + timedelta(days=days))
    return builder.sign(issuer[1] if issuer else key, SHA256()), key


def pem(*certificates: x509.Certificate) -> bytes:
    """Write certificates one behind the other."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def private(key: ec.EllipticCurvePrivateKey, passphrase: bytes = b"") -> bytes:
    """Write a private key."""
    how = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def test_list_and_folder_agree() -> None:
    """Every module of the folder that declares a type is listed, under the word of its name."""
    folder = Path(secret_kinds.__file__).parent
    found = {path.stem for path in folder.glob("*.py") if "\nKIND = " in path.read_text()}
    assert found == {kind.id.replace("-", "_") for kind in KINDS}
    assert {kind_of(kind.type) for kind in KINDS} == set(KINDS)
    page = (folder.parents[3] / "docs" / "secret.md").read_text()
    assert [kind.id for kind in KINDS if f"| `{kind.id}` |" not in page] == []
    assert [part.name for kind in KINDS for part in kind.parts if f"`--{part.name}`" not in page] == []
    assert all(set(kind.needed) <= {part.name for part in kind.parts} for kind in KINDS)


def test_unknown_type_is_written_as_it_is() -> None:
    """A type that nobody knows has any keys; a word that nobody knows is refused."""
    assert kind_of("example.com/thing").type == "example.com/thing"
    assert kind_of("").type == "Opaque"
    with pytest.raises(UsageError):
        kind_named("thing")


def test_tls_pair() -> None:
    """A certificate with its key is taken without a note, alone and with the whole of its chain."""
    root = certificate("root")
    middle = certificate("middle", root)
    leaf = certificate("leaf", middle)
    parts = made("tls", cert=pem(leaf[0]), key=private(leaf[1]), ca=pem(root[0]))
    assert parts == {"tls.crt": pem(leaf[0]), "tls.key": private(leaf[1]), "ca.crt": pem(root[0])}
    assert check("tls", parts) == ()
    assert check("tls", parts | {"tls.crt": pem(leaf[0], middle[0], root[0])}) == ()


def test_tls_chain_is_judged() -> None:
    """A chain that is broken, and certificates that are past their time, are noted."""
    root = certificate("root")
    middle = certificate("middle", root, days=-3)
    leaf = certificate("leaf", middle)
    data = {"tls.crt": pem(leaf[0], root[0]), "tls.key": private(leaf[1])}
    assert check("tls", data) == ("certificate 1 of 2 was not issued by the one behind it",)
    (note,) = check("tls", data | {"tls.crt": pem(leaf[0], middle[0], root[0])})
    assert note.startswith("certificate 2 of 3 expired on ")


CURVE = b"""\
-----BEGIN CERTIFICATE-----
MIIBIzCB7qADAgECAhRTmj9u4RUO4rlzfMHKyhaaqptEyTAKBggqhkjOPQQDAjAM
MQowCAYDVQQDDAFhMCAXDTI2MTEyMTExMjUyMloYDzIxMjYxMDI4MTEyNTIyWjAM
MQowCAYDVQQDDAFhMDIwEAYHKoZIzj0CAQYFK4EEAAYDHgAEOnMLp8DAmV1z/aZo
UAtXiRSWnYjpeW8Xt3wV1KNTMFEwHQYDVR0OBBYEFEHzQtaREUNaIgOoIruBk944
D9JFMB8GA1UdIwQYMBaAFEHzQtaREUNaIgOoIruBk944D9JFMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDJAAwIQIOL6NJhB+cKtIkYH43aogCDwCrGseNSvrO
QaQ90V0COw==
-----END CERTIFICATE-----
"""
"""A certificate whose key is on a curve that only OpenSSL knows: secp112r1."""


@pytest.mark.parametrize(
    "wrong", ["other", "order", "garbage", "curve", "garbage key", "passphrase", "no key", "no certificate"]
)
def test_tls_refused(wrong: str) -> None:
    """A key of another certificate, a chain the wrong way round, and what is no PEM are refused without their text."""
    root, other = certificate("root"), certificate("other")
    leaf = certificate("leaf", root)
    data: dict[str, bytes] = {"tls.crt": pem(leaf[0], root[0]), "tls.key": private(leaf[1])}
    data |= {
        "other": {"tls.key": private(other[1])},
        "order": {"tls.crt": pem(root[0], leaf[0])},
        "garbage": {"tls.crt": VALUE.encode()},
        "curve": {"tls.crt": CURVE},
        "garbage key": {"tls.key": VALUE.encode()},
        "passphrase": {"tls.key": private(leaf[1], VALUE.encode())},
    }.get(wrong, {})
    data.pop({"no key": "tls.key", "no certificate": "tls.crt"}.get(wrong, ""), None)
    with pytest.raises(UsageError) as raised:
        check("tls", data)
    assert VALUE not in str(raised.value) + raised.value.hint


def test_basic_auth() -> None:
    """One of the two keys is needed, and an empty one is noted."""
    assert made("basic-auth", username="ann", password=VALUE) == {"username": b"ann", "password": VALUE.encode()}
    assert check("basic-auth", {"username": "ann"}) == ()
    assert check("basic-auth", {"username": "ann", "password": ""}) == ("the password is empty",)
    with pytest.raises(UsageError):
        check("basic-auth", {"user": "ann"})


def test_ssh_auth() -> None:
    """A private key that can be used is taken; one with a passphrase, and text that is none, are noted."""
    (key, _) = generate("ssh-ed25519")
    good = key.value.reveal()
    assert made("ssh-auth", ssh_privatekey=good, known_hosts="h k") == {"ssh-privatekey": good, "known_hosts": b"h k"}
    assert check("ssh-auth", {"ssh-privatekey": good}) == ()
    assert check("ssh-auth", {"ssh-privatekey": private(certificate()[1])}) == ()
    assert "passphrase" in check("ssh-auth", {"ssh-privatekey": private(certificate()[1], b"word")})[0]
    assert "no private key" in check("ssh-auth", {"ssh-privatekey": VALUE})[0]
    for data in ({}, {"ssh-privatekey": ""}):
        with pytest.raises(UsageError):
            check("ssh-auth", data)


def test_docker_registry_defaults() -> None:
    """Without a server it is Docker Hub, and an address that was not given is left out."""
    (value,) = made("docker-registry", docker_username="ann", docker_password="p<&>").values()
    found = json.loads(value)
    entry = found["auths"]["https://index.docker.io/v1/"]
    assert base64.b64decode(entry["auth"]) == b"ann:p<&>"
    assert set(entry) == {"username", "password", "auth"}
    assert check("docker-registry", {".dockerconfigjson": value}) == ()


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ('{"auths":{}}', "names no registry"),
        ('{"auths":{"r":{}}}', "no user and password for r"),
        ('{"auths":{"r":{"auth":"!"}}}', "no user and password for r"),
        ('{"auths":{"r":{"auth":"YTpi"}},"credsStore":"desktop"}', "credsStore is not used in a cluster"),
    ],
)
def test_docker_registry_notes(text: str, note: str) -> None:
    """A file that says nothing a kubelet could use is noted."""
    assert any(note in one for one in check("docker-registry", {".dockerconfigjson": text}))


@pytest.mark.parametrize("text", ["", "[]", VALUE, '"x"', "[" * 9999])
def test_docker_registry_refused(text: str) -> None:
    """What is no JSON object is refused, without its text."""
    with pytest.raises(UsageError) as raised:
        check("docker-registry", {".dockerconfigjson": text})
    assert VALUE not in str(raised.value) + raised.value.hint


def test_service_account_token() -> None:
    """The type makes an annotation and no key, and says that the token lives on."""
    kind = kind_named("service-account-token")
    result = kind.make({"service-account": Plaintext("robot")}, "x")
    assert (result.data, result.annotations) == ({}, {"kubernetes.io/service-account.name": "robot"})
    assert "never expires" in check("service-account-token", {}, annotations=result.annotations)[0]
    with pytest.raises(UsageError):
        check("service-account-token", {})


def test_bootstrap_token() -> None:
    """A new token has the id of its name, both usages and an end; it is what the check of the type asks for."""
    data = made("bootstrap-token", "bootstrap-token-abc123", token_ttl="7d", token_groups="system:bootstrappers:a")
    assert data["token-id"] == b"abc123"
    assert len(data["token-secret"]) == 16
    ends = datetime.fromisoformat(data["expiration"].decode())
    assert timedelta(days=6, hours=23) < ends - datetime.now(UTC) <= timedelta(days=7)
    assert check("bootstrap-token", data, "bootstrap-token-abc123", "kube-system") == ()
    del data["expiration"]
    assert check("bootstrap-token", data, "bootstrap-token-abc123", "kube-system") == ("the token never expires",)
    for name, namespace in (("bootstrap-token-abc124", "kube-system"), ("bootstrap-token-abc123", "default")):
        with pytest.raises(UsageError):
            check("bootstrap-token", data, name, namespace)
    with pytest.raises(UsageError):
        check(
            "bootstrap-token", data | {"auth-extra-groups": b"system:masters"}, "bootstrap-token-abc123", "kube-system"
        )
    with pytest.raises(UsageError):
        made("bootstrap-token", "bootstrap-token-abc123", token_ttl="forever")


def test_docker_registry_to_the_byte(program: Callable[[str], Path]) -> None:
    """The JSON is that of the real kubectl, whatever characters stand in a password."""
    password = "".join(
        map(chr, [*range(1, 0x30), 0x3C, 0x3D, 0x3E, 0x5C, 0x7F, 0x80, 0xE4, 0x2028, 0x2029, 0xFEFF, 0x1F600])
    )
    words = (
        "--docker-server=r",
        "--docker-username=<a>",
        f"--docker-password={password}",
        "--dry-run=client",
        "-o=json",
    )
    command = (str(program("kubectl")), "create", "secret", "docker-registry", "x", *words)
    theirs = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["data"][".dockerconfigjson"]
    (ours,) = made("docker-registry", docker_server="r", docker_username="<a>", docker_password=password).values()
    assert ours == base64.b64decode(theirs)
