"""Certificates: which one is sealed with, which are refused."""

from __future__ import annotations

import base64
import contextlib
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sealing_keys import BEGIN, pair, private_key

from strongroom.errors import KeyUseError
from strongroom.files.sealed.certificate import chosen, read

NOW = BEGIN + timedelta(days=100)


def issued(
    name: str, key: CertificateIssuerPrivateKeyTypes, issuer: str, by: CertificateIssuerPrivateKeyTypes
) -> bytes:
    """A certificate that an authority issued."""
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string(f"CN={name}"))
        .issuer_name(x509.Name.from_rfc4514_string(f"CN={issuer}"))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(BEGIN)
        .not_valid_after(BEGIN + timedelta(days=365))
        .sign(by, SHA256())
        .public_bytes(Encoding.PEM)
    )


def test_of_several_the_newest() -> None:
    """Of a bundle the certificate that is valid from the latest day on is taken, wherever it stands."""
    old, new = pair(0), pair(1, BEGIN + timedelta(days=30))
    future = pair(2, BEGIN + timedelta(days=300))
    for order in ((old, new, future), (future, new, old)):
        bundle = read(b"".join(one.certificate for one in order), "c")
        assert chosen(bundle, NOW, "c").fingerprint == new.fingerprint


def test_an_authority_is_left_out() -> None:
    """The certificate that issued another one of the bundle is not sealed for, even where it stands first."""
    leaf = issued("leaf", private_key(0), "authority", private_key(1))
    authority = issued("authority", private_key(1), "authority", private_key(1))
    bundle = read(authority + leaf, "c")

    assert [one.fingerprint for one in bundle.certificates] == [pair(0).fingerprint]
    assert bundle.issuers == 1


def test_expired() -> None:
    """An expired certificate is refused, with the day on which it ended."""
    bundle = read(pair(0, BEGIN, timedelta(days=10)).certificate, "certificate c.pem")

    with pytest.raises(KeyUseError, match=r"certificate c\.pem expired on 2026-01-11"):
        chosen(bundle, NOW, "certificate c.pem")


def test_not_valid_yet() -> None:
    """A certificate of the future is refused."""
    bundle = read(pair(0, BEGIN + timedelta(days=200)).certificate, "c")

    with pytest.raises(KeyUseError, match="not valid before 2026-07-20"):
        chosen(bundle, NOW, "c")


def test_expires_soon() -> None:
    """What ends within 30 days is said to end soon."""
    (one,) = read(pair(0, BEGIN, timedelta(days=120)).certificate, "c").certificates

    assert one.expires_soon(NOW)
    assert not one.expires_soon(BEGIN)


@pytest.mark.parametrize("data", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"])
def test_no_certificate(data: bytes) -> None:
    """What holds no certificate is refused."""
    with pytest.raises(KeyUseError, match="holds no certificate"):
        read(data, "c")


def test_other_keys() -> None:
    """A certificate for a key that Sealed Secrets does not know, or for a weak one, is refused."""
    curve = ec.generate_private_key(ec.SECP256R1())
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505

    with pytest.raises(KeyUseError, match="not for an RSA key"):
        read(issued("a", curve, "a", curve), "c")
    with pytest.raises(KeyUseError, match="1024 bits"):
        read(issued("a", weak, "a", weak), "c")


def test_a_key_of_an_unknown_kind() -> None:
    """A certificate whose key nobody knows is refused, and stops nothing."""
    rsa_encryption, unknown = bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a864886f70d010163")
    der = x509.load_pem_x509_certificate(pair(0).certificate).public_bytes(Encoding.DER)
    text = base64.encodebytes(der.replace(rsa_encryption, unknown)).decode()

    with pytest.raises(KeyUseError, match="c holds a certificate that cannot be read"):
        read(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n".encode(), "c")


@given(st.data())
def test_changed_certificates(data: st.DataObject) -> None:
    """A certificate with changed bytes is read or refused."""
    der = bytearray(x509.load_pem_x509_certificate(pair(0).certificate).public_bytes(Encoding.DER))
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    text = base64.encodebytes(bytes(der)).decode()
    with contextlib.suppress(KeyUseError):
        assert read(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n".encode(), "c").certificates
