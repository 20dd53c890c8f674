"""Facts of certificates and tokens."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from strongroom.inventory.material import certificate_of, token_of

Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | dsa.DSAPrivateKey | ed25519.Ed25519PrivateKey

FROM = datetime(2024, 1, 1, tzinfo=UTC)
UNTIL = datetime(2025, 1, 1, tzinfo=UTC)


@functools.cache
def ec_key(curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    """Make one key of a curve for all tests."""
    return ec.generate_private_key(curve())


def named(text: str) -> x509.Name:
    """Make a name of one part, or an empty one."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def pem(
    subject: str = "api.shop.example",
    *,
    issuer: str = "",
    until: datetime = UNTIL,
    key: Key | None = None,
    ca: bool = False,
    dns: str = "",
) -> bytes:
    """Make a certificate, signed with its own key whoever its issuer is said to be."""
    signer = key or ec_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer or subject))
        .public_key(signer.public_key())
        .serial_number(7)
        .not_valid_before(FROM)
        .not_valid_after(until)
    )
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    if dns:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(dns)]), critical=False)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, algorithm).public_bytes(serialization.Encoding.PEM)


def jwt(header: object, claims: object) -> bytes:
    """Make a token of a header and claims."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    return b".".join([*parts, b"c2lnbmF0dXJl"])


def test_certificate_facts() -> None:
    """A certificate gives its name, its validity in UTC and what it is made of."""
    found = certificate_of(pem(issuer="shop root"))
    assert found is not None
    assert found.subject == "CN=api.shop.example"
    assert (found.not_before, found.not_after) == ("2024-01-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00")
    assert found.earliest == found.not_after
    assert (found.key_type, found.key_bits, found.signature_hash) == ("EC", 256, "sha256")
    assert (found.is_ca, found.self_signed, found.count) == (False, False, 1)


def test_authority_that_signed_itself() -> None:
    """A root says that it may sign others and that it signed itself."""
    found = certificate_of(pem("shop root", ca=True))
    assert found is not None
    assert found.is_ca
    assert found.self_signed


@pytest.mark.parametrize(
    ("make", "kind", "bits"),
    [
        (lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024), "RSA", 1024),  # noqa: S505
        (lambda: dsa.generate_private_key(1024), "DSA", 1024),  # noqa: S505
        (lambda: ec_key(ec.SECP384R1), "EC", 384),
        (ed25519.Ed25519PrivateKey.generate, "Ed25519", 0),
    ],
)
def test_kinds_of_keys(make: Callable[[], Key], kind: str, bits: int) -> None:
    """Every kind of key is named, with its size where the kind has several."""
    found = certificate_of(pem(key=make()))
    assert found is not None
    assert (found.key_type, found.key_bits) == (kind, bits)


def test_bundle_speaks_of_the_first_and_of_the_earliest() -> None:
    """A chain is described by its first certificate; the earliest end is the one of any of them."""
    soon = datetime(2024, 3, 1, tzinfo=UTC)
    found = certificate_of(pem("leaf") + b"# comment\n" + pem("middle", until=soon, ca=True) + pem("root", ca=True))
    assert found is not None
    assert found.subject == "CN=leaf"
    assert found.count == 3
    assert found.not_after.startswith("2025-01-01")
    assert found.earliest.startswith("2024-03-01")


def test_broken_certificate_in_a_bundle_is_passed_over() -> None:
    """A block that cannot be parsed does not hide the ones that can."""
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    found = certificate_of(broken + pem())
    assert found is not None
    assert found.count == 1


def test_line_ends_written_as_backslash_n() -> None:
    """A certificate on one line, as environment files hold it, is read."""
    assert certificate_of(pem().replace(b"\n", b"\\n")) == certificate_of(pem())


def test_kubeconfig_speaks_of_the_client() -> None:
    """Of the certificates in a kubeconfig the client's is the first, though the authority's stands before it."""
    authority, client = (base64.b64encode(pem(name)) for name in ("authority", "client"))
    found = certificate_of(
        b"clusters:\n- cluster:\n    certificate-authority-data: "
        + authority
        + b"\nusers:\n- user:\n    client-certificate-data: "
        + client
    )
    assert found is not None
    assert found.subject == "CN=client"
    assert found.count == 2


def test_empty_subject_is_named_by_its_first_dns_name() -> None:
    """A certificate without a subject, as public authorities issue them, is named by its DNS name."""
    found = certificate_of(pem("", issuer="shop root", dns="www.shop.example"))
    assert found is not None
    assert found.subject == "www.shop.example"


def test_subject_cannot_steer_a_terminal() -> None:
    """Control characters of a name are replaced and a long name is cut."""
    found = certificate_of(pem("\x1b[2Jcleared"))
    assert found is not None
    assert found.subject.isprintable()
    assert "cleared" in found.subject
    long = certificate_of(pem("x" * 64, dns="y" * 60))
    assert long is not None
    assert len(long.subject) <= 80


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"swordfish",
        b"-----BEGIN CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----",
        b"-----END CERTIFICATE----------BEGIN CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----" * 30_000,
        base64.b64encode(b"-----BEGIN CERTIFICATE-----\n") + b"!",
        b"\xff\xfe-----BEGIN CERTIFICATE-----\xff-----END CERTIFICATE-----",
    ],
    ids=range(9),
)
def test_no_certificate(value: bytes) -> None:
    """Values without a readable certificate give nothing and raise nothing."""
    assert certificate_of(value) is None


@given(st.binary(max_size=400))
def test_mutilated_certificates_raise_nothing(tail: bytes) -> None:
    """Whatever stands between the markers, in text or in base64, nothing is raised."""
    block = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(tail) + b"\n-----END CERTIFICATE-----"
    assert certificate_of(block) is None
    certificate_of(base64.b64encode(block)[:-3] + tail)


@given(position=st.integers(0, 2000), byte=st.integers(0, 255))
def test_certificates_with_a_changed_byte_raise_nothing(position: int, byte: int) -> None:
    """A certificate with any byte of its DER changed is read or not, and nothing is raised."""
    der = bytearray(base64.b64decode(b"".join(pem(ca=True, dns="a.example").splitlines()[1:-1])))
    der[position % len(der)] = byte
    certificate_of(b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(der) + b"\n-----END CERTIFICATE-----")


def test_token_expiry() -> None:
    """A token gives its expiry in UTC."""
    found = token_of(jwt({"alg": "RS256"}, {"exp": 1_700_000_000, "sub": "worker"}))
    assert found is not None
    assert found.expires == "2023-11-14T22:13:20+00:00"


def test_token_without_expiry() -> None:
    """A token that never expires says so with an empty expiry."""
    found = token_of(jwt({"alg": "RS256"}, {"sub": "worker"}))
    assert found is not None
    assert not found.expires


def test_earliest_token_of_a_text() -> None:
    """Of several tokens in a text, such as a kubeconfig, the earliest expiry counts."""
    later, sooner = (jwt({"alg": "ES256"}, {"exp": at}) for at in (1_800_000_000, 1_700_000_000))
    found = token_of(b"users:\n- user: {token: " + later + b"}\n- user:\n    token: '" + sooner + b"'\n")
    assert found is not None
    assert found.expires.startswith("2023-11-14")


@pytest.mark.parametrize("name", [b"refresh-token", b"refresh_token", b"refreshToken"])
def test_token_that_is_refreshed(name: bytes) -> None:
    """A token beside a refresh token renews itself: its expiry means nothing."""
    assert token_of(b"id-token: " + jwt({"alg": "RS256"}, {"exp": 1}) + b"\n" + name + b": abc") is None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"eyJ",
        b"eyJhbGciOiJub25lIn0",
        b"eyJhbGciOiJub25lIn0.bm90LWpzb24.x",
        jwt({"typ": "JWT"}, {"exp": 1}),
        jwt(["alg"], {"exp": 1}),
        b"eyJ" * 300_000,
        b"eyJa." * 200_000,
        b"eyJhbGciOiJub25lIn0.eyJ" + b"W" * 20_000 + b".x",
    ],
    ids=range(9),
)
def test_no_token(value: bytes) -> None:
    """Values without a token give nothing, in time that grows with their length only."""
    assert token_of(value) is None


@pytest.mark.parametrize("end", [True, "tomorrow", -1, 10**30, 1e400, float("nan"), None, [], {"a": 1}])
def test_odd_expiry(end: object) -> None:
    """An expiry that is no time of the calendar counts as none."""
    found = token_of(jwt({"alg": "none"}, {"sub": "worker", "exp": end}))
    assert found is not None
    assert not found.expires


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_mutilated_tokens_raise_nothing(header: bytes, claims: bytes) -> None:
    """Whatever the parts of a token decode to, nothing is raised."""
    parts = [base64.urlsafe_b64encode(b'{"' + part).rstrip(b"=") for part in (header, claims)]
    token_of(b".".join([*parts, b""]))


def test_deeply_nested_claims() -> None:
    """Claims nested beyond the parser's depth are no token."""
    claims = base64.urlsafe_b64encode(b'{"a":' + b"[" * 12_000)
    assert token_of(b"eyJhbGciOiJub25lIn0." + claims.rstrip(b"=") + b".x") is None
