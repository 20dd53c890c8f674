"""Self-signed certificates with their key, for tests and for peers that pin them; a real CA is better.

The profile is that of RFC 5280 and of what browsers ask for: names in the subject alternative name, at most a year.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from strongroom.crypto.generators.generator import Generator, Part
from strongroom.errors import UsageError
from strongroom.model.plaintext import Plaintext

_DAYS = 365
_HOST = re.compile(r"(\*\.)?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.IGNORECASE)
_LONGEST_HOST, _LONGEST_COMMON_NAME = 253, 64


def make(argument: str) -> tuple[Part, ...]:
    """Return ``.crt`` and ``.key`` for the hosts given, separated by commas: names or addresses.

    Raises:
        UsageError: no host is given, or one is neither.
    """
    hosts = [host for host in argument.split(",") if host]
    if not hosts:
        raise UsageError("a certificate needs a host name", hint="tls:HOST[,HOST]")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(hosts, key)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (Part(".crt", Plaintext(certificate.public_bytes(Encoding.PEM))), Part(".key", Plaintext(private)))


def _signed(hosts: list[str], key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:_LONGEST_COMMON_NAME])])
    now = datetime.now(UTC).replace(microsecond=0)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass  # no address, so it must be a name
    if len(host) > _LONGEST_HOST or not _HOST.fullmatch(host):
        raise UsageError(f"{host} is neither a host name nor an address")
    return x509.DNSName(host)


GENERATOR = Generator("tls", "a self-signed certificate: KEY.crt and KEY.key, a year", "hosts", make)
